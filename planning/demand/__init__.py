"""Where people leave a residential area on foot, and which planning units it lies in.

An area is entered at its access points: the gates where they are known, else the places where walkable edges meet or
cross its boundary. What is walked from there is `planning.catchment`'s, who is covered `planning.coverage`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning.demand._access import Rows, Shapes, meetings, nearest_places
from planning.demand._points import COUNTS as COUNTS
from planning.demand._points import Gathered as Gathered
from planning.demand._points import gather as gather
from planning.demand._spread import PEOPLE as PEOPLE
from planning.demand._spread import Spread as Spread
from planning.demand._spread import spread as spread
from planning.demand._walls import walls as walls


@dataclass(frozen=True)
class Access:
    """The access points of every residential area.

    Attributes
    ----------
    points
        One row per open access point, by ``residential_id``, then x, then y: ``residential_id``, ``inferred`` (no gates
        of this area are known), ``geometry`` (Point, CRS of the areas). An area whose gates are all closed has no row.
        Where an edge runs along the boundary the row is a stretch, every place of which is an access point:
        ``stretch_edge`` is the edge (-1 for a plain point), ``stretch_from_mm`` and ``stretch_to_mm`` the part of it,
        and the geometry the middle of that part.
    gates
        By ``residential_id``, in the order of the areas: ``given`` (gates are known, at least one is open),
        ``inferred`` (none are known), ``closed`` (known and all closed).
    apart
        By ``residential_id``: True where the gates are inferred and no walkable edge meets the boundary, so that the
        point is the place of the boundary nearest the network.
    """

    points: gpd.GeoDataFrame
    gates: pd.Series[str]
    apart: pd.Series[bool]


def access_points(
    residential: gpd.GeoDataFrame,
    entrances: gpd.GeoDataFrame | None,
    lines: gpd.GeoSeries | Shapes,
    *,
    max_snap_m: float,
    barriers: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
) -> Access:
    """Find where each residential area is entered on foot.

    Parameters
    ----------
    residential
        ``residential_id`` and polygons or points, in a metric CRS.
    entrances
        ``residential_id``, ``open`` and points; a missing ``open`` is open. Gates of unknown areas are left out.
        None or empty: no gates are known.
    lines
        The walkable edges of the network (LineString, same CRS), already cut at the barriers.
    max_snap_m
        How far from the network a point may lie; it only bounds the search for a way round a barrier.
    barriers
        Lines or polygons that cut walking. An edge that ends at a barrier does not open the boundary there (one that
        passes it does); a straight way to the network meets none while there is another way. Of polygons the boundary
        is what no one crosses.

    Returns
    -------
    Access
        For an area without known gates: where edges meet its boundary (touching or crossing it, or within 1 mm), of
        an edge that runs along the boundary the whole common part; places within 1 mm of each other once. If
        there are none, the place of the boundary nearest the network, at any distance (beyond ``max_snap_m`` it will
        not snap), ties going to the smaller x, then y; where barriers leave no way from the boundary, and that place
        is on one, a place inside, from where the barrier is felt. For an area given as a point: the point.
    """
    gates = _gates(residential, entrances)
    given_row, given_place = _open_gates(gates.index, entrances)
    bare = np.flatnonzero(gates == "inferred")
    row, place, stretches, is_apart = _inferred(
        residential.geometry.to_numpy()[bare], np.asarray(lines, dtype=object), _barrier_lines(barriers), max_snap_m
    )
    known = len(given_row)
    points = gpd.GeoDataFrame(
        {
            "residential_id": gates.index[np.concatenate([given_row, bare[row]])],
            "inferred": np.repeat([False, True], [known, len(row)]),
            **{name: np.append(np.full(known, -1), column) for name, column in stretches.items()},
        },
        geometry=np.concatenate([given_place, place]),
        crs=residential.crs,
    )
    apart = pd.Series(np.isin(np.arange(len(gates)), bare[is_apart]), index=gates.index, name="apart")
    return Access(points=_in_order(points), gates=gates, apart=apart)


def unit_of(areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame, types: Iterable[str]) -> pd.Series[str]:
    """Return the unit each area or point lies in, among the units of ``types``.

    Parameters
    ----------
    areas
        Points or polygons; of a polygon the representative point counts, which always lies inside it.
    units
        ``unit_id``, ``type`` and polygons, same CRS.
    types
        Which of ``county``, ``street``, ``town``, ``community``, ``village`` are asked.

    Returns
    -------
    Series
        ``unit_id`` on the index of ``areas``; the border belongs to a unit, and on the border of several the smallest
        id is taken. NaN outside all of them.
    """
    asked = units[units["type"].isin(list(types))].sort_values("unit_id", kind="stable")
    places = shapely.point_on_surface(areas.geometry.to_numpy())
    row, unit = shapely.STRtree(asked.geometry.to_numpy()).query(places, predicate="covered_by")
    first = pd.Series(unit, index=row, dtype=np.intp).groupby(level=0).min()
    found = pd.Series(asked["unit_id"].to_numpy()[first.to_numpy()], index=first.index, dtype="str")
    return found.reindex(range(len(areas))).set_axis(areas.index).rename("unit_id")


def members(areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame, *, key: str = "residential_id") -> pd.DataFrame:
    """List which areas lie in which units, whatever the type: an area is in its village, its town and its county.

    Parameters
    ----------
    areas
        ``key`` and points or polygons (representative point).
    units
        ``unit_id``, ``type`` and polygons, same CRS.
    key
        The id column of ``areas``: ``residential_id``, ``facility_id``, …

    Returns
    -------
    DataFrame
        ``unit_id, <key>``, sorted by both; at most one unit of each type for an area (see `unit_of`), no row for an
        area outside all units.
    """
    kinds = sorted(units["type"].dropna().unique())
    found = [pd.DataFrame({"unit_id": unit_of(areas, units, (kind,)), key: areas[key]}) for kind in kinds]
    empty = pd.DataFrame({"unit_id": pd.Series(dtype="str"), key: pd.Series(dtype="str")})
    listed = pd.concat([empty, *found], ignore_index=True).dropna(subset=["unit_id"])
    return listed.sort_values(["unit_id", key], ignore_index=True)


def setting_of(residential: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Say which areas are urban and which rural.

    Parameters
    ----------
    residential
        ``setting`` (missing: not stated) and geometry.
    units
        ``unit_id``, ``type`` and polygons; None: no units are known.

    Returns
    -------
    DataFrame
        On the index of ``residential``: ``setting`` as stated, else ``rural`` inside a village, else ``urban``; and
        ``assumed``, True where urban is no more than the absence of anything else and is to be flagged.
    """
    stated = residential["setting"]
    is_village = False if units is None else unit_of(residential, units, ("village",)).notna()
    village = pd.Series(is_village, index=residential.index)
    assumed = stated.isna() & ~village
    guess = pd.Series(np.where(village, "rural", "urban"), index=residential.index, dtype="str")
    return pd.DataFrame({"setting": stated.fillna(guess).astype("str"), "assumed": assumed})


