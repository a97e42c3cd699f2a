"""Room `plan`: the circumstances a siting plan is tried in, and how many combinations they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from planning.errors import Fault
from planning.keys import Kind, choices

MOST: Final = 64
"""Each combination is a problem of its own: beyond so many a run would take no end."""


@dataclass(frozen=True)
class Robustness:
    """What is varied; an axis left empty stays as the plan has it. Every combination of the axes is solved.

    ``households`` are factors on households, residents and elderly alike.
    """

    speeds_m_per_s: tuple[float, ...] = ()
    minutes: tuple[float, ...] = ()
    radii_m: tuple[float, ...] = ()
    households: tuple[float, ...] = ()
    demand: tuple[str, ...] = ()
    min_floor_area_m2: tuple[float, ...] = ()
    time_limit_s: float = 10.0

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """Return the axes that are varied, in order."""
        return {name: getattr(self, name) for name in AXES if getattr(self, name)}

    @property
    def count(self) -> int:
        """Return the number of combinations."""
        return math.prod(len(values) for values in self.axes.values())


AXES: Final = ("speeds_m_per_s", "minutes", "radii_m", "households", "demand", "min_floor_area_m2")


def _numbers(low: float, high: float, *, open_low: bool = False) -> Kind:
    def accepts(value: Any) -> bool:
        return (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
            and all(math.isfinite(one) and (low < one if open_low else low <= one) and one <= high for one in value)
            and len(set(value)) == len(value)
        )

    return Kind(
        accepts,
        f"{'大于' if open_low else '不小于'} {low:g}、不超过 {high:g} 且不重复的数组成的列表",
        f"a list of numbers {'above' if open_low else 'from'} {low:g} up to {high:g}, none twice",
    )


def _is_limit(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 86400


KEYS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "speeds_m_per_s": _numbers(0.3, 2.5),
        "minutes": _numbers(0, 120, open_low=True),
        "radii_m": _numbers(0, 20000, open_low=True),
        "households": _numbers(0, 10, open_low=True),
        "demand": choices("elderly", "residents", "households"),
        "min_floor_area_m2": _numbers(0, 1e7),
        "time_limit_s": Kind(_is_limit, "大于 0、不超过 86400 的数", "a number above 0 and up to 86400"),
    }
)


def read(words: Mapping[str, Any]) -> Robustness:
    """Return the checked table of a plan; lists ascend, words stay in their order."""
    found: dict[str, Any] = dict(words)
    for name in AXES:
        if name in words:
            found[name] = tuple(words[name]) if name == "demand" else tuple(sorted(words[name]))
    return Robustness(**found)


def faults(found: Robustness, *, file: str, model: str, fixed_radius: bool, by_seconds: bool) -> list[Fault]:
    """Name what cannot be varied: nothing at all, too much, or what plays no part in the plan."""
    at = "siting.robustness"
    if not found.axes:
        return [Fault("plan_robustness_empty", file=file, column=at, facts={"known": "、".join(AXES)})]
    wrong = []
    if found.count > MOST:
        wrong.append(Fault("plan_robustness_many", file=file, column=at, value=str(found.count), facts={"most": MOST}))
    walked = [name for name in ("speeds_m_per_s", "minutes") if name in found.axes]
    if found.radii_m and walked:
        wrong.append(Fault("plan_robustness_two_radii", file=file, column=f"{at}.radii_m", value="、".join(walked)))
    idle = [] if model in ("lscp", "mclp", "deficit", "capacitated") else ["minutes", "radii_m"]
    if fixed_radius:
        idle += ["minutes"]
    if (fixed_radius or "minutes" in idle) and not by_seconds:
        idle += ["speeds_m_per_s"]
    wrong += [
        Fault("plan_robustness_no_part", file=file, column=f"{at}.{name}", value=name)
        for name in dict.fromkeys(idle)
        if name in found.axes
    ]
    return wrong
