"""选址: where the new sites go, what each adds, and how good the choice is proven to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from planning import texts
from planning.study.decided import Decided
from planning.ui import parts, planmap, words
from planning.ui.pages import charted, home, whatif
from planning.ui.parts import Cell, Column, Kind
from planning.ui.session import Desk

_WEIGHTS: Final = ("elderly", "residents", "households", "residential")


VIEW: Final = "siting-view"


def show(desk: Desk) -> None:
    """Show what the solver chose, or what somebody tries by hand."""
    if "coverage" not in desk.summary or "compliance" not in desk.summary:
        _solved(desk)
        return
    view = st.segmented_control(
        desk.say("whatif.view"), ("solved", "by_hand"), default="solved", required=True, key=VIEW,
        format_func=lambda name: desk.say(f"whatif.{name}"), label_visibility="collapsed",
    )  # fmt: skip
    if view == "by_hand":
        whatif.show(desk)
    else:
        _solved(desk)


def _solved(desk: Desk) -> None:
    """Show the answer and its proof, the map, the sites with their gain, the candidates left over, before and after."""
    siting = desk.summary.get("siting")
    if siting is None:
        parts.empty(desk.say("siting.none"))
        return
    told = Decided(desk.result, desk.language)
    _figures(desk, siting)
    if siting["reasons"]:
        st.error(desk.say("siting.infeasible"), icon=":material/error:")
        parts.table([Column(desk.say("siting.why"))], [[said] for said in told.said("reason")])
    left, right = st.columns([0.58, 0.42], gap="small")
    with left:
        planmap.show(desk, theme="siting", key="map-siting", height="max(470px, calc(100vh - 300px))")
    with right:
        with st.container(border=True):
            parts.html(f'<p class="p-sentence">{home.siting_sentence(desk)}</p>')
            parts.muted(*told.said("aim"), *told.said("money", "closed"))
        _before_and_after(desk, siting)
        _curve(desk, siting)
    _sites(desk, siting)
    phases(desk)
    _lines(desk, told)
    _left_over(desk, siting, told)


def _figures(desk: Desk, siting: Mapping[str, Any]) -> None:
    language, weight = desk.language, siting["demand"]
    before, after = siting["before"], siting["after"]
    parts.figures(
        [
            (desk.say(f"coverage.{weight}"), words.percent(after[f"{weight}_share"], language),
             desk.say("siting.was", value=words.percent(before[f"{weight}_share"], language)), ""),
            (desk.say(f"siting.gain_{weight}"),
             words.whole(_difference(after[f"{weight}_covered"], before[f"{weight}_covered"]), language),
             desk.say("siting.was", value=words.whole(before[f"{weight}_covered"], language)), ""),
            (desk.say("siting.still_outside"),
             words.whole(_difference(after[f"{weight}_total"], after[f"{weight}_covered"]), language),
             desk.say("siting.of", value=words.whole(after[f"{weight}_total"], language)), ""),
            (desk.say("siting.new"), desk.say("siting.places", count=len(siting["sites"])),
             desk.say("siting.offered", count=_offered(desk)), ""),
            (desk.say("siting.proof"), words.word("siting_status", siting["status"], language),
             _gap(desk, siting), desk.say("siting.proof_means")),
        ]
    )  # fmt: skip


def _difference(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one - other


def _offered(desk: Desk) -> int:
    return int((desk.result.facilities["status"] == "candidate").sum())


def _gap(desk: Desk, siting: Mapping[str, Any]) -> str:
    return "" if siting["gap"] is None else desk.say("siting.gap", gap=words.percent(siting["gap"], desk.language))


def _before_and_after(desk: Desk, siting: Mapping[str, Any]) -> None:
    language, before, after = desk.language, siting["before"], siting["after"]
    parts.head(desk.say("siting.before_after"))
    columns = [Column(""), Column(desk.say("siting.total"), "num"), Column(desk.say("siting.before"), "num"),
               Column(desk.say("siting.after"), "num"), Column(desk.say("siting.share_before"), "num"),
               Column(desk.say("siting.share_after"), "num")]  # fmt: skip
    weights = [weight for weight in _WEIGHTS if after.get(f"{weight}_total") is not None]
    parts.table(
        columns,
        [
            [
                desk.say(f"weight.{weight}"),
                words.whole(after[f"{weight}_total"], language),
                words.whole(before[f"{weight}_covered"], language),
                words.whole(after[f"{weight}_covered"], language),
                words.percent(before[f"{weight}_share"], language),
                words.percent(after[f"{weight}_share"], language),
            ]
            for weight in weights
        ],
        strong=weights.index(siting["demand"]) if siting["demand"] in weights else None,
    )


def _curve(desk: Desk, siting: Mapping[str, Any]) -> None:
    """Put what each further site would add, with the plan's own number marked."""
    share = siting["after"][f"{siting['demand']}_share"]
    own = pd.DataFrame({"name": [desk.say("charts.this_plan")], "p": [len(siting["sites"])], "share": [share]})
    charted.curve(desk, own)


