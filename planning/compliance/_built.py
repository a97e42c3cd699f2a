"""Room `planning.compliance`: whether a residential area is new (新建) or existing (已建), and what says so."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import Final

import numpy as np
import pandas as pd

DATES: Final = ("land_grant_date", "completion_date")


def new_or_existing(residential: pd.DataFrame, cutoff: date | None) -> pd.DataFrame:
    """Say of each area whether it is new or existing.

    Parameters
    ----------
    residential
        ``built, land_grant_date, completion_date``; dates are ISO text as far as known.
    cutoff
        The first day of the new; without it dates decide nothing.

    Returns
    -------
    DataFrame
        On the index of ``residential``: ``built_used`` (``new``, ``existing`` or missing) and ``built_from``, the
        first that decides of ``field``, ``land_grant_date`` and ``completion_date``, or ``unknown``.
    """
    sources = {"field": residential["built"]}
    if cutoff is not None:
        sources |= {name: residential[name].map(lambda day: side(day, cutoff), na_action="ignore") for name in DATES}
    says = pd.DataFrame(sources).astype("str")
    told = says.notna().idxmax(axis=1).where(says.notna().any(axis=1), "unknown")
    used = reduce(pd.Series.fillna, (says[name] for name in says))
    return pd.DataFrame({"built_used": used, "built_from": told.astype("str")})


def side(day: str, cutoff: date) -> str | float:
    """Return on which side of ``cutoff`` a date lies; missing unless every day it may mean lies there.

    A date on the day itself is new. ``2015`` may mean any day of that year, ``2015-06`` any of that month.
    """
    line = cutoff.isoformat()
    first_day = (day + "-01-01")[:10]
    if first_day >= line:
        return "new"
    return "existing" if day < line[: len(day)] else np.nan
