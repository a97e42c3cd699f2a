"""Room `planning.remedies`: the ways that suffice, for each subject that fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.remedies._offers import ASSIGN, BY_STATUS, Offer
from planning.remedies._pools import ZERO, least_unit_m2

COLUMNS: Final[Mapping[str, str]] = {
    "residential_id": "str",
    "pool_id": "str",
    "missing_m2": "float64",
    "least_unit_m2": "float64",
    "rank": "int64",
    "step": "int64",
    "measure": "str",
    "facility_id": "str",
    "floor_area_m2": "float64",
    "needed_m2": "float64",
    "distance_m": "float64",
    "cost": "float64",
    "reason": "str",
}
MOST_SHOWN: Final = 5
MOST_IN_COMBINATION: Final = 3
MOST_COMBINED: Final = 12
MOST_WEIGHED: Final = 40
JOIN_POOL: Final = "join_pool"
_STANDING: Final = (*BY_STATUS.values(), ASSIGN)
NONE: Final = "none"


@dataclass(frozen=True)
class Way:
    """An offer as one subject sees it; ``credit_m2`` is what the subject gets of it."""

    offer: Offer
    credit_m2: Fraction
    distance_m: float
    notes: tuple[str, ...]

    @property
    def order(self) -> tuple[float, float, str]:
        """Return what ways are ordered by: cost, then distance, then id; what is unknown comes last."""
        return _last(self.offer.cost), _last(self.distance_m), self.offer.facility_id


def find(
    subjects: pd.DataFrame,
    available: Sequence[Offer],
    reach: pd.DataFrame,
    rooms: pd.DataFrame,
    *,
    radius_m: float,
    joinable: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """List ways to close the gap of each subject that fails.

    Parameters
    ----------
    subjects
        `planning.compliance.Assessment.subjects`.
    available
        From `offers`.
    reach
        ``facility_id, demand_id, distance_m``, walks at least up to the radius.
    rooms
        `planning.compliance.Assessment.rooms`.
    radius_m
        How far a site or a room without a charge may be, inclusive. A room that would count by what it serves or
        where it stands counts at any distance, as the law has it.
    joinable
        For areas that a suggested pool would make meet as it stands, the pool's id.

    Returns
    -------
    DataFrame
        `COLUMNS`, by subject, rank and step. Rows of one rank are steps of one way: single measures, at most
        `MOST_SHOWN`, by cost (unknown last), distance and id; before them, where it costs less than any of them, the
        cheapest combination of two or three measures of known cost, of the `MOST_WEIGHED` cheapest. Where none
        suffices, that combination, then those of two, else of three, of the `MOST_COMBINED` measures that give most,
        the cheapest first (unknown cost last, then the shorter longest walk, then ids). ``missing_m2`` is the
        shortfall, ``least_unit_m2`` what one new unit must have, ``needed_m2`` what is needed of a site, both rounded
        up to 0.01 m². A subject without a way has one row, measure ``none``, and the reason.
        Reasons are codes joined by ``;``, with sentences under ``remedies.reason``.
    """
    near = _near(reach, radius_m)
    own = rooms["facility_id"].isna() & rooms["pool_id"].isna() & rooms["counted"] & (rooms["floor_area_m2"] != 0)
    stated = set(rooms.loc[own, "residential_id"])
    rows = [
        row
        for subject in subjects[subjects["verdict"] == "fails"].to_dict("records")
        for row in _rows(subject, _ways(subject, available, near, stated), (joinable or {}).get(subject["subject_id"]))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict(COLUMNS))


def _near(reach: pd.DataFrame, radius_m: float) -> dict[str, dict[str, float]]:
    """Return, by area, the facilities within the radius with their distance."""
    found: dict[str, dict[str, float]] = {}
    inside = reach[reach["distance_m"] <= radius_m]
    for facility, area, metres in inside[["facility_id", "demand_id", "distance_m"]].itertuples(index=False):
        found.setdefault(area, {})[facility] = metres
    return found


def _ways(
    subject: Mapping[Any, Any], available: Sequence[Offer], near: Mapping[str, Mapping[str, float]], stated: set[str]
) -> list[Way]:
    """Return what could help one subject, best first."""
    name, members = subject["subject_id"], subject["members"]
    walks: dict[str, float] = {}
    for member in members:
        for facility, metres in near.get(member, {}).items():
            walks[facility] = min(metres, walks.get(facility, math.inf))
    ways = []
    for offer in available:
        mine = offer.subject == name or (offer.subject in members if offer.charged else False)
        if not (mine or (offer.subject is None and offer.facility_id in walks)):
            continue
        if offer.charged and offer.facility_id not in walks:
            continue
        if offer.measure not in _STANDING and not _reaches(subject, offer.room_m2):
            continue
        restates = offer.charged and name in stated
        notes = (*offer.notes, "restate_rooms") if restates else offer.notes
        ways.append(Way(offer, offer.area_m2 * offer.share, walks.get(offer.facility_id, math.nan), notes))
    return sorted(ways, key=lambda way: way.order)


def _rows(subject: Mapping[Any, Any], ways: Sequence[Way], pool: str | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of one subject: the pool it could join, single measures, else combinations, else why none."""
    head = _head(subject)
    found = _found(subject, ways)
    if pool is not None:
        yield head | {"rank": 1, "step": 1, "measure": JOIN_POOL, "facility_id": pool, "reason": "pool_meets_as_it_is"}
    for rank, group in enumerate(found[:MOST_SHOWN], 1 + (pool is not None)):
        for step, way in enumerate(group, 1):
            yield head | {"rank": rank, "step": step} | _row(way, subject, alone=len(group) == 1)
    if pool is None and not found:
        yield head | {"rank": 1, "step": 1, "measure": NONE, "reason": _why_none(subject, ways)}


