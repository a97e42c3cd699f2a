"""What a case is, and what it expects: refused, kept with true figures, or one of several right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from .town import FIGURES, Folder

Severity = Literal["P0", "P1", "P2", "good"]
Json = Mapping[str, Any]
Builder = Callable[[Folder], None]
CASES: Final[dict[str, Case]] = {}
"""Filled by `bad` and `good` as the modules of cases are imported."""


@dataclass
class Observed:
    """What the command line did with a folder: ``check --json``, then ``run``."""

    exit_code: int = -1
    document: Json = field(default_factory=dict)
    run_exit: int | None = None
    run_said: str = ""
    summary: Json | None = None
    folder: Path = Path()
    out: Path = Path()
    traceback: str = ""
    connections: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_mib: float = 0.0

    def faults(self, severity: str | None = None) -> list[Json]:
        """Return the faults that were said, of one severity or all."""
        found = self.document.get("faults", [])
        return [fault for fault in found if severity in (None, fault["severity"])]


@dataclass(frozen=True)
class Refused:
    """Exit 1 from both commands, nothing written, and an error that names the place."""

    code: str = ""
    """Acceptable codes with ``|`` between, each may end in ``*``; empty: any."""
    file: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    def amiss(self, seen: Observed) -> list[str]:
        """Return what is not as expected."""
        wrong = []
        if seen.exit_code != 1 or seen.document.get("ok") is not False:
            wrong.append(f"not refused by check: exit {seen.exit_code}")
        if seen.run_exit != 1:
            wrong.append(f"run exits {seen.run_exit}")
        if seen.out.exists():
            wrong.append("a run folder was left")
        if not wrong and not any(self._fits(fault) for fault in seen.faults("error")):
            told = [_place(fault) for fault in seen.faults("error")]
            wrong.append(f"wanted {self.code or 'an error'} at {_wanted(self)}; told {told[:4]}")
        return wrong

    def _fits(self, fault: Json) -> bool:
        return fits(fault, self.code, self.file, self.row, self.column) and self.value in str(fault["value"])


@dataclass(frozen=True)
class Kept:
    """Exit 0, and every figure true: the town's, but for those given."""

    figures: Mapping[str, float | None] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    """Rows set aside by input; the others none."""
    read: Mapping[str, int] = field(default_factory=dict)
    says: str = ""
    """Codes of which one must be said, with ``|`` between; ``*`` any warning."""
    file: str = ""
    row: int | None = None
    column: str = ""
    free: bool = False
    """Figures may be any: the word of warning is what counts."""
    also: Callable[[Observed], str] | None = None
    """A look of its own at what came out; returns what is amiss."""

    def amiss(self, seen: Observed) -> list[str]:
        """Return what is not as expected."""
        if seen.exit_code != 0 or seen.run_exit != 0 or seen.summary is None:
            told = [_place(fault) for fault in seen.faults("error")]
            return [
                f"not accepted: check {seen.exit_code}, run {seen.run_exit}; told {told[:4]} {seen.run_said[-300:]}"
            ]
        wrong = [] if self.free else _figures_amiss(seen.summary, {**FIGURES, **self.figures})
        wrong += self._rows_amiss(seen.summary["ledger"])
        if self.says and not any(
            fits(fault, "" if self.says == "*" else self.says, self.file, self.row, self.column)
            for fault in seen.faults()
            if fault["code"] != "areas_off_network"  # the town itself has one
        ):
            told = [_place(fault) for fault in seen.faults()]
            wrong.append(f"did not say {self.says} at {_wanted(self)}; told {told[:4]}")
        if self.also is not None and (own := self.also(seen)):
            wrong.append(own)
        return wrong

    def _rows_amiss(self, ledger: Json) -> list[str]:
        wrong = []
        for name, rows in ledger.items():
            if rows["read"] != rows["used"] + rows["flagged"] + rows["excluded"]:
                wrong.append(f"{name} does not add up: {rows}")
            if rows["excluded"] != self.excluded.get(name, 0):
                wrong.append(f"{name} excludes {rows['excluded']} rows, not {self.excluded.get(name, 0)}")
            if name in self.read and rows["read"] != self.read[name]:
                wrong.append(f"{name} reads {rows['read']} rows, not {self.read[name]}")
        return wrong


