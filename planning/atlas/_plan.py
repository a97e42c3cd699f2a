"""The sheets of the plan: layout, coverage after, what is built first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.atlas import _base as base
from planning.atlas import _blocks as blocks
from planning.atlas import _furniture as furniture
from planning.atlas import _legend as legend
from planning.atlas import _marks as marks
from planning.atlas import _names as names
from planning.atlas import _panel as panel
from planning.atlas import _words as words
from planning.atlas._blocks import Column, Entry, Flow
from planning.atlas._canvas import Canvas
from planning.atlas._labels import Label
from planning.atlas._now import OUTSIDE
from planning.atlas._page import Type
from planning.atlas._view import View
from planning.study import wording
from planning.study.decided import SAID_FIRST

# Beside a longer legend there is no room for the inset.
INSET_BESIDE: Final = 8
PLANNED: Final = ("covered", "newly_covered", *OUTSIDE)


# -------------------------------------------------------------------------------------------------------------- layout


def layout(canvas: Canvas) -> None:
    """Draw what is in service and what the plan adds, by phase."""
    view = canvas.view
    base.draw(canvas)
    base.communities(canvas)
    base.areas(canvas, pd.Series("neutral", index=view.areas.index))
    furniture.corners(canvas, canvas.border)
    levels = tuple(level for level in view.book.levels if (view.facilities["level"] == level).any())
    found = marks.facilities(canvas, levels, label=marks.plain_label(canvas))
    found += marks.sites(canvas, view.sites, label=site_label(canvas))
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("site", "county", "street"))
    flow, listed = Flow(canvas), legend.facilities(canvas, levels, counts=True)
    if len(listed) <= INSET_BESIDE:
        furniture.inset_block(flow)
    flow.head(view.say("head.legend"))
    flow.legend(legend.phases(view), columns=1)
    flow.legend(listed)
    neutral = view.fills()["neutral"]
    flow.legend(
        [
            Entry(blocks.plain(neutral.hex, neutral.edge), view.say("legend.neutral")),
            *legend.base(canvas, communities=True),
        ]
    )
    site_table(flow, view.sites, reserve_mm=before_after_mm(view) if len(flow.canvas.layout.columns) == 1 else 0.0)
    before_after(flow)
    panel.points(flow, _plan_points(view))
    canvas.footnotes += [view.say("note.layout"), view.say("note.points")]


def site_label(canvas: Canvas, *, near: int | None = None) -> Any:
    """Return a function that labels a chosen site with its name; with phase and floor area beneath."""
    view = canvas.view

    def of(row: dict[str, Any]) -> Label | None:
        if near is not None and row["number"] != near:
            return None
        hex_ = view.book.phase(row["number"]).hex
        main = canvas.style("facility_main", hex_=hex_)
        small = Type(6.2, 500, hex_, main.halo_mm)
        phase = (
            view.say("site.rank", rank=int(row["rank"]))
            if words.missing(row["phase"])
            else short_phase(words.text(row["phase"]))
        )
        area = _floor_area(view, row)
        beneath = view.say("site.line", phase=phase, area=area) if area else phase
        return Label((view.name(row, "facility_id"), beneath), (main, small), "site")

    return of


def _floor_area(view: View, row: Mapping[str, Any]) -> str:
    """Return the floor area of a site with its unit, nothing where it states none."""
    known = not words.missing(row["floor_area_m2"])
    return view.say("label.floor_area", m2=words.m2(row["floor_area_m2"])) if known else ""


def short_phase(name: str) -> str:
    """Return the name of a phase without its years in brackets."""
    for bracket in ("（", "("):
        name = name.split(bracket, maxsplit=1)[0]
    return name.strip() or name


def site_table(flow: Flow, frame: pd.DataFrame, *, head: str = "head.sites", reserve_mm: float = 0.0) -> None:
    """Set a table of chosen sites, ``reserve_mm`` kept free below it."""
    view = flow.canvas.view
    what = view.say(f"weight.{view.plan.siting.demand}")
    deficit = view.plan.siting.model == "deficit"
    flow.head(view.say(head), view.say("unit.gain_m2") if deficit else view.say("unit.gain", what=what))
    columns = [
        Column(view.say("column.rank"), 0.7, "center"),
        Column(view.say("column.site"), 2.6, "left"),
        Column(view.say("column.phase"), 1.1, "left"),
        Column(view.say("column.source"), 1.7, "left"),
        Column(view.say("column.floor_area"), 1.1),
        Column(view.say("column.gain"), 1.1),
    ]
    rows = [
        [
            str(int(row["rank"])),
            view.name(row, "facility_id"),
            short_phase(words.text(row["phase"])),
            view.say(f"source.{'unknown' if words.missing(row['source']) else row['source']}"),
            words.m2(row["floor_area_m2"]),
            words.whole(row["gain"]),
        ]
        for row in frame.drop(columns="geometry").to_dict("records")
    ]
    flow.table(columns, rows, reserve_mm=reserve_mm, more=view.more)


def before_after_mm(view: View) -> float:
    """Return how high the table of `before_after` stands, with its head."""
    rows = change_rows(view, view.siting["before"], view.siting["after"])
    return blocks.GAP_MM + blocks.HEAD_MM + blocks.TABLE_ROW_MM * (len(rows) + 1) + 2


def before_after(flow: Flow) -> None:
    """Set the run's figures before and after the plan."""
    view, figures = flow.canvas.view, flow.canvas.view.siting
    flow.head(view.say("head.before_after"), view.level(view.plan.siting.level))
    columns = [
        Column(view.say("column.measure"), 2.6, "left"),
        Column(view.say("column.before"), 1.2),
        Column(view.say("column.after"), 1.2),
        Column(view.say("column.change"), 1.2),
    ]
    flow.table(columns, change_rows(view, figures["before"], figures["after"]))


