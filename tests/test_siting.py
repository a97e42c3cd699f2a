"""Siting, case by case: answers worked out on paper, ties, streets, phases."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pandas as pd
import pytest

from planning import siting
from planning.siting import SitingPlan

RADIUS = 900.0


def reach_of(covers: dict[Any, Any], metres: float = 100.0) -> pd.DataFrame:
    """A reach table from {facility: demands} (all at one distance) or {facility: {demand: metres}}."""
    rows = [
        (facility, place, float(places[place]) if isinstance(places, dict) else metres)
        for facility, places in covers.items()
        for place in places
    ]
    return pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])


def demand_of(weights: dict[Any, float]) -> pd.DataFrame:
    return pd.DataFrame({"elderly": list(weights.values())}, index=pd.Index(list(weights), name="demand_id"))


def mclp(reach: pd.DataFrame, demand: pd.DataFrame, p: int, **options: Any) -> SitingPlan:
    return siting.mclp(reach, demand, **{"radius_m": RADIUS, "p": p, "weight": "elderly", **options})


# A district on paper. Powers of two: a sum says who is in it.
#   F (fixed) a=1 · A: a=1 b=2 c=4 · B: c=4 d=8 · C: e=16 · D = twin of C · nobody reaches z=64
COVERS = {"F": "a", "A": "abc", "B": "cd", "C": "e", "D": "e"}
WEIGHTS = {"a": 1, "b": 2, "c": 4, "d": 8, "e": 16, "z": 64}
REACH, DEMAND = reach_of(COVERS), demand_of(WEIGHTS)


class TestMclp:
    def test_greedy_is_not_good_enough(self) -> None:
        """3,3,3,3,2.9,2.9: greedy takes A (12) and ends at 14.9; {B, C} cover 8.9 + 8.9 = 17.8."""
        reach = reach_of({"A": [1, 2, 3, 4], "B": [1, 2, 5], "C": [3, 4, 6]})
        demand = demand_of({1: 3, 2: 3, 3: 3, 4: 3, 5: 2.9, 6: 2.9})
        plan = mclp(reach, demand, 2)
        assert (plan.sites, plan.objective, plan.bound, plan.gap, plan.status) == (("B", "C"), 17.8, 17.8, 0, "optimal")
        assert plan.gain == (8.9, 8.9)

    def test_fixed_counts_but_is_not_listed(self) -> None:
        """F covers a = 1. One new site: C adds 16, A adds b + c = 6, B adds 12. Objective 1 + 16."""
        plan = mclp(REACH, DEMAND, 1, fixed=["F"])
        assert plan.sites == ("C",)
        assert plan.objective == 17
        assert plan.gain == (16,)
        assert plan.ties == (("C", "D"),)
        assert plan.unreachable == ("z",)
        assert plan.unserved == ("b", "c", "d")

    def test_rank_and_gain_add_up_to_after_minus_before(self) -> None:
        """C 16, then B c + d = 12, then A only b = 2 (a is the fixed one's): 1 + 30 = 31."""
        plan = mclp(REACH, DEMAND, 3, fixed=["F"])
        assert plan.sites == ("C", "B", "A")
        assert plan.gain == (16, 12, 2)
        assert plan.objective == 1 + sum(plan.gain) == 31

    def test_p_is_an_upper_limit(self) -> None:
        """With p = 4 the twin D would add nothing and is not opened."""
        plan = mclp(REACH, DEMAND, 4, fixed=["F"])
        assert plan.sites == ("C", "B", "A")
        assert plan.p == 4

    def test_nothing_left_to_gain(self) -> None:
        """A and B fixed cover a, b, c, d; the only candidate left reaches a."""
        plan = mclp(
            reach_of({"A": "abc", "B": "cd", "F": "a"}),
            demand_of({"a": 1, "b": 2, "c": 4, "d": 8}),
            1,
            fixed=["A", "B"],
        )
        assert (plan.status, plan.sites, plan.gain, plan.objective, plan.gap) == ("not_needed", (), (), 15, 0)

    def test_p_zero_evaluates_what_is_there(self) -> None:
        """Also the diagnosis: the weight the fixed one covers."""
        plan = mclp(REACH, DEMAND, 0, fixed=["F", "B"])
        assert (plan.status, plan.sites, plan.objective, plan.bound) == ("optimal", (), 13, 13)
        assert plan.unserved == ("b", "e")

    def test_required_counts_and_stays_though_it_adds_nothing(self) -> None:
        """F required (adds a = 1) and one more: C."""
        plan = mclp(REACH, DEMAND, 2, required=["F"])
        assert plan.sites == ("C", "F")
        assert plan.gain == (16, 1)
        assert plan.ties == (("C", "D"),)
        both = mclp(REACH, DEMAND, 2, required=["D"], fixed=["C"])
        assert both.sites == ("B", "D")
        assert both.gain == (12, 0)

    def test_forbidden_is_no_candidate(self) -> None:
        plan = mclp(REACH, DEMAND, 1, forbidden=["C", "D"])
        assert plan.sites == ("B",)
        assert plan.unreachable == ("e", "z")
        assert plan.ties == ()

    def test_radius_is_inclusive(self) -> None:
        """On the line is in; one millimetre beyond is out."""
        demand = demand_of({"a": 1, "b": 2})
        reach = reach_of({"A": {"a": 900.0, "b": 900.001}})
        assert mclp(reach, demand, 1).objective == 1
        assert mclp(reach, demand, 1, radius_m=900.001).objective == 3
        assert mclp(reach, demand, 1, radius_m=899.999).status == "not_needed"
        assert mclp(reach, demand, 1, radius_m=899.999).unreachable == ("a", "b")

    def test_households_weigh_not_areas(self) -> None:
        """One area of 900 beats two of 100."""
        plan = mclp(reach_of({"A": ["x", "y"], "B": ["w"]}), demand_of({"x": 100, "y": 100, "w": 900}), 1)
        assert plan.sites == ("B",)

    def test_zero_weight_is_worth_nothing(self) -> None:
        plan = mclp(reach_of({"A": ["x"]}), demand_of({"x": 0}), 1)
        assert (plan.status, plan.objective, plan.unserved) == ("not_needed", 0, ("x",))

    def test_no_rows_at_all(self) -> None:
        plan = mclp(REACH.head(0), DEMAND, 0)
        assert (plan.status, plan.objective, plan.unreachable) == ("optimal", 0, tuple(sorted(WEIGHTS)))

    def test_ids_of_any_kind(self) -> None:
        plan = mclp(reach_of({10: [1], 9: [1], 2: [2]}), demand_of({1: 1, 2: 2}), 2)
        assert plan.sites == (2, 9)
        assert plan.ties == ((9, 10),)


class TestLscp:
    def test_fewest(self) -> None:
        """a, b only A; d only B; e by C or D: three sites; z is out of everyone's reach."""
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS)
        assert plan.sites == ("A", "B", "C")
        assert (plan.objective, plan.bound, plan.p, plan.status) == (3, 3, 3, "optimal")
        assert plan.unreachable == ("z",)
        assert plan.unserved == ()
        assert plan.ties == (("C", "D"),)
        assert plan.gain == (3, 1, 1)

    def test_weighted_gains(self) -> None:
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, weight="elderly")
        assert plan.sites == ("C", "B", "A")
        assert plan.gain == (16, 12, 3)

    def test_required_counts(self) -> None:
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, required=["D", "F"])
        assert set(plan.sites) == {"A", "B", "D", "F"}
        assert plan.objective == 4

    def test_not_needed(self) -> None:
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, fixed=["A", "B", "C"])
        assert (plan.status, plan.objective, plan.sites, plan.gap) == ("not_needed", 0, (), 0)

    def test_demand_without_weight_is_covered_too(self) -> None:
        plan = siting.lscp(reach_of({"A": ["x"]}), demand_of({"x": 0}), radius_m=RADIUS, weight="elderly")
        assert plan.sites == ("A",)

    @pytest.mark.parametrize(
        ("share", "sites"), [(0.0, set()), (0.16, {"C"}), (16 / 95, {"C"}), (0.17, {"A", "C"}), (0.3, {"B", "C", "A"})]
    )
    def test_share_of_the_weight(self, share: float, sites: set[str]) -> None:
        """Of 95 in all, z in the denominator: C is 16; A and C 23 (0.24), B and C 28 (0.29), all three 31 (0.33)."""
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, weight="elderly", share=share)
        assert set(plan.sites) == sites

    def test_share_out_of_reach_names_the_best(self) -> None:
        """31 of 95 can be reached: 0.3263."""
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, weight="elderly", share=0.4)
        assert plan.status == "infeasible"
        assert plan.reasons[0]["code"] == "share"
        assert "0.3263" in plan.reasons[0]["message"]


