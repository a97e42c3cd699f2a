"""The conditions of siting in a run: from the plan file to the summary, on the paper town.

S1 stands at x = 0 and covers A (1). H1 (1900) and H2 (1500) cover B and C (6), H3 (2950) covers D (8); two may open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import papertown as town
import pytest

import planning
from planning import plan, study
from planning.errors import InputRefused
from planning.study import StudyInputs, StudyResult


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> StudyInputs:
    """The town, read from its files once."""
    return planning.load(town.write(tmp_path_factory.mktemp("town")))


@dataclass(frozen=True)
class Desk:
    """The town under another plan, its columns changed: what a run makes of it, or why it is refused."""

    base: StudyInputs
    folder: Path

    def inputs(self, more: str, **columns: Mapping[str, Any]) -> StudyInputs:
        file = self.folder / "plan.toml"
        file.write_text(town.PLAN.format(standard="liaocheng", more=f"explain = false\n{more}"), encoding="utf-8")
        tables = {name: self.base.tables[name].assign(**given) for name, given in columns.items()}
        return replace(self.base, plan=plan.read(file), tables={**self.base.tables, **tables})

    def run(self, more: str = "", **columns: Mapping[str, Any]) -> StudyResult:
        return self.result(self.inputs(more, **columns))

    @staticmethod
    def result(inputs: StudyInputs) -> StudyResult:
        assert [fault for fault in study.check(inputs) if fault.severity == "error"] == []
        return planning.run(inputs, parts=frozenset({"coverage", "siting"}))

    def refused(self, more: str, **columns: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
        try:
            faults = study.check(self.inputs(more, **columns))
        except InputRefused as refused:
            faults = list(refused.faults)
        for fault in faults:
            assert all(fault.message(language) and fault.remedy(language) for language in ("zh", "en"))
        return [(one.code, one.row, one.value) for one in faults if one.severity == "error"]


@pytest.fixture
def desk(base: StudyInputs, tmp_path: Path) -> Desk:
    return Desk(base, tmp_path)


def sites(result: StudyResult) -> list[str]:
    return [site["facility_id"] for site in result.summary["siting"]["sites"]]


def excluded(result: StudyResult) -> list[tuple[str, str]]:
    return [(one["code"], one["subject_id"]) for one in result.summary["siting"]["excluded"]]


@pytest.mark.parametrize(("spacing", "chosen"), [(1050, ["H3", "H1"]), (1050.001, ["H3", "H2"])])
def test_spacing_in_a_straight_line(desk, spacing, chosen):
    """H1 is 1050 m from H3, H2 1450 m."""
    assert sites(desk.run(f"spacing_m = {spacing}")) == chosen


def test_money(desk):
    """400 for H3 leaves 200, which pays for H2 alone."""
    result = desk.run("budget = 600", candidates={"cost": [201.0, 200.0, 400.0]})
    summary = result.summary["siting"]
    assert (sites(result), summary["spent"], summary["budget"]) == (["H3", "H2"], 600, 600)
    assert summary["status"] == "optimal"


def test_a_candidate_without_a_cost_is_named_by_its_row(desk):
    """H2 has none; H1 is forbidden and needs none."""
    tables = {"candidates": {"cost": [np.nan, np.nan, 400.0], "role": ["forbidden", "candidate", "candidate"]}}
    assert desk.refused("budget = 600", **tables) == [("siting_cost_missing", 2, "H2")]


def test_sizes_keep_candidates_from_opening_and_say_so(desk):
    """599 m² is below 600; H3 has exactly 600."""
    tables = {"candidates": {"max_floor_area_m2": [599.0, 800.0, 600.0]}}
    result = desk.run("min_floor_area_m2 = 600", **tables)
    assert (sites(result), excluded(result)) == (["H3", "H2"], [("floor_area_below", "H1")])
    message = result.summary["siting"]["excluded"][0]["message"]
    assert "599" in message.split(" / ")[0]
    assert "599" in message.split(" / ")[1]


def test_an_unknown_size_cannot_be_told_to_be_enough(desk):
    tables = {"candidates": {"max_floor_area_m2": [np.nan, 800.0, 800.0]}}
    result = desk.run("min_floor_area_m2 = 600", **tables)
    assert (sites(result), excluded(result)) == (["H3", "H2"], [("floor_area_unknown", "H1")])


def test_too_few_candidates_are_left(desk):
    tables = {"candidates": {"max_floor_area_m2": [599.0, 599.0, 600.0]}}
    assert desk.refused("min_floor_area_m2 = 600", **tables) == [("siting_p_above_candidates", None, "2")]


def test_nobody_to_open_where_no_number_is_asked(desk):
    """`lscp` finds its own p: the refusal speaks of candidates, not of a number that the plan does not state."""
    tables = {"candidates": {"role": ["forbidden"] * 3}}
    file = desk.inputs('model = "lscp"', **tables)
    lone = replace(file, plan=replace(file.plan, siting=replace(file.plan.siting, p=None)))
    errors = [(fault.code, fault.column) for fault in study.check(lone) if fault.severity == "error"]
    assert errors == [("siting_no_candidates", "inputs.candidates")]


def test_a_required_candidate_that_cannot_open_is_refused_by_its_row(desk):
    tables = {"candidates": {"max_floor_area_m2": [599.0, 800, 800], "role": ["required", "candidate", "candidate"]}}
    assert desk.refused("min_floor_area_m2 = 600", **tables) == [("siting_required_excluded", 1, "H1")]


def test_a_new_centre_takes_no_more_than_the_largest_size(desk):
    result = desk.run("max_floor_area_m2 = 350")
    assert sites(result) == ["H3", "H1"]
    assert result.sites["floor_area_m2"].tolist() == [350, 350]
    assert result.sites["max_floor_area_m2"].tolist() == [800, 800]


def test_without_a_day_in_the_plan_a_site_may_be_to_be_had_later(desk):
    """New sites open after the day of judgement: only a phase's own day is held against them."""
    result = desk.run(candidates={"available_from": ["2035", None, None]})
    assert sites(result) == ["H3", "H1"]
    assert excluded(result) == []


