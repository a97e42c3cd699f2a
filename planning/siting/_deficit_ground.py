"""Room `siting`: what plans of the deficit model are worth, exactly, and the one plan of many equal ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from scipy import sparse

from planning.siting._conditions import Conditions, asks_for_sites
from planning.siting._deficit_tables import HUNDREDTH, ZERO, Quota
from planning.siting._highs import Clock
from planning.siting._program import Program
from planning.siting._units import Flags, Floats, Ints

SLACK_M2: Final = 1e-4  # less, and the solver's own tolerances cut off the plan that is held
TRIED: Final = 20_000


@dataclass(frozen=True)
class Ground:
    """The question in positions: who is short of what, who reaches whom (demands × candidates), and how many open."""

    quota: Quota
    reach: Any
    weight: Ints
    served: Flags
    required: Ints
    p: int
    conditions: Conditions | None = None

    def fit(self, sites: Iterable[int]) -> bool:
        """Say, exactly, whether ``sites`` keep to p, the budget and every condition."""
        chosen = np.array(sorted(sites), dtype=np.int64)
        kept = len(chosen) <= self.p and self.quota.affordable(chosen)
        return kept and (self.conditions is None or self.conditions.fit(chosen, self.covered(chosen)))

    def room(self, sites: Iterable[int]) -> Flags:
        """Return which candidates could open beside ``sites`` without passing a limit on sites."""
        if self.conditions is None:
            return np.ones(len(self.quota.most), dtype=bool)
        return self.conditions.has_room(np.array(sorted(sites), dtype=np.int64))

    def covered(self, sites: Iterable[int]) -> Flags:
        """Return which demands the fixed sites and ``sites`` cover."""
        chosen = np.fromiter(sites, dtype=np.int64)
        return np.asarray(self.served | (self.reach[:, chosen].sum(axis=1) > 0))

    def value(self, sites: Iterable[int]) -> int:
        """Return the weight the fixed sites and ``sites`` cover, in whole units."""
        return int(self.weight[self.covered(sites)].sum())

    def left(self, sites: Iterable[int]) -> Fraction:
        """Return the shortfall that ``sites`` leave at their largest."""
        return self.quota.left(self.quota.largest(sites))

    @property
    def open_sites(self) -> Ints:
        """Return the candidates worth looking at: those that help somebody who is short, and the required ones.

        Where conditions ask for sites or coverage every site that can be opened may meet them.
        """
        looked_at = self.quota.usable if asks_for_sites(self.conditions) else self.quota.helpful
        return np.union1d(np.flatnonzero(looked_at), self.required)


# ------------------------------------------------------------------------------------------------- a first plan


def first_plan(ground: Ground) -> tuple[int, ...]:
    """Open what leaves least, again and again, as far as p, budget and limits go; ties go to the smaller id.

    What conditions ask for at least is not looked at: the plan may not fit.
    """
    chosen = [int(site) for site in ground.required]
    balance = Balance(ground.quota, chosen)
    waiting = [int(site) for site in np.flatnonzero(ground.quota.helpful) if site not in set(chosen)]
    gains = {site: balance.change(None, site) for site in waiting}
    while len(chosen) < ground.p and gains:
        room = ground.room(chosen)
        affordable = [site for site in gains if room[site] and ground.quota.affordable((*chosen, site))]
        pick = min(affordable, key=lambda site: (gains[site], site), default=None)
        if pick is None or gains[pick] >= 0:
            break
        chosen.append(pick)
        balance.add(pick)
        del gains[pick]
        touched = balance.of[pick].keys()
        gains |= {site: balance.change(None, site) for site in gains if touched & balance.of[site].keys()}
    return tuple(sorted(chosen))


class Balance:
    """What is credited to each subject while sites open and close, and how little it changes.

    Counted in whole parts of a square metre, ``unit`` to one, so that every sum is exact and quick. ``area`` are the
    floor areas of sites; the others are seen at their largest.
    """

    def __init__(self, quota: Quota, opened: Iterable[int], area: Mapping[int, Fraction] | None = None) -> None:
        short = {subject: m2 for subject, m2 in enumerate(quota.short) if m2 > 0}
        given = [
            {subject: share * self._m2(quota, site, area) for subject, share in shares.items() if subject in short}
            if usable else {}
            for site, (shares, usable) in enumerate(zip(quota.share, quota.usable, strict=True))
        ]  # fmt: skip
        parts = [m2.denominator for of in (short, *given) for m2 in of.values()]
        self.unit = math.lcm(*parts)
        self.of = [{subject: int(m2 * self.unit) for subject, m2 in of.items()} for of in given]
        self.left = {subject: int(m2 * self.unit) for subject, m2 in short.items()}
        for site in opened:
            self.add(site)

    @staticmethod
    def _m2(quota: Quota, site: int, area: Mapping[int, Fraction] | None) -> Fraction:
        return quota.range(site)[1] if area is None or site not in area else area[site]

    def add(self, site: int) -> None:
        """Open a site."""
        for subject, parts in self.of[site].items():
            self.left[subject] -= parts

    def change(self, out: int | None, into: int | None) -> int:
        """Return by how much the shortfall grows when ``out`` gives way to ``into``, in parts."""
        moved: dict[int, int] = {}
        for site, sign in ((out, -1), (into, 1)):
            for subject, parts in self.of[site].items() if site is not None else ():
                moved[subject] = moved.get(subject, 0) + sign * parts
        left = self.left
        return sum(max(left[subject] - parts, 0) - max(left[subject], 0) for subject, parts in moved.items())


# ---------------------------------------------------------------------------------------------------- floor areas


def least_areas(ground: Ground, sites: Iterable[int], left: Fraction) -> dict[int, Fraction]:
    """Return the least floor areas, in hundredths of m², with which ``sites`` leave no more than ``left``."""
    among = np.array(sorted(sites), dtype=np.int64)
    if not len(among):
        return {}
    quota = ground.quota
    share, short = shares_of(quota, among)
    bounds = [quota.range(int(one)) for one in among]
    constant = float(sum(quota.short, ZERO)) - float(short.sum())
    program = Program()
    program.columns("a", len(among), upper=np.array([float(most) for _, most in bounds]))
    program.columns("s", len(short), upper=short)
    program.rows({"a": share, "s": sparse.eye_array(len(short), format="csr")}, short, math.inf)
    program.rows(
        {"a": sparse.eye_array(len(among), format="csr")}, np.array([float(low) for low, _ in bounds]), math.inf
    )
    program.rows({"s": np.ones(len(short))}, -math.inf, float(left) - constant + SLACK_M2)
    _, point = program.minimise({"a": np.ones(len(among))}, Clock.of(60.0))
    wanted = point.get("a", np.array([float(most) for _, most in bounds]))
    area = {int(site): _rounded(m2, *bound) for site, m2, bound in zip(among, wanted, bounds, strict=True)}
    return _repaired(quota, area, left)


def _rounded(m2: float, least: Fraction, most: Fraction) -> Fraction:
    """Return a floor area rounded up to the hundredth, what is a solver's tolerance above one rounded down."""
    return min(max(Fraction(math.ceil(m2 * 100 - 1e-3), 100), least), most)


