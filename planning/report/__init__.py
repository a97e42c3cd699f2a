"""The workbook of a result: the plan's annex tables as they will be printed. It shows; it never computes but sums.

Text from data is always written as text: a name that begins with ``=`` stays a name.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from planning import texts
from planning.errors import Fault
from planning.report import _tables as contents
from planning.report._entries import entry_sheet, entry_text
from planning.report._figures import foots, formats, is_missing
from planning.report._plates import Plate, plate
from planning.report._pooling import pooling_rows
from planning.report._sheet import Heading, Kind, Sheet
from planning.study import StudyResult
from planning.texts import Language

__all__ = [
    "Heading", "Kind", "Plate", "Sheet", "annex", "book", "check_template", "document", "entry_sheet", "entry_text",
    "fill_template", "plate", "pooling_rows", "starter_template", "workbook",
]  # fmt: skip

_OPTIONS: Final[Mapping[str, bool]] = MappingProxyType(
    {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
     "nan_inf_to_errors": False}
)  # fmt: skip
_FLOWING: Final = {"text_wrap": True, "indent": 1}  # a long text is read to its end, and off the number before it
_WIDEST: Final = 52
_TALLEST: Final = 8  # lines; a column is made wider before a row grows beyond
_NARROWEST_TEXT: Final = 13
_PAGE_PX: Final = 1510 / 0.7  # an A3 sheet inside its margins, with 10 pt letters printed no smaller than 7 pt
_MARGIN_IN: Final = 0.4
_LINE_PT: Final = 15
_LONGEST: Final = 32_767  # letters a cell can hold
_LONG_HEAD: Final = 11
_NOTE_FINER: Final = 1.15  # notes are set smaller than the rows: more of them goes on a line
_MOST_LINES: Final = 27  # a row is at most 409 points high
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


def workbook(result: StudyResult, *, run_id: str = "") -> bytes:
    """Return the workbook of a result, equal bytes for equal results.

    Sheets: overview, coverage by street and by band, compliance of each area, rooms, gaps, remedies, suggested pools,
    facilities, sites, planned facilities, near-term projects, clauses, readings and what others would change, rows
    accounted for, ledger, sources (protected). A total row is called 合计; sums and shares are formulas that carry
    their value. ``run_id`` is printed on every sheet.
    """
    language = result.inputs.plan.output.language
    return book(contents.sheets(result, language), title=result.inputs.plan.name, language=language, run_id=run_id)


def book(sheets: Iterable[Sheet], *, title: str, language: Language, run_id: str = "") -> bytes:
    """Return sheets of one's own as a workbook in the manner of `workbook`, equal bytes for equal sheets."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, dict(_OPTIONS)) as made:
        made.set_properties({"title": texts.storable(title)[:250], "created": _CREATED})
        styles = _Styles(made, language)
        for sheet in sheets:
            _write(made, sheet, styles, run_id)
    return stream.getvalue()


def document(result: StudyResult, *, run_id: str = "", plates: Mapping[str, Plate] | None = None) -> bytes:
    """Return the draft text of the plan as a Word document, equal bytes for equal results.

    Parameters
    ----------
    run_id
        Printed on every page.
    plates
        Maps to insert, by the atlas's keys (`plate` makes one); where a map is missing the text says so.
    """
    from planning.report import _document  # the Word library is loaded only by who writes Word

    return _document.document(_told(result, run_id, plates))


def annex(result: StudyResult, *, run_id: str = "") -> bytes:
    """Return the annex tables as a Word document, equal bytes for equal results."""
    from planning.report import _document

    return _document.annex(_told(result, run_id, None))


def check_template(path: Path) -> tuple[Fault, ...]:
    """Return what is wrong with a Word template of one's own, as far as it can be told without a result."""
    from planning.report import _template

    return _template.check(path)


def fill_template(
    path: Path, result: StudyResult, *, run_id: str = "", plates: Mapping[str, Plate] | None = None
) -> bytes:
    """Return a Word template of one's own filled in; its fields are listed in docs/template.md.

    Raises
    ------
    InputRefused
        If the template is no Word document, its tags are wrong, or it names a field that is not there.
    """
    from planning.report import _template

    return _template.fill(path, _told(result, run_id, plates))


def starter_template(language: Language) -> bytes:
    """Return a Word template that renders as it is."""
    from planning.report import _starter

    return _starter.starter(language)


def _told(result: StudyResult, run_id: str, plates: Mapping[str, Plate] | None) -> Any:
    from planning.report._scene import Scene

    return Scene(result, result.inputs.plan.output.language, run_id, dict(plates or {}))


