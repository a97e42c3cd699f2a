"""Room `siting`: what each phase of the deficit model opens, and what it gives up for the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planning.siting._ask import Ask
from planning.siting._conditions import Conditions
from planning.siting._deficit_ground import Ground
from planning.siting._deficit_solve import Solved, best_of, solve
from planning.siting._deficit_tables import exact
from planning.siting._phases import Phase
from planning.siting._plan import PhasePlan
from planning.siting._units import Flags, Ints


@dataclass(frozen=True)
class Period:
    """One phase: the sites open by its end with what they leave, and what its own best plan would."""

    phase: Phase
    budget: float | None
    by_then: Ints
    left_m2: Any
    own_sites: Ints
    own_left_m2: Any
    own_bound: float


def periods(
    ask: Ask, ground: Ground, solved: Solved, money: Sequence[float | None], limits: Conditions | None
) -> list[Period]:
    """Return every phase of a solved question, in order; empty without phases.

    A site that is to be had later waits; what is open stays open; ``money`` is what may be spent by the end of each.
    """
    area, final = solved.area, np.array(sorted(solved.area), dtype=np.int64)
    opened: Ints = np.empty(0, dtype=np.int64)
    found = []
    for number, phase in enumerate(ask.phases[:-1]):
        ready = _ready(ask, number)
        among = np.union1d(opened, final[ready[final]])
        opened = best_of(ground, area, among, opened, int(phase.p), ask.clock, budget=money[number])
        left = ground.quota.left({site: area[site] for site in opened.tolist()})
        own = solve(_alone(ground, phase, ready, money[number], limits), ask.clock)
        found.append(_period(ground, phase, money[number], opened, left, own))
    left = ground.quota.left(area)
    last = [Period(phase, money[-1], final, left, final, left, solved.bound) for phase in ask.phases[-1:]]
    return [*found, *last]


def _ready(ask: Ask, number: int) -> Flags:
    """Return which candidates can open by the end of a phase: what a later one cannot have, it cannot either."""
    lacking = {one for later in ask.phases[number:] for one in later.unavailable}
    return np.array([one not in lacking for one in ask.candidates], dtype=bool)


def _alone(ground: Ground, phase: Phase, ready: Flags, money: float | None, limits: Conditions | None) -> Ground:
    """Return the question of one phase, bound by no other: its own p and money, the limits, nothing required."""
    quota = ground.quota
    most = tuple(m2 if there else None for m2, there in zip(quota.most, ready.tolist(), strict=True))
    return replace(
        ground,
        quota=replace(quota, most=most, budget=exact(money)),
        required=np.empty(0, dtype=np.int64),
        p=int(phase.p),
        conditions=limits,
    )


def _period(ground: Ground, phase: Phase, money: float | None, opened: Ints, left: Any, own: Solved | None) -> Period:
    """Return a phase beside its own best plan; where time ran out for that, its own sites are the best known."""
    own_left = None if own is None else ground.quota.left(own.area)
    bound = 0.0 if own is None else own.bound
    if own is None or own_left > left:
        return Period(phase, money, opened, left, opened, left, min(bound, float(left)))
    return Period(phase, money, opened, left, np.array(sorted(own.area), dtype=np.int64), own_left, bound)


def told(ask: Ask, ground: Ground, period: Period, order: Sequence[int], *, known: bool) -> PhasePlan:
    """Return a phase as the plan tells it, its sites in the ``order`` of ranks; ``known``: so are costs."""
    ids, by_then = ask.candidates, set(period.by_then.tolist())
    ranked = [site for site in order if site in by_then]
    return PhasePlan(
        name=period.phase.name,
        p=int(period.phase.p),
        sites=tuple(ids[site] for site in ranked),
        objective=float(period.left_m2),
        own_optimum=float(period.own_left_m2),
        own_bound=period.own_bound,
        own_sites=tuple(ids[site] for site in period.own_sites.tolist()),
        cost_of_commitment=float(period.left_m2 - period.own_left_m2),
        budget=period.budget,
        spent=float(ground.quota.cost_of(ranked)) if known else None,
    )
