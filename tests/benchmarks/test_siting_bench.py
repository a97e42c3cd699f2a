"""How long siting takes, proof included, on made-up cities; other programs stand beside it.

``pytest tests/benchmarks/test_siting_bench.py -m "slow or scale" --benchmark-json FILE``; figures stand under
``extra_info``. ``-m scale`` are the instances of 10,000 homes. Limits are on the clock, so run them on an idle machine;
what is compared is compared by seconds of the processor, in one process.
"""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from siting_city import RADIUS_M, as_the_crow_flies, on_streets

from planning import siting
from planning.siting import SitingPlan, _cover, _reduce

SMALL = pytest.param(2_000, 500, marks=pytest.mark.slow)
LARGE = pytest.param(10_000, 2_000, marks=pytest.mark.scale)
GIB = 2**20  # in KiB, as the system counts


def measured(benchmark: Any, solve: Callable[[], SitingPlan]) -> tuple[SitingPlan, float]:
    """Run once; note what came out, the seconds on the clock and those of the processor."""
    start, worked = time.perf_counter(), time.process_time()
    plan = benchmark.pedantic(solve, rounds=1, iterations=1)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    benchmark.extra_info.update(
        seconds=seconds,
        processor_seconds=worked,
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        status=plan.status,
    )
    assert (plan.status == "optimal") == (plan.gap <= 1e-6)
    return plan, seconds


@pytest.mark.parametrize(
    ("demands", "sites", "p", "limit_s", "gap"),
    [
        pytest.param(2_000, 500, 20, 30, 0, marks=pytest.mark.slow),
        pytest.param(2_000, 500, 50, 30, 0.0025, marks=pytest.mark.slow),
        pytest.param(10_000, 2_000, 50, 60, 0.001, marks=pytest.mark.scale),
        pytest.param(10_000, 2_000, 100, 60, 0.001, marks=pytest.mark.scale),
        pytest.param(10_000, 2_000, 200, 60, 0.02, marks=pytest.mark.scale),
    ],
)
def test_mclp(benchmark: Any, demands: int, sites: int, p: int, limit_s: float, gap: float) -> None:
    reach, demand = on_streets(demands, sites)
    plan, seconds = measured(
        benchmark, lambda: siting.mclp(reach, demand, radius_m=1000, p=p, weight="elderly", time_limit_s=limit_s)
    )
    assert plan.gap <= gap
    assert seconds < limit_s + 10


@pytest.mark.parametrize("spacing_m", [375.0, 300.0])
@pytest.mark.parametrize(("demands", "sites", "p"), [(2_000, 500, 50), (10_000, 2_000, 100)])
@pytest.mark.scale
def test_mclp_in_the_denser_city(benchmark: Any, demands: int, sites: int, p: int, spacing_m: float) -> None:
    """No proof is promised here, but a gap that is shown and small."""
    reach, demand = as_the_crow_flies(demands, sites, spacing_m)
    plan, seconds = measured(
        benchmark, lambda: siting.mclp(reach, demand, radius_m=RADIUS_M, p=p, weight="elderly", time_limit_s=60)
    )
    assert plan.gap <= 0.02
    assert seconds < 70


def pairs(reach: pd.DataFrame, radius_m: float) -> Any:
    """The covering matrix, homes × sites, as a user would make it."""
    near = reach[reach["distance_m"] <= radius_m]
    row, column = near["demand_id"].factorize()[0], near["facility_id"].factorize()[0]
    return sparse.csr_array((np.ones(len(near)), (row, column)))


def plain(rows: Any, limit_s: float) -> tuple[Any, float]:
    """Solve the unreduced model by scipy; return its answer and its seconds of the processor."""
    worked = time.process_time()
    found = milp(
        np.ones(rows.shape[1]),
        constraints=LinearConstraint(rows, 1, np.inf),
        integrality=np.ones(rows.shape[1]),
        bounds=Bounds(0, 1),
        options={"time_limit": limit_s, "mip_rel_gap": 0},
    )
    return found, time.process_time() - worked


@pytest.mark.parametrize(("demands", "sites"), [SMALL, LARGE])
def test_lscp_against_the_plain_model(benchmark: Any, demands: int, sites: int) -> None:
    """The large city is four times quicker than the plain model, reading and checking the tables included."""
    reach, demand = on_streets(demands, sites)
    plan, _ = measured(benchmark, lambda: siting.lscp(reach, demand, radius_m=1000, time_limit_s=60))
    other, other_s = plain(pairs(reach, 1000), 300)
    ratio = other_s / benchmark.extra_info["processor_seconds"]
    benchmark.extra_info.update(plain_processor_seconds=other_s, ratio=ratio, plain_objective=other.fun)
    assert plan.status == "optimal"
    assert plan.objective == round(other.fun)
    assert sites < 2_000 or ratio >= 4


