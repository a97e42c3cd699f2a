"""The sheets of the current state: place, people, facilities, coverage, compliance, blind spots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

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
from planning.atlas._view import SMALL_UNITS

OUTSIDE: Final = ("uncovered", "unreachable", "unsnapped")
QUOTA_LEVELS: Final = ("community", "village")


def place(canvas: Canvas) -> None:
    """Draw place and extent: boundaries and base."""
    view = canvas.view
    base.draw(canvas)
    base.communities(canvas)
    barrier = base.barriers(canvas)
    furniture.corners(canvas, canvas.border)
    names.streets(canvas)
    _community_names(canvas)
    flow = Flow(canvas)
    furniture.inset_block(flow)
    flow.head(view.say("head.legend"))
    flow.legend(legend.base(canvas, barrier=barrier, communities=bool(view.units["type"].isin(SMALL_UNITS).any())))
    flow.head(view.say("head.units"))
    columns = [
        Column(view.say("column.street"), 2.4, "left"),
        Column(view.say("column.communities"), 1.3),
        Column(view.say("column.areas"), 1.2),
        Column(view.say("column.residents"), 1.5),
        Column(view.say("column.elderly"), 1.5),
    ]
    rows = []
    for row in view.streets.drop(columns="geometry").to_dict("records"):
        below = int((view.units["parent"] == row["unit_id"]).sum()) if "parent" in view.units else None
        many = int(base.in_street(view, row["unit_id"]).sum())
        rows.append(
            [
                words.text(view.name(row, "unit_id")),
                words.whole(below),
                words.whole(many),
                words.whole(row.get("residents")),
                words.whole(row.get("elderly")),
            ]
        )
    flow.table(columns, rows)
    _community_list(flow)
    said = [view.say("point.area", km2=f"{view.border.area / 1e6:.2f}", n=words.whole(len(view.areas)))]
    said += [view.say("point.projection")]
    panel.points(flow, said)
    canvas.footnotes.append(view.say("note.grid"))


def _community_list(flow: Flow) -> None:
    """List communities and villages with their street, residents and areas."""
    view = flow.canvas.view
    small = view.units[view.units["type"].isin(SMALL_UNITS)].drop(columns="geometry")
    if small.empty:
        return
    streets = {row["unit_id"]: words.text(view.name(row, "unit_id")) for row in view.streets.to_dict("records")}
    flow.head(view.say("head.communities"), view.say("legend.units_counted", n=len(small)))
    columns = [
        Column(view.say("column.community"), 2.2, "left"),
        Column(view.say("column.street"), 1.8, "left"),
        Column(view.say("column.residents"), 1.3),
        Column(view.say("column.elderly"), 1.3),
    ]
    rows = [
        [
            words.text(view.name(row, "unit_id")),
            streets.get(row.get("parent"), words.NONE),
            words.whole(row.get("residents")),
            words.whole(row.get("elderly")),
        ]
        for row in small.to_dict("records")
    ]
    flow.table(columns, rows, reserve_mm=24, more=view.more)


def _community_names(canvas: Canvas) -> None:
    view = canvas.view
    style = "area"
    for row in view.units[view.units["type"].isin(SMALL_UNITS)].to_dict("records"):
        shape = canvas.extent.shape(row["geometry"])
        if shapely.intersects(shape, canvas.window_shape):
            canvas.placer.area(shape, [canvas.label([words.text(view.name(row, "unit_id"))], style)])


# --------------------------------------------------------------------------------------------------------- facilities


def facilities(canvas: Canvas) -> None:
    """Draw all facilities, level by status."""
    view = canvas.view
    base.draw(canvas)
    neutral = pd.Series("neutral", index=view.areas.index)
    base.areas(canvas, neutral)
    furniture.corners(canvas, canvas.border)
    levels = tuple(level for level in view.book.levels if (view.facilities["level"] == level).any())
    found = marks.facilities(canvas, levels, label=marks.plain_label(canvas, small=("community", "village")))
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("county", "street", "community", "village"))
    flow = Flow(canvas)
    flow.head(view.say("head.legend"), view.say("legend.facilities_counted", n=len(view.facilities)))
    flow.legend(legend.facilities(canvas, levels, counts=True))
    flow.legend(
        [
            Entry(
                blocks.plain(view.book.base["neutral_area"], view.book.base["neutral_edge"]), view.say("legend.neutral")
            ),
            *legend.base(canvas),
        ]
    )
    _status_table(flow, levels)
    _facility_list(flow)
    canvas.footnotes.append(view.say("note.facilities"))


def _status_table(flow: Flow, levels: tuple[str, ...]) -> None:
    view, frame = flow.canvas.view, flow.canvas.view.facilities
    flow.head(view.say("head.facilities"), view.say("unit.places"))
    columns = [
        Column(view.say("column.level"), 2.0, "left"),
        Column(view.say("column.all"), 1),
        Column(view.say("column.in_service"), 1.2),
    ]
    columns += [Column(view.say(f"column.status_{name}"), 1.4) for name in view.book.statuses if name != "operating"]
    rows = []
    for level in levels:
        here = frame[frame["level"] == level]
        cells = [
            int(here["status"].isin(status.members).sum())
            for name, status in view.book.statuses.items()
            if name != "operating"
        ]
        rows.append(
            [
                view.level(level),
                words.whole(len(here)),
                words.whole(int(here["in_service"].sum())),
                *map(words.whole, cells),
            ]
        )
    sums = [
        int(frame["status"].isin(status.members).sum())
        for name, status in view.book.statuses.items()
        if name != "operating"
    ]
    total = [
        view.say("total"),
        words.whole(len(frame)),
        words.whole(int(frame["in_service"].sum())),
        *map(words.whole, sums),
    ]
    flow.table(columns, rows, total=total)


def _facility_list(flow: Flow) -> None:
    view = flow.canvas.view
    flow.head(view.say("head.facility_list"), view.say("unit.area_m2"))
    columns = [
        Column(view.say("column.facility"), 3.2, "left"),
        Column(view.say("column.level"), 1.3, "left"),
        Column(view.say("column.status"), 1.6, "left"),
        Column(view.say("column.floor_area"), 1.1),
    ]
    order = {level: at for at, level in enumerate(view.book.levels)}
    frame = view.facilities.assign(_at=view.facilities["level"].map(order)).sort_values(["_at", "facility_id"])
    rows = [
        [
            words.text(view.name(row, "facility_id")),
            view.level(row["level"]),
            view.book.status(row["status"]).label(view.language),
            words.m2(row["floor_area_m2"]),
        ]
        for row in frame.drop(columns="geometry").to_dict("records")
    ]
    flow.table(columns, rows, more=view.more)


# ------------------------------------------------------------------------------------------------------------ coverage


def coverage(canvas: Canvas, level: str) -> None:
    """Draw who is within the circle of one level's facilities."""
    view = canvas.view
    base.draw(canvas)
    circle = _catchments(canvas, level)
    roles = view.coverage_roles(level)
    base.areas(canvas, roles)
    outside = view.areas[f"{level}_status"].isin(OUTSIDE).to_numpy(dtype=bool)
    gated = furniture.gates(canvas, outside)
    furniture.corners(canvas, canvas.border)
    levels = (level,) if level == "county" else ("county", level)
    found = marks.facilities(
        canvas, levels, label=marks.plain_label(canvas, small=(level,) if level in QUOTA_LEVELS else ())
    )
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("county", "street"))
    names.areas(canvas, _findings(canvas, level), names.name_then_code(canvas))
    marks.label(canvas, found, places, ("community", "village"))
    _coverage_panel(canvas, level, roles, levels, circle=circle, gated=gated)
    canvas.footnotes.append(view.say("note.coverage"))
    if canvas.scale > 10_000:
        canvas.footnotes.append(view.say("note.named", n=view.named_from))


