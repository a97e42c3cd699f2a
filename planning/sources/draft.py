"""One input on its way in: read, columns known, values canonical; shapes still in the file's own CRS."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planning import tables, texts
from planning.errors import Fault
from planning.plan import InputSpec, Plan
from planning.sources import checks, files, formats, geometry, join, shapefile, signs, values
from planning.sources import columns as cols
from planning.sources.apart import Opened
from planning.sources.columns import ColumnMap
from planning.sources.ledger import Notes, Origin
from planning.sources.raw import Raw

RESERVED: Final = ("geometry", "source_row")
_UNWRITTEN: Final = {".gpkg": ("-wal", "-journal")}
"""Rows that SQLite still keeps beside a file: they decide what is read as much as the file does."""
"""Columns every canonical table gets at the end; a source column of that name is kept as ``…_source``."""


@dataclass(frozen=True)
class SourceFile:
    """One file that was read, for the record of the run; ``path`` is relative to the plan."""

    input: str
    path: str
    sha256: str
    layer: str = ""
    encoding: str = ""
    crs_text: str = ""
    rows: int = 0


@dataclass
class Draft:
    """One input while it is being read."""

    spec: InputSpec
    table: tables.Table
    notes: Notes
    frame: pd.DataFrame
    read: int
    shapes: NDArray[np.object_] | None
    crs: CRS | None
    encoding: str
    hashed: tuple[tuple[Path, str], ...]
    columns_present: tuple[str, ...] = ()
    crs_text: str = ""
    extra: list[Draft] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the table's name."""
        return self.notes.table

    def live(self) -> NDArray[np.bool_]:
        """Return the rows not set aside (those in error included: all of their faults are wanted)."""
        return ~self.notes.marked("excluded")

    def source_files(self, plan: Plan) -> list[SourceFile]:
        """Return what was read, file by file; layer, encoding and rows stand with the first."""
        made = []
        for at, (path, digest) in enumerate(self.hashed):
            shown = relative(path, plan.folder)
            if at:
                made.append(SourceFile(self.name, shown, digest))
            else:
                layer, encoding = self.notes.origin.layer, self.encoding
                made.append(SourceFile(self.name, shown, digest, layer, encoding, self.crs_text, self.read))
        return made


def read(spec: InputSpec, opened: tuple[Opened, ...]) -> Draft:
    """Read one input of the plan up to canonical values; its faults are in the draft's notes.

    Parameters
    ----------
    spec : InputSpec
    opened : tuple of Opened
        Its file, and its attribute table where it has one. See `planning.sources.apart.Opening`.
    """
    table = tables.contract(spec.name)
    found, *more = opened
    if spec.table_file is not None and spec.join is not None:
        return _read_joined(spec, table, found, more[0], spec.table_file, spec.join)
    notes = _notes(spec.name, spec.file, found.raw)
    known = cols.map_columns(table, found.raw, spec.fields, notes.origin)
    return _drafted(spec, table, found, known, notes)


def bare(spec: InputSpec, opened: Opened) -> Draft:
    """Return one input with its shapes alone: enough to say where its rows lie."""
    raw, notes = opened.raw, _notes(spec.name, spec.file, opened.raw)
    notes.faults += raw.faults
    _say_reader_marks(raw, notes)
    frame = pd.DataFrame(index=pd.RangeIndex(len(raw.rows)))
    table = tables.contract(spec.name)
    return Draft(spec, table, notes, frame, raw.read, raw.geometry, raw.crs, raw.encoding, opened.hashed(), raw.headers)


