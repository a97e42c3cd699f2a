"""What lies far from the rest, and notes without end: the sheets stay legible and lose nothing."""

from __future__ import annotations

import dataclasses
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import papertown
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import atlas, inert, runs, study
from planning.atlas import _words as words
from planning.atlas._view import View
from planning.study.core import STEPS_M, core


def squares(places):
    return np.array([shapely.box(x - 20, y - 20, x + 20, y + 20) for x, y in places], dtype=object)


def said(drawn, *kinds):
    return [ink.text for ink in drawn.page.inks if not kinds or ink.kind in kinds]


# ----------------------------------------------------------------------------------------------------------------- core


def test_the_core_is_the_largest_group_that_hangs_together():
    """Eight in a row 900 m apart, two 50 km off: 8 of 10 are 80 %, the share asked for; with three off they are not."""
    row = [(900 * place, 0) for place in range(8)]
    assert core(squares([*row, (50_000, 0), (-60_000, 0)])).tolist() == [True] * 8 + [False] * 2
    assert core(squares([*row, (50_000, 0), (-60_000, 0), (0, 90_000)])).all()


def test_the_step_grows_until_most_hang_together():
    """Eight villages 2.5 km apart gather at the step of 3 km; twelve kilometres apart they never do: all are shown."""
    for apart, gathered in ((2_500, True), (12_000, False)):
        found = core(squares([*((apart * place, 0) for place in range(8)), (0, 400_000)]))
        assert found.tolist() == ([True] * 8 + [False] if gathered else [True] * 9)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25), st.randoms())
def test_the_core_agrees_with_chains_of_near_places_and_not_with_the_order_of_rows(cells, chance):
    """Points on a lattice of 1.1 km: chains of places at most one step apart, found by walking, largest first."""
    places = [(1_100 * x, 1_100 * y) for x, y in dict.fromkeys(cells)]
    found = core(np.array([shapely.Point(place) for place in places], dtype=object))
    wanted = set(places)
    for step in STEPS_M:
        groups, left = [], list(places)
        while left:
            group = [left.pop(0)]
            for one in group:
                near = [two for two in left if np.hypot(one[0] - two[0], one[1] - two[1]) <= step]
                left = [two for two in left if two not in near]
                group += near
            groups.append(group)
        largest = max(map(len, groups))
        if largest >= 0.8 * len(places) and sum(len(group) == largest for group in groups) == 1:
            wanted = set(max(groups, key=len))
            break
    assert {place for place, inside in zip(places, found, strict=True) if inside} == wanted or step > 3_000
    order = list(range(len(places)))
    chance.shuffle(order)
    again = core(np.array([shapely.Point(places[at]) for at in order], dtype=object))
    assert {places[at] for at, inside in zip(order, again, strict=True) if inside} == wanted or step > 3_000


# ------------------------------------------------------------------------------------------------------------ on sheets


@pytest.fixture(scope="module")
def scattered(tmp_path_factory):
    """Return the paper town without boundaries, more estates in it, and a village with a station 60 km away."""
    areas = papertown.residential()
    near = areas[areas["residential_id"].isin(list("ABCDE"))]
    more = [near.iloc[[0]].assign(residential_id=f"N{at}", geometry=[papertown.at(200 * at, 300).buffer(20)])
            for at in range(1, 8)]  # fmt: skip
    far = near.iloc[[0]].assign(residential_id="Z", name="远村", geometry=[papertown.at(60_000, 200).buffer(20)])
    areas = gpd.GeoDataFrame(pd.concat([near, *more, far], ignore_index=True), crs=papertown.CRS)
    roads = papertown.roads().iloc[[0]].copy()
    line = shapely.LineString([*roads.geometry.iloc[0].coords, papertown.at(61_000, 0).coords[0]])
    roads = roads.set_geometry([line])
    places = papertown.facilities()
    outpost = places.iloc[[2]].assign(facility_id="K9", name="远站", serves="", geometry=[papertown.at(60_000, 0)])
    places = gpd.GeoDataFrame(pd.concat([places, outpost], ignore_index=True), crs=papertown.CRS)
    path = papertown.write(tmp_path_factory.mktemp("远"), residential=areas, roads=roads, facilities=places)
    plan = path.read_text("utf-8")
    for name in ("units", "entrances"):
        plan = plan.replace(f'[inputs.{name}]\npath = "{name}.gpkg"\n', "")
    path.write_text(plan, "utf-8")
    return study.run(runs.load(path))


