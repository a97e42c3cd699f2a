"""Floor area per hundred households, sentence by sentence, with answers worked out on paper."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from planning import compliance, standards, texts
from planning import tables as contracts
from planning.errors import InputRefused
from planning.standards import Clause, Standard

_DTYPES = {"number": "float64", "integer": "Int64", "flag": "boolean"}
TODAY = date(2025, 12, 31)


def table(name: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return a canonical table: every column of the contract, missing ones all missing."""
    columns = contracts.contract(name).columns
    cells = {column: [row.get(column) for row in rows] for column in columns}
    data = {
        column: pd.array([np.nan if cell is None else cell for cell in cells[column]], dtype=object).astype(
            _DTYPES.get(facts.kind, "str")
        )
        for column, facts in columns.items()
    }
    return gpd.GeoDataFrame(pd.DataFrame(data), geometry=[row.get("geometry") for row in rows], crs="EPSG:4548")


def document(
    *,
    rate: dict[str, str],
    minimum: dict[str, str] | None = None,
    urban_only: bool = False,
    gross: bool = False,
    pooling: bool = True,
    **facts: Any,
) -> Standard:
    """Return a document with a rate and a single minimum for new, existing or both."""
    setting = "urban" if urban_only else None

    def clause(metric: str, built: str, value: str) -> Clause:
        return Clause(
            id=f"{metric[:1].upper()}-{built}",
            article="1",
            text_zh="…",
            text_en="…",
            cls="S",
            metric=metric,
            comparator=">=",
            value=Decimal(value),
            unit="m2",
            owed_by="residential",
            source="test",
            basis="100_households" if metric == standards.RATE else "none",
            applies_to=built,  # type: ignore[arg-type]
            setting=setting,  # type: ignore[arg-type]
            area_type="gross" if gross else "unspecified",
            **facts,
        )

    clauses = [clause(standards.RATE, built, value) for built, value in rate.items()]
    clauses += [clause(standards.MINIMUM, built, value) for built, value in (minimum or {}).items()]
    names = dict.fromkeys(("title_zh", "title_en", "jurisdiction_zh", "jurisdiction_en", "issuer"), "test")
    return Standard(id="test", **names, status="issued", clauses=tuple(clauses), pooling=pooling)  # type: ignore[arg-type]


ANHUI = document(rate={"new": "30", "existing": "20"}, minimum={"new": "350"})
NO_MINIMUM = document(rate={"new": "30", "existing": "20"})
ONE_MINIMUM = document(rate={"new": "30", "existing": "20"}, minimum={"new": "200", "existing": "200"})


def area(name: str = "A", households: float | None = 1000, built: str | None = "new", **facts: Any) -> dict[str, Any]:
    """Return an area in a square of 10 m of its own; ``A`` stands first, ``B`` next to it, and so on."""
    x = 20 * (ord(name[0]) - ord("A"))
    return {
        "residential_id": name,
        "households": households,
        "built": built,
        "geometry": box(x, 0, x + 10, 10),
        **facts,
    }


def unit(name: str = "f", m2: float | None = 300, serves: str | None = "A", **facts: Any) -> dict[str, Any]:
    """Return a community station in service, far from every area."""
    base = {"facility_id": name, "level": "community", "kind": "station", "status": "operating"}
    return {**base, "floor_area_m2": m2, "serves": serves, "geometry": Point(-500, -500), **facts}


def assess(
    areas: list[dict[str, Any]],
    units: list[dict[str, Any]] | None = None,
    pools: dict[str, str] | None = None,
    *,
    law: Standard = NO_MINIMUM,
    as_of: date = TODAY,
    **switches: Any,
) -> compliance.Assessment:
    pooled = (
        None
        if pools is None
        else pd.DataFrame({"residential_id": pools.keys(), "pool_id": pools.values()}, dtype="str")
    )
    tables = table("residential", areas), table("facilities", units or [])
    return compliance.assess(*tables, pooled, law, switches=switches, as_of=as_of)


def row(found: compliance.Assessment, name: str = "A") -> dict[str, Any]:
    cells = {column: found.residential.at[name, column] for column in found.residential}
    return {column: cell.item() if isinstance(cell, np.generic) else cell for column, cell in cells.items()}


def verdict(*args: Any, **facts: Any) -> tuple[str, str]:
    found = row(assess(*args, **facts))
    return found["verdict"], found["reason"]


# ------------------------------------------------------------------------------------------------ the rate and the unit


@pytest.mark.parametrize(
    ("provided", "holds", "shortfall"), [(349.8, True, 0.0), (349.7, False, 0.1), (349.9, True, 0.0)]
)
def test_need_is_in_proportion_and_the_line_is_in(provided: float, holds: bool, shortfall: float) -> None:
    """1166 households × 30 / 100 = 349.8 m², not the 360 of started hundreds; 349.8 − 349.7 is 0.1 exactly."""
    found = row(assess([area(households=1166)], [unit(m2=provided)]))
    assert (found["required_m2"], found["rate_ok"], found["shortfall_m2"]) == (349.8, holds, shortfall)
    assert found["verdict"] == ("meets" if holds else "fails")


def test_started_hundreds_are_rounded_up_only_where_asked() -> None:
    """1166 households are 12 started hundreds: 360 m²."""
    assert row(assess([area(households=1166)], households_rounding="started_hundred"))["required_m2"] == 360


