"""Room of `planning.catchment`: the nearest of many places from everywhere at once, compiled by numba.

Imported when first used (see `planning.catchment._search`). Dijkstra's method with a heap of four children a node,
stale entries left in (Johnson 1975): as weights are not negative, each node is settled once, so a heap of one entry an
arc never overflows.
"""

from __future__ import annotations

import numpy as np

from planning.catchment import _worst
from planning.catchment._graph import Array, Graph, Places
from planning.network._kernels import kernel


@kernel
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


@kernel
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


@kernel
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
            if end == 0:
                step = places.low_mm[row] + graph.start_mm[edge]
            else:
                step = graph.edge_mm[edge] - places.high_mm[row] + graph.end_mm[edge]
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


farthest = kernel(_worst.farthest)
