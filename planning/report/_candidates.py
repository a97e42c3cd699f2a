"""Room `planning.report`: the sheets about candidates: what screening found rule by rule, and what it made of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from planning import texts
from planning.report._sheet import Kind, Sheet, headings, plain_frame, sentences, stamp, words_of, yes_no
from planning.study import StudyResult
from planning.texts import Language

_SCREENING: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "name": "text",
    "rule_number": "whole",
    "rule": "text",
    "rule_name": "text",
    "value": "text",
    "limit": "text",
    "unit": "text",
    "target": "text",
    "outcome": "text",
    "verdict": "text",
    "reason": "text",
}
_LIST: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "name": "text",
    "level": "text",
    "source": "text",
    "suggested": "text",
    "role": "text",
    "role_used": "text",
    "preferred": "text",
    "reasons": "text",
    "unknown": "text",
    "max_floor_area_m2": "m2",
    "cost": "plain",
    "available_from": "text",
}
_UNITS: Final = {"m2": "m²"}
_CHOICES: Final = {"ownership": "ownership", "source": "source", "storey": "candidates.storey"}


def screening(result: StudyResult, language: Language) -> Sheet:
    """Return every candidate against every rule: what was found, what was asked, what follows."""
    table = result.screening
    rows = table.assign(
        rule=table["rule"].map(words_of("candidates.rule", language)),
        value=_said(table, "value", language),
        limit=_said(table, "limit", language),
        unit=table["unit"].replace(_UNITS),
        outcome=table["outcome"].map(words_of("candidates.outcome", language)),
        verdict=table["verdict"].map(words_of("candidates.verdict", language)),
        reason=table["reason"].map(lambda codes: sentences(codes, "candidates.reason", language)),
    )
    notes = (*stamp(result, language), texts.t("candidates.note.screening", language), *made(result, language))
    return _sheet("screening", rows, _SCREENING, notes, language)


def listing(result: StudyResult, language: Language) -> Sheet:
    """Return the candidates with the role each was given, the role used, and why."""
    table = pd.DataFrame(result.candidates).drop(columns="geometry")
    roles = words_of("candidates.role", language)
    rows = table.assign(
        level=table["level"].map(words_of("level", language)),
        source=table["source"].map(words_of("source", language)),
        role=table["role"].map(roles),
        role_used=table["role_used"].map(roles),
        suggested=table["suggested"].astype(bool).map(yes_no(language)),
        preferred=table["preferred"].map(yes_no(language)),
        reasons=table["reasons"].map(lambda codes: sentences(codes, "candidates.reason", language)),
    )
    return _sheet("list", rows, _LIST, (*stamp(result, language), *made(result, language)), language)


def _sheet(
    name: str, rows: pd.DataFrame, columns: Mapping[str, Kind], notes: tuple[str, ...], language: Language
) -> Sheet:
    heads = headings(columns, "candidates.head.", language)
    frame = plain_frame(rows.to_dict("records"), heads)
    title = texts.t(f"candidates.title.{name}", language)
    return Sheet(texts.t(f"candidates.sheet.{name}", language), title, heads, frame, notes=notes, frozen=2)


def made(result: StudyResult, language: Language) -> tuple[str, ...]:
    """Return the sentence that candidates were suggested by the tool, where they were."""
    made = result.inputs.plan.siting.generate
    if made is None:
        return ()
    way = texts.t(f"candidates.note.way_{made.way}", language)
    return (texts.t("candidates.note.made", language, way=way),)


def _said(table: pd.DataFrame, name: str, language: Language) -> list[Any]:
    """Return a column with the words of a choice as planners say them."""
    words = {rule: words_of(group, language) for rule, group in _CHOICES.items()}
    return [_in_words(cell, words.get(rule, {})) for rule, cell in zip(table["rule"], table[name], strict=True)]


def _in_words(cell: Any, words: Mapping[str, str]) -> Any:
    if not words or pd.isna(cell):
        return cell
    sign, _, listed = str(cell).rpartition(" ")
    said = ";".join(words.get(word, word) for word in listed.split(";"))
    return f"{sign} {said}".strip()
