"""Room of `planning.catchment`: from tables of places to the searches and back.

Places and searches are in the millimetres that limits are held against: those of the ground, or equivalents where the
network is weighed.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final, NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from planning.catchment import _plain, _worst
from planning.catchment._graph import Graph, Places, Targets
from planning.network import Network, _kernels, snap

Ints = NDArray[np.int64]
STRETCH: Final = ("stretch_edge", "stretch_from_mm", "stretch_to_mm")
QUEUE_ENTRIES: Final = 1 << 13
# Below this a second thread costs more than it saves; each has labels of its own, 12 bytes a node.
GROUPS_PER_THREAD: Final = 256
MOST_THREADS: Final = 8


class Placed(NamedTuple):
    """The rows of a table that are on the network, in its order; ``row`` says which of its rows each is.

    A point is a stretch of no length. ``ground_…`` are the same places in millimetres of the ground.
    """

    row: Ints
    edge: Ints
    low_mm: Ints
    high_mm: Ints
    leg_mm: Ints
    ground_low_mm: Ints
    ground_high_mm: Ints


Side = tuple[Placed, Ints]  # places and the group of each


def place(network: Network, points: gpd.GeoDataFrame | gpd.GeoSeries, max_snap_m: float) -> Placed:
    """Snap ``points`` and leave out those that lie too far; a row with a `STRETCH` lies on it."""
    snapped = snap(network, points.geometry, max_snap_m=max_snap_m)
    edge, low, high, leg = snapped.edge, snapped.position_mm, snapped.position_mm, snapped.leg_mm
    if STRETCH[0] in getattr(points, "columns", ()):
        given = [points[name].to_numpy(dtype=np.int64) for name in STRETCH]
        is_stretch = given[0] >= 0
        edge, low, high = (np.where(is_stretch, *pair) for pair in zip(given, (edge, low, high), strict=True))
        leg = np.where(is_stretch, 0, leg)
    row = np.flatnonzero(edge >= 0)
    edge, low, high = edge[row], low[row], high[row]
    return Placed(row, edge, _along(network, edge, low), _along(network, edge, high), leg[row], low, high)


def length_mm(network: Network) -> Ints:
    """Return the length of each edge in the millimetres of limits."""
    return network.edge_mm if network.effort is None else network.effort.along_mm


def on_ground(network: Network, edge: Ints, low_mm: Ints, high_mm: Ints) -> tuple[Ints, Ints]:
    """Return parts of edges in the millimetres of the ground: of each the whole ones inside it."""
    if network.effort is None:
        return low_mm, high_mm
    ground, whole = network.edge_mm[edge], network.effort.along_mm[edge]
    divisor = np.where(whole > 0, whole, 1)
    return -(-low_mm * ground // divisor), high_mm * ground // divisor


def pairs(network: Network, here: Side, there: Side, limit_mm: int) -> tuple[Ints, Ints, Ints]:
    """Return every pair of groups within ``limit_mm`` and its least distance: (here, there, millimetres).

    The walk is the same both ways, so the search starts from the side with fewer groups.
    """
    if len(np.unique(there[1])) < len(np.unique(here[1])):
        far, near, mm = pairs(network, there, here, limit_mm)
        return near, far, mm
    groups, number = _by_place(network, *here)
    _, sources = _grouped(here[0], number)
    limit_mm = min(limit_mm, _longest_mm(network, here[0], there[0]))
    _must_fit(2 * (len(groups) + 64), limit_mm + 1)
    graph, targets = _graph(network), _targets(network, *there)

    def block(part: Places) -> tuple[Ints, Ints, Ints]:
        if not _kernels.compiled():
            return _plain.pairs(graph, part, targets, limit_mm)
        from planning.catchment import _search  # loads numba

        label = np.zeros(len(network.node_xy), dtype=np.int64)
        found: tuple[Ints, Ints, Ints] = _search.pairs(
            graph, part, targets, limit_mm, label, _search.queue(_ring_mm(network, part, limit_mm), QUEUE_ENTRIES)
        )
        return found

    cuts = _cuts(len(groups))
    parts = [sources._replace(ptr=sources.ptr[low : high + 1]) for low, high in pairwise(cuts)]
    if len(parts) == 1:
        found = [block(parts[0])]
    else:
        with ThreadPoolExecutor(len(parts)) as pool:
            found = list(pool.map(block, parts))
    group = np.concatenate([low + part[0] for low, part in zip(cuts[:-1], found, strict=True)])
    return groups[group], np.concatenate([part[1] for part in found]), np.concatenate([part[2] for part in found])


def pairs_on_ground(
    network: Network, here: Side, there: Side, limit_mm: int, *, wanted: Ints | None = None
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return every pair of groups within ``limit_mm``, its equivalent, and the true length of that walk.

    Of walks with the least equivalent the shortest counts. ``wanted`` names of each group there the group here that
    alone is asked about. Numbers are two in one: equivalent × scale + length (see `planning.catchment._twofold`).
    """
    groups, number = np.unique(here[1], return_inverse=True)
    limit_mm = min(limit_mm, _longest_mm(network, here[0], there[0]))
    scale = 1 << limit_mm.bit_length()  # no walk is longer than its equivalent
    most = limit_mm * scale + scale - 1
    _must_fit(2, most)
    graph = _twofold_graph(network, scale)
    _, sources = _grouped(_twofold(here[0], scale), number)
    targets = _targets(network, _twofold(there[0], scale), there[1], graph)
    asked = np.full(targets.slots, -1) if wanted is None else np.searchsorted(groups, wanted)
    if _kernels.compiled():
        from planning.catchment import _twofold as search  # loads numba

        group, slot, found = search.pairs(graph, sources, targets, most, asked)
    elif most < _plain.EXACT:
        group, slot, found = _plain.pairs(graph, sources, targets, most, asked)
    else:
        raise OverflowError(f"walks of {limit_mm} mm are too long to be told from their equivalents without numba")
    return groups[group], slot, found // scale, found % scale


