"""Room `planning.report`: the sheets that defend a siting plan: why these sites, why not others, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pandas as pd

from planning import texts
from planning.report._sheet import (
    Heading,
    Kind,
    Sheet,
    listed,
    plain_frame,
    shown_number,
    stamp,
    words_of,
    yes_no,
)
from planning.study import StudyResult
from planning.study.told import Explained
from planning.texts import Language

_DROPS: Final[Mapping[str, Kind]] = {
    "rank": "whole",
    "facility_id": "text",
    "name": "text",
    "gain": "plain",
    "objective_without": "plain",
    "loss": "plain",
    "loss_share": "share",
    "left_out": "plain",
    "only_here": "whole",
    "lower_without": "plain",
    "upper_without": "plain",
    "kept": "text",
    "substitute": "text",
    "substitute_loss": "plain",
    "substitute_share": "share",
    "others": "text",
    "floor_area_m2": "m2",
    "gain_per_m2": "plain",
    "cost": "plain",
    "gain_per_cost": "plain",
}
_WHY_NOT: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "name": "text",
    "why": "text",
    "stated": "text",
    "place": "text",
    "objective_then": "plain",
    "loss": "plain",
    "loss_share": "share",
    "left_out": "plain",
    "adds": "plain",
}
_PLANS: Final[Mapping[str, Kind]] = {
    "order": "whole",
    "sites": "text",
    "closed": "text",
    "opened": "text",
    "objective": "plain",
    "loss": "plain",
    "loss_share": "share",
    "left_out": "plain",
}
_CURVE: Final[Mapping[str, Kind]] = {
    "p": "whole",
    "sites": "text",
    "objective": "plain",
    "bound": "plain",
    "gap": "share",
    "status": "text",
    "share": "share",
    "adds": "plain",
    "floor_area_m2": "m2",
    "cost": "plain",
    "adds_per_cost": "plain",
}
_EQUITY: Final[Mapping[str, Kind]] = {
    "street": "text",
    "total": "plain",
    "before_covered": "plain",
    "before_share": "share",
    "before_lower": "plain",
    "before_upper": "plain",
    "after_covered": "plain",
    "after_share": "share",
    "after_lower": "plain",
    "after_upper": "plain",
    "change": "share",
}
_SCENARIOS: Final[Mapping[str, Kind]] = {
    "scenario": "whole",
    "as_planned": "text",
    "speed_m_per_s": "plain",
    "minutes": "plain",
    "radius_m": "m",
    "households": "plain",
    "demand": "text",
    "min_floor_area_m2": "m2",
    "status": "text",
    "objective": "plain",
    "gap": "share",
    "sites": "text",
    "plan_objective": "plain",
    "plan_left_out": "plain",
    "breaks": "text",
    "regret": "plain",
    "regret_share": "share",
}
_CHOSEN: Final[Mapping[str, Kind]] = {
    "facility_id": "text",
    "name": "text",
    "in_plan": "text",
    "times": "whole",
    "share": "share",
    "no_regret": "text",
}


_BY_MODEL: Final = ("drops", "why_not", "plans", "curve")
"""Sheets whose columns may bear the model's own words."""


def sheets(result: StudyResult, language: Language) -> Iterator[Sheet]:
    """Yield the sheets there is something to show on."""
    explained, robust = result.told.explained, result.told.robust
    if explained is not None:
        yield drops(result, explained, language)
        yield why_not(result, explained, language)
        if explained.whole:
            yield plans(result, explained, language)
            yield curve(result, explained, language)
        yield equity(result, explained, language)
    if robust is not None:
        yield _sheet(result, "chosen", _CHOSEN, _times(result, robust.chosen, language), language)
        yield _sheet(result, "scenarios", _SCENARIOS, _circumstances(robust.scenarios, language), language)


def drops(result: StudyResult, explained: Explained, language: Language) -> Sheet:
    """Return what the plan would be without each site, and which candidates could best take its place."""
    name = _names(result)
    best = (
        explained.swaps[explained.swaps["order"] == 1].set_index("facility_id").reindex(explained.drops["facility_id"])
    )
    rows = explained.drops.assign(
        name=_column(name(one, both=False) for one in explained.drops["facility_id"]),
        objective_without=explained.drops["objective"],
        kept=_column(
            _broken(*pair, language) for pair in zip(explained.drops["rules"], explained.drops["subjects"], strict=True)
        ),
        substitute=_column(name(one) for one in best["alternative"]),
        substitute_loss=best["loss"].to_numpy(),
        substitute_share=best["loss_share"].to_numpy(),
        others=_column(_others(explained.swaps, one, name, language) for one in explained.drops["facility_id"]),
    )
    return _sheet(result, "drops", _DROPS, rows, language, _unit(result, language))


