"""Room of `planning.network`: from lines to nodes and edges.

Lines are held as one flat table of vertices, so that every step is an array operation. A *key* is a number shared by
the vertices that are joined; a *piece* is the part of a line between two neighbouring nodes.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, compress
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planning.errors import Fault, InputRefused

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Objects = NDArray[np.object_]

SAME_PLACE_M: Final = 0.001
# Coordinates of a few million metres carry an error of 1e-9 m: a difference of 1 mm must still count as 1 mm.
SLACK_M: Final = 1e-7
WIDEST_NODE_M: Final = 0.01


class Vertices(NamedTuple):
    """Every vertex of every line, in the order of lines and along them; all arrays have one entry a vertex."""

    line: Ints  # which line it belongs to, ascending
    road: Ints  # row of the road table the line came from
    xy: Floats  # (n, 2), metres
    node_id: Ints  # code of the source's node id, -1 without
    by_place: Flags  # may be joined to what stands on the same place
    origin: Ints  # row in the table it was made from by adding vertices, -1 for an added one

    def take(self, rows: Ints) -> Vertices:
        """Return the vertices ``rows``."""
        columns: list[Any] = [column[rows] for column in self]
        return Vertices(*columns)

    def join(self, other: Vertices) -> Vertices:
        """Return these vertices and then the others."""
        columns: list[Any] = [np.concatenate(both) for both in zip(self, other, strict=True)]
        return Vertices(*columns)

    def numbered(self) -> Vertices:
        """Return the vertices as the ones that others are made from."""
        return self._replace(origin=np.arange(len(self.line)))


class Pieces(NamedTuple):
    """The edges in canonical order, and where each came from."""

    start: Ints  # node
    end: Ints
    first: Ints  # row in the vertex table
    last: Ints
    lines: Objects
    length_mm: Ints
    node_xy: Floats
    is_end: Flags  # of each node: does a line end there


class Drawn(NamedTuple):
    """Lines between vertices that were drawn before; ``begin`` says which begins at a vertex, -1 for none."""

    begin: Ints
    last: Ints  # of each line, the row it ends at
    lines: Objects
    length_m: Floats


def from_lines(lines: Objects, node_ids: Collection[Any] | None, *, by_place: bool) -> Vertices:
    """Return the vertices of ``lines``; those of lines with node ids are joined by place only if ``by_place``."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    line = line.astype(np.int64)
    codes = np.full(len(line), -1, dtype=np.int64)
    has_ids = np.zeros(len(line), dtype=bool)
    if node_ids is not None:
        named = [isinstance(ids, list | tuple | np.ndarray) for ids in node_ids]
        has_ids = np.array(named, dtype=bool)[line]
        words = list(chain.from_iterable(compress(node_ids, named)))
        codes[has_ids] = pd.factorize(np.fromiter(words, dtype=object, count=len(words)))[0]
    return Vertices(line, line, xy, codes, ~has_ids | by_place, np.arange(len(line)))


def canonical_order(lines: Objects, level: Ints, road_id: Objects) -> Ints:
    """Return the order of lines by coordinates, then level, then road id: the same for any order of rows."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    head = np.searchsorted(owner, np.arange(len(lines)))
    tail = np.searchsorted(owner, np.arange(len(lines)), side="right") - 1
    return _order(lines, (xy[head], xy[tail], shapely.length(lines)), level, road_id)


def _order(lines: Objects, facts: tuple[Floats, Floats, Floats], level: Ints, road_id: Objects) -> Ints:
    """Return the canonical order of lines of which the ends and the lengths are known."""
    head, tail, length_m = facts
    keys = (length_m, tail[:, 1], tail[:, 0], head[:, 1], head[:, 0])
    order = np.lexsort(keys)
    alike = np.logical_and.reduce([key[order][1:] == key[order][:-1] for key in keys])
    tied = np.sort(order[np.append(alike, False) | np.insert(alike, 0, False)])
    rank = np.zeros(len(lines), dtype=np.int64)
    words = [(shapely.to_wkb(lines[row]), level[row], str(road_id[row])) for row in tied]
    rank[tied[sorted(range(len(tied)), key=words.__getitem__)]] = np.arange(len(tied))
    return np.asarray(np.lexsort((rank, *keys)) if len(tied) else order)


def same_place(xy: Floats) -> Ints:
    """Return the place of each point; points up to 1 mm apart, directly or over others, are in one place."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    fresh = np.ones(len(xy), dtype=bool)
    fresh[1:] = (np.diff(xy[order], axis=0) != 0).any(axis=1)
    exact = np.empty(len(xy), dtype=np.int64)
    exact[order] = np.cumsum(fresh) - 1
    one, other = _within_a_millimetre(xy[order[fresh]])
    return components(int(fresh.sum()), one, other)[exact] if len(one) else exact


