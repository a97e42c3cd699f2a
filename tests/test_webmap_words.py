"""Numbers on the web map: rounding never moves a value to the other side of a limit, nor hides a rest."""

from __future__ import annotations

import pytest

from planning import _webmap_words as words


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
