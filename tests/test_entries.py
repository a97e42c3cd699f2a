"""The table of figures to enter by hand: written blank, filled in, read back through the door, judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import papertown
import pytest
from click.testing import CliRunner
from test_indicators import DAY, entered, facilities, units

import planning
from planning import indicators, report, runs, standards
from planning.cli._entries import entries as command
from planning.errors import InputRefused
from planning.indicators import BLANK_COLUMNS

DOCUMENTS = ("shenyang", "nantong", "shaanxi", "liaocheng", "tianjiaan")
# Clauses per document that nobody can compute: counted in the list of rules, those of class M among them.
BY_HAND = {"shenyang": 14, "nantong": 14, "shaanxi": 12, "liaocheng": 20, "tianjiaan": 15}
BY_UNIT = {"LC-15", "LC-25"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_rule_entered_by_hand_has_a_row(name: str) -> None:
    """All rules of class M, and the numeric ones that no table of the tool could answer; a part is a row of its own."""
    document = standards.load(name)
    rows = indicators.blank(document)
    assert tuple(rows.columns) == BLANK_COLUMNS
    assert rows["indicator_id"].nunique() == BY_HAND[name]
    assert {clause.id for clause in document.clauses if clause.cls == "M"} <= set(rows["indicator_id"])
    assert rows[["value", "source", "date"]].isna().all(axis=None)
    assert rows[["article", "asks", "required", "how"]].notna().all(axis=None)
    everything = indicators.blank(document, scope="all")
    assert list(everything["indicator_id"].drop_duplicates()) == [clause.id for clause in document.indicators()]


def test_a_clause_of_parts_or_units_has_a_row_for_each() -> None:
    parts = indicators.blank(standards.load("tianjiaan"))
    of_staff = parts[parts["indicator_id"] == "TJ-19"]
    assert of_staff["subject"].tolist() == ["carers", "other_staff"]
    assert of_staff["subject_name"].tolist() == ["养老护理员培训", "其他从业人员培训"]
    by_county = indicators.blank(standards.load("liaocheng"), units())
    assert by_county.loc[by_county["indicator_id"].isin(BY_UNIT), "subject"].tolist() == ["Z", "Z"]
    without = indicators.blank(standards.load("liaocheng"))
    assert without.loc[without["indicator_id"].isin(BY_UNIT), "subject"].isna().all()


def test_what_was_entered_before_stands_in_its_row() -> None:
    before = entered(("LC-16", "0.98"), ("LC-15", "1", "Z"), ("LC-19", "5900户"))
    rows = indicators.blank(standards.load("liaocheng"), units(), before).set_index("indicator_id")
    filled = rows[rows["value"].notna()]
    assert filled["value"].to_dict() == {"LC-15": "1", "LC-16": "0.98", "LC-19": "5900户"}
    assert set(filled["source"]) == {"年报"}
    assert set(filled["date"]) == {"2023"}
    computed = indicators.blank(standards.load("liaocheng"), units(), entered(("LC-14", "0.7")))
    assert computed.loc[computed["indicator_id"] == "LC-14", "value"].tolist() == ["0.7"]


def test_english_rows() -> None:
    rows = indicators.blank(standards.load("tianjiaan"), language="en")
    assert rows.loc[rows["indicator_id"] == "TJ-12", "required"].item() == "≥ 100 households"
    assert "被" not in "".join(rows["asks"])


def test_the_same_bytes_every_time() -> None:
    rows = indicators.blank(standards.load("nantong"))
    assert report.entry_sheet(rows) == report.entry_sheet(rows)
    assert report.entry_text(rows).startswith("\ufeff指标编号,条款,".encode())


# ------------------------------------------------------------------------------------------------------ there and back


def ask(*words: Any) -> Any:
    return CliRunner().invoke(command, [str(word) for word in words])


def with_table(folder: Path, standard: str, file: str) -> Path:
    plan = papertown.write(folder, standard=standard)
    text = plan.read_text("utf-8").replace("[siting]", f'[inputs.indicators]\npath = "{file}"\n[siting]')
    plan.write_text(text, encoding="utf-8")
    return plan


def fill(path: Path, answer: Any) -> int:
    """Fill the blank table as a person would: in the columns whose headings say so; return how many rows."""
    book = openpyxl.load_workbook(path)
    page = book.active
    place = {cell.value: cell.column for cell in page[1]}
    for row in range(2, page.max_row + 1):
        page.cell(row, place["数值"]).value = answer(
            page.cell(row, place["指标编号"]).value, page.cell(row, place["对象"]).value
        )
        page.cell(row, place["来源"]).value = "民政局统计年报"
        page.cell(row, place["日期"]).value = "2025-06-30"
    book.save(path)
    return page.max_row - 1


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_blank_table_comes_back_as_nothing_entered(tmp_path: Path, name: str, suffix: str) -> None:
    plan = with_table(tmp_path, name, f"填报.{suffix}")
    assert ask(name, "--out", tmp_path / f"填报.{suffix}").exit_code == 0
    result = planning.run(planning.load(plan))
    rows = result.indicators[
        result.indicators["clause_id"].isin(indicators.blank(standards.load(name))["indicator_id"])
    ]
    assert set(rows["verdict"]) == {"not_assessable"}
    assert set(rows["reason"]) <= {"not_entered", "units_missing", "本文件未规定"}
    faults, _ = runs.check(plan)
    ours = [fault for fault in faults if fault.file.startswith("填报")]
    assert {(fault.code, fault.severity) for fault in ours} <= {("indicator_empty", "warning")}


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_table_filled_in_with_what_is_asked_meets(tmp_path: Path, name: str) -> None:
    """Every clause gets its own number (one more where it says 超过): all meet; silent ones show."""
    plan, path, law = with_table(tmp_path, name, "填报.xlsx"), tmp_path / "填报.xlsx", standards.load(name)
    assert ask(name, "--out", path).exit_code == 0

    def answer(clause_id: str, subject: str | None) -> float:
        clause = law.clause(clause_id)
        value = next((part.value for part in clause.parts if part.id == subject), clause.value)
        return 1.0 if value is None else float(value) + (1 if clause.comparator == ">" else 0)

    count = fill(path, answer)
    found = planning.run(planning.load(plan)).indicators
    rows = found[found["origin"] == "entered"]
    assert len(rows) == count
    assert set(rows["source"]) == {"民政局统计年报"}
    assert set(rows["date"]) == {"2025-06-30"}
    stated = rows["clause_id"].map(lambda one: law.clause(one).stated)
    assert set(rows.loc[stated, "verdict"]) == {"meets"}
    assert set(rows.loc[~stated, "verdict"]) <= {"not_assessable"}


@pytest.mark.slow
def test_a_plan_gives_units_and_figures_to_the_next_table(tmp_path: Path) -> None:
    plan, path = with_table(tmp_path, "liaocheng", "填报.xlsx"), tmp_path / "填报.xlsx"
    assert ask("liaocheng", "--out", path).exit_code == 0
    fill(path, lambda clause, _: "98%" if clause == "LC-16" else None)
    again = tmp_path / "下一年.csv"
    assert ask("--plan", plan, "--out", again).exit_code == 0
    rows = pd.read_csv(again, dtype="str").set_index("指标编号")
    assert rows.loc["LC-16", ["数值", "来源", "日期"]].tolist() == ["98%", "民政局统计年报", "2025-06-30"]


def test_the_command_never_overwrites_and_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "a" / "填报.csv"
    done = ask("shenyang", "--out", path)
    assert (done.exit_code, "填报.csv" in done.output) == (0, True)
    before = path.read_bytes()
    again = ask("shenyang", "--out", path)
    assert (again.exit_code, path.read_bytes() == before) == (1, True)
    assert "填报.csv" in again.output
    assert ask("shenyang", "--out", tmp_path / "b.txt").exit_code == 1
    assert ask("--out", tmp_path / "b.csv").exit_code == 2
    assert ask("shenyang", "--plan", tmp_path / "plan.toml", "--out", tmp_path / "b.csv").exit_code == 2
    assert ask("shenyan", "--out", tmp_path / "b.csv").exit_code == 1
    assert not (tmp_path / "b.csv").exists()
    assert "没有需要人工填报" in ask("anhui", "--out", tmp_path / "b.csv").output


# ---------------------------------------------------------------------------- value, source and date: all three or none


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_rule_entered_by_hand_stays_open_until_it_has_all_three(name: str) -> None:
    """Value with source and date: judged. Value without one of them: refused with the row. No value: not entered."""
    law = standards.load(name)
    by_hand = {clause.id: clause for clause in law.clauses if clause.cls == "M"}

    def verdicts(table: pd.DataFrame | None) -> pd.DataFrame:
        tables = {"facilities": facilities(), "units": units()} | ({} if table is None else {"indicators": table})
        found = indicators.assess(tables, law, switches={}, as_of=DAY)
        return found[found["clause_id"].isin(list(by_hand))]

    whole = entered(
        *[
            (clause.id, str(one.value or 1), one.id if clause.parts else None)  # type: ignore[union-attr]
            for clause in by_hand.values()
            for one in clause.parts or (clause,)
        ]
    )
    lacking = pd.Series([None] * len(whole), dtype="str")
    assert set(verdicts(None)["verdict"]) == set(verdicts(whole.assign(value=lacking))["verdict"]) == {"not_assessable"}
    for clause_id, of_clause in verdicts(whole).groupby("clause_id"):
        clause = by_hand[str(clause_id)]
        stated = "fails" if clause.comparator == ">" else "meets"  # 超过 is not met by its own number
        assert set(of_clause["verdict"]) == {stated if clause.stated else "not_assessable"}, clause_id
        assert set(of_clause["source"]) == {"年报"}
    for column in ("source", "date"):
        with pytest.raises(InputRefused) as refused:
            verdicts(whole.assign(**{column: lacking}))
        found = [(fault.code, fault.column, fault.row) for fault in refused.value.faults]
        assert found == [("indicator_without_source", column, place) for place in range(2, 2 + len(whole))]


def test_a_refused_entry_names_the_row_of_the_file() -> None:
    """The file has a title above its headings and a row that was left out: its own row numbers are told."""
    table = entered(("LC-16", "2"), ("LC-99", "1")).assign(source_row=pd.array([5, 9], dtype="Int64"))
    faults = indicators.check(table, standards.load("liaocheng"), None, file="填报.xlsx")
    assert [(fault.code, fault.row, fault.file) for fault in faults] == [
        ("indicator_value", 5, "填报.xlsx"),
        ("indicator_unknown", 9, "填报.xlsx"),
    ]
