"""Room `planning.compliance`: the readings brought together and written down as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from planning.compliance._law import ZERO, Duty, Judgement, Measure, agree, same
from planning.compliance._readings import Reading
from planning.compliance._rooms import Claim, Declared, Roster, Subject, Unit
from planning.standards import Clause

FIGURES: Final = ("required_m2", "provided_m2", "shortfall_m2")
RESIDENTIAL: Final[Mapping[str, str]] = {
    "built_used": "str",
    "built_from": "str",
    "required_m2": "float64",
    "provided_m2": "float64",
    "shortfall_m2": "float64",
    "rate_ok": "boolean",
    "unit_ok": "boolean",
    "pool_id": "str",
    "pool_required_m2": "float64",
    "pool_provided_m2": "float64",
    "pool_shortfall_m2": "float64",
    "verdict": "str",
    "reason": "str",
    "paper_provided_m2": "float64",
    "paper_verdict": "str",
}
ROOMS: Final[Mapping[str, str]] = {
    "facility_id": "str",
    "residential_id": "str",
    "pool_id": "str",
    "counted": "bool",
    "counted_on_paper": "bool",
    "reason": "str",
    "floor_area_m2": "float64",
    "share": "float64",
    "credited_m2": "float64",
    "rejected_m2": "float64",
}
FINDINGS: Final[Mapping[str, str]] = {
    "clause_id": "str",
    "subject_kind": "str",
    "subject_id": "str",
    "required": "float64",
    "actual": "float64",
    "unit": "str",
    "verdict": "str",
    "shortfall": "float64",
    "reason": "str",
    "strength": "str",
    "deadline": "str",
    "overdue": "bool",
}
_STRENGTHS: Final = ("mandatory", "recommended", "soft")


class Agreed:
    """What all readings say alike, of every subject and every pooled area."""

    def __init__(self, readings: Sequence[Reading], undated: frozenset[str], roster: Roster) -> None:
        self.readings = tuple(readings)
        own = {name: self._why(undated, (name,)) for name in roster.areas}
        pools = {name: self._why(undated, members) for name, members in roster.members.items()}
        why = {subject: (pools if subject.kind == "pool" else own)[subject.id] for subject in readings[0].today}
        self.today = {key: agree([one.today[key] for one in readings], word) for key, word in why.items()}
        self.on_paper = {key: agree([one.on_paper[key] for one in readings], word) for key, word in why.items()}
        self.own = {key: agree([one.own[key] for one in readings], own[key]) for key in roster.pool_of}
        self.own_on_paper = {
            key: agree([one.own_on_paper[key] for one in readings], own[key]) for key in roster.pool_of
        }

    @staticmethod
    def _why(undated: frozenset[str], members: Sequence[str]) -> str:
        """Return the reason where readings differ: the subject's own dates, or those of who shares a room with it."""
        return "shared_built_unknown" if undated.isdisjoint(members) else "built_unknown"


