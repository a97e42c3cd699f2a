"""Room `siting`: `capacitated`, covering with sites that can serve only so many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
import pandas as pd

from planning.errors import Fault, InputRefused, refuse
from planning.siting import _ask, _audit, _capacity_audit, _placing, _reasons
from planning.siting._ask import Wants
from planning.siting._capacity_ground import Ground, assigned_weight, ground_of
from planning.siting._capacity_solve import Solved, solve
from planning.siting._capacity_tables import Sizes, faults, sizes_of
from planning.siting._highs import Clock
from planning.siting._plan import SitingPlan, gap, status
from planning.siting._report import infeasible
from planning.siting._rules import SiteRules, Wishes

Ids = Iterable[Any]


def capacitated(  # noqa: PLR0913  the options are the model's
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    radius_m: float,
    p: int,
    weight: str,
    capacity: pd.Series[Any] | None = None,
    sizes: pd.DataFrame | None = None,
    load: str | None = None,
    budget: float | None = None,
    single_source: bool = False,
    then: Sequence[str] = ("sites", "distance"),
    fixed: Ids = (),
    required: Ids = (),
    forbidden: Ids = (),
    candidates: Ids = (),
    time_limit_s: float = 60.0,
    **rules: Unpack[SiteRules],
) -> SitingPlan:
    """Open at most ``p`` new sites and assign demand to open ones so that the most weight is served.

    Maximal covering with capacities (Current & Storbeck 1988): nobody is served beyond ``radius_m``, and no facility
    serves more than its capacity. Among plans that serve as much, ``then`` decides.

    Parameters
    ----------
    reach, demand, radius_m, fixed, forbidden, candidates, time_limit_s
        As in `mclp`.
    p
        Most new sites; 0 assigns demand to the fixed ones alone.
    weight
        Column of ``demand`` to serve, ≥ 0; a demand that weighs nothing is not assigned.
    capacity
        How much load each facility can take, by ``facility_id``, ≥ 0, infinite where there is no limit. Every fixed
        facility has one; a candidate without one has ``sizes``.
    sizes
        ``facility_id, size, capacity`` and, with a ``budget``, ``cost``: the sizes a candidate can be built in, of
        which at most one is. A candidate with only a ``capacity`` has that as its one size.
    load
        Column of ``demand`` that uses up capacity, ≥ 0; by default ``weight``. Elderly may be served by places for
        households.
    budget
        Most that the sizes built may cost together, inclusive; needs ``cost`` in ``sizes`` for every candidate.
    single_source
        Each demand is served whole by one facility or not at all; otherwise it may be split among several.
    then
        What decides among plans that serve as much, in this order: ``sites`` (fewest), ``cost`` (least), ``distance``
        (least Σ weight × distance_m of the served).
    required
        New sites always opened; they count towards ``p`` and ``budget``.
    **rules
        Conditions: see `SiteRules`; least covered shares are refused.

    Returns
    -------
    SitingPlan
        ``objective`` is the weight served by fixed and new sites together; ``assigned`` who is served where, with the
        share of the demand; ``size`` the size of each site; ``unserved`` the reachable demand that is not served
        whole; ``gain`` what each site adds to those before it, the busiest first.

    Raises
    ------
    InputRefused
        With every fault of the tables and options.
    """
    wants = Wants("capacitated", fixed, required, forbidden, time_limit_s, weight, p, radius_m, candidates=candidates,
                  rules=Wishes(**rules))  # fmt: skip
    own = faults(demand, capacity, sizes, load, budget=budget, then=then, radius_m=radius_m)
    try:
        ask = _ask.read(reach, demand, wants)
    except InputRefused as refused:
        raise InputRefused((*refused.faults, *own)) from None
    refuse(own)
    given = sizes_of(ask.candidates, wants.fixed, capacity, sizes, budget=budget)
    refuse(given.faults)
    reasons = [*_reasons.required_above_p(ask), *_required_reasons(ask, given)] or _conflict(ask, wants, given)
    if reasons:
        return infeasible(ask, reasons)
    loads = ask.weight if load is None else demand[load].reindex(ask.demands).to_numpy(dtype=np.float64)
    ground = ground_of(ask, reach, wants, given, loads, single_source=single_source,
                       conditions=_placing.conditions(ask, wants.rules))  # fmt: skip
    solved = solve(ground, then, ask.clock)
    if solved is None:
        raise InputRefused(Fault("siting_no_answer_in_time", value=str(time_limit_s)))
    plan = _report(ask, ground, solved)
    _audit.placed(plan, reach, demand, wants)
    return _capacity_audit.check(plan, reach, demand, wants, given, loads, single_source=single_source)


def _required_reasons(ask: _ask.Ask, given: Sizes) -> list[Any]:
    """Name the required sites that cost more than there is, each in its cheapest size."""
    if given.budget is None:
        return []
    cheapest = {site: min(one.cost for one in given.of(ask.candidates[int(site)])) for site in ask.required.tolist()}
    cost = math.fsum(cheapest.values())
    if cost <= given.budget:
        return []
    facts = {"cost": f"{cost:g}", "budget": f"{given.budget:g}"}
    return [
        _capacity_audit.reason("deficit_required_cost", ask.candidates[site], **facts) for site in ask.required.tolist()
    ]


def _conflict(ask: _ask.Ask, wants: Wants, given: Sizes) -> list[Any]:
    """Name the conditions that no sites meet, each in its cheapest size."""
    cost = {site: min(one.cost for one in given.of(site)) for site in ask.candidates}
    usable = np.ones(len(ask.candidates), dtype=bool)
    return _placing.reasons(ask, wants.rules, usable=usable, cost=cost, budget=given.budget)


def _report(ask: _ask.Ask, ground: Ground, solved: Solved) -> SitingPlan:
    """Return the plan: the busiest site first, what each adds, who is served where."""
    served = assigned_weight(ground, solved.share)
    order, gains = _ranked(ground, solved, ask.clock)
    objective = math.fsum(served.tolist())
    bound = max(objective, solved.bound)
    said = status(objective, bound)
    whole = np.bincount(ground.place, weights=solved.share, minlength=len(ask.demands)) >= 1 - 1e-9
    reachable = np.isin(np.arange(len(ask.demands)), ground.place) | _weightless_reachable(ask, ground)
    rows = np.flatnonzero(solved.share > 0)
    names = ground.facilities
    return SitingPlan(
        model=ask.model,
        p=ask.p,
        sites=tuple(names[ground.options[option].facility] for option in order),
        objective=objective,
        bound=bound,
        gap=gap(objective, bound),
        status="not_needed" if said == "optimal" and ask.p and not order else said,
        unreachable=ask.ids(~reachable),
        unserved=ask.ids(reachable & ~whole & (ask.weight > 0)),
        ties=tuple((names[site], names[other]) for site, other in solved.ties),
        gain=tuple(gains),
        assigned=tuple(
            sorted(
                (
                    (ask.demands[ground.place[row]], names[ground.facility[row]], float(solved.share[row]))
                    for row in rows
                ),
                key=lambda one: (str(one[0]), str(one[1])),
            )
        ),
        size=tuple(ground.options[option].size for option in order),
        stages=solved.stages,
    )


def _weightless_reachable(ask: _ask.Ask, ground: Ground) -> Any:
    """Return which demands that weigh nothing somebody could reach: they take no part otherwise."""
    return (ask.weight <= 0) & ground.near


def _by_the_first(ground: Ground, solved: Solved, built: list[int], clock: Clock) -> float:
    """Return the most weight that some of the options serve, as far as is found in time: no less than in the plan."""
    there = np.isin(ground.facility, ground.at(built)) | (ground.facility >= len(ground.facilities) - ground.standing)
    own = math.fsum(assigned_weight(ground, np.where(there, solved.share, 0.0)).tolist())
    left_s = min(clock.left_s / 2, 5.0) if ground.single_source else clock.left_s
    return max(own, ground.served_by(built, Clock.of(left_s)))


def _ranked(ground: Ground, solved: Solved, clock: Clock) -> tuple[list[int], list[float]]:
    """Return the options built, the one that serves most first, and what each adds to those before it."""
    by_facility = np.bincount(
        ground.facility, weights=assigned_weight(ground, solved.share), minlength=len(ground.facilities)
    )
    built = sorted(solved.built, key=lambda option: (-by_facility[ground.options[option].facility], option))
    served = math.fsum(assigned_weight(ground, solved.share).tolist())
    steps = [min(served, _by_the_first(ground, solved, built[:count], clock)) for count in range(len(built))]
    steps = np.maximum.accumulate([*steps, served]).tolist()
    gains = [max(0.0, after - before) for before, after in pairwise(steps)]
    return built, gains
