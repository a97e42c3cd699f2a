"""What the plan holds new sites to, as the siting models take it, and which candidates it leaves no way to open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning import demand, lifecycle, siting, texts
from planning.errors import Fault
from planning.plan import Plan
from planning.siting import SitingPlan
from planning.study import layers
from planning.study.records import Places, StudyInputs
from planning.tables import AGE_BANDS, WEIGHTS
from planning.units import exact

SIZED: Final = ("deficit", "capacitated")
"""Models that choose sizes: their money stands in tables of their own, and they close nothing."""
COVERING: Final = ("lscp", "mclp", "deficit")
_SHARES: Final = ("min_share_per_street", "min_share")


@dataclass(frozen=True)
class Excluded:
    """A candidate that cannot open, with the reason as the summary tells it."""

    facility_id: str
    code: str
    facts: Mapping[str, Any]

    def told(self) -> dict[str, str]:
        """Return the reason as it stands in the summary."""
        message = texts.both(f"siting.excluded.{self.code}", subject=self.facility_id, **self.facts)
        return {"code": self.code, "subject_kind": "facility", "subject_id": self.facility_id, "message": message}


# ----------------------------------------------------------------------------------------------------------- checks


def check(inputs: StudyInputs) -> list[Fault]:
    """Return what stands between the tables and the conditions the plan asks for."""
    found = [*_model_faults(inputs.plan), *_street_faults(inputs), *_closing_faults(inputs), *_share_faults(inputs)]
    if "candidates" not in inputs.tables:  # those made later are held against sizes and days then
        return found
    return [*found, *_excluded_faults(inputs), *_cost_faults(inputs)]


def _model_faults(plan: Plan) -> list[Fault]:
    """Refuse conditions that the model does not take."""
    ask = plan.siting
    alien = [key for key in _SHARES if getattr(ask, key) and ask.model not in COVERING]
    alien += ["may_close"] if ask.may_close and ask.model in SIZED else []
    if not alien:
        return []
    facts = {"keys": "、".join(alien)}
    return [Fault("siting_rules_model", file=plan.file, column=f"siting.{alien[0]}", value=ask.model, facts=facts)]


def _by_street(plan: Plan) -> bool:
    ask = plan.siting
    return ask.one_per_street or ask.min_per_street > 0 or ask.min_share_per_street > 0


def _street_faults(inputs: StudyInputs) -> list[Fault]:
    units = inputs.tables.get("units")
    if not _by_street(inputs.plan) or (units is not None and units["type"].isin(layers.STREET_TYPES).any()):
        return []
    return [Fault("siting_streets_absent", file=inputs.plan.file, column="inputs.units")]


def _closing_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse to close what is not in service at the level asked for."""
    plan = inputs.plan
    if not plan.siting.may_close:
        return []
    serving = layers.serving(layers.all_facilities(inputs), plan.siting.level)
    alien = sorted(set(plan.siting.may_close) - set(serving["facility_id"]))
    if not alien:
        return []
    return [Fault("siting_may_close_absent", file=plan.file, column="siting.may_close", value="、".join(alien))]


def _share_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse a least share of people whom no area states."""
    areas, plan = inputs.tables["residential"], inputs.plan
    absent = [name for name in plan.siting.min_share if not areas[name].notna().any()]
    present = "、".join(name for name in _stated(areas))
    file = plan.inputs["residential"].file.name
    return [Fault("demand_column_absent", file=file, column=name, facts={"present": present}) for name in absent]


def _stated(areas: pd.DataFrame) -> list[str]:
    """Return the weights that any area states."""
    return [name for name in (*WEIGHTS, *AGE_BANDS) if areas[name].notna().any()]


def _excluded_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse a required candidate that sizes or days keep from opening."""
    candidates = inputs.tables["candidates"]
    required = set(candidates.loc[candidates["role"] == "required", "facility_id"])
    return [
        Fault(
            "siting_required_excluded",
            file=inputs.plan.inputs["candidates"].file.name,
            row=_row_of(candidates, one.facility_id),
            column="role",
            value=one.facility_id,
            facts={f"why_{lang}": texts.t(f"siting.excluded.{one.code}", lang, subject=one.facility_id, **one.facts)
                   for lang in texts.LANGUAGES},
        )
        for one in excluded(inputs.plan, candidates)
        if one.facility_id in required and "candidates" in inputs.plan.inputs
    ]  # fmt: skip


