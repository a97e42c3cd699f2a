"""Excel workbooks: the ledgers of civil affairs."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from planning.errors import Fault, InputRefused
from planning.sources import grid, zips
from planning.sources.raw import Dataset, Raw, raw_table

_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, ET.ParseError, EOFError, OSError),
    *(LookupError, ValueError, NotImplementedError),
)
"""What openpyxl and zipfile raise on a damaged workbook."""
EXACT_DIGITS: Final = 10**15
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class _Scan:
    """A sheet as its XML says: rows with content, hidden ones, formulas without a stored value, merged ranges.

    ``padded`` are cells whose format shows leading zeros, with the width shown.
    """

    filled_rows: tuple[int, ...]
    hidden_rows: frozenset[int]
    uncalculated: tuple[tuple[int, str], ...]
    merged: tuple[str, ...]
    padded: Mapping[tuple[int, str], int]


def read(dataset: Dataset, *, layer: str | None, known: Iterable[str]) -> Raw:
    """Read one sheet.

    Parameters
    ----------
    dataset : Dataset
    layer : str or None
        The sheet; needed where several visible ones hold anything. A hidden one is read where it is named.
    known : iterable of str
        Normalised headings one would recognise: they tell where the heading is (`grid.heading`).

    Returns
    -------
    Raw
        Row numbers of the sheet. Rows without content are not rows. ``read`` counts rows in the sheet's XML, without
        openpyxl. Numbers above 15 digits, which Excel cannot hold, come as floats; numbers shown with leading zeros
        (001) as the text that is shown. What is done about titles, notes and merged cells: see `grid`.

    Raises
    ------
    InputRefused
        ``file_broken``, ``zip_bomb``, ``xml_dtd``, ``layer_needed``, ``layer_unknown``, ``sheets_hidden``,
        ``table_empty``.
    """
    try:
        zips.refuse_bomb(dataset.path)
        sheets, hidden = _sheet_paths(dataset)
        name = _pick(sheets, hidden, layer, dataset)
        scan = _scan(dataset, {**sheets, **hidden}[name])
        rows = _rows(dataset, name)
    except InputRefused:
        raise
    except _BROKEN as error:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": str(error)[:200]})) from None
    if not rows:
        code = "sheets_hidden" if hidden and name not in hidden else "table_empty"
        raise InputRefused(Fault(code, file=dataset.file, layer=name, value="、".join(hidden)))
    return _table(dataset, name, rows, scan, frozenset(known))


def _table(
    dataset: Dataset, sheet: str, rows: list[tuple[int, tuple[Any, ...]]], scan: _Scan, known: frozenset[str]
) -> Raw:
    """Split heading and body and name the columns."""
    head = grid.heading(rows, known)
    heading_row = rows[head.last][0]
    areas = sorted((_area(text) for text in scan.merged), key=lambda area: (area.top, area.left))
    below = [(row, [_cell(cell) for cell in cells]) for row, cells in rows[head.last + 1 :]]
    body = [(row, _shown(row, cells, scan)) for row, cells in grid.filled(below, areas)]
    columns, letters = _columns(head.names, body)
    dropped, flagged = grid.body_marks(head, body)
    place = (dataset.file, sheet)
    return raw_table(
        columns,
        np.array([row for row, _ in body], dtype=np.int64),
        sum(row > heading_row for row in scan.filled_rows),
        layer=sheet,
        faults=(
            *grid.above_faults(rows, head, *place),
            *grid.merged_faults(below, head.names, areas, known, place),
            *_hidden_faults(scan, heading_row, place),
        ),
        dropped=dropped,
        flagged=flagged,
        uncalculated=tuple(
            (row, letters[letter]) for row, letter in scan.uncalculated if row > heading_row and letter in letters
        ),
    )


def _columns(
    names: tuple[str, ...], body: list[tuple[int, list[Any]]]
) -> tuple[list[tuple[str, NDArray[np.object_]]], dict[str, str]]:
    """Return the columns that have a heading or hold anything, and their headings by letter."""
    columns, letters = [], {}
    for index in range(max(len(names), *(len(cells) for _, cells in body), 0) if body else len(names)):
        cells = np.empty(len(body), dtype=object)
        cells[:] = [row[index] if index < len(row) else None for _, row in body]
        name = names[index] if index < len(names) else ""
        if name or any(cell is not None for cell in cells):
            letter = get_column_letter(index + 1)
            letters[letter] = name or f"column_{letter}"
            columns.append((letters[letter], cells))
    return columns, letters


def _area(text: str) -> grid.Area:
    left, top, right, bottom = range_boundaries(text)
    return grid.Area(top, left, bottom, right, text)


def _shown(row: int, cells: list[Any], scan: _Scan) -> list[Any]:
    """Return the cells of a row, whole numbers with leading zeros as the sheet shows them."""
    if not scan.padded:
        return cells
    widths = [scan.padded.get((row, get_column_letter(at + 1)), 0) for at in range(len(cells))]
    return [
        str(cell).zfill(width) if width and type(cell) is int and cell >= 0 else cell
        for cell, width in zip(cells, widths, strict=True)
    ]


def _hidden_faults(scan: _Scan, heading_row: int, place: tuple[str, str]) -> tuple[Fault, ...]:
    """Say how many hidden rows were read: a filter hides rows, but does not take them out."""
    hidden = [row for row in scan.filled_rows if row > heading_row and row in scan.hidden_rows]
    if not hidden:
        return ()
    facts = {"first": hidden[0]}
    return (Fault("rows_hidden", "warning", *place, value=str(len(hidden)), facts=facts),)


def _cell(cell: object) -> object:
    """Return a cell; blank text is nothing, and numbers past Excel's 15 digits are floats (their digits are lost)."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) >= EXACT_DIGITS:
        return float(cell)
    return cell if isinstance(cell, int | float | dt.date) or cell is None else str(cell)


