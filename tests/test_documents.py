"""The draft text, the annex tables and the workbook of a run, read back by other libraries than those that write."""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pandas as pd
import papertown
import pytest
from docx.oxml.ns import qn

from planning import report, runs, study, texts, word
from planning.report import Heading, Sheet, _annexed, _document, _origins, _scene
from planning.study import StudyResult, footing

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {"county": "县（区）级", "street": "街道（镇）级", "community": "社区级", "village": "村级"}


@cache
def finished() -> StudyResult:
    """Return the result of a run of the paper town, made once for all modules."""
    with tempfile.TemporaryDirectory() as folder:
        return study.run(runs.load(papertown.write(Path(folder))))


@pytest.fixture(scope="module")
def town() -> StudyResult:
    return finished()


@pytest.fixture(scope="module")
def text(town: StudyResult) -> Any:
    return docx.Document(io.BytesIO(report.document(town, run_id="run123")))


@pytest.fixture(scope="module")
def annex(town: StudyResult) -> Any:
    return docx.Document(io.BytesIO(report.annex(town, run_id="run123")))


def said(paper: Any) -> str:
    return "\n".join(paragraph.text for paragraph in paper.paragraphs)


def tables(paper: Any) -> dict[str, list[list[str]]]:
    """Return the cells of every table by its caption without the number."""
    found, caption = {}, ""
    for element in paper.element.body.iterchildren():
        if element.tag == qn("w:p"):
            words = "".join(node.text or "" for node in element.iter(qn("w:t")))
            style = element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
            counted = any("SEQ Table" in (code.text or "") for code in element.iter(qn("w:instrText")))
            if style is not None and counted:
                caption = words.split("  ", 1)[1]
        elif element.tag == qn("w:tbl"):
            rows = [["".join(n.text or "" for n in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))]
                    for row in element.iter(qn("w:tr"))]  # fmt: skip
            found[caption] = rows
    return found


def number(cell: str) -> float | None:
    """Return the number a cell shows; a share as a fraction, None for a dash."""
    plain = cell.replace(",", "")
    if plain in ("—", ""):
        return None
    return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)


def shows(cell: str, value: float | None, half: float) -> bool:
    found = number(cell)
    return value is None and found is None if found is None or value is None else abs(found - value) <= half + 1e-9


# ---------------------------------------------------------------------------------------------------- numbers, footing


def test_coverage_in_the_text_is_that_of_the_summary(town: StudyResult, text: Any) -> None:
    rows = {row[0]: row for row in tables(text)["各级设施服务圈覆盖"][1:]}
    for level, figures in town.summary["coverage"].items():
        row = rows[LEVELS[level]]
        names = ("residential_total", "residential_covered", "households_total", "households_covered", "elderly_total",
                 "elderly_covered", "unreachable", "unsnapped")  # fmt: skip
        assert all(shows(cell, figures[name], 0) for cell, name in zip(row[1:9], names, strict=True)), level
        shares = (figures["households_share"], figures["elderly_share"])
        assert all(shows(cell, share, 5e-4) for cell, share in zip(row[9:], shares, strict=True)), level


def test_compliance_in_the_text_is_that_of_the_summary(town: StudyResult, text: Any) -> None:
    figures = town.summary["compliance"]
    whole = said(text)
    counts = re.search(
        r"核查居住区 (\d+) 个：达标 (\d+) 个，不达标 (\d+) 个，数据不足 (\d+) 个，不适用 (\d+) 个", whole
    )
    assert counts is not None
    assert [int(one) for one in counts.groups()] == [
        figures[name] for name in ("areas_total", "meets", "fails", "not_assessable", "not_applicable")
    ]
    sums = re.search(r"应配 ([\d,.]+) m²，现有 ([\d,.]+) m²，缺口 ([\d,.]+) m²", whole)
    assert sums is not None
    for cell, name in zip(sums.groups(), ("required_m2", "provided_m2", "shortfall_m2"), strict=True):
        assert shows(cell, figures[name], 0.005), name


def blocks(rows: list[list[str]]) -> list[list[list[str]]]:
    """Return the rows of a table by their first cell."""
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return list(found.values())


