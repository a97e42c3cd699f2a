"""Room `siting`: `deficit`, the model that chooses sites and their floor area so that the legal shortfall is least."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Unpack

import numpy as np
import pandas as pd

from planning import texts
from planning.errors import Fault, InputRefused, refuse
from planning.siting import _ask, _deficit_audit, _placing, _reasons
from planning.siting._ask import Wants
from planning.siting._deficit_ground import Balance, Ground
from planning.siting._deficit_phases import Period, periods, told
from planning.siting._deficit_solve import Solved, solve
from planning.siting._deficit_tables import Quota, faults, quota
from planning.siting._phases import budgets, wrong_budgets
from planning.siting._plan import SitingPlan, Stage, gap, status
from planning.siting._report import infeasible
from planning.siting._rules import SiteRules, Wishes
from planning.siting._units import COVER_TOTAL, Ints, whole

Ids = Iterable[Any]


def deficit(  # noqa: PLR0913  the options are the model's
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    radius_m: float,
    p: int,
    weight: str,
    needs: pd.Series[Any],
    sites: pd.DataFrame,
    credit: pd.DataFrame,
    budget: float | None = None,
    fixed: Ids = (),
    required: Ids = (),
    forbidden: Ids = (),
    candidates: Ids = (),
    time_limit_s: float = 60.0,
    phases: Sequence[Any] = (),
    **rules: Unpack[SiteRules],
) -> SitingPlan:
    """Open at most ``p`` sites and choose their floor areas so that the least floor area is missing.

    Among plans that leave the same shortfall the one that covers the most weight within ``radius_m`` is taken, among
    those the one with the fewest sites, then with the least floor area. All figures are exact; floor areas are whole
    hundredths of a square metre (or a stated limit).

    Parameters
    ----------
    reach, demand, radius_m, weight, fixed, forbidden, candidates, time_limit_s
        As in `mclp`: they decide who is within the circle.
    p
        Most new sites; 0 evaluates what stands.
    needs
        Shortfall in m², ≥ 0, by the id of the subject (an area, or a pool of areas) that has it.
    sites
        Indexed by ``facility_id``: ``least_m2`` and ``most_m2``, between which a site's floor area may lie, and,
        where there is a ``budget``, ``cost``: that of the site as a whole, whatever its floor area. A candidate that
        is absent, without ``most_m2`` or with ``least_m2`` above it cannot be opened.
    credit
        ``facility_id, subject_id, share``: the part of each square metre of a site that is credited to a subject;
        the shares of a site sum to what counts of a square metre. Sites credited to nobody who is short are not
        opened unless they are required, or ``rules`` ask for a least number or share: then any site with a floor area
        may open.
    budget
        Most that the new sites may cost together, inclusive; None: no limit.
    required
        New sites always opened; they count towards ``p`` and ``budget``.
    phases
        As in `mclp`: of the final sites, with their floor areas, each phase opens those that leave the least, within
        its own p and budget; the shortfall is that of all ``needs`` in every phase. ``own_optimum`` is what the best
        plan for the phase alone would leave.
    **rules
        Conditions: see `SiteRules`. Shares are of whom the plan covers within ``radius_m``.

    Returns
    -------
    SitingPlan
        ``objective`` is the shortfall left over all ``needs``, ``bound`` a lower one; ``gain`` is by how much each
        site lowers it; ``floor_area_m2``, ``credited`` and ``stages`` (shortfall, coverage, sites,
        floor_area) are filled. ``not_needed`` where nothing that could be opened lowers it.

    Raises
    ------
    InputRefused
        With every fault of the tables and options.

    Notes
    -----
    A numeric cell is the decimal it is written as; `fractions.Fraction` and `decimal.Decimal` are taken as they are.
    """
    wants = Wants("deficit", fixed, required, forbidden, time_limit_s, weight, p, radius_m, phases=phases,
                  candidates=(*_ids(candidates), *sites.index), rules=Wishes(**rules))  # fmt: skip
    own = [*_phase_faults(wants, budget), *faults(needs, sites, credit, budget=_any_budget(wants, budget),
                                                  radius_m=radius_m)]  # fmt: skip
    try:
        ask = _ask.read(reach, demand, wants)
    except InputRefused as refused:
        raise InputRefused((*refused.faults, *own)) from None
    refuse(own)
    money = [*budgets(wants.phases, budget), budget][: max(1, len(wants.phases))]
    given = quota(needs, sites, credit, ask.candidates, budget=money[-1])
    reasons = [*_reasons.required_above_p(ask), *_required_faults(ask, given)] or _conflict(ask, wants, given)
    if reasons:
        return infeasible(ask, reasons)
    units = whole(ask.weight, COVER_TOTAL)
    ground = Ground(given, ask.within(ask.radius_m), units.values, ask.fixed_m <= ask.radius_m, ask.required, ask.p,
                    _placing.conditions(ask, wants.rules))  # fmt: skip
    solved = solve(ground, ask.clock)
    if solved is None:
        raise InputRefused(Fault("siting_no_answer_in_time", value=str(time_limit_s)))
    limits = _placing.conditions(ask, wants.rules, final=False)
    plan = _report(ask, ground, solved, units.per_unit, periods(ask, ground, solved, money, limits),
                   known="cost" in sites.columns)  # fmt: skip
    return _deficit_audit.check(plan, reach, demand, wants, needs, sites, credit, budget=money[-1])


def _any_budget(wants: Wants, budget: float | None) -> Any:
    """Return a budget, be it of the whole or of a phase: candidates need a cost then."""
    return next((one for one in (budget, *(phase.budget for phase in wants.phases)) if one is not None), None)


def _phase_faults(wants: Wants, budget: Any) -> list[Fault]:
    """Name budgets of phases that contradict the whole one; what is wrong among themselves is named elsewhere."""
    wrong = [] if budget is None or wrong_budgets(wants.phases, None) else wrong_budgets(wants.phases, budget)
    return [Fault("siting_phase_budgets", value=", ".join(map(str, wrong)))] if wrong else []


def _conflict(ask: _ask.Ask, wants: Wants, given: Quota) -> list[Any]:
    """Name the conditions that no sites meet."""
    cost = {site: float(cost) for site, cost in zip(ask.candidates, given.cost, strict=True)}
    budget = None if given.budget is None else float(given.budget)
    return _placing.reasons(ask, wants.rules, usable=np.array(given.usable, dtype=bool), cost=cost, budget=budget)


def _ids(ids: Ids) -> tuple[Any, ...]:
    return (ids,) if isinstance(ids, str) else tuple(ids)


def _required_faults(ask: _ask.Ask, given: Quota) -> list[Any]:
    """Name the required sites that cannot be opened, or that cost more than there is."""
    required = ask.required.tolist()
    unusable = [site for site in required if not given.usable[site]]
    found = [
        _reason("deficit_site_unusable", ask.candidates[site], least=_m2(given.least[site]),
                        most=_m2(given.most[site]))
        for site in unusable
    ]  # fmt: skip
    if given.budget is not None and (cost := given.cost_of(required)) > given.budget:
        found += [
            _reason("deficit_required_cost", ask.candidates[site], cost=_m2(cost),
                            budget=_m2(given.budget))
            for site in required
        ]  # fmt: skip
    return found


def _reason(code: str, subject: Any, **facts: Any) -> dict[str, str]:
    message = texts.both(f"siting.reason.{code}", subject=subject, **facts)
    return {"code": code, "subject_kind": "facility", "subject_id": str(subject), "message": message}


def _m2(value: Fraction | None) -> str:
    return "—" if value is None else f"{float(value):g}"


def _report(
    ask: _ask.Ask, ground: Ground, solved: Solved, per_unit: float, periods: Sequence[Period], *, known: bool
) -> SitingPlan:
    """Return the plan: sites by what they add, phase by phase, and its proof by stages; ``known``: so are costs."""
    given, area = ground.quota, solved.area
    opened = np.array(sorted(area), dtype=np.int64)
    order, gains, opened_in = _ranked(given, area, [one.by_then for one in periods] or [opened])
    objective = float(given.left(area))
    covered = ground.covered(opened)
    reachable = ground.served | (np.diff(ground.reach.indptr) > 0)
    stages = _stages(ask, ground, solved, per_unit)
    said = status(objective, solved.bound)
    ids = ask.candidates
    return SitingPlan(
        model=ask.model,
        p=ask.p,
        sites=tuple(ids[site] for site in order),
        objective=objective,
        bound=solved.bound,
        gap=gap(objective, solved.bound),
        status="not_needed" if said == "optimal" and ask.p and not order else said,
        unreachable=ask.ids(~reachable),
        unserved=ask.ids(reachable & ~covered),
        ties=tuple((ids[site], ids[other]) for site, other in solved.ties),
        gain=tuple(float(gain) for gain in gains),
        phases=tuple(told(ask, ground, period, order, known=known) for period in periods),
        phase=tuple(ask.phases[number].name for number in opened_in) if periods else (),
        spent=float(given.cost_of(order)) if known else None,
        floor_area_m2=tuple(float(area[site]) for site in order),
        credited=tuple(
            (ids[site], given.subjects[subject], float(share * area[site]))
            for site in order
            for subject, share in sorted(given.share[site].items())
        ),
        stages=stages,
    )  # fmt: skip


def _stages(ask: _ask.Ask, ground: Ground, solved: Solved, per_unit: float) -> tuple[Stage, ...]:
    """Return the objectives with their bounds in the user's units."""
    opened = np.array(sorted(solved.area), dtype=np.int64)
    objective = float(ground.quota.left(solved.area))
    weight = math.fsum(ask.weight[ground.covered(opened)])
    most = weight if solved.cover_bound <= ground.value(opened) else max(weight, solved.cover_bound / per_unit)
    total = float(sum(solved.area.values(), Fraction(0)))
    area_bound = min(total, solved.area_bound)
    figures = [
        ("shortfall", objective, solved.bound),
        ("coverage", weight, most),
        ("sites", float(len(opened)), float(solved.fewest)),
        ("floor_area", total, area_bound),
    ]
    return tuple(Stage(name, value, bound, gap(value, bound), status(value, bound)) for name, value, bound in figures)


def _ranked(
    given: Quota, area: Mapping[int, Fraction], by_phase: Sequence[Ints]
) -> tuple[list[int], list[Fraction], list[int]]:
    """Return the sites in the order in which each lowers the shortfall most, what each adds, and its phase."""
    order: list[int] = []
    gains: list[Fraction] = []
    opened_in: list[int] = []
    balance = Balance(given, (), area)
    for number, by_then in enumerate(by_phase):
        waiting = sorted(set(by_then.tolist()) - set(order))
        while waiting:
            change = {site: balance.change(None, site) for site in waiting}
            pick = min(waiting, key=lambda site: (change[site], site))
            order.append(pick)
            gains.append(Fraction(-change[pick], balance.unit))
            opened_in.append(number)
            balance.add(pick)
            waiting.remove(pick)
    return order, gains, opened_in
