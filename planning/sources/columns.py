"""Which source column is which canonical column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from planning import tables, units
from planning.errors import Fault, Severity
from planning.sources.ledger import Origin
from planning.sources.raw import BRACKET, Raw, bare_heading, flat

PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "lon": ("lng", "longitude", "经度", "东经"),
    "lat": ("latitude", "纬度", "北纬"),
    "wkt": ("geometry_wkt", "几何"),
}
"""What a table without geometry calls its coordinates."""

_DATE_UNITS: Final = ("年", "年月", "年月日", "年份", "日期")
_UNIT_WORDS: Final = re.compile(r"亩|公顷|万|hm2")
_COUNTED: Final = frozenset({"id", "fid", "gid", "objectid", "ogc_fid", "oid"})
"""What programs call the number they give each row."""
_LOOSE_KEYS: Final = ("roads", "barriers", "hazards", "land_use")
"""Tables whose id nothing refers to: of several id columns the first is taken."""


@dataclass(frozen=True)
class Mapped:
    """A source column known as a canonical one; ``unit`` is what its heading states, ``origin`` where it came from."""

    column: tables.Column
    source: str
    cells: pd.Series[Any]
    origin: Origin
    unit: str = ""


@dataclass(frozen=True)
class ColumnMap:
    """The columns of a table: canonical ones, coordinates, and the names of the rest."""

    known: Mapping[str, Mapped]
    rest: tuple[str, ...]
    faults: tuple[Fault, ...]

    def headings(self) -> dict[str, tuple[str, Origin]]:
        """Return by canonical name what the file calls the column, and the file it came from."""
        return {name: (mapped.source, mapped.origin) for name, mapped in self.known.items()}


def known_headings(table: tables.Table, fields: Mapping[str, str]) -> frozenset[str]:
    """Return every heading one would recognise in ``table``, normalised."""
    words = [word for column in _columns(table).values() for word in _words(column)]
    return frozenset(bare_heading(word) for word in (*words, *fields.values()))


def map_columns(table: tables.Table, raw: Raw, fields: Mapping[str, str], origin: Origin) -> ColumnMap:
    """Find the canonical columns.

    Parameters
    ----------
    table : Table
    raw : Raw
    fields : mapping
        The plan's, canonical to source; they come first. Then canonical names, then the labels and aliases of the
        contract, compared after NFKC without blanks, with a unit in brackets taken off and kept.
    origin : Origin

    Returns
    -------
    ColumnMap
        Faults: ``fields_unknown_key``, ``fields_no_column``, ``columns_ambiguous`` (two source columns for one
        canonical, or one for two), ``columns_id_preferred`` (warning: of a named id column and a program's row
        number the named one is taken), ``column_missing`` (required), ``header_unit`` (a heading that seems to state a
        unit that cannot be read).
    """
    columns = _columns(table) if raw.geometry is None and table.geometry else dict(table.columns)
    stated, faults = _stated(columns, raw, fields, origin)
    found, more = _recognised(table, columns, raw, stated, origin)
    known = {name: _mapped(columns[name], at, raw, origin) for name, at in {**found, **stated}.items()}
    faults += more
    faults += [
        _fault("header_unit", origin, mapped.source, column=mapped.source)
        for mapped in known.values()
        if mapped.unit == "?"
    ]
    known = {name: replace(mapped, unit="") if mapped.unit == "?" else mapped for name, mapped in known.items()}
    faults += _missing(columns, known, raw, origin, faults)
    taken = {*found.values(), *stated.values()}
    rest = tuple(str(name) for at, name in enumerate(raw.frame.columns) if at not in taken)
    return ColumnMap(known, rest, tuple(faults))


def _columns(table: tables.Table) -> dict[str, tables.Column]:
    """Return the columns of a table, coordinates included."""
    places = {
        name: tables.Column(name=name, kind="text", zh=aliases[-1], en=name, aliases=aliases)
        for name, aliases in PLACES.items()
    }
    return {**table.columns, **(places if table.geometry else {})}


def _words(column: tables.Column) -> tuple[str, ...]:
    return (column.name, column.zh, column.en, *column.aliases)


def _stated(
    columns: Mapping[str, tables.Column], raw: Raw, fields: Mapping[str, str], origin: Origin
) -> tuple[dict[str, int], list[Fault]]:
    """Look up the columns the plan names."""
    found: dict[str, int] = {}
    faults = []
    exact = {header: at for at, header in reversed(list(enumerate(raw.headers)))}
    loose = {flat(header): at for at, header in reversed(list(enumerate(raw.headers)))}
    for name, source in fields.items():
        if name not in columns:
            faults.append(_fault("fields_unknown_key", origin, name, column=name, known=_listed(columns)))
        elif source not in exact and flat(source) not in loose:
            faults.append(_fault("fields_no_column", origin, source, column=name, present=_listed(raw.headers)))
        else:
            found[name] = exact.get(source, loose.get(flat(source), 0))
    return found, faults


def _recognised(
    table: tables.Table, columns: Mapping[str, tables.Column], raw: Raw, stated: Mapping[str, int], origin: Origin
) -> tuple[dict[str, int], list[Fault]]:
    """Recognise the rest by canonical names first, then by labels and aliases."""
    found: dict[str, int] = {}
    faults: list[Fault] = []
    for tier in (lambda column: (column.name,), _words):
        claims = _claims(columns, raw, tier, without={*stated, *found}, taken={*stated.values(), *found.values()})
        if table.key in claims:
            claims[table.key], more = _named_before_counted(claims[table.key], raw, origin)
            faults += more
        for name, hits in claims.items():
            headers = [raw.headers[at] for at in hits]
            if len(hits) > 1 and not (table.name in _LOOSE_KEYS and name == table.key):
                faults.append(_fault("columns_ambiguous", origin, "、".join(headers), column=name))
            found[name] = hits[0]
        faults += _claimed_twice(claims, raw, origin)
    return found, faults


def _named_before_counted(hits: list[int], raw: Raw, origin: Origin) -> tuple[list[int], list[Fault]]:
    """Return the columns an id may be in without the number a program gave each row, where someone named one too."""
    named = [at for at in hits if flat(raw.headers[at]) not in _COUNTED]
    if not named or len(named) == len(hits):
        return hits, []
    column = raw.headers[named[0]]
    passed = [raw.headers[at] for at in hits if at not in named]
    return named, [_fault("columns_id_preferred", origin, header, "warning", column=column) for header in passed]


def _claims(
    columns: Mapping[str, tables.Column], raw: Raw, tier: Any, *, without: set[str], taken: set[int]
) -> dict[str, list[int]]:
    """Return for each canonical column the source columns that one of its words names, in order of its words."""
    claims: dict[str, list[int]] = {}
    for name, column in columns.items():
        words = [flat(word) for word in tier(column)]
        hits = [
            (words.index(word), at)
            for at, header in enumerate(raw.headers)
            if at not in taken and (word := _fitting(header, column, words)) is not None
        ]
        if name not in without and hits:
            claims[name] = [at for _, at in sorted(hits)]
    return claims


def _claimed_twice(claims: Mapping[str, list[int]], raw: Raw, origin: Origin) -> list[Fault]:
    users: dict[int, list[str]] = {}
    for name, hits in claims.items():
        for at in hits:
            users.setdefault(at, []).append(name)
    return [
        _fault("columns_ambiguous", origin, raw.headers[at], column="、".join(names))
        for at, names in users.items()
        if len(names) > 1
    ]


def _fitting(header: str, column: tables.Column, words: list[str]) -> str | None:
    """Return which of ``words`` the heading is, whole or without a unit in brackets that fits the column."""
    whole = flat(header)
    if whole in words:
        return whole
    bare = BRACKET.sub("", whole)
    fits = _bracket_unit(whole, column) is not None or (column.kind == "number" and _names_a_unit(whole))
    return bare if bare in words and fits else None


def _names_a_unit(heading: str) -> bool:
    """Say whether the bracket at the end of a heading holds a unit of anything: of another measure is a mistake."""
    match = BRACKET.search(heading)
    said = "" if match is None else match.group(1)
    return said != "" and any(said in units.written_units(unit) for unit in units.UNITS)


def _bracket_unit(heading: str, column: tables.Column) -> str | None:
    """Return the unit in brackets at the end of a normalised heading, None where there is none that fits."""
    match = BRACKET.search(heading)
    if match is None:
        return None
    said = match.group(1)
    if column.kind == "number":
        return said if said in units.written_units(column.unit) else None
    return "" if column.kind == "date" and said in _DATE_UNITS else None


def _mapped(column: tables.Column, at: int, raw: Raw, origin: Origin) -> Mapped:
    """Return the column with the unit its heading states; ``?`` where it seems to state one that cannot be read."""
    header = raw.headers[at]
    whole = flat(header)
    unit = ""
    if column.kind == "number":
        unit = _bracket_unit(whole, column) or ""
        plain = {flat(word) for word in _words(column)}
        stray = _names_a_unit(whole) or (column.unit != "万元" and _UNIT_WORDS.search(whole))
        if not unit and whole not in plain and stray:
            unit = "?"
    return Mapped(column, header, raw.frame.iloc[:, at], origin, unit)


def _missing(
    columns: Mapping[str, tables.Column], known: Mapping[str, Mapped], raw: Raw, origin: Origin, faults: list[Fault]
) -> list[Fault]:
    """Name required columns that are not there, unless something was already said about them."""
    spoken = {fault.column for fault in faults}
    return [
        _fault("column_missing", origin, f"{column.zh} {name}", column=name, present=_listed(raw.headers))
        for name, column in columns.items()
        if column.required and name not in known and name not in spoken
    ]


def _listed(words: Iterable[str]) -> str:
    return "、".join(words) or "-"


def _fault(
    code: str, origin: Origin, value: str, severity: Severity = "error", *, column: str = "", **facts: Any
) -> Fault:
    return Fault(code, severity, origin.file, origin.layer, column=column, value=value, facts=facts)
