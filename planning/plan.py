"""The plan file: what a planner asks for, checked to the last key before anything is read.

`read` gathers every fault of the file and raises once. A `Plan` is frozen; nothing in it is a default the reader
cannot see: `Plan.defaults` lists the keys that were filled in.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final, Literal

from planning.errors import Fault, InputRefused, refuse

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
)
NEEDED_INPUTS: Final = ("roads", "residential", "facilities")
BANDS_M: Final = (720, 900, 1000)
Model = Literal["lscp", "mclp", "p_median", "p_center", "deficit"]


@dataclass(frozen=True)
class InputSpec:
    """One input as the plan names it; ``path`` as written, ``file`` resolved against the plan's folder."""

    name: str
    path: str
    file: Path
    layer: str | None = None
    datum: str | None = None
    encoding: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    table: str | None = None
    table_file: Path | None = None
    join: str | None = None
    noding: str | None = None
    heal_gaps_m: float | None = None


@dataclass(frozen=True)
class Walk:
    """How people walk: metres a second, minutes of the circles, and how a half-reached area counts."""

    speed_m_per_s: float = 1.0
    minutes: tuple[float, ...] = (5, 10, 15)
    max_snap_m: float = 200.0
    rule: Literal["entrance", "frontage", "area"] = "entrance"
    frontage_m: float = 30.0
    hard_border: bool = False

    def metres(self, minutes: float) -> float:
        """Return how far one walks in ``minutes``, to the millimetre."""
        return round(minutes * 60 * self.speed_m_per_s, 3)


@dataclass(frozen=True)
class Phase:
    """One phase of building; ``p`` counts all new sites open by its end."""

    name: str
    p: int


@dataclass(frozen=True)
class Siting:
    """What is asked of the optimiser."""

    level: str = "street"
    model: Model = "mclp"
    p: int | None = None
    minutes: float | None = None
    demand: Literal["elderly", "residents", "households"] = "elderly"
    one_per_street: bool = False
    min_share_per_street: float = 0.0
    phases: tuple[Phase, ...] = ()
    time_limit_s: float = 60.0
    generate: str | None = None


@dataclass(frozen=True)
class Output:
    """What is written, and in which language."""

    language: Literal["zh", "en"] = "zh"
    maps: tuple[str, ...] = ("pdf", "png", "svg")
    paper: Literal["A3", "A4"] = "A3"


