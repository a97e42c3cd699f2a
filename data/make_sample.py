"""Make the sample district in ``data/sample``: fictional from the first name to the last number.

``python data/make_sample.py [FOLDER]`` writes the input files of ``plan.toml``; the same libraries write the same
bytes. What is drawn by hand stands in ``district.toml``; the plan file itself is written by hand and only copied.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
from scipy.spatial import cKDTree
from shapely import LineString, Point, Polygon, STRtree
from shapely.ops import substring

sys.path.insert(0, str(Path(__file__).resolve().parent))

import _blocks
import _estates
import _facilities
import _files
import _ledgers
import _skeleton as sk
import _streets
import _units
from _blocks import Parcel
from _estates import Estate
from _facilities import Candidate, Facility
from _skeleton import Road, Skeleton
from _units import Unit

HOME = Path(__file__).resolve().parent / "sample"


def main(folder: Path = HOME) -> None:
    """Write the sample to ``folder``."""
    skeleton = sk.draw()
    main_roads = sk.main_roads(skeleton)
    parcels, lesser = _blocks.lay_out(skeleton, main_roads)
    streets = main_roads + lesser
    estates = _estates.settle(parcels, streets)
    units = _units.divide(skeleton, streets, estates)
    placed = _facilities.facilities(estates)
    folder.mkdir(parents=True, exist_ok=True)
    write_roads(folder, skeleton, streets, estates, parcels)
    write_residential(folder, estates, placed, units)
    write_facilities(folder, placed)
    write_candidates(folder, _facilities.candidates(parcels, units, placed))
    write_entrances(folder, estates)
    write_units(folder, units)
    write_others(folder, skeleton)
    write_base_map(folder, skeleton, parcels)
    if folder.resolve() != HOME:
        shutil.copyfile(HOME / "plan.toml", folder / "plan.toml")


# ------------------------------------------------------------------------------------------------------------ roads


def write_roads(
    folder: Path, skeleton: Skeleton, streets: list[Road], estates: list[Estate], parcels: list[Parcel]
) -> None:
    """Write the street network with the land beside it."""
    inside = [road for estate in estates for road in _estates.paths_inside(estate)]
    nodes, ways = _streets.tie(_streets.with_oddities(_streets.pieces(streets) + inside, skeleton))
    points = np.array([gate.point.coords[0] for estate in gated(estates) for gate in estate.gates])
    _, at = cKDTree(nodes).query(points)
    _files.write_osm(folder / "路网.osm.pbf", nodes, ways, at.tolist(), _land(skeleton, parcels))


def _land(skeleton: Skeleton, parcels: list[Parcel]) -> list[tuple[dict[str, str], np.ndarray]]:
    """Return railway, water and green as tags and local coordinates; rings without their closing point."""
    rail = max(sk.parts(skeleton.rail.intersection(skeleton.reach)), key=lambda line: line.length)
    river_line = max(sk.parts(skeleton.river_line.intersection(skeleton.reach)), key=lambda line: line.length)
    river = skeleton.river.intersection(skeleton.reach)
    parks = [parcel for parcel in parcels if parcel.use in ("park", "green")]
    return [
        ({"railway": "rail", "name": "澄济铁路"}, np.asarray(rail.coords)),
        ({"waterway": "river", "name": "澄河"}, np.asarray(river_line.coords)),
        ({"natural": "water", "water": "river", "name": "澄河"}, np.asarray(river.exterior.coords)[:-1]),
        ({"natural": "water", "water": "lake", "name": "镜湖"}, np.asarray(skeleton.lake.exterior.coords)[:-1]),
        *(
            ({"leisure": "park", "name": parcel.name or "街头绿地"}, np.asarray(parcel.shape.exterior.coords)[:-1])
            for parcel in parks
        ),
    ]


# ------------------------------------------------------------------------------------------------------ residential


def write_residential(folder: Path, estates: list[Estate], placed: list[Facility], units: list[Unit]) -> None:
    """Write the polygons as a shapefile and everything else as a workbook, to be joined by id."""
    kinds = {
        "lane": "老旧街巷",
        "danwei": "单位宿舍",
        "estate": "商品房",
        "new": "新建商品房",
        "village": "村庄",
        "remote": "安置房",
    }
    inner = [estate.shape.representative_point() for estate in estates]
    frame = gpd.GeoDataFrame(
        {
            "居住区编号": [estate.id for estate in estates],
            "居住区名称": [estate.name for estate in estates],
            "街道编号": [_units.unit_at(units, point, ("街道", "镇")) for point in inner],
            "社区编号": [_units.unit_at(units, point, ("社区", "村")) for point in inner],
            "小区类型": [kinds[estate.kind] for estate in estates],
        },
        geometry=[_files.to_grid(_drawn(estate)) for estate in estates],
        crs=sk.drawn()["crs"],
    )
    _files.write_gbk_shapefile(folder / "居住区.shp", frame)
    rows = [_ledgers.cells(row) for row in _ledgers.rows(estates, placed)]
    total = {
        head: sum(cell for row in rows if isinstance(cell := row[head], int))
        for head in ("常住人口（人）", "60岁及以上人口（人）")
    }
    total |= {"居住区编号": "合计", "户数（户）": sum(estate.households for estate in estates)}
    table = [*rows, total]
    _files.write_workbook(folder / "居住区台账.xlsx", "居住区", _ledgers.HEADINGS, table)


def _drawn(estate: Estate) -> Polygon:
    """Return the outline as digitised: in one compound the pen slipped and the line crosses itself."""
    if estate.id != "JZ017":
        return estate.shape
    xy = np.asarray(estate.shape.exterior.coords)
    longest = int(np.argmax(np.hypot(*np.diff(xy, axis=0).T)))
    start, end = xy[longest], xy[longest + 1]
    ahead = (end - start) / np.hypot(*(end - start))
    side, middle = np.array([-ahead[1], ahead[0]]), _away_from_gates(start, end, estate)
    steps = np.array([(-4, 0), (0, 3), (2, -1), (2, 3), (0, -1), (6, 0)])
    slip = middle + steps @ np.vstack([ahead, side])
    return Polygon(np.round(np.vstack([xy[: longest + 1], slip, xy[longest + 1 :]]), 2))


def _away_from_gates(start: np.ndarray, end: np.ndarray, estate: Estate) -> np.ndarray:
    """Return the point of a wall that is farthest from the gates."""
    along = start + (end - start) * np.linspace(0.1, 0.9, 17)[:, None]
    gates = np.array([gate.point.coords[0] for gate in estate.gates])
    apart = np.hypot(*(along[:, None] - gates[None]).transpose(2, 0, 1)).min(axis=1)
    return np.asarray(along[int(np.argmax(np.round(apart, 3)))])


def gated(estates: list[Estate]) -> list[Estate]:
    """Return the areas whose gates were surveyed: the new ones, most estates, and the island."""
    surveyed = [
        estate for estate in estates if estate.kind == "new" or (estate.kind == "estate" and int(estate.id[2:]) % 3)
    ]
    return [estate for estate in surveyed if estate.gates]


def write_entrances(folder: Path, estates: list[Estate]) -> None:
    """Write the gates as a GBK table; some are shut, and one compound has shut them all."""
    surveyed = gated(estates)
    shut = next(
        estate for estate in surveyed if estate.kind == "estate" and len(estate.gates) == 2 and not estate.island
    )
    rows = []
    for number, estate in enumerate(surveyed):
        degrees = _files.to_degrees(np.array([gate.point.coords[0] for gate in estate.gates]))
        for order, (gate, (lon, lat)) in enumerate(zip(estate.gates, degrees.tolist(), strict=True)):
            closed = estate is shut or (number % 5 == 2 and order == 1)
            rows.append((estate.id, gate.name, f"{lon:.7f}", f"{lat:.7f}", "否" if closed else "是"))
    _files.write_csv(
        folder / "出入口.csv", ("小区编号", "出入口名称", "经度", "纬度", "是否开放"), rows, encoding="gbk"
    )


# ------------------------------------------------------------------------------------------- facilities and sites


def write_facilities(folder: Path, placed: list[Facility]) -> None:
    """Write the facility ledger, with places as a map service gave them (GCJ-02)."""
    units = {
        "建筑面积": "建筑面积（㎡）",
        "用地面积": "用地面积（㎡）",
        "床位数": "床位数（张）",
        "护理型床位": "护理型床位（张）",
    }
    heads = (
        "设施编号",
        "设施名称",
        "设施级别",
        "设施类型",
        "状态",
        *(units.get(name, name) for name in _facilities.COLUMNS),
        "经度",
        "纬度",
    )
    degrees = _files.to_gcj02(_files.to_degrees(np.array([facility.point.coords[0] for facility in placed]))).tolist()
    rows = []
    for number, (facility, (lon, lat)) in enumerate(zip(placed, degrees, strict=True), start=1):
        facts = {units.get(name, name): value for name, value in facility.facts.items()}
        head = {
            "设施编号": f"YL{number:03d}",
            "设施名称": facility.name,
            "设施级别": facility.level,
            "设施类型": facility.kind,
            "状态": facility.status,
        }
        rows.append(head | facts | {"经度": lon, "纬度": lat})
    total = {
        "设施编号": "合计",
        "建筑面积（㎡）": sum(row.get("建筑面积（㎡）", 0) for row in rows),
        "床位数（张）": sum(row.get("床位数（张）", 0) for row in rows),
    }
    _files.write_workbook(folder / "养老设施台账.xlsx", "养老设施", heads, [*rows[:21], rows[20], *rows[21:], total])


def write_candidates(folder: Path, sites: list[Candidate]) -> None:
    """Write the candidate sites: parcels as polygons, buildings as points, in one layer."""
    facts = [
        {"备选编号": f"BX{n:02d}", "点位名称": site.name, "拟设级别": "街道级", **site.facts}
        for n, site in enumerate(sites, start=1)
    ]
    frame = gpd.GeoDataFrame(facts, geometry=[_files.to_grid(site.shape) for site in sites], crs=sk.drawn()["crs"])
    frame = frame.rename(columns={"估算投资": "投资匡算"})
    _files.write_geopackage(folder / "备选点位.gpkg", {"备选点位": frame})


# ----------------------------------------------------------------------------------------------------------- others


def write_units(folder: Path, units: list[Unit]) -> None:
    """Write district, streets and town, communities and villages as one layer."""
    frame = gpd.GeoDataFrame(
        {
            "区划代码": [unit.id for unit in units],
            "名称": [unit.name for unit in units],
            "类型": [unit.type for unit in units],
            "上级代码": [unit.parent or None for unit in units],
            "常住人口": [unit.residents for unit in units],
            "60岁及以上人口": [unit.elderly for unit in units],
        },
        geometry=[_files.to_grid(unit.shape) for unit in units],
        crs=sk.drawn()["crs"],
    )
    _files.write_geopackage(folder / "行政单元.gpkg", {"行政单元": frame})


def write_others(folder: Path, skeleton: Skeleton) -> None:
    """Write clinics, railway fences and the indicators entered by hand."""
    clinics = [
        ({"编号": f"YY{number:02d}", "名称": told["name"], "类型": told["kind"]}, "Point", told["at"])
        for number, told in enumerate(sk.drawn()["clinics"], start=1)
    ]
    _files.write_geojson(folder / "医疗机构.geojson", clinics)
    fences = [
        ({"编号": f"ZA{number:02d}", "名称": "铁路护栏"}, "LineString", np.asarray(line.coords))
        for number, line in enumerate(_fences(skeleton), start=1)
    ]
    _files.write_geojson(folder / "铁路护栏.geojson", fences)
    heads = ("指标编号", "对象", "数值", "来源", "日期")
    entered = [tuple(told.values()) for told in sk.drawn()["indicators"]]
    _files.write_csv(folder / "指标录入.csv", heads, entered, encoding="utf-8-sig")


def _fences(skeleton: Skeleton) -> list[LineString]:
    """Return the fences on both sides of the railway, open for forty metres at the two crossings and over the river."""
    crossings = [
        road.line
        for road in sk.main_roads(skeleton)
        if road.over == "rail" and skeleton.rail_corridor.buffer(1).covers(road.line)
    ]
    fences = []
    for side in (1, -1):
        fence = substring(skeleton.rail.offset_curve(side * 12), 60, 3950)
        openings = [crossing.buffer(20) for crossing in crossings] + [skeleton.river]
        for opening in openings:
            fence = fence.difference(opening)
        fences += sk.parts(fence)
    return fences


def write_base_map(folder: Path, skeleton: Skeleton, parcels: list[Parcel]) -> None:
    """Write water, green and railway for the maps' background; they are no input of the plan."""
    green = [parcel for parcel in parcels if parcel.use in ("park", "green")]
    water = {"澄河": skeleton.river.intersection(skeleton.reach), "镜湖": skeleton.lake}
    tree = STRtree([parcel.shape for parcel in green])
    lake_in = {int(index) for index in tree.query(Point(skeleton.lake.centroid), predicate="intersects")}
    shapes = [
        parcel.shape.difference(skeleton.lake) if index in lake_in else parcel.shape
        for index, parcel in enumerate(green)
    ]
    layers = {
        "水域": gpd.GeoDataFrame(
            {"名称": list(water)}, geometry=[_files.to_grid(shape) for shape in water.values()], crs=sk.drawn()["crs"]
        ),
        "绿地": gpd.GeoDataFrame(
            {"名称": [p.name for p in green]},
            geometry=[_files.to_grid(shape) for shape in shapes],
            crs=sk.drawn()["crs"],
        ),
        "铁路": gpd.GeoDataFrame(
            {"名称": ["澄济铁路"]},
            geometry=[_files.to_grid(skeleton.rail.intersection(skeleton.reach))],
            crs=sk.drawn()["crs"],
        ),
    }
    _files.write_geopackage(folder / "底图.gpkg", layers)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
