"""Room `planning.standards`: what is wrong with a standard's TOML file; every fault at once."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from planning.errors import Fault
from planning.keys import TEXT, Kind, choice, is_text
from planning.standards._schema import (
    AT_LEAST,
    CLAUSE_KEYS,
    CLAUSE_NEEDED,
    COMPARATORS,
    METRICS,
    NEEDED_BY,
    NUMBER,
    RATE_BASES,
    SIZES,
    STANDARD_KEYS,
    STANDARD_NEEDED,
    SWITCH_KEYS,
    UNSTATED,
    is_number,
    reading,
)


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
    return [
        *found,
        *_twice((clause["id"] for clause in whole if "id" in clause), "clause.id", file),
        *_references(whole, file),
        *_rivals(whole, file),
    ]


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
    return found + [
        Fault("standard_private_use", "warning", file=file, column=f"{name}.{key}", value=ascii(value)[:200])
        for key, value in table.items()
        if isinstance(value, str) and any(unicodedata.category(letter) == "Co" for letter in value)
    ]


def _clause_faults(clause: Any, place: int, file: str) -> list[Fault]:
    """Hold one clause against its keys, and its keys against each other."""
    label = clause.get("id", f"#{place}") if isinstance(clause, Mapping) else f"#{place}"
    found = _table_faults(clause, f"clause {label}", CLAUSE_KEYS, CLAUSE_NEEDED, file)
    if any(fault.severity == "error" for fault in found):
        return found
    return [*found, *_contradictions(clause, f"clause {label}", file)]


def _contradictions(clause: Mapping[str, Any], name: str, file: str) -> Iterator[Fault]:
    """Yield where a clause's own keys do not fit together."""
    owners, units = METRICS[clause["metric"]]
    if clause["owed_by"] not in owners:
        yield _bad(f"{name}.owed_by", clause["owed_by"], choice(*owners), file)
    if units and clause["unit"] not in units:
        yield _bad(f"{name}.unit", clause["unit"], choice(*units), file)
    if clause["metric"] == "area_rate" and clause.get("basis") not in RATE_BASES:
        yield _bad(f"{name}.basis", clause.get("basis", ""), choice(*RATE_BASES), file)
    needed = (*NEEDED_BY.get(clause["metric"], ()), *(("unit_types",) if clause["owed_by"] == "unit" else ()))
    for key in dict.fromkeys(needed):
        if key not in clause:
            yield Fault("standard_missing_key", file=file, column=f"{name}.{key}")
    if clause["metric"] in AT_LEAST and clause["comparator"] not in (">=", ">"):
        yield _bad(f"{name}.comparator", clause["comparator"], choice(">=", ">"), file)
    yield from _size_faults(clause, name, file)
    yield from _value_faults(clause, name, file)
    yield from _part_faults(clause, name, file)


def _size_faults(clause: Mapping[str, Any], name: str, file: str) -> Iterator[Fault]:
    """Yield where a size of areas is asked of a clause that no area owes, or holds no area."""
    low, high = (clause.get(key) for key in SIZES)
    for key in SIZES:
        if key in clause and clause["metric"] not in AT_LEAST:
            yield _bad(f"{name}.metric", clause["metric"], choice(*AT_LEAST), file)
    if low is not None and high is not None and low >= high:
        above = Kind(bool, f"大于 households_from（{low}）的数", f"a number above households_from ({low})")
        yield _bad(f"{name}.households_below", high, above, file)


def _value_faults(clause: Mapping[str, Any], name: str, file: str) -> Iterator[Fault]:
    """Yield where a number cannot be in its unit."""
    values = [clause["value"], *(part["value"] for part in clause.get("parts", []))]
    if clause["unit"] == "share" and any(is_number(value) and value > 1 for value in values):
        yield Fault("standard_share", file=file, column=f"{name}.value", value=str(clause["value"]))
    if clause["unit"] == "act" and clause["value"] not in (1, UNSTATED):
        yield Fault("standard_act", file=file, column=f"{name}.value", value=str(clause["value"]))


def _part_faults(clause: Mapping[str, Any], name: str, file: str) -> Iterator[Fault]:
    """Yield the faults of a clause's several numbers."""
    parts = clause.get("parts", [])
    for part in parts:
        for key in ("id", "text_zh", "text_en"):
            if not is_text(part[key]):
                yield _bad(f"{name}.parts.{key}", part[key], TEXT, file)
        if part["comparator"] not in COMPARATORS:
            yield _bad(f"{name}.parts.comparator", part["comparator"], choice(*COMPARATORS), file)
        if not is_number(part["value"]):
            yield _bad(f"{name}.parts.value", part["value"], NUMBER, file)
    if parts and clause["metric"] != "manual":
        yield _bad(f"{name}.metric", clause["metric"], choice("manual"), file)
    yield from _twice((part["id"] for part in parts), f"{name}.parts.id", file)
    if parts and clause["value"] != UNSTATED:
        yield Fault("standard_parts_and_value", file=file, column=f"{name}.value", value=str(clause["value"]))


def _twice(ids: Iterable[Any], column: str, file: str) -> list[Fault]:
    """Name each id that is given more than once."""
    counts = Counter(map(str, ids))
    return [Fault("standard_duplicate_id", file=file, column=column, value=word) for word, n in counts.items() if n > 1]


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
        for one, other in combinations(of_metric, 2):
            if _same_areas(one, other):
                value = "、".join(str(clause.get("id")) for clause in (one, other))
                found.append(Fault("standard_rivals", file=file, column=metric, value=value))
    return found


def _same_areas(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether an area may exist that owes both clauses."""
    alike = all(None in (one.get(key), other.get(key)) or one[key] == other[key] for key in ("applies_to", "setting"))
    apart = any(
        is_number(low.get("households_from")) and is_number(high.get("households_below"))
        and low["households_from"] >= high["households_below"]
        for low, high in ((one, other), (other, one))
    )  # fmt: skip
    return alike and not apart


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
            zh, en = (comma.join(SWITCH_KEYS) for comma in ("、", ", "))
            found.append(
                _bad(f"switches.{key}", str(entry)[:80], Kind(bool, f"含 {zh} 的表", f"a table of {en}"), file)
            )
        elif not (kind := reading(key, switches[key]["choices"])).accepts(entry["default"]):
            found.append(_bad(f"switches.{key}.default", entry["default"], kind, file))
    return found


def _unknown(key: str, known: tuple[str, ...] | list[str], file: str) -> Fault:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return Fault("standard_unknown_key", file=file, column=key, value=key, facts={"nearest": near[0] if near else ""})


def _bad(column: str, value: Any, kind: Kind, file: str) -> Fault:
    facts = {"expected_zh": kind.zh, "expected_en": kind.en, **_nearest(value, kind)}
    return Fault("standard_bad_value", file=file, column=column, value=str(value)[:200], facts=facts)


def _nearest(value: Any, kind: Kind) -> dict[str, str]:
    """Return the words nearest to those given, where there are some to choose from."""
    given = [str(one) for one in (value if isinstance(value, list) else [value])]
    wrong = [one for one in given if one not in kind.words]
    near = [match for one in wrong for match in difflib.get_close_matches(one, kind.words, n=1, cutoff=0.4)]
    if not near:
        return {"nearest_zh": "", "nearest_en": ""}
    said = ", ".join(dict.fromkeys(near))
    return {"nearest_zh": f"；最接近的是 {said}", "nearest_en": f"; the nearest is {said}"}
