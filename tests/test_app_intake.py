"""Files brought to the workbench: names, caps, what is refused, what stays, and the way from a drop to a result."""

from __future__ import annotations

import gc
import io
import sys
import time
import tomllib
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import papertown
import pytest

pytest.importorskip("streamlit.testing.v1")

from streamlit.testing.v1 import AppTest
from test_app import HOSTILE, bodies, opened, said

from planning import init, scenario, texts
from planning.init import _files
from planning.ui import uploads, words
from planning.ui.pages import claims, intake
from planning.ui.uploads import Tray, plan_faults, safe_name

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setenv("PLANNING_NO_SPARE", "1")


@pytest.fixture
def tray() -> Tray:
    return Tray()


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in files.items():
            box.writestr(name, content)
    return stream.getvalue()


def codes(tray: Tray) -> list[str]:
    return [fault.code for fault in tray.refused]


# -------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("居住区.shp", "居住区.shp"),
        ("../../etc/passwd.csv", "passwd.csv"),
        (r"C:\数据\道路 2025.gpkg", "道路 2025.gpkg"),
        ("a\x00b\u202e.csv", "a_b.csv"),
        ('<img src=x onerror="y">.csv', "_img src=x onerror=_y__.csv"),
        ("con.csv", "_con.csv"),
        ("LPT1.tab.zip", "_LPT1.tab.zip"),
        (".csv", "csv"),
        ("  .. ", "file"),
        ("户" * 200 + ".xlsx", "户" * 40 + ".xlsx"),
    ],
)
def test_names_are_safe_on_any_system(given, name):
    assert safe_name(given) == name
    assert safe_name(name) == name


def test_the_cap_of_a_file_is_the_servers():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["maxUploadSize"] << 20 == uploads.MAX_FILE_BYTES
    assert config["server"]["address"] == "127.0.0.1"
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"].get("enableXsrfProtection", True) is True
    assert config["server"].get("enableCORS", True) is True


# --------------------------------------------------------------------------------------------------------------- tray


def test_what_is_no_data_is_not_taken(tray):
    tray.take([("run.exe", b"MZ"), ("leer.csv", b""), ("a.csv", b"x\n1\n"), ("noending", b"x")])
    assert tray.names() == ("a.csv",)
    assert codes(tray) == ["ui_upload_kind", "ui_upload_empty", "ui_upload_kind"]


