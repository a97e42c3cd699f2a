"""Room `siting`: further objectives after a covering model's own: shortfall, cost, distance, one by one.

Each stage holds what the stages before it came to and looks for the best among the plans that are left. What is held
is the proven value, or, where time ran out, the value found, and the stage says how far from proof it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse

from planning.errors import Fault
from planning.siting import _deficit_ground, _deficit_tables
from planning.siting._ask import Ask
from planning.siting._cover import Ground
from planning.siting._deficit_tables import Quota
from planning.siting._highs import Clock
from planning.siting._plan import Stage, gap, status
from planning.siting._program import Program
from planning.siting._report import Solved
from planning.siting._ruled import site_rows
from planning.siting._units import Floats, Ints

KNOWN: Final = ("shortfall", "cost", "distance")
RETRIES: Final = 20


@dataclass(frozen=True, eq=False)
class Then:
    """Objectives that decide among plans which are equally good by the model's own.

    Attributes
    ----------
    order : sequence of str
        ``shortfall`` (least floor area missing), ``cost`` (least), ``distance`` (least Σ weight × distance_m of the
        covered to the nearest open facility), each at most once.
    needs, sites, credit
        For ``shortfall``, as in `deficit`. A site without an allowed floor area adds none, but may be opened.
    cost : mapping or Series
        For ``cost``: that of each candidate.
    """

    order: Sequence[str] = ()
    needs: pd.Series[Any] | None = None
    sites: pd.DataFrame | None = None
    credit: pd.DataFrame | None = None
    cost: Mapping[Any, Any] | pd.Series[Any] | None = None

    def faults(self, candidates: Sequence[Any]) -> list[Fault]:
        """Name everything about the further objectives that cannot be used."""
        alien = [one for one in self.order if one not in KNOWN]
        alien = alien or ([*self.order] if len(set(self.order)) < len(tuple(self.order)) else [])
        found = [Fault("siting_then", value=", ".join(alien), facts={"known": ", ".join(KNOWN)})] if alien else []
        if "shortfall" in self.order:
            found += self._tables_faults()
        if "cost" in self.order:
            missing = [one for one in candidates if not _is_amount(_cost_of(self.cost, one))]
            found += [Fault("siting_then_cost", value=", ".join(map(str, missing)))] if missing else []
        return found

    def _tables_faults(self) -> list[Fault]:
        if self.needs is None or self.sites is None or self.credit is None:
            given = {"needs": self.needs, "sites": self.sites, "credit": self.credit}
            missing = ", ".join(name for name, table in given.items() if table is None)
            return [Fault("siting_then_tables", value=missing)]
        return _deficit_tables.faults(self.needs, self.sites, self.credit, budget=None, radius_m=0)

    def quota(self, candidates: Sequence[Any]) -> Quota | None:
        """Return the tables of the shortfall as exact numbers."""
        if "shortfall" not in self.order or self.needs is None or self.sites is None or self.credit is None:
            return None
        return _deficit_tables.quota(self.needs, self.sites, self.credit, candidates, budget=None)


def _cost_of(cost: Mapping[Any, Any] | pd.Series[Any] | None, site: Any) -> Any:
    return None if cost is None else cost.get(site)


def _is_amount(value: Any) -> bool:
    known = isinstance(value, int | float | Fraction | Decimal | np.number) and not isinstance(value, bool)
    return bool(known and math.isfinite(value) and value >= 0)


@dataclass
class _Run:
    """The programme with what is held so far, and the best plan found."""

    ask: Ask
    ground: Ground
    quota: Quota | None
    then: Then
    sites: tuple[int, ...]
    hold: int
    program: Program = field(default_factory=Program)
    stages: list[Stage] = field(default_factory=list)

    def worth(self, sites: tuple[int, ...], count: int) -> tuple[Any, ...]:
        """Return what the first ``count`` objectives come to, the smaller the better; exact, but for distances."""
        return tuple(_exact(self, name, sites) for name in ("coverage", *self.then.order)[:count])


def refine(
    ask: Ask, ground: Ground, solved: Solved, then: Then, *, hold: int | None = None
) -> tuple[Solved, tuple[Stage, ...]]:
    """Return the plan that is as good by the model and best by ``then``, and the proof of every stage.

    Parameters
    ----------
    ground
        The covering problem with its conditions.
    solved
        The model's own plan.
    hold
        Weight that every plan must cover; None: what the model's plan covers.
    """
    if not then.order:
        return solved, ()
    name = "sites" if ask.model == "lscp" else "coverage"
    value, bound = solved.objective, solved.bound
    first = Stage(name, value, bound, gap(value, bound), status(value, bound))
    hold = ground.value(solved.sites) if hold is None else hold
    sites = tuple(int(one) for one in solved.sites)
    run = _Run(ask, ground, then.quota(ask.candidates), then, sites, hold, stages=[first])
    _build(run)
    for number, objective in enumerate(then.order, 2):
        _stage(run, objective, number)
    found = np.array(_settled(run), dtype=np.int64)
    refined = replace(solved, sites=found)
    if name == "coverage":  # a plan covers what the model's own does, or more where that was not proven
        covered = math.fsum(ask.weight[ground.covered(found)])
        refined = replace(refined, objective=covered, bound=max(bound, covered))
    return refined, tuple(run.stages)


# -------------------------------------------------------------------------------------------------- the programme


def _build(run: _Run) -> None:
    """Write down: x opens sites, y covers demand; p, roles, conditions, and the model's own objective held."""
    ask, ground, program = run.ask, run.ground, run.program
    sites, demands = len(ask.candidates), len(ask.demands)
    program.columns("x", sites, whole=True)
    program.columns("y", demands)
    each = sparse.eye_array(demands, format="csr")
    program.rows({"y": each, "x": -sparse.csr_array(ground.reach)}, -math.inf, ground.served.astype(np.float64))
    program.rows({"x": ask.is_new.astype(np.float64)}, -math.inf, float(_most_sites(run)))
    if len(ask.required):
        program.rows(
            {"x": np.isin(np.arange(sites), ask.required).astype(np.float64)}, float(len(ask.required)), math.inf
        )
    if len(ask.closable):  # what the model closes and keeps stays so
        keeps: Floats = np.isin(ask.closable, run.sites).astype(np.float64)
        program.rows({"x": _one_in(ask.closable, sites)}, keeps, keeps)
    if ground.conditions is not None and len(ground.conditions.low):
        rows, low, high = site_rows(ground.conditions, np.arange(sites), np.zeros_like(ground.conditions.low))
        program.rows({"x": rows}, low, high)
    if ground.conditions is not None and len(ground.conditions.need):
        scale = 1e8 / max(1e8, float(ground.conditions.total.max()))
        program.rows(
            {"y": ground.conditions.floors * scale},
            np.asarray((ground.conditions.need - 0.5) * scale, dtype=np.float64),
            math.inf,
        )
    _hold_coverage(run)


