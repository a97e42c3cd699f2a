"""Small towns with every answer worked out on paper from the rules as written, held against a whole run.

All towns lie along one straight road, y = 0, so that a walk is a difference of x plus the way to the road. Elderly are
powers of two, so that a sum says who was counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from batches import few
from shapely.geometry import LineString, Point, Polygon, box

import planning
from planning import catchment, network, runs, siting
from planning.errors import InputRefused
from planning.study import StudyResult

CRS = "EPSG:4548"
X0, Y0 = 500_000.0, 4_000_000.0
CLOSED_PLACES = 1e-9


def at(x: float, y: float = 0.0) -> Point:
    return Point(X0 + x, Y0 + y)


def line(*places: tuple[float, float]) -> LineString:
    return LineString([(X0 + x, Y0 + y) for x, y in places])


def shape(*places: tuple[float, float]) -> Polygon:
    return Polygon([(X0 + x, Y0 + y) for x, y in places])


def rect(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return box(X0 + x0, Y0 + y0, X0 + x1, Y0 + y1)


def table(rows: Iterable[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=CRS)


def road(*places: tuple[float, float], **facts: Any) -> dict[str, Any]:
    return {"highway": "residential", **facts, "geometry": line(*places)}


def area(
    name: str, geometry: Any, elderly: float = 1.0, households: float | None = 1000, **facts: Any
) -> dict[str, Any]:
    own = {"residential_id": name, "name": name, "households": households, "elderly": elderly}
    return {**own, "built": "new", "setting": "urban", **facts, "geometry": geometry}


def plot(
    name: str, number: int, households: float | None = 1000, built: str | None = "new", **facts: Any
) -> dict[str, Any]:
    """Return an area of which only the floor-area law matters, somewhere of its own."""
    x, y = number % 30 * 100, 100 * (number // 30)
    return area(name, rect(x, y, x + 80, y + 50), households=households, built=built, **facts)


def home(
    name: str, geometry: Any = None, level: str = "community", kind: str = "station", **facts: Any
) -> dict[str, Any]:
    own = {"facility_id": name, "name": name, "level": level, "kind": kind, "status": "operating"}
    return {**own, **facts, "geometry": at(-5000) if geometry is None else geometry}


MAIN = table([road((0, 0), (4000, 0))])
CENTRE = table([home("S1", at(0), "street", "centre")])


def write(
    folder: Path,
    residential: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    standard: str = "liaocheng",
    more: str = "",
    as_of: str = "2025-12-31",
    roads: gpd.GeoDataFrame = MAIN,
    roads_keys: str = "",
    **tables: pd.DataFrame,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = f'[plan]\nname = "纸上城"\nstandard = "{standard}"\nas_of = {as_of}\ncrs = "{CRS}"\n'
    for name, frame in {"roads": roads, "residential": residential, "facilities": facilities, **tables}.items():
        if isinstance(frame, gpd.GeoDataFrame):
            path = f"{name}.gpkg"
            frame.to_file(folder / path, layer=name)
        else:
            path = f"{name}.csv"
            frame.to_csv(folder / path, index=False)
        text += f'[inputs.{name}]\npath = "{path}"\n' + (roads_keys if name == "roads" else "")
    plan = folder / "plan.toml"
    plan.write_text(text + more, encoding="utf-8")
    return plan


def study(folder: Path, *args: Any, **options: Any) -> StudyResult:
    return planning.run(planning.load(write(folder, *args, **options)))


def by_area(result: StudyResult) -> pd.DataFrame:
    return pd.DataFrame(result.residential.set_index("residential_id"))


def said(frame: pd.DataFrame, row: str, **wanted: Any) -> None:
    """Hold cells against paper; None is an empty cell."""
    for column, want in wanted.items():
        got = frame.loc[row, column]
        if want is None:
            assert pd.isna(got), f"{row}.{column} = {got!r}"
        elif isinstance(want, float):
            assert got == pytest.approx(want, abs=CLOSED_PLACES), f"{row}.{column}"
        else:
            assert got == want, f"{row}.{column} = {got!r}"


# ------------------------------------------------------------------------------------------ where one enters an area


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """Areas without gates; the centre stands at x = 0, 900 m counts."""
    areas = table(
        [
            area("along", rect(300, 0, 400, 50), 1),
            area("corner", shape((600, 0), (700, 50), (650, 80)), 2),
            area("spot", at(500, 50), 4),
            area("aside", shape((725, 30), (740, 60), (725, 90), (710, 60)), 8),
            area("across", rect(980, -20, 1040, 20), 16),
            area("at200", shape((500, -200), (510, -220), (490, -220)), 32),
            area("at200mm", shape((500, -200.001), (510, -220), (490, -220)), 64),
            area("halfway", shape((850, -20), (950, -20), (950, 20), (850, 20)), 128),
        ]
    )
    return study(tmp_path_factory.mktemp("entering"), areas, CENTRE)


class TestEntering:
    @pytest.mark.parametrize(
        ("name", "distance_m", "status"),
        [
            ("along", 300.0, "covered"),  # its wall is the road from 300 to 400
            ("corner", 600.0, "covered"),
            ("spot", 550.0, "covered"),  # a point 50 m off the road
            ("aside", 755.0, "covered"),  # no road meets it: its corner nearest the road, 30 m off
            ("across", 980.0, "uncovered"),
            ("at200", 700.0, "covered"),  # the snapping limit belongs to it
            ("at200mm", None, "unsnapped"),  # and one millimetre more does not
            ("halfway", 850.0, "covered"),
        ],
    )
    def test_each_area(self, entered: StudyResult, name: str, distance_m: float | None, status: str) -> None:
        said(by_area(entered), name, street_distance_m=distance_m, street_status=status)

    def test_bounds(self, entered: StudyResult) -> None:
        """At 900 m 1 + 2 + 4 + 8 + 32 + 128; the far side of `halfway` (950) is beyond, so 128 is not certain.

        At 1000 m `across` joins by its near side (980), not by its far one (1040): 16 more, but not for certain.
        """
        figures = entered.summary["coverage"]["street"]
        keys = ("elderly_covered", "elderly_lower", "elderly_upper", "elderly_total", "unsnapped", "unreachable")
        assert [figures[key] for key in keys] == [175, 47, 175, 255, 1, 0]
        band = entered.summary["coverage_band"]["street"]["1000"]
        assert [band[key] for key in keys[:3]] == [191, 175, 191]
        assert sorted(entered.summary["coverage_band"]["street"]) == ["1000", "300", "600", "720", "900"]

    def test_a_weight_known_nowhere_is_null(self, entered: StudyResult) -> None:
        figures = entered.summary["coverage"]["street"]
        assert [figures[f"residents_{key}"] for key in ("total", "covered", "share", "missing")] == [None] * 3 + [8]


def test_a_wall_along_the_road_opens_anywhere(tmp_path: Path) -> None:
    """The centre stands at 1000, in front of a wall from 0 to 2000: no walk; its ends are 1000 m off, beyond 900.

    ``beside`` has its wall from 1400 to 2000: 400 m, not all of it within 900.
    """
    areas = table([area("before", rect(0, 0, 2000, 50), 1), area("beside", rect(1400, -50, 2000, 0), 2)])
    result = study(tmp_path, areas, table([home("S1", at(1000), "street", "centre")]))
    got = by_area(result)
    said(got, "before", street_distance_m=0.0, street_status="covered")
    said(got, "beside", street_distance_m=400.0, street_status="covered")
    figures = result.summary["coverage"]["street"]
    assert [figures[f"elderly_{key}"] for key in ("covered", "lower", "upper")] == [3, 0, 3]


def test_gates(tmp_path: Path) -> None:
    """A centre at 0; an island road at y = 5000. Open gates of each area: the nearest decides.

    ``two`` 300 and 700; ``shut`` has its near gate closed and 1700 left; ``closed`` has none open; ``lost`` has one
    gate 300 m off the road and one on the island: unreachable, not unsnapped; ``blank`` (open left empty) 900 m, on
    the line; ``beyond`` one millimetre further. 1 + 16 of 63; given gates leave no bounds.
    """
    gates = [
        ("two", True, at(300)), ("two", True, at(700)), ("shut", False, at(300)), ("shut", True, at(1700)),
        ("closed", False, at(300)), ("lost", True, at(300, 300)), ("lost", True, at(0, 5000)),
        ("blank", None, at(900)), ("beyond", True, at(900.001)),
    ]  # fmt: skip
    names = ("two", "shut", "closed", "lost", "blank", "beyond")
    areas = table([area(name, rect(100 * k, 20, 100 * k + 50, 60), 2.0**k) for k, name in enumerate(names)])
    entrances = table([{"residential_id": name, "open": state, "geometry": spot} for name, state, spot in gates])
    roads = table([road((0, 0), (4000, 0)), road((0, 5000), (1000, 5000))])
    result = study(tmp_path, areas, CENTRE, roads=roads, entrances=entrances)
    got = by_area(result)
    assert got["street_status"].to_dict() == dict(
        zip(names, ("covered", "uncovered", "unreachable", "unreachable", "covered", "uncovered"), strict=True)
    )
    said(got, "shut", street_distance_m=1700.0)
    said(got, "closed", street_distance_m=None, street_facility_id=None)
    figures = result.summary["coverage"]["street"]
    assert [figures[f"elderly_{key}"] for key in ("covered", "lower", "upper", "total")] == [17, 17, 17, 63]
    assert (figures["unreachable"], figures["unsnapped"]) == (2, 0)
    causes = result.uncovered.set_index("residential_id")["cause"]
    assert (causes["closed"], causes["lost"], causes["beyond"]) == ("gates_closed", "no_route", "no_facility")


def test_half_reached_frontage(tmp_path: Path) -> None:
    """A strip of 1000 m along the whole road, 10 m beside it; the centre at its west end reaches 400 m: 40 %.

    1000 households, so 400 of them; `minutes` is null where the radius itself is stated.
    """
    strip = table([area("strip", rect(0, 10, 1000, 60), 50)])
    more = '[walk]\nrule = "frontage"\n[standards]\nservice_radius_m = 400\n'
    result = study(tmp_path, strip, CENTRE, roads=table([road((0, 0), (1000, 0))]), more=more)
    figures = result.summary["coverage"]["street"]
    keys = ("radius_m", "minutes", "residential_covered", "households_covered", "households_share", "elderly_covered")
    assert [figures[key] for key in keys] == [400, None, 0.4, 400, 0.4, 20]
    said(by_area(result), "strip", street_share=0.4, street_status="covered")


def test_a_court_is_entered_at_its_wall(tmp_path: Path) -> None:
    """A U of 100 m walls round an open court; a centre in the middle of the court, 400 m up a lane from the wall.

    The lane meets the inner wall at y = 100 after 400 m: not within 250 m, though the centre lies in the U's hull.
    """
    walls = shape((0, 0), (1000, 0), (1000, 1000), (900, 1000), (900, 100), (100, 100), (100, 1000), (0, 1000))
    centre = table([home("S1", at(500, 500), "street", "centre")])
    lane = table([road((500, 500), (500, 0))])
    result = study(
        tmp_path, table([area("U", walls)]), centre, roads=lane, more="[standards]\nservice_radius_m = 250\n"
    )
    said(by_area(result), "U", street_distance_m=400.0, street_status="uncovered")


def test_beyond_the_border(tmp_path: Path) -> None:
    """A centre at 1200, the county ends at 1000, an area at 900: 300 m counts, unless the border is hard."""
    units = table([{"unit_id": "C", "name": "某县", "type": "county", "geometry": rect(-100, -100, 1000, 100)}])
    areas, centre = table([area("a", at(900))]), table([home("S1", at(1200), "street", "centre")])
    open_border = study(tmp_path / "open", areas, centre, units=units)
    said(by_area(open_border), "a", street_distance_m=300.0, street_status="covered")
    assert open_border.facilities.set_index("facility_id").loc["S1", "outside_area"]
    hard = study(tmp_path / "hard", areas, centre, units=units, more="[walk]\nhard_border = true\n")
    assert hard.summary["coverage"]["street"]["residential_covered"] == 0


def test_nobody_in_service(tmp_path: Path) -> None:
    """Only an accepted centre: the level is reported, with zeros, all in the denominator."""
    accepted = table([home("S1", at(0), "street", "centre", status="accepted"), home("K", at(0))])
    summary = study(tmp_path, table([area("a", at(100), 8)]), accepted).summary["coverage"]
    street = summary["street"]
    assert sorted(summary) == ["community", "street"]
    assert [street[key] for key in ("elderly_covered", "elderly_total", "residential_share")] == [0, 8, 0.0]


# ----------------------------------------------------------------------------------------------------- how roads join


@pytest.mark.parametrize(
    ("first", "second", "levels", "joined"),
    [
        ("through", "through", None, False),  # they cross without a vertex
        ("vertex", "through", None, False),  # one has a vertex, the other passes
        ("vertex", "vertex", None, True),
        ("vertex", "vertex", (0, 1), False),  # a bridge over it
        ("vertex", "vertex", (None, 0), True),  # an empty level is the ground
        ("vertex", "vertex", ("", "0"), True),
        ("vertex", "vertex", ("1", "1"), True),
        ("end", "end", (0, 1), True),  # two ends meet whatever their level
        ("vertex", "end", (0, 0), True),
        ("vertex", "end", (0, 1), False),
        ("through", "end", None, False),  # an end on an interior is a gap of 0 mm
    ],
)
def test_joining(first: str, second: str, levels: tuple[Any, Any] | None, *, joined: bool) -> None:
    """A road west–east and one south–north that come together at (0, 0), or do not."""
    ways = {"through": ((-100, 100),), "vertex": ((-100, 0, 100),), "end": ((0, 100),)}
    (west_east,), (south_north,) = ways[first], ways[second]
    lines = [line(*((-k if first == "end" else k, 0) for k in west_east)), line(*((0, k) for k in south_north))]
    facts = {} if levels is None else {"level": list(levels)}
    ground = network.build(gpd.GeoDataFrame(facts, geometry=lines, crs=CRS))
    here = gpd.GeoDataFrame({"facility_id": ["f"]}, geometry=[at(-100)], crs=CRS)
    there = gpd.GeoDataFrame(geometry=[at(0, 100)], index=pd.Index(["d"], name="demand_id"), crs=CRS)
    found = catchment.reach(ground, here, there, limit_m=np.inf, max_snap_m=1)
    assert found["distance_m"].tolist() == ([200.0] if joined else [])


def test_levels_that_are_no_level() -> None:
    for level in (1.5, np.inf):
        with pytest.raises(InputRefused):
            network.build(gpd.GeoDataFrame({"level": [level]}, geometry=[line((0, 0), (1, 0))], crs=CRS))


def test_rounding_is_once_an_edge() -> None:
    """Three diagonals of 1 m × 1 m: as one edge 4.242640… m is 4.243; as three edges 3 × 1.414 = 4.242.

    A place on the one edge at 1.414 leaves 4.243 − 1.414 = 2.829 to its end.
    """
    whole = network.build(gpd.GeoDataFrame(geometry=[line((0, 0), (3, 3))], crs=CRS))
    pieces = [line((k, k), (k + 1, k + 1)) for k in range(3)]
    three = network.build(gpd.GeoDataFrame(geometry=pieces, crs=CRS))
    ends = gpd.GeoDataFrame({"facility_id": ["0", "1"]}, geometry=[at(0, 0), at(1, 1)], crs=CRS)
    top = gpd.GeoDataFrame(geometry=[at(3, 3)], index=pd.Index(["top"], name="demand_id"), crs=CRS)
    assert catchment.reach(whole, ends, top, limit_m=9)["distance_m"].tolist() == [4.243, 2.829]
    assert catchment.reach(three, ends, top, limit_m=9)["distance_m"].tolist() == [4.242, 2.828]


def test_gaps_are_told_and_closed_only_on_request(tmp_path: Path) -> None:
    """0.5 m between two roads at x = 500, and 0.5 m short of the street at x = 250.

    Left open both areas are unreachable, the three roads are flagged in the ledger and in the check; closed, the walks
    are 900 and 250 + 300, and the roads are listed.
    """
    roads = table(
        [
            road((0, 0), (500, 0), road_id="w"),
            road((500.5, 0), (1000, 0), road_id="e"),
            road((250, 0.5), (250, 300), road_id="n"),
        ]
    )
    areas = table([area("a", at(900)), area("b", at(250, 300))])
    plan = write(tmp_path / "open", areas, CENTRE, roads=roads)
    left = planning.run(planning.load(plan))
    assert set(by_area(left)["street_status"]) == {"unreachable"}
    assert left.summary["ledger"]["roads"] == {"read": 3, "used": 0, "flagged": 3, "excluded": 0}
    faults, _ = runs.check(plan)
    told = [(fault.value, fault.row) for fault in faults if fault.code == "loose_end"]
    assert told == [("e", 2), ("n", 3), ("w", 1)]
    assert {fault.severity for fault in faults} == {"warning"}
    closed = study(tmp_path / "closed", areas, CENTRE, roads=roads, roads_keys="heal_gaps_m = 0.5\n")
    assert by_area(closed)["street_distance_m"].to_dict() == {"a": 900.0, "b": 550.0}
    listed = closed.ledger[closed.ledger["table"] == "roads"]
    assert set(listed["reasons"]) == {"gap_healed"}
    assert "n" in set(listed["id"])


def test_check_says_that_no_network_can_be_built(tmp_path: Path) -> None:
    """A motorway is no walking network: what `run` refuses, `check` names."""
    plan = write(tmp_path, table([area("a", at(9))]), CENTRE, roads=table([road((0, 0), (9, 0), highway="motorway")]))
    faults, _ = runs.check(plan)
    assert any(fault.severity == "error" for fault in faults)


# ------------------------------------------------------------------------------- floor area per hundred households


@pytest.fixture(scope="module")
def nantong(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    areas = [
        ("n1", 1166, "new"), ("n2", 1166, "new"), ("e", 1000, "existing"), ("zero", 0, "new"),
        ("blank", None, "new"), ("either", 1000, None), ("two", 2000, "new"), ("unknown", 1000, "new"),
        ("enough", 1000, "new"), ("home", 1000, "new"), ("paper", 1000, "new"),
        ("s1", 1000, "new"), ("s2", 2000, "existing"),
        ("a", 1000, "new"), ("b", 1000, "new"), ("c", 1000, "new"), ("z", 0, "new"),
        ("d", 2000, "new"), ("f", 1000, "existing"), ("g", 1000, "new"), ("h", None, "new"),
    ]  # fmt: skip
    own = {"paper": {"care_floor_area_m2": 999.0, "largest_unit_m2": 999.0}}
    rows = [plot(name, k, count, built, **own.get(name, {})) for k, (name, count, built) in enumerate(areas)]
    rooms = [
        ("1", "n1", 349.8, {}), ("2", "n2", 349.7, {}), ("3", "e", 200.0, {}), ("4", "either", 250.0, {}),
        ("5", "two", 300.0, {}), ("6", "two", 300.0, {}), ("7", "unknown", None, {}),
        ("8", "enough", None, {}), ("9", "enough", 600.0, {}), ("10", "home", 800.0, {"kind": "institution"}),
        ("11", "paper", 100.0, {"status": "planned"}), ("12", "s1;s2", 350.0, {}),
        ("P1", "p1", 600.0, {}), ("P2", "d", 500.0, {}), ("P3", "p2", 300.0, {}), ("P4", "p3", 5000.0, {}),
    ]  # fmt: skip
    facilities = [home(name, serves=whom, floor_area_m2=size, **facts) for name, whom, size, facts in rooms]
    members = {"p1": "abcz", "p2": "df", "p3": "gh"}
    pools = pd.DataFrame(
        [(name, pool) for pool, names in members.items() for name in names], columns=["residential_id", "pool_id"]
    )
    folder = tmp_path_factory.mktemp("nantong")
    return study(folder, table(rows), table(facilities), standard="nantong", pools=pools)


class TestNantong:
    """30 m² per hundred households new, 20 existing, 600 m² single for new ones; pools allowed; no setting named."""

    def test_rate_and_unit_are_two_findings(self, nantong: StudyResult) -> None:
        """1166 households × 30 / 100 = 349.8 m² exactly: 349.8 meets the rate and 349.7 does not; neither is 600."""
        found = nantong.findings[nantong.findings["subject_id"].isin(["n1", "n2"])]
        rows = found[["subject_id", "clause_id", "required", "actual", "verdict"]].itertuples(index=False, name=None)
        assert set(rows) == {
            ("n1", "NT-08", 349.8, 349.8, "meets"), ("n1", "NT-09", 600.0, 349.8, "fails"),
            ("n2", "NT-08", 349.8, 349.7, "fails"), ("n2", "NT-09", 600.0, 349.7, "fails"),
        }  # fmt: skip
        got = by_area(nantong)
        said(got, "n1", required_m2=600.0, shortfall_m2=250.2, rate_ok=True, unit_ok=False, verdict="fails")
        said(got, "n2", rate_ok=False, shortfall_m2=250.3)

    def test_two_small_rooms(self, nantong: StudyResult) -> None:
        """2 × 300 m² is the 600 m² owed, and no room of 600: shortfall 0, and not met."""
        said(by_area(nantong), "two", provided_m2=600.0, shortfall_m2=0.0, rate_ok=True, unit_ok=False, verdict="fails")

    def test_existing_has_no_single_minimum(self, nantong: StudyResult) -> None:
        said(by_area(nantong), "e", required_m2=200.0, rate_ok=True, unit_ok=None, verdict="meets")

    def test_households(self, nantong: StudyResult) -> None:
        """None owe nothing, and unknown ones are not zero; 250 m² meet 200 (existing), not 600 (new): open."""
        got = by_area(nantong)
        said(got, "zero", verdict="not_applicable", required_m2=None)
        said(got, "blank", verdict="not_assessable", required_m2=None)
        said(got, "either", verdict="not_assessable", built_used=None, required_m2=None, provided_m2=250.0)

    def test_unknown_floor_area(self, nantong: StudyResult) -> None:
        """A room without floor area is unknown, not 0, unless the others already suffice."""
        got = by_area(nantong)
        said(got, "unknown", verdict="not_assessable")
        said(got, "enough", verdict="meets")

    def test_what_counts(self, nantong: StudyResult) -> None:
        """An institution does not; a planned room only on paper, where it takes the place of the area's own word."""
        got = by_area(nantong)
        said(got, "home", provided_m2=0.0, verdict="fails")
        said(got, "paper", provided_m2=0.0, paper_provided_m2=100.0, verdict="fails", paper_verdict="fails")

    def test_one_room_for_two(self, nantong: StudyResult) -> None:
        """350 m² for duties of 300 (new) and 400 (existing): 150 and 200."""
        got = by_area(nantong)
        said(got, "s1", provided_m2=150.0)
        said(got, "s2", provided_m2=200.0)

    def test_pools(self, nantong: StudyResult) -> None:
        """p1: 3 × 300 = 900 owed, one room of 600: 300 short for all three; z without households owes nothing.

        p2: 600 + 200 = 800 owed and there, but the largest room is 500 and a new member owes 600. p3: unknown.
        """
        got = by_area(nantong)
        for name in "abc":
            said(got, name, required_m2=300.0, provided_m2=0.0, verdict="fails", pool_id="p1")
            said(got, name, pool_required_m2=900.0, pool_provided_m2=600.0, pool_shortfall_m2=300.0)
        said(got, "z", verdict="not_applicable")
        said(got, "d", provided_m2=500.0, pool_required_m2=800.0, pool_provided_m2=800.0, pool_shortfall_m2=0.0)
        said(got, "f", provided_m2=0.0, required_m2=200.0, verdict="fails")
        assert set(got.loc[["g", "h"], "verdict"]) == {"not_assessable"}

    def test_sums(self, nantong: StudyResult) -> None:
        """Assessable areas on their own, then p1 and p2 once.

        Owed: n1, n2, two, enough, home, paper, s1 600 each, e 200, s2 400, pools 900 + 800 = 6500. There: 349.8 +
        349.7 + 600 + 600 + 0 + 0 + 150 + 200 + 200 + 600 + 800 = 3849.5. Short: 250.2 + 250.3 + 0 + 0 + 600 + 600 +
        450 + 0 + 200 + 300 + 0 = 2650.5. s1 has a room of 350 (no 600) and 150 of 300; s2 half of its 400.
        """
        summary = nantong.summary["compliance"]
        assert [summary[key] for key in ("required_m2", "provided_m2", "shortfall_m2")] == [6500.0, 3849.5, 2650.5]
        counts = [summary[key] for key in ("areas_total", "meets", "fails", "not_assessable", "not_applicable")]
        assert counts == [21, 2, 12, 5, 2]
        assert summary["meets_share"] == 2 / 14
        assert len(summary) == 9


