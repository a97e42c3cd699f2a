"""Room `siting`: conditions street by street: one facility in each, a least covered share in each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from planning.errors import Fault
from planning.siting._ask import Ask
from planning.siting._units import Flags, Ints

FREE = np.iinfo(np.int32).max


@dataclass(frozen=True)
class StreetWishes:
    """The street options of a verb as the caller wrote them."""

    street_of: Mapping[Any, Any] | pd.Series | None = None
    one_per_street: bool = False
    demand_street: pd.Series | None = None
    min_share: float = 0.0

    def faults(self) -> list[Fault]:
        """Name what is missing or out of range."""
        share = self.min_share
        if not isinstance(share, int | float | np.number) or isinstance(share, bool) or not 0 <= share <= 1:
            return [Fault("siting_share", value=str(share))]
        missing = ["street_of"] if self.one_per_street and self.street_of is None else []
        missing += ["demand_street"] if share > 0 and self.demand_street is None else []
        return [Fault("siting_street_options", value=", ".join(missing))] if missing else []


@dataclass(frozen=True)
class Streets:
    """The conditions in positions: −1 is no street.

    ``room`` is how many new sites each street may take, ``need`` the weight that must be covered in each, ``total``
    the weight there is; both in whole units.
    """

    names: tuple[Any, ...]
    of_site: Ints
    of_place: Ints
    room: Ints
    need: Ints
    total: Ints

    @property
    def limited(self) -> bool:
        """Say whether any street limits its sites."""
        return bool((self.room < FREE).any())

    @property
    def floored(self) -> bool:
        """Say whether any street must reach a share."""
        return bool(self.need.any())

    def without_floors(self) -> Streets:
        """Return the same with no share to reach."""
        return replace(self, need=np.zeros_like(self.need))

    def without_conditions(self, sites: int) -> Streets:
        """Return no conditions at all, for a problem of another number of ``sites``."""
        free = np.full_like(self.room, FREE)
        return replace(self.without_floors(), of_site=np.full(sites, -1, dtype=np.int64), room=free)

    def count(self, sites: Ints) -> Ints:
        """Return the number of ``sites`` in each street."""
        return self.of_sites(sites, np.ones(len(sites), dtype=np.int64))

    def open_sites(self, required: Ints) -> Ints:
        """Return the candidates whose street has room once ``required`` are open."""
        has_room = np.append(self.room - self.count(required) > 0, True)
        return np.flatnonzero(has_room[self.of_site])

    def of_sites(self, sites: Ints, amount: Ints) -> Ints:
        """Sum ``amount`` of the sites by street."""
        return _sum_by(self.of_site[sites], amount, len(self.names))

    def weight_in(self, where: Flags, weight: Ints) -> Ints:
        """Sum the weight of the demands ``where`` by street."""
        return _sum_by(self.of_place[where], weight[where], len(self.names))

    def fit(self, sites: Ints, covered: Flags, weight: Ints) -> bool:
        """Say whether ``sites`` with what they cover meet every condition."""
        in_room = bool((self.count(sites) <= self.room).all())
        return in_room and bool((self.weight_in(covered, weight) >= self.need).all())

    def swaps(self, sites: Ints) -> Flags:
        """Return sites × candidates: the candidate's street has room once the site is gone."""
        if not self.limited:
            return np.ones((len(sites), len(self.of_site)), dtype=bool)
        street = self.of_site
        spare = np.append(self.room - self.count(sites), FREE)
        return np.asarray((spare[street] >= 1)[None, :] | (street[sites][:, None] == street[None, :]))


def _sum_by(group: Ints, amount: Ints, groups: int) -> Ints:
    """Sum whole amounts by group; −1 belongs to none."""
    total = np.zeros(groups, dtype=np.int64)
    np.add.at(total, group[group >= 0], amount[group >= 0])
    return total


def streets(ask: Ask, weight: Ints, wishes: StreetWishes) -> Streets:
    """Return the street conditions of a checked question."""
    site_street = _street_ids(ask.candidates, wishes.street_of)
    fixed_street = _street_ids(ask.fixed, wishes.street_of)
    place_street = _street_ids(ask.demands, wishes.demand_street)
    known = {one for one in (*site_street, *fixed_street, *place_street) if one is not None}
    names = tuple(sorted(known, key=lambda one: (isinstance(one, str), one)))
    of_place = _at(names, place_street)
    total = _sum_by(of_place, weight, len(names))
    fixed = _sum_by(_at(names, fixed_street), np.ones(len(ask.fixed), dtype=np.int64), len(names))
    room = np.maximum(0, 1 - fixed) if wishes.one_per_street else np.full(len(names), FREE, dtype=np.int64)
    # the share is the decimal the planner wrote, so that 0.3 of 10 is 3 and not a hair more
    share = Fraction(Decimal(str(wishes.min_share)))
    need = np.array([math.ceil(share * int(weight_of)) for weight_of in total], dtype=np.int64)
    return Streets(names, _at(names, site_street), of_place, room, need, total)


def _street_ids(ids: Iterable[Any], mapping: Mapping[Any, Any] | pd.Series | None) -> list[Any]:
    """Return the street of each id, None where it has none."""
    if mapping is None:
        return [None for _ in ids]
    found = (mapping.get(one) for one in ids)
    return [None if street is None or pd.isna(street) else street for street in found]


def _at(names: tuple[Any, ...], streets_of: list[Any]) -> Ints:
    """Return positions of streets among ``names``, −1 for none."""
    at = {name: position for position, name in enumerate(names)}
    return np.array([-1 if one is None else at[one] for one in streets_of], dtype=np.int64)
