"""Who owes what floor area and is short of how much, exact, and how the rule shares a common room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning.compliance import Assessment
from planning.standards import MINIMUM, RATE
from planning.study.records import StudyInputs
from planning.units import exact

HUNDREDTH: Final = Fraction(1, 100)


@dataclass(frozen=True, eq=False)
class Owed:
    """Subjects of the floor-area rule: areas that stand alone, and pools.

    Attributes
    ----------
    needs : Series
        Shortfall by subject in exact m²; 0 where nothing is short or it cannot be said what is.
    assessable : frozenset
        Subjects whose shortfall is known.
    weight : mapping
        What each area owes by itself, by which a common room is shared; None where it cannot be said.
    """

    needs: pd.Series[Any]
    assessable: frozenset[str]
    weight: Mapping[str, Fraction | None]
    pool_of: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    minimum: Mapping[str, tuple[Fraction | None, bool]]
    incomplete: frozenset[str]

    def subject(self, area: str) -> str:
        """Return who is credited with what is credited to ``area``: its pool, or itself."""
        return self.pool_of.get(area, area)

    def is_short(self, area: str) -> bool:
        """Say whether an area owes something and it, or its pool, is short."""
        return bool(self.weight.get(area)) and self.needs[self.subject(area)] > 0

    def fits(self, area: str, room_m2: Fraction | None) -> bool:
        """Say whether a room of that size reaches the single minimum asked for an area."""
        return room_m2 is not None and room_m2 >= self.least_room_m2([self.subject(area)])

    def least_room_m2(self, subjects: Iterable[str]) -> Fraction:
        """Return the size of a room that reaches the single minimum of all ``subjects``; 0 where none has one."""
        found = [self.minimum[one] for one in subjects]
        sizes = [least + (HUNDREDTH if above else 0) for least, above in found if least is not None]
        return max(sizes, default=Fraction(0))

    def shares(self, names: Iterable[str]) -> tuple[dict[str, Fraction], str]:
        """Return each subject's share in a room for ``names`` (areas and pools), and why that is unknown.

        One subject has the whole; several share by what they owe; where nobody owes anything nobody is credited.
        """
        listed: dict[str, set[str]] = {}
        for name in names:
            if name not in self.members and name not in self.weight:
                return {}, "serves_unknown"
            listed.setdefault(self.subject(name), set()).update(self.members.get(name, (name,)))
        if len(listed) == 1:
            return dict.fromkeys(listed, Fraction(1)), ""
        weights = {subject: [self.weight[area] for area in areas] for subject, areas in listed.items()}
        if any(None in each for each in weights.values()) or self.incomplete & set(listed):
            return {}, "share_unknown"
        sums = {subject: sum((one for one in each if one), Fraction(0)) for subject, each in weights.items()}
        total = sum(sums.values(), Fraction(0))
        return ({subject: part / total for subject, part in sums.items() if part} if total else {}), ""

    def left(self, after: Assessment) -> Fraction | None:
        """Return what the assessable subjects are short of under another assessment; None where one cannot be told."""
        short = _short(after, self.pool_of)
        found = [short.get(subject) for subject in sorted(self.assessable)]
        return None if None in found else sum((one for one in found if one is not None), Fraction(0))


def owed(assessment: Assessment, inputs: StudyInputs) -> Owed:
    """Return who owes what and is short of how much, from an assessment."""
    table, subjects = assessment.residential, assessment.subjects
    pool_of = {str(area): str(pool) for area, pool in table["pool_id"].dropna().items()}
    short = {name: m2 for name, m2 in _short(assessment, pool_of).items() if m2 is not None}
    ids = subjects["subject_id"].tolist()
    pools = subjects[subjects["subject_kind"] == "pool"]
    alone = subjects[subjects["subject_kind"] == "residential"].set_index("subject_id")["need_m2"]
    return Owed(
        needs=pd.Series({name: short.get(name, Fraction(0)) for name in ids}, dtype=object),
        assessable=frozenset(short),
        weight=_weights(table, alone, same_rate=_same_for_both(inputs)),
        pool_of=pool_of,
        members=dict(zip(pools["subject_id"], pools["members"], strict=True)),
        minimum={
            name: (least, bool(above))
            for name, least, above in zip(ids, subjects["minimum_m2"], subjects["above_minimum"], strict=True)
        },
        incomplete=frozenset(pools.loc[pools["reason"] == "member_left_out", "subject_id"]),
    )


def _short(assessment: Assessment, pool_of: Mapping[str, str]) -> dict[str, Fraction | None]:
    """Return the shortfall of each subject, exact; None where it is in no sum."""
    found: dict[str, Fraction | None] = {}
    for area, m2 in assessment.accounts["shortfall_m2"].items():
        subject = pool_of.get(str(area), str(area))
        before = found.get(subject, Fraction(0))
        found[subject] = None if m2 is None or before is None else before + m2
    return found


def _weights(table: pd.DataFrame, alone: pd.Series[Any], *, same_rate: bool) -> dict[str, Fraction | None]:
    """Return what each area owes by itself; None where it cannot be said, or differs between new and existing."""
    weight: dict[str, Fraction | None] = {}
    rows = zip(table.index, table["verdict"], table["built_used"], table["required_m2"], strict=True)
    for name, verdict, built, required in rows:
        if verdict == "not_applicable":
            weight[name] = Fraction(0)
        elif pd.isna(built) and not same_rate:
            weight[name] = None
        else:
            weight[name] = alone[name] if name in alone.index else exact(required)
    return weight


def _same_for_both(inputs: StudyInputs) -> bool:
    """Say whether new and existing areas owe the same."""
    rules = [
        [
            (one.metric, one.value, one.basis, one.setting, one.households_from, one.households_below)
            for metric in (RATE, MINIMUM)
            for one in inputs.standard.owed(metric, built)
        ]
        for built in ("new", "existing")
    ]
    return rules[0] == rules[1]


def areas_around(facilities: gpd.GeoDataFrame, residential: gpd.GeoDataFrame) -> pd.Series[Any]:
    """Return the area whose polygon contains each facility (its representative point); of several the smaller id."""
    polygons = residential[residential.geom_type.isin(["Polygon", "MultiPolygon"])]
    row, place = polygons.sindex.query(facilities.geometry.representative_point(), predicate="intersects")
    first = pd.Series(polygons["residential_id"].to_numpy()[place], index=row, dtype="str").groupby(level=0).min()
    return first.reindex(range(len(facilities))).set_axis(facilities.index)
