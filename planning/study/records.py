"""What goes into a study and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from planning.demand import Access
from planning.errors import Fault
from planning.network import Network
from planning.plan import Plan
from planning.siting import SitingPlan
from planning.standards import Standard
from planning.study.told import Told


@dataclass(frozen=True, eq=False)
class StudyInputs:
    """Everything a run looks at.

    Attributes
    ----------
    tables
        Canonical tables by input name, in the metric ``crs``; inputs the plan leaves out are absent.
    ledger, counts
        Where each input row ended up, and how many.
    faults
        Warnings met on the way in.
    files
        What was read: path, hash, layer, encoding, how its coordinates were brought to ``crs``.
    spread_left
        Units whose people could not be spread over their areas; None where that was not asked.
    levels
        For a county of a province, the levels of facilities anywhere in it; empty for a plan that stands alone. The
        tables of a county may hold rows of its neighbours, which its column ``neighbour`` marks (`own`).
    """

    plan: Plan
    standard: Standard
    tables: Mapping[str, gpd.GeoDataFrame]
    ledger: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    faults: tuple[Fault, ...]
    files: tuple[Any, ...]
    crs: CRS
    spread_left: pd.DataFrame | None = None
    levels: tuple[str, ...] = ()


def own(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table that are the plan's own: those of ``neighbour`` are walked on and to, no more."""
    return table[~table["neighbour"]] if "neighbour" in table else table


@dataclass(frozen=True, eq=False)
class StudyResult:
    """What a run found: the layers of ``results.gpkg`` as frames, and ``summary.json`` as ``summary``.

    Beside the layers: ``rooms`` that were looked at, ``pools`` that could be and ``remedies`` for each gap (proposals,
    in no other figure), the ``readings`` of what the document leaves open, and ``sensitivity``, the verdicts that
    another reading changes; ``rollups``, the floor-area rule summed up by level; ``scorecard``, one row a clause.
    Where the plan screens or makes candidates: ``candidates``, one row each (else None), and ``screening``, one a
    candidate and rule.
    """

    inputs: StudyInputs
    network: Network
    residential: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    service_areas: gpd.GeoDataFrame
    reached_roads: gpd.GeoDataFrame
    uncovered: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    findings: pd.DataFrame
    rooms: pd.DataFrame
    pools: pd.DataFrame
    remedies: pd.DataFrame
    readings: pd.DataFrame
    sensitivity: pd.DataFrame
    rollups: pd.DataFrame
    scorecard: pd.DataFrame
    indicators: pd.DataFrame
    reach: pd.DataFrame
    ledger: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    siting: SitingPlan | None
    summary: Mapping[str, Any]
    told: Told = field(default_factory=Told)
    candidates: gpd.GeoDataFrame | None = None
    screening: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, eq=False)
class Places:
    """Where each residential area lies: its unit by type of unit, its street, urban or rural and whether assumed."""

    units: Mapping[str, pd.Series]
    street: pd.Series
    setting: pd.Series
    assumed: pd.Series


@dataclass(frozen=True, eq=False)
class Ground:
    """What every analysis stands on: the walking network, facilities and candidates, gates, and where areas lie."""

    walkways: Network
    facilities: gpd.GeoDataFrame
    access: Access
    places: Places


@dataclass(frozen=True, eq=False)
class LevelCover:
    """One level's coverage: who is nearest to what, at the radius reported, at every band beside it, and by walker.

    ``banded`` says of each band who is covered, as ``covered`` does of the radius reported.
    """

    nearest: pd.DataFrame
    covered: pd.DataFrame
    summary: Mapping[str, Any]
    bands: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, Mapping[str, Any]]
    banded: Mapping[str, pd.DataFrame] = field(default_factory=dict)
