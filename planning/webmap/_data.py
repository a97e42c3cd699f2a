"""Everything the map draws, as plain data that goes into the page as JSON; belongs to the room `webmap`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from planning import palette
from planning.errors import Fault, InputRefused
from planning.study.core import core
from planning.webmap import _cards as cards
from planning.webmap import _geometry as shapes
from planning.webmap import _roles as roles
from planning.webmap import _symbols as symbols
from planning.webmap import _themes as themes
from planning.webmap._view import View

Data = dict[str, Any]
# Later in the list is drawn on top.
DRAWN: Final = ("village", "community", "candidate", "forbidden", "street", "county", "site")
# Labels of small scales; the card has the full name.
LONG_NAME: Final = "综合养老服务中心"
SHORT_NAME: Final = "中心"
BOUNDARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "community": ("community", "village"),
    "street": ("street", "town"),
    "county": ("county",),
}
WORDS: Final = (
    "map", "north", "zoom_in", "zoom_out", "whole", "print", "themes", "search", "search_none", "legend_head",
    "labels", "details", "back", "hint",
)  # fmt: skip


def gather(view: View, *, first: str | None = None) -> Data:
    """Return the data of the map.

    Parameters
    ----------
    first
        The theme shown first; None: coverage by the level that sites are sought for.

    Raises
    ------
    InputRefused
        If no layer has a geometry (``webmap_nothing_to_draw``).
    """
    tables = view.shown.inputs.tables
    bounds = shapes.opening(shapes.bounds(_framed(view)), shapes.bounds([tables["roads"]]))
    if bounds is None:
        raise InputRefused(Fault("webmap_nothing_to_draw"))
    keys = themes.keys(view)
    return {
        "language": view.language,
        "bounds": bounds,
        "style": style(view),
        "roads": shapes.roads(tables["roads"]),
        "barriers": _lines_of(tables.get("barriers")),
        **_units(view),
        **_washes(view),
        "areas": _areas(view, keys),
        "points": _points(view),
        "themes": [themes.theme(view, key) for key in keys],
        "first": next(key for key in (first, f"coverage_{view.plan.siting.level}", keys[0]) if key in keys),
        "words": {name: view.say(name) for name in WORDS},
    }


def _framed(view: View) -> list[gpd.GeoDataFrame]:
    """Return what the map opens on: all there is; without units the core of the areas, where they have one."""
    drawn = view.areas[~(shapely.is_missing(view.areas.geometry) | shapely.is_empty(view.areas.geometry))]
    inside = np.ones(0, dtype=bool) if len(view.units) or drawn.empty else core(drawn.geometry.to_numpy())
    if len(inside) and not inside.all():
        return [drawn[inside]]
    return [frame for frame in (view.areas, view.facilities, view.units) if len(frame)]


def style(view: View) -> Data:
    """Return the palette's part of the page: paints and edges by role, symbols, lines, hatches."""
    book, fills = view.book, roles.fills(view)
    return {
        "defs": symbols.definitions(list(fills.values()), book.px_per_mm),
        "paint": {name: [symbols.paint(fill), fill.edge, fill.hex] for name, fill in fills.items()},
        "symbols": _symbols(book),
        "base": {name: hex_ for name, hex_ in book.base.items() if name != "outside_veil"},
        "veil": [book.base["outside_veil"]["hex"], book.base["outside_veil"]["alpha"]],
        "accent": book.ink["accent"],
        "roads": {name: _road_style(book, name) for name in ("footway", "local", "secondary", "arterial")},
        "boundary": {name: _line_style(book, f"{name}_boundary") for name in BOUNDARIES},
        "ribbon": book.line["county_boundary"]["ribbon_hex"],
        "barrier": _line_style(book, "barrier"),
        "limit": [book.limit_line.hex, book.pixels(book.limit_line.width_mm), book.dash_px(book.limit_line.dash_mm)],
        "new": [book.phase(1).hex, book.pixels(book.limit_line.width_mm), book.dash_px(book.limit_line.dash_mm)],
    }


def _road_style(book: palette.Palette, name: str) -> Data:
    style_ = book.line[name]
    if name == "footway":
        return {"width": style_["px"], "hex": style_["hex"], "dash": book.dash_px(style_["dash_mm"])}
    casing = style_["px"] + 2 * max(style_["casing_mm"] * book.px_per_mm, 0.6)
    return {"width": style_["px"], "hex": book.base["road_fill"], "casing": [book.base["road_casing"], casing]}


def _line_style(book: palette.Palette, name: str) -> list[Any]:
    entry = book.line[name]
    return [entry["hex"], entry["px"], book.dash_px(entry.get("dash_mm", ()))]


def _symbols(book: palette.Palette) -> Data:
    found = {
        f"{level.name}:{status.name}": [symbols.facility(level, status, book.status_ink, book.px_per_mm), level.px]
        for level in book.levels.values()
        for status in book.statuses.values()
    }
    found["candidate"] = [symbols.candidate(book.candidate, book.px_per_mm), book.candidate.px]
    found["forbidden"] = [symbols.candidate(book.forbidden, book.px_per_mm), book.forbidden.px]
    return found


def _lines_of(frame: gpd.GeoDataFrame | None) -> shapes.Nested:
    if frame is None or frame.empty:
        return []
    return [line for geometry in shapes.degrees(frame).geometry for line in shapes.lines(geometry)]


