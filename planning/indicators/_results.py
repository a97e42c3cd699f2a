"""Room `planning.indicators`: measures taken from what other rooms found out: compliance, coverage, pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from planning.indicators._scene import Scene
from planning.indicators._units import PLAN, facility_count, qualifying
from planning.indicators._verdict import ONE, ZERO, Measure, exempt, known, total, unknown
from planning.standards import RATE, Clause
from planning.units import exact

RADIUS_SWITCH: Final = "service_radius_m"


def compliance_share(scene: Scene, _clause: Clause) -> Mapping[str, Measure]:
    """Residential areas that meet, in those that meet or fail; an area of unknown verdict may be either."""
    found = scene.compliance
    if found is None:
        return {PLAN: unknown("compliance_missing")}
    meets, fails, silent = (int(found[word]) for word in ("meets", "fails", "not_assessable"))
    if meets + fails == 0:
        return {PLAN: unknown("areas_not_assessable") if silent else exempt("no_area_owes")}
    areas = meets + fails + silent
    reason = "areas_not_assessable" if silent else ""
    bounds = Fraction(meets, areas), Fraction(meets + silent, areas)
    return {PLAN: Measure(*bounds, reason, shown=Fraction(meets, meets + fails))}


def existing_gap(scene: Scene, _clause: Clause) -> Mapping[str, Measure]:
    """Floor area still lacking in existing areas, in m²: the shortfalls under the rate of existing areas, summed."""
    rates = {clause.id for clause in scene.standard.owed(RATE, "existing")}
    if not rates or scene.findings is None or scene.compliance is None:
        return {PLAN: unknown("compliance_missing")}
    ids = scene.findings["clause_id"].str.split(";").map(set)
    rows = scene.findings[ids.map(lambda of_row: bool(of_row & rates)).astype(bool)]
    alone = (
        ids.loc[rows.index].map(lambda of_row: of_row <= rates).astype(bool)
    )  # else a pool with new members: its shortfall may be theirs
    low = total(rows.loc[alone, "shortfall"])
    if int(scene.compliance["not_assessable"]) or rows["shortfall"].isna().any():
        return {PLAN: Measure(low, None, "areas_not_assessable")}
    shared = total(rows.loc[~alone, "shortfall"])
    return {PLAN: Measure(low, low + shared, "shared_with_new_areas" if shared else "")}


def pools(scene: Scene, _clause: Clause) -> Mapping[str, Measure]:
    """Count the groups of areas that provide together."""
    table = scene.tables.get("pools")
    return {PLAN: known(0 if table is None else int(table["pool_id"].nunique()))}


def circle_share(scene: Scene, _clause: Clause) -> Mapping[str, Measure]:
    """Share of households inside the circle of street and community facilities, institutions left out (A16)."""
    summary = (scene.coverage or {}).get("circle")
    if summary is None:
        summary = _only_level(scene)
    return {PLAN: _households(summary)}


def centres_and_radius(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Centres inside each unit; where the plan states a service radius, also the share of households within it."""
    counts = dict(facility_count(scene, clause))
    radius = scene.switch(RADIUS_SWITCH)
    if "A18" not in clause.ambiguities or radius is None or PLAN in counts:
        return counts
    return {**counts, PLAN: replace(_within_radius(scene, clause), unit="share")}


def _within_radius(scene: Scene, clause: Clause) -> Measure:
    """Return the coverage of the clause's level; unknown where facilities that do not qualify are in it."""
    of_level = scene.serving["level"].isin(clause.levels)
    if (of_level & ~qualifying(scene, clause)["sure"]).any():
        return unknown("coverage_of_other_facilities")
    return _households((scene.coverage or {}).get(clause.levels[0]))


def _only_level(scene: Scene) -> Mapping[str, Any] | None:
    """Return the coverage of the one level that makes the whole circle, or None where that needs more levels."""
    of_circle = scene.serving[scene.serving["level"].isin(list(scene.switch("circle_levels") or ()))]
    levels = sorted(set(of_circle["level"]))
    if len(levels) != 1 or (of_circle["kind"] == "institution").any():
        return None
    return (scene.coverage or {}).get(levels[0])


def _households(summary: Mapping[str, Any] | None) -> Measure:
    """Return the share of households covered; areas without a number of households leave it open."""
    share = None if summary is None else summary.get("households_share")
    if summary is None or share is None:
        return unknown("coverage_missing")
    value = exact(share) or ZERO
    if not summary.get("households_missing"):
        return known(value)
    return Measure(ZERO, ONE, "households_missing", shown=value)
