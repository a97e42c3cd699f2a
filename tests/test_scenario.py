"""What if: any edits of a town, held against a whole run of the plan they are exported as.

The street town (papertown): of 63 elderly S1 reaches 1 within 900 m; H3 adds D (8), a site at x = 1200 adds B and C
(2 + 4). On the grid town the law is asked of edits nobody chose.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import gridstudy
import gridtown
import pandas as pd
import papertown
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from planning import catchment, network, runs, scenario, study
from planning.errors import InputRefused
from planning.scenario import (
    Barrier,
    Change,
    Gate,
    Move,
    Open,
    Place,
    Remove,
    Scenario,
    SwitchOff,
    SwitchOn,
    from_json,
    to_json,
)

SOME_XY = st.tuples(st.integers(-50, 850), st.integers(-50, 650))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return papertown.write(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def base(town):
    return scenario.prepare_inputs(runs.load(town))


def begun(base: scenario.Base, *edits: scenario.Edit, name: str = "甲") -> Scenario:
    empty = scenario.begin(name, base.inputs.plan, base.inputs.crs.to_string())
    return replace(empty, edits=edits)


def at(x: float, y: float = 0.0) -> tuple[float, float]:
    return papertown.X0 + x, papertown.Y0 + y


def covered(base: scenario.Base, *edits: scenario.Edit) -> Any:
    found = scenario.figures(base, begun(base, *edits)).after
    assert found is not None
    return found["elderly_covered"]


# --------------------------------------------------------------------------------------------------- what edits come to


def test_figures_are_the_towns_arithmetic(base):
    """S1 has A (1); H3 D (8); a site at 1200 B, C (6) and A (900 m, on the line); a millimetre on, A is S1's alone."""
    assert covered(base) == 1
    assert covered(base, Open("H3")) == 9
    assert covered(base, Open("H3"), Place("N01", "新", *at(1200))) == 15
    off = SwitchOff("S1")
    assert covered(base, off) == 0
    assert covered(base, off, Place("N01", "新", *at(1200))) == 7
    assert covered(base, off, Place("N01", "新", *at(1200.001))) == 6
    assert covered(base, off, Place("N01", "新", *at(1200.001)), Move("N01", *at(1200))) == 7
    assert covered(base, off, SwitchOn("S1")) == 1
    assert covered(base, Open("H3"), Remove("H3")) == 1
    assert covered(base, Move("H3", *at(1200)), Open("H3")) == 7


def test_minutes_and_speed_only_move_the_line(base):
    """H1 at 1900: B is 900 m off, C 400. Ten minutes are 600 m, ten at 1.5 m/s 900 m again."""
    assert covered(base, Open("H1")) == 7
    assert covered(base, Open("H1"), Change("minutes", 10)) == 5
    assert covered(base, Open("H1"), Change("minutes", 10), Change("speed_m_per_s", 1.5)) == 7


def test_a_wall_across_the_street_and_a_gate_change_the_way(base):
    """A wall at x = 1700 keeps H1 from B and C; a gate of E on the street brings its 16 people to H2."""
    wall = Barrier((at(1700, -50), at(1700, 50)))
    assert covered(base, Open("H1"), wall) == 1
    assert covered(base, Open("H2"), Gate("E", *at(1500))) == 23


def test_switching_off_a_room_reaches_the_law(base):
    """K1 is the only room of A, which then lacks its 200 m²; S1 counts for nothing there."""
    whole = scenario.figures(base, begun(base)).compliance
    without = scenario.figures(base, begun(base, SwitchOff("K1"))).compliance
    assert without["shortfall_m2"] == whole["shortfall_m2"] + 200
    assert without["meets"] == whole["meets"] - 1
    assert scenario.figures(base, begun(base, SwitchOff("S1"))).compliance == whole


def test_streets_and_areas_tell_before_and_after(base):
    found = scenario.figures(base, begun(base, Open("H3")))
    streets = found.streets.set_index("unit_id")
    assert streets.loc["O", ["elderly_total", "elderly_before", "elderly_after"]].tolist() == [28, 0, 8]
    assert streets.loc["W", ["elderly_before", "elderly_after"]].tolist() == [1, 1]
    assert found.areas.loc["D", ["before", "after", "facility_id"]].tolist() == ["uncovered", "covered", "H3"]
    assert found.areas.loc["D", "distance_m"] == 50