def test_streets_add_up_to_the_plan_at_every_band(town: StudyResult, annex: Any) -> None:
    rows = tables(annex)["服务覆盖统计表"][1:]
    expected = [band for bands in town.summary["coverage_band"].values() for band in bands.values()]
    parts = blocks(rows)
    assert len(parts) == len(expected)
    for part, band in zip(parts, expected, strict=True):
        *streets, whole = part
        assert whole[1] == "合计"
        for at, name in ((2, "residential_total"), (3, "residential_covered"), (4, "households_total"),
                         (5, "households_covered"), (7, "elderly_total"), (8, "elderly_covered")):  # fmt: skip
            assert shows(whole[at], band[name], 0)
            assert sum(number(row[at]) or 0 for row in streets) == number(whole[at])


def test_every_annex_table_is_there_once_under_its_number(annex: Any) -> None:
    """The numbers stand in order; the sums of every table with 合计 hold."""
    captions = [p.text for p in annex.paragraphs if p.style.style_id == "Heading1"]
    numbers = [int(re.match(r"附表 (\d+)  ", one)[1]) for one in captions]  # type: ignore[index]
    assert numbers == list(range(1, len(_annexed.ORDER) + 1))
    footed = 0
    for caption, (head, *rows) in tables(annex).items():
        if not rows or rows[-1][0] != "合计":
            continue
        for at in range(1, len(head)):
            total = number(rows[-1][at]) if re.fullmatch(r"[\d,.]+", rows[-1][at]) else None
            if total is not None:
                cells = [number(row[at]) or 0 for row in rows[:-1]]
                assert abs(math.fsum(cells) - total) <= 0.5 * 0.1 * len(cells) + 1e-9, (caption, head[at])
                footed += 1
    assert footed >= 15


def test_every_area_has_its_own_figures(town: StudyResult, annex: Any) -> None:
    """Households, duty, rooms and shortfall of each area are those of the layer; pools have rows of their own."""
    (head, *rows) = next(cells for caption, cells in tables(annex).items() if caption == "居住区达标核查表")
    shown = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    columns = {"户数": "households", "应配面积（m²）": "required_m2", "现有面积（m²）": "provided_m2",
               "缺口（m²）": "shortfall_m2"}  # fmt: skip
    for area in town.residential.to_dict("records"):
        for label, name in columns.items():
            value = None if pd.isna(area[name]) else area[name]
            assert shows(shown[area["residential_id"]][label], value, 0.05), (area["residential_id"], name)


@pytest.mark.slow
def test_gains_are_said_to_add_up_only_where_they_do(town: StudyResult) -> None:
    siting = town.summary["siting"]
    assert siting["sites"]
    assert "各处之和等于规划前后之差" in said(docx.Document(io.BytesIO(report.document(town))))
    more = [{**site, "gain": site["gain"] + 1} for site in siting["sites"]]
    told = said(docx.Document(io.BytesIO(report.document(changed(town, siting={**siting, "sites": more})))))
    assert "各处之和等于规划前后之差" not in told


def test_gaps_add_up_to_the_shortfall_of_the_plan(town: StudyResult, annex: Any) -> None:
    rows = tables(annex)["缺口与补足措施表"]
    at = rows[0].index("缺口（m²）")
    assert shows(rows[-1][at], town.summary["compliance"]["shortfall_m2"], 0.05)


def test_the_workbook_has_the_annex_tables_and_its_formulas_hold(town: StudyResult) -> None:
    """Every formula is worked out anew from the stored cells beside it and gives the value it carries."""
    packed = report.workbook(town, run_id="run123")
    formulas, values = (openpyxl.load_workbook(io.BytesIO(packed), data_only=only) for only in (False, True))
    wanted = {"现状设施一览表", "居住区达标核查表", "缺口汇总表", "缺口与补足措施表", "服务覆盖统计表",
              "服务覆盖分档统计表", "规划设施一览表", "近期建设项目表", "条款评分表", "行账", "数据台账"}  # fmt: skip
    assert wanted <= set(formulas.sheetnames)
    kinds = set()
    for page in formulas:
        stored = values[page.title]
        for cell in (cell for row in page.iter_rows() for cell in row if cell.data_type == "f"):
            kinds.add(worked_out(cell, stored))
        assert "run123" in str(page["A2"].value), page.title
    assert kinds == {"sum", "share"}
    assert formulas["数据来源"].protection.sheet
    assert not formulas["概览"].protection.sheet


