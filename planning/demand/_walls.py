"""Private to `planning.demand`: the walls of compounds whose gates are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

# Boundaries are often traced from the middle of a street, which must stay passable: the wall stands this far inside.
WALL_INSET_M: Final = 3.0
# Roads this near to an open gate pass the wall; gates are often drawn a few metres off it.
GATE_M: Final = 10.0

Shapes = NDArray[np.object_]


def walls(residential: gpd.GeoDataFrame, entrances: gpd.GeoDataFrame | None) -> gpd.GeoSeries:
    """Return the walls of the areas whose gates are known: nobody passes them but at an open gate.

    Parameters
    ----------
    residential
        ``residential_id`` and polygons or points, in a metric CRS.
    entrances
        ``residential_id``, ``open`` and points; a missing ``open`` is open. None or empty: no gates are known.

    Returns
    -------
    GeoSeries
        Lines by ``residential_id``, ready to be barriers of a network: the boundary of each polygon with a gate, open
        or not, drawn in by 3 m and open for 10 m either side of the place nearest each of its open gates. Courtyards
        have walls too. Areas without known gates, given as points, or too narrow to have an inside have none.
    """
    if entrances is None or not len(entrances):
        return gpd.GeoSeries([], index=_ids([]), crs=residential.crs)
    known = residential[residential["residential_id"].isin(entrances["residential_id"])].sort_values("residential_id")
    areas = known.geometry.to_numpy()
    wall = shapely.boundary(shapely.buffer(areas, -WALL_INSET_M, join_style="mitre"))
    is_open = entrances["open"].astype("boolean").fillna(True).to_numpy(dtype=bool)  # noqa: FBT003
    row = _ids(known["residential_id"]).get_indexer(entrances["residential_id"])
    usable = is_open & (row >= 0)
    gap = _gaps(wall[row[usable]], entrances.geometry.to_numpy()[usable])
    openings = np.full(len(areas), shapely.MultiPolygon(), dtype=object)
    for area in np.unique(row[usable]):
        openings[area] = shapely.union_all(gap[row[usable] == area])
    standing = shapely.difference(wall, openings)
    kept = ~shapely.is_empty(standing)
    return gpd.GeoSeries(standing[kept], index=_ids(known["residential_id"])[kept], crs=residential.crs)


def _gaps(wall: Shapes, gates: Shapes) -> Shapes:
    """Return the opening of each gate: a disc around the place of its wall that is nearest."""
    place = shapely.get_point(shapely.shortest_line(wall, gates), 0)
    return np.asarray(shapely.buffer(place, GATE_M), dtype=object)


def _ids(values: Iterable[str]) -> pd.Index[str]:
    return pd.Index(list(values), name="residential_id", dtype="str")
