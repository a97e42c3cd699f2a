"""Room `siting`: from a settled choice to the plan that is handed out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planning.siting._ask import Ask
from planning.siting._plan import PhasePlan, SitingPlan, Status, gap, status
from planning.siting._polish import Worth, labels, rank, ties
from planning.siting._units import Flags, Ints


@dataclass(frozen=True)
class Answer:
    """A settled choice: ``worth`` decides ties, ``ranking`` the gains, in ``per_unit`` whole units."""

    ask: Ask
    sites: Ints
    worth: Worth
    ranking: Worth
    objective: float
    bound: float
    per_unit: float


def report(answer: Answer, unreachable: Flags, unserved: Flags, phases: Sequence[tuple[Ints, float]]) -> SitingPlan:
    """Return the plan with ranks, gains, ties and phases; ``phases`` are what is open by then and its objective."""
    ask = answer.ask
    ranked, gains, opened_in = _ranked(answer, [by_then for by_then, _ in phases])
    return SitingPlan(
        model=ask.model,
        p=len(ranked) if ask.model == "lscp" else ask.p,
        sites=labels(ask.candidates, ranked),
        objective=answer.objective,
        bound=answer.bound,
        gap=gap(answer.objective, answer.bound),
        status=_status(answer),
        unreachable=ask.ids(unreachable),
        unserved=ask.ids(unserved),
        ties=tuple(
            (ask.candidates[site], ask.candidates[other])
            for site, other in ties(answer.worth, answer.sites, ask.required)
        ),
        gain=tuple(float(one / answer.per_unit) for one in gains.tolist()),
        phases=tuple(
            PhasePlan(name, p, labels(ask.candidates, ranked[np.isin(ranked, by_then)]), objective)
            for (name, p), (by_then, objective) in zip(ask.phases, phases, strict=True)
        ),
        phase=tuple(ask.phases[number][0] for number in opened_in),
    )


def _ranked(answer: Answer, by_phase: Sequence[Ints]) -> tuple[Ints, Ints, list[int]]:
    """Return the sites in rank order, phase by phase, their gains, and the number of the phase that opens each."""
    opened: Ints = np.empty(0, dtype=np.int64)
    gains: list[int] = []
    opened_in: list[int] = []
    for number, by_then in enumerate(by_phase or [answer.sites]):
        order, each = rank(answer.ranking, np.setdiff1d(by_then, opened), opened)
        opened = np.concatenate([opened, order])
        gains += each.tolist()
        opened_in += [number] * len(order)
    return opened, np.array(gains, dtype=np.int64), opened_in if by_phase else []


def _status(answer: Answer) -> Status:
    """Return what the bound allows to say."""
    said = status(answer.objective, answer.bound)
    asked = answer.ask.model == "lscp" or answer.ask.p > 0
    return "not_needed" if said == "optimal" and asked and not len(answer.sites) else said


def infeasible(ask: Ask, reasons: Sequence[Mapping[str, str]]) -> SitingPlan:
    """Return the answer that there is none, with its reasons."""
    nan = math.nan
    p = 0 if ask.model == "lscp" else ask.p
    return SitingPlan(ask.model, p, (), nan, nan, nan, "infeasible", reasons=tuple(reasons))
