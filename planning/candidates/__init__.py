"""Candidate sites: screened by rules that mark but never drop one, and made where the plan brings none.

A rule says what a good site has (see docs/plan.md). ``forbid`` marks the candidates that have it not, ``require`` and
``prefer`` those that have it; what the data do not tell is ``unknown`` and is said, never passed in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.candidates._check import check as check
from planning.candidates._distances import Around as Around
from planning.candidates._distances import Walk as Walk
from planning.candidates._distances import Walker as Walker
from planning.candidates._generate import Made as Made
from planning.candidates._generate import Scene as Scene
from planning.candidates._generate import generate as generate
from planning.candidates._generate import places_missing as places_missing
from planning.candidates._rules import FAILS, MEETS, UNKNOWN, Found, apply
from planning.errors import Fault
from planning.plan import Screen

COLUMNS: Final = (
    "facility_id", "name", "rule_number", "rule", "rule_name", "value", "limit", "unit", "target", "outcome", "verdict",
    "reason",
)  # fmt: skip
_VERDICTS: Final = {
    ("forbid", FAILS): "forbidden",
    ("require", MEETS): "required",
    ("prefer", MEETS): "preferred",
}
_ROLES: Final = ("required", "forbidden")


@dataclass(frozen=True, eq=False)
class Screening:
    """What the rules made of the candidates.

    Attributes
    ----------
    table
        One row a candidate and rule, by id and the plan's order: `COLUMNS`. ``outcome`` is ``meets``, ``fails`` or
        ``unknown``; ``verdict`` what follows: ``forbidden``, ``required``, ``preferred``, ``flagged`` or empty.
    marks
        Indexed by ``facility_id``: ``role_used``, ``preferred``, ``reasons`` (codes joined by ``;``), ``unknown`` (the
        numbers of the rules that could not be told, joined by ``;``).
    faults
        Required candidates that a rule forbids (errors), rules that contradict each other (warnings).
    """

    table: pd.DataFrame
    marks: pd.DataFrame
    faults: tuple[Fault, ...]


def screen(candidates: gpd.GeoDataFrame, rules: Sequence[Screen], around: Around, *, file: str = "") -> Screening:
    """Hold every candidate against every rule.

    Parameters
    ----------
    candidates
        Canonical candidates, in the CRS of ``around``'s layers. A polygon is judged with all its ground.
    rules
        As `planning.plan` reads them; without any, every candidate keeps its role.
    around
        The layers the rules name, the least sizes the document states, and how people walk. `check` says beforehand
        what is missing.
    file
        The plan's file, for the faults.

    Returns
    -------
    Screening
        Every candidate is in it. The table's own ``role`` weighs more than a rule, ``forbidden`` more than
        ``required``; both contradictions are told. No answer depends on the order of rows.

    Notes
    -----
    Distances are straight from shape to shape, or along the network, in whole millimetres; limits are inclusive.
    Numbers are compared as exact decimals.
    """
    ordered = candidates.sort_values("facility_id", kind="stable").reset_index(drop=True)
    found = [apply(ordered, rule, around) for rule in rules]
    parts = [_rows(ordered, number, rule, one) for number, (rule, one) in enumerate(zip(rules, found, strict=True), 1)]
    table = _together(parts)
    marks = _marks(ordered, table)
    return Screening(table, marks, tuple(_contradictions(ordered, table, file)))


def _rows(candidates: gpd.GeoDataFrame, number: int, rule: Screen, found: Found) -> pd.DataFrame:
    """Return what one rule found, a row a candidate."""
    verdict = [_verdict(rule, outcome) for outcome in found.outcome]
    return pd.DataFrame(
        {
            "facility_id": candidates["facility_id"],
            "name": candidates["name"],
            "rule_number": number,
            "rule": rule.rule,
            "rule_name": rule.name or None,
            "value": pd.Series(found.value, dtype="str"),
            "limit": found.limit,
            "unit": found.unit or None,
            "target": pd.Series(found.target, dtype="str") if found.target is not None else None,
            "outcome": found.outcome,
            "verdict": verdict,
            "reason": found.reason,
        }
    )


def _verdict(rule: Screen, outcome: str) -> str:
    if outcome == UNKNOWN:
        return "forbidden" if rule.unknown == "forbid" else "flagged"
    return _VERDICTS.get((rule.verdict, outcome), "")


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the parts as one table, by candidate and rule; without rules a table without rows."""
    text = {name: "str" for name in COLUMNS if name != "rule_number"} | {"rule_number": "int64"}
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=text[name]) for name in COLUMNS})
    table = pd.concat([part.astype(text) for part in parts], ignore_index=True)[list(COLUMNS)]
    return table.sort_values(["facility_id", "rule_number"], kind="stable", ignore_index=True)


