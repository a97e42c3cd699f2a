"""The map on a page: the web map's own drawing in a sandboxed frame, its legend below it, clicks handed back.

The document (about a megabyte) is sent once for a result and a language; a page then only says which theme it shows
and what is picked. The frame has no access to the page: it may run its script and send messages, nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from string import Template
from typing import Any, Final

import streamlit as st

from planning import webmap
from planning.runs import RunFolder
from planning.texts import Language
from planning.ui import basemaps
from planning.ui.session import Desk

_BOX: Final = '<div class="planmap" role="group"><p></p></div>'
_STYLE: Final = """
.planmap { position: relative; border: 1px solid #D5DBE1; border-radius: 4px; overflow: hidden; background: #FFF; }
.planmap p { position: absolute; inset: 0; margin: 0; display: flex; align-items: center; justify-content: center;
  color: #59616B; font-size: 14px; }
.planmap.drawn p { display: none; }
.planmap iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
"""
_KEEP: Final = """
export default function ({ data }) {
  window.__planmaps = { [data.version]: data.html };
}
"""
# A frame that is hidden for a moment has no size, and a map without one cannot be fitted.
_DOCUMENT: Final = Template("""<!DOCTYPE html>
<html><head>$header<style>$style</style></head><body>$html<div id="strip"></div>
<script>
(function draw() {
  if (document.body.clientWidth < 50 || document.body.clientHeight < 50) { setTimeout(draw, 60); return; }
  $script
  $inside
})();
</script></body></html>
""")
Picked = Callable[[str, str], None]
Placed = Callable[[float, float], None]


@dataclass(frozen=True)
class Scene:
    """What a page draws over the map, ids and places only.

    Attributes
    ----------
    paint
        Fill and edge of each role of an area.
    areas
        The role of each area by its id; None leaves the areas as the theme has them.
    marks
        Places in degrees: ``lat, lon, text, kind`` (``site``, ``off``, ``idle``, ``vertex`` or ``goal``), ``id``
        handed back at a click, and ``name``, which a goal always shows.
    lines
        Barriers, as places ``[lat, lon]``.
    paths
        Walks, as places ``[lat, lon]``.
    legend
        Colour and words of each role, with how many there are.
    placing
        A click gives its place, whatever lies there.
    group
        Maps of one group move together; empty: this one moves alone.
    """

    paint: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    areas: Mapping[str, str] | None = None
    marks: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[Sequence[tuple[float, float]]] = ()
    paths: Sequence[Sequence[tuple[float, float]]] = ()
    legend: Sequence[Mapping[str, str]] = ()
    placing: bool = False
    group: str = ""


def show(
    desk: Desk, *, theme: str, key: str, height: str = "400px", picked: str = "", on_pick: Picked | None = None,
    scene: Scene | None = None, on_place: Placed | None = None,
) -> None:  # fmt: skip
    """Draw the map.

    Parameters
    ----------
    theme
        ``coverage_<level>``, ``compliance``, ``siting`` or ``facilities``.
    height
        Of map and legend together, as CSS; ``vh`` is the window's.
    picked
        The area or facility to mark.
    on_pick
        Called with kind (``area``, ``point``, empty) and id when somebody clicks.
    scene
        Drawn over the theme.
    on_place
        Called with longitude and latitude when somebody clicks while ``scene.placing``.
    """
    version, _ = document(desk.run, desk.language)
    kind = "area" if picked in set(desk.result.residential["residential_id"]) else "point"

    def clicked() -> None:
        hit: Any = st.session_state[key].get("click")
        if hit and on_pick is not None:
            on_pick(str(hit["kind"]), str(hit["id"]))

    def placed() -> None:
        hit: Any = st.session_state[key].get("place")
        if hit and on_place is not None:
            on_place(float(hit["lon"]), float(hit["lat"]))

    _frame()(
        key=key,
        data={
            "version": version,
            "theme": theme,
            "kind": kind if picked else "",
            "id": picked,
            "height": height,
            "base": basemaps.asked(desk.language),
            "title": desk.say("map.title"),
            "waiting": desk.say("map.waiting"),
            "scene": None if scene is None else asdict(scene),
        },
        on_click_change=clicked,
        on_place_change=placed,
    )


def keep(desk: Desk) -> None:
    """Hand the map's document to the browser; once for all pages, so that a page says only what it shows of it."""
    version, html = document(desk.run, desk.language)
    with st.container(key="mapdocument"):
        _keeper()(key="map-document", data={"version": version, "html": html})


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={RunFolder: lambda run: f"{run.run_id}:{run.folder}"})
def document(run: RunFolder, language: Language) -> tuple[str, str]:
    """Return the map of a run as ``(version, HTML)``: the web map, a legend strip, and the script that speaks."""
    figure: Any = webmap.build(run.result, language=language).get_root()
    figure.render()
    html = _DOCUMENT.substitute(
        header=figure.header.render(),
        style=_read("map_inside.css"),
        html=figure.html.render(),
        script=figure.script.render(),
        inside=_read("map_inside.js"),
    )
    return hashlib.sha256(html.encode()).hexdigest()[:16], html


@cache
def _frame() -> Any:
    return st.components.v2.component("planmap", html=_BOX, css=_STYLE, js=_read("map_outside.js"))


@cache
def _keeper() -> Any:
    return st.components.v2.component("planmap_document", html="", js=_KEEP)


@cache
def _read(name: str) -> str:
    return (resources.files("planning.ui") / name).read_text(encoding="utf-8")
