"""Cover and index."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import shapely

from planning.atlas import _base as base
from planning.atlas import _fonts as fonts
from planning.atlas import _frame as frame
from planning.atlas import _furniture as furniture
from planning.atlas import _words as words
from planning.atlas._blocks import Column, Flow
from planning.atlas._canvas import Canvas
from planning.atlas._fonts import Box
from planning.atlas._labels import Label
from planning.atlas._layout import Extent
from planning.atlas._page import Pen, Type

NOTES_MM: Final = 58.0
"""How much of the cover, of the height of A3, its own lines and the notes of the plan may take."""
ROWS_MM: Final = (5.5, 4.6, 3.8)
"""How high the rows of the index are; the first at which all fit."""


def cover(canvas: Canvas) -> None:
    """Draw the cover: no map, but the outline of the streets behind; name, 图集, draft mark, month."""
    view, page, ink, layout = canvas.view, canvas.page, canvas.view.book.ink, canvas.layout
    factor = layout.height_mm / 297
    _silhouette(canvas)
    page.rectangle(layout.frame, edge=Pen(ink["frame"], view.book.line["frame_outer_mm"]), z=50)
    middle = layout.width_mm / 2
    name, pt = words.text(view.plan.name), 30.0
    room = layout.frame.width - 24
    while pt > 16 and fonts.width_mm(name, pt, 700) > room:
        pt -= 0.5
    lines = fonts.wrapped(name, room, pt, 700)
    shown = [*lines[:2], fonts.shortened("".join(lines[2:]), room, pt, 700)] if len(lines) > 2 else lines
    for up, line in enumerate(reversed(shown)):
        y = (190 + up * 0.55 * pt) * factor
        page.text(middle, y, line, Type(pt, 700, ink["text"]), anchor="center", kind="title")
    page.rectangle(
        Box(layout.frame.x0 + 7, 172 * factor, layout.frame.x1 - 7, 172 * factor + 3 * factor), ink["accent"], z=10
    )
    page.text(
        middle,
        154 * factor,
        view.say("cover.atlas"),
        Type(22 * min(max(factor, 0.8), 1.0), 700, ink["text"]),
        anchor="center",
    )
    page.text(middle, 141 * factor, frame.mark_of(view), Type(14, 500, ink["draft"]), anchor="center", kind="draft")
    lines = [
        line
        for note in (*view.house.cover, *view.notes)
        for line in fonts.wrapped(words.text(note), layout.width_mm - 60, 9)
    ]
    pitch = min(7.0 * factor, NOTES_MM * factor / max(len(lines), 1))
    for place, line in enumerate(lines):
        y = 132 * factor - pitch * place
        page.text(middle, y, line, Type(9, 400, ink["draft"]), anchor="center", kind="draft")
    _organisation(canvas, middle, 52 * factor)
    day = view.house.date or view.plan.as_of
    page.text(
        middle,
        40 * factor,
        view.say("cover.month", y=day.year, m=day.month),
        Type(14, 500, ink["text"]),
        anchor="center",
    )
    run = view.say("cover.run", run=view.run_id or words.NONE, day=view.plan.as_of.isoformat())
    page.text(middle, 28 * factor, run, Type(7, 400, ink["muted"]), anchor="center")


def _organisation(canvas: Canvas, middle: float, y: float) -> None:
    """Set the institute's name, its logo above."""
    style = canvas.view.house
    page, ink = canvas.page, canvas.view.book.ink
    page.text(middle, y, style.institute, Type(14, 500, ink["text"]), anchor="center", kind="institute")
    frame.show_logo(canvas, Box(middle - 20, y + 9, middle + 20, y + 27))


def _silhouette(canvas: Canvas) -> None:
    """Draw the streets pale and large behind the words."""
    view, layout = canvas.view, canvas.layout
    bounds = view.border.bounds
    frame_ = layout.frame.grown(-12)
    scale = max((bounds[2] - bounds[0]) / frame_.width, (bounds[3] - bounds[1]) / frame_.height) * 1000
    extent = Extent(int(scale) + 1, ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2), frame_)
    shapes = view.streets.geometry.to_numpy() if len(view.streets) else np.array([view.border], dtype=object)
    paper = np.asarray(extent.shapes(shapes))
    hex_ = view.book.base["neutral_area"]
    canvas.page.lines(shapely.union_all(shapely.boundary(paper)), Pen(hex_, 1.0), z=1)


