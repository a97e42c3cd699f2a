"""Room `siting`: the models that count who is within a radius, `lscp` and `mclp`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from planning.errors import Fault, InputRefused, refuse
from planning.siting import _ask, _audit, _clauses, _conflict, _solve
from planning.siting._ask import Ask, Wants
from planning.siting._conditions import Conditions
from planning.siting._cover import Choice, Ground
from planning.siting._plan import SitingPlan
from planning.siting._polish import CoverWorth, settle
from planning.siting._report import Answer, Solved, infeasible, report
from planning.siting._rules import Rules, Wishes
from planning.siting._stages import stages
from planning.siting._then import Then, refine
from planning.siting._then_told import with_proof
from planning.siting._units import COVER_TOTAL, Flags, whole

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
    then: Then | None = None,
    **rules: Unpack[Rules],
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
    then
        Further objectives that decide among plans of the same number of sites, see `Then`; their proof stands in
        ``stages``.
    **rules
        Conditions: see `Rules`.

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
        rules=Wishes(**rules),
    )
    ask = _read(reach, demand, wants, then)
    ground = cover_ground(ask, _clauses.conditions(ask, wants.rules, budget=wants.rules.budget))
    reachable = _reachable(ground)
    counted, need = _lscp_need(ask, ground, reachable)
    choice = _solve.fewest(counted, need, ask.clock)
    if choice.sites is None:
        must_be_infeasible(choice, wants)
        return infeasible(ask, _conflict.reasons(ask, counted, None, need))
    worth = CoverWorth(counted, need=counted.value(choice.sites) if need is None else need)
    sites = settle(worth, choice.sites, ask)
    count = float(ask.is_new[sites].sum())
    ranking = CoverWorth(ground)
    solved = Solved(sites, worth, ranking, count, float(min(choice.bound, count)), ground.per_unit)
    solved, proof = refine(ask, counted, solved, then or Then(), hold=need)
    plan = report(Answer(ask, solved, wants), ~reachable, reachable & ~ground.covered(solved.sites))
    return _audit.lscp(with_proof(plan, ask, then, proof), reach, demand, wants)


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
    phases: Sequence[Any] = (),
    then: Then | None = None,
    **rules: Unpack[Rules],
) -> SitingPlan:
    """Open at most ``p`` new sites so that the most weight lies within ``radius_m`` of an open one.

    Maximal covering location problem (Church & ReVelle 1974). A site that adds nothing is not opened unless a
    condition asks for it; where nothing adds anything the status is ``not_needed``.

    Parameters
    ----------
    reach, demand, radius_m, fixed, forbidden, time_limit_s
        As in `lscp`.
    p
        Most new sites; 0 evaluates the fixed ones.
    weight
        Column of ``demand`` to cover, ≥ 0.
    required
        New sites always opened; they count towards ``p``.
    phases
        `Phase`, pairs (name, p) or objects with ``name`` and ``p``; p is cumulative and the last is ``p``. The plan is
        best for the last, which alone holds least numbers and shares; each earlier phase opens those of its sites that
        cover most by then, within its own limits.
    then
        Further objectives that decide among plans that cover as much, see `Then`; a site may then be opened for one of
        them alone.
    **rules
        Conditions: see `Rules`.

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
        rules=Wishes(**rules),
    )
    ask = _read(reach, demand, wants, then)
    conditions = _clauses.conditions(ask, wants.rules, budget=wants.money[-1])
    ground = cover_ground(ask, conditions)
    solved = cover_most(ask, conditions)
    if not isinstance(solved, Solved):
        must_be_infeasible(solved, wants)
        return infeasible(ask, _conflict.reasons(ask, ground, ask.p, None))
    reachable = _reachable(ground)
    solved, proof = refine(ask, ground, solved, then or Then())
    answer = Answer(ask, solved, wants, stages(ask, solved, wants, cover_most))
    plan = report(answer, ~reachable, reachable & ~ground.covered(solved.sites))
    return _audit.mclp(with_proof(plan, ask, then, proof), reach, demand, wants)


def _read(reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants, then: Then | None) -> Ask:
    """Check the question and its further objectives, everything at once."""
    alien = [] if then is None else then.faults(tuple(set(wants.candidates) - {*wants.fixed, *wants.forbidden}))
    try:
        ask = _ask.read(reach, demand, wants)
    except InputRefused as refused:
        raise InputRefused((*refused.faults, *alien)) from None
    alien = alien or ([] if then is None else then.faults([one for one, new in zip(ask.candidates, ask.is_new,
                                                                                   strict=True) if new]))  # fmt: skip
    refuse(alien)
    return ask


def cover_most(ask: Ask, conditions: Conditions) -> Solved | Choice:
    """Return the plan that covers most under ``conditions``, settled; the bare choice where there is none."""
    ground = cover_ground(ask, conditions)
    choice = _solve.best(ground, ask.p, ask.clock)
    if choice.sites is None:
        return choice
    worth = CoverWorth(ground)
    sites = settle(worth, choice.sites, ask)
    objective = math.fsum(ask.weight[ground.covered(sites)])
    proven = choice.bound <= ground.value(sites)
    bound = objective if proven else max(objective, choice.bound / ground.per_unit)
    return Solved(sites, worth, worth, objective, bound, ground.per_unit)


def cover_ground(ask: Ask, conditions: Conditions) -> Ground:
    """Return the covering problem of a checked question."""
    units = whole(ask.weight, COVER_TOTAL)
    served = ask.fixed_m <= ask.radius_m
    return Ground(
        ask.within(ask.radius_m), units.values, served, ask.required, units.per_unit, conditions, ask.closable
    )


def _reachable(ground: Ground) -> Flags:
    """Return which demands a candidate or a fixed site could cover."""
    return np.asarray(ground.served | (np.diff(ground.reach.indptr) > 0))


def _lscp_need(ask: Ask, ground: Ground, reachable: Flags) -> tuple[Ground, int | None]:
    """Return the problem `lscp` solves and the weight it needs; None: every reachable demand, whatever its weight."""
    if ask.share < 1:
        return ground, _clauses.share_of(ask.share, int(ground.weight.sum()))
    return replace(ground, weight=reachable.astype(np.int64)), None


def must_be_infeasible(choice: Choice, wants: Wants) -> None:
    """Refuse to answer when the clock ran out with neither a plan nor a proof that there is none."""
    if not choice.infeasible:
        raise InputRefused(Fault("siting_no_answer_in_time", value=str(wants.time_limit_s)))
