"""The document of the map's frame: drawn with Leaflet, and with MapLibre where a plan has many features.

Leaflet makes an element of the page of each area, which is simple and sharp but takes seconds for some thousands.
MapLibre hands them to the graphics card once. It needs WebGL 2: where a browser has none, the same document draws with
Leaflet and says so. Whatever a planner's file says lies packed in it, so that no name can run.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache
from importlib import resources
from string import Template
from typing import Any, Final

import streamlit as st

from planning import inert, texts, webmap
from planning.runs import RunFolder
from planning.study import StudyResult
from planning.texts import Language

MANY: Final = 2_000
"""Areas, facilities and candidates above which a plan is drawn with MapLibre."""
_GROUPS: Final = ("base", "now", "analysis", "plan")
_WORDS: Final = ("layers", "tiles", "roads", "areas", "barriers", "scene")
# A frame that is hidden for a moment has no size, and a map without one cannot be fitted.
_SMALL: Final = Template("""<!DOCTYPE html>
<html><head>$header<style>$style</style></head><body>$html<div id="strip"></div>
<script>
(function draw() {
  if (document.body.clientWidth < 50 || document.body.clientHeight < 50) { setTimeout(draw, 60); return; }
  planmap.words = $words;
  $script
  $code
})();
</script></body></html>
""")
_LARGE: Final = Template("""<!DOCTYPE html>
<html><head><meta charset="utf-8"><style>$style</style></head>
<body><div class="folium-map" id="planmap"></div><div id="strip"></div>
<script>$leaflet</script>
<script>$drawing</script>
<script>
(async function draw() {
  if (document.body.clientWidth < 50 || document.body.clientHeight < 50) { setTimeout(draw, 60); return; }
  async function opened(packed) {
    const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  planmap.words = $words;
  const box = document.getElementById("planmap"), data = JSON.parse(await opened("$data"));
  try {
    if (!planmapGL.able()) throw new Error("no WebGL 2");
    await planmapGL.draw(box, data, { main: await opened("$main"), worker: await opened("$worker") });
    planmap.words.note = "";
  } catch (wrong) {
    console.info("drawn with Leaflet: " + wrong.message);
    box.replaceChildren();
    planmapLeaflet(planmap.draw(L.map(box, $options), data));
  }
  $inside
})();
</script></body></html>
""")
_OPTIONS: Final = {"zoomControl": False, "zoomSnap": 0.25, "zoomDelta": 0.5, "maxZoom": 19, "minZoom": 8}


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={RunFolder: lambda run: f"{run.run_id}:{run.folder}"})
def document(run: RunFolder, language: Language) -> tuple[str, str]:
    """Return the map of a run as ``(version, HTML)``: the web map, a legend strip, and the script that speaks."""
    html = (_large if is_large(run.result) else _small)(run.result, language)
    return hashlib.sha256(html.encode()).hexdigest()[:16], html


def is_large(result: StudyResult) -> bool:
    """Say whether a result has more features than Leaflet draws at ease; facilities include the candidates."""
    return len(result.residential) + len(result.facilities) > MANY


def _small(result: StudyResult, language: Language) -> str:
    figure: Any = webmap.build(result, language=language).get_root()
    figure.render()
    return _SMALL.substitute(
        header=figure.header.render(),
        style=read("map_inside.css"),
        html=figure.html.render(),
        script=figure.script.render(),
        words=inert.literal({**_words(language), "note": ""}),
        code=f"{read('map_leaflet.js')}\nplanmapLeaflet(planmap.current);\n{read('map_inside.js')}",
    )


def _large(result: StudyResult, language: Language) -> str:
    data = json.dumps(webmap.packed(result, language=language), ensure_ascii=False, separators=(",", ":"))
    styles = [webmap.asset("leaflet/leaflet.css"), webmap.asset("planmap.css"), read("maplibre/maplibre-gl.css")]
    return _LARGE.substitute(
        style="\n".join([*styles, read("map_inside.css")]),
        leaflet=webmap.asset("leaflet/leaflet.js"),
        drawing="\n".join([webmap.asset("planmap.js"), *map(read, ("map_leaflet.js", "map_gl.js", "map_gl_api.js"))]),
        data=_packed(data),
        main=_packed(read("maplibre/maplibre-gl.mjs")),
        worker=_packed(read("maplibre/maplibre-gl-worker.mjs")),
        words=inert.literal({**_words(language), "note": texts.t("ui.map.slow", language)}),
        options=inert.literal(_OPTIONS),
        inside=read("map_inside.js"),
    )


def _words(language: Language) -> dict[str, Any]:
    groups = {name: texts.t(f"ui.map.group_{name}", language) for name in _GROUPS}
    return {**{name: texts.t(f"ui.map.{name}", language) for name in _WORDS}, "groups": groups}


def _packed(text: str) -> str:
    """Return a text gzipped, in signs that end no script; the same signs for the same text."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0)).decode("ascii")


@cache
def read(name: str) -> str:
    """Return a text file that lies beside this module."""
    return (resources.files("planning.ui") / name).read_text(encoding="utf-8")
