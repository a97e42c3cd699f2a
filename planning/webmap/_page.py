"""The stand-alone document round the map: title, themes, legend, card, status line; belongs to the room `webmap`."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from string import Template
from typing import Final

from planning.inert import escape
from planning.webmap import _assets as assets
from planning.webmap import _words as words
from planning.webmap._view import View

LANGUAGE_TAGS: Final = {"zh": "zh-CN", "en": "en"}
ZONES: Final = "CGCS2000 / 3-degree Gauss-Kruger"
MERIDIAN: Final = "Longitude of natural origin"
POLICY_PLACE: Final = "<!-- policy -->"
# Nothing is loaded but what lies inside, and of scripts in the page only those that we wrote run.
POLICY: Final = (
    "default-src 'none'; script-src data: {hashes}; style-src 'unsafe-inline' data:; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
PAGE: Final = Template("""\
<!DOCTYPE html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<title>$name</title>
$header
<style>
$page_css
</style>
</head>
<body>
<header class="top">
<div class="names"><h1>$name</h1><p><b id="theme-title"></b> <span id="theme-subtitle"></span></p></div>
<div class="marks">$marks</div>
<div class="find">
<input id="search" type="search" autocomplete="off" placeholder="$search" aria-label="$search">
<ul id="found" hidden></ul>
</div>
<button type="button" id="print" class="plain">$print</button>
</header>
<main>
<aside class="left" aria-label="$legend_head">
<h2>$themes</h2>
<div id="themes" role="radiogroup" aria-label="$themes"></div>
<h2>$legend_head <button type="button" id="labels" class="plain">$labels</button></h2>
<div id="legend"></div>
</aside>
<section class="middle" aria-label="$map">$html<noscript>$noscript</noscript></section>
<aside class="right" aria-label="$details"><div id="panel" aria-live="polite"></div></aside>
</main>
<footer class="status">$status</footer>
<script>
$script
</script>
<script>
$page_js
</script>
</body>
</html>
""")


def standalone(view: View, pieces: Mapping[str, str], *, notes: tuple[str, ...], run_id: str = "") -> str:
    """Return the document; ``pieces`` are folium's header, html and script."""
    facts = {
        "policy": POLICY_PLACE,
        "lang": LANGUAGE_TAGS[view.language],
        "name": escape(view.plan.name),
        "marks": _marks(view, notes),
        "status": _status_line(view, run_id),
        "noscript": escape(view.say("noscript")),
        "page_css": assets.read("page.css"),
        "page_js": assets.read("page.js"),
        **{
            key: escape(view.say(key))
            for key in ("map", "themes", "search", "legend_head", "labels", "details", "print")
        },
        **pieces,
    }
    document = PAGE.substitute(facts)
    return document.replace(POLICY_PLACE, _policy(document))


def _policy(document: str) -> str:
    """Return the content policy of a document, with the hash of each of its inline scripts."""
    scripts = re.findall(r"<script>(.*?)</script>", document, re.S)
    return POLICY.format(hashes=" ".join(map(_hash, scripts)))


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _marks(view: View, notes: tuple[str, ...]) -> str:
    """Return the marks beside the title: that the standard is a draft, and the notes."""
    draft = view.result.inputs.standard.status == "draft"
    said = [*(["bar.public"] if view.public else []), *(["bar.draft"] if draft else [])]
    stamps = "".join(f'<span class="draft">{escape(view.say(key))}</span>' for key in said)
    return stamps + "".join(f'<span class="note">{escape(note)}</span>' for note in notes)


def _status_line(view: View, run_id: str) -> str:
    """Return what every sheet must say of a run, as escaped HTML."""
    standard = view.result.inputs.standard
    title = standard.title_zh if view.language == "zh" else standard.title_en
    force = view.say("bar.draft" if standard.status == "draft" else "bar.issued")
    items = [
        (view.say("bar.standard"), f"{title}（{force}）" if view.language == "zh" else f"{title} ({force})"),
        (view.say("bar.as_of"), view.plan.as_of.isoformat()),
        *([] if view.public else [(view.say("bar.crs"), _crs(view))]),
        (view.say("bar.walk"), _walking(view)),
        *([(view.say("bar.run"), run_id)] if run_id else []),
    ]
    said = "".join(f"<span><i>{escape(head)}</i> {escape(value)}</span>" for head, value in items)
    return f'{said}<span class="offline">{escape(view.say("offline"))}</span>'


def _crs(view: View) -> str:
    crs = view.result.inputs.crs
    code = crs.to_epsg()
    if code is None or crs.coordinate_operation is None or not crs.name.startswith(ZONES):
        return crs.name if code is None else f"{crs.name} (EPSG:{code})"
    meridian = next(part.value for part in crs.coordinate_operation.params if part.name == MERIDIAN)
    return view.say("bar.zone", meridian=f"{meridian:g}", code=f"EPSG:{code}")


def _walking(view: View) -> str:
    radius_m = view.plan.radius_m
    radius = words.metres(radius_m, radius_m, view.language)
    if "service_radius_m" in view.plan.standards:
        return view.say("bar.walk_radius", radius=radius)
    return view.say(
        "bar.walk_value", speed=f"{view.speed:g}", minutes=f"{max(view.plan.walk.minutes):g}", radius=radius
    )
