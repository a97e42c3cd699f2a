"""Room `planning.report`: the pools there are and those that could be, as a table for the planner to decide on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from planning import texts
from planning.report._sheet import words_of
from planning.study import StudyResult
from planning.texts import Language

POOLING_COLUMNS: Final = (
    "residential_id", "pool_id", "accepted", "name", "unit", "households", "alone", "areas", "walk_m", "need_m2",
    "minimum_m2", "provided_m2", "alone_m2", "together_m2", "saved_m2", "together",
)  # fmt: skip
_OF_POOL: Final = ("areas", "walk_m", "need_m2", "minimum_m2", "provided_m2", "alone_m2", "together_m2", "saved_m2")


def pooling_rows(result: StudyResult, language: Language) -> pd.DataFrame:
    """Return a row per member of every pool, ready to come back as ``inputs.pools``.

    Parameters
    ----------
    result
        Of a run with compliance.
    language
        Of the words beside the ids.

    Returns
    -------
    DataFrame
        `POOLING_COLUMNS`, all text: the pools of the plan, accepted, by id; then the suggested ones, ``accepted``
        empty, with what pooling would save. Empty where there are neither.
    """
    yes = texts.t("report.yes", language)
    rows = [
        *({"residential_id": area, "pool_id": pool, "accepted": yes} for area, pool in _given(result)),
        *(_said(row, language) for row in _members(result)),
    ]
    areas = result.residential.set_index("residential_id")
    verdicts = words_of("verdict", language)
    beside = [
        {
            "name": areas["name"].get(row["residential_id"]),
            "households": _number(areas["households"].get(row["residential_id"])),
            "alone": verdicts.get(str(areas["verdict"].get(row["residential_id"]))),
        }
        for row in rows
    ]
    table = [one | more for one, more in zip(rows, beside, strict=True)]
    return pd.DataFrame(table, columns=list(POOLING_COLUMNS), dtype="str")


def _given(result: StudyResult) -> list[tuple[str, str]]:
    """Return the members of the plan's own pools, by pool and area."""
    table = result.inputs.tables.get("pools")
    if table is None:
        return []
    pairs = table[["residential_id", "pool_id"]].drop_duplicates().sort_values(["pool_id", "residential_id"])
    return list(pairs.itertuples(index=False, name=None))


def _members(result: StudyResult) -> list[dict[Any, Any]]:
    """Return a suggested pool's figures for each of its members."""
    names = result.units.set_index("unit_id")["name"].dropna().to_dict()
    table = result.pools.assign(
        residential_id=result.pools["members"].str.split(";"), unit=result.pools["unit_id"].replace(names)
    )
    return table.explode("residential_id").to_dict("records")


def _said(row: Mapping[Any, Any], language: Language) -> dict[str, Any]:
    words = {name: row[name] for name in ("residential_id", "pool_id", "unit")}
    figures = {name: _number(row[name]) for name in _OF_POOL}
    return words | figures | {"together": texts.t(f"verdict.{row['verdict']}", language)}


def _number(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else f"{float(value):.10g}"
