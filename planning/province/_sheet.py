"""Room `planning.province`: the provincial sheet: county by county, clause by clause, down to each residential area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning import texts, workbook
from planning.errors import Fault
from planning.province._merge import County
from planning.tables import LEVELS
from planning.texts import Language

_PEOPLE: Final = ("residential", "households", "elderly")
_SHARE, _WHOLE, _AREA, _METRES = "0.0%", "#,##0", "#,##0.00", "#,##0.0"
_COMPLIANCE: Final = ("meets", "fails", "not_assessable", "not_applicable", "meets_share", "shortfall_m2")
_FORMATS: Final = {"share": _SHARE, "m2": _AREA, "m": _METRES}


@dataclass(frozen=True)
class Found:
    """What the province's sheets are made from; ``outlines`` are the missing counties, as far as they can be drawn."""

    name: str
    stamp: Sequence[str]
    counties: Sequence[County]
    names: Mapping[str, str]
    missing: Mapping[str, Sequence[Fault]]
    warnings: Sequence[Fault]
    summary: Mapping[str, Any]
    layers: Mapping[str, pd.DataFrame]
    scorecard: pd.DataFrame
    clause_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outlines: gpd.GeoDataFrame | None = None


def county_rows(found: Found) -> pd.DataFrame:
    """Return one row a county in order of code, missing ones without figures, and the province last.

    For every share clause that the province owes (such as the coverage of centres in 乡镇（街道）) its figure and
    verdict in the county stand beside; of coverage areas, households and elderly by level.
    """
    done = {one.code: one for one in found.counties}
    shares = _share_clauses(found.summary)
    rows = []
    for code in sorted({*done, *found.missing}):
        one = done.get(code)
        state = "missing" if one is None else ("partial" if one.without else "done")
        head = {"county_id": code, "name": found.names.get(code, ""), "state": state}
        rows.append(head | ({} if one is None else _figures(one.summary, shares)))
    total = {"county_id": "", "name": "", "state": "total"} | _figures(found.summary, shares)
    return pd.DataFrame([*rows, total])


def write(found: Found, language: Language) -> bytes:
    """Return the workbook, equal bytes for equal results."""
    printer = _Printer(workbook.Book(found.name, language), found.stamp)
    printer.sheet("counties", _marked(_said(county_rows(found), language), found, language))
    printer.sheet("clauses", _with_words(found, language))
    printer.sheet("missing", missing_rows(found, language))
    printer.sheet("units", _units(found, language))
    printer.sheet("areas", _areas(found, language))
    return printer.book.packed()


def missing_rows(found: Found, language: Language) -> pd.DataFrame:
    """Return one row for everything that keeps a county out, or its figures from being whole."""
    rows = [
        {"county_id": code, "name": found.names.get(code, ""), "place": fault.where(),
         "message": fault.message(language), "remedy": fault.remedy(language)}
        for code in sorted(found.missing)
        for fault in found.missing[code]
    ]  # fmt: skip
    rows += [
        {"county_id": one.code, "name": one.name, "place": "",
         "message": texts.t("province.without", language, codes=", ".join(one.without)), "remedy": ""}
        for one in found.counties
        if one.without
    ]  # fmt: skip
    rows += [
        {"county_id": "", "name": "", "place": fault.where(), "message": fault.message(language),
         "remedy": fault.remedy(language)}
        for fault in found.warnings
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["county_id", "name", "place", "message", "remedy"])


def _share_clauses(summary: Mapping[str, Any]) -> list[str]:
    """Return the clauses that ask a share of the province, and say which."""
    asked = [row for row in summary.get("indicators", ()) if row["subject"] == "plan" and row["unit"] == "share"]
    return [row["clause_id"] for row in asked if row["required"] is not None]


def _figures(summary: Mapping[str, Any], shares: Sequence[str]) -> dict[str, Any]:
    """Return the figures of a county, or of the province, as one row."""
    row: dict[str, Any] = {}
    entries = {one["clause_id"]: one for one in summary.get("indicators", ()) if one["subject"] == "plan"}
    for clause in shares:
        found = entries.get(clause, {"actual": None, "verdict": None})
        row |= {f"{clause} actual_share": found["actual"], f"{clause} verdict": found["verdict"]}
    judged = summary.get("compliance") or {}
    row |= {name: judged.get(name) for name in _COMPLIANCE}
    covers = summary.get("coverage", {})
    some: Mapping[str, Any] = next(iter(covers.values()), {})
    row |= {f"{weight}_total": some.get(f"{weight}_total") for weight in _PEOPLE}
    for level in LEVELS:
        for weight in _PEOPLE if level in covers else ():
            for ending in ("covered", "share"):
                row[f"{level} {weight}_{ending}"] = covers[level][f"{weight}_{ending}"]
    return row


