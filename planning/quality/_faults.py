"""Room of `planning.quality`: faults of one kind in one file told together, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from planning import texts
from planning.errors import Fault, Severity
from planning.quality._parts import Step, Tone
from planning.texts import Language

_ROWS: Final = 12


@dataclass(frozen=True)
class Group:
    """Faults of one code, severity and file; ``count`` says how many, unlisted ones included."""

    code: str
    severity: Severity
    file: str
    layer: str
    faults: tuple[Fault, ...]
    heeded: bool
    unlisted: int = 0

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.faults) + self.unlisted


def grouped(faults: Iterable[Fault], heeded: Collection[str]) -> list[Group]:
    """Return the faults by kind and file: errors, then warnings that change figures, then the others.

    Within a rank those that touch most rows stand first; ties by file and code.
    """
    found: dict[tuple[str, str, Severity, str], list[Fault]] = {}
    beyond: dict[tuple[str, str], int] = {}
    for fault in faults:
        if fault.code == "and_more":
            key = (str(fault.facts.get("code", "")), fault.file)
            beyond[key] = beyond.get(key, 0) + int(fault.facts.get("count", 0))
        else:
            found.setdefault((fault.code, fault.file, fault.severity, fault.layer), []).append(fault)
    groups = [
        Group(code, severity, file, layer, tuple(some), code in heeded, beyond.get((code, file), 0))
        for (code, file, severity, layer), some in found.items()
    ]
    return sorted(groups, key=_rank)


def _rank(group: Group) -> tuple[bool, bool, int, str, str]:
    return group.severity != "error", not group.heeded, -group.count, group.file, group.code


def step(group: Group, language: Language) -> Step:
    """Return a group as one thing to do: the first fault's words, and where the others are."""
    first = group.faults[0]
    what = first.message(language)
    if group.count > 1:
        what = texts.t("quality.and_others", language, message=what, count=group.count)
    tone: Tone = "bad" if group.severity == "error" else "warn" if group.heeded else "good"
    return Step(tone, what, first.remedy(language), _where(group, language))


def _where(group: Group, language: Language) -> str:
    place = " · ".join(part for part in (group.file, group.layer) if part)
    rows = sorted({fault.row for fault in group.faults if fault.row is not None})
    if not rows:
        return place
    named = texts.t("quality.comma", language).join(str(row) for row in rows[:_ROWS])
    more = " …" if len(rows) > _ROWS or group.unlisted else ""
    return " · ".join(filter(None, (place, texts.t("quality.rows", language, rows=named + more))))