@pytest.mark.scale
@pytest.mark.parametrize("spacing_m", [375.0, 300.0])
def test_lscp_in_the_denser_city(benchmark: Any, spacing_m: float) -> None:
    """No proof is promised: no more sites than the plain model finds in the same time, and never below its bound."""
    reach, demand = as_the_crow_flies(10_000, 2_000, spacing_m)
    plan, _ = measured(benchmark, lambda: siting.lscp(reach, demand, radius_m=RADIUS_M, time_limit_s=60))
    other, other_s = plain(pairs(reach, RADIUS_M), 60)
    benchmark.extra_info.update(plain_objective=other.fun, plain_bound=other.mip_dual_bound, plain_seconds=other_s)
    assert other.fun is None or plan.objective <= round(other.fun)
    assert plan.objective >= np.ceil(other.mip_dual_bound - 1e-6)


@pytest.mark.slow
def test_building_a_model_against_spopt(benchmark: Any) -> None:
    """spopt is no requirement: ``pip install spopt`` beside the project to run this."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        locate = pytest.importorskip("spopt.locate", exc_type=ImportError)
    rows = pairs(on_streets(2_000, 500)[0], 1000)
    weight = np.arange(1, rows.shape[0] + 1)
    metres = np.where(rows.toarray() > 0, 1.0, 9.0)

    def build() -> Any:
        nothing = np.zeros(0, dtype=np.int64)
        return _cover.most(_reduce.shrink(rows.astype(np.int64), weight, np.zeros(len(weight), bool), nothing), 50)

    build()
    worked = time.process_time()
    benchmark.pedantic(build, rounds=1, iterations=1)
    ours, worked = time.process_time() - worked, time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        locate.MCLP.from_cost_matrix(metres, weight.astype(float), service_radius=1.0, p_facilities=50)
    theirs = time.process_time() - worked
    benchmark.extra_info.update(ours_seconds=ours, spopt_seconds=theirs, ratio=theirs / ours)
    assert theirs / ours >= 100


@pytest.mark.parametrize(
    ("demands", "sites", "p", "limit_s", "gap"),
    [
        pytest.param(2_000, 500, 20, 10, 0, marks=pytest.mark.slow),
        pytest.param(2_000, 500, 100, 10, 0, marks=pytest.mark.slow),
        pytest.param(10_000, 2_000, 50, 60, 0.002, marks=pytest.mark.scale),
        pytest.param(10_000, 2_000, 100, 60, 0.002, marks=pytest.mark.scale),
    ],
)
def test_p_median(benchmark: Any, demands: int, sites: int, p: int, limit_s: float, gap: float) -> None:
    """The small city with all pairs, the large one with those within 5 km, which serve everyone with room to spare."""
    reach, demand = on_streets(demands, sites, np.inf if sites == 500 else 5_000.0)
    plan, _ = measured(benchmark, lambda: siting.p_median(reach, demand, p=p, weight="elderly", time_limit_s=limit_s))
    assert not plan.unserved
    assert plan.gap <= gap


@pytest.mark.slow
def test_p_center(benchmark: Any) -> None:
    reach, demand = on_streets(2_000, 500, np.inf)
    plan, _ = measured(benchmark, lambda: siting.p_center(reach, demand, p=20, time_limit_s=120))
    assert plan.gap <= 0.05


@pytest.mark.scale
@pytest.mark.parametrize(
    "call",
    [
        "siting.mclp(*on_streets(10_000, 2_000), radius_m=1000, p=100, weight='elderly', time_limit_s=30)",
        "siting.lscp(*on_streets(10_000, 2_000), radius_m=1000, time_limit_s=30)",
        "siting.p_median(*on_streets(10_000, 2_000, 5_000.0), p=100, weight='elderly', time_limit_s=30)",
    ],
)
def test_memory(benchmark: Any, call: str) -> None:
    """The most a process of its own takes, tables and imports included: at most 1 GiB.

    Read from the process itself: what `getrusage` tells includes the parent's at the fork.
    """
    program = f"""
import re
from pathlib import Path
from siting_city import on_streets
from planning import siting
{call}
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text()).group(1))
"""
    done = benchmark.pedantic(
        lambda: subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ),
        rounds=1,
        iterations=1,
    )
    peak = int(done.stdout.split()[-1])
    benchmark.extra_info.update(peak_mib=peak / 1024)
    assert peak <= GIB
