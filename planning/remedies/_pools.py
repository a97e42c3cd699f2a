"""Room `planning.remedies`: which areas could provide together (统筹设置), as a suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

POOL_WALK_M: Final = 300.0
"""How far apart members may lie on foot, inclusive. No document says; Anhui's rules of 2022 plan pools by the
5-minute circle (5分钟社区生活圈), which GB 50180 takes as 300 m."""

POOL_COLUMNS: Final[Mapping[str, str]] = {
    "pool_id": "str",
    "members": "str",
    "unit_id": "str",
    "areas": "int64",
    "walk_m": "float64",
    "need_m2": "float64",
    "minimum_m2": "float64",
    "provided_m2": "float64",
    "alone_m2": "float64",
    "together_m2": "float64",
    "saved_m2": "float64",
    "verdict": "str",
}
_FAR_M: Final = 1e9
ZERO: Final = Fraction(0)


def least_unit_m2(subject: Mapping[Any, Any]) -> Fraction:
    """Return the least floor area that a new unit must have for a subject to meet, exactly; 0 where it meets.

    What the rate lacks, and at least the single minimum: the document asks it of whatever is provided anew.
    """
    if subject["verdict"] != "fails" or subject["need_m2"] is None:
        return ZERO
    lacks: Fraction = max(subject["need_m2"] - subject["known_m2"], ZERO)
    return max(lacks, subject["minimum_m2"] or ZERO)


def pool_groups(
    subjects: pd.DataFrame, unit_of: pd.Series[str], distances: pd.DataFrame, *, taken: Iterable[str] = ()
) -> pd.DataFrame:
    """Group areas that fail alone into pools that could be.

    Members lie in one unit and no more than `POOL_WALK_M` on foot from one another, every pair of them; nearer areas
    are joined first (complete linkage), and an area is in one group at most.

    Parameters
    ----------
    subjects
        `planning.compliance.Assessment.subjects`.
    unit_of
        The community, or else the street, of each ``residential_id``; missing: in no group.
    distances
        ``residential_id, other_id, distance_m`` on foot, each pair in one direction or both; absent pairs are far.
    taken
        Ids that a pool must not bear.

    Returns
    -------
    DataFrame
        ``residential_id, pool_id``, as the input table of pools; by both.
    """
    alone = subjects[(subjects["subject_kind"] == "residential") & (subjects["verdict"] == "fails")]
    failing = sorted(alone.loc[alone["minimum_m2"].notna(), "subject_id"])
    units = unit_of.reindex(failing).dropna()
    known = {*taken, *subjects["subject_id"]}
    rows = []
    for unit in sorted(units.unique()):
        members = list(units.index[units == unit])
        for group in _near_groups(members, distances):
            rows += [{"residential_id": name, "pool_id": _name(group[0], known)} for name in group]
    return pd.DataFrame(rows, columns=["residential_id", "pool_id"], dtype="str").sort_values(
        ["pool_id", "residential_id"], ignore_index=True
    )


def pool_suggestions(
    groups: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    unit_of: pd.Series[str],
    distances: pd.DataFrame,
) -> pd.DataFrame:
    """Say what each group would owe together, and what pooling saves.

    Parameters
    ----------
    groups
        From `pool_groups`.
    before, after
        `planning.compliance.Assessment.subjects` as it is, and with the groups as pools.
    unit_of, distances
        As for `pool_groups`.

    Returns
    -------
    DataFrame
        `POOL_COLUMNS`, by ``pool_id``, of the groups that save something. ``alone_m2`` is what the members have to get
        each by itself, ``together_m2`` what the pool has to get as one unit (`least_unit_m2`), ``walk_m`` the longest
        walk between two members; ``verdict`` is that of the pool with the rooms there are now.
    """
    alone = {row["subject_id"]: row for row in before.to_dict("records")}
    joint = {row["subject_id"]: row for row in after.to_dict("records") if row["subject_kind"] == "pool"}
    rows = []
    for pool, members in groups.groupby("pool_id")["residential_id"]:
        names = sorted(members)
        apart, together = sum((least_unit_m2(alone[name]) for name in names), ZERO), least_unit_m2(joint[pool])
        if joint[pool]["verdict"] in ("meets", "fails") and apart > together:
            walk_m = _matrix(names, distances).max()
            facts = {"pool_id": pool, "members": ";".join(names), "unit_id": unit_of[names[0]], "areas": len(names)}
            sums = {"walk_m": walk_m, "alone_m2": apart, "together_m2": together, "saved_m2": apart - together}
            figures = {"need_m2": joint[pool]["need_m2"], "minimum_m2": joint[pool]["minimum_m2"]}
            provided = {"provided_m2": joint[pool]["known_m2"], "verdict": joint[pool]["verdict"]}
            rows.append(facts | sums | figures | provided)
    return pd.DataFrame(rows, columns=list(POOL_COLUMNS)).astype(dict(POOL_COLUMNS))


def _near_groups(members: list[str], distances: pd.DataFrame) -> list[list[str]]:
    """Return the groups of two and more among ``members``, which are sorted."""
    if len(members) < 2:
        return []
    tree = linkage(squareform(_matrix(members, distances)), method="complete")
    label = fcluster(tree, t=POOL_WALK_M, criterion="distance")
    groups = [[members[place] for place in np.flatnonzero(label == one)] for one in sorted(set(label))]
    return sorted(group for group in groups if len(group) > 1)


def _matrix(members: list[str], distances: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the walks between members in both directions, the shorter of two; far where there is none."""
    place = pd.Series(range(len(members)), index=members)
    pairs = distances[distances["residential_id"].isin(members) & distances["other_id"].isin(members)]
    walks = np.full((len(members), len(members)), _FAR_M)
    row, column = place[pairs["residential_id"]].to_numpy(), place[pairs["other_id"]].to_numpy()
    np.minimum.at(walks, (row, column), pairs["distance_m"].to_numpy())
    np.minimum(walks, walks.T.copy(), out=walks)
    np.fill_diagonal(walks, 0.0)
    return walks


def _name(member: str, known: set[str]) -> str:
    """Return an id for a pool that nothing else bears."""
    name = f"P~{member}"
    while name in known:
        name += "~"
    return name