def _within_a_millimetre(xy: Floats) -> tuple[Ints, Ints]:
    """Return the pairs of points, given by ascending x, up to 1 mm apart; most have nobody near them even in x."""
    near = SAME_PLACE_M + SLACK_M
    close = np.diff(xy[:, 0]) <= near
    asked = np.flatnonzero(np.append(close, False) | np.insert(close, 0, False))
    if not len(asked):
        return asked, asked
    pairs = asked[cKDTree(xy[asked]).query_pairs(near, output_type="ndarray")]
    return pairs[:, 0], pairs[:, 1]


def components(count: int, start: Ints, end: Ints) -> Ints:
    """Return the connected component of each of ``count`` things joined pairwise."""
    joined = coo_array((np.ones(len(start), dtype=np.int8), (start, end)), shape=(count, count))
    return np.asarray(connected_components(joined.tocsr(), directed=False)[1], dtype=np.int64)


def line_ends(vertices: Vertices) -> Flags:
    """Say of each vertex whether its line begins or ends there."""
    change = np.diff(vertices.line) != 0
    return np.asarray(np.insert(change, 0, True) | np.append(change, True))


def join_keys(vertices: Vertices, level: Ints) -> Ints:
    """Return the key of each vertex: equal for vertices that are joined.

    Ends of lines on one place are joined whatever their level; other vertices only with those of their own level.
    Vertices with a node id are joined by it.
    """
    place = same_place(vertices.xy)
    spot = pd.factorize(place * (np.ptp(level) + 1) + level - level.min())[0].astype(np.int64)
    ends_here = np.zeros(len(spot), dtype=bool)
    ends_here[spot[line_ends(vertices) & vertices.by_place]] = True
    key = np.where(ends_here[spot], place, place.max() + 1 + spot)
    alone = place.max() + spot.max() + 2 + np.arange(len(spot))
    key = np.where(vertices.by_place, key, alone)
    with_id = np.flatnonzero(vertices.node_id >= 0)
    if not len(with_id):
        return key
    base = int(key.max()) + 1
    count = base + int(vertices.node_id.max()) + 1
    return components(count, key[with_id], base + vertices.node_id[with_id])[key]


def breaks(vertices: Vertices, key: Ints) -> Flags:
    """Say of each vertex whether a piece begins or ends there.

    Vertices in a row with one key count once, so a vertex written twice changes nothing; a key met twice is a node.
    """
    first = np.insert(np.diff(vertices.line) != 0, 0, True)
    begins = first | np.insert(np.diff(key) != 0, 0, True)
    last = np.append(first[1:], True)
    met = np.bincount(key[begins], minlength=int(key.max()) + 1)
    inner = begins & (met[key] >= 2)
    run = np.cumsum(begins) - 1
    ending_run = np.zeros(int(run[-1]) + 1, dtype=bool)
    ending_run[run[last]] = True
    return np.asarray((inner & ~ending_run[run]) | first | last)


def pieces(vertices: Vertices, level: Ints, road_id: Objects, drawn: Drawn | None = None) -> Pieces:
    """Cut the lines at their nodes; edges and nodes are numbered canonically.

    Parameters
    ----------
    vertices : Vertices
    level, road_id : arrays
        One entry a row of the road table.
    drawn : Drawn, optional
        Of the vertices that these were made from: its lines are taken where they are the same.

    Raises
    ------
    InputRefused
        If no edge has a length.
    """
    key = join_keys(vertices, level[vertices.road])
    first, last = _spans(vertices, key)
    lines, length_m = _draw(vertices, first, last, drawn)
    length_mm = np.rint(length_m * 1000).astype(np.int64)
    kept = (key[first] != key[last]) | (length_mm > 0)
    if not kept.any():
        raise InputRefused(Fault("network_no_edge", facts={"count": len(level)}))
    first, last, lines, length_mm = first[kept], last[kept], lines[kept], length_mm[kept]
    facts = vertices.xy[first], vertices.xy[last], length_m[kept]
    order = _order(lines, facts, level[vertices.road[first]], road_id[vertices.road[first]])
    first, last = first[order], last[order]
    start, end, node_xy, node_key = _number_nodes(vertices.xy, key, first, last)
    ends = np.zeros(int(key.max()) + 1, dtype=bool)
    ends[key[line_ends(vertices)]] = True
    return Pieces(start, end, first, last, lines[order], length_mm[order], node_xy, ends[node_key])


