"""Room `planning.report`: the annex tables a plan is printed with beside the sheets of a review."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from planning import tables, texts
from planning.report import _places
from planning.report._sheet import (
    Kind,
    Sheet,
    headings,
    plain_frame,
    sentences,
    shown_number,
    speaker,
    stamp,
    subject_names,
    sums_of,
    total_label,
    words_of,
)
from planning.study import StudyResult, footing
from planning.study.decided import Decided
from planning.tables import LEVELS
from planning.texts import Language

_LEVEL_COLUMNS: Final[Mapping[str, Kind]] = {
    "level": "text",
    "facilities": "whole",
    "in_service": "whole",
    "floor_area_m2": "m2",
    "beds": "whole",
    "nursing_beds": "whole",
}
_BAND_COLUMNS: Final[Mapping[str, Kind]] = {
    "circle": "text",
    "street": "text",
    "residential_total": "plain",
    "residential_covered": "plain",
    "households_total": "plain",
    "households_covered": "plain",
    "households_share": "share",
    "elderly_total": "plain",
    "elderly_covered": "plain",
    "elderly_share": "share",
}
BAND_FIGURES: Final = tuple(name for name, kind in _BAND_COLUMNS.items() if kind == "plain")
_BLIND_COLUMNS: Final[Mapping[str, Kind]] = {
    "level": "text",
    "residential_id": "text",
    "name": "text",
    "street": "text",
    "households": "plain",
    "elderly": "plain",
    "distance_m": "m",
    "nearest": "text",
    "cause": "text",
}
_GAP_COLUMNS: Final[Mapping[str, Kind]] = {
    "residential_id": "text",
    "name": "text",
    "street": "text",
    "required_m2": "m2",
    "provided_m2": "m2",
    "shortfall_m2": "m2",
    "verdict": "text",
    "reason": "text",
    "measure": "text",
    "measure_cost": "plain",
}
_PLANNED_COLUMNS: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "name": "text",
    "street": "text",
    "nature": "text",
    "phase": "text",
    "level": "text",
    "kind": "text",
    "floor_area_m2": "m2",
    "beds": "whole",
    "nursing_beds": "whole",
    "source": "text",
    "cost": "plain",
}
_NEAR_COLUMNS: Final[Mapping[str, Kind]] = {
    "rank": "whole",
    "facility_id": "text",
    "name": "text",
    "street": "text",
    "level": "text",
    "phase": "text",
    "source": "text",
    "floor_area_m2": "m2",
    "gain": "plain",
    "cost": "plain",
    "available_from": "text",
    "in_charge": "text",
    "funding": "text",
}
_ACCOUNT_COLUMNS: Final[Mapping[str, Kind]] = {
    "input": "text",
    "read": "whole",
    "used": "whole",
    "flagged": "whole",
    "excluded": "whole",
}
_NOT_ADDED: Final = ("rank", "measure_cost")
_STREETS: Final = ("street", "town")
_COMING: Final = ("planned", "building", "accepted", "handed_over")


def by_level(result: StudyResult, language: Language) -> Sheet:
    """Return how many facilities of each level there are, and floor area and beds of those in service."""
    there = result.facilities[result.facilities["status"] != "candidate"]
    serving = there[there["in_service"].astype(bool)]
    rows = []
    for level in (level for level in LEVELS if (there["level"] == level).any()):
        own = serving[serving["level"] == level]
        counts = {"facilities": int((there["level"] == level).sum()), "in_service": len(own)}
        rows.append({"level": texts.t(f"level.{level}", language), **counts, **_known_sums(own)})
    return _sheet("by_level", result, language, rows, _LEVEL_COLUMNS, totals=True)


def _known_sums(own: pd.DataFrame) -> dict[str, float | None]:
    """Return sums of what is known; nothing where no facility states it."""
    found = sums_of(own, "floor_area_m2", "beds", "nursing_beds")
    return {name: found.get(name) for name in ("floor_area_m2", "beds", "nursing_beds")}


# ----------------------------------------------------------------------------------------------------------- coverage


def bands(result: StudyResult, language: Language) -> Sheet:
    """Return coverage per level, walking band and street; the rows of a block add up to its last, the plan."""
    rows = [row for level in result.summary["coverage"] for row in _level_rows(result, level, language)]
    sheet = _sheet("bands", result, language, rows, _BAND_COLUMNS)
    return sheet.footed(groups="circle", additive=BAND_FIGURES, ratios=footing.SHARES, frozen=2)


def _level_rows(result: StudyResult, level: str, language: Language) -> Iterator[dict[str, Any]]:
    streets = [unit for unit in result.summary["units"] if unit["type"] in _STREETS]
    for key, whole in circles_of(result, level).items():
        name = _circle(level, whole, language)
        parts = [(unit["name"] or unit["unit_id"], _of_street(unit, level, key)) for unit in streets]
        for street, figures in with_rest(whole, parts, BAND_FIGURES, language):
            yield {"circle": name, "street": street, **{one: figures.get(one) for one in _BAND_COLUMNS if one in whole}}


def circles_of(result: StudyResult, level: str) -> dict[str, Mapping[str, Any]]:
    """Return the figures of a level at each radius, nearest first: the bands, and the radius reported among them."""
    own = result.summary["coverage"][level]
    found = dict(result.summary["coverage_band"][level])
    if all(band["radius_m"] != own["radius_m"] for band in found.values()):
        found[""] = own
    return dict(sorted(found.items(), key=lambda pair: pair[1]["radius_m"]))


def _of_street(unit: Mapping[str, Any], level: str, key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = unit["coverage_band"][level][key] if key else unit["coverage"][level]
    return found


def _circle(level: str, figures: Mapping[str, Any], language: Language) -> str:
    radius = shown_number(figures["radius_m"])
    if figures["minutes"] is None:
        return texts.t("annex.circle", language, level=texts.t(f"level.{level}", language), radius=radius)
    facts = {"level": texts.t(f"level.{level}", language), "minutes": f"{figures['minutes']:.3g}", "radius": radius}
    return texts.t("annex.circle_minutes", language, **facts)


def blind(result: StudyResult, language: Language) -> Sheet:
    """Return every area outside the circle of each level, with the walk to the nearest facility and the cause."""
    found = pd.DataFrame(result.uncovered.drop(columns="geometry"))
    streets, level, cause = subject_names(result), words_of("level", language), words_of("coverage.cause", language)
    places = result.facilities.set_index("facility_id")["name"].dropna().to_dict()
    rows = [
        {**row, "level": level[row["level"]], "cause": cause.get(row["cause"], row["cause"]),
         "street": streets.get(row["street_id"], row["street_id"]),
         "nearest": places.get(row["facility_id"], row["facility_id"])}
        for row in found.to_dict("records")
    ]  # fmt: skip
    note = texts.t("annex.blind_note", language, radius=shown_number(result.inputs.plan.radius_m))
    return _sheet("blind", result, language, rows, _BLIND_COLUMNS, note)


def with_rest(
    whole: Mapping[str, Any], parts: list[tuple[str, Mapping[str, Any]]], names: tuple[str, ...], language: Language
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the parts, what of the whole lies in none of them where there is any, and the whole as the total."""
    rest = footing.rest(whole, [figures for _, figures in parts], names)
    loose = [(texts.t("report.no_street", language), rest)] if rest["residential_total"] else []
    return [*parts, *loose, (total_label(language), whole)]


