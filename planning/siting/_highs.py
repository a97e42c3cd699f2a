"""Room `siting`: one door to the HiGHS solver, single-threaded and with a fixed seed, so that it repeats itself."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from planning.siting._units import Flags, Floats

INFINITE = 1e29


@dataclass(frozen=True)
class Clock:
    """What is left of a time limit."""

    ends: float

    @classmethod
    def of(cls, time_limit_s: float) -> Clock:
        """Start a clock that runs for ``time_limit_s``."""
        return cls(time.perf_counter() + time_limit_s)

    @property
    def left_s(self) -> float:
        """Return the seconds left, never below 0."""
        return max(0.0, self.ends - time.perf_counter())


@dataclass(frozen=True)
class Model:
    """Minimise ``cost · x`` under ``low ≤ rows · x ≤ high`` and ``0 ≤ x ≤ upper``; ``whole`` marks integer columns."""

    cost: Floats
    rows: Any
    low: Floats
    high: Floats
    upper: Floats
    whole: Flags


@dataclass(frozen=True)
class Found:
    """What the solver knows: a point or none, a lower bound on the cost, and whether it finished.

    ``reduced_cost`` and ``price`` are those of the columns and the rows of a linear programme.
    """

    x: Floats | None
    bound: float
    finished: bool
    infeasible: bool
    reduced_cost: Floats
    price: Floats = field(default_factory=lambda: np.zeros(0))


def load(model: Model) -> Any:
    """Return a silent solver holding ``model``."""
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for option, value in OPTIONS:
        solver.setOptionValue(option, value)
    solver.passModel(_linear_programme(model))
    return solver


OPTIONS: tuple[tuple[str, Any], ...] = (
    ("output_flag", False),
    ("threads", 1),
    ("parallel", "off"),
    ("random_seed", 0),
    ("mip_rel_gap", 0.0),
    ("mip_abs_gap", 0.0),
)


def _linear_programme(model: Model) -> Any:
    """Return ``model`` as HiGHS holds it."""
    columns = sparse.csc_array(model.rows)
    columns.sort_indices()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = columns.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, np.zeros(columns.shape[1]), model.upper
    lp.row_lower_, lp.row_upper_ = model.low, model.high
    matrix = lp.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.num_row_, matrix.num_col_ = columns.shape
    matrix.start_ = columns.indptr.astype(np.int32)
    matrix.index_ = columns.indices.astype(np.int32)
    matrix.value_ = columns.data.astype(np.float64)
    if model.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(is_whole)] for is_whole in model.whole]
    return lp


def run(solver: Any, clock: Clock, *, integer: bool) -> Found:
    """Run ``solver`` for what is left of ``clock``."""
    # linear programmes share the clock of all runs of a solver, integer ones have their own
    spent_s = 0.0 if integer else float(solver.getRunTime())
    solver.setOptionValue("time_limit", spent_s + clock.left_s)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    statuses = highspy.HighsModelStatus
    finished = status == statuses.kOptimal
    has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    solution = solver.getSolution()
    told = finished and not integer
    bound = info.mip_dual_bound if integer else (info.objective_function_value if finished else -math.inf)
    return Found(
        x=np.array(solution.col_value, dtype=np.float64) if has_point else None,
        bound=bound if abs(bound) < INFINITE else -math.inf,
        finished=finished,
        infeasible=status in {statuses.kInfeasible, statuses.kUnboundedOrInfeasible},
        reduced_cost=np.array(solution.col_dual if told else (), dtype=np.float64),
        price=np.array(solution.row_dual if told else (), dtype=np.float64),
    )


def fractional(model: Model, clock: Clock) -> Found:
    """Solve ``model`` with fractions allowed."""
    return run(load(replace(model, whole=np.zeros_like(model.whole))), clock, integer=False)


def relaxed(model: Model, clock: Clock) -> float:
    """Return the bound of ``model`` with fractions allowed; infinite where even that has no point."""
    found = fractional(model, clock)
    return math.inf if found.infeasible else found.bound


def minimise(
    model: Model,
    clock: Clock,
    *,
    start: Floats | None = None,
    first: bool = False,
    good: bool = False,
    presolve: bool = True,
) -> Found:
    """Solve the mixed-integer ``model``, from ``start`` if there is one, within ``clock``; any point if ``first``.

    With a ``good`` start the bound is what takes long: no trial branchings, which cost half the time here.
    """
    solver = load(model)
    if not presolve:  # it has been seen to lose the best plan where a row holds a sum to within 1e-6
        solver.setOptionValue("presolve", "off")
    if good:
        solver.setOptionValue("mip_pscost_minreliable", 0)
    if first:
        solver.setOptionValue("mip_max_improving_sols", 1)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start
        solver.setSolution(solution)
    return run(solver, clock, integer=True)