@pytest.mark.parametrize(
    ("since", "chosen"),
    [
        ("2030", ["H3", "H1"]),
        ("2031-01", ["H3", "H2"]),
        *(pytest.param(since, ["H3", "H1"], marks=pytest.mark.slow) for since in ("2030-12-31", "2030-12")),
        *(pytest.param(since, ["H3", "H2"], marks=pytest.mark.slow) for since in ("2031-01-01", "2031")),
    ],
)
def test_a_year_or_a_month_counts_from_its_last_day(desk, since, chosen):
    phases = '[[siting.phases]]\nname = "远期"\np = 2\nby = 2030-12-31\n'
    result = desk.run(phases, candidates={"available_from": [since, "2020", None]})
    assert sites(result) == chosen
    assert excluded(result) == ([] if "H1" in chosen else [("available_later", "H1")])


PHASES = """budget = 700
[[siting.phases]]
name = "近期"
p = 1
budget = 300
by = 2027-12-31
[[siting.phases]]
name = "远期"
p = 2
by = 2030-12-31"""


def test_phases_by_day_and_money(desk):
    """H3 (8) costs 400: too dear for the first phase, which opens H1 (6). A alone is covered without it: 1 + 6 = 7.

    The best of the first phase is H1 too: nothing is given up.
    """
    result = desk.run(PHASES, candidates={"cost": [300.0, 300.0, 400.0]})
    near, far = result.summary["siting"]["phases"]
    assert (near["sites"], near["objective"], near["spent"], near["budget"]) == (["H1"], 7, 300, 300)
    assert (near["own_optimum"], near["own_sites"], near["cost_of_commitment"]) == (7, ["H1"], 0)
    assert (far["sites"], far["objective"], far["spent"], far["by"]) == (["H1", "H3"], 15, 700, "2030-12-31")
    assert result.sites["phase"].tolist() == ["近期", "远期"]


def test_estates_delivered_later_and_sites_to_be_had_later(desk):
    """B and C come after the first phase: H3 opens, D being all there is (1 + 8). H1 is to be had in 2029 only.

    For the last phase it is as good as H2, and its id is the smaller.
    """
    late = [None, date(2028, 1, 1), date(2029, 6, 30), None, None, None]
    tables = {
        "candidates": {"cost": [300.0, 300.0, 300.0], "available_from": [date(2029, 1, 1), None, None]},
        "residential": {"completion_date": late},
    }
    result = desk.run(PHASES, **tables)
    near, far = result.summary["siting"]["phases"]
    assert (near["sites"], near["objective"], near["cost_of_commitment"]) == (["H3"], 9, 0)
    assert (far["sites"], far["objective"]) == (["H3", "H1"], 15)
    assert excluded(result) == []


def test_a_phase_that_gives_something_up(desk):
    """H2 is there at once, H1 from 2029 on. H1 alone comes first by its id at the end; until then H3 waits for money.

    H3 is dear (400), so the first phase (300) opens nothing of H1 and H3, where H2 would cover 6.
    """
    tables = {"candidates": {"cost": [300.0, 300.0, 400.0], "available_from": [date(2029, 1, 1), None, None]}}
    near, _ = desk.run(PHASES, **tables).summary["siting"]["phases"]
    assert (near["sites"], near["objective"]) == ([], 1)
    assert (near["own_sites"], near["own_optimum"], near["cost_of_commitment"]) == (["H2"], 7, 6)


