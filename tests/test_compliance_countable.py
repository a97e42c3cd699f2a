"""Which rooms a plan lets count: storeys, own entrance, accessible; and every square metre accounted for once."""

from __future__ import annotations

import random
import tomllib
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from test_compliance import NO_MINIMUM, ONE_MINIMUM, area, assess, document, row, table, unit
from test_compliance_oracle import district, judge

from planning import compliance, plan, storeys, texts

NO_BASEMENT = {"exclude_storeys": ["basement", "semi_basement", "mezzanine"]}


# ------------------------------------------------------------------------------------------------------------- storeys


WRITTEN = {
    "basement": "地下 地下室 地下一层 地下1层 负一层 负1楼 -1 -1层 −1 －２层 B1 b2层 地下车库 地下夹层 -2--1 -2至-1",
    "semi_basement": "半地下 半地下室 半地下一层 semi_basement",
    "mezzanine": "夹层 mezzanine",
    "above": "1 1层 １ 一层 首层 底层 顶层 第三层 十二层 地上二层 2F F3 1-2 1-2层 1层-3层 一至三层 1、2层 1~3",
    "basement above": "-1至2层 -1-2 B1-3F 地下一层至地上三层 地下室、1层",
    "semi_basement mezzanine": "半地下、夹层",
}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [(text, kinds) for kinds, texts in WRITTEN.items() for text in (*texts.split(), f" {texts.split()[0]} ")],
)
def test_storeys_as_people_write_them(text: str, kinds: str) -> None:
    assert {one.kind for one in storeys.read(text)} == set(kinds.split())


@pytest.mark.parametrize("text", ["整栋", "二层及以上", "沿街", "1层商铺", "地下1-2层", "1.5层", "B", "--", "、", "楼"])
def test_what_is_not_understood_is_said_to_be_so(text: str) -> None:
    assert storeys.read(text) is None


@pytest.mark.parametrize(
    ("storey", "verdict", "reason"),
    [
        ("1层", "meets", "counted"),
        ("地下一层", "fails", "storey_basement"),
        ("半地下", "fails", "storey_semi_basement"),
        ("夹层", "fails", "storey_mezzanine"),
        ("B1、夹层", "fails", "storey_basement"),
        ("B1-2F", "not_assessable", "storey_mixed"),
        ("沿街", "not_assessable", "storey_unreadable"),
        (None, "not_assessable", "storey_missing"),
        ("不详", "not_assessable", "storey_missing"),
    ],
)
def test_a_room_counts_by_its_storey(storey: str | None, verdict: str, reason: str) -> None:
    """300 m² of 300 owed: counted, shut out, or open; never 0 where nothing is known."""
    found = assess([area()], [unit(storey=storey)], **NO_BASEMENT)
    room = found.rooms.iloc[0]
    assert (row(found)["verdict"], room["reason"]) == (verdict, reason)
    expected = {"meets": (300.0, 0.0), "fails": (0.0, 300.0), "not_assessable": (np.nan, 0.0)}[verdict]
    assert room["floor_area_m2"] == 300
    np.testing.assert_equal((room["credited_m2"], room["rejected_m2"]), expected)


def test_a_storey_that_the_plan_does_not_name_counts() -> None:
    rooms = [unit("f", 150, storey="B1"), unit("g", 150, storey="夹层"), unit("h", 300, storey="半地下")]
    found = assess([area()], rooms, exclude_storeys=["semi_basement"])
    assert row(found)["provided_m2"] == 300
    assert list(found.rooms["rejected_m2"]) == [0, 0, 300]


