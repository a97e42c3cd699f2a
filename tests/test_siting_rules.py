"""Conditions of siting, each on paper: on the line, just beyond it, and why there is no plan."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
import pytest
from test_siting import DEMAND, RADIUS, REACH, demand_of, mclp, reach_of
from test_siting_laws import city

from planning import siting

LINE = pd.DataFrame({"x_m": [0.0, 300.0, 500.0, 1000.0], "y_m": 0.0}, index=list("ABCF"))


def named(plan: siting.SitingPlan) -> list[tuple[str, str]]:
    assert plan.status == "infeasible"
    return [(reason["code"], reason["subject_id"]) for reason in plan.reasons]


class TestSpacing:
    """A at 0, B at 300, C at 500, F at 1000 on a line; A 4, B 2, C 1, each its own estate."""

    REACH = reach_of({"A": "a", "B": "b", "C": "c", "F": "f"})
    DEMAND = demand_of({"a": 4, "b": 2, "c": 1, "f": 8})

    @pytest.mark.parametrize(
        ("spacing", "sites"), [(200, "ABC"), (200.001, "AB"), (300, "AB"), (300.001, "AC"), (500, "AC"), (500.001, "A")]
    )
    def test_on_the_line_and_a_millimetre_beyond(self, spacing: float, sites: str) -> None:
        plan = mclp(self.REACH, self.DEMAND, 3, forbidden=["F"], spacing_m=spacing, points=LINE)
        assert set(plan.sites) == set(sites)
        assert plan.gap == 0

    def test_less_than_a_millimetre_is_nothing(self) -> None:
        points = LINE.assign(x_m=[0.0, 299.9996, 500, 1000])
        assert set(mclp(self.REACH, self.DEMAND, 2, spacing_m=300, points=points, fixed=["F"]).sites) == {"A", "B"}
        points = LINE.assign(x_m=[0.0, 299.9994, 500, 1000])
        assert set(mclp(self.REACH, self.DEMAND, 2, spacing_m=300, points=points, fixed=["F"]).sites) == {"A", "C"}

    def test_existing_ones_keep_new_ones_off(self) -> None:
        """F at 1000 keeps B (700) and C (500) off at 701 m."""
        plan = mclp(self.REACH, self.DEMAND, 3, fixed=["F"], spacing_m=701, points=LINE)
        assert plan.sites == ("A",)

    def test_existing_ones_are_not_held_against_each_other(self) -> None:
        plan = mclp(self.REACH, self.DEMAND, 1, fixed=["B", "C", "F"], spacing_m=250, points=LINE)
        assert plan.sites == ("A",)
        assert plan.closed == ()

    def test_every_model(self) -> None:
        options: dict[str, Any] = {"forbidden": ["F"], "spacing_m": 400, "points": LINE}
        assert set(siting.p_median(self.REACH, self.DEMAND, p=3, weight="elderly", **options).sites) == {"A", "C"}
        # two estates at most, and nobody walks further than 100 m: of A with C and B alone the smaller ids
        assert set(siting.p_center(self.REACH, self.DEMAND, p=3, **options).sites) == {"A", "C"}
        plan = siting.lscp(self.REACH, self.DEMAND, radius_m=RADIUS, **options)
        assert named(plan) == [("spacing", "spacing"), ("cover", "a"), ("cover", "b")]

    def test_two_required_sites_too_near_are_named(self) -> None:
        plan = mclp(self.REACH, self.DEMAND, 3, required=["A", "B"], spacing_m=300.001, points=LINE)
        assert named(plan) == [("spacing", "spacing"), ("required", "A"), ("required", "B")]


class TestClosing:
    """F in the north covers a = 1; A, also in the north, would cover a, b, c = 7."""

    STREETS: ClassVar = {"F": "north", "A": "north", "B": "south", "C": "south", "D": "west"}

    def test_a_better_site_takes_the_place_of_an_old_one(self) -> None:
        plan = mclp(
            REACH, DEMAND, 1, fixed=["F"], forbidden=["C", "D", "B"], street_of=self.STREETS, one_per_street=True
        )
        assert (plan.status, plan.sites, plan.closed) == ("not_needed", (), ())
        plan = mclp(
            REACH,
            DEMAND,
            1,
            fixed=["F"],
            forbidden=["C", "D", "B"],
            street_of=self.STREETS,
            one_per_street=True,
            may_close=["F"],
        )
        assert (plan.sites, plan.closed, plan.objective, plan.gain) == (("A",), ("F",), 7, (7,))

    def test_nothing_is_closed_without_need(self) -> None:
        """Nobody but A's circle holds what F covers; closing F would change nothing, so it stays."""
        plan = mclp(REACH, DEMAND, 3, fixed=["F"], may_close=["F"])
        assert (set(plan.sites), plan.closed, plan.objective) == ({"A", "B", "C"}, (), 31)

    def test_a_tie_keeps_it_open(self) -> None:
        """A new twin in the same street would cover as much: the old one stays and nothing is built."""
        reach, demand = reach_of({"F": "x", "A": "x"}), demand_of({"x": 4})
        options: dict[str, Any] = {"street_of": {"F": "s", "A": "s"}, "one_per_street": True, "may_close": ["F"]}
        plan = mclp(reach, demand, 1, fixed=["F"], **options)
        assert (plan.status, plan.sites, plan.closed) == ("not_needed", (), ())

    def test_a_closed_one_counts_for_no_street(self) -> None:
        """At least one in the street and A must open 100 m from F, 200 m asked: F closes and A stands for it."""
        reach, demand = reach_of({"F": "x", "A": "xy"}), demand_of({"x": 4, "y": 1})
        points = pd.DataFrame({"x_m": [0.0, 100.0], "y_m": 0.0}, index=["F", "A"])
        options: dict[str, Any] = {"spacing_m": 200, "points": points, "street_of": {"F": "s", "A": "s"}}
        plan = mclp(reach, demand, 1, fixed=["F"], may_close="F", min_per_street=1, **options)
        assert (plan.sites, plan.closed, plan.gain) == (("A",), ("F",), (5,))

    def test_what_it_covers_is_lost(self) -> None:
        """F covers 8; the site that would push it out covers 4: it stays."""
        reach, demand = reach_of({"F": "x", "A": "y"}), demand_of({"x": 8, "y": 4})
        points = pd.DataFrame({"x_m": [0.0, 100.0], "y_m": 0.0}, index=["F", "A"])
        plan = mclp(reach, demand, 1, fixed=["F"], may_close="F", spacing_m=200, points=points)
        assert (plan.status, plan.closed, plan.objective) == ("not_needed", (), 8)


