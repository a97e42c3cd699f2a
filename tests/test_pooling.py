"""Pools (统筹) from suggestion to decision: written as a table, accepted by hand, read back, judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import papertown
import pytest
from click.testing import CliRunner
from shapely.geometry import box

import planning
from planning import report
from planning.cli._pools import pools as command
from planning.errors import InputRefused
from planning.study import StudyResult

COMPLIANCE = frozenset({"compliance"})
# Nantong, new: 30 m² per hundred households, 600 m² in one place.
HOMES = {"A": (300, 700), "B": (420, 800), "C": (500, 900), "D": (2000, 2500)}


def residential() -> gpd.GeoDataFrame:
    rows = [
        {"residential_id": name, "name": f"{name}苑", "households": households, "elderly": 1, "built": "new",
         "setting": "urban", "geometry": box(papertown.X0 + x - 20, papertown.Y0, papertown.X0 + x + 20,
                                             papertown.Y0 + 40)}
        for name, (x, households) in HOMES.items()
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, crs=papertown.CRS)


def facilities() -> gpd.GeoDataFrame:
    rooms = papertown.facilities().iloc[2:4].copy()  # K1 200 m² and K2 300 m²
    rooms["serves"] = ["A", "D"]
    return rooms


def town(folder: Path, *, standard: str = "nantong", more: str = "", pools: str | None = None) -> Path:
    gates = gpd.GeoDataFrame(
        {"residential_id": list(HOMES)}, geometry=[papertown.at(x, 0) for x, _ in HOMES.values()], crs=papertown.CRS
    )
    listed = "" if pools is None else f'[inputs.pools]\npath = "{pools}"\n'
    return papertown.write(
        folder, standard=standard, more=f"{listed}{more}", residential=residential(), entrances=gates,
        facilities=facilities(),
    )  # fmt: skip


def ask(*words: Any) -> Any:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def judge(plan: Path) -> StudyResult:
    return planning.run(planning.load(plan), parts=COMPLIANCE)


def accept(path: Path, areas: str, word: object = "是") -> None:
    """Write ``word`` beside the areas as a planner would, in the column whose heading says so."""
    if path.suffix == ".csv":
        rows = pd.read_csv(path, dtype="str")
        rows["采纳"] = rows["采纳"].astype(object).mask(rows["居住区编号"].isin(list(areas)), str(word))
        rows.to_csv(path, index=False, encoding="utf-8-sig")
        return
    book = openpyxl.load_workbook(path)
    page = book.active
    place = {cell.value: cell.column for cell in page[1]}
    for row in range(2, page.max_row + 1):
        if page.cell(row, place["居住区编号"]).value in areas:
            page.cell(row, place["采纳"]).value = word
    book.save(path)


@pytest.mark.parametrize("suffix", ["xlsx", pytest.param("csv", marks=pytest.mark.slow)])
def test_suggested_accepted_judged(tmp_path: Path, suffix: str) -> None:
    """700, 800 and 900 households owe 210, 240 and 270 m², 600 each alone: 1800 m², together 720 in one unit.

    A has 200 m²; the pool therefore owes 720, has 200 and lacks 520. D, with 2500 households, owes 750 and has 300,
    1500 m² away: nobody's partner. Before: 3 × 600 + 750 owed, 500 had, (600 - 200) + 600 + 600 + 450 missing.
    """
    plan, path = town(tmp_path, pools=f"统筹表.{suffix}"), tmp_path / f"统筹表.{suffix}"
    bare = town(tmp_path / "bare")
    said = ask(bare, "--out", path)
    assert (said.exit_code, "建议 3 行" in said.output) == (0, True)

    before = judge(bare).summary["compliance"]
    assert [before[name] for name in ("required_m2", "provided_m2", "shortfall_m2")] == [2550, 500, 2050]
    blank = judge(plan)  # a suggestion that nobody has accepted changes nothing
    assert blank.summary["compliance"] == before
    assert blank.residential["pool_id"].isna().all()

    accept(path, "ABC")
    after = judge(plan)
    figures = after.summary["compliance"]
    assert [figures[name] for name in ("required_m2", "provided_m2", "shortfall_m2")] == [1470, 500, 970]
    rows = after.residential.set_index("residential_id")
    assert rows["pool_id"].dropna().to_dict() == dict.fromkeys("ABC", "P~A")
    pooled = rows.loc[list("ABC")]
    assert pooled["required_m2"].tolist() == [210, 240, 270]  # each member's own duty stays beside
    assert pooled["provided_m2"].tolist() == [200, 0, 0]
    assert pooled[["pool_required_m2", "pool_provided_m2", "pool_shortfall_m2"]].drop_duplicates().values.tolist() == [
        [720, 200, 520]
    ]
    assert after.rooms["credited_m2"].sum() == 500  # no square metre is lost or counted twice
    assert after.pools.empty
    assert len(after.findings[after.findings["subject_id"] == "P~A"]) == 2  # rate and single minimum of the pool


@pytest.mark.slow
def test_members_left_blank_or_declined_stay_alone(tmp_path: Path) -> None:
    """A and B pool, C is declined: 450 in one unit of 600; C owes its own 600 and every row is in the ledger."""
    plan, path = town(tmp_path, pools="统筹表.xlsx"), tmp_path / "统筹表.xlsx"
    assert ask(town(tmp_path / "bare"), "--out", path).exit_code == 0
    accept(path, "AB", "√")
    accept(path, "C", "否")
    result = judge(plan)
    rows = result.residential.set_index("residential_id")
    assert rows["pool_id"].dropna().to_dict() == dict.fromkeys("AB", "P~A")
    assert rows.loc["C", "required_m2"] == 600
    assert dict(result.counts["pools"]) == {"read": 3, "used": 2, "flagged": 0, "excluded": 1}
    assert result.ledger.query("table == 'pools' and outcome == 'excluded'")["reasons"].tolist() == [
        "pool_not_accepted"
    ]


def test_what_was_accepted_stands_in_the_next_table(tmp_path: Path) -> None:
    plan, path = town(tmp_path, pools="统筹表.csv"), tmp_path / "统筹表.csv"
    path.write_text("居住区编号,统筹单元编号\nA,甲\nD,甲\n", encoding="utf-8")  # the planner's own, no decision asked
    again = tmp_path / "下一版.csv"
    assert ask(plan, "--out", again).exit_code == 0
    rows = pd.read_csv(again, dtype="str").set_index("居住区编号")
    assert rows["统筹单元编号"].to_dict() == {"A": "甲", "D": "甲", "B": "P~B", "C": "P~B"}
    assert rows["采纳"].fillna("").to_dict() == {"A": "是", "D": "是", "B": "", "C": ""}


def test_a_word_that_is_neither_yes_nor_no_is_refused_with_its_row(tmp_path: Path) -> None:
    plan, path = town(tmp_path, pools="统筹表.xlsx"), tmp_path / "统筹表.xlsx"
    assert ask(town(tmp_path / "bare"), "--out", path).exit_code == 0
    accept(path, "B", "再议")
    with pytest.raises(InputRefused) as refused:
        planning.load(plan)
    errors = [fault for fault in refused.value.faults if fault.severity == "error"]
    assert [(fault.code, fault.row, fault.column) for fault in errors] == [("decision_unreadable", 3, "采纳")]


@pytest.mark.slow
def test_a_document_without_the_clause_suggests_none(tmp_path: Path) -> None:
    """Liaocheng has no pooling clause: nothing is written, unless the plan has a ground for pooling and says so."""
    path = tmp_path / "统筹表.xlsx"
    said = ask(town(tmp_path / "a", standard="liaocheng"), "--out", path)
    assert (said.exit_code, "没有统筹设置条款" in said.output, path.exists()) == (0, True, False)
    assert judge(town(tmp_path / "a", standard="liaocheng")).pools.empty
    allowed = town(tmp_path / "b", standard="liaocheng", more="[standards]\npooling = true")
    assert ask(allowed, "--out", path).exit_code == 0
    assert path.exists()


def test_a_table_that_may_be_filled_in_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "统筹表.xlsx"
    path.write_bytes(b"mine")
    assert ask(tmp_path / "plan.toml", "--out", path).exit_code == 1
    assert ask(tmp_path / "plan.toml", "--out", tmp_path / "a.txt").exit_code == 1
    assert path.read_bytes() == b"mine"


@pytest.mark.slow
def test_both_languages_come_back(tmp_path: Path) -> None:
    plan = town(tmp_path, pools="pools.csv")
    assert ask(town(tmp_path / "bare"), "--out", tmp_path / "pools.csv", "--language", "en").exit_code == 0
    rows = pd.read_csv(tmp_path / "pools.csv", dtype="str")
    assert list(rows.columns[:3]) == ["residential id", "pool id", "accepted"]
    rows.assign(accepted="yes").to_csv(tmp_path / "pools.csv", index=False)
    assert judge(plan).residential["pool_id"].notna().sum() == 3
    assert not [fault for fault in planning.load(plan).faults if fault.code == "columns_unused"]


def test_the_sheet_of_suggestions_says_names(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(_book(tmp_path, judge(town(tmp_path))))
    said = [cell.value for row in book["统筹设置建议表"].iter_rows() for cell in row if cell.value is not None]
    assert "A苑、B苑、C苑" in said
    assert "西街道" in said


def _book(folder: Path, result: StudyResult) -> Path:
    path = folder / "tables.xlsx"
    path.write_bytes(report.workbook(result))
    return path
