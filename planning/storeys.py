"""On which storeys a place lies, as people write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planning import units

_NUMBER: Final = r"(?:\d+|[一二两三四五六七八九十]+)"
_KINDS: Final[Mapping[str, str]] = {
    "semi_basement": rf"半地下(?:室|{_NUMBER}?[层楼])?|semi_?basement",
    "basement": rf"地下(?:室|车库|夹层|{_NUMBER}?[层楼])?|负{_NUMBER}[层楼]?|b\d+[层f]?|-\d+[层楼f]?|basement",
    "mezzanine": r"夹层|mezzanine",
    "above": rf"(?:地上)?第?(?P<number>{_NUMBER})[层楼f]?|f(?P<latin>\d+)|(?P<first>首层|底层)|顶层",
}
_TOKEN: Final = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
_BETWEEN: Final = re.compile(r"(?:[\s、,;/和及与及&+~–—-]|至|到)+")
_SIGN_APART: Final = re.compile(r"(?<=[\d一二三四五六七八九十层楼室f])-")
_DIGITS: Final = {letter: value for value, letter in enumerate("一二三四五六七八九", start=1)} | {"两": 2}


@dataclass(frozen=True)
class Storey:
    """One storey: its kind, and its number where it lies above ground and is numbered."""

    kind: str
    number: int | None = None


def read(text: str) -> tuple[Storey, ...] | None:
    """Return the storeys that ``text`` names, or None where a part of it is not understood.

    Kinds are ``basement``, ``semi_basement``, ``mezzanine`` and ``above``. A number is a storey above ground, with a
    minus, 负, 地下 or B one below it; behind a number or 层 the minus joins the two ends of a range, which are what is
    returned. 首层 and 底层 are the first; 顶层 has no number.
    """
    found = []
    for part in _split(_SIGN_APART.sub("~", units.normalise(text))):
        match = _TOKEN.fullmatch(part)
        if match is None:
            return None
        kind = next(name for name in _KINDS if match[name] is not None)
        found.append(Storey(kind, _number_of(match) if kind == "above" else None))
    return tuple(found) or None


def _split(text: str) -> list[str]:
    """Cut at separators; a minus with nothing but a separator before it is a sign."""
    parts, start = [], 0
    for gap in _BETWEEN.finditer(text):
        sign = gap.group().endswith("-")
        parts.append(text[start : gap.start()])
        start = gap.end() - sign
    return [part for part in (*parts, text[start:]) if part]


def _number_of(match: re.Match[str]) -> int | None:
    if match["first"]:
        return 1
    digits = match["number"] or match["latin"]
    if digits is None:
        return None
    return int(digits) if digits.isdecimal() else _chinese(digits)


def _chinese(text: str) -> int | None:
    """Return a Chinese numeral below a hundred."""
    tens, ten, ones = text.rpartition("十")
    if not (len(tens) <= 1 and len(ones) <= 1):
        return None
    if not ten:
        return _DIGITS[ones]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
