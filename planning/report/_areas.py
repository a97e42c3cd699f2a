"""Room `planning.report`: the sheets that let a reader follow an area's number: duty, rooms, shortfall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import pandas as pd

from planning import standards, texts
from planning.report import _balance
from planning.report._sheet import (
    Heading,
    Kind,
    Sheet,
    column_label,
    headings,
    plain_frame,
    sentences,
    stamp,
    standard_title,
    sums_of,
    total_label,
    words_of,
    yes_no,
)
from planning.standards import MINIMUM, RATE
from planning.study import StudyResult
from planning.texts import Language

_SUMS: Final = ("required_m2", "provided_m2", "shortfall_m2")
_COMPLIANCE_COLUMNS: Final[Sequence[tuple[str, Kind]]] = (
    ("built_used", "text"),
    ("built_from", "text"),
    ("rate_clause", "text"),
    ("need_m2", "m2"),
    ("minimum_m2", "m2"),
    ("required_m2", "m2"),
    ("provided_m2", "m2"),
    ("largest_m2", "m2"),
    ("shortfall_m2", "m2"),
    ("rate_ok", "text"),
    ("unit_ok", "text"),
    ("pool_id", "text"),
    ("verdict", "text"),
    ("reason", "text"),
    ("paper_provided_m2", "m2"),
    ("paper_verdict", "text"),
    ("counted_required_m2", "m2"),
    ("counted_provided_m2", "m2"),
    ("counted_shortfall_m2", "m2"),
)
_ROOM_COLUMNS: Final[Mapping[str, Kind]] = {
    "residential_id": "text",
    "residential_name": "text",
    "pool_id": "text",
    "facility_id": "text",
    "name": "text",
    "floor_area_m2": "m2",
    "counted": "text",
    "reason": "text",
    "share": "share",
    "credited_m2": "m2",
    "rejected_m2": "m2",
    "counted_on_paper": "text",
}


def compliance(result: StudyResult, language: Language) -> Sheet:
    """Return each area's duty and what it has; pools have a row of their own, and totals count a pool once."""
    label = partial(column_label, "residential", language=language)
    columns = (
        Heading("residential_id", label("residential_id"), "text"),
        Heading("name", label("name"), "text"),
        Heading("street_id", texts.t("report.street", language), "text"),
        Heading("households", label("households"), "whole"),
        *(Heading(name, texts.t(f"report.{name}", language), kind) for name, kind in _COMPLIANCE_COLUMNS),
    )
    layer = pd.DataFrame(result.residential.drop(columns="geometry"))
    alone = layer["pool_id"].isna() & layer["verdict"].isin(["meets", "fails"])
    counted = {f"counted_{name}": layer[name].where(alone) for name in _SUMS}
    streets = {} if result.units.empty else result.units.set_index("unit_id")["name"].dropna().to_dict()
    areas = layer.assign(
        **counted,
        built_from=_derived(layer, language),
        street_id=layer["street_id"].map(lambda one: streets.get(one, one)),
    )
    rows = pd.concat([areas, _pool_rows(layer, language)], ignore_index=True).join(
        _duties(result, language), on="residential_id"
    )
    summary = result.summary["compliance"]
    return Sheet(
        name=texts.t("report.sheet_compliance", language),
        title=texts.t("report.title_compliance", language, standard=standard_title(result, language)),
        columns=columns,
        rows=plain_frame(_in_words(rows, language).to_dict("records"), columns),
        notes=(*stamp(result, language), texts.t("report.note_compliance", language), *_nobody(summary, language)),
        total_label=total_label(language),
        totals={
            **sums_of(layer, "households"),
            **{f"counted_{name}": summary[name] for name in _SUMS if summary[name] is not None},
        },
        frozen=2,
    )


