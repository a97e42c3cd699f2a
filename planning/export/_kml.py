"""Room `planning.export`: one KML file in WGS 84, each layer a folder, drawn in the palette's colours."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import shapely
from pyproj import CRS

from planning import texts
from planning.export import _roles as roles
from planning.export import _tables as tables
from planning.export._geojson import DECIMALS, in_degrees
from planning.texts import Language

SPACE: Final = "http://www.opengis.net/kml/2.2"
LAYERS: Final = ("units", "service_areas", "residential", "uncovered", "facilities", "candidates", "sites")
"""In this order, what lies below first; roads reached would make the file too large for a viewer."""
_PX_PER_MM: Final = 4.0
_HIDDEN: Final = ("service_areas", "uncovered", "candidates")


def write(
    layers: Mapping[str, tables.Layer],
    legends: Mapping[str, Sequence[roles.Role]],
    path: Path,
    *,
    metric: CRS,
    language: Language,
    title: str,
) -> None:
    """Write ``path``; names are text, whatever they hold, and letters XML has not are shown as escapes."""
    root = ET.Element("kml", xmlns=SPACE)
    book = ET.SubElement(root, "Document")
    _text(book, "name", title)
    _text(book, "description", texts.t("export.cgcs2000", language, crs=metric.name))
    for name in LAYERS:
        if name in layers:
            _styles(book, name, legends[name])
    for name in LAYERS:
        if name in layers:
            _folder(book, in_degrees(layers[name], metric), legends[name], language)
    ET.indent(root, " ")
    path.write_bytes(b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="utf-8") + b"\n")


def _styles(book: ET.Element, name: str, legend: Sequence[roles.Role]) -> None:
    for number, role in enumerate(legend):
        style = ET.SubElement(book, "Style", id=f"{name}_{number}")
        look = role.look
        if isinstance(look, roles.PointLook):
            _text(ET.SubElement(style, "IconStyle"), "color", _colour(look.hex))
        if isinstance(look, roles.AreaLook | roles.LineLook):
            drawn = ET.SubElement(style, "LineStyle")
            edge, mm = (look.edge, look.edge_mm) if isinstance(look, roles.AreaLook) else (look.hex, look.mm)
            _text(drawn, "color", _colour(edge))
            _text(drawn, "width", f"{max(mm * _PX_PER_MM, 1):g}")
        if isinstance(look, roles.AreaLook):
            filled = ET.SubElement(style, "PolyStyle")
            _text(filled, "color", _colour(look.hex or "#FFFFFF", 0.7))
            _text(filled, "fill", "1" if look.hex else "0")


def _colour(hex_: str, alpha: float = 1.0) -> str:
    """Return a colour as KML has it: alpha, blue, green, red."""
    return f"{round(alpha * 255):02x}{hex_[5:7]}{hex_[3:5]}{hex_[1:3]}".lower()


def _folder(book: ET.Element, layer: tables.Layer, legend: Sequence[roles.Role], language: Language) -> None:
    folder = ET.SubElement(book, "Folder")
    _text(folder, "name", layer.alias)
    _text(folder, "visibility", "0" if layer.name in _HIDDEN else "1")
    said, place = roles.words(layer, language), roles.place(layer, legend)
    frame = layer.frame
    for at, row in enumerate(frame.drop(columns="geometry").to_dict("records")):
        mark = ET.SubElement(folder, "Placemark")
        _text(mark, "name", str(_title(row, layer)))
        if layer.name in _HIDDEN:
            _text(mark, "visibility", "0")
        if place.iloc[at] >= 0:
            _text(mark, "styleUrl", f"#{layer.name}_{place.iloc[at]}")
        _data(mark, layer, row, said)
        shape = frame.geometry.iloc[at]
        if shape is not None and not shape.is_empty:
            mark.append(_shape(shape))


def _title(row: Mapping[Any, Any], layer: tables.Layer) -> Any:
    name = row.get("name")
    key = next(key for key in tables.KEYS[layer.name] if key.endswith("_id"))
    return row[key] if name is None or pd.isna(name) else name


def _data(mark: ET.Element, layer: tables.Layer, row: Mapping[Any, Any], said: Mapping[str, Mapping[str, str]]) -> None:
    """Write what is known of a row; what is missing is left out, which is not nought nor an empty text."""
    data = ET.SubElement(mark, "ExtendedData")
    for field in layer.fields:
        value = row[field.name]
        if pd.isna(value):
            continue
        entry = ET.SubElement(data, "Data", name=texts.printable(field.name))
        _text(entry, "displayName", field.alias)
        _text(entry, "value", said.get(field.name, {}).get(str(value), tables.plain(value)))


def _text(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, name).text = texts.printable(value)


# ------------------------------------------------------------------------------------------------------------- shapes


def _shape(shape: Any) -> ET.Element:
    """Return a shape as KML; several together as a `MultiGeometry`."""
    kind = shape.geom_type
    if kind.startswith("Multi"):
        several = ET.Element("MultiGeometry")
        several.extend(_shape(part) for part in shape.geoms)
        return several
    if kind == "Polygon":
        return _polygon(shapely.orient_polygons(shape, exterior_cw=False))
    found = ET.Element("Point" if kind == "Point" else "LineString")
    ET.SubElement(found, "coordinates").text = _places(shape)
    return found


def _polygon(shape: Any) -> ET.Element:
    found = ET.Element("Polygon")
    for name, ring in _rings(shape):
        ET.SubElement(ET.SubElement(ET.SubElement(found, name), "LinearRing"), "coordinates").text = _places(ring)
    return found


def _rings(shape: Any) -> Iterator[tuple[str, Any]]:
    yield "outerBoundaryIs", shape.exterior
    yield from (("innerBoundaryIs", ring) for ring in shape.interiors)


def _places(line: Any) -> str:
    return " ".join(f"{x:.{DECIMALS}f},{y:.{DECIMALS}f}" for x, y in shapely.get_coordinates(line))
