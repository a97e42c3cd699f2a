"""What was found of the areas and of the district, and what another reading would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planning.compliance import Assessment
from planning.study import sensitivity
from planning.study.sensitivity import Sensitivity


@dataclass(frozen=True, eq=False)
class Judged:
    """The floor-area rule, the other clauses, other readings; None and empty where they were not asked.

    ``circle`` is the coverage of the 15-minute circle's facilities taken together.
    """

    assessment: Assessment | None = None
    clauses: pd.DataFrame | None = None
    sensitivity: Sensitivity = field(default_factory=sensitivity.nothing)
    circle: Mapping[str, Any] | None = None