# ------------------------------------------------------------------------------------------------------- held to a run


EVERY = (
    Open("H3"),
    Place("N01", '新"\\ 点', *at(1200)),
    Move("H3", *at(2890)),
    SwitchOff("K1"),
    Change("minutes", 10),
    Change("as_of", date(2030, 1, 1)),
    Barrier((at(600, -50), at(600, 50))),
    Gate("E", *at(1500)),
)


def test_the_exported_plan_gives_the_figures_to_the_last_digit(base, town):
    made = begun(base, *EVERY)
    plan = scenario.export(base.inputs, made, town.parent / "scenarios" / "甲")
    summary = study.run(runs.load(plan)).summary
    shown = scenario.figures(base, made).told
    assert json.dumps(shown, ensure_ascii=False) == json.dumps(scenario.told(summary), ensure_ascii=False)
    assert summary["plan"] == "一条街 · 甲"
    assert [site["facility_id"] for site in summary["siting"]["sites"]] == ["N01", "H3"]  # by gain: B, C and E, then D


@pytest.mark.slow
def test_equal_exports_are_equal_bytes_and_inputs_stay(base, town, tmp_path):
    made = begun(base, *EVERY)
    before = {path.name: path.read_bytes() for path in town.parent.glob("*.gpkg")}
    folders = [town.parent / "scenarios" / name for name in ("一", "二")]
    written = [{path.name: path.read_bytes() for path in scenario.export(base.inputs, made, folder).parent.iterdir()}
               for folder in folders]  # fmt: skip
    assert written[0] == written[1]
    assert set(written[0]) == {"plan.toml", "candidates.parquet", "facilities.parquet", "barriers.parquet",
                               "entrances.parquet"}  # fmt: skip
    assert {path.name: path.read_bytes() for path in town.parent.glob("*.gpkg")} == before


@pytest.mark.slow
def test_planning_run_of_an_export_is_the_same_bytes_twice(base, town):
    made = begun(base, *EVERY, name="乙")
    plan = scenario.export(base.inputs, made, town.parent / "scenarios" / "乙")
    found = [runs.run(plan, out=plan.parent / name, only="siting").folder for name in ("out1", "out2")]
    texts = [(folder / "summary.json").read_bytes() for folder in found]
    assert texts[0] == texts[1]
    siting = json.loads(texts[0])["siting"]
    assert {name: siting[name] for name in ("before", "after")} == scenario.figures(base, made).told["siting"]


def _edits() -> st.SearchStrategy[list[scenario.Edit]]:
    spot = SOME_XY.map(lambda xy: (gridtown.X0 + xy[0], gridtown.Y0 + xy[1]))
    candidate, facility = st.sampled_from(sorted(gridtown.CANDIDATES)), st.sampled_from(sorted(gridtown.FACILITIES))
    new = st.sampled_from(["N01", "N02"])
    one: st.SearchStrategy[scenario.Edit] = st.one_of(
        candidate.map(Open),
        st.builds(lambda name, xy: Place(name, name, *xy), new, spot),
        st.builds(lambda name, xy: Move(name, *xy), candidate, spot),
        st.one_of(candidate, new).map(Remove),
        facility.map(SwitchOff),
        facility.map(SwitchOn),
        st.builds(lambda one, other: Barrier((one, other)), spot, spot).filter(lambda e: e.line[0] != e.line[1]),
        st.builds(lambda name, xy: Gate(name, *xy), st.sampled_from(sorted(gridtown.GATES)), spot),
        st.builds(Change, st.just("minutes"), st.sampled_from([5, 10, 12.5, 15])),
        st.builds(Change, st.just("speed_m_per_s"), st.sampled_from([0.8, 1.0, 1.25])),
        st.builds(Change, st.just("level"), st.sampled_from(["street", "community"])),
        st.builds(Change, st.just("standard"), st.sampled_from(["liaocheng", "nantong"])),
        st.builds(Change, st.just("as_of"), st.sampled_from([date(2012, 6, 1), date(2035, 1, 1)])),
    )
    return st.lists(one, max_size=7)


