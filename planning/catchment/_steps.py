"""Room of `planning.catchment`: exact service areas of many facilities for several limits, step on step.

The area of a limit is that of the limit before and the ground around what the longer walk adds. Facilities are drawn in
blocks, so that the grounds of single stretches, which take a hundred times the memory of the areas, are never there
all at once. Neither the blocks nor the number of threads show in what is drawn.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import shapely

from planning.catchment import _exact, _outlines, _stadia
from planning.network import Network
from planning.network._topology import Flags, Ints, Objects

STRETCHES_AT_ONCE: Final = 1 << 13  # with the facility that passes it; some 10 MB
MOST_THREADS: Final = 8


class Stretches(NamedTuple):
    """Reached parts of edges, ascending by group: facility × limits + limit."""

    edge: Ints
    from_mm: Ints
    to_mm: Ints
    group: Ints

    def between(self, low: int, high: int) -> Stretches:
        """Return the stretches of the groups ``low`` … ``high`` - 1."""
        first, last = np.searchsorted(self.group, [low, high])
        return Stretches(*(column[first:last] for column in self))


def outlines(network: Network, stretches: Stretches, shape: tuple[int, int]) -> Objects:
    """Return the ground within `_outlines.WIDTH_M` of each group of stretches, on their side of every barrier.

    A hole is filled only where it is small, and neither a road that was not reached nor a barrier runs through it.

    Parameters
    ----------
    network : Network
    stretches : Stretches
        Those of a larger limit hold those of a smaller one, and so do the areas.
    shape : (facilities, limits)

    Returns
    -------
    array of MultiPolygon
        One a group, empty for a group without stretches.
    """
    roads, walls = network.tree, shapely.STRtree(network.barriers)
    cuts = _cuts(stretches.group, shape)

    def block(low: int, high: int) -> Objects:
        part = stretches.between(low, high)
        areas = _areas(network, part._replace(group=part.group - low), (high - low) // shape[1], shape[1], walls)
        return _exact.filled(areas, roads, walls)

    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS)) as pool:
        drawn = list(pool.map(block, cuts[:-1], cuts[1:]))
    return np.concatenate([np.empty(0, dtype=object), *drawn])


def _cuts(group: Ints, shape: tuple[int, int]) -> list[int]:
    """Return the first group of each block of whole facilities, and the end."""
    firsts = np.arange(shape[0]) * shape[1]
    block = np.searchsorted(group, firsts) // STRETCHES_AT_ONCE
    return [*firsts[np.diff(block, prepend=-1) != 0].tolist(), shape[0] * shape[1]]


def _areas(network: Network, part: Stretches, facilities: int, limits: int, walls: shapely.STRtree) -> Objects:
    """Return the areas of the groups of a block, their holes as they are."""
    lines = _outlines.parts(network.lines[part.edge], network.edge_mm[part.edge], part.from_mm, part.to_mm)
    near, fresh = _exact.near_walls(lines, walls), _fresh(part, limits)
    wanted = fresh & ~near
    grounds = _stadia.grounds(lines, part.group, wanted=wanted, covers=~near)
    open_ground = _united(grounds, part.group[wanted], facilities * limits)
    for group in np.unique(part.group[fresh & near]):
        beside = _exact.beside(lines[fresh & near & (part.group == group)], network.barriers, walls)
        open_ground[group] = shapely.union(open_ground[group], beside)
    steps = open_ground.reshape(facilities, limits)
    for step in range(1, limits):
        steps[:, step] = shapely.union(steps[:, step - 1], steps[:, step])
    return steps.ravel()


def _fresh(part: Stretches, limits: int) -> Flags:
    """Say which stretches no smaller limit of the same facility has."""
    facility = part.group // limits
    order = np.lexsort((part.group, part.to_mm, part.from_mm, part.edge, facility))
    same = [np.diff(column[order]) == 0 for column in (facility, part.edge, part.from_mm, part.to_mm)]
    fresh = np.ones(len(order), dtype=bool)
    fresh[order[1:]] = ~np.logical_and.reduce(same)
    return fresh


def _united(grounds: Objects, group: Ints, count: int) -> Objects:
    """Return the union of the grounds of each group, which are ascending.

    Uniting the grounds of single stretches is ten times faster than one buffer around all of them, and the same.
    """
    bounds = np.searchsorted(group, np.arange(count + 1))
    united = (shapely.union_all(grounds[low:high]) for low, high in pairwise(bounds))
    return np.fromiter(united, dtype=object, count=count)
