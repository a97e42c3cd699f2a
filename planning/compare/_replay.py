"""Room `planning.compare`: the study run again with every combination of causes, from the one run's to the other's.

A corner is a set of causes taken from run B, the others from run A; as a number, bit ``i`` is cause ``i``. Corner 0 is
run A, the last is run B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import geopandas as gpd
import pandas as pd

from planning import study
from planning.compare import _values
from planning.compare._causes import CAUSES, Cause, cause_of_table
from planning.errors import Fault, InputRefused, refuse
from planning.plan import Plan
from planning.standards import Standard
from planning.study import StudyInputs
from planning.texts import printable

UNKNOWN: Final = "?"
_BY_THE_CLOCK: Final = "feasible"
Step = Callable[[str], None]
T = TypeVar("T")
_NAMED: Final = 10


@dataclass(frozen=True, eq=False)
class Corners:
    """What every corner says: `KEY` → one column a corner; `UNKNOWN` where a corner cannot be run.

    ``active`` are the causes whose content differs; ``idle`` those whose files differ in bytes alone. ``refused``
    tells the corners that cannot be run, with the faults.
    """

    active: tuple[Cause, ...]
    idle: tuple[Cause, ...]
    words: pd.DataFrame
    refused: Mapping[int, tuple[Fault, ...]]


def run(a: StudyInputs, b: StudyInputs, differing: Sequence[Cause], parts: frozenset[str], step: Step) -> Corners:
    """Run the study at every corner of the causes that differ."""
    asked = [cause for cause in CAUSES if cause in differing]
    active = tuple(cause for cause in asked if not _alike(a, b, cause))
    found: dict[int, pd.Series] = {}
    refused: dict[int, tuple[Fault, ...]] = {}
    for corner in range(1 << len(active)):
        step("compare_corner")
        try:
            inputs = mixed(a, b, taken(corner, active))
            _refuse_torn(inputs)
            found[corner] = _words(study.outcome(inputs, parts=parts))
        except InputRefused as error:
            refused[corner] = error.faults
    words = pd.DataFrame(found).fillna(_values.ABSENT)
    for corner in refused:
        words[corner] = UNKNOWN
    ordered = words[sorted(words.columns)]
    return Corners(active, tuple(cause for cause in asked if cause not in active), ordered, refused)


def taken(corner: int, causes: Sequence[Cause]) -> frozenset[Cause]:
    """Return the causes that a corner takes from run B."""
    return frozenset(cause for bit, cause in enumerate(causes) if corner >> bit & 1)


def mixed(a: StudyInputs, b: StudyInputs, from_b: frozenset[Cause]) -> StudyInputs:
    """Return the inputs of a study that takes some causes from ``b`` and all others from ``a``."""

    def of(cause: Cause) -> StudyInputs:
        return b if cause in from_b else a

    sides = {cause: of(cause) for cause in CAUSES}
    tables = {name: table for cause, side in sides.items() for name, table in _own(side.tables, cause).items()}
    counts = {name: rows for cause, side in sides.items() for name, rows in _own(side.counts, cause).items()}
    ledgers = [side.ledger[side.ledger["table"].map(cause_of_table) == cause] for cause, side in sides.items()]
    if sides["data"] is not sides["standard"] and "indicators" in tables:
        tables["indicators"] = _of_standard(tables["indicators"], sides["standard"].standard)
    return replace(
        sides["parameter"],
        plan=_plan(sides),
        standard=sides["standard"].standard,
        tables=tables,
        ledger=pd.concat(ledgers, ignore_index=True),
        counts=counts,
        faults=(),
        files=(),
        crs=a.crs,
    )


def _of_standard(entered: gpd.GeoDataFrame, standard: Standard) -> gpd.GeoDataFrame:
    """Return the figures entered by hand for clauses that a document has; of another document they say nothing."""
    known = {clause.id for clause in standard.clauses}
    return entered[entered["indicator_id"].isin(known)].reset_index(drop=True)


def _refuse_torn(inputs: StudyInputs) -> None:
    """Refuse tables of two runs that contradict each other, as the doors would within one run.

    Raises
    ------
    InputRefused
        If a candidate has the id of a facility, or serves an area or pool that is not there.
    """
    tables = inputs.tables
    if "candidates" not in tables:
        return
    offered, members = tables["candidates"], tables.get("pools")
    shared = sorted(set(offered["facility_id"]) & set(tables["facilities"]["facility_id"]))
    known = set(tables["residential"]["residential_id"]) | (set() if members is None else set(members["pool_id"]))
    served = set(offered["serves"].dropna().str.split(";").explode().str.strip())
    found = [("compare_corner_shared", shared), ("compare_corner_serves", sorted(served - known - {""}))]
    refuse(Fault(code, value=", ".join(map(printable, names[:_NAMED]))) for code, names in found if names)


def _plan(sides: Mapping[Cause, StudyInputs]) -> Plan:
    specs = {name: spec for cause, side in sides.items() for name, spec in _own(side.plan.inputs, cause).items()}
    standard = sides["standard"].plan
    return replace(
        sides["parameter"].plan,
        inputs=specs,
        siting=sides["siting"].plan.siting,
        standard=standard.standard,
        standards=standard.standards,
        as_of=standard.as_of,
    )


def _own(by_table: Mapping[str, T], cause: Cause) -> dict[str, T]:
    """Return what belongs to a cause of something that is there for every input."""
    return {name: one for name, one in by_table.items() if cause_of_table(name) == cause}


def _alike(a: StudyInputs, b: StudyInputs, cause: Cause) -> bool:
    """Say whether two runs have the same of a cause, whatever the bytes of their files."""
    mine, other = _own(a.tables, cause), _own(b.tables, cause)
    same = mine.keys() == other.keys() and all(_bare(mine[name]).equals(_bare(other[name])) for name in mine)
    return same and _settings(a, cause) == _settings(b, cause)


def _bare(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table.drop(columns="source_row", errors="ignore"))


def _settings(side: StudyInputs, cause: Cause) -> Any:
    """Return what a plan says of a cause beside its tables."""
    settings = side.plan
    own: dict[Cause, Any] = {
        "parameter": settings.walk,
        "siting": settings.siting,
        "standard": (side.standard, settings.as_of, dict(settings.standards)),
    }
    specs = {name: (spec.noding, spec.heal_gaps_m) for name, spec in _own(settings.inputs, cause).items()}
    return own.get(cause), specs


def _words(found: study.Outcome) -> pd.Series:
    """Return what a corner says; a siting that the clock stopped says nothing of sites."""
    words = _values.of_outcome(found)
    if found.siting is None or found.siting.status != _BY_THE_CLOCK:
        return words
    return words.mask(_values.hangs_on_sites(words.index), UNKNOWN)
