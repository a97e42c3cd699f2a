"""Room `siting`: why a request has no plan: conditions that exclude each other, none of them superfluous.

Every condition is a clause: the number of sites, each required site, each street, money, spacing, each share, each
demand that must be covered. Which of them form an irreducible conflict is found by halving (QuickXplain, Junker 2004),
with the exact model deciding each question; of two orders of asking, the shorter answer is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from planning import texts
from planning.siting import _ruled
from planning.siting._ask import Ask
from planning.siting._conditions import FREE, Clause, Conditions
from planning.siting._cover import Ground
from planning.siting._highs import Clock
from planning.siting._ruled import Quest
from planning.siting._units import Flags, Ints

Reasons = list[Mapping[str, str]]
LEAST_S = 10.0  # a conflict is told even where proving that there is one took all the time


@dataclass(frozen=True)
class _Case:
    """All clauses of a request: ``conditions`` hold p, required sites and the rest; ``must`` the demand to cover."""

    ask: Ask
    ground: Ground
    conditions: Conditions
    must: Ints
    clock: Clock

    @property
    def clauses(self) -> list[Clause]:
        """Return every clause: the conditions, then one for each demand."""
        demand = [Clause("cover", "demand", self.ask.demands[int(one)]) for one in self.must]
        return [*self.conditions.clauses, *demand]

    def ground_of(self, clauses: list[int]) -> tuple[Ground, Flags]:
        """Return the covering problem under some clauses alone, and the demand they want covered."""
        count = len(self.conditions.clauses)
        chosen = np.array([one for one in clauses if one < count], dtype=np.int64)
        must = np.zeros(len(self.ask.demands), dtype=bool)
        must[self.must[[one - count for one in clauses if one >= count]]] = True
        none: Ints = np.zeros(0, dtype=np.int64)
        return replace(self.ground, required=none, conditions=self.conditions.only(chosen)), must

    def fails(self, clauses: list[int]) -> bool:
        """Say whether some clauses exclude each other for sure."""
        if self.clock.left_s == 0:
            return False
        ground, must = self.ground_of(clauses)
        return _ruled.excluded(Quest(replace(ground, weight=np.zeros_like(ground.weight)), must=must), self.clock)

    def row_of(self, floor: int) -> int:
        """Return the row that a clause about a share has among the floors."""
        return int(np.flatnonzero(self.conditions.floor_of == floor)[0])

    def best(self, floor: int, others: list[int]) -> int:
        """Return the most of a floor's weight that a plan under ``others`` covers."""
        ground, must = self.ground_of(others)
        weight = self.conditions.floors[[self.row_of(floor)]].toarray()[0]
        return _ruled.most_under(Quest(replace(ground, weight=weight), must=must), self.clock)


def reasons(ask: Ask, ground: Ground, p: int | None, need: int | None) -> Reasons:
    """Return why a request that has no plan has none, one reason a clause.

    ``need`` is the weight that `lscp` must cover, None where it must cover all that has a weight; ``p`` None says that
    it is `lscp` that asks.
    """
    must: Ints = np.zeros(0, dtype=np.int64)
    if p is None and need is None:
        reachable = ground.served | (np.diff(ground.reach.indptr) > 0)
        must = np.flatnonzero((ground.weight > 0) & reachable & ~ground.served)
    clock = ask.clock if ask.clock.left_s > LEAST_S else Clock.of(LEAST_S)
    case = _Case(ask, ground, _all_clauses(ask, ground, p, need), must, clock)
    found = _conflict(case)
    return [_told(case, one, [other for other in found if other != one]) for one in found]


def _all_clauses(ask: Ask, ground: Ground, p: int | None, need: int | None) -> Conditions:
    """Return the conditions with the limit of sites, the required sites and the share as clauses of their own."""
    found = Quest(ground).conditions
    if need is not None:
        found = found.with_floor(Clause("share", "plan", "share", {"floor": ask.share}), ground.weight, need)
    for one in ask.required.tolist():
        row = np.arange(len(ask.candidates)) == one
        found = found.with_rows(Clause("required", "facility", ask.candidates[one]), row, [1], [FREE])
    if p is not None:
        found = found.with_rows(Clause("p", "plan", "p", {"p": p}), ask.is_new, [-FREE], [p])
    return found


def _conflict(case: _Case) -> list[int]:
    """Return the shorter of two irreducible conflicts, in the order of clauses."""
    every = list(range(len(case.clauses)))
    if not case.fails(every):
        return every
    forward = _explain(case, [], every, asked=False)
    if len(forward) > 1 and case.clock.left_s > 0:
        backward = _explain(case, [], every[::-1], asked=False)
        if case.fails(backward) and len(backward) < len(forward):
            forward = backward
    return sorted(forward)


def _explain(case: _Case, given: list[int], rest: list[int], *, asked: bool) -> list[int]:
    """Return the part of ``rest`` that, with ``given``, excludes itself; ``asked``: look at given first."""
    if asked and case.fails(given):
        return []
    if len(rest) == 1:
        return rest
    half = len(rest) // 2
    left, right = rest[:half], rest[half:]
    second = _explain(case, [*given, *left], right, asked=bool(left))
    first = _explain(case, [*given, *second], left, asked=bool(second))
    return [*first, *second]


def _told(case: _Case, at: int, others: list[int]) -> Mapping[str, str]:
    """Return one reason with its sentences."""
    clause = case.clauses[at]
    facts = dict(clause.facts)
    if "floor" in facts:
        facts["best"] = _share(case.best(at, others), int(case.conditions.total[case.row_of(at)]))
    ending = "alone" if not others else "together"
    said = {
        language: texts.t(f"siting.clause.{clause.code}", language, subject=clause.subject, **facts)
        + texts.t(f"siting.reason.{ending}", language)
        for language in texts.LANGUAGES
    }
    return {
        "code": clause.code,
        "subject_kind": clause.kind,
        "subject_id": str(clause.subject),
        "message": " / ".join(said.values()),
    }


def _share(weight: int, total: int) -> str:
    """Return a share as text, rounded down so that it never looks met."""
    return f"{int(Fraction(weight, total) * 10_000) / 10_000:.4f}"
