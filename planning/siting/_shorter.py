"""Room `siting`: shorter walks by shutting a few neighbouring sites and opening others, many times.

The same search as `planning.siting._local`, for walking sums. Each demand knows only its nearest sites, so gains are
estimates where the next open site lies farther: a plan is worth what `planning.siting._median` says of it afterwards.
It stops after a number of rounds, by the clock only where that has run out, and draws from fixed random numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planning.siting._highs import Clock
from planning.siting._units import Flags, Floats, Ints

ROUNDS = 3000
QUIET = 100, 8  # rounds without a better plan after which the search ends: so many, and so many more for each site
MOST_SHUT = 5
NOISE = 0.3
WORSE = 0.0005  # so much more than the best, as a share, may a plan be kept with, less and less
WIDTH = 8  # near sites a demand knows, times sites for one to be opened


@dataclass
class _Plan:
    """Open sites, what each demand pays and to whom, and what each site would take off (an open one: nothing).

    ``near_cost`` and ``near_site`` are demands × near sites, from the cheapest; ``by_site`` all costs, sites × demands.
    """

    by_site: Floats
    near_site: Any
    near_cost: Floats
    none: Floats
    is_open: Flags
    paid: Floats
    home: Ints
    gain: Floats
    value: float
    done: list[tuple[int, bool]] = field(default_factory=list)

    def open(self, site: int) -> None:
        """Open a site."""
        self.is_open[site] = True
        self.done.append((site, True))
        rows = np.flatnonzero(self.by_site[site] < self.paid)
        self._pay(rows, self.by_site[site][rows])
        self.home[rows] = site

    def shut(self, site: int) -> None:
        """Shut a site; its gain is then what it would take off again."""
        self.is_open[site] = False
        self.done.append((site, False))
        rows = np.flatnonzero(self.home == site)
        paid, home = self._next(rows)
        self._pay(rows, paid)
        self.home[rows] = home

    def _next(self, rows: Ints) -> tuple[Floats, Ints]:
        """Return the least cost of each row over the open sites, and which site that is (−1: none)."""
        is_open = self.is_open[self.near_site[rows]]
        at = np.argmax(is_open, axis=1)
        places = np.arange(len(rows))
        paid, home = self.near_cost[rows, at], self.near_site[rows, at].astype(np.int64)
        far = np.flatnonzero(~is_open[places, at])
        if len(far):
            paid[far], home[far] = self._far(rows[far])
        nobody = paid >= self.none[rows]
        return np.where(nobody, self.none[rows], paid), np.where(nobody, -1, home)

    def _far(self, rows: Ints) -> tuple[Floats, Ints]:
        """Return the same for rows without an open site among their near ones."""
        opened = np.flatnonzero(self.is_open)
        if not len(opened):
            return self.none[rows], np.full(len(rows), -1, dtype=np.int64)
        costs = self.by_site[np.ix_(opened, rows)]
        least = np.argmin(costs, axis=0)
        return costs[least, np.arange(len(rows))], opened[least]

    def _pay(self, rows: Ints, paid: Floats) -> None:
        """Let rows pay something else, and the gains of their near sites follow."""
        near, before = self.near_cost[rows], self.paid[rows]
        change = np.maximum(paid[:, None] - near, 0.0) - np.maximum(before[:, None] - near, 0.0)
        sites = self.near_site[rows].ravel()
        self.gain += np.bincount(sites, weights=change.ravel(), minlength=len(self.gain))
        self.value += float((paid - before).sum())
        self.paid[rows] = paid

    def best_addition(self) -> int:
        """Return the shut site that takes most off, of equal ones the first."""
        return int(np.argmax(np.where(self.is_open, -math.inf, self.gain)))

    def neighbours(self, site: int) -> Ints:
        """Return the open sites that are near to those whom ``site`` serves, or would serve."""
        rows = np.flatnonzero((self.home == site) | (self.by_site[site] < self.paid))
        near = np.unique(self.near_site[rows])
        return np.asarray(near[self.is_open[near]], dtype=np.int64)

    def take_back(self) -> None:
        """Undo what was done since ``done`` was emptied."""
        for site, opened in self.done[::-1]:
            (self.shut if opened else self.open)(site)
        self.done.clear()


def improve(cost: Floats, none: Floats, chosen: Ints, clock: Clock, rounds: int = ROUNDS) -> Ints:
    """Return sites, as many as ``chosen``, in whose plan demand pays less, as far as near sites tell.

    Parameters
    ----------
    cost
        Demands × sites.
    none
        What a demand pays without any site.
    chosen
        Columns to start from.
    clock
        What time is left.
    rounds
        How many times at most a few sites are shut.
    """
    if len(chosen) < 2 or len(chosen) >= cost.shape[1]:
        return np.sort(chosen)
    plan = _started(cost, none, chosen)
    random = np.random.default_rng(0)
    _exchange(plan, np.flatnonzero(plan.is_open))
    best, least, quiet, patience = plan.is_open.copy(), plan.value, 0, QUIET[0] + QUIET[1] * len(chosen)
    for at in range(rounds):
        if quiet == patience or clock.left_s == 0:
            break
        before = plan.value
        plan.done.clear()
        _shake(plan, random)
        quiet += 1
        if plan.value < least * (1 - 1e-9):
            best, least, quiet, patience = plan.is_open.copy(), plan.value, 0, QUIET[0] + QUIET[1] * len(chosen)
        elif plan.value > max(before, least * (1 + WORSE * (1 - at / rounds))):
            plan.take_back()
    return np.flatnonzero(best)


def _started(cost: Floats, none: Floats, chosen: Ints) -> _Plan:
    """Return the plan that has ``chosen`` open."""
    demands, sites = cost.shape
    width = min(sites, max(16, WIDTH * math.ceil(sites / len(chosen))))
    near_site = nearest(cost, width)
    near_cost = np.take_along_axis(cost, near_site, axis=1)
    plan = _Plan(
        by_site=np.ascontiguousarray(cost.T),
        near_site=near_site,
        near_cost=near_cost,
        none=none,
        is_open=np.zeros(sites, dtype=bool),
        paid=none.copy(),
        home=np.full(demands, -1, dtype=np.int64),
        gain=np.bincount(
            near_site.ravel(), weights=np.maximum(none[:, None] - near_cost, 0.0).ravel(), minlength=sites
        ).astype(np.float64),
        value=float(none.sum()),
    )
    for site in chosen:
        plan.open(int(site))
    return plan


def nearest(cost: Any, width: int) -> Any:
    """Return for each row the columns of its ``width`` least costs, from the cheapest, of equal ones the first."""
    out = np.empty((cost.shape[0], width), dtype=np.int32)
    step = max(1, 2_000_000 // max(1, cost.shape[1]))
    for start in range(0, cost.shape[0], step):
        out[start : start + step] = np.argsort(cost[start : start + step], axis=1, kind="stable")[:, :width]
    return out


def _shake(plan: _Plan, random: np.random.Generator) -> None:
    """Shut a few neighbouring sites, open as many others, and exchange what is near."""
    opened = np.flatnonzero(plan.is_open)
    first = int(random.choice(opened))
    wanted = min(int(random.integers(2, MOST_SHUT + 1)), len(opened))
    near = plan.neighbours(first)
    near = near[near != first]
    pool = near if len(near) >= wanted - 1 else opened[opened != first]
    shut = [first, *(int(site) for site in random.permutation(pool)[: wanted - 1])]
    for site in shut:
        plan.shut(site)
    for _ in shut:
        worth = plan.gain * (1.0 - NOISE * random.random(len(plan.gain)))
        plan.open(int(np.argmax(np.where(plan.is_open, -math.inf, worth))))
    touched = sorted({site for site, _ in plan.done})
    _exchange(plan, np.unique(np.concatenate([plan.neighbours(site) for site in touched])))


def _exchange(plan: _Plan, queue: Ints) -> None:
    """Exchange each site of ``queue`` for a better one, and look again at the neighbours of what changed."""
    waiting = [int(site) for site in queue[::-1]]
    while waiting:
        site = waiting.pop()
        if not plan.is_open[site]:
            continue
        plan.shut(site)
        other = plan.best_addition()
        if plan.gain[other] <= plan.gain[site] * (1 + 1e-9) + 1e-9:
            other = site
        plan.open(other)
        if other != site:
            held = set(waiting)
            near = np.unique(np.concatenate([plan.neighbours(site), plan.neighbours(other)]))
            waiting += [int(one) for one in near if one not in held]
