"""Room of `planning.catchment`: bounded shortest paths in whole millimetres, compiled by numba.

Imported when first used, for numba takes a second to load. Compiled code is kept in ``__pycache__`` beside this file,
or, where that cannot be written to, in the user's cache folder. Where neither can be written to, numba raises
RuntimeError until ``NUMBA_CACHE_DIR`` names a folder that can.

A search takes the edges in both directions as compressed rows, and seeds: nodes with the millimetres walked to get
there. Its queue is a ring of buckets, each a list of the nodes whose label lies in one stretch of `WIDTH_BITS` bits
(Dial 1969); inside a bucket labels are corrected until none changes, so the answer is exact whatever the width.

Labels are never cleared: search number e writes distance − e × (limit + 1), so that every label of an earlier search,
and the 0 a node begins with, is larger than any of this one, and the cost of a search does not grow with the network.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from planning.catchment._graph import Array, Graph, Places, Targets
from planning.network._kernels import kernel

WIDTH_BITS: Final = 15  # a bucket holds 32.768 m; as fast from 16 to 64 m


class Queue(NamedTuple):
    """A ring of buckets: the first entry of each, and of each entry the next, its node and its label."""

    head: Array
    following: Array
    node: Array
    value: Array


def queue(ring_mm: int, entries: int) -> Queue:
    """Return an empty queue for labels that lie no further than ``ring_mm`` apart."""
    buckets = 1 << max((ring_mm >> WIDTH_BITS) + 2, 2).bit_length()
    return Queue(
        np.full(buckets, -1, np.int32),
        np.empty(entries, np.int32),
        np.empty(entries, np.int32),
        np.empty(entries, np.int64),
    )


@kernel
def _enter(head: Array, following: Array, node_of: Array, value_of: Array, used: int, node: int, value: int) -> int:
    """Put a node into the bucket of its label; return how many entries are used."""
    bucket = (value >> WIDTH_BITS) & (len(head) - 1)
    following[used] = head[bucket]
    node_of[used] = node
    value_of[used] = value
    head[bucket] = used
    return used + 1


@kernel
def _way_out(graph: Graph, places: Places, row: int, end: int) -> int:
    """Return the way from a place to the start (0) or the end (1) of its edge, and out there."""
    edge = places.edge[row]
    step: int
    if end == 0:
        step = places.low_mm[row] + graph.start_mm[edge]
    else:
        step = graph.edge_mm[edge] - places.high_mm[row] + graph.end_mm[edge]
    return step


@kernel
def _seed(
    graph: Graph, places: Places, group: int, label: Array, base: int, limit: int, line: Queue, seen: Array
) -> tuple[int, int, int]:
    """Start a search from a group of places: each is two seeds, the ends of its edge.

    Returns how many entries are used (-1: too many), how many nodes are seen, and the least label.
    """
    used, count, first = 0, 0, limit
    for row in range(places.ptr[group], places.ptr[group + 1]):
        edge = places.edge[row]
        for end in range(2):
            node = graph.edge_from[edge] if end == 0 else graph.edge_to[edge]
            step = _way_out(graph, places, row, end)
            value = places.leg_mm[row] + step
            if value > limit or base + value >= label[node]:
                continue
            if used >= len(line.node):
                return -1, count, first
            if label[node] > base + limit:
                seen[count] = node
                count += 1
            label[node] = base + value
            used = _enter(line.head, line.following, line.node, line.value, used, node, value)
            first = min(first, value)
    return used, count, first


@kernel
def _search(
    graph: Graph, places: Places, group: int, label: Array, base: int, limit: int, line: Queue, seen: Array
) -> int:
    """Label every node within ``limit`` of a group of places with distance + ``base``; list them in ``seen``.

    Returns how many there are; -1 where the queue was too short, and the search is to be made again.
    """
    # Taken out of the tuples first: numba would count references to them in the loop, which costs half the speed.
    indptr, indices, weight_mm = graph.indptr, graph.indices, graph.weight_mm
    head, following, node_of, value_of = line
    used, count, first = _seed(graph, places, group, label, base, limit, line, seen)
    waiting, turn = used, first >> WIDTH_BITS
    while waiting > 0:
        entry = head[turn & (len(head) - 1)]
        if entry < 0:
            turn += 1
            continue
        head[turn & (len(head) - 1)] = following[entry]
        waiting -= 1
        node, value = node_of[entry], value_of[entry]
        if base + value > label[node]:
            continue
        for arc in range(indptr[node], indptr[node + 1]):
            further = value + weight_mm[arc]
            other = indices[arc]
            if further <= limit and base + further < label[other]:
                if used >= len(node_of):
                    used = -1
                    break
                if label[other] > base + limit:
                    seen[count] = other
                    count += 1
                label[other] = base + further
                used = _enter(head, following, node_of, value_of, used, other, further)
                waiting += 1
        if used < 0:
            break
    if used < 0:
        head[:] = -1
        return -1
    return count


@kernel
def _longer(array: Array, needed: int) -> Array:
    """Return ``array``, or a copy with room for ``needed`` entries and as many again."""
    if needed <= len(array):
        return array
    longer = np.empty(2 * needed, array.dtype)
    longer[: len(array)] = array
    return longer


@kernel
def _longer_queue(line: Queue) -> Queue:
    """Return an empty queue with twice the room."""
    room = 2 * len(line.node)
    return Queue(line.head, np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int64))


@kernel
def pairs(
    graph: Graph, places: Places, targets: Targets, limit: int, label: Array, line: Queue
) -> tuple[Array, Array, Array]:
    """Return every (group, slot, millimetres) within ``limit``, inclusive; each pair once, by group.

    ``label`` is a zero for each node, ``line`` an empty queue.
    """
    seen = np.empty(len(label), np.int32)
    best = np.empty(targets.slots, np.int64)
    found = np.full(targets.slots, -1, np.int64)
    touched = np.empty(targets.slots, np.int64)
    group_out, slot_out, mm_out = np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.int64)
    count, base = 0, 0
    for group in range(len(places.ptr) - 1):
        met = _meet_on_edges(places, targets, group, limit, best, found, touched)
        base -= limit + 1
        reached = _search(graph, places, group, label, base, limit, line, seen)
        while reached < 0:
            line = _longer_queue(line)
            base -= limit + 1
            reached = _search(graph, places, group, label, base, limit, line, seen)
        for place in range(reached):
            rank = targets.node_rank[seen[place]]
            if rank >= 0:
                walked = label[seen[place]] - base
                for target in range(targets.node_ptr[rank], targets.node_ptr[rank + 1]):
                    mm = walked + targets.node_mm[target]
                    met = _meet(best, found, touched, met, group, targets.node_slot[target], mm, limit)
        group_out, slot_out = _longer(group_out, count + met), _longer(slot_out, count + met)
        mm_out = _longer(mm_out, count + met)
        for place in range(met):
            group_out[count] = group
            slot_out[count] = touched[place]
            mm_out[count] = best[touched[place]]
            count += 1
    return group_out[:count].copy(), slot_out[:count].copy(), mm_out[:count].copy()


@kernel
def _meet_on_edges(
    places: Places, targets: Targets, group: int, limit: int, best: Array, found: Array, touched: Array
) -> int:
    """Meet the targets that stand on an edge of the group's own; return how many slots were met."""
    met = 0
    for row in range(places.ptr[group], places.ptr[group + 1]):
        rank = targets.edge_rank[places.edge[row]]
        if rank < 0:
            continue
        for target in range(targets.edge_ptr[rank], targets.edge_ptr[rank + 1]):
            ahead = targets.edge_low_mm[target] - places.high_mm[row]
            behind = places.low_mm[row] - targets.edge_high_mm[target]
            mm = places.leg_mm[row] + max(ahead, behind, 0) + targets.edge_leg_mm[target]
            met = _meet(best, found, touched, met, group, targets.edge_slot[target], mm, limit)
    return met