def _marks(candidates: gpd.GeoDataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return role, preference and reasons of each candidate; its own role comes first."""
    ids = pd.Index(candidates["facility_id"], name="facility_id")
    own = candidates["role"].set_axis(ids)
    told = {word: ids.isin(table.loc[table["verdict"] == word, "facility_id"]) for word in (*_ROLES, "preferred")}
    forbidden = (own == "forbidden").to_numpy(dtype=bool) | told["forbidden"]
    required = (own == "required").to_numpy(dtype=bool) | told["required"]
    role = np.select([forbidden, required], ["forbidden", "required"], "candidate")
    doubtful = table[table["outcome"] == UNKNOWN]
    return pd.DataFrame(
        {
            "role_used": pd.Series(role, ids, dtype="str"),
            "preferred": pd.Series(told["preferred"] & ~forbidden, ids, dtype="bool"),
            "reasons": _reasons(own, table),
            "unknown": doubtful["rule_number"]
            .astype("str")
            .groupby(doubtful["facility_id"])
            .agg(";".join)
            .reindex(ids),
        }
    ).astype({"reasons": "str", "unknown": "str"})


def _reasons(own: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Return the codes that say why a candidate is marked as it is: its own role, then rule by rule, each once."""
    given = own[own.isin(_ROLES)].radd("given_")
    marked = table[table["verdict"] != ""]
    by_mark = {"required": "required_by_rule", "preferred": "preferred_by_rule"}
    codes = marked["reason"].where(marked["reason"] != "", marked["verdict"].map(by_mark))
    every = pd.concat([given, codes.set_axis(pd.Index(marked["facility_id"], name="facility_id"))])
    joined: pd.Series = every.groupby(level=0, sort=True).agg(lambda one: ";".join(dict.fromkeys(one)))
    return joined.reindex(own.index)


def _contradictions(candidates: gpd.GeoDataFrame, table: pd.DataFrame, file: str) -> list[Fault]:
    """Name the candidates that the table requires and a rule forbids, and those that a rule requires in vain."""
    own = candidates.set_index("facility_id")["role"]
    forbidden = table[table["verdict"] == "forbidden"]
    refused = forbidden[forbidden["facility_id"].map(own) == "required"]
    faults = [_fault("screen_required_forbidden", row, file, "error") for row in refused.to_dict("records")]
    barred = {*forbidden["facility_id"], *own.index[own == "forbidden"]}
    required = table[(table["verdict"] == "required") & table["facility_id"].isin(barred)]
    faults += [_fault("screen_require_forbidden", row, file, "warning") for row in required.to_dict("records")]
    return faults


def _fault(code: str, row: dict[Any, Any], file: str, severity: Any) -> Fault:
    told = {"found": "value", "limit": "limit", "rule": "rule", "rule_number": "rule_number"}
    column = f"siting.screen[{row['rule_number']}]"
    return Fault(
        code,
        severity,
        file=file,
        column=column,
        value=str(row["facility_id"]),
        facts={name: "—" if pd.isna(row[key]) else row[key] for name, key in told.items()},
    )
