"""How numbers are rounded before they are shown; atlas and web map set them with their own separators.

Rounding never makes a share all or nothing that is not, and never moves a value to the other side of a limit.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any, Final

import pandas as pd

from planning import texts

HAN: Final = re.compile("[\u4e00-\u9fff]")


def missing(value: Any) -> bool:
    """Say whether a cell holds nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def exact(value: Any) -> Decimal:
    """Return a number as it is written."""
    return Decimal(str(value.item() if hasattr(value, "item") else value))


def rounded(number: Decimal, places: int) -> Decimal:
    """Return a number with so many decimals, halves away from 0."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def percent(share: Any) -> Decimal:
    """Return a share 0–1 in per cent with one decimal; 100.0 and 0.0 only where it is all or nothing."""
    number = exact(share) * 100
    found = rounded(number, 1)
    if found in (0, 100) and found != number:
        return Decimal("0.1") if found == 0 else Decimal("99.9")
    return found


def points(before: Any, after: Any) -> Decimal:
    """Return what a share 0–1 gained, in percentage points with one decimal: of the exact shares, not the shown ones.

    It may differ by 0.1 from the difference of the two as they are printed.
    """
    return rounded((exact(after) - exact(before)) * 100, 1)


def metres(value: Any, limit_m: float) -> tuple[Decimal, int]:
    """Return metres and their decimals: whole, in millimetres where that hid on which side of ``limit_m`` they lie."""
    number, limit = exact(value), exact(limit_m)
    whole = rounded(number, 0)
    hidden = number != limit and ((whole <= limit) != (number <= limit))
    return (number, 3) if hidden else (whole, 0)


def minutes(distance_m: Any, speed_m_per_s: float) -> Decimal:
    """Return the walking time in whole minutes, rounded up: nobody is promised a shorter walk."""
    # One division: a quotient that is whole comes out whole.
    return (exact(distance_m) / (exact(speed_m_per_s) * 60)).to_integral_value(ROUND_CEILING)


def half(note: str, language: texts.Language) -> str:
    """Return the half of ``中文 / English`` in a language; any other text whole."""
    parts = note.split(" / ")
    if len(parts) != 2 or bool(HAN.search(parts[0])) == bool(HAN.search(parts[1])):
        return note
    return next(part for part in parts if bool(HAN.search(part)) == (language == "zh"))
