"""Room `planning.indicators`: a measured figure with its bounds, and the verdict that follows; exact fractions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from planning.units import exact

Verdict = Literal["meets", "fails", "not_assessable", "not_applicable"]

NOT_STATED: Final = "本文件未规定"
ZERO: Final = Fraction(0)
ONE: Final = Fraction(1)


@dataclass(frozen=True)
class Measure:
    """What is known of a figure: it lies between ``low`` and ``high`` (None: no upper bound is known).

    Where both are equal the figure is known. ``reason`` says why it is not, or, with ``applies`` False, why the
    clause asks nothing here. ``shown`` stands in for the figure where one has to be shown although the bounds are
    apart; ``beside`` is the figure under the other reading of an ambiguity, named by ``beside_code``; ``unit`` differs
    from the clause's own where a clause is measured in two ways.
    """

    low: Fraction = ZERO
    high: Fraction | None = None
    reason: str = ""
    applies: bool = True
    shown: Fraction | None = None
    beside: Fraction | None = None
    beside_code: str = ""
    unit: str = ""

    @property
    def actual(self) -> Fraction | None:
        """Return the figure to show; None where it is not known."""
        if self.shown is not None:
            return self.shown
        return self.low if self.applies and self.low == self.high else None


def known(value: Fraction | int) -> Measure:
    """Return a figure known exactly."""
    return Measure(Fraction(value), Fraction(value))


def unknown(reason: str) -> Measure:
    """Return a figure of which nothing is known, because of ``reason``."""
    return Measure(reason=reason)


def exempt(reason: str) -> Measure:
    """Return that the clause asks nothing here, because of ``reason``."""
    return Measure(reason=reason, applies=False)


def total(values: Iterable[object]) -> Fraction:
    """Return the exact sum of the numbers that are there."""
    return sum((number for number in map(exact, values) if number is not None), ZERO)


def judge(measure: Measure, comparator: str, value: Decimal | None) -> tuple[Verdict, str]:
    """Hold a figure against the clause: a verdict only where every value within the bounds gives the same.

    A clause without a number is never met: `NOT_STATED`.
    """
    if not measure.applies:
        return "not_applicable", measure.reason
    if value is None:
        return "not_assessable", NOT_STATED
    asked = Fraction(value)
    if _surely(measure, comparator, asked):
        return "meets", "" if measure.low == measure.high else "known_part_suffices"
    if _never(measure, comparator, asked):
        return "fails", "" if measure.low == measure.high else "falls_short_even_if_complete"
    return "not_assessable", measure.reason


def with_known_part(measure: Measure, verdict: Verdict, reason: str) -> Measure:
    """Return the measure as it is to be shown under a verdict that incomplete data allow.

    Where what is known suffices, that is the figure (a pass never stands without one); where even complete data could
    not do it, the most there can be stands beside the empty figure.
    """
    if measure.actual is not None or not measure.applies:
        return measure
    if verdict == "meets":
        return replace(measure, shown=measure.low)
    if reason == "falls_short_even_if_complete" and measure.high is not None and measure.beside is None:
        return replace(measure, beside=measure.high, beside_code="at_most")
    return measure


def _surely(measure: Measure, comparator: str, asked: Fraction) -> bool:
    """Say whether every value within the bounds fulfils the comparison."""
    low, high = measure.low, measure.high
    if comparator == ">=":
        return low >= asked
    if comparator == ">":
        return low > asked
    if high is None:
        return False
    if comparator == "<=":
        return high <= asked
    return high < asked if comparator == "<" else low == high == asked


def _never(measure: Measure, comparator: str, asked: Fraction) -> bool:
    """Say whether no value within the bounds fulfils the comparison."""
    low, high = measure.low, measure.high
    below = high is not None and (high < asked or (high == asked and comparator == ">"))
    above = low > asked or (low == asked and comparator == "<")
    if comparator in (">=", ">"):
        return below
    return above if comparator in ("<=", "<") else below or above


def shortfall(verdict: Verdict, measure: Measure, value: Decimal | None) -> Fraction | None:
    """Return how far the figure is from the clause: 0 where it meets, None where that cannot be said."""
    if verdict == "meets":
        return ZERO
    if verdict != "fails" or value is None or measure.actual is None:
        return None
    return abs(Fraction(value) - measure.actual)