def worked_out(cell: Any, stored: Any) -> str:
    formula, value = cell.value, stored[cell.coordinate].value
    if formula.startswith("=SUM("):
        cells = [one.value for row in stored[formula[5:-1]] for one in row]
        assert math.isclose(math.fsum(one for one in cells if one is not None), value, rel_tol=1e-12, abs_tol=1e-9)
        return "sum"
    upper, lower = re.fullmatch(r"=([A-Z]+\d+)/\((.*)\)", formula).groups()  # type: ignore[union-attr]
    below = math.fsum(stored[one].value for one in lower.split("+"))
    assert math.isclose(stored[upper].value / below, value, rel_tol=1e-12), cell.coordinate
    return "share"


# ----------------------------------------------------------------------------------------------- fields, pages, blanks


def fields(paper: Any) -> list[tuple[str, str]]:
    """Return the instruction and the stored result of every field of the body."""
    found, code, result, state = [], "", "", ""
    for node in paper.element.body.iter(qn("w:fldChar"), qn("w:instrText"), qn("w:t")):
        if node.tag == qn("w:fldChar"):
            state = node.get(qn("w:fldCharType"))
            if state == "begin":
                code, result = "", ""
            elif state == "end":
                found.append((code.strip(), result))
                state = ""
        elif node.tag == qn("w:instrText"):
            code += node.text
        elif state == "separate":
            result += node.text
    return found


def test_captions_count_and_references_say_what_captions_say(text: Any) -> None:
    found = fields(text)
    counted = [int(result) for code, result in found if code.startswith("SEQ Table")]
    assert counted == list(range(1, len(counted) + 1))
    assert len(counted) >= 12
    marks = {mark.get(qn("w:name")): "".join(t.text for t in texts_in(mark)) for mark in
             text.element.body.iter(qn("w:bookmarkStart"))}  # fmt: skip
    mentioned = [(code.split()[1], result) for code, result in found if code.startswith("REF ")]
    assert len(mentioned) >= 12
    assert all(marks[name] == result for name, result in mentioned)
    assert any(code.startswith("TOC ") for code, _ in found)


def texts_in(start: Any) -> list[Any]:
    """Return the texts between the start of a bookmark and its end."""
    found = []
    for node in start.itersiblings():
        if node.tag == qn("w:bookmarkEnd"):
            return found
        found += list(node.iter(qn("w:t")))
    return found


def test_every_table_repeats_its_head_and_every_page_says_the_run(town: StudyResult, text: Any, annex: Any) -> None:
    for paper in (text, annex):
        for element in paper.element.body.iter(qn("w:tbl")):
            rows = list(element.iter(qn("w:tr")))
            assert rows[0].find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
            assert all(row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is None for row in rows[1:])
            assert len({len(list(row.iter(qn("w:tc")))) for row in rows}) == 1
        foot = paper.sections[0].footer.paragraphs[0].text
        assert "run123" in foot
        assert "2025-12-31" in foot
        assert town.inputs.plan.name in paper.sections[0].header.paragraphs[0].text


def test_what_is_not_known_is_a_marked_blank_and_listed(text: Any) -> None:
    marked = {run.text for paragraph in text.paragraphs for run in paragraph.runs if run.font.highlight_color}
    assert any("编制单位" in one for one in marked)
    assert all(one.startswith("【待填：") for one in marked)
    last = said(text).rsplit("待填事项", 1)[1]
    assert all(one in last for one in marked)
    assert "【待填" not in re.sub("【待填：[^】]*】", "", said(text))


def test_maps_are_inserted_and_their_absence_is_said(town: StudyResult, text: Any) -> None:
    assert "本次运行没有生成该图的 PNG 图件" in said(text)
    plate = report.plate("现状-03", "养老服务设施现状图", picture(2400, 1700))
    paper = docx.Document(io.BytesIO(report.document(town, plates={"facilities": plate})))
    assert len(paper.inline_shapes) == 1
    assert paper.inline_shapes[0].width.mm == pytest.approx(160, abs=0.1)
    assert "图 1  养老服务设施现状图（图集 现状-03）" in said(paper)
    assert "《养老服务设施现状图》" not in said(paper)


