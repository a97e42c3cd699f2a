"""Exact service areas against their definition: the union of shapely's buffers of all stretches, holes filled.

The areas are found step on step, in blocks, from grounds without the corners that others hide; none of it may show but
in the last digits of coordinates, of which 4 000 km leave 1e-9 m: every area has to be the defined one to 1 cm², and
no point of it further off than 0.1 mm. Holes of no size, which roundings leave where sides of two grounds lie on each
other, are not looked at.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from planning import catchment, network
from planning.catchment import _exact, _stadia, _steps

CRS = "EPSG:4548"
ORIGIN = np.array([500_000.0, 4_000_000.0])
LIMITS_M = (120, 300, 301, 450)


def buffers(lines):
    return shapely.buffer(lines, 25.0, quad_segs=8)


def without_slivers(area):
    """Return an area without holes of 1 mm² and less."""
    kept = [[ring for ring in part.interiors if shapely.Polygon(ring).area > 1e-6] for part in shapely.get_parts(area)]
    return shapely.MultiPolygon(list(zip([part.exterior for part in shapely.get_parts(area)], kept, strict=True)))


def apart(one, other):
    """Return the ground that only one of two areas has, and how far their lines lie from each other."""
    one, other = without_slivers(one), without_slivers(other)
    if shapely.is_empty(one) or shapely.is_empty(other):
        return shapely.area(one) + shapely.area(other), 0.0
    return shapely.area(shapely.symmetric_difference(one, other)), shapely.hausdorff_distance(one, other)


def random_roads(seed, side=9):
    """Return a jittered lattice with gaps, bent roads, one road twice, slivers of road, and roads nearly in a line."""
    rng = np.random.default_rng(seed)
    xy = ORIGIN + (np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) * 70.0).reshape(-1, 2)
    if seed % 3:
        xy = xy + rng.uniform(-25, 25, xy.shape)
    number = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1),
                            np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)])  # fmt: skip
    ends = xy[pairs[rng.random(len(pairs)) < 0.75]]
    lines = list(shapely.linestrings(ends))
    for row in rng.choice(len(lines), 12, replace=False):
        head, tail = ends[row]
        middle = (head + tail) / 2
        bent = shapely.linestrings([head, middle + rng.uniform(-20, 20, 2), tail])
        cut = [shapely.linestrings([head, middle + 1e-4]), shapely.linestrings([middle + 1e-4, tail])]
        short = middle + rng.uniform(-9, 9, 2)
        lines += [bent, *cut, shapely.linestrings([tail, short]), shapely.linestrings([short, short + 0.005])]
    walls = shapely.linestrings(ORIGIN + np.array([(100, -50), (130, 300), (210, 330)]))
    return gpd.GeoDataFrame(geometry=lines, crs=CRS), gpd.GeoSeries([walls] if seed % 2 else [], crs=CRS)


def town(seed, facilities=6):
    roads, walls = random_roads(seed)
    net = network.build(roads, barriers=walls)
    rng = np.random.default_rng(seed + 100)
    points = shapely.points(ORIGIN + rng.uniform(0, 560, (facilities, 2)))
    ids = [f"F{row}" for row in range(facilities - 1)] + ["far"]
    points[-1] = shapely.points(ORIGIN - 5_000.0)  # reaches nothing
    return net, gpd.GeoDataFrame({"facility_id": ids}, geometry=points, crs=CRS)


def defined(net, facilities):
    """Return the areas as their definition says, one limit after the other."""
    roads = catchment.reached_roads(net, facilities, limits_m=LIMITS_M)
    walls, areas, before = shapely.STRtree(net.barriers), [], {}
    for facility, road in zip(roads["facility_id"], roads.geometry, strict=True):
        lines = shapely.get_parts(road)
        near = _exact.near_walls(lines, walls)
        area = shapely.union_all(buffers(lines[~near]))
        area = shapely.union(area, _exact.beside(lines[near], net.barriers, walls))
        before[facility] = shapely.union(before.get(facility, shapely.MultiPolygon()), area)
        areas.append(before[facility])
    return _exact.filled(np.array(areas, dtype=object), net.tree, walls)


def drawn(net, facilities):
    return catchment.service_areas(net, facilities, limits_m=LIMITS_M, drawing="exact").geometry.to_numpy()


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 16))])
def test_areas_are_the_union_of_all_buffers(seed):
    net, facilities = town(seed)
    areas = drawn(net, facilities)
    assert shapely.is_valid(areas).all()
    assert sum(area.is_empty for area in areas) == len(LIMITS_M)  # of the one far off
    for mine, theirs in zip(areas, defined(net, facilities), strict=True):
        ground_m2, off_m = apart(mine, theirs)
        assert ground_m2 <= 1e-4
        assert off_m <= 1e-4


def test_neither_blocks_nor_threads_show(monkeypatch):
    net, facilities = town(1)
    whole = [area.wkb for area in drawn(net, facilities)]
    for stretches, threads in ((1, 1), (1, 4), (100, 2), (1 << 30, 1)):
        monkeypatch.setattr(_steps, "STRETCHES_AT_ONCE", stretches)
        monkeypatch.setattr(_steps, "MOST_THREADS", threads)
        assert [area.wkb for area in drawn(net, facilities)] == whole


def test_without_stretches_there_is_no_ground():
    net, facilities = town(0)
    assert drawn(net, facilities.iloc[:0]).tolist() == []
    assert all(area.is_empty for area in drawn(net, facilities.iloc[-1:]))


def test_a_stretch_alone_has_shapely_s_own_buffer():
    """To a nanometre a kilometre; 0.3 m or 300 m long, any way."""
    rng = np.random.default_rng(3)
    heads = ORIGIN + rng.uniform(-1e5, 1e5, (200, 2))
    lines = shapely.linestrings(
        np.stack([heads, heads + rng.normal(0, 1, (200, 2)) * rng.choice([0.3, 300], (200, 1))], 1)
    )
    every = np.ones(200, dtype=bool)
    grounds = _stadia.grounds(lines, np.arange(200), wanted=every, covers=every)
    assert (shapely.get_num_coordinates(grounds) == 35).all()
    assert shapely.hausdorff_distance(grounds, buffers(lines)).max() < 1e-8
    assert np.abs(shapely.area(grounds) - shapely.area(buffers(lines))).max() < 1e-5


def test_corners_on_the_road_ahead_are_left_out():
    """Two stretches of 100 m in one line, one of 26 m across, or one of 24 m.

    Of the 17 corners of a half circle between two stretches in line the 15 between its sides lie inside the rectangle
    ahead: the first and the last of them stay, so 4 do. The one across finds two rectangles left and right of it. Its
    half circle has 8 corners in each, from the one beside its end (25 m ahead, on the other's axis) to the last
    before the one that lies straight on, on the edge of both: two of each 8 stay, so 5 do. Of what the stretch of 26 m
    hides in turn nothing is left; one of 24 m hides nothing, for a half circle is 25 m high.
    """
    ahead = ORIGIN + np.array([[[0, 0], [100, 0]], [[100, 0], [200, 0]]])
    across = ORIGIN + np.array([[[100, 0], [100, 26]]])
    short = ORIGIN + np.array([[[100, 0], [100, 24]]])
    every = np.ones(2, dtype=bool)
    both = _stadia.grounds(shapely.linestrings(ahead), np.zeros(2), wanted=every, covers=every)
    assert shapely.get_num_coordinates(both).tolist() == [17 + 4 + 1] * 2
    for third, own in ((across, 5 + 17 + 1), (short, 5 + 17 + 1)):
        lines, every = shapely.linestrings(np.concatenate([ahead, third])), np.ones(3, dtype=bool)
        three = _stadia.grounds(lines, np.zeros(3), wanted=every, covers=every)
        assert shapely.get_num_coordinates(three).tolist() == [17 + 4 + 1, 17 + 4 + 1, own]
        assert apart(shapely.union_all(three), shapely.union_all(buffers(lines)))[0] < 1e-6
    alone = shapely.linestrings(np.concatenate([ahead[:1], short]))
    pair = _stadia.grounds(alone, np.zeros(2), wanted=every[:2], covers=every[:2])
    assert shapely.get_num_coordinates(pair).tolist() == [35, 17 + 17 + 1 - 6]


def test_what_is_of_another_group_or_behind_a_wall_hides_nothing():
    lines = shapely.linestrings(ORIGIN + np.array([[[0, 0], [100, 0]], [[100, 0], [200, 0]]]))
    every = np.ones(2, dtype=bool)
    apart_ones = _stadia.grounds(lines, np.arange(2), wanted=every, covers=every)
    barred = _stadia.grounds(lines, np.zeros(2), wanted=np.array([True, False]), covers=np.array([True, False]))
    assert shapely.get_num_coordinates(apart_ones).tolist() == [35, 35]
    assert shapely.get_num_coordinates(barred).tolist() == [35]
