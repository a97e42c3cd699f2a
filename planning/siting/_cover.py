"""Room `siting`: the covering problem behind `lscp`, `mclp` and `p_center`.

`best` covers the most weight with at most p sites; `fewest` opens the fewest sites that cover all, or at least a given
weight. Both reduce the problem first (see `planning.siting._reduce`), start from a greedy plan improved by swaps and
leave the rest to HiGHS, which also proves the bound. Continuous y: once the x are whole, so are the best y
(Church & ReVelle 1974; reductions: Toregas & ReVelle 1973).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from planning.siting import _local
from planning.siting._conditions import Conditions
from planning.siting._highs import Clock, Found, Model, fractional, minimise, relaxed
from planning.siting._prices import least_sites, priced
from planning.siting._reduce import Small, shrink, without
from planning.siting._units import Flags, Floats, Ints

EQUAL = 2e-9  # what the solver's arithmetic cannot tell apart is equal; of totals below 1e8 it is less than one unit
FEW = 100  # so many sites or fewer are solved before a long search for a first plan pays
SCALE = 1e8  # the solver's tolerances are absolute: larger totals are scaled down to this


@dataclass(frozen=True)
class Ground:
    """What can cover what: ``reach`` demands × candidates (0/1), whole ``weight``, ``served`` by fixed sites."""

    reach: Any
    weight: Ints
    served: Flags
    required: Ints
    per_unit: float = 1.0
    conditions: Conditions | None = None
    closable: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def ruled(self) -> bool:
        """Say whether conditions or facilities that may close make another problem of it: `planning.siting._ruled`."""
        return len(self.closable) > 0 or not (self.conditions is None or self.conditions.free)

    def covered(self, sites: Ints) -> Flags:
        """Return which demands the fixed sites and ``sites`` cover."""
        return np.asarray(self.served | (self.reach[:, sites].sum(axis=1) > 0))

    def value(self, sites: Ints) -> int:
        """Return the weight the fixed sites and ``sites`` cover."""
        return int(self.weight[self.covered(sites)].sum())

    def fit(self, sites: Ints) -> bool:
        """Say whether ``sites`` meet the conditions."""
        return self.conditions is None or self.conditions.free or self.conditions.fit(sites, self.covered(sites))

    def swaps(self, sites: Ints) -> Flags:
        """Return sites × candidates: the conditions on sites hold once the one gives way to the other."""
        if self.conditions is None or self.conditions.free:
            return np.ones((len(sites), self.reach.shape[1]), dtype=bool)
        return self.conditions.swaps(sites)


@dataclass(frozen=True)
class Choice:
    """The chosen candidates (None: none found) and what the objective can at best be; both in whole units."""

    sites: Ints | None
    bound: int
    infeasible: bool = False


# ------------------------------------------------------------------------------------------------ the most with p sites


def best(ground: Ground, p: int, clock: Clock) -> Choice:
    """Cover the most weight with at most ``p`` sites, the required ones among them."""
    small = shrink(ground.reach, ground.weight, ground.covered(ground.required), ground.required)
    base = ground.value(ground.required)
    limit = p - len(ground.required)
    start = swap(small, greedy(small, limit))
    chosen = _opened(ground, small, start)
    ceiling = base + _ceiling(small, limit)
    if ground.value(chosen) == ceiling or clock.left_s == 0:
        return Choice(chosen, ceiling)
    relaxation = fractional(most(small, limit), clock)
    if small.sites > FEW:
        start = _local.improve(small.reach, small.weight, start, clock)
        chosen = _opened(ground, small, start)
    prices = priced(small, _by_row(small, relaxation), limit)
    ceiling = min(ceiling, base + prices.bound)
    if ground.value(chosen) == ceiling or clock.left_s == 0:
        return Choice(chosen, ceiling)
    hopeless = prices.hopeless(ground.value(chosen) - base)
    hopeless[start] = False
    rest = without(small, hopeless)
    start = np.searchsorted(rest.columns, small.columns[start])
    found = minimise(most(rest, limit), clock, start=_start(rest, start), good=True)
    if found.infeasible:
        raise RuntimeError("the solver calls a problem infeasible that has a plan")
    # what was left out holds no better plan, so the bound of the rest or the plan itself is that of the whole
    bound = min(ceiling, max(ground.value(chosen), base + down(found.bound, _scale(rest))))
    return _better(ground, rest, chosen, found, bound)


def _by_row(small: Small, found: Found) -> Floats:
    """Return the prices of the demands in a solved relaxation; whom one site alone can cover has all its weight."""
    price = small.weight.astype(np.float64)
    shared = np.flatnonzero(np.diff(small.reach.indptr) > 1)
    if len(found.price):
        price[shared] = -found.price[: len(shared)] / _scale(small)
    return price


def _better(ground: Ground, small: Small, start: Ints, found: Found, bound: int) -> Choice:
    """Return the better of the start and of what the solver found."""
    plans = [start]
    if found.x is not None:
        plans.append(_opened(ground, small, np.flatnonzero(found.x[: small.sites] > 0.5)))
    winner = max(plans, key=ground.value)
    value = ground.value(winner)
    return Choice(winner, value if bound - value <= EQUAL * bound else bound)


def _opened(ground: Ground, small: Small, columns: Ints) -> Ints:
    """Return the required sites and the chosen columns of the reduced problem as positions of candidates."""
    return np.sort(np.concatenate([ground.required, small.columns[columns]]))


def _ceiling(small: Small, limit: int) -> int:
    """Return what ``limit`` sites could cover if they never overlapped."""
    each = np.sort((small.reach.T @ small.weight).astype(np.int64))[::-1]
    return int(min(small.weight.sum(), each[:limit].sum()))


def _scale(small: Small) -> float:
    """Return the factor on weights in the solver."""
    total = float(small.weight.sum())
    return 1.0 if total <= SCALE else SCALE / total


def down(bound: float, scale: float) -> int:
    """Return the solver's bound on −weight as the largest whole weight it allows, rounding errors granted."""
    if not math.isfinite(bound):
        return np.iinfo(np.int64).max // 4
    return math.floor((-bound + 1e-6 + 1e-9 * abs(bound)) / scale)


