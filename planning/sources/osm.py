"""Roads from OpenStreetMap extracts (``.osm.pbf``, ``.osm``), with the ids of their nodes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from operator import ne
from typing import Any, Final, NamedTuple

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planning.errors import Fault, InputRefused
from planning.sources.raw import Dataset, Raw, raw_table

FOOT_YES: Final = frozenset({"yes", "designated", "permissive", "official", "destination"})
FOOT_NO: Final = frozenset({"no", "private", "use_sidepath"})
ACCESS_NO: Final = frozenset({"no", "private"})
_TAGS: Final = ("highway", "name", "foot", "access", "layer", "bridge", "tunnel", "oneway")


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
    (raw,) = read_pieces(dataset, rows=None)
    return raw


def read_pieces(dataset: Dataset, *, rows: int | None) -> Iterator[Raw]:
    """Yield what `read` returns in pieces of ``rows`` ways each, one at least; None: all in one.

    Only the places of the nodes and one piece are held. What the second count finds more or less stands with the last.
    """
    try:
        every, done = _every_way(dataset), 0
        ways = _ways(every, rows)
        while True:
            following = _ways(every, rows) if len(ways.ids) == rows else _Ways.none()
            is_last = not following.ids
            count = _count(dataset) - done if is_last else len(ways.ids)
            yield _piece(ways, done, count)
            if is_last:
                return
            done += len(ways.ids)
            ways = following
    except (RuntimeError, ValueError) as error:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": str(error)[:200]})) from None


def _piece(ways: _Ways, done: int, count: int) -> Raw:
    geometry, node_ids = _shapes(ways)
    names = ("road_id", "highway", "name", "walkable", "level", "oneway")
    columns = [(name, _objects(values)) for name, values in zip(names, ways.columns(), strict=True)]
    return raw_table(
        columns,
        np.arange(done + 1, done + len(ways.ids) + 1),
        count,
        geometry=geometry,
        crs=CRS.from_epsg(4326),
        node_ids=node_ids,
        flagged={"way_cut": ways.cut()},
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


class _Ways(NamedTuple):
    """What is kept of the ways, one entry a way; lines in binary, or None where `_line` has to piece them together."""

    ids: list[str]
    tags: list[dict[str, str | None]]
    lines: list[str | None]
    nodes: list[list[int]]
    places: dict[int, list[tuple[int, tuple[float, float] | None]]]

    @classmethod
    def none(cls) -> _Ways:
        """Return no ways."""
        return cls([], [], [], [], {})

    def cut(self) -> NDArray[np.bool_]:
        """Say of each way whether some of its nodes are not in the extract."""
        short = [at for at, places in self.places.items() if any(place is None for _, place in places)]
        return np.isin(np.arange(len(self.ids)), short)

    def columns(self) -> tuple[Sequence[Any], ...]:
        """Return the ids, and what the tags say of class, name, walking, level and direction."""
        return (
            self.ids,
            [tags["highway"] for tags in self.tags],
            [tags["name"] for tags in self.tags],
            [walkable(tags) for tags in self.tags],
            [level(tags) for tags in self.tags],
            [tags["oneway"] for tags in self.tags],
        )


def _every_way(dataset: Dataset) -> Iterator[osmium.osm.Way]:
    processor = osmium.FileProcessor(str(dataset.path)).with_locations()
    for way in processor.with_filter(osmium.filter.KeyFilter("highway")):
        if isinstance(way, osmium.osm.Way):
            yield way


def _ways(every: Iterator[osmium.osm.Way], most: int | None) -> _Ways:
    """Take the next ways with a class; only what is not a plain line of different known nodes, node by node."""
    ways = _Ways.none()
    factory = osmium.geom.WKBFactory()
    for way in itertools.islice(every, most):
        ways.ids.append(str(way.id))
        ways.tags.append({key: way.tags.get(key) for key in _TAGS})
        ways.nodes.append([node.ref for node in way.nodes])
        ways.lines.append(_plain_line(factory, way, ways.nodes[-1]))
        if ways.lines[-1] is None:
            places = [(node.ref, (node.lon, node.lat) if node.location.valid() else None) for node in way.nodes]
            ways.places[len(ways.lines) - 1] = places
    return ways


def _plain_line(factory: Any, way: osmium.osm.Way, nodes: list[int]) -> str | None:
    """Return the line of a way in binary; None where a node is not known or stands twice in a row."""
    if len(nodes) < 2 or not all(map(ne, nodes, nodes[1:])):
        return None
    try:
        return str(factory.create_linestring(way, osmium.geom.use_nodes.ALL))
    except osmium.InvalidLocationError:
        return None


def _shapes(ways: _Ways) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the lines of the ways and the ids of their nodes."""
    geometry = np.asarray(shapely.from_wkb(_objects(ways.lines)), dtype=object)
    node_ids = _objects([tuple(map(str, nodes)) for nodes in ways.nodes])
    for at, places in ways.places.items():
        geometry[at], node_ids[at] = _line(places)
    return geometry, node_ids


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    return np.fromiter(values, dtype=object, count=len(values))


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
    """Count the ways with a ``highway`` tag in a pass of its own, without places."""
    ways = osmium.FileProcessor(str(dataset.path), osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway"))
    return sum(1 for _ in ways)