def test_eight_rooms_one_for_each_rule() -> None:
    """Rooms of 2^n m²: what is credited is the sum of those that count, and accepted + rejected = all of it."""
    rooms = [
        unit("a", 1, storey="1层", own_entrance=True, accessible=True),
        unit("b", 2, storey="B1", own_entrance=True, accessible=True),
        unit("c", 4, storey="半地下", own_entrance=True, accessible=True),
        unit("d", 8, storey="夹层", own_entrance=True, accessible=True),
        unit("e", 16, storey="2层", own_entrance=False, accessible=True),
        unit("f", 32, storey="2层", own_entrance=True, accessible=False),
        unit("g", 64, storey="2层", own_entrance=True, accessible=True),
        unit("h", 128, storey="B1", own_entrance=False, accessible=False),
    ]
    found = assess([area()], rooms, **NO_BASEMENT, needs_own_entrance=True, needs_accessible=True)
    assert row(found)["provided_m2"] == 1 + 64
    assert list(found.rooms["reason"]) == [
        "counted", "storey_basement", "storey_semi_basement", "storey_mezzanine", "no_own_entrance", "no_accessible",
        "counted", "storey_basement",
    ]  # fmt: skip
    pd.testing.assert_series_equal(
        found.rooms["credited_m2"] + found.rooms["rejected_m2"], found.rooms["floor_area_m2"], check_names=False
    )
    assert not found.rooms.loc[found.rooms["reason"] != "counted", ["counted", "counted_on_paper"]].any(axis=None)


@pytest.mark.parametrize("name", ["own_entrance", "accessible"])
@pytest.mark.parametrize(("stated", "verdict"), [(True, "meets"), (False, "fails"), (None, "not_assessable")])
def test_doors_and_access(name: str, stated: bool | None, verdict: str) -> None:
    found = assess([area()], [unit(**{name: stated})], **{f"needs_{name}": True})
    assert row(found)["verdict"] == verdict
    assert found.rooms["reason"].item() == {"meets": "counted", "fails": f"no_{name}"}.get(verdict, f"{name}_missing")
    assert row(assess([area()], [unit(**{name: stated})]))["verdict"] == "meets"


def test_one_ground_shuts_a_room_out_whatever_else_is_unknown() -> None:
    found = assess([area()], [unit(storey=None, own_entrance=False)], **NO_BASEMENT, needs_own_entrance=True)
    assert (row(found)["verdict"], found.rooms["reason"].item()) == ("fails", "no_own_entrance")


def test_a_room_shut_out_counts_on_no_paper_either_and_still_replaces_a_statement() -> None:
    found = assess([area(care_floor_area_m2=400)], [unit(storey="B1", status="planned")], **NO_BASEMENT)
    assert (row(found)["verdict"], row(found)["paper_verdict"]) == ("fails", "fails")
    assert found.rooms["reason"].tolist() == ["storey_basement", "replaced_by_facility"]


def test_a_statement_says_nothing_of_storeys() -> None:
    """350 m² stated are open under such a rule; 0 m² stay 0, and a room that suffices settles the matter."""
    stated = {"care_floor_area_m2": 350, "largest_unit_m2": 350}
    found = assess([area(**stated)], law=ONE_MINIMUM, **NO_BASEMENT)
    assert (row(found)["verdict"], row(found)["reason"]) == ("not_assessable", "room_not_described")
    assert found.rooms["floor_area_m2"].item() == 350
    assert row(assess([area(care_floor_area_m2=0)], **NO_BASEMENT))["verdict"] == "fails"
    assert row(assess([area(**stated)], law=ONE_MINIMUM))["verdict"] == "meets"


def test_a_doubtful_room_beside_enough_others() -> None:
    found = assess([area()], [unit("f", 300, storey="1"), unit("g", 50)], **NO_BASEMENT)
    assert (row(found)["verdict"], row(found)["reason"]) == ("meets", "meets_without_unknown")
    assert row(found)["provided_m2"] == 300


def test_a_doubtful_room_may_or_may_not_reach_the_single_minimum() -> None:
    """290 m² in a room that counts and 10 in one that may: the rate is open, the unit is not."""
    found = row(assess([area()], [unit("f", 290, storey="1"), unit("g", 10)], law=ONE_MINIMUM, **NO_BASEMENT))
    assert (found["verdict"], found["reason"], bool(found["unit_ok"])) == ("not_assessable", "storey_missing", True)


