"""Coverage of one level: nearest facility, who is covered at the radius, and at every band beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from planning import catchment, coverage
from planning.network import Network
from planning.plan import WALKERS, Plan
from planning.study.records import Ground, LevelCover, StudyInputs


def cover_level(inputs: StudyInputs, ground: Ground, serving: gpd.GeoDataFrame, *, radius_m: float) -> LevelCover:
    """Return the coverage of the residential areas by the facilities ``serving``."""
    plan, areas = inputs.plan, inputs.tables["residential"]
    walkways, access = ground.walkways, ground.access
    nearest = catchment.nearest(walkways, serving, access.points, max_snap_m=plan.walk.max_snap_m)

    def at(metres: float) -> tuple[pd.DataFrame, Mapping[str, Any]]:
        shares = _shares(inputs, walkways, serving, metres)
        covered = coverage.cover(areas, access, nearest, radius_m=metres, shares=shares)
        return covered, coverage.summarise(areas, covered, radius_m=metres, minutes=minutes_of(plan, metres))

    covered, summary = at(radius_m)
    bands = {band_key(metres): at(metres)[1] for metres in plan.bands_m}
    profiles = {name: _walker(plan, name, at(metres)[1]) for name, metres in plan.profiles_m.items()}
    return LevelCover(nearest=nearest, covered=covered, summary=summary, bands=bands, profiles=profiles)


def _walker(plan: Plan, name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a walker with the speed and the minutes they stand for."""
    return {"speed_m_per_s": WALKERS[name], **figures, "minutes": max(plan.walk.minutes)}


def minutes_of(plan: Plan, metres: float) -> float | None:
    """Return the walking minutes of a radius; None where the plan states a service radius instead."""
    if plan.standards.get("service_radius_m") is not None:
        return None
    minutes = round(metres / plan.walk.speed_m_per_s / 60, 6)
    return int(minutes) if minutes == int(minutes) else minutes


def band_key(metres: float) -> str:
    """Return a radius as the summary names it: whole metres as text."""
    return str(round(metres))


def _shares(inputs: StudyInputs, walkways: Network, serving: gpd.GeoDataFrame, metres: float) -> pd.Series | None:
    """Return how much of each area counts as reached; None where its access points alone decide."""
    walk, areas = inputs.plan.walk, inputs.tables["residential"]
    if walk.rule == "entrance":
        return None
    if walk.rule == "frontage":
        union = catchment.reached_union(walkways, serving, limit_m=metres, max_snap_m=walk.max_snap_m)
        return coverage.frontage_shares(areas, walkways.lines, union, frontage_m=walk.frontage_m)
    ground = catchment.reached_ground(walkways, serving, limit_m=metres, max_snap_m=walk.max_snap_m)
    return coverage.area_shares(areas, ground)
