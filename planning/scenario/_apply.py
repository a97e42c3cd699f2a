"""Room `planning.scenario`: a plan's inputs as a scenario has them: what is shown and what is exported start here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import standards
from planning.errors import Fault, refuse
from planning.plan import InputSpec, Plan, Siting
from planning.scenario._edits import Settings, State
from planning.scenario._text import check_value
from planning.scenario._value import Scenario
from planning.standards import Standard
from planning.study import StudyInputs
from planning.tables import contract

EDITABLE: Final = ("candidates", "facilities", "barriers", "entrances")


def applied(inputs: StudyInputs, scenario: Scenario) -> StudyInputs:
    """Return the inputs of a run as a scenario has them.

    Opened and placed sites are required candidates, all others are left out of the choice, so that the run reports
    them as its plan; a facility that was switched off is closed. Conditions, phases, rules and suggestions of the plan
    that concern the choice of sites are gone: the sites are given.

    Parameters
    ----------
    inputs
        Of the plan, as read or as a run settled them.

    Raises
    ------
    InputRefused
        For edits of what is not there (any more), another CRS, or a standard that cannot be read as the plan asks.
    """
    state = scenario.state
    refuse(check(inputs, scenario))
    edited = {
        "candidates": _candidates(inputs, state),
        "facilities": _facilities(inputs, state),
        "barriers": _barriers(inputs, state),
        "entrances": _gates(inputs, state),
    }
    tables = {**inputs.tables, **{name: table for name, table in edited.items() if table is not None}}
    plan = _plan(inputs.plan, scenario, state, sited="candidates" in tables)
    return replace(inputs, plan=plan, standard=_standard(inputs, state.settings), tables=tables)


def check(inputs: StudyInputs, scenario: Scenario) -> list[Fault]:
    """Return what keeps a scenario from being applied to these inputs."""
    file, state = f"{scenario.name}.json", scenario.state
    if scenario.crs != inputs.crs.to_string():
        return [Fault("scenario_crs", file=file, value=scenario.crs, facts={"other": inputs.crs.to_string()})]
    known = {name: set(inputs.tables[name]["facility_id"]) if name in inputs.tables else set()
             for name in ("candidates", "facilities")}  # fmt: skip
    areas = set(inputs.tables["residential"]["residential_id"])
    return [
        *_absent("scenario_candidate_absent", file, {*state.opened, *state.moved} - known["candidates"]),
        *_absent("scenario_facility_absent", file, state.off - known["facilities"]),
        *_absent("scenario_area_absent", file, {gate.residential_id for gate in state.gates} - areas),
        *_absent("scenario_id_taken", file, state.placed.keys() & {*known["candidates"], *known["facilities"]}),
        *_settings_faults(state.settings),
    ]


def _absent(code: str, file: str, ids: Iterable[str]) -> list[Fault]:
    return [Fault(code, file=file, value=one) for one in sorted(ids)]


def _settings_faults(settings: Settings) -> list[Fault]:
    keys = ("speed_m_per_s", "level", "as_of", "siting_minutes")
    return [fault for key in keys if (fault := check_value(key, getattr(settings, key))) is not None]


def edited_tables(state: State) -> tuple[str, ...]:
    """Return the inputs that a scenario holds other rows of than the plan's files do; candidates always have roles."""
    edited = {"facilities": state.off, "barriers": state.barriers, "entrances": state.gates}
    return ("candidates", *(name for name, rows in edited.items() if rows))


# ------------------------------------------------------------------------------------------------------------ tables


def _candidates(inputs: StudyInputs, state: State) -> gpd.GeoDataFrame | None:
    """Return the candidates with the roles and places of the scenario; None where there are none."""
    table = inputs.tables.get("candidates")
    if table is None and not state.placed:
        return None
    names = [*contract("candidates").columns, "geometry"]
    kept = _empty("candidates", inputs) if table is None else gpd.GeoDataFrame(table[names])
    ids = kept["facility_id"]
    role = np.where(ids.isin(state.opened), "required", "forbidden")
    moved = ids.map(lambda one: shapely.Point(state.moved[one]) if one in state.moved else None)
    shapes = np.where(moved.notna(), moved, kept.geometry.to_numpy())
    kept = kept.assign(role=pd.Series(role, kept.index, dtype="str")).set_geometry(
        gpd.GeoSeries(shapes, kept.index, crs=inputs.crs)
    )
    placed = [state.placed[one] for one in sorted(state.placed)]
    rows = {
        "facility_id": [one.facility_id for one in placed],
        "name": [one.name for one in placed],
        "role": ["required"] * len(placed),
        "status": ["candidate"] * len(placed),
    }
    return _with(kept, "candidates", rows, [shapely.Point(one.x_m, one.y_m) for one in placed], inputs)


