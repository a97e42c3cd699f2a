"""The sample district: its generator writes what is committed, and it holds what `data/README.md` promises.

The files are read here with plain libraries (osmium, openpyxl, csv, pyogrio), not with the tool's own doors.
"""

from __future__ import annotations

import csv
import os
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pyogrio
import pytest
from pyproj import Transformer
from shapely import LineString, Point, Polygon, STRtree, make_valid, union_all

import planning
from planning import crs as crss
from planning import plan as plans
from planning import sources

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
GENERATED = sorted(path.name for path in SAMPLE.iterdir() if path.is_file())
NOT_WALKED = {"motorway", "construction"}


# ---------------------------------------------------------------------------------------------------------- readers


def read_osm(
    path: Path,
) -> tuple[dict[int, tuple[float, float]], list[tuple[int, dict[str, str], list[int]]], dict[int, str]]:
    """Nodes in degrees, ways as (id, tags, nodes), and the barrier tag of nodes."""
    nodes, ways, barriers = {}, [], {}
    for thing in osmium.FileProcessor(str(path)):
        tags = {tag.k: tag.v for tag in thing.tags}
        if thing.is_node():
            nodes[thing.id] = (thing.location.lon, thing.location.lat)
            if "barrier" in tags:
                barriers[thing.id] = tags["barrier"]
        elif thing.is_way():
            ways.append((thing.id, tags, [node.ref for node in thing.nodes]))
    return nodes, ways, barriers


