"""Room `siting`: better first plans for covering, by shutting a few neighbouring sites and opening others, many times.

Iterated local search: a handful of open sites near each other is shut, as many are opened greedily with a little noise,
exchanges follow as long as one helps, and what is worse is taken back. It stops after a number of rounds, never by the
clock, and draws from fixed random numbers, so that it repeats itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from planning.siting._highs import Clock
from planning.siting._units import Flags, Ints

ROUNDS = 4000
QUIET = 100, 14  # rounds without a better plan after which the search ends: so many, and so many more for each site
TRIES = 12  # so often is one site fewer tried in a row
TRY_ROUNDS = 400
QUICK = 10_000  # so many pairs of row and site or fewer are no work for the solver
MOST_SHUT = 5
NOISE = 0.4
WORSE = 0.0007  # so much less than the best, as a share, may a plan be kept with, less and less


@dataclass
class _Plan:
    """Open sites, how many of them cover each row, and what each site would add (an open one: what it alone covers)."""

    rows_of: list[Ints]
    sites_of: list[Ints]
    weight: Ints
    size: Ints
    is_open: Flags
    count: Ints
    gain: Ints
    value: int = 0
    done: list[tuple[int, bool]] = field(default_factory=list)

    def open(self, site: int) -> None:
        """Open a site."""
        self.value += int(self.gain[site])
        self.is_open[site] = True
        self.done.append((site, True))
        rows = self.rows_of[site]
        self.count[rows] += 1
        self._shift(rows[self.count[rows] == 1], -1)

    def shut(self, site: int) -> None:
        """Shut a site; its gain is then what it would bring back."""
        self.is_open[site] = False
        self.done.append((site, False))
        rows = self.rows_of[site]
        self.count[rows] -= 1
        self._shift(rows[self.count[rows] == 0], 1)
        self.value -= int(self.gain[site])

    def _shift(self, rows: Ints, sign: int) -> None:
        """Let the gains of all sites follow rows that were newly covered (−1) or lost (+1)."""
        if len(rows):
            sites = np.concatenate([self.sites_of[row] for row in rows])
            np.add.at(self.gain, sites, sign * np.repeat(self.weight[rows], self.size[rows]))

    def best_addition(self) -> int:
        """Return the shut site that adds most, of equal ones the first."""
        return int(np.argmax(np.where(self.is_open, -1, self.gain)))

    def take_back(self) -> None:
        """Undo what was done since ``done`` was emptied."""
        for site, opened in self.done[::-1]:
            (self.shut if opened else self.open)(site)
        self.done.clear()


def improve(reach: Any, weight: Ints, chosen: Ints, clock: Clock, rounds: int = ROUNDS) -> Ints:
    """Return sites, as many as ``chosen``, that cover no less weight.

    Parameters
    ----------
    reach
        Rows × sites, 0/1, sparse.
    weight
        Whole, by row.
    chosen
        Columns to start from.
    clock
        What time is left.
    rounds
        How many times at most a few sites are shut.
    """
    if len(chosen) < 2 or len(chosen) >= reach.shape[1]:
        return np.sort(chosen)
    plan = _started(reach, weight, chosen)
    random = np.random.default_rng(0)
    _exchange(plan, np.flatnonzero(plan.is_open))
    best, best_value, quiet, patience = plan.is_open.copy(), plan.value, 0, QUIET[0] + QUIET[1] * len(chosen)
    for at in range(rounds):
        if best_value == weight.sum() or quiet == patience or clock.left_s == 0:
            break
        before = plan.value
        plan.done.clear()
        _shake(plan, random)
        quiet += 1
        if plan.value > best_value:
            best, best_value, quiet = plan.is_open.copy(), plan.value, 0
        elif plan.value < min(before, best_value * (1 - WORSE * (1 - at / rounds))):
            plan.take_back()
    return np.flatnonzero(best)


def _started(reach: Any, weight: Ints, chosen: Ints) -> _Plan:
    """Return the plan that has ``chosen`` open."""
    by_row, by_site = reach.tocsr(), reach.tocsc()
    plan = _Plan(
        rows_of=[by_site.indices[start:end] for start, end in pairwise(by_site.indptr)],
        sites_of=[by_row.indices[start:end] for start, end in pairwise(by_row.indptr)],
        weight=weight,
        size=np.diff(by_row.indptr),
        is_open=np.zeros(reach.shape[1], dtype=bool),
        count=np.zeros(reach.shape[0], dtype=np.int64),
        gain=np.asarray(np.rint(reach.T @ weight), dtype=np.int64),
    )
    for site in chosen:
        plan.open(int(site))
    return plan


def _shake(plan: _Plan, random: np.random.Generator) -> None:
    """Shut a few neighbouring sites, open as many others, and exchange what is near."""
    opened = np.flatnonzero(plan.is_open)
    first = int(random.choice(opened))
    wanted = min(int(random.integers(2, MOST_SHUT + 1)), len(opened))
    shut = [first, *_others(plan, first, opened, wanted - 1, random)]
    for site in shut:
        plan.shut(site)
    for _ in shut:
        worth = plan.gain * (1.0 - NOISE * random.random(len(plan.gain)))
        plan.open(int(np.argmax(np.where(plan.is_open, -1.0, worth))))
    touched = sorted({site for site, _ in plan.done})
    _exchange(plan, _open_near(plan, np.array(touched)))


def _others(plan: _Plan, first: int, opened: Ints, wanted: int, random: np.random.Generator) -> list[int]:
    """Return open sites to shut with the first: its neighbours, or any where it has too few."""
    near = _open_near(plan, _sites_near(plan, np.array([first])))
    near = near[near != first]
    pool = near if len(near) >= wanted else opened[opened != first]
    return [int(site) for site in random.permutation(pool)[:wanted]]


def _sites_near(plan: _Plan, sites: Ints) -> Ints:
    """Return the sites that share a row with one of ``sites``."""
    rows = np.unique(np.concatenate([plan.rows_of[site] for site in sites]))
    return np.unique(np.concatenate([plan.sites_of[row] for row in rows])) if len(rows) else sites


def _open_near(plan: _Plan, sites: Ints) -> Ints:
    """Return the open ones of the sites that share a row with one of ``sites``."""
    near = _sites_near(plan, sites)
    return near[plan.is_open[near]]


def _exchange(plan: _Plan, queue: Ints) -> None:
    """Exchange each site of ``queue`` for a better one, and look again at the neighbours of what changed."""
    waiting = list(queue[::-1])
    while waiting:
        site = int(waiting.pop())
        if not plan.is_open[site]:
            continue
        plan.shut(site)
        other = plan.best_addition()
        if plan.gain[other] <= plan.gain[site]:
            other = site
        plan.open(other)
        if other != site:
            held = set(waiting)
            waiting += [near for near in _open_near(plan, np.array([site, other])) if near not in held]


def fewer(reach: Any, chosen: Ints, least: int, clock: Clock) -> Ints:
    """Return sites that cover every row, not more than ``chosen``, which do; ``least`` are known to be needed.

    One site is left out at a time and the rest is improved; rows that stay uncovered weigh more in the next try.
    """
    weight, trial, tries = np.ones(reach.shape[0], dtype=np.int64), _less_one(reach, chosen), 0
    most = TRIES if reach.nnz > QUICK else 0
    while len(chosen) > max(least, 2) and tries < most and clock.left_s > 0:
        trial = improve(reach, weight, trial, clock, TRY_ROUNDS)
        missed = reach[:, trial].sum(axis=1) == 0
        if missed.any():
            weight[missed] += 1
            tries += 1
        else:
            chosen, weight[:], tries = trial, 1, 0
            trial = _less_one(reach, chosen)
    return np.sort(chosen)


def _less_one(reach: Any, chosen: Ints) -> Ints:
    """Return ``chosen`` without the site that is missed least."""
    mine = reach[:, chosen]
    lonely = (mine.sum(axis=1) == 1).astype(np.float64)
    return np.delete(chosen, int(np.argmin(mine.T @ lonely)))
