"""Room of `planning.catchment`: lines and outlines drawn from reached parts of edges."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from planning.network._topology import Floats, Ints, Objects

WIDTH_M: Final = 25.0
LARGEST_FILLED_HOLE_M2: Final = 10_000.0


def parts(lines: Objects, length_mm: Ints, from_mm: Ints, to_mm: Ints) -> Objects:
    """Return the stretch ``from_mm`` … ``to_mm`` of each line; its whole length is ``length_mm``.

    Parameters
    ----------
    lines : array of LineString
    length_mm, from_mm, to_mm : int arrays
        ``0 <= from_mm < to_mm <= length_mm``.

    Returns
    -------
    array of LineString
        Running the way the line does, with the line's own vertices between the two places.
    """
    result = lines.copy()
    cut = np.flatnonzero((from_mm > 0) | (to_mm < length_mm))
    if not len(cut):
        return result
    xy, owner = shapely.get_coordinates(lines[cut], return_index=True)
    first = np.insert(np.diff(owner) != 0, 0, True)
    step = np.where(first, 0.0, np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T))
    walked = np.cumsum(step)
    along = (walked - walked[first][owner]) * 1000
    # A place at the end of the line is its last vertex, whatever the rounding of the length.
    length = along[np.append(first[1:], True)]
    low, high = from_mm[cut].astype(np.float64), np.where(to_mm == length_mm, np.inf, to_mm)[cut]
    low, high = np.minimum(low, length), np.minimum(high, length)
    between = (along > low[owner]) & (along < high[owner])
    heads, tails = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines[cut], mm / 1000)) for mm in (low, high)
    )
    which = np.arange(len(cut))
    of = np.concatenate([which, owner[between], which])
    coordinates = np.concatenate([heads, xy[between], tails])
    rank = np.repeat([0, 1, 2], [len(cut), int(between.sum()), len(cut)])
    order = np.lexsort((rank, of))
    result[cut] = shapely.linestrings(coordinates[order], indices=of[order])
    return result


def gather(lines: Objects, group: Ints, groups: int) -> Objects:
    """Return one MultiLineString a group, empty for a group without lines; ``group`` ascends."""
    result = np.full(groups, shapely.MultiLineString(), dtype=object)
    shapely.multilinestrings(lines, indices=group, out=result)
    return result


def outline(lines: Objects, group: Ints, shape: tuple[int, int], tree: shapely.STRtree, barriers: Objects) -> Objects:
    """Draw the ground within `WIDTH_M` of reached roads, as MultiPolygons, to a few decimetres at corners.

    A hole is filled only where it is small, and neither a road (one that was not reached, or it would be no hole) nor
    a barrier runs through it.

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
    from planning.catchment import _contour  # loads numba

    catchments = shape[0] * shape[1]
    found = _contour.rings(*_pieces(lines, group, catchments), shape[1], WIDTH_M)
    rings = shapely.linearrings(found.xy, indices=np.repeat(np.arange(len(found.polygon)), np.diff(found.ptr)))
    holes = np.flatnonzero(np.diff(found.polygon, prepend=-1) == 0)
    inside = shapely.polygons(rings[holes])
    small = shapely.area(inside) <= LARGEST_FILLED_HOLE_M2
    holes, inside = holes[small], inside[small]
    crossed = np.zeros(len(holes), dtype=bool)
    for index in (tree, shapely.STRtree(barriers)):
        crossed[index.query(inside, predicate="intersects")[0]] = True
    kept = np.ones(len(rings), dtype=bool)
    kept[holes[~crossed]] = False
    return as_multi(shapely.polygons(rings[kept], indices=found.polygon[kept]), found.owner, catchments)


def _pieces(lines: Objects, group: Ints, groups: int) -> tuple[Floats, Ints]:
    """Return both ends of every straight piece of road, and where those of each catchment begin."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    inner = np.flatnonzero(np.diff(line) == 0)
    ptr = np.searchsorted(group[line[inner]], np.arange(groups + 1))
    return np.stack([xy[inner], xy[inner + 1]], axis=1), ptr.astype(np.int64)


def as_multi(areas: Objects, owner: Ints, count: int) -> Objects:
    """Return ``count`` MultiPolygons of polygons; ``owner`` ascends; without any, an empty one."""
    result = np.full(count, shapely.MultiPolygon(), dtype=object)
    shapely.multipolygons(areas, indices=owner, out=result)
    return result
