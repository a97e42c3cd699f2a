"""Room of `planning.network`: line ends that stop short of another edge, and how they are closed on request."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from planning.network._edges import Network
from planning.network._noding import NEAR_M, Additions, insert
from planning.network._topology import Flags, Floats, Ints, Pieces, Vertices


class Gaps(NamedTuple):
    """One entry a gap, by node."""

    node: Ints  # the line end
    own_edge: Ints  # an edge at that end
    edge: Ints  # nearest edge that does not touch the end
    position_m: Floats  # where on that edge
    gap_mm: Ints

    def take(self, rows: Ints | Flags) -> Gaps:
        """Return the gaps ``rows``."""
        return Gaps(self.node[rows], self.own_edge[rows], self.edge[rows], self.position_m[rows], self.gap_mm[rows])


def find(network: Network, within_mm: int) -> Gaps:
    """Return the gap of each line end to the nearest edge that does not touch it.

    Ends with other lines at them count only with a gap of 0 mm. An edge of another level counts only where it ends
    itself. Ends at a barrier are left out.
    """
    ends = np.flatnonzero(network.is_end)
    ends = ends[~at_barrier(network, ends)]
    most_mm = np.where(np.diff(network.indptr)[ends] == 1, within_mm, 0)
    places = shapely.points(network.node_xy[ends])
    end, edge = network.tree.query(places, predicate="dwithin", distance=most_mm / 1000 + 0.001)
    node = ends[end]
    gap_mm = np.rint(shapely.distance(places[end], network.lines[edge]) * 1000).astype(np.int64)
    apart = (network.edge_from[edge] != node) & (network.edge_to[edge] != node) & (gap_mm <= most_mm[end])
    node, edge, gap_mm, end = node[apart], edge[apart], gap_mm[apart], end[apart]
    position_m = shapely.line_locate_point(network.lines[edge], places[end])
    found = Gaps(node, network.arc_edge[network.indptr[node]], edge, position_m, gap_mm)
    found = found.take(
        _same_level(network, found) | network.is_end[_end_node(network, found)] & _meets_end(network, found)
    )
    order = np.lexsort((found.edge, found.gap_mm, found.node))
    found = found.take(order)
    return found.take(np.insert(np.diff(found.node) != 0, 0, True)) if len(order) else found


def once(network: Network, found: Gaps) -> Gaps:
    """Return ``found`` without the second of two ends that look at each other."""
    faces = np.where(_meets_end(network, found), _end_node(network, found), -1)
    partner = np.full(len(network.node_xy), -1, dtype=np.int64)
    partner[found.node] = faces
    mutual = (faces >= 0) & (partner[faces] == found.node)
    return found.take(~mutual | (found.node < faces))


def close(vertices: Vertices, network: Network, pieces: Pieces, found: Gaps) -> Vertices:
    """Return ``vertices`` with each gap closed: the end led on to the edge, and a vertex there to be joined with."""
    row, share = _locate(vertices, pieces, found)
    head, tail = vertices.xy[row], vertices.xy[np.minimum(row + 1, len(vertices.xy) - 1)]
    xy = head + (tail - head) * share[:, None]
    by_place = vertices.by_place.copy()
    by_place[row[share == 0]] = True
    zero = np.isin(pieces.start, found.node[found.gap_mm == 0]), np.isin(pieces.end, found.node[found.gap_mm == 0])
    by_place[pieces.first[zero[0]]] = True
    by_place[pieces.last[zero[1]]] = True
    led = found.gap_mm > 0
    opens = network.edge_from[found.own_edge] == found.node
    own = np.where(opens, pieces.first[found.own_edge], pieces.last[found.own_edge])
    inner = share > 0
    added = Additions(
        np.concatenate([own[led], row[inner]]),
        np.concatenate([(own + np.where(opens, -0.5, 0.5))[led], (row + share)[inner]]),
        np.concatenate([xy[led], xy[inner]]),
    )
    return insert(vertices._replace(by_place=by_place), added, by_place=True)


def at_barrier(network: Network, nodes: Ints) -> Flags:
    """Say of each node whether it lies on a barrier: an end there was cut, and does not hang free."""
    at = np.zeros(len(nodes), dtype=bool)
    if len(network.barriers):
        places = shapely.points(network.node_xy[nodes])
        at[shapely.STRtree(network.barriers).query(places, predicate="dwithin", distance=NEAR_M)[0]] = True
    return at


def _same_level(network: Network, found: Gaps) -> Flags:
    """Say of each gap whether an edge at the end has the level of the edge across the gap."""
    tail = np.repeat(np.arange(len(network.node_xy)), np.diff(network.indptr))
    low, span = network.level.min(), np.ptp(network.level) + 1
    here = np.unique(tail * span + network.level[network.arc_edge] - low)
    return np.isin(found.node * span + network.level[found.edge] - low, here)


def _meets_end(network: Network, found: Gaps) -> Flags:
    """Say of each gap whether the edge is nearest at one of its ends."""
    at_mm = np.rint(found.position_m * 1000)
    return np.asarray((at_mm <= 0) | (at_mm >= network.edge_mm[found.edge]))


def _end_node(network: Network, found: Gaps) -> Ints:
    """Return the node at that end of the edge which lies nearer to the place."""
    first_half = found.position_m * 2000 <= network.edge_mm[found.edge]
    return np.where(first_half, network.edge_from[found.edge], network.edge_to[found.edge])


def _locate(vertices: Vertices, pieces: Pieces, found: Gaps) -> tuple[Ints, Floats]:
    """Return the vertex before each place and the share of the segment after it; 0 at a vertex."""
    along = np.insert(np.cumsum(np.hypot(*np.diff(vertices.xy, axis=0).T)), 0, 0.0)
    target = along[pieces.first[found.edge]] + found.position_m
    row = np.searchsorted(along, target, side="right") - 1
    row = np.clip(row, pieces.first[found.edge], pieces.last[found.edge] - 1)
    before, after = target - along[row], along[row + 1] - target
    row = np.where(after <= NEAR_M, row + 1, row)
    at_vertex = (before <= NEAR_M) | (after <= NEAR_M)
    return row, np.where(at_vertex, 0.0, before / np.where(at_vertex, 1.0, before + after))
