"""Siting, case by case: answers worked out on paper, refusals, ties, streets, proofs that hold under the clock."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planning import siting
from planning.errors import InputRefused
from planning.siting import SitingPlan, _ask, _audit

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
        assert plan.reasons[0]["code"] == "share_above"
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


# ---------------------------------------------------------------------------------------------------------- refusals

GOOD = {"radius_m": RADIUS, "p": 1, "weight": "elderly"}


def broken_pairs(**change: Any) -> pd.DataFrame:
    return REACH.assign(distance_m=REACH["distance_m"].mask(REACH["facility_id"] == "B", change["metres"]))


REFUSALS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "siting_distance_missing": (lambda: mclp(broken_pairs(metres=math.nan), DEMAND, 1), ("B → c", "B → d")),
    "siting_distance_negative": (lambda: mclp(broken_pairs(metres=-0.001), DEMAND, 1), ("B → c", "B → d")),
    "siting_pair_twice": (lambda: mclp(pd.concat([REACH, REACH.iloc[[2]]]), DEMAND, 1), ("A → b",)),
    "siting_demand_unknown": (lambda: mclp(REACH, DEMAND.drop(["a", "e"]), 1), ("a, e",)),
    "siting_demand_twice": (lambda: mclp(REACH, pd.concat([DEMAND, DEMAND.loc[["c"]]]), 1), ("c",)),
    "siting_weight_negative": (lambda: mclp(REACH, demand_of({**WEIGHTS, "c": -1, "z": -0.5}), 1), ("c, z", "elderly")),
    "siting_weight_missing": (lambda: mclp(REACH, demand_of({**WEIGHTS, "d": math.nan}), 1), ("d", "elderly")),
    "siting_weight_column": (lambda: mclp(REACH, DEMAND, 1, weight="old"), ("old", "elderly")),
    "siting_reach_columns": (lambda: mclp(REACH.drop(columns="distance_m"), DEMAND, 1), ("distance_m", "facility_id")),
    "siting_pair_without_id": (lambda: mclp(REACH.assign(facility_id=[None, *"AAABBCD"]), DEMAND, 1), ("0",)),
    "siting_p_above": (lambda: mclp(REACH, DEMAND, 4, fixed=["F"], forbidden=["D"]), ("4", "3")),
    "siting_p_negative": (lambda: mclp(REACH, DEMAND, -1), ("-1", "5")),
    "siting_p_not_whole": (lambda: siting.p_median(REACH, DEMAND, p=1.5, weight="elderly"), ("1.5", "5")),
    "siting_role_twice": (lambda: mclp(REACH, DEMAND, 1, fixed=["A", "B"], forbidden=["B"], required=["A"]), ("A, B",)),
    "siting_required_absent": (lambda: siting.p_center(REACH, DEMAND, p=2, required=["Q"]), ("Q",)),
    "siting_id_kind": (lambda: mclp(REACH, DEMAND, 1, fixed=[7]), ("7",)),
    "siting_radius": (lambda: siting.lscp(REACH, DEMAND, radius_m=-1.0), ("-1",)),
    "siting_time_limit": (lambda: mclp(REACH, DEMAND, 1, time_limit_s=0), ("0",)),
    "siting_share": (lambda: siting.lscp(REACH, DEMAND, radius_m=1, share=1.1), ("1.1",)),
    "siting_phases": (lambda: mclp(REACH, DEMAND, 2, phases=[("i", 2), ("ii", 1)]), ("2, 1", "2")),
    "siting_street_options": (lambda: mclp(REACH, DEMAND, 1, one_per_street=True), ("street_of",)),
}


class TestRefusals:
    @pytest.mark.parametrize("code", REFUSALS)
    def test_named_in_both_languages(self, code: str) -> None:
        call, culprits = REFUSALS[code]
        with pytest.raises(InputRefused) as refused:
            call()
        faults = {fault.code: fault for fault in refused.value.faults}
        assert set(faults) == {code}
        for language in ("zh", "en"):
            message = faults[code].message(language)
            assert all(culprit in message for culprit in culprits), message
            assert faults[code].remedy(language)

    @pytest.mark.parametrize("p", [math.nan, math.inf, "3", None, True, np.True_, 0.5])
    def test_p_must_be_a_whole_number(self, p: Any) -> None:
        with pytest.raises(InputRefused) as refused:
            mclp(REACH, DEMAND, p)
        assert [fault.code for fault in refused.value.faults] == ["siting_p_not_whole"]

    def test_all_faults_at_once(self) -> None:
        with pytest.raises(InputRefused) as refused:
            mclp(broken_pairs(metres=math.nan), demand_of({**WEIGHTS, "a": -1}), 99, min_share_per_street=2)
        codes = {fault.code for fault in refused.value.faults}
        assert codes == {"siting_distance_missing", "siting_weight_negative", "siting_p_above", "siting_share"}

    def test_a_single_text_is_one_id(self) -> None:
        assert mclp(REACH, DEMAND, 1, forbidden="C").sites == ("D",)

    def test_whole_float_p_is_whole(self) -> None:
        assert mclp(REACH, DEMAND, 1.0).sites == mclp(REACH, DEMAND, np.int64(1)).sites  # type: ignore[arg-type]

    def test_fixed_out_of_everyones_reach_is_no_fault(self) -> None:
        """An existing centre on an island serves nobody and has no rows."""
        assert mclp(REACH, DEMAND, 1, fixed=["island"]).sites == ("C",)

    def test_input_is_left_alone(self) -> None:
        reach, demand = REACH.copy(deep=True), DEMAND.copy(deep=True)
        mclp(REACH, DEMAND, 2)
        siting.p_median(REACH, DEMAND, p=2, weight="elderly")
        pd.testing.assert_frame_equal(REACH, reach)
        pd.testing.assert_frame_equal(DEMAND, demand)


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
        (reason,) = plan.reasons
        assert (reason["code"], reason["subject_kind"], reason["subject_id"]) == ("street_full", "street", "north")
        assert "2" in reason["message"]
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

    def test_floors_that_exclude_each_other_are_named_together(self) -> None:
        """Each street alone can have its half with one site, not two of them; west can not be helped by p."""
        streets = DEMAND_STREET.drop(["e", "z"])
        plan = mclp(REACH, DEMAND, 1, demand_street=streets, min_share_per_street=0.7)
        assert plan.status == "infeasible"
        assert {reason["code"] for reason in plan.reasons} == {"street_floor_together"}
        assert {reason["subject_id"] for reason in plan.reasons} == {"north", "south"}

    def test_floor_is_the_decimal_written(self) -> None:
        """0.7 of 10 is 7, though the float 0.7 is no exact number."""
        reach = reach_of({"A": ["x"], "B": ["y"]})
        demand = demand_of({"x": 7, "y": 3})
        streets = pd.Series({"x": "s", "y": "s"})
        assert mclp(reach, demand, 1, demand_street=streets, min_share_per_street=0.7).sites == ("A",)

    def test_lscp_names_the_demand_that_stays_out(self) -> None:
        """A and B in one street: a, b or d must stay out; a, b weigh two demands, so d does."""
        plan = siting.lscp(REACH, DEMAND, radius_m=RADIUS, street_of={"A": "s", "B": "s"}, one_per_street=True)
        assert plan.status == "infeasible"
        assert [(reason["subject_kind"], reason["subject_id"]) for reason in plan.reasons] == [("demand", "d")]

    def test_required_above_p_names_them(self) -> None:
        for plan in (
            mclp(REACH, DEMAND, 1, required=["A", "B"]),
            siting.p_median(REACH, DEMAND, p=1, weight="elderly", required=["A", "B"]),
            siting.p_center(REACH, DEMAND, p=1, required=["A", "B"]),
        ):
            assert plan.status == "infeasible"
            assert [reason["subject_id"] for reason in plan.reasons] == ["A", "B"]

    def test_reasons_speak_both_languages(self) -> None:
        plan = mclp(REACH, DEMAND, 1, required=["A", "B"])
        assert (
            plan.reasons[0]["message"]
            == "必选点位共 2 个，多于允许新增的 1 处。 / 2 sites are required, more than the 1 new sites allowed."
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


# ------------------------------------------------------------------------------------------------------ laws and proofs


def city(seed: int, demands: int, sites: int, *, density: float = 0.02) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A random plane with whole metres and whole people."""
    rng = np.random.default_rng(seed)
    homes, places = rng.uniform(0, 1, (demands, 2)), rng.uniform(0, 1, (sites, 2))
    metres = np.rint(1000 * np.linalg.norm(homes[:, None] - places[None], axis=2))
    rows, columns = np.nonzero(metres <= 1000 * math.sqrt(density))
    reach = pd.DataFrame(
        {
            "facility_id": [f"F{column:04d}" for column in columns],
            "demand_id": [f"D{row:05d}" for row in rows],
            "distance_m": metres[rows, columns],
        }
    )
    people = np.rint(rng.lognormal(4, 0.9, demands)).clip(1)
    return reach, pd.DataFrame({"elderly": people}, index=[f"D{row:05d}" for row in range(demands)])


