"""Room of `planning.quality`: input by input what was read, used, flagged and set aside; households; repairs; files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from planning import crs, texts
from planning.errors import Fault
from planning.quality._parts import Section, Table, Value
from planning.quality._record import Checkup
from planning.sources.reconcile import Households
from planning.tables import input_name
from planning.texts import Language

OUTCOMES: Final = ("read", "used", "flagged", "excluded")
_ROWS: Final = 8
_DIGITS: Final = 12
_UNREADABLE: Final = 20
_REPAIRS: Final = ("geometry_repaired", "geometry_invalid")
_AREAS: Final = re.compile(r"([\d.]+(?:e[+-]?\d+)?) m² → ([\d.]+(?:e[+-]?\d+)?) m²(?: @ (.+?))?(?:;|$)")


def overview(checkup: Checkup, language: Language) -> Section:
    """Return the sums of the ledger, one row an input and their total."""
    head = [texts.t("quality.input", language), *(texts.t(f"quality.{name}", language) for name in OUTCOMES)]
    rows: list[list[Value]] = [
        [input_name(table, language), *(int(counts[name]) for name in OUTCOMES)]
        for table, counts in checkup.counts.items()
    ]
    sums = [sum(int(counts[name]) for counts in checkup.counts.values()) for name in OUTCOMES]
    rows.append([texts.t("quality.total", language), *sums])
    table = Table(texts.t("quality.counts", language), head, rows, (0.4, 0.15, 0.15, 0.15, 0.15), (1, 2, 3, 4))
    whole = sums[0] == sum(sums[1:])
    return Section(
        texts.t("quality.inputs", language),
        (texts.t("quality.adds_up" if whole else "quality.does_not_add_up", language),),
        tables=(table,),
    )


def section(checkup: Checkup, table: str, language: Language) -> Section:
    """Return the paragraph of one input, and its rows flagged or set aside by reason."""
    counts = {name: f"{int(checkup.counts[table][name]):,}" for name in OUTCOMES}
    file = next((one.path for one in checkup.files if one.input == table), "")
    lines = [texts.t("quality.paragraph", language, file=file or "—", **counts)]
    reasons = _by_reason(checkup, table, language)
    if reasons:
        head = [texts.t(f"quality.{name}", language) for name in ("outcome", "reason", "count", "which", "what_to_do")]
        caption = texts.t("quality.reasons_of", language, table=input_name(table, language))
        tables = (Table(caption, head, reasons, (0.12, 0.3, 0.08, 0.17, 0.33), (2,)),)
        return Section(input_name(table, language), lines, tables=tables, level=2)
    return Section(input_name(table, language), [lines[0] + texts.t("quality.no_reasons", language)], level=2)


def _by_reason(checkup: Checkup, table: str, language: Language) -> list[list[Value]]:
    """Return one row an outcome and reason, set-aside rows first, then the commoner reason."""
    ledger = checkup.ledger
    marked = ledger[(ledger["table"] == table) & ledger["outcome"].isin(["flagged", "excluded"])]
    if marked.empty:
        return []
    each = marked.assign(reason=marked["reasons"].fillna("").astype("str").str.split(";")).explode("reason")
    found = [
        (str(outcome), str(reason), sorted(int(row) for row in rows["row"].dropna()))
        for (outcome, reason), rows in each.groupby(["outcome", "reason"], sort=True)
    ]
    found.sort(key=lambda one: (one[0], -len(one[2]), one[1]))
    return [
        [
            texts.t(f"quality.{outcome}", language),
            reason_said(checkup, table, reason, language),
            len(rows),
            texts.t("quality.comma", language).join(map(str, rows[:_ROWS])) + (" …" if len(rows) > _ROWS else ""),
            _remedy_said(checkup, table, reason, language),
        ]
        for outcome, reason, rows in found
    ]


def reason_said(checkup: Checkup, table: str, code: str, language: Language) -> str:
    """Return a reason of the ledger in words that hold for every row it stands at."""
    if texts.has(f"quality.code.{code}"):
        return texts.t(f"quality.code.{code}", language)
    example = _example(checkup, table, code)
    return code if example is None else texts.t("quality.such_as", language, message=example.message(language))


def _remedy_said(checkup: Checkup, table: str, code: str, language: Language) -> str:
    example = _example(checkup, table, code)
    if example is not None:
        return example.remedy(language)
    return texts.t(f"reason.{code}", language) if texts.has(f"reason.{code}") else ""


def _example(checkup: Checkup, table: str, code: str) -> Fault | None:
    ledger = checkup.ledger
    files = set(ledger.loc[ledger["table"] == table, "file"])
    alike = [fault for fault in checkup.faults if fault.code == code]
    return next((fault for fault in alike if fault.file in files), alike[0] if alike else None)


# ---------------------------------------------------------------------------------------------------------- households


def households(found: Households, language: Language) -> Section:
    """Return the sum of the file against what the run counts, to the last digit."""
    sums = {name: getattr(found, name) for name in ("total", "used", "flagged", "excluded")}
    sums["sum"] = found.used + found.flagged + found.excluded
    sums["counted"] = found.counted
    rows: list[list[Value]] = [
        [texts.t(f"quality.households_{name}", language), None if value is None else plain(value)]
        for name, value in sums.items()
    ]
    for name, count in (("empty", found.empty), ("unreadable", len(found.unreadable))):
        rows.append([texts.t(f"quality.households_{name}", language), count])
    caption = texts.t("quality.households_of", language, file=found.file, column=found.column)
    lines = [texts.t(f"quality.households_{_balance(found)}", language)]
    if found.stated is not None and found.stated_over:
        facts = {"stated": found.stated, "rest": found.total - found.stated, "over": found.stated_over}
        lines.append(
            texts.t("quality.total_row_off", language, **{name: plain(value) for name, value in facts.items()})
        )
    if found.unreadable:
        cells = texts.t("quality.comma", language).join(
            f"#{row} {cell}" for row, cell in found.unreadable[:_UNREADABLE]
        )
        lines.append(texts.t("quality.unreadable_cells", language, cells=cells))
    head = (texts.t("quality.item", language), texts.t("quality.sum", language))
    table = Table(caption, head, rows, (0.7, 0.3), (1,))
    return Section(texts.t("quality.households", language), lines, tables=(table,))


def _balance(found: Households) -> str:
    if not found.balanced:
        return "unbalanced"
    return "whole" if found.counted is None else "balanced"


def plain(value: Decimal) -> str:
    """Return an exact sum with thousands apart and without zeros that say nothing."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# ----------------------------------------------------------------------------------------------------- repairs, files