def _others(swaps: pd.DataFrame, site: str, name: Any, language: Language) -> str | None:
    """Return the substitutes after the best as a list, each with its loss."""
    rest = swaps[(swaps["facility_id"] == site) & (swaps["order"] > 1)]
    said = [
        texts.t("explain.substitute", language, name=name(row.alternative), loss=_number(row.loss))
        for row in rest.itertuples()
    ]
    return texts.t("report.semicolon", language).join(said) or None


def why_not(result: StudyResult, explained: Explained, language: Language) -> Sheet:
    """Return a reason for every candidate that was not chosen."""
    name, found, siting = _names(result), explained.why_not, result.summary["siting"]
    left_out = {one["facility_id"]: texts.one_language(one["message"], language) for one in siting.get("left_out", ())}
    rows = found.assign(
        name=_column(name(one, both=False) for one in found["facility_id"]),
        why=[_sentence(row, name, (siting["model"], left_out), language) for row in found.to_dict("records")],
        stated=_column(_stated(result, one) for one in found["facility_id"]),
        place=_column(name(one) for one in found["in_place_of"]),
        objective_then=found["objective"],
    )
    return _sheet(result, "why_not", _WHY_NOT, rows, language, _unit(result, language))


def _sentence(row: Mapping[Any, Any], name: Any, asked: tuple[str, Mapping[str, str]], language: Language) -> str:
    """Return a reason as a sentence; ``asked`` is the model, and why it left sites out."""
    model, left_out = asked
    facts = {
        "other": name(row["other"]) or "—",
        "place": name(row["in_place_of"]) or "—",
        "loss": _number(row["loss"]),
        "left_out": _number(row["left_out"]),
        "adds": _number(row["adds"]),
        "why": left_out.get(row["facility_id"], "—"),
        "rules": _broken(row["rules"], row["subjects"], language) or "—",
    }
    code = row["reason"]
    if code == "loses" and (pd.isna(row["loss"]) or (model == "deficit" and row["loss"] == 0)):
        code = "loses_people"
    return texts.t(_key(f"explain.{model}.{code}", f"explain.why.{code}"), language, **facts)


def _key(own: str, usual: str) -> str:
    """Return the key of a model's own words, where it has any."""
    return own if texts.has(own) else usual


def _broken(codes: Any, subjects: Any, language: Language) -> str | None:
    """Return broken conditions as words, each with whom it is about."""
    if not codes:
        return None
    said = [
        texts.t(f"explain.rule.{code}" if texts.has(f"explain.rule.{code}") else "explain.rule.other", language,
                subject=subject, code=code)
        for code, subject in zip(str(codes).split(";"), str(subjects).split(";"), strict=False)
    ]  # fmt: skip
    return texts.t("report.semicolon", language).join(said)


def _stated(result: StudyResult, site: str) -> str | None:
    """Return what screening said of a candidate, where it was asked."""
    layer = result.candidates
    if layer is None or "reasons" not in layer:
        return None
    said = layer.loc[layer["facility_id"] == site, "reasons"].dropna()
    return None if said.empty or not str(said.iloc[0]) else str(said.iloc[0])


def plans(result: StudyResult, explained: Explained, language: Language) -> Sheet:
    """Return the plans nearly as good, and whether there are no others."""
    found, summary = explained.plans, explained.summary
    rows = found.assign(**{column: _column(_list(ids, language) for ids in found[column]) for column in _PLAN_SITES})
    complete, first = summary["plans_complete"], summary["plans_best_first"]
    code = "plans_complete" if complete else "plans_best_first" if first else "plans_unproven"
    note = texts.t(f"explain.{code}", language, within=f"{summary['plans_within']:.0%}", count=len(found))
    return _sheet(result, "plans", _PLANS, rows, language, _unit(result, language), note)


_PLAN_SITES: Final = ("sites", "closed", "opened")


