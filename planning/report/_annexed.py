"""Room `planning.report`: the tables of the annex and their numbers, and where in it a table of the text stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from planning import texts
from planning.texts import Language

ORDER: Final = (
    "facilities", "compliance", "gaps", "bands", "planned", "near_term", "scorecard", "accounts", "ledger", "by_level",
    "rollups", "blind", "readings", "sources", "pools",
)  # fmt: skip
"""Numbers are never given to another table: plans cite them. A table that a run has not keeps its number."""
STANDS_IN: Final[Mapping[str, str]] = {
    "clauses": "scorecard", "readings": "readings", "sources": "sources", "people": "bands", "by_level": "by_level",
    "levels": "bands", "streets": "bands", "bands": "bands", "rollups": "rollups", "unknown": "compliance",
    "blind": "blind", "largest": "blind", "sites": "planned", "near_term": "near_term", "measures": "gaps",
    "pools": "pools", "indicators": "scorecard", "accounts": "accounts", "reasons": "ledger",
}  # fmt: skip
"""Where the annex says in full what a table of the draft text sums up."""


def label(table: str, language: Language) -> str:
    """Return what a table of the annex is called: 附表 1."""
    return texts.t("word.annex", language, n=ORDER.index(table) + 1)


def instead(key: str, language: Language) -> str:
    """Return the table of the annex that a document without the tables of the text refers to in their place."""
    return label(STANDS_IN[key], language)
