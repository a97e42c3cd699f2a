"""The plan file: what a planner asks for, checked to the last key before anything is read.

`read` gathers every fault of the file and raises once. A `Plan` is frozen; nothing in it is a default the reader
cannot see: `Plan.defaults` lists the keys that were filled in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final, Literal

from planning.errors import Fault, InputRefused, refuse
from planning.plan import _faults, _screen, _siting
from planning.plan._keys import INPUTS as INPUTS
from planning.plan._keys import NEEDED_INPUTS as NEEDED_INPUTS
from planning.plan._keys import SECTIONS as SECTIONS
from planning.plan._keys import WALKERS as WALKERS
from planning.plan._robustness import Robustness as Robustness
from planning.plan._robustness import faults as robustness_faults
from planning.plan._robustness import read as read_robustness
from planning.plan._screen import MINIMUM as MINIMUM
from planning.plan._screen import Generate as Generate
from planning.plan._screen import Screen as Screen
from planning.plan._siting import Phase as Phase

BANDS_M: Final = (720, 900, 1000)
FAR_M: Final = 10_000.0
"""How far facilities are looked for from the counties of a province."""
Model = Literal["lscp", "mclp", "p_median", "p_center", "deficit", "capacitated"]


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
    crs: str | None = None
    datum_shift: Mapping[str, Any] | None = None
    max_repair_share: float | None = None
    table: str | None = None
    table_file: Path | None = None
    join: str | None = None
    noding: Literal["planar"] | None = None
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
    profiles: tuple[str, ...] = ()
    spread: bool = False
    walls: Literal["none", "gated"] = "none"
    stairs_factor: float = 1.0
    crossing_s: float = 0.0
    extra_s: bool = False
    climb: Literal["none", "naismith"] = "none"
    far_m: float | None = None

    @property
    def by_seconds(self) -> bool:
        """Say whether seconds are lost on the way, which are other metres for each walker."""
        return self.crossing_s > 0 or self.extra_s

    def metres(self, minutes: float) -> float:
        """Return how far one walks in ``minutes``, to the millimetre."""
        return round(minutes * 60 * self.speed_m_per_s, 3)


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
    share: float | None = None
    min_per_street: int = 0
    min_share: Mapping[str, float] = field(default_factory=dict)
    spacing_m: float = 0.0
    budget: float | None = None
    min_floor_area_m2: float | None = None
    max_floor_area_m2: float | None = None
    may_close: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    capacity_per_site: float | None = None
    capacity_per_m2: float | None = None
    single_source: bool = False
    phases: tuple[Phase, ...] = ()
    time_limit_s: float = 60.0
    explain: bool | None = None
    robustness: Robustness | None = None
    generate: Generate | None = None
    screen: tuple[Screen, ...] = ()


@dataclass(frozen=True)
class Output:
    """What is written, and in which language."""

    language: Literal["zh", "en"] = "zh"
    maps: tuple[str, ...] = ("pdf", "png", "svg")
    paper: Literal["A3", "A4"] = "A3"
    exports: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    shp_encoding: Literal["gbk", "utf-8"] = "utf-8"
    template: str | None = None  # a Word template of the report; its path is relative to the plan's folder
    orientation: Literal["auto", "landscape", "portrait"] = "auto"
    edition: Literal["internal", "public"] = "internal"
    style: str | None = None  # a file of house style; its path is relative to the plan's folder


@dataclass(frozen=True)
class Province:
    """That a plan is run county by county; ``key`` is the column that names the county of a row, where there is one.

    ``documents`` are the codes of the counties that get texts, tables, maps and exchange files; ``all`` are all.
    """

    key: str | None = None
    documents: tuple[str, ...] = ()


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
    province: Province | None = None

    @property
    def radius_m(self) -> float:
        """Return the service radius that coverage is reported for."""
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
    def profiles_m(self) -> dict[str, float]:
        """Return how far each walker asked for gets in the largest of ``walk.minutes``."""
        minutes = max(self.walk.minutes)
        return {name: round(minutes * 60 * WALKERS[name], 3) for name in self.walk.profiles}

    @property
    def bands_m(self) -> tuple[int | float, ...]:
        """Return the radii reported side by side: 720, 900, 1000 m and each of ``walk.minutes``, ascending."""
        minutes = (self.walk.metres(minute) for minute in self.walk.minutes)
        return tuple(sorted({*map(float, BANDS_M), *minutes}))


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
    refuse(_faults.find(words, path.name))
    plan = _build(words, path)
    refuse(_contradictions(plan))
    return plan


def _parse(path: Path) -> dict[str, Any]:
    """Return the TOML document, or refuse the file as a whole."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputRefused(Fault("plan_not_found", file=path.name, value=str(path))) from None
    except OSError:
        raise InputRefused(Fault("plan_not_readable", file=path.name, value=str(path))) from None
    except UnicodeDecodeError:
        raise InputRefused(Fault("plan_not_utf8", file=path.name)) from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and endless nesting
        code = "plan_duplicate_key" if "overwrite" in str(error) or "twice" in str(error) else "plan_not_toml"
        raise InputRefused(Fault(code, file=path.name, value=str(error))) from None


