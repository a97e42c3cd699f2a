"""Room `siting`: the models that count metres, `p_median` and `p_center`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from planning.siting import _ask, _audit, _benders, _center, _median, _reasons
from planning.siting._ask import Ask, Wants
from planning.siting._plan import SitingPlan
from planning.siting._polish import CoverWorth, in_phases, settle
from planning.siting._report import Answer, infeasible, report
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
    )
    ask = _ask.read(reach, demand, wants)
    reasons = _reasons.required_above_p(ask)
    if reasons:
        return infeasible(ask, reasons)
    sums = _median.walk(ask)
    choice = _benders.least(sums, ask.p, ask.clock)
    if choice.sites is None:
        raise RuntimeError("p_median always has a plan")
    worth = _median.WalkWorth(sums)
    sites = settle(worth, choice.sites, ask.required)
    objective = _walked(ask, sites)
    outside = sums.far * sums.unserved(sites)
    lower = max(0, choice.bound - outside) / sums.per_unit
    bound = objective if choice.bound >= sums.cost(sites) else min(objective, lower)
    answer = Answer(ask, sites, worth, worth, objective, bound, sums.per_unit)
    phased = in_phases(sites, ask.phases, lambda *inner: _median_subset(ask, *inner))
    plan = _plan_of(answer, [(by_then, _walked(ask, by_then)) for by_then in phased])
    return _audit.p_median(plan, reach, demand, wants)


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
    )
    ask = _ask.read(reach, demand, wants)
    reasons = _reasons.required_above_p(ask)
    if reasons:
        return infeasible(ask, reasons)
    centre = _center.narrowest(ask)
    worth = CoverWorth(centre.ground, need=centre.ground.value(centre.sites))
    sites = settle(worth, centre.sites, ask.required)
    objective = _center.longest_m(ask, sites)
    answer = Answer(ask, sites, worth, worth, objective, min(objective, centre.bound_m), 1.0)
    phased = in_phases(sites, ask.phases, lambda *inner: _center_subset(ask, *inner))
    plan = _plan_of(answer, [(by_then, _center.longest_m(ask, by_then)) for by_then in phased])
    return _audit.p_center(plan, reach, demand, wants)


def _plan_of(answer: Answer, phases: Sequence[tuple[Ints, float]]) -> SitingPlan:
    """Return the plan with who is out of reach and who is left out."""
    ask = answer.ask
    reachable = np.isfinite(_center.nearest_m(ask, np.arange(len(ask.candidates))))
    served = np.isfinite(_center.nearest_m(ask, answer.sites))
    return report(answer, ~reachable, reachable & ~served, phases)


def _walked(ask: Ask, sites: Ints) -> float:
    """Return Σ weight × distance over the served demand."""
    near: Floats = _center.nearest_m(ask, sites)
    served = np.isfinite(near)
    return math.fsum(ask.weight[served] * near[served])


def _median_subset(ask: Ask, among: Ints, opened: Ints, p: int) -> Ints:
    """Return the ``p`` of the sites ``among``, ``opened`` included, that make the sum least."""
    sums = _median.walk(ask.only(among, opened, p))
    sites = _benders.least(sums, p, ask.clock).sites
    return among[settle(_median.WalkWorth(sums), np.arange(0) if sites is None else sites, sums.ground.required)]


def _center_subset(ask: Ask, among: Ints, opened: Ints, p: int) -> Ints:
    """Return the ``p`` of the sites ``among``, ``opened`` included, that make the longest distance least."""
    inner = ask.only(among, opened, p)
    centre = _center.narrowest(inner)
    worth = CoverWorth(centre.ground, need=centre.ground.value(centre.sites))
    return among[settle(worth, centre.sites, inner.required)]
