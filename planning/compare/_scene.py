"""Room `planning.compare`: what the map shows, as plain data: shapes in metres, tones, causes, rows of cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import palette, texts
from planning.compare import _values
from planning.compare._attribute import UNPROVEN
from planning.compare._book import facility_names
from planning.compare._held import Comparison
from planning.compare._values import each
from planning.compare._words import Words

_ROUND_M: Final = 1.0
_SIMPLE_M: Final = 1.0
_MARGIN: Final = 0.04
_LEAST_M: Final = 500.0
_ROLES: Final = ("better", "worse", "mixed", "figures", "added", "removed", "unchanged")
_GOOD: Final = frozenset({"s:covered", "s:meets", "n:1.0"})
_BAD: Final = frozenset({"s:uncovered", "s:unreachable", "s:unsnapped", "s:fails", "n:0.0"})


def scene(held: Comparison, words: Words) -> dict[str, Any]:
    """Return the data of the page."""
    shapes = _shapes(held)
    frame = _Frame(shapes)
    rows = held.changes[held.changes["kind"] == "area"]
    status = rows[rows["aspect"].map(_values.is_status).astype(bool)]
    themes = sorted(set(status["aspect"]), key=_values.order)
    areas = _areas(held, words, frame, shapes, rows)
    roles = _roles()
    return {
        "box": frame.box,
        "most": frame.most,
        "areas": areas,
        "streets": _streets(held, words, frame),
        "roads": [],
        "places": _places(held, words, frame),
        "themes": [["all", words.say("map.every_status")], *([name, words.aspect(name)] for name in themes)],
        "causes": {label: words.cause(label) for label in sorted({one for area in areas for one in _labels(area)})},
        "roles": roles,
        "shown": [name for name in _ROLES if name in _present(areas)],
        "marks": _marks(),
        "words": _page_words(words),
    }


class _Frame:
    """Metres of the run to whole metres of the drawing, north up."""

    def __init__(self, shapes: gpd.GeoSeries) -> None:
        west, south, east, north = _bounds_without_strays(shapes) if len(shapes) else (0.0, 0.0, 1.0, 1.0)
        size = max(east - west, north - south, 100.0)
        whole = shapes.total_bounds if len(shapes) else (west, south, east, north)
        self.most = round(float(max(whole[2] - whole[0], whole[3] - whole[1]) + 2 * size), 1)
        self._west, self._north, margin = west, north, size * _MARGIN
        self.box = [round(float(one), 1) for one in
                    (-margin, -margin, east - west + 2 * margin, north - south + 2 * margin)]  # fmt: skip

    def point(self, geometry: shapely.Geometry) -> list[float]:
        """Return a place inside a geometry."""
        at = geometry.representative_point()
        return [round(at.x - self._west, 1), round(self._north - at.y, 1)]

    def path(self, geometry: shapely.Geometry) -> str:
        """Return a polygon as a path; a point has none."""
        rings = [ring for part in shapely.get_parts(geometry) if isinstance(part, shapely.Polygon)
                 for ring in (part.exterior, *part.interiors)]  # fmt: skip
        return "".join(self._ring(ring) for ring in rings)

    def _ring(self, ring: shapely.Geometry) -> str:
        places = shapely.get_coordinates(ring)
        moved = np.column_stack([places[:, 0] - self._west, self._north - places[:, 1]])
        whole = (moved / _ROUND_M).round().astype(int)
        kept = whole[np.append(True, (np.diff(whole, axis=0) != 0).any(axis=1))]
        return "M" + "L".join(f"{x} {y}" for x, y in kept[:-1]) + "Z"


def _bounds_without_strays(shapes: gpd.GeoSeries) -> Any:
    """Return the box of most shapes: a few places with coordinates of another city do not make the map a country."""
    at = shapely.get_coordinates(shapes.representative_point().to_numpy())
    low, high = np.quantile(at, 0.01, axis=0), np.quantile(at, 0.99, axis=0)
    margin = np.maximum(high - low, _LEAST_M) / 2
    kept = ((at >= low - margin) & (at <= high + margin)).all(axis=1)
    return shapes[kept].total_bounds


def _shapes(held: Comparison) -> gpd.GeoSeries:
    """Return the outline of every area of either run by id, run B's where both have it."""
    mine, other = held.a.areas.geometry, held.b.areas.geometry
    both = pd.concat([other, mine[~mine.index.isin(other.index)]]).sort_index()
    return gpd.GeoSeries(both, crs=other.crs)


def _areas(
    held: Comparison, words: Words, frame: _Frame, shapes: gpd.GeoSeries, rows: pd.DataFrame
) -> list[dict[str, Any]]:
    by_id = dict(iter(rows.groupby("id", sort=False)))
    found = []
    for one in each(held.areas):
        name = str(one.Index)
        shape = shapes.loc[name]
        mine = by_id.get(name)
        tones, why = ({}, {}) if mine is None else _tones(mine, str(one.category))
        found.append(
            {
                "id": name,
                "name": texts.printable(one.name) if isinstance(one.name, str) else name,
                "category": one.category,
                "d": frame.path(shape.simplify(_SIMPLE_M)),
                "p": frame.point(shape),
                "tones": tones,
                "why": why,
                "lines": [name, words.street(one.street), words.say(f"category.{one.category}")],
                "rows": [] if mine is None else _card(mine, words),
            }
        )
    return found


def _card(rows: pd.DataFrame, words: Words) -> list[list[str]]:
    return [
        [words.aspect(row.aspect), words.value(row.aspect, row.before), words.value(row.aspect, row.after),
         words.cause(row.sufficient, row.possible)]
        for row in sorted(each(rows), key=lambda row: _values.order(row.aspect))
    ]  # fmt: skip


