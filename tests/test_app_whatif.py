"""The workbench by hand: a click on a candidate, what is kept on disk, two scenarios side by side.

The paper town (see papertown): of 63 elderly people 1 is covered, 15 with the two sites of the run (H3 and H1).
"""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import papertown
import pytest
from test_app import HOSTILE, bodies, finished, opened, said

from planning import runs, scenario, texts
from planning.ui import scenes, whatif
from planning.ui.pages import charted, compare_book
from planning.ui.pages import whatif as page
from planning.ui.session import Desk


@pytest.fixture
def town(tmp_path: Path, made_once: runs.RunFolder) -> Any:
    """A finished run of the town; scenarios of each test are its own."""
    yield finished(made_once, made_once.result.inputs.plan.folder / "plan.toml")
    for path in (made_once.result.inputs.plan.folder / "scenarios").glob("*.json"):
        path.unlink()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> runs.RunFolder:
    plan = papertown.write(tmp_path_factory.mktemp("town"))
    return runs.run(plan, only="report")


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("PLANNING_NO_SPARE", "1")


def by_hand(town: Any, **state: Any) -> Any:
    return opened(town, page="siting", **{"siting-view": "by_hand", **state})


def shown(app: Any) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def made_of(town: Any, *edits: scenario.Edit, name: str) -> scenario.Scenario:
    inputs = town.run.result.inputs
    begun = scenario.begin(name, inputs.plan, inputs.crs.to_string())
    for edit in edits:
        begun = begun.edited(edit)
    return begun


@pytest.mark.slow
def test_by_hand_begins_with_what_the_solver_chose(town):
    app = by_hand(town)
    assert not app.exception
    assert shown(app)["老年人覆盖率"] == "23.8%"  # 15 of 63, as on the page of the solver
    assert shown(app)["新增覆盖"] == "+14"
    assert shown(app)["新增点位"] == "2 处"


def test_undo_takes_the_last_site_back_and_redo_brings_it_again(town):
    app = by_hand(town)
    app.button(key="whatif-undo").click().run()
    assert shown(app)["新增点位"] == "1 处"
    app.button(key="whatif-redo").click().run()
    assert shown(app)["新增点位"] == "2 处"
    assert app.button(key="whatif-redo").disabled


def test_a_site_is_placed_by_its_coordinates(town):
    """At x = 1200 B and C (6) are in reach; H1 brought them already: what remains is A (1), which S1 has."""
    lon, lat = scenario.degrees(town.run.result.inputs.crs, papertown.X0 + 1200, papertown.Y0)
    app = by_hand(town, **{"whatif-lon": lon, "whatif-lat": lat})
    app.button(key="whatif-undo").click().run()
    app.button(key="whatif-undo").click().run()
    assert shown(app)["老年人覆盖率"] == "1.6%"
    app.button(key="whatif-place").click().run()
    assert shown(app)["老年人覆盖率"] == "11.1%"  # 1 + 2 + 4 of 63
    assert "新增点位1" in said(app)


def test_an_existing_centre_is_switched_off_and_on(town):
    app = by_hand(town, **{whatif.PICKED: ("point", "S1")})
    app.button(key="whatif-switch").click().run()
    assert shown(app)["老年人覆盖率"] == "22.2%"  # 14 of 63
    assert "停用现状 1 处" in said(app)
    app.button(key="whatif-switch").click().run()
    assert shown(app)["老年人覆盖率"] == "23.8%"


def test_a_scenario_is_kept_at_every_edit_and_opened_in_another_session(town):
    app = by_hand(town, **{"whatif-name": "近期 两处"})
    app.button(key="whatif-keep").click().run()
    kept = town.run.result.inputs.plan.folder / "scenarios" / "近期 两处.json"
    assert [edit["facility_id"] for edit in json.loads(kept.read_text("utf-8"))["edits"]] == ["H3", "H1"]
    app.button(key="whatif-undo").click().run()
    assert [edit["facility_id"] for edit in json.loads(kept.read_text("utf-8"))["edits"]] == ["H3"]

    other = opened(town, page="compare")  # another tab, or after a restart
    assert "近期 两处" in said(other)
    other.button(key="kept-open-0").click().run()
    assert not other.exception
    assert other.session_state[whatif.MADE].state.sites == ("H3",)
    other.button(key="kept-export-0").click().run()
    plan = kept.with_suffix("") / "plan.toml"
    found = scenario.told(runs.study.run(runs.load(plan)).summary)
    assert found["siting"]["after"]["elderly_covered"] == 9
    other.button(key="kept-delete-0").click().run()
    assert not kept.exists()


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_two_scenarios_side_by_side(town, language):
    folder = town.run.result.inputs.plan.folder
    scenario.save(made_of(town, scenario.Open("H3"), name="A1"), folder)
    scenario.save(made_of(town, scenario.Open("H1"), scenario.SwitchOff("K1"), name="B1"), folder)
    app = opened(town, page="compare", language=language, **{"compare-one-4": 2, "compare-other-4": 3})
    assert not app.exception
    assert texts.t("ui.compare.same", language) in said(app)
    cells = [html.unescape(cell) for body in bodies(app) if "<table" in body
             for cell in re.findall(r"<td[^>]*>(.*?)</td>", body)]  # fmt: skip
    assert "−2" in cells  # 9 against 7 elderly people
    assert "+200.0" in cells  # K1's square metres are gone
    assert {"A1", "B1"} <= set(re.findall(r"<th[^>]*>(.*?)</th>", "".join(bodies(app))))


