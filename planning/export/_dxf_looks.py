"""Room `planning.export`: the palette's looks in a drawing: hatches, outlines, blocks. Lengths on paper in mm."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from planning import texts
from planning.export import _roles as roles
from planning.palette import Hatch

ENCODING: Final = "gbk"
_BY_NUMBER: Final = "planning.export.by_number"
STYLE: Final = "HANZI"
FONT: Final = ("simsun.ttc", "SimSun")
APP: Final = "YANGLAO_PLANNING"
_ROUND: Final = 48
_XDATA_BYTES: Final = 250
ATTRIB_LETTERS: Final = 255
_NOT_IN_NAMES: Final = frozenset("<>/\\\":;?*|=`,'")
Point = tuple[float, float]


@dataclass(frozen=True)
class Canvas:
    """A drawing, its model space, and how many metres on the ground one millimetre on paper is."""

    doc: Any
    space: Any
    metres_per_mm: float


def colour(hex_: str) -> int:
    """Return a colour as a drawing has it."""
    return int(hex_[1:7], 16)


def layer(canvas: Canvas, name: str, hex_: str, *, shown: bool = True) -> str:
    """Make sure there is a layer, and return its name as CAD allows it."""
    plain = layer_name(name)
    if plain not in canvas.doc.layers:
        made = canvas.doc.layers.add(plain, true_color=colour(hex_))
        if not shown:
            made.off()
    return plain


def layer_name(name: str) -> str:
    """Return a name for a layer or block: letters CAD refuses become ``_``, a stroke between words 或 or "or"."""
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in name)
    said = name.replace(" / ", "或" if chinese else " or ")
    plain = "".join("_" if letter in _NOT_IN_NAMES else letter for letter in texts.printable(said)).strip()
    return plain[:200] or "_"


def said(text: str) -> str:
    r"""Return a text so that CAD shows it as it is: its own codes (``%%``, ``^``, ``\U+``) are taken as letters."""
    plain = texts.printable(text).replace("\\U+", "\\U+005CU+").replace("\\M+", "\\U+005CM+")
    return plain.replace("^", "^ ").replace("%%", "%%%%%%")


def label(text: str, longest: int = 40) -> str:
    """Return a text to be read on the map; what is left out shows as ``…`` and stands whole in the object's data."""
    return said(text if len(text) <= longest else f"{text[: longest - 1]}…")


def attribute(text: str) -> str:
    """Return a text as an attribute of a block holds it, at most 255 letters, cut with ``…``."""
    return label(text, ATTRIB_LETTERS)


def attribute_tag(name: str) -> str:
    """Return the tag of an attribute: CAD allows no blanks in it."""
    return layer_name(name).replace(" ", "_")


def encoded(text: str) -> bytes:
    r"""Return a text in the code page of the drawing; a letter it has not as ``\U+XXXX``, two of them beyond U+FFFF."""
    return text.encode(ENCODING, _BY_NUMBER)


