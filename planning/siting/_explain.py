"""Room `siting`: a plan explained: why these sites, why not the others, what else would be nearly as good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from planning.errors import Fault, InputRefused
from planning.siting import _explain_best, _explain_deficit, _explain_measure, _explain_why
from planning.siting._coverage import lscp, mclp
from planning.siting._deficit import deficit
from planning.siting._distance import p_center, p_median
from planning.siting._explain_best import Question, Solve
from planning.siting._explain_measure import Gauge, read, settled
from planning.siting._explain_rules import rules
from planning.siting._explain_why import Look, frame
from planning.siting._plan import SitingPlan
from planning.siting._units import Ints

VERBS: Mapping[str, Solve] = {
    "lscp": lscp,
    "mclp": mclp,
    "p_median": p_median,
    "p_center": p_center,
    "deficit": deficit,
}
EXPLAINED = tuple(VERBS)
EVALUATED = tuple(name for name in VERBS if name != "deficit")
PLANS = {
    "order": "int64",
    "sites": "object",
    "closed": "object",
    "opened": "object",
    "objective": "float64",
    "loss": "float64",
    "loss_share": "float64",
    "left_out": "float64",
}
CURVE = {
    "p": "int64",
    "sites": "object",
    "objective": "float64",
    "bound": "float64",
    "gap": "float64",
    "status": "str",
    "left_out": "float64",
    "share": "float64",
    "floor_area_m2": "float64",
    "adds": "float64",
}


@dataclass(frozen=True)
class Depth:
    """How far an explanation goes.

    ``substitutes`` for each site; ``plans`` nearly as good, within the share ``within`` of the objective (0 plans: not
    looked for); the curve goes on for ``further`` sites beyond the plan's (below 0: no curve).
    """

    substitutes: int = 5
    plans: int = 10
    within: float = 0.05
    further: int = 3


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a plan is as it is. All frames are empty where the plan has no answer; ids and ranks are the plan's.

    Losses are how much worse the model's objective becomes, 0 or more for a proven plan: weight no longer covered
    (``mclp``), demands left uncovered (``lscp``; weight where a share was asked), weight × metres more (``p_median``),
    metres more (``p_center``), m² more missing with every site at its largest (``deficit``). ``left_out`` is the
    demand that is no longer served; where a distance model leaves demand out, its loss is missing, for sums over
    different people cannot be compared. ``loss_share`` is the loss over the objective (``lscp``: over all demand,
    ``deficit``: over what is missing without any new site).

    Attributes
    ----------
    drops
        One row a site, in rank order: ``facility_id, rank, objective`` without it, ``loss, loss_share, left_out``,
        ``only_here`` (demands with a weight that no other open site serves), ``rules, subjects`` (the conditions that
        would be broken without it).
    swaps
        The candidates that could best take each site's place, among those the conditions allow: ``facility_id, order,
        alternative, objective, loss, loss_share, left_out, tie``.
    why_not
        One row for every candidate not chosen, by id: ``reason`` (``forbidden, cannot_open, helps_nobody, no_plan,
        out_of_reach, none_asked, same_rows, rules, tie, better_unproven, dominated, adds_nothing, loses``; of
        ``deficit``, a site without an allowed floor area ``cannot_open``, one that counts for nobody who is short
        ``helps_nobody``), ``other`` (the site it speaks of),
        ``in_place_of`` (the site whose place it could best take) with ``objective, loss, loss_share, left_out``;
        ``adds`` (what it would add as one site more: demand served, of equal demand metres saved, m²); ``rules,
        subjects``.
    plans
        Other plans, the best first: ``order, sites`` (sorted ids), ``closed`` and ``opened`` against the plan,
        ``objective, loss, loss_share, left_out``. None of them has a site that could go at no loss.
    plans_complete, plans_best_first
        No other plan is within the share; no plan that is not listed is better than the last one listed.
    curve
        The best plan of each number of sites: ``p, sites, objective, bound, gap, status, left_out, share`` of the
        demand served, ``floor_area_m2`` where the model chooses it, ``adds`` (what the last site adds to the
        objective). For ``lscp`` it covers the most weight. Money and conditions are those of the last phase.
    """

    drops: pd.DataFrame
    swaps: pd.DataFrame
    why_not: pd.DataFrame
    plans: pd.DataFrame
    plans_complete: bool
    plans_best_first: bool
    curve: pd.DataFrame


