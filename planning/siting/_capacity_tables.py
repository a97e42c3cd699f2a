"""Room `siting`: capacities and sizes as the caller gives them, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.errors import Fault
from planning.siting._ask import named

THEN: Final = ("sites", "cost", "distance")
COLUMNS: Final = ("facility_id", "size", "capacity")


@dataclass(frozen=True)
class Size:
    """One size a facility can have."""

    name: Any
    capacity: float
    cost: float


@dataclass(frozen=True)
class Sizes:
    """The sizes of every facility, and what is wrong with them."""

    by_facility: Mapping[Any, tuple[Size, ...]]
    budget: float | None
    faults: tuple[Fault, ...] = ()

    def of(self, facility: Any) -> tuple[Size, ...]:
        """Return the sizes of a facility."""
        return self.by_facility.get(facility, ())


def sizes_of(
    candidates: Sequence[Any],
    fixed: Sequence[Any],
    capacity: pd.Series[Any] | None,
    sizes: pd.DataFrame | None,
    *,
    budget: float | None,
) -> Sizes:
    """Return the sizes of candidates and fixed facilities; facilities without any are named."""
    stated = {} if capacity is None else {one: float(value) for one, value in capacity.items() if not pd.isna(value)}
    listed: dict[Any, list[Size]] = {}
    if sizes is not None:
        costs = sizes["cost"] if "cost" in sizes.columns else pd.Series(0.0, index=sizes.index)
        for facility, name, most, cost in zip(
            sizes["facility_id"], sizes["size"], sizes["capacity"], costs, strict=True
        ):
            listed.setdefault(facility, []).append(Size(name, float(most), 0.0 if pd.isna(cost) else float(cost)))
    found: dict[Any, tuple[Size, ...]] = {one: (Size(None, stated[one], 0.0),) for one in fixed if one in stated}
    for one in candidates:
        own = sorted(listed.get(one, ()), key=lambda size: (size.capacity, size.cost, str(size.name)))
        if own:
            found[one] = tuple(own)
        elif one in stated:
            found[one] = (Size(None, stated[one], 0.0),)
    missing = [one for one in (*fixed, *candidates) if one not in found]
    costless = [one for one in candidates if one in found and one not in listed] if budget is not None else []
    return Sizes(
        found, budget, (*_named("siting_capacity_missing", missing), *_named("siting_capacity_cost", costless))
    )


def faults(
    demand: pd.DataFrame,
    capacity: pd.Series[Any] | None,
    sizes: pd.DataFrame | None,
    load: str | None,
    *,
    budget: Any,
    then: Sequence[str],
    radius_m: Any,
) -> list[Fault]:
    """Name everything about capacities, sizes and options that cannot be used."""
    found = [*_capacities(capacity), *_sizes(sizes, budget=budget), *_loads(demand, load)]
    unknown = [one for one in then if one not in THEN]
    found += _named("siting_then", unknown or ([*then] if len(set(then)) < len(then) else []), known=", ".join(THEN))
    if not (budget is None or _amount(budget)):
        found.append(Fault("siting_deficit_budget", value=str(budget)))
    if not (_amount(radius_m) and math.isfinite(radius_m)):
        found.append(Fault("siting_radius", value=str(radius_m)))
    return found


def _capacities(capacity: pd.Series[Any] | None) -> list[Fault]:
    if capacity is None:
        return []
    bad = [one for one, value in capacity.items() if not (_empty(value) or _amount(value))]
    twice = list(dict.fromkeys(capacity.index[capacity.index.duplicated()]))
    return [*_named("siting_capacity_bad", bad), *_named("siting_capacity_twice", twice)]


def _sizes(sizes: pd.DataFrame | None, *, budget: Any) -> list[Fault]:
    if sizes is None:
        return []
    wanted = [*COLUMNS, *(["cost"] if budget is not None else [])]
    missing = [name for name in wanted if name not in sizes.columns]
    if missing:
        return [Fault("siting_deficit_columns", value=", ".join(missing), facts={"table": "sizes"})]
    pairs = [f"{one} · {size}" for one, size in zip(sizes["facility_id"], sizes["size"], strict=True)]
    bad = [pair for pair, value in zip(pairs, sizes["capacity"], strict=True) if not _amount(value)]
    costs: list[Any] = sizes["cost"].tolist() if "cost" in wanted else []
    unpaid = [pair for pair, value in zip(pairs, costs, strict=False) if not (_amount(value) and math.isfinite(value))]
    twice = sorted({pair for pair in pairs if pairs.count(pair) > 1}) if len(set(pairs)) < len(pairs) else []
    return [
        *_named("siting_capacity_bad", bad),
        *_named("siting_capacity_cost", unpaid),
        *_named("siting_capacity_twice", twice),
    ]


def _loads(demand: pd.DataFrame, load: str | None) -> list[Fault]:
    if load is None:
        return []
    if load not in demand.columns:
        facts = {"present": ", ".join(map(str, demand.columns))}
        return [Fault("siting_weight_column", value=load, facts=facts)]
    bad = [one for one, value in demand[load].items() if not (_amount(value) and math.isfinite(value))]
    return _named("siting_weight_missing", bad, column=load)


def _named(code: str, culprits: Sequence[Any], *, column: str = "", **facts: Any) -> list[Fault]:
    return [Fault(code, column=column, value=named(list(culprits)), facts=facts)] if len(culprits) else []


def _empty(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def _amount(value: Any) -> bool:
    """Say whether ``value`` is a number of 0 or more; infinite is one."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | Fraction | np.number):
        return False
    return bool(not math.isnan(value) and value >= 0)
