"""Bounds, fixed sites and first plans of siting, each against the enumeration of all plans.

Whatever prices are drawn, a bound may not pass the best plan, and no site of a better plan may be left out.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from planning.siting import _benders, _cover, _local, _prices, _reduce, _shorter
from planning.siting._cover import Ground
from planning.siting._highs import Clock
from planning.siting._median import Walk
from planning.siting._reduce import Small

CASES = range(40)
FEW = range(1, 10)  # where each case takes long


def cover(seed: int, *, weights: int = 6) -> tuple[Small, int]:
    """A small covering problem with ties and rows nobody covers; and a number of sites."""
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(1, 10)), int(rng.integers(2, 9))
    reach = sparse.csr_array((rng.random((rows, sites)) < rng.choice([0.2, 0.4, 0.7])).astype(np.int64))
    return Small(reach, rng.integers(0, weights, rows), np.arange(sites)), int(rng.integers(1, sites))


def worth(small: Small, sites: tuple[int, ...]) -> int:
    """What a plan covers."""
    dense = small.reach.toarray()
    return int(small.weight[dense[:, list(sites)].any(axis=1)].sum())


def plans(sites: int, limit: int) -> list[tuple[int, ...]]:
    return [plan for size in range(limit + 1) for plan in itertools.combinations(range(sites), size)]


def walk(seed: int, *, scale: int = 1) -> tuple[Walk, int]:
    """A small walking sum where every site serves everyone, with many ties; and a number of sites."""
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(1, 10)), int(rng.integers(3, 9))
    metres = rng.integers(0, 7, (rows, sites)) * scale
    weight = rng.integers(1, 6, rows)
    far = int(metres.max()) + 1
    nobody = np.zeros(0, dtype=np.int64)
    ground = Ground(sparse.csr_array(np.ones((rows, sites), dtype=np.int64)), weight, np.zeros(rows, bool), nobody)
    return Walk(metres, np.full(rows, far), weight, far, 1.0, ground), int(rng.integers(1, sites - 1))


class TestPrices:
    @pytest.mark.parametrize("seed", CASES)
    def test_no_plan_passes_the_bound_of_any_prices(self, seed: int) -> None:
        small, limit = cover(seed)
        price = np.random.default_rng(seed + 1).uniform(-1, 7, len(small.weight))
        best = max(worth(small, plan) for plan in plans(small.sites, limit))
        assert _prices.priced(small, price, limit).bound >= best

    @pytest.mark.parametrize("seed", CASES)
    def test_a_hopeless_site_is_in_no_better_plan(self, seed: int) -> None:
        """For every value a plan could have, also one above the best."""
        small, limit = cover(seed)
        price = np.random.default_rng(seed + 1).uniform(0, 1, len(small.weight)) * small.weight
        prices = _prices.priced(small, price, limit)
        for value in range(int(small.weight.sum()) + 1):
            hopeless = prices.hopeless(value)
            for plan in plans(small.sites, limit):
                assert worth(small, plan) <= value or not hopeless[list(plan)].any()

    def test_on_paper(self) -> None:
        """Sites 0 and 1 share a home of 4, site 2 has one of 3: one site covers 4, and at prices (4, 3) no more.

        Two sites earn 4 + 4 by those prices, so the bound says 8; at (2, 3) it says 2 + 3 + 2 = 7, which is reached,
        and a plan with both 0 and 1 cannot.
        """
        reach = sparse.csr_array(np.array([[1, 1, 0], [0, 0, 1]]))
        small = Small(reach, np.array([4, 3]), np.arange(3))
        assert _prices.priced(small, np.array([4.0, 3.0]), 1).bound == 4
        assert _prices.priced(small, np.array([4.0, 3.0]), 2).bound == 8
        assert _prices.priced(small, np.array([2.0, 3.0]), 2).bound == 7
        assert _prices.priced(small, np.array([4.0, 3.0]), 1).hopeless(3).tolist() == [False, False, True]
        assert _prices.priced(small, np.array([4.0, 3.0]), 1).hopeless(2).tolist() == [False, False, False]

    def test_the_largest_weights_do_not_overflow(self) -> None:
        small = Small(sparse.csr_array(np.ones((2, 500), dtype=np.int64)), np.array([10**12 - 1, 1]), np.arange(500))
        assert _prices.priced(small, np.zeros(2), 400).bound == 10**12
        assert _prices.priced(small, np.array([1e12, 1.0]), 400).bound >= 10**12

    @pytest.mark.parametrize("seed", CASES)
    def test_never_fewer_sites_than_the_prices_say(self, seed: int) -> None:
        small, _ = cover(seed)
        small = small.pick(np.diff(small.reach.indptr) > 0, slice(None))
        covering = [
            len(plan)
            for plan in plans(small.sites, small.sites)
            if (small.reach.toarray()[:, list(plan)].sum(axis=1) > 0).all()
        ]
        price = np.random.default_rng(seed).uniform(0, 1.2, small.reach.shape[0])
        assert _prices.least_sites(small.reach, price) <= min(covering)

    def test_three_homes_in_a_ring_need_two(self) -> None:
        """Each site covers two of three homes: prices of one half sum to 1.5, so one site is not enough."""
        reach = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]]))
        assert _prices.least_sites(reach, np.full(3, 0.5)) == 2
        assert _prices.least_sites(reach, np.full(3, 0.5 + 1e-9)) == 2
        assert _prices.least_sites(reach, np.zeros(0)) == 1


class TestBestCover:
    @pytest.mark.parametrize("seed", CASES)
    def test_large_problems_are_solved_as_small_ones(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the long search and the leaving out of sites forced on small problems."""
        monkeypatch.setattr(_cover, "FEW", 0)
        small, limit = cover(seed)
        ground = Ground(small.reach, small.weight, np.zeros(len(small.weight), bool), np.zeros(0, dtype=np.int64))
        choice = _cover.best(ground, limit, Clock.of(60))
        best = max(worth(small, plan) for plan in plans(small.sites, limit))
        assert choice.sites is not None
        assert (ground.value(choice.sites), choice.bound) == (best, best)

    @pytest.mark.parametrize("seed", CASES)
    def test_fewest(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_local, "QUICK", 0)
        monkeypatch.setattr(_local, "TRY_ROUNDS", 20)
        monkeypatch.setattr(_cover, "FEW", 0)
        small, _ = cover(seed)
        ground = Ground(small.reach, small.weight, np.zeros(len(small.weight), bool), np.zeros(0, dtype=np.int64))
        choice = _cover.fewest(ground, None, Clock.of(60))
        everyone = worth(small, tuple(range(small.sites)))
        fewest = min(len(plan) for plan in plans(small.sites, small.sites) if worth(small, plan) == everyone)
        assert choice.sites is not None
        assert (len(choice.sites), choice.bound) == (fewest, fewest)
        assert ground.value(choice.sites) == everyone

    def test_without_a_site_nobody_is_left_whom_only_it_covers(self) -> None:
        reach = sparse.csr_array(np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]]))
        small = Small(reach, np.array([8, 4, 2, 1]), np.array([10, 20, 30]))
        rest = _reduce.without(small, np.array([True, False, False]))
        assert rest.columns.tolist() == [20, 30]
        assert rest.weight.tolist() == [6, 1]


