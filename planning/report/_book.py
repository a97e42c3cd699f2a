"""Room `planning.report`: sheets written as a workbook: title, notes, headings, rows; sums and shares as formulas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from planning import texts, workbook
from planning.report._figures import ends_of_groups, foots, formats, is_missing
from planning.report._sheet import Heading, Sheet
from planning.texts import Language

_FLOWING: Final = {"text_wrap": True, "indent": 1}  # a long text is read to its end, and off the number before it
_WIDEST: Final = 52
_TALLEST: Final = 8  # lines; a column is made wider before a row grows beyond
_NARROWEST_TEXT: Final = 13
_PAGE_PX: Final = 1510 / 0.7  # an A3 sheet inside its margins, with 10 pt letters printed no smaller than 7 pt
_MARGIN_IN: Final = 0.4
_LINE_PT: Final = 15
_LONG_HEAD: Final = 11
_NOTE_FINER: Final = 1.15  # notes are set smaller than the rows: more of them goes on a line
_MOST_LINES: Final = 27  # a row is at most 409 points high


def write(sheets: Iterable[Sheet], *, title: str, language: Language, run_id: str = "") -> bytes:
    """Return sheets as a workbook, equal bytes for equal sheets; ``run_id`` stands in the first note of each."""
    made = workbook.Book(title, language)
    styles = _Styles(made)
    for sheet in sheets:
        _write(made.page(sheet.name), sheet, styles, run_id)
    return made.packed()


class _Styles:
    """The formats of a book."""

    def __init__(self, book: workbook.Book) -> None:
        self._book, self.language, self._cells = book, book.language, dict[tuple[str, bool, bool], Any]()
        self.title = book.style(bold=True, font_size=14)
        self.note = book.style(font_color="#59616B", font_size=9, text_wrap=True, valign="top")
        head = {"bold": True, "bg_color": "#EEF2F5", "text_wrap": True, "top": 1, "bottom": 1}
        self.head, self.head_number = book.style(**head, indent=1), book.style(**head, align="right")

    def cell(self, form: str, *, flowing: bool = False, total: bool = False) -> Any:
        """Return the format of a cell that shows its number as ``form``."""
        key = form, flowing, total
        if key not in self._cells:
            rule = {"bold": True, "top": 1, "bottom": 1} if total else {"bottom": 1, "bottom_color": "#D5DBE1"}
            self._cells[key] = self._book.style(**rule, **(_FLOWING if flowing else {}), num_format=form)
        return self._cells[key]


def _write(page: Any, sheet: Sheet, styles: _Styles, run_id: str) -> None:
    """Write one sheet: title, notes, headings, rows, and the total row where there is one."""
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
    workbook.put(page, 0, 0, sheet.title, styles.title)
    rounded = () if foots(sheet, styles.language) else (texts.t("report.note_rounded", styles.language),)
    for row, note in enumerate((*sheet.notes, *rounded), start=1):
        if len(widths) > 1:
            page.merge_range(row, 0, row, len(widths) - 1, "", styles.note)
        workbook.put(page, row, 0, note, styles.note)
        page.set_row(row, _LINE_PT * min(_MOST_LINES, max(1, math.ceil(_cells(note) / (sum(widths) * _NOTE_FINER)))))
    return 1 + len(sheet.notes) + len(rounded)


def _set_paper(page: Any, sheet: Sheet, top: int, widths: Sequence[float]) -> None:
    """Print on A3 across as few pages as leave letters of 7 pt; headings and first columns are repeated."""
    across = math.ceil(sum(map(_pixels, widths)) / _PAGE_PX - 1e-9)
    workbook.lay(page, top=top, across=across)
    page.set_margins(left=_MARGIN_IN, right=_MARGIN_IN, top=_MARGIN_IN, bottom=0.6)
    page.set_footer("&C&9&A  &P / &N")
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
    flowing, sums = column.kind == "text", ends_of_groups(sheet)
    for row, (value, form) in enumerate(zip(sheet.rows[column.name], forms, strict=True), start=first):
        workbook.put(page, row, number, value, styles.cell(form, flowing=flowing, total=row - first in sums))


def _write_formulas(page: Any, sheet: Sheet, first: int, styles: _Styles) -> None:
    """Write sums of blocks and shares as formulas over what was written; each carries its value."""
    at = {column.name: number for number, column in enumerate(sheet.columns)}
    ends = sorted(ends_of_groups(sheet))
    starts = dict(zip(ends, (0, *(end + 1 for end in ends)), strict=False))
    for column in (one for one in sheet.columns if one.name in sheet.ratios or (ends and one.name in sheet.additive)):
        forms, _ = formats(sheet, column, styles.language)
        for row, (value, form) in enumerate(zip(sheet.rows[column.name], forms, strict=True)):
            formula = ""
            if column.name in sheet.ratios and _has_parts(sheet, column.name, row):
                formula = _ratio(sheet.ratios[column.name], at, first + row)
            elif column.name in sheet.additive and row in starts and starts[row] < row:
                formula = _sum(first + starts[row], first + row - 1, at[column.name])
            if formula and not is_missing(value):
                style = styles.cell(form, total=row in starts)
                kept = float(f"{float(value):.16G}")  # as a cell that is no formula holds it
                page.write_formula(first + row, at[column.name], formula, style, kept)


def _has_parts(sheet: Sheet, name: str, row: int) -> bool:
    """Say whether a row states what its share divides; some shares stand without."""
    upper, lower = sheet.ratios[name]
    return not any(is_missing(sheet.rows[part].iloc[row]) for part in (upper, *lower))


def _ratio(parts: tuple[str, Sequence[str]], at: Mapping[str, int], row: int) -> str:
    upper, lower = parts
    below = "+".join(workbook.cell(row, at[name]) for name in lower)
    return f"={workbook.cell(row, at[upper])}/({below})"


def _sum(first: int, last: int, column: int) -> str:
    return f"=SUM({workbook.cell(first, column)}:{workbook.cell(last, column)})"


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
