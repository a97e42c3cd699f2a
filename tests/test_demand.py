"""Access points of residential areas and the units they lie in: small places worked out on paper."""

from __future__ import annotations

import time
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.affinity
import shapely.ops
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from planning import texts
from planning.coverage import cover, summarise
from planning.demand import Access, Spread, access_points, members, setting_of, spread, unit_of

CRS = "EPSG:4548"
SQUARE = box(0, 0, 100, 100)


def estates(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    ids = pd.Series(list(shapes), dtype="str")
    return gpd.GeoDataFrame({"residential_id": ids}, geometry=list(shapes.values()), crs=CRS)


def gates(*rows: tuple[str, float, float, bool | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "residential_id": pd.Series([r[0] for r in rows], dtype="str"),
            "open": pd.array([r[3] for r in rows], dtype="boolean"),
        },
        geometry=[Point(r[1], r[2]) for r in rows],
        crs=CRS,
    )


def roads(*lines: list[tuple[float, float]]) -> np.ndarray:
    made = np.empty(len(lines), dtype=object)
    made[:] = [LineString(line) for line in lines]
    return made


def spots(access: Access, name: str = "a") -> list[tuple[float, float]]:
    mine = access.points[access.points["residential_id"] == name]
    return list(zip(mine.geometry.x, mine.geometry.y, strict=True))


def entered(shape: shapely.Geometry, *lines: list[tuple[float, float]], barriers: gpd.GeoSeries | None = None) -> list:
    return spots(access_points(estates(a=shape), None, roads(*lines), max_snap_m=200, barriers=barriers))


# -------------------------------------------------------------------------------------------------------------- gates


def test_open_gates_are_used_closed_ones_not_and_an_unstated_one_is_open() -> None:
    table = gates(
        ("a", 0, 50, True), ("a", 100, 50, False), ("a", 50, 0, None), ("b", 0, 0, False), ("gone", 5, 5, True)
    )
    access = access_points(estates(a=SQUARE, b=SQUARE, c=Point(7, 8)), table, roads([(-9, 9), (9, 9)]), max_snap_m=200)
    assert access.gates.to_dict() == {"a": "given", "b": "closed", "c": "inferred"}
    assert spots(access) == [(0, 50), (50, 0)]
    stretch = ["stretch_edge", "stretch_from_mm", "stretch_to_mm"]
    assert access.points.columns.tolist() == ["residential_id", "inferred", *stretch, "geometry"]
    assert (access.points[stretch] == -1).all(axis=None)
    assert access.points["residential_id"].tolist() == ["a", "a", "c"]
    assert access.points["inferred"].tolist() == [False, False, True]
    assert spots(access, "c") == [(7, 8)]
    assert access.points.crs == CRS
    assert not access.apart.any()


def test_no_table_and_an_empty_table_of_gates_say_the_same() -> None:
    lines = roads([(-50, 50), (50, 50)])
    without = access_points(estates(a=SQUARE), None, lines, max_snap_m=200)
    empty = access_points(estates(a=SQUARE), gates(), lines, max_snap_m=200)
    pd.testing.assert_frame_equal(without.points, empty.points)
    assert without.gates.to_dict() == empty.gates.to_dict() == {"a": "inferred"}


def test_no_areas_give_no_points() -> None:
    none = access_points(estates(), gates(("a", 0, 0, True)), roads([(0, 0), (1, 1)]), max_snap_m=200)
    assert none.points.empty
    assert none.points.crs == CRS
    assert none.gates.empty


# ---------------------------------------------------------------------------------------------------- where edges meet


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([(-50, 50), (150, 50)], [(0, 50), (100, 50)]),  # through
        ([(-50, 50), (50, 50)], [(0, 50)]),  # in
        ([(-50, 50), (0, 50)], [(0, 50)]),  # ends on the wall
        ([(20, 20), (100, 50)], [(100, 50)]),  # from inside to the wall
        ([(-50, 50), (50, 150)], [(0, 100)]),  # grazes the corner
        ([(-50, 50), (-0.0009, 50)], [(0, 50)]),  # short of the wall by less than a millimetre
    ],
)
def test_a_road_opens_the_wall_where_it_meets_it(line: list, expected: list) -> None:
    assert entered(SQUARE, line) == expected
    assert entered(SQUARE, line[::-1]) == expected


