"""Room `siting`: prices on demands, and the bounds they prove, whoever found them.

A price says what it is worth to a demand to be covered. Whatever the prices, no plan of ``limit`` sites covers more
than `Priced.bound`: Lagrangian duality (Galvão & ReVelle 1996; Fisher 1981). The bound is counted anew in whole
numbers, so that no tolerance of a solver is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.siting._reduce import Small
from planning.siting._units import Flags, Floats, Ints

FINE = 2**20  # prices are whole multiples of one over this, where the weights leave room
SHARES = 10**9  # prices of a full cover are whole multiples of one over this
ROOM = 2**62  # sums of priced weights stay below


@dataclass(frozen=True)
class Priced:
    """What prices prove about ``limit`` sites: whole numbers of 1/``unit`` of a weight.

    ``left`` is what demands are worth above their prices, ``worth`` what each site earns by them.
    """

    left: int
    worth: Ints
    limit: int
    unit: int

    @property
    def bound(self) -> int:
        """Return the most weight that ``limit`` sites can cover."""
        return (self.left + self._most(self.limit)) // self.unit

    def hopeless(self, value: int) -> Flags:
        """Return the sites that no plan covering more than ``value`` has."""
        if self.limit <= 0:
            return np.ones(len(self.worth), dtype=bool)
        with_it = self.left + self._most(self.limit - 1) + np.minimum(self.worth, self._last())
        return np.asarray(with_it // self.unit <= value)

    def _last(self) -> int:
        """Return what the least of the best ``limit`` sites earns."""
        return int(np.sort(self.worth)[-self.limit]) if len(self.worth) >= self.limit else 0

    def _most(self, sites: int) -> int:
        """Return what the best ``sites`` earn."""
        return int(np.sort(self.worth)[::-1][:sites].sum())


def priced(small: Small, price: Floats, limit: int) -> Priced:
    """Return what ``price``, by row and in units of weight, proves; prices outside 0 to the weight are moved there."""
    total = max(1, int(small.weight.sum()))
    unit = max(1, min(FINE, ROOM // (total * (max(0, limit) + 2))))
    top = small.weight.astype(np.int64) * unit
    whole = np.clip(np.rint(price * unit).astype(np.int64), 0, top)
    worth = np.asarray(small.reach.T.astype(np.int64) @ whole, dtype=np.int64)
    return Priced(int((top - whole).sum()), worth, limit, unit)


def least_sites(reach: Any, price: Floats) -> int:
    """Return how few sites can cover every row: no site earns more than 1 by the prices, so each pays for one.

    Prices that are a hair too high for some site are lowered by as much for all; without prices it is 1.
    """
    if len(price) != reach.shape[0] or not len(price):
        return min(1, int(reach.shape[0]))
    whole = np.clip(np.rint(price * SHARES), 0, SHARES).astype(np.int64)
    dearest = max(SHARES, int((reach.T.astype(np.int64) @ whole).max()))
    return max(1, int(-(-int(whole.sum()) // dearest)))
