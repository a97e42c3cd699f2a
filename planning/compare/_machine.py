"""Room `planning.compare`: the comparison for machines, ``compare.json``; words of people stand only in its faults."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import pandas as pd

from planning.compare import _sums, _values
from planning.compare._faults import of as faults_of
from planning.compare._folder import Side
from planning.compare._held import Comparison

TOOL: Final = "planning-compare"
SCHEMA: Final = 1


def record(held: Comparison) -> dict[str, Any]:
    """Return everything a comparison found, as plain values."""
    corners = held.corners
    return {
        "tool": TOOL,
        "schema": SCHEMA,
        "runs": {"a": _run(held.a), "b": _run(held.b)},
        "method": held.method,
        "differing": list(held.differing),
        "idle": [] if corners is None else list(corners.idle),
        "corners": 0 if corners is None else 1 << len(corners.active),
        "differences": [asdict(one) for one in held.differences],
        "missing": {run: list(names) for run, names in sorted(held.missing.items())},
        "not_compared": list(held.left_out),
        "totals": _sums.totals(held),
        "by_category": _rows(_sums.by_category(held)),
        "by_aspect": _rows(_sums.by_aspect(held)),
        "by_status": [{**row, "before": _values.value_of(row["before"]), "after": _values.value_of(row["after"])}
                      for row in _rows(_sums.by_status(held))],
        "by_street": _rows(_sums.by_street(held)),
        "coverage": _rows(_sums.bridges(held)),
        "areas": _rows(held.areas.reset_index()),
        "changes": [_change(row) for row in _rows(held.changes)],
        "cancelled": [{**row, "value": _values.value_of(row["value"]), "sufficient": sets(row["sufficient"]),
                       "would_be": _values.value_of(row["would_be"])} for row in _rows(held.cancelled)],
        "faults": [fault.as_dict() for fault in faults_of(held)],
    }  # fmt: skip


def _run(side: Side) -> dict[str, Any]:
    said = side.record
    return {
        "folder": side.name,
        "run_id": side.run_id,
        "plan": said["plan"]["name"],
        "as_of": said["parameters"]["as_of"],
        "standard": said["standard"]["id"],
        "crs": said["crs"],
        "areas": len(side.areas),
    }


def _change(row: dict[str, Any]) -> dict[str, Any]:
    """Return a changed value; ``absent_a`` and ``absent_b`` tell a cell that is not there from an empty one."""
    return {
        **{name: row[name] for name in ("kind", "id", "aspect")},
        "before": _values.value_of(row["before"]),
        "after": _values.value_of(row["after"]),
        "absent_a": row["before"] == _values.ABSENT,
        "absent_b": row["after"] == _values.ABSENT,
        "cause": row["cause"],
        "sufficient": sets(row["sufficient"]),
        "undoing": sets(row["undoing"]),
        "possible": [one for one in row["possible"].split("|") if one],
    }


def sets(label: str) -> list[list[str]]:
    """Return a label of causes as lists of causes."""
    return [one.split("+") for one in label.split("|")] if label else []


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(name): value.item() if hasattr(value, "item") else value for name, value in row.items()}
        for row in plain.to_dict("records")
    ]
