"""Room of `planning.catchment`: the place of a stretch that lies furthest from every facility.

Plain loops over numbers: `planning.catchment._flood` compiles them, and without a compiler they run as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from planning.catchment._graph import Array, Graph, Places

BEYOND: Final = 1 << 61


def farthest(
    graph: Graph, stretches: Places, at_node_mm: Array, ptr: Array, position_mm: Array, leg_mm: Array
) -> Array:
    """Return how far the place of each stretch that lies furthest from every facility is from the nearest, in mm.

    Parameters
    ----------
    graph, stretches
        Places are whole millimetres; ``stretches.leg_mm`` is walked besides.
    at_node_mm
        Of each node the distance to the nearest facility, -1 without one.
    ptr, position_mm, leg_mm
        The facilities on the edge of stretch i, ascending along it: rows ``ptr[i]:ptr[i + 1]``.

    Notes
    -----
    The distance along an edge is the lowest of cones, one over each end of the edge and each facility on it. Between
    neighbours it rises from the one and falls to the other, once each cone is cut down to what its neighbours allow.
    """
    result = np.empty(len(stretches.edge), np.int64)
    for row in range(len(stretches.edge)):
        edge, length = stretches.edge[row], graph.edge_mm[stretches.edge[row]]
        count = ptr[row + 1] - ptr[row] + 2
        at, high = np.empty(count, np.int64), np.empty(count, np.int64)
        at[0], at[count - 1] = 0, length
        start, end = at_node_mm[graph.edge_from[edge]], at_node_mm[graph.edge_to[edge]]
        high[0] = start + graph.start_mm[edge] if start >= 0 else BEYOND
        high[count - 1] = end + graph.end_mm[edge] if end >= 0 else BEYOND
        for place in range(count - 2):
            at[place + 1], high[place + 1] = position_mm[ptr[row] + place], leg_mm[ptr[row] + place]
        for place in range(1, count):
            high[place] = min(high[place], high[place - 1] + at[place] - at[place - 1])
        for place in range(count - 2, -1, -1):
            high[place] = min(high[place], high[place + 1] + at[place + 1] - at[place])
        worst = 0
        for place in range(count - 1):
            low_mm, high_mm = max(stretches.low_mm[row], at[place]), min(stretches.high_mm[row], at[place + 1])
            if low_mm <= high_mm:
                peak = (high[place + 1] - high[place] + at[place + 1] + at[place]) // 2
                for spot in (peak, peak + 1):
                    here = min(max(spot, low_mm), high_mm)
                    mm = min(high[place] + here - at[place], high[place + 1] + at[place + 1] - here)
                    worst = max(worst, mm)
        result[row] = worst + stretches.leg_mm[row]
    return result