def read_table(name: str) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(SAMPLE / name).active
    heads, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def read_csv(name: str, encoding: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


def content(path: Path) -> Any:
    """What a file says, without what a library's version may change (compression, page layout)."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if path.suffix == ".gpkg":
        layers = [name for name, _ in pyogrio.list_layers(path)]
        frames = {name: pyogrio.read_dataframe(path, layer=name) for name in layers}
        return {name: (frame.to_wkb().values.tolist(), str(frame.crs)) for name, frame in frames.items()}
    return read_osm(path) if path.suffix == ".pbf" else path.read_bytes()


@pytest.fixture(scope="module")
def streets() -> Any:
    """The network in EPSG:4548: node places, walkable ways, and the lines of everything."""
    nodes, ways, barriers = read_osm(SAMPLE / "路网.osm.pbf")
    east, north = Transformer.from_crs("EPSG:4490", "EPSG:4548", always_xy=True).transform(
        *zip(*nodes.values(), strict=True)
    )
    place = dict(zip(nodes, zip(east, north, strict=True), strict=True))
    line = {way: LineString([place[node] for node in refs]) for way, _, refs in ways}
    walked = [(way, tags, refs) for way, tags, refs in ways if "highway" in tags and tags["highway"] not in NOT_WALKED]
    return {"place": place, "ways": ways, "walked": walked, "line": line, "barriers": barriers}


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(SAMPLE / "居住区.shp", encoding="gbk")


@pytest.fixture(scope="module")
def ledger() -> list[dict[str, Any]]:
    return read_table("居住区台账.xlsx")


@pytest.fixture(scope="module")
def facilities() -> list[dict[str, Any]]:
    return read_table("养老设施台账.xlsx")


@pytest.fixture(scope="module")
def units() -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(SAMPLE / "行政单元.gpkg")


def number(cell: Any) -> float | None:
    """Read a cell of the ledger; int() itself understands full-width digits."""
    if cell is None or isinstance(cell, int | float):
        return cell
    return float(str(cell).rstrip("户㎡").replace(",", ""))


def households(ledger: list[dict[str, Any]]) -> dict[str, float | None]:
    return {row["居住区编号"]: number(row["户数（户）"]) for row in ledger if row["居住区编号"] != "合计"}


# --------------------------------------------------------------------------------------------------- the generator


@pytest.mark.slow
def test_generator_writes_what_is_committed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-W", "error", str(ROOT / "data" / "make_sample.py"), str(tmp_path)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == GENERATED
    for name in GENERATED:
        assert content(tmp_path / name) == content(SAMPLE / name), name


def test_sample_is_small_and_its_plan_is_read_with_no_word_of_complaint() -> None:
    assert sum((SAMPLE / name).stat().st_size for name in GENERATED) < 3_000_000
    plan = plans.read(SAMPLE / "plan.toml")
    assert (plan.standard, plan.as_of, plan.siting.p, plan.siting.model, plan.siting.demand) == (
        "liaocheng",
        date(2025, 12, 31),
        3,
        "mclp",
        "elderly",
    )
    assert plan.warnings == ()
    files = [spec.file for spec in plan.inputs.values()] + [
        spec.table_file for spec in plan.inputs.values() if spec.table_file
    ]
    assert all(file.is_file() for file in files)


def test_shapefile_is_gbk_and_does_not_say_so() -> None:
    dbf = (SAMPLE / "居住区.dbf").read_bytes()
    assert not (SAMPLE / "居住区.cpg").exists()
    assert dbf[29] == 0
    start = struct.unpack("<H", dbf[8:10])[0]
    names = [dbf[at : at + 11].split(b"\0")[0] for at in range(32, start - 1, 32)]
    assert [name.decode("gbk") for name in names][:2] == ["居住区编号", "居住区名称"]
    assert max(map(len, names)) == 10
    with pytest.raises(UnicodeDecodeError):
        dbf[start:].decode("utf-8")


# ---------------------------------------------------------------------------------------------------------- streets


def junctions(walked: list[Any]) -> int:
    """Nodes where the ends of two ways meet or that two ways share, and blind ends: what a network keeps as nodes."""
    count = Counter(node for _, _, refs in walked for node in refs)
    ends = {node for _, _, refs in walked for node in (refs[0], refs[-1])}
    return len({node for node, times in count.items() if times > 1} | ends)


def test_network_has_over_3000_nodes_and_one_island(streets: Any, areas: gpd.GeoDataFrame) -> None:
    assert junctions(streets["walked"]) >= 3000
    graph = nx.Graph()
    for _, _, refs in streets["walked"]:
        nx.add_path(graph, refs)
    _, *islands = sorted(nx.connected_components(graph), key=len, reverse=True)
    assert len(islands) == 1
    home = areas.loc[areas["居住区名称"] == "洲头苑", "geometry"].item().buffer(1)
    assert all(home.contains(Point(streets["place"][node])) for node in islands[0])


def test_river_has_three_bridges_and_railway_two_crossings(streets: Any) -> None:
    river = next(
        Polygon(streets["line"][way].coords) for way, tags, _ in streets["ways"] if tags.get("water") == "river"
    )
    rail = next(streets["line"][way] for way, tags, _ in streets["ways"] if tags.get("railway") == "rail")
    over_river = [tags for way, tags, _ in streets["walked"] if streets["line"][way].intersects(river)]
    assert sorted(tags["bridge:name"] for tags in over_river) == ["人民路桥", "学府路桥", "解放路桥"]
    assert all(tags["layer"] == "1" for tags in over_river)
    over_rail = [tags["name"] for way, tags, _ in streets["walked"] if streets["line"][way].intersects(rail)]
    assert sorted(over_rail) == ["工业路", "府前大街"]


def test_fences_leave_both_rail_crossings_open(streets: Any) -> None:
    fences = gpd.read_file(SAMPLE / "铁路护栏.geojson").to_crs("EPSG:4548").union_all()
    assert not any(streets["line"][way].intersects(fences) for way, _, _ in streets["walked"])


def test_footbridge_and_expressway_cross_streets_without_a_node(streets: Any) -> None:
    own = {way: set(refs) for way, _, refs in streets["ways"]}
    for name, crossed in (
        ("人民路过街天桥", {"人民路"}),
        ("绕城高速", {"解放路", "人民路", "柳园路", "学府路", "东柳村道"}),
    ):
        over = [way for way, tags, _ in streets["ways"] if tags.get("name") == name]
        met = [
            (tags["name"], own[way] & own[up])
            for up in over
            for way, tags, _ in streets["walked"]
            if way != up and "name" in tags and streets["line"][way].crosses(streets["line"][up])
        ]
        assert {street for street, _ in met} == crossed
        assert not any(common for _, common in met)


def test_one_gap_of_half_a_metre_and_one_street_drawn_twice(streets: Any) -> None:
    lines = [streets["line"][way] for way, _, _ in streets["walked"]]
    tree = STRtree(lines)
    count = Counter(node for _, _, refs in streets["walked"] for node in refs)
    gaps = []
    for (_, tags, refs), line in zip(streets["walked"], lines, strict=True):
        blind = [xy for node, xy in ((refs[0], line.coords[0]), (refs[-1], line.coords[-1])) if count[node] == 1]
        for end in map(Point, blind):
            near = [lines[i] for i in tree.query(end, predicate="dwithin", distance=3.0) if lines[i] is not line]
            gaps += [(tags.get("name"), round(other.distance(end), 1)) for other in near]
    assert gaps == [("朝阳街", 0.5)]
    twice = [streets["line"][way] for way, tags, _ in streets["walked"] if tags.get("name") == "光明街"]
    assert len(twice) == 2
    assert 1.0 < twice[0].hausdorff_distance(twice[1]) < 2.5


# ---------------------------------------------------------------------------------------------------- residential


def test_district_is_of_the_promised_size(
    areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame, ledger: list[dict[str, Any]]
) -> None:
    county = units.loc[units["类型"] == "区"]
    assert 12e6 <= county.area.item() <= 20e6
    assert Counter(units["类型"]) == {"区": 1, "街道": 3, "镇": 1, "社区": 20, "村": 2}
    assert 90 <= len(areas) <= 150
    assert f"{len(areas)} residential" in (ROOT / "data" / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    counted = [value for value in households(ledger).values() if value]
    assert sum(counted) >= 40_000
    people = ledger[-1]
    assert 0.15 <= people["60岁及以上人口（人）"] / people["常住人口（人）"] <= 0.30


def test_units_tile_the_district_and_their_people_add_up(units: gpd.GeoDataFrame) -> None:
    county = units.loc[units["类型"] == "区"].iloc[0]
    for types, whole in ((("街道", "镇"), county), (("社区", "村"), county)):
        below = units[units["类型"].isin(types)]
        assert below.area.sum() == pytest.approx(whole.geometry.area, abs=1.0)
        assert union_all(below.geometry.values).symmetric_difference(whole.geometry).area < 1.0
        assert below["常住人口"].sum() == whole["常住人口"]
        assert below["60岁及以上人口"].sum() == whole["60岁及以上人口"]
    assert set(units["上级代码"].dropna()) <= set(units["区划代码"])


def test_areas_lie_apart_inside_their_community(areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> None:
    valid = areas.set_geometry(areas.make_valid())
    pairs = valid.sindex.query(valid.geometry, predicate="overlaps")
    assert pairs.shape[1] == 0
    community = units.set_index("区划代码").geometry
    assert all(
        community[code].contains(shape.representative_point())
        for code, shape in zip(valid["社区编号"], valid.geometry, strict=True)
    )


def test_one_outline_crosses_itself_and_is_mended_by_less_than_a_hundredth(areas: gpd.GeoDataFrame) -> None:
    bad = areas[~areas.is_valid]
    assert len(bad) == 1
    shape = bad.geometry.iloc[0]
    mended = make_valid(shape)
    assert mended.geom_type == "MultiPolygon"  # the compound and the loop of the slipped pen
    assert abs(mended.area - shape.area) < 0.01 * shape.area
    assert max(part.area for part in mended.geoms) > 0.99 * mended.area


def test_one_area_is_far_from_every_road(areas: gpd.GeoDataFrame, streets: Any) -> None:
    tree = STRtree([streets["line"][way] for way, _, _ in streets["walked"]])
    (_, index), distance = tree.query_nearest(areas.geometry.values, return_distance=True, all_matches=False)
    assert len(index) == len(areas)
    assert areas.loc[distance > 200, "居住区名称"].tolist() == ["望山安置房"]
    assert np.sort(distance)[-2] < 60


def test_ledger_joins_the_polygons_one_to_one_with_a_total(
    areas: gpd.GeoDataFrame, ledger: list[dict[str, Any]]
) -> None:
    ids = [row["居住区编号"] for row in ledger]
    assert ids[-1] == "合计"
    assert len(set(ids)) == len(ids)
    assert set(ids[:-1]) == set(areas["居住区编号"])
    names = dict(zip(areas["居住区编号"], areas["居住区名称"], strict=True))
    assert len(set(names.values())) == len(names)
    assert all(names[row["居住区编号"]] == row["小区名称"] for row in ledger[:-1])


def test_ledger_is_written_as_people_write(ledger: list[dict[str, Any]]) -> None:
    shown = [row["户数（户）"] for row in ledger]
    assert any(isinstance(cell, str) and "０" <= cell[0] <= "９" for cell in shown)
    assert any(isinstance(cell, str) and "," in cell and cell.endswith("户") for cell in shown)
    assert sum(cell is None for cell in shown) == 2
    assert sum(cell == 0 for cell in shown) == 1
    assert any("㎡" in str(row["养老用房建筑面积（㎡）"]) for row in ledger)
    dates = [row["竣工日期"] for row in ledger if row["竣工日期"]]
    assert {len(text) for text in dates} >= {4, 10}
    assert any("年" in text for text in dates)
    assert any(isinstance(row["土地出让日期"], datetime) for row in ledger)
    assert {row["新建/已建"] for row in ledger} == {"新建", "已建", None}
    assert {row["城乡属性"] for row in ledger} == {"城镇", "农村", None}
    assert not any(mark in str(cell) for row in ledger for cell in row.values() for mark in ("约", "不详户"))


def test_one_area_has_an_implausible_number_of_households(
    areas: gpd.GeoDataFrame, ledger: list[dict[str, Any]]
) -> None:
    per_hectare = {
        key: value / (areas.loc[areas["居住区编号"] == key].area.item() / 1e4)
        for key, value in households(ledger).items()
        if value
    }
    beyond = [key for key, density in per_hectare.items() if density > 1500]
    assert areas.loc[areas["居住区编号"].isin(beyond), "居住区名称"].tolist() == ["百货公寓"]
    assert sorted(per_hectare.values())[-2] < 200


def test_gates_are_known_for_half_of_the_areas_and_one_has_shut_all(areas: gpd.GeoDataFrame) -> None:
    gates = pd.DataFrame(read_csv("出入口.csv", "gbk"))
    assert 0.4 <= gates["小区编号"].nunique() / len(areas) <= 0.6
    shut = gates.assign(shut=gates["是否开放"] == "否").groupby("小区编号")["shut"].agg(["all", "any"])
    assert shut["all"].sum() == 1
    assert shut["any"].sum() > 1
    here = gpd.GeoSeries.from_xy(gates["经度"].astype(float), gates["纬度"].astype(float), crs="EPSG:4490").to_crs(
        "EPSG:4548"
    )
    wall = areas.set_index("居住区编号").geometry.loc[gates["小区编号"]].boundary
    assert here.distance(gpd.GeoSeries(wall.values, crs="EPSG:4548")).max() < 0.05


# ------------------------------------------------------------------------------------------- facilities and sites


def test_facilities_are_in_every_state_and_level(facilities: list[dict[str, Any]]) -> None:
    rows = {row["设施编号"]: row for row in facilities if row["设施编号"] != "合计"}
    assert len(rows) == len(facilities) - 2  # the total, and one row twice
    assert {row["状态"] for row in rows.values()} == {
        "规划",
        "在建",
        "已验收",
        "已移交",
        "运营",
        "闲置",
        "挪作他用",
        "停用",
        None,
    }
    assert {row["设施级别"] for row in rows.values()} == {"区级", "街道级", "镇级", "社区级", "村级"}
    centres = [
        row["状态"]
        for row in rows.values()
        if row["设施级别"] in ("街道级", "镇级") and row["设施类型"] == "综合养老服务中心"
    ]
    assert sorted(centres) == ["已验收", "运营", "运营"]
    in_service = [row for row in rows.values() if row["状态"] in ("运营", "已移交")]
    assert sum(row["建筑面积（㎡）"] is None for row in in_service) == 1
    assert sum(row["面积口径"] == "使用面积" for row in in_service) == 1
    assert sum(str(row["启用日期"]) > "2025-12-31" for row in in_service) == 1
    assert sorted(len(row["服务小区"].split(";")) for row in rows.values() if row["服务小区"]) == [2, 3]


def test_facilities_are_in_gcj02(
    facilities: list[dict[str, Any]], areas: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> None:
    rows = [row for row in facilities if row["经度"] is not None]
    lon, lat = (np.array([row[name] for row in rows]) for name in ("经度", "纬度"))
    raw, true = ((lon, lat), crss.gcj02_to_wgs84(lon, lat))
    shown, real = (gpd.GeoSeries.from_xy(*xy, crs="EPSG:4490").to_crs("EPSG:4548") for xy in (raw, true))
    assert shown.distance(real).between(300, 700).all()
    assert units.loc[units["类型"] == "区", "geometry"].item().contains(real).all()
    homes = areas.make_valid().union_all()
    told = np.array([row["服务小区"] is None and row["设施级别"] in ("社区级", "村级") for row in rows])
    assert homes.contains(real[told]).all()
    assert not homes.contains(real[~told]).any()


def test_candidates_are_of_every_kind_and_in_every_street(units: gpd.GeoDataFrame) -> None:
    sites = pyogrio.read_dataframe(SAMPLE / "备选点位.gpkg")
    assert 30 <= len(sites) <= 40
    assert sites["点位名称"].is_unique
    assert set(sites.geom_type) == {"Point", "Polygon"}
    assert set(sites["来源"]) == {"闲置国有资产", "规划地块", "租赁", "购置", "置换", "扩建"}
    assert set(sites["角色"]) == {"备选", "排除"}
    assert sites["可用建筑面积"].lt(600).any()
    assert (sites["可用日期"] > "2025-12-31").all()
    upper = units.loc[units["类型"].isin(("街道", "镇")), ["名称", "geometry"]]
    streets_of = gpd.sjoin(sites[["geometry"]].set_geometry(sites.representative_point()), upper)["名称"]
    assert set(streets_of) == {"北澄街道", "望湖街道", "南塘街道", "柳园镇"}


# ------------------------------------------------------------------------------------------------------- findings


def judge(row: dict[str, Any]) -> str:
    """The floor-area rule for a row without facility: 20 (new) or 15 m² per 100 households, each room 200 m²."""
    count, room, largest = (
        number(row[name]) for name in ("户数（户）", "养老用房建筑面积（㎡）", "最大单处养老用房面积（㎡）")
    )
    granted, finished = row["土地出让日期"], row["竣工日期"]
    year = granted.year if granted else int(str(finished or 0)[:4])
    new = row["新建/已建"] == "新建" or (row["新建/已建"] is None and year >= 2015)
    if row["城乡属性"] == "农村" or count == 0:
        return "not applicable"
    if count is None or (row["新建/已建"] is None and not granted and not finished):
        return "unclear"
    room = room or 0.0
    rate_ok = room * 100 >= (20 if new else 15) * count
    unit_ok = room >= 200 and (largest is None or largest >= 200)
    if rate_ok and unit_ok and largest is None:
        return "largest unknown"
    return {
        (True, True): "meets",
        (False, True): "rate fails",
        (True, False): "unit fails",
        (False, False): "both fail",
    }[rate_ok, unit_ok]


def test_each_finding_of_the_floor_area_rule_is_there(ledger: list[dict[str, Any]]) -> None:
    found = Counter(judge(row) for row in ledger[:-1])
    assert set(found) == {
        "meets",
        "rate fails",
        "unit fails",
        "both fail",
        "largest unknown",
        "unclear",
        "not applicable",
    }
    assert found["meets"] >= 20
    assert found["both fail"] >= 20


def test_some_areas_lie_exactly_on_the_limit(ledger: list[dict[str, Any]]) -> None:
    rows = [row for row in ledger[:-1] if judge(row) == "meets"]
    assert any(number(row["养老用房建筑面积（㎡）"]) == 200 for row in rows)
    assert any(number(row["养老用房建筑面积（㎡）"]) * 5 == number(row["户数（户）"]) for row in rows)


def test_entered_indicators_have_source_and_date() -> None:
    rows = read_csv("指标录入.csv", "utf-8-sig")
    assert len({row["指标编号"] for row in rows}) == len(rows) >= 5
    assert all(row["指标编号"].startswith("LC-") and row["来源"] and date.fromisoformat(row["日期"]) for row in rows)


# ------------------------------------------------------------------------------------------------ through the tool


def test_check_ends_with_warnings_only_and_accounts_for_every_row(areas: gpd.GeoDataFrame) -> None:
    faults, counts = sources.check(plans.read(SAMPLE / "plan.toml"))
    assert {fault.severity for fault in faults} == {"warning"}
    flagged = {fault.code for fault in faults}
    assert len(flagged) >= 6
    assert counts["residential"]["read"] == len(areas)
    assert counts["residential.table"]["excluded"] == 1  # 合计
    assert counts["facilities"]["excluded"] == 2  # 合计, and one row twice
    assert all(count["read"] == count["used"] + count["flagged"] + count["excluded"] for count in counts.values())


@pytest.fixture(scope="module")
def result() -> Any:
    return planning.run(planning.load(SAMPLE / "plan.toml"))


@pytest.mark.slow
def test_every_status_of_coverage_is_there(result: Any) -> None:
    homes = result.residential
    found = homes["street_status"].value_counts()
    assert set(found.index) == {"covered", "uncovered", "unreachable", "unsnapped"}
    names = homes.set_index("name")["street_status"]
    assert names["望山安置房"] == "unsnapped"
    assert names["洲头苑"] == "unreachable"
    assert found["unreachable"] == 2  # the island, and the compound whose gates are all shut
    street = result.summary["coverage"]["street"]
    assert street["elderly_lower"] < street["elderly_covered"] <= street["elderly_upper"]
    assert 0.15 < street["elderly_share"] < 0.45


@pytest.mark.slow
def test_every_verdict_and_reason_is_there(result: Any) -> None:
    homes = result.residential
    assert set(homes["verdict"]) == {"meets", "fails", "not_assessable", "not_applicable"}
    told = homes.dropna(subset=["rate_ok", "unit_ok"])
    pairs = set(zip(told["rate_ok"].astype(bool), told["unit_ok"].astype(bool), strict=True))
    assert pairs == {(True, True), (True, False), (False, True), (False, False)}
    assert {"new", "existing"} <= set(homes["built_used"].dropna())
    assert homes["built_used"].isna().any()
    unclear = homes.loc[homes["verdict"] == "not_assessable", "reason"]
    assert unclear.nunique() >= 3  # no households, no floor area, new or existing unknown
    assert set(homes.loc[homes["setting"] == "rural", "verdict"]) == {"not_applicable"}
    assert (homes["verdict"] != homes["paper_verdict"]).any()


@pytest.mark.slow
def test_three_new_sites_matter(result: Any) -> None:
    """Each of the three covers at least a twentieth of the elderly more, and much is left for other choices of p."""
    siting = result.summary["siting"]
    assert siting["status"] == "optimal"
    assert len(siting["sites"]) == 3
    total = siting["before"]["elderly_total"]
    assert all(site["gain"] >= total / 20 for site in siting["sites"])
    assert siting["before"]["elderly_share"] + 0.2 < siting["after"]["elderly_share"] < 0.8