def stretches(access: Access, name: str = "a") -> list[tuple[int, int, int]]:
    """Return edge, from and to of each stretch of an area."""
    mine = access.points[(access.points["residential_id"] == name) & (access.points["stretch_edge"] >= 0)]
    return sorted(map(tuple, mine[["stretch_edge", "stretch_from_mm", "stretch_to_mm"]].to_numpy().tolist()))


def along(shape: shapely.Geometry, *lines: list[tuple[float, float]], barriers: gpd.GeoSeries | None = None) -> list:
    return stretches(access_points(estates(a=shape), None, roads(*lines), max_snap_m=200, barriers=barriers))


@pytest.mark.parametrize(
    ("line", "part", "middle"),
    [
        ([(20, 0), (80, 0)], (0, 60_000), (50, 0)),  # along the wall
        ([(-20, 0), (80, 0)], (20_000, 100_000), (40, 0)),  # the wall begins at its corner
        ([(20, 0), (100, 0), (100, 30), (300, 30)], (0, 110_000), (75, 0)),  # round a corner: one stretch
        ([(-50, 0), (0, 0), (100, 0), (100, 100), (0, 100), (0, 0), (-50, 50)], (50_000, 450_000), (100, 100)),
        ([(20, 0.0009), (80, -0.0009)], (0, 60_000), (50, 0)),  # within a millimetre
        ([(20, 0), (60, 0.002)], (0, 20_000), (30, 0.0005)),  # leaves the wall by a millimetre after 20 m
        ([(50, 50), (50, 0), (70, 0), (70, 50)], (50_000, 70_000), (60, 0)),  # comes, runs along, goes
    ],
)
def test_a_road_along_the_wall_opens_every_place_of_it(line: list, part: tuple, middle: tuple) -> None:
    length = round(LineString(line).length * 1000)
    assert along(SQUARE, line) == [(0, *part)]
    assert along(SQUARE, line[::-1]) == [(0, length - part[1], length - part[0])]
    (spot,) = entered(SQUARE, line)
    assert spot == pytest.approx(middle, abs=1e-3)


def test_a_wall_traced_from_a_slanting_road_is_found_though_no_coordinate_is_exact() -> None:
    """The road runs 3:4:5 from (0, 0) to (300, 400); the parcel takes 100 … 350 m of it, its corners computed."""
    corners = [(0.6 * s, 0.8 * s) for s in (100.0, 350.0)]
    parcel = Polygon([*corners, (corners[1][0] + 80, corners[1][1] - 60), (corners[0][0] + 80, corners[0][1] - 60)])
    far = shapely.affinity.translate(parcel, 500_000.1, 4_000_000.3)
    road = [(500_000.1, 4_000_000.3), (500_300.1, 4_000_400.3)]
    assert along(far, road) == [(0, 100_000, 350_000)]
    assert along(parcel, [(0, 0), (300, 400)]) == [(0, 100_000, 350_000)]


def test_a_road_that_crosses_at_a_slant_is_no_stretch() -> None:
    assert along(SQUARE, [(-50, -50), (50, 50)]) == []
    assert along(SQUARE, [(-100, 51), (100, 49)], [(50, 90), (50, 200)]) == []  # 1:100 to the horizontal, not the wall
    assert along(SQUARE, [(0, 120), (100, 80)]) == []


def test_stretches_of_a_wall_with_more_corners_than_the_road_are_one() -> None:
    dense = Polygon([*((x, 0) for x in range(0, 101, 10)), (100, 100), (0, 100)])
    assert along(dense, [(-20, 0), (120, 0)]) == [(0, 20_000, 120_000)]


def test_a_road_shared_as_a_boundary_opens_both_sides_and_crossings_beside_it_stay() -> None:
    lines = roads([(100, -50), (100, 150)], [(-50, 70), (50, 70)])
    access = access_points(estates(a=SQUARE, b=box(100, 20, 180, 80)), None, lines, max_snap_m=200)
    assert stretches(access, "a") == [(0, 50_000, 150_000)]
    assert stretches(access, "b") == [(0, 70_000, 130_000)]
    assert spots(access, "a") == [(0, 70), (100, 50)]


