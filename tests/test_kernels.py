"""The compiled searches against a second engine: networkx on a multigraph, and arithmetic one millimetre at a time.

The oracle shares nothing with the engine: it knows the nodes it drew, measures lines with `math`, finds the nearest
edge by trying all, and takes shortest paths from networkx. All comparisons are exact, in whole millimetres.
"""

from __future__ import annotations

import math
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from batches import batches, few
from shapely import LineString, Point

from planning import catchment, network
from planning.errors import InputRefused

CRS = "EPSG:4548"
SIDE_M = 60.0


class Oracle:
    """A random town: up to 12 nodes, parallel streets, rings, streets without length, islands."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.by_id = bool(rng.integers(0, 2))
        nodes = rng.integers(2, 13)
        places = rng.uniform(0, SIDE_M, (nodes, 2))
        if self.by_id:  # two ids on one place: only a street without length joins them
            places[0] = places[-1]
        self.lines, self.ends = [], []
        for _ in range(rng.integers(1, 22)):
            start, end = (int(node) for node in rng.integers(0, nodes, 2))
            bends = rng.integers(2 if start == end else 0, 4)
            if bends == 1 and (places[start] == places[end]).all():
                bends = 0  # out and back over one line would have two nearest points
            shape = rng.uniform(0, SIDE_M, (bends, 2))
            self.lines.append(np.vstack([places[start], shape, places[end]]))
            self.ends.append((start, end))
        self.length_mm = [round(length(line) * 1000) for line in self.lines]
        graph = nx.MultiGraph()
        for (start, end), mm in zip(self.ends, self.length_mm, strict=True):
            graph.add_edge(start, end, weight=mm)
        self.node_mm = dict(nx.all_pairs_dijkstra_path_length(graph))
        self.max_snap_m = float(rng.choice([5.0, 20.0, 200.0]))
        self.sites = rng.uniform(-10, SIDE_M + 10, (rng.integers(1, 6), 2))
        self.homes = rng.uniform(-10, SIDE_M + 10, (rng.integers(1, 9), 2))
        self.home_ids = [f"d{row % 5}" for row in range(len(self.homes))]
        self.limit_m = float(rng.choice([0.0, 15.5, 40.0, 120.0, math.inf]))

    def roads(self) -> gpd.GeoDataFrame:
        ids = {
            "node_ids": [
                (start, *[None] * (len(line) - 2), end)
                for (start, end), line in zip(self.ends, self.lines, strict=True)
            ]
        }
        return gpd.GeoDataFrame(ids if self.by_id else {}, geometry=[LineString(line) for line in self.lines], crs=CRS)

    def facilities(self) -> gpd.GeoDataFrame:
        ids = [f"f{row}" for row in range(len(self.sites))]
        return gpd.GeoDataFrame({"facility_id": ids}, geometry=[Point(place) for place in self.sites], crs=CRS)

    def demand(self) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(index=self.home_ids, geometry=[Point(place) for place in self.homes], crs=CRS)

    def snap(self, place):
        """Return (edge, position, leg) in millimetres, or None."""
        found = [project(place, line) for line in self.lines]
        # Where two ids stand on one place, edges of both may be equally near: the first by coordinates counts.
        edge = min(range(len(found)), key=lambda row: (round(found[row][0] * 1000), *self.canonical(row)))
        leg_m, along_m = found[edge]
        leg, along = round(leg_m * 1000), min(round(along_m * 1000), self.length_mm[edge])
        return (edge, along, leg) if leg <= round(self.max_snap_m * 1000) else None

    def canonical(self, edge):
        return *self.lines[edge][0], *self.lines[edge][-1], length(self.lines[edge])

    def between(self, one, other):
        """Return the millimetres between two snapped places, inf without a way."""
        ways = [abs(one[1] - other[1])] if one[0] == other[0] else []
        for node, mm in self.ways_out(one):
            for goal, rest in self.ways_out(other):
                ways.append(mm + self.node_mm[node].get(goal, math.inf) + rest)
        return one[2] + min(ways) + other[2]

    def ways_out(self, place):
        edge, along, _ = place
        return (self.ends[edge][0], along), (self.ends[edge][1], self.length_mm[edge] - along)

    def reach(self):
        rows = {}
        for row, site in enumerate(self.sites):
            for home_id, home in zip(self.home_ids, self.homes, strict=True):
                one, other = self.snap(site), self.snap(home)
                if one is not None and other is not None:
                    key = (f"f{row}", home_id)
                    rows[key] = min(rows.get(key, math.inf), self.between(one, other))
        limit = math.inf if math.isinf(self.limit_m) else round(self.limit_m * 1000)
        return [[*key, mm / 1000] for key, mm in sorted(rows.items()) if mm <= limit and mm < math.inf]

    def reached_mm(self, sites, limit_mm):
        """Return how many millimetres of street lie within the limit of any of the snapped sites, asked one by one.

        All lengths are whole, so the reached part begins and ends at whole millimetres, and the middle of each tells.
        """
        total = 0
        for edge, mm in enumerate(self.length_mm):
            middle = np.arange(mm) + 0.5
            best = np.full(mm, np.inf)
            for site in sites:
                for node, out in self.ways_out(site):
                    start, end = (self.node_mm[node].get(goal, math.inf) for goal in self.ends[edge])
                    best = np.minimum(best, site[2] + out + np.minimum(start + middle, end + mm - middle))
                if site[0] == edge:
                    best = np.minimum(best, site[2] + np.abs(site[1] - middle))
            total += int((best <= limit_mm).sum())
        return total


def length(line):
    return sum(math.dist(one, other) for one, other in pairwise(line))


def project(place, line):
    """Return (distance, length along the line) of the nearest point, in metres."""
    best, walked = (math.inf, 0.0), 0.0
    for one, other in pairwise(line):
        step = math.dist(one, other)
        way = (other - one) @ (place - one)
        share = min(max(way / step**2, 0.0), 1.0) if step else 0.0
        best = min(best, (math.dist(place, one + share * (other - one)), walked + share * step))
        walked += step
    return best


def check(seed):
    oracle = Oracle(seed)
    net = network.build(oracle.roads())
    sites, homes = oracle.facilities(), oracle.demand()
    snap_m = oracle.max_snap_m
    found = catchment.reach(net, sites, homes, limit_m=oracle.limit_m, max_snap_m=snap_m)
    expected = oracle.reach()
    assert found.to_numpy().tolist() == expected, seed
    check_nearest(oracle, catchment.nearest(net, sites, homes, max_snap_m=snap_m), seed)


def check_nearest(oracle, found, seed):
    snapped = [(f"f{row}", oracle.snap(site)) for row, site in enumerate(oracle.sites)]
    for home, row in zip(oracle.homes, found.itertuples(), strict=True):
        mine = oracle.snap(home)
        if mine is None:
            assert row.status == "unsnapped", seed
            continue
        ways = [(oracle.between(site, mine), name) for name, site in snapped if site is not None]
        best = min(ways, default=(math.inf, ""))
        if math.isinf(best[0]):
            assert row.status == "unreachable", seed
        else:
            assert (row.distance_m, row.facility_id, row.status) == (best[0] / 1000, best[1], "reached"), seed


@pytest.mark.parametrize("block", few(range(6), quick=2))
def test_equal_to_networkx_on_random_multigraphs(block):
    """120 random towns."""
    for seed in range(20 * block, 20 * block + 20):
        check(seed)


@pytest.mark.parametrize("block", batches(50, slow=15))
def test_equal_to_networkx_on_a_thousand_random_multigraphs(block):
    for seed in range(10_000 + 20 * block, 10_000 + 20 * block + 20):
        check(seed)


@pytest.mark.parametrize("seed", range(16))
def test_reached_metres_asked_one_by_one(seed):
    """Each facility alone under three limits, and all together."""
    oracle = Oracle(seed)
    net = network.build(oracle.roads())
    limits = [7.5, 25.0, 60.25]
    table = catchment.reached_roads(net, oracle.facilities(), limits_m=limits, max_snap_m=oracle.max_snap_m)
    snapped = [oracle.snap(site) for site in oracle.sites]
    expected = [
        0 if site is None else oracle.reached_mm([site], round(limit * 1000)) for site in snapped for limit in limits
    ]
    assert (table["length_m"] * 1000).round().astype(int).tolist() == expected
    assert table.geometry.length.to_numpy() == pytest.approx(table["length_m"].to_numpy(), abs=0.001 * len(net.edge_mm))
    known = [site for site in snapped if site is not None]
    union = catchment.reached_union(net, oracle.facilities(), limit_m=25.0, max_snap_m=oracle.max_snap_m)
    assert (union["to_mm"] - union["from_mm"]).sum() == (oracle.reached_mm(known, 25_000) if known else 0)


def stretches_of(oracle, net, rng):
    """Return demand that is three stretches of edges and one plain point, and for each the edge of the oracle's."""
    edges = rng.integers(0, len(net.edge_mm), 3)
    ends = np.sort(np.array([rng.integers(0, mm + 1, 2) for mm in net.edge_mm[edges]]), axis=1)
    columns = np.vstack([np.column_stack([edges, ends]), [-1, -1, -1]])
    table = pd.DataFrame(columns, columns=list(catchment.STRETCH))
    middles = [line.interpolate(0.5, normalized=True) for line in net.lines[edges]]
    shapes = [*middles, Point(oracle.homes[0])]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=CRS).set_axis(["s0", "s1", "s1", "p"])


