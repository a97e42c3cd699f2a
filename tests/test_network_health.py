"""What is said about a network, against towns worked out on paper and against plain loops.

The town: a square of 4 × 4 streets 100 m apart, 0 … 300 m, each drawn as one line from edge to edge::

    3 ─┼─┼─┼─┼─        without noding: 16 crossings of which the 4 corners and 8 T's are ends;
    2 ─┼─┼─┼─┼─        the lines run from 0 to 300, so 4 crossings inside are ends of neither line.
    1 ─┼─┼─┼─┼─
    0 ─┼─┼─┼─┼─
"""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import network
from planning.network import health

CRS = "EPSG:4548"


def roads(lines, levels=None, ids=None):
    data = {"road_id": ids or [f"R{at}" for at in range(len(lines))]}
    if levels is not None:
        data["level"] = levels
    return gpd.GeoDataFrame(data, geometry=[shapely.LineString(line) for line in lines], crs=CRS)


def grid(size=4, step=100.0):
    far = (size - 1) * step
    across = [[(0, at * step), (far, at * step)] for at in range(size)]
    up = [[(at * step, 0), (at * step, far)] for at in range(size)]
    return across + up


def test_streets_drawn_through_have_no_nodes_at_their_crossings_and_are_called_implausible():
    """Corners are 4 nodes of degree 2, no node has degree 3: 4 crossings of 4 meetings and crossings are 100 %."""
    found = health.examine(network.build(roads(grid())))
    assert sorted((place.x, place.y) for place in found.crossings.geometry) == [
        (100, 100), (100, 200), (200, 100), (200, 200)]  # fmt: skip
    assert (found.meetings, found.unnoded_share, found.implausible) == (0, 1.0, True)


def test_the_remedy_works():
    """Noded, the grid has 4 crossings of four streets and 8 T's: 12 meetings, nothing left over, one piece."""
    found = health.examine(network.build(roads(grid()), noding="planar"))
    assert (len(found.crossings), found.meetings, found.implausible) == (0, 12, False)
    assert found.components["length_share"].tolist() == [1.0]


def test_a_bridge_is_no_crossing_without_a_node():
    lines = [[(0, 0), (100, 0)], [(50, -50), (50, 50)]]
    assert len(health.examine(network.build(roads(lines, [0, 1]))).crossings) == 0
    assert len(health.examine(network.build(roads(lines, [1, 1]))).crossings) == 1
    planar = health.examine(network.build(roads(lines, [0, 1]), noding="planar"))
    assert (planar.meetings, len(planar.components)) == (0, 2)


@pytest.mark.parametrize(("crossings", "implausible"), [(1, True), (0, False)])
def test_the_share_on_the_line(crossings, implausible):
    """One crossing beside 4 junctions is 1 / 5 = 0.2, on the line: implausible. None is none."""
    spurs = [[(x, 0), (x, 40)] for x in (100, 200, 300, 400)]
    street = [[(0, 0), (100, 0), (200, 0), (300, 0), (400, 0), (500, 0)]]
    across = [[(450, -30), (450, 30)]] * crossings
    found = health.examine(network.build(roads(street + spurs + across)))
    assert found.meetings == 4
    assert found.implausible is implausible


def test_a_crossing_beside_a_common_node_is_found():
    """Two bent streets part at (0, 0) and cross again at (50, 0)."""
    lines = [[(0, 0), (100, 0)], [(0, 0), (25, 25), (50, 0), (75, -25)]]
    bent = health.examine(network.build(roads([lines[0], [(0, 0), (25, 25), (75, -25)]])))
    assert [(round(place.x, 6), round(place.y, 6)) for place in bent.crossings.geometry] == [(50, 0)]


def test_repeats_are_found_whichever_way_they_are_drawn():
    """A–B three times, once reversed, each in two pieces (all have a vertex in the middle): four repeats of 50.99 m.

    A way from A to B of another shape is none.
    """
    lines = [[(0, 0), (50, 10), (100, 0)], [(100, 0), (50, 10), (0, 0)], [(0, 0), (50, 10), (100, 0)],
             [(0, 0), (50, -10), (100, 0)]]  # fmt: skip
    found = health.examine(network.build(roads(lines))).duplicates
    assert len(found) == 4
    assert int(found["reversed"].sum()) in (2, 4)  # which of the three counts as the first is a matter of order
    assert set(found["road_id"]) | set(found["other_road_id"]) == {"R0", "R1", "R2"}
    assert found["length_m"].tolist() == pytest.approx([np.hypot(50, 10)] * 4, abs=0.0006)


