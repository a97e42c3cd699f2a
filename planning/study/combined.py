"""Asking for more than one thing: capacities of sites, and further objectives after a model's own."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import geopandas as gpd
import pandas as pd

from planning import lifecycle
from planning.errors import Fault
from planning.siting import SitingPlan, Then
from planning.study import layers
from planning.study.deficits import Deficits
from planning.study.records import StudyInputs
from planning.units import exact


def check(inputs: StudyInputs) -> list[Fault]:
    """Return what keeps the further objectives and capacities from being counted."""
    plan, ask = inputs.plan, inputs.plan.siting
    found = []
    if "shortfall" in ask.then and ask.level not in lifecycle.QUOTA_LEVELS:
        facts = {"known": ", ".join(lifecycle.QUOTA_LEVELS)}
        found.append(Fault("siting_deficit_level", file=plan.file, column="siting.level", value=ask.level, facts=facts))
    candidates = inputs.tables.get("candidates")
    if "cost" in ask.then and candidates is not None:
        usable = candidates[(candidates["role"] != "forbidden").fillna(value=True)]
        missing = usable.loc[usable["cost"].isna(), "facility_id"].tolist()
        if missing:
            found.append(Fault("siting_then_cost", file=plan.file, column="siting.then", value="、".join(missing)))
    return found + _area_faults(inputs)


def _area_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse capacity by floor area where an existing facility states none."""
    ask = inputs.plan.siting
    if ask.capacity_per_m2 is None:
        return []
    serving = layers.serving(layers.all_facilities(inputs), ask.level)
    unknown = serving.loc[serving["floor_area_m2"].isna(), "facility_id"].tolist()
    return [
        Fault("siting_capacity_area", file=inputs.plan.inputs["facilities"].file.name, column="floor_area_m2",
              value="、".join(unknown))
    ] if unknown else []  # fmt: skip


def wants_shortfall(inputs: StudyInputs) -> bool:
    """Say whether the floor area that is missing plays a part: in the model or after it."""
    ask = inputs.plan.siting
    return ask.model == "deficit" or "shortfall" in ask.then


def options(
    inputs: StudyInputs, offered: gpd.GeoDataFrame, fixed: gpd.GeoDataFrame, deficit: Deficits | None
) -> dict[str, Any]:
    """Return the tables and objectives of the plan beyond its conditions, as the siting models take them."""
    ask = inputs.plan.siting
    if ask.model == "deficit":
        return {} if deficit is None else deficit.options
    if ask.model == "capacitated":
        return _capacities(inputs, offered, fixed)
    if not ask.then:
        return {}
    cost = offered.set_index("facility_id")["cost"]
    if deficit is None:
        return {"then": Then(ask.then, cost=cost)}
    tables = {name: deficit.options[name] for name in ("needs", "sites", "credit")}
    return {"then": Then(ask.then, cost=cost, **tables)}


def _capacities(inputs: StudyInputs, offered: gpd.GeoDataFrame, fixed: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return capacity and cost of every facility; a candidate of unknown floor area can serve nobody."""
    ask = inputs.plan.siting
    most = exact(ask.max_floor_area_m2)
    areas = [exact(m2) for m2 in offered["max_floor_area_m2"]]
    usable = [m2 if m2 is None or most is None else min(m2, most) for m2 in areas]
    sizes = pd.DataFrame(
        {
            "facility_id": offered["facility_id"].to_numpy(),
            "size": None,
            "capacity": [_capacity(inputs, m2) for m2 in usable],
            "cost": offered["cost"].to_numpy(),
        }
    )
    return {
        "capacity": pd.Series(
            [_capacity(inputs, exact(m2)) for m2 in fixed["floor_area_m2"]], index=fixed["facility_id"], dtype=float
        ),
        "sizes": sizes,
        "budget": ask.budget,
        "single_source": ask.single_source,
        "then": ("sites", *(ask.then or ("distance",))),
    }


def _capacity(inputs: StudyInputs, floor_area_m2: Fraction | None) -> float:
    """Return how many a facility can serve, in the unit of the demand."""
    ask = inputs.plan.siting
    if ask.capacity_per_m2 is None:
        return float(ask.capacity_per_site or 0.0)
    return float((floor_area_m2 or Fraction(0)) * (exact(ask.capacity_per_m2) or Fraction(0)))


def shortfall_of(answer: SitingPlan) -> float:
    """Return the shortfall a plan says it leaves."""
    if answer.model == "deficit":
        return answer.objective
    said = [stage.objective for stage in answer.stages if stage.name == "shortfall"]
    return said[0] if said else answer.objective


def summary(answer: SitingPlan) -> dict[str, Any]:
    """Return what the summary says of stages, and of who is served where."""
    found: dict[str, Any] = {"stages": [vars(stage) for stage in answer.stages]}
    if answer.model == "capacitated":
        found["assigned"] = [
            {"residential_id": place, "facility_id": site, "share": share} for place, site, share in answer.assigned
        ]
    return found if answer.stages else {}
