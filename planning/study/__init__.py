"""The conductor: frozen inputs in, frozen result out. It knows the order of the steps and nothing else.

No arithmetic stands here and no file is opened; each step belongs to the room it is called from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import pandas as pd

from planning import compliance, indicators
from planning.errors import Fault, InputRefused, refuse
from planning.siting import SitingPlan
from planning.study import (
    account,
    circles,
    explained,
    gaps,
    grounds,
    health,
    layers,
    offers,
    people,
    robustness,
    rollups,
    scorecard,
    sensitivity,
    sites,
    sums,
    verdicts,
)
from planning.study.judged import Judged
from planning.study.offers import Offers
from planning.study.records import Ground as Ground
from planning.study.records import LevelCover as LevelCover
from planning.study.records import Places as Places
from planning.study.records import StudyInputs as StudyInputs
from planning.study.records import StudyResult as StudyResult
from planning.study.records import own as own
from planning.study.told import Told

Progress = Callable[[str], None]
PARTS: Final = frozenset({"coverage", "compliance", "siting"})


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run says of areas, facilities, sites and clauses, without what explains or draws it.

    Layers as in `StudyResult`; ``street`` is the street of each area by its id, ``siting`` the solver's answer, None
    where no sites were sought.
    """

    residential: gpd.GeoDataFrame
    street: pd.Series
    facilities: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    indicators: pd.DataFrame
    siting: SitingPlan | None


@dataclass(frozen=True, eq=False)
class Look:
    """What a look at the network found: faults, the ledger and its counts with the run's own flags, the details."""

    faults: tuple[Fault, ...]
    ledger: pd.DataFrame
    counts: account.Counts
    roads: health.RoadHealth | None


def check(inputs: StudyInputs) -> list[Fault]:
    """Return what stands between the tables and what the plan asks of them, everything at once."""
    inputs = people.settle(inputs)
    faults = [*offers.check(inputs), *sites.check(inputs)]
    entered = inputs.plan.inputs.get("indicators")
    if entered is not None:
        tables = inputs.tables
        faults += indicators.check(tables["indicators"], inputs.standard, tables.get("units"), file=entered.file.name)
    pools = inputs.plan.inputs.get("pools")
    if pools is not None:
        areas, members, switches = inputs.tables["residential"], inputs.tables["pools"], inputs.plan.standards
        found = compliance.check_pools(areas, members, inputs.standard, switches=switches)
        faults += [replace(fault, file=pools.file.name) for fault in found]
    for key in ("hard_border", "spread"):
        if getattr(inputs.plan.walk, key) and "units" not in inputs.tables:
            faults.append(Fault(f"{key}_without_units", file=inputs.plan.file, column=f"walk.{key}"))
    if inputs.plan.walk.walls == "gated" and "entrances" not in inputs.tables:
        faults.append(Fault("walls_without_entrances", file=inputs.plan.file, column="walk.walls"))
    return faults


def doubts(inputs: StudyInputs) -> tuple[list[Fault], account.Counts]:
    """Return what a look at the walking network says, and the counts of rows with the run's own flags.

    Warnings about loose ends of roads, crossings without a node, pieces that hang apart, cuts at the edge of an
    extract, and places off the network; or why no network can be built.
    """
    found = look(inputs)
    return list(found.faults), found.counts


def look(inputs: StudyInputs) -> Look:
    """Return everything that a look at the walking network says, without running anything.

    Where no network can be built, ``faults`` say why, ``roads`` is None, and ledger and counts are those of the doors.
    """
    try:
        inputs, ground, offered = grounds.lay_out(people.settle(inputs))
    except InputRefused as refused:
        return Look(tuple(refused.faults), inputs.ledger, inputs.counts, None)
    ledger, counts = account.settle(inputs, ground)
    roads = health.examine(inputs, ground, gap_m=account.GAP_M)
    faults = (
        *offered.faults,
        *health.faults(inputs, roads),
        *account.road_doubts(inputs, ground.walkways),
        *account.off_network(inputs, ledger),
    )
    return Look(faults, ledger, counts, roads)


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
    inputs = people.settle(inputs)
    refuse(check(inputs))
    step("network")
    inputs, ground, offered = grounds.lay_out(inputs)
    refuse(offered.faults)
    step("coverage")
    covers = _covers(inputs, ground) if parts & {"coverage", "siting"} else {}
    step("compliance")
    judged = _judge(inputs, ground, covers) if "compliance" in parts else Judged()
    step("siting")
    choice = sites.choose(inputs, ground) if "siting" in parts else sites.nothing(ground)
    told = _tell(inputs, ground, choice)
    step("layers")
    return replace(_result(inputs, ground, covers, judged, choice.with_figures(told.summary), offered), told=told)


