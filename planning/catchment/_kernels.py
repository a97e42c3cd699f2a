"""Room of `planning.catchment`: bounded shortest paths in whole millimetres, compiled by numba.

Imported when first used, for numba takes a second to load. Compiled code is kept in ``__pycache__`` beside this file,
or, where that cannot be written to, in the user's cache folder. Where neither can be written to, numba raises
RuntimeError until ``NUMBA_CACHE_DIR`` names a folder that can.

A search takes the edges in both directions as compressed rows, and seeds: nodes with the millimetres walked to get
there. Labels carry the number of the search they belong to, so that nothing is cleared between two searches, and the
cost of one does not grow with the network. Dijkstra's method with a heap of four children a node, stale entries left in
(Johnson 1975): as weights are not negative, each node is settled once, so a heap of one entry an arc never overflows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


class Graph(NamedTuple):
    """Edges, and both directions of them as compressed rows."""

    indptr: Array
    indices: Array
    weight_mm: Array
    arc_edge: Array
    edge_from: Array
    edge_to: Array
    edge_mm: Array


class Places(NamedTuple):
    """Snapped points in groups: those of group g are rows ``ptr[g]:ptr[g + 1]``; a group has the least of them."""

    ptr: Array
    edge: Array
    position_mm: Array
    leg_mm: Array


class Targets(NamedTuple):
    """Snapped points twice over: by the nodes they are reached through, and by their own edge."""

    node_ptr: Array
    node_slot: Array
    node_mm: Array  # from the node to the point, leg included
    edge_ptr: Array
    edge_slot: Array
    edge_position_mm: Array
    edge_leg_mm: Array
    slots: int


class _Labels(NamedTuple):
    """What a search writes on: the label of each node, whose it is, the heap, and the settled nodes in order."""

    value: Array
    epoch: Array
    heap_value: Array
    heap_node: Array
    settled: Array


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
def _labels(graph: Graph, seeds: int) -> _Labels:
    nodes = len(graph.indptr) - 1
    most = len(graph.indices) + 2 * seeds + 1
    return _Labels(
        np.empty(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.int32),
        np.empty(nodes, np.int32),
    )


@njit(cache=True, nogil=True)
def _reach_node(labels: _Labels, size: int, node: int, value: int, epoch: int) -> int:
    """Label ``node`` with ``value`` if that is better; return the heap's size."""
    if labels.epoch[node] == epoch and labels.value[node] <= value:
        return size
    labels.epoch[node] = epoch
    labels.value[node] = value
    return _push(labels.heap_value, labels.heap_node, size, value, node)


@njit(cache=True, nogil=True)
def _search(graph: Graph, labels: _Labels, size: int, epoch: int, scale: int, most: int) -> int:
    """Settle every node with a label up to ``most``; return how many. Weights are multiplied by ``scale``."""
    # Taken out of the tuples first: numba would count references to them in the loop, which costs half the speed.
    indptr, indices, weight_mm = graph.indptr, graph.indices, graph.weight_mm
    label, epoch_of, heap_value, heap_node, settled = labels
    count = 0
    while size > 0:
        value = heap_value[0]
        node = heap_node[0]
        size = _pop(heap_value, heap_node, size)
        if value > label[node]:
            continue
        settled[count] = node
        count += 1
        for arc in range(indptr[node], indptr[node + 1]):
            further = value + weight_mm[arc] * scale
            if further <= most:
                other = indices[arc]
                if epoch_of[other] != epoch or further < label[other]:
                    epoch_of[other] = epoch
                    label[other] = further
                    size = _push(heap_value, heap_node, size, further, other)
    return count