class TestLeastNumbers:
    STREETS: ClassVar = {"F": "north", "A": "north", "B": "south", "C": "south", "D": "west"}

    def test_a_site_that_adds_nothing_opens_where_a_street_asks_for_it(self) -> None:
        """With one for every street, D (a twin of C) opens in the west, where nobody else can."""
        plan = mclp(REACH, DEMAND, 3, fixed=["F"], street_of=self.STREETS, min_per_street=1)
        assert set(plan.sites) == {"A", "B", "D"}
        plan = mclp(REACH, DEMAND, 2, fixed=["F"], street_of=self.STREETS, min_per_street=1)
        assert set(plan.sites) == {"B", "D"}

    def test_existing_ones_count(self) -> None:
        plan = mclp(REACH, DEMAND, 1, fixed=["F", "B"], street_of=self.STREETS, min_per_street=1)
        assert plan.sites == ("D",)

    def test_a_street_without_any_facility_is_named(self) -> None:
        plan = mclp(REACH, DEMAND, 3, street_of=self.STREETS, min_per_street=1, streets=["east"])
        assert named(plan) == [("street_least", "east")]
        assert "仅此一项就无解" in plan.reasons[0]["message"]

    @pytest.mark.parametrize("model", ["mclp", "lscp", "p_median", "p_center"])
    def test_a_street_whose_only_candidate_is_forbidden_is_named(self, model: str) -> None:
        """D alone stands in the west."""
        options: dict[str, Any] = {"street_of": self.STREETS, "min_per_street": 1, "forbidden": ["D"], "fixed": ["F"]}
        options |= {"weight": "elderly"} if model != "p_center" else {}
        options |= {"p": 3} if model != "lscp" else {}
        options |= {"radius_m": RADIUS} if model in {"mclp", "lscp"} else {}
        assert named(getattr(siting, model)(REACH, DEMAND, **options)) == [("street_least", "west")]

    def test_more_streets_than_sites(self) -> None:
        plan = mclp(REACH, DEMAND, 1, fixed=["F"], street_of=self.STREETS, min_per_street=1)
        assert named(plan) == [("street_least", "south"), ("street_least", "west"), ("p", "p")]

    def test_every_model(self) -> None:
        options: dict[str, Any] = {"street_of": self.STREETS, "min_per_street": 1}
        for plan in (
            siting.lscp(REACH, DEMAND, radius_m=RADIUS, **options),
            siting.p_median(REACH, DEMAND, p=3, weight="elderly", **options),
            siting.p_center(REACH, DEMAND, p=3, **options),
        ):
            assert {self.STREETS[site] for site in plan.sites} == {"north", "south", "west"}
            assert plan.gap == 0


class TestShares:
    """Of 80 and over, a and b have 1 each, d 2, z 4 out of reach: 8 in all."""

    DEMAND = DEMAND.assign(elderly_80=[1, 1, 0, 2, 0, 4])

    @pytest.mark.parametrize(("share", "sites"), [(0.0, {"C"}), (0.25, {"B"}), (0.2501, None)])
    def test_the_share_of_another_weight(self, share: float, sites: set[str] | None) -> None:
        """One site: C takes 16 and none of them; A and B 2 of 8 each, B with 12 against A's 7."""
        plan = mclp(REACH, self.DEMAND, 1, min_share={"elderly_80": share})
        if sites is None:
            assert named(plan) == [("share_floor", "elderly_80"), ("p", "p")]
            assert "0.2500" in plan.reasons[0]["message"]
        else:
            assert set(plan.sites) == sites

    def test_whom_nobody_reaches_counts(self) -> None:
        plan = siting.lscp(REACH, self.DEMAND, radius_m=RADIUS, min_share={"elderly_80": 0.51})
        assert named(plan) == [("share_floor", "elderly_80")]
        assert siting.lscp(REACH, self.DEMAND, radius_m=RADIUS, min_share={"elderly_80": 0.5}).status == "optimal"