def test_a_far_estate_does_not_make_a_map_of_a_province(scattered):
    """The town is 3 km long, the village 60 km off; D and H3 at the end of the town do not hang together with it."""
    drawn = {one.listed.key: one for one in atlas.pages(scattered, run_id="x", only=["index", "facilities"])}
    assert drawn["facilities"].listed.scale <= 20_000
    assert View(scattered, "zh").border.bounds[2] - papertown.X0 > 59_000
    for one in drawn.values():
        (note,) = [text for text in ["".join(said(one, "note"))] if "图幅以外" in text]
        assert "2 个居住区、1 处设施、1 个备选点位在图幅以外" in note
    assert {"D", "Z", "远村", "K9", "远站"} <= set(said(drawn["index"], "cell"))


def test_nothing_is_said_to_lie_outside_where_all_is_shown(scattered):
    """Without the village, its station and the candidate beyond D the sheets show all, and no note."""
    here = scattered.residential["residential_id"] != "Z"
    places = scattered.facilities[~scattered.facilities["facility_id"].isin(["K9", "H3"])].reset_index(drop=True)
    small = dataclasses.replace(
        scattered, residential=scattered.residential[here].reset_index(drop=True), facilities=places
    )
    (drawn,) = atlas.pages(small, run_id="x", only=["facilities"])
    assert "图幅以外" not in "".join(said(drawn, "note"))


# ---------------------------------------------------------------------------------------------------------------- notes


@pytest.mark.parametrize(
    ("paper", "way"),
    [("A4", "portrait"), ("A4", "landscape"),
     pytest.param("A3", "portrait", marks=pytest.mark.slow), pytest.param("A3", "landscape", marks=pytest.mark.slow)],
)  # fmt: skip
def test_notes_are_never_cut(scattered, paper, way):
    """Source and every note stand on the sheet whole, clear of page number and grid."""
    plan = scattered.inputs.plan
    output = dataclasses.replace(plan.output, paper=paper, orientation=way)
    inputs = dataclasses.replace(scattered.inputs, plan=dataclasses.replace(plan, output=output))
    (drawn,) = atlas.pages(dataclasses.replace(scattered, inputs=inputs), run_id="x", only=["coverage_street"])
    set_ = "".join(said(drawn, "note")).replace(" ", "")
    for note in drawn.canvas.footnotes:
        assert note.replace(" ", "") in set_, note
    lines = [ink.box for ink in drawn.page.inks if ink.kind == "note"]
    others = [ink.box for ink in drawn.page.inks if ink.kind in ("page", "grid", "cell", "sentence", "legend")]
    assert not [1 for one in lines for other in others if one.meets(other)]


def test_a4_shows_every_measure_before_and_after(scattered):
    plan = scattered.inputs.plan
    output = dataclasses.replace(plan.output, paper="A4", orientation="landscape")
    inputs = dataclasses.replace(scattered.inputs, plan=dataclasses.replace(plan, output=output))
    (drawn,) = atlas.pages(dataclasses.replace(scattered, inputs=inputs), run_id="x", only=["layout"])
    measures = [words.say(f"measure.{name}", "zh") for name in ("residential_covered", "households_covered",
                "households_share", "elderly_covered", "elderly_share")]  # fmt: skip
    assert set(measures) <= set(said(drawn, "cell"))


def noted(result, *notes, **output):
    plan = result.inputs.plan
    plan = dataclasses.replace(plan, notes=notes, output=dataclasses.replace(plan.output, **output))
    return dataclasses.replace(result, inputs=dataclasses.replace(result.inputs, plan=plan))


def test_long_notes_of_a_plan_stand_whole_on_the_cover_and_are_referred_to_on_the_sheets(scattered):
    """Two notes, of 8 and of 240 characters: the first stands beside 草案, the second only on the cover, in lines."""
    long = "设施为按规则虚拟布设，规模最大的小区设街道中心；" * 10
    drawn = {one.listed.key: one for one in atlas.pages(noted(scattered, "仅作演示不作依据", long, paper="A4"),
             run_id="x", only=["cover", "facilities"])}  # fmt: skip
    assert "".join(said(drawn["cover"], "draft")).endswith(long)
    assert said(drawn["facilities"], "draft") == ["草案 · 仅作演示不作依据 · 说明见封面"]
    (mark,) = [ink.box for ink in drawn["facilities"].page.inks if ink.kind == "draft"]
    assert not [ink.text for ink in drawn["facilities"].page.inks if ink.kind == "grid" and ink.box.meets(mark)]


def test_a_line_round_areas_without_boundaries_is_no_plan_boundary(scattered):
    (drawn,) = atlas.pages(scattered, run_id="x", only=["facilities"])
    assert "居住区分布范围（未给界线）" in said(drawn, "legend")
    assert "规划范围界" not in said(drawn, "legend")


# ---------------------------------------------------------------------------------------------------------------- inert


@given(st.text())
def test_json_of_an_element_cannot_close_it_and_reads_back(text):
    written = inert.element({"name": text})
    assert "<" not in written
    assert "\u2028" not in written
    assert json.loads(written) == {"name": text}