def _tones(rows: pd.DataFrame, category: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the tone and the causes of an area by theme; ``all`` is every status or, where none changed, figures."""
    status = rows[rows["aspect"].map(_values.is_status).astype(bool)]
    decided = rows if status.empty or category in ("added", "removed") else status
    tones = {row.aspect: _tone(row.before, row.after) for row in each(status)}
    kinds = set(tones.values())
    overall = {"all": kinds.pop() if len(kinds) == 1 else "mixed"} if tones else {}
    said = {row.aspect: [row.sufficient or UNPROVEN] for row in each(status)}
    return tones | overall, said | {"all": sorted({one or UNPROVEN for one in decided["sufficient"]})}


def _tone(before: str, after: str) -> str:
    """Say whether a status is better or worse than before; into and out of what is not known it is neither."""
    if before in _BAD and after in _GOOD:
        return "better"
    return "worse" if before in _GOOD and after in _BAD else "mixed"


def _streets(held: Comparison, words: Words, frame: _Frame) -> list[dict[str, Any]]:
    units = held.b.layers["units"]
    if units.empty:
        return []
    chosen = units[units["type"].isin(("street", "town"))].sort_values("unit_id")
    return [
        {"d": frame.path(shape.simplify(5 * _SIMPLE_M)), "p": frame.point(shape), "name": words.street(name)}
        for name, shape in zip(chosen["unit_id"], chosen.geometry, strict=True)
    ]


def _places(held: Comparison, words: Words, frame: _Frame) -> list[dict[str, Any]]:
    """Return the sites of either run and the facilities that changed."""
    names = facility_names(held)
    frames = [side.layers["facilities"].set_index("facility_id").geometry for side in (held.b, held.a)]
    where = pd.concat([frames[0], frames[1][~frames[1].index.isin(frames[0].index)]])
    chosen = [set(side.layers["sites"]["facility_id"]) for side in (held.a, held.b)]
    rows = held.changes[held.changes["kind"].isin(("facility", "site"))]
    moved = set(rows.loc[rows["kind"] == "facility", "id"])
    found = []
    for name in sorted(chosen[0] | chosen[1] | (moved & set(where.index))):
        sited = {(True, True): "site_both", (True, False): "site_a", (False, True): "site_b"}
        role = sited.get((name in chosen[0], name in chosen[1]), "facility")
        mine = rows[rows["id"] == name]
        found.append({"id": name, "name": texts.printable(names.get(name, name)), "role": role,
                      "p": frame.point(where.loc[name]), "lines": [name, words.say(f"map.{role}")],
                      "rows": _card(mine, words)})  # fmt: skip
    return found


def _roles() -> dict[str, dict[str, Any]]:
    """Return how areas are drawn; ``hatch`` is the width of its lines."""
    book = palette.load()
    unknown, new, plain = book.verdicts["not_assessable"], book.coverages["newly_covered"], book.base
    return {
        "better": {"fill": book.changes["better"].hex, "edge": book.ink["text"], "hatch": 0},
        "worse": {"fill": book.changes["worse"].hex, "edge": book.verdicts["fails"].edge, "hatch": 1.2},
        "mixed": {"fill": unknown.hex, "edge": unknown.edge, "hatch": 0},
        "figures": {"fill": book.minutes[-1].wash, "edge": book.minutes[-1].edge, "hatch": 0},
        "added": {"fill": new.hex, "edge": new.edge, "hatch": 0},
        "removed": {"fill": "#FFFFFF", "edge": book.ink["muted"], "hatch": 0},
        "unchanged": {"fill": plain["neutral_area"], "edge": plain["neutral_edge"], "hatch": 0},
    }


def _marks() -> dict[str, dict[str, str]]:
    book = palette.load()
    ink, accent = book.ink["text"], book.coverages["newly_covered"].edge
    return {
        "site_both": {"shape": "star", "fill": accent, "edge": "#FFFFFF"},
        "site_b": {"shape": "star", "fill": book.changes["only_b"].hex, "edge": ink},
        "site_a": {"shape": "star", "fill": "#FFFFFF", "edge": ink},
        "facility": {"shape": "diamond", "fill": book.ink["accent"], "edge": "#FFFFFF"},
    }


def _page_words(words: Words) -> dict[str, Any]:
    roles = {"better": "better", "worse": "worse", "mixed": "mixed", "figures": "figures", "added": "added",
             "removed": "removed", "unchanged": "unchanged"}  # fmt: skip
    marks = ("site_both", "site_b", "site_a", "facility")
    categories = ("changed", "figures", "unchanged", "added", "removed")
    return {
        "roles": {name: words.say(f"map.{key}") for name, key in roles.items()},
        "marks": {name: words.say(f"map.{name}") for name in marks},
        "category": {name: words.say(f"category.{name}") for name in categories},
        "tags": {name: words.say(f"map.{name}_tag") for name in ("better", "worse", "mixed")},
        "list": texts.entries()["compare.map.list"][words.language],
        "nothing": words.say("map.nothing"),
        "all": words.say("map.all_causes"),
        "limits": words.say("map.no_street_limit"),
        "heads": [words.say("head.aspect"), "A", "B", words.say("head.cause")],
    }


def _labels(area: Mapping[str, Any]) -> set[str]:
    return {label for labels in area["why"].values() for label in labels}


def _present(areas: list[dict[str, Any]]) -> set[str]:
    tones = {tone for area in areas for tone in area["tones"].values()}
    return tones | {str(area["category"]) for area in areas} | {"unchanged"}