def all_models(reach: pd.DataFrame, demand: pd.DataFrame, **options: Any) -> list[SitingPlan]:
    return [
        siting.mclp(reach, demand, radius_m=120, p=4, weight="elderly", **options),
        siting.lscp(reach, demand, radius_m=120, **options),
        siting.p_median(reach, demand, p=4, weight="elderly", **options),
        siting.p_center(reach, demand, p=4, **options),
    ]


class TestSameAnswer:
    def test_two_equal_sites_after_twenty_shuffles(self) -> None:
        for seed in range(20):
            plan = mclp(REACH.sample(frac=1, random_state=seed), DEMAND.sample(frac=1, random_state=seed + 1), 1)
            assert plan.sites == ("C",)
            assert plan.ties == (("C", "D"),)

    def test_rows_in_any_order(self) -> None:
        """A town of twins: weights all 1, so that ties are everywhere."""
        reach, demand = city(1, 40, 12)
        demand = demand.assign(elderly=1.0)
        first = all_models(reach, demand)
        assert any(plan.ties for plan in first)
        for seed in range(20):
            rows, people = reach.sample(frac=1, random_state=seed), demand.sample(frac=1, random_state=seed)
            assert all_models(rows, people) == first

    @pytest.mark.slow
    def test_hash_seed_does_not_matter(self) -> None:
        code = (
            "import sys; sys.path.insert(0, 'tests'); import test_siting as t;"
            "print(t.all_models(*t.city(1, 40, 12), fixed={'F0001', 'F0002', 'F0003'}))"
        )
        said = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
            for seed in "012"
        }
        assert len(said) == 1

    def test_laws(self) -> None:
        """More sites never cover less; a better start never ends worse; twice the people, twice the answer."""
        for seed in range(5):
            reach, demand = city(seed, 40, 10, density=0.05)
            some = sorted(reach["facility_id"].unique())[0]
            value = [siting.mclp(reach, demand, radius_m=200, p=p, weight="elderly").objective for p in range(5)]
            assert value == sorted(value)
            steps = np.diff(value)
            assert steps[0] >= max(steps)
            fixed = siting.mclp(reach, demand, radius_m=200, p=3, weight="elderly", fixed=[some]).objective
            required = siting.mclp(reach, demand, radius_m=200, p=4, weight="elderly", required=[some]).objective
            assert fixed == required
            double = siting.mclp(reach, demand * 2, radius_m=200, p=3, weight="elderly")
            assert double.objective == 2 * value[3]
            lines = [siting.p_median(reach, demand, p=p, weight="elderly") for p in (1, 2, 3)]
            assert [len(plan.unserved) for plan in lines] == sorted(
                (len(plan.unserved) for plan in lines), reverse=True
            )

    def test_lscp_and_mclp_agree(self) -> None:
        """As many sites as `lscp` needs let `mclp` cover all; one less does not."""
        for seed in range(5):
            reach, demand = city(seed, 40, 10, density=0.05)
            fewest = siting.lscp(reach, demand, radius_m=200)
            reachable = demand.drop(list(fewest.unreachable))["elderly"].sum()
            assert siting.mclp(reach, demand, radius_m=200, p=fewest.p, weight="elderly").objective == reachable
            assert siting.mclp(reach, demand, radius_m=200, p=fewest.p - 1, weight="elderly").objective < reachable