def _cost_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse a budget over candidates whose cost is not stated."""
    plan, candidates = inputs.plan, inputs.tables["candidates"]
    limited = plan.siting.budget is not None or any(phase.budget is not None for phase in plan.siting.phases)
    if not limited or plan.siting.model in SIZED or "candidates" not in plan.inputs:
        return []
    out = {one.facility_id for one in excluded(plan, candidates)}
    usable = candidates[(candidates["role"] != "forbidden") & ~candidates["facility_id"].isin(out)]
    file = plan.inputs["candidates"].file.name
    return [
        Fault("siting_cost_missing", file=file, row=_row_of(candidates, one), column="cost", value=str(one))
        for one in usable.loc[usable["cost"].isna(), "facility_id"]
    ]


def _row_of(table: pd.DataFrame, facility_id: str) -> int | None:
    """Return the row of the file a candidate stands in, where that is known."""
    if "source_row" not in table:
        return None
    row = table.loc[table["facility_id"] == facility_id, "source_row"].iloc[0]
    return None if pd.isna(row) else int(row)


# --------------------------------------------------------------------------------------------------------- exclusion


def excluded(plan: Plan, candidates: pd.DataFrame) -> list[Excluded]:
    """Return the candidates that cannot open by the last phase's day: too small, of unknown size, to be had later."""
    return [*_by_size(plan, candidates), *_by_day(_last_day(plan), candidates)]


def _by_size(plan: Plan, candidates: pd.DataFrame) -> list[Excluded]:
    least = plan.siting.min_floor_area_m2
    if least is None:
        return []
    area = candidates.set_index("facility_id")["max_floor_area_m2"]
    unknown, small = area[area.isna()], area[area < least]
    return [
        *(Excluded(str(one), "floor_area_unknown", {"least": least}) for one in unknown.index),
        *(Excluded(str(one), "floor_area_below", {"least": least, "area": value}) for one, value in small.items()),
    ]


def _by_day(day: date | None, candidates: pd.DataFrame) -> list[Excluded]:
    return [
        Excluded(one, "available_later", {"from_day": since, "day": str(day)}) for one, since in _later(day, candidates)
    ]


