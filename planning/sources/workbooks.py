"""Excel workbooks: the ledgers of civil affairs."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from planning.errors import Fault, InputRefused
from planning.sources import zips
from planning.sources.raw import Dataset, Raw, bare_heading, raw_table

HEADER_ROWS: Final = 10
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, ET.ParseError, EOFError, OSError),
    *(LookupError, ValueError, TypeError, AttributeError, NotImplementedError),
)
"""What openpyxl and zipfile raise on a damaged workbook."""
EXACT_DIGITS: Final = 10**15
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class _Scan:
    """A sheet as its XML says: rows with content, formulas without a stored value, merged ranges."""

    filled_rows: tuple[int, ...]
    uncalculated: tuple[tuple[int, str], ...]
    merged: tuple[str, ...]


def read(dataset: Dataset, *, layer: str | None, known: Iterable[str]) -> Raw:
    """Read one sheet.

    Parameters
    ----------
    dataset : Dataset
    layer : str or None
        The sheet; needed where several visible ones hold anything.
    known : iterable of str
        Normalised headings one would recognise: of the first ten filled rows the one with most of them is the heading.

    Returns
    -------
    Raw
        Row numbers of the sheet. Rows without content are not rows. ``read`` counts rows in the sheet's XML, without
        openpyxl. Numbers above 15 digits, which Excel cannot hold, come as floats.

    Raises
    ------
    InputRefused
        ``file_broken``, ``zip_bomb``, ``xml_dtd``, ``layer_needed``, ``layer_unknown``, ``table_empty``.
    """
    try:
        zips.refuse_bomb(dataset.path)
        sheets = _sheet_paths(dataset)
        name = _pick(sheets, layer, dataset)
        scan = _scan(dataset, sheets[name])
        rows = _rows(dataset, name)
    except InputRefused:
        raise
    except _BROKEN as error:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": str(error)[:200]})) from None
    if not rows:
        raise InputRefused(Fault("table_empty", file=dataset.file, layer=name))
    return _table(dataset, name, rows, scan, frozenset(known))


def _table(
    dataset: Dataset, sheet: str, rows: list[tuple[int, tuple[Any, ...]]], scan: _Scan, known: frozenset[str]
) -> Raw:
    """Split heading and body and name the columns."""
    at = _heading(rows, known)
    heading_row, heading = rows[at]
    body = rows[at + 1 :]
    width = max(len(cells) for _, cells in rows)
    columns, letters = [], {}
    for index in range(width):
        cells = np.empty(len(body), dtype=object)
        cells[:] = [_cell(row[index]) if index < len(row) else None for _, row in body]
        title = heading[index] if index < len(heading) else None
        name = _title(title) or f"column_{get_column_letter(index + 1)}"
        if _title(title) or any(cell is not None for cell in cells):
            columns.append((name, cells))
            letters[get_column_letter(index + 1)] = name
    numbers = np.array([row for row, _ in body], dtype=np.int64)
    read = sum(row > heading_row for row in scan.filled_rows)
    uncalculated = tuple((row, letters[col]) for row, col in scan.uncalculated if row > heading_row and col in letters)
    return raw_table(
        columns,
        numbers,
        read,
        layer=sheet,
        faults=_merged_faults(scan, heading_row, dataset, sheet),
        uncalculated=uncalculated,
    )


def _heading(rows: list[tuple[int, tuple[Any, ...]]], known: frozenset[str]) -> int:
    """Return the position of the heading: the row that says most known names, the first of equals."""
    scores = [len({bare_heading(_title(cell)) for cell in cells} & known) for _, cells in rows[:HEADER_ROWS]]
    return int(np.argmax(scores))


def _title(cell: object) -> str:
    return "" if cell is None else re.sub(r"\s+", " ", str(cell)).strip()


def _cell(cell: object) -> object:
    """Return a cell; blank text is nothing, and numbers past Excel's 15 digits are floats (their digits are lost)."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) >= EXACT_DIGITS:
        return float(cell)
    return cell if isinstance(cell, int | float | dt.date) or cell is None else str(cell)


def _merged_faults(scan: _Scan, heading_row: int, dataset: Dataset, sheet: str) -> tuple[Fault, ...]:
    """Warn of merged cells below the heading: only their first cell holds the value."""
    below = [area for area in scan.merged if int(re.findall(r"\d+", area)[0]) > heading_row]
    if not below:
        return ()
    return (Fault("cells_merged", "warning", file=dataset.file, layer=sheet, value="、".join(below[:20])),)


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
    filled, uncalculated, merged = [], [], []
    with zipfile.ZipFile(dataset.path) as archive:
        blank = _blank_strings(archive, dataset)
        _refuse_dtd(archive, part, dataset)
        with archive.open(part) as stream:
            row = 0
            for _, element in ET.iterparse(stream):  # noqa: S314
                if element.tag == f"{_MAIN}row":
                    row = int(element.get("r", row + 1))
                    if any(_says(cell, blank) for cell in element):
                        filled.append(row)
                    uncalculated += [(row, _letter(cell)) for cell in element if _is_uncalculated(cell)]
                    element.clear()
                elif element.tag == f"{_MAIN}mergeCell":
                    merged.append(element.get("ref", "A1"))
    return _Scan(tuple(filled), tuple(uncalculated), tuple(merged))


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


def _sheet_paths(dataset: Dataset) -> dict[str, str]:
    """Return the visible sheets and their parts in the workbook."""
    with zipfile.ZipFile(dataset.path) as archive:
        for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            _refuse_dtd(archive, part, dataset)
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        targets = {entry.get("Id"): str(entry.get("Target")) for entry in relations}
        parts = {
            str(sheet.get("name")): targets[sheet.get(_RELATION)]
            for sheet in book.iter(f"{_MAIN}sheet")
            if sheet.get("state", "visible") == "visible"
        }
        whole = {name: part.lstrip("/") if part.startswith("/") else f"xl/{part}" for name, part in parts.items()}
        return {name: part for name, part in whole.items() if "worksheets/" in part}


def _pick(sheets: dict[str, str], layer: str | None, dataset: Dataset) -> str:
    """Return the sheet the plan names, or the only visible one that holds anything."""
    facts = {"layers": "、".join(sheets), "choices": tuple(sheets)}
    if layer is not None:
        if layer in sheets:
            return layer
        raise InputRefused(Fault("layer_unknown", file=dataset.file, layer=layer, value=layer, facts=facts))
    filled = [name for name, part in sheets.items() if len(sheets) == 1 or _scan(dataset, part).filled_rows]
    if len(filled) == 1:
        return filled[0]
    raise InputRefused(Fault("layer_needed" if filled else "table_empty", file=dataset.file, facts=facts))


def _refuse_dtd(archive: zipfile.ZipFile, part: str, dataset: Dataset) -> None:
    with archive.open(part) as stream:
        head = stream.read(4096)
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputRefused(Fault("xml_dtd", file=dataset.file))
