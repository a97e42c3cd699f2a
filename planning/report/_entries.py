"""Room `planning.report`: tables to be filled in by hand, as a workbook or as text for any spreadsheet."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
import xlsxwriter

from planning import tables, texts
from planning.texts import Language

_TO_FILL: Final = {"entries": ("subject", "value", "source", "date"), "pooling": ("accepted",)}
_TABLES: Final = {"entries": "indicators", "pooling": "pools"}
_WIDTHS: Final = {"asks": 52, "how": 26, "required": 24, "source": 28, "subject_name": 20, "deadline": 12, "date": 14,
                  "name": 24, "unit": 20}  # fmt: skip
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


def entry_sheet(rows: pd.DataFrame, language: Language = "zh", *, form: str = "entries") -> bytes:
    """Return a table to fill in as a workbook: one sheet, headings in its first row.

    ``rows`` is `planning.indicators.blank`, or for ``form = "pooling"`` `pooling_rows`. The columns to fill in are
    marked; everything is text, so that an id or a name stays what it is.
    """
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        title = texts.t(f"{form}.sheet", language)
        book.set_properties({"title": title, "created": _CREATED})
        font = {"font_name": "微软雅黑" if language == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}
        page = book.add_worksheet(title)
        for number, (name, label) in enumerate(headings(rows, language, form=form).items()):
            fill = {"bg_color": "#FFF6DD"} if name in _TO_FILL[form] else {}
            line = {
                "text_wrap": True,
                "bottom": 1,
                "bottom_color": "#D5DBE1",
                "num_format": "@",
            }  # 1/4 is no day in April
            style = book.add_format({**font, **fill, **line})
            page.set_column(number, number, _WIDTHS.get(name, 13))
            page.write_string(0, number, label, book.add_format({**font, **fill, "bold": True, "bottom": 1}))
            _column(page, rows[name], number, style)
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 1}"})
        page.freeze_panes(1, 1)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
    return stream.getvalue()


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


def _column(page: Any, cells: pd.Series, number: int, style: Any) -> None:
    for row, cell in enumerate(cells, start=1):
        if pd.isna(cell):
            page.write_blank(row, number, None, style)
        else:
            page.write_string(row, number, str(cell), style)
