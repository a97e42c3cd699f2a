"""Stairs, crossings, waits and climbs: they take time, and the metres walked stay what they are.

An equivalent is the level metres one would walk in the time a way takes. All streets here lie along y = 0 from x = 0,
unless said otherwise, so that every answer is a sum.
"""

from __future__ import annotations

import geopandas as gpd
import gridstudy
import gridtown as town
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

from planning import catchment, network
from planning.errors import InputRefused
from planning.network import _kernels
from planning.plan import Walk

X0, Y0 = town.X0, town.Y0


def roads(*rows: tuple[list[tuple[float, ...]], dict[str, object]]) -> gpd.GeoDataFrame:
    lines = [LineString([(X0 + x, Y0 + y, *z) for x, y, *z in line]) for line, _ in rows]
    facts = [{"road_id": f"r{number}", **own} for number, (_, own) in enumerate(rows)]
    return gpd.GeoDataFrame(pd.DataFrame(facts), geometry=lines, crs=town.CRS)


def spot(x: float, y: float = 0.0) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"facility_id": ["F"]}, geometry=[Point(X0 + x, Y0 + y)], crs=town.CRS)


def home(x: float, y: float = 0.0) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(index=pd.Index(["D"], dtype="str"), geometry=[Point(X0 + x, Y0 + y)], crs=town.CRS)


def walk(streets: network.Network, start: tuple[float, float], goal: tuple[float, float]) -> tuple[float, float]:
    """Return the true length of the walk that takes least, and its equivalent; asked in both directions."""
    found = catchment.reach(streets, spot(*start), home(*goal), limit_m=np.inf).iloc[0]
    near = catchment.nearest(streets, spot(*start), home(*goal)).iloc[0]
    back = catchment.reach(streets, spot(*goal), home(*start), limit_m=np.inf).iloc[0]
    answers = {(row["distance_m"], row["equivalent_m"]) for row in (found, near, back)}
    assert len(answers) == 1
    return answers.pop()


def test_two_crossings_and_a_footbridge_at_the_pace_of_the_old():
    """600 m at 0.8 m/s are 750 s, twice 30 s and 120 s: 930 s, over 15 minutes; 744 m of level walk for 720 m."""
    rows = roads(
        ([(0, 0), (200, 0)], {"is_crossing": None, "extra_s": None}),
        ([(200, 0), (220, 0)], {"is_crossing": True, "extra_s": None}),
        ([(220, 0), (300, 0)], {"is_crossing": None, "extra_s": 120.0}),
        ([(300, 0), (320, 0)], {"is_crossing": True, "extra_s": None}),
        ([(320, 0), (600, 0)], {"is_crossing": False, "extra_s": None}),
    )
    streets = network.weigh(network.build(rows), crossing_m=30 * 0.8, second_m=0.8)
    assert walk(streets, (0, 0), (600, 0)) == (600, 744)
    assert len(catchment.reach(streets, spot(0), home(600), limit_m=744)) == 1
    assert catchment.reach(streets, spot(0), home(600), limit_m=743.999).empty
    # half a crossing is half of its 24 m; the leg of 7 m is level
    assert walk(streets, (0, 7), (210, 0)) == (217, 7 + 200 + 10 + 12)


def test_stairs_take_three_times_as_long_and_a_ramp_may_be_quicker():
    """100 m of stairs are 300, a ramp of 250 m beside them is 250: the ramp, until it is as long as 301."""

    def both(ramp_m: float) -> network.Network:
        ramp = [(0, 0), (50, (half := (ramp_m**2 / 4 - 50**2) ** 0.5)), (100, 0)]
        assert half > 0
        return network.build(roads(([(0, 0), (100, 0)], {"highway": "steps"}), (ramp, {"highway": "footway"})))

    ends = (-0.0, 0), (100, 0)
    assert walk(network.weigh(both(250), stairs_factor=3), *ends) == (250, 250)
    assert walk(network.weigh(both(302), stairs_factor=3), *ends) == (100, 300)
    assert walk(network.weigh(both(250), stairs_factor=2), *ends) == (100, 200)