def test_rate_met_and_room_too_small_are_two_findings() -> None:
    """349.8 m² meets 1166 × 30 / 100 and is 0.2 m² short of a 350 m² room; required = max(349.8, 350)."""
    found = assess([area(households=1166)], [unit(m2=349.8)], law=ANHUI)
    expected = {"required_m2": 350, "provided_m2": 349.8, "shortfall_m2": 0.2, "rate_ok": True, "unit_ok": False}
    assert {key: row(found)[key] for key in expected} == expected
    assert (row(found)["verdict"], row(found)["reason"]) == ("fails", "unit_short")
    wanted = ["clause_id", "required", "actual", "verdict", "shortfall"]
    assert found.findings[wanted].to_numpy().tolist() == [
        ["A-new", 349.8, 349.8, "meets", 0.0],
        ["U-new", 350.0, 349.8, "fails", 0.2],
    ]


def test_two_small_rooms_fail_the_unit_with_no_shortfall() -> None:
    """2 × 200 m² are 400 ≥ max(300, 350), but no room has 350: fails, 0 m² short in sum, 150 m² in the room."""
    found = assess([area()], [unit("f", 200), unit("g", 200)], law=ANHUI)
    assert (row(found)["verdict"], row(found)["shortfall_m2"]) == ("fails", 0)
    assert found.findings.set_index("clause_id").at["U-new", "shortfall"] == 150


def test_without_a_minimum_the_unit_is_empty_never_true() -> None:
    found = assess([area()], [unit(m2=1000)])
    assert row(found)["unit_ok"] is pd.NA
    assert row(found)["verdict"] == "meets"
    assert found.findings["clause_id"].tolist() == ["A-new"]


def test_nothing_at_all_is_zero_and_fails() -> None:
    found = row(assess([area()]))
    assert (found["provided_m2"], found["verdict"], found["reason"]) == (0, "fails", "no_room")


@pytest.mark.parametrize(
    ("households", "expected"),
    [
        (0, ("not_applicable", "no_households")),
        (None, ("not_assessable", "households_missing")),
        (1, ("meets", "meets")),
    ],
)
def test_no_households_and_missing_ones_never_pass(households: float | None, expected: tuple[str, str]) -> None:
    found = assess([area(households=households)], [unit()])
    assert (row(found)["verdict"], row(found)["reason"]) == expected
    assert np.isnan(row(found)["required_m2"]) == (expected[0] != "meets")
    assert row(found)["provided_m2"] == 300
    assert len(found.findings) == (expected[0] == "meets")


def test_a_document_without_a_rate_says_so() -> None:
    """Shaanxi has the clause without a number, Tianjia'an has none for new areas: 本文件未规定, and no sum."""
    for name in ("shaanxi", "tianjiaan"):
        found = assess([area(), area("B", built="existing"), area("C", 0)], [unit()], law=standards.load(name))
        assert found.residential["reason"].tolist() == ["not_stated", "not_stated", "no_households"]
        assert found.residential["verdict"].tolist() == ["not_assessable", "not_assessable", "not_applicable"]
        assert found.summary["meets_share"] is None
        assert found.summary["required_m2"] == 0
        assert found.findings.empty


def test_a_rate_of_the_plan_fills_only_what_it_names() -> None:
    law = standards.apply(standards.load("shaanxi"), {"area_per_100_households": {"new": 30}})
    found = assess([area(), area("B", built="existing")], [unit()], law=law)
    assert found.residential["verdict"].tolist() == ["meets", "not_assessable"]


def test_the_five_documents_on_their_lines() -> None:
    """1000 households: Shenyang 350/250, Nantong 300/200 with 600 new, Liaocheng 200/150 with 200 for both."""
    lines = {
        "shenyang": {"new": (350, None), "existing": (250, None)},
        "nantong": {"new": (300, 600), "existing": (200, None)},
        "liaocheng": {"new": (200, 200), "existing": (150, 200)},
    }
    for name, rules in lines.items():
        for built, (need, least) in rules.items():
            line = max(need, least or 0)
            for provided, expected in ((line, "meets"), (line - 0.1, "fails")):
                found = assess([area(built=built)], [unit(m2=provided)], law=standards.load(name))
                assert row(found)["verdict"] == expected, (name, built, provided)
                assert row(found)["required_m2"] == line
                assert found.findings["required"].tolist() == [need, *([least] if least else [])]


def test_a_base_other_than_households() -> None:
    """Shanghai's preset asks 50 m² per 1000 residents: 2000 residents owe 100 m²."""
    law = standards.load("shanghai")
    assert verdict([area(households=None, residents=2000)], [unit(m2=100)], law=law) == ("meets", "meets")
    assert verdict([area(households=None, residents=2000)], [unit(m2=99.9)], law=law) == ("fails", "rate_short")
    assert verdict([area(residents=None)], [unit(m2=100)], law=law) == ("not_assessable", "residents_missing")


