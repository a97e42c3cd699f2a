"""Catchments on paper: every distance, status and reached metre is worked out in the docstring beside it.

Laws that hold for every town, tried on random ones (here, and where said in `test_kernels`):

==  =======================================================================  ======================================
 1  no order of roads, facilities or homes shows                             order_of_rows_is_irrelevant
 2  a further facility never lengthens a way                                 a_further_facility_never_lengthens…
 3  a higher limit never shrinks pairs, metres, lines, outlines              a_higher_limit_never_shrinks_the_reach
 4  an edge cut in two shifts a distance by roundings alone                  cutting_an_edge_in_two…
 5  so does a line drawn backwards                                           lines_drawn_backwards
 6  the nearest is the least of reach, ties by id                            nearest_is_the_least_of_reach
 7  a walk is as long there as back                                          either_side… (test_kernels), there_and_back
 8  the town moved by whole metres, or turned by a right angle, is the same  moved_or_turned
 9  the town twice as large is twice as far                                  twice_as_large
10  a road taken away never shortens a way                                   a_road_less…
11  a road written twice changes nothing                                     a_road_written_twice
12  a barrier never shortens a way, and one that meets nothing changes none  a_barrier…
13  a detour over a third place is no shorter than the way (triangle)        no_detour_is_shorter
14  a stretch is as near as its nearest part, as far as its farthest         a_stretch_is_its_parts
15  a place on a road is in the reached parts just if its way is in reach    parts_are_the_places_within
16  the parts of all facilities together are the union, metre for metre      parts_add_up_to_the_union
17  a new name for a facility changes nothing but the name                   names_are_only_names
==  =======================================================================  ======================================
"""

from __future__ import annotations

import geopandas as gpd
import gridtown
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, box

from planning import catchment, network
from planning.errors import InputRefused

CRS = "EPSG:4548"


def town(*lines, **columns):
    return network.build(gpd.GeoDataFrame(columns, geometry=[LineString(line) for line in lines], crs=CRS))


def at(**places):
    """Return facilities by id."""
    return gpd.GeoDataFrame(
        {"facility_id": list(places)}, geometry=[Point(place) for place in places.values()], crs=CRS
    )


def homes(*places):
    """Return demand of (id, x, y)."""
    index = pd.Index([place[0] for place in places], name="demand_id")
    return gpd.GeoDataFrame(index=index, geometry=[Point(place[1:]) for place in places], crs=CRS)


def walk(net, facility, home, **options):
    """Return the one distance, or None."""
    options = {"limit_m": float("inf"), **options}
    table = catchment.reach(net, at(F=facility), homes(("D", *home)), **options)
    return table["distance_m"].item() if len(table) else None


def codes(error):
    return {fault.code for fault in error.value.faults}


LINE = town(*([(500 * step, 0), (500 * step + 500, 0)] for step in range(3)))


# ------------------------------------------------------------------------------------------------------------ distances


def test_facility_between_two_junctions():
    """At x = 1240 on nodes 0, 500, 1000, 1500: 240 m from 1000 and 260 m from 1500."""
    table = catchment.reach(LINE, at(F=(1240, 0)), homes(("a", 1000, 0), ("b", 1500, 0)), limit_m=900)
    assert table.to_numpy().tolist() == [["F", "a", 240.0], ["F", "b", 260.0]]


def test_access_leg_counts():
    """60 m off at x = 50: 110 m to x = 0; both legs count: from (50, 60) to (0, 7) 117 m."""
    assert walk(LINE, (50, 60), (0, 0)) == 110.0
    assert walk(LINE, (50, 60), (0, 7)) == 117.0


def test_the_limit_is_inclusive_to_the_millimetre():
    """1000 m apart: within 1000, not within 999.999, and 1000.001 away is not within 1000."""
    assert walk(LINE, (0, 0), (1000, 0), limit_m=1000) == 1000.0
    assert walk(LINE, (0, 0), (1000, 0), limit_m=999.999) is None
    assert walk(LINE, (0, 0), (1000.001, 0), limit_m=1000) is None
    assert walk(LINE, (0, 0), (1000.001, 0), limit_m=1000.001) == 1000.001
    assert walk(LINE, (0, 30), (200, 20), limit_m=250) == 250.0
    assert walk(LINE, (0, 30), (200, 20), limit_m=249.999) is None
    assert walk(LINE, (7, 0), (7, 0), limit_m=0) == 0.0


def test_three_tenths():
    """0.1 + 0.1 + 0.1 m is within 0.3 m, since millimetres are whole."""
    net = town([(0, 0), (0.1, 0)], [(0.1, 0), (0.2, 0)], [(0.2, 0), (0.3, 0)], [(5, 5), (9, 9)])
    assert walk(net, (0, 0), (0.3, 0), limit_m=0.3) == 0.3


