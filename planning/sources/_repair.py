"""Room `planning.sources`: polygons that cross themselves, repaired as far as that is beyond doubt."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planning.sources.ledger import Notes

MAX_REPAIR_SHARE: Final = 0.01
"""How far a repair may change an area unless the plan allows more (``inputs.<table>.max_repair_share``)."""


def repaired(shapes: NDArray[np.object_], notes: Notes, *, max_share: float = MAX_REPAIR_SHARE) -> NDArray[np.object_]:
    """Return the shapes with invalid polygons made valid, or None where that would change them too much.

    Parameters
    ----------
    shapes : array of geometries
        In metres, 2D; None stays None.
    notes : Notes
        Grows: ``geometry_repaired`` (flagged) or ``geometry_invalid`` (excluded), each with the area before and after
        and the place where the outline first crosses itself.
    max_share : float
        The largest change of area, as a share of the larger of before and after; the limit itself is allowed. At 1
        every repair that leaves an area is accepted: a bow-tie too, whose area before is nothing.
    """
    polygon = np.isin(shapely.get_type_id(shapes), (3, 6))
    broken = np.flatnonzero(polygon & ~shapely.is_valid(shapes))
    if not len(broken):
        return shapes
    made = shapes.copy()
    better = shapely.make_valid(_without_stray_holes(shapes[broken]), method="structure", keep_collapsed=False)
    before, after = shapely.area(shapes[broken]), shapely.area(better)
    close = np.abs(after - before) <= max_share * np.maximum(before, after)
    good = close & (after > 0) & np.isin(shapely.get_type_id(better), (3, 6))
    shown = np.full(len(shapes), "", dtype=object)
    shown[broken] = _shown(shapes[broken], before, after)
    made[broken] = np.where(good, better, None)
    fine, lost = np.zeros(len(shapes), dtype=bool), np.zeros(len(shapes), dtype=bool)
    fine[broken[good]], lost[broken[~good]] = True, True
    notes.say("geometry_repaired", "flagged", fine, values=shown)
    notes.say("geometry_invalid", "excluded", lost, values=shown, percent=f"{100 * max_share:g}")
    return made


def _without_stray_holes(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons without holes that lie outside their shell, of which `shapely.make_valid` would make land."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    holed = np.flatnonzero(shapely.get_num_interior_rings(parts))
    parts[holed] = [_with_inner_holes(part) for part in parts[holed]]
    return np.asarray(shapely.multipolygons(parts, indices=owner), dtype=object)


def _with_inner_holes(polygon: shapely.Polygon) -> shapely.Polygon:
    shell = shapely.make_valid(shapely.Polygon(polygon.exterior), method="structure", keep_collapsed=False)
    return shapely.Polygon(polygon.exterior, [hole for hole in polygon.interiors if shell.intersects(hole)])


def _shown(shapes: NDArray[np.object_], before: NDArray[np.float64], after: NDArray[np.float64]) -> list[str]:
    """Return area before and after, and where the outline goes wrong: GEOS names the first such place in brackets."""
    reasons = shapely.is_valid_reason(shapes)
    places = [str(reason).partition("[")[2].rstrip("]").replace(" ", ", ") for reason in reasons]
    return [
        f"{old:.2f} m² → {new:.2f} m²" + (f" @ {place}" if place else "")
        for old, new, place in zip(before, after, places, strict=True)
    ]
