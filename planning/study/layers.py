"""Bringing the rooms' answers together into the layers of a result. Joins and renames; no arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import catchment, coverage, demand, lifecycle
from planning.compliance import Assessment
from planning.demand import Access
from planning.network import Network
from planning.plan import Plan
from planning.study.records import Ground, LevelCover, Places, StudyInputs
from planning.tables import LEVELS, contract

STREET_TYPES: Final = ("street", "town")
_COVER_COLUMNS: Final = ("facility_id", "distance_m", "equivalent_m", "status", "share")


def all_facilities(inputs: StudyInputs) -> gpd.GeoDataFrame:
    """Return existing facilities and candidates in one table, with ``in_service`` on the day of judgement.

    The columns of candidates are there without candidates too.
    """
    parts = [inputs.tables[name] for name in ("facilities", "candidates") if name in inputs.tables]
    facilities = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=inputs.crs)
    for name, column in contract("candidates").columns.items():
        if name not in facilities:
            facilities[name] = pd.Series(np.nan, facilities.index, "float64" if column.kind == "number" else "str")
    return facilities.assign(in_service=lifecycle.in_service(facilities, inputs.plan.as_of).to_numpy(dtype=bool))


def existing(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the facilities that are not candidates."""
    return facilities[facilities["status"] != "candidate"].reset_index(drop=True)


def serving(facilities: gpd.GeoDataFrame, *levels: str) -> gpd.GeoDataFrame:
    """Return the facilities of ``levels`` in service, by id."""
    chosen = facilities[facilities["level"].isin(levels) & facilities["in_service"]]
    return chosen.sort_values("facility_id").reset_index(drop=True)


def together(fixed: gpd.GeoDataFrame, opened: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return existing and new facilities as one table, by id."""
    both = pd.concat([fixed, opened], ignore_index=True)
    return gpd.GeoDataFrame(both, geometry="geometry", crs=fixed.crs).sort_values("facility_id", ignore_index=True)


def levels(facilities: pd.DataFrame, *asked: str) -> tuple[str, ...]:
    """Return every level with a facility row of any status, and those asked, such as the one sites are sought for."""
    found = {*facilities["level"].dropna(), *asked}
    return tuple(level for level in LEVELS if level in found)


def places(residential: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None) -> Places:
    """Return where each area lies: by its own columns first, else by the unit that contains it."""
    ids = pd.Index(residential["residential_id"], name="residential_id")
    by_type: dict[str, pd.Series] = {}
    for kind in ("county", "street", "town", "community", "village") if units is not None else ():
        by_type[kind] = demand.unit_of(residential, units, [kind]).set_axis(ids)
    street = _named_street(residential["street_id"].set_axis(ids), units)
    for kind in STREET_TYPES:
        if kind in by_type:
            street = street.fillna(by_type[kind])
    setting = demand.setting_of(residential, units).set_axis(ids)
    return Places(units=by_type, street=street, setting=setting["setting"], assumed=setting["assumed"])


def _named_street(stated: pd.Series, units: gpd.GeoDataFrame | None) -> pd.Series:
    """Return the street each area states, by unit id; ledgers often give the street's name instead."""
    if units is None:
        return stated
    streets = units[units["type"].isin(STREET_TYPES)].sort_values("unit_id")
    by_name = streets.dropna(subset=["name"]).drop_duplicates("name", keep=False).set_index("name")["unit_id"]
    known = stated.where(stated.isin(set(streets["unit_id"])))
    return known.fillna(stated.map(by_name).astype("str"))


def reach_table(ground: Ground, covers: Mapping[str, LevelCover], plan: Plan) -> pd.DataFrame:
    """Return all pairs up to the largest radius reported, and each area's nearest facility per level beyond it."""
    limit_m = max(*plan.bands_m, plan.radius_m, plan.siting_radius_m)
    near = catchment.reach(
        ground.walkways,
        ground.facilities,
        demand_points(ground.access),
        limit_m=limit_m,
        max_snap_m=plan.walk.max_snap_m,
    )
    beyond = [
        cover.covered.filter(["facility_id", "distance_m", "equivalent_m"])
        .dropna()
        .rename_axis("demand_id")
        .reset_index()
        for cover in covers.values()
    ]
    table = pd.concat([near, *beyond], ignore_index=True)[list(near.columns)]
    return table.drop_duplicates(["facility_id", "demand_id"]).sort_values(
        ["facility_id", "demand_id"], ignore_index=True
    )


def within_far(nearest: pd.DataFrame, far_m: float | None) -> pd.DataFrame:
    """Return nearest facilities as far as the plan looks for them: what lies beyond counts as not to be reached."""
    if far_m is None:
        return nearest
    beyond = nearest["equivalent_m" if "equivalent_m" in nearest else "distance_m"] > far_m
    figures = nearest.columns.drop("status")
    cut = nearest.assign(status=nearest["status"].mask(beyond, "unreachable"))
    cut[figures] = nearest[figures].mask(beyond)
    return cut


def by_key(radii_m: Sequence[float]) -> dict[str, float]:
    """Return radii by the names they have in the summary: whole metres as text.

    Where two would share a name, the whole number keeps it and others bear their decimals: 720.24 m (12.004 minutes)
    must not stand under the name of 720 m.
    """
    sharing = Counter(map(round, radii_m))
    return {
        f"{metres:.3f}".rstrip("0") if metres % 1 and sharing[round(metres)] > 1 else str(round(metres)): metres
        for metres in radii_m
    }


def by_effort(reach: pd.DataFrame) -> pd.DataFrame:
    """Return a reach table with the metres that radii are held against as its distances."""
    if "equivalent_m" not in reach:
        return reach
    return reach.assign(distance_m=reach["equivalent_m"]).drop(columns="equivalent_m")


def demand_points(access: Access) -> gpd.GeoDataFrame:
    """Return the access points and stretches as the reach table wants them: several rows an area, indexed by its id."""
    named = access.points.set_index(pd.Index(access.points["residential_id"], name="demand_id"))
    return named[[*catchment.STRETCH, "geometry"]]


def residential(
    areas: gpd.GeoDataFrame, covers: Mapping[str, LevelCover], assessment: Assessment | None
) -> gpd.GeoDataFrame:
    """Return the residential layer: input columns, each level's nearest facility and status, the findings."""
    layer = areas.set_index(pd.Index(areas["residential_id"], name="residential_id")).drop(columns="residential_id")
    for level, cover in covers.items():
        named = cover.covered.filter(_COVER_COLUMNS).add_prefix(f"{level}_")
        layer = layer.join(named)
    if assessment is not None:
        found = assessment.residential
        layer = layer.drop(columns=[name for name in found.columns if name in layer.columns]).join(found)
    return gpd.GeoDataFrame(layer.reset_index(), geometry="geometry", crs=areas.crs)


def planned(residential: gpd.GeoDataFrame, after: LevelCover | None) -> gpd.GeoDataFrame:
    """Return the residential layer with each area's coverage once the plan stands; none of it where none was sought."""
    if after is None:
        return residential
    return residential.join(after.covered.filter(_COVER_COLUMNS).add_prefix("planned_"), on="residential_id")


def uncovered(
    residential: gpd.GeoDataFrame, covers: Mapping[str, LevelCover], ground: Ground, *, radius_m: float
) -> gpd.GeoDataFrame:
    """Return one row per area and level outside the circle, with the cause."""
    parts = [gpd.GeoDataFrame({"residential_id": pd.Series(dtype="str")}, geometry=[], crs=residential.crs)]
    parts += [_outside(residential, level, cover, ground, radius_m) for level, cover in covers.items()]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=residential.crs)


