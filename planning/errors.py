"""What can go wrong, said once and for all: a stable code, the place, and what to do, in Chinese and English.

::

    PlanningError
    ├── InputRefused      (ValueError)   exit 1   the input cannot be trusted; every fault is listed
    ├── WrongUsage        (ValueError)   exit 2   the command line or call is off
    └── MachineFailed     (OSError)      exit 3   disk, memory, killed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from planning import texts

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Fault:
    """One fault of an input or of the plan file.

    ``row`` counts the rows of the file as its reader sees them in a spreadsheet (the header is row 1) or, for a
    layer, features from 1. ``facts`` fill the sentences ``fault.<code>.message`` and ``fault.<code>.remedy``.
    """

    code: str
    severity: Severity = "error"
    file: str = ""
    layer: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def message(self, language: texts.Language | None = None) -> str:
        """Return what is wrong, in ``language`` or, without one, in Chinese and English."""
        return self._say("message", language)

    def remedy(self, language: texts.Language | None = None) -> str:
        """Return what to do about it, likewise."""
        return self._say("remedy", language)

    def where(self) -> str:
        """Return ``file · layer · row · column``, as far as known."""
        row = "" if self.row is None else f"#{self.row}"
        return " · ".join(part for part in (self.file, self.layer, row, self.column) if part)

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as the command line prints it for machines."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "layer": self.layer,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "message": self.message(),
            "remedy": self.remedy(),
        }

    def _say(self, part: str, language: texts.Language | None) -> str:
        key = f"fault.{self.code}.{part}"
        facts = {
            "file": self.file,
            "layer": self.layer,
            "row": "" if self.row is None else self.row,
            "column": self.column,
            "value": self.value,
            **self.facts,
        }
        return texts.both(key, **facts) if language is None else texts.t(key, language, **facts)


class PlanningError(Exception):
    """Root of the errors a person is meant to read; carries every fault found."""

    exit_code: ClassVar[int] = 1

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(f"{fault.where()}: {fault.message()} {fault.remedy()}" for fault in self.faults))


class InputRefused(PlanningError, ValueError):
    """The input cannot be trusted."""

    exit_code = 1


class WrongUsage(PlanningError, ValueError):
    """The command or call is not one the tool knows."""

    exit_code = 2


class MachineFailed(PlanningError, OSError):
    """Disk, memory or another process stopped the work."""

    exit_code = 3


def refuse(faults: Iterable[Fault]) -> None:
    """Raise `InputRefused` with all ``faults`` if one of them is an error; warnings alone pass."""
    found = tuple(faults)
    if any(fault.severity == "error" for fault in found):
        raise InputRefused(found)