def curve(result: StudyResult, explained: Explained, language: Language) -> Sheet:
    """Return the best plan of each number of sites."""
    found = explained.curve
    rows = found.assign(
        sites=_column(_list(ids, language) for ids in found["sites"]),
        status=found["status"].map(words_of("siting_status", language)),
    )
    return _sheet(result, "curve", _CURVE, rows, language, _unit(result, language))


def equity(result: StudyResult, explained: Explained, language: Language) -> Sheet:
    """Return coverage by street before and after, and how even it is."""
    units, figures = result.units.set_index("unit_id")["name"], explained.summary["equity"]
    no_street = texts.t("report.no_street", language)
    found = explained.equity
    streets = [no_street if pd.isna(one) else str(units.get(one) or one) for one in found["street_id"]]
    notes = [
        texts.t(
            "explain.evenness",
            language,
            when=texts.t(f"explain.{when}", language),
            **{name: "—" if value is None else f"{value:.3f}" for name, value in figures[when].items()},
        )
        for when in ("before", "after")
        if when in figures
    ]
    return _sheet(result, "equity", _EQUITY, found.assign(street=streets), language, *notes)


def _times(result: StudyResult, chosen: pd.DataFrame, language: Language) -> pd.DataFrame:
    name, flag = _names(result), yes_no(language)
    return chosen.assign(
        name=_column(name(one, both=False) for one in chosen["facility_id"]),
        in_plan=chosen["in_plan"].map(flag),
        no_regret=chosen["no_regret"].map(flag),
    )


def _circumstances(scenarios: pd.DataFrame, language: Language) -> pd.DataFrame:
    return scenarios.assign(
        as_planned=scenarios["as_planned"].map(yes_no(language)),
        demand=[texts.t(f"report.weight_{one}", language) for one in scenarios["demand"]],
        status=scenarios["status"].map(words_of("siting_status", language)),
        sites=_column(_list(ids, language) for ids in scenarios["sites"]),
        breaks=_column(_broken(codes, ";" * str(codes).count(";"), language) for codes in scenarios["plan_breaks"]),
    )


def _names(result: StudyResult) -> Any:
    """Return a way from a facility's id to what a person reads: id and name, or the name alone."""
    known = result.facilities.set_index("facility_id")["name"]

    def name(one: Any, *, both: bool = True) -> str | None:
        if one is None or pd.isna(one):
            return None
        own = known.get(one)
        own = None if own is None or pd.isna(own) else str(own)
        return own if not both else f"{one} {own}" if own else str(one)

    return name


def _column(cells: Iterable[str | None]) -> pd.Series[Any]:
    """Return cells as a column of objects, missing ones None."""
    return pd.Series(list(cells), dtype=object)


def _list(ids: Any, language: Language) -> str | None:
    return listed(";".join(map(str, ids)), language) if len(ids) else None


def _number(value: Any) -> str:
    return shown_number(None if value is None or pd.isna(value) else float(value))


def _unit(result: StudyResult, language: Language) -> str:
    """Return the sentence that says what objective and losses are counted in."""
    siting = result.summary["siting"]
    weight = texts.t(f"report.weight_{siting['demand']}", language)
    said = texts.t(f"explain.unit.{siting['model']}", language, weight=weight)
    further = [texts.t(f"explain.further.{name}", language) for name in siting["not_explained"]]
    listed = texts.t("report.comma", language).join(further)
    return said + (texts.t("explain.own_objective_alone", language, further=listed) if further else "")


def _sheet(
    result: StudyResult, name: str, columns: Mapping[str, Kind], rows: pd.DataFrame, language: Language, *notes: str
) -> Sheet:
    model = result.summary["siting"]["model"] if name in _BY_MODEL else ""
    keys = {column: _key(f"explain.{model}.{column}", f"explain.head.{column}") for column in columns}
    heads = [Heading(column, texts.t(keys[column], language), kind) for column, kind in columns.items()]
    frame = plain_frame(rows.to_dict("records"), heads)
    own = texts.t(f"explain.{name}_note", language)
    title = texts.t(_key(f"explain.{model}.{name}_title", f"explain.{name}_title"), language)
    return Sheet(
        texts.t(f"explain.{name}_sheet", language),
        title,
        heads,
        frame,
        notes=(*stamp(result, language), own, *notes),
        frozen=2,
    )
