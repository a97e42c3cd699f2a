"""Room `planning.units`: dates as people write them, as precisely as they are known."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.units._cells import MISSING_WORDS, Codes, by_unique, is_number, normalise

_DATE: Final = re.compile(
    r"(?P<y>\d{4})\s*(?:年|(?P<s>[-/.]|年)\s*(?P<m>\d{1,2})\s*(?:月|(?:(?P=s)|月)\s*(?P<d>\d{1,2})\s*[日号]?)?)?"
    r"(?:[t ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:z|[+-]\d{2}:?\d{2})?)?"
)
_DIGIT_DATE: Final = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})?")
_YEARS: Final = range(1900, 2101)
_SERIALS: Final = range(20_000, 80_000)


def parse_dates(values: pd.Series[Any]) -> tuple[NDArray[np.object_], Codes]:
    """Read a column of dates, as precisely as they are known.

    Parameters
    ----------
    values : Series
        ``2015``, ``2015年``, ``2015-6``, ``2015/06/01``, ``2015年6月``, ``20150601``, datetimes, or Excel day numbers
        (20 000 to 79 999, counted from 1899-12-30).

    Returns
    -------
    dates : object array
        ISO text of partial precision, ``2015``, ``2015-06`` or ``2015-06-01``; None where missing or unreadable.
    codes : object array of str
        ``""`` or ``date_unreadable``. Years before 1900 and after 2100 are unreadable.
    """
    return by_unique(values, _date)


def _date(cell: object) -> tuple[str | None, str]:
    if isinstance(cell, dt.date):
        return (cell.isoformat()[:10], "") if cell.year in _YEARS else (None, "date_unreadable")
    if is_number(cell):
        return _number_date(float(cell))
    if not isinstance(cell, str):
        return None, "date_unreadable"
    text = normalise(cell)
    if text in MISSING_WORDS:
        return None, ""
    if re.fullmatch(r"\d{5}(?:\.\d+)?|\d{4}\.0+", text):
        return _number_date(float(text))
    match = _DIGIT_DATE.fullmatch(text) or _DATE.fullmatch(text)
    return _iso(match.group("y"), match.group("m"), match.group("d")) if match else (None, "date_unreadable")


def _number_date(number: float) -> tuple[str | None, str]:
    """Read a year, an Excel day number, or digits such as 20150601."""
    whole = int(number) if math.isfinite(number) else 0
    if whole in _SERIALS:
        return (dt.date(1899, 12, 30) + dt.timedelta(days=whole)).isoformat(), ""
    if whole == number and whole in _YEARS:
        return str(whole), ""
    match = _DIGIT_DATE.fullmatch(str(whole)) if whole == number else None
    return _iso(match.group("y"), match.group("m"), match.group("d")) if match else (None, "date_unreadable")


def _iso(year: str, month: str | None, day: str | None) -> tuple[str | None, str]:
    """Join what is known of a date, if there is such a day."""
    try:
        known = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None, "date_unreadable"
    if known.year not in _YEARS:
        return None, "date_unreadable"
    return known.isoformat()[: 10 if day else 7 if month else 4], ""
