"""Room `planning.indicators`: figures entered by hand, read in the unit of their clause; every fault at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from planning import tables, texts
from planning import units as written
from planning.errors import Fault
from planning.indicators._units import PLAN
from planning.standards import Clause, Standard

# units of clauses that may be written behind the number (5900户, 98%); elsewhere a plain number is asked
_WRITTEN: Final[Mapping[str, str]] = {
    "share": "share",
    "m2": "m2",
    "households": "户",
    "persons": "人",
    "beds": "张",
}
# units that are one count by another, and how many of the second each figure is for
_QUOTIENTS: Final[Mapping[str, int]] = {"share": 1, "ratio": 1, "per_1000_elderly": 1000}
_PER: Final = "[/／:：∶]"
_PAIR: Final = 2


@dataclass(frozen=True)
class Entry:
    """One figure entered by hand, with where and when it is from."""

    value: Fraction
    source: str
    date: str


def read(
    entered: pd.DataFrame | None, standard: Standard, units: pd.DataFrame | None, *, file: str = ""
) -> tuple[Mapping[tuple[str, str], Entry], tuple[Fault, ...]]:
    """Return the entries by clause and subject, and what is wrong with the table.

    A row without a value is not an entry. An empty subject is taken for the clause's only one.
    """
    entries: dict[tuple[str, str], Entry] = {}
    faults: list[Fault] = []
    clauses = {clause.id: clause for clause in standard.clauses}
    rows = [] if entered is None else entered.to_dict("records")
    for place, row in enumerate(rows, start=2):
        place = int(row["source_row"]) if pd.notna(row.get("source_row")) else place  # noqa: PLW2901  as the file counts
        found = _read_row(row, clauses, units)
        if isinstance(found, Fault):
            faults.append(replace(found, file=file, row=place))
            continue
        key, entry = found
        if key in entries:
            of_whom = {f"of_{one}": _of_whom(key[1], one) for one in texts.LANGUAGES}
            twice = _fault("indicator_twice", "indicator_id", key[0], subject=key[1], **of_whom)
            faults.append(replace(twice, file=file, row=place))
        entries[key] = entry
    return entries, tuple(faults)


def subjects(clause: Clause, units: pd.DataFrame | None) -> tuple[str, ...]:
    """Return what a figure may be entered for: the clause's parts, its units, or the plan."""
    if clause.parts:
        return tuple(part.id for part in clause.parts)
    if clause.owed_by != "unit" or units is None:
        return (PLAN,)
    return tuple(sorted(units.loc[units["type"].isin(list(clause.unit_types)), "unit_id"])) or (PLAN,)


def _prefix(name: str) -> str:
    """Return what the clauses of one document begin with: LC of LC-16."""
    return name.rpartition("-")[0]


def _read_row(
    row: Mapping[Any, Any], clauses: Mapping[str, Clause], units: pd.DataFrame | None
) -> tuple[tuple[str, str], Entry] | Fault:
    """Return one entry with its key, or the first thing wrong with the row."""
    name = str(row["indicator_id"])
    clause = clauses.get(name)
    if clause is None and _prefix(name) not in {_prefix(one) for one in clauses}:
        return _fault("indicator_elsewhere", "indicator_id", name, prefix="、".join(sorted({*map(_prefix, clauses)})))
    if clause is None:
        near = difflib.get_close_matches(name, list(clauses), n=1, cutoff=0.0)
        known = "、".join(word for word, one in clauses.items() if one.owed_by != "residential")
        return _fault("indicator_unknown", "indicator_id", name, nearest=near[0], known=known)
    if clause.owed_by == "residential":
        return _fault("indicator_residential", "indicator_id", name, article=clause.article)
    subject = _subject(row["subject"], subjects(clause, units))
    if subject is None:
        known = "、".join(subjects(clause, units))
        return _fault("indicator_subject", "subject", _text(row["subject"]), clause=name, known=known)
    entry = _entry(row, clause)
    return entry if isinstance(entry, Fault) else ((name, subject), entry)


def _entry(row: Mapping[Any, Any], clause: Clause) -> Entry | Fault:
    """Return the figure of a row, with source and date, or what is wrong with it."""
    if written.is_missing(row["value"]):
        return replace(_fault("indicator_empty", "value", "", clause=clause.id), severity="warning")
    value = _value(row["value"], clause)
    if value is None:
        return _fault("indicator_value", "value", _text(row["value"]), clause=clause.id, **_unit(clause))
    for column in ("source", "date"):
        if pd.isna(row[column]):
            said = tables.contract("indicators").columns[column]
            return _fault("indicator_without_source", column, "", clause=clause.id, what_zh=said.zh, what_en=said.en)
    return Entry(value, _text(row["source"]), _text(row["date"]))


def _unit(clause: Clause) -> dict[str, str]:
    return {f"unit_{one}": texts.t(f"standard.unit.{clause.unit}", one) for one in texts.LANGUAGES}


def _of_whom(subject: str, language: texts.Language) -> str:
    return texts.t("sensitivity.kind.plan", language) if subject == PLAN else subject


def _subject(cell: object, known: tuple[str, ...]) -> str | None:
    """Return whom a figure is for; an empty cell means the only one there is."""
    text = _text(cell)
    if not text:
        return known[0] if len(known) == 1 else None
    return text if text in known else None


def _value(cell: object, clause: Clause) -> Fraction | None:
    """Return the figure in the unit of its clause, or None where it cannot be one.

    Where the figure is one count by another, the two may be given as they are: ``24/30``, ``1:4``, ``36/30000``.
    """
    counts = re.split(_PER, _text(cell)) if clause.unit in _QUOTIENTS else []
    value = _quotient(counts, _QUOTIENTS[clause.unit]) if len(counts) == _PAIR else _plain(cell, clause.unit)
    if value is None:
        return None
    too_much = clause.unit == "share" and value > 1
    half_done = clause.unit == "act" and value not in (0, 1)
    return None if too_much or half_done else value


def _plain(cell: object, unit: str) -> Fraction | None:
    found, codes = written.parse_numbers(pd.Series([cell], dtype=object), _WRITTEN.get(unit, ""))
    return None if codes[0] else written.exact(found[0])


def _quotient(counts: Sequence[str], times: int) -> Fraction | None:
    """Return the first count by the second, ``times`` over; None where one is no number or nothing is divided by."""
    above, below = (_plain(count, "") for count in counts)
    return None if above is None or not below else above / below * times


def _text(cell: object) -> str:
    return "" if pd.isna(cell) else str(cell)  # type: ignore[call-overload]


def _fault(code: str, column: str, value: str, **facts: str) -> Fault:
    return Fault(code, column=column, value=value, facts=facts)
