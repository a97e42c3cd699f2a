"""The explanation of a siting plan against enumeration, on small random towns full of ties."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from batches import batches, few

from planning import siting
from planning.errors import InputRefused
from planning.siting import Depth, Explanation, SitingPlan

RADIUS = 3
Sites = tuple[str, ...]
DEEP = Depth(substitutes=99, plans=40, within=0.3, further=3)
MODELS = ("mclp", "lscp", "p_median", "p_center")


class Town:
    """Distances of 0 to 6 m, so that ties and the line are everywhere; weights in halves."""

    def __init__(self, seed: int, model: str, *, conditions: bool = False) -> None:
        rng = random.Random(seed)
        self.model = model
        facilities = [f"F{number}" for number in rng.sample(range(100), rng.randint(2, 7))]
        places = [f"D{number}" for number in rng.sample(range(100), rng.randint(1, 8))]
        density = rng.choice([0.3, 0.5, 0.9])
        self.pairs = {(f, d): rng.randint(0, 6) for f in facilities for d in places if rng.random() < density}
        if rng.random() < 0.3 and len(facilities) > 2:  # a twin with the same rows
            twin, other = facilities[:2]
            self.pairs = {pair: metres for pair, metres in self.pairs.items() if pair[0] != twin}
            self.pairs |= {(twin, place): m for (one, place), m in self.pairs.items() if one == other}
        self.weight = {place: Fraction(rng.choice([0, 1, 2, 2, 4, 9]), 2) for place in places}
        roles = {one: rng.choice(["", "", "", "", "fixed", "forbidden"]) for one in facilities}
        self.fixed = [one for one in facilities if roles[one] == "fixed"]
        self.forbidden = [one for one in facilities if roles[one] == "forbidden"]
        self.candidates = sorted(one for one in facilities if not roles[one])
        self.required = [one for one in self.candidates if rng.random() < 0.15 and self.reaches(one)]
        self.p = rng.randint(min(len(self.required), len(self.candidates)), min(4, max(1, len(self.candidates))))
        self.p = min(max(self.p, len(self.required)), len(self.candidates))
        self.street = {one: rng.choice(["north", "south"]) for one in facilities}
        self.cost = {one: rng.choice([1.0, 2.0, 4.0]) for one in facilities}
        self.one_per_street = conditions and rng.random() < 0.5
        self.budget = rng.choice([None, 3.0, 5.0, 7.0]) if conditions else None

    def reaches(self, site: str) -> bool:
        return any(one == site for one, _ in self.pairs)

    @property
    def reach(self) -> pd.DataFrame:
        rows = [(one, place, float(metres)) for (one, place), metres in self.pairs.items()]
        return pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])

    @property
    def demand(self) -> pd.DataFrame:
        ids = pd.Index(list(self.weight), name="demand_id")
        return pd.DataFrame({"elderly": [float(weight) for weight in self.weight.values()]}, index=ids)

    @property
    def options(self) -> dict[str, Any]:
        found: dict[str, Any] = {name: getattr(self, name) for name in ("fixed", "required", "forbidden", "candidates")}
        if self.model != "lscp":
            found["p"] = self.p
        if self.model in ("mclp", "p_median"):
            found["weight"] = "elderly"
        if self.model in ("mclp", "lscp"):
            found["radius_m"] = float(RADIUS)
        if self.one_per_street:
            found |= {"one_per_street": True, "street_of": self.street}
        if self.budget is not None:
            found |= {"budget": self.budget, "cost": self.cost}
        return found

    def solve(self) -> SitingPlan:
        answer: SitingPlan = getattr(siting, self.model)(self.reach, self.demand, **self.options)
        return answer

    def near(self, sites: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for one, place in itertools.product((*self.fixed, *sites), self.weight):
            metres = self.pairs.get((one, place))
            if metres is not None:
                found[place] = min(metres, found.get(place, metres))
        return found

    def within(self, sites: Iterable[str]) -> set[str]:
        return {place for place, metres in self.near(sites).items() if metres <= RADIUS}

    def weigh(self, places: Iterable[str]) -> Fraction:
        return sum((self.weight[place] for place in places), Fraction(0))

    def value(self, sites: Sites) -> tuple[Fraction, Fraction]:
        """What is made small, in order: who is left out, then metres; sites are counted apart."""
        total, near = self.weigh(self.weight), self.near(sites)
        if self.model == "mclp":
            return total - self.weigh(self.within(sites)), Fraction(0)
        if self.model == "lscp":
            return Fraction(len(self.within(self.candidates)) - len(self.within(sites))), Fraction(0)
        if self.model == "p_median":
            return total - self.weigh(near), sum((self.weight[d] * m for d, m in near.items()), Fraction(0))
        return Fraction(len(self.weight) - len(near)), Fraction(max(near.values(), default=-1))

    def objective(self, sites: Sites) -> float:
        left, further = self.value(sites)
        by_model = {"mclp": self.weigh(self.weight) - left, "lscp": Fraction(len(sites)), "p_median": further}
        return float(by_model.get(self.model, max(Fraction(0), further)))

    def allowed(self, sites: Sites) -> bool:
        """Whether the conditions hold; how many sites there may be is asked elsewhere."""
        if not set(self.required) <= set(sites):
            return False
        if self.budget is not None and sum(self.cost[one] for one in sites) > self.budget:
            return False
        if not self.one_per_street:
            return True
        used = [self.street[one] for one in (*self.fixed, *sites)]
        return all(used.count(self.street[one]) == 1 for one in sites)

    def plans(self, most: int) -> list[Sites]:
        sizes = range(most + 1)
        subsets = itertools.chain.from_iterable(itertools.combinations(self.candidates, size) for size in sizes)
        return [sites for sites in subsets if self.allowed(sites)]

    def lean(self, sites: Sites) -> bool:
        """Whether no site that may go could go at no loss."""
        rests = [tuple(other for other in sites if other != one) for one in sites]
        return all(self.value(rest) > self.value(sites) for rest in rests if self.allowed(rest))


def without(sites: Sites, one: str) -> Sites:
    return tuple(other for other in sites if other != one)


def check_drops(town: Town, plan: SitingPlan, found: pd.DataFrame) -> None:
    assert tuple(found["facility_id"]) == plan.sites
    for row in found.itertuples():
        rest = without(plan.sites, row.facility_id)
        assert row.objective == town.objective(rest)
        assert Fraction(row.left_out) == town.value(rest)[0] - town.value(plan.sites)[0]
        assert (row.rules != "") == (not town.allowed(rest))
        assert row.only_here == sum(
            town.weight[place] > 0 or town.model in ("lscp", "p_center")
            for place in served(town, plan.sites) - served(town, rest)
        )


def served(town: Town, sites: Sites) -> set[str]:
    return town.within(sites) if town.model in ("mclp", "lscp") else set(town.near(sites))


def exchanges(town: Town, plan: SitingPlan, site: str) -> list[tuple[Any, str]]:
    """The allowed exchanges of one site, the best first, ties by id."""
    others = [other for other in town.candidates if other not in plan.sites]
    swapped = [(other, (*without(plan.sites, site), other)) for other in others]
    return sorted((town.value(sites), other) for other, sites in swapped if town.allowed(sites))


def check_swaps(town: Town, plan: SitingPlan, found: pd.DataFrame) -> None:
    for site in plan.sites:
        rows = found[found["facility_id"] == site]
        best = exchanges(town, plan, site)
        assert list(rows["alternative"]) == [other for _, other in best]
        assert [Fraction(left) for left in rows["left_out"]] == [
            value[0] - town.value(plan.sites)[0] for value, _ in best
        ]
        swapped = [(*without(plan.sites, site), other) for _, other in best]
        assert list(rows["objective"]) == [town.objective(sites) for sites in swapped]
        assert list(rows["tie"]) == [value == town.value(plan.sites) for value, _ in best]


def check_why_not(town: Town, plan: SitingPlan, found: pd.DataFrame) -> None:
    rest = {*town.candidates, *town.forbidden} - set(plan.sites)
    assert list(found["facility_id"]) == sorted(rest)
    assert (found["reason"] != "").all()
    base = town.value(plan.sites)
    for row in found.itertuples():
        one = row.facility_id
        assert (row.reason == "forbidden") == (one in town.forbidden)
        if row.reason == "forbidden":
            continue
        swapped = [(*without(plan.sites, site), one) for site in plan.sites]
        fit = [town.value(sites) for sites in swapped if town.allowed(sites)]
        if fit:
            best = min(fit)
            assert Fraction(row.left_out) == best[0] - base[0]
            assert town.value((*without(plan.sites, row.in_place_of), one)) == best
            assert best >= base
        else:
            assert pd.isna(row.in_place_of)
        free = [town.value(sites) for sites in swapped]
        check_reason(town, plan, row, min(fit, default=None), min(free, default=None))


def check_reason(town: Town, plan: SitingPlan, row: Any, fit: Any, free: Any) -> None:
    one, base = row.facility_id, town.value(plan.sites)
    mine = {pair[1]: metres for pair, metres in town.pairs.items() if pair[0] == one}
    if town.model in ("mclp", "lscp"):
        mine = {place: 0 for place, metres in mine.items() if metres <= RADIUS}
    if row.reason == "out_of_reach":
        assert not mine
    elif row.reason == "none_asked":
        assert town.p == 0
    elif row.reason == "tie":
        assert fit == base
        assert town.value((*without(plan.sites, row.other), one)) == base
    elif row.reason == "rules":
        assert row.rules
        more = (*plan.sites, one)
        room = town.model == "lscp" or len(plan.sites) < town.p
        assert fit is None or free <= base < fit or (room and town.value(more) < base and not town.allowed(more))
    elif row.reason == "adds_nothing":
        assert fit is None or fit > base
        assert town.value((*plan.sites, one))[0] == base[0]
        assert town.value((*plan.sites, one)) >= base
    elif row.reason in ("dominated", "same_rows"):
        assert row.other in plan.sites
        assert town.value((*plan.sites, one)) == base
    else:
        assert row.reason == "loses"
        assert fit > base
        assert town.value((*plan.sites, one)) < base or town.model == "p_center"


def check_plans(town: Town, plan: SitingPlan, found: Explanation) -> None:
    """Exactly the lean plans within 30 %, or, of too many, the best of them."""
    if not plan.sites:
        return
    most = len(town.candidates) if town.model == "lscp" else town.p
    lean = [sites for sites in town.plans(most) if town.lean(sites) and fits(town, plan, sites)]
    others = [sites for sites in lean if set(sites) != set(plan.sites)]
    listed = [tuple(sorted(sites)) for sites in found.plans["sites"]]
    assert len(set(listed)) == len(listed)
    assert set(listed) <= set(others)
    assert found.plans_best_first
    assert found.plans_complete == (len(others) <= DEEP.plans)
    assert [ranked(town, sites) for sites in listed] == sorted(ranked(town, sites) for sites in others)[: len(listed)]
    assert len(listed) == min(DEEP.plans, len(others))
    for row in found.plans.itertuples():
        assert row.objective == town.objective(row.sites)
        assert set(row.sites) == (set(plan.sites) - set(row.closed)) | set(row.opened)


def ranked(town: Town, sites: Sites) -> Any:
    left, further = town.value(sites)
    return (left, len(sites)) if town.model == "lscp" else (left, further)


def fits(town: Town, plan: SitingPlan, sites: Sites) -> bool:
    """Whether a plan is within 30 % of the chosen one, as the decimal is written."""
    share, base, value = Fraction(3, 10), town.value(plan.sites), town.value(sites)
    if town.model == "mclp":
        covered = town.weigh(town.weight) - base[0]
        return value[0] <= base[0] + share * covered
    if town.model == "lscp":
        return value[0] == 0 and len(sites) <= len(plan.sites) * (1 + share)
    return value[0] == base[0] and value[1] <= base[1] + share * max(Fraction(0), base[1])


def check_curve(town: Town, plan: SitingPlan, found: pd.DataFrame) -> None:
    to = len(plan.sites) if town.model == "lscp" else min(town.p + 3, len(town.candidates))
    steps = list(found["p"])
    assert steps == list(range(len(town.required), len(town.required) + len(steps)))
    ended = Town.value(town, tuple(town.candidates))
    for row in found.itertuples():
        plans = town.plans(row.p)
        if not plans:
            assert row.status == "infeasible"
            continue
        if town.model == "lscp":
            best = max(len(town.within(sites)) for sites in plans)
            assert row.objective == best
        else:
            best = min(town.value(sites) for sites in plans)
            assert town.value(row.sites) == best
            assert row.objective == town.objective(row.sites)
        assert row.gap == 0
    if steps and steps[-1] < to and town.model != "lscp":
        assert town.value(found.iloc[-1]["sites"]) == ended
    if town.model == "mclp":
        known = found["objective"].dropna()
        assert known.is_monotonic_increasing


CHECKS: dict[str, Callable[[Town, SitingPlan, Explanation], None]] = {
    "drops": lambda town, plan, found: check_drops(town, plan, found.drops),
    "swaps": lambda town, plan, found: check_swaps(town, plan, found.swaps),
    "why not": lambda town, plan, found: check_why_not(town, plan, found.why_not),
    "plans": check_plans,
    "curve": lambda town, plan, found: check_curve(town, plan, found.curve),
}


def check(seed: int, model: str, *, conditions: bool) -> None:
    town = Town(seed, model, conditions=conditions)
    if not town.candidates:
        return
    plan = town.solve()
    found = siting.explain(plan, town.reach, town.demand, options=town.options, depth=DEEP)
    if plan.status == "infeasible":
        assert found.drops.empty
        assert found.plans.empty
        assert set(found.why_not["reason"]) <= {"forbidden", "no_plan"}
        assert len(found.why_not) == len(town.candidates) + len(town.forbidden)
        return
    for name, of in CHECKS.items():
        try:
            of(town, plan, found)
        except AssertionError as error:
            raise AssertionError(f"{name} of {model} {seed}: {error}") from error


@pytest.mark.parametrize("model", few(MODELS, quick=2))
def test_every_figure_is_that_of_enumeration(model: str) -> None:
    for seed in range(10):
        check(seed, model, conditions=False)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.slow
def test_every_figure_is_that_of_enumeration_under_conditions(model: str) -> None:
    """One in each street and a budget, so that exchanges, additions and whole plans are forbidden."""
    for seed in range(10):
        check(seed, model, conditions=True)


@pytest.mark.parametrize("batch", batches(10, slow=1))
@pytest.mark.parametrize("conditions", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_every_figure_is_that_of_enumeration_often(model: str, conditions: bool, batch: int) -> None:
    for seed in range(10 + 50 * batch, 60 + 50 * batch):
        check(seed, model, conditions=conditions)


# ---------------------------------------------------------------------------------------------------------- on paper

#      A  B  C  D      weight
# a    x                 8     one street of four estates, radius 3; a is A's alone, b between A and B, ...
# b    x  x              4
# c       x  x           2
# d          x  x        1
PAPER = {"A": "ab", "B": "bc", "C": "cd", "D": "d"}


def paper(p: int, **more: Any) -> tuple[SitingPlan, Explanation]:
    pairs = [(site, place, 1.0) for site, places in PAPER.items() for place in places]
    reach = pd.DataFrame(pairs, columns=["facility_id", "demand_id", "distance_m"])
    demand = pd.DataFrame({"elderly": [8.0, 4.0, 2.0, 1.0]}, index=pd.Index(list("abcd"), name="demand_id"))
    options = {"radius_m": 3.0, "p": p, "weight": "elderly", **more}
    plan = siting.mclp(reach, demand, **options)
    return plan, siting.explain(plan, reach, demand, options=options, depth=DEEP)


def test_two_of_four_on_paper() -> None:
    """A and C cover all 15. Without A 3 are left, without C 12; B for A leaves 7, B for C 14, D for C 13."""
    plan, found = paper(2)
    assert plan.sites == ("A", "C")
    assert found.drops["objective"].tolist() == [3.0, 12.0]
    assert found.drops["loss"].tolist() == [12.0, 3.0]
    assert found.drops["only_here"].tolist() == [2, 2]
    by_site = found.swaps.set_index(["facility_id", "alternative"])["objective"]
    assert by_site.to_dict() == {("A", "B"): 7.0, ("A", "D"): 3.0, ("C", "B"): 14.0, ("C", "D"): 13.0}
    assert found.why_not.set_index("facility_id")["reason"].to_dict() == {"B": "adds_nothing", "D": "dominated"}
    assert found.why_not["loss"].tolist() == [1.0, 2.0]
    assert found.plans["sites"].tolist() == [("A", "B"), ("A", "D"), ("A",)]
    assert found.plans["loss"].tolist() == [1.0, 2.0, 3.0]
    assert found.plans_complete
    assert found.curve["objective"].tolist() == [0.0, 12.0, 15.0]
    assert found.curve["adds"].tolist()[1:] == [12.0, 3.0]


def test_nothing_asked_and_nothing_needed() -> None:
    plan, found = paper(0)
    assert plan.sites == ()
    assert set(found.why_not["reason"]) == {"none_asked"}
    assert found.drops.empty
    assert found.curve["p"].tolist() == [0, 1, 2]
    plan, found = paper(2, fixed=("A", "C"))
    assert plan.status == "not_needed"
    assert found.why_not.set_index("facility_id")["reason"].to_dict() == {"B": "adds_nothing", "D": "adds_nothing"}
    assert found.curve["p"].tolist() == [0, 1, 2]
    assert (found.why_not["adds"] == 0).all()


def test_twin_and_forbidden_and_required() -> None:
    plan, found = paper(1, forbidden=("A",))
    assert plan.sites == ("B",)
    reasons = found.why_not.set_index("facility_id")["reason"].to_dict()
    assert reasons == {"A": "forbidden", "C": "loses", "D": "loses"}
    _, found = paper(1, required=("D",))
    rows = found.why_not.set_index("facility_id")
    assert rows["reason"].to_dict() == dict.fromkeys("ABC", "rules")
    assert set(rows["rules"]) == {"required_stays"}
    assert rows["in_place_of"].isna().all()


def test_preferred_sites_stay_preferred_when_the_model_is_asked_again() -> None:
    """B and C alone cover 6 and 3; with C preferred nothing changes but ties, and every cell can be asked."""
    plan, found = paper(2, preferred=("C", "A"))
    assert plan.sites == ("A", "C")
    assert [set(sites) for sites in found.plans["sites"]] == [{"A", "B"}, {"A", "D"}, {"A"}]
    assert found.plans_complete


@pytest.mark.slow
def test_rows_in_any_order_explain_alike() -> None:
    town = Town(11, "mclp")
    plan = town.solve()
    first = siting.explain(plan, town.reach, town.demand, options=town.options, depth=DEEP)
    for seed in range(20):
        reach, demand = (table.sample(frac=1, random_state=seed) for table in (town.reach, town.demand))
        again = siting.explain(plan, reach, demand, options=town.options, depth=DEEP)
        for name in ("drops", "swaps", "why_not", "plans", "curve"):
            pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))


def test_floor_of_a_street_keeps_its_site() -> None:
    """d is alone in the south, whose floor is 1: C may give way to D only, and neither may be missing."""
    street = pd.Series({"a": "north", "b": "north", "c": "north", "d": "south"})
    plan, found = paper(2, demand_street=street, min_share_per_street=0.5)
    assert plan.sites == ("A", "C")
    row = found.drops.set_index("facility_id").loc["C"]
    assert (row["rules"], row["subjects"]) == ("street_floor", "south")
    assert found.swaps[found.swaps["facility_id"] == "C"]["alternative"].tolist() == ["D"]
    assert [set(sites) for sites in found.plans["sites"]] == [{"A", "D"}]


def test_given_sites_are_worth_what_they_cover() -> None:
    pairs = [(site, place, 1.0) for site, places in PAPER.items() for place in places]
    reach = pd.DataFrame(pairs, columns=["facility_id", "demand_id", "distance_m"])
    demand = pd.DataFrame({"elderly": [8.0, 4.0, 2.0, 1.0]}, index=pd.Index(list("abcd"), name="demand_id"))
    cost = dict.fromkeys(PAPER, 4.0)
    options = {"radius_m": 3.0, "p": 2, "weight": "elderly", "budget": 7.0, "cost": cost, "forbidden": ("D",)}
    worth = siting.evaluate("mclp", reach, demand, options=options, sites=("A", "B"))
    assert (worth.objective, worth.left_out, worth.total) == (14.0, 1.0, 15.0)
    assert worth.breaks == ("budget",)
    assert siting.evaluate("mclp", reach, demand, options=options, sites=("D",)).breaks == ("not_a_candidate",)
    more = siting.evaluate("mclp", reach, demand, options={**options, "budget": 99.0}, sites=("A", "B", "C"))
    assert more.breaks == ("above_p",)


@pytest.mark.slow
def test_a_city_is_explained_in_seconds() -> None:
    """2 000 candidates × 10 000 demands, 100 sites: every drop, exchange and reason, by hand checked on a sample."""
    rng = np.random.default_rng(0)
    sites = np.repeat(np.arange(2000), 42)
    places = np.concatenate([rng.choice(10_000, 42, replace=False) for _ in range(2000)])
    reach = pd.DataFrame({"facility_id": sites, "demand_id": places, "distance_m": 1.0})
    demand = pd.DataFrame({"elderly": rng.integers(0, 99, 10_000).astype(float)})
    options = {"radius_m": 3.0, "p": 100, "weight": "elderly", "time_limit_s": 1.0}
    plan = siting.mclp(reach, demand, **options)
    start = time.perf_counter()
    found = siting.explain(plan, reach, demand, options=options, depth=Depth(plans=0, further=-1))
    assert time.perf_counter() - start < 20
    assert len(found.why_not) == 1900
    row = found.swaps.iloc[7]
    swapped = [*(one for one in plan.sites if one != row["facility_id"]), row["alternative"]]
    inside = reach.loc[reach["facility_id"].isin(swapped), "demand_id"].unique()
    assert row["objective"] == demand["elderly"].loc[inside].sum()


def test_further_objectives_play_no_part_in_losses():
    """Both sites cover A (4); C2 is cheaper and chosen for that. Without it 4 are lost; C1 covers as many."""
    reach = pd.DataFrame({"facility_id": ["C1", "C2"], "demand_id": ["A", "A"], "distance_m": [1.0, 1.0]})
    demand = pd.DataFrame({"elderly": [4.0]}, index=["A"])
    options = {"radius_m": 5.0, "p": 1, "weight": "elderly", "then": siting.Then(("cost",), cost={"C1": 5, "C2": 1})}
    plan = siting.mclp(reach, demand, **options)
    found = siting.explain(plan, reach, demand, options=options)
    assert plan.sites == ("C2",)
    assert (found.drops.loc[0, "objective"], found.drops.loc[0, "loss"]) == (0, 4)
    assert found.why_not[["facility_id", "reason", "other"]].to_numpy().tolist() == [["C1", "same_rows", "C2"]]


def test_models_with_sizes_are_not_explained():
    reach = pd.DataFrame({"facility_id": ["C1"], "demand_id": ["A"], "distance_m": [1.0]})
    demand = pd.DataFrame({"elderly": [4.0]}, index=["A"])
    options = {"radius_m": 5.0, "p": 1, "weight": "elderly", "capacity": pd.Series({"C1": 3.0})}
    plan = siting.capacitated(reach, demand, **options)
    with pytest.raises(InputRefused) as refused:
        siting.explain(plan, reach, demand, options=options)
    assert [fault.code for fault in refused.value.faults] == ["siting_explain_model"]
    with pytest.raises(InputRefused):
        siting.evaluate("deficit", reach, demand, options=options, sites=("C1",))
