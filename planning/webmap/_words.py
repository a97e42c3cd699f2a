"""Numbers and names as the page shows them; belongs to the room `webmap`.

Rounding never moves a value to the other side of a limit: where it would, more digits are shown.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from planning import texts
from planning.study import wording
from planning.study.wording import missing as missing


def say(key: str, language: texts.Language, **facts: object) -> str:
    """Return the sentence ``webmap.<key>``."""
    return texts.t(f"webmap.{key}", language, **facts)


def nothing(language: texts.Language) -> str:
    """Return the sign of a missing value."""
    return say("none", language)


def text(value: Any, language: texts.Language) -> str:
    """Return a cell as text; a missing one as the sign for it."""
    return nothing(language) if missing(value) or str(value) == "" else str(value)


def word(group: str, value: Any, language: texts.Language) -> str:
    """Return the wording of a choice, the word itself where the table does not know it."""
    key = f"webmap.{group}.{value}"
    return texts.t(key, language) if not missing(value) and texts.has(key) else text(value, language)


def whole(value: Any, language: texts.Language) -> str:
    """Return a count: thousands separated, no decimals unless the value has some (half-reached areas)."""
    if missing(value):
        return nothing(language)
    number = wording.exact(value)
    return _grouped(number, 0 if number == number.to_integral_value() else 1)


def span(low: float, high: float, language: texts.Language) -> str:
    """Return a class of whole numbers from ``low`` up to below ``high``; one number where both are the same."""
    if missing(low) or low == high or high - low == 1 or not low:
        return whole(low, language)
    return f"≥ {low:,.0f}" if math.isinf(high) else f"{low:,.0f}–{high - 1:,.0f}"


def square_metres(value: Any, language: texts.Language) -> str:
    """Return m² with one decimal; what is not zero never reads 0.0."""
    if missing(value):
        return nothing(language)
    number = wording.exact(value)
    shown = _grouped(number, 1)
    hidden = number != 0 and not any(digit in "123456789" for digit in shown)
    return _grouped(number, 3).rstrip("0") if hidden else shown


def metres(value: Any, limit_m: float, language: texts.Language) -> str:
    """Return whole metres; with millimetres where rounding would hide on which side of ``limit_m`` the value lies."""
    if missing(value):
        return nothing(language)
    return _grouped(*wording.metres(value, limit_m))


def minutes(distance_m: Any, speed_m_per_s: float, language: texts.Language) -> str:
    """Return the walking time in whole minutes, rounded up: nobody is promised a shorter walk."""
    if missing(distance_m):
        return nothing(language)
    return _grouped(wording.minutes(distance_m, speed_m_per_s), 0)


def percent(share: Any, language: texts.Language) -> str:
    """Return a share 0–1 in per cent with one decimal; 100.0 and 0.0 only where it is all or nothing."""
    if missing(share):
        return nothing(language)
    return _grouped(wording.percent(share), 1)


def joined(parts: list[str], language: texts.Language) -> str:
    """Return ``parts`` as a list in a sentence."""
    return say("comma", language).join(parts)


def _grouped(number: Decimal, places: int) -> str:
    rounded = wording.rounded(number, places)
    return f"{rounded if rounded != 0 else abs(rounded):,}"
