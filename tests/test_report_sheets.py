"""What a reviewer reads in the workbook: every square metre is accounted for, and figures on paper add up."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pytest
from test_compliance_oracle import district, judge

from planning import runs, study
from planning.report import _balance, _book, _tables
from planning.report._figures import foots, formats
from planning.report._sheet import Heading, Sheet
from planning.study import StudyResult

if TYPE_CHECKING:
    from planning.report._sheet import Kind

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "plan.toml"


def check_account(rooms: pd.DataFrame, residential: pd.DataFrame, provided_m2: float) -> pd.DataFrame:
    """Hold the account against the rooms themselves and the sum of the verdicts."""
    found = _balance.lines(rooms, residential)
    gross = found[found["group"] == "gross"].iloc[0]
    groups = found[(found["group"] != "gross") & (found["code"] == "")]
    parts = found[found["code"] != ""]
    own = rooms["facility_id"].fillna("own " + rooms["residential_id"].fillna(""))
    assert math.isclose(gross["area_m2"], rooms[~own.duplicated()]["floor_area_m2"].sum(), abs_tol=1e-6)
    assert gross["rows"] == len(rooms)
    assert gross["unknown"] == rooms["floor_area_m2"].isna().sum()
    for name in ("rows", "unknown", "area_m2"):
        assert math.isclose(groups[name].sum(), gross[name], abs_tol=1e-6)
        for group in groups["group"]:
            of_group = groups.loc[groups["group"] == group, name].sum()
            assert math.isclose(parts.loc[parts["group"] == group, name].sum(), of_group, abs_tol=1e-6), group
    credited = rooms.loc[rooms["counted"], "credited_m2"].sum()
    accepted = groups.loc[groups["group"] == "accepted", "area_m2"].sum()
    assert math.isclose(credited, accepted, abs_tol=1e-6)
    in_sum = parts.loc[parts["code"] == "in_sum", "area_m2"].sum()
    assert math.isclose(in_sum, provided_m2, abs_tol=1e-6)
    return found


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 20))])
def test_the_account_foots_in_random_districts(block: int) -> None:
    """Gross = accepted + rejected + open; accepted = in the sum + the rest; the sum is that of the verdicts."""
    seen: set[str] = set()
    for seed in range(block * 60, block * 60 + 60):
        found = judge(district(seed))
        account = check_account(found.rooms, found.residential, found.summary["provided_m2"])
        seen |= set(account["code"])
    assert {"in_sum", "not_assessable", "not_applicable"} <= seen


# ------------------------------------------------------------------------------------------------ figures on paper


def sheet(values: list[float | None], total: float | None = None, kind: str = "m2", **more: Any) -> Sheet:
    """Return a sheet of one column."""
    column = Heading("x", "x", cast("Kind", kind))
    totals = {} if total is None else {"x": total}
    return Sheet(
        "s", "s", [column], pd.DataFrame({"x": values, **more.pop("beside", {})}, dtype=object), totals=totals, **more
    )


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("m2", 13009.504784, "#,##0.00"),
        ("m2", 15673.2, "#,##0.0"),
        ("m2", 200.0, "#,##0.0"),
        ("m2", 180.45, "#,##0.00"),
        ("share", 0.3968253968, "0.0%"),
        ("plain", 22879.0, "#,##0"),
        ("plain", 0.8, "#,##0.0"),
        ("plain", 1 / 3, "#,##0.0000"),
        ("whole", 1166.0, "#,##0"),
        ("act", 1.0, '[=1]"是";[=0]"否";General'),
    ],
)
def test_a_number_is_shown_with_the_decimals_it_needs(kind: str, value: float, shown: str) -> None:
    """Square metres have one decimal, or two; other numbers those they need, at most four."""
    page = sheet([value], kind=kind)
    assert formats(page, page.columns[0], "zh")[0] == [shown]


def test_square_metres_of_a_column_share_their_decimals_and_rows_may_differ_in_kind() -> None:
    """180.45 brings 109.2 to two decimals; a share among counts is a share."""
    page = sheet([180.45, 109.2, None])
    assert formats(page, page.columns[0], "zh") == (["#,##0.00"] * 3, "#,##0.00")
    mixed = sheet([0.5, 14.0, 2235.8], kind="plain", kinds={"x": ["share", "plain", "m2"]})
    assert formats(mixed, mixed.columns[0], "zh")[0] == ["0.0%", "#,##0", "#,##0.0"]


def test_a_sheet_says_so_where_shown_figures_do_not_add_up() -> None:
    """Three times 1/3 is 1, and 0.33 + 0.33 + 0.33 is 0.99; 0.25 + 0.25 is 0.50 and is 0.5."""
    assert not foots(sheet([1 / 3, 1 / 3, 1 / 3], 1.0), "zh")
    assert foots(sheet([0.25, 0.25], 0.5), "zh")
    assert foots(sheet([1.0, None], 1.0), "zh")
    blocks = {"level": ["a", "a", "a", "b", "b"]}
    assert foots(sheet([1.0, 2.0, 3.0, 4.0, 4.0], beside=blocks, groups="level"), "zh")
    assert not foots(sheet([1.0, 2.0, 3.0, 4.0, 4.2], beside=blocks, groups="level"), "zh")


# ------------------------------------------------------------------------------------------------------ the sample


@pytest.fixture(scope="module")
def sample() -> StudyResult:
    return study.run(runs.load(SAMPLE), parts=frozenset({"coverage", "compliance"}))


@pytest.mark.slow
def test_the_sample_foots_and_its_sheets_are_in_one_language(sample: StudyResult) -> None:
    """16 946.2 m² credited = 15 673.2 in the sum + 1 013 of areas without data + 260 of areas without households."""
    areas = pd.DataFrame(sample.residential).set_index("residential_id", drop=False)
    found = check_account(sample.rooms, areas, sample.summary["compliance"]["provided_m2"])
    accepted = found[found["group"] == "accepted"].set_index("code")["area_m2"].round(6)
    assert dict(accepted) == {"": 16946.2, "in_sum": 15673.2, "not_assessable": 1013.0, "not_applicable": 260.0}
    for page in _tables.sheets(sample, "en"):
        said = " ".join([page.title, *page.notes, page.total_label, *(column.label for column in page.columns)])
        assert not re.search("合计|㎡|居住区|条款|面积", said), page.name
    crs = [value for page in _tables.sheets(sample, "zh") for name in ("crs_text", "reasons") if name in page.rows
           for value in page.rows[name].dropna()]  # fmt: skip
    assert crs
    assert not any("taken as equal" in value for value in crs)
    assert any("（no_entrances）" in value for value in crs)


@pytest.mark.slow
def test_no_printed_letter_is_smaller_than_7_pt(sample: StudyResult) -> None:
    """The widths of a sheet's columns, over the pages it is printed across, leave 10 pt letters at 70 per cent."""
    for page in _tables.sheets(sample, "zh"):
        widths = _book._fitted(page, [_book._width(one.label, page.rows[one.name]) for one in page.columns])
        across = -(-sum(7 * width + 5 for width in widths) // (1510 / 0.7))
        assert across == 1, page.name
