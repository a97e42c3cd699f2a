"""The web map in a browser: opened from a file, it asks nobody, complains of nothing, and names run nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import webmap_town
from webmap_town import HOSTILE

from planning import webmap

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown() -> str:
    return webmap.page(webmap_town.result())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: the browser tests did not run")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=str(CHROMIUM), args=[*flags, "--disable-component-update", "--disable-sync"]
        )
        yield started
        started.close()


@dataclasses.dataclass
class Visit:
    """An opened page, with everything it asked for and complained of."""

    page: Any
    asked: list[str]
    said: list[str]


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[[str], Visit]]:
    opened = []

    def open_page(content: str) -> Visit:
        file = tmp_path / "地图 map.html"
        file.write_text(content, encoding="utf-8")
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        opened.append(page)
        seen = Visit(page, [], [])

        def handle(route: Any) -> None:
            if route.request.url.startswith(("file:", "data:")):
                route.continue_()
            else:
                seen.asked.append(route.request.url)
                route.abort()

        page.route("**/*", handle)
        page.on("console", lambda message: seen.said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: seen.said.append(str(error)))
        page.on("dialog", lambda dialog: (seen.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(file.as_uri())
        page.wait_for_selector(".leaflet-container")
        return seen

    yield open_page
    for page in opened:
        page.close()


@pytest.mark.browser
def test_the_page_opens_from_a_file_and_asks_nobody(visit: Callable[[str], Visit], shown: str) -> None:
    seen = visit(shown)
    page = seen.page
    box = page.locator(".leaflet-container").bounding_box()
    assert box["width"] > 600
    assert box["height"] > 500
    assert page.locator("path.plan-area").count() == 12
    assert page.locator(".plan-label-unit").all_inner_texts() == ["北关街道", "望湖街道"]
    assert page.locator(".plan-label-unit").first.is_visible()
    assert page.locator(".leaflet-control-scale-line").inner_text().endswith(" m")
    assert page.locator(".leaflet-control-scale-line").count() == 1, "no miles"
    assert "Leaflet" not in page.locator(".leaflet-control-attribution").inner_text()
    for button in page.locator("#themes button").all():
        button.click()
        assert page.locator("#legend .item").count() > 3
    assert (seen.asked, seen.said) == ([], [])


@pytest.mark.browser
def test_hatches_are_drawn_and_not_black(visit: Callable[[str], Visit], shown: str) -> None:
    page = visit(shown).page
    fills = page.eval_on_selector_all("path.plan-area", "paths => paths.map(path => path.getAttribute('fill'))")
    named = {fill for fill in fills if fill.startswith("url(")}
    assert named == {"url(#hatch-uncovered)", "url(#hatch-unreachable)", "url(#hatch-unsnapped)"}
    for fill in named:
        assert page.locator(f"pattern{fill[4:-1]}").count() == 1


@pytest.mark.browser
def test_a_click_on_an_area_opens_its_card_and_back_returns(visit: Callable[[str], Visit], shown: str) -> None:
    page = visit(shown).page
    place = page.evaluate("""() => {
        const map = planmap.current.map, frame = map.getContainer().getBoundingClientRect();
        const at = map.latLngToContainerPoint(planmap.current.data.areas[6].at);
        return [frame.x + at.x + 30, frame.y + at.y + 30];
    }""")
    page.mouse.click(*place)
    assert page.locator("#panel h3").inner_text() == "安泰小区6"
    assert page.locator("#panel .steps li").count() == 5
    assert page.locator("#panel .chip").all_inner_texts() == ["✕\n不达标", "○\n未覆盖（可达，超出时限）"]
    page.locator("#panel .steps a").first.click()
    assert page.locator("#panel h3").inner_text() == "北关街道综合养老服务中心"
    page.locator("#panel .back").click()
    assert page.locator("#panel h3").first.inner_text() == "覆盖概况"


@pytest.mark.browser
def test_search_finds_by_name_and_by_code(visit: Callable[[str], Visit], shown: str) -> None:
    page = visit(shown).page
    page.fill("#search", "r004")
    page.press("#search", "Enter")
    assert page.locator("#panel .code").inner_text().startswith("R004")
    page.fill("#search", "日间照料")
    page.locator("#found button").first.click()
    assert page.locator("#panel h3").inner_text() == "柳园社区日间照料中心"
    page.fill("#search", "没有这个")
    assert page.locator("#found").inner_text() == "没有找到。"


@pytest.mark.browser
def test_a_legend_row_switches_its_layer(visit: Callable[[str], Visit], shown: str) -> None:
    page = visit(shown).page
    assert page.locator(".plan-symbol").count() == 3
    page.locator("#legend button", has_text="在建 / 已验收").click()
    assert page.locator(".plan-symbol").count() == 1, "both street facilities are one layer; the county's stays"
    page.locator("#labels").click()
    assert page.locator(".plan-label").count() == 0


@pytest.mark.browser
def test_hostile_names_run_nothing(visit: Callable[[str], Visit]) -> None:
    """Every theme is shown, every area and point hovered and opened, the search listed: no script may run."""
    seen = visit(webmap.page(webmap_town.result(hostile=HOSTILE), notes=[HOSTILE]))
    page = seen.page
    page.evaluate("""() => {
        const view = planmap.current;
        view.data.themes.forEach(theme => {
            view.setTheme(theme.key);
            view.data.areas.forEach(area => view.pick('area', area.id));
            view.data.points.forEach(point => view.pick('point', point.id));
            view.map.eachLayer(layer => { if (layer.getTooltip && layer.getTooltip()) { layer.openTooltip(); } });
        });
    }""")
    page.fill("#search", "小区")
    page.wait_for_timeout(200)
    assert (seen.asked, seen.said) == ([], [])
    assert page.locator("img[src=x]").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.locator("h1").inner_text()


@pytest.mark.browser
def test_the_policy_stops_what_would_slip_through(visit: Callable[[str], Visit], shown: str) -> None:
    """Markup that got past the escape by a mistake of ours still would not run, nor call out."""
    slipped = "<img src=x onerror=alert(1)><script>alert(2)</script><img src='https://nowhere.invalid/a.png'>"
    seen = visit(shown.replace("</header>", f"{slipped}</header>", 1))
    assert seen.asked == []
    assert not [text for text in seen.said if text.startswith("dialog")]
    assert len([text for text in seen.said if "Content Security Policy" in text]) >= 3
    assert seen.page.locator("path.plan-area").count() == 12


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
def test_nothing_is_cut_off(visit: Callable[[str], Visit], shown: str, size: tuple[int, int]) -> None:
    """The legend of every theme stands whole beside the map, and no panel scrolls sideways."""
    page = visit(shown).page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for button in page.locator("#themes button").all():
        button.click()
        for side in (".left", ".right"):
            room = page.eval_on_selector(side, "n => [n.scrollWidth - n.clientWidth, n.scrollHeight - n.clientHeight]")
            assert room[0] <= 0, side
            assert side == ".right" or room[1] <= 0, "the legend must not scroll"


@pytest.mark.browser
def test_the_map_fits_its_frame_until_it_is_moved(visit: Callable[[str], Visit], shown: str) -> None:
    page = visit(shown).page
    zoom = page.evaluate("planmap.current.map.getZoom()")
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_function("was => planmap.current.map.getZoom() > was", arg=zoom)
    page.mouse.move(900, 500)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(600)
    zoomed = page.evaluate("planmap.current.map.getZoom()")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.wait_for_timeout(400)
    assert page.evaluate("planmap.current.map.getZoom()") == zoomed


@pytest.mark.browser
def test_the_print_view_holds_the_whole_plan(visit: Callable[[str], Visit], shown: str) -> None:
    """Printing widens the page to a sheet and fits the plan into it; afterwards the page is as before."""
    page = visit(shown).page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("planmap.current.map.getSize().y") == 930
    assert page.evaluate("planmap.current.map.getBounds().contains(planmap.current.data.bounds)")
    assert not page.locator("#print").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("planmap.current.map.getSize().y") < 768
    assert page.locator("#print").is_visible()
