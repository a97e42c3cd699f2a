"""Suggested candidates: from facilities out of use, from parcels, from a grid; on the line and a millimetre beyond."""

from __future__ import annotations

import random
from typing import Any

import geopandas as gpd
import gridtown
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

from planning import candidates as room
from planning import tables
from planning.candidates import Made, Scene
from planning.candidates._generate import _same_place
from planning.plan import Generate
from planning.plan._screen import DEFAULTS

X0, Y0 = gridtown.X0, gridtown.Y0


def street(*points: tuple[float, float]) -> LineString:
    return LineString([(X0 + x, Y0 + y) for x, y in points])


def made(way: str, layers: dict[str, gpd.GeoDataFrame], *lines: LineString, border: Any = None, **facts: Any) -> Made:
    ask = Generate(way, {**DEFAULTS[way], **facts})
    scene = Scene(layers, np.array(lines, dtype=object), "street", 200.0, "zh", "plan.toml", border)
    return room.generate(ask, scene, taken=frozenset({"S-idle-F9"}))


def homes(*shapes: Any) -> gpd.GeoDataFrame:
    return gridtown.table("residential", {"residential_id": [f"R{one}" for one in range(len(shapes))]}, list(shapes))


def places(found: Made) -> dict[str, tuple[float, float]]:
    named = zip(found.table["facility_id"], found.table.geometry, strict=True)
    return {name: (round(at.x - X0, 3), round(at.y - Y0, 3)) for name, at in named}


# ------------------------------------------------------------------------------------------------- out of use


def facilities() -> gpd.GeoDataFrame:
    return gridtown.table(
        "facilities",
        {
            "facility_id": ["F9", "F1", "F2", "F3", "F4", "F5"],
            "name": ["九", None, "二", "三", "四", "五"],
            "level": ["community", "village", "street", "street", "community", "county"],
            "status": ["idle", "diverted", "operating", "closed", "idle", "idle"],
            "ownership": ["public", "private", "public", "public", None, "public"],
            "floor_area_m2": [300.0, 299.9, 900.0, 900.0, None, 500.0],
            "area_type": ["gross", None, None, None, None, "usable"],
        },
        [Point(X0 + x, Y0) for x in range(6)],
    )


def test_facilities_out_of_use_are_suggested():
    """F2 runs, F3 is closed and not asked for, F1 is 0.1 m² short; unknown areas stay, usable area is no gross one."""
    found = made("idle_assets", {"facilities": facilities()}, min_floor_area_m2=300)
    table = found.table.set_index("facility_id")
    assert list(table.index) == ["S-idle-F4", "S-idle-F5", "S-idle-F9'"], "S-idle-F9 is taken"
    assert table["max_floor_area_m2"].isna().tolist() == [True, True, False]
    assert table.loc["S-idle-F9'", "max_floor_area_m2"] == 300
    assert table["source"].isna().tolist() == [True, False, False]
    assert table["source"].tolist()[1:] == ["idle_state_asset"] * 2
    assert set(table["level"]) == {"street"}
    assert table["name"].tolist() == ["建议：四", "建议：五", "建议：九"]
    assert found.counts == {"considered": 4, "kept": 3, "too_small": 1}
    private = made("idle_assets", {"facilities": facilities()}).table.set_index("facility_id").loc["S-idle-F1"]
    assert (private["source"], private["name"]) == ("lease", "建议：F1")


def test_levels_and_kinds_may_be_chosen_and_an_unknown_kind_stays():
    table = facilities().assign(kind=["station", "institution", None, None, None, "centre"])
    assert set(places(made("idle_assets", {"facilities": table}, kinds=("station",)))) == {"S-idle-F9'", "S-idle-F4"}
    assert set(places(made("idle_assets", {"facilities": table}, levels=("village", "county")))) == {
        "S-idle-F1", "S-idle-F5",
    }  # fmt: skip


def test_closed_ones_only_where_the_plan_says_so():
    found = made("idle_assets", {"facilities": facilities()}, statuses=("closed",))
    assert places(found) == {"S-idle-F3": (3, 0)}


# --------------------------------------------------------------------------------------------------- parcels


def parcels(*shapes: Any, **columns: list[Any]) -> gpd.GeoDataFrame:
    ids = [f"D{number}" for number in range(1, len(shapes) + 1)]
    return gridtown.table("parcels", {"parcel_id": ids, **columns}, list(shapes)).assign(source_row=range(len(ids)))


