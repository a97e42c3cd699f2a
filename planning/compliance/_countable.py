"""Room `planning.compliance`: which rooms a plan lets count: storeys left out, own entrance, accessible.

None of the five documents states such a rule; provincial guides do. Without one of these switches every room counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planning import units

ABOVE: Final = "above"
_NUMBER: Final = r"(?:\d+|[一二两三四五六七八九十]+)"
_KINDS: Final[Mapping[str, str]] = {
    "semi_basement": rf"半地下(?:室|{_NUMBER}?[层楼])?|semi_?basement",
    "basement": rf"地下(?:室|车库|夹层|{_NUMBER}?[层楼])?|负{_NUMBER}[层楼]?|b\d+[层f]?|-\d+[层楼f]?|basement",
    "mezzanine": r"夹层|mezzanine",
    ABOVE: rf"(?:地上)?第?{_NUMBER}[层楼f]?|f\d+|首层|底层|顶层",
}
_TOKEN: Final = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items()))
_BETWEEN: Final = re.compile(r"(?:[\s、,;/和及与&+~–—-]|至|到)+")
_SIGN_APART: Final = re.compile(r"(?<=[\d一二三四五六七八九十层楼室f])-")


@dataclass(frozen=True)
class Countable:
    """What a plan asks of a room: not in the storeys ``exclude``, an entrance of its own, accessible."""

    exclude: frozenset[str]
    own_entrance: bool
    accessible: bool

    @classmethod
    def of(cls, switches: Mapping[str, Any]) -> Countable:
        """Read the plan's ``exclude_storeys, needs_own_entrance, needs_accessible``; absent ones ask nothing."""
        return cls(
            frozenset(switches.get("exclude_storeys") or ()),
            bool(switches.get("needs_own_entrance")),
            bool(switches.get("needs_accessible")),
        )

    @property
    def asks(self) -> bool:
        """Say whether anything is asked at all."""
        return bool(self.exclude) or self.own_entrance or self.accessible

    def judge(self, storey: object, own_entrance: object, accessible: object) -> tuple[str, str]:
        """Return the code of what shuts a room out, and the code of what leaves that open; empty where nothing does.

        One ground for leaving a room out is enough, whatever else is unknown of it.
        """
        found = [
            self._storey(storey),
            _flag(own_entrance, "own_entrance") if self.own_entrance else ("", ""),
            _flag(accessible, "accessible") if self.accessible else ("", ""),
        ]
        shut = next((no for no, _ in found if no), "")
        return shut, "" if shut else next((doubt for _, doubt in found if doubt), "")

    def _storey(self, text: object) -> tuple[str, str]:
        if not self.exclude:
            return "", ""
        if not isinstance(text, str) or units.is_missing(text):
            return "", "storey_missing"
        kinds = storeys(text)
        if kinds is None:
            return "", "storey_unreadable"
        out = sorted(kinds & self.exclude)
        if out and kinds <= self.exclude:
            return f"storey_{out[0]}", ""
        return "", "storey_mixed" if out else ""


def storeys(text: str) -> frozenset[str] | None:
    """Return the kinds of storey that ``text`` names, or None where a part of it is not understood.

    Kinds are ``basement``, ``semi_basement``, ``mezzanine`` and ``above``. A number is a storey above ground, with a
    minus, 负, 地下 or B one below it; behind a number or 层 the minus joins two ends of a range, which are what count.
    """
    rest = _SIGN_APART.sub("~", units.normalise(text))
    kinds = set()
    for part in filter(None, _split(rest)):
        match = _TOKEN.fullmatch(part)
        if match is None or match.lastgroup is None:
            return None
        kinds.add(match.lastgroup)
    return frozenset(kinds) if kinds else None


def _split(text: str) -> list[str]:
    """Cut at separators; a minus with nothing but a separator before it is a sign."""
    parts, start = [], 0
    for gap in _BETWEEN.finditer(text):
        sign = gap.group().endswith("-")
        parts.append(text[start : gap.start()])
        start = gap.end() - sign
    return [*parts, text[start:]]


def _flag(value: object, name: str) -> tuple[str, str]:
    if pd.isna(value):  # type: ignore[call-overload]
        return "", f"{name}_missing"
    return ("", "") if value else (f"no_{name}", "")
