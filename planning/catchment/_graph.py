"""Room of `planning.catchment`: the arrays that every search takes, compiled or not. All lengths are millimetres.

Lengths are those that limits are held against: equivalents where the network is weighed (`planning.network.weigh`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    edge_mm: Array  # along the edge; the way in and out of its ends not included
    start_mm: Array  # between the edge and its first node
    end_mm: Array


class Places(NamedTuple):
    """Stretches of edges in groups: those of group g are rows ``ptr[g]:ptr[g + 1]``; a group has the least of them.

    A point is a stretch of no length. From any place of a stretch one may set out, the leg walked.
    """

    ptr: Array
    edge: Array
    low_mm: Array
    high_mm: Array
    leg_mm: Array


class Targets(NamedTuple):
    """Stretches of edges twice over: by the nodes they are reached through, and by their own edge.

    The targets of a node are rows ``node_ptr[k]:node_ptr[k + 1]`` with ``k = node_rank[node]``, none where that is -1;
    those of an edge likewise.
    """

    node_rank: Array
    node_ptr: Array
    node_slot: Array
    node_mm: Array  # from the node to the place, leg included
    edge_rank: Array
    edge_ptr: Array
    edge_slot: Array
    edge_low_mm: Array
    edge_high_mm: Array
    edge_leg_mm: Array
    slots: int
