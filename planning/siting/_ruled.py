"""Room `siting`: covering problems under conditions, and with existing facilities that may close.

The way of `planning.siting._cover` with what conditions leave of it: a row of demand stands for all rows with the same
sites, a site gives way to another only where no condition could tell the difference, and HiGHS does the rest. Among
plans of the same objective the one that closes fewest existing facilities is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from planning.siting import _cover, _reduce
from planning.siting._conditions import FREE, Conditions
from planning.siting._cover import Choice, Ground, swap_change
from planning.siting._highs import Clock, Found, Model, minimise
from planning.siting._units import Flags, Floats, Ints


@dataclass(frozen=True)
class Quest:
    """A covering problem: at most ``p`` new sites (None: any number), all demand ``must`` covered."""

    ground: Ground
    p: int | None = None
    must: Flags | None = None

    @property
    def conditions(self) -> Conditions:
        """Return the conditions; none where there are none."""
        reach = self.ground.reach
        return self.ground.conditions or Conditions.none(reach.shape[1], reach.shape[0])

    def holds(self, sites: Ints) -> bool:
        """Say, exactly, whether ``sites`` meet everything."""
        covered = self.ground.covered(sites)
        few = self.p is None or int((~np.isin(sites, self.ground.closable)).sum()) <= self.p
        whole = self.must is None or bool(covered[self.must].all())
        return few and whole and bool(np.isin(self.ground.required, sites).all()) and self.ground.fit(sites)


def best(ground: Ground, p: int, clock: Clock) -> Choice:
    """Cover the most weight with at most ``p`` new sites, the required ones among them; then close the fewest."""
    quest = Quest(ground, p)
    program = _Program(quest)
    start = first_plan(quest)
    if clock.left_s == 0:
        return Choice(start, int(ground.weight.sum()))
    found = program.solve(-program.weight, clock, start)
    if found.infeasible and start is not None:
        raise RuntimeError("the solver calls a problem infeasible that has a plan")
    bound = min(int(ground.weight.sum()), program.most(found))
    sites = _better_of(quest, start, program.sites(found), ground.value)
    if sites is None:
        return Choice(None, bound, infeasible=found.infeasible)
    value = ground.value(sites)
    bound = value if bound - value <= _cover.EQUAL * bound else bound
    return Choice(_fewest_closed(program, sites, program.weight_row(value), clock), bound)


def fewest(ground: Ground, need: int | None, clock: Clock) -> Choice:
    """Open the fewest new sites that cover weight ``need`` (None: all that has a weight); then close the fewest."""
    quest = _with_need(ground, need)
    program = _Program(quest)
    if clock.left_s == 0:
        return Choice(None, 0)
    found = program.solve(program.is_new, clock, None)
    forced = len(ground.required)
    bound = forced + max(0, math.ceil(found.bound - 1e-6)) if math.isfinite(found.bound) else forced
    sites = _better_of(quest, None, program.sites(found), lambda plan: -program.new_of(plan))
    if sites is None:
        return Choice(None, bound, infeasible=found.infeasible)
    count = program.new_of(sites)
    sites = _fewest_closed(program, sites, (program.is_new, -math.inf, count - forced + 0.5), clock)
    return Choice(sites, min(count, bound))


def excluded(quest: Quest, clock: Clock) -> bool:
    """Say whether a quest has no plan for sure."""
    if first_plan(quest) is not None:
        return False
    program = _Program(quest)
    return program.solve(np.zeros(program.size), clock, None).infeasible


def most_under(quest: Quest, clock: Clock) -> int:
    """Return the most weight that a plan of the quest covers, or what the clock leaves as its bound."""
    program = _Program(quest)
    found = program.solve(-program.weight, clock, None)
    sites = program.sites(found)
    if found.finished and sites is not None:
        return quest.ground.value(sites)
    return min(int(quest.ground.weight.sum()), program.most(found))


def _with_need(ground: Ground, need: int | None) -> Quest:
    """Return the problem with what `lscp` must cover as a part of it."""
    if need is None:
        reachable = ground.served | (np.diff(ground.reach.indptr) > 0)
        return Quest(ground, must=(ground.weight > 0) & reachable)
    bare = Quest(ground).conditions
    return Quest(replace(ground, conditions=bare.with_need(ground.weight, need)))


def _better_of(quest: Quest, start: Ints | None, found: Ints | None, value: Any) -> Ints | None:
    """Return the better of two plans that hold; the solver's must hold, or its model is wrong."""
    if found is not None and not quest.holds(found):
        raise RuntimeError("the solver's plan does not meet the conditions")
    plans = [plan for plan in (start, found) if plan is not None]
    return max(plans, key=value) if plans else None