def test_pieces_add_up_and_the_longest_comes_first():
    """128 m and 64 m and 64 m of road: shares 1/2, 1/4, 1/4."""
    lines = [[(0, 0), (64, 0)], [(500, 0), (628, 0)], [(0, 500), (64, 500)]]
    found = health.examine(network.build(roads(lines))).components
    assert found["length_m"].tolist() == [128.0, 64.0, 64.0]
    assert found["length_share"].tolist() == [0.5, 0.25, 0.25]


def test_ends_near_the_border_are_told_from_ends_inside():
    """A ring of 1 km with a blind alley that ends 49, 50 and 51 m from the box, and one in the middle."""
    ring = [[(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)]]
    alleys = [[(0, 0), (300, 50)], [(0, 0), (300, 51)], [(0, 0), (500, 500)], [(0, 0), (600, 49)]]
    found = health.examine(network.build(roads(ring + alleys))).ends.set_index("road_id")["near_border"]
    assert found.to_dict() == {"R1": True, "R2": False, "R3": False, "R4": True}


def cut_town(count, askew_m=0.0):
    """Return a street in the south and ``count`` roads north from it, all ending at y = 1000."""
    xs = [100.0 * at for at in range(count)]
    street = [[(x, 0.0) for x in (*xs, 100.0 * count)]]
    return street + [[(x, 0.0), (x, 1000.0 - askew_m * at)] for at, x in enumerate(xs)]


@pytest.mark.parametrize(("ends", "sides"), [(5, ["north"]), (4, [])])
def test_roads_that_end_on_one_line_were_cut(ends, sides):
    assert health.examine(network.build(roads(cut_town(ends)))).sides["side"].tolist() == sides


def test_roads_that_end_as_they_please_were_not_cut():
    """Ends 2 m apart from each other: only two lie within 2 m of the outermost."""
    assert health.examine(network.build(roads(cut_town(9, askew_m=2.0)))).sides.empty


def test_a_cut_along_a_parallel_is_seen_in_the_plane_too():
    """Far from the central meridian a parallel rises across the plane: 10 roads 1 km apart end on latitude 36.5."""
    lon = 118.2 + np.arange(10) * 0.011
    lines = [[(x, 36.4), (x, 36.5)] for x in lon] + [[(x, 36.4) for x in lon]]
    degrees = gpd.GeoDataFrame({"road_id": [str(at) for at in range(11)]},
                               geometry=[shapely.LineString(line) for line in lines], crs="EPSG:4490")  # fmt: skip
    plane = degrees.to_crs(CRS)
    heights = [shapely.get_coordinates(line)[1, 1] for line in plane.geometry[:10]]
    assert np.ptp(heights) > 2 * health.CLIP_M
    found = health.examine(network.build(plane, noding="planar")).sides.set_index("side")["ends"]
    assert found.to_dict() == {"north": 10}


def test_ends_at_a_barrier_do_not_hang():
    wall = gpd.GeoSeries([shapely.LineString([(50, -10), (50, 10)])], crs=CRS)
    found = health.examine(network.build(roads([[(0, 0), (100, 0)]]), barriers=wall))
    assert sorted(place.x for place in found.ends.geometry) == [0, 100]


segment = st.tuples(*[st.integers(0, 12)] * 4).filter(lambda s: s[:2] != s[2:])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(segment, st.integers(0, 1)), min_size=1, max_size=9), st.randoms())
@pytest.mark.slow
def test_crossings_are_those_of_a_plain_loop_and_no_order_of_rows_changes_them(drawn, random):
    """The loop looks at every pair of straight roads of a level, by exact integers where they cross inside both."""
    lines = [[(10.0 * s[0], 10.0 * s[1]), (10.0 * s[2], 10.0 * s[3])] for s, _ in drawn]
    levels = [level for _, level in drawn]
    network_of = network.build(roads(lines, levels))
    expected = sum(
        levels[one] == levels[other] and _cross(drawn[one][0], drawn[other][0])
        for one, other in combinations(range(len(drawn)), 2)
    )
    found = health.examine(network_of)
    assert len(found.crossings) == expected
    order = list(range(len(drawn)))
    random.shuffle(order)
    shuffled = roads([lines[at] for at in order], [levels[at] for at in order], [f"R{at}" for at in order])
    again = health.examine(network.build(shuffled))
    assert again.crossings.to_wkt().equals(found.crossings.to_wkt())
    assert again.duplicates.to_wkt().equals(found.duplicates.to_wkt())


def _cross(one, other):
    """Say whether two segments with whole coordinates meet in one point that is an end of neither."""

    def turn(s, x, y):
        return (s[2] - s[0]) * (y - s[1]) - (s[3] - s[1]) * (x - s[0])

    apart = turn(one, *other[:2]) * turn(one, *other[2:]) < 0
    return apart and turn(other, *one[:2]) * turn(other, *one[2:]) < 0