@pytest.mark.parametrize(
    ("sizes", "ok", "shortfall"), [((600, 100), False, 100.0), ((600, 200), True, 0.0), ((100,), False, 100.0)]
)
def test_minimum_of_existing_rooms_asks_every_room_and_adds_no_floor_area(
    sizes: tuple[float, ...], ok: bool, shortfall: float
) -> None:
    """The other reading of the single minimum: required is the rate alone (100 m² for 500), each room has ≥ 200 m²."""
    rooms = [unit(f"f{place}", size) for place, size in enumerate(sizes)]
    found = assess(
        [area(households=500, built="existing")], rooms, law=ONE_MINIMUM, single_minimum_applies="existing_rooms"
    )
    assert (row(found)["required_m2"], row(found)["rate_ok"], row(found)["unit_ok"]) == (100, True, ok)
    assert row(found)["verdict"] == ("meets" if ok else "fails")
    assert found.findings.set_index("clause_id").at["U-existing", "shortfall"] == shortfall


def test_where_no_room_exists_none_is_too_small() -> None:
    found = assess([area()], law=ONE_MINIMUM, single_minimum_applies="existing_rooms")
    assert row(found)["unit_ok"] is pd.NA
    assert found.findings["clause_id"].tolist() == ["A-new"]


# ----------------------------------------------------------------------------------------- rooms the area states itself


@pytest.mark.parametrize(
    ("care", "largest", "unit_ok", "expected"),
    [
        (400, 350, True, ("meets", "meets")),
        (400, 349.9, False, ("fails", "unit_short")),
        (400, None, pd.NA, ("not_assessable", "largest_unit_missing")),
        (349.9, None, False, ("fails", "unit_short")),  # below the minimum in total
        (299, None, False, ("fails", "rate_and_unit_short")),
        (400, 500, pd.NA, ("not_assessable", "largest_unit_contradicts")),
        (None, None, False, ("fails", "no_room")),
        (None, 400, False, ("fails", "no_room")),
    ],
)
def test_stated_rooms(care: float | None, largest: float | None, unit_ok: Any, expected: tuple[str, str]) -> None:
    """1000 new households owe 300 m² and one room of 350 m²."""
    found = row(assess([area(care_floor_area_m2=care, largest_unit_m2=largest)], law=ANHUI))
    assert found["unit_ok"] is unit_ok
    assert (found["verdict"], found["reason"]) == expected


def test_largest_room_unknown_does_not_save_a_rate_that_fails() -> None:
    """2000 households owe 600: 500 m² fail, although one room of 350 may be among them."""
    found = row(assess([area(households=2000, care_floor_area_m2=500)], law=ANHUI))
    assert (found["verdict"], found["rate_ok"], found["unit_ok"]) == ("fails", False, pd.NA)


@pytest.mark.parametrize("status", ["planned", "building", "idle", "diverted", "closed", "operating"])
@pytest.mark.parametrize("place", ["inside", "serving", "inside, for another"])
def test_a_facility_row_replaces_what_the_area_states(status: str, place: str) -> None:
    where = {
        "inside": {"serves": None, "geometry": Point(5, 5)},
        "serving": {"serves": "A"},
        "inside, for another": {"serves": "B", "geometry": Point(5, 5)},
    }[place]
    found = assess([area(care_floor_area_m2=300), area("B")], [unit(m2=1, status=status, **where)])
    counted = status == "operating" and place != "inside, for another"
    assert row(found)["provided_m2"] == float(counted)
    assert "replaced_by_facility" in set(found.rooms["reason"])


@pytest.mark.parametrize("facts", [{"level": "street"}, {"level": "county"}, {"kind": "institution"}])
def test_what_does_not_count_for_the_quota_replaces_nothing(facts: dict[str, str]) -> None:
    found = assess([area(care_floor_area_m2=300)], [unit(m2=1000, **facts)])
    assert row(found)["provided_m2"] == 300


def test_a_mark_on_the_facility_overrides_level_and_kind() -> None:
    street = [unit(m2=300, level="street", counts_for_quota=True)]
    assert verdict([area()], street) == ("meets", "meets")
    home = [unit(m2=300, kind="institution", counts_for_quota=True)]
    assert verdict([area()], home) == ("meets", "meets")
    assert verdict([area()], [unit(m2=300, counts_for_quota=False)]) == ("fails", "no_room")


def test_candidates_are_nothing_yet() -> None:
    found = assess([area(care_floor_area_m2=300)], [unit(m2=1000, status="candidate")])
    assert row(found)["paper_provided_m2"] == 300


# ----------------------------------------------------------------------------------------------------- whose room it is


@pytest.mark.parametrize(
    ("x", "expected"), [(5, (300.0, 0.0)), (10, (300.0, 0.0)), (10.001, (0.0, 0.0)), (20, (0.0, 300.0))]
)
def test_serving_nobody_by_name_a_room_is_the_areas_it_stands_in(x: float, expected: tuple[float, float]) -> None:
    """A stands from 0 to 10 m, B from 20 to 30 m; the border is in."""
    found = assess([area(), area("B")], [unit(serves=None, geometry=Point(x, 5))])
    assert tuple(found.residential["provided_m2"]) == expected
    assert found.rooms["reason"].tolist() == (["nowhere"] if x == 10.001 else ["counted"])


def test_on_a_common_border_the_smaller_id_has_it() -> None:
    areas = [area("B", geometry=box(10, 0, 20, 10)), area("A", geometry=box(0, 0, 10, 10))]
    found = assess(areas, [unit(serves=None, geometry=Point(10, 5))])
    assert found.residential["provided_m2"].to_dict() == {"B": 0, "A": 300}