def test_dates_decide_new_and_existing(tmp_path: Path) -> None:
    """Cut-off 15 June 2015, inclusive for new; a year or month decides only if all its days fall on one side."""
    dates = {
        "day": ("2015-06-15", None, "new"),
        "eve": ("2015-06-14", None, "existing"),
        "may": ("2015-05", None, "existing"),
        "june": ("2015-06", None, None),
        "july": ("2015-07", None, "new"),
        "year": ("2015", None, None),
        "asked next": ("2015", "2016", "new"),
        "grant first": ("2014", "2016", "existing"),
        "neither": (None, None, None),
    }
    rows = [
        plot(name, k, built=None, land_grant_date=granted, completion_date=done)
        for k, (name, (granted, done, _)) in enumerate(dates.items())
    ]
    more = "[standards]\nnew_cutoff = 2015-06-15\n"
    got = by_area(study(tmp_path / "a", table(rows), CENTRE, standard="nantong", more=more))
    for name, (_, _, want) in dates.items():
        said(got, name, built_used=want)
    undecided = by_area(study(tmp_path / "b", table(rows), CENTRE, standard="nantong"))
    assert undecided["built_used"].isna().all()


def test_in_service_on_the_day(tmp_path: Path) -> None:
    """400 m² for each area; the day is 2025-12-31. Accepted is not in service, and a closing day is the first without.

    An empty status counts as operating and is flagged.
    """
    states = ("planned", "building", "accepted", "handed_over", "operating", "idle", "diverted", "closed")
    cases: dict[str, tuple[dict[str, Any], float, float]] = {
        state: ({"status": state}, 400.0 * (state in states[3:5]), 400.0 * (state not in states[6:]))
        for state in states
    }
    cases |= {
        "opens today": ({"opened": "2025-12-31"}, 400.0, 400.0),
        "opens tomorrow": ({"opened": "2026-01-01"}, 0.0, 0.0),
        "closes today": ({"closed": "2025-12-31"}, 0.0, 0.0),
        "closes tomorrow": ({"closed": "2026-01-01"}, 400.0, 400.0),
        "no status": ({"status": None}, 400.0, 400.0),
        "street": ({"level": "street"}, 0.0, 0.0),
        "street that counts": ({"level": "street", "counts_for_quota": True}, 400.0, 400.0),
        "does not count": ({"counts_for_quota": False}, 0.0, 0.0),
        "village": ({"level": "village"}, 400.0, 400.0),
    }
    rows = [plot(name, k) for k, name in enumerate(cases)]
    homes = [home(f"f{name}", serves=name, floor_area_m2=400.0, **facts) for name, (facts, _, _) in cases.items()]
    result = study(tmp_path, table(rows), table(homes))
    got = by_area(result)
    for name, (_, now, paper) in cases.items():
        said(got, name, provided_m2=now, paper_provided_m2=paper)
    reasons = result.ledger.set_index("id").loc["fno status", "reasons"]
    assert "status_missing" in reasons


