"""Room of `planning.quality`: the report as a Word document with real headings, captions and repeated table heads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from planning import word
from planning.quality._parts import KEPT_TOGETHER, Report, Section, Step, Table, shown
from planning.texts import storable

_LATIN: Final = "Calibri"
_BODY_FONT, _HEAD_FONT = "宋体", "黑体"
_WIDTH_MM: Final = 174.0
_INK: Final = {
    "good": RGBColor(0x1F, 0x5F, 0x56),
    "warn": RGBColor(0x7A, 0x4A, 0x08),
    "bad": RGBColor(0x7A, 0x1A, 0x10),
}
_ACCENT, _MUTED = RGBColor(0x1F, 0x4E, 0x79), RGBColor(0x59, 0x61, 0x6B)


def write(report: Report) -> bytes:
    """Return the document, equal bytes for equal reports."""
    paper = Document()
    _page(paper)
    _fonts(paper, report)
    _head(paper, report)
    for section in report.sections:
        _section(paper, section, report)
    word.stamp_properties(paper, report.title)
    paper.core_properties.subject = storable(report.subtitle)[:250]
    stream = io.BytesIO()
    paper.save(stream)
    return word.timeless(stream.getvalue())


def _page(paper: Any) -> None:
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin = section.bottom_margin = Mm(20)
    line = section.footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        mark = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            mark.set(qn("w:fldCharType"), kind)
        mark.text = text
        line.add_run()._r.append(mark)  # noqa: SLF001  python-docx has no fields


def _fonts(paper: Any, report: Report) -> None:
    """Set Latin and Chinese letters of every style used; Word takes the Chinese ones from ``eastAsia`` alone."""
    sizes = {"Normal": 10.5, "Title": 20, "Heading 1": 14, "Heading 2": 12, "Caption": 9.5, "List Number": 10.5}
    for name, size in sizes.items():
        style = paper.styles[name]
        style.font.name, style.font.size = _LATIN, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), _BODY_FONT if name in ("Normal", "List Number") else _HEAD_FONT)
        if name not in ("Normal", "List Number"):
            style.font.color.rgb = _ACCENT if name != "Caption" else RGBColor(0x1F, 0x23, 0x28)
            style.font.bold, style.font.italic = True, False
    language = OxmlElement("w:lang")
    language.set(qn("w:eastAsia"), "zh-CN")
    language.set(qn("w:val"), "zh-CN" if report.language == "zh" else "en-GB")
    paper.styles["Normal"].element.get_or_add_rPr().append(language)
    paper.styles["Caption"].paragraph_format.keep_with_next = True


def _head(paper: Any, report: Report) -> None:
    paper.add_heading(storable(report.title), level=0)
    _muted(paper.add_paragraph(storable(report.subtitle)))
    for label, value in report.facts:
        line = paper.add_paragraph()
        line.paragraph_format.space_after = Pt(0)
        _muted(line, f"{storable(label)}  ")
        line.add_run(storable(value))
    verdict = paper.add_paragraph()
    verdict.paragraph_format.space_before = Pt(12)
    said = verdict.add_run(storable(report.verdict))
    said.bold, said.font.size, said.font.color.rgb = True, Pt(15), _INK[report.tone]
    paper.add_paragraph(storable(report.because))


def _section(paper: Any, section: Section, report: Report) -> None:
    paper.add_heading(storable(section.title), level=section.level)
    for paragraph in section.paragraphs:
        paper.add_paragraph(storable(paragraph))
    for number, step in enumerate(section.steps, start=1):
        _step(paper, number, step, report)
    for table in section.tables:
        _table(paper, table)


def _step(paper: Any, number: int, step: Step, report: Report) -> None:
    line = paper.add_paragraph()
    line.paragraph_format.left_indent, line.paragraph_format.first_line_indent = Mm(7), Mm(-7)
    line.add_run(f"{number}. ")
    tag = line.add_run(report.words[step.tone] + "  ")
    tag.bold, tag.font.color.rgb = True, _INK[step.tone]
    line.add_run(storable(step.what))
    line.add_run().add_break()
    line.add_run(f"{report.words['do']}{storable(step.remedy)}")
    line.add_run().add_break()
    _muted(line, storable(step.where))


def _muted(line: Any, text: str | None = None) -> None:
    for run in line.runs if text is None else [line.add_run(text)]:
        run.font.color.rgb, run.font.size = _MUTED, Pt(9.5)


def _table(paper: Any, table: Table) -> None:
    paper.add_paragraph(storable(table.caption), style="Caption")
    made = paper.add_table(rows=1, cols=len(table.head), style="Table Grid")
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    shares = table.widths or [1 / len(table.head)] * len(table.head)
    for column, share in zip(made.columns, shares, strict=True):
        column.width = Mm(_WIDTH_MM * share)
    _rules(made)
    _fill(made.rows[0], table.head, table, shares, bold=True)
    _repeat(made.rows[0])
    for row in table.rows:
        _fill(made.add_row(), [shown(value) for value in row], table, shares, bold=False)
    together = made.rows[:-1] if len(table.rows) <= KEPT_TOGETHER else made.rows[:2]
    for cell in (cell for row in together for cell in row.cells):
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    paper.add_paragraph().paragraph_format.space_after = Pt(2)


def _fill(row: Any, cells: Sequence[str], table: Table, shares: Sequence[float], *, bold: bool) -> None:
    whole = OxmlElement("w:cantSplit")
    row._tr.get_or_add_trPr().append(whole)  # noqa: SLF001  python-docx has no such switch
    for at, (cell, text, share) in enumerate(zip(row.cells, cells, shares, strict=True)):
        cell.width = Mm(_WIDTH_MM * share)
        line = cell.paragraphs[0]
        line.paragraph_format.space_after = Pt(0)
        run = line.add_run(storable(text))
        run.font.size, run.bold = Pt(8.5), bold
        if at in table.numbers:
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if bold:
            shade = OxmlElement("w:shd")
            shade.set(qn("w:val"), "clear")
            shade.set(qn("w:fill"), "EEF2F5")
            cell._tc.get_or_add_tcPr().append(shade)  # noqa: SLF001


def _rules(made: Any) -> None:
    """Draw thin grey lines between rows and none between columns."""
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = OxmlElement(f"w:{side}")
        across = side in ("top", "bottom", "insideH")
        line.set(qn("w:val"), "single" if across else "nil")
        if across:
            line.set(qn("w:sz"), "4")
            line.set(qn("w:color"), "B8C0C8" if side == "insideH" else "1F2328")
        borders.append(line)
    made._tbl.tblPr.append(borders)  # noqa: SLF001  python-docx has no borders


def _repeat(row: Any) -> None:
    """Repeat the row at the top of every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001
