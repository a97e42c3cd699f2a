"""The story of a plan in a real browser: dropped, checked, run, tried by hand, compared, saved, opened after a restart.

Every name of the data is a program. Nothing may leave the machine, fail, be said in the console, run or break a page.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import papertown
import pytest

from planning import texts
from planning.ui.navigation import PAGES

pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")

from test_app_browser import CHROMIUM, Watch, browser, visit, wait_for_result, workbench
from test_app_whatif_browser import hand, map_of, until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the browser tests are left out"),
]
__all__ = ["browser"]  # a fixture
PAYLOAD = (
    '<img src=x onerror="top.pwned=1;window.pwned=1">${window.pwned=1}`![x](http://outside.example/x.png)'
    "[y](javascript:window.pwned=1):red[z]$\\frac12$</script><script>window.pwned=1</script>"
)
SPACE = {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN"}


def say(key: str, **facts: object) -> str:
    return texts.t(f"ui.{key}", "zh", **facts)


def choose(page: Any, key: str, words: str) -> None:
    """Pick an entry of a list by its words; a list closes when the page below it moves."""
    field = page.locator(f".st-key-{key} input").first
    field.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    field.click()
    page.locator("[role=option]", has_text=words).first.click(timeout=15_000)
    settled(page)


def fill_date(page: Any, key: str, day: str) -> None:
    """Type a day into a field that has a part of its own for year, month and day."""
    page.locator(f".st-key-{key} [role=spinbutton]").first.click()
    page.keyboard.type(day.replace("-", ""), delay=60)
    page.keyboard.press("Escape")  # the calendar closes; what was typed counts when the field is left
    page.locator("h1").first.click()
    settled(page)


def settled(page: Any) -> None:
    """Wait until the page is built; a download asked for while it is built anew is not answered."""
    page.wait_for_timeout(600)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=30_000)
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=30_000)


def drop(page: Any, files: list[Path]) -> None:
    page.locator("[data-testid=stFileUploaderDropzoneInput], input[type=file]").first.set_input_files(files)


def begun(browser: Any, root: str) -> tuple[Any, Watch]:
    """Open the workbench as somebody new."""
    page = browser.new_context(**SPACE).new_page()
    watch = Watch(page, root)
    page.goto(f"{root}/")
    page.locator("h1").first.wait_for(timeout=60_000)
    return page, watch


def sound(page: Any, watch: Watch) -> None:
    """Nothing left the machine, failed, was said in the console, ran, or broke a page; no name became markup."""
    assert page.locator("[data-testid=stException]").count() == 0
    assert [one.evaluate("window.pwned") for one in page.frames] == [None] * len(page.frames)
    assert page.locator("img[src*='outside'], a[href^='javascript'], .katex, img[src='x']").count() == 0
    assert watch.bad == []


def saved(page: Any, button: str, target: Path) -> Path:
    """Save a file by its button, once the page stands still."""
    settled(page)
    with page.expect_download(timeout=60_000) as kept:
        page.locator(button).first.click()
    kept.value.save_as(target)
    return target


def hostile_town(folder: Path) -> None:
    """Write the paper town with a program in every name."""
    tables = {
        name: table.assign(name=lambda t: PAYLOAD + t.iloc[:, 0].astype(str))
        for name, table in {"residential": papertown.residential(), "units": papertown.units(),
                            "facilities": papertown.facilities(), "candidates": papertown.candidates()}.items()
    }  # fmt: skip
    papertown.write(folder, **tables)


def claimed_and_checked(page: Any, tmp_path: Path) -> None:
    """Drop the files, one of them broken, answer what is asked, and have them checked."""
    visit(page, "data", "zh")
    drop(page, sorted(tmp_path.glob("*.gpkg")))
    page.locator("[class*='st-key-role-roads']").first.wait_for(timeout=90_000)
    assert page.get_by_text(say("intake.refused", count=1)).count() == 1  # the broken one, told by its name
    assert page.get_by_text("坏的.gpkg").count() >= 1
    page.locator(".st-key-plan-name input").fill("一条街")
    choose(page, "plan-standard", "聊城")
    fill_date(page, "plan-as-of", "2025-12-31")
    page.locator(".st-key-check button:not([disabled])").click(timeout=30_000)
    page.locator(".p-verdict").wait_for(timeout=90_000)
    report = saved(page, "[class*='st-key-doctor-data_quality-html'] button", tmp_path / "体检.html").read_text("utf-8")
    assert "<script>" not in report


def tried_by_hand(page: Any) -> None:
    """Close H1 by a click on the map, take that back and do it again, and keep the scenario."""
    hand(page)
    until(page, "23.8%")
    map_of(page).locator(".scene-mark.site").first.dispatch_event("click")  # H1, the first by id
    until(page, "14.3%")
    page.locator(".st-key-whatif-undo button").click()
    until(page, "23.8%")
    page.locator(".st-key-whatif-redo button").click()
    until(page, "14.3%")
    page.get_by_role("button", name=re.compile(say("whatif.save"))).click()
    page.get_by_label(say("whatif.name")).fill("甲" + PAYLOAD[:16])
    page.keyboard.press("Enter")
    page.locator(".st-key-whatif-keep button").click()
    page.locator(".p-head", has_text="甲").first.wait_for(timeout=10_000)


def test_from_a_drop_to_a_scenario_opened_after_a_restart(browser, tmp_path):
    """S1 has 1 of 63 elderly people, H3 adds 8: 14.3% without H1; the same figure stands again after the restart."""
    hostile_town(tmp_path)
    (tmp_path / "坏的.gpkg").write_bytes(b"SQLite format 3\x00" + b"\x00" * 400)
    folder = tmp_path / "方案.zip"
    with workbench() as root:
        page, watch = begun(browser, root)
        claimed_and_checked(page, tmp_path)
        page.locator(".st-key-accept button:not([disabled])").click(timeout=30_000)
        page.locator("h1", has_text=say("page.coverage")).wait_for(timeout=30_000)
        page.locator(".planmap").wait_for(timeout=120_000)
        for name in PAGES:
            visit(page, name, "zh")
        visit(page, "coverage", "zh")
        map_of(page).locator("path.plan-area").first.dispatch_event("click")
        map_of(page).locator("path.scene-path").first.wait_for(state="attached", timeout=20_000)
        tried_by_hand(page)
        visit(page, "compare", "zh")
        map_of(page)
        page.get_by_text(say("compare.map_beside"), exact=True).click()
        page.locator(".planmap.drawn:visible").nth(1).wait_for(timeout=30_000)
        book = openpyxl.load_workbook(saved(page, ".st-key-compare-save button", tmp_path / "比选.xlsx"))
        assert say("compare.sheet_levels") in book.sheetnames
        saved(page, ".st-key-compare-folder button", folder)
        alone = zipfile.ZipFile(saved(page, ".st-key-kept-pack-0 button", tmp_path / "独立.zip"))
        assert "data/roads/roads.gpkg" in alone.namelist()
        visit(page, "outputs", "zh")
        assert saved(page, "[class*='st-key-save-tables'] button", tmp_path / "表.xlsx").read_bytes()[:2] == b"PK"
        sound(page, watch)

        other, second = begun(browser, root)  # somebody else on the same server
        assert other.get_by_text("一条街").count() == 0
        visit(other, "data", "zh")
        assert other.get_by_text("roads.gpkg").count() == 0
        sound(other, second)
    names = [name for name in zipfile.ZipFile(folder).namelist() if name.startswith("scenarios/")]
    assert len(names) == 1
    assert json.loads(zipfile.ZipFile(folder).read(names[0]))["edits"][-1] == {"kind": "remove", "facility_id": "H1"}

    with workbench() as root:  # the server was started anew; all it had is gone
        page, watch = begun(browser, root)
        visit(page, "data", "zh")
        drop(page, [folder])
        page.locator(".st-key-check button:not([disabled])").click(timeout=90_000)
        page.locator(".st-key-accept button:not([disabled])").click(timeout=90_000)
        page.locator(".planmap").wait_for(timeout=120_000)
        visit(page, "compare", "zh")
        page.locator(".st-key-kept-open-0 button").click(timeout=30_000)
        page.locator("[data-testid=stAlert]").first.wait_for(timeout=10_000)
        hand(page)
        until(page, "14.3%")
        sound(page, watch)


def test_a_long_run_is_shown_and_can_be_cancelled(browser):
    with workbench() as root:
        page, watch = begun(browser, root)
        page.get_by_role("button", name=say("action.sample")).click(timeout=30_000)
        page.locator(".st-key-cancel-run button").wait_for(timeout=30_000)
        visit(page, "standards", "zh")  # other pages answer meanwhile
        page.locator(".p-table").first.wait_for(timeout=30_000)
        visit(page, "home", "zh")
        page.locator(".st-key-cancel-run button").click(timeout=10_000)
        page.get_by_text(say("trouble.cancelled")).wait_for(timeout=15_000)
        page.locator(".st-key-again button").first.click()
        page.locator(".st-key-cancel-run button").wait_for(timeout=15_000)
        wait_for_result(page)
        sound(page, watch)
