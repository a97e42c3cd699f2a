"""Room of `planning.network`: the nearest edge of many points, by a grid of square cells, compiled by numba.

Imported when first used, for numba takes a second to load (see `planning.catchment._search` on where compiled code is
kept).
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from planning.network._kernels import kernel

Array = NDArray[Any]

PAD_M: Final = 1e-6  # wider than the rounding of coordinates of millions of metres


class Grid(NamedTuple):
    """The straight pieces of all edges, and which of them touch each cell: rows ``ptr[c]:ptr[c + 1]`` of ``piece``."""

    ends: Array  # (pieces, 4): x and y where it begins and where it ends, metres
    edge: Array
    ptr: Array
    piece: Array
    corner: Array  # x, y of the lower left
    cell_m: float
    columns: int
    rows: int


def build(lines: NDArray[np.object_]) -> Grid:
    """Return the grid of ``lines``; each has a number, its place in the array."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    inner = np.flatnonzero(np.diff(owner) == 0)
    ends, edge = np.concatenate([xy[inner], xy[inner + 1]], axis=1), owner[inner].astype(np.int32)
    corner, span = xy.min(axis=0), np.ptp(xy, axis=0)
    # As many square cells as pieces where the land is as wide as it is long, and never many times more.
    cell_m = max(math.sqrt(span[0] * span[1] / len(inner)), float(span.max()) / len(inner), 1.0)
    columns, rows = (int(side // cell_m) + 1 for side in span)
    ptr, piece = _fill(ends, corner, cell_m, columns, rows)
    return Grid(ends, edge, ptr, piece, corner, cell_m, columns, rows)


@kernel
def _across(ends: Array, piece: int, low: float, high: float) -> tuple[float, float]:
    """Return the least and greatest x of a piece between two heights; the whole of it where it is level."""
    head_x, head_y, tail_x = ends[piece, 0], ends[piece, 1], ends[piece, 2]
    left, right = min(head_x, tail_x), max(head_x, tail_x)
    rise = ends[piece, 3] - head_y
    if abs(rise) > PAD_M:
        first = head_x + (low - head_y) / rise * (tail_x - head_x)
        last = head_x + (high - head_y) / rise * (tail_x - head_x)
        left, right = max(left, min(first, last)), min(right, max(first, last))
    return left, right


@kernel
def _fill(ends: Array, corner: Array, cell: float, columns: int, rows: int) -> tuple[Array, Array]:
    """Write each piece into every cell it touches; first counted, then written."""
    ptr = np.zeros(columns * rows + 1, np.int64)
    piece, free = np.empty(0, np.int32), np.empty(0, np.int64)
    for counted in range(2):
        if counted == 1:
            ptr[1:] = np.cumsum(ptr[1:])
            piece = np.empty(ptr[-1], np.int32)
            free = ptr[1:].copy()
        for row in range(len(ends)):
            low, high = min(ends[row, 1], ends[row, 3]) - PAD_M, max(ends[row, 1], ends[row, 3]) + PAD_M
            first = max(int((low - corner[1]) / cell), 0)
            for y in range(first, min(int((high - corner[1]) / cell), rows - 1) + 1):
                below = corner[1] + y * cell - PAD_M
                left, right = _across(ends, row, max(low, below), min(high, below + cell + 2 * PAD_M))
                start = max(int((left - PAD_M - corner[0]) / cell), 0)
                for x in range(start, min(int((right + PAD_M - corner[0]) / cell), columns - 1) + 1):
                    if counted == 0:
                        ptr[y * columns + x + 1] += 1
                    else:
                        free[y * columns + x] -= 1
                        piece[free[y * columns + x]] = row
    return ptr, piece


@kernel
def nearest(grid: Grid, xy: Array, limit_mm: int) -> tuple[Array, Array]:
    """Return the nearest edge of each place within ``limit_mm`` and its distance in whole millimetres, else -1.

    Distances are compared after rounding; of edges equally near the one with the smallest number counts.
    """
    edge_out, mm_out = np.full(len(xy), -1, np.int64), np.full(len(xy), -1, np.int64)
    for place in range(len(xy)):
        east, north = (xy[place, 0] - grid.corner[0]) / grid.cell_m, (xy[place, 1] - grid.corner[1]) / grid.cell_m
        x, y = math.floor(east), math.floor(north)
        inside = min(east - x, x + 1 - east, north - y, y + 1 - north) * grid.cell_m
        ring = max(0, -x, x - grid.columns + 1, -y, y - grid.rows + 1)
        last = max(abs(x), abs(x - grid.columns + 1), abs(y), abs(y - grid.rows + 1))
        best_edge, best_mm = -1, limit_mm + 1
        while ring <= last and (ring == 0 or (ring - 1) * grid.cell_m + inside - PAD_M <= (best_mm + 1) / 1000):
            best_edge, best_mm = _ring(grid, (xy[place, 0], xy[place, 1]), (x, y), ring, best_edge, best_mm)
            ring += 1
        if best_edge >= 0:
            edge_out[place], mm_out[place] = best_edge, best_mm
    return edge_out, mm_out


@kernel
def _ring(
    grid: Grid, at: tuple[float, float], cell: tuple[int, int], ring: int, best_edge: int, best_mm: int
) -> tuple[int, int]:
    """Look through the cells ``ring`` steps away; return the best edge so far and its distance."""
    (x, y), (at_x, at_y) = cell, at
    look2 = ((best_mm + 1) / 1000) ** 2
    for row in range(max(y - ring, 0), min(y + ring, grid.rows - 1) + 1):
        step = 1 if ring == 0 or row in (y - ring, y + ring) else 2 * ring
        first = x - ring
        if step == 1:
            first = max(first, 0)
        for column in range(first, min(x + ring, grid.columns - 1) + 1, step):
            if column < 0:
                continue
            here = row * grid.columns + column
            for place in range(grid.ptr[here], grid.ptr[here + 1]):
                piece = grid.piece[place]
                metres2 = _distance2(at_x, at_y, grid.ends, piece)
                if metres2 <= look2:
                    mm = int(np.rint(math.sqrt(metres2) * 1000))
                    if mm < best_mm or (mm == best_mm and grid.edge[piece] < best_edge):
                        best_edge, best_mm = grid.edge[piece], mm
                        look2 = ((mm + 1) / 1000) ** 2
    return best_edge, best_mm


@kernel
def _distance2(at_x: float, at_y: float, ends: Array, piece: int) -> float:
    """Return the squared distance of a place from a straight piece."""
    head_x, head_y = ends[piece, 0], ends[piece, 1]
    way_x, way_y = ends[piece, 2] - head_x, ends[piece, 3] - head_y
    off_x, off_y = at_x - head_x, at_y - head_y
    square = way_x * way_x + way_y * way_y
    share = min(max((off_x * way_x + off_y * way_y) / square, 0.0), 1.0) if square > 0 else 0.0
    away_x, away_y = off_x - share * way_x, off_y - share * way_y
    metres2: float = away_x * away_x + away_y * away_y
    return metres2