def picture(width: int, height: int) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGBA", (width, height), (10, 20, 30, 255)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.slow
def test_a_plate_has_no_more_pixels_than_a_page_shows() -> None:
    from PIL import Image

    with Image.open(io.BytesIO(report.plate("1", "t", picture(4961, 3508)).data)) as small:
        assert (small.width, small.height) == (1654, 1170)
    with Image.open(io.BytesIO(report.plate("1", "t", picture(1000, 700)).data)) as kept:
        assert kept.width == 1000


CITED = re.compile("[二三四五六七八九十]+（[一二三四五六七八九十]+）[0-9]*|[一-龥]+〔[0-9]{4}〕[0-9]+号")
"""Articles and numbers of a document, which are cited as it counts them."""


@pytest.mark.slow
def test_no_english_in_chinese_and_no_chinese_in_english(town: StudyResult) -> None:
    """Names, titles and articles of the data stay as they are; everything else is of the language asked for."""
    output = replace(town.inputs.plan.output, language="en")
    english = replace(town, inputs=replace(town.inputs, plan=replace(town.inputs.plan, output=output)))
    own = [
        english.inputs.standard.issuer,
        english.inputs.plan.name,
        *(p.name for p in english.inputs.plan.siting.phases),
    ]
    own += [
        name for layer in (english.residential, english.facilities, english.units) for name in layer["name"].dropna()
    ]
    names = "|".join(map(re.escape, sorted({*own}, key=len, reverse=True)))
    scene = _scene.Scene(english, "en", "run123")
    told = []
    for block in _document.chapters(scene):
        told += [word.plain(block.parts)] if isinstance(block, word.Text) else []
        told += [block.text] if isinstance(block, word.Heading) else []
        told += [block.caption, *block.head, *block.notes] if isinstance(block, word.Table) else []
    assert len(told) > 100
    assert not [
        line
        for line in told
        if re.search("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", CITED.sub("", re.sub(names, "", line)))
    ]
    chinese = [p.text for p in docx.Document(io.BytesIO(report.document(town))).paragraphs]
    assert not [line for line in chinese if re.search(r"\b(the|and|of|areas)\b", line)]


# ------------------------------------------------------------------------------------------------ what must read right


def changed(town: StudyResult, **parts: Any) -> StudyResult:
    return replace(town, summary={**town.summary, **parts})


def test_an_unproven_plan_is_never_told_as_the_best(town: StudyResult) -> None:
    siting = {**town.summary["siting"], "status": "feasible", "gap": 0.031, "bound": 40.0}
    told = said(docx.Document(io.BytesIO(report.document(changed(town, siting=siting)))))
    assert "尚未证明最优" in told
    assert "3.1%" in told
    assert "已证明最优：" not in told
    assert "没有更好的方案" not in told


def test_a_plan_without_a_way_says_why_and_names_no_site(town: StudyResult) -> None:
    reason = {"code": "x", "subject_kind": "plan", "subject_id": "", "message": "点位不足 / too few sites"}
    siting = {**town.summary["siting"], "status": "infeasible", "sites": [], "reasons": [reason], "objective": None,
              "bound": None, "gap": None}  # fmt: skip
    none = replace(changed(town, siting=siting), sites=town.sites.iloc[:0])
    told = said(docx.Document(io.BytesIO(report.document(none))))
    assert "没有可行方案" in told
    assert "点位不足" in told
    assert "选定新增点位" not in told
    assert report.annex(none)


def test_a_draft_is_not_told_as_law(town: StudyResult) -> None:
    standard = replace(town.inputs.standard, status="draft")
    told = said(
        docx.Document(io.BytesIO(report.document(replace(town, inputs=replace(town.inputs, standard=standard)))))
    )
    assert "征求意见稿，尚未正式印发" in told
    assert "与征求意见稿对照的结果" in told
    assert "尚未正式印发" not in said(docx.Document(io.BytesIO(report.document(town))))


