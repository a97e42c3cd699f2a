"""The town that every case damages: solved on paper, households powers of two, so that a sum says who was counted.

::

    x (m)    0      300     800     1200            2000         2500
    street   S1─────A───────B───────C───────────────D────────────·      y = 0, five ways of 500 m
             H1 at x = 1100, H2 at x = 2400
    island   E at (500, 5000) on a way of its own, joined to nothing
    far      F at (1500, 1000), 1000 m from the street

Each area has one gate on the street, so a distance is a difference of x. The centre S1 reaches 900 m: A and B.

====  ======  ==========  =========  ========  ========  ==============  ============================
area  x       households  residents  elderly   built     room            law (liaocheng), m²
====  ======  ==========  =========  ========  ========  ==============  ============================
A     300     512         1024       128       new       K1 200          max(102.4, 200) = 200, meets
B     800     1024        2048       256       new       K2 256          204.8, meets
C     1200    2048        4096       512       existing  K3 150          307.2, 157.2 short
D     2000    256         512        64        existing  –               max(38.4, 200), 200 short
E     island  128         256        32        new       –               max(25.6, 200), 200 short
F     far     64          128        16        existing  –               max(9.6, 200), 200 short
====  ======  ==========  =========  ========  ========  ==============  ============================

Households 4032, covered 512 + 1024 = 1536; elderly 1008, covered 384; owed 200 + 204.8 + 307.2 + 3 × 200 = 1312.0 m²,
there 606 m², short 157.2 + 600 = 757.2 m². H1 adds C (2048) within 900 m, at 100 m, and H2 adds D: with p = 1 by
households H1 is best: 1536 + 2048 + 256 (D is 900 m from H1, on the line).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString, Point, box

CRS: Final = "EPSG:4548"
X0, Y0 = 500_000.0, 4_000_000.0
AREAS: Final = {
    "A": (300, 0, 512, "new", (100, 100)),
    "B": (800, 0, 1024, "new", (200, 100)),
    "C": (1200, 0, 2048, "existing", (200, 200)),
    "D": (2000, 0, 256, "existing", (100, 100)),
    "E": (500, 5000, 128, "new", (100, 100)),
    "F": (1500, 1000, 64, "existing", (100, 100)),
}
FIGURES: Final[Mapping[str, float]] = {
    "residential_total": 6,
    "residential_covered": 2,
    "households_total": 4032,
    "households_covered": 1536,
    "elderly_total": 1008,
    "elderly_covered": 384,
    "unreachable": 1,
    "unsnapped": 1,
    "required_m2": 1312.0,
    "provided_m2": 606.0,
    "shortfall_m2": 757.2,
    "meets": 2,
    "fails": 4,
    "not_assessable": 0,
    "not_applicable": 0,
}
"""What the town comes to; the keys of ``coverage.street`` and of ``compliance`` in ``summary.json``."""


def at(x: float, y: float = 0.0) -> Point:
    """Return the point x metres along the street and y metres north of it."""
    return Point(X0 + x, Y0 + y)


def outline(name: str) -> Any:
    """Return the rectangle of an area, its foot on the line of its gate."""
    x, y, _, _, (wide, high) = AREAS[name]
    return box(X0 + x - wide / 2, Y0 + y, X0 + x + wide / 2, Y0 + y + high)


def roads() -> gpd.GeoDataFrame:
    """Five ways of 500 m along the street, and the island."""
    ways = [LineString([at(500 * way), at(500 * way + 250), at(500 * way + 500)]) for way in range(5)]
    ways.append(LineString([at(0, 5000), at(1000, 5000)]))
    ids = [f"R{way}" for way in range(5)] + ["ISLAND"]
    return gpd.GeoDataFrame({"road_id": ids, "highway": "residential"}, geometry=ways, crs=CRS)


def residential() -> gpd.GeoDataFrame:
    """Six areas; people are multiples of households."""
    rows = [
        {
            "residential_id": name,
            "name": f"{name}小区",
            "households": households,
            "residents": 2 * households,
            "elderly": households // 4,
            "built": built,
            "setting": "urban",
            "geometry": outline(name),
        }
        for name, (_, _, households, built, _) in AREAS.items()
    ]
    return gpd.GeoDataFrame(rows, crs=CRS)


def entrances() -> gpd.GeoDataFrame:
    """One gate an area, on its road where it has one."""
    gates = [at(x, y) for x, y, *_ in AREAS.values()]
    return gpd.GeoDataFrame({"residential_id": list(AREAS)}, geometry=gates, crs=CRS)


def facilities() -> gpd.GeoDataFrame:
    """The street centre and three rooms."""
    rows = [
        ("S1", "街道中心", "street", "centre", "operating", 800.0, "", at(0)),
        ("K1", "甲站", "community", "station", "operating", 200.0, "A", at(300)),
        ("K2", "乙站", "community", "station", "operating", 256.0, "B", at(800)),
        ("K3", "丙站", "community", "station", "operating", 150.0, "C", at(1200)),
    ]
    columns = ["facility_id", "name", "level", "kind", "status", "floor_area_m2", "serves", "geometry"]
    return gpd.GeoDataFrame([dict(zip(columns, row, strict=True)) for row in rows], crs=CRS)


def candidates() -> gpd.GeoDataFrame:
    """Two candidate sites."""
    return gpd.GeoDataFrame(
        {"facility_id": ["H1", "H2"], "name": ["备选一", "备选二"], "max_floor_area_m2": 800.0},
        geometry=[at(1100), at(2400)],
        crs=CRS,
    )


def units() -> gpd.GeoDataFrame:
    """One county round everything and two streets side by side at x = 1000."""
    rows = [
        ("C0", "某区", "county", "", box(X0 - 500, Y0 - 500, X0 + 3500, Y0 + 5500)),
        ("W", "西街道", "street", "C0", box(X0 - 500, Y0 - 500, X0 + 1000, Y0 + 2000)),
        ("O", "东街道", "street", "C0", box(X0 + 1000, Y0 - 500, X0 + 3500, Y0 + 2000)),
    ]
    names = ("unit_id", "name", "type", "parent", "geometry")
    return gpd.GeoDataFrame([dict(zip(names, row, strict=True)) for row in rows], crs=CRS)


def degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table in WGS 84 degrees."""
    return table.to_crs("EPSG:4326")