def test_a_building_bent_round_a_neighbour_is_in_the_area_it_stands_on() -> None:
    """An L of 1 m wide arms along A's lower and left edge; its centre of mass lies in B, which fills A's hollow."""
    hollow = area("A", geometry=box(0, 0, 100, 100) - box(10, 10, 100, 100))
    building = box(0, 0, 90, 1) | box(0, 0, 1, 90)
    filling = area("B", geometry=box(10, 10, 100, 100))
    assert building.centroid.within(filling["geometry"])
    found = assess([hollow, filling], [unit(serves=None, geometry=building)])
    assert found.residential["provided_m2"].tolist() == [300, 0]


def test_whom_it_serves_goes_before_where_it_stands() -> None:
    found = assess([area(), area("B")], [unit(serves="B", geometry=Point(5, 5))])
    assert found.residential["provided_m2"].tolist() == [0, 300]


def test_a_point_area_contains_nothing() -> None:
    found = assess([area(geometry=Point(5, 5))], [unit(serves=None, geometry=Point(5, 5))])
    assert row(found)["provided_m2"] == 0


def test_three_areas_share_one_room_and_it_is_not_three_passes() -> None:
    """3 × 1000 × 30 / 100 = 900 m² owed, 600 m² shared: 200 each, 100 short each, 300 in all."""
    found = assess([area("A"), area("B"), area("C")], [unit(m2=600, serves="A;B;C")])
    assert found.residential["provided_m2"].tolist() == [200, 200, 200]
    assert found.residential["verdict"].tolist() == ["fails"] * 3
    expected = {"required_m2": 900, "provided_m2": 600, "shortfall_m2": 300, "meets": 0, "fails": 3, "meets_share": 0}
    assert {key: found.summary[key] for key in expected} == expected


def test_shares_follow_what_is_owed() -> None:
    """New 1000 owes 300, existing 500 owes 100: 3 : 1 of 400 m². An area without households takes nothing."""
    areas = [area("A"), area("B", 500, "existing"), area("C", 0)]
    found = assess(areas, [unit(m2=400, serves="A;B;C")])
    assert found.residential["provided_m2"].tolist() == [300, 100, 0]
    assert found.residential["verdict"].tolist() == ["meets", "meets", "not_applicable"]
    assert found.rooms["reason"].tolist() == ["counted", "counted", "nothing_owed"]


def test_an_area_that_owes_nothing_has_none_of_a_room_of_unknown_size() -> None:
    found = assess([area("A"), area("B", 0)], [unit(m2=None, serves="A;B")])
    assert found.residential["provided_m2"].fillna(-1).tolist() == [-1, 0]


def test_thirds_add_up_exactly() -> None:
    """3 × 1 household owe 0.3 each; 0.9 m² in three thirds is 0.3 each, on the line."""
    found = assess([area(name, 1) for name in "ABC"], [unit(m2=0.9, serves="A;B;C")])
    assert found.residential["verdict"].tolist() == ["meets"] * 3
    assert found.summary["provided_m2"] == 0.9


def test_a_share_with_an_area_of_unknown_households_is_unknown() -> None:
    areas = [area("A"), area("B", None)]
    shared = unit(m2=600, serves="A;B")
    assert verdict(areas, [shared]) == ("not_assessable", "share_unknown")
    assert verdict(areas, [shared, unit("g", 300, "A")]) == ("meets", "meets_without_unknown")


def test_a_share_with_an_area_not_among_those_assessed_is_unknown() -> None:
    assert verdict([area()], [unit(m2=600, serves="A;Z")]) == ("not_assessable", "share_unknown")


def test_the_single_minimum_is_asked_of_the_room_not_of_a_share_in_it() -> None:
    """Two areas of 500 new households owe 150 each and share 350 m²: the room has 350, each share 175."""
    found = assess([area("A", 500), area("B", 500)], [unit(m2=350, serves="A;B")], law=ANHUI)
    assert row(found)["unit_ok"] is True
    assert (row(found)["verdict"], row(found)["reason"]) == ("meets", "meets_by_shared_room")


def test_where_nobody_owes_anything_a_room_is_credited_to_none() -> None:
    found = assess([area("A", 0), area("B", 0)], [unit(m2=600, serves="A;B")])
    assert found.rooms[["credited_m2", "rejected_m2"]].to_numpy().tolist() == [[0, 300], [0, 300]]


# ---------------------------------------------------------------------------------------------------------- what counts


@pytest.mark.parametrize(
    ("facts", "today", "on_paper"),
    [
        ({"status": "operating"}, 300, 300),
        ({"status": "handed_over"}, 300, 300),
        ({"status": None}, 300, 300),
        ({"status": "accepted"}, 0, 300),
        ({"status": "planned"}, 0, 300),
        ({"status": "building"}, 0, 300),
        ({"status": "idle"}, 0, 300),
        ({"status": "diverted"}, 0, 0),
        ({"status": "closed"}, 0, 0),
        ({"opened": "2025-12-31"}, 300, 300),
        ({"opened": "2026-01-01"}, 0, 0),
        ({"closed": "2025-12-31"}, 0, 0),
        ({"closed": "2026-01-01"}, 300, 300),
        ({"level": "village"}, 300, 300),
        ({"level": "street"}, 0, 0),
        ({"kind": "institution"}, 0, 0),
    ],
)
def test_life_cycle_today_and_on_paper(facts: dict[str, Any], today: float, on_paper: float) -> None:
    found = row(assess([area()], [unit(**facts)]))
    assert (found["provided_m2"], found["paper_provided_m2"]) == (today, on_paper)
    assert (found["verdict"] == "meets", found["paper_verdict"] == "meets") == (today == 300, on_paper == 300)


