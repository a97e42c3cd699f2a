"""Names on the map: streets, roads, residential areas, in the order that labels are placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import shapely

from planning.atlas import _base as base
from planning.atlas import _words as words
from planning.atlas._canvas import Canvas
from planning.atlas._labels import Label
from planning.atlas._page import Type, boxes

STREETS_FROM: Final = 50_000
LARGEST_NAMED: Final = 16
FEW_NAMED: Final = 40
CODE_LONGEST: Final = 8

Text = Callable[[dict[str, Any]], Sequence[Label]]


def streets(canvas: Canvas) -> None:
    """Name the streets inside the window, where least is hidden."""
    view = canvas.view
    if canvas.scale > STREETS_FROM or view.streets.empty:
        return
    symbols = boxes(canvas.placer.taken.boxes)
    busy = np.concatenate([canvas.areas, symbols]) if len(symbols) else canvas.areas
    for row in view.streets.to_dict("records"):
        polygon = canvas.extent.shape(row["geometry"])
        name = " ".join(words.text(view.name(row, "unit_id")))
        if shapely.intersects(polygon, canvas.window_shape):
            canvas.placer.street(polygon, canvas.label([name], "street_name"), busy)


def roads(canvas: Canvas) -> None:
    """Set road names letter by letter, each name on its longest runs, only where the letters are free."""
    style = canvas.style("road")
    done: dict[str, int] = {}
    for name, line in base.road_lines(canvas):
        if done.get(name, 0) < 2 and len(name) <= 12:
            before = len(canvas.placer.placed)
            canvas.placer.along(line, name, style, kind="road")
            done[name] = done.get(name, 0) + (len(canvas.placer.placed) > before)


def areas(canvas: Canvas, which: np.ndarray, text: Text, *, leaders: bool = True) -> None:
    """Name the areas marked in ``which``, those with most households first; ``text`` gives what to try in turn.

    Where nothing fits inside, the last of them stands at the end of a leader.
    """
    frame = canvas.view.areas
    order = frame.assign(_row=range(len(frame)), _many=canvas.view.weight)
    order = order.sort_values(["_many", "residential_id"], ascending=[False, True])
    order = order[which[order["_row"]]]
    if canvas.scale > STREETS_FROM and len(order) > FEW_NAMED:
        order = order.head(FEW_NAMED)
        canvas.footnotes.append(canvas.view.say("note.few_named", n=FEW_NAMED))
    for row in order.drop(columns="geometry").to_dict("records"):
        shape = canvas.areas[row["_row"]]
        if not shapely.contains_xy(canvas.window_shape, *shapely.get_coordinates(shapely.point_on_surface(shape))[0]):
            continue
        labels = text(row)
        solid = shape if shape.geom_type in ("Polygon", "MultiPolygon") else shape.buffer(1.0)
        if not canvas.placer.area(solid, labels, led=labels[-1] if leaders else None) and not leaders:
            canvas.placer.dropped.append(labels[0].lines[0])


def name_then_code(canvas: Canvas, second: Callable[[dict[str, Any]], str] | None = None) -> Text:
    """Return a function: an area's name (with a second line), the name alone, then its code."""

    def of(row: dict[str, Any]) -> list[Label]:
        name, code = canvas.view.name(row, "residential_id"), words.text(row["residential_id"])
        style = canvas.style("area")
        beneath = second(row) if second is not None else ""
        found = [Label((name, beneath), (style, style), "area")] if beneath else []
        found.append(Label((name,), (style,), "area"))
        if len(code) <= CODE_LONGEST:
            found.append(Label((code,), (style,), "area"))
        return found if canvas.layout.paper == "A3" else found[-1:]

    return of


def code_only(canvas: Canvas) -> Text:
    """Return a function: an area's code, pale."""
    style = canvas.style("area")
    pale = Type(5.5, 400, canvas.view.book.ink["text"], style.halo_mm)
    return lambda row: [Label((words.text(row["residential_id"]),), (pale,), "area")]


def said(canvas: Canvas, minus: Callable[[dict[str, Any]], str]) -> Text:
    """Return a function: name and shortfall in bold, the shortfall under the code, the code."""

    def of(row: dict[str, Any]) -> list[Label]:
        style = canvas.style("area_ranked")
        name, code = canvas.view.name(row, "residential_id"), words.text(row["residential_id"])
        if minus(row) == words.NONE:  # a shortfall of no class
            return [Label((name,), (style,), "area"), Label((code,), (style,), "area")]
        return [
            Label((name, minus(row)), (style, style), "area"),
            Label((code, minus(row)), (style, style), "area"),
            Label((code,), (style,), "area"),
        ]

    return of
