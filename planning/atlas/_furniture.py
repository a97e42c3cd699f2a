"""Corners and finish: where north arrow, scale and inset go, and what closes every sheet."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely

from planning.atlas import _base as base
from planning.atlas import _fonts as fonts
from planning.atlas import _frame as frame
from planning.atlas import _names as names
from planning.atlas import _symbols as symbols
from planning.atlas import _words as words
from planning.atlas._blocks import Flow
from planning.atlas._canvas import Canvas
from planning.atlas._fonts import Box
from planning.atlas._layout import Extent
from planning.atlas._page import Pen, Type

INSET_HIGH_MM: Final = 34.0
CORNER_GAP_MM: Final = 5.0
INSET_NAME_MM: Final = 12.0
GATE_SMALL: Final = 0.65
SCATTERED_MM: Final = 0.3
# What a symbol or an area that a corner hides counts for, beside the ground of the plan.
HIDING_MM2: Final = 4.0
INSET_MM: Final = {"A3": (56.0, 46.0), "A4": (38.0, 31.0)}


def corners(canvas: Canvas, subject: Any, *, inset: Any = None) -> None:
    """Put inset, north arrow and scale into the corners that hide least of ``subject``, and take their places."""
    taken: list[Box] = []
    if inset is not None:
        box = _corner(canvas, INSET_MM[canvas.layout.paper], subject, taken, gap=0.0)
        taken.append(box)
        inset(box)
    arrow = _corner(canvas, (20.0, 21.0), subject, taken, order="rl", first="top")
    taken.append(arrow)
    frame.north_arrow(canvas, arrow)
    bar = _corner(canvas, frame.scale_patch_mm(canvas), subject, taken, first="bottom")
    frame.scale_bar(canvas, bar)
    for box in (*taken, bar):
        canvas.placer.taken.take(box)


def _corner(
    canvas: Canvas, size: tuple[float, float], subject: Any, taken: list[Box], *, gap: float = CORNER_GAP_MM,
    order: str = "lr", first: str = "top",
) -> Box:  # fmt: skip
    window, (wide, high) = canvas.window, size
    sides = {"l": window.x0 + gap, "r": window.x1 - gap - wide}
    heights = {"top": window.y1 - gap - high, "bottom": window.y0 + gap}
    ends = (first, "bottom" if first == "top" else "top")
    offers = [Box(sides[side], heights[end], sides[side] + wide, heights[end] + high) for end in ends for side in order]
    # Beside a corner that is already taken there may still be room: below or above it.
    offers += [
        offer.moved(0, way * (box.height + 3))
        for box in taken
        for offer in offers
        if offer.meets(box)
        for way in (-1, 1)
    ]
    offers = [offer for offer in offers if canvas.window.holds(offer) and not any(offer.meets(box) for box in taken)]
    hidden = [shapely.box(box.x0, box.y0, box.x1, box.y1).intersection(subject).area for box in offers]
    hidden = [area + HIDING_MM2 * _hides(canvas, box) for area, box in zip(hidden, offers, strict=True)]
    return offers[int(np.argmin(np.round(hidden, 3)))]


def _hides(canvas: Canvas, box: Box) -> int:
    """Return how many areas and facilities stand where a corner would be."""
    frames = (canvas.view.areas, canvas.view.facilities, canvas.view.candidates)
    ground = shapely.box(*canvas.extent.metres(box.x0, box.y0), *canvas.extent.metres(box.x1, box.y1))
    return sum(int(shapely.intersects(frame.geometry.to_numpy(), ground).sum()) for frame in frames)


def inset(canvas: Canvas, box: Box, *, chosen: str = "") -> None:
    """Draw the plan area small: its streets, the street ``chosen`` in the ribbon's violet, or else the whole of it."""
    page, view, book = canvas.page, canvas.view, canvas.view.book
    page.rectangle(box, book.ink["halo"], edge=Pen(book.ink["frame"], book.line["frame_map_mm"]), z=40)
    bounds = view.border.bounds  # wider than the sheet where that shows the core alone
    scale = max((bounds[2] - bounds[0]) / (box.width - 6), (bounds[3] - bounds[1]) / (box.height - 5)) * 1000
    small = Extent(int(scale) + 1, ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2), box)
    ribbon = book.line["county_boundary"]["ribbon_hex"]
    page.fill(small.shape(view.border), book.base["other_block"] if chosen else ribbon, z=40.1)
    named: list[Box] = []
    for row in view.streets.to_dict("records"):
        shape, here = small.shape(row["geometry"]), row["unit_id"] == chosen
        page.fill(shape, ribbon if here else "", edge=Pen(book.line["street_boundary"]["hex"], 0.18), z=40.2)
        _inset_name(canvas, box, shape, words.text(view.name(row, "unit_id")), named, bold=here)
    page.fill(small.shape(view.border), "", edge=Pen(book.line["county_boundary"]["hex"], 0.4), z=40.4)
    if view.subject is not view.border:
        _scattered(canvas, box, small)


