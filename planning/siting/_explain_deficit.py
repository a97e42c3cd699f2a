"""Room `siting`: what a plan of the deficit model is worth, and what changing one site does to that.

Every site is seen at its largest: a floor area never adds to the shortfall, so that is what remains possible once a
site is gone. Who is covered decides among plans that leave the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.siting import _ask, _clauses, _placing
from planning.siting._ask import Ask, Wants
from planning.siting._conditions import Conditions
from planning.siting._deficit_ground import Balance, Ground
from planning.siting._deficit_tables import Quota, quota
from planning.siting._explain_measure import Change, Key, covered
from planning.siting._explain_sums import Pays, Total
from planning.siting._phases import as_phases, budgets
from planning.siting._rules import Wishes
from planning.siting._units import Floats, Ints

PARTS: Final = 1_000_000
"""Whole units to a square metre; what is more than nothing is never rounded to nothing."""
_ASKED: Final = frozenset(
    {"fixed", "required", "forbidden", "time_limit_s", "weight", "p", "radius_m", "phases", "candidates"}
)
_TABLES: Final = ("needs", "sites", "credit")


@dataclass(frozen=True)
class Shortfall:
    """What the deficit model makes small: first the floor area missing, then the demand left out; as a `Measure`."""

    quota: Quota
    left: Total
    left_units: float
    credits: Pays
    model: str = "deficit"

    @property
    def figures(self) -> tuple[Pays, ...]:
        """Return what each pair of a site pays: floor area it does not credit, and demand within its circle."""
        return self.credits, self.left

    def key(self, sites: Ints) -> Key:
        """Return what plans are compared by: the less the better."""
        return _parts(self._short(sites)), self.left.value(sites)

    def left_out(self, sites: Ints) -> float:
        """Return the demand that ``sites`` and the fixed ones leave out."""
        return self.left.value(sites) / self.left_units

    def beyond(self, sites: Ints) -> float:
        """Return the demand left out: all of it may be."""
        return self.left_out(sites)

    def total(self) -> float:
        """Return all demand."""
        return int(self.left.weight.sum()) / self.left_units

    def objective(self, sites: Ints) -> float:
        """Return the floor area that ``sites`` leave missing, in m²."""
        return float(self._short(sites))

    def worse(self, sites: Ints, other: Ints) -> float:
        """Return by how many m² more is missing with ``other`` than with ``sites``."""
        return float(self._short(other) - self._short(sites))

    def base(self, sites: Ints) -> float:
        """Return what a loss is held against: the floor area missing without any site."""
        return float(self._short(sites[:0]))

    def drop(self, sites: Ints) -> Change:
        """Return what leaving out each of ``sites`` does."""
        return self._change(sites, [(site, None) for site in sites.tolist()], self.left.drop(sites))

    def add(self, sites: Ints) -> Change:
        """Return what opening each candidate as well does."""
        return self._change(sites, [(None, into) for into in self._everyone], self.left.add(sites))

    def swap(self, sites: Ints) -> Change:
        """Return what each candidate in the place of each site does: sites × candidates."""
        pairs = [(out, into) for out in sites.tolist() for into in self._everyone]
        return self._change(sites, pairs, self.left.swap(sites))

    def loss(self, change: Change) -> Floats:
        """Return how many m² more are missing."""
        return np.asarray(change.first / PARTS)

    def people(self, change: Change) -> Floats:
        """Return the demand no longer covered."""
        return np.asarray(change.second / self.left_units)

    def adds(self, change: Change, sites: Ints) -> Floats:  # noqa: ARG002  a measure's signature
        """Return how many m² fewer are missing with each candidate as one site more."""
        return np.asarray(-change.first / PARTS + 0.0)

    def worst(self, sites: Ints, within: Fraction) -> Key:
        """Return the last key that is still within the share of the plan's floor area missing."""
        short = self._short(sites)
        return _parts(short + within * short), int(self.left.weight.sum())

    @property
    def _everyone(self) -> range:
        return range(self.left.candidates)

    def _short(self, sites: Ints) -> Fraction:
        return self.quota.left(self.quota.largest(sites.tolist()))

    def _change(self, sites: Ints, pairs: Iterable[tuple[int | None, int | None]], people: Ints) -> Change:
        """Return the changes in the shape of ``people``: exact in parts of a square metre."""
        balance, base = Balance(self.quota, sites.tolist()), self._short(sites)
        more = [Fraction(balance.change(out, into), balance.unit) for out, into in pairs]
        parts = np.array([_parts(one) for one in more], dtype=np.int64).reshape(people.shape)
        objective = np.array([float(base + one) for one in more], dtype=np.float64).reshape(people.shape)
        return Change(parts, people, objective)


