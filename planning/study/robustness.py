"""Trying a siting plan in other circumstances: each combination is asked anew, by the same functions as the plan."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from planning import siting
from planning.plan import Plan, Robustness
from planning.siting import SitingPlan
from planning.study import layers, sites
from planning.study.circles import weighed
from planning.study.records import Ground, StudyInputs
from planning.study.sites import Choice, Question
from planning.study.told import Robust
from planning.tables import WEIGHTS

SCENARIOS: Final[Mapping[str, str]] = {
    "scenario": "int64",
    "as_planned": "bool",
    "speed_m_per_s": "float64",
    "minutes": "float64",
    "radius_m": "float64",
    "households": "float64",
    "demand": "str",
    "min_floor_area_m2": "float64",
    "status": "str",
    "objective": "float64",
    "gap": "float64",
    "sites": "object",
    "plan_objective": "float64",
    "plan_left_out": "float64",
    "plan_breaks": "str",
    "regret": "float64",
    "regret_share": "float64",
}
CHOSEN: Final[Mapping[str, str]] = {
    "facility_id": "str",
    "in_plan": "bool",
    "times": "int64",
    "share": "float64",
    "no_regret": "bool",
}

_MOST: Final = ("mclp", "capacitated")
"""The models whose objective is to be large."""


@dataclass(frozen=True)
class Scenario:
    """One combination; ``plan`` is the plan file as it would read, ``households`` the factor on people."""

    plan: Plan
    households: float
    as_planned: bool


def assess(inputs: StudyInputs, ground: Ground, choice: Choice) -> Robust | None:
    """Solve every combination that the plan lists; None where it lists none or has no answer of its own.

    A combination's own answer is proven or says so; what the plan's sites are worth there is worked out exactly. The
    regret is how much worse they are than that answer, in the unit of the objective; of a plan that leaves more people
    out than the answer does, a distance model has no regret in metres.
    """
    asked, solved = inputs.plan.siting.robustness, choice.solved
    if asked is None or solved is None or solved.status == "infeasible":
        return None
    rows = [
        _tried(inputs, ground, scenario, solved) | {"scenario": number}
        for number, scenario in enumerate(_scenarios(inputs.plan, asked), start=1)
    ]
    scenarios = pd.DataFrame(rows, columns=list(SCENARIOS)).astype(dict(SCENARIOS))
    chosen = _chosen(scenarios, solved)
    return Robust(scenarios, chosen, _summary(scenarios, chosen))


def _scenarios(plan: Plan, asked: Robustness) -> Iterator[Scenario]:
    """Yield the combinations, the axes in their order, the values ascending."""
    names = list(asked.axes)
    for values in itertools.product(*asked.axes.values()):
        found = dict(zip(names, values, strict=True))
        changed = _changed(plan, found)
        factor = found.get("households", 1.0)
        same = _kept(changed) == _kept(plan) and factor == 1
        limit_s = replace(changed.siting, time_limit_s=asked.time_limit_s)
        yield Scenario(replace(changed, siting=limit_s), factor, same)


def _kept(plan: Plan) -> tuple[Any, ...]:
    """Return all that a scenario may change but the number of people."""
    ask = plan.siting
    return plan.siting_radius_m, plan.walk, ask.demand, ask.min_floor_area_m2 or 0


def _changed(plan: Plan, found: Mapping[str, Any]) -> Plan:
    """Return the plan with other walking, another radius, other people to serve."""
    speed = found.get("speeds_m_per_s", plan.walk.speed_m_per_s)
    minutes = found.get("minutes", plan.siting_minutes)
    demand = found.get("demand", plan.siting.demand)
    least = found.get("min_floor_area_m2", plan.siting.min_floor_area_m2)
    standards = dict(plan.standards)
    if "radii_m" in found:
        standards["service_radius_m"] = found["radii_m"]
    return replace(
        plan,
        walk=replace(plan.walk, speed_m_per_s=speed),
        siting=replace(plan.siting, minutes=minutes, demand=demand, min_floor_area_m2=least or None),
        standards=standards,
    )


def _tried(inputs: StudyInputs, ground: Ground, scenario: Scenario, solved: SitingPlan) -> dict[str, Any]:
    """Return what becomes of the plan in one scenario."""
    plan = scenario.plan
    question = _question(inputs, ground, scenario)
    answer = question.answer()
    worth = _worth(question, solved)
    facts = {
        "as_planned": scenario.as_planned,
        "speed_m_per_s": plan.walk.speed_m_per_s,
        "minutes": plan.siting_minutes if plan.standards.get("service_radius_m") is None else math.nan,
        "radius_m": math.nan if plan.siting.model in ("p_median", "p_center") else plan.siting_radius_m,
        "households": scenario.households,
        "demand": plan.siting.demand,
        "min_floor_area_m2": plan.siting.min_floor_area_m2 or 0.0,
        "status": answer.status,
        "objective": answer.objective,
        "gap": answer.gap,
        "sites": answer.sites,
        "plan_objective": worth.objective,
        "plan_left_out": worth.left_out,
        "plan_breaks": ";".join(worth.breaks),
    }
    return facts | _regret(question, answer, worth)


def _question(inputs: StudyInputs, ground: Ground, scenario: Scenario) -> Question:
    """Return the question as it is asked in a scenario."""
    changed, plan = _inputs(inputs, scenario), scenario.plan
    if plan.walk.by_seconds and plan.walk.speed_m_per_s != inputs.plan.walk.speed_m_per_s:
        walkways = weighed(ground.walkways, plan.walk, plan.walk.speed_m_per_s)
        ground = replace(ground, walkways=walkways)
    facilities = ground.facilities
    offered = facilities[facilities["status"] == "candidate"]
    question = sites.question(changed, ground, offered, layers.serving(facilities, plan.siting.level))
    options = dict(question.options)
    closed = set(options["forbidden"])
    options["required"] = tuple(one for one in options["required"] if one not in closed)
    if "p" in options:
        options["p"] = min(options["p"], len(set(options["candidates"]) - closed))
    if "phases" in options:
        options["phases"] = tuple(replace(phase, p=options["p"]) for phase in options["phases"][-1:])
    return replace(question, options=options)


def _inputs(inputs: StudyInputs, scenario: Scenario) -> StudyInputs:
    """Return the inputs of a scenario: its plan, and more or fewer people in every area."""
    tables = dict(inputs.tables)
    if scenario.households != 1:
        areas = tables["residential"]
        more = {name: areas[name].astype(float) * scenario.households for name in WEIGHTS}
        tables["residential"] = areas.assign(**more)
    return replace(inputs, plan=scenario.plan, tables=tables)


def _worth(question: Question, plan: SitingPlan) -> siting.Worth:
    """Return what a plan's sites are worth; models that also choose sizes or shares are asked for those sites alone."""
    options, chosen = question.options, plan.sites
    if question.model in siting.EVALUATED:
        return siting.evaluate(
            question.model, question.reach, question.demand, options=options, sites=chosen, closed=plan.closed
        )
    open_ = set(options["candidates"]) - set(options["forbidden"])
    if not set(chosen) <= open_:
        return siting.Worth(math.nan, math.nan, math.nan, ("not_a_candidate",))
    alone: dict[str, Any] = {
        "required": chosen,
        "forbidden": (*options["forbidden"], *(open_ - set(chosen))),
        "p": len(chosen),
    }
    if "phases" in options:
        alone["phases"] = tuple(replace(phase, p=len(chosen)) for phase in options["phases"])
    answer = replace(question, options={**options, **alone}).answer()
    breaks = ("no_plan",) if answer.status == "infeasible" else ()
    return siting.Worth(answer.objective, 0.0, math.nan, breaks)