def explain(
    plan: SitingPlan,
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    options: Mapping[str, Any],
    depth: Depth = Depth(),
) -> Explanation:
    """Explain a plan of `lscp`, `mclp`, `p_median`, `p_center` or `deficit`.

    Parameters
    ----------
    plan, reach, demand
        The answer and the two tables it was asked with.
    options
        The keyword options the verb was called with, as they were.
    depth
        How far to go. Drops, substitutes and reasons cost one pass over ``reach``; plans and the curve ask the model
        again, some ``plans`` × sites times at most, each time within ``time_limit_s``.

    Returns
    -------
    Explanation
        Facilities closed by the plan stay closed in all that is compared; further objectives (``then``) play no part.

    Raises
    ------
    InputRefused
        For a plan of another model, and as the verb does.
    """
    _must_be_known(plan.model, EXPLAINED)
    options = settled(options, plan.closed)
    question = _question(plan.model, reach, demand, options)
    sites = question.at(plan.sites)
    look = Look.at(question, sites)
    answered = plan.status != "infeasible"
    asked = max(len(plan.sites), 1) if plan.model == "lscp" else plan.p
    nearly = _nearly(question, plan, depth) if answered else _explain_best.Nearly((), complete=False, best_first=False)
    return Explanation(
        drops=_explain_why.drops(look, plan.sites),
        swaps=_explain_why.swaps(look, plan.sites, most=depth.substitutes),
        why_not=_explain_why.why_not(look, question.forbidden, asked=asked, status=plan.status),
        plans=_plans(question, sites, nearly.plans),
        plans_complete=nearly.complete,
        plans_best_first=nearly.best_first,
        curve=_curve(plan, reach, demand, options, depth) if answered else frame({}, CURVE),
    )


def _must_be_known(model: str, known: tuple[str, ...]) -> None:
    """Refuse a model whose losses and reasons are not counted here: by another's measure they would be wrong."""
    if model not in known:
        raise InputRefused(Fault("siting_explain_model", value=model, facts={"known": ", ".join(known)}))


def _question(model: str, reach: pd.DataFrame, demand: pd.DataFrame, options: Mapping[str, Any]) -> Question:
    """Return the question in a form that can be asked again."""
    apart: Mapping[str, tuple[Any, ...]] = {}
    gauge: Gauge
    if model == "deficit":
        ask, conditions, gauge, closed_to, apart = _explain_deficit.read(reach, demand, options)
    else:
        ask, conditions, closed_to = read(model, reach, demand, options)
        gauge = _explain_measure.measure(ask)
    asked = {name: value for name, value in options.items() if name not in {"required", "forbidden", "candidates", "p"}}
    return Question(
        ask=ask,
        measure=gauge,
        rules=rules(ask, conditions),
        solve=partial(VERBS[model], reach, demand),
        asked=asked,
        forbidden=closed_to,
        apart=apart,
        p=ask.p,
    )


def _nearly(question: Question, plan: SitingPlan, depth: Depth) -> _explain_best.Nearly:
    if depth.plans <= 0 or not len(plan.sites):
        return _explain_best.Nearly((), complete=not len(plan.sites) and depth.plans > 0, best_first=False)
    return _explain_best.nearly(question, plan, k=depth.plans, within=depth.within)


def _plans(question: Question, sites: Ints, plans: tuple[Ints, ...]) -> pd.DataFrame:
    """Return other plans against the chosen one."""
    rows = [_against(question, sites, other) | {"order": order} for order, other in enumerate(plans, start=1)]
    return frame({name: [row[name] for row in rows] for name in PLANS}, PLANS)


