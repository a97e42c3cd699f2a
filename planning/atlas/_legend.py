"""Legends: points, lines, areas of the theme, wash, base; what is on the sheet, a class series whole, with counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from planning.atlas import _blocks as blocks
from planning.atlas import _symbols as symbols
from planning.atlas._blocks import Entry
from planning.atlas._canvas import Canvas
from planning.atlas._page import Page, Pen
from planning.atlas._view import View
from planning.palette import Fill

# Wider than on the map, so that a white road shows on white paper.
SAMPLE_CASING_MM = 0.5
NOT_COUNTED = ("coming", "planned", "idle", "diverted", "closed")


def facilities(
    canvas: Canvas, levels: Iterable[str], *, counts: bool = False, among: pd.DataFrame | None = None
) -> list[Entry]:
    """Return a row per level and status that stands in the table, or among some of its rows."""
    view, wanted, found = canvas.view, list(levels), []
    frame = view.facilities if among is None else among
    for level in view.book.levels.values():
        if level.name not in wanted:
            continue
        for status in view.book.statuses.values():
            many = int(((frame["level"] == level.name) & frame["status"].isin(status.members)).sum())
            if not many:
                continue
            said = f"{level.label(view.language)} {status.label(view.language)}"
            said += view.say("legend.not_counted") if status.name in NOT_COUNTED else ""
            mark = symbols.of_facility(level, status, view.book)
            found.append(Entry(blocks.symbol(mark), said, view.say("places", n=many) if counts else ""))
    return found


def phases(view: View, *, among: pd.DataFrame | None = None) -> list[Entry]:
    """Return a row per phase of building, or one where the plan has none; the numeral is the rank."""
    names = [phase.name for phase in view.plan.siting.phases] or [view.say("legend.site")]
    found = []
    sites = view.sites if among is None else among
    for number, name in enumerate(names, start=1):
        many = int((sites["number"] == number).sum())
        if among is not None and not many:
            continue
        first = sites.loc[sites["number"] == number, "rank"]
        numeral = str(int(first.iloc[0])) if len(first) else str(number)
        mark = symbols.of_site(view.book.phase(number), numeral=numeral)
        found.append(Entry(blocks.symbol(mark), name, view.say("places", n=many)))
    return found


def candidates(view: View, *, forbidden: bool = True) -> list[Entry]:
    """Return the rows of candidates and excluded candidates."""
    roles = view.candidates["role"] if "role" in view.candidates else pd.Series(dtype="str")
    excluded = int((roles == "forbidden").sum())
    offered = len(view.candidates) - excluded
    found = [
        Entry(
            blocks.symbol(symbols.of_site(view.book.candidate)),
            view.book.candidate.label(view.language),
            view.say("places", n=offered),
        )
    ]
    if forbidden and excluded:
        said = view.book.forbidden.label(view.language)
        found.append(Entry(blocks.symbol(symbols.of_site(view.book.forbidden)), said, view.say("places", n=excluded)))
    return found


def coverage(canvas: Canvas, roles: pd.Series) -> tuple[list[Entry], list[Entry]]:
    """Return the rows of covered classes, and of those outside; a series whole, zeros too."""
    view, fills, counts = canvas.view, canvas.view.fills(), roles.value_counts()
    bands = [f"minutes_{index}" for index in range(len(view.bands))] if view.banded else []
    covered = bands + (["covered"] if not bands or counts.get("covered", 0) else [])
    return _of(view, fills, counts, covered), _of(view, fills, counts, ["uncovered", "unreachable", "unsnapped"])


def roles_of(canvas: Canvas, roles: pd.Series, names: Sequence[str]) -> list[Entry]:
    """Return a row per role, in the order given."""
    return _of(canvas.view, canvas.view.fills(), roles.value_counts(), names)


def shortfalls(canvas: Canvas, roles: pd.Series) -> tuple[str, list[Entry]]:
    """Return the line that says what M is, and a row per class of shortfall."""
    view, fills, counts = canvas.view, canvas.view.fills(), roles.value_counts()
    found = []
    for place, entry in enumerate(view.book.shortfalls):
        said = _class(view, place)
        found.append(Entry(blocks.swatch(fills[entry.name]), said, view.say("count", n=int(counts.get(entry.name, 0)))))
    if counts.get("fails", 0):
        said = view.say("legend.plain_fails")
        found.append(Entry(blocks.swatch(fills["fails"]), said, view.say("count", n=int(counts["fails"]))))
    stated = view.minimums_m2
    key = "silent" if not stated else "own" if len(stated) > 1 else "stated"
    failing = sum(int(counts.get(name, 0)) for name in ("fails", *(entry.name for entry in view.book.shortfalls)))
    return view.say(f"legend.m_{key}", n=failing, m=f"{stated[0]:g}" if stated else ""), found


def _class(view: View, place: int) -> str:
    """Return a class in m² where one M holds for all areas, else in parts of M."""
    said = view.short_class(place)
    return said if view.shortfall_breaks(place) is None else view.say("legend.class", ends=said)


def _of(view: View, fills: dict[str, Fill], counts: pd.Series, names: Iterable[str]) -> list[Entry]:
    return [
        Entry(
            blocks.swatch(fills[name]), fills[name].label(view.language), view.say("count", n=int(counts.get(name, 0)))
        )
        for name in names
    ]


def limit(canvas: Canvas, *, key: str = "") -> Entry:
    """Return the row of the limit line."""
    view, style = canvas.view, canvas.view.book.limit_line
    hex_ = view.book.coverages["newly_covered"].edge if key == "after" else style.hex
    radius = f"{view.plan.radius_m:g}"
    fixed = "service_radius_m" in view.plan.standards
    said = (
        view.say("legend.limit_radius", radius=radius)
        if fixed
        else view.book.limit_label(max(view.plan.walk.minutes), view.language)
    )
    said = view.say(f"legend.limit_{key}", said=said) if key else said
    return Entry(blocks.line(Pen(hex_, style.width_mm, style.dash_mm)), said)


def base(
    canvas: Canvas, *, wash: Sequence[tuple[str, str]] = (), barrier: bool = False, communities: bool = False
) -> list[Entry]:
    """Return the rows of the base: wash, boundaries, roads, barriers."""
    view, line, found = canvas.view, canvas.view.book.line, []
    found += [Entry(blocks.plain(hex_), view.say(f"legend.{key}")) for key, hex_ in wash]
    county = line["county_boundary"]
    ribbon = Pen(county["ribbon_hex"], county["ribbon_mm"])
    said = view.say("legend.county" if len(view.units) else "legend.hull")
    found.append(Entry(blocks.line(canvas.pen("county_boundary"), under=ribbon), said))
    if len(view.streets):
        found.append(Entry(blocks.line(canvas.pen("street_boundary")), view.say("legend.street")))
    if communities:
        found.append(Entry(blocks.line(canvas.pen("community_boundary")), view.say("legend.community")))
    road = line["secondary"]
    casing = Pen(view.book.base["road_casing"], road["fill_mm"] + SAMPLE_CASING_MM)
    found.append(
        Entry(blocks.line(Pen(view.book.base["road_fill"], road["fill_mm"]), under=casing), view.say("legend.road"))
    )
    if barrier:
        found.append(Entry(blocks.line(Pen(line["barrier"]["hex"], line["barrier"]["mm"])), view.say("legend.barrier")))
    return found


def gate(canvas: Canvas, key: str) -> Entry:
    """Return the row of gates."""
    style = canvas.view.book.line["gate"]

    def draw(page: Page, x: float, y: float) -> None:
        symbols.gate(page, np.array([[x + 3.5, y]]), style["mm"], style["hex"], z=6)

    return Entry(blocks.custom(draw), canvas.view.say(f"legend.{key}"))
