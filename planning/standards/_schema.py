"""Room `planning.standards`: what a standard's TOML file may hold; every fault of a file at once."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from planning import tables
from planning.errors import Fault

UNSTATED: Final = "unstated"
UNIT_TYPES: Final = ("county", "street", "town", "community", "village")
KINDS: Final = ("centre", "station", "day_care", "institution")
COMPARATORS: Final = (">=", ">", "<=", "<", "=")
RATE_BASES: Final = ("100_households", "1000_residents", "1000_elderly")
UNITS: Final = (
    "share",
    "m2",
    "m2_per_person",
    "m",
    "count",
    "act",
    "ratio",
    "star",
    "per_1000_elderly",
    "households",
    "persons",
    "person_times",
    "beds",
    "times_per_week",
    "times_per_year",
    "days_per_year",
    "years",
    "cny_per_bed",
    "10k_cny_per_bed",
)
# metric: who may owe it, and in which units it is measured; none means any.
METRICS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "area_rate": (("residential",), ("m2",)),
    "unit_minimum": (("residential",), ("m2",)),
    "pooling": (("plan",), ("count",)),
    "compliance_share": (("plan",), ("share",)),
    "existing_gap": (("plan",), ("m2",)),
    "unit_coverage": (("plan",), ("share",)),
    "facility_count": (("unit",), ("count",)),
    "facility_size": (("unit",), ("m2",)),
    "county_institutions": (("unit",), ("count",)),
    "nursing_bed_share": (("plan",), ("share",)),
    "star_share": (("plan",), ("share",)),
    "occupancy_share": (("plan",), ("share",)),
    "land_per_person": (("plan",), ("m2_per_person",)),
    "circle_share": (("plan",), ("share",)),
    "network_share": (("plan",), ("share",)),
    "medical_distance": (("plan",), ("m",)),
    "idle_assets": (("plan",), ("count",)),
    "manual": (("plan", "unit"), ()),
    "statement": (("plan", "unit"), ()),
}


@dataclass(frozen=True)
class Kind:
    """What a key may hold: a test, and the words that say it."""

    accepts: Callable[[Any], bool]
    zh: str
    en: str


def _choice(*words: str) -> Kind:
    return Kind(lambda value: value in words, f"下列之一：{'、'.join(words)}", f"one of {', '.join(words)}")


def _choices(*words: str) -> Kind:
    return Kind(
        lambda value: isinstance(value, list) and bool(value) and all(word in words for word in value),
        f"由下列词组成的列表：{'、'.join(words)}",
        f"a list out of {', '.join(words)}",
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_dates(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_date, value))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    return Decimal(value).is_finite() and value >= 0


def _is_star(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5


def _is_parts(value: Any) -> bool:
    keys = {"id", "text_zh", "text_en", "comparator", "value"}
    return (
        isinstance(value, list) and bool(value) and all(isinstance(part, dict) and set(part) == keys for part in value)
    )


TEXT: Final = Kind(_is_text, "一段文字", "a text")
TEXTS: Final = Kind(_is_texts, "文字列表", "a list of texts")
DATE: Final = Kind(_is_date, "日期，写作 2025-12-31，不加引号", "a date, written 2025-12-31 without quotes")
DATES: Final = Kind(_is_dates, "日期列表", "a list of dates")
NUMBER: Final = Kind(
    lambda value: value == UNSTATED or _is_number(value),
    '不小于 0 的数；文件未规定数值的写 "unstated"',
    'a number, 0 or more; "unstated" where the document gives none',
)

STANDARD_KEYS: Final[Mapping[str, Kind]] = {
    "id": TEXT,
    "title_zh": TEXT,
    "title_en": TEXT,
    "jurisdiction_zh": TEXT,
    "jurisdiction_en": TEXT,
    "issuer": TEXT,
    "status": _choice("draft", "issued"),
    "issued": DATE,
    "number": TEXT,
    "kind": _choice("document", "preset"),
    "evidence": TEXT,
    "source": TEXT,
    "notes_zh": TEXTS,
    "notes_en": TEXTS,
}
STANDARD_NEEDED: Final = (
    "id",
    "title_zh",
    "title_en",
    "jurisdiction_zh",
    "jurisdiction_en",
    "issuer",
    "status",
    "source",
)
CLAUSE_KEYS: Final[Mapping[str, Kind]] = {
    "id": TEXT,
    "article": TEXT,
    "text_zh": TEXT,
    "text_en": TEXT,
    "cls": _choice("S", "S*", "N", "M"),
    "metric": _choice(*METRICS),
    "comparator": _choice(*COMPARATORS),
    "value": NUMBER,
    "unit": _choice(*UNITS),
    "owed_by": _choice("residential", "unit", "plan"),
    "source": TEXT,
    "basis": _choice("none", *RATE_BASES, "unit", "person"),
    "applies_to": _choice("new", "existing"),
    "setting": _choice("urban", "rural"),
    "unit_types": _choices(*UNIT_TYPES),
    "levels": _choices(*tables.LEVELS),
    "kinds": _choices(*KINDS),
    "ownership": _choice("public", "private"),
    "least_star": Kind(_is_star, "1 至 5 的整数", "a whole number from 1 to 5"),
    "size_clause": TEXT,
    "area_type": _choice("gross", "usable", "unspecified", "land", "none"),
    "strength": _choice("mandatory", "recommended", "soft"),
    "deadline": DATE,
    "deadline_within": DATE,
    "other_deadlines": DATES,
    "parts": Kind(
        _is_parts,
        "含 id、text_zh、text_en、comparator、value 的列表",
        "a list of id, text_zh, text_en, comparator, value",
    ),
    "ambiguities": TEXTS,
    "note_zh": TEXT,
    "note_en": TEXT,
}
CLAUSE_NEEDED: Final = (
    "id",
    "article",
    "text_zh",
    "text_en",
    "cls",
    "metric",
    "comparator",
    "value",
    "unit",
    "owed_by",
)
SWITCH_KEYS: Final = ("default", "reason_zh", "reason_en")


def faults(words: Mapping[str, Any], switches: Mapping[str, Any], file: str) -> list[Fault]:
    """Return every fault of a standard's document as read from TOML."""
    found = [_unknown(key, ("standard", "switches", "clause"), file) for key in words if key not in _TOP]
    found += _table_faults(words.get("standard", {}), "standard", STANDARD_KEYS, STANDARD_NEEDED, file)
    found += _switch_faults(words.get("switches", {}), switches, file)
    clauses = words.get("clause", [])
    if not isinstance(clauses, list) or not clauses:
        return [*found, Fault("standard_no_clause", file=file, column="clause")]
    for place, clause in enumerate(clauses, start=1):
        found += _clause_faults(clause, place, file)
    whole = [clause for clause in clauses if isinstance(clause, Mapping)]
    return [*found, *_duplicates(whole, file), *_references(whole, file), *_rivals(whole, file)]


