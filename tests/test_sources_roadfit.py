"""An undeclared GCJ-02 or BD-09 offset is told by how places fit the roads, never guessed away, never cried wolf.

The town: streets with unequal spacing from 90 m to 170 m, turned by 0.3 rad so that no shift maps it onto itself, and
blocks whose outlines keep 8 m from the street lines.
"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS
from test_sources import Town, _quick_geopackages  # noqa: F401

from planning import crs as crss
from planning.sources import _roadfit as fit

ZONE = CRS.from_epsg(4548)
ORIGIN = np.array([500_000.0, 4_050_000.0])
SIZE = 28


def streets(seed=0):
    """Return the x of the lengthwise streets and the y of the others, before turning."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(90, 170, (2, SIZE)).cumsum(axis=1)
    return steps - steps.mean(axis=1, keepdims=True)


def turned(xy):
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    return np.asarray(xy, dtype=float) @ turn.T + ORIGIN


def roads(xs, ys):
    lines = [[(x, ys[0]), (x, ys[-1])] for x in xs] + [[(xs[0], y), (xs[-1], y)] for y in ys]
    return np.array([shapely.LineString(turned(line)) for line in lines], dtype=object)


def blocks(xs, ys, setback=8.0):
    corners = [
        [(a + setback, b + setback), (c - setback, b + setback), (c - setback, d - setback), (a + setback, d - setback)]
        for a, c in pairwise(xs)
        for b, d in pairwise(ys)
    ]
    return np.array([shapely.Polygon(turned(ring)) for ring in corners], dtype=object)


def shifted(xy, datum):
    """Return metres of places as a file without a word about its datum would give them."""
    lon, lat = crss.to_degrees(xy, ZONE).T
    lon, lat = crss.wgs84_to_gcj02(lon, lat)
    if datum == "bd09":
        lon, lat = crss.gcj02_to_bd09(lon, lat)
    return crss.project(np.column_stack((lon, lat)), ZONE)


def stated(datum=None):
    return SimpleNamespace(spec=SimpleNamespace(datum=datum))


def weighed(xy, lines, *, layer=None, reference=None):
    guesses = tuple(fit._guesses(xy, stated(layer), stated(reference), ZONE))
    return fit.weigh(xy, guesses, fit.Ground.of(lines))


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_outlines_with_an_offset_are_told_by_it(datum):
    """Every outline point lies 8 m from a street in its place; anywhere else about two in five do by chance."""
    xs, ys = streets()
    found = weighed(shifted(fit.places(blocks(xs, ys)), datum), roads(xs, ys))
    assert (found.best.whose, found.best.datum) == ("layer", datum)
    assert found.shares["layer", datum] > 0.99
    assert found.given <= found.control < 0.9


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_roads_with_an_offset_are_told_from_a_layer_with_one(datum):
    xs, ys = streets()
    lines = np.array([shapely.transform(line, lambda xy: shifted(xy, datum)) for line in roads(xs, ys)], dtype=object)
    found = weighed(fit.places(blocks(xs, ys)), lines)
    assert (found.best.whose, found.best.datum) == ("reference", datum)


def test_a_datum_stated_wrongly_is_told_too():
    """A file in plain coordinates stated as GCJ-02 was moved by mistake: the guess is the datum without offset."""
    xs, ys = streets()
    xy = fit.places(blocks(xs, ys))
    moved = crss.project(crss.restated(crss.to_degrees(xy, ZONE), "", "gcj02"), ZONE)
    found = weighed(moved, roads(xs, ys), layer="gcj02")
    assert (found.best.whose, found.best.datum) == ("layer", "")


@pytest.mark.parametrize("seed", range(3))
def test_no_alarm_in_place_nor_for_places_anywhere(seed):
    """Outlines in place, middles of blocks, and places strewn at random."""
    xs, ys = streets(seed)
    lines, shapes = roads(xs, ys), blocks(xs, ys)
    strewn = turned(np.random.default_rng(seed).uniform(-1500, 1500, (200, 2)))
    middles = shapely.get_coordinates(shapely.centroid(shapes))
    for xy in (fit.places(shapes), fit.places(shapes[seed::40]), middles, middles[:20], strewn, strewn[:15]):
        assert weighed(xy, lines) is None


