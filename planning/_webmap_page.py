"""The stand-alone document round the map: title, themes, legend, card, status line; belongs to the room `webmap`."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Final

from planning import _webmap_assets as assets
from planning import _webmap_words as words
from planning._webmap_assets import escape
from planning._webmap_view import View

LANGUAGE_TAGS: Final = {"zh": "zh-CN", "en": "en"}


def standalone(view: View, pieces: Mapping[str, str], *, notes: tuple[str, ...]) -> str:
    """Return the document; ``pieces`` are folium's header, html and script."""
    facts = {
        "lang": LANGUAGE_TAGS[view.language],
        "name": escape(view.plan.name),
        "marks": _marks(view, notes),
        "status": _status_line(view),
        "noscript": escape(view.say("noscript")),
        "page_css": assets.read("page.css"),
        "page_js": assets.read("page.js"),
        **{key: escape(view.say(key)) for key in ("map", "themes", "search", "legend_head", "details", "print")},
        **pieces,
    }
    return Template(assets.read("page.html")).substitute(facts)


def _marks(view: View, notes: tuple[str, ...]) -> str:
    """Return the marks beside the title: that the standard is a draft, and the notes."""
    draft = view.result.inputs.standard.status == "draft"
    stamp = f'<span class="draft">{escape(view.say("bar.draft"))}</span>' if draft else ""
    return stamp + "".join(f'<span class="note">{escape(note)}</span>' for note in notes)


def _status_line(view: View) -> str:
    """Return what every sheet must say of a run, as escaped HTML."""
    standard = view.result.inputs.standard
    title = standard.title_zh if view.language == "zh" else standard.title_en
    force = view.say("bar.draft" if standard.status == "draft" else "bar.issued")
    items = [
        (view.say("bar.standard"), f"{title}（{force}）" if view.language == "zh" else f"{title} ({force})"),
        (view.say("bar.as_of"), view.plan.as_of.isoformat()),
        (view.say("bar.crs"), _crs(view)),
        (view.say("bar.walk"), _walking(view)),
    ]
    said = "".join(f"<span><i>{escape(head)}</i> {escape(value)}</span>" for head, value in items)
    return f'{said}<span class="offline">{escape(view.say("offline"))}</span>'


def _crs(view: View) -> str:
    crs = view.result.inputs.crs
    code = crs.to_epsg()
    return crs.name if code is None else f"{crs.name} (EPSG:{code})"


def _walking(view: View) -> str:
    radius_m = view.plan.radius_m
    radius = words.metres(radius_m, radius_m, view.language)
    if "service_radius_m" in view.plan.standards:
        return view.say("bar.walk_radius", radius=radius)
    return view.say("bar.walk_value", speed=f"{view.speed:g}", minutes=f"{max(view.plan.walk.minutes):g}", radius=radius)
