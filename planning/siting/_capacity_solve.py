"""Room `siting`: the capacitated model as a mixed-integer programme, objective by objective."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from planning.siting._capacity_ground import Ground, assigned_weight, build, clean
from planning.siting._highs import Clock
from planning.siting._plan import Stage, gap, status
from planning.siting._program import Program
from planning.siting._units import Floats

PAIRS_TRIED: Final = 200
SOLVING: Final = 0.8
GREEDY: Final = 0.2


@dataclass(frozen=True)
class Solved:
    """The options built, the share of demand in each pair, the most that could be served, and how it was proven."""

    built: tuple[int, ...]
    share: Floats
    bound: float
    stages: tuple[Stage, ...]
    ties: tuple[tuple[int, int], ...]


# --------------------------------------------------------------------------------------------------- the objectives


def solve(ground: Ground, then: Sequence[str], clock: Clock) -> Solved | None:
    """Return the plan that serves most and, of those, is best by ``then``; None where time ran out without one.

    The solver is a little late at times, and a plan is still to be told: `SOLVING` of the time is for the objectives.
    """
    program, asks = build(ground), Clock.of(SOLVING * clock.left_s)
    first = _first_plan(ground, Clock.of(GREEDY * clock.left_s))
    best, bound = _best(ground, program, {"y": -ground.weight}, asks, start=first)
    if first is not None and (best is None or best.served(ground) < first.served(ground)):
        best = first
    if best is None:
        return None
    served, total = best.served(ground), float(ground.weight.sum())
    most = max(served, min(-bound + _slack(total), total)) if math.isfinite(bound) else total
    most = served if most - served <= 2 * _slack(total) else most
    stages = [Stage("served", served, most, gap(served, most), status(served, most))]
    program.rows({"y": ground.weight}, served - _slack(total), math.inf)
    best = _walked(ground, best, served, asks)
    for name in then:
        costs = _costs(ground)[name]
        found, least = _best(ground, program, costs, asks, presolve=False)
        found = None if found is None else _walked(ground, found, served, asks)
        if found is not None and found.served(ground) >= served - _slack(total):
            best = _better(ground, name, found, best)
        stages.append(_stage(ground, name, best, least))
        _hold(program, costs, stages[-1].objective)
    best = _tidied(ground, best, served, clock)
    return Solved(tuple(sorted(best.built)), best.share, most, tuple(stages), _ties(ground, best.built, served, clock))


@dataclass(frozen=True)
class Plan:
    """The options built, and the share of demand in each pair."""

    built: frozenset[int]
    share: Floats

    def served(self, ground: Ground) -> float:
        """Return the weight served."""
        return math.fsum(assigned_weight(ground, self.share).tolist())


def _walked(ground: Ground, plan: Plan, served: float, clock: Clock) -> Plan:
    """Return a plan with the least walk; whole demands stay where the solver put them, for moving them is as hard."""
    share = None if ground.single_source else assign(ground, plan.built, served, clock)
    return plan if share is None else Plan(plan.built, share)


def _better(ground: Ground, name: str, one: Plan, other: Plan) -> Plan:
    """Return the better of two plans by an objective; of equals the one already held."""
    return one if _value(ground, name, one) < _value(ground, name, other) else other


def _tidied(ground: Ground, plan: Plan, served: float, clock: Clock) -> Plan:
    """Return the plan at the smaller ids of candidates that are alike, walking least where that is quickly found."""
    built = _smaller_ids(ground, plan.built)
    if ground.single_source and built == plan.built:
        return plan
    share = assign(ground, built, served, Clock.of(clock.left_s / 2))
    return plan if share is None else Plan(built, share)


def _slack(total: float) -> float:
    """Return what the solver's arithmetic cannot tell apart in sums of that size."""
    return 1e-6 + 1e-9 * total


def _costs(ground: Ground) -> dict[str, dict[str, Floats]]:
    new = ground.new.astype(float)
    return {
        "sites": {"x": new},
        "cost": {"x": new * np.array([option.cost for option in ground.options])},
        "distance": {"g": ground.weight[ground.place] * ground.metres},
    }


