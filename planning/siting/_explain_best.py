"""Room `siting`: the plans nearly as good as the best, and what more or fewer sites would do.

Both ask the model's own verb again, with sites required or forbidden, so every condition of the question holds for
every answer. The best plans in turn are found by splitting what is left around each plan found (Lawler 1972;
Murty 1968): with its first site forbidden; with that one required and the second forbidden; and so on. A plan that
holds all sites of a better one and gains nothing by the others is not listed.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from planning.errors import InputRefused
from planning.siting._ask import Ask
from planning.siting._explain_measure import Gauge
from planning.siting._explain_rules import Rules
from planning.siting._plan import SitingPlan
from planning.siting._units import Ints

Solve = Callable[..., SitingPlan]
MOST_SOLVES = 240


@dataclass(frozen=True)
class Question:
    """A question that can be asked again: the model's verb with its tables, what was asked, and what it measures.

    ``asked`` are the options of the verb without roles, ``p`` and phases; ``apart`` names, by reason, the
    candidates that no plan opens whatever is asked.
    """

    ask: Ask
    measure: Gauge
    rules: Rules
    solve: Solve
    asked: Mapping[str, Any]
    forbidden: tuple[Any, ...]
    apart: Mapping[str, tuple[Any, ...]]
    p: int

    def at(self, ids: Sequence[Any]) -> Ints:
        """Return candidates as positions, ascending."""
        where = {one: position for position, one in enumerate(self.ask.candidates)}
        return np.sort(np.array([where[one] for one in ids], dtype=np.int64))

    def ids(self, sites: Ints) -> tuple[Any, ...]:
        """Return positions as ids."""
        return tuple(self.ask.candidates[int(site)] for site in sites)

    def plan(self, p: int, opened: Ints, closed: Ints) -> SitingPlan | None:
        """Solve with at most ``p`` sites, ``opened`` among them and ``closed`` not; None where time was too short."""
        left = len(self.ask.candidates) - len(closed)
        if not left:
            return self._nothing_new()
        options = {**self.asked, "required": self.ids(opened), "forbidden": (*self.forbidden, *self.ids(closed))}
        if self.measure.model != "lscp":
            options["p"] = min(p, left)
        if "phases" in options:
            options["phases"] = tuple(replace(phase, p=options["p"]) for phase in options["phases"])
        # a site that may no longer be opened is no candidate either
        open_ = set(self.ask.candidates) - set(options["forbidden"])
        options["candidates"] = tuple(one for one in self.ask.candidates if one in open_)
        if "preferred" in options:
            options["preferred"] = tuple(one for one in options["preferred"] if one in open_)
        try:
            return self.solve(**options)
        except InputRefused as refused:
            if [fault.code for fault in refused.faults] == ["siting_no_answer_in_time"]:
                return None
            raise

    def _nothing_new(self) -> SitingPlan:
        """Return the plan without any candidate left."""
        nothing = np.empty(0, dtype=np.int64)
        if self.measure.key(nothing)[0] and self.measure.model == "lscp":
            return SitingPlan("lscp", 0, (), math.nan, math.nan, math.nan, "infeasible")
        objective = self.measure.objective(nothing)
        return SitingPlan(self.measure.model, 0, (), objective, objective, 0.0, "optimal")


@dataclass(frozen=True)
class Nearly:
    """Plans nearly as good, the best first, as sorted positions; the plan itself is not among them.

    ``complete``: no other plan is as near; ``best_first``: none that is not listed is better than the last one.
    """

    plans: tuple[Ints, ...]
    complete: bool
    best_first: bool


def nearly(question: Question, plan: SitingPlan, *, k: int, within: float) -> Nearly:
    """Return up to ``k`` plans whose objective is within the share ``within`` of the best."""
    search = _Search(question, plan, within)
    found: list[Ints] = []
    while search.cells and len(found) <= k:
        sites = search.next()
        if search.is_lean(sites):
            found.append(sites)
    others = [sites for sites in found if not np.array_equal(sites, search.first)]
    ordered = sorted(others, key=lambda sites: (question.measure.key(sites), tuple(sites.tolist())))
    return Nearly(tuple(ordered[:k]), search.proven and not search.cells and len(ordered) <= k, search.proven)


class _Search:
    """The cells that are left: each is all plans with some sites required and some forbidden, and its best plan."""

    def __init__(self, question: Question, plan: SitingPlan, within: float) -> None:
        self.question = question
        self.first = question.at(plan.sites)
        self.unreachable = plan.unreachable
        self.worst = _worst(question.measure, self.first, within)
        self.proven = _is_proven(plan)
        self.solves = 0
        self.cells: list[tuple[tuple[int, ...], tuple[int, ...], Ints, Ints]] = []
        self._push(self.first, question.ask.required, np.empty(0, dtype=np.int64))

    def next(self) -> Ints:
        """Take the best plan of all cells and split its cell around it."""
        _, sites, opened, closed = heapq.heappop(self.cells)
        chosen = np.array(sites, dtype=np.int64)
        for site in np.setdiff1d(chosen, opened):
            shut = np.append(closed, site)
            if self.solves >= MOST_SOLVES:
                self.proven = False
            else:
                self._solve(opened, shut)
            opened = np.append(opened, site)
        return chosen

    def is_lean(self, sites: Ints) -> bool:
        """Say whether no site of a plan could be left out at the same objective."""
        free = ~np.isin(sites, self.question.ask.required)
        change = self.question.measure.drop(sites)
        idle = (change.first == 0) & (change.second == 0) & self.question.rules.drops(sites)
        return not (idle & free).any()

    def _solve(self, opened: Ints, closed: Ints) -> None:
        if self.question.measure.model != "lscp" and len(opened) > self.question.p:
            return
        self.solves += 1
        plan = self.question.plan(self.question.p, opened, closed)
        if plan is None:
            self.proven = False
        elif plan.status != "infeasible" and self._covers_as_much(plan):
            self.proven = self.proven and _is_proven(plan)
            self._push(self.question.at(plan.sites), opened, closed)

    def _covers_as_much(self, plan: SitingPlan) -> bool:
        """Say whether a plan still owes all that the question owes: closed candidates must not shrink the task."""
        return self.question.measure.model != "lscp" or plan.unreachable == self.unreachable

    def _push(self, sites: Ints, opened: Ints, closed: Ints) -> None:
        key = _ranked(self.question.measure, sites)
        if key <= self.worst:
            # positions after the key: of equal plans the smaller ids come first
            heapq.heappush(self.cells, (key, tuple(sites.tolist()), opened, closed))


def _ranked(measure: Gauge, sites: Ints) -> tuple[int, ...]:
    """Return what plans of a model are ranked by, sites counted where they are the objective."""
    key = measure.key(sites)
    return (key[0], len(sites)) if measure.model == "lscp" else key


def _worst(measure: Gauge, sites: Ints, within: float) -> tuple[int, ...]:
    """Return the last rank that is still within the share of the plan's."""
    share = Fraction(Decimal(str(within)))
    if measure.model == "lscp":
        left, number = _ranked(measure, sites)
        return left, number + int(share * number)
    return measure.worst(sites, share)


def _is_proven(plan: SitingPlan) -> bool:
    """Say whether nothing is better than a plan, by any objective that plans are ranked by here."""
    ranked = plan.stages[:2] if plan.model == "deficit" else ()
    return plan.status != "feasible" and all(stage.status != "feasible" for stage in ranked)


def curve(question: Question, plan: SitingPlan, *, to: int) -> list[tuple[int, SitingPlan | None]]:
    """Return the best plan of each number of sites, from those required up to ``to``.

    It ends early where one more site adds nothing. The plan's own number of sites is not solved again.
    """
    found: list[tuple[int, SitingPlan | None]] = []
    nothing = np.empty(0, dtype=np.int64)
    everyone = question.measure.key(np.arange(len(question.ask.candidates)))
    for p in range(len(question.ask.required), min(to, len(question.ask.candidates)) + 1):
        answer = plan if p == plan.p and plan.model != "lscp" else question.plan(p, question.ask.required, nothing)
        found.append((p, answer))
        if answer is None or answer.status not in {"optimal", "not_needed"} or p < plan.p:
            continue
        if question.measure.key(question.at(answer.sites)) == everyone:
            break
    return found
