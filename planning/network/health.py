"""Room of `planning.network`: what a planner should know of a network before trusting distances on it.

Nothing is mended here. What hangs apart, ends in the air, crosses without meeting, stands twice or was cut off at the
edge of an extract is counted and listed; whoever plans decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.network import _gaps
from planning.network._edges import Network
from planning.network._noding import NEAR_M
from planning.network._topology import Flags, Floats, Ints, Objects

UNNODED_SHARE: Final = 0.2
"""Crossings without a node, as a share of all places where roads meet or cross, from which a network is implausible."""
CLIPPED_ENDS: Final = 5
"""So many road ends on one side of the box round a network are taken for a cut; a district's roads end at random."""
CLIP_M: Final = 2.0
BORDER_M: Final = 50.0
_GEODETIC: Final = 4490


@dataclass(frozen=True, eq=False)
class Health:
    """What is noteworthy about a network.

    Attributes
    ----------
    components : DataFrame
        One row a connected component, the longest first: ``component, edges, length_m, length_share, x, y`` (a place
        on it).
    ends : GeoDataFrame
        Nodes at which one single edge ends, barriers aside: ``node, road_id, near_border`` (within 50 m of the box
        round the network).
    crossings : GeoDataFrame
        Places where two edges of one level cross without a node: ``road_id, other_road_id, level``.
    duplicates : GeoDataFrame
        Edges that run over another edge of the same level, drawn the same way or the other: ``road_id, other_road_id,
        length_m, reversed``; one row for each edge beyond the first.
    zero_edges : int
        Edges whose length rounds to 0 mm.
    meetings : int
        Nodes where three or more edges meet.
    sides : GeoDataFrame
        Straight cuts: ``side`` (``north, east, south, west``), ``ends``; the line along which the roads end.
    """

    components: pd.DataFrame
    ends: gpd.GeoDataFrame
    crossings: gpd.GeoDataFrame
    duplicates: gpd.GeoDataFrame
    zero_edges: int
    meetings: int
    sides: gpd.GeoDataFrame

    @property
    def unnoded_share(self) -> float:
        """Return crossings without a node as a share of all meetings and crossings; 0 where there are none."""
        places = len(self.crossings) + self.meetings
        return len(self.crossings) / places if places else 0.0

    @property
    def implausible(self) -> bool:
        """Say whether so many crossings lack a node that the lines were probably never joined."""
        return self.unnoded_share >= UNNODED_SHARE


def examine(network: Network) -> Health:
    """Look a network over.

    Parameters
    ----------
    network : Network
        From `planning.network.build`.

    Returns
    -------
    Health
        In the order of nodes and edges: the same for any order of the roads.
    """
    degree = np.diff(network.indptr)
    hanging = np.flatnonzero((degree == 1) & network.is_end)
    hanging = hanging[~_gaps.at_barrier(network, hanging)]
    return Health(
        components=_components(network),
        ends=_ends(network, hanging),
        crossings=_crossings(network),
        duplicates=_duplicates(network),
        zero_edges=int(np.count_nonzero(network.edge_mm == 0)),
        meetings=int(np.count_nonzero(degree >= 3)),
        sides=_sides(network, hanging),
    )


def _components(network: Network) -> pd.DataFrame:
    of_edge = network.component[network.edge_from]
    edges = np.bincount(of_edge)
    length_m = np.bincount(of_edge, weights=network.edge_mm) / 1000
    first = np.unique(of_edge, return_index=True)[1]
    place = network.node_xy[network.edge_from[first]]
    total = length_m.sum()
    return pd.DataFrame(
        {
            "component": np.arange(len(edges)),
            "edges": edges,
            "length_m": length_m,
            "length_share": length_m / total if total else np.ones(len(edges)),
            "x": place[:, 0],
            "y": place[:, 1],
        }
    )


def _ends(network: Network, node: Ints) -> gpd.GeoDataFrame:
    xy = network.node_xy[node]
    low, high = np.split(shapely.total_bounds(network.lines), 2)
    near = ((xy - low <= BORDER_M) | (high - xy <= BORDER_M)).any(axis=1)
    road = network.road_id[network.arc_edge[network.indptr[node]]]
    columns = {"node": node, "road_id": road, "near_border": near}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=network.crs)


def _crossings(network: Network) -> gpd.GeoDataFrame:
    """Return the places where edges of one level share a point that is an end of neither; stretches in common aside."""
    one, other = _near_pairs(network)
    shared = shapely.intersection(network.lines[one], network.lines[other])
    shared, pair = shapely.get_parts(shared, return_index=True)
    points = shapely.get_type_id(shared) == shapely.GeometryType.POINT
    shared, pair = shared[points], pair[points]
    inner = _inside(network, one[pair], shared) & _inside(network, other[pair], shared)
    shared, one, other = shared[inner], one[pair[inner]], other[pair[inner]]
    columns = {
        "road_id": network.road_id[one],
        "other_road_id": network.road_id[other],
        "level": network.level[one],
    }
    return gpd.GeoDataFrame(columns, geometry=shared, crs=network.crs)


