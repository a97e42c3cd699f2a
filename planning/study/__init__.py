"""The conductor: frozen inputs in, frozen result out. It knows the order of the steps and nothing else.

No arithmetic stands here and no file is opened; each step belongs to the room it is called from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import geopandas as gpd

from planning import compliance, demand, indicators, network
from planning.errors import Fault, refuse
from planning.study import account, circles, layers, sites, sums
from planning.study.records import LevelCover as LevelCover
from planning.study.records import Places as Places
from planning.study.records import StudyInputs as StudyInputs
from planning.study.records import StudyResult as StudyResult

Progress = Callable[[str], None]
PARTS: Final = frozenset({"coverage", "compliance", "siting"})


def check(inputs: StudyInputs) -> list[Fault]:
    """Return what stands between the tables and what the plan asks of them, everything at once."""
    faults = sites.check(inputs)
    if inputs.plan.walk.hard_border and "units" not in inputs.tables:
        faults.append(Fault("hard_border_without_units", file=inputs.plan.file, column="walk.hard_border"))
    return faults


def run(inputs: StudyInputs, *, progress: Progress | None = None, parts: frozenset[str] = PARTS) -> StudyResult:
    """Run a study.

    Parameters
    ----------
    inputs
        From `planning.load`.
    progress
        Called with the name of each step as it begins.
    parts
        Which of `PARTS` to do; the others are absent from the summary.

    Returns
    -------
    StudyResult

    Raises
    ------
    InputRefused
        When the tables cannot carry the plan: no walkable road, a weight column wholly absent, more new sites than
        candidates, a switch the document does not allow.
    """
    step = progress or (lambda _name: None)
    refuse(check(inputs))
    plan, tables = inputs.plan, inputs.tables

    step("network")
    roads = plan.inputs["roads"]
    walkways = network.build(
        tables["roads"], barriers=tables.get("barriers"), noding=roads.noding, heal_gaps_m=roads.heal_gaps_m
    )
    facilities = _within_border(layers.all_facilities(inputs), inputs)

    step("access")
    access = demand.access_points(
        tables["residential"],
        tables.get("entrances"),
        walkways.lines,
        max_snap_m=plan.walk.max_snap_m,
        barriers=tables.get("barriers"),
    )
    places = layers.places(tables["residential"], tables.get("units"))

    step("coverage")
    levels = layers.levels(tables["facilities"], plan.siting.level) if parts & {"coverage", "siting"} else ()
    covers = {
        level: circles.cover_level(inputs, walkways, access, layers.serving(facilities, level), radius_m=plan.radius_m)
        for level in levels
    }
    reach = layers.reach_table(walkways, facilities, access, covers, plan)

    step("compliance")
    assessment = None
    if "compliance" in parts:
        assessment = compliance.assess(
            tables["residential"].assign(setting=places.setting.to_numpy()),
            layers.existing(facilities),
            tables.get("pools"),
            inputs.standard,
            switches=plan.standards,
            as_of=plan.as_of,
        )

    step("siting")
    choice = sites.choose(inputs, walkways, access, facilities, places) if "siting" in parts else None

    step("layers")
    rows = sums.unit_rows(inputs, covers, assessment, places)
    clauses = None
    if assessment is not None and covers:
        clauses = indicators.assess(
            {**tables, "facilities": layers.existing(facilities)},
            inputs.standard,
            switches=plan.standards,
            as_of=plan.as_of,
            compliance=assessment.summary,
            coverage={level: cover.summary for level, cover in covers.items()},
        )
    ledger, counts = account.settle(inputs, walkways, facilities, access, places)
    layer = layers.residential(tables["residential"], covers, assessment)
    opened = sites.serving_with(choice, facilities)
    areas, reached = layers.circles(walkways, opened, plan)
    return StudyResult(
        inputs=inputs,
        network=walkways,
        residential=layer,
        facilities=facilities,
        sites=sites.layer_of(choice, facilities),
        service_areas=areas,
        reached_roads=reached,
        uncovered=layers.uncovered(layer, covers, access, places),
        units=sums.unit_layer(inputs, rows),
        findings=layers.findings(assessment, clauses),
        rooms=layers.rooms(assessment),
        indicators=layers.indicators(clauses),
        reach=reach,
        ledger=ledger,
        counts=counts,
        siting=None if choice is None else choice.plan,
        summary=sums.summary(
            inputs, covers, assessment, rows, clauses, None if choice is None else choice.summary, counts
        ),
    )


def _within_border(facilities: gpd.GeoDataFrame, inputs: StudyInputs) -> gpd.GeoDataFrame:
    """Mark facilities outside the plan area; under ``walk.hard_border`` they serve nobody."""
    units = inputs.tables.get("units")
    if units is None:
        return facilities.assign(outside_area=False)
    outside = ~layers.within_border(facilities, units)
    serving = facilities["in_service"] & ~outside if inputs.plan.walk.hard_border else facilities["in_service"]
    return facilities.assign(outside_area=outside, in_service=serving)
