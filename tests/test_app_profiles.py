"""Documents of one's own: copies that say the same but for the numbers changed, held by the library's validator."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

pytest.importorskip("streamlit.testing.v1")

from test_app import opened, said

from planning import standards, texts
from planning.ui import profiles

IDS = standards.ids()


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setenv("PLANNING_NO_SPARE", "1")


@pytest.mark.parametrize("name", IDS)
def test_a_copy_says_what_its_source_says(name, tmp_path):
    """Clause by clause the loader reads the same, numbers exact, from the copy's own text."""
    text = profiles.copied(name, name="own", title="自编 “A” \\ 标准", values={}, why="")
    assert profiles.faults(text, "own") == ()
    copy = standards.load(profiles.keep(text, tmp_path, "own"))
    source = standards.load(name)
    assert copy.clauses == source.clauses
    assert copy.readings == source.readings
    assert (copy.id, copy.title_zh) == ("own", "自编 “A” \\ 标准（自编）")
    assert copy.status == "draft"  # no copy passes for a document in force
    assert "不具有法律效力" in copy.notes_zh[0]


def test_changed_numbers_are_the_only_change(tmp_path):
    source = standards.load("national")
    text = profiles.copied("national", name="own", title="x", values={"GB-02": "45", "GB-01": "0.12"}, why="市局 12 号")
    copy = standards.load(profiles.keep(text, tmp_path, "own"))
    found = {one.id: one.value for one in copy.clauses}
    was = {one.id: one.value for one in source.clauses}
    assert found == {**was, "GB-02": Decimal(45), "GB-01": Decimal("0.12")}
    assert "市局 12 号" in copy.notes_zh


@pytest.mark.parametrize("typed", ["四十", "-1", "nan", "inf", "1e400x"])
def test_what_is_no_number_is_refused_by_the_validator(typed):
    text = profiles.copied("national", name="own", title="x", values={"GB-02": typed}, why="y")
    found = profiles.faults(text, "own")
    assert found
    assert all(fault.message("zh") and fault.remedy("zh") for fault in found)


def test_names_of_files_stay_in_the_folder(tmp_path):
    path = profiles.keep("x", tmp_path, "../../etc/我的<标准>")
    assert path.parent == tmp_path
    assert path.name == "我的_标准_.toml"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_page_keeps_a_copy_that_the_plan_may_choose(language):
    app = opened(page="standards", language=language)
    assert not app.exception
    assert texts.t("ui.own.valid", language, changed=texts.t("ui.own.none", language)) in said(app)
    first = app.selectbox(key="standard").value
    app.text_input(key=f"own-name-{first}").set_value("本市").run()
    app.button(key="own-keep").click().run()
    assert not app.exception
    kept = Path(app.session_state["tray"].folder) / "本市.toml"
    assert standards.load(kept).id == "本市"
