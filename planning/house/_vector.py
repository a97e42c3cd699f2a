"""Room `house`: a logo as SVG: filled shapes and nothing else, so that it prints the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from fontTools.misc.transform import Transform
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.svgLib.path import parse_path
from fontTools.svgLib.path.shapes import PathBuilder
from PIL import ImageColor

MOST_BYTES: Final = 1_000_000
SHAPES: Final = ("path", "rect", "circle", "ellipse", "polygon", "polyline")
_FARTHEST: Final = 1e6  # of a coordinate: no drawing needs more, and infinite ones cannot be drawn
HOLDERS: Final = ("svg", "g")
SILENT: Final = ("title", "desc", "metadata")
_SVG: Final = "{http://www.w3.org/2000/svg}"
_TURN: Final = re.compile(r"(matrix|translate|scale|rotate)\s*\(([^)]*)\)")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")

Stroke = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Drawing:
    """Filled outlines in the units of the file, y down: ``(colour, pen strokes)`` each, and the box they stand in."""

    box: tuple[float, float, float, float]
    parts: tuple[tuple[str, tuple[Stroke, ...]], ...]


def drawing(path: Path) -> Drawing:
    """Read an SVG of paths, rectangles, circles, ellipses and polygons.

    Raises
    ------
    ValueError
        If it is no SVG, or holds what is not printed faithfully: text, pictures, gradients, styles, strokes.
    """
    content = path.read_bytes()
    if len(content) > MOST_BYTES:
        raise ValueError(f"> {MOST_BYTES} B")
    if b"\0" in content or b"<!" in content.replace(b"<!--", b""):  # in UTF-16 a declaration would not be seen
        raise ValueError("UTF-16" if b"\0" in content else "DOCTYPE")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  (no entities: declarations are refused above)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if root.tag != f"{_SVG}svg":
        raise ValueError(root.tag[:40])
    parts = tuple(_parts(root, Transform(), "#000000"))
    if not parts:
        raise ValueError("fill")
    box = _box(root)
    reach = [abs(number) for _, strokes in parts for _, points in strokes for point in points for number in point]
    if not all(number <= _FARTHEST for number in (*map(abs, box), *reach)) or min(box[2:]) < 1 / _FARTHEST:
        raise ValueError(f"> {_FARTHEST:.0f}")
    return Drawing(box, parts)


def _box(root: ElementTree.Element) -> tuple[float, float, float, float]:
    numbers = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    if len(numbers) != 4:
        numbers = [0.0, 0.0, *(float((_NUMBER.findall(root.get(key, "")) or ["0"])[0]) for key in ("width", "height"))]
    if numbers[2] <= 0 or numbers[3] <= 0:
        raise ValueError("viewBox")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _parts(element: ElementTree.Element, turn: Transform, colour: str) -> Iterator[tuple[str, tuple[Stroke, ...]]]:
    """Yield the filled outlines of an element and what stands in it."""
    name = element.tag.removeprefix(_SVG) if isinstance(element.tag, str) else ""
    if not name or name in SILENT:
        return
    stated = _stated(element)
    if name not in HOLDERS and name not in SHAPES:
        raise ValueError(f"<{name[:20]}>")
    if stated.get("stroke", "none") != "none" or {"class", "filter", "mask", "clip-path"} & set(element.attrib):
        raise ValueError("stroke" if "stroke" in stated else "class")
    turn = turn.transform(_turned(element.get("transform", "")))
    colour = stated.get("fill", colour)
    if name in SHAPES and colour != "none":
        yield _hex(colour), _outline(element, turn)
    for child in element:
        yield from _parts(child, turn, colour)


def _stated(element: ElementTree.Element) -> dict[str, str]:
    """Return what attributes and the style attribute say, the latter first."""
    pairs = (pair.split(":", 1) for pair in element.get("style", "").split(";") if ":" in pair)
    return {**element.attrib, **{key.strip(): value.strip() for key, value in pairs}}


def _hex(colour: str) -> str:
    if colour.startswith(("url", "var")):
        raise ValueError(colour[:20])
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return f"#{red:02X}{green:02X}{blue:02X}"


def _turned(text: str) -> Transform:
    found = Transform()
    for name, inside in _TURN.findall(text):
        numbers = [float(number) for number in _NUMBER.findall(inside)]
        if name == "matrix":
            found = found.transform(Transform(*numbers))
        elif name == "translate":
            found = found.translate(*numbers)
        elif name == "scale":
            found = found.scale(*numbers)
        else:
            x, y = (*numbers[1:3], 0.0, 0.0)[:2]
            found = found.translate(x, y).rotate(numbers[0] / 180 * 3.141592653589793).translate(-x, -y)
    return found


def _outline(element: ElementTree.Element, turn: Transform) -> tuple[Stroke, ...]:
    """Return an element's outline as strokes of a pen."""
    builder = PathBuilder()
    plain = ElementTree.Element(
        element.tag.removeprefix(_SVG), {key: value for key, value in element.attrib.items() if key != "transform"}
    )
    builder.add_path_from_element(plain)
    pen = DecomposingRecordingPen({})
    for written in builder.paths:
        parse_path(written, TransformPen(pen, turn))
    return tuple(pen.value)
