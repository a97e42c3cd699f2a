"""Private to `planning.demand`: where walkable edges meet the boundary of an area, or come nearest to it.

Areas are rows of an array of geometries; what is found is a pair of arrays, the row of the area and the place.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning.demand import _along
from planning.demand._along import SAME_PLACE_M

TIE_M: Final = 0.0005

Shapes = NDArray[np.object_]
Rows = NDArray[np.intp]
Places = tuple[Rows, Shapes]


def meetings(borders: Shapes, lines: Shapes, barriers: Shapes) -> tuple[Places, pd.DataFrame]:
    """Find the places where lines touch or cross borders, within 1 mm, and the stretches that run along them.

    A place on a barrier counts only if the line passes the barrier: the network was cut there, so what still passes is
    a bridge, and what ends there is a dead end. A stretch along a barrier opens nothing.

    Returns
    -------
    (row, place), DataFrame
        The places outside the line's own stretches; and ``row, line, from_mm, to_mm``, the stretches.
    """
    parts = _along.common(borders, lines)
    barred = _along.common(barriers, lines) if len(barriers) else parts.iloc[:0]
    row, line = shapely.STRtree(lines).query(borders, predicate="dwithin", distance=SAME_PLACE_M)
    pair, place = _common(lines[line], borders[row])
    row, line = row[pair], line[pair]
    apart = ~_on_stretch(row, line, place, lines, _along.merged(parts, parts.iloc[:0]))
    row, line, place = row[apart], line[apart], place[apart]
    if len(barriers):
        passable = ~_stopped(place, lines[line], barriers)
        row, place = row[passable], place[passable]
    return distinct(row, place), _along.merged(parts, barred)


def nearest_places(areas: Shapes, lines: Shapes, barriers: Shapes, max_snap_m: float) -> Shapes:
    """Find for each area the one place of its boundary nearest the lines, at any distance; ties by x, then y.

    With barriers, the nearest place from which a straight way of up to ``max_snap_m`` meets none. Where there is none
    and the nearest place lies on a barrier, a place inside the area: from the barrier one could go either way.
    Without lines, the first place of the boundary.
    """
    # the normal form, so that the same ring drawn from another vertex gives the same place
    areas, lines = shapely.normalize(areas), shapely.normalize(lines)
    borders = shapely.boundary(areas)
    if not len(lines) or not len(areas):
        return _first_points(borders)
    _, place = _ways(borders, lines, _nearest_m(borders, lines) + TIE_M)
    if len(barriers):
        tree = shapely.STRtree(barriers)
        walled, _ = tree.query(place, predicate="dwithin", distance=SAME_PLACE_M)
        place[walled] = shapely.point_on_surface(areas[walled])
        row, free = _ways(borders, lines, np.full(len(borders), max_snap_m), tree)
        place[row] = free
    return place


def distinct(row: Rows, place: Shapes) -> Places:
    """Sort places by row, x and y, and keep one of those of a row that lie within 1 mm of each other."""
    x, y = shapely.get_x(place), shapely.get_y(place)
    order = np.lexsort((y, x, row))
    row, place = row[order], place[order]
    first, second = shapely.STRtree(place).query(place, predicate="dwithin", distance=SAME_PLACE_M)
    again = np.zeros(len(row), dtype=bool)
    again[second[(row[first] == row[second]) & (first < second)]] = True
    return row[~again], place[~again]


def _on_stretch(row: Rows, line: Rows, place: Shapes, lines: Shapes, stretches: pd.DataFrame) -> NDArray[np.bool_]:
    """Say which places lie on a stretch of their own border and line, or within 1 mm of it."""
    at_mm = np.rint(shapely.line_locate_point(lines[line], place) * 1000)
    asked = pd.DataFrame({"row": row, "line": line, "mm": at_mm, "asked": np.arange(len(row))})
    pairs = asked.merge(stretches, on=["row", "line"])
    inside = (pairs["from_mm"] - 1 <= pairs["mm"]) & (pairs["mm"] <= pairs["to_mm"] + 1)
    return np.isin(np.arange(len(row)), pairs.loc[inside, "asked"])


def _common(lines: Shapes, borders: Shapes) -> Places:
    """Return the places two by two geometries share, with the number of their pair."""
    shared = shapely.intersection(lines, borders)
    apart = shapely.is_empty(shared)  # within 1 mm, yet not touching
    shared[apart] = shapely.get_point(shapely.shortest_line(borders[apart], lines[apart]), 0)
    part, pair = shapely.get_parts(shared, return_index=True)
    is_point = shapely.get_type_id(part) == shapely.GeometryType.POINT
    end_pair, end = _ends(part[~is_point], pair[~is_point])
    return np.concatenate([pair[is_point], end_pair]), np.concatenate([part[is_point], end])


def _ends(parts: Shapes, pair: Rows) -> Places:
    """Return the ends of common stretches; of a stretch all round, which has none, its first place."""
    if not len(parts):
        return pair, parts
    pairs, number = np.unique(pair, return_inverse=True)
    stretches = shapely.line_merge(shapely.multilinestrings(parts, indices=number))
    stretch, owner = shapely.get_parts(shapely.normalize(stretches), return_index=True)
    place = np.concatenate([shapely.get_point(stretch, 0), shapely.get_point(stretch, -1)])
    return np.tile(pairs[owner], 2), place


def _stopped(place: Shapes, lines: Shapes, barriers: Shapes) -> NDArray[np.bool_]:
    """Say which places lie on a barrier at which their line ends."""
    on, _ = shapely.STRtree(barriers).query(place, predicate="dwithin", distance=SAME_PLACE_M)
    walled = np.isin(np.arange(len(place)), on)
    ends = [shapely.dwithin(place, shapely.get_point(lines, end), SAME_PLACE_M) for end in (0, -1)]
    return np.asarray(walled & (ends[0] | ends[1]))


def _nearest_m(borders: Shapes, lines: Shapes) -> NDArray[np.float64]:
    """Return the distance from each border to the nearest line."""
    (row, _), metres = shapely.STRtree(lines).query_nearest(borders, return_distance=True, all_matches=False)
    found = np.full(len(borders), np.nan)
    found[row] = metres
    return found


def _ways(
    borders: Shapes, lines: Shapes, within_m: NDArray[np.float64], barriers: shapely.STRtree | None = None
) -> Places:
    """Return where the shortest way to a line within reach leaves each border, of ways that meet no barrier."""
    row, line = shapely.STRtree(lines).query(borders, predicate="dwithin", distance=within_m)
    way = shapely.shortest_line(borders[row], lines[line])
    if barriers is not None:
        # a way of no length is no line to the index: its start is asked too
        starts = shapely.get_point(way, 0)
        barred = [barriers.query(what, predicate="dwithin", distance=SAME_PLACE_M)[0] for what in (way, starts)]
        free = ~np.isin(np.arange(len(way)), np.concatenate(barred))
        row, way = row[free], way[free]
    place = shapely.get_point(way, 0)
    length_mm = np.rint(shapely.length(way) * 1000)
    order = np.lexsort((shapely.get_y(place), shapely.get_x(place), length_mm, row))
    found, first = np.unique(row[order], return_index=True)
    return found, place[order][first]


def _first_points(borders: Shapes) -> Shapes:
    """Return the first vertex of each border."""
    coordinates, owner = shapely.get_coordinates(borders, return_index=True)
    _, first = np.unique(owner, return_index=True)
    return np.asarray(shapely.points(coordinates[first]))
