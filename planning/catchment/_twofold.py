"""Room of `planning.catchment`: how long the walk is that takes the least effort, compiled by numba.

Imported when first used (see `planning.catchment._search`). All numbers are two in one, equivalent × scale + true
length, with the scale above every true length within the limit: the least number has the least equivalent, and of walks
of the same equivalent the shortest. As numbers grow large, a heap orders them in place of buckets.
"""

from __future__ import annotations

import numpy as np

from planning.catchment._flood import _pop, _push
from planning.catchment._graph import Array, Graph, Places, Targets
from planning.catchment._search import _longer, _meet, _meet_on_edges, _way_out
from planning.network._kernels import kernel


@kernel
def pairs(graph: Graph, places: Places, targets: Targets, limit: int, wanted: Array) -> tuple[Array, Array, Array]:
    """Return every (group, slot, number) within ``limit``, inclusive; each pair once, by group.

    ``wanted`` says of each slot which group alone it is asked of, -1: of all.
    """
    label = np.full(len(graph.indptr) - 1, limit + 1, np.int64)
    value, node = np.empty(1024, np.int64), np.empty(1024, np.int32)
    seen = np.empty(len(label), np.int32)
    best = np.empty(targets.slots, np.int64)
    found, touched = np.full(targets.slots, -1, np.int64), np.empty(targets.slots, np.int64)
    group_out, slot_out, out = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int64)
    count = 0
    for group in range(len(places.ptr) - 1):
        met = _meet_on_edges(places, targets, group, limit, best, found, touched)
        value, node, reached = _spread(graph, places, group, limit, label, value, node, seen)
        for place in range(reached):
            here = seen[place]
            rank = targets.node_rank[here]
            if rank >= 0:
                for target in range(targets.node_ptr[rank], targets.node_ptr[rank + 1]):
                    number = label[here] + targets.node_mm[target]
                    met = _meet(best, found, touched, met, group, targets.node_slot[target], number, limit)
            label[here] = limit + 1
        group_out, slot_out = _longer(group_out, count + met), _longer(slot_out, count + met)
        out = _longer(out, count + met)
        for place in range(met):
            slot = touched[place]
            if wanted[slot] < 0 or wanted[slot] == group:
                group_out[count], slot_out[count], out[count] = group, slot, best[slot]
                count += 1
    return group_out[:count].copy(), slot_out[:count].copy(), out[:count].copy()


@kernel
def _spread(
    graph: Graph, places: Places, group: int, limit: int, label: Array, value: Array, node: Array, seen: Array
) -> tuple[Array, Array, int]:
    """Label every node within ``limit`` of a group of places and list them; return the heap and how many there are."""
    size, count = 0, 0
    for row in range(places.ptr[group], places.ptr[group + 1]):
        for end in range(2):
            here = graph.edge_from[places.edge[row]] if end == 0 else graph.edge_to[places.edge[row]]
            number = places.leg_mm[row] + _way_out(graph, places, row, end)
            if number <= limit and number < label[here]:
                if label[here] > limit:
                    seen[count] = here
                    count += 1
                label[here] = number
                value, node = _longer(value, size + 1), _longer(node, size + 1)
                size = _push(value, node, size, number, here)
    while size > 0:
        number, here = value[0], node[0]
        size = _pop(value, node, size)
        if number > label[here]:
            continue
        for arc in range(graph.indptr[here], graph.indptr[here + 1]):
            further, other = number + graph.weight_mm[arc], graph.indices[arc]
            if further <= limit and further < label[other]:
                if label[other] > limit:
                    seen[count] = other
                    count += 1
                label[other] = further
                value, node = _longer(value, size + 1), _longer(node, size + 1)
                size = _push(value, node, size, further, other)
    return value, node, count
