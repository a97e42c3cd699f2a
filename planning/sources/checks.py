"""What rows say about each other and about themselves: ids, references, and figures nobody would believe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import tables
from planning.sources.ledger import Mask, Notes

MAX_HOUSEHOLDS: Final = 20_000
HOUSEHOLDS_PER_HA: Final = (1.0, 1000.0)
PERSONS_PER_HOUSEHOLD: Final = (1.5, 6.0)
MAX_ELDERLY_SHARE: Final = 0.7
MAX_CARE_M2_PER_HOUSEHOLD: Final = 10.0
M2_PER_BED: Final = (8.0, 300.0)
_MANY_ROWS_AN_ID: Final = ("roads", "barriers", "hazards", "land_use")
_ONE_WARNING: Final = ("roads", "land_use")  # maps of a thousand parts without ids: said once, not of every row


# -------------------------------------------------------------------------------------------------------------- ids


def fill_ids(frame: pd.DataFrame, table: tables.Table, notes: Notes, *, has_column: bool) -> pd.Series[str]:
    """Return the ids of a table; where there is none the row number stands in, and is flagged.

    Without an id column every row is flagged (``id_column_absent``), roads and land use once for all; of single empty
    cells each is (``id_missing``). An id twice is refused (``id_duplicate``), save in roads, barriers, hazards and land
    use.
    """
    if table.key is None:
        return pd.Series([None] * len(frame), index=frame.index, dtype="str")
    ids = frame[table.key]
    live = ~notes.marked("excluded")
    empty = ids.isna().to_numpy()
    if not has_column and table.name in _ONE_WARNING:
        notes.table_fault("id_column_absent", "warning", column=table.key)
    else:
        notes.say("id_missing" if has_column else "id_column_absent", "flagged", live & empty, column=table.key)
    filled = ids.where(~empty, pd.Series(notes.origin.rows.astype(str), index=ids.index, dtype="str"))
    if table.name not in _MANY_ROWS_AN_ID:
        repeated = np.zeros(len(ids), dtype=bool)
        repeated[live] = filled[live].duplicated(keep=False).to_numpy()
        notes.say("id_duplicate", "refused", repeated, column=table.key, values=filled.to_numpy(dtype=object))
    return filled


# ---------------------------------------------------------------------------------------------------------- defaults


def fill_status(frame: pd.DataFrame, name: str, notes: Notes, live: Mask) -> pd.DataFrame:
    """Return facilities with a status: empty is ``operating`` and flagged; candidates are ``candidate``."""
    if name == "candidates":
        other = frame["status"].notna() & (frame["status"] != "candidate")
        notes.say("status_ignored", "flagged", live & other.to_numpy(), column="status", values=frame["status"])
        return frame.assign(status=pd.Series(["candidate"] * len(frame), dtype="str"))
    live = live & ~notes.marked("refused")  # an unknown word is no empty cell
    notes.say("status_missing", "flagged", live & frame["status"].isna().to_numpy(), column="status")
    notes.say("kind_missing", "flagged", live & frame["kind"].isna().to_numpy(), column="kind")
    return frame.assign(status=frame["status"].fillna("operating"))


def say_road_classes(frame: pd.DataFrame, notes: Notes, *, has_class: bool) -> pd.DataFrame:
    """Return roads with a level; without a class column all are walkable unless stated, warned of once."""
    walkable = frame["walkable"]
    if not has_class and len(frame):
        notes.table_fault("road_class_absent", "warning", column="highway")
        walkable = walkable.fillna(value=True)
    return frame.assign(walkable=walkable, level=frame["level"].fillna(0))


# -------------------------------------------------------------------------------------------------------- references


def say_references(
    frame: pd.DataFrame, notes: Notes, *, ids: frozenset[str], kept: frozenset[str], column: str = "residential_id"
) -> None:
    """Hold the references of gates, pools and buildings against the residential areas.

    An id no area has is refused (``reference_unknown``); one whose area was excluded excludes a gate. In a pool such a
    row stays and is flagged (``pool_member_excluded``, marked by `left_out`): without that member the pool would owe
    less and might wrongly meet, so it cannot be judged.
    """
    cells = frame[column]
    live = ~notes.marked("excluded", "refused") & cells.notna().to_numpy()
    shown = cells.to_numpy(dtype=object)
    known, used = cells.isin(ids).to_numpy(), cells.isin(kept).to_numpy()
    notes.say("reference_unknown", "refused", live & ~known, column=column, values=shown)
    code, verdict = (
        ("pool_member_excluded", "flagged") if notes.table == "pools" else ("reference_excluded", "excluded")
    )
    notes.say(code, verdict, live & known & ~used, column=column, values=shown)  # type: ignore[arg-type]


def say_not_accepted(frame: pd.DataFrame, notes: Notes, *, asked: bool) -> None:
    """Set aside the pool members that nobody has accepted; where the table does not ask, every row is a decision."""
    if asked:
        waiting = ~notes.marked("refused") & ~frame["accepted"].fillna(value=False).to_numpy(dtype=bool)
        notes.say("pool_not_accepted", "excluded", waiting & ~notes.marked("excluded"), column="pool_id",
                  values=frame["pool_id"].to_numpy(dtype=object))  # fmt: skip


def left_out(frame: pd.DataFrame, *, kept: frozenset[str]) -> pd.DataFrame:
    """Return the pools with ``left_out``: rows whose area could not be used; without such rows the table as it is."""
    lost = frame["residential_id"].notna() & ~frame["residential_id"].isin(kept)
    return frame.assign(left_out=lost) if lost.any() else frame


def say_serves(frame: pd.DataFrame, notes: Notes, *, ids: frozenset[str], kept: frozenset[str]) -> None:
    """Hold ``serves`` against residential and pool ids: unknown ones are refused, excluded ones flagged."""
    lists = [[] if pd.isna(cell) else str(cell).split(";") for cell in frame["serves"]]
    live = ~notes.marked("excluded")
    for code, verdict, wanted in (("serves_unknown", "refused", ids), ("serves_excluded", "flagged", kept)):
        missing = np.array([";".join(one for one in cell if one not in wanted) for cell in lists], dtype=object)
        bad = live & (missing != "")
        notes.say(code, verdict, bad, column="serves", values=missing)  # type: ignore[arg-type]
        live = live & ~bad


def say_pool_members(frame: pd.DataFrame, notes: Notes) -> None:
    """Refuse an area that stands in the pools twice."""
    live = ~notes.marked("excluded")
    repeated = np.zeros(len(frame), dtype=bool)
    repeated[live] = frame.loc[live, "residential_id"].duplicated(keep=False).to_numpy()
    repeated &= frame["residential_id"].notna().to_numpy()
    cells = frame["residential_id"].to_numpy(dtype=object)
    notes.say("pools_area_twice", "refused", repeated, column="residential_id", values=cells)


def say_shared_ids(candidates: pd.DataFrame, notes: Notes, facility_ids: Iterable[str]) -> None:
    """Refuse candidates that carry the id of a facility: in the reach table they would be one place."""
    cells = candidates["facility_id"]
    shared = cells.isin(set(facility_ids)).to_numpy() & ~notes.marked("excluded")
    notes.say("id_in_both", "refused", shared, column="facility_id", values=cells.to_numpy(dtype=object))


# ------------------------------------------------------------------------------------------------------ plausibility


def say_residential(frame: pd.DataFrame, shapes: NDArray[np.object_] | None, notes: Notes) -> None:
    """Flag figures nobody would believe; they are kept, and seen.

    More than 20 000 households in one area, fewer than 1 or more than 1000 households a hectare of its polygon, fewer
    than 1.5 or more than 6 residents a household, more than 10 m² of care floor area a household, more than 70 % of
    residents aged 60 and over, parts larger than their whole, single empty cells among people.
    """
    live = ~notes.marked("excluded", "refused")
    households, residents, elderly = (frame[name].to_numpy() for name in ("households", "residents", "elderly"))
    _flag(notes, "households_implausible", live & (households > MAX_HOUSEHOLDS), "households", households)
    with np.errstate(divide="ignore", invalid="ignore"):
        area_ha = np.full(len(frame), np.nan) if shapes is None else shapely.area(shapes) / 10_000
        density = np.where((area_ha > 0) & (households > 0), households / area_ha, np.nan)
        persons = np.where((households > 0) & (residents > 0), residents / households, np.nan)
        care = np.where(households > 0, frame["care_floor_area_m2"].to_numpy() / households, np.nan)
    _flag(notes, "density_implausible", live & _beyond(density, HOUSEHOLDS_PER_HA), "households", density.round(1))
    _flag(notes, "persons_implausible", live & _beyond(persons, PERSONS_PER_HOUSEHOLD), "residents", persons.round(2))
    much = live & (care > MAX_CARE_M2_PER_HOUSEHOLD)
    _flag(notes, "care_area_implausible", much, "care_floor_area_m2", care.round(1))
    say_elderly(frame, notes)
    oldest = frame["elderly_80"]
    _flag(notes, "part_exceeds_whole", live & (oldest.to_numpy() > elderly), "elderly_80", oldest)
    for name in tables.WEIGHTS:
        empty = frame[name].isna().to_numpy()
        if not empty[live].all():
            notes.say("weight_missing", "flagged", live & empty, column=name)


def say_elderly(frame: pd.DataFrame, notes: Notes) -> None:
    """Flag areas or units with more people of 60 and over than people, or hardly anyone younger."""
    live = ~notes.marked("excluded", "refused")
    residents, elderly = frame["residents"].to_numpy(), frame["elderly"].to_numpy()
    _flag(notes, "part_exceeds_whole", live & (elderly > residents), "elderly", elderly)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(residents > 0, elderly / residents, np.nan)
    _flag(notes, "elderly_implausible", live & (share > MAX_ELDERLY_SHARE) & (share <= 1), "elderly", share.round(3))


def say_facilities(frame: pd.DataFrame, notes: Notes) -> None:
    """Flag more beds of a kind than beds, less than 8 or more than 300 m² a bed, and a closing before the opening."""
    live = ~notes.marked("excluded", "refused")
    beds, area = frame["beds"].to_numpy(), frame["floor_area_m2"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where((beds > 0) & (area > 0), area / beds, np.nan)
    _flag(notes, "bed_area_implausible", live & _beyond(each, M2_PER_BED), "beds", each.round(1))
    for name in ("nursing_beds", "occupied_beds"):
        _flag(notes, "part_exceeds_whole", live & (frame[name] > frame["beds"]).to_numpy(), name, frame[name])
    opened, closed = frame["opened"].fillna(""), frame["closed"].fillna("")
    digits = pd.concat([opened.str.len(), closed.str.len()], axis=1).min(axis=1)
    earlier = [
        bool(shut) and bool(start) and shut[:n] < start[:n]
        for start, shut, n in zip(opened, closed, digits, strict=True)
    ]
    _flag(notes, "closed_before_opened", live & np.array(earlier, dtype=bool), "closed", closed)


def _beyond(ratio: NDArray[np.float64], band: tuple[float, float]) -> Mask:
    low, high = band
    return np.asarray((ratio < low) | (ratio > high))


def _flag(notes: Notes, code: str, where: Mask, column: str, cells: Any) -> None:
    shown = np.full(len(where), "", dtype=object)
    shown[where] = [_short(cell) for cell in np.asarray(cells, dtype=object)[where]]
    notes.say(code, "flagged", where, column=column, values=shown)


def _short(cell: object) -> object:
    return f"{cell:g}" if isinstance(cell, float) and cell < 1e6 else f"{cell:.0f}" if isinstance(cell, float) else cell


# ------------------------------------------------------------------------------------------------------ whole tables


def say_empty(name: str, notes: Notes, *, needed: Mapping[str, str]) -> None:
    """Refuse (or warn of) a table of which no row is left; ``needed`` gives the code by table."""
    if name in needed and not (notes.outcomes() != "excluded").any() and not notes.marked("refused").any():
        notes.table_fault(needed[name], "warning" if name == "facilities" else "error")
