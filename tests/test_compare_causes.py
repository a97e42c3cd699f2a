"""Which causes bring a change: held against brute force over all sets, and worked out on paper in the grid town."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import geopandas as gpd
import gridstudy
import gridtown
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planning import standards
from planning.compare import _attribute, _causes, _held, _replay, _values
from planning.compare._attribute import headline
from planning.plan import Plan, Siting, Walk
from planning.plan._keys import INPUTS
from planning.study import StudyInputs

KEYS = ["kind", "id", "aspect"]
CAUSES = _causes.CAUSES


# ------------------------------------------------------------------------------------------- sets, by brute force


def subsets(causes: tuple[str, ...]) -> list[frozenset[str]]:
    return [frozenset(one) for size in range(len(causes) + 1) for one in itertools.combinations(causes, size)]


def least(sets: list[frozenset[str]]) -> set[frozenset[str]]:
    """Return the sets that hold no other of them, the empty set left out."""
    own = [one for one in sets if one]
    return {one for one in own if not any(other < one for other in own)}


def oracle(said: dict[frozenset[str], str], causes: tuple[str, ...]) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Return the least sets that bring the value of all causes, and the least that take the first value back."""
    everything = frozenset(causes)
    before, after = said[frozenset()], said[everything]
    bring = [one for one in subsets(causes) if said[one] == after]
    take = [one for one in subsets(causes) if said[everything - one] == before]
    return least(bring), least(take)


def read(label: str) -> set[frozenset[str]]:
    return {frozenset(one.split("+")) for one in label.split("|")} if label else set()


def corners(said: dict[frozenset[str], str], causes: tuple[str, ...]) -> _replay.Corners:
    index = pd.MultiIndex.from_tuples([("area", "R1", "street_status")], names=KEYS)
    numbered = {sum(1 << causes.index(one) for one in taken): word for taken, word in said.items()}
    words = pd.DataFrame({corner: [word] for corner, word in sorted(numbered.items())}, index=index, dtype=object)
    return _replay.Corners(causes, (), words, {})


def attributed(said: dict[frozenset[str], str], causes: tuple[str, ...]) -> _attribute.Attribution:
    found = corners(said, causes)
    ends = found.words[[0, found.words.columns[-1]]].set_axis(["before", "after"], axis=1)
    return _attribute.by_corners(ends, found, causes)


@st.composite
def tables(draw: Any) -> tuple[dict[frozenset[str], str], tuple[str, ...]]:
    """Return what every set of one to four causes says, in three words; some sets but the two ends are unknown."""
    causes = CAUSES[: draw(st.integers(1, 4))]
    words = st.sampled_from(["s:x", "s:y", "s:z"])
    said = {one: draw(words) for one in subsets(causes)}
    inner = subsets(causes)[1:-1]
    hidden = draw(st.lists(st.sampled_from(inner), max_size=2)) if inner else []
    return said | dict.fromkeys(hidden, _replay.UNKNOWN), causes


@given(tables())
@settings(max_examples=120, deadline=None)
def test_every_attribution_is_what_brute_force_over_all_sets_says(drawn):
    """Proven if and only if every way to fill the unknown sets gives the same least sets; then these are told."""
    said, causes = drawn
    if said[frozenset()] == said[frozenset(causes)]:
        return
    hidden = [one for one, word in said.items() if word == _replay.UNKNOWN]
    answers = [
        oracle(said | dict(zip(hidden, words, strict=True)), causes)
        for words in itertools.product(["s:x", "s:y", "s:z"], repeat=len(hidden))
    ]
    row = attributed(said, causes).changes.iloc[0]
    if all(one == answers[0] for one in answers):
        assert (read(row["sufficient"]), read(row["undoing"])) == answers[0]
    else:
        assert (row["sufficient"], row["undoing"], row["cause"]) == ("", "", _attribute.UNPROVEN)
        assert read(row["possible"]) == {frozenset({cause}) for cause in causes}


@given(tables())
@settings(max_examples=60, deadline=None)
def test_the_other_way_round_what_brings_is_what_takes_back(drawn):
    said, causes = drawn
    everything = frozenset(causes)
    turned = {everything - one: word for one, word in said.items()}
    there, back = attributed(said, causes).changes, attributed(turned, causes).changes
    assert list(there["sufficient"]) == list(back["undoing"])
    assert list(there["undoing"]) == list(back["sufficient"])
    assert list(there["before"]) == list(back["after"])


@given(tables())
@settings(max_examples=60, deadline=None)
def test_equal_values_are_told_only_where_a_set_would_change_them(drawn):
    said, causes = drawn
    if said[frozenset()] != said[frozenset(causes)]:
        return
    other = [one for one, word in said.items() if word not in (said[frozenset()], _replay.UNKNOWN)]
    rows = attributed(said, causes).cancelled
    assert len(rows) == bool(other)
    if other:
        assert read(rows["sufficient"].iloc[0]) == least(other)