def repairs(checkup: Checkup, language: Language) -> Table:
    """Return the shapes that were repaired, or not trusted to be: area before and after, and where they go wrong."""
    head = [texts.t(f"quality.{name}", language) for name in
            ("input", "row", "id", "outcome", "before_m2", "after_m2", "change", "place")]  # fmt: skip
    ledger = checkup.ledger
    about = ledger["reasons"].fillna("").astype("str").str.split(";").map(lambda codes: bool({*codes} & {*_REPAIRS}))
    rows = [_repair(row, language) for row in ledger[about].to_dict("records")]
    caption = texts.t("quality.repairs_of", language)
    return Table(caption, head, rows, (0.13, 0.07, 0.12, 0.11, 0.14, 0.14, 0.11, 0.18), (1, 4, 5, 6))


def _repair(row: Mapping[Any, Any], language: Language) -> list[Value]:
    first: list[Value] = [
        input_name(str(row["table"]), language),
        _whole(row["row"]),
        "" if pd.isna(row["id"]) else str(row["id"]),
        texts.t(f"quality.{row['outcome']}", language),
    ]
    match = _AREAS.search(str(row["value"]))
    if match is None:
        return [*first, None, None, None, ""]
    before, after = Decimal(match[1]), Decimal(match[2])
    change = "—" if not before else f"{(after - before) / before * 100:+.3f}%"
    return [*first, plain(before), plain(after), change, match[3] or ""]


def files(checkup: Checkup, language: Language, *, short: bool = False) -> Table:
    """Return what was read: hash, layer, encoding, coordinates, rows."""
    names = ("input", "file", "layer", "encoding", "crs_text", "rows_read", "sha256")
    head = [texts.t(f"quality.{name}", language) for name in names]
    rows: list[list[Value]] = [
        [
            input_name(one.input, language),
            one.path,
            one.layer,
            one.encoding,
            crs.told(one.crs_text, language),
            one.rows if one.rows or one.layer or one.encoding else None,
            one.sha256[:_DIGITS] if short else one.sha256,
        ]
        for one in checkup.files
    ]
    caption = texts.t("quality.files_of" if short else "quality.files_whole", language)
    return Table(caption, head, rows, (0.14, 0.15, 0.1, 0.11, 0.28, 0.08, 0.14), (5,))


def _whole(value: Any) -> Value:
    return None if pd.isna(value) else int(value)