@dataclass(frozen=True)
class Plan:
    """A checked plan file."""

    name: str
    standard: str
    as_of: date
    inputs: Mapping[str, InputSpec]
    crs: str | None = None
    notes: tuple[str, ...] = ()
    walk: Walk = field(default_factory=Walk)
    standards: Mapping[str, Any] = field(default_factory=dict)
    siting: Siting = field(default_factory=Siting)
    output: Output = field(default_factory=Output)
    file: str = "plan.toml"
    folder: Path = Path()
    defaults: tuple[str, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def radius_m(self) -> float:
        """Return the service radius that coverage is reported for (contract 6.2)."""
        stated = self.standards.get("service_radius_m")
        return float(stated) if stated is not None else self.walk.metres(max(self.walk.minutes))

    @property
    def siting_minutes(self) -> float:
        """Return the minutes a new site must be reached in."""
        return self.siting.minutes if self.siting.minutes is not None else max(self.walk.minutes)

    @property
    def siting_radius_m(self) -> float:
        """Return the radius of a new site."""
        stated = self.standards.get("service_radius_m")
        return float(stated) if stated is not None else self.walk.metres(self.siting_minutes)

    @property
    def bands_m(self) -> tuple[int | float, ...]:
        """Return the radii reported side by side: 720, 900, 1000 m and each of ``walk.minutes``, ascending."""
        minutes = (self.walk.metres(minute) for minute in self.walk.minutes)
        return tuple(sorted({*map(float, BANDS_M), *minutes}))


# --------------------------------------------------------------------------------------------------- kinds of values


@dataclass(frozen=True)
class Kind:
    """What a key may hold: a test, and the words that say it."""

    accepts: Callable[[Any], bool]
    zh: str
    en: str


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


def _choice(*words: str) -> Kind:
    return Kind(lambda value: value in words, f"下列之一：{'、'.join(words)}", f"one of {', '.join(words)}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(key) and _is_text(word) for key, word in value.items())


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


def _is_levels(value: Any) -> bool:
    levels = ("county", "street", "community", "village")
    return isinstance(value, list) and bool(value) and all(level in levels for level in value)


def _is_unit_types(value: Any) -> bool:
    types = ("county", "street", "town", "community", "village")
    return isinstance(value, list) and bool(value) and all(kind in types for kind in value)


def _is_phases(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(phase, dict) and set(phase) == {"name", "p"} and _is_text(phase["name"]) and _is_whole(phase["p"])
        for phase in value
    )


def _is_maps(value: Any) -> bool:
    return isinstance(value, list) and all(word in ("pdf", "png", "svg") for word in value)


TEXT: Final = Kind(_is_text, "一段文字", "a text")
TEXTS: Final = Kind(
    lambda value: isinstance(value, list) and all(map(_is_text, value)), "文字列表", "a list of texts"
)
DATE: Final = Kind(_is_date, "日期，写作 2025-12-31，不加引号", "a date, written 2025-12-31 without quotes")
FLAG: Final = Kind(lambda value: isinstance(value, bool), "true 或 false", "true or false")
WHOLE: Final = Kind(_is_whole, "不小于 0 的整数", "a whole number, 0 or more")
FIELDS: Final = Kind(_is_text_map, "形如 { households = \"户数\" } 的对照", "a mapping such as { households = \"户数\" }")
RATES: Final = Kind(
    _is_rates,
    "形如 { new = 30, existing = 20 } 的正数，可加 single_minimum_m2 = { new = …, existing = … }",
    "positive numbers such as { new = 30, existing = 20 }, and single_minimum_m2 = { new = …, existing = … } if need be",
)

_INPUT_KEYS: Final[Mapping[str, Kind]] = {
    "path": TEXT,
    "layer": TEXT,
    "datum": _choice("wgs84", "cgcs2000", "gcj02", "bd09"),
    "encoding": TEXT,
    "fields": FIELDS,
}
_EXTRA_INPUT_KEYS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "roads": {"noding": _choice("planar"), "heal_gaps_m": _number(0, 50)},
    "residential": {"table": TEXT, "join": TEXT},
}

SECTIONS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "plan": {"name": TEXT, "standard": TEXT, "as_of": DATE, "crs": TEXT, "notes": TEXTS},
    **{f"inputs.{name}": {**_INPUT_KEYS, **_EXTRA_INPUT_KEYS.get(name, {})} for name in INPUTS},
    "walk": {
        "speed_m_per_s": _number(0.3, 2.5),
        "minutes": Kind(_is_minutes, "大于 0、不超过 120 且不重复的分钟数列表", "a list of minutes above 0 and up to 120, none twice"),
        "max_snap_m": _number(0, 5000),
        "rule": _choice("entrance", "frontage", "area"),
        "frontage_m": _number(0, 500, open_low=True),
        "hard_border": FLAG,
    },
    "standards": {
        "land_per_person_base": _choice("residents", "elderly"),
        "apportion_mixed_land": FLAG,
        "single_minimum_applies": _choice("stand_alone", "existing_rooms"),
        "pooling": FLAG,
        "pool_rate": _choice("own", "strictest"),
        "new_cutoff": DATE,
        "nursing_beds_of": _choice("all", "public"),
        "usable_to_gross": _number(0, 10, open_low=True),
        "households_rounding": _choice("proportional", "started_hundred"),
        "before_year": _choice("before", "within"),
        "circle_levels": Kind(_is_levels, "设施级别列表", "a list of facility levels"),
        "service_radius_m": _number(0, 20000, open_low=True),
        "centre_unit_types": Kind(_is_unit_types, "单元类型列表", "a list of unit types"),
        "stars": _choice("at_least", "one_to_three"),
        "area_per_100_households": RATES,
    },
    "siting": {
        "level": _choice("county", "street", "community", "village"),
        "model": _choice("lscp", "mclp", "p_median", "p_center", "deficit"),
        "p": WHOLE,
        "minutes": _number(0, 120, open_low=True),
        "demand": _choice("elderly", "residents", "households"),
        "one_per_street": FLAG,
        "min_share_per_street": _number(0, 1),
        "phases": Kind(_is_phases, "形如 [{ name = \"近期\", p = 2 }] 的列表", "a list such as [{ name = \"近期\", p = 2 }]"),
        "time_limit_s": _number(0, 86400, open_low=True),
        "generate": TEXT,
    },
    "output": {
        "language": _choice("zh", "en"),
        "maps": Kind(_is_maps, "pdf、png、svg 组成的列表，可为空", "a list of pdf, png, svg; it may be empty"),
        "paper": _choice("A3", "A4"),
    },
}
_NEEDED: Final = ("plan.name", "plan.standard", *(f"inputs.{name}.path" for name in NEEDED_INPUTS))