def _read_joined(
    spec: InputSpec, table: tables.Table, layer: Opened, attribute_table: Opened, attribute_file: Path, key: str
) -> Draft:
    """Join a layer and its attribute table; the faults of both come together."""
    raw, attributes = layer.raw, attribute_table.raw
    notes, table_notes = _notes(spec.name, spec.file, raw), _notes(f"{spec.name}.table", attribute_file, attributes)
    mine, theirs = join.split_fields(spec.fields, attributes)
    known = cols.map_columns(table, raw, mine, notes.origin)
    table_known = cols.map_columns(table, attributes, theirs, table_notes.origin)
    notes.headings, table_notes.headings = known.headings(), table_known.headings()
    table_notes.faults += [*attributes.faults, *table_known.faults]
    _say_reader_marks(attributes, table_notes)
    known, rest = join.joined(known, raw, notes, table_known, attributes, table_notes, join=key)
    table_notes.faults += _uncalculated(attributes, table_known, table_notes)
    _say_unused(spec, list(rest.columns), table_notes)
    draft = _drafted(spec, table, layer, known, notes, rest=rest)
    empty = pd.DataFrame(index=attributes.frame.index)
    draft.extra.append(
        Draft(
            spec, table, table_notes, empty, attributes.read, None, None, attributes.encoding, attribute_table.hashed()
        )
    )
    draft.columns_present += attributes.headers
    return draft


def open_raw(spec: InputSpec, path: Path, table: tables.Table, *, layer: str | None) -> tuple[Raw, tuple[Path, ...]]:
    """Return a file's table as it stands, and the files that make it up, read in this very process.

    Raises
    ------
    InputRefused
        See `files.dataset` and the readers.
    """
    with files.dataset(path, layer=layer) as found:
        raw = formats.read(found, spec, table, layer)
    return raw, part_paths(path)


def _notes(name: str, path: Path, raw: Raw) -> Notes:
    return Notes(name, Origin(path.name, raw.layer, raw.rows))


def _drafted(
    spec: InputSpec,
    table: tables.Table,
    opened: Opened,
    known: ColumnMap,
    notes: Notes,
    rest: pd.DataFrame | None = None,
) -> Draft:
    """Set rows aside that are none, read the values, fill ids."""
    raw = opened.raw
    notes.headings = known.headings()
    notes.faults += [*raw.faults, *known.faults]
    if raw.read != notes.size:
        notes.table_fault("rows_lost", "error", value=f"{notes.size} / {raw.read}")
    _say_reader_marks(raw, notes)
    values.say_totals(raw.frame, known.known, notes)
    values.say_duplicates(raw.frame, _comparable(raw.geometry), notes)
    notes.faults += _uncalculated(raw, known, notes)
    live = ~notes.marked("excluded")
    frame = values.canonical(known.known, table, notes, live)
    if table.key is not None:
        frame[table.key] = checks.fill_ids(frame, table, notes, has_column=table.key in known.known)
    frame = _with_defaults(frame, spec.name, known, notes)
    shapes = _shapes(raw, known, table, notes)
    if spec.name == "roads":
        frame["node_ids"] = np.nan if raw.node_ids is None else pd.Series(raw.node_ids, index=frame.index, dtype=object)
        frame["node_ids"] = frame["node_ids"].astype(object)
    _say_unused(spec, list(known.rest), notes)
    for extra in (raw.frame[list(known.rest)], rest):
        frame = _with_rest(frame, extra)
    return Draft(spec, table, notes, frame, raw.read, shapes, raw.crs, raw.encoding, opened.hashed(), raw.headers)


def _say_unused(spec: InputSpec, unused: list[str], notes: Notes) -> None:
    """Name the columns that nothing is taken from: one of them may be the column a planner counts on."""
    beside = {"indicators": "entries.head.", "pools": "pooling.head."}.get(spec.name)
    if beside is not None:  # the words beside what is asked, in a table that this program wrote
        ours = {said for key, entry in texts.entries().items() if key.startswith(beside) for said in entry.values()}
        unused = [name for name in unused if name not in ours]
    if unused and spec.name not in ("roads", "barriers"):
        facts = {"unused_zh": "、".join(map(str, unused)), "unused_en": ", ".join(map(str, unused))}
        notes.table_fault("columns_unused", "warning", facts=facts)


def _say_reader_marks(raw: Raw, notes: Notes) -> None:
    for code, mask in raw.dropped.items():
        notes.say(code, "excluded", mask)
    for code, mask in raw.flagged.items():
        notes.say(code, "flagged", mask)


