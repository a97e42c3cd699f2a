"""From cells as written to canonical values, with a note on every cell that could not be taken as it is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning import tables, units
from planning.sources.columns import Mapped
from planning.sources.ledger import Mask, Notes

INTEGER_BOUNDS: Final = {"star": (1, 5), "level": (-9, 9)}
EXACT_EXCEL: Final = 1e15
TOTAL_WORDS: Final = frozenset({"合计", "总计", "小计", "共计", "总和", "total", "sum", "subtotal"})
_DECISIONS: Final = ("accepted",)  # flags that decide what is judged: a word that cannot be read stops the run
_TOTAL_END: Final = re.compile(r".{0,20}(?:合计|总计|小计)")
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ue000-\uf8ff\ufeff\ufffd-\uffff]"
)
"""Control and private-use characters, what stands for one that was lost, and those that turn a line round unseen."""
_SEPARATORS: Final = re.compile(r"\s*[;；、,，]\s*")


def canonical(known: Mapping[str, Mapped], table: tables.Table, notes: Notes, live: Mask) -> pd.DataFrame:
    """Return all columns of the contract, absent ones all missing.

    Parameters
    ----------
    known : mapping
        The source columns found.
    table : Table
    notes : Notes
        Grows: ``refused`` for unreadable or negative values that would enter a sum, unknown choices, empty required
        cells and ids that lost digits; ``flagged`` for other unreadable cells, which become missing.
    live : mask
        Rows not set aside already; the others raise nothing.
    """
    made = {
        name: _values(known[name], notes, live) if name in known else _absent(column, notes.size)
        for name, column in table.columns.items()
    }
    return pd.DataFrame(made, index=pd.RangeIndex(notes.size))


def _values(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    """Read one column as its kind says."""
    readers = {
        "number": _numbers,
        "integer": _integers,
        "date": _dates,
        "flag": _flags,
        "choice": _choices,
        "id": _ids,
        "ids": _id_lists,
        "text": _texts,
    }
    values = readers[mapped.column.kind](mapped, notes, live)
    if mapped.column.required and not mapped.column.may_be_empty:
        said = notes.marked("refused")
        _say(notes, "required_empty", "refused", live & ~said & values.isna().to_numpy(), mapped)
    return values


def _absent(column: tables.Column, size: int) -> pd.Series[Any]:
    dtype = {"number": "float64", "integer": "Int64", "flag": "boolean"}.get(column.kind, "str")
    return pd.Series([None] * size, dtype=dtype) if size else pd.Series([], dtype=dtype)


def _numbers(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    values, codes = units.parse_numbers(mapped.cells, mapped.column.unit, header_unit=mapped.unit)
    _say_codes(notes, codes, live, mapped, refuse=mapped.column.sums)
    return pd.Series(values)


def _integers(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    low, high = INTEGER_BOUNDS.get(mapped.column.name, (None, None))
    values, codes = units.parse_integers(mapped.cells, low=low, high=high)
    if mapped.column.name == "level":  # taken as ground, a bridge would join the road beneath it
        _say(notes, "road_level_unknown", "refused", live & (codes != ""), mapped)
    else:
        _say_codes(notes, codes, live, mapped)
    return pd.Series(values, dtype="Int64")


def _dates(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    values, codes = units.parse_dates(mapped.cells)
    _say_codes(notes, codes, live, mapped)
    return pd.Series(values, dtype="str")


def _flags(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    values, codes = units.parse_flags(mapped.cells)
    if mapped.column.name in _DECISIONS:
        _say(notes, "decision_unreadable", "refused", live & (codes != ""), mapped)
    else:
        _say_codes(notes, codes, live, mapped)
    return pd.Series(values, dtype="boolean")


def _choices(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    choices = mapped.column.choices
    values, codes = units.parse_choices(mapped.cells, choices)
    facts = {
        "choices_zh": "、".join(said[0] if said else word for word, said in choices.items()),
        "choices_en": ", ".join(choices),
    }
    _say_codes(notes, codes, live, mapped, refuse=True, **facts)
    return pd.Series(values, dtype="str")


def _ids(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    cells = mapped.cells.astype(object).to_numpy()
    lost = np.array([_lost_digits(cell) for cell in cells], dtype=bool)
    _say(notes, "id_digits_lost", "refused", live & lost, mapped)
    return _texts(mapped, notes, live)


def _lost_digits(cell: object) -> bool:
    """Say whether a number can no longer tell all its digits; an Excel number has 15, and comes as a float."""
    return isinstance(cell, float) and math.isfinite(cell) and abs(cell) >= EXACT_EXCEL


def _id_lists(mapped: Mapped, _: Notes, __: Mask) -> pd.Series[Any]:
    """Return ids joined by ``;``, each once, in the order written."""
    found = [_id_list(cell) for cell in mapped.cells.astype(object)]
    return pd.Series(found, dtype="str")


def _id_list(cell: object) -> str | None:
    if units.is_missing(cell):
        return None
    parts = [part for part in _SEPARATORS.split(plain_text(cell).strip()) if part]
    return ";".join(dict.fromkeys(parts)) or None


def _texts(mapped: Mapped, notes: Notes, live: Mask) -> pd.Series[Any]:
    """Return text byte for byte; a cell of nothing but blanks is missing, one that cannot be printed is flagged."""
    empty = mapped.cells.isna().to_numpy()
    cells = mapped.cells.astype(object).to_numpy()
    found = [
        None if bare or not (text := plain_text(cell)).strip() else text
        for cell, bare in zip(cells, empty, strict=True)
    ]
    odd = np.array([isinstance(text, str) and _UNPRINTABLE.search(text) is not None for text in found], dtype=bool)
    _say(notes, "text_unprintable", "flagged", live & odd, mapped)
    return pd.Series(found, dtype="str")


def plain_text(cell: object) -> str:
    """Return a cell as text: a whole number without ``.0``, text untouched."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool):
        return units.plain_number(float(cell)) if isinstance(cell, float | np.floating) else str(cell)
    return str(cell)