def test_going_idle_takes_the_effective_square_metres_and_leaves_those_on_paper() -> None:
    before, after = (row(assess([area()], [unit(status=status)])) for status in ("operating", "idle"))
    assert before["provided_m2"] - after["provided_m2"] == 300
    assert before["paper_provided_m2"] == after["paper_provided_m2"] == 300


def test_a_missing_floor_area_is_unknown_not_zero() -> None:
    assert verdict([area()], [unit(m2=None)]) == ("not_assessable", "floor_area_missing")
    assert verdict([area()], [unit(m2=None), unit("g", 299.9)]) == ("not_assessable", "floor_area_missing")
    assert verdict([area()], [unit(m2=None), unit("g", 300)]) == ("meets", "meets_without_unknown")
    assert verdict([area()], [unit(m2=None, status="idle")]) == ("fails", "no_room")
    assert np.isnan(row(assess([area()], [unit(m2=None)]))["provided_m2"])
    assert verdict([area()], [unit(m2=None), unit("g", 300)], law=ANHUI) == ("not_assessable", "floor_area_missing")


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(None, ("not_assessable", "usable_area")), (1.4, ("meets", "meets")), (1.3, ("fails", "rate_short"))],
)
def test_usable_area_where_the_document_names_gross(factor: float | None, expected: tuple[str, str]) -> None:
    """Shenyang, new: 1000 households owe 350 m² gross; 250 usable × 1.4 = 350, × 1.3 = 325."""
    switches = {} if factor is None else {"usable_to_gross": factor}
    rooms = [unit(m2=250, area_type="usable")]
    assert verdict([area()], rooms, law=standards.load("shenyang"), **switches) == expected


def test_usable_area_is_never_converted_in_silence() -> None:
    """Where the document names no area type, 300 m² usable are 300 m², factor or not."""
    assert row(assess([area()], [unit(area_type="usable")], usable_to_gross=2))["provided_m2"] == 300


def test_gross_area_where_the_document_names_usable() -> None:
    """Hefei's preset counts the rate in usable area (300 m²) and the room in gross (150 m²): 420 / 1.4 = 300."""
    law = standards.load("hefei")
    assert verdict([area()], [unit(m2=420)], law=law) == ("not_assessable", "gross_area")
    assert verdict([area()], [unit(m2=420)], law=law, usable_to_gross=1.4) == ("meets", "meets")
    assert verdict([area()], [unit(m2=419)], law=law, usable_to_gross=1.4) == ("fails", "rate_short")
    assert verdict([area(care_floor_area_m2=420)], law=law) == ("not_assessable", "gross_area")


# ------------------------------------------------------------------------------------------------------ new or existing


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2014-05-25", "existing"),
        ("2014-05-26", "new"),
        ("2014-05-27", "new"),
        ("2014-05", None),
        ("2014-04", "existing"),
        ("2014-06", "new"),
        ("2014", None),
        ("2013", "existing"),
        ("2015", "new"),
        (None, None),
    ],
)
@pytest.mark.parametrize("column", ["land_grant_date", "completion_date"])
def test_dates_against_a_cutoff(day: str | None, expected: str | None, column: str) -> None:
    """The cut-off is 26 May 2014; the day itself is new; a year or month decides only as a whole."""
    found = row(assess([area(built=None, **{column: day})], new_cutoff=date(2014, 5, 26)))
    assert found["built_from"] == (column if expected else "unknown")
    assert found["built_used"] == expected if expected else pd.isna(found["built_used"])


def test_a_period_that_begins_on_the_cutoff_is_new() -> None:
    for day in ("2014", "2014-01"):
        assert row(assess([area(built=None, completion_date=day)], new_cutoff=date(2014, 1, 1)))["built_used"] == "new"


def test_the_first_source_that_decides_is_taken() -> None:
    dates = {"land_grant_date": "2013", "completion_date": "2016"}
    cutoff = date(2014, 5, 26)
    assert row(assess([area(built="new", **dates)], new_cutoff=cutoff))["built_from"] == "field"
    assert row(assess([area(built=None, **dates)], new_cutoff=cutoff))["built_used"] == "existing"
    undecided = {**dates, "land_grant_date": "2014"}
    assert row(assess([area(built=None, **undecided)], new_cutoff=cutoff))["built_from"] == "completion_date"
    assert row(assess([area(built=None, **dates)]))["built_from"] == "unknown"


@pytest.mark.parametrize(
    ("provided", "expected", "shortfall"),
    [
        (199.9, ("fails", "rate_short"), np.nan),
        (200, ("not_assessable", "built_unknown"), np.nan),
        (299.9, ("not_assessable", "built_unknown"), np.nan),
        (300, ("meets", "meets"), 0.0),
    ],
)
def test_undated_areas_are_judged_under_both(provided: float, expected: tuple[str, str], shortfall: float) -> None:
    """1000 households owe 300 as new, 200 as existing; figures stand only where both agree."""
    found = row(assess([area(built=None)], [unit(m2=provided)]))
    assert (found["verdict"], found["reason"]) == expected
    assert found["provided_m2"] == provided
    assert np.isnan(found["required_m2"])
    assert found["shortfall_m2"] == shortfall or np.isnan(shortfall)


