"""Room `planning.export`: the legend of each layer, in the palette's looks and words; QML, KML and DXF draw from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from planning import palette, texts
from planning.export import _tables as tables
from planning.palette import Fill, Filling, Hatch, Palette, Shape
from planning.study import StudyResult
from planning.tables import LEVELS
from planning.texts import Language

_WORDS: Final[Mapping[str, str]] = {
    "verdict": "verdict",
    "paper_verdict": "verdict",
    "level": "export.level",
    "kind": "kind",
    "source": "source",
    "cause": "coverage.cause",
}
"""Columns of codes and where their words stand; ``status`` is one of coverage or of facilities by its layer."""
_BOUNDARIES: Final = {"county": "county_boundary", "street": "street_boundary", "town": "street_boundary",
                      "community": "community_boundary", "village": "community_boundary"}  # fmt: skip
_SITED: Final = ("facilities", "sites", "candidates")


@dataclass(frozen=True)
class AreaLook:
    """How an area is drawn; without ``hex`` only its outline is."""

    hex: str
    edge: str
    edge_mm: float
    hatch: Hatch = field(default_factory=Hatch)
    dash_mm: tuple[float, ...] = ()


@dataclass(frozen=True)
class LineLook:
    """How a line is drawn."""

    hex: str
    mm: float


@dataclass(frozen=True)
class PointLook:
    """How a point is drawn: shape says level, filling says status, rings a later phase."""

    shape: Shape
    mm: float
    hex: str
    filling: Filling
    rings: int = 0


@dataclass(frozen=True)
class Role:
    """One entry of a legend: the values of each column it stands for, its wording, its look; none: every row."""

    where: Mapping[str, Sequence[str]]
    label: str
    look: AreaLook | LineLook | PointLook


def legend(result: StudyResult, layer: tables.Layer) -> list[Role]:
    """Return the legend of a layer: each residential verdict, level and status of facilities, phase, band, border."""
    language, book, names = result.inputs.plan.output.language, palette.load(), tables.names(layer.fields)
    if layer.name == "residential":
        judged = "verdict" in names
        column = "verdict" if judged else f"{result.inputs.plan.siting.level}_status"
        return areas(layer, column, book.verdicts if judged else book.coverages, language)
    if layer.name == "uncovered":
        outside = ("uncovered", "unreachable", "unsnapped")
        return areas(layer, "status", {name: book.coverages[name] for name in outside}, language)
    if layer.name in _SITED:
        return _points(result, layer, book, language)
    if layer.name == "units":
        return list(_boundaries(layer, book, language))
    return list(_circles(result, layer, book, language))


def coverage(result: StudyResult, layer: tables.Layer) -> dict[str, list[Role]]:
    """Return the legends of coverage of residential areas, by level."""
    levels = [level for level in (*LEVELS, "planned") if f"{level}_status" in layer.frame]
    book, language = palette.load(), result.inputs.plan.output.language
    shown = {name: fill for name, fill in book.coverages.items() if name != "newly_covered"}
    return {level: areas(layer, f"{level}_status", shown, language) for level in levels}


def areas(layer: tables.Layer, column: str, fills: Mapping[str, Fill], language: Language) -> list[Role]:
    """Return one role a fill; one plain role where the layer has no such column."""
    book = palette.load()
    edge_mm = float(book.line["area_edge_mm"])
    if column not in layer.frame:
        return [Role({}, layer.alias, AreaLook(book.base["neutral_area"], book.base["neutral_edge"], edge_mm))]
    return [
        Role({column: (name,)}, fill.label(language), AreaLook(fill.hex, fill.edge, edge_mm, fill.hatch))
        for name, fill in fills.items()
    ]


def place(layer: tables.Layer, roles: Sequence[Role]) -> pd.Series:
    """Return the number of the role each row plays, -1 where it plays none; the first that fits counts."""
    found = pd.Series(-1, index=layer.frame.index)
    for number, role in reversed(list(enumerate(roles))):
        fits = np.ones(len(found), dtype=bool)
        for column, values in role.where.items():
            fits &= _plain(layer.frame[column]).isin(values).to_numpy(dtype=bool)
        found = found.mask(fits, number)
    return found


def words(layer: tables.Layer, language: Language) -> dict[str, dict[str, str]]:
    """Return, for each column of codes in the layer, what a person reads for each code."""
    names = tables.names(layer.fields)
    keys = {name: _WORDS[name] for name in names if name in _WORDS}
    keys |= {
        name: "coverage.status" for name in names if name.endswith("_status") and name[:-7] in (*LEVELS, "planned")
    }
    if "status" in names:
        keys["status"] = "coverage.status" if layer.name == "uncovered" else "status"
    return {name: table(prefix, language) for name, prefix in keys.items()}


def table(prefix: str, language: Language) -> dict[str, str]:
    """Return the words under ``prefix``, by code."""
    dotted = f"{prefix}."
    found = {key[len(dotted) :]: said[language] for key, said in texts.entries().items() if key.startswith(dotted)}
    return {code: said for code, said in found.items() if "." not in code}


def _plain(values: pd.Series) -> pd.Series:
    return values.map("{:g}".format, na_action="ignore") if values.dtype.kind == "f" else values.astype("str")


def _points(result: StudyResult, layer: tables.Layer, book: Palette, language: Language) -> list[Role]:
    if layer.name == "sites":
        return _phases(result, layer, book)
    if layer.name == "candidates":
        return [
            Role({"role_used": ("candidate", "required")}, book.candidate.label(language), site_look(book.candidate)),
            Role({"role_used": ("forbidden",)}, book.forbidden.label(language), site_look(book.forbidden)),
        ]
    return [*_facilities(layer, book, language), *_candidates(layer, book, language)]


def _facilities(layer: tables.Layer, book: Palette, language: Language) -> Iterator[Role]:
    """Yield one role for each level and filling that some facility has."""
    there = set(layer.frame[["level", "status"]].itertuples(index=False, name=None))
    for level in book.levels.values():
        for status in book.statuses.values():
            members = tuple(member for member in status.members if (level.name, member) in there)
            if members:
                label = f"{level.label(language)} · {status.label(language)}"
                yield Role({"level": (level.name,), "status": members}, label, _facility_look(level, status, book))


def _facility_look(level: palette.Level, status: palette.Status, book: Palette) -> PointLook:
    """Return the symbol of a facility; idle, diverted and closed are grey."""
    grey = status.filling in ("bar", "slash", "x")
    return PointLook(level.shape, level.mm, book.status_ink if grey else level.hex, status.filling)


def _candidates(layer: tables.Layer, book: Palette, language: Language) -> Iterator[Role]:
    """Yield the roles of candidates among the facilities: those left out by the planner are crossed."""
    offered = layer.frame["status"] == "candidate"
    forbidden = offered & (layer.frame["role"] == "forbidden" if "role" in layer.frame else False)
    if forbidden.any():
        values = {"status": ("candidate",), "role": ("forbidden",)}
        yield Role(values, book.forbidden.label(language), site_look(book.forbidden))
    if (offered & ~forbidden).any():
        yield Role({"status": ("candidate",)}, book.candidate.label(language), site_look(book.candidate))


def site_look(site: palette.Site) -> PointLook:
    """Return the symbol of a candidate or chosen site."""
    return PointLook(site.shape, site.mm, site.hex, site.filling, site.rings)


def _phases(result: StudyResult, layer: tables.Layer, book: Palette) -> list[Role]:
    """Return one role a phase of the plan that has sites; without phases, one for all."""
    named = set(layer.frame["phase"].dropna()) if "phase" in layer.frame else set()
    order = [phase.name for phase in result.inputs.plan.siting.phases]
    phases = [name for name in order if name in named]
    if not phases:
        return [Role({}, layer.alias, site_look(book.phase(1)))]
    return [Role({"phase": (name,)}, name, site_look(book.phase(order.index(name) + 1))) for name in phases]


def _boundaries(layer: tables.Layer, book: Palette, language: Language) -> Iterator[Role]:
    said = table("export.unit", language)
    for kind in ("community", "village", "town", "street", "county"):
        if (layer.frame["type"] == kind).any():
            style: Mapping[str, Any] = book.line[_BOUNDARIES[kind]]
            look = AreaLook("", style["hex"], float(style["mm"]), dash_mm=tuple(style["dash_mm"]))
            yield Role({"type": (kind,)}, said[kind], look)


def _circles(result: StudyResult, layer: tables.Layer, book: Palette, language: Language) -> Iterator[Role]:
    """Yield one role for each band of walking time, the nearest first."""
    for band in book.bands(result.inputs.plan.walk.minutes):
        look = LineLook(band.edge, 0.35) if layer.name == "reached_roads" else AreaLook(band.wash, band.edge, 0.18)
        yield Role({"minutes": (f"{band.upto:g}",)}, band.label(language), look)