def _fewest_closed(program: _Program, sites: Ints, keep: tuple[Any, float, float], clock: Clock) -> Ints:
    """Return a plan as good that closes the fewest existing facilities."""
    closable = program.quest.ground.closable
    closed = np.setdiff1d(closable, sites)
    if not len(closed) or clock.left_s == 0:
        return sites
    other = program.sites(program.solve(-program.is_closable, clock, None, keep))
    if other is None or len(np.setdiff1d(closable, other)) >= len(closed) or not program.quest.holds(other):
        return sites
    return other


# ------------------------------------------------------------------------------------------------------- the model


class _Program:
    """The rows of a quest over [x of sites in play | y of merged rows that several sites can cover]."""

    def __init__(self, quest: Quest) -> None:
        self.quest, ground = quest, quest.ground
        self.opened = ground.covered(ground.required)
        self.columns = np.setdiff1d(np.flatnonzero(quest.conditions.has_room(ground.required)), ground.required)
        reach, self.weights, self.must = self._merged()
        kept = ~_dominated(reach, quest, self.columns)
        self.columns, self.reach = self.columns[kept], sparse.csr_array(reach[:, kept])
        self.alone = (np.diff(self.reach.indptr) == 1) & ~self.must
        self.shared = (np.diff(self.reach.indptr) > 1) & ~self.must

    def _merged(self) -> tuple[Any, Ints, Flags]:
        """Return one row for all open rows with the same sites, its sums of the weight and floors, and if it must."""
        quest, ground = self.quest, self.quest.ground
        floors = quest.conditions.floors
        must = np.zeros(len(ground.weight), dtype=bool) if quest.must is None else quest.must
        asked = (ground.weight > 0) | must | (np.asarray(floors.sum(axis=0)).ravel() > 0)
        reach = sparse.csr_array(ground.reach[:, self.columns])
        rows = np.flatnonzero(asked & ~self.opened & ((np.diff(reach.indptr) > 0) | must))
        reach = sparse.csr_array(reach[rows])
        first, group = _reduce.same_rows(reach)
        ones = np.ones(len(rows), dtype=np.int64)
        gather = sparse.csr_array((ones, (np.arange(len(rows)), group)), shape=(len(rows), len(first)))
        sums: Ints = np.asarray((self.every_weight[:, rows] @ gather).toarray(), dtype=np.int64)
        return sparse.csr_array(reach[first]), sums, np.bincount(group[must[rows]], minlength=len(first)) > 0

    @cached_property
    def every_weight(self) -> Any:
        """Return the objective's weight and that of every floor, one row each, over all demands."""
        weight = sparse.csr_array(self.quest.ground.weight[None, :])
        return sparse.vstack([weight, self.quest.conditions.floors], format="csr")

    @property
    def size(self) -> int:
        """Return the number of columns of the model."""
        return len(self.columns) + int(self.shared.sum())

    def on_columns(self, at: int) -> Floats:
        """Return weight 0 (the objective's) or that of a floor on each column."""
        weight = self.weights[at].astype(np.float64)
        return np.concatenate([weight[self.alone] @ self.reach[self.alone], weight[self.shared]])

    @cached_property
    def scale(self) -> float:
        """Return the factor on weights in the solver, whose tolerances are absolute."""
        total = float(self.weights.sum(axis=1).max(initial=1))
        return 1.0 if total <= _cover.SCALE else _cover.SCALE / total

    @property
    def weight(self) -> Floats:
        """Return the scaled weight on each column."""
        return self.on_columns(0) * self.scale

    def flags(self, sites: Ints) -> Floats:
        """Return 1 on the columns of ``sites``."""
        found = np.zeros(self.size)
        found[: len(self.columns)] = np.isin(self.columns, sites)
        return found

    @property
    def is_closable(self) -> Floats:
        """Return 1 on existing facilities."""
        return self.flags(self.quest.ground.closable)

    @property
    def is_new(self) -> Floats:
        """Return 1 on new sites."""
        return self.flags(np.setdiff1d(self.columns, self.quest.ground.closable))

    def new_of(self, sites: Ints) -> int:
        """Return how many of ``sites`` are new."""
        return int((~np.isin(sites, self.quest.ground.closable)).sum())

    def base(self, at: int) -> int:
        """Return what is covered whatever is chosen: by fixed and required sites, and what must be covered."""
        covered = int(self.every_weight[[at]][:, np.flatnonzero(self.opened)].sum())
        return covered + int(self.weights[at][self.must].sum())

    def rows(self) -> list[tuple[Any, Any, Any]]:
        """Return the blocks ``low ≤ rows ≤ high`` of the quest."""
        shared = self.reach[self.shared]
        conditions, ground = self.quest.conditions, self.quest.ground
        link = sparse.hstack([-shared, sparse.eye_array(shared.shape[0])])
        blocks: list[tuple[Any, Any, Any]] = [
            (sparse.csr_array(link), -math.inf, 0.0),
            (self._wide(self.reach[self.must]), 1.0, math.inf),
        ]
        if self.quest.p is not None:
            blocks.append((self.is_new[None, :], -math.inf, float(self.quest.p - len(ground.required))))
        if len(conditions.low):
            rows, low, high = site_rows(conditions, self.columns, conditions.sum_of(ground.required))
            blocks.append((self._wide(rows), low, high))
        for at, need in enumerate(conditions.need.tolist(), start=1):
            low = (need - self.base(at) - 0.5) * self.scale
            blocks.append((self.on_columns(at)[None, :] * self.scale, low, math.inf))
        return blocks

    def _wide(self, x: Any) -> Any:
        """Return rows over sites as rows over all columns."""
        return sparse.hstack([sparse.csr_array(x), sparse.csr_array((x.shape[0], self.size - len(self.columns)))])

    def weight_row(self, value: int) -> tuple[Any, float, float]:
        """Return the row that asks for a covered weight of ``value``."""
        return self.weight, (value - self.base(0) - 0.5) * self.scale, math.inf

    def solve(
        self, cost: Floats, clock: Clock, start: Ints | None, keep: tuple[Any, float, float] | None = None
    ) -> Found:
        """Minimise ``cost`` under all rows; ``keep`` is one row more."""
        blocks = self.rows()
        if keep is not None:
            blocks.append((keep[0][None, :], keep[1], keep[2]))
        if not self.size:
            return self._empty(blocks)
        rows = sparse.vstack([sparse.csr_array(block) for block, _, _ in blocks], format="csr")
        low, high = (
            np.concatenate([np.broadcast_to(np.asarray(one[at], dtype=np.float64), one[0].shape[0]) for one in blocks])
            for at in (1, 2)
        )
        whole = np.arange(self.size) < len(self.columns)
        model = Model(np.asarray(cost, dtype=np.float64), rows, low, high, np.ones(self.size), whole)
        return minimise(model, clock, start=None if start is None else self._point(start))

    def _empty(self, blocks: list[tuple[Any, Any, Any]]) -> Found:
        """Return the answer without anything to decide."""
        asked = [(low, high) for rows, low, high in blocks if rows.shape[0]]
        holds = all(bool((np.asarray(low) <= 0).all() and (np.asarray(high) >= 0).all()) for low, high in asked)
        nothing: Floats = np.zeros(0)
        return Found(nothing if holds else None, 0.0 if holds else math.inf, holds, not holds, nothing)

    def _point(self, sites: Ints) -> Floats | None:
        """Return the solver's point of a plan; None for one with sites that are out of play."""
        if not np.isin(sites, np.concatenate([self.columns, self.quest.ground.required])).all():
            return None
        x = np.isin(self.columns, sites).astype(np.float64)
        return np.concatenate([x, np.minimum(1.0, self.reach[self.shared] @ x)])

    def sites(self, found: Found) -> Ints | None:
        """Return the plan of a point: with the required sites, as positions of candidates."""
        if found.x is None:
            return None
        chosen = self.columns[found.x[: len(self.columns)] > 0.5]
        return np.sort(np.concatenate([self.quest.ground.required, chosen]))

    def most(self, found: Found) -> int:
        """Return the largest weight that the solver's bound allows."""
        if not math.isfinite(found.bound):
            return np.iinfo(np.int64).max // 4
        return self.base(0) + _cover.down(found.bound, self.scale)