_TOP: Final = ("standard", "switches", "clause")


def _table_faults(table: Any, name: str, keys: Mapping[str, Kind], needed: tuple[str, ...], file: str) -> list[Fault]:
    """Hold one table against its keys: unknown, missing, of the wrong kind."""
    if not isinstance(table, Mapping):
        return [Fault("standard_not_a_table", file=file, column=name, value=str(table)[:80])]
    found = [_unknown(f"{name}.{key}", [f"{name}.{word}" for word in keys], file) for key in table if key not in keys]
    found += [Fault("standard_missing_key", file=file, column=f"{name}.{key}") for key in needed if key not in table]
    found += [
        _bad(f"{name}.{key}", value, keys[key], file)
        for key, value in table.items()
        if key in keys and not keys[key].accepts(value)
    ]
    return found


def _clause_faults(clause: Any, place: int, file: str) -> list[Fault]:
    """Hold one clause against its keys, and its keys against each other."""
    label = clause.get("id", f"#{place}") if isinstance(clause, Mapping) else f"#{place}"
    found = _table_faults(clause, f"clause {label}", CLAUSE_KEYS, CLAUSE_NEEDED, file)
    return found or list(_contradictions(clause, f"clause {label}", file))


def _contradictions(clause: Mapping[str, Any], name: str, file: str) -> Iterator[Fault]:
    """Yield where a clause's own keys do not fit together."""
    owners, units = METRICS[clause["metric"]]
    if clause["owed_by"] not in owners:
        yield _bad(f"{name}.owed_by", clause["owed_by"], _choice(*owners), file)
    if units and clause["unit"] not in units:
        yield _bad(f"{name}.unit", clause["unit"], _choice(*units), file)
    if clause["metric"] == "area_rate" and clause.get("basis") not in RATE_BASES:
        yield _bad(f"{name}.basis", clause.get("basis", ""), _choice(*RATE_BASES), file)
    if clause["owed_by"] == "unit" and "unit_types" not in clause:
        yield Fault("standard_missing_key", file=file, column=f"{name}.unit_types")
    values = [clause["value"], *(part["value"] for part in clause.get("parts", []))]
    if clause["unit"] == "share" and any(value != UNSTATED and value > 1 for value in values):
        yield Fault("standard_share", file=file, column=f"{name}.value", value=str(clause["value"]))
    if clause["unit"] == "act" and clause["value"] not in (1, UNSTATED):
        yield Fault("standard_act", file=file, column=f"{name}.value", value=str(clause["value"]))
    yield from _part_faults(clause, name, file)


