"""Room `siting`: the least walking sum with a proof.

A first plan by greedy and swaps; a Lagrangian bound that is already close; then Benders cuts, which need no variable
for each pair: with distances sorted, ``θ_i ≥ w_i (d_k − Σ_{d_j < d_k} (d_k − d_j) y_j)`` holds for every level d_k
(Cornuéjols, Nemhauser & Wolsey 1980; Duran-Mateluna, Ales & Elloumi 2023). Sites whose reduced cost shows that no
better plan has them are fixed; whole plans come last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from planning.siting import _cover, _median, _shorter
from planning.siting._cover import Choice
from planning.siting._highs import Clock, Found, Model, load, run
from planning.siting._median import Walk
from planning.siting._units import Floats, Ints

STEPS = 1500
KEPT = 0.9  # of each step's direction in the next one: without it prices swing to and fro
STALL, SHRINK = 20, 0.7  # after so many steps without a better bound, steps are so much shorter
ROUNDS = 8
PAYS = 1e-4  # a round that lifts the bound by less than this share of it is the last
RELATIVE = 1e-9  # what double arithmetic cannot tell apart counts as equal
CELLS = 8_000_000  # near sites of all demands held at once; demand knows at least `FEWEST` of them
FEWEST = 64
CORE = 3  # so many times the sites to be opened are looked at for a better plan
UNSERVED = 20.0
SMALL = 600_000  # demand × sites up to which all exchanges are cheap


def least(sums: Walk, p: int, clock: Clock) -> Choice:
    """Serve the most weight, then walk least, with at most ``p`` sites, the required ones among them.

    The bound is that of the capped sum; it is 0 where time did not suffice to prove how much can be served.
    """
    required = sums.ground.required
    rest = sums.once_open(required)
    free = np.setdiff1d(np.arange(sums.metres.shape[1]), required)
    limit = min(p - len(required), len(free))
    first, unserved = _first(sums, rest, p, clock)
    if limit in {0, len(free)}:
        everything = required if limit == 0 else np.arange(sums.metres.shape[1])
        return Choice(everything, sums.cost(everything))
    if unserved is None:
        return Choice(first, 0)
    chosen = np.searchsorted(free, np.setdiff1d(first, required))
    master = _Master(rest, free, limit, unserved)
    sites, bound = master.solve(chosen, clock)
    return Choice(np.sort(np.concatenate([required, sites])), bound)


def _first(sums: Walk, rest: Walk, p: int, clock: Clock) -> tuple[Ints, int | None]:
    """Return a good plan of p sites that serves the most, and the weight it leaves unserved (None: not proven)."""
    required = sums.ground.required
    p = min(p, sums.metres.shape[1])
    plans, unserved = [_polished(sums, required, p)], 0
    if rest.partial:
        widest = _cover.best(sums.ground, p, clock)
        plans.append(_polished(sums, required if widest.sites is None else widest.sites, p))
        if widest.bound > sums.ground.value(plans[1]):
            return plans[1], None
        unserved = sums.unserved(plans[1])
    return min(plans, key=lambda plan: (sums.unserved(plan), sums.cost(plan))), unserved


def _polished(sums: Walk, start: Ints, p: int) -> Ints:
    """Fill up to p sites and exchange free ones as long as it helps."""
    required = sums.ground.required
    sites = _median.greedy(sums, p, start)
    if sums.metres.size > SMALL:
        return sites  # the search for a better plan comes later, among fewer sites
    rest = sums.once_open(required)
    return np.sort(np.union1d(required, _median.swap(rest, np.setdiff1d(sites, required))))


@dataclass
class _Cuts:
    """Rows ``θ_who + coefficients · y ≥ low`` to add to a master problem."""

    who: Ints
    y: Any
    low: Floats


class _Master:
    """The master problem over [y of free sites | θ of demands]; costs are above each demand's least, and scaled."""

    def __init__(self, sums: Walk, free: Ints, limit: int, unserved: int) -> None:
        self.sums, self.free, self.limit, self.unserved = sums, free, limit, unserved
        everything = len(free) == sums.metres.shape[1]
        self.inner = sums if everything else replace(sums, metres=sums.metres[:, free])
        self.least = self.inner.metres.min(axis=1)
        self.base = int((sums.weight * self.least).sum())
        dearest = (self.inner.metres.max(axis=1) - self.least).astype(np.float64) * sums.weight
        self.scale = 1e6 / max(float(dearest.sum()) / max(1, limit), 1.0)
        self.known = 0
        self.best: Ints = np.empty(0, dtype=np.int64)
        self.cost_of_best = (0, 0)
        self.sort()

    def cost(self, columns: Ints) -> Floats:
        """Return the scaled costs of sites, demands × ``columns``."""
        return self.scaled(self.inner.metres[:, columns])

    def scaled(self, metres: Ints) -> Floats:
        """Return what ``metres``, a row for each demand, cost above the least."""
        above = (metres - self.least[:, None]).astype(np.float64)
        return np.asarray(above * (self.sums.weight * self.scale)[:, None])

    def sort(self) -> None:
        """Hold for each demand its near sites and their costs, from the cheapest to the dearest.

        Sites beyond are held to cost what the last near one does: the bound of that problem is one of the whole.
        """
        demands, sites = self.inner.metres.shape
        width = min(sites, max(FEWEST, self.usual_width(), CELLS // max(1, demands)))
        self.near = _shorter.nearest(self.inner.metres, width)
        self.near_cost = self.scaled(np.take_along_axis(self.inner.metres, self.near, axis=1))

    def usual_width(self) -> int:
        """Return how many near sites a demand needs to know as a rule."""
        return min(len(self.free), max(32, 4 * math.ceil(len(self.free) / self.limit)))

    def narrow(self, bound: float, reduced: Floats) -> None:
        """Leave out the sites that no plan as good as the best has: opening one lifts the Lagrangian bound above it."""
        worst_open = np.partition(reduced, self.limit - 1)[self.limit - 1]
        keep = bound + reduced - worst_open <= self.value(self.best) * (1 + RELATIVE) + 1e-6
        keep[self.best] = True
        self.known = max(self.known, self.whole(bound))
        if keep.all():
            return
        self.best = np.searchsorted(np.flatnonzero(keep), self.best)
        self.free = self.free[keep]
        self.inner = replace(self.inner, metres=self.inner.metres[:, keep])
        self.sort()

    # ------------------------------------------------------------------------------------------------------- bounds

    def value(self, chosen: Ints) -> float:
        """Return the scaled cost of a plan."""
        return float(self.cost(chosen).min(axis=1).sum())

    def whole(self, bound: float) -> int:
        """Return a scaled lower bound as the least whole cost it allows, rounding errors granted."""
        slack = RELATIVE * (abs(bound) + self.base * self.scale) + 1e-7
        return self.base + max(0, math.ceil((bound - slack) / self.scale))

    def lagrange(self, price: Floats, clock: Clock) -> tuple[float, Floats, Floats]:
        """Return a lower bound, its prices and the reduced costs, by deflected subgradient steps from ``price``.

        Fisher (1981); each direction keeps most of the one before (Camerini, Fratta & Maffioli 1975).
        """
        sites, width = len(self.free), self.usual_width()
        near, cost = np.ascontiguousarray(self.near[:, :width]), np.ascontiguousarray(self.near_cost[:, :width])
        flat, top, upper = near.ravel(), cost[:, -1], self.value(self.best)
        price = np.minimum(price, top)
        best, best_price, step, stall = -math.inf, price, 0.3, 0
        best_reduced: Floats = np.zeros(sites)
        direction: Floats = np.zeros(len(price))
        for _ in range(STEPS):
            below = np.minimum(cost - price[:, None], 0.0)
            reduced: Floats = np.bincount(flat, weights=below.ravel(), minlength=sites).astype(np.float64)
            opened = np.argpartition(reduced, self.limit - 1)[: self.limit]
            bound = float(price.sum() + reduced[opened].sum())
            stall += 1
            if bound > best:
                best, best_price, best_reduced, stall = bound, price, reduced, 0
                if self.proven(best):
                    break
            elif stall >= STALL:
                step, stall, price, direction = step * SHRINK, 0, best_price, np.zeros(len(price))
                continue
            is_open = np.zeros(sites, dtype=bool)
            is_open[opened] = True
            direction = 1.0 - (is_open[near] & (below < 0)).sum(axis=1) + KEPT * direction
            length = float(direction @ direction)
            if length == 0 or step < 1e-4 or clock.left_s == 0:
                break
            price = np.clip(price + direction * (step * max(1.01 * upper - bound, 1e-9) / length), 0.0, top)
        return best, best_price, best_reduced

    # --------------------------------------------------------------------------------------------------------- cuts

    def price_cuts(self, price: Floats) -> _Cuts:
        """Return the cuts that give the Lagrangian bound at once."""
        return self.cuts(np.arange(len(price)), price)

    def cuts(self, who: Ints, level: Floats) -> _Cuts:
        """Return the cut of each demand ``who`` at its ``level``, which is not above the dearest near cost."""
        below = np.maximum(level[:, None] - self.near_cost[who], 0.0)
        row, place = np.nonzero(below)
        shape = (len(who), len(self.free))
        return _Cuts(who, sparse.csr_array((below[row, place], (row, self.near[who][row, place])), shape=shape), level)

    def separate(self, y: Floats, theta: Floats, slack: float) -> tuple[_Cuts, float]:
        """Return the most violated cut of each demand at ``y``, and the cost of ``y`` itself."""
        y = np.clip(y, 0.0, 1.0)
        opened = (y * (self.limit / y.sum()))[self.near]
        reached = np.cumsum(opened, axis=1) >= 1 - 1e-9
        reached[:, -1] = True
        level = self.near_cost[np.arange(len(theta)), np.argmax(reached, axis=1)]
        value = level - (np.maximum(level[:, None] - self.near_cost, 0.0) * opened).sum(axis=1)
        who = np.flatnonzero(value > theta + slack * (1 + np.abs(value)))
        return self.cuts(who, level[who]), float(value.sum())

    def add(self, solver: Any, cuts: _Cuts) -> None:
        """Add cuts to the solver."""
        count, (demands, sites) = len(cuts.who), self.inner.metres.shape
        if not count:
            return
        unit = sparse.csr_array((np.ones(count), (np.arange(count), cuts.who)), shape=(count, demands))
        rows = sparse.hstack([sparse.csr_array(cuts.y, shape=(count, sites)), unit], format="csr")
        starts, places = rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32)
        ceiling = np.full(count, highspy.kHighsInf)
        solver.addRows(count, cuts.low.astype(np.float64), ceiling, int(rows.nnz), starts, places, rows.data)

    # -------------------------------------------------------------------------------------------------------- solve

    def model(self) -> Model:
        """Return the master problem without cuts: p sites, and no more unserved than must be.

        Where someone may stay unserved, a column u follows for each group of demands with the same sites.
        """
        demands, sites = self.inner.metres.shape
        patterns, weight = self.groups()
        total = max(1.0, float(weight.sum()) / _cover.SCALE)
        nobody = sparse.csr_array((len(patterns), demands))
        count = sparse.csr_array(np.r_[np.ones(sites), np.zeros(demands + len(patterns))][None, :])
        reached = sparse.hstack(
            [sparse.csr_array(patterns.astype(np.float64)), nobody, sparse.eye_array(len(patterns))]
        )
        left = sparse.csr_array(np.r_[np.zeros(sites + demands), weight / total][None, :])
        return Model(
            cost=np.r_[np.zeros(sites), np.ones(demands), np.zeros(len(patterns))],
            rows=sparse.vstack([count, reached, left], format="csr"),
            low=np.r_[float(self.limit), np.ones(len(patterns)), -math.inf],
            high=np.r_[float(self.limit), np.full(len(patterns), math.inf), (self.unserved + 0.5) / total],
            upper=np.r_[np.ones(sites), np.full(demands, math.inf), np.ones(len(patterns))],
            whole=np.zeros(sites + demands + len(patterns), dtype=bool),
        )

    def groups(self) -> tuple[Any, Floats]:
        """Return the different sets of sites that reach demand some plan may leave unserved, and its weight."""
        reach = self.inner.metres < self.sums.far
        lone = (self.sums.cap == self.sums.far) & ~reach.all(axis=1)
        if not lone.any():
            return np.zeros((0, reach.shape[1]), dtype=bool), np.zeros(0)
        patterns, group = np.unique(reach[lone], axis=0, return_inverse=True)
        weight = np.bincount(group.ravel(), weights=self.sums.weight[lone], minlength=len(patterns))
        return patterns, np.asarray(weight, dtype=np.float64)

    def point(self, chosen: Ints) -> Floats:
        """Return the solver's point of a plan."""
        y = np.zeros(len(self.free))
        y[chosen] = 1.0
        patterns, _ = self.groups()
        left = ~patterns[:, chosen].any(axis=1)
        return np.concatenate([y, self.cost(chosen).min(axis=1), left.astype(np.float64)])

    def solve(self, chosen: Ints, clock: Clock) -> tuple[Ints, int]:
        """Return the best plan found, starting from ``chosen``, as candidates, and the least cost any plan can have."""
        self.best, self.cost_of_best = chosen, self.exact(chosen)
        bound, price = self.tighten(clock)
        if self.proven(bound) or clock.left_s == 0:
            return self.answer(bound)
        solver = load(self.model())
        self.add(solver, self.price_cuts(price))
        self.add(solver, self.separate(self.point(self.best)[: len(self.free)], np.full(len(price), -1.0), 0.0)[0])
        bound, found = self.relax(solver, bound, clock)
        if self.proven(bound) or clock.left_s == 0 or not found.finished:
            return self.answer(bound)
        self.fix(solver, bound, found)
        return self.answer(self.branch(solver, bound, clock))

    def tighten(self, clock: Clock) -> tuple[float, Floats]:
        """Take turns at a better bound, a better plan and fewer sites, as long as it pays."""
        place = min(self.near.shape[1] - 1, math.ceil(len(self.free) / self.limit))
        bound, price = -math.inf, self.near_cost[:, place]
        for _ in range(ROUNDS):
            before, sites, cost = bound, len(self.free), self.cost_of_best
            bound, price, reduced = self.lagrange(price, clock)
            self.try_plan(np.argpartition(reduced, self.limit - 1)[: self.limit], reduced, clock)
            if self.proven(bound) or clock.left_s == 0:
                break
            self.narrow(bound, reduced)
            same = len(self.free) == sites and self.cost_of_best == cost
            if same and bound - before <= PAYS * abs(bound):
                break
        return bound, price

    def relax(self, solver: Any, bound: float, clock: Clock) -> tuple[float, Found]:
        """Add cuts to the linear programme until none is violated; return its bound and last point."""
        sites, demands = len(self.free), len(self.least)
        while True:
            found = run(solver, clock, integer=False)
            if not found.finished or found.x is None:
                return bound, found
            bound = max(bound, found.bound)
            y, theta = found.x[:sites], found.x[sites : sites + demands]
            cuts, value = self.separate(y, theta, 1e-7)
            self.try_plan(np.argsort(-y, kind="stable")[: self.limit], -y, clock, 0)
            if self.proven(bound) or not len(cuts.who) or value - found.bound <= 1e-7 * abs(value):
                return bound, found
            self.add(solver, cuts)

    def fix(self, solver: Any, bound: float, found: Found) -> None:
        """Fix sites that no plan as good as the best has, or that every one has, and ask for whole sites."""
        sites = len(self.free)
        y, reduced = (found.x if found.x is not None else np.zeros(sites))[:sites], found.reduced_cost[:sites]
        ceiling = self.value(self.best) * (1 + 1e-9) + 1e-6
        never = (y < 0.5) & (bound + reduced > ceiling)
        always = (y > 0.5) & (bound - reduced > ceiling)
        columns = np.arange(sites, dtype=np.int32)
        solver.changeColsBounds(sites, columns, always.astype(np.float64), 1.0 - never)
        solver.changeColsIntegrality(sites, columns, np.full(sites, highspy.HighsVarType.kInteger))

    def branch(self, solver: Any, bound: float, clock: Clock) -> float:
        """Solve for whole sites and add the cuts they violate, until none does; return the bound."""
        sites, demands = len(self.free), len(self.least)
        while clock.left_s > 0:
            solution = highspy.HighsSolution()
            solution.col_value = self.point(self.best)
            solver.setSolution(solution)
            found = run(solver, clock, integer=True)
            bound = max(bound, min(found.bound, self.value(self.best)))
            if found.infeasible:
                raise RuntimeError("the solver calls a problem infeasible that has a plan")
            if found.x is None:
                break
            chosen = np.argsort(-found.x[:sites], kind="stable")[: self.limit]
            y = np.zeros(sites)
            y[chosen] = 1.0
            cuts, _ = self.separate(y, found.x[sites : sites + demands], 1e-9)
            self.try_plan(chosen, -found.x[:sites], clock, 0)
            if self.proven(bound) or not found.finished or not len(cuts.who):
                break
            self.add(solver, cuts)
        return bound

    # -------------------------------------------------------------------------------------------------------- plans

    def exact(self, chosen: Ints) -> tuple[int, int]:
        """Return the unserved weight and the whole cost of a plan."""
        sites = self.free[chosen]
        return self.sums.unserved(sites), self.sums.cost(sites)

    def try_plan(self, chosen: Ints, reduced: Floats, clock: Clock, rounds: int = _shorter.ROUNDS) -> None:
        """Keep a plan, improved where it can be, if it is better than the best.

        Where looking at all exchanges takes long, ``reduced`` tells which sites are worth looking at.
        """
        if self.inner.metres.size <= SMALL:
            self.keep(_median.swap(self.inner, np.sort(chosen)))
            return
        wanted = np.argsort(reduced, kind="stable")[: max(CORE * self.limit, 200)]
        core = np.union1d(np.union1d(wanted, chosen), self.best)
        cost = self.cost(core)
        # whom nobody serves weighs more than any walk, so that a plan that serves fewer does not look better
        cost[self.inner.metres[:, core] == self.sums.far] *= UNSERVED
        none = cost.max(axis=1) + 1.0
        self.keep(core[_shorter.improve(cost, none, np.searchsorted(core, chosen), clock, 0)])
        self.keep(core[_shorter.improve(cost, none, np.searchsorted(core, self.best), clock, rounds)])

    def keep(self, sites: Ints) -> None:
        """Keep a plan if it is better than the best."""
        found = self.exact(sites)
        if found < self.cost_of_best:
            self.best, self.cost_of_best = sites, found

    def proven(self, bound: float) -> bool:
        """Say whether ``bound`` leaves no room below the best plan."""
        cost = self.cost_of_best[1]
        return cost - max(self.known, self.whole(bound)) <= 3 * RELATIVE * cost

    def answer(self, bound: float) -> tuple[Ints, int]:
        """Return the best plan and its bound; what double arithmetic cannot tell apart is equal."""
        cost = self.cost_of_best[1]
        lower = max(self.known, self.whole(bound))
        return self.free[self.best], cost if self.proven(bound) else min(cost, lower)
