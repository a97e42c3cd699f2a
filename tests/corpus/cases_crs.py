"""Coordinates that are not where they say: datum, zone, axes, units; the wrong projection; undeclared shifts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS as ProjCRS

from . import town
from .case import Builder, Expected, Kept, Refused, Severity, bad, either
from .parts import WITHOUT, csv, geojson, gpkg, reshaped, set_cell, shapefile, sheet, sql, write_json
from .town import Folder

R, G = "residential.gpkg", "residential.geojson"
Floats = NDArray[np.float64]
Shift = Callable[[Floats, Floats], tuple[Any, Any]]


def moved(table: gpd.GeoDataFrame, way: Shift, crs: object = "same") -> gpd.GeoDataFrame:
    """Return the table with ``way(x, y)`` on its coordinates, labelled with another CRS."""
    shapes = shapely.transform(table.geometry.to_numpy(), lambda xy: np.column_stack(way(xy[:, 0], xy[:, 1])))
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=table.crs if crs == "same" else crs)


def _label(name: str, crs: object, *, in_degrees: bool = False) -> Builder:
    """Return a builder that labels a table with a CRS it is not in."""

    def build(folder: Folder) -> None:
        table = town.degrees(folder.tables[name]) if in_degrees else folder.tables[name]
        folder.tables[name] = table.set_crs(crs, allow_override=True)

    return build


def _areas(make: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Builder:
    """Return a builder that makes the residential table anew."""

    def build(folder: Folder) -> None:
        folder.tables["residential"] = make(town.residential())

    return build


def _areas_json(make: Callable[[gpd.GeoDataFrame], dict[str, Any]]) -> Builder:
    def build(folder: Folder) -> None:
        write_json(folder, "residential", make(town.residential()))

    return build


def _plan_crs(code: str) -> Builder:
    def build(folder: Folder) -> None:
        folder.keys["plan"] += f'\ncrs = "{code}"'

    return build


def _register(
    case_id: str, threat: str, severity: Severity, wrong: str, expected: Expected, build: Builder, **more: Any
) -> None:
    bad(case_id, threat, severity, wrong, expected, **more)(build)


def _at_plan(code: str) -> Refused:
    return Refused(code, "plan.toml", column="plan.crs")


# ---------------------------------------------------------------------------------------- N8: labels that are not true

for _name in ("residential", "facilities", "roads"):
    _register(
        f"n8-metres-as-degrees-{_name}",
        "N8",
        "P0",
        "the layer is nowhere (inf) and joins with nothing",
        Refused("crs_metres_as_degrees|crs_*", f"{_name}.gpkg"),
        _label(_name, "EPSG:4326"),
    )
    _register(
        f"n8-degrees-as-metres-{_name}",
        "N8",
        "P0",
        "areas of 4e-6 m², distances of nothing",
        Refused("crs_degrees_as_metres|crs_*", f"{_name}.gpkg"),
        _label(_name, "EPSG:4548", in_degrees=True),
    )
    _register(
        f"n8-no-crs-{_name}",
        "N8",
        "P0",
        "joined as if it were in the other layers' CRS",
        Refused("crs_missing|crs_unreadable", f"{_name}.gpkg"),
        _label(_name, None),
    )


def _metres_in_json(table: gpd.GeoDataFrame) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(table.to_json(drop_id=True))
    document.pop("crs", None)
    return document


def _swapped(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return y, x


_LOCAL = ProjCRS.from_wkt(
    'ENGCRS["某市独立坐标系",EDATUM["local"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)
_WRONG_LABELS: dict[str, tuple[str, str, Builder]] = {
    "zone-prefix-missing": (
        "six-digit eastings in a zone with prefix: inf, or Africa",
        "crs_zone_prefix|crs_outside",
        _label("residential", "EPSG:4527"),
    ),
    "zone-prefix-unwanted": (
        "eight-digit eastings in a zone without prefix: inf",
        "crs_zone_prefix|crs_outside",
        _areas(lambda table: moved(table, lambda x, y: (x + 39e6, y))),
    ),
    "wrong-prefix": (
        "zone 38 for zone 39: 270 km west",
        "crs_*|layers_apart",
        _areas(lambda table: moved(table, lambda x, y: (x + 38e6, y), "EPSG:4527")),
    ),
    "next-zone": ("270 km off: nobody covered", "layers_apart|crs_*", _label("residential", "EPSG:4549")),
    "metres-swapped": (
        "north first: a place in the sea, or a finite wrong area",
        "crs_axes_swapped|crs_*",
        _areas(lambda table: moved(table, _swapped)),
    ),
    "degrees-swapped": (
        "latitude first: inf, or nobody near",
        "crs_axes_swapped|crs_*",
        _areas(lambda table: moved(town.degrees(table), _swapped)),
    ),
    "local-engineering": (
        "a city's own grid taken for the national one",
        "crs_unusable|crs_*|local*",
        _label("residential", _LOCAL),
    ),
}
for _id, (_wrong, _codes, _build) in _WRONG_LABELS.items():
    _register(f"n8-{_id}", "N8", "P0", _wrong, Refused(_codes, R), _build)
_register(
    "n8-geojson-metres",
    "N8",
    "P0",
    "metres in a GeoJSON, which is degrees by definition",
    Refused("crs_metres_as_degrees|crs_*", G),
    _areas_json(_metres_in_json),
)


@bad("n8-geojson-swapped", "N8", "P0", "latitude first", Refused("crs_axes_swapped|crs_*", G))
def _(folder: Folder) -> None:
    write_json(folder, "residential", geojson(folder, "residential", moved(town.degrees(town.residential()), _swapped)))


for _id, _threat, _severity, _code, _wrong, _codes in (
    ("n8-plan-degrees", "N8", "P0", "EPSG:4490", "distances in degrees", "crs_not_metric"),
    ("n11-plan-mercator", "N11", "P0", "EPSG:3857", "900 m that are 727", "crs_web_mercator"),
    ("n11-plan-far-zone", "N11", "P1", "EPSG:4551", "lengths 0.7 % off", "crs_zone_far"),
    ("n8-plan-unknown", "N8", "P1", "EPSG:999999", "another CRS stands in", "crs_unknown"),
    ("n9-plan-xian80", "N9", "P0", "EPSG:2384", "moved by zero metres in silence", "crs_old_datum"),
):
    _register(_id, _threat, _severity, _wrong, _at_plan(_codes), _plan_crs(_code))
_register(
    "n11-plan-next-zone",
    "N11",
    "P2",
    "lengths 0.1 % off without a word",
    Kept(says="crs_zone_neighbour", file="plan.toml", column="plan.crs"),
    _plan_crs("EPSG:4549"),
)

# ----------------------------------------------------------------- N9, N11: old datums, areas in the wrong projection

for _id, _code in (("xian80", 2384), ("beijing54", 2436)):
    _register(
        f"n9-{_id}",
        "N9",
        "P0",
        "moved by zero metres in silence: tens of metres off",
        Refused("crs_old_datum", R),
        _label("residential", _code),
        quick=_id == "xian80",
    )
for _id, _code in (("xian80", 4610), ("beijing54", 4214)):
    _register(
        f"n9-{_id}-degrees",
        "N9",
        "P0",
        "moved by zero metres in silence: tens of metres off",
        Refused("crs_old_datum", R),
        _label("residential", _code, in_degrees=True),
    )
_register(
    "n9-nad27",
    "N9",
    "P0",
    "a datum with no way to CGCS2000 is moved by nothing",
    Refused("crs_*", R),
    _label("residential", "EPSG:4267", in_degrees=True),
)
_SPHERE = "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs"
for _id, _crs in (("3857", "EPSG:3857"), ("3395", "EPSG:3395"), ("sphere", _SPHERE)):
    _register(
        f"n11-mercator-{_id}",
        "N11",
        "P0",
        "households per hectare 35 % off; traced from a shifted map",
        Refused("crs_input_web_mercator|crs_*", R),
        _areas(lambda table, crs=_crs: table.to_crs(crs)),
    )


@bad(
    "n9-xian80-prj", "N9", "P0", "a .prj without EPSG number hides the old datum", Refused("crs_old_datum", "小区.shp")
)
def _(folder: Folder) -> None:
    shapefile(folder).with_suffix(".prj").write_text(ProjCRS.from_epsg(2384).to_wkt("WKT1_ESRI"))


@bad("n8-shp-no-prj", "N8", "P0", "the other layers' CRS is assumed", Refused("crs_missing", "小区.shp"))
def _(folder: Folder) -> None:
    shapefile(folder).with_suffix(".prj").unlink()


@bad("n8-shp-prj-garbled", "N8", "P0", "the other layers' CRS is assumed", Refused("crs_*|file_broken", "小区.shp"))
def _(folder: Folder) -> None:
    shapefile(folder).with_suffix(".prj").write_text('PROJCS["CGCS2000_3_Degree_GK')


@bad("n8-gpkg-srs-unknown", "N8", "P0", "the other layers' CRS is assumed", Refused("crs_*", R))
def _(folder: Folder) -> None:
    sql(
        gpkg(folder, "residential"),
        "UPDATE gpkg_spatial_ref_sys SET definition = 'undefined' WHERE srs_id = 4548",
        "UPDATE gpkg_spatial_ref_sys SET organization = 'NONE', organization_coordsys_id = 0 WHERE srs_id = 4548",
    )


@bad(
    "s1-gpkg-srs-address", "S1", "P0", "the coordinate system is fetched", Refused("crs_*|file_broken", R), hostile=True
)
def _(folder: Folder) -> None:
    where = f"http://127.0.0.1:{folder.port}/crs.wkt"
    sql(
        gpkg(folder, "residential"),
        f"UPDATE gpkg_spatial_ref_sys SET definition = '{where}', organization = 'x' WHERE srs_id = 4548",
    )


@bad(
    "n8-csv-no-datum",
    "N8",
    "P0",
    "WGS 84 is assumed where the points come from a shifted map",
    Refused("crs_missing", "residential.csv"),
)
def _(folder: Folder) -> None:
    csv(folder, sheet(folder))
    del folder.inputs["residential"]["datum"]


@bad(
    "n8-csv-swapped",
    "N8",
    "P0",
    "经度 holds the latitude: nobody near",
    Refused("crs_axes_swapped|crs_*", "residential.csv"),
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    x, y = rows[0].index("经度"), rows[0].index("纬度")
    for row in rows[1:]:
        row[x], row[y] = row[y], row[x]
    csv(folder, rows)


@bad("n8-csv-metres", "N8", "P0", "eastings in 经度", Refused("crs_*|coordinates_*", "residential.csv"))
def _(folder: Folder) -> None:
    rows = sheet(folder)
    x, y = rows[0].index("经度"), rows[0].index("纬度")
    for row, place in zip(rows[1:], town.residential().geometry.centroid, strict=True):
        row[x], row[y] = place.x, place.y
    csv(folder, rows)


def _one_place(x: object, y: object) -> Builder:
    def build(folder: Folder) -> None:
        gates = folder.tables["entrances"]
        folder.tables["entrances"] = gates[gates["residential_id"] != "D"].reset_index(drop=True)
        rows = set_cell(set_cell(sheet(folder), 4, "经度", x), 4, "纬度", y)
        csv(folder, rows)

    return build


OUTSIDE = Kept(
    WITHOUT["D"], excluded={"residential": 1}, says="coordinates_*|geometry_*", file="residential.csv", row=5
)
for _id, (_x, _y) in {
    "zero": (0, 0),
    "one-swapped": (36.14, 117.02),
    "minus": (-117.02, 36.14),
    "latitude-95": (117.02, 95.1),
    "longitude-477": (477.02, 36.14),
    "huge": (1e300, 36.14),
    "text": ("东边", "北边"),
    "blank": ("", ""),
    "half": (117.02, ""),
    "nan": ("NaN", "NaN"),
    "degrees-60": ("117°75′00″", "36°8′24″"),
    "comma": ("117,02", "36,14"),
}.items():
    _register(
        f"n8-point-{_id}",
        "N8",
        "P0" if _id in ("zero", "one-swapped", "huge") else "P1",
        "one area at a place where it cannot be: uncovered, or it draws the zone of the run with it",
        either(OUTSIDE, Refused("coordinates_*|geometry_*|crs_*", "residential.csv", row=5)),
        _one_place(_x, _y),
    )


@bad(
    "n8-one-far-away",
    "N8",
    "P1",
    "D stands 500 km off in another province: uncovered without a word",
    either(
        Kept({"unsnapped": 2}),
        Kept(WITHOUT["D"], excluded={"residential": 1, "entrances": 1}, says="*"),
        Refused("", R, row=4),
    ),
)
def _(folder: Folder) -> None:
    folder.tables["entrances"] = folder.tables["entrances"].query("residential_id != 'D'").reset_index(drop=True)
    reshaped("residential", 3, lambda shape: shapely.transform(shape, lambda xy: xy + np.array([400_000, 300_000])))(
        folder
    )


# ---------------------------------------------------------------------------------------------- N10: undeclared shifts


def gcj02(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return WGS 84 degrees shifted the way map providers do, by the formula as published; written for the tests."""
    a, ee = 6378245.0, 0.00669342162296594323
    x, y = np.asarray(lon) - 105.0, np.asarray(lat) - 35.0

    def waves(t: np.ndarray, steps: tuple[tuple[float, float], ...]) -> np.ndarray:
        return sum(size * np.sin(t * math.pi / part) for size, part in steps) * 2 / 3

    common = (20 * np.sin(6 * x * math.pi) + 20 * np.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + common
    north = north + waves(y, ((20, 1), (40, 3), (160, 12))) + 320 * np.sin(y * math.pi / 30) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + common
    east = east + waves(x, ((20, 1), (40, 3), (150, 12), (300, 30)))
    phi = np.asarray(lat) * math.pi / 180
    root = np.sqrt(1 - ee * np.sin(phi) ** 2)
    dlat = north * 180 / ((a * (1 - ee)) / root**3 * math.pi)
    dlon = east * 180 / (a / root * np.cos(phi) * math.pi)
    return np.asarray(lon) + dlon, np.asarray(lat) + dlat


def bd09(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return WGS 84 degrees shifted to Baidu's, by way of `gcj02`."""
    x, y = gcj02(lon, lat)
    k = math.pi * 3000 / 180
    z = np.sqrt(x * x + y * y) + 0.00002 * np.sin(y * k)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * k)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _streets(rng: np.random.Generator) -> tuple[Floats, Floats, gpd.GeoDataFrame]:
    """Return the places of streets running north and east, unevenly apart, south of the town, and the roads."""
    east = np.cumsum(rng.integers(110, 330, 26)).astype(float) - 1500
    north = -1000 - np.cumsum(rng.integers(110, 330, 22)).astype(float)
    lines = [shapely.LineString([town.at(x, y) for y in north]) for x in east]
    lines += [shapely.LineString([town.at(x, y) for x in east]) for y in north]
    more = gpd.GeoDataFrame(
        {"road_id": [f"G{number}" for number in range(len(lines))], "highway": "residential"},
        geometry=lines,
        crs=town.CRS,
    )
    return east, north, gpd.GeoDataFrame(pd.concat([town.roads(), more], ignore_index=True), crs=town.CRS)


def _with(table: gpd.GeoDataFrame, more: dict[str, object], shapes: list[object]) -> gpd.GeoDataFrame:
    extra = gpd.GeoDataFrame(more, geometry=shapes, crs=town.CRS)
    return gpd.GeoDataFrame(pd.concat([table, extra], ignore_index=True), crs=town.CRS)


def grid_town(folder: Folder, shift: Shift, *, areas: bool = False) -> None:
    """Add a quarter of uneven blocks south of the town, so that a shift shows: shops along its streets, or estates."""
    rng = np.random.default_rng(7)
    east, north, folder.tables["roads"] = _streets(rng)
    if areas:
        blocks = [(i, j) for i in range(6, 20) for j in range(6, 15)]
        shapes = [
            shapely.box(
                *town.at(east[i] + 12, north[j + 1] + 12).coords[0], *town.at(east[i + 1] - 12, north[j] - 12).coords[0]
            )
            for i, j in blocks
        ]
        ids = [f"Z{number}" for number in range(len(blocks))]
        more = {"residential_id": ids, "name": ids, "households": 0, "residents": 0, "elderly": 0, "built": "new"}
        table = _with(town.residential(), {**more, "setting": "urban"}, shapes)
        folder.tables["residential"] = moved(town.degrees(table), shift)
        return
    count = 80
    places: list[object] = [
        town.at(rng.choice(east[6:20]) + 8, rng.uniform(north[15], north[6])) for _ in range(count // 2)
    ]
    places += [town.at(rng.uniform(east[6], east[20]), rng.choice(north[6:15]) + 8) for _ in range(count // 2)]
    ids = [f"P{number}" for number in range(count)]
    more = {"facility_id": ids, "name": ids, "level": "village", "kind": "station", "status": "operating"}
    table = _with(town.facilities(), {**more, "floor_area_m2": 100.0, "serves": ""}, places)
    folder.tables["facilities"] = moved(town.degrees(table), shift)


SHIFT = either(
    Kept(free=True, says="datum*|crs_*|shift*", file="facilities.gpkg"),
    Refused("datum*|crs_*|shift*", "facilities.gpkg"),
)
for _id, _way in (("gcj02", gcj02), ("bd09", bd09)):
    _register(
        f"n10-{_id}-undeclared-points",
        "N10",
        "P0",
        "44 facilities half a circle off, and no word of it",
        SHIFT,
        partial(grid_town, shift=_way),
    )
    _register(
        f"n10-{_id}-undeclared-areas",
        "N10",
        "P0",
        "100 areas half a circle off, and no word of it",
        either(Kept(free=True, says="datum*|crs_*|shift*", file=R), Refused("datum*|crs_*|shift*", R)),
        partial(grid_town, shift=_way, areas=True),
    )


@bad("n10-gcj02-declared-twice", "N10", "P0", "points that are WGS 84 already are shifted by 500 m", SHIFT)
def _(folder: Folder) -> None:
    grid_town(folder, lambda x, y: (x, y))
    folder.inputs["facilities"] = {"datum": "gcj02"}
