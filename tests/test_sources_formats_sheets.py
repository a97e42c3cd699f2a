"""Sheets as offices lay them out: titles, two rows of heading, units, merged cells, notes and totals below.

The ledger: three areas with 100, 200 and 400 households; 合计 says 700, which must not become a fourth area.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import openpyxl
import pytest
from doors import codes, raw, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import tables
from planning.errors import InputRefused
from planning.sources import columns as cols
from planning.sources import grid, values
from planning.sources.ledger import Notes, Origin

KNOWN = cols.known_headings(tables.contract("residential"), {})


def canonical(found, name="residential", fields=None):
    """Return the canonical values, totals set aside, and the reason codes said about rows."""
    table = tables.contract(name)
    notes = Notes(name, Origin("f", found.layer, found.rows))
    for code, mask in {**found.dropped}.items():
        notes.say(code, "excluded", mask)
    for code, mask in found.flagged.items():
        notes.say(code, "flagged", mask)
    known = cols.map_columns(table, found, fields or {}, notes.origin)
    values.say_totals(found.frame, known.known, notes)
    frame = values.canonical(known.known, table, notes, ~notes.marked("excluded"))
    kept = frame[~notes.marked("excluded")].reset_index(drop=True)
    said = [fault.code for fault in (*known.faults, *notes.all_faults())]
    assert sum(notes.counts(found.read).values()) == 2 * found.read  # read + (used + flagged + excluded)
    return kept, said


def workbook(path, rows, *, merge=(), edit=None, sheet="台账"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for area in merge:
        book.active.merge_cells(area)
    if edit is not None:
        edit(book)
    book.save(path)
    return path


LEDGER = [
    ["某区居住区养老用房台账", None, None, None, None],
    ["填报单位：某街道办", None, None, "日期：2025年6月", None],
    ["小区编号", "小区名称", "户数", None, "建筑面积（万㎡）"],
    [None, None, "规划", "实有", None],
    ["001", "莲池", 110, 100, 1],
    ["002", "东方", 220, "２００", 2],
    [None, None, None, None, None],
    ["003", "王家村", 440, "400户", 4],
    ["合计", None, 770, 700, 7],
    ["注：户数截至2025年6月底", None, None, None, None],
    ["填表人：张三", "审核：李四", None, None, None],
]
MERGES = ["A1:E1", "A3:A4", "B3:B4", "C3:D3", "E3:E4"]


def test_a_ledger_with_everything_offices_do(tmp_path):
    """Row numbers are the sheet's; the blank row is none; 合计 and the two notes are excluded; 3 + 3 = 6 rows read."""
    found = raw(workbook(tmp_path / "a.xlsx", LEDGER, merge=MERGES))
    assert found.headers == ("小区编号", "小区名称", "规划户数", "实有户数", "建筑面积（万㎡）")
    assert found.rows.tolist() == [5, 6, 8, 9, 10, 11]
    assert found.read == 6
    kept, said = canonical(found, fields={"households": "实有户数"})
    assert kept["households"].tolist() == [100, 200, 400]
    assert kept["residential_id"].tolist() == ["001", "002", "003"]
    assert said == ["note_row", "note_row", "total_row"]


def test_the_same_ledger_as_csv(tmp_path):
    """A sheet saved as CSV keeps the blank cells of its merges, and means the same."""
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in LEDGER]
    (tmp_path / "a.csv").write_text("\r\n".join(lines), encoding="gb18030")
    found = raw(tmp_path / "a.csv")
    assert found.headers == ("小区编号", "小区名称", "规划户数", "实有户数", "建筑面积（万㎡）")
    assert (found.rows.tolist(), found.read) == ([5, 6, 8, 9, 10, 11], 6)
    kept, _ = canonical(found, fields={"households": "实有户数"})
    assert kept["households"].tolist() == [100, 200, 400]


def test_two_columns_of_households_are_not_chosen_between(tmp_path):
    """规划户数 and 实有户数 are both households: the plan has to say which."""
    found = raw(workbook(tmp_path / "a.xlsx", LEDGER, merge=MERGES))
    assert "columns_ambiguous" in canonical(found)[1]


