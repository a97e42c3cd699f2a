"""Every siting model under every condition against the enumeration of all plans, on small random towns.

A plan is a set of new sites and a set of existing ones that stay. The oracle walks over all of them with plain Python;
each condition is a clause of its own there, so that it can also say whether a conflict that is named is one, and
whether any clause of it is superfluous.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import pandas as pd
import pytest
from batches import batches, few

from planning import siting
from planning.siting import SitingPlan

RADIUS = 3
STREETS = ("north", "south", "west")
Sites = tuple[str, ...]
Clauses = dict[tuple[str, str], Callable[[Sites, Sites], bool]]


@dataclass
class Town:
    """A town of at most six candidates and three existing centres; whole metres, weights of tenths, many ties."""

    model: str
    pairs: dict[tuple[str, str], int]
    weight: dict[str, Fraction]
    old: dict[str, Fraction]
    candidates: list[str]
    staying: list[str]
    closable: list[str]
    required: list[str]
    forbidden: list[str]
    p: int
    share: Fraction
    street_of: dict[str, str]
    demand_street: dict[str, str]
    places: dict[str, tuple[int, int]]
    cost: dict[str, Fraction]
    rules: dict[str, Any] = field(default_factory=dict)

    def covers(self, one: str, radius: float) -> set[str]:
        return {place for place in self.weight if self.pairs.get((one, place), math.inf) <= radius}

    @cached_property
    def circle(self) -> dict[str, set[str]]:
        return {one: self.covers(one, RADIUS) for one in [*self.candidates, *self.staying, *self.closable]}

    @cached_property
    def reachable(self) -> set[str]:
        return set().union(*self.circle.values())

    def open(self, new: Sites, kept: Sites) -> list[str]:
        return [*self.staying, *kept, *new]

    def within(self, new: Sites, kept: Sites) -> set[str]:
        return set().union(*(self.circle[one] for one in self.open(new, kept)))

    def near(self, new: Sites, kept: Sites) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in self.open(new, kept):
            for place in self.weight:
                metres = self.pairs.get((one, place))
                if metres is not None:
                    found[place] = min(metres, found.get(place, metres))
        return found

    def value(self, new: Sites, kept: Sites) -> tuple[Any, ...]:
        """What comes first must be least, then what comes next."""
        if self.model == "mclp":
            return (-self.sum(self.weight, self.within(new, kept)),)
        if self.model == "lscp":
            return (len(new),)
        near = self.near(new, kept)
        if self.model == "p_center":
            return -len(near), max(near.values(), default=0)
        return -self.sum(self.weight, near), sum((self.weight[one] * near[one] for one in near), Fraction(0))

    @staticmethod
    def sum(weight: dict[str, Fraction], where: Any) -> Fraction:
        return sum((weight[one] for one in where), Fraction(0))

    # ------------------------------------------------------------------------------------------------------- clauses

    def clauses(self) -> Clauses:
        """Every condition that is asked, by (code, subject)."""
        found: Clauses = {("required", one): self._required(one) for one in self.required}
        if self.model == "lscp" and self.share == 1:
            found |= {("cover", place): self._cover(place) for place in self.reachable}
        elif self.model == "lscp":
            found["share", "share"] = self._share(self.weight, set(self.weight), self.share)
        else:
            found["p", "p"] = lambda new, kept: len(new) <= self.p
        rules = self.rules
        streets = sorted(STREETS)
        if rules.get("one_per_street"):
            found |= {("street_room", street): self._room(street) for street in streets}
        if rules.get("min_per_street"):
            found |= {("street_least", street): self._least(street) for street in rules["streets"]}
        if rules.get("min_share_per_street"):
            share = Fraction(str(rules["min_share_per_street"]))
            for street in streets:
                here = {place for place, name in self.demand_street.items() if name == street}
                found["street_floor", street] = self._share(self.weight, here, share)
        for name, share in rules.get("min_share", {}).items():
            found["share_floor", name] = self._share(self.old, set(self.old), Fraction(str(share)))
        if rules.get("spacing_m"):
            found["spacing", "spacing"] = self._spacing
        if "budget" in rules:
            budget = Fraction(str(rules["budget"]))
            found["budget", "budget"] = lambda new, kept: sum(self.cost[one] for one in new) <= budget
        return found

    def _required(self, one: str) -> Callable[[Sites, Sites], bool]:
        return lambda new, kept: one in new

    def _cover(self, place: str) -> Callable[[Sites, Sites], bool]:
        return lambda new, kept: any(place in self.circle[one] for one in self.open(new, kept))

    def _share(self, weight: dict[str, Fraction], where: set[str], share: Fraction) -> Callable[[Sites, Sites], bool]:
        need = share * self.sum(weight, where)
        return lambda new, kept: self.sum(weight, self.within(new, kept) & where) >= need

    def _room(self, street: str) -> Callable[[Sites, Sites], bool]:
        def holds(new: Sites, kept: Sites) -> bool:
            opened = sum(self.street_of.get(one) == street for one in new)
            return opened == 0 or sum(self.street_of.get(one) == street for one in self.open(new, kept)) == 1

        return holds

    def _least(self, street: str) -> Callable[[Sites, Sites], bool]:
        least = self.rules["min_per_street"]
        return lambda new, kept: sum(self.street_of.get(one) == street for one in self.open(new, kept)) >= least

    def _spacing(self, new: Sites, kept: Sites) -> bool:
        spacing = self.rules["spacing_m"]
        return all(
            math.dist(self.places[one], self.places[other]) >= spacing
            for one in new
            for other in self.open(new, kept)
            if one != other
        )

    def plans(self) -> Iterator[tuple[Sites, Sites]]:
        for size in range(len(self.candidates) + 1):
            for new in itertools.combinations(self.candidates, size):
                for count in range(len(self.closable) + 1):
                    yield from ((new, kept) for kept in itertools.combinations(self.closable, count))

    # --------------------------------------------------------------------------------------------------------- asking

    def ask(self, **more: Any) -> SitingPlan:
        rows = [(one, place, float(metres)) for (one, place), metres in self.pairs.items()]
        reach = pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])
        columns = {"elderly": self.weight.values(), "elderly_80": self.old.values()}
        index = pd.Index(list(self.weight), name="demand_id")
        demand = pd.DataFrame({name: [float(one) for one in column] for name, column in columns.items()}, index=index)
        options: dict[str, Any] = {
            "fixed": [*self.staying, *self.closable],
            "required": self.required,
            "forbidden": self.forbidden,
            "candidates": self.candidates,
            **self.rules,
            **more,
        }
        if self.model != "p_center":
            options["weight"] = "elderly"
        if self.model in {"mclp", "lscp"}:
            options["radius_m"] = RADIUS
        if self.model == "lscp":
            options["share"] = float(self.share)
        else:
            options["p"] = self.p
        return getattr(siting, self.model)(reach, demand, **options)


def town(seed: int, model: str) -> Town:
    rng = random.Random(f"{model} {seed}")
    names = [f"F{number}" for number in rng.sample(range(100), rng.randint(3, 9))]
    places = [f"D{number}" for number in rng.sample(range(100), rng.randint(1, 8))]
    density = rng.choice([0.2, 0.5, 0.9])
    pairs = {(one, place): rng.randint(0, 6) for one in names for place in places if rng.random() < density}
    existing = rng.sample(names, rng.randint(0, min(3, len(names) - 1)))
    closable = [one for one in existing if rng.random() < 0.5]
    others = [one for one in names if one not in existing]
    forbidden = [one for one in others[1:] if rng.random() < 0.15]
    candidates = [one for one in others if one not in forbidden][:6]
    forbidden += [one for one in others if one not in forbidden and one not in candidates]
    required = [one for one in candidates if rng.random() < 0.12]
    here = Town(
        model=model,
        pairs=pairs,
        weight={place: Fraction(rng.choice([0, 1, 1, 2, 4, 25]), rng.choice([1, 10])) for place in places},
        old={place: Fraction(rng.choice([0, 1, 3])) for place in places},
        candidates=candidates,
        staying=[one for one in existing if one not in closable],
        closable=closable,
        required=required,
        forbidden=forbidden,
        p=rng.randint(0, min(4, len(candidates))),
        share=Fraction(rng.choice(["1", "1", "0.3", "0.7"])),
        street_of={one: rng.choice(STREETS) for one in names if rng.random() < 0.9},
        demand_street={place: rng.choice(STREETS) for place in places},
        places={one: (rng.randint(0, 4), rng.randint(0, 3)) for one in names},
        cost={one: Fraction(rng.choice([0, 1, 2, 25]), rng.choice([1, 10])) for one in names},
    )
    here.rules = rules(rng, here)
    return here


def rules(rng: random.Random, here: Town) -> dict[str, Any]:
    """About a third of the conditions at a time."""
    found: dict[str, Any] = {"street_of": here.street_of, "may_close": here.closable}
    if rng.random() < 0.35:
        found["one_per_street"] = True
    if rng.random() < 0.3:
        found |= {"min_per_street": 1 if found.get("one_per_street") else rng.choice([1, 1, 2])}
        found["streets"] = [street for street in STREETS if rng.random() < 0.5] or ["north"]
        found["street_of"] = {one: street for one, street in here.street_of.items() if street in found["streets"]}
        here.street_of = found["street_of"]
    if here.model in {"mclp", "lscp"} and rng.random() < 0.3:
        found |= {"demand_street": here.demand_street, "min_share_per_street": rng.choice([0.3, 0.5, 1.0])}
        if "streets" in found:  # streets of demand count too
            found["streets"] = sorted({*found["streets"], *here.demand_street.values()})
    if here.model in {"mclp", "lscp"} and rng.random() < 0.3:
        found["min_share"] = {"elderly_80": rng.choice([0.25, 0.6, 0.9])}
    if rng.random() < 0.35:
        points = pd.DataFrame.from_dict(here.places, orient="index", columns=["x_m", "y_m"])
        found |= {"spacing_m": rng.choice([1, 2, 2.5, 5**0.5]), "points": points}
    if rng.random() < 0.35:
        cost = {one: float(value) for one, value in here.cost.items()}
        found |= {"budget": rng.choice([0, 0.1, 2.5, 2.6, 4]), "cost": cost}
    return found


def check(seed: int, model: str) -> str:
    """Hold one town's answer against all its plans; return its status."""
    here = town(seed, model)
    clauses = here.clauses()
    plan = here.ask()
    table = {both: {name for name, holds in clauses.items() if holds(*both)} for both in here.plans()}
    allowed = [both for both, held in table.items() if len(held) == len(clauses)]
    if not allowed:
        check_conflict(plan, here, table)
        return plan.status
    best = min(here.value(*both) for both in allowed)
    kept = tuple(one for one in here.closable if one not in plan.closed)
    mine = (tuple(one for one in here.candidates if one in plan.sites), kept)
    assert mine in allowed
    assert here.value(*mine) == best
    assert plan.gap == 0
    assert plan.status in {"optimal", "not_needed"}
    most = max(len(both[1]) for both in allowed if here.value(*both) == best)
    assert len(kept) == most, "as few are closed as can be"
    if model == "lscp":
        assert plan.objective == len(plan.sites) == best[0]
    else:
        assert plan.objective == pytest.approx(float(abs(best[-1])), rel=1e-12)
    check_no_idle(plan, here, mine, set(allowed))
    return plan.status