def test_nothing_judged_is_unknown_and_not_zero(town: StudyResult) -> None:
    figures = {**town.summary["compliance"], "meets": 0, "fails": 0, "not_assessable": 6, "meets_share": None,
               **dict.fromkeys(("required_m2", "provided_m2", "shortfall_m2"))}  # fmt: skip
    told = said(docx.Document(io.BytesIO(report.document(changed(town, compliance=figures)))))
    assert "没有一个居住区可以判定" in told
    assert "不是 0" in told
    assert not re.search(r"应配 [\d—]", told)


def test_where_nothing_is_judged_nobody_is_said_to_pass(town: StudyResult) -> None:
    figures = {**town.summary["compliance"], "meets": 0, "fails": 0, "not_assessable": 6, "meets_share": None}
    unknown = town.residential.assign(verdict="not_assessable")
    made = replace(changed(town, compliance=figures), residential=unknown)
    assert "没有不达标的居住区" not in said(docx.Document(io.BytesIO(report.document(made))))


def test_what_rounding_leaves_outside_all_streets_has_no_share() -> None:
    """0.3 older people less 0.1 and 0.2 are not −5·10⁻¹⁷, all of them covered."""
    names = ("residential_total", "households_total", "households_covered", "elderly_total", "elderly_covered")
    whole, *parts = ([3, 30, 9, 0.3, 0.3], [1, 10, 4, 0.1, 0.1], [1, 10, 5, 0.2, 0.2])
    streets = [dict(zip(names, figures, strict=True)) for figures in parts]
    rest = footing.rest(dict(zip(names, whole, strict=True)), streets, names)
    assert [rest[name] for name in names] == [1, 10, 0, 0, 0]
    assert (rest["households_share"], rest["elderly_share"]) == (0, None)


def test_what_is_unknown_of_the_whole_is_unknown_of_the_rest() -> None:
    """A part without a figure adds nothing; a whole without one leaves nothing to say."""
    whole = {"households_total": 10, "households_covered": None, "elderly_total": 4, "elderly_covered": 2}
    part = {"households_total": None, "households_covered": None, "elderly_total": 4, "elderly_covered": 1}
    assert footing.rest(whole, [part], tuple(whole)) == {
        "households_total": 10, "households_covered": None, "elderly_total": 0, "elderly_covered": 1,
        "households_share": None, "elderly_share": None,
    }  # fmt: skip


@pytest.mark.slow
def test_a_run_of_one_part_writes_what_it_has(town: StudyResult) -> None:
    bare = study.run(town.inputs, parts=frozenset({"coverage"}))
    told = said(docx.Document(io.BytesIO(report.document(bare))))
    assert "养老服务圈覆盖" in told
    assert "未作选址计算" in told
    annex = said(docx.Document(io.BytesIO(report.annex(bare))))
    assert "本表未编制" in annex


# ------------------------------------------------------------------------------------------------------ hostile names

