"""Room `planning.report`: the sheets a reviewer begins with: every clause, sums by level, clause by clause and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from planning import standards, texts
from planning.indicators import NUMBER_GIVEN
from planning.report._sheet import (
    Heading,
    Kind,
    Sheet,
    headings,
    kinds_of_units,
    listed,
    listed_names,
    plain_frame,
    sentences,
    shown_in_unit,
    stamp,
    standard_title,
    subject_names,
    total_label,
    words_of,
    yes_no,
)
from planning.study import StudyResult
from planning.texts import Language

_SCORECARD: Final[Mapping[str, Kind]] = {
    "clause_id": "text",
    "article": "text",
    "cls": "text",
    "text": "text",
    "required": "text",
    "strength": "text",
    "verdict": "text",
    "actual": "plain",
    "shortfall": "plain",
    "unit": "text",
    "meets": "whole",
    "fails": "whole",
    "not_assessable": "whole",
    "not_applicable": "whole",
    "deadline": "text",
    "passed": "text",
    "overdue": "text",
    "where": "text",
    "reason": "text",
    "citation": "text",
}
_ROLLUPS: Final[Mapping[str, Kind]] = {
    "level": "text",
    "unit_id": "text",
    "name": "text",
    "areas_total": "whole",
    "meets": "whole",
    "fails": "whole",
    "not_assessable": "whole",
    "not_applicable": "whole",
    "meets_share": "share",
    "required_m2": "m2",
    "provided_m2": "m2",
    "shortfall_m2": "m2",
}
_COUNTED: Final = ("areas_total", "meets", "fails", "not_assessable", "not_applicable")
_SQUARES: Final = ("required_m2", "provided_m2", "shortfall_m2")
_FINDINGS: Final[Mapping[str, Kind]] = {
    "clause_id": "text",
    "subject_kind": "text",
    "subject_id": "text",
    "name": "text",
    "owed_m2": "m2",
    "actual_m2": "m2",
    "lacks_m2": "m2",
    "verdict": "text",
    "reason": "text",
    "deadline": "text",
    "overdue": "text",
}


def scorecard(result: StudyResult, language: Language) -> Sheet:
    """Return one row per clause of the document: what it asks, the verdict, how much is missing, and where."""
    table = result.scorecard
    clauses = [result.inputs.standard.clause(name) for name in table["clause_id"]]
    flag, names = yes_no(language), subject_names(result)
    rows = table.assign(
        article=[clause.article for clause in clauses],
        text=[clause.text_zh if language == "zh" else clause.text_en for clause in clauses],
        required=[standards.required(clause, language) for clause in clauses],
        citation=[clause.source for clause in clauses],
        cls=table["cls"].map(words_of("standard.cls", language)),
        strength=table["strength"].map(words_of("standard.strength", language)),
        verdict=table["verdict"].map(words_of("verdict", language)),
        unit=table["unit"].map(words_of("standard.unit", language)),
        passed=table["passed"].map(flag).where(table["deadline"].notna(), None),
        overdue=table["overdue"].map(flag),
        where=table["where"].map(lambda ids: listed_names(ids, names, language)),
        reason=pd.Series(
            [_reason(*pair, language) for pair in zip(clauses, table["reason"], strict=True)], dtype=object
        ),
    )
    cited = {clause.source for clause in clauses}
    one = (texts.t("scorecard.cited", language, source=cited.pop()),) if len(cited) == 1 else ()
    notes = (*stamp(result, language), *one, _totals(table, language), texts.t("scorecard.note", language))
    shown = {name: kind for name, kind in _SCORECARD.items() if not (one and name == "citation")}
    sheet = _sheet("scorecard", result, language, rows, headings(shown, "scorecard.head.", language), notes)
    return replace(sheet, kinds=dict.fromkeys(("actual", "shortfall"), kinds_of_units(table["unit"])))


def _totals(table: pd.DataFrame, language: Language) -> str:
    """Return how many clauses have which verdict; soft ones are told apart."""
    hard = table[table["strength"] != "soft"]["verdict"].value_counts()
    counts = {word: int(hard.get(word, 0)) for word in ("meets", "fails", "not_assessable", "not_applicable")}
    return texts.t("scorecard.totals", language, soft=int((table["strength"] == "soft").sum()), **counts)


def _reason(clause: standards.Clause, codes: str | None, language: Language) -> str | None:
    """Return why, and for a number that the document lacks where the plan may give one."""
    if not clause.stated and texts.has(f"scorecard.ask.{clause.metric}"):
        return texts.t(f"scorecard.ask.{clause.metric}", language, clause=clause.id)
    prefix = "compliance.reason" if clause.owed_by == "residential" else "indicators.reason"
    known = [code for code in str(codes).split(";") if code != NUMBER_GIVEN] if isinstance(codes, str) else []
    said = [f"{prefix}.{code}" for code in known if texts.has(f"{prefix}.{code}")]
    if clause.entered:
        said = [f"indicators.reason.{NUMBER_GIVEN}", *said]
    return texts.t("report.semicolon", language).join(texts.t(key, language) for key in said) or None


def rollups(result: StudyResult, language: Language) -> Sheet:
    """Return the floor-area rule by county, street, community, new or existing; each level ends with the plan."""
    table = result.rollups
    rest = texts.t("scorecard.rest", language)
    built = words_of("report.built", language)
    names = [
        _unit_name(level, unit, name, built=built, rest=rest, whole=total_label(language))
        for level, unit, name in table[["level", "unit_id", "name"]].itertuples(index=False)
    ]
    rows = table.assign(level=table["level"].map(words_of("scorecard.level", language)), name=names)
    rows["unit_id"] = rows["unit_id"].where(~rows["unit_id"].isin(["plan", "new", "existing"]), None)
    unknown = (rows["meets"] + rows["fails"] == 0) & (rows["not_assessable"] > 0)  # a sum over nothing would read 0
    rows = rows.assign(**{name: rows[name].mask(unknown) for name in ("required_m2", "provided_m2", "shortfall_m2")})
    notes = (*stamp(result, language), texts.t("scorecard.rollups_note", language))
    sheet = _sheet("rollups", result, language, rows, headings(_ROLLUPS, "scorecard.head.", language), notes)
    ratios = {"meets_share": ("meets", ("meets", "fails"))}
    return sheet.footed(groups="level", additive=(*_COUNTED, *_SQUARES), ratios=ratios)


def _unit_name(level: str, unit: object, name: object, *, built: Mapping[str, str], rest: str, whole: str) -> str:
    if unit == "plan":
        return whole
    if level == "built":
        return built.get(str(unit), built["unknown"])
    if pd.isna(unit):  # type: ignore[call-overload]
        return rest
    return str(unit) if pd.isna(name) else str(name)  # type: ignore[call-overload]


def findings(result: StudyResult, language: Language) -> Sheet:
    """Return every area and pool under each floor-area clause: rate and single minimum apart."""
    table = result.findings[result.findings["subject_kind"].isin(["residential", "pool"])]
    names = result.residential.set_index("residential_id")["name"]
    rows = table.assign(
        owed_m2=table["required"],
        actual_m2=table["actual"],
        lacks_m2=table["shortfall"],
        clause_id=table["clause_id"].map(lambda ids: listed(ids, language)),
        name=table["subject_id"].map(names),
        subject_kind=table["subject_kind"].map(words_of("sensitivity.kind", language)),
        verdict=table["verdict"].map(words_of("verdict", language)),
        reason=table["reason"].map(lambda codes: sentences(codes, "compliance.reason", language)),
        overdue=table["overdue"].map(yes_no(language)),
    )
    notes = (*stamp(result, language), texts.t("scorecard.findings_note", language))
    return _sheet("findings", result, language, rows, headings(_FINDINGS, "scorecard.head.", language), notes)


def by_unit(result: StudyResult, language: Language) -> Sheet | None:
    """Return what each unit has of the clauses that every unit owes; None where there are none."""
    if result.indicators.empty:
        return None
    table = result.indicators[result.indicators["subject_kind"] == "unit"]
    if table.empty:
        return None
    said = table.assign(said=[_said(row, language) for row in table.to_dict("records")])
    wide = said.set_index(["subject", "clause_id"])["said"].unstack("clause_id")  # noqa: PD010
    order = [clause.id for clause in result.inputs.standard.clauses if clause.id in wide.columns]
    units = result.units.set_index("unit_id").loc[wide.index, ["name", "type"]]
    fails = (table["verdict"] == "fails").groupby(table["subject"]).sum()
    rows = wide[order].assign(
        unit_id=wide.index,
        name=units["name"],
        type=units["type"].map(words_of("scorecard.type", language)),
        fails=fails.reindex(wide.index),
    )
    plain: dict[str, Kind] = {"unit_id": "text", "name": "text", "type": "text", "fails": "whole"}
    columns = [*headings(plain, "scorecard.head.", language), *(Heading(name, name, "text") for name in order)]
    notes = (*stamp(result, language), texts.t("scorecard.by_unit_note", language))
    return _sheet("by_unit", result, language, rows.sort_values(["type", "unit_id"]), columns, notes)


def _said(row: Mapping[Any, Any], language: Language) -> str:
    """Return a verdict with the figure behind it, and whether it is overdue."""
    figure = "" if pd.isna(row["actual"]) else f" {shown_in_unit(row['actual'], row['unit'], language)}"
    late = texts.t("scorecard.late", language) if row["overdue"] is True or row["overdue"] == 1 else ""
    return texts.t(f"verdict.{row['verdict']}", language) + figure + late


def _sheet(
    name: str,
    result: StudyResult,
    language: Language,
    rows: pd.DataFrame,
    columns: list[Heading],
    notes: tuple[str, ...],
) -> Sheet:
    title = texts.t(f"scorecard.title.{name}", language, standard=standard_title(result, language))
    frame = plain_frame(rows.to_dict("records"), columns)
    return Sheet(texts.t(f"scorecard.sheet.{name}", language), title, columns, frame, notes=notes, frozen=2)
