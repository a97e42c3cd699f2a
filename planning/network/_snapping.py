"""Room of `planning.network`: the nearest edge of a point, and whether the way to it is barred."""

from __future__ import annotations

import numpy as np
import shapely

from planning.network import _kernels
from planning.network._edges import Network
from planning.network._noding import NEAR_M
from planning.network._topology import Flags, Ints, Objects

BEYOND_EVERYTHING_M = 1e9


def nearest_edges(network: Network, places: Objects, max_snap_mm: int) -> tuple[Ints, Ints]:
    """Return the nearest edge of each place and the leg to it in millimetres, -1 where there is none.

    Legs are compared in whole millimetres, so that the last digit of a coordinate decides nothing; edges equally near
    are taken in their order. An edge whose leg crosses a barrier is passed over.
    """
    if not _kernels.compiled():
        edge, leg_mm = np.full((2, len(places)), -1, dtype=np.int64)
        row, near, mm = _free(network, places, np.arange(len(places)), max_snap_mm)
        edge[row], leg_mm[row] = near, mm
        return edge, leg_mm
    from planning.network import _grid  # loads numba

    edge, leg_mm = _grid.nearest(network.grid, shapely.get_coordinates(places), max_snap_mm)
    row = np.flatnonzero(edge >= 0)
    barred = row[_crosses(network, places[row], network.lines[edge[row]])]
    if len(barred):
        edge[barred], leg_mm[barred] = -1, -1
        row, near, mm = _free(network, places, barred, max_snap_mm)
        edge[row], leg_mm[row] = near, mm
    return edge, leg_mm


def _free(network: Network, places: Objects, rows: Ints, max_snap_mm: int) -> tuple[Ints, Ints, Ints]:
    """Return row, nearest edge and leg of those rows that have an edge within the limit to which no barrier is met."""
    # A millimetre more than needed is looked at, since legs are compared after rounding.
    look_m = min(max_snap_mm / 1000 + 0.001, BEYOND_EVERYTHING_M)
    found, near = network.tree.query(places[rows], predicate="dwithin", distance=look_m)
    row = rows[found]
    free = ~_crosses(network, places[row], network.lines[near])
    row, near = row[free], near[free]
    mm = np.rint(shapely.distance(places[row], network.lines[near]) * 1000).astype(np.int64)
    order = np.lexsort((near, mm, row))
    order = order[mm[order] <= max_snap_mm]
    best = order[np.diff(row[order], prepend=-1) != 0]
    return row[best], near[best], mm[best]


def _crosses(network: Network, places: Objects, lines: Objects) -> Flags:
    """Say of each straight leg whether it crosses a barrier; from a gate in the wall one may go both ways."""
    barred = np.zeros(len(places), dtype=bool)
    if not len(network.barriers) or not len(places):
        return barred
    legs = shapely.get_coordinates(shapely.shortest_line(places, lines)).reshape(-1, 2, 2)
    way = legs[:, 1] - legs[:, 0]
    length = np.hypot(*way.T)
    walked = length > 2 * NEAR_M
    trim = way * (NEAR_M / np.where(walked, length, 1.0))[:, None]
    inner = shapely.linestrings(np.stack([legs[:, 0] + trim, legs[:, 1] - trim], axis=1))
    barred[shapely.STRtree(network.barriers).query(inner, predicate="intersects")[0]] = True
    return np.asarray(barred & walked)
