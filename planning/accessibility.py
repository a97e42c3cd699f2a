"""How much service people can get at: two-step floating catchments, overlap, and how evenly it is spread.

All are short functions of the `reach` table. A 2SFCA score has no unit a law knows, so none stands in a headline: they
are read beside coverage, never in its place. What is undefined is said to be, and left out of every mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.errors import Fault, refuse

Decay = Literal["none", "gaussian"]
Floats = NDArray[np.float64]
STATES: Final = ("defined", "no_demand", "demand_missing", "supply_missing")
RATIO_STATES: Final = ("defined", "no_demand", "supply_missing")


@dataclass(frozen=True, eq=False)
class Access2SFCA:
    """The two steps of a floating catchment.

    Attributes
    ----------
    ratios
        By ``facility_id``, ascending: ``ratio`` (supply per person within the radius), ``demand`` (people within the
        radius, by decay), ``state``: ``defined``, ``no_demand`` (nobody lives within the radius: supply / 0 is no
        number), ``supply_missing``. NaN unless defined.
    scores
        By ``demand_id``, in the order given: ``score`` (supply per person, added over the facilities within the
        radius; 0 where there is none), ``state``: ``defined``, ``no_demand`` (no people: a score for nobody),
        ``demand_missing``, ``supply_missing`` (the supply of a facility within the radius is not known). NaN unless
        defined.
    """

    ratios: pd.DataFrame
    scores: pd.DataFrame


@dataclass(frozen=True)
class Evenness:
    """One figure of inequality, and what it leaves out.

    Attributes
    ----------
    value
        None where no row is left.
    counted, excluded
        Rows with a finite value and a positive weight, and the others.
    excluded_share
        excluded / all rows; None of no rows.
    note
        ``all_zero`` where every value counted is 0, which is called even; ``nothing_counted``; else empty.
    """

    value: float | None
    counted: int
    excluded: int
    excluded_share: float | None
    note: str


def two_step(
    reach: pd.DataFrame, supply: pd.Series[float], demand: pd.Series[float], *, radius_m: float, decay: Decay = "none"
) -> Access2SFCA:
    """Share each facility's supply among the people who reach it, and add up what each place gets.

    Parameters
    ----------
    reach
        ``facility_id, demand_id, distance_m``, each pair once; an absent pair is out of reach. Pairs of facilities or
        places that ``supply`` and ``demand`` do not name are left out.
    supply
        By ``facility_id``: beds or floor area, 0 or more; missing: unknown.
    demand
        By ``demand_id``: people, 0 or more; missing: unknown, counted as nobody in the first step.
    radius_m
        Inclusive, compared in whole millimetres.
    decay
        ``none``: everybody within the radius counts alike (Luo and Wang 2003). ``gaussian``: by
        (exp(−½ (d/r)²) − exp(−½)) / (1 − exp(−½)), 1 at the door and 0 at the radius (Dai 2010).

    Returns
    -------
    Access2SFCA
        Where every supply is known, people × score, added over the places, is the supply of the facilities whose ratio
        is defined.

    Raises
    ------
    InputRefused
        Supply or demand negative or infinite, an id twice, a radius not above 0, a pair twice or a distance negative
        or missing.
    """
    refuse([*_table_faults(supply, "supply"), *_table_faults(demand, "demand"), *_reach_faults(reach, radius_m)])
    supply = supply.sort_index().astype(float)
    pairs = _within(reach, supply, demand, radius_m)
    weight = _DECAYS[decay](pairs["distance_m"].to_numpy(dtype=float) / radius_m)
    people = demand.astype(float).fillna(0.0)
    asked = weight * people.loc[pairs["demand_id"]].to_numpy()
    total = _sum_by(asked, pairs["facility_id"], supply.index)
    ratio = (supply / total.where(total > 0)).rename("ratio")
    states = np.select([supply.isna(), total <= 0], ["supply_missing", "no_demand"], "defined")
    ratios = pd.DataFrame({"ratio": ratio, "demand": total, "state": pd.array(states, dtype="str")})
    got = weight * ratio.fillna(0.0).loc[pairs["facility_id"]].to_numpy()
    score = _sum_by(got, pairs["demand_id"], demand.index)
    unsure = pairs.loc[(weight > 0) & supply.isna().loc[pairs["facility_id"]].to_numpy(), "demand_id"]
    state = np.select(
        [demand.isna(), demand <= 0, demand.index.isin(unsure)],
        ["demand_missing", "no_demand", "supply_missing"],
        "defined",
    )
    scores = pd.DataFrame({"score": score.where(state == "defined"), "state": pd.array(state, dtype="str")})
    return Access2SFCA(ratios.rename_axis("facility_id"), scores.rename_axis("demand_id"))


def summarise(found: Access2SFCA, demand: pd.Series[float]) -> dict[str, Any]:
    """Return the figures of a floating catchment: the mean per person, its evenness, and what was left out.

    Returns
    -------
    dict
        ``mean`` (over people; None where nothing is defined), ``areas_defined``, ``areas_excluded``,
        ``areas_without_access`` (defined and 0), ``facilities_undefined`` (by state), ``gini`` and ``theil`` (see
        `Evenness`), over people.
    """
    defined = found.scores["state"] == "defined"
    people = demand.astype(float).where(defined, 0.0).fillna(0.0)
    total = math.fsum(people)
    states = found.ratios["state"].value_counts()
    return {
        "mean": math.fsum(found.scores["score"].fillna(0.0) * people) / total if total > 0 else None,
        "areas_defined": int(defined.sum()),
        "areas_excluded": int((~defined).sum()),
        "areas_without_access": int((found.scores["score"] == 0).sum()),
        "facilities_undefined": {name: int(states.get(name, 0)) for name in RATIO_STATES[1:]},
        "gini": vars(gini(found.scores["score"], demand)),
        "theil": vars(theil(found.scores["score"], demand)),
    }


def overlap(served_by: pd.Series[int], weights: pd.DataFrame) -> list[dict[str, Any]]:
    """Count areas and people by the number of facilities that serve them.

    Parameters
    ----------
    served_by
        By ``demand_id``: number of facilities within the radius.
    weights
        By ``demand_id``, one column a weight; missing cells add nothing.

    Returns
    -------
    list of dict
        ``facilities, areas`` and each weight, ascending by facilities; the rows add up to the whole.
    """
    rows = []
    for count, ids in served_by.groupby(served_by).groups.items():
        inside = weights.loc[ids]
        sums = {str(name): math.fsum(inside[name].dropna()) for name in inside.columns}
        rows.append({"facilities": int(str(count)), "areas": len(ids), **sums})
    return sorted(rows, key=lambda row: row["facilities"])


def gini(values: pd.Series[float], weights: pd.Series[float] | None = None) -> Evenness:
    """Return the Gini coefficient: 0 where all have the same, towards 1 where one has all.

    Parameters
    ----------
    values
        0 or more; NaN and infinite ones are left out and counted.
    weights
        On the same index, how many have the value; missing or 0: the row is left out. None: 1 each.

    Returns
    -------
    Evenness
        Half the mean difference of two people drawn, over the mean (Gini 1912): with n alike people, of whom one has
        all, 1 − 1/n. All zero is 0, with a note.

    Raises
    ------
    InputRefused
        If a value or weight is negative.
    """
    return _evenness(values, weights, _gini)


def theil(values: pd.Series[float], weights: pd.Series[float] | None = None) -> Evenness:
    """Return Theil's T (1967): the mean of x/μ · ln(x/μ), 0 where all have the same; x = 0 adds 0.

    Parameters, returns, raises as `gini`; the largest value is ln(n) where one of n people has all.
    """
    return _evenness(values, weights, _theil)


def lorenz(values: pd.Series[float], weights: pd.Series[float] | None = None) -> pd.DataFrame:
    """Return the Lorenz curve: what share of the whole the people with the least of it have together (Lorenz 1905).

    Parameters
    ----------
    values, weights
        As `gini`, which is twice the area between this curve and the diagonal; rows it leaves out are left out.

    Returns
    -------
    DataFrame
        ``people_share, value_share``, from (0, 0) to (1, 1), ascending, one point a row counted. Where all values are
        0 the curve is the diagonal; without any row it is empty.
    """
    weights = pd.Series(1.0, index=values.index) if weights is None else weights
    refuse([*_negative(values, "values"), *_negative(weights, "weights")])
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    counted = np.isfinite(x) & np.isfinite(w) & (w > 0)
    if not counted.any():
        return pd.DataFrame({"people_share": [], "value_share": []}, dtype=float)
    x, w = x[counted], w[counted]
    order = np.lexsort((w, x))
    people, got = np.cumsum(w[order]), np.cumsum((w * x)[order])
    people_share = np.concatenate([[0.0], people / people[-1]])
    value_share = np.concatenate([[0.0], got / got[-1]]) if got[-1] > 0 else people_share
    return pd.DataFrame({"people_share": people_share, "value_share": value_share})


# ------------------------------------------------------------------------------------------------------------ two steps


def _within(reach: pd.DataFrame, supply: pd.Series[Any], demand: pd.Series[Any], radius_m: float) -> pd.DataFrame:
    """Return the pairs within the radius that both tables name, in canonical order."""
    near = np.rint(reach["distance_m"].to_numpy(dtype=float) * 1000) <= int(Decimal(str(radius_m)) * 1000)
    named = reach["facility_id"].isin(supply.index) & reach["demand_id"].isin(demand.index)
    pairs: pd.DataFrame = reach[near & named].sort_values(["facility_id", "demand_id"], ignore_index=True)
    return pairs


def _alike(share: Floats) -> Floats:
    return np.ones_like(share)


def _gaussian(share: Floats) -> Floats:
    edge = math.exp(-0.5)
    return np.maximum((np.exp(-0.5 * share**2) - edge) / (1 - edge), 0.0)


_DECAYS: Final[dict[Decay, Callable[[Floats], Floats]]] = {"none": _alike, "gaussian": _gaussian}


def _sum_by(values: Floats, ids: pd.Series[str], index: pd.Index[Any]) -> pd.Series[float]:
    """Add values by id, exactly rounded, so that no order of rows shows; 0 for an id without any."""
    sums = pd.Series(values, index=pd.Index(ids)).groupby(level=0).agg(math.fsum)
    return sums.reindex(index).fillna(0.0).astype(float)


def _table_faults(values: pd.Series[float], what: str) -> list[Fault]:
    """Refuse what would enter a sum as a wrong number."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    wrong = values.index[(numbers < 0) | np.isinf(numbers)]
    twice = values.index[values.index.duplicated()].unique()
    found = []
    for code, ids in (("accessibility_number", wrong), ("accessibility_twice", twice)):
        if len(ids):
            found.append(Fault(code, column=what, value=", ".join(map(str, ids[:10])), facts={"count": len(ids)}))
    return found


