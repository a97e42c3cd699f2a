"""The public edition under attack: from what it prints nobody works out few people, or the figures of a single area."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re

import numpy as np
import papertown
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from webmap_town import unpack

from planning import atlas, runs, study, webmap
from planning.study import few, published, tallied, untold

FEW = range(1, 10)
WEIGHTS = ("households", "elderly")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Return the paper town for the public: 63 older people, 1, 2, 4, 8, 16 and 32 of them in an area.

    Households are primes, so that no distance or floor area looks like one.
    """
    areas = papertown.residential()
    areas["households"] = areas["households"].replace({1000: 1013, 2000: 2017, 800: 811, 500: 503})
    more = '[output]\nedition = "public"\nmaps = []\n'
    path = papertown.write(tmp_path_factory.mktemp("公示"), more=more, residential=areas)
    return study.run(runs.load(path))


@pytest.fixture(scope="module")
def sheets(town):
    keys = ("compliance", "blind", "after")
    return {
        drawn.listed.key: [ink.text for ink in drawn.page.inks] for drawn in atlas.pages(town, run_id="x", only=keys)
    }


@pytest.fixture(scope="module")
def page(town):
    """Return every text of the public web map."""
    found = re.search(r"JSON\.parse\('(.*)'\)\);", webmap.page(town)).group(1)
    back = re.sub(r"\\(u[0-9a-f]{4}|.)", lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 5 else m[1], found)
    return unpack(json.loads(back))


def texts_of(content):
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from texts_of(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts_of(value)


def shares(texts):
    """Return every share printed with one decimal: in a cell of a table, or before %."""
    joined = [text for text in texts if re.fullmatch(r"\d{1,3}\.\d", text)]
    return {float(text) for text in (*joined, *re.findall(r"(\d{1,3}\.\d)\s*%", " ".join(texts)))}


def gives_few(share, total):
    """Say whether a printed share of ``total`` can be that of 1 to 9, or of all but 1 to 9."""
    return any(round(100 * part / total, 1) == share for one in FEW for part in (one, total - one))


def test_no_share_of_the_paper_town_gives_few_people(sheets, page):
    """A covers 1 of 63, A to C 7, the plan 15. Not one share of 63 is told."""
    printed = {key: shares(said) for key, said in sheets.items()} | {"map": shares(list(texts_of(page)))}
    told = {(key, share) for key, found in printed.items() for share in found if gives_few(share, 63)}
    assert told == set()


@pytest.mark.slow
def test_no_share_of_any_public_sheet_gives_few_people(town):
    for drawn in atlas.pages(town, run_id="x"):
        told = shares([ink.text for ink in drawn.page.inks])
        assert {share for share in told if gives_few(share, 63)} == set(), drawn.listed.key


def test_no_count_of_few_people_or_of_one_areas_households_is_printed(town, sheets, page):
    """Nowhere 1013, 2017, 811 or 503 households, what 20 or 15 m² a hundred come to, or the town less one of them."""
    said = set(itertools.chain(*sheets.values(), texts_of(page)))
    numbers = {
        float(text)
        for one in said
        for text in re.findall(r"\d+(?:\.\d+)?", re.sub("(?<=\\d)[,\u00a0](?=\\d)", "", one))
    }
    exact = {1013, 2017, 811, 503}
    rates = {round(value * rate / 100, places) for value in exact for rate in (15, 20) for places in (0, 1)} - {75}
    assert town.residential["households"].sum() == 4344
    assert (exact | {4344 - value for value in exact} | rates) & numbers == set()
    assert any(text.endswith("1\u00a0000–1\u00a0999") for text in said)
    assert not [text for text in said if re.search(r"[1-9] (人|名)", text)]


def test_the_figures_that_remain_are_the_runs(town):
    """What is told is exact: only missing values differ from the run's figures, and what is told of nobody few."""
    told, run = untold.summary(town), town.summary
    for level, figures in told["coverage"].items():
        for name, value in figures.items():
            assert value is None or value == run["coverage"][level][name]
    assert told["coverage"]["street"]["households_share"] is None  # all of one area
    assert told["coverage"]["street"]["elderly_share"] is None  # 1 person
    assert told["coverage"]["street"]["elderly_total"] == 63
    assert run["coverage"]["street"]["elderly_covered"] == 1


def test_a_plan_that_tells_of_few_does_not_name_its_objective(town):
    """15 of 63 after the plan where 1 is covered now: neither gain, phase nor aim is told."""
    siting = untold.summary(town)["siting"]
    assert siting["objective"] is None
    assert [site["gain"] for site in siting["sites"]] == [None, None]


def test_who_is_served_where_and_why_there_is_no_plan_are_not_told(town):
    """Loads are people of single areas; reasons name shares. Without them no sentence about them is made."""
    from planning.study.decided import Decided

    siting = {**town.summary["siting"], "assigned": [{"facility_id": "H1", "residential_id": "A", "share": 1.0}],
              "reasons": [{"code": "x", "message": "1 / 1"}]}  # fmt: skip
    told = dataclasses.replace(town, summary={**town.summary, "siting": siting})
    assert Decided(told, "zh").said("load", "reason")
    public = dataclasses.replace(told, summary=untold.summary(told))
    assert Decided(public, "zh").said("load", "reason") == []
    assert Decided(public, "zh").load("H1") == ""


def bounds(total, parts, untold_rows, cell):
    """Return how small and how large a part of an untold row can be, by linear programming, from all that is told."""
    rows, kinds = parts.shape
    size, at = rows * kinds, cell[0] * kinds + cell[1]
    equal, right = [], []
    for row in range(rows):  # totals of rows are told
        equal.append([1.0 if one // kinds == row else 0.0 for one in range(size)])
        right.append(parts[row].sum())
    for kind in range(kinds):  # and the sum over rows
        equal.append([1.0 if one % kinds == kind else 0.0 for one in range(size)])
        right.append(total[kind])
    for row in np.flatnonzero(~untold_rows):
        for kind in range(kinds):
            equal.append([1.0 if one == row * kinds + kind else 0.0 for one in range(size)])
            right.append(parts[row, kind])
    aim = np.zeros(size)
    aim[at] = 1.0
    ends = [linprog(way * aim, A_eq=equal, b_eq=right, bounds=(0, None)).fun * way for way in (1, -1)]
    return round(ends[0], 6), round(ends[1], 6)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=6))
def test_no_attacker_can_pin_down_few_people_of_a_row(rows):
    """Told: totals of all rows that are not few, covered and not of the others, the sums. No few part has one value."""
    parts = np.array(rows, dtype=float)
    areas = np.full(parts.shape, 2)
    totals = few.withheld(parts.sum(axis=1, keepdims=True), areas[:, :1])
    gone = few.withheld(parts, areas, forced=totals)
    if few.few(parts.sum(axis=0), areas.sum(axis=0)).any() or totals.any():
        return  # then the sums, or some totals, are not told: the attacker knows less
    for row, kind in np.argwhere((parts > 0) & (parts < 10)):
        assert gone[row]
        low, high = bounds(parts.sum(axis=0), parts, gone, (row, kind))
        assert high - low >= 1, (rows, row, kind)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=8))
