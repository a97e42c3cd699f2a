"""Room `planning.sources`: shapes that lie on each other or are hardly there: areas twice, overlaps, slivers.

Nothing here is repaired or counted away: whether two areas on one ground are one or two is the planner's to say.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning.sources.ledger import Mask, Notes

Shapes = NDArray[np.object_]

MIN_OVERLAP_SHARE: Final = 0.01
"""Of the smaller of two areas; below it outlines were drawn side by side as well as hands can."""
MIN_OVERLAP_M2: Final = 10.0
MIN_WIDTH_M: Final = 2.0
"""Twice the area by the outline's length: how wide a strip with this area and outline is."""
_PAIRS_AT_ONCE: Final = 200_000
_NAMED: Final = 5
"""Partners named in one note; the others are counted."""


def say_shapes(name: str, frame: pd.DataFrame, shapes: Shapes, notes: Notes) -> None:
    """Flag what is odd about the shapes of residential areas or units, in metres; other tables pass.

    ``same_shape`` (two rows, one shape, whatever vertex or direction it starts with), ``areas_overlap`` (by more than
    1 % of the smaller and 10 m²; units only among their own type), ``geometry_sliver`` (narrower than 2 m on average).
    """
    if name not in ("residential", "units"):
        return
    key = "residential_id" if name == "residential" else "unit_id"
    ids = frame[key].fillna("").to_numpy(dtype=object)
    group = np.zeros(len(frame), dtype=np.intp) if name == "residential" else pd.factorize(frame["type"])[0]
    live = ~notes.marked("excluded", "refused") & ~shapely.is_missing(shapes)
    twins = _say_same(shapes, ids, group, live, notes)
    _say_overlaps(shapes, ids, group, live & ~twins, notes)
    polygon = live & np.isin(shapely.get_type_id(shapes), (3, 6))
    with np.errstate(divide="ignore", invalid="ignore"):
        width = 2 * shapely.area(shapes) / shapely.length(shapes)
    thin = polygon & (width < MIN_WIDTH_M)
    shown = np.full(len(shapes), "", dtype=object)
    shown[thin] = [f"{one:.2f} m" for one in width[thin]]
    notes.say("geometry_sliver", "flagged", thin, values=shown)


def _say_same(shapes: Shapes, ids: Shapes, group: NDArray[np.intp], live: Mask, notes: Notes) -> Mask:
    """Flag rows of a group that share one shape, each with the others; return all but the first of each."""
    at = np.flatnonzero(live)
    plain = shapely.to_wkb(shapely.normalize(shapely.set_precision(shapes[at], 0.001, mode="pointwise")))
    code = pd.DataFrame({"group": group[at], "shape": plain}).groupby(["group", "shape"]).ngroup()
    rows = pd.DataFrame({"row": at, "code": code, "id": ids[at]})
    shared = rows[rows["code"].duplicated(keep=False)]
    pairs = shared.merge(shared.groupby("code").head(_NAMED + 1), on="code", suffixes=("", "_other"))
    pairs = pairs[pairs["row"] != pairs["row_other"]]
    where, shown = _marked(len(ids), pairs["row"], pairs["id_other"])
    notes.say("same_shape", "flagged", where, values=shown)
    later = np.zeros(len(ids), dtype=bool)
    later[at] = rows["code"].duplicated().to_numpy()
    return later


def _say_overlaps(shapes: Shapes, ids: Shapes, group: NDArray[np.intp], live: Mask, notes: Notes) -> None:
    """Flag both rows of every pair that overlaps, with its partners, the area shared and the share of the smaller."""
    one, other, shared_m2 = overlaps(shapes, group, live)
    area = shapely.area(shapes)
    percent = 100 * shared_m2 / np.minimum(area[one], area[other])
    sizes = [f"{m2:.0f} m², {part:.1f} %" for m2, part in zip(shared_m2, percent, strict=True)]
    both = pd.DataFrame(
        {
            "row": np.append(one, other),
            "partner": ids[np.append(other, one)],
            "m2": np.tile(shared_m2, 2),
            "size": sizes * 2,
        }
    ).sort_values(["row", "m2", "partner"], ascending=[True, False, True])
    where, shown = _marked(len(ids), both["row"], both["partner"] + ": " + both["size"])
    notes.say("areas_overlap", "flagged", where, values=shown)


def overlaps(
    shapes: Shapes, group: NDArray[np.intp], live: Mask
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the pairs of polygons of one group that overlap, smaller row first, and the area they share in m².

    Only what exceeds `MIN_OVERLAP_SHARE` of the smaller polygon and `MIN_OVERLAP_M2` counts. A tree finds neighbours,
    their boxes sort most of them out, and only what more than touches is cut.
    """
    at = np.flatnonzero(live & np.isin(shapely.get_type_id(shapes), (3, 6)))
    polygons = shapes[at]
    one, other = shapely.STRtree(polygons).query(polygons)
    first = (one < other) & (group[at[one]] == group[at[other]])
    one, other = one[first], other[first]
    in_order = np.argsort(one, kind="stable")
    one, other = one[in_order], other[in_order]
    area, bounds = shapely.area(polygons), shapely.bounds(polygons)
    least = np.maximum(MIN_OVERLAP_SHARE * np.minimum(area[one], area[other]), MIN_OVERLAP_M2)
    sides = np.minimum(bounds[one, 2:], bounds[other, 2:]) - np.maximum(bounds[one, :2], bounds[other, :2])
    wide = np.prod(np.maximum(sides, 0), axis=1) > least
    one, other, least = one[wide], other[wide], least[wide]
    deep = _more_than_touching(polygons, one, other)
    one, other, least = one[deep], other[deep], least[deep]
    shared_m2 = shapely.area(shapely.intersection(polygons[one], polygons[other]))
    much = shared_m2 > least
    order = np.lexsort((other[much], one[much]))
    return at[one[much]][order], at[other[much]][order], shared_m2[much][order]


def _more_than_touching(polygons: Shapes, one: NDArray[np.intp], other: NDArray[np.intp]) -> Mask:
    """Say which pairs share more than a border; polygons are made ready some at a time, for that takes memory."""
    deep = np.zeros(len(one), dtype=bool)
    for start in range(0, len(one), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        ready = polygons[np.unique(one[part])]
        shapely.prepare(ready)
        first, second = polygons[one[part]], polygons[other[part]]
        found = ~shapely.touches(first, second)
        found[found] = shapely.intersects(first[found], second[found])
        shapely.destroy_prepared(ready)
        deep[part] = found
    return deep


def _marked(size: int, rows: pd.Series[int], words: pd.Series[str]) -> tuple[Mask, Shapes]:
    """Return which rows are spoken of, and what is said of each: the first few of its words, the rest counted."""
    count = rows.value_counts()
    few = rows.groupby(rows).cumcount() < _NAMED
    said = words[few].groupby(rows[few]).agg("；".join)
    more = (count - _NAMED).reindex(said.index)
    shown = np.full(size, "", dtype=object)
    shown[said.index] = np.where(more > 0, said + " +" + more.astype(str), said)
    return shown != "", shown
