"""What `planning.compliance` hands on: reasons under two readings, pools in the table of areas, exact subjects."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from shapely import MultiPolygon, Point, box
from test_compliance import ANHUI, NO_MINIMUM, ONE_MINIMUM, area, assess, document, row, unit


def subject(found: Any, name: str = "A") -> dict[str, Any]:
    return found.subjects.set_index("subject_id").loc[name].to_dict()


# -------------------------------------------------------------------------------------------------- the table of areas


def test_a_pooled_area_names_its_pool_and_the_pool_s_figures() -> None:
    """A and B owe 300 + 150 m² and have 200 + 0; C stands alone."""
    found = assess([area(), area("B", 500), area("C")], [unit(m2=200)], {"A": "P", "B": "P"})
    table = found.residential
    assert table["pool_id"].fillna("-").tolist() == ["P", "P", "-"]
    for figure, value in {"required": 450.0, "provided": 200.0, "shortfall": 250.0}.items():
        assert table[f"pool_{figure}_m2"].fillna(-1).tolist() == [value, value, -1]
    assert table["required_m2"].tolist() == [300, 150, 300]
    assert table["provided_m2"].tolist() == [200, 0, 0]
    assert found.rooms[["residential_id", "pool_id"]].iloc[0].tolist() == ["A", "P"]


def test_failing_for_different_reasons_is_failing_either_way() -> None:
    """Undated, 1000 households, a room of 150 m². Anhui: new owes 300 and 350 single; existing owes 200 alone."""
    found = row(assess([area(built=None)], [unit(m2=150)], law=ANHUI))
    assert (found["verdict"], found["reason"]) == ("fails", "fails_either_way")
    same = row(assess([area(built=None)], law=NO_MINIMUM))
    assert (same["verdict"], same["reason"]) == ("fails", "no_room")


def test_meeting_for_different_reasons_says_the_weaker() -> None:
    """A and B share a room of 400 m² (200 each). Undated, 500 households: 150 by the rate; alone 350 if new."""
    areas = [area("A", 500, None), area("B", 500, "existing")]
    law = document(rate={"new": "20", "existing": "20"}, minimum={"new": "350"})
    found = row(assess(areas, [unit(m2=400, serves="A;B")], law=law))
    assert (found["verdict"], found["reason"]) == ("meets", "meets_by_shared_room")
    assert row(assess(areas, [unit(m2=400, serves="A;B")], law=law), "B")["reason"] == "meets"


# ------------------------------------------------------------------------------------------------------------ subjects


def test_subjects_are_exact() -> None:
    """1166 new households owe 349.8 m² and 200 single; rooms of 100.1 and 33.3 m²."""
    found = subject(assess([area(households=1166)], [unit("f", 100.1), unit("g", 33.3)], law=ONE_MINIMUM))
    assert found == {
        "subject_kind": "residential",
        "members": ("A",),
        "verdict": "fails",
        "reason": "rate_and_unit_short",
        "need_m2": Fraction("349.8"),
        "minimum_m2": Fraction(200),
        "known_m2": Fraction("133.4"),
        "room_m2": Fraction("100.1"),
        "above_need": False,
        "above_minimum": False,
        "each_room": False,
    }


def test_a_third_stays_a_third() -> None:
    areas = [area(name) for name in "ABC"]
    found = assess(areas, [unit(m2=100, serves="A;B;C")], law=ONE_MINIMUM)
    assert [subject(found, name)["known_m2"] for name in "ABC"] == [Fraction(100, 3)] * 3
    assert subject(found)["room_m2"] == 100


def test_each_room_is_the_smallest() -> None:
    found = assess([area()], [unit("f", 250), unit("g", 60)], law=ONE_MINIMUM, single_minimum_applies="existing_rooms")
    assert (subject(found)["room_m2"], subject(found)["each_room"]) == (60, True)
    none = assess([area()], law=ONE_MINIMUM, single_minimum_applies="existing_rooms")
    assert (subject(none)["room_m2"], subject(none)["minimum_m2"]) == (None, 200)


def test_a_room_of_unknown_size_is_known_to_have_nothing() -> None:
    """100 m² for certain; the other room may have any size, so that of the largest no more than 100 is sure."""
    found = subject(assess([area()], [unit("f", 100), unit("g", None)], law=ONE_MINIMUM))
    assert (found["verdict"], found["known_m2"], found["room_m2"]) == ("not_assessable", 100, 100)


def test_statements_bound_the_largest_room() -> None:
    """250 m² in all: the largest is not given (0 for certain), given (150), or above the total (nothing is sure)."""
    for largest, sure in ((None, 0), (150, 150), (300, 0), (250, 250)):
        stated = {"care_floor_area_m2": 250, "largest_unit_m2": largest}
        found = subject(assess([area(**stated)], law=ONE_MINIMUM))
        assert (found["known_m2"], found["room_m2"]) == (250, sure)


def test_two_readings_give_what_suffices_under_both() -> None:
    """Undated, 1000 households, a room of 100 m²: 300 and 350 single if new, 200 if existing."""
    found = subject(assess([area(built=None)], [unit(m2=100)], law=ANHUI))
    assert (found["need_m2"], found["minimum_m2"], found["known_m2"], found["room_m2"]) == (300, 350, 100, 100)


def test_shares_that_two_readings_change_count_as_the_smaller() -> None:
    """A (existing, 200) shares 500 m² with an undated B of 1000 households: 200 of 500 beside 300, 250 beside 200."""
    found = assess([area(built="existing"), area("B", built=None)], [unit(m2=500, serves="A;B")])
    assert subject(found)["known_m2"] == 200
    assert subject(found, "B")["known_m2"] == 250


def test_pools_stand_behind_areas_by_id() -> None:
    found = assess(
        [area("B"), area("A"), area("C"), area("D")], [unit(m2=900, serves="Q")], {"A": "Q", "C": "P", "D": "Q"}
    )
    assert found.subjects[["subject_kind", "subject_id", "members"]].to_numpy().tolist() == [
        ["residential", "B", ("B",)], ["pool", "P", ("C",)], ["pool", "Q", ("A", "D")],
    ]  # fmt: skip
    assert subject(found, "Q")["need_m2"] == 600
    assert subject(found, "Q")["verdict"] == "meets"


@pytest.mark.parametrize(
    ("households", "verdict", "need"), [(None, "not_assessable", None), (0, "not_applicable", None), (10, "fails", 3)]
)
def test_subjects_without_a_duty(households: int | None, verdict: str, need: int | None) -> None:
    found = subject(assess([area(households=households)], law=NO_MINIMUM))
    assert (found["verdict"], found["need_m2"], found["minimum_m2"]) == (verdict, need, None)


def test_above_is_handed_on() -> None:

    law = ONE_MINIMUM
    strict = replace(
        law,
        clauses=tuple(replace(one, comparator=">") if one.metric == "unit_minimum" else one for one in law.clauses),
    )
    found = subject(assess([area()], [unit(m2=300)], law=strict))
    assert (found["above_need"], found["above_minimum"]) == (False, True)
    assert row(assess([area(households=500)], [unit(m2=200)], law=strict))["verdict"] == "fails"


def test_accounts_add_up_to_the_summary() -> None:
    found = assess([area(), area("B", 500), area("C", None)], [unit(m2=100)], {"A": "P", "B": "P"})
    sums = {name: sum(value for value in found.accounts[name] if value is not None) for name in found.accounts}
    assert sums == {"required_m2": 450, "provided_m2": 100, "shortfall_m2": 350}
    assert found.accounts.loc["A", "required_m2"] == 300
    assert pd.isna(found.accounts.loc["C", "required_m2"])


def test_findings_stand_by_id_whatever_the_order_of_areas() -> None:
    found = assess([area("C"), area("A"), area("B")], [], {"A": "P"}, law=ONE_MINIMUM).findings
    assert found[["subject_kind", "subject_id", "clause_id"]].to_numpy().tolist() == [
        ["residential", "B", "A-new"], ["residential", "B", "U-new"],
        ["residential", "C", "A-new"], ["residential", "C", "U-new"],
        ["pool", "P", "A-new"], ["pool", "P", "U-new"],
    ]  # fmt: skip


def test_an_area_of_two_polygons_contains_what_stands_in_either() -> None:
    """Two squares of 10 m; a room in the second is the area's own, one between them is nobody's."""
    parts = MultiPolygon([box(0, 0, 10, 10), box(100, 0, 110, 10)])
    for x, reason in ((5, "counted"), (105, "counted"), (50, "nowhere")):
        found = assess([area(geometry=parts)], [unit(serves=None, geometry=Point(x, 5))])
        assert found.rooms["reason"].item() == reason
    alone = assess([area(geometry=Point(105, 5))], [unit(serves=None, geometry=Point(105, 5))])
    assert alone.rooms["reason"].item() == "nowhere"
