"""Sums that foot: by facility, level, community, street and city, at every radius."""

from __future__ import annotations

import geopandas as gpd
import gridstudy
import gridtown as town
import pytest
from shapely import Point, box

from planning.plan import Walk

X0, Y0 = town.X0, town.Y0
# every gate in one community and one street of the county; R8, far to the west, is in the county alone
UNITS = [
    ("C", "county", (-2000, -200, 1000, 4000)),
    ("S1", "street", (-100, -200, 500, 4000)),
    ("S2", "street", (500, -200, 1000, 4000)),
    ("K1", "community", (-100, -200, 200, 4000)),
    ("K2", "community", (200, -200, 500, 4000)),
    ("K3", "community", (500, -200, 1000, 4000)),
]
OF = {"S1": "1234 7", "S2": "56", "K1": "137", "K2": "24", "K3": "56", "C": "12345678"}


def units() -> gpd.GeoDataFrame:
    ids, types, boxes = zip(*UNITS, strict=True)
    shapes = [box(X0 + x, Y0 + y, X0 + east, Y0 + north) for x, y, east, north in boxes]
    return town.table("units", {"unit_id": list(ids), "type": list(types)}, shapes)


@pytest.fixture(scope="module")
def result():
    """F1 is a street centre, F2 a community one; walks as on the grid town."""
    facilities = town.facilities().assign(level=["street", "community"])
    return gridstudy.run(units=units(), facilities=facilities)


def elderly(areas: str) -> int:
    return sum(2 ** (int(number) - 1) for number in areas.replace(" ", ""))


@pytest.mark.parametrize("level", ["street", "community"])
def test_units_foot_to_the_city(result, level):
    """Each unit counts its own areas, streets and communities add up to the county but for R8, which is in neither."""
    by_unit = {row["unit_id"]: row["coverage"][level] for row in result.summary["units"]}
    city = result.summary["coverage"][level]
    assert {name: figures["elderly_total"] for name, figures in by_unit.items()} == {
        name: elderly(areas) for name, areas in OF.items()
    }
    for key in city:
        if key.endswith(("_total", "_covered", "_lower", "_upper", "unreachable")) and city[key] is not None:
            assert by_unit["C"][key] == city[key]
            streets, communities = (
                sum(by_unit[name][key] for name in names) for names in (("S1", "S2"), ("K1", "K2", "K3"))
            )
            # R8 is uncovered: it is in no sum but the totals
            rest = {"residential_total": 1, "elderly_total": 128, "households_total": 800}.get(key, 0)
            assert streets == communities == city[key] - rest
    covered = {"street": "12345", "community": "56"}[level]
    for name, areas in OF.items():
        assert by_unit[name]["elderly_covered"] == elderly("".join(set(areas) & set(covered)))


def test_levels_do_not_stand_in_for_each_other(result):
    """F1 alone is a street centre: 31; F2 alone a community one: R5 760, R6 160 within 900 m: 48."""
    figures = result.summary["coverage"]
    assert {level: figures[level]["elderly_covered"] for level in figures} == {"street": 31, "community": 48}


def test_every_band_and_every_facility(result):
    """From the table of the town: who is within 300, 600, 720, 900 and 1000 m of each, together and by facility."""
    by_name = {row["facility_id"]: row for row in result.summary["facilities"]}
    for name, level in (("F1", "street"), ("F2", "community")):
        assert by_name[name]["level"] == level
        assert list(by_name[name]["within"]) == ["300", "600", "720", "900", "1000"]
        for key, figures in by_name[name]["within"].items():
            inside = [area for area, metres in town.DISTANCE_M[name].items() if metres <= int(key)]
            expected = {"residential": len(inside), "elderly": elderly("".join(area[1:] for area in inside))}
            expected["households"] = sum(100 * int(area[1:]) for area in inside)
            assert figures == expected
            band = result.summary["coverage_band"][level][key]
            assert (band["elderly_covered"], band["radius_m"]) == (expected["elderly"], int(key))


def test_a_facility_on_a_border_belongs_to_both_sides_and_serves_once():
    """F1 moved onto x = 200: within the county under the hard border, and R1 and R2 count once in the city."""
    on_border = town.facilities().iloc[[0]].set_geometry([Point(X0 + 200, Y0)], crs=town.CRS)
    soft, hard = (gridstudy.run(Walk(hard_border=hard), units=units(), facilities=on_border) for hard in (False, True))
    assert soft.summary["coverage"] == hard.summary["coverage"]
    assert not hard.facilities["outside_area"].any()
    edge = town.facilities().iloc[[0]].set_geometry([Point(X0 + 1000, Y0)], crs=town.CRS)
    assert not gridstudy.run(Walk(hard_border=True), units=units(), facilities=edge).facilities["outside_area"].any()
    out = town.facilities().iloc[[0]].set_geometry([Point(X0 + 1000.001, Y0)], crs=town.CRS)
    assert gridstudy.run(Walk(hard_border=True), units=units(), facilities=out).facilities["outside_area"].all()