def test_a_program_that_finds_other_values_is_the_cause_where_nothing_else_can_be():
    """The folders say x and y. The present program says z with either run's inputs: the inputs make no difference."""
    causes = ("data", "siting")
    found = corners(dict.fromkeys(subsets(causes), "s:z"), causes)
    ends = pd.DataFrame({"before": ["s:x"], "after": ["s:y"]}, index=found.words.index, dtype=object)
    told = _attribute.by_corners(ends, found, (*causes, "program")).changes.iloc[0]
    assert (told["cause"], told["sufficient"]) == ("program", "program")
    untold = _attribute.by_corners(ends, found, causes).changes.iloc[0]  # the same version, yet other values
    assert (untold["cause"], untold["sufficient"]) == (_attribute.UNPROVEN, "")


@pytest.mark.parametrize(("label", "said"), [
    ("data", "data"), ("data+siting", "together"), ("data|siting", "either"), ("data|network+siting", "either"),
    ("", "unproven"),
])  # fmt: skip
def test_a_label_in_one_word(label, said):
    assert headline(label) == said


# --------------------------------------------------------------------------------------------- what belongs to a cause


def test_every_key_of_a_plan_belongs_to_exactly_one_cause():
    """A field of `Plan` that no cause switches, or two, would make an attribution wrong."""
    a, b = gridstudy.inputs(), gridstudy.inputs()
    idle = {"name", "crs", "notes", "output", "file", "folder", "defaults", "warnings", "inputs"}  # inputs: by table
    for field in dataclasses.fields(Plan):
        if field.name not in idle:
            mark = object()
            other = dataclasses.replace(b, plan=dataclasses.replace(b.plan, **{field.name: mark}))
            switching = [
                cause
                for cause in CAUSES
                if getattr(_replay.mixed(a, other, frozenset({cause})).plan, field.name) is mark
            ]
            assert len(switching) == 1, field.name


def test_every_input_belongs_to_one_cause_and_comes_with_it():
    a, b = gridstudy.inputs(), gridstudy.inputs(barriers=gridtown.river(), candidates=gridtown.candidates())
    assert {_causes.cause_of_table(name) for name in INPUTS} == {"data", "network", "siting"}
    assert _causes.cause_of_table("residential.table") == "data"
    for cause, name in (("network", "barriers"), ("siting", "candidates")):
        for taken in subsets(CAUSES):
            mixed = _replay.mixed(a, b, taken)
            assert (name in mixed.tables) == (name in mixed.plan.inputs) == (cause in taken)


def test_what_no_figure_passes_through_causes_nothing():
    """A template, a style, the language and a library that draws differ; then the roads differ too."""

    def record(mark: str, roads: str) -> dict[str, Any]:
        files = [{"input": "roads", "sha256": roads, "rows": 3}, {"input": "template", "sha256": mark},
                 {"input": "style", "sha256": mark}, {"input": "plan", "sha256": mark}]  # fmt: skip
        return {
            "inputs": files, "versions": {"python": "3.11", "matplotlib": mark}, "crs": "EPSG:4548",
            "standard": {"id": "liaocheng", "sha256": "s"}, "plan": {"name": mark},
            "parameters": {"as_of": "2025-12-31", "crs": None, "notes": [mark], "walk": {}, "standards": {},
                           "siting": {}, "output": {"language": mark}, "inputs": {"roads": {"path": mark}}},
        }  # fmt: skip

    found = _causes.differences(record("x", "r"), record("y", "r"))
    assert {one.cause for one in found} == {""}
    assert _causes.differing(found) == ()
    assert _causes.differing(_causes.differences(record("x", "r"), record("y", "other"))) == ("network",)


# ----------------------------------------------------------------------------------------------------- the grid town


def facilities(**places: tuple[float, float]) -> gpd.GeoDataFrame:
    """Return street centres in operation at places of the grid town."""
    ids = list(places)
    columns = {
        "facility_id": ids, "level": ["street"] * len(ids), "kind": ["centre"] * len(ids),
        "status": ["operating"] * len(ids), "floor_area_m2": [1000.0] * len(ids),
    }  # fmt: skip
    shapes = [Point(gridtown.X0 + x, gridtown.Y0 + y) for x, y in places.values()]
    return gridtown.table("facilities", columns, shapes)


def without(road_id: str) -> gpd.GeoDataFrame:
    roads = gridtown.roads()
    return roads[roads["road_id"] != road_id].reset_index(drop=True)


F1, F2 = gridtown.FACILITIES["F1"], gridtown.FACILITIES["F2"]
BOTH, WEST, EAST = facilities(F1=F1, F2=F2), facilities(F1=F1), facilities(F2=F2)


