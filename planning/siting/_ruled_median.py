"""Room `siting`: the least walking sum under conditions, with a proof.

First as much weight as possible is served, then the sum is made least over [x of sites | θ of demands], θ held up by
the cuts ``θ_i ≥ w_i (d_k − Σ_{d_j < d_k} (d_k − d_j) x_j)`` (see `planning.siting._benders`), first with fractions,
then with whole sites; last, among plans as good, the fewest existing facilities are closed.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from planning.siting import _median, _ruled
from planning.siting._cover import Choice
from planning.siting._highs import Clock, Found, Model, load, run
from planning.siting._median import Walk
from planning.siting._program import Program
from planning.siting._ruled import Quest
from planning.siting._units import Floats, Ints

RELATIVE = 1e-9  # what double arithmetic cannot tell apart counts as equal


def least(sums: Walk, p: int, clock: Clock) -> Choice:
    """Serve the most weight, then walk least, with at most ``p`` new sites, as the conditions of the ground allow.

    The bound is that of the capped sum; it is 0 where time did not suffice to prove how much can be served.
    """
    widest = _ruled.best(sums.ground, p, clock)
    if widest.sites is None:
        return widest
    quest = Quest(sums.ground, p)
    start = _improved(sums, quest, widest.sites)
    if widest.bound > sums.ground.value(widest.sites):
        return Choice(start, 0)
    if clock.left_s == 0 or not len(sums.weight):
        return Choice(start, 0 if len(sums.weight) else sums.cost(start))
    master = _Master(sums, quest, start)
    return master.solve(clock) if len(master.columns) else Choice(start, sums.cost(start))


def _improved(sums: Walk, quest: Quest, sites: Ints) -> Ints:
    """Add new sites while there is room and exchange them while it helps; nobody served is left out."""
    frozen = np.isin(np.arange(sums.metres.shape[1]), quest.ground.closable)
    held = frozen | np.isin(np.arange(sums.metres.shape[1]), quest.ground.required)
    while True:
        gains = _median.WalkWorth(sums).gains(sites)
        may = quest.conditions.has_room(sites) & ~frozen & (gains > 0)
        may[sites] = False
        added = np.sort(np.append(sites, int(np.argmax(np.where(may, gains, -1))))) if may.any() else sites
        if may.any() and quest.holds(added):
            sites = added
            continue
        better = _exchanged(sums, quest, sites, held)
        if better is None:
            return sites
        sites = better


def _exchanged(sums: Walk, quest: Quest, sites: Ints, held: Any) -> Ints | None:
    """Return the plan after the best exchange, or None where none helps."""
    if not len(sites):
        return None
    change = np.where(quest.conditions.swaps(sites), _median.swap_change(sums, sites), 0)
    if sums.partial:
        change = np.where(_median.swap_change(sums, sites, unserved=True) <= 0, change, 0)
    change[held[sites]] = 0
    change[:, held] = 0
    change[:, sites] = 0
    out, into = np.unravel_index(int(np.argmin(change)), change.shape)
    trial = np.sort(np.append(np.delete(sites, out), into))
    return trial if change[out, into] < 0 and quest.holds(trial) else None


class _Master:
    """The master problem over [x of sites in play | θ of demands | u of groups that may stay unserved]."""

    def __init__(self, sums: Walk, quest: Quest, start: Ints) -> None:
        self.sums, self.quest, self.best = sums, quest, start
        conditions, required = quest.conditions, quest.ground.required
        self.columns = np.union1d(np.flatnonzero(conditions.has_room(required)), required)
        self.columns = np.union1d(self.columns, start)
        self.metres = sums.metres[:, self.columns]
        self.floor = np.minimum(self.metres.min(axis=1, initial=sums.far), sums.cap)
        self.base = int((sums.weight * self.floor).sum())
        self.scale = 1e6 / max(float((sums.weight * (sums.cap - self.floor)).sum()), 1.0)
        self.cost = (self.metres - self.floor[:, None]).astype(np.float64) * sums.weight[:, None] * self.scale
        self.cap = (sums.cap - self.floor).astype(np.float64) * sums.weight * self.scale
        self.order = np.argsort(self.cost, axis=1, kind="stable")
        self.sorted = np.take_along_axis(self.cost, self.order, axis=1)

    # --------------------------------------------------------------------------------------------------------- solve

    def solve(self, clock: Clock) -> Choice:
        """Return the best plan and the least cost any plan can have."""
        solver = load(self.model())
        self.add(solver, *self.cuts(self.point(self.best)[: len(self.columns)], np.full(len(self.cap), -1.0)))
        bound = self.relax(solver, clock)
        sites = len(self.columns)
        kinds = np.full(sites, highspy.HighsVarType.kInteger)
        solver.changeColsIntegrality(sites, np.arange(sites, dtype=np.int32), kinds)
        bound = self.branch(solver, bound, clock)
        cost = self.sums.cost(self.best)
        if self.proven(bound) and len(np.setdiff1d(self.quest.ground.closable, self.best)) and clock.left_s > 0:
            self.close_fewest(solver, clock)
        return Choice(self.best, cost if self.proven(bound) else min(cost, self.whole(bound)))

    def relax(self, solver: Any, clock: Clock) -> float:
        """Add cuts to the linear programme until none is violated; return its bound."""
        bound = -math.inf
        while clock.left_s > 0:
            found = run(solver, clock, integer=False)
            if found.x is None or not found.finished:
                break
            bound = max(bound, found.bound)
            who, rows, low = self.cuts(*self.split(found.x), 1e-7)
            if not len(who):
                break
            self.add(solver, who, rows, low)
        return bound

    def branch(self, solver: Any, bound: float, clock: Clock) -> float:
        """Solve for whole sites and add the cuts they violate, until the best plan is proven; return the bound."""
        while clock.left_s > 0 and not self.proven(bound):
            found = self.whole_sites(solver, clock)
            if found.infeasible:
                raise RuntimeError("the solver calls a problem infeasible that has a plan")
            bound = max(bound, found.bound)
            if found.x is None or not self.learn(solver, found):
                break
        return bound

    def whole_sites(self, solver: Any, clock: Clock) -> Found:
        """Run the solver from the best plan known."""
        solution = highspy.HighsSolution()
        solution.col_value = self.point(self.best)
        solver.setSolution(solution)
        return run(solver, clock, integer=True)

    def learn(self, solver: Any, found: Found) -> bool:
        """Keep the plan of a point where it is better, and add its cuts; say whether there were any."""
        if found.x is None:
            return False
        x, theta = self.split(found.x)
        plan = self.columns[x > 0.5]
        if not self.quest.holds(plan):
            raise RuntimeError("the solver's plan does not meet the conditions")
        if self.rank(plan) < self.rank(self.best):
            self.best = plan
        who, rows, low = self.cuts(np.rint(x), theta)
        self.add(solver, who, rows, low)
        return bool(len(who))

    def close_fewest(self, solver: Any, clock: Clock) -> None:
        """Among plans as good as the best, take the one that closes the fewest existing facilities."""
        size, sites = self.model_size(), len(self.columns)
        everything = np.arange(size, dtype=np.int32)
        total = np.r_[np.zeros(sites), np.ones(len(self.cap)), np.zeros(size - sites - len(self.cap))]
        ceiling = self.value(self.best)
        solver.addRow(-highspy.kHighsInf, ceiling + RELATIVE * (ceiling + 1), size, everything, total)
        kept = np.zeros(size)
        kept[:sites] = np.isin(self.columns, self.quest.ground.closable)
        solver.changeColsCost(size, everything, -kept)
        target = self.rank(self.best)
        while clock.left_s > 0:
            found = self.whole_sites(solver, clock)
            if found.x is None:
                return
            x, theta = self.split(found.x)
            plan = self.columns[x > 0.5]
            who, rows, low = self.cuts(np.rint(x), theta)
            if self.rank(plan) == target and self.quest.holds(plan):
                if self.kept(plan) > self.kept(self.best):
                    self.best = plan
                return
            if not len(who):
                return
            self.add(solver, who, rows, low)

    # --------------------------------------------------------------------------------------------------------- value

    def rank(self, sites: Ints) -> tuple[int, int]:
        """Return the unserved weight and the cost of a plan."""
        return self.sums.unserved(sites), self.sums.cost(sites)

    def kept(self, sites: Ints) -> int:
        """Return how many existing facilities that may close stay open."""
        return int(np.isin(self.quest.ground.closable, sites).sum())

    def value(self, sites: Ints) -> float:
        """Return the scaled cost of a plan above the least of every demand."""
        return (self.sums.cost(sites) - self.base) * self.scale

    def whole(self, bound: float) -> int:
        """Return a scaled lower bound as the least whole cost it allows, rounding errors granted."""
        if not math.isfinite(bound):
            return self.base
        slack = RELATIVE * (abs(bound) + self.base * self.scale) + 1e-7
        return self.base + max(0, math.ceil((bound - slack) / self.scale))

    def proven(self, bound: float) -> bool:
        """Say whether ``bound`` leaves no room below the best plan."""
        cost = self.sums.cost(self.best)
        return cost - self.whole(bound) <= 3 * RELATIVE * cost

    # ---------------------------------------------------------------------------------------------------------- cuts

    def split(self, point: Floats) -> tuple[Floats, Floats]:
        """Return the part of sites and that of θ."""
        sites = len(self.columns)
        return np.clip(point[:sites], 0.0, 1.0), point[sites : sites + len(self.cap)]

    def cuts(self, x: Floats, theta: Floats, slack: float = 1e-9) -> tuple[Ints, Any, Floats]:
        """Return the most violated cut of each demand at ``x``: whose it is, its part over sites, its level."""
        reached = np.cumsum(x[self.order], axis=1) >= 1 - 1e-9
        at = np.argmax(reached, axis=1)
        level = np.where(reached.any(axis=1), self.sorted[np.arange(len(at)), at], np.inf)
        level = np.minimum(level, self.cap)
        below = np.maximum(level[:, None] - self.cost, 0.0)
        value = level - below @ x
        who = np.flatnonzero(value > theta + slack * (1 + np.abs(value)))
        return who, sparse.csr_array(below[who]), level[who]

    def add(self, solver: Any, who: Ints, rows: Any, low: Floats) -> None:
        """Add cuts to the solver."""
        count, demands = len(who), len(self.cap)
        if not count:
            return
        unit = sparse.csr_array((np.ones(count), (np.arange(count), who)), shape=(count, demands))
        both = sparse.hstack([rows, unit], format="csr")
        starts, places = both.indptr[:-1].astype(np.int32), both.indices.astype(np.int32)
        ceiling = np.full(count, highspy.kHighsInf)
        solver.addRows(count, low.astype(np.float64), ceiling, int(both.nnz), starts, places, both.data)

    # --------------------------------------------------------------------------------------------------------- model

    @cached_property
    def lone(self) -> tuple[Any, Floats]:
        """Return the different sets of sites that reach demand some plan may leave unserved, and its weight."""
        reach = self.metres < self.sums.far
        rows = (self.sums.cap == self.sums.far) & ~reach.all(axis=1)
        if not rows.any():
            return np.zeros((0, reach.shape[1]), dtype=bool), np.zeros(0)
        patterns, group = np.unique(reach[rows], axis=0, return_inverse=True)
        weight = np.bincount(group.ravel(), weights=self.sums.weight[rows], minlength=len(patterns))
        return patterns, np.asarray(weight, dtype=np.float64)

    def model_size(self) -> int:
        """Return the number of columns."""
        return len(self.columns) + len(self.cap) + len(self.lone[1])

    def model(self) -> Model:
        """Return the master problem without cuts: p, the conditions, no more unserved than must be."""
        (patterns, weight), conditions, ground = self.lone, self.quest.conditions, self.quest.ground
        program = Program()
        program.columns("x", len(self.columns))
        program.columns("θ", len(self.cap), upper=math.inf)
        program.columns("u", len(patterns))
        new = ~np.isin(self.columns, ground.closable)
        program.rows({"x": new.astype(np.float64)}, -math.inf, float(self.quest.p or 0))
        rows, low, high = _ruled.site_rows(conditions, self.columns, np.zeros(len(conditions.low), dtype=np.int64))
        program.rows({"x": rows}, low, high)
        required = np.isin(self.columns, ground.required)
        program.rows({"x": required.astype(np.float64)}, float(len(ground.required)), math.inf)
        program.rows({"x": patterns.astype(np.float64), "u": np.eye(len(patterns))}, 1.0, math.inf)
        total = max(1.0, float(weight.sum()) / 1e6)
        program.rows({"u": weight / total}, -math.inf, (self.sums.unserved(self.best) + 0.5) / total)
        return program.model({"θ": np.ones(len(self.cap))})

    def point(self, plan: Ints) -> Floats:
        """Return the solver's point of a plan."""
        x = np.isin(self.columns, plan).astype(np.float64)
        patterns, _ = self.lone
        left = ~patterns[:, x > 0.5].any(axis=1)
        paid = np.minimum(self.cap, self.cost[:, x > 0.5].min(axis=1, initial=math.inf))
        return np.concatenate([x, paid, left.astype(np.float64)])
