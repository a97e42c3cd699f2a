"""What of a whole lies in none of its parts, so that a table of parts adds up to its last row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

SHARES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    f"{weight}_share": (f"{weight}_covered", (f"{weight}_total",)) for weight in ("households", "elderly")
}
"""Each share with what it divides, and the columns whose sum it divides by."""


def rest(whole: Mapping[str, Any], parts: Iterable[Mapping[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    """Return the figures ``names`` of what lies in no part, and the shares among them.

    A figure unknown of the whole is unknown of the rest; unknown figures of parts add nothing. A share of nothing is
    unknown.
    """
    told = list(parts)
    found: dict[str, Any] = {}
    for name in names:
        known = [figures[name] for figures in told if figures[name] is not None]
        found[name] = None if whole[name] is None else _left(whole[name], math.fsum(known))
    for share, (upper, (lower,)) in SHARES.items():
        over, under = found[upper], found[lower]
        found[share] = over / under if over is not None and under else None
    return found


def _left(whole: float, known: float) -> float:
    """Return what is left of a whole; what rounding alone leaves is nothing, of which no share can be told."""
    return 0.0 if math.isclose(whole, known, rel_tol=1e-12, abs_tol=1e-9) else whole - known
