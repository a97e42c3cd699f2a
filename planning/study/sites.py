"""Asking the optimiser: which candidates, under which constraints, and what the plan changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import catchment, siting
from planning.errors import Fault
from planning.siting import SitingPlan
from planning.standards import Clause
from planning.study import combined, constraints, deficits, layers, worth
from planning.study.circles import cover_level
from planning.study.records import Ground, LevelCover, StudyInputs
from planning.tables import AGE_BANDS, WEIGHTS

_MODELS: Final[Mapping[str, Callable[..., SitingPlan]]] = {
    "lscp": siting.lscp,
    "mclp": siting.mclp,
    "p_median": siting.p_median,
    "p_center": siting.p_center,
    "deficit": siting.deficit,
    "capacitated": siting.capacitated,
}

_BY_RADIUS: Final = ("lscp", "mclp", "deficit", "capacitated")
_OWN_GAINS: Final = ("deficit", "capacitated")
_KEPT: Final = ("facility_id", "name", "source", "role", "max_floor_area_m2", "cost", "available_from")


@dataclass(frozen=True, eq=False)
class Question:
    """What the optimiser is asked: the model, its two tables and every option of its verb.

    ``deficit`` is what a plan that lowers the shortfall is held against, beside its options.
    """

    model: str
    reach: pd.DataFrame
    demand: pd.DataFrame
    options: Mapping[str, Any]
    deficit: deficits.Deficits | None = None

    def answer(self) -> SitingPlan:
        """Ask the model."""
        return _MODELS[self.model](self.reach, self.demand, **self.options)


@dataclass(frozen=True, eq=False)
class Choice:
    """A siting answer: the solver's plan, the layer of its sites, its entry in the summary; what was asked and found.

    ``covers`` is the coverage of the level sites are sought for, before and after; ``solved`` is the model's own
    answer, which ``plan`` tells by what is newly covered.
    """

    plan: SitingPlan | None
    layer: gpd.GeoDataFrame
    summary: Mapping[str, Any] | None
    question: Question | None = None
    covers: tuple[LevelCover, LevelCover] | None = None
    solved: SitingPlan | None = None

    @property
    def after(self) -> LevelCover | None:
        """Return the coverage of the level once the plan stands, None where no sites were sought."""
        return None if self.covers is None else self.covers[1]

    def with_figures(self, figures: Mapping[str, Any]) -> Choice:
        """Return the same choice with more figures in its entry of the summary."""
        return self if self.summary is None else replace(self, summary={**self.summary, **figures})


def check(inputs: StudyInputs) -> list[Fault]:
    """Return what stands between the tables and the siting the plan asks for."""
    plan = inputs.plan
    if "candidates" not in inputs.tables and plan.siting.generate is None:
        return []
    own = [
        *_model_faults(inputs),
        *_explain_faults(inputs),
        *_weight_faults(inputs),
        *_number_faults(inputs),
        *constraints.check(inputs),
    ]
    return own + deficits.check(inputs) + combined.check(inputs)


def _model_faults(inputs: StudyInputs) -> list[Fault]:
    plan = inputs.plan
    if plan.siting.model in _MODELS:
        return []
    facts = {"known": ", ".join(_MODELS)}
    return [Fault("siting_model_absent", file=plan.file, column="siting.model", value=plan.siting.model, facts=facts)]


def _explain_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse to explain a model whose losses and reasons are not counted: by another's measure they would be wrong."""
    plan = inputs.plan
    if plan.siting.explain is not True or plan.siting.model in siting.EXPLAINED or plan.siting.model not in _MODELS:
        return []
    facts = {"known": ", ".join(siting.EXPLAINED)}
    return [Fault("siting_explain_model", file=plan.file, column="siting.explain", value=plan.siting.model,
                  facts=facts)]  # fmt: skip


def _weight_faults(inputs: StudyInputs) -> list[Fault]:
    """Refuse a demand that no area states, not even by its buildings or its unit: the plan's or one it is tried on."""
    plan, areas = inputs.plan, inputs.tables["residential"]
    tried = plan.siting.robustness.axes.get("demand", ()) if plan.siting.robustness else ()
    absent = [one for one in dict.fromkeys((plan.siting.demand, *map(str, tried))) if areas[one].isna().all()]
    present = "、".join(name for name in WEIGHTS if areas[name].notna().any())
    file = plan.inputs["residential"].file.name
    return [Fault("demand_column_absent", file=file, column=one, facts={"present": present}) for one in absent]


