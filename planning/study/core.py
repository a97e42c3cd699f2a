"""Where a plan without boundaries has its core: a few places far off must not make a map of half a province."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

STEPS_M: Final = (1_000.0, 2_000.0, 3_000.0, 5_000.0)
"""Areas no farther apart than this hang together; the first step at which the largest group is the core is taken."""
CORE_SHARE: Final = 0.8
"""The core holds at least this share of all areas; where no group does, all are the core."""


def core(shapes: np.ndarray) -> np.ndarray:
    """Say which areas are the core: the largest group of areas that hang together, if it holds `CORE_SHARE` of them.

    Parameters
    ----------
    shapes
        Areas in metres, polygons or points, in the order of their ids: of groups as large the one that comes first.

    Returns
    -------
    ndarray of bool
        All true where the areas do not gather in one place.
    """
    points = shapely.point_on_surface(shapes)
    for step in STEPS_M:
        group = _groups(points, step)
        many = np.bincount(group)
        if len(group) and many.max() >= CORE_SHARE * len(group):
            return np.asarray(group == int(np.argmax(many)))
    return np.ones(len(shapes), dtype=bool)


def _groups(points: np.ndarray, step_m: float) -> np.ndarray:
    """Return the group of each point, numbered in the order of the points."""
    grounds = shapely.get_parts(shapely.union_all(shapely.buffer(points, step_m / 2)))
    at, ground = shapely.STRtree(grounds).query(points, predicate="intersects")
    found = np.zeros(len(points), dtype=int)
    found[at] = ground
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])