# -------------------------------------------------------------------------------------------------------- two readers


def _rows(dataset: Dataset, sheet: str) -> list[tuple[int, tuple[Any, ...]]]:
    """Return the rows with content, through openpyxl, past the dimensions a sheet claims."""
    with dataset.path.open("rb") as stream:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            page = book[sheet]
            page.reset_dimensions()
            return [
                (number, cells)
                for number, cells in enumerate(page.iter_rows(values_only=True), start=1)
                if any(cell is not None and str(cell).strip() for cell in cells)
            ]
        finally:
            book.close()


def _scan(dataset: Dataset, part: str) -> _Scan:
    """Return what the XML of a sheet says, read by itself."""
    filled, hidden, uncalculated, merged = [], set(), [], []
    padded: dict[tuple[int, str], int] = {}
    with zipfile.ZipFile(dataset.path) as archive:
        blank = _blank_strings(archive, dataset)
        widths = _zero_widths(archive, dataset)
        _refuse_dtd(archive, part, dataset)
        with archive.open(part) as stream:
            row = 0
            for _, element in ET.iterparse(stream):  # noqa: S314
                if element.tag == f"{_MAIN}row":
                    row = int(element.get("r", row + 1))
                    if any(_says(cell, blank) for cell in element):
                        filled.append(row)
                    if element.get("hidden") in ("1", "true"):
                        hidden.add(row)
                    uncalculated += [(row, _letter(cell)) for cell in element if _is_uncalculated(cell)]
                    if widths:
                        padded |= {
                            (row, _letter(cell)): widths[s] for cell in element if (s := cell.get("s")) in widths
                        }
                    element.clear()
                elif element.tag == f"{_MAIN}mergeCell":
                    merged.append(element.get("ref", "A1"))
    return _Scan(tuple(filled), frozenset(hidden), tuple(uncalculated), tuple(merged), padded)


