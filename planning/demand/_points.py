"""Private to `planning.demand`: people counted by building, brought together by residential area."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

COUNTS: Final = ("households", "residents", "elderly", "elderly_80")


@dataclass(frozen=True)
class Gathered:
    """Areas with the people of the points in them.

    Attributes
    ----------
    residential
        The table given, with cells filled in and ``<count>_points``: True where the cell was filled.
    area_of_point
        The area of each point by ``point_id``, missing outside all of them.
    left
        ``residential_id, weight, reason``: cells that the points in the area could not fill; ``count_missing``: not
        every point in it states the figure.
    """

    residential: gpd.GeoDataFrame
    area_of_point: pd.Series[str]
    left: pd.DataFrame


def gather(residential: gpd.GeoDataFrame, population: gpd.GeoDataFrame) -> Gathered:
    """Give areas that state no households, residents or elderly the sum of the points in them.

    Parameters
    ----------
    residential
        ``residential_id``, the counts, and polygons or points.
    population
        ``point_id``, ``residential_id`` (may be missing), the counts (missing: not known) and points, same CRS.

    Returns
    -------
    Gathered
        A point belongs to the area it names, else to the one that contains it, the border included; on the border of
        several to the smallest id. What an area states itself stays. A cell is filled only where every point of the
        area states the figure; no point's figure enters two areas, and sums are exactly rounded.
    """
    area = _area_of(residential, population)
    filled, left = residential.copy(), []
    ids = pd.Index(residential["residential_id"])
    for weight in COUNTS:
        by_area = population[weight].astype(float).groupby(area.to_numpy())
        known = by_area.agg(lambda values: math.fsum(values) if values.notna().all() else math.nan)
        asked = filled[weight].isna().to_numpy()
        value = known.reindex(ids).to_numpy()
        filled[f"{weight}_points"] = asked & ~np.isnan(value)
        filled[weight] = np.where(asked, value, filled[weight].to_numpy(dtype=float, na_value=np.nan))
        short = ids[asked & ids.isin(known.index[known.isna()])]
        left += [(name, weight, "count_missing") for name in sorted(short)]
    found = area.set_axis(pd.Index(population["point_id"], name="point_id")).rename("residential_id")
    return Gathered(filled, found, pd.DataFrame(left, columns=["residential_id", "weight", "reason"]))


def _area_of(residential: gpd.GeoDataFrame, population: gpd.GeoDataFrame) -> pd.Series[str]:
    """Return the area each point belongs to, on the index of ``population``."""
    sorted_areas = residential.sort_values("residential_id", kind="stable")
    point, area = shapely.STRtree(sorted_areas.geometry.to_numpy()).query(
        population.geometry.to_numpy(), predicate="covered_by"
    )
    first = pd.Series(area, index=point, dtype=np.intp).groupby(level=0).min()
    holding = pd.Series(sorted_areas["residential_id"].to_numpy()[first.to_numpy()], index=first.index, dtype="str")
    inside = holding.reindex(range(len(population))).set_axis(population.index)
    named = population["residential_id"].where(population["residential_id"].isin(residential["residential_id"]))
    found: pd.Series[str] = named.fillna(inside).astype("str")
    return found
