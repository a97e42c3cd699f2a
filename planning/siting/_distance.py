"""Room `siting`: the models that count metres, `p_median` and `p_center`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from planning.siting import _ask, _audit, _benders, _center, _clauses, _conflict, _median, _ruled_median
from planning.siting._ask import Ask, Wants
from planning.siting._conditions import Conditions
from planning.siting._cover import Choice
from planning.siting._coverage import must_be_infeasible
from planning.siting._plan import SitingPlan
from planning.siting._polish import CoverWorth, settle
from planning.siting._report import Answer, Solved, infeasible, report
from planning.siting._rules import Rules, Wishes
from planning.siting._stages import Solve, stages
from planning.siting._units import Floats, Ints

Ids = Iterable[Any]


def p_median(  # noqa: PLR0913  the options are the model's
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    p: int,
    weight: str,
    fixed: Ids = (),
    required: Ids = (),
    forbidden: Ids = (),
    candidates: Ids = (),
    time_limit_s: float = 60.0,
    phases: Sequence[Any] = (),
    **rules: Unpack[Rules],
) -> SitingPlan:
    """Open at most ``p`` new sites so that Σ weight × distance to the nearest open site is least.

    p-median (Hakimi 1964; ReVelle & Swain 1970). Where p sites cannot serve all reachable demand, first as much
    weight as possible is served, then the sum over the served is least; the rest is in ``unserved``. A site that
    nobody is nearer to than to another is not opened.

    Parameters
    ----------
    reach
        ``facility_id, demand_id, distance_m``; an absent or infinite pair is out of reach. Every pair counts: there
        is no radius.
    demand
        Indexed by ``demand_id``.
    p
        Most new sites; 0 evaluates the fixed ones.
    weight
        Column of ``demand``, ≥ 0.
    fixed, required, forbidden
        Ids of facilities: open already; new and always opened, counted in ``p``; never opened.
    candidates
        Ids that may be opened and count as candidates although nobody is in their reach.
    time_limit_s
        Seconds for the solver; a plan stopped by it is ``feasible`` and shows its gap.
    phases
        As in `mclp`.
    **rules
        Conditions: see `Rules`; no covered shares, for there is no radius.

    Raises
    ------
    InputRefused
        With every fault of the tables and options.
    """
    wants = Wants(
        "p_median",
        fixed,
        required,
        forbidden,
        time_limit_s,
        weight,
        p,
        phases=phases,
        candidates=candidates,
        rules=Wishes(**rules),
    )
    ask = _ask.read(reach, demand, wants)
    plan = _answered(ask, wants, walk_least)
    return plan if plan.status == "infeasible" else _audit.p_median(plan, reach, demand, wants)


def p_center(  # noqa: PLR0913  the options are the model's
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    p: int,
    fixed: Ids = (),
    required: Ids = (),
    forbidden: Ids = (),
    candidates: Ids = (),
    time_limit_s: float = 60.0,
    phases: Sequence[Any] = (),
    **rules: Unpack[Rules],
) -> SitingPlan:
    """Open at most ``p`` new sites so that the longest distance to the nearest open site is least.

    p-center (Hakimi 1964; Minieka 1970). Where p sites cannot serve every reachable demand, first as many demands as
    possible are served, then the longest distance of the served is least. No more sites are opened than that needs
    after superfluous ones are dropped.

    Parameters and errors are those of `p_median`, without a weight: every demand counts 1.
    """
    wants = Wants(
        "p_center",
        fixed,
        required,
        forbidden,
        time_limit_s,
        p=p,
        phases=phases,
        candidates=candidates,
        rules=Wishes(**rules),
    )
    ask = _ask.read(reach, demand, wants)
    plan = _answered(ask, wants, reach_nearest)
    return plan if plan.status == "infeasible" else _audit.p_center(plan, reach, demand, wants)


def _answered(ask: Ask, wants: Wants, solve: Solve) -> SitingPlan:
    """Return the plan with its phases, and with who is out of reach and who is left out; or why there is none."""
    conditions = _clauses.conditions(ask, wants.rules, budget=wants.money[-1])
    solved = solve(ask, conditions)
    if not isinstance(solved, Solved):
        ground = _center.everyone(ask, conditions)
        must_be_infeasible(solved, wants)
        return infeasible(ask, _conflict.reasons(ask, ground, ask.p, None))
    reachable = np.isfinite(_center.nearest_m(ask, np.arange(len(ask.candidates))))
    served = np.isfinite(_center.nearest_m(ask, solved.sites))
    return report(Answer(ask, solved, wants, stages(ask, solved, wants, solve)), ~reachable, reachable & ~served)


def walk_least(ask: Ask, conditions: Conditions) -> Solved | Choice:
    """Return the plan that makes the walking sum least, settled; the bare choice where there is none."""
    if len(ask.required) > ask.p:
        return Choice(None, 0, infeasible=True)
    sums = _median.walk(ask)
    sums = replace(sums, ground=replace(sums.ground, conditions=conditions, closable=ask.closable))
    least = _ruled_median.least if sums.ground.ruled else _benders.least
    choice = least(sums, ask.p, ask.clock)
    if choice.sites is None:
        return choice
    worth = _median.WalkWorth(sums)
    sites = settle(worth, choice.sites, ask)
    objective = _walked(ask, sites)
    lower = max(0, choice.bound - sums.far * sums.unserved(sites)) / sums.per_unit
    bound = objective if choice.bound >= sums.cost(sites) else min(objective, lower)
    left = math.fsum(ask.weight[~np.isfinite(_center.nearest_m(ask, sites))])
    return Solved(sites, worth, worth, objective, bound, sums.per_unit, left)


def reach_nearest(ask: Ask, conditions: Conditions) -> Solved | Choice:
    """Return the plan that makes the longest distance least, settled; the bare choice where there is none."""
    centre = _center.narrowest(ask, conditions)
    if isinstance(centre, Choice):
        return centre
    worth = CoverWorth(centre.ground, need=centre.ground.value(centre.sites))
    sites = settle(worth, centre.sites, ask)
    objective = _center.longest_m(ask, sites)
    near = _center.nearest_m(ask, sites)
    left = float((ask.there & ~np.isfinite(near)).sum())
    return Solved(sites, worth, worth, objective, min(objective, centre.bound_m), 1.0, left)


def _walked(ask: Ask, sites: Ints) -> float:
    """Return Σ weight × distance over the served demand."""
    near: Floats = _center.nearest_m(ask, sites)
    served = np.isfinite(near)
    return math.fsum(ask.weight[served] * near[served])