# --------------------------------------------------------------------------------------------------------------- gaps


def gaps(result: StudyResult, language: Language) -> Sheet:
    """Return every area and pool that fails or lacks floor area, and the first measure that would do."""
    measures, verdict = _first_measures(result, language), words_of("verdict", language)
    said: list[dict[Any, Any]] = []
    for row in _short(result, language).to_dict("records"):
        measure, cost = measures.get(row["residential_id"], (None, None))
        why = sentences(row["reason"], "compliance.reason", language)
        more = {"verdict": verdict[row["verdict"]], "reason": why, "measure": measure, "measure_cost": cost}
        said.append({**row, **more})
    note = texts.t("annex.gaps_note", language, radius=shown_number(result.inputs.plan.radius_m))
    return _sheet("gaps", result, language, said, _GAP_COLUMNS, note, totals=True)


def _short(result: StudyResult, language: Language) -> pd.DataFrame:
    """Return the areas judged alone that fail or lack floor area, then the pools that do."""
    layer = pd.DataFrame(result.residential.drop(columns="geometry"))
    judged = layer[layer["verdict"].isin(["meets", "fails"])]
    streets = subject_names(result)
    alone = judged[judged["pool_id"].isna()]
    alone = alone.assign(street=alone["street_id"].map(lambda one: streets.get(one, one)))
    pools = judged.dropna(subset=["pool_id"]).drop_duplicates("pool_id").sort_values("pool_id")
    joined = pd.DataFrame(
        {
            "residential_id": pools["pool_id"],
            "name": [texts.t("report.pool_row", language, pool=name) for name in pools["pool_id"]],
            "verdict": pools["verdict"],
            "reason": pools["reason"],
            **{name: pools[f"pool_{name}"] for name in ("required_m2", "provided_m2", "shortfall_m2")},
        }
    )
    rows: pd.DataFrame = pd.concat([alone, joined], ignore_index=True)
    return rows[(rows["verdict"] == "fails") | (rows["shortfall_m2"] > 0)]


