"""Room of `planning.catchment`: compile every search once: ``python -m planning.catchment._warm``.

Run after installing, and by a program with a screen while it shows its first page.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from shapely import LineString, Point

from planning import catchment, network

CRS = "EPSG:4548"


def warm() -> None:
    """Walk through a town of two streets by every verb."""
    lines = [LineString([(0, 0), (100, 0)]), LineString([(100, 0), (100, 100)])]
    streets = network.build(gpd.GeoDataFrame({"highway": ["steps", "path"]}, geometry=lines, crs=CRS))
    sites = gpd.GeoDataFrame({"facility_id": ["F"]}, geometry=[Point(10, 5)], crs=CRS)
    stretches = {"stretch_edge": [0, -1], "stretch_from_mm": [10, -1], "stretch_to_mm": [20, -1]}
    homes = gpd.GeoDataFrame(stretches, index=pd.Index(["D", "E"]), geometry=[Point(90, 5), Point(100, 90)], crs=CRS)
    for town in (streets, network.weigh(streets, stairs_factor=2.0)):
        catchment.reach(town, sites, homes, limit_m=500)
        catchment.nearest(town, sites, homes)
        catchment.reached_union(town, sites, limit_m=500)
        catchment.service_areas(town, sites, limits_m=[100, 200])


if __name__ == "__main__":
    if catchment.compiled():
        warm()
