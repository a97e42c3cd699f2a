"""Networks of large areas, built once: what `planning.network.build` makes of the same roads and barriers is fetched.

An entry (`planning.store`) is named by a hash of every column that a network is built from, of the barriers, of what
was asked and of the code. It holds arrays as an Arrow file, never a pickle.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyarrow import feather

from planning import store
from planning.network import Network, _gap_frame, _no_gaps, build
from planning.network._effort import Going

READ: Final = (
    "road_id", "walkable", "highway", "road_class", "level", "node_ids", "is_crossing", "extra_s", "climb_m",
)  # fmt: skip
"""The columns of roads that a network is built from, beside the lines: no other is handed on."""
LEAST_VERTICES: Final = 200_000
"""Smaller networks are built as fast as they are fetched."""
ROWS_FILE: Final = "network.arrow"
_LIBRARIES: Final = ("geopandas", "numpy", "pandas", "pyarrow", "scipy", "shapely")
_APART: Final = frozenset({"crs", "lines", "road_id", "barriers", "healed", "going", "effort"})
_HEALED: Final = ("road_id", "other_road_id", "gap_m")


def built(
    roads: gpd.GeoDataFrame,
    *,
    barriers: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    noding: Literal["planar"] | None = None,
    heal_gaps_m: float | None = None,
) -> Network:
    """Return what `planning.network.build` returns, fetched where it was built before.

    Raises
    ------
    InputRefused
        As `planning.network.build`.
    """
    asked: dict[str, Any] = {"barriers": barriers, "noding": noding, "heal_gaps_m": heal_gaps_m}
    read = roads[[*(name for name in READ if name in roads), roads.geometry.name]]
    entry = _entry(read, asked)
    if entry is None:
        return build(read, **asked)
    found = _fetch(entry, roads, is_healed=heal_gaps_m is not None) if store.holds(entry) else None
    if found is None:
        found = build(read, **asked)
        _keep(found, entry)
    return found


def _entry(roads: gpd.GeoDataFrame, asked: dict[str, Any]) -> Path | None:
    """Return where the network is kept; None where it is not: small, no cache, or roads that are to be refused."""
    shapes, barriers = roads.geometry.to_numpy(), asked["barriers"]
    if store.folder() is None or shapely.get_num_coordinates(shapes).sum() < LEAST_VERTICES or roads.crs is None:
        return None
    try:
        content = _hash({name: roads[name] for name in roads.columns.drop(roads.geometry.name)}, shapes, roads.index)
        walls = None if barriers is None else [_hash({}, barriers.geometry.to_numpy()), _wkt(barriers.crs)]
    except (pa.ArrowException, TypeError, ValueError):  # cells of many kinds: the builder says what is wrong with them
        return None
    told = {name: value for name, value in asked.items() if name != "barriers"}
    return store.place({"roads": content, "crs": _wkt(roads.crs), "barriers": walls, "code": _code(), **told})


def _hash(columns: dict[str, pd.Series], shapes: NDArray[np.object_], index: pd.Index | None = None) -> str:
    """Return the SHA-256 of columns, shapes and labels, types included."""
    arrays = {f"column {name}": _arrow(column) for name, column in columns.items()}
    arrays["shapes"] = pa.array(shapely.to_wkb(shapes, include_srid=False), type=pa.large_binary())
    if index is not None:
        arrays["index"] = pa.array(index)
    digest = hashlib.sha256(repr([(name, str(columns[name].dtype)) for name in columns]).encode())
    with pa.ipc.new_stream(pa.PythonFile(_Sink(digest), mode="w"), pa.table(arrays).schema) as stream:
        stream.write_table(pa.table(arrays))
    return digest.hexdigest()


class _Sink:
    """A file that is only hashed."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Hold nothing back."""

    def close(self) -> None:
        self.closed = True


def _arrow(column: pd.Series) -> pa.Array:
    """Return a column as Arrow holds it, however pandas does; kinds that cannot be told apart are refused."""
    return pa.array(column.to_list(), from_pandas=True)


def _wkt(crs: Any) -> str | None:
    return None if crs is None else str(crs.to_wkt())


@cache
def _code() -> str:
    """Return a hash of the modules that build networks and of the libraries they do it with."""
    return store.code_hash(Path(__file__).parent.glob("*.py"), _LIBRARIES)


def _keep(network: Network, entry: Path) -> None:
    """Keep a network, if its road ids are words and the disk allows."""
    codes, names = pd.factorize(network.road_id)
    if (codes < 0).any() or not all(isinstance(name, str) for name in names):
        return
    xy, line = shapely.get_coordinates(network.lines, return_index=True)
    arrays = {name: getattr(network, name) for name in _plain()}
    arrays |= {f"going {one.name}": getattr(network.going, one.name) for one in fields(Going)}
    arrays |= {f"healed {name}": network.healed[name].to_numpy() for name in _HEALED}
    arrays["healed at"] = shapely.get_coordinates(network.healed.geometry)
    arrays |= {"xy": xy, "line": line, "road": codes, "names": names, "walls": shapely.to_wkb(network.barriers)}
    cells = {name: _cell(array) for name, array in arrays.items() if array is not None}
    with suppress(OSError), tempfile.TemporaryDirectory() as folder:
        feather.write_feather(pa.table(cells), Path(folder) / ROWS_FILE, compression="uncompressed")
        store.keep(Path(folder), entry, (ROWS_FILE,))


def _fetch(entry: Path, roads: gpd.GeoDataFrame, *, is_healed: bool) -> Network | None:
    """Return a network that was kept; None where it cannot be read."""
    try:
        table = feather.read_table(entry / ROWS_FILE, memory_map=False)
        arrays = {name: _array(table.column(name)) for name in table.column_names}
    except (OSError, pa.ArrowException):
        return None
    healed = [arrays[f"healed {name}"] for name in _HEALED]
    going: dict[str, Any] = {one.name: arrays.get(f"going {one.name}") for one in fields(Going)}
    plain: dict[str, Any] = {name: arrays[name] for name in _plain()}
    plain["node_xy"] = plain["node_xy"].reshape(-1, 2)
    return Network(
        crs=roads.crs,
        lines=np.asarray(shapely.linestrings(arrays["xy"].reshape(-1, 2), indices=arrays["line"]), dtype=object),
        road_id=arrays["names"][arrays["road"]],
        barriers=shapely.from_wkb(arrays["walls"]),
        healed=_gap_frame(roads.crs, healed, arrays["healed at"].reshape(-1, 2)) if is_healed else _no_gaps(roads.crs),
        going=Going(**going),
        **plain,
    )


def _plain() -> list[str]:
    """Return the fields of a network that are arrays of numbers."""
    return [one.name for one in fields(Network) if one.name not in _APART]


def _cell(array: NDArray[Any]) -> pa.Array:
    """Return an array as the one cell of a column."""
    return pa.LargeListArray.from_arrays([0, array.size], pa.array(array.ravel()))


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return an array that stood in one cell, as one that may be written to: compiled code knows no other."""
    values = column.combine_chunks().flatten()
    found = values.to_numpy(zero_copy_only=False)
    return np.array(found, dtype=object if pa.types.is_null(values.type) else None)
