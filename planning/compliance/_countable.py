"""Room `planning.compliance`: which rooms a plan lets count: storeys left out, own entrance, accessible.

None of the five documents states such a rule; provincial guides do. Without one of these switches every room counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planning import storeys, units


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
        found = storeys.read(text)
        if found is None:
            return "", "storey_unreadable"
        kinds = {one.kind for one in found}
        out = sorted(kinds & self.exclude)
        if out and kinds <= self.exclude:
            return f"storey_{out[0]}", ""
        return "", "storey_mixed" if out else ""


def _flag(value: object, name: str) -> tuple[str, str]:
    if pd.isna(value):  # type: ignore[call-overload]
        return "", f"{name}_missing"
    return ("", "") if value else (f"no_{name}", "")
