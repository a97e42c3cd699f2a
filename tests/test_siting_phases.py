"""Phases of siting: on paper, and against the enumeration of all plans of eight candidates in two phases."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from batches import batches
from test_siting import demand_of, mclp, reach_of

from planning import siting
from planning.errors import InputRefused
from planning.siting import Phase, SitingPlan

RADIUS = 3
Sites = tuple[str, ...]


class TestOnPaper:
    """A covers 1 to 4 (12), B 1, 2, 5 (8.9), C 3, 4, 6 (8.9): best alone is A, best two are B and C (17.8)."""

    REACH = reach_of({"A": [1, 2, 3, 4], "B": [1, 2, 5], "C": [3, 4, 6]})
    DEMAND = demand_of({1: 3, 2: 3, 3: 3, 4: 3, 5: 2.9, 6: 2.9})

    def plan(self, first: Phase | None = None, **options: Any) -> SitingPlan:
        phases = [first or Phase("近期", 1), Phase("远期", 2)]
        return mclp(self.REACH, self.DEMAND, 2, phases=phases, **options)

    def test_what_a_phase_gives_up(self) -> None:
        """The first phase opens B (8.9) where A alone would cover 12: 3.1 given up; the last gives up nothing."""
        near, far = self.plan().phases
        assert (near.sites, near.objective, near.own_optimum, near.own_sites) == (("B",), 8.9, 12, ("A",))
        assert near.cost_of_commitment == pytest.approx(3.1)
        assert (far.sites, far.own_optimum, far.cost_of_commitment) == (("B", "C"), 17.8, 0)

    def test_estates_delivered_later_weigh_nothing_before(self) -> None:
        """Without 1, 2, 5 the first phase opens C, all of the 8.9 there are; A would cover 6, and nothing is given up.

        The plan is that of the last phase, in which they are there.
        """
        near, far = self.plan(Phase("近期", 1, absent=(1, 2, 5))).phases
        assert (near.sites, near.objective, near.own_optimum, near.cost_of_commitment) == (("C",), 8.9, 8.9, 0)
        assert far.sites == ("C", "B")

    def test_demand_absent_at_the_end_weighs_nothing_at_all(self) -> None:
        phases = [Phase("i", 1), Phase("ii", 2, absent=(5, 6))]
        plan = mclp(self.REACH, self.DEMAND, 2, phases=phases)
        assert (plan.sites, plan.objective) == (("A",), 12)
        assert [phase.objective for phase in plan.phases] == [12, 12]

    def test_a_site_to_be_had_later_opens_later(self) -> None:
        """B is not to be had in the first phase: C opens; A would do better."""
        near, far = self.plan(Phase("近期", 1, unavailable=("B",))).phases
        assert (near.sites, near.own_sites) == (("C",), ("A",))
        assert set(far.sites) == {"B", "C"}

    def test_money_is_cumulative(self) -> None:
        """B and C cost 2 and 3, A 4: with 2.5 the first phase pays for B alone, whatever its p."""
        cost = {"A": 4, "B": 2, "C": 3}
        near, far = self.plan(Phase("近期", 2, budget=2.5), budget=5, cost=cost).phases
        assert (near.sites, near.spent, near.budget) == (("B",), 2, 2.5)
        assert (near.own_sites, near.own_optimum, near.cost_of_commitment) == (("B",), 8.9, 0)
        assert (set(far.sites), far.spent, far.budget) == ({"B", "C"}, 5, 5)

    @pytest.mark.parametrize(("budget", "sites"), [(5, {"B", "C"}), (4.999, {"A"}), (2, {"B"}), (1.999, set())])
    def test_the_line_of_the_budget(self, budget: float, sites: set[str]) -> None:
        plan = mclp(self.REACH, self.DEMAND, 2, budget=budget, cost={"A": 4, "B": 2, "C": 3})
        assert set(plan.sites) == sites
        assert plan.gap == 0

    def test_tenths_are_exact(self) -> None:
        """0.1 + 0.2 is 0.3, though not in floats."""
        plan = mclp(self.REACH, self.DEMAND, 2, budget=0.3, cost={"A": 1, "B": 0.1, "C": 0.2})
        assert set(plan.sites) == {"B", "C"}

    @pytest.mark.parametrize(
        ("phases", "options"),
        [
            ([Phase("i", 1, budget=3), Phase("ii", 2, budget=2)], {}),
            ([Phase("i", 1, budget=-1), Phase("ii", 2)], {}),
            ([Phase("i", 1, budget=math.nan), Phase("ii", 2)], {}),
            ([Phase("i", 1, budget=9), Phase("ii", 2)], {"budget": 5}),
            ([Phase("i", 1, budget=1), Phase("ii", 2, budget=4)], {"budget": 5}),
        ],
    )
    def test_budgets_that_do_not_follow_one_another(self, phases: list[Phase], options: dict[str, Any]) -> None:
        with pytest.raises(InputRefused) as refused:
            mclp(self.REACH, self.DEMAND, 2, phases=phases, cost={"A": 4, "B": 2, "C": 3}, **options)
        assert [fault.code for fault in refused.value.faults] == ["siting_phase_budgets"]

    def test_a_required_site_that_is_not_to_be_had_is_refused(self) -> None:
        with pytest.raises(InputRefused) as refused:
            mclp(self.REACH, self.DEMAND, 2, required=["B"], phases=[Phase("i", 2, unavailable=("B",))])
        assert [fault.code for fault in refused.value.faults] == ["siting_role_twice"]

    def test_floors_are_those_of_the_last_phase(self) -> None:
        """All of 6's street covered needs C; the first phase opens B of equals, and keeps its limits alone."""
        streets = pd.Series({6: "s"})
        plan = self.plan(demand_street=streets, min_share_per_street=1.0)
        assert [phase.sites for phase in plan.phases] == [("B",), ("B", "C")]

    def test_serving_others_is_not_compared(self) -> None:
        """Final X, Z serve both; alone, X serves the 8 from 100 m; W serves both from 900 m: other people, no price."""
        reach = reach_of({"X": {"a": 100}, "Z": {"b": 0}, "W": {"a": 900, "b": 900}})
        demand = demand_of({"a": 8, "b": 4})
        plan = siting.p_median(reach, demand, p=2, weight="elderly", phases=[("i", 1), ("ii", 2)])
        near = plan.phases[0]
        assert (near.sites, near.objective) == (("X",), 800)
        assert (near.own_sites, near.own_optimum, near.cost_of_commitment) == (("W",), 10_800, None)


