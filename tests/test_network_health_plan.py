"""What a look at the roads says of a whole plan, on the town along one street (see `papertown`).

Roads: the street of 3000 m and an island of 1000 m: shares 3/4 and 1/4. Households: A, B, C on the street 3800, F on
the island 500, E (0) off the network, D unknown: 3800/4300. Elderly: 1 + 2 + 4 + 8 = 15, 32 and 16 of 63.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import papertown
import pytest
from papertown import X0, Y0
from shapely.geometry import LineString

from planning import runs


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return runs.examine(papertown.write(tmp_path_factory.mktemp("town")))


def with_roads(folder, *lines, levels=None):
    """Examine the town with more roads, given by x and y as in its drawing."""
    more = gpd.GeoDataFrame(
        {"road_id": [f"R{at}" for at in range(len(lines))], "highway": "residential"},
        geometry=[LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines], crs=papertown.CRS,
    )  # fmt: skip
    roads = pd.concat([papertown.roads(), more], ignore_index=True)
    if levels is not None:
        roads["level"] = [0, 0, *levels]
    return runs.examine(papertown.write(folder, roads=gpd.GeoDataFrame(roads, crs=papertown.CRS)))


def codes(checkup):
    return [fault.code for fault in checkup.faults]


def test_who_lives_on_which_piece(town):
    pieces = town.roads.pieces
    assert pieces["length_m"].tolist() == [3000.0, 1000.0]
    assert pieces["length_share"].tolist() == [0.75, 0.25]
    assert pieces["areas"].tolist() == [4, 1]
    assert pieces["households"].tolist() == [3800.0, 500.0]
    assert pieces["households_share"].tolist() == [3800 / 4300, 500 / 4300]
    assert pieces["elderly"].tolist() == [15.0, 32.0]
    assert pieces["elderly_share"].tolist() == [15 / 63, 32 / 63]
    assert pieces["residents"].isna().all()


def test_the_area_on_the_island_is_named_and_flagged(town):
    (said,) = [fault for fault in town.faults if fault.code == "areas_on_islands"]
    assert "F (#6)" in said.message("zh")
    assert "75%" in said.message("zh")
    assert "88.3%" in said.message("zh")  # 3800/4300 = 88.37 %, never rounded up
    row = town.ledger[(town.ledger["table"] == "residential") & (town.ledger["id"] == "F")].iloc[0]
    assert row["outcome"] == "flagged"
    assert "on_island" in row["reasons"].split(";")


def test_the_area_off_the_network_is_named(town):
    assert town.roads.unsnapped[["table", "id", "source_row"]].to_numpy().tolist() == [["residential", "E", 5]]
    (said,) = [fault for fault in town.faults if fault.code == "areas_off_network"]
    assert "E (#5)" in said.message("zh")


def test_counts_still_add_up(town):
    for counts in town.counts.values():
        assert counts["read"] == counts["used"] + counts["flagged"] + counts["excluded"]


@pytest.mark.slow
def test_a_gap_is_told_with_its_place(tmp_path):
    """A side street ends 0.5 m south of the street at x = 650."""
    found = with_roads(tmp_path, [(650, -300), (650, -0.5)])
    (said,) = [fault for fault in found.faults if fault.code == "loose_end"]
    assert f"{X0 + 650:.2f}, {Y0 - 0.5:.2f}" in said.message("en")
    assert "0.5 m" in said.message("en")
    assert found.roads.gaps[["road_id", "other_road_id", "gap_m"]].to_numpy().tolist() == [["R0", "main", 0.5]]


@pytest.mark.parametrize(("level", "code"), [(0, "network_not_noded"), (1, None)])
@pytest.mark.slow
def test_roads_drawn_through_get_the_remedy_and_bridges_do_not(tmp_path, level, code):
    """Six roads cross the street between its vertices; there is no junction at all, so all meetings lack a node."""
    lines = [[(x, -200), (x, 200)] for x in (150, 450, 750, 1050, 1350, 1650)]
    found = with_roads(tmp_path, *lines, levels=[level] * 6)
    said = [
        fault for fault in found.faults if fault.code.startswith("network_not") or fault.code == "network_crossings"
    ]
    assert [fault.code for fault in said] == ([code] if code else [])
    assert all('noding = "planar"' in fault.remedy("zh") for fault in said)
    assert len(found.roads.network.crossings) == (6 if code else 0)


@pytest.mark.slow
def test_a_cut_in_the_east_counts_who_is_near_it(tmp_path):
    """Roads end at x = 3900 in five places. Within 900 m: x ≥ 3000 — none (D ends at 2920). At x = 3800 D is near."""
    spurs = [[(3000, 200 * at), (3900, 200 * at)] for at in range(5)]
    back = [(3000, 0), (3000, 200), (3000, 400), (3000, 600), (3000, 800)]
    far = with_roads(tmp_path / "far", *spurs, back)
    assert far.roads.cuts[["side", "ends", "areas"]].to_numpy().tolist() == [["east", 5, 0]]
    assert "roads_clipped_east" not in codes(far)
    nearer = [[(3000, 200 * at), (3819, 200 * at)] for at in range(5)]
    near = with_roads(tmp_path / "near", *nearer, back)
    assert near.roads.cuts[["side", "ends", "areas"]].to_numpy().tolist() == [["east", 5, 1]]
    assert "roads_clipped_east" in codes(near)


@pytest.mark.parametrize(("end", "areas"), [(3820.0, 1), (3820.001, 0)])
def test_fifteen_minutes_to_the_metre(tmp_path, end, areas):
    """D reaches to x = 2920, and 2920 + 900 = 3820 is on the line: in."""
    spurs = [[(3000, 200 * at), (end, 200 * at)] for at in range(5)]
    found = with_roads(tmp_path, *spurs, [(3000, 200 * at) for at in range(5)])
    assert found.roads.cuts["areas"].tolist() == [areas]


def test_no_road_at_all_is_said_and_nothing_else_breaks(tmp_path):
    roads = papertown.roads().assign(highway="motorway")
    found = runs.examine(papertown.write(tmp_path, roads=roads))
    assert found.roads is None
    assert found.refused
    assert "network_no_edge" in codes(found)
