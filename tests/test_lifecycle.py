"""Life cycle of facilities: in service, on paper, counted for the quota."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning import texts
from planning.lifecycle import counts_for_quota, in_service, on_paper, service_state

DAY = date(2025, 6, 30)
STATUSES = ["planned", "building", "accepted", "handed_over", "operating", "idle", "diverted", "closed", "candidate"]


def facilities(**columns: list[object]) -> pd.DataFrame:
    """A facilities table as the door hands it on: every column there, missing where not given."""
    n = len(next(iter(columns.values())))
    full = {name: columns.get(name, [None] * n) for name in ("status", "opened", "closed", "level", "kind")}
    flags = pd.array(columns.get("counts_for_quota", [None] * n), dtype="boolean")
    return pd.DataFrame({k: pd.Series(v, dtype="str") for k, v in full.items()}).assign(counts_for_quota=flags)


def test_only_handed_over_and_operating_are_in_service_and_nothing_else() -> None:
    got = in_service(facilities(status=STATUSES), DAY)
    assert [s for s, yes in zip(STATUSES, got, strict=True) if yes] == ["handed_over", "operating"]


def test_on_paper_adds_planned_building_accepted_and_idle_but_not_diverted_closed_or_candidate() -> None:
    got = on_paper(facilities(status=STATUSES), DAY)
    left_out = [s for s, yes in zip(STATUSES, got, strict=True) if not yes]
    assert left_out == ["diverted", "closed", "candidate"]


@pytest.mark.parametrize(
    ("opened", "closed", "state"),
    [
        (None, None, "in_service"),
        ("2025-06-30", None, "in_service"),  # opened on the day: not later
        ("2025-07-01", None, "not_opened_yet"),
        ("2025-06", None, "in_service"),  # the day is the last of June: no day of June is later
        ("2025", None, "date_unsure"),
        ("2024", None, "in_service"),
        ("2026", None, "not_opened_yet"),
        ("2025-07", None, "not_opened_yet"),
        (None, "2025-06-30", "closed"),  # closed on the day: not later than it
        (None, "2025-07-01", "in_service"),
        (None, "2025-06", "closed"),
        (None, "2025-07", "in_service"),
        (None, "2025", "date_unsure"),
        (None, "2024", "closed"),
        (None, "2026", "in_service"),
        ("2025", "2024-01-01", "closed"),  # what is sure is said before what is not
        ("2026", "2025", "not_opened_yet"),
    ],
)
def test_dates_decide_on_the_line_and_partial_ones_only_when_every_day_agrees(
    opened: str | None, closed: str | None, state: str
) -> None:
    table = facilities(status=["operating"], opened=[opened], closed=[closed])
    assert service_state(table, DAY).tolist() == [state]
    assert in_service(table, DAY).tolist() == [state == "in_service"]


def test_june_is_unsure_one_day_before_its_end_and_february_knows_leap_years() -> None:
    table = facilities(status=["operating"] * 2, opened=["2025-06", "2024-02"])
    assert service_state(table, date(2025, 6, 29)).tolist() == ["date_unsure", "in_service"]
    assert service_state(table, date(2024, 2, 28)).tolist() == ["not_opened_yet", "date_unsure"]
    assert service_state(table, date(2024, 2, 29)).tolist() == ["not_opened_yet", "in_service"]


def test_status_speaks_before_dates_and_a_missing_status_is_operating() -> None:
    table = facilities(status=["planned", None], opened=["2030", "2020"])
    assert service_state(table, DAY).tolist() == ["status", "in_service"]


def test_a_facility_that_opens_later_or_has_closed_is_not_on_paper() -> None:
    table = facilities(
        status=["operating", "operating", "planned"], opened=["2026", None, "2026"], closed=[None, "2020", None]
    )
    assert on_paper(table, DAY).tolist() == [False, False, True]


def test_quota_by_level_and_kind_with_the_flag_above_both() -> None:
    table = facilities(
        level=["county", "street", "community", "village", "community", "village", "street", "community", "village"],
        kind=["centre", "centre", "station", None, "institution", "institution", "centre", "station", "institution"],
        counts_for_quota=[None, None, None, None, None, None, True, False, True],
    )
    assert counts_for_quota(table).tolist() == [False, False, True, True, False, False, True, False, True]


def test_index_is_kept_and_input_untouched() -> None:
    table = facilities(status=["operating", "idle"], opened=["2024", None]).set_axis([7, 3])
    before = table.copy(deep=True)
    for answer in (in_service(table, DAY), on_paper(table, DAY), counts_for_quota(table), service_state(table, DAY)):
        assert answer.index.tolist() == [7, 3]
    pd.testing.assert_frame_equal(table, before)
    assert in_service(table, DAY).dtype == np.bool_
    assert counts_for_quota(table).dtype == np.bool_


def test_no_facilities_and_nonsense_dates() -> None:
    assert in_service(facilities(status=[]), DAY).tolist() == []
    assert counts_for_quota(facilities(status=[])).tolist() == []
    with pytest.raises(ValueError, match="24-1"):
        in_service(facilities(status=["operating"], opened=["24-1"]), DAY)


def test_every_state_has_its_sentence_in_both_languages() -> None:
    for state in ("in_service", "status", "not_opened_yet", "closed", "date_unsure"):
        assert texts.t(f"lifecycle.{state}", "zh") != texts.t(f"lifecycle.{state}", "en")


def days_of(partial: str) -> list[date]:
    """Every day a partial date may mean, by the calendar module."""
    parts = [int(part) for part in partial.split("-")]
    year, months = parts[0], [parts[1]] if len(parts) > 1 else range(1, 13)
    if len(parts) == 3:
        return [date(*parts)]
    return [date(year, m, d) for m in months for d in range(1, calendar.monthrange(year, m)[1] + 1)]


partial_dates = st.builds(
    lambda day, digits: day.isoformat()[:digits],
    st.dates(date(2022, 1, 1), date(2026, 12, 31)),
    st.sampled_from([4, 7, 10]),
)


@given(opened=st.none() | partial_dates, closed=st.none() | partial_dates, shift=st.integers(0, 1825))
def test_the_same_as_asking_every_day_one_by_one(opened: str | None, closed: str | None, shift: int) -> None:
    day = date(2022, 1, 1) + timedelta(days=shift)
    has_opened = opened is None or all(d <= day for d in days_of(opened))
    still_open = closed is None or all(d > day for d in days_of(closed))
    table = facilities(status=["handed_over"], opened=[opened], closed=[closed])
    assert in_service(table, day).tolist() == [has_opened and still_open]