@pytest.mark.slow
def test_settings_that_differ_are_said_aloud(town):
    scenario.save(made_of(town, scenario.Change("minutes", 10), name="十分钟"), town.run.result.inputs.plan.folder)
    app = opened(town, page="compare")
    warning = "\n".join(one.value for one in app.warning)
    assert "口径不同" in warning
    assert "5/10/15 → 5/10" in warning.replace("\\", "")


@pytest.mark.slow
def test_a_broken_file_is_told_and_leaves_the_others(town):
    folder = town.run.result.inputs.plan.folder
    scenario.save(made_of(town, name="好"), folder)
    (folder / "scenarios" / "坏.json").write_text("{", encoding="utf-8")
    app = opened(town, page="compare")
    assert not app.exception
    assert "坏.json" in said(app)
    assert "好" in said(app)


@pytest.mark.slow
def test_names_of_scenarios_and_places_are_shown_as_text(town):
    folder = town.run.result.inputs.plan.folder
    lines = scenario.Place("N01", HOSTILE, papertown.X0 + 1200, papertown.Y0)
    hostile = made_of(town, lines, scenario.Change("minutes", 10), name=HOSTILE)
    scenario.save(hostile, folder)
    for app in (
        opened(town, page="compare"),
        by_hand(town, **{whatif.MADE: hostile, whatif.PLACE: str(folder), whatif.KEPT: True}),
    ):
        assert not app.exception
        assert not any("<img" in body or "<script" in body for body in bodies(app))
        assert "&lt;img src=x" in "".join(bodies(app))
        loud = [one.value for kind in (app.markdown, app.warning, app.success) for one in kind]
        loud += [one.label for kind in (app.metric, app.button, app.tabs, app.expander) for one in kind]
        assert not [text for text in loud if "![" in text.replace("\\[", "") or "<img" in text.replace("\\<", "")]


def test_the_map_is_told_who_is_won_and_lost(town):
    """Without S1 A is lost (T1 is not in service); H3 wins D; F has no way and E no road."""
    result = town.run.result
    base = scenario.prepare(result)
    made = made_of(town, scenario.Open("H3"), scenario.SwitchOff("S1"), name="x")
    roles = scenes.areas_by_role(scenario.figures(base, page.present(made)), scenario.figures(base, made))
    assert roles.to_dict() == {"A": "lost", "B": "uncovered", "C": "uncovered", "D": "newly_covered", "E": "unsnapped",
                               "F": "unreachable"}  # fmt: skip


def test_distances_are_counted_in_steps_that_end_on_the_limit():
    bins = charted.distances(pd.Series([0.0, 100.0, 100.001, 900.0, None, 9000.0]))
    assert bins["count"].tolist() == [2, 1, *[0] * 6, 1, *[0] * 20, 1]
    assert bins["to_m"].iloc[-1] == 3000


@pytest.mark.slow
def test_a_plan_that_was_only_checked_says_so(tmp_path):
    run = runs.run(papertown.write(tmp_path), only="check")
    app = opened(finished(run, tmp_path / "plan.toml"), page="compare")
    assert not app.exception
    assert texts.t("ui.compare.nothing", "zh") in said(app)


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_the_comparison_is_saved_as_a_workbook(town, language):
    """H3 (9 of 63) against H1 (7) with K1 off: the page's differences stand in the book; D is gone, B and C come."""
    desk = Desk(town.run, language)
    other = (scenario.Open("H1"), scenario.SwitchOff("K1"))
    pair = (made_of(town, scenario.Open("H3"), name="=A1+1"), made_of(town, *other, name="乙"))
    found = [scenario.figures(scenario.prepare(town.run.result), made) for made in pair]
    apart = scenario.difference(*found)
    content = compare_book.book(desk, apart, pair, "elderly")
    assert content == compare_book.book(desk, apart, pair, "elderly")
    book = openpyxl.load_workbook(io.BytesIO(content))
    texts_ = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}
    flat = {title: [value for row in rows for value in row if value is not None] for title, rows in texts_.items()}
    name = {key: texts.t(f"ui.compare.sheet_{key}", language) for key in ("levels", "law", "areas", "sites", "streets")}
    assert -2 in flat[name["levels"]]
    assert 200 in flat[name["law"]]
    areas = {row[0]: row[-1] for row in texts_[name["areas"]] if row[0] in "ABCDEF"}
    assert areas["D"] == texts.t("ui.compare.change_lost", language)
    assert areas["B"] == texts.t("ui.compare.change_gained", language)
    assert "=A1+1" in flat[name["sites"]]
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row
               if cell.value == "=A1+1")  # fmt: skip


def test_maps_side_by_side_and_what_can_be_saved(town):
    folder = town.run.result.inputs.plan.folder
    scenario.save(made_of(town, scenario.Open("H3"), name="A1"), folder)
    app = opened(town, page="compare", **{"compare-map": "beside"})
    assert not app.exception
    assert "下载比选表" in "".join(one.label for one in app.get("download_button"))
