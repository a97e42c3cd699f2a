"""Room `planning.indicators`: measures that count units with the right facility in them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pandas as pd

from planning._indicators_scene import Scene, candidates_for
from planning._indicators_verdict import ZERO, Measure, exact, exempt, known, unknown
from planning.standards import Clause

PLAN = "plan"


def unit_coverage(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Share of the units with at least one qualifying facility inside (覆盖率 counts units, not people)."""
    counts = [_count(scene, clause, unit) for unit in scene.units_of(clause.unit_types)]
    if not counts:
        return {PLAN: unknown("units_missing")}
    sure = sum(count.low >= 1 for count in counts)
    possible = sum(count.high is None or count.high >= 1 for count in counts)
    reason = next((count.reason for count in counts if count.low < 1 and count.reason), "")
    return {PLAN: Measure(Fraction(sure, len(counts)), Fraction(possible, len(counts)), reason)}


def facility_count(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Qualifying facilities inside each unit; with a service radius in the plan, also what share it reaches."""
    counts = {unit: _count(scene, clause, unit) for unit in scene.units_of(clause.unit_types)}
    return counts or {PLAN: unknown("units_missing")}


def facility_size(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Floor area of the largest facility of the kind inside each unit; without one the clause asks nothing there."""
    sizes = {unit: _largest(clause, scene.inside(unit)) for unit in scene.units_of(clause.unit_types)}
    return sizes or {PLAN: unknown("units_missing")}


def county_institutions(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """County facilities in service inside each county, of the least grade where the clause names one.

    An ungraded institution has not reached any grade.
    """

    def count(unit: str) -> Measure:
        inside = scene.inside(unit)
        institutions = inside[inside["level"].isin(clause.levels)]
        graded = institutions["star"].fillna(0) >= (clause.least_star or 0)
        return known(int(graded.sum()))

    counts = {unit: count(unit) for unit in scene.units_of(clause.unit_types)}
    return counts or {PLAN: unknown("units_missing")}


def network_share(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Share of the units with a facility in service of their own level inside."""
    units = scene.units
    asked = scene.units_of(clause.unit_types)
    if units is None or not asked:
        return {PLAN: unknown("units_missing")}
    level = units.set_index("unit_id")["type"].replace("town", "street")
    served = sum(bool((scene.inside(unit)["level"] == level[unit]).any()) for unit in asked)
    return {PLAN: known(Fraction(served, len(asked)))}


def qualifying(scene: Scene, clause: Clause, facilities: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return the facilities that surely qualify, those that may, and why that is not known.

    A facility below the clause's size clause does not qualify; one of unknown size or kind may.
    """
    sure, unsure = candidates_for(clause, facilities)
    size = None if clause.size_clause is None else scene.standard.clause(clause.size_clause)
    if size is None or size.value is None:
        return sure, unsure, "kind_missing"
    sizes = sure["floor_area_m2"].map(exact)
    least = Fraction(size.value)
    fits = sizes.map(lambda area: area is not None and area >= least).astype(bool)
    open_sizes = sizes.isna()
    big = unsure["floor_area_m2"].map(lambda area: _may_reach(area, least)).astype(bool)
    maybe = pd.concat([sure[open_sizes], unsure[big]])
    return sure[fits], maybe, "floor_area_missing" if open_sizes.any() else "kind_missing"


def _may_reach(area: object, least: Fraction) -> bool:
    size = exact(area)
    return size is None or size >= least


def _count(scene: Scene, clause: Clause, unit: str) -> Measure:
    sure, maybe, reason = qualifying(scene, clause, scene.inside(unit))
    return Measure(Fraction(len(sure)), Fraction(len(sure) + len(maybe)), reason if len(maybe) else "")


def _largest(clause: Clause, facilities: pd.DataFrame) -> Measure:
    """Return the bounds of the largest floor area among the facilities of the clause's kind."""
    sure, unsure = candidates_for(clause, facilities)
    if sure.empty:
        return exempt("no_facility") if unsure.empty else unknown("kind_missing")
    sizes = [exact(area) for area in sure["floor_area_m2"]]
    others = [exact(area) for area in unsure["floor_area_m2"]]
    low = max((area for area in sizes if area is not None), default=ZERO)
    if None in sizes or None in others:
        return Measure(low, None, "floor_area_missing")
    high = max([low, *(area for area in others if area is not None)])
    return Measure(low, high, "kind_missing" if high > low else "")
