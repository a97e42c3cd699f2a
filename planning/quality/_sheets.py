"""Room of `planning.quality`: the sheets of the workbook, every list whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from planning import texts
from planning.quality import _inputs, _roads
from planning.quality._faults import Group, step
from planning.quality._parts import Table, Value
from planning.quality._record import Checkup
from planning.tables import LEDGER_COLUMNS, input_name
from planning.texts import Language


def sheets(checkup: Checkup, said: str, groups: list[Group], language: Language) -> Iterator[tuple[str, Table]]:
    """Yield overview, ledger, faults, files, repairs and roads under their sheet names."""
    yield _name("overview", language), _overview(checkup, said, groups, language)
    yield _name("ledger", language), _ledger(checkup, language)
    yield _name("faults", language), _faults(checkup, language)
    yield _name("files", language), _inputs.files(checkup, language)
    yield _name("repairs", language), _inputs.repairs(checkup, language)
    yield _name("roads", language), _network(checkup, language)


def _name(sheet: str, language: Language) -> str:
    return texts.t(f"quality.sheet.{sheet}", language)


def _overview(checkup: Checkup, said: str, groups: list[Group], language: Language) -> Table:
    """Return verdict, counts, households and the list of what to do, one below the other in three columns."""
    rows: list[list[Value]] = [[texts.t("quality.verdict", language), texts.t(f"quality.verdict_{said}", language), ""]]
    for table, counts in checkup.counts.items():
        rows += [
            [input_name(table, language), texts.t(f"quality.{name}", language), int(counts[name])]
            for name in _inputs.OUTCOMES
        ]
    if checkup.households is not None:
        about = _inputs.households(checkup.households, language)
        rows += [[about.title, *row] for row in about.tables[0].rows]
    first = texts.t("quality.first", language)
    for group in groups:
        told = step(group, language)
        rows.append([first, f"{told.what} {told.remedy}", group.count])
    head = [texts.t(f"quality.{name}", language) for name in ("subject", "item", "figure_head")]
    return Table(texts.t("quality.title", language), head, rows)


def _ledger(checkup: Checkup, language: Language) -> Table:
    head = [texts.t(f"quality.ledger.{name}", language) for name in LEDGER_COLUMNS]
    rows: list[list[Value]] = [
        [
            input_name(str(row["table"]), language),
            *(_cell(row[name]) for name in ("file", "layer")),
            None if pd.isna(row["row"]) else int(row["row"]),
            _cell(row["id"]),
            texts.t(f"quality.{row['outcome']}", language),
            _reasons(row, language),
            *(_cell(row[name]) for name in ("column", "value", "remedy")),
        ]
        for row in checkup.ledger.to_dict("records")
    ]
    return Table(texts.t("quality.ledger_caption", language), head, rows)


def _reasons(row: Mapping[Any, Any], language: Language) -> str:
    """Return the reason codes of a row; the words stand in the report, the remedy in the last column."""
    codes = [code for code in str(row["reasons"] or "").split(";") if code and code != "nan"]
    said = [texts.t(f"quality.code.{code}", language) if texts.has(f"quality.code.{code}") else code for code in codes]
    return texts.t("quality.semicolon", language).join(said)


def _faults(checkup: Checkup, language: Language) -> Table:
    names = ("severity", "file", "layer", "row", "column", "value", "message", "what_to_do", "code_head")
    head = [texts.t(f"quality.{name}", language) for name in names]
    rows: list[list[Value]] = [
        [
            texts.t(f"quality.{fault.severity}", language),
            fault.file,
            fault.layer,
            fault.row,
            fault.column,
            fault.value,
            fault.message(language),
            fault.remedy(language),
            fault.code,
        ]
        for fault in checkup.faults
    ]
    return Table(texts.t("quality.faults_caption", language), head, rows)


def _network(checkup: Checkup, language: Language) -> Table:
    """Return figures and lists about the roads, one below the other; a list's heading stands in a row of its own."""
    caption = texts.t("quality.roads", language)
    if checkup.roads is None:
        return Table(caption, (texts.t("quality.item", language),), [[texts.t("quality.no_network", language)]])
    figures = _roads.figures(checkup.roads, language)
    lists = [table for table in _roads.lists_of(checkup.roads, language) if table.rows]
    width = max(len(table.head) for table in (figures, *lists))
    rows: list[list[Value]] = [_padded(row, width) for row in figures.rows]
    for table in lists:
        rows += [_padded([], width), _padded([table.caption], width), _padded(list(table.head), width)]
        rows += [_padded(row, width) for row in table.rows]
    return Table(caption, [*figures.head, *[""] * (width - len(figures.head))], rows)


def _padded(row: Sequence[Value], width: int) -> list[Value]:
    cells: list[Value] = list(row)
    return [*cells, *[None] * (width - len(cells))]


def _cell(value: Any) -> Value:
    return "" if pd.isna(value) else str(value)