@pytest.mark.parametrize(
    ("rows", "names", "last"),
    [
        ([["编号", "名称", "户数"], ["1", "甲", 3]], ("编号", "名称", "户数"), 0),
        ([["编号", "名称", "户数"], ["1", "甲", "3户"]], ("编号", "名称", "户数"), 0),
        ([["标题"], ["编号", "名称", "户数"], ["1", "甲", 3]], ("编号", "名称", "户数"), 1),
        (
            [["编号", "户数", "养老用房面积"], [None, "（户）", "亩"], ["1", 2, 3]],
            ("编号", "户数（户）", "养老用房面积（亩）"),
            1,
        ),
        ([["编号", "面积", None], [None, "地上", "地下"], ["1", 2, 3]], ("编号", "面积/地上", "面积/地下"), 1),
        (
            [["编号", "户数", None], [None, "规划", "实有"], [None, "户", "户"], ["1", 2, 3]],
            ("编号", "规划户数（户）", "实有户数（户）"),
            2,
        ),
        ([["编号", "户数和人口", None], [None, "户数", "常住人口"], ["1", 2, 3]], ("编号", "户数", "常住人口"), 1),
        (
            [["编号", "2030年", None], [None, "户数", "常住人口"], ["1", 2, 3]],
            ("编号", "2030年/户数", "2030年/常住人口"),
            1,
        ),
        ([["编号", "名称", None], ["1", "甲", "备注"], ["2", "乙", None]], ("编号", "名称", ""), 0),
        ([["编号", "名称", "户数"], [None, "甲", None]], ("编号", "名称", "户数"), 0),
        ([["甲", "乙"], ["1", "2"]], ("甲", "乙"), 0),
        ([["名称", "街道", None, "户数"], ["莲池", "东街", "西街", "一"]], ("名称", "街道", "", "户数"), 0),
    ],
)
def test_where_the_heading_is(rows, names, last):
    """A row of data below a heading, even all in text or with cells left empty, is never taken into the heading."""
    found = grid.heading([(at + 1, row) for at, row in enumerate(rows)], KNOWN)
    assert (found.names, found.last) == (names, last)


WORDS = st.one_of(st.none(), st.sampled_from(["甲", "乙", "东街", "莲池", "12", "3户", "未知", "地上"]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=4, max_size=4), min_size=1, max_size=6))
def test_rows_below_a_full_heading_are_all_rows(body):
    """Below a heading without gaps, nothing is taken into it but a row of units: no row is lost to the heading."""
    rows = [["编号", "名称", "户数", "街道"], *[row for row in body if any(row)]]
    found = grid.heading([(at + 1, row) for at, row in enumerate(rows)], KNOWN)
    assert (found.first, found.last, found.names) == (0, 0, tuple(rows[0]))


@pytest.mark.parametrize("text", ["单位：万㎡", "（单位:亩）", "计量单位：户、公顷"])
def test_a_unit_in_the_title_is_refused(tmp_path, text):
    """The unit above would scale every area, and no heading says it: never read as square metres."""
    rows = [["台账", None, text], ["编号", "户数", "养老用房面积"], ["1", 2, 3]]
    found = raw(workbook(tmp_path / "a.xlsx", rows))
    assert "unit_in_title" in codes(found, "error")


@pytest.mark.parametrize("text", ["单位：户", "填报单位：某街道", "单位：㎡、户"])
def test_plain_units_in_the_title_are_fine(tmp_path, text):
    rows = [["台账", None, text], ["编号", "户数", "养老用房面积"], ["1", 2, 3]]
    assert "unit_in_title" not in codes(raw(workbook(tmp_path / "a.xlsx", rows)))


def test_a_row_above_the_heading_that_may_be_data_is_named(tmp_path):
    rows = [["001", "莲池", 100], ["小区编号", "小区名称", "户数"], ["002", "东方", 200]]
    found = raw(workbook(tmp_path / "a.xlsx", rows))
    assert [(fault.code, fault.row) for fault in found.faults] == [("rows_above_heading", 1)]


def test_units_in_headings_are_converted(tmp_path):
    """1 亩 is 2000/3 m², 1 万㎡ 10 000 m², 1 公顷 10 000 m²; a cell's own unit wins over the heading's."""
    rows = [
        ["设施编号", "级别", "用地面积(亩)", "建筑面积（万㎡）"],
        ["1", "街道", 3, 0.5],
        ["2", "街道", "2公顷", "800㎡"],
    ]
    kept, _ = canonical(raw(workbook(tmp_path / "a.xlsx", rows), "facilities"), "facilities")
    assert kept["land_area_m2"].tolist() == [2000, 20_000]
    assert kept["floor_area_m2"].tolist() == [5000, 800]


def test_text_merged_downwards_stands_in_every_row(tmp_path):
    rows = [["小区编号", "街道", "户数"], ["1", "东街", 1], ["2", None, 2], ["3", "西街", 4]]
    found = raw(workbook(tmp_path / "a.xlsx", rows, merge=["B2:B3"]))
    assert found.frame["街道"].tolist() == ["东街", "东街", "西街"]
    assert [(fault.code, fault.value) for fault in found.faults] == [("cells_filled", "B2:B3")]


def test_a_number_merged_over_rows_is_refused_where_it_counts(tmp_path):
    """300 households over two rows are neither 300 + 0 nor 300 + 300."""
    rows = [["小区编号", "户数", "物业费"], ["1", 300, 9], ["2", None, None], ["3", 5, 5]]
    found = raw(workbook(tmp_path / "a.xlsx", rows, merge=["B2:B3", "C2:C3"]))
    assert [(fault.severity, fault.column) for fault in found.faults if fault.code == "cells_merged_number"] == [
        ("error", "户数"),
        ("warning", "物业费"),
    ]