@pytest.fixture(scope="module")
def grids() -> list[scenario.Base]:
    """The grid town with its gates, and without: then gates are inferred, some of them stretches, and bounds differ."""
    from planning.plan import Siting

    tables = {"candidates": gridtown.candidates(), "units": gridtown.units()}
    ask = Siting(p=1)
    return [
        scenario.prepare_inputs(gridstudy.inputs(siting=ask, **tables, **more))
        for more in ({}, {"entrances": None}, {"entrances": None, "barriers": gridtown.river()})
    ]


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=_edits(), which=st.integers(0, 2))
def test_law_figures_after_any_edits_are_those_of_a_run(grids, edits, which):
    hold_to_a_run(grids[which], edits)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=_edits(), which=st.integers(0, 2))
def test_law_figures_after_any_edits_are_those_of_a_run_often(grids, edits, which):
    hold_to_a_run(grids[which], edits)


def hold_to_a_run(base: scenario.Base, edits: list[scenario.Edit]) -> None:
    """Hold figures, streets and areas against a run of the same plan."""
    made = begun(base, *edits)
    try:
        shown = scenario.figures(base, made)
    except InputRefused:  # a wall that leaves no walkable road
        with pytest.raises(InputRefused):
            study.run(scenario.applied(base.inputs, made))
        return
    result = study.run(scenario.applied(base.inputs, made))
    assert shown.told == scenario.told(result.summary)
    streets = {row["unit_id"]: row["coverage"] for row in result.summary["units"]}
    if result.inputs.plan.siting_radius_m == result.inputs.plan.radius_m:
        level = made.state.settings.level
        for row in shown.streets.to_dict("records"):
            assert row["elderly_before"] == streets[row["unit_id"]][level]["elderly_covered"]
    planned = result.residential.set_index("residential_id")
    assert planned["planned_status"].to_dict() == shown.areas["after"].to_dict()


# --------------------------------------------------------------------------------------------------- undo, files, names


@settings(max_examples=12, deadline=None)
@given(edits=_edits(), back=st.integers(0, 9), forth=st.integers(0, 9))
def test_undo_and_redo_walk_the_same_road(edits, back, forth):
    empty = Scenario("甲", "plan.toml", "EPSG:4548", scenario.Settings.of(gridstudy.inputs().plan))
    made = empty
    for edit in edits:
        made = made.edited(edit)
    moved = made
    for _ in range(back):
        moved = moved.undo()
    for _ in range(forth):
        moved = moved.redo()
    left = max(len(edits) - back, 0)
    assert moved.edits == tuple(edits[: min(left + forth, len(edits))])
    assert (*moved.edits, *moved.undone) == tuple(edits)
    assert from_json(to_json(moved)) == moved
    assert moved.edited(Open("C1")).undone == ()


def test_a_scenario_survives_on_disk_and_keeps_its_plans_parameters(base, tmp_path):
    made = begun(base, *EVERY, name="近期：两处?")
    path = scenario.save(made, tmp_path)
    assert path.parent == tmp_path / "scenarios"
    assert scenario.load(path) == made
    assert scenario.saved(tmp_path) == ((made,), ())
    assert [left.name for left in path.parent.iterdir()] == [path.name]  # nothing unfinished
    with pytest.raises(InputRefused, match="已有"):
        scenario.save(made, tmp_path, new=True)
    renamed = scenario.rename(made, tmp_path, "远期")
    assert scenario.saved(tmp_path)[0] == (renamed,)
    scenario.delete(tmp_path, "远期")
    assert scenario.saved(tmp_path) == ((), ())


def test_two_windows_never_undo_each_other(base, tmp_path):
    """Both open the same file; the second to write is refused, and what the first wrote stands; layout is no change."""
    begun = scenario.begin("甲", base.inputs.plan, base.inputs.crs.to_string())
    path = scenario.save(begun, tmp_path, new=True)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=4), encoding="utf-8")
    one, other = begun.edited(scenario.Open("H1")), begun.edited(scenario.Open("H2"))
    scenario.save(one, tmp_path, known=begun)
    with pytest.raises(InputRefused) as refused:
        scenario.save(other, tmp_path, known=begun)
    assert [fault.code for fault in refused.value.faults] == ["scenario_changed"]
    assert scenario.load(path) == one
    path.unlink()
    assert scenario.load(scenario.save(other, tmp_path, known=begun)) == other  # gone: nothing to undo