def _nobody(summary: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    """Return why the totals are empty, where no area can be judged."""
    empty = any(summary[name] is None for name in _SUMS)
    return (texts.t("report.note_nobody_judged", language, count=summary["not_assessable"]),) if empty else ()


def _pool_rows(layer: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Return one row a pool, with the figures that enter the totals once."""
    pools = layer.dropna(subset=["pool_id"]).drop_duplicates("pool_id").sort_values("pool_id")
    return pd.DataFrame(
        {
            "residential_id": pools["pool_id"],
            "name": [texts.t("report.pool_row", language, pool=name) for name in pools["pool_id"]],
            "verdict": pools["verdict"],
            "reason": pools["reason"],
            **{f"counted_{name}": pools[f"pool_{name}"] for name in _SUMS},
        }
    )


def _derived(layer: pd.DataFrame, language: Language) -> list[str]:
    """Return what says whether each area is new or existing, with the date that decides."""
    dates = {name: layer[name] for name in ("land_grant_date", "completion_date")}
    return [
        texts.t(f"scorecard.from.{told}", language, date=dates[told].iloc[place] if told in dates else "")
        for place, told in enumerate(layer["built_from"])
    ]


def _duties(result: StudyResult, language: Language) -> pd.DataFrame:
    """Return, by area or pool, what the rate alone asks, under which clause, the single minimum, the largest room."""
    metrics = {clause.id: clause.metric for clause in result.inputs.standard.clauses}
    found = result.findings[result.findings["subject_kind"].isin(["residential", "pool"])]
    metric = found["clause_id"].str.split(";").str[0].map(metrics)
    rate = found[metric == RATE].set_index("subject_id")
    unit = found[metric == MINIMUM].set_index("subject_id")
    table = {"rate_clause": rate["clause_id"].map(partial(_asked, result, language)), "need_m2": rate["required"]}
    return pd.DataFrame(table).join(
        pd.DataFrame({"minimum_m2": unit["required"], "largest_m2": unit["actual"]}), how="outer"
    )


def _asked(result: StudyResult, language: Language, clause_ids: str) -> str:
    """Return the clauses with the number each asks for; two where new or existing is not known."""
    clauses = [result.inputs.standard.clause(name) for name in clause_ids.split(";")]
    said = [f"{clause.id} {standards.required(clause, language)}" for clause in clauses]
    return texts.t("report.semicolon", language).join(said)


def _in_words(rows: pd.DataFrame, language: Language) -> pd.DataFrame:
    words: dict[str, Any] = {
        "built_used": rows["built_used"]
        .map(words_of("report.built", language))
        .fillna(texts.t("report.built.unknown", language))
    }
    words |= {name: rows[name].map(yes_no(language)) for name in ("rate_ok", "unit_ok")}
    words |= {name: rows[name].map(words_of("verdict", language)) for name in ("verdict", "paper_verdict")}
    reasons = rows["reason"].map(lambda codes: sentences(codes, "compliance.reason", language))
    return rows.assign(**words, reason=reasons)


def rooms(result: StudyResult, language: Language) -> Sheet:
    """Return every room that was looked at, counted or not, with its reason: counted + not counted = its share."""
    names = result.facilities.set_index("facility_id")["name"]
    areas = result.residential.set_index("residential_id")["name"]
    rows = result.rooms.assign(
        residential_name=result.rooms["residential_id"].map(areas),
        name=result.rooms["facility_id"].map(names),
        counted=result.rooms["counted"].map(yes_no(language)),
        counted_on_paper=result.rooms["counted_on_paper"].map(yes_no(language)),
        reason=result.rooms["reason"].map(lambda codes: sentences(codes, "compliance.reason", language)),
    )
    columns = headings(_ROOM_COLUMNS, "report.room_", language)
    return Sheet(
        texts.t("report.sheet_rooms", language),
        texts.t("report.title_rooms", language),
        columns,
        plain_frame(rows.to_dict("records"), columns),
        notes=(*stamp(result, language), texts.t("report.note_rooms", language), _balance.sentence(result, language)),
        total_label=total_label(language),
        totals=sums_of(rows, "credited_m2", "rejected_m2"),
    )
