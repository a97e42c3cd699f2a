"""Room `planning.province`: a county and as much of its neighbours as anyone in it could walk to.

A walk of at most ``far_m`` from an area never leaves the ground within that distance of it. With every road that
meets this ground, and the roads that meet those, each edge on it is cut into the same pieces as on the network of the
whole province, so that every distance up to ``far_m`` is the same to the millimetre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import demand, remedies
from planning.plan import Plan
from planning.province._intake import Entry

_SPARE: Final = 1.01
"""A drawn circle lies inside the true one, by less than this."""


def reach_m(settings: Plan) -> float:
    """Return how far beyond a county's own places its surroundings matter."""
    walk = settings.walk
    limits = (walk.far_m or 0.0, settings.radius_m, *settings.bands_m, remedies.POOL_WALK_M)
    return (max(limits) + walk.max_snap_m + walk.frontage_m) * _SPARE + 1


def near(box: Sequence[float] | None, other: Sequence[float] | None, metres: float) -> bool:
    """Say whether two boxes in degrees may lie within ``metres`` of each other; rather yes than no."""
    if box is None or other is None:
        return False
    up = metres / 110_000.0
    across = up / max(np.cos(np.radians(min(abs(box[3]) + up, 89.0))), 1e-3)
    return bool(
        other[0] <= box[2] + across
        and other[2] >= box[0] - across
        and other[1] <= box[3] + up
        and other[3] >= box[1] - up
    )


def surrounded(
    tables: Mapping[str, gpd.GeoDataFrame], neighbours: Mapping[str, Entry], settings: Plan
) -> dict[str, gpd.GeoDataFrame]:
    """Return the county's tables with the rows of its neighbours within reach, marked by ``neighbour``.

    Parameters
    ----------
    tables
        The county's own, in its metric CRS.
    neighbours
        By code, in that CRS.
    """
    ground = _ground(tables, reach_m(settings))
    found = dict(tables)
    for name in ("facilities", "medical"):
        others = {code: _within(entry.table(name), ground) for code, entry in neighbours.items()}
        found |= _joined(name, tables.get(name), others)
    roads = {code: entry.table("roads") for code, entry in neighbours.items()}
    found |= _joined("roads", tables["roads"], _roads(tables["roads"], roads, ground, settings))
    found |= _barriers(tables.get("barriers"), neighbours, ground, settings)
    return found


def _ground(tables: Mapping[str, gpd.GeoDataFrame], metres: float) -> Any:
    """Return the ground within reach of any of the county's own places."""
    places = [tables[name].geometry.to_numpy() for name in ("residential", "facilities") if name in tables]
    hull = shapely.convex_hull(shapely.geometrycollections(np.concatenate(places)))
    ground = shapely.buffer(hull, metres)
    shapely.prepare(ground)
    return ground


def _within(table: gpd.GeoDataFrame | None, ground: Any) -> gpd.GeoDataFrame | None:
    return None if table is None else table[shapely.intersects(ground, table.geometry.to_numpy())]


def _roads(
    own: gpd.GeoDataFrame, others: Mapping[str, gpd.GeoDataFrame | None], ground: Any, settings: Plan
) -> dict[str, gpd.GeoDataFrame | None]:
    """Return the neighbours' roads that meet the ground, and those that these meet."""
    source = settings.inputs["roads"]
    known = {code: table for code, table in others.items() if table is not None and len(table)}
    if not known:
        return {}
    lines = np.concatenate([table.geometry.to_numpy() for table in known.values()])
    chosen = shapely.intersects(ground, lines)
    fixed = own.geometry.to_numpy()
    for _ in range(2 if source.heal_gaps_m else 1):
        edge = np.concatenate([fixed, lines[chosen]])
        edge = edge[~shapely.contains_properly(ground, edge)]
        chosen = chosen | _meet(lines, edge, source.heal_gaps_m or 0.0)
    cuts = np.cumsum([len(table) for table in known.values()])[:-1]
    return {code: table[mask] for (code, table), mask in zip(known.items(), np.split(chosen, cuts), strict=True)}


def _meet(lines: NDArray[np.object_], edge: NDArray[np.object_], gap_m: float) -> NDArray[np.bool_]:
    """Say which lines come within ``gap_m``, or a millimetre, of any of ``edge``."""
    met = np.zeros(len(lines), dtype=bool)
    if len(edge):
        met[shapely.STRtree(lines).query(edge, predicate="dwithin", distance=max(gap_m, 0.002))[1]] = True
    return met


def _joined(
    name: str, own: gpd.GeoDataFrame | None, others: Mapping[str, gpd.GeoDataFrame | None]
) -> dict[str, gpd.GeoDataFrame]:
    """Put the rows of neighbours behind a county's own; ids that are taken get the county's code before them."""
    there = {code: table for code, table in others.items() if table is not None and len(table)}
    if own is None and not there:
        return {}
    key = {"facilities": "facility_id", "medical": "medical_id", "roads": "road_id"}[name]
    parts = [] if own is None else [own.assign(neighbour=False)]
    taken = set() if own is None else set(own[key])
    for code, table in there.items():
        ids = table[key].where(~table[key].isin(taken), code + ":" + table[key]).astype("str")
        taken |= set(ids)
        parts.append(table.assign(neighbour=True, **{key: ids}))
    crs = parts[0].crs
    return {name: gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=crs)}


def _barriers(
    own: gpd.GeoDataFrame | None, neighbours: Mapping[str, Entry], ground: Any, settings: Plan
) -> dict[str, gpd.GeoDataFrame]:
    """Return what cuts walking: the county's barriers, those of its neighbours and, where asked, their walls."""
    parts = [] if own is None else [own]
    for entry in neighbours.values():
        others = _within(entry.table("barriers"), ground)
        parts += [] if others is None or others.empty else [others]
        areas, gates = entry.table("residential"), entry.table("entrances")
        if settings.walk.walls == "gated" and areas is not None and gates is not None:
            walls = demand.walls(areas, gates)
            shapes = walls[shapely.intersects(ground, walls.to_numpy())]
            parts += [gpd.GeoDataFrame(geometry=shapes.reset_index(drop=True), crs=walls.crs)] if len(shapes) else []
    if not parts:
        return {}
    joined = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    return {"barriers": gpd.GeoDataFrame(joined, geometry="geometry", crs=parts[0].crs)}
