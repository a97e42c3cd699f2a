"""Numbers and names as the sheets print them.

Rounding never makes a share all or nothing that is not, and never hides a value that is not zero.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Final

from planning import texts
from planning.study import wording
from planning.study.wording import HAN as HAN
from planning.study.wording import half as half
from planning.study.wording import missing as missing

NONE: Final = "—"
THIN: Final = "\u00a0"
MINUS: Final = "−"


def say(key: str, language: texts.Language, **facts: object) -> str:
    """Return the sentence ``atlas.<key>``."""
    return texts.t(f"atlas.{key}", language, **facts)


def text(value: Any) -> str:
    """Return a cell as text on one line, controls as escapes; a dash where it is missing or blank."""
    return NONE if missing(value) or not str(value).strip() else texts.printable(" ".join(str(value).split()))


def whole(value: Any) -> str:
    """Return a whole number with thin groups, one decimal only where the value has some; a dash for none."""
    if missing(value):
        return NONE
    number = wording.exact(value)
    return _grouped(number, 0 if number == number.to_integral_value() else 1)


def span(low: float, high: float) -> str:
    """Return a class of whole numbers from ``low`` up to below ``high``; one number where both are the same."""
    if missing(low) or low == high:
        return whole(low)
    if math.isinf(high):
        return f"≥ {whole(low)}"
    return whole(low) if high - low == 1 or not low else f"{whole(low)}–{whole(high - 1)}"


def m2(value: Any) -> str:
    """Return whole square metres; what is not zero never reads 0."""
    if missing(value):
        return NONE
    number = wording.exact(value)
    return _grouped(number, 1 if wording.rounded(number, 0) == 0 and number != 0 else 0)


def percent(share: Any) -> str:
    """Return a share 0–1 in per cent with one decimal; 100.0 and 0.0 only where it is all or nothing."""
    if missing(share):
        return NONE
    return _grouped(wording.percent(share), 1)


def signed(value: Any, shown: str) -> str:
    """Return ``shown``, the absolute value's wording, with the sign of ``value``."""
    if missing(value):
        return NONE
    return shown if value == 0 else f"{'+' if value > 0 else MINUS}{shown}"


def metres(value: Any, limit_m: float) -> str:
    """Return whole metres; millimetres where rounding would hide on which side of ``limit_m`` the value lies."""
    if missing(value):
        return NONE
    return _grouped(*wording.metres(value, limit_m))


def spaced(sentence: str) -> str:
    """Return a sentence with its thousands set apart as on all sheets."""
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", THIN, sentence)


def minutes(distance_m: Any, speed_m_per_s: float) -> str:
    """Return whole minutes of walking, rounded up."""
    if missing(distance_m):
        return NONE
    return _grouped(wording.minutes(distance_m, speed_m_per_s), 0)


def _grouped(number: Decimal, places: int) -> str:
    rounded = wording.rounded(number, places)
    text_ = f"{abs(rounded):,}".replace(",", THIN)
    return f"{MINUS}{text_}" if rounded < 0 else text_