def _uncalculated(raw: Raw, known: ColumnMap, notes: Notes) -> list[Fault]:
    """Return a fault for every formula without a stored value in a column and a row that are used."""
    used = {mapped.source for mapped in known.known.values()}
    aside = set(notes.origin.rows[notes.marked("excluded")].tolist())
    return [
        Fault("formula_not_calculated", file=notes.origin.file, layer=notes.origin.layer, row=row, column=column)
        for row, column in raw.uncalculated
        if column in used and row not in aside
    ]


def _comparable(shapes: NDArray[np.object_] | None) -> NDArray[np.object_] | None:
    """Return shapes so that equal ones are equal: normalised, as bytes."""
    return None if shapes is None else np.asarray(shapely.to_wkb(shapely.normalize(shapes)), dtype=object)


def _with_defaults(frame: pd.DataFrame, name: str, known: ColumnMap, notes: Notes) -> pd.DataFrame:
    live = ~notes.marked("excluded")
    if name in ("facilities", "candidates"):
        frame = checks.fill_status(frame, name, notes, live)
        checks.say_facilities(frame, notes)
    if name == "pools":
        checks.say_not_accepted(frame, notes, asked="accepted" in known.known)
    if name == "roads":
        classed = bool({"highway", "road_class"} & set(known.known))
        frame = checks.say_road_classes(frame, notes, has_class=classed)
    return frame


def _shapes(raw: Raw, known: ColumnMap, table: tables.Table, notes: Notes) -> NDArray[np.object_] | None:
    """Return the shapes of a layer, or those a table's coordinates make; a table that needs shapes must bring them."""
    if not table.geometry:
        return None
    if raw.geometry is not None:
        return raw.geometry
    shapes = geometry.from_columns(known.known, notes)
    if shapes is None and table.needs_geometry and not any(fault.column in cols.PLACES for fault in notes.faults):
        present = "、".join(raw.headers)
        notes.table_fault("coordinates_absent", "error", column="lon/lat", facts={"present": present})
    return shapes


def _with_rest(frame: pd.DataFrame, rest: pd.DataFrame | None) -> pd.DataFrame:
    """Return the frame with other source columns behind it; a name that is taken gets ``_source``."""
    if rest is None or not rest.shape[1]:
        return frame
    ours = {*frame.columns, *RESERVED}
    names = {name: f"{name}_source" if name in ours else name for name in map(str, rest.columns)}
    more = rest.rename(columns=names)
    more = more[[name for name in more.columns if name not in frame]]
    return pd.concat([frame, more.set_axis(frame.index)], axis=1)


# ------------------------------------------------------------------------------------------------- files and figures


def part_paths(path: Path) -> tuple[Path, ...]:
    """Return the files a dataset is made of, the one the user named first."""
    if path.is_dir():
        return tuple(sorted(file for file in path.rglob("*") if file.is_file() and file.suffix != ".lock"))
    if path.suffix.lower() == ".shp":
        return (path, *(part for part in shapefile.part_files(path).values() if part != path))
    beside = (path.with_name(path.name + ending) for ending in _UNWRITTEN.get(path.suffix.lower(), ()))
    unwritten = (part for part in beside if part.is_file() and part.stat().st_size)
    return (path, *signs.companions(path), *unwritten)


def fingerprints(path: Path) -> dict[Path, str]:
    """Return the SHA-256 of every file a dataset is made of."""
    return {part: sha256(part) for part in part_paths(path)}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def relative(path: Path, folder: Path) -> str:
    """Return ``path`` relative to ``folder`` with forward slashes; the base name where there is no such way."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.name


def known_ids(drafts: Mapping[str, Draft], name: str, column: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of a table: all of them, and those of rows that are kept."""
    if name not in drafts:
        return frozenset(), frozenset()
    draft = drafts[name]
    ids = draft.frame[column]
    kept = ids[~draft.notes.marked("excluded")]
    return frozenset(ids.dropna()), frozenset(kept.dropna())