def test_both_readings_may_agree_on_every_figure() -> None:
    """With one minimum of 200 for both, 100 households owe max(30, 200) = max(20, 200) = 200."""
    found = row(assess([area(households=100, built=None)], [unit(m2=150)], law=ONE_MINIMUM))
    assert (found["required_m2"], found["shortfall_m2"], found["verdict"]) == (200, 50, "fails")


def test_a_partner_without_a_date_leaves_the_share_open() -> None:
    """A owes 300; B owes 300 as new, 200 as existing: A has 1/2 or 3/5 of 550, that is 275 or 330."""
    found = assess([area("A"), area("B", built=None)], [unit(m2=550, serves="A;B")])
    assert (row(found)["verdict"], row(found)["reason"]) == ("not_assessable", "shared_built_unknown")
    assert np.isnan(row(found)["provided_m2"])


def test_rate_of_one_reading_only() -> None:
    law = document(rate={"new": "30"})
    assert verdict([area(built=None)], [unit(m2=300)], law=law) == ("not_assessable", "built_unknown")


# -------------------------------------------------------------------------------------------------------------- setting


def test_outside_the_setting_of_the_clause() -> None:
    """Liaocheng covers urban areas; an area without a setting is taken as urban."""
    law = standards.load("liaocheng")
    areas = [area("A", setting="rural"), area("B", setting="urban"), area("C"), area("D", None, setting="rural")]
    found = assess(areas, law=law)
    assert found.residential["verdict"].tolist() == ["not_applicable", "fails", "fails", "not_applicable"]
    assert found.residential.at["D", "reason"] == "outside_setting"
    assert set(found.findings["subject_id"]) == {"B", "C"}


# ---------------------------------------------------------------------------------------------------------------- pools


def test_a_pool_owes_its_members_needs_without_the_minimum() -> None:
    """3 × 1000 new households owe 900 together and one room of 350; 600 m² are 300 short, once."""
    pools = dict.fromkeys("ABC", "P")
    found = assess([area("A"), area("B"), area("C")], [unit(m2=600, serves="P")], pools, law=ANHUI)
    one = row(found)
    assert (one["pool_required_m2"], one["pool_provided_m2"], one["pool_shortfall_m2"]) == (900, 600, 300)
    assert (one["required_m2"], one["provided_m2"], one["shortfall_m2"], one["rate_ok"]) == (300, 0, 300, False)
    assert found.residential["verdict"].tolist() == ["fails"] * 3
    expected = {"required_m2": 900, "provided_m2": 600, "shortfall_m2": 300, "areas_total": 3, "fails": 3}
    assert {key: found.summary[key] for key in expected} == expected
    wanted = ["clause_id", "subject_kind", "subject_id", "required", "actual", "verdict"]
    assert found.findings[wanted].to_numpy().tolist() == [
        ["A-new", "pool", "P", 900.0, 600.0, "fails"],
        ["U-new", "pool", "P", 350.0, 600.0, "meets"],
    ]


@pytest.mark.parametrize("serves", ["P", "A;B;C", "A;P", "P;C"])
def test_however_a_pool_is_named_its_room_is_credited_once(serves: str) -> None:
    found = assess([area("A"), area("B"), area("C")], [unit(m2=600, serves=serves)], dict.fromkeys("ABC", "P"))
    assert row(found)["pool_provided_m2"] == 600
    assert found.residential["provided_m2"].tolist() == [0, 0, 0]
    assert found.rooms["credited_m2"].tolist() == [600]


def test_own_rates_summed_and_the_largest_minimum_of_any_member() -> None:
    """New 1000 (300) and existing 1000 (200) owe 500; only the new one has a minimum, 350, and the pool owes it."""
    areas, pools = [area("A"), area("B", built="existing")], dict.fromkeys("AB", "P")
    rooms = [unit("f", 300, "A"), unit("g", 200, "B")]
    found = assess(areas, rooms, pools, law=ANHUI)
    assert (row(found)["pool_required_m2"], row(found)["pool_provided_m2"]) == (500, 500)
    assert (row(found)["verdict"], row(found)["reason"]) == ("fails", "unit_short")
    assert (row(found)["provided_m2"], row(found, "B")["provided_m2"]) == (300, 200)
    assert (row(found)["unit_ok"], row(found, "B")["unit_ok"]) == (False, pd.NA)
    assert found.findings["clause_id"].tolist() == ["A-existing;A-new", "U-new"]
    strictest = assess(areas, rooms, pools, law=ANHUI, pool_rate="strictest")
    assert row(strictest)["pool_required_m2"] == 600
    assert row(strictest, "B")["required_m2"] == 200