def _most_sites(run: _Run) -> int:
    """Return how many new sites may open: p, or as many as `lscp` needs."""
    return int(run.ask.is_new[list(run.sites)].sum()) if run.ask.model == "lscp" else run.ask.p


def _hold_coverage(run: _Run) -> None:
    """Hold the weight that every plan must cover.

    Weights are whole, so half a unit, ``u``, may be missing: a row held to dust has been seen to make the solver's
    presolve lose every plan. Where walks are counted ``u`` has a price, or somebody's walk would go uncounted.
    """
    weight = run.ground.weight.astype(np.float64)
    scale = _scale(run)
    run.program.columns("u", 1, upper=0.5 * scale)
    run.program.rows({"y": weight * scale, "u": np.ones(1)}, run.hold * scale, math.inf)


def _scale(run: _Run) -> float:
    """Return what weights are multiplied by for the solver."""
    total = float(run.ground.weight.sum())
    return 1.0 if total <= 1e8 else 1e8 / total


def _stage(run: _Run, name: str, number: int) -> None:
    """Find the best plan by one further objective, and hold it."""
    costs = _costs(run, name)
    bound, clock = -math.inf, run.ask.clock
    for attempt in range(RETRIES):
        sites, least = _try(run, costs, clock)
        bound = least if attempt == 0 else max(bound, least)
        if sites is None or run.worth(sites, number - 1) <= run.worth(run.sites, number - 1):
            if sites is not None:
                run.sites = min(sites, run.sites, key=lambda one: run.worth(one, number))
            break
        open_ = np.isin(np.arange(len(run.ask.candidates)), sites)
        run.program.rows({"x": np.where(open_, -1.0, 1.0)}, 1.0 - float(open_.sum()), math.inf)
    value = float(run.worth(run.sites, number)[-1])
    least = max(0.0, min(value, bound + _beyond(run, name)))
    least = value if value - least <= 1e-4 + 1e-9 * value else least
    run.stages.append(Stage(name, value, least, gap(value, least), status(value, least)))
    run.program.rows(costs, -math.inf, value - _beyond(run, name) + 1e-4 + 1e-9 * value)


