"""What a hand on the keyboard expects: undo where one types, undo after a click on the map, no download lost."""

from __future__ import annotations

import re

import papertown
import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")

from test_app_browser import CHROMIUM, Watch, browser, visit, wait_for_result, workbench
from test_app_whatif_browser import hand, map_of, share, until

from planning import texts

__all__ = ["browser"]  # a fixture
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the browser tests are left out"),
]


def test_undo_belongs_to_the_field_one_types_in_and_no_download_is_lost(browser, tmp_path):
    """15 of 63 with both sites (23.8%), 9 with H3 alone (14.3%); a new language builds the page anew."""
    plan = papertown.write(tmp_path)
    with workbench(str(plan)) as root:
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        watch = Watch(page, root)
        page.goto(f"{root}/")
        wait_for_result(page)
        hand(page)
        map_of(page).locator(".scene-mark.site").first.dispatch_event("click")
        until(page, "14.3%")
        page.get_by_role("button", name=re.compile(texts.t("ui.whatif.save", "zh"))).click()
        name = page.get_by_label(texts.t("ui.whatif.name", "zh"))
        name.click()
        page.keyboard.type("甲乙")
        page.keyboard.press("Control+z")
        page.wait_for_timeout(1000)
        assert name.input_value() != "甲乙"  # the typing is taken back,
        assert share(page) == "14.3%"  # the edit is not
        page.keyboard.press("Escape")
        page.locator("h1").first.click()
        page.keyboard.press("Control+z")
        until(page, "23.8%")
        page.locator(".st-key-whatif-redo button:enabled").wait_for()  # it comes after the figures
        page.keyboard.press("Control+y")
        until(page, "14.3%")
        page.locator(".planmap:visible iframe").first.click(position={"x": 60, "y": 200})  # nothing lies there
        page.locator(".st-key-whatif-undo button:enabled").wait_for()
        page.wait_for_timeout(2000)  # the map gives the keys back
        page.keyboard.press("Control+z")
        until(page, "23.8%")

        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        visit(page, "outputs", "zh")
        for turn in range(6):
            page.get_by_text("English" if turn % 2 == 0 else "中文", exact=True).click()
            page.wait_for_timeout(50 * turn)
            with page.expect_download(timeout=15_000):
                page.locator("[class*='st-key-save-tables'] button").first.evaluate("button => button.click()")
        assert watch.bad == []
