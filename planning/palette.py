"""Every colour, hatch and symbol, read from ``palette.toml``: one visual language for screen and print.

Renderers hold no colour of their own. Each role is told apart twice, by colour and by hatch, shape or filling, so a
map still reads in grey and for colour-blind readers; sizes are millimetres on paper and pixels on screen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

from planning import texts

HatchKind = Literal["none", "lines", "cross", "dots"]
Filling = Literal["solid", "left_half", "hollow", "bar", "slash", "x"]
Shape = Literal["hexagon", "circle", "square", "triangle", "diamond"]

# Screen minimum: a line thinner than this is anti-aliased away.
MIN_LINE_PX: Final = 1.0


@dataclass(frozen=True)
class Label:
    """The wording of a role in both languages."""

    zh: str
    en: str

    def label(self, language: texts.Language) -> str:
        """Return the wording in ``language``."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Hatch:
    """A hatch: ``pitch_mm`` between lines or dots, ``width_mm`` of a line or across a dot, angle from east."""

    kind: HatchKind = "none"
    angle_deg: float = 0.0
    pitch_mm: float = 0.0
    width_mm: float = 0.0
    hex: str = ""


@dataclass(frozen=True)
class Fill(Label):
    """How an area is drawn: fill, edge and hatch; ``mark`` stands for it in text, ``wash`` is its catchment's fill."""

    name: str
    hex: str
    edge: str
    hatch: Hatch
    mark: str = ""
    wash: str = ""


@dataclass(frozen=True)
class Shortfall(Fill):
    """A class of shortfall; ``upto`` in parts of the single minimum M, itself included."""

    upto: float = 0.0


@dataclass(frozen=True)
class Band(Label):
    """A band of walking time up to ``upto`` minutes: fill of an area, wash of the catchment, edge."""

    upto: float
    area: str
    wash: str
    edge: str


@dataclass(frozen=True)
class LimitLine(Label):
    """The dashed outline of the largest band; its wording has a place for the minutes."""

    hex: str
    width_mm: float
    dash_mm: tuple[float, ...]


@dataclass(frozen=True)
class Level(Label):
    """The symbol of a facility level: shape says level, colour repeats it."""

    name: str
    shape: Shape
    hex: str
    mm: float
    px: float


@dataclass(frozen=True)
class Status(Label):
    """The filling of a symbol says the status; ``members`` are the canonical statuses drawn so."""

    name: str
    filling: Filling
    members: tuple[str, ...]


@dataclass(frozen=True)
class Site(Label):
    """The symbol of a candidate or chosen site; ``rings`` beyond the outline for a third and later phase."""

    shape: Shape
    mm: float
    px: float
    filling: Filling
    hex: str
    text: str = ""
    rings: int = 0


@dataclass(frozen=True)
class Ramp:
    """Classes of a statistical surface; values on a break belong to the class below."""

    breaks: tuple[float, ...]
    hex: tuple[str, ...]


@dataclass(frozen=True)
class Change(Label):
    """A role of the comparison of two runs."""

    hex: str
    mark: str = ""


@dataclass(frozen=True)
class Palette:
    """The whole palette; ``base``, ``line``, ``text`` and ``ink`` keep the words of the file."""

    px_per_mm: float
    meta: Mapping[str, Any]
    ink: Mapping[str, str]
    verdicts: Mapping[str, Fill]
    missing: Fill
    shortfalls: tuple[Shortfall, ...]
    coverages: Mapping[str, Fill]
    minutes: tuple[Band, ...]
    limit_line: LimitLine
    levels: Mapping[str, Level]
    statuses: Mapping[str, Status]
    status_ink: str
    candidate: Site
    forbidden: Site
    phases: tuple[Site, ...]
    ramps: Mapping[str, Ramp]
    changes: Mapping[str, Change]
    base: Mapping[str, Any]
    line: Mapping[str, Any]
    text: Mapping[str, Any]
    road_roles: Mapping[str, str]

    def road_role(self, road_class: str) -> str:
        """Return the line (``arterial``, ``secondary``, ``local``, ``footway``) of a road class; unknown is local."""
        return self.road_roles.get(road_class, "local")

    def status(self, status: str) -> Status:
        """Return how facilities of canonical ``status`` (``operating``, ``accepted`` …) are filled.

        Raises
        ------
        KeyError
            If no filling is given for the status: a mistake in the program or the file.
        """
        for entry in self.statuses.values():
            if status in entry.members:
                return entry
        raise KeyError(status)

    def phase(self, number: int) -> Site:
        """Return the symbol of sites of phase ``number`` (from 1); beyond the last in the file: one more ring each."""
        beyond = max(number - len(self.phases), 0)
        return replace(self.phases[min(number, len(self.phases)) - 1], rings=beyond)

    def shortfall(self, part: float) -> Shortfall:
        """Return the class of a shortfall of ``part`` times the single minimum (0.25 belongs to ``≤ M/4``)."""
        return next(entry for entry in self.shortfalls if part <= entry.upto)

    def bands(self, minutes: Sequence[float]) -> tuple[Band, ...]:
        """Return one band per entry of ``minutes``, ascending; the file's colours, spread where there are not three.

        The largest band always has the palest colour, so a plan with one circle looks like the 15-minute circle.
        """
        ordered = sorted(minutes)
        spread = _spread(self.minutes, len(ordered))
        return tuple(_worded(band, ordered, index) for index, band in enumerate(spread))

    def limit_label(self, minutes: float, language: texts.Language) -> str:
        """Return the wording of the limit line of a ``minutes`` circle."""
        return self.limit_line.label(language).format(upto=f"{minutes:g}")

    def pixels(self, width_mm: float) -> float:
        """Return a line width on screen, at least one pixel."""
        return max(width_mm * self.px_per_mm, MIN_LINE_PX)

    def dash_px(self, dash_mm: Sequence[float]) -> str:
        """Return a dash pattern on screen, as SVG writes it."""
        return " ".join(f"{part * self.px_per_mm:g}" for part in dash_mm)


