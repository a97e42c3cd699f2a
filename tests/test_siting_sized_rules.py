"""The models that choose sizes under every condition, against the enumeration of all sets of sites.

Conditions are plain Python clauses here, each of its own: so the oracle can also say whether the conflict that is named
where there is no plan is one, and whether any clause of it is superfluous.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from batches import batches

from planning import siting
from planning.errors import InputRefused
from planning.siting import SitingPlan
from tests import test_siting_capacity as capacity
from tests import test_siting_deficit as deficit

STREETS = ("north", "south")
Clauses = dict[tuple[str, str], Callable[[tuple[str, ...]], bool]]


@dataclass
class Rules:
    """Conditions drawn for the facilities and demands of a case; ``given`` are the options of the verb."""

    given: dict[str, Any]
    street_of: dict[str, str]
    places: dict[str, tuple[int, int]]
    demand_street: dict[str, str]
    old: dict[str, int]

    @classmethod
    def draw(cls, seed: int, facilities: Iterable[str], places: Iterable[str], *, shares: bool) -> Rules:
        rng = random.Random(f"rules {seed}")
        facilities, places = list(facilities), list(places)
        found = cls(
            {},
            {one: rng.choice(STREETS) for one in facilities if rng.random() < 0.9},
            {one: (rng.randint(0, 4), rng.randint(0, 3)) for one in facilities},
            {one: rng.choice(STREETS) for one in places},
            {one: rng.choice([0, 1, 3]) for one in places},
        )
        given = found.given
        if rng.random() < 0.4:
            given |= {"one_per_street": True, "street_of": found.street_of}
        if rng.random() < 0.35:
            given |= {"min_per_street": 1, "street_of": found.street_of}
            given["streets"] = sorted(set(found.street_of.values()))
        if rng.random() < 0.4:
            points = pd.DataFrame.from_dict(found.places, orient="index", columns=["x_m", "y_m"])
            given |= {"spacing_m": rng.choice([1, 2, 2.5]), "points": points}
        if shares and rng.random() < 0.3:
            given["min_share"] = {"old": rng.choice([0.25, 0.6, 0.9])}
        if shares and rng.random() < 0.25:
            given |= {"min_share_per_street": rng.choice([0.3, 0.5]), "demand_street": found.demand_street}
            if "streets" in given:  # streets of demand count too
                given["streets"] = sorted({*given["streets"], *found.demand_street.values()})
        return found

    def clauses(self, case: Any, radius: float, fixed: Iterable[str], cost: dict[str, Fraction]) -> Clauses:
        """Every condition as a question to a set of new sites."""
        fixed, given = list(fixed), self.given
        found: Clauses = {("p", "p"): lambda sites: len(sites) <= case.p}
        for one in case.required:
            found["required", one] = lambda sites, one=one: one in sites
        if case.budget is not None:
            found["budget", "budget"] = lambda sites: sum((cost[one] for one in sites), Fraction(0)) <= case.budget
        for street in given.get("streets", ()):
            if given.get("min_per_street"):
                found["street_least", street] = lambda sites, street=street: bool(self._in(street, [*fixed, *sites]))
        for street in STREETS if given.get("one_per_street") else ():
            found["street_room", street] = lambda sites, street=street: (
                not self._in(street, sites) or len(self._in(street, [*fixed, *sites])) == 1
            )
        if given.get("spacing_m"):
            found["spacing", "spacing"] = lambda sites: all(
                math.dist(self.places[one], self.places[other]) >= given["spacing_m"]
                for one in sites
                for other in {*sites, *fixed} - {one}
            )

        def reached(sites: Iterable[str], weight: dict[str, int]) -> int:
            open_ = {*fixed, *sites}
            near = {place for (one, place), metres in case.pairs.items() if one in open_ and metres <= radius}
            return sum(weight[place] for place in near)

        if "min_share" in given:
            least = Fraction(str(given["min_share"]["old"])) * sum(self.old.values())
            if least:
                found["share_floor", "old"] = lambda sites: reached(sites, self.old) >= least
        for street in STREETS if "min_share_per_street" in given else ():
            inside = {one: case.weight[one] * (self.demand_street[one] == street) for one in case.weight}
            floor = Fraction(str(given["min_share_per_street"])) * sum(inside.values())
            if floor:
                found["street_floor", street] = lambda sites, inside=inside, floor=floor: (
                    reached(sites, inside) >= floor
                )
        return found

    def _in(self, street: str, facilities: Iterable[str]) -> list[str]:
        return [one for one in facilities if self.street_of.get(one) == street]

    def options(self, case: Any) -> dict[str, Any]:
        demand = case.tables()["demand"]
        return {**self.given, "demand": demand.assign(old=[float(self.old[one]) for one in demand.index])}


def check_conflict(plan: SitingPlan, clauses: Clauses, usable: list[str]) -> None:
    """The clauses named exclude each other, and without any one of them they do not."""
    assert (plan.status, plan.sites) == ("infeasible", ())
    named = {(reason["code"], reason["subject_id"]) for reason in plan.reasons}
    assert len(named) == len(plan.reasons) > 0
    if {code for code, _ in named} <= {"required_above_p", "deficit_required_cost"}:
        return
    held = [{name for name, holds in clauses.items() if holds(sites)} for sites in subsets(usable)]
    assert named <= set(clauses)
    assert not any(named <= one for one in held), "these can all hold"
    assert all(any(named - {one} <= by for by in held) for one in named), "one is superfluous"


def subsets(sites: list[str]) -> list[tuple[str, ...]]:
    return [some for count in range(len(sites) + 1) for some in itertools.combinations(sites, count)]


# --------------------------------------------------------------------------------------------------------- deficit


def check_deficit(seed: int) -> str:
    case = deficit.random_case(seed)
    rules = Rules.draw(seed, [*case.sizes, "OLD"], case.weight, shares=True)
    usable = [
        site
        for site, (least, most) in sorted(case.sizes.items())
        if site not in case.forbidden and most is not None and 0 < most >= (least or 0)
    ]
    clauses = rules.clauses(case, deficit.RADIUS, case.fixed, case.cost)
    plan = case.plan(**rules.options(case))
    may = case.helpful()
    if {code for code, _ in clauses} & {"street_least", "street_floor", "share_floor"}:
        may = usable
    allowed = [sites for sites in subsets(usable) if all(holds(sites) for holds in clauses.values())]
    if not allowed:
        check_conflict(plan, clauses, usable)
        return plan.status
    worth = {
        sites: (case.left({one: case.sizes[one][1] for one in sites}), -case.covered(sites), len(sites))
        for sites in allowed
        if set(sites) <= {*may, *case.required}
    }
    best = min(worth.values())
    mine = tuple(sorted(plan.sites))
    assert worth[mine] == best
    assert (plan.objective, plan.bound, plan.gap) == (float(best[0]), float(best[0]), 0)
    assert plan.status == ("optimal" if plan.sites or case.p == 0 else "not_needed")
    assert [stage.objective for stage in plan.stages[:3]] == [float(best[0]), -best[1], best[2]]
    assert all(stage.status == "optimal" for stage in plan.stages)
    for site, other in plan.ties:
        assert worth[tuple(sorted({*mine} - {site} | {other}))][0] == best[0]
    return plan.status


@pytest.mark.slow
def test_the_deficit_model_under_conditions():
    assert {check_deficit(seed) for seed in range(60)} >= {"optimal", "infeasible"}


@pytest.mark.parametrize("batch", batches(10, slow=3))
def test_the_deficit_model_under_conditions_many_times(batch):
    found = [check_deficit(seed) for seed in range(2000 + batch * 60, 2060 + batch * 60)]
    assert found.count("optimal") > 10
    assert found.count("infeasible") > 5


# ----------------------------------------------------------------------------------------------------- capacitated


def check_capacitated(seed: int) -> str:
    case = capacity.random_case(seed)
    rules = Rules.draw(seed, [*case.sizes, *case.fixed], case.weight, shares=False)
    usable = [site for site in sorted(case.sizes) if site not in case.forbidden]
    cheapest = {site: Fraction(min(cost for _, _, cost in of)) for site, of in case.sizes.items()}
    clauses = rules.clauses(case, capacity.RADIUS, case.fixed, cheapest)
    plan = case.plan(**rules.options(case))
    allowed = [sites for sites in subsets(usable) if all(holds(sites) for holds in clauses.values())]
    if not allowed:
        check_conflict(plan, clauses, usable)
        return plan.status
    found = []
    for sites in allowed:
        for built in itertools.product(*(case.sizes[site] for site in sites)):
            if case.budget is None or sum(cost for _, _, cost in built) <= case.budget:
                most = {site: size for site, (_, size, _) in zip(sites, built, strict=True)}
                served, metres = case.serve(case.fixed | most)
                found.append((-served, len(sites), metres))
    served, count, metres = min(found)
    assert plan.objective == pytest.approx(-served, abs=1e-6)
    assert tuple(sorted(plan.sites)) in allowed
    assert len(plan.sites) == count
    assert plan.stages[-1].objective == pytest.approx(metres, abs=1e-4)
    assert plan.status == ("optimal" if plan.sites or case.p == 0 else "not_needed")
    for site, other in plan.ties:
        assert tuple(sorted({*plan.sites} - {site} | {other})) in allowed
    return plan.status


@pytest.mark.slow
def test_the_capacitated_model_under_conditions():
    assert {check_capacitated(seed) for seed in range(45)} >= {"optimal", "infeasible"}


@pytest.mark.parametrize("batch", batches(10, slow=3))
def test_the_capacitated_model_under_conditions_many_times(batch):
    found = [check_capacitated(seed) for seed in range(2000 + batch * 60, 2060 + batch * 60)]
    assert found.count("optimal") > 10
    assert found.count("infeasible") > 5


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("ask", "option", "code"),
    [
        (siting.deficit, {"may_close": ("OLD",)}, "siting_rules_sized"),
        (siting.deficit, {"cost": {"S1": 1.0}}, "siting_rules_sized"),
        (siting.capacitated, {"may_close": ("OLD",)}, "siting_rules_sized"),
        (siting.capacitated, {"min_share": {"elderly": 0.5}}, "siting_floor_model"),
    ],
)
def test_what_a_model_does_not_take_is_refused(ask, option, code):
    case = deficit.paper() if ask is siting.deficit else capacity.Case({"A": 1}, {"S1": [("m", 1, 1)]}, {}, 1)
    with pytest.raises(InputRefused) as refused:
        case.plan(**option)
    assert [fault.code for fault in refused.value.faults if fault.code == code] == [code]


def test_of_equal_sites_the_preferred_one_opens():
    """S1 and S2 are the same in everything but their ids."""
    case = capacity.Case({"A": 4}, {"S1": [("m", 4, 1)], "S2": [("m", 4, 1)]}, {("S1", "A"): 1.0, ("S2", "A"): 1.0}, 1)
    assert (case.plan().sites, case.plan(preferred=("S2",)).sites) == (("S1",), ("S2",))
    same = {"needs": pd.Series({"N": 100}), "credit": pd.DataFrame(
        [("S1", "N", 1), ("S2", "N", 1)], columns=["facility_id", "subject_id", "share"])}  # fmt: skip
    sites = pd.DataFrame({"least_m2": [0, 0], "most_m2": [50, 50]}, index=["S1", "S2"])
    tables = {name: case.tables()[name] for name in ("reach", "demand", "radius_m", "p", "weight")}
    for preferred, site in (((), "S1"), (("S2",), "S2")):
        plan = siting.deficit(**tables, **same, sites=sites, preferred=preferred)
        assert (plan.sites, plan.objective, plan.ties) == ((site,), 50, ((site, {"S1": "S2", "S2": "S1"}[site]),))