def test_of_walks_that_take_alike_the_shorter_is_told():
    """100 m of stairs at 3 and 300 m of level way."""
    level = [(0, 0), (0, 100), (100, 100), (100, 0)]
    streets = network.build(roads((level, {"highway": "path"}), ([(0, 0), (100, 0)], {"highway": "台阶"})))
    assert walk(network.weigh(streets, stairs_factor=3), (0, 0), (100, 0)) == (100, 300)


@pytest.mark.parametrize("heights", [[100, 150, 100], None])
def test_naismith_out_and_back(heights):
    """Up 50 m and down again: 100 m of rise and fall. Out and back climb 100 m, 7.92 for each: 396 each way."""
    line = [(x, 0, *([heights[row]] if heights else [])) for row, x in enumerate((0, 500, 1000))]
    facts = {} if heights else {"climb_m": 100.0}
    streets = network.build(roads((line, facts)))
    assert walk(network.weigh(streets, climb="naismith"), (0, 0), (1000, 0)) == (1000, 1396)
    assert walk(network.weigh(streets, climb="naismith"), (0, 0), (500, 0)) == (500, 698)


def test_climbs_are_not_made_up():
    streets = network.build(roads(([(0, 0), (100, 0)], {"climb_m": 3.0}), ([(100, 0), (200, 0)], {"climb_m": None})))
    with pytest.raises(InputRefused) as refused:
        network.weigh(streets, climb="naismith", stairs_factor=0.5, crossing_m=float("nan"))
    codes = {fault.code: fault.value for fault in refused.value.faults}
    assert codes["network_climb_missing"] == "r1"
    assert [fault.column for fault in refused.value.faults[:2]] == ["stairs_factor", "crossing_m"]


@pytest.mark.parametrize("column", ["extra_s", "climb_m"])
@pytest.mark.parametrize("value", [-1.0, np.inf, "viel"])
def test_seconds_and_climbs_that_are_none(column, value):
    with pytest.raises(InputRefused, match=column):
        network.build(roads(([(0, 0), (1, 0)], {column: value}), ([(1, 0), (2, 0)], {column: 0.0})))


def test_a_main_road_is_crossed_by_halves():
    """A primary road along y = 0; side streets to the north and south meet it at x = 0, and one at x = 300 ends there.

    North to south 100 + 100 and one crossing of 20; into the main road and along it half of one; along it none.
    """
    streets = network.build(
        roads(
            ([(-300, 0), (0, 0), (300, 0), (600, 0)], {"highway": "primary"}),
            ([(0, 100), (0, 0)], {"highway": "residential"}),
            ([(0, -100), (0, 0)], {"highway": "residential"}),
            ([(300, 100), (300, 0)], {"highway": "residential"}),
            ([(600, 100), (600, 0)], {"highway": "residential"}),
        )
    )
    weighed = network.weigh(streets, crossing_m=20)
    assert walk(weighed, (0, 100), (0, -100)) == (200, 220)
    assert walk(weighed, (0, 100), (150, 0)) == (250, 260)
    assert walk(weighed, (0, 100), (300, 100)) == (500, 520)
    assert walk(weighed, (-300, 0), (200, 0)) == (500, 500)
    # the main road ends at x = 600: the way round its end crosses nothing
    assert walk(weighed, (600, 100), (500, 0)) == (200, 200)
    # reached parts: of 100 m from (0, 60), 60 to the road, 10 for half a crossing, 30 either way along it
    reached = catchment.reached_roads(weighed, spot(0, 60), limits_m=[100])
    assert reached["length_m"].iloc[0] == 60 + 40 + 30 + 30 + 20
    union = catchment.reached_union(weighed, spot(0, 60), limit_m=100)
    assert (union["to_mm"] - union["from_mm"]).sum() == 180_000