def test_without_a_switch_nothing_is_asked() -> None:
    """The five documents state no such rule: rooms in a basement count unless the plan says otherwise."""
    places = [unit("f", 150, storey="B1", own_entrance=False), unit("g", 150, accessible=False)]
    assert row(assess([area()], places))["verdict"] == "meets"
    off: dict[str, Any] = {"exclude_storeys": [], "needs_own_entrance": False, "needs_accessible": False}
    for seed in range(8):
        world = district(seed)
        world.switches = {key: value for key, value in world.switches.items() if key not in off}
        before = judge(world)
        world.switches |= off
        pd.testing.assert_frame_equal(before.rooms, judge(world).rooms)


def test_every_reason_has_a_sentence() -> None:
    codes = ["storey_missing", "storey_unreadable", "storey_mixed", "storey_basement", "storey_semi_basement"]
    codes += ["storey_mezzanine", "no_own_entrance", "own_entrance_missing", "no_accessible", "accessible_missing"]
    assert all(texts.has(f"compliance.reason.{code}") for code in (*codes, "room_not_described"))


@pytest.mark.parametrize("words", ['["basement"]', "[]", '["semi_basement", "mezzanine"]'])
def test_the_plan_file_knows_the_keys(words: str) -> None:
    kind = plan.SECTIONS["standards"]["exclude_storeys"]

    assert kind.accepts(tomllib.loads(f"k = {words}")["k"])
    assert not kind.accepts(["cellar"])
    assert not kind.accepts("basement")


# ------------------------------------------------------------------------------------------------------------- measure


def test_measure_says_what_a_room_would_count_with() -> None:
    law = document(rate={"new": "30"}, gross=True)
    rooms = table(
        "facilities",
        [
            unit("f", 130, storey="1", status="closed"),
            unit("g", 100, storey="1", area_type="usable"),
            unit("h", 100, storey="B1"),
            unit("i", None, storey="1"),
            unit("j", 100),
        ],
    )
    found = compliance.measure(rooms, law, switches={**NO_BASEMENT, "usable_to_gross": 1.3})
    assert found["area_m2"].tolist() == [130, 130, None, None, None]
    assert found["room_m2"].tolist() == [130, 130, None, None, None]
    assert found["reason"].tolist() == ["", "", "storey_basement", "floor_area_missing", "storey_missing"]
    plain = compliance.measure(rooms, law, switches={})
    assert plain["reason"].tolist() == ["", "usable_area", "", "floor_area_missing", ""]


# ------------------------------------------------------------------------------------- each square metre once, by an LP