def most(small: Small, limit: int) -> Model:
    """Return: maximise covered weight with at most ``limit`` sites."""
    blocks = _Blocks(small)
    blocks.link()
    blocks.add(blocks.wide(np.ones((1, small.sites)), None), -math.inf, float(limit))
    return blocks.model(-blocks.weights() * _scale(small))


def _start(small: Small, columns: Ints) -> Floats:
    """Return the solver's point of a plan."""
    blocks = _Blocks(small)
    x = np.zeros(small.sites)
    x[columns] = 1.0
    return np.concatenate([x, np.minimum(1.0, blocks.shared @ x)])


class _Blocks:
    """Rows of a model over [x of sites | y of demands that several sites can cover], built as sparse blocks.

    A demand only one site can cover needs no y: its y is that site's x.
    """

    def __init__(self, small: Small) -> None:
        self.small = small
        self.alone = np.diff(small.reach.indptr) == 1
        self.shared = small.reach[~self.alone]
        self.rows: list[Any] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []

    def wide(self, x: Any, y: Any) -> Any:
        """Return a block of rows from its part over x and its part over y."""
        rows = y.shape[0] if x is None else x.shape[0]
        left = sparse.csr_array((rows, self.small.sites)) if x is None else sparse.csr_array(x)
        right = sparse.csr_array((rows, self.shared.shape[0])) if y is None else sparse.csr_array(y)
        return sparse.hstack([left, right], format="csr")

    def add(self, block: Any, low: Floats | float, high: Floats | float) -> None:
        """Append ``low ≤ block ≤ high``."""
        self.rows.append(block)
        self.low.append(np.broadcast_to(np.asarray(low, dtype=np.float64), block.shape[0]))
        self.high.append(np.broadcast_to(np.asarray(high, dtype=np.float64), block.shape[0]))

    def link(self) -> None:
        """Let a demand be covered only if one of its sites is open."""
        self.add(self.wide(-self.shared, sparse.eye_array(self.shared.shape[0])), -math.inf, 0.0)

    def weights(self) -> Floats:
        """Return the weight on each column."""
        weight = self.small.weight.astype(np.float64)
        on_sites = weight[self.alone] @ self.small.reach[self.alone]
        return np.concatenate([on_sites, weight[~self.alone]])

    def model(self, cost: Floats) -> Model:
        """Return the model with ``cost`` on the columns."""
        rows = sparse.vstack(self.rows, format="csr")
        whole = np.arange(rows.shape[1]) < self.small.sites
        low, high = np.concatenate(self.low), np.concatenate(self.high)
        return Model(np.asarray(cost, dtype=np.float64), rows, low, high, np.ones(rows.shape[1]), whole)


