"""Cases that tools of this kind get wrong, one test each, numbers worked out by hand.

The numbers of the cases run through the whole project; those that belong to walking, to demand and to coverage stand
here: 1 to 9 reach, status, outlines and gates, 10 the plane, 15 and 16 what is undefined, 23 to 25 borders and
denominators, 30 one bad record, 31 to 34 shapes of networks.
"""

from __future__ import annotations

import math
from itertools import pairwise

import geopandas as gpd
import gridstudy
import gridtown as town
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from planning import accessibility, catchment, coverage, demand, network
from planning.errors import InputRefused
from planning.plan import Siting, Walk
from planning.study import layers

CRS = town.CRS
X0, Y0 = town.X0, town.Y0


def build(*lines: list[tuple[float, float]], crs: str = CRS, **columns: list[object]) -> network.Network:
    shapes = [LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines]
    return network.build(gpd.GeoDataFrame(columns, geometry=shapes, crs=crs))


def sites(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    shapes = [Point(X0 + x, Y0 + y) for x, y in places.values()]
    return gpd.GeoDataFrame({"facility_id": list(places)}, geometry=shapes, crs=CRS)


def homes(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    shapes = [Point(X0 + x, Y0 + y) for x, y in places.values()]
    return gpd.GeoDataFrame(index=pd.Index(list(places), dtype="str"), geometry=shapes, crs=CRS)


def distances(net: network.Network, facilities: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> dict[str, float]:
    found = catchment.reach(net, facilities, points, limit_m=math.inf)
    return dict(zip(found["demand_id"], found["distance_m"], strict=True))


def area(shape: shapely.Geometry, name: str = "A", **facts: object) -> gpd.GeoDataFrame:
    moved = shapely.transform(shape, lambda xy: xy + np.array([X0, Y0]))
    columns = {key: [value] for key, value in facts.items()}
    return town.table("residential", {"residential_id": [name], **columns}, [moved])


def cover(
    net: network.Network,
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    gates: gpd.GeoDataFrame | None = None,
    *,
    radius_m: float,
) -> pd.Series:
    access = demand.access_points(areas, gates, net.lines, max_snap_m=200)
    near = catchment.nearest(net, facilities, access.points)
    return coverage.cover(areas, access, near, radius_m=radius_m).iloc[0]


RIVER = [(0, 0), (1000, 0), (1000, 60), (0, 60)]  # two streets 60 m apart, joined at x = 1000 alone


def test_case_01_a_facility_between_two_junctions():
    line = build(*([(x, 0), (x + 500, 0)] for x in (0, 500, 1000)))
    assert distances(line, sites(F=(1240, 0)), homes(a=(1000, 0), b=(1500, 0))) == {"a": 240, "b": 260}


def test_case_02_far_and_unreachable_are_two_things():
    """Exactly 1000 m is covered at 1000; 1 mm more is not; what is on an island is neither."""
    islands = build([(0, 0), (2000, 0)], [(0, 900), (100, 900)])
    found = catchment.nearest(islands, sites(F=(0, 0)), homes(on=(1000, 0), over=(1000.001, 0), cut=(50, 900)))
    assert found["status"].tolist() == ["reached", "reached", "unreachable"]
    assert found["distance_m"].to_list()[:2] == [1000, 1000.001]
    assert found["distance_m"].isna().tolist() == [False, False, True]
    near = catchment.reach(
        islands, sites(F=(0, 0)), homes(on=(1000, 0), over=(1000.001, 0), cut=(50, 900)), limit_m=1000
    )
    assert near["demand_id"].tolist() == ["on"]


@pytest.mark.parametrize(("block_m", "limit_m"), [(500, 900.0), (100, 480.0)])
def test_case_03_the_reach_ends_amid_an_edge(block_m, limit_m):
    line = build(*([(x, 0), (x + block_m, 0)] for x in range(0, 2000, block_m)))
    reached = catchment.reached_roads(line, sites(F=(0, 0)), limits_m=[limit_m])
    assert reached["length_m"].tolist() == [limit_m]
    assert reached.geometry.length.tolist() == pytest.approx([limit_m], abs=1e-6)


@pytest.mark.parametrize("drawing", ["fast", "exact"])
def test_case_04_a_river_with_one_far_bridge(drawing):
    """The gate across is 1000 + 60 + 1000 = 2060 m away, and the drawing for 480 m stays off it."""
    banks = build(RIVER)
    assert distances(banks, sites(F=(0, 0)), homes(gate=(0, 60))) == {"gate": 2060}
    assert catchment.reach(banks, sites(F=(0, 0)), homes(gate=(0, 60)), limit_m=480).empty
    drawn = catchment.service_areas(banks, sites(F=(0, 0)), limits_m=[480], drawing=drawing).geometry.item()
    assert drawn.covers(Point(X0, Y0))
    assert drawn.distance(Point(X0, Y0 + 60)) > 30


def test_case_04_banks_so_near_that_the_drawing_would_reach_over():
    """Streets 20 m apart with the river between them as a barrier: the ground ends at the river, at y = 10."""
    river = gpd.GeoSeries([LineString([(X0 - 100, Y0 + 10), (X0 + 990, Y0 + 10)])], crs=CRS)
    line = LineString([(X0 + x, Y0 + y / 3) for x, y in RIVER])
    banks = network.build(gpd.GeoDataFrame(geometry=[line], crs=CRS), barriers=river)
    ground = catchment.service_areas(banks, sites(F=(0, 0)), limits_m=[480], drawing="exact").geometry.item()
    assert ground.bounds == pytest.approx((X0 - 25, Y0 - 25, X0 + 505, Y0 + 10), abs=1e-6)
    # a strip of 480 m and two caps, each a half disc less what lies beyond the river
    beyond = 25**2 * math.acos(10 / 25) - 10 * math.sqrt(25**2 - 10**2)
    assert ground.area == pytest.approx(480 * 35 + math.pi * 25**2 - beyond, rel=0.002)
    assert catchment.reached_ground(banks, sites(F=(0, 0)), limit_m=480).equals_exact(ground, 1e-6)


def test_case_05_an_origin_far_off_the_network_is_named():
    """3 km off: unsnapped, in the denominator, in the ledger; the limit is a key of the plan."""
    home = area(box(100, 6000, 200, 6100), households=100.0, elderly=1.0)
    result = gridstudy.run(residential=pd.concat([home, town.residential()[:1]], ignore_index=True))
    figures = result.summary["coverage"]["street"]
    assert (figures["residential_total"], figures["residential_covered"], figures["unsnapped"]) == (2, 1, 1)
    assert (figures["elderly_total"], figures["elderly_covered"]) == (2, 1)
    assert result.uncovered["cause"].tolist() == ["unsnapped"]
    line = build([(0, 0), (100, 0)])
    far = homes(on=(50, 200), over=(50, 200.001))
    assert catchment.nearest(line, sites(F=(0, 0)), far)["status"].tolist() == ["reached", "unsnapped"]
    assert catchment.nearest(line, sites(F=(0, 0)), far, max_snap_m=300)["status"].tolist() == ["reached", "reached"]


def test_case_05_a_facility_124_km_away_serves_nobody():
    line = build([(0, 0), (100, 0)])
    assert catchment.nearest(line, sites(F=(124_000, 0)), homes(a=(0, 0)))["status"].tolist() == ["unreachable"]
    assert catchment.reach(line, sites(F=(124_000, 0)), homes(a=(0, 0)), limit_m=math.inf).empty
    assert catchment.reached_roads(line, sites(F=(124_000, 0)), limits_m=[900])["length_m"].tolist() == [0]


def test_case_06_the_access_leg_is_walked():
    assert distances(build([(0, 0), (500, 0)]), sites(F=(50, 60)), homes(a=(0, 0))) == {"a": 110}


@pytest.mark.parametrize("rule", ["entrance", "frontage", "area"])
def test_case_07_a_u_shape_is_entered_at_its_walls(rule):
    """The facility in the notch of a U, 400 m from its walls, and a street along its back: 250 m cover none of it."""
    u = Polygon([(0, 0), (1000, 0), (1000, 1000), (900, 1000), (900, 100), (100, 100), (100, 1000), (0, 1000)])
    street = town.table(
        "roads", {"road_id": ["s", "c"]}, [line((-100, -10), (1100, -10)), line((480, 500), (520, 500))]
    )
    facility = town.facilities().iloc[[0]].set_geometry([Point(X0 + 500, Y0 + 500)], crs=CRS)
    result = gridstudy.run(
        Walk(rule=rule, minutes=(250 / 60,)), roads=street, residential=area(u, elderly=1.0), facilities=facility,
        entrances=None,
    )  # fmt: skip
    assert result.summary["coverage"]["street"]["residential_covered"] == 0


def line(*places: tuple[float, float]) -> LineString:
    return LineString([(X0 + x, Y0 + y) for x, y in places])


def test_case_08_a_strip_is_covered_as_far_as_its_frontage():
    """1000 m along the street, the facility at the west end, 400 m: 40 %; by gates nothing or all of it."""
    strip = area(box(0, 10, 1000, 60), households=1000.0)
    street = town.table("roads", {"road_id": ["s"]}, [line((0, 0), (1000, 0))])
    facility = town.facilities().iloc[[0]].set_geometry([Point(X0, Y0)], crs=CRS)
    facts = {"roads": street, "residential": strip, "facilities": facility, "entrances": None}
    walk = Walk(rule="frontage", minutes=(400 / 60,))
    figures = gridstudy.run(walk, **facts).summary["coverage"]["street"]
    assert figures["households_share"] == pytest.approx(0.4, abs=1e-9)
    # by ground: 25 m either side of 400 m of street, and the quarter disc of the cap within the strip
    figures = gridstudy.run(Walk(rule="area", minutes=(400 / 60,)), **facts).summary["coverage"]["street"]
    cap = 25**2 / 2 * math.acos(10 / 25) - 10 * math.sqrt(25**2 - 10**2) / 2
    assert figures["households_share"] == pytest.approx((400 * 15 + cap) / 50_000, rel=0.001)


def test_case_09_which_gate():
    """Gates at 300 m (open) and 700 m, limit 500; then the first closed; then gates unknown: anything from 0 to 1."""
    street = build([(0, 0), (300, 0), (700, 0), (1000, 0)], [(300, 0), (300, 10)], [(700, 0), (700, 10)])
    home = area(box(290, 5, 710, 60))
    states = []
    for first in (True, False):
        gates = town.table(
            "entrances", {"residential_id": ["A"] * 2, "open": [first, True]}, [Point(X0 + x, Y0) for x in (300, 700)]
        )
        states.append(cover(street, home, sites(F=(0, 0)), gates, radius_m=500))
    assert [(row["status"], row["lower"], row["upper"]) for row in states] == [("covered", 1, 1), ("uncovered", 0, 0)]
    unknown = cover(street, home, sites(F=(0, 0)), radius_m=500)
    assert (unknown["lower"], unknown["share"], unknown["upper"]) == (0, 1, 1)


@pytest.mark.parametrize(("crs", "code"), [("EPSG:4326", "geographic"), ("EPSG:3857", "mercator"), (None, "missing")])
def test_case_10_degrees_and_web_mercator_measure_nothing(crs, code):
    with pytest.raises(InputRefused) as refused:
        build([(0, 0), (1, 0)], crs=crs)
    assert [fault.code for fault in refused.value.faults] == [f"network_crs_{code}"]


def test_case_15_supply_for_nobody_is_undefined():
    """F serves area a with nobody in it; G shares 5 beds among 10 people."""
    reach = pd.DataFrame({"facility_id": ["F", "G"], "demand_id": ["a", "b"], "distance_m": [100.0, 100.0]})
    people = pd.Series({"a": 0.0, "b": 10.0})
    found = accessibility.two_step(reach, pd.Series({"F": 5.0, "G": 5.0}), people, radius_m=900, decay="none")
    told = accessibility.summarise(found, people)
    assert told["mean"] == 0.5
    assert "inf" not in str(told)


def test_case_16_evenness_of_the_finite_rows():
    """[1, nan, 3] with equal weights: |1 − 3| / (2 × 2² × 2) × 2 = 1/4, and a third left out; all zero is even."""
    weight = pd.Series([1.0, 1.0, 1.0])
    assert accessibility.gini(pd.Series([1.0, np.nan, 3.0]), weight).value == pytest.approx(0.25)
    assert accessibility.gini(pd.Series([1.0, np.inf, 3.0]), weight).value == pytest.approx(0.25)
    assert accessibility.gini(pd.Series([0.0, 0.0, 0.0]), weight).value == 0


def test_case_23_a_centre_beyond_the_border():
    """200 m outside the county: counted and marked; under the hard border not counted."""
    county = town.table("units", {"unit_id": ["U"], "type": ["county"]}, [box(X0 + 50, Y0, X0 + 1000, Y0 + 900)])
    outside = town.facilities().iloc[[0]].set_geometry([Point(X0 - 150, Y0)], crs=CRS)
    told = []
    for hard in (False, True):
        result = gridstudy.run(Walk(hard_border=hard), units=county, facilities=outside)
        rows = result.residential.set_index("residential_id")
        told.append((rows.loc["R1", "street_status"], bool(rows.loc["R1", "street_outside"])))
    assert told == [("covered", True), ("uncovered", False)] or told == [("covered", True), ("unreachable", False)]


def test_case_24_the_solver_starts_from_the_diagnosis():
    result = gridstudy.run(
        candidates=town.candidates(), siting=Siting(level="street", model="mclp", p=1, demand="elderly")
    )
    assert result.summary["siting"]["before"] == result.summary["coverage"]["street"]


def test_case_25_households_are_counted_not_junctions():
    """100 and 900 households, the first covered: 10 %. A hundred junctions more change nothing."""
    two = pd.concat(
        [area(box(0, 5, 50, 50), "a", households=100.0), area(box(1950, 5, 2000, 50), "b", households=900.0)]
    )
    facility = town.facilities().iloc[[0]].set_geometry([Point(X0, Y0)], crs=CRS)
    shares = []
    for pieces in (1, 100):
        ends = np.linspace(0, 2000, pieces + 1)
        lines = [line((x, 0), (y, 0)) for x, y in pairwise(ends)]
        roads = town.table("roads", {"road_id": [f"s{number}" for number in range(pieces)]}, lines)
        result = gridstudy.run(roads=roads, residential=two.reset_index(drop=True), facilities=facility, entrances=None)
        shares.append(result.summary["coverage"]["street"]["households_share"])
    assert shares == [0.1, 0.1]


def test_case_30_a_bad_record_is_named():
    """What the verbs refuse names the row; lengths cannot be negative, for they are measured, never read."""
    with np.errstate(invalid="ignore"):
        lines = [LineString([(X0, Y0), (X0 + 9, Y0)]), LineString([(X0, np.nan), (X0 + 9, Y0)])]
    with pytest.raises(InputRefused) as refused:
        network.build(gpd.GeoDataFrame({"length": [-5.0, np.nan]}, index=["good", "bad"], geometry=lines, crs=CRS))
    assert [(fault.code, fault.value) for fault in refused.value.faults] == [("network_not_finite", "bad")]
    with pytest.raises(InputRefused) as refused:
        catchment.reach(build([(0, 0), (9, 0)]), sites(F=(0, 0), G=(np.nan, 0)), homes(a=(0, 0)), limit_m=-1)
    assert {fault.code for fault in refused.value.faults} == {"network_place_not_finite", "network_distance"}
    with pytest.raises(InputRefused) as refused:
        build([(0, 0), (9, 0)], highway=["motorway"])
    assert [fault.code for fault in refused.value.faults] == ["network_no_edge"]


def test_case_31_a_detour_is_no_star():
    """300 m as the crow flies, 600 by a street that runs round a square; the middle between them cannot be reached."""
    round_it = build([(0, 0), (0, 150), (300, 150), (300, 0)])
    gate = (300, 0)
    assert distances(round_it, sites(F=(0, 0)), homes(gate=gate)) == {"gate": 600}
    drawn = catchment.service_areas(round_it, sites(F=(0, 0)), limits_m=[600], drawing="exact").geometry.item()
    assert drawn.covers(Point(X0 + 300, Y0 + 1))
    assert drawn.distance(Point(X0 + 150, Y0)) > 100


@pytest.mark.parametrize("seed", range(6))
def test_case_32_five_inside_ten_inside_fifteen(seed):
    """Lines and both drawings, on random streets."""
    rng = np.random.default_rng(seed)
    nodes = rng.integers(0, 900, (14, 2))
    pairs = [rng.choice(14, 2, replace=False) for _ in range(30)]
    net = build(*([tuple(nodes[one]), tuple(nodes[other])] for one, other in pairs))
    site = sites(F=tuple(rng.integers(0, 900, 2)))
    layers = [catchment.reached_roads(net, site, limits_m=[300, 600, 900], max_snap_m=900)] + [
        catchment.service_areas(net, site, limits_m=[300, 600, 900], max_snap_m=900, drawing=how)
        for how in ("fast", "exact")
    ]
    assert not layers[0].geometry.iloc[2].is_empty
    for shapes in (layer.geometry.to_list() for layer in layers):
        for inner, outer in pairwise(shapes):
            lost = inner.difference(outer.buffer(0.001))
            assert lost.is_empty


def test_case_33_bridges_stay_apart_and_gaps_are_told():
    """Lines that cross without a shared node are not joined; a T that stops 0.5 m short is listed, not closed."""
    crossing = build([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    assert crossing.components().count == 2
    tee = build([(0, 0), (100, 0)], [(50, 0.5), (50, 50)])
    assert tee.components().count == 2
    assert network.gaps(tee, within_m=1)["gap_m"].tolist() == [0.5]


def test_case_34_points_on_vertices_and_vertices_twice():
    """From a vertex one walks both ways alike; a vertex written twice changes nothing."""
    once = build([(0, 0), (100, 0), (200, 0)])
    twice = build([(0, 0), (100, 0), (100, 0), (200, 0)])
    for net in (once, twice):
        assert distances(net, sites(F=(100, 0)), homes(a=(0, 0), b=(200, 0))) == {"a": 100, "b": 100}
        reached = catchment.reached_roads(net, sites(F=(100, 0)), limits_m=[60]).geometry.item()
        assert reached.bounds == (X0 + 40, Y0, X0 + 160, Y0)


def test_no_radius_stands_under_the_name_of_another():
    """12.004 and 12.006 minutes at 1 m/s are 720.24 and 720.36 m: neither is the band of 720 m. 724.5 m is alone."""
    radii = (300.0, 720.0, 720.24, 720.36, 724.5, 900.0, 1000.0)
    names = ["300", "720", "720.24", "720.36", "724", "900", "1000"]
    assert layers.by_key(radii) == dict(zip(names, radii, strict=True))
    assert layers.by_key((899.6, 900.0)) == {"899.6": 899.6, "900": 900.0}
    assert layers.by_key((48.3, 720.0)) == {"48": 48.3, "720": 720.0}


@pytest.mark.parametrize("limit_m", [None, "900", -1, float("nan")])
def test_a_limit_that_is_no_distance_is_refused(limit_m):
    """A road of 100 m from facility to home; whatever is no length is refused, never taken as none."""
    road = network.build(gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (100, 0)])], crs="EPSG:4548"))
    facility = gpd.GeoDataFrame({"facility_id": ["a"]}, geometry=[shapely.Point(0, 0)], crs="EPSG:4548")
    home = gpd.GeoDataFrame(geometry=[shapely.Point(100, 0)], index=pd.Index(["b"], name="demand_id"), crs="EPSG:4548")
    with pytest.raises(InputRefused):
        catchment.reach(road, facility, home, limit_m=limit_m)
