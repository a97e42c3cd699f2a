"""Room of `planning.quality`: what a report is made of, whatever it is written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from planning.texts import Language, storable

Value = str | int | float | None
Tone = Literal["good", "warn", "bad"]
KEPT_TOGETHER: Final = 16
"""Tables of up to so many rows are not broken over pages."""


@dataclass(frozen=True)
class Table:
    """A table with a caption; ``widths`` are shares of the line, ``numbers`` the columns set to the right."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Value]]
    widths: Sequence[float] = ()
    numbers: Sequence[int] = ()


@dataclass(frozen=True)
class Step:
    """One thing to do: how bad it is, what is wrong, what to do about it, where."""

    tone: Tone
    what: str
    remedy: str
    where: str


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it: paragraphs, steps and tables, in this order of fields."""

    title: str
    paragraphs: Sequence[str] = ()
    steps: Sequence[Step] = ()
    tables: Sequence[Table] = ()
    level: int = 1


@dataclass(frozen=True)
class Report:
    """The whole report: title lines, verdict, sections, and the sheets of the workbook."""

    language: Language
    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    tone: Tone
    verdict: str
    because: str
    sections: Sequence[Section]
    sheets: Sequence[tuple[str, Table]]
    words: dict[str, str] = field(default_factory=dict)


def shown(value: Value) -> str:
    """Return a cell as it is printed: thousands apart, a dash for nothing."""
    if value is None:
        return "—"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else storable(value)