def _findings(canvas: Canvas, level: str) -> np.ndarray:
    """Return which areas are named: on large scales all, else those outside, small ones left out by rule."""
    view = canvas.view
    status = view.areas[f"{level}_status"]
    if canvas.scale <= 10_000:
        return np.ones(len(view.areas), dtype=bool)
    large = view.weight >= view.named_from
    return np.asarray(status.isin(("unreachable", "unsnapped")) | ((status == "uncovered") & large), dtype=bool)


def _catchments(canvas: Canvas, level: str) -> bool:
    """Draw the wash of each band and the limit line; say whether there was any."""
    view = canvas.view
    serving = view.facilities.loc[(view.facilities["level"] == level) & view.facilities["in_service"], "facility_id"]
    if not view.banded:
        whole = view.catchment(serving, view.plan.radius_m)
        base.wash(canvas, [(whole, view.book.minutes[-1].wash)])
        base.limit(canvas, whole)
        return whole is not None
    bands = [(view.catchment(serving, view.plan.walk.metres(band.upto)), band.wash) for band in reversed(view.bands)]
    base.wash(canvas, bands)
    base.limit(canvas, bands[0][0])
    return bands[0][0] is not None


def _coverage_panel(
    canvas: Canvas, level: str, roles: pd.Series, levels: tuple[str, ...], *, circle: bool, gated: bool
) -> None:
    view, flow = canvas.view, Flow(canvas)
    furniture.inset_block(flow)
    panel.coverage_figures(flow, level)
    flow.head(view.say("head.legend"), view.say("legend.areas_counted", n=len(view.areas)))
    lines = ([legend.limit(canvas)] if circle else []) + ([legend.gate(canvas, "gate_uncovered")] if gated else [])
    flow.legend([*legend.facilities(canvas, levels), *lines])
    covered, outside = legend.coverage(canvas, roles)
    if view.banded:
        flow.legend_note(view.say("legend.covered_areas", level=view.level(level)))
    flow.legend(covered, columns=min(len(covered), 3))
    flow.legend(outside, columns=1)
    flow.legend(legend.base(canvas, wash=[("wash", view.book.minutes[-1].wash)] if circle else []), columns=2)
    panel.street_coverage(flow, level, reserve_mm=8)
    order = [f"minutes_{at}" for at in range(len(view.bands))] if view.banded else []
    panel.street_bars(flow, roles, [*order, "covered", *OUTSIDE])
    panel.coverage_points(flow, level)


