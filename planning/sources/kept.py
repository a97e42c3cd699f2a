"""What came through the doors, kept: the same plan on the same files is read once.

An entry (`planning.store`) is named by a hash of the plan, of every file of its inputs and of all code. It holds the
canonical tables, each in a folder of its own as `planning.sources.parcel` packs them, and `INTAKE_FILE` with the rest.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from pyproj import CRS

import planning
from planning import sources, store
from planning.plan import Plan
from planning.sources import draft, parcel
from planning.sources.draft import SourceFile
from planning.sources.raw import Raw

LEAST_BYTES: Final = 4 << 20
"""Smaller files are read as fast as they are fetched."""
INTAKE_FILE: Final = "intake.json"
LEDGER: Final = "_ledger"
_LIBRARIES: Final = ("geopandas", "numpy", "osmium", "pandas", "pyarrow", "pyogrio", "pyproj", "shapely")


def read(plan: Plan) -> sources.Intake:
    """Return what `planning.sources.read` returns, fetched where the same was read before.

    Raises
    ------
    InputRefused
        As `planning.sources.read`.
    """
    content = _content(plan)
    if content is None:
        return sources.read(plan)
    entry = store.place({"plan": repr(plan), "files": content, "code": _code()})
    found = _fetch(entry) if store.holds(entry) else None
    if found is None:
        found = sources.read(plan)
        if _are(found.files, content):
            _keep(found, entry)
    return found


def _content(plan: Plan) -> list[list[str]] | None:
    """Return the files of all inputs with their hashes; None where what is read is not kept: little, or no cache."""
    places = [path for one in plan.inputs.values() for path in (one.file, one.table_file) if path is not None]
    try:
        if store.folder() is None or " at 0x" in repr(plan):  # an object without a name of its own decides nothing
            return None
        parts = [part for path in places for part in draft.part_paths(path)]
        if sum(part.stat().st_size for part in parts) < LEAST_BYTES:
            return None
        return [[draft.relative(part, plan.folder), draft.sha256(part)] for part in parts]
    except OSError:  # the door says what is wrong with it
        return None


def _are(files: tuple[SourceFile, ...], content: list[list[str]]) -> bool:
    """Say whether the files read are those that were hashed before: none changed meanwhile."""
    return {(file.path, file.sha256) for file in files} <= set(map(tuple, content))


@cache
def _code() -> str:
    """Return a hash of the program and of the libraries that files are read with."""
    root = Path(planning.__file__).parent
    return store.code_hash([*root.rglob("*.py"), *root.rglob("*.toml")], _LIBRARIES)


def _keep(intake: sources.Intake, entry: Path) -> None:
    """Keep an intake, if all of it comes out as it went in and the disk allows."""
    said = {
        "crs": intake.crs.srs,
        "tables": list(intake.tables),
        "counts": {name: dict(counts) for name, counts in intake.counts.items()},
        "faults": parcel.faults_as_json(intake.faults),
        "files": [asdict(file) for file in intake.files],
    }
    with suppress(OSError, pa.ArrowException, TypeError, ValueError), tempfile.TemporaryDirectory() as name:
        folder, tables = Path(name), {**intake.tables, LEDGER: intake.ledger}
        for one, table in tables.items():
            save(table, folder / one)
        (folder / INTAKE_FILE).write_text(json.dumps(said), "ascii")
        if _are_alike(intake, _fetch(folder)):
            packed = [f"{one}/{part}" for one in tables for part in (parcel.ROWS_FILE, parcel.ANSWER_FILE)]
            store.keep(folder, entry, [INTAKE_FILE, *packed])


def _are_alike(intake: sources.Intake, again: sources.Intake | None) -> bool:
    """Say whether what was written comes out as it went in; a table by the cells and kinds of its columns."""
    if again is None or (intake.crs.srs, intake.crs) != (again.crs.srs, again.crs):
        return False
    if (intake.faults, intake.files, dict(intake.counts)) != (again.faults, again.files, dict(again.counts)):
        return False
    pairs = [(intake.ledger, again.ledger), *((table, again.tables[name]) for name, table in intake.tables.items())]
    return all(one.dtypes.equals(other.dtypes) and one.equals(other) for one, other in pairs)


def _fetch(entry: Path) -> sources.Intake | None:
    """Return an intake that was kept; None where it cannot be read."""
    try:
        said = json.loads((entry / INTAKE_FILE).read_bytes())
        crs = CRS.from_user_input(said["crs"])
        return sources.Intake(
            tables=MappingProxyType({name: _in_crs(fetch(entry / name), crs) for name in said["tables"]}),
            ledger=fetch(entry / LEDGER),
            counts=MappingProxyType(said["counts"]),
            faults=parcel.faults_from_json(said["faults"]),
            files=tuple(SourceFile(**file) for file in said["files"]),
            crs=crs,
        )
    except (OSError, pa.ArrowException, parcel.NoAnswer, KeyError, TypeError, ValueError):
        return None


def _in_crs(table: pd.DataFrame, crs: CRS) -> Any:
    return table.set_crs(crs, allow_override=True) if isinstance(table, gpd.GeoDataFrame) else table


def save(table: pd.DataFrame, folder: Path) -> None:
    """Write a table, with geometry or without, into a folder of its own."""
    is_map = isinstance(table, gpd.GeoDataFrame)
    frame = pd.DataFrame(table.drop(columns="geometry")) if is_map else table.copy(deep=False)
    nodes = frame.pop("node_ids") if "node_ids" in frame else None
    raw = Raw(
        frame=frame,
        headers=tuple(map(str, frame.columns)),
        rows=np.arange(len(frame)),
        read=len(frame),
        geometry=table.geometry.to_numpy() if is_map else None,
        crs=table.crs if isinstance(table, gpd.GeoDataFrame) else None,
        node_ids=None if nodes is None or nodes.isna().all() else nodes.where(nodes.notna(), None).to_numpy(),
    )
    leave(raw, folder, order=list(map(str, table.columns)))


def leave(raw: Raw, folder: Path, **said: Any) -> None:
    """Write rows as a reader hands them over into a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    parcel.leave(parcel.pack(raw, folder) | said, folder)


def fetch(folder: Path) -> gpd.GeoDataFrame:
    """Return a table as `save` was given it."""
    said: Mapping[str, Any] = parcel.answer(folder)
    raw = parcel.unpack(said, folder)
    frame = raw.frame
    if "node_ids" in said["order"]:
        frame["node_ids"] = np.full(len(frame), np.nan, dtype=object)
        if raw.node_ids is not None:
            found = pd.Series(raw.node_ids, index=frame.index, dtype=object)
            frame["node_ids"] = found.where(found.notna(), np.nan)
    if raw.geometry is not None:
        shapes = gpd.GeoSeries(raw.geometry, index=frame.index, crs=raw.crs)
        frame = gpd.GeoDataFrame(frame, geometry=shapes, crs=raw.crs)
    return frame[said["order"]]