class TestMoney:
    COST: ClassVar = {"A": 3, "B": 2, "C": 2, "D": 1, "F": 9}

    def test_the_cheaper_twin_where_money_is_short(self) -> None:
        """C and D cover the same; with 3 in hand B and D (28) beat B alone or A."""
        plan = mclp(REACH, DEMAND, 3, budget=3, cost=self.COST)
        assert (set(plan.sites), plan.objective, plan.spent) == ({"B", "D"}, 28, 3)
        assert plan.ties == ()

    @pytest.mark.parametrize(("cost", "sites"), [(0.3, {"C"}), (0.1 + 0.2, {"A"})])
    def test_a_cost_beyond_the_sixth_decimal_is_never_rounded_in_favour(self, cost: float, sites: set[str]) -> None:
        """C is the best and costs 0.3, or 0.30000000000000004, of 0.3; A comes next, and B."""
        reach, demand = reach_of({"A": "a", "B": "b", "C": "c"}), demand_of({"a": 2, "b": 1, "c": 4})
        plan = mclp(reach, demand, 1, budget=0.3, cost={"A": 0.1, "B": 0.2, "C": cost})
        assert set(plan.sites) == sites
        both = mclp(reach, demand, 2, budget=0.3, cost={"A": 0.1, "B": 0.2, "C": 9})
        assert set(both.sites) == {"A", "B"}

    def test_costs_without_a_budget_are_told(self) -> None:
        assert mclp(REACH, DEMAND, 1, cost=self.COST).spent == 2
        assert mclp(REACH, DEMAND, 1, cost={"A": 3}).spent is None
        dust = dict.fromkeys(self.COST, 0.1) | {"A": 0.2}  # 0.1 + 0.2 is 0.30000000000000004 in binary fractions
        assert mclp(REACH, DEMAND, 2, required=["A", "B"], cost=dust).spent == 0.3
        assert mclp(REACH, DEMAND, 1).spent is None

    def test_the_fewest_sites_may_be_too_dear(self) -> None:
        """All asks for A, B and C or D: 6 at least."""
        assert siting.lscp(REACH, DEMAND, radius_m=RADIUS, budget=6, cost=self.COST).spent == 6
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, budget=5.99, cost=self.COST)
        assert [code for code, _ in named(plan)] == ["budget", "cover", "cover", "cover"]

    def test_required_sites_above_the_budget_are_named(self) -> None:
        plan = siting.p_center(REACH, DEMAND, p=2, required=["A", "B"], budget=4, cost=self.COST)
        assert named(plan) == [("budget", "budget"), ("required", "A"), ("required", "B")]


@pytest.mark.parametrize("orders", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_conditions_in_any_order_of_rows(orders: int) -> None:
    """A town of twins, every weight 1, under many conditions at once: any order, one answer of every model."""
    reach, demand = city(1, 40, 12)
    demand = demand.assign(elderly=1.0)
    twins = reach.assign(facility_id="G" + reach["facility_id"])
    reach = pd.concat([reach, twins], ignore_index=True)
    names = sorted(reach["facility_id"].unique())
    points = pd.DataFrame({"x_m": [100.0 * (at % 7) for at in range(len(names))], "y_m": 0.0}, index=names)
    shared: dict[str, Any] = {
        "fixed": names[:2],
        "may_close": names[:2],
        "street_of": {one: f"s{at % 3}" for at, one in enumerate(names)},
        "min_per_street": 1,
        "spacing_m": 50,
        "points": points,
        "cost": dict.fromkeys(names, 1),
        "time_limit_s": 20.0,
    }
    phases = [siting.Phase("i", 2, budget=2), siting.Phase("ii", 4, budget=3)]

    def ask(rows: pd.DataFrame, people: pd.DataFrame) -> list[siting.SitingPlan]:
        given = {**shared, "points": points.loc[sorted(points.index, key=hash)]}
        return [
            siting.mclp(rows, people, radius_m=120, p=4, weight="elderly", phases=phases, **given),
            siting.lscp(rows, people, radius_m=120, share=0.15, **given),
            siting.p_median(rows, people, p=4, weight="elderly", phases=phases, **given),
            siting.p_center(rows, people, p=4, phases=phases, **given),
        ]

    first = ask(reach, demand)
    assert [plan.status for plan in first] == ["optimal"] * 4, [plan.reasons for plan in first]
    assert any(plan.ties for plan in first)
    for seed in range(orders):
        assert ask(reach.sample(frac=1, random_state=seed), demand.sample(frac=1, random_state=seed)) == first