@pytest.mark.slow
def test_a_silent_document(tmp_path: Path) -> None:
    """Shaanxi states no rate: nothing passes. A plan may give one, with a minimum; not a stated one."""
    rows, homes = (
        table([plot("a", 0), plot("b", 1, built="existing")]),
        table([home("1", serves="a", floor_area_m2=350.0)]),
    )
    silent = study(tmp_path / "silent", rows, homes, standard="shaanxi")
    assert set(by_area(silent)["verdict"]) == {"not_assessable"}
    assert silent.summary["compliance"]["meets_share"] is None
    given = "[standards]\narea_per_100_households = { new = 30, single_minimum_m2 = { new = 400 } }\n"
    stated = by_area(study(tmp_path / "given", rows, homes, standard="shaanxi", more=given))
    said(stated, "a", required_m2=400.0, rate_ok=True, unit_ok=False, verdict="fails")
    said(stated, "b", verdict="not_assessable")
    with pytest.raises(InputRefused):
        study(tmp_path / "refused", rows, homes, more="[standards]\narea_per_100_households = { new = 30 }\n")


@pytest.mark.slow
def test_usable_is_not_gross(tmp_path: Path) -> None:
    """Shenyang names gross floor area: 500 m² usable are unknown, and 700 with a factor of 1.4; 350 are owed."""
    rows, homes = table([plot("a", 0)]), table([home("1", serves="a", floor_area_m2=500.0, area_type="usable")])
    said(
        by_area(study(tmp_path / "a", rows, homes, standard="shenyang")),
        "a",
        verdict="not_assessable",
        provided_m2=None,
    )
    more = "[standards]\nusable_to_gross = 1.4\n"
    said(
        by_area(study(tmp_path / "b", rows, homes, standard="shenyang", more=more)),
        "a",
        provided_m2=700.0,
        verdict="meets",
    )