# ----------------------------------------------------------------------------------------------------- enumeration


@dataclass
class Town:
    """Eight candidates, two phases, two fixed centres; money, spacing on a line, estates and sites that come late."""

    model: str
    pairs: dict[tuple[str, str], int]
    weight: dict[str, int]
    cost: dict[str, int]
    at: dict[str, int]
    spacing: int
    phases: list[Phase]
    money: list[int | None]

    candidates = tuple(f"C{number}" for number in range(8))
    fixed = ("X0", "X1")

    def near(self, sites: Iterable[str], phase: int) -> dict[str, int]:
        found: dict[str, int] = {}
        absent = {one for later in self.phases[phase:] for one in later.absent}
        for facility in (*self.fixed, *sites):
            for place in self.weight.keys() - absent:
                metres = self.pairs.get((facility, place))
                if metres is not None:
                    found[place] = min(metres, found.get(place, metres))
        return found

    def value(self, sites: Sites, phase: int) -> tuple[Any, ...]:
        near = self.near(sites, phase)
        if self.model == "mclp":
            return (-sum(self.weight[place] for place, metres in near.items() if metres <= RADIUS),)
        if self.model == "p_center":
            return -len(near), max(near.values(), default=0)
        served = sum(self.weight[place] for place in near)
        return -served, sum(self.weight[place] * metres for place, metres in near.items())

    def allowed(self, among: Sites, phase: int) -> Iterator[Sites]:
        lacking = {one for later in self.phases[phase:] for one in later.unavailable}
        money = self.money[phase]
        for size in range(self.phases[phase].p + 1):
            for sites in itertools.combinations(among, size):
                rich = money is None or sum(self.cost[one] for one in sites) <= money
                pairs = itertools.combinations([*sites, *self.fixed], 2)
                apart = all(
                    abs(self.at[one] - self.at[other]) >= self.spacing
                    for one, other in pairs
                    if one not in self.fixed or other not in self.fixed
                )
                if rich and apart and not lacking & set(sites):
                    yield sites

    def ask(self) -> SitingPlan:
        rows = [(one, place, float(metres)) for (one, place), metres in self.pairs.items()]
        reach = pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])
        options: dict[str, Any] = {"phases": self.phases, "p": self.phases[-1].p, "fixed": self.fixed}
        options |= {"candidates": self.candidates, "cost": self.cost}
        if self.spacing:
            places = {one: (float(x), 0.0) for one, x in self.at.items()}
            points = pd.DataFrame.from_dict(places, orient="index", columns=["x_m", "y_m"])
            options |= {"spacing_m": self.spacing, "points": points}
        if self.model != "p_center":
            options["weight"] = "elderly"
        if self.model == "mclp":
            options["radius_m"] = RADIUS
        return getattr(siting, self.model)(reach, demand_of(self.weight), **options)


