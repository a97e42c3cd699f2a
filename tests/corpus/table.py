"""Run cases and sum up what came of them, by severity and by threat."""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from . import __path__ as _folders
from .case import CASES, Case, Observed, registered
from .runner import observe, rubric


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    case: Case
    seen: Observed
    amiss: tuple[str, ...]
    lacks: tuple[tuple[str, ...], ...]
    """For each fault said: what its message lacks."""

    @property
    def failed(self) -> bool:
        """Whether anything was not as expected."""
        return bool(self.amiss or self.seen.traceback or self.seen.connections or self.seen.stray)


def load() -> list[Case]:
    """Import every module of cases and return the cases by id."""
    for module in pkgutil.iter_modules(_folders):
        if module.name.startswith("cases_"):
            importlib.import_module(f"{__package__}.{module.name}")
    return registered()


def judge(case: Case, folder: Path) -> Outcome:
    """Build a case in ``folder``, run it and hold it against what is expected."""
    seen = observe(case, folder)
    amiss = [*case.expected.amiss(seen)]
    amiss += [f"traceback: {seen.traceback[-400:]}"] if seen.traceback else []
    amiss += [f"connection: {call}" for call in seen.connections]
    amiss += [f"stray: {name}" for name in seen.stray]
    return Outcome(case, seen, tuple(amiss), tuple(tuple(rubric(dict(fault))) for fault in seen.faults()))


def run(cases: Iterable[Case], said: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
    """Judge cases one after another, each in a folder that is gone afterwards."""
    outcomes = []
    for case in cases:
        with tempfile.TemporaryDirectory() as place:
            outcomes.append(judge(case, Path(place)))
        said(outcomes[-1])
    return outcomes


def by_severity(outcomes: Iterable[Outcome]) -> str:
    """Return the table by severity, as Markdown."""
    found = list(outcomes)
    lines = [
        "| severity | cases | as expected | share | tracebacks | connections | stray files |",
        "|---|---|---|---|---|---|---|",
    ]
    groups = {name: [one for one in found if one.case.severity == name] for name in ("P0", "P1", "P2")}
    groups["all bad"] = [one for one in found if one.case.severity != "good"]
    groups["good"] = [one for one in found if one.case.severity == "good"]
    for name, group in groups.items():
        right = sum(not one.failed for one in group)
        share = f"{right / len(group):.1%}" if group else "–"
        counts = [sum(bool(getattr(one.seen, part)) for one in group) for part in ("traceback", "connections", "stray")]
        lines.append(f"| {name} | {len(group)} | {right} | {share} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def by_threat(outcomes: Iterable[Outcome]) -> str:
    """Return the table by threat, as Markdown."""
    found = [one for one in outcomes if one.case.severity != "good"]
    lines = ["| threat | cases | as expected |", "|---|---|---|"]
    for threat in sorted({one.case.threat for one in found}, key=lambda name: (name[0], int(name[1:]))):
        group = [one for one in found if one.case.threat == threat]
        lines.append(f"| {threat} | {len(group)} | {sum(not one.failed for one in group)} |")
    return "\n".join(lines)


def costs(outcomes: Iterable[Outcome]) -> str:
    """Return seconds and peak memory of the cases that ran in a process of their own, as Markdown."""
    apart = sorted((one for one in outcomes if one.seen.peak_mib), key=lambda one: -one.seen.seconds)
    bombs = [one for one in apart if "bomb" in one.case.id or one.case.id in ("s4-overlapping", "s5-laughs-kml")]
    lines = ["| case | seconds of check | peak MiB of any process |", "|---|---|---|"]
    lines += [f"| {one.case.id} | {one.seen.seconds:.1f} | {one.seen.peak_mib:.0f} |" for one in bombs]
    if apart:
        lines.append(f"| slowest of all {len(apart)}: {apart[0].case.id} | {apart[0].seen.seconds:.1f} | |")
        largest = max(apart, key=lambda one: one.seen.peak_mib)
        lines.append(f"| largest: {largest.case.id} | | {largest.seen.peak_mib:.0f} |")
    return "\n".join(lines)


def messages(outcomes: Iterable[Outcome]) -> tuple[int, int, dict[str, int]]:
    """Return how many messages there were, how many lack nothing, and what the others lack."""
    told = [lacks for one in outcomes for lacks in one.lacks]
    reasons: dict[str, int] = {}
    for lacks in told:
        for reason in lacks:
            reasons[reason] = reasons.get(reason, 0) + 1
    return len(told), sum(not lacks for lacks in told), reasons


__all__ = ["CASES", "Outcome", "by_severity", "by_threat", "costs", "judge", "load", "messages", "run"]
