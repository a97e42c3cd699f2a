"""Room `siting`: what dropping, adding or exchanging one site does, for all of them at once and exactly.

Everything runs over the pairs of the reach table: a demand loses only its nearest site, so an exchange counts once for
it (Resende & Werneck 2007). No matrix of demands × candidates is made but in slices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planning.siting._units import Flags, Ints

SLICE = 4_000_000  # matrix cells handled at once
NOBODY = -1  # the longest walk where nobody is served


@dataclass(frozen=True)
class Pays:
    """What each demand pays: the least of its open pairs, and at most ``cap``. ``weight`` counts the demands."""

    site: Ints
    place: Ints
    pay: Ints
    cap: Ints
    weight: Ints
    candidates: int

    def two(self, sites: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the least and second least pay of each demand, and which open site is the least.

        The cap counts as two sites that never close; their number is the number of sites.
        """
        number = np.full(self.candidates, -1)
        number[sites] = np.arange(len(sites))
        rows = number[self.site] >= 0
        everyone = np.arange(len(self.cap))
        place = np.concatenate([everyone, everyone, self.place[rows]])
        pay = np.concatenate([self.cap, self.cap, self.pay[rows]])
        who = np.concatenate([np.full(2 * len(self.cap), len(sites)), number[self.site[rows]]])
        order = np.lexsort((who, pay, place))
        first = np.searchsorted(place[order], everyone)
        return pay[order][first], pay[order][first + 1], who[order][first]


@dataclass(frozen=True)
class Total(Pays):
    """Σ weight × pay: demand left out (pay 0 or 1) or metres walked."""

    def value(self, sites: Ints) -> int:
        """Return the sum with ``sites`` open."""
        return int((self.weight * self.two(sites)[0]).sum())

    def drop(self, sites: Ints) -> Ints:
        """Return how much it grows when each site is left out."""
        first, second, nearest = self.two(sites)
        return _summed(nearest, self.weight * (second - first), len(sites) + 1)[: len(sites)]

    def add(self, sites: Ints) -> Ints:
        """Return how much it changes when each candidate opens as well; never above 0."""
        first = self.two(sites)[0]
        saved = self.weight[self.place] * np.maximum(0, first[self.place] - self.pay)
        return -_summed(self.site, saved, self.candidates)

    def swap(self, sites: Ints) -> Ints:
        """Return sites × candidates: how much it grows when the candidate opens in the site's place."""
        first, second, nearest = self.two(sites)
        drop = _summed(nearest, self.weight * (second - first), len(sites) + 1)[: len(sites)]
        rows = (self.pay < second[self.place]) & (nearest[self.place] < len(sites))
        site, place, pay = self.site[rows], self.place[rows], self.pay[rows]
        # who lost the nearest site turns to the newcomer from the second nearest, not from the nearest
        more = self.weight[place] * (second[place] - np.maximum(pay, first[place]))
        cells = nearest[place] * self.candidates + site
        turned = _summed(cells, more, len(sites) * self.candidates).reshape(len(sites), self.candidates)
        change: Ints = drop[:, None] + self.add(sites)[None, :] - turned
        return change

    def part(self, places: Flags) -> Total:
        """Return the same sum over some demands only."""
        return Total(self.site, self.place, self.pay, self.cap, np.where(places, self.weight, 0), self.candidates)


@dataclass(frozen=True)
class Longest(Pays):
    """The largest pay of those who pay less than ``far``; −1 where nobody does."""

    far: int = 0

    def value(self, sites: Ints) -> int:
        """Return the longest walk with ``sites`` open."""
        return int(self._served(self.two(sites)[0]).max(initial=NOBODY))

    def drop(self, sites: Ints) -> Ints:
        """Return how much it grows when each site is left out."""
        first, second, nearest = self.two(sites)
        stay = _largest(nearest, self._served(first)[:, None], len(sites) + 1)
        left = _largest(nearest, self._served(second)[:, None], len(sites) + 1)
        longest = np.maximum(_others(stay)[: len(sites)], left[: len(sites)])[:, 0]
        return np.asarray(longest - self.value(sites), dtype=np.int64)

    def add(self, sites: Ints) -> Ints:
        """Return how much it changes when each candidate opens as well; more served may mean a longer walk."""
        first = self.two(sites)[0]
        found = [
            self._served(np.minimum(first[:, None], block)).max(axis=0, initial=NOBODY) for block in self._blocks()
        ]
        return np.concatenate([*found, np.empty(0, dtype=np.int64)]) - self.value(sites)

    def swap(self, sites: Ints) -> Ints:
        """Return sites × candidates: how much it grows when the candidate opens in the site's place."""
        first, second, nearest = self.two(sites)
        found = [np.empty((len(sites), 0), dtype=np.int64)]
        for block in self._blocks():
            stay = _largest(nearest, self._served(np.minimum(first[:, None], block)), len(sites) + 1)
            left = _largest(nearest, self._served(np.minimum(second[:, None], block)), len(sites) + 1)
            found.append(np.maximum(_others(stay)[: len(sites)], left[: len(sites)]))
        return np.concatenate(found, axis=1) - self.value(sites)

    def _served(self, pay: Ints) -> Ints:
        """Return pays with those of nobody served as −1."""
        return np.where(pay < self.far, pay, NOBODY)

    def _blocks(self) -> Iterator[Ints]:
        """Yield the pays as matrices, demands × some candidates each, ``far`` where there is no pair."""
        width = max(1, SLICE // max(1, len(self.cap)))
        for left in range(0, self.candidates, width):
            yield self._block(left, min(left + width, self.candidates))

    def _block(self, left: int, right: int) -> Ints:
        block = np.full((len(self.cap), right - left), self.far, dtype=np.int64)
        rows = (self.site >= left) & (self.site < right)
        block[self.place[rows], self.site[rows] - left] = self.pay[rows]
        return block


Figure = Total | Longest


def _summed(at: Ints, amount: Ints, length: int) -> Ints:
    """Sum whole amounts by position."""
    total = np.zeros(length, dtype=np.int64)
    np.add.at(total, at, amount)
    return total


def _largest(group: Ints, values: Ints, groups: int) -> Ints:
    """Return the largest value of each group, column by column; −1 in a group without any."""
    largest = np.full((groups, values.shape[1]), NOBODY, dtype=np.int64)
    if len(group):
        order = np.argsort(group, kind="stable")
        there, starts = np.unique(group[order], return_index=True)
        largest[there] = np.maximum.reduceat(values[order], starts, axis=0)
    return largest


def _others(largest: Ints) -> Ints:
    """Return for each group the largest value of all the other groups."""
    wall = np.full((1, largest.shape[1]), NOBODY, dtype=np.int64)
    before = np.maximum.accumulate(np.concatenate([wall, largest[:-1]]), axis=0)
    after = np.maximum.accumulate(np.concatenate([wall, largest[:0:-1]]), axis=0)[::-1]
    return np.asarray(np.maximum(before, after))
