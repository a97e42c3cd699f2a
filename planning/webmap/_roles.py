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
from planning.webmap._view import View

NEUTRAL: Final = "neutral"


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


def siting(view: View) -> pd.Series:
    """Return the role of each area at the level that sites are sought for, once they are built where that is known."""
    if view.planned:
        return view.planned_roles
    found: pd.Series = view.areas[f"{view.plan.siting.level}_status"].astype("str")
    return found


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