# --------------------------------------------------------------------------------------------------- other clauses


UNITS = table(
    {"unit_id": name, "name": name, "type": kind, "residents": people, "geometry": rect(x0, -500, x1, 500)}
    for name, kind, people, x0, x1 in [
        ("C", "county", 10000, 0, 4000), ("W", "street", 4000, 0, 1000), ("T", "town", 6000, 1000, 4000),
        ("c1", "community", None, 0, 500), ("c2", "community", None, 500, 1000),
        ("v1", "village", None, 1000, 2000), ("v2", "village", None, 2000, 4000),
    ]
)  # fmt: skip


def homes_of_a_county(*, land_m2: float = 1999.9, other_land_m2: float | None = 0.0) -> gpd.GeoDataFrame:
    institution = {"kind": "institution", "land_area_m2": other_land_m2}
    small = {"land_area_m2": other_land_m2}
    county = {"kind": "institution", "beds": 100, "nursing_beds": 80, "occupied_beds": 60, "star": 2}
    return table(
        [
            home("CI", at(50), "county", ownership="public", land_area_m2=land_m2, **county),
            home("I2", at(60), "street", beds=90, nursing_beds=20, ownership="private", **institution),
            home("P2", at(70), "street", beds=0, nursing_beds=0, occupied_beds=0, ownership="public", **institution),
            home("SC1", at(80), "street", "centre", floor_area_m2=600.0, beds=10, nursing_beds=10, **small),
            home("SC2", at(1080), "street", "centre", floor_area_m2=599.9, **small),
            home("CC1", at(90), "community", "centre", floor_area_m2=300.0, **small),
            home("CC2", at(600), "community", "station", floor_area_m2=300.0, **small),
            home("V1", at(1100), "village", "station", floor_area_m2=100.0, **small),
            home("CL", at(1100), "street", beds=1000, nursing_beds=1000, status="closed", **institution),
        ]
    )