def _best(
    ground: Ground,
    program: Program,
    costs: Mapping[str, Floats],
    clock: Clock,
    *,
    start: Plan | None = None,
    presolve: bool = True,
) -> tuple[Plan | None, float]:
    """Return the plan the solver finds, and its bound; None where it has none in time."""
    if not ground.options:
        return Plan(frozenset(), np.empty(0)), 0.0
    if clock.left_s == 0:
        return None, -math.inf
    point_of = None
    if start is not None:
        built_of = [float(number in start.built or not one.new) for number, one in enumerate(ground.options)]
        by_place = np.bincount(ground.place, weights=start.share, minlength=len(ground.weight))
        point_of = {"x": np.array(built_of), "g": start.share, "y": by_place}
    found, point = program.minimise(costs, clock, start=point_of, presolve=presolve)
    if "x" not in point:
        return None, -math.inf if found.infeasible else found.bound
    built = frozenset(np.flatnonzero((point["x"] > 0.5) & ground.new).tolist())
    return (Plan(built, clean(ground, point["g"])) if _allowed(ground, built) else None), found.bound


def _first_plan(ground: Ground, clock: Clock) -> Plan | None:
    """Build what serves most of who is left, again and again, nearest demand first.

    None where roles or conditions ask for more.
    """
    if len(ground.required) or not ground.options:
        return None
    share = np.zeros(len(ground.place))
    left = np.ones(len(ground.weight))
    for number in [number for number, option in enumerate(ground.options) if not option.new]:
        _fill(ground, number, left, share)
    built: frozenset[int] = frozenset()
    while len(built) < ground.p and clock.left_s > 0:
        used = {ground.options[option].facility for option in built}
        room = np.ones(len(ground.facilities), dtype=bool)
        if ground.conditions is not None:
            room[: ground.conditions.rows.shape[1]] = ground.conditions.has_room(ground.at(built))
        trials = [
            (_fill(ground, number, left.copy(), share.copy()), -number)
            for number, option in enumerate(ground.options)
            if option.new
            and option.facility not in used
            and room[option.facility]
            and _affordable(ground, built | {number})
        ]
        most, number = max(trials, default=(0.0, 0))
        if most <= 0:
            break
        _fill(ground, -number, left, share)
        built |= {-number}
    return Plan(built, share) if _allowed(ground, built) else None


def _fill(ground: Ground, option: int, left: Floats, share: Floats) -> float:
    """Let one facility serve the nearest demand that is left, up to its capacity; return the weight it serves."""
    facility, room, served = ground.options[option].facility, ground.options[option].capacity, 0.0
    rows = np.flatnonzero(ground.facility == facility)
    for row in rows[np.argsort(ground.metres[rows], kind="stable")].tolist():
        place = ground.place[row]
        load = float(ground.load[place])
        part = float(left[place]) if load == 0 else min(float(left[place]), room / load)
        if ground.single_source and part < 1:
            continue
        left[place] -= part
        share[row] = part
        room = max(0.0, room - part * load)
        served += part * float(ground.weight[place])
    return served


def _allowed(ground: Ground, built: frozenset[int]) -> bool:
    """Say whether p, the budget and every condition are kept to the letter."""
    held = ground.conditions is None or ground.conditions.fit_sites(ground.at(built))
    return held and _affordable(ground, built)


def _affordable(ground: Ground, built: frozenset[int]) -> bool:
    """Say whether p and the budget are kept to the letter."""
    cost = math.fsum(ground.options[option].cost for option in built)
    return len(built) <= ground.p and (ground.budget is None or cost <= ground.budget + 1e-9)


def _stage(ground: Ground, name: str, plan: Plan, least: float) -> Stage:
    """Return what a further objective came to, and its proof."""
    value = _value(ground, name, plan)
    if name == "sites" and math.isfinite(least):
        least = math.ceil(least - 1e-6)
    least = min(value, max(0.0, least))
    least = value if value - least <= 1e-6 * max(1.0, value) else least
    return Stage(name, value, least, gap(value, least), status(value, least))