def test_far_unreachable_and_unsnapped_are_three_things():
    """Exactly 1000 m off is reached, another island is unreachable, 3 km from every street is unsnapped."""
    net = town([(0, 0), (1000, 0)], [(0, 5000), (1000, 5000)])
    places = homes(("far", 1000, 0), ("island", 0, 5000), ("off", 0, 2000))
    found = catchment.nearest(net, at(F=(0, 0)), places)
    assert found["status"].tolist() == ["reached", "unreachable", "unsnapped"]
    assert found["distance_m"].tolist()[0] == 1000.0
    assert found["distance_m"].isna().tolist() == found["facility_id"].isna().tolist() == [False, True, True]
    assert catchment.reach(net, at(F=(0, 0)), places, limit_m=float("inf"))["demand_id"].tolist() == ["far"]


def test_an_unsnapped_facility_serves_nobody():
    found = catchment.nearest(LINE, at(F=(0, 201)), homes(("a", 0, 0)))
    assert found["status"].tolist() == ["unreachable"]
    assert catchment.nearest(LINE, at(F=(0, 200)), homes(("a", 0, 0)))["distance_m"].tolist() == [200.0]


def test_parallel_edges_take_the_shorter():
    """100 m and 300 m between two nodes: 100, never 400."""
    net = town([(0, 0), (100, 0)], [(0, 0), (0, 100), (100, 100), (100, 0)])
    assert walk(net, (0, 0), (100, 0)) == 100.0
    assert walk(net, (0, 100), (100, 100)) == 100.0
    assert walk(net, (0, 10), (100, 10)) == 120.0


def test_both_ways_round_on_one_edge():
    """An edge of 1000 m closed by one of 100 m: places 900 m apart along it are 200 m apart the other way."""
    net = town([(0, 0), (0, 450), (100, 450), (100, 0)], [(0, 0), (100, 0)])
    assert walk(net, (0, 50), (100, 50)) == 200.0
    assert walk(net, (0, 440), (100, 440)) == 120.0


def test_self_loop():
    """A ring of 400 m hung on (0, 0): places at 50 and 350 m are 100 m apart over the knot, 50 and 200 are 150."""
    net = town([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)], [(0, 0), (-70, 0)])
    assert walk(net, (50, 0), (0, 50)) == 100.0
    assert walk(net, (50, 0), (100, 100)) == 150.0
    assert walk(net, (-70, 0), (100, 100)) == 270.0


def test_edge_without_length_carries():
    roads = gpd.GeoDataFrame(
        {"node_ids": [(1, 2), (2, 3), (3, 4)]},
        geometry=[LineString([(0, 0), (50, 0)]), LineString([(50, 0), (50, 0)]), LineString([(50, 0), (80, 0)])],
        crs=CRS,
    )
    net = network.build(roads)
    assert walk(net, (0, 0), (80, 0)) == 80.0
    assert catchment.reached_roads(net, at(F=(0, 0)), limits_m=[80])["length_m"].item() == 80.0


def test_oneway_plays_no_part():
    net = town([(0, 0), (100, 0)], oneway=["yes"])
    assert walk(net, (100, 0), (0, 0)) == 100.0


def test_bridge_over_a_street_is_no_way_down():
    net = town([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)], level=[0, 1])
    assert walk(net, (0, 0), (50, 50)) is None


def test_river_with_one_far_bridge():
    """Two streets 60 m apart, joined only at x = 1000: 1000 + 60 + 1000 = 2060 m, and the outline stays on its bank."""
    net = town([(0, 0), (1000, 0)], [(0, 60), (1000, 60)], [(1000, 0), (1000, 60)])
    assert walk(net, (0, 0), (0, 60)) == 2060.0
    assert walk(net, (0, 0), (0, 60), limit_m=900) is None
    outline = catchment.service_areas(net, at(F=(0, 0)), limits_m=[900]).geometry.item()
    assert not outline.intersects(Point(0, 60))
    assert outline.bounds[3] <= 25.0


def test_several_entrances_take_the_nearest():
    """Gates of A at 300 and 700 m: 300; one row for the pair, from whichever side is the smaller."""
    gates = homes(("A", 700, 0), ("B", 900, 0), ("A", 300, 0))
    few = catchment.reach(LINE, at(F=(0, 0)), gates, limit_m=5000)
    assert few.to_numpy().tolist() == [["F", "A", 300.0], ["F", "B", 900.0]]
    many = catchment.reach(LINE, at(F=(0, 0), G=(400, 0), H=(0, 1)), gates, limit_m=350)
    assert many.to_numpy().tolist() == [["F", "A", 300.0], ["G", "A", 100.0], ["H", "A", 301.0]]


def test_polygons_stand_on_their_surface():
    area = gpd.GeoDataFrame({"facility_id": ["F"]}, geometry=[box(90, 5, 110, 25)], crs=CRS)
    assert catchment.reach(LINE, area, homes(("a", 0, 0)), limit_m=500)["distance_m"].tolist() == [115.0]