# ------------------------------------------------------------------------------------------------------ a first plan


def greedy(small: Small, limit: int) -> Ints:
    """Open the site that adds most, again and again. Ties go to the smaller id."""
    chosen: list[int] = []
    left = small.weight.astype(np.float64)
    columns = small.reach.tocsc()
    transposed = small.reach.T.tocsr()
    while len(chosen) < limit and left.any():
        gains = transposed @ left
        pick = int(np.argmax(gains))
        if gains[pick] <= 0:
            break
        chosen.append(pick)
        left[columns.indices[columns.indptr[pick] : columns.indptr[pick + 1]]] = 0.0
    return np.array(chosen, dtype=np.int64)


def swap(small: Small, chosen: Ints) -> Ints:
    """Exchange one open site for a better one until no exchange helps."""
    while len(chosen):
        change = swap_change(small.reach, small.weight, chosen)
        out, into = np.unravel_index(int(np.argmax(change)), change.shape)
        if change[out, into] <= 0:
            break
        chosen = chosen.copy()
        chosen[out] = into
    return np.sort(chosen)


def swap_change(reach: Any, weight: Ints, chosen: Ints, served: Flags | None = None) -> Ints:
    """Return by how much the covered weight changes when each chosen site gives way to each candidate, exactly.

    Rows are the chosen sites, columns the candidates; an open candidate in the place of another is that site's loss.
    """
    mine = sparse.csc_array(reach[:, chosen])
    count = mine.sum(axis=1) + (0 if served is None else 2 * served)
    values = weight.astype(np.float64)
    gain = reach.T @ (values * (count == 0))
    only = values * (count == 1)
    loss = mine.T @ only
    kept = ((mine.T * only[None, :]) @ reach).toarray()
    change = gain[None, :] - loss[:, None] + kept
    return np.asarray(np.rint(change), dtype=np.int64)


# ----------------------------------------------------------------------------------------------- the fewest for a need


def fewest(ground: Ground, need: int | None, clock: Clock) -> Choice:
    """Open the fewest sites, the required ones among them, that cover weight ``need``; None: whatever has a weight."""
    open_ = ground.covered(ground.required)
    if need is not None:
        small = shrink(ground.reach, ground.weight, open_, ground.required)
        return _fewest_of(ground, small, clock, need - ground.value(ground.required))
    ones = replace(ground, weight=np.minimum(ground.weight, 1))
    small = shrink(ones.reach, ones.weight, open_, ones.required, all_of_it=True)
    return _part_by_part(ground, small, clock)