def _repaired(quota: Quota, area: dict[int, Fraction], left: Fraction) -> dict[int, Fraction]:
    """Return floor areas that leave no more than ``left``: each a hundredth larger where rounding lost it.

    Then each, the largest id first, a hundredth smaller as long as nothing is lost.
    """
    for _ in range(4):
        if quota.left(area) <= left:
            break
        area = {site: min(m2 + HUNDREDTH, quota.range(site)[1]) for site, m2 in area.items()}
    else:
        area = quota.largest(area)
    for site in sorted(area, reverse=True):
        for _ in range(4):
            smaller = max(area[site] - HUNDREDTH, quota.range(site)[0])
            if smaller == area[site] or quota.left(area | {site: smaller}) > left:
                break
            area = area | {site: smaller}
    return area


def shares_of(quota: Quota, among: Ints) -> tuple[Any, Floats]:
    """Return subjects × sites of the credits that matter, and what those subjects are short of."""
    entries = [
        (subject, column, float(share))
        for column, site in enumerate(among.tolist())
        for subject, share in quota.share[site].items()
        if quota.short[subject] > 0
    ]
    subjects = sorted({subject for subject, _, _ in entries})
    row = {subject: at for at, subject in enumerate(subjects)}
    shape = (len(subjects), len(among))
    values = [share for _, _, share in entries]
    at = ([row[subject] for subject, _, _ in entries], [column for _, column, _ in entries])
    matrix = sparse.coo_array((values, at), shape=shape).tocsr()
    return matrix, np.array([float(quota.short[subject]) for subject in subjects])


# ------------------------------------------------------------------------------------------- one answer of many equal


def settle(ground: Ground, sites: tuple[int, ...], clock: Clock) -> tuple[int, ...]:
    """Close what nothing needs, and, while there is time, let sites give way to smaller ids of the same worth."""
    sites = _without_idle(ground, sites)
    while clock.left_s > 0 and (better := _smaller(ground, sites)) is not None:
        sites = better
    return sites


def _smaller(ground: Ground, sites: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the sites with one in the place of a larger id, if there is one of the same worth."""
    pairs = [(out, into) for out, into in ties(ground, sites) if into < out]
    weight = ground.value(sites)
    for out, into in sorted(pairs, key=lambda pair: (pair[1], -pair[0])):
        other = _swapped(sites, out, into)
        if ground.value(other) == weight and worth(ground, other) == worth(ground, sites):
            return other
    return None


def _without_idle(ground: Ground, sites: tuple[int, ...]) -> tuple[int, ...]:
    """Close sites, the largest id first, that lower nothing and cover nobody: they only add floor area."""
    required = set(ground.required.tolist())
    for site in sorted(set(sites) - required, reverse=True):
        rest = tuple(one for one in sites if one != site)
        as_good = ground.left(rest) <= ground.left(sites) and ground.value(rest) >= ground.value(sites)
        if as_good and ground.fit(rest):
            sites = rest
    return sites


def worth(ground: Ground, sites: tuple[int, ...]) -> tuple[Fraction, int, int, Fraction]:
    """Return what plans are compared by, the smaller the better: shortfall, weight left out, sites, floor area."""
    left = ground.left(sites)
    return left, -ground.value(sites), len(sites), sum(least_areas(ground, sites, left).values(), ZERO)


def ties(ground: Ground, sites: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return every pair (site, candidate that is not open) whose exchange leaves the same shortfall, ascending."""
    balance = Balance(ground.quota, sites)
    movable = [site for site in sites if site not in set(ground.required.tolist())]
    others = [int(site) for site in ground.open_sites if site not in set(sites)]
    pairs = [(out, into) for out in movable for into in others][:TRIED]
    return tuple(
        (out, into) for out, into in pairs if balance.change(out, into) == 0 and ground.fit(_swapped(sites, out, into))
    )


def _swapped(sites: tuple[int, ...], out: int, into: int) -> tuple[int, ...]:
    return tuple(sorted({*sites} - {out} | {into}))
