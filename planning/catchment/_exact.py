"""Room of `planning.catchment`: the ground within a width of reached roads, by exact buffers.

Slower than the line drawn on a grid (`planning.catchment._contour`), and without its half per cent: for files that
others measure in (`planning.catchment._steps`), and for the share of an area's ground that counts as reached.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from planning.catchment._outlines import LARGEST_FILLED_HOLE_M2, WIDTH_M, as_multi
from planning.network._topology import Flags, Objects

CORNER_SEGMENTS: Final = 8  # a quarter circle of 25 m is then nowhere off by more than 13 cm
TOUCH_M: Final = 0.001


def ground(lines: Objects, roads: shapely.STRtree, barriers: Objects) -> shapely.MultiPolygon:
    """Return the ground within `WIDTH_M` of reached roads, on their side of every barrier.

    A hole is filled only where it is small, and neither a road that was not reached nor a barrier runs through it.

    Parameters
    ----------
    lines : array of LineString
        The reached stretches.
    roads : STRtree
        Of all edges of the network.
    barriers : array of LineString
    """
    walls = shapely.STRtree(barriers)
    near = near_walls(lines, walls)
    open_ground = shapely.union_all(shapely.buffer(lines[~near], WIDTH_M, quad_segs=CORNER_SEGMENTS))
    whole = shapely.union(open_ground, beside(lines[near], barriers, walls))
    return filled(np.array([whole]), roads, walls)[0]


def near_walls(lines: Objects, walls: shapely.STRtree) -> Flags:
    """Say which lines have a barrier within the width."""
    found = np.zeros(len(lines), dtype=bool)
    found[walls.query(lines, predicate="dwithin", distance=WIDTH_M)[0]] = True
    return found


def beside(lines: Objects, barriers: Objects, walls: shapely.STRtree) -> shapely.Geometry:
    """Return the ground around lines near a barrier; empty without lines."""
    if not len(lines):
        return shapely.MultiPolygon()
    return shapely.union_all([_own_side(line, barriers, walls) for line in lines])


def _own_side(line: shapely.LineString, barriers: Objects, walls: shapely.STRtree) -> shapely.Geometry:
    """Return the ground around one line that no barrier parts from it."""
    ground = shapely.buffer(line, WIDTH_M, quad_segs=CORNER_SEGMENTS)
    cuts = barriers[np.sort(walls.query(ground, predicate="intersects"))]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([ground.boundary, *cuts])]))
    faces = faces[shapely.covers(ground, shapely.point_on_surface(faces))]
    walked = shapely.length(shapely.intersection(faces, line)) > TOUCH_M
    return shapely.union_all(faces[walked])


def filled(areas: Objects, roads: shapely.STRtree, walls: shapely.STRtree) -> Objects:
    """Return the areas as MultiPolygons, with their small empty holes filled."""
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