def test_numbers_shown_with_leading_zeros_keep_them(tmp_path):
    """The cell holds 1 and shows 001; another table writes 001 as text, and both must be the same id."""

    def edit(book):
        book.active["A2"].number_format = "000"
        book.active["B2"].number_format = "0000"

    rows = [["小区编号", "户数"], [1, 120], ["002", 5]]
    kept, said = canonical(raw(workbook(tmp_path / "a.xlsx", rows, edit=edit)))
    assert (kept["residential_id"].tolist(), kept["households"].tolist(), said) == (["001", "002"], [120, 5], [])


def test_long_ids_as_text_and_as_numbers(tmp_path):
    """Eighteen digits survive as text; as a number Excel has lost the last three, and the row is refused."""
    rows = [["小区编号", "户数"], ["110101199001011234", 1], [110101199001011234, 2]]
    kept, said = canonical(raw(workbook(tmp_path / "a.xlsx", rows)))
    assert kept["residential_id"][0] == "110101199001011234"
    assert said == ["id_digits_lost"]


def test_errors_of_formulas_are_named(tmp_path):
    """A name #REF! is flagged; a number of households #N/A stops the run."""
    rows = [["小区编号", "小区名称", "户数"], ["1", "#REF!", 1], ["2", "东方", "#N/A"]]
    _, said = canonical(raw(workbook(tmp_path / "a.xlsx", rows)))
    assert sorted(said) == ["cell_error", "cell_error", "number_unreadable"]


def test_dates_as_dates_serials_and_text(tmp_path):
    """45444 is 2024-06-01: 45 292 is 2024-01-01, and 31 + 29 + 31 + 30 + 31 = 152 days later it is June."""
    rows = [["小区编号", "户数", "竣工日期"]]
    rows += [
        [str(at), 1, cell] for at, cell in enumerate([dt.date(2024, 6, 1), 45_444, "2024年6月1日", "2024.6", 2015])
    ]
    kept, said = canonical(raw(workbook(tmp_path / "a.xlsx", rows)))
    assert kept["completion_date"].tolist() == ["2024-06-01", "2024-06-01", "2024-06-01", "2024-06", "2015"]
    assert said == []


def test_hidden_rows_count_and_are_told(tmp_path):
    def edit(book):
        book.active.row_dimensions[3].hidden = True

    found = raw(workbook(tmp_path / "a.xlsx", [["小区编号", "户数"], ["1", 1], ["2", 2]], edit=edit))
    assert found.read == 2
    assert [(fault.code, fault.value, fault.facts["first"]) for fault in found.faults] == [("rows_hidden", "1", 3)]


def sheets(path, states):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, (state, rows) in states.items():
        page = book.create_sheet(name)
        page.sheet_state = state
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def test_the_choice_of_a_sheet(tmp_path):
    """One visible sheet with data is taken; two are not chosen between; a hidden one is read only where it is named."""
    data = [["小区编号", "户数"], ["1", 1]]
    one = sheets(tmp_path / "one.xlsx", {"说明": ("visible", []), "台账": ("visible", data), "旧": ("hidden", data)})
    assert raw(one).layer == "台账"
    assert raw(one, layer="旧").layer == "旧"
    two = sheets(tmp_path / "two.xlsx", {"甲": ("visible", data), "乙": ("visible", data)})
    assert refusal(two) == ["layer_needed"]
    assert raw(two, layer="乙").read == 1
    assert refusal(two, layer="丙") == ["layer_unknown"]
    shy = sheets(tmp_path / "shy.xlsx", {"空": ("visible", []), "台账": ("hidden", data)})
    assert refusal(shy) == ["sheets_hidden"]


def test_a_heading_on_every_page(tmp_path):
    rows = [["小区编号", "户数"], ["1", 1], ["小区编号", "户数"], ["2", 2]]
    found = raw(workbook(tmp_path / "a.xlsx", rows))
    kept, said = canonical(found)
    assert (found.read, kept["households"].tolist(), said) == (3, [1, 2], ["heading_repeated"])


def test_short_and_long_rows_of_a_csv(tmp_path):
    """A longer row is refused with its number; a shorter one is read with the rest empty, and flagged."""
    (tmp_path / "a.csv").write_text("编号,名称,户数\n1,甲,5\n2,乙\n3,丙,7,8\n", encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        raw(tmp_path / "a.csv")
    assert [(fault.code, fault.row) for fault in caught.value.faults] == [("csv_ragged", 4)]
    (tmp_path / "b.csv").write_text("编号,名称,户数\n1,甲,5\n2,乙\n", encoding="utf-8")
    found = raw(tmp_path / "b.csv")
    assert np.flatnonzero(found.flagged["row_short"]).tolist() == [1]


@pytest.mark.parametrize("word", ["NA", "null", "无名小区", "-1号院", "001"])
def test_names_that_readers_mistake_for_missing(tmp_path, word):
    rows = [["小区编号", "小区名称", "户数"], ["1", word, 1]]
    kept, _ = canonical(raw(workbook(tmp_path / "a.xlsx", rows)))
    assert kept["name"].tolist() == [word]
