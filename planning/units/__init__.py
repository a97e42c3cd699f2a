"""Numbers, dates, flags and choices as people write them.

Every parser takes a column and returns two arrays as long as it: the values, and for each row a fault code (``""``
where nothing is wrong). A cell that says nothing (see `MISSING_WORDS`) is missing with code ``""``; a cell that says
something unreadable is missing **with** a code, so that nothing turns into an empty value in silence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.units._cells import MISSING_WORDS as MISSING_WORDS
from planning.units._cells import Codes, by_unique, is_number
from planning.units._cells import is_missing as is_missing
from planning.units._cells import normalise as normalise
from planning.units._dates import parse_dates as parse_dates

UNGRADED_WORDS: Final = frozenset({"未评定", "未评", "未评级", "未定级", "无星级", "无等级"})
TRUE_WORDS: Final = frozenset({"是", "有", "1", "true", "t", "yes", "y", "开", "开放", "常开", "对外开放", "√", "✓"})
FALSE_WORDS: Final = frozenset(
    {"否", "无", "没有", "0", "false", "f", "no", "n", "关", "闭", "关闭", "封闭", "常闭", "不开放", "×", "✗"}
)

_WRITTEN_UNITS: Final[Mapping[str, Mapping[str, Fraction]]] = {
    "m2": {
        **dict.fromkeys(("m2", "m^2", "平方米", "平米", "平", "㎡", "sqm"), Fraction(1)),
        **dict.fromkeys(("亩", "市亩"), Fraction(2000, 3)),
        **dict.fromkeys(("公顷", "ha", "hm2"), Fraction(10_000)),
        **dict.fromkeys(("平方公里", "平方千米", "km2"), Fraction(1_000_000)),
    },
    "户": dict.fromkeys(("户", "戶", "套"), Fraction(1)),
    "人": dict.fromkeys(("人", "名", "位", "口"), Fraction(1)),
    "张": dict.fromkeys(("张", "床", "张床", "床位", "个", "个床位"), Fraction(1)),
    "s": {**dict.fromkeys(("s", "秒"), Fraction(1)), **dict.fromkeys(("min", "分", "分钟"), Fraction(60))},
    "m": {**dict.fromkeys(("m", "米"), Fraction(1)), **dict.fromkeys(("km", "公里", "千米"), Fraction(1000))},
    "share": {"%": Fraction(1, 100), "‰": Fraction(1, 1000)},
    "": {},
}
UNITS: Final = tuple(_WRITTEN_UNITS)
"""The units a column may have."""
_MULTIPLIERS: Final[Mapping[str, Fraction]] = {"千": Fraction(10**3), "万": Fraction(10**4), "亿": Fraction(10**8)}
_MONEY: Final[Mapping[str, Fraction]] = {
    "元": Fraction(1, 10**4),
    "千元": Fraction(1, 10),
    "百万元": Fraction(100),
    "千万元": Fraction(1000),
    **dict.fromkeys(("万元", "万"), Fraction(1)),
    **dict.fromkeys(("亿元", "亿"), Fraction(10**4)),
}

_DIGITS: Final = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)"
_NUMBER: Final = re.compile(rf"([+-]?)({_DIGITS}(?:\.\d+)?|\.\d+)(e[+-]?\d{{1,3}})?(.*)", re.DOTALL)
_RANGE: Final = re.compile(r"\d[^\d]{0,3}(?:-|~|–|—|至|到)\s*\d")
_ABOUT: Final = re.compile(
    r"^(?:约|大约|近|不足|超|超过|逾|[<>≤≥≈~])|(?:左右|以上|以下|余|多|以内|上下)\D{0,3}$|(?<=\d)[余多几]"
)
_CHINESE_DIGITS: Final = {word: digit for digit, word in enumerate("零一二三四五六七八九十")} | {"两": 2, "〇": 0}


# ---------------------------------------------------------------------------------------------------------- numbers


@cache
def written_units(unit: str) -> Mapping[str, Fraction]:
    """Return how the column unit ``unit`` may be written, with the factor to it.

    Parameters
    ----------
    unit : {"m2", "户", "人", "张", "万元", "s", "m", "share", ""}

    Returns
    -------
    mapping of str to Fraction
        Normalised spelling to exact factor: 1 亩 is 2000/3 m², 1 公顷 is 10 000 m². ``万㎡`` and the like included.

    Raises
    ------
    KeyError
        If no contract uses such a unit.
    """
    if unit == "万元":
        return _MONEY
    plain = {normalise(word): factor for word, factor in _WRITTEN_UNITS[unit].items()}
    return plain | {
        multiplier + word: times * factor
        for multiplier, times in _MULTIPLIERS.items()
        for word, factor in (plain | {"": Fraction(1)}).items()
        if unit != "share"
    }


def parse_numbers(
    values: pd.Series[Any], unit: str = "", *, header_unit: str = ""
) -> tuple[NDArray[np.float64], Codes]:
    """Read a column of quantities.

    Parameters
    ----------
    values : Series
        Numbers, or text such as ``120户``, ``1,200㎡``, ``0.5亩``, ``１２０``, ``1.2万``.
    unit : str
        The unit wanted (see `written_units`); the answer is in it.
    header_unit : str
        The unit the heading states, for cells that state none themselves.

    Returns
    -------
    values : float64 array
        In ``unit``, correctly rounded from the exact product; NaN where missing or faulty.
    codes : object array of str
        ``""``, ``number_unreadable``, ``number_not_finite``, ``number_negative``, ``number_range`` (100-200),
        ``number_approximate`` (约300) or ``number_unit`` (a unit that does not fit, or 万 in a column already in 万).

    Raises
    ------
    KeyError
        If ``unit`` is not known, or ``header_unit`` no spelling of it: the caller looks before it calls.
    """
    factor = written_units(unit)[normalise(header_unit)] if header_unit else Fraction(1)
    found, codes = by_unique(values, lambda cell: _number(cell, unit, factor))
    return found.astype(np.float64), codes


def _number(cell: object, unit: str, factor: Fraction) -> tuple[float, str]:
    """Read one quantity; ``factor`` is for cells that state no unit."""
    if is_number(cell):
        return _signed(cell, factor)
    if not isinstance(cell, str):
        return math.nan, "number_unreadable"
    text = normalise(cell)
    if text in MISSING_WORDS:
        return math.nan, ""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return math.nan, _why_unreadable(text)
    sign, digits, exponent, tail = match.groups()
    scale = _tail_factor(tail.replace(" ", ""), unit, factor)
    if scale is None:
        return math.nan, _why_unreadable(text, tail)
    return _exact(sign + re.sub("[ ,]", "", digits) + (exponent or ""), scale)


def _signed(cell: float, factor: Fraction) -> tuple[float, str]:
    """Hold a cell that is a number already against zero and infinity."""
    number = float(cell)
    if not math.isfinite(number):
        return math.nan, "number_not_finite"
    if number < 0:
        return math.nan, "number_negative"
    return (number, "") if factor == 1 else _exact(repr(number), factor)


def _exact(digits: str, factor: Fraction) -> tuple[float, str]:
    """Multiply exactly and round once."""
    product = Fraction(digits) * factor
    if product < 0:
        return math.nan, "number_negative"
    try:
        return float(product), ""
    except OverflowError:
        return math.nan, "number_not_finite"


def _tail_factor(tail: str, unit: str, factor: Fraction) -> Fraction | None:
    """Return what the words behind a number multiply it by, or None where they do not fit the column."""
    if not tail:
        return factor
    if tail in _MULTIPLIERS and factor != 1:
        return None
    return written_units(unit).get(tail)


def _why_unreadable(text: str, tail: str = "") -> str:
    """Return the code that says best what is wrong with ``text``."""
    if text.lstrip("+-") in ("inf", "infinity", "∞", "nan"):
        return "number_not_finite"
    if _RANGE.search(text):
        return "number_range"
    if _ABOUT.search(text):
        return "number_approximate"
    return "number_unit" if tail and not re.search(r"\d", tail) else "number_unreadable"


# ------------------------------------------------------------------------------------- flags, integers and choices


def parse_flags(values: pd.Series[Any]) -> tuple[NDArray[np.object_], Codes]:
    """Read a column of yes and no: 是/否, 有/无, 1/0, true/false, 开/关, Y/N.

    Returns
    -------
    flags : object array of bool or None
    codes : object array of str
        ``""`` or ``flag_unreadable``.
    """
    return by_unique(values, _flag)


def _flag(cell: object) -> tuple[bool | None, str]:
    if isinstance(cell, bool | np.bool_):
        return bool(cell), ""
    text = normalise(_plain(cell))
    if text in TRUE_WORDS or text in FALSE_WORDS:
        return text in TRUE_WORDS, ""
    return None, "" if text in MISSING_WORDS else "flag_unreadable"


def parse_integers(
    values: pd.Series[Any], *, low: int | None = None, high: int | None = None
) -> tuple[NDArray[np.object_], Codes]:
    """Read a column of whole numbers such as a star grade (``3``, ``三星``, ``3星级``) or a bridge level (``-1``).

    Parameters
    ----------
    values : Series
    low, high : int, optional
        Bounds, both inclusive.

    Returns
    -------
    integers : object array of int or None
        ``未评定`` and the like are missing.
    codes : object array of str
        ``""``, ``integer_unreadable`` or ``integer_out_of_range``.
    """
    found, codes = by_unique(values, _integer)
    outside = [
        number is not None and ((low is not None and number < low) or (high is not None and number > high))
        for number in found
    ]
    found[outside], codes[outside] = None, "integer_out_of_range"
    return found, codes


def _integer(cell: object) -> tuple[int | None, str]:
    text = normalise(_plain(cell))
    if text in MISSING_WORDS or text in UNGRADED_WORDS:
        return None, ""
    match = re.fullmatch(r"([+-]?\d{1,9})(?:\.0+)?(?:星级?|级|层)?", text)
    if match:
        return int(match.group(1)), ""
    match = re.fullmatch(r"([零〇一二两三四五六七八九十])(?:星级?|级|层)?", text)
    return (_CHINESE_DIGITS[match.group(1)], "") if match else (None, "integer_unreadable")


def parse_choices(values: pd.Series[Any], choices: Mapping[str, tuple[str, ...]]) -> tuple[NDArray[np.object_], Codes]:
    """Read a column of words from a closed list.

    Parameters
    ----------
    values : Series
    choices : mapping
        Canonical word to what people write for it; the word itself is always understood. Compared whole after
        `normalise`, never by part: 养老产业用地 is not 养老.

    Returns
    -------
    words : object array of str or None
    codes : object array of str
        ``""`` or ``choice_unknown``.
    """
    known = {normalise(said): word for word, aliases in choices.items() for said in (*aliases, word)}

    def choice(cell: object) -> tuple[str | None, str]:
        text = normalise(_plain(cell))
        if text in known:
            return known[text], ""
        return None, "" if text in MISSING_WORDS else "choice_unknown"

    return by_unique(values, choice)


def _plain(cell: object) -> str:
    """Return a cell as text; a whole number without its ``.0``."""
    return plain_number(cell) if is_number(cell) else str(cell)


def plain_number(number: float) -> str:
    """Return a number as text, a whole one without ``.0``."""
    return str(int(number)) if math.isfinite(number) and number == int(number) else str(number)


def exact(value: object) -> Fraction | None:
    """Return a number as the decimal it is written as; None where it is missing."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return Fraction(int(value))  # most cells hold such: as written, without the way through text
    return None if pd.isna(value) else Fraction(str(value))  # type: ignore[call-overload]