@dataclass(frozen=True)
class Either:
    """Any of several right answers."""

    answers: tuple[Refused | Kept, ...]

    def amiss(self, seen: Observed) -> list[str]:
        """Return what is not as expected: nothing if one answer fits, else what each lacks."""
        told = [answer.amiss(seen) for answer in self.answers]
        return [] if any(not one for one in told) else [" | or: ".join("; ".join(one) for one in told)]


Expected = Refused | Kept | Either


@dataclass(frozen=True)
class Case:
    """One folder of files and what must come of it."""

    id: str
    threat: str
    """The class of threat: N1 … N17, S1 … S6, P1."""
    severity: Severity
    wrong: str
    """The plausible wrong outcome; empty for a good file."""
    expected: Expected
    build: Callable[[Folder], None]
    hostile: bool = False
    """Run in a process of its own with a canary, timed and weighed."""
    quick: bool = False
    """Part of the quick suite."""
    steps: str = "export"
    """What ``run`` is asked to do (``--only``)."""


def bad(
    case_id: str,
    threat: str,
    severity: Severity,
    wrong: str,
    expected: Expected,
    **options: Any,
) -> Callable[[Callable[[Folder], None]], Callable[[Folder], None]]:
    """Register the function below as a bad case."""
    return _register(case_id, threat, severity, wrong, expected, options)


def good(
    case_id: str, threat: str = "good", expected: Expected | None = None, **options: Any
) -> Callable[[Callable[[Folder], None]], Callable[[Folder], None]]:
    """Register the function below as a good variant: the town's own figures, nothing refused or set aside."""
    return _register(case_id, threat, "good", "", expected or Kept(), options)


def _register(
    case_id: str, threat: str, severity: Severity, wrong: str, expected: Expected, options: Mapping[str, Any]
) -> Callable[[Callable[[Folder], None]], Callable[[Folder], None]]:
    def keep(build: Callable[[Folder], None]) -> Callable[[Folder], None]:
        if case_id in CASES:
            raise ValueError(f"{case_id} stands twice")
        CASES[case_id] = Case(case_id, threat, severity, wrong, expected, build, **options)
        return build

    return keep


def either(*answers: Refused | Kept) -> Either:
    """Return an expectation that several answers meet."""
    return Either(answers)


# ------------------------------------------------------------------------------------------------ what is compared


def fits(fault: Json, code: str, file: str, row: int | None, column: str) -> bool:
    """Say whether a fault has one of the codes and the place."""
    codes = [one for one in code.split("|") if one]
    named = not codes or any(
        fault["code"].startswith(one[:-1]) if one.endswith("*") else fault["code"] == one for one in codes
    )
    return (
        named
        and (not file or fault["file"] == file)
        and (row is None or fault["row"] == row)
        and (not column or any(one in fault["column"] for one in column.split("|")))
    )


def _figures_amiss(summary: Json, wanted: Mapping[str, float | None]) -> list[str]:
    there = {**summary.get("coverage", {}).get("street", {}), **summary.get("compliance", {})}
    judged = "compliance" in summary  # not where only the siting was asked for
    asked = {name: value for name, value in wanted.items() if judged or name in there}
    found = {name: there.get(name) for name in asked}
    return [f"{name} is {found[name]}, not {value}" for name, value in asked.items() if not _same(found[name], value)]


def _same(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else abs(one - other) < 1e-9


def _place(fault: Json) -> str:
    where = f"{fault['file']}#{fault['row']}/{fault['column']}"
    return f"{fault['severity'][0]}:{fault['code']}@{where}={fault['value']!s:.40}"


def _wanted(expected: Refused | Kept) -> str:
    return f"{expected.file}#{expected.row}/{expected.column}"


def registered(cases: Iterable[str] = ()) -> list[Case]:
    """Return the cases of these ids, or all, by id."""
    names = tuple(cases)
    return [case for name, case in sorted(CASES.items()) if not names or name in names]
