"""The streets as OpenStreetMap would hold them: shared nodes where ways meet, none where they only cross.

Four oddities of real road data are put in on purpose: a gap of half a metre, a street drawn twice, a footbridge over an
arterial without a common node, and an expressway nobody may walk on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import _skeleton as sk
import numpy as np
from _skeleton import Road, Skeleton
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import LineString, Point, STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

GAP_M, TWICE_M, SAME_M = 0.5, 1.6, 0.04
GAP_STREET, TWICE_STREET = "朝阳街", "光明街"


@dataclass(frozen=True)
class Way:
    """A way: its road and the numbers of its nodes in order."""

    road: Road
    nodes: tuple[int, ...]


def with_oddities(roads: list[Road], skeleton: Skeleton) -> list[Road]:
    """Return the roads with the expressway, the footbridge, the gap and the street drawn twice."""
    odd: list[Road] = []
    for road in roads:
        if road.name == GAP_STREET:
            odd.append(road.on(substring(road.line, 0, road.line.length - GAP_M)))
        elif road.name == TWICE_STREET:
            odd += [road, road.on(_beside(road.line))]
        else:
            odd.append(road)
    expressway = sk.parts(skeleton.expressway.intersection(skeleton.reach))
    odd += [
        Road(line, "motorway", "绕城高速", layer=1, tags={"bridge": "yes", "layer": "1", "foot": "no"})
        for line in expressway
    ]
    return odd + _footbridge(roads)


def _beside(line: LineString) -> LineString:
    """Return ``line`` as a second surveyor would have drawn it: the same ends, a pace to the side between them."""
    middle = substring(line.segmentize(40), 12, line.length - 12).offset_curve(TWICE_M)
    return LineString([line.coords[0], *middle.coords, line.coords[-1]])


def _footbridge(roads: list[Road]) -> list[Road]:
    """Return a footbridge over the arterial nearest to the drawn place, with stairs down to it on both sides."""
    place = Point(sk.drawn()["footbridge_at"])
    arterial = min((road.line for road in roads if road.highway == "primary"), key=lambda line: line.distance(place))
    at = arterial.project(place)
    here, ahead = (np.array(arterial.interpolate(s).coords[0]) for s in (at, at + 1))
    side = np.array([-(ahead - here)[1], (ahead - here)[0]]) * 16
    left, right = tuple(here + side), tuple(here - side)
    bridge = Road(LineString([left, right]), "footway", "人民路过街天桥", layer=1, tags={"bridge": "yes", "layer": "1"})
    stairs = [
        Road(LineString([top, arterial.interpolate(at + step)]), "steps") for top, step in ((left, 32), (right, -32))
    ]
    return [bridge, *stairs]


# ------------------------------------------------------------------------------------------------------------ nodes


def tie(roads: list[Road]) -> tuple[np.ndarray, list[Way]]:
    """Give ways common nodes where lines of one layer meet and where an end lies on a line.

    Returns
    -------
    nodes : ndarray, shape (n, 2)
        Local coordinates in metres.
    ways : list of Way
    """
    cuts = _meeting_points(roads)
    lines = [_with_vertices(road.line, cuts[index]) for index, road in enumerate(roads)]
    first = np.cumsum([0, *(len(line) for line in lines)])
    vertices = np.vstack(lines)
    nodes, number = _merge(vertices)
    ways = []
    for index, road in enumerate(roads):
        along = number[first[index] : first[index + 1]]
        kept = along[np.concatenate([[True], along[1:] != along[:-1]])]
        if len(kept) > 1:
            ways.append(Way(road, tuple(int(node) for node in kept)))
    return nodes, ways


def _meeting_points(roads: list[Road]) -> list[list[tuple[float, float]]]:
    """Return for each road the points at which it needs a vertex."""
    lines = [road.line for road in roads]
    cuts: list[list[tuple[float, float]]] = [[] for _ in roads]
    left, right = STRtree(lines).query(lines, predicate="dwithin", distance=SAME_M)
    for i, j in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        if i == j:
            continue
        cuts[j] += [xy for xy in (lines[i].coords[0], lines[i].coords[-1]) if lines[j].distance(Point(xy)) <= SAME_M]
        if i < j and roads[i].layer == roads[j].layer:
            points = _spots(lines[i].intersection(lines[j]))
            cuts[i] += points
            cuts[j] += points
    return cuts


def _spots(shape: BaseGeometry) -> list[tuple[float, float]]:
    """Return the points of an intersection; of a common stretch its ends."""
    pieces = [piece for piece in getattr(shape, "geoms", [shape]) if not piece.is_empty]
    return [
        xy
        for piece in pieces
        for xy in ((piece.coords[0], piece.coords[-1]) if piece.geom_type == "LineString" else piece.coords)
    ]


def _with_vertices(line: LineString, points: list[tuple[float, float]]) -> np.ndarray:
    """Return the coordinates of ``line`` with ``points`` put in where they belong."""
    own = np.asarray(line.coords)
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(own, axis=0).T))])
    if not points:
        return own
    more = np.asarray(sorted(set(points)))
    at = np.concatenate([lengths, [line.project(Point(xy)) for xy in more]])
    return np.vstack([own, more])[np.argsort(at, kind="stable")]


def _merge(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make one node of vertices that are the same to a few centimetres; return nodes and the node of each vertex."""
    pairs = cKDTree(vertices).query_pairs(SAME_M, output_type="ndarray")
    size = len(vertices)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, group = connected_components(links, directed=False)
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return np.round(vertices[first[order]], 3), rank[number]


def pieces(roads: list[Road]) -> list[Road]:
    """Return roads with ways of at most some twenty blocks, as surveyors cut them."""
    cut = []
    for road in roads:
        steps = max(1, round(road.line.length / 1400)) if road.layer == 0 and not road.tags else 1
        ends = np.linspace(0, road.line.length, steps + 1)
        cut += [road.on(substring(road.line, start, end)) for start, end in pairwise(ends)]
    return cut
