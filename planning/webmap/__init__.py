"""The web map: one HTML file that opens anywhere without a network, and the same map for the app.

Everything it needs lies inside: Leaflet and our own script as data URIs, the data as JSON. What comes from a planner's
file reaches the page only as data or escaped, so that no name can run as a program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import folium
from branca.element import Element
from folium.elements import JSCSSMixin
from folium.template import Template

from planning import inert, texts
from planning.inert import escape
from planning.webmap import _assets as assets_
from planning.webmap._assets import Assets
from planning.webmap._data import gather
from planning.webmap._pack import pack
from planning.webmap._page import standalone
from planning.webmap._view import View

if TYPE_CHECKING:
    from planning.study import StudyResult

MAP_ID: Final = "planmap"
OPTIONS: Final[Mapping[str, Any]] = {"zoom_snap": 0.25, "zoom_delta": 0.5, "max_zoom": 19, "min_zoom": 8}


def page(result: StudyResult, *, language: texts.Language = "zh", notes: Sequence[str] = (), run_id: str = "") -> str:
    """Return the map as one HTML file, the same bytes for the same result.

    Parameters
    ----------
    result
        From `planning.study.run`. Parts that were not asked for are left out of the page.
    language
        Of every text; names stay as they are.
    notes
        Sentences shown with the title (that the data is fictional, say); none: those of the plan, of one that stands
        in both languages the half in this.
    run_id
        Said below the map, as on every sheet of the atlas; left out where empty.

    Returns
    -------
    str
        A complete document; missing values read ``—``.

    Raises
    ------
    InputRefused
        If no layer has a geometry (``webmap_nothing_to_draw``), or the page would ask another host for anything
        (``webmap_outside_address``).
    """
    view = View(result, language)
    shown = build(result, language=language)
    figure: Any = shown.get_root()
    figure.render()
    pieces = {name: getattr(figure, name).render() for name in ("header", "html", "script")}
    document = standalone(view, pieces, notes=tuple(notes) or view.notes, run_id=run_id)
    assets_.refuse_outside(document)
    return document


def build(
    result: StudyResult, *, language: texts.Language = "zh", assets: Assets = "inline", theme: str | None = None
) -> folium.Map:
    """Return the map as a `folium.Map` without tiles, for the app or for further layers.

    Parameters
    ----------
    assets
        ``inline``: scripts and styles as data URIs; ``static``: Leaflet from the app's static files.
    theme
        Shown first: ``coverage_<level>``, ``compliance``, ``siting`` or ``facilities``; None: coverage by the
        level that sites are sought for.

    Notes
    -----
    Each shape carries a GeoJSON feature with ``id`` and ``kind`` (``area``, ``facility``, ``candidate``, ``site``), so
    a click tells the app what was hit. Ids of elements are fixed: folium's own are random.
    """
    data = gather(View(result, language), first=theme)
    south_west, north_east = data["bounds"]
    centre = [(low + high) / 2 for low, high in zip(south_west, north_east, strict=True)]
    shown = folium.Map(centre, tiles=None, zoom_start=13, zoom_control=False, font_size="13px", **OPTIONS)
    # On the object, not on the class: another map of the same process keeps its own.
    shown.default_js = [("leaflet", assets_.link("leaflet/leaflet.js", assets))]
    shown.default_css = [("leaflet_css", assets_.link("leaflet/leaflet.css", assets))]
    shown.add_child(PlanLayers(data, assets))
    figure: Any = shown.get_root()
    _settle_ids(figure)
    return shown


def packed(result: StudyResult, *, language: texts.Language = "zh") -> dict[str, Any]:
    """Return what ``planmap.unpack`` opens to the data of the map, for a page that draws it by other means.

    Without the cards and blocks of the stand-alone page: the app writes its own.

    Raises
    ------
    InputRefused
        If no layer has a geometry (``webmap_nothing_to_draw``).
    """
    data = gather(View(result, language))
    areas, points = ([{name: value for name, value in entry.items() if name != "card"} for entry in data[kind]]
                     for kind in ("areas", "points"))  # fmt: skip
    themes = [{name: value for name, value in theme.items() if name != "blocks"} for theme in data["themes"]]
    return pack({**data, "areas": areas, "points": points, "themes": themes})


def asset(name: str) -> str:
    """Return one of the files that draw the map, such as ``planmap.js`` or ``leaflet/leaflet.css``."""
    return assets_.read(name)


class PlanLayers(JSCSSMixin):
    """The layers of a plan: one element, drawn by ``planmap.js`` from data."""

    _template = Template("""
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = planmap.draw({{ this._parent.get_name() }}, {{ this.data }});
        {% endmacro %}
        """)

    def __init__(self, data: Mapping[str, Any], assets: Assets) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "PlanLayers"
        self.data = inert.literal(pack(data))
        self.default_js = [("planmap", assets_.link("planmap.js", assets))]
        self.default_css = [("planmap_css", assets_.link("planmap.css", assets))]


def _settle_ids(figure: Element) -> None:
    """Give every element an id by its place in the tree; folium draws them at random."""

    def settle(element: Element, name: str) -> None:
        element._id = name  # noqa: SLF001
        children = list(element._children.values())  # noqa: SLF001
        element._children.clear()  # noqa: SLF001
        for place, child in enumerate(children):
            settle(child, f"{name}x{place}")
            element.add_child(child)

    for place, child in enumerate(figure._children.values()):  # noqa: SLF001
        settle(child, f"{MAP_ID}{place}")


__all__ = ["asset", "build", "escape", "packed", "page"]