class TestMetres:
    LINE = reach_of(
        {
            "W": {"a": 0, "b": 100, "c": 1000},
            "M": {"a": 500, "b": 400, "c": 500},
            "E": {"a": 1000, "b": 900, "c": 0},
        }
    )
    PEOPLE = demand_of({"a": 4, "b": 2, "c": 1})

    def test_p_median_on_a_street(self) -> None:
        """W: 0 + 200 + 1000 = 1200; M: 2000 + 800 + 500; E: 4000 + 1800. Two: W and E, 200."""
        one = siting.p_median(self.LINE, self.PEOPLE, p=1, weight="elderly")
        assert (one.sites, one.objective, one.bound, one.gap) == (("W",), 1200, 1200, 0)
        two = siting.p_median(self.LINE, self.PEOPLE, p=2, weight="elderly")
        assert (two.sites, two.objective) == (("W", "E"), 200)
        # unserved counts 1001 m: 7 × 1001 − 1200, then 1200 − 200
        assert two.gain == (7 * 1001 - 1200, 1000)

    def test_p_center_on_a_street(self) -> None:
        """M: at most 500. W and E: at most 100."""
        assert siting.p_center(self.LINE, self.PEOPLE, p=1).sites == ("M",)
        two = siting.p_center(self.LINE, self.PEOPLE, p=2)
        assert (two.sites, two.objective, two.bound, two.gain) == (("W", "E"), 100, 100, (2, 1))

    @pytest.mark.parametrize("infinite", [False, True])
    def test_far_and_out_of_reach_are_not_mixed_up(self, infinite: bool) -> None:
        """Two islands: north is 8 people 900 m away, south 4 people on the spot. One site serves the 8, further away.

        Nobody can go between; z is reached by nobody. Infinite rows are as good as none.
        """
        reach = reach_of({"N": {"n": 900}, "S": {"s": 0}})
        if infinite:
            lost = [("N", "s"), ("S", "n"), ("N", "z"), ("S", "z")]
            more = pd.DataFrame([(*pair, math.inf) for pair in lost], columns=reach.columns)
            reach = pd.concat([more, reach], ignore_index=True)
        demand = demand_of({"n": 8, "s": 4, "z": 16})
        plan = siting.p_median(reach, demand, p=1, weight="elderly")
        assert (plan.sites, plan.objective, plan.status) == (("N",), 7200, "optimal")
        assert (plan.unserved, plan.unreachable) == (("s",), ("z",))
        both = siting.p_median(reach, demand, p=2, weight="elderly")
        assert (both.sites, both.objective, both.unserved) == (("S", "N"), 7200, ())
        centre = siting.p_center(reach, demand, p=1)
        assert (centre.sites, centre.objective, centre.unserved) == (("S",), 0, ("n",))

    def test_serving_more_comes_before_walking_less(self) -> None:
        """X serves a and b from 1000 m, Y only b on the spot. One site: X, though Y's sum is 0."""
        reach = reach_of({"X": {"a": 1000, "b": 1000}, "Y": {"b": 0}})
        demand = demand_of({"a": 1, "b": 8})
        plan = siting.p_median(reach, demand, p=1, weight="elderly")
        assert (plan.sites, plan.objective) == (("X",), 9000)
        assert siting.p_center(reach, demand, p=1).sites == ("X",)

    def test_existing_site_is_held_by_its_id(self) -> None:
        """The fixed one is the third of the table and keeps serving c."""
        plan = siting.p_median(self.LINE, self.PEOPLE, p=1, weight="elderly", fixed=["E"])
        assert (plan.sites, plan.objective, plan.gain) == (("W",), 200, (5600,))
        assert siting.p_center(self.LINE, self.PEOPLE, p=1, fixed=["E"]).objective == 100

    def test_nothing_to_gain(self) -> None:
        same = pd.concat([self.LINE, self.LINE.replace({"facility_id": {"W": "W2", "M": "M2", "E": "E2"}})])
        for plan in (
            siting.p_median(same, self.PEOPLE, p=2, weight="elderly", fixed=["W", "M", "E"]),
            siting.p_center(same, self.PEOPLE, p=2, fixed=["W", "M", "E"]),
        ):
            assert (plan.status, plan.sites, plan.gap) == ("not_needed", (), 0)

    def test_p_zero(self) -> None:
        assert siting.p_median(self.LINE, self.PEOPLE, p=0, weight="elderly", fixed=["M"]).objective == 3300
        nothing = siting.p_center(self.LINE, self.PEOPLE, p=0)
        assert (nothing.objective, nothing.status, nothing.unserved) == (0, "optimal", ("a", "b", "c"))

    def test_millimetres_are_exact(self) -> None:
        """0.1 + 0.2 m against 0.3 m of one person each: a tie, not a rounding win."""
        reach = reach_of({"A": {"x": 0.1, "y": 0.2}, "B": {"x": 0.3, "y": 0.0}})
        plan = siting.p_median(reach, demand_of({"x": 1, "y": 1}), p=1, weight="elderly")
        assert plan.sites == ("A",)
        assert plan.ties == (("A", "B"),)


