"""A raw table on its way between processes: an Arrow file for rows, JSON for the rest; never a pickle.

What comes out is what went in, cell for cell and type for type.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyarrow import feather
from pyproj import CRS

from planning.errors import Fault
from planning.sources.raw import Raw

ROWS_FILE: Final = "rows.arrow"
ANSWER_FILE: Final = "table.json"
MAX_ANSWER_BYTES: Final = 256 << 20
_PLAIN: Final = ("headers", "read", "layer", "encoding")

_SIMPLE: Final = {str: pa.large_string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_WRITTEN: Final[Mapping[type, tuple[str, Callable[[Any], str]]]] = {
    str: ("s", str),
    int: ("i", str),
    float: ("f", float.hex),
    bool: ("b", lambda cell: "1" if cell else ""),
    dt.datetime: ("t", dt.datetime.isoformat),
    dt.date: ("d", dt.date.isoformat),
    dt.time: ("c", dt.time.isoformat),
    dt.timedelta: ("e", lambda cell: f"{cell.days} {cell.seconds} {cell.microseconds}"),
    Decimal: ("m", str),
    bytes: ("x", bytes.hex),
    pd.Timestamp: ("p", lambda cell: f"{cell.unit:2} {cell.isoformat()}"),
    type(pd.NA): ("a", lambda _: ""),
    type(pd.NaT): ("n", lambda _: ""),
}
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "s": str,
    "i": int,
    "f": float.fromhex,
    "b": bool,
    "t": dt.datetime.fromisoformat,
    "d": dt.date.fromisoformat,
    "c": dt.time.fromisoformat,
    "e": lambda text: dt.timedelta(*map(int, text.split())),
    "m": Decimal,
    "x": bytes.fromhex,
    "p": lambda text: pd.Timestamp(text[3:]).as_unit(cast("Literal['s', 'ms', 'us', 'ns']", text[:2].strip())),
    "a": lambda _: pd.NA,
    "n": lambda _: pd.NaT,
}


def pack(raw: Raw, folder: Path) -> dict[str, Any]:
    """Write the rows of ``raw`` into ``folder`` and return the rest as what JSON can hold."""
    columns: dict[str, Any] = {"rows": pa.array(raw.rows)}
    kinds = []
    for at, name in enumerate(raw.frame.columns):
        kind, columns[f"column {at}"] = _packed(raw.frame[name])
        kinds.append([str(name), str(raw.frame[name].dtype), kind])
    if raw.geometry is not None:
        columns["geometry"] = pa.array(shapely.to_wkb(raw.geometry), type=pa.large_binary())
    if raw.node_ids is not None:
        columns["node_ids"] = pa.array(raw.node_ids.tolist(), type=pa.large_list(pa.string()))
    for group in ("dropped", "flagged"):
        columns |= {f"{group} {code}": pa.array(mask) for code, mask in getattr(raw, group).items()}
    feather.write_feather(pa.table(columns), folder / ROWS_FILE, compression="uncompressed")
    return {
        **{name: getattr(raw, name) for name in _PLAIN},
        "columns": kinds,
        "crs": None if raw.crs is None else raw.crs.srs,
        "faults": faults_as_json(raw.faults),
        "uncalculated": [list(place) for place in raw.uncalculated],
    }


def unpack(said: Mapping[str, Any], folder: Path) -> Raw:
    """Return what `pack` was given.

    Raises
    ------
    ValueError
        If the two parts do not fit each other; also as ``pyarrow.ArrowException``, ``KeyError`` or ``TypeError``.
    """
    table = feather.read_table(folder / ROWS_FILE, memory_map=False)
    table.validate(full=True)
    rows = table.column("rows").to_numpy().astype(np.int64)
    series = {
        name: pd.Series(_unpacked(table.column(f"column {at}"), kind), dtype=dtype)
        for at, (name, dtype, kind) in enumerate(said["columns"])
    }
    masks: dict[str, dict[str, NDArray[np.bool_]]] = {"dropped": {}, "flagged": {}}
    for name in table.column_names:
        group, _, code = name.partition(" ")
        if group in masks:
            masks[group][code] = table.column(name).to_numpy().astype(bool)
    return Raw(
        frame=pd.DataFrame(series, index=pd.RangeIndex(len(rows))),
        headers=tuple(said["headers"]),
        rows=rows,
        read=int(said["read"]),
        layer=str(said["layer"]),
        geometry=_shapes(table),
        crs=None if said["crs"] is None else CRS.from_user_input(said["crs"]),
        encoding=str(said["encoding"]),
        node_ids=_node_ids(table),
        faults=faults_from_json(said["faults"]),
        uncalculated=tuple((int(row), str(heading)) for row, heading in said["uncalculated"]),
        **masks,
    )


class NoAnswer(Exception):
    """The reading process left no answer, or none that can be one."""


def leave(said: Mapping[str, Any], folder: Path) -> None:
    """Write an answer so that it is there whole or not at all."""
    part = folder / f"{ANSWER_FILE}.part"
    part.write_text(json.dumps(said), "ascii")
    part.replace(folder / ANSWER_FILE)


def answer(folder: Path) -> dict[str, Any]:
    """Return the answer left in a folder.

    Raises
    ------
    NoAnswer
    """
    path = folder / ANSWER_FILE
    try:
        if path.stat().st_size > MAX_ANSWER_BYTES:
            raise NoAnswer(f"{ANSWER_FILE} > {MAX_ANSWER_BYTES} B")
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NoAnswer(str(error)) from None
    if not isinstance(found, dict):
        raise NoAnswer(ANSWER_FILE)
    return found


def faults_as_json(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Return faults as what JSON can hold."""
    names = [entry.name for entry in fields(Fault) if entry.name != "facts"]
    return [
        {
            **{name: getattr(fault, name) for name in names},
            "facts": {key: _fact(fault.facts[key]) for key in fault.facts},
        }
        for fault in faults
    ]


