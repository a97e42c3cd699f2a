"""Every siting model against the enumeration of all plans, on small random towns with many ties.

The oracle knows nothing of matrices or solvers: it walks over all subsets of the candidates with plain Python and
compares (what must be first, what comes next) as exact fractions.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from batches import batches, few

from planning import siting
from planning.siting import SitingPlan

RADIUS = 3


@dataclass
class Town:
    """A small random town; distances are 0 to 6 m, so that ties and the line are everywhere."""

    pairs: dict[tuple[str, str], int]
    weight: dict[str, Fraction]
    candidates: list[str]
    fixed: list[str]
    required: list[str]
    forbidden: list[str]
    street_of: dict[str, str] = field(default_factory=dict)
    demand_street: dict[str, str] = field(default_factory=dict)

    @property
    def reach(self) -> pd.DataFrame:
        rows = [(facility, place, float(metres)) for (facility, place), metres in self.pairs.items()]
        return pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])

    @property
    def demand(self) -> pd.DataFrame:
        weights = [float(weight) for weight in self.weight.values()]
        return pd.DataFrame({"elderly": weights}, index=pd.Index(list(self.weight), name="demand_id"))

    @property
    def roles(self) -> dict[str, Any]:
        return {"fixed": self.fixed, "required": self.required, "forbidden": self.forbidden}

    def near(self, sites: Iterable[str]) -> dict[str, int]:
        """The distance of each served demand to the nearest of the sites and the fixed ones."""
        found: dict[str, int] = {}
        for facility in (*self.fixed, *sites):
            for place in self.weight:
                metres = self.pairs.get((facility, place))
                if metres is not None:
                    found[place] = min(metres, found.get(place, metres))
        return found

    def within(self, sites: Iterable[str]) -> set[str]:
        return {place for place, metres in self.near(sites).items() if metres <= RADIUS}

    def covered(self, sites: Iterable[str]) -> Fraction:
        return sum((self.weight[place] for place in self.within(sites)), Fraction(0))

    def plans(self, p: int) -> Iterator[tuple[str, ...]]:
        """All sets of at most p candidates that hold the required ones."""
        for size in range(p + 1):
            for sites in itertools.combinations(self.candidates, size):
                if set(self.required) <= set(sites):
                    yield sites


def town(seed: int, *, weights: str = "whole", roles: bool = True) -> Town:
    rng = random.Random(seed)
    facilities = [f"F{number}" for number in rng.sample(range(100), rng.randint(2, 8))]
    places = [f"D{number}" for number in rng.sample(range(100), rng.randint(1, 9))]
    density = rng.choice([0.2, 0.5, 0.9, 1.0])
    pairs = {
        (facility, place): rng.randint(0, 6) for facility in facilities for place in places if rng.random() < density
    }
    if rng.random() < 0.4 and len(facilities) > 2:  # a twin with the same rows
        twin, other = facilities[0], facilities[1]
        pairs = {pair: metres for pair, metres in pairs.items() if pair[0] != twin}
        pairs |= {(twin, place): metres for (facility, place), metres in pairs.items() if facility == other}
    draw = {
        "whole": lambda: Fraction(rng.choice([0, 1, 1, 2, 4, 5])),
        "tenths": lambda: Fraction(rng.choice([0, 1, 7, 29, 30]), 10),
        "thirds": lambda: Fraction(rng.choice([0, 1, 2, 5]) / 3),
    }[weights]
    in_reach = sorted({facility for facility, _ in pairs})
    part = rng.sample(in_reach, min(len(in_reach), rng.randint(0, 3))) if roles else []
    given = {name: [one for one in part if rng.random() < 0.5] for name in ("fixed", "forbidden")}
    given["forbidden"] = [one for one in given["forbidden"] if one not in given["fixed"]]
    taken = {*given["fixed"], *given["forbidden"]}
    candidates = [one for one in in_reach if one not in taken]
    required = [one for one in candidates if one in part]
    streets = ["north", "south", "west"]
    return Town(
        pairs=pairs,
        weight={place: draw() for place in places},
        candidates=candidates,
        required=required,
        street_of={one: rng.choice(streets) for one in facilities if rng.random() < 0.9},
        demand_street={place: rng.choice(streets) for place in places},
        **given,
    )


def worth_p(here: Town, seed: int) -> int | None:
    """A p that the required sites leave possible, or None."""
    most = min(4, len(here.candidates))
    return random.Random(seed + 1).randint(len(here.required), most) if len(here.required) <= most else None


# -------------------------------------------------------------------------------------------------- what is compared


def check_common(plan: SitingPlan, here: Town, p: int, value: Callable[[tuple[str, ...]], Any]) -> None:
    """What holds for every optimal plan: proof, roles, ties, and that no site is there for nothing."""
    assert plan.status in {"optimal", "not_needed"}
    assert plan.gap == 0
    assert plan.bound == plan.objective
    assert set(here.required) <= set(plan.sites) <= set(here.candidates)
    assert len(set(plan.sites)) == len(plan.sites) <= p
    assert (plan.status == "not_needed") == (not plan.sites and (p > 0 or plan.model == "lscp"))
    best = value(plan.sites)
    for site in set(plan.sites) - set(here.required):
        rest = tuple(one for one in plan.sites if one != site)
        assert value(rest) != best, f"{site} is opened for nothing"
    swaps = {
        (site, other)
        for site in set(plan.sites) - set(here.required)
        for other in set(here.candidates) - set(plan.sites)
        if value((*tuple(one for one in plan.sites if one != site), other)) == best
    }
    assert set(plan.ties) == swaps
    assert all(site < other for site, other in swaps), "the smaller id is chosen"


def check_gain(plan: SitingPlan, measure: Callable[[tuple[str, ...]], Fraction]) -> None:
    """Gains are what each site adds in rank order, and none of the later ones would add more."""
    for rank, gain in enumerate(plan.gain):
        added = {
            other: measure((*plan.sites[:rank], other)) - measure(plan.sites[:rank]) for other in plan.sites[rank:]
        }
        assert gain == pytest.approx(float(added[plan.sites[rank]]), rel=1e-12)
        assert added[plan.sites[rank]] == max(added.values())


def check_left_out(plan: SitingPlan, here: Town, *, radius: bool) -> None:
    limit = RADIUS if radius else 10**9
    open_or_possible = {*here.candidates, *here.fixed}
    possible = {place for (one, place), metres in here.pairs.items() if one in open_or_possible and metres <= limit}
    served = here.within(plan.sites) if radius else set(here.near(plan.sites))
    assert plan.unreachable == tuple(sorted(set(here.weight) - possible))
    assert plan.unserved == tuple(sorted(possible - served))


def mclp_case(seed: int, weights: str) -> None:
    here = town(seed, weights=weights)
    p = worth_p(here, seed)
    if p is None:
        return
    plan = siting.mclp(here.reach, here.demand, radius_m=RADIUS, p=p, weight="elderly", **here.roles)
    best = max(here.covered(sites) for sites in here.plans(p))
    assert float(here.covered(plan.sites)) == pytest.approx(float(best), rel=1e-12)
    assert weights == "thirds" or here.covered(plan.sites) == best
    assert plan.objective == pytest.approx(float(best), rel=1e-15)
    if weights == "thirds":  # sums of thirds are equal on paper only: no ties are promised
        assert plan.gap == 0
        return
    check_common(plan, here, p, here.covered)
    check_gain(plan, here.covered)
    check_left_out(plan, here, radius=True)


def lscp_case(seed: int) -> None:
    here = town(seed)
    if not here.candidates:  # refused: see the refusals
        return
    plan = siting.lscp(here.reach, here.demand, radius_m=RADIUS, **here.roles)
    reachable = here.within(here.candidates)
    fewest = min(len(sites) for sites in here.plans(len(here.candidates)) if here.within(sites) == reachable)
    assert plan.objective == len(plan.sites) == plan.p == fewest
    check_common(
        plan, here, len(here.candidates), lambda sites: (here.within(sites) == reachable, len(sites) == fewest)
    )
    check_gain(plan, lambda sites: Fraction(len(here.within(sites))))
    check_left_out(plan, here, radius=True)


def median_value(here: Town) -> Callable[[tuple[str, ...]], tuple[Fraction, Fraction]]:
    def value(sites: tuple[str, ...]) -> tuple[Fraction, Fraction]:
        near = here.near(sites)
        served = sum((here.weight[place] for place in near), Fraction(0))
        return -served, sum((here.weight[place] * metres for place, metres in near.items()), Fraction(0))

    return value


def median_case(seed: int, weights: str) -> None:
    here = town(seed, weights=weights)
    p = worth_p(here, seed)
    if p is None:
        return
    plan = siting.p_median(here.reach, here.demand, p=p, weight="elderly", **here.roles)
    value = median_value(here)
    best = min(value(sites) for sites in here.plans(p))
    assert value(plan.sites) == best
    assert plan.objective == pytest.approx(float(best[1]), rel=1e-15)
    check_common(plan, here, p, value)
    longest = max(here.pairs.values(), default=0)
    check_gain(plan, lambda sites: saved(here, sites, longest + 1))
    check_left_out(plan, here, radius=False)


def saved(here: Town, sites: tuple[str, ...], far: int) -> Fraction:
    near = here.near(sites)
    return -sum((weight * near.get(place, far) for place, weight in here.weight.items()), Fraction(0))


def center_value(here: Town) -> Callable[[tuple[str, ...]], tuple[int, int]]:
    def value(sites: tuple[str, ...]) -> tuple[int, int]:
        near = here.near(sites)
        return -len(near), max(near.values(), default=0)

    return value


def center_case(seed: int) -> None:
    here = town(seed)
    p = worth_p(here, seed)
    if p is None:
        return
    plan = siting.p_center(here.reach, here.demand, p=p, **here.roles)
    value = center_value(here)
    best = min(value(sites) for sites in here.plans(p))
    assert value(plan.sites) == best
    assert plan.objective == best[1]
    check_common(plan, here, p, value)
    check_gain(
        plan,
        lambda sites: Fraction(sum(1 for metres in here.near(sites).values() if metres <= plan.objective)),
    )
    check_left_out(plan, here, radius=False)


# ------------------------------------------------------------------------------------------------- streets and phases


def street_case(seed: int) -> None:
    """One site per street and floors, against all plans; infeasible exactly where no plan is left."""
    here = town(seed)
    p = worth_p(here, seed)
    if p is None:
        return
    rng = random.Random(seed)
    one, floor = rng.random() < 0.6, rng.choice([0.0, 0.3, 0.5, 0.8, 1.0])
    plan = siting.mclp(
        here.reach,
        here.demand,
        radius_m=RADIUS,
        p=p,
        weight="elderly",
        street_of=here.street_of,
        one_per_street=one,
        demand_street=pd.Series(here.demand_street),
        min_share_per_street=floor,
        **here.roles,
    )
    allowed = [sites for sites in here.plans(p) if in_room(here, sites, one) and above(here, sites, floor)]
    if not allowed:
        assert plan.status == "infeasible"
        assert plan.sites == ()
        assert plan.reasons
        assert {reason["subject_id"] for reason in plan.reasons} <= {"north", "south", "west", "p", *here.required}
        return
    best = max(here.covered(sites) for sites in allowed)
    assert plan.sites in allowed or tuple(sorted(plan.sites)) in allowed
    assert here.covered(plan.sites) == best
    assert plan.gap == 0
    for site, other in plan.ties:
        swapped = (*tuple(one for one in plan.sites if one != site), other)
        assert tuple(sorted(swapped)) in allowed
        assert here.covered(swapped) == best


def in_room(here: Town, sites: tuple[str, ...], one: bool) -> bool:
    if not one:
        return True
    counts = dict.fromkeys(here.street_of.values(), 0)
    fixed = {here.street_of.get(facility) for facility in here.fixed}
    for site in sites:
        street = here.street_of.get(site)
        if street is not None:
            counts[street] += 1
    return all(count <= (0 if street in fixed else 1) for street, count in counts.items())


def above(here: Town, sites: tuple[str, ...], floor: float) -> bool:
    inside = here.within(sites)
    for street in set(here.demand_street.values()):
        places = [place for place in here.weight if here.demand_street[place] == street]
        total = sum((here.weight[place] for place in places), Fraction(0))
        got = sum((here.weight[place] for place in places if place in inside), Fraction(0))
        if got < Fraction(str(floor)) * total:
            return False
    return True


def lscp_street_case(seed: int) -> None:
    here = town(seed)
    if not here.candidates:
        return
    rng = random.Random(seed)
    share = rng.choice([1.0, 0.3, 0.5, 0.75])
    floor = rng.choice([0.0, 0.0, 0.4])
    plan = siting.lscp(
        here.reach,
        here.demand,
        radius_m=RADIUS,
        weight="elderly",
        share=share,
        street_of=here.street_of,
        one_per_street=True,
        demand_street=pd.Series(here.demand_street),
        min_share_per_street=floor,
        **here.roles,
    )
    reachable = here.within(here.candidates)
    total = sum(here.weight.values(), Fraction(0))

    def enough(sites: tuple[str, ...]) -> bool:
        whole = here.within(sites) == reachable if share == 1 else here.covered(sites) >= Fraction(str(share)) * total
        return whole and in_room(here, sites, True) and above(here, sites, floor)

    allowed = [len(sites) for sites in here.plans(len(here.candidates)) if enough(sites)]
    if not allowed:
        assert plan.status == "infeasible"
        assert plan.reasons
        return
    assert plan.gap == 0
    assert enough(tuple(plan.sites))
    assert plan.objective == min(allowed)


def phase_case(seed: int) -> None:
    """The last phase is the plan; the first opens the best of its sites; nothing that opened closes."""
    here = town(seed, roles=False)
    if len(here.candidates) < 2:
        return
    last = min(4, len(here.candidates))
    first = random.Random(seed).randint(0, last)
    asked = [("近期", first), ("远期", last)]
    runs = {
        "mclp": (
            siting.mclp(here.reach, here.demand, radius_m=RADIUS, p=last, weight="elderly", phases=asked),
            siting.mclp(here.reach, here.demand, radius_m=RADIUS, p=last, weight="elderly"),
            lambda sites: -here.covered(sites),
        ),
        "p_median": (
            siting.p_median(here.reach, here.demand, p=last, weight="elderly", phases=asked),
            siting.p_median(here.reach, here.demand, p=last, weight="elderly"),
            median_value(here),
        ),
        "p_center": (
            siting.p_center(here.reach, here.demand, p=last, phases=asked),
            siting.p_center(here.reach, here.demand, p=last),
            center_value(here),
        ),
    }
    for plan, alone, value in runs.values():
        assert set(plan.sites) == set(alone.sites)
        assert plan.objective == alone.objective
        near, far = plan.phases
        subsets = [s for k in range(first + 1) for s in itertools.combinations(sorted(plan.sites), k)]
        assert len(near.sites) <= first
        assert value(near.sites) == min(value(s) for s in subsets)
        assert plan.sites[: len(near.sites)] == near.sites
        assert far.sites == plan.sites
        assert far.objective == plan.objective
        assert plan.phase == ("近期",) * len(near.sites) + ("远期",) * (len(plan.sites) - len(near.sites))


CASES: dict[str, Callable[[int], None]] = {
    "mclp": lambda seed: mclp_case(seed, "whole"),
    "mclp tenths": lambda seed: mclp_case(seed, "tenths"),
    "mclp thirds": lambda seed: mclp_case(seed, "thirds"),
    "lscp": lscp_case,
    "p_median": lambda seed: median_case(seed, "whole"),
    "p_median tenths": lambda seed: median_case(seed, "tenths"),
    "p_center": center_case,
    "mclp streets": street_case,
    "lscp streets": lscp_street_case,
    "phases": phase_case,
}


@pytest.mark.parametrize("case", few(CASES, quick=3))
def test_quick(case: str) -> None:
    for seed in range(100 if case in {"mclp", "lscp", "p_median", "p_center", "mclp streets"} else 40):
        CASES[case](seed)


@pytest.mark.parametrize("batch", batches(6, slow=1))
@pytest.mark.parametrize("case", CASES)
def test_thousand(case: str, batch: int) -> None:
    for seed in range(1_000 + 200 * batch, 1_200 + 200 * batch):
        CASES[case](seed)
