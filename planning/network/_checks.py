"""Room of `planning.network`: what is refused before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from planning.crs import horizontal, is_web_mercator, same_projection
from planning.errors import Fault

GeometryType = shapely.GeometryType
LINE_TYPES: Final = (GeometryType.LINESTRING, GeometryType.LINEARRING, GeometryType.MULTILINESTRING)
POINT: Final = (GeometryType.POINT,)


def crs_faults(crs: Any, what: str) -> list[Fault]:
    """Refuse a CRS in which a planar length is not a length on the ground, in metres."""
    if crs is None:
        return [Fault("network_crs_missing", value=what)]
    crs = horizontal(pyproj.CRS.from_user_input(crs))
    if not crs.is_projected:
        return [Fault("network_crs_geographic", value=crs.name, facts={"what": what})]
    if is_web_mercator(crs):
        return [Fault("network_crs_mercator", value=crs.name, facts={"what": what})]
    if any(axis.unit_name not in ("metre", "meter") for axis in crs.axis_info[:2]):
        return [Fault("network_crs_not_metre", value=crs.name, facts={"what": what})]
    return []


def same_crs_faults(crs: pyproj.CRS, other: Any, what: str) -> list[Fault]:
    """Refuse a table that is not in the network's CRS."""
    if other is None:
        return [Fault("network_crs_missing", value=what)]
    given = pyproj.CRS.from_user_input(other)
    if given == crs or same_projection(horizontal(given), horizontal(crs)):
        return []
    return [Fault("network_crs_differs", value=given.name, facts={"what": what, "network": crs.name})]


def road_faults(roads: gpd.GeoDataFrame) -> list[Fault]:
    """Refuse rows that are no finite line, levels that are no number, and node ids that do not fit their line."""
    shapes = roads.geometry.to_numpy()
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    lines = np.isin(shapely.get_type_id(shapes), LINE_TYPES)
    faults = rows_fault("network_geometry_missing", missing, roads.index)
    faults += rows_fault("network_not_lines", ~missing & ~lines, roads.index)
    faults += rows_fault("network_not_finite", lines & ~finite(shapes), roads.index)
    if "level" in roads.columns:
        unreadable = levels(roads).mod(1).ne(0)
        faults += rows_fault("network_level_unreadable", unreadable.to_numpy(dtype=bool), roads.index)
    if "walkable" in roads.columns:
        unreadable = roads["walkable"].notna() & ~roads["walkable"].isin([True, False])
        faults += rows_fault("network_walkable_unreadable", unreadable.to_numpy(dtype=bool), roads.index)
    if "node_ids" in roads.columns:
        given = roads["node_ids"].map(_length).to_numpy()
        wrong = (given >= 0) & (given != shapely.get_num_coordinates(shapes))
        faults += rows_fault("network_node_ids_length", wrong, roads.index)
    return faults


def levels(roads: gpd.GeoDataFrame) -> pd.Series[float]:
    """Return the level of each road: 0 where it is missing or an empty text, NaN where it is no number."""
    stated = roads["level"]
    empty = stated.isna() | (stated.astype("str").str.strip() == "")
    found: pd.Series[float] = pd.to_numeric(stated.where(~empty, 0), errors="coerce").astype("float64")
    return found


def point_faults(
    points: gpd.GeoDataFrame | gpd.GeoSeries, crs: pyproj.CRS, what: str, *, types: Sequence[int] = POINT
) -> list[Fault]:
    """Refuse places that are not in the network's CRS, are missing, not finite, or of none of the GEOS ``types``."""
    shapes = points.geometry.to_numpy()
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    is_point = np.isin(shapely.get_type_id(shapes), types)
    return [
        *same_crs_faults(crs, points.crs, what),
        *rows_fault("network_place_missing", missing, points.index, what=what),
        *rows_fault("network_not_points", ~missing & ~is_point, points.index, what=what),
        *rows_fault("network_place_not_finite", is_point & ~finite(shapes), points.index, what=what),
    ]


def distance_faults(value_m: object, name: str, *, finite_only: bool) -> list[Fault]:
    """Refuse a distance that is negative or not a number, and where asked one that is infinite."""
    number = float(value_m) if isinstance(value_m, int | float | np.number) else math.nan
    unusable = math.isnan(number) or number < 0 or (finite_only and math.isinf(number))
    return [Fault("network_distance", column=name, value=str(value_m))] if unusable else []


def rows_fault(code: str, wrong: NDArray[np.bool_], labels: Sequence[Any] | pd.Index[Any], **facts: str) -> list[Fault]:
    """Return one fault that names the rows where ``wrong`` holds (the first ten) and counts them, or none."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return []
    named = ", ".join(str(labels[row]) for row in rows[:10]) + (" …" if len(rows) > 10 else "")
    return [Fault(code, value=named, facts={"count": len(rows), **facts})]


def finite(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Say of each geometry whether all its coordinates are finite; missing ones are."""
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    good = np.ones(len(shapes), dtype=bool)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return good


def millimetres(value_m: float) -> int:
    """Return a distance in whole millimetres; infinity is further than any network reaches."""
    return 1 << 60 if math.isinf(value_m) else round(value_m * 1000)


def _length(ids: object) -> int:
    """Return how many node ids a row has, -1 where it has none."""
    return len(ids) if isinstance(ids, list | tuple | np.ndarray) else -1
