"""Room `planning.indicators`: the table to be filled in by hand (人工填报表), a row per clause and subject."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from planning import texts
from planning.indicators._entered import subjects
from planning.indicators._units import PLAN
from planning.standards import Clause, Standard, required

BY_HAND: Final = ("manual", "statement")
ASKED: Final = ("article", "asks", "required", "unit", "deadline", "subject_name", "how")
BLANK_COLUMNS: Final = ("indicator_id", *ASKED, "subject", "value", "source", "date")
_FILLED: Final = ("value", "source", "date")


def blank(
    standard: Standard,
    units: pd.DataFrame | None = None,
    entered: pd.DataFrame | None = None,
    *,
    language: texts.Language = "zh",
    scope: str = "by_hand",
) -> pd.DataFrame:
    """Return the table that asks for what nobody can compute, ready to come back as ``inputs.indicators``.

    Parameters
    ----------
    standard
        The document as the plan reads it.
    units
        The plan's units: a clause owed by each unit has a row for each of them; without any it has one without a
        subject.
    entered
        What was filled in before (``indicator_id, subject, value, source, date``) stands in its row again; a computed
        clause that has an entry has a row too, so that nothing is lost.
    scope
        ``by_hand`` for the clauses entered by hand, ``all`` also for those that are computed: a figure entered there
        fills in where data are missing.

    Returns
    -------
    DataFrame
        `BLANK_COLUMNS`, all text; ``value, source, date`` empty. In the order of the document, then by subject.
    """
    names = {} if units is None else dict(zip(units["unit_id"], units["name"], strict=True))
    before = frozenset() if entered is None else frozenset(entered["indicator_id"])
    rows = [
        _row(clause, subject, names.get(subject), language)
        for clause in standard.indicators()
        if scope == "all" or clause.metric in BY_HAND or clause.id in before
        for subject in subjects(clause, units)
    ]
    table = pd.DataFrame(rows, columns=list(BLANK_COLUMNS), dtype="str")
    return table if entered is None else _filled(table, entered)


def _row(clause: Clause, subject: str, name: Any, language: texts.Language) -> dict[str, Any]:
    part = next((one for one in clause.parts if one.id == subject), None)
    asks = clause.text_zh if language == "zh" else clause.text_en
    if part is not None:
        name = part.text_zh if language == "zh" else part.text_en
    return {
        "indicator_id": clause.id,
        "article": clause.article,
        "asks": asks,
        "required": required(clause, language),
        "unit": None if clause.unit == "act" else texts.t(f"standard.unit.{clause.unit}", language),
        "deadline": None if clause.deadline is None else clause.deadline.isoformat(),
        "subject_name": None if name is None or pd.isna(name) else str(name),
        "how": texts.t(_how(clause), language),
        "subject": None if subject == PLAN else subject,
    }


def _how(clause: Clause) -> str:
    """Return the key of the sentence that says how a figure is written."""
    key = f"entries.how.{clause.unit}"
    return key if texts.has(key) else "entries.how.number"


def _filled(table: pd.DataFrame, entered: pd.DataFrame) -> pd.DataFrame:
    """Return the table with what was entered before; an entry without a subject is for the clause's only one."""
    keys = ["indicator_id", "subject"]
    before = entered[[*keys, *_FILLED]].drop_duplicates(keys, keep="last").astype("str")
    exact = table[keys].fillna("").merge(before.fillna({"subject": ""}), on=keys, how="left")
    loose = before[before["subject"].isna()].set_index("indicator_id")
    alone = ~table["indicator_id"].duplicated(keep=False)
    for name in _FILLED:
        exact[name] = exact[name].fillna(table["indicator_id"].map(loose[name]).where(alone)).astype("str")
    return table.assign(**{name: exact[name].to_numpy() for name in _FILLED})
