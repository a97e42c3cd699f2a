"""The data quality report: every household accounted for, the same bytes twice, nothing in it but text."""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import papertown
import pytest
from click.testing import CliRunner
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import quality, runs, texts
from planning.cli import main
from planning.errors import Fault
from planning.plan import InputSpec
from planning.quality import _content, _faults, _inputs
from planning.sources import SourceFile, reconcile
from planning.sources.raw import raw_table
from planning.tables import LEDGER_COLUMNS

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample" / "plan.toml"
EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>${7*7}`\x00\ud800'


@pytest.fixture(scope="module")
def sample():
    return runs.examine(SAMPLE, reconciled=True)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return runs.examine(papertown.write(tmp_path_factory.mktemp("town")), reconciled=True)


# --------------------------------------------------------------------------------------------------------- households


@pytest.mark.parametrize(
    ("cell", "value"),
    [("120户", "120"), ("1,200", "1200"), ("１２０", "120"), ("0.5万户", "5000"), (120, "120"), (120.5, "120.5"),
     ("12,34", None), ("约120", None), ("100-200", None), ("1e3", None), ("-5", "-5")],
)  # fmt: skip
def test_a_cell_is_read_or_it_is_not(cell, value):
    found = reconcile.account([cell], [2], {2: "used"})
    assert found["total"] == (Decimal(0) if value is None else Decimal(value))
    assert len(found["unreadable"]) == (value is None)


number = st.decimals(0, 10**7, places=2, allow_nan=False, allow_infinity=False)
written = st.one_of(
    number.map(lambda n: (f"{n}", n)),
    number.map(lambda n: (f"{n:,}户", n)),
    number.map(lambda n: (f"{n}".translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}), n)),
    st.sampled_from([("", None), (None, None), (float("nan"), None), ("—", None), ("很多", None), ("3~5", None)]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(written, st.sampled_from(["used", "flagged", "excluded", None])), max_size=40))
def test_the_sum_of_the_file_is_the_sum_of_its_parts(drawn):
    """Whatever stands in the cells and whatever became of the rows, nothing is lost, to the last digit."""
    cells = [cell for (cell, _), _ in drawn]
    rows = range(2, 2 + len(drawn))
    outcomes = {row: outcome for row, (_, outcome) in zip(rows, drawn, strict=True) if outcome}
    found = reconcile.account(cells, rows, outcomes)
    by_hand = {
        name: sum((n for (_, n), outcome in drawn if n is not None and (outcome or "excluded") == name), Decimal(0))
        for name in ("used", "flagged", "excluded")
    }
    assert {name: found[name] for name in by_hand} == by_hand
    assert found["total"] == sum(by_hand.values())
    assert found["empty"] + len(found["unreadable"]) == sum(n is None for (_, n), _ in drawn)


def test_a_tenth_ten_times_is_one():
    assert reconcile.exact_sum([0.1] * 10) == 1


def test_a_household_that_goes_astray_is_seen():
    sums = {"total": 7, "used": 4, "flagged": 2, "excluded": 1}
    fine = reconcile.Households("f", "户数", 3, **{k: Decimal(v) for k, v in sums.items()}, empty=0, unreadable=(),
                                counted=Decimal(6))  # fmt: skip
    assert fine.balanced
    for change in ({"counted": Decimal(7)}, {"used": Decimal(3)}, {"total": Decimal("7.0001")}):
        assert not reconcile.Households(**{**fine.__dict__, **change}).balanced


def test_a_total_row_is_held_against_the_rows_above_it():
    """100 + 200 + 28 = 328; the sheet says 330, which is 2 too many."""
    raw = raw_table([("户数", ["100", "200", "28", "330"])], np.arange(2, 6), 4)
    row = {"table": "residential", "outcome": "used", "reasons": ""}
    ledger = pd.DataFrame([{**row, "row": at} for at in (2, 3, 4)]
                          + [{**row, "row": 5, "outcome": "excluded", "reasons": "total_row"}])  # fmt: skip
    spec = InputSpec("residential", "r.csv", Path("r.csv"))
    found = reconcile.of_files(spec, [raw], ledger, Decimal(328))
    assert (found.total, found.stated, found.stated_over) == (Decimal(658), Decimal(330), Decimal(2))
    assert found.balanced
    said = _inputs.households(found, "zh").paragraphs
    assert any("330" in line and "328" in line and "2" in line for line in said)
    same = reconcile.of_files(spec, [raw], ledger.iloc[:3], Decimal(328))
    assert (same.stated, same.stated_over) == (None, None)


@pytest.mark.slow
def test_the_sample_adds_up(sample):
    """Against the workbook opened by another library and summed by hand: every cell under the heading is one number."""
    sheet = openpyxl.load_workbook(SAMPLE.parent / "居住区台账.xlsx", data_only=True).active
    rows = list(sheet.iter_rows(values_only=True))
    top = next(at for at, row in enumerate(rows) if any("户数" in str(cell) for cell in row))
    at = next(at for at, cell in enumerate(rows[top]) if "户数" in str(cell))
    cells = [row[at] for row in rows[top + 1 :]]
    total = sum((Decimal(re.sub(r"[,，户]", "", str(cell))) for cell in cells if cell not in (None, "")), Decimal(0))
    found = sample.households
    assert found.total == total
    assert found.balanced
    assert found.counted == found.used + found.flagged


# ------------------------------------------------------------------------------------------------------------ verdicts


@pytest.mark.parametrize(
    ("faults", "said"),
    [((), "usable"), ((Fault("columns_unused", "warning"),), "usable"),
     ((Fault("areas_off_network", "warning"),), "mend"),
     ((Fault("columns_unused", "warning"), Fault("id_duplicate")), "refused")],
)  # fmt: skip
def test_the_verdict(faults, said):
    assert quality.verdict(quality.Checkup("p", None, faults)) == said


@pytest.mark.parametrize(("reasons", "said"), [("total_row", "usable"), ("total_row;geometry_empty", "mend")])
def test_a_row_set_aside_counts_unless_it_was_no_row(reasons, said):
    row = dict.fromkeys(LEDGER_COLUMNS, "") | {"outcome": "excluded", "reasons": reasons, "row": 1}
    assert quality.verdict(quality.Checkup("p", None, (), ledger=pd.DataFrame([row]))) == said


def test_the_worst_stands_first_and_what_is_not_listed_is_counted():
    found = _faults.grouped(
        (Fault("columns_unused", "warning", "a"), Fault("weight_missing", "warning", "b", row=3),
         Fault("and_more", "warning", "b", facts={"count": 40, "code": "weight_missing"}),
         Fault("id_duplicate", file="c")),
        _content.HEEDED,
    )  # fmt: skip
    assert [(group.code, group.count) for group in found] == [
        ("id_duplicate", 1), ("weight_missing", 41), ("columns_unused", 1)]  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- files


def evil():
    """Return a check in which every text that data can bring is hostile."""
    row = dict.fromkeys(LEDGER_COLUMNS, EVIL) | {"table": "residential", "outcome": "excluded", "row": 5,
                                                 "reasons": "geometry_empty"}  # fmt: skip
    fault = Fault("geometry_empty", "warning", EVIL, EVIL, 5, EVIL, EVIL)
    return quality.Checkup(
        EVIL, None, (fault,), {"residential": {"read": 1, "used": 0, "flagged": 0, "excluded": 1}},
        pd.DataFrame([row], dtype=object),
        (SourceFile("residential", EVIL, "0" * 64, EVIL, EVIL, EVIL, 1),),
        {"zh": EVIL, "en": EVIL},
    )  # fmt: skip


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_texts_from_data_stay_texts(language):
    made = quality.documents(evil(), language)
    page = made["data_quality.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"\b(?:src|href)=", page)
    book = openpyxl.load_workbook(io.BytesIO(made["data_quality.xlsx"]))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    assert any("<script>" in paragraph.text for paragraph in Document(io.BytesIO(made["data_quality.docx"])).paragraphs)


def test_equal_findings_give_equal_bytes(town):
    assert quality.documents(town) == quality.documents(town)


def test_the_archive_is_the_files(town):
    packed = quality.archive(town, "en")
    assert packed == quality.archive(town, "en")
    with zipfile.ZipFile(io.BytesIO(packed)) as box:
        assert {name: box.read(name) for name in box.namelist()} == quality.documents(town, "en")


def test_the_container_holds_no_time(town):
    made = quality.documents(town)
    for name in ("data_quality.docx", "data_quality.xlsx"):
        with zipfile.ZipFile(io.BytesIO(made[name])) as box:
            assert {entry.date_time[:3] for entry in box.infolist()} == {(1980, 1, 1)}
            assert b"2026" not in box.read("docProps/core.xml")


def test_the_document_has_headings_captions_and_heads_that_repeat(town):
    paper = Document(io.BytesIO(quality.documents(town)["data_quality.docx"]))
    styles = [paragraph.style.name for paragraph in paper.paragraphs]
    assert styles.count("Heading 1") >= 5
    assert styles.count("Caption") == len(paper.tables) > 3
    for table in paper.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    for name in ("Normal", "Heading 1", "Caption"):
        assert paper.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) in ("宋体", "黑体")


@pytest.mark.slow
def test_the_workbook_has_every_row_and_every_finding(sample):
    book = openpyxl.load_workbook(io.BytesIO(quality.documents(sample)["data_quality.xlsx"]))
    assert book.sheetnames == ["总览", "行账", "问题", "文件", "修复", "路网"]
    assert book["行账"].max_row == 2 + len(sample.ledger)
    assert book["问题"].max_row == 2 + len(sample.faults)
    assert book["文件"].max_row == 2 + len(sample.files)
    repaired = [cell.value for cell in book["修复"][3]]
    assert repaired[1] == 17
    assert repaired[4:6] == ["49,122.47", "49,126.43"]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_text_is_left_in_the_other_language(town, language):
    """The town's headings are English: an English report of it has no Chinese; a Chinese one is Chinese throughout."""
    made = _content.compose(town, language)
    own = [made.title, made.verdict, made.because, *(section.title for section in made.sections)]
    own += [label for section in made.sections for table in section.tables for label in (table.caption, *table.head)]
    chinese = [bool(re.search("[\u4e00-\u9fff]", text)) for text in own if text not in ("SHA-256", "X", "Y")]
    assert sum(chinese) == (len(chinese) if language == "zh" else 0)


# --------------------------------------------------------------------------------------------------------- command line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[plan\n", "方案文件本身不能读取"),
        ('[plan]\nname="x"\nstandard="liaocheng"\nspeed=3\n', "方案文件本身不能读取"),
    ],
)
def test_a_plan_that_cannot_be_read_has_a_short_report(tmp_path, content, words):
    plan = tmp_path / "坏方案.toml"
    plan.write_text(content, "utf-8")
    done = CliRunner().invoke(main, ["check", str(plan), "--report", str(tmp_path / "报告")])
    assert done.exit_code == 1
    page = (tmp_path / "报告" / "data_quality.html").read_text("utf-8")
    assert words in page
    assert "结论：不能使用" in page
    assert sorted(path.name for path in (tmp_path / "报告").iterdir()) == sorted(quality.FILES)


def test_a_plan_whose_files_are_not_there_has_a_report_and_exits_1(tmp_path):
    plan = tmp_path / "plan.toml"
    text = SAMPLE.read_text("utf-8")
    plan.write_text(text, "utf-8")
    done = CliRunner().invoke(main, ["check", str(plan), "--report", str(tmp_path / "r"), "--json"])
    assert done.exit_code == 1
    assert done.stdout.startswith("{")
    assert "结论：不能使用" in (tmp_path / "r" / "data_quality.html").read_text("utf-8")


def test_errors_are_accounted_for_too(tmp_path):
    """Of 300, -5, 约300 and 1,200 the file has a readable sum of 1495; the two in error stop the run, and are named."""
    rows = "".join(
        f"{at},小区{at},{cell},117.1{at},36.5\n" for at, cell in enumerate(["300", "-5", "约300", '"1,200"'])
    )
    (tmp_path / "r.csv").write_text("编号,名称,户数,经度,纬度\n" + rows, "utf-8")
    (tmp_path / "f.csv").write_text("编号,级别,经度,纬度\n1,街道,117.1,36.5\n", "utf-8")
    (tmp_path / "w.geojson").write_text('{"type":"FeatureCollection","features":[]}', "utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[plan]\nname="x"\nstandard="liaocheng"\nas_of=2025-12-31\n[inputs.roads]\npath="w.geojson"\n'
        '[inputs.residential]\npath="r.csv"\ndatum="wgs84"\n[inputs.facilities]\npath="f.csv"\ndatum="wgs84"\n',
        "utf-8",
    )
    found = runs.examine(plan, reconciled=True)
    sums = found.households
    assert found.refused
    assert (sums.total, sums.excluded, sums.counted) == (Decimal(1495), Decimal(-5), None)
    assert sums.unreadable == ((4, "约300"),)
    assert sums.balanced
    assert quality.documents(found) == quality.documents(runs.examine(plan, reconciled=True))
