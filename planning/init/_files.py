"""The files of a folder that may hold data (part of ``init``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planning.errors import Fault, InputRefused
from planning.texts import is_printable, printable

MAX_FILES: Final = 300
_DATA: Final = frozenset(
    (
        *(".gpkg", ".shp", ".zip", ".geojson", ".geojsonl", ".geojsons", ".json", ".fgb", ".parquet", ".geoparquet"),
        *(".kml", ".kmz", ".osm", ".pbf", ".graphml", ".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".et"),
        *(".dwg", ".dxf", ".tab", ".mif", ".gml", ".mdb", ".gdb"),
    )
)
_PARTS: Final = frozenset((".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".atx", ".xml"))
_MAPINFO_PARTS: Final = frozenset((".dat", ".map", ".id", ".ind", ".mid"))
SUFFIXES: Final = _DATA | _PARTS | _MAPINFO_PARTS
_OWN: Final = frozenset({"plan.toml", "fields.toml"})
SCENARIOS: Final = "scenarios"
"""Beside a plan file: what was tried on the plan, and plans made of it; no data of the plan's own."""


@dataclass(frozen=True)
class Found:
    """The data files of a folder, as paths relative to it with forward slashes, and what is none."""

    data: tuple[str, ...]
    other: tuple[str, ...]
    faults: tuple[Fault, ...]


def find(folder: Path) -> Found:
    """List what lies in ``folder`` and below, in order of the paths.

    Hidden folders, run folders (they hold a ``run.json``), the scenarios of a plan and the parts of a shapefile beside
    its ``.shp`` are passed over; a ``.gdb`` folder is one dataset; linked folders are not followed.

    Raises
    ------
    InputRefused
        ``init_not_a_folder``, ``init_too_many`` (more than `MAX_FILES` data files).
    """
    if not folder.is_dir():
        raise InputRefused(Fault("init_not_a_folder", file=folder.name, value=str(folder)))
    data: list[str] = []
    other: list[str] = []
    for path in _walk(folder):
        suffix = path.suffix.lower()
        if suffix in _DATA:
            data.append(path.relative_to(folder).as_posix())
        elif not _is_part(path) and path.name not in _OWN:
            other.append(path.relative_to(folder).as_posix())
    if len(data) > MAX_FILES:
        raise InputRefused(Fault("init_too_many", file=folder.name, value=str(len(data)), facts={"most": MAX_FILES}))
    named = [path for path in data if _can_be_named(path, folder)]
    faults = tuple(Fault("init_name_unusable", "warning", file=printable(path)) for path in data if path not in named)
    return Found(tuple(sorted(named)), tuple(sorted(map(printable, other))), faults)


def _walk(folder: Path) -> list[Path]:
    """Return files and ``.gdb`` folders, in order."""
    found: list[Path] = []
    for here, folders, names in os.walk(folder):
        at = Path(here)
        if at != folder and "run.json" in names:
            folders.clear()
            continue
        if at == folder:
            folders[:] = [name for name in folders if name != SCENARIOS]
        found += [at / name for name in folders if name.lower().endswith(".gdb")]
        folders[:] = [name for name in folders if not (name.startswith((".", "__")) or name.lower().endswith(".gdb"))]
        found += [at / name for name in names if not name.startswith((".", "~$"))]
    return sorted(found)


def _is_part(path: Path) -> bool:
    """Say whether a file belongs to a dataset that is named by another file."""
    suffix = path.suffix.lower()
    stems = [path.with_suffix(""), path.with_suffix("").with_suffix("")]
    if suffix in _PARTS:
        return any(stem.with_suffix(ending).exists() for stem in stems for ending in (".shp", ".SHP", ".gdb"))
    return suffix in _MAPINFO_PARTS and any(
        path.with_suffix(ending).exists() for ending in (".tab", ".TAB", ".mif", ".MIF")
    )


def _can_be_named(path: str, folder: Path) -> bool:
    """Say whether a plan file could name the path: it is UTF-8 text, and no backslash that a plan reads as a slash."""
    return all(map(is_printable, path)) and "\\" not in path and "://" not in path and (folder / path).exists()