def test_a_save_that_fails_leaves_what_was_there(base, tmp_path, monkeypatch):
    made = begun(base)
    scenario.save(made, tmp_path)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        scenario.save(made.edited(Open("H3")), tmp_path)
    monkeypatch.undo()
    assert scenario.saved(tmp_path)[0] == (made,)
    assert len(list((tmp_path / "scenarios").iterdir())) == 1


@pytest.mark.parametrize(
    "name", ["CON", "nul.txt", "a/b", "..", ".x", "a:b", "尾. ", "x" * 300, 'q"<>|?*', "a\nb", "  "]
)
def test_names_are_safe_on_windows(name):
    stem = scenario.stem(name)
    assert stem
    assert len(stem.encode("utf-16-le")) <= 2 * 80
    assert not set('<>:"/\\|?*\n') & set(stem)
    assert stem.split(".")[0].upper() not in {"CON", "NUL"}
    assert stem not in (".", "..")
    assert not stem.startswith(".")
    assert not stem.endswith((".", " "))


def test_names_that_had_to_be_altered_never_share_a_file():
    assert len({scenario.stem(name) for name in ("a/b", "a\\b", "a:b", "a_b", "a<b")}) == 5
    assert scenario.stem("近期 两处") == "近期 两处"


def _broken() -> dict[str, tuple[Any, set[str]]]:
    good = json.loads(to_json(Scenario("甲", "plan.toml", "EPSG:4548", scenario.Settings.of(gridstudy.inputs().plan))))
    edit = {"kind": "place", "facility_id": "", "name": "n", "x_m": "1", "y_m": True, "z": 1}
    many = {**good, "edits": [edit, {"kind": "fly"}], "more": 1}
    many.pop("crs")
    speed = {**good, "settings": {**good["settings"], "speed_m_per_s": 99, "as_of": "2025-02-30", "minutes": [15, 5]}}
    return {
        "not json": ("{", {"scenario_not_json"}),
        "other": ({"a": 1}, {"scenario_schema"}),
        "later": ({**good, "schema": 2}, {"scenario_schema"}),
        "list": ([], {"scenario_schema"}),
        "many": (many, {"scenario_key_missing", "scenario_key_unknown", "scenario_value", "scenario_kind"}),
        "ranges": (speed, {"scenario_value"}),
        "shapes": ({**good, "edits": 1, "settings": []}, {"scenario_part"}),
        "change": ({**good, "edits": [{"kind": "change", "key": "minutes", "value": 0}]}, {"scenario_value"}),
        "line": ({**good, "edits": [{"kind": "barrier", "line": [[1, 2]]}]}, {"scenario_value"}),
    }


@pytest.mark.parametrize("case", _broken())
def test_every_fault_of_a_file_at_once_in_both_languages(case):
    content, codes = _broken()[case]
    with pytest.raises(InputRefused) as refused:
        from_json(content if isinstance(content, str) else json.dumps(content), file="甲.json")
    assert {fault.code for fault in refused.value.faults} == codes
    for fault in refused.value.faults:
        assert all(fault.message(language) and fault.remedy(language) for language in ("zh", "en"))
    if case == "ranges":
        assert len(refused.value.faults) == 3


def test_edits_of_what_is_not_there_are_all_named(base):
    gone = begun(
        base, Open("X"), SwitchOff("Y"), Gate("Z", *at(0)), Place("S1", "s", *at(0)), Change("standard", "liaocheng")
    )
    with pytest.raises(InputRefused) as refused:
        scenario.figures(base, gone)
    assert {(fault.code, fault.value) for fault in refused.value.faults} == {
        ("scenario_candidate_absent", "X"),
        ("scenario_facility_absent", "Y"),
        ("scenario_area_absent", "Z"),
        ("scenario_id_taken", "S1"),
    }
    with pytest.raises(InputRefused):
        scenario.figures(base, replace(begun(base), crs="EPSG:4549"))