@pytest.mark.parametrize(("largest", "expected"), [(350, "meets"), (349.9, "fails")])
def test_a_pool_owes_the_largest_single_minimum_and_cites_its_clause(largest: float, expected: str) -> None:
    """New 350 m² and existing 150 m²: the pool owes 350, whatever the smaller one says."""
    law = document(rate={"new": "30", "existing": "20"}, minimum={"new": "350", "existing": "150"})
    rooms = [unit("f", largest, "P"), unit("g", 200, "P")]
    found = assess([area("A"), area("B", built="existing")], rooms, dict.fromkeys("AB", "P"), law=law)
    assert row(found)["verdict"] == expected
    assert found.findings.set_index("clause_id").at["U-new", "required"] == 350


def test_a_member_without_households_adds_nothing() -> None:
    """C, new and empty, brings neither need nor its minimum of 350; it stays not applicable."""
    areas = [area("A", built="existing"), area("B", built="existing"), area("C", 0)]
    found = assess(areas, [unit(m2=300, serves="P"), unit("g", 100, "P")], dict.fromkeys("ABC", "P"), law=ANHUI)
    assert found.residential["verdict"].tolist() == ["meets", "meets", "not_applicable"]
    assert found.residential["pool_required_m2"].tolist() == [400, 400, 400]


def test_a_pool_of_empty_areas_is_not_applicable() -> None:
    found = assess([area("A", 0), area("B", 0)], [unit(serves="P")], dict.fromkeys("AB", "P"))
    assert found.residential["verdict"].tolist() == ["not_applicable"] * 2
    assert found.summary["provided_m2"] == 0


def test_missing_households_of_a_member_leave_the_whole_pool_open() -> None:
    areas = [area("A"), area("B", None), area("C", 0)]
    found = assess(areas, [unit(m2=9000, serves="P")], dict.fromkeys("ABC", "P"))
    assert found.residential["verdict"].tolist() == ["not_assessable", "not_assessable", "not_applicable"]
    assert found.residential["reason"].tolist()[:2] == ["member_households_missing"] * 2
    assert row(found)["required_m2"] == 300
    assert found.summary["required_m2"] == 0


def test_an_undated_member_leaves_open_only_what_depends_on_it() -> None:
    """A owes 300, B 300 or 200: 500 m² needed or 600. 499 fails, 500 to 599 is open, 600 meets under both."""
    areas, pools = [area("A"), area("B", built=None)], dict.fromkeys("AB", "P")
    verdicts = [row(assess(areas, [unit(m2=m2, serves="P")], pools))["verdict"] for m2 in (499, 500, 599, 600)]
    assert verdicts == ["fails", "not_assessable", "not_assessable", "meets"]
    found = assess(areas, [unit(m2=600, serves="P")], pools)
    assert np.isnan(row(found)["pool_required_m2"])
    assert (row(found)["pool_provided_m2"], row(found)["pool_shortfall_m2"]) == (600, 0)


def test_a_room_shared_by_a_pool_and_an_area_outside_it() -> None:
    """P = {A, B} owes 600, C 300: 2 : 1 of 450. Serving A and C alone: 1 : 1."""
    areas, pools = [area("A"), area("B"), area("C")], dict.fromkeys("AB", "P")
    found = assess(areas, [unit(m2=450, serves="P;C")], pools)
    assert (row(found)["pool_provided_m2"], row(found, "C")["provided_m2"]) == (300, 150)
    found = assess(areas, [unit(m2=450, serves="A;C")], pools)
    assert (row(found)["pool_provided_m2"], row(found, "C")["provided_m2"]) == (225, 225)
    assert row(found)["provided_m2"] == 0


def test_roll_ups_divide_a_pool_by_what_its_members_owe() -> None:
    """P: A owes 300, B 100 and has 200 m² together: 3 : 1 of 200 m² short. The parts add up to the whole, once."""
    found = assess(
        [area("A"), area("B", 500, "existing"), area("C")], [unit(m2=200, serves="P")], dict.fromkeys("AB", "P")
    )
    parts = [compliance.summarise(found, [name]) for name in "ABC"]
    assert [part["shortfall_m2"] for part in parts] == [150, 50, 300]
    assert [part["required_m2"] for part in parts] == [300, 100, 300]
    assert compliance.summarise(found, list("ABC")) == dict(found.summary)
    assert compliance.summarise(found, [])["meets_share"] is None
    with pytest.raises(KeyError):
        compliance.summarise(found, ["Z"])


def codes(refused: pytest.ExceptionInfo[InputRefused]) -> list[tuple[str, str]]:
    return [(fault.code, fault.value) for fault in refused.value.faults]


def test_pools_are_refused_where_the_document_has_none() -> None:
    with pytest.raises(InputRefused) as refused:
        assess([area()], [], {"A": "P"}, law=standards.load("liaocheng"))
    assert codes(refused) == [("compliance_pooling_not_stated", "liaocheng")]
    assert standards.load("liaocheng").title_zh in refused.value.faults[0].message("zh")
    assess([area()], [], {"A": "P"}, law=standards.load("liaocheng"), pooling=True)
    assess([area()], [], {}, law=standards.load("liaocheng"))
    with pytest.raises(InputRefused):
        assess([area()], [], {"A": "P"}, law=standards.load("nantong"), pooling=False)


