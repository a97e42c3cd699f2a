"""Figures that maps show beside those of ``summary.json``, added up by the rooms that own them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import coverage
from planning.coverage import held_column
from planning.errors import Fault, InputRefused
from planning.study import layers, people
from planning.study.circles import minutes_of
from planning.study.layers import STREET_TYPES
from planning.study.records import StudyResult

CAUSE_COLUMNS = ("cause", "areas", "households", "elderly")


def streets(result: StudyResult) -> pd.Series:
    """Return the street or town of each residential area by its id, as the area's own table names it; NaN outside."""
    tables = result.inputs.tables
    return pd.Series(layers.places(tables["residential"], tables.get("units")).street)


def causes(result: StudyResult, level: str) -> pd.DataFrame:
    """Return one row a cause for the areas outside the circle of ``level``: how many, their households and elderly.

    Most areas first, ties by the name of the cause; sums of known cells, NaN where none is known.
    """
    here = result.uncovered[result.uncovered["level"] == level]
    groups = here.groupby("cause", sort=True)
    sums = groups[["households", "elderly"]].sum(min_count=1).assign(areas=groups.size())
    found = sums.reset_index()[list(CAUSE_COLUMNS)]
    return pd.DataFrame(found.sort_values(["areas", "cause"], ascending=[False, True], ignore_index=True))


# ------------------------------------------------------------------------------------------------------- the plan built


def planned(result: StudyResult) -> bool:
    """Say whether the plan's effect is known area by area, and is that of the run's own figures.

    Raises
    ------
    InputRefused
        If the areas found before and after do not add up to the run's (``atlas_plan_differs``).
    """
    figures = result.summary.get("siting") or {}
    if not figures.get("before") or "planned_status" not in result.residential:
        return False
    if result.inputs.plan.walk.rule != "entrance":
        return False
    before = int((status_before(result) == "covered").sum())
    after = int(roles_after(result).isin(("covered", "newly_covered")).sum())
    said = (figures["before"]["residential_covered"], figures["after"]["residential_covered"])
    if (before, after) != said:
        facts = {"said": f"{said[0]}, {said[1]}"}
        raise InputRefused(Fault("atlas_plan_differs", value=f"{before}, {after}", facts=facts))
    return True


def status_before(result: StudyResult) -> pd.Series:
    """Return the status of each area by id at the siting level as it is now, by the radius sites are sought for."""
    plan, areas = result.inputs.plan, result.residential.set_index("residential_id")
    status = areas[f"{plan.siting.level}_status"].astype("str")
    if plan.siting_radius_m == plan.radius_m:
        return pd.Series(status)
    held = areas[held_column(areas, plan.siting.level)].to_numpy(dtype=float, na_value=np.nan)
    linked = status.isin(("covered", "uncovered"))
    return pd.Series(status.mask(linked, np.where(held <= plan.siting_radius_m, "covered", "uncovered")))


def roles_after(result: StudyResult) -> pd.Series:
    """Return the role of each area by id once all sites are built: its status then, or ``newly_covered``."""
    now = status_before(result)
    then = result.residential.set_index("residential_id")["planned_status"].astype("str")
    return pd.Series(then.mask((now != "covered") & (then == "covered"), "newly_covered"))


def closed(result: StudyResult) -> tuple[str, ...]:
    """Return the existing facilities that the plan closes."""
    return tuple((result.summary.get("siting") or {}).get("closed", ()))


def staying(result: StudyResult) -> gpd.GeoDataFrame:
    """Return the facilities of the siting level in service that the plan keeps, by id."""
    serving = layers.serving(layers.existing(result.facilities), result.inputs.plan.siting.level)
    return serving[~serving["facility_id"].isin(closed(result))].reset_index(drop=True)


def after_by_street(result: StudyResult) -> dict[str, dict[str, Any]]:
    """Return the coverage of every street once the plan stands, in the shape of ``coverage``, without its bounds."""
    areas = people.counted(result.inputs.tables["residential"])
    roles = roles_after(result)
    share = roles.isin(("covered", "newly_covered")).astype(float)
    covered = pd.DataFrame({"status": roles, "share": share, "lower": share, "upper": share})
    units = result.units
    ids = units.loc[units["type"].isin(STREET_TYPES), "unit_id"]
    where = streets(result).dropna()
    members = pd.DataFrame({"unit_id": where.to_numpy(), "residential_id": where.index})
    plan = result.inputs.plan
    radius = plan.siting_radius_m
    return coverage.roll_up(areas, covered, members, ids, radius_m=radius, minutes=minutes_of(plan, radius))


def areas_by_site(result: StudyResult) -> dict[str, int]:
    """Return how many areas each site is the first, by rank, to cover."""
    near = _near(result)
    left = status_before(result) != "covered"
    found: dict[str, int] = {}
    for site in result.sites.sort_values(["rank", "facility_id"])["facility_id"]:
        mine = _within(result, near, pd.Series([site])) & left
        found[str(site)] = int(mine.sum())
        left &= ~mine
    return found


def _near(result: StudyResult) -> pd.DataFrame:
    reach = result.reach
    return reach[(layers.by_effort(reach)["distance_m"] <= result.inputs.plan.siting_radius_m).to_numpy()]


def _within(result: StudyResult, near: pd.DataFrame, facility_ids: pd.Series) -> pd.Series:
    """Return which areas a walk of ``near`` leads to from one of the facilities, by id."""
    ids = pd.Index(result.residential["residential_id"])
    return pd.Series(ids.isin(near.loc[near["facility_id"].isin(facility_ids), "demand_id"]), index=ids)