def _try(run: _Run, costs: Mapping[str, Floats], clock: Clock) -> tuple[tuple[int, ...] | None, float]:
    """Return the plan the solver finds that meets every condition, and its bound."""
    if clock.left_s == 0:
        return None, -math.inf
    found, point = run.program.minimise(costs, clock)
    if not point:
        return None, -math.inf if found.infeasible else found.bound
    sites = np.flatnonzero(point["x"] > 0.5)
    few = int(run.ask.is_new[sites].sum()) <= _most_sites(run)
    fits = few and run.ground.fit(sites)
    return (tuple(sites.tolist()) if fits else None), found.bound


def _settled(run: _Run) -> tuple[int, ...]:
    """Close new sites that nothing needs, the largest id first, and let others give way to smaller ids as good."""
    asked, sites = set(run.ask.required.tolist()), run.sites
    fit = run.ground.fit
    for site in sorted((one for one in sites if run.ask.is_new[one] and one not in asked), reverse=True):
        rest = tuple(one for one in sites if one != site)
        if fit(np.array(rest, dtype=np.int64)) and _no_worse(run, rest, sites):
            sites = rest
    while run.ask.clock.left_s > 0 and (better := _smaller(run, sites)) is not None:
        sites = better
    return sites


def _smaller(run: _Run, sites: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the plan with a smaller id in the place of a larger one, if there is one as good."""
    asked = set(run.ask.required.tolist())
    movable = [one for one in sites if run.ask.is_new[one] and one not in asked]
    for into in range(max(movable, default=0)):
        if into in sites or not run.ask.is_new[into]:
            continue
        for out in sorted((one for one in movable if one > into), reverse=True):
            other = tuple(sorted({*sites} - {out} | {into}))
            if _no_worse(run, other, sites) and run.ground.fit(np.array(other, dtype=np.int64)):
                return other
    return None


def _no_worse(run: _Run, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Say whether a plan is as good by every objective; the cheapest to count are asked first."""
    return all(_exact(run, name, one) <= _exact(run, name, other) for name in ("coverage", *run.then.order))


# --------------------------------------------------------------------------------------------------- the objectives


def _costs(run: _Run, name: str) -> dict[str, Floats]:
    """Return the cost of an objective; its own columns and rows are written down first."""
    writers: dict[str, Callable[[_Run], dict[str, Floats]]] = {
        "shortfall": _shortfall,
        "cost": _money,
        "distance": _distance,
    }
    return writers[name](run)


def _shortfall(run: _Run) -> dict[str, Floats]:
    """Write down the shortfall left with every open site at its largest."""
    quota = _must(run.quota)
    among = _usable(quota)
    share, short = _deficit_ground.shares_of(quota, among)
    most = np.array([float(quota.range(int(site))[1]) for site in among])
    cut = share.multiply(most[None, :]).minimum(sparse.csr_array((share > 0).multiply(short[:, None])))
    place = _one_in(among, len(run.ask.candidates))
    run.program.columns("s", len(short), upper=short)
    each = sparse.eye_array(len(short), format="csr")
    run.program.rows({"x": sparse.csr_array(cut) @ place, "s": each}, short, math.inf)
    return {"s": np.ones(len(short))}


def _money(run: _Run) -> dict[str, Floats]:
    return {"x": np.array([float(one) for one in _prices(run)])}


def _prices(run: _Run) -> list[Fraction]:
    """Return what each candidate costs; existing facilities cost nothing."""
    return [
        Fraction(str(_cost_of(run.then.cost, one))) if new else Fraction(0)
        for one, new in zip(run.ask.candidates, run.ask.is_new, strict=True)
    ]


def _distance(run: _Run) -> dict[str, Floats]:
    """Write down whom each covered demand walks to: a site within the radius, or the nearest fixed facility."""
    ask, program = run.ask, run.program
    near = (ask.metres <= ask.radius_m) & (run.ground.weight[ask.place] > 0)
    place, site, metres = ask.place[near], ask.site[near], ask.metres[near]
    fixed = np.flatnonzero((ask.fixed_m <= ask.radius_m) & (run.ground.weight > 0))
    pairs = len(place)
    program.columns("f", pairs)
    program.columns("o", len(fixed))
    each = sparse.eye_array(pairs, format="csr")
    program.rows({"f": each, "x": -_one_in(site, len(ask.candidates))}, -math.inf, 0.0)
    demands = len(ask.demands)
    weighty = np.flatnonzero(run.ground.weight > 0)
    row = np.full(demands, -1)
    row[weighty] = np.arange(len(weighty))
    program.rows(
        {
            "f": _one_in(row[place], len(weighty)).T,
            "o": _one_in(row[fixed], len(weighty)).T,
            "y": -_one_in(weighty, demands),
        },
        0.0,
        math.inf,
    )
    weight = ask.weight
    dearer = np.array([(ask.radius_m + 1.0) / _scale(run)])  # than any walk
    return {"f": weight[place] * metres, "o": weight[fixed] * ask.fixed_m[fixed], "u": dearer}


def _one_in(columns: Ints, width: int) -> Any:
    """Return a matrix of ``width`` columns with a row for each of ``columns``, 1 there and 0 elsewhere."""
    rows = np.arange(len(columns))
    return sparse.csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(columns), width))


