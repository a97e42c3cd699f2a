"""Room `siting`: phases of building: how much may be open and spent by the end of each, and what is there by then."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Phase:
    """One phase. All numbers are cumulative: by the end of it, not during it.

    Attributes
    ----------
    name : str
    p : int
        Most new sites open by its end.
    budget : float, optional
        Most that may be spent by its end, in the unit of ``cost``; without it what a later phase or the whole allows.
    unavailable : ids of candidates
        Sites that cannot open by its end.
    absent : ids of demand
        Demand that is not there by its end; it weighs nothing in this phase.
    """

    name: str
    p: Any
    budget: Any = None
    unavailable: tuple[Any, ...] = ()
    absent: tuple[Any, ...] = ()


def as_phases(phases: Iterable[Any]) -> tuple[Phase, ...]:
    """Return phases as such, be they pairs (name, p) or objects with ``name`` and ``p`` and perhaps the rest."""
    return tuple(_as_phase(phase) for phase in phases)


def _as_phase(phase: Any) -> Phase:
    if not hasattr(phase, "p"):
        name, p = phase
        return Phase(str(name), p)
    lists = {name: tuple(getattr(phase, name, ())) for name in ("unavailable", "absent")}
    return Phase(str(phase.name), phase.p, getattr(phase, "budget", None), **lists)


def budgets(phases: Sequence[Phase], whole: float | None) -> list[float | None]:
    """Return what may be spent by the end of each phase: its own budget, else the next one stated, else ``whole``."""
    found: list[float | None] = []
    later = whole
    for phase in reversed(phases):
        later = later if phase.budget is None else float(phase.budget)
        found.append(later)
    return found[::-1]


def names_twice(phases: Sequence[Phase]) -> list[str]:
    """Return the names that more than one phase bears."""
    names = [phase.name for phase in phases]
    return sorted({name for name in names if names.count(name) > 1})


def wrong_numbers(phases: Sequence[Phase], p: Any) -> list[Any]:
    """Return the numbers of sites where they are not whole, fall, or do not end at ``p``."""
    counts = [phase.p for phase in phases]
    sound = all(is_whole(count) and count >= 0 for count in counts) and counts == sorted(counts)
    return [] if not counts or (sound and counts[-1] == p) else counts


def wrong_budgets(phases: Sequence[Phase], whole: Any) -> list[Any]:
    """Return the budgets where they are no amounts, fall, or pass or contradict the ``whole``."""
    stated = [phase.budget for phase in phases if phase.budget is not None]
    if not all(is_number(one) and 0 <= one < math.inf for one in stated):
        return stated
    if whole is not None and is_number(whole) and phases and phases[-1].budget is not None:
        stated = stated if stated[-1] == whole else [*stated, whole, -math.inf]
    elif whole is not None and is_number(whole):
        stated = [*stated, whole]
    return [] if stated == sorted(stated) else [one for one in stated if one != -math.inf]


def is_number(value: Any) -> bool:
    """Say whether ``value`` is a number that is one; True is none."""
    return not isinstance(value, bool | np.bool_) and isinstance(value, numbers.Real) and not math.isnan(value)


def is_whole(value: Any) -> bool:
    """Say whether ``value`` is a whole number."""
    return is_number(value) and math.isfinite(value) and float(value).is_integer()