class TestFirstPlans:
    @pytest.mark.parametrize("seed", FEW)
    def test_a_search_never_makes_a_plan_worse(self, seed: int) -> None:
        small, limit = cover(seed)
        start = np.arange(limit)
        found = _local.improve(small.reach, small.weight, start, Clock.of(60), 50)
        assert len(found) == len(np.unique(found)) == limit
        assert worth(small, tuple(found)) >= worth(small, tuple(start))

    def test_a_trap_for_exchanges(self) -> None:
        """Greedy takes the middle site (4 of 6 homes); only shutting two at once finds the pair that covers all."""
        reach = sparse.csr_array(
            np.array([[1, 0, 0, 1], [1, 0, 1, 0], [1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0]])
        )
        found = _local.improve(reach, np.ones(6, dtype=np.int64), np.array([2, 3]), Clock.of(60))
        assert found.tolist() == [0, 1]

    @pytest.mark.parametrize("seed", FEW)
    def test_fewer_sites_still_cover_every_row(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_local, "QUICK", 0)
        small, _ = cover(seed)
        small = small.pick(np.diff(small.reach.indptr) > 0, slice(None))
        found = _local.fewer(small.reach, np.arange(small.sites), 1, Clock.of(60))
        assert (small.reach[:, found].sum(axis=1) > 0).all()

    @pytest.mark.parametrize("seed", FEW)
    def test_shorter_walks(self, seed: int) -> None:
        sums, limit = walk(seed)
        start = np.arange(limit)
        cost = (sums.metres * sums.weight[:, None]).astype(float)
        found = _shorter.improve(cost, cost.max(axis=1) + 1, start, Clock.of(60), 50)
        assert len(found) == len(np.unique(found)) == limit
        assert sums.cost(found) <= sums.cost(start)

    @pytest.mark.parametrize("seed", range(10))
    def test_the_same_twice_and_nothing_of_the_caller_is_changed(self, seed: int) -> None:
        small, limit = cover(seed)
        before = small.reach.toarray().copy(), small.weight.copy()
        once, again = (
            _local.improve(small.reach, small.weight, np.arange(limit), Clock.of(60), 50).tolist() for _ in range(2)
        )
        assert once == again
        assert (before[0] == small.reach.toarray()).all()
        assert (before[1] == small.weight).all()

    def test_a_clock_that_has_run_out_ends_the_search(self) -> None:
        small, limit = cover(3)
        assert len(_local.improve(small.reach, small.weight, np.arange(limit), Clock.of(0), 10**9)) == limit


