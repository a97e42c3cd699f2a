"""Numbers that a plan gives where its document states none: held against, shown as the user's, never as the document's.

Units, facilities and their answers are those of `test_indicators`: a county Z of four quarters.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import papertown
import pytest
from shapely.geometry import Point
from test_compliance import area, unit
from test_compliance import assess as assess_areas
from test_compliance import row as area_row
from test_indicators import facility, findings, frame, row

from planning import plan, runs, standards, texts
from planning.atlas import _verdicts
from planning.errors import Fault, InputRefused

# Every clause of the five documents without a number, in the order of the documents.
SILENT = {
    "shenyang": ["SY-04", "SY-19"],
    "nantong": ["NT-05", "NT-11", "NT-13", "NT-14"],
    "shaanxi": ["SX-01", "SX-04", "SX-05", "SX-06", "SX-13", "SX-14", "SX-15"],
    "liaocheng": ["LC-12", "LC-13"],
    "tianjiaan": ["TJ-01", "TJ-02", "TJ-05", "TJ-09", "TJ-10"],
}
# Of these nothing can be held against a number: acts without a measure, and whether areas may pool.
NO_MATTER_OF_MORE_OR_LESS = {"SY-19", "NT-11", "NT-14", "SX-15"}
FITTING = {"share": 0.5, "m": 300, "m2": 20.5, "count": 3, "beds": 40}


def given(name: str, numbers: Mapping[str, Any], **more: Any) -> standards.Standard:
    return standards.apply(standards.load(name), {"numbers": numbers, **more})


def refused(name: str, numbers: Mapping[str, Any], **more: Any) -> tuple[Fault, ...]:
    with pytest.raises(InputRefused) as caught:
        given(name, numbers, **more)
    return caught.value.faults


@pytest.mark.parametrize("name", SILENT)
def test_every_silent_clause_takes_a_number_or_says_why_not(name: str) -> None:
    document = standards.load(name)
    assert [one.id for one in document.clauses if not one.stated] == SILENT[name]
    for clause_id in SILENT[name]:
        number = FITTING.get(document.clause(clause_id).unit, 1)
        if clause_id in NO_MATTER_OF_MORE_OR_LESS:
            (fault,) = refused(name, {clause_id: number})
            assert (fault.code, fault.column) == ("standard_number_not_asked", f"standards.numbers.{clause_id}")
        else:
            filled = given(name, {clause_id: number}).clause(clause_id)
            assert (filled.value, filled.entered, filled.source) == (Decimal(str(number)), True, "用户给定")


@pytest.mark.parametrize("name", SILENT)
def test_a_number_the_document_states_is_refused_for_every_clause(name: str) -> None:
    document = standards.load(name)
    stated = {one.id: one for one in document.clauses if one.stated}
    found = refused(name, dict.fromkeys(stated, 0.5))
    assert [(fault.code, fault.facts["clause"]) for fault in found] == [
        ("standard_number_stated", one) for one in stated
    ]
    for fault in found:
        clause = stated[fault.facts["clause"]]
        numbers = [part.value for part in clause.parts] or [clause.value]
        assert all(str(number) in fault.message("zh") for number in numbers)


def test_the_silence_and_the_number_stand_side_by_side() -> None:
    document = given("shaanxi", {"SX-01": 0.9, "SX-05": 30, "SX-13": 300})
    said = {one: standards.required(document.clause(one)) for one in ("SX-01", "SX-05", "SX-13", "SX-14", "SX-02")}
    assert said == {
        "SX-01": "本文件未规定；用户给定 ≥ 90%",
        "SX-05": "本文件未规定；用户给定 ≥ 30 m²/百户",
        "SX-13": "本文件未规定；用户给定 ≤ 300 米",
        "SX-14": "本文件未规定",
        "SX-02": "≥ 60%",
    }
    english = standards.required(document.clause("SX-13"), "en")
    assert english == "not stated in this document; given by the user: ≤ 300 m"
    old = standards.apply(standards.load("tianjiaan"), {"area_per_100_households": {"new": 30}})
    assert standards.required(old.clauses[-1]) == "本文件未规定；用户给定 ≥ 30 m²/百户"  # a clause only the plan knows


def test_the_same_number_by_either_key() -> None:
    by_name = standards.apply(standards.load("shaanxi"), {"area_per_100_households": {"new": 30, "existing": 20}})
    by_clause = given("shaanxi", {"SX-05": 30, "SX-06": 20})
    assert by_name.clauses == by_clause.clauses
    assert by_name.written == by_clause.written == standards.load("shaanxi").clauses
    assert dict(by_name.switches) == dict(by_clause.switches) == dict(standards.load("shaanxi").switches)
    again = standards.apply(by_clause, {"numbers": {"SX-05": 30, "SX-06": 20}})
    assert again == by_clause


@pytest.mark.parametrize(
    ("name", "clause", "value", "fine"),
    [
        ("nantong", "NT-05", 1, True),
        ("nantong", "NT-05", 1.01, False),
        ("nantong", "NT-05", 90, False),
        ("nantong", "NT-05", 0, False),  # everything would meet it
        ("shaanxi", "SX-13", 0, True),  # wall to wall
        ("shaanxi", "SX-13", 20000, True),
        ("shaanxi", "SX-13", 20000.5, False),
        ("shaanxi", "SX-05", 0.1, True),
        ("shaanxi", "SX-05", 0, False),
        ("tianjiaan", "TJ-10", 2, True),
        ("tianjiaan", "TJ-10", 2.5, False),
        ("liaocheng", "LC-13", 0, False),
        ("liaocheng", "LC-13", 4000, True),
    ],
)
def test_a_number_is_in_the_unit_of_its_clause(name: str, clause: str, value: float, *, fine: bool) -> None:
    if fine:
        assert given(name, {clause: value}).clause(clause).value == Decimal(str(value))
        return
    (fault,) = refused(name, {clause: value})
    assert (fault.code, fault.column, fault.value) == (
        "standard_number_range",
        f"standards.numbers.{clause}",
        str(value),
    )
    unit_zh = texts.t(f"standard.unit.{standards.load(name).clause(clause).unit}", "zh")
    assert unit_zh in fault.remedy("zh")
    assert fault.remedy("zh") != fault.remedy("en")


def test_unknown_clauses_get_the_nearest_and_all_faults_come_at_once() -> None:
    found = refused(
        "shaanxi",
        {"SX-1": 0.9, "SX-13": -1, "LC-12": 1, "SX-02": 0.7, "SX-05": 30, "SX-15": 1},
        area_per_100_households={"new": 20},
    )
    assert [(fault.code, fault.column.rsplit(".", 1)[1]) for fault in found] == [
        ("standard_number_unknown", "SX-1"),
        ("standard_number_range", "SX-13"),
        ("standard_number_unknown", "LC-12"),
        ("standard_number_stated", "SX-02"),
        ("standard_number_twice", "SX-05"),
        ("standard_number_not_asked", "SX-15"),
    ]
    assert (found[0].facts["nearest"], found[2].facts["nearest"]) == ("SX-01", "SX-14")
    (typed,) = refused("nantong", {"nt-5": 0.9})
    assert typed.facts["nearest"] == "NT-05"
    for fault in found:
        assert fault.message("zh") != fault.message("en")
        assert "{" not in fault.message() + fault.remedy()
    assert found[0].facts["open_zh"] == "SX-01、SX-04、SX-05、SX-06、SX-13、SX-14"
    (parts,) = refused("tianjiaan", {"TJ-99": 1})  # clauses of several numbers have theirs
    assert parts.facts["open_en"] == "TJ-01, TJ-02, TJ-05, TJ-09, TJ-10"


@pytest.mark.parametrize(
    "value", ["{ SX-13 = '300' }", "{ SX-13 = true }", "{ SX-13 = -1 }", "{ SX-13 = inf }", "{}", "300"]
)
def test_what_is_no_number_is_refused_with_the_plan(tmp_path: Path, value: str) -> None:
    path = papertown.write(tmp_path, standard="shaanxi", more=f"[standards]\nnumbers = {value}")
    with pytest.raises(InputRefused) as caught:
        plan.read(path)
    (fault,) = caught.value.faults
    assert fault.column == "standards.numbers"
    assert "SX-13 = 300" in fault.remedy("zh")


# ------------------------------------------------------------------------------------------------ what is then judged


def medical(*points: tuple[float, float]) -> Any:
    return frame("medical", [{"medical_id": f"m{n}", "geometry": Point(*point)} for n, point in enumerate(points)])


@pytest.mark.parametrize(("number", "verdict", "short"), [(400, "meets", 0), (399.999, "fails", 0.001)])
def test_next_to_medical_places(number: float, verdict: str, short: float) -> None:
    """SX-13: the farther of two facilities is exactly 400 m from the nearest medical place; on the line is in."""
    rows = [facility("v", Point(0, 0), "village"), facility("s", Point(1000, 0), "street")]
    switches = {"numbers": {"SX-13": number}}
    found = row(findings("shaanxi", *rows, medical=medical((0, 30), (1000, 400)), switches=switches), "SX-13")
    assert (found["actual"], found["required"], found["verdict"]) == (400, number, verdict)
    assert found["reason"] == "number_given"
    assert found["shortfall"] == pytest.approx(short, abs=1e-12)
    bare = row(findings("shaanxi", *rows, switches=switches), "SX-13")
    assert (bare["verdict"], bare["reason"]) == ("not_assessable", "number_given;medical_missing")


@pytest.mark.parametrize(("number", "verdict"), [(0.75, "meets"), (0.7501, "fails")])
def test_the_share_inside_the_circle(number: float, verdict: str) -> None:
    coverage = {"circle": {"households_share": 0.75, "households_missing": 0}}
    for document, clause in (("nantong", "NT-05"), ("shaanxi", "SX-01")):
        found = row(findings(document, coverage=coverage, switches={"numbers": {clause: number}}), clause)
        assert (found["verdict"], found["reason"]) == (verdict, "number_given")
    silent = {"circle": {"households_share": 0.75, "households_missing": 1}}
    found = row(findings("nantong", coverage=silent, switches={"numbers": {"NT-05": number}}), "NT-05")
    assert (found["verdict"], found["actual"]) == ("not_assessable", 0.75)


@pytest.mark.parametrize(("number", "verdict"), [(0.5, "meets"), (0.51, "fails")])
def test_networks_of_units(number: float, verdict: str) -> None:
    """SX-14: B and D are townships, vb and vd villages; B and vb have a facility of their own level."""
    rows = [facility("b", "B", "street"), facility("v", "B", "village")]
    found = row(findings("shaanxi", *rows, switches={"numbers": {"SX-14": number}}), "SX-14")
    assert (found["actual"], found["verdict"]) == (0.5, verdict)


@pytest.mark.parametrize(("number", "verdict"), [(1, "meets"), (2, "fails")])
def test_idle_assets(number: int, verdict: str) -> None:
    sites = frame("candidates", [{"facility_id": "c", "source": "idle_state_asset", "geometry": Point(0, 0)}])
    found = row(findings("tianjiaan", candidates=sites, switches={"numbers": {"TJ-10": number}}), "TJ-10")
    assert (found["actual"], found["verdict"]) == (1, verdict)


def test_a_figure_entered_by_hand_is_held_against_the_plans_number() -> None:
    """LC-13 states no number of beds: 30 entered of 40 asked by the user fail; without the number nothing is judged."""
    entered = frame("indicators", [{"indicator_id": "LC-13", "value": "30", "source": "年报", "date": "2023"}])
    found = row(findings("liaocheng", indicators=entered, switches={"numbers": {"LC-13": 40}}), "LC-13")
    assert (found["verdict"], found["shortfall"], found["origin"]) == ("fails", 10, "entered")
    plain = row(findings("liaocheng", indicators=entered), "LC-13")
    assert (plain["verdict"], plain["reason"]) == ("not_assessable", "本文件未规定")


def test_areas_owe_what_the_user_gives() -> None:
    """1166 households at 30 m² a hundred owe 349.8 m² exactly: on the line is in, a hundredth of a square metre below
    is not; nor does one household more pass."""
    law = given("shaanxi", {"SX-05": 30})
    for households, m2, verdict in ((1166, 349.8, "meets"), (1166, 349.79, "fails"), (1167, 349.8, "fails")):
        found = area_row(assess_areas([area(households=households)], [unit(m2=m2)], law=law))
        assert found["verdict"] == verdict
    silent = area_row(assess_areas([area(built="existing")], [unit(m2=900)], law=law))
    assert (silent["verdict"], silent["reason"]) == ("not_assessable", "not_stated")


# ----------------------------------------------------------------------------------------------------- what is printed


@pytest.mark.slow
def test_every_sheet_says_whose_number_it_is(tmp_path: Path) -> None:
    more = "[standards.numbers]\nSX-05 = 20\nSX-14 = 0.5"
    path = papertown.write(tmp_path, standard="shaanxi", more=more)
    done = runs.run(path, out=tmp_path / "out", only="report")
    rows = {one["clause_id"]: one for one in done.result.summary["indicators"]}
    assert rows["SX-14"]["reason"].split(";")[0] == "number_given"
    assert rows["SX-04"]["reason"] == "本文件未规定"
    card = done.result.scorecard.set_index("clause_id")
    assert not card.loc[["SX-05", "SX-14", "SX-04"], "stated"].any()
    assert card.at["SX-02", "stated"]
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    line = texts.t("standard.given_list", "zh", numbers="SX-05 ≥ 20 m²/百户；SX-14 ≥ 50%")
    for page in book:
        assert line in [page.cell(row, 1).value for row in range(1, 6)], page.title
    cells = {row[0].value: [cell.value for cell in row] for row in book["条款评分表"].iter_rows() if row[0].value}
    assert "本文件未规定；用户给定 ≥ 20 m²/百户" in cells["SX-05"]
    assert any("按用户给定的数评定" in str(cell) for cell in cells["SX-05"])
    assert any("SX-04 = 数值" in str(cell) for cell in cells["SX-04"])  # where the number would go


@pytest.mark.slow
def test_maps_say_whose_number_it_is(tmp_path: Path) -> None:
    """The card of an area names the clause it owes under with whose number that is; so does the sheet of the atlas."""
    path = papertown.write(tmp_path, standard="shaanxi", more="[standards.numbers]\nSX-05 = 20")
    runs.run(path, out=tmp_path / "out", only="webmap")
    page = (tmp_path / "out" / "map.html").read_text("utf-8")
    assert "SX-05（本文件未规定；用户给定 ≥ 20 m²/百户）" in page
    inputs = runs.load(path)
    view = SimpleNamespace(
        result=SimpleNamespace(inputs=inputs), say=lambda key, **facts: texts.t(f"atlas.{key}", "zh", **facts)
    )
    assert _verdicts._rates(view) == "新建 未规定（用户给定 20），已建 未规定 m²/百户"  # type: ignore[arg-type]
