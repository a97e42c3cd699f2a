"""Room `planning.scenario`: access points after an edit, sought again for the areas alone that it can have changed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning import demand
from planning.demand import Access
from planning.network import Network
from planning.study import StudyInputs


def again(
    before: Access, inputs: StudyInputs, cut: gpd.GeoSeries | None, ways: Network, *, asked: NDArray[np.bool_]
) -> Access:
    """Find the access points of the areas ``asked`` (in the order of the areas); all others keep theirs.

    Parameters
    ----------
    before
        Of the plan; those of areas that are not asked about hold on ``ways`` too.
    cut, ways
        What cuts walking in the scenario, and its network.
    """
    if not asked.any():
        return before
    ids = before.gates.index[asked]
    areas, entrances = inputs.tables["residential"], inputs.tables.get("entrances")
    found = demand.access_points(
        areas[asked],
        None if entrances is None else entrances[entrances["residential_id"].isin(ids)],
        ways.lines,
        max_snap_m=inputs.plan.walk.max_snap_m,
        barriers=cut,
    )
    kept = before.points[~before.points["residential_id"].isin(ids)]
    points = pd.concat([kept, found.points], ignore_index=True)
    ordered = gpd.GeoDataFrame(points, geometry="geometry", crs=areas.crs).sort_values(
        "residential_id", kind="stable", ignore_index=True
    )
    return Access(ordered, _put(before.gates, found.gates), _put(before.apart, found.apart))


def _put(old: pd.Series, new: pd.Series) -> pd.Series:
    """Return the old values with the new ones in their places."""
    values = old.copy()
    values.loc[new.index] = new
    return values
