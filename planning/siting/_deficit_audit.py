"""Room `siting`: hold a plan of the deficit model against the tables it came from, row by row."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from planning.siting import _audit
from planning.siting._ask import Wants
from planning.siting._audit import PlanDisagrees
from planning.siting._deficit_tables import exact
from planning.siting._plan import SitingPlan


def check(
    plan: SitingPlan,
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    wants: Wants,
    needs: pd.Series[Any],
    sites: pd.DataFrame,
    credit: pd.DataFrame,
    *,
    budget: float | None,
) -> SitingPlan:
    """Return ``plan`` once its figures are those of the tables.

    Raises
    ------
    PlanDisagrees
        Where the shortfall left, the weight covered, a limit of floor area, p, the budget or a role is not kept.
    """
    area = {site: exact(m2) or Fraction(0) for site, m2 in zip(plan.sites, plan.floor_area_m2, strict=True)}
    left = _left(area, needs, credit)
    _say(plan, "objective", plan.objective, float(left))
    _must(math.isclose(sum(plan.gain), float(_left({}, needs, credit) - left), abs_tol=1e-6), "gain")
    _say(plan, "coverage", plan.stages[1].objective, _weight(plan, reach, demand, wants))
    _say(plan, "floor area", plan.stages[3].objective, float(sum(area.values(), Fraction(0))))
    for site, m2 in area.items():
        least, most = (exact(sites.loc[site, column]) or Fraction(0) for column in ("least_m2", "most_m2"))
        _must(least <= m2 <= most, f"floor area of {site}")
    known = {*reach["facility_id"], *wants.candidates} - set(wants.fixed) - set(wants.closed_to)
    roles = set(plan.sites) <= known and set(wants.required) <= set(plan.sites)
    _must(roles and len(set(plan.sites)) == len(plan.sites) <= plan.p, "roles")
    if budget is not None:
        cost = sum((exact(sites.loc[site, "cost"]) or Fraction(0) for site in plan.sites), Fraction(0))
        _must(cost <= (exact(budget) or Fraction(0)), "budget")
    _audit.placed(plan, reach, demand, wants)
    if plan.bound > plan.objective or not math.isfinite(plan.objective):
        raise PlanDisagrees(f"deficit: objective {plan.objective} beyond its bound {plan.bound}")
    return plan


def _left(area: dict[Any, Fraction], needs: pd.Series[Any], credit: pd.DataFrame) -> Fraction:
    credited: dict[Any, Fraction] = defaultdict(Fraction)
    for site, subject, share in credit[["facility_id", "subject_id", "share"]].itertuples(index=False):
        if site in area:
            credited[subject] += (exact(share) or Fraction(0)) * area[site]
    short = [(exact(need) or Fraction(0)) - credited[subject] for subject, need in needs.items()]
    return sum((m2 for m2 in short if m2 > 0), Fraction(0))


def _weight(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> float:
    open_ = reach["facility_id"].isin([*wants.fixed, *plan.sites])
    near = reach[open_ & (reach["distance_m"].to_numpy(dtype=np.float64) <= wants.radius_m)]
    covered = demand.index.isin(near["demand_id"]) & ~demand.index.isin(wants.last.absent)
    return math.fsum(demand.loc[covered, str(wants.weight)].to_numpy(dtype=np.float64))


def _say(plan: SitingPlan, what: str, said: Any, found: Any) -> None:
    if said != found:
        raise PlanDisagrees(f"{plan.model}: {what} is {said}, but the tables give {found}")


def _must(kept: bool, what: str) -> None:  # noqa: FBT001  the first is what must hold
    if not kept:
        raise PlanDisagrees(f"deficit: {what} is not what the tables allow")