def change_rows(view: View, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[list[str]]:
    """Return rows of counts and shares before and after, the change signed; weights wholly unknown are left out."""
    rows = []
    for key, kind in (
        ("residential_covered", "count"),
        ("households_covered", "count"),
        ("households_share", "share"),
        ("elderly_covered", "count"),
        ("elderly_share", "share"),
    ):
        first, then = before.get(key), after.get(key)
        if words.missing(first) or words.missing(then):
            continue
        show = words.percent if kind == "share" else words.whole
        rows.append([view.say(f"measure.{key}"), show(first), show(then), change(first, then, kind)])
    return rows


def change(first: Any, then: Any, kind: str) -> str:
    """Return the difference with its sign; of shares in percentage points."""
    if kind == "share":
        points = wording.points(first, then)
        return words.signed(points, f"{abs(points)}")
    return words.signed(then - first, words.whole(abs(then - first)))


def _plan_points(view: View) -> list[str]:
    """Return what was asked and found: the proof, what the plan changes, money, closings, phases, other objectives."""
    figures, told = view.siting, view.decided
    status = figures["status"]
    gap = words.percent(figures.get("gap"))
    said = [view.say(f"point.solver_{status}", n=len(view.sites), gap=gap), *told.said("reason")]
    if told.objective():
        said[0] = view.say("point.objective", proof=said[0], model=told.model, objective=told.objective())
    if view.plan.walk.rule == "entrance" and figures["after"].get("elderly_share") is not None:
        said.append(
            view.say(
                "point.after",
                before=words.percent(figures["before"]["elderly_share"]),
                after=words.percent(figures["after"]["elderly_share"]),
            )
        )
    said += told.said(*SAID_FIRST, "load")
    conditions = told.said("condition")
    if conditions:
        said.append(view.say("point.conditions", conditions=view.say("semicolon").join(conditions)))
    return [words.spaced(sentence) for sentence in said]


# --------------------------------------------------------------------------------------------------------------- after


def after(canvas: Canvas) -> None:
    """Draw who is covered, who will be, who will not, with the limit before and after."""
    view = canvas.view
    level = view.plan.siting.level
    base.draw(canvas)
    roles = view.planned_roles
    draw_after(canvas, roles)
    furniture.corners(canvas, canvas.border)
    found = marks.facilities(canvas, (level,), label=marks.plain_label(canvas)) + marks.sites(
        canvas, view.sites, label=site_label(canvas)
    )
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("site", "county", "street"))
    large = (view.weight >= view.named_from).to_numpy(dtype=bool)
    still = roles.isin(("unreachable", "unsnapped")).to_numpy(dtype=bool) | (
        (roles == "uncovered").to_numpy(dtype=bool) & large
    )
    names.areas(canvas, still, names.name_then_code(canvas))
    flow = Flow(canvas)
    furniture.inset_block(flow)
    flow.head(view.say("head.before_after_share"), panel.limit_text(view))
    flow.figures(panel.shares(view, view.siting["after"]))
    flow.head(view.say("head.legend"), view.say("legend.areas_counted", n=len(view.areas)))
    flow.legend([*legend.phases(view)], columns=1)
    flow.legend(
        [*legend.facilities(canvas, (level,)), legend.limit(canvas, key="before"), legend.limit(canvas, key="after")]
    )
    flow.legend(legend.roles_of(canvas, roles, PLANNED), columns=1)
    washes = [("wash_before", view.book.minutes[1].wash), ("wash_after", view.book.coverages["newly_covered"].wash)]
    flow.legend(legend.base(canvas, wash=washes))
    before_after(flow)
    panel.street_bars(flow, roles, PLANNED)
    panel.points(flow, _plan_points(view))
    canvas.footnotes += [view.say("note.coverage"), view.say("note.points")]