def frame(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table of the stated columns and types; None is missing, fractions become floats."""
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=kind) for name, kind in columns.items()}
    )


# ---------------------------------------------------------------------------------------------------------- the areas


def residential(areas: pd.DataFrame, agreed: Agreed, roster: Roster) -> pd.DataFrame:
    """Return one row an area, in the order of ``areas`` (``residential_id, built_used, built_from``)."""
    known = areas["built_used"].notna()
    rows = [
        _area_row(name, agreed, roster) | {"built_used": used if is_known else None, "built_from": told}
        for name, used, is_known, told in zip(
            areas["residential_id"], areas["built_used"], known, areas["built_from"], strict=True
        )
    ]
    return frame(rows, RESIDENTIAL).set_index(pd.Index(roster.areas, name="residential_id", dtype="str"))


def _area_row(name: str, agreed: Agreed, roster: Roster) -> dict[str, Any]:
    """Return an area's own figures and its verdict: its own, or that of its pool."""
    subject = roster.subject(name)
    verdict, paper = agreed.today[subject], agreed.on_paper[subject]
    if subject.kind == "residential":
        return _figures(verdict) | _verdicts(verdict, paper) | {"paper_provided_m2": paper.provided_m2}
    own, own_paper = agreed.own[name], agreed.own_on_paper[name]
    pool = {f"pool_{figure}": getattr(verdict, figure) for figure in FIGURES} | {"pool_id": subject.id}
    if own.verdict == "not_applicable":
        verdict, paper = own, own_paper
    return _figures(own) | _verdicts(verdict, paper) | pool | {"paper_provided_m2": own_paper.provided_m2}


def _figures(own: Judgement) -> dict[str, Any]:
    return {name: getattr(own, name) for name in (*FIGURES, "rate_ok", "unit_ok")}


def _verdicts(today: Judgement, paper: Judgement) -> dict[str, Any]:
    return {"verdict": today.verdict, "reason": today.reason, "paper_verdict": paper.verdict}


# ------------------------------------------------------------------------------------------------------------ the sums


def accounts(agreed: Agreed, roster: Roster) -> pd.DataFrame:
    """Return each area's part in the sums as exact fractions; None where a figure is in no sum.

    A stand-alone area has its own figures. A pool's are divided among its members by what they owe, so that they
    add up to the pool, once.
    """
    nothing = dict.fromkeys(FIGURES)
    found: dict[str, Mapping[str, Fraction | None]] = dict.fromkeys(roster.areas, nothing)
    for subject, judged in agreed.today.items():
        if judged.verdict not in ("meets", "fails"):
            continue
        figures = {name: getattr(judged, name) for name in FIGURES}
        if subject.kind == "residential":
            found[subject.id] = figures
            continue
        for name, part in _parts(roster.members[subject.id], agreed).items():
            found[name] = {key: None if value is None else value * part for key, value in figures.items()}
    index = pd.Index(roster.areas, name="residential_id", dtype="str")
    return pd.DataFrame(list(found.values()), index=index, columns=list(FIGURES), dtype=object)


def _parts(members: Sequence[str], agreed: Agreed) -> dict[str, Fraction]:
    """Return each member's part in its pool: by need, or by households where new or existing leaves the need open."""
    duties = {name: agreed.readings[0].duties[Subject("residential", name)] for name in members}
    needs = {name: ZERO if duties[name].exempt else agreed.own[name].need_m2 for name in members}
    weights = {
        name: need if need is not None and None not in needs.values() else duties[name].hundreds
        for name, need in needs.items()
    }
    total = sum(weights.values(), ZERO)
    return {name: weight / total for name, weight in weights.items()}


def summary(table: pd.DataFrame, parts: pd.DataFrame) -> dict[str, Any]:
    """Return sums and counts over areas: rows of `residential` and the same rows of `accounts`."""
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in
              ("meets", "fails", "not_assessable", "not_applicable")}  # fmt: skip
    judged = counts["meets"] + counts["fails"]
    sums = {name: float(_sum(value for value in parts[name] if value is not None)) for name in FIGURES}
    share = counts["meets"] / judged if judged else None
    return {**sums, "areas_total": len(table), **counts, "meets_share": share}


def _sum(values: Iterable[Fraction]) -> Fraction:
    """Return the sum, numerators of one denominator first: whole numbers add up faster than fractions."""
    tops: dict[int, int] = defaultdict(int)
    for value in values:
        tops[value.denominator] += value.numerator
    return sum((Fraction(top, bottom) for bottom, top in tops.items()), ZERO)


# ----------------------------------------------------------------------------------------------------------- the rooms


def rooms(units: Sequence[Unit], stated: Mapping[str, Declared], agreed: Agreed, roster: Roster) -> pd.DataFrame:
    """Return one row per facility and subject, and per area's own statement: credited + rejected = floor area."""
    rows = [row for place, unit in enumerate(units) for row in _unit_rows(unit, place, agreed)]
    rows += [_stated_row(area, stated[area], roster) for area in sorted(stated)]
    return frame(rows, ROOMS)


def _unit_rows(unit: Unit, place: int, agreed: Agreed) -> Iterator[dict[str, Any]]:
    """Yield a unit's rows: what nobody is credited with, because nobody owes anything, is rejected in equal parts."""
    claims = unit.claims or (Claim(None),)
    said = zip(*(reading.shares[place] for reading in agreed.readings), strict=True)
    shares = [same(share) for share in said] if unit.claims else [Fraction(1)]
    nobody = all(share == 0 for share in shares)
    for claim, share in zip(claims, shares, strict=True):
        yield _room_row(unit, claim, share, Fraction(1, len(claims)) if nobody else share)


def _room_row(unit: Unit, claim: Claim, share: Fraction | None, rejected: Fraction | None) -> dict[str, Any]:
    subject = claim.subject
    taken = subject is not None and share != 0
    counted = unit.today and taken
    return {
        "facility_id": unit.facility_id,
        "residential_id": subject.id if subject is not None and subject.kind == "residential" else claim.alone,
        "pool_id": subject.id if subject is not None and subject.kind == "pool" else None,
        "counted": counted,
        "counted_on_paper": unit.on_paper and taken,
        "reason": _room_reason(unit, claim, share),
        "floor_area_m2": unit.area.m2,
        "share": share,
        "credited_m2": _portion(unit.counted_area, share) if counted else ZERO,
        "rejected_m2": ZERO if counted else _portion(unit.area, rejected),
    }


