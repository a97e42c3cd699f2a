"""The rows that a floor-area verdict is printed in, cell by cell, against answers worked out on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from test_compliance import NO_MINIMUM, ONE_MINIMUM, area, assess, document, table, unit

from planning import compliance
from planning.compliance._countable import Countable
from planning.standards import MINIMUM

BASEMENT = Countable(frozenset({"basement"}), own_entrance=True, accessible=False)


def cells(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows with None for what is missing."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


# ----------------------------------------------------------------------------------------------------------- the rooms


def test_every_cell_of_the_rooms() -> None:
    """A states 310.5 m²; B and C are pooled: B's 200 m² give way to its facility of 100 m², C's 50 m² stand."""
    areas = [area("A", care_floor_area_m2=310.5), area("B", care_floor_area_m2=200), area("C", care_floor_area_m2=50)]
    found = assess(areas, [unit("f", 100, "B"), unit("g", 90, "A", status="idle")], {"B": "P", "C": "P"})
    counted = {"counted": True, "counted_on_paper": True, "share": 1.0, "rejected_m2": 0.0}
    left = {"counted": False, "counted_on_paper": False, "share": 1.0, "credited_m2": 0.0}
    assert cells(found.rooms) == [
        counted
        | {"facility_id": "f", "residential_id": "B", "pool_id": "P", "reason": "counted"}
        | {"floor_area_m2": 100.0, "credited_m2": 100.0},
        left
        | {"facility_id": "g", "residential_id": "A", "pool_id": None, "reason": "status", "counted_on_paper": True}
        | {"floor_area_m2": 90.0, "rejected_m2": 90.0},
        left
        | {"facility_id": None, "residential_id": "A", "pool_id": None, "reason": "replaced_by_facility"}
        | {"floor_area_m2": 310.5, "rejected_m2": 310.5},
        left
        | {"facility_id": None, "residential_id": "B", "pool_id": "P", "reason": "replaced_by_facility"}
        | {"floor_area_m2": 200.0, "rejected_m2": 200.0},
        counted
        | {"facility_id": None, "residential_id": "C", "pool_id": "P", "reason": "stated_by_area"}
        | {"floor_area_m2": 50.0, "credited_m2": 50.0},
    ]


def test_rooms_of_nobody_and_rooms_that_are_gone() -> None:
    """Z is no area; a closed room is on no paper either."""
    found = assess([area()], [unit("f", 100, "Z"), unit("g", 90, "A", status="closed")])
    nobody, gone = cells(found.rooms)
    assert [nobody[name] for name in ("residential_id", "pool_id", "counted", "counted_on_paper")] == [None] * 2 + [
        False
    ] * 2
    assert (nobody["reason"], nobody["rejected_m2"], nobody["credited_m2"]) == ("served_unknown", None, 0.0)
    assert (gone["counted"], gone["counted_on_paper"], gone["reason"]) == (False, False, "status")


def test_a_pool_that_lacks_a_member_takes_a_room_alone_but_divides_none() -> None:
    """P lost a member's row: what serves P alone is P's; what P and A share, nobody can divide."""
    pools = pd.DataFrame({"residential_id": ["B", "C"], "pool_id": ["P", "P"], "left_out": [pd.NA, True]})
    tables = (
        table("residential", [area("A"), area("B")]),
        table("facilities", [unit("f", 100, "P"), unit("g", 60, "A;P"), unit("h", 40, "A")]),
    )
    found = compliance.assess(*tables, pools, NO_MINIMUM, switches={}, as_of=date(2025, 12, 31))
    said = found.rooms[["facility_id", "residential_id", "pool_id", "share", "reason"]]
    assert [tuple(row.values()) for row in cells(said)] == [
        ("f", None, "P", 1.0, "counted"),
        ("g", None, "P", None, "share_unknown"),
        ("g", None, None, None, "served_unknown"),
        ("g", "A", None, None, "share_unknown"),
        ("h", "A", None, 1.0, "counted"),
    ]
    assert found.residential.loc["B", ["verdict", "reason"]].tolist() == ["not_assessable", "member_left_out"]
    whole = pools.assign(left_out=[False, pd.NA])[:1]
    judged = compliance.assess(*tables, whole, NO_MINIMUM, switches={}, as_of=date(2025, 12, 31))
    assert judged.residential.loc["B", "verdict"] == "fails"


# ----------------------------------------------------------------------------------------------------------- the areas


def test_every_cell_of_the_areas() -> None:
    """A owes 300 m² and has 100, 190 on paper; B, of unknown age, owes 200 or 300 and has none."""
    rooms = [unit("f", 100), unit("g", 90, status="building")]
    found = assess([area("A"), area("B", built=None)], rooms)
    assert (found.residential.index.name, found.residential.index.tolist()) == ("residential_id", ["A", "B"])
    assert (found.accounts.index.name, found.accounts.index.tolist()) == ("residential_id", ["A", "B"])
    assert [str(index.dtype) for index in (found.residential.index, found.accounts.index)] == ["str", "str"]
    assert found.accounts.columns.tolist() == ["required_m2", "provided_m2", "shortfall_m2"]
    assert {str(kind) for kind in found.accounts.dtypes} == {str(kind) for kind in found.subjects.dtypes} == {"object"}
    nothing = dict.fromkeys(("pool_id", "pool_required_m2", "pool_provided_m2", "pool_shortfall_m2", "unit_ok"))
    nothing |= {"rate_ok": False, "verdict": "fails", "paper_verdict": "fails"}
    assert cells(found.residential) == [
        nothing
        | {"built_used": "new", "built_from": "field", "required_m2": 300.0, "provided_m2": 100.0}
        | {"shortfall_m2": 200.0, "reason": "rate_short", "paper_provided_m2": 190.0},
        nothing
        | {"built_used": None, "built_from": "unknown", "required_m2": None, "provided_m2": 0.0}
        | {"shortfall_m2": None, "reason": "no_room", "paper_provided_m2": 0.0},
    ]
    assert found.subjects.columns.tolist()[:5] == ["subject_kind", "subject_id", "members", "verdict", "reason"]
    assert compliance.summarise(found, iter(["A"])) == {
        "required_m2": 300.0,
        "provided_m2": 100.0,
        "shortfall_m2": 200.0,
        "areas_total": 1,
        "meets": 0,
        "fails": 1,
        "not_assessable": 0,
        "not_applicable": 0,
        "meets_share": 0.0,
    }
    assert compliance.summarise(found, ["A", "B"]) == dict(found.summary)


def test_areas_of_no_subject_still_have_their_columns() -> None:
    found = assess([])
    assert found.subjects.columns[0] == "subject_kind"
    assert found.residential.columns[0] == "built_used"
    assert found.accounts.columns.tolist() == ["required_m2", "provided_m2", "shortfall_m2"]
    assert found.summary["meets_share"] is None


# ------------------------------------------------------------------------------------------------------------ the sums


def test_a_pool_is_divided_by_what_its_members_owe() -> None:
    """New B owes 300 m², existing C 200 m², empty D nothing: of the pool's 100 m² they hold 60, 40 and 0."""
    areas = [area("B"), area("C", built="existing"), area("D", 0)]
    found = assess(areas, [unit("f", 100, "P")], {"B": "P", "C": "P", "D": "P"})
    assert found.accounts["required_m2"].tolist() == [300, 200, 0]
    assert found.accounts["provided_m2"].tolist() == [60, 40, 0]


