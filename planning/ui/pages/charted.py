"""Charts of a finished run, each on the page that asks its question: clauses, streets, distances, shortfalls, curve."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from planning import palette
from planning.study.scorecard import VERDICTS
from planning.ui import charts, parts, words
from planning.ui.parts import Column
from planning.ui.session import Desk

BIN_M: Final = 100.0
FARTHEST_M: Final = 3000.0
LARGEST: Final = 12
_CURVED: Final = ("mclp", "lscp")


# ---------------------------------------------------------------------------------------------------------- scorecard


def scorecard(desk: Desk) -> None:
    """Put every clause as one bar: which share of those it concerns meets it, fails it, or cannot be told."""
    table = desk.result.scorecard
    if table.empty:
        parts.empty(desk.say("compliance.no_clauses"))
        return
    counts = table["verdict"].value_counts()
    parts.head(
        desk.say("scorecard.head"),
        desk.say("scorecard.beside", all=len(table), overdue=int(table["overdue"].sum()),
                 **{name: int(counts.get(name, 0)) for name in VERDICTS}),
    )  # fmt: skip
    book = palette.load().verdicts
    kinds = {words.word("verdict", name, desk.language): (book[name].hex, book[name].edge) for name in VERDICTS}
    labels = {name: desk.say(f"scorecard.{name}") for name in ("clause", "verdict", "count", "share", "whole")}
    charts.stacked(scores(desk), kinds=kinds, labels=labels, key="scorecard")


def scores(desk: Desk) -> pd.DataFrame:
    """Return ``clause, verdict, count, share, whole``: who meets each clause, in the order of the document.

    ``clause`` is its id with what it asks.

    A clause that concerns nobody here has one row of count 0 whose share is 1, so that it does not look forgotten.
    """
    asks = {one.id: one.text_zh if desk.language == "zh" else one.text_en for one in desk.standard.clauses}
    long = desk.result.scorecard.melt(
        ["clause_id", "verdict"], list(VERDICTS), var_name="kind", value_name="count"
    ).assign(place=lambda t: t["clause_id"].map({name: at for at, name in enumerate(asks)}))
    total = long.groupby("clause_id")["count"].transform("sum")
    kept = long[(long["count"] > 0) | ((total == 0) & (long["kind"] == long["verdict"]))]
    share = (kept["count"] / total[kept.index]).astype(float).where(total[kept.index] > 0, 1.0)
    named = {name: words.word("verdict", name, desk.language) for name in VERDICTS}
    return pd.DataFrame(
        {"clause": kept["clause_id"] + " " + kept["clause_id"].map(asks), "verdict": kept["kind"].map(named),
         "count": kept["count"].astype(int), "share": share, "whole": kept["verdict"].map(named),
         "at": kept["kind"].map({name: at for at, name in enumerate(VERDICTS)}), "place": kept["place"]}
    ).sort_values(["place", "at"], ignore_index=True)  # fmt: skip


# ------------------------------------------------------------------------------------------------- streets, distances


def streets(desk: Desk, level: str, weight: str) -> None:
    """Put coverage by street as bars on a track of 100 %, in the plan's order; nothing where it has no streets."""
    units = [unit for unit in desk.summary["units"] if unit["type"] in ("street", "town")]
    table = pd.DataFrame(
        {"street": words.text(unit["name"] or unit["unit_id"]), "unit_id": unit["unit_id"],
         **{name: unit["coverage"][level][f"{weight}_{name}"] for name in ("share", "covered", "total")}}
        for unit in units
    )  # fmt: skip
    if table.empty:
        parts.muted(desk.say("coverage.no_streets"))
        return
    table = table.assign(street=told_apart(table["street"], table["unit_id"]))
    radius = words.metres(desk.plan.radius_m, desk.plan.radius_m, desk.language)
    parts.head(desk.say(f"by_street.{weight}"), desk.say("by_street.beside", level=desk.level(level), radius=radius))
    labels = {"street": desk.say("area.street"), "share": desk.say("charts.share"),
              "covered": desk.say("charts.covered"), "total": desk.say("charts.total")}  # fmt: skip
    charts.shares(table, name="street", labels=labels, key="chart-streets")