class _Styles:
    """The formats of a book, each made once."""

    def __init__(self, book: Any, language: Language) -> None:
        self._book, self._made = book, dict[tuple[str, bool, bool], Any]()
        self._font = {"font_name": "微软雅黑" if language == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}
        self.language = language
        self.title = self._of(bold=True, font_size=14)
        self.note = self._of(font_color="#59616B", font_size=9, text_wrap=True, valign="top")
        head = {"bold": True, "bg_color": "#EEF2F5", "text_wrap": True, "top": 1, "bottom": 1}
        self.head, self.head_number = self._of(**head, indent=1), self._of(**head, align="right")

    def _of(self, **more: Any) -> Any:
        return self._book.add_format({**self._font, **more})

    def cell(self, form: str, *, flowing: bool = False, total: bool = False) -> Any:
        """Return the format of a cell that shows its number as ``form``."""
        key = form, flowing, total
        if key not in self._made:
            rule = {"bold": True, "top": 1, "bottom": 1} if total else {"bottom": 1, "bottom_color": "#D5DBE1"}
            self._made[key] = self._of(**rule, **(_FLOWING if flowing else {}), num_format=form)
        return self._made[key]


def _write(book: Any, sheet: Sheet, styles: _Styles, run_id: str) -> None:
    """Write one sheet: title, notes, headings, rows, and the total row where there is one."""
    page = book.add_worksheet(sheet.name)
    page.hide_gridlines(2)
    widths = _fitted(sheet, [_width(_heading(column), sheet.rows[column.name]) for column in sheet.columns])
    top = 0 if sheet.bare else _write_head(page, _with_run(sheet, run_id, styles.language), widths, styles)
    for number, column in enumerate(sheet.columns):
        label, style = _heading(column), styles.head if column.kind == "text" else styles.head_number
        page.write_string(top, number, label, style)
        page.set_column(number, number, widths[number])
        _write_column(page, sheet, number, top + 1, styles)
    _write_formulas(page, sheet, top + 1, styles)
    heads = [
        sum(math.ceil(_cells(line) / (width - 2)) for line in _heading(column).splitlines())
        for column, width in zip(sheet.columns, widths, strict=True)
    ]
    page.set_row(top, _LINE_PT * max(heads))
    for offset, lines in enumerate(_lines(sheet, widths), start=1):
        if lines > 1:
            page.set_row(top + offset, _LINE_PT * lines)
    if sheet.total_label and len(sheet.rows):
        _write_total(page, sheet, top + 1, styles)
    page.freeze_panes(top + 1, sheet.frozen)
    if sheet.protected:
        page.protect()
    _set_paper(page, sheet, top, widths)


def _with_run(sheet: Sheet, run_id: str, language: Language) -> Sheet:
    """Return the sheet with the run it belongs to in its first note."""
    if not run_id or not sheet.notes:
        return sheet
    first = texts.t("annex.with_run", language, note=sheet.notes[0], run=run_id)
    return replace(sheet, notes=(first, *sheet.notes[1:]))


def _heading(column: Heading) -> str:
    """Return what stands over a column; the unit of a long heading goes on a line of its own."""
    stem, bracket, unit = column.label.rpartition(" (" if column.label.endswith(")") else "（")
    long = column.kind != "text" and bracket and _cells(column.label) > _LONG_HEAD
    return f"{stem}\n{bracket.strip()}{unit}" if long else column.label


def _write_head(page: Any, sheet: Sheet, widths: Sequence[float], styles: _Styles) -> int:
    """Write title and notes, each note as wide as the table, and return the row of the headings."""
    page.write_string(0, 0, texts.storable(sheet.title)[:_LONGEST], styles.title)
    rounded = () if foots(sheet, styles.language) else (texts.t("report.note_rounded", styles.language),)
    for row, note in enumerate((*sheet.notes, *rounded), start=1):
        if len(widths) > 1:
            page.merge_range(row, 0, row, len(widths) - 1, "", styles.note)
        page.write_string(row, 0, texts.storable(note)[:_LONGEST], styles.note)
        page.set_row(row, _LINE_PT * min(_MOST_LINES, max(1, math.ceil(_cells(note) / (sum(widths) * _NOTE_FINER)))))
    return 1 + len(sheet.notes) + len(rounded)


def _set_paper(page: Any, sheet: Sheet, top: int, widths: Sequence[float]) -> None:
    """Print on A3 across as few pages as leave letters of 7 pt; headings and first columns are repeated."""
    page.set_landscape()
    page.set_paper(8)  # A3
    page.set_margins(left=_MARGIN_IN, right=_MARGIN_IN, top=_MARGIN_IN, bottom=0.6)
    page.set_footer("&C&9&A  &P / &N")
    across = math.ceil(sum(map(_pixels, widths)) / _PAGE_PX - 1e-9)
    page.fit_to_pages(across, 0)
    page.repeat_rows(top)
    if across > 1:
        page.repeat_columns(0, sheet.frozen - 1)


def _pixels(width: float) -> float:
    return 7 * width + 5


def _fitted(sheet: Sheet, widths: Sequence[float]) -> list[float]:
    """Return the widths with long texts made narrower, so that the table goes on one page where it can."""
    wide = [
        column.kind == "text" and width > _NARROWEST_TEXT for column, width in zip(sheet.columns, widths, strict=True)
    ]
    over = sum(map(_pixels, widths)) - _PAGE_PX
    spare = sum(7 * (width - _NARROWEST_TEXT) for width, is_wide in zip(widths, wide, strict=True) if is_wide)
    kept = 1 - min(over / spare, 1) if over > 0 and spare else 1.0
    return [
        _NARROWEST_TEXT + (width - _NARROWEST_TEXT) * kept if is_wide else width
        for width, is_wide in zip(widths, wide, strict=True)
    ]


