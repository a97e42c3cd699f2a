"""One sheet a street: every name, gates, facilities with their floor area, before and after, lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.atlas import _base as base
from planning.atlas import _blocks as blocks
from planning.atlas import _furniture as furniture
from planning.atlas import _legend as legend
from planning.atlas import _marks as marks
from planning.atlas import _names as names
from planning.atlas import _plan as plan
from planning.atlas import _words as words
from planning.atlas._blocks import Column, Entry, Flow
from planning.atlas._canvas import Canvas
from planning.atlas._labels import Label
from planning.atlas._page import Type
from planning.atlas._view import View
from planning.study.sums import known

MARKS: Final = {"covered": "●", "uncovered": "○", "unreachable": "⊘", "unsnapped": "?", "newly_covered": "●"}


@dataclass(frozen=True, eq=False)
class _Here:
    """What stands in a street: its areas and their roles, facilities, chosen sites, candidates."""

    unit_id: str
    inside: np.ndarray
    roles: pd.Series
    facilities: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame


def draw(canvas: Canvas, unit_id: str) -> None:
    """Draw the sheet of street ``unit_id``."""
    view = canvas.view
    row = view.streets[view.streets["unit_id"] == unit_id].to_dict("records")[0]
    subject = canvas.extent.shape(row["geometry"])
    inside = base.in_street(view, unit_id)
    base.draw(canvas, subject=subject)
    base.communities(canvas)
    roles = _roles(canvas, inside, subject)
    base.barriers(canvas)
    gated = furniture.gates(canvas, inside)
    furniture.corners(canvas, subject, inset=lambda box: furniture.inset(canvas, box, chosen=unit_id))
    found = _marks(canvas, subject)
    places = marks.draw(canvas, found)
    names.areas(canvas, inside, names.name_then_code(canvas, lambda area: _households(view, area)), leaders=True)
    marks.label(canvas, found, places, ("site", "county", "street", "community", "village"))
    here = _Here(
        unit_id,
        inside,
        roles,
        *(view.stands_in(frame, unit_id) for frame in (view.facilities, view.sites, view.candidates)),
    )
    _tables(canvas, here, gated=gated)
    canvas.footnotes += [view.say("note.street_sheet"), view.say("note.points")]


def _roles(canvas: Canvas, inside: np.ndarray, subject: Any) -> pd.Series:
    """Draw the areas of the street by what the plan changes, the others neutral; return the roles drawn."""
    view = canvas.view
    neutral = pd.Series("neutral", index=view.areas.index)
    level = view.plan.siting.level if view.plan.siting.level in view.levels else (view.levels or ("",))[0]
    if not level:
        base.areas(canvas, neutral)
        return neutral
    if view.planned:
        roles = view.planned_roles
        plan.draw_after(canvas, roles, only=inside, subject=subject)
    else:
        roles = view.areas[f"{level}_status"].astype("str")
        base.areas(canvas, roles, only=inside)
    base.areas(canvas, neutral, only=~inside)
    return roles


def _households(view: View, area: dict[str, Any]) -> str:
    said = view.households(area)
    return "" if said == words.NONE else view.say("label.households", n=said)


def _marks(canvas: Canvas, subject: Any) -> list[marks.Mark]:
    """Return the symbols that stand in the street, labelled with their floor area; unchosen candidates bare."""
    view, factor = canvas.view, marks.STREET_FACTOR
    near = subject.buffer(0.5)
    found = marks.candidates(canvas, but=view.sites["facility_id"], factor=factor)
    found += marks.facilities(
        canvas, tuple(view.book.levels), factor=factor, label=lambda row: _facility_label(canvas, row)
    )
    found += marks.sites(canvas, view.sites, factor=factor, label=plan.site_label(canvas))
    return [mark for mark in found if shapely.contains_xy(near, mark.x, mark.y)]


def _facility_label(canvas: Canvas, row: dict[str, Any]) -> Label:
    view = canvas.view
    grey = view.book.status(row["status"]).filling in ("bar", "slash", "x")
    hex_ = view.book.status_ink if grey else view.book.levels[row["level"]].hex
    large = row["level"] in ("county", "street")
    style = canvas.style("facility_main" if large else "facility_small", hex_=hex_)
    lines = [marks.short(view.name(row, "facility_id"), canvas.scale)]
    if not words.missing(row["floor_area_m2"]):
        lines.append(view.say("label.floor_area", m2=words.m2(row["floor_area_m2"])))
    second = Type(6.2, style.weight, hex_, style.halo_mm)
    return Label(tuple(lines), (style, second)[: len(lines)], "facility")


# -------------------------------------------------------------------------------------------------------------- tables


def _tables(canvas: Canvas, here: _Here, *, gated: bool) -> None:
    """Fill the columns: before and after with the legend; facilities and measures; areas to watch."""
    flow = Flow(canvas)
    _before_after(flow, here.unit_id)
    _legend(flow, here, gated=gated)
    flow.turn(1)
    _facilities(flow, here)
    _measures(flow, here.inside)
    flow.turn(2)
    _watch(flow, here.inside, here.roles)


def _before_after(flow: Flow, unit_id: str) -> None:
    """Set six rows: coverage of the street before and after; floor area as it is."""
    view = flow.canvas.view
    figures = view.unit_figures.get(unit_id)
    level = view.plan.siting.level
    if figures is None:
        return
    flow.head(
        view.say("head.before_after"),
        view.say("unit.in_street", level=view.level(level) if level in view.levels else ""),
    )
    columns = [
        Column(view.say("column.measure"), 2.6, "left"),
        Column(view.say("column.before"), 1.2),
        Column(view.say("column.after"), 1.2),
        Column(view.say("column.change"), 1.2),
    ]
    flow.table(columns, [*_cover_rows(view, unit_id, figures), *_floor_rows(view, figures["compliance"])])


def _cover_rows(view: View, unit_id: str, figures: Any) -> list[list[str]]:
    cover = figures["coverage"].get(view.plan.siting.level)
    if cover is None:
        return []
    if view.planned and view.plan.siting_radius_m == view.plan.radius_m:
        return plan.change_rows(view, cover, view.after_by_street[unit_id])
    keys = (
        ("residential_covered", words.whole),
        ("households_covered", words.whole),
        ("households_share", words.percent),
        ("elderly_share", words.percent),
    )
    return [[view.say(f"measure.{key}"), show(cover[key]), words.NONE, words.NONE] for key, show in keys]


def _floor_rows(view: View, figures: Any) -> list[list[str]]:
    """Return the compliance rows: a new street centre counts for no area's quota, so before and after are equal."""
    if figures is None:
        return []
    figures = known(figures)
    same = view.plan.siting.level in ("county", "street")
    rows = []
    for key, show in (("meets", words.whole), ("shortfall_m2", words.m2)):
        now = show(figures[key])
        rows.append([view.say(f"measure.{key}"), now, now if same else words.NONE, "0" if same else words.NONE])
    return rows


