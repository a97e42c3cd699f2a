"""Workbooks: what every spreadsheet of ours has in common. Equal bytes for equal cells; text is never a formula.

The rooms say what stands on a sheet; here is how it is kept: the letters of the language, one date for all files, cells
that stay what they are, a sheet that prints across the paper with its headings on every page.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from planning import texts
from planning.texts import Language

__all__ = ["LONGEST", "Book", "cell", "lay", "put", "width"]

LONGEST: Final = 32_767
"""Letters that a cell can hold."""
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
_OPTIONS: Final[Mapping[str, bool]] = MappingProxyType(
    {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
     "nan_inf_to_errors": False}
)  # fmt: skip
_PAPER: Final = {"A3": 8, "A4": 9}
_LONGEST_TITLE: Final = 250
_LOOKED_AT: Final = 200  # letters: nobody makes a column wider for the rest
cell = xl_rowcol_to_cell


class Book:
    """A workbook in the making: styles, each made once, and pages.

    Parameters
    ----------
    title
        Of the file's properties; it bears no name and no clock.
    language
        Chooses the letters.
    """

    def __init__(self, title: str, language: Language) -> None:
        self._stream = io.BytesIO()
        self._made = xlsxwriter.Workbook(self._stream, dict(_OPTIONS))
        self._made.set_properties({"title": texts.storable(title)[:_LONGEST_TITLE], "created": _CREATED})
        self._font = {"font_name": "微软雅黑" if language == "zh" else "Calibri", "font_size": 10, "valign": "vcenter"}
        self._styles: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.language = language

    def style(self, **more: Any) -> Any:
        """Return a format in the letters of the book, the same for the same wishes."""
        key = tuple(sorted(more.items()))
        if key not in self._styles:
            self._styles[key] = self._made.add_format({**self._font, **more})
        return self._styles[key]

    def page(self, name: str) -> Any:
        """Return a new sheet."""
        return self._made.add_worksheet(name)

    def packed(self) -> bytes:
        """Close the book and return its bytes."""
        self._made.close()
        return self._stream.getvalue()


def put(page: Any, row: int, column: int, value: Any, style: Any, number: Any = None) -> None:
    """Write one cell that stays what it is.

    Parameters
    ----------
    value
        Text stays text, whatever it begins with, as far as a cell can hold it; missing is a blank cell.
    number
        The style of numbers, where they have one of their own.
    """
    if isinstance(value, str):
        page.write_string(row, column, texts.storable(value)[:LONGEST], style)
    elif value is None or value is pd.NA or value != value:  # noqa: PLR0124  NaN and NaT alone differ from themselves
        page.write_blank(row, column, None, style)
    else:
        page.write_number(row, column, float(value), style if number is None else number)


def lay(page: Any, *, top: int, paper: Literal["A3", "A4"] = "A3", across: int = 1) -> None:
    """Print a sheet lying, ``across`` pages wide and as long as it is, the row ``top`` of headings on each."""
    page.set_landscape()
    page.set_paper(_PAPER[paper])
    page.fit_to_pages(across, 0)
    page.repeat_rows(top)


def width(head: str, values: Iterable[Any], *, least: float = 8, most: float = 52, part: float = 0.95) -> float:
    """Return a width that shows ``part`` of a column whole, and its heading; Chinese letters take two cells."""
    lengths = sorted(texts.cells(str(one)[:_LOOKED_AT]) for one in values if not (one is None or pd.isna(one)))
    common = lengths[min(int(len(lengths) * part), len(lengths) - 1)] if lengths else 0
    return float(min(max(common, texts.cells(head), least) + 2, most))
