"""Room `planning.report`: how figures stand on paper. The cell keeps the exact value; only its number format rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import pandas as pd

from planning import texts
from planning.report._sheet import Heading, Kind, Sheet
from planning.texts import Language

_MOST_DECIMALS: Final = 4
_FIXED: Final[dict[str, str]] = {"whole": "#,##0", "m": "#,##0", "share": "0.0%", "text": "@"}


def is_missing(value: Any) -> bool:
    """Say whether a cell is empty."""
    return value is None or value is pd.NA or bool(value != value)  # noqa: PLR0124  NaN and NaT alone differ from themselves


def formats(sheet: Sheet, column: Heading, language: Language) -> tuple[list[str], str]:
    """Return the number format of each row of a column, and that of its total.

    Square metres of one sheet share their decimals, one, or two where one would not say the value; other numbers
    have as many as they need.
    """
    cells = sheet.rows[column.name]
    kinds = sheet.kinds.get(column.name, [column.kind] * len(cells))
    total = sheet.totals.get(column.name, sheet.total_shares.get(column.name))
    squares = _numeric(_square_decimals(sheet))
    pairs = zip([*cells, total], [*kinds, column.kind], strict=True)
    found = [squares if kind == "m2" else _format(value, kind, language) for value, kind in pairs]
    return found[:-1], found[-1]


def _square_decimals(sheet: Sheet) -> int:
    """Return how many decimals the square metres of a sheet have."""
    found: list[Any] = []
    for column in sheet.columns:
        cells = sheet.rows[column.name]
        kinds = sheet.kinds.get(column.name, [column.kind] * len(cells))
        found += [value for value, kind in zip(cells, kinds, strict=True) if kind == "m2"]
        found += [sheet.totals.get(column.name)] if column.kind == "m2" else []
    return max(1, min(2, _decimals(found)))


def _format(value: Any, kind: Kind, language: Language) -> str:
    if kind == "act":
        yes, no = (texts.t(f"report.{word}", language) for word in ("yes", "no"))
        return f'[=1]"{yes}";[=0]"{no}";General'
    return _FIXED[kind] if kind in _FIXED else _numeric(_decimals([value]))


def _numeric(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _decimals(values: Iterable[Any]) -> int:
    """Return how many decimals say all of ``values``, at most `_MOST_DECIMALS`."""
    numbers = [float(value) for value in values if not is_missing(value) and not isinstance(value, str)]
    fits = (
        places
        for places in range(_MOST_DECIMALS)
        if all(math.isclose(number, round(number, places), rel_tol=1e-12, abs_tol=1e-9) for number in numbers)
    )
    return next(fits, _MOST_DECIMALS)


def ends_of_groups(sheet: Sheet) -> frozenset[int]:
    """Return the rows that sum up a block: the last of each."""
    if not sheet.groups:
        return frozenset()
    name = sheet.rows[sheet.groups].reset_index(drop=True)
    return frozenset(name.index[name != name.shift(-1)])


def foots(sheet: Sheet, language: Language, columns: Sequence[Heading] = ()) -> bool:
    """Say whether the rows of every additive column add up to its total, and to that of each block, as they are shown.

    Where they do not, the sheet says that figures are rounded one by one. ``columns`` are those shown, all by default.
    """
    for column in columns or sheet.columns:
        if column.kind not in ("m2", "plain", "whole"):
            continue
        form, total_form = formats(sheet, column, language)
        shown = [_shown(*pair) for pair in zip(sheet.rows[column.name], form, strict=True)]
        if column.name in sheet.totals and sum(shown) != _shown(sheet.totals[column.name], total_form):
            return False
        adds = column.kind == "m2" or column.name in sheet.additive
        if adds and sheet.groups and not all(_blocks(sheet, shown)):
            return False
    return True


def _blocks(sheet: Sheet, shown: Sequence[Decimal]) -> Iterable[bool]:
    """Yield, for each block of rows, whether all but the last add up to the last; a total without parts is no sum."""
    blocks: dict[Any, list[Decimal]] = {}
    for name, value in zip(sheet.rows[sheet.groups], shown, strict=True):
        blocks.setdefault(name, []).append(value)
    yield from (sum(block[:-1]) == block[-1] for block in blocks.values() if len(block) > 1)


def printed(value: Any, form: str) -> str:
    """Return a cell as a spreadsheet shows it in its number format: rounded half up, thousands apart.

    Parameters
    ----------
    value
        Text stands as it is; a missing value is empty.
    form
        Of `formats`.
    """
    if is_missing(value):
        return ""
    if isinstance(value, str):
        return value
    if form.startswith("["):
        words = {part[2:3]: part[5:-1] for part in form.split(";") if part.startswith("[=")}
        return words.get(f"{float(value):g}", f"{float(value):,.10g}")
    if form.endswith("%"):
        return f"{(Decimal(repr(float(value))) * 100).quantize(Decimal('0.1'), ROUND_HALF_UP):,}%"
    if form.startswith("#"):
        return f"{_shown(value, form):,}"
    return f"{float(value):,.10g}"


def square_metres(value: Any) -> str:
    """Return square metres for a sentence, with the decimals a sheet gives them; a dash where there are none."""
    return "—" if is_missing(value) else printed(value, _numeric(max(1, min(2, _decimals([value])))))


def share(value: Any) -> str:
    """Return a share for a sentence, as per cent; a dash where there is none."""
    return "—" if is_missing(value) else printed(value, _FIXED["share"])


def count(value: Any) -> str:
    """Return people, households or areas for a sentence, with the decimals they need; a dash where unknown."""
    return "—" if is_missing(value) else printed(value, _numeric(_decimals([value])))


def _shown(value: Any, form: str) -> Decimal:
    """Return a number as its format shows it; an empty cell adds nothing."""
    if is_missing(value) or isinstance(value, str):
        return Decimal(0)
    places = len(form.partition(".")[2]) if form.startswith("#") else _MOST_DECIMALS
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
