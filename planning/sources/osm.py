"""Roads from OpenStreetMap extracts (``.osm.pbf``, ``.osm``), with the ids of their nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import osmium
import shapely
from pyproj import CRS

from planning.errors import Fault, InputRefused
from planning.sources.raw import Dataset, Raw, raw_table

FOOT_YES: Final = frozenset({"yes", "designated", "permissive", "official", "destination"})
FOOT_NO: Final = frozenset({"no", "private", "use_sidepath"})
ACCESS_NO: Final = frozenset({"no", "private"})


def read(dataset: Dataset) -> Raw:
    """Read all ways with a ``highway`` tag.

    Returns
    -------
    Raw
        Columns ``road_id`` (the way's id), ``highway, name, walkable, level, oneway``; ``node_ids`` as long as each
        line. A way some of whose nodes lie outside the extract is kept as far as it is inside (``way_cut``); rows are
        counted once more in a second pass over the file.

    Raises
    ------
    InputRefused
        ``file_broken``.
    """
    try:
        ways = list(_ways(dataset))
        count = _count(dataset)
    except (RuntimeError, ValueError) as error:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": str(error)[:200]})) from None
    rows = np.arange(1, len(ways) + 1)
    columns = [
        (name, np.array([way[name] for way in ways], dtype=object))
        for name in ("road_id", "highway", "name", "walkable", "level", "oneway")
    ]
    geometry, node_ids = np.empty(len(ways), dtype=object), np.empty(len(ways), dtype=object)
    for at, way in enumerate(ways):
        geometry[at], node_ids[at] = way["geometry"], way["nodes"]
    cut = np.array([way["cut"] for way in ways], dtype=bool)
    return raw_table(
        columns, rows, count, geometry=geometry, crs=CRS.from_epsg(4326), node_ids=node_ids, flagged={"way_cut": cut}
    )


def level(tags: Mapping[str, str | None]) -> int:
    """Return the level of a road: its ``layer``, else 1 on a bridge, -1 in a tunnel, 0 on the ground."""
    layer = tags.get("layer")
    try:
        return int(layer or "")
    except ValueError:
        pass
    if tags.get("bridge") not in (None, "", "no"):
        return 1
    return -1 if tags.get("tunnel") not in (None, "", "no", "building_passage") else 0


def walkable(tags: Mapping[str, str | None]) -> bool | None:
    """Return whether ``foot`` or ``access`` says one may walk; None where neither does (the class decides then)."""
    foot, access = tags.get("foot"), tags.get("access")
    if foot in FOOT_YES:
        return True
    return False if foot in FOOT_NO or access in ACCESS_NO else None


def _ways(dataset: Dataset) -> Any:
    """Yield what is kept of each way."""
    processor = osmium.FileProcessor(str(dataset.path)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    for entity in processor:
        if not isinstance(entity, osmium.osm.Way):
            continue
        tags = {tag.k: tag.v for tag in entity.tags}
        nodes = [(node.ref, (node.lon, node.lat) if node.location.valid() else None) for node in entity.nodes]
        geometry, ids = _line(nodes)
        yield {
            "road_id": str(entity.id),
            "highway": tags["highway"],
            "name": tags.get("name"),
            "walkable": walkable(tags),
            "level": level(tags),
            "oneway": tags.get("oneway"),
            "geometry": geometry,
            "nodes": ids,
            "cut": any(place is None for _, place in nodes),
        }


def _line(nodes: list[tuple[int, tuple[float, float] | None]]) -> tuple[Any, Any]:
    """Return the line through the known nodes (several parts where some are unknown) and their ids."""
    runs: list[list[tuple[int, tuple[float, float]]]] = [[]]
    for ref, place in nodes:
        if place is None:
            runs.append([])
        elif not runs[-1] or runs[-1][-1][0] != ref:
            runs[-1].append((ref, place))
    kept = [run for run in runs if len(run) > 1]
    if not kept:
        return None, None
    lines = [shapely.LineString([place for _, place in run]) for run in kept]
    ids = tuple(str(ref) for run in kept for ref, _ in run)
    return (lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)), ids


def _count(dataset: Dataset) -> int:
    """Count the ways with a ``highway`` tag in a pass of its own, without places and without a filter."""
    ways = osmium.FileProcessor(str(dataset.path), osmium.osm.WAY)
    return sum("highway" in way.tags for way in ways)