def _reach_faults(reach: pd.DataFrame, radius_m: float) -> list[Fault]:
    distance = reach["distance_m"].to_numpy(dtype=float, na_value=np.nan)
    wrong = np.isnan(distance) | (distance < 0) | reach.duplicated(["facility_id", "demand_id"]).to_numpy()
    faults = []
    if wrong.any():
        named = reach.loc[wrong, ["facility_id", "demand_id"]].astype(str).agg("–".join, axis=1)
        facts = {"count": int(wrong.sum())}
        faults.append(Fault("accessibility_pairs", column="reach", value=", ".join(named[:10]), facts=facts))
    if not radius_m > 0 or math.isinf(radius_m):
        faults.append(Fault("accessibility_radius", column="radius_m", value=str(radius_m)))
    return faults


# ------------------------------------------------------------------------------------------------------------- evenness


def _evenness(
    values: pd.Series[float], weights: pd.Series[float] | None, measure: Callable[[Floats, Floats], float]
) -> Evenness:
    weights = pd.Series(1.0, index=values.index) if weights is None else weights
    refuse([*_negative(values, "values"), *_negative(weights, "weights")])
    x = np.asarray(values, dtype=np.float64)
    w = np.asarray(weights, dtype=np.float64)
    counted = np.isfinite(x) & np.isfinite(w) & (w > 0)
    excluded = int((~counted).sum())
    facts = (int(counted.sum()), excluded, excluded / len(x) if len(x) else None)
    if not counted.any():
        return Evenness(None, *facts, "nothing_counted")
    x, w = x[counted], w[counted]
    if not x.any():
        return Evenness(0.0, *facts, "all_zero")
    order = np.lexsort((w, x))  # the same sum for every order of rows
    return Evenness(measure(x[order], w[order]), *facts, "")


def _negative(values: pd.Series[float], what: str) -> list[Fault]:
    wrong = values.index[values.to_numpy(dtype=float, na_value=np.nan) < 0]
    if not len(wrong):
        return []
    named = ", ".join(map(str, wrong[:10]))
    return [Fault("accessibility_number", column=what, value=named, facts={"count": len(wrong)})]


def _gini(x: Floats, w: Floats) -> float:
    """Return the Gini coefficient of ascending values: Σ w x (2 F − w) / (W Σ w x) − 1, F the weight up to each."""
    total, got = math.fsum(w), math.fsum(w * x)
    upto = np.cumsum(w)
    return max(math.fsum(w * x * (2 * upto - w)) / (total * got) - 1.0, 0.0)


def _theil(x: Floats, w: Floats) -> float:
    share = x * (math.fsum(w) / math.fsum(w * x))
    terms = share * np.log(np.where(share > 0, share, 1.0))
    return max(math.fsum(w * terms) / math.fsum(w), 0.0)