def index(canvas: Canvas, rows: Sequence[tuple[str, ...]], frames: Sequence[tuple[str, str, Any]]) -> None:
    """Draw the index: the plan area with the street sheets' frames at the left, the table of sheets at the right.

    Parameters
    ----------
    rows
        Sheet number, title, scale, page.
    frames
        Of every street sheet: its number, the street's id, its map window in metres.
    """
    view, page, book = canvas.view, canvas.page, canvas.view.book
    frame.draw(canvas)
    base.draw(canvas)
    furniture.corners(canvas, canvas.border)
    ribbon = book.line["county_boundary"]["ribbon_hex"]
    for number, unit_id, window in frames:
        page.lines(
            shapely.boundary(canvas.extent.shape(window)), Pen(ribbon, 0.8), z=base.Z_BARRIER, window=canvas.window
        )
        row = view.streets[view.streets["unit_id"] == unit_id].to_dict("records")[0]
        label = Label(
            (number, words.text(view.name(row, "unit_id"))),
            (Type(11, 700, book.ink["accent"], 0.7), canvas.style("street_name")),
            "street",
        )
        canvas.placer.area(canvas.extent.shape(row["geometry"]), [label], led=label)
    flow = Flow(canvas)
    if view.subject is not view.border:
        furniture.inset_block(flow)
    flow.head(view.say("head.index"), view.say("index.note", n=len(rows)))
    columns = [Column(view.say("column.number"), 1.2, "left"), Column(view.say("column.title"), 4.6, "left"),
               Column(view.say("column.scale"), 1.1), Column(view.say("column.page"), 0.6)]  # fmt: skip
    if canvas.layout.paper == "A4":  # there every sheet says its scale, and titles need the room
        columns, rows = [*columns[:2], columns[3]], [(*row[:2], row[3]) for row in rows]
    _listed(flow, columns, rows)
    _outside(flow)
    canvas.placer.draw()
    canvas.footnotes += furniture.beyond(canvas)
    canvas.footnotes.append(view.say("note.index"))
    frame.footnotes(canvas)
    frame.title_block(canvas)
    page.finish()


def _listed(flow: Flow, columns: Sequence[Column], rows: Sequence[tuple[str, ...]]) -> None:
    """Set the table of sheets, in the next column of the format where one is too short, closer where both are."""
    others = flow.canvas.layout.columns[flow.column + 1 :]
    for row_mm in ROWS_MM:
        rooms = (flow.room, *(box.height for box in others))
        # A row each for the head, and one that a table cut short keeps free.
        if sum(max(int((room - 1) / row_mm) - 2, 0) for room in rooms) + 1 >= len(rows):
            break
    rest, last = rows, len(flow.canvas.layout.columns) - 1
    while True:
        left_out = flow.canvas.view.say("index.more", n=len(rows)) if flow.column == last else ""
        rest = rest[flow.table(columns, rest, row_mm=row_mm, pt=7.0, more=partial(_worded, left_out)) :]
        if not rest or flow.column == last:
            return
        flow.turn(flow.column + 1)


def _outside(flow: Flow) -> None:
    """List what lies outside the frame of the sheets of the whole plan: facilities first, then areas by households."""
    view = flow.canvas.view
    found = view.outside(flow.canvas.extent)
    areas = found["areas"].assign(_place=view.order("households")[found["areas"].index])
    areas = areas.sort_values(["_place", "residential_id"], na_position="last")
    rows = [
        [words.text(row[key]), view.name(row, key), view.say(f"beyond.kind_{kind}")]
        for kind, key, frame in (("facility", "facility_id", found["facilities"]), ("area", "residential_id", areas))
        for row in frame.drop(columns="geometry").to_dict("records")
    ]
    if not rows:
        return
    flow.head(view.say("head.beyond"), view.say("beyond.count", n=words.whole(len(rows))))
    columns = [Column(view.say("column.code"), 1.2, "left"), Column(view.say("column.name"), 3, "left"),
               Column(view.say("column.kind"), 1, "left")]  # fmt: skip
    flow.table(columns, rows, more=view.more)


def _worded(said: str, _: int) -> str:
    return said
