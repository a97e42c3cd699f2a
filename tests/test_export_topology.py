"""The topology report against pairs tried one by one, and against what can be said on paper."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import MultiPolygon, Polygon, box

from planning.export import _tables, _topology

CRS4548 = CRS.from_epsg(4548)


def layer(name: str, shapes: list[Any], **columns: Any) -> _tables.Layer:
    key = {"residential": "residential_id", "units": "unit_id"}[name]
    facts = {key: [f"{number:02d}" for number in range(len(shapes))], **columns}
    frame = gpd.GeoDataFrame(facts, geometry=shapes, crs=CRS4548)
    fields = tuple(_tables.Field(column, column, "text") for column in facts)
    return _tables.Layer(name, name, frame, fields)


def report(*layers: _tables.Layer) -> pd.DataFrame:
    return _topology.report({one.name: one for one in layers}, CRS4548, "zh").frame


def counts(frame: pd.DataFrame) -> dict[str, int]:
    return frame["issue"].value_counts().to_dict()


def test_each_issue_on_paper() -> None:
    """Squares of 10 m: one twice, one overlapping by 2 m, one by 0.4 m, one touching, a bow tie, a strip, none."""
    square = box(0, 0, 10, 10)
    turned = Polygon([(10, 0), (10, 10), (0, 10), (0, 0)])  # the same from another corner
    shapes = [
        square, turned, box(100, 0, 110, 10), box(108, 0, 118, 10), box(117.6, 0, 127, 10), box(127, 0, 137, 10),
        Polygon([(200, 0), (210, 10), (210, 0), (200, 10)]), box(300, 0, 300.2, 50), None,
    ]  # fmt: skip
    found = report(layer("residential", shapes)).set_index("issue")
    assert counts(found.reset_index()) == {
        "duplicate": 1, "overlap": 1, "sliver_overlap": 1, "self_intersection": 1, "sliver": 1, "no_shape": 1,
    }  # fmt: skip
    assert (found.loc["overlap", "id"], found.loc["overlap", "other_id"], found.loc["overlap", "area_m2"]) == (
        "02",
        "03",
        20,
    )
    assert found.loc["sliver_overlap", "area_m2"] == np.float64(10 * (118 - 117.6))
    assert found.loc["sliver_overlap", "width_m"] == 2 * (10 * (118 - 117.6)) / (2 * (10 + (118 - 117.6)))
    assert "205 5" in found.loc["self_intersection", "note"]
    assert found.loc["no_shape", "id"] == "08"


def test_gaps_are_holes_between_units_of_one_rank() -> None:
    """Four units about a hole of 2 × 3 m, with an island of 1 × 1 m in it; a strip of 0.2 m; a town fills nothing of a
    community's hole. The outer side is no gap.
    """
    ring = [box(0, 0, 10, 4), box(0, 7, 10, 10), box(0, 4, 4, 7), box(6, 4, 10, 7), box(4.5, 5, 5.5, 6)]
    strip = [box(20, 0, 30, 10).difference(box(25, 1, 25.2, 9))]
    villages = [box(40, 0, 50, 10).difference(box(44, 4, 46, 6)), box(43, 3, 47, 7)]
    kinds = ["street", "town", "street", "town", "street", "street", "village", "town"]
    found = report(layer("units", [*ring, *strip, *villages], type=kinds))
    assert counts(found) == {"gap": 2, "sliver_gap": 1}
    assert sorted(found["area_m2"].round(9)) == [round(0.2 * 8, 9), 4, 2 * 3 - 1]
    assert found.loc[found["area_m2"].round(9) == 5, "geometry"].iloc[0].equals(box(4, 4, 6, 7) - ring[4])


def test_service_areas_may_lie_on_each_other() -> None:
    shapes = [box(0, 0, 9, 9), Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])]
    facts = {"facility_id": ["a", "b"], "limit_m": [900.0, 900.0]}
    frame = gpd.GeoDataFrame(facts, geometry=shapes, crs=CRS4548)
    fields = (_tables.Field("facility_id", "", "text"), _tables.Field("limit_m", "", "number"))
    found = report(_tables.Layer("service_areas", "", frame, fields))
    assert list(found[["issue", "id"]].itertuples(index=False, name=None)) == [("self_intersection", "b 900.0")]


def test_a_hundredth_of_a_square_metre_counts_and_less_does_not() -> None:
    """Strips of 1 m: 0.0625 m deep is 0.0625 m², 2⁻⁷ m deep is 0.0078125 m²."""
    base = box(0, 0, 1, 1)
    assert counts(report(layer("residential", [base, box(0, 1 - 0.0625, 1, 2)]))) == {"sliver_overlap": 1}
    assert counts(report(layer("residential", [base, box(0, 1 - 2**-7, 1, 2)]))) == {}


corners = st.integers(0, 12)
squares = st.builds(lambda x, y, w, h: box(x, y, x + w, y + h), corners, corners, st.integers(1, 6), st.integers(1, 6))


@settings(max_examples=15, deadline=None)
@given(st.lists(squares, min_size=2, max_size=9), st.randoms())
def test_pairs_are_those_found_one_by_one(shapes: list[Polygon], rng: Any) -> None:
    """Whole coordinates make areas exact: every pair that shares ground or a shape is there once, and no other."""
    parts = [MultiPolygon([one]) if rng.random() < 0.3 else one for one in shapes]
    found = report(layer("residential", parts))
    wanted = {}
    for (one, first), (other, second) in combinations(enumerate(shapes), 2):
        shared = first.intersection(second).area
        if first.equals(second) and parts[one].geom_type == parts[other].geom_type:
            wanted[f"{one:02d}", f"{other:02d}"] = ("duplicate", shared)
        elif shared >= _topology.LEAST_M2:
            thin = 2 * shared / first.intersection(second).length < _topology.SLIVER_M
            wanted[f"{one:02d}", f"{other:02d}"] = ("sliver_overlap" if thin else "overlap", shared)
    got = {(row.id, row.other_id): (row.issue, row.area_m2) for row in found.itertuples() if row.other_id}
    assert got == wanted


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(corners, corners), min_size=0, max_size=12, unique=True))
def test_gaps_are_the_cells_nobody_covers_and_no_way_leads_out_of(holes: list[tuple[int, int]]) -> None:
    """A board of 14 × 14 cells of 4 m, some missing: gaps cover as much as missing cells that cannot reach the rim."""
    missing = {(x + 0, y + 0) for x, y in holes}
    cells = [
        box(4 * x, 4 * y, 4 * x + 4, 4 * y + 4) for x in range(-1, 14) for y in range(-1, 14) if (x, y) not in missing
    ]
    found = report(layer("units", cells, type=["community"] * len(cells)))
    assert found["issue"].isin(["gap"]).all()
    assert found["area_m2"].sum() == 16 * len(missing)  # the rim of the board is whole, so none leads out


def test_the_summary_counts_every_issue_of_every_layer() -> None:
    made = _topology.report({"residential": layer("residential", [box(0, 0, 9, 9), box(8, 0, 20, 9)])}, CRS4548, "en")
    table = _topology.counts(made)
    assert len(table) == 6 + 8 + 2  # no gaps among residential areas, validity alone of service areas
    assert table["count"].sum() == 1
    assert table.loc[table["count"] == 1, ["layer", "issue", "area_m2"]].to_numpy().tolist() == [
        ["residential", "overlap", 9.0]
    ]


def test_the_summary_gives_no_area_where_an_issue_has_none() -> None:
    """A bow tie has no area to add up: the cell is empty, not 0."""
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    table = _topology.counts(_topology.report({"residential": layer("residential", [bow])}, CRS4548, "en"))
    area = table.set_index(["layer", "issue"])["area_m2"]
    assert (np.isnan(area["residential", "self_intersection"]), area["residential", "overlap"]) == (True, 0)


def test_rows_in_another_order_make_the_same_report() -> None:
    shapes = [box(0, 0, 9, 9), box(8, 0, 20, 9), box(8, 8, 30, 30), box(0, 0, 9, 9)]
    whole = layer("residential", shapes)
    mixed = _tables.Layer("residential", "", whole.frame.iloc[[2, 0, 3, 1]].reset_index(drop=True), whole.fields)
    first, second = (report(_tables.ordered(one)) for one in (whole, mixed))
    pd.testing.assert_frame_equal(first.drop(columns="geometry"), second.drop(columns="geometry"))
    assert shapely.equals(first.geometry.to_numpy(), second.geometry.to_numpy()).all()
