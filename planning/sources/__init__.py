"""The doors: the only rooms that read what a user brings.

A file is looked at before it is opened (`files`, `zips`), read by a reader of its format (`layers`, `shapefile`,
`csvs`, `workbooks`, `osm`, `graphml`), its columns are recognised (`columns`), its cells read (`values`), its shapes
brought into the metric CRS of the run (`geometry`), rows held against each other (`checks`), and every row ends in the
`ledger`. Whoever computes afterwards can trust the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from planning import crs as crss
from planning import tables
from planning.errors import Fault, InputRefused, refuse
from planning.plan import INPUTS, InputSpec, Plan
from planning.sources import checks, draft, geometry
from planning.sources._belonging import say_belonging
from planning.sources._names import say_names
from planning.sources._overlaps import say_shapes
from planning.sources._placing import settle
from planning.sources._repair import MAX_REPAIR_SHARE
from planning.sources._roadfit import say_offsets
from planning.sources.apart import Opened, Opening, open_pieces
from planning.sources.draft import Draft, SourceFile, known_ids

__all__ = [
    "Counts",
    "Intake",
    "Opener",
    "Progress",
    "SourceFile",
    "Whereabouts",
    "check",
    "look",
    "pieces",
    "read",
    "whereabouts",
]

Counts = Mapping[str, Mapping[str, int]]
Progress = Callable[[str, int, int], None]
"""Called with the input's name, how many inputs are done, and how many there are."""
Opener = Callable[[InputSpec], tuple[Opened, ...]]
"""Hands over what was read of an input: its table, and its attribute table where it has one."""

PIECE_ROWS: Final = 50_000
_FALLBACK_CRS: Final = 4490
_EMPTY_CODES: Final = {
    "roads": "table_without_rows",
    "residential": "table_without_rows",
    "facilities": "table_without_rows",
    "candidates": "candidates_empty",
}
_CENTRE_ORDER: Final = ("residential", "roads", "facilities", "units", "candidates", "entrances", "medical", "barriers")


@dataclass(frozen=True)
class Intake:
    """What came through the doors.

    Attributes
    ----------
    tables : mapping of str to GeoDataFrame or DataFrame
        Canonical tables in ``crs``, one per input.
    ledger : DataFrame
        See `planning.tables.LEDGER_COLUMNS`; one row per input row, plainly used roads only in ``counts``.
    counts : mapping
        ``{input: {"read", "used", "flagged", "excluded"}}``; an attribute table stands as ``residential.table``.
    faults : tuple of Fault
        Warnings (errors raise).
    files : tuple of SourceFile
    crs : CRS
        The metric CRS of the run.
    """

    tables: Mapping[str, gpd.GeoDataFrame]
    ledger: pd.DataFrame
    counts: Counts
    faults: tuple[Fault, ...]
    files: tuple[SourceFile, ...]
    crs: CRS


def read(plan: Plan, *, progress: Progress | None = None) -> Intake:
    """Read every input of ``plan``.

    Parameters
    ----------
    plan : Plan
    progress : callable, optional
        See `Progress`.

    Returns
    -------
    Intake

    Raises
    ------
    InputRefused
        With every fault of every file, as soon as one of them is an error.
    """
    intake = look(plan, progress=progress)
    refuse(intake.faults)
    return intake


def check(plan: Plan) -> tuple[tuple[Fault, ...], Counts]:
    """Read every input and return all faults, errors too, and the counts of the files that could be read."""
    intake = look(plan)
    return intake.faults, intake.counts


def look(plan: Plan, *, progress: Progress | None = None, opened: Opener | None = None) -> Intake:
    """Read every input as `read` does, but return errors among the ``faults`` instead of raising them.

    Only tables of an intake without errors can be trusted: a file that could not be read has none. Where ``opened``
    is given it hands over the table of an input in place of its file.
    """
    drafts, faults = _drafts(plan, progress, opened)
    located = {name: one for name, one in drafts.items() if one.shapes is not None and _located(one)}
    crs, more = _metric_crs(plan, located)
    faults += more
    if crs is not None:
        for one in located.values():
            _into_metres(one, crs)
        geometry.say_apart((_shapes(one), one.notes) for one in located.values() if _sound(one))
    _say_relations(drafts)
    _say_whole_tables(drafts, plan)
    say_names(drafts)
    if crs is not None:
        placed = {name: one for name, one in located.items() if _sound(one)}
        say_belonging(placed)
        say_offsets(placed, crs)
    every = [inner for one in drafts.values() for inner in (one, *one.extra)]
    faults += [fault for one in every for fault in one.notes.all_faults()]
    faults += _unbalanced(every)
    target = crs or CRS.from_epsg(_FALLBACK_CRS)
    return Intake(
        tables=MappingProxyType({name: _table(one, target) for name, one in drafts.items()}),
        ledger=_ledger(every, plan),
        counts=MappingProxyType({one.name: one.notes.counts(one.read) for one in every}),
        faults=tuple(faults),
        files=tuple(file for one in every for file in one.source_files(plan)),
        crs=target,
    )