def _outside(
    residential: gpd.GeoDataFrame, level: str, cover: LevelCover, ground: Ground, radius_m: float
) -> gpd.GeoDataFrame:
    """Return the areas that the circle of one level leaves out."""
    sites = serving(ground.facilities, level)
    doors = ground.access.points
    near = doors.iloc[doors.sindex.query(sites.geometry, predicate="dwithin", distance=radius_m)[1]]["residential_id"]
    ids = cover.covered.index
    cause = coverage.causes(
        cover.covered,
        ground.access.gates,
        in_service=len(sites),
        is_near=pd.Series(ids.isin(near), index=ids),
    )
    facts = cover.covered.assign(level=level, cause=cause, street_id=ground.places.street)
    named = residential.set_index("residential_id", drop=False)[
        ["residential_id", "name", "households", "elderly", "geometry"]
    ]
    columns = ["level", "status", "cause", "facility_id", "distance_m", "equivalent_m", "street_id"]
    outside = facts[facts["status"] != "covered"].filter(columns)
    return named.join(outside, how="inner").reset_index(drop=True)


def findings(assessment: Assessment | None, clauses: pd.DataFrame | None) -> pd.DataFrame:
    """Return the findings of areas and pools, then those of the other clauses, in one table."""
    columns = [
        "clause_id", "subject_kind", "subject_id", "required", "actual", "unit", "verdict", "shortfall", "reason",
        "strength", "deadline", "overdue",
    ]  # fmt: skip
    parts = []
    if assessment is not None:
        parts.append(assessment.findings)
    if clauses is not None:
        parts.append(clauses.rename(columns={"subject": "subject_id"}))
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([part.reindex(columns=columns).astype(object) for part in parts], ignore_index=True).assign(
        required=lambda table: pd.to_numeric(table["required"]),
        actual=lambda table: pd.to_numeric(table["actual"]),
        shortfall=lambda table: pd.to_numeric(table["shortfall"]),
    )


def rooms(assessment: Assessment | None) -> pd.DataFrame:
    """Return the rooms that were looked at, each with its reason; empty where compliance was not asked."""
    return pd.DataFrame() if assessment is None else assessment.rooms


def indicators(clauses: pd.DataFrame | None) -> pd.DataFrame:
    """Return the findings of the other clauses; empty where they were not asked."""
    return pd.DataFrame() if clauses is None else clauses


def circles(walkways: Network, facilities: gpd.GeoDataFrame, plan: Plan) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return service areas and reached roads of the facilities in service, one row a facility and minutes."""
    limits = {plan.walk.metres(minutes): minutes for minutes in plan.walk.minutes}
    ordered = facilities.sort_values("facility_id")
    facts = ordered.set_index("facility_id")[["name", "level"]]

    def dressed(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        minutes = layer["limit_m"].map(limits).astype(float)
        return layer.assign(minutes=minutes).join(facts, on="facility_id")

    areas = catchment.service_areas(
        walkways, ordered, limits_m=list(limits), max_snap_m=plan.walk.max_snap_m, drawing="exact"
    )
    roads = catchment.reached_roads(walkways, ordered, limits_m=list(limits), max_snap_m=plan.walk.max_snap_m)
    return dressed(areas), dressed(roads)


def border(units: gpd.GeoDataFrame) -> Any:
    """Return the outline of the plan area: the highest type of unit given."""
    ranked = [kind for kind in ("county", *STREET_TYPES, "community", "village") if (units["type"] == kind).any()]
    highest = STREET_TYPES if ranked[0] in STREET_TYPES else (ranked[0],)
    return units[units["type"].isin(highest)].union_all()


def within_border(facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say which facilities stand inside the plan area, the border included."""
    return np.asarray(facilities.representative_point().covered_by(border(units)))
