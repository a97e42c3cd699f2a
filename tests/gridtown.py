"""A small town on a grid: pure builders of canonical tables, with every distance worked out on paper.

Streets run every 200 m. A river flows at x = 500; the only bridge is at y = 0. Metres, from (X0, Y0)::

    y
    600  +-------+-------+   ~   F2------+          C2  (830, 300)
         |       |       |   ~   |       |
    500  |       |   R4  |   ~   |R6     |          gates stand 40 m from their street,
         |       |       |   ~   |       |          F1, C1, C2 30 m, F2 20 m
    400  +-------+--C1---+   ~   +-------+
         |       |       |   ~   |       |
         |   R3  |       |   ~   |       |C2        R8  far: (-1500, 340), 1500 m from a street
         |       |       |   ~   |       |
    200  +-------+-------+   ~   +-------+
         |       |       |   ~   |       |          R7  island: a street of its own at y = 3000
     100 ================================== motorway overhead, level 1: nobody walks it
         |   R1  |   R2  |   ~   |   R5  |
      0  +--F1---+-------+-------+-------+          bridge from (400, 0) to (600, 0)
         0      200     400     600     800   x

A gate meets its street at R1 (100, 0), R2 (300, 0), R3 (100, 200), R4 (300, 400), R5 (700, 0), R6 (600, 500). On one
bank the walk is the sum of both differences, and 100 m out and 100 m back where both ends stand at mid-block of streets
that run side by side (F1-R3: 100 + 200 + 100); from bank to bank it goes over the bridge. Legs are 30 + 40 from F1, C1,
C2 and 20 + 40 from F2::

           street metres                                      with legs
    F1     R1 0, R2 200, R3 400, R4 600, R5 600, R6 1000      70, 270, 470, 670, 670, 1070
    F2     R6 100, R5 700, R2 900, R1 1100, R3 1300, R4 1300  160, 760, 960, 1160, 1360, 1360
    C1     R4 0, R3 400, R1 600, R2 600, R5 800, R6 1200      70, 470, 670, 670, 870, 1270
    C2     R6 400, R5 400, R2 800, R1 1000, R3 1200, R4 1200  470, 470, 870, 1070, 1270, 1270

Elderly are powers of two (R1 1, R2 2, … R8 128), so that a sum says who was counted: F1 within 900 m counts
1 + 2 + 4 + 8 + 16 = 31, F1 or F2 63 of 255.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely import LineString, Point, box

from planning import tables

CRS = "EPSG:4548"
X0, Y0 = 500_000.0, 4_000_000.0
GATES = {
    "R1": (100, 40),
    "R2": (300, 40),
    "R3": (100, 240),
    "R4": (300, 440),
    "R5": (700, 40),
    "R6": (640, 500),
    "R7": (100, 3040),
    "R8": (-1500, 340),
}
BOXES = {
    "R1": (40, 40, 160, 160),
    "R2": (240, 40, 360, 160),
    "R3": (40, 240, 160, 360),
    "R4": (240, 440, 360, 560),
    "R5": (640, 40, 760, 160),
    "R6": (640, 440, 760, 560),
    "R7": (40, 3040, 160, 3160),
    "R8": (-1560, 340, -1440, 460),
}
FACILITIES = {"F1": (100, -30), "F2": (600, 620)}
CANDIDATES = {"C1": (300, 370), "C2": (830, 300)}
DISTANCE_M = {
    "F1": {"R1": 70, "R2": 270, "R3": 470, "R4": 670, "R5": 670, "R6": 1070},
    "F2": {"R1": 1160, "R2": 960, "R3": 1360, "R4": 1360, "R5": 760, "R6": 160},
    "C1": {"R1": 670, "R2": 670, "R3": 470, "R4": 70, "R5": 870, "R6": 1270},
    "C2": {"R1": 1070, "R2": 870, "R3": 1270, "R4": 1270, "R5": 470, "R6": 470},
}
STREETS = {
    "W0": [(0, 0), (200, 0), (400, 0)],
    "W2": [(0, 200), (200, 200), (400, 200)],
    "W4": [(0, 400), (200, 400), (400, 400)],
    "W6": [(0, 600), (200, 600), (400, 600)],
    "E0": [(600, 0), (800, 0)],
    "E2": [(600, 200), (800, 200)],
    "E4": [(600, 400), (800, 400)],
    "E6": [(600, 600), (800, 600)],
    **{f"N{x // 100}": [(x, y) for y in (0, 200, 400, 600)] for x in (0, 200, 400, 600, 800)},
    "bridge": [(400, 0), (600, 0)],
    "island": [(0, 3000), (200, 3000)],
}
STREET_M = 400 * 4 + 200 * 4 + 600 * 5 + 200 + 200  # 5800 m, of which the island is 200


def roads() -> gpd.GeoDataFrame:
    """Return the streets, the bridge, the island, and the motorway that nobody walks."""
    lines = [*STREETS.values(), [(-200, 100), (1000, 100)]]
    return table(
        "roads",
        {
            "road_id": [*STREETS, "motorway"],
            "highway": ["residential"] * len(STREETS) + ["motorway"],
            "level": [0] * len(STREETS) + [1],
        },
        [LineString([(X0 + x, Y0 + y) for x, y in line]) for line in lines],
    )


def residential() -> gpd.GeoDataFrame:
    """Return the eight areas; households are a hundred times the area's number."""
    return table(
        "residential",
        {
            "residential_id": list(BOXES),
            "name": [f"小区{number}" for number in range(1, 9)],
            "households": [100.0 * number for number in range(1, 9)],
            "elderly": [float(2**number) for number in range(8)],
            "built": ["new", "existing"] * 4,
            "setting": ["urban"] * 8,
        },
        [box(X0 + x, Y0 + y, X0 + east, Y0 + north) for x, y, east, north in BOXES.values()],
    )


