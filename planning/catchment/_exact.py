"""Room of `planning.catchment`: the ground within a width of reached roads, by exact buffers.

Slower than the line drawn on a grid (`planning.catchment._contour`), and without its half per cent: for files that
others measure in, and for the share of an area's ground that counts as reached.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import shapely

from planning.catchment._outlines import LARGEST_FILLED_HOLE_M2, WIDTH_M, as_multi
from planning.network._topology import Flags, Ints, Objects

CORNER_SEGMENTS: Final = 8  # a quarter circle of 25 m is then nowhere off by more than 13 cm
TOUCH_M: Final = 0.001


def outline(lines: Objects, group: Ints, shape: tuple[int, int], tree: shapely.STRtree, barriers: Objects) -> Objects:
    """Return the ground within `WIDTH_M` of reached roads, on their side of every barrier, as MultiPolygons.

    A hole is filled only where it is small, and neither a road that was not reached nor a barrier runs through it.

    Parameters
    ----------
    lines : array of LineString
        The reached stretches.
    group : int array
        Of each line its catchment, ascending: facility × limits + limit. The stretches of a larger limit hold those of
        a smaller one, and so do the areas.
    shape : (facilities, limits)
    tree : STRtree
        Of all edges of the network.
    barriers : array of LineString
    """
    walls = shapely.STRtree(barriers)
    near = _near(lines, walls)
    count = shape[0] * shape[1]
    open_ground = _united(shapely.buffer(lines[~near], WIDTH_M, quad_segs=CORNER_SEGMENTS), group[~near], count)
    beside = np.full(count, shapely.MultiPolygon(), dtype=object)
    for catchment in np.unique(group[near]):
        own = lines[near & (group == catchment)]
        beside[catchment] = shapely.union_all([_own_side(line, barriers, walls) for line in own])
    steps = shapely.union(open_ground, beside).reshape(shape)
    for step in range(1, shape[1]):
        # caps are drawn in corners, and those of a shorter walk must not show beyond a longer one's side
        steps[:, step] = shapely.union(steps[:, step], steps[:, step - 1])
    return _filled(steps.ravel(), tree, walls)


def _united(grounds: Objects, group: Ints, count: int) -> Objects:
    """Return the union of the grounds of each group, which are ascending.

    Uniting the grounds of single stretches is ten times faster than one buffer around all of them, and the same.
    """
    bounds = np.searchsorted(group, np.arange(count + 1))
    with ThreadPoolExecutor() as pool:
        united = pool.map(lambda at: shapely.union_all(grounds[bounds[at] : bounds[at + 1]]), range(count))
        return np.fromiter(united, dtype=object, count=count)


def _near(lines: Objects, walls: shapely.STRtree) -> Flags:
    """Say which lines have a barrier within the width."""
    found = np.zeros(len(lines), dtype=bool)
    found[walls.query(lines, predicate="dwithin", distance=WIDTH_M)[0]] = True
    return found


def _own_side(line: shapely.LineString, barriers: Objects, walls: shapely.STRtree) -> shapely.Geometry:
    """Return the ground around one line that no barrier parts from it."""
    ground = shapely.buffer(line, WIDTH_M, quad_segs=CORNER_SEGMENTS)
    cuts = barriers[np.sort(walls.query(ground, predicate="intersects"))]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([ground.boundary, *cuts])]))
    faces = faces[shapely.covers(ground, shapely.point_on_surface(faces))]
    walked = shapely.length(shapely.intersection(faces, line)) > TOUCH_M
    return shapely.union_all(faces[walked])


def _filled(areas: Objects, roads: shapely.STRtree, walls: shapely.STRtree) -> Objects:
    """Return the areas with their small empty holes filled."""
    parts, owner = shapely.get_parts(areas, return_index=True)
    parts, owner = parts[shapely.area(parts) > 0], owner[shapely.area(parts) > 0]
    rings, of = shapely.get_rings(parts, return_index=True)
    holes = np.flatnonzero(np.diff(of, prepend=-1) == 0)
    inside = shapely.polygons(rings[holes])
    small = shapely.area(inside) <= LARGEST_FILLED_HOLE_M2
    holes, inside = holes[small], inside[small]
    crossed = np.zeros(len(holes), dtype=bool)
    for index in (roads, walls):
        crossed[index.query(inside, predicate="intersects")[0]] = True
    kept = np.ones(len(rings), dtype=bool)
    kept[holes[~crossed]] = False
    return as_multi(shapely.polygons(rings[kept], indices=of[kept]), owner, len(areas))
