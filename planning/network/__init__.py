"""The walking network: built from road lines, exact to the millimetre, with points snapped beside it.

A node is a coordinate (equal to 1 mm) where the ends of two lines meet, whatever their level, or where two lines of
one level both have a vertex; lines with node ids are joined by id. An edge is the piece between neighbouring nodes.
Lines that cross without a shared node are not joined. One-way rules are for cars and play no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.errors import Fault, refuse
from planning.network import _checks as checks
from planning.network import _effort, _gaps, _noding, _snapping, _topology
from planning.network._edges import Components, Network
from planning.network._topology import Drawn, Floats, Int32s, Ints, Objects, Vertices
from planning.network._walkable import walkable_rows

__all__ = ["Components", "Network", "Snap", "Uncut", "build", "cut", "draft", "gaps", "snap", "weigh"]


@dataclass(frozen=True, eq=False)
class Snap:
    """Where points meet the network; one entry a point.

    Attributes
    ----------
    edge : int array
        Nearest edge, -1 where none lies within the limit.
    position_mm : int array
        How far along the edge from its start, -1 where unsnapped.
    leg_mm : int array
        Straight access leg from the point to the edge, -1 where unsnapped.
    """

    edge: Ints
    position_mm: Ints
    leg_mm: Ints


def build(
    roads: gpd.GeoDataFrame,
    *,
    barriers: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    noding: Literal["planar"] | None = None,
    heal_gaps_m: float | None = None,
) -> Network:
    """Build the walking network from road lines.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines in a projected metric CRS; multi-part lines are taken apart, heights dropped. Optional columns:
        ``road_id``; ``walkable`` (wins over the class); ``highway`` or ``road_class`` (see `walkable_rows`);
        ``level`` (missing is 0); ``node_ids`` (a tuple as long as the line, None for a vertex that is only shape);
        ``is_crossing``, ``extra_s``, ``climb_m`` (see `weigh`).
    barriers : GeoDataFrame or GeoSeries, optional
        Lines, or polygons of which the boundary counts, that cut every road they meet, bridges included: leave a
        gap in the barrier where a bridge crosses it.
    noding : {"planar"}, optional
        Join lines of one level also where they cross or touch without a vertex.
    heal_gaps_m : float, optional
        Lead a line end that hangs free, or lies on another line without a vertex there, on to the nearest edge within
        this distance, inclusive. The added stretch is walked and measured; `Network.healed` lists each.

    Returns
    -------
    Network

    Raises
    ------
    InputRefused
        With every fault: CRS missing, geographic, Mercator or not in metres; rows without a finite line; levels that
        are no number; node ids that do not fit their line; no walkable edge.
    """
    refuse(_faults(roads, barriers, noding, heal_gaps_m))
    return _cut(_draft(roads, noding, heal_gaps_m), barriers)


@dataclass(frozen=True, eq=False)
class Uncut:
    """Walkable lines and where they meet, before any barrier: what `build` does once, however often it is cut."""

    table: gpd.GeoDataFrame
    vertices: Vertices
    healed: gpd.GeoDataFrame | None
    drawn: Drawn | None = None


def draft(
    roads: gpd.GeoDataFrame, *, noding: Literal["planar"] | None = None, heal_gaps_m: float | None = None
) -> Uncut:
    """Return what `build` makes of roads before it cuts them at barriers, to be cut by `cut` as often as asked.

    Raises
    ------
    InputRefused
        As `build` does for roads.
    """
    refuse(_faults(roads, None, noding, heal_gaps_m))
    found = _draft(roads, noding, heal_gaps_m)
    return replace(found, drawn=_topology.drawn(found.vertices, found.table["level"].to_numpy()))


def _draft(roads: gpd.GeoDataFrame, noding: Literal["planar"] | None, heal_gaps_m: float | None) -> Uncut:
    table = _walkable_lines(roads)
    vertices = _topology.from_lines(table.geometry.to_numpy(), table["node_ids"], by_place=noding == "planar")
    refuse(_vertex_faults(vertices, table))
    if noding == "planar":
        vertices = _noding.planar(vertices, table["level"].to_numpy())
    vertices, healed = _heal(vertices, table, heal_gaps_m)
    return Uncut(table, vertices.numbered(), healed)


def cut(uncut: Uncut, barriers: gpd.GeoDataFrame | gpd.GeoSeries | None = None) -> Network:
    """Return the network of a draft, cut at barriers as `build` cuts it.

    Raises
    ------
    InputRefused
        As `build` does for barriers; without a walkable edge.
    """
    refuse(_barrier_faults(uncut.table.crs, barriers))
    return _cut(uncut, barriers)


def _cut(uncut: Uncut, barriers: gpd.GeoDataFrame | gpd.GeoSeries | None) -> Network:
    walls, vertices = _barrier_lines(barriers), uncut.vertices
    if len(walls):
        vertices = _noding.cut(vertices, walls)
    return _assemble(vertices, uncut, walls)[0]


def weigh(
    network: Network,
    *,
    stairs_factor: float = 1.0,
    crossing_m: float = 0.0,
    second_m: float = 0.0,
    climb: Literal["none", "naismith"] = "none",
) -> Network:
    """Return the network with what makes walks longer than their metres, as metres of level ground that take as long.

    Lengths and places stay what they are. Every limit is then held against the equivalent, nearest means least
    equivalent, and tables of `planning.catchment` carry ``equivalent_m`` beside ``distance_m``, the true length of the
    same walk.

    Parameters
    ----------
    network : Network
        Weighed before or not: only the costs given here count.
    stairs_factor : float
        How many times as long a metre of stairs takes, by the class of the road (``steps``, 台阶, 梯道 …); 1 or more.
        OpenTripPlanner takes 3, after Fujiyama and Tyler 2010 (Transportation Planning and Technology 33, 177–202).
    crossing_m : float
        Metres one would walk while waiting at a crossing. Where the roads say which of them are crossings
        (``is_crossing``), each of those; else each walk over a major road at a junction, by halves at its two sides.
    second_m : float
        Metres one would walk in a second: counts the seconds that roads state in ``extra_s`` (a footbridge, a lift).
    climb : {"none", "naismith"}
        7.92 m for each metre climbed (Naismith 1892), the mean of out and back: half of ``climb_m``, the rise and fall
        along a road, or of what the heights of its vertices say.

    Returns
    -------
    Network
        The one given, without equivalents, if nothing is to count.

    Raises
    ------
    InputRefused
        With every fault: a cost negative, infinite or NaN, ``stairs_factor`` below 1, climbs asked for where a road
        states none and has no heights.
    """
    costs = {"stairs_factor": stairs_factor, "crossing_m": crossing_m, "second_m": second_m}
    refuse(_effort.cost_faults(costs, network.going, network.road_id, climb=climb != "none"))
    if climb == "none" and stairs_factor == 1 and crossing_m == 0 and second_m == 0:
        effort, whole_mm = None, network.edge_mm
    else:
        factor = 0.0 if climb == "none" else _effort.NAISMITH / 2
        ends = (network.edge_from, network.edge_to)
        effort = _effort.weigh(network.going, ends, network.edge_mm, (stairs_factor, crossing_m, second_m, factor))
        whole_mm = effort.whole_mm
    weighed = replace(network, effort=effort, weight_mm=_int32(whole_mm[network.arc_edge]))
    vars(weighed).update({name: vars(network)[name] for name in ("tree", "grid") if name in vars(network)})
    return weighed


def snap(network: Network, points: gpd.GeoDataFrame | gpd.GeoSeries, *, max_snap_m: float) -> Snap:
    """Find the nearest walkable edge of each point, and the place on it.

    Parameters
    ----------
    network : Network
    points : GeoDataFrame or GeoSeries
        Points in the network's CRS; may be empty.
    max_snap_m : float
        Longest access leg, inclusive; metres.

    Returns
    -------
    Snap
        The leg and the position are each rounded once to whole millimetres. Of edges equally near the first counts.
        An edge whose straight leg crosses a barrier is passed over for the next.

    Raises
    ------
    InputRefused
        If ``points`` are not in the network's CRS or not finite points, or ``max_snap_m`` is negative or NaN.
    """
    faults = checks.point_faults(points, network.crs, "points")
    refuse([*faults, *checks.distance_faults(max_snap_m, "max_snap_m", finite_only=False)])
    shapes = points.geometry.to_numpy()
    edge, leg_mm = _snapping.nearest_edges(network, shapes, checks.millimetres(max_snap_m))
    snapped = edge >= 0
    along = shapely.line_locate_point(network.lines[edge[snapped]], shapes[snapped])
    position_mm = np.full(len(edge), -1, dtype=np.int64)
    position_mm[snapped] = np.minimum(np.rint(along * 1000).astype(np.int64), network.edge_mm[edge[snapped]])
    return Snap(edge, position_mm, leg_mm)


def gaps(network: Network, *, within_m: float) -> gpd.GeoDataFrame:
    """List the line ends that stop short of another edge, or lie on it without being joined.

    Parameters
    ----------
    network : Network
    within_m : float
        Longest gap listed, inclusive; metres. An end with other lines at it is listed only if its gap is 0 mm.

    Returns
    -------
    GeoDataFrame
        ``node, edge, road_id, other_road_id, gap_m`` and the end as a point, by node. ``edge`` is the nearest edge
        that does not touch the end; of another level only if it ends where it is nearest. Ends at a barrier are not
        gaps.

    Raises
    ------
    InputRefused
        If ``within_m`` is negative, infinite or NaN.
    """
    refuse(checks.distance_faults(within_m, "within_m", finite_only=True))
    found = _gaps.find(network, checks.millimetres(within_m))
    return _gap_table(network, found).assign(node=found.node, edge=found.edge)[
        ["node", "edge", "road_id", "other_road_id", "gap_m", "geometry"]
    ]


def _faults(roads: gpd.GeoDataFrame, barriers: Any, noding: object, heal_gaps_m: float | None) -> list[Fault]:
    faults = [*checks.crs_faults(roads.crs, "roads"), *checks.road_faults(roads), *_effort.column_faults(roads)]
    faults += _barrier_faults(roads.crs, barriers)
    if noding not in (None, "planar"):
        faults.append(Fault("network_noding", column="noding", value=str(noding)))
    if heal_gaps_m is not None:
        faults += checks.distance_faults(heal_gaps_m, "heal_gaps_m", finite_only=True)
    if not faults and not walkable_rows(roads).any():
        faults.append(Fault("network_no_edge", facts={"count": len(roads)}))
    return faults


def _barrier_faults(crs: Any, barriers: gpd.GeoDataFrame | gpd.GeoSeries | None) -> list[Fault]:
    if barriers is None:
        return []
    faults = [] if crs is None else checks.same_crs_faults(crs, barriers.crs, "barriers")
    unusable = ~checks.finite(barriers.geometry.to_numpy())
    return [*faults, *checks.rows_fault("network_place_not_finite", unusable, barriers.index, what="barriers")]


def _walkable_lines(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return ``road_id, level, node_ids``, the going and the geometry of the walkable lines, in canonical order."""
    table = gpd.GeoDataFrame(
        {
            "road_id": roads.get("road_id", roads.index.to_series()).to_numpy(dtype=object),
            "level": checks.levels(roads).to_numpy(dtype=np.int64) if "level" in roads else 0,
            "node_ids": roads["node_ids"].to_numpy(dtype=object) if "node_ids" in roads else None,
            **_effort.columns(roads),
        },
        geometry=shapely.force_2d(roads.geometry.to_numpy()),
        crs=roads.crs,
    )
    table = table[walkable_rows(roads)].explode(ignore_index=True)
    order = _topology.canonical_order(table.geometry.to_numpy(), table["level"].to_numpy(), table["road_id"].to_numpy())
    return table.iloc[order].reset_index(drop=True)