def _zero_widths(archive: zipfile.ZipFile, dataset: Dataset) -> dict[str | None, int]:
    """Return by number the cell styles that show leading zeros (000), with how many digits they show."""
    part = "xl/styles.xml"
    if part not in archive.namelist():
        return {}
    _refuse_dtd(archive, part, dataset)
    root = ET.fromstring(archive.read(part))  # noqa: S314
    codes = {entry.get("numFmtId"): str(entry.get("formatCode")).strip('"') for entry in root.iter(f"{_MAIN}numFmt")}
    styles = root.find(f"{_MAIN}cellXfs")
    shown = [codes.get(style.get("numFmtId"), "") for style in (styles if styles is not None else ())]
    return {str(at): len(code) for at, code in enumerate(shown) if re.fullmatch("00+", code)}


def _says(cell: ET.Element, blank: frozenset[int]) -> bool:
    """Say whether a cell holds anything but blanks."""
    if cell.get("t") == "inlineStr":
        return bool("".join(cell.itertext()).strip())
    value = cell.findtext(f"{_MAIN}v") or ""
    return int(value) not in blank if cell.get("t") == "s" and value else bool(value.strip())


def _is_uncalculated(cell: ET.Element) -> bool:
    return cell.find(f"{_MAIN}f") is not None and not cell.findtext(f"{_MAIN}v") and cell.get("t") != "str"


def _letter(cell: ET.Element) -> str:
    return re.sub(r"\d", "", cell.get("r", ""))


def _blank_strings(archive: zipfile.ZipFile, dataset: Dataset) -> frozenset[int]:
    """Return the numbers of shared strings that hold nothing but blanks."""
    part = "xl/sharedStrings.xml"
    if part not in archive.namelist():
        return frozenset()
    _refuse_dtd(archive, part, dataset)
    root = ET.fromstring(archive.read(part))  # noqa: S314
    return frozenset(
        at for at, entry in enumerate(root) if not "".join(text.text or "" for text in entry.iter(f"{_MAIN}t")).strip()
    )


def _sheet_paths(dataset: Dataset) -> tuple[dict[str, str], dict[str, str]]:
    """Return the visible sheets and the hidden ones, with their parts in the workbook."""
    with zipfile.ZipFile(dataset.path) as archive:
        for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            _refuse_dtd(archive, part, dataset)
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        targets = {entry.get("Id"): str(entry.get("Target")) for entry in relations}
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for sheet in book.iter(f"{_MAIN}sheet"):
        part = targets[sheet.get(_RELATION)]
        if "worksheets/" in part:
            hidden = sheet.get("state", "visible") != "visible"
            found[hidden][str(sheet.get("name"))] = part.lstrip("/") if part.startswith("/") else f"xl/{part}"
    return found


def _pick(sheets: dict[str, str], hidden: dict[str, str], layer: str | None, dataset: Dataset) -> str:
    """Return the sheet the plan names, or the only visible one that holds anything."""
    facts = {"layers": "、".join(sheets), "choices": tuple(sheets)}
    if layer is not None:
        if layer in sheets or layer in hidden:
            return layer
        raise InputRefused(Fault("layer_unknown", file=dataset.file, layer=layer, value=layer, facts=facts))
    filled = [name for name, part in sheets.items() if len(sheets) == 1 or _scan(dataset, part).filled_rows]
    if len(filled) == 1:
        return filled[0]
    if not filled and hidden:
        raise InputRefused(Fault("sheets_hidden", file=dataset.file, value="、".join(hidden)))
    raise InputRefused(Fault("layer_needed" if filled else "table_empty", file=dataset.file, facts=facts))


def _refuse_dtd(archive: zipfile.ZipFile, part: str, dataset: Dataset) -> None:
    with archive.open(part) as stream:
        head = stream.read(4096)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputRefused(Fault("xml_dtd", file=dataset.file))
