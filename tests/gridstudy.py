"""A whole run on the grid town (see `gridtown`) without a file: the tables go straight into the study."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import gridtown
from pyproj import CRS

import planning
from planning import standards, tables
from planning.plan import InputSpec, Plan, Siting, Walk
from planning.study import StudyInputs, StudyResult


def run(walk: Walk | None = None, **changed: Any) -> StudyResult:
    """Run coverage, and siting where there are candidates, on the town as `inputs` takes it."""
    parts = {"coverage", "siting"} if "candidates" in changed else {"coverage"}
    return planning.run(inputs(walk, **changed), parts=frozenset(parts))


def inputs(
    walk: Walk | None = None,
    *,
    noding: Any = None,
    switches: Mapping[str, Any] | None = None,
    siting: Siting | None = None,
    **changed: gpd.GeoDataFrame | None,
) -> StudyInputs:
    """Return the frozen inputs of a study of the town; ``changed`` tables take the place of its own, None for none."""
    town: dict[str, gpd.GeoDataFrame | None] = {
        "roads": gridtown.roads(),
        "residential": gridtown.residential(),
        "facilities": gridtown.facilities(),
        "entrances": gridtown.entrances(),
        **changed,
    }
    given = {name: table for name, table in town.items() if table is not None}
    numbered = {name: table.assign(source_row=range(1, len(table) + 1)) for name, table in given.items()}
    specs = {name: InputSpec(name, f"{name}.gpkg", Path(f"{name}.gpkg")) for name in given}
    specs["roads"] = InputSpec("roads", "roads.gpkg", Path("roads.gpkg"), noding=noding)
    plan = Plan(
        "方格城", "liaocheng", date(2025, 12, 31), specs, walk=walk or Walk(), standards=switches or {},
        siting=siting or Siting(),
    )  # fmt: skip
    empty = tables.ledger_frame([]).astype("str")
    standard = standards.apply(standards.load("liaocheng"), switches or {})
    return StudyInputs(plan, standard, numbered, empty, {}, (), (), CRS(gridtown.CRS))
