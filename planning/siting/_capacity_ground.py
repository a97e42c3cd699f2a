"""Room `siting`: the capacitated question in positions, and as a mixed-integer programme."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from planning.siting._ask import Ask, Wants
from planning.siting._capacity_tables import Sizes
from planning.siting._conditions import Conditions
from planning.siting._highs import Clock
from planning.siting._program import Program
from planning.siting._ruled import site_rows
from planning.siting._units import Flags, Floats, Ints


@dataclass(frozen=True)
class Option:
    """One size of one facility, by its position; ``new`` where it is a candidate's."""

    facility: int
    size: Any
    capacity: float
    cost: float
    new: bool


@dataclass(frozen=True)
class Ground:
    """The question in positions: pairs within the radius of demand that weighs something, and the sizes to build.

    ``facilities`` are candidates, then fixed ones; ``near`` says which demand anybody could reach.
    """

    facilities: tuple[Any, ...]
    options: tuple[Option, ...]
    facility: Ints
    place: Ints
    metres: Floats
    weight: Floats
    load: Floats
    near: Flags
    required: Ints
    p: int
    budget: float | None
    single_source: bool
    conditions: Conditions | None = None

    def at(self, built: Iterable[int]) -> Ints:
        """Return the candidates that options stand for, ascending."""
        return np.array(sorted(self.options[option].facility for option in built), dtype=np.int64)

    @property
    def standing(self) -> int:
        """Return how many fixed facilities there are: the last ones."""
        return len({option.facility for option in self.options if not option.new})

    @property
    def new(self) -> Flags:
        """Return which options are candidates'."""
        return np.array([option.new for option in self.options], dtype=bool)

    def served_by(self, built: Iterable[int], clock: Clock) -> float:
        """Return the most weight found in time that the fixed facilities and the options ``built`` can serve."""
        if not len(self.place) or clock.left_s == 0:
            return 0.0
        program = build(self, frozenset(built))
        _, point = program.minimise({"y": -self.weight}, clock)
        return math.fsum(assigned_weight(self, clean(self, point["g"])).tolist()) if "g" in point else 0.0


def ground_of(
    ask: Ask,
    reach: pd.DataFrame,
    wants: Wants,
    given: Sizes,
    loads: Floats,
    *,
    single_source: bool,
    conditions: Conditions | None = None,
) -> Ground:
    """Return a checked question in positions."""
    facilities = (*ask.candidates, *wants.fixed)
    at = {one: position for position, one in enumerate(facilities)}
    where = {one: position for position, one in enumerate(ask.demands)}
    within = reach[reach["distance_m"].to_numpy(dtype=np.float64) <= ask.radius_m]
    rows = [
        (at[facility], where[place], float(metres))
        for facility, place, metres in within[["facility_id", "demand_id", "distance_m"]].itertuples(index=False)
        if facility in at
    ]
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)
    facility, place = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    near = np.isin(np.arange(len(ask.demands)), place)
    kept = ask.weight[place] > 0
    total = float(loads.sum())
    options = [
        Option(position, size.name, min(size.capacity, total), size.cost, position < len(ask.candidates))
        for position, one in enumerate(facilities)
        for size in given.of(one)
    ]
    return Ground(
        facilities, tuple(options), facility[kept], place[kept], table[kept, 2], ask.weight, loads, near,
        ask.required, ask.p, given.budget, single_source, conditions,
    )  # fmt: skip


def build(ground: Ground, built: frozenset[int] | None = None) -> Program:
    """Write down: x builds a size of a facility, g is the share of a demand that a facility serves, y that of all.

    Sums over demand are written in y: a row over every pair keeps the solver busy for minutes before it begins. With
    ``built``, those options and the fixed ones are built, and no other.
    """
    program, options = Program(), ground.options
    count, pairs = len(options), len(ground.place)
    program.columns("x", count, whole=built is None)
    program.columns("g", pairs, whole=ground.single_source)
    program.columns("y", len(ground.weight))
    owner = np.array([option.facility for option in options], dtype=np.int64)
    of_facility = sparse.csr_array((owner[None, :] == np.arange(len(ground.facilities))[:, None]).astype(float))
    pair = sparse.eye_array(pairs, format="csr")
    by_place = _sum_by(ground.place, np.ones(pairs), len(ground.weight))
    by_facility = _sum_by(ground.facility, ground.load[ground.place], len(ground.facilities))
    capacity = np.array([option.capacity for option in options])
    program.rows({"g": by_place, "y": -sparse.eye_array(len(ground.weight), format="csr")}, 0.0, 0.0)
    program.rows({"g": by_facility, "x": -of_facility.multiply(capacity[None, :]).tocsr()}, -math.inf, 0.0)
    program.rows({"g": pair, "x": -of_facility[ground.facility]}, -math.inf, 0.0)
    if built is not None:
        held = np.array([number in built or not option.new for number, option in enumerate(options)], dtype=float)
        program.rows({"x": sparse.eye_array(count, format="csr")}, held, held)
        return program
    _choose(ground, program, of_facility)
    return program


def _choose(ground: Ground, program: Program, of_facility: Any) -> None:
    """Let at most p facilities be built, in one size each, within the budget; fixed and required ones always."""
    new = ground.new.astype(float)
    always = np.array([not option.new for option in ground.options], dtype=float)
    program.rows({"x": of_facility}, -math.inf, 1.0)
    program.rows({"x": new}, -math.inf, float(ground.p))
    program.rows({"x": always}, float(always.sum()), math.inf)
    if len(ground.required):
        program.rows({"x": of_facility[ground.required]}, 1.0, math.inf)
    if ground.conditions is not None:
        sites = ground.conditions.rows.shape[1]
        rows, low, high = site_rows(ground.conditions, np.arange(sites), np.zeros_like(ground.conditions.low))
        program.rows({"x": sparse.csr_array(rows @ of_facility[:sites])}, low, high)
    if ground.budget is not None:
        program.rows({"x": new * np.array([option.cost for option in ground.options])}, -math.inf, ground.budget)


def _sum_by(group: Ints, amount: Floats, groups: int) -> Any:
    return sparse.csr_array((amount, (group, np.arange(len(group)))), shape=(groups, len(group)))


def clean(ground: Ground, share: Floats) -> Floats:
    """Return shares without the solver's dust; of single sources, whole ones."""
    near = np.rint(share)
    dust = np.abs(share - near) <= 1e-9
    return near if ground.single_source else np.where(dust, near, np.clip(share, 0.0, 1.0))


def assigned_weight(ground: Ground, share: Floats) -> Floats:
    """Return the weight served in each pair."""
    return np.asarray(ground.weight[ground.place] * share)
