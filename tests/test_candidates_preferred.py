"""Preferred sites come first among plans that are equally good, and change no objective, bound or gap."""

from __future__ import annotations

import gridstudy
import gridtown
import numpy as np
import pandas as pd
import pytest

import planning
from planning import siting
from planning.errors import InputRefused
from planning.plan import Screen, Siting

OPTIONS = {
    "lscp": {"radius_m": 200.0},
    "mclp": {"radius_m": 200.0, "p": 2, "weight": "people"},
    "p_median": {"p": 2, "weight": "people"},
    "p_center": {"p": 2},
}


def town(*rows: tuple[str, str, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    reach = pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])
    demand = pd.DataFrame({"people": 1.0}, index=pd.Index(sorted(reach["demand_id"].unique()), name="demand_id"))
    return reach, demand


@pytest.mark.parametrize("verb", OPTIONS)
def test_of_two_sites_with_the_same_rows_the_preferred_one_is_taken(verb):
    """a and b serve x alike, c serves y alone: without a wish a and c, with b preferred b and c; a is told as a tie."""
    reach, demand = town(("a", "x", 100), ("b", "x", 100), ("c", "y", 100))
    plain = getattr(siting, verb)(reach, demand, **OPTIONS[verb])
    wished = getattr(siting, verb)(reach, demand, preferred=["b"], **OPTIONS[verb])
    assert set(plain.sites) == {"a", "c"}
    assert set(wished.sites) == {"b", "c"}
    assert ("b", "a") in wished.ties


@pytest.mark.parametrize("verb", OPTIONS)
def test_a_preferred_site_never_displaces_a_better_one(verb):
    """b is preferred and worse: it serves nobody within 200 m, and is 50 m farther than a."""
    reach, demand = town(("a", "x", 190), ("b", "x", 240), ("c", "y", 100))
    assert set(getattr(siting, verb)(reach, demand, preferred=["b"], **OPTIONS[verb]).sites) == {"a", "c"}


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.slow
def test_wishes_change_no_figure_and_never_lose_preferred_sites(seed):
    chance = np.random.default_rng(seed)
    sites, places = int(chance.integers(4, 9)), int(chance.integers(3, 8))
    metres = chance.integers(1, 6, (places, sites)) * 100.0
    reach, demand = town(*((f"c{j}", f"d{i}", metres[i, j]) for i in range(places) for j in range(sites)))
    demand["people"] = chance.integers(0, 3, places).astype(float)
    wanted = [f"c{j}" for j in range(sites) if chance.random() < 0.4]
    for verb, options in OPTIONS.items():
        plain = getattr(siting, verb)(reach, demand, **options)
        wished = getattr(siting, verb)(reach, demand, preferred=wanted, **options)
        assert (plain.objective, plain.bound, plain.gap, plain.status) == (
            wished.objective, wished.bound, wished.gap, wished.status,
        )  # fmt: skip
        assert len({*wished.sites} & {*wanted}) >= len({*plain.sites} & {*wanted})
        mixed = reach.sample(frac=1, random_state=seed)
        assert getattr(siting, verb)(mixed, demand, preferred=wanted[::-1], **options).sites == wished.sites


def test_a_preferred_site_that_is_no_candidate_is_named():
    reach, demand = town(("a", "x", 100))
    with pytest.raises(InputRefused) as refused:
        siting.mclp(reach, demand, radius_m=200, p=1, weight="people", preferred=["z"])
    assert [(fault.code, fault.value) for fault in refused.value.faults] == [("siting_preferred_absent", "z")]


def test_a_rule_that_prefers_breaks_the_tie_of_a_run():
    """Two candidates in one place: C1 by its id, C9 once public ownership is preferred; the tie names the other."""
    pair = gridtown.table(
        "candidates",
        {"facility_id": ["C1", "C9"], "status": ["candidate"] * 2, "ownership": ["private", "public"]},
        [gridtown.candidates().geometry.iloc[1]] * 2,
    )
    for rules, chosen in (([], "C1"), ([Screen("ownership", "prefer", facts={"is": ("public",)})], "C9")):
        asked = Siting(p=1, minutes=10, screen=tuple(rules))
        inputs = gridstudy.inputs(siting=asked, candidates=pair)
        answer = planning.run(inputs, parts=frozenset({"coverage", "siting"})).summary["siting"]
        assert [site["facility_id"] for site in answer["sites"]] == [chosen]
        assert answer["ties"] == [[chosen, ({"C1", "C9"} - {chosen}).pop()]]
