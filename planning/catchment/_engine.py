"""Room of `planning.catchment`: from tables of places to the compiled searches and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from planning.network import Network, snap

if TYPE_CHECKING:
    from planning.catchment import _kernels

Ints = NDArray[np.int64]


class Placed(NamedTuple):
    """The snapped rows of a table, in its order; ``row`` says which of its rows each is."""

    row: Ints
    edge: Ints
    position_mm: Ints
    leg_mm: Ints


def place(network: Network, points: gpd.GeoSeries, max_snap_m: float) -> Placed:
    """Snap ``points`` and leave out those that lie too far."""
    snapped = snap(network, points, max_snap_m=max_snap_m)
    row = np.flatnonzero(snapped.edge >= 0)
    return Placed(row, snapped.edge[row], snapped.position_mm[row], snapped.leg_mm[row])


def pairs(
    network: Network, here: tuple[Placed, Ints], there: tuple[Placed, Ints], limit_mm: int
) -> tuple[Ints, Ints, Ints]:
    """Return every pair of groups within ``limit_mm`` and its least distance: (here, there, millimetres).

    Each side is its places and the group of each. The walk is the same both ways, so the search starts from the side
    with fewer groups.
    """
    if len(np.unique(there[1])) < len(np.unique(here[1])):
        far, near, mm = pairs(network, there, here, limit_mm)
        return near, far, mm
    from planning.catchment import _kernels  # loads numba

    groups, sources = _grouped(*here)
    found = _kernels.pairs(_graph(network), sources, _targets(network, *there), limit_mm)
    return groups[found[0]], found[1], found[2]


def nearest(network: Network, facilities: Placed, points: Placed) -> tuple[Ints, Ints]:
    """Return the distance to the nearest facility of each point, in millimetres, and which it is; -1 without one.

    Of facilities equally near the first in ``facilities`` counts.
    """
    count = len(facilities.row)
    if not count:
        return np.full(len(points.row), -1), np.full(len(points.row), -1)
    at_node = _node_values(network, facilities, 1 << 60)
    value = np.full(len(points.row), np.iinfo(np.int64).max)
    rest_mm = network.edge_mm[points.edge] - points.position_mm
    for node, mm in ((network.edge_from, points.position_mm), (network.edge_to, rest_mm)):
        reached = at_node[node[points.edge]]
        value = np.minimum(value, np.where(reached < 0, value, reached + (mm + points.leg_mm) * count))
    point, facility = _on_one_edge(points, facilities)
    along = np.abs(points.position_mm[point] - facilities.position_mm[facility])
    mm = facilities.leg_mm[facility] + along + points.leg_mm[point]
    np.minimum.at(value, point, mm * count + facility)
    reached_any = value < np.iinfo(np.int64).max
    return np.where(reached_any, value // count, -1), np.where(reached_any, value % count, -1)


def walked_mm(network: Network, facilities: Placed, limit_mm: int) -> Ints:
    """Return the distance of each node to the nearest facility, -1 beyond ``limit_mm``."""
    if not len(facilities.row):
        return np.full(len(network.node_xy), -1)
    value = _node_values(network, facilities, limit_mm)
    return np.where(value < 0, -1, value // len(facilities.row))


def intervals(network: Network, facilities: Placed, limits_mm: Ints) -> Ints:
    """Return the reached parts of edges as rows (row of the facility, limit, edge, from_mm, to_mm)."""
    from planning.catchment import _kernels  # loads numba

    _, sources = _grouped(facilities, np.arange(len(facilities.row)))
    parts = _kernels.intervals(_graph(network), sources, limits_mm)
    parts[:, 0] = facilities.row[parts[:, 0]]
    return np.asarray(parts)


def _node_values(network: Network, facilities: Placed, limit_mm: int) -> Ints:
    """Return of each node distance × facilities + which, for the nearest facility; -1 beyond the limit."""
    from planning.catchment import _kernels  # loads numba

    count = len(facilities.row)
    longest = int(network.edge_mm.sum() + facilities.leg_mm.max())
    if longest * count >= 1 << 61:
        raise OverflowError(f"{count} facilities on {longest} mm of road do not fit 64 bits")
    _, sources = _grouped(facilities, np.arange(count))
    return np.asarray(_kernels.nearest_label(_graph(network), sources, min(limit_mm, longest)))


def _graph(network: Network) -> _kernels.Graph:
    from planning.catchment import _kernels  # loads numba

    return _kernels.Graph(
        network.indptr,
        network.indices,
        network.weight_mm,
        network.arc_edge,
        network.edge_from,
        network.edge_to,
        network.edge_mm,
    )


def _grouped(placed: Placed, group: Ints) -> tuple[Ints, _kernels.Places]:
    """Return the groups that have a place, ascending, and their places together."""
    from planning.catchment import _kernels  # loads numba

    order = np.argsort(group, kind="stable")
    groups, counts = np.unique(group, return_counts=True)
    ptr = np.insert(np.cumsum(counts), 0, 0).astype(np.int64)
    columns = (placed.edge[order], placed.position_mm[order], placed.leg_mm[order])
    return groups.astype(np.int64), _kernels.Places(ptr, *columns)


def _targets(network: Network, placed: Placed, slot: Ints) -> _kernels.Targets:
    """Return the places by the nodes they are reached through, and by edge."""
    from planning.catchment import _kernels  # loads numba

    rest_mm = network.edge_mm[placed.edge] - placed.position_mm
    node = np.concatenate([network.edge_from[placed.edge], network.edge_to[placed.edge]])
    node_mm = np.concatenate([placed.position_mm + placed.leg_mm, rest_mm + placed.leg_mm])
    by_node, by_edge = np.argsort(node, kind="stable"), np.argsort(placed.edge, kind="stable")
    return _kernels.Targets(
        _pointers(node, len(network.node_xy)),
        np.concatenate([slot, slot])[by_node].astype(np.int64),
        node_mm[by_node],
        _pointers(placed.edge, len(network.edge_mm)),
        slot[by_edge].astype(np.int64),
        placed.position_mm[by_edge],
        placed.leg_mm[by_edge],
        int(slot.max(initial=-1)) + 1,
    )


def _pointers(row: Ints, rows: int) -> Ints:
    """Return where the entries of each row begin, were they sorted by ``row``."""
    return np.insert(np.cumsum(np.bincount(row, minlength=rows)), 0, 0).astype(np.int64)


def _on_one_edge(points: Placed, facilities: Placed) -> tuple[Ints, Ints]:
    """Return every pair (point, facility) that stands on one edge."""
    order = np.argsort(facilities.edge, kind="stable")
    low = np.searchsorted(facilities.edge[order], points.edge)
    counts = np.searchsorted(facilities.edge[order], points.edge, side="right") - low
    point = np.repeat(np.arange(len(points.edge)), counts)
    offset = np.arange(len(point)) - np.repeat(np.cumsum(counts) - counts, counts)
    return point, order[np.repeat(low, counts) + offset]
