"""Geometry as the page carries it: WGS84 degrees, latitude first, six decimals; belongs to the room `webmap`.

A drawing only: nothing is measured from what leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import palette

DEGREES: Final = "EPSG:4326"
DECIMALS: Final = 6
ROAD_TOLERANCE_M: Final = 1.0
WASH_TOLERANCE_M: Final = 2.0
HOLE_M2: Final = 90_000.0
RIBBON_SHARE: Final = 1 / 150

Nested = list[Any]
Bounds = list[list[float]]
"""``[[south, west], [north, east]]`` in degrees."""


def degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return ``frame`` in WGS84 degrees; an empty frame stays as it is."""
    return frame if frame.empty else frame.to_crs(DEGREES)


def parts(geometry: shapely.Geometry) -> Nested:
    """Return a polygon or multipolygon in degrees as ``[polygon][ring][point]`` of ``[lat, lng]``; empty → []."""
    return [
        [_points(ring) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in shapely.get_parts(geometry)
        if isinstance(polygon, shapely.Polygon) and not polygon.is_empty
    ]


def lines(geometry: shapely.Geometry) -> Nested:
    """Return the lines of a geometry in degrees as ``[line][point]`` of ``[lat, lng]``; polygons give their rings."""
    pieces = shapely.get_parts(shapely.get_parts(geometry))
    outlines = [piece.boundary if isinstance(piece, shapely.Polygon) else piece for piece in pieces]
    return [
        _points(line)
        for line in shapely.get_parts(np.array(outlines, dtype=object))
        if line.geom_type in ("LineString", "LinearRing") and not line.is_empty
    ]


def place(geometry: shapely.Geometry) -> list[float]:
    """Return ``[lat, lng]`` of a point, or of a point inside a polygon in degrees."""
    point = geometry if isinstance(geometry, shapely.Point) else geometry.representative_point()
    return [round(point.y, DECIMALS), round(point.x, DECIMALS)]


def bounds(frames: Iterable[gpd.GeoDataFrame]) -> Bounds | None:
    """Return ``[[south, west], [north, east]]`` in degrees of all frames together; None if they hold nothing."""
    boxes = [degrees(frame).total_bounds for frame in frames if not frame.empty]
    boxes = [box for box in boxes if np.isfinite(box).all()]
    if not boxes:
        return None
    low, high = np.min([box[:2] for box in boxes], axis=0), np.max([box[2:] for box in boxes], axis=0)
    return [[round(float(low[1]), 6), round(float(low[0]), 6)], [round(float(high[1]), 6), round(float(high[0]), 6)]]


def opening(subject: Bounds | None, ground: Bounds | None) -> Bounds | None:
    """Return what the map opens on: the subject, as far as it lies within the roads' box and half as much around it.

    A few places with coordinates of another city would else make the map open on half a country.
    """
    if subject is None or ground is None:
        return subject or ground
    low, high = np.array(ground)
    margin = (high - low) / 2
    south_west = np.maximum(subject[0], low - margin)
    north_east = np.minimum(subject[1], high + margin)
    if (south_west > north_east).any():
        return subject
    return [south_west.round(6).tolist(), north_east.round(6).tolist()]


def roads(frame: gpd.GeoDataFrame) -> Mapping[str, Nested]:
    """Return the roads by line role, pieces of one role joined where they meet and simplified by a metre."""
    book = palette.load()
    classes = _first_text(frame, ("highway", "road_class"))
    roles = classes.map(book.road_role)
    found: dict[str, Nested] = {}
    for role in ("footway", "local", "secondary", "arterial"):
        chosen = frame.geometry[roles == role]
        if chosen.empty:
            continue
        joined = shapely.line_merge(shapely.multilinestrings(_sorted(chosen)))
        thinned = gpd.GeoSeries([joined.simplify(ROAD_TOLERANCE_M)], crs=frame.crs).to_crs(DEGREES)
        found[role] = lines(thinned.iloc[0])
    return found


def merged(geometries: gpd.GeoSeries) -> Nested:
    """Return the union of metric polygons as `parts` in degrees."""
    union = shapely.union_all(_sorted(geometries))
    return parts(gpd.GeoSeries([union], crs=geometries.crs).to_crs(DEGREES).iloc[0])


def outline(geometries: gpd.GeoSeries) -> Nested:
    """Return the union of metric catchments as `parts` in degrees: simplified, without holes of a few blocks."""
    union = shapely.union_all(_sorted(geometries)).simplify(WASH_TOLERANCE_M)
    pieces = [_without_small_holes(piece) for piece in shapely.get_parts(union) if not piece.is_empty]
    whole = shapely.MultiPolygon(pieces)  # empty where a facility reaches nothing
    return parts(gpd.GeoSeries([whole], crs=geometries.crs).to_crs(DEGREES).iloc[0])


def _without_small_holes(polygon: shapely.Polygon) -> shapely.Polygon:
    kept = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= HOLE_M2]
    return shapely.Polygon(polygon.exterior, kept)


def ribbon(geometries: gpd.GeoSeries) -> Nested:
    """Return a ribbon round the union of metric polygons, as `parts` in degrees, as wide as suits its extent."""
    union = shapely.union_all(_sorted(geometries))
    low_x, low_y, high_x, high_y = union.bounds
    width_m = float(np.hypot(high_x - low_x, high_y - low_y)) * RIBBON_SHARE
    ring = union.buffer(width_m, join_style="mitre", mitre_limit=2.0).difference(union)
    return parts(gpd.GeoSeries([ring], crs=geometries.crs).to_crs(DEGREES).iloc[0])


def _sorted(geometries: gpd.GeoSeries) -> np.ndarray:
    """Return geometries in an order that does not depend on the order of rows."""
    every = geometries.to_numpy()
    kept = every[~(shapely.is_missing(every) | shapely.is_empty(every))]
    return np.asarray(kept[np.argsort(shapely.to_wkb(kept, hex=True), kind="stable")])


def _first_text(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> pd.Series:
    """Return the first stated of ``columns`` row by row, "" where none is."""
    found = pd.Series(np.nan, index=frame.index, dtype="str")
    for column in columns:
        if column in frame:
            found = found.fillna(frame[column].astype("str"))
    return found.fillna("")


def _points(line: shapely.Geometry) -> Nested:
    """Return ``[lat, lng]`` of each vertex, neighbours that round to the same place given once."""
    places = shapely.get_coordinates(line)[:, ::-1].round(DECIMALS)
    kept = np.append(True, (np.diff(places, axis=0) != 0).any(axis=1))
    return places[kept].tolist()  # type: ignore[no-any-return]