def _say_codes(
    notes: Notes,
    codes: NDArray[np.object_],
    live: Mask,
    mapped: Mapped,
    *,
    refuse: bool = False,
    **facts: Any,
) -> None:
    """Note each fault code of a parsed column."""
    for code in sorted({str(code) for code in codes} - {""}):
        _say(
            notes,
            code,
            "refused" if refuse or mapped.column.required else "flagged",
            live & (codes == code),
            mapped,
            **facts,
        )


def _say(notes: Notes, code: str, verdict: Any, where: Mask, mapped: Mapped, **facts: Any) -> None:
    notes.say(
        code,
        verdict,
        where,
        column=mapped.source,
        values=mapped.cells.astype(object).to_numpy(),
        origin=mapped.origin,
        **facts,
    )


# ---------------------------------------------------------------------------------------------- rows that are no rows


def say_totals(frame: pd.DataFrame, known: Mapping[str, Mapped], notes: Notes) -> None:
    """Exclude rows of totals: 合计, 总计, 小计 in the first column, an id or a name (``…街道小计`` too)."""
    looked = [mapped.cells for name, mapped in known.items() if name == "name" or mapped.column.kind == "id"]
    looked += [frame.iloc[:, 0]] if frame.shape[1] else []
    found = np.zeros(notes.size, dtype=bool)
    shown = np.full(notes.size, "", dtype=object)
    for values in looked:
        cells = values.astype(object).to_numpy()
        here = np.array([_is_total(cell) for cell in cells], dtype=bool)
        found, shown = found | here, np.where(here, cells, shown)
    notes.say("total_row", "excluded", found, values=shown)


def _is_total(cell: object) -> bool:
    if not isinstance(cell, str):
        return False
    word = re.sub(r"[\s:：]", "", units.normalise(cell))
    return word in TOTAL_WORDS or _TOTAL_END.fullmatch(word) is not None


def say_duplicates(frame: pd.DataFrame, shapes: NDArray[np.object_] | None, notes: Notes) -> None:
    """Exclude rows that repeat an earlier one in every attribute and in shape (whatever vertex a ring starts at)."""
    cells = frame.astype(object).where(frame.notna(), None).copy()
    if shapes is not None:
        cells["\0shape"] = shapes
    if not cells.shape[1]:
        return
    live = ~notes.marked("excluded")
    repeated = np.zeros(notes.size, dtype=bool)
    repeated[live] = cells[live].duplicated().to_numpy()
    notes.say("duplicate_row", "excluded", repeated)
