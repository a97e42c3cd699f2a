"""Room `planning.report`: the sheets of readings: what a document leaves open, and what others would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from planning import standards, texts
from planning.report._sheet import Kind, Sheet, headings, listed, plain_frame, shown_number, stamp, words_of, yes_no
from planning.study import StudyResult
from planning.texts import Language

_READINGS: Final[Mapping[str, Kind]] = {
    "ambiguity": "text",
    "switch": "text",
    "title": "text",
    "reading_used": "text",
    "is_default": "text",
    "others": "text",
    "changed": "whole",
    "reason": "text",
}
_CHANGES: Final[Mapping[str, Kind]] = {
    "ambiguity": "text",
    "title": "text",
    "reading_used": "text",
    "other_reading": "text",
    "clause_id": "text",
    "subject_kind": "text",
    "subject_id": "text",
    "name": "text",
    "verdict_used": "text",
    "verdict_other": "text",
    "overdue_used": "text",
    "overdue_other": "text",
}


def readings(result: StudyResult, language: Language) -> Sheet:
    """Return each ambiguity of the document: the reading used, why, and how many verdicts another one changes."""
    found = result.readings
    rows = found.assign(
        title=found["switch"].map(words_of("sensitivity.switch", language)),
        reading_used=_in_words(found["switch"], found["reading_used"], language),
        others=_in_words(found["switch"], found["others"], language),
        is_default=found["is_default"].map(yes_no(language)),
        reason=found[f"reason_{language}"],
    )
    rows["others"] = rows["others"].mask(rows["switch"] == "service_radius_m", _needed(result, language))
    rows = pd.concat([rows, _settled(result, language)], ignore_index=True)
    rows = rows.sort_values("ambiguity", key=lambda points: points.str[1:].astype(int), kind="stable")
    notes = (texts.t(f"sensitivity.{name}", language) for name in ("readings_note", "switch_note"))
    return _sheet("readings", rows, _READINGS, (*stamp(result, language), *notes), language)


def _needed(result: StudyResult, language: Language) -> str:
    """Return the radius that each level would need for full coverage."""
    said = []
    for level, metres in result.summary.get("needed_radius_m", {}).items():
        key = "sensitivity.needed_radius" if metres is not None else "sensitivity.no_radius"
        said.append(texts.t(key, language, level=texts.t(f"level.{level}", language), radius=shown_number(metres)))
    return texts.t("report.semicolon", language).join(said)


def _settled(result: StudyResult, language: Language) -> pd.DataFrame:
    """Return the ambiguities that no switch decides, with how they are read and why."""
    speed = result.inputs.plan.walk.speed_m_per_s
    found = standards.settled(result.inputs.standard, language, speed_m_per_s=speed)
    rows = pd.DataFrame(found, columns=["ambiguity", "where", "title", "reading", "reason"], dtype=object)
    rows = rows[~rows["ambiguity"].isin(result.readings["ambiguity"])]
    return rows.rename(columns={"where": "switch", "reading": "reading_used"})


def sensitivity(result: StudyResult, language: Language) -> Sheet:
    """Return each subject whose verdict another reading changes."""
    found = result.sensitivity
    names = pd.concat(
        [result.residential.set_index("residential_id")["name"], result.units.set_index("unit_id")["name"]]
    )
    verdict, flag = words_of("verdict", language), yes_no(language)
    rows = found.assign(
        clause_id=found["clause_id"].map(lambda ids: listed(ids, language)),
        subject_id=found["subject_id"].mask(found["subject_kind"] == "plan"),
        title=found["switch"].map(words_of("sensitivity.switch", language)),
        reading_used=_in_words(found["switch"], found["reading_used"], language),
        other_reading=_in_words(found["switch"], found["other_reading"], language),
        subject_kind=found["subject_kind"].map(words_of("sensitivity.kind", language)),
        name=found["subject_id"].map(names[~names.index.duplicated()]),
        verdict_used=found["verdict_used"].map(verdict),
        verdict_other=found["verdict_other"].map(verdict),
        overdue_used=found["overdue_used"].map(flag),
        overdue_other=found["overdue_other"].map(flag),
    )
    note = texts.t("sensitivity.changes_note", language)
    return _sheet("changes", rows, _CHANGES, (*stamp(result, language), note), language)


def _in_words(switches: Iterable[str], values: Iterable[str], language: Language) -> list[str]:
    """Return readings as a person reads them; several are joined, and a number or a date stays as it is."""
    words, comma = words_of("sensitivity.reading", language), texts.t("report.comma", language)
    return [
        comma.join(words.get(f"{switch}.{value}", words.get(f"any.{value}", value)) for value in joined.split(";"))
        for switch, joined in zip(switches, values, strict=True)
    ]


def _sheet(
    name: str, rows: pd.DataFrame, columns: Mapping[str, Kind], notes: tuple[str, ...], language: Language
) -> Sheet:
    heads = headings(columns, "sensitivity.head.", language)
    frame = plain_frame(rows.to_dict("records"), heads)
    title = texts.t(f"sensitivity.{name}_title", language)
    return Sheet(texts.t(f"sensitivity.{name}_sheet", language), title, heads, frame, notes=notes)