# ------------------------------------------------------------------------------------------------------- reading it


def read(path: str | Path) -> Plan:
    """Read and check a plan file.

    Parameters
    ----------
    path : str or Path
        The TOML file; paths inside it are relative to its folder.

    Returns
    -------
    Plan

    Raises
    ------
    InputRefused
        With every fault of the file: not there, not UTF-8, not TOML, keys unknown or twice, values of the wrong kind
        or out of range, keys that contradict each other. Files the plan names are looked at by `planning.sources`.
    """
    path = Path(path)
    words = _parse(path)
    faults = [*_unknown_keys(words, path.name), *_missing_keys(words, path.name), *_wrong_values(words, path.name)]
    refuse(faults)
    plan = _build(words, path)
    refuse(_contradictions(plan))
    return plan


def _parse(path: Path) -> dict[str, Any]:
    """Return the TOML document, or refuse the file as a whole."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputRefused(Fault("plan_not_found", file=path.name, value=str(path))) from None
    except (IsADirectoryError, PermissionError):
        raise InputRefused(Fault("plan_not_readable", file=path.name, value=str(path))) from None
    except UnicodeDecodeError:
        raise InputRefused(Fault("plan_not_utf8", file=path.name)) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        code = "plan_duplicate_key" if "overwrite" in str(error) or "twice" in str(error) else "plan_not_toml"
        raise InputRefused(Fault(code, file=path.name, value=str(error))) from None


def _unknown_keys(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Name each key the contract does not know, with the nearest it knows."""
    faults = []
    for section, table in _sections(words):
        known = SECTIONS.get(section)
        if known is None:
            faults.append(_unknown(section, list(dict.fromkeys([*SECTIONS, "inputs"])), file))
        elif not isinstance(table, Mapping):
            faults.append(Fault("plan_not_a_table", file=file, column=section, value=repr(table)))
        else:
            faults += [
                _unknown(f"{section}.{key}", [f"{section}.{word}" for word in known], file)
                for key in table
                if key not in known
            ]
    return faults