def test_ties_go_to_the_smaller_id():
    """Three facilities at 100 m, two of them on the very edge; the smallest id is named, whatever the order."""
    places = {"b": (100, 0), "c": (300, 0), "a": (100, 0)}
    for order in (["b", "c", "a"], ["a", "b", "c"], ["c", "b", "a"]):
        found = catchment.nearest(LINE, at(**{key: places[key] for key in order}), homes(("x", 200, 0)))
        assert found.to_numpy().tolist() == [["a", 100.0, "reached", 100.0]]
    apart = catchment.nearest(LINE, at(z=(400, 0), y=(600, 0)), homes(("x", 500, 0), ("w", 499, 0)))
    assert apart["facility_id"].tolist() == ["y", "z"]


# -------------------------------------------------------------------------------------------------------- reached roads


def reached(net, limit_m, **places):
    return catchment.reached_roads(net, at(**places), limits_m=[limit_m])["length_m"].item()


def test_reach_ends_amid_an_edge():
    """900 m along edges of 500 m, and 480 m along edges of 100 m, are reached to the metre."""
    assert reached(LINE, 900, F=(0, 0)) == 900.0
    hundreds = town(*([(100 * step, 0), (100 * step + 100, 0)] for step in range(10)))
    assert reached(hundreds, 480, F=(0, 0)) == 480.0


def test_reach_from_amid_an_edge():
    """From x = 1240 within 200 m: 1040 … 1440, amid its own edge; within 300 m: 940 … 1500 (the street ends there)."""
    table = catchment.reached_roads(LINE, at(F=(1240, 0)), limits_m=[300, 200])
    assert table["limit_m"].tolist() == [200.0, 300.0]
    assert table["length_m"].tolist() == [400.0, 560.0]
    assert table.geometry[0].bounds == pytest.approx((1040, 0, 1440, 0), abs=1e-6)
    assert table.geometry[1].bounds == pytest.approx((940, 0, 1500, 0), abs=1e-6)


def test_access_legs_are_no_roads():
    """60 m off the street with 100 m to walk: 40 m each way; with 60 m, or 59, nothing."""
    assert reached(LINE, 100, F=(700, 60)) == 80.0
    assert reached(LINE, 60, F=(700, 60)) == 0.0
    nothing = catchment.service_areas(LINE, at(F=(700, 60)), limits_m=[59])
    assert nothing.geometry.item().is_empty


def test_an_unsnapped_facility_reaches_nothing_and_keeps_its_row():
    table = catchment.reached_roads(LINE, at(F=(700, 300), G=(0, 0)), limits_m=[100, 200])
    assert table["facility_id"].tolist() == ["F", "F", "G", "G"]
    assert table["length_m"].tolist() == [0.0, 0.0, 100.0, 200.0]


def test_diamond_of_a_grid():
    """Walking 3 blocks from a crossing of an endless grid of 100 m reaches every street in the diamond |x| + |y| <= 3.

    Sides between crossings at distance d and d + 1, d = 0, 1, 2: 4 from the centre; from distance d the 4d crossings
    send out 2 sides each, the 4 on the axes a third: 8d + 4. So 4 + 12 + 20 = 36 sides, 3600 m; corners lie 300 m out.
    """
    rows = [[(100 * x, 100 * y) for x in range(-5, 6)] for y in range(-5, 6)]
    columns = [[(y, x) for x, y in row] for row in rows]
    net = town(*rows, *columns)
    assert reached(net, 300, F=(0, 0)) == 3600.0
    roads = catchment.reached_roads(net, at(F=(0, 0)), limits_m=[300]).geometry.item()
    assert roads.convex_hull.area == pytest.approx(2 * 300.0**2, abs=1e-6)


