"""Room `planning.compare`: the comparison as one HTML file, a map that asks no other host for anything.

Names come from planners' files and may hold anything: they reach the page as JSON text or escaped, and only scripts
that we wrote run.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable
from importlib import resources
from string import Template
from typing import Final

from planning import inert
from planning.compare._held import Comparison
from planning.compare._scene import scene
from planning.compare._words import Words
from planning.texts import Language

_TAGS: Final = {"zh": "zh-CN", "en": "en"}
_POLICY: Final = (
    "default-src 'none'; script-src {hash}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_PAGE: Final = Template("""\
<!DOCTYPE html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<title>$title</title>
<style>
$css
</style>
</head>
<body>
<header>
<div class="names"><h1>$title</h1>$runs</div>
<div class="find"><input id="search" type="search" autocomplete="off" placeholder="$search" aria-label="$search">
<ul id="found" hidden></ul></div>
<button type="button" id="print">$print</button>
</header>
<main>
<aside class="left">
<h2>$show</h2><div id="themes" role="radiogroup"></div>
<h2>$cause</h2><div id="causes" role="radiogroup"></div>
<h2>$legend</h2><div id="legend"></div>
</aside>
<section class="middle"><svg id="map" class="map" preserveAspectRatio="xMidYMid meet"></svg>
<button type="button" id="whole" class="whole">$whole</button>
<div class="north"><svg width="18" height="34" viewBox="0 0 18 34"><path d="M9 12L15 33 9 28 3 33Z"/></svg>
<span>$north</span></div>
<div class="bar"><span id="barlabel"></span><i id="bar"></i></div><noscript>$noscript</noscript></section>
<aside class="right"><div id="panel"><p>$hint</p></div><h2 id="count"></h2><div id="list"></div></aside>
</main>
<footer><span>$method</span><span>$offline</span></footer>
<script type="application/json" id="data">$data</script>
<script>$script</script>
</body>
</html>
""")


def write(held: Comparison, language: Language) -> str:
    """Return the page, equal bytes for equal comparisons."""
    words = Words(held, language)
    script = _read("compare.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    facts: dict[str, str] = {
        "lang": _TAGS[language],
        "policy": _POLICY.format(hash=f"'sha256-{digest}'"),
        "title": html.escape(words.say("heading", a=held.a.name, b=held.b.name)),
        "css": _read("compare.css"),
        "runs": _paragraphs(words.stamp()),
        "method": html.escape(words.method()[0]),
        "cause": html.escape(words.say("head.cause")),
        "data": inert.element(scene(held, words)),
        "script": script,
    }
    for key in ("search", "print", "show", "legend", "whole", "noscript", "hint", "offline", "north"):
        facts[key] = html.escape(words.say(f"map.{key}"))
    return _PAGE.substitute(facts)


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _read(name: str) -> str:
    return (resources.files("planning.compare") / "assets" / name).read_text(encoding="utf-8")
