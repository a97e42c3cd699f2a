"""Room of `planning.network`: the nearest edge of a point, and whether the way to it is barred."""

from __future__ import annotations

import numpy as np
import shapely

from planning._edges import Network
from planning._noding import NEAR_M
from planning._topology import Flags, Floats, Ints, Objects

BEYOND_EVERYTHING_M = 1e9


def nearest_edges(network: Network, places: Objects, max_snap_mm: int) -> tuple[Ints, Ints]:
    """Return the nearest edge of each place and the leg to it in millimetres, -1 where there is none.

    Edges equally near are taken in their order; an edge whose leg crosses a barrier is passed over.
    """
    edge = np.full(len(places), -1, dtype=np.int64)
    leg_mm = np.full(len(places), -1, dtype=np.int64)
    # A millimetre more than asked is looked at, since legs are compared after rounding.
    look_m = min(max_snap_mm / 1000 + 0.001, BEYOND_EVERYTHING_M)
    (place, near), leg_m = network.tree.query_nearest(places, max_distance=look_m, return_distance=True)
    _keep_best((edge, leg_mm), (place, near), leg_m, max_snap_mm)
    snapped = np.flatnonzero(edge >= 0)
    barred = snapped[_crosses(network, places[snapped], network.lines[edge[snapped]])]
    if len(barred):
        edge[barred], leg_mm[barred] = -1, -1
        found, near = network.tree.query(places[barred], predicate="dwithin", distance=look_m)
        free = ~_crosses(network, places[barred[found]], network.lines[near])
        place, near = barred[found[free]], near[free]
        _keep_best((edge, leg_mm), (place, near), shapely.distance(places[place], network.lines[near]), max_snap_mm)
    return edge, leg_mm


def _keep_best(result: tuple[Ints, Ints], pairs: tuple[Ints, Ints], leg_m: Floats, max_snap_mm: int) -> None:
    """Write the nearest of the ``pairs`` (place, edge), ties to the first edge, into ``result`` (edge, leg)."""
    place, near = pairs
    order = np.lexsort((near, leg_m, place))
    order = order[np.rint(leg_m[order] * 1000) <= max_snap_mm]
    best = order[np.diff(place[order], prepend=-1) != 0]
    result[0][place[best]] = near[best]
    result[1][place[best]] = np.rint(leg_m[best] * 1000).astype(np.int64)


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