def test_an_edge_reached_from_both_ends_counts_once():
    """Ring of 400 m from its knot: 150 m each way is 300 m, 200 m or more is all of it."""
    net = town([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    assert reached(net, 150, F=(0, 0)) == 300.0
    assert reached(net, 200, F=(0, 0)) == 400.0
    assert reached(net, 900, F=(0, 0)) == 400.0


def test_parts_follow_the_shape():
    """L of 100 + 100 m, from its start 150 m: round the corner to (100, 50)."""
    net = town([(0, 0), (100, 0), (100, 100)])
    roads = catchment.reached_roads(net, at(F=(0, 0)), limits_m=[150]).geometry.item()
    assert roads.geoms[0].coords[:] == [(0, 0), (100, 0), (100, 50)]
    tail = catchment.reached_roads(net, at(F=(100, 100)), limits_m=[150]).geometry.item()
    assert tail.geoms[0].coords[:] == [(50, 0), (100, 0), (100, 100)]


def test_union_merges_what_meets():
    """From 0 and 250 with 100 m: 0 … 100 and 150 … 350; with 125 m they meet at 125; 125 m from 1240: two edges."""
    net = town([(0, 0), (1000, 0)], [(1000, 0), (1500, 0)])
    table = catchment.reached_union(net, at(F=(0, 0), G=(250, 0)), limit_m=100)
    assert table.to_numpy().tolist() == [[0, 0, 100_000], [0, 150_000, 350_000]]
    table = catchment.reached_union(net, at(F=(0, 0), G=(250, 0)), limit_m=125)
    assert table.to_numpy().tolist() == [[0, 0, 375_000]]
    table = catchment.reached_union(net, at(F=(1100, 0)), limit_m=125)
    assert table.to_numpy().tolist() == [[0, 975_000, 1_000_000], [1, 0, 225_000]]


# ------------------------------------------------------------------------------------------------------------- outlines


def test_outline_fills_small_blocks_only():
    """Inside a ring of 100 m sides a hole of 50 x 50 m is filled; with a road that was not reached in it, it is not."""
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    filled = catchment.service_areas(town(ring), at(F=(0, 0)), limits_m=[400]).geometry.item()
    assert filled.contains(Point(50, 50))
    inner = catchment.service_areas(town(ring, [(45, 50), (55, 50)]), at(F=(0, 0)), limits_m=[400]).geometry.item()
    assert not inner.intersects(Point(50, 50))
    large = [(0, 0), (200, 0), (200, 200), (0, 200), (0, 0)]
    open_block = catchment.service_areas(town(large), at(F=(0, 0)), limits_m=[900]).geometry.item()
    assert not open_block.intersects(Point(100, 100))


def test_outline_leaves_a_walled_court_open():
    ring = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])], crs=CRS)
    court = gpd.GeoSeries([box(40, 40, 60, 60)], crs=CRS)
    net = network.build(ring, barriers=court)
    assert not catchment.service_areas(net, at(F=(0, 0)), limits_m=[400]).geometry.item().intersects(Point(50, 50))


def test_outlines_are_multipolygons_one_a_facility_and_limit():
    table = catchment.service_areas(LINE, at(b=(0, 0), a=(700, 0)), limits_m=[300, 100])
    assert table[["facility_id", "limit_m"]].to_numpy().tolist() == [["a", 100], ["a", 300], ["b", 100], ["b", 300]]
    assert all(isinstance(shape, MultiPolygon) for shape in table.geometry)
    assert table.crs == LINE.crs


@pytest.mark.parametrize("seed", range(12))
def test_outline_is_the_buffer_but_for_its_corners(seed):
    """Against shapely's buffer of 25 m with 64 segments a quarter circle, holes and all.

    The area is within 2 %; what is drawn besides lies in sharp notches, all but 0.1 m² of it no further out than half a
    cell of 6.25 m; what is left out lies within 1 m of the line. The towns lie far from the origin, as real ones do.
    Small holes without a road are filled in both.
    """
    lines, sites, _ = random_town(seed)
    far = np.array([500_000.0 * (seed % 2), 4_000_000.0 * (seed % 3)])
    net = town(*(line + far for line in lines))
    sites = sites.set_geometry(sites.geometry.translate(*far))
    roads = catchment.reached_roads(net, sites, limits_m=[60, 250]).geometry.to_numpy()
    areas = catchment.service_areas(net, sites, limits_m=[60, 250]).geometry.to_numpy()
    assert shapely.is_valid(areas).all()
    for road, area in zip(roads, areas, strict=True):
        exact = shapely.buffer(road, 25, quad_segs=64)
        filled = [
            hole
            for part in shapely.get_parts(exact)
            for hole in shapely.polygons(shapely.get_rings(part)[1:])
            if hole.area <= 10_000 and not len(net.tree.query(hole, predicate="intersects"))
        ]
        exact = shapely.union_all([exact, *filled])
        assert area.area == pytest.approx(exact.area, rel=0.02)
        assert shapely.difference(area, shapely.buffer(exact, 3.125)).area == pytest.approx(0, abs=0.1)
        assert shapely.difference(shapely.buffer(exact, -1.0), area).area == pytest.approx(0, abs=0.01)


# ------------------------------------------------------------------------------------------------------------- the town


def expected(limit_m, sites=("F1", "F2", "C1", "C2")):
    return [
        [site, area, float(m)]
        for site in sorted(sites)
        for area, m in gridtown.DISTANCE_M[site].items()
        if m <= limit_m
    ]


@pytest.mark.parametrize("limit_m", [0, 69.999, 70, 470, 670, 900, 1269.999, 1270, float("inf")])
def test_grid_town(limit_m):
    """All four sites against the distances of the drawing; the smaller side is once the one, once the other."""
    net = network.build(gridtown.roads())
    sites = pd.concat([gridtown.facilities(), gridtown.candidates()])
    table = catchment.reach(net, sites, gridtown.demand(), limit_m=limit_m)
    assert table.to_numpy().tolist() == expected(limit_m)
    two = catchment.reach(net, gridtown.facilities(), gridtown.demand(), limit_m=limit_m)
    assert two.to_numpy().tolist() == expected(limit_m, ("F1", "F2"))


def test_grid_town_who_is_counted():
    """Within 900 m of F1: 1 + 2 + 4 + 8 + 16 = 31 elderly."""
    net = network.build(gridtown.roads())
    table = catchment.reach(net, gridtown.facilities(), gridtown.demand(), limit_m=900)
    mine = table.loc[table["facility_id"] == "F1", "demand_id"]
    assert gridtown.demand().loc[mine, "elderly"].sum() == 31


