"""Room of `planning.quality`: the report as a workbook; text stays text, whatever it begins with."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any, Final

import xlsxwriter

from planning import texts
from planning.quality._parts import Report, Table
from planning.texts import Language, storable

_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST: Final = 32_767
_MOST_ROWS: Final = 1_000_000
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def write(report: Report) -> bytes:
    """Return the workbook: one sheet a table, equal bytes for equal reports."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, dict(_OPTIONS)) as book:
        book.set_properties({"title": storable(report.title)[:250], "created": _CREATED})
        font = {"font_name": "微软雅黑" if report.language == "zh" else "Calibri", "font_size": 10, "valign": "top"}
        styles = {
            "title": book.add_format({**font, "bold": True, "font_size": 13}),
            "head": book.add_format({**font, "bold": True, "bg_color": "#EEF2F5", "top": 1, "bottom": 1}),
            "text": book.add_format({**font, "num_format": "@", "text_wrap": True}),
            "number": book.add_format({**font, "num_format": "#,##0.########"}),
            "whole": book.add_format({**font, "num_format": "0"}),
        }
        for name, table in report.sheets:
            _sheet(book.add_worksheet(name), table, styles, report.language)
    return stream.getvalue()


def _sheet(page: Any, table: Table, styles: dict[str, Any], language: Language) -> None:
    """Write one table: caption, heading row that stays in sight and is repeated on paper, rows."""
    rows, caption = table.rows[:_MOST_ROWS], table.caption
    if len(rows) < len(table.rows):
        caption = texts.t(
            "quality.rows_beyond", language, caption=caption, count=f"{len(table.rows):,}", shown=f"{_MOST_ROWS:,}"
        )
    page.write_string(0, 0, storable(caption)[:_LONGEST], styles["title"])
    for number, label in enumerate(table.head):
        page.write_string(1, number, label, styles["head"])
        page.set_column(number, number, _width(table, number))
    for at, row in enumerate(rows, start=2):
        for number, value in enumerate(row):
            if value is None:
                page.write_blank(at, number, None, styles["text"])
            elif isinstance(value, str):
                page.write_string(at, number, storable(value)[:_LONGEST], styles["text"])
            else:
                page.write_number(at, number, value, styles["whole" if isinstance(value, int) else "number"])
    page.freeze_panes(2, 0)
    if rows:
        page.autofilter(1, 0, len(rows) + 1, len(table.head) - 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(1)


def _width(table: Table, number: int) -> float:
    """Return a width that shows most of a column; Chinese letters take two cells."""
    cells = [table.head[number], *(row[number] for row in table.rows[:500])]
    lengths = sorted(texts.cells(str(cell or "")[:200]) for cell in cells)
    return float(min(max(lengths[int(len(lengths) * 0.9)], len(table.head[number]) * 2, 8) + 2, 60))