def _legend(flow: Flow, here: _Here, *, gated: bool) -> None:
    view, canvas = flow.canvas.view, flow.canvas
    flow.head(view.say("head.legend"))
    entries = legend.phases(view, among=here.sites) + legend.facilities(
        canvas, tuple(view.book.levels), among=here.facilities
    )
    offered = here.candidates[here.candidates["role"] != "forbidden"]
    if not offered["facility_id"].isin(view.sites["facility_id"]).all():
        entries.append(Entry(legend.candidates(view)[0].sample, view.say("legend.unchosen")))
    if (here.candidates["role"] == "forbidden").any():
        entries.append(Entry(legend.candidates(view)[-1].sample, view.book.forbidden.label(view.language)))
    if gated:
        entries.append(legend.gate(canvas, "gate"))
    drawn = here.roles[here.inside]
    wanted = [name for name in plan.PLANNED if name in set(drawn)]
    entries += [Entry(entry.sample, entry.text) for entry in legend.roles_of(canvas, drawn, wanted)]
    if view.planned:
        newly = view.book.coverages["newly_covered"]
        entries += [
            legend.limit(canvas, key="before"),
            legend.limit(canvas, key="after"),
            Entry(blocks.plain(view.book.minutes[1].wash), view.say("legend.wash_before")),
            Entry(blocks.plain(newly.wash), view.say("legend.wash_after")),
        ]
    fit = 2 * int(flow.room / blocks.LEGEND_ROW_MM)
    flow.legend(entries[:fit])


