"""Screening of candidates: every rule on paper, on the line and a millimetre beyond, empty cells, contradictions.

Sites stand on a line, at x metres from the origin; the answers are in the tables themselves.
"""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import gridtown
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from planning import candidates as room
from planning import storeys, texts
from planning.candidates import Around, Walk
from planning.plan import Screen

X0, Y0 = gridtown.X0, gridtown.Y0


def sites(*, geometry: list[Any] | None = None, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Return candidates S1, S2 … with the columns given; points at x = 0, 1, 2 … unless said otherwise."""
    size = len(geometry) if geometry is not None else len(next(iter(columns.values())))
    own = {name: values for name, values in columns.items() if name in gridtown.tables.contract("candidates").columns}
    own.setdefault("facility_id", [f"S{number}" for number in range(1, size + 1)])
    shapes = geometry or [Point(X0 + x, Y0) for x in range(size)]
    table = gridtown.table("candidates", own, shapes)
    return table.assign(**{name: values for name, values in columns.items() if name not in own})


def layer(name: str, /, *shapes: Any, **columns: list[Any]) -> gpd.GeoDataFrame:
    key = gridtown.tables.contract(name).key
    return gridtown.table(name, {key: [f"P{number}" for number in range(1, len(shapes) + 1)], **columns}, list(shapes))


def judged(table: gpd.GeoDataFrame, rule: Screen, around: Around | None = None) -> list[str]:
    """Return ``outcome`` and, where there is one, the reason of each candidate, by id."""
    found = room.screen(table, [rule], around or Around()).table
    pairs = zip(found["outcome"], found["reason"], strict=True)
    return [outcome + (f" {reason}" if reason else "") for outcome, reason in pairs]


def rule(name: str, verdict: Any = "forbid", unknown: Any = "flag", **facts: Any) -> Screen:
    return Screen(name, verdict, unknown, "", facts)


# ----------------------------------------------------------------------------------------------------- rules on cells


@pytest.mark.parametrize(
    ("asked", "column", "cells", "expected"),
    [
        (rule("ownership", **{"is": ("public",)}), "ownership", ["public", "private", None],
         ["meets", "fails ownership_other", "unknown value_missing"]),
        (rule("source", **{"not": ("lease", "purchase")}), "source", ["lease", "extension", None],
         ["fails source_other", "meets", "unknown value_missing"]),
        (rule("floor_area", at_least_m2=350), "max_floor_area_m2", [350.0, 349.9, 350.1, 0.0, None],
         ["meets", "fails area_below", "meets", "fails area_below", "unknown value_missing"]),
        (rule("storey", at_most=2), "storey", ["1层", "2楼", "3层", "1-3层", "地下一层", "顶层", "后院", None],
         ["meets", "meets", "fails storey_above", "unknown storey_mixed", "meets", "unknown storey_without_number",
          "unknown value_unreadable", "unknown value_missing"]),
        (rule("storey", exclude=("basement", "semi_basement")), "storey",
         ["负一层", "半地下", "首层", "B1-2层", "夹层"],
         ["fails storey_basement", "fails storey_semi_basement", "meets", "unknown storey_mixed", "meets"]),
        (rule("storey", at_most=1, exclude=("basement",)), "storey", ["1", "二层", "-1", "-1至2层"],
         ["meets", "fails storey_above", "fails storey_basement", "fails storey_basement"]),
        (rule("available", by=date(2027, 6, 30)), "available_from",
         ["2027-06-30", "2027-07-01", "2027-06", "2027-05", "2027", "2026", "2028", None],
         ["meets", "fails not_available_yet", "meets", "meets", "unknown date_unsure", "meets",
          "fails not_available_yet", "unknown value_missing"]),
        (rule("column", column="层高", at_least=3.3), "层高", [3.3, 3.29, None, "3.3", "3.5米", "约4"],
         ["meets", "fails column_below", "unknown value_missing", "meets", "unknown value_unreadable",
          "unknown value_unreadable"]),
        (rule("column", column="cost", at_most=500), "cost", [500.0, 500.01, None],
         ["meets", "fails column_above", "unknown value_missing"]),
        (rule("column", column="距离", at_least=-1, at_most=1), "距离", [-1, -1.001, 0, 1, 1.001],
         ["meets", "fails column_below", "meets", "meets", "fails column_above"]),
        (rule("column", column="消防", **{"is": ("已验收",)}), "消防", ["已验收", " 已验收 ", "未验收", "不详", ""],
         ["meets", "meets", "fails column_other", "unknown value_missing", "unknown value_missing"]),
        (rule("column", column="accessible", **{"is": ("true",)}), "accessible", [True, False, None],
         ["meets", "fails column_other", "unknown value_missing"]),
        (rule("land_use", column="用地", **{"is": ("R2*", "A5")}), "用地",
         ["R2", "R22", "a5", "A51", "R1", None, "Ｒ２１"],
         ["meets", "meets", "meets", "fails land_use_other", "fails land_use_other", "unknown value_missing", "meets"]),
        (rule("land_use", column="用地", **{"not": ("M*", "W")}), "用地", ["M1", "W", "W1", "R2"],
         ["fails land_use_other", "fails land_use_other", "meets", "meets"]),
    ],
)  # fmt: skip
def test_a_rule_about_a_cell(asked, column, cells, expected):
    assert judged(sites(**{column: cells}), asked) == expected


def test_the_least_size_of_the_document_may_depend_on_what_is_served():
    """200 m² for existing areas, 350 for new ones: below both too small, from the larger on enough, between unknown."""
    around = Around(least_m2=(Decimal(200), Decimal(350)))
    table = sites(max_floor_area_m2=[199.9, 200.0, 349.9, 350.0, None])
    assert judged(table, rule("floor_area", at_least_m2="minimum"), around) == [
        "fails area_below", "unknown depends_on_built", "unknown depends_on_built", "meets", "unknown value_missing",
    ]  # fmt: skip


def test_numbers_are_compared_as_they_are_written():
    """349.8 is 349.8: the sum 0.1 + 0.2 of floats would be above 0.3."""
    assert judged(sites(厚=[0.3, 0.1 + 0.2]), rule("column", column="厚", at_most=0.3)) == [
        "meets", "fails column_above",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("十二层", [12]), ("二十层", [20]), ("二十三层", [23]), ("1-3层", [1, 3]), ("F08", [8]), ("首层", [1])],
)
def test_storeys_are_numbered(text, numbers):
    assert [one.number for one in storeys.read(text)] == numbers


# ------------------------------------------------------------------------------------------------- rules on the ground


def test_away_on_the_line_and_a_millimetre_short():
    """A station at x = 0: 50 m away at x = 50; 0.4 mm less is the same millimetre, 1 mm less is too near."""
    around = Around({"hazards": layer("hazards", Point(X0, Y0))})
    table = sites(geometry=[Point(X0 + x, Y0) for x in (50, 49.9996, 49.999, 0, 50.001)])
    assert judged(table, rule("away", **{"from": "hazards"}, at_least_m=50), around) == [
        "meets", "meets", "fails too_near", "fails inside", "meets",
    ]  # fmt: skip


def test_away_from_an_area_counts_from_its_border_and_inside_is_never_far_enough():
    """A slope from x = 0 to 100; with 0 m asked its border is outside, with 10 m the border is too near."""
    around = Around({"hazards": layer("hazards", box(X0, Y0 - 50, X0 + 100, Y0 + 50))})
    table = sites(
        geometry=[
            Point(X0 + 50, Y0), Point(X0 + 100, Y0), Point(X0 + 110, Y0), Point(X0 + 109.999, Y0),
            box(X0 + 90, Y0, X0 + 130, Y0 + 10), box(X0 + 100, Y0, X0 + 130, Y0 + 10),
        ]
    )  # fmt: skip
    assert judged(table, rule("away", **{"from": "hazards"}, at_least_m=0), around) == [
        "fails inside", "meets", "meets", "meets", "fails inside", "meets",
    ]  # fmt: skip
    assert judged(table, rule("away", **{"from": "hazards"}, at_least_m=10), around) == [
        "fails inside", "fails too_near", "meets", "fails too_near", "fails inside", "fails too_near",
    ]  # fmt: skip


def test_near_includes_the_limit_and_names_the_nearest():
    hospitals = layer("medical", Point(X0 + 1000, Y0), Point(X0, Y0), name=["东院", None])
    table = sites(geometry=[Point(X0 + x, Y0) for x in (300, 300.001, 500, 800)])
    screening = room.screen(table, [rule("near", to="medical", at_most_m=300)], Around({"medical": hospitals}))
    assert screening.table["outcome"].tolist() == ["meets", "fails", "fails", "meets"]
    assert screening.table["value"].tolist() == ["300", "300.001", "500", "200"]
    assert screening.table["target"].tolist() == ["P2", "P2", "东院", "东院"], "of two equally near the smaller id: P1"


def test_a_place_without_a_kind_may_be_one_of_those_asked_for():
    """Petrol at x = 0, something unnamed at x = 200, a park at x = 400; 300 and 140 are on the line of either rule."""
    places = layer("hazards", *(Point(X0 + x, Y0) for x in (0, 200, 400)), kind=["加油站", None, "公园"])
    table = sites(geometry=[Point(X0 + x, Y0) for x in (50, 150, 400, 300, 140)])
    keep = rule("away", **{"from": "hazards"}, at_least_m=100, kinds=("加油站",))
    assert judged(table, keep, Around({"hazards": places})) == [
        "fails too_near", "unknown kind_missing", "meets", "meets", "unknown kind_missing",
    ]  # fmt: skip
    close = rule("near", to="hazards", at_most_m=60, kinds=("加油站",))
    assert judged(table, close, Around({"hazards": places})) == [
        "meets", "unknown kind_missing", "fails too_far", "fails too_far", "unknown kind_missing",
    ]  # fmt: skip


def test_kinds_are_compared_whole():
    """养老产业 is no 养老."""
    places = layer("places", Point(X0, Y0), Point(X0 + 500, Y0), kind=["养老产业", "养老"])
    table = sites(geometry=[Point(X0, Y0), Point(X0 + 500, Y0)])
    assert judged(table, rule("near", to="places", at_most_m=10, kinds=("养老",)), Around({"places": places})) == [
        "fails too_far", "meets",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_distances_equal_a_search_through_all_places(seed):
    chance = random.Random(seed)

    def shape() -> Any:
        x, y, size = X0 + chance.uniform(0, 100), Y0 + chance.uniform(0, 100), chance.uniform(1, 20)
        return chance.choice([Point(x, y), box(x, y, x + size, y + size), LineString([(x, y), (x + size, y - size)])])

    hazards = layer(
        "hazards", *(shape() for _ in range(12)), kind=[chance.choice(["甲", "乙", None]) for _ in range(12)]
    )
    places = [shape() for _ in range(25)]
    limit_m = chance.choice([0, 5, 12.5, 30])
    kinds = chance.choice([None, ("甲",)])
    facts: dict[str, Any] = {"from": "hazards", "at_least_m": limit_m} | ({"kinds": kinds} if kinds else {})
    found = room.screen(sites(geometry=places), [rule("away", **facts)], Around({"hazards": hazards})).table
    by_id = found.set_index("facility_id")["outcome"]
    there = list(zip(hazards.geometry, hazards["kind"], strict=True))
    for number, place in enumerate(places, start=1):
        known = [one for one, kind in there if kinds is None or kind == "甲"]
        open_ = [one for one, kind in there if kinds and pd.isna(kind)]
        bad, maybe = (any(_too_near(place, one, limit_m) for one in some) for some in (known, open_))
        assert by_id[f"S{number}"] == ("fails" if bad else "unknown" if maybe else "meets")


def _too_near(place: Any, other: Any, limit_m: float) -> bool:
    shared = place.intersects(other) and not place.touches(other)
    return shared or round(place.distance(other) * 1000) < round(limit_m * 1000)


def test_land_use_by_the_polygon_that_holds_the_site():
    """R2 west of x = 100, M1 east of it, nothing beyond 200, a part without a code from 300 to 400."""
    uses = layer(
        "land_use", box(X0, Y0, X0 + 100, Y0 + 100), box(X0 + 100, Y0, X0 + 200, Y0 + 100),
        box(X0 + 300, Y0, X0 + 400, Y0 + 100), land_use=["R2", "M1", None],
    )  # fmt: skip
    shapes = [
        Point(X0 + 50, Y0 + 50), Point(X0 + 150, Y0 + 50), Point(X0 + 100, Y0 + 50), Point(X0 + 250, Y0 + 50),
        Point(X0 + 350, Y0 + 50), box(X0 + 50, Y0, X0 + 101, Y0 + 50), box(X0 + 50, Y0, X0 + 100.01, Y0 + 50),
    ]  # fmt: skip
    assert judged(sites(geometry=shapes), rule("land_use", **{"is": ("R*",)}), Around({"land_use": uses})) == [
        "meets", "fails land_use_other", "unknown land_use_mixed", "unknown value_missing", "unknown value_missing",
        "unknown land_use_mixed", "meets",
    ]  # fmt: skip


def test_the_tables_own_land_use_comes_before_the_layer():
    uses = layer("land_use", box(X0 - 10, Y0 - 10, X0 + 10, Y0 + 10), land_use=["M1"])
    table = sites(geometry=[Point(X0, Y0), Point(X0, Y0)], 用地性质=["R2", None])
    assert judged(table, rule("land_use", **{"is": ("R2",)}), Around({"land_use": uses})) == [
        "meets", "fails land_use_other",
    ]  # fmt: skip


def test_walks_decide_on_foot():
    """500.0004 m are 500 m; no way is too far for `near` and far enough for `away`; off the network is unknown."""
    hospitals = layer("medical", Point(X0, Y0), Point(X0 + 900, Y0))

    def walk(table: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Walk:
        assert len(places) == 2
        metres = dict(zip(("S1", "S2", "S3", "S4"), (500.0004, 500.001, np.inf, np.nan), strict=True))
        nearest = np.where(np.isfinite([metres[name] for name in table["facility_id"]]), 1, -1)
        return Walk(np.array([metres[name] for name in table["facility_id"]]), nearest, np.array([False, True]))

    around = Around({"medical": hospitals}, walk=walk)
    table = sites(geometry=[Point(X0 + 3000, Y0)] * 4)
    assert judged(table, rule("near", to="medical", at_most_m=500, by="walk"), around) == [
        "meets", "fails too_far", "fails unreachable", "unknown unsnapped",
    ]  # fmt: skip
    assert judged(table, rule("away", **{"from": "medical"}, at_least_m=500.001, by="walk"), around) == [
        "fails too_near", "meets", "meets", "unknown unsnapped",
    ]  # fmt: skip
    close = sites(geometry=[Point(X0 + 901, Y0)] * 4)
    assert judged(close, rule("near", to="medical", at_most_m=500, by="walk"), around) == [
        "meets", "unknown target_off_network", "unknown target_off_network", "unknown unsnapped",
    ]  # fmt: skip


# --------------------------------------------------------------------------------------------------- what comes of it


def marks(screening: room.Screening, column: str) -> dict[str, Any]:
    return {name: None if pd.isna(cell) else cell for name, cell in screening.marks[column].items()}


def test_what_follows_from_findings():
    """S1 large and public, S2 small, S3 of unknown size, S4 forbidden by its table, S5 required by its table."""
    table = sites(
        max_floor_area_m2=[800.0, 100.0, None, 900.0, 900.0],
        ownership=["public", "public", "public", "public", None],
        role=[None, "candidate", "candidate", "forbidden", "required"],
    )
    rules = [
        rule("floor_area", at_least_m2=350),
        rule("ownership", "prefer", **{"is": ("public",)}),
    ]
    screening = room.screen(table, rules, Around())
    assert screening.faults == ()
    assert marks(screening, "role_used") == {
        "S1": "candidate", "S2": "forbidden", "S3": "candidate", "S4": "forbidden", "S5": "required",
    }  # fmt: skip
    assert marks(screening, "preferred") == {"S1": True, "S2": False, "S3": True, "S4": False, "S5": False}
    assert marks(screening, "reasons") == {
        "S1": "preferred_by_rule",
        "S2": "area_below;preferred_by_rule",
        "S3": "value_missing;preferred_by_rule",
        "S4": "given_forbidden;preferred_by_rule",
        "S5": "given_required;value_missing",
    }
    assert marks(screening, "unknown") == {"S1": None, "S2": None, "S3": "1", "S4": None, "S5": "2"}
    assert screening.table["verdict"].tolist() == [
        "", "preferred", "forbidden", "preferred", "flagged", "preferred", "", "preferred", "", "flagged",
    ]  # fmt: skip


def test_a_reason_given_by_two_rules_is_said_once():
    rules = [rule("floor_area", at_least_m2=350), rule("floor_area", at_least_m2=300)]
    assert marks(room.screen(sites(max_floor_area_m2=[100.0]), rules, Around()), "reasons") == {"S1": "area_below"}


def test_an_unknown_may_forbid_but_never_passes():
    table = sites(max_floor_area_m2=[None, 400.0])
    strict = room.screen(table, [rule("floor_area", unknown="forbid", at_least_m2=350)], Around())
    assert marks(strict, "role_used") == {"S1": "forbidden", "S2": "candidate"}
    wanted = room.screen(table, [rule("floor_area", "require", at_least_m2=350)], Around())
    assert marks(wanted, "role_used") == {"S1": "candidate", "S2": "required"}
    assert marks(wanted, "reasons") == {"S1": "value_missing", "S2": "required_by_rule"}


def test_contradictions_are_told():
    """S1 is required and too small: an error. S2 is required by a rule but its table forbids it: told, stays out."""
    table = sites(
        max_floor_area_m2=[100.0, 500.0, 100.0],
        role=["required", "forbidden", None],
        ownership=["private", "public", "public"],
    )
    rules = [rule("floor_area", at_least_m2=350), rule("ownership", "require", **{"is": ("public",)})]
    screening = room.screen(table, rules, Around(), file="plan.toml")
    said = [(fault.code, fault.severity, fault.value, fault.column) for fault in screening.faults]
    assert said == [
        ("screen_required_forbidden", "error", "S1", "siting.screen[1]"),
        ("screen_require_forbidden", "warning", "S2", "siting.screen[2]"),
        ("screen_require_forbidden", "warning", "S3", "siting.screen[2]"),
    ]
    assert marks(screening, "role_used") == {"S1": "forbidden", "S2": "forbidden", "S3": "forbidden"}
    assert all(fault.message() and fault.remedy() for fault in screening.faults)
    assert [fault.value in fault.message("en") for fault in screening.faults] == [True] * 3  # the candidate by its id


def test_without_rules_every_candidate_keeps_its_role():
    screening = room.screen(sites(role=["required", "forbidden", None]), [], Around())
    assert marks(screening, "role_used") == {"S1": "required", "S2": "forbidden", "S3": "candidate"}
    assert screening.table.empty
    assert tuple(screening.table.columns) == room.COLUMNS


def test_no_candidate_is_ever_dropped_and_no_order_of_rows_matters():
    chance = random.Random(7)
    size = 40
    shapes = [Point(X0 + chance.uniform(0, 1000), Y0 + chance.uniform(0, 1000)) for _ in range(size)]
    table = sites(
        geometry=shapes,
        max_floor_area_m2=[chance.choice([100.0, 400.0, None]) for _ in range(size)],
        ownership=[chance.choice(["public", "private", None]) for _ in range(size)],
    )
    hazards = layer("hazards", *(Point(X0 + chance.uniform(0, 1000), Y0) for _ in range(9)), name=["同"] * 9)
    rules = [
        rule("floor_area", at_least_m2=350),
        rule("away", **{"from": "hazards"}, at_least_m=200),
        rule("ownership", "prefer", **{"is": ("public",)}),
    ]
    first = room.screen(table, rules, Around({"hazards": hazards}))
    assert len(first.table) == size * 3
    assert set(first.marks.index) == set(table["facility_id"])
    for seed in range(20):
        mixed = table.sample(frac=1, random_state=seed).reset_index(drop=True)
        others = hazards.sample(frac=1, random_state=seed).reset_index(drop=True)
        again = room.screen(mixed, rules, Around({"hazards": others}))
        pd.testing.assert_frame_equal(again.table, first.table)
        pd.testing.assert_frame_equal(again.marks, first.marks)


def test_the_input_is_left_alone():
    table = sites(max_floor_area_m2=[100.0], role=["candidate"])
    before = table.copy()
    room.screen(table, [rule("floor_area", at_least_m2=350)], Around())
    pd.testing.assert_frame_equal(table, before)


# ------------------------------------------------------------------------------------------------ what cannot be asked


def said(faults: list[Any]) -> list[tuple[str, str, str, str]]:
    return [(fault.code, fault.severity, fault.column, fault.value) for fault in faults]


def test_everything_that_stands_in_the_way_is_said_at_once():
    places = layer("places", Point(X0, Y0), kind=["加油站"])
    rules = [
        rule("near", to="medical", at_most_m=500),
        rule("away", **{"from": "hazards"}, at_least_m=10),
        rule("away", **{"from": "places"}, at_least_m=10, kinds=("加油战",)),
        rule("column", column="消房", **{"is": ("是",)}),
        rule("land_use", **{"is": ("R2",)}),
        rule("floor_area", at_least_m2="minimum"),
        rule("away", **{"from": "barriers"}, at_least_m=10, kinds=("铁路",)),
        rule("storey", at_most=1),
    ]
    around = Around(
        {"hazards": layer("hazards"), "places": places, "barriers": layer("barriers", LineString([(0, 0), (1, 1)]))}
    )
    faults = room.check(sites(消防=["是"], max_floor_area_m2=[1.0]), rules, around, file="plan.toml")
    assert said(faults) == [
        ("screen_layer_absent", "error", "siting.screen[1].to", "medical"),
        ("screen_layer_empty", "error", "siting.screen[2].from", "hazards"),
        ("screen_kind_unknown", "error", "siting.screen[3].kinds", "加油战"),
        ("screen_column_unknown", "error", "siting.screen[4].column", "消房"),
        ("screen_land_use_absent", "error", "siting.screen[5].column", "land_use"),
        ("screen_no_minimum", "error", "siting.screen[6].at_least_m2", "minimum"),
        ("screen_kinds_absent", "error", "siting.screen[7].kinds", "barriers"),
        ("screen_column_empty", "warning", "siting.screen[8].rule", "storey"),
    ]
    assert [faults[2].facts["nearest"], faults[3].facts["nearest"]] == ["加油站", "消防"]
    for fault in faults:
        assert "{" not in fault.message() + fault.remedy()
        assert fault.file == "plan.toml"


def test_a_word_that_no_candidate_has_is_told():
    """A misspelt code under `not` would let everything pass."""
    faults = room.check(sites(用地=["M1", "R2"]), [rule("land_use", column="用地", **{"not": ("Ml", "R*")})], Around())
    assert said(faults) == [("screen_word_unmatched", "warning", "siting.screen[1].not", "Ml")]
    assert faults[0].facts["nearest"] == "M1"
    assert "用地" in faults[0].message("zh")


def test_a_column_with_some_cells_is_no_empty_column():
    assert room.check(sites(storey=["1层", None]), [rule("storey", at_most=1)], Around()) == []


def test_every_code_has_its_sentence_in_both_languages():
    source = "".join(path.read_text("utf-8") for path in (Path(room.__file__).parent).glob("*.py"))
    codes = set(re.findall(r'(?:UNKNOWN|FAILS), "([a-z_]+)"', source)) | {
        "too_near",
        "inside",
        "too_far",
        "unreachable",
    }
    assert len(codes) > 15
    for code in codes | {f"storey_{kind}" for kind in ("basement", "semi_basement", "mezzanine", "above")}:
        assert texts.has(f"candidates.reason.{code}"), code
