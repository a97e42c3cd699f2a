"""The floor-area rule summed up by county, street, community, new and existing: one denominator, totals that foot.

Random districts (see `test_compliance_oracle`) are judged, their areas thrown into random units, some into none, and
every row is held against a sum of exact fractions.
"""

from __future__ import annotations

import random
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import geopandas as gpd
import pandas as pd
import pytest
from test_compliance_oracle import district, judge

from planning.compliance import Assessment
from planning.study import StudyInputs, rollups
from planning.study.records import Places

COUNTS = ("areas_total", "meets", "fails", "not_assessable", "not_applicable")
SUMS = ("required_m2", "provided_m2", "shortfall_m2")
LEVELS = {"county": ("Z1", "Z2"), "street": ("S1", "S2", "S3"), "town": ("T1",), "community": ("C1", "C2", "C3", "C4"),
          "village": ("V1", "V2")}  # fmt: skip


def places(pick: random.Random, ids: pd.Index[str]) -> Places:
    """Throw every area into one unit of each level or into none; a street or a town, a community or a village."""

    def thrown(*kinds: str) -> pd.Series:
        names = [*(name for kind in kinds for name in LEVELS[kind]), *([None] if pick.random() < 0.7 else [])]
        return pd.Series([pick.choice(names) for _ in ids], index=ids, dtype="str")

    home = thrown("community", "village")
    units = {kind: home.where(home.isin(LEVELS[kind])) for kind in ("community", "village")}
    blank = pd.Series(index=ids, dtype="str")
    return Places({"county": thrown("county"), **units}, thrown("street", "town"), blank, blank)


def units() -> gpd.GeoDataFrame:
    names = [(name, f"{name}单元", kind) for kind, found in LEVELS.items() for name in found]
    return gpd.GeoDataFrame(pd.DataFrame(names, columns=["unit_id", "name", "type"]), geometry=[None] * len(names))


def summed(found: Assessment, where: Places) -> pd.DataFrame:
    return rollups.summed(cast("StudyInputs", SimpleNamespace(tables={"units": units()})), found, where)


def unit_of(level: str, found: Assessment, where: Places) -> pd.Series:
    """Return the unit of each area as a roll-up should read it, worked out apart."""
    if level == "street":
        return where.street
    if level == "built":
        return found.residential["built_used"].astype("str")
    if level == "county":
        return where.units["county"]
    return pd.Series(
        {name: first if pd.notna(first) else where.units["village"][name]
         for name, first in where.units["community"].items()}, dtype="str",
    )  # fmt: skip


def exactly(found: Assessment, ids: list[str], key: str) -> Fraction:
    return sum((Fraction(cell) for cell in found.accounts.loc[ids, key] if not pd.isna(cell)), Fraction(0))


def hold(seed: int) -> int:
    """Hold one district; return how many rows were held."""
    found, pick = judge(district(seed)), random.Random(seed)
    where = places(pick, found.residential.index)
    table = summed(found, where)
    for level, rows in table.groupby("level", sort=False):
        _hold_level(str(level), rows, found, unit_of(str(level), found, where), seed)
    shuffled = found.residential.sample(frac=1, random_state=seed).index
    again = Assessment(**{**vars(found), "residential": found.residential.loc[shuffled]})
    pd.testing.assert_frame_equal(summed(again, where), table, check_exact=True)
    return len(table)


def _hold_level(level: str, rows: pd.DataFrame, found: Assessment, unit: pd.Series, seed: int) -> None:
    """One row a unit that has areas, one for those in none, one for the plan, last; each is the sum of its areas."""
    verdicts, by_unit = found.residential["verdict"], rows.set_index("unit_id")
    assert rows["unit_id"].iloc[-1] == "plan"
    assert set(rows["unit_id"].iloc[:-1].dropna()) == set(unit.dropna()), (seed, level)
    assert rows["unit_id"].isna().sum() == int(unit.isna().any()), (seed, level)
    for row in rows.to_dict("records"):
        ids = list(verdicts.index) if row["unit_id"] == "plan" else list(
            unit.index[unit.isna()] if pd.isna(row["unit_id"]) else unit.index[unit == row["unit_id"]]
        )  # fmt: skip
        counts = verdicts.loc[ids].value_counts()
        expected: dict[str, Any] = {"areas_total": len(ids)} | {word: int(counts.get(word, 0)) for word in COUNTS[1:]}
        assert {name: row[name] for name in COUNTS} == expected, (seed, level, row["unit_id"])
        judged = expected["meets"] + expected["fails"]
        share = row["meets_share"]
        assert (None if pd.isna(share) else share) == (expected["meets"] / judged if judged else None)
        for key in SUMS:
            assert row[key] == float(exactly(found, ids, key)), (seed, level, row["unit_id"], key)
    parts = by_unit.iloc[:-1]
    assert {name: parts[name].sum() for name in COUNTS} == {name: by_unit[name].iloc[-1] for name in COUNTS}
    plan = {key: by_unit[key].iloc[-1] for key in SUMS}
    assert plan == {key: found.summary[key] for key in SUMS}  # the same total in every level


def test_units_foot_to_the_plan_in_random_districts() -> None:
    assert sum(hold(seed) for seed in range(4)) > 30


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_units_foot_to_the_plan_in_many_random_districts(block: int) -> None:
    for seed in range(1000 + 50 * block, 1050 + 50 * block):
        hold(seed)


def test_a_pool_over_two_streets_goes_to_both_by_what_they_owe() -> None:
    """The exact parts of a pool's members add up to the pool once, wherever a border runs."""
    seeds = [seed for seed in range(14) if judge(district(seed)).residential["pool_id"].notna().any()]
    held = 0
    for seed in seeds:
        found = judge(district(seed))
        for pool, members in found.residential.dropna(subset=["pool_id"]).groupby("pool_id"):
            judged = members[members["verdict"].isin(["meets", "fails"])]
            if judged.empty or judged["pool_required_m2"].isna().any():
                continue
            parts = {key: float(exactly(found, list(judged.index), key)) for key in SUMS}
            whole = {key: judged[f"pool_{key}"].iloc[0] for key in SUMS}
            assert parts == whole, (seed, pool)
            held += 1
    assert held > 1


def test_no_units_leave_new_and_existing_alone() -> None:
    """Without units there is one block: new, existing, neither, and the plan."""
    found = judge(district(3))
    nowhere = pd.Series(index=found.residential.index, dtype="str")
    table = rollups.summed(
        cast("StudyInputs", SimpleNamespace(tables={})), found, Places({}, nowhere, nowhere, nowhere)
    )
    assert set(table["level"]) == {"built"}
    assert table["unit_id"].iloc[-1] == "plan"