def _sections(words: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the tables of the file under dotted names; ``[inputs.roads]`` is one of them."""
    found: list[tuple[str, Any]] = []
    for name, table in words.items():
        if name == "inputs" and isinstance(table, Mapping):
            found += [(f"inputs.{inner}", spec) for inner, spec in table.items()]
        else:
            found.append((name, table))
    return found


def _unknown(key: str, known: list[str], file: str) -> Fault:
    section, _, last = key.rpartition(".")
    everywhere = [f"{name}.{word}" for name, table in SECTIONS.items() for word in table]
    misplaced = [word for word in everywhere if word.rpartition(".")[2] == last]
    near = misplaced if len(misplaced) == 1 else difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    near = near or misplaced or [word for word in everywhere if word.rpartition(".")[0] == section]
    return Fault("plan_unknown_key", file=file, column=key, value=key, facts={"nearest": near[0] if near else known[0]})


def _missing_keys(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Name each key that a plan cannot do without."""
    tables = {name: table for name, table in _sections(words) if isinstance(table, Mapping)}
    needed = [*_NEEDED, *(f"{name}.path" for name in tables if name.startswith("inputs.") and name in SECTIONS)]
    return [
        Fault("plan_missing_key", file=file, column=key)
        for key in dict.fromkeys(needed)
        if key.rpartition(".")[2] not in tables.get(key.rpartition(".")[0], {})
    ]


def _wrong_values(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Name each value that is not of its key's kind."""
    faults = []
    for section, table in _sections(words):
        for key, value in table.items() if isinstance(table, Mapping) else ():
            kind = SECTIONS.get(section, {}).get(key)
            if kind is not None and not kind.accepts(value):
                facts = {"expected_zh": kind.zh, "expected_en": kind.en}
                faults.append(Fault("plan_bad_value", file=file, column=f"{section}.{key}", value=str(value), facts=facts))
            elif key in ("path", "table") and isinstance(value, str) and not _is_plain_path(value):
                faults.append(Fault("plan_path_refused", file=file, column=f"{section}.{key}", value=value[:200]))
    return faults


def _is_plain_path(path: str) -> bool:
    """Say whether ``path`` names a file and nothing else: no address, virtual file system, connection or inline XML."""
    lowered = path.strip().lower()
    return not (
        "://" in lowered
        or lowered.startswith(("/vsi", "\\vsi", "<", "{", "pg:", "postgresql:", "mysql:", "mongodb", "file:", "http:", "https:"))
        or "\n" in path
        or "\0" in path
    )


def _build(words: Mapping[str, Any], path: Path) -> Plan:
    """Turn the checked document into a `Plan`, filling in defaults."""
    folder = path.resolve().parent
    head = words["plan"]
    siting = dict(words.get("siting", {}))
    siting["phases"] = tuple(Phase(**phase) for phase in siting.get("phases", ()))
    walk = dict(words.get("walk", {}))
    if "minutes" in walk:
        walk["minutes"] = tuple(sorted(walk["minutes"]))
    output = {key: tuple(value) if key == "maps" else value for key, value in words.get("output", {}).items()}
    stated = "as_of" in head
    return Plan(
        name=head["name"],
        standard=head["standard"],
        as_of=head["as_of"] if stated else date.today(),
        crs=head.get("crs"),
        notes=tuple(head.get("notes", ())),
        inputs={name: _input(name, spec, folder) for name, spec in words["inputs"].items()},
        walk=Walk(**walk),
        standards=dict(words.get("standards", {})),
        siting=Siting(**siting),
        output=Output(**output),
        file=path.name,
        folder=folder,
        defaults=_defaults(words),
        warnings=() if stated else (Fault("plan_as_of_today", "warning", file=path.name, column="plan.as_of"),),
    )


def _input(name: str, spec: Mapping[str, Any], folder: Path) -> InputSpec:
    table = spec.get("table")
    return InputSpec(
        name=name,
        file=_resolve(spec["path"], folder),
        table_file=None if table is None else _resolve(table, folder),
        **spec,
    )


def _resolve(path: str, folder: Path) -> Path:
    """Return ``path`` under ``folder``; a path written the Windows way is understood everywhere."""
    plain = PureWindowsPath(path).as_posix() if "\\" in path else str(PurePosixPath(path))
    return folder / plain


def _defaults(words: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys with a default that the file leaves out."""
    absent = {
        "walk": ("speed_m_per_s", "minutes", "max_snap_m", "rule"),
        "siting": ("level", "model", "minutes", "demand", "one_per_street", "min_share_per_street", "time_limit_s"),
        "output": ("language", "maps"),
    }
    siting_runs = "candidates" in words.get("inputs", {}) or "generate" in words.get("siting", {})
    return tuple(
        f"{section}.{key}"
        for section, keys in absent.items()
        if section != "siting" or siting_runs
        for key in keys
        if key not in words.get(section, {})
    )


def _contradictions(plan: Plan) -> list[Fault]:
    """Name keys that do not go together."""
    faults = []
    siting = plan.siting
    sited = "candidates" in plan.inputs or siting.generate is not None
    if sited and siting.p is None and siting.model != "lscp":
        faults.append(Fault("plan_p_missing", file=plan.file, column="siting.p", value=siting.model))
    counts = [phase.p for phase in siting.phases]
    if counts and (siting.p is None or counts != sorted(counts) or counts[-1] != siting.p):
        facts = {"p": siting.p}
        faults.append(Fault("plan_phases", file=plan.file, column="siting.phases", value=str(counts), facts=facts))
    residential = plan.inputs["residential"]
    if (residential.table is None) != (residential.join is None):
        faults.append(Fault("plan_table_join", file=plan.file, column="inputs.residential.table"))
    return faults
