"""Room of `planning.network`: vertices added to lines at crossings, where a gap is closed, and where a barrier cuts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from planning.network._topology import (
    SAME_PLACE_M,
    SLACK_M,
    Flags,
    Floats,
    Ints,
    Objects,
    Vertices,
    line_ends,
)

NEAR_M = SAME_PLACE_M + SLACK_M
MOST_BOXES = 64


class Additions(NamedTuple):
    """Vertices to put in: one ``at`` row + t, with t in (0, 1), comes between ``row`` and the next."""

    row: Ints  # a vertex of the same line
    at: Floats
    xy: Floats


def insert(vertices: Vertices, added: Additions, *, by_place: bool) -> Vertices:
    """Return ``vertices`` with ``added`` in their places."""
    row = added.row
    none = np.full(len(row), -1)
    fresh = Vertices(vertices.line[row], vertices.road[row], added.xy, none, np.full(len(row), by_place), none)
    joined = vertices.join(fresh)
    at = np.concatenate([np.arange(len(vertices.line), dtype=np.float64), added.at])
    return joined.take(np.lexsort((at, joined.line)))


def planar(vertices: Vertices, level: Ints) -> Vertices:
    """Put a vertex wherever two lines of one level cross, touch or begin to overlap, and where a line meets itself."""
    rows, segments = _segments(vertices)
    one, other = shapely.STRtree(segments).query(segments, predicate="intersects")
    later = one < other
    one, other = one[later], other[later]
    neighbours = (vertices.line[rows[one]] == vertices.line[rows[other]]) & (rows[other] - rows[one] == 1)
    met = (level[vertices.road[rows[one]]] == level[vertices.road[rows[other]]]) & ~neighbours
    one, other = one[met], other[met]
    xy, pair = shapely.get_coordinates(shapely.intersection(segments[one], segments[other]), return_index=True)
    segment = np.concatenate([one[pair], other[pair]])
    everywhere = vertices._replace(by_place=np.ones(len(vertices.line), dtype=bool))
    return insert(everywhere, _between(vertices, rows[segment], np.concatenate([xy, xy])), by_place=True)


def cut(vertices: Vertices, barriers: Objects) -> Vertices:
    """Part the lines where they meet a barrier; the two ends stay where they are and are joined to nothing there."""
    boxes = _boxes(barriers)
    rows, segments = _segments(vertices, boxes=boxes)
    barrier, segment = shapely.STRtree(segments).query(barriers, predicate="intersects")
    xy, pair = shapely.get_coordinates(shapely.intersection(segments[segment], barriers[barrier]), return_index=True)
    crossed = insert(vertices, _between(vertices, rows[segment[pair]], xy), by_place=False)
    near = np.flatnonzero(_meet(crossed.xy, crossed.xy, boxes))
    on = shapely.STRtree(barriers).query(shapely.points(crossed.xy[near]), predicate="dwithin", distance=NEAR_M)[0]
    parted = np.zeros(len(crossed.line), dtype=bool)
    parted[near[on]] = True
    crossed = crossed._replace(by_place=crossed.by_place & ~parted, node_id=np.where(parted, -1, crossed.node_id))
    return _part(crossed, parted & ~line_ends(crossed))


def _boxes(barriers: Objects) -> Floats:
    """Return boxes that hold the barriers, a metre to spare: one each while they are few; least and greatest x, y."""
    tight = shapely.bounds(barriers) if len(barriers) <= MOST_BOXES else shapely.total_bounds(barriers)[None]
    return np.asarray(tight + np.array([-1.0, -1.0, 1.0, 1.0]))


def _meet(low: Floats, high: Floats, boxes: Floats) -> Flags:
    """Say which boxes from ``low`` to ``high`` meet any of ``boxes``."""
    found = np.zeros(len(low), dtype=bool)
    for west, south, east, north in boxes:
        found |= (high[:, 0] >= west) & (low[:, 0] <= east) & (high[:, 1] >= south) & (low[:, 1] <= north)
    return found


def _segments(vertices: Vertices, *, boxes: Floats | None = None) -> tuple[Ints, Objects]:
    """Return the straight parts of all lines, and the row of the vertex each begins at.

    ``boxes`` leaves out those of which the box stays clear of them all.
    """
    rows = np.flatnonzero(np.diff(vertices.line) == 0)
    if boxes is not None:
        heads, tails = vertices.xy[rows], vertices.xy[rows + 1]
        rows = rows[_meet(np.minimum(heads, tails), np.maximum(heads, tails), boxes)]
    ends = np.stack([vertices.xy[rows], vertices.xy[rows + 1]], axis=1)
    return rows, np.asarray(shapely.linestrings(ends), dtype=object)


def _between(vertices: Vertices, row: Ints, xy: Floats) -> Additions:
    """Return the additions of points ``xy`` on the segments after ``row``, without those at the segment's ends."""
    head, tail = vertices.xy[row], vertices.xy[row + 1]
    from_head, to_tail = np.hypot(*(xy - head).T), np.hypot(*(tail - xy).T)
    inner = (from_head > NEAR_M) & (to_tail > NEAR_M)
    share = from_head[inner] / (from_head[inner] + to_tail[inner])
    return Additions(row[inner], row[inner] + share, xy[inner])


def _part(vertices: Vertices, parted: NDArray[np.bool_]) -> Vertices:
    """Double the vertices ``parted`` and let a new line begin at each second copy."""
    counts = 1 + parted.astype(np.int64)
    rows = np.repeat(np.arange(len(counts)), counts)
    second: Flags = np.insert(np.diff(rows) == 0, 0, False)
    doubled = vertices.take(rows)
    opens = np.insert(np.diff(doubled.line) != 0, 0, True) | second
    return doubled._replace(line=np.cumsum(opens) - 1)