def _facilities(inputs: StudyInputs, state: State) -> gpd.GeoDataFrame | None:
    if not state.off:
        return None
    table = inputs.tables["facilities"]
    return table.assign(status=table["status"].mask(table["facility_id"].isin(state.off), "closed"))


def _barriers(inputs: StudyInputs, state: State) -> gpd.GeoDataFrame | None:
    if not state.barriers:
        return None
    table = inputs.tables.get("barriers")
    kept = _empty("barriers", inputs) if table is None else table
    ids = {"barrier_id": [f"scenario-{number}" for number in range(1, len(state.barriers) + 1)]}
    return _with(kept, "barriers", ids, list(map(shapely.LineString, state.barriers)), inputs)


def _gates(inputs: StudyInputs, state: State) -> gpd.GeoDataFrame | None:
    if not state.gates:
        return None
    table = inputs.tables.get("entrances")
    kept = _empty("entrances", inputs) if table is None else table
    rows: dict[str, Sequence[Any]] = {
        "residential_id": [gate.residential_id for gate in state.gates],
        "open": [True] * len(state.gates),
    }
    return _with(kept, "entrances", rows, [shapely.Point(gate.x_m, gate.y_m) for gate in state.gates], inputs)


def _with(
    table: gpd.GeoDataFrame,
    name: str,
    columns: Mapping[str, Sequence[Any]],
    shapes: Sequence[shapely.Geometry],
    inputs: StudyInputs,
) -> gpd.GeoDataFrame:
    """Return the table with canonical rows behind its own."""
    if not shapes:
        return table.reset_index(drop=True)
    added = _empty(name, inputs).reindex(range(len(shapes)))
    for column, values in columns.items():
        added[column] = pd.Series(list(values), dtype=added[column].dtype)
    added = added.set_geometry(gpd.GeoSeries(list(shapes), crs=inputs.crs))
    both = pd.concat([part for part in (table, added) if len(part)], ignore_index=True)
    return gpd.GeoDataFrame(both, geometry="geometry", crs=inputs.crs)


def _empty(name: str, inputs: StudyInputs) -> gpd.GeoDataFrame:
    kinds = {"number": "float64", "integer": "Int64", "flag": "boolean"}
    columns = {one.name: pd.Series(dtype=kinds.get(one.kind, "str")) for one in contract(name).columns.values()}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=inputs.crs))


# -------------------------------------------------------------------------------------------------- plan and standard


def _plan(plan: Plan, scenario: Scenario, state: State, *, sited: bool) -> Plan:
    settings, ask = state.settings, plan.siting
    specs = dict(plan.inputs)
    for name in EDITABLE:
        if name not in specs and name in edited_tables(state) and (name != "candidates" or sited):
            specs[name] = InputSpec(name, f"{name}.gpkg", plan.folder / f"{name}.gpkg")
    given = Siting(
        level=settings.level,
        model="mclp",
        p=len(state.sites) if sited else None,
        minutes=settings.siting_minutes,
        demand=ask.demand,
        time_limit_s=ask.time_limit_s,
        explain=False,
    )
    return replace(
        plan,
        name=f"{plan.name} · {scenario.name}",
        standard=settings.standard,
        as_of=settings.as_of,
        inputs=specs,
        walk=replace(plan.walk, minutes=settings.minutes, speed_m_per_s=settings.speed_m_per_s),
        siting=given,
    )


def _standard(inputs: StudyInputs, settings: Settings) -> Standard:
    """Return the document as the plan reads it; another one is read anew."""
    if settings.standard == inputs.plan.standard:
        return inputs.standard
    named = settings.standard
    where = str(inputs.plan.folder / named) if named.endswith(".toml") else named
    return standards.apply(standards.load(where), inputs.plan.standards)