@njit(cache=True, nogil=True)
def _seed(graph: Graph, labels: _Labels, places: Places, group: int, most: int) -> int:
    """Start a search from a group of places: each is two seeds, the ends of its edge; return the heap's size."""
    size = 0
    for row in range(places.ptr[group], places.ptr[group + 1]):
        edge = places.edge[row]
        to_start = places.leg_mm[row] + places.position_mm[row]
        to_end = places.leg_mm[row] + graph.edge_mm[edge] - places.position_mm[row]
        if to_start <= most:
            size = _reach_node(labels, size, graph.edge_from[edge], to_start, group + 1)
        if to_end <= most:
            size = _reach_node(labels, size, graph.edge_to[edge], to_end, group + 1)
    return size


@njit(cache=True, nogil=True)
def _longer(array: Array, needed: int) -> Array:
    """Return ``array``, or a copy with room for ``needed`` entries and as many again."""
    if needed <= len(array):
        return array
    longer = np.empty(2 * needed, array.dtype)
    longer[: len(array)] = array
    return longer


@njit(cache=True, nogil=True)
def pairs(graph: Graph, places: Places, targets: Targets, limit_mm: int) -> tuple[Array, Array, Array]:
    """Return every (group, slot, millimetres) within ``limit_mm``, inclusive; each pair once, by group."""
    labels = _labels(graph, len(places.edge))
    best = np.empty(targets.slots, np.int64)
    found = np.full(targets.slots, -1, np.int64)
    touched = np.empty(targets.slots, np.int64)
    group_out, slot_out, mm_out = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int64)
    count = 0
    for group in range(len(places.ptr) - 1):
        met = 0
        for row in range(places.ptr[group], places.ptr[group + 1]):
            edge = places.edge[row]
            for target in range(targets.edge_ptr[edge], targets.edge_ptr[edge + 1]):
                along = abs(places.position_mm[row] - targets.edge_position_mm[target])
                mm = places.leg_mm[row] + along + targets.edge_leg_mm[target]
                met = _meet(best, found, touched, met, group, targets.edge_slot[target], mm, limit_mm)
        size = _seed(graph, labels, places, group, limit_mm)
        for place in range(_search(graph, labels, size, group + 1, 1, limit_mm)):
            node = labels.settled[place]
            for target in range(targets.node_ptr[node], targets.node_ptr[node + 1]):
                mm = labels.value[node] + targets.node_mm[target]
                met = _meet(best, found, touched, met, group, targets.node_slot[target], mm, limit_mm)
        group_out, slot_out = _longer(group_out, count + met), _longer(slot_out, count + met)
        mm_out = _longer(mm_out, count + met)
        for place in range(met):
            group_out[count] = group
            slot_out[count] = touched[place]
            mm_out[count] = best[touched[place]]
            count += 1
    return group_out[:count].copy(), slot_out[:count].copy(), mm_out[:count].copy()


@njit(cache=True, nogil=True)
def _meet(best: Array, found: Array, touched: Array, met: int, group: int, slot: int, mm: int, limit_mm: int) -> int:
    """Keep the least distance to a slot; return how many slots this group has met."""
    if mm > limit_mm:
        return met
    if found[slot] != group:
        found[slot] = group
        best[slot] = mm
        touched[met] = slot
        return met + 1
    best[slot] = min(best[slot], mm)
    return met


@njit(cache=True, nogil=True)
def nearest_label(graph: Graph, places: Places, most_mm: int) -> Array:
    """Return of each node distance × n + label of the nearest of n places, -1 where there is none.

    The label is the place's row; of places equally near the smaller counts, since it makes the smaller number.
    """
    count = len(places.edge)
    labels = _labels(graph, count)
    size = 0
    for row in range(count):
        edge = places.edge[row]
        to_start = places.leg_mm[row] + places.position_mm[row]
        to_end = places.leg_mm[row] + graph.edge_mm[edge] - places.position_mm[row]
        if to_start <= most_mm:
            size = _reach_node(labels, size, graph.edge_from[edge], to_start * count + row, 1)
        if to_end <= most_mm:
            size = _reach_node(labels, size, graph.edge_to[edge], to_end * count + row, 1)
    _search(graph, labels, size, 1, count, most_mm * count + count - 1)
    return np.where(labels.epoch == 1, labels.value, -1)