def _sites(desk: Desk, siting: Mapping[str, Any]) -> None:
    """Put the chosen sites in rank order; the gain of each is what it adds to those before it."""
    language, rows = desk.language, siting["sites"]
    adds = siting["model"] not in ("deficit", "capacitated")
    parts.head(desk.say("siting.sites"), desk.say("siting.sites_beside") if adds else "")
    if not rows:
        parts.empty(desk.say("siting.no_sites"))
        return
    phased = any(not words.missing(row["phase"]) for row in rows)
    costed = any(not words.missing(row["cost"]) for row in rows)
    absent = {*(() if phased else ("phase",)), *(() if costed else ("cost",))}
    names = [name for name in _SITE_COLUMNS if name not in absent]
    gain = Decided(desk.result, language).gain_head
    columns = [Column(gain if name == "gain" else desk.say(f"site.{name}"), _SITE_COLUMNS[name]) for name in names]
    parts.table(columns, [_site_row(desk, row, names, siting, language) for row in rows])


_SITE_COLUMNS: Final[Mapping[str, Kind]] = {
    "rank": "num",
    "name": "text",
    "phase": "tight",
    "gain": "num",
    "floor_area_m2": "num",
    "source": "text",
    "cost": "num",
    "available_from": "tight",
    "ties": "text",
}


def _site_row(
    desk: Desk, row: Mapping[str, Any], names: list[str], siting: Mapping[str, Any], language: Any
) -> list[str | Cell]:
    twins = [other for site, other in siting["ties"] if site == row["facility_id"]]
    said = {
        "rank": words.text(row["rank"]),
        "name": desk.say("site.called", name=words.text(row["name"]), id=row["facility_id"]),
        "phase": words.text(row["phase"]),
        "gain": words.whole(row["gain"], language),
        "floor_area_m2": words.m2(row["floor_area_m2"], language),
        "source": words.word("source", row["source"], language),
        "cost": "" if words.missing(row["cost"]) else desk.say("site.cost_value", value=f"{row['cost']:,g}"),
        "available_from": "" if words.missing(row["available_from"]) else str(row["available_from"]),
        "ties": desk.say("site.twins", ids=desk.say("comma").join(twins)) if twins else desk.say("site.no_twins"),
    }
    return [said[name] for name in names]


def phases(desk: Desk) -> None:
    """Put what each phase reaches beside the best plan for that phase alone; nothing where the plan has no phases."""
    if desk.summary.get("siting") is None:
        return
    told = Decided(desk.result, desk.language)
    rows, language = told.phases(), desk.language
    if not rows:
        return
    parts.head(desk.say("siting.phases"), desk.say("siting.phases_beside"))
    limited = any(not words.missing(row["budget"]) for row in rows)
    names = [name for name in _PHASE_COLUMNS if limited or name != "budget"]
    columns = [Column(texts.t(f"decided.head.{name}", language), _PHASE_COLUMNS[name]) for name in names]
    amounts = ("objective", "own_optimum", "cost_of_commitment")
    said = [{**row, **{name: _amount(told, row[name]) for name in amounts}} for row in rows]
    parts.table(columns, [[words.text(row[name]) for name in names] for row in said])


_PHASE_COLUMNS: Final[Mapping[str, Kind]] = {
    "name": "tight",
    "by": "tight",
    "p": "num",
    "sites": "text",
    "budget": "num",
    "spent": "num",
    "objective": "num",
    "own_optimum": "num",
    "own_sites": "text",
    "cost_of_commitment": "num",
}


def _amount(told: Decided, value: Any) -> str:
    return words.NOTHING if words.missing(value) else told.amount(value)


def _lines(desk: Desk, told: Decided) -> None:
    """Put the conditions in force, further objectives and what each facility serves."""
    lines = told.lines("condition", "stage", "load")
    with st.expander(desk.say("siting.conditions", count=len(told.lines("condition"))), expanded=True):
        parts.table(
            [Column(texts.t("decided.head.topic", desk.language), "tight"),
             Column(texts.t("decided.head.text", desk.language))],
            [[texts.t(f"decided.topic.{line.topic}", desk.language), line.text] for line in lines],
        )  # fmt: skip


def _left_over(desk: Desk, siting: Mapping[str, Any], told: Decided) -> None:
    """Put the candidates that were not chosen, each with what is known about why."""
    rows = desk.result.facilities
    chosen = {site["facility_id"] for site in siting["sites"]}
    others = "not_chosen" if siting["status"] == "optimal" else "left"
    twins, never = {other for _, other in siting["ties"]}, told.excluded_why
    left = rows[(rows["status"] == "candidate") & ~rows["facility_id"].isin(chosen)].sort_values("facility_id")
    with st.expander(desk.say("siting.left_over", count=len(left))):
        parts.muted(*told.summed())
        dressed = left.drop(columns="geometry").assign(
            source=left["source"].map(lambda source: words.word("source", source, desk.language)),
            why=[
                never.get(name) or desk.say("site." + ("twin" if name in twins else others))
                for name in left["facility_id"]
            ],
        )
        names = ("facility_id", "name", "source", "max_floor_area_m2", "cost", "available_from", "why")
        labels = {name: desk.say(f"site.{name}") for name in names}
        parts.frame(dressed, labels, formats={"max_floor_area_m2": "%.1f", "cost": "%.1f"}, height=330, key="left-over")
