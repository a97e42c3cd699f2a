"""The figures of a result in the shape of ``summary.json``: by level, by unit, for the whole plan."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from planning import compliance, coverage
from planning.compliance import Assessment
from planning.plan import Plan
from planning.study import people
from planning.study.circles import minutes_of
from planning.study.judged import Judged
from planning.study.layers import STREET_TYPES
from planning.study.records import LevelCover, Places, StudyInputs


def unit_rows(
    inputs: StudyInputs, covers: Mapping[str, LevelCover], assessment: Assessment | None, places: Places
) -> list[dict[str, Any]]:
    """Return one entry per unit, by id: the coverage and compliance of the areas inside it; of streets, every band."""
    units = inputs.tables.get("units")
    if units is None:
        return []
    areas = people.counted(inputs.tables["residential"])
    rows = []
    for unit_id, name, kind in units.sort_values("unit_id")[["unit_id", "name", "type"]].itertuples(index=False):
        inside = _inside(unit_id, kind, places)
        rows.append(
            {
                "unit_id": unit_id,
                "name": None if pd.isna(name) else name,
                "type": kind,
                "coverage": {
                    level: _summary(areas, cover.covered, inside, inputs.plan) for level, cover in covers.items()
                },
                **(_banded(areas, covers, inside, inputs.plan) if kind in STREET_TYPES and covers else {}),
                "compliance": None if assessment is None else compliance.summarise(assessment, inside),
            }
        )
    return rows


def _banded(
    areas: gpd.GeoDataFrame, covers: Mapping[str, LevelCover], inside: pd.Index, plan: Plan
) -> dict[str, dict[str, Any]]:
    """Return the coverage of a street at every band, in the shape of ``coverage_band``."""
    bands = {
        level: {
            key: _summary(areas, covered, inside, plan, radius_m=cover.bands[key]["radius_m"])
            for key, covered in cover.banded.items()
        }
        for level, cover in covers.items()
    }
    return {"coverage_band": bands}


def unit_layer(inputs: StudyInputs, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return the units layer: input columns and, per level, households and areas covered; the compliance sums."""
    units = inputs.tables.get("units")
    if units is None:
        empty = {"unit_id": pd.Series(dtype="str"), "name": pd.Series(dtype="str"), "type": pd.Series(dtype="str")}
        return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=inputs.crs))
    flat = pd.DataFrame([_flat(row) for row in rows]).set_index("unit_id")
    return units.sort_values("unit_id", ignore_index=True).join(flat, on="unit_id")


def summary(
    inputs: StudyInputs,
    covers: Mapping[str, LevelCover],
    judged: Judged,
    rows: list[dict[str, Any]],
    siting: Mapping[str, Any] | None,
    counts: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Return the whole of ``summary.json``; parts that were not asked for are absent."""
    found: dict[str, Any] = {"notes": list(inputs.plan.notes), **run_facts(inputs)}
    if covers:
        found["coverage"] = {level: dict(cover.summary) for level, cover in covers.items()}
        found["coverage_band"] = {level: dict(cover.bands) for level, cover in covers.items()}
        if inputs.plan.walk.profiles:
            found["coverage_profiles"] = {level: dict(cover.profiles) for level, cover in covers.items()}
    if covers and _asks_for_a_radius(inputs):
        areas = inputs.tables["residential"]
        found["needed_radius_m"] = {
            level: coverage.needed_radius_m(areas, cover.covered) for level, cover in covers.items()
        }
    if judged.assessment is not None:
        found["compliance"] = known(judged.assessment.summary)
    if inputs.levels and judged.circle is not None:
        found["circle"] = dict(judged.circle)
    found["units"] = rows
    if judged.clauses is not None:
        found["indicators"] = list(_indicators(judged.clauses))
        found["sensitivity"] = dict(judged.sensitivity.summary)
    if siting is not None:
        found["siting"] = dict(siting)
    found["ledger"] = {name: dict(entry) for name, entry in counts.items()}
    whole: dict[str, Any] = clean(found)
    return whole


def _asks_for_a_radius(inputs: StudyInputs) -> bool:
    """Say whether the document speaks of a service radius, and walks are judged by entrances, so that one is enough."""
    clauses = inputs.standard.clauses
    spoken_of = any("A18" in clause.ambiguities or (clause.unit, clause.cls) == ("m", "S") for clause in clauses)
    return spoken_of and inputs.plan.walk.rule == "entrance"


def known(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures on floor area as they can be told: where no area can be judged, though some might owe, none is.

    What such areas owe, have and lack is unknown; the 0 m² that a sum over nobody gives would read as a result.
    """
    nobody = figures["meets"] + figures["fails"] == 0 < figures["not_assessable"]
    return {name: None if nobody and name.endswith("_m2") else value for name, value in figures.items()}


def run_facts(inputs: StudyInputs) -> dict[str, Any]:
    """Return what every sheet must say of a run: plan, standard and its force, day, CRS, speed."""
    plan, standard = inputs.plan, inputs.standard
    return {
        "plan": plan.name,
        "as_of": plan.as_of.isoformat(),
        "standard": {"id": standard.id, "title_zh": standard.title_zh, "title_en": standard.title_en,
                     "status": standard.status},
        "crs": inputs.crs.to_string(),
        "speed_m_per_s": plan.walk.speed_m_per_s,
        "rule": plan.walk.rule,
    }  # fmt: skip


def clean(content: Any) -> Any:
    """Return ``content`` with numpy scalars as Python's and every missing value as None."""
    if isinstance(content, Mapping):
        return {str(key): clean(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [clean(value) for value in content]
    if hasattr(content, "item"):
        content = content.item()
    if content is pd.NA or content is pd.NaT or (isinstance(content, float) and not math.isfinite(content)):
        return None
    return content


def _inside(unit_id: str, kind: str, places: Places) -> pd.Index:
    """Return the ids of the areas in a unit; streets as the areas' own table names them."""
    where = places.street if kind in STREET_TYPES else places.units[kind]
    return where.index[where == unit_id]


def _summary(
    areas: gpd.GeoDataFrame, covered: pd.DataFrame, inside: pd.Index, plan: Plan, *, radius_m: float | None = None
) -> dict[str, Any]:
    metres = plan.radius_m if radius_m is None else radius_m
    chosen = areas[areas["residential_id"].isin(inside)]
    subset = covered.loc[pd.Index(chosen["residential_id"])]
    return dict(coverage.summarise(chosen, subset, radius_m=metres, minutes=minutes_of(plan, metres)))


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a unit's figures as columns of a layer."""
    flat: dict[str, Any] = {"unit_id": row["unit_id"]}
    for level, figures in row["coverage"].items():
        for name in ("residential_total", "residential_covered", "households_total", "households_covered",
                     "households_share", "elderly_total", "elderly_covered", "elderly_share"):  # fmt: skip
            flat[f"{level}_{name}"] = figures[name]
    for name, value in (row["compliance"] or {}).items():
        flat[f"compliance_{name}"] = value
    return flat


def _indicators(clauses: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the entries of ``indicators``, in the order of the document."""
    wanted = ["clause_id", "subject", "required", "actual", "unit", "verdict", "overdue", "reason"]
    for row in clauses[wanted].to_dict("records"):
        yield {str(name): value for name, value in row.items()}
