"""Room of `planning.quality`: what a check of plan and data came to, all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from planning.errors import Fault
from planning.plan import Plan
from planning.sources import SourceFile
from planning.sources.reconcile import Households
from planning.study.health import RoadHealth
from planning.tables import ledger_frame
from planning.texts import Language


def _no_ledger() -> pd.DataFrame:
    return ledger_frame([])


@dataclass(frozen=True, eq=False)
class Checkup:
    """What a check found; whatever could not be looked at is None or empty.

    Attributes
    ----------
    file
        Base name of the plan file.
    plan, standard_title, crs
        None or empty for a plan that cannot be read.
    faults
        Errors and warnings, everything at once.
    counts, ledger, files
        As `planning.study.StudyInputs` has them, with the run's own flags where the network could be looked at.
    roads
        The network; None where none could be built.
    households
        The accounting; None where nothing states households or nobody asked for it.
    """

    file: str
    plan: Plan | None
    faults: tuple[Fault, ...]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    ledger: pd.DataFrame = field(default_factory=_no_ledger)
    files: tuple[SourceFile, ...] = ()
    standard_title: Mapping[str, str] = field(default_factory=dict)
    crs: Any = None
    roads: RoadHealth | None = None
    households: Households | None = None

    @property
    def refused(self) -> bool:
        """Say whether an error stands in the way of a run."""
        return any(fault.severity == "error" for fault in self.faults)

    @property
    def language(self) -> Language:
        """Return the language of the plan, Chinese where it could not be read."""
        return "zh" if self.plan is None else self.plan.output.language
