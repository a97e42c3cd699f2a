"""Every clause that is not owed by a single residential area: counted, measured, or entered by hand.

A figure is an exact fraction between two bounds; a verdict is spoken only where everything within the bounds gives the
same one. What a document leaves open stays open (本文件未规定), and what nobody knows is 数据不足, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning.errors import Fault, refuse
from planning.indicators import _entered as entries
from planning.indicators import _homes as homes
from planning.indicators import _results as results
from planning.indicators import _units as units
from planning.indicators._blank import BLANK_COLUMNS, blank
from planning.indicators._scene import Scene
from planning.indicators._verdict import Measure, judge, shortfall, unknown, with_known_part
from planning.standards import Clause, Standard, apply

__all__ = ["BLANK_COLUMNS", "COLUMNS", "METRICS", "NUMBER_GIVEN", "assess", "blank", "check"]

Metric = Callable[[Scene, Clause], Mapping[str, Measure]]

COLUMNS: Final = (
    "clause_id",
    "subject_kind",
    "subject",
    "required",
    "actual",
    "unit",
    "verdict",
    "overdue",
    "shortfall",
    "reason",
    "strength",
    "deadline",
    "origin",
    "entered",
    "source",
    "date",
    "beside",
    "beside_code",
)
NUMBER_GIVEN: Final = "number_given"
_NUMBERS: Final = ("required", "actual", "shortfall", "entered", "beside")


def _by_hand(scene: Scene, clause: Clause) -> Mapping[str, Measure]:
    """Nothing is computed: the figure is entered for each subject, or missing."""
    waiting = "units_missing" if clause.owed_by == "unit" and not scene.units_of(clause.unit_types) else "not_entered"
    return {subject: unknown(waiting) for subject in entries.subjects(clause, scene.units)}


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "manual": _by_hand,
        "statement": _by_hand,
        "pooling": results.pools,
        "compliance_share": results.compliance_share,
        "existing_gap": results.existing_gap,
        "circle_share": results.circle_share,
        "unit_coverage": units.unit_coverage,
        "facility_count": results.centres_and_radius,
        "facility_size": units.facility_size,
        "county_institutions": units.county_institutions,
        "network_share": units.network_share,
        "nursing_bed_share": homes.nursing_bed_share,
        "star_share": homes.star_share,
        "occupancy_share": homes.occupancy_share,
        "land_per_person": homes.land_per_person,
        "medical_distance": homes.medical_distance,
        "idle_assets": homes.idle_assets,
    }
)


def assess(
    tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    standard: Standard,
    *,
    switches: Mapping[str, Any],
    as_of: date,
    compliance: Mapping[str, Any] | None = None,
    coverage: Mapping[str, Mapping[str, Any]] | None = None,
    findings: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Hold the plan against every clause not owed by a single residential area.

    Parameters
    ----------
    tables
        Canonical tables in one metric CRS: ``facilities``; and where there are any ``units``, ``candidates``,
        ``medical``, ``pools`` and ``indicators``, the figures entered by hand.
    standard
        The document; `switches`, ``[standards]`` of the plan, are laid over it (twice does no harm).
    as_of
        The day that facilities serve and deadlines are judged on.
    compliance
        ``compliance`` of the summary: ``meets, fails, not_assessable``.
    coverage
        ``coverage`` of the summary by level; under ``circle`` that of the 15-minute circle's facilities together.
    findings
        Findings of the floor-area rule, for the gap of existing areas.

    Returns
    -------
    DataFrame
        `COLUMNS`; in the order of the document, then by subject. Numbers are float64 in ``unit``, shares 0–1, NaN
        where not stated or not known. ``subject_kind`` is ``plan``, ``unit`` or ``part``; ``reason`` codes joined by
        ``;`` with sentences under ``indicators.reason`` (`NUMBER_GIVEN` first where the number is the plan's own);
        ``deadline`` and ``date`` ISO text. ``origin`` is ``computed``,
        ``entered`` or missing; a figure entered for what the data decide does not count and stands in ``entered``
        beside it. ``beside`` is the figure under the other reading of an ambiguity (``indicators.beside``).

    Raises
    ------
    InputRefused
        With every fault of the entered figures: unknown id or subject, unreadable, twice, without source or date.
    """
    standard = apply(standard, switches)
    entered, faults = entries.read(tables.get("indicators"), standard, tables.get("units"))
    refuse(faults)
    scene = Scene(tables, standard, as_of, compliance, coverage, findings)
    rows = [row for clause in standard.indicators() for row in _rows(scene, clause, entered)]
    return _frame(rows)