def drawn(vertices: Vertices, level: Ints) -> Drawn:
    """Draw the lines between nodes, for the networks that will be made of these vertices and a few more."""
    first, last = _spans(vertices, join_keys(vertices, level[vertices.road]))
    lines = lines_between(vertices.xy, first, last)
    at = np.full(len(vertices.line), -1)
    at[first] = np.arange(len(first))
    return Drawn(at, last, lines, shapely.length(lines))


def _spans(vertices: Vertices, key: Ints) -> tuple[Ints, Ints]:
    """Return the rows at which each piece begins and ends."""
    rows = np.flatnonzero(breaks(vertices, key))
    inside = vertices.line[rows[1:]] == vertices.line[rows[:-1]]
    return rows[:-1][inside], rows[1:][inside]


def _draw(vertices: Vertices, first: Ints, last: Ints, known: Drawn | None) -> tuple[Objects, Floats]:
    """Return the lines between rows and their lengths, those that are known as they are."""
    if known is None:
        lines = lines_between(vertices.xy, first, last)
        return lines, shapely.length(lines)
    begin, end = vertices.origin[first], vertices.origin[last]
    # nothing was added between two vertices that stand as far apart as before
    at = np.where((begin >= 0) & (end - begin == last - first), known.begin[begin], -1)
    same = (at >= 0) & (known.last[at] == end)
    lines, length_m = known.lines[at], known.length_m[at]
    lines[~same] = lines_between(vertices.xy, first[~same], last[~same])
    length_m[~same] = shapely.length(lines[~same])
    return lines, length_m


def lines_between(xy: Floats, first: Ints, last: Ints) -> Objects:
    """Return the lines that run over the vertices ``first`` … ``last``."""
    counts = last - first + 1
    owner = np.repeat(np.arange(len(first)), counts)
    rows = ragged(first, counts)
    return np.asarray(shapely.linestrings(xy[rows], indices=owner), dtype=object)


def ragged(first: Ints, counts: Ints) -> Ints:
    """Return ``first[i], first[i] + 1, …`` for ``counts[i]`` numbers, for every i in turn."""
    offset = np.cumsum(counts) - counts
    return np.asarray(np.repeat(first - offset, counts) + np.arange(int(counts.sum())))


def wide_places(vertices: Vertices) -> Flags:
    """Say of each vertex whether its place, of vertices up to 1 mm apart, spans more than 1 cm in all."""
    place = pd.Series(same_place(vertices.xy))
    grouped = pd.DataFrame(vertices.xy).groupby(place.to_numpy())
    return ((grouped.max() - grouped.min()) > WIDEST_NODE_M).any(axis=1).to_numpy()[place]


def _number_nodes(xy: Floats, key: Ints, first: Ints, last: Ints) -> tuple[Ints, Ints, Floats, Ints]:
    """Give nodes numbers along a Hilbert curve, so that neighbours lie near each other in memory.

    A node's coordinate is the smallest of its vertices'; nodes on one place follow the order of their edges.
    """
    rows = np.concatenate([first, last])
    met = np.lexsort((xy[rows, 1], xy[rows, 0], key[rows]))
    head = met[np.insert(np.diff(key[rows][met]) != 0, 0, True)]
    node_key, node_xy = key[rows[head]], xy[rows[head]]
    edge = np.minimum.reduceat((met % len(first)), np.flatnonzero(np.insert(np.diff(key[rows][met]) != 0, 0, True)))
    order = np.lexsort((edge, node_xy[:, 1], node_xy[:, 0], hilbert(node_xy)))
    number = np.full(int(key.max()) + 1, -1, dtype=np.int64)
    number[node_key[order]] = np.arange(len(order))
    return number[key[first]], number[key[last]], node_xy[order], node_key[order]


def hilbert(xy: Floats, bits: int = 16) -> Ints:
    """Return how far along a Hilbert curve of 2^bits × 2^bits cells each point lies (Hilbert 1891)."""
    low, span = xy.min(axis=0), np.maximum(np.ptp(xy, axis=0), 1e-9)
    x, y = ((xy - low) / span * ((1 << bits) - 1)).astype(np.int64).T.copy()
    distance = np.zeros(len(xy), dtype=np.int64)
    for bit in range(bits - 1, -1, -1):
        side = 1 << bit
        right, upper = (x & side) > 0, (y & side) > 0
        distance += side * side * ((3 * right) ^ upper)
        flip = ~upper & right
        x[flip], y[flip] = side - 1 - (x[flip] & (side - 1)), side - 1 - (y[flip] & (side - 1))
        x[~upper], y[~upper] = y[~upper], x[~upper].copy()
        x &= side - 1
        y &= side - 1
    return distance
