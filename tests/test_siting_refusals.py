"""What siting refuses: every fault at once, the culprits named in both languages."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_siting import DEMAND, RADIUS, REACH, WEIGHTS, demand_of, mclp

from planning import siting
from planning.errors import InputRefused


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
    "siting_weight_total": (
        lambda: mclp(REACH, demand_of({**WEIGHTS, "c": 1e12, "d": 1e12, "e": 1}), 1, min_share={}),
        ("c, d", "elderly"),
    ),
    "siting_option_twice": (
        lambda: mclp(REACH, DEMAND, 1, spacing_m=5, points=pd.concat([POINTS, POINTS.loc[["B"]]])),
        ("B", "points"),
    ),
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
    "plan_phase_twice": (lambda: mclp(REACH, DEMAND, 2, phases=[("i", 1), ("i", 2)]), ("i",)),
    "siting_street_options": (
        lambda: mclp(REACH, DEMAND, 1, one_per_street=True, min_share_per_street=0.5, spacing_m=9, budget=1),
        ("street_of", "demand_street", "points", "cost"),
    ),
    "siting_no_candidates": (lambda: siting.lscp(REACH, DEMAND, radius_m=1, forbidden=list("ABCDF")), ()),
    "siting_min_per_street": (lambda: mclp(REACH, DEMAND, 1, min_per_street=1.5, street_of={}), ("1.5",)),
    "siting_streets_contradict": (
        lambda: mclp(REACH, DEMAND, 1, min_per_street=2, one_per_street=True, street_of={}),
        ("2",),
    ),
    "siting_spacing": (lambda: siting.p_center(REACH, DEMAND, p=1, spacing_m=-5), ("-5",)),
    "siting_points_columns": (
        lambda: mclp(REACH, DEMAND, 1, spacing_m=5, points=POINTS.drop(columns="y_m")),
        ("y_m",),
    ),
    "siting_points_missing": (
        lambda: mclp(REACH, DEMAND, 1, spacing_m=5, fixed=["F"], points=POINTS.drop(["B", "F"])),
        ("B, F",),
    ),
    "siting_budget": (lambda: mclp(REACH, DEMAND, 1, budget=-1, cost=dict.fromkeys("ABCDF", 1)), ("-1",)),
    "siting_cost_missing": (
        lambda: mclp(REACH, DEMAND, 1, budget=1, cost={"A": 1, "B": math.nan, "C": 0, "F": 2}, forbidden=["F"]),
        ("B, D",),
    ),
    "siting_cost_negative": (
        lambda: mclp(REACH, DEMAND, 1, budget=1, cost={"A": 1, "B": -0.1, "C": 0, "D": -2, "F": 2}),
        ("B, D",),
    ),
    "siting_floor_model": (
        lambda: siting.p_median(REACH, DEMAND, p=1, weight="elderly", min_share={"elderly": 0.5}),
        ("p_median",),
    ),
    "siting_may_close_absent": (lambda: mclp(REACH, DEMAND, 1, fixed=["F"], may_close=["F", "A"]), ("A",)),
    "siting_phase_budgets": (
        lambda: mclp(
            REACH, DEMAND, 1, phases=[siting.Phase("i", 1, budget=2)], budget=3, cost=dict.fromkeys("ABCDF", 1)
        ),
        ("2", "3"),
    ),
}
POINTS = pd.DataFrame({"x_m": range(5), "y_m": 0.0}, index=list("ABCDF"))


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

    def test_what_contradicts_itself_is_refused_whole(self) -> None:
        """Every fault of the conditions beside those of the tables, in one refusal."""
        with pytest.raises(InputRefused) as refused:
            mclp(
                broken_pairs(metres=-1),
                DEMAND,
                1,
                one_per_street=True,
                min_per_street=3,
                street_of={},
                spacing_m=math.nan,
                budget=math.inf,
                cost={},
                min_share={"elderly": 1.5},
                required=["A"],
                forbidden=["A"],
            )
        codes = {fault.code for fault in refused.value.faults}
        assert codes >= {
            "siting_distance_negative",
            "siting_streets_contradict",
            "siting_spacing",
            "siting_budget",
            "siting_share",
            "siting_role_twice",
        }

    @pytest.mark.parametrize("model", ["mclp", "p_median"])
    def test_an_unknown_condition_is_a_mistake_of_the_caller(self, model: str) -> None:
        radius = {"radius_m": RADIUS} if model == "mclp" else {}
        with pytest.raises(TypeError, match="spacing"):
            getattr(siting, model)(REACH, DEMAND, p=1, weight="elderly", spacing=5, **radius)

    def test_a_weight_of_a_share_must_be_one(self) -> None:
        demand = DEMAND.assign(elderly_80=[1, 2, math.nan, -1, 0, 0])
        for column, codes in (("elderly_80", {"siting_weight_missing", "siting_weight_negative"}),
                              ("old", {"siting_weight_column"})):  # fmt: skip
            with pytest.raises(InputRefused) as refused:
                mclp(REACH, demand, 1, min_share={column: 0.5})
            assert {fault.code for fault in refused.value.faults} == codes

    @pytest.mark.parametrize("table", ["street_of", "cost"])
    def test_an_id_with_two_streets_or_costs_has_none(self, table: str) -> None:
        given = pd.Series(1, index=[*"ABCDF", "A"])
        options: dict[str, Any] = {"one_per_street": True} if table == "street_of" else {"budget": 9}
        with pytest.raises(InputRefused) as refused:
            siting.p_center(REACH, DEMAND, p=1, **{table: given}, **options)
        found = [(fault.code, fault.column, fault.value) for fault in refused.value.faults]
        assert found == [("siting_option_twice", table, "A")]

    @pytest.mark.parametrize("model", ["mclp", "p_median"])
    def test_no_weight_is_no_column(self, model: str) -> None:
        radius = {"radius_m": RADIUS} if model == "mclp" else {}
        with pytest.raises(InputRefused) as refused:
            getattr(siting, model)(REACH, DEMAND, p=1, weight=None, **radius)
        assert [(fault.code, fault.value) for fault in refused.value.faults] == [("siting_weight_column", "None")]

    def test_numbers_written_as_text_are_numbers(self) -> None:
        """9 is less than 10, though "9" comes after "10"."""
        reach = pd.DataFrame({"facility_id": list("AB"), "demand_id": "c", "distance_m": ["10", "9"]})
        plan = siting.p_median(reach, DEMAND, p=2, weight="elderly")
        assert (plan.sites, plan.objective) == (("B",), 9 * WEIGHTS["c"])

    def test_weights_of_next_to_nothing_are_weights(self) -> None:
        demand = demand_of({one: weight * 1e-300 for one, weight in WEIGHTS.items()})
        assert mclp(REACH, demand, 1).sites == mclp(REACH, DEMAND, 1).sites

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
