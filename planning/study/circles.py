"""Coverage of one level: nearest facility, who is covered at the radius, and at every band beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from planning import catchment, coverage, network
from planning.network import Network
from planning.plan import WALKERS, Plan, Walk
from planning.study import layers, people
from planning.study.records import Ground, LevelCover, StudyInputs


def cover_level(inputs: StudyInputs, ground: Ground, serving: gpd.GeoDataFrame, *, radius_m: float) -> LevelCover:
    """Return the coverage of the residential areas by the facilities ``serving``."""
    plan, areas, access = inputs.plan, people.counted(inputs.tables["residential"]), ground.access

    def nearest_on(walkways: Network) -> pd.DataFrame:
        near = catchment.nearest(walkways, serving, access.points, max_snap_m=plan.walk.max_snap_m)
        return layers.within_far(near, plan.walk.far_m)

    def at(metres: float, walkways: Network, near: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[str, Any]]:
        measured = shares(inputs, walkways, serving, metres)
        covered = coverage.cover(areas, access, near, radius_m=metres, shares=measured)
        return covered, coverage.summarise(areas, covered, radius_m=metres, minutes=minutes_of(plan, metres))

    def walker(name: str, metres: float) -> dict[str, Any]:
        speed = WALKERS[name]
        if plan.walk.by_seconds and speed != plan.walk.speed_m_per_s:
            own = weighed(ground.walkways, plan.walk, speed)
            figures = at(metres, own, nearest_on(own))[1]
        else:
            figures = at(metres, ground.walkways, nearest)[1]
        return {"speed_m_per_s": speed, **figures, "minutes": max(plan.walk.minutes)}

    nearest = nearest_on(ground.walkways)
    covered, summary = at(radius_m, ground.walkways, nearest)
    by_band = {key: at(metres, ground.walkways, nearest) for key, metres in layers.by_key(plan.bands_m).items()}
    bands = {key: figures for key, (_, figures) in by_band.items()}
    banded = {key: reached for key, (reached, _) in by_band.items()}
    profiles = {name: walker(name, metres) for name, metres in plan.profiles_m.items()}
    return LevelCover(nearest=nearest, covered=covered, summary=summary, bands=bands, profiles=profiles, banded=banded)


def weighed(walkways: Network, walk: Walk, speed_m_per_s: float) -> Network:
    """Return the network with the stairs, crossings, seconds and climbs that the plan asks to count at that speed."""
    return network.weigh(
        walkways,
        stairs_factor=walk.stairs_factor,
        crossing_m=walk.crossing_s * speed_m_per_s,
        second_m=speed_m_per_s if walk.extra_s else 0.0,
        climb=walk.climb,
    )


def minutes_of(plan: Plan, metres: float) -> float | None:
    """Return the walking minutes of a radius; None where the plan states a service radius instead."""
    if plan.standards.get("service_radius_m") is not None:
        return None
    minutes = round(metres / plan.walk.speed_m_per_s / 60, 6)
    return int(minutes) if minutes == int(minutes) else minutes


def shares(inputs: StudyInputs, walkways: Network, serving: gpd.GeoDataFrame, metres: float) -> pd.Series | None:
    """Return how much of each area counts as reached; None where its access points alone decide."""
    walk, areas = inputs.plan.walk, inputs.tables["residential"]
    if walk.rule == "entrance":
        return None
    if walk.rule == "frontage":
        union = catchment.reached_union(walkways, serving, limit_m=metres, max_snap_m=walk.max_snap_m)
        return coverage.frontage_shares(areas, walkways.lines, union, frontage_m=walk.frontage_m)
    ground = catchment.reached_ground(walkways, serving, limit_m=metres, max_snap_m=walk.max_snap_m)
    return coverage.area_shares(areas, ground)
