"""A made-up town as an OpenStreetMap extract, any size: bent streets with crossings, four house corners a crossing.

Four in five of its nodes belong to houses, as in extracts that people download.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
from osmium.osm.mutable import Node, Way

WEST, SOUTH, STEP = 116.9, 36.6, 0.0006  # degrees; crossings about 54 m by 67 m apart
STREET = 5  # crossings a way has
CLASSES = ("residential", "footway", "primary", "service")


def write(path: Path, side: int, *, seed: int = 1) -> int:
    """Write a town of ``side`` × ``side`` crossings and return the number of nodes on its streets."""
    rng = np.random.default_rng(seed)
    cell = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1).reshape(-1, 2)
    corners = (cell + rng.uniform(-0.2, 0.2, cell.shape)) * STEP + (WEST, SOUTH)
    places, ways = [tuple(xy) for xy in corners.tolist()], []
    for row in range(side):
        for first in range(0, side - STREET + 1, STREET - 1):
            run = np.arange(first, first + STREET)
            both = (row * side + run).tolist(), (run * side + row).tolist()
            ways += [(_bent(crossings, places, rng), {"highway": CLASSES[int(rng.integers(4))]}) for crossings in both]
    on_streets = len(places)
    for x, y in ((cell + 0.5) * STEP + (WEST, SOUTH)).tolist():
        at = len(places)
        places += [(x + dx * STEP / 5, y + dy * STEP / 5) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        ways.append(([at, at + 1, at + 2, at + 3, at], {"building": "yes"}))
    _write(path, places, ways)
    return on_streets


def _bent(crossings: list[int], places: list[tuple[float, ...]], rng: np.random.Generator) -> list[int]:
    """Return the nodes of a way over ``crossings``; every other stretch has a bend, added to ``places``."""
    nodes = [crossings[0]]
    for one, other in pairwise(crossings):
        if rng.random() < 0.5:
            middle = (np.add(places[one], places[other]) / 2 + rng.uniform(-0.1, 0.1, 2) * STEP).tolist()
            nodes.append(len(places))
            places.append(tuple(middle))
        nodes.append(other)
    return nodes


def _write(path: Path, places: list[tuple[float, ...]], ways: list[tuple[list[int], dict[str, str]]]) -> None:
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for number, place in enumerate(places, 1):
            writer.add_node(Node(id=number, location=place, version=1))
        for number, (nodes, tags) in enumerate(ways, 1):
            writer.add_way(Way(id=number, nodes=[node + 1 for node in nodes], tags=tags, version=1))