def test_few_places_are_not_judged():
    xs, ys = streets()
    xy = shifted(fit.places(blocks(xs, ys)), "gcj02")
    assert weighed(xy[: fit.MIN_PLACES - 1], roads(xs, ys)) is None


def test_places_do_not_depend_on_the_order_of_rows():
    shapes = np.append(blocks(*streets()), shapely.points(turned([(0, 0), (5, 5)])))
    back = fit.places(shapes[::-1], size=400)
    assert np.array_equal(fit.places(shapes, size=400), back)
    assert len(back) <= 402 + 4


# ------------------------------------------------------------------------------------------------------- by the doors


def big_town(folder, *, move=None, gates=None):
    """Write the town to files; ``move`` shifts the areas, ``gates`` the gates in the middle of their south walls."""
    xs, ys = streets()
    town, shapes = Town(folder), blocks(xs, ys)
    lines = gpd.GeoDataFrame({"road_id": [f"r{at}" for at in range(2 * SIZE)], "highway": "residential"},
                             geometry=roads(xs, ys), crs=ZONE)  # fmt: skip
    town.put("roads", lines)
    ids = [f"A{at:04d}" for at in range(len(shapes))]
    spots = shapely.get_coordinates(shapely.line_interpolate_point(shapely.get_exterior_ring(shapes), 20.0))
    if move:
        shapes = np.array([shapely.transform(one, lambda xy: shifted(xy, move)) for one in shapes], dtype=object)
    areas = gpd.GeoDataFrame({"residential_id": ids, "name": ids, "households": 64}, geometry=shapes, crs=ZONE)
    town.put("residential", areas)
    place = gpd.GeoDataFrame(
        {"facility_id": ["S1"], "level": ["community"], "kind": ["station"], "status": ["operating"]},
        geometry=[shapely.Point(turned((0, 0)))],
        crs=ZONE,
    )
    town.put("facilities", place)
    there = shifted(spots, gates) if gates else spots
    opened = gpd.GeoDataFrame({"residential_id": ids, "open": "是"}, geometry=shapely.points(there), crs=ZONE)
    town.put("entrances", opened)
    return town


def doubts(town):
    return [fault for fault in town.check()[0] if fault.code.startswith("datum_doubtful")]


def test_a_town_in_one_datum_raises_no_doubt(tmp_path):
    assert doubts(big_town(tmp_path)) == []


@pytest.mark.slow
def test_areas_from_amap_are_asked_about_and_not_moved(tmp_path):
    town = big_town(tmp_path, move="gcj02")
    found = doubts(town)
    assert [(fault.code, fault.severity, fault.file) for fault in found] == [
        ("datum_doubtful", "warning", "residential_new.gpkg"),
        ("datum_doubtful_gates", "warning", "entrances_new.gpkg"),
    ]
    assert [fault.value for fault in found] == ["residential_new.gpkg"] * 2  # the gates fit the roads, the areas do not
    assert 'datum = "gcj02"' in found[0].remedy("zh")
    assert "高德" in found[0].message("zh")
    given = gpd.read_file(tmp_path / "residential_new.gpkg").total_bounds
    assert town.read().tables["residential"].total_bounds == pytest.approx(given, abs=1e-6)


@pytest.mark.slow
def test_the_answer_settles_the_doubt(tmp_path):
    town = big_town(tmp_path, move="bd09", gates="bd09")
    assert {fault.value for fault in doubts(town)} == {"residential_new.gpkg", "entrances_new.gpkg"}
    for name in ("residential", "entrances"):
        town.inputs[name]["datum"] = "bd09"
    assert doubts(town) == []