def test_contradictory_pools_are_refused_all_at_once() -> None:
    pools = pd.DataFrame(
        [("A", "P"), ("A", "Q"), ("B", "P"), ("B", "P"), ("Z", "P"), ("B", "A")], columns=["residential_id", "pool_id"]
    ).astype("str")
    tables = table("residential", [area("A"), area("B")]), table("facilities", [])
    with pytest.raises(InputRefused) as refused:
        compliance.assess(*tables, pools, NO_MINIMUM, switches={}, as_of=TODAY)
    assert codes(refused) == [
        ("compliance_pool_area_unknown", "Z"),
        ("compliance_pool_area_twice", "A"),
        ("compliance_pool_area_twice", "B"),
        ("compliance_pool_id_is_area", "A"),
    ]


# ---------------------------------------------------------------------------------------- findings, tables, texts, sums


@pytest.mark.parametrize(("day", "overdue"), [(date(2024, 6, 30), False), (date(2024, 7, 1), True)])
def test_overdue_is_after_the_day_itself_and_only_where_it_fails(day: date, overdue: bool) -> None:
    """Nantong's existing areas have until 2024-06-30."""
    areas = [area("A", built="existing"), area("B", built="existing")]
    found = assess(areas, [unit(serves="B")], law=standards.load("nantong"), as_of=day).findings
    assert found["overdue"].tolist() == [overdue, False]
    assert found["deadline"].tolist() == ["2024-06-30"] * 2


def test_columns_and_types() -> None:
    found = assess([area()], [unit()], {"A": "P"})
    assert list(found.residential) == [
        "built_used", "built_from", "required_m2", "provided_m2", "shortfall_m2", "rate_ok", "unit_ok", "pool_id",
        "pool_required_m2", "pool_provided_m2", "pool_shortfall_m2", "verdict", "reason", "paper_provided_m2",
        "paper_verdict",
    ]  # fmt: skip
    assert found.residential.index.name == "residential_id"
    assert list(found.findings) == [
        "clause_id", "subject_kind", "subject_id", "required", "actual", "unit", "verdict", "shortfall", "reason",
        "strength", "deadline", "overdue",
    ]  # fmt: skip
    assert list(found.summary) == [
        "required_m2", "provided_m2", "shortfall_m2", "areas_total", "meets", "fails", "not_assessable",
        "not_applicable", "meets_share",
    ]  # fmt: skip
    empty = assess([], [])
    assert empty.residential.dtypes.to_dict() == found.residential.dtypes.to_dict()
    assert empty.findings.dtypes.to_dict() == found.findings.dtypes.to_dict()
    assert empty.summary["areas_total"] == 0


def test_the_results_of_an_earlier_run_may_come_in_again() -> None:
    """Columns of the source that bear our names are not mistaken for answers."""
    residential = table("residential", [area(built="existing")]).assign(built_used="new", verdict="meets", pool_id="P")
    found = compliance.assess(residential, table("facilities", []), None, NO_MINIMUM, switches={}, as_of=TODAY)
    assert (row(found)["built_used"], row(found)["verdict"]) == ("existing", "fails")
    assert pd.isna(row(found)["pool_id"])


def test_input_is_left_as_it_was() -> None:
    residential, facilities = table("residential", [area(built=None)]), table("facilities", [unit()])
    before = residential.copy(), facilities.copy()
    compliance.assess(residential, facilities, None, NO_MINIMUM, switches={}, as_of=TODAY)
    pd.testing.assert_frame_equal(residential, before[0])
    pd.testing.assert_frame_equal(facilities, before[1])


def test_the_meets_share_leaves_out_what_cannot_be_judged() -> None:
    areas = [area("A"), area("B"), area("C", None), area("D", 0), area("E")]
    found = assess(areas, [unit("f", 300, "A"), unit("g", 300, "B")]).summary
    expected = {
        "meets": 2,
        "fails": 1,
        "not_assessable": 1,
        "not_applicable": 1,
        "areas_total": 5,
        "meets_share": 2 / 3,
    }
    assert {key: found[key] for key in expected} == expected
    assert (found["required_m2"], found["provided_m2"], found["shortfall_m2"]) == (900, 600, 300)


def test_every_reason_has_its_words() -> None:
    """The codes are read off the source, so that a new one without a sentence is found."""
    source = "".join(path.read_text("utf-8") for path in Path(compliance.__file__).parent.glob("*.py"))
    known = {key.removeprefix("compliance.reason.") for key in texts.entries() if key.startswith("compliance.reason.")}
    quoted = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', source))
    bases = ("households", "residents", "elderly")
    built = {word for base in bases for word in (f"no_{base}", f"{base}_missing", f"member_{base}_missing")}
    built |= {f"{topic}_{word}" for topic in ("rate", "unit") for word in ("enough", "short", "unknown")}
    built |= {"gross_area", "usable_area", "member_not_stated"}
    built |= {f"storey_{kind}" for kind in ("basement", "semi_basement", "mezzanine")}
    built |= {word for flag in ("own_entrance", "accessible") for word in (f"no_{flag}", f"{flag}_missing")}
    states = {"status", "not_opened_yet", "closed", "date_unsure"}
    plain = {"meets", "nowhere", "counted"}
    assert known <= quoted | built | states | plain, known - quoted - built - states - plain
    assert built | states | plain <= known
    for fault in re.findall(r'Fault\("([a-z_]+)"', source):
        assert texts.has(f"fault.{fault}.message")
        assert texts.has(f"fault.{fault}.remedy")
