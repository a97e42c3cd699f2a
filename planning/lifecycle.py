"""Which facilities are in service on a day, which exist on paper, and which count for the floor-area quota.

Dates are ISO text as far as they are known: ``2015``, ``2015-06``, ``2015-06-01``. A date without a day decides only if
every day in it decides alike; a facility whose dates leave its service open is not in service.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.tables import IN_SERVICE

PROMISED: Final = ("planned", "building", "accepted", "idle")
QUOTA_LEVELS: Final = ("community", "village")

Days = NDArray[np.datetime64]


def in_service(facilities: pd.DataFrame, day: date) -> pd.Series[bool]:
    """Say which facilities serve people on ``day``.

    Parameters
    ----------
    facilities
        ``status, opened, closed``; a missing status is operating, a missing date sets no limit.
    day
        The day asked about.

    Returns
    -------
    Series
        On the index of ``facilities``: True where the status is ``handed_over`` or ``operating``, ``opened`` is surely
        not later than the day and ``closed`` surely later. ``accepted`` is not yet in service.

    Raises
    ------
    ValueError
        If a date is not ISO text of a year, a month or a day.
    """
    return (service_state(facilities, day) == "in_service").rename("in_service")


def service_state(facilities: pd.DataFrame, day: date) -> pd.Series[str]:
    """Say of each facility whether it is in service on ``day``, or why not.

    Parameters
    ----------
    facilities
        ``status, opened, closed`` as for `in_service`.
    day
        The day asked about.

    Returns
    -------
    Series
        On the index of ``facilities``, the first of these that holds: ``status`` (neither handed over nor operating),
        ``not_opened_yet``, ``closed`` (on the day or before it), ``date_unsure`` (a date without a day in whose period
        the day falls), ``in_service``. Each has a sentence, ``lifecycle.<state>``.

    Raises
    ------
    ValueError
        If a date is not ISO text of a year, a month or a day.
    """
    on = np.datetime64(day, "D")
    opened_first, opened_last = _spans(facilities["opened"])
    closed_first, closed_last = _spans(facilities["closed"])
    # comparisons with a missing date (NaT) are False: it decides nothing
    rules = {
        "status": ~_status(facilities).isin(IN_SERVICE).to_numpy(),
        "not_opened_yet": opened_first > on,
        "closed": closed_last <= on,
        "date_unsure": (opened_last > on) | (closed_first <= on),
    }
    states = np.select(list(rules.values()), list(rules), default="in_service")
    return pd.Series(states, index=facilities.index, dtype="str", name="service_state")


def on_paper(facilities: pd.DataFrame, day: date) -> pd.Series[bool]:
    """Say which facilities count in the paper scenario: planned, building, accepted, idle, or in service on ``day``.

    Parameters
    ----------
    facilities
        ``status, opened, closed`` as for `in_service`.
    day
        The day asked about.

    Returns
    -------
    Series
        On the index of ``facilities``; whatever is in service is on paper too. Dates are not asked of the first four.

    Raises
    ------
    ValueError
        If a date is not ISO text of a year, a month or a day.
    """
    return (_status(facilities).isin(PROMISED) | in_service(facilities, day)).rename("on_paper")


def counts_for_quota(facilities: pd.DataFrame) -> pd.Series[bool]:
    """Say which facilities count towards the floor area per hundred households, whatever their status.

    Parameters
    ----------
    facilities
        ``level, kind, counts_for_quota``; a missing kind is not an institution.

    Returns
    -------
    Series
        On the index of ``facilities``: the facility's own ``counts_for_quota`` where stated; else True for community
        and village facilities other than institutions, False for street and county ones.
    """
    by_level = facilities["level"].isin(QUOTA_LEVELS) & (facilities["kind"] != "institution").fillna(value=True)
    stated = facilities["counts_for_quota"].astype("boolean")
    return stated.fillna(by_level.astype("boolean")).astype(bool).rename("counts_for_quota")


def surely_by(dates: pd.Series[str], day: date) -> pd.Series[bool]:
    """Say which dates are ``day`` or earlier, whatever day a year or month may mean.

    Parameters
    ----------
    dates
        ISO dates of partial precision; a missing one sets no limit.
    day
        The day asked about.

    Returns
    -------
    Series
        On the index of ``dates``; True where the date is missing.
    """
    words = dates.astype("str")
    _, last = _spans(words)
    return pd.Series(words.isna().to_numpy() | (last <= np.datetime64(day, "D")), index=dates.index)


def _status(facilities: pd.DataFrame) -> pd.Series[str]:
    return facilities["status"].fillna("operating")


def _spans(dates: pd.Series[str]) -> tuple[Days, Days]:
    """Return the first and the last day each date may mean; NaT where it is missing."""
    length = dates.str.len().fillna(0).to_numpy()
    first = np.full(len(dates), np.datetime64("NaT", "D"))
    last = first.copy()
    for unit, digits in (("Y", 4), ("M", 7), ("D", 10)):
        of_unit = length == digits
        period = dates[of_unit].to_numpy(dtype=f"datetime64[{unit}]")
        first[of_unit] = period.astype("datetime64[D]")
        last[of_unit] = (period + 1).astype("datetime64[D]") - 1
    if unread := sorted(dates[dates.notna().to_numpy() & np.isnat(first)].unique()):
        raise ValueError(f"not a date: {', '.join(unread)}")
    return first, last