@dataclass(frozen=True)
class Whereabouts:
    """One input as its file gives it, what was recognised in it, and where on the earth each row lies.

    ``frame`` has the canonical columns; ``degrees`` are longitude and latitude of a point of each row (of a polygon one
    inside it), NaN where it has no place; ``outlines`` the shapes in degrees, where they were asked for.
    """

    opened: Opened
    frame: pd.DataFrame
    degrees: NDArray[np.float64]
    faults: tuple[Fault, ...]
    outlines: NDArray[np.object_] | None = None


def whereabouts(plan: Plan, name: str, *, outlines: bool = False) -> Whereabouts:
    """Read one input of ``plan`` and say where its rows lie, before anything is held against anything.

    Raises
    ------
    InputRefused
        If the file cannot be read, or be placed on the earth.
    """
    spec = plan.inputs[name]
    with Opening([spec]) as opening:
        found = opening.of(spec)
    return _whereabouts(draft.read(spec, found), found[0], outlines=outlines)


def pieces(plan: Plan, name: str, *, rows: int = PIECE_ROWS) -> Iterator[Whereabouts]:
    """Read one input of ``plan`` in pieces and say where the rows of each lie, so that no more is ever held.

    As `whereabouts`, but ``frame`` has no columns where the file brings shapes of its own.

    Raises
    ------
    InputRefused
        If the file cannot be read, or a piece not be placed on the earth.
    """
    spec = plan.inputs[name]
    for found in open_pieces(spec, rows=rows):
        one = draft.bare(spec, found) if found.raw.geometry is not None else draft.read(spec, (found,))
        yield _whereabouts(one, found)