class TestHonesty:
    @pytest.mark.parametrize("limit", [1e-9, 0.3])
    def test_stopped_by_the_clock(self, limit: float) -> None:
        """Whatever the clock left: the plan is real, and the bound holds against a longer run."""
        reach, demand = city(3, 500, 120, density=0.01)
        for model, better in (
            (lambda s: siting.mclp(reach, demand, radius_m=90, p=25, weight="elderly", time_limit_s=s), max),
            (lambda s: siting.lscp(reach, demand, radius_m=90, time_limit_s=s), min),
            (lambda s: siting.p_median(reach, demand, p=25, weight="elderly", time_limit_s=s), min),
            (lambda s: siting.p_center(reach, demand, p=40, time_limit_s=s), min),
        ):
            short, long = model(limit), model(20.0)
            assert short.gap == abs(short.bound - short.objective) / short.objective
            assert (short.status == "optimal") == (short.gap <= 1e-6)
            if len(short.unserved) == len(long.unserved) or short.model == "mclp":
                assert better(short.bound, long.objective) == short.bound
                assert better(short.objective, long.objective) == long.objective

    def test_no_plan_and_no_proof_is_refused(self) -> None:
        """With floors the first guess may break them; without time nothing may be claimed."""
        options = {"demand_street": DEMAND_STREET.drop(["a", "b", "e", "z"]), "min_share_per_street": 0.5}
        with pytest.raises(InputRefused) as refused:
            mclp(REACH, DEMAND, 1, time_limit_s=1e-9, **options)
        assert refused.value.faults[0].code == "siting_no_answer_in_time"

    def test_a_false_plan_never_leaves(self) -> None:
        plan = mclp(REACH, DEMAND, 2, fixed=["F"])
        wants = _ask.Wants("mclp", ["F"], radius_m=RADIUS, p=2, weight="elderly")
        assert _audit.mclp(plan, REACH, DEMAND, wants) is plan
        for lie in (
            {"objective": plan.objective + 1, "bound": plan.objective + 1},
            {"objective": math.nextafter(plan.objective, 0)},
            {"sites": ("C", "Q")},
            {"sites": ("C", "F")},
            {"sites": ("C", "C")},
            {"unserved": ()},
            {"unreachable": ()},
            {"bound": plan.objective - 1},
            {"gain": (1.0,)},
            {"p": 1},
        ):
            with pytest.raises(_audit.PlanDisagrees):
                _audit.mclp(dataclasses.replace(plan, **lie), REACH, DEMAND, wants)

    def test_plans_are_frozen(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            mclp(REACH, DEMAND, 1).objective = 0  # type: ignore[misc]


def test_sixty_candidates_are_enumerated_by_no_one() -> None:
    """A town of 12 candidates, p = 4: the solver's answer is that of all 495 plans, seen from the tables alone."""
    reach, demand = city(5, 300, 12, density=0.08)
    inside = reach[reach["distance_m"] <= 200].groupby("facility_id")["demand_id"].agg(set)
    best = max(
        demand.loc[list(set().union(*(inside[site] for site in sites))), "elderly"].sum()
        for sites in itertools.combinations(inside.index, 4)
    )
    assert siting.mclp(reach, demand, radius_m=200, p=4, weight="elderly").objective == best


@pytest.mark.slow
def test_the_wall_of_brute_force() -> None:
    """60 candidates, p = 10, 2 000 areas: 75 thousand million plans, one proven answer within the minute."""
    reach, demand = city(6, 2_000, 60, density=0.05)
    plan = siting.mclp(reach, demand, radius_m=200, p=10, weight="elderly", time_limit_s=60)
    assert plan.status == "optimal"


def test_random_ids_do_not_change_the_worth() -> None:
    """Other names, same figures: only the names of the sites may differ."""
    rng = random.Random(0)
    reach, demand = city(2, 50, 12, density=0.05)
    names = {one: f"N{rng.random()}" for one in reach["facility_id"].unique()}
    renamed = reach.assign(facility_id=reach["facility_id"].map(names))
    for one, other in zip(all_models(reach, demand), all_models(renamed, demand), strict=True):
        assert (one.objective, one.bound, one.status) == (other.objective, other.bound, other.status)
