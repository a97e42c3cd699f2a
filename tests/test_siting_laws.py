"""Siting: one answer whatever the order of rows, laws that hold in every town, proofs that hold under the clock."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_siting import DEMAND, DEMAND_STREET, RADIUS, REACH, mclp

from planning import siting
from planning.errors import InputRefused
from planning.siting import SitingPlan, _ask, _audit


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
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_siting_laws as t;"
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
    @pytest.mark.parametrize("limit", [1e-9, pytest.param(0.3, marks=pytest.mark.slow)])
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
        """One site cannot reach both floors, but without time not even that may be claimed."""
        options = {"demand_street": DEMAND_STREET.drop(["e", "z"]), "min_share_per_street": 0.7}
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
