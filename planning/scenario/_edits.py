"""Room `planning.scenario`: what may be changed on a plan, one edit at a time, and what all edits together come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from typing import Any, Final, TypeAlias

from planning.plan import Plan

XY: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Settings:
    """The parameters of a plan that a scenario may change.

    Attributes
    ----------
    minutes
        Walking minutes of the circles, ascending.
    siting_minutes
        Minutes a new site must be reached in.
    speed_m_per_s
        Walking speed.
    level
        The level of the new sites.
    standard
        Id or file of the document.
    as_of
        The day of judgement.
    """

    minutes: tuple[float, ...]
    siting_minutes: float
    speed_m_per_s: float
    level: str
    standard: str
    as_of: date

    @staticmethod
    def of(plan: Plan) -> Settings:
        """Return the parameters as a plan states them."""
        walk = plan.walk
        return Settings(
            tuple(walk.minutes), plan.siting_minutes, walk.speed_m_per_s, plan.siting.level, plan.standard, plan.as_of
        )


@dataclass(frozen=True)
class Change:
    """Give a parameter another value; ``minutes`` is one number, the minutes of the circle and of new sites."""

    key: str
    value: Any


@dataclass(frozen=True)
class Open:
    """Open a candidate of the plan."""

    facility_id: str


@dataclass(frozen=True)
class Place:
    """Open a new site at a place, in metres of the scenario's CRS."""

    facility_id: str
    name: str
    x_m: float
    y_m: float


@dataclass(frozen=True)
class Move:
    """Move a candidate, or a site that was placed."""

    facility_id: str
    x_m: float
    y_m: float


@dataclass(frozen=True)
class Remove:
    """Take an opened candidate or placed site out again."""

    facility_id: str


@dataclass(frozen=True)
class SwitchOff:
    """Judge the plan as if an existing facility were closed."""

    facility_id: str


@dataclass(frozen=True)
class SwitchOn:
    """Take back `SwitchOff`."""

    facility_id: str


@dataclass(frozen=True)
class Barrier:
    """Draw a line that cuts walking."""

    line: tuple[XY, ...]


@dataclass(frozen=True)
class Gate:
    """Open a gate of a residential area."""

    residential_id: str
    x_m: float
    y_m: float


Edit: TypeAlias = Change | Open | Place | Move | Remove | SwitchOff | SwitchOn | Barrier | Gate
KINDS: Final[Mapping[str, type[Any]]] = {
    "change": Change,
    "open": Open,
    "place": Place,
    "move": Move,
    "remove": Remove,
    "switch_off": SwitchOff,
    "switch_on": SwitchOn,
    "barrier": Barrier,
    "gate": Gate,
}
CHANGEABLE: Final = ("minutes", "speed_m_per_s", "level", "standard", "as_of")


def kind_of(edit: Edit) -> str:
    """Return the name of an edit's kind, as the file has it."""
    return next(name for name, kind in KINDS.items() if type(edit) is kind)


@dataclass(frozen=True)
class State:
    """What all edits together come to; sites and facilities by id, so that no order of edits shows."""

    settings: Settings
    opened: frozenset[str] = frozenset()
    placed: Mapping[str, Place] = field(default_factory=dict)
    moved: Mapping[str, XY] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    barriers: tuple[tuple[XY, ...], ...] = ()
    gates: tuple[Gate, ...] = ()

    @property
    def sites(self) -> tuple[str, ...]:
        """Return the ids of the sites that are open, ascending."""
        return tuple(sorted({*self.opened, *self.placed}))


def fold(settings: Settings, edits: Iterable[Edit]) -> State:
    """Return what the edits come to, one after another."""
    return reduce(_apply, edits, State(settings))


def _apply(state: State, edit: Edit) -> State:
    if isinstance(edit, Change):
        return replace(state, settings=_changed(state.settings, edit))
    if isinstance(edit, Barrier):
        return replace(state, barriers=(*state.barriers, edit.line))
    if isinstance(edit, Gate):
        return replace(state, gates=(*state.gates, edit))
    if isinstance(edit, SwitchOff):
        return replace(state, off=state.off | {edit.facility_id})
    if isinstance(edit, SwitchOn):
        return replace(state, off=state.off - {edit.facility_id})
    return _sited(state, edit)


def _sited(state: State, edit: Open | Place | Move | Remove) -> State:
    one = edit.facility_id
    if isinstance(edit, Open):
        return replace(state, opened=state.opened | {one})
    if isinstance(edit, Place):
        return replace(state, placed={**state.placed, one: edit})
    if isinstance(edit, Remove):
        left = {name: place for name, place in state.placed.items() if name != one}
        return replace(state, opened=state.opened - {one}, placed=left)
    if one in state.placed:
        return replace(state, placed={**state.placed, one: replace(state.placed[one], x_m=edit.x_m, y_m=edit.y_m)})
    return replace(state, moved={**state.moved, one: (edit.x_m, edit.y_m)})


def _changed(settings: Settings, edit: Change) -> Settings:
    if edit.key != "minutes":
        return replace(settings, **{edit.key: edit.value})
    largest = edit.value
    smaller = tuple(minutes for minutes in settings.minutes if minutes < largest)
    return replace(settings, minutes=(*smaller, largest), siting_minutes=largest)
