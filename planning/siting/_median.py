"""Room `siting`: the walking sum as whole numbers, and what exchanging a site does to it.

Every demand has a distance it pays at most (``cap``): that to the nearest site already open, or, where there is none,
one metre beyond the longest distance of the table. Unserved weight is a constant once as much as possible is served,
so the capped sum and the sum over the served have the same best plans.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planning.siting._ask import Ask
from planning.siting._cover import Ground
from planning.siting._units import Flags, Ints, whole

WEIGHT_TOTAL = 10**10
COST_TOTAL = 10**18
CHUNK = 2_000_000  # matrix cells handled at once
TRIES = 16


@dataclass(frozen=True)
class Walk:
    """``metres`` demands × candidates in whole units, never above ``cap``; demands without weight are left out.

    ``far`` is what an unserved demand pays; ``per_unit`` whole cost units make one weight × metre.
    """

    metres: Ints
    cap: Ints
    weight: Ints
    far: int
    per_unit: float
    ground: Ground

    @cached_property
    def partial(self) -> bool:
        """Say whether some plan may serve less than another."""
        return bool(((self.cap == self.far)[:, None] & (self.metres == self.far)).any())

    def near(self, sites: Ints) -> Ints:
        """Return the distance each demand pays."""
        return np.asarray(np.minimum(self.cap, self.metres[:, sites].min(axis=1, initial=self.far)))

    def cost(self, sites: Ints) -> int:
        """Return the capped walking sum."""
        return int((self.weight * self.near(sites)).sum())

    def unserved(self, sites: Ints) -> int:
        """Return the weight nobody serves."""
        return int(self.weight[self.near(sites) == self.far].sum())

    def once_open(self, sites: Ints) -> Walk:
        """Return the same sum with ``sites`` open for good."""
        if not len(sites):
            return self
        cap = self.near(sites)
        return replace(self, cap=cap, metres=np.minimum(self.metres, cap[:, None]))


def walk(ask: Ask) -> Walk:
    """Return the walking sum of a checked question."""
    weights = whole(ask.weight, WEIGHT_TOTAL)
    finite = ask.fixed_m[np.isfinite(ask.fixed_m)]
    longest = ask.longest_m + 1.0
    everything = np.concatenate([ask.metres, finite, [longest]])
    total = float(weights.values.sum())
    units = whole(everything, COST_TOTAL / max(total, 1.0), total=longest)
    far = int(units.values[-1])
    metres = np.full((len(ask.demands), len(ask.candidates)), far, dtype=np.int64)
    metres[ask.place, ask.site] = units.values[: len(ask.metres)]
    cap = np.full(len(ask.demands), far, dtype=np.int64)
    cap[np.isfinite(ask.fixed_m)] = units.values[len(ask.metres) : -1]
    ground = Ground(ask.within(np.inf), weights.values, cap < far, ask.required)
    rows = (weights.values > 0) & (np.minimum(cap, metres.min(axis=1, initial=far)) < far)
    kept = metres if rows.all() else metres[rows]
    np.minimum(kept, cap[rows, None], out=kept)  # in place: at city size a copy is 150 MiB
    return Walk(kept, cap[rows], weights.values[rows], far, weights.per_unit * units.per_unit, ground)


def swap_change(sums: Walk, sites: Ints, *, unserved: bool = False) -> Ints:
    """Return sites × candidates: by how much the sum (or the unserved weight) grows when one gives way to the other.

    One pass over the matrix: a demand loses only its nearest site, so it counts in one row
    (Resende & Werneck 2007).
    """
    metres, cap = (sums.metres, sums.cap) if not unserved else (sums.metres == sums.far, sums.cap == sums.far)
    first, second, nearest = _two_nearest(np.asarray(metres[:, sites], np.int64), np.asarray(cap, np.int64))
    order = np.argsort(nearest, kind="stable")
    starts = np.searchsorted(nearest[order], np.arange(len(sites) + 1))
    change = np.empty((len(sites), metres.shape[1]), dtype=np.int64)
    width = max(1, CHUNK // max(1, len(metres)))
    for left in range(0, metres.shape[1], width):
        block = np.asarray(metres[order, left : left + width], dtype=np.int64)
        weight, one, two = sums.weight[order, None], first[order, None], second[order, None]
        saved = weight * np.maximum(0, one - block)
        moved = weight * (np.minimum(two, block) - one) + saved
        part = _sum_rows(moved, starts)
        change[:, left : left + width] = part - saved.sum(axis=0)
    return change


def _two_nearest(metres: Ints, cap: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the least and second least distance of each demand, and which open site is the nearest.

    The cap counts as a site that never closes: its number is the number of sites.
    """
    everything = np.column_stack([metres, cap])
    nearest = np.argmin(everything, axis=1)
    nearest = np.where(everything[np.arange(len(cap)), nearest] == cap, metres.shape[1], nearest)
    rows = np.arange(len(cap))
    first = everything[rows, nearest]
    everything[rows, nearest] = np.iinfo(np.int64).max
    second = np.where(nearest == metres.shape[1], first, everything.min(axis=1, initial=np.iinfo(np.int64).max))
    return first, second, nearest


