"""What the doors say of shapes: repaired or refused with both areas, twice the same, overlapping, slivers, heights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planning.sources._overlaps import overlaps, say_shapes
from planning.sources._repair import repaired
from planning.sources.geometry import say_heights
from planning.sources.ledger import Notes, Origin


def notes_of(size, table="residential"):
    return Notes(table, Origin("面.gpkg", "layer", np.arange(1, size + 1)))


def shapes_of(*words):
    return np.array([shapely.from_wkt(word) if isinstance(word, str) else word for word in words], dtype=object)


def said(notes, code):
    """Return ``{row: value}`` of a code."""
    return {fault.row: fault.value for fault in notes.all_faults() if fault.code == code}


BOW = "POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))"
TWICE = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0, 10 0, 10 10, 0 10, 0 0))"
SPIKE = "POLYGON ((0 0, 10 0, 10 10, 15 10, 10 10, 0 10, 0 0))"
HOLE_OUTSIDE = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (20 20, 21 20, 21 21, 20 21, 20 20))"
PARTS_OVER = "MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)), ((5 0, 15 0, 15 10, 5 10, 5 0)))"


@pytest.mark.parametrize(
    ("wkt", "before", "after", "kept"),
    [
        (SPIKE, 100, 100, True),  # a line out and back has no area
        (BOW, 0, 50, False),  # by the shoelace formula its halves cancel
        (TWICE, 200, 100, False),
        (PARTS_OVER, 200, 150, False),
    ],
)
def test_repairs_say_both_areas(wkt, before, after, kept):
    notes = notes_of(1)
    made = repaired(shapes_of(wkt), notes)
    (value,) = said(notes, "geometry_repaired" if kept else "geometry_invalid").values()
    assert value.startswith(f"{before:.2f} m² → {after:.2f} m² @ ")
    assert (made[0] is not None) == kept
    if kept:
        assert shapely.is_valid(made[0])
        assert shapely.area(made[0]) == after


@pytest.mark.parametrize(("share", "kept"), [(0.5, True), (0.499, False), (0.0, False), (1.0, True)])
def test_the_plan_may_allow_more_and_its_limit_is_allowed(share, kept):
    """Traced twice: 200 m² become 100 m², a change of 100 / 200 = 0.5 exactly."""
    made = repaired(shapes_of(TWICE), notes_of(1), max_share=share)
    assert (made[0] is not None) == kept


def test_what_is_valid_is_not_touched():
    """The point, the line and the plain square come out as the very objects that went in; None stays None."""
    given_shapes = shapes_of("POINT (1 1)", "LINESTRING (0 0, 1 1)", "POLYGON ((0 0, 1 0, 1 1, 0 0))", None)
    notes = notes_of(4)
    assert all(new is old for new, old in zip(repaired(given_shapes, notes), given_shapes, strict=True))
    assert notes.all_faults() == []


def test_a_hole_outside_goes_and_makes_no_land():
    """The hole of 1 m² outside a shell of 100 m² was never part of it: 99 by the formula, 100 in truth, 1 % apart."""
    notes = notes_of(1)
    made = repaired(shapes_of(HOLE_OUTSIDE), notes)
    assert said(notes, "geometry_repaired")[1].startswith("99.00 m² → 100.00 m²")
    assert shapely.equals(made[0], box(0, 0, 10, 10))


def areas(*words, ids=None, **columns):
    ids = ids or [f"R{number}" for number in range(len(words))]
    frame = pd.DataFrame({"residential_id": pd.Series(ids, dtype="str"), **columns})
    notes = notes_of(len(words))
    say_shapes("residential", frame, shapes_of(*words), notes)
    return notes


def box(left, bottom, right, top, *, start=0, backwards=False):
    ring = [(left, bottom), (right, bottom), (right, top), (left, top)]
    ring = ring[start:] + ring[:start]
    return shapely.Polygon(ring[::-1] if backwards else ring)


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("backwards", [False, True])
def test_the_same_shape_from_any_vertex_either_way(start, backwards):
    notes = areas(box(0, 0, 100, 100), box(200, 0, 300, 100), box(0, 0, 100, 100, start=start, backwards=backwards))
    assert said(notes, "same_shape") == {1: "R2", 3: "R0"}
    assert said(notes, "areas_overlap") == {}


def test_many_of_one_shape_name_a_few_and_count_the_rest():
    notes = areas(*[box(0, 0, 100, 100)] * 8)
    assert said(notes, "same_shape")[1] == "R1；R2；R3；R4；R5"
    assert len(said(notes, "same_shape")) == 8


def test_overlaps_are_named_on_both_sides_with_area_and_share():
    """20 m of a 100 m square lie under its neighbour: 2 000 m² of 10 000 are 20 %."""
    notes = areas(box(0, 0, 100, 100), box(80, 0, 180, 100), box(180, 0, 280, 100))
    assert said(notes, "areas_overlap") == {1: "R1: 2000 m², 20.0 %", 2: "R0: 2000 m², 20.0 %"}


@pytest.mark.parametrize(("width", "flagged"), [(0.999, False), (1.0, False), (1.01, True)])
def test_an_overlap_up_to_one_percent_is_drawing(width, flagged):
    """Of 100 m × 100 m, 1 m is 1 %: that is still drawing, more is not."""
    notes = areas(box(0, 0, 100, 100), box(100 - width, 0, 200 - width, 100))
    assert bool(said(notes, "areas_overlap")) == flagged


def test_an_area_inside_another_overlaps_it():
    notes = areas(box(0, 0, 100, 100), box(40, 40, 60, 60))
    assert said(notes, "areas_overlap") == {1: "R1: 400 m², 100.0 %", 2: "R0: 400 m², 100.0 %"}


def test_a_hole_is_no_overlap():
    ring = shapely.difference(box(0, 0, 100, 100), box(40, 40, 60, 60))
    assert said(areas(ring, box(40, 40, 60, 60)), "areas_overlap") == {}


def test_units_overlap_only_within_their_type():
    """A street over its communities is no overlap; two streets over each other are."""
    types = pd.Series(["street", "community", "street"], dtype="str")
    frame = pd.DataFrame({"unit_id": pd.Series(["S", "C", "T"], dtype="str"), "type": types})
    notes = notes_of(3, "units")
    say_shapes("units", frame, shapes_of(box(0, 0, 100, 100), box(0, 0, 50, 100), box(90, 0, 190, 100)), notes)
    assert set(said(notes, "areas_overlap")) == {1, 3}


@pytest.mark.parametrize(("width", "flagged"), [(2.0, False), (1.0, True)])
def test_slivers(width, flagged):
    """A strip of width w and length 1 000 has 2 A / P = 2000 w / (2000 + 2 w): 1.996 for 2, 0.999 for 1."""
    strip = box(0, 0, 1000, width + 0.01)
    assert bool(said(areas(strip), "geometry_sliver")) == flagged


def test_heights_are_said_once_and_zero_is_none():
    notes = notes_of(2)
    say_heights(shapes_of("POINT Z (1 1 0)", "POINT (2 2)"), notes)
    assert notes.all_faults() == []
    say_heights(shapes_of("LINESTRING Z (0 0 3, 1 1 7)", "POINT (2 2)"), notes)
    assert [(fault.code, fault.severity, fault.value) for fault in notes.all_faults()] == [
        ("geometry_heights", "warning", "3 – 7")
    ]


boxes = st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(5, 40)] * 2)


@given(st.lists(boxes, min_size=2, max_size=12))
def test_overlaps_are_those_found_pair_by_pair(corners):
    shapes = np.array([box(x, y, x + w, y + h) for x, y, w, h in corners], dtype=object)
    one, other, shared = overlaps(shapes, np.zeros(len(shapes), dtype=np.intp), np.ones(len(shapes), dtype=bool))
    found = {(int(a), int(b)): round(m2, 6) for a, b, m2 in zip(one, other, shared, strict=True)}
    plain = {}
    for a in range(len(corners)):
        for b in range(a + 1, len(corners)):
            (x, y, w, h), (u, v, p, q) = corners[a], corners[b]
            m2 = max(min(x + w, u + p) - max(x, u), 0) * max(min(y + h, v + q) - max(y, v), 0)
            if m2 > max(10, 0.01 * min(w * h, p * q)):
                plain[a, b] = float(m2)
    assert found == plain