def _head(subject: Mapping[Any, Any]) -> dict[str, Any]:
    pooled = subject["subject_kind"] == "pool"
    stands_alone = not pooled and not subject["each_room"]
    required = max(subject["need_m2"], (subject["minimum_m2"] or ZERO) if stands_alone else ZERO)
    return {
        "residential_id": np.nan if pooled else subject["subject_id"],
        "pool_id": subject["subject_id"] if pooled else np.nan,
        "missing_m2": float(max(required - subject["known_m2"], ZERO)),
        "least_unit_m2": float(_up(least_unit_m2(subject))),
    }


def _row(way: Way, subject: Mapping[Any, Any], *, alone: bool) -> dict[str, Any]:
    offer = way.offer
    return {
        "measure": offer.measure,
        "facility_id": offer.facility_id,
        "floor_area_m2": float(offer.area_m2),
        "needed_m2": float(_needed(way, subject)) if alone else float(offer.area_m2),
        "distance_m": way.distance_m,
        "cost": offer.cost,
        "reason": ";".join((offer.measure, *way.notes)),
    }


def _needed(way: Way, subject: Mapping[Any, Any]) -> Fraction:
    """Return how much of a site is needed; a room that stands is needed as it is."""
    strict = subject["above_need"] or subject["above_minimum"]
    if not way.offer.charged or way.offer.measure in _STANDING or strict:
        return way.offer.area_m2
    return min(_up(least_unit_m2(subject)), way.offer.area_m2)


def _up(area_m2: Fraction) -> Fraction:
    """Return a floor area to the hundredth of a square metre, rounded up: a little less would not do."""
    return Fraction(math.ceil(area_m2 * 100), 100)


def _suffices(subject: Mapping[Any, Any], ways: Sequence[Way]) -> bool:
    """Say whether a subject meets once all of ``ways`` are taken."""
    total = sum((way.credit_m2 for way in ways), subject["known_m2"])
    need = subject["need_m2"]
    if not (total > need if subject["above_need"] else total >= need):
        return False
    reaches = [_reaches(subject, way.offer.room_m2) for way in ways]
    if subject["each_room"]:
        return all(reaches) and not _small_room(subject)
    return any(reaches) or _reaches(subject, subject["room_m2"] or ZERO)


def _reaches(subject: Mapping[Any, Any], room_m2: Fraction) -> bool:
    """Say whether a room of that size reaches the single minimum, if there is one."""
    minimum = subject["minimum_m2"]
    if minimum is None:
        return True
    return bool(room_m2 > minimum if subject["above_minimum"] else room_m2 >= minimum)


def _small_room(subject: Mapping[Any, Any]) -> bool:
    """Say whether a room that stands is below the single minimum, or cannot be shown to reach it."""
    if subject["room_m2"] is None:
        return subject["minimum_m2"] is not None and subject["known_m2"] > 0
    return not _reaches(subject, subject["room_m2"])


def _found(subject: Mapping[Any, Any], ways: Sequence[Way]) -> list[tuple[Way, ...]]:
    """Return what suffices, cheapest first: a cheaper combination, single measures; combinations where none does."""
    singles: list[tuple[Way, ...]] = [(way,) for way in ways if _suffices(subject, (way,))]
    cheapest = _cheapest(subject, ways, below=min((_last(way.offer.cost) for way, *_ in singles), default=math.inf))
    if singles:
        return [cheapest, *singles] if cheapest else singles
    others = [group for group in _combined(subject, ways) if group != cheapest]
    return [cheapest, *others] if cheapest else others


def _cheapest(subject: Mapping[Any, Any], ways: Sequence[Way], *, below: float) -> tuple[Way, ...]:
    """Return the cheapest combination of two or three measures of known cost that costs less; empty if there is none.

    Of several at one cost that of fewer measures, then the first in the order of ways.
    """
    known = [way for way in ways if way.offer.cost < below][:MOST_WEIGHED]
    best: tuple[Way, ...] = ()
    for count in range(2, MOST_IN_COMBINATION + 1):
        for group in combinations(known, count):
            cost = math.fsum(way.offer.cost for way in group)
            if cost < below and _distinct(group) and _suffices(subject, group):
                best, below = group, cost
    return best


def _combined(subject: Mapping[Any, Any], ways: Sequence[Way]) -> list[tuple[Way, ...]]:
    """Return combinations that suffice, as few measures as possible, cheapest first."""
    most = sorted(ways, key=lambda way: (-way.credit_m2, way.order))[:MOST_COMBINED]
    for count in range(2, MOST_IN_COMBINATION + 1):
        groups = [tuple(sorted(group, key=lambda way: way.order)) for group in combinations(most, count)]
        found = [group for group in groups if _distinct(group) and _suffices(subject, group)]
        if found:
            return sorted(found, key=_order_of_group)
    return []


def _distinct(group: Sequence[Way]) -> bool:
    """Say whether no place is used twice."""
    names = [way.offer.facility_id for way in group]
    return len(set(names)) == len(names)


def _order_of_group(group: Sequence[Way]) -> tuple[float, float, tuple[str, ...]]:
    cost = math.fsum(way.offer.cost for way in group)
    walk_m = max(_last(way.distance_m) for way in group)
    return _last(cost), walk_m, tuple(way.offer.facility_id for way in group)


def _why_none(subject: Mapping[Any, Any], ways: Sequence[Way]) -> str:
    if subject["each_room"] and _small_room(subject):
        return "small_room_stands"
    return "too_small" if ways else "nothing_in_reach"


def _last(value: float) -> float:
    return math.inf if math.isnan(value) else value