def _sum_rows(block: Ints, starts: Ints) -> Ints:
    """Return the sums of the rows from each start to the next."""
    running = np.concatenate([np.zeros((1, block.shape[1]), dtype=np.int64), np.cumsum(block, axis=0)])
    return np.asarray(running[starts[1:]] - running[starts[:-1]])


@dataclass(frozen=True)
class WalkWorth:
    """Worth by the walking sum, the unserved weight first."""

    sums: Walk

    def same(self, sites: Ints) -> Flags:
        """Return the exchanges that change neither the unserved weight nor the sum."""
        equal = swap_change(self.sums, sites) == 0
        return np.asarray(equal & (swap_change(self.sums, sites, unserved=True) == 0)) if self.sums.partial else equal

    def idle(self, sites: Ints) -> Flags:
        """Return the sites nobody is nearer to than to another."""
        near = self.sums.metres[:, sites]
        first, second, nearest = _two_nearest(near, self.sums.cap)
        users = np.bincount(nearest[first < second], minlength=len(sites) + 1)[: len(sites)]
        return np.asarray(users == 0)

    def gains(self, open_: Ints) -> Ints:
        """Return what each candidate takes off the capped sum."""
        near = self.sums.near(open_)
        width = max(1, CHUNK // max(1, len(near)))
        blocks = range(0, self.sums.metres.shape[1], width)
        saved = [np.maximum(0, near[:, None] - self.sums.metres[:, left : left + width]) for left in blocks]
        return np.concatenate([self.sums.weight @ block for block in saved]) if saved else np.empty(0, dtype=np.int64)

    def fit(self, sites: Ints, /) -> bool:
        """Say whether ``sites`` meet the conditions."""
        return self.sums.ground.fit(sites)


def greedy(sums: Walk, limit: int, start: Ints) -> Ints:
    """Add to ``start`` the site that takes most off the sum until ``limit`` are open."""
    sites = list(start)
    near, gains = sums.near(start), WalkWorth(sums).gains(start)
    while len(sites) < limit:
        gains[sites] = -1
        sites.append(int(np.argmax(gains)))
        nearer = np.minimum(near, sums.metres[:, sites[-1]])
        rows = np.flatnonzero(nearer < near)
        # only demand that got a nearer site can gain less from the others
        before, after = near[rows, None] - sums.metres[rows], nearer[rows, None] - sums.metres[rows]
        gains -= (sums.weight[rows, None] * (np.maximum(before, 0) - np.maximum(after, 0))).sum(axis=0)
        near = nearer
    return np.sort(np.array(sites, dtype=np.int64))


def swap(sums: Walk, sites: Ints) -> Ints:
    """Exchange one site for a better one, serving no less, until nothing helps."""
    sites, worth = np.sort(sites), _worth(sums, sites)
    while len(sites):
        change = swap_change(sums, sites)
        if sums.partial:
            less = swap_change(sums, sites, unserved=True)
            change = np.where(less == min(0, int(less.min())), change, np.iinfo(np.int64).max)
        into = np.argmin(change, axis=1)
        before = worth
        # one look at all exchanges costs far more than trying the best of several sites after one another
        for out in np.argsort(change[np.arange(len(sites)), into], kind="stable")[:TRIES]:
            trial = np.append(np.delete(sites, out), into[out])
            worth_of_trial = _worth(sums, trial)
            if into[out] not in sites and worth_of_trial < worth:
                sites, worth = np.insert(np.delete(sites, out), out, into[out]), worth_of_trial
        if worth == before:
            return np.sort(sites)
    return sites


def _worth(sums: Walk, sites: Ints) -> tuple[int, int]:
    """Return the unserved weight and the sum: the less the better, in this order."""
    return sums.unserved(sites), sums.cost(sites)
