"""Room `planning.compliance`: who provides together (统筹设置)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from planning.errors import Fault, refuse
from planning.standards import Standard


def membership(
    residential: pd.DataFrame, pools: pd.DataFrame | None, standard: Standard, *, allowed: bool
) -> Mapping[str, str]:
    """Return the pool of each area that is in one.

    Parameters
    ----------
    residential
        The areas, by ``residential_id``.
    pools
        ``residential_id, pool_id``; None or empty: nobody pools. A row given twice counts once. Rows marked
        ``left_out`` name areas that could not be used, see `incomplete`; they are nobody's here.
    standard
        The document, for the fault's words.
    allowed
        Whether the document, or the plan, lets areas pool.

    Raises
    ------
    InputRefused
        If the document does not let areas pool and the plan does not say so; with every area that is unknown, or in
        two pools; with every pool that bears the id of an area, which ``serves`` could not tell apart.
    """
    if pools is None or pools.empty:
        return {}
    present = pools if "left_out" not in pools else pools[~_marked(pools)]
    rows = present[["residential_id", "pool_id"]].dropna().drop_duplicates().sort_values(["residential_id", "pool_id"])
    refuse(
        [
            *([] if allowed else _not_allowed(standard)),
            *_unknown(rows, residential),
            *_twice(rows),
            *_ambiguous(rows, residential),
        ]
    )
    return dict(zip(rows["residential_id"], rows["pool_id"], strict=True))


def incomplete(pools: pd.DataFrame | None) -> frozenset[str]:
    """Return the pools that lack a member's households, because its row could not be used."""
    if pools is None or "left_out" not in pools:
        return frozenset()
    return frozenset(pools.loc[_marked(pools), "pool_id"].dropna())


def _marked(pools: pd.DataFrame) -> pd.Series[bool]:
    return pools["left_out"].astype("boolean").fillna(value=False).astype(bool)


def _not_allowed(standard: Standard) -> list[Fault]:
    facts = {"title_zh": standard.title_zh, "title_en": standard.title_en}
    return [Fault("compliance_pooling_not_stated", column="inputs.pools", value=standard.id, facts=facts)]


def _unknown(rows: pd.DataFrame, residential: pd.DataFrame) -> Iterator[Fault]:
    strangers = rows[~rows["residential_id"].isin(residential["residential_id"])]
    for area, pool in strangers.itertuples(index=False):
        yield Fault("compliance_pool_area_unknown", column="residential_id", value=area, facts={"pool": pool})


def _twice(rows: pd.DataFrame) -> Iterator[Fault]:
    for area, pool_ids in rows.groupby("residential_id")["pool_id"]:
        if len(pool_ids) > 1:
            facts = {"pools": "、".join(pool_ids)}
            yield Fault("compliance_pool_area_twice", column="residential_id", value=str(area), facts=facts)


def _ambiguous(rows: pd.DataFrame, residential: pd.DataFrame) -> Iterator[Fault]:
    for pool in sorted(set(rows["pool_id"]) & set(residential["residential_id"])):
        yield Fault("compliance_pool_id_is_area", column="pool_id", value=pool)