def _facilities(flow: Flow, here: _Here) -> None:
    """List the facilities of the street, existing then planned."""
    view = flow.canvas.view
    order = {level: at for at, level in enumerate(view.book.levels)}
    existing = here.facilities.assign(_at=here.facilities["level"].map(order)).sort_values(["_at", "facility_id"])
    rows = [
        [
            view.name(row, "facility_id"),
            view.level(row["level"]),
            view.book.status(row["status"]).label(view.language),
            words.m2(row["floor_area_m2"]),
        ]
        for row in existing.drop(columns="geometry").to_dict("records")
    ]
    for row in here.sites.drop(columns="geometry").to_dict("records"):
        phase = plan.short_phase(words.text(row["phase"])) if not words.missing(row["phase"]) else ""
        state = view.say("state.planned", phase=phase) if phase else view.say("state.planned_plain")
        rows.append(
            [view.name(row, "facility_id"), view.level(view.plan.siting.level), state, words.m2(row["floor_area_m2"])]
        )
    flow.head(view.say("head.facility_list"), view.say("unit.area_m2"))
    columns = [
        Column(view.say("column.order"), 0.5, "center"),
        Column(view.say("column.facility"), 3.0, "left"),
        Column(view.say("column.level"), 1.4, "left"),
        Column(view.say("column.status"), 1.5, "left"),
        Column(view.say("column.floor_area"), 1),
    ]
    numbered = [[str(at), *row] for at, row in enumerate(rows, start=1)]
    flow.table(columns, numbered, reserve_mm=26, more=view.more)


def _measures(flow: Flow, inside: np.ndarray) -> None:
    """List the largest shortfalls of the street; the measure is left to the planner."""
    view = flow.canvas.view
    if "verdict" not in view.areas:
        return
    ranked = view.areas.assign(_place=view.order("shortfall_m2"))
    here = ranked[inside & (view.areas["verdict"] == "fails").to_numpy()].sort_values(["_place", "residential_id"])
    if here.empty:
        return
    rows = [
        [words.text(row["residential_id"]), view.name(row, "residential_id"), _short(view, row), ""]
        for row in here.drop(columns="geometry").to_dict("records")
    ]
    fit = max(int((flow.room - blocks.GAP_MM - blocks.HEAD_MM - 12) / blocks.TABLE_ROW_MM), 0)
    if not fit:
        return
    flow.head(view.say("head.measures"), view.say("legend.first_rows", n=min(fit, len(rows))))
    columns = [
        Column(view.say("column.code"), 1.1, "left"),
        Column(view.say("column.area"), 2, "left"),
        Column(view.say("column.shortfall_m2"), 1.2),
        Column(view.say("column.measure_planned"), 2.6, "left"),
    ]
    flow.table(columns, rows[:fit])
    flow.sentence(view.say("note.measures"))


def _short(view: View, row: dict[Any, Any]) -> str:
    return view.short(row["residential_id"], row.get("shortfall_m2"))


def _watch(flow: Flow, inside: np.ndarray, roles: pd.Series) -> None:
    """List the areas not covered or that fail: those still uncovered first, then by code."""
    view = flow.canvas.view
    level = view.plan.siting.level
    if f"{level}_status" not in view.areas:
        return
    frame = view.areas.assign(_role=roles)[inside]
    verdict = frame["verdict"] if "verdict" in frame else pd.Series("", index=frame.index)
    frame = frame.assign(_verdict=verdict, _late=frame["_role"].isin(("covered", "newly_covered")))
    frame = frame[(frame[f"{level}_status"] != "covered") | (frame["_verdict"] == "fails")].sort_values(
        ["_late", "residential_id"]
    )
    known = view.planned
    flow.head(view.say("head.watch"), view.say("unit.watch"))
    columns = [
        Column(view.say("column.code"), 1.0, "left"),
        Column(view.say("column.area"), 2.1, "left"),
        Column(view.say("column.households"), 0.9),
        Column(view.say("column.now"), 0.8, "center"),
        Column(view.say("column.then"), 0.9, "center"),
        Column(view.say("column.verdict"), 1.3, "center"),
        Column(view.say("column.shortfall"), 1),
    ]
    rows = []
    for row in frame.drop(columns="geometry").to_dict("records"):
        said = (
            view.book.verdicts[row["_verdict"]].label(view.language)
            if row["_verdict"] in view.book.verdicts
            else words.NONE
        )
        then = MARKS[row["_role"]] if known else words.NONE
        rows.append(
            [
                words.text(row["residential_id"]),
                view.name(row, "residential_id"),
                view.households(row),
                MARKS[row[f"{level}_status"]],
                then,
                said,
                _short(view, row),
            ]
        )
    book = view.book
    colours = {
        book.verdicts["fails"].label(view.language): book.verdicts["fails"].hex,
        "●": book.coverages["covered"].edge,
        "○": book.coverages["uncovered"].edge,
        "⊘": book.coverages["unreachable"].hex,
    }
    flow.table(columns, rows, more=view.more, colours=colours)