def _number_faults(inputs: StudyInputs) -> list[Fault]:
    plan, candidates = inputs.plan, inputs.tables.get("candidates")
    if candidates is None:  # those made later are counted then
        return []
    out = {one.facility_id for one in constraints.excluded(plan, candidates)}
    usable = int(((candidates["role"] != "forbidden") & ~candidates["facility_id"].isin(out)).sum())
    if plan.siting.p is None:
        return [] if usable else [Fault("siting_no_candidates", file=plan.file, column="inputs.candidates", value="0")]
    wanted = plan.siting.p
    if wanted <= usable:
        return []
    facts: dict[str, Any] = {"usable": usable, "all": len(candidates)}
    return [Fault("siting_p_above_candidates", file=plan.file, column="siting.p", value=str(wanted), facts=facts)]


def choose(inputs: StudyInputs, ground: Ground) -> Choice:
    """Choose the new sites; without candidates there is nothing to choose.

    The plan is evaluated by the same coverage functions as the current state, once before and once after.
    """
    plan, facilities = inputs.plan, ground.facilities
    if "candidates" not in inputs.tables:
        return nothing(ground)
    offered = facilities[facilities["status"] == "candidate"]
    fixed = layers.serving(facilities, plan.siting.level)
    asked = question(inputs, ground, offered, fixed)
    answer = solved = asked.answer()
    if asked.model not in _OWN_GAINS:
        answer = worth.retold(inputs, ground, fixed, offered, solved)
    opened = offered.set_index("facility_id", drop=False).loc[list(answer.sites)]
    before = cover_level(inputs, ground, fixed, radius_m=plan.siting_radius_m)
    staying = fixed[~fixed["facility_id"].isin(answer.closed)]
    after = cover_level(inputs, ground, layers.together(staying, opened), radius_m=plan.siting_radius_m)
    layer = _layer(answer, opened, facilities, inputs)
    summary = _summary(inputs, answer, layer, before.summary, after.summary)
    summary |= constraints.summary(inputs, offered, answer)
    summary |= combined.summary(answer)
    if asked.deficit is not None:
        judged = deficits.held(inputs, ground, asked.deficit, answer, combined.shortfall_of(answer))
        summary |= deficits.summary(asked.deficit, answer, judged)
    return Choice(answer, layer, summary, asked, (before, after), solved)


def nothing(ground: Ground) -> Choice:
    """Return the answer to no question."""
    return Choice(None, _no_sites(ground.facilities), None)