# ---------------------------------------------------------------------------------------------------------- blind spots


def blind(canvas: Canvas) -> None:
    """Draw who is outside, strong, over who is inside, pale; and what cuts the way."""
    view = canvas.view
    level = view.plan.siting.level if view.plan.siting.level in view.levels else view.levels[0]
    base.draw(canvas)
    status = view.areas[f"{level}_status"].astype("str")
    base.areas(
        canvas,
        status.where(status.isin(OUTSIDE), "minutes_pale").replace("minutes_pale", f"minutes_{len(view.bands) - 1}"),
    )
    outside = status.isin(OUTSIDE).to_numpy(dtype=bool)
    gated = furniture.gates(canvas, outside)
    barrier = base.barriers(canvas)
    furniture.corners(canvas, canvas.border)
    levels = (level,) if level == "county" else ("county", level)
    found = marks.facilities(canvas, levels, label=marks.plain_label(canvas))
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("county", "street"))
    names.areas(canvas, _findings(canvas, level), names.name_then_code(canvas))
    _blind_panel(canvas, level, status, gated=gated, barrier=barrier)
    canvas.footnotes.append(view.say("note.blind", n=view.named_from))


def _blind_panel(canvas: Canvas, level: str, status: pd.Series, *, gated: bool, barrier: bool) -> None:
    view, flow = canvas.view, Flow(canvas)
    figures = view.summary["coverage"][level]
    out = figures["residential_total"] - figures["residential_covered"]
    flow.head(view.say("head.blind"), panel.limit_text(view))
    found = [(words.whole(out), view.say("unit.areas"), view.say("figure.areas_outside"))]
    for weight, unit in (("households", "unit.households"), ("elderly", "unit.people")):
        many = _outside_of(figures, weight)
        if many is not None:
            found.append((words.whole(many), view.say(unit), view.say(f"figure.{weight}_outside")))
    flow.figures(found)
    flow.head(view.say("head.legend"), view.say("legend.areas_counted", n=len(view.areas)))
    levels = (level,) if level == "county" else ("county", level)
    flow.legend(legend.facilities(canvas, levels) + ([legend.gate(canvas, "gate_uncovered")] if gated else []))
    pale = Entry(
        blocks.plain(view.bands[-1].area, view.bands[-1].edge),
        view.book.coverages["covered"].label(view.language),
        view.say("count", n=int((status == "covered").sum())),
    )
    flow.legend([pale, *legend.roles_of(canvas, status, OUTSIDE)], columns=1)
    flow.legend(legend.base(canvas, barrier=barrier))
    _causes(flow, level)
    _outside_list(flow, level)


def _causes(flow: Flow, level: str) -> None:
    view = flow.canvas.view
    here = view.causes(level)
    if here.empty:
        return
    flow.head(view.say("head.causes"))
    columns = [
        Column(view.say("column.cause"), 3, "left"),
        Column(view.say("column.areas"), 1),
        Column(view.say("column.households"), 1.2),
        Column(view.say("column.elderly"), 1.2),
    ]
    rows = [
        [view.say(f"cause.{row['cause']}"), *(words.whole(row[name]) for name in ("areas", "households", "elderly"))]
        for row in here.to_dict("records")
    ]
    total = [words.whole(_outside_of(view.summary["coverage"][level], weight)) for weight in ("households", "elderly")]
    flow.table(columns, rows, total=[view.say("total"), words.whole(int(here["areas"].sum())), *total])


def _outside_of(figures: Mapping[str, Any], weight: str) -> float | None:
    """Return how many of a weight are outside, None where the run or the edition does not tell."""
    total, covered = figures.get(f"{weight}_total"), figures.get(f"{weight}_covered")
    return None if total is None or covered is None else float(total - covered)


def _outside_list(flow: Flow, level: str) -> None:
    view, frame = flow.canvas.view, flow.canvas.view.areas
    here = frame.assign(_place=view.order("households"))[frame[f"{level}_status"].isin(OUTSIDE)]
    here = here.sort_values(["_place", "residential_id"], na_position="last")
    if here.empty:
        return
    flow.head(view.say("head.outside"), view.say("unit.households_metres"))
    columns = [
        Column(view.say("column.code"), 1.1, "left"),
        Column(view.say("column.area"), 2.2, "left"),
        Column(view.say("column.households"), 1.1),
        Column(view.say("column.distance"), 1.2),
        Column(view.say("column.state"), 1.4, "left"),
    ]
    rows = [
        [
            words.text(row["residential_id"]),
            view.name(row, "residential_id"),
            view.households(row),
            words.metres(row[f"{level}_distance_m"], view.plan.radius_m),
            view.say(f"state.{row[f'{level}_status']}"),
        ]
        for row in here.drop(columns="geometry").to_dict("records")
    ]
    flow.table(columns, rows, more=view.more)