def _whereabouts(one: Draft, found: Opened, *, outlines: bool = False) -> Whereabouts:
    degrees = np.full((len(one.frame), 2), np.nan)
    if one.shapes is None:
        return Whereabouts(found, one.frame, degrees, tuple(one.notes.all_faults()))
    if not _located(one):
        raise InputRefused(one.notes.all_faults())
    way, live, shapes = _way(one, CRS.from_epsg(_FALLBACK_CRS)), one.live(), one.shapes.copy()
    shapes[~live] = None

    def to_degrees(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return crss.to_degrees(xy, way.source, shift=way.shift)

    degrees[live] = to_degrees(geometry.inner(shapes[live]))
    lines = crss.transform_geometries(shapes, to_degrees) if outlines else None
    return Whereabouts(found, one.frame, degrees, tuple(one.notes.all_faults()), lines)


def _drafts(
    plan: Plan, progress: Progress | None, opened: Opener | None = None
) -> tuple[dict[str, Draft], list[Fault]]:
    """Read the files, in the order of `planning.plan.INPUTS`; a refused one does not stop the others."""
    drafts: dict[str, Draft] = {}
    faults: list[Fault] = []
    names = [name for name in INPUTS if name in plan.inputs]
    with Opening([plan.inputs[name] for name in names if opened is None]) as opening:
        for done, name in enumerate(names):
            if progress is not None:
                progress(name, done, len(names))
            try:
                drafts[name] = draft.read(plan.inputs[name], (opened or opening.of)(plan.inputs[name]))
            except InputRefused as error:
                faults += error.faults
    if progress is not None:
        progress("", len(names), len(names))
    return drafts, faults


# --------------------------------------------------------------------------------------------------------- geometry


def _located(one: Draft) -> bool:
    """Settle the CRS a layer is in and set unusable shapes aside; say whether it can be placed on the earth."""
    notes = one.notes
    faults = settle(one)
    if faults or one.crs is None:
        notes.faults += faults
        return False
    place = {"file": notes.origin.file, "layer": notes.origin.layer}
    faults = crss.source_faults(one.crs, None, **place)
    if not faults:
        geometry.say_unusable(_shapes(one), one.table.geometry, notes, one.live())
        points = geometry.representative(_shapes(one)[one.live()])
        faults = crss.layer_faults(points, one.crs, **place)
    notes.faults += faults
    return not faults


def _sound(one: Draft) -> bool:
    return not any(fault.severity == "error" for fault in one.notes.faults)


def _shapes(one: Draft) -> Any:
    return one.shapes


def _metric_crs(plan: Plan, located: Mapping[str, Draft]) -> tuple[CRS | None, list[Fault]]:
    """Choose the metric CRS by the middle of the data: the median place of the residential areas, else of the roads."""
    for name in _CENTRE_ORDER:
        if name not in located or not located[name].live().any():
            continue
        one = located[name]
        way = _way(one, CRS.from_epsg(_FALLBACK_CRS))
        points = geometry.representative(_shapes(one)[one.live()])
        lon, lat = np.median(crss.to_degrees(points, way.source, shift=way.shift), axis=0)
        try:
            crs, warnings = crss.metric_crs(plan.crs, float(lon), float(lat), file=plan.file)
        except InputRefused as error:
            return None, list(error.faults)
        return crs, list(warnings)
    try:
        return (None if plan.crs is None else crss.parse_metric(plan.crs, file=plan.file)), []
    except InputRefused as error:
        return None, list(error.faults)


def _way(one: Draft, target: CRS) -> crss.Transformation:
    datum = one.spec.datum
    source = one.crs or CRS.from_epsg(_FALLBACK_CRS)
    return crss.Transformation(source, target, crss.shift_of(datum))


def _into_metres(one: Draft, crs: CRS) -> None:
    """Bring the shapes of a draft into ``crs``; from here on rows set aside have none."""
    notes = one.notes
    faults = crss.source_faults(_way(one, crs).source, crs, file=notes.origin.file, layer=notes.origin.layer)
    notes.faults += faults
    if faults:
        return
    way = _way(one, crs)
    one.crs_text = " → ".join(filter(None, (one.crs_text, way.text())))
    geometry.say_outside(_shapes(one), way, crss.plausible_box(crs), notes, one.live())
    share = MAX_REPAIR_SHARE if one.spec.max_repair_share is None else one.spec.max_repair_share
    one.shapes = geometry.metric(_shapes(one), way, one.live(), notes, max_repair_share=share)
    say_shapes(one.name, one.frame, one.shapes, notes)
    if one.name == "residential":
        checks.say_residential(one.frame, one.shapes, notes)
    if one.name == "units":
        checks.say_elderly(one.frame, notes)


# -------------------------------------------------------------------------------------------------------- relations


def _say_relations(drafts: Mapping[str, Draft]) -> None:
    """Hold references between tables against each other, where both sides could be read."""
    ids, kept = known_ids(drafts, "residential", "residential_id")
    if "residential" in drafts:
        for name in ("entrances", "pools", "population"):
            if name in drafts:
                checks.say_references(drafts[name].frame, drafts[name].notes, ids=ids, kept=kept)
    if "pools" in drafts:
        checks.say_pool_members(drafts["pools"].frame, drafts["pools"].notes)
        if "residential" in drafts:
            drafts["pools"].frame = checks.left_out(drafts["pools"].frame, kept=kept)
    pools, kept_pools = known_ids(drafts, "pools", "pool_id")
    for name in ("facilities", "candidates"):
        if name in drafts and "residential" in drafts:
            checks.say_serves(drafts[name].frame, drafts[name].notes, ids=ids | pools, kept=kept | kept_pools)
    if "facilities" in drafts and "candidates" in drafts:
        everyone, _ = known_ids(drafts, "facilities", "facility_id")
        checks.say_shared_ids(drafts["candidates"].frame, drafts["candidates"].notes, everyone)


def _say_whole_tables(drafts: Mapping[str, Draft], plan: Plan) -> None:
    """Refuse tables without rows, and a plan whose sites serve a demand no row states."""
    for name, one in drafts.items():
        checks.say_empty(name, one.notes, needed=_EMPTY_CODES)
    residential = drafts.get("residential")
    if residential is not None and len(residential.frame) and residential.frame["households"].isna().all():
        facts = {"present": "、".join(residential.columns_present)}
        residential.notes.table_fault("households_absent", "warning", column="households", facts=facts)
    sited = "candidates" in plan.inputs or plan.siting.generate is not None
    told = "population" in plan.inputs  # by building, and brought together later
    if residential is not None and sited and not told and residential.frame[plan.siting.demand].isna().all():
        facts = {"present": "、".join(residential.columns_present)}
        residential.notes.table_fault("demand_column_absent", "error", column=plan.siting.demand, facts=facts)


# ----------------------------------------------------------------------------------------------------- what comes out


def _table(one: Draft, crs: CRS) -> gpd.GeoDataFrame:
    """Return the kept rows as a canonical table."""
    keep = one.notes.outcomes() != "excluded"
    frame = one.frame[keep].assign(source_row=pd.array(one.notes.origin.rows[keep], dtype="Int64"))
    frame = frame.reset_index(drop=True)
    if one.shapes is None:
        return frame
    shapes = one.shapes[keep]
    if one.name == "roads":
        frame, shapes = geometry.exploded(frame, shapes)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)


def _ledger(every: list[Draft], plan: Plan) -> pd.DataFrame:
    parts = []
    for one in every:
        key = one.table.key if one.frame.shape[1] else None
        column = key or ("residential_id" if "residential_id" in one.frame else None)
        ids = np.full(one.notes.size, "", dtype=object) if column is None else one.frame[column].to_numpy(dtype=object)
        parts.append(one.notes.ledger(ids, plan.output.language, only_marked=one.name == "roads"))
    if not sum(len(part["row"]) for part in parts):
        return tables.ledger_frame([])
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in tables.LEDGER_COLUMNS})


def _unbalanced(every: list[Draft]) -> list[Fault]:
    """Say where used, flagged and excluded do not add up to the rows counted."""
    faults = []
    for one in every:
        counts = one.notes.counts(one.read)
        lost = counts["read"] - counts["used"] - counts["flagged"] - counts["excluded"]
        if lost and not any(fault.code == "rows_lost" for fault in one.notes.faults):
            origin = one.notes.origin
            faults.append(
                Fault("rows_lost", file=origin.file, layer=origin.layer, value=f"{one.notes.size} / {one.read}")
            )
    return faults