@pytest.mark.parametrize("seed", range(40))
def test_stretches_asked_one_millimetre_at_a_time(seed):
    """Distance and farthest place of a stretch are the least and the greatest over all its millimetres.

    Each millimetre is a place on the edge, and the oracle walks from it to every facility.
    """
    oracle = Oracle(seed)
    net = network.build(oracle.roads())
    demand = stretches_of(oracle, net, np.random.default_rng(seed))
    number = {line.tobytes(): row for row, line in enumerate(oracle.lines)}
    own = [number[np.array(line.coords).tobytes()] for line in net.lines]
    snapped = [oracle.snap(site) for site in oracle.sites]
    found = catchment.nearest(net, oracle.facilities(), demand, max_snap_m=oracle.max_snap_m)
    table = catchment.reach(net, oracle.facilities(), demand, limit_m=oracle.limit_m, max_snap_m=oracle.max_snap_m)
    expected = {}
    for name, row, result in zip(demand.index[:3], demand.itertuples(), found.itertuples(), strict=False):
        spots = np.arange(row.stretch_from_mm, row.stretch_to_mm + 1)
        walks = [spot_walks(oracle, own[row.stretch_edge], spots, site) for site in snapped if site is not None]
        names = [f"f{row}" for row, site in enumerate(snapped) if site is not None]
        for facility, walk in zip(names, walks, strict=True):
            expected[facility, name] = min(expected.get((facility, name), math.inf), walk.min())
        least = np.min(walks, axis=0) if walks else np.array([np.inf])
        if math.isinf(least.min()):
            assert result.status == "unreachable"
        else:
            best = min(zip([walk.min() for walk in walks], names, strict=True))
            assert (result.distance_m, result.facility_id) == (best[0] / 1000, best[1])
            assert result.farthest_m == least.max() / 1000
    limit = math.inf if math.isinf(oracle.limit_m) else round(oracle.limit_m * 1000)
    rows = [[*key, mm / 1000] for key, mm in sorted(expected.items()) if mm <= limit and mm < math.inf]
    assert table[table["demand_id"] != "p"].to_numpy().tolist() == rows
    plain = found.iloc[3]
    assert plain["status"] != "reached" or plain["distance_m"] == plain["farthest_m"]


