"""How large a table may be, found out before it is read."""

from __future__ import annotations

from typing import Final

from planning.errors import Fault, InputRefused
from planning.sources.raw import Dataset

MAX_TABLE_ROWS: Final = 1_048_576
"""Rows of a table without shapes, as many as a sheet of Excel holds; layers are bounded by memory alone."""
_CHUNK: Final = 1 << 22


def refuse_long_table(dataset: Dataset) -> None:
    """Refuse a text table of more lines than `MAX_TABLE_ROWS`, counted in one pass that keeps nothing.

    Raises
    ------
    InputRefused
        ``table_too_long``.
    """
    lines = returns = 0
    with dataset.path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            lines += chunk.count(b"\n")
            returns += chunk.count(b"\r")
    rows = max(lines, returns)
    if rows > MAX_TABLE_ROWS + 1:
        raise InputRefused(Fault("table_too_long", file=dataset.file, value=str(rows), facts={"cap": MAX_TABLE_ROWS}))
