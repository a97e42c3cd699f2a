"""Room `planning.remedies`: what could be used: rooms out of service, rooms without a charge, candidate sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import lifecycle

BY_STATUS: Final[Mapping[str, str]] = {
    "idle": "return_idle",
    "diverted": "return_diverted",
    "accepted": "hand_over",
    "building": "complete",
    "planned": "build",
}
NEW_SITE: Final = "new_site"
ASSIGN: Final = "assign"
_SAME_PLACE_M: Final = 1.0


@dataclass(frozen=True)
class Offer:
    """Something that could be used, for ``subject`` alone or (None) for whoever is near enough.

    ``area_m2`` is what it adds, of which the subject gets ``share``; ``room_m2`` is the size of the unit that then
    stands there. ``charged`` says that somebody must name whom it serves; ``enlarges`` names the room it adds to.
    """

    facility_id: str
    measure: str
    area_m2: Fraction
    room_m2: Fraction
    share: Fraction
    cost: float
    subject: str | None
    charged: bool
    notes: tuple[str, ...] = ()
    enlarges: str | None = None


def available(facilities: pd.DataFrame) -> pd.DataFrame:
    """Return facilities and candidates with the floor area that a remedy could use as ``floor_area_m2``.

    A candidate's is ``max_floor_area_m2``; of an extension only what is added to the floor area there now (of the
    facility at the same place, where the row does not say), missing where that is not known.
    """
    candidate = facilities["status"] == "candidate"
    whole = facilities["floor_area_m2"].where(~candidate, facilities["max_floor_area_m2"])
    extension = candidate & (facilities["source"] == "extension")
    there = facilities["floor_area_m2"].fillna(_floor_area_there(facilities, extension))
    added = [
        float(Fraction(str(most)) - Fraction(str(now))) if most > now else np.nan
        for most, now in zip(whole[extension], there[extension], strict=True)
    ]
    return facilities.assign(floor_area_m2=whole.mask(extension, pd.Series(added, whole.index[extension], dtype=float)))


def offers(
    facilities: gpd.GeoDataFrame,
    sizes: pd.DataFrame,
    rooms: pd.DataFrame,
    as_of: date,
    *,
    taken: Iterable[str] = (),
) -> tuple[Offer, ...]:
    """Return everything that could be used to close a gap, by facility id and subject.

    Parameters
    ----------
    facilities
        Canonical facilities and candidates, by any index.
    sizes
        `planning.compliance.measure` of `available` facilities, on the same index.
    rooms
        `planning.compliance.Assessment.rooms`.
    as_of
        The day service is judged on: what would not be open on it is no way.
    taken
        Candidates that are spoken for.
    """
    table = pd.DataFrame(facilities).assign(area_m2=sizes["area_m2"], room_m2=sizes["room_m2"])
    by_id = table.assign(opens=_would_open(table, as_of), quota=lifecycle.counts_for_quota(table)).set_index(
        "facility_id", drop=False
    )
    known = by_id[by_id["area_m2"].notna()]
    extended = hosts(facilities)
    candidates = known[(known["status"] == "candidate") & ~known["facility_id"].isin(list(taken))]
    found = [
        *_existing(known, rooms),
        *_candidates(candidates, extended),
        *_extensions(candidates, extended, rooms, by_id),
    ]
    return tuple(sorted(found, key=lambda offer: (offer.facility_id, offer.subject or "", offer.measure)))


def _would_open(table: pd.DataFrame, as_of: date) -> pd.Series[bool]:
    """Say which facilities would serve on the day if their status were operating."""
    return lifecycle.in_service(table.assign(status="operating"), as_of)


def _existing(known: pd.DataFrame, rooms: pd.DataFrame) -> Iterator[Offer]:
    """Yield rooms that would count for their subject but for their status, and rooms that serve nobody yet."""
    facts = known[known["opens"] & known["quota"]].to_dict("index")
    described = rooms[rooms["facility_id"].isin(list(facts))]
    for room in described.to_dict("records"):
        row = facts[room["facility_id"]]
        measure = BY_STATUS.get(row["status"])
        if room["reason"] == "status" and measure is not None and room["share"] > 0:
            yield _offer(row, measure, subject=_subject(room), share=_at_least(room["share"]))
        elif room["reason"] == "nowhere":
            notes = ("name_whom_it_serves",)
            in_service = pd.isna(row["status"]) or row["status"] in ("operating", "handed_over")
            if in_service or measure is not None:
                yield _offer(row, ASSIGN if in_service else str(measure), charged=True, notes=notes)


def _candidates(candidates: pd.DataFrame, extended: Mapping[str, str]) -> Iterator[Offer]:
    """Yield sites that could hold a unit; what a site is meant for may be changed, unless it is shut out."""
    usable = candidates[
        (candidates["role"] != "forbidden").fillna(value=True)
        & candidates["counts_for_quota"].fillna(value=True).astype(bool)
        & ~candidates["facility_id"].isin(list(extended))
    ]
    for row in usable.to_dict("records"):
        measure = NEW_SITE if pd.isna(row["source"]) else row["source"]
        notes = () if row["quota"] else ("level_to_change",)
        named = [None] if pd.isna(row["serves"]) else [name.strip() for name in row["serves"].split(";")]
        for subject in named:
            yield _offer(row, measure, subject=subject, charged=True, notes=notes)


def _extensions(
    candidates: pd.DataFrame, extended: Mapping[str, str], rooms: pd.DataFrame, by_id: pd.DataFrame
) -> Iterator[Offer]:
    """Yield extensions of rooms that count already, for those they count for."""
    counted = rooms[rooms["counted"] & rooms["facility_id"].isin(list(extended.values())) & (rooms["share"] > 0)]
    rows_by_id = by_id.to_dict("index")
    for row in candidates[candidates["facility_id"].isin(list(extended))].to_dict("records"):
        host = rows_by_id[extended[row["facility_id"]]]
        if row["role"] == "forbidden" or host["room_m2"] is None:
            continue
        for room in counted[counted["facility_id"] == host["facility_id"]].to_dict("records"):
            offer = _offer(row, "extension", subject=_subject(room), share=_at_least(room["share"]))
            yield Offer(**{**vars(offer), "room_m2": offer.room_m2 + host["room_m2"], "enlarges": host["facility_id"]})


def _offer(
    row: Mapping[Any, Any],
    measure: str,
    *,
    subject: str | None = None,
    share: Fraction = Fraction(1),
    charged: bool = False,
    notes: tuple[str, ...] = (),
) -> Offer:
    cost = row["cost"] if row["status"] == "candidate" else np.nan
    sizes = row["area_m2"], row["room_m2"]
    return Offer(row["facility_id"], measure, *sizes, share, float(cost), subject, charged, notes)


def _subject(room: Mapping[Any, Any]) -> str:
    return str(room["residential_id"] if pd.isna(room["pool_id"]) else room["pool_id"])


def _at_least(share: float) -> Fraction:
    """Return a share as written; one of sixteen digits is a rounded one, and a little less is taken for it."""
    written = Fraction(repr(float(share)))
    return written if len(repr(float(share))) < 16 else written - Fraction(1, 10**15)


def hosts(facilities: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the facility that each extension adds to: the one at the same place, of several the smallest id."""
    extensions = facilities[(facilities["status"] == "candidate") & (facilities["source"] == "extension")]
    standing = facilities[facilities["status"] != "candidate"].sort_values("facility_id")
    tree = shapely.STRtree(standing.representative_point().to_numpy())
    row, host = tree.query(extensions.geometry.to_numpy(), predicate="dwithin", distance=_SAME_PLACE_M)
    pairs = pd.Series(host, index=extensions["facility_id"].to_numpy()[row]).groupby(level=0).min()
    return {str(name): str(standing["facility_id"].iloc[place]) for name, place in pairs.items()}


def _floor_area_there(facilities: gpd.GeoDataFrame | pd.DataFrame, extension: pd.Series[bool]) -> pd.Series[float]:
    """Return, for each extension, the floor area of the facility it adds to."""
    found = hosts(gpd.GeoDataFrame(facilities)) if extension.any() else {}
    area = facilities.set_index("facility_id")["floor_area_m2"]
    return facilities["facility_id"].map({name: area[host] for name, host in found.items()}).astype(float)