@cache
def load() -> Palette:
    """Return the palette of ``palette.toml``."""
    return _read(_words())


def words() -> dict[str, Any]:
    """Return ``palette.toml`` as it stands, the caller's own copy."""
    return deepcopy(_words())


def styled(changes: Mapping[str, Any]) -> Palette:
    """Return the palette with ``changes`` laid over ``palette.toml``, key by key; lists of tables place by place."""
    return _read(_laid(_words(), changes))


def _laid(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, Mapping):
        return {**under, **{key: _laid(under.get(key), value) for key, value in over.items()}}
    if isinstance(under, list) and under and isinstance(under[0], dict):
        return [_laid(one, other) for one, other in zip(under, over, strict=True)]
    return over


def _read(words: Mapping[str, Any]) -> Palette:
    siting = words["siting"]
    return Palette(
        px_per_mm=words["meta"]["px_per_mm"],
        meta=MappingProxyType(words["meta"]),
        ink=MappingProxyType(words["ink"]),
        verdicts=_fills(words["verdict"]),
        missing=_fill("missing", words["missing"]),
        shortfalls=tuple(_shortfall(index, entry) for index, entry in enumerate(words["shortfall"])),
        coverages=_fills(words["coverage"]),
        minutes=tuple(Band(**entry) for entry in words["minutes"]),
        limit_line=LimitLine(**{**words["limit_line"], "dash_mm": tuple(words["limit_line"]["dash_mm"])}),
        levels=_levels(words["level"]),
        statuses=MappingProxyType({name: _status(name, entry) for name, entry in words["status"].items()}),
        status_ink=words["status_ink"]["hex"],
        candidate=Site(**siting["candidate"]),
        forbidden=Site(**siting["forbidden"]),
        phases=tuple(Site(**entry) for entry in siting["phase"]),
        ramps=MappingProxyType({name: _ramp(entry) for name, entry in words["ramp"].items()}),
        changes=MappingProxyType({name: Change(**entry) for name, entry in words["change"].items()}),
        base=_frozen(words["base"]),
        line=_frozen(words["line"]),
        text=_frozen(words["text"]),
        road_roles=MappingProxyType({word: role for role, road in words["road"].items() for word in road}),
    )


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((resources.files("planning") / "palette.toml").read_text(encoding="utf-8"))


def _hatch(entry: Mapping[str, Any]) -> Hatch:
    return Hatch(
        kind=entry["kind"],
        angle_deg=entry.get("angle", 0.0),
        pitch_mm=entry.get("pitch", 0.0),
        width_mm=entry.get("width", 0.0),
        hex=entry.get("hex", ""),
    )


def _fill(name: str, entry: Mapping[str, Any]) -> Fill:
    facts = {key: value for key, value in entry.items() if key not in ("order", "hatch")}
    return Fill(name=name, hatch=_hatch(entry["hatch"]), **facts)


def _fills(entries: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Fill]:
    names = sorted(entries, key=lambda name: entries[name]["order"])
    return MappingProxyType({name: _fill(name, entries[name]) for name in names})


def _shortfall(index: int, entry: Mapping[str, Any]) -> Shortfall:
    facts = {key: value for key, value in entry.items() if key != "hatch"}
    return Shortfall(name=f"shortfall_{index}", hatch=_hatch(entry["hatch"]), **facts)


def _levels(entries: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Level]:
    names = sorted(entries, key=lambda name: entries[name]["order"])
    facts = {name: {key: value for key, value in entries[name].items() if key != "order"} for name in names}
    return MappingProxyType({name: Level(name=name, **facts[name]) for name in names})


def _status(name: str, entry: Mapping[str, Any]) -> Status:
    return Status(name=name, filling=entry["filling"], members=tuple(entry["members"]), zh=entry["zh"], en=entry["en"])


def _ramp(entry: Mapping[str, Any]) -> Ramp:
    return Ramp(breaks=tuple(entry["breaks"]), hex=tuple(entry["hex"]))


def _frozen(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({key: _frozen(value) if isinstance(value, dict) else value for key, value in entry.items()})


def _spread(bands: tuple[Band, ...], count: int) -> list[Band]:
    """Return ``count`` bands: the palest ones of the file, or colours mixed between them where more are asked."""
    if count <= len(bands):
        return list(bands[len(bands) - count :])
    places = [index * (len(bands) - 1) / (count - 1) for index in range(count)]
    return [_between(bands[int(place)], bands[min(int(place) + 1, len(bands) - 1)], place % 1) for place in places]


def _between(darker: Band, paler: Band, part: float) -> Band:
    return replace(
        darker,
        area=_mix(darker.area, paler.area, part),
        wash=_mix(darker.wash, paler.wash, part),
        edge=_mix(darker.edge, paler.edge, part),
    )


def _mix(first: str, second: str, part: float) -> str:
    pairs = ((int(first[at : at + 2], 16), int(second[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in pairs)


def _worded(band: Band, minutes: Sequence[float], index: int) -> Band:
    form = _words()["minutes_label"]["between" if index else "first"]
    facts = {"upto": f"{minutes[index]:g}", "above": f"{minutes[index - 1]:g}"}
    return replace(band, upto=minutes[index], zh=form["zh"].format(**facts), en=form["en"].format(**facts))
