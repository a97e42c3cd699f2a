"""Room `siting`: make one answer of many equal ones, rank its sites and name its ties.

A model says what its sites are worth (`Worth`); here idle sites are dropped, a site gives way to a smaller id of
exactly the same worth, sites are ranked, and the exchanges that change nothing are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from planning.siting._ask import Ask
from planning.siting._cover import Ground, swap_change
from planning.siting._units import Flags, Ints


class Worth(Protocol):
    """What a set of open sites is worth to a model; all exact."""

    def same(self, sites: Ints) -> Flags:
        """Return sites × candidates: the candidate in the site's place leaves the objective as it is."""

    def idle(self, sites: Ints) -> Flags:
        """Return which sites could be left out, one at a time, at the same objective."""

    def gains(self, open_: Ints) -> Ints:
        """Return what each candidate adds to the fixed sites and ``open_``."""

    def fit(self, sites: Ints, /) -> bool:
        """Say whether ``sites`` meet the conditions."""


@dataclass(frozen=True)
class CoverWorth:
    """Worth by what is covered. With ``need``, any plan of as many sites that covers it is as good."""

    ground: Ground
    need: int | None = None

    def same(self, sites: Ints) -> Flags:
        """Return the exchanges that keep the covered weight (or the need) and hold."""
        change = swap_change(self.ground.reach, self.ground.weight, sites, self.ground.served)
        spare = 0 if self.need is None else self.ground.value(sites) - self.need
        equal = change == 0 if self.need is None else change >= -spare
        return np.asarray(equal & self.ground.swaps(sites))

    def idle(self, sites: Ints) -> Flags:
        """Return the sites whose loss takes nothing that counts."""
        mine = self.ground.reach[:, sites]
        lonely = (mine.sum(axis=1) == 1) & ~self.ground.served
        loss = np.rint(mine.T @ (self.ground.weight * lonely).astype(np.float64))
        spare = 0 if self.need is None else self.ground.value(sites) - self.need
        return np.asarray(loss <= spare, dtype=bool)

    def gains(self, open_: Ints) -> Ints:
        """Return the weight each candidate newly covers."""
        left = np.where(self.ground.covered(open_), 0, self.ground.weight).astype(np.float64)
        return np.asarray(np.rint(self.ground.reach.T @ left), dtype=np.int64)

    def fit(self, sites: Ints) -> bool:
        """Say whether ``sites`` meet the conditions."""
        return self.ground.fit(sites)


def settle(worth: Worth, sites: Ints, ask: Ask) -> Ints:
    """Return the plan without idle sites and with the smaller id wherever one exchange changes nothing.

    Required sites and existing facilities stay as they are. Each step leaves fewer sites or a smaller list of ids, so
    the end is the same from any order of rows.
    """
    held = np.union1d(ask.required, ask.closable)
    while True:
        before = sites
        sites = _smaller_ids(worth, _busy(worth, sites, held), held)
        if np.array_equal(before, sites):
            return sites


def _busy(worth: Worth, sites: Ints, held: Ints) -> Ints:
    """Drop idle sites, the largest id first; ``held`` ones stay."""
    while len(sites):
        idle = worth.idle(sites) & ~np.isin(sites, held)
        droppable = [at for at in np.flatnonzero(idle)[::-1] if worth.fit(np.delete(sites, at))]
        if not droppable:
            break
        sites = np.delete(sites, droppable[0])
    return sites


def _smaller_ids(worth: Worth, sites: Ints, held: Ints) -> Ints:
    """Exchange sites for smaller ids of the same worth until none is left."""
    while len(sites):
        pairs = [(site, other) for site, other in _exchanges(worth, sites, held) if other < site]
        if not pairs:
            break
        site, other = min(pairs, key=lambda pair: (pair[1], -pair[0]))
        sites = np.sort(np.append(sites[sites != site], other))
    return sites


def _exchanges(worth: Worth, sites: Ints, held: Ints) -> list[tuple[int, int]]:
    """Return every pair (site, unopened candidate) whose exchange changes nothing, ascending."""
    if not len(sites):
        return []
    same = worth.same(sites)
    same[:, sites] = False
    same[np.isin(sites, held)] = False
    pairs = [(int(sites[out]), int(into)) for out, into in np.argwhere(same)]
    return [pair for pair in pairs if worth.fit(np.sort(np.append(sites[sites != pair[0]], pair[1])))]


def ties(worth: Worth, sites: Ints, ask: Ask) -> list[tuple[int, int]]:
    """Return pairs (site, alternative): required sites and existing facilities have none."""
    return _exchanges(worth, np.sort(sites), np.union1d(ask.required, ask.closable))


def rank(worth: Worth, sites: Ints, opened: Ints) -> tuple[Ints, Ints]:
    """Return ``sites`` by what they add once ``opened`` are open, largest first, and what each adds.

    Of equal gains the smaller id comes first.
    """
    order, gains, left = list(opened), [], list(np.sort(sites))
    while left:
        each = worth.gains(np.array(order, dtype=np.int64))[left]
        pick = int(np.argmax(each))
        order.append(left.pop(pick))
        gains.append(int(each[pick]))
    return np.array(order[len(opened) :], dtype=np.int64), np.array(gains, dtype=np.int64)


def labels(candidates: tuple[Any, ...], sites: Ints) -> tuple[Any, ...]:
    """Return the ids at ``sites``."""
    return tuple(candidates[int(site)] for site in sites)
