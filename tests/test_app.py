"""The workbench without a browser: each page on the finished run of the paper town, in both languages.

The town's figures are arithmetic (see papertown): of 63 elderly people 1 lives within 900 m of a street centre in
service (1.6%), 15 after two new sites (23.8%); of the areas that can be assessed A meets, the others fail or lack data.
"""

from __future__ import annotations

import html
import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import papertown
import pytest
from batches import few

pytest.importorskip("streamlit.testing.v1")

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from planning import runs, texts
from planning.errors import Fault
from planning.ui import basemaps, words
from planning.ui.navigation import PAGES, STEPS
from planning.ui.pages import outputs

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = (
    '<img src=x onerror="window.pwned=1">![x](http://outside.example/x.png) :red[y] {z} </script><script>p=1</script>'
)


def finished(run: runs.RunFolder, plan: Path) -> Any:
    """Return what a session holds of a job that is done."""
    return SimpleNamespace(run=run, plan=plan, state="done", faults=(), is_sample=False, cancel=lambda: None,
                           is_shared=False)  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Any:
    plan = papertown.write(tmp_path_factory.mktemp("town"))
    return finished(runs.run(plan, only="report"), plan)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same town, with a program in every name."""
    tables = {
        name: table.assign(name=lambda t: HOSTILE + t.iloc[:, 0].astype(str))
        for name, table in {
            "residential": papertown.residential(),
            "facilities": papertown.facilities(),
            "candidates": papertown.candidates(),
            "units": papertown.units(),
        }.items()
    }
    plan = papertown.write(tmp_path_factory.mktemp("hostile"), **tables)
    text = plan.read_text("utf-8").replace("一条街", HOSTILE.replace('"', "'"))
    plan.write_text(text, encoding="utf-8")
    return finished(runs.run(plan, only="report"), plan)


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setenv("PLANNING_NO_SPARE", "1")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that only checked the data, of a plan with a note of its own."""
    plan = papertown.write(tmp_path_factory.mktemp("checked"))
    text = plan.read_text("utf-8").replace("as_of =", 'notes = ["虚构示例，仅作演示"]\nas_of =')
    plan.write_text(text, encoding="utf-8")
    return finished(runs.run(plan, only="check"), plan)


def opened(job: Any | None = None, *, page: str = "home", language: str = "zh", **state: Any) -> AppTest:
    """Open the app on a page; ``state`` is what the session holds besides job and language."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    if page != "home":
        app._page_hash = calc_hash(page.replace("_", "-"))
    for name, value in {"job": job, "language": language, **state}.items():
        if value is not None:
            app.session_state[name] = value
    return app.run()


def bodies(app: AppTest) -> list[str]:
    """Return what the app put on the page as HTML, styles left out."""
    found = [element.proto.body for element in app.get("html")]
    return [body for body in found if not body.startswith("<style>")]


def said(app: AppTest) -> str:
    """Return all the words of a page that do not stand in a canvas table."""
    plain = html.unescape(re.sub("<[^>]+>", "\n", "\n".join(bodies(app))))
    marks = [element.value for element in app.markdown] + [
        f"{one.label}\n{one.value}\n{one.delta}" for one in app.metric
    ]
    buttons = [one.label for one in app.button] + [one.label for one in app.tabs] + [one.label for one in app.expander]
    notes = [one.value for kind in (app.warning, app.error, app.info) for one in kind]
    return "\n".join([plain, *marks, *buttons, *notes])


# --------------------------------------------------------------------------------------------------------- every page


@pytest.mark.parametrize("language", few(texts.LANGUAGES, quick=1))
@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_on_a_finished_run(town, page, language):
    app = opened(town, language=language, page=page)
    assert not app.exception
    assert texts.t(f"ui.page.{page}", language) in said(app)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_without_a_plan(page):
    app = opened(page=page)
    assert not app.exception
    if page in STEPS:
        assert texts.t("ui.intake.none" if page == "data" else "ui.no_plan", "zh") in said(app)


@pytest.mark.parametrize("page", PAGES)
def test_english_leaves_no_chinese_of_our_own(town, page):
    """What the tables hold in Chinese must not be on an English page, whole sentences and headings alike."""
    shown = said(opened(town, language="en", page=page))
    chinese = {entry["zh"] for key, entry in texts.entries().items() if key.startswith("ui.")}
    long = {
        sentence for sentence in chinese if len(re.findall("[\u4e00-\u9fff]", sentence)) >= 4 and "{" not in sentence
    }
    assert not {sentence for sentence in long if sentence in shown}


def test_the_switch_reads_both_names_and_changes_the_page(town):
    app = opened(town)
    switch = next(group for group in app.get("button_group") if group.key == "language")
    assert [option.content for option in switch.proto.options] == ["中文", "English"]
    assert "首页 / 方案" in said(app)
    app.session_state["language"] = "en"
    assert "Home" in said(app.run())


@pytest.mark.parametrize("page", ["home", "siting", "about"])
def test_the_status_line_says_what_every_sheet_must(town, page):
    line = next(body for body in bodies(opened(town, page=page)) if "p-status" in body)
    for fact in ("一条街", "正式文件", "2025-12-31", "CGCS2000 3°带 117°E", "15 分钟 = 900\u00a0m"):
        assert fact in line, fact


@pytest.mark.parametrize("page", few(PAGES, quick=5))
def test_a_run_of_one_step_leaves_no_page_broken(checked, page):
    """Pages say that there is nothing to show; the plan's notes stand on every one."""
    app = opened(checked, page=page)
    assert not app.exception
    assert "虚构示例，仅作演示" in said(app)


