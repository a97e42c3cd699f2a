"""Who is within walking distance of what: the `reach` table, the reached roads, and outlines drawn from them.

A distance is access leg + place on the edge + network + place on the edge + access leg, in whole millimetres; limits
are inclusive. Reached roads are parts of edges, exact to the millimetre; outlines are drawings of them, and nothing is
counted from a drawing.

On a network that is weighed (`planning.network.weigh`) limits are held against equivalents, metres of level ground that
take as long as the walk, and the nearest is what takes the least; distances stay those on the ground.

Facilities are points, or polygons, which stand at a point on their surface (`shapely.point_on_surface`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning.catchment import _engine, _exact, _outlines, _refusals, _standing, _steps
from planning.catchment._standing import Standing as Standing
from planning.catchment._standing import stand as stand
from planning.errors import refuse
from planning.network import Network
from planning.network import _checks as checks
from planning.network._kernels import compiled as compiled
from planning.network._kernels import warm_up as warm_up

Ints = NDArray[np.int64]
STRETCH: Final = _engine.STRETCH  # columns of a table of places that make a row a stretch of an edge


def reach(
    network: Network,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    limit_m: float,
    max_snap_m: float = 200.0,
) -> pd.DataFrame:
    """List which demand is within ``limit_m`` of which facility, and how far it is.

    Parameters
    ----------
    network : Network
    facilities : GeoDataFrame
        ``facility_id`` (unique) and points or polygons.
    demand : GeoDataFrame
        Points, indexed by ``demand_id``; several rows of one id are its entrances, of which the nearest counts. With
        the columns ``stretch_edge, stretch_from_mm, stretch_to_mm`` a row whose ``stretch_edge`` is not -1 is that
        part of the edge in place of its point: each place of it is an entrance. So may ``facilities``.
    limit_m : float
        Longest distance listed, inclusive; metres. Infinity lists every pair that can be walked.
    max_snap_m : float
        Longest access leg, inclusive; metres. What lies further from every edge is in no pair.

    Returns
    -------
    DataFrame
        ``facility_id, demand_id, distance_m``, sorted by both ids, each pair once; distances in metres with three
        decimals. A pair out of reach has no row. On a weighed network also ``equivalent_m``, which is held against the
        limit and of which the least counts.

    Raises
    ------
    InputRefused
        With every fault: ids missing, a ``facility_id`` twice, geometries missing, not finite, of the wrong type or
        not in the network's CRS, limits negative or NaN.
    """
    refuse(
        [
            *_refusals.facility_faults(network, facilities),
            *_refusals.demand_faults(network, demand),
            *checks.distance_faults(limit_m, "limit_m", finite_only=False),
            *checks.distance_faults(max_snap_m, "max_snap_m", finite_only=False),
        ]
    )
    ids, place_of = np.unique(facilities["facility_id"].to_numpy(), return_inverse=True)
    names, slot_of = np.unique(demand.index.to_numpy(), return_inverse=True)
    here = _engine.place(network, _as_points(facilities), max_snap_m)
    there = _engine.place(network, demand, max_snap_m)
    sides = (here, place_of[here.row]), (there, slot_of[there.row])
    facility, slot, mm = _engine.pairs(network, *sides, checks.millimetres(limit_m))
    columns = {"distance_m": mm}
    if network.effort is not None:
        facility, slot, mm, ground_mm = _engine.pairs_on_ground(network, *sides, int(mm.max(initial=0)))
        columns = {"distance_m": ground_mm, "equivalent_m": mm}
    order = np.lexsort((slot, facility))
    return pd.DataFrame(
        {
            "facility_id": pd.array(ids[facility[order]], dtype=facilities["facility_id"].dtype),
            "demand_id": pd.array(names[slot[order]], dtype=demand.index.dtype),
            **{name: column[order] / 1000 for name, column in columns.items()},
        }
    )


def nearest(
    network: Network,
    facilities: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame | gpd.GeoSeries | Standing,
    *,
    max_snap_m: float = 200.0,
) -> pd.DataFrame:
    """Find the nearest facility of each point, however far.

    Parameters
    ----------
    network : Network
    facilities : GeoDataFrame
        As in `reach`; a facility that lies further than ``max_snap_m`` from every edge serves nobody.
    points : GeoDataFrame, GeoSeries or Standing
        Points in the network's CRS, or stretches of edges as in `reach`; or such points put on this network by `stand`
        with the same ``max_snap_m``.
    max_snap_m : float
        Longest access leg, inclusive; metres.

    Returns
    -------
    DataFrame
        With the index of ``points``: ``facility_id`` (of several equally near the smallest), ``distance_m``,
        ``farthest_m``, all missing unless ``status`` is ``reached``; else it is ``unreachable`` or ``unsnapped``. Of a
        stretch ``distance_m`` is the distance of its nearest place, ``farthest_m`` that of the place which lies
        furthest from every facility; of a point the two are one. On a weighed network also ``equivalent_m`` of the
        walk to the nearest place, and ``farthest_m`` is an equivalent too.

    Raises
    ------
    InputRefused
        As `reach` does.
    ValueError
        If the points stand on another network, or were put there with another ``max_snap_m``.
    """
    refuse([*_refusals.facility_faults(network, facilities), *_standing.faults(network, points, max_snap_m)])
    standing = _standing.stood(network, points, max_snap_m)
    sorted_facilities = _by_id(facilities)
    here = _engine.place(network, _points(sorted_facilities), max_snap_m)
    there = standing.placed
    mm, label, worst_mm = _engine.nearest(network, here, there)
    found = label >= 0
    row, facility = there.row[found], here.row[label[found]]
    ids = np.full(len(standing.index), None, dtype=object)
    status = np.full(len(standing.index), "unsnapped", dtype=object)
    ids[row] = sorted_facilities["facility_id"].to_numpy(dtype=object)[facility]
    status[there.row] = "unreachable"
    status[row] = "reached"
    lengths = {"distance_m": mm, "farthest_m": worst_mm}
    if network.effort is not None:
        lengths = {
            "distance_m": _ground_mm(network, here, there, mm, label),
            "farthest_m": worst_mm,
            "equivalent_m": mm,
        }
    kind = "Int64" if pd.api.types.is_integer_dtype(facilities["facility_id"].dtype) else "str"
    table = pd.DataFrame({"facility_id": ids, "distance_m": np.nan, "status": status}, index=standing.index)
    for name, column in lengths.items():
        metres = np.full(len(standing.index), np.nan)
        metres[row] = column[found] / 1000
        table[name] = metres
    return table.astype({"facility_id": kind, "status": "str"})


def service_areas(
    network: Network,
    facilities: gpd.GeoDataFrame,
    *,
    limits_m: Sequence[float],
    max_snap_m: float = 200.0,
    drawing: Literal["fast", "exact"] = "fast",
) -> gpd.GeoDataFrame:
    """Draw the service area of each facility for each limit: the ground within 25 m of its reached roads.

    Parameters
    ----------
    network, facilities, limits_m, max_snap_m
        As in `reached_roads`.
    drawing : {"fast", "exact"}
        ``fast`` draws the line on a grid, half a per cent off in area; ``exact`` buffers the roads, on their own side
        of every barrier, and takes some five times as long. Without compiled code (`compiled`) all are exact.

    Returns
    -------
    GeoDataFrame
        ``facility_id, limit_m, geometry`` (MultiPolygon, empty where nothing is reached), sorted by both; each area
        holds those of smaller limits. A drawing: count nothing from it.

    Raises
    ------
    InputRefused
        As `reached_roads` does.
    """
    found = _reached(network, facilities, limits_m, max_snap_m)
    shape = len(facilities), len(found.limits_mm)
    if drawing == "exact" or not compiled():
        areas = _steps.outlines(network, found.stretches, shape)
    else:
        lines = _lines(network, found.stretches)
        areas = _outlines.outline(lines, found.stretches.group, shape, network.tree, network.barriers)
    return gpd.GeoDataFrame(found.keys, geometry=areas, crs=network.crs)


def reached_ground(
    network: Network, facilities: gpd.GeoDataFrame, *, limit_m: float, max_snap_m: float = 200.0
) -> shapely.MultiPolygon:
    """Return the ground within 25 m of the roads within ``limit_m`` of any facility, by exact buffers.

    Parameters
    ----------
    network, facilities, limit_m, max_snap_m
        As in `reached_union`.

    Returns
    -------
    MultiPolygon
        On the reached roads' side of every barrier; holes up to 1 ha that neither a road nor a barrier runs through
        are filled. Empty where nothing is reached.

    Raises
    ------
    InputRefused
        As `reach` does.
    """
    union = reached_union(network, facilities, limit_m=limit_m, max_snap_m=max_snap_m)
    edge, low, high = (union[name].to_numpy(dtype=np.int64) for name in ("edge", "from_mm", "to_mm"))
    lines = _outlines.parts(network.lines[edge], network.edge_mm[edge], low, high)
    return _exact.ground(lines, network.tree, network.barriers)


def reached_roads(
    network: Network, facilities: gpd.GeoDataFrame, *, limits_m: Sequence[float], max_snap_m: float = 200.0
) -> gpd.GeoDataFrame:
    """Return the stretches of road within each limit of each facility.

    Parameters
    ----------
    network : Network
    facilities : GeoDataFrame
        As in `reach`.
    limits_m : sequence of float
        Walking distances, inclusive, access leg included; metres, finite. Each stands alone: the stretches of a
        larger limit hold those of a smaller one.
    max_snap_m : float
        Longest access leg, inclusive; metres.

    Returns
    -------
    GeoDataFrame
        ``facility_id, limit_m, length_m, geometry`` (MultiLineString), sorted by id and limit. Access legs are not
        roads; each edge counts once. A facility that reaches nothing has length 0 and an empty geometry.

    Raises
    ------
    InputRefused
        With every fault of ``facilities`` as in `reach`; without limits, or with one negative, infinite or NaN.
    """
    found = _reached(network, facilities, limits_m, max_snap_m)
    length_mm = np.zeros(len(found.keys), dtype=np.int64)
    stretches = found.stretches
    np.add.at(length_mm, stretches.group, stretches.to_mm - stretches.from_mm)
    lines = _outlines.gather(_lines(network, stretches), stretches.group, len(found.keys))
    return gpd.GeoDataFrame(found.keys.assign(length_m=length_mm / 1000), geometry=lines, crs=network.crs)


def reached_union(
    network: Network, facilities: gpd.GeoDataFrame, *, limit_m: float, max_snap_m: float = 200.0
) -> pd.DataFrame:
    """Return the parts of edges within ``limit_m`` of any facility.

    Parameters
    ----------
    network, facilities, max_snap_m
        As in `reach`.
    limit_m : float
        Walking distance, inclusive, access leg included; metres.

    Returns
    -------
    DataFrame
        ``edge, from_mm, to_mm``, sorted; the parts of an edge neither overlap nor touch.

    Raises
    ------
    InputRefused
        As `reach` does.
    """
    refuse(
        [
            *_refusals.facility_faults(network, facilities),
            *checks.distance_faults(limit_m, "limit_m", finite_only=False),
            *checks.distance_faults(max_snap_m, "max_snap_m", finite_only=False),
        ]
    )
    limit = checks.millimetres(limit_m)
    here = _engine.place(network, _points(facilities), max_snap_m)
    spare = np.maximum(limit - here.leg_mm, -1)
    length = _engine.length_mm(network)
    walked = _engine.walked_mm(network, here, limit)
    left = np.where(walked < 0, -1, limit - walked)
    way_in, way_out = _engine.ways_in_mm(network)
    start, end = left[network.edge_from] - way_in, left[network.edge_to] - way_out
    edges = np.arange(len(length))
    edge = np.concatenate([edges, edges, here.edge])
    low = np.concatenate([np.zeros_like(length), length - end, here.low_mm - spare])
    high = np.concatenate([start, length, here.low_mm + spare])
    real = np.concatenate([start >= 0, end >= 0, spare >= 0])
    return _merge(network, edge[real], low[real], high[real])


def _ground_mm(network: Network, here: _engine.Placed, there: _engine.Placed, mm: Ints, label: Ints) -> Ints:
    """Return the true length of the walk of each place there to the place here that is nearest, -1 without one."""
    slots = np.arange(len(there.row))
    sides = (here, np.arange(len(here.row))), (there, slots)
    _, slot, _, ground_mm = _engine.pairs_on_ground(network, *sides, int(mm.max(initial=0)), wanted=label)
    found = np.full(len(slots), -1)
    found[slot] = ground_mm
    return found


class _Reached(NamedTuple):
    """The reached stretches; ``keys`` has a row a facility and limit, which are the groups of the stretches."""

    keys: pd.DataFrame
    limits_mm: Ints
    stretches: _steps.Stretches


def _reached(network: Network, facilities: gpd.GeoDataFrame, limits_m: Sequence[float], max_snap_m: float) -> _Reached:
    """Return the stretches within each limit of each facility, in canonical order."""
    refuse([*_refusals.facility_faults(network, facilities), *_refusals.limit_faults(limits_m, max_snap_m)])
    limits = _limits_mm(limits_m)
    sorted_facilities = _by_id(facilities)
    parts = _engine.intervals(network, _engine.place(network, _points(sorted_facilities), max_snap_m), limits)
    group = parts[:, 0] * len(limits) + parts[:, 1]
    order = np.lexsort((parts[:, 3], parts[:, 2], group))
    _, _, edge, low, high = parts[order].T
    keys = {
        "facility_id": sorted_facilities["facility_id"].repeat(len(limits)).array,
        "limit_m": np.tile(limits / 1000, len(facilities)),
    }
    return _Reached(pd.DataFrame(keys), limits, _steps.Stretches(edge, low, high, group[order]))


def _lines(network: Network, stretches: _steps.Stretches) -> NDArray[np.object_]:
    """Return the stretches as lines."""
    edge = stretches.edge
    return _outlines.parts(network.lines[edge], network.edge_mm[edge], stretches.from_mm, stretches.to_mm)


def _limits_mm(limits_m: Sequence[float]) -> Ints:
    """Return the limits in whole millimetres, ascending, each once."""
    return np.unique(np.array([checks.millimetres(limit) for limit in limits_m], dtype=np.int64))


def _points(facilities: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the points at which facilities stand."""
    shapes = facilities.geometry.to_numpy()
    areal = shapely.get_dimensions(shapes) == 2
    points = shapes.copy()
    points[areal] = shapely.point_on_surface(shapes[areal])
    return gpd.GeoSeries(points, crs=facilities.crs)


