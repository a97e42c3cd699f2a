"""A base map below the plan, if somebody asks for one: none by default, for the tool connects to nothing by itself.

The pictures are fetched by the browser, from the service that was named, or from a file on this machine, MBTiles or
PMTiles, through the workbench's own server; where that fails the map falls back to the plan's own ground and says so.
Nothing is computed from them. A path may be typed where only this machine reaches the app; whoever runs it for
others names a folder in `FOLDER`, and its files are offered by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import streamlit as st

from planning.errors import Fault, InputRefused
from planning.texts import Language
from planning.ui import parts, serving, session, tile_files, words

NONE: Final = "none"
KINDS: Final = (NONE, "streets", "imagery", "own", "file")
FOLDER: Final = "PLANNING_BASEMAPS"
"""Names a folder of MBTiles and PMTiles that are offered to whoever uses the app."""
_LAYERS: Final[Mapping[str, str]] = {"streets": "vec", "imagery": "img"}
_NATIONAL: Final = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
_KIND: Final = "basemap-kind"
_KEY: Final = "basemap-key"
_URL: Final = "basemap-url"
_FILE: Final = "basemap-file"
_OFFERED: Final = "basemap-offered"
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
        elif kind == "file":
            _choose_file(language)
        parts.muted(words.say("basemap.means_file" if kind == "file" else "basemap.means", language))


def _choose_file(language: Language) -> None:
    """Put the files that are offered, the field for a path, and what is wrong with the one that is named."""
    names = [file.name for file in offered()]
    if names:
        st.selectbox(words.say("basemap.offered", language), names, index=None, key=_OFFERED,
                     placeholder=words.say("basemap.offered_none", language))  # fmt: skip
    if session.is_local():
        st.text_input(
            words.say("basemap.file", language), key=_FILE, max_chars=500, placeholder="….mbtiles / ….pmtiles"
        )
    elif not names:
        parts.muted(words.say("basemap.no_files", language))
    found = chosen_file()
    faults = () if found is None else _opened(found)[1]
    if faults:
        parts.faults(faults, language)


def offered() -> list[Path]:
    """Return the files that the folder named by `FOLDER` offers, by name."""
    folder = os.environ.get(FOLDER, "")
    found = Path(folder).iterdir() if folder and Path(folder).is_dir() else ()
    return sorted(file for file in found if file.suffix.lower() in tile_files.ENDINGS)


def chosen_file() -> Path | None:
    """Return the file this session names; a path counts only where paths of this machine may be named."""
    held = st.session_state
    typed = str(held.get(_FILE) or "").strip().strip('"')
    if typed and session.is_local():
        return Path(typed).expanduser()
    return next((file for file in offered() if file.name == held.get(_OFFERED)), None)


def _opened(path: Path) -> tuple[tile_files.Pictures | None, tuple[Fault, ...]]:
    try:
        return tile_files.opened(path), ()
    except InputRefused as refused:
        return None, tuple(refused.faults)


def asked(language: Language) -> dict[str, Any] | None:
    """Return the base map that this session asks for; None without one, or while its key or address is missing."""
    held = st.session_state
    kind, failed = str(held.get(_KIND, NONE)), words.say("basemap.failed", language)
    if kind == "file":
        return _asked_file(failed)
    url = address(kind, str(held.get(_KEY, "")), str(held.get(_URL, "")))
    return None if url is None else {"url": url, "failed": failed}


def _asked_file(failed: str) -> dict[str, Any] | None:
    path = chosen_file()
    if path is None:
        return None
    found, _ = _opened(path)
    if found is None:  # the map says that there is none, the choice says why
        return {"url": "", "failed": failed}
    return {"url": serving.address(found.path), "failed": failed, "least": found.least, "most": found.most}


def address(kind: str, key: str, url: str) -> str | None:
    """Return the template that pictures are fetched by, with places for zoom, column and row; None if it is none."""
    if kind in _LAYERS:
        return _NATIONAL.format(layer=_LAYERS[kind], key=quote(key.strip(), safe="")) if key.strip() else None
    is_template = _TEMPLATE.fullmatch(url.strip()) and all(f"{{{name}}}" in url for name in "zx")
    return url.strip() if kind == "own" and is_template and ("{y}" in url or "{-y}" in url) else None
