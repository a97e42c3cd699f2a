"""A base map below the plan, if somebody asks for one: none by default, for the tool connects to nothing by itself.

The pictures are fetched by the browser, from the service that was named; where that fails the map falls back to the
plan's own ground and says so. Nothing is computed from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import streamlit as st

from planning.texts import Language
from planning.ui import parts, words

NONE: Final = "none"
KINDS: Final = (NONE, "streets", "imagery", "own")
_LAYERS: Final[Mapping[str, str]] = {"streets": "vec", "imagery": "img"}
_NATIONAL: Final = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
_KIND: Final = "basemap-kind"
_KEY: Final = "basemap-key"
_URL: Final = "basemap-url"
_TEMPLATE: Final = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


def choose(language: Language) -> None:
    """Put the choice of a base map; it holds for this session."""
    with st.popover(words.say("basemap.head", language), icon=":material/map:", width="stretch"):
        kind = st.selectbox(
            words.say("basemap.head", language), KINDS, key=_KIND, label_visibility="collapsed",
            format_func=lambda one: words.say(f"basemap.{one}", language),
        )  # fmt: skip
        if kind in _LAYERS:
            st.text_input(words.say("basemap.key", language), key=_KEY, max_chars=64)
        elif kind == "own":
            st.text_input(words.say("basemap.url", language), key=_URL, max_chars=500,
                          placeholder="http://…/{z}/{x}/{y}.png")  # fmt: skip
        parts.muted(words.say("basemap.means", language))


def asked(language: Language) -> dict[str, Any] | None:
    """Return the base map that this session asks for; None without one, or while its key or address is missing."""
    held = st.session_state
    url = address(str(held.get(_KIND, NONE)), str(held.get(_KEY, "")), str(held.get(_URL, "")))
    return None if url is None else {"url": url, "failed": words.say("basemap.failed", language)}


def address(kind: str, key: str, url: str) -> str | None:
    """Return the template that pictures are fetched by, with places for zoom, column and row; None if it is none."""
    if kind in _LAYERS:
        return _NATIONAL.format(layer=_LAYERS[kind], key=quote(key.strip(), safe="")) if key.strip() else None
    is_template = _TEMPLATE.fullmatch(url.strip()) and all(f"{{{name}}}" in url for name in "zx")
    return url.strip() if kind == "own" and is_template and ("{y}" in url or "{-y}" in url) else None
