"""Room `plan`: which keys a plan file may have, and what each may hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from planning.keys import DATE, TEXT, TEXTS, Kind, choice, choices, is_text
from planning.plan._robustness import KEYS as ROBUSTNESS
from planning.plan._screen import GENERATE, SCREEN
from planning.plan._siting import KEYS as CONDITIONS
from planning.tables import LEVELS, UNIT_TYPES

INPUTS: Final = (
    "roads",
    "residential",
    "facilities",
    "candidates",
    "entrances",
    "units",
    "pools",
    "medical",
    "barriers",
    "indicators",
    "population",
    "hazards",
    "places",
    "land_use",
    "parcels",
)
# Metres a second of three kinds of walkers, reported side by side where a plan asks for it. Sources:
# healthy: a round figure between the slowest group of healthy adults in a meta-analysis of 23,111 people, 0.943 (women
#   of 80 to 99; Bohannon and Andrews 2011, doi 10.1016/j.physio.2010.12.004), and the mean of community-dwelling people
#   of 60 and over, 1.24 (doi 10.2147/CIA.S290071);
# elderly: people of 65 to 74 with limited mobility, 0.80; frail: frail older people, 0.64 (768 people of 77.6 years on
#   average, measured at pedestrian crossings; University of Bath research portal).
WALKERS: Final[Mapping[str, float]] = MappingProxyType({"healthy": 1.0, "elderly": 0.8, "frail": 0.64})
NEEDED_INPUTS: Final = ("roads", "residential", "facilities")


def _number(low: float, high: float, *, open_low: bool = False) -> Kind:
    def accepts(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return (low < value if open_low else low <= value) and value <= high

    left = f"大于 {low:g}" if open_low else f"{low:g} 至"
    return Kind(
        accepts,
        f"{left}{'，不超过' if open_low else ''} {high:g} 的数",
        f"a number {'above' if open_low else 'from'} {low:g} up to {high:g}",
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(is_text(key) and is_text(word) for key, word in value.items())


def _is_minutes(value: Any) -> bool:
    positive = _number(0, 120, open_low=True).accepts
    return isinstance(value, list) and bool(value) and all(map(positive, value)) and len(set(value)) == len(value)


def _is_per_built(value: Any) -> bool:
    at_least_zero = _number(0, 1e6, open_low=True).accepts
    return (
        isinstance(value, dict)
        and bool(value)
        and set(value) <= {"new", "existing"}
        and all(map(at_least_zero, value.values()))
    )


def _is_rates(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    minimum = value.get("single_minimum_m2")
    rates = {key: rate for key, rate in value.items() if key != "single_minimum_m2"}
    return (minimum is None or _is_per_built(minimum)) and _is_per_built(rates)


def _is_numbers(value: Any) -> bool:
    at_least_zero = _number(0, 1e9).accepts
    return isinstance(value, dict) and bool(value) and all(map(at_least_zero, value.values()))


def _is_profiles(value: Any) -> bool:
    known = isinstance(value, list) and all(isinstance(word, str) and word in WALKERS for word in value)
    return known and len(set(value)) == len(value)


FLAG: Final = Kind(lambda value: isinstance(value, bool), "true 或 false", "true or false")
WHOLE: Final = Kind(_is_whole, "不小于 0 的整数", "a whole number, 0 or more")
FIELDS: Final = Kind(_is_text_map, '形如 { households = "户数" } 的对照', 'a mapping such as { households = "户数" }')
RATES: Final = Kind(
    _is_rates,
    "形如 { new = 30, existing = 20 } 的正数，可加 single_minimum_m2 = { new = …, existing = … }",
    "positive numbers such as { new = 30, existing = 20 }, and perhaps single_minimum_m2 = { new = …, existing = … }",
)
NUMBERS: Final = Kind(
    _is_numbers,
    "条款编号与不小于 0 的数的对照，形如 { SX-13 = 300 }",
    "clause ids with numbers, 0 or more, such as { SX-13 = 300 }",
)

_SEVEN: Final = {
    **dict.fromkeys(("dx_m", "dy_m", "dz_m"), 5000.0),
    **dict.fromkeys(("rx_arcsec", "ry_arcsec", "rz_arcsec"), 60.0),
    "scale_ppm": 100.0,
}
_FOUR: Final = {"east_m": 1e7, "north_m": 1e7, "rotation_arcsec": 648_000.0, "scale_ppm": 1000.0}
_SHIFTS: Final[Mapping[str, tuple[Mapping[str, float], Mapping[str, tuple[str, ...]]]]] = MappingProxyType(
    {
        "position_vector": (_SEVEN, {}),
        "coordinate_frame": (_SEVEN, {}),
        "plane": (_FOUR, {"rotation": ("clockwise", "counterclockwise"), "target": ()}),
    }
)
"""The methods of ``datum_shift``: how large each number may be, and the words that go with it."""


def _is_datum_shift(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("method") not in _SHIFTS:
        return False
    limits, own_words = _SHIFTS[value["method"]]
    words = {**own_words, "direction": ("to_cgcs2000", "from_cgcs2000"), "method": tuple(_SHIFTS)}
    if set(value) != {*limits, *words}:
        return False
    numbers = all(_number(-limit, limit).accepts(value[name]) for name, limit in limits.items())
    return numbers and all(
        is_text(value[name]) and (not known or value[name] in known) for name, known in words.items()
    )


DATUM_SHIFT: Final = Kind(
    _is_datum_shift,
    '七参数：method = "position_vector" 或 "coordinate_frame"，direction = "to_cgcs2000" 或 "from_cgcs2000"，'
    "dx_m、dy_m、dz_m、rx_arcsec、ry_arcsec、rz_arcsec、scale_ppm；"
    '四参数：method = "plane"，direction，target，rotation = "clockwise" 或 "counterclockwise"，'
    "east_m、north_m、rotation_arcsec、scale_ppm（一个不多，一个不少，见 docs/plan.md）",
    'seven parameters: method = "position_vector" or "coordinate_frame", direction = "to_cgcs2000" or "from_cgcs2000", '
    "dx_m, dy_m, dz_m, rx_arcsec, ry_arcsec, rz_arcsec, scale_ppm; "
    'four: method = "plane", direction, target, rotation = "clockwise" or "counterclockwise", '
    "east_m, north_m, rotation_arcsec, scale_ppm (all of them and no others, see docs/plan.md)",
)

_INPUT_KEYS: Final[Mapping[str, Kind]] = {
    "path": TEXT,
    "layer": TEXT,
    "datum": choice("wgs84", "cgcs2000", "gcj02", "bd09"),
    "encoding": TEXT,
    "fields": FIELDS,
    "crs": TEXT,
    "datum_shift": DATUM_SHIFT,
    "max_repair_share": _number(0, 1),
}
_EXTRA_INPUT_KEYS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "roads": {"noding": choice("planar"), "heal_gaps_m": _number(0, 50)},
    "residential": {"table": TEXT, "join": TEXT},
}

SECTIONS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "plan": {"name": TEXT, "standard": TEXT, "as_of": DATE, "crs": TEXT, "notes": TEXTS},
    "province": {"key": TEXT, "documents": TEXTS},
    **{f"inputs.{name}": {**_INPUT_KEYS, **_EXTRA_INPUT_KEYS.get(name, {})} for name in INPUTS},
    "walk": {
        "speed_m_per_s": _number(0.3, 2.5),
        "minutes": Kind(
            _is_minutes,
            "大于 0、不超过 120 且不重复的分钟数列表",
            "a list of minutes above 0 and up to 120, none twice",
        ),
        "max_snap_m": _number(0, 5000),
        "rule": choice("entrance", "frontage", "area"),
        "frontage_m": _number(0, 500, open_low=True),
        "hard_border": FLAG,
        "profiles": Kind(
            _is_profiles, f"{'、'.join(WALKERS)} 组成的列表", f"a list of {', '.join(WALKERS)}, none twice"
        ),
        "spread": FLAG,
        "walls": choice("none", "gated"),
        "stairs_factor": _number(1, 10),
        "crossing_s": _number(0, 600),
        "extra_s": FLAG,
        "climb": choice("none", "naismith"),
        "far_m": _number(0, 1e6, open_low=True),
    },
    "standards": {
        "land_per_person_base": choice("residents", "elderly"),
        "apportion_mixed_land": FLAG,
        "single_minimum_applies": choice("stand_alone", "existing_rooms"),
        "pooling": FLAG,
        "pool_rate": choice("own", "strictest"),
        "new_cutoff": DATE,
        "nursing_beds_of": choice("all", "public"),
        "usable_to_gross": _number(0, 10, open_low=True),
        "households_rounding": choice("proportional", "started_hundred"),
        "before_year": choice("before", "within"),
        "circle_levels": choices(*LEVELS),
        "service_radius_m": _number(0, 20000, open_low=True),
        "centre_unit_types": choices(*UNIT_TYPES),
        "stars": choice("at_least", "one_to_three"),
        "exclude_storeys": choices("basement", "semi_basement", "mezzanine", may_be_empty=True),
        "needs_own_entrance": FLAG,
        "needs_accessible": FLAG,
        "area_per_100_households": RATES,
        "numbers": NUMBERS,
    },
    "siting": {
        "level": choice(*LEVELS),
        "model": choice("lscp", "mclp", "p_median", "p_center", "deficit", "capacitated"),
        "p": WHOLE,
        "minutes": _number(0, 120, open_low=True),
        "demand": choice("elderly", "residents", "households"),
        "one_per_street": FLAG,
        "min_share_per_street": _number(0, 1),
        **CONDITIONS,
        "time_limit_s": _number(0, 86400, open_low=True),
        "explain": FLAG,
        "generate": GENERATE,
        "screen": SCREEN,
    },
    "siting.robustness": ROBUSTNESS,
    "output": {
        "language": choice("zh", "en"),
        "maps": choices("pdf", "png", "svg", may_be_empty=True),
        "paper": choice("A3", "A4"),
        "exports": choices("gdb", "shp", "geojson", "kml", "dxf", may_be_empty=True),
        "schemas": TEXTS,
        "shp_encoding": choice("gbk", "utf-8"),
        "template": TEXT,
        "orientation": choice("auto", "landscape", "portrait"),
        "edition": choice("internal", "public"),
        "style": TEXT,
    },
}