def test_reached_stairs_are_cut_where_the_time_is_up():
    """From the foot of 100 m of stairs at 3: 150 m of effort reach 50 m; a third of a millimetre is not reached."""
    streets = network.weigh(network.build(roads(([(0, 0), (100, 0)], {"highway": "steps"}))), stairs_factor=3)
    for limit, length in ((150, 50.0), (150.001, 50.0), (150.002, 50.0), (150.003, 50.001), (300, 100.0), (400, 100.0)):
        reached = catchment.reached_roads(streets, spot(0), limits_m=[limit])
        assert reached["length_m"].iloc[0] == length
        union = catchment.reached_union(streets, spot(0), limit_m=limit)
        assert union[["from_mm", "to_mm"]].to_numpy().tolist() == [[0, length * 1000]]


def test_nothing_to_count_changes_nothing():
    streets = network.build(town.roads(), barriers=town.river())
    plain = network.weigh(network.weigh(streets, crossing_m=9))
    assert plain.effort is None
    assert (plain.weight_mm == streets.weight_mm).all()
    for verb in (catchment.reach, catchment.nearest):
        extra = {"limit_m": 900} if verb is catchment.reach else {}
        pd.testing.assert_frame_equal(
            verb(streets, town.facilities(), town.demand(), **extra),
            verb(plain, town.facilities(), town.demand(), **extra),
        )


