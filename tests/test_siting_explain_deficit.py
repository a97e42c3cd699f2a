"""The explanation of plans of the deficit model against enumeration, on that model's small random towns."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from batches import batches
from test_siting_deficit import Case, paper, random_case

from planning import siting
from planning.siting import Depth, Explanation, SitingPlan

DEEP = Depth(substitutes=99, plans=60, within=0.3, further=3)
Sites = tuple[str, ...]
Worth = tuple[Fraction, int]


class Oracle:
    """What plain counting says of a town: shortfall with sites at their largest, then weight left out."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.open_ = sorted(case.helpful())
        self.total = sum(case.weight.values())

    def worth(self, sites: Sites) -> Worth:
        largest = {site: self.case.sizes[site][1] or Fraction(0) for site in sites}
        return self.case.left(largest), self.total - self.case.covered(sites)

    def allowed(self, sites: Sites, p: int | None = None) -> bool:
        cost = sum((self.case.cost[site] for site in sites), Fraction(0))
        kept = set(self.case.required) <= set(sites) and (p is None or len(sites) <= p)
        return kept and (self.case.budget is None or cost <= self.case.budget)

    def plans(self, p: int) -> list[Sites]:
        every = itertools.chain.from_iterable(itertools.combinations(self.open_, size) for size in range(p + 1))
        return [sites for sites in every if self.allowed(sites)]

    def lean(self, sites: Sites) -> bool:
        rests = [tuple(other for other in sites if other != one) for one in sites]
        return all(self.worth(rest) > self.worth(sites) for rest in rests if self.allowed(rest))


def explained(case: Case, depth: Depth = DEEP) -> tuple[SitingPlan, Explanation]:
    tables = case.tables()
    reach, demand = tables.pop("reach"), tables.pop("demand")
    plan = siting.deficit(reach, demand, **tables)
    return plan, siting.explain(plan, reach, demand, options=tables, depth=depth)


def swapped(sites: Sites, out: str, into: str) -> Sites:
    return tuple(sorted({*sites} - {out} | {into}))


def check(case: Case) -> None:
    plan, found = explained(case)
    oracle = Oracle(case)
    base = oracle.worth(plan.sites)
    _check_drops(oracle, plan, found, base)
    _check_swaps(oracle, plan, found, base)
    _check_reasons(oracle, plan, found, base)
    _check_plans(oracle, plan, found, base)
    _check_curve(oracle, plan, found)


def _check_drops(oracle: Oracle, plan: SitingPlan, found: Explanation, base: Worth) -> None:
    whole = float(oracle.worth(())[0])
    assert tuple(found.drops["facility_id"]) == plan.sites
    for row in found.drops.itertuples():
        left, out = oracle.worth(tuple(one for one in plan.sites if one != row.facility_id))
        assert row.objective == float(left)
        assert row.loss == pytest.approx(float(left - base[0]), abs=1e-6)
        assert (row.loss > 0) == (left > base[0])
        assert row.left_out == out - base[1]
        assert whole == 0 or row.loss_share == pytest.approx(row.loss / whole)


def _check_swaps(oracle: Oracle, plan: SitingPlan, found: Explanation, base: Worth) -> None:
    for site in plan.sites:
        others = [one for one in oracle.open_ if one not in plan.sites]
        worths = {one: oracle.worth(swapped(plan.sites, site, one)) for one in others
                  if oracle.allowed(swapped(plan.sites, site, one))}  # fmt: skip
        rows = found.swaps[found.swaps["facility_id"] == site]
        assert set(rows["alternative"]) == set(worths)
        assert [worths[one] for one in rows["alternative"]] == sorted(worths.values())
        for row in rows.itertuples():
            left, out = worths[row.alternative]
            assert row.objective == float(left)
            assert row.left_out == out - base[1]
            assert row.tie == ((left, out) == base)