# ------------------------------------------------------------------------------------------------------------ figures


def test_home_tells_the_towns_arithmetic(town):
    shown = said(opened(town))
    assert "1.6%" in shown  # 1 of 63 elderly
    assert "23.8%" in shown  # 15 of 63 with two sites
    assert "备选H3" in shown


def test_siting_shows_gains_in_rank_order(town):
    app = opened(town, page="siting")
    table = next(body for body in bodies(app) if "备选H3" in body and "<table" in body)
    cells = [html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", table)]
    assert cells[:2] == ["1", "备选H3（H3）"]
    assert "8" in cells  # D alone
    assert "6" in cells  # B and C
    figures = {one.label: one.value for one in app.metric}
    assert figures["老年人覆盖率"] == "23.8%"
    assert figures["新增覆盖老年人"] == "14"
    assert figures["仍未覆盖"] == "48"
    assert figures["最优性"] == "已证明最优"


def test_the_card_shows_the_steps_of_an_area(town):
    """C: 800 households existing at 15 per hundred are 120, the single minimum 200; K3 has 150: 50 short."""
    app = opened(town, page="compliance", **{"picked-area": "C"})
    card = next(body for body in bodies(app) if "p-card" in body)
    shown = html.unescape(re.sub("<[^>]+>", " ", card)).replace("\u00a0", " ")
    for fact in (
        "C小区",
        "800 户",
        "≥ 15 m²/百户",
        "120.0 m²",
        "200.0 m²",
        "K3站",
        "150.0 m²",
        "50.0 m²",
        "1,500 m",
        "600 m",
    ):
        assert fact in shown, fact
    assert card.count("data-step=") == 6
    assert "可用的措施" in shown


def test_an_area_without_households_says_so(town):
    app = opened(town, page="compliance", **{"picked-area": "D"})
    card = next(body for body in bodies(app) if "p-card" in body)
    assert "缺户数" in card
    assert "数据不足" in card


def test_unsnapped_areas_stand_apart_from_blind_spots(town):
    """E lies 1000 m from any road: a fault of the data. B, C, D are too far, F has no way: four real ones."""
    app = opened(town, page="blind_spots")
    figures = {one.label: one.value for one in app.metric}
    assert figures["盲区居住区"] == "4 个"
    assert figures["无步行通路"] == "1 个"
    assert figures["数据问题"] == "1 个"
    assert figures["盲区老年人"] == "46 人"  # 2 + 4 + 8 + 32


def test_standards_say_where_a_document_is_silent():
    app = opened(page="standards")
    app.selectbox(key="standard").select("shaanxi").run()
    assert not app.exception
    assert "本文件未规定" in said(app)


def test_the_archive_holds_the_run_folder_as_it_is(town):
    files = [path for path in town.run.folder.rglob("*") if path.is_file()]
    with zipfile.ZipFile(BytesIO(outputs.archive(town.run.folder, files))) as box:
        assert {name: box.read(name) for name in box.namelist()} == {
            path.relative_to(town.run.folder).as_posix(): path.read_bytes() for path in files
        }


@pytest.mark.parametrize(
    ("name", "stem"),
    [("青禾区/规划", "青禾区_规划_id"), ("../..", "plan_id"), ('a<b>:"c', "a_b_c_id"), ("", "plan_id")],
)
def test_file_names_are_safe_anywhere(name, stem):
    desk: Any = SimpleNamespace(plan=SimpleNamespace(name=name))
    assert outputs.stem(desk, SimpleNamespace(run_id="id")) == stem


# ------------------------------------------------------------------------------------------------------------- safety


@pytest.mark.parametrize("page", few(PAGES, quick=5))
def test_names_cannot_run_or_fetch(hostile, page):
    app = opened(hostile, page=page)
    assert not app.exception
    if page in ("home", "compliance", "siting"):
        assert "&lt;img src=x" in "".join(bodies(app))  # the names are there, as text
    for body in bodies(app):
        assert "<img" not in body
        assert "<script" not in body
    loud = [one.value for one in app.markdown] + [one.label for kind in (app.metric, app.button, app.tabs, app.expander)
                                                  for one in kind]  # fmt: skip
    assert not [text for text in loud if "outside.example" in text]


def test_the_map_frame_is_boxed_and_asks_nobody(hostile):
    from planning.ui import mapdoc, planmap

    _, document = mapdoc.document(hostile.run, "zh")
    assert "<img src=x" not in document
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", document)
    outside = (Path(planmap.__file__).parent / "map_outside.js").read_text("utf-8")
    assert '"sandbox", "allow-scripts"' in outside


# --------------------------------------------------------------------------------------------------------------- jobs


def test_a_plan_that_is_not_there_is_a_list_of_faults(tmp_path):
    app = opened()
    app.text_input(key="path").set_value(str(tmp_path / "没有.toml")).run()
    app.button(key="open").click().run()
    assert app.session_state["job"].wait(20) == "refused"
    app.run()
    assert not app.exception
    assert texts.t("fault.plan_not_found.message", "zh", file="没有.toml", value=str(tmp_path / "没有.toml"), column="",
                   layer="", row="") in said(app)  # fmt: skip
    assert "Traceback" not in said(app)


@pytest.mark.slow
def test_the_plan_named_on_the_command_line_is_opened(tmp_path, monkeypatch):
    plan = papertown.write(tmp_path)
    monkeypatch.setattr(sys, "argv", ["app.py", str(plan)])
    app = opened()
    assert app.session_state["job"].wait(60) == "done"
    assert "23.8%" in said(app.run())
    assert not (tmp_path / "out").exists()  # results stand in the session's own folder
    again = opened()  # a reloaded page finds the result of equal files
    assert again.session_state["job"] is app.session_state["job"]


def test_many_faults_are_cut_with_a_word():
    from planning.ui import parts

    def script() -> None:
        from planning.errors import Fault
        from planning.ui import parts

        parts.faults([Fault("plan_missing_key", file="p.toml", row=n, column="x") for n in range(450)], "zh")

    app = AppTest.from_function(script).run()
    assert bodies(app)[0].count("<tr") == parts.FAULTS_SHOWN + 1
    assert "共 450 条" in said(app)


@pytest.mark.parametrize(
    ("both", "zh", "en"), [("甲 / A", "甲", "A"), ("甲/乙", "甲/乙", "甲/乙"), ("a / b / c / d", "a / b", "c / d")]
)
def test_a_sentence_in_both_languages_is_halved(both, zh, en):
    assert words.one_language(both, "zh") == zh
    assert words.one_language(both, "en") == en


def test_reasons_are_sentences_with_what_the_ledger_knows():
    """A place that the ledger cannot fill stays open, an unknown code a code; the opening is enough for a cell."""
    said = words.reasons("plan_missing_key;no_such_code", "zh", facts={"column": "plan.name"})
    assert said == "方案文件缺少必填的键：plan.name。；no_such_code"
    assert "…" in words.reasons("plan_missing_key", "en")
    assert words.reasons(None, "zh") == ""
    assert words.opening("没有出入口数据，按交点推定；请补充。") == "没有出入口数据"
    assert words.opening("No entrances given; inferred.") == "No entrances given"


def test_coordinates_are_told_in_one_language():
    text = f"EPSG:4326 → {texts.both('crs.taken_as_equal')} → EPSG:4548 (CGCS2000 / 3-degree Gauss-Kruger CM 117E)"
    for language in texts.LANGUAGES:
        equal = texts.t("crs.taken_as_equal", language)
        assert texts.in_one_language(text, "crs", language) == (
            f"EPSG:4326 → {equal} → EPSG:4548 (CGCS2000 / 3-degree Gauss-Kruger CM 117E)"
        )


def test_a_fault_of_the_app_speaks_both_languages():
    assert "意外中断" in Fault("ui_run_broke_off").message("zh")
    assert "broke off" in Fault("ui_run_broke_off").message("en")


@pytest.mark.parametrize(("is_shared", "stopped"), [(False, 1), (True, 0)])
def test_leaving_a_plan_stops_no_run_that_others_look_at(town, is_shared, stopped):
    """Two tabs on one plan file share one run; closing the plan in one of them leaves the other's at work."""
    stops: list[int] = []
    job = SimpleNamespace(**{**vars(town), "is_shared": is_shared, "cancel": lambda: stops.append(1)})
    app = opened(job)
    app.button(key="close").click().run()
    assert not app.exception
    assert len(stops) == stopped


def test_an_area_that_is_picked_shows_its_walk(town):
    """S1 stands at x = 0, A at 300: 300 m; E is on no road."""
    app = opened(town, page="coverage", **{"picked-covered-area": "A"})
    assert not app.exception
    assert "步行 300\u00a0m" in said(app)
    assert "没有能步行到达" in said(opened(town, page="coverage", **{"picked-covered-area": "E"}))


@pytest.mark.parametrize(
    ("kind", "key", "url", "wanted"),
    [
        ("none", "k", "http://a/{z}/{x}/{y}", None),
        ("streets", "", "", None),
        ("streets", "a&b", "", "tk=a%26b"),
        ("own", "", "http://10.0.0.5/{z}/{x}/{y}.png", "http://10.0.0.5/{z}/{x}/{y}.png"),
        ("own", "", "http://10.0.0.5/{z}/{x}.png", None),
        ("own", "", "javascript:alert(1)//{z}{x}{y}", None),
        ("own", "", 'http://a/"onerror="{z}{x}{y}', None),
    ],
)
def test_a_base_map_is_asked_for_by_a_template_alone(kind, key, url, wanted):
    """Without a choice, a key or a full address nothing is fetched from anywhere."""
    found = basemaps.address(kind, key, url)
    assert (found is None) == (wanted is None)
    assert wanted is None or (wanted in found and all(name in found for name in ("{z}", "{x}", "{y}")))


def test_the_page_for_planners_has_a_twin_and_names_what_is_on_the_screen():
    """Headings, tables and code words of both languages agree; what is quoted as a button stands in the texts."""
    pages = {name: (ROOT / "docs" / f"app{end}.md").read_text("utf-8") for name, end in (("en", ""), ("zh", ".zh-CN"))}
    shapes = {
        name: (
            re.findall(r"^#+", text, re.MULTILINE),
            [line.count("|") for line in text.splitlines() if line.startswith("|")],
            sorted(re.findall(r"`[^`]+`", text)),
        )
        for name, text in pages.items()
    }
    assert shapes["en"] == shapes["zh"]
    known = {name: {entry[name] for key, entry in texts.entries().items() if key.startswith("ui.")}
             for name in ("en", "zh")}  # fmt: skip
    quoted = {
        "zh": re.findall("“([^”]+)”", pages["zh"]),
        "en": re.findall(r"(?<!\*)\*(?! )([^*\n]+)\*(?!\*)", pages["en"]),
    }
    for name, words_ in quoted.items():
        assert len(words_) > 8
        assert [word for word in words_ if re.sub(r"^\d ", "", word) not in known[name]] == []