NAMES = (
    "=cmd|' /C calc'!A0",
    "<b>粗体</b> & \"引号\"",
    "{{ 7*7 }} {% for x in y %} {#",
    "龘" * 300,
    "铃\x07\x00响",
    "尾\uffff",
    "😀 老年之家",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(town: StudyResult) -> StudyResult:
    areas, places = town.residential, town.facilities
    names = pd.Series([NAMES[at % len(NAMES)] for at in range(len(areas))], areas.index, dtype="str")
    others = pd.Series([NAMES[-1 - at % len(NAMES)] for at in range(len(places))], places.index, dtype="str")
    inputs = replace(town.inputs, plan=replace(town.inputs.plan, name=NAMES[1] + NAMES[2]))
    return replace(town, residential=areas.assign(name=names), facilities=places.assign(name=others), inputs=inputs)


def test_hostile_names_are_letters_in_word(hostile: StudyResult) -> None:
    rows = tables(docx.Document(io.BytesIO(report.annex(hostile))))
    shown = {row[1] for caption in rows if caption.startswith(("现状", "居住区达标核查")) for row in rows[caption]}
    for name in NAMES[:4]:
        assert name in shown
    assert "铃��响" in shown
    assert "尾�" in shown
    assert "😀 老年之家" in shown


@pytest.mark.slow
def test_hostile_names_are_letters_in_the_workbook(hostile: StudyResult) -> None:
    book = openpyxl.load_workbook(io.BytesIO(report.workbook(hostile)))
    cells = [cell for row in book["居住区达标核查表"].iter_rows() for cell in row]
    kept = {cell.value: cell.data_type for cell in cells if isinstance(cell.value, str)}
    for name in NAMES[:4]:
        assert kept[name] == "s"
    assert not {value for value in kept if "\x07" in value or "\uffff" in value}


# -------------------------------------------------------------------------------------------------------- equal bytes


def test_equal_results_give_equal_bytes_without_a_clock(town: StudyResult) -> None:
    for make in (report.document, report.annex):
        packed = make(town, run_id="run123")
        if make is report.document:
            assert packed == make(town, run_id="run123")
        with zipfile.ZipFile(io.BytesIO(packed)) as box:
            assert {entry.date_time for entry in box.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            core = box.read("docProps/core.xml").decode()
            assert "2000-01-01T00:00:00Z" in core
            assert re.findall(r"<dc:creator>(.*?)</dc:creator>|<cp:lastModifiedBy>(.*?)</cp:lastModifiedBy>", core) in (
                [], [("", "")], [("", ""), ("", "")],
            )  # fmt: skip


SEEDED = """
import hashlib, sys
from pathlib import Path
from planning import report, runs, study
found = study.run(runs.load(Path(sys.argv[1])))
template = Path(sys.argv[2])
template.write_bytes(report.starter_template("zh"))
for made in (report.document(found, run_id="r"), report.annex(found, run_id="r"), report.workbook(found, run_id="r"),
             report.fill_template(template, found, run_id="r")):
    print(hashlib.sha256(made).hexdigest())
"""


@pytest.mark.slow
def test_hash_seeds_change_no_byte(tmp_path: Path) -> None:
    plan = papertown.write(tmp_path)
    printed = []
    for seed in ("0", "1", "4711"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", SEEDED, str(plan), str(tmp_path / "t.docx")]
        printed.append(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)
    assert len(set(printed)) == 1
    assert len(printed[0].split()) == 4


@pytest.mark.slow
def test_three_thousand_rows_are_written_in_a_moment() -> None:
    """About two seconds on a free core; cell by cell the library takes minutes."""
    import time

    rows = [[f"JZ{row:04d}", "名称" * 6, *(str(row * at) for at in range(12))] for row in range(3000)]
    table = word.Table("t", "长表", [f"列{at}" for at in range(14)], rows)
    start = time.perf_counter()
    packed = word.write([table], word.Frame("zh", "t", "h", "f", lying=True))
    assert time.perf_counter() - start < 10
    assert len(docx.Document(io.BytesIO(packed)).tables[0].rows) == 3001


# -------------------------------------------------------------------------------------------------------- LibreOffice


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None or shutil.which("pdftotext") is None,
                    reason="needs LibreOffice (soffice) and pdftotext")  # fmt: skip
def test_libreoffice_turns_them_into_pages_without_loss(town: StudyResult, tmp_path: Path) -> None:
    """The text of the pages holds every number of the tables, and no field shows an error."""
    files = {"report.docx": report.document(town, run_id="run123"), "annex.docx": report.annex(town, run_id="run123"),
             "tables.xlsx": report.workbook(town, run_id="run123")}  # fmt: skip
    for name, packed in files.items():
        (tmp_path / name).write_bytes(packed)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, *(str(tmp_path / name) for name in files)], check=True, capture_output=True, timeout=240)
    for name, packed in files.items():
        read = ["pdftotext", "-layout", str((tmp_path / name).with_suffix(".pdf")), "-"]
        shown = subprocess.run(read, capture_output=True, text=True, check=True).stdout
        assert not re.search(r"Error|错误：|#REF|#VALUE|#NAME|Err:", shown), name
        assert "run123" in shown
        wanted = {cell for rows in cells_of(name, packed) for row in rows for cell in row
                  if re.fullmatch(r"[\d,]+\.?\d*%?", cell)}  # fmt: skip
        assert len(wanted) > 10
        words = set(re.findall(r"[\d,]+\.?\d*%?", shown))
        assert wanted <= words, (name, wanted - words)


