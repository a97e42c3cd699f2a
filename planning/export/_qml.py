"""Room `planning.export`: QGIS style documents (QML) made of the palette's fills, lines and symbols.

Written for QGIS 3.22 and later. Sizes are millimetres on paper, as in the atlas.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planning.palette import Filling, Hatch, Shape

SHAPES: Final = {"point": "Point", "line": "Line", "polygon": "Polygon"}
VERSION: Final = "3.22.0"
_NONE: Final = "0,0,0,0"
_RIM_MM: Final = 0.38
_OUTLINE_MM: Final = 0.34
_RING_MM: Final = 1.8
_HALVES: Final[Mapping[Shape, tuple[str, float, float]]] = {
    "circle": ("semi_circle", 270.0, 1.0),
    "square": ("half_square", 0.0, 1.0),
    "triangle": ("left_half_triangle", 0.0, 1.0),
    "hexagon": ("semi_circle", 270.0, 0.86),
    "diamond": ("semi_circle", 270.0, 0.7),
}
"""QGIS's marker for the left half of each shape, its turn and size; where it has none, a half circle inside."""
_STROKES: Final[Mapping[Filling, tuple[str, float, float]]] = {
    "bar": ("line", 90.0, 0.92),
    "slash": ("line", 45.0, 0.8),
    "x": ("cross2", 0.0, 0.6),
}


@dataclass(frozen=True)
class Part:
    """One layer of a symbol: its class and properties, and the symbol it is filled with where it has one."""

    kind: str
    facts: Mapping[str, str]
    inner: Symbol | None = None


@dataclass(frozen=True)
class Symbol:
    """A symbol of QGIS: ``marker``, ``line`` or ``fill``, drawn part by part."""

    kind: str
    parts: tuple[Part, ...]
    alpha: float = 1.0


@dataclass(frozen=True)
class Entry:
    """One entry of the legend: the values of each column it stands for, its wording, its symbol."""

    where: Mapping[str, Sequence[str]]
    label: str
    symbol: Symbol
    shape: str = ""  # QGIS's word for a kind of shape, where a layer holds several


@dataclass(frozen=True)
class Labels:
    """Names on the map: a QGIS expression, letters in points, colour, the white rim, weight, whether within areas."""

    text: str
    pt: float
    hex: str
    halo_mm: float
    bold: bool = False
    inside: bool = False


# ------------------------------------------------------------------------------------------------------------ symbols


