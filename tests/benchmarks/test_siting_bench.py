"""How long siting takes, proof included, on a made-up city; the plain covering model on scipy stands beside it.

``pytest tests/benchmarks/test_siting_bench.py -m slow --benchmark-json FILE``; figures stand under ``extra_info``.
Absolute times depend on the machine and on what else runs on it; objectives, bounds and ratios do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.spatial import KDTree

from planning import siting
from planning.siting import SitingPlan

pytestmark = pytest.mark.slow
RADIUS_M = 800.0


@cache
def city(
    demands: int, sites: int, spacing_m: float = 375.0, *, all_pairs: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Homes and sites crowd round twelve centres; metres are whole and 1.3 times the straight line, people log-normal.

    The city grows with its sites, one to ``spacing_m``²: at 375 m a home has about nine within the radius, at 300 m
    fourteen, and proofs become hard.
    """
    rng = np.random.default_rng(3)
    side = spacing_m * np.sqrt(sites)
    centres = rng.uniform(0, side, (12, 2))

    def places(count: int) -> np.ndarray:
        crowd = centres[rng.integers(0, 12, count)] + rng.normal(0, side / 8, (count, 2))
        spread = rng.uniform(0, side, (count, 2))
        return np.where(rng.random((count, 1)) < 0.6, crowd, spread) % side

    homes, facilities = places(demands), places(sites)
    limit = np.inf if all_pairs else RADIUS_M / 1.3 + 1
    pairs = KDTree(homes).sparse_distance_matrix(KDTree(facilities), limit, output_type="coo_matrix")
    reach = pd.DataFrame(
        {
            "facility_id": np.char.mod("F%05d", pairs.col),
            "demand_id": np.char.mod("D%05d", pairs.row),
            "distance_m": np.rint(pairs.data * 1.3),
        }
    )
    people = np.rint(rng.lognormal(4.0, 0.9, demands)).clip(1)
    return reach, pd.DataFrame({"elderly": people}, index=np.char.mod("D%05d", np.arange(demands)))


def timed(benchmark: Any, solve: Callable[[], SitingPlan]) -> tuple[SitingPlan, float]:
    """Run once and note what came out."""
    start = time.perf_counter()
    plan = benchmark.pedantic(solve, rounds=1, iterations=1)
    seconds = time.perf_counter() - start
    benchmark.extra_info.update(
        seconds=seconds, objective=plan.objective, bound=plan.bound, gap=plan.gap, status=plan.status
    )
    return plan, seconds


@pytest.mark.parametrize("spacing_m", [375.0, 300.0])
@pytest.mark.parametrize(("demands", "sites", "p"), [(2_000, 500, 50), (10_000, 2_000, 100)])
def test_mclp(benchmark: Any, demands: int, sites: int, p: int, spacing_m: float) -> None:
    """Nothing is promised about the proof within a minute, but that the gap is shown and is small."""
    reach, demand = city(demands, sites, spacing_m)
    plan, seconds = timed(
        benchmark, lambda: siting.mclp(reach, demand, radius_m=RADIUS_M, p=p, weight="elderly", time_limit_s=60)
    )
    assert plan.gap <= 0.05
    assert (plan.status == "optimal") == (plan.gap <= 1e-6)
    assert seconds < 90


@pytest.mark.parametrize("spacing_m", [375.0, 300.0])
def test_lscp_against_the_plain_model(benchmark: Any, spacing_m: float) -> None:
    """No more sites than the unreduced model finds in the same time, and never below its bound."""
    reach, demand = city(10_000, 2_000, spacing_m)
    plan, seconds = timed(benchmark, lambda: siting.lscp(reach, demand, radius_m=RADIUS_M, time_limit_s=60))
    near = reach[reach["distance_m"] <= RADIUS_M]
    row, column = near["demand_id"].factorize()[0], near["facility_id"].factorize()[0]
    rows = sparse.csr_array((np.ones(len(near)), (row, column)))
    start = time.perf_counter()
    plain = milp(
        np.ones(rows.shape[1]),
        constraints=LinearConstraint(rows, 1, np.inf),
        integrality=np.ones(rows.shape[1]),
        bounds=Bounds(0, 1),
        options={"time_limit": 60, "mip_rel_gap": 0},
    )
    plain_s = time.perf_counter() - start
    benchmark.extra_info.update(plain_seconds=plain_s, plain_objective=plain.fun, plain_bound=plain.mip_dual_bound)
    assert plain.fun is None or plan.objective <= round(plain.fun)
    assert plan.objective >= np.ceil(plain.mip_dual_bound - 1e-6)
    assert seconds < 90


@pytest.mark.parametrize("p", [20, 100])
def test_p_median(benchmark: Any, p: int) -> None:
    reach, demand = city(2_000, 500, all_pairs=True)
    plan, seconds = timed(benchmark, lambda: siting.p_median(reach, demand, p=p, weight="elderly", time_limit_s=120))
    assert plan.status == "optimal"
    assert seconds < 60


def test_p_center(benchmark: Any) -> None:
    reach, demand = city(2_000, 500, all_pairs=True)
    plan, _ = timed(benchmark, lambda: siting.p_center(reach, demand, p=20, time_limit_s=120))
    assert plan.gap <= 0.05