def test_a_road_along_a_barrier_opens_nothing_there() -> None:
    """A fence on the south wall from x = 30 to 60, a road along all of it: 0 … 30 and 60 … 100 stay."""
    fence = gpd.GeoSeries([LineString([(30, 0), (60, 0)])], crs=CRS)
    assert along(SQUARE, [(0, 0), (100, 0)], barriers=fence) == [(0, 0, 30_000), (0, 60_000, 100_000)]
    whole = gpd.GeoSeries([SQUARE], crs=CRS)
    assert along(SQUARE, [(0, 0), (100, 0)], barriers=whole) == []
    inside = shapely.point_on_surface(SQUARE)
    assert entered(SQUARE, [(0, 0), (100, 0)], barriers=whole) == [(inside.x, inside.y)]


def test_two_edges_that_meet_at_one_place_of_the_wall_make_one_point() -> None:
    assert entered(SQUARE, [(-50, 50), (0, 50)], [(0, 50), (50, 50)], [(-50, 0), (0.0004, 50.0004)]) == [(0, 50)]


def test_places_a_millimetre_apart_are_one_and_two_millimetres_apart_two() -> None:
    near = entered(SQUARE, [(-5, 50), (5, 50)], [(-5, 50.0009), (5, 50.0009)])
    far = entered(SQUARE, [(-5, 50), (5, 50)], [(-5, 50.002), (5, 50.002)])
    assert (len(near), len(far)) == (1, 2)


def test_a_road_all_round_opens_the_wall_all_round() -> None:
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    assert along(SQUARE, ring) == along(SQUARE, ring[2:] + ring[1:3]) == [(0, 0, 400_000)]


def test_a_road_shared_by_two_neighbours_opens_both() -> None:
    access = access_points(
        estates(b=box(100, 0, 200, 100), a=SQUARE), None, roads([(50, 50), (150, 50)]), max_snap_m=200
    )
    assert spots(access, "a") == spots(access, "b") == [(100, 50)]
    assert access.points["residential_id"].tolist() == ["a", "b"]
    assert not access.apart.any()


def test_parts_and_courtyards_have_walls_too() -> None:
    yard = Polygon(SQUARE.exterior, [box(40, 40, 60, 60).exterior])
    assert entered(yard, [(-9, 50), (50, 50)]) == [(0, 50), (40, 50)]
    parts = MultiPolygon([SQUARE, box(200, 0, 300, 100)])
    assert entered(parts, [(50, 50), (250, 50)]) == [(100, 50), (200, 50)]


def test_a_u_is_entered_at_its_walls_and_not_in_its_notch() -> None:
    """A U around a notch 900 m wide, facility in the middle of the notch on a street to the north, radius 250.

    The inner walls are 450 m away. The centroid rule would put all households at the facility's door.
    The street that meets the U does so at (50, 1000), 450 m and more from (500, 500).
    """
    u = Polygon([(0, 0), (1000, 0), (1000, 1000), (950, 1000), (950, 50), (50, 50), (50, 1000), (0, 1000)])
    centre = Point(500, 500)
    assert u.envelope.centroid == centre
    lines = roads([(50, 1000), (500, 1000)], [(500, 1000), (500, 500)])
    areas = estates(a=u)
    access = access_points(areas, None, lines, max_snap_m=200)
    assert spots(access) == [(50, 1000)]
    walk_m = 450.0 + 500.0
    nearest = pd.DataFrame({"facility_id": ["f"], "distance_m": [walk_m], "status": ["reached"]})
    table = areas.assign(households=1000.0, residents=np.nan, elderly=np.nan)
    covered = cover(table, access, nearest, radius_m=250)
    assert summarise(table, covered, radius_m=250, minutes=None)["households_share"] == 0


# ------------------------------------------------------------------------------------------------------ where none meet


def test_without_a_road_at_the_wall_the_place_nearest_the_network_is_taken_and_said() -> None:
    areas, lines = estates(a=SQUARE, b=box(0, 200, 9, 209)), roads([(130, 20), (200, 90)], [(4, 209), (4, 300)])
    access = access_points(areas, None, lines, max_snap_m=200)
    assert spots(access) == [(100, 20)]
    assert access.apart.to_dict() == {"a": True, "b": False}
    assert access.gates.to_dict() == {"a": "inferred", "b": "inferred"}
    assert access.points["inferred"].all()