def town(seed: int, model: str) -> Town:
    rng = random.Random(f"{model} {seed}")
    places = [f"D{number}" for number in range(rng.randint(3, 9))]
    names = (*Town.candidates, *Town.fixed)
    density = rng.choice([0.5, 1.0])
    last = rng.randint(2, 4)
    money = rng.choice([(None, None), (None, 6), (2, 6), (3, 3)])
    late = [place for place in places if rng.random() < 0.25]
    lacking = [one for one in Town.candidates if rng.random() < 0.25]
    phases = [
        Phase("近期", rng.randint(0, last), money[0], tuple(lacking), tuple(late)),
        Phase("远期", last, money[1], tuple(lacking[:1]), tuple(late[:1])),
    ]
    return Town(
        model=model,
        pairs={(one, place): rng.randint(0, 6) for one in names for place in places if rng.random() < density},
        weight={place: rng.choice([0, 1, 1, 2, 4]) for place in places},
        cost={one: rng.randint(0, 4) for one in Town.candidates},
        at={one: rng.randint(0, 12) for one in names},
        spacing=rng.choice([0, 0, 2]),
        phases=phases,
        money=[money[1] if money[0] is None else money[0], money[1]],
    )


def check(seed: int, model: str) -> bool:
    """Hold both phases against all plans; return whether the first phase gives anything up."""
    here = town(seed, model)
    plan = here.ask()
    near, far = plan.phases
    assert plan.gap == 0
    final = tuple(sorted(plan.sites))
    assert final in set(here.allowed(here.candidates, 1))
    assert here.value(final, 1) == min(here.value(sites, 1) for sites in here.allowed(here.candidates, 1))
    mine = tuple(sorted(near.sites))
    assert mine in set(here.allowed(final, 0))
    assert here.value(mine, 0) == min(here.value(sites, 0) for sites in here.allowed(final, 0))
    own = min(here.value(sites, 0) for sites in here.allowed(here.candidates, 0))
    assert near.own_sites in set(here.allowed(here.candidates, 0))
    assert here.value(near.own_sites, 0) == own
    assert near.own_optimum == near.own_bound == abs(own[-1])
    assert near.objective == abs(here.value(mine, 0)[-1])
    comparable = len(own) == 1 or own[0] == here.value(mine, 0)[0]
    assert near.cost_of_commitment == (abs(near.own_optimum - near.objective) if comparable else None)
    assert (near.spent, far.spent) == (sum(here.cost[one] for one in mine), sum(here.cost[one] for one in final))
    assert plan.sites[: len(mine)] == near.sites
    assert plan.phase == ("近期",) * len(mine) + ("远期",) * (len(final) - len(mine))
    return bool(near.cost_of_commitment)


MODELS = ("mclp", "p_median", "p_center")


@pytest.mark.parametrize("model", MODELS)
def test_quick(model: str) -> None:
    assert sum(check(seed, model) for seed in range(12)) > 0


@pytest.mark.parametrize("batch", batches(5, slow=1))
@pytest.mark.parametrize("model", MODELS)
def test_thousand(model: str, batch: int) -> None:
    assert sum(check(seed, model) for seed in range(1_000 + 200 * batch, 1_200 + 200 * batch)) > 2


def test_weights_of_fractions_stay_exact() -> None:
    """Thirds of a tenth: what a phase gives up is a difference of exact sums."""
    tenth = Fraction(1, 10)
    reach = reach_of({"A": ["x", "y"], "B": ["x", "z"], "C": ["y", "w"]})
    demand = demand_of({"x": float(tenth), "y": float(tenth), "z": 0.3, "w": 0.3})
    near, _ = mclp(reach, demand, 2, phases=[("i", 1), ("ii", 2)]).phases
    assert near.cost_of_commitment == 0
