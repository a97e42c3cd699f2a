"""Room of `planning.quality`: the report as a workbook; text stays text, whatever it begins with."""

from __future__ import annotations

from typing import Any, Final

from planning import texts, workbook
from planning.quality._parts import Report, Table
from planning.texts import Language

_MOST_ROWS: Final = 1_000_000
_WIDEST: Final = 60
_MEASURED: Final = 500  # rows whose cells decide how wide a column is


def write(report: Report) -> bytes:
    """Return the workbook: one sheet a table, equal bytes for equal reports."""
    book = workbook.Book(report.title, report.language)
    for name, table in report.sheets:
        _sheet(book, book.page(name), table, report.language)
    return book.packed()


def _sheet(book: workbook.Book, page: Any, table: Table, language: Language) -> None:
    """Write one table: caption, heading row that stays in sight and is repeated on paper, rows."""
    rows, caption = table.rows[:_MOST_ROWS], table.caption
    if len(rows) < len(table.rows):
        caption = texts.t(
            "quality.rows_beyond", language, caption=caption, count=f"{len(table.rows):,}", shown=f"{_MOST_ROWS:,}"
        )
    head = book.style(bold=True, bg_color="#EEF2F5", top=1, bottom=1)
    text = book.style(valign="top", num_format="@", text_wrap=True)
    number, whole = (book.style(valign="top", num_format=form) for form in ("#,##0.########", "0"))
    workbook.put(page, 0, 0, caption, book.style(bold=True, font_size=13))
    for column, label in enumerate(table.head):
        workbook.put(page, 1, column, label, head)
        values = [row[column] for row in rows[:_MEASURED]]
        page.set_column(column, column, workbook.width(label, values, most=_WIDEST, part=0.9))
        for at, row in enumerate(rows, start=2):
            value = row[column]
            workbook.put(page, at, column, value, text, whole if isinstance(value, int) else number)
    page.freeze_panes(2, 0)
    if rows:
        page.autofilter(1, 0, len(rows) + 1, len(table.head) - 1)
    workbook.lay(page, top=1, paper="A4")
