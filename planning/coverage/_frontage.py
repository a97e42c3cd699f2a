"""Private to `planning.coverage`: how much of an area is reached, by its frontage or by its surface.

Lengths and surfaces are added in whole millionths, so that sums do not depend on the order of rows.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

ROUND_CORNER_SEGMENTS: Final = 32  # a quarter circle of 30 m is then nowhere off by more than 1 cm
HALF_MM_M: Final = 0.0005

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]


def frontage_shares(
    residential: gpd.GeoDataFrame, lines: gpd.GeoSeries | Shapes, reached: pd.DataFrame, *, frontage_m: float
) -> pd.Series[float]:
    """Measure which share of the streets along each area's boundary is reached.

    Parameters
    ----------
    residential
        ``residential_id`` and polygons or points, in a metric CRS.
    lines
        The walkable edges of the network (LineString), numbered from 0.
    reached
        ``edge, from_mm, to_mm``: the stretches of edges within the radius of some facility, in millimetres from the
        start of the edge, the stretches of one edge apart from each other.
    frontage_m
        How far from the boundary a stretch may lie, inclusive to the millimetre; of an area given as a point, from it.

    Returns
    -------
    Series
        By ``residential_id``: length reached / length of all stretches within ``frontage_m``, 0 to 1; NaN where there
        is no such stretch.
    """
    shapes = residential.geometry.to_numpy()
    is_spot = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    outline = np.where(is_spot, shapes, shapely.boundary(shapes))
    zones = shapely.buffer(outline, frontage_m + HALF_MM_M, quad_segs=ROUND_CORNER_SEGMENTS)
    edges = np.asarray(lines, dtype=object)
    whole = _length_within(zones, edges)
    part = _length_within(zones, _stretches(edges, reached))
    return _shares(residential, part, whole)


def area_shares(residential: gpd.GeoDataFrame, outlines: gpd.GeoSeries | Shapes | shapely.Geometry) -> pd.Series[float]:
    """Measure which share of each area's surface lies inside the outlines drawn around the reached streets.

    Parameters
    ----------
    residential
        ``residential_id`` and polygons or points, in a metric CRS.
    outlines
        Polygons of the service areas, or their union, same CRS; where several overlap, the surface counts once.

    Returns
    -------
    Series
        By ``residential_id``: surface inside / surface, 0 to 1; NaN for an area given as a point.
    """
    shapes = residential.geometry.to_numpy()
    parts = shapely.get_parts(shapely.union_all(np.atleast_1d(np.asarray(outlines, dtype=object))))
    tree = shapely.STRtree(parts)
    inside, _ = tree.query(shapes, predicate="covered_by")
    cut, part = tree.query(shapes, predicate="intersects")
    split = ~np.isin(cut, inside)
    cut, part = cut[split], part[split]
    whole = np.rint(shapely.area(shapes) * 1e6)
    covered = _sums(cut, shapely.area(shapely.intersection(shapes[cut], parts[part])), len(shapes))
    covered[inside] = whole[inside]
    return _shares(residential, covered, whole)


def _shares(residential: gpd.GeoDataFrame, part: Floats, whole: Floats) -> pd.Series[float]:
    share = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    ids = pd.Index(residential["residential_id"], name="residential_id")
    return pd.Series(np.minimum(share, 1.0), index=ids, name="share")


def _length_within(zones: Shapes, lines: Shapes) -> Floats:
    """Return the length of lines inside each zone, in millionths of a metre."""
    zone, line = shapely.STRtree(lines).query(zones, predicate="intersects")
    return _sums(zone, shapely.length(shapely.intersection(lines[line], zones[zone])), len(zones))


def _sums(row: NDArray[np.intp], values: Floats, n: int) -> Floats:
    """Add values by row in whole millionths: such sums are exact, whatever the order."""
    return np.bincount(row, weights=np.rint(values * 1e6), minlength=n).astype(float)


def _stretches(edges: Shapes, reached: pd.DataFrame) -> Shapes:
    """Cut the reached stretches out of the edges."""
    rows = reached[reached["to_mm"] > reached["from_mm"]]
    lines: Shapes = edges[rows["edge"].to_numpy(dtype=np.intp)]
    edge_mm = np.rint(shapely.length(lines) * 1000)
    start, end = rows["from_mm"].to_numpy(dtype=float), rows["to_mm"].to_numpy(dtype=float)
    is_part = (start > 0) | (end < edge_mm)
    lines[is_part] = _cut(lines[is_part], (start / edge_mm)[is_part], (end / edge_mm)[is_part])
    return lines


def _cut(lines: Shapes, start_share: Floats, end_share: Floats) -> Shapes:
    """Return the part of each line between two shares of its length."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    first = np.diff(owner, prepend=-1) > 0
    step[first] = 0
    along = np.cumsum(step)
    along -= along[first][owner]
    length = shapely.length(lines)
    start, end = start_share * length, end_share * length
    between = (along > start[owner]) & (along < end[owner])
    ends = [shapely.get_coordinates(shapely.line_interpolate_point(lines, at)) for at in (start, end)]
    number = np.arange(len(lines))
    owners = np.concatenate([number, owner[between], number])
    order = np.argsort(owners, kind="stable")  # start, what is between, end: already in order within each line
    return np.asarray(
        shapely.linestrings(np.concatenate([ends[0], xy[between], ends[1]])[order], indices=owners[order])
    )