def _said(rows: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Return rows with states and verdicts in words."""
    said = rows.assign(state=rows["state"].map(lambda word: texts.t(f"province.state.{word}", language)))
    for name in said.columns:
        if name.split(" ")[-1] == "verdict":
            said[name] = said[name].map(lambda word: _verdict(word, language))
    return said


def _marked(said: pd.DataFrame, found: Found, language: Language) -> pd.DataFrame:
    """Return the counties' rows with a word in every figure of a missing one, so that none reads as nought."""
    lost = said["county_id"].isin(list(found.missing))
    if not lost.any():
        return said
    figures = said.columns.difference(["county_id", "name", "state"], sort=False)
    marked = said.astype(dict.fromkeys(figures, object))
    marked.loc[lost, figures] = texts.t("province.no_data", language)
    marked.loc[marked.index[-1], "name"] = texts.t("province.total_without", language, count=len(found.missing))
    return marked


def _verdict(word: Any, language: Language) -> str:
    return texts.t(f"province.verdict.{word}", language) if isinstance(word, str) else ""


def _with_words(found: Found, language: Language) -> pd.DataFrame:
    """Return the clauses with what they ask in words."""
    table = found.scorecard
    words = table["clause_id"].map(lambda clause: found.clause_words.get(clause, {}).get(language, ""))
    out = table.assign(
        verdict=table["verdict"].map(lambda word: _verdict(word, language)),
        unit=table["unit"].map(lambda word: texts.t(f"standard.unit.{word}", language)),
        required=_shown(table, "required"),
        actual=_shown(table, "actual"),
    )
    out.insert(1, "text", words)
    return out.drop(columns="reason")


def _shown(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return figures of clauses: shares as per cent, others as they are."""
    cells = zip(table[name], table["unit"], strict=True)
    shown = [None if pd.isna(cell) else (f"{cell:.1%}" if unit == "share" else float(cell)) for cell, unit in cells]
    return pd.Series(shown, index=table.index, dtype=object)


def _units(found: Found, language: Language) -> pd.DataFrame:
    """Return streets and towns with what is covered in each."""
    units = pd.DataFrame(found.layers["units"].drop(columns="geometry", errors="ignore"))
    units = units[units["type"].isin(["street", "town"])]
    counted = [name for name in units.columns if name.endswith(" facilities")]
    covered = [name for name in units.columns if name.startswith("street_")]
    wanted = ["county_id", "unit_id", "name", "type", *counted, *covered]
    named = units[[name for name in wanted if name in units]]
    return named.assign(type=named["type"].map(lambda word: texts.t(f"province.unit.{word}", language)))


def _areas(found: Found, language: Language) -> pd.DataFrame:
    """Return every residential area with what was found of it and the row of its file: the end of the trail."""
    areas = pd.DataFrame(found.layers["residential"].drop(columns="geometry"))
    by_level = [f"{level}_{name}" for level in LEVELS for name in ("facility_id", "distance_m", "status")]
    wanted = ["county_id", "residential_id", "name", "source_row", "households", "elderly", *by_level,
              "required_m2", "provided_m2", "shortfall_m2", "verdict"]  # fmt: skip
    table = areas[[name for name in wanted if name in areas]].copy()
    for name in table.columns:
        if name.endswith("_status"):
            table[name] = table[name].map(lambda word: texts.t(f"province.status.{word}", language))
    if "verdict" in table:
        table["verdict"] = table["verdict"].map(lambda word: _verdict(word, language))
    return table


class _Printer:
    """Writes tables as sheets: title, stamp, headings, rows."""

    def __init__(self, book: workbook.Book, stamp: Sequence[str]) -> None:
        self.book, self._language, self._stamp = book, book.language, stamp

    def sheet(self, name: str, rows: pd.DataFrame) -> None:
        """Write one sheet."""
        page = self.book.page(texts.t(f"province.sheet.{name}", self._language))
        title = texts.t(f"province.title.{name}", self._language)
        workbook.put(page, 0, 0, title, self.book.style(bold=True, font_size=14))
        for at, line in enumerate(self._stamp, start=1):
            workbook.put(page, at, 0, line, self.book.style(font_color="#555555"))
        top, head = len(self._stamp) + 2, self.book.style(bold=True, text_wrap=True, bottom=1)
        for at, column in enumerate(rows.columns):
            workbook.put(page, top, at, self._heading(str(column)), head)
            self._column(page, top + 1, at, rows[column])
        page.set_row(top, 45)
        page.freeze_panes(top + 1, min(3, len(rows.columns)))
        workbook.lay(page, top=top)

    def _column(self, page: Any, top: int, at: int, cells: pd.Series[Any]) -> None:
        name = str(cells.name).split(" ")[-1]
        form = next((_FORMATS[end] for end in _FORMATS if name.endswith(f"_{end}")), _WHOLE)
        shown = self.book.style(num_format=_AREA if name in ("actual", "required") else form)
        page.set_column(at, at, 14 if name not in ("text", "message", "remedy", "name") else 28)
        for row, cell in enumerate(cells.astype(object), start=top):
            workbook.put(page, row, at, cell, self.book.style(), shown)

    def _heading(self, column: str) -> str:
        """Return what a person reads above a column; of ``street households_share`` both halves."""
        group, _, name = column.rpartition(" ")
        level, _, rest = column.partition("_")
        if not texts.has(f"province.head.{column}") and level in LEVELS and rest:
            group, name = level, rest
        known = texts.has(f"province.head.{name}")
        said = texts.t(f"province.head.{name}", self._language) if known else name
        if group in LEVELS:
            return f"{texts.t(f'level.{group}', self._language)} {said}"
        return f"{group} {said}".strip()
