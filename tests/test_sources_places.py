"""Units in units, areas in the streets they state, gates at their areas, and names that look alike.

The ground: street S is the square from 0 to 1000 m, street T the next one to the east; communities S1 (west half of S)
and S2 (east half). Places are given by their distance from the corner at (500 000, 4 050 000).
"""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from test_sources import X0, Y0, ZONE, Town, _quick_geopackages  # noqa: F401

from planning import tables
from planning.sources._belonging import _bare, _in_circles, say_belonging
from planning.sources._names import plain_name, say_names
from planning.sources.ledger import Notes, Origin


def box(left, bottom, right, top):
    return shapely.box(X0 + left, Y0 + bottom, X0 + right, Y0 + top)


def units_frame(**changes):
    columns = {
        "unit_id": ["C", "S", "T", "S1", "S2"],
        "name": ["澄河区", "北澄街道", "望湖镇", "书院社区", "北苑社区"],
        "type": ["county", "street", "town", "community", "community"],
        "parent": [None, "C", "C", "S", "S"],
        **changes,
    }
    shapes = [box(0, 0, 2000, 1000), box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000), box(0, 0, 500, 1000),
              box(500, 0, 1000, 1000)]  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=ZONE)


def areas_frame(places, **columns):
    """Return areas of 100 m × 100 m with their west edges at ``places``."""
    ids = [f"R{at}" for at in range(len(places))]
    shapes = [box(x, 300, x + 100, 400) for x in places]
    return gpd.GeoDataFrame(
        {"residential_id": ids, "name": ids, "households": 64, **columns}, geometry=shapes, crs=ZONE
    )


class Ground:
    """Tables as they stand once the doors have read them, in metres, to be held against each other."""

    def __init__(self):
        self.frames = {"units": units_frame()}

    def put(self, name, frame):
        self.frames[name] = frame
        return self

    def check(self):
        drafts = {name: self._draft(name, frame) for name, frame in self.frames.items()}
        say_names(drafts)
        say_belonging(drafts)
        return [fault for one in drafts.values() for fault in one.notes.all_faults()], {}

    def errors(self):
        return [fault for fault in self.check()[0] if fault.severity == "error"]

    @staticmethod
    def _draft(name, frame):
        wanted = {column: None for column in tables.contract(name).columns if column not in frame}
        full = pd.DataFrame(frame.drop(columns="geometry")).assign(**wanted)
        notes = Notes(name, Origin(f"{name}.gpkg", name, np.arange(1, len(frame) + 1)))
        return SimpleNamespace(notes=notes, frame=full, shapes=frame.geometry.to_numpy())


@pytest.fixture
def town():
    return Ground()


def told(town, *codes):
    return [(f.code, f.severity, f.row, f.value) for f in town.check()[0] if f.code in codes]


def test_a_street_stated_by_id_name_or_short_name(town):
    """北澄 is 北澄街道, 望湖乡 is 望湖镇: no other unit has that name."""
    stated = ["S", "北澄街道", "北澄", "北澄街道办事处", " 北 澄街道", "望湖乡"]
    town.put("residential", areas_frame([100, 200, 300, 400, 600, 1500], street_id=stated))
    assert town.errors() == []
    assert told(town, "unit_unmatched", "unit_at_border", "unit_contradicts") == []


def test_a_street_that_is_none_gets_the_nearest_names(town):
    town.put("residential", areas_frame([100, 200], street_id=["北橙街道", "上海"]))
    assert told(town, "unit_unmatched") == [
        ("unit_unmatched", "warning", 1, "北橙街道 → 北澄街道"),
        ("unit_unmatched", "warning", 2, "上海 → -"),
    ]


@pytest.mark.parametrize(
    ("west", "codes"),
    [
        (880, []),  # wholly inside S
        (940, []),  # more than half inside: its middle lies in S
        (980, ["unit_at_border"]),  # its middle lies in T, but S is at hand
        (1100, ["unit_at_border"]),  # 100 m away is the limit itself
        (1101, ["unit_contradicts"]),
    ],
)
def test_a_street_against_the_place(town, west, codes):
    town.put("residential", areas_frame([west], street_id=["S"]))
    found = [fault for fault in town.check()[0] if fault.code.startswith("unit_")]
    assert [fault.code for fault in found] == codes
    assert all((fault.severity == "error") == (fault.code == "unit_contradicts") for fault in found)


def test_a_community_against_the_place_and_every_row_at_once(town):
    town.put("residential", areas_frame([100, 800, 1500], community_id=["S1", "S1", "S2"]))
    assert told(town, "unit_contradicts") == [
        ("unit_contradicts", "error", 2, "S1 (300 m)"),
        ("unit_contradicts", "error", 3, "S2 (500 m)"),
    ]


def test_without_units_of_a_kind_nothing_is_said(town):
    town.put("units", units_frame().iloc[:1]).put(
        "residential", areas_frame([100], street_id=["X"], community_id=["Y"])
    )
    assert told(town, "unit_unmatched", "unit_contradicts") == []


# ------------------------------------------------------------------------------------------------------ units in units


def test_a_tree_that_is_one(town):
    assert told(town, "parent_unknown", "parent_cycle", "parent_rank", "parent_apart", "parent_outside") == []


