"""People by building, and the oldest: every person counted once, in the area the building stands in."""

from __future__ import annotations

import math

import geopandas as gpd
import gridstudy
import gridtown as town
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from planning import demand, runs
from planning.errors import InputRefused
from planning.plan import Siting

X0, Y0 = town.X0, town.Y0


def points(*rows: tuple[float, float, dict[str, object]]) -> gpd.GeoDataFrame:
    facts: dict[str, list[object]] = {"point_id": [f"b{number}" for number in range(len(rows))]}
    for name in ("residential_id", *demand.COUNTS):
        facts[name] = [own.get(name) for _, _, own in rows]
    return town.table("population", facts, [Point(X0 + x, Y0 + y) for x, y, _ in rows])


def areas(**columns: list[object]) -> gpd.GeoDataFrame:
    """Return A = (0, 0)…(100, 100) and B = (100, 0)…(200, 100), B first."""
    shapes = [box(X0 + x, Y0, X0 + x + 100, Y0 + 100) for x in (100, 0)]
    return town.table("residential", {"residential_id": ["B", "A"], **columns}, shapes)


def test_areas_take_the_sum_of_their_buildings():
    """A states its households and keeps them; b1 on the border x = 100 is A's, b3 is B's by name, b4 nobody's."""
    found = demand.gather(
        areas(households=[None, 50.0]),
        points(
            (50, 50, {"households": 10.0, "elderly": 4.0}),
            (100, 50, {"households": 20.0, "elderly": 8.0}),
            (150, 50, {"households": 40.0}),
            (50, 60, {"households": 80.0, "elderly": 16.0, "residential_id": "B"}),
            (500, 50, {"households": 160.0, "elderly": 32.0}),
        ),
    )
    table = found.residential.set_index("residential_id")
    assert table["households"].to_dict() == {"B": 120, "A": 50}
    assert table["households_points"].to_dict() == {"B": True, "A": False}
    # b2 states no elderly: B's sum is not known, which is not 20
    assert table.loc["A", "elderly"] == 12
    assert math.isnan(table.loc["B", "elderly"])
    left = [f"{row.weight} {row.residential_id}" for row in found.left.itertuples()]
    assert left == ["residents A", "residents B", "elderly B", "elderly_80 A", "elderly_80 B"]
    assert found.area_of_point.fillna("").tolist() == ["A", "A", "B", "B", ""]


@settings(max_examples=30)
@given(
    places=st.lists(
        st.tuples(st.integers(-50, 250), st.integers(-50, 150), st.integers(0, 10**6)), min_size=1, max_size=9
    ),
    data=st.data(),
)
def test_nobody_is_lost_or_counted_twice(places, data):
    """Inside and outside add up to everybody, whatever the order of buildings and areas."""
    rows = points(*((x, y, {"elderly": people / 8}) for x, y, people in places))
    order = data.draw(st.permutations(range(len(rows))))
    found = demand.gather(areas(), rows)
    again = demand.gather(areas().iloc[::-1].reset_index(drop=True), rows.iloc[order].reset_index(drop=True))
    outside = rows.loc[found.area_of_point.isna().to_numpy(), "elderly"].sum()
    assert found.residential["elderly"].sum() + outside == sum(people for _, _, people in places) / 8
    one, other = (one.residential.set_index("residential_id")["elderly"].sort_index() for one in (found, again))
    pd.testing.assert_series_equal(one, other)
    # on paper: A is the closed square, B what is left of its own
    within_a = sum(p for x, y, p in places if 0 <= x <= 100 and 0 <= y <= 100) / 8
    assert np.nan_to_num(one["A"]) == within_a


def test_a_run_counts_buildings_and_the_oldest():
    """R1 and R2 state no elderly; their buildings do, 1 and 2, one of whom is over 80; one building is nowhere."""
    residential = town.residential()
    residential.loc[residential["residential_id"].isin(["R1", "R2"]), "elderly"] = np.nan
    buildings = points(
        (100, 100, {"elderly": 1.0, "elderly_80": 0.0}),
        (300, 100, {"elderly": 1.5, "elderly_80": 0.5}),
        (310, 100, {"elderly": 0.5, "elderly_80": 0.5}),
        (200, 100, {"elderly": 64.0, "elderly_80": 0.0}),
    )
    result = gridstudy.run(residential=residential, population=buildings, units=town.units())
    figures = result.summary["coverage"]["street"]
    assert (figures["elderly_covered"], figures["elderly_total"], figures["elderly_missing"]) == (63, 255, 0)
    assert (figures["elderly_80_covered"], figures["elderly_80_total"], figures["elderly_80_missing"]) == (1, 1, 6)
    assert figures["elderly_80_share"] == 1
    assert result.summary["population"] == {
        "points": 4, "points_outside": 1,
        "elderly": {"areas_filled": 2, "inside": 3.0, "outside": 64.0},
        "elderly_80": {"areas_filled": 2, "inside": 1.0, "outside": 0.0},
    }  # fmt: skip
    by_unit = {row["unit_id"]: row["coverage"]["street"] for row in result.summary["units"]}
    assert (by_unit["U1"]["elderly_80_total"], by_unit["U2"]["elderly_80_total"]) == (1, None)


def test_sites_for_people_nobody_counted_are_refused():
    """No area states elderly: refused by name, unless buildings do."""
    residential = town.residential().assign(elderly=np.nan)
    facts = {"residential": residential, "candidates": town.candidates(), "siting": Siting(p=1)}
    with pytest.raises(InputRefused, match="elderly"):
        gridstudy.run(**facts)
    result = gridstudy.run(**facts, population=points((700, 50, {"elderly": 3.0})))
    assert result.summary["siting"]["after"]["elderly_covered"] == 3


def test_without_the_oldest_nothing_is_said_of_them():
    summary = gridstudy.run().summary
    assert not any("elderly_80" in name for name in summary["coverage"]["street"])
    assert "population" not in summary


def test_buildings_through_the_door(tmp_path):
    """From files, with a building that names an area that is none: refused by name; then counted."""
    for name, table in {
        "roads": town.roads(), "facilities": town.facilities(), "residential": town.residential(),
        "population": points((100, 100, {"elderly": 3.0}), (300, 100, {"elderly": 5.0, "residential_id": "R9"})),
    }.items():  # fmt: skip
        table.dropna(axis="columns", how="all").to_file(tmp_path / f"{name}.gpkg")
    paths = "".join(
        f'[inputs.{name}]\npath = "{name}.gpkg"\n' for name in ("roads", "facilities", "residential", "population")
    )
    plan = tmp_path / "plan.toml"
    plan.write_text(f'[plan]\nname = "楼栋"\nstandard = "liaocheng"\nas_of = 2025-12-31\n{paths}', "utf-8")
    faults, _ = runs.check(plan)
    assert {(fault.code, fault.file) for fault in faults if fault.severity == "error"} == {
        ("reference_unknown", "population.gpkg")
    }
    points((100, 100, {"elderly": 3.0})).dropna(axis="columns", how="all").to_file(tmp_path / "population.gpkg")
    inputs = runs.load(plan)
    assert inputs.counts["population"] == {"read": 1, "used": 1, "flagged": 0, "excluded": 0}
