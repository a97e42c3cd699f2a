"""Room `planning.compliance`: what each subject owes and has, in exact fractions, for who looks for ways out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from planning.compliance._frames import Agreed
from planning.compliance._rooms import Roster, Subject
from planning.standards import Clause

SUBJECTS: Final = (
    "subject_kind",
    "subject_id",
    "members",
    "verdict",
    "reason",
    "need_m2",
    "minimum_m2",
    "known_m2",
    "room_m2",
    "above_need",
    "above_minimum",
    "each_room",
)


def subjects(asked: Iterable[Subject], agreed: Agreed, roster: Roster, *, each_room: bool) -> pd.DataFrame:
    """Return one row per subject asked for: stand-alone areas in their order, then pools by id.

    Where new or existing leaves two readings, the row holds what suffices under both: the larger need and minimum,
    the smaller floor area and room.
    """
    rows = [_row(subject, agreed, roster) | {"each_room": each_room} for subject in asked]
    return pd.DataFrame(rows, columns=list(SUBJECTS), dtype=object)


def _row(subject: Subject, agreed: Agreed, roster: Roster) -> dict[str, Any]:
    judged = [reading.today[subject] for reading in agreed.readings]
    duties = [reading.duties[subject] for reading in agreed.readings]
    needs = [one.need_m2 for one in judged]
    return {
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "members": (subject.id,) if subject.kind == "residential" else roster.members[subject.id],
        "verdict": agreed.today[subject].verdict,
        "reason": agreed.today[subject].reason,
        "need_m2": None if None in needs else _largest(needs),
        "minimum_m2": _largest([one.minimum_m2 for one in duties]),
        "known_m2": min(one.known_m2 for one in judged if one.known_m2 is not None),
        "room_m2": min((one.room_at_least_m2 for one in judged if one.room_at_least_m2 is not None), default=None),
        "above_need": _strict([clause for duty in duties for clause in duty.rate_clauses]),
        "above_minimum": _strict([clause for duty in duties for clause in duty.minimum_clauses]),
    }


def _largest(values: Sequence[Fraction | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return max(known, default=None)


def _strict(clauses: Sequence[Clause]) -> bool:
    """Say whether a clause says above (超过), so that its own number is not enough."""
    return any(clause.comparator == ">" for clause in clauses)