def cells_of(name: str, packed: bytes) -> list[list[list[str]]]:
    """Return the cells of the tables of a document; of a workbook the whole numbers of three of its sheets."""
    if name.endswith(".docx"):
        return list(tables(docx.Document(io.BytesIO(packed))).values())
    book = openpyxl.load_workbook(io.BytesIO(packed), data_only=True)
    sheets = [book[title] for title in ("服务覆盖统计表", "服务覆盖分档统计表", "行账")]
    return [[[f"{cell:,}" for cell in row if isinstance(cell, int)] for row in page.values] for page in sheets]


@pytest.mark.slow
@pytest.mark.parametrize("standard", ["nantong", "tianjiaan", "national", "hefei"])
def test_every_kind_of_document_reads_right(tmp_path: Path, standard: str) -> None:
    """Drafts, presets, documents without a rule for areas or without its number: said as such, never as a figure."""
    found = study.run(runs.load(papertown.write(tmp_path, standard=standard)))
    told = said(docx.Document(io.BytesIO(report.document(found))))
    assert ("尚未正式印发" in told) == (found.inputs.standard.status == "draft")
    assert ("预设标准" in told) == (found.inputs.standard.kind == "preset")
    assert ("没有一个居住区可以判定" in told) == (found.summary["compliance"]["meets_share"] is None)
    assert not re.search(r"None|nan|<NA>|—。", told)


# ---------------------------------------------------------------------------------------- how a planner puts it


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("澄河区养老服务设施专项规划（2025—2035年）", ["澄河区养老服务设施专项规划", "（2025—2035年）"]),
        ("县（试点）养老服务设施专项规划（2025—2035年）", ["县（试点）养老服务设施专项规划", "（2025—2035年）"]),
        ("养老规划（2035）", ["养老规划（2035）"]),
        ("A plan for the care of older people of Chenghe (2025-2035)",
         ["A plan for the care of older people of Chenghe", "(2025-2035)"]),
        ("（草案）一个很长很长很长很长很长很长很长的名称", ["（草案）一个很长很长很长很长很长很长很长的名称"]),
    ],
)  # fmt: skip
def test_a_title_too_long_for_a_line_goes_on_before_its_bracket(title: str, lines: list[str]) -> None:
    assert word.titled(title).split("\n") == lines


def test_coordinate_systems_are_named_in_the_language_of_the_document(annex: Any, text: Any) -> None:
    for paper, caption in ((annex, "数据来源表"), (text, "数据来源与坐标处理")):
        head, *rows = tables(paper)[caption]
        said = [row[head.index("坐标处理")] for row in rows]
        assert any("CGCS2000 3 度带，中央经线" in one for one in said)
        assert not [one for one in said if re.search("Gauss|degree|Kruger", one)]


def test_parts_that_miss_their_total_by_rounding_are_said_to(town: StudyResult) -> None:
    """0.005 + 0.005 shown as 0.01 + 0.01 is not 0.01; 0.25 + 0.25 is 0.5, and nothing is said."""
    heads = [Heading("level", "级别", "text"), Heading("area", "面积（m²）", "m2")]
    for parts, is_said in (((0.005, 0.005, 0.01), True), ((0.25, 0.25, 0.5), False)):
        rows = pd.DataFrame({"level": ["街道"] * 3, "area": parts}, dtype=object)
        made = _scene.Scene(town, "zh").table(Sheet("a", "一", heads, rows, groups="level"), "a")
        assert made.notes == (("表中各数分别四舍五入，分项之和与合计可能略有出入。",) if is_said else ())


def test_no_wording_that_is_the_programs_own(town: StudyResult) -> None:
    told = said(docx.Document(io.BytesIO(report.document(town)))) + said(docx.Document(io.BytesIO(report.annex(town))))
    book = openpyxl.load_workbook(io.BytesIO(report.workbook(town)))
    told += " ".join(str(cell.value or "") for page in book for row in page.iter_rows() for cell in row)
    assert not re.search("单独求|其界|其点位|让出|#[0-9]|None|nan", told)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_reasons_of_rows_are_words_with_their_code_in_brackets(language: Any) -> None:
    """Whatever a reader may say of a row: no gap where a value stood, no code alone."""
    told = {
        key.split(".")[1]: _origins.said(key.split(".")[1], language)
        for key, entry in texts.entries().items()
        if key.startswith("fault.") and key.endswith(".message") and "{row}" in entry["zh"]
    }
    assert len(told) > 70
    own = {"export_not_gbk", "siting_required_excluded", "rows_above_heading", "unit_in_title"}  # no row of a ledger
    for code, said in told.items():
        words = said.removesuffix(f"（{code}）" if language == "zh" else f" ({code})")
        assert code in own or (words not in (said, "") and not re.search(r"…|[{}]|\s\s|^\W", words)), said
        assert code in own or language == "en" or not re.search("[a-z]{3,}", words), said