def test_figures_told_one_after_another_never_differ_by_few(values):
    told = [value for value, fits in zip(values, few.apart(values, [0.0]), strict=True) if fits]
    assert all(abs(one - other) not in FEW for one, other in itertools.combinations([0, *told], 2))


def test_causes_of_one_area_are_not_told(town):
    """Outside the street centre's circle are B, C, D, E and F for their own reasons; of one area nothing is told."""
    exact, told = tallied.causes(town, "street"), untold.causes(town, "street")
    assert exact["areas"].sum() == 5
    alone = (exact["areas"] == 1).to_numpy()
    assert alone.any()
    assert told.loc[alone & (exact["households"] > 0).to_numpy(), "households"].isna().all()
    assert told.loc[alone & (exact["elderly"] > 0).to_numpy(), "elderly"].isna().all()


def test_a_walking_range_without_ground_stays_without():
    """A facility far from every road has an empty range; the public edition of a city has some."""
    shapes = np.array([shapely.box(0, 0, 130, 130), shapely.MultiPolygon(), None, shapely.Point(7, 7)], dtype=object)
    found = published.areas(shapes)
    assert found[0].equals(shapely.box(0, 0, 150, 150))
    assert found[1].is_empty
    assert found[2] is None
    assert found[3].equals(shapely.Point(0, 0))


@pytest.mark.parametrize(
    ("households", "ends"),
    [(0, (0, 1)), (1, (1, 100)), (99, (1, 100)), (100, (100, 300)), (2000, (2000, 5000)), (7000, (5000, np.inf))],
)
def test_classes_of_households_hold_their_lower_end(households, ends):
    import pandas as pd

    found = few.size(pd.Series([float(households)])).iloc[0]
    assert (found["households_from"], found["households_below"]) == ends


def test_the_internal_edition_tells_everything(town):
    plan = dataclasses.replace(
        town.inputs.plan, output=dataclasses.replace(town.inputs.plan.output, edition="internal")
    )
    inside = dataclasses.replace(town, inputs=dataclasses.replace(town.inputs, plan=plan))
    (drawn,) = atlas.pages(inside, run_id="x", only=["blind"])
    said = [ink.text for ink in drawn.page.inks]
    assert "2\u00a0017" in said
    assert shares(said) == set()