# of 200 beds in service 110 are for nursing: 0.55; of 100 public ones 60 taken; of two public homes one is graded
CLAUSES = {
    "liaocheng": {
        ("LC-06", "C"): (1, 1, "meets", False),
        ("LC-07", "W"): (1, 1, "meets", False),
        ("LC-07", "T"): (1, 0, "fails", True),  # 599.9 m² is no centre
        ("LC-08", "W"): (600, 600, "meets", False),
        ("LC-08", "T"): (600, 599.9, "fails", True),
        ("LC-09", "plan"): (1, 0.5, "fails", True),
        ("LC-10", "c1"): (1, 1, "meets", False),
        ("LC-10", "c2"): (1, 0, "fails", True),  # a station is no centre
        ("LC-14", "plan"): (0.65, 0.55, "fails", False),  # due on the very day
        ("LC-16", "plan"): (1, None, "not_assessable", False),
    },
    "shaanxi": {
        ("SX-02", "plan"): (0.6, 1, "meets", False),
        ("SX-09", "plan"): (0.55, 0.55, "meets", False),
        ("SX-10", "C"): (1, 1, "meets", False),
        ("SX-11", "plan"): (0.8, 0.5, "fails", False),
    },
    "nantong": {
        ("NT-01", "plan"): (0.2, 0.19999, "fails", False),  # 1999.9 m² for 10000 people
        ("NT-06", "plan"): (1, 1, "meets", False),  # town T is no 城市街道
        ("NT-07", "plan"): (1, 0.75, "fails", True),  # c1, c2, v1 of four
        ("NT-20", "plan"): (0.75, 0.55, "fails", False),
    },
    "tianjiaan": {
        ("TJ-04", "plan"): (0.4, 0.5, "meets", False),
        ("TJ-06", "plan"): (0.52, 0.55, "meets", False),
        ("TJ-08", "plan"): (0.5, 0.6, "meets", False),
    },
    "shenyang": {("SY-03", "plan"): (1, 0, "fails", False), ("SY-05", "C"): (1, 1, "meets", False)},
}


