"""Which tables a report has and what stands in them. Belongs to `planning.report`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import pandas as pd

from planning import tables, texts
from planning.report import (
    _annex,
    _areas,
    _argument,
    _balance,
    _candidates,
    _decided,
    _origins,
    _places,
    _proposals,
    _readings,
    _scorecard,
)
from planning.report._sheet import (
    Heading,
    Kind,
    Sheet,
    column_label,
    headings,
    kinds_of_units,
    plain_frame,
    sentences,
    shown_in_unit,
    speaker,
    stamp,
    standard_title,
    sums_of,
    total_label,
    words_of,
    yes_no,
)
from planning.study import StudyResult, footing
from planning.study.decided import Decided
from planning.texts import Language

_COVERAGE: Final = (
    "residential_total",
    "residential_covered",
    "households_total",
    "households_covered",
    "elderly_total",
    "elderly_covered",
    "unreachable",
    "unsnapped",
)


def sheets(result: StudyResult, language: Language) -> Iterator[Sheet]:
    """Yield the sheets in the order of the workbook."""
    yield overview(result, language)
    if len(result.scorecard):
        yield _scorecard.scorecard(result, language)
    if "coverage" in result.summary:
        yield by_street(result, language)
        yield _annex.bands(result, language)
        yield _annex.blind(result, language)
    if "compliance" in result.summary:
        yield _scorecard.rollups(result, language)
        yield _areas.compliance(result, language)
        yield _scorecard.findings(result, language)
        yield _areas.rooms(result, language)
        yield _balance.balance(result, language)
        yield _annex.gaps(result, language)
        yield _proposals.remedies(result, language)
    if len(result.pools):
        yield _proposals.pools(result, language)
    yield facilities(result, language)
    yield _annex.by_level(result, language)
    if result.candidates is not None:
        yield _candidates.listing(result, language)
    if len(result.screening):
        yield _candidates.screening(result, language)
    if result.summary.get("siting") is not None:
        yield sites(result, language)
        yield _annex.planned(result, language)
        yield _annex.near_term(result, language)
        yield from _decided.sheets(result, language)
        yield from _argument.sheets(result, language)
    if len(result.indicators):
        yield clauses(result, language)
    per_unit = _scorecard.by_unit(result, language)
    if per_unit is not None:
        yield per_unit
    if len(result.readings):
        yield _readings.readings(result, language)
    if len(result.sensitivity):
        yield _readings.sensitivity(result, language)
    yield _annex.accounts(result, language)
    yield _origins.ledger(result, language)
    yield _origins.sources(result, language)


def overview(result: StudyResult, language: Language) -> Sheet:
    """Return the key figures, one a row: levels, compliance, siting."""
    say = speaker(language)
    rows: list[dict[str, Any]] = []
    for level, figures in result.summary.get("coverage", {}).items():
        name = say("report.level_circle", level=say(f"level.{level}"), radius=f"{figures['radius_m']:g}")
        rows += [
            {
                "topic": name,
                "item": say(f"report.weight_{weight}"),
                "total": figures[f"{weight}_total"],
                **{part: figures[f"{weight}_{part}"] for part in ("covered", "share", "lower", "upper")},
            }
            for weight in ("residential", *tables.WEIGHTS)
            if figures.get(f"{weight}_total") is not None
        ]
    for name, value in result.summary.get("compliance", {}).items():
        share = name.endswith("_share")
        rows.append({"topic": say("report.compliance_topic"), "item": say(f"report.compliance_{name}"), "name": name,
                     "share" if share else "total": value})  # fmt: skip
    rows += list(_siting_rows(result, language))
    columns = (
        Heading("topic", say("report.topic"), "text"),
        Heading("item", say("report.item"), "text"),
        Heading("total", say("report.total"), "plain"),
        Heading("covered", say("report.covered"), "plain"),
        Heading("share", say("report.share"), "share"),
        Heading("lower", say("report.lower"), "plain"),
        Heading("upper", say("report.upper"), "plain"),
    )
    frame = plain_frame(rows, columns)
    squares: list[Kind] = ["m2" if str(row.get("name")).endswith("_m2") else "plain" for row in rows]
    return Sheet(
        say("report.sheet_overview"),
        result.inputs.plan.name,
        columns,
        frame,
        notes=stamp(result, language),
        kinds={"total": squares},
        ratios={"share": ("covered", ("total",))},
    )


def _siting_rows(result: StudyResult, language: Language) -> Iterator[dict[str, Any]]:
    say = speaker(language)
    siting = result.summary.get("siting")
    if siting is None:
        return
    topic = say("report.siting_topic")
    status = say(f"siting_status.{siting['status']}")
    yield {"topic": topic, "item": say("report.siting_status", status=status)}
    told = Decided(result, language)
    kind = (
        texts.t("report.siting_kind", language, name=told.objective_name, unit=told.unit)
        if told.unit
        else told.objective_name
    )
    for name in ("objective", "bound"):
        yield {"topic": topic, "item": say(f"report.siting_{name}", kind=kind), "total": siting[name]}
    yield {"topic": topic, "item": say("report.siting_gap"), "share": siting["gap"]}
    weight = siting["demand"]
    for when in ("before", "after"):
        figures = siting[when]
        yield {
            "topic": topic,
            "item": say(f"report.siting_{when}", weight=say(f"report.weight_{weight}")),
            "total": figures[f"{weight}_total"],
            "covered": figures[f"{weight}_covered"],
            "share": figures[f"{weight}_share"],
        }


def by_street(result: StudyResult, language: Language) -> Sheet:
    """Return coverage per level and street; areas in no street have a row, so that rows sum to the plan."""
    labels = {name: texts.t(f"report.{name}", language) for name in _COVERAGE}
    columns = (
        Heading("level", texts.t("report.level", language), "text"),
        Heading("street", texts.t("report.street", language), "text"),
        *(Heading(name, label, "plain") for name, label in labels.items()),
        Heading("households_share", texts.t("report.households_share", language), "share"),
        Heading("elderly_share", texts.t("report.elderly_share", language), "share"),
    )
    rows: list[dict[str, Any]] = []
    streets = [unit for unit in result.summary["units"] if unit["type"] in ("street", "town")]
    for level, whole in result.summary["coverage"].items():
        parts = [(unit["name"] or unit["unit_id"], unit["coverage"][level]) for unit in streets]
        said = texts.t(f"level.{level}", language)
        found = _annex.with_rest(whole, parts, _COVERAGE, language)
        rows += [{**figures, "level": said, "street": street} for street, figures in found]
    frame = plain_frame(rows, columns)
    title = texts.t("report.title_by_street", language)
    sheet = Sheet(texts.t("report.sheet_by_street", language), title, columns, frame, notes=stamp(result, language))
    return sheet.footed(groups="level", additive=_COVERAGE, ratios=footing.SHARES, frozen=2)


def facilities(result: StudyResult, language: Language) -> Sheet:
    """Return the facilities and whether each is in service on the day of judgement."""
    label = partial(column_label, "facilities", language=language)
    existing = result.facilities[result.facilities["status"] != "candidate"].sort_values("facility_id")
    rows = existing.drop(columns="geometry").assign(
        level=existing["level"].map(words_of("level", language)),
        kind=existing["kind"].map(words_of("kind", language)),
        status=existing["status"].map(words_of("status", language)),
        in_service=existing["in_service"].map(yes_no(language)),
        ownership=existing["ownership"].map(words_of("ownership", language)),
        street=existing["facility_id"].map(_places.streets(result)).astype(object),
    )
    columns = (
        *(
            Heading(name, texts.t(f"annex.head.{name}", language) if name in _OWN_HEADS else label(name), kind)
            for name, kind in _FACILITY_COLUMNS.items()
        ),
        Heading("in_service", texts.t("report.in_service", language), "text"),
    )
    return Sheet(
        texts.t("report.sheet_facilities", language),
        texts.t("report.title_facilities", language),
        columns,
        plain_frame(rows.to_dict("records"), columns),
        notes=stamp(result, language),
        total_label=total_label(language),
        totals=sums_of(rows, "land_area_m2", "floor_area_m2", "beds", "nursing_beds", "occupied_beds"),
        frozen=2,
    )


_FACILITY_COLUMNS: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "name": "text",
    "street": "text",
    "level": "text",
    "kind": "text",
    "ownership": "text",
    "status": "text",
    "opened": "text",
    "closed": "text",
    "land_area_m2": "m2",
    "floor_area_m2": "m2",
    "beds": "whole",
    "nursing_beds": "whole",
    "occupied_beds": "whole",
    "star": "whole",
}
_OWN_HEADS: Final = ("street", "land_area_m2", "floor_area_m2", "beds", "nursing_beds", "occupied_beds")


def sites(result: StudyResult, language: Language) -> Sheet:
    """Return the chosen sites in rank order."""
    told = Decided(result, language)
    columns = [
        Heading(name, told.gain_head if name == "gain" else texts.t(f"report.site_{name}", language), kind)
        for name, kind in _SITE_COLUMNS.items()
    ]
    layer = result.sites.drop(columns="geometry")
    rows = layer.assign(
        source=layer["source"].map(words_of("source", language)), size_ok=layer["size_ok"].map(yes_no(language))
    )
    return Sheet(
        texts.t("report.sheet_sites", language),
        texts.t("report.title_sites", language),
        columns,
        plain_frame(rows.to_dict("records"), columns),
        notes=(*stamp(result, language), *told.said("aim", "money"), *_candidates.made(result, language)),
        total_label=total_label(language),
        totals=sums_of(layer, "gain", "floor_area_m2"),
    )


_SITE_COLUMNS: Final[Mapping[str, Kind]] = {
    "rank": "whole",
    "facility_id": "text",
    "name": "text",
    "phase": "text",
    "gain": "plain",
    "floor_area_m2": "m2",
    "size_ok": "text",
    "source": "text",
    "cost": "plain",
    "available_from": "text",
}


def clauses(result: StudyResult, language: Language) -> Sheet:
    """Return every clause of the document with what it asks, what there is, and the verdict."""
    text = {
        clause.id: clause.text_zh if language == "zh" else clause.text_en for clause in result.inputs.standard.clauses
    }
    article = {clause.id: clause.article for clause in result.inputs.standard.clauses}
    table = result.indicators
    subject = table["subject"].mask(table["subject_kind"] == "plan", texts.t("sensitivity.kind.plan", language))
    rows = table.assign(
        article=table["clause_id"].map(article),
        text=table["clause_id"].map(text),
        subject=subject,
        unit=table["unit"].map(words_of("standard.unit", language)),
        verdict=table["verdict"].map(words_of("verdict", language)),
        overdue=table["overdue"].map(yes_no(language)),
        deadline=table["deadline"].map(lambda day: None if pd.isna(day) else str(day)),
        reason=table["reason"].map(lambda codes: sentences(codes, "indicators.reason", language)),
        origin=table["origin"].map(words_of("indicators.origin", language)),
        beside=pd.Series(
            [
                _beside(*found, language)
                for found in zip(table["beside"], table["beside_code"], table["unit"], strict=True)
            ],
            index=table.index,
            dtype=object,
        ),
    )
    columns = headings(_CLAUSE_COLUMNS, "report.clause_", language)
    title = texts.t("report.title_clauses", language, standard=standard_title(result, language))
    frame = plain_frame(rows.to_dict("records"), columns)
    kinds = dict.fromkeys(("required", "actual"), kinds_of_units(table["unit"]))
    name = texts.t("report.sheet_clauses", language)
    return Sheet(name, title, columns, frame, notes=stamp(result, language), kinds=kinds)


_CLAUSE_COLUMNS: Final[Mapping[str, Kind]] = {
    "clause_id": "text",
    "article": "text",
    "text": "text",
    "subject": "text",
    "required": "plain",
    "actual": "plain",
    "unit": "text",
    "verdict": "text",
    "deadline": "text",
    "overdue": "text",
    "reason": "text",
    "origin": "text",
    "source": "text",
    "date": "text",
    "beside": "text",
}


def _beside(value: Any, code: Any, unit: Any, language: Language) -> str | None:
    """Return the figure under the other reading of an ambiguity, and which reading that is."""
    if pd.isna(value):
        return None
    return f"{shown_in_unit(value, unit, language)} {texts.t(f'indicators.beside.{code}', language)}"
