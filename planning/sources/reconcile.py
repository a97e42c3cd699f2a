"""Households once more: every cell of the file added up by another way than the one the run takes, to the last digit.

The cells are those of the file; how they are read as numbers, and how they are summed, shares nothing with
`planning.units` and the canonical tables. The two ways meet in `Households.balanced`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from planning import tables
from planning.errors import InputRefused
from planning.plan import InputSpec, Plan
from planning.sources import apart
from planning.sources import columns as cols
from planning.sources.ledger import Origin
from planning.sources.raw import Raw, flat

_NUMBER: Final = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(百|千|万)?(?:户|套|戶|households|units)?")
_TIMES: Final[Mapping[str, int]] = {"百": 100, "千": 1000, "万": 10000}
_EMPTY: Final = frozenset(
    {"", "nan", "none", "<na>", "-", "--", "—", "——", "/", "无", "暂无", "不详", "缺", "null", "n/a"}
)


@dataclass(frozen=True)
class Households:
    """What became of every household in the file; sums are exact.

    Attributes
    ----------
    file, column
        Where the figures stand.
    rows
        Rows of the file.
    total, used, flagged, excluded
        Sums over all readable cells (a total row's too), and over the rows with each outcome.
    empty
        Rows without a figure.
    unreadable
        ``(row, cell)`` of cells that are no number.
    counted
        The sum in the tables that the run computes with; None where there are none.
    stated
        What the one total row of the file says; None where there is none, or more than one.
    """

    file: str
    column: str
    rows: int
    total: Decimal
    used: Decimal
    flagged: Decimal
    excluded: Decimal
    empty: int
    unreadable: tuple[tuple[int, str], ...]
    counted: Decimal | None
    stated: Decimal | None = None

    @property
    def stated_over(self) -> Decimal | None:
        """Return by how much the file's own total row exceeds its other rows; None without one such row."""
        return None if self.stated is None else self.stated - (self.total - self.stated)

    @property
    def balanced(self) -> bool:
        """Say whether used, flagged and excluded make up the file, and the run counts what is used and flagged."""
        whole = self.used + self.flagged + self.excluded == self.total
        return whole and (self.counted is None or self.used + self.flagged == self.counted)


def households(plan: Plan, ledger: pd.DataFrame, residential: pd.DataFrame | None) -> Households | None:
    """Add up the households of the residential input, or return None where no file of it states any.

    Parameters
    ----------
    plan : Plan
    ledger : DataFrame
        Of `planning.sources.Intake` or of a run; says what became of each row.
    residential : DataFrame or None
        The canonical table, None where there is none to be trusted.
    """
    spec = plan.inputs.get("residential")
    if spec is None:
        return None
    try:
        with apart.Opening([spec]) as opening:
            raws = [one.raw for one in opening.of(spec)]
    except InputRefused:
        return None
    counted = None if residential is None else exact_sum(residential["households"].dropna())
    return of_files(spec, raws, ledger, counted)


def account(
    cells: Sequence[Any], rows: Sequence[int], outcomes: Mapping[int, str], *, times: int = 1
) -> dict[str, Any]:
    """Add up ``cells`` by the outcome of their rows.

    Parameters
    ----------
    cells : sequence
        As the file gives them.
    rows : sequence of int
        The number of each row.
    outcomes : mapping of int to str
        ``used``, ``flagged`` or ``excluded`` by row; a row that is not there was excluded.
    times : int
        What the heading multiplies by: 10 000 for 万户.

    Returns
    -------
    dict
        The fields of `Households` from ``rows`` to ``unreadable``.
    """
    sums = dict.fromkeys(("total", "used", "flagged", "excluded"), Decimal(0))
    empty, unreadable = 0, []
    for cell, row in zip(cells, rows, strict=True):
        text = _plain(cell)
        value = read(text)
        if text in _EMPTY:
            empty += 1
        elif value is None:
            unreadable.append((int(row), str(cell)[:200]))
        else:
            sums["total"] += value * times
            sums[outcomes.get(int(row), "excluded")] += value * times
    return {"rows": len(rows), **sums, "empty": empty, "unreadable": tuple(unreadable)}


def _plain(cell: object) -> str:
    return unicodedata.normalize("NFKC", str(cell)).replace(" ", "").lower()


def read(text: str) -> Decimal | None:
    """Return the number a normalised text without blanks stands for; None where it is none."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits, more = match.groups()
    return Decimal(digits.replace(",", "")) * _TIMES.get(more or "", 1)


def exact_sum(values: Sequence[float] | pd.Series[float]) -> Decimal:
    """Return the sum of numbers as they are written, without binary rounding."""
    return sum((Decimal(str(value)) for value in values), Decimal(0))


def of_files(spec: InputSpec, raws: Sequence[Raw], ledger: pd.DataFrame, counted: Decimal | None) -> Households | None:
    """Add up the files of the input once they are open; the attribute table comes before the layer, as in the run."""
    layer, *attributes = raws
    own = _outcomes(ledger, "residential")
    for raw in attributes:
        found = _column(spec, raw)
        if found is not None and spec.table_file is not None:
            outcomes = _through_join(layer, raw, spec.join or "", own, _outcomes(ledger, "residential.table"))
            sums = account(found[1], raw.rows.tolist(), outcomes, times=found[2])
            stated = _stated(found, raw, ledger, "residential.table")
            return Households(spec.table_file.name, found[0], **sums, counted=counted, stated=stated)
    found = _column(spec, layer)
    if found is None:
        return None
    sums = account(found[1], layer.rows.tolist(), own, times=found[2])
    stated = _stated(found, layer, ledger, "residential")
    return Households(spec.file.name, found[0], **sums, counted=counted, stated=stated)


def _stated(found: tuple[str, list[Any], int], raw: Raw, ledger: pd.DataFrame, table: str) -> Decimal | None:
    """Return what the file's one total row says."""
    reasons = ledger["reasons"].fillna("").astype("str").str.split(";").map(lambda codes: "total_row" in codes)
    totals = {int(row) for row in ledger.loc[reasons & (ledger["table"] == table), "row"]}
    cells = [cell for cell, row in zip(found[1], raw.rows.tolist(), strict=True) if int(row) in totals]
    values = [value for cell in cells if (value := read(_plain(cell))) is not None]
    return values[0] * found[2] if len(values) == 1 else None


def _column(spec: InputSpec, raw: Raw) -> tuple[str, list[Any], int] | None:
    """Return the heading of the households, their cells, and what the heading multiplies by."""
    known = cols.map_columns(tables.contract("residential"), raw, _fields(spec, raw), Origin("", "", raw.rows)).known
    if "households" not in known:
        return None
    mapped = known["households"]
    times = next((factor for word, factor in _TIMES.items() if word in (mapped.unit or "")), 1)
    return mapped.source, mapped.cells.astype(object).tolist(), times


def _fields(spec: InputSpec, raw: Raw) -> dict[str, str]:
    """Return the plan's fields that this file has."""
    headings = {flat(header) for header in raw.headers}
    return {name: source for name, source in spec.fields.items() if flat(source) in headings}


def _outcomes(ledger: pd.DataFrame, table: str) -> dict[int, str]:
    rows = ledger[ledger["table"] == table]
    return {int(row): str(outcome) for row, outcome in zip(rows["row"], rows["outcome"], strict=True)}


def _through_join(
    layer: Raw, attributes: Raw, join: str, own: Mapping[int, str], theirs: Mapping[int, str]
) -> dict[int, str]:
    """Return what became of each attribute row: excluded there, or what became of the area it belongs to."""
    left, right = _keys(layer, join), _keys(attributes, join)
    area = {key: own.get(int(row), "excluded") for key, row in zip(left, layer.rows, strict=True)}
    return {
        int(row): "excluded" if theirs.get(int(row)) == "excluded" else area.get(key, "excluded")
        for key, row in zip(right, attributes.rows, strict=True)
    }


def _keys(raw: Raw, join: str) -> list[str]:
    """Return the cells of the joining column as trimmed text; a whole number from a sheet without its ``.0``."""
    flats = [flat(header) for header in raw.headers]
    if flat(join) in flats:
        cells = raw.frame.iloc[:, flats.index(flat(join))]
    else:
        known = cols.map_columns(tables.contract("residential"), raw, {}, Origin("", "", raw.rows)).known
        if join not in known:
            return [""] * len(raw.rows)
        cells = known[join].cells
    return [re.sub(r"^(\d+)\.0$", r"\1", str(cell).strip()) for cell in cells.astype(object)]