def _part_faults(clause: Mapping[str, Any], name: str, file: str) -> Iterator[Fault]:
    """Yield the faults of a clause's several numbers."""
    parts = clause.get("parts", [])
    for part in parts:
        for key in ("id", "text_zh", "text_en"):
            if not _is_text(part[key]):
                yield _bad(f"{name}.parts.{key}", part[key], TEXT, file)
        if part["comparator"] not in COMPARATORS:
            yield _bad(f"{name}.parts.comparator", part["comparator"], _choice(*COMPARATORS), file)
        if not _is_number(part["value"]):
            yield _bad(f"{name}.parts.value", part["value"], NUMBER, file)
    if parts and clause["value"] != UNSTATED:
        yield Fault("standard_parts_and_value", file=file, column=f"{name}.value", value=str(clause["value"]))


def _duplicates(clauses: list[Mapping[str, Any]], file: str) -> list[Fault]:
    counts = Counter(str(clause["id"]) for clause in clauses if "id" in clause)
    return [
        Fault("standard_duplicate_id", file=file, column="clause.id", value=word) for word, n in counts.items() if n > 1
    ]


def _references(clauses: list[Mapping[str, Any]], file: str) -> list[Fault]:
    """Name each ``size_clause`` that is no clause of the file with a floor area."""
    sizes = {str(clause.get("id")) for clause in clauses if clause.get("unit") == "m2"}
    return [
        Fault(
            "standard_reference",
            file=file,
            column=f"clause {clause.get('id')}.size_clause",
            value=str(clause["size_clause"]),
        )
        for clause in clauses
        if "size_clause" in clause and str(clause["size_clause"]) not in sizes
    ]


def _rivals(clauses: list[Mapping[str, Any]], file: str) -> list[Fault]:
    """Name rates, and single minimums, of which two would apply to the same areas."""
    found = []
    for metric in ("area_rate", "unit_minimum"):
        of_metric = [clause for clause in clauses if clause.get("metric") == metric]
        for built in ("new", "existing"):
            ids = [str(clause.get("id")) for clause in of_metric if clause.get("applies_to") in (built, None)]
            if len(ids) > 1:
                found.append(Fault("standard_rivals", file=file, column=metric, value="、".join(ids)))
    return list({(fault.column, fault.value): fault for fault in found}.values())


def _switch_faults(table: Any, switches: Mapping[str, Any], file: str) -> list[Fault]:
    """Hold the document's own defaults against the known switches."""
    if not isinstance(table, Mapping):
        return [Fault("standard_not_a_table", file=file, column="switches", value=str(table)[:80])]
    found = [
        _unknown(f"switches.{key}", [f"switches.{word}" for word in switches], file)
        for key in table
        if key not in switches
    ]
    for key, entry in table.items():
        if key not in switches:
            continue
        if not isinstance(entry, Mapping) or set(entry) != set(SWITCH_KEYS):
            words = "、".join(SWITCH_KEYS)
            found.append(
                _bad(f"switches.{key}", str(entry)[:80], Kind(bool, f"含 {words} 的表", f"a table of {words}"), file)
            )
        elif switches[key]["choices"] and entry["default"] not in switches[key]["choices"]:
            found.append(
                _bad(f"switches.{key}.default", entry["default"], _choice(*map(str, switches[key]["choices"])), file)
            )
    return found


def _unknown(key: str, known: tuple[str, ...] | list[str], file: str) -> Fault:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return Fault("standard_unknown_key", file=file, column=key, value=key, facts={"nearest": near[0] if near else ""})


def _bad(column: str, value: Any, kind: Kind, file: str) -> Fault:
    facts = {"expected_zh": kind.zh, "expected_en": kind.en}
    return Fault("standard_bad_value", file=file, column=column, value=str(value)[:200], facts=facts)
