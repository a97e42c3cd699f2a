"""Room `planning.export`: the legend of a drawing, to the right of its map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import shapely

from planning import texts
from planning.export import _dxf_looks as looks
from planning.export import _roles as roles
from planning.texts import Language

_ROW_MM: Final = 8.0
_SWATCH_MM: Final = (12.0, 5.0)
_WIDE_MM: Final = 130.0
_LINE_CELLS: Final = 72
_INK: Final = "#1F2328"
Box = tuple[float, float, float, float]


def draw(
    canvas: looks.Canvas,
    themes: Sequence[tuple[str, Sequence[roles.Role]]],
    extent: Box,
    *,
    scale: int,
    language: Language,
    notes: Sequence[str],
) -> Box:
    """Draw the legend and return the extent of map and legend together."""
    on = looks.layer(canvas, texts.t("export.dxf.legend", language), _INK)
    mm = canvas.metres_per_mm
    left, top = extent[2] + 20 * mm, extent[3]
    down = top
    _write(canvas, texts.t("export.dxf.legend", language), (left, down - 6 * mm), 5.0, on)
    down -= 14 * mm
    for title, legend in themes:
        if not legend:
            continue
        _write(canvas, title, (left, down - 3 * mm), 3.2, on)
        down -= _ROW_MM * mm
        for role in legend:
            _swatch(canvas, title, role, (left, down), on)
            _write(canvas, role.label, (left + 18 * mm, down - 3.2 * mm), 2.6, on)
            down -= _ROW_MM * mm
    said = (texts.t("export.dxf.scale", language, scale=f"{scale:,}".replace(",", " ")), *notes)
    for line in (piece for note in said for piece in _lines(note)):
        _write(canvas, line, (left, down - 3 * mm), 2.4, on)
        down -= 5.5 * mm
    right, bottom = left + _WIDE_MM * mm, min(down - 4 * mm, extent[1])
    return extent[0], bottom, right, top


def _lines(text: str) -> list[str]:
    """Return a text in lines no wider than the legend; Chinese letters are twice as wide as others."""
    lines, wide = [""], 0
    for letter in text:
        wide += texts.cells(letter)
        if wide > _LINE_CELLS:
            lines.append("")
            wide = texts.cells(letter)
        lines[-1] += letter
    return lines


def _swatch(canvas: looks.Canvas, title: str, role: roles.Role, at: tuple[float, float], on: str) -> None:
    mm = canvas.metres_per_mm
    left, top = at
    box = shapely.box(left, top - _SWATCH_MM[1] * mm, left + _SWATCH_MM[0] * mm, top)
    look = role.look
    if isinstance(look, roles.PointLook):
        name = looks.block(canvas, f"{title}_{role.label}", look, ())
        centre = shapely.centroid(box)
        size = {"layer": on, "xscale": mm, "yscale": mm, "zscale": mm}
        canvas.space.add_blockref(name, (centre.x, centre.y), dxfattribs=size)
    elif isinstance(look, roles.AreaLook):
        looks.fill(canvas, box, look, on=on)
        looks.outline(canvas, box, look.edge, look.edge_mm, on=on, dashed=bool(look.dash_mm))
    else:
        middle = shapely.LineString([(left, top - 2.5 * mm), (left + _SWATCH_MM[0] * mm, top - 2.5 * mm)])
        looks.outline(canvas, middle, look.hex, look.mm, on=on)


def _write(canvas: looks.Canvas, text: str, at: tuple[float, float], height_mm: float, on: str) -> None:
    facts = {
        "layer": on,
        "style": looks.STYLE,
        "height": height_mm * canvas.metres_per_mm,
        "true_color": looks.colour(_INK),
    }
    canvas.space.add_text(looks.label(text, 200), dxfattribs=facts).set_placement(at)
