"""Room of `planning.catchment`: the searches without a compiler, by scipy's Dijkstra; the same answers, slower.

For machines without numba, and for the first minute of a program whose compiled code is still being made. Millimetres
are whole numbers below 2^53, which floats hold exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from planning.catchment._graph import Array, Graph, Places, Targets
from planning.network._topology import ragged

CELLS: Final = 20_000_000  # labels held at a time
EXACT: Final = 1 << 53


def pairs(
    graph: Graph, places: Places, targets: Targets, limit: int, wanted: Array | None = None
) -> tuple[Array, Array, Array]:
    """Return every (group, slot, millimetres) within ``limit``, inclusive; each pair once, by group.

    ``wanted`` says of each slot which group alone it is asked of, -1 or without it: of all.
    """
    node = _rows(targets.node_rank, targets.node_ptr)
    edge = _rows(targets.edge_rank, targets.edge_ptr)
    found: list[tuple[int, Array, Array]] = []
    for group, reached in _labels(graph, places, limit):
        best = np.full(targets.slots, np.inf)
        np.minimum.at(best, targets.node_slot, reached[node] + targets.node_mm)
        for row in range(places.ptr[group], places.ptr[group + 1]):
            here = edge == places.edge[row]
            ahead = targets.edge_low_mm[here] - places.high_mm[row]
            behind = places.low_mm[row] - targets.edge_high_mm[here]
            mm = places.leg_mm[row] + np.maximum(np.maximum(ahead, behind), 0) + targets.edge_leg_mm[here]
            np.minimum.at(best, targets.edge_slot[here], mm)
        asked = best <= limit
        if wanted is not None:
            asked &= (wanted < 0) | (wanted == group)
        slot = np.flatnonzero(asked)
        found.append((group, slot, best[slot].astype(np.int64)))
    return (
        np.repeat(np.array([group for group, _, _ in found], dtype=np.int64), [len(slot) for _, slot, _ in found]),
        np.concatenate([np.empty(0, np.int64), *(slot for _, slot, _ in found)]),
        np.concatenate([np.empty(0, np.int64), *(mm for _, _, mm in found)]),
    )


def intervals(graph: Graph, places: Places, limits_mm: Array) -> Array:
    """Return the reached parts of edges as rows (place, limit, edge, from_mm, to_mm), no two of them meeting.

    Limits ascend. Each group of ``places`` has one member, a point. Parts of no length are left out.
    """
    parts = [np.empty((0, 5), np.int64)]
    for place, reached in _labels(graph, places, int(limits_mm[-1])):
        own = int(places.edge[place])
        edge = _touched(graph, reached, own)
        length = graph.edge_mm[edge]
        for step, limit in enumerate(limits_mm):
            start = _left(limit - reached[graph.edge_from[edge]] - graph.start_mm[edge])
            end = _left(limit - reached[graph.edge_to[edge]] - graph.end_mm[edge])
            mine, spare = np.searchsorted(edge, own), limit - places.leg_mm[place]
            if spare >= 0:
                low, high = max(places.low_mm[place] - spare, 0), min(places.low_mm[place] + spare, length[mine])
                if low <= start[mine]:
                    start[mine] = max(start[mine], high)
                elif length[mine] - high <= end[mine]:
                    end[mine] = max(end[mine], length[mine] - low)
                elif high > low:
                    parts.append(np.array([[place, step, own, low, high]]))
            met = (start >= 0) & (end >= 0) & (start + end >= length)
            start, end = np.where(met, length, start), np.where(met, -1, end)
            for side, from_mm, to_mm in (
                (start, np.zeros_like(length), np.minimum(start, length)),
                (end, np.maximum(length - end, 0), length),
            ):
                rows = np.flatnonzero((side > 0) & (length > 0))
                key = np.broadcast_to([place, step], (len(rows), 2))
                parts.append(np.column_stack([key, edge[rows], from_mm[rows], to_mm[rows]]).astype(np.int64))
    return np.concatenate(parts)


def nearest_label(graph: Graph, places: Places, most_mm: int) -> Array:
    """Return of each node distance × n + label of the nearest of n points, -1 where there is none.

    The label is the point's row; of points equally near the smaller counts, since it makes the smaller number.
    """
    count, nodes = len(places.edge), len(graph.indptr) - 1
    most = most_mm * count + count - 1
    if most >= EXACT:
        raise OverflowError(f"{count} places on {most_mm} mm of road do not fit 53 bits")
    node, value = _seeds(graph, places)
    seeds, rows = _least(node, value * count + np.tile(np.arange(count), 2))
    roads = _matrix(graph)
    joined = csr_array(
        (
            np.concatenate([roads.data * count, rows.astype(float)]),
            np.concatenate([roads.indices, seeds]),
            np.append(roads.indptr, roads.indptr[-1] + len(seeds)),
        ),
        shape=(nodes + 1, nodes + 1),
    )
    label = dijkstra(joined, indices=nodes, limit=most)[:nodes]
    return np.where(np.isfinite(label), label, -1).astype(np.int64)


def _labels(graph: Graph, places: Places, limit: int) -> Iterator[tuple[int, Array]]:
    """Yield every group with the distance of each node from it, infinite beyond the limit."""
    groups = len(places.ptr) - 1
    node, value = _seeds(graph, places)
    group = np.tile(np.repeat(np.arange(groups), np.diff(places.ptr)), 2)
    order = np.argsort(group, kind="stable")
    node, value, group = node[order], value[order], group[order]
    roads, at_once = _matrix(graph), max(1, CELLS // (len(graph.indptr) - 1))
    nearest, current = np.full(len(graph.indptr) - 1, np.inf), 0
    for first in range(0, len(node), at_once):
        block = slice(first, first + at_once)
        for row, metres in enumerate(dijkstra(roads, indices=node[block], limit=limit)):
            if group[first + row] != current:
                yield current, np.where(nearest <= limit, nearest, np.inf)
                nearest, current = np.full(len(nearest), np.inf), int(group[first + row])
            nearest = np.minimum(nearest, metres + value[first + row])
    if groups:
        yield current, np.where(nearest <= limit, nearest, np.inf)


def _touched(graph: Graph, reached: Array, own: int) -> Array:
    """Return the edges at the nodes that are reached, and the place's own, ascending."""
    node = np.flatnonzero(np.isfinite(reached))
    arcs = ragged(graph.indptr[node], np.diff(graph.indptr)[node])
    return np.unique(np.append(graph.arc_edge[arcs], own))