def draw_after(canvas: Canvas, roles: pd.Series, *, only: np.ndarray | None = None, subject: Any = None) -> None:
    """Draw areas by what the plan changes, over the catchments before and after."""
    view, radius_m = canvas.view, canvas.view.plan.siting_radius_m
    level = view.plan.siting.level
    serving = view.facilities.loc[(view.facilities["level"] == level) & view.facilities["in_service"], "facility_id"]
    before = view.catchment(serving, radius_m)
    then = view.catchment(pd.concat([view.staying["facility_id"], view.sites["facility_id"]]), radius_m)
    newly = view.book.coverages["newly_covered"]
    base.wash(canvas, [(then, newly.wash), (before, view.book.minutes[1].wash)])
    base.limit(canvas, then, hex_=newly.edge, within=subject)
    base.limit(canvas, before, within=subject)
    base.areas(canvas, roles, only=only)


# ---------------------------------------------------------------------------------------------------------- built first


def near_term(canvas: Canvas) -> None:
    """Draw the sites of the first phase with what a project book needs; later ones hollow and unnamed."""
    view = canvas.view
    base.draw(canvas)
    base.areas(canvas, pd.Series("neutral", index=view.areas.index))
    furniture.corners(canvas, canvas.border)
    level = view.plan.siting.level
    found = marks.facilities(canvas, (level,), label=marks.plain_label(canvas)) + marks.sites(
        canvas, view.sites, label=_project_label(canvas)
    )
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("site", "county", "street"))
    flow = Flow(canvas)
    furniture.inset_block(flow)
    flow.head(view.say("head.legend"))
    flow.legend(legend.phases(view), columns=1)
    neutral = view.fills()["neutral"]
    flow.legend(
        [
            *legend.facilities(canvas, (level,)),
            Entry(blocks.plain(neutral.hex, neutral.edge), view.say("legend.neutral")),
            *legend.base(canvas),
        ]
    )
    first = view.sites[view.sites["number"] == 1]
    _projects(flow, first)
    later = view.sites[view.sites["number"] > 1]
    if len(later):
        site_table(flow, later, head="head.later")
    panel.points(flow, [first_gain(view, first)] if first["gain"].notna().all() else [])
    canvas.footnotes.append(view.say("note.near_term"))


def first_gain(view: View, first: pd.DataFrame) -> str:
    """Say what the first sites add together: people or, where floor area is sought, square metres."""
    gain = words.whole(first["gain"].sum(skipna=False, min_count=1))
    if view.plan.siting.model == "deficit":
        return view.say("point.first_gain_m2", n=len(first), gain=gain)
    return view.say("point.first_gain", n=len(first), gain=gain, what=view.say(f"weight.{view.plan.siting.demand}"))


def _project_label(canvas: Canvas) -> Any:
    view = canvas.view

    def of(row: dict[str, Any]) -> Label | None:
        if row["number"] != 1:
            return None
        hex_ = view.book.phase(1).hex
        main, small = canvas.style("facility_main", hex_=hex_), Type(6.2, 500, view.book.ink["text"], 0.42)
        source = view.say(f"source.{'unknown' if words.missing(row['source']) else row['source']}")
        lines = (
            view.say("site.project", n=f"{int(row['rank']):02d}", name=view.name(row, "facility_id")),
            view.say("site.facts", area=area, source=source) if (area := _floor_area(view, row)) else source,
            view.say("site.year", year=words.text(row["available_from"])[:7]),
        )
        return Label(lines, (main, small, small), "site")

    return of


def _projects(flow: Flow, frame: pd.DataFrame) -> None:
    view = flow.canvas.view
    flow.head(view.say("head.projects"), view.say("unit.projects"))
    columns = [
        Column(view.say("column.project"), 0.9, "center"),
        Column(view.say("column.site"), 2.4, "left"),
        Column(view.say("column.source"), 1.7, "left"),
        Column(view.say("column.floor_area"), 1.1),
        Column(view.say("column.cost"), 1.1),
        Column(view.say("column.available"), 1.5, "left"),
    ]
    rows = [
        [
            f"{int(row['rank']):02d}",
            view.name(row, "facility_id"),
            view.say(f"source.{'unknown' if words.missing(row['source']) else row['source']}"),
            words.m2(row["floor_area_m2"]),
            words.whole(row["cost"]),
            words.text(row["available_from"]),
        ]
        for row in frame.drop(columns="geometry").to_dict("records")
    ]
    flow.table(columns, rows, more=view.more)
