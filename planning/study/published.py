"""A result as the public may see it: shapes generalised to a lattice, gates left out, few people not told.

Verdicts, distances and the figures that are told are those of the run; which are not is the rule of `untold`. Which
area lies in which street is settled on the exact shapes, never on these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning import palette
from planning.study import untold
from planning.study.records import StudyResult

STEP_M: Final = 50.0
"""Every vertex of a public sheet stands on a lattice of so many metres; places of facilities on one twice as wide."""
POINT_STEP_M: Final = 100.0
_KINDS: Final = (("community", "village"), ("street", "town"), ("county",))
FILLED: Final = 0.98
LARGE_ROADS: Final = ("arterial", "secondary")
_UNTOLD: Final = ("entrances",)


def public(result: StudyResult) -> StudyResult:
    """Return ``result`` with shapes that a public sheet may carry; nothing exact is left in what is drawn.

    Areas, boundaries, walking ranges and roads stand on a lattice of `STEP_M`, points on one of `POINT_STEP_M`. Of
    roads the large ones remain where there are any. Gates are left out. Figures that would tell of few people are
    missing in ``summary``, ``units`` and ``sites``; areas have classes of households and no people.
    """
    summary = untold.summary(result)
    return replace(
        result,
        inputs=replace(result.inputs, tables=_tables(result)),
        residential=untold.areas(_shaped(result.residential, areas)),
        facilities=_shaped(result.facilities, points),
        sites=_gaining(_shaped(result.sites, points), summary),
        service_areas=_shaped(result.service_areas, areas),
        reached_roads=_shaped(result.reached_roads, lines),
        uncovered=_shaped(result.uncovered, areas).assign(households=np.nan, elderly=np.nan),
        units=untold.people(bordering(result.units)),
        summary=summary,
    )


def _gaining(sites: Any, summary: dict[str, Any]) -> Any:
    """Return the chosen sites with the gains that the public summary tells."""
    told = {site["facility_id"]: site["gain"] for site in (summary.get("siting") or {}).get("sites", ())}
    return sites.assign(gain=sites["facility_id"].map(told).astype(float)) if len(sites) else sites


def _tables(result: StudyResult) -> dict[str, gpd.GeoDataFrame]:
    ways = {"roads": lines, "barriers": lines, "residential": areas}
    kept = {name: table for name, table in result.inputs.tables.items() if name not in _UNTOLD}
    found = {name: _shaped(table, ways.get(name, points)) for name, table in kept.items() if name != "units"}
    if "units" in kept:
        found["units"] = untold.people(bordering(kept["units"]))
    found["roads"] = _large(kept["roads"], found["roads"])
    return {**found, "residential": untold.areas(found["residential"])}


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
    """Return areas on the lattice of `STEP_M`; what is too small for it is one cell, a point stays a point.

    What was empty stays empty.
    """
    flat = shapely.get_dimensions(shapes) == 0
    found = shapely.set_precision(shapely.simplify(shapes, STEP_M / 2), STEP_M)
    cells = _cells(points(shapes))
    gone = shapely.is_empty(found) | ~np.isin(shapely.get_type_id(found), (3, 6))
    drawn = np.where(gone & ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes), cells, found)
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
    """Return a point inside each shape, on the lattice of `POINT_STEP_M`; None for one that is missing or empty."""
    inside = np.array(shapely.point_on_surface(shapes), dtype=object)
    inside[shapely.is_empty(shapes)] = None
    x, y = shapely.get_x(inside), shapely.get_y(inside)
    known = np.isfinite(x) & np.isfinite(y)
    rounded = (np.round(np.where(known, value, 0.0) / POINT_STEP_M) * POINT_STEP_M for value in (x, y))
    return np.asarray(np.where(known, shapely.points(*rounded), None), dtype=object)
