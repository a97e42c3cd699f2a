"""Room of `planning.catchment`: the ground around straight stretches of road, without the corners that others hide.

Around a straight stretch lies a stadium: a rectangle with a half circle drawn in corners at both ends. Where roads
meet, most of those corners lie on the rectangle of another stretch. They may go before the grounds are united: of
corners in a row inside one rectangle all but the first and the last are left out, which takes away nothing that the
rectangle does not hold. Rectangles themselves are never cut, so what was left out of one stadium is never owed by
another; the union stays what it is and is found in half the time.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import shapely

from planning.catchment._exact import CORNER_SEGMENTS
from planning.catchment._outlines import WIDTH_M
from planning.network._topology import Flags, Floats, Ints, Objects

INSIDE_M: Final = 0.001  # as far inside a rectangle a corner must lie to be hidden; coordinates are exact to 1e-9 m
STEPS: Final = 2 * CORNER_SEGMENTS
ALL_CORNERS: Final = (1 << (STEPS + 1)) - 1


class _Caps(NamedTuple):
    """The half circles at both ends of straight stretches: two rows a stretch, that of its last end first."""

    middle: Floats
    out: Floats  # unit vector away from the stretch
    length_m: Floats


def grounds(lines: Objects, group: Ints, *, wanted: Flags, covers: Flags) -> Objects:
    """Return the ground within `WIDTH_M` of each line ``wanted``, less what others of its group cover.

    Parameters
    ----------
    lines : array of LineString
    group : int array
        What is united with what.
    wanted : bool array
    covers : bool array
        Whose whole ground is in the union of its group, though it may not be asked for here.

    Returns
    -------
    array of Polygon
        In the order of the lines wanted.
    """
    straight = np.flatnonzero((shapely.get_num_coordinates(lines) == 2) & (shapely.length(lines) > 0))
    caps = _caps(lines[straight])
    corners = np.full((len(straight), 2), ALL_CORNERS, dtype=np.int64)
    _hide(corners.reshape(-1), caps, np.repeat(group[straight], 2), np.repeat(covers[straight], 2))
    asked = wanted[straight]
    result = np.full(len(lines), None, dtype=object)
    result[straight[asked]] = _rings(caps, corners, np.flatnonzero(asked))
    other = wanted.copy()
    other[straight] = False
    result[other] = shapely.buffer(lines[other], WIDTH_M, quad_segs=CORNER_SEGMENTS)
    return result[wanted]


def _caps(lines: Objects) -> _Caps:
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    way = ends[:, 1] - ends[:, 0]
    length = np.sqrt((way**2).sum(axis=1))
    unit = way / length[:, None]
    out = np.stack([unit, -unit], axis=1).reshape(-1, 2)
    return _Caps(ends[:, ::-1].reshape(-1, 2), out, np.repeat(length, 2))


def _hide(corners: Ints, caps: _Caps, group: Ints, covers: Flags) -> None:
    """Take the hidden corners out of ``corners``, a bit a corner, by the stretches that end in the same place."""
    order = np.lexsort((caps.middle[:, 1], caps.middle[:, 0], group))
    place, of = caps.middle[order], group[order]
    opens = np.ones(len(order), dtype=bool)
    opens[1:] = (np.diff(place, axis=0) != 0).any(axis=1) | (np.diff(of) != 0)
    first = np.flatnonzero(opens)
    many = np.diff(np.append(first, len(order)))
    start, many = np.repeat(first, many), np.repeat(many, many)
    # a rectangle shorter than the half circle is high would end within it
    hides = covers & (caps.length_m > WIDTH_M + INSIDE_M)
    for turn in range(1, int(many.max(initial=1))):
        rows = np.flatnonzero(many > turn)
        one, other = order[rows], order[start[rows] + (rows - start[rows] + turn) % many[rows]]
        one, other = one[hides[other]], other[hides[other]]
        corners[one] &= ~_inner(corners[one] & _within(caps.out[one], -caps.out[other]))


def _within(out: Floats, way: Floats) -> Ints:
    """Say which corners of half circles lie in the rectangle that leaves their middle along ``way``."""
    along, across = _turn()
    ahead = (out * way).sum(axis=1)
    aside = out[:, 0] * way[:, 1] - out[:, 1] * way[:, 0]
    far = WIDTH_M * (ahead[:, None] * along + aside[:, None] * across)
    off = WIDTH_M * (aside[:, None] * along - ahead[:, None] * across)
    inside = (far > INSIDE_M) & (np.abs(off) < WIDTH_M - INSIDE_M)
    return np.asarray(inside @ (1 << np.arange(STEPS + 1)), dtype=np.int64)


def _inner(bits: Ints) -> Ints:
    """Return the bits without the lowest and the highest."""
    below = bits.copy()
    for step in (1, 2, 4, 8, 16):
        below |= below >> step
    highest = below ^ (below >> 1)
    return bits & ~highest & ~(bits & -bits)


def _turn() -> tuple[Floats, Floats]:
    """Return how far along and across its direction the corners of a half circle of radius 1 lie, left to right."""
    turned = [math.pi / 2 - math.pi * step / STEPS for step in range(STEPS + 1)]
    along = [0.0, *map(math.cos, turned[1:-1]), 0.0]
    return np.array(along), np.array([*map(math.sin, turned)])


def _rings(caps: _Caps, corners: Ints, rows: Ints) -> Objects:
    """Return the polygons of the stretches ``rows`` with the corners they keep, clockwise."""
    along, across = _turn()
    at = (2 * rows[:, None] + [0, 1]).ravel()
    left = np.stack([-caps.out[at, 1], caps.out[at, 0]], axis=1)
    kept = (corners[rows].reshape(-1, 1) >> np.arange(STEPS + 1)) & 1 == 1
    cap, corner = np.nonzero(kept)
    reach = along[corner, None] * caps.out[at][cap] + across[corner, None] * left[cap]
    rings = shapely.linearrings(caps.middle[at][cap] + WIDTH_M * reach, indices=cap // 2)
    return np.asarray(shapely.polygons(rings), dtype=object)