def faults_from_json(said: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Return what `faults_as_json` was given."""
    return tuple(
        Fault(**{**entry, "facts": {key: _tuples(fact) for key, fact in entry["facts"].items()}}) for entry in said
    )


def _fact(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_fact(one) for one in value]
    return value if isinstance(value, str | int | float) or value is None else str(value)


def _tuples(value: object) -> object:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


# ------------------------------------------------------------------------------------------------------------ columns


def _packed(cells: pd.Series[Any]) -> tuple[str, pa.Array]:
    """Return a column for Arrow and how it was packed: as one type, or each cell as a mark and text."""
    if cells.dtype != object:
        return "array", pa.array(cells, from_pandas=True)
    values = cells.to_numpy()
    types = set(map(type, values)) - {type(None)}
    simple = [_SIMPLE.get(kind) for kind in types] or [pa.null()]
    if len(simple) == 1 and simple[0] is not None:
        try:
            return "plain", pa.array(values, type=simple[0], from_pandas=False)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError):
            pass  # such as a lone surrogate, or a number of twenty digits
    return "marked", pa.array([_marked(cell) for cell in values], type=pa.large_binary())


def _marked(cell: Any) -> bytes | None:
    if cell is None:
        return None
    cell = cell.item() if isinstance(cell, np.generic) else cell
    mark, write = _WRITTEN.get(type(cell), ("s", str))
    return (mark + write(cell)).encode("utf-8", "surrogatepass")


def _unpacked(column: pa.ChunkedArray, kind: str) -> Any:
    """Return the cells of a column; an object array, or what pandas makes of the type it had."""
    if kind == "array":
        return column.to_pandas()
    cells = np.empty(len(column), dtype=object)
    read = column.to_pylist()
    cells[:] = [_unmarked(cell) for cell in read] if kind == "marked" else read
    return cells


def _unmarked(cell: bytes | None) -> Any:
    if cell is None:
        return None
    text = cell.decode("utf-8", "surrogatepass")
    return _READ[text[0]](text[1:])


def _shapes(table: pa.Table) -> NDArray[np.object_] | None:
    if "geometry" not in table.column_names:
        return None
    cells = table.column("geometry").to_numpy()
    return np.asarray(shapely.from_wkb(cells), dtype=object)


def _node_ids(table: pa.Table) -> NDArray[np.object_] | None:
    """Return the node ids: a tuple for each line, None where it has none."""
    if "node_ids" not in table.column_names:
        return None
    found = np.empty(table.num_rows, dtype=object)
    found[:] = [None if ids is None else tuple(ids) for ids in table.column("node_ids").to_pylist()]
    return found