@njit(cache=True, nogil=True)
def intervals(graph: Graph, places: Places, limits_mm: Array) -> Array:
    """Return the reached parts of edges as rows (place, limit, edge, from_mm, to_mm), no two of them meeting.

    Limits ascend. Each group of ``places`` has one member. Parts of no length are left out.
    """
    labels = _labels(graph, 1)
    seen = np.zeros(len(graph.edge_mm), np.int64)
    out = np.empty((1024, 5), np.int64)
    count = 0
    tag = 0
    for place in range(len(places.edge)):
        own = places.edge[place]
        size = _seed(graph, labels, places, place, limits_mm[-1])
        settled = _search(graph, labels, size, place + 1, 1, limits_mm[-1])
        for step in range(len(limits_mm)):
            limit = limits_mm[step]
            tag += 1
            seen[own] = tag
            out = _longer_rows(out, count + 3)
            count = _own_edge(graph, labels, places, place, (step, limit), out, count)
            for rank in range(settled):
                node = labels.settled[rank]
                if labels.value[node] > limit:
                    break
                for arc in range(graph.indptr[node], graph.indptr[node + 1]):
                    edge: int = np.int64(graph.arc_edge[arc])  # type: ignore[assignment]
                    if seen[edge] != tag:
                        seen[edge] = tag
                        start, end = _left(graph, labels, edge, place + 1, limit)
                        out = _longer_rows(out, count + 2)
                        count = _emit(out, count, (place, step, edge), (start, end), graph.edge_mm[edge])
    return out[:count].copy()


@njit(cache=True, nogil=True)
def _left(graph: Graph, labels: _Labels, edge: int, epoch: int, limit: int) -> tuple[int, int]:
    """Return the millimetres left to walk at both ends of an edge, -1 at an end out of reach."""
    start, end = graph.edge_from[edge], graph.edge_to[edge]
    left_start = limit - labels.value[start] if labels.epoch[start] == epoch else -1
    left_end = limit - labels.value[end] if labels.epoch[end] == epoch else -1
    return max(left_start, -1), max(left_end, -1)


@njit(cache=True, nogil=True)
def _own_edge(
    graph: Graph, labels: _Labels, places: Places, place: int, step: tuple[int, int], out: Array, count: int
) -> int:
    """Write the parts of the place's own edge: from both ends, and both ways from where it stands."""
    edge = places.edge[place]
    position, length = places.position_mm[place], graph.edge_mm[edge]
    spare = step[1] - places.leg_mm[place]
    if spare < 0:
        return count
    start, end = _left(graph, labels, edge, place + 1, step[1])
    low, high = max(position - spare, 0), min(position + spare, length)
    if low <= start:
        start = max(start, high)
    elif length - high <= end:
        end = max(end, length - low)
    elif high > low:
        count = _write(out, count, (place, step[0], edge), low, high)
    return _emit(out, count, (place, step[0], edge), (start, end), length)


@njit(cache=True, nogil=True)
def _emit(out: Array, count: int, key: tuple[int, int, int], left: tuple[int, int], length: int) -> int:
    """Write the parts of an edge reached from its two ends; as one where they meet."""
    start, end = left
    if start >= 0 and end >= 0 and start + end >= length:
        start, end = length, -1
    if start > 0 and length > 0:
        count = _write(out, count, key, 0, min(start, length))
    if end > 0 and length > 0:
        count = _write(out, count, key, max(length - end, 0), length)
    return count


@njit(cache=True, nogil=True)
def _write(out: Array, count: int, key: tuple[int, int, int], low: int, high: int) -> int:
    out[count, 0], out[count, 1], out[count, 2] = key
    out[count, 3] = low
    out[count, 4] = high
    return count + 1


@njit(cache=True, nogil=True)
def _longer_rows(rows: Array, needed: int) -> Array:
    if needed <= len(rows):
        return rows
    longer = np.empty((2 * needed, rows.shape[1]), rows.dtype)
    longer[: len(rows)] = rows
    return longer