def _value(ground: Ground, name: str, plan: Plan) -> float:
    """Return what a plan comes to by a further objective."""
    if name == "sites":
        return float(len(plan.built))
    if name == "cost":
        return math.fsum(ground.options[option].cost for option in plan.built)
    return math.fsum((assigned_weight(ground, plan.share) * ground.metres).tolist())


def _hold(program: Program, costs: Mapping[str, Floats], value: float) -> None:
    program.rows(costs, -math.inf, value + 1e-6 * max(1.0, value))


def assign(ground: Ground, built: Iterable[int], served: float, clock: Clock) -> Floats | None:
    """Return the shares of the assignment that serves ``served`` over the least distance; None where none is found."""
    program = build(ground, frozenset(built))
    if not len(ground.place):
        return np.empty(0)
    if clock.left_s == 0:
        return None
    weight = ground.weight[ground.place]
    program.rows({"y": ground.weight}, served, math.inf)
    _, point = program.minimise({"g": weight * ground.metres}, clock, presolve=False)
    if "g" not in point:
        return None
    share = clean(ground, point["g"])
    return share if math.fsum((weight * share).tolist()) >= served - _slack(float(ground.weight.sum())) else None


# ------------------------------------------------------------------------------------------- one answer of many equal


def _alike(ground: Ground) -> dict[int, tuple[Any, ...]]:
    """Return, of each candidate, what it can do: candidates of equal answers are interchangeable."""
    near: dict[int, list[tuple[int, float]]] = {}
    for facility, place, metres in zip(ground.facility, ground.place, ground.metres, strict=True):
        near.setdefault(int(facility), []).append((int(place), float(metres)))
    sizes: dict[int, list[tuple[float, float]]] = {}
    for option in ground.options:
        if option.new:
            sizes.setdefault(option.facility, []).append((option.capacity, option.cost))
    return {site: (tuple(near.get(site, ())), tuple(of), _counts_in(ground, site)) for site, of in sizes.items()}


def _counts_in(ground: Ground, site: int) -> tuple[tuple[int, int], ...]:
    """Return the conditions that a candidate counts in, and how much."""
    if ground.conditions is None:
        return ()
    column = ground.conditions.rows[:, [site]].toarray().ravel()
    return tuple((int(row), int(column[row])) for row in np.flatnonzero(column))


def _smaller_ids(ground: Ground, built: frozenset[int]) -> frozenset[int]:
    """Build at the smaller id of candidates that are alike."""
    alike = _alike(ground)
    numbers: dict[int, list[int]] = {}
    for number, option in enumerate(ground.options):
        numbers.setdefault(option.facility, []).append(number)
    used = {ground.options[option].facility: numbers[ground.options[option].facility].index(option) for option in built}
    required = set(ground.required.tolist())
    moved: dict[int, int] = {}
    for kind in dict.fromkeys(alike.values()):
        group = sorted(site for site, one in alike.items() if one == kind)
        sizes = sorted(used[site] for site in group if site in used and site not in required)
        free = [site for site in group if site not in required]
        moved |= dict(zip(free, sizes, strict=False)) | {site: used[site] for site in group if site in required}
    return frozenset(numbers[site][size] for site, size in moved.items())


def _ties(ground: Ground, built: frozenset[int], served: float, clock: Clock) -> tuple[tuple[int, int], ...]:
    """Return pairs (site, alternative) that serve as much; as far as time and `PAIRS_TRIED` go."""
    open_ = {ground.options[option].facility: option for option in built}
    clock = Clock.of(clock.left_s / 2)
    movable = [site for site in sorted(open_) if site not in set(ground.required.tolist())]
    others = [number for number, option in enumerate(ground.options) if option.new and option.facility not in open_]
    pairs = [(site, number) for site in movable for number in others][:PAIRS_TRIED]
    found = []
    for site, number in pairs:
        other = built - {open_[site]} | {number}
        if clock.left_s == 0:
            break
        if _allowed(ground, other) and _same(ground.served_by(other, clock), served, ground):
            found.append((site, ground.options[number].facility))
    return tuple(dict.fromkeys(found))


def _same(one: float, other: float, ground: Ground) -> bool:
    return abs(one - other) <= _slack(float(ground.weight.sum()))
