"""The map of a plan with thousands of areas in a real browser: drawn with MapLibre, worked by hand, over a local file.

Two thousand and more areas stand along one road, every name a program. Without WebGL 2 Leaflet draws the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import papertown
import pytest
import shapely

from planning import texts
from planning.ui import mapdoc

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")

from test_app_basemap_files import mbtiles  # noqa: E402
from test_app_browser import CHROMIUM, QUIET, Watch, visit, wait_for_result, workbench  # noqa: E402
from test_app_story import PAYLOAD, sound  # noqa: E402
from test_app_whatif_browser import PIXEL as DOT  # noqa: E402
from test_app_whatif_browser import until  # noqa: E402

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the browser tests are left out"),
]
SOFTWARE = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""WebGL without a graphics card."""
IDLE = """() => new Promise(done => {
  planmap.current.map.once('idle', () => done(true));
  planmap.current.map.triggerRepaint();
})"""
PIXEL = """at => {
  const spot = planmap.current.pixelOf(at), box = planmap.current.box.getBoundingClientRect();
  return [spot.x + box.x, spot.y + box.y];
}"""
ROLE = """id => {
  const place = planmap.current.data.areas.findIndex(area => area.id === id);
  return planmap.current.map.getFeatureState({ source: 'areas', id: place }).role;
}"""


@pytest.fixture
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        yield lambda *more: play.chromium.launch(
            executable_path=CHROMIUM, args=[one for one in QUIET if not more or one != "--disable-gpu"] + list(more)
        )


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paper town with 2 100 areas of one household more, nobody old in them, in rows north of its road."""
    known = papertown.residential()
    x, y = (part.ravel() for part in np.meshgrid(np.arange(70) * 14.0, np.arange(30) * 14.0))
    x, y = papertown.X0 + 1000 + x, papertown.Y0 + 60 + y
    more = gpd.GeoDataFrame(
        {"residential_id": [f"Z{one:04d}" for one in range(len(x))], "households": 1, "elderly": 0,
         "built": "existing", "setting": "urban"}, geometry=shapely.box(x, y, x + 10, y + 10), crs=known.crs,
    )  # fmt: skip
    areas = gpd.GeoDataFrame(pd.concat([known, more], ignore_index=True), crs=known.crs)
    tables = {
        name: table.assign(name=lambda t: PAYLOAD + t.iloc[:, 0].astype(str))
        for name, table in {"residential": areas, "facilities": papertown.facilities(),
                            "candidates": papertown.candidates(), "units": papertown.units()}.items()
    }  # fmt: skip
    assert len(areas) > mapdoc.MANY
    return papertown.write(tmp_path_factory.mktemp("many"), **tables)


def frame_of(page: Any, kind: str) -> Any:
    """Return the frame of the map that is seen, once it is drawn and at rest."""
    page.locator(".planmap.drawn:visible iframe").first.wait_for(timeout=60_000)
    frame = page.locator(".planmap.drawn:visible iframe").first.element_handle().content_frame()
    assert frame.evaluate("planmap.current.kind") == kind
    if kind == "maplibre":
        frame.evaluate(IDLE)
    return frame


def press(page: Any, frame: Any, at: list[float]) -> None:
    """Click where a place stands on the map, by the mouse."""
    box = page.locator(".planmap.drawn:visible iframe").first.bounding_box()
    x, y = frame.evaluate(PIXEL, at)
    page.mouse.click(box["x"] + x, box["y"] + y)


def by_hand(page: Any) -> None:
    visit(page, "siting", "zh")
    page.get_by_text(texts.t("ui.whatif.by_hand", "zh"), exact=True).click()
    page.locator(".st-key-whatif-undo").wait_for(timeout=30_000)


def nearer(frame: Any, at: list[float]) -> None:
    """Look at a place so closely that an area of ten metres can be hit."""
    frame.evaluate("([lat, lon]) => planmap.current.setView({ lat, lon, zoom: 17 })", at)
    frame.evaluate(IDLE)


def place_of(frame: Any, kind: str, one: str) -> list[float]:
    return frame.evaluate("([kind, id]) => planmap.current.data[kind].find(one => one.id === id).at", [kind, one])


def test_a_large_plan_is_worked_by_hand(chromium, plan):
    """As in the small town: 15 of 63 elderly people with H3 and H1, 9 with H3 alone."""
    with workbench(str(plan)) as root:
        page = chromium(*SOFTWARE).new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        watch = Watch(page, root)
        page.goto(f"{root}/")
        wait_for_result(page)
        visit(page, "compliance", "zh")
        frame = frame_of(page, "maplibre")
        assert frame.locator("canvas").count() == 1
        assert frame.locator("#strip .item svg").count() >= 3  # the legend is that of the print
        heard = page.locator(".p-card h3").inner_text()
        nearer(frame, place_of(frame, "areas", "Z1535"))
        press(page, frame, place_of(frame, "areas", "Z1535"))
        page.wait_for_function("was => document.querySelector('.p-card h3').innerText !== was", arg=heard)
        assert "Z1535" in page.locator(".p-card").inner_text()
        frame.locator(".plan-layers a").click()
        heads = [texts.t(f"ui.map.group_{name}", "zh") for name in ("base", "now", "analysis")]
        assert frame.locator(".layers h3").all_inner_texts()[:3] == heads
        sound(page, watch)

        by_hand(page)
        until(page, "23.8%")
        frame = frame_of(page, "maplibre")
        frame.evaluate("window.same = planmap.current")
        nearer(frame, place_of(frame, "points", "H1"))
        view = frame.evaluate("planmap.current.view()")
        lost = [area for area in papertown.AREAS if frame.evaluate(ROLE, area) == "newly_covered"]
        frame.locator(".scene-mark.site").first.click()  # H1
        until(page, "14.3%")
        frame.locator(".scene-mark.idle").first.wait_for(timeout=10_000)
        frame.evaluate(IDLE)
        assert frame.evaluate("window.same === planmap.current"), "the map is not made anew"
        assert frame.evaluate("planmap.current.view()") == view, "zoom and place are kept"
        after = [frame.evaluate(ROLE, area) for area in lost]
        assert len(after) > after.count("uncovered") > 0, "what H1 alone had won is lost again"
        page.get_by_text(texts.t("ui.whatif.mode_place", "zh"), exact=True).click()
        page.locator(".p-foot", has_text=texts.t("ui.whatif.hint_place", "zh")).wait_for(timeout=10_000)
        north, east = place_of(frame, "points", "H1")
        press(page, frame, [north + 0.0004, east])
        page.locator(".p-table td", has_text="N01").wait_for(timeout=20_000)
        frame.locator(".scene-mark.site", has_text="2").wait_for(timeout=10_000)
        sound(page, watch)


def name_file(page: Any, path: Path) -> None:
    """Name a base map's file beside the pages."""
    field = page.locator(".st-key-basemap-file input")
    if not field.count():
        page.get_by_role("button", name=re.compile(texts.t("ui.basemap.head", "zh"))).click()
        page.locator(".st-key-basemap-kind input").click()
        page.locator("[role=option]", has_text=texts.t("ui.basemap.file", "zh")).click()
    field.fill(str(path))
    field.press("Enter")