@kernel
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


@kernel
def intervals(graph: Graph, places: Places, limits_mm: Array, label: Array, line: Queue) -> Array:
    """Return the reached parts of edges as rows (place, limit, edge, from_mm, to_mm), no two of them meeting.

    Limits ascend. Each group of ``places`` has one member, a point. Parts of no length are left out. ``label`` is a
    zero for each node, ``line`` an empty queue.
    """
    seen = np.empty(len(label), np.int32)
    drawn = np.zeros(len(graph.edge_mm), np.int64)
    out = np.empty((1024, 5), np.int64)
    count, tag, base = 0, 0, 0
    furthest = limits_mm[-1]
    for place in range(len(places.edge)):
        base -= furthest + 1
        reached = _search(graph, places, place, label, base, furthest, line, seen)
        while reached < 0:
            line = _longer_queue(line)
            base -= furthest + 1
            reached = _search(graph, places, place, label, base, furthest, line, seen)
        for step in range(len(limits_mm)):
            limit = limits_mm[step]
            tag += 1
            drawn[places.edge[place]] = tag
            out = _longer_rows(out, count + 3)
            count = _own_edge(graph, label, base, places, place, (step, limit), out, count)
            for rank in range(reached):
                node = seen[rank]
                if label[node] - base > limit:
                    continue
                for arc in range(graph.indptr[node], graph.indptr[node + 1]):
                    edge: int = np.int64(graph.arc_edge[arc])  # type: ignore[assignment]
                    if drawn[edge] != tag:
                        drawn[edge] = tag
                        left = _left(graph, label, base, edge, limit)
                        out = _longer_rows(out, count + 2)
                        count = _emit(out, count, (place, step, edge), left, graph.edge_mm[edge])
    return out[:count].copy()


@kernel
def _left(graph: Graph, label: Array, base: int, edge: int, limit: int) -> tuple[int, int]:
    """Return the millimetres left to walk at both ends of an edge, -1 at an end out of reach."""
    start = label[graph.edge_from[edge]] - base + graph.start_mm[edge]
    end = label[graph.edge_to[edge]] - base + graph.end_mm[edge]
    return max(limit - start, -1), max(limit - end, -1)


@kernel
def _own_edge(
    graph: Graph, label: Array, base: int, places: Places, place: int, step: tuple[int, int], out: Array, count: int
) -> int:
    """Write the parts of the place's own edge: from both ends, and both ways from where it stands."""
    edge = places.edge[place]
    position, length = places.low_mm[place], graph.edge_mm[edge]
    spare = step[1] - places.leg_mm[place]
    if spare < 0:
        return count
    start, end = _left(graph, label, base, edge, step[1])
    low, high = max(position - spare, 0), min(position + spare, length)
    if low <= start:
        start = max(start, high)
    elif length - high <= end:
        end = max(end, length - low)
    elif high > low:
        count = _write(out, count, (place, step[0], edge), low, high)
    return _emit(out, count, (place, step[0], edge), (start, end), length)


@kernel
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


@kernel
def _write(out: Array, count: int, key: tuple[int, int, int], low: int, high: int) -> int:
    out[count, 0], out[count, 1], out[count, 2] = key
    out[count, 3] = low
    out[count, 4] = high
    return count + 1


@kernel
def _longer_rows(rows: Array, needed: int) -> Array:
    if needed <= len(rows):
        return rows
    longer = np.empty((2 * needed, rows.shape[1]), rows.dtype)
    longer[: len(rows)] = rows
    return longer