def test_caps_hold_and_a_replaced_file_counts_once(tray, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_FILES", 2)
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    monkeypatch.setattr(uploads, "MAX_FILE_BYTES", 6)
    tray.take([("a.csv", b"1" * 6), ("b.csv", b"1" * 4), ("c.csv", b"1"), ("d.csv", b"1" * 7)])
    assert tray.names() == ("a.csv", "b.csv")
    assert codes(tray) == ["ui_upload_many", "ui_upload_large"]
    tray.take([("b.csv", b"2" * 5)])  # 11 bytes in all
    assert codes(tray) == ["ui_upload_total"]
    tray.take([("a.csv", b"2" * 5), ("b.csv", b"2" * 5)])
    assert codes(tray) == []
    assert (tray.folder / "b.csv").read_bytes() == b"2" * 5


def test_a_refused_file_leaves_the_rest_as_it_was(tray):
    """A broken file of the good one's name and a broken new one come: both go, the good one is back."""
    good = "编号,经度,纬度\nA,117.1,36.6\n".encode()
    tray.take([("养老设施.csv", good)])
    tray.settle(init.survey(tray.folder))
    before = tray.stamp()
    tray.take([("养老设施.csv", b"\x00\x01\x02" * 40), ("道路.gpkg", b"SQLite format 3\x00" + b"\x00" * 200)])
    assert len(tray.names()) == 2
    tray.settle(init.survey(tray.folder))
    assert tray.names() == ("养老设施.csv",)
    assert (tray.folder / "养老设施.csv").read_bytes() == good
    assert [name for name, *_ in tray.stamp()] == [name for name, *_ in before]
    assert len(tray.refused) == 2
    assert all(fault.message("zh") and fault.remedy("en") for fault in tray.refused)


def test_parts_of_a_shapefile_go_together(tray):
    tray.take([(f"路.{part}", b"nothing") for part in ("shp", "shx", "dbf", "prj")] + [("a.csv", b"x\n1\n")])
    tray.settle(init.survey(tray.folder))
    assert tray.names() == ("a.csv",)
    tray.take([("b.shp", b"1"), ("b.dbf", b"1"), ("bb.dbf", b"1")])
    tray.remove("b.shp")
    assert tray.names() == ("a.csv", "bb.dbf")


@pytest.mark.parametrize("member", ["../../escaped.csv", "/abs.csv", "a/../../b.csv"])
def test_a_zip_that_slips_is_refused_and_writes_nothing_elsewhere(tray, member):
    tray.take([("方案.zip", packed({"plan.toml": b"[plan]", member: b"x\n1\n"}))])
    assert codes(tray) == ["zip_unsafe"]
    assert list(tray.folder.parent.rglob("*.csv")) == []
    tray.take([("数据.zip", packed({member: b"x\n1\n"}))])  # no plan in it: for the reader to refuse
    tray.settle(init.survey(tray.folder))
    assert codes(tray) == ["zip_unsafe"]
    assert tray.names() == ()


def test_a_bomb_is_refused_before_it_is_unpacked(tray):
    bomb = packed({"plan.toml": b"[plan]", "a.csv": b" " * (64 << 20)})
    begun = time.monotonic()
    tray.take([("方案.zip", bomb)])
    assert codes(tray) == ["zip_bomb"]
    assert time.monotonic() - begun < 2
    assert tray.names() == ()


def test_a_plan_folder_comes_back_as_it_was_saved(tray, tmp_path):
    papertown.write(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        tray.take([(path.name, path.read_bytes())])
    saved = tray.archive()
    assert saved == tray.archive()
    other = Tray()
    other.take([("以前的方案.zip", saved)])
    assert codes(other) == []
    assert other.plan.read_bytes() == tray.plan.read_bytes()
    assert {name: (other.folder / name).read_bytes() for name in other.names()} == {
        name: (tray.folder / name).read_bytes() for name in tray.names()
    }
    assert plan_faults(other.plan) == ()


def test_results_in_a_plan_folder_stay_behind(tray):
    record = b'{"tool": "planning", "run_id": "a", "outputs": []}'
    nested = {"甲/plan.toml": b"[plan]", "甲/a.csv": b"x\n1\n", "甲/out/run.json": record, "甲/out/t.csv": b"y\n1\n"}
    tray.take([("x.zip", packed(nested))])
    assert tray.names() == ("a.csv",)
    assert tray.plan.read_bytes() == b"[plan]"


@pytest.mark.parametrize("path", ["../secret.gpkg", "/etc/hosts.csv", r"..\..\a.csv"])
def test_a_plan_that_was_brought_may_name_only_what_came_with_it(tray, tmp_path, path):
    text = papertown.write(tmp_path).read_text("utf-8").replace('path = "roads.gpkg"', f"path = '{path}'")
    assert path in text
    tray.write_plan(text)
    assert [(fault.code, fault.column) for fault in plan_faults(tray.plan)] == [
        ("ui_plan_outside", "inputs.roads.path")
    ]


def test_two_trays_share_nothing_and_leave_nothing():
    one, other = Tray(), Tray()
    assert one.folder.parent != other.folder.parent
    one.take([("a.csv", b"1")])
    assert other.names() == ()
    where = one.folder.parent
    del one
    gc.collect()
    assert not where.exists()


# --------------------------------------------------------------------------------------------------------- the survey


def test_answers_settle_what_is_what():
    """Two layers that look alike: said so, one is facilities, the other none; a heading nobody knows is named."""
    looks = tuple(init.Look(f"{name}.csv", None, 3, "point", "", ("编号", "面积 合计"), ()) for name in ("甲", "乙"))
    found = init.Survey("甲区", looks, (), ("甲.csv", "乙.csv"), (), ())
    day, cutoff = date(2025, 12, 31), date(2015, 1, 1)
    answers = init.Answers("甲区", "national", day, {"甲.csv": "gcj02"}, p=3, new_cutoff=cutoff)
    drafted = init.draft(
        found, answers, roles={"facilities": "甲.csv", "candidates": "乙.csv", "roads": None},
        columns={"facilities": {"floor_area_m2": "面积 合计"}},
    )  # fmt: skip
    plan = tomllib.loads(drafted.text)
    assert plan["inputs"]["facilities"] == {
        "path": "甲.csv", "datum": "gcj02", "fields": {"floor_area_m2": "面积 合计"}
    }  # fmt: skip
    assert plan["inputs"]["candidates"] == {"path": "乙.csv"}
    assert plan["siting"] == {"model": "mclp", "p": 3}
    assert plan["standards"] == {"new_cutoff": cutoff}
    assert drafted.choices["roads"].look is None


def test_a_table_has_places_once_its_columns_of_coordinates_are_named():
    """X and Y say nothing by themselves; named longitude and latitude they are places, and their datum is asked for."""
    look = init.Look("机构.csv", None, 3, "table", "", ("X", "Y", "层级"), ())
    found = init.Survey("甲区", (look,), (), ("机构.csv",), (), ())
    answers = init.Answers("甲区", "national", date(2025, 12, 31))
    asked, named = (
        init.draft(found, answers, roles={"facilities": "机构.csv"}, columns=columns)
        for columns in ({}, {"facilities": {"lon": "X", "lat": "Y", "level": "层级"}})
    )
    assert list(claims.without_datum(asked.choices)) == []
    (said,) = claims.without_columns(asked.choices, "zh")
    assert said.startswith("机构.csv 的")
    assert said.endswith("经度、纬度列")
    assert [one.path for one in claims.without_datum(named.choices)] == ["机构.csv"]
    assert list(claims.without_columns(named.choices, "zh")) == []


def test_what_a_label_shows_is_no_markdown():
    """Labels of fields are markdown: a file's name there must not become an image, a link or a colour."""
    assert words.quiet("![x](y) :red[q] `${z}`\n# a") == r"\!\[x\]\(y\) \:red\[q\] \`\$\{z\}\` \# a"


# ----------------------------------------------------------------------------------------------------------- the page


def dropped(app: AppTest, files: list[tuple[str, bytes]]) -> AppTest:
    app.get("file_uploader")[0].set_value([(name, content, "application/octet-stream") for name, content in files])
    return app.run()


def until(app: AppTest, holds: Any, seconds: float = 90) -> AppTest:
    end = time.monotonic() + seconds
    while not holds(app):
        assert not app.exception
        assert time.monotonic() < end, said(app)
        time.sleep(0.1)
        app.run()
    return app


def surveyed(app: AppTest) -> bool:
    return "surveyed" in app.session_state and app.session_state["surveyed"][0] == app.session_state["tray"].stamp()


def town_files(folder: Path, **tables: Any) -> list[tuple[str, bytes]]:
    papertown.write(folder, **tables)
    return [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.gpkg"))]


@pytest.mark.slow
def test_from_a_drop_to_the_towns_figures(tmp_path):
    """The paper town without its plan file: claimed by itself, asked for document and day, checked, run: 1 of 63."""
    app = dropped(opened(page="data"), town_files(tmp_path))
    until(app, surveyed)
    assert texts.t("ui.intake.missing", "zh", what="判定标准＊、评定日＊") in said(app)
    assert app.button(key="check").disabled
    app.text_input(key="plan-name").set_value("一条街")
    app.selectbox(key="plan-standard").select("national")
    app.date_input(key="plan-as-of").set_value(date(2025, 12, 31))
    app.date_input(key="plan-cutoff").set_value(date(2015, 1, 1))
    app.number_input(key="plan-p").set_value(2).run()
    app.button(key="check").click().run()
    until(app, lambda now: now.session_state["check-job"][1].checkup is not None)
    app.run()
    assert texts.t("quality.verdict_refused", "zh") not in said(app)
    assert not app.button(key="accept").disabled
    app.selectbox(key="plan-standard").select("shaanxi").run()
    assert app.button(key="accept").disabled  # what was checked is not what would be run
    app.selectbox(key="plan-standard").select("national").run()
    app.button(key="accept").click().run()
    job = app.session_state["job"]
    assert job.wait(120) == "done", job.faults
    assert job.run.result.summary["coverage"]["street"]["elderly_covered"] == 1
    app.run()
    assert not app.exception
    assert texts.t("ui.intake.exchange", "zh") in [one.label for one in app.toggle]


@pytest.mark.slow
def test_a_broken_file_is_told_by_its_name_and_the_rest_stays(tmp_path):
    files = town_files(tmp_path)
    app = dropped(opened(page="data"), files)
    until(app, surveyed)
    before = app.session_state["tray"].stamp()
    dropped(app, [("roads.gpkg", b"not a database"), ("恶意.vrt", b"<OGRVRTDataSource/>")])
    until(app, surveyed)
    tray = app.session_state["tray"]
    assert [(name, size) for name, size, _ in tray.stamp()] == [(name, size) for name, size, _ in before]
    assert {fault.file for fault in tray.refused} == {"roads.gpkg", "恶意.vrt"}
    assert texts.t("ui.intake.refused", "zh", count=2) in said(app)
    assert not app.exception


@pytest.mark.slow
def test_names_and_headings_of_files_stay_text(tmp_path):
    """Names of files and layers and headings come from strangers: shown, never markup, never markdown."""
    quoted = HOSTILE.replace('"', '""')
    name = "![x](outside.example)[y](javascript:alert(1))`${z}` onerror=p=1 $x$ :red[q].csv"
    app = dropped(opened(page="data"), [(name, f'"{quoted}",经度,纬度\nA,117,36\n'.encode())])
    until(app, surveyed)
    for body in bodies(app):
        assert "<img" not in body
        assert "<script" not in body
    loud = [one.value for one in app.markdown] + [one.label for one in (*app.button, *app.expander, *app.selectbox)]
    assert not [text for text in loud if "outside.example" in text]
    assert "outside.example" in said(app)


def test_two_sessions_see_only_their_own(tmp_path):
    one, other = opened(page="data"), opened(page="data")
    dropped(one, [("甲.csv", "编号,经度,纬度\nA,117,36\n".encode())])
    other.run()
    assert one.session_state["tray"].names() == ("甲.csv",)
    assert "tray" not in other.session_state or other.session_state["tray"].names() == ()
    assert "甲.csv" not in said(other)


def test_paths_of_this_machine_are_for_this_machine_alone(monkeypatch):
    from planning.ui import session

    app = opened()
    assert [one.key for one in app.text_input] == ["path"]
    monkeypatch.setattr(session.st, "get_option", lambda name: "0.0.0.0")
    assert [one.key for one in opened().text_input] == []


def test_a_plan_that_was_brought_stays_the_plan_when_it_is_checked(monkeypatch, tray):
    """Checked, it is no draft of the page's own, so that what was checked can be accepted; a new one is a new plan."""
    monkeypatch.setattr(intake.st, "session_state", {})
    tray.take([("plan.toml", b"not a plan")])
    intake._check(tray, "not a plan either")
    assert intake._has_own_plan(tray)
    tray.plan.unlink()
    intake._check(tray, "drafted")
    assert not intake._has_own_plan(tray)
    tray.take([("plan.toml", b"brought later")])
    assert intake._has_own_plan(tray)


def test_scenarios_of_a_plan_folder_come_along_and_are_no_data(tray):
    names = ("plan.toml", "roads.csv", "scenarios/甲.json", "scenarios/甲/candidates.parquet")
    tray.take([("folder.zip", packed(dict.fromkeys(names, b"{}")))])
    assert tray.names() == ("roads.csv",)
    assert (tray.folder / "scenarios" / "甲.json").is_file()
    assert _files.find(tray.folder).data == ("roads.csv",)
    assert _files.SCENARIOS == scenario.FOLDER
