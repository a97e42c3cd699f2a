"""An attribute table joined to the residential layer by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning import tables
from planning.sources import columns as cols
from planning.sources import values
from planning.sources.columns import ColumnMap, Mapped
from planning.sources.ledger import Notes, Origin
from planning.sources.raw import Raw, flat


def split_fields(fields: Mapping[str, str], table: Raw) -> tuple[dict[str, str], dict[str, str]]:
    """Return the plan's ``fields`` for the layer and for the table: a source column the table has is the table's."""
    headings = {flat(header) for header in table.headers}
    theirs = {name: source for name, source in fields.items() if flat(source) in headings}
    return {name: source for name, source in fields.items() if name not in theirs}, theirs


def joined(
    layer: ColumnMap, layer_raw: Raw, notes: Notes, table: ColumnMap, table_raw: Raw, table_notes: Notes, *, join: str
) -> tuple[ColumnMap, pd.DataFrame]:
    """Join the table to the layer.

    Parameters
    ----------
    layer, layer_raw, notes
        The residential layer.
    table, table_raw, table_notes
        The attribute table.
    join : str
        The id column: a heading both files have, or ``residential_id``.

    Returns
    -------
    known : ColumnMap
        The layer's columns; where the table has a column too it wins (warning ``join_both`` if they differ anywhere).
    rest : DataFrame
        The table's other columns, aligned with the layer.

    Notes grow: ``join_column_missing``, ``duplicate_row`` (a table row that repeats an earlier one is excluded),
    ``join_key_duplicate`` (one that differs is refused), ``join_unmatched`` on either side.
    """
    left, right = _keys(layer, layer_raw, join), _keys(table, table_raw, join)
    for keys, side in ((left, notes), (right, table_notes)):
        if keys is None:
            side.table_fault("join_column_missing", "error", column=join, value=join)
    if left is None or right is None:
        return layer, pd.DataFrame(index=layer_raw.frame.index)
    values.say_totals(table_raw.frame, table.known, table_notes)
    values.say_duplicates(table_raw.frame, None, table_notes)
    at = _match(left, right, notes, table_notes, heading=join)
    known = dict(layer.known)
    if "residential_id" not in known:
        known["residential_id"] = _key_column(layer_raw, notes.origin, join)
    both = sorted((set(layer.known) & set(table.known)) - {"residential_id", *cols.PLACES})
    differing = [name for name in both if _differs(layer.known[name], table.known[name], at)]
    if differing:
        notes.table_fault("join_both", "warning", column="、".join(table.known[name].source for name in differing))
    for name, mapped in table.known.items():
        if name != "residential_id" and name not in cols.PLACES:
            known[name] = _aligned(mapped, at)
    rest = table_raw.frame[[name for name in table.rest if flat(name) != flat(join)]]
    return replace(layer, known=known), _take(rest, at)


def _differs(ours: Mapped, theirs: Mapped, at: NDArray[np.intp]) -> bool:
    """Say whether a layer and its table disagree in any row that has a match."""
    found = at >= 0
    return bool((_plain(ours.cells)[found] != _plain(theirs.cells)[at[found]]).any())


def _keys(known: ColumnMap, raw: Raw, join: str) -> NDArray[np.object_] | None:
    """Return the keys of a file as trimmed text, None where it has no such column."""
    flats = [flat(header) for header in raw.headers]
    if flat(join) in flats:
        cells = raw.frame.iloc[:, flats.index(flat(join))]
    elif join in known.known:
        cells = known.known[join].cells
    else:
        return None
    return _plain(cells)


def _plain(cells: pd.Series[Any]) -> NDArray[np.object_]:
    """Return cells as trimmed text, None where there is nothing."""
    empty = cells.isna()
    plain = [None if bare else values.plain_text(cell).strip() or None for cell, bare in zip(cells, empty, strict=True)]
    return np.array(plain, dtype=object)


def _match(
    left: NDArray[np.object_], right: NDArray[np.object_], notes: Notes, table_notes: Notes, *, heading: str
) -> NDArray[np.intp]:
    """Return for each layer row the table row with its key, -1 where there is none."""
    live = ~table_notes.marked("excluded") & pd.notna(right)
    repeated = np.zeros(len(right), dtype=bool)
    repeated[live] = pd.Series(right[live]).duplicated(keep=False).to_numpy()
    table_notes.say("join_key_duplicate", "refused", repeated, column=heading, values=right)
    position = {key: at for at, key in reversed(list(enumerate(right))) if live[at]}
    at = np.array([position.get(key, -1) for key in left], dtype=np.intp)
    notes.say("join_unmatched", "flagged", at < 0, column=heading, values=left)
    used = np.zeros(len(right), dtype=bool)
    used[at[at >= 0]] = True
    strange = ~used & ~repeated & ~table_notes.marked("excluded")
    table_notes.say("join_unmatched_table", "excluded", strange, column=heading, values=right)
    return at


def _key_column(raw: Raw, origin: Origin, join: str) -> Mapped:
    flats = [flat(header) for header in raw.headers]
    at = flats.index(flat(join))
    return Mapped(
        tables.contract("residential").columns["residential_id"], raw.headers[at], raw.frame.iloc[:, at], origin
    )


def _aligned(mapped: Mapped, at: NDArray[np.intp]) -> Mapped:
    """Return a table column in the order of the layer, with the rows it came from."""
    found = at >= 0
    rows = np.zeros(len(at), dtype=np.int64)
    rows[found] = mapped.origin.rows[at[found]]
    series = _take(mapped.cells.to_frame("cell"), at)["cell"]
    return replace(mapped, cells=series, origin=replace(mapped.origin, rows=rows))


def _take(frame: pd.DataFrame, at: NDArray[np.intp]) -> pd.DataFrame:
    """Return rows ``at`` of a frame, all missing where -1."""
    made: Any = frame.astype(object).reset_index(drop=True).reindex(pd.Index(np.where(at < 0, -1, at)))
    return pd.DataFrame(made.reset_index(drop=True))