# ---------------------------------------------------------------------------------------------- streets, floors, phases

STREET_OF = {"F": "north", "A": "north", "B": "south", "C": "south", "D": "west"}
DEMAND_STREET = pd.Series({"a": "north", "b": "north", "c": "south", "d": "south", "e": "west", "z": "west"})


class TestStreets:
    def test_one_per_street(self) -> None:
        """C is in B's street, its twin D is not: B, D and A take 31 together."""
        plan = mclp(REACH, DEMAND, 3, street_of=STREET_OF, one_per_street=True)
        assert plan.sites == ("D", "B", "A")
        assert plan.ties == ()

    def test_existing_counts(self) -> None:
        """F fills the north: A may not open."""
        plan = mclp(REACH, DEMAND, 3, fixed=["F"], street_of=STREET_OF, one_per_street=True)
        assert plan.sites == ("D", "B")
        assert plan.unserved == ("b",)

    def test_site_without_street_is_free(self) -> None:
        plan = mclp(REACH, DEMAND, 3, street_of=pd.Series({"B": "south", "C": "south"}), one_per_street=True)
        assert plan.sites == ("D", "B", "A")

    def test_required_in_a_full_street_names_it(self) -> None:
        plan = mclp(REACH, DEMAND, 2, fixed=["F"], required=["A"], street_of=STREET_OF, one_per_street=True)
        assert (plan.status, plan.sites) == ("infeasible", ())
        named = [(reason["code"], reason["subject_kind"], reason["subject_id"]) for reason in plan.reasons]
        assert named == [("street_room", "street", "north"), ("required", "facility", "A")]
        assert "1" in plan.reasons[0]["message"]
        assert math.isnan(plan.objective)

    def test_floor_changes_the_plan(self) -> None:
        """One site: C takes 16. With half of the south (c, d = 12) asked for, B."""
        options = {"demand_street": DEMAND_STREET.drop(["a", "b", "e", "z"]), "min_share_per_street": 0.5}
        plan = mclp(REACH, DEMAND, 1, **options)
        assert plan.sites == ("B",)
        assert plan.ties == ()

    @pytest.mark.parametrize(("floor", "works"), [(0.2, True), (0.201, False)])
    def test_floor_counts_whom_nobody_reaches(self, floor: float, works: bool) -> None:
        """West has 16 in reach and 64 out of it: exactly 0.2 can be had."""
        west = DEMAND_STREET[DEMAND_STREET == "west"]
        plan = mclp(REACH, DEMAND, 1, demand_street=west, min_share_per_street=floor)
        assert (plan.status == "optimal") == works
        if not works:
            (reason,) = plan.reasons
            assert (reason["code"], reason["subject_id"]) == ("street_floor", "west")
            assert "0.2000" in reason["message"]
            assert "This alone leaves no plan" in reason["message"]

    def test_floors_that_exclude_each_other_are_named_together(self) -> None:
        """Each street alone can have its half with one site, not two of them; west can not be helped by p."""
        streets = DEMAND_STREET.drop(["e", "z"])
        plan = mclp(REACH, DEMAND, 1, demand_street=streets, min_share_per_street=0.7)
        assert plan.status == "infeasible"
        named = [(reason["code"], reason["subject_id"]) for reason in plan.reasons]
        assert named == [("street_floor", "north"), ("street_floor", "south"), ("p", "p")]

    def test_floor_is_the_decimal_written(self) -> None:
        """0.7 of 10 is 7, though the float 0.7 is no exact number."""
        reach = reach_of({"A": ["x"], "B": ["y"]})
        demand = demand_of({"x": 7, "y": 3})
        streets = pd.Series({"x": "s", "y": "s"})
        assert mclp(reach, demand, 1, demand_street=streets, min_share_per_street=0.7).sites == ("A",)

    def test_lscp_names_the_demand_that_stays_out(self) -> None:
        """A and B in one street: b (or a) asks for A, d for B. The street and one of each are the conflict."""
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, street_of={"A": "s", "B": "s"}, one_per_street=True)
        assert plan.status == "infeasible"
        named = [(reason["subject_kind"], reason["subject_id"]) for reason in plan.reasons]
        assert named == [("street", "s"), ("demand", "b"), ("demand", "d")]

    def test_required_above_p_names_them(self) -> None:
        for plan in (
            mclp(REACH, DEMAND, 1, required=["A", "B"]),
            siting.p_median(REACH, DEMAND, p=1, weight="elderly", required=["A", "B"]),
            siting.p_center(REACH, DEMAND, p=1, required=["A", "B"]),
        ):
            assert plan.status == "infeasible"
            assert [reason["subject_id"] for reason in plan.reasons] == ["A", "B", "p"]

    def test_reasons_speak_both_languages(self) -> None:
        plan = mclp(REACH, DEMAND, 1, required=["A", "B"])
        assert (
            plan.reasons[0]["message"]
            == "必选点位 A 必须启用。与所列其他各项不能同时满足；缺了其中任何一项，其余各项便不再互相排斥。"
            " / Site A is required. It and the others named cannot all hold;"
            " without any one of them the rest no longer exclude each other."
        )


