"""A run tells why these sites and not others, and what becomes of them in other circumstances, on the sample."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import planning
from planning import plan as plans
from planning.errors import InputRefused
from planning.plan import Robustness
from planning.report import _argument
from planning.study import StudyInputs, StudyResult

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "plan.toml"
SITING = frozenset({"siting"})


@pytest.fixture(scope="module")
def inputs() -> StudyInputs:
    return planning.load(SAMPLE)


def asked(inputs: StudyInputs, **keys: Any) -> StudyResult:
    siting = replace(inputs.plan.siting, **keys)
    return planning.run(replace(inputs, plan=replace(inputs.plan, siting=siting)), parts=SITING)


@pytest.fixture(scope="module")
def told(inputs: StudyInputs) -> StudyResult:
    varied = Robustness(speeds_m_per_s=(0.8, 1.0), demand=("elderly", "households"), min_floor_area_m2=(0, 800))
    return asked(inputs, robustness=varied)


def test_every_figure_is_that_of_the_coverage_functions(told: StudyResult) -> None:
    """What the model says is left without a site is what coverage counts without it, and gains end at the plan."""
    explained, siting = told.told.explained, told.summary["siting"]
    assert explained is not None
    assert (explained.drops["covered_without"] == explained.drops["objective"]).all()
    assert (explained.drops["lower_without"] <= explained.drops["covered_without"]).all()
    assert list(explained.drops["facility_id"]) == [site["facility_id"] for site in siting["sites"]]
    curve = explained.curve.set_index("p")
    assert curve.loc[0, "objective"] == siting["before"]["elderly_covered"]
    assert curve.loc[3, "objective"] == siting["after"]["elderly_covered"] == siting["objective"]
    assert curve["objective"].is_monotonic_increasing
    assert (curve["gap"] == 0).all()


def test_every_candidate_is_told_of_once(told: StudyResult) -> None:
    explained, facilities = told.told.explained, told.facilities
    assert explained is not None
    candidates = set(facilities.loc[facilities["status"] == "candidate", "facility_id"])
    assert set(explained.why_not["facility_id"]) == candidates - set(told.sites["facility_id"])
    assert (explained.why_not["reason"] != "").all()
    forbidden = facilities.loc[facilities["role"] == "forbidden", "facility_id"]
    assert set(explained.why_not.query("reason == 'forbidden'")["facility_id"]) == set(forbidden)


def test_equity_adds_up_to_the_coverage_before_and_after(told: StudyResult) -> None:
    explained, siting = told.told.explained, told.summary["siting"]
    assert explained is not None
    for when in ("before", "after"):
        for bound in ("covered", "lower", "upper"):
            assert explained.equity[f"{when}_{bound}"].sum() == siting[when][f"elderly_{bound}"]
    assert explained.equity["total"].sum() == siting["before"]["elderly_total"]
    after = siting["explanation"]["equity"]["after"]
    shares = explained.equity["after_covered"] / explained.equity["total"]
    assert after["min_share"] == shares.min()
    assert after["gini"] < siting["explanation"]["equity"]["before"]["gini"]


@pytest.mark.slow
def test_each_scenario_is_a_run_of_its_own(inputs: StudyInputs, told: StudyResult) -> None:
    """The scenario as planned is the plan; another is what a plan with those keys finds; no regret is below 0."""
    robust = told.told.robust
    assert robust is not None
    assert len(robust.scenarios) == 8
    planned = robust.scenarios[robust.scenarios["as_planned"]].iloc[0]
    assert planned["objective"] == planned["plan_objective"] == told.summary["siting"]["objective"]
    assert planned["regret"] == 0
    slow = robust.scenarios.query("speed_m_per_s == 0.8 and demand == 'households' and min_floor_area_m2 == 800").iloc[
        0
    ]
    changed = replace(inputs, plan=replace(inputs.plan, walk=replace(inputs.plan.walk, speed_m_per_s=0.8)))
    alone = asked(changed, demand="households", min_floor_area_m2=800.0)
    assert slow["objective"] == alone.summary["siting"]["after"]["households_covered"]
    assert set(slow["sites"]) == set(alone.sites["facility_id"])
    assert not (robust.scenarios["regret"] < 0).any()
    small = set(told.sites.loc[~(told.sites["max_floor_area_m2"] >= 800), "facility_id"])
    cannot = robust.scenarios["min_floor_area_m2"] == 800
    assert small
    assert (robust.scenarios.loc[cannot, "plan_breaks"] == "not_a_candidate").all()
    assert robust.scenarios.loc[cannot, "regret"].isna().all()


def test_times_chosen_are_counted_over_scenarios(told: StudyResult) -> None:
    robust = told.told.robust
    assert robust is not None
    for row in robust.chosen.itertuples():
        times = sum(row.facility_id in sites for sites in robust.scenarios["sites"])
        assert row.times == times
        assert row.no_regret == (times == len(robust.scenarios))
    assert robust.summary["no_regret"] == list(robust.chosen.query("no_regret")["facility_id"])
    assert set(robust.chosen.query("in_plan")["facility_id"]) == set(told.sites["facility_id"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sheet_has_words_for_everything(told: StudyResult, language: Any) -> None:
    sheets = list(_argument.sheets(told, language))
    assert len(sheets) == 7
    assert all(len(sheet.rows) for sheet in sheets)
    reasons = next(sheet for sheet in sheets if "why" in sheet.rows)
    assert reasons.rows["why"].str.len().min() > 5
    assert not any("{" in note for sheet in sheets for note in sheet.notes)


@pytest.mark.slow
def test_nothing_is_explained_where_the_plan_says_so(inputs: StudyInputs) -> None:
    result = asked(inputs, explain=False)
    assert result.told.explained is None
    assert "explanation" not in result.summary["siting"]
    assert "robustness" not in result.summary["siting"]
    assert list(_argument.sheets(result, "zh")) == []


def plan_with(tmp_path: Path, table: str, siting: str = "") -> plans.Plan:
    text = SAMPLE.read_text("utf-8").replace("[output]", f"{table}\n[output]")
    (tmp_path / "plan.toml").write_text(text.replace('model = "mclp"', f'model = "mclp"\n{siting}'), "utf-8")
    return plans.read(tmp_path / "plan.toml")


def test_the_table_is_read_in_order(tmp_path: Path) -> None:
    table = "[siting.robustness]\nspeeds_m_per_s = [1.2, 0.8]\ndemand = ['households', 'elderly']"
    found = plan_with(tmp_path, table, "explain = false").siting
    assert found.explain is False
    assert found.robustness is not None
    assert found.robustness.axes == {"speeds_m_per_s": (0.8, 1.2), "demand": ("households", "elderly")}
    assert found.robustness.count == 4


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("", "plan_robustness_empty"),
        ("minutes = [10]\nradii_m = [900]", "plan_robustness_two_radii"),
        (f"radii_m = {list(range(1, 66))}", "plan_robustness_many"),
        ("speeds_m_per_s = [0.1]", "plan_bad_value"),
        ("households = [1, 1]", "plan_bad_value"),
        ("speed_m_per_s = [1]", "plan_unknown_key"),
    ],
)
def test_tables_that_cannot_be_tried_are_refused(tmp_path: Path, table: str, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        plan_with(tmp_path, f"[siting.robustness]\n{table}")
    assert [fault.code for fault in refused.value.faults] == [code]
    assert all(fault.message("zh") and fault.remedy("en") for fault in refused.value.faults)


def test_sixty_four_combinations_are_the_limit(tmp_path: Path) -> None:
    found = plan_with(tmp_path, f"[siting.robustness]\nradii_m = {list(range(1, 65))}").siting.robustness
    assert found is not None
    assert found.count == 64


@pytest.mark.slow
def test_the_least_shortfall_is_tried_with_more_and_fewer_households(inputs: StudyInputs) -> None:
    """More households owe more floor area: the shortfall left never falls, and the plan's own case has no regret."""
    result = asked(inputs, model="deficit", level="community", robustness=Robustness(households=(0.9, 1.0, 1.1)))
    robust = result.told.robust
    assert robust is not None
    assert result.told.explained is not None
    assert (result.told.explained.drops["loss"] > 0).all()
    assert robust.scenarios["objective"].is_monotonic_increasing
    assert robust.scenarios["regret"].iloc[1] == 0
    assert not math.isnan(robust.scenarios["plan_objective"].iloc[2])
