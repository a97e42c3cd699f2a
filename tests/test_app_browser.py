"""The workbench in a real browser, offline: no request leaves the machine, nothing fails, names cannot run."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import papertown
import pytest

from planning import texts
from planning.ui.navigation import PAGES

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PROBES = re.compile(r"/compliance/_stcore/(health|host-config)$")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the browser tests are left out"),
]


@contextmanager
def workbench(*arguments: str) -> Iterator[str]:
    """Start the app on a free port of this machine and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port),
               "--server.headless", "true", "--", *arguments]  # fmt: skip
    waiting = {**os.environ, "PLANNING_NO_SPARE": "0"}
    server = subprocess.Popen(command, cwd=ROOT, env=waiting, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"the app did not open on port {port}")


class Watch:
    """Everything that must not happen in the browser."""

    def __init__(self, page: Any, root: str) -> None:
        self.bad: list[str] = []
        page.on("request", lambda one: self._request(one.url, root))
        page.on("response", lambda one: one.status >= 400 and self.bad.append(f"{one.status} {one.url}"))
        page.on("console", lambda one: one.type == "error" and self.bad.append(f"console: {one.text}"))
        page.on("pageerror", lambda error: self.bad.append(f"page: {error}"))
        page.on("dialog", lambda one: self.bad.append(f"dialog: {one.message}"))

    def _request(self, url: str, root: str) -> None:
        if not url.startswith((root, "data:", "blob:", "about:")):
            self.bad.append(f"outside: {url}")


@pytest.fixture
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


def visit(page: Any, name: str, language: str) -> None:
    """Go to a page by the sidebar and wait until it stands."""
    title = texts.t(f"ui.page.{name}", language)
    page.locator("[data-testid=stSidebarNav] a", has_text=title).first.click()
    page.locator("h1", has_text=title).wait_for(timeout=15_000)
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=15_000)
    assert page.locator("[data-testid=stException]").count() == 0, name


def wait_for_result(page: Any) -> None:
    """Wait until the run has ended; one that was refused shows its faults here."""
    page.locator(".st-key-conclusion, [data-testid=stAlert]").first.wait_for(timeout=90_000)
    assert page.locator(".st-key-conclusion").count(), page.locator("[data-testid=stMain]").inner_text()


def drawn(page: Any) -> Any:
    """Wait until the map is drawn and return its frame."""
    frame = page.frame_locator(".planmap.drawn iframe")
    frame.locator(".leaflet-container").wait_for(timeout=20_000)
    frame.locator("path.plan-area").first.wait_for(state="attached", timeout=20_000)
    return frame


def test_the_watch_sees_whatever_must_not_happen(browser):
    """Each of what the other tests hold is done once on a bare page: outside, missing, said, thrown, asked."""
    root = "http://127.0.0.1:9"
    page = browser.new_page()
    page.route("**/*", lambda one: one.fulfill(status=404 if "missing" in one.request.url else 200, body=""))
    watch = Watch(page, root)
    page.goto(f"{root}/")
    assert watch.bad == []
    page.on("dialog", lambda one: one.dismiss())
    for script in ("fetch('http://outside.example/x')", "fetch('/missing')", "console.error('said')",
                   "setTimeout(() => { throw new Error('thrown') })", "setTimeout(() => alert('asked'))"):  # fmt: skip
        page.evaluate(f"() => {{ {script}; }}")
    page.wait_for_timeout(800)
    for sign in ("outside: http://outside.example/x", "404 ", "console: said", "page: ", "dialog: asked"):
        assert any(one.startswith(sign) for one in watch.bad), sign


def test_the_sample_from_the_first_click_to_the_last_page(browser):
    with workbench() as root:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        watch = Watch(page, root)
        page.goto(f"{root}/")
        page.get_by_role("button", name=texts.t("ui.action.sample", "zh")).click()
        wait_for_result(page)
        frame = drawn(page)
        assert frame.locator("path.plan-area").count() >= 100
        assert page.locator(".planmap").bounding_box()["height"] >= 400
        for name in PAGES[1:]:
            visit(page, name, "zh")
            if name in ("coverage", "compliance", "blind_spots", "siting"):
                drawn(page)
        visit(page, "outputs", "zh")
        with page.expect_download() as saved:
            page.locator(".st-key-save-tables-xlsx button, [class*='st-key-save-tables'] button").first.click()
        assert Path(saved.value.path()).read_bytes()[:2] == b"PK"
        visit(page, "about", "zh")
        page.get_by_text("English", exact=True).click()
        page.locator("h1", has_text="About").wait_for(timeout=10_000)
        visit(page, "compliance", "en")
        before = page.locator(".p-card h3").inner_text()
        drawn(page).locator("path.plan-area").nth(5).dispatch_event("click")
        page.wait_for_function("before => document.querySelector('.p-card h3').innerText !== before", arg=before)
        assert watch.bad == []


def test_names_of_data_cannot_run_in_the_page_or_its_map(browser, tmp_path):
    payload = (
        '<img src=x onerror="top.pwned=1;window.pwned=1">${window.pwned=1}`</script><script>window.pwned=1</script>'
    )
    tables = {
        name: table.assign(name=lambda t: payload + t.iloc[:, 0].astype(str))
        for name, table in {"residential": papertown.residential(), "facilities": papertown.facilities(),
                            "candidates": papertown.candidates(), "units": papertown.units()}.items()
    }  # fmt: skip
    plan = papertown.write(tmp_path, **tables)
    with workbench(str(plan)) as root:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        watch = Watch(page, root)
        page.goto(f"{root}/")
        wait_for_result(page)
        for name in ("data", "coverage", "compliance", "blind_spots", "siting"):
            visit(page, name, "zh")
            if name != "data":
                drawn(page).locator("path.plan-area").first.dispatch_event("click")
        page.wait_for_timeout(500)
        assert [one.evaluate("window.pwned") for one in page.frames] == [None] * len(page.frames)
        assert watch.bad == []


def test_a_deep_link_finds_its_page(browser):
    """The frontend looks for the root by two addresses that are not there; nothing else may fail."""
    with workbench() as root:
        page = browser.new_page()
        watch = Watch(page, root)
        page.goto(f"{root}/compliance")
        page.locator("h1", has_text=texts.t("ui.page.compliance", "zh")).wait_for(timeout=60_000)
        rest = [one for one in watch.bad if not PROBES.search(one) and "404 (Not Found)" not in one]
        assert rest == []