def _beyond(run: _Run, name: str) -> float:
    """Return the part of an objective that the programme leaves out: shortfalls that no site touches."""
    if name != "shortfall":
        return 0.0
    quota = _must(run.quota)
    among = _usable(quota)
    touched = _deficit_ground.shares_of(quota, among)[1]
    return float(sum(quota.short, Fraction(0))) - float(touched.sum())


def _exact(run: _Run, name: str, sites: tuple[int, ...]) -> Any:
    """Return what an objective comes to, the smaller the better."""
    chosen = np.array(sites, dtype=np.int64)
    if name == "coverage":
        return -min(run.hold, run.ground.value(chosen))
    if name == "shortfall":
        quota = _must(run.quota)
        return quota.left(quota.largest(site for site in sites if quota.usable[site]))
    if name == "cost":
        prices = _prices(run)
        return sum((prices[site] for site in sites), Fraction(0))
    return _walked(run.ask, chosen)


def _walked(ask: Ask, sites: Ints) -> float:
    """Return Σ weight × distance of everybody within the radius of an open facility."""
    nearest = ask.fixed_m.copy()
    open_ = np.isin(ask.site, sites)
    np.minimum.at(nearest, ask.place[open_], ask.metres[open_])
    covered = nearest <= ask.radius_m
    return round(math.fsum((ask.weight[covered] * nearest[covered]).tolist()), 6)


def _usable(quota: Quota) -> Ints:
    """Return the candidates whose floor area is known to suffice."""
    return np.flatnonzero(np.array(quota.usable, dtype=bool))


def _must(quota: Quota | None) -> Quota:
    if quota is None:
        raise RuntimeError("a shortfall is asked for without its tables")
    return quota
