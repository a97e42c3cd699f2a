"""The map on a page: the web map's own drawing in a sandboxed frame, its legend below it, clicks handed back.

The document (one to three megabytes, see `mapdoc`) is sent once for a result and a language; a page then only says
which theme it shows, what is picked, and what a scenario makes of the areas, a letter each. The frame has no access to
the page: it may run its script and send messages, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import streamlit as st

from planning.runs import RunFolder
from planning.ui import basemaps, mapdoc
from planning.ui.session import Desk

_BOX: Final = '<div class="planmap" role="group"><p></p></div>'
_STYLE: Final = """
.planmap { position: relative; border: 1px solid #D5DBE1; border-radius: 4px; overflow: hidden; background: #FFF; }
.planmap p { position: absolute; inset: 0; margin: 0; display: flex; align-items: center; justify-content: center;
  color: #59616B; font-size: 14px; }
.planmap.drawn p { display: none; }
.planmap iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
"""
_FIRST, _NONE, _PLAIN = ord("0"), "/", ("paint", "marks", "lines", "paths", "legend", "placing", "group")
_KEEP: Final = """
export default function ({ data }) {
  window.__planmaps = { [data.version]: data.html };
}
"""
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
    version, _ = mapdoc.document(desk.run, desk.language)
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
            "scene": _asked(scene, _order(desk.run) if scene is not None and scene.areas is not None else ()),
        },
        on_click_change=clicked,
        on_place_change=placed,
    )


def keep(desk: Desk) -> None:
    """Hand the map's document to the browser; once for all pages, so that a page says only what it shows of it."""
    version, html = mapdoc.document(desk.run, desk.language)
    with st.container(key="mapdocument"):
        _keeper()(key="map-document", data={"version": version, "html": html})


@cache
def _frame() -> Any:
    return st.components.v2.component("planmap", html=_BOX, css=_STYLE, js=mapdoc.read("map_outside.js"))


def _order(run: RunFolder) -> list[str]:
    """Return the ids of the areas in the order of the map's data."""
    return sorted(run.result.residential["residential_id"])


@cache
def _keeper() -> Any:
    return st.components.v2.component("planmap_document", html="", js=_KEEP)


def _asked(scene: Scene | None, order: Sequence[str]) -> dict[str, Any] | None:
    """Return a scene as it is sent: of the areas one letter each, in the order the map has them."""
    if scene is None:
        return None
    roles = sorted(set(scene.areas.values())) if scene.areas is not None else []
    letters = {role: chr(_FIRST + place) for place, role in enumerate(roles)}
    areas = None if scene.areas is None else {
        "roles": roles, "letters": "".join(letters.get(scene.areas.get(one, ""), _NONE) for one in order),
    }  # fmt: skip
    return {**{name: getattr(scene, name) for name in _PLAIN}, "areas": areas}