# ------------------------------------------------------------------------------------------------- what a plan lists


def cells(town: StudyResult, sheet: str) -> list[dict[str, Any]]:
    """Return the rows of a sheet by its headings, without the total."""
    page = openpyxl.load_workbook(io.BytesIO(report.workbook(town)))[sheet]
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    top = next(at for at, row in enumerate(rows) if len([cell for cell in row if cell]) > 5)
    head = [str(label).replace("\n", "") for label in rows[top]]
    return [dict(zip(head, row, strict=True)) for row in rows[top + 1 :] if row[0] != "合计"]


@pytest.mark.slow
def test_facilities_state_street_land_and_who_owns_them(town: StudyResult) -> None:
    """The street is the polygon that contains the point, worked out here by shapely alone."""
    streets = town.units[town.units["type"].isin(["street", "town"])]
    asked = {
        place.facility_id: next(
            (unit.name for unit in streets.itertuples() if unit.geometry.covers(place.geometry)), None
        )
        for place in town.facilities.itertuples()
    }
    existing = cells(town, "现状设施一览表")
    assert len(existing) == (town.facilities["status"] != "candidate").sum()
    assert {row["设施编号"]: row["街道（乡镇）"] for row in existing} == {
        row["设施编号"]: asked[row["设施编号"]] for row in existing
    }
    assert {"公办或民办", "用地面积（m²）", "建筑面积（m²）", "床位（张）", "入住床位（张）", "星级"} <= set(
        existing[0]
    )
    planned = cells(town, "规划设施一览表")
    assert {row["设施编号"]: row["街道（乡镇）"] for row in planned}.items() <= asked.items()
    first = cells(town, "近期建设项目表")
    assert all(row["街道（乡镇）"] == asked[row["设施编号"]] and row["设施级别"] for row in first)


def test_shares_of_the_overview_divide_what_stands_beside_them(town: StudyResult) -> None:
    page = openpyxl.load_workbook(io.BytesIO(report.workbook(town)))["概览"]
    kept = openpyxl.load_workbook(io.BytesIO(report.workbook(town)), data_only=True)["概览"]
    shares = [cell for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    assert len(shares) == 8
    for cell in shares:
        total, covered, share = (kept.cell(cell.row, cell.column - back).value for back in (2, 1, 0))
        assert share == pytest.approx(covered / total, rel=1e-12)
        assert cell.value == f"=D{cell.row}/(C{cell.row})"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
def test_libreoffice_works_out_every_formula_to_our_value(town: StudyResult, tmp_path: Path) -> None:
    """Stored values are taken out, so that another program has to find each anew."""
    packed, count = report.workbook(town), 0
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content, found = re.subn(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
                count += found
            new.writestr(name, content)
    home = f"-env:UserInstallation=file://{tmp_path / 'home'}"
    command = ["soffice", home, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    subprocess.run(
        [*command, str(tmp_path / "o"), str(tmp_path / "a.xlsx")], check=True, capture_output=True, timeout=180
    )
    ours, theirs, formulas = (
        openpyxl.load_workbook(source, data_only=values)
        for source, values in (
            (io.BytesIO(packed), True),
            (tmp_path / "o" / "a.xlsx", True),
            (io.BytesIO(packed), False),
        )
    )
    asked = [(page.title, cell.coordinate) for page in formulas for row in page.iter_rows() for cell in row
             if cell.data_type == "f"]  # fmt: skip
    assert len(asked) == count > 100
    for sheet, place in asked:
        assert theirs[sheet][place].value == pytest.approx(ours[sheet][place].value, rel=1e-9, abs=1e-9), (sheet, place)
