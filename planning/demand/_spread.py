"""Private to `planning.demand`: the people of a unit spread over the areas in it that state none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

PEOPLE: Final = ("residents", "elderly")


@dataclass(frozen=True)
class Spread:
    """Areas with the people of their units spread over them.

    Attributes
    ----------
    residential
        The table given, with the cells filled in and ``residents_spread``, ``elderly_spread``: True where the cell was
        filled, so that an estimate never looks like a count.
    left
        ``unit_id, weight, reason``: units whose figure could not be spread. ``more_than_unit`` (its areas state more
        than the unit has), ``nothing_left`` (they state all of it), ``households_missing`` or ``households_zero`` (of
        the areas that state none), ``inner_unit_left`` (a unit inside it was left).
    """

    residential: gpd.GeoDataFrame
    left: pd.DataFrame


def spread(residential: gpd.GeoDataFrame, units: gpd.GeoDataFrame, unit_of_area: Sequence[pd.Series[str]]) -> Spread:
    """Give areas that state no residents, or no elderly, their part of their unit's, by households.

    Parameters
    ----------
    residential
        ``residential_id, households, residents, elderly``.
    units
        ``unit_id, residents, elderly``.
    unit_of_area
        By ``residential_id`` the unit an area lies in, from the smallest kind of unit to the largest. An area is given
        its part of the first that states a figure.

    Returns
    -------
    Spread
        What the areas of a unit state is taken off its figure; the rest is parted by households among the others, in
        whole persons by the largest remainder (Hare; ties by id), so that the parts add up to the rest exactly; a rest
        with a fraction in thousandths. Everyone of a unit is taken to live in one of its areas.
    """
    ids = pd.Index(residential["residential_id"])
    table = pd.DataFrame(residential[["households", *PEOPLE]].set_index(ids)).astype(float)
    filled = residential.copy()
    left = []
    for weight in PEOPLE:
        figures = units.set_index("unit_id")[weight].astype(float).dropna()
        value, blocked = table[weight].copy(), pd.Series(False, index=ids)  # noqa: FBT003
        for unit in unit_of_area:
            asked = value.isna() & unit.reindex(ids).isin(figures.index)
            found = _one_kind(value, table["households"], unit.reindex(ids), figures, blocked)
            value = value.fillna(found.parts)
            blocked |= asked & value.isna()
            left += [(name, weight, reason) for name, reason in found.left.items()]
        filled[f"{weight}_spread"] = (value.notna() & table[weight].isna()).to_numpy()
        filled[weight] = value.to_numpy()
    return Spread(filled, pd.DataFrame(left, columns=["unit_id", "weight", "reason"]))


@dataclass(frozen=True)
class _Parts:
    """The parts of areas, by id, and the reason of each unit that was left."""

    parts: pd.Series[float]
    left: pd.Series[str]


def _one_kind(
    value: pd.Series[float],
    households: pd.Series[float],
    unit: pd.Series[str],
    figures: pd.Series[float],
    blocked: pd.Series[bool],
) -> _Parts:
    """Spread the figures of one kind of unit over the areas without a value."""
    inside = pd.DataFrame({"unit": unit, "value": value, "households": households, "blocked": blocked})
    inside = inside[inside["unit"].isin(figures.index)]
    lacking = inside[inside["value"].isna()]
    stated = _thousandths(inside["value"].fillna(0.0)).groupby(inside["unit"]).sum()
    by_unit = lacking.groupby("unit")
    rest = (_thousandths(figures) - stated).reindex(by_unit.size().index)
    reason = np.select(
        [
            by_unit["blocked"].any(),
            rest < 0,
            rest == 0,
            lacking["households"].isna().groupby(lacking["unit"]).any(),
            by_unit["households"].sum() <= 0,
        ],
        ["inner_unit_left", "more_than_unit", "nothing_left", "households_missing", "households_zero"],
        "",
    )
    why = pd.Series(reason, index=rest.index, dtype="str")
    open_areas = lacking[lacking["unit"].map(why) == ""]
    parts = _largest_remainder(rest, open_areas["unit"], _thousandths(open_areas["households"]))
    return _Parts(parts, why[why != ""])


def _thousandths(values: pd.Series[float]) -> pd.Series[int]:
    """Return values in whole thousandths, so that sums are exact."""
    return (values * 1000).round().astype("int64")


def _largest_remainder(rest: pd.Series[int], unit: pd.Series[str], weight: pd.Series[int]) -> pd.Series[float]:
    """Part the rest of each unit among its areas by weight; ``rest`` in thousandths, as the parts are found."""
    names = unit.to_numpy()
    total = weight.groupby(unit).sum().reindex(names).to_numpy(dtype=object)
    people = rest.reindex(names).to_numpy(dtype=np.int64)
    grain = np.where(people % 1000 == 0, 1000, 1)
    asked = people // grain
    # Python's whole numbers have no largest: a city's people times its households may pass 64 bits in thousandths.
    share = asked.astype(object) * weight.to_numpy(dtype=object)
    facts = {"unit": names, "floor": share // total, "remainder": share % total, "asked": asked, "grain": grain}
    table = pd.DataFrame(facts, index=unit.index).sort_index()
    table = table.sort_values(["unit", "remainder"], ascending=[True, False], kind="stable")
    floor = table["floor"].astype("int64")
    short = table["asked"] - floor.groupby(table["unit"]).transform("sum")
    one_more = table.groupby("unit").cumcount() < short
    return ((floor + one_more) * table["grain"]).reindex(unit.index).astype(float) / 1000
