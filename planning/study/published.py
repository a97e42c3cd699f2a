"""A result as the public may see it: shapes generalised to a lattice, gates left out, few people not counted out.

Only what is drawn changes: verdicts, distances and sums are those of the run. Which area lies in which street is
settled on the exact shapes, never on these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import palette
from planning.study.records import StudyResult

STEP_M: Final = 50.0
"""Every vertex of a public sheet stands on a lattice of so many metres; places of facilities on one twice as wide."""
POINT_STEP_M: Final = 100.0
FEWEST: Final = 10
"""Fewer people than this are not told for a community or village."""
_KINDS: Final = (("community", "village"), ("street", "town"), ("county",))
FILLED: Final = 0.98
LARGE_ROADS: Final = ("arterial", "secondary")
_UNTOLD: Final = ("entrances",)


def public(result: StudyResult) -> StudyResult:
    """Return ``result`` with shapes that a public sheet may carry; nothing exact is left in what is drawn.

    Areas, boundaries, walking ranges and roads stand on a lattice of `STEP_M`, points on one of `POINT_STEP_M`. Of
    roads the large ones remain where there are any. Gates are left out. In ``units`` of the smallest kind residents
    and older people below `FEWEST` are missing, and the next smallest of the same parent too where one alone would be
    missing.
    """
    return replace(
        result,
        inputs=replace(result.inputs, tables=_tables(result)),
        residential=_shaped(result.residential, areas),
        facilities=_shaped(result.facilities, points),
        sites=_shaped(result.sites, points),
        service_areas=_shaped(result.service_areas, areas),
        reached_roads=_shaped(result.reached_roads, lines),
        uncovered=_shaped(result.uncovered, areas),
        units=few_untold(bordering(result.units)),
    )


def _tables(result: StudyResult) -> dict[str, gpd.GeoDataFrame]:
    ways = {"roads": lines, "barriers": lines, "residential": areas}
    kept = {name: table for name, table in result.inputs.tables.items() if name not in _UNTOLD}
    found = {name: _shaped(table, ways.get(name, points)) for name, table in kept.items() if name != "units"}
    if "units" in kept:
        found["units"] = bordering(kept["units"])
    found["roads"] = _large(kept["roads"], found["roads"])
    return found


def _large(exact: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the large roads, all of them where none is large."""
    book = palette.load()
    large = np.zeros(len(exact), dtype=bool)
    for column in ("highway", "road_class"):
        if column in exact:
            large |= exact[column].map(lambda word: book.road_role(str(word)) in LARGE_ROADS).to_numpy(dtype=bool)
    return roads[large] if large.any() else roads


def _shaped(frame: Any, way: Any) -> Any:
    """Return a frame with its shapes generalised; one without shapes as it is."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty or frame.active_geometry_name is None:
        return frame
    return frame.set_geometry(gpd.GeoSeries(way(frame.geometry.to_numpy()), index=frame.index, crs=frame.crs))


def areas(shapes: np.ndarray) -> np.ndarray:
    """Return areas on the lattice of `STEP_M`; what is too small for it is one cell, a point stays a point."""
    flat = shapely.get_dimensions(shapes) == 0
    found = shapely.set_precision(shapely.simplify(shapes, STEP_M / 2), STEP_M)
    cells = _cells(points(shapes))
    gone = shapely.is_empty(found) | ~np.isin(shapely.get_type_id(found), (3, 6))
    drawn = np.where(gone & ~shapely.is_missing(shapes), cells, found)
    return np.asarray(np.where(flat, points(shapes), drawn), dtype=object)


def _cells(centres: np.ndarray) -> np.ndarray:
    x, y = shapely.get_x(centres), shapely.get_y(centres)
    known = np.isfinite(x)
    low_x, low_y = np.where(known, x, 0.0), np.where(known, y, 0.0)
    return np.asarray(np.where(known, shapely.box(low_x, low_y, low_x + STEP_M, low_y + STEP_M), None), dtype=object)


def bordering(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return units on the lattice of `STEP_M`, simplified so that neighbours still share their borders.

    Units of a type are simplified together; a unit that its children fill is drawn as they are, so that borders of
    several types run on one line.
    """
    if not len(units):
        return units
    parents = units.get("parent", pd.Series(index=units.index, dtype=object))
    exact, drawn = units.geometry.to_numpy(), np.empty(len(units), dtype=object)
    for kinds in _KINDS:
        rows = np.flatnonzero(units["type"].isin(kinds))
        drawn[rows] = shapely.set_precision(shapely.coverage_simplify(exact[rows], STEP_M), STEP_M)
        for at in rows:
            below = np.flatnonzero(parents == units["unit_id"].iloc[at])
            if len(below) and shapely.area(exact[below]).sum() > FILLED * shapely.area(exact[at]):
                drawn[at] = shapely.union_all(drawn[below])
    found = np.where(shapely.is_missing(drawn) | shapely.is_empty(drawn), areas(exact), drawn)
    return units.set_geometry(gpd.GeoSeries(found, index=units.index, crs=units.crs))


def lines(shapes: np.ndarray) -> np.ndarray:
    """Return lines on the lattice of `STEP_M`; those too short for it become empty."""
    return np.asarray(shapely.set_precision(shapely.simplify(shapes, STEP_M / 2), STEP_M))


def points(shapes: np.ndarray) -> np.ndarray:
    """Return a point inside each shape, on the lattice of `POINT_STEP_M`."""
    inside = shapely.point_on_surface(shapes)
    x, y = shapely.get_x(inside), shapely.get_y(inside)
    known = np.isfinite(x) & np.isfinite(y)
    rounded = (np.round(np.where(known, value, 0.0) / POINT_STEP_M) * POINT_STEP_M for value in (x, y))
    return np.asarray(np.where(known, shapely.points(*rounded), None), dtype=object)


def few_untold(units: Any) -> Any:
    """Return units in which few people are missing, and so is a second number that would give them away."""
    small = units["type"].isin(("community", "village")) if len(units) else pd.Series(dtype=bool)
    found = units
    for column in ("residents", "elderly"):
        if column not in units or not small.any():
            continue
        values = units[column].astype(float)
        few = pd.Series(data=False, index=units.index)
        for _, rows in units[small].groupby(units["parent"].fillna("") if "parent" in units else units["type"]):
            ordered = rows.sort_values("unit_id").index
            few[ordered] = hidden(values[ordered].to_numpy())
        found = found.assign(**{column: values.mask(few)})
    return found


def hidden(people: np.ndarray) -> np.ndarray:
    """Say which numbers of people that add up to one told are not told: those below `FEWEST` but 0.

    Where that is one alone, the smallest of the others is not told either, the first of equals: the sum would tell it.
    """
    few = (people > 0) & (people < FEWEST)
    others = np.flatnonzero(~few & (people > 0))
    if few.sum() == 1 and len(others):
        few[others[np.argmin(people[others])]] = True
    return np.asarray(few)