def check_no_idle(plan: SitingPlan, here: Town, mine: tuple[Sites, Sites], allowed: set[tuple[Sites, Sites]]) -> None:
    """No site is there for nothing, and the ties are the exchanges that change nothing, to larger ids alone."""
    new, kept = mine
    best = here.value(*mine)
    for site in set(new) - set(here.required):
        rest = tuple(one for one in new if one != site)
        assert (rest, kept) not in allowed or here.value(rest, kept) != best, f"{site} is opened for nothing"
    swaps = set()
    for site in set(new) - set(here.required):
        for other in set(here.candidates) - set(new):
            trial = tuple(one for one in here.candidates if one == other or (one in new and one != site))
            if (trial, kept) in allowed and here.value(trial, kept) == best:
                swaps.add((site, other))
    assert set(plan.ties) == swaps
    assert all(site < other for site, other in swaps)


def check_conflict(plan: SitingPlan, here: Town, table: dict[tuple[Sites, Sites], set[tuple[str, str]]]) -> None:
    """The clauses named exclude each other, and without any one of them they do not."""
    assert plan.status == "infeasible"
    assert plan.sites == ()
    named = {(reason["code"], reason["subject_id"]) for reason in plan.reasons}
    assert len(named) == len(plan.reasons) > 0
    assert named <= set(here.clauses())
    assert not any(named <= held for held in table.values()), "these can all hold"
    for one in named:
        assert any(named - {one} <= held for held in table.values()), f"{one} is superfluous"
    ends = {reason["message"].split(" / ")[1].split(". ")[-1] for reason in plan.reasons}
    assert len(ends) == 1


MODELS = ("mclp", "lscp", "p_median", "p_center")


@pytest.mark.parametrize("model", few(MODELS, quick=1))
def test_quick(model: str) -> None:
    found = {check(seed, model) for seed in range(60)}
    assert found >= {"optimal", "infeasible"}


@pytest.mark.parametrize("batch", batches(5, slow=1))
@pytest.mark.parametrize("model", MODELS)
def test_thousand(model: str, batch: int) -> None:
    found = [check(seed, model) for seed in range(1_000 + 220 * batch, 1_220 + 220 * batch)]
    assert found.count("infeasible") > 15
    assert found.count("optimal") > 50
