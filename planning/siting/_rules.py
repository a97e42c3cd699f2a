"""Room `siting`: the conditions a caller may add to a model, as written, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypedDict

import numpy as np
import pandas as pd

from planning.errors import Fault
from planning.siting._phases import is_number, is_whole
from planning.siting._units import Floats

SIZED: Final = ("deficit", "capacitated")
"""Models that choose sizes: they have money in tables of their own and close nothing."""


class SiteRules(TypedDict, total=False):
    """Conditions that every model takes as keyword options; those on coverage only `lscp`, `mclp` and `deficit`.

    Attributes
    ----------
    street_of : mapping or Series
        Facility → street. A site without a street is in none.
    one_per_street : bool
        A site opens only where no other facility of its street is open. Existing ones that share a street may stay.
    min_per_street : int
        At least so many open facilities in each street, existing ones counted.
    streets : ids
        Streets that ``min_per_street`` counts beside those of ``street_of`` and ``demand_street``.
    min_share_per_street, demand_street
        Least covered share of the weight in every street; demand → street. Whom nobody reaches counts in the
        denominator; a street without weight has no floor.
    min_share : mapping
        Column of ``demand`` → least covered share of its sum over the whole table, for instance
        ``{"elderly_80": 0.9}``.
    spacing_m, points : float, DataFrame
        A new site is at least so far, in a straight line to the millimetre, from every other open facility; existing
        ones are not held against each other. ``points``: ``x_m, y_m`` in one metric plane by facility.
    preferred : ids
        Candidates that come before all others where ties go by id; no objective, bound or gap depends on them.
    """

    street_of: Mapping[Any, Any] | pd.Series[Any] | None
    one_per_street: bool
    min_per_street: int
    streets: Iterable[Any]
    min_share_per_street: float
    demand_street: Mapping[Any, Any] | pd.Series[Any] | None
    min_share: Mapping[str, float]
    spacing_m: float
    points: pd.DataFrame | None
    preferred: Iterable[Any]


class Rules(SiteRules, total=False):
    """`SiteRules`, and those that models with sizes do not take.

    Attributes
    ----------
    budget, cost : float, mapping or Series
        New sites cost at most ``budget`` together; candidate → cost, in the same unit. Existing facilities cost
        nothing.
    may_close : ids
        Some of ``fixed`` that may be closed. Closing never counts in ``p``, costs and saves nothing and takes away
        what they cover, so it happens only where a condition leaves a better plan no other way; of plans of the same
        objective the one that closes fewest is chosen. What is closed is closed in every phase.
    """

    budget: float | None
    cost: Mapping[Any, Any] | pd.Series[Any] | None
    may_close: Iterable[Any]


@dataclass(frozen=True)
class Wishes:
    """`Rules` as the caller wrote them, with what is left out filled in."""

    street_of: Any = None
    one_per_street: Any = False
    min_per_street: Any = 0
    streets: Any = ()
    min_share_per_street: Any = 0.0
    demand_street: Any = None
    min_share: Any = None
    spacing_m: Any = 0.0
    points: Any = None
    budget: Any = None
    cost: Any = None
    may_close: Any = ()
    preferred: Any = ()

    @property
    def floors(self) -> dict[str, Any]:
        """Return the least covered shares of other weights by column."""
        return dict(sorted(dict(self.min_share or {}).items()))


# ----------------------------------------------------------------------------------------------------------- faults


def faults(rules: Wishes, model: str) -> list[Fault]:
    """Name what is out of range, missing or contradictory, whatever the tables hold."""
    shares = [rules.min_share_per_street, *rules.floors.values()]
    wrong = [share for share in shares if not (is_number(share) and 0 <= share <= 1)]
    found = [Fault("siting_share", value=", ".join(map(str, wrong)))] if wrong else []
    if not (is_whole(rules.min_per_street) and rules.min_per_street >= 0):
        found.append(Fault("siting_min_per_street", value=str(rules.min_per_street)))
    elif rules.one_per_street and rules.min_per_street > 1:
        found.append(Fault("siting_streets_contradict", value=str(rules.min_per_street)))
    if not (is_number(rules.spacing_m) and 0 <= rules.spacing_m < math.inf):
        found.append(Fault("siting_spacing", value=str(rules.spacing_m)))
    if rules.budget is not None and not (is_number(rules.budget) and 0 <= rules.budget < math.inf):
        found.append(Fault("siting_budget", value=str(rules.budget)))
    floored = bool(rules.floors) or (not wrong and rules.min_share_per_street > 0)
    if floored and model not in {"lscp", "mclp", "deficit"}:
        found.append(Fault("siting_floor_model", value=model))
    alien = [name for name, given in (("may_close", bool(rules.may_close)), ("cost", rules.cost is not None)) if given]
    if alien and model in SIZED:
        found.append(Fault("siting_rules_sized", value=model, facts={"keys": ", ".join(alien)}))
    return found + _missing_options(rules, wrong) + _given_twice(rules)


def _missing_options(rules: Wishes, wrong_shares: list[Any]) -> list[Fault]:
    """Name the tables that conditions need."""
    by_street = rules.one_per_street or (is_number(rules.min_per_street) and rules.min_per_street > 0)
    floored = not wrong_shares and rules.min_share_per_street > 0
    missing = ["street_of"] if by_street and rules.street_of is None else []
    missing += ["demand_street"] if floored and rules.demand_street is None else []
    missing += ["points"] if rules.points is None and is_number(rules.spacing_m) and rules.spacing_m > 0 else []
    missing += ["cost"] if rules.cost is None and rules.budget is not None else []
    return [Fault("siting_street_options", value=", ".join(missing))] if missing else []


def _given_twice(rules: Wishes) -> list[Fault]:
    """Name the ids that stand in several rows of a table: no row is better than the others."""
    tables = {name: getattr(rules, name) for name in ("street_of", "demand_street", "cost", "points")}
    found = []
    for name, table in tables.items():
        if isinstance(table, pd.Series | pd.DataFrame) and not table.index.is_unique:
            twice = table.index[table.index.duplicated()].unique().tolist()
            found += _named("siting_option_twice", twice, column=name)
    return found


def facility_faults(rules: Wishes, new: list[Any], fixed: list[Any], *, budgeted: bool) -> list[Fault]:
    """Name the candidates without a usable cost and the facilities without a usable place."""
    found = []
    if _given_twice(rules):
        return []
    if budgeted and rules.cost is not None:
        cost = amounts_of(rules.cost, new)
        found += _named("siting_cost_missing", [one for one, value in zip(new, cost, strict=True) if math.isnan(value)])
        found += _named("siting_cost_negative", [one for one, value in zip(new, cost, strict=True) if value < 0])
    if rules.points is not None and is_number(rules.spacing_m) and rules.spacing_m > 0:
        absent = [name for name in ("x_m", "y_m") if name not in rules.points.columns]
        if absent:
            return [*found, Fault("siting_points_columns", value=", ".join(absent))]
        everyone = [*new, *fixed]
        known = np.isfinite(places_of(rules.points, everyone)).all(axis=1)
        lost = [everyone[at] for at in np.flatnonzero(~known).tolist()]
        found += _named("siting_points_missing", lost)
    return found


def _named(code: str, culprits: list[Any], *, column: str = "") -> list[Fault]:
    shown = ", ".join(map(str, culprits[:20])) + (f" … ({len(culprits)})" if len(culprits) > 20 else "")
    return [Fault(code, column=column, value=shown)] if culprits else []


def amounts_of(amounts: Any, ids: Iterable[Any]) -> list[float]:
    """Return the amount of each id as a float, NaN where there is none; an infinite one is none."""
    found = [amounts.get(one) for one in ids]
    numbers = [float(one) if one is not None and not pd.isna(one) and is_number(one) else math.nan for one in found]
    return [one if math.isfinite(one) else math.nan for one in numbers]


def places_of(points: pd.DataFrame, ids: list[Any]) -> Floats:
    """Return the coordinates of each id, NaN where there are none."""
    known = points[~points.index.duplicated()]  # an id given twice is refused beside this
    return np.asarray(known.reindex(ids)[["x_m", "y_m"]].to_numpy(dtype=np.float64, na_value=np.nan))


def street_ids(ids: Iterable[Any], mapping: Any) -> list[Any]:
    """Return the street of each id, None where it has none."""
    if mapping is None:
        return [None for _ in ids]
    found = (mapping.get(one) for one in ids)
    return [None if street is None or pd.isna(street) else street for street in found]


def spent_on(rules: Wishes, sites: Iterable[Any]) -> float | None:
    """Return what ``sites`` cost together; None where costs are not given or one is missing."""
    if rules.cost is None:
        return None
    cost = amounts_of(rules.cost, sites)
    return None if any(math.isnan(one) for one in cost) else float(sum(Fraction(str(one)) for one in cost))
