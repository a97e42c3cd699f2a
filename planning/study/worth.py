"""What a siting plan adds, told by the same coverage that the current state is told by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import pandas as pd

from planning import catchment
from planning.siting import SitingPlan
from planning.study import layers
from planning.study.circles import cover_level
from planning.study.records import Ground, StudyInputs

PROVEN_GAP = 1e-6


def retold(
    inputs: StudyInputs, ground: Ground, fixed: gpd.GeoDataFrame, offered: gpd.GeoDataFrame, answer: SitingPlan
) -> SitingPlan:
    """Return ``answer`` with gains that are demand newly covered and add up to what the plan changes.

    The covering models say so themselves where an area counts whole. The distance models do not know a radius: their
    sites are ranked and told by what they newly cover. Where areas count in parts (``walk.rule``), a covering model
    chooses by the way to the gates, which is then only a good plan: its objective is what coverage says, its bound
    what all candidates together would cover.
    """
    whole, every = inputs.plan.walk.rule == "entrance", fixed
    fixed = fixed[~fixed["facility_id"].isin(answer.closed)]
    if not answer.sites or (whole and answer.model in ("mclp", "lscp")):
        return answer
    if whole:
        return _ranked(inputs, ground, fixed, offered, answer)
    told = replace(answer, gain=_gains(inputs, ground, fixed, offered, answer.sites))
    return _bounded(inputs, ground, every, offered, told) if answer.model == "mclp" else told


def _ranked(
    inputs: StudyInputs, ground: Ground, fixed: gpd.GeoDataFrame, offered: gpd.GeoDataFrame, answer: SitingPlan
) -> SitingPlan:
    """Order the sites of each phase by what they newly cover within the siting radius, ties by id."""
    opened = offered[offered["facility_id"].isin(answer.sites)]
    near = catchment.reach(
        ground.walkways,
        pd.concat([fixed, opened], ignore_index=True),
        layers.demand_points(ground.access),
        limit_m=inputs.plan.siting_radius_m,
        max_snap_m=inputs.plan.walk.max_snap_m,
    )
    areas = inputs.tables["residential"]
    weight = areas.set_index("residential_id")[inputs.plan.siting.demand].fillna(0.0)
    circle = near.groupby("facility_id")["demand_id"].agg(set).to_dict()
    served: set[str] = set().union(*(circle.get(name, set()) for name in fixed["facility_id"]))
    phase_of = dict(zip(answer.sites, answer.phase, strict=True)) if answer.phase else {}
    order: list[str] = []
    gains: list[float] = []
    for phase in dict.fromkeys(answer.phase) or [None]:
        left = {name for name in answer.sites if phase_of.get(name) == phase}
        while left:
            added = {name: math.fsum(weight[sorted(circle.get(name, set()) - served)]) for name in sorted(left)}
            best = max(added, key=lambda name: added[name])
            order.append(best)
            gains.append(added[best])
            served |= circle.get(best, set())
            left.remove(best)
    return replace(
        answer,
        sites=tuple(order),
        gain=tuple(gains),
        phase=tuple(phase_of[name] for name in order) if phase_of else (),
    )


def _gains(
    inputs: StudyInputs, ground: Ground, fixed: gpd.GeoDataFrame, offered: gpd.GeoDataFrame, sites: Sequence[str]
) -> tuple[float, ...]:
    """Return what each site adds to those before it, by the plan's own rule of coverage."""
    steps = [_worth(inputs, ground, fixed, offered, sites[:count]) for count in range(len(sites) + 1)]
    return tuple(after - before for before, after in pairwise(steps))


def _bounded(
    inputs: StudyInputs, ground: Ground, fixed: gpd.GeoDataFrame, offered: gpd.GeoDataFrame, answer: SitingPlan
) -> SitingPlan:
    """Return the plan with its objective as coverage tells it, and the bound of opening every candidate."""
    usable = offered.loc[offered["role"] != "forbidden", "facility_id"]
    staying = fixed[~fixed["facility_id"].isin(answer.closed)]
    objective = _worth(inputs, ground, staying, offered, answer.sites)
    bound = _worth(inputs, ground, fixed, offered, tuple(usable))
    gap = 0.0 if bound == objective else (bound - objective) / objective if objective else math.inf
    return replace(
        answer,
        objective=objective,
        bound=bound,
        gap=gap,
        status="optimal" if gap <= PROVEN_GAP else "feasible",
        ties=(),
    )


def _worth(
    inputs: StudyInputs, ground: Ground, fixed: gpd.GeoDataFrame, offered: gpd.GeoDataFrame, sites: Sequence[str]
) -> float:
    """Return the demand covered by the fixed centres and ``sites`` together."""
    opened = offered[offered["facility_id"].isin(sites)]
    serving = layers.together(fixed, opened)
    cover = cover_level(inputs, ground, serving, radius_m=inputs.plan.siting_radius_m)
    return float(cover.summary[f"{inputs.plan.siting.demand}_covered"] or 0)
