"""Numbers and names as the page shows them; belongs to the room `webmap`.

Rounding never moves a value to the other side of a limit: where it would, more digits are shown.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

from planning import texts


def missing(value: Any) -> bool:
    """Say whether a cell holds nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


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
    number = _decimal(value)
    return _grouped(number, 0 if number == number.to_integral_value() else 1)


def square_metres(value: Any, language: texts.Language) -> str:
    """Return m² with one decimal; what is not zero never reads 0.0."""
    if missing(value):
        return nothing(language)
    number = _decimal(value)
    shown = _grouped(number, 1)
    hidden = number != 0 and not any(digit in "123456789" for digit in shown)
    return _grouped(number, 3).rstrip("0") if hidden else shown


def metres(value: Any, limit_m: float, language: texts.Language) -> str:
    """Return whole metres; with millimetres where rounding would hide on which side of ``limit_m`` the value lies."""
    if missing(value):
        return nothing(language)
    number, limit = _decimal(value), _decimal(limit_m)
    rounded = number.quantize(Decimal(1), ROUND_HALF_UP)
    hidden = number != limit and ((rounded <= limit) != (number <= limit))
    return _grouped(number, 3) if hidden else _grouped(rounded, 0)


def minutes(distance_m: Any, speed_m_per_s: float, language: texts.Language) -> str:
    """Return the walking time in whole minutes, rounded up: nobody is promised a shorter walk."""
    if missing(distance_m):
        return nothing(language)
    # One division: a quotient that is whole comes out whole.
    time = _decimal(distance_m) / (_decimal(speed_m_per_s) * 60)
    return _grouped(time.to_integral_value(ROUND_CEILING), 0)


def percent(share: Any, language: texts.Language) -> str:
    """Return a share 0–1 in per cent with one decimal; 100.0 and 0.0 only where it is all or nothing."""
    if missing(share):
        return nothing(language)
    number = _decimal(share) * 100
    rounded = number.quantize(Decimal("0.1"), ROUND_HALF_UP)
    if rounded in (0, 100) and rounded != number:
        rounded = Decimal("0.1") if rounded == 0 else Decimal("99.9")
    return _grouped(rounded, 1)


def joined(parts: list[str], language: texts.Language) -> str:
    """Return ``parts`` as a list in a sentence."""
    return say("comma", language).join(parts)


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value.item() if hasattr(value, "item") else value))


def _grouped(number: Decimal, places: int) -> str:
    quantum = Decimal(1).scaleb(-places)
    rounded = number.quantize(quantum, ROUND_HALF_UP)
    return f"{rounded if rounded != 0 else abs(rounded):,}"
