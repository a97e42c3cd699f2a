"""Private to `planning.demand`: the stretches of walkable edges that run along the boundary of an area.

A boundary is often traced from the centre line of a road. There every place of the common stretch opens the area, not
its two ends alone, so a stretch is kept as a part of its edge, in whole millimetres.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

SAME_PLACE_M: Final = 0.001
# Two straight pieces run along each other if they part by less than this a metre; else one crosses the other.
ALONG_SLOPE: Final = 0.02

Shapes = NDArray[np.object_]
Rows = NDArray[np.intp]
Floats = NDArray[np.float64]


class _Segments(NamedTuple):
    """The straight pieces of lines: whose they are, where they begin on it, and their ends."""

    owner: Rows
    origin_m: Floats
    head: Floats
    tail: Floats
    length_m: Floats


def common(borders: Shapes, lines: Shapes) -> pd.DataFrame:
    """Find which parts of lines run along which borders, within 1 mm.

    Parameters
    ----------
    borders, lines : arrays of geometries
        Borders may have several parts; lines are LineStrings.

    Returns
    -------
    DataFrame
        ``row, line, from_mm, to_mm``: the border, the line, and the part of it. Parts may overlap; one piece of a
        border gives one part.
    """
    near = np.unique(shapely.STRtree(lines).query(borders, predicate="dwithin", distance=SAME_PLACE_M)[1])
    roads, walls = _segments(lines[near]), _segments(borders)
    tree = shapely.STRtree(shapely.linestrings(np.stack([roads.head, roads.tail], axis=1)))
    wall, road = tree.query(
        shapely.linestrings(np.stack([walls.head, walls.tail], axis=1)), predicate="dwithin", distance=SAME_PLACE_M
    )
    low, high = _beside(roads, walls, road, wall)
    start = roads.origin_m[road]
    found = pd.DataFrame(
        {
            "row": walls.owner[wall],
            "line": near[roads.owner[road]],
            "from_mm": np.rint((start + low) * 1000),
            "to_mm": np.rint((start + high) * 1000),
        }
    ).astype({"row": np.intp, "line": np.intp})
    return found[found["to_mm"] > found["from_mm"]].astype({"from_mm": np.int64, "to_mm": np.int64})


def merged(parts: pd.DataFrame, barred: pd.DataFrame) -> pd.DataFrame:
    """Join the parts of a line that meet, and leave out what runs along a barrier.

    Parameters
    ----------
    parts
        As `common` returns them.
    barred
        ``line, from_mm, to_mm``, as `common` returns them for barriers.

    Returns
    -------
    DataFrame
        ``row, line, from_mm, to_mm``, sorted; no two parts of one row and line meet, and each has a length. Parts
        1 mm apart are one.
    """
    walls = parts[["row", "line"]].drop_duplicates().merge(barred[["line", "from_mm", "to_mm"]], on="line")
    # A part is open behind its last millimetre, so that parts 1 mm apart meet; a barrier leaves both its ends free.
    events = pd.concat(
        [
            _events(parts, parts["from_mm"], 1, 0),
            _events(parts, parts["to_mm"] + 1, -1, 0),
            _events(walls, walls["from_mm"] + 1, 0, 1),
            _events(walls, walls["to_mm"], 0, -1),
        ]
    )
    at = events.groupby(["row", "line", "mm"], as_index=False)[["part", "wall"]].sum()
    state = at.groupby(["row", "line"])[["part", "wall"]].cumsum()
    is_open = ((state["part"] > 0) & (state["wall"] == 0)).to_numpy()
    begins = is_open & ~np.insert(is_open[:-1], 0, False)
    ends = ~is_open & np.insert(is_open[:-1], 0, False)
    found = at.loc[begins, ["row", "line"]].assign(
        from_mm=at.loc[begins, "mm"], to_mm=at.loc[ends, "mm"].to_numpy() - 1
    )
    return found[found["to_mm"] > found["from_mm"]].reset_index(drop=True)


def _events(table: pd.DataFrame, mm: pd.Series[int], part: int, wall: int) -> pd.DataFrame:
    return pd.DataFrame({"row": table["row"], "line": table["line"], "mm": mm, "part": part, "wall": wall})


def _segments(lines: Shapes) -> _Segments:
    """Take lines apart at their vertices; pieces without length are left out."""
    part, owner = shapely.get_parts(lines, return_index=True)
    xy, of = shapely.get_coordinates(part, return_index=True)
    inner = np.flatnonzero(np.diff(of) == 0)
    head, tail = xy[inner], xy[inner + 1]
    length = np.hypot(*(tail - head).T)
    walked = np.cumsum(length)
    first = np.insert(np.diff(of[inner]) != 0, 0, True)[: len(inner)]
    before = (walked - length)[first][np.cumsum(first) - 1]
    real = length > 0
    origin = walked - length - before
    return _Segments(owner[of[inner]][real], origin[real], head[real], tail[real], length[real])


def _beside(roads: _Segments, walls: _Segments, road: Rows, wall: Rows) -> tuple[Floats, Floats]:
    """Return from where to where each piece of road has the piece of wall within 1 mm; backwards where it has not."""
    length = roads.length_m[road]
    way = (roads.tail[road] - roads.head[road]) / length[:, None]
    along, aside = np.empty((2, 2, len(road)))
    for end, place in enumerate((walls.head[wall], walls.tail[wall])):
        off = place - roads.head[road]
        along[end] = (off * way).sum(axis=1)
        aside[end] = way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0]
    run, rise = along[1] - along[0], aside[1] - aside[0]
    parallel = np.abs(rise) <= ALONG_SLOPE * walls.length_m[wall]
    slope = np.where(parallel, rise / np.where(run == 0, 1.0, run), 0.0)
    low, high = np.maximum(along.min(axis=0), 0.0), np.minimum(along.max(axis=0), length)
    slanted = slope != 0
    gradient = np.where(slanted, slope, 1.0)
    edges = [along[0] + (side - aside[0]) / gradient for side in (-SAME_PLACE_M, SAME_PLACE_M)]
    low = np.where(slanted, np.maximum(low, np.minimum(*edges)), low)
    high = np.where(slanted, np.minimum(high, np.maximum(*edges)), high)
    beside = parallel & (slanted | (np.abs(aside[0]) <= SAME_PLACE_M))
    return np.where(beside, low, 0.0), np.where(beside, high, -1.0)
