"""达标核查: which area has too little room for elderly care, by how much, and under which clause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from planning import standards
from planning.study.sums import known
from planning.ui import parts, planmap, scenes, whatif, words
from planning.ui.pages import card, charted
from planning.ui.parts import Cell, Column, Kind, Tone
from planning.ui.planmap import Scene
from planning.ui.session import Desk

_PICKED: Final = "picked-area"
_TONES: Final[Mapping[str, Tone]] = {"meets": "good", "fails": "bad", "not_assessable": "warn"}


def show(desk: Desk) -> None:
    """Show key figures; then map, card and table together; then streets and clauses."""
    if "compliance" not in desk.summary:
        parts.empty(desk.say("compliance.none"))
        return
    _figures(desk, desk.summary["compliance"])
    st.fragment(partial(_panel, desk))()
    names = ("scorecard", "by_street", "ranking", "clauses")
    score, streets, ranking, clauses = st.tabs([desk.say(f"compliance.{name}") for name in names])
    with score:
        charted.scorecard(desk)
    with ranking:
        charted.shortfalls(desk, desk.result.residential, key="chart-shortfall")
    with streets:
        _streets(desk)
    with clauses:
        _clauses(desk)


def _figures(desk: Desk, figures: Mapping[str, Any]) -> None:
    language = desk.language
    parts.figures(
        [
            (desk.say("compliance.meets_share"), words.percent(figures["meets_share"], language), "",
             desk.say("compliance.meets_share_means")),
            (desk.say("compliance.meets_fails"), f"{figures['meets']:,} / {figures['fails']:,}", "", ""),
            (desk.say("compliance.not_assessable"), words.whole(figures["not_assessable"], language, "areas"),
             desk.say("compliance.not_applicable", count=figures["not_applicable"]),
             desk.say("compliance.not_assessable_means")),
            (desk.say("compliance.required"), words.m2(figures["required_m2"], language),
             desk.say("compliance.provided", value=words.m2(figures["provided_m2"], language)), ""),
            (desk.say("compliance.shortfall"), words.m2(figures["shortfall_m2"], language), "",
             desk.say("compliance.shortfall_means")),
        ]
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- map, card and table


def _panel(desk: Desk) -> None:
    """Show map, card and table, which change together when an area is picked."""
    rows = _rows(desk)
    known = set(rows["residential_id"])
    if st.session_state.get(_PICKED) not in known:
        st.session_state[_PICKED] = str(rows["residential_id"].iloc[0]) if len(rows) else ""
    left, right = st.columns([0.64, 0.36], gap="small")
    picked = st.session_state[_PICKED]
    with left:
        walk = _walk(desk, picked) if picked and desk.levels else Scene()
        planmap.show(desk, theme="compliance", key="map-compliance", height="max(470px, calc(100vh - 298px))",
                     picked=picked, on_pick=partial(_pick_on_map, known), scene=walk)  # fmt: skip
    with right:
        _find(desk, rows)
        with st.container(border=True, height=423, key="card"):
            card.show(desk, st.session_state[_PICKED])
    _table(desk, rows)


def _walk(desk: Desk, residential_id: str) -> Scene:
    """Return the walk that the last step of the card tells of."""
    return scenes.traced(desk, whatif.as_it_is(desk), residential_id, level=desk.plan.siting.level).scene


def _pick_on_map(known: set[str], kind: str, name: str) -> None:
    if kind == "area" and name in known:
        st.session_state[_PICKED] = name


def _find(desk: Desk, rows: pd.DataFrame) -> None:
    """Put a list of all names beside the map: what a click does, by keyboard."""
    names = dict(zip(rows["residential_id"], rows["name"], strict=True))
    ids = list(names)
    st.session_state["find-area"] = st.session_state[_PICKED]

    def chosen() -> None:
        st.session_state[_PICKED] = st.session_state["find-area"]

    st.selectbox(
        desk.say("compliance.find"), ids, key="find-area", on_change=chosen, label_visibility="collapsed",
        format_func=lambda name: f"{words.text(names.get(name))}　{name}",
    )  # fmt: skip


def _rows(desk: Desk) -> pd.DataFrame:
    """Return the areas, largest shortfall first, then those without data, ties by id."""
    layer = desk.result.residential.drop(columns="geometry")
    order = layer["verdict"].map({"fails": 0, "not_assessable": 1, "meets": 2, "not_applicable": 3})
    units = desk.result.units.set_index("unit_id")["name"]
    dressed = pd.DataFrame(layer).assign(order=order, street=layer["street_id"].map(units).fillna(layer["street_id"]))
    return dressed.sort_values(
        ["order", "shortfall_m2", "residential_id"], ascending=[True, False, True], ignore_index=True
    )


def _table(desk: Desk, rows: pd.DataFrame) -> None:
    language = desk.language
    which = st.segmented_control(
        desk.say("compliance.which"), ["fails", "not_assessable", "meets", "not_applicable", "all"], default="fails",
        required=True, key="which-areas", label_visibility="collapsed",
        format_func=lambda name: desk.say("all") if name == "all" else words.word("verdict", name, language),
    )  # fmt: skip
    shown = rows if which == "all" else rows[rows["verdict"] == which].reset_index(drop=True)
    if not len(shown):
        parts.empty(desk.say("compliance.nobody", verdict=words.word("verdict", which, language)))
        return
    dressed = shown.assign(
        finding=shown["verdict"].map(lambda verdict: desk.say(f"marked.{verdict}")),
        built_used=shown["built_used"].map(lambda built: words.word("report.built", built, language)),
        paper=shown["paper_verdict"].map(lambda verdict: words.word("verdict", verdict, language)),
        why=shown["reason"].map(lambda codes: words.reasons(codes, language, "compliance.reason")),
    )
    names = ("finding", "residential_id", "name", "street", "households", "built_used", "required_m2", "provided_m2",
             "shortfall_m2", "pool_id", "paper", "why")  # fmt: skip
    formats = {"households": "localized", "required_m2": "%.1f", "provided_m2": "%.1f", "shortfall_m2": "%.1f"}

    def pick(place: int) -> None:
        st.session_state[_PICKED] = str(shown["residential_id"].iloc[place])

    parts.frame(dressed, {name: desk.say(f"area.{name}") for name in names}, formats=formats, height=332,
                key=f"table-{which}", on_pick=pick)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- by street


def _streets(desk: Desk) -> None:
    language = desk.language
    streets = [unit for unit in desk.summary["units"] if unit["type"] in ("street", "town") and unit["compliance"]]
    units = [{**unit, "compliance": known(unit["compliance"])} for unit in streets]
    if not units:
        parts.empty(desk.say("coverage.no_streets"))
        return
    largest = max((unit["compliance"]["shortfall_m2"] or 0.0 for unit in units), default=0.0)
    left, right = st.columns([0.42, 0.58], gap="small")
    with left:
        parts.head(desk.say("compliance.shortfall_by_street"))
        parts.bars(
            (
                (
                    words.text(unit["name"] or unit["unit_id"]),
                    (unit["compliance"]["shortfall_m2"] or 0.0) / largest if largest else 0.0,
                    words.m2(unit["compliance"]["shortfall_m2"], language),
                    "",
                )
                for unit in units
            ),
            tone="bad",
        )
    with right:
        verdicts = [Column(words.word("verdict", name, language), "num") for name in _VERDICTS]
        sums = [
            Column(desk.say(name), "num")
            for name in ("compliance.meets_share", "area.required_m2", "area.shortfall_m2")
        ]
        columns = [Column(desk.say("area.street")), *verdicts, *sums]
        parts.table(columns, [_street_row(desk, unit) for unit in units])


_VERDICTS: Final = ("meets", "fails", "not_assessable", "not_applicable")


def _street_row(desk: Desk, unit: Mapping[str, Any]) -> list[str | Cell]:
    figures = unit["compliance"]
    return [
        words.text(unit["name"] or unit["unit_id"]),
        *(f"{figures[name]:,}" for name in _VERDICTS),
        words.percent(figures["meets_share"], desk.language),
        words.m2(figures["required_m2"], desk.language),
        words.m2(figures["shortfall_m2"], desk.language),
    ]


# ------------------------------------------------------------------------------------------------------------ clauses


_CLAUSE_COLUMNS: Final[Sequence[tuple[str, Kind]]] = (
    ("id", "tight"),
    ("text", "text"),
    ("subject", "text"),
    ("required", "tight"),
    ("actual", "num"),
    ("verdict", "tight"),
    ("deadline", "tight"),
    ("reason", "text"),
)


def _clauses(desk: Desk) -> None:
    """Put every other clause of the document: what it asks, what there is, the verdict, whether overdue."""
    rows = desk.result.indicators
    if rows.empty:
        parts.empty(desk.say("compliance.no_clauses"))
        return
    columns = [Column(desk.say(f"clause.{name}"), kind) for name, kind in _CLAUSE_COLUMNS]
    subjects = desk.result.units.set_index("unit_id")["name"].to_dict()
    names = ["clause_id", "subject", "actual", "unit", "verdict", "deadline", "overdue", "reason"]
    every = pd.concat([_of_areas(desk), rows[names]]).assign(
        place=lambda table: table["clause_id"].map({one.id: at for at, one in enumerate(desk.standard.clauses)})
    )
    ordered = every.sort_values("place", kind="stable").to_dict("records")
    parts.table(columns, [_clause_row(desk, row, subjects) for row in ordered])


def _of_areas(desk: Desk) -> pd.DataFrame:
    """Return a row per clause that each area owes: how many meet and fail, and what is missing in all."""
    table = desk.result.scorecard
    owed = [desk.standard.clause(name).owed_by == "residential" for name in table["clause_id"]]
    found = table[owed]
    said = [desk.say("clause.areas", meets=row["meets"], fails=row["fails"]) for row in found.to_dict("records")]
    missing = ["" if words.missing(m2) else desk.say("clause.missing", value=words.m2(m2, desk.language))
               for m2 in found["shortfall"]]  # fmt: skip
    kept = found[["clause_id", "unit", "verdict", "deadline", "overdue"]]
    return kept.assign(subject=said, actual=None, reason=None, missing=missing)


def _clause_row(desk: Desk, row: Mapping[Any, Any], subjects: Mapping[str, str]) -> list[str | Cell]:
    language, clause = desk.language, desk.standard.clause(row["clause_id"])
    verdict, overdue = (
        row["verdict"],
        desk.say("clause.overdue") if row["overdue"] is True or row["overdue"] == 1 else "",
    )
    subject = desk.say("clause.plan") if row["subject"] == "plan" else subjects.get(row["subject"], row["subject"])
    return [
        row["clause_id"],
        clause.text_zh if language == "zh" else clause.text_en,
        words.text(subject),
        standards.required(clause, language),
        _actual(row, language),
        Cell(desk.say(f"marked.{verdict}"), _TONES.get(verdict, "")),
        Cell(
            f"{'' if words.missing(row['deadline']) else row['deadline']} {overdue}".strip(), "bad" if overdue else ""
        ),
        words.reasons(row["reason"], language, "indicators.reason")
        if words.missing(row.get("missing"))
        else str(row["missing"]),
    ]


def _actual(row: Mapping[Any, Any], language: Any) -> str:
    """Return what there is, in the clause's unit."""
    if words.missing(row["actual"]):
        return words.NOTHING
    if row["unit"] == "share":
        return words.percent(row["actual"], language)
    if row["unit"] == "act":
        return words.say("yes" if row["actual"] else "no", language)
    return f"{row['actual']:,.10g}"