class TestWalkingBounds:
    @staticmethod
    def master(sums: Walk, limit: int) -> Any:
        master = _benders._Master(sums, np.arange(sums.metres.shape[1]), limit, 0)
        master.best = np.arange(limit)
        master.cost_of_best = master.exact(master.best)
        return master

    @pytest.mark.parametrize("fewest", [1, 64])
    @pytest.mark.parametrize("seed", FEW)
    def test_no_plan_is_below_the_bound(self, seed: int, fewest: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where a demand knows a single near site only."""
        monkeypatch.setattr(_benders, "CELLS", 1)
        monkeypatch.setattr(_benders, "FEWEST", fewest)
        monkeypatch.setattr(_benders._Master, "usual_width", lambda self: min(len(self.free), fewest))
        sums, limit = walk(seed)
        master = self.master(sums, limit)
        price = np.random.default_rng(seed).uniform(0, master.near_cost.max() + 1, len(sums.weight))
        bound, _, reduced = master.lagrange(price, Clock.of(60))
        every = {plan: sums.cost(np.array(plan)) for plan in itertools.combinations(range(sums.metres.shape[1]), limit)}
        least = min(every.values())
        assert master.whole(bound) <= least
        master.narrow(bound, reduced)
        kept = set(master.free.tolist())
        best = master.cost_of_best[1]
        assert all(cost >= best or set(plan) <= kept for plan, cost in every.items())
        assert set(master.free[master.best].tolist()) == set(range(limit))

    @pytest.mark.parametrize("seed", FEW)
    def test_large_problems_are_solved_as_small_ones(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the search among the sites of least reduced costs and few near sites, forced on small problems."""
        monkeypatch.setattr(_benders, "SMALL", 0)
        sums, limit = walk(seed, scale=100)
        choice = _benders.least(sums, limit, Clock.of(60))
        sites = range(sums.metres.shape[1])
        least = min(sums.cost(np.array(plan)) for plan in itertools.combinations(sites, limit))
        assert choice.sites is not None
        assert (sums.cost(choice.sites), choice.bound) == (least, least)

    @pytest.mark.parametrize("seed", range(20))
    def test_a_cut_is_never_above_what_a_plan_costs(self, seed: int) -> None:
        """θ ≥ level − Σ (level − cost) y holds for every plan, at fractional points' cuts too."""
        sums, limit = walk(seed)
        master = self.master(sums, limit)
        y = np.random.default_rng(seed).uniform(0, 1, len(master.free))
        cuts, _ = master.separate(y, np.full(len(sums.weight), -1.0), 0.0)
        for plan in itertools.combinations(range(len(y)), limit):
            paid = master.cost(np.array(plan)).min(axis=1)
            opened = np.isin(np.arange(len(y)), plan).astype(float)
            assert (paid[cuts.who] + cuts.y @ opened >= cuts.low - 1e-9 * (1 + math.fabs(cuts.low.max()))).all()
