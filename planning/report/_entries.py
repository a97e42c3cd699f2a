"""Room `planning.report`: tables to be filled in by hand, as a workbook or as text for any spreadsheet."""

from __future__ import annotations

from typing import Final

import pandas as pd

from planning import tables, texts, workbook
from planning.texts import Language

_TO_FILL: Final = {"entries": ("subject", "value", "source", "date"), "pooling": ("accepted",)}
_TABLES: Final = {"entries": "indicators", "pooling": "pools"}
_WIDTHS: Final = {"asks": 52, "how": 26, "required": 24, "source": 28, "subject_name": 20, "deadline": 12, "date": 14,
                  "name": 24, "unit": 20}  # fmt: skip


def entry_sheet(rows: pd.DataFrame, language: Language = "zh", *, form: str = "entries") -> bytes:
    """Return a table to fill in as a workbook: one sheet, headings in its first row.

    ``rows`` is `planning.indicators.blank`, or for ``form = "pooling"`` `pooling_rows`. The columns to fill in are
    marked; everything is text, so that an id or a name stays what it is.
    """
    title = texts.t(f"{form}.sheet", language)
    book = workbook.Book(title, language)
    page = book.page(title)
    for number, (name, label) in enumerate(headings(rows, language, form=form).items()):
        fill = {"bg_color": "#FFF6DD"} if name in _TO_FILL[form] else {}
        line = {"text_wrap": True, "bottom": 1, "bottom_color": "#D5DBE1", "num_format": "@"}  # 1/4 is no day in April
        page.set_column(number, number, _WIDTHS.get(name, 13))
        workbook.put(page, 0, number, label, book.style(**fill, bold=True, bottom=1))
        for row, one in enumerate(rows[name], start=1):
            workbook.put(page, row, number, None if pd.isna(one) else str(one), book.style(**fill, **line))
    page.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 1}"})
    page.freeze_panes(1, 1)
    workbook.lay(page, top=0, paper="A4")
    return book.packed()


def entry_text(rows: pd.DataFrame, language: Language = "zh", *, form: str = "entries") -> bytes:
    """Return the same as comma-separated text with a byte order mark, which Excel opens as UTF-8."""
    named = rows.rename(columns=headings(rows, language, form=form))
    return named.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def headings(rows: pd.DataFrame, language: Language, *, form: str = "entries") -> dict[str, str]:
    """Return what each column is called: the table's own words, by which it is known when it comes back."""
    known = tables.contract(_TABLES[form]).columns
    return {
        name: known[name].label(language) if name in known else texts.t(f"{form}.head.{name}", language)
        for name in rows.columns
    }
