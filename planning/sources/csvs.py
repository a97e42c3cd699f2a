"""Plain tables: CSV and TSV in the encodings Chinese offices save them in."""

from __future__ import annotations

import csv
import io
import re
from typing import Final

import numpy as np
import pandas as pd

from planning.errors import Fault, InputRefused
from planning.sources import grid, sizes, textcode
from planning.sources.raw import Dataset, Raw, raw_table

MAX_CELL: Final = 1 << 20
_SEPARATORS: Final = ",\t;|"
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)


def read(dataset: Dataset, *, encoding: str | None, known: frozenset[str] = frozenset()) -> Raw:
    """Read a CSV or TSV file; every cell is text.

    Parameters
    ----------
    dataset : Dataset
    encoding : str or None
        The plan's; else a byte order mark, UTF-16 by its pattern, strict UTF-8, strict GB18030 (see `textcode`).
    known : frozenset of str
        Normalised headings one would recognise: they tell where the heading is (`grid.heading`).

    Returns
    -------
    Raw
        Row numbers as a spreadsheet shows them (the heading is row 1); lines without any content are not rows. ``read``
        counts line ends outside quotes, without the csv reader.

    Raises
    ------
    InputRefused
        Faults of the encoding (`textcode.choose`), ``csv_broken`` (an open quote, a NUL), ``csv_ragged`` (a row
        longer than the heading, all listed), ``table_empty``.
    """
    sizes.refuse_long_table(dataset)
    data = dataset.path.read_bytes()
    text, choice = _decoded(data, encoding, dataset)
    text = text.removeprefix("\ufeff")
    separator = _separator(text)
    records = _records(text, separator, dataset)
    if not records:
        raise InputRefused(Fault("table_empty", file=dataset.file))
    head = grid.heading(records, known)
    body = records[head.last + 1 :]
    _refuse_ragged(body, len(head.names), dataset)
    columns = [
        (name or f"column_{at + 1}", _cells([cells[at] if at < len(cells) else "" for _, cells in body]))
        for at, name in enumerate(head.names)
        if name or any(at < len(cells) and cells[at].strip() for _, cells in body)
    ]
    dropped, flagged = grid.body_marks(head, body)
    short = np.array([len(cells) < len(head.names) for _, cells in body], dtype=bool)
    short[np.logical_or.reduce(list(dropped.values()))] = False
    return raw_table(
        columns,
        np.array([row for row, _ in body], dtype=np.int64),
        count_records(text, separator) - head.last - 1,
        encoding=choice.encoding,
        faults=(*choice.faults, *grid.above_faults(records, head, dataset.file, "")),
        dropped=dropped,
        flagged={**flagged, **({"row_short": short} if short.any() else {})},
    )


def count_records(text: str, separator: str) -> int:
    """Count the records of a CSV text that hold anything, heading included, without a csv reader.

    Quoted cells (a quote at the start of a cell up to the next single one) are reduced to one letter, empty ones to
    nothing; what then remains between line ends is looked at.
    """
    quoted = re.compile(rf'(^|[{re.escape(separator)}\r\n])"((?:[^"]|"")*)"')
    bare = quoted.sub(lambda match: match.group(1) + ("x" if match.group(2).strip() else ""), text)
    return sum(bool(line.strip(separator + " \t\u3000")) for line in re.split(r"\r\n|\r|\n", bare))


def _decoded(data: bytes, stated: str | None, dataset: Dataset) -> tuple[str, textcode.Choice]:
    """Decode a file: by its byte order mark, else as `textcode.choose` says; Latin-1 is never tried."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            choice = textcode.choose([data], file=dataset.file, stated=name)
            return data.decode(name), textcode.Choice(name, choice.faults)
    wide = textcode.utf16(data) if stated is None else None
    if wide is not None:
        return data.decode(wide), _wide_choice(data, wide, dataset)
    choice = textcode.choose([] if data.isascii() else [data], file=dataset.file, stated=stated)
    return data.decode(choice.encoding), choice


def _wide_choice(data: bytes, wide: str, dataset: Dataset) -> textcode.Choice:
    """Say that UTF-16 without a mark was recognised, with a sample."""
    shown, facts = textcode.sample(data.decode(wide)), {"said": wide}
    return textcode.Choice(wide, (Fault("encoding_guessed", "warning", file=dataset.file, value=shown, facts=facts),))


def _separator(text: str) -> str:
    """Return the separator that stands most often in the first line that has any (titles have none); else a comma."""
    lines = text[: 1 << 16].splitlines()[: grid.HEADER_ROWS]
    first = next((line for line in lines if any(sign in line for sign in _SEPARATORS)), "")
    return max(_SEPARATORS, key=first.count)


def _records(text: str, separator: str, dataset: Dataset) -> list[tuple[int, list[str]]]:
    """Return the records that hold anything, with their row numbers."""
    if "\0" in text:
        raise InputRefused(Fault("csv_broken", file=dataset.file, value="NUL"))
    before = csv.field_size_limit(MAX_CELL)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        return [(row, cells) for row, cells in enumerate(reader, start=1) if any(map(str.strip, cells))]
    except csv.Error as error:
        raise InputRefused(Fault("csv_broken", file=dataset.file, value=str(error))) from None
    finally:
        csv.field_size_limit(before)


def _refuse_ragged(body: list[tuple[int, list[str]]], width: int, dataset: Dataset) -> None:
    faults = [
        Fault("csv_ragged", file=dataset.file, row=row, value=str(len(cells)), facts={"width": width})
        for row, cells in body
        if any(map(str.strip, cells[width:]))
    ]
    if faults:
        raise InputRefused(faults)


def _cells(cells: list[str]) -> pd.Series[str]:
    return pd.Series([cell if cell != "" else None for cell in cells], dtype=object)