def _units(view: View) -> Data:
    """Return boundaries by kind, their names, and the outline of the whole plan."""
    frame = view.units
    if frame.empty:
        return {"boundaries": {}, "names": [], "outline": [], "ribbon": []}
    drawn = shapes.degrees(frame)
    boundaries = {
        name: [line for geometry in drawn.geometry[drawn["type"].isin(types)] for line in shapes.lines(geometry)]
        for name, types in BOUNDARIES.items()
    }
    named = drawn[drawn["type"].isin(("street", "town"))] if boundaries["street"] else drawn
    places = named.geometry.map(shapes.place)
    names = [
        {"text": view.unit_names[unit_id], "at": place} for unit_id, place in zip(named["unit_id"], places, strict=True)
    ]
    return {
        "boundaries": {name: found for name, found in boundaries.items() if found},
        "names": names,
        "outline": shapes.merged(frame.geometry),
        "ribbon": shapes.ribbon(frame.geometry),
    }


def _washes(view: View) -> Data:
    """Return the drawn walking ranges: per level and band those in service together, and those of new sites."""
    areas = view.shown.service_areas
    if areas.empty:
        return {"wash": {}, "limits": {}}
    known = view.facilities.drop_duplicates("facility_id").set_index("facility_id")
    new = areas["facility_id"].isin(set(view.sites.index))
    by_level = areas["facility_id"].map(known["level"].astype(object)).mask(new, "new")
    served = areas["facility_id"].map(known["in_service"]).fillna(value=False).astype(bool) | new
    washes = {
        level: _bands(view, areas[(by_level == level) & served], new=level == "new")
        for level in (*view.levels, "new")
        if ((by_level == level) & served).any()
    }
    # The farthest band is as far as anybody gets: its outline is the limit.
    return {"wash": washes, "limits": {level: washes[level][0]["parts"] for level in sorted(washes)}}


def _bands(view: View, areas: gpd.GeoDataFrame, *, new: bool) -> list[Data]:
    """Return the washes of one level, the farthest first so that the nearer lie on top; of new sites only one."""
    wash = {band.upto: band.wash for band in view.bands}
    added = view.book.coverages["newly_covered"].wash
    minutes = sorted(areas["minutes"].unique(), reverse=True)
    return [
        {
            "hex": added if new else wash.get(upto, view.bands[-1].wash),
            "parts": shapes.outline(areas.geometry[areas["minutes"] == upto]),
        }
        for upto in (minutes[:1] if new else minutes)
    ]


def _areas(view: View, keys: list[str]) -> list[Data]:
    drawn = shapes.degrees(view.areas)
    by_theme = {key: themes.area_roles(view, key).tolist() for key in keys}
    return [
        {
            "id": card["code"],
            "name": card["title"],
            **_shape(geometry),
            "roles": {key: found[place] for key, found in by_theme.items()},
            "weight": float(weight),
            "card": card,
        }
        for place, (geometry, weight, card) in enumerate(
            zip(drawn.geometry, view.weight, cards.areas(view), strict=True)
        )
    ]


def _shape(geometry: shapely.Geometry) -> Data:
    if geometry is None or geometry.is_empty:
        return {"at": None, "parts": []}
    return {"at": shapes.place(geometry), "parts": shapes.parts(geometry)}


def _points(view: View) -> list[Data]:
    """Return facilities, candidates and sites, in drawing order and by id within."""
    frame = view.facilities
    drawn = shapes.degrees(frame)
    found = [
        _point(view, geometry, symbol, group, level, card)
        for geometry, symbol, group, level, card in zip(
            drawn.geometry, roles.symbols(view), roles.groups(view), frame["level"], cards.facilities(view), strict=True
        )
        if geometry is not None and not geometry.is_empty
    ]
    sites = _sites(view, {point["id"]: point for point in found})
    others = [point for point in found if point["id"] not in view.sites.index]
    return sorted([*others, *sites], key=lambda point: (point["order"], point["id"]))


def _point(view: View, geometry: shapely.Geometry, symbol: str, group: str, level: Any, card: Data) -> Data:
    offered = group == "candidate"
    known = view.book.levels.get(level) if isinstance(level, str) else None
    return {
        "id": card["code"],
        "name": card["title"],
        "short": card["title"].replace(LONG_NAME, SHORT_NAME),
        "at": shapes.place(geometry),
        "symbol": symbol,
        "group": group,
        "order": DRAWN.index(symbol if offered else str(level)),
        "hex": view.book.candidate.hex if offered or known is None else known.hex,
        "main": level in ("county", "street") and not offered,
        "card": card,
    }


def _sites(view: View, points: Mapping[str, Data]) -> list[Data]:
    """Return the discs of the chosen sites, by rank; they lie over the candidate they were."""
    phases = {phase.name: number for number, phase in enumerate(view.plan.siting.phases, start=1)}
    found = []
    for row in view.sites.drop(columns=view.sites.geometry.name).to_dict("records"):
        if row["facility_id"] not in points:
            continue
        symbol = view.book.phase(phases.get(row["phase"], 1))
        svg = symbols.chosen(symbol, int(row["rank"]), view.book.px_per_mm)
        found.append(
            {
                **points[row["facility_id"]],
                "svg": [svg, symbol.px],
                "group": "site",
                "order": DRAWN.index("site"),
                "hex": symbol.hex,
                "main": True,
            }
        )
    return found
