"""Room `planning.scenario`: the walk from an area to its nearest facility, as a line to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from planning import network
from planning.network import Network

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Walk:
    """One way from an access point to a facility: ``line`` from the one to the other, access legs included.

    ``length_m`` is what the search found, in the metres that radii are held against; the table of distances says the
    same to the millimetre.
    """

    facility_id: str
    length_m: float
    line: shapely.LineString


class Spot(NamedTuple):
    """A place on an edge: how far along it, in the millimetres of limits and on the ground, and its access leg."""

    edge: int
    mm: int
    ground_mm: int
    leg_mm: int
    at: shapely.Point


class _Way(NamedTuple):
    """A candidate for the shortest: from a node of one edge to a node of the other; None where both are one edge."""

    mm: int
    nodes: tuple[int, ...] | None
    spot: Spot


def shortest(ways: Network, facility_id: str, facility: gpd.GeoSeries, doors: Any, *, max_snap_m: float) -> Walk | None:
    """Return the shortest walk from any of the ``doors`` to a facility, None where there is none.

    Parameters
    ----------
    ways
        The network.
    facility
        Its one point.
    doors
        Of the area: ``edge, low_mm, high_mm, leg_mm, ground_low_mm, ground_high_mm`` and ``at``, one row each, as they
        stand on the network.
    """
    found = network.snap(ways, facility, max_snap_m=max_snap_m)
    if found.edge[0] < 0 or not len(doors):
        return None
    start = _spot(ways, int(found.edge[0]), int(found.position_mm[0]), int(found.leg_mm[0]), facility.iloc[0])
    most = int(ways.weight_mm.sum(dtype=np.int64))
    ends = [int(ways.edge_from[start.edge]), int(ways.edge_to[start.edge])]
    graph = csr_matrix((ways.weight_mm.astype(float), ways.indices, ways.indptr), shape=(len(ways.node_xy),) * 2)
    reached, before = dijkstra(graph, indices=ends, return_predecessors=True, limit=most)
    options = [way for door in doors for way in _options(ways, start, door, reached, before, ends)]
    if not options:
        return None
    best = min(options, key=lambda way: way.mm)
    return Walk(facility_id, best.mm / 1000, _line(ways, start, best))


def _spot(ways: Network, edge: int, ground_mm: int, leg_mm: int, at: shapely.Point) -> Spot:
    whole, along = int(ways.edge_mm[edge]), int(_along(ways)[edge])
    mm = ground_mm if ways.effort is None else round(along * (ground_mm / whole if whole else ground_mm))
    return Spot(edge, mm, ground_mm, leg_mm, at)


def _along(ways: Network) -> Ints:
    return ways.edge_mm if ways.effort is None else ways.effort.along_mm


def _options(
    ways: Network, start: Spot, door: Any, reached: NDArray[np.float64], before: NDArray[np.int32], ends: list[int]
) -> list[_Way]:
    """Return the walks to one door: along the facility's own edge, and by either end of both edges."""
    low, high = (Spot(door.edge, getattr(door, f"{side}_mm"), getattr(door, f"ground_{side}_mm"), door.leg_mm, door.at)
                 for side in ("low", "high"))  # fmt: skip
    found = []
    if door.edge == start.edge:
        near = (
            low if start.mm < low.mm else high if start.mm > high.mm else start._replace(leg_mm=door.leg_mm, at=door.at)
        )
        found.append(_Way(start.leg_mm + abs(start.mm - near.mm) + near.leg_mm, None, near))
    for place, first in enumerate(ends):
        for last, spot, side in ((int(ways.edge_from[door.edge]), low, 0), (int(ways.edge_to[door.edge]), high, 1)):
            if np.isfinite(reached[place, last]):
                mm = _to_end(ways, start, place) + int(reached[place, last]) + _to_end(ways, spot, side)
                found.append(_Way(start.leg_mm + mm + spot.leg_mm, _nodes(before[place], first, last), spot))
    return found


def _to_end(ways: Network, spot: Spot, side: int) -> int:
    """Return how far a place is from the first (0) or last (1) node of its edge."""
    into = 0 if ways.effort is None else int((ways.effort.start_mm, ways.effort.end_mm)[side][spot.edge])
    return into + (int(_along(ways)[spot.edge]) - spot.mm if side else spot.mm)


def _nodes(before: NDArray[np.int32], first: int, last: int) -> tuple[int, ...]:
    nodes = [last]
    while nodes[-1] != first:
        nodes.append(int(before[nodes[-1]]))
    return tuple(reversed(nodes))


def _line(ways: Network, start: Spot, way: _Way) -> shapely.LineString:
    """Return the walk from the door to the facility."""
    if way.nodes is None:
        parts = [_between(ways, start, way.spot.ground_mm)]
    else:
        parts = [_between(ways, start, _end_mm(ways, start.edge, way.nodes[0]))]
        parts += [_edge(ways, *pair) for pair in zip(way.nodes[:-1], way.nodes[1:], strict=True)]
        parts += [_between(ways, way.spot, _end_mm(ways, way.spot.edge, way.nodes[-1]))[::-1]]
    places = np.concatenate([[start.at.coords[0][:2]], *parts, [way.spot.at.coords[0][:2]]])
    moved = np.insert(np.any(np.diff(places, axis=0) != 0, axis=1), 0, True)
    places = places[moved] if moved.sum() > 1 else np.repeat(places[:1], 2, axis=0)
    return shapely.LineString(places[::-1])


def _end_mm(ways: Network, edge: int, node: int) -> int:
    """Return where on an edge a node of it stands; of a loop its beginning."""
    return 0 if int(ways.edge_from[edge]) == node else int(ways.edge_mm[edge])


def _between(ways: Network, spot: Spot, ground_mm: int) -> NDArray[np.float64]:
    part = substring(ways.lines[spot.edge], spot.ground_mm / 1000, ground_mm / 1000)
    return np.asarray(shapely.get_coordinates(part))


def _edge(ways: Network, one: int, other: int) -> NDArray[np.float64]:
    """Return the shortest edge from one node to the next, in that direction."""
    arcs = np.arange(ways.indptr[one], ways.indptr[one + 1])
    arcs = arcs[ways.indices[arcs] == other]
    edge = int(ways.arc_edge[arcs[np.argmin(ways.weight_mm[arcs])]])
    places = shapely.get_coordinates(ways.lines[edge])
    return np.asarray(places if int(ways.edge_from[edge]) == one else places[::-1])
