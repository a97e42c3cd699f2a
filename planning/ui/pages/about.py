"""关于: which version on which machine, that nothing leaves it, and under which licences."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from typing import Final

import streamlit as st

from planning import RESULTS_CHANGED, __version__, runs
from planning.texts import Language
from planning.ui import parts, words
from planning.ui.parts import Column

_LIBRARIES: Final = (["Leaflet", "1.9.4", "BSD-2-Clause"], ["MapLibre GL JS", "6.17.0", "BSD-3-Clause"])
_PACKAGES: Final = (
    "streamlit", "folium", "geopandas", "shapely", "pyproj", "pyogrio", "pandas", "numpy", "scipy", "highspy", "numba",
    "osmium", "openpyxl", "xlsxwriter",
)  # fmt: skip


def show(language: Language) -> None:
    """Show version, machine, the statement about networks, licences."""
    left, right = st.columns(2, gap="small")
    with left:
        parts.head(words.say("about.tool", language))
        parts.table(
            [Column(""), Column("")],
            [
                [words.say("about.version", language), __version__],
                [words.say("about.changed", language), RESULTS_CHANGED],
                [words.say("about.licence", language), "MIT"],
            ],
        )
        parts.head(words.say("about.offline", language))
        parts.muted(words.say("about.offline_says", language), words.say("about.english_says", language))
        parts.head(words.say("about.machine", language))
        parts.table([Column(words.say("about.finding", language))],
                    [[words.one_language(line.strip(), language)] for line in _machine()])  # fmt: skip
    with right:
        parts.head(words.say("about.parts", language), words.say("about.parts_beside", language))
        columns = [Column(words.say(f"about.{name}", language)) for name in ("package", "number", "licence")]
        parts.table(columns, [*_LIBRARIES, *(_package(name) for name in _PACKAGES)])


@st.cache_data(show_spinner=False)
def _machine() -> list[str]:
    return list(runs.machine())


def _package(name: str) -> list[str]:
    try:
        facts = metadata(name)
    except PackageNotFoundError:
        return [name, words.NOTHING, words.NOTHING]
    return [name, facts["Version"], _licence(facts)]


def _licence(facts: object) -> str:
    """Return a package's licence as its metadata names it; of a whole text, the first line."""
    get = getattr(facts, "get", None)
    all_ = getattr(facts, "get_all", None)
    if get is None or all_ is None:
        return words.NOTHING
    classified = [
        str(one).rsplit(" :: ", 1)[-1] for one in all_("Classifier") or () if str(one).startswith("License ::")
    ]
    named = get("License-Expression") or "; ".join(classified) or get("License")
    return words.NOTHING if not named else str(named).splitlines()[0][:60]
