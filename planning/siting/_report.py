"""Room `siting`: from a settled choice to the plan that is handed out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planning.siting._ask import Ask, Wants
from planning.siting._plan import PhasePlan, SitingPlan, Status, gap, status
from planning.siting._polish import Worth, labels, rank, ties
from planning.siting._rules import spent_on
from planning.siting._units import Flags, Ints


@dataclass(frozen=True)
class Solved:
    """A settled choice: ``worth`` decides ties, ``ranking`` the gains, in ``per_unit`` whole units.

    ``sites`` are positions, existing facilities that stay open among them; ``unserved`` is what the distance models
    keep least before the objective.
    """

    sites: Ints
    worth: Worth
    ranking: Worth
    objective: float
    bound: float
    per_unit: float
    unserved: float = 0.0


@dataclass(frozen=True)
class Period:
    """One phase: the new sites open by its end and solved so, its own best plan and sites, and what that costs."""

    by_then: Ints
    held: Solved
    own: Solved
    own_sites: Ints
    given_up: float | None


@dataclass(frozen=True)
class Answer:
    """A solved question, with its phases."""

    ask: Ask
    solved: Solved
    wants: Wants
    stages: Sequence[Period] = ()


def report(answer: Answer, unreachable: Flags, unserved: Flags) -> SitingPlan:
    """Return the plan with ranks, gains, ties, closed facilities and phases."""
    ask, solved = answer.ask, answer.solved
    ranked, gains, opened_in = _ranked(answer)
    sites = labels(ask.candidates, ranked)
    return SitingPlan(
        model=ask.model,
        p=len(ranked) if ask.model == "lscp" else ask.p,
        sites=sites,
        objective=solved.objective,
        bound=solved.bound,
        gap=gap(solved.objective, solved.bound),
        status=_status(answer, ranked),
        unreachable=ask.ids(unreachable),
        unserved=ask.ids(unserved),
        ties=tuple(
            (ask.candidates[site], ask.candidates[other]) for site, other in ties(solved.worth, solved.sites, ask)
        ),
        gain=tuple(float(one / solved.per_unit) for one in gains.tolist()),
        phases=_phases(answer, ranked),
        phase=tuple(ask.phases[number].name for number in opened_in),
        closed=labels(ask.candidates, np.setdiff1d(ask.closable, solved.sites)),
        spent=spent_on(answer.wants.rules, sites),
    )


def _phases(answer: Answer, ranked: Ints) -> tuple[PhasePlan, ...]:
    """Return what is open by the end of each phase, and what it gives up."""
    ask, rules = answer.ask, answer.wants.rules
    found = []
    for phase, stage, money in zip(ask.phases, answer.stages, answer.wants.money, strict=False):
        sites = labels(ask.candidates, ranked[np.isin(ranked, stage.by_then)])
        found.append(
            PhasePlan(
                name=phase.name,
                p=phase.p,
                sites=sites,
                objective=stage.held.objective,
                own_optimum=stage.own.objective,
                own_bound=stage.own.bound,
                own_sites=labels(ask.candidates, stage.own_sites),
                cost_of_commitment=stage.given_up,
                budget=money,
                spent=spent_on(rules, sites),
            )
        )
    return tuple(found)


def _ranked(answer: Answer) -> tuple[Ints, Ints, list[int]]:
    """Return the new sites in rank order, phase by phase, their gains, and the number of the phase that opens each."""
    ask, sites = answer.ask, answer.solved.sites
    kept, new = sites[~ask.is_new[sites]], sites[ask.is_new[sites]]
    opened: Ints = np.empty(0, dtype=np.int64)
    gains: list[int] = []
    opened_in: list[int] = []
    for number, by_then in enumerate([stage.by_then for stage in answer.stages] or [new]):
        before = np.concatenate([kept, opened])
        order, each = rank(answer.solved.ranking, np.setdiff1d(by_then, opened), before)
        opened = np.concatenate([opened, order])
        gains += each.tolist()
        opened_in += [number] * len(order)
    return opened, np.array(gains, dtype=np.int64), opened_in if answer.stages else []


def _status(answer: Answer, new: Ints) -> Status:
    """Return what the bound allows to say."""
    said = status(answer.solved.objective, answer.solved.bound)
    asked = answer.ask.model == "lscp" or answer.ask.p > 0
    return "not_needed" if said == "optimal" and asked and not len(new) else said


def infeasible(ask: Ask, reasons: Sequence[Mapping[str, str]]) -> SitingPlan:
    """Return the answer that there is none, with its reasons."""
    nan = math.nan
    p = 0 if ask.model == "lscp" else ask.p
    return SitingPlan(ask.model, p, (), nan, nan, nan, "infeasible", reasons=tuple(reasons))
