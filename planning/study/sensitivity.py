"""What another reading of the document would change: each switch, its readings, the subjects whose verdict differs.

The same functions judge again under the other reading; nothing is estimated. A switch that says nothing about the
document, or about what this plan brings, is left out, and so is a reading that only a number would make (a service
radius, a factor): there is no other number to try.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pandas as pd

from planning import standards
from planning.compliance import Assessment
from planning.standards import MINIMUM, POOLING, RATE, Standard, Switch
from planning.study import verdicts
from planning.study.records import Ground, LevelCover, StudyInputs

UNSTATED: Final = "unstated"
READINGS: Final[Mapping[str, str]] = {
    "switch": "str",
    "ambiguity": "str",
    "reading_used": "str",
    "is_default": "bool",
    "others": "str",
    "changed": "Int64",
    "reason_zh": "str",
    "reason_en": "str",
}
SENSITIVITY: Final[Mapping[str, str]] = {
    "switch": "str",
    "ambiguity": "str",
    "reading_used": "str",
    "other_reading": "str",
    "clause_id": "str",
    "subject_kind": "str",
    "subject_id": "str",
    "verdict_used": "str",
    "verdict_other": "str",
    "overdue_used": "bool",
    "overdue_other": "bool",
}


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The switches that touch the document, the verdicts another reading changes, and counts for the summary."""

    readings: pd.DataFrame
    changes: pd.DataFrame
    summary: Mapping[str, Any]


def nothing() -> Sensitivity:
    """Return the answer where compliance or coverage was not asked."""
    return Sensitivity(_frame([], READINGS), _frame([], SENSITIVITY), {})


def compare(
    inputs: StudyInputs,
    ground: Ground,
    covers: Mapping[str, LevelCover],
    assessment: Assessment,
    clauses: pd.DataFrame,
    around: Mapping[str, Any],
) -> Sensitivity:
    """Judge again under every other reading of every switch that touches the document.

    Parameters
    ----------
    inputs, ground, covers, around
        What the plan was judged by; ``around`` is the coverage of the circle.
    assessment, clauses
        What it was found under the readings used.
    """
    used = _verdicts(assessment, clauses, inputs.standard)
    readings, changes, counts = [], [], {}
    for switch in inputs.standard.readings:
        if not _touches(switch.name, inputs):
            continue
        reading, others = _used(switch, inputs), _others(switch, inputs)
        about = {"switch": switch.name, "ambiguity": switch.ambiguity, "reading_used": _say(reading)}
        found = {}
        for other in others:
            again = _judge(inputs, ground, covers, around, switch.name, other)
            other_verdicts = _verdicts(*again, inputs.standard)
            rows = [about | {"other_reading": _say(other)} | row for row in _differences(used, other_verdicts)]
            changes += rows
            found[_say(other)] = _counts(rows, again[0])
        counts[switch.name] = {"ambiguity": switch.ambiguity, "reading": _say(reading), "others": found}
        readings.append(about | _reading_facts(switch, inputs, found))
    return Sensitivity(_frame(readings, READINGS), _frame(changes, SENSITIVITY), counts)


