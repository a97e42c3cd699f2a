"""How fast the engine is, as ratios measured in one process: against scipy, networkx, and shapely's default buffer.

``pytest tests/benchmarks/test_engine.py --benchmark-json FILE`` with ``-m slow`` for 50,000 nodes and ``-m scale`` for
300,000; the figures stand under ``extra_info``. Absolute times depend on the machine and on what else runs on it; the
ratios are the result. Each assertion leaves half of what was measured on two shared cores as slack.
"""

from __future__ import annotations

import time
from functools import cache

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from planning import _engine, catchment, network

CRS = "EPSG:4548"
SPACING_M = 72.0
LIMIT_M = 1000.0
SIZES = [pytest.param(50_000, marks=pytest.mark.slow), pytest.param(300_000, marks=pytest.mark.scale)]


@cache
def city(nodes: int):
    """Return the network of a jittered lattice: 72 m apart, a third of the links left out, the largest piece kept."""
    rng = np.random.default_rng(1)
    side = int(np.ceil(np.sqrt(nodes)))
    xy = (
        np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) + rng.uniform(-0.25, 0.25, (side, side, 2))
    ) * SPACING_M
    xy = xy.reshape(-1, 2)
    number = np.arange(side * side).reshape(side, side)
    start = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    end = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    kept = rng.random(len(start)) < 0.7
    start, end = start[kept], end[kept]
    label = connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(side**2, side**2)))[1]
    largest = label[start] == np.bincount(label).argmax()
    lines = shapely.linestrings(np.stack([xy[start[largest]], xy[end[largest]]], axis=1))
    roads = gpd.GeoDataFrame(geometry=rng.permutation(lines), crs=CRS)
    began = time.perf_counter()
    net = network.build(roads)
    return net, time.perf_counter() - began


def places(net, count, seed):
    """Return points beside random nodes."""
    rng = np.random.default_rng(seed)
    chosen = net.node_xy[rng.choice(len(net.node_xy), count, replace=False)] + rng.uniform(-20, 20, (count, 2))
    return gpd.GeoDataFrame(
        {"facility_id": [f"{row:06}" for row in range(count)]}, geometry=shapely.points(chosen), crs=CRS
    )


def least(function, rounds=3):
    """Return the least of some wall times."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def matrix(net):
    count = len(net.node_xy)
    return coo_array((net.edge_mm / 1000, (net.edge_from, net.edge_to)), shape=(count, count)).tocsr()


@pytest.mark.parametrize("nodes", SIZES)
def test_table_of_10_000_homes_and_2_000_sites(benchmark, nodes):
    """The whole of `reach`, snapping and ids included."""
    net, built_s = city(nodes)
    sites, homes = places(net, 2_000, 2), places(net, 10_000, 3).set_index("facility_id")
    catchment.reach(net, sites.iloc[:1], homes, limit_m=LIMIT_M)
    benchmark.pedantic(catchment.reach, (net, sites, homes), {"limit_m": LIMIT_M}, rounds=3)
    report(benchmark, nodes=len(net.node_xy), build_s=built_s, reach_s=benchmark.stats.stats.min)


@pytest.mark.parametrize("nodes", SIZES)
def test_search_alone(benchmark, nodes):
    """3,000 bounded searches, nothing emitted but pairs of sites, against scipy and networkx from the same places."""
    net, _ = city(nodes)
    sites = _engine.place(net, places(net, 3_000, 2).geometry, 200.0)
    rows = np.arange(len(sites.row))

    def ours():
        return _engine.pairs(net, (sites, rows), (sites, rows), int(LIMIT_M * 1000))

    ours()
    benchmark.pedantic(ours, rounds=3)
    mine = benchmark.stats.stats.min
    graph, sources = matrix(net), net.edge_from[sites.edge]
    scipy_s = least(lambda: dijkstra(graph, False, sources[:200], limit=LIMIT_M), 2) * 15
    other = nx.MultiGraph()
    other.add_weighted_edges_from(
        zip(net.edge_from.tolist(), net.edge_to.tolist(), (net.edge_mm / 1000).tolist(), strict=True)
    )
    networkx_s = (
        least(
            lambda: [nx.single_source_dijkstra_path_length(other, node, LIMIT_M) for node in sources[:100].tolist()], 2
        )
        * 30
    )
    report(
        benchmark,
        nodes=len(net.node_xy),
        search_s=mine,
        scipy_ratio=scipy_s / mine,
        networkx_ratio=networkx_s / mine,
    )
    assert scipy_s / mine > (2 if nodes < 100_000 else 10)
    assert networkx_s / mine > 15


@pytest.mark.parametrize("nodes", SIZES)
def test_snapping_10_000_points(benchmark, nodes):
    net, _ = city(nodes)
    homes = places(net, 10_000, 4).geometry
    network.snap(net, homes.iloc[:1], max_snap_m=200)
    benchmark.pedantic(network.snap, (net, homes), {"max_snap_m": 200}, rounds=3)
    report(benchmark, nodes=len(net.node_xy), snap_s=benchmark.stats.stats.min)
    assert benchmark.stats.stats.min < 1.5


@pytest.mark.parametrize("nodes", SIZES)
def test_nearest_of_3_000_for_10_000_points(benchmark, nodes):
    net, _ = city(nodes)
    sites, homes = places(net, 3_000, 2), places(net, 10_000, 4).geometry
    catchment.nearest(net, sites, homes.iloc[:1])
    benchmark.pedantic(catchment.nearest, (net, sites, homes), rounds=3)
    report(benchmark, nodes=len(net.node_xy), nearest_s=benchmark.stats.stats.min)


@pytest.mark.slow
def test_outlines_of_100_facilities(benchmark):
    """Three limits each, against shapely's default buffer of the largest alone."""
    net, _ = city(50_000)
    sites = places(net, 100, 5)
    catchment.reached_roads(net, sites.iloc[:1], limits_m=[300])
    benchmark.pedantic(catchment.service_areas, (net, sites), {"limits_m": [300, 600, 900]}, rounds=2)
    roads_s = least(lambda: catchment.reached_roads(net, sites, limits_m=[300, 600, 900]))
    roads = catchment.reached_roads(net, sites.iloc[:20], limits_m=[900]).geometry.to_numpy()
    default_s = least(lambda: shapely.buffer(roads, 25.0), 2) * 5
    report(benchmark, areas_s=benchmark.stats.stats.min, roads_s=roads_s, default_buffer_of_900_m_s=default_s)


def report(benchmark, **figures):
    """Leave the figures in the benchmark's record (``--benchmark-json``)."""
    benchmark.extra_info.update({name: round(float(value), 4) for name, value in figures.items()})