def test_a_difference_is_said_by_level_street_law_and_area(base):
    one = scenario.figures(base, begun(base, Open("H3")))
    other = scenario.figures(base, begun(base, Open("H1"), SwitchOff("K1"), Change("minutes", 15)))
    found = scenario.difference(one, other)
    planned = found.levels[(found.levels["level"] == "planned") & (found.levels["weight"] == "elderly")].iloc[0]
    assert (planned["a"], planned["b"], planned["delta"]) == (9, 7, -2)
    assert found.streets.set_index("unit_id")["delta"].to_dict() == {"O": -4, "W": 2}
    assert found.streets["unit_id"].tolist() == ["O", "W"]
    assert found.areas["change"].to_dict() == {"A": "both", "B": "gained", "C": "gained", "D": "lost", "E": "neither",
                                               "F": "neither"}  # fmt: skip
    assert found.compliance.set_index("figure").loc["shortfall_m2", "delta"] == 200
    assert found.settings == {}
    assert set(scenario.difference(one, scenario.figures(base, begun(base, Change("minutes", 10)))).settings) == {
        "minutes",
        "siting_minutes",
    }


def test_a_click_is_a_place_in_metres_and_back(base):
    crs = base.inputs.crs
    lon, lat = scenario.degrees(crs, *at(1200))
    assert Point(scenario.metres(crs, lon, lat)).distance(Point(at(1200))) < 0.002
    with pytest.raises(InputRefused):
        scenario.metres(crs, float("nan"), 36.0)
    first = scenario.new_site(base, frozenset(), "新增点位", *at(1200))
    assert (first.facility_id, first.name) == ("N01", "新增点位1")
    assert scenario.new_site(base, frozenset({"N01"}), "新增点位", *at(0)).facility_id == "N02"


def test_points_that_stand_are_asked_like_points_that_do_not():
    """The same answer for every gate, and a mistake of the program is refused: another network, another leg."""
    ways, gates = network.build(gridtown.roads()), gridtown.demand()
    sites = gridtown.facilities()
    standing = catchment.stand(ways, gates, max_snap_m=100)
    asked = catchment.nearest(ways, sites, standing, max_snap_m=100)
    pd.testing.assert_frame_equal(asked, catchment.nearest(ways, sites, gates, max_snap_m=100))
    assert asked.loc["R5", "distance_m"] == 670
    for other, leg in ((network.build(gridtown.roads()), 100), (ways, 200)):
        with pytest.raises(ValueError, match="stand on another network"):
            catchment.nearest(other, sites, standing, max_snap_m=leg)


@pytest.mark.slow
def test_a_packed_scenario_stands_alone_and_runs_to_the_same_bytes(base, town, tmp_path):
    """Everything it reads lies inside it: the plan's folder may be gone, the figures are the export's."""
    made = begun(base, *EVERY, name="丙")
    archive = scenario.pack(base.inputs, made)
    assert archive == scenario.pack(base.inputs, made)
    with zipfile.ZipFile(io.BytesIO(archive)) as box:
        names = box.namelist()
        box.extractall(tmp_path / "别处")
    assert set(names) == {"plan.toml", "candidates.parquet", "facilities.parquet", "barriers.parquet",
                          "entrances.parquet", "data/roads/roads.gpkg", "data/residential/residential.gpkg",
                          "data/units/units.gpkg"}  # fmt: skip
    assert ".." not in (tmp_path / "别处" / "plan.toml").read_text("utf-8")
    beside = scenario.export(base.inputs, made, town.parent / "scenarios" / "丙")
    texts = [(runs.run(plan, out=plan.parent / "out", only="siting").folder / "summary.json").read_bytes()
             for plan in (beside, tmp_path / "别处" / "plan.toml")]  # fmt: skip
    assert texts[0] == texts[1]


def test_what_was_asked_before_is_not_computed_again(base, monkeypatch):
    """A page asks for the same figures at every touch; what was taken back leaves no trace in them."""
    from planning.scenario import _engine

    made = begun(base, Open("H3"), Change("minutes", 11))
    first = scenario.figures(base, made)
    monkeypatch.setattr(_engine, "applied", lambda *_: pytest.fail("computed again"))
    assert scenario.figures(base, made) is first
    assert scenario.figures(base, replace(made, name="another")) is first
    assert scenario.figures(base, made.edited(Open("H1")).undo()) is first
