"""Room `planning.scenario`: two scenarios side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.scenario._engine import Figures

WEIGHTS: Final = ("elderly", "residents", "households", "residential")
CHANGES: Final = ("gained", "lost", "both", "neither")


@dataclass(frozen=True, eq=False)
class Difference:
    """What scenario B changes against scenario A.

    Attributes
    ----------
    settings
        The parameters that differ, with both values: where there are any that decide distances, days or documents the
        figures do not measure the same thing.
    levels
        One row a level and weight: ``level, weight, a, b, delta`` (covered), ``a_share, b_share``; the level
        ``planned`` is that of the new sites once they are open.
    streets
        One row a street, largest change first: ``unit_id, name, total, a, b, delta`` of the weight asked for.
    compliance
        ``figure, a, b, delta``.
    areas
        By ``residential_id``: ``a, b`` (statuses after) and ``change``: one of `CHANGES`.
    """

    settings: Mapping[str, tuple[Any, Any]]
    levels: pd.DataFrame
    streets: pd.DataFrame
    compliance: pd.DataFrame
    areas: pd.DataFrame


def difference(one: Figures, other: Figures, *, weight: str = "elderly") -> Difference:
    """Return what ``other`` changes against ``one``; a figure that either lacks has no difference.

    Parameters
    ----------
    weight
        What streets are compared by.
    """
    mine, theirs = asdict(one.settings), asdict(other.settings)
    return Difference(
        settings={key: (mine[key], theirs[key]) for key in mine if mine[key] != theirs[key]},
        levels=_levels(one, other),
        streets=_streets(one, other, weight),
        compliance=_compliance(one, other),
        areas=_areas(one, other),
    )


def _levels(one: Figures, other: Figures) -> pd.DataFrame:
    sides = [{**side.coverage, **({} if side.after is None else {"planned": side.after})} for side in (one, other)]
    names = [name for name in sides[0] if name in sides[1]]
    rows = [
        {
            "level": name,
            "weight": weight,
            "a": sides[0][name].get(f"{weight}_covered"),
            "b": sides[1][name].get(f"{weight}_covered"),
            "a_share": sides[0][name].get(f"{weight}_share"),
            "b_share": sides[1][name].get(f"{weight}_share"),
        }
        for name in names
        for weight in WEIGHTS
        if sides[0][name].get(f"{weight}_total") is not None
    ]
    columns = ["level", "weight", "a", "b", "a_share", "b_share"]
    return _with_delta(pd.DataFrame(rows, columns=columns))


def _streets(one: Figures, other: Figures, weight: str) -> pd.DataFrame:
    if f"{weight}_after" not in one.streets or f"{weight}_after" not in other.streets:
        return pd.DataFrame(columns=["unit_id", "name", "total", "a", "b", "delta"])
    mine = one.streets.set_index("unit_id")
    theirs = other.streets.set_index("unit_id")
    table = pd.DataFrame(
        {"name": mine["name"], "total": mine[f"{weight}_total"], "a": mine[f"{weight}_after"],
         "b": theirs[f"{weight}_after"]}
    ).reset_index()  # fmt: skip
    table = _with_delta(table)
    order = table.assign(size=-table["delta"].abs()).sort_values(["size", "unit_id"]).index
    return table.loc[order].reset_index(drop=True)


def _compliance(one: Figures, other: Figures) -> pd.DataFrame:
    rows = [{"figure": name, "a": one.compliance[name], "b": other.compliance.get(name)} for name in one.compliance]
    return _with_delta(pd.DataFrame(rows, columns=["figure", "a", "b"]))


def _with_delta(table: pd.DataFrame) -> pd.DataFrame:
    numbers = {name: pd.to_numeric(table[name]).astype("float64") for name in ("a", "b")}
    return table.assign(**numbers, delta=numbers["b"] - numbers["a"])


def _areas(one: Figures, other: Figures) -> pd.DataFrame:
    table = pd.DataFrame({"a": one.areas["after"], "b": other.areas["after"]})
    inside = [(table[name] == "covered").to_numpy() for name in ("a", "b")]
    change = np.select([~inside[0] & inside[1], inside[0] & ~inside[1], inside[0] & inside[1]], CHANGES[:3], CHANGES[3])
    return table.assign(change=pd.Series(change, index=table.index, dtype="str"))