def held(a: StudyInputs, b: StudyInputs, *parts: str) -> _attribute.Attribution:
    """Return what a comparison of two studies says, all causes switched."""
    found = _replay.run(a, b, CAUSES, frozenset(parts or {"coverage"}), lambda _step: None)
    ends = found.words[[0, found.words.columns[-1]]].set_axis(["before", "after"], axis=1)
    told = _attribute.by_corners(ends, found, found.active)
    for (kind, name, aspect), row in told.changes.iterrows():
        possible = _held._possible("candidate" if name.startswith("C") else kind, aspect, CAUSES, everything_differs())
        assert set(itertools.chain(*read(row["sufficient"]), *read(row["undoing"]))) <= set(possible), aspect
    return told


def everything_differs() -> list[_causes.Difference]:
    keys = ["plan.as_of", "standards.service_radius_m", "siting.level", "walk.spread", "walk.hard_border"]
    return [_causes.Difference("standard", key, "", "") for key in keys]


def told(found: _attribute.Attribution, area: str, aspect: str = "street_status") -> tuple[str, str, str, str] | None:
    key = ("area", area, aspect)
    if key not in found.changes.index:
        return None
    row = found.changes.loc[key]
    return (*(word.partition(":")[2] for word in (row["before"], row["after"])), row["sufficient"], row["undoing"])


def test_a_facility_that_opens_is_data():
    """F2 (600, 620) beside F1: R6 walks 160 m instead of 1070 m, beyond 900 m; R1 keeps F1 at 70 m."""
    found = held(gridstudy.inputs(facilities=WEST), gridstudy.inputs(facilities=BOTH))
    assert told(found, "R6") == ("uncovered", "covered", "data", "data")
    assert told(found, "R6", "street_distance_m") == ("1070.0", "160.0", "data", "data")
    assert told(found, "R1") is None
    assert set(found.changes["cause"]) == {"data"}


def test_a_bridge_that_is_cut_is_network():
    """Without the bridge no way leads from F1 to the east: R5 (670 m) and R6 (1070 m) become unreachable."""
    cut = gridstudy.inputs(facilities=WEST, roads=without("bridge"))
    found = held(gridstudy.inputs(facilities=WEST), cut)
    assert told(found, "R5") == ("covered", "unreachable", "network", "network")
    assert told(found, "R6") == ("uncovered", "unreachable", "network", "network")
    assert set(found.changes["cause"]) == {"network"}


@pytest.mark.slow
def test_another_radius_of_the_standard_is_standard():
    """600 m instead of 900 m: R4 and R5, 670 m from F1, fall out; no distance changes."""
    narrow = gridstudy.inputs(facilities=WEST, switches={"service_radius_m": 600})
    found = held(gridstudy.inputs(facilities=WEST), narrow)
    for area in ("R4", "R5"):
        assert told(found, area) == ("covered", "uncovered", "standard", "standard")
    assert "street_distance_m" not in found.changes.index.get_level_values("aspect")
    assert set(found.changes["cause"]) == {"standard"}


@pytest.mark.slow
def test_another_speed_is_parameter():
    """1.2 m/s for 15 minutes are 1080 m: R6 at 1070 m comes in."""
    found = held(gridstudy.inputs(facilities=WEST), gridstudy.inputs(Walk(speed_m_per_s=1.2), facilities=WEST))
    assert told(found, "R6") == ("uncovered", "covered", "parameter", "parameter")
    assert set(found.changes["cause"]) == {"parameter"}


def test_another_number_of_sites_is_siting():
    """F1 leaves R6 out (1070 m); C2 at 470 m takes it in once one site may open. Coverage as it is stays."""
    sited = {"facilities": WEST, "candidates": gridtown.candidates()}
    a, b = (gridstudy.inputs(siting=Siting(p=p), **sited) for p in (0, 1))
    found = held(a, b, "coverage", "siting")
    assert told(found, "R6", "planned_status") == ("uncovered", "covered", "siting", "siting")
    assert told(found, "R6") is None
    assert found.changes.loc[("site", "C2", "presence"), "sufficient"] == "siting"
    assert set(found.changes["cause"]) == {"siting"}


def test_two_changes_that_only_together_uncover_an_area():
    """R2 has F1 at 270 m and, over the bridge, F2 at 960 m; the radius is 1000 m.

    F1 closes (data): F2 still serves. The bridge is cut (network): F1 still serves. Both: no way to any. R1 is 1160 m
    from F2: the closing alone leaves it out, but that it cannot be reached at all takes both.
    """
    radius = {"service_radius_m": 1000}
    a = gridstudy.inputs(facilities=BOTH, switches=radius)
    b = gridstudy.inputs(facilities=EAST, roads=without("bridge"), switches=radius)
    found = held(a, b)
    assert told(found, "R2") == ("covered", "unreachable", "data+network", "data|network")
    assert told(found, "R1") == ("covered", "unreachable", "data+network", "data")
    assert headline(found.changes.loc[("area", "R2", "street_status"), "sufficient"]) == "together"