def enough(ground: Ground, p: int, clock: Clock) -> tuple[Ints | None, bool]:
    """Return at most ``p`` sites that cover all that can be covered, else None; and whether there are none for sure."""
    ones = replace(ground, weight=np.minimum(ground.weight, 1))
    covered = ones.covered(ones.required)
    small = shrink(ones.reach, ones.weight, covered, ones.required, all_of_it=True)
    limit = p - len(ground.required)
    for start in (_without_idle(small, greedy(small, small.sites)), swap(small, greedy(small, limit))):
        if len(start) <= limit and (small.reach[:, start].sum(axis=1) > 0).all():
            return _opened(ground, small, start), False
    each, rows = np.ones(small.sites), small.reach.shape[0]
    all_rows = sparse.vstack([small.reach, sparse.csr_array(each[None, :])], format="csr")
    low, high = np.append(np.ones(rows), -math.inf), np.append(np.full(rows, math.inf), float(limit))
    model = Model(each, all_rows, low, high, each, each > 0)
    if clock.left_s == 0:
        return None, False
    if relaxed(model, clock) > limit + 1e-6:
        return None, True
    found = minimise(model, clock, first=True)
    if found.x is None:
        return None, found.infeasible
    return _opened(ground, small, np.flatnonzero(found.x > 0.5)), False


def _part_by_part(ground: Ground, small: Small, clock: Clock) -> Choice:
    """Solve each connected part of the reduced problem on its own: their fewest sites add up."""
    sites, bound = [ground.required], len(ground.required)
    for part in small.parts():
        columns, part_bound = _cover_part(part, clock)
        sites.append(part.columns[columns])
        bound += part_bound
    return Choice(np.sort(np.concatenate(sites)), bound)


def _cover_part(part: Small, clock: Clock) -> tuple[Ints, int]:
    """Return the columns that cover a part, and how few there could at best be."""
    start = _without_idle(part, greedy(part, part.sites))
    if len(start) == 1 or clock.left_s == 0:
        return start, 1
    ones, each = np.ones(part.reach.shape[0]), np.ones(part.sites)
    model = Model(each, part.reach, ones, ones * math.inf, each, each > 0)
    least = 1
    if part.sites > FEW:
        least = least_sites(part.reach, fractional(model, clock).price)
        start = _without_idle(part, _local.fewer(part.reach, start, least, clock))
        if len(start) == least or clock.left_s == 0:
            return start, least
    x = np.zeros(part.sites)
    x[start] = 1.0
    found = minimise(model, clock, start=x, good=part.sites > FEW)
    columns = start if found.x is None else np.flatnonzero(found.x > 0.5)
    if len(columns) >= len(start) or (part.reach[:, columns].sum(axis=1) < 1).any():
        columns = start
    return columns, min(len(columns), max(least, _up(found.bound)))


def _up(bound: float) -> int:
    """Return the solver's bound on a number of sites as the smallest whole number it allows."""
    return math.ceil(bound - 1e-6) if math.isfinite(bound) else 0


def _without_idle(part: Small, chosen: Ints) -> Ints:
    """Drop sites, the largest id first, that leave nothing uncovered."""
    count = part.reach[:, chosen].sum(axis=1)
    keep = np.ones(len(chosen), dtype=bool)
    columns = part.reach.tocsc()
    for at in np.argsort(-chosen):
        rows = columns.indices[columns.indptr[chosen[at]] : columns.indptr[chosen[at] + 1]]
        if (count[rows] > 1).all():
            keep[at] = False
            count[rows] -= 1
    return np.sort(chosen[keep])


def _fewest_of(ground: Ground, small: Small, clock: Clock, need: int) -> Choice:
    """Solve the whole reduced problem at once for the weight ``need`` beside what is covered already."""
    forced = len(ground.required)
    if need <= 0:
        return Choice(ground.required, forced)
    if not small.sites:
        return Choice(None, forced, infeasible=True)
    blocks, scale = _Blocks(small), _scale(small)
    blocks.link()
    # half a unit of slack: sums are whole, so the solver's tolerance cannot lose one
    blocks.add(sparse.csr_array(blocks.weights()[None, :] * scale), (need - 0.5) * scale, math.inf)
    cost = (np.arange(blocks.rows[0].shape[1]) < small.sites).astype(np.float64)
    found = minimise(blocks.model(cost), clock)
    if found.x is None:
        return Choice(None, forced + max(0, _up(found.bound)), infeasible=found.infeasible)
    sites = _opened(ground, small, np.flatnonzero(found.x[: small.sites] > 0.5))
    return Choice(sites, min(len(sites), forced + max(0, _up(found.bound))))