# ------------------------------------------------------------------------------------------------------------- gates


def _gates(residential: gpd.GeoDataFrame, entrances: gpd.GeoDataFrame | None) -> pd.Series[str]:
    """Return given, inferred or closed by residential_id."""
    ids = pd.Index(residential["residential_id"], name="residential_id")
    known = [] if entrances is None else entrances["residential_id"].unique()
    usable = [] if entrances is None else entrances.loc[_is_open(entrances), "residential_id"].unique()
    words = np.where(ids.isin(usable), "given", np.where(ids.isin(known), "closed", "inferred"))
    return pd.Series(words, index=ids, dtype="str", name="gates")


def _is_open(entrances: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    return np.asarray(entrances["open"].astype("boolean").fillna(True).to_numpy(dtype=bool))  # noqa: FBT003


def _open_gates(ids: pd.Index[str], entrances: gpd.GeoDataFrame | None) -> tuple[Rows, Shapes]:
    """Return the open gates of the areas ``ids``: the row of the area, and the place."""
    if entrances is None:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=object)
    row = ids.get_indexer(pd.Index(entrances["residential_id"]))
    usable = _is_open(entrances) & (row >= 0)
    return row[usable], entrances.geometry.to_numpy()[usable]


def _inferred(
    shapes: Shapes, lines: Shapes, barriers: Shapes, max_snap_m: float
) -> tuple[Rows, Shapes, dict[str, NDArray[np.int64]], NDArray[np.bool_]]:
    """Return places to enter areas without gates, which of them are stretches, and which areas no edge meets."""
    is_spot = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    spot, area = np.flatnonzero(is_spot), np.flatnonzero(~is_spot)
    (met, crossing), along = meetings(shapely.boundary(shapes[area]), lines, barriers)
    lonely = np.setdiff1d(np.arange(len(area)), np.concatenate([met, along["row"]]))
    beside = nearest_places(shapes[area[lonely]], lines, barriers, max_snap_m)
    middles = shapely.line_interpolate_point(
        lines[along["line"].to_numpy()], ((along["from_mm"] + along["to_mm"]) / 2000).to_numpy()
    )
    row = np.concatenate([spot, area[met], area[lonely], area[along["row"].to_numpy()]])
    plain = len(row) - len(along)
    columns = {"stretch_edge": "line", "stretch_from_mm": "from_mm", "stretch_to_mm": "to_mm"}
    stretches = {name: np.append(np.full(plain, -1), along[source]) for name, source in columns.items()}
    place = np.concatenate([shapes[spot], crossing, beside, middles])
    return row, place, stretches, np.isin(np.arange(len(shapes)), area[lonely])


def _barrier_lines(barriers: gpd.GeoSeries | gpd.GeoDataFrame | None) -> Shapes:
    """Return barriers as lines: of a polygon its boundary is what no one crosses."""
    if barriers is None:
        return np.empty(0, dtype=object)
    shapes = barriers.geometry.to_numpy()
    return np.asarray(np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes), dtype=object)


def _in_order(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort by id, x and y, so that no row order shows."""
    xy = points.geometry.get_coordinates()
    keys = points[["residential_id", "stretch_edge"]].assign(x=xy["x"], y=xy["y"])
    return points.loc[keys.sort_values(["residential_id", "x", "y", "stretch_edge"]).index].reset_index(drop=True)
