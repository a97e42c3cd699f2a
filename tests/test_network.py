"""The walking network: nodes, edges, gaps, barriers and snapping, on drawings small enough to answer on paper."""

from __future__ import annotations

import geopandas as gpd
import gridtown
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, Polygon

from planning import network
from planning.errors import InputRefused

CRS = "EPSG:4548"


def streets(*lines, crs=CRS, **columns):
    """Return roads of coordinate lists."""
    return gpd.GeoDataFrame(columns, geometry=[LineString(line) for line in lines], crs=crs)


def points(*places):
    return gpd.GeoSeries([Point(place) for place in places], crs=CRS)


def lengths(built):
    return sorted(built.edge_mm.tolist())


def codes(error):
    return {fault.code for fault in error.value.faults}


# ------------------------------------------------------------------------------------------------------ nodes and edges


def test_a_line_is_one_edge_and_its_shape_is_measured():
    """(0,0) → (30,40) is 50 m, on to (30,140) another 100 m: 150 m, two nodes."""
    built = network.build(streets([(0, 0), (30, 40), (30, 140)]))
    assert lengths(built) == [150_000]
    assert len(built.node_xy) == 2
    assert (built.edge_mm.dtype, built.weight_mm.dtype) == (np.int64, np.int32)


def test_ends_that_meet_are_one_node():
    built = network.build(streets([(0, 0), (100, 0)], [(100, 0), (100, 50)], [(200, 0), (100, 0)]))
    assert lengths(built) == [50_000, 100_000, 100_000]
    assert len(built.node_xy) == 4
    assert built.components().count == 1


@pytest.mark.parametrize(("offset_m", "joined"), [(0.0, True), (0.0009, True), (0.001, True), (0.0011, False)])
@pytest.mark.parametrize("origin", [(0.0, 0.0), (500_000.0, 4_000_000.0), (499_999.9995, 4_000_000.0005)])
def test_one_millimetre_is_one_place(offset_m, joined, origin):
    """Equal to 1 mm, wherever a rounding cell would begin: 1 mm apart is joined, 1.1 mm is not."""
    x, y = origin
    built = network.build(streets([(x - 100, y), (x, y)], [(x + offset_m, y), (x + 100, y)]))
    assert (built.components().count == 1) is joined


def test_crossing_without_a_vertex_is_a_bridge():
    built = network.build(streets([(0, 0), (100, 0)], [(50, -50), (50, 50)]))
    assert lengths(built) == [100_000, 100_000]
    assert built.components().count == 2


def test_shared_vertices_join_on_one_level_only():
    """Both lines have a vertex at (50, 0): joined on one level, a bridge on two; an empty level is 0."""
    cross = ([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)])
    assert lengths(network.build(streets(*cross))) == [50_000] * 4
    assert lengths(network.build(streets(*cross, level=[0, None]))) == [50_000] * 4
    assert lengths(network.build(streets(*cross, level=[0, 1]))) == [100_000] * 2


def test_ends_join_whatever_their_level():
    """A bridge (level 1) begins where the street (level 0) ends; it does not join the street passing under that end."""
    assert network.build(streets([(0, 0), (50, 0)], [(50, 0), (100, 0)], level=[0, 1])).components().count == 1
    passing = streets([(0, 0), (50, 0)], [(50, -50), (50, 0), (50, 50)], level=[1, 0])
    assert network.build(passing).components().count == 2


def test_end_on_a_vertex_of_its_own_level_splits_the_other():
    built = network.build(streets([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 70)]))
    assert lengths(built) == [50_000, 50_000, 70_000]


def test_ring_star_and_own_vertices():
    """A closed ring is one self-loop of 400 m; a figure six is cut where it meets itself."""
    ring = network.build(streets([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]))
    assert (lengths(ring), len(ring.node_xy)) == ([400_000], 1)
    star = network.build(streets(*([(0, 0), (100 * x, 100 * y)] for x, y in [(1, 0), (0, 1), (-1, 0), (0, -1)])))
    assert (lengths(star), len(star.node_xy)) == ([100_000] * 4, 5)
    six = network.build(streets([(0, 200), (0, 100), (0, 0), (100, 0), (100, 100), (0, 100)]))
    assert lengths(six) == [100_000, 400_000]


