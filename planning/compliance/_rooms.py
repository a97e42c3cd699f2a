"""Room `planning.compliance`: whose room it is, and what of it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import lifecycle
from planning.compliance._countable import Countable
from planning.compliance._law import ZERO, Duty, Measure, Part, declared, room
from planning.units import exact

ONE: Final = Fraction(1)


class Subject(NamedTuple):
    """Who a square metre is credited to."""

    kind: Literal["residential", "pool"]
    id: str


@dataclass(frozen=True)
class Claim:
    """One subject of a facility: ``members`` are the areas whose duties weigh, ``alone`` the one area it is for.

    ``subject`` is None where the facility serves an id that is no area or pool of the tables.
    """

    subject: Subject | None
    members: tuple[str, ...] = ()
    alone: str | None = None


@dataclass(frozen=True)
class Terms:
    """Which floor area a document means, ``gross`` or ``usable`` or neither by name, for the rate and for one room.

    ``factor`` turns usable into gross area; None: an area given in the other terms is unknown.
    """

    rate: str
    room: str
    factor: Fraction | None

    def measure(self, area: object, kind: object, wanted: str) -> Measure:
        """Return a floor area in the terms ``wanted``; one whose kind is not stated is gross."""
        size = exact(area)
        if size is None:
            return Measure(None, "floor_area_missing")
        given = "usable" if kind == "usable" else "gross"
        if wanted not in ("gross", "usable") or wanted == given:
            return Measure(size)
        if self.factor is None:
            return Measure(None, f"{given}_area")
        return Measure(size * self.factor if given == "usable" else size / self.factor)


@dataclass(frozen=True)
class Unit:
    """A facility as the quota sees it; ``reason`` says why it counts today or does not.

    ``doubt`` says why it is open whether a room of known size may count at all.
    """

    facility_id: str
    area: Measure
    room: Measure
    reason: str
    today: bool
    on_paper: bool
    claims: tuple[Claim, ...]
    doubt: str = ""

    @property
    def counted_area(self) -> Measure:
        """Return the floor area that counts."""
        return Measure(None, self.doubt) if self.doubt else self.area

    @property
    def counted_room(self) -> Measure:
        """Return the size of the room as the single minimum counts it."""
        return Measure(None, self.doubt) if self.doubt else self.room


@dataclass(frozen=True)
class Declared:
    """Rooms an area states itself; ``replaced`` where a facility row describes them, ``doubt`` as for a facility."""

    area: Measure
    rooms: Measure
    largest_m2: Fraction | None
    replaced: bool
    doubt: str = ""

    @property
    def counted_area(self) -> Measure:
        """Return the floor area that counts; no room at all leaves nothing open."""
        return Measure(None, self.doubt) if self.doubt and self.area.m2 != ZERO else self.area

    @property
    def counted_rooms(self) -> Measure:
        """Return the floor area as the single minimum counts it."""
        return Measure(None, self.doubt) if self.doubt and self.rooms.m2 != ZERO else self.rooms


@dataclass(frozen=True)
class Roster:
    """The areas and pools of a plan: who is in which pool, and in which order they stand."""

    areas: tuple[str, ...]
    pool_of: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    incomplete: frozenset[str] = frozenset()

    @classmethod
    def of(cls, areas: Iterable[str], pool_of: Mapping[str, str], incomplete: frozenset[str] = frozenset()) -> Roster:
        """Build the roster from area ids, the pool of each that has one, and the pools that lack a member."""
        members: dict[str, tuple[str, ...]] = {}
        for area, pool in sorted(pool_of.items(), key=lambda pair: (pair[1], pair[0])):
            members[pool] = (*members.get(pool, ()), area)
        return cls(tuple(areas), pool_of, members, incomplete)

    def subject(self, area: str) -> Subject:
        """Return who is credited with what is credited to ``area``: its pool, or itself."""
        return Subject("pool", self.pool_of[area]) if area in self.pool_of else Subject("residential", area)


def units(
    facilities: pd.DataFrame,
    inside: pd.Series[str],
    roster: Roster,
    as_of: date,
    *,
    terms: Terms,
    countable: Countable,
) -> tuple[Unit, ...]:
    """Return the facilities by id, with their subjects and what counts.

    Parameters
    ----------
    facilities
        Canonical facilities without candidates.
    inside
        The area whose polygon contains each, aligned with ``facilities``.
    roster
        Areas and pools.
    as_of
        The day service is judged on.
    terms
        Which floor area the document means.
    countable
        What the plan asks of a room.
    """
    states = lifecycle.service_state(facilities, as_of)
    counts = lifecycle.counts_for_quota(facilities)
    promised = lifecycle.on_paper(facilities, as_of)
    known = set(roster.areas)
    found = []
    rows = facilities[["facility_id", "serves"]].itertuples(index=False)
    sizes = measure(facilities, terms, countable)
    for (name, serves), home, state, counted, paper, size in zip(
        rows, inside, states, counts, promised, sizes, strict=True
    ):
        claims = _claims(serves, home, roster, known)
        why = "not_for_quota" if not counted else "nowhere" if not claims else size.shut or state
        standing = counted and bool(claims) and not size.shut
        found.append(
            Unit(name, size.area, size.room, why, why == "in_service", standing and bool(paper), claims, size.doubt)
        )
    return tuple(sorted(found, key=lambda unit: unit.facility_id))


class Size(NamedTuple):
    """A facility's floor area and room as the document means them, what shuts it out, what leaves that open."""

    area: Measure
    room: Measure
    shut: str
    doubt: str