def walks(desk: Desk, level: str) -> None:
    """Put how far areas are from their nearest facility of a level, with the radius: who just misses it."""
    layer = desk.result.residential
    weighed = f"{level}_equivalent_m"
    known = layer[weighed if weighed in layer else f"{level}_distance_m"]
    bins = distances(known)
    away = int(known.isna().sum())
    beyond = int((known > FARTHEST_M).sum())
    parts.head(desk.say("charts.distances"), desk.say("charts.distances_beside", away=away, beyond=beyond))
    if known.isna().all():
        parts.muted(desk.say("coverage.no_facility", level=desk.level(level)))
        return
    charts.distances(bins, limit_m=desk.plan.radius_m, labels=distance_labels(desk), key="chart-distances")


def distance_labels(desk: Desk) -> dict[str, str]:
    """Return the words of a chart of distances."""
    named = {"from_m": "from", "to_m": "to", "count": "count"}
    return {name: desk.say(f"compare.distance_{said}") for name, said in named.items()}


def distances(metres: pd.Series) -> pd.DataFrame:
    """Return ``from_m, to_m, count`` of areas in steps of 100 m, a limit belonging to the step below it."""
    known = metres.dropna().to_numpy(dtype=float)
    known = np.minimum(known, FARTHEST_M)
    place = np.maximum(np.ceil(known / BIN_M).astype(int) - 1, 0)
    count = np.bincount(place, minlength=int(place.max(initial=0)) + 1)
    start = np.arange(len(count)) * BIN_M
    return pd.DataFrame({"from_m": start, "to_m": start + BIN_M, "count": count})


# ------------------------------------------------------------------------------------------------- shortfalls, curve


def shortfalls(desk: Desk, areas: pd.DataFrame, *, key: str) -> None:
    """Put where most floor area is short; ``areas`` has ``residential_id, shortfall_m2``."""
    worst = areas[areas["shortfall_m2"] > 0]
    worst = worst.sort_values(["shortfall_m2", "residential_id"], ascending=[False, True]).head(LARGEST)
    if worst.empty:
        parts.empty(desk.say("charts.no_shortfall"))
        return
    names = desk.result.residential.set_index("residential_id")["name"]
    labels = {"area": desk.say("compare.area"), "shortfall_m2": desk.say("compare.shortfall_m2")}
    called = worst["residential_id"].map(names).fillna(worst["residential_id"])
    shown = worst.assign(
        area=told_apart(called, worst["residential_id"]), shortfall_m2=worst["shortfall_m2"].astype(float)
    )
    charts.bars(shown, name="area", value="shortfall_m2", labels=labels, colour=charts.BAD, key=key)
    with st.expander(labels["shortfall_m2"]):
        rows = [[row["area"], words.m2(row["shortfall_m2"], desk.language)] for row in shown.to_dict("records")]
        parts.table([Column(labels["area"]), Column(labels["shortfall_m2"], "num")], rows)


def curve(desk: Desk, marks: pd.DataFrame) -> None:
    """Put the share covered by the best plan of each number of sites, the plan's own marked; nothing without one."""
    best = curve_of(desk)
    if best.empty:
        return
    weight = desk.say(f"weight.{desk.plan.siting.demand}")
    parts.head(desk.say("compare.curve_head"), desk.say("charts.curve_beside"))
    labels = {"p": desk.say("compare.p"), "share": desk.say("compare.share", weight=weight),
              "name": desk.say("compare.name")}  # fmt: skip
    charts.curve(best, marks, labels=labels, key="chart-curve", height=200)


def curve_of(desk: Desk) -> pd.DataFrame:
    """Return ``p, share`` of the best plan of each number of sites, empty where the run has none.

    Only models that count who is within the radius have shares that coverage can be held against.
    """
    told = desk.result.told.explained
    if told is None or told.curve.empty or desk.plan.siting.model not in _CURVED:
        return pd.DataFrame({"p": pd.Series(dtype="int64"), "share": pd.Series(dtype="float64")})
    return pd.DataFrame(told.curve[["p", "share"]]).dropna().astype({"p": "int64", "share": "float64"})


def told_apart(names: pd.Series, ids: pd.Series) -> pd.Series:
    """Return names, with the id behind those that are not alone."""
    return names.where(~names.duplicated(keep=False), names + " " + ids)