@pytest.mark.parametrize(
    ("parents", "rows"),
    [(["C", "C", "C", "S", "S"], [1, 2, 3, 4, 5]), ([None, "S1", "C", "S", "S"], [2, 4, 5])],
)
def test_parents_in_a_circle_stop_the_run(town, parents, rows):
    """Whose line of parents never ends is named: those in the circle, and those that lead into it."""
    town.put("units", units_frame(parent=parents))
    assert [row for code, severity, row, _ in told(town, "parent_cycle") if severity == "error"] == rows


def test_a_parent_not_in_the_table(town):
    """The county's own parent, the city, need not be there; a community's street should."""
    town.put("units", units_frame(parent=["3701", "C", "C", "Z", "S"]))
    assert told(town, "parent_unknown") == [("parent_unknown", "warning", 4, "Z")]


def test_a_parent_of_no_higher_kind(town):
    town.put("units", units_frame(parent=[None, "C", "C", "S", "S1"]))
    assert told(town, "parent_rank") == [("parent_rank", "warning", 5, "S1")]


def test_a_unit_partly_or_wholly_outside_its_parent(town):
    """Both handed to T: S2 only touches it, so all of it lies outside, though next door; S1 lies 500 m off."""
    town.put("units", units_frame(parent=[None, "C", "C", "T", "T"]))
    assert told(town, "parent_apart", "parent_outside") == [
        ("parent_apart", "error", 4, "T"),
        ("parent_outside", "warning", 5, "100.0 %"),
    ]


@given(st.lists(st.integers(-1, 11), min_size=1, max_size=12))
def test_circles_are_those_found_by_walking(parents):
    parents = [one if one < len(parents) else -1 for one in parents]

    def endless(row):
        for _ in range(len(parents) + 1):
            if row < 0:
                return False
            row = parents[row]
        return True

    assert _in_circles(np.array(parents)).tolist() == [endless(row) for row in range(len(parents))]


# -------------------------------------------------------------------------------------------------------------- gates


@pytest.mark.parametrize(("gap", "far"), [(0, False), (100, False), (101, True)])
def test_gates_far_from_their_area(town, gap, far):
    town.put("residential", areas_frame([100]))
    gate = gpd.GeoDataFrame({"residential_id": ["R0"]}, geometry=[shapely.Point(X0 + 150, Y0 + 300 - gap)], crs=ZONE)
    town.put("entrances", gate)
    assert [row[0] for row in told(town, "gate_off_area")] == ["gate_off_area"] * far


# -------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阳光花园一期", "阳光花园1期"),
        ("阳光花园（一期）", "阳光花园(1期)"),
        ("ＡＢＣ公馆", "abc公馆"),
        ("东方 · 明珠", "东方明珠"),
        ("第十二小区", "第12小区"),
        ("二十区", "20区"),
        ("三十五号院", "35号院"),
        ("華園", "华园"),
    ],
)
def test_names_that_only_look_different(one, other):
    assert plain_name(one) == plain_name(other)


@pytest.mark.parametrize(("one", "other"), [("一期", "二期"), ("东苑", "西苑"), ("十一区", "11号区"), ("1期", "11期")])
def test_names_that_are_different(one, other):
    assert plain_name(one) != plain_name(other)


def test_twins_and_likenesses_are_flagged_and_both_count(town):
    names = ["阳光花园一期", "阳光花园1期", "书香苑", "书香苑", "春苑"]
    town.put("residential", areas_frame([100, 300, 500, 700, 850], name=names))
    assert told(town, "name_twice", "name_alike") == [
        ("name_twice", "warning", 3, "书香苑 ↔ R3"),
        ("name_twice", "warning", 4, "书香苑 ↔ R2"),
        ("name_alike", "warning", 1, "阳光花园一期 ↔ 阳光花园1期"),
        ("name_alike", "warning", 2, "阳光花园1期 ↔ 阳光花园一期"),
    ]


def test_the_doors_hold_tables_against_each_other(tmp_path):
    """Said of a row, and the row is kept as it is; a contradiction stops the run."""
    line = shapely.LineString([(X0, Y0 + 250), (X0 + 2000, Y0 + 250)])
    town = Town(tmp_path).put("units", units_frame())
    town.put("roads", gpd.GeoDataFrame({"road_id": ["r"], "highway": ["residential"]}, geometry=[line], crs=ZONE))
    town.put("residential", areas_frame([100, 300], name=["东苑一期", "东苑1期"], street_id=["北澄", "北澄街道"]))
    table = town.read().tables["residential"]
    assert table["name"].tolist() == ["东苑一期", "东苑1期"]
    assert table["street_id"].tolist() == ["北澄", "北澄街道"]
    town.put("residential", areas_frame([100, 300], street_id=["S", "T"]))
    assert [(fault.code, fault.row, fault.column) for fault in town.errors()] == [("unit_contradicts", 2, "street_id")]


@pytest.mark.parametrize(
    ("name", "bare"),
    [("北澄街道", "北澄"), ("北澄街道办事处", "北澄"), ("望湖乡", "望湖"), ("镇", "镇"), ("书院社区", "书院")],
)
def test_a_name_without_its_kind(name, bare):
    assert _bare(name) == bare


def test_many_names_are_compared_one_by_one():
    names = pd.Series([f"小区{at // 2}期" for at in range(20_000)])
    assert names.map(plain_name).nunique() == 10_000