def _barrier_lines(barriers: gpd.GeoDataFrame | gpd.GeoSeries | None) -> Objects:
    """Return single lines: barriers as they are, polygons by their boundary."""
    if barriers is None:
        return np.empty(0, dtype=object)
    shapes = shapely.force_2d(shapely.get_parts(barriers.geometry.to_numpy()))
    areal = shapely.get_dimensions(shapes) == 2
    lines = np.concatenate([shapes[~areal], shapely.get_parts(shapely.boundary(shapes[areal]))])
    lines = lines[~shapely.is_empty(lines)]
    return np.asarray(lines[np.argsort(shapely.to_wkb(lines))], dtype=object)


def _vertex_faults(vertices: Vertices, table: gpd.GeoDataFrame) -> list[Fault]:
    """Refuse places that would swallow a stretch of road, and one node id in two places."""
    wide = np.unique(vertices.road[_topology.wide_places(vertices)])
    faults = checks.rows_fault("network_vertices_dense", np.isin(table.index, wide), table["road_id"].to_list())
    with_id = vertices.node_id >= 0
    if with_id.any():
        grouped = pd.DataFrame(vertices.xy[with_id]).groupby(vertices.node_id[with_id])
        moved = ((grouped.max() - grouped.min()) > 1.0).any(axis=1)
        roads = vertices.road[np.isin(vertices.node_id, moved[moved].index)]
        faults += checks.rows_fault("network_node_moved", np.isin(table.index, roads), table["road_id"].to_list())
    return faults


