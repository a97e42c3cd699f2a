"""Room of `planning.catchment`: the nearest of many places from everywhere at once, compiled by numba.

Imported when first used (see `planning.catchment._search`). Dijkstra's method with a heap of four children a node,
stale entries left in (Johnson 1975): as weights are not negative, each node is settled once, so a heap of one entry an
arc never overflows.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from planning.catchment._search import Array, Graph, Places

BEYOND: Final = 1 << 61


@njit(cache=True, nogil=True)
def _push(value: Array, node: Array, size: int, new_value: int, new_node: int) -> int:
    """Put an entry on the heap; return its new size."""
    place = size
    while place > 0:
        parent = (place - 1) >> 2
        if value[parent] <= new_value:
            break
        value[place] = value[parent]
        node[place] = node[parent]
        place = parent
    value[place] = new_value
    node[place] = new_node
    return size + 1


@njit(cache=True, nogil=True)
def _pop(value: Array, node: Array, size: int) -> int:
    """Take the least entry off the heap; return its new size."""
    size -= 1
    last_value = value[size]
    last_node = node[size]
    place = 0
    while True:
        child = (place << 2) + 1
        if child >= size:
            break
        least, least_value = child, value[child]
        for other in range(child + 1, min(child + 4, size)):
            if value[other] < least_value:
                least, least_value = other, value[other]
        if least_value >= last_value:
            break
        value[place] = least_value
        node[place] = node[least]
        place = least
    value[place] = last_value
    node[place] = last_node
    return size


@njit(cache=True, nogil=True)
def nearest_label(graph: Graph, places: Places, most_mm: int) -> Array:
    """Return of each node distance × n + label of the nearest of n points, -1 where there is none.

    The label is the point's row; of points equally near the smaller counts, since it makes the smaller number.
    """
    # Taken out of the tuple first: numba would count references to them in the loop, which costs half the speed.
    indptr, indices, weight_mm = graph.indptr, graph.indices, graph.weight_mm
    count = len(places.edge)
    most = most_mm * count + count - 1
    label = np.full(len(indptr) - 1, most + 1, np.int64)
    heap_value = np.empty(len(indices) + 2 * count + 1, np.int64)
    heap_node = np.empty(len(heap_value), np.int32)
    size = 0
    for row in range(count):
        edge = places.edge[row]
        for end in range(2):
            node = graph.edge_from[edge] if end == 0 else graph.edge_to[edge]
            step = places.low_mm[row] if end == 0 else graph.edge_mm[edge] - places.high_mm[row]
            value = (places.leg_mm[row] + step) * count + row
            if value < label[node]:
                label[node] = value
                size = _push(heap_value, heap_node, size, value, node)
    while size > 0:
        value, node = heap_value[0], heap_node[0]
        size = _pop(heap_value, heap_node, size)
        if value > label[node]:
            continue
        for arc in range(indptr[node], indptr[node + 1]):
            further = value + np.int64(weight_mm[arc]) * count
            other = indices[arc]
            if further < label[other]:
                label[other] = further
                size = _push(heap_value, heap_node, size, further, other)
    return np.where(label <= most, label, -1)


@njit(cache=True, nogil=True)
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
        for end, node in ((0, graph.edge_from[edge]), (count - 1, graph.edge_to[edge])):
            high[end] = at_node_mm[node] if at_node_mm[node] >= 0 else BEYOND
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
