"""A network is kept by what it is built from: the one fetched is the one built to the last bit, and never another's."""

from __future__ import annotations

from dataclasses import fields

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal
from shapely import LineString

from planning import network, store
from planning.errors import InputRefused
from planning.network import kept

CRS = "EPSG:4548"
WALL = gpd.GeoSeries([LineString([(50, -10), (50, 10)])], crs=CRS)


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """The number of times a network was built; a cache of its own, and no network too small for it."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(kept, "LEAST_VERTICES", 0)
    asked = []
    monkeypatch.setattr(kept, "build", lambda *given, **more: (asked.append(1), network.build(*given, **more))[1])
    return asked


def roads(**changed):
    """Return roads that have everything a network is made from: heights, levels, classes, node ids, costs."""
    lines = [
        LineString([(0, 0, 5), (100, 0, 9), (200, 0, 7)]),
        LineString([(100, 0, 9), (100, 80, 9)]),
        LineString([(100, 83, 0), (100, 160, 1)]),
        LineString([(0, 0, 5), (0, 90, 5)]),
    ]
    columns = {
        "road_id": ["甲", "b", "c", "甲"],
        "walkable": pd.array([None, True, None, None], dtype="boolean"),
        "highway": ["primary", "steps", None, "motorway"],
        "level": [0, 0, 0, 0],
        "node_ids": [("1", None, "3"), np.nan, np.nan, ("1", "9")],
        "is_crossing": pd.array([None, True, False, None], dtype="boolean"),
        "extra_s": [0.0, 20.0, np.nan, 0.0],
        "climb_m": [np.nan, 4.0, np.nan, np.nan],
        "name": ["x", "y", "z", "w"],
    }
    return gpd.GeoDataFrame(columns | changed, geometry=lines, crs=CRS)


def alike(one, other):
    """Hold two networks against each other field by field, kinds of cells included."""
    for part in (one, one.going):
        twin = other if part is one else other.going
        for field in fields(part):
            mine, theirs = getattr(part, field.name), getattr(twin, field.name)
            if field.name in ("lines", "barriers"):
                mine, theirs = shapely.to_wkb(mine), shapely.to_wkb(theirs)
            if isinstance(mine, np.ndarray):
                assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), field.name
                np.testing.assert_array_equal(mine, theirs, err_msg=field.name)
                assert theirs.flags.writeable
                assert mine.flags.c_contiguous == theirs.flags.c_contiguous
            elif field.name == "healed":
                assert_frame_equal(mine, theirs)
                assert mine.crs == theirs.crs
            elif field.name != "going":
                assert mine == theirs, field.name


ASKED = [{}, {"barriers": WALL}, {"heal_gaps_m": 5.0}, {"heal_gaps_m": 0.5, "noding": "planar", "barriers": WALL}]


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_fetched_is_what_is_built(calls, asked):
    first = kept.built(roads(), **asked)
    second = kept.built(roads(), **asked)
    assert len(calls) == 1
    alike(first, network.build(roads(), **asked))
    alike(first, second)
    costs = {"stairs_factor": 3.0, "crossing_m": 10.0, "second_m": 1.2}
    assert network.weigh(first, **costs).weight_mm.tolist() == network.weigh(second, **costs).weight_mm.tolist()


def test_lines_of_one_level_without_anything_else_are_kept_too(calls):
    bare = roads()[["geometry"]].set_geometry(shapely.force_2d(roads().geometry))
    named = bare.assign(road_id=["a", "b", "c", "d"])
    for table, built in ((bare, 2), (named, 1)):  # without names the labels of rows stand in, and these are no words
        calls.clear()
        alike(kept.built(table), kept.built(table))
        assert len(calls) == built


CHANGES = {
    "road_id": ["乙", "b", "c", "甲"],
    "walkable": pd.array([None, True, None, True], dtype="boolean"),
    "highway": ["primary", "footway", None, "motorway"],
    "level": [1, 0, 0, 0],
    "node_ids": [("1", None, "4"), np.nan, np.nan, ("1", "9")],
    "is_crossing": pd.array([None, None, False, None], dtype="boolean"),
    "extra_s": [0.0, 21.0, np.nan, 0.0],
    "climb_m": [np.nan, 4.0, 1.0, np.nan],
}


def test_every_column_that_is_read_decides(calls):
    assert set(CHANGES) | {"road_class"} == set(kept.READ)
    kept.built(roads())
    for name, value in (CHANGES | {"road_class": ["primary"] * 4}).items():
        calls.clear()
        kept.built(roads(**{name: value}))
        assert len(calls) == 1, name


def test_so_do_lines_heights_crs_walls_and_what_is_asked(calls):
    kept.built(roads())
    moved, flat = roads(), roads()
    moved.geometry = [*moved.geometry[:3], LineString([(0, 0, 5), (0, 90.001, 5)])]
    flat.geometry = shapely.force_2d(flat.geometry.to_numpy())
    elsewhere = roads().set_crs("EPSG:4549", allow_override=True)
    others = [(table, {}) for table in (moved, flat, elsewhere)]
    further = WALL.translate(0, 1)
    for table, asked in [*others, *((roads(), asked) for asked in (*ASKED[1:], {"barriers": further}))]:
        calls.clear()
        alike(kept.built(table, **asked), network.build(table, **asked))
        assert len(calls) == 1


def test_how_pandas_holds_a_column_does_not_matter(calls):
    """The same words in pieces, or cut out of a longer table, are the same words."""
    kept.built(roads())
    twice = pd.concat([roads(), roads()], ignore_index=True)
    kept.built(twice.iloc[4:].reset_index(drop=True))
    kept.built(pd.concat([roads().iloc[:2], roads().iloc[2:]]))
    assert len(calls) == 1


def test_other_columns_are_not_looked_at(calls):
    kept.built(roads())
    kept.built(roads(name=["p", "q", "r", "s"]))
    assert len(calls) == 1


def test_a_damaged_entry_is_built_anew(calls, tmp_path):
    kept.built(roads())
    (entry,) = (tmp_path / "kept").iterdir()
    content = bytearray((entry / kept.ROWS_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (entry / kept.ROWS_FILE).write_bytes(content)
    alike(kept.built(roads()), network.build(roads()))
    assert len(calls) == 2


def test_small_networks_and_cells_of_many_kinds_are_not_kept(calls, tmp_path, monkeypatch):
    mixed = roads(highway=pd.Series(["primary", 3, None, ("a",)], dtype=object))
    for _ in range(2):
        kept.built(mixed)
    monkeypatch.setattr(kept, "LEAST_VERTICES", 10)
    kept.built(roads())
    assert len(calls) == 3
    assert not (tmp_path / "kept").exists()


def test_switched_off_or_on_a_disk_that_takes_nothing_it_is_built(calls, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", "ascii")
    for place in (store.OFF, str(tmp_path / "file" / "below")):
        monkeypatch.setenv(store.VARIABLE, place)
        for _ in range(2):
            alike(kept.built(roads()), network.build(roads()))
    assert len(calls) == 4


def test_a_refusal_is_not_kept(calls, tmp_path):
    for _ in range(2):
        with pytest.raises(InputRefused):
            kept.built(roads(level=["a", "b", "c", "d"]))
    assert len(calls) == 2
    assert not (tmp_path / "kept").exists()