def _write_column(page: Any, sheet: Sheet, number: int, first: int, styles: _Styles) -> None:
    column = sheet.columns[number]
    forms, _ = formats(sheet, column, styles.language)
    flowing, sums = column.kind == "text", _ends_of_groups(sheet)
    for row, (value, form) in enumerate(zip(sheet.rows[column.name], forms, strict=True), start=first):
        style = styles.cell(form, flowing=flowing, total=row - first in sums)
        if is_missing(value):
            page.write_blank(row, number, None, style)
        elif isinstance(value, str):
            page.write_string(row, number, texts.storable(value)[:_LONGEST], style)
        else:
            page.write_number(row, number, float(value), style)


def _write_formulas(page: Any, sheet: Sheet, first: int, styles: _Styles) -> None:
    """Write sums of blocks and shares as formulas over what was written; each carries its value."""
    at = {column.name: number for number, column in enumerate(sheet.columns)}
    ends = sorted(_ends_of_groups(sheet))
    starts = dict(zip(ends, (0, *(end + 1 for end in ends)), strict=False))
    for column in sheet.columns:
        forms, _ = formats(sheet, column, styles.language)
        for row, (value, form) in enumerate(zip(sheet.rows[column.name], forms, strict=True)):
            formula = ""
            if column.name in sheet.ratios:
                formula = _ratio(sheet.ratios[column.name], at, first + row)
            elif column.name in sheet.additive and row in starts and starts[row] < row:
                formula = _sum(first + starts[row], first + row - 1, at[column.name])
            if formula and not is_missing(value):
                style = styles.cell(form, total=row in starts)
                kept = float(f"{float(value):.16G}")  # as a cell that is no formula holds it
                page.write_formula(first + row, at[column.name], formula, style, kept)


def _ratio(parts: tuple[str, Sequence[str]], at: Mapping[str, int], row: int) -> str:
    upper, lower = parts
    below = "+".join(xl_rowcol_to_cell(row, at[name]) for name in lower)
    return f"={xl_rowcol_to_cell(row, at[upper])}/({below})"


def _sum(first: int, last: int, column: int) -> str:
    return f"=SUM({xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(last, column)})"


def _ends_of_groups(sheet: Sheet) -> frozenset[int]:
    """Return the rows that sum up a block: the last of each."""
    if not sheet.groups:
        return frozenset()
    name = sheet.rows[sheet.groups].reset_index(drop=True)
    return frozenset(name.index[name != name.shift(-1)])


def _write_total(page: Any, sheet: Sheet, first: int, styles: _Styles) -> None:
    """Write the total row below the rows; each sum is a formula over its column with its value stored."""
    last = first + len(sheet.rows) - 1
    for number, column in enumerate(sheet.columns):
        style = styles.cell(formats(sheet, column, styles.language)[1], total=True)
        if number == 0:
            page.write_string(last + 1, 0, sheet.total_label, style)
        elif column.name in sheet.totals:
            page.write_formula(last + 1, number, _sum(first, last, number), style, sheet.totals[column.name])
        elif column.name in sheet.total_shares:
            page.write_number(last + 1, number, sheet.total_shares[column.name], style)
        else:
            page.write_blank(last + 1, number, None, style)


def _width(label: str, values: Iterable[Any]) -> float:
    """Return a width that shows most of a column; Chinese letters take two cells."""
    lengths = sorted(_cells(value) for value in values)
    common = lengths[int(len(lengths) * 0.95)] if lengths else 0
    longest = lengths[-1] / _TALLEST if lengths else 0.0
    head = max(_cells(line) if _cells(line) <= _LONG_HEAD - 3 else _cells(line) * 0.5 for line in label.splitlines())
    return float(min(max(head, common, longest, 6) + 3, _WIDEST))


def _lines(sheet: Sheet, widths: Sequence[float]) -> list[int]:
    """Return how many lines each row takes; not every program that opens a workbook measures them itself."""
    flowing = [
        (column.name, width - 3) for column, width in zip(sheet.columns, widths, strict=True) if column.kind == "text"
    ]
    most = [1] * len(sheet.rows)
    for name, width in flowing:
        most = [
            max(before, _lines_of(_cells(value), width)) for before, value in zip(most, sheet.rows[name], strict=True)
        ]
    return [min(lines, _MOST_LINES) for lines in most]


def _lines_of(cells: int, width: float) -> int:
    """Return how many lines a text takes; a line that breaks before a word or a mark is not filled."""
    return 1 if cells <= width else math.ceil(cells / (width - 2))


def _cells(value: Any) -> int:
    if is_missing(value):
        return 0
    shown = value if isinstance(value, str) else f"{float(value):,.1f}"
    return texts.cells(shown)