def test_parcels_that_a_road_reaches():
    """The road is y = 0: D1 20 m off, D2 exactly 50 m, D3 50.001 m, D4 30 m × 9.99 m is too small, D5 on the road."""
    layer = parcels(
        box(X0, Y0 + 20, X0 + 100, Y0 + 60), box(X0 + 200, Y0 + 50, X0 + 300, Y0 + 90),
        box(X0 + 400, Y0 + 50.001, X0 + 500, Y0 + 90), box(X0 + 600, Y0 + 1, X0 + 630, Y0 + 10.99),
        box(X0 + 800, Y0 - 5, X0 + 830, Y0 + 5), land_use=["R2", "A5", "A5", None, "M1"],
        max_floor_area_m2=[None, 700.0, None, None, None], land_area_m2=[4000.0, None, None, None, None],
    )  # fmt: skip
    found = made(
        "parcels", {"parcels": layer}, street((-100, 0), (1000, 0)), within_m=50, min_area_m2=300, plot_ratio=1.5
    )
    table = found.table.set_index("facility_id")
    assert list(table.index) == ["S-parcel-D1", "S-parcel-D2", "S-parcel-D5"]
    assert table["max_floor_area_m2"].tolist() == [6000, 700, 450], "4000 m² × 1.5; as stated; 300 m² × 1.5"
    assert table["land_area_m2"].tolist() == [4000, 4000, 300]
    assert table["land_use"].tolist() == ["R2", "A5", "M1"]
    assert found.counts == {"considered": 5, "kept": 3, "too_small": 1, "off_road": 1}
    doors = places(found)
    assert [y for _, y in doors.values()] == [20, 50, 0], "where the parcel comes nearest to the road"
    assert found.shapes.geom_type.tolist() == ["Polygon"] * 3, "rules look at the whole parcel"


def test_a_parcel_drawn_from_another_vertex_has_the_same_door():
    """Both near corners are 20 m from the road: the western one is taken, whichever comes first in the ring."""
    corners = [(X0 + x, Y0 + y) for x, y in ((0, 20), (100, 20), (100, 60), (0, 60))]
    for turn in range(4):
        for ring in (corners[turn:] + corners[:turn], (corners[turn:] + corners[:turn])[::-1]):
            found = made("parcels", {"parcels": parcels(Polygon(ring))}, street((-100, 0), (1000, 0)))
            assert places(found) == {"S-parcel-D1": (0, 20)}


def test_the_area_of_a_parcel_on_the_line():
    layer = parcels(box(X0, Y0, X0 + 20, Y0 + 15), box(X0, Y0 + 20, X0 + 20, Y0 + 34.999))
    found = made("parcels", {"parcels": layer}, street((0, 0), (100, 0)), min_area_m2=300)
    assert list(found.table["facility_id"]) == ["S-parcel-D1"]


# ------------------------------------------------------------------------------------------------------ a grid


def test_a_grid_on_paper():
    """One home at the origin, nodes each 100 m within 100 m: the origin and four more; the road is y = 30."""
    found = made("grid", {"residential": homes(Point(X0, Y0))}, street((-500, 30), (500, 30)), spacing_m=100)
    assert found.counts == {"considered": 5, "kept": 3, "off_road": 0, "outside": 0, "in_hazard": 0, "same_place": 2}
    assert places(found) == {
        "S-grid-4999-40000": (-100, 30), "S-grid-5000-39999": (0, 30), "S-grid-5001-40000": (100, 30),
    }  # fmt: skip
    assert set(found.table["source"]) == {"suggested"}
    assert found.table["max_floor_area_m2"].isna().all()


def test_a_grid_stays_on_the_ground_of_the_plan():
    """The plan ends at x = 0, y = 30: the place at (0, 30) on its corner is in, that at (100, 30) is not."""
    ground = box(X0 - 500, Y0 - 500, X0, Y0 + 30)
    road = street((-500, 30), (500, 30))
    found = made("grid", {"residential": homes(Point(X0, Y0))}, road, border=ground, spacing_m=100)
    assert set(places(found).values()) == {(-100, 30), (0, 30)}
    assert (found.counts["outside"], found.counts["kept"]) == (1, 2)


def test_a_grid_keeps_off_hazards_and_far_from_roads():
    """The road is y = 200.001 in the east and y = 200 in the west; a slope holds the node in the west."""
    roads = street((100, 200.001), (500, 200.001)), street((-500, 200), (0, 200))
    slope = gridtown.table("hazards", {"hazard_id": ["H"]}, [box(X0 - 120, Y0 + 190, X0 - 80, Y0 + 200)])
    layers = {"residential": homes(Polygon([(X0, Y0), (X0 + 100, Y0), (X0 + 100, Y0 - 1), (X0, Y0 - 1)]))}
    ask = {"spacing_m": 100, "within_m": 50}
    free = made("grid", layers, *roads, **ask)
    assert places(free) == {"S-grid-5000-40000": (0, 200)}
    assert free.counts["off_road"] == 1
    layers["residential"] = homes(Point(X0 - 100, Y0), Point(X0, Y0))
    safe = made("grid", {**layers, "hazards": slope}, *roads, **ask)
    assert places(safe) == {"S-grid-5000-40000": (0, 200)}
    assert (safe.counts["considered"], safe.counts["in_hazard"]) == (2, 1)


