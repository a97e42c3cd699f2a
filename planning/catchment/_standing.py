"""Room `planning.catchment`: points put on a network once, to be asked about many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import geopandas as gpd
import pandas as pd

from planning.catchment import _engine, _refusals
from planning.errors import Fault, refuse
from planning.network import Network
from planning.network import _checks as checks

Points: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries


@dataclass(frozen=True, eq=False)
class Standing:
    """Points that were put on a network (see `stand`); ``index`` is that of the points."""

    network: Network
    index: pd.Index[Any]
    max_snap_m: float
    placed: _engine.Placed


def stand(network: Network, points: Points, *, max_snap_m: float = 200.0) -> Standing:
    """Put points on the network, so that `planning.catchment.nearest` need not do so each time it is asked.

    Parameters
    ----------
    network, points, max_snap_m
        As in `planning.catchment.nearest`.

    Raises
    ------
    InputRefused
        As `planning.catchment.nearest` does for its points.
    """
    refuse(faults(network, points, max_snap_m))
    return stood(network, points, max_snap_m)


def faults(network: Network, points: Points | Standing, max_snap_m: float) -> list[Fault]:
    """Return what is wrong with points; those that stand were looked at then."""
    if isinstance(points, Standing):
        return []
    return [
        *checks.point_faults(points, network.crs, "points"),
        *_refusals.stretch_faults(network, points, "points"),
        *checks.distance_faults(max_snap_m, "max_snap_m", finite_only=False),
    ]


def stood(network: Network, points: Points | Standing, max_snap_m: float) -> Standing:
    """Return the points on the network; those put on another one, or by another rule, are a mistake in the program."""
    if not isinstance(points, Standing):
        return Standing(network, points.index, max_snap_m, _engine.place(network, points, max_snap_m))
    if points.network is not network or points.max_snap_m != max_snap_m:
        raise ValueError("these points stand on another network, or were put there with another max_snap_m")
    return points
