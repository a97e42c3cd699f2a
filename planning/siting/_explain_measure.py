"""Room `siting`: what a plan of each model is worth, and what changing one site does to that."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import pandas as pd

from planning.siting import _ask, _clauses
from planning.siting._ask import Ask, Wants
from planning.siting._clauses import share_of
from planning.siting._conditions import Conditions
from planning.siting._explain_sums import Figure, Longest, Pays, Total
from planning.siting._median import COST_TOTAL, WEIGHT_TOTAL
from planning.siting._phases import as_phases
from planning.siting._rules import Wishes
from planning.siting._units import COVER_TOTAL, Floats, Ints, whole

Key = tuple[int, int]


@dataclass(frozen=True)
class Change:
    """What changes do, one each, in whole units beyond the plan's, and the objective then.

    ``first`` decides and ``second`` among equals: demand left out, then metres (`deficit`: floor area missing, then
    demand left out).
    """

    first: Ints
    second: Ints
    objective: Floats

    def order(self) -> Ints:
        """Return the changes as whole numbers that ascend from the best."""
        keys = np.stack([self.first.ravel(), self.second.ravel()])
        _, rank = np.unique(keys, axis=1, return_inverse=True)
        return np.asarray(rank, dtype=np.int64).reshape(self.first.shape)


class Gauge(Protocol):
    """What a plan is worth and what changing it does; sites are positions of candidates, ``left`` who is served."""

    @property
    def model(self) -> str:
        """Return the model's name."""

    @property
    def left(self) -> Total:
        """Return the demand left out, as pairs."""

    @property
    def figures(self) -> tuple[Pays, ...]:
        """Return what each pair of a site pays, figure by figure: sites that pay alike are worth the same."""

    def key(self, sites: Ints) -> Key:
        """Return what plans are compared by: the less the better."""

    def left_out(self, sites: Ints) -> float:
        """Return the demand that ``sites`` and the fixed ones leave out."""

    def beyond(self, sites: Ints) -> float:
        """Return the demand left out beyond what may be."""

    def total(self) -> float:
        """Return all demand."""

    def objective(self, sites: Ints) -> float:
        """Return the model's objective of ``sites``."""

    def worse(self, sites: Ints, other: Ints) -> float:
        """Return by how much the objective of ``other`` is worse; NaN where the two cannot be compared."""

    def base(self, sites: Ints) -> float:
        """Return what a loss is held against."""

    def drop(self, sites: Ints) -> Change:
        """Return what leaving out each of ``sites`` does."""

    def add(self, sites: Ints) -> Change:
        """Return what opening each candidate as well does."""

    def swap(self, sites: Ints) -> Change:
        """Return what each candidate in the place of each site does: sites × candidates."""

    def loss(self, change: Change) -> Floats:
        """Return how much worse the objective gets."""

    def people(self, change: Change) -> Floats:
        """Return the demand left out by each change."""

    def adds(self, change: Change, sites: Ints) -> Floats:
        """Return what each candidate adds as one site more."""

    def worst(self, sites: Ints, within: Fraction) -> Key:
        """Return the last key that is still within a share of the plan's objective."""


