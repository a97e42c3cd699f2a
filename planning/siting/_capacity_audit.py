"""Room `siting`: hold a capacitated plan against the tables it came from."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pandas as pd

from planning import texts
from planning.siting._ask import Wants
from planning.siting._audit import PlanDisagrees
from planning.siting._capacity_tables import Sizes
from planning.siting._plan import SitingPlan
from planning.siting._units import Floats


def reason(code: str, subject: Any, **facts: Any) -> dict[str, str]:
    """Return one reason why there is no plan, with its sentence."""
    message = texts.both(f"siting.reason.{code}", subject=subject, **facts)
    return {"code": code, "subject_kind": "facility", "subject_id": str(subject), "message": message}


def check(
    plan: SitingPlan,
    reach: pd.DataFrame,
    demand: pd.DataFrame,
    wants: Wants,
    given: Sizes,
    loads: Floats,
    *,
    single_source: bool,
) -> SitingPlan:
    """Return ``plan`` once every assignment is within the radius of an open facility and no capacity is passed.

    Raises
    ------
    PlanDisagrees
        Where an assignment, a capacity, p, a role or the objective is not what the tables allow.
    """
    metres = reach.set_index(["facility_id", "demand_id"])["distance_m"]
    load = dict(zip(sorted(demand.index, key=lambda one: (isinstance(one, str), one)), loads.tolist(), strict=True))
    weight = demand[str(wants.weight)].to_dict()
    open_ = {*plan.sites, *wants.fixed}
    used: dict[Any, float] = defaultdict(float)
    served: dict[Any, float] = defaultdict(float)
    for place, facility, share in plan.assigned:
        near = facility in open_ and metres.get((facility, place), math.inf) <= wants.radius_m
        if not near or not 0 < share <= 1 or (single_source and share != 1):
            raise PlanDisagrees(f"capacitated: {place} cannot be served by {facility} with {share}")
        used[facility] += share * load[place]
        served[place] += share
    most = {facility: max(size.capacity for size in given.of(facility)) for facility in used}
    most |= {
        site: next(size.capacity for size in given.of(site) if size.name == name)
        for site, name in zip(plan.sites, plan.size, strict=True)
    }
    over = [one for one, amount in used.items() if amount > most[one] + 1e-6 * max(1.0, amount)]
    twice = [place for place, share in served.items() if share > 1 + 1e-6]
    value = math.fsum(weight[place] * share for place, _, share in plan.assigned)
    known = {*reach["facility_id"], *wants.candidates} - set(wants.fixed) - set(wants.forbidden)
    roles = set(plan.sites) <= known and set(wants.required) <= set(plan.sites) and len(plan.sites) <= plan.p
    if over or twice or not roles or not math.isclose(value, plan.objective, rel_tol=1e-9, abs_tol=1e-6):
        raise PlanDisagrees(f"capacitated: {over}, {twice}, {plan.sites}, {value} against {plan.objective}")
    return plan