class TestPhases:
    def test_near_phase_opens_the_best_of_the_final_sites(self) -> None:
        """Final {B, C} though A alone is best for one: the first phase opens B or C, not A; of equals the smaller."""
        reach = reach_of({"A": [1, 2, 3, 4], "B": [1, 2, 5], "C": [3, 4, 6]})
        demand = demand_of({1: 3, 2: 3, 3: 3, 4: 3, 5: 2.9, 6: 2.9})
        plan = mclp(reach, demand, 2, phases=[("近期", 1), ("远期", 2)])
        assert [(phase.name, phase.p, phase.sites, phase.objective) for phase in plan.phases] == [
            ("近期", 1, ("B",), 8.9),
            ("远期", 2, ("B", "C"), 17.8),
        ]
        assert plan.phase == ("近期", "远期")

    def test_first_phase_comes_first_in_rank(self) -> None:
        """x 10 overlaps both y and w (9 each): best pair is y, w; the single best x opens in the second phase."""
        reach = reach_of({"X": "abcd", "Y": "abe", "W": "cdf", "V": "g"})
        demand = demand_of({"a": 2, "b": 3, "c": 2, "d": 3, "e": 4, "f": 4, "g": 1})
        plan = mclp(reach, demand, 3, required=["X"], phases=[("i", 2), ("ii", 3)])
        assert set(plan.phases[0].sites) == {"W", "Y"}
        assert plan.sites == ("W", "Y", "X")
        assert sum(plan.gain) == plan.objective

    def test_phase_objects(self) -> None:
        phase = dataclasses.make_dataclass("Phase", ["name", "p"])
        plan = siting.p_median(
            TestMetres.LINE, TestMetres.PEOPLE, p=2, weight="elderly", phases=[phase("a", 0), phase("b", 2)]
        )
        assert [one.sites for one in plan.phases] == [(), ("W", "E")]