def _scattered(canvas: Canvas, box: Box, small: Extent) -> None:
    """Draw on the inset where all areas lie, and the frame of the sheet."""
    view, page = canvas.view, canvas.page
    here = shapely.centroid(view.areas.geometry.to_numpy()[~view.astray])
    page.dots(shapely.get_coordinates(small.shapes(here)), SCATTERED_MM, view.book.ink["text"], z=40.5)
    frame_ = shapely.boundary(small.shape(canvas.extent.ground))
    page.lines(frame_, Pen(view.book.ink["draft"], 0.4), z=40.6, window=box)


def _inset_name(canvas: Canvas, box: Box, shape: Any, name: str, named: list[Box], *, bold: bool) -> None:
    """Name a street on the inset as far as its width lets, unless another name stands there."""
    style = Type(5.8, 700 if bold else 400, canvas.view.book.ink["text"], 0.35)
    wide = max(shape.bounds[2] - shape.bounds[0], INSET_NAME_MM)
    said = fonts.shortened(name, min(wide, box.width - 2), style.pt, style.weight)
    point = shape.representative_point()
    half = fonts.width_mm(said, style.pt, style.weight) / 2
    x = min(max(point.x, box.x0 + half + 1), box.x1 - half - 1)
    place = Box(x - half, point.y - 1.2, x + half, point.y + 1.2)
    if not any(place.meets(other) for other in named):
        named.append(place)
        canvas.page.text(x, point.y - 0.8, said, style, anchor="center", z=41, kind="inset")


def inset_block(flow: Flow) -> None:
    """Draw the plan area small at the head of the panel; A4 has no room for it."""
    if flow.canvas.layout.paper == "A4":
        return
    box = flow.box
    inset(flow.canvas, Box(box.x0, flow.y - INSET_HIGH_MM, box.x1, flow.y))
    flow.y -= INSET_HIGH_MM


def gates(canvas: Canvas, of: np.ndarray) -> bool:
    """Draw the given ways in and out of the areas marked in ``of``; say whether there are any."""
    table = canvas.view.shown.inputs.tables.get("entrances")
    if table is None or table.empty:
        return False
    ids = canvas.view.areas.loc[of, "residential_id"]
    shown = table[table["residential_id"].isin(ids)]
    places = canvas.extent.points(np.column_stack([shown.geometry.x, shown.geometry.y]))
    window = canvas.window
    keep = (
        (places[:, 0] > window.x0)
        & (places[:, 0] < window.x1)
        & (places[:, 1] > window.y0)
        & (places[:, 1] < window.y1)
    )
    style = canvas.view.book.line["gate"]
    size = style["mm"] * (GATE_SMALL if canvas.scale > base.FOOTWAYS_FROM else 1.0)
    symbols.gate(canvas.page, places[keep], size, style["hex"], z=base.Z_BARRIER + 1)
    return bool(keep.any())


def close(canvas: Canvas) -> None:
    """Set road names and all labels, then notes and title block."""
    names.roads(canvas)
    canvas.placer.draw()
    dropped = len(canvas.placer.dropped)
    if dropped:
        canvas.footnotes.append(canvas.view.say("note.dropped", n=dropped))
    frame.footnotes(canvas)
    frame.title_block(canvas)
    canvas.page.finish()


def beyond(canvas: Canvas) -> list[str]:
    """Return how many areas, facilities and candidates lie outside the frame of a sheet of the whole plan."""
    view = canvas.view
    outside = view.outside(canvas.extent)
    many = {name: len(rows) for name, rows in outside.items() if len(rows)}
    if not many:
        return []
    parts = view.say("list_comma").join(view.say(f"beyond.{name}", n=words.whole(n)) for name, n in many.items())
    astray = int(view.astray.sum())
    far = view.say("beyond.astray", n=words.whole(astray)) if astray else ""
    return [view.say("note.beyond", parts=parts, far=far)]