@dataclass(frozen=True)
class Measure:
    """What a model makes small: first the demand left out beyond ``slack``, then ``cost``, if it has one.

    ``left_units`` and ``cost_units`` whole units make one of the weight's and of the objective's. Every method takes
    positions of candidates.
    """

    model: str
    left: Total
    slack: int
    left_units: float
    cost: Figure | None = None
    cost_units: float = 1.0
    far: int = 0

    @property
    def figures(self) -> tuple[Pays, ...]:
        """Return what each pair of a site pays: metres, or whether its demand is within the circle."""
        return (self.cost or self.left,)

    def key(self, sites: Ints) -> Key:
        """Return what plans are compared by: the less the better."""
        return max(0, self.left.value(sites) - self.slack), self._further(sites)

    def left_out(self, sites: Ints) -> float:
        """Return the demand that ``sites`` and the fixed ones leave out."""
        return self.left.value(sites) / self.left_units

    def beyond(self, sites: Ints) -> float:
        """Return the demand left out beyond what may be."""
        return self.key(sites)[0] / self.left_units

    def total(self) -> float:
        """Return all demand."""
        return int(self.left.weight.sum()) / self.left_units

    def objective(self, sites: Ints) -> float:
        """Return the model's objective of ``sites``."""
        left, cost = np.array([self.left.value(sites)]), np.array([self.cost.value(sites) if self.cost else 0])
        return float(self._objective(left, cost, len(sites))[0])

    def drop(self, sites: Ints) -> Change:
        """Return what leaving out each of ``sites`` does."""
        return self._change(sites, lambda figure: figure.drop(sites), len(sites) - 1)

    def add(self, sites: Ints) -> Change:
        """Return what opening each candidate as well does."""
        return self._change(sites, lambda figure: figure.add(sites), len(sites) + 1)

    def swap(self, sites: Ints) -> Change:
        """Return what each candidate in the place of each site does: sites × candidates."""
        return self._change(sites, lambda figure: figure.swap(sites), len(sites))

    def loss(self, change: Change) -> Floats:
        """Return how much worse the objective gets; `lscp`: the demand left uncovered.

        NaN where a model by distance leaves more demand out: sums over different people cannot be compared.
        """
        if self.cost is None:
            return np.asarray(change.first / self.left_units)
        return np.where(change.first == 0, change.second / self.cost_units, np.nan)

    def people(self, change: Change) -> Floats:
        """Return the demand left out by each change."""
        return np.asarray(change.first / self.left_units)

    def adds(self, change: Change, sites: Ints) -> Floats:
        """Return what each candidate adds as one site more: demand served, or of equal demand metres saved."""
        if self.cost is None:
            return np.asarray(-change.first / self.left_units + 0.0)
        return np.where(change.first < 0, np.nan, self.objective(sites) - change.objective)

    def worse(self, sites: Ints, other: Ints) -> float:
        """Return by how much the objective of ``other`` is worse; NaN where more demand is left out by metres."""
        if self.cost is not None and self.left.value(other) > self.left.value(sites):
            return math.nan
        more = self.objective(other) - self.objective(sites)
        return -more if self.model == "mclp" else more

    def base(self, sites: Ints) -> float:
        """Return what a loss is held against: the objective; `lscp`: all demand."""
        return self.total() if self.model == "lscp" else abs(self.objective(sites))

    def worst(self, sites: Ints, within: Fraction) -> Key:
        """Return the last key that is still within a share of the plan's objective."""
        left, further = self.key(sites)
        if self.model == "mclp":
            return left + int(within * (int(self.left.weight.sum()) - self.left.value(sites))), further
        if self.model == "p_median":
            served = further - self.far * self.left.value(sites)
            return left, further + int(within * served)
        return left, further + int(within * max(0, further))

    def _further(self, sites: Ints) -> int:
        return self.cost.value(sites) if self.cost else 0

    def _change(self, sites: Ints, of: Callable[[Figure], Ints], count: int) -> Change:
        left, base = of(self.left), self.left.value(sites)
        cost = of(self.cost) if self.cost else np.zeros_like(left)
        objective = self._objective(base + left, self._further(sites) + cost, count)
        beyond = np.maximum(0, base + left - self.slack) - max(0, base - self.slack)
        return Change(beyond, cost, objective)

    def _objective(self, left: Ints, cost: Ints, count: int) -> Floats:
        if self.model == "mclp":
            return np.asarray((int(self.left.weight.sum()) - left) / self.left_units)
        if self.model == "lscp":
            return np.full(left.shape, float(count))
        return np.asarray(np.maximum(0, cost - self.far * left) / self.cost_units)


def read(
    model: str, reach: pd.DataFrame, demand: pd.DataFrame, options: Mapping[str, Any]
) -> tuple[Ask, Conditions, tuple[Any, ...]]:
    """Check the tables and options as the verb of ``model`` does.

    Return them in order, the conditions, and the sites that cannot open: forbidden, or not to be had in time.
    """
    own = {field.name for field in fields(Wants)} - {"model", "rules"}
    # further objectives decide among equals; what is measured here is the model's own
    rules = Wishes(**{name: value for name, value in options.items() if name not in {*own, "then"}})
    wants = Wants(model, **{name: value for name, value in options.items() if name in own}, rules=rules)
    ask = _ask.read(reach, demand, wants)
    return ask, _clauses.conditions(ask, wants.rules, budget=wants.money[-1]), wants.closed_to