def colour(hex_: str, alpha: float = 1.0) -> str:
    """Return a colour as QGIS writes it."""
    red, green, blue = (int(hex_[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(alpha * 255)}"


def line(hex_: str, width_mm: float, dash_mm: Sequence[float] = ()) -> Symbol:
    """Return a line, dashed where ``dash_mm`` says so."""
    facts = {"line_color": colour(hex_), "line_width": f"{width_mm:g}", "line_width_unit": "MM", "line_style": "solid",
             "capstyle": "flat", "joinstyle": "round"}  # fmt: skip
    if dash_mm:
        dashes = ";".join(f"{part:g}" for part in dash_mm)
        facts |= {"use_custom_dash": "1", "customdash": dashes, "customdash_unit": "MM"}
    return Symbol("line", (Part("SimpleLine", facts),))


def area(hex_: str, hatch: Hatch, *, edge: str, edge_mm: float) -> Symbol:
    """Return an area: fill, hatch, outline."""
    ground = Part("SimpleFill", {"color": colour(hex_), "style": "solid", "outline_style": "no"})
    return Symbol("fill", (ground, *_hatched(hatch), _edge(edge, edge_mm)))


def outline(hex_: str, width_mm: float, dash_mm: Sequence[float] = ()) -> Symbol:
    """Return an area of which only the outline is drawn."""
    return Symbol("fill", (Part("SimpleLine", line(hex_, width_mm, dash_mm).parts[0].facts),))


def marker(shape: Shape, mm: float, hex_: str, filling: Filling, *, rings: int = 0) -> Symbol:
    """Return a point symbol: rings, white rim, body, filling."""
    around = [_mark(shape, mm + ring * _RING_MM, "#FFFFFF", hex_) for ring in range(rings, 0, -1)]
    body = hex_ if filling == "solid" else "#FFFFFF"
    parts = [*around, _mark(shape, mm + 2 * _RIM_MM, "#FFFFFF", None), _mark(shape, mm, body, hex_)]
    if filling == "left_half":
        name, angle, factor = _HALVES[shape]
        parts.append(_mark(name, mm * factor, hex_, None, angle=angle))
    if filling in _STROKES:
        name, angle, factor = _STROKES[filling]
        parts.append(_mark(name, mm * factor, None, hex_, angle=angle))
    return Symbol("marker", tuple(parts))


def centred(symbol: Symbol) -> Symbol:
    """Return a point symbol set on the middle of an area, for layers that hold points and areas."""
    return Symbol("fill", (Part("CentroidFill", {"point_on_surface": "1", "point_on_all_parts": "0"}, symbol),))


def dot(hex_: str, edge: str) -> Symbol:
    """Return the small square that stands for an area known as a point."""
    return Symbol("marker", (_mark("square", 2.2, hex_, edge),))


def _mark(name: str, mm: float, hex_: str | None, edge: str | None, *, angle: float = 0.0) -> Part:
    facts = {"name": name, "size": f"{mm:g}", "size_unit": "MM", "angle": f"{angle:g}",
             "color": _NONE if hex_ is None else colour(hex_), "outline_width": f"{_OUTLINE_MM:g}",
             "outline_width_unit": "MM", "outline_style": "no" if edge is None else "solid",
             "outline_color": _NONE if edge is None else colour(edge),
             "horizontal_anchor_point": "1", "vertical_anchor_point": "1"}  # fmt: skip
    return Part("SimpleMarker", facts)


def _edge(hex_: str, width_mm: float) -> Part:
    return Part("SimpleLine", line(hex_, width_mm).parts[0].facts)


def _hatched(hatch: Hatch) -> tuple[Part, ...]:
    if hatch.kind == "none":
        return ()
    if hatch.kind == "dots":
        # Dots stand in rows turned by 45°: every other row is set off by half a step.
        step, half = f"{hatch.pitch_mm * 2**0.5:.3f}", f"{hatch.pitch_mm / 2**0.5:.3f}"
        facts = {"distance_x": step, "distance_y": half, "displacement_x": half, "displacement_y": "0"}
        facts |= {f"{name}_unit": "MM" for name in tuple(facts)}
        inner = Symbol("marker", (_mark("circle", hatch.width_mm, hatch.hex, None),))
        return (Part("PointPatternFill", facts, inner),)
    turns = (0.0, 90.0) if hatch.kind == "cross" else (0.0,)
    return tuple(_lines(hatch, hatch.angle_deg + turn) for turn in turns)


def _lines(hatch: Hatch, angle: float) -> Part:
    facts = {"angle": f"{angle:g}", "distance": f"{hatch.pitch_mm:g}", "distance_unit": "MM",
             "line_width": f"{hatch.width_mm:g}", "line_width_unit": "MM", "color": colour(hatch.hex)}  # fmt: skip
    return Part("LinePatternFill", facts, line(hatch.hex, hatch.width_mm))


# ---------------------------------------------------------------------------------------------------------- documents


def document(
    entries: Sequence[Entry],
    aliases: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
    *,
    labels: Labels | None = None,
    last: str = "",
) -> str:
    """Return a QML document.

    Parameters
    ----------
    entries
        The legend. Where one column tells them apart the layer is categorised by it; else rules do.
    aliases
        What a person calls each column, in the order of the layer.
    words
        For columns of codes: what a person reads for each code.
    labels
        Names on the map.
    last
        A column whose smaller numbers are drawn above larger ones.
    """
    root = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories",
                      labelsEnabled="0" if labels is None else "1")  # fmt: skip
    _renderer(root, entries, last)
    if labels is not None:
        _labelling(root, labels)
    _fields(root, aliases, words)
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}\n"