def _random_town(seed: int) -> tuple[network.Network, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return a town of 12 places and 24 streets, some of them stairs or main roads, some climbing, with homes."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 300, (12, 2)).astype(float)
    rows = []
    for _ in range(24):
        start, end = rng.choice(12, 2, replace=False)
        kind = rng.choice(["steps", "primary", "footway", "residential"])
        rows.append(
            ([tuple(places[start]), tuple(places[end])],
             {"highway": kind, "climb_m": float(rng.integers(0, 9)), "extra_s": float(rng.integers(0, 4))})
        )  # fmt: skip
    where = rng.integers(0, 300, (9, 2))
    homes = gpd.GeoDataFrame(
        {"stretch_edge": -1, "stretch_from_mm": -1, "stretch_to_mm": -1},
        index=[f"d{row % 6}" for row in range(9)], geometry=[Point(X0 + x, Y0 + y) for x, y in where], crs=town.CRS,
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        {"facility_id": list("abc")}, geometry=[Point(X0 + x, Y0 + y) for x, y in rng.integers(0, 300, (3, 2))],
        crs=town.CRS,
    )  # fmt: skip
    return network.build(roads(*rows)), sites, homes


@pytest.mark.parametrize("seed", range(12))
def test_effort_never_shortens_and_both_searches_agree(seed, monkeypatch):
    """The least equivalent by two algorithms and two engines; a length between the shortest walk and its equivalent."""
    streets, sites, homes = _random_town(seed)
    costs = {"stairs_factor": 2.5, "crossing_m": 11.1, "second_m": 0.8, "climb": "naismith"}
    weighed = network.weigh(streets, **costs)
    short = catchment.reach(streets, sites, homes, limit_m=np.inf)
    reach = catchment.reach(weighed, sites, homes, limit_m=np.inf)
    pd.testing.assert_frame_equal(short[["facility_id", "demand_id"]], reach[["facility_id", "demand_id"]])
    assert (short["distance_m"] <= reach["distance_m"]).all()
    assert (reach["distance_m"] <= reach["equivalent_m"]).all()
    near = catchment.nearest(weighed, sites, homes)
    best = reach.groupby("demand_id")["equivalent_m"].min()
    assert near.groupby(level=0)["equivalent_m"].min().dropna().to_dict() == best.to_dict()
    limit = float(reach["equivalent_m"].median())
    inside = catchment.reach(weighed, sites, homes, limit_m=limit)
    pd.testing.assert_frame_equal(inside, reach[reach["equivalent_m"] <= limit].reset_index(drop=True))
    monkeypatch.setattr(_kernels, "compiled", lambda: False)
    pd.testing.assert_frame_equal(catchment.reach(weighed, sites, homes, limit_m=np.inf), reach)
    pd.testing.assert_frame_equal(catchment.nearest(weighed, sites, homes), near)


def test_all_stairs_are_all_longer_alike():
    """Where every street is stairs, the part on the network takes twice as long, and the legs do not."""
    streets, sites, homes = _random_town(3)
    streets = network.build(roads(*[
        ([tuple(xy) for xy in np.array(line.coords) - (X0, Y0)], {"highway": "steps"}) for line in streets.lines
    ]))  # fmt: skip
    short = catchment.reach(streets, sites, homes, limit_m=np.inf)
    twice = catchment.reach(network.weigh(streets, stairs_factor=2), sites, homes, limit_m=np.inf)
    assert (twice["equivalent_m"] <= 2 * short["distance_m"]).all()
    on_streets = twice["equivalent_m"] - twice["distance_m"]
    assert (on_streets <= short["distance_m"] + 1e-9).all()
    assert on_streets.max() > 0


def test_a_run_counts_time_and_tells_metres():
    """N0 is stairs, three times as long; F1 to R3's gate is 470 m by N0 and by N2, so the level way is taken.

    Without N2: by the stairs 30 + 100 + 3 × 200 + 100 + 40 = 870 for 470 m, by N4 870 m: the shorter is told. R4 is
    then 30 + 300 + 400 + 100 + 40 = 870 m off by N4. Within 840: R1, R2, R5 and, from F2, R6.
    """
    streets = town.roads()
    is_n0 = (streets["road_id"] == "N0").to_numpy()
    streets.loc[is_n0, "highway"] = "steps"
    plain = gridstudy.run(Walk(profiles=("frail",)), roads=streets)
    weighed = gridstudy.run(Walk(profiles=("frail",), stairs_factor=3, crossing_s=60), roads=streets)
    before, after = (result.residential.set_index("residential_id") for result in (plain, weighed))
    assert "street_equivalent_m" not in before
    assert list(plain.reach.columns) == ["facility_id", "demand_id", "distance_m"]
    assert after.loc["R3", ["street_distance_m", "street_equivalent_m"]].tolist() == [470, 470]
    assert before["street_distance_m"].equals(after["street_distance_m"])
    blocked = streets[streets["road_id"] != "N2"]
    only = gridstudy.run(Walk(stairs_factor=3), roads=blocked).residential.set_index("residential_id")
    r3 = only.loc["R3", ["street_distance_m", "street_equivalent_m", "street_status"]]
    assert r3.tolist() == [470, 870, "covered"]
    far = gridstudy.run(Walk(stairs_factor=3, minutes=(14,)), roads=blocked)
    assert far.residential.set_index("residential_id").loc["R3", "street_status"] == "uncovered"
    assert far.summary["coverage"]["street"]["elderly_covered"] == 1 + 2 + 16 + 32
    row = far.reach.set_index(["facility_id", "demand_id"]).loc[("F1", "R3")]
    assert row.to_dict() == {"distance_m": 470, "equivalent_m": 870}


def test_each_walker_loses_the_same_seconds_at_his_own_speed():
    """W0 is marked with 400 s, a second a metre: 100 m of it take 100 s more, whoever walks."""
    streets = town.roads()
    marked = streets.assign(extra_s=np.where(streets["road_id"] == "W0", 400.0, 0.0))
    run = gridstudy.run(Walk(profiles=("elderly",), extra_s=True), roads=marked, facilities=town.facilities().iloc[[0]])
    # R2 (300, 0) is 200 m along W0, which is 400 m: half of 400 s. By N0, W2, N2: 100 of W0 are 100 s + 30 + 100 + …
    found = run.residential.set_index("residential_id")["street_equivalent_m"]
    assert found["R2"] == 270 + 200
    assert run.summary["coverage_profiles"]["street"]["elderly"]["speed_m_per_s"] == 0.8
    # at 0.8: R1 70, R2 270 + 160 = 430, R3 by N0 470 + 80 = 550, R4 670 + 80 … = 750 > 720; R5 300 of W0: 670 + 240
    assert run.summary["coverage_profiles"]["street"]["elderly"]["elderly_covered"] == 1 + 2 + 4
