"""Room `planning.coverage`: the radius that it would take for everybody to be inside."""

from __future__ import annotations

from typing import Final

import pandas as pd

_NO_WALK: Final = ("unreachable", "unsnapped")


def needed_radius_m(residential: pd.DataFrame, covered: pd.DataFrame) -> float | None:
    """Return the least radius, in metres, at which every area with households is covered.

    Parameters
    ----------
    residential
        ``residential_id, households``; areas of 0 households ask for nothing, a missing number may be anybody.
    covered
        As `planning.coverage.cover` returns it, judged by entrances; where the walk is weighed the radius is in
        equivalent metres.

    Returns
    -------
    float or None
        None where an area has no walkable way to any facility, so that no radius is enough, and where nobody lives.
    """
    lived_in = residential.loc[residential["households"].ne(0).to_numpy(), "residential_id"]
    areas = covered.loc[lived_in]
    if areas.empty or areas["status"].isin(_NO_WALK).any():
        return None
    return float(areas["equivalent_m" if "equivalent_m" in areas else "distance_m"].max())