def _heal(
    vertices: Vertices, table: gpd.GeoDataFrame, heal_gaps_m: float | None
) -> tuple[Vertices, gpd.GeoDataFrame | None]:
    """Close the gaps up to ``heal_gaps_m``; return also the list of them."""
    if heal_gaps_m is None:
        return vertices, None
    open_network, pieces = _assemble(vertices, Uncut(table, vertices, None), np.empty(0, dtype=object))
    found = _gaps.once(open_network, _gaps.find(open_network, checks.millimetres(heal_gaps_m)))
    return _gaps.close(vertices, open_network, pieces, found), _gap_table(open_network, found)


def _gap_table(network: Network, found: _gaps.Gaps) -> gpd.GeoDataFrame:
    roads = [network.road_id[found.own_edge], network.road_id[found.edge]]
    return _gap_frame(network.crs, [*roads, found.gap_mm / 1000], network.node_xy[found.node])


def _gap_frame(crs: pyproj.CRS, columns: Sequence[Any], xy: Floats) -> gpd.GeoDataFrame:
    names = ("road_id", "other_road_id", "gap_m")
    return gpd.GeoDataFrame(dict(zip(names, columns, strict=True)), geometry=shapely.points(xy), crs=crs)


def _assemble(vertices: Vertices, uncut: Uncut, walls: Objects) -> tuple[Network, _topology.Pieces]:
    """Return the network of ``vertices`` and the pieces its edges are."""
    table, healed = uncut.table, uncut.healed
    level, road_id = table["level"].to_numpy(), table["road_id"].to_numpy(dtype=object)
    cut = _topology.pieces(vertices, level, road_id, uncut.drawn)
    indptr, indices, arc_edge = _rows(len(cut.node_xy), cut.start, cut.end)
    road = vertices.road[cut.first]
    network = Network(
        crs=table.crs,
        node_xy=cut.node_xy,
        is_end=cut.is_end,
        component=_components(len(cut.node_xy), cut),
        edge_from=cut.start,
        edge_to=cut.end,
        edge_mm=cut.length_mm,
        lines=cut.lines,
        road_id=road_id[road],
        level=level[road],
        indptr=indptr,
        indices=indices,
        weight_mm=_int32(cut.length_mm[arc_edge]),
        arc_edge=arc_edge,
        barriers=walls,
        healed=_no_gaps(table.crs) if healed is None else healed,
        going=_effort.going(table, road, cut.length_mm),
    )
    return network, cut