def test_consecutive_duplicate_vertices_change_nothing():
    plain = network.build(streets([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 70)]))
    twice = network.build(
        streets([(0, 0), (0, 0), (50, 0), (50, 0.0005), (50, 0), (100, 0), (100, 0)], [(50, 0), (50, 0), (50, 70)])
    )
    assert plain.edge_mm.tolist() == pytest.approx(twice.edge_mm.tolist(), abs=1)
    assert len(plain.node_xy) == len(twice.node_xy) == 4
    exact = network.build(streets([(0, 0), (0, 0), (50, 0), (50, 0), (100, 0)], [(50, 0), (50, 0), (50, 70)]))
    assert plain.edge_mm.tolist() == exact.edge_mm.tolist()


def test_a_line_without_length_joins_but_is_no_edge():
    built = network.build(streets([(0, 0), (50, 0)], [(50, 0), (50, 0)]))
    assert lengths(built) == [50_000]
    with pytest.raises(InputRefused) as error:
        network.build(streets([(50, 0), (50, 0)]))
    assert codes(error) == {"network_no_edge"}


def test_parallel_edges_stay_apart():
    built = network.build(streets([(0, 0), (100, 0)], [(0, 0), (0, 100), (100, 100), (100, 0)]))
    assert lengths(built) == [100_000, 300_000]
    assert len(built.node_xy) == 2
    assert built.weight_mm.tolist().count(100_000) == built.weight_mm.tolist().count(300_000) == 2


def test_node_ids_join_and_places_do_not():
    """Two ways cross at one place: with one id they are joined, whatever the level; with two ids they are not."""
    lines = ([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)])
    joined = network.build(streets(*lines, level=[0, 1], node_ids=[(1, 2, 3), (4, 2, 5)]))
    assert lengths(joined) == [50_000] * 4
    stacked = network.build(streets(*lines, node_ids=[(1, 2, 3), (4, 6, 5)]))
    assert lengths(stacked) == [100_000] * 2
    shape_only = network.build(streets(*lines, node_ids=[(1, None, 3), (4, None, 5)]))
    assert lengths(shape_only) == [100_000] * 2
    ends = network.build(streets([(0, 0), (50, 0)], [(50, 0), (100, 0)], node_ids=[(1, 2), (7, 3)]))
    assert ends.components().count == 2


def test_node_ids_on_one_place_make_an_edge_of_no_length():
    """Ids 2 and 3 stand on (50, 0) and are linked by a way of 0 m: an edge of 0 mm that carries."""
    lines = ([(0, 0), (50, 0)], [(50, 0), (50, 0)], [(50, 0), (80, 0)])
    built = network.build(streets(*lines, node_ids=[(1, 2), (2, 3), (3, 4)]))
    assert lengths(built) == [0, 30_000, 50_000]
    assert built.components().count == 1


def test_multi_part_lines_and_heights():
    """Parts keep the road's id; the 3-0-4 line is 3 m long, since heights do not count."""
    roads = gpd.GeoDataFrame(
        {"road_id": ["a", "b"]},
        geometry=[MultiLineString([[(0, 0), (10, 0)], [(50, 0), (70, 0)]]), LineString([(0, 0, 0), (3, 0, 4)])],
        crs=CRS,
    )
    built = network.build(roads)
    assert sorted(zip(built.road_id, built.edge_mm.tolist(), strict=True)) == [
        ("a", 10_000),
        ("a", 20_000),
        ("b", 3_000),
    ]


# ------------------------------------------------------------------------------------------------------- what is walked