def test_grid_town_nearest():
    net = network.build(gridtown.roads(), barriers=gridtown.river())
    found = catchment.nearest(net, gridtown.facilities(), gridtown.demand())
    assert found["facility_id"].tolist()[:6] == ["F1", "F1", "F1", "F1", "F1", "F2"]
    assert found["distance_m"].tolist()[:6] == [70, 270, 470, 670, 670, 160]
    assert found["status"].tolist() == ["reached"] * 6 + ["unreachable", "unsnapped"]
    assert found.index.equals(gridtown.demand().index)


# ------------------------------------------------------------------------------------------------------------- refusals


def test_every_fault_is_named_at_once():
    wrong = gpd.GeoDataFrame(
        {"facility_id": ["a", "a", None]}, geometry=[Point(0, 0), None, LineString([(0, 0), (1, 1)])], crs="EPSG:4549"
    )
    demand = gpd.GeoDataFrame(index=["x", None], geometry=[box(0, 0, 1, 1), Point(0, 0)], crs=None)
    with pytest.raises(InputRefused) as error:
        catchment.reach(LINE, wrong, demand, limit_m=-1, max_snap_m=float("nan"))
    assert codes(error) == {
        "catchment_id_duplicate",
        "catchment_id_missing",
        "network_crs_differs",
        "network_crs_missing",
        "network_place_missing",
        "network_not_points",
        "network_distance",
    }
    assert {fault.column for fault in error.value.faults} >= {"limit_m", "max_snap_m"}
    assert all(fault.message("zh") and fault.remedy("en") for fault in error.value.faults)


@pytest.mark.parametrize("limits", [[], [float("inf")], [float("nan")], [-5.0]])
def test_limits_of_areas(limits):
    with pytest.raises(InputRefused):
        catchment.service_areas(LINE, at(F=(0, 0)), limits_m=limits)


@pytest.mark.parametrize("limit", [-0.001, float("nan")])
def test_limit_of_reach(limit):
    with pytest.raises(InputRefused) as error:
        catchment.reach(LINE, at(F=(0, 0)), homes(("a", 0, 0)), limit_m=limit)
    assert codes(error) == {"network_distance"}


def test_ids_absent_or_mixed():
    with pytest.raises(InputRefused) as error:
        catchment.nearest(LINE, at(F=(0, 0)).rename(columns={"facility_id": "id"}), homes(("a", 0, 0)))
    assert codes(error) == {"catchment_id_absent"}
    mixed = gpd.GeoDataFrame({"facility_id": [1, "1"]}, geometry=[Point(0, 0)] * 2, crs=CRS)
    with pytest.raises(InputRefused) as error:
        catchment.nearest(LINE, mixed, homes(("a", 0, 0)))
    assert codes(error) == {"catchment_id_kind"}


def test_row_numbers_do_not_pass_for_ids():
    """A column of ids beside an index of row numbers is not read by a guess; equal to the index it is welcome."""
    demand = homes(("a", 0, 0))
    with pytest.raises(InputRefused) as error:
        catchment.reach(LINE, at(F=(0, 0)), demand.rename_axis("demand_id").reset_index(), limit_m=10)
    assert codes(error) == {"catchment_id_aside"}
    assert len(catchment.reach(LINE, at(F=(0, 0)), demand.assign(demand_id=["a"]), limit_m=10)) == 1


def test_no_rows_have_no_kind_of_id():
    nobody = gpd.GeoDataFrame({"facility_id": []}, geometry=[], crs=CRS)
    assert catchment.reach(LINE, nobody, homes(("a", 0, 0)), limit_m=10).empty
    assert catchment.nearest(LINE, nobody, homes(("a", 0, 0)))["status"].tolist() == ["unreachable"]


def test_whole_numbers_as_ids():
    numbered = gpd.GeoDataFrame({"facility_id": [10, 9]}, geometry=[Point(0, 0), Point(0, 0)], crs=CRS)
    demand = gpd.GeoDataFrame(index=[3, 2], geometry=[Point(5, 0), Point(6, 0)], crs=CRS)
    table = catchment.reach(LINE, numbered, demand, limit_m=10)
    assert table.to_numpy().tolist() == [[9, 2, 6], [9, 3, 5], [10, 2, 6], [10, 3, 5]]
    assert catchment.nearest(LINE, numbered, demand)["facility_id"].tolist() == [9, 9]


def test_nothing_in_nothing_out():
    nobody, nowhere = at(F=(0, 0)).iloc[:0], homes(("a", 0, 0)).iloc[:0]
    for table in (
        catchment.reach(LINE, nobody, homes(("a", 0, 0)), limit_m=9),
        catchment.reach(LINE, at(F=(0, 0)), nowhere, limit_m=9),
        catchment.reach(LINE, nobody, nowhere, limit_m=9),
    ):
        assert table.columns.tolist() == ["facility_id", "demand_id", "distance_m"]
        assert table.empty
    assert catchment.nearest(LINE, nobody, homes(("a", 0, 0)))["status"].tolist() == ["unreachable"]
    assert catchment.nearest(LINE, at(F=(0, 0)), nowhere).empty
    assert catchment.service_areas(LINE, nobody, limits_m=[5]).empty
    assert catchment.reached_union(LINE, nobody, limit_m=5).empty