def test_a_network_far_beyond_the_snap_limit_still_gives_the_nearest_place() -> None:
    assert entered(SQUARE, [(3100, 20), (4000, 20)]) == [(100, 20)]


def test_equally_near_places_go_to_the_smaller_x_then_y_whatever_the_order() -> None:
    west, east = [(-30, 20), (-90, 20)], [(130, 20), (190, 20)]
    beside = [(-30, 10), (-30, 90)]  # parallel to the wall: every place of the wall from 10 to 90 is as near
    assert entered(SQUARE, east, west) == entered(SQUARE, west, east) == [(0, 20)]
    turned = Polygon([(100, 100), (100, 0), (0, 0), (0, 100)])
    assert entered(SQUARE, beside) == entered(turned, beside[::-1])


def test_an_empty_network_gives_a_place_that_will_not_snap_instead_of_failing() -> None:
    access = access_points(estates(a=SQUARE, b=Point(1, 2)), None, roads(), max_snap_m=200)
    assert access.apart.to_dict() == {"a": True, "b": False}
    assert len(access.points) == 2


def test_an_area_given_as_a_point_is_its_own_access_point() -> None:
    assert entered(Point(3, 4), [(0, 0), (9, 0)]) == [(3, 4)]


# ----------------------------------------------------------------------------------------------------------- barriers


def test_an_edge_that_ends_at_a_barrier_on_the_wall_does_not_open_it_and_a_bridge_does() -> None:
    """A canal along the west wall; the west road was cut there, the bridge was not; from the south a plain road."""
    canal = gpd.GeoSeries([LineString([(0, -10), (0, 110)])], crs=CRS)
    cut, bridge, south = [(-50, 50), (0, 50)], [(-50, 80), (50, 80)], [(50, -50), (50, 0)]
    assert entered(SQUARE, cut, south, barriers=canal) == [(50, 0)]
    assert entered(SQUARE, cut, bridge, south, barriers=canal) == [(0, 80), (50, 0)]
    assert entered(SQUARE, cut, bridge, south) == [(0, 50), (0, 80), (50, 0)]


def test_the_way_to_the_network_goes_round_a_barrier_where_it_can() -> None:
    """A railway 10 m west of the estate, a road 20 m west behind it, another 60 m east: the east wall is the way."""
    railway = gpd.GeoDataFrame(geometry=[LineString([(-10, -500), (-10, 600)])], crs=CRS)
    west, east = [(-20, 50), (-90, 50)], [(160, 50), (300, 50)]
    assert entered(SQUARE, west, east) == [(0, 50)]
    assert entered(SQUARE, west, east, barriers=railway) == [(100, 50)]
    far_east = [(301, 50), (400, 50)]  # 201 m off: beyond the snap limit, so the nearest place stands
    assert entered(SQUARE, west, far_east, barriers=railway) == [(0, 50)]


def test_an_area_walled_in_without_a_gate_is_not_entered_through_its_wall() -> None:
    """The wall is drawn as a polygon on the boundary; the road outside ends at it, the one inside too."""
    wall = gpd.GeoSeries([SQUARE], crs=CRS)
    inside = shapely.point_on_surface(SQUARE)
    outer, inner = [(-50, 50), (0, 50)], [(0, 50), (30, 50)]
    assert entered(SQUARE, outer, barriers=wall) == [(inside.x, inside.y)]
    assert entered(SQUARE, outer, inner, barriers=wall) == [(inside.x, inside.y)]
    assert entered(SQUARE, [(-50, 50), (-5, 50)], barriers=wall) == [(inside.x, inside.y)]


def test_a_barrier_around_several_estates_bars_its_line_and_not_what_is_inside() -> None:
    park = gpd.GeoSeries([box(-1000, -1000, 1000, 1000)], crs=CRS)
    assert entered(SQUARE, [(-50, 50), (0, 50)], barriers=park) == [(0, 50)]
    assert entered(SQUARE, [(-50, 50), (-20, 50)], barriers=park) == [(0, 50)]


# -------------------------------------------------------------------------------------------------------------- units


