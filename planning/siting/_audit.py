"""Room `siting`: hold every plan against the tables it came from, by other means than the model's.

A plan that does not say what the tables say is a mistake in the program: better no plan than that one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from planning.siting._ask import Wants
from planning.siting._plan import SitingPlan


class PlanDisagrees(RuntimeError):
    """A plan's own figures are not those of the tables."""


def lscp(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once all it claims to cover is covered and its objective is the number of sites."""
    near, possible = _nearest(plan, reach, demand, wants)
    covered = near <= wants.radius_m
    _say(plan, "objective", plan.objective, float(len(plan.sites)))
    _say(plan, "unreachable", set(plan.unreachable), set(demand.index[~(possible <= wants.radius_m)]))
    _say(plan, "unserved", set(plan.unserved), set(demand.index[(possible <= wants.radius_m) & ~covered]))
    if wants.share == 1 and plan.unserved:
        raise PlanDisagrees(f"{plan.model}: demand is left out: {plan.unserved}")
    return _opened(plan, reach, wants)


def mclp(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once its objective is the weight the tables show within the radius."""
    near, possible = _nearest(plan, reach, demand, wants)
    covered = near <= wants.radius_m
    weight = demand[str(wants.weight)].to_numpy(dtype=np.float64)
    _say(plan, "objective", plan.objective, math.fsum(weight[covered]))
    _say(plan, "unreachable", set(plan.unreachable), set(demand.index[~(possible <= wants.radius_m)]))
    _say(plan, "unserved", set(plan.unserved), set(demand.index[(possible <= wants.radius_m) & ~covered]))
    return _opened(plan, reach, wants)


def p_median(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once its objective is Σ weight × distance over the served demand of the tables."""
    near, possible = _nearest(plan, reach, demand, wants)
    weight = demand[str(wants.weight)].to_numpy(dtype=np.float64)
    served = np.isfinite(near)
    _say(plan, "objective", plan.objective, math.fsum(weight[served] * near[served]))
    return _of_distance(plan, reach, demand, wants, near, possible)


def p_center(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once its objective is the largest distance over the served demand of the tables."""
    near, possible = _nearest(plan, reach, demand, wants)
    _say(plan, "objective", plan.objective, float(near[np.isfinite(near)].max(initial=0.0)))
    return _of_distance(plan, reach, demand, wants, near, possible)


def _of_distance(
    plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants, near: Any, possible: Any
) -> SitingPlan:
    """Check who is left out of a plan by distance."""
    _say(plan, "unreachable", set(plan.unreachable), set(demand.index[~np.isfinite(possible)]))
    _say(plan, "unserved", set(plan.unserved), set(demand.index[np.isfinite(possible) & ~np.isfinite(near)]))
    return _opened(plan, reach, wants)


def _nearest(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> tuple[Any, Any]:
    """Return, aligned with ``demand``, the distance to the nearest open site and to the nearest that could be."""
    finite = reach[np.isfinite(reach["distance_m"].to_numpy(dtype=np.float64))]
    fixed, forbidden = wants.fixed, wants.forbidden
    open_ = finite["facility_id"].isin([*fixed, *plan.sites])
    possible = ~finite["facility_id"].isin(forbidden)
    return tuple(
        finite[rows]
        .groupby("demand_id")["distance_m"]
        .min()
        .reindex(demand.index, fill_value=np.inf)
        .to_numpy(np.float64)
        for rows in (open_, possible)
    )


def _opened(plan: SitingPlan, reach: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Check that the sites are candidates, not more than p, the required ones among them, and each gain is counted."""
    sites, required = set(plan.sites), set(wants.required)
    known = {*reach["facility_id"], *wants.candidates} - set(wants.fixed) - set(wants.forbidden)
    allowed = len(sites) <= plan.p and len(sites) == len(plan.sites) == len(plan.gain)
    if not (sites <= known and required <= sites and allowed):
        raise PlanDisagrees(f"{plan.model}: {plan.sites} are not sites that may be opened")
    worse = plan.bound < plan.objective if plan.model == "mclp" else plan.bound > plan.objective
    if worse or not math.isfinite(plan.objective):
        raise PlanDisagrees(f"{plan.model}: objective {plan.objective} beyond its bound {plan.bound}")
    return plan


def _say(plan: SitingPlan, what: str, said: Any, found: Any) -> None:
    """Raise where plan and tables differ."""
    if said != found:
        raise PlanDisagrees(f"{plan.model}: {what} is {said}, but the tables give {found}")