def clauses_of(result: StudyResult) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (row["clause_id"], row["subject"]): (row["required"], row["actual"], row["verdict"], row["overdue"])
        for row in result.summary["indicators"]
    }


@pytest.mark.parametrize("standard", few(CLAUSES, quick=2))
def test_clauses(tmp_path: Path, standard: str) -> None:
    areas = table([area("a", rect(100, 0, 180, 50)), area("b", rect(1100, 0, 1180, 50), built="existing")])
    found = clauses_of(study(tmp_path, areas, homes_of_a_county(), standard=standard, units=UNITS))
    assert {key: found[key] for key in CLAUSES[standard]} == CLAUSES[standard]


@pytest.mark.slow
def test_unknown_parcels(tmp_path: Path) -> None:
    """Parcels left empty are unknown: 1500 of 2000 m² known is open."""
    areas, homes = table([area("a", rect(100, 0, 180, 50))]), homes_of_a_county(land_m2=1500.0, other_land_m2=None)
    found = clauses_of(study(tmp_path, areas, homes, standard="nantong", units=UNITS))
    assert found["NT-01", "plan"] == (0.2, None, "not_assessable", False)


def test_the_day_after_and_no_units(tmp_path: Path) -> None:
    areas, homes = table([area("a", rect(100, 0, 180, 50))]), homes_of_a_county()
    found = clauses_of(study(tmp_path, areas, homes, as_of="2026-01-01"))
    assert found["LC-14", "plan"] == (0.65, 0.55, "fails", True)
    assert found["LC-07", "plan"] == found["LC-10", "plan"] == (1, None, "not_assessable", False)