def _seeds(graph: Graph, places: Places) -> tuple[Array, Array]:
    """Return both ends of each place's edge, and the way there: all first ends, then all others."""
    to_start = places.low_mm + graph.start_mm[places.edge]
    to_end = graph.edge_mm[places.edge] - places.high_mm + graph.end_mm[places.edge]
    node = np.concatenate([graph.edge_from[places.edge], graph.edge_to[places.edge]])
    return node, np.concatenate([to_start, to_end]) + np.tile(places.leg_mm, 2)


def _matrix(graph: Graph) -> csr_array:
    """Return the shortest arc between any two nodes as a matrix; arcs of length 0 are kept."""
    nodes = len(graph.indptr) - 1
    tail = np.repeat(np.arange(nodes), np.diff(graph.indptr))
    key, weight = _least(tail * nodes + graph.indices, graph.weight_mm)
    indptr = np.insert(np.cumsum(np.bincount(key // nodes, minlength=nodes)), 0, 0)
    return csr_array((weight.astype(float), key % nodes, indptr), shape=(nodes, nodes))


def _least(key: Array, value: Array) -> tuple[Array, Array]:
    """Return each key once, ascending, with its least value."""
    order = np.lexsort((value, key))
    first = np.diff(key[order], prepend=-1) != 0
    return key[order][first], value[order][first]


def _rows(rank: Array, ptr: Array) -> Array:
    """Return the node, or the edge, of each target."""
    ranked = np.flatnonzero(rank >= 0)
    return np.repeat(ranked[np.argsort(rank[ranked])], np.diff(ptr))


def _left(millimetres: Array) -> Array:
    """Return what is left to walk, -1 out of reach."""
    return np.where(millimetres >= 0, millimetres, -1).astype(np.int64)
