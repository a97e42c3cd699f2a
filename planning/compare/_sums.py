"""Room `planning.compare`: the sums of a comparison, each of which foots: by cause, by street, by level."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from planning.compare import _values
from planning.compare._attribute import UNPROVEN
from planning.compare._folder import Side
from planning.compare._held import CATEGORIES, Comparison
from planning.tables import LEVELS

WEIGHTS: Final = ("households", "elderly")
NO_STREET: Final = ""
_STEPS: Final = ("gained", "lost", "part", "own", "added", "removed")


def totals(held: Comparison) -> dict[str, int]:
    """Return how many areas there are in either run, and in each category; the categories add up to ``union``."""
    counts = held.areas["category"].value_counts()
    return {"union": len(held.areas), **{name: int(counts.get(name, 0)) for name in CATEGORIES}}


def by_cause(held: Comparison) -> pd.DataFrame:
    """Return the areas whose status changed by what caused it: ``cause, areas, households``; each area once."""
    return _grouped(held.areas[held.areas["category"] == "changed"], ["cause"])


def by_category(held: Comparison) -> pd.DataFrame:
    """Return all areas by category and cause: ``category, cause, areas, households``; they add up to the union."""
    frame = _grouped(held.areas, ["category", "cause"])
    order = frame["category"].map({name: place for place, name in enumerate(CATEGORIES)})
    return frame.assign(order=order).sort_values(["order", "cause"], ignore_index=True).drop(columns="order")


def unstated(held: Comparison, cause: str) -> int:
    """Return how many areas, of those whose status changed by ``cause``, do not state their households."""
    rows = held.areas[(held.areas["category"] == "changed") & (held.areas["cause"] == cause)]
    return int(rows["households_b"].isna().sum())


def by_aspect(held: Comparison) -> pd.DataFrame:
    """Return the changed values by kind, aspect and cause: ``kind, aspect, sufficient, undoing, values``."""
    keys = ["kind", "aspect", "sufficient", "undoing"]
    return held.changes.groupby(keys, sort=True).size().rename("values").reset_index()


def by_street(held: Comparison) -> pd.DataFrame:
    """Return by street (``""``: in none) how many areas are in each category and, of the changed, in each cause."""
    frame = held.areas.assign(street=held.areas["street"].fillna(NO_STREET))
    table = pd.crosstab(frame["street"], frame["category"]).reindex(columns=list(CATEGORIES), fill_value=0)
    changed = frame[frame["category"] == "changed"]
    causes = pd.crosstab(changed["street"], changed["cause"]).reindex(table.index, fill_value=0)
    return table.assign(union=table.sum(axis=1)).join(causes.add_prefix("cause:")).reset_index()


def by_status(held: Comparison) -> pd.DataFrame:
    """Return every change of status: ``aspect, before, after, sufficient, areas, households`` (those of run B)."""
    rows = held.changes[(held.changes["kind"] == "area") & held.changes["aspect"].map(_values.is_status).astype(bool)]
    keys = ["aspect", "before", "after", "sufficient"]
    frame = rows[["id", *keys]].join(held.areas["households_b"], on="id")
    summed = frame.groupby(keys, sort=True).agg(areas=("id", "size"), households=("households_b", _known))
    return summed.reset_index()


def bridges(held: Comparison) -> pd.DataFrame:
    """Return how the covered weights of run A become those of run B: ``level, weight, step, cause, areas, amount``.

    Steps: ``before``; then ``gained``, ``lost`` and ``part`` (covered in both runs, by another share), each by cause;
    ``own`` (covered alike, but the area's own number differs), ``added``, ``removed``; ``after``. What lies between
    adds up to the difference. Amounts are share × weight, as the runs count. A weight that a run does not know of any
    area is unknown and not 0: there is no bridge of it.
    """
    levels = [level for level in LEVELS if "coverage" not in held.left_out and _has(held, f"{level}_share")]
    known = [weight for weight in WEIGHTS if all(side.areas[weight].notna().any() for side in (held.a, held.b))]
    parts = [_bridge(held, level, weight) for level in levels for weight in known]
    columns = ["level", "weight", "step", "cause", "areas", "amount"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _has(held: Comparison, column: str) -> bool:
    return column in held.a.areas or column in held.b.areas


def _bridge(held: Comparison, level: str, weight: str) -> pd.DataFrame:
    ids = held.areas.index
    before, after = (_amount(side, level, weight, ids) for side in (held.a, held.b))
    step = _steps(held, level, ids, before != after)
    cause = _cause_of_steps(held, level, step)
    frame = pd.DataFrame({"step": step, "cause": cause, "delta": after - before})
    frame = frame[frame["step"] != ""]
    rows = frame.groupby(["step", "cause"], sort=False).agg(areas=("delta", "size"), amount=("delta", _sum))
    body = rows.reset_index()
    ordered = body.assign(order=body["step"].map(_STEPS.index)).sort_values(["order", "cause"], ignore_index=True)
    ends = [
        pd.DataFrame({"step": [name], "cause": [""], "areas": [_covered(side, level)], "amount": [_sum(amount)]})
        for name, side, amount in (("before", held.a, before), ("after", held.b, after))
    ]
    return pd.concat([ends[0], ordered.drop(columns="order"), ends[1]], ignore_index=True).assign(
        level=level, weight=weight
    )


def _covered(side: Side, level: str) -> int:
    """Return how many areas are covered, wholly or in part, with the number of their people or without."""
    return int((side.areas.get(f"{level}_share", pd.Series(0.0, side.areas.index)) > 0).sum())


def _amount(side: Side, level: str, weight: str, ids: pd.Index) -> pd.Series:
    """Return share × weight of every area, 0 where either is unknown or the area is not in the run."""
    share = side.areas.get(f"{level}_share", pd.Series(0.0, side.areas.index))
    amount: pd.Series = (share * side.areas[weight]).reindex(ids).astype(float).fillna(0.0)
    return amount


def _steps(held: Comparison, level: str, ids: pd.Index, moved: pd.Series) -> pd.Series:
    category = held.areas["category"]
    status = [side.areas.get(f"{level}_status", pd.Series(dtype=object)).reindex(ids) for side in (held.a, held.b)]
    was, is_now = (one == "covered" for one in status)
    rows = held.changes
    part = ids.isin(rows.loc[(rows["kind"] == "area") & (rows["aspect"] == f"{level}_share"), "id"])
    steps = np.select(
        [category == "added", category == "removed", ~was & is_now, was & ~is_now, moved & part, moved],
        ["added", "removed", "gained", "lost", "part", "own"],
        default="",
    )
    outside = np.isin(steps, ("added", "removed")) & ~(was | is_now).to_numpy()
    return pd.Series(np.where(outside, "", steps), ids)


def _cause_of_steps(held: Comparison, level: str, step: pd.Series) -> pd.Series:
    """Return the cause of each step: of the status, of the share, of the area's being there; its own number is data."""
    rows = held.changes[held.changes["kind"] == "area"].set_index("id")
    said = {
        name: rows.loc[rows["aspect"] == name, "sufficient"].replace("", UNPROVEN)
        for name in (f"{level}_status", f"{level}_share", _values.PRESENCE)
    }
    tells = {"gained": f"{level}_status", "lost": f"{level}_status", "part": f"{level}_share",
             "added": _values.PRESENCE, "removed": _values.PRESENCE}  # fmt: skip
    found = pd.Series("", step.index, dtype=object)
    for name, aspect in tells.items():
        found = found.where(step != name, said[aspect].reindex(step.index).fillna(""))
    return found.where(step != "own", "own")


def _grouped(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    weight = rows["households_b"].where(rows["category"] != "removed", rows["households_a"])
    summed = rows.assign(weight=weight).groupby(keys, sort=True)["weight"].agg(["size", _known])
    return summed.set_axis(["areas", "households"], axis=1).reset_index()


def _sum(values: pd.Series) -> float:
    return math.fsum(values.dropna())


def _known(values: pd.Series) -> float:
    """Return the sum of what is known; of nothing known, nothing."""
    return _sum(values) if values.notna().any() else math.nan
