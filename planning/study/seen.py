"""A result as a map shows it: in one language, one house style and one edition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from planning import house, palette, tables, texts
from planning.house import House
from planning.plan import Plan
from planning.study import published
from planning.study.decided import Decided
from planning.study.records import StudyResult


@dataclass(frozen=True, eq=False)
class Seen:
    """What the print atlas and the web map share."""

    result: StudyResult
    language: texts.Language

    @property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.result.inputs.plan

    @cached_property
    def house(self) -> House:
        """Return the house style."""
        return house.of(self.plan)

    @cached_property
    def book(self) -> palette.Palette:
        """Return the palette, with the house's colours."""
        return self.house.book

    @property
    def public(self) -> bool:
        """Say whether the map is for the public."""
        return self.plan.output.edition == "public"

    @cached_property
    def shown(self) -> StudyResult:
        """Return the result as it is drawn: that of the run, generalised for the public."""
        return published.public(self.result) if self.public else self.result

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Return the levels coverage was computed for, largest first."""
        return tuple(level for level in tables.LEVELS if f"{level}_status" in self.result.residential)

    @cached_property
    def banded(self) -> bool:
        """Say whether covered areas are told by minutes: not under a fixed radius, nor where areas count in parts."""
        return self.plan.walk.rule == "entrance" and "service_radius_m" not in self.plan.standards

    @cached_property
    def bands(self) -> tuple[palette.Band, ...]:
        """Return the bands of walking time."""
        return self.book.bands(self.plan.walk.minutes)

    @cached_property
    def decided(self) -> Decided:
        """Return what siting was asked and decided, in sentences."""
        return Decided(self.result, self.language)
