"""Room `planning.standards`: ambiguities that no switch decides: how each is read, where that is said, and why."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from planning import texts
from planning.standards._model import POOLING, RATE, Clause, Standard

_HOLDS: Final[Mapping[str, Callable[[Clause], bool]]] = {
    "pooling": lambda clause: clause.metric == POOLING,
    "rate": lambda clause: clause.metric == RATE,
    "area_type": lambda clause: clause.metric == RATE and clause.area_type == "unspecified",
    "deadline": lambda clause: clause.deadline is not None,
    "two_deadlines": lambda clause: bool(clause.other_deadlines),
    "strict": lambda clause: clause.comparator == ">",
    "soft": lambda clause: clause.strength == "soft",
}


def settled(standard: Standard, language: texts.Language = "zh", *, speed_m_per_s: float = 1.0) -> list[dict[str, Any]]:
    """Return the ambiguities of a document that no switch decides, or that wait for a table of the plan's.

    Returns
    -------
    list of dict
        In the order of their numbers: ``ambiguity, where`` (a part of the plan, a column, or fixed), ``title,
        reading, reason``, and ``clauses``, the ids that hold it.
    """
    rows = []
    for ambiguity, words in settled_table().items():
        clauses = [clause for clause in standard.clauses if _holds(clause, ambiguity, words["applies"])]
        if clauses:
            said = {name: words[f"{name}_{language}"] for name in ("where", "title", "reading", "reason")}
            said["reading"] = said["reading"].format(**_facts(clauses, speed_m_per_s))
            rows.append({"ambiguity": ambiguity, **said, "clauses": tuple(clause.id for clause in clauses)})
    return rows


@cache
def settled_table() -> Mapping[str, Any]:
    """Return every ambiguity without a switch, by its number."""
    text = (resources.files("planning.standards") / "_settled.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _holds(clause: Clause, ambiguity: str, applies: str) -> bool:
    return ambiguity in clause.ambiguities if applies == "tag" else _HOLDS[applies](clause)


def _facts(clauses: list[Clause], speed_m_per_s: float) -> dict[str, str]:
    """Return what a reading may name: the deadlines of the first clause that has several, the walking speed."""
    dated = next((clause for clause in clauses if clause.other_deadlines), None)
    days = [] if dated is None else sorted(day for day in (dated.deadline, *dated.other_deadlines) if day is not None)
    earlier, later = (days[0].isoformat(), days[-1].isoformat()) if days else ("", "")
    return {"earlier": earlier, "later": later, "speed": f"{speed_m_per_s:g}"}
