"""Room `plan`: the conditions that new sites are held to: phases, money, distances, sizes, shares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

from planning.errors import Fault
from planning.keys import Kind, choices, is_date, is_text
from planning.tables import AGE_BANDS, WEIGHTS

SHARED: Final = (*WEIGHTS, *AGE_BANDS)
THEN: Final = ("shortfall", "cost", "distance")
COMBINED: Final[Mapping[str, tuple[str, ...]]] = {"lscp": THEN, "mclp": THEN, "capacitated": THEN[1:]}
"""The further objectives that each model takes."""


@dataclass(frozen=True)
class Phase:
    """One phase of building; all numbers are cumulative: new sites and 万元 by its end, the day ``by``."""

    name: str
    p: int
    budget: float | None = None
    by: date | None = None


def _is_amount(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value) and value >= 0


def _is_phase(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"name", "p"} <= set(value) <= {"name", "p", "budget", "by"}
        and is_text(value["name"])
        and isinstance(value["p"], int)
        and not isinstance(value["p"], bool)
        and value["p"] >= 0
        and ("budget" not in value or _is_amount(value["budget"]))
        and ("by" not in value or is_date(value["by"]))
    )


def _is_phases(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_phase, value))


def _is_shares(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and set(value) <= set(SHARED)
        and all(_is_amount(share) and share <= 1 for share in value.values())
    )


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value)) and len(set(value)) == len(value)


def _amount(low: float, high: float, *, open_low: bool = False) -> Kind:
    zh = f"大于 {low:g}、不超过 {high:g} 的数" if open_low else f"{low:g} 至 {high:g} 的数"
    en = f"a number {'above' if open_low else 'from'} {low:g} up to {high:g}"
    return Kind(
        lambda value: _is_amount(value) and (low < value if open_low else low <= value) and value <= high, zh, en
    )


def _is_least(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


KEYS: Final[Mapping[str, Kind]] = {
    "share": _amount(0, 1),
    "min_per_street": Kind(_is_least, "不小于 0 的整数", "a whole number, 0 or more"),
    "min_share": Kind(
        _is_shares,
        f"形如 {{ elderly_80 = 0.9 }} 的对照，键为 {'、'.join(SHARED)}，值为 0 至 1 的数",
        f"a mapping such as {{ elderly_80 = 0.9 }} of {', '.join(SHARED)} to numbers from 0 to 1",
    ),
    "spacing_m": _amount(0, 50_000),
    "budget": _amount(0, 1e9),
    "min_floor_area_m2": _amount(0, 1e7, open_low=True),
    "max_floor_area_m2": _amount(0, 1e7, open_low=True),
    "then": choices(*THEN, may_be_empty=True),
    "capacity_per_site": _amount(0, 1e9, open_low=True),
    "capacity_per_m2": _amount(0, 1e6, open_low=True),
    "single_source": Kind(lambda value: isinstance(value, bool), "true 或 false", "true or false"),
    "may_close": Kind(_is_ids, "设施编号的列表，不重复", "a list of facility ids, none twice"),
    "phases": Kind(
        _is_phases,
        '形如 [{ name = "近期", p = 2, budget = 300, by = 2028-12-31 }] 的列表，budget（万元）与 by 可省',
        'a list such as [{ name = "近期", p = 2, budget = 300, by = 2028-12-31 }]; budget and by may be left out',
    ),
}


def phases(words: Any) -> tuple[Phase, ...]:
    """Return the phases of a checked plan document."""
    return tuple(Phase(**phase) for phase in words)


def contradictions(siting: Any, *, as_of: date, file: str) -> list[Fault]:
    """Name the conditions that do not go together."""

    def fault(code: str, key: str, value: Any, **facts: Any) -> Fault:
        return Fault(code, file=file, column=f"siting.{key}", value=str(value), facts=facts)

    found = []
    if siting.min_per_street > 1 and siting.one_per_street:
        found.append(fault("plan_streets_contradict", "min_per_street", siting.min_per_street))
    low, high = siting.min_floor_area_m2, siting.max_floor_area_m2
    if low is not None and high is not None and low > high:
        found.append(fault("plan_floor_areas", "min_floor_area_m2", low, most=high))
    if siting.share is not None and siting.model != "lscp":
        found.append(fault("plan_share_model", "share", siting.share, model=siting.model))
    alien = [one for one in siting.then if one not in COMBINED.get(siting.model, ())]
    if alien:
        found.append(fault("plan_then_model", "then", "、".join(alien), model=siting.model))
    return found + _capacity_faults(siting, fault) + _phase_faults(siting, as_of, fault)


def _capacity_faults(siting: Any, fault: Any) -> list[Fault]:
    """Name capacities without the model that knows them, and the model without one or with two."""
    stated = [key for key in ("capacity_per_site", "capacity_per_m2") if getattr(siting, key) is not None]
    if siting.model != "capacitated":
        alien = [*stated, *(["single_source"] if siting.single_source else [])]
        return [fault("plan_capacity_model", alien[0], siting.model)] if alien else []
    found = [] if len(stated) == 1 else [fault("plan_capacity_one", "capacity_per_site", "、".join(stated) or "—")]
    return found + ([fault("plan_capacity_phases", "phases", siting.model)] if siting.phases else [])


def _phase_faults(siting: Any, as_of: date, fault: Any) -> list[Fault]:
    """Name phases whose names, days or money do not follow one another, and those that the model does not know."""
    found = []
    if siting.phases and siting.model == "lscp":
        found.append(fault("plan_phases_model", "phases", siting.model, keys="phases"))
    if siting.model == "deficit" and any(phase.by is not None for phase in siting.phases):
        found.append(fault("plan_phases_model", "phases", siting.model, keys="phases.by"))
    names = [phase.name for phase in siting.phases]
    if len(set(names)) < len(names):
        found.append(fault("plan_phase_twice", "phases", "、".join(names)))
    days = [phase.by for phase in siting.phases if phase.by is not None]
    if days and (len(days) < len(names) or any(one >= other for one, other in pairwise(days)) or days[0] < as_of):
        found.append(fault("plan_phase_days", "phases", "、".join(map(str, days)), as_of=as_of))
    money = [phase.budget for phase in siting.phases if phase.budget is not None]
    whole = siting.budget
    last = siting.phases[-1].budget if siting.phases else None
    if money != sorted(money) or (whole is not None and money and (money[-1] > whole or last not in (None, whole))):
        found.append(
            fault("plan_phase_budgets", "phases", "、".join(map(str, money)), whole="—" if whole is None else whole)
        )
    return found
