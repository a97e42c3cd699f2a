"""What another reading would change: only what it changes, only where it can, and the same on every run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import papertown
import pytest

import planning
from planning import runs, standards, study, texts
from planning.study import sensitivity
from planning.study.records import StudyResult

pytestmark = pytest.mark.slow


def town(folder: Path, standard: str, more: str = "", **tables: Any) -> StudyResult:
    """Run the paper town (see its docstring) under ``standard``; ``more`` goes below [siting]."""
    return planning.run(planning.load(papertown.write(folder, standard=standard, more=more, **tables)))


@pytest.fixture(scope="module")
def liaocheng(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return town(tmp_path_factory.mktemp("聊城"), "liaocheng")


@pytest.fixture(scope="module")
def nantong(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return town(tmp_path_factory.mktemp("南通"), "nantong")


def used(result: StudyResult) -> dict[str, str]:
    return dict(zip(result.readings["switch"], result.readings["reading_used"], strict=True))


def changes(result: StudyResult, switch: str) -> list[tuple[str, ...]]:
    rows = result.sensitivity[result.sensitivity["switch"] == switch]
    wanted = rows[["other_reading", "subject_id", "verdict_used", "verdict_other"]]
    return list(wanted.itertuples(index=False, name=None))


# ------------------------------------------------------------------------------------------------- which switches count


def test_only_switches_that_touch_the_document(liaocheng: StudyResult, nantong: StudyResult) -> None:
    """Liaocheng has a rate, a minimum, new and existing areas, a radius left open and centres by unit type; no pools
    are given. Nantong adds land per person, a circle and a 'before' date."""
    assert used(liaocheng) == {
        "single_minimum_applies": "stand_alone",
        "new_cutoff": "unstated",
        "households_rounding": "proportional",
        "service_radius_m": "unstated",
        "centre_unit_types": "unstated",
    }
    assert used(nantong) == {
        "land_per_person_base": "residents",
        "apportion_mixed_land": "false",
        "single_minimum_applies": "stand_alone",
        "new_cutoff": "unstated",
        "households_rounding": "proportional",
        "before_year": "before",
        "circle_levels": "street;community",
        "centre_unit_types": "unstated",
    }
    assert liaocheng.readings["is_default"].all()


def test_the_reading_says_its_point_and_why(nantong: StudyResult) -> None:
    rows = nantong.readings.set_index("switch")
    for switch in standards.load("nantong").readings:
        if switch.name in rows.index:
            found = rows.loc[switch.name]
            assert (found["ambiguity"], found["reason_zh"], found["reason_en"]) == (
                switch.ambiguity, switch.reason_zh, switch.reason_en,
            )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ what is changed


def test_started_hundreds_change_nothing_where_households_are_whole_hundreds(liaocheng: StudyResult) -> None:
    assert changes(liaocheng, "households_rounding") == []
    assert liaocheng.summary["sensitivity"]["households_rounding"]["others"]["started_hundred"]["changed"] == 0


def test_started_hundreds_ask_more_of_1001_households(tmp_path: Path) -> None:
    """A: 1001 new households owe 200.2 m² in proportion and 220 by started hundreds; it has 205 m²."""
    areas, places = papertown.residential(), papertown.facilities()
    areas.loc[areas["residential_id"] == "A", "households"] = 1001
    places.loc[places["facility_id"] == "K1", "floor_area_m2"] = 205.0
    result = town(tmp_path, "liaocheng", residential=areas, facilities=places)
    assert changes(result, "households_rounding") == [("started_hundred", "A", "meets", "fails")]
    row = result.sensitivity.iloc[0]
    assert (row["ambiguity"], row["clause_id"], row["subject_kind"]) == ("A11", "LC-01;LC-02", "residential")
    counts = result.summary["sensitivity"]["households_rounding"]["others"]["started_hundred"]
    before = result.summary["compliance"]
    assert counts == {"changed": 1, "meets": before["meets"] - 1, "fails": before["fails"] + 1}


def test_single_minimum_of_existing_rooms(tmp_path: Path) -> None:
    """A has rooms of 200 and 50 m²: the largest reaches 200, the smallest does not."""
    places = papertown.facilities()
    extra = places[places["facility_id"] == "K1"].assign(facility_id="K9", floor_area_m2=50.0)
    result = town(tmp_path, "liaocheng", facilities=pd.concat([places, extra], ignore_index=True))
    assert changes(result, "single_minimum_applies") == [("existing_rooms", "A", "meets", "fails")]


def test_the_reading_that_the_plan_takes_is_compared_with_the_default(tmp_path: Path) -> None:
    """The plan counts started hundreds; read in proportion, A (1001 households, 205 m²) would meet."""
    areas, places = papertown.residential(), papertown.facilities()
    areas.loc[areas["residential_id"] == "A", "households"] = 1001
    places.loc[places["facility_id"] == "K1", "floor_area_m2"] = 205.0
    more = '[standards]\nhouseholds_rounding = "started_hundred"'
    result = town(tmp_path, "liaocheng", more, residential=areas, facilities=places)
    assert changes(result, "households_rounding") == [("proportional", "A", "fails", "meets")]
    assert not result.readings.set_index("switch").at["households_rounding", "is_default"]


def test_a_cutoff_of_the_plan_is_compared_with_none(tmp_path: Path) -> None:
    """B is undated by word and granted in 2016: new, 400 of 300 m² owed. Without a cut-off it owes 400 or 300."""
    areas = papertown.residential().assign(land_grant_date="")
    areas.loc[areas["residential_id"] == "B", ["built", "land_grant_date"]] = ["", "2016-01-01"]
    result = town(tmp_path, "liaocheng", "[standards]\nnew_cutoff = 2015-01-01", residential=areas)
    assert changes(result, "new_cutoff") == [("unstated", "B", "fails", "not_assessable")]
    assert used(result)["new_cutoff"] == "2015-01-01"


def test_before_a_year_moves_only_what_is_overdue(tmp_path: Path) -> None:
    """NT-03 is due before 2024: by hand 0 on a day in 2024 it is late, but in time if within the year is meant."""
    entered = "indicator_id,value,source,date\nNT-03,0,自然资源局,2024-06-01\n"
    plan = papertown.write(tmp_path, standard="nantong")
    (tmp_path / "entered.csv").write_text(entered, encoding="utf-8")
    text = plan.read_text("utf-8").replace("as_of = 2025-12-31", "as_of = 2024-06-30")
    plan.write_text(text.replace("[siting]", '[inputs.indicators]\npath = "entered.csv"\n[siting]'), encoding="utf-8")
    result = planning.run(planning.load(plan))
    rows = result.sensitivity[result.sensitivity["switch"] == "before_year"]
    kept = ["clause_id", "verdict_used", "verdict_other", "overdue_used", "overdue_other"]
    assert rows[kept].to_numpy().tolist() == [["NT-03", "fails", "fails", True, False]]
    within = replace(result.inputs, plan=replace(result.inputs.plan, standards={"before_year": "within"}))
    within = replace(within, standard=standards.apply(standards.load("nantong"), {"before_year": "within"}))
    back = study.run(within).sensitivity
    rows = back[back["switch"] == "before_year"]
    assert rows[kept].to_numpy().tolist() == [["NT-03", "fails", "fails", False, True]]


def test_pools_are_compared_with_none(tmp_path: Path) -> None:
    """A and B pool under Nantong: 300 + 600 owed, 200 + 300 there. Alone they fail too."""
    pools = pd.DataFrame({"residential_id": ["A", "B"], "pool_id": ["P", "P"]})
    places = papertown.facilities()
    places.loc[places["facility_id"] == "K2", "floor_area_m2"] = 900.0
    plan = papertown.write(tmp_path, standard="nantong", facilities=places)
    pools.to_csv(tmp_path / "pools.csv", index=False)
    text = plan.read_text("utf-8").replace("[siting]", '[inputs.pools]\npath = "pools.csv"\n[siting]')
    plan.write_text(text, encoding="utf-8")
    result = planning.run(planning.load(plan))
    assert {"pooling", "pool_rate"} <= set(used(result))
    assert changes(result, "pooling") == [("false", "A", "meets", "fails")]
    assert changes(result, "pool_rate") == []


def test_circle_levels_are_worked_out_again(tmp_path: Path) -> None:
    """NT-05 states no share, so another circle changes no verdict, but it is tried where the plan names levels."""
    result = town(tmp_path, "nantong", '[standards]\ncircle_levels = ["street"]')
    row = result.readings.set_index("switch").loc["circle_levels"]
    assert (row["reading_used"], row["others"], row["changed"]) == ("street", "street;community", 0)


# ----------------------------------------------------------------------------------------------------------------- laws


def test_reading_otherwise_and_back_is_where_we_started(nantong: StudyResult) -> None:
    """The document as written, read as the plan reads it, is the document the plan was judged by."""
    inputs = nantong.inputs
    for switch in inputs.standard.readings:
        for other in switch.choices:
            moved = sensitivity._read_otherwise(inputs, switch.name, other)
            again = sensitivity._read_otherwise(moved, switch.name, sensitivity.UNSTATED)
            assert again.standard.clauses == inputs.standard.clauses
            assert again.standard.switches == inputs.standard.switches
            assert again.standard.pooling == inputs.standard.pooling
            assert again.plan.standards == inputs.plan.standards


def test_numbers_the_plan_brings_survive_another_reading() -> None:
    rates = {"area_per_100_households": {"new": 30, "existing": 20}}
    applied = standards.apply(standards.load("shaanxi"), {**rates, "before_year": "within"})
    written = sensitivity._as_written(applied)
    assert written == replace(standards.load("shaanxi"), written=())
    assert standards.apply(written, rates).rate("new").value == 30  # type: ignore[union-attr]


def test_what_was_found_is_not_touched_by_asking(liaocheng: StudyResult) -> None:
    """The figures of the run are those of its own readings."""
    alone = study.run(liaocheng.inputs, parts=frozenset({"compliance"}))
    assert alone.summary["compliance"] == liaocheng.summary["compliance"]
    assert "sensitivity" not in alone.summary
    assert alone.sensitivity.empty
    assert list(alone.sensitivity.columns) == list(sensitivity.SENSITIVITY)


def test_the_same_on_every_run(nantong: StudyResult) -> None:
    again = study.run(nantong.inputs)
    pd.testing.assert_frame_equal(again.sensitivity, nantong.sensitivity)
    pd.testing.assert_frame_equal(again.readings, nantong.readings)
    pd.testing.assert_frame_equal(again.remedies, nantong.remedies)
    assert again.summary["sensitivity"] == nantong.summary["sensitivity"]


def test_every_switch_and_reading_has_words() -> None:
    for switch in standards.load("nantong").readings:
        assert texts.has(f"sensitivity.switch.{switch.name}")
        assert switch.name in sensitivity._TOUCHES
        for choice in switch.choices:
            word = str(choice).lower() if isinstance(choice, bool) else choice
            assert texts.has(f"sensitivity.reading.{switch.name}.{word}") or texts.has(
                f"sensitivity.reading.any.{word}"
            )


def test_readings_are_said_as_in_the_plan_file() -> None:
    said = [sensitivity._say(one) for one in (True, False, "own", ["street", "community"], date(2015, 1, 1), 1.3)]
    assert said == ["true", "false", "own", "street;community", "2015-01-01", "1.3"]


# ------------------------------------------------------------------------------------------------- gaps and the sheets


def test_gaps_of_the_town(liaocheng: StudyResult) -> None:
    """C (800 existing) owes 200 m² and has a room of 150: H1 at 400 m is left once siting takes H2 and H3. F lies on an
    island. B (2000 new) owes 400 and has 300."""
    found = liaocheng.remedies
    sites = set(liaocheng.sites["facility_id"])
    assert not found["facility_id"].isin(sites).any()
    of_f = found[found["residential_id"] == "F"]
    assert of_f["measure"].tolist() == ["none"]
    assert of_f["reason"].item() == "nothing_in_reach"
    left = ({"H1", "H2", "H3"} - sites).pop()
    x = {"H1": 1900, "H2": 1500}[left]
    rows = found[found["facility_id"] == left].set_index("residential_id")
    assert dict(rows["distance_m"]) == {"B": x - 1000.0, "C": x - 1500.0}
    assert dict(rows["missing_m2"]) == {"B": 100, "C": 50}
    assert dict(rows["least_unit_m2"]) == {"B": 200, "C": 200}


def test_pools_are_suggested_only_where_the_document_lets_areas_pool(tmp_path: Path) -> None:
    """B moved next to A: gates 200 m apart. Nantong lets them pool, Liaocheng does not."""
    entrances = papertown.entrances()
    entrances.loc[entrances["residential_id"] == "B", "geometry"] = papertown.at(500, 0)
    south = town(tmp_path / "n", "nantong", entrances=entrances)
    assert south.pools[["members", "walk_m", "unit_id"]].to_numpy().tolist() == [["A;B", 200.0, "W"]]
    row = south.pools.iloc[0]  # A: 300 owed, 200 there; B: 600 owed, 300 there; alone 600 + 600 to build, together 600
    assert (row["need_m2"], row["provided_m2"], row["alone_m2"], row["together_m2"], row["saved_m2"]) == (
        900, 500, 1200, 600, 600,
    )  # fmt: skip
    assert row["pool_id"] in set(south.remedies["pool_id"])
    assert south.summary["compliance"] == town(tmp_path / "m", "nantong").summary["compliance"]
    assert town(tmp_path / "l", "liaocheng", entrances=entrances).pools.empty


def test_the_nearest_pair_of_gates_makes_the_walk(tmp_path: Path) -> None:
    """A has a second gate at x = 900, B's is at 1000: 100 m, though the first gates are 700 m apart."""
    entrances = papertown.entrances()
    second = entrances[entrances["residential_id"] == "A"].set_geometry([papertown.at(900, 0)])
    both = pd.concat([entrances, second], ignore_index=True)
    assert town(tmp_path, "nantong", entrances=both).pools["walk_m"].tolist() == [100.0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_has_the_sheets(tmp_path: Path, language: str) -> None:
    entrances = papertown.entrances()
    entrances.loc[entrances["residential_id"] == "B", "geometry"] = papertown.at(500, 0)
    areas = papertown.residential()
    areas.loc[areas["residential_id"] == "C", "built"] = ""
    more = f'[standards]\nhouseholds_rounding = "started_hundred"\n[output]\nlanguage = "{language}"'
    plan = papertown.write(tmp_path, standard="nantong", more=more, entrances=entrances, residential=areas)
    done = runs.run(plan, out=tmp_path / "out", only="report")
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    names = {
        key: texts.t(key, language) for key in ("remedies.sheet", "remedies.pools_sheet", "sensitivity.readings_sheet")
    }
    assert set(names.values()) <= set(book.sheetnames)
    cells = [cell.value for row in book[names["remedies.sheet"]].iter_rows() for cell in row if cell.value is not None]
    assert set(done.result.remedies["facility_id"].dropna()) <= set(cells)
    readings = [cell.value for row in book[names["sensitivity.readings_sheet"]].iter_rows() for cell in row]
    assert set(done.result.readings["switch"]) <= set(readings)
    assert not any(
        isinstance(cell, str) and cell.startswith(("sensitivity.", "remedies.")) for cell in readings + cells
    )