def test_input_is_left_alone():
    sites, gates = gridtown.facilities(), gridtown.demand()
    before = sites.copy(deep=True), gates.copy(deep=True)
    net = network.build(gridtown.roads())
    catchment.reach(net, sites, gates, limit_m=900)
    catchment.service_areas(net, sites, limits_m=[900])
    assert sites.equals(before[0])
    assert gates.equals(before[1])


# ----------------------------------------------------------------------------------------------------------------- laws


def random_town(seed):
    """Return a network of random streets between ten places, some doubled, and random facilities and homes."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 400, size=(10, 2))
    ends = rng.integers(0, 10, size=(16, 2))
    lines = [np.vstack([places[start], rng.uniform(0, 400, (2, 2)), places[end]]) for start, end in ends]
    sites = at(**{f"f{row}": place for row, place in enumerate(rng.uniform(0, 400, (4, 2)))})
    gates = homes(*((f"d{row % 6}", *place) for row, place in enumerate(rng.uniform(0, 400, (9, 2)))))
    return lines, sites, gates


seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=20, deadline=None)


@given(seeds)
@quick
def test_order_of_rows_is_irrelevant(seed):
    lines, sites, gates = random_town(seed)
    rng = np.random.default_rng(seed)
    net, other = town(*lines), town(*[lines[row] for row in rng.permutation(len(lines))])
    shuffled = sites.iloc[rng.permutation(len(sites))], gates.iloc[rng.permutation(len(gates))]
    pd.testing.assert_frame_equal(
        catchment.reach(net, sites, gates, limit_m=500), catchment.reach(other, *shuffled, limit_m=500)
    )
    first = catchment.reached_roads(net, sites, limits_m=[100, 300])
    second = catchment.reached_roads(other, shuffled[0], limits_m=[300, 100])
    assert first.drop(columns="geometry").equals(second.drop(columns="geometry"))
    assert shapely.equals_identical(first.geometry, second.geometry).all()


@given(seeds)
@quick
def test_a_further_facility_never_lengthens_the_way(seed):
    lines, sites, gates = random_town(seed)
    net = town(*lines)
    fewer, more = (
        catchment.nearest(net, chosen, gates)["distance_m"].fillna(np.inf) for chosen in (sites.iloc[:3], sites)
    )
    assert (more.to_numpy() <= fewer.to_numpy()).all()


@given(seeds, st.integers(0, 900), st.integers(0, 900))
@quick
def test_a_higher_limit_never_shrinks_the_reach(seed, one, other):
    """Pairs, reached metres, lines and outlines of the smaller limit lie within those of the larger."""
    low, high = sorted((one, other))
    lines, sites, gates = random_town(seed)
    net = town(*lines)
    near, far = (catchment.reach(net, sites, gates, limit_m=limit) for limit in (low, high))
    assert near.equals(far[far["distance_m"] <= low].reset_index(drop=True))
    roads = catchment.reached_roads(net, sites, limits_m=[low, high])
    assert roads.groupby("facility_id")["length_m"].is_monotonic_increasing.all()
    areas = catchment.service_areas(net, sites, limits_m=[low, high])
    small, large = (roads.loc[roads["limit_m"] == limit].geometry.to_numpy() for limit in (low, high))
    assert (shapely.length(shapely.difference(small, shapely.buffer(large, 1e-6))) <= 1e-6).all()
    small, large = (areas.loc[areas["limit_m"] == limit].geometry.to_numpy() for limit in (low, high))
    assert (shapely.covers(large, small) | shapely.is_empty(small)).all()


@given(seeds)
@quick
def test_cutting_an_edge_in_two_shifts_a_distance_by_two_millimetres_at_most(seed):
    """One street in two rows: two roundings for one, and places on the second measured from the cut: 2 mm at most."""
    lines, sites, gates = random_town(seed)
    whole = catchment.reach(town(*lines), sites, gates, limit_m=float("inf"))
    parted = catchment.reach(town(*lines[1:], lines[0][:2], lines[0][1:]), sites, gates, limit_m=float("inf"))
    assert whole[["facility_id", "demand_id"]].equals(parted[["facility_id", "demand_id"]])
    assert len(whole) == 0 or (whole["distance_m"] - parted["distance_m"]).abs().max() <= 0.0021


@given(seeds)
@quick
def test_lines_drawn_backwards(seed):
    """Places are measured from the other end: each of the two may be rounded the other way, no more."""
    lines, sites, gates = random_town(seed)
    one = catchment.reach(town(*lines), sites, gates, limit_m=float("inf"))
    other = catchment.reach(town(*(line[::-1] for line in lines)), sites, gates, limit_m=float("inf"))
    assert one[["facility_id", "demand_id"]].equals(other[["facility_id", "demand_id"]])
    assert len(one) == 0 or (one["distance_m"] - other["distance_m"]).abs().max() <= 0.0021


@given(seeds)
@quick
def test_nearest_is_the_least_of_reach(seed):
    lines, sites, gates = random_town(seed)
    net = town(*lines)
    table = catchment.reach(net, sites, gates, limit_m=float("inf")).sort_values(
        ["demand_id", "distance_m", "facility_id"]
    )
    least = table.groupby("demand_id").first()
    found = catchment.nearest(net, sites, gates)
    best = found.sort_values(["distance_m", "facility_id"]).groupby(level=0).first()
    assert best.loc[least.index, "distance_m"].tolist() == least["distance_m"].tolist()
    assert best.loc[least.index, "facility_id"].tolist() == least["facility_id"].tolist()
    assert set(best.index[best["distance_m"].notna()]) == set(least.index)


def walks(net, sites, gates):
    """Return distances by pair, in millimetres, without a limit."""
    table = catchment.reach(net, sites, gates, limit_m=float("inf"))
    return (table.set_index(["facility_id", "demand_id"])["distance_m"] * 1000).round().astype(int)


def moved(shapes, matrix, shift=(0.0, 0.0)):
    """Return geometries under a linear map and then a shift."""
    return shapely.transform(shapes, lambda xy: xy @ np.array(matrix, dtype=float).T + shift)


@given(seeds, st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(0, 3))
@quick
def test_moved_or_turned(seed, east, north, quarters):
    """Coordinates get other last digits, so each of two places and a few edges may be rounded the other way."""
    lines, sites, gates = random_town(seed)
    turn = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), quarters)
    there = [line @ turn.T + (east, north) for line in lines]
    one = walks(town(*lines), sites, gates)
    other = walks(
        town(*there),
        *(table.set_geometry(moved(table.geometry, turn, (east, north))) for table in (sites, gates)),
    )
    assert one.index.equals(other.index)
    assert (one - other).abs().max() <= 2 or one.empty


@given(seeds)
@quick
def test_twice_as_large(seed):
    """Every edge, place and leg is rounded at both sizes: half a millimetre each, at most 16 edges and four parts."""
    lines, sites, gates = random_town(seed)
    double = [table.set_geometry(moved(table.geometry, np.eye(2) * 2)) for table in (sites, gates)]
    one = catchment.reach(town(*lines), sites, gates, limit_m=float("inf"), max_snap_m=200)
    other = catchment.reach(town(*(line * 2 for line in lines)), *double, limit_m=float("inf"), max_snap_m=400)
    assert one[["facility_id", "demand_id"]].equals(other[["facility_id", "demand_id"]])
    assert one.empty or (one["distance_m"] * 2 - other["distance_m"]).abs().max() <= 0.030


@given(seeds)
@quick
def test_there_and_back(seed):
    lines, sites, gates = random_town(seed)
    net = town(*lines)
    back = gates.reset_index().rename(columns={"demand_id": "facility_id"}).drop_duplicates("facility_id")
    one = walks(net, sites, back.set_index("facility_id").rename_axis("demand_id"))
    other = walks(net, back, sites.set_index("facility_id").rename_axis("demand_id"))
    assert one.to_dict() == {pair[::-1]: mm for pair, mm in other.items()}


def on_roads(net, lines, rng, count, name):
    """Return places on the network, so that no leg and no other edge plays a part: facilities and demand of them."""
    places = [LineString(lines[row]).interpolate(share, normalized=True)
              for row, share in zip(rng.integers(0, len(lines), count), rng.random(count), strict=True)]  # fmt: skip
    ids = [f"{name}{row}" for row in range(count)]
    sites = gpd.GeoDataFrame({"facility_id": ids}, geometry=places, crs=CRS)
    return sites, sites.set_index("facility_id").rename_axis("demand_id")


@given(seeds)
@quick
def test_a_road_less_never_shortens_a_way(seed):
    """Places on the roads that stay, at their nodes, which no cut moves."""
    lines, _, _ = random_town(seed)
    ends = [line[0] for line in lines[:-1]]
    sites = at(**{f"f{row}": place for row, place in enumerate(ends[:4])})
    gates = homes(*((f"d{row}", *place) for row, place in enumerate(ends[4:10])))
    more, fewer = (walks(town(*chosen), sites, gates) for chosen in (lines, lines[:-1]))
    assert set(fewer.index) <= set(more.index)
    assert (more.loc[fewer.index] <= fewer).all()


@given(seeds)
@quick
def test_a_road_written_twice(seed):
    lines, sites, gates = random_town(seed)
    one, other = walks(town(*lines), sites, gates), walks(town(*lines, lines[0], lines[-1][::-1]), sites, gates)
    assert one.index.equals(other.index)
    assert one.empty or (one - other).abs().max() <= 2  # the copy drawn backwards may be the one that is snapped to


@given(seeds)
@quick
def test_a_barrier_never_shortens_a_way(seed):
    """From the ends of streets; a wall through the middle of the town, and one a kilometre away."""
    lines, _, _ = random_town(seed)
    roads = gpd.GeoDataFrame(geometry=[LineString(line) for line in lines], crs=CRS)
    sites = at(**{f"f{row}": line[0] for row, line in enumerate(lines[:4])})
    gates = homes(*((f"d{row}", *line[-1]) for row, line in enumerate(lines[4:9])))
    wall, far = (gpd.GeoSeries([LineString([(x, -99), (x, 499)])], crs=CRS) for x in (200.0, 1500.0))
    free, walled, beside = (walks(network.build(roads, barriers=b), sites, gates) for b in (None, wall, far))
    assert set(walled.index) <= set(free.index)
    # each street that the wall cuts is two edges, each rounded
    assert (walled + len(lines) >= free.loc[walled.index]).all()
    assert free.equals(beside)


@given(seeds)
@quick
def test_no_detour_is_shorter(seed):
    """Three places on the roads: d(a, c) <= d(a, b) + d(b, c), to the roundings of b."""
    lines, _, _ = random_town(seed)
    net = town(*lines)
    sites, gates = on_roads(net, lines, np.random.default_rng(seed), 5, "p")
    table = walks(net, sites, gates).unstack().astype(float)
    for middle in table.index:
        detour = table[middle].to_numpy()[:, None] + table.loc[middle].to_numpy()[None, :]
        assert not (detour + 2 < table.to_numpy()).any()
        assert not (np.isfinite(detour) & table.isna().to_numpy()).any()


def stretch(net, edge, low, high):
    """Return one stretch of an edge as a table of places."""
    columns = dict(zip(catchment.STRETCH, ([edge], [low], [high]), strict=True))
    return gpd.GeoDataFrame(columns, geometry=[net.lines[edge].interpolate(0.5, normalized=True)], crs=CRS)


@given(seeds)
@quick
def test_a_stretch_is_its_parts(seed):
    lines, sites, _ = random_town(seed)
    net, rng = town(*lines), np.random.default_rng(seed)
    edge = int(rng.integers(0, len(net.lines)))
    low, cut, high = np.sort(rng.integers(0, net.edge_mm[edge] + 1, 3))
    whole, first, second = (
        catchment.nearest(net, sites, stretch(net, edge, *ends)).iloc[0]
        for ends in ((low, high), (low, cut), (cut, high))
    )
    if whole["status"] == "reached":
        assert whole["distance_m"] == min(first["distance_m"], second["distance_m"])
        assert whole["farthest_m"] == max(first["farthest_m"], second["farthest_m"])
    else:
        assert first["status"] == second["status"] == whole["status"]


@given(seeds, st.integers(0, 600))
@quick
@pytest.mark.slow
def test_parts_are_the_places_within(seed, limit_m):
    """Every 7th of each edge, to the millimetre, inclusive of the limit."""
    lines, sites, _ = random_town(seed)
    net = town(*lines)
    union = catchment.reached_union(net, sites, limit_m=limit_m)
    for edge in range(0, len(net.lines), 3):
        for mm in np.unique(np.linspace(0, net.edge_mm[edge], 8).astype(int)):
            way = catchment.nearest(net, sites, stretch(net, edge, mm, mm)).iloc[0]
            parts = union[union["edge"] == edge]
            inside = ((parts["from_mm"] <= mm) & (mm <= parts["to_mm"])).any()
            within = way["status"] == "reached" and way["distance_m"] <= limit_m
            # a part of no length, reached by its end alone, is not listed
            assert inside == within or (within and way["distance_m"] == limit_m)


@given(seeds, st.integers(1, 600))
@quick
def test_parts_add_up_to_the_union(seed, limit_m):
    lines, sites, _ = random_town(seed)
    net = town(*lines)
    each = catchment.reached_roads(net, sites, limits_m=[limit_m])
    union = catchment.reached_union(net, sites, limit_m=limit_m)
    together = shapely.union_all(each.geometry.to_numpy(), grid_size=0.0005)
    length_m = float((union["to_mm"] - union["from_mm"]).sum()) / 1000
    overlap = shapely.length(net.lines).sum() - shapely.union_all(net.lines, grid_size=0.0005).length
    assert each["length_m"].max() <= length_m + 1e-9
    assert together.length == pytest.approx(length_m, abs=0.01 * len(net.lines) + overlap)


@given(seeds)
@quick
def test_names_are_only_names(seed):
    lines, sites, gates = random_town(seed)
    net = town(*lines)
    turned = dict(zip(sites["facility_id"], sorted(sites["facility_id"], reverse=True), strict=True))
    one = walks(net, sites, gates)
    other = walks(net, sites.assign(facility_id=sites["facility_id"].map(turned)), gates)
    assert {(turned[site], home): mm for (site, home), mm in one.items()} == other.to_dict()