def test_a_file_lies_below_either_map_and_gives_way_when_it_is_broken(chromium, plan, tmp_path):
    tiles = {(14, x, y): DOT for x in range(13_515, 13_526) for y in range(6_380, 6_440)}
    good = mbtiles(tmp_path / "影像.mbtiles", tiles, minzoom="14", maxzoom="14")
    bad = tmp_path / "坏.pmtiles"
    bad.write_bytes(b"PMTiles\x03" + b"\0" * 200)
    with workbench(str(plan)) as root:
        page = chromium(*SOFTWARE).new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        watch = Watch(page, root)
        page.goto(f"{root}/")
        wait_for_result(page)
        visit(page, "coverage", "zh")
        frame = frame_of(page, "maplibre")
        assert frame.locator(".leaflet-tile").count() == 0
        name_file(page, good)
        frame.locator("img.leaflet-tile-loaded").first.wait_for(state="attached", timeout=20_000)
        assert {
            one.get_attribute("src").startswith(f"{root}/tiles/") for one in frame.locator(".leaflet-tile").all()
        } == {True}
        assert frame.locator(".note").count() == 0
        name_file(page, bad)
        frame.locator(".note", has_text=texts.t("ui.basemap.failed", "zh")).wait_for(timeout=20_000)
        page.get_by_text(
            texts.t("fault.basemap_unreadable.message", "zh", file=bad.name, value="ValueError")
        ).wait_for()
        assert watch.bad == []

        page = chromium("--disable-3d-apis").new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        watch = Watch(page, root)
        page.goto(f"{root}/")
        wait_for_result(page)
        visit(page, "coverage", "zh")
        frame = frame_of(page, "leaflet")
        frame.locator(".note", has_text=texts.t("ui.map.slow", "zh")).wait_for()
        assert frame.locator("path.plan-area").count() > mapdoc.MANY
        name_file(page, good)
        frame.locator("img.leaflet-tile-loaded").first.wait_for(state="attached", timeout=20_000)
        assert watch.bad == []