def settled(options: Mapping[str, Any], closed: tuple[Any, ...]) -> dict[str, Any]:
    """Return options as they are at the end: the last phase alone, ``closed`` gone, no further objectives."""
    found = {name: value for name, value in options.items() if name not in {"phases", "may_close", "then"}}
    if closed:
        found["fixed"] = tuple(one for one in options.get("fixed", ()) if one not in set(closed))
    last = as_phases(options.get("phases", ()))[-1:]
    if last and (last[0].budget is not None or last[0].unavailable or last[0].absent):
        found["phases"] = last
    return found


def measure(ask: Ask) -> Measure:
    """Return what the question's model makes small."""
    return _MEASURES[ask.model](ask)


def covered(ask: Ask) -> tuple[Total, float]:
    """Return the demand left out of the circles, and how many whole units make one of its weight."""
    weight, per_unit = _whole(ask.weight, COVER_TOTAL)
    return _left(ask, weight, ask.radius_m), per_unit


def _most(ask: Ask) -> Measure:
    left, per_unit = covered(ask)
    return Measure("mclp", left, 0, per_unit)


def _fewest(ask: Ask) -> Measure:
    """Return the demand that must be covered: all that can be reached, each 1, or a share of the weight."""
    if ask.share < 1:
        weight, per_unit = _whole(ask.weight, COVER_TOTAL)
        total = int(weight.sum())
        slack = total - share_of(ask.share, total)
        return Measure("lscp", _left(ask, weight, ask.radius_m), slack, per_unit)
    ones = _left(ask, np.ones(len(ask.demands), dtype=np.int64), ask.radius_m)
    everyone = np.arange(len(ask.candidates))
    reachable = ones.two(everyone)[0] == 0
    return Measure("lscp", ones.part(reachable), 0, 1.0)


def _walked(ask: Ask) -> Measure:
    weight, per_unit = _whole(ask.weight, WEIGHT_TOTAL)
    pay, cap, far, per_metre = _metres(ask, COST_TOTAL / max(float(weight.sum()), 1.0))
    cost = Total(ask.site, ask.place, pay, cap, weight, len(ask.candidates))
    # whoever is left out pays `far` in the sum; it is taken off again in the objective
    return Measure("p_median", _left(ask, weight, np.inf), 0, per_unit, cost, per_unit * per_metre, far)


def _centred(ask: Ask) -> Measure:
    ones = ask.there.astype(np.int64)
    pay, cap, far, per_metre = _metres(ask, float(COST_TOTAL))
    cost = Longest(ask.site, ask.place, pay, cap, ones, len(ask.candidates), far)
    return Measure("p_center", _left(ask, ones, np.inf), 0, 1.0, cost, per_metre)


_MEASURES: Mapping[str, Callable[[Ask], Measure]] = {
    "lscp": _fewest,
    "mclp": _most,
    "p_median": _walked,
    "p_center": _centred,
}


def _left(ask: Ask, weight: Ints, radius_m: float) -> Total:
    """Return the demand left out: nobody pays within ``radius_m`` of an open site, everybody else pays 1."""
    near = ask.metres <= radius_m
    served = (ask.fixed_m <= radius_m) & np.isfinite(ask.fixed_m)
    nothing = np.zeros(int(near.sum()), dtype=np.int64)
    cap = np.where(served, 0, 1)
    return Total(ask.site[near], ask.place[near], nothing, cap, weight, len(ask.candidates))


def _metres(ask: Ask, largest: float) -> tuple[Ints, Ints, int, float]:
    """Return distances of pairs, of fixed sites, and one beyond the longest, in whole units, and units a metre."""
    longest = ask.longest_m + 1.0
    finite = np.isfinite(ask.fixed_m)
    everything = np.concatenate([ask.metres, ask.fixed_m[finite], [longest]])
    units, per_metre = _whole(everything, largest, total=longest)
    cap = np.full(len(ask.demands), units[-1], dtype=np.int64)
    cap[finite] = units[len(ask.metres) : -1]
    return units[: len(ask.metres)], cap, int(units[-1]), per_metre


def _whole(amounts: Floats, largest: float, *, total: float | None = None) -> tuple[Ints, float]:
    """Return amounts as whole units, and how many make one."""
    units = whole(amounts, largest, total=total)
    return units.values, units.per_unit  # noqa: PD011  no table's values
