"""The drawing of the web map: degrees, latitude first; roads thinned, catchments joined, odd shapes survived."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import webmap_town
from shapely.geometry import LineString, Point, Polygon

from planning import webmap
from planning.webmap import _geometry as shapes
from planning.webmap._data import gather
from planning.webmap._view import View


@pytest.fixture
def town() -> Any:
    return webmap_town.result()


def test_parts_keep_holes_and_say_latitude_first() -> None:
    ring = Polygon([(116, 36), (117, 36), (117, 37), (116, 37)], [[(116.2, 36.2), (116.4, 36.2), (116.4, 36.4)]])
    found = shapes.parts(ring)
    assert [len(part) for part in found] == [2]
    assert found[0][0][0] == [36.0, 116.0]
    assert shapes.place(Point(116.1234567, 36.7654321)) == [36.765432, 116.123457]


def test_roads_of_one_class_are_joined_and_bent_by_at_most_a_metre() -> None:
    """A wave of 0.4 m about a straight kilometre is drawn straight; a bend of 30 m stays."""
    wave = [(webmap_town.WEST + x, webmap_town.SOUTH + (0.4 if x % 20 else 0.0)) for x in range(0, 1010, 10)]
    pieces = [
        LineString(wave[:51]),
        LineString(wave[50:]),
        LineString([(513000, 4038000), (513500, 4038030), (514000, 4038000)]),
    ]
    frame = gpd.GeoDataFrame(
        {"highway": ["primary", "primary", None], "road_class": [None, None, "支路"]},
        geometry=pieces,
        crs=webmap_town.METRIC,
    )
    found = shapes.roads(frame)
    assert [len(line) for line in found["arterial"]] == [2]
    assert [len(line) for line in found["local"]] == [3]


def test_washes_of_one_level_are_one_and_only_of_what_serves(town: Any) -> None:
    found = gather(View(town, "zh"))
    assert sorted(found["wash"]) == ["community", "new", "street"]
    assert len(found["wash"]["street"]) == 3
    assert len(found["wash"]["new"]) == 1


def test_a_district_fits_into_five_megabytes() -> None:
    """150 areas and some 4 000 road pieces of five vertices each."""
    town = webmap_town.result(columns=15, rows=10)
    grid = [(webmap_town.WEST + 65 * x, webmap_town.SOUTH + 65 * y) for x in range(45) for y in range(45)]
    wiggle = np.array([[0, 0], [15, 6], [30, -5], [45, 4], [65, 0]])
    lines = [LineString(wiggle[:, order] + corner) for corner in grid for order in ([0, 1], [1, 0])]
    town.inputs.tables["roads"] = gpd.GeoDataFrame(
        {"highway": ["residential"] * len(lines)}, geometry=lines, crs=webmap_town.METRIC
    )
    assert len(lines) > 4000
    assert len(webmap.page(town).encode("utf-8")) < 5_000_000


def test_areas_given_as_points_and_missing_outlines_do_not_stop_the_map() -> None:
    town = webmap_town.result()
    outlines = list(town.residential.geometry)
    shapes_given = [outlines[0].centroid, Polygon(), *outlines[2:]]
    town.residential = town.residential.set_geometry(gpd.GeoSeries(shapes_given, crs=webmap_town.METRIC))
    found = gather(View(town, "zh"))["areas"]
    assert (found[0]["parts"], len(found[0]["at"])) == ([], 2)
    assert (found[1]["parts"], found[1]["at"]) == ([], None)
    webmap.page(town)


def test_a_catchment_keeps_holes_of_nine_hectares_and_loses_smaller_ones() -> None:
    """A square of 1 km with a hole of 300 × 300 m (9 ha, kept) and one of 299 × 300 m (filled)."""
    x, y = webmap_town.WEST, webmap_town.SOUTH
    outer = [(x, y), (x + 1000, y), (x + 1000, y + 1000), (x, y + 1000)]
    holes = [
        [(x + at, y + 100), (x + at + width, y + 100), (x + at + width, y + 400), (x + at, y + 400)]
        for at, width in ((100, 300), (500, 299))
    ]
    found = shapes.outline(gpd.GeoSeries([Polygon(outer, holes)], crs=webmap_town.METRIC))
    assert [len(polygon) for polygon in found] == [2]


def test_barriers_are_drawn_and_stand_in_the_legend(town: Any) -> None:
    fence = LineString([(webmap_town.WEST, webmap_town.SOUTH), (webmap_town.WEST + 500, webmap_town.SOUTH + 500)])
    town.inputs.tables["barriers"] = gpd.GeoDataFrame({"name": ["护栏"]}, geometry=[fence], crs=webmap_town.METRIC)
    found = gather(View(town, "zh"))
    assert [len(line) for line in found["barriers"]] == [2]
    assert all("步行障碍" in [item["text"] for item in theme["legend"][-1]["items"]] for theme in found["themes"])


@pytest.mark.parametrize(
    ("subject", "ground", "seen"),
    [
        ([[36.6, 117.0], [36.7, 117.1]], [[36.5, 116.9], [36.8, 117.2]], [[36.6, 117.0], [36.7, 117.1]]),  # inside
        ([[22.0, 100.0], [36.7, 117.1]], [[36.5, 116.9], [36.7, 117.1]], [[36.4, 116.8], [36.7, 117.1]]),  # one strays
        ([[22.0, 100.0], [23.0, 101.0]], [[36.5, 116.9], [36.7, 117.1]], [[22.0, 100.0], [23.0, 101.0]]),  # all do
        ([[36.6, 117.0], [36.7, 117.1]], None, [[36.6, 117.0], [36.7, 117.1]]),
        (None, [[36.5, 116.9], [36.7, 117.1]], [[36.5, 116.9], [36.7, 117.1]]),
        (None, None, None),
    ],
)
def test_the_map_opens_on_the_city_and_not_on_what_strays(subject, ground, seen):
    """Half of the roads' box around it is kept: 0.2 degrees of roads leave a margin of 0.1."""
    assert shapes.opening(subject, ground) == seen


def test_without_units_the_map_opens_on_the_core_and_a_note_is_said_in_one_language() -> None:
    """Of twelve areas eleven hang together; the twelfth is put a degree away and stays on the map, outside the view."""
    town = webmap_town.result()
    town.units = town.units.iloc[:0]
    areas = town.residential
    moved = [shapely.affinity.translate(one, 90_000) if at == 11 else one for at, one in enumerate(areas.geometry)]
    town.residential = areas.set_geometry(moved, crs=areas.crs)
    roads = town.inputs.tables["roads"]
    far = roads.iloc[[0]].set_geometry([shapely.affinity.translate(roads.geometry.iloc[0], 90_000)], crs=roads.crs)
    town.inputs.tables["roads"] = pd.concat([roads, far], ignore_index=True)
    (_, west), (_, east) = gather(View(town, "zh"))["bounds"]
    assert east - west < 0.02
    assert len(gather(View(town, "zh"))["areas"]) == 12
    town.inputs.plan = dataclasses.replace(town.inputs.plan, notes=("仅作演示 / Demonstration only",))
    assert View(town, "en").notes == ("Demonstration only",)
