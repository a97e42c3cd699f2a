"""What is told of a siting plan beside its sites: why it is as it is, and whether it would still be so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True, eq=False)
class Explained:
    """Why these sites and not others.

    ``drops, swaps, why_not, plans, curve`` as `planning.siting.explain` returns them, with what the study adds:
    ``drops`` the coverage without each site (``covered, lower, upper``), its gain, floor area and cost and the gain
    over each; ``curve`` the floor area and cost of its sites. ``equity`` is coverage by street before and after,
    ``lorenz`` the curve of covered people over all people, street by street. ``summary`` is
    ``summary.siting.explanation``; ``whole`` says whether other plans and the curve were looked for.
    """

    drops: pd.DataFrame
    swaps: pd.DataFrame
    why_not: pd.DataFrame
    plans: pd.DataFrame
    curve: pd.DataFrame
    equity: pd.DataFrame
    lorenz: pd.DataFrame
    summary: Mapping[str, Any]
    whole: bool


@dataclass(frozen=True, eq=False)
class Robust:
    """What becomes of the plan in other circumstances.

    ``scenarios`` has one row a combination, ``chosen`` one a candidate chosen in any; ``summary`` is
    ``summary.siting.robustness``.
    """

    scenarios: pd.DataFrame
    chosen: pd.DataFrame
    summary: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Told:
    """Both, None where they were not asked or there is nothing to tell."""

    explained: Explained | None = None
    robust: Robust | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