def measure(facilities: pd.DataFrame, terms: Terms, countable: Countable) -> list[Size]:
    """Return the size of each facility, in their order."""
    columns = ["floor_area_m2", "area_type", "storey", "own_entrance", "accessible"]
    return [
        Size(
            terms.measure(area, kind, terms.rate),
            terms.measure(area, kind, terms.room),
            *countable.judge(storey, own_entrance, accessible),
        )
        for area, kind, storey, own_entrance, accessible in facilities[columns].itertuples(index=False)
    ]


def containing(facilities: pd.DataFrame, residential: pd.DataFrame) -> pd.Series[str]:
    """Return the area whose polygon contains each facility (its representative point); of several the smaller id."""
    if not (isinstance(facilities, gpd.GeoDataFrame) and isinstance(residential, gpd.GeoDataFrame)):
        return pd.Series(np.nan, index=facilities.index).astype("str")
    polygons = residential[residential.geom_type.isin(["Polygon", "MultiPolygon"])]
    points = facilities.geometry.representative_point()
    row, place = polygons.sindex.query(points, predicate="intersects")
    areas = polygons["residential_id"].iloc[place].set_axis(pd.Index(row))
    first = areas.groupby(level=0).min().reindex(range(len(facilities)))
    named: pd.Series[str] = first.set_axis(facilities.index).astype("str")
    return named


def declarations(
    residential: pd.DataFrame,
    facilities: pd.DataFrame,
    inside: pd.Series[str],
    *,
    terms: Terms,
    countable: Countable,
) -> dict[str, Declared]:
    """Return what areas state themselves; any facility row of the quota inside an area or serving it replaces it.

    Such a statement says nothing of storeys and doors: where the plan asks for them, it is open whether it counts.
    """
    quota = lifecycle.counts_for_quota(facilities).to_numpy()
    served = facilities.loc[quota, "serves"].dropna().str.split(";").explode().str.strip()
    described = {*served, *inside[quota].dropna()}
    stated = residential[residential["care_floor_area_m2"].notna()]
    return {
        name: Declared(
            terms.measure(total, "gross", terms.rate),
            terms.measure(total, "gross", terms.room),
            terms.measure(largest, "gross", terms.room).m2,
            name in described,
            "room_not_described" if countable.asks else "",
        )
        for name, total, largest in zip(
            stated["residential_id"], stated["care_floor_area_m2"], stated["largest_unit_m2"], strict=True
        )
    }


def share_out(unit: Unit, duties: Mapping[str, Duty]) -> tuple[Fraction | None, ...]:
    """Return each claim's share in a unit: in proportion to what is owed; None where that cannot be said.

    One subject has the whole. Where nobody owes anything, nobody is credited.
    """
    if len(unit.claims) == 1 and unit.claims[0].subject is not None:
        return (ONE,)
    weights = [_weight(claim, duties) for claim in unit.claims]
    total = sum((weight for weight in weights if weight is not None), ZERO)
    if None in weights:
        return (None,) * len(weights)
    return tuple(weight / total if total else ZERO for weight in weights if weight is not None)


def part_of(unit: Unit, share: Fraction | None) -> Part:
    """Return what a unit counts for a subject with ``share`` in it."""
    return room(unit.counted_area, unit.counted_room, share)


def declared_part(stated: Declared) -> Part:
    """Return what an area's own statement counts."""
    return declared(stated.counted_area, stated.counted_rooms, stated.largest_m2)


def _claims(serves: object, home: object, roster: Roster, known: set[str]) -> tuple[Claim, ...]:
    """Return the subjects a facility is credited to: those it serves, else the area it stands in, else none."""
    names = [] if pd.isna(serves) else sorted({name.strip() for name in str(serves).split(";")} - {""})  # type: ignore[call-overload]
    if not names:
        names = [] if pd.isna(home) else [str(home)]  # type: ignore[call-overload]
    alone = names[0] if len(names) == 1 and names[0] in known else None
    weighing: dict[Subject | None, set[str]] = {}
    for name in names:
        if name in roster.members:
            weighing.setdefault(Subject("pool", name), set()).update(roster.members[name])
        elif name in known:
            weighing.setdefault(roster.subject(name), set()).add(name)
        else:
            weighing.setdefault(None, set())
    if len(weighing) > 1 and any(one is not None and one.id in roster.incomplete for one in weighing):
        weighing.setdefault(None, set())  # how much a pool without one of its members would weigh, nobody can say
    return tuple(
        Claim(subject, tuple(sorted(members)), alone)
        for subject, members in sorted(weighing.items(), key=lambda pair: pair[0] or Subject("residential", ""))
    )


def _weight(claim: Claim, duties: Mapping[str, Duty]) -> Fraction | None:
    weights = [duties[name].weight for name in claim.members]
    if claim.subject is None or None in weights:
        return None
    return sum((weight for weight in weights if weight is not None), ZERO)