def test_entered_figures(tmp_path: Path) -> None:
    """Above 2 is strict, 98 % is 0.98 of 1, 60 % reaches 0.6."""
    rows = [("SY-07", "2"), ("SY-08", "98%"), ("SY-10", "60%"), ("SY-17", "40001")]
    entered = pd.DataFrame(rows, columns=["indicator_id", "value"]).assign(source="年报", date="2025-01-01")
    result = study(tmp_path, table([area("a", at(9))]), CENTRE, standard="shenyang", indicators=entered)
    found = clauses_of(result)
    assert found["SY-07", "plan"] == (2, 2, "fails", False)
    assert found["SY-08", "plan"] == (1, 0.98, "fails", True)
    assert found["SY-10", "plan"] == (0.6, 0.6, "meets", False)
    assert found["SY-17", "plan"] == (40000, 40001, "meets", False)


# ----------------------------------------------------------------------------------------------------------- siting


def candidates(*places: tuple[Any, ...]) -> gpd.GeoDataFrame:
    return table(
        {"facility_id": name, "name": f"{name}点", "role": rest[0] if rest else None, "geometry": spot}
        for name, spot, *rest in places
    )


SITES = candidates(("007", at(1900)), ("7", at(1500)), ("养老 点", at(2950)))
STREETS = table(
    {"unit_id": name, "name": name, "type": "street", "geometry": rect(x0, -500, x1, 2000)}
    for name, x0, x1 in [("W", -500, 1250), ("O", 1250, 4000)]
)


@pytest.mark.parametrize(
    ("keys", "places", "want"),
    few(
        [
            # within 900 m: 007 B (900) and C, 7 B and C, 养老 点 D; S1 holds A
            ("p = 2", SITES, (["养老 点", "007"], 15, "optimal", [8, 6])),
            ("p = 3", SITES, (["养老 点", "007"], 15, "optimal", [8, 6])),  # a third adds nothing
            ("p = 0", SITES, ([], 1, "optimal", [])),
            ("p = 2\nminutes = 10", SITES, (["养老 点", "7"], 15, "optimal", [8, 6])),  # 007 has only C within 600 m
            ('model = "lscp"', SITES, (["养老 点", "007"], 2, "optimal", [8, 6])),
            # A 300, B 1000 × 2, C 1450 × 4, D 50 × 8
            ('model = "p_median"\np = 1', SITES, (["养老 点"], 8500, "optimal", None)),
            ('model = "p_center"\np = 1', SITES, (["007"], 1000, "optimal", None)),  # 300, 900, 400, 1000
            ("p = 1", candidates(("x", at(1900), "required"), ("y", at(2950))), (["x"], 7, "optimal", [6])),
            ("p = 1", candidates(("x", at(1900)), ("y", at(2950), "forbidden")), (["x"], 7, "optimal", [6])),
            ("p = 1", candidates(("x", at(500, 3000))), ([], 1, "not_needed", [])),  # beside every road
            ("p = 1", candidates(("x", at(3990))), ([], 1, "not_needed", [])),  # too far from everybody
            ("p = 1", candidates(("x", at(500, 5000))), (["x"], 33, "optimal", [32])),
            ("p = 2\none_per_street = true", SITES, (["养老 点"], 9, "optimal", [8])),  # S1 holds W, one is left for O
            ("p = 2\nmin_share_per_street = 0.42", SITES, (["养老 点", "007"], 15, "optimal", [8, 6])),  # O: 12 of 28
            ("p = 2\nmin_share_per_street = 0.43", SITES, ([], None, "infeasible", [])),
            ("p = 1\nmin_share_per_street = 0.4", SITES, ([], None, "infeasible", [])),
        ],
        quick=2,
    ),
)
def test_siting(tmp_path: Path, keys: str, places: gpd.GeoDataFrame, want: tuple[Any, ...]) -> None:
    """A 300 (1), B 1000 (2), C 1500 (4), D 2900 (8), E 1000 m off the road (16), F on an island (32); S1 at 0."""
    spots = [
        ("A", at(300)),
        ("B", at(1000)),
        ("C", at(1500)),
        ("D", at(2900)),
        ("E", at(1500, 1000)),
        ("F", at(500, 5000)),
    ]
    areas = table([area(name, spot, 2.0**k, 10) for k, (name, spot) in enumerate(spots)])
    roads = table([road((0, 0), (4000, 0)), road((0, 5000), (1000, 5000))])
    options = {"roads": roads, "units": STREETS, "candidates": places}
    result = study(tmp_path, areas, CENTRE, more=f"[siting]\n{keys}\n", **options)
    answer = result.summary["siting"]
    sites, objective, status, gains = want
    assert [site["facility_id"] for site in answer["sites"]] == sites
    assert (answer["objective"], answer["status"]) == (objective, status)
    assert [site["rank"] for site in answer["sites"]] == list(range(1, len(sites) + 1))
    if gains is not None:
        assert [site["gain"] for site in answer["sites"]] == gains
        assert sum(gains) == answer["after"]["elderly_covered"] - answer["before"]["elderly_covered"]
    if status == "infeasible":
        assert answer["reasons"][0]["subject_kind"] == "street"
        assert answer["reasons"][0]["subject_id"] == "O"
    else:
        assert (answer["gap"], answer["bound"]) == (0, objective)
    if "minutes" not in keys:
        assert answer["before"] == result.summary["coverage"]["street"]