def _reading_facts(switch: Switch, inputs: StudyInputs, found: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    return {
        "is_default": switch.name not in inputs.plan.standards,
        "others": ";".join(found),
        "changed": sum(counts["changed"] for counts in found.values()) if found else pd.NA,
        "reason_zh": switch.reason_zh,
        "reason_en": switch.reason_en,
    }


def _counts(rows: list[dict[str, Any]], assessment: Assessment) -> dict[str, int]:
    return {"changed": len(rows), "meets": assessment.summary["meets"], "fails": assessment.summary["fails"]}


# ----------------------------------------------------------------------------------------------------------- readings


def _touches(name: str, inputs: StudyInputs) -> bool:
    """Say whether the switch decides anything in this document and with what the plan brings."""
    return _TOUCHES[name](inputs) if name in _TOUCHES else False


def _has_metric(*metrics: str) -> Callable[[StudyInputs], bool]:
    return lambda inputs: any(clause.metric in metrics for clause in inputs.standard.clauses)


def _has_ambiguity(name: str) -> Callable[[StudyInputs], bool]:
    return lambda inputs: any(name in clause.ambiguities for clause in inputs.standard.clauses)


def _states(metric: str) -> Callable[[StudyInputs], bool]:
    return lambda inputs: any(
        clause.metric == metric and clause.value is not None for clause in inputs.standard.clauses
    )


def _pools_given(inputs: StudyInputs) -> bool:
    return inputs.standard.pooling and inputs.tables.get("pools") is not None


def _new_differs(inputs: StudyInputs) -> bool:
    return any(clause.metric in (RATE, MINIMUM) and clause.applies_to for clause in inputs.standard.clauses)


def _names_area(inputs: StudyInputs) -> bool:
    named = ("gross", "usable")
    return any(clause.metric in (RATE, MINIMUM) and clause.area_type in named for clause in inputs.standard.clauses)


def _says_before(inputs: StudyInputs) -> bool:
    return any(clause.deadline_within is not None for clause in inputs.standard.clauses)


_TOUCHES: Final[Mapping[str, Callable[[StudyInputs], bool]]] = {
    "land_per_person_base": _has_metric("land_per_person"),
    "apportion_mixed_land": _has_metric("land_per_person"),
    "single_minimum_applies": _states(MINIMUM),
    "pooling": _pools_given,
    "pool_rate": _pools_given,
    "new_cutoff": _new_differs,
    "nursing_beds_of": _has_ambiguity("A9"),
    "usable_to_gross": _names_area,
    "households_rounding": _states(RATE),
    "before_year": _says_before,
    "circle_levels": _has_metric("circle_share"),
    "service_radius_m": _has_ambiguity("A18"),
    "centre_unit_types": _has_ambiguity("A21"),
    "stars": _has_metric("star_share"),
}


def _used(switch: Switch, inputs: StudyInputs) -> Any:
    if switch.name == "pooling":
        return inputs.standard.pooling
    return inputs.standard.switches.get(switch.name, UNSTATED)


def _others(switch: Switch, inputs: StudyInputs) -> list[Any]:
    """Return the other readings there are: those listed, or what the document leaves where the plan says a value."""
    if switch.name == "service_radius_m":
        return []  # another radius is another coverage: the bands of the summary show it
    used = _used(switch, inputs)
    if switch.choices:
        return [choice for choice in switch.choices if choice != used]
    return [switch.default] if switch.name in inputs.plan.standards and switch.default != used else []


def _read_otherwise(inputs: StudyInputs, name: str, other: Any) -> StudyInputs:
    """Return the inputs under another reading of one switch, from the document as it is written."""
    switches = {key: value for key, value in inputs.plan.standards.items() if key != name}
    if other != UNSTATED:
        switches[name] = other
    tables = inputs.tables
    if name == "pooling" and not other:
        tables = {key: table for key, table in tables.items() if key != "pools"}
    return replace(
        inputs,
        standard=standards.apply(_as_written(inputs.standard), switches),
        plan=replace(inputs.plan, standards=switches),
        tables=tables,
    )


def _as_written(standard: Standard) -> Standard:
    """Return the document without the plan's readings."""
    defaults = {switch.name: switch.default for switch in standard.readings if switch.default != UNSTATED}
    clauses = standard.written or standard.clauses
    pooling = bool(defaults.get("pooling", any(clause.metric == POOLING for clause in clauses)))
    return replace(standard, clauses=clauses, written=(), switches=defaults, pooling=pooling, changed=())


def _judge(
    inputs: StudyInputs,
    ground: Ground,
    covers: Mapping[str, LevelCover],
    around: Mapping[str, Any],
    name: str,
    other: Any,
) -> tuple[Assessment, pd.DataFrame]:
    """Judge under another reading; what the switch cannot touch is not worked out again."""
    changed = _read_otherwise(inputs, name, other)
    assessment = verdicts.assess(changed, ground)
    circle = verdicts.circle(changed, ground) if name == "circle_levels" else around
    return assessment, verdicts.clauses(changed, ground, covers, assessment, circle)


def _say(reading: Any) -> str:
    """Return a reading as it would stand in the plan file."""
    if isinstance(reading, list | tuple):
        return ";".join(map(str, reading))
    if isinstance(reading, bool):
        return str(reading).lower()
    return reading.isoformat() if isinstance(reading, date) else str(reading)


# ------------------------------------------------------------------------------------------------------------ verdicts


def _verdicts(assessment: Assessment, clauses: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """Return every verdict: areas, then pools, then the other clauses; an area and a pool under all its clauses."""
    owed = ";".join(sorted(clause.id for clause in standard.clauses if clause.metric in (RATE, MINIMUM)))
    named = assessment.findings.groupby(["subject_kind", "subject_id"], sort=False)["clause_id"].agg(";".join)
    late = assessment.findings.groupby(["subject_kind", "subject_id"], sort=False)["overdue"].any()
    areas = assessment.residential["verdict"].rename_axis("subject_id").reset_index().assign(subject_kind="residential")
    pools = assessment.subjects.loc[assessment.subjects["subject_kind"] == "pool", ["subject_id", "verdict"]]
    judged = pd.concat([areas, pools.assign(subject_kind="pool")], ignore_index=True).astype("str")
    keys = pd.MultiIndex.from_frame(judged[["subject_kind", "subject_id"]])
    judged = judged.assign(
        clause_id=named.reindex(keys).fillna(owed).to_numpy(), overdue=late.reindex(keys).fillna(value=False).to_numpy()
    )
    others = clauses.rename(columns={"subject": "subject_id"})
    columns = ["clause_id", "subject_kind", "subject_id", "verdict", "overdue"]
    return pd.concat([judged[columns], others[columns]], ignore_index=True).astype({"overdue": bool})


def _differences(used: pd.DataFrame, other: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the subjects of both whose verdict differs, or whether it is overdue, in the order of the first."""
    left, right = (table.assign(own=_own(table)) for table in (used, other))
    keys = ["subject_kind", "subject_id", "own"]
    both = left.merge(right.drop(columns="clause_id"), on=keys, how="inner", suffixes=("_used", "_other"))
    moved = (both["verdict_used"] != both["verdict_other"]) | (both["overdue_used"] != both["overdue_other"])
    return both.loc[moved, [name for name in SENSITIVITY if name in both]].to_dict("records")


def _own(verdicts_table: pd.DataFrame) -> pd.Series:
    """Return what tells rows of one subject apart: the clause, or nothing for areas and pools, judged as a whole."""
    whole = verdicts_table["subject_kind"].isin(["residential", "pool"])
    return verdicts_table["clause_id"].mask(whole, "")


def _frame(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))
