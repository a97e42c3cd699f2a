"""Roads drafted once and cut as often as asked give, to the last bit, the network built anew with those barriers."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from test_network_kept import alike

from planning import network
from planning.network import _noding, _topology

CRS = "EPSG:4548"
ORIGIN = np.array([500_000.0, 4_000_000.0])


def random_roads(seed, side=8):
    """Return long bent roads that share vertices, short ones, repeats, and some that carry node ids."""
    rng = np.random.default_rng(seed)
    xy = ORIGIN + np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * 60.0
    xy += rng.integers(-20, 20, xy.shape)
    number = np.arange(side * side).reshape(side, side).astype(str)
    rows = [(xy[at], number[at]) for at in range(side)] + [(xy[:, at], number[:, at]) for at in range(side)]
    lines, ids = [], []
    for shape, names in rows:
        low, high = np.sort(rng.choice(side, 2, replace=False))
        for first, last in ((0, low), (low, high), (high, side - 1), (low, high)):
            if last > first and rng.random() < 0.8:
                lines.append(shapely.linestrings(shape[first : last + 1]))
                ids.append(tuple(names[first : last + 1]) if seed % 2 and rng.random() < 0.7 else np.nan)
    columns = {"road_id": [f"W{row}" for row in range(len(lines))], "level": rng.integers(0, 2, len(lines))}
    return gpd.GeoDataFrame({**columns, "node_ids": ids}, geometry=lines, crs=CRS), xy.reshape(-1, 2)


def random_walls(seed, crossings, count):
    """Return walls across roads, through crossings, along roads, and far from everything."""
    rng = np.random.default_rng(seed)
    ends = ORIGIN + rng.uniform(-50, 500, (count, 2, 2))
    ends[::3, 0] = crossings[rng.choice(len(crossings), len(ends[::3]))]
    ends[1::4] = crossings[rng.integers(0, len(crossings), (len(ends[1::4]), 1)) - np.arange(2)]
    shapes = [*shapely.linestrings(ends[(ends[:, 0] != ends[:, 1]).any(axis=1)])]
    return gpd.GeoSeries([*shapes, shapely.box(*(ORIGIN - 900), *(ORIGIN - 800))], crs=CRS)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))])
@pytest.mark.parametrize("asked", [{}, {"noding": "planar"}, {"heal_gaps_m": 30.0}])
def test_cut_again_and_again_as_built_anew(seed, asked):
    roads, crossings = random_roads(seed)
    uncut = network.draft(roads, **asked)
    alike(network.cut(uncut), network.build(roads, **asked))
    for count in (1, 2, 5):
        walls = random_walls(seed + count, crossings, count)
        alike(network.cut(uncut, walls), network.build(roads, barriers=walls, **asked))


@pytest.mark.parametrize("seed", range(4))
def test_a_box_for_each_wall_finds_what_one_for_all_finds(seed, monkeypatch):
    roads, crossings = random_roads(seed)
    walls = random_walls(seed, crossings, 6)
    few = network.build(roads, barriers=walls)
    monkeypatch.setattr(_noding, "MOST_BOXES", 0)
    alike(few, network.build(roads, barriers=walls))


def test_only_what_a_wall_meets_is_drawn_anew(monkeypatch):
    """A wall over the middle of one of three roads: of 3 lines drawn once the 2 halves of that one are new."""
    lines = shapely.linestrings(ORIGIN + np.array([[[0, y], [100, y]] for y in (0, 50, 100)]))
    uncut = network.draft(gpd.GeoDataFrame({"road_id": list("abc")}, geometry=lines, crs=CRS))
    drawn = []
    real = _topology.lines_between
    monkeypatch.setattr(_topology, "lines_between", lambda xy, *rows: (drawn.append(len(rows[0])), real(xy, *rows))[1])
    wall = gpd.GeoSeries(shapely.linestrings([ORIGIN + np.array([[50, 40], [50, 60]])]), crs=CRS)
    assert len(network.cut(uncut, wall).lines) == 4
    assert drawn == [2]