def _against(question: Question, sites: Ints, other: Ints) -> dict[str, Any]:
    measure = question.measure
    left = max(0.0, measure.left_out(other) - measure.left_out(sites))
    worse = measure.worse(sites, other)
    base = measure.objective(sites) if measure.model == "lscp" else measure.base(sites)
    return {
        "sites": question.ids(other),
        "closed": question.ids(np.setdiff1d(sites, other)),
        "opened": question.ids(np.setdiff1d(other, sites)),
        "objective": measure.objective(other),
        "loss": worse,
        "loss_share": worse / base if base else math.nan,
        "left_out": left,
    }


def _curve(
    plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, options: Mapping[str, Any], depth: Depth
) -> pd.DataFrame:
    """Return what each number of sites can do at best."""
    if depth.further < 0:
        return frame({}, CURVE)
    model, options = plan.model, dict(options)
    if model == "lscp":  # the fewest for all: the curve shows how many each fewer would serve
        model = "mclp"
        options.pop("share", None)
        weight = options.get("weight")
        demand = demand if weight is not None else demand.assign(one_each=1.0)
        options |= {"p": len(plan.sites), "weight": weight or "one_each"}
    question = _question(model, reach, demand, options)
    to = plan.p if plan.model == "lscp" else plan.p + depth.further
    answers = _explain_best.curve(question, plan, to=to)
    rows = [_point(question, p, answer) for p, answer in answers]
    found = frame({name: [row[name] for row in rows] for name in CURVE if name != "adds"} | {"adds": np.nan}, CURVE)
    better = found["objective"].diff() if model == "mclp" else -found["objective"].diff()
    return found.assign(adds=better.where(_same_people(found, model)))


def _same_people(curve: pd.DataFrame, model: str) -> pd.Series[bool]:
    """Say where a row leaves out as much as the one before: else sums of metres cannot be compared."""
    return curve["left_out"].notna() & ((model in {"mclp", "deficit"}) | (curve["left_out"].diff() == 0))


def _point(question: Question, p: int, answer: SitingPlan | None) -> dict[str, Any]:
    nothing = dict.fromkeys(("objective", "bound", "gap", "left_out", "share", "floor_area_m2"), math.nan)
    if answer is None or answer.status == "infeasible":
        return {"p": p, "sites": (), "status": "feasible" if answer is None else "infeasible", **nothing}
    left, total = question.measure.left_out(question.at(answer.sites)), question.measure.total()
    return {
        "p": p,
        "sites": answer.sites,
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "status": answer.status,
        "left_out": left,
        "share": (total - left) / total if total else math.nan,
        "floor_area_m2": math.fsum(answer.floor_area_m2) if question.measure.model == "deficit" else math.nan,
    }


@dataclass(frozen=True)
class Worth:
    """What given sites are worth to a question.

    ``objective`` is the model's, NaN where a site cannot be had; ``left_out`` the demand nobody serves (``lscp``: of
    what must be covered, beyond what may be left), ``total`` all demand that counts; ``breaks`` names the conditions
    they break: codes of clauses, ``required_stays``, ``not_a_candidate``, ``above_p``.
    """

    objective: float
    left_out: float
    total: float
    breaks: tuple[str, ...]


def evaluate(
    model: str,
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    options: Mapping[str, Any],
    sites: tuple[Any, ...],
    closed: tuple[Any, ...] = (),
) -> Worth:
    """Return what ``sites`` are worth to `lscp`, `mclp`, `p_median` or `p_center`, without solving anything.

    Parameters are those of `explain`; ``sites`` are candidates of the question, else NaN is returned and said why;
    ``closed`` are existing facilities that are gone.

    Raises
    ------
    InputRefused
        As the verb does.
    """
    _must_be_known(model, EVALUATED)
    question = _question(model, reach, demand, settled(options, closed))
    unknown = set(sites) - set(question.ask.candidates)
    if unknown:
        return Worth(math.nan, math.nan, question.measure.total(), ("not_a_candidate",))
    at = question.at(sites)
    breaks = [rule.code for rule in question.rules.rules if not rule.holds(at)]
    if model != "lscp" and len(at) > question.p:
        breaks.append("above_p")
    return Worth(question.measure.objective(at), question.measure.beyond(at), question.measure.total(), tuple(breaks))