def districts(*rows: tuple[str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    table = pd.DataFrame({"unit_id": [r[0] for r in rows], "type": [r[1] for r in rows]}, dtype="str")
    return gpd.GeoDataFrame(table, geometry=[r[2] for r in rows], crs=CRS)


WEST, EAST = box(0, 0, 10, 20), box(10, 0, 20, 20)
LAND = districts(
    ("t2", "street", WEST),
    ("t1", "town", EAST),
    ("c", "county", box(0, 0, 20, 20)),
    ("v", "village", box(0, 0, 10, 10)),
)


def test_each_place_has_the_unit_that_holds_it_and_the_border_goes_to_the_smaller_id() -> None:
    areas = estates(
        in_west=Point(5, 5), on_border=Point(10, 5), on_edge=Point(0, 5), out=Point(-1, 5), in_east=Point(15, 5)
    )
    got = unit_of(areas.set_axis([9, 8, 7, 6, 5]), LAND, ("street", "town"))
    assert got.index.tolist() == [9, 8, 7, 6, 5]
    assert got.fillna("-").tolist() == ["t2", "t1", "t2", "-", "t1"]
    assert got.dtype == "str"
    assert unit_of(areas, LAND.iloc[::-1], ("street", "town")).fillna("-").tolist() == ["t2", "t1", "t2", "-", "t1"]


def test_of_a_polygon_the_representative_point_counts_which_is_inside_a_u() -> None:
    """A thin U around the east district has its centroid there, and all of its land in the west and south."""
    u = Polygon([(1, 1), (25, 1), (25, 2), (2, 2), (2, 18), (25, 18), (25, 19), (1, 19)])
    assert EAST.contains(u.centroid)
    inside = shapely.point_on_surface(u)
    expected = "t2" if WEST.covers(inside) else "t1"
    assert unit_of(estates(a=u), LAND, ("street", "town")).tolist() == [expected]
    assert u.covers(inside)


def test_types_that_are_not_there_and_no_areas_give_missing() -> None:
    assert unit_of(estates(a=Point(5, 5)), LAND, ("community",)).isna().all()
    assert unit_of(estates(), LAND, ("town",)).empty


def test_an_area_is_a_member_of_its_village_its_town_and_its_county() -> None:
    got = members(estates(b=Point(15, 5), a=Point(5, 5), out=Point(99, 5)), LAND)
    assert list(got.itertuples(index=False, name=None)) == [
        ("c", "a"),
        ("c", "b"),
        ("t1", "b"),
        ("t2", "a"),
        ("v", "a"),
    ]
    assert got.columns.tolist() == ["unit_id", "residential_id"]
    assert members(estates(a=Point(99, 5)), LAND).empty
    assert members(estates(a=Point(5, 5)), LAND.iloc[:0]).empty


def test_urban_or_rural_as_stated_else_by_village_else_urban_with_a_flag() -> None:
    areas = estates(a=Point(5, 5), b=Point(5, 5), c=Point(15, 5), d=Point(15, 5))
    areas["setting"] = pd.Series(["urban", None, None, "rural"], dtype="str")
    got = setting_of(areas, LAND)
    assert got["setting"].tolist() == ["urban", "rural", "urban", "rural"]
    assert got["assumed"].tolist() == [False, False, True, False]
    without = setting_of(areas, None)
    assert without["setting"].tolist() == ["urban", "urban", "urban", "rural"]
    assert without["assumed"].tolist() == [False, True, True, False]


# ------------------------------------------------------------------------------------------------------------- people


def spread_over(
    areas_of: dict[str, tuple], units_of: dict[str, tuple], *kinds: dict[str, str]
) -> tuple[dict[str, list[float]], Spread]:
    """Areas are (households, residents, elderly), units (residents, elderly); None is missing."""
    columns = ["households", "residents", "elderly"]
    table = pd.DataFrame.from_dict(areas_of, orient="index", columns=columns).astype(float)
    areas = estates(**{name: Point(0, 0) for name in areas_of}).assign(**{c: table[c].to_numpy() for c in columns})
    people = pd.DataFrame.from_dict(units_of, orient="index", columns=columns[1:]).astype(float)
    units = gpd.GeoDataFrame(people.rename_axis("unit_id").reset_index(), geometry=[SQUARE] * len(people), crs=CRS)
    found = spread(areas, units, [pd.Series(kind, dtype="str") for kind in kinds])
    return {c: found.residential[c].fillna(-1).tolist() for c in columns[1:]}, found


def test_people_go_by_households_in_whole_persons_and_none_is_lost() -> None:
    """10 on 1, 1 and 1 household: 3 each and one more for the smallest id; 7 on 3 and 1: 5.25 and 1.75 → 5 and 2."""
    where = dict.fromkeys("cab", "u")
    got, found = spread_over(dict.fromkeys("cab", (1, None, None)), {"u": (10, None)}, where)
    assert got == {"residents": [3, 4, 3], "elderly": [-1, -1, -1]}
    assert found.residential["residents_spread"].tolist() == [True] * 3
    assert not found.residential["elderly_spread"].any()
    got, _ = spread_over({"a": (3, None, None), "b": (1, None, None)}, {"u": (7, 2.5)}, dict.fromkeys("ab", "u"))
    assert got == {"residents": [5, 2], "elderly": [1.875, 0.625]}


def test_what_areas_state_is_kept_and_taken_off() -> None:
    got, found = spread_over(
        {"a": (9, 40, None), "b": (1, None, None), "c": (3, None, 4)}, {"u": (100, 8)}, dict.fromkeys("abc", "u")
    )
    assert got == {"residents": [40, 15, 45], "elderly": [4, 0, 4]}  # 4 left on 9 and 1 households: 3.6 and 0.4
    assert found.residential["residents_spread"].tolist() == [False, True, True]
    assert found.left.empty


def test_the_community_first_and_the_street_for_the_rest() -> None:
    """Community k has 30 for a and b; c is in no community; street s has 100: 70 are left for c. d is nowhere."""
    areas_of = {"a": (1, None, None), "b": (2, None, None), "c": (9, None, None), "d": (9, None, None)}
    got, found = spread_over(
        areas_of, {"k": (30, None), "s": (100, None)}, {"a": "k", "b": "k"}, dict.fromkeys("abc", "s")
    )
    assert got["residents"] == [10, 20, 70, -1]
    assert found.left.empty


@pytest.mark.parametrize(
    ("area", "other", "total", "reason"),
    [
        ((5, 60, None), (5, None, None), 50, "more_than_unit"),
        ((5, 50, None), (5, None, None), 50, "nothing_left"),
        ((5, None, None), (None, None, None), 50, "households_missing"),
        ((0, None, None), (0, None, None), 50, "households_zero"),
    ],
)
def test_a_unit_whose_figure_says_nothing_is_left_with_the_reason(area, other, total, reason) -> None:
    got, found = spread_over({"a": area, "b": other}, {"u": (total, None)}, dict.fromkeys("ab", "u"))
    assert got["residents"][1] == -1
    assert found.left.to_numpy().tolist() == [["u", "residents", reason]]
    outer = {"u": (total, None), "s": (500, None)}
    got, found = spread_over({"a": area, "b": other}, outer, dict.fromkeys("ab", "u"), dict.fromkeys("ab", "s"))
    assert got["residents"][1] == -1
    assert found.left["reason"].tolist() == [reason, "inner_unit_left"]


@pytest.mark.slow
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=9), st.integers(1, 100_000), st.randoms())
def test_parts_add_up_and_stand_within_one_of_their_share(households: list, total: int, random) -> None:
    names = [f"r{i}" for i in range(len(households))]
    areas_of = {name: (count, None, None) for name, count in zip(names, households, strict=True)}
    got, _ = spread_over(areas_of, {"u": (total, total)}, dict.fromkeys(names, "u"))
    if sum(households):
        assert sum(got["residents"]) == total
        for part, count in zip(got["residents"], households, strict=True):
            assert abs(part - total * count / sum(households)) < 1
    mixed = random.sample(names, len(names))
    _, found = spread_over({n: areas_of[n] for n in mixed}, {"u": (total, total)}, dict.fromkeys(names, "u"))
    by_id = found.residential.set_index("residential_id")["residents"].fillna(-1)
    assert by_id.loc[names].tolist() == got["residents"]


