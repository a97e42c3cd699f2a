"""Room of `planning.network`: the network itself, as frozen arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from planning.network._effort import Effort, Going
from planning.network._topology import Flags, Floats, Int32s, Ints, Objects

if TYPE_CHECKING:
    from planning.network._grid import Grid


@dataclass(frozen=True)
class Components:
    """How the network hangs together; component 0 is the longest."""

    count: int
    largest_share: float  # of the network's length
    length_m: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes and walkable edges, in canonical order: the same for any order of the roads.

    Attributes
    ----------
    crs : pyproj.CRS
        Projected, in metres.
    node_xy : float array (nodes, 2)
        Metres.
    is_end : bool array (nodes,)
        Whether a line begins or ends at the node.
    component : int array (nodes,)
        Connected component, numbered from the longest.
    edge_from, edge_to : int array (edges,)
        Nodes; the edge runs the way its source line was drawn.
    edge_mm : int array (edges,)
        Planar length, rounded once to whole millimetres.
    lines : array of LineString (edges,)
    road_id : object array (edges,)
        ``road_id`` of the source line; its row label where the table has none.
    level : int array (edges,)
    indptr, indices, weight_mm, arc_edge : 32-bit int arrays
        Both directions of every edge as compressed rows: the neighbours of node i stand at
        ``indptr[i]:indptr[i + 1]``. Parallel edges stay apart.
    barriers : array of LineString
        Lines that no one crosses.
    healed : GeoDataFrame
        Gaps that were closed on request: ``road_id, other_road_id, gap_m``, a point at the end that was led on.
    going : Going
        Stairs, crossings, waits and climbs along the edges; nothing is made of them before `planning.network.weigh`.
    effort : Effort or None
        The equivalents of the edges, which limits are held against; None: their lengths. ``weight_mm`` holds them.
    """

    crs: pyproj.CRS
    node_xy: Floats
    is_end: Flags
    component: Ints
    edge_from: Ints
    edge_to: Ints
    edge_mm: Ints
    lines: Objects
    road_id: Objects
    level: Ints
    indptr: Int32s
    indices: Int32s
    weight_mm: Int32s
    arc_edge: Int32s
    barriers: Objects
    healed: gpd.GeoDataFrame = field(repr=False)
    going: Going = field(repr=False)
    effort: Effort | None = field(default=None, repr=False)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return the spatial index of `lines`."""
        return shapely.STRtree(self.lines)

    @cached_property
    def grid(self) -> Grid:
        """Return the grid in which points find their nearest edge."""
        from planning.network import _grid  # loads numba

        return _grid.build(self.lines)

    def components(self) -> Components:
        """Return the number of connected components, the share of length in the longest, and their lengths."""
        length = np.bincount(self.component[self.edge_from], weights=self.edge_mm)
        share = length[0] / length.sum() if length.sum() else 1.0
        return Components(len(length), float(share), tuple((length / 1000).tolist()))
