"""The sheet of older people: communities by share, circles for their number."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from planning.atlas import _base as base
from planning.atlas import _blocks as blocks
from planning.atlas import _furniture as furniture
from planning.atlas import _legend as legend
from planning.atlas import _names as names
from planning.atlas import _words as words
from planning.atlas._blocks import Column, Entry, Flow
from planning.atlas._canvas import Canvas
from planning.atlas._fonts import Box
from planning.atlas._page import Page, Pen, Type
from planning.atlas._view import SMALL_UNITS, View

CIRCLE_MM: Final = 13.0


def has_people(view: View) -> bool:
    """Say whether the units bring residents and people aged 60 and over."""
    units = view.units
    known = units["type"].isin(SMALL_UNITS) if len(units) else pd.Series(dtype=bool)
    return (
        bool(len(units))
        and {"residents", "elderly"} <= set(units)
        and bool(units.loc[known, ["residents", "elderly"]].notna().all(axis=1).any())
    )


def draw(canvas: Canvas) -> None:
    """Draw communities by share of people aged 60 and over, with circles for their number."""
    view, ramp = canvas.view, canvas.view.book.ramps["elderly_share"]
    base.draw(canvas)
    units = view.units[view.units["type"].isin(SMALL_UNITS)].reset_index(drop=True)
    share = (units["elderly"] / units["residents"].where(units["residents"] > 0)).to_numpy(dtype=float)
    shapes = np.asarray(canvas.extent.shapes(units.geometry.to_numpy()))
    classes = np.searchsorted(ramp.breaks, share, side="left")
    for place_, hex_ in enumerate(ramp.hex):
        canvas.page.fill(canvas.inside(shapes[(classes == place_) & np.isfinite(share)]), hex_, z=base.Z_WASH)
    base.communities(canvas)
    furniture.corners(canvas, canvas.border)
    largest = float(units["elderly"].max())
    _circles(canvas, units, shapes, largest)
    names.streets(canvas)
    for row, shape in zip(units.drop(columns="geometry").to_dict("records"), shapes, strict=True):
        point = shape.representative_point()
        many = 0.0 if words.missing(row["elderly"]) else row["elderly"]
        reach = CIRCLE_MM / 2 * float(np.sqrt(many / largest))
        canvas.placer.point(
            point.x, point.y, max(reach, 1.5), canvas.label([words.text(view.name(row, "unit_id"))], "area")
        )
    _people_panel(canvas, units, share, classes, largest)
    canvas.footnotes.append(view.say("note.people"))


def _circles(canvas: Canvas, units: Any, shapes: np.ndarray, largest: float) -> None:
    """Draw a circle a unit, its area in proportion to the number."""
    for many, shape in zip(units["elderly"], shapes, strict=True):
        if words.missing(many) or many <= 0:
            continue
        radius = CIRCLE_MM / 2 * float(np.sqrt(many / largest))
        point = shape.representative_point()
        _circle(canvas.page, point.x, point.y, radius, canvas, z=45)
        said = words.whole(many)
        style = Type(5.8, 700, canvas.view.book.ink["text"], 0.42)
        canvas.page.text(point.x, point.y - 0.75, said, style, anchor="center", z=80, kind="count")
        reach = max(radius, 1.0)
        canvas.placer.taken.take(
            Box(point.x - max(reach, 2.6), point.y - reach, point.x + max(reach, 2.6), point.y + reach)
        )


def _circle(page: Page, x: float, y: float, radius: float, canvas: Canvas, *, z: float) -> None:
    accent = canvas.view.book.ink["accent"]
    page.fill(
        shapely.Point(x, y).buffer(radius, 32), canvas.view.book.minutes[1].area, edge=Pen(accent, 0.2), z=z, alpha=0.75
    )


def _people_panel(canvas: Canvas, units: Any, share: np.ndarray, classes: np.ndarray, largest: float) -> None:
    view, ramp, flow = canvas.view, canvas.view.book.ramps["elderly_share"], Flow(canvas)
    furniture.inset_block(flow)
    flow.head(view.say("head.people"))
    known = view.units[
        view.units["type"] == ("county" if (view.units["type"] == "county").any() else view.streets["type"].iloc[0])
    ]
    residents, elderly = (float(known[name].sum(skipna=False)) for name in ("residents", "elderly"))
    flow.figures(
        [
            (words.percent(elderly / residents if residents > 0 else None), "%", view.say("figure.elderly_share")),
            (words.whole(elderly), view.say("unit.people"), view.say("figure.elderly_people")),
        ]
    )
    flow.head(view.say("head.legend"), view.say("legend.units_counted", n=len(units)))
    flow.legend_note(view.say("legend.elderly_share"))
    breaks = [f"{cut * 100:.0f} %" for cut in ramp.breaks]
    labels = [
        f"≤ {breaks[0]}",
        *(f"{low}–{high}" for low, high in itertools.pairwise(breaks)),
        f"> {breaks[-1]}",
    ]
    counts = [int(((classes == at) & np.isfinite(share)).sum()) for at in range(len(labels))]
    flow.legend(
        [
            Entry(blocks.plain(hex_), said, view.say("count", n=many))
            for hex_, said, many in zip(ramp.hex, labels, counts, strict=True)
        ]
    )
    flow.legend_note(view.say("legend.elderly_circles"))
    flow.y -= 3
    x = flow.box.x0 + 8
    for many in _round_numbers(largest):
        radius = CIRCLE_MM / 2 * float(np.sqrt(many / largest))
        _circle(canvas.page, x, flow.y - CIRCLE_MM / 2 + radius, radius, canvas, z=6)
        canvas.page.text(x + radius + 1.5, flow.y - CIRCLE_MM / 2 + 0.4, words.whole(many), canvas.style("legend"))
        x += 2 * radius + 16
    flow.y -= CIRCLE_MM / 2 + 4
    flow.legend(legend.base(canvas, communities=True))
    _people_table(flow)
    _units_table(flow, units, share)


def _round_numbers(largest: float) -> list[float]:
    power = 10.0 ** np.floor(np.log10(max(largest, 1)))
    steps = [power * part for part in (1, 2, 5) if power * part <= largest]
    return [power / 5, power / 2, steps[-1]][:3]


def _units_table(flow: Flow, units: Any, share: np.ndarray) -> None:
    """List communities and villages, the oldest first."""
    view = flow.canvas.view
    flow.head(view.say("head.by_community"))
    columns = [
        Column(view.say("column.community"), 2.2, "left"),
        Column(view.say("column.residents"), 1.5),
        Column(view.say("column.elderly"), 1.5),
        Column(view.say("column.elderly_part"), 1.3),
    ]
    ordered = units.assign(_share=share).sort_values(["_share", "unit_id"], ascending=[False, True], na_position="last")
    rows = [
        [
            view.name(row, "unit_id"),
            words.whole(row["residents"]),
            words.whole(row["elderly"]),
            words.percent(row["_share"]),
        ]
        for row in ordered.drop(columns="geometry").to_dict("records")
    ]
    flow.table(columns, rows, more=view.more)


def _people_table(flow: Flow) -> None:
    view = flow.canvas.view
    flow.head(view.say("head.by_street"))
    columns = [
        Column(view.say("column.street"), 2.2, "left"),
        Column(view.say("column.residents"), 1.5),
        Column(view.say("column.elderly"), 1.5),
        Column(view.say("column.elderly_part"), 1.3),
    ]
    rows = []
    for row in view.streets.drop(columns="geometry").to_dict("records"):
        part = row["elderly"] / row["residents"] if row.get("residents") else None
        rows.append(
            [
                words.text(view.name(row, "unit_id")),
                words.whole(row.get("residents")),
                words.whole(row.get("elderly")),
                words.percent(part),
            ]
        )
    flow.table(columns, rows)