def shared_district(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return areas with whole needs (30 m² per hundred households) and rooms that serve some of them together."""
    pick = random.Random(seed)
    names = "ABCDEF"[: pick.randint(2, 6)]
    areas = [area(name, 100 * pick.choice((0, 1, 2, 3, 5, 8))) for name in names]
    rooms = [
        unit(
            f"f{place}",
            float(pick.choice((0, 30, 64, 100, 333))),
            ";".join(pick.sample(names, pick.randint(1, len(names)))),
        )
        for place in range(pick.randint(1, 6))
    ]
    return areas, rooms


def by_linear_programme(need: dict[str, float], rooms: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """Share the rooms out by a linear programme: as much as possible, no room more than it has, in proportion to need.

    Variables are the square metres of room r for area a it serves; maximise their sum subject to Σ_a x_ra ≤ m2_r and
    x_ra × need_b = x_rb × need_a. The rule's own words, without its formula.
    """
    pairs = [(one["facility_id"], name) for one in rooms for name in sorted(set(one["serves"].split(";")))]
    place = {pair: number for number, pair in enumerate(pairs)}
    upper, most, equal = [], [], []
    for one in rooms:
        served = sorted(set(one["serves"].split(";")))
        upper.append([1.0 if pair[0] == one["facility_id"] else 0.0 for pair in pairs])
        most.append(one["floor_area_m2"] if len(served) == 1 or any(need[name] for name in served) else 0.0)
        owing = [name for name in served if need[name]]
        for first, second in pairwise(owing):
            line = np.zeros(len(pairs))
            line[place[one["facility_id"], first]] = need[second]
            line[place[one["facility_id"], second]] = -need[first]
            equal.append(line)
        for name in set(served) - set(owing) if len(served) > 1 else ():
            line = np.zeros(len(pairs))
            line[place[one["facility_id"], name]] = 1.0
            equal.append(line)
    solved = linprog(
        -np.ones(len(pairs)),
        A_ub=np.array(upper),
        b_ub=most,
        A_eq=np.array(equal) if equal else None,
        b_eq=np.zeros(len(equal)) if equal else None,
    )
    assert solved.status == 0
    return dict(zip(pairs, solved.x, strict=True))


@pytest.mark.parametrize("seed", range(25))
def test_shares_agree_with_a_linear_programme(seed: int) -> None:
    areas, rooms = shared_district(seed)
    need = {one["residential_id"]: one["households"] * 0.3 for one in areas}
    expected = by_linear_programme(need, rooms)
    found = assess(areas, rooms).rooms
    credited = {
        (facility, name): value
        for facility, name, value in found[["facility_id", "residential_id", "credited_m2"]].itertuples(index=False)
    }
    assert credited.keys() == expected.keys()
    assert credited == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(25))
def test_no_sharing_does_better_than_a_free_one(seed: int) -> None:
    """The rule is one way to share: a programme free to share otherwise leaves no more uncovered than it does.

    Both hand out the same floor area wherever somebody served owes anything.
    """
    areas, rooms = shared_district(seed)
    found = assess(areas, rooms)
    need = {one["residential_id"]: one["households"] * 0.3 for one in areas}
    pairs = [(one["facility_id"], name) for one in rooms for name in sorted(set(one["serves"].split(";")))]
    count, names = len(pairs), list(need)
    lacks = np.zeros(count + len(names))
    lacks[count:] = 1
    upper, most = [], []
    for one in rooms:
        upper.append([*(pair[0] == one["facility_id"] for pair in pairs), *[0] * len(names)])
        most.append(one["floor_area_m2"])
    for place, name in enumerate(names):
        upper.append([*(-1.0 if pair[1] == name else 0.0 for pair in pairs), *-np.eye(len(names))[place]])
        most.append(-need[name])
    best = linprog(lacks, A_ub=np.array(upper, dtype=float), b_ub=most)
    ours = sum(
        max(value - found.rooms.query("residential_id == @name")["credited_m2"].sum(), 0)
        for name, value in need.items()
    )
    assert best.status == 0
    assert ours >= best.fun - 1e-6
    for one in rooms:
        given = found.rooms.query("facility_id == @one['facility_id']")
        somebody = any(need[name] for name in one["serves"].split(";")) or len(given) == 1
        assert given["credited_m2"].sum() == pytest.approx(one["floor_area_m2"] if somebody else 0)


@pytest.mark.parametrize("block", range(3))
def test_no_facility_gives_more_than_it_has(block: int) -> None:
    """Credited ≤ countable for every facility of random districts, in exact fractions of what the tables say."""
    for seed in range(5000 + 12 * block, 5012 + 12 * block):
        for _, rooms in judge(district(seed)).rooms.dropna(subset=["facility_id"]).groupby("facility_id"):
            whole = Fraction(str(rooms["floor_area_m2"].fillna(0).iloc[0]))
            credited = sum((Fraction(str(value)) for value in rooms["credited_m2"].dropna()), Fraction(0))
            assert credited <= whole * (1 + Fraction(1, 10**12))
            if not rooms["counted"].any():
                assert credited == 0


def test_nobody_owes_nobody_is_credited() -> None:
    found = assess([area("A", 0), area("B", 0)], [unit(m2=100, serves="A;B")], law=NO_MINIMUM)
    assert found.rooms["credited_m2"].sum() == 0
    assert found.rooms["rejected_m2"].sum() == 100
