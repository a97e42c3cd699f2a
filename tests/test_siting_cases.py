"""Siting cases that tools of this kind get wrong, one test each, numbers worked out by hand.

The numbers of the cases run through the whole project (see test_edge_cases.py); those of siting stand here: 11 and 14
capacities beside fixed sites, 12 infinite and missing distances, 13 greed, 26 ties, 27 p, 28 nothing to gain, 29 bad
weights, 35 the wall of brute force.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from test_siting import demand_of, mclp, reach_of

from planning import siting
from planning.errors import InputRefused


def test_case_11_a_fixed_site_keeps_its_id_and_its_load():
    """Four sites of 20 and four estates of 10, all in reach; C is there already: with one more all 40 are served.

    C serves 20 of them, whatever place it has in the table.
    """
    reach = reach_of(dict.fromkeys("ABCD", "wxyz"))
    plan = siting.capacitated(
        reach,
        demand_of(dict.fromkeys("wxyz", 10)),
        radius_m=900,
        p=1,
        weight="elderly",
        capacity=pd.Series(dict.fromkeys("ABCD", 20.0)),
        fixed=["C"],
    )
    assert (plan.status, plan.objective, len(plan.sites)) == ("optimal", 40, 1)
    assert plan.unserved == ()
    served = [one for one in plan.assigned if "C" in one]
    assert sum(share for *_, share in served) * 10 == 20


@pytest.mark.parametrize("infinite", [False, True])
def test_case_12_out_of_reach_is_never_assigned(infinite):
    """Three sites that reach two, two and one of four estates: the sum is finite and the fourth estate is named."""
    pairs = {"A": {"a": 100, "b": 200}, "B": {"b": 100, "c": 300}, "C": {"c": 100}}
    reach = reach_of(pairs)
    if infinite:
        lost = [(one, place, math.inf) for one in pairs for place in "abcd" if place not in pairs[one]]
        reach = pd.concat([reach, pd.DataFrame(lost, columns=reach.columns)], ignore_index=True)
    plan = siting.p_median(reach, demand_of(dict.fromkeys("abcd", 1)), p=2, weight="elderly")
    assert (set(plan.sites), plan.objective, plan.unserved, plan.unreachable) == ({"A", "C"}, 400, (), ("d",))
    assert math.isfinite(plan.bound)


@pytest.mark.parametrize(
    ("metres", "code"), [(math.nan, "siting_distance_missing"), (-1.0, "siting_distance_negative")]
)
def test_case_12_a_distance_that_is_none_is_named(metres, code):
    reach = reach_of({"A": {"a": 100}, "B": {"a": metres}})
    with pytest.raises(InputRefused) as refused:
        siting.p_center(reach, demand_of({"a": 1}), p=1)
    assert [(fault.code, fault.value) for fault in refused.value.faults] == [(code, "B → a")]


def test_case_13_greed_is_not_optimal():
    """3, 3, 3, 3, 2.9, 2.9: greed takes A (12) and ends at 14.9; B and C cover 17.8, proven."""
    reach = reach_of({"A": [1, 2, 3, 4], "B": [1, 2, 5], "C": [3, 4, 6]})
    plan = mclp(reach, demand_of({1: 3, 2: 3, 3: 3, 4: 3, 5: 2.9, 6: 2.9}), 2)
    assert (plan.sites, plan.objective, plan.gap, plan.status) == (("B", "C"), 17.8, 0, "optimal")


def test_case_14_a_big_estate_between_two_small_centres():
    """500 households, two centres of 300: 300 and 200, nobody left over."""
    plan = siting.capacitated(
        reach_of({"A": ["x"], "B": ["x"]}),
        demand_of({"x": 500}),
        radius_m=900,
        p=2,
        weight="elderly",
        capacity=pd.Series({"A": 300.0, "B": 300.0}),
    )
    assert (plan.objective, plan.unserved) == (500, ())
    loads = sorted(share * 500 for *_, share in plan.assigned)
    assert sum(loads) == 500
    assert max(loads) <= 300


def test_case_26_ties_do_not_depend_on_the_order_of_rows():
    """B and C reach the same: B in each of twenty orders, and C is named beside it, under conditions too."""
    reach = reach_of({"C": "xy", "B": "xy", "A": "x"})
    demand = demand_of({"x": 1, "y": 2})
    points = pd.DataFrame({"x_m": [0.0, 500.0, 501.0], "y_m": 0.0}, index=list("ABC"))
    conditions = {"spacing_m": 500, "points": points, "budget": 3, "cost": dict.fromkeys("ABC", 2)}
    for options in ({}, conditions):
        plans = [
            mclp(reach.sample(frac=1, random_state=seed), demand.sample(frac=1, random_state=seed), 1, **options)
            for seed in range(20)
        ]
        assert {(plan.sites, plan.ties, plan.objective) for plan in plans} == {(("B",), (("B", "C"),), 3)}


@pytest.mark.parametrize(("p", "code"), [(4, "siting_p_above"), (-1, "siting_p_negative"), (1.5, "siting_p_not_whole")])
def test_case_27_p_means_new_sites_and_says_what_is_wrong(p, code):
    """Two fixed centres and p = 1 is one new site; a p that cannot be is named with the number of candidates."""
    reach = reach_of({"A": "x", "B": "y", "C": "z", "F": "x", "G": "x"})
    demand = demand_of({"x": 1, "y": 2, "z": 4})
    assert mclp(reach, demand, 1, fixed=["F", "G"]).sites == ("C",)
    with pytest.raises(InputRefused) as refused:
        mclp(reach, demand, p, fixed=["F", "G"])
    (fault,) = refused.value.faults
    assert fault.code == code
    for language in ("zh", "en"):
        assert "3" in fault.message(language)
        assert str(p) in fault.message(language)


def test_case_28_nothing_left_to_gain():
    """The fixed centre covers all: no new site, though p allows two, in every model."""
    reach = reach_of({"F": "xy", "A": "xy", "B": "x"})
    demand = demand_of({"x": 1, "y": 2})
    plans = [
        mclp(reach, demand, 2, fixed=["F"]),
        siting.lscp(reach, demand, radius_m=900, fixed=["F"]),
        siting.p_median(reach, demand, p=2, weight="elderly", fixed=["F"]),
        siting.p_center(reach, demand, p=2, fixed=["F"]),
        mclp(reach, demand, 2, fixed=["F"], budget=9, cost={"A": 1, "B": 1}),
    ]
    assert {(plan.status, plan.sites, plan.gain, plan.gap) for plan in plans} == {("not_needed", (), (), 0)}


@pytest.mark.parametrize(("weight", "code"), [(-1, "siting_weight_negative"), (math.nan, "siting_weight_missing")])
def test_case_29_bad_weights_name_their_rows(weight, code):
    reach = reach_of({"A": "xy"})
    with pytest.raises(InputRefused) as refused:
        siting.p_median(reach, demand_of({"x": 1, "y": weight}), p=1, weight="elderly")
    assert [(fault.code, fault.value) for fault in refused.value.faults] == [(code, "y")]


@pytest.mark.slow
def test_case_35_sixty_candidates_and_two_thousand_estates():
    """75 thousand million plans of ten sites: proven within the minute, under a budget and a spacing too."""
    rng = np.random.default_rng(6)
    homes, places = rng.uniform(0, 1000, (2_000, 2)), rng.uniform(0, 1000, (60, 2))
    metres = np.linalg.norm(homes[:, None] - places[None], axis=2)
    rows, columns = np.nonzero(metres <= 200)
    names = [f"F{number:02d}" for number in range(60)]
    reach = pd.DataFrame(
        {"facility_id": np.array(names)[columns], "demand_id": rows, "distance_m": metres[rows, columns]}
    )
    demand = pd.DataFrame({"elderly": np.rint(rng.lognormal(4, 0.9, 2_000))})
    points = pd.DataFrame(places, columns=["x_m", "y_m"], index=names)
    cost = dict(zip(names, rng.integers(50, 400, 60).tolist(), strict=True))
    free = mclp(reach, demand, 10, radius_m=200)
    held = mclp(reach, demand, 10, radius_m=200, budget=1500, cost=cost, spacing_m=150, points=points)
    assert free.status == held.status == "optimal"
    assert held.objective <= free.objective
    assert held.spent <= 1500
