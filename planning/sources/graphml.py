"""Walking networks saved by OSMnx as GraphML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from planning import crs as crss
from planning.errors import Fault, InputRefused
from planning.sources import osm, xmls
from planning.sources.raw import Dataset, Raw, raw_table

_SPACE: Final = "{http://graphml.graphdrawing.org/xmlns}"


def read(dataset: Dataset) -> Raw:
    """Read the edges of an OSMnx graph.

    Returns
    -------
    Raw
        Columns ``road_id`` (``osmid`` as written, lists too), ``highway`` (likewise), ``name, walkable, level``,
        ``oneway``. An edge without geometry is the straight line between its nodes. ``node_ids`` holds the ids of
        both ends, None between. Of two edges that are the same line in both directions one is kept (from the smaller
        node id); the other is dropped as ``reverse_twin``. ``read`` counts ``<edge`` in the bytes.

    Raises
    ------
    InputRefused
        ``file_broken``, ``xml_dtd``, ``graphml_no_xy``, ``crs_missing``.
    """
    graph, keys = _graph(dataset)
    nodes = _nodes(graph, keys, dataset)
    edges = [_edge(element, keys) for element in graph.iterfind(f"{_SPACE}edge")]
    geometry = np.empty(len(edges), dtype=object)
    node_ids = np.empty(len(edges), dtype=object)
    for at, edge in enumerate(edges):
        geometry[at] = _line(edge, nodes)
        node_ids[at] = _end_ids(edge, geometry[at], nodes)
    return raw_table(
        _columns(edges),
        np.arange(1, len(edges) + 1),
        len(re.findall(rb"<edge[\s>]", dataset.path.read_bytes())),
        geometry=geometry,
        node_ids=node_ids,
        crs=_crs(graph, keys, dataset),
        dropped={"reverse_twin": _twins(edges, geometry)},
    )


def _graph(dataset: Dataset) -> tuple[ET.Element, dict[str, str]]:
    """Return the graph element and the names of its keys."""
    root = xmls.parse(dataset.path, dataset)
    graph = root.find(f"{_SPACE}graph")
    if graph is None:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": "<graph>"}))
    return graph, {str(key.get("id")): str(key.get("attr.name")) for key in root.iterfind(f"{_SPACE}key")}


def _data(element: ET.Element, keys: Mapping[str, str]) -> dict[str, str | None]:
    return {keys.get(str(entry.get("key")), ""): entry.text for entry in element.iterfind(f"{_SPACE}data")}


def _nodes(graph: ET.Element, keys: Mapping[str, str], dataset: Dataset) -> dict[str, tuple[float, float]]:
    found = {}
    for element in graph.iterfind(f"{_SPACE}node"):
        data = _data(element, keys)
        try:
            found[str(element.get("id"))] = (float(data["x"] or ""), float(data["y"] or ""))
        except (KeyError, ValueError):
            value = str(element.get("id"))
            raise InputRefused(Fault("graphml_no_xy", file=dataset.file, value=value)) from None
    return found


def _edge(element: ET.Element, keys: Mapping[str, str]) -> dict[str, Any]:
    return {"u": str(element.get("source")), "v": str(element.get("target")), **_data(element, keys)}


def _line(edge: Mapping[str, Any], nodes: Mapping[str, tuple[float, float]]) -> Any:
    """Return the line of an edge; None where it has none or its WKT cannot be read."""
    if edge.get("geometry"):
        return shapely.from_wkt(edge["geometry"], on_invalid="ignore")
    if edge["u"] not in nodes or edge["v"] not in nodes or nodes[edge["u"]] == nodes[edge["v"]]:
        return None
    return shapely.LineString([nodes[edge["u"]], nodes[edge["v"]]])


def _end_ids(edge: Mapping[str, Any], line: Any, nodes: Mapping[str, tuple[float, float]]) -> Any:
    """Return node ids along the line: the two ends where the line really starts and stops there, else None."""
    if not isinstance(line, shapely.LineString) or line.is_empty:
        return None
    ends = [edge["u"], edge["v"]]
    first, last = line.coords[0][:2], line.coords[-1][:2]
    forward = _distance(first, nodes.get(ends[0])) + _distance(last, nodes.get(ends[1]))
    backward = _distance(first, nodes.get(ends[1])) + _distance(last, nodes.get(ends[0]))
    if backward < forward:
        ends.reverse()
    return (ends[0], *(None,) * (len(line.coords) - 2), ends[1])


def _distance(one: tuple[float, ...], other: tuple[float, float] | None) -> float:
    return float("inf") if other is None else abs(one[0] - other[0]) + abs(one[1] - other[1])


def _columns(edges: list[dict[str, Any]]) -> list[tuple[str, NDArray[np.object_]]]:
    """Return the canonical columns of the edges."""
    made = {
        "road_id": [edge.get("osmid") for edge in edges],
        "highway": [edge.get("highway") for edge in edges],
        "name": [edge.get("name") for edge in edges],
        "walkable": [osm.walkable(edge) for edge in edges],
        "level": [osm.level(edge) for edge in edges],
        "oneway": [edge.get("oneway") for edge in edges],
    }
    columns = []
    for name, values in made.items():
        cells = np.empty(len(edges), dtype=object)
        cells[:] = values
        columns.append((name, cells))
    return columns


def _twins(edges: list[dict[str, Any]], geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Mark edges that run back along a line already kept; the kept one starts at the smaller node id."""
    shapes = shapely.to_wkb(shapely.normalize(geometry))
    order = sorted(range(len(edges)), key=lambda at: (edges[at]["u"] > edges[at]["v"], at))
    twin = np.zeros(len(edges), dtype=bool)
    seen: set[Any] = set()
    for at in order:
        edge = edges[at]
        key = (frozenset((edge["u"], edge["v"])), shapes[at], edge.get("osmid"))
        twin[at] = shapes[at] is not None and key in seen
        seen.add(key)
    return twin


def _crs(graph: ET.Element, keys: Mapping[str, str], dataset: Dataset) -> CRS:
    text = _data(graph, keys).get("crs")
    if not text:
        raise InputRefused(Fault("crs_missing", file=dataset.file))
    try:
        return crss.horizontal(CRS.from_user_input(text))
    except CRSError:
        raise InputRefused(Fault("crs_unreadable", file=dataset.file, value=text[:200])) from None