def site_rows(conditions: Conditions, columns: Ints, spent: Ints) -> tuple[Any, Floats, Floats]:
    """Return the conditions on sites over ``columns`` once ``spent`` is used up, as the solver takes them.

    Large numbers are scaled down, and where coefficients differ half a unit of slack keeps the solver's tolerance from
    losing a plan: sums are whole.
    """
    rows = sparse.csr_array(conditions.rows[:, columns]).astype(np.float64)
    total = np.maximum(1.0, np.asarray(rows.sum(axis=1)).ravel())
    largest = np.asarray(rows.max(axis=1).toarray()).ravel() if len(columns) else np.ones(len(spent))
    factor, slack = np.minimum(1.0, _cover.SCALE / total), np.where(largest > 1, 0.5, 0.0)
    low = np.where(conditions.low <= -FREE, -math.inf, (conditions.low - spent - slack) * factor)
    high = np.where(conditions.high >= FREE, math.inf, (conditions.high - spent + slack) * factor)
    return sparse.diags_array(factor) @ rows, low, high


def _dominated(reach: Any, quest: Quest, columns: Ints) -> Flags:
    """Return the new sites that another new one can always stand in for.

    It covers as much, weighs no more in any limit, and the site counts towards no least number.
    """
    flags = np.zeros(len(columns), dtype=bool)
    together = _reduce.overlaps(sparse.csr_array(reach.T))
    if together is None:
        return flags
    conditions = quest.conditions
    rows = sparse.csc_array(conditions.rows[:, columns])
    limits, least = sparse.csc_array(rows[conditions.limited]), rows[conditions.low > -FREE]
    free = np.asarray(least.sum(axis=0)).ravel() == 0
    free &= ~np.isin(columns, quest.ground.closable)
    size = np.diff(sparse.csc_array(reach).indptr)
    one, other = together.coords
    inside = (one != other) & (together.data == size[one]) & free[one] & ~np.isin(columns[other], quest.ground.closable)
    one, other = one[inside], other[inside]
    light = _no_heavier(limits, one, other)
    one, other = one[light], other[light]
    equal = (size[other] == size[one]) & free[other]
    equal[equal] = _no_heavier(limits, other[equal], one[equal])
    flags[one[~equal | (other < one)]] = True
    return flags


