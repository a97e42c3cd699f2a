"""Room `plan`: the rules that candidates are screened by, and how candidates are made where none are given.

A rule says what a good site has; which keys it takes stands in `RULES`, which ways of making candidates in `WAYS`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from planning.errors import Fault
from planning.keys import DATE, TEXT, Kind, choice, choices, is_text
from planning.tables import LEVELS

Verdict = Literal["forbid", "require", "prefer"]
MINIMUM: Final = "minimum"
TARGETS: Final = ("medical", "hazards", "places", "barriers")
WALKED: Final = ("medical", "places")  # nobody walks to a slope or along a railway
STOREYS: Final = ("basement", "semi_basement", "mezzanine")
_MOST_M: Final = 100_000.0
_MOST: Final = 1e9


@dataclass(frozen=True)
class Screen:
    """One rule: its kind, what it does, and its own keys in ``facts``; ``name`` is what the planner calls it.

    ``forbid`` marks the candidates that have not what the rule asks, ``require`` and ``prefer`` those that have it.
    ``unknown`` says what happens where the data do not tell: ``flag`` marks nothing but tells so, ``forbid`` forbids.
    """

    rule: str
    verdict: Verdict = "forbid"
    unknown: Literal["flag", "forbid"] = "flag"
    name: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Generate:
    """How candidates are made where the plan gives none; ``facts`` are the way's own keys, defaults filled in."""

    way: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def _number(low: float, high: float, *, open_low: bool = False) -> Kind:
    def accepts(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return (low < value if open_low else low <= value) and value <= high

    above = ("大于", "above") if open_low else ("不小于", "not below")
    return Kind(
        accepts,
        f"{above[0]} {low:g}、不超过 {high:g} 的数，不加引号和单位",
        f"a number {above[1]} {low:g} and up to {high:g}, without quotes or unit",
    )


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_text, value)) and len(set(value)) == len(value)


def _is_area(value: Any) -> bool:
    return value == MINIMUM or _number(0, 1e7, open_low=True).accepts(value)


def _is_storey(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 200


_WORDS: Final = Kind(
    _is_words, '不重复的文字列表，如 ["R2*", "A5"]', 'a list of texts, none twice, such as ["R2*", "A5"]'
)
_AREA: Final = Kind(
    _is_area,
    '大于 0 的平方米数，或 "minimum"（文件规定的最小规模）',
    'square metres above 0, or "minimum" (the least size the document states)',
)
_STOREY: Final = Kind(_is_storey, "1 至 200 的整数（地上层数）", "a whole number from 1 to 200 (storey above ground)")
_METRES: Final = _number(0, _MOST_M)
_SOURCES: Final = ("idle_state_asset", "planned_parcel", "lease", "purchase", "exchange", "extension")
_BY: Final = choice("straight", "walk")


@dataclass(frozen=True)
class _Form:
    """Which keys an entry may have; of each group in ``needs`` exactly one, or at least one where ``many``."""

    keys: Mapping[str, Kind]
    needs: tuple[tuple[str, ...], ...] = ()
    many: bool = False


RULES: Final[Mapping[str, _Form]] = MappingProxyType(
    {
        "ownership": _Form({"is": choices("public", "private")}, (("is",),)),
        "source": _Form({"is": choices(*_SOURCES), "not": choices(*_SOURCES)}, (("is", "not"),)),
        "land_use": _Form({"is": _WORDS, "not": _WORDS, "column": TEXT}, (("is", "not"),)),
        "floor_area": _Form({"at_least_m2": _AREA}, (("at_least_m2",),)),
        "storey": _Form({"at_most": _STOREY, "exclude": choices(*STOREYS)}, (("at_most", "exclude"),), many=True),
        "away": _Form(
            {"from": choice(*TARGETS), "at_least_m": _METRES, "kinds": _WORDS, "by": _BY}, (("from",), ("at_least_m",))
        ),
        "near": _Form(
            {"to": choice(*TARGETS), "at_most_m": _METRES, "kinds": _WORDS, "by": _BY}, (("to",), ("at_most_m",))
        ),
        "available": _Form({"by": DATE}, (("by",),)),
        "column": _Form(
            {
                "column": TEXT,
                "is": _WORDS,
                "not": _WORDS,
                "at_least": _number(-_MOST, _MOST),
                "at_most": _number(-_MOST, _MOST),
            },
            (("column",), ("is", "not", "at_least", "at_most")),
        ),
    }
)
_COMMON: Final[Mapping[str, Kind]] = {
    "rule": choice(*RULES),
    "verdict": choice("forbid", "require", "prefer"),
    "unknown": choice("flag", "forbid"),
    "name": TEXT,
}
WAYS: Final[Mapping[str, _Form]] = MappingProxyType(
    {
        "idle_assets": _Form(
            {
                "statuses": choices("idle", "diverted", "closed"),
                "levels": choices(*LEVELS),
                "kinds": choices("centre", "station", "day_care", "institution"),
                "min_floor_area_m2": _number(0, 1e7),
            }
        ),
        "parcels": _Form(
            {"min_area_m2": _number(0, 1e9), "plot_ratio": _number(0, 20, open_low=True), "within_m": _METRES}
        ),
        "grid": _Form(
            {
                "spacing_m": _number(50, 5000),
                "within_m": _METRES,
                "max_floor_area_m2": _number(0, 1e7, open_low=True),
            }
        ),
    }
)
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "idle_assets": {"statuses": ["idle", "diverted"], "min_floor_area_m2": 0},
        "parcels": {"min_area_m2": 0},
        "grid": {"spacing_m": 500},
    }
)
SCREEN: Final = Kind(
    lambda value: isinstance(value, list) and all(isinstance(one, Mapping) for one in value),
    "若干 [[siting.screen]] 段",
    "tables written [[siting.screen]]",
)
GENERATE: Final = Kind(
    lambda value: isinstance(value, Mapping) or (isinstance(value, str) and value in WAYS),
    f'{"、".join(WAYS)} 之一，或形如 {{ from = "grid", spacing_m = 500 }} 的表',
    f'one of {", ".join(WAYS)}, or a table such as {{ from = "grid", spacing_m = 500 }}',
    tuple(WAYS),
)


