"""The workbook of a result: the plan's annex tables as they will be printed. It shows; it never computes but sums.

Text from data is always written as text: a name that begins with ``=`` stays a name.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from planning.report import _tables as contents
from planning.report._entries import entry_sheet, entry_text
from planning.report._sheet import Sheet
from planning.study import StudyResult

__all__ = ["entry_sheet", "entry_text", "workbook"]

_NUMBER_FORMATS: Final = {
    "whole": "#,##0",
    "m2": "#,##0.0",
    "m": "#,##0",
    "share": "0.0%",
    "text": "@",
    "plain": "General",
}
_FLOWING: Final = {"text_wrap": True, "indent": 1}  # a long text is read to its end, and off the number before it
_WIDEST: Final = 52
_LINE_PT: Final = 15
_MOST_LINES: Final = 27  # a row is at most 409 points high
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


def workbook(result: StudyResult) -> bytes:
    """Return the workbook of a result, equal bytes for equal results.

    Sheets: overview, coverage by street, compliance of each area, rooms, remedies, suggested pools, facilities,
    sites, clauses, readings and what others would change, ledger, parameters and sources. A total row is called 合计;
    its cells are formulas that carry their value.
    """
    language = result.inputs.plan.output.language
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
               "nan_inf_to_errors": False}  # fmt: skip
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"title": result.inputs.plan.name[:250], "created": _CREATED})
        styles = _styles(book, language)
        for sheet in contents.sheets(result, language):
            _write(book, sheet, styles)
    return stream.getvalue()


@dataclass(frozen=True)
class _Styles:
    title: Any
    note: Any
    head: Any
    cells: dict[str, Any]
    totals: dict[str, Any]


def _styles(book: Any, language: str) -> _Styles:
    font = {"font_name": "微软雅黑" if language == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}
    rule = {"bottom": 1, "bottom_color": "#D5DBE1"}
    return _Styles(
        title=book.add_format({**font, "bold": True, "font_size": 14}),
        note=book.add_format({**font, "font_color": "#59616B", "font_size": 9}),
        head=book.add_format({**font, "bold": True, "bg_color": "#EEF2F5", "text_wrap": True, "top": 1, "bottom": 1}),
        cells={
            kind: book.add_format({**font, **rule, **(_FLOWING if kind == "text" else {}), "num_format": form})
            for kind, form in _NUMBER_FORMATS.items()
        },
        totals={
            kind: book.add_format({**font, "bold": True, "top": 1, "bottom": 1, "num_format": form})
            for kind, form in _NUMBER_FORMATS.items()
        },
    )


def _write(book: Any, sheet: Sheet, styles: _Styles) -> None:
    """Write one sheet: title, notes, headings, rows, and the total row where there is one."""
    page = book.add_worksheet(sheet.name)
    page.hide_gridlines(2)
    page.write_string(0, 0, sheet.title, styles.title)
    top = 1
    for note in sheet.notes:
        page.write_string(top, 0, note, styles.note)
        top += 1
    widths = [_width(column.label, sheet.rows[column.name]) for column in sheet.columns]
    for number, column in enumerate(sheet.columns):
        page.write_string(top, number, column.label, styles.head)
        page.set_column(number, number, widths[number])
        _write_column(page, sheet.rows[column.name], (top + 1, number), styles.cells[column.kind])
    for offset, lines in enumerate(_lines(sheet, widths), start=1):
        if lines > 1:
            page.set_row(top + offset, _LINE_PT * lines)
    if sheet.total_label and len(sheet.rows):
        _write_total(page, sheet, top + 1, styles)
    page.freeze_panes(top + 1, sheet.frozen)
    page.set_landscape()
    page.set_paper(8)  # A3
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)


def _write_column(page: Any, values: pd.Series, corner: tuple[int, int], style: Any) -> None:
    row, number = corner
    for offset, value in enumerate(values):
        if _is_missing(value):
            page.write_blank(row + offset, number, None, style)
        elif isinstance(value, str):
            page.write_string(row + offset, number, value[:32767], style)
        else:
            page.write_number(row + offset, number, float(value), style)


def _write_total(page: Any, sheet: Sheet, first: int, styles: _Styles) -> None:
    """Write the total row below the rows; each sum is a formula over its column with its value stored."""
    last = first + len(sheet.rows) - 1
    for number, column in enumerate(sheet.columns):
        style = styles.totals[column.kind]
        if number == 0:
            page.write_string(last + 1, 0, sheet.total_label, style)
        elif column.name in sheet.totals:
            area = f"{xl_rowcol_to_cell(first, number)}:{xl_rowcol_to_cell(last, number)}"
            page.write_formula(last + 1, number, f"=SUM({area})", style, sheet.totals[column.name])
        elif column.name in sheet.total_shares:
            page.write_number(last + 1, number, sheet.total_shares[column.name], style)
        else:
            page.write_blank(last + 1, number, None, style)


def _width(label: str, values: Iterable[Any]) -> float:
    """Return a width that shows most of a column; Chinese letters take two cells."""
    lengths = sorted(_cells(value) for value in values)
    common = lengths[int(len(lengths) * 0.95)] if lengths else 0
    return float(min(max(_cells(label) * 0.75, common, 7) + 3, _WIDEST))


def _lines(sheet: Sheet, widths: Sequence[float]) -> list[int]:
    """Return how many lines each row takes; not every program that opens a workbook measures them itself."""
    flowing = [
        (column.name, width - 3) for column, width in zip(sheet.columns, widths, strict=True) if column.kind == "text"
    ]
    most = [1] * len(sheet.rows)
    for name, width in flowing:
        most = [
            max(before, math.ceil(_cells(value) / width)) for before, value in zip(most, sheet.rows[name], strict=True)
        ]
    return [min(lines, _MOST_LINES) for lines in most]


def _cells(value: Any) -> int:
    if _is_missing(value):
        return 0
    shown = value if isinstance(value, str) else f"{float(value):,.1f}"
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in shown)


def _is_missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))