def test_two_changes_of_which_each_suffices():
    """R6 is 1070 m from F1. F2 opens at 160 m (data); or one walks 1080 m in 15 minutes (parameter)."""
    found = held(gridstudy.inputs(facilities=WEST), gridstudy.inputs(Walk(speed_m_per_s=1.2), facilities=BOTH))
    assert told(found, "R6") == ("uncovered", "covered", "data|parameter", "data+parameter")
    assert told(found, "R6", "street_distance_m") == ("1070.0", "160.0", "data", "data")
    assert found.changes.loc[("area", "R6", "street_status"), "cause"] == "either"


@pytest.mark.slow
def test_two_changes_that_cancel_each_other():
    """F2 opens 160 m from R6 (data), but only 2 minutes, 120 m, are walked (parameter): R6 stays uncovered.

    R1, 70 m from F1, stays covered whatever is switched, and is not told.
    """
    found = held(gridstudy.inputs(facilities=WEST), gridstudy.inputs(Walk(minutes=(2,)), facilities=BOTH))
    assert told(found, "R6") is None
    row = found.cancelled.loc[("area", "R6", "street_status")]
    assert tuple(row) == ("s:uncovered", "data", "s:covered")
    assert ("area", "R1", "street_status") not in found.cancelled.index


@pytest.mark.slow
def test_the_same_tables_in_other_files_cause_nothing():
    found = _replay.run(
        gridstudy.inputs(), gridstudy.inputs(facilities=WEST), CAUSES, frozenset({"coverage"}), lambda _: None
    )
    assert (found.active, len(found.words.columns)) == (("data",), 2)
    assert set(found.idle) == {"network", "standard", "parameter", "siting"}


@pytest.mark.parametrize(("column", "value", "code"), [
    ("facility_id", ["F2", "C2"], "compare_corner_shared"), ("serves", ["R1;R9", None], "compare_corner_serves"),
])  # fmt: skip
def test_a_combination_that_cannot_be_run_leaves_open_what_hangs_on_it(column, value, code):
    """A has F1 and candidates that go with it; B opens F2 and has others. A's candidates beside B's data contradict.

    Run A's candidate is called F2, as B's facility is; or it serves R9, which only run A has.
    """
    offered = gridtown.candidates().assign(**{column: pd.Series(value, dtype="str")})
    areas = gridtown.residential()
    nine = areas.assign(residential_id=areas["residential_id"].replace("R8", "R9"))
    a = gridstudy.inputs(facilities=WEST, candidates=offered, residential=nine, siting=Siting(p=0), entrances=None)
    b = gridstudy.inputs(facilities=BOTH, candidates=gridtown.candidates(), siting=Siting(p=0), entrances=None)
    corners = _replay.run(a, b, CAUSES, frozenset({"coverage", "siting"}), lambda _step: None)
    assert corners.active == ("data", "siting")
    assert {corner: faults[0].code for corner, faults in corners.refused.items()} == {1: code}
    ends = corners.words[[0, 3]].set_axis(["before", "after"], axis=1)
    row = _attribute.by_corners(ends, corners, corners.active).changes.loc[("area", "R6", "street_status")]
    assert (row["before"], row["after"], row["cause"]) == ("s:uncovered", "s:covered", "unproven")
    assert row["possible"] == "data|siting"


def test_figures_entered_for_another_document_are_left_out_of_a_combination_alone():
    """Each run enters one clause of its own document; a combination judges what its document knows."""

    def entered(clause: str) -> pd.DataFrame:
        return pd.DataFrame({"indicator_id": [clause], "value": [1.0], "source_row": [1]})

    a, b = gridstudy.inputs(indicators=entered("LC-05")), gridstudy.inputs(indicators=entered("NT-01"))
    b = dataclasses.replace(b, standard=standards.load("nantong"))
    for taken, clauses in (((), ["LC-05"]), (("data",), []), (("standard",), []), (("data", "standard"), ["NT-01"])):
        mixed = _replay.mixed(a, b, frozenset(taken))
        assert list(mixed.tables["indicators"]["indicator_id"]) == clauses


def test_words_of_values_are_equal_if_and_only_if_the_values_are():
    values: list[Any] = [None, "", "1.0", 1.0, True, 0.1 + 0.2, 0.3, "absent", float("nan"), 0, False]
    words = [_values.word(value) for value in values]
    assert words[3] == words[4]  # true is 1 in a GeoPackage column with gaps
    assert words[9] == words[10]
    assert words[0] == words[8] == ""
    assert len(set(words)) == len(values) - 3
    assert _values.ABSENT not in words