def flat(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the table without geometry, with ``lon`` and ``lat`` of each shape's middle, ten decimals."""
    places = degrees(table.set_geometry(table.geometry.centroid)).geometry
    made = pd.DataFrame(table.drop(columns="geometry"))
    made["lon"], made["lat"] = places.x.round(10), places.y.round(10)
    return made


class Folder:
    """A plan folder in the making: the town's tables, replaced or damaged one by one, then written."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.port = 0
        """Where the canary listens; cases that would like to call home name it."""
        self.tables: dict[str, gpd.GeoDataFrame | None] = {
            "roads": roads(),
            "residential": residential(),
            "facilities": facilities(),
            "entrances": entrances(),
        }
        self.inputs: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {
            "plan": 'name = "一条街"\nstandard = "liaocheng"\nas_of = 2025-12-31',
            "output": "maps = []",
        }
        self.text: str | bytes | None = None
        """The whole plan file, where a case writes it by hand."""

    def name(self, table: str, file: str, **keys: Any) -> Path:
        """Let the plan name ``file`` for a table, which the case writes itself; return its path."""
        self.inputs[table] = {"path": file, **keys}
        self.tables.pop(table, None)
        return self.path / file

    def write(self) -> Path:
        """Write what is left of the town as GeoPackages and the plan file; return its path."""
        for name, table in self.tables.items():
            if table is not None:
                table.to_file(self.path / f"{name}.gpkg", layer=name, driver="GPKG")
                self.inputs[name] = {"path": f"{name}.gpkg", **self.inputs.get(name, {})}
        plan = self.path / "plan.toml"
        text = self.text if self.text is not None else self._plan()
        plan.write_bytes(text if isinstance(text, bytes) else text.encode())
        return plan

    def _plan(self) -> str:
        sections = [f"[{name}]\n{body}" for name, body in self.keys.items()]
        for name, spec in self.inputs.items():
            sections.append(
                "\n".join([f"[inputs.{name}]", *(f"{key} = {_toml(value)}" for key, value in spec.items())])
            )
        return "\n".join(sections) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_toml(inner)}' for key, inner in value.items()) + " }"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
