"""Room `siting`: the conditions a caller adds to a model, turned into rows over the columns of a question."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from planning.siting._ask import Ask
from planning.siting._conditions import FREE, Clause, Conditions
from planning.siting._rules import Wishes, amounts_of, places_of, street_ids
from planning.siting._units import COVER_TOTAL, Ints, whole


def conditions(ask: Ask, rules: Wishes, *, budget: float | None, final: bool = True) -> Conditions:
    """Return the conditions of a checked question over its columns.

    Least numbers and shares hold for the ``final`` plan; phases before it keep the limits alone.
    """
    found = Conditions.none(len(ask.candidates), len(ask.demands))
    steps = [_rooms(ask, rules), _spacing(ask, rules), _budget(ask, rules, budget)]
    steps += [_least(ask, rules), _street_floors(ask, rules), _share_floors(ask, rules)] if final else []
    for step in steps:
        for clause, *rest in step:
            found = found.with_rows(clause, *rest) if len(rest) == 3 else found.with_floor(clause, *rest)
    return found


Step = Iterator[tuple[Any, ...]]


def _rooms(ask: Ask, rules: Wishes) -> Step:
    """Yield, street by street, that a new site opens only beside no other facility.

    With n that may close: n × new + kept ≤ n, so a new one asks for all of them to close.
    """
    if not rules.one_per_street:
        return
    of_site, of_fixed = street_ids(ask.candidates, rules.street_of), street_ids(ask.fixed, rules.street_of)
    for street in ordered({one for one in of_site if one is not None}):
        here = np.array([one == street for one in of_site])
        new, closing = here & ask.is_new, int((here & ~ask.is_new).sum())
        staying = sum(one == street for one in of_fixed)
        if new.any():
            most = 0 if staying else max(1, closing)
            row = np.where(new, max(1, closing), here & ~ask.is_new & (staying == 0))
            yield (
                Clause("street_room", "street", street, {"staying": staying, "closing": closing}),
                row,
                [-FREE],
                [most],
            )


def _least(ask: Ask, rules: Wishes) -> Step:
    """Yield, street by street, the least number of open facilities."""
    if not rules.min_per_street:
        return
    least = int(rules.min_per_street)
    of_site, of_fixed = street_ids(ask.candidates, rules.street_of), street_ids(ask.fixed, rules.street_of)
    of_place = street_ids(ask.demands, rules.demand_street)
    stated = street_ids(rules.street_of.keys(), rules.street_of)  # also those where nothing can open any more
    known = {*of_site, *of_fixed, *of_place, *stated, *rules.streets} - {None}
    for street in ordered(known):
        row = np.array([one == street for one in of_site], dtype=np.int64)
        staying = sum(one == street for one in of_fixed)
        if staying < least:
            facts = {"least": least, "staying": staying, "columns": int(row.sum())}
            yield Clause("street_least", "street", street, facts), row, [least - staying], [FREE]


def _street_floors(ask: Ask, rules: Wishes) -> Step:
    """Yield the least covered weight of every street that has weight."""
    if not rules.min_share_per_street:
        return
    weight = whole(ask.weight, COVER_TOTAL).values
    of_place = street_ids(ask.demands, rules.demand_street)
    for street in ordered({one for one in of_place if one is not None}):
        inside = np.where([one == street for one in of_place], weight, 0)
        need = share_of(rules.min_share_per_street, int(inside.sum()))
        if need:
            yield Clause("street_floor", "street", street, {"floor": rules.min_share_per_street}), inside, need


def _share_floors(ask: Ask, rules: Wishes) -> Step:
    """Yield the least covered sum of other weights."""
    for name, share in rules.floors.items():
        weight = whole(ask.extra[name], COVER_TOTAL).values
        need = share_of(share, int(weight.sum()))
        if need:
            yield Clause("share_floor", "weight", name, {"floor": share}), weight, need


def _budget(ask: Ask, rules: Wishes, budget: float | None) -> Step:
    """Yield what new sites may cost together."""
    if budget is None:
        return
    new = np.flatnonzero(ask.is_new)
    cost = np.zeros(len(ask.candidates))
    cost[new] = amounts_of(rules.cost, [ask.candidates[int(one)] for one in new])
    units = whole(cost, COVER_TOTAL).per_unit
    high = math.floor(_units_of(budget, units))
    amounts = np.array([math.ceil(_units_of(one, units)) for one in cost.tolist()], dtype=np.int64)
    if amounts.any():
        yield Clause("budget", "plan", "budget", {"budget": budget}), amounts, [-FREE], [min(high, FREE - 1)]


def _units_of(money: float, per_unit: float) -> Fraction:
    """Return an amount, the decimal it is written as, in whole units; what is finer is never rounded in favour."""
    return Fraction(Decimal(str(money))) * Fraction(per_unit)


def _spacing(ask: Ask, rules: Wishes) -> Step:
    """Yield the pairs that may not both be open, as one clause; groups nearer than that to one another in one row."""
    if not rules.spacing_m:
        return
    every = len(ask.candidates)
    places = places_of(rules.points, [*ask.candidates, *ask.fixed])
    one, other = _too_near(places, float(rules.spacing_m))
    stays = np.arange(len(places)) >= every
    existing = np.append(~ask.is_new, np.ones(len(ask.fixed), dtype=bool))
    blocked = np.unique(np.concatenate([one[stays[other] & ~existing[one]], other[stays[one] & ~existing[other]]]))
    pairs = ~existing[one] & ~existing[other]
    mixed = (existing[one] ^ existing[other]) & ~stays[one] & ~stays[other]
    cell = _cells(places, float(rules.spacing_m))
    apart = mixed | (pairs & (cell[one] != cell[other]))
    rows = [np.stack([one[apart], other[apart]], axis=1)]
    rows += list(_groups(cell, np.flatnonzero(~existing)))
    matrix = _incidence(rows, every)
    if len(blocked):
        matrix = sparse.vstack([matrix, _incidence([blocked], every)])
    if matrix.shape[0]:
        high = np.ones(matrix.shape[0], dtype=np.int64)
        if len(blocked):
            high[-1] = 0
        facts = {"spacing_m": rules.spacing_m, "pairs": int((pairs | mixed).sum()), "blocked": len(blocked)}
        yield Clause("spacing", "plan", "spacing", facts), matrix, np.full(len(high), -FREE), high


def _too_near(places: Any, spacing_m: float) -> tuple[Ints, Ints]:
    """Return the pairs nearer to one another than ``spacing_m``, to the millimetre."""
    found = KDTree(places).query_pairs(spacing_m + 0.001, output_type="ndarray").reshape(-1, 2)
    metres = np.linalg.norm(places[found[:, 0]] - places[found[:, 1]], axis=1)
    near = found[np.rint(metres * 1000) < np.rint(spacing_m * 1000)]
    near = near[np.lexsort((near[:, 1], near[:, 0]))].astype(np.int64)
    return near[:, 0], near[:, 1]


def _cells(places: Any, spacing_m: float) -> Ints:
    """Return a number of the square each place is in; within one square all are nearer than ``spacing_m``."""
    if spacing_m < 1:
        return np.arange(len(places))
    side = (spacing_m - 0.001) / 1.4143
    squares = np.floor(places / side).astype(np.int64)
    return np.asarray(np.unique(squares, axis=0, return_inverse=True)[1]).ravel()


def _groups(cell: Ints, sites: Ints) -> Iterator[Ints]:
    """Yield the sites of every square with several."""
    order = sites[np.argsort(cell[sites], kind="stable")]
    starts = np.flatnonzero(np.diff(cell[order])) + 1
    yield from (group for group in np.split(order, starts) if len(group) > 1)


def _incidence(rows: list[Any], every: int) -> Any:
    """Return a matrix with one row a list of columns; the first item may be a table of pairs."""
    lists = [np.asarray(one) for table in rows for one in (table if np.ndim(table) == 2 else [table])]
    ends = np.cumsum([0, *map(len, lists)])
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *lists]).astype(np.int64)
    return sparse.csr_array((np.ones(len(columns), dtype=np.int64), columns, ends), shape=(len(lists), every))


def share_of(share: float, total: int) -> int:
    """Return the smallest whole weight that is at least ``share`` (as the decimal written) of ``total``."""
    return math.ceil(Fraction(Decimal(str(share))) * total)


def ordered(ids: Iterable[Any]) -> list[Any]:
    """Return ids ascending; of several kinds, kind by kind."""
    return sorted(ids, key=lambda one: (isinstance(one, str), one))