def _parts(m2: Fraction) -> int:
    """Return floor area in whole parts, away from zero."""
    up = -((-abs(m2) * PARTS) // 1)
    return int(up) if m2 >= 0 else -int(up)


def read(
    reach: pd.DataFrame, demand: pd.DataFrame, options: Mapping[str, Any]
) -> tuple[Ask, Conditions, Shortfall, tuple[Any, ...], Mapping[str, tuple[Any, ...]]]:
    """Check the tables and options as `deficit` does.

    Return the question of the sites worth looking at, its conditions with the money, what is measured, the sites
    closed to the plan, and those that no plan opens, by reason.
    """
    wants, money = _wants(options), _money(options)
    ask = _ask.read(reach, demand, wants)
    tables = {name: options[name] for name in _TABLES}
    whole = quota(**tables, candidates=ask.candidates, budget=money)
    held = _placing.conditions(ask, wants.rules)
    ground = Ground(whole, ask.within(ask.radius_m), _nobody(ask), ask.fixed_m <= ask.radius_m, ask.required, ask.p,
                    held)  # fmt: skip
    among = ground.open_sites
    inner = ask.only(among, ask.required, ask.p)
    given = quota(**tables, candidates=inner.candidates, budget=money)
    cost = {site: float(price) for site, price in zip(inner.candidates, given.cost, strict=True)}
    conditions = _clauses.conditions(inner, replace(wants.rules, cost=cost), budget=money)
    left, per_unit = covered(inner)
    measure = Shortfall(given, left, per_unit, _credits(given))
    return inner, conditions, measure, wants.closed_to, _apart(ask, ground, among)


def _wants(options: Mapping[str, Any]) -> Wants:
    """Return the options as the question they are."""
    own = {name: value for name, value in options.items() if name in _ASKED}
    own["candidates"] = (*own.get("candidates", ()), *options["sites"].index)
    rules = Wishes(**{name: options[name] for name in options.keys() - _ASKED - {*_TABLES, "budget"}})
    return Wants("deficit", **own, rules=rules)


def _money(options: Mapping[str, Any]) -> float | None:
    """Return what may be spent by the end of the last phase."""
    whole = options.get("budget")
    return [whole, *budgets(as_phases(options.get("phases", ())), whole)][-1]


def _nobody(ask: Ask) -> Ints:
    return np.zeros(len(ask.demands), dtype=np.int64)


def _apart(ask: Ask, ground: Ground, among: Ints) -> dict[str, tuple[Any, ...]]:
    """Return the candidates that are not looked at: without an allowed floor area, or for nobody who is short."""
    usable = np.array(ground.quota.usable, dtype=bool)
    others = np.setdiff1d(np.arange(len(ask.candidates)), among)
    return {
        "cannot_open": tuple(ask.candidates[int(one)] for one in others[~usable[others]]),
        "helps_nobody": tuple(ask.candidates[int(one)] for one in others[usable[others]]),
    }


def _credits(given: Quota) -> Pays:
    """Return, as pairs, how little of a site's largest floor area is not credited to each subject that is short."""
    rows = [
        (site, subject, -_parts(share * given.range(site)[1]))
        for site, shares in enumerate(given.share)
        for subject, share in sorted(shares.items())
        if given.short[subject] > 0
    ]
    site, place, pay = (np.array(column, dtype=np.int64) for column in (zip(*rows, strict=True) if rows else ((),) * 3))
    nothing = np.zeros(len(given.subjects), dtype=np.int64)
    return Pays(site, place, pay, nothing, nothing + 1, len(given.most))
