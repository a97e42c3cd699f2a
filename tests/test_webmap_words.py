"""Numbers on the web map: rounding never moves a value to the other side of a limit, nor hides a rest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning import inert
from planning.webmap import _words as words


@pytest.mark.parametrize(
    ("value", "limit", "said"),
    [
        (900.0, 900, "900"),
        (900.4, 900, "900.400"),  # rounds to 900 but lies beyond
        (900.001, 900, "900.001"),
        (899.6, 900, "900"),  # rounds to the limit and lies within: inclusive
        (899.4, 900, "899"),
        (1428.2, 900, "1,428"),
        (0.0, 900, "0"),
        (None, 900, "—"),
        (float("nan"), 900, "—"),
    ],
)
def test_metres_never_change_side(value: float | None, limit: float, said: str) -> None:
    assert words.metres(value, limit, "zh") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (319.0, "319.0"),
        (0.04, "0.04"),
        (0.001, "0.001"),
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (9699.25, "9,699.3"),
        (None, "—"),
    ],
)
def test_square_metres_show_a_tenth_and_never_hide_a_rest(value: float | None, said: str) -> None:
    assert words.square_metres(value, "zh") == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.511, "51.1"), (1.0, "100.0"), (0.0, "0.0"), (0.99999, "99.9"), (0.00001, "0.1"), (None, "—")],
)
def test_all_and_nothing_are_said_only_when_true(share: float | None, said: str) -> None:
    assert words.percent(share, "zh") == said


def test_minutes_are_rounded_up() -> None:
    """900 m at 1 m/s are 15 min; a millimetre more is 16."""
    assert [words.minutes(metres, 1.0, "zh") for metres in (0, 899.9, 900, 900.1)] == ["0", "15", "15", "16"]
    assert words.minutes(900, 1.25, "zh") == "12"


@given(st.integers(0, 5_000_000), st.integers(1, 5_000).map(lambda metres: metres * 1000))
def test_a_distance_reads_on_the_side_where_it_lies(distance_mm: int, limit_mm: int) -> None:
    shown = Decimal(words.metres(distance_mm / 1000, limit_mm / 1000, "zh").replace(",", ""))
    assert (shown <= limit_mm // 1000) == (distance_mm <= limit_mm)
    assert abs(shown - Decimal(distance_mm) / 1000) <= Decimal("0.5")


@given(st.integers(0, 3_000_000))
def test_minutes_never_promise_a_shorter_walk(distance_mm: int) -> None:
    """At 1 m/s a minute is 60 000 mm; the number shown is the least whole one that suffices."""
    shown = int(words.minutes(distance_mm / 1000, 1.0, "zh"))
    assert (shown - 1) * 60_000 < distance_mm <= shown * 60_000 or distance_mm == shown == 0


@given(st.text())
def test_any_text_is_inert_in_html_and_in_a_script(text: str) -> None:
    assert not set(inert.escape(text)) & set("<>`${}\\'\"")
    inner = inert.literal([text]).removeprefix("JSON.parse('").removesuffix("')")
    assert not set(inner) & set("<>&'`$\u2028\u2029")
    assert not any(opener in inner for opener in ("{{", "{%", "{#"))
