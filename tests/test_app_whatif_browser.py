"""The workbench by hand in a real browser: a click on the map, figures that change, saved, reopened, compared."""

from __future__ import annotations

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import papertown
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")

from test_app_browser import CHROMIUM, Watch, browser, visit, wait_for_result, workbench

from planning import texts

__all__ = ["browser"]  # a fixture
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the browser tests are left out"),
]


def share(page) -> str:
    """Return the first key figure."""
    return page.locator("[data-testid=stMetricValue]").first.inner_text()


def until(page, value: str) -> None:
    """Wait until the first key figure is as asked."""
    page.wait_for_function(
        "value => document.querySelector('[data-testid=stMetricValue]')?.innerText === value", arg=value, timeout=20_000
    )


def map_of(page):
    """Return the frame of the map that is seen; that of the page just left may linger, hidden."""
    frame = page.frame_locator(".planmap.drawn:visible iframe")
    frame.locator("path.plan-area").first.wait_for(state="attached", timeout=30_000)
    return frame


def hand(page) -> None:
    """Go to siting by hand."""
    visit(page, "siting", "zh")
    page.get_by_text(texts.t("ui.whatif.by_hand", "zh"), exact=True).click()
    page.locator(".st-key-whatif-undo").wait_for(timeout=20_000)
    map_of(page).locator(".scene-mark").first.wait_for(state="attached", timeout=20_000)


def test_a_candidate_is_clicked_saved_reopened_and_compared(browser, tmp_path):
    """Of 63 elderly people 15 are reached with H3 and H1, 9 with H3 alone, 15 again with H2 in its place."""
    plan = papertown.write(tmp_path)
    with workbench(str(plan)) as root:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        watch = Watch(page, root)
        page.goto(f"{root}/")
        wait_for_result(page)
        hand(page)
        assert share(page) == "23.8%"
        assert map_of(page).locator(".scene-mark.site").count() == 2
        assert map_of(page).locator("path.plan-area[fill^='url(']").count() > 0  # hatches, as in print
        assert map_of(page).locator("#strip .item svg").count() >= 3
        map_of(page).locator(".scene-mark.site").first.dispatch_event("click")  # H1, the first by id
        until(page, "14.3%")
        page.locator(".st-key-whatif-undo button").click()
        until(page, "23.8%")
        page.locator(".st-key-whatif-redo button").click()
        until(page, "14.3%")
        map_of(page).locator(".scene-mark.idle").first.dispatch_event("click")  # H1 again
        until(page, "23.8%")
        page.get_by_text(texts.t("ui.whatif.mode_place", "zh"), exact=True).click()
        page.locator(".p-foot", has_text=texts.t("ui.whatif.hint_place", "zh")).wait_for(timeout=10_000)
        box = page.locator(".planmap iframe").bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
        page.locator(".p-table td", has_text="N01").wait_for(timeout=20_000)
        page.get_by_role("button", name=re.compile(texts.t("ui.whatif.save", "zh"))).click()
        page.get_by_label(texts.t("ui.whatif.name", "zh")).fill("两处加一")
        page.keyboard.press("Enter")
        page.locator(".st-key-whatif-keep button").click()
        page.locator(".p-head", has_text="两处加一").first.wait_for(timeout=10_000)
        kept = json.loads((tmp_path / "scenarios" / "两处加一.json").read_text("utf-8"))
        assert kept["edits"][-1]["facility_id"] == "N01"

        page.goto(f"{root}/")  # a new session
        wait_for_result(page)
        visit(page, "compare", "zh")
        map_of(page)
        assert page.locator("canvas, .vega-embed svg").count() > 0
        page.locator(".st-key-kept-open-0 button").click()
        page.locator("[data-testid=stAlert]").first.wait_for(timeout=10_000)
        hand(page)
        page.locator(".p-table td", has_text="N01").wait_for(timeout=20_000)
        assert watch.bad == []


class Tiles(BaseHTTPRequestHandler):
    """A service of pictures: one grey pixel for whatever is asked, until it is told to fail."""

    asked: ClassVar[list[str]] = []
    fails: ClassVar[list[bool]] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(404 if self.fails else 200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(b"" if self.fails else PIXEL)

    def log_message(self, *_):
        pass


PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")


def test_a_base_map_lies_below_and_gives_way_when_it_fails(browser, tmp_path):
    plan = papertown.write(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with workbench(str(plan)) as root:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(f"{root}/")
        wait_for_result(page)
        visit(page, "coverage", "zh")
        frame = map_of(page)
        assert frame.locator(".leaflet-tile").count() == 0  # nothing is fetched by itself
        page.get_by_role("button", name=re.compile(texts.t("ui.basemap.head", "zh"))).click()
        page.locator(".st-key-basemap-kind input").click()
        page.locator("[role=option]", has_text=texts.t("ui.basemap.own", "zh")).click()
        field = page.locator(".st-key-basemap-url input")
        field.fill(f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png")
        field.press("Enter")
        frame.locator("img.leaflet-tile-loaded").first.wait_for(state="attached", timeout=20_000)
        assert frame.locator(".note").count() == 0
        Tiles.fails.append(True)
        field.fill(f"http://127.0.0.1:{server.server_port}/x/{{z}}/{{x}}/{{y}}.png")
        field.press("Enter")
        frame.locator(".note", has_text=texts.t("ui.basemap.failed", "zh")).wait_for(timeout=20_000)
        assert frame.locator("path.plan-area").count() > 0
    server.shutdown()
    server.server_close()
