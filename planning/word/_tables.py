"""Room `planning.word`: tables as XML in one piece; cell by cell, 3 000 rows would take minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from planning import texts
from planning.word._fields import run
from planning.word._parts import Table

KEPT_TOGETHER: Final = 12
_TWIPS_A_MM: Final = 1440 / 25.4
_MM_A_POINT: Final = 25.4 / 72
_SIDE_MM: Final = 1.1
_SMALLEST: Final = 7.0
_TALLEST: Final = 5  # lines that the longest text of a column should take
_HEAD, _NUMBER_HEAD = 8, 6  # half letters: so many Chinese letters of a heading stay on one line
_RULES: Final = (
    '<w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="1F2328"/>'
    '<w:left w:val="nil"/><w:bottom w:val="single" w:sz="8" w:space="0" w:color="1F2328"/><w:right w:val="nil"/>'
    '<w:insideH w:val="single" w:sz="4" w:space="0" w:color="B8C0C8"/>'
    '<w:insideV w:val="single" w:sz="4" w:space="0" w:color="D5DBE1"/></w:tblBorders>'
)
_MARGINS: Final = (
    '<w:tblCellMar><w:top w:w="20" w:type="dxa"/><w:left w:w="57" w:type="dxa"/><w:bottom w:w="20" w:type="dxa"/>'
    '<w:right w:w="57" w:type="dxa"/></w:tblCellMar>'
)


def element(table: Table, width_mm: float) -> Any:
    """Return a table element: heading row repeated on every page, no row broken over two pages."""
    points, columns_mm = fitted(table, width_mm)
    widths = [round(mm * _TWIPS_A_MM) for mm in columns_mm]
    grid = "".join(f'<w:gridCol w:w="{twips}"/>' for twips in widths)
    size = "" if points == 9 else f'<w:sz w:val="{round(points * 2)}"/>'
    head = _row(table.head, table, widths, size=size, head=True)
    whole = len(table.rows) <= KEPT_TOGETHER
    last = len(table.rows) - 1
    tied = set(range(last)) if whole else {last - 1}
    body = "".join(
        _row(row, table, widths, size=size, bold=at in table.strong, tied=not table.loose and at in tied)
        for at, row in enumerate(table.rows)
    )
    layout = '<w:tblLayout w:type="fixed"/>'
    total = f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
    return parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr>{total}<w:jc w:val="center"/>{_RULES}{layout}{_MARGINS}</w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{head}{body}</w:tbl>"
    )


def _row(
    cells: Sequence[str],
    table: Table,
    widths: Sequence[int],
    *,
    size: str = "",
    head: bool = False,
    bold: bool = False,
    tied: bool = False,
) -> str:
    """Return a row; ``tied`` keeps it on the page of the next one."""
    letters = f"{'<w:b/>' if bold else ''}{size}"
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="EEF2F5"/>' if head or bold else ""
    tie = "<w:keepNext/>" if tied else ""
    row = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}<w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="{"CellHead" if head else "CellNumber" if at in table.numbers else "Cell"}"/>'
        f"{tie}</w:pPr>{run(text, letters) if text else ''}</w:p></w:tc>"
        for at, (text, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{row}</w:tr>"


# ------------------------------------------------------------------------------------------------------------- widths


def fitted(table: Table, width_mm: float) -> tuple[float, list[float]]:
    """Return the size of letters and the width of each column.

    Numbers get what they need, texts share what is left by their length. Letters are made smaller, to 7 pt at the
    least, where headings would break within a word.
    """
    if table.widths:
        whole = sum(table.widths)
        return table.size, [width_mm * share / whole for share in table.widths]
    cells = list(zip(*table.rows, strict=True)) or [()] * len(table.head)
    needs = [
        _need(head, own, is_number=at in table.numbers)
        for at, (head, own) in enumerate(zip(table.head, cells, strict=True))
    ]
    sizes = [size for size in (table.size, 8.5, 8, 7.5, _SMALLEST) if size <= table.size]
    for points in sizes:
        floor, least, wished = ([_wide(need[part], points) for need in needs] for part in range(3))
        if sum(least) <= width_mm:
            return points, _shared(least, wished, width_mm)
    return sizes[-1], _squeezed(floor, least, width_mm)


def _wide(letters: float, points: float) -> float:
    """Return the width of a cell with so many half letters."""
    return letters * points * _MM_A_POINT / 2 + 2 * _SIDE_MM


def _squeezed(floor: Sequence[float], least: Sequence[float], width_mm: float) -> list[float]:
    """Return widths where not even the least fit: numbers stay whole as long as they can, headings break."""
    spare = width_mm - sum(floor)
    if spare < 0:
        return [width_mm * low / sum(floor) for low in floor]
    more = sum(least) - sum(floor)
    return [low + spare * (high - low) / more for low, high in zip(floor, least, strict=True)]


def _need(head: str, cells: Sequence[str], *, is_number: bool) -> tuple[float, float, float]:
    """Return the half letters that a column cannot do without, the fewest that look well, and those wished for."""
    lengths = sorted(cells_of(cell) for cell in cells)
    longest = lengths[-1] if lengths else 0
    words, kept = max(map(cells_of, head.split()), default=0), _NUMBER_HEAD if is_number else _HEAD
    heading = words if head.isascii() else min(cells_of(head), kept)
    if is_number:
        wished = max(longest, heading, math.ceil(cells_of(head) / 3)) + 1
        return longest + 0.5, max(longest, heading) + 0.5, wished
    filled = [length for length in lengths if length] or [0]
    common = max(filled[int(len(filled) * 0.9)], math.ceil(longest / _TALLEST))
    word = max((_longest_word(cell) for cell in cells[:400]), default=0)
    least = max(heading, min(common, max(12, min(word, 18))))
    return min(least, 6), least, max(heading, common, math.ceil(cells_of(head) / 2)) + 1


def _longest_word(text: str) -> int:
    return max((len(word) for word in text.split() if word.isascii()), default=0)


def _shared(least: Sequence[float], wished: Sequence[float], width_mm: float) -> list[float]:
    """Return widths that fill the line: all wishes, or the least and, of what is left, as much for each as is wished.

    Short columns so get all they wish, and the longest share the rest alike.
    """
    if sum(wished) <= width_mm:
        return [high * width_mm / sum(wished) for high in wished]
    extra = [max(high - low, 0) for low, high in zip(least, wished, strict=True)]
    left, given = width_mm - sum(least), [0.0] * len(extra)
    order = sorted(range(len(extra)), key=lambda at: (extra[at], at))
    for place, at in enumerate(order):
        given[at] = min(extra[at], left / (len(order) - place))
        left -= given[at]
    return [low + more for low, more in zip(least, given, strict=True)]


def cells_of(text: str) -> int:
    """Return how many half letters the longest line of a text takes; Chinese letters take two."""
    return max(map(texts.cells, text.split("\n")))
