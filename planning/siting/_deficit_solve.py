"""Room `siting`: the deficit model solved, objective by objective, and made one answer of many equal ones.

The floor area of a site never adds to the shortfall, so the first two objectives see every site at its largest; the
third finds the least floor area that leaves the same. What the solver says of choices is taken, what it says of
figures is not: they are counted again in exact fractions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from scipy import sparse

from planning.siting._conditions import Conditions
from planning.siting._deficit_ground import SLACK_M2, Ground, first_plan, least_areas, settle, shares_of, ties, worth
from planning.siting._deficit_tables import HUNDREDTH, ZERO, exact
from planning.siting._highs import Clock
from planning.siting._program import Program, settled
from planning.siting._ruled import site_rows
from planning.siting._units import Floats, Ints

RETRIES: Final = 20
SOLVING: Final = 0.8  # of the time: a plan is still to be told


@dataclass(frozen=True)
class Solved:
    """The floor area of each opened site, what each objective can at best be, and what could be exchanged.

    ``bound`` and ``area_bound`` are in m², ``cover_bound`` in whole units of weight.
    """

    area: Mapping[int, Fraction]
    bound: float
    cover_bound: int
    fewest: int
    area_bound: float
    ties: tuple[tuple[int, int], ...] = ()


@dataclass
class _Run:
    """A run through the objectives: the programme, the best sites so far, and the bounds met on the way.

    ``share`` and ``short`` are the credits that matter, ``reach`` and ``weight`` the demand still open; ``beyond_m2``
    is the shortfall that no site touches; ``floors`` are the least covered sums over the demand still open, of which
    ``floors_left`` are yet to be met.
    """

    ground: Ground
    among: Ints
    sites: tuple[int, ...]
    clock: Clock
    share: Any
    short: Floats
    reach: Any
    weight: Floats
    floors: Any
    floors_left: Floats
    beyond_m2: float
    program: Program = field(default_factory=Program)
    bounds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, ground: Ground, among: Ints, clock: Clock, sites: tuple[int, ...]) -> _Run:
        """Start with a plan and what can be said without solving."""
        share, short = shares_of(ground.quota, among)
        reach, weight, floors = _open_demand(ground, among)
        beyond = float(sum(ground.quota.short, ZERO)) - float(short.sum())
        left = np.zeros(0)
        if ground.conditions is not None:
            left = (ground.conditions.need - ground.conditions.covered(ground.served)).astype(np.float64)
        run = cls(ground, among, sites, clock, share, short, reach, weight, floors, left, beyond)
        run.bounds["shortfall"] = float(ground.left(among))
        run.bounds["coverage"] = float(ground.value(among))
        run.bounds["sites"] = run.bounds["floor_area"] = 0.0
        return run


def solve(ground: Ground, clock: Clock) -> Solved | None:
    """Return the best sites and floor areas; ``required`` can all be opened. None where no plan was found in time."""
    asks = Clock.of(SOLVING * clock.left_s)
    start = _start(ground, asks)
    if start is None:
        return None
    run = _Run.of(ground, ground.open_sites, asks, start)
    choice = ground.p > len(ground.required) and len(run.among) > len(ground.required)
    if choice:
        _build(run)
        _least_shortfall(run)
        _most_covered(run)
        _fewest(run)
        _least_area(run)
    sites = settle(ground, run.sites, clock)
    left, covered = ground.left(sites), ground.value(sites)
    area = least_areas(ground, sites, left)
    total = float(sum(area.values(), ZERO))
    rounding = float(HUNDREDTH) * len(area)
    return Solved(
        area=area,
        bound=settled(float(left), run.bounds["shortfall"] if choice else float(left), float(sum(ground.quota.short))),
        cover_bound=max(covered, int(run.bounds["coverage"])) if choice else covered,
        fewest=min(len(area), int(run.bounds["sites"])) if choice else len(area),
        area_bound=total if not choice or total - run.bounds["floor_area"] <= rounding else run.bounds["floor_area"],
        ties=ties(ground, sites),
    )


def _start(ground: Ground, clock: Clock) -> tuple[int, ...] | None:
    """Return a plan that meets every condition: the greedy one, or what the solver finds."""
    greedy = first_plan(ground)
    if ground.fit(greedy):
        return greedy
    run = _Run.of(ground, ground.open_sites, clock, greedy)
    _build(run)
    return _try(run, {})[0]


def best_of(
    ground: Ground,
    area: Mapping[int, Fraction],
    among: Ints,
    opened: Ints,
    p: int,
    clock: Clock,
    *,
    budget: Any = None,
) -> Ints:
    """Return the ``p`` of the sites ``among``, ``opened`` included, that leave least at the floor areas they have.

    The sites of a plan pass no limit on sites, so no part of them does.
    """
    sizes = tuple(area[site] if site in among else None for site in range(len(ground.quota.most)))
    quota = replace(ground.quota, least=sizes, most=sizes, budget=exact(budget))
    inner = replace(ground, quota=quota, required=opened, p=p, conditions=None)
    run = _Run.of(inner, np.sort(among), clock, first_plan(inner))
    if p > len(opened):
        _build(run)
        _least_shortfall(run)
    return np.array(sorted(run.sites), dtype=np.int64)


# -------------------------------------------------------------------------------------------------- the programme


def _build(run: _Run) -> None:
    """Write down: x opens sites, a is their floor area, s the shortfall left, y who is covered."""
    ground, among, program = run.ground, run.among, run.program
    share, short, reach = run.share, run.short, run.reach
    least, most = (np.array([float(ground.quota.range(int(one))[side]) for one in among]) for side in (0, 1))
    n, subjects = len(among), len(short)
    program.columns("x", n, whole=True)
    program.columns("a", n, upper=most)
    program.columns("s", subjects, upper=short)
    program.columns("y", reach.shape[0])
    each = sparse.eye_array(n, format="csr")
    program.rows({"a": share, "s": sparse.eye_array(subjects, format="csr")}, short, math.inf)
    # the same with every credit cut to what is missing: whole x see no difference, fractions do
    cut = share.multiply(most[None, :]).minimum(sparse.csr_array((share > 0).multiply(short[:, None])))
    program.rows({"x": sparse.csr_array(cut), "s": sparse.eye_array(subjects, format="csr")}, short, math.inf)
    program.rows({"a": each, "x": sparse.diags_array(-most, format="csr")}, -math.inf, 0.0)
    program.rows({"a": each, "x": sparse.diags_array(-least, format="csr")}, 0.0, math.inf)
    program.rows({"y": sparse.eye_array(reach.shape[0], format="csr"), "x": -reach}, -math.inf, 0.0)
    program.rows({"x": np.ones(n)}, -math.inf, float(ground.p))
    program.rows({"x": np.isin(among, ground.required).astype(float)}, float(len(ground.required)), math.inf)
    if ground.quota.budget is not None:
        cost = np.array([float(ground.quota.cost[int(one)]) for one in among])
        program.rows({"x": cost}, -math.inf, float(ground.quota.budget))
    if ground.conditions is not None:
        _write_conditions(run, ground.conditions)


def _write_conditions(run: _Run, conditions: Conditions) -> None:
    """Write down the conditions on sites, and the least sums of who is covered; half a unit less is no whole sum."""
    if len(conditions.low):
        rows, low, high = site_rows(conditions, run.among, np.zeros_like(conditions.low))
        run.program.rows({"x": rows}, low, high)
    if len(conditions.need):
        scale = 1e8 / max(1e8, float(conditions.total.max()))
        run.program.rows({"y": run.floors * scale}, (run.floors_left - 0.5) * scale, math.inf)


def _open_demand(ground: Ground, among: Ints) -> tuple[Any, Floats, Any]:
    """Return who of those not yet covered can be reached by whom, equal rows merged, their weight and their floors."""
    reach = sparse.csr_array(ground.reach[:, among])
    floors = sparse.csr_array((0, len(ground.weight))) if ground.conditions is None else ground.conditions.floors
    counts = (ground.weight > 0) | (np.asarray(floors.sum(axis=0)).ravel() > 0)
    rows = np.flatnonzero(~ground.served & (np.diff(reach.indptr) > 0) & counts)
    reach = reach[rows]
    reach.sort_indices()
    keys = [reach.indices[start:end].tobytes() for start, end in zip(reach.indptr, reach.indptr[1:], strict=False)]
    first: dict[bytes, int] = {}
    group = np.array([first.setdefault(key, len(first)) for key in keys], dtype=np.int64)
    weight = np.bincount(group, weights=ground.weight[rows].astype(np.float64), minlength=len(first))
    kept = np.unique(group, return_index=True)[1] if len(group) else np.empty(0, dtype=np.int64)
    gather = sparse.csr_array((np.ones(len(rows)), (np.arange(len(rows)), group)), shape=(len(rows), len(first)))
    return reach[kept], weight.astype(np.float64), sparse.csr_array(floors[:, rows].astype(np.float64) @ gather)


# --------------------------------------------------------------------------------------------------- the objectives


def _least_shortfall(run: _Run) -> None:
    """Find the sites that leave least, and hold that."""
    ground = run.ground
    costs = {"s": np.ones(len(run.short))}
    if float(ground.left(run.sites)) > run.bounds["shortfall"]:
        sites, bound = _try(run, costs)
        if sites is not None and ground.left(sites) < ground.left(run.sites):
            run.sites = sites
        run.bounds["shortfall"] = max(run.bounds["shortfall"], run.beyond_m2 + bound)
    run.program.rows(costs, -math.inf, float(ground.left(run.sites)) - run.beyond_m2 + SLACK_M2)


def _most_covered(run: _Run) -> None:
    """Among plans that leave as little, find the one that covers most, and hold that."""
    ground, weight = run.ground, run.weight
    if not run.reach.shape[0]:
        return
    scale = 1.0 if weight.sum() <= 1e8 else 1e8 / weight.sum()
    elsewhere = int(ground.weight[ground.served].sum())
    sites, bound = _held(run, {"y": -weight * scale})
    if sites is not None:
        run.sites = min(sites, run.sites, key=lambda one: (ground.left(one), -ground.value(one)))
    if math.isfinite(bound):
        most = elsewhere + math.floor((-bound + 1e-6 + 1e-9 * abs(bound)) / scale)
        run.bounds["coverage"] = min(run.bounds["coverage"], most)
    held = (ground.value(run.sites) - elsewhere - 0.5) * scale
    run.program.rows({"y": weight * scale}, held, math.inf)


def _fewest(run: _Run) -> None:
    """Among plans as good in both, find one with the fewest sites, and hold that."""
    ground = run.ground
    costs = {"x": np.ones(len(run.among))}
    sites, bound = _held(run, costs)
    if sites is not None:
        run.sites = min(sites, run.sites, key=lambda one: (ground.left(one), -ground.value(one), len(one)))
    run.bounds["sites"] = max(0.0, math.ceil(bound - 1e-6) if math.isfinite(bound) else 0.0)
    run.program.rows(costs, -math.inf, float(len(run.sites)))


def _least_area(run: _Run) -> None:
    """Among plans as good in all that, find the one with the least floor area."""
    ground = run.ground
    sites, bound = _held(run, {"a": np.ones(len(run.among))})
    run.bounds["floor_area"] = max(0.0, bound)
    if sites is not None:
        run.sites = min(sites, run.sites, key=lambda one: worth(ground, one))


def _try(run: _Run, costs: Mapping[str, Floats]) -> tuple[tuple[int, ...] | None, float]:
    """Return the sites the solver finds that meet everything, and its bound; no sites where time ran out.

    What meets everything only by the solver's tolerance is forbidden, one by one.
    """
    bound = -math.inf
    for _ in range(RETRIES):
        if run.clock.left_s == 0:
            break
        found, point = run.program.minimise(costs, run.clock)
        bound = max(bound, -math.inf if found.infeasible else found.bound)
        if not point:
            break
        sites = tuple(int(one) for one in run.among[point["x"] > 0.5])
        if run.ground.fit(sites):
            return sites, bound
        _forbid(run, sites)
    return None, bound


def _forbid(run: _Run, sites: tuple[int, ...]) -> None:
    """Let the solver never come back to exactly these sites."""
    open_ = np.isin(run.among, sites)
    run.program.rows({"x": np.where(open_, -1.0, 1.0)}, 1.0 - float(open_.sum()), math.inf)


def _held(run: _Run, costs: Mapping[str, Floats]) -> tuple[tuple[int, ...] | None, float]:
    """Return sites that keep the shortfall exactly; what the solver's tolerance let slip is forbidden, one by one."""
    first_bound = -math.inf
    for attempt in range(RETRIES):
        sites, bound = _try(run, costs)
        first_bound = bound if attempt == 0 else first_bound
        if sites is None or run.ground.left(sites) <= run.ground.left(run.sites):
            return sites, max(first_bound, bound)
        _forbid(run, sites)
    return None, first_bound
