"""Room `planning.scenario`: the floor-area law after an edit, asked again only where the edit can have changed it.

Another day or a facility switched off changes whether a facility counts. That can matter to the areas it is credited
to, to all members of their pools, and to the areas it stands in; everything else is as it was. The areas concerned are
judged anew by the same function as a run, with every facility and every area that weighs on them, and their rows take
the place of the old ones: sums are exact fractions, so that no order shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import compliance, lifecycle
from planning.compliance import Assessment
from planning.study import StudyInputs, layers, sums, verdicts
from planning.study.records import Ground


@dataclass(frozen=True, eq=False)
class Law:
    """What the floor-area rule says: by ``residential_id`` ``verdict`` and ``shortfall_m2``, and the sums."""

    residential: pd.DataFrame
    summary: Mapping[str, Any]

    @staticmethod
    def of(found: Assessment) -> Law:
        """Return what a scenario shows of an assessment."""
        return Law(found.residential[["verdict", "shortfall_m2"]], sums.known(found.summary))


@dataclass(frozen=True, eq=False)
class Whole:
    """A document asked of a plan's own facilities on one day, which other days and closures are held against."""

    found: Assessment
    facilities: gpd.GeoDataFrame
    as_of: date
    law: Law


def whole(inputs: StudyInputs, ground: Ground) -> Whole:
    """Hold every area against the document."""
    found = verdicts.assess(inputs, ground, figures_only=True)
    return Whole(found, layers.existing(ground.facilities), inputs.plan.as_of, Law.of(found))


def again(before: Whole, inputs: StudyInputs, ground: Ground) -> Law:
    """Hold the areas against the document that other facilities in service can concern, and keep the rest."""
    facilities = layers.existing(ground.facilities)
    changed = _changed(before, facilities, inputs.plan.as_of)
    if not len(changed):
        return before.law
    members = _members(inputs)
    asked = _with_pools(_credited(before.found, changed), members)
    weighing = _weighing(before.found, facilities, inputs, asked)
    needed = _with_pools(asked | _credited(before.found, weighing), members)
    part = verdicts.assess(*_part(inputs, ground, needed, weighing), figures_only=True)
    return Law.of(_spliced(before.found, part, asked))


def _changed(before: Whole, facilities: pd.DataFrame, as_of: date) -> frozenset[str]:
    """Return the facilities that count otherwise than before, today or on paper."""
    differs = np.zeros(len(facilities), dtype=bool)
    for state in (lifecycle.service_state, lifecycle.on_paper):
        differs |= state(before.facilities, before.as_of).to_numpy() != state(facilities, as_of).to_numpy()
    return frozenset(facilities.loc[differs & lifecycle.counts_for_quota(facilities).to_numpy(), "facility_id"])


def _members(inputs: StudyInputs) -> pd.DataFrame:
    pools = inputs.tables.get("pools")
    empty = {name: pd.Series(dtype="str") for name in ("residential_id", "pool_id")}
    return pd.DataFrame(empty) if pools is None else pd.DataFrame(pools[list(empty)]).dropna()


def _credited(found: Assessment, facilities: frozenset[str]) -> frozenset[str]:
    """Return the areas and pools that facilities are credited to."""
    rows = found.rooms[found.rooms["facility_id"].isin(facilities)]
    return frozenset(rows["residential_id"].dropna()) | frozenset(rows["pool_id"].dropna())


def _with_pools(ids: frozenset[str], members: pd.DataFrame) -> frozenset[str]:
    """Return the ids with the pools of the areas among them and every member of those pools."""
    pools = frozenset(members.loc[members["residential_id"].isin(ids), "pool_id"]) | ids
    together = members[members["pool_id"].isin(pools)]
    return ids | frozenset(together["pool_id"]) | frozenset(together["residential_id"])


def _weighing(
    found: Assessment, facilities: gpd.GeoDataFrame, inputs: StudyInputs, asked: frozenset[str]
) -> frozenset[str]:
    """Return the facilities credited to any of the areas and pools, and those that stand in one of the areas."""
    rooms = found.rooms
    named = rooms[rooms["residential_id"].isin(asked) | rooms["pool_id"].isin(asked)]["facility_id"].dropna()
    areas = inputs.tables["residential"]
    shapes = areas.geometry[areas["residential_id"].isin(asked)].to_numpy()
    spots = facilities.geometry.representative_point().to_numpy()
    inside = shapely.STRtree(spots).query(shapes, predicate="intersects")[1]
    return frozenset(named) | frozenset(facilities["facility_id"].iloc[np.unique(inside)])


def _part(
    inputs: StudyInputs, ground: Ground, needed: frozenset[str], weighing: frozenset[str]
) -> tuple[StudyInputs, Ground]:
    """Return the inputs and the ground with the areas, pools and facilities concerned alone."""
    areas, pools = inputs.tables["residential"], inputs.tables.get("pools")
    is_needed = areas["residential_id"].isin(needed).to_numpy()
    tables = {**inputs.tables, "residential": areas[is_needed].reset_index(drop=True)}
    if pools is not None:
        tables["pools"] = pools[pools["pool_id"].isin(needed)].reset_index(drop=True)
    places = replace(ground.places, setting=ground.places.setting[is_needed])
    facilities = ground.facilities[ground.facilities["facility_id"].isin(weighing)].reset_index(drop=True)
    return replace(inputs, tables=tables), replace(ground, facilities=facilities, places=places)


def _spliced(found: Assessment, part: Assessment, asked: frozenset[str]) -> Assessment:
    """Return areas and sums with the rows of the areas asked about in the place of the old ones."""
    index = found.residential.index
    new = part.residential.index[part.residential.index.isin(asked)]

    def joined(old: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([old.drop(index=new), rows.loc[new]]).loc[index]

    spliced = replace(
        found,
        residential=joined(found.residential, part.residential),
        accounts=joined(found.accounts, part.accounts),
    )
    return replace(spliced, summary=compliance.summarise(spliced, index))
