"""KML and KMZ: placemarks by folder, with the values written beside them.

Read here and not by GDAL: where a placemark carries both ``Data`` and ``SimpleData``, GDAL's driver loses the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planning.errors import Fault, InputRefused
from planning.sources import xmls
from planning.sources.layers import pick
from planning.sources.raw import Dataset, Raw, raw_table

_DEPTH: Final = 100
_CONTAINERS: Final = ("Folder", "Document")
_SHAPES: Final = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack")


def read(dataset: Dataset, *, layer: str | None) -> Raw:
    """Read the placemarks of one folder.

    Parameters
    ----------
    dataset : Dataset
    layer : str or None
        The folder, or its way from the top with ``/`` where its name stands twice; needed where several folders hold
        placemarks.

    Returns
    -------
    Raw
        Columns ``name, description``, then ``Data`` and ``SimpleData`` by name, then the rows of a two-column table in
        the description. Heights are kept as written. ``read`` counts ``<Placemark`` in the bytes, where the file holds
        one folder.

    Raises
    ------
    InputRefused
        ``file_broken``, ``layer_needed``, ``layer_unknown``, ``layer_none``, ``rows_lost``.
    """
    folders = _folders(dataset)
    whole = len(re.findall(rb"<(?:\w+:)?Placemark[\s>]", dataset.path.read_bytes()))
    told = sum(map(len, folders.values()))
    if told != whole:
        raise InputRefused(Fault("rows_lost", file=dataset.file, value=f"{told} / {whole}"))
    name = pick(list(folders), layer, dataset)
    marks = folders[name]
    values = [_values(mark) for mark in marks]
    names = dict.fromkeys(column for one in values for column in one)
    shapes, unreadable = _shapes(marks)
    return raw_table(
        [(column, _cells([one.get(column) for one in values])) for column in names],
        np.arange(1, len(marks) + 1),
        len(marks),
        layer=name,
        geometry=shapes,
        crs=CRS.from_epsg(4326),
        encoding="utf-8",
        dropped={"shape_unreadable": unreadable},
    )


# ---------------------------------------------------------------------------------------------------------- folders


def _folders(dataset: Dataset) -> dict[str, list[ET.Element]]:
    """Return the placemarks by folder; folders of one name get their way from the top."""
    root = xmls.parse(dataset.path, dataset)
    found = list(_walk(root, (), dataset))
    plain = [way[-1] if way else dataset.path.stem for way, _ in found]
    folders: dict[str, list[ET.Element]] = {}
    for (way, marks), name in zip(found, plain, strict=True):
        shown = name if plain.count(name) == 1 else "/".join(way) or name
        folders.setdefault(shown, []).extend(marks)
    return folders


def _walk(
    element: ET.Element, way: tuple[str, ...], dataset: Dataset
) -> Iterator[tuple[tuple[str, ...], list[ET.Element]]]:
    """Yield each container that holds placemarks itself, with the names on the way to it."""
    if len(way) > _DEPTH:
        raise _broken(dataset, "Folder")
    marks = [child for child in element if _tag(child) == "Placemark"]
    if marks:
        yield way, marks
    for child in element:
        if _tag(child) in _CONTAINERS:
            name = _text(child, "name") or _tag(child)
            yield from _walk(child, (*way, name), dataset)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _text(element: ET.Element, tag: str) -> str:
    return next(("".join(child.itertext()).strip() for child in element if _tag(child) == tag), "")


# ----------------------------------------------------------------------------------------------------------- values


def _values(mark: ET.Element) -> dict[str, str | None]:
    """Return what a placemark says, by column; a name said twice keeps what was said first."""
    description = _text(mark, "description")
    said: dict[str, str | None] = {"name": _text(mark, "name") or None, "description": description or None}
    for name, value in (*_extended(mark), *_table(description)):
        if name and said.get(name) is None:
            said[name] = value or None
    return said


def _extended(mark: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield the extended data: ``Data`` and ``SimpleData``."""
    for child in mark.iter():
        if _tag(child) == "Data":
            yield str(child.get("name", "")), _text(child, "value")
        elif _tag(child) == "SimpleData":
            yield str(child.get("name", "")), "".join(child.itertext()).strip()


class _Cells(HTMLParser):
    """Collects the rows of the tables in a description."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def _table(description: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a two-column table, as desktop programs write attributes into a description."""
    if "<t" not in description.lower():
        return
    cells = _Cells()
    cells.feed(description)
    for row in cells.rows:
        if len(row) == 2 and row[0].strip():
            yield row[0].strip(), row[1].strip()


def _cells(values: list[str | None]) -> Any:
    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    return cells


# ----------------------------------------------------------------------------------------------------------- shapes


def _shapes(marks: list[ET.Element]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the shape of each placemark, None where it has none, and which ones cannot be read."""
    shapes = np.empty(len(marks), dtype=object)
    unreadable = np.zeros(len(marks), dtype=bool)
    for at, mark in enumerate(marks):
        element = next((child for child in mark if _tag(child) in _SHAPES), None)
        try:
            shapes[at] = None if element is None else _geometry(element)
        except (ValueError, shapely.errors.ShapelyError, RecursionError):
            unreadable[at] = True
    return shapes, unreadable


def _geometry(element: ET.Element) -> Any:
    kind = _tag(element)
    if kind in ("MultiGeometry", "MultiTrack"):
        return _collected([_geometry(child) for child in element if _tag(child) in _SHAPES])
    if kind == "Polygon":
        return _polygon(element)
    points = _track(element) if kind == "Track" else _points(_text(element, "coordinates"))
    if not points:
        return None
    return shapely.Point(points[0]) if kind == "Point" else shapely.LineString(points)


def _polygon(element: ET.Element) -> Any:
    shells, holes = ([*_rings(element, side)] for side in ("outerBoundaryIs", "innerBoundaryIs"))
    return shapely.Polygon(shells[0], holes) if shells and shells[0] else None


def _rings(element: ET.Element, side: str) -> Iterator[list[tuple[float, ...]]]:
    for boundary in (child for child in element if _tag(child) == side):
        yield from (_points(_text(ring, "coordinates")) for ring in boundary if _tag(ring) == "LinearRing")


def _points(text: str) -> list[tuple[float, ...]]:
    """Return the points of ``lon,lat[,height] …``; the heights only where all points have one."""
    points = [tuple(float(part) for part in word.split(",")) for word in re.sub(r"\s*,\s*", ",", text).split()]
    if any(len(point) not in (2, 3) for point in points):
        raise ValueError(text[:60])
    width = min(map(len, points), default=2)
    return [point[:width] for point in points]


def _track(element: ET.Element) -> list[tuple[float, ...]]:
    words = ["".join(child.itertext()).split() for child in element if _tag(child) == "coord"]
    return [tuple(float(part) for part in parts[:2]) for parts in words]


def _collected(shapes: list[Any]) -> Any:
    """Return several shapes as one: a multi-part shape where they are of one kind."""
    parts = np.array([shape for shape in shapes if shape is not None], dtype=object)
    if len(parts) < 2:
        return parts[0] if len(parts) else None
    kinds = set(shapely.get_type_id(parts).tolist())
    makers = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}
    make = makers.get(kinds.pop()) if len(kinds) == 1 else None
    return shapely.geometrycollections(parts) if make is None else make(parts)


def _broken(dataset: Dataset, why: str) -> InputRefused:
    return InputRefused(Fault("file_broken", file=dataset.file, facts={"why": why[:200]}))
