"""Room `siting`: what further objectives add to a plan: the proof of every stage, and the floor areas they imply."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from planning.siting import _deficit_ground
from planning.siting._ask import Ask
from planning.siting._plan import SitingPlan, Stage
from planning.siting._then import Then


def with_proof(plan: SitingPlan, ask: Ask, then: Then | None, proof: tuple[Stage, ...]) -> SitingPlan:
    """Return a plan with the stages of its further objectives and the floor areas they imply."""
    if then is None or not proof:
        return plan
    return replace(plan, stages=proof, **_floor_areas(ask, then, plan))


def _floor_areas(ask: Ask, then: Then, plan: SitingPlan) -> dict[str, Any]:
    """Return the floor areas and credits of a plan's sites as its fields; nothing without a shortfall."""
    quota = then.quota(ask.candidates)
    if quota is None:
        return {}
    at = {one: position for position, one in enumerate(ask.candidates)}
    sized = [at[site] for site in plan.sites if quota.usable[at[site]]]
    nobody = np.zeros(0, dtype=np.int64)
    ground = _deficit_ground.Ground(
        quota, sparse.csr_array((0, len(ask.candidates))), nobody, nobody.astype(bool), nobody, len(sized)
    )
    area = _deficit_ground.least_areas(ground, sized, quota.left(quota.largest(sized)))
    return {
        "floor_area_m2": tuple(float(area[at[site]]) if at[site] in area else math.nan for site in plan.sites),
        "credited": tuple(
            (site, quota.subjects[subject], float(share * area[at[site]]))
            for site in plan.sites
            if at[site] in area
            for subject, share in sorted(quota.share[at[site]].items())
        ),
    }