def entrances() -> gpd.GeoDataFrame:
    """Return one open gate an area."""
    return table("entrances", {"residential_id": list(GATES), "open": [True] * 8}, _points(GATES))


def demand() -> gpd.GeoDataFrame:
    """Return the gates as `planning.catchment.reach` takes them, indexed by ``demand_id``."""
    index = pd.Index(list(GATES), name="demand_id", dtype="str")
    return gpd.GeoDataFrame(
        {"elderly": [2.0**number for number in range(8)]}, index=index, geometry=_points(GATES), crs=CRS
    )


def facilities() -> gpd.GeoDataFrame:
    """Return two street centres in operation."""
    return table(
        "facilities",
        {
            "facility_id": list(FACILITIES),
            "level": ["street"] * 2,
            "kind": ["centre"] * 2,
            "status": ["operating"] * 2,
            "floor_area_m2": [1000.0, 2000.0],
        },
        _points(FACILITIES),
    )


def candidates() -> gpd.GeoDataFrame:
    """Return two candidate sites of street level."""
    return table(
        "candidates",
        {"facility_id": list(CANDIDATES), "level": ["street"] * 2, "kind": ["centre"] * 2, "status": ["candidate"] * 2},
        _points(CANDIDATES),
    )


def units() -> gpd.GeoDataFrame:
    """Return a street on each bank; the island (R7) belongs to none."""
    return table(
        "units",
        {"unit_id": ["U1", "U2"], "name": ["河西街道", "河东街道"], "type": ["street", "street"]},
        [box(X0 - 2000, Y0 - 200, X0 + 500, Y0 + 800), box(X0 + 500, Y0 - 200, X0 + 1000, Y0 + 800)],
    )


def river() -> gpd.GeoDataFrame:
    """Return the river as a barrier, with a gap at the bridge."""
    return table("barriers", {"barrier_id": ["river"]}, [LineString([(X0 + 500, Y0 + 20), (X0 + 500, Y0 + 900)])])


def table(name: str, columns: dict[str, list[Any]], geometry: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    """Return a canonical table: all columns of the contract, absent ones all missing, in the contract's dtypes."""
    dtypes = {"number": "float64", "integer": "Int64", "flag": "boolean"}
    frame = gpd.GeoDataFrame(geometry=geometry, crs=CRS)
    for position, column in enumerate(tables.contract(name).columns.values()):
        values = columns.get(column.name, [None] * len(geometry))
        frame.insert(position, column.name, pd.Series(values, dtype=dtypes.get(column.kind, "str")))
    return frame


def _points(places: dict[str, tuple[float, float]]) -> list[shapely.Geometry]:
    return [Point(X0 + x, Y0 + y) for x, y in places.values()]
