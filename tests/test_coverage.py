"""Coverage: worked out on paper, with households that are powers of two so that each sum names its areas."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from planning import catchment, coverage, demand, network, texts
from planning.coverage import area_shares, causes, cover, frontage_shares, roll_up, served_by, summarise

WEIGHTS = ("households", "residents", "elderly")
CRS = "EPSG:4548"


def areas(**columns: dict[str, float | None]) -> pd.DataFrame:
    """Areas by id; a weight not named is missing throughout."""
    ids = list(next(iter(columns.values())))
    frame = pd.DataFrame({"residential_id": pd.Series(ids, dtype="str")})
    for weight in WEIGHTS:
        values = columns.get(weight, {})
        frame[weight] = pd.Series([values.get(i) for i in ids], dtype="float64")
    return frame


def town(gates: dict[str, str], points: list[tuple[str, str, float | None]]) -> tuple[SimpleNamespace, pd.DataFrame]:
    """Access and nearest tables: each point is (area, facility or a status, metres)."""
    status = [what if what in ("unreachable", "unsnapped") else "reached" for _, what, _ in points]
    nearest = pd.DataFrame(
        {
            "facility_id": pd.Series(
                [p[1] if s == "reached" else None for p, s in zip(points, status, strict=True)], dtype="str"
            ),
            "distance_m": pd.Series([p[2] for p in points], dtype="float64"),
            "status": pd.Series(status, dtype="str"),
        }
    )
    index = pd.Index(list(gates), name="residential_id")
    access = SimpleNamespace(
        points=pd.DataFrame({"residential_id": pd.Series([p[0] for p in points], dtype="str")}),
        gates=pd.Series(list(gates.values()), index=index, dtype="str"),
    )
    return access, nearest


def judged(
    gates: dict[str, str], points: list[tuple[str, str, float | None]], radius_m: float, shares: pd.Series | None = None
) -> pd.DataFrame:
    access, nearest = town(gates, points)
    return cover(areas(households=dict.fromkeys(gates, 1.0)), access, nearest, radius_m=radius_m, shares=shares)


# ------------------------------------------------------------------------------------------------------------- cover


@pytest.mark.parametrize(("metres", "status"), [(899.999, "covered"), (900.0, "covered"), (900.001, "uncovered")])
def test_the_radius_itself_is_inside_and_one_millimetre_more_is_not(metres: float, status: str) -> None:
    got = judged({"a": "given"}, [("a", "f", metres)], 900)
    assert got.loc["a", "status"] == status
    assert got.loc["a", "distance_m"] == metres  # the true distance, also beyond the radius


def test_sums_of_floats_never_push_a_distance_over_the_line() -> None:
    """0.1 + 0.2 m is 0.30000000000000004 in floats and 300 mm on the ground."""
    assert judged({"a": "given"}, [("a", "f", 0.1 + 0.2)], 0.3).loc["a", "status"] == "covered"


def test_a_radius_between_millimetres_lets_in_whole_millimetres_only() -> None:
    got = judged({"a": "given", "b": "given"}, [("a", "f", 500.0), ("b", "f", 500.001)], 500.0009)
    assert got["status"].tolist() == ["covered", "uncovered"]


def test_two_gates_300_and_700_limit_500_first_open_then_closed_then_unknown() -> None:
    """Gates at 300 m and 700 m: the first open, 300 <= 500 covers; closed, 700 is too far; unknown, [0, 1]."""
    both = judged({"a": "given"}, [("a", "f", 300), ("a", "f", 700)], 500)
    far = judged({"a": "given"}, [("a", "f", 700)], 500)
    unknown = judged({"a": "inferred"}, [("a", "f", 300), ("a", "f", 700)], 500)
    columns = ["distance_m", "status", "share", "lower", "upper"]
    assert both.loc["a", columns].tolist() == [300, "covered", 1, 1, 1]
    assert far.loc["a", columns].tolist() == [700, "uncovered", 0, 0, 0]
    assert unknown.loc["a", columns].tolist() == [300, "covered", 1, 0, 1]
    assert judged({"a": "inferred"}, [("a", "f", 300), ("a", "f", 700)], 700).loc["a", "lower"] == 1
    assert judged({"a": "inferred"}, [("a", "f", 300), ("a", "f", 700)], 299).loc["a", "upper"] == 0


def test_an_inferred_point_that_reaches_nothing_lowers_the_lower_bound_only() -> None:
    for other in ("unreachable", "unsnapped"):
        got = judged({"a": "inferred"}, [("a", "f", 300), ("a", other, None)], 500)
        assert got.loc["a", ["status", "share", "lower", "upper"]].tolist() == ["covered", 1, 0, 1]


def test_the_nearest_facility_wins_and_of_equally_near_ones_the_smaller_id() -> None:
    got = judged({"a": "given", "b": "given"}, [("a", "z", 10), ("a", "c", 20), ("b", "z", 7), ("b", "c", 7)], 500)
    assert got["facility_id"].tolist() == ["z", "c"]


@pytest.mark.parametrize(
    ("gate", "points", "status"),
    [
        ("closed", [], "unreachable"),
        ("given", [("a", "unsnapped", None), ("a", "unreachable", None)], "unreachable"),
        ("given", [("a", "unsnapped", None), ("a", "unsnapped", None)], "unsnapped"),
        ("inferred", [("a", "unsnapped", None)], "unsnapped"),
        ("inferred", [("a", "unreachable", None)], "unreachable"),
    ],
)
def test_out_of_reach_is_said_in_two_ways_and_is_zero_in_all_three(
    gate: str, points: list[tuple[str, str, None]], status: str
) -> None:
    for shares in (None, pd.Series([0.7], index=["a"])):
        got = judged({"a": gate}, points, 500, shares).loc["a"]
        assert got["status"] == status
        assert got[["share", "lower", "upper"]].tolist() == [0, 0, 0]
        assert pd.isna(got["distance_m"])
        assert pd.isna(got["facility_id"])


@pytest.mark.parametrize(
    ("gate", "metres", "share", "expected"),
    [
        ("given", (300, 700), 0.4, ("covered", 0.4, 0.4, 0.4)),
        ("given", (600, 700), 0.0, ("uncovered", 0.0, 0.0, 0.0)),
        ("given", (300, 700), 0.0, ("uncovered", 0.0, 0.0, 0.0)),  # the rule, not the gate, decides
        ("inferred", (300, 700), 0.4, ("covered", 0.4, 0.0, 1.0)),
        ("inferred", (300, 400), 0.4, ("covered", 0.4, 0.4, 1.0)),  # all points inside, yet only 40 % reached
        ("inferred", (600, 700), 0.4, ("covered", 0.4, 0.0, 0.4)),  # no point inside, yet 40 % reached
        ("given", (300, 700), math.nan, ("covered", 1.0, 1.0, 1.0)),  # nothing to measure: by its gates
    ],
)
def test_a_measured_share_takes_the_place_of_yes_and_no_and_distances_stay(
    gate: str, metres: tuple[float, float], share: float, expected: tuple[str, float, float, float]
) -> None:
    got = judged({"a": gate}, [("a", "f", metres[0]), ("a", "f", metres[1])], 500, pd.Series([share], index=["a"]))
    assert tuple(got.loc["a", ["status", "share", "lower", "upper"]]) == expected
    assert got.loc["a", "distance_m"] == metres[0]


def test_tables_that_do_not_fit_are_refused() -> None:
    access, nearest = town({"a": "given", "b": "given"}, [("a", "f", 1)])
    two = areas(households={"a": 1, "b": 1})
    with pytest.raises(ValueError, match="'b'"):
        cover(two, access, nearest, radius_m=5)
    with pytest.raises(ValueError, match="0 rows"):
        cover(two, access, nearest.iloc[:0], radius_m=5)
    with pytest.raises(ValueError, match="far"):
        cover(two.iloc[:1], access, nearest.assign(status="far"), radius_m=5)


def test_the_answer_has_the_order_of_the_areas_and_no_areas_give_none() -> None:
    access, nearest = town({"a": "given", "b": "closed"}, [("a", "f", 1)])
    got = cover(areas(households={"b": 1, "a": 1}), access, nearest, radius_m=5)
    assert got.index.tolist() == ["b", "a"]
    assert got.columns.tolist() == ["facility_id", "distance_m", "status", "share", "lower", "upper"]
    none = cover(areas(households={}), *town({}, []), radius_m=5)
    assert none.empty
    assert none.columns.tolist() == got.columns.tolist()


# ------------------------------------------------------------------------------------------------------------ summary


def test_areas_of_100_and_900_households_with_only_the_first_covered_are_10_percent_not_half() -> None:
    covered = judged({"a": "given", "b": "given"}, [("a", "f", 100), ("b", "f", 901)], 900)
    got = summarise(areas(households={"a": 100, "b": 900}), covered, radius_m=900, minutes=15)
    assert got["households_share"] == 0.1
    assert got["residential_share"] == 0.5


def test_every_key_in_its_order_and_each_area_where_it_belongs() -> None:
    """Households 1, 2, 4, … for: near by gate, far, island, unsnapped, closed, unknown gates near and far, unknown.

    covered = 1 + 32 = 33; lower = 1; upper = 33; total of known cells 1 + 2 + 4 + 8 + 16 + 32 = 63, one missing.
    """
    gates = {
        "near": "given",
        "far": "given",
        "isle": "given",
        "off": "given",
        "shut": "closed",
        "half": "inferred",
        "dark": "given",
    }
    points = [
        ("near", "f", 900), ("far", "f", 901), ("isle", "unreachable", None), ("off", "unsnapped", None),
        ("half", "f", 300), ("half", "f", 1000), ("dark", "f", 5),
    ]  # fmt: skip
    households = {"near": 1, "far": 2, "isle": 4, "off": 8, "shut": 16, "half": 32, "dark": None}
    elderly = dict.fromkeys(gates, 0.0)
    got = summarise(
        areas(households=households, elderly=elderly), judged(gates, points, 900), radius_m=900.0, minutes=15
    )
    expected = {
        "radius_m": 900, "minutes": 15,
        "residential_total": 7, "residential_covered": 3, "residential_share": 3 / 7,
        "residential_lower": 2, "residential_upper": 3,
        "households_total": 63, "households_covered": 33, "households_share": 33 / 63,
        "households_lower": 1, "households_upper": 33, "households_missing": 1,
        "residents_total": None, "residents_covered": None, "residents_share": None,
        "residents_lower": None, "residents_upper": None, "residents_missing": 7,
        "elderly_total": 0, "elderly_covered": 0, "elderly_share": None,
        "elderly_lower": 0, "elderly_upper": 0, "elderly_missing": 0,
        "unreachable": 2, "unsnapped": 1,
    }  # fmt: skip
    assert got == expected
    assert list(got) == list(expected)
    assert json.loads(json.dumps(got)) == got
    whole = [key for key, value in expected.items() if isinstance(value, int)]
    assert all(type(got[key]) is int for key in whole)


def test_fractional_shares_give_fractional_figures_and_stated_radius_no_minutes() -> None:
    covered = judged(
        {"a": "given", "b": "given"}, [("a", "f", 1), ("b", "f", 1)], 500, pd.Series([0.5, 0.25], index=["a", "b"])
    )
    got = summarise(areas(households={"a": 1, "b": 2}), covered, radius_m=500, minutes=None)
    assert (got["residential_covered"], got["households_covered"]) == (0.75, 1)
    assert got["minutes"] is None


def test_sums_are_exact_in_every_order() -> None:
    """1e16 + 1 + 1 … loses the ones when added in order; the exact sum does not."""
    values = {f"r{i}": w for i, w in enumerate([1e16, 1.0, 1.0, 0.1, 0.1, 0.1])}
    ids = list(values)
    covered = judged(dict.fromkeys(ids, "given"), [(i, "f", 1) for i in ids], 5)
    exact = float(sum(map(Decimal, values.values())))
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(ids))
        shuffled = areas(households=values).iloc[order]
        assert summarise(shuffled, covered, radius_m=5, minutes=1)["households_covered"] == exact


def test_an_area_that_was_not_judged_stops_the_sum() -> None:
    covered = judged({"a": "given"}, [("a", "f", 1)], 5)
    with pytest.raises(KeyError):
        summarise(areas(households={"a": 1, "b": 1}), covered, radius_m=5, minutes=1)


def test_units_add_up_their_own_areas_and_an_area_counts_in_each_unit_it_lies_in() -> None:
    """Villages v1 (1 + 2) and v2 (4), town t all (7); only 1 and 4 covered. v3 has no area."""
    gates = dict.fromkeys("abc", "given")
    covered = judged(gates, [("a", "f", 1), ("b", "f", 9), ("c", "f", 1)], 5)
    members = pd.DataFrame(
        [("t", "a"), ("t", "b"), ("t", "c"), ("v1", "a"), ("v1", "b"), ("v2", "c"), ("v2", "elsewhere")],
        columns=["unit_id", "residential_id"],
    )
    table = areas(households={"a": 1, "b": 2, "c": 4})
    got = roll_up(table, covered, members, ["v3", "t", "v1", "v2"], radius_m=5, minutes=None)
    assert list(got) == ["v3", "t", "v1", "v2"]
    figures = {u: (d["households_total"], d["households_covered"], d["residential_total"]) for u, d in got.items()}
    assert figures == {"v3": (0, 0, 0), "t": (7, 5, 3), "v1": (3, 1, 2), "v2": (4, 4, 1)}
    assert got["v3"]["households_share"] is None
    assert got["t"] == summarise(table, covered, radius_m=5, minutes=None)


# ------------------------------------------------------------------------------------------------------- blind spots


def test_each_blind_spot_has_its_cause_and_covered_areas_have_none() -> None:
    gates = {"near": "given", "far": "given", "isle": "given", "off": "given", "shut": "closed"}
    points = [("near", "f", 1), ("far", "f", 9), ("isle", "unreachable", None), ("off", "unsnapped", None)]
    covered = judged(gates, points, 5)
    got = causes(covered, pd.Series(gates), in_service=1)
    assert pd.isna(got["near"])
    assert got.drop("near").to_dict() == {
        "far": "no_facility", "isle": "no_route", "off": "unsnapped", "shut": "gates_closed",
    }  # fmt: skip
    for cause in got.dropna():
        assert texts.t(f"coverage.cause.{cause}", "zh") != texts.t(f"coverage.cause.{cause}", "en")


def test_where_nothing_is_in_service_the_road_is_not_to_blame() -> None:
    covered = judged({"a": "given"}, [("a", "unreachable", None)], 5)
    assert causes(covered, pd.Series({"a": "given"}), in_service=0).tolist() == ["no_facility"]


def test_overlap_counts_different_facilities_within_the_radius() -> None:
    reach = pd.DataFrame(
        [("f", "a", 5.0), ("g", "a", 5.001), ("h", "a", 0.0), ("f", "b", 9.0), ("f", "other", 1.0)],
        columns=["facility_id", "demand_id", "distance_m"],
    )
    got = served_by(reach, ["b", "a", "c"], radius_m=5)
    assert got.to_dict() == {"b": 0, "a": 2, "c": 0}
    assert list(got.index) == ["b", "a", "c"]


# ------------------------------------------------------------------------------------------------- frontage and area


def estates(*shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    ids = pd.Series([f"r{i}" for i in range(len(shapes))], dtype="str")
    return gpd.GeoDataFrame({"residential_id": ids}, geometry=list(shapes), crs=CRS)


def stretches(*rows: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["edge", "from_mm", "to_mm"])


STRIP = box(0, 10, 1000, 60)
STREET = np.array([LineString([(0, 0), (1000, 0)])], dtype=object)


def test_a_strip_1000_m_long_with_a_facility_at_its_west_end_and_limit_400_is_40_percent() -> None:
    got = frontage_shares(estates(STRIP), STREET, stretches((0, 0, 400_000)), frontage_m=30)
    assert got.to_dict() == {"r0": 0.4}
    covered = judged({"r0": "given"}, [("r0", "f", 10)], 400, got)
    figures = summarise(areas(households={"r0": 1000}), covered, radius_m=400, minutes=None)
    assert figures["households_share"] == 0.4


def test_the_street_drawn_the_other_way_or_in_bends_gives_the_same() -> None:
    back = np.array([LineString([(1000, 0), (700, 0), (650, 0), (0, 0)])], dtype=object)
    assert frontage_shares(estates(STRIP), back, stretches((0, 600_000, 1_000_000)), frontage_m=30)["r0"] == 0.4
    assert frontage_shares(estates(STRIP), back, stretches((0, 0, 320_000)), frontage_m=30)["r0"] == 0.32
    middle = frontage_shares(estates(STRIP), back, stretches((0, 10_000, 20_000), (0, 290_000, 360_000)), frontage_m=30)
    assert middle["r0"] == 0.08


def test_all_reached_is_one_and_none_is_zero_and_no_street_is_unknown() -> None:
    far = box(0, 31, 1000, 60)
    where = estates(STRIP, far, Point(500, 20), Point(500, 31))
    got = frontage_shares(where, STREET, stretches((0, 0, 1_000_000)), frontage_m=30)
    assert got[["r0", "r2"]].tolist() == [1, 1]
    assert got[["r1", "r3"]].isna().all()
    assert frontage_shares(where, STREET, stretches(), frontage_m=30)[["r0", "r2"]].tolist() == [0, 0]


@pytest.mark.parametrize(("y", "counts"), [(29.999, True), (30.0, True), (30.001, False)])
def test_the_frontage_distance_is_inclusive_to_the_millimetre(y: float, counts: bool) -> None:
    got = frontage_shares(estates(box(0, y, 100, y + 50)), STREET, stretches((0, 0, 1_000_000)), frontage_m=30)
    assert got.notna().tolist() == [counts]


@pytest.mark.parametrize("degrees", range(5, 90, 9))
def test_a_slanted_street_30_m_off_counts_whole_at_coordinates_of_a_zone(degrees: int) -> None:
    """A wall of 1000 m in any direction, the street beside it 30 m off as well as floats can say, 250 m reached."""
    origin, turn = np.array([40_512_345.6, 4_012_345.6]), math.radians(degrees)
    along, aside = np.array([math.cos(turn), math.sin(turn)]), np.array([math.sin(turn), -math.cos(turn)])
    wall = shapely.Polygon([origin, origin + 1000 * along, origin + 1000 * along - 50 * aside, origin - 50 * aside])
    street = np.array([LineString([origin + 30 * aside, origin + 30 * aside + 1000 * along])], dtype=object)
    got = frontage_shares(estates(wall), street, stretches((0, 0, 250_000)), frontage_m=30)
    assert got["r0"] == pytest.approx(0.25, abs=1e-6)


def test_only_the_part_of_an_edge_along_the_area_counts() -> None:
    """Estate 0–100 m beside a street 1000 m long: 130 m of it lie within 30 m (the ends are rounded, 10 m off).

    At y = 0, 10 m below the estate, the corner circle of 30 m reaches sqrt(30² − 10²) = 28.284 m past it.
    """
    past = math.sqrt(30**2 - 10**2)
    got = frontage_shares(estates(box(0, 10, 100, 60)), STREET, stretches((0, 0, 50_000)), frontage_m=30)
    assert got["r0"] == pytest.approx(50 / (100 + past), abs=1e-4)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=6, unique=True), st.integers(1, 50))
def test_frontage_by_stretches_is_the_same_as_by_ticks(cuts: list[int], bend: int) -> None:
    """Against a count of ticks every metre along a bent street, all of it within 30 m of a wide estate's wall."""
    street = np.array([LineString([(0, 0), (bend, 0), (bend, 0.5), (1000, 0.5)])], dtype=object)
    length_mm = round(street[0].length * 1000)
    marks = sorted(min(c * 1000, length_mm) for c in cuts)
    pairs = [(0, a, b) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    got = frontage_shares(estates(box(-100, 5, 1100, 60)), street, stretches(*pairs), frontage_m=30)
    assert got["r0"] == pytest.approx(sum(b - a for _, a, b in pairs) / length_mm, abs=1e-6)


def test_area_shares_count_overlapping_outlines_once() -> None:
    """Unit squares: half covered by two outlines that overlap; wholly; not at all; touching only; a point."""
    where = estates(box(0, 0, 10, 10), box(1, 1, 4, 4), box(50, 0, 60, 10), box(5, 0, 9, 9), Point(1, 1))
    got = area_shares(where, gpd.GeoSeries([box(0, 0, 5, 10), box(0, 0, 4, 10)], crs=CRS))
    assert got.iloc[:4].tolist() == [0.5, 1, 0, 0]
    assert math.isnan(got["r4"])
    two = area_shares(where, np.array([box(0, 0, 2, 10), box(8, 0, 10, 10)], dtype=object))
    assert two["r0"] == 0.4
    assert area_shares(where, shapely.MultiPolygon([box(0, 0, 2, 10), box(8, 0, 10, 10)]))["r0"] == 0.4
    assert area_shares(where, shapely.Polygon()).iloc[:4].tolist() == [0, 0, 0, 0]
    assert area_shares(where, np.array([], dtype=object)).iloc[:4].tolist() == [0, 0, 0, 0]


def test_from_roads_to_figures_the_strip_the_gates_and_the_islands() -> None:
    """The same cases through the network: street y = 0 from 0 to 1000, facility f on it at x = 0, limit 400.

    strip: 1000 m along the street, 10 m off, no gates: nearest place (0, 10), 10 + 0 = 10 m; 40 % of the frontage.
    gated: gates on the street at x = 300 (open) and 700 (open): 300 m; with the first closed 700 m.
    isle: beside a road that joins nothing. off: 3 km away. shut: all gates closed.
    """
    roads = gpd.GeoDataFrame(
        {"road_id": ["street", "isle"]},
        geometry=[LineString([(0, 0), (1000, 0)]), LineString([(0, 900), (50, 900)])],
        crs=CRS,
    )
    walkways = network.build(roads)
    shapes = {
        "strip": STRIP, "gated": box(300, -80, 700, -5), "late": box(300, -80, 700, -5), "isle": box(0, 905, 50, 950),
        "off": box(0, 4000, 50, 4050), "shut": box(0, -80, 50, -10),
    }  # fmt: skip
    where = estates(*shapes.values()).assign(residential_id=pd.Series(list(shapes), dtype="str"))
    table = where.assign(households=[1.0, 2.0, 4.0, 8.0, 16.0, 32.0], residents=np.nan, elderly=np.nan)
    doors = gpd.GeoDataFrame(
        {
            "residential_id": pd.Series(["gated", "gated", "late", "late", "shut"], dtype="str"),
            "open": pd.array([True, None, False, True, False], dtype="boolean"),
        },
        geometry=gpd.points_from_xy([300, 700, 300, 700, 0], [0, 0, 0, 0, -10]),
        crs=CRS,
    )
    centre = gpd.GeoDataFrame({"facility_id": pd.Series(["f"], dtype="str")}, geometry=[Point(0, 0)], crs=CRS)
    access = demand.access_points(where, doors, walkways.lines, max_snap_m=200)
    nearest = catchment.nearest(walkways, centre, access.points)
    got = cover(table, access, nearest, radius_m=400)
    assert got["distance_m"].fillna(-1).to_dict() == {
        "strip": 10, "gated": 300, "late": 700, "isle": -1, "off": -1, "shut": -1,
    }  # fmt: skip
    assert got["status"].tolist() == ["covered", "covered", "uncovered", "unreachable", "unsnapped", "unreachable"]
    figures = summarise(table, got, radius_m=400, minutes=None)
    assert (figures["households_covered"], figures["households_total"]) == (3, 63)
    assert (figures["unreachable"], figures["unsnapped"]) == (2, 1)

    union = catchment.reached_union(walkways, centre, limit_m=400)
    shares = frontage_shares(where, walkways.lines, union, frontage_m=30)
    assert shares["strip"] == 0.4
    measured = cover(table, access, nearest, radius_m=400, shares=shares)
    assert measured.loc["strip", ["share", "lower", "upper"]].tolist() == [0.4, 0.4, 1]
    pd.testing.assert_frame_equal(measured[["facility_id", "distance_m"]], got[["facility_id", "distance_m"]])

    none = catchment.nearest(walkways, centre.iloc[:0], access.points)
    nothing = cover(table, access, none, radius_m=400)
    assert nothing["status"].tolist() == ["unreachable"] * 4 + ["unsnapped", "unreachable"]
    assert nothing["share"].sum() == 0


def test_a_frontage_traced_from_the_road_is_entered_anywhere_along_it() -> None:
    """Parcel on y = 0 from 200 to 800, its south side the centre line of a road from 0 to 1000; facility at (500, -10).

    Straight across the road it is 10 m away, not 310 from a corner. Its far corners are 310 m away: within 309.999 m
    some of the frontage lies outside (lower 0, upper 1), within 310 m none does. With a second facility at (740, 0),
    which leaves 60 m to the east corner and at most 125 m between the two, the west corner decides: 310.
    """
    walkways = network.build(gpd.GeoDataFrame(geometry=[LineString([(0, 0), (1000, 0)])], crs=CRS))
    where = estates(box(200, 0, 800, 90)).assign(residential_id=pd.Series(["a"], dtype="str"))
    table = where.assign(households=1.0, residents=np.nan, elderly=np.nan)
    access = demand.access_points(where, None, walkways.lines, max_snap_m=200)
    ids = pd.Series(["f", "g"], dtype="str")
    sites = gpd.GeoDataFrame({"facility_id": ids}, geometry=[Point(500, -10), Point(740, 0)], crs=CRS)
    near = catchment.nearest(walkways, sites.iloc[:1], access.points)
    assert near[["distance_m", "farthest_m"]].to_numpy().tolist() == [[10, 310]]
    for radius_m, lower in ((9.999, 0), (10, 0), (309.999, 0), (310, 1)):
        got = cover(table, access, near, radius_m=radius_m).loc["a"]
        assert (got["share"], got["lower"], got["upper"]) == (radius_m >= 10, lower, radius_m >= 10)
    assert catchment.nearest(walkways, sites, access.points)["farthest_m"].tolist() == [310]
    assert catchment.nearest(walkways, sites.iloc[1:], access.points)["farthest_m"].tolist() == [540]
    east = gpd.GeoDataFrame({"facility_id": ids}, geometry=[Point(200, 0), Point(800, -50)], crs=CRS)
    assert catchment.nearest(walkways, east, access.points)["farthest_m"].tolist() == [325]


# --------------------------------------------------------------------------------------------------------------- laws

outcomes = st.one_of(
    st.tuples(st.sampled_from(["f", "g"]), st.integers(0, 2_000_000).map(lambda mm: mm / 1000)),
    st.sampled_from([("unreachable", None), ("unsnapped", None)]),
)
compounds = st.tuples(
    st.sampled_from(["given", "inferred", "closed"]),
    st.lists(outcomes, min_size=1, max_size=4),
    st.one_of(st.none(), st.integers(0, 1000)),
)
towns = st.lists(compounds, min_size=1, max_size=6)


def as_town(parts: list) -> tuple[pd.DataFrame, SimpleNamespace, pd.DataFrame]:
    gates = {f"r{i}": gate for i, (gate, _, _) in enumerate(parts)}
    points = [(f"r{i}", *o) for i, (gate, os, _) in enumerate(parts) if gate != "closed" for o in os]
    access, nearest = town(gates, points)
    return areas(households={f"r{i}": h for i, (_, _, h) in enumerate(parts)}), access, nearest


@given(towns, st.integers(0, 2_000_000), st.data())
@pytest.mark.slow
def test_bounds_hold_the_figure_and_row_order_does_not_show(parts: list, radius_mm: int, data: st.DataObject) -> None:
    table, access, nearest = as_town(parts)
    shares = data.draw(
        st.none() | st.lists(st.floats(0, 1) | st.just(math.nan), min_size=len(table), max_size=len(table))
    )
    measured = None if shares is None else pd.Series(shares, index=table["residential_id"])
    got = cover(table, access, nearest, radius_m=radius_mm / 1000, shares=measured)
    assert (got["lower"] <= got["share"]).all()
    assert (got["share"] <= got["upper"]).all()
    assert ((got["status"] == "covered") == (got["share"] > 0)).all()
    assert (got["distance_m"].notna() == got["status"].isin(["covered", "uncovered"])).all()
    figures = summarise(table, got, radius_m=radius_mm / 1000, minutes=15)
    for name in ("residential", "households"):
        if figures[f"{name}_total"] is not None:
            assert 0 <= figures[f"{name}_lower"] <= figures[f"{name}_covered"] <= figures[f"{name}_upper"]
            assert figures[f"{name}_upper"] <= figures[f"{name}_total"]
    rows = data.draw(st.permutations(range(len(table))))
    order = data.draw(st.permutations(range(len(nearest))))
    shuffled = SimpleNamespace(points=access.points.iloc[order], gates=access.gates.iloc[rows])
    again = cover(table.iloc[rows], shuffled, nearest.iloc[order], radius_m=radius_mm / 1000, shares=measured)
    pd.testing.assert_frame_equal(again.loc[got.index], got)
    assert summarise(table.iloc[rows], again, radius_m=radius_mm / 1000, minutes=15) == figures


@given(towns, st.integers(0, 2_000_000), st.integers(0, 500_000))
def test_a_larger_radius_never_lowers_anything(parts: list, radius_mm: int, more_mm: int) -> None:
    table, access, nearest = as_town(parts)
    small = cover(table, access, nearest, radius_m=radius_mm / 1000)
    large = cover(table, access, nearest, radius_m=(radius_mm + more_mm) / 1000)
    figures = ["share", "lower", "upper"]
    assert (small[figures] <= large[figures]).all(axis=None)
    pd.testing.assert_frame_equal(small[["facility_id", "distance_m"]], large[["facility_id", "distance_m"]])


@given(towns, st.integers(0, 2_000_000))
def test_the_same_as_the_rules_read_aloud_one_area_after_another(parts: list, radius_mm: int) -> None:
    table, access, nearest = as_town(parts)
    got = cover(table, access, nearest, radius_m=radius_mm / 1000)
    for i, (gate, points, _) in enumerate(parts):
        metres = [m for what, m in points if what in ("f", "g")] if gate != "closed" else []
        inside = [round(m * 1000) <= radius_mm for m in metres]
        if not metres:
            lost = gate != "closed" and all(what == "unsnapped" for what, _ in points)
            expected = ("unsnapped" if lost else "unreachable", 0, 0, 0)
        else:
            every = all(inside) and len(inside) == len(points)
            lower, upper = (every, any(inside)) if gate == "inferred" else (any(inside), any(inside))
            expected = ("covered" if any(inside) else "uncovered", any(inside), lower, upper)
            assert got.loc[f"r{i}", "distance_m"] == min(metres)
        assert tuple(got.loc[f"r{i}", ["status", "share", "lower", "upper"]]) == expected


def test_input_is_left_as_it_was() -> None:
    table, access, nearest = as_town([("inferred", [("f", 3.0), ("g", 4.0)], 8), ("closed", [("f", 1.0)], None)])
    copies = (table.copy(deep=True), access.points.copy(deep=True), nearest.copy(deep=True))
    covered = cover(table, access, nearest, radius_m=3)
    before = covered.copy(deep=True)
    summarise(table, covered, radius_m=3, minutes=1)
    causes(covered, access.gates, in_service=1)
    for now, then in zip((table, access.points, nearest, covered), (*copies, before), strict=True):
        pd.testing.assert_frame_equal(now, then)
    assert set(coverage.__all__) <= set(dir(coverage))
