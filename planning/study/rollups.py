"""The floor-area rule summed up by county, street, community, and new or existing: one denominator everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from planning import compliance
from planning.compliance import Assessment
from planning.study.records import Places, StudyInputs

ROLLUPS: Final[Mapping[str, str]] = {
    "level": "str",
    "unit_id": "str",
    "name": "str",
    "areas_total": "Int64",
    "meets": "Int64",
    "fails": "Int64",
    "not_assessable": "Int64",
    "not_applicable": "Int64",
    "meets_share": "float64",
    "required_m2": "float64",
    "provided_m2": "float64",
    "shortfall_m2": "float64",
}
_BUILT: Final = ("new", "existing")
_UNIT_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "county": ("county",),
    "street": ("street", "town"),
    "community": ("community", "village"),
}


def nothing() -> pd.DataFrame:
    """Return the table where compliance was not asked."""
    return _frame([])


def summed(inputs: StudyInputs, assessment: Assessment, places: Places) -> pd.DataFrame:
    """Return the sums over areas by level: ``county, street, community, built`` and ``plan``.

    Every area stands once in each level: those in no unit of it have a row without ``unit_id``, so the rows of a
    level add up to the plan's. A pool's part goes with its members. ``unit_id`` of the level ``built`` is ``new``,
    ``existing`` or missing (neither); the row of the plan stands last in every level, with ``unit_id`` ``plan``.
    """
    units = inputs.tables.get("units")
    names = {} if units is None else dict(zip(units["unit_id"], units["name"], strict=True))
    rows: list[dict[str, Any]] = []
    for level, group in _groups(assessment, places).items():
        rows += list(_level(level, group, assessment, names))
    return _frame(rows)


def _groups(assessment: Assessment, places: Places) -> dict[str, pd.Series]:
    """Return, by level, the unit of each area; missing where it lies in none."""
    found = {}
    for level, types in _UNIT_TYPES.items():
        known = [places.units[kind] for kind in types if kind in places.units]
        if level == "street":
            found[level] = places.street
        elif known:
            whole = known[0]
            for more in known[1:]:
                whole = whole.fillna(more)
            found[level] = whole
    return {**{level: group for level, group in found.items() if group.notna().any()},
            "built": assessment.residential["built_used"]}  # fmt: skip


def _level(level: str, group: pd.Series, assessment: Assessment, names: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row a unit by id, those in none, and the plan."""
    known = _BUILT if level == "built" else tuple(sorted(set(group.dropna())))
    for unit in known:
        name = names.get(unit)
        ids = group.index[group == unit]
        if level != "built" or len(ids):
            yield {"level": level, "unit_id": unit, "name": name} | compliance.summarise(assessment, ids)
    rest = group.index[~group.isin(known)]
    if len(rest):
        yield {"level": level, "unit_id": None, "name": None} | compliance.summarise(assessment, rest)
    yield {"level": level, "unit_id": "plan", "name": None} | dict(assessment.summary)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(ROLLUPS), dtype=object)
    return table.where(table.notna(), None).astype(dict(ROLLUPS))