def _portion(size: Measure, share: Fraction | None) -> Fraction | None:
    return None if size.m2 is None or share is None else size.m2 * share


def _room_reason(unit: Unit, claim: Claim, share: Fraction | None) -> str:
    """Return why a room counts for a subject or does not, or what of it is unknown."""
    if not unit.today:
        return unit.reason
    if claim.subject is None:
        return "served_unknown"
    if share == 0:
        return "nothing_owed"
    return unit.counted_area.unknown or ("share_unknown" if share is None else "counted")


def _stated_row(area: str, statement: Declared, roster: Roster) -> dict[str, Any]:
    counted = not statement.replaced
    credited = statement.counted_area
    return {
        "residential_id": area,
        "pool_id": roster.pool_of.get(area),
        "counted": counted,
        "counted_on_paper": counted,
        "reason": (credited.unknown or "stated_by_area") if counted else "replaced_by_facility",
        "floor_area_m2": statement.area.m2,
        "share": 1,
        "credited_m2": credited.m2 if counted else ZERO,
        "rejected_m2": ZERO if counted else statement.area.m2,
    }


# -------------------------------------------------------------------------------------------------------- the findings


def findings(asked: Iterable[Subject], agreed: Agreed, as_of: date) -> pd.DataFrame:
    """Return one row per clause and assessable subject asked for, rate and unit apart, pools after areas, by id."""
    rows = []
    for subject in sorted(asked, key=lambda one: (one.kind != "residential", one.id)):
        if agreed.today[subject].verdict in ("meets", "fails"):
            pairs = [(reading.duties[subject], reading.today[subject]) for reading in agreed.readings]
            both = [[_rate_finding(*pair, as_of) for pair in pairs], [_unit_finding(*pair, as_of) for pair in pairs]]
            about = {"subject_kind": subject.kind, "subject_id": subject.id, "unit": "m2"}
            rows += [_one_finding(found) | about for found in both if any(found)]
    return frame(rows, FINDINGS)


def _rate_finding(duty: Duty, judged: Judgement, as_of: date) -> dict[str, Any]:
    need, provided = judged.need_m2, judged.provided_m2
    return _finding(duty.rate_clauses, need, provided, "rate", as_of, holds=judged.rate_ok)


def _unit_finding(duty: Duty, judged: Judgement, as_of: date) -> dict[str, Any]:
    if judged.minimum_m2 is None:
        return {}
    return _finding(duty.minimum_clauses, judged.minimum_m2, judged.room_m2, "unit", as_of, holds=judged.unit_ok)


def _finding(
    clauses: Sequence[Clause],
    required: Fraction | None,
    actual: Fraction | None,
    topic: str,
    as_of: date,
    *,
    holds: bool | None,
) -> dict[str, Any]:
    """Return one clause held against one subject; several clauses that make up one sum share a row."""
    verdict = "not_assessable" if holds is None else "meets" if holds else "fails"
    deadline = min((clause.deadline for clause in clauses if clause.deadline is not None), default=None)
    return {
        "clause_id": ";".join(clause.id for clause in clauses),
        "required": required,
        "actual": actual,
        "verdict": verdict,
        "shortfall": None if required is None or actual is None else max(required - actual, ZERO),
        "reason": f"{topic}_unknown" if holds is None else f"{topic}_enough" if holds else f"{topic}_short",
        "strength": min((clause.strength for clause in clauses), key=_STRENGTHS.index),
        "deadline": None if deadline is None else deadline.isoformat(),
        "overdue": verdict == "fails" and deadline is not None and as_of > deadline,
    }


def _one_finding(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bring one finding of several readings together: what they say alike; open where one has no such clause."""
    if len(found) == 1 and found[0]["verdict"]:
        return {**found[0], "clause_id": ";".join(sorted(set(found[0]["clause_id"].split(";"))))}
    stated = [row for row in found if row]
    merged: dict[str, Any] = {key: same([row.get(key) for row in found]) for key in stated[0]}
    clauses = sorted({clause for row in stated for clause in row["clause_id"].split(";")})
    open_verdict = {} if merged["verdict"] else {"verdict": "not_assessable", "reason": "built_unknown"}
    strength = merged["strength"] or stated[0]["strength"]
    return (
        merged
        | {"clause_id": ";".join(clauses), "strength": strength, "overdue": bool(merged["overdue"])}
        | open_verdict
    )