def test_phases_serve_the_last_one(tmp_path: Path) -> None:
    """Areas of 3 at 0, 600, 1200 and 1800; within 300 m M (900) has the middle two, L (300) and R (1500) two each.

    The pair L, R has all 12, so that phase one opens L (of two equals the smaller id), though M alone is as good.
    """
    areas = table([area(name, at(600 * k), 3) for k, name in enumerate("abcd")])
    closed = table([home("S9", at(3900), "street", "centre", status="closed")])
    places = candidates(("B_M", at(900)), ("L", at(300)), ("R", at(1500)))
    keys = '[siting]\np = 2\nminutes = 5\nphases = [{ name = "近期", p = 1 }, { name = "远期", p = 2 }]\n'
    answer = study(tmp_path, areas, closed, candidates=places, more=keys).summary["siting"]
    assert [(site["facility_id"], site["phase"], site["gain"]) for site in answer["sites"]] == [
        ("L", "近期", 6),
        ("R", "远期", 6),
    ]
    assert answer["objective"] == 12


@pytest.mark.parametrize("keys", ["p = 4", "p = -1", "p = 1.5", "", 'p = 1\ndemand = "residents"'])
def test_siting_refused(tmp_path: Path, keys: str) -> None:
    """More sites than candidates, below none, half a site, no p for a model that needs one, a demand known nowhere."""
    with pytest.raises(InputRefused):
        study(tmp_path, table([area("a", at(9))]), CENTRE, candidates=SITES, more=f"[siting]\n{keys}\n")


def test_candidates_nobody_can_reach() -> None:
    """Two named candidates, one of them in nobody's reach: p = 2 is no fault, and opens one."""
    pairs = pd.DataFrame({"facility_id": ["A"], "demand_id": ["x"], "distance_m": [1.0]})
    people = pd.DataFrame({"w": [1.0]}, index=pd.Index(["x"], name="demand_id"))
    plan = siting.mclp(pairs, people, radius_m=9, p=2, weight="w", candidates=("A", "Z"))
    assert (plan.sites, plan.objective) == (("A",), 1.0)
    forced = siting.mclp(pairs, people, radius_m=9, p=2, weight="w", candidates=("A", "Z"), required=("Z",))
    assert (set(forced.sites), forced.objective) == ({"A", "Z"}, 1.0)


def test_serve_first_then_walk_least() -> None:
    """A serves x and y (1000 m each), C only z (1 m). With one site p-median weighs, p-center counts whom it serves."""
    rows = [("A", "x", 1000.0), ("A", "y", 1000.0), ("B", "x", 1.0), ("C", "z", 1.0)]
    pairs = pd.DataFrame(rows, columns=["facility_id", "demand_id", "distance_m"])

    def people(z: float) -> pd.DataFrame:
        return pd.DataFrame({"w": [1.0, 1.0, z]}, index=pd.Index(["x", "y", "z"], name="demand_id"))

    light = siting.p_median(pairs, people(1.5), p=1, weight="w")
    assert (light.sites, light.objective, light.unserved) == (("A",), 2000.0, ("z",))
    heavy = siting.p_median(pairs, people(3.0), p=1, weight="w")
    assert (heavy.sites, heavy.objective, heavy.unserved) == (("C",), 3.0, ("x", "y"))
    most = siting.p_center(pairs, people(3.0), p=1)
    assert (most.sites, most.objective, most.unserved) == (("A",), 1000.0, ("z",))


# --------------------------------------------------------------------------------------------------------- the doors


def test_ids_are_kept_byte_for_byte(tmp_path: Path) -> None:
    """Leading zeros, blanks, quotes: five ids that only look alike; roads without ids; a plan without candidates."""
    ids = ["001", "01", "1", "乙 区", "x'y;\"z"]
    areas = table([area(name, at(100 * k + 100)) for k, name in enumerate(ids)])
    centre = table([home("001", at(0), "street", "centre")])
    folder = tmp_path / "out"
    runs.run(write(tmp_path / "plan", areas, centre), out=folder, only="export")
    written = gpd.read_file(folder / "results.gpkg", layer="residential")
    assert sorted(written["residential_id"]) == sorted(ids)
    reach = gpd.read_file(folder / "results.gpkg", layer="reach")
    assert set(reach["demand_id"]) == set(ids)
    assert set(reach["facility_id"]) == {"001"}
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert "siting" not in summary
    assert summary["coverage"]["street"]["residential_covered"] == 5


def test_a_spreadsheet_of_places(tmp_path: Path) -> None:
    """Chinese headings, numbers as people write them, leading zeros; without a datum it is refused."""
    sheet = pd.DataFrame(
        {"小区编号": ["007", "08"], "户数": ["120户", "1,200"], "老年人口": ["１２０", "30"], "经度": [117.0, 117.0]}
    ).assign(纬度=[36.13, 36.13])
    plan = write(tmp_path, sheet, CENTRE)
    with pytest.raises(InputRefused):
        planning.load(plan)
    text = plan.read_text(encoding="utf-8").replace('"residential.csv"', '"residential.csv"\ndatum = "wgs84"')
    plan.write_text(text, encoding="utf-8")
    read = planning.load(plan).tables["residential"]
    assert read[["residential_id", "households", "elderly"]].to_numpy().tolist() == [
        ["007", 120.0, 120.0],
        ["08", 1200.0, 30.0],
    ]


def test_one_bad_row_and_a_total_row(tmp_path: Path) -> None:
    """Of five rows one has no geometry and one is the total: three are judged, both are in the ledger."""
    rows = [area(name, at(100 * k + 100)) for k, name in enumerate("abc")]
    rows += [area("d", None), area("合计", at(700), households=3000)]
    result = study(tmp_path, table(rows), CENTRE)
    counts = result.summary["ledger"]["residential"]
    assert (counts["read"], counts["excluded"], counts["used"] + counts["flagged"]) == (5, 2, 3)
    assert sorted(result.residential["residential_id"]) == ["a", "b", "c"]
    assert not shapely.is_missing(result.residential.geometry).any()