@pytest.mark.parametrize(
    ("walkable", "highway", "walked"),
    [
        (None, None, True),
        (None, "residential", True),
        (None, "motorway", False),
        (None, "motorway_link", False),
        (None, "proposed", False),
        (None, "高速公路", False),
        (None, "城市主干路", True),
        (None, "['motorway', 'steps']", True),
        (None, "['motorway', 'motorway_link']", False),
        (None, "motorway;construction", False),
        (True, "motorway", True),
        (False, "residential", False),
    ],
)
def test_what_is_walked(walkable, highway, walked):
    """A stated value wins, else the class; a list is walked if one member is."""
    roads = streets([(0, 0), (10, 0)], [(0, 5), (20, 5)], walkable=[walkable, True], highway=[highway, None])
    assert (10_000 in network.build(roads).edge_mm) is walked


def test_class_column_of_chinese_tables_and_lists():
    roads = streets([(0, 0), (10, 0)], [(0, 5), (20, 5)], road_class=["高速公路", "支路"])
    assert lengths(network.build(roads)) == [20_000]
    both = streets([(0, 0), (10, 0)], [(0, 5), (20, 5)], highway=[["motorway", "steps"], ["raceway"]])
    assert lengths(network.build(both)) == [10_000]


def test_roads_nobody_walks_make_no_nodes():
    roads = streets([(0, 0), (50, 0), (100, 0)], [(50, 0), (50, 50)], highway=["residential", "motorway"])
    assert lengths(network.build(roads)) == [100_000]


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("crs", "code"),
    [
        (None, "network_crs_missing"),
        ("EPSG:4490", "network_crs_geographic"),
        ("EPSG:4326", "network_crs_geographic"),
        ("EPSG:3857", "network_crs_mercator"),
        ("EPSG:3395", "network_crs_mercator"),
        ("EPSG:2263", "network_crs_not_metre"),
    ],
)
def test_crs_in_which_no_distance_can_be_measured(crs, code):
    with pytest.raises(InputRefused) as error:
        network.build(streets([(0, 0), (1, 0)], crs=crs))
    assert codes(error) == {code}


def test_every_fault_is_named_at_once():
    with np.errstate(invalid="ignore"):
        broken = LineString([(0, 0), (np.nan, 1)])
    roads = gpd.GeoDataFrame(
        {"level": ["0", "bridge", "0", "0"], "walkable": [True, "perhaps", None, None]},
        geometry=[None, Point(0, 0), broken, LineString([(0, 0), (1, 0)])],
        crs=CRS,
    )
    with pytest.raises(InputRefused) as error:
        network.build(roads, noding="square", heal_gaps_m=-1)
    assert codes(error) == {
        "network_geometry_missing",
        "network_not_lines",
        "network_not_finite",
        "network_level_unreadable",
        "network_walkable_unreadable",
        "network_noding",
        "network_distance",
    }
    assert all(fault.message("zh") and fault.remedy("en") for fault in error.value.faults)


@pytest.mark.parametrize("highway", [["motorway"], []])
def test_no_walkable_edge(highway):
    with pytest.raises(InputRefused) as error:
        network.build(streets(*[[(0, 0), (1, 0)]] * len(highway), highway=highway))
    assert codes(error) == {"network_no_edge"}


def test_node_ids_that_do_not_fit():
    with pytest.raises(InputRefused) as error:
        network.build(streets([(0, 0), (1, 0)], node_ids=[(1, 2, 3)]))
    assert codes(error) == {"network_node_ids_length"}
    with pytest.raises(InputRefused) as error:
        network.build(streets([(0, 0), (9, 0)], [(0, 20), (9, 0)], node_ids=[(1, 2), (1, 2)]))
    assert codes(error) == {"network_node_moved"}


def test_vertices_so_dense_that_a_place_would_swallow_a_road():
    dense = [(0.0005 * step, 0) for step in range(30)]
    with pytest.raises(InputRefused) as error:
        network.build(streets(dense))
    assert codes(error) == {"network_vertices_dense"}


# -------------------------------------------------------------------------------------------------- gaps and their cure


