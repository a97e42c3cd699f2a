"""A clause's row on the scorecard: its verdict, what is missing, who fails, and the reason that its verdict has."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from planning import standards
from planning.study import scorecard

CLAUSE = standards.load("liaocheng").clause("LC-11")


def row(*subjects: tuple[str, str, float | None, str | None]) -> dict[str, object]:
    table = pd.DataFrame(subjects, columns=["subject", "verdict", "shortfall", "reason"])
    return scorecard._row(CLAUSE, table.assign(actual=None, unit="m2", overdue=False), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("subjects", "verdict", "reason"),
    [
        ((("K1", "fails", 40.0, None), ("K2", "not_applicable", None, "none_in_service")), "fails", None),
        ((("K1", "fails", 40.0, "small"), ("K2", "meets", None, "enough")), "fails", "small"),
        ((("K1", "fails", 40.0, "small"), ("K2", "fails", 1.0, "none")), "fails", None),
        ((("K1", "meets", None, None), ("K2", "not_assessable", None, "open")), "not_assessable", "open"),
        ((("K1", "not_applicable", None, "none_in_service"),), "not_applicable", "none_in_service"),
    ],
)
def test_the_reason_is_that_of_the_verdict_shown(
    subjects: tuple[tuple[str, str, float | None, str | None], ...], verdict: str, reason: str | None
) -> None:
    """What is said of a subject that does not apply is no reason why another fails."""
    found = row(*subjects)
    assert (found["verdict"], found["reason"]) == (verdict, reason)


def test_missing_is_summed_over_those_who_fail_and_they_are_named_by_id() -> None:
    found = row(("K2", "fails", 0.5, None), ("K1", "fails", 40.0, None), ("K3", "meets", None, None))
    assert (found["shortfall"], found["where"], found["fails"], found["meets"]) == (40.5, "K1;K2", 2, 1)