def _by_number(error: UnicodeError) -> tuple[str, int]:
    r"""Return ``\U+XXXX`` for each half of a letter in UTF-16, for CAD reads four digits and no more."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\U+{units[at : at + 2].hex().upper()}" for at in range(0, len(units), 2)), error.end


codecs.register_error(_BY_NUMBER, _by_number)


def note(entity: Any, facts: Iterable[tuple[str, str]]) -> None:
    """Attach ``name=value`` to an entity as extended data; long values go on in further strings."""
    tags = [(1000, piece) for name, value in facts for piece in _pieces(texts.printable(f"{name}={value}"))]
    if tags:
        entity.set_xdata(APP, tags)


def _pieces(text: str) -> list[str]:
    pieces, size = [""], 0
    for letter in text:
        bytes_ = len(encoded(letter))
        size += bytes_
        if size > _XDATA_BYTES:
            pieces.append("")
            size = bytes_
        pieces[-1] += letter
    return pieces


# -------------------------------------------------------------------------------------------------------------- areas


def fill(canvas: Canvas, shape: Any, look: roles.AreaLook, *, on: str) -> None:
    """Fill an area with its colour, and its hatch above."""
    if look.hex:
        _paint(canvas, shape, on).set_solid_fill(style=0, rgb=_rgb(look.hex))
    if look.hatch.kind != "none":
        hatch = _paint(canvas, shape, on)
        hatch.rgb = _rgb(look.hatch.hex)
        hatch.set_pattern_fill("YL", definition=_pattern(look.hatch, canvas.metres_per_mm), style=0)
        hatch.rgb = _rgb(look.hatch.hex)


def _paint(canvas: Canvas, shape: Any, on: str) -> Any:
    hatch = canvas.space.add_hatch(dxfattribs={"layer": on})
    for polygon in _polygons(shape):
        hatch.paths.add_polyline_path(_ring(polygon.exterior), is_closed=True, flags=1)
        for hole in polygon.interiors:
            hatch.paths.add_polyline_path(_ring(hole), is_closed=True, flags=16)
    return hatch


def _pattern(hatch: Hatch, factor: float) -> list[Any]:
    """Return the lines of a hatch: angle, base, step to the next line, dashes."""
    turns = (0.0, 90.0) if hatch.kind == "cross" else (0.0,)
    pitch = hatch.pitch_mm * factor
    dashes = [hatch.width_mm * factor, -(pitch - hatch.width_mm * factor)] if hatch.kind == "dots" else []
    lines = []
    for turn in turns:
        angle = hatch.angle_deg + turn
        across = math.radians(angle + 90)
        lines.append([angle, (0.0, 0.0), (pitch * math.cos(across), pitch * math.sin(across)), dashes])
    return lines


def outline(canvas: Canvas, shape: Any, hex_: str, mm: float, *, on: str, dashed: bool = False) -> list[Any]:
    """Draw the rings of an area, or a line, as light polylines; return them."""
    facts: dict[str, Any] = {"layer": on, "true_color": colour(hex_), "lineweight": _weight(mm)}
    if dashed:
        facts |= {"linetype": "DASHDOT", "ltscale": 8 * canvas.metres_per_mm}
    parts = shapely.get_parts(shape)
    drawn = []
    for part in parts:
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        closed = part.geom_type == "Polygon"
        drawn += [canvas.space.add_lwpolyline(_ring(ring), close=closed, dxfattribs=facts) for ring in rings]
    return drawn


def _ring(ring: Any) -> list[Point]:
    places = shapely.get_coordinates(ring)
    closed = len(places) > 1 and bool((places[0] == places[-1]).all())
    return [(float(x), float(y)) for x, y in (places[:-1] if closed else places)]


def _polygons(shape: Any) -> list[Any]:
    return [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]


def _weight(mm: float) -> int:
    """Return the nearest line weight CAD knows, in hundredths of a millimetre."""
    known = (5, 9, 13, 15, 18, 20, 25, 30, 35, 40, 50, 53, 60, 70, 80, 90, 100)
    return min(known, key=lambda one: (abs(one - mm * 100), one))


def _rgb(hex_: str) -> tuple[int, int, int]:
    value = colour(hex_)
    return value >> 16, value >> 8 & 255, value & 255


# ------------------------------------------------------------------------------------------------------------- points


def block(
    canvas: Canvas, name: str, look: roles.PointLook | roles.AreaLook | roles.LineLook, attributes: Sequence[str]
) -> str:
    """Make sure there is a block for a look, one drawing unit a millimetre, and return its name.

    The first attribute is shown beside the symbol, the others are kept out of sight.
    """
    name = layer_name(name)
    if name in canvas.doc.blocks:
        return name
    made = canvas.doc.blocks.new(name=name)
    if isinstance(look, roles.PointLook):
        _symbol(made, look)
        reach = look.mm / 2
    else:
        edge = look.edge if isinstance(look, roles.AreaLook) else look.hex
        _body(made, _corners("square", 2.2), look.hex or "#FFFFFF", edge)
        reach = 1.1
    for number, tag in enumerate(attributes):
        place, facts = (reach + 0.8, -1.0), {"style": STYLE, "height": 2.0, "flags": 0 if number == 0 else 1}
        made.add_attdef(attribute_tag(tag), place, dxfattribs={**facts, "prompt": tag})
    return name


def _symbol(made: Any, look: roles.PointLook) -> None:
    """Draw rings, body and filling of a point."""
    for ring in range(look.rings, 0, -1):
        _body(made, _corners(look.shape, look.mm + ring * 1.8), "#FFFFFF", look.hex)
    corners = _corners(look.shape, look.mm)
    _body(made, corners, look.hex if look.filling == "solid" else "#FFFFFF", look.hex)
    if look.filling == "left_half":
        whole = shapely.Polygon(corners)
        half = shapely.intersection(whole, shapely.box(-look.mm, -look.mm, 0, look.mm))
        _solid(made, _ring(half.exterior), look.hex)
    half_mm = look.mm / 2
    reach = half_mm * 0.62
    strokes = {
        "bar": [((-half_mm, 0.0), (half_mm, 0.0))],
        "slash": [((-reach, -reach), (reach, reach))],
        "x": [((-reach, -reach), (reach, reach)), ((-reach, reach), (reach, -reach))],
    }
    for start, end in strokes.get(look.filling, []):
        made.add_line(start, end, dxfattribs={"layer": "0", "true_color": colour(look.hex), "lineweight": 35})


def _body(made: Any, corners: Sequence[Point], hex_: str, edge: str) -> None:
    _solid(made, corners, hex_)
    made.add_lwpolyline(corners, close=True, dxfattribs={"layer": "0", "true_color": colour(edge), "lineweight": 35})


def _solid(made: Any, corners: Sequence[Point], hex_: str) -> None:
    hatch = made.add_hatch(dxfattribs={"layer": "0"})
    hatch.paths.add_polyline_path(corners, is_closed=True, flags=1)
    hatch.set_solid_fill(style=0, rgb=_rgb(hex_))


def _corners(shape: str, mm: float) -> list[Point]:
    """Return the outline of a symbol, as the atlas draws it."""
    half, height = mm / 2, mm * 0.866
    fixed: dict[str, list[Point]] = {
        "square": [(-half, -half), (half, -half), (half, half), (-half, half)],
        "diamond": [(0.0, -half * 1.25), (half * 1.25, 0.0), (0.0, half * 1.25), (-half * 1.25, 0.0)],
        "triangle": [(-half, -height / 3), (half, -height / 3), (0.0, height * 2 / 3)],
    }
    if shape in fixed:
        return fixed[shape]
    turns = np.radians(90 + np.arange(6) * 60) if shape == "hexagon" else np.arange(_ROUND) * (2 * np.pi / _ROUND)
    return [(float(half * np.cos(turn)), float(half * np.sin(turn))) for turn in turns]