def _renderer(root: ET.Element, entries: Sequence[Entry], last: str) -> None:
    columns = {column for entry in entries for column in entry.where}
    common: dict[str, Any] = {"forceraster": "0", "symbollevels": "0", "enableorderby": "1" if last else "0"}
    if not columns and len(entries) == 1:
        renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol", **common)
    elif len(columns) == 1 and not any(entry.shape for entry in entries):
        renderer = ET.SubElement(root, "renderer-v2", type="categorizedSymbol", attr=next(iter(columns)), **common)
        _categories(renderer, entries)
    else:
        renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", **common)
        _rules(renderer, entries)
    symbols = ET.SubElement(renderer, "symbols")
    for number, entry in enumerate(entries):
        _symbol(symbols, entry.symbol, str(number))
    if last:
        clause = ET.SubElement(ET.SubElement(renderer, "orderby"), "orderByClause", asc="0", nullsFirst="0")
        clause.text = f'"{last}"'


def _categories(renderer: ET.Element, entries: Sequence[Entry]) -> None:
    listed = ET.SubElement(renderer, "categories")
    for number, entry in enumerate(entries):
        (values,) = entry.where.values()
        facts: dict[str, Any] = {"symbol": str(number), "label": entry.label, "render": "true"}
        if len(values) == 1:
            ET.SubElement(listed, "category", type="string", value=values[0], **facts)
        else:
            several = ET.SubElement(listed, "category", type="list", value="", **facts)
            for value in values:
                ET.SubElement(several, "val", type="string", value=value)


def _rules(renderer: ET.Element, entries: Sequence[Entry]) -> None:
    listed = ET.SubElement(renderer, "rules", key="{0}")
    for number, entry in enumerate(entries):
        tests = [f'"{column}" IN ({", ".join(map(_quoted, values))})' for column, values in entry.where.items()]
        tests += [f"geometry_type($geometry) = '{entry.shape}'"] if entry.shape else []
        key = f"{{{number + 1}}}"
        ET.SubElement(listed, "rule", key=key, symbol=str(number), label=entry.label, filter=" AND ".join(tests))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _symbol(parent: ET.Element, symbol: Symbol, name: str) -> None:
    entry = ET.SubElement(parent, "symbol", type=symbol.kind, name=name, alpha=f"{symbol.alpha:g}",
                          clip_to_extent="1", force_rhr="0")  # fmt: skip
    for number, part in enumerate(symbol.parts):
        layer = ET.SubElement(entry, "layer", {"class": part.kind, "enabled": "1", "locked": "0", "pass": "0"})
        options = ET.SubElement(layer, "Option", type="Map")
        for key, value in part.facts.items():
            ET.SubElement(options, "Option", name=key, type="QString", value=value)
        if part.inner is not None:
            _symbol(layer, part.inner, f"@{name}@{number}")


def _labelling(root: ET.Element, labels: Labels) -> None:
    settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings", calloutType="simple")
    style = ET.SubElement(settings, "text-style", fieldName=labels.text, isExpression="1",
                          fontFamily="Noto Sans SC", fontSize=f"{labels.pt:g}", fontSizeUnit="Point",
                          fontWeight="75" if labels.bold else "50",
                          textColor=colour(labels.hex), textOpacity="1", allowHtml="0")  # fmt: skip
    ET.SubElement(style, "text-buffer", bufferDraw="1", bufferSize=f"{labels.halo_mm:g}", bufferSizeUnits="MM",
                  bufferColor="255,255,255,255", bufferOpacity="1", bufferJoinStyle="128")  # fmt: skip
    way = "4" if labels.inside else "6"
    ET.SubElement(settings, "placement", placement=way, dist="0.6", distUnits="MM", priority="5",
                  centroidWhole="0", centroidInside="1")  # fmt: skip
    ET.SubElement(settings, "rendering", obstacle="1", displayAll="0", drawLabels="1")


def _fields(root: ET.Element, aliases: Mapping[str, str], words: Mapping[str, Mapping[str, str]]) -> None:
    configured = ET.SubElement(root, "fieldConfiguration")
    for column, said in words.items():
        widget = ET.SubElement(ET.SubElement(configured, "field", name=column), "editWidget", type="ValueMap")
        options = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
        listed = ET.SubElement(options, "Option", name="map", type="List")
        for code, word in said.items():
            pair = ET.SubElement(listed, "Option", type="Map")
            ET.SubElement(pair, "Option", name=word, type="QString", value=code)
    named = ET.SubElement(root, "aliases")
    for number, (column, alias) in enumerate(aliases.items()):
        ET.SubElement(named, "alias", field=column, index=str(number), name=alias)