def outcome(inputs: StudyInputs, *, parts: frozenset[str] = PARTS) -> Outcome:
    """Run a study as `run` does, but find only what a comparison of runs looks at; the same figures, sooner.

    Raises
    ------
    InputRefused
        As `run`.
    """
    inputs = people.settle(inputs)
    refuse(check(inputs))
    inputs, ground, offered = grounds.lay_out(inputs)
    refuse(offered.faults)
    covers = _covers(inputs, ground) if parts & {"coverage", "siting"} else {}
    assessment = verdicts.assess(inputs, ground) if "compliance" in parts else None
    clauses = None
    if covers and assessment is not None:
        clauses = verdicts.clauses(inputs, ground, covers, assessment, verdicts.circle(inputs, ground))
    choice = sites.choose(inputs, ground) if "siting" in parts else sites.nothing(ground)
    residential = layers.residential(inputs.tables["residential"], covers, assessment)
    return Outcome(
        residential=layers.planned(residential, choice.after),
        street=ground.places.street,
        facilities=ground.facilities,
        sites=choice.layer,
        indicators=layers.indicators(clauses),
        siting=choice.plan,
    )


def _tell(inputs: StudyInputs, ground: Ground, choice: sites.Choice) -> Told:
    """Explain the choice of sites and try it in other circumstances, as far as the plan asks."""
    found, robust = explained.explain(inputs, ground, choice), robustness.assess(inputs, ground, choice)
    parts = {"explanation": found, "robustness": robust}
    return Told(found, robust, {name: part.summary for name, part in parts.items() if part is not None})


def _covers(inputs: StudyInputs, ground: Ground) -> dict[str, LevelCover]:
    """Return the coverage of each level that has a facility, and of the level that sites are sought for."""
    radius_m = inputs.plan.radius_m
    return {
        level: circles.cover_level(inputs, ground, layers.serving(ground.facilities, level), radius_m=radius_m)
        for level in layers.levels(inputs.tables["facilities"], inputs.plan.siting.level, *inputs.levels)
    }


def _judge(inputs: StudyInputs, ground: Ground, covers: Mapping[str, LevelCover]) -> Judged:
    """Hold areas and district against the document, and see what other readings of it would change."""
    assessment = verdicts.assess(inputs, ground)
    if not covers:
        return Judged(assessment)
    around = verdicts.circle(inputs, ground)
    clauses = verdicts.clauses(inputs, ground, covers, assessment, around)
    other_readings = sensitivity.compare(inputs, ground, covers, assessment, clauses, around)
    return Judged(assessment, clauses, other_readings, around)


def _result(
    inputs: StudyInputs,
    ground: Ground,
    covers: Mapping[str, LevelCover],
    judged: Judged,
    choice: sites.Choice,
    offered: Offers,
) -> StudyResult:
    """Lay the answers side by side as the layers of a result."""
    plan, tables, assessment = inputs.plan, inputs.tables, judged.assessment
    rows = sums.unit_rows(inputs, covers, assessment, ground.places)
    residential = layers.residential(tables["residential"], covers, assessment)
    ledger, counts = account.settle(inputs, ground)
    areas, reached = layers.circles(ground.walkways, own(sites.serving_with(choice, ground.facilities)), plan)
    reach = layers.reach_table(ground, covers, plan)
    residential = people.columns(residential, covers, ground, reach, plan)
    residential = layers.planned(residential, choice.after)
    found = gaps.nothing()
    if assessment is not None:
        found = gaps.close(inputs, ground, assessment, reach, offers.taken(inputs, choice.layer["facility_id"]))
    return StudyResult(
        inputs=inputs,
        network=ground.walkways,
        residential=residential,
        facilities=ground.facilities,
        sites=choice.layer,
        service_areas=areas,
        reached_roads=reached,
        uncovered=layers.uncovered(residential, covers, ground, radius_m=plan.radius_m),
        units=sums.unit_layer(inputs, rows),
        findings=layers.findings(assessment, judged.clauses),
        rooms=layers.rooms(assessment),
        pools=found.pools,
        remedies=found.remedies,
        readings=judged.sensitivity.readings,
        sensitivity=judged.sensitivity.changes,
        rollups=_rollups(inputs, ground, assessment),
        scorecard=_scorecard(inputs, judged),
        indicators=layers.indicators(judged.clauses),
        reach=reach,
        ledger=ledger,
        counts=counts,
        siting=choice.plan,
        candidates=offered.layer,
        screening=offered.screening,
        summary=sums.summary(inputs, covers, judged, rows, choice.summary, counts)
        | sums.clean(people.figures(inputs, covers, ground, reach))
        | offered.figures,
    )


def _rollups(inputs: StudyInputs, ground: Ground, assessment: compliance.Assessment | None) -> pd.DataFrame:
    return rollups.nothing() if assessment is None else rollups.summed(inputs, assessment, ground.places)


def _scorecard(inputs: StudyInputs, judged: Judged) -> pd.DataFrame:
    if judged.assessment is None or judged.clauses is None:
        return scorecard.nothing()
    return scorecard.score(judged.assessment, judged.clauses, inputs.standard, inputs.plan.as_of)
