"""Room `siting`: hold every plan against the tables it came from, by other means than the model's.

A plan that does not say what the tables say is a mistake in the program: better no plan than that one.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
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
    _rules(plan, demand, wants, covered)
    return _opened(plan, reach, wants)


def mclp(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once its objective is the weight the tables show within the radius."""
    near, possible = _nearest(plan, reach, demand, wants)
    covered = near <= wants.radius_m
    weight = _weight(demand, str(wants.weight), wants)
    _say(plan, "objective", plan.objective, math.fsum(weight[covered]))
    _say(plan, "unreachable", set(plan.unreachable), set(demand.index[~(possible <= wants.radius_m)]))
    _say(plan, "unserved", set(plan.unserved), set(demand.index[(possible <= wants.radius_m) & ~covered]))
    _rules(plan, demand, wants, covered)
    return _opened(plan, reach, wants)


def p_median(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once its objective is Σ weight × distance over the served demand of the tables."""
    near, possible = _nearest(plan, reach, demand, wants)
    weight = _weight(demand, str(wants.weight), wants)
    served = np.isfinite(near)
    _say(plan, "objective", plan.objective, math.fsum(weight[served] * near[served]))
    return _of_distance(plan, reach, demand, wants, near, possible)


def p_center(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> SitingPlan:
    """Return ``plan`` once its objective is the largest distance over the served demand of the tables."""
    near, possible = _nearest(plan, reach, demand, wants)
    there = ~demand.index.isin(wants.last.absent)
    _say(plan, "objective", plan.objective, float(near[there & np.isfinite(near)].max(initial=0.0)))
    return _of_distance(plan, reach, demand, wants, near, possible)


def placed(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> None:
    """Hold a plan of a model with sizes against the conditions on its sites and on whom they cover."""
    near, _ = _nearest(plan, reach, demand, wants)
    _rules(plan, demand, wants, near <= wants.radius_m)


def _of_distance(
    plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants, near: Any, possible: Any
) -> SitingPlan:
    """Check who is left out of a plan by distance."""
    _say(plan, "unreachable", set(plan.unreachable), set(demand.index[~np.isfinite(possible)]))
    _say(plan, "unserved", set(plan.unserved), set(demand.index[np.isfinite(possible) & ~np.isfinite(near)]))
    _rules(plan, demand, wants, np.isfinite(near))
    return _opened(plan, reach, wants)


def _nearest(plan: SitingPlan, reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> tuple[Any, Any]:
    """Return, aligned with ``demand``, the distance to the nearest open site and to the nearest that could be."""
    numbers = reach.assign(distance_m=pd.to_numeric(reach["distance_m"]).astype(np.float64))
    finite = numbers[np.isfinite(numbers["distance_m"])]
    open_ = finite["facility_id"].isin(_open(plan, wants))
    possible = ~finite["facility_id"].isin(wants.closed_to)
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
    known = {*reach["facility_id"], *wants.candidates} - set(wants.fixed) - set(wants.closed_to)
    allowed = len(sites) <= plan.p and len(sites) == len(plan.sites) == len(plan.gain)
    if not (sites <= known and required <= sites and allowed):
        raise PlanDisagrees(f"{plan.model}: {plan.sites} are not sites that may be opened")
    worse = plan.bound < plan.objective if plan.model == "mclp" else plan.bound > plan.objective
    if worse or not math.isfinite(plan.objective):
        raise PlanDisagrees(f"{plan.model}: objective {plan.objective} beyond its bound {plan.bound}")
    if not set(plan.closed) <= set(wants.rules.may_close):
        raise PlanDisagrees(f"{plan.model}: {plan.closed} may not be closed")
    return plan


def _open(plan: SitingPlan, wants: Wants) -> list[Any]:
    """Return every facility that is open under the plan."""
    return [one for one in [*wants.fixed, *plan.sites] if one not in set(plan.closed)]


def _weight(demand: pd.DataFrame, column: str, wants: Wants) -> Any:
    """Return the weight of demand that is there by the end of the plan."""
    weight = demand[column].to_numpy(dtype=np.float64)
    return np.where(demand.index.isin(wants.last.absent), 0.0, weight)


def _rules(plan: SitingPlan, demand: pd.DataFrame, wants: Wants, covered: Any) -> None:
    """Hold the plan against every condition, facility by facility."""
    rules = wants.rules
    streets = [rules.street_of.get(one) for one in _open(plan, wants)] if rules.street_of is not None else []
    for site in plan.sites if rules.one_per_street else ():
        street = rules.street_of.get(site)
        if not _missing(street) and sum(one == street for one in streets if not _missing(one)) > 1:
            raise PlanDisagrees(f"{plan.model}: {site} is not alone in street {street}")
    for street in _streets(wants) if rules.min_per_street else ():
        if streets.count(street) < rules.min_per_street:
            raise PlanDisagrees(f"{plan.model}: street {street} has fewer than {rules.min_per_street}")
    money = wants.money[-1]
    if (
        money is not None
        and rules.cost is not None
        and _exact(rules.cost.get(one) for one in plan.sites) > _decimal(money)
    ):
        raise PlanDisagrees(f"{plan.model}: costs more than {money}")
    _apart(plan, wants)
    for name, share in rules.floors.items():
        _share_held(plan, name, share, _weight(demand, name, wants), covered)
    if rules.min_share_per_street and wants.weight is not None:
        weight, street_of = _weight(demand, wants.weight, wants), rules.demand_street
        street = np.array([street_of.get(one) for one in demand.index], dtype=object)
        for name in {one for one in street if not _missing(one)}:
            _share_held(plan, name, rules.min_share_per_street, weight[street == name], covered[street == name])


def _streets(wants: Wants) -> list[Any]:
    """Return every street that is named anywhere."""
    rules = wants.rules
    tables = [dict(one) for one in (rules.street_of, rules.demand_street) if one is not None]
    return [*rules.streets, *(one for table in tables for one in table.values() if not _missing(one))]


def _share_held(plan: SitingPlan, what: str, share: float, weight: Any, covered: Any) -> None:
    if _exact(weight[covered]) < _decimal(share) * _exact(weight):
        raise PlanDisagrees(f"{plan.model}: {what} is covered below {share}")


def _apart(plan: SitingPlan, wants: Wants) -> None:
    """Hold every new site against every other open facility's place."""
    rules = wants.rules
    if not rules.spacing_m:
        return
    places = {one: rules.points.loc[one, ["x_m", "y_m"]].astype(float).tolist() for one in _open(plan, wants)}
    for site in plan.sites:
        near = [
            other
            for other, place in places.items()
            if other != site and round(math.dist(place, places[site]), 3) < round(rules.spacing_m, 3)
        ]
        if near:
            raise PlanDisagrees(f"{plan.model}: {site} is nearer than {rules.spacing_m} m to {near[0]}")


def _missing(street: Any) -> bool:
    return street is None or bool(pd.isna(street))


def _decimal(number: Any) -> Fraction:
    return Fraction(Decimal(str(number)))


def _exact(numbers: Any) -> Fraction:
    return sum((_decimal(float(one)) for one in numbers), Fraction(0))


def _say(plan: SitingPlan, what: str, said: Any, found: Any) -> None:
    """Raise where plan and tables differ."""
    if said != found:
        raise PlanDisagrees(f"{plan.model}: {what} is {said}, but the tables give {found}")