def _as_points(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the facilities as points, stretches kept."""
    return facilities.set_geometry(_points(facilities).set_axis(facilities.index))


def _by_id(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the facilities sorted by id, as the ids of `reach` are."""
    order = np.argsort(facilities["facility_id"].to_numpy(), kind="stable")
    return facilities.iloc[order].reset_index(drop=True)


def _merge(network: Network, edge: Ints, low: Ints, high: Ints) -> pd.DataFrame:
    """Return the union of the parts ``low`` … ``high`` of edges, cut to the edge; without parts of no length."""
    whole = _engine.length_mm(network)
    length = whole[edge]
    low, high = np.clip(low, 0, length), np.clip(high, 0, length)
    # Edges are laid end to end with a gap of 1 mm, so that parts of two edges never meet.
    origin = np.insert(np.cumsum(whole + 1), 0, 0)[edge]
    order = np.lexsort((high, low, edge))
    edge, low, high = edge[order], (origin + low)[order], (origin + high)[order]
    furthest = np.maximum.accumulate(high) if len(high) else high
    opens = np.ones(len(edge), dtype=bool)
    opens[1:] = low[1:] > furthest[:-1]
    closes = np.append(opens[1:], True) if len(edge) else opens
    base = origin[order][opens]
    edge = edge[opens]
    low, high = _engine.on_ground(network, edge, low[opens] - base, furthest[closes] - base)
    merged = pd.DataFrame({"edge": edge, "from_mm": low, "to_mm": high})
    return merged[merged["to_mm"] > merged["from_mm"]].reset_index(drop=True)