def test_gaps_are_listed_not_closed():
    """0.5 m short of the street, 0 m on it without a vertex, and two ends 0.8 m apart."""
    roads = streets(
        [(0, 0), (100, 0)], [(50, 0.5), (50, 90)], [(70, 0), (70, 90)], [(100.8, 0), (150, 0)], road_id=list("abcd")
    )
    built = network.build(roads)
    assert built.components().count == 4
    found = network.gaps(built, within_m=0.8)
    listed = sorted(zip(found["road_id"], found["other_road_id"], found["gap_m"], strict=True))
    assert listed == [("a", "d", 0.8), ("b", "a", 0.5), ("c", "a", 0.0), ("d", "a", 0.8)]
    assert sorted(network.gaps(built, within_m=0.5)["road_id"]) == ["b", "c"]
    assert network.gaps(built, within_m=0.499)["road_id"].tolist() == ["c"]
    assert network.gaps(built, within_m=0)["road_id"].tolist() == ["c"]


def test_two_streets_ending_on_a_third_are_a_gap():
    """Their common end is no free end, yet the street they lie on has no vertex there."""
    built = network.build(streets([(0, 0), (100, 0)], [(50, 0), (50, 90)], [(50, 0), (50, -90)]))
    found = network.gaps(built, within_m=5)
    assert found["gap_m"].tolist() == [0.0]
    assert (
        network.build(streets([(0, 0), (100, 0)], [(50, 0), (50, 90)], [(50, 0), (50, -90)]), heal_gaps_m=0)
        .components()
        .count
        == 1
    )


def test_under_a_bridge_is_no_gap():
    under = streets([(0, 0), (100, 0)], [(50, 0.5), (50, 90)], level=[1, 0])
    assert network.gaps(network.build(under), within_m=5).empty
    assert network.build(under, heal_gaps_m=5).components().count == 2


def test_healing_walks_the_gap_and_lists_it():
    """The side street of 89.5 m grows to 90 m and cuts the street in 50 + 50; inclusive, and 1 mm beyond stays open."""
    roads = streets([(0, 0), (100, 0)], [(50, 0.5), (50, 90)], road_id=["a", "b"])
    healed = network.build(roads, heal_gaps_m=0.5)
    assert lengths(healed) == [50_000, 50_000, 90_000]
    assert healed.healed[["road_id", "other_road_id", "gap_m"]].to_numpy().tolist() == [["b", "a", 0.5]]
    still = network.build(roads, heal_gaps_m=0.499)
    assert (lengths(still), len(still.healed)) == ([89_500, 100_000], 0)
    assert network.build(roads).healed.empty


def test_healing_two_facing_ends_once():
    """100 + 0.8 + 49.2 m: the gap is walked once, by the end that comes first."""
    roads = streets([(0, 0), (100, 0)], [(100.8, 0), (150, 0)])
    healed = network.build(roads, heal_gaps_m=1)
    assert healed.edge_mm.sum() == 150_000
    assert len(healed.healed) == 1
    assert healed.components().count == 1


def test_healing_with_node_ids():
    roads = streets(
        [(0, 0), (100, 0)], [(50, 0.5), (50, 90)], [(100.3, 0), (130, 0)], node_ids=[(1, 2), (3, 4), (5, 6)]
    )
    healed = network.build(roads, heal_gaps_m=0.5)
    assert healed.components().count == 1
    assert healed.edge_mm.sum() == 100_000 + 90_000 + 30_000


