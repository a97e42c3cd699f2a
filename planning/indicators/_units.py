"""Room `planning.indicators`: measures that count units with the right facility in them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd

from planning.indicators._scene import Scene, of_levels_and_kinds
from planning.indicators._verdict import ZERO, Measure, exempt, known, unknown
from planning.standards import Clause
from planning.units import exact

PLAN: Final = "plan"


def unit_coverage(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Share of the units with at least one qualifying facility inside (覆盖率 counts units, not people)."""
    counts = list(_counts(scene, clause).values())
    if not counts:
        return {PLAN: unknown("units_missing")}
    sure = sum(count.low >= 1 for count in counts)
    possible = sum(count.high is None or count.high >= 1 for count in counts)
    reason = next((count.reason for count in counts if count.low < 1 and count.reason), "")
    return {PLAN: Measure(Fraction(sure, len(counts)), Fraction(possible, len(counts)), reason)}


def facility_count(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Qualifying facilities inside each unit."""
    return _counts(scene, clause) or {PLAN: unknown("units_missing")}


def facility_size(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Floor area of the largest facility of the kind inside each unit; without one the clause asks nothing there."""
    sure, maybe = of_levels_and_kinds(clause, scene.serving)
    area = scene.serving["floor_area_m2"]
    facts = pd.DataFrame({"sure": sure, "maybe": maybe, "open": (sure | maybe) & area.isna()})
    sums = scene.by_unit(facts, clause.unit_types)
    largest = scene.by_unit(
        pd.DataFrame({"sure": area.where(sure), "any": area.where(sure | maybe)}), clause.unit_types, how="max"
    )
    sizes = {unit: _largest(sums.loc[unit], largest.loc[unit]) for unit in sums.index}
    return sizes or {PLAN: unknown("units_missing")}


def county_institutions(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """County facilities in service inside each county, of the least grade where the clause names one.

    An ungraded institution has not reached any grade.
    """
    graded = scene.serving["star"].fillna(0) >= (clause.least_star or 0)
    institutions = scene.serving["level"].isin(clause.levels) & graded.astype(bool)
    found = scene.by_unit(pd.DataFrame({"institutions": institutions}), clause.unit_types)["institutions"]
    return {str(unit): known(int(count)) for unit, count in found.items()} or {PLAN: unknown("units_missing")}


def network_share(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Share of the units with a facility in service of their own level inside."""
    units = scene.units
    asked = scene.units_of(clause.unit_types)
    if units is None or not asked:
        return {PLAN: unknown("units_missing")}
    level = units.set_index("unit_id")["type"].replace("town", "street")
    pairs = scene.membership
    own = scene.serving["level"].to_numpy()[pairs["facility"]] == level.loc[pairs["unit_id"]].to_numpy()
    served = set(pairs.loc[own, "unit_id"]) & set(asked)
    return {PLAN: known(Fraction(len(served), len(asked)))}


def qualifying(scene: Scene, clause: Clause) -> pd.DataFrame:
    """Say of each facility in service whether it surely qualifies, or may for want of a size or a kind.

    A facility below the clause's size clause does not qualify. Columns ``sure, size_open, kind_open``.
    """
    sure, kind_open = of_levels_and_kinds(clause, scene.serving)
    size = None if clause.size_clause is None else scene.standard.clause(clause.size_clause)
    if size is None or size.value is None:
        return pd.DataFrame({"sure": sure, "size_open": False, "kind_open": kind_open})
    area, least = scene.serving["floor_area_m2"], Fraction(size.value)
    fits = np.array([(exact(value) or ZERO) >= least for value in area], dtype=bool)
    silent = area.isna().to_numpy()
    return pd.DataFrame({"sure": sure & fits, "size_open": sure & silent, "kind_open": kind_open & (fits | silent)})


def _counts(scene: Scene, clause: Clause) -> dict[str, Measure]:
    """Return the qualifying facilities of each unit: at least the sure ones, at most the open ones too."""
    sums = scene.by_unit(qualifying(scene, clause), clause.unit_types)
    found = {}
    for unit, sure, size_open, kind_open in sums.itertuples():
        reason = "floor_area_missing" if size_open else "kind_missing" if kind_open else ""
        found[str(unit)] = Measure(Fraction(int(sure)), Fraction(int(sure + size_open + kind_open)), reason)
    return found


def _largest(facts: pd.Series[float], largest: pd.Series[float]) -> Measure:
    """Return the bounds of the largest floor area among the facilities of the clause's kind."""
    if not facts["sure"]:
        return unknown("kind_missing") if facts["maybe"] else exempt("no_facility")
    low, high = exact(largest["sure"]) or ZERO, exact(largest["any"]) or ZERO
    if facts["open"]:
        return Measure(low, None, "floor_area_missing")
    return Measure(low, high, "kind_missing" if high > low else "")