@pytest.mark.parametrize(
    ("phases", "code"),
    [
        ('[{ name = "i", p = 1, by = 2027-12-31 }, { name = "ii", p = 2 }]', "plan_phase_days"),
        ('[{ name = "i", p = 1, by = 2031-12-31 }, { name = "ii", p = 2, by = 2030-12-31 }]', "plan_phase_days"),
        ('[{ name = "i", p = 1, by = 2020-12-31 }, { name = "ii", p = 2, by = 2030-12-31 }]', "plan_phase_days"),
        ('[{ name = "i", p = 1 }, { name = "i", p = 2 }]', "plan_phase_twice"),
        ('[{ name = "i", p = 1, budget = 9 }, { name = "ii", p = 2, budget = 8 }]', "plan_phase_budgets"),
        ('[{ name = "i", p = 1 }, { name = "ii", p = 3 }]', "plan_phases"),
        ('[{ name = "i", p = 1, money = 3 }, { name = "ii", p = 2 }]', "plan_bad_value"),
    ],
)
def test_phases_that_do_not_follow_one_another(desk, phases, code):
    assert [fault for fault, *_ in desk.refused(f"phases = {phases}")] == [code]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("budget = -1", "plan_bad_value"),
        ("spacing_m = -1", "plan_bad_value"),
        ("min_share = { elderly_80 = 1.1 }", "plan_bad_value"),
        ("min_share = { dogs = 0.1 }", "plan_bad_value"),
        ('may_close = ["S1", "S1"]', "plan_bad_value"),
        ("min_per_street = 2\none_per_street = true", "plan_streets_contradict"),
        ("min_floor_area_m2 = 300\nmax_floor_area_m2 = 200", "plan_floor_areas"),
        ("share = 0.5", "plan_share_model"),
        ('model = "lscp"\nphases = [{ name = "i", p = 2 }]', "plan_phases_model"),
        ('model = "deficit"\nphases = [{ name = "i", p = 2, by = 2030-12-31 }]', "plan_phases_model"),
        ('model = "capacitated"\ncapacity_per_site = 9\nmay_close = ["S1"]', "siting_rules_model"),
        ('model = "capacitated"\ncapacity_per_site = 9\nmin_share = { elderly = 0.5 }', "siting_rules_model"),
        ("min_share = { elderly_80 = 0.5 }", "demand_column_absent"),
        ('[siting.robustness]\ndemand = ["residents"]', "demand_column_absent"),
        ('may_close = ["K1"]', "siting_may_close_absent"),
        ('model = "p_median"\nmin_share_per_street = 0.5', "siting_rules_model"),
        ('model = "p_center"\nmin_share = { elderly = 0.5 }', "siting_rules_model"),
    ],
)
def test_what_cannot_be_asked(desk, more, code):
    assert [fault for fault, *_ in desk.refused(more)] == [code]


def test_no_street_to_count_in(desk):
    units = {"type": ["county", "community", "community"]}
    assert [fault for fault, *_ in desk.refused("min_per_street = 1", units=units)] == ["siting_streets_absent"]


@pytest.mark.slow
def test_closing(desk):
    """H4 (500) is required and 500 m from S1, 600 asked: S1 closes, and H4 covers its A beside B.

    H3 covers D: 1 + 2 + 8 = 11 after, where S1 covered 1 before.
    """
    three = desk.base.tables["candidates"]
    place = gpd.GeoSeries([town.at(500, 0)], crs=three.crs)
    row = three.iloc[[0]].assign(facility_id="H4", name="备选H4", role="required", geometry=place.to_numpy())
    four = gpd.GeoDataFrame(pd.concat([three, row], ignore_index=True), crs=three.crs)

    def result_of(more: str) -> StudyResult:
        inputs = desk.inputs(more)
        return desk.result(replace(inputs, tables={**inputs.tables, "candidates": four}))

    held = result_of("spacing_m = 600")
    assert held.summary["siting"]["status"] == "infeasible"
    said = [(reason["code"], reason["subject_id"]) for reason in held.summary["siting"]["reasons"]]
    assert said == [("spacing", "spacing"), ("required", "H4")]
    result = result_of('spacing_m = 600\nmay_close = ["S1"]')
    summary = result.summary["siting"]
    assert (sites(result), summary["closed"], summary["objective"]) == (["H3", "H4"], ["S1"], 11)
    assert (summary["before"]["elderly_covered"], summary["after"]["elderly_covered"]) == (1, 11)


@pytest.mark.slow
def test_least_share_of_the_oldest(desk):
    """Of those over 80 B and C have 1 each, D none: p = 2 opens H1 whatever else; without it H3 alone would do."""
    areas = {"elderly_80": [0, 1, 1, 0, 0, 2]}
    result = desk.run("min_share = { elderly_80 = 0.5 }", residential=areas)
    assert sites(result) == ["H3", "H1"]
    result = desk.run("min_share = { elderly_80 = 0.51 }", residential=areas)
    (reason,) = result.summary["siting"]["reasons"]
    assert (reason["code"], reason["subject_id"]) == ("share_floor", "elderly_80")
    assert "0.5000" in reason["message"]
    assert sites(result) == []


def test_streets_in_the_models_of_distance(desk):
    """All three candidates are in the eastern street: one of them, and the west has its S1."""
    result = desk.run('model = "p_median"\none_per_street = true\nmin_per_street = 1')
    assert len(sites(result)) == 1
    assert result.summary["siting"]["status"] == "optimal"


@pytest.mark.slow
def test_a_share_is_enough_for_the_fewest(desk):
    """Of 63, H3 and S1 cover 9 (0.142): one site; a hair more takes another."""
    assert sites(desk.run(f'model = "lscp"\nshare = {9 / 63}')) == ["H3"]
    assert len(sites(desk.run(f'model = "lscp"\nshare = {9 / 63 + 1e-9}'))) == 2