def test_planar_noding():
    """Lines of one level that cross, touch or overlap are joined; other levels are not."""
    cross = ([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    assert lengths(network.build(streets(*cross), noding="planar")) == [50_000] * 4
    assert lengths(network.build(streets(*cross, level=[0, 1]), noding="planar")) == [100_000] * 2
    touch = network.build(streets([(0, 0), (100, 0)], [(30, 0), (30, 50)]), noding="planar")
    assert lengths(touch) == [30_000, 50_000, 70_000]
    overlap = network.build(streets([(0, 0), (100, 0)], [(40, 0), (140, 0)]), noding="planar")
    assert lengths(overlap) == [40_000, 40_000, 60_000, 60_000]
    eight = network.build(streets([(0, 0), (100, 100), (100, 0), (0, 100)]), noding="planar")
    assert len(eight.edge_mm) == 3
    ids = network.build(streets(*cross, node_ids=[(1, 2), (3, 4)]), noding="planar")
    assert lengths(ids) == [50_000] * 4


# ------------------------------------------------------------------------------------------------------------- barriers


def wall(*places):
    return gpd.GeoSeries([LineString(places)], crs=CRS)


def test_a_barrier_cuts_and_keeps_both_pieces():
    built = network.build(streets([(0, 0), (100, 0)]), barriers=wall((30, -10), (30, 10)))
    assert lengths(built) == [30_000, 70_000]
    assert built.components().count == 2
    assert network.gaps(built, within_m=5).empty


def test_a_barrier_through_a_junction_parts_all_who_meet_there():
    """Three ends and a passing vertex at x = 50, all on the wall: 50 + 50 + 30 and 40 + 60, none joined."""
    roads = streets([(0, 0), (50, 0)], [(50, 0), (100, 0)], [(50, 0), (80, 40)], [(10, 60), (50, 60), (110, 60)])
    built = network.build(roads, barriers=wall((50, -100), (50, 100)))
    assert lengths(built) == [40_000, 50_000, 50_000, 50_000, 60_000]
    assert built.components().count == 5


def test_a_polygon_bars_by_its_boundary():
    """A square from x = 20 to 60 on a road of 100 m: 20 outside, 40 within, 40 outside."""
    square = gpd.GeoSeries([Polygon([(20, -10), (60, -10), (60, 10), (20, 10)])], crs=CRS)
    assert lengths(network.build(streets([(0, 0), (100, 0)]), barriers=square)) == [20_000, 40_000, 40_000]


def test_barriers_away_from_roads_change_nothing():
    roads = gridtown.roads()
    assert network.build(roads, barriers=gridtown.river()).edge_mm.tolist() == network.build(roads).edge_mm.tolist()


def test_healing_does_not_climb_a_wall():
    roads = streets([(0, 0), (100, 0)], [(50, 2), (50, 90)])
    built = network.build(roads, heal_gaps_m=3, barriers=wall((0, 1), (100, 1)))
    assert built.components().count == 2


def test_a_leg_takes_the_nearest_edge_it_can_walk_to():
    """From (50, 10) the street at y = 0 is nearer, but behind the wall; the one at y = 30 is 20 m off."""
    roads = streets([(0, 0), (100, 0)], [(0, 30), (100, 30)])
    built = network.build(roads, barriers=wall((-10, 5), (110, 5)))
    snapped = network.snap(built, points((50, 10), (50, 5), (50, 4)), max_snap_m=20)
    assert snapped.leg_mm.tolist() == [20_000, 5_000, 4_000]
    assert network.snap(built, points((50, 10)), max_snap_m=19.9).edge.tolist() == [-1]


# ------------------------------------------------------------------------------------------------------------- snapping


def test_snap_is_inclusive_and_one_millimetre_beyond_is_not():
    built = network.build(streets([(0, 0), (100, 0)]))
    snapped = network.snap(built, points((40, 200), (40, 200.001), (150, 0), (0, 0)), max_snap_m=200)
    assert snapped.edge.tolist() == [0, -1, 0, 0]
    assert snapped.position_mm.tolist() == [40_000, -1, 100_000, 0]
    assert snapped.leg_mm.tolist() == [200_000, -1, 50_000, 0]
    assert network.snap(built, points((40, 0), (40, 0.001)), max_snap_m=0).edge.tolist() == [0, -1]
    assert network.snap(built, points((40, 9e5)), max_snap_m=float("inf")).leg_mm.tolist() == [900_000_000]


def test_snap_measures_along_the_shape():
    """L-shaped line, 100 m east then 100 m north; (110, 30) is 10 m off at 130 m from the start."""
    built = network.build(streets([(0, 0), (100, 0), (100, 100)]))
    snapped = network.snap(built, points((110, 30)), max_snap_m=50)
    assert (snapped.position_mm.tolist(), snapped.leg_mm.tolist()) == ([130_000], [10_000])


def test_snap_ties_go_to_the_first_edge():
    built = network.build(streets([(0, 20), (100, 20)], [(0, 0), (100, 0)], road_id=["b", "a"]))
    snapped = network.snap(built, points((50, 10)), max_snap_m=50)
    assert snapped.edge.tolist() == [0]
    assert built.road_id[0] == "a"


def test_snap_ties_are_not_decided_by_rounding():
    """One street drawn both ways by two sources with ids of their own: the same edge for every place beside it."""
    there = [(14.096895399223392, 9.151294168377062), (59.70744130250512, 37.04545703085506)]
    built = network.build(streets(there, there[::-1], node_ids=[(1, 2), (3, 4)]))
    places = np.random.default_rng(1).uniform(0, 60, (200, 2))
    assert set(network.snap(built, points(*places), max_snap_m=200).edge.tolist()) == {0}


def test_snap_refuses():
    built = network.build(streets([(0, 0), (100, 0)]))
    bad = gpd.GeoSeries([None, LineString([(0, 0), (1, 1)]), Point(np.inf, 0)], crs="EPSG:4549")
    with pytest.raises(InputRefused) as error:
        network.snap(built, bad, max_snap_m=float("nan"))
    assert codes(error) == {
        "network_crs_differs",
        "network_place_missing",
        "network_not_points",
        "network_place_not_finite",
        "network_distance",
    }
    assert len(network.snap(built, points(), max_snap_m=5).edge) == 0


# ----------------------------------------------------------------------------------------------------------- whole town


def test_grid_town():
    """Rows 8 + 4 block sides, columns 15, bridge 1, island 1: 29 of 200 m, 5800 m, the island apart."""
    built = network.build(gridtown.roads())
    assert set(built.edge_mm.tolist()) == {200_000}
    assert built.edge_mm.sum() == gridtown.STREET_M * 1000
    parts = built.components()
    assert (parts.count, parts.length_m) == (2, (gridtown.STREET_M - 200.0, 200.0))
    assert parts.largest_share == (gridtown.STREET_M - 200) / gridtown.STREET_M
    assert np.array_equal(np.diff(built.indptr).cumsum(), built.indptr[1:])


def same(one, other):
    for name in ("node_xy", "edge_from", "edge_to", "edge_mm", "road_id", "level", "indptr", "indices", "weight_mm"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert shapely.equals_identical(one.lines, other.lines).all()


@given(st.permutations(range(len(gridtown.roads()))))
@settings(max_examples=8, deadline=None)
def test_order_of_rows_is_irrelevant(order):
    roads = gridtown.roads()
    same(network.build(roads), network.build(roads.iloc[list(order)]))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
@pytest.mark.slow
def test_order_of_rows_is_irrelevant_with_twins_and_crossings(seed):
    """Random lines with duplicates, on two levels, noded and healed: the same network for any order of the rows."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 40, size=(12, 3, 2)) / 4
    lines = [LineString(line) for line in [*places, *places[:4]]]
    roads = gpd.GeoDataFrame(
        {"road_id": [f"r{row % 9}" for row in range(16)], "level": rng.integers(0, 2, 16)}, geometry=lines, crs=CRS
    )
    shuffled = roads.iloc[rng.permutation(16)]
    for options in ({}, {"noding": "planar"}, {"heal_gaps_m": 0.5}):
        same(network.build(roads, **options), network.build(shuffled, **options))


def test_input_is_left_alone():
    roads = gridtown.roads()
    before = roads.copy(deep=True)
    network.build(roads, heal_gaps_m=1, noding="planar", barriers=gridtown.river())
    assert roads.equals(before)
