"""Room `siting`: what each phase opens of the final sites, and what that costs against its own best plan.

The plan is best for the last phase. Every phase before opens, of the final sites, those that are best for its own
numbers: its p and money, the sites to be had and the demand there by its end; what is open stays open. Least numbers
and shares are those of the last phase; what the plan closes is closed from the first. The phase's own best plan, bound
by none of the others, shows what it gives up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from planning.siting import _clauses
from planning.siting._ask import Ask, Wants
from planning.siting._conditions import Conditions
from planning.siting._report import Period, Solved
from planning.siting._units import Flags, Ints

Solve = Callable[[Ask, Conditions], Any]


def stages(ask: Ask, final: Solved, wants: Wants, solve: Solve) -> tuple[Period, ...]:
    """Return every phase of a solved question; empty without phases."""
    new, kept = final.sites[ask.is_new[final.sites]], final.sites[~ask.is_new[final.sites]]
    opened: Ints = np.empty(0, dtype=np.int64)
    found = []
    for number, phase in enumerate(ask.phases[:-1]):
        there, usable = _by_then(ask, number)
        asked, money = ask.with_demand(there), wants.money[number]
        among = np.union1d(opened, new[usable[new]])
        at = np.searchsorted(ask.new, among)
        inner = asked.staying(kept).only(at, np.searchsorted(ask.new, opened), phase.p)
        held = _must(solve(inner, _clauses.conditions(inner, wants.rules, budget=money, final=False)))
        opened = among[held.sites]
        columns = np.flatnonzero(usable | ~ask.is_new)
        free = asked.only(columns, np.empty(0, dtype=np.int64), phase.p)
        own = solve(free, _clauses.conditions(free, wants.rules, budget=money, final=False))
        found.append(_period(ask, opened, held, own, columns))
    return (*found, Period(new, final, final, new, 0.0)) if ask.phases else ()


def _period(ask: Ask, opened: Ints, held: Solved, own: Any, columns: Ints) -> Period:
    """Return one phase beside its own best plan; where time ran out for that, its own sites are the best known."""
    if not isinstance(own, Solved) or not _better(ask.model, own, held):
        bound = own.bound if isinstance(own, Solved) else math.nan
        return Period(opened, held, replace(held, bound=bound), opened, 0.0)
    sites = columns[own.sites]
    same = own.unserved == held.unserved
    return Period(opened, held, own, sites[ask.is_new[sites]], abs(own.objective - held.objective) if same else None)


def _better(model: str, one: Solved, other: Solved) -> bool:
    """Say whether ``one`` serves more, or as many better."""
    sign = -1 if model == "mclp" else 1
    return (one.unserved, sign * one.objective) < (other.unserved, sign * other.objective)


def _must(solved: Any) -> Solved:
    """Return a solved problem that cannot fail: with only limits, no new site at all would do."""
    if not isinstance(solved, Solved):
        raise RuntimeError("a phase has no plan though its sites are given")  # noqa: TRY004  no mistake of a caller
    return solved


def _by_then(ask: Ask, number: int) -> tuple[Flags, Flags]:
    """Return which demand is there and which candidates can open by the end of a phase.

    What is not there by the end of a later phase is not there before.
    """
    later = ask.phases[number:]
    absent = {one for phase in later for one in phase.absent}
    lacking = {one for phase in later for one in phase.unavailable}
    there = ask.there & np.array([one not in absent for one in ask.demands], dtype=bool)
    return there, ask.is_new & np.array([one not in lacking for one in ask.candidates], dtype=bool)