def serving_with(choice: Choice, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the facilities in service together with the chosen sites."""
    opened = facilities["facility_id"].isin(choice.layer["facility_id"])
    closed = facilities["facility_id"].isin(() if choice.plan is None else choice.plan.closed)
    return facilities[(facilities["in_service"] & ~closed) | opened]


def question(inputs: StudyInputs, ground: Ground, offered: gpd.GeoDataFrame, fixed: gpd.GeoDataFrame) -> Question:
    """Build the reach table and the constraints that the model is asked with."""
    plan, ask = inputs.plan, inputs.plan.siting
    by_radius = ask.model in _BY_RADIUS
    reach = catchment.reach(
        ground.walkways,
        pd.concat([fixed, offered], ignore_index=True),
        layers.demand_points(ground.access),
        limit_m=plan.siting_radius_m if by_radius else np.inf,
        max_snap_m=plan.walk.max_snap_m,
    )
    facts: dict[str, Any] = {
        "fixed": tuple(fixed["facility_id"]),
        "required": tuple(offered.loc[offered["role"] == "required", "facility_id"]),
        "time_limit_s": ask.time_limit_s,
    }
    if ask.model != "lscp":
        facts["p"] = ask.p
    if ask.model != "p_center":
        facts["weight"] = ask.demand
    if by_radius:
        facts["radius_m"] = plan.siting_radius_m
    facts |= constraints.options(inputs, offered, fixed, ground.places)
    facts["candidates"] = tuple(offered["facility_id"])
    walks = layers.by_effort(reach)
    deficit = deficits.ask(inputs, ground, offered, walks) if combined.wants_shortfall(inputs) else None
    facts |= combined.options(inputs, offered, fixed, deficit)
    return Question(ask.model, walks, demand_table(inputs), facts, deficit)


def demand_table(inputs: StudyInputs) -> pd.DataFrame:
    """Return the weights of every area by ``demand_id``; an empty cell weighs nothing."""
    areas = inputs.tables["residential"]
    weights = pd.DataFrame(areas[[*WEIGHTS, *AGE_BANDS]]).fillna(0.0)
    return weights.set_axis(pd.Index(areas["residential_id"], name="demand_id"), axis="index")


def _size_clause(inputs: StudyInputs) -> Clause | None:
    """Return the document's clause on the size of a facility of the level that sites are sought for."""
    level = inputs.plan.siting.level
    clauses = inputs.standard.clauses
    return next((one for one in clauses if one.metric == "facility_size" and level in one.levels), None)


def _size_ok(area_m2: pd.Series, clause: Clause | None) -> pd.Series:
    """Say whether a site is large enough to count under the document; missing where either is unknown."""
    if clause is None or clause.value is None:
        return pd.Series(pd.NA, index=area_m2.index, dtype="boolean")
    enough = [None if pd.isna(area) else Decimal(str(area)) >= clause.value for area in area_m2]
    return pd.Series(enough, index=area_m2.index, dtype="boolean")


def _layer(
    answer: SitingPlan, opened: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, inputs: StudyInputs
) -> gpd.GeoDataFrame:
    """Return the chosen sites with rank, phase and gain, in rank order."""
    made = ["suggested"] if "suggested" in opened else []
    layer = opened[[*_KEPT, *made, "geometry"]].astype(dict.fromkeys(made, bool)).reset_index(drop=True)
    layer.insert(2, "rank", range(1, len(layer) + 1))
    layer.insert(3, "phase", list(answer.phase) if answer.phase else None)
    layer.insert(4, "gain", list(answer.gain))
    largest = inputs.plan.siting.max_floor_area_m2
    layer.insert(5, "floor_area_m2", list(answer.floor_area_m2) or layer["max_floor_area_m2"].clip(upper=largest))
    layer.insert(6, "size_ok", _size_ok(layer["floor_area_m2"], _size_clause(inputs)))
    return gpd.GeoDataFrame(layer, geometry="geometry", crs=facilities.crs)


def _no_sites(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the layer without a row, with the columns it has otherwise."""
    kinds = {"rank": "int64", "gain": "float64", "floor_area_m2": "float64", "size_ok": "boolean",
             "max_floor_area_m2": "float64", "cost": "float64"}  # fmt: skip
    columns = ["facility_id", "name", "rank", "phase", "gain", "floor_area_m2", "size_ok", *_KEPT[2:]]
    empty = {name: pd.Series(dtype=kinds.get(name, "str")) for name in columns}
    return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=facilities.crs))


def _summary(
    inputs: StudyInputs,
    answer: SitingPlan,
    layer: gpd.GeoDataFrame,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> dict[str, Any]:
    """Return ``summary.siting``."""
    ask, areas = inputs.plan.siting, inputs.tables["residential"]
    missing = areas.loc[areas[ask.demand].isna(), "residential_id"]
    sites = layer.drop(columns="geometry").to_dict("records")
    return {
        "model": ask.model,
        "level": ask.level,
        "demand": ask.demand,
        "radius_m": inputs.plan.siting_radius_m if ask.model in _BY_RADIUS else None,
        "p": ask.p,
        "status": answer.status,
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "sites": sites,
        "before": dict(before),
        "after": dict(after),
        "unreachable": list(answer.unreachable),
        "unserved": list(answer.unserved),
        "ties": [list(pair) for pair in answer.ties],
        "reasons": [dict(reason) for reason in answer.reasons],
        "weight_missing": sorted(missing),
        "not_explained": list(ask.then if ask.model in siting.EXPLAINED else (ask.model,)),
    }
