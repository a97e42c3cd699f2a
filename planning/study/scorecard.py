"""The document as one sheet: every clause, what it asks, who meets it, how much is missing, and where."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from planning.compliance import Assessment
from planning.standards import MINIMUM, RATE, Clause, Standard

VERDICTS: Final = ("meets", "fails", "not_assessable", "not_applicable")
SCORECARD: Final[Mapping[str, str]] = {
    "clause_id": "str",
    "cls": "str",
    "strength": "str",
    "stated": "bool",
    "deadline": "str",
    "passed": "bool",
    "verdict": "str",
    "overdue": "bool",
    **dict.fromkeys(VERDICTS, "Int64"),
    "actual": "float64",
    "shortfall": "float64",
    "unit": "str",
    "where": "str",
    "reason": "str",
}


def nothing() -> pd.DataFrame:
    """Return the table where the clauses were not judged."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in SCORECARD.items()})


def score(assessment: Assessment, clauses: pd.DataFrame, standard: Standard, as_of: date) -> pd.DataFrame:
    """Return one row per clause, in the order of the document.

    Columns ``meets, fails, not_assessable, not_applicable`` count subjects: stand-alone areas and pools, units, parts
    or the plan. ``verdict`` is that of the clause as a whole: it fails where one subject fails, and meets only where
    nobody is left open. ``shortfall`` sums what the failing lack, ``where`` names them, joined by ``;``; ``actual``
    stands where there is one subject, ``reason`` where all subjects of the clause's verdict say the same.
    """
    found = pd.concat([_of_areas(assessment, standard), _of_others(clauses)], ignore_index=True)
    rows = [_row(clause, found[found["clause_id"] == clause.id], as_of) for clause in standard.clauses]
    return pd.DataFrame(rows, columns=list(SCORECARD), dtype=object).astype(dict(SCORECARD))


_SUBJECT: Final = ("clause_id", "subject", "verdict", "actual", "shortfall", "unit", "reason", "overdue")


def _of_others(clauses: pd.DataFrame) -> pd.DataFrame:
    return clauses[list(_SUBJECT)].astype({"overdue": bool})


def _of_areas(assessment: Assessment, standard: Standard) -> pd.DataFrame:
    """Return a row per floor-area clause and stand-alone area or pool that it concerns, judged or left open."""
    concerned = [clause for clause in standard.clauses if clause.metric in (RATE, MINIMUM)]
    judged = assessment.findings.rename(columns={"subject_id": "subject"})
    judged = judged.assign(clause_id=judged["clause_id"].str.split(";")).explode("clause_id")
    rows = [row for clause in concerned for row in _left_open(clause, assessment)]
    table = pd.concat([judged[list(_SUBJECT)], pd.DataFrame(rows, columns=list(_SUBJECT))], ignore_index=True)
    return table.astype({"overdue": bool})


def _left_open(clause: Clause, assessment: Assessment) -> Iterator[dict[str, Any]]:
    """Yield the subjects without a figure under a clause that may be theirs."""
    built = assessment.residential["built_used"].fillna("unknown").to_dict()
    subjects = assessment.subjects
    for subject in subjects[subjects["verdict"].isin(["not_assessable", "not_applicable"])].to_dict("records"):
        readings = {built[member] for member in subject["members"]}
        if clause.applies_to is None or readings & {clause.applies_to, "unknown"}:
            yield {"clause_id": clause.id, "subject": subject["subject_id"], "verdict": subject["verdict"],
                   "reason": subject["reason"], "unit": "m2", "overdue": False}  # fmt: skip


def _row(clause: Clause, subjects: pd.DataFrame, as_of: date) -> dict[str, Any]:
    """Return a clause's row."""
    counts = {verdict: int((subjects["verdict"] == verdict).sum()) for verdict in VERDICTS}
    failing = subjects[subjects["verdict"] == "fails"]
    lacking = failing["shortfall"].dropna()
    whole = _whole(counts)
    reasons = set(subjects.loc[subjects["verdict"] == whole, "reason"].astype(object).where(pd.notna, None))
    return {
        "clause_id": clause.id,
        "cls": clause.cls,
        "strength": clause.strength,
        "stated": clause.stated and not clause.entered,
        "deadline": None if clause.deadline is None else clause.deadline.isoformat(),
        "passed": clause.deadline is not None and as_of > clause.deadline,
        "verdict": whole,
        "overdue": bool(subjects["overdue"].any()),
        **counts,
        "actual": subjects["actual"].iloc[0] if len(subjects) == 1 else None,
        "shortfall": math.fsum(lacking) if len(lacking) else None,
        "unit": subjects["unit"].iloc[0] if len(subjects) else clause.unit,
        "where": ";".join(sorted(set(failing["subject"]) - {"plan"})) or None,
        "reason": reasons.pop() if len(reasons) == 1 else None,
    }


def _whole(counts: Mapping[str, int]) -> str:
    """Return the verdict of a clause from those of its subjects; nobody to ask is not applicable."""
    return next((word for word in ("fails", "not_assessable", "meets") if counts[word]), "not_applicable")
