"""A town along one street whose answers are arithmetic, written as files so that the whole tool can be run on it.

::

    x (m)   0        300      1000     1200   1500     1900   2000    2900     3000
    street  S1───────A────────B────────T1─────C────────H1─────────────D────────·     y = 0
                                                      H2 (1500, 0)   H3 (2950, 0)

    island  F on a street of its own at y = 5000, joined to nothing
    far     E at (1500, 1000), 1000 m from the street

Every area has one gate on the street, so a distance is a difference of x. Elderly are powers of two, so that a sum
says who was counted; households make the floor-area law arithmetic (Liaocheng: 20 m² per hundred households new, 15
existing, 200 m² single).

====  =====  =======  ==========  =======  ==========================  ====================
area  x      elderly  households  built    rooms in service            law
====  =====  =======  ==========  =======  ==========================  ====================
A     300    1        1000        new      K1 200 m²                   200 owed, meets
B     1000   2        2000        new      K2 300 m²                   400 owed, unit ok
C     1500   4        800         existing K3 150 m²                   120 by rate, 200 owed
D     2900   8        (missing)   existing –                           not assessable
E     far    16       0           new      –                           not applicable
F     island 32       500         existing –                           200 owed, 200 short
====  =====  =======  ==========  =======  ==========================  ====================

Street centre S1 stands at x = 0: within 900 m only A (1). T1 is a second centre at x = 1200, accepted but not handed
over: not in service. Candidates serve within 900 m: H1 (1900) B (900, on the line), C (400), not D (1000): 2 + 4 = 6;
H2 (1500) B, C: 6; H3 (2950) D: 8. With p = 2: H3 and one of H1, H2, the smaller id: 1 + 8 + 6 = 15 of 63.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from shapely.geometry import LineString, Point, box

CRS = "EPSG:4548"
X0, Y0 = 500_000.0, 4_000_000.0
AREAS = {
    "A": (300, 0, 1, 1000, "new"),
    "B": (1000, 0, 2, 2000, "new"),
    "C": (1500, 0, 4, 800, "existing"),
    "D": (2900, 0, 8, None, "existing"),
    "E": (1500, 1000, 16, 0, "new"),
    "F": (500, 5000, 32, 500, "existing"),
}
PLAN = """
[plan]
name = "一条街"
standard = "{standard}"
as_of = 2025-12-31
crs = "EPSG:4548"
[inputs.roads]
path = "roads.gpkg"
[inputs.residential]
path = "residential.gpkg"
[inputs.facilities]
path = "facilities.gpkg"
[inputs.candidates]
path = "candidates.gpkg"
[inputs.entrances]
path = "entrances.gpkg"
[inputs.units]
path = "units.gpkg"
[siting]
p = 2
{more}
"""


def at(x: float, y: float) -> Point:
    return Point(X0 + x, Y0 + y)


def roads() -> gpd.GeoDataFrame:
    main = LineString([(X0 + x, Y0) for x in range(0, 3001, 100)])
    island = LineString([(X0 + x, Y0 + 5000) for x in (0, 500, 1000)])
    return gpd.GeoDataFrame(
        {"road_id": ["main", "island"], "highway": ["residential"] * 2}, geometry=[main, island], crs=CRS
    )


def residential() -> gpd.GeoDataFrame:
    rows = [
        {
            "residential_id": name,
            "name": f"{name}小区",
            "households": households,
            "elderly": elderly,
            "built": built,
            "setting": "urban",
            "geometry": box(X0 + x - 20, Y0 + y, X0 + x + 20, Y0 + y + 40),
        }
        for name, (x, y, elderly, households, built) in AREAS.items()
    ]
    return gpd.GeoDataFrame(rows, crs=CRS)


def entrances() -> gpd.GeoDataFrame:
    gates = [at(x, y) for x, y, *_ in AREAS.values()]
    return gpd.GeoDataFrame({"residential_id": list(AREAS)}, geometry=gates, crs=CRS)


def facilities() -> gpd.GeoDataFrame:
    rows = [
        ("S1", "street", "centre", "operating", 700.0, "", at(0, 0)),
        ("T1", "street", "centre", "accepted", 700.0, "", at(1200, 0)),
        ("K1", "community", "station", "operating", 200.0, "A", at(300, 0)),
        ("K2", "community", "station", "operating", 300.0, "B", at(1000, 0)),
        ("K3", "community", "station", "operating", 150.0, "C", at(1500, 0)),
    ]
    columns = ["facility_id", "level", "kind", "status", "floor_area_m2", "serves", "geometry"]
    return gpd.GeoDataFrame([dict(zip(columns, row, strict=True)) for row in rows], crs=CRS).assign(
        name=lambda t: t["facility_id"] + "站"
    )


def candidates() -> gpd.GeoDataFrame:
    places = {"H1": at(1900, 0), "H2": at(1500, 0), "H3": at(2950, 0)}
    return gpd.GeoDataFrame(
        {
            "facility_id": list(places),
            "name": [f"备选{name}" for name in places],
            "role": "candidate",
            "source": "idle_state_asset",
            "max_floor_area_m2": 800.0,
        },
        geometry=list(places.values()),
        crs=CRS,
    )


def units() -> gpd.GeoDataFrame:
    """West street (x < 1250), east street (x > 1250), both y < 2000, and the county round everything."""
    rows = [
        ("C0", "某区", "county", box(X0 - 500, Y0 - 500, X0 + 3500, Y0 + 5500)),
        ("W", "西街道", "street", box(X0 - 500, Y0 - 500, X0 + 1250, Y0 + 2000)),
        ("O", "东街道", "street", box(X0 + 1250, Y0 - 500, X0 + 3500, Y0 + 2000)),
    ]
    return gpd.GeoDataFrame(
        [dict(zip(("unit_id", "name", "type", "geometry"), row, strict=True)) for row in rows], crs=CRS
    )


def write(folder: Path, *, more: str = "", standard: str = "liaocheng", **tables: gpd.GeoDataFrame) -> Path:
    """Write the town and its plan into ``folder``; ``tables`` replace the town's own by name.

    Single maps are left out unless ``more`` has an ``[output]`` of its own: they take time and belong to other tests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = {
        "roads": roads(),
        "residential": residential(),
        "facilities": facilities(),
        "candidates": candidates(),
        "entrances": entrances(),
        "units": units(),
    }
    for name, table in {**own, **tables}.items():
        table.to_file(folder / f"{name}.gpkg", layer=name, driver="GPKG")
    plan = folder / "plan.toml"
    plan.write_text(
        PLAN.format(standard=standard, more=more if "[output]" in more else f"{more}\n[output]\nmaps = []\n"),
        encoding="utf-8",
    )
    return plan
