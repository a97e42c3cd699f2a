"""Room `siting`: the models that count who is within a radius, `lscp` and `mclp`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from planning.errors import Fault, InputRefused, refuse
from planning.siting import _ask, _audit, _cover, _reasons
from planning.siting._ask import Ask, Wants
from planning.siting._cover import Choice, Ground
from planning.siting._highs import Clock
from planning.siting._plan import SitingPlan
from planning.siting._polish import CoverWorth, in_phases, settle
from planning.siting._report import Answer, infeasible, report
from planning.siting._streets import StreetWishes, streets
from planning.siting._units import COVER_TOTAL, Flags, Ints, whole

Ids = Iterable[Any]


def lscp(  # noqa: PLR0913  the options are the model's
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    radius_m: float,
    weight: str | None = None,
    share: float = 1.0,
    fixed: Ids = (),
    required: Ids = (),
    forbidden: Ids = (),
    candidates: Ids = (),
    time_limit_s: float = 60.0,
    street_of: Mapping[Any, Any] | pd.Series[Any] | None = None,
    one_per_street: bool = False,
    min_share_per_street: float = 0.0,
    demand_street: pd.Series[Any] | None = None,
) -> SitingPlan:
    """Open the fewest new sites so that every reachable demand lies within ``radius_m`` of an open one.

    Location set covering problem (Toregas, Swain, ReVelle & Bergman 1971).

    Parameters
    ----------
    reach
        ``facility_id, demand_id, distance_m``; an absent or infinite pair is out of reach.
    demand
        Indexed by ``demand_id``.
    radius_m
        Metres, inclusive.
    weight
        Column of ``demand``, ≥ 0: for ``share``, for the floors of streets, and for the gains; without it each demand
        counts 1.
    share
        Cover at least this share (0–1) of the weight, unreachable demand in the denominator; 1 covers every reachable
        demand, whatever its weight.
    fixed, required, forbidden
        Ids of facilities: open already; new and always opened, counted in the objective; never opened.
    candidates
        Ids that may be opened and count as candidates although nobody is in their reach.
    time_limit_s
        Seconds for the solver; a plan stopped by it is ``feasible`` and shows its gap.
    street_of, one_per_street
        Facility → street; at most one facility in each street, fixed ones counted. A site without a street is free.
    min_share_per_street, demand_street
        Least covered share of the weight in every street; demand → street. A street without weight has no floor.

    Raises
    ------
    InputRefused
        With every fault of the tables and options.
    """
    wants = Wants(
        "lscp",
        fixed,
        required,
        forbidden,
        time_limit_s,
        weight,
        radius_m=radius_m,
        share=share,
        candidates=candidates,
    )
    wishes = StreetWishes(street_of, one_per_street, demand_street, min_share_per_street)
    ask, ground = _question(reach, demand, wants, wishes)
    reachable = _reachable(ground)
    counted, need = _lscp_need(ask, ground, reachable)
    reasons = _reasons.before(ask, ground, wishes, reachable)
    choice = Choice(None, 0, infeasible=True) if reasons else _cover.fewest(counted, need, ask.clock)
    if choice.sites is None:
        _must_be_infeasible(choice, wants)
        return infeasible(ask, reasons or _reasons.of_cover(ask, counted, wishes, need))
    worth = CoverWorth(counted, need=counted.value(choice.sites) if need is None else need)
    sites = settle(worth, choice.sites, ground.required)
    bound = float(min(choice.bound, len(sites)))
    answer = Answer(ask, sites, worth, CoverWorth(ground), float(len(sites)), bound, ground.per_unit)
    plan = report(answer, ~reachable, reachable & ~ground.covered(sites), ())
    return _audit.lscp(plan, reach, demand, wants)


def mclp(  # noqa: PLR0913  the options are the model's
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    radius_m: float,
    p: int,
    weight: str,
    fixed: Ids = (),
    required: Ids = (),
    forbidden: Ids = (),
    candidates: Ids = (),
    time_limit_s: float = 60.0,
    street_of: Mapping[Any, Any] | pd.Series[Any] | None = None,
    one_per_street: bool = False,
    min_share_per_street: float = 0.0,
    demand_street: pd.Series[Any] | None = None,
    phases: Sequence[Any] = (),
) -> SitingPlan:
    """Open at most ``p`` new sites so that the most weight lies within ``radius_m`` of an open one.

    Maximal covering location problem (Church & ReVelle 1974). A site that adds nothing is not opened; where nothing
    adds anything the status is ``not_needed``.

    Parameters
    ----------
    reach, demand, radius_m, fixed, forbidden, time_limit_s, street_of, one_per_street
        As in `lscp`.
    p
        Most new sites; 0 evaluates the fixed ones.
    weight
        Column of ``demand`` to cover, ≥ 0.
    required
        New sites always opened; they count towards ``p``.
    min_share_per_street, demand_street
        As in `lscp`.
    phases
        Pairs (name, p) or objects with ``name`` and ``p``; p is cumulative and the last is ``p``. The plan is best
        for the last; each earlier phase opens those of its sites that cover most by then.

    Raises
    ------
    InputRefused
        With every fault of the tables and options.
    """
    wants = Wants(
        "mclp",
        fixed,
        required,
        forbidden,
        time_limit_s,
        weight,
        p,
        radius_m,
        phases=phases,
        candidates=candidates,
    )
    wishes = StreetWishes(street_of, one_per_street, demand_street, min_share_per_street)
    ask, ground = _question(reach, demand, wants, wishes)
    reasons = _reasons.before(ask, ground, wishes, None)
    choice = Choice(None, 0, infeasible=True) if reasons else _cover.best(ground, ask.p, ask.clock)
    if choice.sites is None:
        _must_be_infeasible(choice, wants)
        return infeasible(ask, reasons or _reasons.of_floors(ask, ground, wishes, ask.p))
    worth = CoverWorth(ground)
    sites = settle(worth, choice.sites, ground.required)
    objective = math.fsum(ask.weight[ground.covered(sites)])
    proven = choice.bound <= ground.value(sites)
    bound = objective if proven else max(objective, choice.bound / ground.per_unit)
    reachable = _reachable(ground)
    answer = Answer(ask, sites, worth, worth, objective, bound, ground.per_unit)
    phased = in_phases(sites, ask.phases, lambda among, opened, q: _best_of(ground, among, opened, q, ask.clock))
    plan = report(
        answer,
        ~reachable,
        reachable & ~ground.covered(sites),
        [(by_then, math.fsum(ask.weight[ground.covered(by_then)])) for by_then in phased],
    )
    return _audit.mclp(plan, reach, demand, wants)


def _question(reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants, wishes: StreetWishes) -> tuple[Ask, Ground]:
    """Check everything and return the question and its covering problem."""
    street_faults = wishes.faults()
    try:
        ask = _ask.read(reach, demand, wants)
    except InputRefused as refused:
        raise InputRefused((*refused.faults, *street_faults)) from None
    refuse(street_faults)
    units = whole(ask.weight, COVER_TOTAL)
    conditions = streets(ask, units.values, wishes)
    served = ask.fixed_m <= ask.radius_m
    return ask, Ground(ask.within(ask.radius_m), units.values, served, ask.required, conditions, units.per_unit)


def _reachable(ground: Ground) -> Flags:
    """Return which demands a candidate or a fixed site could cover."""
    return np.asarray(ground.served | (np.diff(ground.reach.indptr) > 0))


def _lscp_need(ask: Ask, ground: Ground, reachable: Flags) -> tuple[Ground, int | None]:
    """Return the problem `lscp` solves and the weight it needs; None: every reachable demand, whatever its weight.

    Where all that can be reached must be covered, floors of streets hold or fail whichever sites are chosen.
    """
    if ask.share < 1:
        return ground, _reasons.share_of(ask.share, int(ground.weight.sum()))
    return replace(ground, weight=reachable.astype(np.int64), streets=ground.streets.without_floors()), None


def _must_be_infeasible(choice: Choice, wants: Wants) -> None:
    """Refuse to answer when the clock ran out with neither a plan nor a proof that there is none."""
    if not choice.infeasible:
        raise InputRefused(Fault("siting_no_answer_in_time", value=str(wants.time_limit_s)))


def _best_of(ground: Ground, among: Ints, opened: Ints, p: int, clock: Clock) -> Ints:
    """Return the ``p`` of the sites ``among``, ``opened`` included, that cover most."""
    inner = replace(
        ground,
        reach=ground.reach[:, among],
        required=np.searchsorted(among, opened),
        streets=ground.streets.without_conditions(len(among)),
    )
    choice = _cover.best(inner, p, clock)
    if choice.sites is None:
        raise RuntimeError("a phase has no plan though its sites are given")
    return among[settle(CoverWorth(inner), choice.sites, inner.required)]