def test_a_pool_with_a_member_of_unknown_age_is_divided_by_households() -> None:
    """B owes 300 m², C 200 or 300: 1000 m² are enough either way, and 1000 and 3000 households hold 250 and 750."""
    areas = [area("B"), area("C", 3000, built=None)]
    found = assess(areas, [unit("f", 2000, "P")], {"B": "P", "C": "P"})
    assert found.residential["verdict"].tolist() == ["meets", "meets"]
    assert found.accounts["provided_m2"].tolist() == [500, 1500]
    assert found.accounts["required_m2"].tolist() == [None, None]


# -------------------------------------------------------------------------------------------------------- the findings


@pytest.mark.parametrize(("as_of", "overdue"), [(date(2025, 6, 30), False), (date(2025, 7, 1), True)])
def test_every_cell_of_the_findings(as_of: date, overdue: bool) -> None:
    """1000 new households owe 300 m² in rooms of 200 m² by the end of June; two rooms of 100 m² are there."""
    law = document(rate={"new": "30"}, minimum={"new": "200"}, deadline=date(2025, 6, 30), strength="recommended")
    found = assess([area()], [unit("f", 100), unit("g", 100)], law=law, as_of=as_of)
    common = {"subject_kind": "residential", "subject_id": "A", "unit": "m2", "verdict": "fails", "shortfall": 100.0}
    common |= {"strength": "recommended", "deadline": "2025-06-30", "overdue": overdue}
    assert cells(found.findings) == [
        {"clause_id": "A-new", "required": 300.0, "actual": 200.0, "reason": "rate_short", **common},
        {"clause_id": "U-new", "required": 200.0, "actual": 100.0, "reason": "unit_short", **common},
    ]