def screens(entries: Iterable[Mapping[str, Any]]) -> tuple[Screen, ...]:
    """Return the checked rules of a plan, in its order."""
    found = []
    for entry in entries:
        facts = {key: _frozen(value) for key, value in entry.items() if key not in _COMMON}
        common = {key: entry[key] for key in _COMMON if key in entry}
        found.append(Screen(**common, facts=facts))
    return tuple(found)


def generation(value: str | Mapping[str, Any] | None) -> Generate | None:
    """Return how candidates are made: a word alone takes every default."""
    if value is None:
        return None
    way = value if isinstance(value, str) else value["from"]
    stated = {} if isinstance(value, str) else {key: inner for key, inner in value.items() if key != "from"}
    facts = {key: _frozen(inner) for key, inner in {**DEFAULTS[way], **stated}.items()}
    return Generate(way, facts)


def defaults(value: str | Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the keys of ``siting.generate`` that the plan leaves to their default."""
    if value is None:
        return ()
    way = value if isinstance(value, str) else value["from"]
    return tuple(f"siting.generate.{key}" for key in DEFAULTS[way] if isinstance(value, str) or key not in value)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# ----------------------------------------------------------------------------------------------------------- faults


def faults(siting: Mapping[str, Any], file: str) -> list[Fault]:
    """Return everything wrong inside ``screen`` and ``generate``; whether they are tables at all is seen elsewhere."""
    found: list[Fault] = []
    entries = siting.get("screen")
    if SCREEN.accepts(entries):
        for number, entry in enumerate(entries or (), start=1):
            found += _rule_faults(f"siting.screen[{number}]", entry, file)
    made = siting.get("generate")
    if isinstance(made, Mapping):
        found += _entry_faults("siting.generate", made, ("from", WAYS), {"from": choice(*WAYS)}, file)
    return found


def _rule_faults(at: str, entry: Mapping[str, Any], file: str) -> list[Fault]:
    found = _entry_faults(at, entry, ("rule", RULES), _COMMON, file)
    if entry.get("unknown") == "forbid" and entry.get("verdict") in ("require", "prefer"):
        found.append(Fault("plan_screen_unknown", file=file, column=f"{at}.unknown", value=entry["verdict"]))
    target = entry.get("to", entry.get("from"))
    if entry.get("by") == "walk" and target in TARGETS and target not in WALKED:
        found.append(Fault("plan_screen_walk", file=file, column=f"{at}.by", value=str(target)))
    return found


def _entry_faults(
    at: str, entry: Mapping[str, Any], kinds: tuple[str, Mapping[str, _Form]], common: Mapping[str, Kind], file: str
) -> list[Fault]:
    """Hold one table against the form that its own word names."""
    key, forms = kinds
    word = entry.get(key)
    if key not in entry:
        return [Fault("plan_missing_key", file=file, column=f"{at}.{key}")]
    if not isinstance(word, str) or word not in forms:
        facts = {"nearest": _nearest(str(word), forms), "known": ", ".join(forms)}
        return [Fault("plan_unknown_word", file=file, column=f"{at}.{key}", value=str(word), facts=facts)]
    form = forms[word]
    known = {**common, **form.keys}
    return [
        *(_unknown_key(at, name, form.keys or known, known, file) for name in entry if name not in known),
        *(
            _bad_value(at, name, value, known[name], file)
            for name, value in entry.items()
            if _is_bad(known, name, value)
        ),
        *_missing(at, entry, form, file),
    ]


def _unknown_key(at: str, name: str, own: Mapping[str, Kind], known: Mapping[str, Kind], file: str) -> Fault:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    nearest = near[0] if near else next(iter(own))
    return Fault("plan_unknown_key", file=file, column=f"{at}.{name}", value=name, facts={"nearest": f"{at}.{nearest}"})


def _is_bad(known: Mapping[str, Kind], name: str, value: Any) -> bool:
    return name in known and not known[name].accepts(value)


def _bad_value(at: str, name: str, value: Any, kind: Kind, file: str) -> Fault:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    if isinstance(value, str) and kind.words:
        facts = {"nearest": _nearest(value, kind.words), "known": ", ".join(kind.words)}
        return Fault("plan_unknown_word", file=file, column=f"{at}.{name}", value=value, facts=facts)
    facts = {"expected_zh": kind.zh, "expected_en": kind.en}
    return Fault("plan_bad_value", file=file, column=f"{at}.{name}", value=shown, facts=facts)


def _missing(at: str, entry: Mapping[str, Any], form: _Form, file: str) -> list[Fault]:
    """Name the keys a rule cannot do without, and those of which it takes one only."""
    found = []
    for group in form.needs:
        given = [name for name in group if name in entry]
        if not given:
            wanted = " | ".join(f"{at}.{name}" for name in group)
            found.append(Fault("plan_missing_key", file=file, column=wanted))
        elif len(given) > 1 and not form.many and set(given) != {"at_least", "at_most"}:
            facts = {"keys": ", ".join(given)}
            found.append(Fault("plan_screen_both", file=file, column=at, value=entry["rule"], facts=facts))
    return found


def _nearest(word: str, known: Iterable[str]) -> str:
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.3)
    return near[0] if near else words[0]
