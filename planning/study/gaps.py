"""Asking for ways out of the shortfall: which areas could pool, and what would close each gap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from planning import catchment, compliance, remedies
from planning.compliance import Assessment
from planning.demand import Access
from planning.network import Network
from planning.study import layers, verdicts
from planning.study.records import Ground, Places, StudyInputs


@dataclass(frozen=True, eq=False)
class Gaps:
    """Suggested pools and remedies; both are proposals and enter no other figure."""

    pools: pd.DataFrame
    remedies: pd.DataFrame


def nothing() -> Gaps:
    """Return the answer where compliance was not asked."""
    return Gaps(pd.DataFrame(columns=list(remedies.POOL_COLUMNS)), pd.DataFrame(columns=list(remedies.COLUMNS)))


def close(
    inputs: StudyInputs, ground: Ground, assessment: Assessment, reach: pd.DataFrame, taken: Iterable[str]
) -> Gaps:
    """Return ways to close the gaps of ``assessment``; ``taken`` are candidates and facilities spoken for."""
    usable = remedies.available(ground.facilities)
    sizes = compliance.measure(usable, inputs.standard, switches=inputs.plan.standards)
    radius_m, as_of, chosen = inputs.plan.radius_m, inputs.plan.as_of, tuple(taken)
    pools, joined = _pools(inputs, ground, assessment)
    meeting = pools[pools["verdict"] == "meets"]
    joinable = {name: pool for pool, names in zip(meeting["pool_id"], meeting["members"], strict=True)
                for name in names.split(";")}  # fmt: skip
    found, near = [], layers.by_effort(reach)
    for judged, subjects, joins in (
        (assessment, assessment.subjects, joinable),
        (joined, joined.subjects[joined.subjects["subject_id"].isin(pools["pool_id"])], {}),
    ):
        every = remedies.offers(ground.facilities, sizes, judged.rooms, as_of, taken=chosen)
        offers = tuple(offer for offer in every if offer.facility_id not in chosen)
        found.append(remedies.find(subjects, offers, near, judged.rooms, radius_m=radius_m, joinable=joins))
    return Gaps(pools, pd.concat(found, ignore_index=True))


def _pools(inputs: StudyInputs, ground: Ground, assessment: Assessment) -> tuple[pd.DataFrame, Assessment]:
    """Return the suggested pools and the assessment with them; without a ground for pooling there are none."""
    unit_of = _unit_of(inputs, ground.places)
    subjects = assessment.subjects
    if not inputs.standard.pooling:
        return nothing().pools, assessment
    failing = subjects.loc[(subjects["verdict"] == "fails") & subjects["minimum_m2"].notna(), "subject_id"]
    walks = _walks(ground.walkways, ground.access, failing, inputs.plan.walk.max_snap_m)
    groups = remedies.pool_groups(subjects, unit_of, walks, taken=ground.facilities["facility_id"])
    if groups.empty:
        return nothing().pools, assessment
    joined = verdicts.assess(inputs, ground, extra_pools=groups)
    return remedies.pool_suggestions(groups, subjects, joined.subjects, unit_of, walks), joined


def _unit_of(inputs: StudyInputs, places: Places) -> pd.Series:
    """Return the community (or village) of each area, else its street, by its own columns first."""
    areas = inputs.tables["residential"].set_index("residential_id")
    found: pd.Series = areas["community_id"]
    for kind in ("community", "village"):
        if kind in places.units:
            found = found.fillna(places.units[kind])
    return found.fillna(places.street)


def _walks(walkways: Network, access: Access, areas: Iterable[str], max_snap_m: float) -> pd.DataFrame:
    """Return the walks between areas: from the nearest pair of access points, each point being a start of its own."""
    points = access.points[access.points["residential_id"].isin(list(areas))].reset_index(drop=True)
    places = points[[*catchment.STRETCH, "geometry"]]
    starts = places.assign(facility_id=points.index)
    goals = places.set_index(pd.Index(points["residential_id"], name="demand_id"))
    pairs = layers.by_effort(
        catchment.reach(walkways, starts, goals, limit_m=remedies.POOL_WALK_M, max_snap_m=max_snap_m)
    )
    named = pairs.assign(residential_id=points["residential_id"].to_numpy()[pairs["facility_id"].to_numpy(dtype=int)])
    walks: pd.DataFrame = named.groupby(["residential_id", "demand_id"])[["distance_m"]].min().reset_index()
    return walks.rename(columns={"demand_id": "other_id"})
