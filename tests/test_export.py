"""GIS files: what GDAL reads back is what the result says; styles, aliases, encodings, content hashes."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from pyproj import CRS
from shapely.geometry import LineString, MultiPolygon, Point, box

from planning import export, palette
from planning.export import _dictionary, _dxf_looks, _geodatabase, _roles, _shapefile, _tables
from planning.plan import Output, Plan, Siting

CRS4548 = CRS.from_epsg(4548)
X, Y = 513_000.0, 4_037_000.0
LONG = "济南市历下区" * 50  # 300 letters: 900 bytes in UTF-8, 600 in GBK
NAMES = ["阳光花园", '=HYPERLINK("x")', "<b>粗</b>&amp;", "行一\n行二\x01", LONG, ""]
FORMATS = ("gdb", "shp", "geojson", "kml", "dxf")


def areas() -> gpd.GeoDataFrame:
    """Return six areas with every kind of cell: nought and missing, an empty text and none, ids beyond 32 bits."""
    return gpd.GeoDataFrame(
        {
            "residential_id": ["3", "1", "2", "6", "5", "4"],
            "name": pd.Series(NAMES, dtype="str"),
            "households": [0.0, np.nan, 0.1 + 0.2, 1200.0, 1.0, 2.0],
            "built": pd.Series(["new", None, "existing", "", "new", "new"], dtype="str"),
            "land_grant_date": pd.Series(["2015", "2015-06", "2015-06-01", None, "", "2020"], dtype="str"),
            "小区类型": pd.Series(["商品房", None, "", "安置", "x", "y"], dtype="str"),
            "60+人口": [1.0, 2.0, np.nan, 0.0, 5.0, 6.0],
            "osm": pd.array([2**53 - 1, None, 0, 1, 2, 3], dtype="Int64"),
            "huge": pd.array([2**62 + 1, None, 0, 1, 2, 3], dtype="Int64"),
            "source_row": pd.array([1, 2, 3, None, 5, 6], dtype="Int64"),
            "street_status": ["covered", "uncovered", "covered", "unreachable", "unsnapped", "covered"],
            "verdict": ["meets", "fails", "not_assessable", "not_applicable", "fails", "meets"],
            "rate_ok": pd.array([True, False, None, None, True, True], dtype="boolean"),
        },
        geometry=[
            box(X, Y, X + 100, Y + 100),
            MultiPolygon([box(X + 200, Y, X + 300, Y + 50), box(X + 200, Y + 60, X + 300, Y + 90)]),
            box(X + 400, Y, X + 500, Y + 100).difference(box(X + 420, Y + 20, X + 440, Y + 40)),
            box(X, Y + 200, X + 100, Y + 300),
            box(X + 200, Y + 200, X + 300, Y + 300),
            None,
        ],
        crs=CRS4548,
    )


def places() -> gpd.GeoDataFrame:
    """Return facilities as points and areas, in several states, and two candidates."""
    return gpd.GeoDataFrame(
        {
            "facility_id": ["F1", "F2", "F3", "C1", "C2"],
            "name": pd.Series(["一号", "二号 %%c^J\\U+4E00", "三号", "备选", None], dtype="str"),
            "level": ["street", "community", "community", "street", "street"],
            "status": ["operating", "building", "closed", "candidate", "candidate"],
            "role": pd.Series([None, None, None, "candidate", "forbidden"], dtype="str"),
            "beds": [10.0, 0.0, np.nan, np.nan, np.nan],
            "in_service": [True, False, False, False, False],
        },
        geometry=[Point(X, Y), box(X + 10, Y, X + 30, Y + 20), Point(X + 50, Y), Point(X + 70, Y), Point(X + 90, Y)],
        crs=CRS4548,
    )


def empty(**columns: str) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=CRS4548))


def units() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"unit_id": ["S1", "S2"], "name": ["东街道", "西街道"], "type": ["street", "street"]},
        geometry=[box(X, Y, X + 500, Y + 300), box(X + 500, Y, X + 900, Y + 300)],
        crs=CRS4548,
    )


def result(*, exports: tuple[str, ...] = FORMATS, encoding: Any = "utf-8", language: Any = "zh") -> Any:
    """Return a made-up result: every layer a run has, few rows."""
    output = Output(language=language, exports=exports, shp_encoding=encoding)
    plan = Plan(
        name="示例规划", standard="liaocheng", as_of=date(2025, 12, 31), inputs={}, siting=Siting(), output=output
    )
    circles = {
        "facility_id": ["F1", "F3"],
        "limit_m": [900.0, 900.0],
        "minutes": [15.0, 15.0],
        "name": ["一号", "三号"],
        "level": ["street", "community"],
    }
    findings = {
        "clause_id": ["LC-01"],
        "required": [30.0],
        "actual": [np.nan],
        "overdue": [False],
        "verdict": ["fails"],
    }
    return SimpleNamespace(
        inputs=SimpleNamespace(
            plan=plan, crs=CRS4548, standard=SimpleNamespace(title_zh="示例文件", title_en="Sample")
        ),
        residential=areas(),
        facilities=places(),
        sites=empty(facility_id="str", name="str", rank="Int64", phase="str"),
        service_areas=gpd.GeoDataFrame(circles, geometry=[box(X, Y, X + 400, Y + 80), MultiPolygon()], crs=CRS4548),
        reached_roads=gpd.GeoDataFrame(circles, geometry=[LineString([(X, Y), (X + 90, Y)]), None], crs=CRS4548),
        uncovered=empty(residential_id="str", level="str", status="str"),
        units=units(),
        findings=pd.DataFrame(findings),
        ledger=pd.DataFrame({"table": ["roads"], "column": [None], "row": pd.array([3], dtype="Int64")}),
        reach=pd.DataFrame({"facility_id": ["F1"], "demand_id": ["1"], "distance_m": [12.5]}),
        candidates=None,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    said = export.exchange(result(), folder / "exports", run_id="0123456789ab")
    assert [(fault.code, fault.column, fault.value) for fault in said] == [("export_shp_long", "name", "name_2")]
    export.geopackage(result(), folder / "results.gpkg")
    return folder


def by_id(frame: pd.DataFrame, key: str = "residential_id") -> pd.DataFrame:
    return frame.set_index(key).sort_index()


def cells(values: pd.Series) -> list[Any]:
    """Return a column with what is missing as None."""
    return [None if pd.isna(value) else value for value in values]


# --------------------------------------------------------------------------------------------------------- GeoPackage


def test_the_geopackage_says_what_the_result_says(written: Path) -> None:
    read = by_id(pyogrio.read_dataframe(written / "results.gpkg", layer="residential"))
    frame = by_id(areas())
    for name in ("name", "households", "built", "land_grant_date", "小区类型", "60+人口", "rate_ok"):
        assert cells(read[name]) == cells(frame[name]), name
    assert [same.equals(other) if other else same is None for same, other in zip(
        read.geometry, frame.geometry.map(lambda shape: shape and MultiPolygon([*getattr(shape, "geoms", [shape])])),
        strict=True)] == [True] * 6  # fmt: skip


def test_columns_are_named_and_styles_are_found_where_qgis_looks(written: Path) -> None:
    """Aliases stand in the GeoPackage itself; one default style a layer with geometry, with the name of its column."""
    _, table = pyogrio.read_arrow(written / "results.gpkg", layer="residential")
    said = {
        field.name: (field.metadata or {}).get(b"GDAL:OGR:alternative_name", b"").decode() for field in table.schema
    }
    assert said["households"] == "户数"
    assert said["street_status"] == "街道（镇）级覆盖状态"
    assert said["小区类型"] in ("", "小区类型")  # a planner's own column keeps its name
    styles = pyogrio.read_dataframe(written / "results.gpkg", layer="layer_styles")
    spatial = [name for name, kind in pyogrio.list_layers(written / "results.gpkg") if kind is not None]
    assert list(styles["f_table_name"]) == spatial
    assert styles["useAsDefault"].all()
    assert set(styles["f_geometry_column"]) == {"geom"}


def document(written: Path, layer: str) -> ET.Element:
    styles = pyogrio.read_dataframe(written / "results.gpkg", layer="layer_styles").set_index("f_table_name")
    return ET.fromstring(styles.loc[layer, "styleQML"])


def test_verdicts_are_drawn_as_in_the_atlas(written: Path) -> None:
    """Each verdict has its word, its fill and its hatch from the palette."""
    style, book = document(written, "residential"), palette.load()
    renderer = style.find("renderer-v2")
    assert renderer is not None
    assert renderer.get("attr") == "verdict"
    shown = {entry.get("value"): entry.get("label") for entry in renderer.iter("category")}
    assert shown == {name: fill.zh for name, fill in book.verdicts.items()}
    symbols = {symbol.get("name"): symbol for symbol in renderer.findall("symbols/symbol")}
    for number, fill in enumerate(book.verdicts.values()):
        kinds = [layer.get("class") for layer in symbols[str(number)].findall("layer")]
        hatch = {"none": [], "lines": ["LinePatternFill"], "dots": ["PointPatternFill"]}[fill.hatch.kind]
        assert kinds == ["SimpleFill", *hatch, "SimpleLine"]
        ground = symbols[str(number)].find("layer/Option/Option[@name='color']")
        assert ground is not None
        red, green, blue, alpha = map(int, (ground.get("value") or "").split(","))
        assert (f"#{red:02X}{green:02X}{blue:02X}", alpha) == (fill.hex, 255)


def test_facilities_as_points_and_areas_have_rules_for_both(written: Path) -> None:
    """Five roles (two levels in three states, a candidate, an excluded one), once for points and once for areas."""
    renderer = document(written, "facilities").find("renderer-v2")
    assert renderer is not None
    rules = [(rule.get("label"), rule.get("filter") or "") for rule in renderer.iter("rule")]
    assert len(rules) == 10
    assert sum("'Point'" in test for _, test in rules) == 5
    symbols = {symbol.get("name"): symbol.get("type") for symbol in renderer.findall("symbols/symbol")}
    assert [symbols[str(number)] for number in range(10)] == ["marker"] * 5 + ["fill"] * 5
    assert "排除点位" in [label for label, _ in rules]


def test_styles_stand_beside_as_files(written: Path) -> None:
    folder = written / "exports" / "styles"
    names = {path.stem for path in folder.iterdir()}
    assert {"residential", "residential_street", "facilities", "units"} <= names
    for path in folder.iterdir():
        assert ET.fromstring(path.read_text("utf-8")).tag == "qgis"


def test_english_plans_have_english_styles() -> None:
    made = result(language="en")
    layer = _tables.layer(made, "residential")
    assert [role.label for role in _roles.legend(made, layer)][:2] == ["Meets", "Fails"]
    assert layer.fields[2].alias == "households"


def test_each_row_plays_the_first_role_that_fits() -> None:
    made = result()
    layer = _tables.layer(made, "facilities")
    legend = _roles.legend(made, layer)
    played = [legend[number].label for number in _roles.place(layer, legend)]
    assert played == [
        "街道（镇）级 · 运营 / 已移交",
        "社区级 · 在建 / 已验收",
        "社区级 · 停用",
        "备选点位",
        "排除点位",
    ]


# ------------------------------------------------------------------------------------------------------ reading back


def test_the_geodatabase_says_what_the_result_says(written: Path) -> None:
    """Whole numbers stay whole where 32 bits hold them, are exact doubles up to 2⁵³ and text beyond; flags 1 and 0."""
    path = written / "exports" / "results.gdb"
    read, frame = by_id(pyogrio.read_dataframe(path, layer="residential")), by_id(areas())
    named = {"60+人口": "_60_人口"}
    for name in ("name", "households", "built", "land_grant_date", "小区类型", "60+人口", "street_status"):
        assert cells(read[named.get(name, name)]) == cells(frame[name]), name
    assert cells(read["osm"]) == cells(frame["osm"].astype("Float64"))
    assert cells(read["huge"]) == [None if value is pd.NA else str(value) for value in frame["huge"]]
    assert cells(read["rate_ok"]) == [None if value is pd.NA else int(value) for value in frame["rate_ok"]]
    info = pyogrio.read_info(path, layer="residential")
    assert dict(zip(info["fields"], info["ogr_types"], strict=True))["source_row"] == "OFTInteger"
    assert info["layer_metadata"]["ALIAS_NAME"] == "居住区"
    assert CRS.from_user_input(info["crs"]).to_epsg() == 4548
    _, table = pyogrio.read_arrow(path, layer="residential")
    assert table.schema.field("households").metadata[b"GDAL:OGR:alternative_name"].decode() == "户数"


def test_a_layer_of_points_and_areas_is_two_classes(written: Path) -> None:
    path = written / "exports" / "results.gdb"
    counts = {name: pyogrio.read_info(path, layer=name)["features"] for name, _ in pyogrio.list_layers(path)}
    assert (counts["facilities_pt"], counts["facilities_py"]) == (4, 1)
    assert counts["residential"] == 6
    assert {"findings", "ledger", "reach", "topology"} <= counts.keys()


@pytest.mark.parametrize(("asked", "page", "byte"), [("utf-8", "UTF-8", 0x00), ("gbk", "GBK", 0x4D)])
def test_shapefiles_lose_nothing(tmp_path: Path, asked: str, page: str, byte: int) -> None:
    """Short names by the table of fields; a text of 300 letters in parts; empty numbers named; the code page said."""
    export.exchange(result(exports=("shp",), encoding=asked), tmp_path, run_id="0")
    shp = tmp_path / "shp" / "residential.shp"
    assert shp.with_suffix(".cpg").read_text("ascii") == page
    assert shp.with_suffix(".dbf").read_bytes()[29] == byte
    read, frame = by_id(pyogrio.read_dataframe(shp), "res_id"), by_id(areas())
    parts = [name for name in read if name == "name" or name.startswith("name_")]
    width = 254 // (2 if asked == "gbk" else 3)
    assert len(parts) == -(-300 // width)
    whole = ["".join(value for value in row if isinstance(value, str)) for row in read[parts].itertuples(index=False)]
    assert whole == list(frame["name"].fillna(""))
    assert cells(read["hh"]) == [None if x != x else round(x, 15) for x in frame["households"]]
    assert cells(read["rate_ok"]) == [None if value is pd.NA else int(value) for value in frame["rate_ok"]]
    assert cells(read["F006"]) == [value or None for value in cells(frame["小区类型"])]
    rows = list(csv.DictReader((tmp_path / "fields.csv").read_text("utf-8-sig").splitlines()))
    number = {row["SHP 字段"]: int(row["序号"]) for row in rows if row["SHP 文件"] == "residential"}
    for row, missing in zip(read.itertuples(), frame["households"].isna(), strict=True):
        listed = set()
        for span in filter(None, (row.empty_no or "").split(",") if isinstance(row.empty_no, str) else []):
            first, _, last = span.partition("-")
            listed |= set(range(int(first), int(last or first) + 1))
        assert (number["hh"] in listed) == missing


def test_letters_that_gbk_has_not_make_one_file_utf8(tmp_path: Path) -> None:
    """𠮷 is in no GBK: the file that holds it is UTF-8 whole and says so; the others stay GBK."""
    made = result(exports=("shp",), encoding="gbk")
    made.units = made.units.assign(name=["东街道", "𠮷祥街道"])
    said = [fault for fault in export.exchange(made, tmp_path, run_id="0") if fault.code == "export_not_gbk"]
    assert [(fault.file, fault.column, fault.row, fault.value) for fault in said] == [("units.shp", "name", 2, "𠮷")]
    assert (tmp_path / "shp" / "units.cpg").read_text("ascii") == "UTF-8"
    assert (tmp_path / "shp" / "residential.cpg").read_text("ascii") == "GBK"
    assert list(pyogrio.read_dataframe(tmp_path / "shp" / "units.shp")["name"]) == ["东街道", "𠮷祥街道"]


def test_the_row_with_strange_letters_is_counted_among_all_rows(tmp_path: Path) -> None:
    """The first unit has no name: 𠮷 stands in row 2 all the same."""
    made = result(exports=("shp",), encoding="gbk")
    made.units = made.units.assign(name=pd.Series([None, "𠮷祥街道"], dtype="str"))
    (said,) = [fault for fault in export.exchange(made, tmp_path, run_id="0") if fault.code == "export_not_gbk"]
    assert (said.column, said.row) == ("name", 2)


def test_short_names_are_ascii_unique_and_ten_letters_at_most() -> None:
    names = [f"community_{tail}" for tail in ("households_total", "households_covered", "households_share")] + ["面积"]
    fields = tuple(_tables.Field(name, name, "number") for name in names * 2)
    taken: set[str] = set()
    found = [_shapefile._unique(_shapefile._short(field.name, at), 1, taken) for at, field in enumerate(fields, 1)]
    assert len({name.upper() for name in found}) == len(found)
    assert all(name.isascii() and 0 < len(name) <= 10 for name in found)
    assert [_shapefile._short(name, 1) for name in ("shortfall_m2", "户数")] == ["short_m2", "F001"]  # no gap: glossary


def test_long_texts_are_cut_where_no_blank_is_lost() -> None:
    """Pieces joined are the text, each of 254 bytes at most, and none but the outer ones has a blank at its end."""
    for text in ("字字 " * 200, "a" * 254 + " b", "字" * 126 + "  " + "字" * 200, LONG, "𠮷" * 100):
        for page in ("utf-8", "gbk") if "𠮷" not in text else ("utf-8",):
            pieces = _shapefile._cut(text, page)
            assert "".join(pieces) == text
            assert max(len(piece.encode(page)) for piece in pieces) <= 254
            assert not any(piece.startswith(" ") for piece in pieces[1:])
            assert not any(piece.endswith(" ") for piece in pieces[:-1])


def test_geojson_is_in_degrees_with_the_rows_of_the_result(written: Path) -> None:
    read = by_id(pyogrio.read_dataframe(written / "exports" / "geojson" / "residential.geojson"))
    frame = by_id(areas())
    for name in ("name", "households", "built", "小区类型", "60+人口"):
        assert cells(read[name]) == cells(frame[name]), name
    assert list(read["huge"].dropna()) == list(frame["huge"].dropna())
    west, south, east, north = read.total_bounds
    assert 117 < west < east < 118
    assert 36 < south < north < 37
    back = read.to_crs(4490).set_crs(4490, allow_override=True).to_crs(CRS4548)
    assert max(a.hausdorff_distance(b) for a, b in zip(back.geometry, frame.geometry, strict=True) if b) < 0.002
    text = (written / "exports" / "geojson" / "residential.geojson").read_text("utf-8")
    assert "CGCS2000" in text
    assert '"crs"' not in text


def test_kml_holds_names_as_text_and_leaves_out_what_is_missing(written: Path) -> None:
    path = written / "exports" / "results.kml"
    assert dict(pyogrio.list_layers(path))  # GDAL opens it
    space = {"k": "http://www.opengis.net/kml/2.2"}
    book = ET.parse(path).getroot().find("k:Document", space)
    assert book is not None
    folders = {folder.findtext("k:name", None, space): folder for folder in book.findall("k:Folder", space)}
    marks = folders["居住区"].findall("k:Placemark", space)
    names = [mark.findtext("k:name", None, space) for mark in marks]
    assert sorted(names) == sorted(["阳光花园", NAMES[1], NAMES[2], "行一\\n行二\\x01", LONG, ""])
    known = {
        name: {data.get("name") for data in mark.iter(f"{{{space['k']}}}Data")}
        for name, mark in zip(names, marks, strict=True)
    }
    assert "households" not in known[NAMES[1]]  # missing, not 0
    assert "households" in known["阳光花园"]
    styles = {style.get("id") for style in book.findall("k:Style", space)}
    used = {url.text for url in book.iter(f"{{{space['k']}}}styleUrl")}
    assert {url.removeprefix("#") for url in used if url} <= styles


def test_the_drawing_has_chinese_layers_blocks_with_attributes_and_metres(written: Path) -> None:
    import ezdxf

    doc = ezdxf.readfile(written / "exports" / "results.dxf")
    assert not doc.audit().errors
    assert (doc.dxfversion, doc.units, doc.header["$DWGCODEPAGE"]) == ("AC1018", 6, "ANSI_936")
    space = doc.modelspace()
    names = {layer.dxf.name for layer in doc.layers}
    assert {"居住区_达标", "居住区_不达标", "养老服务设施_街道（镇）级 · 运营或已移交", "图例"} <= names
    inserts = [item for item in space.query("INSERT") if item.attribs]
    assert len(inserts) == 5
    told = {item.get_attrib_text("设施编号"): item for item in inserts}
    assert told.keys() == {"F1", "F2", "F3", "C1", "C2"}
    assert told["F1"].get_attrib_text("设施名称") == "一号"
    assert told["F2"].get_attrib_text("床位数") == "0"
    assert told["F3"].get_attrib_text("床位数") == ""
    assert (told["F1"].dxf.insert.x, told["F1"].dxf.insert.y) == (X, Y)
    low, high = doc.header["$EXTMIN"], doc.header["$EXTMAX"]
    assert (low[0], low[1]) <= (X, Y) < (high[0], high[1])
    rings = [line for line in space.query("LWPOLYLINE") if line.has_xdata(_dxf_looks.APP)]
    said = ["".join(str(tag.value) for tag in ring.get_xdata(_dxf_looks.APP)) for ring in rings]
    assert any(LONG in text for text in said)  # whole, in pieces of 250 bytes
    assert all(
        len(str(tag.value).encode("gbk", "backslashreplace")) <= 255
        for ring in rings
        for tag in ring.get_xdata(_dxf_looks.APP)
    )
    fills = [hatch for hatch in space.query("HATCH") if hatch.dxf.layer == "居住区_不达标"]
    assert len(fills) == 4  # two areas, each with its colour and its hatch


def test_letters_that_gbk_has_not_are_written_as_cad_reads_them() -> None:
    """Four digits each, for CAD reads no more: 𠮷 is two of them, and a letter below U+0100 has them too."""
    assert _dxf_looks.encoded("一m²𠮷ñ") == "一m".encode("gbk") + rb"\U+00B2\U+D842\U+DFB7\U+00F1"


def test_gdal_reads_chinese_layers_of_the_drawing(written: Path) -> None:
    read = pyogrio.read_dataframe(written / "exports" / "results.dxf")
    assert "居住区_达标" in set(read["Layer"])
    assert "西街道" in set(read["Text"])


@pytest.mark.slow
def test_a_place_far_off_does_not_blow_up_the_symbols(tmp_path: Path) -> None:
    """A hundred areas in 1 km, which fit at 1:2000 (780 mm); one more 900 km away leaves the scale as it is."""
    import ezdxf

    def scale(east_m: float) -> float:
        made = result(exports=("dxf",))
        shapes = [*(Point(X + 10 * (at % 10) ** 2, Y + 50 * (at // 10)) for at in range(200)), Point(X + east_m, Y)]
        ids = [f"{at:03d}" for at in range(201)]
        made.residential = gpd.GeoDataFrame({"residential_id": ids, "verdict": "meets"}, geometry=shapes, crs=CRS4548)
        export.exchange(made, tmp_path / str(east_m), run_id="0")
        space = ezdxf.readfile(tmp_path / str(east_m) / "results.dxf").modelspace()
        return float(next(item for item in space.query("INSERT") if item.attribs).dxf.xscale)

    assert scale(900.0) == scale(900_000.0) == 2.0


def test_cad_codes_in_names_are_letters() -> None:
    from ezdxf.tools.text import plain_text

    for name in ("100%%c", "a^Jb", "%%%", "50%"):
        assert plain_text(_dxf_looks.said(name)) == name
    assert "\n" not in _dxf_looks.said("a\nb")


# --------------------------------------------------------------------------------------------------- equal, by content


def test_equal_results_make_equal_files(written: Path, tmp_path: Path) -> None:
    export.exchange(result(), tmp_path / "exports", run_id="0123456789ab")
    first, second = written / "exports", tmp_path / "exports"
    names = {path.relative_to(first) for path in first.rglob("*") if path.is_file()}
    assert {path.relative_to(second) for path in second.rglob("*") if path.is_file()} == names
    for name in names:
        if ".gdb" not in str(name):
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    for name in ("results.gdb", "results.dxf"):
        assert export.content_sha256(first / name) == export.content_sha256(second / name)


def test_rows_shuffled_make_equal_exchange_files(written: Path, tmp_path: Path) -> None:
    """Ids tell the rows apart: with the input in another order every file is the same."""
    made = result()
    made.residential = made.residential.iloc[[3, 1, 5, 0, 4, 2]].reset_index(drop=True)
    made.facilities = made.facilities.iloc[::-1].reset_index(drop=True)
    made.units = made.units.iloc[::-1].reset_index(drop=True)
    export.exchange(made, tmp_path, run_id="0123456789ab")
    for name in ("shp/residential.dbf", "shp/units.shp", "geojson/residential.geojson", "results.kml", "fields.csv"):
        assert (tmp_path / name).read_bytes() == (written / "exports" / name).read_bytes(), name
    for name in ("results.gdb", "results.dxf"):
        assert export.content_sha256(tmp_path / name) == export.content_sha256(written / "exports" / name)


def test_one_value_changed_changes_the_content(tmp_path: Path) -> None:
    before = result(exports=("gdb", "dxf"))
    export.exchange(before, tmp_path / "a", run_id="0")
    after = result(exports=("gdb", "dxf"))
    after.facilities = after.facilities.assign(beds=[10.0, 1.0, np.nan, np.nan, np.nan])
    export.exchange(after, tmp_path / "b", run_id="0")
    for name in ("results.gdb", "results.dxf"):
        assert export.content_sha256(tmp_path / "a" / name) != export.content_sha256(tmp_path / "b" / name)


def test_a_damaged_geodatabase_is_told_not_raised(tmp_path: Path) -> None:
    export.exchange(result(exports=("gdb",)), tmp_path, run_id="0")
    sound = export.content_sha256(tmp_path / "results.gdb")
    largest = max((tmp_path / "results.gdb").glob("*.gdbtable"), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:100])
    assert export.content_sha256(tmp_path / "results.gdb") != sound
    (tmp_path / "empty.gdb").mkdir()
    assert export.content_sha256(tmp_path / "empty.gdb") == "unreadable"


def test_a_geodatabase_that_does_not_say_what_was_written_is_an_error(tmp_path: Path) -> None:
    """As when the last blocks find no room on the disk, which GDAL does not tell."""
    layer = _tables.ordered(_tables.layer(result(), "units"))
    _geodatabase.write({"units": layer}, tmp_path / "a.gdb", CRS4548)
    table = _tables.arrow(layer)
    _geodatabase.check(tmp_path / "a.gdb", {"units": table})
    for wrong in (table[:1], table.append_column("more", [["x", "y"]])):
        with pytest.raises(OSError, match="units"):
            _geodatabase.check(tmp_path / "a.gdb", {"units": wrong})
    with pytest.raises(OSError, match="others"):
        _geodatabase.check(tmp_path / "a.gdb", {"others": table})


def test_nothing_is_written_where_nothing_is_asked(tmp_path: Path) -> None:
    assert export.exchange(result(exports=()), tmp_path / "exports", run_id="0") == ()
    assert not (tmp_path / "exports").exists()


def test_a_plan_without_findings_still_opens(tmp_path: Path) -> None:
    """Without compliance there is no verdict: areas are drawn by coverage; without either, plain."""
    made = result(exports=("dxf", "kml"))
    made.residential = made.residential.drop(columns="verdict")
    layer = _tables.layer(made, "residential")
    assert _roles.legend(made, layer)[0].where == {"street_status": ("covered",)}
    bare = replace(layer, frame=layer.frame.drop(columns="street_status"))
    assert [role.where for role in _roles.legend(made, bare)] == [{}]
    export.exchange(made, tmp_path, run_id="0")


# ---------------------------------------------------------------------------------------------------------------- docs


def test_both_pages_say_the_same() -> None:
    """Headings, first cells of tables, and every word in backticks."""
    docs = Path(__file__).resolve().parent.parent / "docs"
    pages = [(docs / name).read_text("utf-8") for name in ("exports.md", "exports.zh-CN.md")]
    heads = [[line.split(" ")[0] for line in page.splitlines() if line.startswith("#")] for page in pages]
    assert heads[0] == heads[1]
    rows = [
        [re.findall(r"`[^`]+`", line.split("|")[1]) for line in page.splitlines() if line.startswith("|")]
        for page in pages
    ]
    assert rows[0] == rows[1]
    plain = [re.sub(r"```.*?```", "", page, flags=re.DOTALL) for page in pages]
    words = [set(re.findall(r"`[^`\n]+`", page)) for page in plain]
    assert words[0] ^ words[1] == set()


@pytest.mark.parametrize(
    ("name", "layer"),
    [("社区级 · 运营 / 已移交", "社区级 · 运营或已移交"), ("village · idle / closed", "village · idle or closed"),
     ("a/b:c", "a_b_c"), ("≤ 5 分钟", "≤ 5 分钟"), ("", "_")],
)  # fmt: skip
def test_layers_of_a_drawing_are_named_in_words(name: str, layer: str) -> None:
    assert _dxf_looks.layer_name(name) == layer


def test_the_table_of_fields_can_be_read_as_gbk(tmp_path: Path) -> None:
    """GBK has no raised two: m² is ㎡ there, so that programs that know nothing newer read the units."""
    _dictionary.write((("图层", "中文名称"), [("居住区", "应配面积（m²）")]), tmp_path, (), "zh")
    assert (tmp_path / "fields_gbk.csv").read_bytes().decode("gbk").splitlines()[1] == "居住区,应配面积（㎡）"
    assert "m²" in (tmp_path / "fields.csv").read_text("utf-8-sig")
