"""Where people are and what they can get at: people of units spread over areas, and the figures beside coverage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning import accessibility, coverage, demand
from planning.plan import Plan
from planning.study import layers
from planning.study.records import Ground, LevelCover, StudyInputs
from planning.tables import AGE_BANDS, WEIGHTS

_SUPPLY: Final = ("beds", "floor_area_m2")


def settle(inputs: StudyInputs) -> StudyInputs:
    """Return the inputs with people where areas state none: those of the points in them, then of their units.

    Points come from `inputs.population`; units are spread where the plan asks for it. Settled twice is settled once.
    """
    inputs = _gather(inputs)
    units = inputs.tables.get("units")
    if units is None or not inputs.plan.walk.spread or "residents_spread" in inputs.tables["residential"]:
        return inputs
    found = _spread(inputs)
    return replace(inputs, tables={**inputs.tables, "residential": found.residential}, spread_left=found.left)


def _gather(inputs: StudyInputs) -> StudyInputs:
    points = inputs.tables.get("population")
    if points is None or "households_points" in inputs.tables["residential"]:
        return inputs
    found = demand.gather(inputs.tables["residential"], points)
    area = found.area_of_point.to_numpy()
    tables = {**inputs.tables, "residential": found.residential, "population": points.assign(residential_id=area)}
    return replace(inputs, tables=tables)


def counted(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas without the age bands that none of them states: those are in no sum."""
    return areas.drop(columns=[band for band in AGE_BANDS if band in areas and areas[band].isna().all()])


def _spread(inputs: StudyInputs) -> demand.Spread:
    areas, units = inputs.tables["residential"], inputs.tables["units"]
    places = layers.places(areas, units)
    community = areas.set_index("residential_id")["community_id"]
    for kind in ("community", "village"):
        community = community.fillna(places.units[kind])
    return demand.spread(areas, units, [community, places.street])


def columns(
    residential: gpd.GeoDataFrame, covers: Mapping[str, LevelCover], ground: Ground, reach: pd.DataFrame, plan: Plan
) -> gpd.GeoDataFrame:
    """Return the residential layer with, per level, how many serve each area and whether its nearest lies outside."""
    outside = set(ground.facilities.loc[ground.facilities["outside_area"], "facility_id"])
    found: dict[str, Any] = {}
    for level in covers:
        found[f"{level}_served_by"] = _served_by(level, residential["residential_id"], ground, reach, plan).to_numpy()
        found[f"{level}_outside"] = residential[f"{level}_facility_id"].isin(outside)
    return residential.assign(**found)


def figures(
    inputs: StudyInputs, covers: Mapping[str, LevelCover], ground: Ground, reach: pd.DataFrame
) -> dict[str, Any]:
    """Return ``accessibility`` by level and, where the plan spreads people, what was spread."""
    found: dict[str, Any] = {}
    if covers:
        found["facilities"] = _by_facility(inputs, ground, reach)
        found["accessibility"] = {level: _level(level, inputs, ground, reach) for level in covers}
    areas = inputs.tables["residential"]
    if "households_points" in areas:
        found["population"] = _point_figures(areas, inputs.tables["population"])
    if "residents_spread" in areas:
        found["spread"] = {weight: _spread_figures(areas, weight) for weight in demand.PEOPLE}
        found["spread"]["left"] = [] if inputs.spread_left is None else inputs.spread_left.to_dict("records")
    return found


def _by_facility(inputs: StudyInputs, ground: Ground, reach: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each facility in service who lives within each radius of it; an area counts at every facility."""
    areas = inputs.tables["residential"].set_index("residential_id").assign(residential=1.0)
    weights = [name for name in ("residential", *WEIGHTS, *AGE_BANDS) if areas[name].notna().any()]
    near = layers.by_effort(reach).join(areas[weights].fillna(0.0), on="demand_id")
    serving = ground.facilities[ground.facilities["in_service"]].sort_values("facility_id")
    within: dict[str, list[dict[Any, Any]]] = {}
    for key, metres in layers.by_key(inputs.plan.bands_m).items():
        by_facility = near[near["distance_m"] <= metres].groupby("facility_id")[weights].agg(math.fsum)
        rows = by_facility.reindex(serving["facility_id"]).fillna(0.0).to_dict("records")
        within[key] = [{name: coverage.plain(value) for name, value in row.items()} for row in rows]
    return [
        {"facility_id": name, "level": level, "within": {key: rows[place] for key, rows in within.items()}}
        for place, (name, level) in enumerate(zip(serving["facility_id"], serving["level"], strict=True))
    ]


def _point_figures(areas: pd.DataFrame, points: pd.DataFrame) -> dict[str, Any]:
    """Return how many points, and how many people of each count, stand inside and outside all areas."""
    inside = points["residential_id"].notna()
    found: dict[str, Any] = {"points": len(points), "points_outside": int((~inside).sum())}
    for weight in demand.COUNTS:
        if points[weight].notna().any():
            found[weight] = {
                "areas_filled": int(areas[f"{weight}_points"].sum()),
                "inside": math.fsum(points.loc[inside, weight].dropna()),
                "outside": math.fsum(points.loc[~inside, weight].dropna()),
            }
    return found


def _spread_figures(areas: pd.DataFrame, weight: str) -> dict[str, Any]:
    filled = areas[areas[f"{weight}_spread"]]
    return {"areas": len(filled), "people": float(filled[weight].sum())}


def _served_by(level: str, ids: pd.Series, ground: Ground, reach: pd.DataFrame, plan: Plan) -> pd.Series:
    serving = layers.serving(ground.facilities, level)["facility_id"]
    near = layers.by_effort(reach[reach["facility_id"].isin(serving)])
    return coverage.served_by(near, ids, radius_m=plan.radius_m)


def _level(level: str, inputs: StudyInputs, ground: Ground, reach: pd.DataFrame) -> dict[str, Any]:
    """Return how one level's supply is shared, within the radius that coverage is reported for."""
    areas = inputs.tables["residential"].set_index("residential_id")
    serving = layers.serving(ground.facilities, level).set_index("facility_id")
    supply = max(_SUPPLY, key=lambda name: int(serving[name].notna().sum()))
    weight = _weight(areas, inputs.plan)
    radius_m = inputs.plan.radius_m
    found: dict[str, Any] = {"radius_m": radius_m, "supply": supply, "demand": weight}
    near = layers.by_effort(reach)
    decays: tuple[tuple[str, accessibility.Decay], ...] = (("two_step", "none"), ("two_step_gaussian", "gaussian"))
    for name, decay in decays:
        answer = accessibility.two_step(near, serving[supply], areas[weight], radius_m=radius_m, decay=decay)
        found[name] = accessibility.summarise(answer, areas[weight])
    served = _served_by(level, inputs.tables["residential"]["residential_id"], ground, reach, inputs.plan)
    found["served_by"] = accessibility.overlap(served, areas[list(WEIGHTS)])
    return found


def _weight(areas: pd.DataFrame, plan: Plan) -> str:
    """Return the people asked for, or the first known where they are known of no area."""
    asked = (plan.siting.demand, "elderly", "residents", "households")
    return next((name for name in asked if areas[name].notna().any()), plan.siting.demand)