def _first_measures(result: StudyResult, language: Language) -> dict[str, tuple[str, float | None]]:
    """Return by area or pool the measure that stands first, said in a line, and what it costs."""
    found, words = {}, words_of("remedies.measure", language)
    places = result.facilities.set_index("facility_id")["name"].dropna().to_dict()
    first = result.remedies[result.remedies["rank"] == 1] if len(result.remedies) else result.remedies
    whose = first["residential_id"].where(first["pool_id"].isna(), first["pool_id"])
    for one, steps in first.groupby(whose):
        said = [
            words.get(measure, measure)
            + ("" if pd.isna(site) else texts.t("annex.at", language, site=places.get(site, site)))
            for measure, site in zip(steps["measure"], steps["facility_id"], strict=True)
        ]
        known = steps["cost"].notna().all()
        found[str(one)] = (texts.t("annex.and", language).join(said), math.fsum(steps["cost"]) if known else None)
    return found


# --------------------------------------------------------------------------------------------------------------- plan


def planned(result: StudyResult, language: Language) -> Sheet:
    """Return what stands when the plan is done: facilities kept, those on their way, and new sites."""
    there = result.facilities[result.facilities["status"] != "candidate"].sort_values("facility_id")
    closed = set((result.summary.get("siting") or {}).get("closed", ()))
    kept = there[there["in_service"].astype(bool) & ~there["facility_id"].isin(closed)]
    coming = there[there["status"].isin(_COMING) & ~there["in_service"].astype(bool)]
    level, kind, status = (words_of(name, language) for name in ("level", "kind", "status"))
    rows = [
        {**row, "nature": nature, "level": level.get(row["level"]), "kind": kind.get(row["kind"]),
         "source": None, "cost": None}
        for part, said in ((kept, None), (coming, status))
        for row in part.drop(columns="geometry").to_dict("records")
        for nature in [texts.t("annex.kept", language) if said is None else said[row["status"]]]
    ]  # fmt: skip
    rows += list(_new_sites(result, language))
    street = _places.streets(result)
    rows = [{**row, "street": street.get(row["facility_id"])} for row in rows]
    notes = [texts.t("annex.planned_note", language)]
    if closed:
        notes += Decided(result, language).said("closed")
    return _sheet("planned", result, language, rows, _PLANNED_COLUMNS, *notes, totals=True)


def _new_sites(result: StudyResult, language: Language) -> Iterator[dict[Any, Any]]:
    source, level = words_of("source", language), texts.t(f"level.{result.inputs.plan.siting.level}", language)
    for row in pd.DataFrame(result.sites.drop(columns="geometry")).to_dict("records"):
        said = source.get(row["source"]) if isinstance(row["source"], str) else None
        yield {**row, "nature": texts.t("annex.new", language), "level": level, "kind": None, "beds": None,
               "nursing_beds": None, "source": said}  # fmt: skip


def near_term(result: StudyResult, language: Language) -> Sheet:
    """Return the sites of the first phase as a list of projects; who is in charge and who pays is left blank."""
    phases = [phase.name for phase in result.inputs.plan.siting.phases]
    layer = pd.DataFrame(result.sites.drop(columns="geometry"))
    first = layer[layer["phase"] == phases[0]] if phases else layer
    rows = list(first.assign(source=first["source"].map(words_of("source", language))).to_dict("records"))
    blank, street = texts.t("annex.blank", language), _places.streets(result)
    level = texts.t(f"level.{result.inputs.plan.siting.level}", language)
    said = [
        {**row, "street": street.get(row["facility_id"]), "level": level, "in_charge": blank, "funding": blank}
        for row in rows
    ]
    note = texts.t("annex.near_note" if phases else "annex.no_phases", language, phase=phases[0] if phases else "")
    return _sheet("near_term", result, language, said, _NEAR_COLUMNS, note, totals=True)


# --------------------------------------------------------------------------------------------------------------- rows


def accounts(result: StudyResult, language: Language) -> Sheet:
    """Return what became of the rows of each input: read = used + flagged + excluded."""
    rows = [{"input": tables.input_name(name, language), **entry} for name, entry in result.summary["ledger"].items()]
    note = texts.t("annex.accounts_note", language)
    return _sheet("accounts", result, language, rows, _ACCOUNT_COLUMNS, note, totals=True)


def _sheet(
    name: str,
    result: StudyResult,
    language: Language,
    rows: list[dict[Any, Any]],
    columns: Mapping[str, Kind],
    *notes: str,
    totals: bool = False,
) -> Sheet:
    """Return a sheet of the annex; ``totals`` sums its additive columns."""
    say = speaker(language)
    heads = headings(columns, "annex.head.", language)
    if "gain" in columns:
        heads = [head if head.name != "gain" else type(head)("gain", Decided(result, language).gain_head, head.kind)
                 for head in heads]  # fmt: skip
    frame = plain_frame(rows, heads)
    summed = [column for column, kind in columns.items() if kind != "text" and column not in _NOT_ADDED]
    return Sheet(
        say(f"annex.sheet.{name}"),
        say(f"annex.title.{name}"),
        heads,
        frame,
        notes=(*stamp(result, language), *notes),
        total_label=total_label(language) if totals else "",
        totals=sums_of(frame, *summed) if totals else {},
        frozen=2,
    )