def _no_heavier(limits: Any, one: Ints, other: Ints) -> Flags:
    """Say for pairs of columns whether the ``other`` has no larger coefficient than the ``one`` in any row."""
    if not limits.shape[0] or not len(one):
        return np.ones(len(one), dtype=bool)
    more = sparse.csc_array(limits[:, other] - limits[:, one])
    worst = np.zeros(len(one), dtype=np.int64)
    np.maximum.at(worst, np.repeat(np.arange(len(one)), np.diff(more.indptr)), more.data)
    return np.asarray(worst <= 0)


# ------------------------------------------------------------------------------------------------------ a first plan


def first_plan(quest: Quest) -> Ints | None:
    """Return a plan that holds, by greed and exchanges, or None where greed finds none."""
    ground, conditions = quest.ground, quest.conditions
    sites = ground.required
    for one in ground.closable.tolist():
        if conditions.has_room(sites)[one]:
            sites = np.sort(np.append(sites, one))
    limit = quest.p if quest.p is not None else ground.reach.shape[1]
    sites = _filled(quest, sites, limit)
    return _swapped(quest, sites) if quest.holds(sites) else None


def _filled(quest: Quest, sites: Ints, limit: int) -> Ints:
    """Open the site that adds most, first where a least number asks for one, as long as there is room."""
    ground, conditions = quest.ground, quest.conditions
    transposed = sparse.csr_array(ground.reach.T)
    new = ~np.isin(np.arange(ground.reach.shape[1]), ground.closable)
    while int(new[sites].sum()) < limit:
        covered = ground.covered(sites)
        gains = transposed @ np.where(covered, 0.0, _urgent(quest, covered))
        short = conditions.sum_of(sites) < conditions.low
        asked = np.asarray(conditions.rows[short].sum(axis=0)).ravel() > 0
        may = conditions.has_room(sites) & new & ((gains > 0) | asked)
        may[sites] = False
        if not may.any():
            break
        order = np.where(may, gains + asked * (1.0 + ground.weight.sum()), -1.0)
        sites = np.sort(np.append(sites, int(np.argmax(order))))
    return sites


def _urgent(quest: Quest, covered: Flags) -> Floats:
    """Return the weight of each demand; shares that are not reached yet come before all else."""
    weight = quest.ground.weight.astype(np.float64)
    short = quest.conditions.need - quest.conditions.covered(covered)
    unmet = np.flatnonzero(short > 0)
    if not len(unmet):
        return weight
    pull = (1.0 / short[unmet]) @ quest.conditions.floors[unmet]
    return np.asarray(weight + pull * (1.0 + weight.sum()))


def _swapped(quest: Quest, sites: Ints) -> Ints:
    """Exchange a new site for a better one as long as that helps and holds."""
    ground = quest.ground
    frozen = np.isin(np.arange(ground.reach.shape[1]), ground.closable)
    while len(sites):
        change = swap_change(ground.reach, ground.weight, sites, ground.served)
        change = np.where(quest.conditions.swaps(sites), change, 0)
        change[frozen[sites] | np.isin(sites, ground.required)] = 0
        change[:, frozen] = 0
        change[:, sites] = 0
        out, into = np.unravel_index(int(np.argmax(change)), change.shape)
        trial = np.sort(np.append(np.delete(sites, out), into))
        if change[out, into] <= 0 or not quest.holds(trial):
            break
        sites = trial
    return sites