# --------------------------------------------------------------------------------------------------------------- laws

places = st.tuples(st.integers(-40, 140), st.integers(-40, 140))
streets = st.lists(st.tuples(places, places).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=8)


@pytest.mark.slow
@given(streets, st.data())
def test_points_lie_on_the_wall_and_no_order_of_rows_shows(lines: list, data: st.DataObject) -> None:
    areas = estates(a=SQUARE, b=box(20, 120, 60, 160), c=Point(1, 1))
    first = access_points(areas, None, roads(*lines), max_snap_m=200)
    shapes = areas.set_index("residential_id").geometry
    off = first.points.geometry.distance(shapes.loc[first.points["residential_id"]].boundary.reset_index(drop=True))
    assert (off[first.points["residential_id"] != "c"] < 1e-9).all()
    assert set(first.points["residential_id"]) == {"a", "b", "c"}
    rows, order = data.draw(st.permutations(range(3))), data.draw(st.permutations(range(len(lines))))
    again = access_points(areas.iloc[rows], None, roads(*(lines[i] for i in order)), max_snap_m=200)
    pd.testing.assert_frame_equal(by_street(first.points, range(8)), by_street(again.points, order))
    assert first.gates.to_dict() == again.gates.to_dict()


def by_street(points: gpd.GeoDataFrame, order: Sequence[int]) -> pd.DataFrame:
    """Return the points with the streets numbered as they were before ``order``."""
    street = [-1 if row < 0 else order[row] for row in points["stretch_edge"]]
    named = points.assign(stretch_edge=street, wkb=points.geometry.to_wkb()).drop(columns="geometry")
    return pd.DataFrame(named).sort_values(["residential_id", "wkb", "stretch_edge"], ignore_index=True)


