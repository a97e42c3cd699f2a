"""Room of `planning.catchment`: the line at a given distance around reached roads, compiled by numba.

Imported when first used (see `planning.catchment._search`). The distance to the roads is measured exactly at the nodes
of a square grid that is the same for every catchment, and the line is drawn where it passes the width, in proportion
between two nodes (marching squares, Lorensen and Cline 1987). A larger set of roads is nowhere further away, so its
line lies around that of a smaller one; two corners of a cell that face each other stay apart. What it
draws besides the true buffer lies in sharp notches, and is 0.5 % of the area of a catchment in a city.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.network._kernels import kernel

Array = NDArray[Any]

CELL_M: Final = 6.25
NUDGE_M: Final = 1e-5  # a node on the line counts as that far outside, or rings would touch in it
STRAIGHT_M: Final = 1e-6  # a corner that far from the straight way past it is left out


class Rings(NamedTuple):
    """Closed rings with the land on their left: the shell of a polygon first, then its holes."""

    xy: Array  # (points, 2), metres; the last of a ring is its first
    ptr: Array
    polygon: Array  # of each ring, ascending
    owner: Array  # of each polygon: which catchment, ascending


def rings(xy: Array, ptr: Array, steps: int, width_m: float) -> Rings:
    """Return the rings around straight pieces of road.

    Parameters
    ----------
    xy : float array (pieces, 2, 2)
        Both ends of each piece, metres.
    ptr : int array
        The pieces of catchment c are rows ``ptr[c]:ptr[c + 1]``; each ``steps`` catchments belong to one facility and
        hold the ones before them.
    width_m : float
        Distance of the line.
    """
    points, ring_ptr, facts = _all(xy, ptr, steps, width_m)
    order = np.lexsort((np.arange(len(facts)), facts[:, 2], facts[:, 1], facts[:, 0]))
    facts, length = facts[order], np.diff(ring_ptr)[order]
    rows = np.repeat(ring_ptr[:-1][order] - np.cumsum(length) + length, length) + np.arange(length.sum())
    shell = facts[:, 2] == 0
    return Rings(points[rows], np.append(0, np.cumsum(length)), np.cumsum(shell) - 1, facts[shell, 0])


@kernel
def _all(xy: Array, ptr: Array, steps: int, width: float) -> tuple[Array, Array, Array]:
    """Return points, where each ring begins, and of each ring (catchment, piece of land, 0 shell or 1 hole)."""
    points, used = np.empty((4096, 2)), 0
    ring_ptr, facts, count = np.zeros(257, np.int64), np.empty((256, 3), np.int64), 0
    for first in range(0, len(ptr) - 1, steps):
        low, high = ptr[first + steps - 1], ptr[first + steps]
        if low == high:
            continue
        west = math.floor((xy[low:high, :, 0].min() - width) / CELL_M) - 2
        south = math.floor((xy[low:high, :, 1].min() - width) / CELL_M) - 2
        columns = math.ceil((xy[low:high, :, 0].max() + width) / CELL_M) + 3 - west
        rows = math.ceil((xy[low:high, :, 1].max() + width) / CELL_M) + 3 - south
        field = np.full((rows, columns), (width + 2 * CELL_M) ** 2)
        land = np.empty((rows, columns), np.int32)
        drawn = np.empty((rows, columns), np.bool_)
        stack = np.empty((1024, 2), np.int32)
        for catchment in range(first, first + steps):
            for piece in range(ptr[catchment], ptr[catchment + 1]):
                _near(field, xy[piece], west, south, width + 1.5 * CELL_M)
            # drawn a hair further out than the step before, so that the corners left out never let it show
            level = width + (catchment - first) * NUDGE_M
            stack = _label(field, level, land, stack)
            drawn[:] = False
            for y in range(1, rows - 1):
                for x in range(1, columns - 1):
                    if land[y, x] == 0 or land[y, x + 1] != 0 or drawn[y, x]:
                        continue
                    start = used
                    points, used = _walk(field, land, drawn, (y, x), level, points, used)
                    used = _straighten(points, start, used)
                    for row in range(start, used):
                        points[row, 0] = (points[row, 0] + west) * CELL_M
                        points[row, 1] = (points[row, 1] + south) * CELL_M
                    if count == len(facts):
                        ring_ptr, facts = _longer_ints(ring_ptr), _longer_rows(facts)
                    facts[count, 0], facts[count, 1] = catchment, land[y, x]
                    facts[count, 2] = 0 if _turns_left(points, start, used) else 1
                    count += 1
                    ring_ptr[count] = used
    return points[:used].copy(), ring_ptr[: count + 1].copy(), facts[:count].copy()


@kernel
def _near(field: Array, piece: Array, west: int, south: int, reach: float) -> None:
    """Lower the field to the squared distance from one straight piece, as far as ``reach``."""
    head_x, head_y, tail_x, tail_y = piece[0, 0], piece[0, 1], piece[1, 0], piece[1, 1]
    way_x, way_y = tail_x - head_x, tail_y - head_y
    square = way_x * way_x + way_y * way_y
    each = 1.0 / square if square > 0 else 0.0
    bottom = math.ceil((min(head_y, tail_y) - reach) / CELL_M) - south
    top = math.floor((max(head_y, tail_y) + reach) / CELL_M) - south
    for row in range(bottom, top + 1):
        off_y = (row + south) * CELL_M - head_y
        left, right = min(head_x, tail_x), max(head_x, tail_x)
        if abs(way_y) > NUDGE_M:
            one, other = head_x + (off_y - reach) / way_y * way_x, head_x + (off_y + reach) / way_y * way_x
            left, right = max(left, min(one, other)), min(right, max(one, other))
        first = math.ceil((left - reach) / CELL_M) - west
        line = field[row]
        for column in range(first, math.floor((right + reach) / CELL_M) - west + 1):
            off_x = (column + west) * CELL_M - head_x
            share = min(max((off_x * way_x + off_y * way_y) * each, 0.0), 1.0)
            away_x, away_y = off_x - share * way_x, off_y - share * way_y
            metres2 = away_x * away_x + away_y * away_y
            line[column] = min(line[column], metres2)


@kernel
def _label(field: Array, width: float, land: Array, stack: Array) -> Array:
    """Give a number to each piece of land, nodes within the width that hang together side by side; 0 is outside.

    Returns the stack, perhaps grown.
    """
    rows, columns = field.shape
    inside = (width - NUDGE_M) ** 2
    land[:] = 0
    count = 0
    for y in range(rows):
        for x in range(columns):
            if field[y, x] >= inside or land[y, x] != 0:
                continue
            count += 1
            land[y, x] = count
            stack[0, 0], stack[0, 1] = y, x
            size = 1
            while size > 0:
                size -= 1
                here_y, here_x = stack[size, 0], stack[size, 1]
                if size + 4 > len(stack):
                    stack = _longer_rows(stack)
                for side in range(4):
                    other_y, other_x = here_y + (side == 0) - (side == 1), here_x + (side == 2) - (side == 3)
                    if field[other_y, other_x] < inside and land[other_y, other_x] == 0:
                        land[other_y, other_x] = count
                        stack[size, 0], stack[size, 1] = other_y, other_x
                        size += 1
    return stack


@kernel
def _walk(
    field: Array, land: Array, drawn: Array, start: tuple[int, int], width: float, points: Array, used: int
) -> tuple[Array, int]:
    """Write the ring that passes north between a node and its neighbour in the east; in cells.

    The land is always on the left. Within a cell: left if the corner ahead on the left is outside, ahead if only the
    one on the right is, else right.
    """
    first = used
    # the node on the left of where the ring enters a cell, and the heading: north, west, south, east
    y, x, step_y, step_x = start[0], start[1], 1, 0
    while True:
        if used + 2 > len(points):
            points = _longer_rows(points)
        out_y, out_x = y - step_x, x + step_y  # the node on the right
        near = math.sqrt(field[y, x])
        share = (width - near) / (max(math.sqrt(field[out_y, out_x]), width + NUDGE_M) - near)
        points[used, 0] = x + share * (out_x - x)
        points[used, 1] = y + share * (out_y - y)
        used += 1
        if step_y == 1:
            drawn[y, x] = True
        if land[y + step_y, x + step_x] == 0:
            step_y, step_x = step_x, -step_y
        elif land[out_y + step_y, out_x + step_x] == 0:
            y, x = y + step_y, x + step_x
        else:
            y, x = out_y + step_y, out_x + step_x
            step_y, step_x = -step_x, step_y
        if y == start[0] and x == start[1] and step_y == 1:
            points[used] = points[first]
            return points, used + 1


@kernel
def _straighten(points: Array, start: int, end: int) -> int:
    """Leave out the corners of a ring at which it does not turn; return where it ends now."""
    kept = start + 1
    for row in range(start + 1, end - 1):
        way_x, way_y = points[row + 1, 0] - points[kept - 1, 0], points[row + 1, 1] - points[kept - 1, 1]
        off_x, off_y = points[row, 0] - points[kept - 1, 0], points[row, 1] - points[kept - 1, 1]
        if abs(way_x * off_y - way_y * off_x) * CELL_M > STRAIGHT_M * math.hypot(way_x, way_y):
            points[kept] = points[row]
            kept += 1
    points[kept] = points[end - 1]
    return kept + 1


@kernel
def _turns_left(points: Array, start: int, end: int) -> bool:
    """Say whether a ring runs against the clock."""
    twice = 0.0
    for row in range(start, end - 1):
        twice += (points[row, 0] - points[start, 0]) * (points[row + 1, 1] - points[start, 1])
        twice -= (points[row + 1, 0] - points[start, 0]) * (points[row, 1] - points[start, 1])
    return twice > 0


@kernel
def _longer_rows(rows: Array) -> Array:
    longer = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
    longer[: len(rows)] = rows
    return longer


@kernel
def _longer_ints(values: Array) -> Array:
    longer = np.empty(2 * len(values), values.dtype)
    longer[: len(values)] = values
    return longer