def _regret(question: Question, answer: SitingPlan, worth: siting.Worth) -> dict[str, Any]:
    """Return how much worse the plan's sites are than the scenario's own answer; nothing where they cannot be had."""
    nothing = {"regret": math.nan, "regret_share": math.nan}
    if worth.breaks or answer.status == "infeasible" or math.isnan(worth.objective):
        return nothing
    own = _worth(question, answer) if question.model in siting.EVALUATED else worth
    if question.model == "lscp":
        regret, whole = worth.left_out - own.left_out, worth.total
    elif worth.left_out != own.left_out and question.model != "mclp":
        return nothing
    elif question.model in _MOST:
        regret, whole = answer.objective - worth.objective, answer.objective
    else:
        regret, whole = worth.objective - answer.objective, answer.objective
    return {"regret": regret, "regret_share": regret / whole if whole else (0.0 if regret == 0 else math.nan)}


def _chosen(scenarios: pd.DataFrame, solved: SitingPlan) -> pd.DataFrame:
    """Return how often each site is chosen among the combinations that have an answer, the plan's sites first."""
    answered = scenarios[scenarios["status"] != "infeasible"]
    times = answered["sites"].explode().dropna().value_counts()
    ids = sorted({*times.index, *solved.sites})
    counts = times.reindex(ids, fill_value=0).astype("int64")
    found = pd.DataFrame({"facility_id": ids, "times": counts.to_numpy()})
    found["in_plan"] = found["facility_id"].isin(solved.sites)
    found["share"] = found["times"] / len(answered) if len(answered) else math.nan
    found["no_regret"] = (found["times"] == len(answered)) & (len(answered) > 0)
    ordered = found.sort_values(["times", "in_plan", "facility_id"], ascending=[False, False, True], ignore_index=True)
    return ordered[list(CHOSEN)].astype(dict(CHOSEN))


def _summary(scenarios: pd.DataFrame, chosen: pd.DataFrame) -> dict[str, Any]:
    """Return ``summary.siting.robustness``."""
    answered = scenarios[scenarios["status"] != "infeasible"]
    regrets = scenarios["regret_share"].dropna()
    worst = None if regrets.empty else int(scenarios["scenario"].to_numpy()[scenarios["regret_share"].argmax()])
    return {
        "scenarios": len(scenarios),
        "answered": len(answered),
        "not_proven": int((scenarios["status"] == "feasible").sum()),
        "plan_is_best": int((scenarios["regret"] == 0).sum()),
        "plan_breaks": int((scenarios["plan_breaks"] != "").sum()),
        "no_regret": chosen.loc[chosen["no_regret"], "facility_id"].tolist(),
        "worst_regret_share": None if regrets.empty else float(regrets.max()),
        "worst_scenario": worst,
        "chosen": chosen.to_dict("records"),
        "list": scenarios.to_dict("records"),
    }
