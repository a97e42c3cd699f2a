"""Room `planning.report`: a sheet of the workbook as a table of a document, figure by figure the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from planning import texts, word
from planning.report._figures import ends_of_groups, foots, formats, is_missing, printed
from planning.report._sheet import Heading, Sheet
from planning.texts import Language

NOTHING: Final = "—"


def table(
    sheet: Sheet,
    key: str,
    language: Language,
    *,
    columns: Sequence[str] = (),
    caption: str = "",
    notes: Sequence[str] = (),
    size: float = 9,
    number: int | None = None,
) -> word.Table:
    """Return a sheet as a table: its columns (or some of them), its rows as they are printed, its total last."""
    shown = [column for column in sheet.columns if not columns or column.name in columns]
    cells, totals = as_printed(sheet, shown, language)
    rows = [tuple(row) for row in zip(*cells, strict=True)]
    strong = set(ends_of_groups(sheet))
    if sheet.total_label and rows:
        rows.append((sheet.total_label, *totals[1:]))
        strong |= {len(rows) - 1}
    rounded = () if foots(sheet, language, shown) else (texts.t("document.rounded", language),)
    return word.Table(
        key=key,
        caption=caption or sheet.title,
        head=[column.label for column in shown],
        rows=rows,
        numbers=frozenset(at for at, column in enumerate(shown) if column.kind != "text"),
        strong=frozenset(strong),
        notes=(*notes, *rounded),
        size=size,
        number=number,
    )


def as_printed(sheet: Sheet, columns: Sequence[Heading], language: Language) -> tuple[list[list[str]], list[str]]:
    """Return the cells of each column and the total of each, as they are printed."""
    cells, totals = [], []
    for column in columns:
        forms, total_form = formats(sheet, column, language)
        empty = "" if column.kind == "text" else NOTHING
        pairs = zip(sheet.rows[column.name], forms, strict=True)
        cells.append([empty if is_missing(value) else printed(value, form) for value, form in pairs])
        total = sheet.totals.get(column.name, sheet.total_shares.get(column.name))
        totals.append(printed(total, total_form))
    return cells, totals


def some(sheet: Sheet, wanted: Callable[[pd.DataFrame], Any]) -> Sheet:
    """Return a sheet with only the rows wanted, and no total: it would not be theirs."""
    mask = pd.Series(wanted(sheet.rows), index=sheet.rows.index).astype(bool)
    kept = {name: [kind for kind, keep in zip(kinds, mask, strict=True) if keep] for name, kinds in sheet.kinds.items()}
    rows = sheet.rows[mask].reset_index(drop=True)
    return replace(sheet, rows=rows, total_label="", totals={}, total_shares={}, kinds=kept)


def totals_of_groups(sheet: Sheet) -> Sheet:
    """Return the last row of every block alone."""
    ends = ends_of_groups(sheet)
    return replace(some(sheet, lambda rows: [at in ends for at in range(len(rows))]), groups="")
