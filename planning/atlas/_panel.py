"""What panels of several sheets share: tables by street, coverage figures, key points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from planning.atlas import _words as words
from planning.atlas._blocks import Column, Flow
from planning.atlas._view import View

STREET_COLUMNS: Final = ("areas", "households", "covered", "share", "elderly", "elderly_share")


def coverage_figures(flow: Flow, level: str) -> None:
    """Set the covered shares of a level, how they change with the radius, and their bounds."""
    view = flow.canvas.view
    figures = view.summary["coverage"][level]
    flow.head(view.say("head.coverage"), limit_text(view))
    flow.figures(shares(view, figures))
    bands = view.summary.get("coverage_band", {}).get(level, {})
    wanted = sorted({"720", "900", "1000"} & set(bands), key=float)
    items = view.say("comma").join(
        view.say("figure.band", radius=radius, share=words.percent(bands[radius].get("households_share")))
        for radius in wanted
    )
    if items:
        flow.sentence(view.say("figure.bands", items=items))
    total, lower, upper = (figures.get(f"households_{name}") for name in ("total", "lower", "upper"))
    if total and not words.missing(lower) and lower != upper:
        said = [words.percent(value / total) for value in (lower, upper)]
        flow.sentence(view.say("figure.bounds", lower=said[0], upper=said[1]))


def limit_text(view: View) -> str:
    """Return how far a circle reaches, in words."""
    radius = words.metres(view.plan.radius_m, view.plan.radius_m)
    if "service_radius_m" in view.plan.standards:
        return view.say("figure.radius", radius=radius)
    return view.say("figure.limit", minutes=f"{max(view.plan.walk.minutes):g}", radius=radius)


def shares(view: View, figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the big figures of a coverage: shares of households and of the elderly, areas."""
    found = [
        (words.percent(figures.get(f"{weight}_share")), "%", view.say(f"figure.{weight}"))
        for weight in ("households", "elderly")
        if not words.missing(figures.get(f"{weight}_share"))
    ]
    areas = f"{words.whole(figures['residential_covered'])}/{words.whole(figures['residential_total'])}"
    return [*found, (areas, view.say("unit.areas"), view.say("figure.areas"))]


def street_coverage(flow: Flow, level: str, *, reserve_mm: float) -> None:
    """Set the table of streets: areas, households, elderly, covered."""
    view = flow.canvas.view
    if view.streets.empty:
        return
    columns = [Column(view.say("column.street"), 2.2, "left")]
    columns += [
        Column(view.say(f"column.{name}"), part)
        for name, part in zip(STREET_COLUMNS, (1.1, 1.4, 1.4, 1.1, 1.4, 1.2), strict=True)
    ]
    streets = view.streets.drop(columns="geometry").to_dict("records")
    figures = [view.unit_figures[row["unit_id"]]["coverage"][level] for row in streets]
    rows = [
        _coverage_row(words.text(view.name(row, "unit_id")), found) for row, found in zip(streets, figures, strict=True)
    ]
    total = _coverage_row(view.say("total"), view.summary["coverage"][level])
    flow.head(view.say("head.by_street"))
    flow.table(columns, rows, total=total, reserve_mm=reserve_mm, more=view.more)


def _coverage_row(name: str, figures: Mapping[str, Any]) -> list[str]:
    keys = ("residential_total", "households_total", "households_covered")
    counts = [words.whole(figures.get(key)) for key in keys]
    return [name, *counts, words.percent(figures.get("households_share")), words.whole(figures.get("elderly_total")),
            words.percent(figures.get("elderly_share"))]  # fmt: skip


def street_bars(flow: Flow, roles: pd.Series, order: Sequence[str]) -> None:
    """Draw one bar a street: how many of its areas play each role."""
    view, fills = flow.canvas.view, flow.canvas.view.fills()
    rows = []
    for row in view.streets.drop(columns="geometry").to_dict("records"):
        here = roles[view.areas["street"] == row["unit_id"]].value_counts()
        many = int(here.sum())
        if many:
            parts = [(fills[name], here.get(name, 0) / many, "") for name in order]
            rows.append((words.text(view.name(row, "unit_id")), parts))
    if rows and flow.room > 4.4 * len(rows) + 12:
        flow.gap(3.0)
        flow.sentence(view.say("figure.bars"))
        flow.bars(rows)


def coverage_points(flow: Flow, level: str) -> None:
    """Set the key points of a coverage."""
    view = flow.canvas.view
    figures = view.summary["coverage"][level]
    said = []
    lowest = _lowest(view, level)
    if lowest is not None:
        said.append(view.say("point.lowest", name=lowest[0], share=words.percent(lowest[1])))
    total, covered = figures.get("households_total"), figures.get("households_covered")
    if total and not words.missing(covered):
        said.append(view.say("point.outside", n=words.whole(total - covered)))
    if figures["unreachable"] or figures["unsnapped"]:
        said.append(view.say("point.apart", unreachable=figures["unreachable"], unsnapped=figures["unsnapped"]))
    if figures.get("households_missing"):
        said.append(view.say("point.missing", n=figures["households_missing"]))
    points(flow, said)


def _lowest(view: View, level: str) -> tuple[str, float] | None:
    """Return the street with the smallest covered share of households; the first by id at a tie."""
    known = [
        (figures["coverage"][level].get("households_share"), row)
        for row in view.streets.drop(columns="geometry").to_dict("records")
        if (figures := view.unit_figures.get(row["unit_id"]))
    ]
    untold = view.public and any(words.missing(share) for share, _ in known)
    known = [(share, row) for share, row in known if not words.missing(share)]
    if len(known) < 2 or untold:
        return None
    share, row = min(known, key=lambda entry: entry[0])
    return words.text(view.name(row, "unit_id")), share


def points(flow: Flow, said: Sequence[str]) -> None:
    """Set key points, as many as there is room for."""
    if not said or flow.room < 16:
        return
    flow.head(flow.canvas.view.say("head.points"))
    for sentence in said:
        flow.sentence(sentence, bullet=True, most=6)
