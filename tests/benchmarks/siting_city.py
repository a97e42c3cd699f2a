"""Made-up cities for the siting benchmarks: one walked on streets, one as the crow flies and denser."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import KDTree

SPACING_M = 72.0
NODES = {500: 12_000, 2_000: 60_000}
RADIUS_M = 800.0


def _streets(nodes: int, rng: np.random.Generator) -> tuple[np.ndarray, csr_array]:
    """A jittered lattice 72 m apart with 30 % of its links left out: places and walking lengths, the largest piece."""
    side = int(np.ceil(np.sqrt(nodes / 0.965)))
    lattice = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    places = ((lattice + rng.uniform(-0.25, 0.25, lattice.shape)) * SPACING_M).reshape(-1, 2)
    number = np.arange(side * side).reshape(side, side)
    one = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    other = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    kept = rng.random(len(one)) < 0.7
    one, other = one[kept], other[kept]
    metres = np.linalg.norm(places[one] - places[other], axis=1) * rng.uniform(1.0, 1.25, len(one))
    graph = csr_array(coo_array((metres, (one, other)), shape=(side**2, side**2)))
    piece = connected_components(graph, directed=False)[1]
    inside = np.flatnonzero(piece == np.bincount(piece).argmax())
    return places[inside], graph[inside][:, inside]


@cache
def on_streets(demands: int, sites: int, limit_m: float = 1000.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Homes and sites at crossings, crowded round twelve centres; whole metres on foot within a limit.

    Within 1 000 m a home has about ten sites of 500, eight of 2 000. People are log-normal.
    """
    rng = np.random.default_rng(3)
    places, graph = _streets(NODES[sites], rng)
    side = places.max()
    centres = rng.uniform(0, side, (12, 2))
    off = ((places[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)
    crowd = 0.15 + np.exp(-off / (2 * (0.12 * side) ** 2))
    homes = rng.choice(len(places), demands, replace=False, p=crowd / crowd.sum())
    facilities = rng.choice(len(places), sites, replace=False, p=crowd / crowd.sum())
    found = []
    for first in range(0, sites, 100):
        block = facilities[first : first + 100]
        walked = np.rint(dijkstra(graph, directed=False, indices=block, limit=limit_m)[:, homes])
        site, home = np.nonzero(np.isfinite(walked))
        found.append((site.astype(np.int32) + first, home.astype(np.int32), walked[site, home]))
    site, home, metres = (np.concatenate(part) for part in zip(*found, strict=True))
    reach = pd.DataFrame({"facility_id": site, "demand_id": home, "distance_m": metres})
    return reach, pd.DataFrame({"elderly": np.rint(rng.lognormal(4.0, 0.9, demands)).clip(1)})


@cache
def as_the_crow_flies(demands: int, sites: int, spacing_m: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Homes and sites crowd round twelve centres; metres are whole and 1.3 times the straight line, people log-normal.

    The city grows with its sites, one to ``spacing_m``²: at 375 m a home has about nine within the radius, at 300 m
    fourteen, and proofs become hard.
    """
    rng = np.random.default_rng(3)
    side = spacing_m * np.sqrt(sites)
    centres = rng.uniform(0, side, (12, 2))

    def places(count: int) -> np.ndarray:
        crowd = centres[rng.integers(0, 12, count)] + rng.normal(0, side / 8, (count, 2))
        spread = rng.uniform(0, side, (count, 2))
        return np.where(rng.random((count, 1)) < 0.6, crowd, spread) % side

    homes, facilities = places(demands), places(sites)
    near = KDTree(homes).sparse_distance_matrix(KDTree(facilities), RADIUS_M / 1.3 + 1, output_type="coo_matrix")
    metres = np.rint(near.data * 1.3)
    reach = pd.DataFrame({"facility_id": near.col, "demand_id": near.row, "distance_m": metres})
    return reach, pd.DataFrame({"elderly": np.rint(rng.lognormal(4.0, 0.9, demands)).clip(1)})
