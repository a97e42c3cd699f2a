"""Room `planning.report`: the sheets about what siting was held to and decided beside its sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planning import texts
from planning.report._sheet import Kind, Sheet, headings, plain_frame, stamp
from planning.study import StudyResult
from planning.study.decided import Decided
from planning.texts import Language

_LINES: Final[Mapping[str, Kind]] = {"topic": "text", "subject": "text", "text": "text"}
_PHASES: Final[Mapping[str, Kind]] = {
    "name": "text",
    "by": "text",
    "p": "whole",
    "sites": "text",
    "budget": "plain",
    "spent": "plain",
    "objective": "plain",
    "own_optimum": "plain",
    "own_bound": "plain",
    "own_sites": "text",
    "cost_of_commitment": "plain",
}
_SHARES: Final[Mapping[str, Kind]] = {
    "residential_id": "text",
    "residential": "text",
    "facility_id": "text",
    "facility": "text",
    "share": "share",
    "served": "plain",
}
_CREDITS: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "facility": "text",
    "subject_id": "text",
    "residential": "text",
    "floor_area_m2": "m2",
}


def sheets(result: StudyResult, language: Language) -> Iterator[Sheet]:
    """Yield the sheets there is something to show on: conditions and findings, phases, who is served where."""
    told = Decided(result, language)
    rows = [
        {"topic": texts.t(f"decided.topic.{line.topic}", language), "subject": line.subject or None, "text": line.text}
        for line in told.lines()
    ]
    yield _sheet(result, "sheet", "title", _LINES, rows, language)
    if told.siting.get("phases"):
        note = texts.t("decided.head.phases_note", language, unit=told.unit)
        yield _sheet(result, "phases_sheet", "phases_title", _PHASES, told.phases(), language, note)
    if told.siting.get("assigned"):
        yield _sheet(result, "shares_sheet", "shares_title", _SHARES, told.shares(), language)
    elif told.siting.get("credited"):
        yield _sheet(result, "credits_sheet", "credits_title", _CREDITS, told.credits(), language)


def _sheet(
    result: StudyResult,
    name: str,
    title: str,
    columns: Mapping[str, Kind],
    rows: list[dict[str, Any]],
    language: Language,
    *notes: str,
) -> Sheet:
    heads = headings(columns, "decided.head.", language)
    return Sheet(
        texts.t(f"decided.head.{name}", language),
        texts.t(f"decided.head.{title}", language),
        heads,
        plain_frame(rows, heads),
        notes=(*stamp(result, language), *notes),
        frozen=2,
    )