def _build(words: Mapping[str, Any], path: Path) -> Plan:
    """Turn the checked document into a `Plan`, filling in defaults."""
    folder = path.resolve().parent
    head = words["plan"]
    siting = dict(words.get("siting", {}))
    siting["phases"] = _siting.phases(siting.get("phases", ()))
    siting["may_close"] = tuple(siting.get("may_close", ()))
    siting["then"] = tuple(siting.get("then", ()))
    siting["screen"] = _screen.screens(siting.get("screen", ()))
    siting["generate"] = _screen.generation(siting.get("generate"))
    if "robustness" in siting:
        siting["robustness"] = read_robustness(siting["robustness"])
    walk = dict(words.get("walk", {}))
    if "minutes" in walk:
        walk["minutes"] = tuple(sorted(walk["minutes"]))
    if "profiles" in walk:
        walk["profiles"] = tuple(word for word in WALKERS if word in walk["profiles"])
    if "province" in words:
        walk.setdefault("far_m", FAR_M)
    output: dict[str, Any] = dict(words.get("output", {}))
    for key in ("maps", "exports", "schemas"):
        if key in output:
            output[key] = tuple(output[key])
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
        province=_province(words["province"]) if "province" in words else None,
        warnings=() if stated else (Fault("plan_as_of_today", "warning", file=path.name, column="plan.as_of"),),
    )


def _province(words: Mapping[str, Any]) -> Province:
    return Province(key=words.get("key"), documents=tuple(words.get("documents", ())))


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
    by_frontage = words.get("walk", {}).get("rule") == "frontage"
    far = ("far_m",) if "province" in words else ()
    absent = {
        "walk": (*far, "speed_m_per_s", "minutes", "max_snap_m", "rule", *(("frontage_m",) if by_frontage else ())),
        "siting": ("level", "model", "minutes", "demand", "one_per_street", "min_share_per_street", "time_limit_s"),
        "output": ("language", "maps", "paper", "orientation", "edition"),
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
    if "candidates" in plan.inputs and siting.generate is not None:
        made = siting.generate.way
        faults.append(Fault("plan_generate_and_given", file=plan.file, column="siting.generate", value=made))
    if sited and siting.p is None and siting.model != "lscp":
        faults.append(Fault("plan_p_missing", file=plan.file, column="siting.p", value=siting.model))
    counts = [phase.p for phase in siting.phases]
    if counts and (siting.p is None or counts != sorted(counts) or counts[-1] != siting.p):
        facts = {"p": siting.p}
        faults.append(Fault("plan_phases", file=plan.file, column="siting.phases", value=str(counts), facts=facts))
    faults += _siting.contradictions(siting, as_of=plan.as_of, file=plan.file)
    if siting.robustness is not None:
        by_radius = plan.standards.get("service_radius_m") is not None
        faults += robustness_faults(
            siting.robustness,
            file=plan.file,
            model=siting.model,
            fixed_radius=by_radius,
            by_seconds=plan.walk.by_seconds,
        )
    far_m = plan.walk.far_m
    if far_m is not None and far_m < max(plan.radius_m, *plan.bands_m):
        least = {"least": f"{max(plan.radius_m, *plan.bands_m):g}"}
        faults.append(Fault("plan_far_short", file=plan.file, column="walk.far_m", value=f"{far_m:g}", facts=least))
    if plan.province is not None and "units" not in plan.inputs:
        faults.append(Fault("plan_province_units", file=plan.file, column="inputs.units.path"))
    residential = plan.inputs["residential"]
    if (residential.table is None) != (residential.join is None):
        faults.append(Fault("plan_table_join", file=plan.file, column="inputs.residential.table"))
    for name, spec in plan.inputs.items():
        if spec.datum is not None and spec.datum_shift is not None:
            faults.append(Fault("plan_two_datums", file=plan.file, column=f"inputs.{name}.datum", value=spec.datum))
    return faults
