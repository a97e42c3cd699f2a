"""Room `planning.export`: one drawing (DXF R2004) that AutoCAD and its kin open: Chinese layers, metres, a legend.

Written with ezdxf: GDAL's own writer garbles Chinese layer names and takes no attributes.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ezdxf
import numpy as np
import pandas as pd
import shapely
from ezdxf import enums, units
from ezdxf.document import Drawing
from ezdxf.filemanagement import new

from planning import texts
from planning.export import _dxf_legend, _roles
from planning.export import _dxf_looks as looks
from planning.export import _tables as tables
from planning.texts import Language

VERSION: Final = "R2004"
"""The oldest release with true colours, in the code page of a Chinese AutoCAD (ANSI_936): every AutoCAD since 2004 and
the programs built on it read it, and so do QGIS and GDAL, which take the UTF-8 of later releases for the code page they
state. Letters that GBK has not are written as ``\\U+XXXX``, which CAD shows as the letter."""
SCALES: Final = (1000, 2000, 2500, 5000, 10_000, 15_000, 20_000, 25_000, 50_000, 100_000, 200_000, 500_000)
Box = tuple[float, float, float, float]
_SHEET_MM: Final = (780.0, 540.0)
"""Room for the map on an A1 sheet."""
ORDER: Final = ("service_areas", "residential", "uncovered", "units", "facilities", "candidates", "sites")
_HIDDEN: Final = ("uncovered", "candidates")
_BARE: Final = ("uncovered",)
"""Layers whose points have no attributes but extended data alone: they repeat others, and there are many."""
_TEXT_MM: Final = 2.0
_KEPT: Final[Mapping[str, Sequence[str]]] = {
    "residential": ("residential_id", "name", "households", "elderly", "built_used", "required_m2", "provided_m2",
                    "shortfall_m2", "verdict", "street_id"),
    "facilities": ("name", "facility_id", "level", "kind", "status", "floor_area_m2", "beds"),
    "candidates": ("name", "facility_id", "level", "source", "max_floor_area_m2", "cost"),
    "sites": ("name", "facility_id", "rank", "phase", "gain", "floor_area_m2", "cost"),
    "units": ("unit_id", "name", "type"),
    "service_areas": ("facility_id", "name", "level", "minutes"),
    "uncovered": ("residential_id", "name", "level", "status", "cause", "distance_m"),
}  # fmt: skip
"""What an object of the drawing says of itself; where it is a block, the first is shown."""


@dataclass(frozen=True, eq=False)
class Theme:
    """A layer of the result with its legend and the words of its codes."""

    layer: tables.Layer
    legend: Sequence[_roles.Role]
    words: Mapping[str, Mapping[str, str]]
    names: str
    """What the layer of names is called."""


def write(
    layers: Mapping[str, tables.Layer],
    legends: Mapping[str, Sequence[_roles.Role]],
    path: Path,
    *,
    language: Language,
    notes: Sequence[str],
) -> None:
    """Write ``path``: each role of a legend a layer of the drawing, facilities and sites as blocks with attributes.

    Coordinates are metres in the CRS of the run, east as X and north as Y. Symbols, letters and hatches are as large
    as on paper at the round scale at which the plan fits on an A1 sheet; the legend stands to the right of the map and
    says it.
    """
    names = texts.t("export.dxf.names", language)
    themes = [
        Theme(layers[name], legends[name], _roles.words(layers[name], language), names)
        for name in ORDER
        if name in layers
    ]
    whole, seen = _extents(themes)
    scale = _scale(seen)
    with _without_clock():
        canvas = _drawing(scale)
        for theme in themes:
            _draw(canvas, theme)
        sheet = _dxf_legend.draw(canvas, [(theme.layer.alias, theme.legend) for theme in themes], seen,
                                 scale=scale, language=language, notes=notes)  # fmt: skip
        _frame(canvas, sheet, whole)
        drawing = io.StringIO()
        canvas.doc.write(drawing)
        path.write_bytes(looks.encoded(drawing.getvalue()))


@contextlib.contextmanager
def _without_clock() -> Iterator[None]:
    """Let the drawing say nothing of when it was made, and carry no ids drawn by lot."""
    options = ezdxf.options  # type: ignore[attr-defined]
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def _drawing(scale: int) -> looks.Canvas:
    doc: Drawing = new(VERSION, setup=["linetypes"], units=units.M)
    doc.encoding = looks.ENCODING
    doc.header["$MEASUREMENT"] = 1
    doc.appids.add(looks.APP)
    file, family = looks.FONT
    style = doc.styles.add(looks.STYLE, font=file)
    style.set_extended_font_data(family)
    return looks.Canvas(doc, doc.modelspace(), scale / 1000)


def _extents(themes: Sequence[Theme]) -> tuple[Box, Box]:
    """Return west, south, east and north of everything drawn, and of what the drawing opens on; noughts for nothing.

    They are one, unless a few places far off (coordinates gone wrong, as a rule) make the first more than thrice as
    wide or high as what is about the middle 98 % of the shapes.
    """
    boxes = np.vstack([np.empty((0, 4)), *(theme.layer.frame.geometry.bounds.to_numpy() for theme in themes)])
    known = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(known):
        return (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)
    centres = (known[:, :2] + known[:, 2:]) / 2
    low, high = np.quantile(centres, (0.01, 0.99), axis=0)
    middle = known[((centres >= low) & (centres <= high)).all(axis=1)]
    whole, seen = _around(known), _around(middle if len(middle) else known)
    far = any(whole[at + 2] - whole[at] > 3 * (seen[at + 2] - seen[at]) for at in (0, 1))
    return whole, seen if far and len(known) > 100 else whole


def _around(boxes: Any) -> Box:
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _scale(extent: Sequence[float]) -> int:
    """Return the denominator of the largest round scale at which the plan fits on the sheet."""
    wide, high = (extent[2] - extent[0]) * 1000, (extent[3] - extent[1]) * 1000
    fitting = [scale for scale in SCALES if wide / scale <= _SHEET_MM[0] and high / scale <= _SHEET_MM[1]]
    return fitting[0] if fitting else SCALES[-1]


def _frame(canvas: looks.Canvas, sheet: Box, whole: Box) -> None:
    """Write the extents of everything, and let the drawing open on map and legend."""
    west, south, east, north = sheet
    low, high = (min(west, whole[0]), min(south, whole[1])), (max(east, whole[2]), max(north, whole[3]))
    canvas.space.reset_extents((*low, 0.0), (*high, 0.0))
    canvas.space.reset_limits(low, high)
    middle = ((west + east) / 2, (south + north) / 2)
    canvas.doc.set_modelspace_vport(height=max(north - south, (east - west) / 1.6) * 1.05, center=middle)


# ------------------------------------------------------------------------------------------------------------ drawing


def _draw(canvas: looks.Canvas, theme: Theme) -> None:
    """Draw one layer of the result, the rows of one role after the other."""
    layer, place = theme.layer, _roles.place(theme.layer, theme.legend)
    for number, role in enumerate(theme.legend):
        look = role.look
        hex_ = look.hex if isinstance(look, _roles.PointLook | _roles.LineLook) else look.hex or look.edge
        on = looks.layer(canvas, f"{layer.alias}_{role.label}", hex_, shown=_is_shown(theme, number))
        rows = layer.frame[(place == number).to_numpy()]
        for row, shape in zip(rows.drop(columns="geometry").to_dict("records"), rows.geometry, strict=True):
            if shape is not None and not shape.is_empty:
                _object(canvas, theme, role, _facts(theme, row), shape, on)


def _is_shown(theme: Theme, number: int) -> bool:
    """Say whether a role is seen when the drawing opens.

    Of circles the largest alone, no second theme of areas, no candidates.
    """
    if theme.layer.name == "service_areas":
        return number == len(theme.legend) - 1
    if "candidate" in theme.legend[number].where.get("status", ()):
        return False
    return theme.layer.name not in _HIDDEN


def _object(
    canvas: looks.Canvas, theme: Theme, role: _roles.Role, facts: Sequence[tuple[str, str]], shape: Any, on: str
) -> None:
    """Draw one row: a block for a point, hatch and outline for an area, with what is known of it attached."""
    look, name = role.look, dict(zip(_KEPT[theme.layer.name], facts, strict=True)).get("name", ("", ""))[1]
    if isinstance(look, _roles.PointLook) or shape.geom_type == "Point":
        drawn = [_insert(canvas, theme, role, facts, shape, on)]
    elif isinstance(look, _roles.AreaLook):
        if theme.layer.name in ("residential", "uncovered"):
            looks.fill(canvas, shape, look, on=on)
        drawn = looks.outline(canvas, shape, look.edge, look.edge_mm, on=on, dashed=bool(look.dash_mm))
        if theme.layer.name in ("residential", "units") and name:
            _write_name(canvas, theme, role, name, shape)
    else:
        drawn = looks.outline(canvas, shape, look.hex, look.mm, on=on)
    for entity in drawn:
        # Attributes of a block say it all but what is too long for them.
        short = entity.dxftype() == "INSERT" and theme.layer.name not in _BARE
        told = [fact for fact in facts if fact[1] and not (short and len(fact[1]) <= looks.ATTRIB_LETTERS)]
        looks.note(entity, told)


def _insert(
    canvas: looks.Canvas, theme: Theme, role: _roles.Role, facts: Sequence[tuple[str, str]], shape: Any, on: str
) -> Any:
    shown = [] if theme.layer.name in _BARE else facts
    tags = [alias for alias, _ in shown]
    look = role.look
    name = looks.block(canvas, f"{theme.layer.alias}_{role.label}", look, tags)
    where = shapely.point_on_surface(shape)
    size = canvas.metres_per_mm
    scales = {"layer": on, "xscale": size, "yscale": size, "zscale": size}
    insert = canvas.space.add_blockref(name, (where.x, where.y), dxfattribs=scales)
    insert.add_auto_attribs({looks.attribute_tag(alias): looks.attribute(value) for alias, value in shown})
    return insert


def _write_name(canvas: looks.Canvas, theme: Theme, role: _roles.Role, name: str, shape: Any) -> None:
    """Write a name in the middle of its area, on a layer of its own that can be turned off."""
    units = theme.layer.name == "units"
    title = f"{theme.layer.alias}_{role.label}" if units else theme.layer.alias
    shown = not units or set(role.where["type"]) <= {"street", "town"}
    on = looks.layer(canvas, f"{title}_{theme.names}", "#1F2328", shown=shown)
    factor = 2.2 if units else 1.0
    facts = {"layer": on, "style": looks.STYLE, "height": _TEXT_MM * factor * canvas.metres_per_mm}
    where = shapely.point_on_surface(shape)
    text = canvas.space.add_text(looks.label(name), dxfattribs=facts)
    text.set_placement((where.x, where.y), align=enums.TextEntityAlignment.MIDDLE_CENTER)


def _facts(theme: Theme, row: Mapping[Any, Any]) -> list[tuple[str, str]]:
    """Return what a row says of itself, in the words people read; missing is an empty text."""
    aliases = {field.name: field.alias for field in theme.layer.fields}
    return [
        (aliases.get(name, name), _said(row.get(name), theme.words.get(name, {}))) for name in _KEPT[theme.layer.name]
    ]


def _said(value: Any, words: Mapping[str, str]) -> str:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    return words.get(str(value), str(value))