def test_findings_of_what_is_enough_and_of_what_is_open() -> None:
    """A has one room of 300 m²; B states 250 m² of its 300 m² in rooms nobody has listed."""
    found = assess([area("A"), area("B", care_floor_area_m2=250)], [unit("f", 300)], law=ONE_MINIMUM)
    said = found.findings[["subject_id", "verdict", "reason", "overdue"]].to_numpy().tolist()
    assert said == [
        ["A", "meets", "rate_enough", False],
        ["A", "meets", "unit_enough", False],
        ["B", "fails", "rate_short", False],
        ["B", "not_assessable", "unit_unknown", False],
    ]


def test_findings_of_an_area_that_may_be_new_or_existing() -> None:
    """400 m² in one room hold against 300 or 200 m²; only a new area owes a room of 350 m²: that stays open."""
    law = document(rate={"new": "30", "existing": "20"}, minimum={"new": "350"}, strength="soft")
    found = assess([area(built=None)], [unit("f", 400)], law=law)
    common = {"subject_kind": "residential", "subject_id": "A", "unit": "m2", "overdue": False, "deadline": None}
    assert cells(found.findings) == [
        common
        | {"clause_id": "A-existing;A-new", "required": None, "actual": 400.0, "shortfall": 0.0}
        | {"verdict": "meets", "reason": "rate_enough", "strength": "soft"},
        common
        | {"clause_id": "U-new", "required": None, "actual": None, "shortfall": None}
        | {"verdict": "not_assessable", "reason": "built_unknown", "strength": "soft"},
    ]


def test_an_undated_member_names_each_clause_of_its_pool_once() -> None:
    """B is new; C is new or existing: the pool owes 600 or 500 m² and has 100; overdue under both."""
    law = document(rate={"new": "30", "existing": "20"}, deadline=date(2025, 6, 30))
    found = assess([area("B"), area("C", built=None)], [unit("f", 100, "P")], {"B": "P", "C": "P"}, law=law)
    (finding,) = cells(found.findings)
    assert (finding["clause_id"], finding["verdict"]) == ("A-existing;A-new", "fails")
    assert (finding["overdue"], finding["deadline"], finding["subject_kind"]) == (True, "2025-06-30", "pool")


# ----------------------------------------------------------------------------------- what a facility would count with


def test_the_size_of_a_facility_in_the_terms_of_the_document() -> None:
    """The rate counts gross area, the minimum usable: 300 m² gross are open without a factor, 240 m² with 1.25."""
    law = document(rate={"new": "30"}, minimum={"new": "200"}, gross=True)
    clauses = [replace(one, area_type="usable") if one.metric == MINIMUM else one for one in law.clauses]
    law = replace(law, clauses=tuple(clauses))
    facilities = table("facilities", [unit("f", 300, area_type="gross"), unit("g", None)]).set_axis([7, 8])
    found = compliance.measure(facilities, law, switches={})
    assert cells(found) == [
        {"area_m2": None, "room_m2": None, "reason": "gross_area"},
        {"area_m2": None, "room_m2": None, "reason": "floor_area_missing"},
    ]
    assert (list(found.index), set(found.dtypes)) == ([7, 8], {pd.Series([], dtype=object).dtype})
    known = compliance.measure(facilities, law, switches={"usable_to_gross": 1.25})
    assert cells(known)[0] == {"area_m2": Fraction(300), "room_m2": Fraction(240), "reason": ""}


def test_pools_are_checked_as_the_document_and_the_plan_have_it() -> None:
    pools = pd.DataFrame({"residential_id": ["A"], "pool_id": ["P"]}, dtype="str")
    areas, law = table("residential", [area()]), document(rate={"new": "30"}, pooling=False)
    (fault,) = compliance.check_pools(areas, pools, law, switches={})
    assert (fault.code, fault.value) == ("compliance_pooling_not_stated", "test")
    assert compliance.check_pools(areas, pools, law, switches={"pooling": True}) == ()
    assert compliance.check_pools(areas, pools, NO_MINIMUM, switches={}) == ()
    assert len(compliance.check_pools(areas, pools, NO_MINIMUM, switches={"pooling": False})) == 1


@pytest.mark.parametrize(
    ("storey", "entrance", "said"),
    [
        ("1", True, ("", "")),
        ("地下一层", True, ("storey_basement", "")),
        ("1", False, ("no_own_entrance", "")),
        # one ground is enough, whatever else is unknown
        ("地下一层", None, ("storey_basement", "")),
        (None, False, ("no_own_entrance", "")),
        (None, True, ("", "storey_missing")),
        ("1", None, ("", "own_entrance_missing")),
        (None, None, ("", "storey_missing")),
        ("1、地下一层", True, ("", "storey_mixed")),
    ],
)
def test_what_shuts_a_room_out_and_what_leaves_that_open(
    storey: str | None, entrance: bool | None, said: tuple[str, str]
) -> None:
    assert BASEMENT.judge(storey, entrance, None) == said
