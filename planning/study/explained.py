"""Asking why: the explanation of a siting plan, joined with what the tables say of its sites, and its equity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import accessibility, siting
from planning.siting import Depth, Explanation
from planning.study import layers
from planning.study.circles import cover_level
from planning.study.records import Ground, LevelCover, StudyInputs
from planning.study.sites import Choice, Question
from planning.study.told import Explained

PAIRS: Final = 200_000
CANDIDATES: Final = 300
SITES: Final = 12
"""Up to these sizes asking the model again takes seconds; beyond them a plan has to say ``explain = true``."""
_SHALLOW: Final = Depth(plans=0, further=-1)
_DEEP: Final = Depth()


def explain(inputs: StudyInputs, ground: Ground, choice: Choice) -> Explained | None:
    """Return why a plan is as it is; None where there is none, its model says so itself, or it is not asked."""
    question, solved = choice.question, choice.solved
    if inputs.plan.siting.explain is False or question is None or solved is None:
        return None
    if solved.model not in siting.EXPLAINED:
        return None
    whole = inputs.plan.siting.explain is True or _is_small(question, len(solved.sites))
    found = siting.explain(
        solved, question.reach, question.demand, options=question.options, depth=_DEEP if whole else _SHALLOW
    )
    facts = _facts(ground.facilities)
    drops = _drops(inputs, ground, choice, found.drops, facts)
    curve = _curve(found.curve, facts)
    equity, lorenz, figures = _equity(inputs, ground, choice)
    summary = _summary(found, drops, curve, {"streets": equity.to_dict("records"), **figures}) | {"whole": whole}
    return Explained(drops, found.swaps, found.why_not, found.plans, curve, equity, lorenz, summary, whole)


def _is_small(question: Question, sites: int) -> bool:
    """Say whether the model can be asked again some dozens of times: by sizes alone, never by the clock."""
    candidates = len(question.options["candidates"])
    return len(question.reach) <= PAIRS and candidates <= CANDIDATES and sites <= SITES


def _facts(facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the floor area and cost of every candidate."""
    offered = facilities[facilities["status"] == "candidate"].set_index("facility_id")
    return pd.DataFrame({"floor_area_m2": offered["max_floor_area_m2"], "cost": offered["cost"]}).astype(float)


def _drops(
    inputs: StudyInputs, ground: Ground, choice: Choice, drops: pd.DataFrame, facts: pd.DataFrame
) -> pd.DataFrame:
    """Return the drops in the ranks of the layer, with the coverage without each site and what a site gives."""
    ranked = drops.set_index("facility_id", drop=False).reindex(list(choice.layer["facility_id"]))
    cost = facts["cost"].reindex(ranked["facility_id"])
    area = choice.layer.set_index("facility_id")["floor_area_m2"].astype(float)
    gain = choice.layer.set_index("facility_id")["gain"].astype(float)
    without = [_without(inputs, ground, choice, site) for site in ranked["facility_id"]]
    names = ("covered", "lower", "upper")
    return ranked.assign(
        rank=np.arange(1, len(ranked) + 1),
        gain=gain,
        **{f"{name}_without": [one[name] for one in without] for name in names},
        floor_area_m2=area,
        cost=cost,
        gain_per_m2=_over(gain, area),
        gain_per_cost=_over(gain, cost),
    ).reset_index(drop=True)


def _without(inputs: StudyInputs, ground: Ground, choice: Choice, site: str) -> dict[str, Any]:
    """Return the coverage of the plan without one of its sites, with its bounds."""
    plan, facilities = inputs.plan, ground.facilities
    others = [one for one in choice.layer["facility_id"] if one != site]
    fixed = layers.serving(facilities, plan.siting.level)
    opened = facilities[facilities["facility_id"].isin(others)]
    found = cover_level(inputs, ground, layers.together(fixed, opened), radius_m=plan.siting_radius_m).summary
    return {name: found[f"{plan.siting.demand}_{name}"] for name in ("covered", "lower", "upper")}


def _over(amount: pd.Series, per: pd.Series) -> pd.Series:
    """Return ``amount`` for each unit; missing where there is none of it or it is not known."""
    return amount / per.where(per > 0)


def _curve(curve: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return the curve with the floor area and cost of its sites, unknown where one of them is.

    A floor area that the model chose stays.
    """
    sums = [facts.reindex(list(sites)).sum(min_count=len(sites)) for sites in curve["sites"]]
    added = pd.DataFrame(sums, index=curve.index, columns=["floor_area_m2", "cost"]).astype(float)
    more = added["cost"].diff()
    area = curve["floor_area_m2"].fillna(added["floor_area_m2"])
    return curve.assign(floor_area_m2=area, cost=added["cost"], adds_per_cost=_over(curve["adds"], more))


# --------------------------------------------------------------------------------------------------------------- equity


def _equity(
    inputs: StudyInputs, ground: Ground, choice: Choice
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, dict[str, Any]]]:
    """Return coverage by street before and after, the two Lorenz curves, and how even each is."""
    areas, column = inputs.tables["residential"], inputs.plan.siting.demand
    ids = pd.Index(areas["residential_id"], name="residential_id")
    weight = pd.Series(areas[column].to_numpy(dtype=float, na_value=np.nan), index=ids).fillna(0.0)
    street = ground.places.street.reindex(ids)
    table = pd.DataFrame({"total": _by_street(weight, street)})
    figures, curves = {}, []
    for when, cover in zip(("before", "after"), choice.covers or (), strict=False):
        for name, values in _covered(cover, weight, street).items():
            table[f"{when}_{name}"] = values
        table[f"{when}_share"] = _over(table[f"{when}_covered"], table["total"])
        figures[when] = _evenness(table[f"{when}_share"], table["total"])
        lorenz = accessibility.lorenz(table[f"{when}_share"], table["total"])
        curves.append(lorenz.assign(when=when))
    table["change"] = table["after_share"] - table["before_share"] if "after_share" in table else np.nan
    return table.rename_axis("street_id").reset_index(), pd.concat(curves, ignore_index=True), figures


def _covered(cover: LevelCover, weight: pd.Series, street: pd.Series) -> dict[str, pd.Series]:
    shares = cover.covered.reindex(weight.index)
    names = {"covered": "share", "lower": "lower", "upper": "upper"}
    return {name: _by_street(weight * shares[column].astype(float), street) for name, column in names.items()}


def _by_street(values: pd.Series, street: pd.Series) -> pd.Series:
    """Add up by street, exactly rounded; areas in no street are a row of their own."""
    return values.groupby(street, dropna=False).agg(math.fsum).sort_index(na_position="last")


def _evenness(share: pd.Series, total: pd.Series) -> dict[str, Any]:
    """Return the least share of a street and how evenly shares are spread over people."""
    peopled = share[total > 0]
    return {
        "min_share": float(peopled.min()) if len(peopled) else None,
        "gini": accessibility.gini(share, total).value,
        "theil": accessibility.theil(share, total).value,
    }


# -------------------------------------------------------------------------------------------------------------- summary


def _summary(found: Explanation, drops: pd.DataFrame, curve: pd.DataFrame, equity: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``summary.siting.explanation``."""
    return {
        "drops": drops.to_dict("records"),
        "substitutes": found.swaps[found.swaps["order"] == 1].drop(columns="order").to_dict("records"),
        "why_not": found.why_not.to_dict("records"),
        "plans": found.plans.to_dict("records"),
        "plans_within": _DEEP.within,
        "plans_complete": found.plans_complete,
        "plans_best_first": found.plans_best_first,
        "curve": curve.to_dict("records"),
        "equity": equity,
    }