def spot_walks(oracle, edge, spots, site):
    """Return the walk from every place ``spots`` of an edge to a snapped site, in millimetres."""
    walks = np.full(len(spots), np.inf)
    for node, out in ((oracle.ends[edge][0], spots), (oracle.ends[edge][1], oracle.length_mm[edge] - spots)):
        for goal, rest in oracle.ways_out(site):
            walks = np.minimum(walks, out + oracle.node_mm[node].get(goal, math.inf) + rest)
    if site[0] == edge:
        walks = np.minimum(walks, np.abs(spots - site[1]))
    return walks + site[2]


def test_stretch_to_stretch_and_a_stretch_that_is_none():
    """On one edge of 100 m: 10 … 30 and 50 … 60 are 20 m apart, overlapping ones 0; a stretch beyond it is refused."""
    net = network.build(gpd.GeoDataFrame(geometry=[LineString([(0, 0), (100, 0)])], crs=CRS))

    def stretch(low, high, edge=0):
        columns = dict(zip(catchment.STRETCH, ([edge], [low * 1000], [high * 1000]), strict=True))
        return gpd.GeoDataFrame(columns, geometry=[Point((low + high) / 2, 0)], crs=CRS)

    def apart(one, other):
        facilities, demand = stretch(*one).assign(facility_id="a"), stretch(*other).set_axis(["b"])
        return catchment.reach(net, facilities, demand, limit_m=1000)["distance_m"].item()

    assert [apart((10, 30), (50, 60)), apart((50, 60), (10, 30)), apart((10, 30), (20, 60))] == [20, 20, 0]
    for wrong in (stretch(10, 101), stretch(-1, 5), stretch(9, 5), stretch(1, 2, edge=1)):
        with pytest.raises(InputRefused) as error:
            catchment.nearest(net, stretch(0, 1).assign(facility_id="a").iloc[:0], wrong)
        assert [fault.code for fault in error.value.faults] == ["catchment_stretch"]


def test_either_side_may_be_searched_from():
    """Many homes and few sites, then few homes and many sites: one table, turned round."""
    rng = np.random.default_rng(7)
    oracle = Oracle(3)
    net = network.build(oracle.roads())
    many, few = rng.uniform(0, SIDE_M, (40, 2)), rng.uniform(0, SIDE_M, (4, 2))

    def table(sites, homes):
        facilities = gpd.GeoDataFrame(
            {"facility_id": [f"p{row:02}" for row in range(len(sites))]},
            geometry=[Point(place) for place in sites],
            crs=CRS,
        )
        demand = gpd.GeoDataFrame(
            index=[f"p{row:02}" for row in range(len(homes))], geometry=[Point(place) for place in homes], crs=CRS
        )
        return catchment.reach(net, facilities, demand, limit_m=90)

    one = table(many, few)
    other = table(few, many).rename(columns={"facility_id": "demand_id", "demand_id": "facility_id"})
    other = other[one.columns].sort_values(["facility_id", "demand_id"], ignore_index=True)
    pd.testing.assert_frame_equal(one, other)
    assert len(one) > 40


def test_numba_is_loaded_on_first_use_only():
    """Starting the program must not wait for the compiler."""
    import subprocess
    import sys

    code = "import planning.catchment, planning.network, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
