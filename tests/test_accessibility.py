"""Access beside coverage: worked out on paper, and a second implementation by loops beside the first."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import papertown
import pytest
from hypothesis import given
from hypothesis import strategies as st

import planning
from planning import accessibility, texts
from planning.accessibility import gini, overlap, summarise, theil, two_step
from planning.errors import InputRefused


def pairs(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])


def by(**values: float) -> pd.Series:
    return pd.Series(values, dtype="float64")


# ------------------------------------------------------------------------------------------------------------ two steps

TOWN = pairs(("f", "a", 0), ("f", "b", 1000), ("g", "b", 500), ("g", "c", 1000.001), ("g", "d", 10))


def test_two_steps_on_paper():
    """Radius 1000: f (8 beds) reaches a (1) and b (3), the limit included: 2 a head; g (6) reaches b and d (0): 2.

    a gets 2, b 2 + 2, c nothing, being 1 mm too far; d is nobody's home, e reaches nothing.
    """
    found = two_step(TOWN, by(f=8, g=6), by(a=1, b=3, c=5, d=0, e=7), radius_m=1000)
    assert found.ratios["ratio"].to_dict() == {"f": 2, "g": 2}
    assert found.ratios["demand"].to_dict() == {"f": 4, "g": 3}
    assert found.scores["score"].fillna(-1).to_dict() == {"a": 2, "b": 4, "c": 0, "d": -1, "e": 0}
    assert found.scores["state"].tolist() == ["defined", "defined", "defined", "no_demand", "defined"]
    figures = summarise(found, by(a=1, b=3, c=5, d=0, e=7))
    assert figures["mean"] == 14 / 16
    assert (figures["areas_defined"], figures["areas_excluded"], figures["areas_without_access"]) == (4, 1, 2)


def test_decay_is_1_at_the_door_and_0_at_the_radius():
    """Half way it is (e^(-1/8) − e^(-1/2)) / (1 − e^(-1/2)); b, at the radius of f, gets nothing from it."""
    found = two_step(TOWN, by(f=8, g=6), by(a=1, b=3, c=5, d=0, e=7), radius_m=1000, decay="gaussian")
    half = (math.exp(-0.125) - math.exp(-0.5)) / (1 - math.exp(-0.5))
    assert found.ratios.loc["f", ["ratio", "demand"]].tolist() == [8, 1]
    assert found.ratios.loc["g", "demand"] == pytest.approx(3 * half, rel=1e-12)
    assert found.scores.loc["a", "score"] == 8
    assert found.scores.loc["b", "score"] == pytest.approx(2, rel=1e-12)


def test_supply_for_nobody_is_undefined_and_counted_not_infinite():
    """5 beds and nobody within the radius: no number; nor has the empty area a score."""
    found = two_step(pairs(("f", "a", 1), ("g", "b", 1)), by(f=5, g=5), by(a=0, b=np.nan), radius_m=10)
    assert found.ratios["ratio"].isna().all()
    assert found.ratios["state"].tolist() == ["no_demand", "no_demand"]
    assert found.scores["state"].tolist() == ["no_demand", "demand_missing"]
    figures = summarise(found, by(a=0, b=np.nan))
    assert figures["mean"] is None
    assert (figures["areas_defined"], figures["areas_excluded"]) == (0, 2)
    assert figures["facilities_undefined"] == {"no_demand": 2, "supply_missing": 0}
    assert figures["gini"]["value"] is None
    assert figures["gini"]["note"] == "nothing_counted"


def test_unknown_supply_is_not_0_where_it_is_reached():
    found = two_step(pairs(("f", "a", 1), ("g", "a", 1), ("g", "b", 1)), by(f=np.nan, g=4), by(a=1, b=1), radius_m=10)
    assert found.scores["state"].to_dict() == {"a": "supply_missing", "b": "defined"}
    assert found.scores["score"].fillna(-1).to_dict() == {"a": -1, "b": 2}
    assert found.ratios["state"].to_dict() == {"f": "supply_missing", "g": "defined"}


def test_names_only_one_table_knows_are_left_out():
    found = two_step(pairs(("x", "a", 1), ("f", "y", 1), ("f", "a", 1)), by(f=4), by(a=2), radius_m=10)
    assert found.scores["score"].to_dict() == {"a": 2}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"supply": by(f=-1, g=1)}, "accessibility_number"),
        ({"demand": by(a=math.inf)}, "accessibility_number"),
        ({"supply": pd.Series([1.0, 1.0], index=["f", "f"])}, "accessibility_twice"),
        ({"reach": pairs(("f", "a", 1), ("f", "a", 2))}, "accessibility_pairs"),
        ({"reach": pairs(("f", "a", -1))}, "accessibility_pairs"),
        ({"reach": pairs(("f", "a", np.nan))}, "accessibility_pairs"),
        ({"radius_m": 0}, "accessibility_radius"),
        ({"radius_m": math.nan}, "accessibility_radius"),
    ],
)
def test_what_is_no_number_is_refused(change, code):
    asked = {"reach": TOWN, "supply": by(f=1, g=1), "demand": by(a=1, b=1), "radius_m": 10, **change}
    with pytest.raises(InputRefused) as error:
        two_step(**asked)
    assert [fault.code for fault in error.value.faults] == [code]
    assert all(fault.message("zh") and fault.remedy("en") for fault in error.value.faults)


def by_loops(reach, supply, demand, radius_m, decay):
    """Return ratios and scores, one pair after another, as the two steps are told in words."""

    def count(metres):
        if decay == "none":
            return 1.0
        return (math.exp(-((metres / radius_m) ** 2) / 2) - math.exp(-0.5)) / (1 - math.exp(-0.5))

    near = {(f, d): count(m) for f, d, m in reach.itertuples(index=False) if round(m * 1000) <= round(radius_m * 1000)}
    ratios, scores = {}, {}
    for facility, beds in supply.items():
        people = sum(
            share * demand[place]
            for (name, place), share in near.items()
            if name == facility and not math.isnan(demand[place])
        )
        ratios[facility] = beds / people if people > 0 else math.nan
    for place, people in demand.items():
        mine = [(name, share) for (name, home), share in near.items() if home == place and share > 0]
        if math.isnan(people) or people == 0 or any(math.isnan(supply[name]) for name, _ in mine):
            scores[place] = math.nan
        else:
            scores[place] = sum(share * ratios[name] for name, share in mine)
    return ratios, scores


def random_town(seed):
    rng = np.random.default_rng(seed)
    facilities, places = [f"f{i}" for i in range(rng.integers(0, 6))], [f"d{i}" for i in range(rng.integers(0, 9))]
    rows = [(f, d, float(rng.integers(0, 1200))) for f in facilities for d in places if rng.random() < 0.6]
    supply = pd.Series(rng.integers(0, 9, len(facilities)).astype(float), index=facilities)
    demand = pd.Series(rng.integers(0, 5, len(places)).astype(float), index=places)
    supply[rng.random(len(facilities)) < 0.1] = np.nan
    demand[rng.random(len(places)) < 0.1] = np.nan
    return pairs(*rows), supply, demand


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.sampled_from(["none", "gaussian"]))
@pytest.mark.slow
def test_the_same_as_by_loops(seed, decay):
    reach, supply, demand = random_town(seed)
    found = two_step(reach, supply, demand, radius_m=700, decay=decay)
    ratios, scores = by_loops(reach, supply, demand, 700, decay)
    assert found.ratios["ratio"].to_dict() == pytest.approx(ratios, rel=1e-9, abs=1e-12, nan_ok=True)
    assert found.scores["score"].to_dict() == pytest.approx(scores, rel=1e-9, abs=1e-12, nan_ok=True)
    assert (found.scores["score"].notna() == (found.scores["state"] == "defined")).all()
    assert (found.ratios["ratio"].notna() == (found.ratios["state"] == "defined")).all()


@given(seeds, st.sampled_from(["none", "gaussian"]))
@pytest.mark.slow
def test_what_is_handed_out_is_what_there_is(seed, decay):
    """People × score adds up to the supply of the facilities somebody reaches; no order of rows shows."""
    reach, supply, demand = random_town(seed)
    supply = supply.fillna(3.0)
    before = reach.copy(), supply.copy(), demand.copy()
    found = two_step(reach, supply, demand, radius_m=700, decay=decay)
    handed = math.fsum((found.scores["score"] * demand).dropna())
    assert handed == pytest.approx(supply[found.ratios["state"] == "defined"].sum(), rel=1e-9)
    rng = np.random.default_rng(seed)
    again = two_step(
        reach.sample(frac=1, random_state=seed % 1000),
        supply.iloc[rng.permutation(len(supply))],
        demand,
        radius_m=700,
        decay=decay,
    )
    pd.testing.assert_frame_equal(found.ratios, again.ratios)
    pd.testing.assert_frame_equal(found.scores, again.scores)
    for now, then in zip((reach, supply, demand), before, strict=True):
        assert now.equals(then)


# ------------------------------------------------------------------------------------------------------------- evenness


def test_evenness_on_paper():
    """All alike 0; one of four has all: Gini 1 − 1/4, Theil ln 4; 1 and 3: Gini 2 / (2 · 2 · 2) = 1/4.

    Theil of 1 and 3, mean 2: (½ ln ½ + 1½ ln 1½) / 2.
    """
    assert gini(pd.Series([7.0, 7.0, 7.0])).value == theil(pd.Series([7.0, 7.0, 7.0])).value == 0
    one = pd.Series([0.0, 0.0, 5.0, 0.0])
    assert gini(one).value == 0.75
    assert theil(one).value == pytest.approx(math.log(4), rel=1e-12)
    two = pd.Series([3.0, 1.0])
    assert gini(two).value == 0.25
    assert theil(two).value == pytest.approx((0.5 * math.log(0.5) + 1.5 * math.log(1.5)) / 2, rel=1e-12)


def test_rows_without_a_finite_value_are_left_out_and_counted():
    for measure in (gini, theil):
        found = measure(pd.Series([1.0, np.nan, 3.0, np.inf]))
        assert found.value == measure(pd.Series([1.0, 3.0])).value
        assert (found.counted, found.excluded, found.excluded_share, found.note) == (2, 2, 0.5, "")
        weighted = measure(pd.Series([1.0, 3.0, 9.0]), pd.Series([1.0, 1.0, 0.0]))
        assert (weighted.value, weighted.excluded) == (measure(pd.Series([1.0, 3.0])).value, 1)


def test_all_zero_is_even_with_a_note_and_nothing_is_no_number():
    for measure in (gini, theil):
        zero, none = measure(pd.Series([0.0, 0.0, np.nan])), measure(pd.Series([], dtype=float))
        assert (zero.value, zero.note, zero.excluded) == (0, "all_zero", 1)
        assert (none.value, none.note, none.excluded_share) == (None, "nothing_counted", None)
        with pytest.raises(InputRefused):
            measure(pd.Series([1.0, -1.0]))


some = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), min_size=1, max_size=12)


@given(some)
def test_evenness_is_the_mean_over_all_pairs_of_people(rows):
    """Twin: everybody written out; half the mean difference of all pairs over the mean, the mean of x/μ ln(x/μ)."""
    people = [float(x) for x, count in rows for _ in range(count)]
    values, weights = (pd.Series([float(row[i]) for row in rows]) for i in (0, 1))
    found = gini(values, weights).value, theil(values, weights).value
    if not people:
        assert found == (None, None)
    elif not any(people):
        assert found == (0, 0)
    else:
        mean = sum(people) / len(people)
        spread = sum(abs(x - y) for x in people for y in people) / len(people) ** 2 / 2 / mean
        entropy = sum(x / mean * math.log(x / mean) for x in people if x) / len(people)
        assert found == pytest.approx((spread, entropy), rel=1e-9, abs=1e-12)
        scaled = gini(values * 8, weights).value, theil(values[::-1], weights[::-1]).value
        assert scaled == pytest.approx(found, rel=1e-12, abs=1e-12)


def test_overlap_adds_up():
    weights = pd.DataFrame({"households": [1.0, 2.0, np.nan, 8.0]}, index=list("abcd"))
    served = pd.Series([2, 0, 2, 1], index=list("abcd"))
    assert overlap(served, weights) == [
        {"facilities": 0, "areas": 1, "households": 2},
        {"facilities": 1, "areas": 1, "households": 8},
        {"facilities": 2, "areas": 2, "households": 1},
    ]


def test_every_state_and_note_has_its_words():
    for state in accessibility.STATES + accessibility.RATIO_STATES:
        assert texts.t(f"accessibility.state.{state}", "zh") != texts.t(f"accessibility.state.{state}", "en")
    for note in ("all_zero", "nothing_counted"):
        assert texts.t(f"accessibility.note.{note}", "zh")


# ---------------------------------------------------------------------------------------------------------- in a study


def run(folder, *, more="", **tables):
    return planning.run(planning.load(papertown.write(folder, more=more, **tables)))


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return run(tmp_path_factory.mktemp("plain"))


def test_served_by_and_outside_stand_beside_coverage(town):
    """Within 900 m along the street: A (300) of K1, K2 (700 m off); B of K1, K2, K3; C of K2, K3; S1 serves A alone."""
    rows = town.residential.set_index("residential_id")
    assert rows["community_served_by"].to_dict() == {"A": 2, "B": 3, "C": 2, "D": 0, "E": 0, "F": 0}
    assert rows["street_served_by"].to_dict() == {"A": 1, "B": 0, "C": 0, "D": 0, "E": 0, "F": 0}
    assert not rows[["community_outside", "street_outside"]].any(axis=None)
    assert "coverage_profiles" not in town.summary
    assert "spread" not in town.summary
    found = town.summary["accessibility"]["community"]
    assert (found["supply"], found["demand"], found["radius_m"]) == ("floor_area_m2", "elderly", 900)
    assert sum(row["areas"] for row in found["served_by"]) == 6
    # K1 200 m² for A + B = 3, K2 300 for A + B + C = 7, K3 150 for B + C = 6 people; all 650 m² over 63 people
    assert found["two_step"]["mean"] == pytest.approx(650 / 63, rel=1e-12)


@pytest.mark.slow
def test_a_nearest_facility_beyond_the_border_is_marked(tmp_path):
    """The county ends at x = 1250 here: K3 (1500) lies outside and is the nearest of C and D, which it still serves."""
    units = papertown.units()
    units = units[units["unit_id"] == "W"]
    rows = run(tmp_path, units=units).residential.set_index("residential_id")
    assert rows["community_outside"].to_dict() == {
        "A": False, "B": False, "C": True, "D": True, "E": False, "F": False,
    }  # fmt: skip
    assert rows.loc["C", "community_status"] == "covered"


@pytest.mark.slow
def test_walkers_side_by_side(tmp_path, town):
    """15 minutes at 1.0, 0.8, 0.64 m/s: 900, 720, 576 m. From S1: A at 300 m. The rest of the summary is unchanged."""
    found = run(tmp_path, more='[walk]\nprofiles = ["frail", "healthy", "elderly"]').summary
    walkers = found["coverage_profiles"]["community"]
    assert {name: figures["radius_m"] for name, figures in walkers.items()} == {
        "healthy": 900, "elderly": 720, "frail": 576,
    }  # fmt: skip
    assert [figures["speed_m_per_s"] for figures in walkers.values()] == [1.0, 0.8, 0.64]
    assert all(figures["minutes"] == 15 for figures in walkers.values())
    same = {**found["coverage"]["community"], "speed_m_per_s": 1.0}
    assert walkers["healthy"] == same
    assert {name: value for name, value in found.items() if name != "coverage_profiles"} == town.summary


@pytest.mark.slow
def test_people_of_units_are_spread_by_households(tmp_path):
    """West street: 100 residents on A (1000 households) and B (2000): 33 and 67. The east is left: D's households
    are unknown.

    Elderly are known everywhere and stay. The rest of the areas states no residents.
    """
    units = papertown.units().assign(residents=[np.nan, 100.0, 50.0], elderly=[np.nan, 1000.0, 1000.0])
    result = run(tmp_path, more="[walk]\nspread = true", units=units)
    rows = result.residential.set_index("residential_id")
    assert rows["residents"].fillna(-1).to_dict() == {"A": 33, "B": 67, "C": -1, "D": -1, "E": -1, "F": -1}
    assert rows["residents_spread"].to_dict() == {"A": True, "B": True, "C": False, "D": False, "E": False, "F": False}
    assert rows["elderly"].tolist() == [1, 2, 4, 8, 16, 32]
    assert result.summary["coverage"]["street"]["residents_total"] == 100
    assert result.summary["spread"]["residents"] == {"areas": 2, "people": 100}
    assert result.summary["spread"]["left"] == [{"unit_id": "O", "weight": "residents", "reason": "households_missing"}]


def test_spreading_without_units_is_refused(tmp_path):
    plan = papertown.write(tmp_path, more="[walk]\nspread = true")
    text = plan.read_text("utf-8").replace('[inputs.units]\npath = "units.gpkg"\n', "")
    plan.write_text(text, encoding="utf-8")
    with pytest.raises(InputRefused) as error:
        planning.run(planning.load(plan))
    assert "spread_without_units" in {fault.code for fault in error.value.faults}


def test_lorenz_curve_on_paper() -> None:
    """Two people with 1, one with 2, one (weight 2 in all) with 0: of 5 people 2 have 0, then 2 and 2 of 4."""
    values = pd.Series({"d": 2.0, "a": 0.0, "b": 1.0, "e": np.nan})
    weights = pd.Series({"d": 1.0, "a": 2.0, "b": 2.0, "e": 9.0})
    found = accessibility.lorenz(values, weights)
    assert found["people_share"].tolist() == [0.0, 0.4, 0.8, 1.0]
    assert found["value_share"].tolist() == [0.0, 0.0, 0.5, 1.0]
    area = np.trapezoid(found["value_share"], found["people_share"])
    assert accessibility.gini(values, weights).value == pytest.approx(1 - 2 * area)
    assert accessibility.lorenz(pd.Series([0.0, 0.0]))["value_share"].tolist() == [0.0, 0.5, 1.0]
    assert accessibility.lorenz(pd.Series([np.nan])).empty
