"""Room of `planning.catchment`: what the verbs refuse before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.catchment._engine import STRETCH
from planning.errors import Fault
from planning.network import Network
from planning.network import _checks as checks

FACILITY_TYPES: Final = (shapely.GeometryType.POINT, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def facility_faults(network: Network, facilities: gpd.GeoDataFrame) -> list[Fault]:
    places = [
        *checks.point_faults(facilities, network.crs, "facilities", types=FACILITY_TYPES),
        *stretch_faults(network, facilities, "facilities"),
    ]
    if "facility_id" not in facilities.columns:
        absent = Fault("catchment_id_absent", column="facility_id", facts={"what": "facilities"})
        return [absent, *places]
    ids = pd.Index(facilities["facility_id"])
    faults = _id_faults(ids, "facility_id", "facilities")
    twice = ids[ids.duplicated() & ids.notna()].unique()
    if len(twice):
        faults.append(Fault("catchment_id_duplicate", column="facility_id", value=", ".join(map(str, twice[:10]))))
    return [*faults, *places]


def demand_faults(network: Network, demand: gpd.GeoDataFrame) -> list[Fault]:
    return [
        *_aside_faults(demand),
        *_id_faults(demand.index, "demand_id", "demand"),
        *checks.point_faults(demand, network.crs, "demand"),
        *stretch_faults(network, demand, "demand"),
    ]


def _aside_faults(demand: gpd.GeoDataFrame) -> list[Fault]:
    """Refuse ids in a column beside an index that says otherwise: row numbers would pass for ids."""
    if "demand_id" not in demand.columns or demand.index.astype(str).equals(pd.Index(demand["demand_id"]).astype(str)):
        return []
    return [Fault("catchment_id_aside", column="demand_id", facts={"what": "demand"})]


def stretch_faults(network: Network, places: gpd.GeoDataFrame | gpd.GeoSeries, what: str) -> list[Fault]:
    """Refuse stretches that are no part of an edge of this network."""
    if STRETCH[0] not in getattr(places, "columns", ()):
        return []
    edge, low, high = (places[name].to_numpy(dtype=np.int64) for name in STRETCH)
    length = network.edge_mm[np.clip(edge, 0, len(network.edge_mm) - 1)]
    outside = (edge >= len(network.edge_mm)) | (low < 0) | (low > high) | (high > length)
    return checks.rows_fault("catchment_stretch", (edge >= 0) & outside, places.index, what=what)


def _id_faults(ids: pd.Index[Any], column: str, what: str) -> list[Fault]:
    """Refuse ids that are missing, or not all text or all whole numbers: they could not be sorted or told apart."""
    missing = np.asarray(ids.isna() | (ids.astype(str).str.strip() == ""))
    faults = checks.rows_fault("catchment_id_missing", missing, range(len(ids)), what=what, column=column)
    kind = pd.api.types.infer_dtype(ids[~missing])
    if len(ids) and kind not in ("string", "integer", "empty"):  # pandas calls an empty column what it likes
        faults.append(Fault("catchment_id_kind", column=column, value=kind, facts={"what": what}))
    return faults


def limit_faults(limits_m: Sequence[float], max_snap_m: float) -> list[Fault]:
    faults = checks.distance_faults(max_snap_m, "max_snap_m", finite_only=False)
    if not len(limits_m):
        faults.append(Fault("catchment_no_limit", column="limits_m"))
    for limit in limits_m:
        faults += checks.distance_faults(limit, "limits_m", finite_only=True)
    return faults