def _no_gaps(crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"road_id": [], "other_road_id": [], "gap_m": []}, geometry=[], crs=crs)


def _rows(nodes: int, start: Ints, end: Ints) -> tuple[Int32s, Int32s, Int32s]:
    """Return both directions of every edge as compressed rows: indptr, indices, edge of each arc."""
    tail = np.concatenate([start, end])
    order = np.argsort(tail, kind="stable")
    indptr = np.insert(np.cumsum(np.bincount(tail, minlength=nodes)), 0, 0).astype(np.int32)
    arc_edge = (order % len(start)).astype(np.int32)
    return indptr, np.concatenate([end, start])[order].astype(np.int32), arc_edge


def _int32(length_mm: Ints) -> Int32s:
    """Return lengths in 32 bits, which hold 2147 km; refuse what would wrap round."""
    if length_mm.max() > np.iinfo(np.int32).max:
        raise OverflowError(f"an edge of {length_mm.max()} mm")
    return length_mm.astype(np.int32)


def _components(nodes: int, cut: _topology.Pieces) -> Ints:
    """Label the nodes by connected component, the longest first; ties by the smallest node."""
    found = _topology.components(nodes, cut.start, cut.end)
    length = np.bincount(found[cut.start], weights=cut.length_mm)
    first = np.unique(found, return_index=True)[1]
    rank = np.empty(len(length), dtype=np.int64)
    rank[np.lexsort((first, -length))] = np.arange(len(length))
    return rank[found]
