"""Room `planning.report`: the chapters on floor area and on blind spots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from planning import standards, word
from planning.report import _grid, _scorecard
from planning.report._chapters_now import cited, main_level, weight_name, without
from planning.report._scene import Scene
from planning.report._sheet import Kind, Sheet, headings, plain_frame, sentences, sums_of, total_label, words_of
from planning.study import tallied

_BLIND: Final[Mapping[str, Kind]] = {
    "level": "text",
    "cause": "text",
    "areas": "whole",
    "households": "plain",
    "elderly": "plain",
}
_MOST_BLIND: Final = 15


def floor_area(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on the floor area that areas owe and have."""
    figures = scene.summary.get("compliance")
    if figures is None:
        return
    yield scene.heading("floor_area")
    yield scene.heading("owed", 2)
    yield from _duties(scene)
    yield scene.heading("found", 2)
    yield from _findings(scene, figures)
    yield scene.figure("compliance", scene.say("map.compliance"))
    yield scene.heading("pools", 2)
    yield from _pools(scene)
    yield scene.heading("unknown", 2)
    yield from _unknown(scene, figures)


def _duties(scene: Scene) -> Iterator[word.Block]:
    """Yield the clauses on floor area, with clause and number."""
    metrics = (standards.RATE, standards.MINIMUM)
    owed = [clause for clause in scene.result.inputs.standard.clauses if clause.metric in metrics]
    if not owed:
        yield scene.warning("floor_area.no_clause", blank=scene.blank("rate"))
        return
    yield scene.text("floor_area.owed")
    for clause in owed:
        said = clause.text_zh if scene.language == "zh" else clause.text_en
        missing = () if clause.stated else (scene.blank("rate"),)
        yield word.Text((cited(scene, clause), scene.say("colon"), said, *missing), "item")


def _findings(scene: Scene, figures: Mapping[str, Any]) -> Iterator[word.Block]:
    counts = {name: scene.count(figures[name]) for name in ("areas_total", "meets", "fails", "not_assessable",
                                                            "not_applicable")}  # fmt: skip
    yield scene.text("floor_area.counts", **counts, table=scene.see("rollups"))
    if figures["meets_share"] is None:
        yield scene.warning("floor_area.nobody", count=counts["not_assessable"])
    else:
        squares = {name: scene.m2(figures[f"{name}_m2"]) for name in ("required", "provided", "shortfall")}
        yield scene.text("floor_area.sums", share=scene.share(figures["meets_share"]), **squares)
    if scene.result.inputs.standard.status == "draft":
        yield scene.text("floor_area.draft")
    levels = words_of("scorecard.level", scene.language)
    sheet = _scorecard.rollups(scene.result, scene.language)
    shown = _grid.some(sheet, lambda rows: rows["level"].isin([levels["street"], levels["built"]]))
    yield scene.table(shown, "rollups", caption=scene.say("caption.rollups"), columns=without(sheet, "unit_id"))


def _pools(scene: Scene) -> Iterator[word.Block]:
    """Yield what pools there are, and whether the document allows any."""
    layer = scene.result.residential
    pooled = layer.dropna(subset=["pool_id"])
    if pooled.empty:
        yield scene.text("pools.none" if scene.result.inputs.standard.pooling else "pools.not_allowed")
        return
    one = pooled.drop_duplicates("pool_id")
    verdicts = one["verdict"].value_counts()
    facts = {name: int(verdicts.get(name, 0)) for name in ("meets", "fails", "not_assessable")}
    yield scene.text("pools.there", pools=len(one), areas=len(pooled), **facts)


def _unknown(scene: Scene, figures: Mapping[str, Any]) -> Iterator[word.Block]:
    """Yield why areas cannot be judged, counted by reason."""
    layer = scene.result.residential
    open_ = layer[layer["verdict"] == "not_assessable"]
    if open_.empty:
        yield scene.text("unknown.none")
        return
    yield scene.text("unknown.some", count=figures["not_assessable"], table=scene.see("unknown"))
    counted = open_["reason"].fillna("").value_counts().sort_index()
    rows = [
        {"reason": sentences(codes, "compliance.reason", scene.language) or "", "areas": int(count)}
        for codes, count in sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))
    ]
    yield scene.table(tally(scene, "unknown", {"reason": "text", "areas": "whole"}, rows), "unknown")


def tally(scene: Scene, name: str, columns: Mapping[str, Kind], rows: Sequence[Mapping[Any, Any]]) -> Sheet:
    """Return a table that stands in the document alone: counts of rows of a sheet."""
    heads = headings(columns, "document.head.", scene.language)
    frame = plain_frame(rows, heads)
    numbers = [column for column, kind in columns.items() if kind != "text"]
    return Sheet(name, scene.say(f"caption.{name}"), heads, frame, total_label=total_label(scene.language),
                 totals=sums_of(frame, *numbers))  # fmt: skip


# -------------------------------------------------------------------------------------------------------- blind spots


def blind_spots(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on who lives outside, and why."""
    if "coverage" not in scene.summary:
        return
    found = pd.DataFrame(scene.result.uncovered.drop(columns="geometry"))
    yield scene.heading("blind")
    if found.empty:
        yield scene.text("blind.none")
        return
    yield scene.text("blind.some", table=scene.see("blind"))
    yield scene.table(_causes(scene), "blind")
    faults = found[found["cause"].isin(["unsnapped"])]["residential_id"].nunique()
    if faults:
        yield scene.text("blind.faults", count=faults)
    yield from _largest(scene, found[found["level"] == main_level(scene)])
    yield scene.figure("blind", scene.say("map.blind"))


def _causes(scene: Scene) -> Sheet:
    """Return how many areas, households and older people lie outside each level's circle, by cause."""
    words = words_of("coverage.cause", scene.language)
    rows = [
        {**row, "level": scene.level(level), "cause": _said(words, str(row["cause"]))}
        for level in scene.summary["coverage"]
        for row in tallied.causes(scene.result, level).to_dict("records")
    ]
    sheet = tally(scene, "blind", _BLIND, rows)
    return Sheet(sheet.name, sheet.title, sheet.columns, sheet.rows)


def _said(words: Mapping[str, str], cause: str) -> str:
    return words.get(cause, cause)


def _largest(scene: Scene, own: pd.DataFrame) -> Iterator[word.Block]:
    """Yield the blind areas with most people, of the level that the plan is about."""
    weight = scene.result.inputs.plan.siting.demand
    if own.empty or weight not in own or own[weight].isna().all():
        return
    words = words_of("coverage.cause", scene.language)
    first = own.sort_values([weight, "residential_id"], ascending=[False, True]).head(_MOST_BLIND)
    columns: dict[str, Kind] = {"residential_id": "text", "name": "text", "households": "plain", "elderly": "plain",
                                "distance_m": "m", "cause": "text"}  # fmt: skip
    rows = first.assign(cause=[_said(words, str(cause)) for cause in first["cause"]])
    heads = headings(columns, "document.head.", scene.language)
    level = scene.level(main_level(scene))
    facts = {"level": level, "count": str(len(first)), "of": str(len(own)), "weight": weight_name(scene, weight)}
    sheet = Sheet(
        "largest", scene.say("caption.largest", level=level), heads, plain_frame(rows.to_dict("records"), heads)
    )
    yield scene.text("blind.largest", **facts, table=scene.see("largest"))
    yield scene.table(sheet, "largest")