@pytest.mark.parametrize("seed", range(6))
def test_nodes_are_those_near_homes_and_every_home_has_one(seed):
    """Against a search through every node of the rectangle; by default every home has a node within the spacing."""
    chance = random.Random(seed)
    shapes = []
    for _ in range(chance.randint(1, 5)):
        x, y, size = X0 + chance.uniform(-900, 900), Y0 + chance.uniform(-900, 900), chance.uniform(1, 300)
        shapes.append(chance.choice([Point(x, y), box(x, y, x + size, y + size / 2)]))
    spacing = chance.choice([100, 250, 333])
    lines = [street((-3000, y), (3000, y)) for y in range(-2000, 2001, 100)]
    found = made("grid", {"residential": homes(*shapes)}, *lines, spacing_m=spacing)
    near = {
        f"S-grid-{column}-{row}"
        for column in range(round((X0 - 3000) / spacing), round((X0 + 3000) / spacing))
        for row in range(round((Y0 - 3000) / spacing), round((Y0 + 3000) / spacing))
        if any(shape.distance(Point(column * spacing, row * spacing)) <= spacing for shape in shapes)
    }
    assert found.counts["considered"] == len(near)
    assert set(found.table["facility_id"]) <= near
    assert found.counts["kept"] + found.counts["off_road"] + found.counts["same_place"] == len(near)
    for shape in shapes:
        assert found.table.distance(shape).min() <= spacing + 200


def test_of_places_within_a_metre_the_first_is_kept_and_hides_no_third():
    """0, 0.6, 1.2 and 2.2 m along a road: the second is the first again, the fourth (1 m off) the third."""
    row = np.array([Point(X0 + x, Y0) for x in (0, 0.6, 1.2, 2.2)], dtype=object)
    assert _same_place(row, np.ones(4, dtype=bool)).tolist() == [False, True, False, True]
    assert _same_place(row, np.array([False, True, True, True])).tolist() == [False, False, True, False]


def test_a_node_keeps_its_id_when_homes_come():
    road = street((-2000, 0), (2000, 0))
    first = made("grid", {"residential": homes(Point(X0, Y0))}, road, spacing_m=250)
    more = made("grid", {"residential": homes(Point(X0 + 900, Y0), Point(X0, Y0))}, road, spacing_m=250)
    assert places(first).items() <= places(more).items()


def test_too_many_and_none_at_all():
    big = made("grid", {"residential": homes(box(X0, Y0, X0 + 8000, Y0 + 8000))}, street((0, 0), (1, 0)), spacing_m=50)
    assert [fault.code for fault in big.faults] == ["generate_too_many"]
    none = made("grid", {"residential": homes(Point(X0, Y0))}, street((900, 900), (950, 900)), spacing_m=100)
    assert [fault.code for fault in none.faults] == ["generate_none"]
    assert "（考察 5 处，不临步行道路 5 处）" in none.faults[0].message()
    assert "(5 looked at, 5 off the roads)" in none.faults[0].message("en")
    without = made("parcels", {"residential": homes(Point(X0, Y0))}, street((0, 0), (1, 0)))
    assert [fault.code for fault in without.faults] == ["generate_without_parcels"]
    assert all(fault.remedy() for fault in (*big.faults, *none.faults, *without.faults))


# ---------------------------------------------------------------------------------------------------------- laws


def scenes() -> list[tuple[str, dict[str, gpd.GeoDataFrame]]]:
    plots = [box(X0 + 70 * one, Y0 + 10, X0 + 70 * one + 50, Y0 + 40) for one in range(8)]
    return [
        ("idle_assets", {"facilities": facilities()}),
        ("parcels", {"parcels": parcels(*plots)}),
        (
            "grid",
            {"residential": homes(*plots), "hazards": gridtown.table("hazards", {"hazard_id": ["H"]}, [plots[2]])},
        ),
    ]


@pytest.mark.parametrize(("way", "layers"), scenes(), ids=lambda one: one if isinstance(one, str) else "")
def test_no_order_of_rows_matters_and_the_contract_holds(way, layers):
    lines = [street((-500, 0), (700, 0)), street((0, -200), (0, 300)), street((-500, 5), (700, 5))]
    first = made(way, layers, *lines)
    contract = tables.contract("candidates").columns
    assert set(contract) <= set(first.table.columns)
    assert first.table["suggested"].all()
    assert set(first.table["status"]) == {"candidate"}
    assert first.table["facility_id"].is_monotonic_increasing
    assert first.table["facility_id"].is_unique
    for seed in range(10):
        mixed = {name: one.sample(frac=1, random_state=seed).reset_index(drop=True) for name, one in layers.items()}
        random.Random(seed).shuffle(lines)
        again = made(way, mixed, *lines)
        pd.testing.assert_frame_equal(pd.DataFrame(again.table), pd.DataFrame(first.table))
        assert again.shapes.geom_equals(first.shapes).all()
