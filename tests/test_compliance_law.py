"""The parts of the floor-area law one by one, each answer worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point
from test_compliance import ONE_MINIMUM, area, assess, document, row, table, unit

from planning import compliance
from planning.compliance import _law, _pools, _rooms
from planning.compliance._countable import Countable
from planning.compliance._law import Judgement, Measure, Part
from planning.errors import InputRefused

ZERO = Fraction(0)
ANY = Countable(frozenset(), own_entrance=False, accessible=False)


def m2(value: float | None, why: str = "") -> Measure:
    return Measure(None if value is None else Fraction(value), why)


# ------------------------------------------------------------------------------------ what an area states in one figure


@pytest.mark.parametrize(
    ("area_m2", "rooms_m2", "largest", "part"),
    [
        # one room, or none at all: largest and smallest are the whole
        (300, 300, 300, Part(Fraction(300), (Fraction(300), Fraction(300)), (Fraction(300), Fraction(300)))),
        (0, 0, None, Part(ZERO, (ZERO, ZERO), (ZERO, ZERO))),
        # largest known: the rest is one room or many, none larger than the largest or than the rest
        (300, 300, 200, Part(Fraction(300), (Fraction(200),) * 2, (ZERO, Fraction(100)), "", "rooms_not_listed")),
        (300, 300, 100, Part(Fraction(300), (Fraction(100),) * 2, (ZERO, Fraction(100)), "", "rooms_not_listed")),
        # largest not given, or impossible
        (300, 300, None, Part(Fraction(300), (ZERO, Fraction(300)), (ZERO, Fraction(300)), "", "largest_unit_missing")),
        (
            300,
            300,
            301,
            Part(Fraction(300), (ZERO, Fraction(300)), (ZERO, Fraction(300)), "", "largest_unit_contradicts"),
        ),
        # in the terms of the minimum nothing is known; in those of the rate it is
        (300, None, None, Part(Fraction(300), (ZERO, None), (ZERO, None), "", "no_factor")),
        # and the other way round
        (None, 300, 300, Part(None, (Fraction(300),) * 2, (Fraction(300),) * 2, "no_factor")),
        (None, 300, 200, Part(None, (Fraction(200),) * 2, (ZERO, Fraction(100)), "no_factor", "rooms_not_listed")),
        (
            None,
            300,
            None,
            Part(None, (ZERO, Fraction(300)), (ZERO, Fraction(300)), "no_factor", "largest_unit_missing"),
        ),
        (None, None, 200, Part(None, (ZERO, None), (ZERO, None), "no_factor", "no_factor")),
    ],
)
def test_rooms_stated_as_one_floor_area(
    area_m2: float | None, rooms_m2: float | None, largest: float | None, part: Part
) -> None:
    said = [m2(size, "" if size is not None else "no_factor") for size in (area_m2, rooms_m2)]
    assert _law.declared(*said, None if largest is None else Fraction(largest)) == part


def test_a_room_too_small_fails_though_another_is_unknown() -> None:
    """Each room must reach 200 m²: 150 does not, whatever the other has; the rate stays open."""
    rooms = [unit("f", 150), unit("g", None)]
    found = row(assess([area()], rooms, law=ONE_MINIMUM, single_minimum_applies="existing_rooms"))
    assert (found["verdict"], found["reason"]) == ("fails", "unit_short")
    assert pd.isna(found["rate_ok"])
    assert not found["unit_ok"]


def test_rooms_of_unknown_size_leave_each_room_open() -> None:
    """Each room must reach 200 m²; one of 300 m² does, one of unknown size may not."""
    found = assess(
        [area()], [unit("f", 300), unit("g", None)], law=ONE_MINIMUM, single_minimum_applies="existing_rooms"
    )
    assert (row(found)["verdict"], row(found)["reason"]) == ("not_assessable", "floor_area_missing")
    alone = assess([area()], [unit("g", None)], law=ONE_MINIMUM, single_minimum_applies="existing_rooms")
    assert row(alone)["verdict"] == "not_assessable"


@pytest.mark.parametrize(
    ("stated", "verdict"), [((400, 400), "meets"), ((400, 250), "fails"), ((500, 250), "not_assessable")]
)
def test_each_stated_room_must_reach_the_minimum(stated: tuple[int, int], verdict: str) -> None:
    """400 in one room; 250 + 150 at most; 250 + (250 or less)."""
    own = {"care_floor_area_m2": stated[0], "largest_unit_m2": stated[1]}
    found = assess([area(**own)], law=ONE_MINIMUM, single_minimum_applies="existing_rooms")
    assert row(found)["verdict"] == verdict


# ----------------------------------------------------------------------------------------------------- two readings


def test_reasons_of_two_readings() -> None:
    """Open for different reasons is open because of the date; the verdict alone decides which words stand."""

    def both(verdict: Any, *reasons: str) -> str | None:
        return _law.agree([Judgement(verdict, reason) for reason in reasons], "built_unknown").reason

    assert both("not_assessable", "a", "z") == "built_unknown"
    assert both("not_assessable", "a", "a") == "a"
    assert both("fails", "a", "z") == "fails_either_way"
    assert both("meets", "meets", "meets_by_shared_room") == "meets_by_shared_room"
    assert both("not_applicable", "a", "z") == "z"


# -------------------------------------------------------------------------------------------------------------- pools


def test_a_pool_where_nobody_owes_says_why() -> None:
    found = assess([area(households=0), area("B", 0)], pools={"A": "P", "B": "P"})
    (pool,) = found.subjects.to_dict("records")
    assert (pool["subject_id"], pool["verdict"], pool["reason"]) == ("P", "not_applicable", "no_households")
    duties = [_law.Duty(exempt="outside_setting"), _law.Duty(exempt="no_households")]
    assert _law.owe_together(duties, strictest=False) == _law.Duty(exempt="no_households")


def test_members_stand_by_id_in_pools_by_id() -> None:
    roster = _rooms.Roster.of("DCBA", {"D": "P", "B": "Q", "C": "P", "A": "Q"})
    assert dict(roster.members) == {"P": ("C", "D"), "Q": ("A", "B")}
    assert list(roster.members) == ["P", "Q"]
    assert roster.areas == ("D", "C", "B", "A")


def test_every_fault_of_a_table_of_pools_at_once() -> None:
    """No clause lets areas pool; Z is unknown; A is in two pools; B is the id of an area."""
    pools = pd.DataFrame({"residential_id": ["Z", "A", "A", "C"], "pool_id": ["P", "Q", "P", "B"]}, dtype="str")
    areas = table("residential", [area("A"), area("B"), area("C")])
    law = document(rate={"new": "30"}, pooling=False)
    with pytest.raises(InputRefused) as refused:
        _pools.membership(areas, pools, law, allowed=False)
    said = [(fault.code, fault.column, fault.value, dict(fault.facts)) for fault in refused.value.faults]
    assert said == [
        ("compliance_pooling_not_stated", "inputs.pools", law.id, {"title_zh": law.title_zh, "title_en": law.title_en}),
        ("compliance_pool_area_unknown", "residential_id", "Z", {"pool": "P"}),
        ("compliance_pool_area_twice", "residential_id", "A", {"pools": "P、Q"}),
        ("compliance_pool_id_is_area", "pool_id", "B", {}),
    ]
    assert [fault.code for fault in compliance.check_pools(areas, pools, law, switches={"pooling": True})] == [
        fault.code for fault in refused.value.faults
    ][1:]


# -------------------------------------------------------------------------------------------------- whose room it is


def test_without_shapes_nothing_contains_anything() -> None:
    """A table without geometry on either side: nobody is credited by place; rows keep their index."""
    shapes = table("facilities", [unit(), unit("g")])
    plain = pd.DataFrame(shapes.drop(columns="geometry")).set_axis([7, 8])
    areas = table("residential", [area()])
    for facilities, residential in (
        (plain, areas),
        (shapes.set_axis([7, 8]), pd.DataFrame(areas.drop(columns="geometry"))),
    ):
        inside = _rooms.containing(facilities, residential)
        assert inside.isna().all()
        assert (list(inside.index), inside.dtype.name) == ([7, 8], "str")


def test_a_room_on_a_common_border_goes_to_the_smaller_id() -> None:
    areas = gpd.GeoDataFrame(
        table("residential", [area("B", geometry=Point(5, 5).buffer(9)), area("A", geometry=Point(6, 5).buffer(9))])
    )
    inside = _rooms.containing(
        table("facilities", [unit(geometry=Point(5, 5)), unit("g", geometry=Point(99, 99))]), areas
    )
    assert inside.iloc[0] == "A"
    assert pd.isna(inside.iloc[1])


def test_stated_rooms_are_gross_in_the_terms_of_rate_and_minimum() -> None:
    """The rate counts gross floor area, the minimum usable: open without a factor, known with 1.25."""
    areas = table("residential", [area(care_floor_area_m2=300, largest_unit_m2=250)])
    nobody = table("facilities", [])
    inside = pd.Series([], dtype="str")

    def stated(factor: Fraction | None) -> _rooms.Declared:
        terms = _rooms.Terms("gross", "usable", factor)
        return _rooms.declarations(areas, nobody, inside, terms=terms, countable=ANY)["A"]

    assert stated(None) == _rooms.Declared(m2(300), m2(None, "gross_area"), None, replaced=False)
    assert stated(Fraction(5, 4)) == _rooms.Declared(m2(300), m2(240), Fraction(200), replaced=False)
    swapped = _rooms.declarations(areas, nobody, inside, terms=_rooms.Terms("usable", "gross", None), countable=ANY)
    assert swapped["A"] == _rooms.Declared(m2(None, "gross_area"), m2(300), Fraction(250), replaced=False)


def test_empty_names_among_those_served_are_nobody() -> None:
    found = assess([area()], [unit(serves=";A; ")])
    assert found.rooms[["residential_id", "credited_m2"]].to_numpy().tolist() == [["A", 300.0]]


def test_rows_of_a_shared_room_stand_in_order_unknown_ones_between_pools_and_areas() -> None:
    """Z is no area: first the pool, then Z, then the area; C is pooled in P with B."""
    found = assess([area("A"), area("B"), area("C")], [unit(serves="Z;A;P")], {"B": "P", "C": "P"})
    assert found.rooms["pool_id"].fillna("-").tolist() == ["P", "-", "-"]
    assert found.rooms["residential_id"].fillna("-").tolist() == ["-", "-", "A"]
    assert found.rooms["reason"].tolist() == ["share_unknown", "served_unknown", "share_unknown"]


# ------------------------------------------------------------------------------------------------------- what is owed


def test_what_one_area_owes() -> None:
    """A rate by residents from 500 households to below 900; the minimum of the same size is not stated."""
    (rate,) = document(rate={"new": "2"}).clauses
    sized = replace(rate, basis="1000_residents", households_from=Decimal(500), households_below=Decimal(900))
    (silent,) = (replace(one, value=None) for one in ONE_MINIMUM.clauses if one.id == "U-new")

    def owed(households: int | None, residents: int | None = 3000) -> _law.Duty:
        counts = {"households": households, "residents": residents, "elderly": None}
        plain = {name: None if count is None else Fraction(count) for name, count in counts.items()}
        return _law.owe(plain, "urban", [sized], [silent], started_hundred=False)

    full = _law.Duty(Fraction(6), None, Fraction(2), Fraction(3), (sized,), ())
    assert [owed(households) for households in (500, 899)] == [full, full]
    assert [owed(households).exempt for households in (499, 900)] == ["outside_size", "outside_size"]
    assert owed(None) == _law.Duty(unsaid="households_missing")
    assert owed(500, None) == _law.Duty(unsaid="residents_missing")
    assert owed(500, 0) == _law.Duty(exempt="no_residents")


def test_what_an_area_that_owes_nothing_has_is_known() -> None:
    part = Part(Fraction(90), (Fraction(90),) * 2, (Fraction(90),) * 2)
    judged = _law.judge(_law.Duty(exempt="no_households"), [part], stand_alone=True, each_room=False)
    assert (judged.verdict, judged.reason, judged.known_m2) == ("not_applicable", "no_households", 90)


@pytest.mark.parametrize(("largest", "room"), [((200, 200), 200), ((100, 200), None), ((100, None), None)])
def test_the_room_that_decides_is_told_where_it_is_known(largest: tuple[int, int | None], room: int | None) -> None:
    span = tuple(None if one is None else Fraction(one) for one in largest)
    part = Part(Fraction(200), span, span, "", "rooms_not_listed" if room is None else "")  # type: ignore[arg-type]
    duty = _law.Duty(Fraction(100), Fraction(150), Fraction(10), Fraction(10))
    judged = _law.judge(duty, [part], stand_alone=True, each_room=False)
    assert judged.room_m2 == room


def test_pools_stand_after_areas_whatever_their_names() -> None:
    found = assess([area("B"), area("Z"), area("C")], pools={"B": "P", "C": "P"})
    assert found.findings["subject_id"].tolist() == ["Z", "P"]