def check(
    entered: pd.DataFrame | None, standard: Standard, units_table: pd.DataFrame | None, *, file: str = ""
) -> tuple[Fault, ...]:
    """Return what is wrong with the figures entered by hand, without assessing anything.

    An entry without a value is a warning, everything else an error; ``file`` is the base name of the table's file.
    """
    return entries.read(entered, standard, units_table, file=file)[1]


def _rows(scene: Scene, clause: Clause, entered: Mapping[tuple[str, str], entries.Entry]) -> Iterator[dict[str, Any]]:
    """Yield the findings of one clause, by subject."""
    measures = METRICS[clause.metric](scene, clause)
    for subject in sorted(measures):
        comparator, value = _asked(clause, subject)
        yield _row(scene, clause, subject, measures[subject], entered.get((clause.id, subject)), comparator, value)


def _asked(clause: Clause, subject: str) -> tuple[str, Decimal | None]:
    """Return comparator and number of a clause, or of the part of it that ``subject`` names."""
    for part in clause.parts:
        if part.id == subject:
            return part.comparator, part.value
    return clause.comparator, clause.value


def _row(
    scene: Scene,
    clause: Clause,
    subject: str,
    measure: Measure,
    entry: entries.Entry | None,
    comparator: str,
    value: Decimal | None,
) -> dict[str, Any]:
    """Return one finding."""
    measure, origin = _settle(measure, entry, comparator, value)
    verdict, reason = judge(measure, comparator, value)
    measure = with_known_part(measure, verdict, reason)
    late = clause.deadline is not None and scene.as_of > clause.deadline
    return {
        "clause_id": clause.id,
        "subject_kind": _kind(clause, subject),
        "subject": subject,
        "required": value,
        "actual": measure.actual,
        "unit": measure.unit or clause.unit,
        "verdict": verdict,
        "overdue": verdict == "fails" and late,
        "shortfall": shortfall(verdict, measure, value),
        "reason": ";".join(filter(None, (NUMBER_GIVEN if clause.entered else "", reason))),
        "strength": clause.strength,
        "deadline": None if clause.deadline is None else clause.deadline.isoformat(),
        "origin": origin,
        "entered": None if entry is None else entry.value,
        "source": None if entry is None else entry.source,
        "date": None if entry is None else entry.date,
        "beside": measure.beside,
        "beside_code": measure.beside_code,
    }


def _settle(
    measure: Measure, entry: entries.Entry | None, comparator: str, value: Decimal | None
) -> tuple[Measure, str | None]:
    """Choose between what was computed and what was entered.

    What the data decide stands. An entered figure fills in what they leave open, but not against the bounds they set.
    """
    computed = "computed" if measure.actual is not None or not measure.applies else None
    verdict, _ = judge(measure, comparator, value)
    if entry is None or verdict != "not_assessable" or (value is None and computed):
        return measure, computed or ("computed" if verdict != "not_assessable" else None)
    inside = measure.low <= entry.value and (measure.high is None or entry.value <= measure.high)
    if not inside:
        return Measure(measure.low, measure.high, "entered_contradicts_data", unit=measure.unit), computed
    return Measure(entry.value, entry.value, unit=measure.unit), "entered"


def _kind(clause: Clause, subject: str) -> str:
    if subject == units.PLAN:
        return "plan"
    return "part" if clause.parts else "unit"


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return findings as a table with plain types: float64, bool, str."""
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    for name in COLUMNS:
        if name in _NUMBERS:
            table[name] = [float("nan") if cell is None else float(Fraction(cell)) for cell in table[name]]
        elif name == "overdue":
            table[name] = table[name].astype(bool)
        else:
            table[name] = [cell or None for cell in table[name]]
            table[name] = table[name].astype("str")
    return table