def _check_reasons(oracle: Oracle, plan: SitingPlan, found: Explanation, base: Worth) -> None:
    rows = found.why_not.set_index("facility_id")
    case = oracle.case
    assert set(rows.index) == {one for one in case.sizes if one not in plan.sites}
    for one, row in rows.iterrows():
        least, most = case.sizes[one]
        usable = least is not None and most is not None and 0 < most >= least
        if one in case.forbidden or not usable or one not in oracle.open_:
            assert row["reason"] == (
                "forbidden" if one in case.forbidden else "helps_nobody" if usable else "cannot_open"
            )
            continue
        assert row["adds"] == pytest.approx(float(base[0] - oracle.worth((*plan.sites, one))[0]), abs=1e-6)
        better = [s for s in plan.sites if oracle.allowed(swapped(plan.sites, s, one))
                  and oracle.worth(swapped(plan.sites, s, one)) <= base]  # fmt: skip
        if row["reason"] in {"loses", "dominated", "adds_nothing"}:
            assert not better
        if row["reason"] == "tie":
            assert better
        assert row["reason"] != "better_unproven"


def _check_plans(oracle: Oracle, plan: SitingPlan, found: Explanation, base: Worth) -> None:
    line = base[0] * Fraction(13, 10)
    every = [one for one in oracle.plans(plan.p) if oracle.lean(one) and oracle.worth(one)[0] <= line]
    others = [one for one in every if one != tuple(sorted(plan.sites))]
    if not plan.sites:
        return
    assert found.plans_complete == (len(found.plans) == len(others))
    assert set(found.plans["sites"]) <= set(others)
    worths = [oracle.worth(one) for one in found.plans["sites"]]
    assert worths == sorted(oracle.worth(one) for one in others)[: len(worths)]
    assert [row.loss for row in found.plans.itertuples()] == [float(left - base[0]) for left, _ in worths]


def _check_curve(oracle: Oracle, plan: SitingPlan, found: Explanation) -> None:
    for row in found.curve.itertuples():
        best = min(oracle.worth(sites) for sites in oracle.plans(row.p))
        assert row.objective == float(best[0])
        assert row.left_out == best[1]
        assert row.floor_area_m2 >= 0
    adds = found.curve["adds"].to_numpy()
    assert np.allclose(adds[1:], -np.diff(found.curve["objective"].to_numpy()))
    assert plan.p in set(found.curve["p"]) or found.curve["p"].max() < plan.p


@pytest.mark.parametrize("seed", range(25))
def test_every_figure_is_that_of_enumeration(seed):
    check(random_case(seed))


@pytest.mark.parametrize("batch", batches(10, slow=3))
def test_every_figure_is_that_of_enumeration_often(batch):
    for seed in range(5000 + batch * 60, 5000 + batch * 60 + 60):
        check(random_case(seed))


def test_without_it_its_square_metres_are_missing():
    case = paper()
    plan, found = explained(case)
    oracle = Oracle(case)
    for row in found.drops.itertuples():
        rest = tuple(one for one in plan.sites if one != row.facility_id)
        assert row.loss == float(oracle.worth(rest)[0] - oracle.worth(plan.sites)[0]) > 0


def test_no_site_asked_and_no_curve():
    case = paper(p=0)
    plan, found = explained(case, Depth(plans=0, further=-1))
    assert not plan.sites
    assert found.drops.empty
    assert found.swaps.empty
    assert found.curve.empty
    assert set(found.why_not["reason"]) <= {"none_asked", "forbidden", "cannot_open", "helps_nobody"}


def test_rows_in_any_order_explain_alike():
    tables = random_case(3).tables()
    reach, demand = tables.pop("reach"), tables.pop("demand")
    plan = siting.deficit(reach, demand, **tables)
    first = siting.explain(plan, reach, demand, options=tables)
    shuffled: dict[str, Any] = {**tables, "credit": tables["credit"].sample(frac=1, random_state=1)}
    second = siting.explain(plan, reach.sample(frac=1, random_state=2), demand, options=shuffled)
    for name in ("drops", "swaps", "why_not", "plans", "curve"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
