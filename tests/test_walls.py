"""Walls of gated compounds: nobody walks through but at the gates. The grid town with a path through R2.

The path runs from (300, 0) to (300, 200), through R2 = (240, 40)…(360, 160). From a door 30 m south of its foot to one
40 m north of its head it is 30 + 200 + 40 = 270 m; round the block 30 + 100 + 200 + 100 + 40 = 470 m.
"""

from __future__ import annotations

import geopandas as gpd
import gridstudy
import gridtown as town
import pandas as pd
import pytest
from shapely import LineString, Point, box

from planning import catchment, demand, network
from planning.errors import InputRefused
from planning.plan import Walk

X0, Y0 = town.X0, town.Y0
FOOT, HEAD = (300, 40), (300, 160)


def gates(*places: tuple[float, float, bool | None], area: str = "R2") -> gpd.GeoDataFrame:
    states = [state for _, _, state in places]
    points = [Point(X0 + x, Y0 + y) for x, y, _ in places]
    return town.table("entrances", {"residential_id": [area] * len(places), "open": states}, points)


def walk(entrances: gpd.GeoDataFrame | None, areas: gpd.GeoDataFrame | None = None) -> float:
    """Return the walk from the door south of the path to the one north of it."""
    path = gpd.GeoDataFrame({"road_id": ["path"]}, geometry=[line((300, 0), (300, 200))], crs=town.CRS)
    roads = pd.concat([town.roads().drop(columns="level"), path], ignore_index=True)
    streets = network.build(
        roads, noding="planar", barriers=demand.walls(town.residential() if areas is None else areas, entrances)
    )
    south = gpd.GeoDataFrame({"facility_id": ["F"]}, geometry=[Point(X0 + 300, Y0 - 30)], crs=town.CRS)
    north = gpd.GeoDataFrame(index=["D"], geometry=[Point(X0 + 300, Y0 + 240)], crs=town.CRS)
    return float(catchment.reach(streets, south, north, limit_m=5000)["distance_m"].iloc[0])


def line(*places: tuple[float, float]) -> LineString:
    return LineString([(X0 + x, Y0 + y) for x, y in places])


@pytest.mark.parametrize(
    ("entrances", "metres"),
    [
        (None, 270),
        (gates(), 270),
        (gates((*FOOT, True)), 470),
        (gates((*FOOT, True), (*HEAD, False)), 470),
        (gates((*FOOT, False), (*HEAD, False)), 470),
        (gates((*FOOT, True), (*HEAD, True)), 270),
        (gates((*FOOT, None), (*HEAD, None)), 270),
        (gates((240, 100, True), (360, 100, True)), 470),
        (gates((*FOOT, True), (*HEAD, True), area="R1"), 270),
    ],
    ids=["no table", "no gates", "foot only", "head closed", "all closed", "both open", "not said to be closed",
         "gates elsewhere", "gates of another area"],
)  # fmt: skip
def test_a_compound_is_passed_only_if_both_sides_open(entrances, metres):
    assert walk(entrances) == metres


def test_a_gate_is_opened_ten_metres_either_side():
    """The wall stands 3 m inside, at y = 43 and y = 157; gates 9.99 m beside the path open it, 10.01 m do not."""
    near, far = (gates((300 + off, 40, True), (300 - off, 160, True)) for off in (9.99, 10.01))
    assert (walk(near), walk(far)) == (270, 470)


def test_a_gate_drawn_off_the_wall_opens_the_place_nearest():
    assert walk(gates((300, 0, True), (300, 190, True))) == 270


def test_a_boundary_traced_from_streets_leaves_them_open():
    """The block (200, 0)…(400, 200) with gates at foot and head bars nothing; with the foot alone only the path."""
    block = town.table("residential", {"residential_id": ["R"]}, [box(X0 + 200, Y0, X0 + 400, Y0 + 200)])
    foot, head = (300, 0, True), (300, 200, True)
    assert walk(gates(foot, head, area="R"), block) == 270
    assert walk(gates(foot, area="R"), block) == 470


def test_a_courtyard_has_a_wall_too_and_points_and_slivers_have_none():
    ring = box(X0, Y0, X0 + 100, Y0 + 100) - box(X0 + 40, Y0 + 40, X0 + 60, Y0 + 60)
    areas = town.table(
        "residential",
        {"residential_id": ["C", "P", "S", "U"]},
        [ring, Point(X0, Y0), box(X0, Y0, X0 + 5, Y0 + 90), box(X0, Y0, X0 + 50, Y0 + 50)],
    )
    entrances = pd.concat([gates((0, 50, False), area=name) for name in "CPS"], ignore_index=True)
    walls = demand.walls(areas, entrances)
    assert walls.index.tolist() == ["C"]
    # 3 m inside the ground: the outer ring shrinks to 94 m a side, the court grows to 26 m
    assert walls.length.iloc[0] == pytest.approx(4 * 94 + 4 * 26)
    assert walls.crs == areas.crs


def test_inside_one_leaves_by_the_gate():
    """From (300, 100) on the path to the corner (200, 0): by the foot 100 + 100, by the head 100 + 100 + 200 m."""
    path = gpd.GeoDataFrame({"road_id": ["path"]}, geometry=[line((300, 0), (300, 200))], crs=town.CRS)
    roads = pd.concat([town.roads().drop(columns="level"), path], ignore_index=True)
    inside = gpd.GeoDataFrame({"facility_id": ["F"]}, geometry=[Point(X0 + 300, Y0 + 100)], crs=town.CRS)
    home = gpd.GeoDataFrame(index=["D"], geometry=[Point(X0 + 200, Y0)], crs=town.CRS)
    found = []
    for entrances in (gates((*FOOT, True)), gates((*HEAD, True)), gates((*HEAD, False))):
        streets = network.build(roads, noding="planar", barriers=demand.walls(town.residential(), entrances))
        found.append(catchment.reach(streets, inside, home, limit_m=5000)["distance_m"].tolist())
    assert found == [[200], [400], []]


def test_the_cause_tells_a_detour_from_an_empty_neighbourhood():
    """F1 within 300 m: R3's gate is 270 m off as the crow flies and 470 on foot; R4's 511 m, R7 on an island."""
    only_f1 = town.facilities().iloc[[0]]
    result = gridstudy.run(Walk(minutes=(5,)), facilities=only_f1)
    causes = result.uncovered.set_index("residential_id")["cause"]
    assert causes.to_dict() == {
        "R3": "detour", "R4": "no_facility", "R5": "no_facility", "R6": "no_facility",
        "R7": "no_route", "R8": "unsnapped",
    }  # fmt: skip


def test_a_run_walls_areas_in_where_the_plan_asks():
    """R2 with a path through it and F at (300, -30): R4's gate (300, 440) is 30 + 400 + 40 = 470 m off, else 670."""
    path = town.table("roads", {"road_id": ["path"]}, [line((300, 0), (300, 200), (300, 400))])
    roads = pd.concat([town.roads(), path], ignore_index=True)
    site = town.facilities().iloc[[0]].set_geometry([Point(X0 + 300, Y0 - 30)], crs=town.CRS)
    metres = []
    for walls in ("none", "gated"):
        result = gridstudy.run(Walk(walls=walls), roads=roads, facilities=site, noding="planar")
        metres.append(result.residential.set_index("residential_id")["street_distance_m"]["R4"])
    assert metres == [470, 670]
    with pytest.raises(InputRefused, match=r"inputs\.entrances"):
        gridstudy.run(Walk(walls="gated"), entrances=None)