def nearest(network: Network, facilities: Placed, points: Placed) -> tuple[Ints, Ints, Ints]:
    """Return of each point the distance to the nearest facility in millimetres, which it is, and the worst distance.

    The worst is that of the place of a stretch which lies furthest from every facility; of a point its own. All are -1
    without a facility. Of facilities equally near the first in ``facilities`` counts. Facilities are points.
    """
    count = len(facilities.row)
    if not count:
        none = np.full(len(points.row), -1)
        return none, none, none
    graph = _graph(network)
    at_node = _node_values(network, facilities, 1 << 60)
    value = np.full(len(points.row), np.iinfo(np.int64).max)
    to_start = points.low_mm + graph.start_mm[points.edge]
    to_end = graph.edge_mm[points.edge] - points.high_mm + graph.end_mm[points.edge]
    for node, mm in ((network.edge_from, to_start), (network.edge_to, to_end)):
        reached = at_node[node[points.edge]]
        value = np.minimum(value, np.where(reached < 0, value, reached + (mm + points.leg_mm) * count))
    point, facility = _on_one_edge(points, facilities)
    position = facilities.low_mm[facility]
    along = np.maximum(np.maximum(points.low_mm[point] - position, position - points.high_mm[point]), 0)
    mm = facilities.leg_mm[facility] + along + points.leg_mm[point]
    np.minimum.at(value, point, mm * count + facility)
    reached_any = value < np.iinfo(np.int64).max
    least = np.where(reached_any, value // count, -1)
    worst = least.copy()
    stretch = np.flatnonzero((points.high_mm > points.low_mm) & reached_any)
    if len(stretch):
        worst[stretch] = _worst_mm(network, facilities, Placed(*(column[stretch] for column in points)), at_node)
    return least, np.where(reached_any, value % count, -1), worst


def walked_mm(network: Network, facilities: Placed, limit_mm: int) -> Ints:
    """Return the distance of each node to the nearest facility, -1 beyond ``limit_mm``."""
    if not len(facilities.row):
        return np.full(len(network.node_xy), -1)
    value = _node_values(network, facilities, limit_mm)
    return np.where(value < 0, -1, value // len(facilities.row))


def intervals(network: Network, facilities: Placed, limits_mm: Ints) -> Ints:
    """Return the reached parts of edges as rows (row of the facility, limit, edge, from_mm, to_mm), on the ground."""
    _, sources = _grouped(facilities, np.arange(len(facilities.row)))
    furthest = int(limits_mm[-1])
    _must_fit(2 * (len(facilities.row) + 64), furthest + 1)
    if _kernels.compiled():
        from planning.catchment import _search  # loads numba

        line = _search.queue(_ring_mm(network, sources, furthest), QUEUE_ENTRIES)
        label = np.zeros(len(network.node_xy), dtype=np.int64)
        parts = np.asarray(_search.intervals(_graph(network), sources, limits_mm, label, line))
    else:
        parts = _plain.intervals(_graph(network), sources, limits_mm)
    parts[:, 0] = facilities.row[parts[:, 0]]
    if network.effort is not None:
        parts[:, 3], parts[:, 4] = on_ground(network, parts[:, 2], parts[:, 3], parts[:, 4])
        parts = parts[parts[:, 4] > parts[:, 3]]
    return parts


def ways_in_mm(network: Network) -> tuple[Ints, Ints]:
    """Return the millimetres between each edge and its first node, and its last; 0 where nothing is crossed."""
    if network.effort is None:
        none = np.zeros(len(network.edge_mm), dtype=np.int64)
        return none, none
    return network.effort.start_mm, network.effort.end_mm


def _along(network: Network, edge: Ints, ground_mm: Ints) -> Ints:
    """Return places on edges in the millimetres of limits; each is rounded once."""
    if network.effort is None:
        return ground_mm
    whole = network.edge_mm[edge]
    share = ground_mm / np.where(whole > 0, whole, 1)
    return np.rint(network.effort.along_mm[edge] * share).astype(np.int64)


def _worst_mm(network: Network, facilities: Placed, stretches: Placed, at_node: Ints) -> Ints:
    """Return how far the furthest place of each stretch is from its nearest facility."""
    farthest = _worst.farthest
    if _kernels.compiled():
        from planning.catchment import _flood  # loads numba

        farthest = _flood.farthest
    distance = np.where(at_node < 0, -1, at_node // len(facilities.row))
    row, facility = _on_one_edge(stretches, facilities)
    order = np.lexsort((facilities.low_mm[facility], row))
    row, facility = row[order], facility[order]
    _, groups = _grouped(stretches, np.arange(len(stretches.row)))
    ptr = np.searchsorted(row, np.arange(len(stretches.row) + 1))
    found = farthest(_graph(network), groups, distance, ptr, facilities.low_mm[facility], facilities.leg_mm[facility])
    return np.asarray(found)


def _node_values(network: Network, facilities: Placed, limit_mm: int) -> Ints:
    """Return of each node distance × facilities + which, for the nearest facility; -1 beyond the limit."""
    count, longest = len(facilities.row), _longest_mm(network, facilities)
    _must_fit(count, longest + 1)
    _, sources = _grouped(facilities, np.arange(count))
    if not _kernels.compiled():
        return _plain.nearest_label(_graph(network), sources, min(limit_mm, longest))
    from planning.catchment import _flood  # loads numba

    return np.asarray(_flood.nearest_label(_graph(network), sources, min(limit_mm, longest)))


def _longest_mm(network: Network, *sides: Placed) -> int:
    """Return a length that no shortest walk from one side, or from one to the other, exceeds."""
    whole = network.edge_mm if network.effort is None else network.effort.whole_mm
    return int(whole.sum()) + sum(int(side.leg_mm.max(initial=0)) for side in sides)


def _must_fit(count: int, mm: int) -> None:
    if count * mm >= 1 << 61:
        raise OverflowError(f"{count} places on {mm} mm of road do not fit 64 bits")


def _cuts(groups: int) -> list[int]:
    """Return where the groups are cut into blocks, one a thread; the blocks together are the whole, in order."""
    blocks = max(1, min(os.cpu_count() or 1, MOST_THREADS, groups // GROUPS_PER_THREAD))
    return [groups * block // blocks for block in range(blocks + 1)]


def _ring_mm(network: Network, sources: Places, limit_mm: int) -> int:
    """Return how far apart the labels in a queue can lie."""
    whole = network.edge_mm if network.effort is None else network.effort.whole_mm
    return min(int(sources.leg_mm.max(initial=0) + whole.max()), limit_mm)


def _graph(network: Network) -> Graph:
    return Graph(
        network.indptr,
        network.indices,
        network.weight_mm,
        network.arc_edge,
        network.edge_from,
        network.edge_to,
        length_mm(network),
        *ways_in_mm(network),
    )


def _twofold_graph(network: Network, scale: int) -> Graph:
    """Return the graph with lengths of two numbers in one."""
    start, end = ways_in_mm(network)
    along = length_mm(network) * scale + network.edge_mm
    whole = along + (start + end) * scale
    return _graph(network)._replace(
        weight_mm=whole[network.arc_edge], edge_mm=along, start_mm=start * scale, end_mm=end * scale
    )


def _twofold(placed: Placed, scale: int) -> Placed:
    """Return the places with positions and legs of two numbers in one."""
    low, high = placed.low_mm * scale + placed.ground_low_mm, placed.high_mm * scale + placed.ground_high_mm
    return placed._replace(low_mm=low, high_mm=high, leg_mm=placed.leg_mm * (scale + 1))


def _by_place(network: Network, placed: Placed, group: Ints) -> tuple[Ints, Ints]:
    """Return the groups in the order of their nodes, and the number of each row's group in it.

    Nodes are numbered along a curve, so searches that follow each other find their streets in the processor's cache.
    """
    names, first, number = np.unique(group, return_index=True, return_inverse=True)
    order = np.argsort(network.edge_from[placed.edge[first]], kind="stable")
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return names[order].astype(np.int64), rank[number]


def _grouped(placed: Placed, group: Ints) -> tuple[Ints, Places]:
    """Return the groups that have a place, ascending, and their places together."""
    order = np.argsort(group, kind="stable")
    groups, counts = np.unique(group, return_counts=True)
    ptr = np.insert(np.cumsum(counts), 0, 0).astype(np.int64)
    columns = (placed.edge[order], placed.low_mm[order], placed.high_mm[order], placed.leg_mm[order])
    return groups.astype(np.int64), Places(ptr, *columns)


def _targets(network: Network, placed: Placed, slot: Ints, graph: Graph | None = None) -> Targets:
    """Return the places by the nodes they are reached through, and by edge."""
    ways = _graph(network) if graph is None else graph
    to_start = placed.low_mm + ways.start_mm[placed.edge]
    to_end = ways.edge_mm[placed.edge] - placed.high_mm + ways.end_mm[placed.edge]
    node = np.concatenate([network.edge_from[placed.edge], network.edge_to[placed.edge]])
    node_mm = np.concatenate([to_start + placed.leg_mm, to_end + placed.leg_mm])
    by_node, by_edge = np.argsort(node, kind="stable"), np.argsort(placed.edge, kind="stable")
    return Targets(
        *_ranked(node[by_node], len(network.node_xy)),
        np.concatenate([slot, slot])[by_node].astype(np.int64),
        node_mm[by_node],
        *_ranked(placed.edge[by_edge], len(network.edge_mm)),
        slot[by_edge].astype(np.int64),
        placed.low_mm[by_edge],
        placed.high_mm[by_edge],
        placed.leg_mm[by_edge],
        int(slot.max(initial=-1)) + 1,
    )


def _ranked(row: Ints, rows: int) -> tuple[NDArray[np.int32], Ints]:
    """Return the rank of each row that ``row`` holds, else -1, and where its entries begin; ``row`` ascends."""
    first = np.flatnonzero(np.diff(row, prepend=-1))
    rank = np.full(rows, -1, dtype=np.int32)
    rank[row[first]] = np.arange(len(first), dtype=np.int32)
    return rank, np.append(first, len(row)).astype(np.int64)


def _on_one_edge(points: Placed, facilities: Placed) -> tuple[Ints, Ints]:
    """Return every pair (point, facility) that stands on one edge."""
    order = np.argsort(facilities.edge, kind="stable")
    low = np.searchsorted(facilities.edge[order], points.edge)
    counts = np.searchsorted(facilities.edge[order], points.edge, side="right") - low
    point = np.repeat(np.arange(len(points.edge)), counts)
    offset = np.arange(len(point)) - np.repeat(np.cumsum(counts) - counts, counts)
    return point, order[np.repeat(low, counts) + offset]
