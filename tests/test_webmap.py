"""The web map: no outside address, nothing of a planner's that runs, the same bytes twice, and what it says.

The result is made up (`webmap_town`): a dozen areas in two streets, with every status and verdict among them.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import folium
import numpy as np
import pandas as pd
import pytest
import webmap_town
from webmap_town import HOSTILE

from planning import inert, standards, texts, webmap
from planning.errors import InputRefused
from planning.webmap import _assets as assets
from planning.webmap import _roles as roles
from planning.webmap import _themes as themes
from planning.webmap._data import gather
from planning.webmap._view import View

OUTSIDE = re.compile(r"""(?:(?:src|href|action)\s*=\s*|@import\s+|url\()\s*["']?\s*(?:https?:)?//""", re.I)


@pytest.fixture(scope="module")
def town() -> Any:
    return webmap_town.result()


@pytest.fixture(scope="module")
def shown(town: Any) -> str:
    return webmap.page(town)


def card(town: Any, place: int, language: texts.Language = "zh") -> dict[str, Any]:
    return gather(View(town, language))["areas"][place]["card"]


def data_of(page: str) -> dict[str, Any]:
    """Return the data a page carries, read as a browser would: a single-quoted literal, then JSON."""
    text = re.search(r"planmap\.draw\(map_\w+, JSON\.parse\('(.*)'\)\);", page).group(1)  # type: ignore[union-attr]
    plain = re.sub(r"\\(u[0-9a-f]{4}|.)", lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 5 else m[1], text)
    found = json.loads(plain)
    return webmap_town.unpack(found) if set(found) == {"texts", "shapes", "data"} else found


# ------------------------------------------------------------------------------------------------- nothing from outside


def test_no_address_points_outside(shown: str) -> None:
    assert not OUTSIDE.search(shown)
    inside = re.findall(r"data:text/(?:css|javascript);base64,([A-Za-z0-9+/=]+)", shown)
    assert len(inside) == 4, "Leaflet and our own script, each with its style"
    for content in inside:
        decoded = base64.b64decode(content).decode("utf-8")
        assert not re.search(r"""url\(\s*["']?(?!data:|#)""", decoded)
        assert not re.search(r"@import", decoded)
        assert "sourceMappingURL" not in decoded


def test_an_outside_address_is_refused() -> None:
    for text in (
        '<script src="https://cdn.example/a.js">',
        "@import 'http://x/y.css'",
        "url(//x/y.png)",
        "<a href=//x>",
    ):
        with pytest.raises(InputRefused) as refused:
            assets.refuse_outside(f"<html>{text}</html>")
        assert refused.value.faults[0].code == "webmap_outside_address"
    assets.refuse_outside('<a href="#x"> <img src="data:image/png;base64,AA//BB"> // a comment')


def test_the_static_map_names_the_apps_own_files(town: Any) -> None:
    shown = webmap.build(town, assets="static")
    links = [url for _, url in [*shown.default_js, *shown.default_css]]
    assert links == ["/app/static/vendor/leaflet/leaflet.js", "/app/static/vendor/leaflet/leaflet.css"]
    for link in links:
        served = Path(__file__).parents[1] / link.removeprefix("/app/")
        packed = Path(webmap.__file__).parent / "assets" / link.removeprefix("/app/static/vendor/")
        assert served.read_bytes() == packed.read_bytes()


def test_folium_itself_is_left_as_it_is(town: Any) -> None:
    before = list(folium.Map.default_js)
    webmap.build(town)
    assert folium.Map.default_js == before


def test_every_vendored_library_says_where_it_is_from() -> None:
    folder = Path(webmap.__file__).parent / "assets"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for library in (entry for entry in folder.iterdir() if entry.is_dir()):
        assert (library / "LICENSE").is_file()
        assert re.search(rf"{library.name}\D+\d+\.\d+\.\d+\D.*BSD", readme)
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 1_000_000


# -------------------------------------------------------------------------------------------------------- hostile names


def test_escape_leaves_no_sign_that_html_scripts_or_templates_read() -> None:
    assert inert.escape("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"
    assert not set(inert.escape(HOSTILE)) & set("<>`${}\\'\"")


@pytest.mark.parametrize("text", [HOSTILE, "\\u003c", "a\\", "{{", "{%", "'", "\u2029", "\n", ""])
def test_a_literal_gives_its_text_back_and_closes_nothing(text: str) -> None:
    found = inert.literal({"name": text, "n": [1.5, None]})
    inner = found.removeprefix("JSON.parse('").removesuffix("')")
    assert not set(inner) & set("<>'`$\u2028\u2029\n")
    assert not re.search(r"\{[{%#]", inner)
    assert data_of(f"planmap.draw(map_x, {found});") == {"name": text, "n": [1.5, None]}


def test_a_literal_refuses_what_json_has_no_word_for() -> None:
    with pytest.raises(ValueError, match="JSON"):
        inert.literal({"x": float("nan")})


def test_hostile_names_reach_the_page_as_data_only() -> None:
    page = webmap.page(webmap_town.result(hostile=HOSTILE), notes=[HOSTILE])
    assert "<img src=x" not in page
    assert "alert(2)</script>" not in page
    assert "{{7*7}}" not in page
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", page)[0]
    found = data_of(page)
    assert found["areas"][0]["name"].endswith(HOSTILE)
    assert found["names"][0]["text"].endswith(HOSTILE)


# ---------------------------------------------------------------------------------------------------------- same bytes


def test_same_result_same_bytes_in_any_order_of_rows(shown: str) -> None:
    other = webmap_town.result()
    other.residential = other.residential.sample(frac=1, random_state=3).reset_index(drop=True)
    other.facilities = other.facilities.iloc[::-1].set_index("facility_id", drop=False).rename_axis("facility_id")
    other.units = other.units.iloc[::-1]
    other.service_areas = other.service_areas.sample(frac=1, random_state=5)
    other.inputs.tables["roads"] = other.inputs.tables["roads"].iloc[::-1].reset_index(drop=True)
    assert webmap.page(other) == shown


@pytest.mark.slow
def test_same_bytes_under_another_hash_seed(shown: str, tmp_path: Path) -> None:
    script = (
        "import sys, webmap_town\nfrom planning import webmap\n"
        "sys.stdout.buffer.write(webmap.page(webmap_town.result()).encode())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=env, cwd=tmp_path)
    assert other.stdout.decode("utf-8") == shown


def test_the_result_is_left_as_it_was(town: Any) -> None:
    before = town.residential.copy(), town.facilities.copy()
    webmap.page(town)
    assert town.residential.equals(before[0])
    assert town.facilities.equals(before[1])


# --------------------------------------------------------------------------------------------------------------- cards


def test_card_of_an_area_that_fails(town: Any) -> None:
    """R006: 64 = 2⁶ households, 1 428 m to F01, 528 m beyond 900 m; verdict VERDICTS[18 mod 8] = fails."""
    found = card(town, 6)
    assert (found["code"], found["sub"]) == ("R006", "望湖街道 · 已建")
    assert [chip["word"] for chip in found["chips"]] == ["不达标", "未覆盖（可达，超出时限）"]
    assert [step["head"] for step in found["steps"]] == [
        "户数",
        "应配建筑面积",
        "现有建筑面积",
        "缺口",
        "最近街道（镇）级设施",
    ]
    assert [step["main"] for step in found["steps"][:5]] == [
        "64 户",
        "319.0 m²",
        "71.0 m²",
        "0.04 m²",
        "1,428 m，约 24 分钟",
    ]
    assert found["steps"][1]["notes"] == ["依据 LC-01、LC-02"]
    assert found["steps"][4]["notes"] == ["北关街道综合养老服务中心", "超出 900 m 服务半径 528 m"]


def test_what_is_missing_or_no_distance_is_said_in_words(town: Any) -> None:
    assert card(town, 3)["steps"][0]["main"] == "—"
    assert card(town, 5)["steps"][4]["main"] == "无步行通路"
    assert card(town, 7)["steps"][4]["main"] == "未接入路网（数据问题）"
    assert card(town, 3)["steps"][4]["notes"][1] == "超出 900 m 服务半径 0.400 m"
    unknown = next(place for place, verdict in enumerate(town.residential["verdict"]) if verdict == "not_assessable")
    assert [step["main"] for step in card(town, unknown)["steps"][1:4]] == ["—", "71.0 m²", "—"]


def test_a_level_without_facility_in_service_is_no_missing_route() -> None:
    town = webmap_town.result()
    town.facilities = town.facilities.assign(in_service=False)
    town.residential = town.residential.assign(
        street_status="unreachable", street_distance_m=np.nan, street_facility_id=None
    )
    assert card(town, 0)["steps"][4]["main"] == "没有在用的街道（镇）级设施"
    lines = themes.theme(View(town, "zh"), "coverage_street")["blocks"][1]["lines"]
    assert lines[0].startswith("本方案没有在用的街道（镇）级设施")


def test_a_pool_shows_both_its_own_and_the_pools_figures(town: Any) -> None:
    notes = card(town, 7)["steps"][3]["notes"]
    assert "统筹单元 P1：应配 640.0 m²，现有 600.0 m²，缺口 40.0 m²" in notes[0]


def test_every_text_of_the_english_page_is_english(town: Any) -> None:
    """Only names of places and of the document stay Chinese."""
    found = gather(View(town, "en"))
    said = [*(item["text"] for theme in found["themes"] for section in theme["legend"] for item in section["items"])]
    said += [step["head"] for area in found["areas"] for step in area["card"]["steps"]]
    said += [theme["title"] for theme in found["themes"]] + list(found["words"].values())
    phases = {phase.name for phase in town.inputs.plan.siting.phases}
    assert not [text for text in said if re.search("[\u4e00-\u9fff]", text) and text not in phases]


# ----------------------------------------------------------------------------------------------------- roles and legend


def test_bands_repeat_the_status_and_hold_their_upper_end(town: Any) -> None:
    """Distances 180, 300 | 640 | 900 m with limits 300, 600, 900: bands 0, 0, 2, 2; 300 m on the line is ≤ 5 min."""
    found = roles.coverage(View(town, "zh"), "street").tolist()
    expected = [
        "minutes_0",
        "minutes_0",
        "minutes_2",
        "uncovered",
        "minutes_2",
        "unreachable",
        "uncovered",
        "unsnapped",
    ]
    assert found == [*expected, *expected[:4]]


def test_under_a_fixed_radius_covered_is_one_class(town: Any) -> None:
    other = webmap_town.result()
    other.inputs.plan = webmap_town.Plan(
        name="x", standard="liaocheng", as_of=date(2025, 12, 31), inputs={}, standards={"service_radius_m": 1000}
    )
    assert set(roles.coverage(View(other, "zh"), "street")) == {"covered", "uncovered", "unreachable", "unsnapped"}
    assert "1,000 m" in themes.theme(View(other, "zh"), "coverage_street")["title"]


def test_shortfall_classes_are_cut_at_the_single_minimum() -> None:
    """Liaocheng's single minimum is 200 m²: classes up to 0, 50, 100, 200 and beyond, each holding its upper end.

    R005 keeps the plain verdict: it stands in a pool, and its own shortfall does not say why the pool fails.
    """
    town = webmap_town.result()
    frame = town.residential.iloc[:7]
    town.residential = frame.assign(
        verdict="fails",
        built_used=["new", "existing", "new", "existing", "new", "existing", None],
        shortfall_m2=[0.0, 50.0, 50.001, 200.0, 200.001, 10.0, 10.0],
        pool_id=[None] * 5 + ["P1", None],
    )
    found = View(town, "zh").verdict_roles().tolist()
    assert found == ["shortfall_0", "shortfall_1", "shortfall_2", "shortfall_3", "shortfall_4", "fails", "fails"]


def test_without_a_single_minimum_classes_stand_at_round_numbers() -> None:
    town = webmap_town.result()
    silent = tuple(clause for clause in town.inputs.standard.clauses if clause.metric != standards.MINIMUM)
    town.inputs.standard = dataclasses.replace(town.inputs.standard, clauses=silent)
    town.residential = town.residential.iloc[:2].assign(
        verdict="fails", shortfall_m2=[150.0, 150.001], built_used=["new", None]
    )
    view = View(town, "zh")
    assert view.verdict_roles().tolist() == ["shortfall_1", "shortfall_2"]
    items = themes.theme(view, "compliance")["legend"][-2]["items"]
    assert items[1]["note"] == "本文件未规定单处规模，按 150、300、600 m² 分级"
    assert [item["text"] for item in items[3:7]] == [
        "缺口 ≤ 150 m²",
        "缺口 150–300 m²",
        "缺口 300–600 m²",
        "缺口 > 600 m²",
    ]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_legend_counts_every_area_once_with_zeros(town: Any, language: texts.Language) -> None:
    view = View(town, language)
    for key in themes.keys(view):
        sections = themes.theme(view, key)["legend"]
        counted = [int(item["count"]) for section in sections for item in section["items"] if "role" in item]
        assert sum(counted) == len(town.residential), key
        if key == "coverage_street":
            assert counted == [4, 0, 3, 3, 1, 1]


def test_legend_counts_every_facility_once(town: Any) -> None:
    sections = themes.theme(View(town, "zh"), "facilities")["legend"]
    counted = [int(item["count"]) for section in sections[:4] for item in section["items"]]
    assert sum(counted) == (town.facilities["status"] != "candidate").sum()
    siting = themes.theme(View(town, "zh"), "siting")["legend"][1]["items"]
    assert [(item["text"], item["count"]) for item in siting] == [
        ("备选点位", "0"),
        ("排除点位", "1"),
        ("近期", "1"),
        ("远期", "1"),
    ]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("mclp", "新增覆盖 640 名老年人"),
        ("lscp", "新增覆盖 640 名老年人"),
        ("p_center", "新增覆盖 640 名老年人"),
        ("p_median", "新增覆盖 640 名老年人"),
        ("capacitated", "新增服务 640 名老年人"),
        ("deficit", "补足 640 m²"),
    ],
)
def test_the_gain_of_a_site_is_in_the_unit_of_its_model(model: Any, said: str) -> None:
    town = webmap_town.result()
    siting = dataclasses.replace(town.inputs.plan.siting, model=model, minutes=10)
    town.inputs.plan = dataclasses.replace(town.inputs.plan, siting=siting)
    town.summary["siting"]["model"] = model
    found = gather(View(town, "zh"))
    site = next(point for point in found["points"] if point["id"] == "C02")
    assert ["作用", said] in site["card"]["rows"]
    lines = next(theme for theme in found["themes"] if theme["key"] == "siting")["blocks"][1]["lines"]
    assert lines[2] == "居住区按 900 m 服务半径着色，选址及规划前后覆盖率按 600 m 计算。"


def test_a_draft_is_stamped_and_notes_stand_in_the_title(town: Any) -> None:
    other = webmap_town.result()
    page = webmap.page(other, notes=["另一说明"])
    assert 'class="draft"' not in page
    assert "另一说明" in page
    assert "虚构示例" not in page
    assert "虚构示例，仅作演示" in webmap.page(other)
    other.inputs.standard = dataclasses.replace(other.inputs.standard, status="draft")
    assert '<span class="draft">征求意见稿</span>' in webmap.page(other)


def test_parts_that_were_not_asked_for_are_left_out() -> None:
    town = webmap_town.result()
    judged = ["verdict", "reason", "required_m2", "provided_m2", "shortfall_m2", "built_used", "rate_ok", "unit_ok"]
    town.residential = town.residential.drop(columns=judged)
    town.facilities = town.facilities[town.facilities["status"] != "candidate"]
    town.sites = town.sites.iloc[:0]
    town.service_areas = town.service_areas.iloc[:0]
    town.units = town.units.iloc[:0]
    town.rooms = pd.DataFrame()
    town.findings = town.findings.iloc[:0]
    town.summary = {"coverage": town.summary["coverage"], "units": []}
    assert themes.keys(View(town, "zh")) == ["coverage_street", "coverage_community", "facilities"]
    assert "达标核查" not in webmap.page(town)


def test_nothing_to_draw_is_refused() -> None:
    town = webmap_town.result()
    for name in ("residential", "facilities", "units", "sites", "service_areas"):
        setattr(town, name, getattr(town, name).iloc[:0])
    town.inputs.tables["roads"] = town.inputs.tables["roads"].iloc[:0]
    with pytest.raises(InputRefused) as refused:
        webmap.page(town)
    assert refused.value.faults[0].code == "webmap_nothing_to_draw"


# ------------------------------------------------------------------------------------------------------- after the plan


def test_areas_that_the_plan_covers_are_a_class_of_their_own_on_the_siting_theme() -> None:
    """Of the uncovered areas the plan covers one: it is drawn, counted and named in the legend as newly covered."""
    town = webmap_town.result()
    areas = town.residential
    opened = areas["street_status"] == "uncovered"
    first = areas.loc[opened, "residential_id"].min()
    then = areas["street_status"].mask(areas["residential_id"] == first, "covered")
    town.residential = areas.assign(planned_status=then)
    covered = int((areas["street_status"] == "covered").sum())
    town.summary["siting"]["before"]["residential_covered"] = covered
    town.summary["siting"]["after"]["residential_covered"] = covered + 1
    view = View(town, "zh")
    theme = themes.theme(view, "siting")
    drawn = dict(zip(view.areas["residential_id"], themes.area_roles(view, "siting"), strict=True))
    assert [area for area, role in drawn.items() if role == "newly_covered"] == [first]
    items = {item.get("role"): item for section in theme["legend"] for item in section["items"]}
    assert (items["newly_covered"]["text"], items["newly_covered"]["count"]) == ("规划后新增覆盖", "1")
    assert items["uncovered"]["count"] == str(int(opened.sum()) - 1)


def test_the_numeral_of_a_phase_in_the_legend_is_the_rank_of_its_first_site() -> None:
    """Two sites in the first phase: the second phase begins with rank 3, and its symbol says 3."""
    town = webmap_town.result()
    one = town.sites.iloc[[0]]
    town.sites = pd.concat([town.sites.assign(rank=[1, 2], phase="近期"), one.assign(rank=3, phase="远期")]).assign(
        facility_id=["C01", "C02", "C03"]
    )
    items = [item for section in themes.theme(View(town, "zh"), "siting")["legend"] for item in section["items"]]
    (later,) = [item for item in items if item["text"] == "远期"]
    assert ">3</text>" in later["svg"]