@pytest.mark.slow
@given(streets)
def test_the_same_as_asking_each_street_one_by_one(lines: list) -> None:
    """Twin: shapely's scalar intersection of every street with the wall; without any, the distance to the network."""
    wall = SQUARE.exterior
    shared = [LineString(line).intersection(wall) for line in lines]
    parts = [part for geometry in shared for part in getattr(geometry, "geoms", [geometry]) if not part.is_empty]
    access = access_points(estates(a=SQUARE), None, roads(*lines), max_snap_m=200)
    if parts:
        assert not access.apart["a"]
        found = [Point(spot) for spot in spots(access)] + [
            shapely.ops.substring(LineString(lines[edge]), low / 1000, high / 1000)
            for edge, low, high in stretches(access)
        ]
        theirs, mine = shapely.union_all(parts), shapely.union_all(found)
        assert theirs.hausdorff_distance(mine) <= 0.002
    else:
        network = shapely.MultiLineString([LineString(line) for line in lines])
        assert access.apart["a"]
        (spot,) = spots(access)
        assert Point(spot).distance(network) == pytest.approx(wall.distance(network), abs=1e-6)


def test_input_is_left_as_it_was() -> None:
    areas, table, lines = estates(a=SQUARE, b=Point(1, 1)), gates(("a", 0, 0, None)), roads([(-9, 9), (9, 9)])
    areas["setting"] = pd.Series([None, None], dtype="str")
    copies = areas.copy(), table.copy(), lines.copy()
    access_points(areas, table, lines, max_snap_m=200)
    setting_of(areas, LAND)
    pd.testing.assert_frame_equal(areas, copies[0])
    pd.testing.assert_frame_equal(table, copies[1])
    assert (lines == copies[2]).all()


def test_every_state_and_flag_has_its_sentence_in_both_languages() -> None:
    for state in ("given", "inferred", "closed"):
        assert texts.t(f"demand.gates.{state}", "zh") != texts.t(f"demand.gates.{state}", "en")
    for code in ("no_entrances", "no_road_at_boundary", "all_gates_closed", "setting_assumed"):
        assert "X7" in texts.t(f"fault.{code}.message", "zh", value="X7")
        assert texts.t(f"fault.{code}.remedy", "en")


@pytest.mark.slow
def test_ten_thousand_areas_on_a_hundred_thousand_edges_take_seconds() -> None:
    rng = np.random.default_rng(0)
    corner, size = rng.uniform(0, 20_000, (10_000, 2)), rng.uniform(40, 150, (10_000, 2))
    shapes = shapely.box(*corner.T, *(corner + size).T)
    start = rng.uniform(0, 20_000, (100_000, 2))
    end = start + rng.normal(0, 50, (100_000, 2))
    areas = gpd.GeoDataFrame({"residential_id": [f"r{i}" for i in range(10_000)]}, geometry=shapes, crs=CRS)
    began = time.perf_counter()
    access = access_points(areas, None, shapely.linestrings(np.stack([start, end], axis=1)), max_snap_m=200)
    assert time.perf_counter() - began < 10
    assert access.points["residential_id"].nunique() == 10_000
