"""Where no area can be judged, no sum reads like a result: not in the summary, not in a total row, not on a page."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import papertown
import pytest

from planning import runs
from planning.study.sums import known

SUMS = ("required_m2", "provided_m2", "shortfall_m2")


def figures(meets: int, fails: int, silent: int, m2: float) -> dict[str, object]:
    counts = {"areas_total": 6, "meets": meets, "fails": fails, "not_assessable": silent, "not_applicable": 1}
    return dict.fromkeys(SUMS, m2) | counts | {"meets_share": None}


@pytest.mark.parametrize(
    ("counts", "told"),
    [((1, 0, 5), True), ((0, 1, 5), True), ((0, 0, 5), False), ((0, 0, 0), True), ((1, 0, 0), True)],
)
def test_a_sum_over_nobody_is_unknown_unless_nobody_owes(counts: tuple[int, int, int], *, told: bool) -> None:
    """All areas not assessable: unknown. All without households: 0 m² is owed, and that is a result."""
    given = figures(*counts, m2=0.0)
    found = known(given)
    assert [found[name] for name in SUMS] == ([0.0] * 3 if told else [None] * 3)
    assert {key: value for key, value in found.items() if key not in SUMS} == {
        key: value for key, value in given.items() if key not in SUMS
    }
    assert given["required_m2"] == 0.0  # what was given is left alone


@pytest.mark.slow
@pytest.mark.parametrize("standard", ["shaanxi", "tianjiaan"])
def test_a_document_without_a_rate_sums_nothing(tmp_path: Path, standard: str) -> None:
    """Neither document has a number: five areas not assessable, one without households; no sum, share or total."""
    done = runs.run(papertown.write(tmp_path, standard=standard), out=tmp_path / "out", only="report")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["compliance"]
    assert [summary[name] for name in (*SUMS, "meets_share")] == [None] * 4
    assert (summary["meets"], summary["fails"], summary["areas_total"]) == (0, 0, 6)
    assert summary["not_assessable"] + summary["not_applicable"] == 6
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx", data_only=True)
    page = book["居住区达标核查表"]
    rows = list(page.iter_rows(values_only=True))
    (total,) = [row for row in rows if row[0] == "合计"]
    assert total[20:23] == (None, None, None)
    assert any(str(row[0]).startswith("没有可评定的居住区") for row in rows[:6])
    for row in book["分级汇总表"].iter_rows(values_only=True):
        if row[2] == "合计":
            assert row[9:12] == (None, None, None)
    assert done.result.summary["units"] is not None


@pytest.mark.slow
def test_with_a_number_of_the_users_there_are_sums_again(tmp_path: Path) -> None:
    """Shaanxi with 20 and 15 m² a hundred: 200 + 400 + 120 + 75 m² owed by A, B, C, F; A and C meet, 100 + 75 short."""
    more = "[standards.numbers]\nSX-05 = 20\nSX-06 = 15"
    done = runs.run(papertown.write(tmp_path, standard="shaanxi", more=more), out=tmp_path / "out", only="report")
    found = done.result.summary["compliance"]
    assert [found[name] for name in SUMS] == [795.0, 650.0, 175.0]
    assert (found["meets"], found["fails"], found["not_assessable"], found["not_applicable"]) == (2, 2, 1, 1)
