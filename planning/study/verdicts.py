"""Asking what meets: the areas under the floor-area clauses, the district under every other one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planning import compliance, indicators
from planning.compliance import Assessment
from planning.study import circles, layers
from planning.study.records import Ground, LevelCover, StudyInputs, own


def assess(
    inputs: StudyInputs, ground: Ground, *, extra_pools: pd.DataFrame | None = None, figures_only: bool = False
) -> Assessment:
    """Hold the areas against the floor-area clauses, with ``extra_pools`` beside those of the plan."""
    tables = [table for table in (inputs.tables.get("pools"), extra_pools) if table is not None]
    return compliance.assess(
        inputs.tables["residential"].assign(setting=ground.places.setting.to_numpy()),
        layers.existing(ground.facilities),
        pd.concat([pd.DataFrame(table) for table in tables], ignore_index=True) if tables else None,
        inputs.standard,
        switches=inputs.plan.standards,
        as_of=inputs.plan.as_of,
        figures_only=figures_only,
    )


def circle(inputs: StudyInputs, ground: Ground) -> Mapping[str, Any]:
    """Return the coverage of the 15-minute circle's facilities taken together; institutions are none of them."""
    levels = tuple(inputs.standard.switches.get("circle_levels") or ())
    of_circle = layers.serving(ground.facilities, *levels)
    serving = of_circle[of_circle["kind"] != "institution"]
    return circles.cover_level(inputs, ground, serving, radius_m=inputs.plan.radius_m).summary


def clauses(
    inputs: StudyInputs,
    ground: Ground,
    covers: Mapping[str, LevelCover],
    assessment: Assessment,
    around: Mapping[str, Any],
) -> pd.DataFrame:
    """Hold the district against every other clause; ``around`` is the coverage of the circle."""
    return indicators.assess(
        {**inputs.tables, "facilities": layers.existing(own(ground.facilities))},
        inputs.standard,
        switches=inputs.plan.standards,
        as_of=inputs.plan.as_of,
        compliance=assessment.summary,
        coverage={**{level: cover.summary for level, cover in covers.items()}, "circle": around},
        findings=assessment.findings,
    )