def _near_pairs(network: Network) -> tuple[Ints, Ints]:
    """Return the pairs of edges of one level that may cross.

    Two straight edges with a node in common meet nowhere else, so most neighbours need not be looked at.
    """
    one, other = network.tree.query(network.lines)
    kept = (one < other) & (network.level[one] == network.level[other])
    one, other = one[kept], other[kept]
    straight = shapely.get_num_coordinates(network.lines) == 2
    start, end = network.edge_from, network.edge_to
    joined = (start[one] == start[other]) | (start[one] == end[other])
    joined |= (end[one] == start[other]) | (end[one] == end[other])
    kept = ~(joined & straight[one] & straight[other])
    one, other = one[kept], other[kept]
    meet = shapely.intersects(network.lines[one], network.lines[other])
    return one[meet], other[meet]


def _inside(network: Network, edge: Ints, places: Objects) -> Flags:
    """Say of each place whether it is more than 1 mm away from both ends of its edge."""
    xy = shapely.get_coordinates(places)
    from_start = np.hypot(*(network.node_xy[network.edge_from[edge]] - xy).T)
    from_end = np.hypot(*(network.node_xy[network.edge_to[edge]] - xy).T)
    return np.asarray((from_start > NEAR_M) & (from_end > NEAR_M))


def _duplicates(network: Network) -> gpd.GeoDataFrame:
    """Return the edges that run over an earlier one; equal to 1 mm, whichever way they were drawn."""
    keys = pd.DataFrame(
        {
            "low": np.minimum(network.edge_from, network.edge_to),
            "high": np.maximum(network.edge_from, network.edge_to),
            "level": network.level,
            "mm": network.edge_mm,
        }
    )
    alike = np.flatnonzero(keys.duplicated(keep=False))
    shape = shapely.to_wkb(shapely.normalize(shapely.set_precision(network.lines[alike], 0.001, mode="pointwise")))
    table = keys.iloc[alike].assign(shape=shape, edge=alike)
    names = [*keys.columns, "shape"]
    again = table[table.duplicated(names)]
    first = again.merge(table.drop_duplicates(names), on=names, suffixes=("", "_first"))
    edge, kept = first["edge"].to_numpy(), first["edge_first"].to_numpy()
    columns = {
        "road_id": network.road_id[edge],
        "other_road_id": network.road_id[kept],
        "length_m": network.edge_mm[edge] / 1000,
        "reversed": (network.edge_from[edge] != network.edge_from[kept]),
    }
    return gpd.GeoDataFrame(columns, geometry=network.lines[edge], crs=network.crs)


def _sides(network: Network, hanging: Ints) -> gpd.GeoDataFrame:
    """Return the sides along which roads were cut: straight in the plane, or along a meridian or a parallel.

    An extract is cut by a box in metres or in degrees; a box in degrees is a little askew in the plane.
    """
    xy = network.node_xy[hanging]
    found: dict[str, tuple[int, shapely.LineString]] = {}
    if len(xy) >= CLIPPED_ENDS:
        to_degrees = pyproj.Transformer.from_crs(network.crs, _GEODETIC, always_xy=True)
        lonlat, everywhere = np.column_stack(to_degrees.transform(*xy.T)), shapely.get_coordinates(network.lines)
        degrees = np.column_stack(to_degrees.transform(*everywhere.T))
        near_deg = np.array([CLIP_M / (111_320 * np.cos(np.radians(lonlat[:, 1].mean()))), CLIP_M / 110_600])
        for places, frame, near in ((xy, everywhere, np.full(2, CLIP_M)), (lonlat, degrees, near_deg)):
            for side, on in _on_sides(places, frame, near).items():
                if np.count_nonzero(on) > max(CLIPPED_ENDS - 1, found.get(side, (0,))[0]):
                    found[side] = (int(np.count_nonzero(on)), _along(xy[on], side))
    order = [side for side in ("north", "east", "south", "west") if side in found]
    columns = {"side": order, "ends": np.array([found[side][0] for side in order], dtype=np.int64)}
    return gpd.GeoDataFrame(columns, geometry=[found[side][1] for side in order], crs=network.crs)


def _on_sides(places: Floats, frame: Floats, near: Floats) -> dict[str, Flags]:
    """Say of each place on which side of the box round ``frame`` it lies, within ``near`` of it."""
    low, high = places - frame.min(axis=0) <= near, frame.max(axis=0) - places <= near
    return {"west": low[:, 0], "south": low[:, 1], "east": high[:, 0], "north": high[:, 1]}


def _along(xy: Floats, side: str) -> shapely.LineString:
    """Return the line from the first to the last end on a side."""
    order = np.argsort(xy[:, 0 if side in ("north", "south") else 1], kind="stable")
    return shapely.LineString(xy[order[[0, -1]]])
