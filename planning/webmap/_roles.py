"""Which role of the palette each area and facility plays in each theme; belongs to the room `webmap`.

Roles only repeat verdicts and statuses that the run has found; the one comparison made here sorts a covered area into
its band of walking time, and a shortfall into its class.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from planning import palette
from planning.coverage import held_column
from planning.standards import Built
from planning.webmap._view import View

NEUTRAL: Final = "neutral"
# Where a document names no single minimum, classes stand at the round numbers of M = 600 m².
SILENT_M2: Final = 600.0
BUILT: Final[tuple[Built, ...]] = ("new", "existing")


def coverage(view: View, level: str) -> pd.Series:
    """Return the role of each area: its status at ``level``, or its band where it is covered and bands apply."""
    status: pd.Series = view.areas[f"{level}_status"].astype("str")
    if not view.banded:
        return status
    limits = [view.plan.walk.metres(band.upto) for band in view.bands]
    distance = view.areas[held_column(view.areas, level)].to_numpy(dtype=float, na_value=np.nan)
    place = np.searchsorted(limits, distance, side="left")
    names = np.array([*(band_name(index) for index in range(len(limits))), "covered"], dtype=object)
    # A covered area whose distance fits no band keeps the plain role rather than a wrong one.
    fitting = pd.Series(names[place], index=status.index).where(np.isfinite(distance), "covered")
    return status.mask(status == "covered", fitting)


def band_name(index: int) -> str:
    """Return the role of the band of walking time number ``index``."""
    return f"minutes_{index}"


def compliance(view: View) -> pd.Series:
    """Return the verdict of each area; one that fails on its own as its class of shortfall."""
    verdict = view.areas["verdict"].astype("str").fillna("not_assessable")
    part = view.areas["shortfall_m2"].astype(float) / minimum_m2(view)
    classes = part.map(lambda value: view.book.shortfall(value).name, na_action="ignore")
    # Members of a pool carry the pool's verdict: their own shortfall does not say why.
    pooled = view.areas["pool_id"].notna() if "pool_id" in view.areas else False
    own = (verdict == "fails") & classes.notna() & ~pd.Series(pooled, index=verdict.index)
    found: pd.Series = verdict.mask(own, classes)
    return found


def minimum_m2(view: View) -> pd.Series:
    """Return the single minimum M that shortfall classes are measured by, area by area."""
    stated = {built: _stated(view, built) for built in BUILT}
    silent = all(value is None for value in stated.values())
    known: pd.Series = view.areas["built_used"].map(stated).astype(float)
    return known.fillna(SILENT_M2) if silent else known


def _stated(view: View, built: Built) -> float | None:
    clause = view.result.inputs.standard.minimum(built)
    return None if clause is None or clause.value is None else float(clause.value)


def stated_minimum_m2(view: View) -> list[float]:
    """Return the different single minimums of the document, ascending; empty where it has none."""
    found = {_stated(view, built) for built in BUILT} - {None}
    return sorted(value for value in found if value is not None)


def symbols(view: View) -> pd.Series:
    """Return the symbol of each facility and candidate: ``<level>:<status>``, ``candidate`` or ``forbidden``."""
    frame = view.facilities
    by_status = {member: name for name, entry in view.book.statuses.items() for member in entry.members}
    filling = frame["status"].map(by_status)
    existing = frame["level"].astype("str") + ":" + filling.astype("str")
    role = frame["role"] if "role" in frame else pd.Series(index=frame.index, dtype="str")
    never = (role == "forbidden") | frame["facility_id"].isin(set(view.decided.excluded_why))
    offered = pd.Series("candidate", index=frame.index).mask(never, "forbidden")
    found: pd.Series = existing.mask(frame["status"] == "candidate", offered)
    return found


def groups(view: View) -> pd.Series:
    """Return the layer each facility and candidate is switched by."""
    frame = view.facilities
    found: pd.Series = ("facility:" + frame["level"].astype("str")).mask(frame["status"] == "candidate", "candidate")
    return found


def fills(view: View) -> dict[str, palette.Fill]:
    """Return every fill a theme of this view may use, by role."""
    book = view.book
    bands = {
        band_name(index): palette.Fill(band.zh, band.en, band_name(index), band.area, band.edge, palette.Hatch())
        for index, band in enumerate(view.bands)
    }
    neutral = palette.Fill("", "", NEUTRAL, book.base["neutral_area"], book.base["neutral_edge"], palette.Hatch())
    shortfalls = {entry.name: entry for entry in book.shortfalls}
    return {**book.coverages, **bands, **book.verdicts, **shortfalls, NEUTRAL: neutral}
