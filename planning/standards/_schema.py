"""Room `planning.standards`: the keys a standard's TOML file may hold, and what each of them accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from planning import tables
from planning.keys import DATE, TEXT, TEXTS, Kind, choice, choices, is_date

UNSTATED: Final = "unstated"
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


# metric: keys without which it would look at nothing, and judge wrongly
NEEDED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "unit_coverage": ("unit_types", "levels"),
    "facility_count": ("unit_types", "levels"),
    "facility_size": ("unit_types", "levels"),
    "county_institutions": ("unit_types", "levels"),
    "network_share": ("unit_types",),
    "star_share": ("kinds",),
    "occupancy_share": ("kinds",),
    "medical_distance": ("levels",),
}
AT_LEAST: Final = ("area_rate", "unit_minimum")
SIZES: Final = ("households_from", "households_below")


def _is_dates(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_date, value))


def is_number(value: Any) -> bool:
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


DATES: Final = Kind(_is_dates, "日期列表", "a list of dates")
NUMBER: Final = Kind(
    lambda value: value == UNSTATED or is_number(value),
    '不小于 0 的数；文件未规定数值的写 "unstated"',
    'a number, 0 or more; "unstated" where the document gives none',
)

COUNT: Final = Kind(lambda value: is_number(value) and value > 0, "大于 0 的户数", "a number of households above 0")

STANDARD_KEYS: Final[Mapping[str, Kind]] = {
    "id": TEXT,
    "title_zh": TEXT,
    "title_en": TEXT,
    "jurisdiction_zh": TEXT,
    "jurisdiction_en": TEXT,
    "issuer": TEXT,
    "status": choice("draft", "issued"),
    "issued": DATE,
    "number": TEXT,
    "kind": choice("document", "preset"),
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
    "cls": choice("S", "S*", "N", "M"),
    "metric": choice(*METRICS),
    "comparator": choice(*COMPARATORS),
    "value": NUMBER,
    "unit": choice(*UNITS),
    "owed_by": choice("residential", "unit", "plan"),
    "source": TEXT,
    "basis": choice("none", *RATE_BASES, "unit", "person"),
    "applies_to": choice("new", "existing"),
    "setting": choice("urban", "rural"),
    "households_from": COUNT,
    "households_below": COUNT,
    "unit_types": choices(*tables.UNIT_TYPES),
    "levels": choices(*tables.LEVELS),
    "kinds": choices(*KINDS),
    "ownership": choice("public", "private"),
    "least_star": Kind(_is_star, "1 至 5 的整数", "a whole number from 1 to 5"),
    "size_clause": TEXT,
    "area_type": choice("gross", "usable", "unspecified", "land", "none"),
    "strength": choice("mandatory", "recommended", "soft"),
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


def reading(name: str, readings: Sequence[Any]) -> Kind:
    """Return what a switch may be set to: one of its readings, or a value of its own."""
    if name not in _FREE_SWITCHES:
        words = tuple(str(word) for word in readings)
        said = choice(*words)
        return Kind(
            lambda value: any(type(value) is type(word) and value == word for word in readings), said.zh, said.en
        )
    return _FREE_SWITCHES[name]


_POSITIVE: Final = Kind(lambda value: is_number(value) and value > 0, "大于 0 的数", "a number above 0")
_FREE_SWITCHES: Final[Mapping[str, Kind]] = {
    "new_cutoff": DATE,
    "usable_to_gross": _POSITIVE,
    "service_radius_m": _POSITIVE,
    "circle_levels": choices(*tables.LEVELS),
    "centre_unit_types": choices(*tables.UNIT_TYPES),
}