def _later(day: date | None, candidates: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the candidates that may be to be had only after ``day``, with the date stated."""
    if day is None:
        return []
    late = candidates[~lifecycle.surely_by(candidates["available_from"], day)]
    return [(str(one), str(since)) for one, since in zip(late["facility_id"], late["available_from"], strict=True)]


def _last_day(plan: Plan) -> date | None:
    """Return the day by which a site must be to be had; None where none is stated: sites open after `as_of`."""
    return plan.siting.phases[-1].by if plan.siting.phases else None


# ------------------------------------------------------------------------------------------------------------ options


def options(inputs: StudyInputs, offered: gpd.GeoDataFrame, fixed: gpd.GeoDataFrame, places: Places) -> dict[str, Any]:
    """Return the conditions of the plan as the siting models take them, candidates that cannot open left out."""
    plan, ask = inputs.plan, inputs.plan.siting
    both = pd.concat([fixed, offered], ignore_index=True)
    found: dict[str, Any] = {"forbidden": _closed(plan, offered)}
    if ask.phases:
        found["phases"] = tuple(_phase(inputs, phase, offered) for phase in ask.phases)
    if ask.model == "lscp" and ask.share is not None:
        found["share"] = ask.share
    if ask.one_per_street or ask.min_per_street:
        found |= {"one_per_street": ask.one_per_street, "min_per_street": ask.min_per_street}
        found |= {"street_of": _street_of(both, inputs), "streets": _streets(inputs)}
    if ask.min_share_per_street > 0:
        found["min_share_per_street"] = ask.min_share_per_street
        found["demand_street"] = places.street.rename_axis("demand_id")
    if ask.min_share:
        found["min_share"] = dict(ask.min_share)
    if ask.spacing_m > 0:
        found |= {"spacing_m": ask.spacing_m, "points": _points(both)}
    if ask.may_close:
        found["may_close"] = ask.may_close
    if "preferred" in offered:
        chosen = offered["preferred"].astype(bool) & ~offered["facility_id"].isin(found["forbidden"])
        found["preferred"] = tuple(offered.loc[chosen, "facility_id"])
    return found if ask.model in SIZED else found | _money(inputs, offered)


def _money(inputs: StudyInputs, offered: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return what candidates cost, and the limit of that where there is one."""
    budget = inputs.plan.siting.budget
    return {"cost": offered.set_index("facility_id")["cost"]} | ({} if budget is None else {"budget": budget})


def _closed(plan: Plan, offered: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Return the candidates that may not open or cannot."""
    forbidden = offered.loc[offered["role"] == "forbidden", "facility_id"]
    return tuple(sorted({*forbidden, *(one.facility_id for one in excluded(plan, offered))}))


def _phase(inputs: StudyInputs, phase: Any, offered: gpd.GeoDataFrame) -> siting.Phase:
    """Return a phase with the sites not to be had and the demand not there by its end."""
    areas = inputs.tables["residential"]
    absent: list[str] = []
    if phase.by is not None:
        built = lifecycle.surely_by(areas["completion_date"], phase.by)
        absent = areas.loc[~built, "residential_id"].tolist()
    lacking = tuple(one for one, _ in _later(phase.by, offered))
    return siting.Phase(phase.name, phase.p, phase.budget, unavailable=lacking, absent=tuple(absent))


def _streets(inputs: StudyInputs) -> tuple[str, ...]:
    units = inputs.tables["units"]
    return tuple(units.loc[units["type"].isin(layers.STREET_TYPES), "unit_id"])


def _street_of(facilities: gpd.GeoDataFrame, inputs: StudyInputs) -> pd.Series:
    """Return the street whose polygon contains each facility."""
    street = demand.unit_of(facilities, inputs.tables["units"], list(layers.STREET_TYPES))
    return street.set_axis(pd.Index(facilities["facility_id"], name="facility_id"))


def _points(facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return one point a facility: itself, or one inside its polygon."""
    points = gpd.GeoSeries(facilities.geometry).representative_point()
    return pd.DataFrame({"x_m": points.x.to_numpy(), "y_m": points.y.to_numpy()}, index=facilities["facility_id"])


# ------------------------------------------------------------------------------------------------------------ summary


def summary(inputs: StudyInputs, offered: gpd.GeoDataFrame, answer: SitingPlan) -> dict[str, Any]:
    """Return what ``summary.siting`` says of the conditions: money, closings, phases, candidates that cannot open."""
    ask = inputs.plan.siting
    usable = offered[offered["role"] != "forbidden"]
    days = {phase.name: phase.by for phase in ask.phases}
    cost = offered.set_index("facility_id")["cost"].reindex(list(answer.sites)).astype(float)
    return {
        "budget": ask.budget,
        "spent": _sum(cost) if answer.spent is None else answer.spent,
        "closed": list(answer.closed),
        "excluded": [one.told() for one in excluded(inputs.plan, usable)],
        "phases": [
            {
                "name": phase.name,
                "by": None if days.get(phase.name) is None else str(days[phase.name]),
                "p": phase.p,
                "budget": phase.budget,
                "spent": phase.spent,
                "sites": list(phase.sites),
                "objective": phase.objective,
                "own_optimum": _number(phase.own_optimum),
                "own_bound": _number(phase.own_bound),
                "own_sites": list(phase.own_sites),
                "cost_of_commitment": phase.cost_of_commitment,
            }
            for phase in answer.phases
        ],
    }


def _sum(amounts: pd.Series) -> float | None:
    """Return the sum of amounts as they are written; None where one is not known."""
    known = [exact(one) for one in amounts]
    return None if None in known else float(sum(filter(None, known)))


def _number(value: float) -> float | None:
    return None if pd.isna(value) else value
