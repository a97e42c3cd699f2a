"""Good files in every way planners bring them: each must give the town's own figures, with nothing set aside."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from . import town
from .case import Kept, good
from .cases_crs import bd09, gcj02, moved
from .cases_network import graphml, osm
from .cases_tables import TRUE_NAMES
from .parts import (
    as_csv,
    as_xlsx,
    csv,
    csv_text,
    geojson,
    gpkg,
    in_facilities,
    pack,
    set_cell,
    shapefile,
    sheet,
    void,
    write_json,
    xlsx,
    zipped,
)
from .town import Folder

NAMED = Kept(also=TRUE_NAMES)


@good("good-town")
def _(folder: Folder) -> None:
    void(folder)


# --------------------------------------------------------------------------------------------------------- formats


def _driver(name: str, driver: str, file: str, *, degrees: bool = False, **more: Any) -> Any:
    def build(folder: Folder) -> None:
        table = folder.tables[name]
        table = town.degrees(table) if degrees else table
        path = folder.name(name, file)
        pyogrio.write_dataframe(table, path, driver=driver, **more)

    return build


good("good-fgb", expected=NAMED)(_driver("residential", "FlatGeobuf", "小区.fgb"))
good("good-gdb", expected=NAMED)(_driver("residential", "OpenFileGDB", "小区.gdb", layer="residential"))
good("good-geojsonseq", expected=NAMED)(_driver("residential", "GeoJSONSeq", "小区.geojsonl", degrees=True))
good("good-geojson-rfc", expected=NAMED)(
    _driver("residential", "GeoJSON", "小区.geojson", degrees=True, COORDINATE_PRECISION=10)
)
good("good-mapinfo-mif", expected=NAMED)(
    _driver("residential", "MapInfo File", "小区.mif", FORMAT="MIF", encoding="GBK")
)
good("good-mapinfo-tab", expected=NAMED)(_driver("residential", "MapInfo File", "小区.tab", encoding="GBK"))
good("good-roads-shp")(lambda f: void(shapefile(f, "roads", stem="道路")))
good("good-roads-fgb")(_driver("roads", "FlatGeobuf", "道路.fgb"))


@good("good-parquet", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    table.to_parquet(folder.name("residential", "小区.parquet"))


@good("good-gdb-zip", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    inner = folder.path / "小区.gdb"
    pyogrio.write_dataframe(table, inner, driver="OpenFileGDB", layer="residential")
    with zipfile.ZipFile(folder.name("residential", "小区.zip"), "w") as archive:
        for file in sorted(inner.iterdir()):
            archive.write(file, f"小区.gdb/{file.name}")
            file.unlink()
    inner.rmdir()


def _kml(folder: Folder) -> str:
    marks = []
    for _, row in enumerate(town.degrees(folder.tables["residential"]).itertuples()):
        ring = " ".join(f"{x:.10f},{y:.10f},0" for x, y in row.geometry.exterior.coords)
        cells = "".join(
            f'<Data name="{name}"><value>{getattr(row, name)}</value></Data>'
            for name in ("residential_id", "households", "residents", "elderly", "built", "setting")
        )
        marks.append(
            f"<Placemark><name>{row.name}</name><ExtendedData>{cells}</ExtendedData><Polygon><outerBoundaryIs><LinearRing>"
            f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        + "".join(marks)
        + "</Document></kml>"
    )


@good("good-kml", expected=NAMED)
def _(folder: Folder) -> None:
    text = _kml(folder)
    folder.name("residential", "小区.kml").write_text(text, encoding="utf-8")


@good("good-kmz", expected=NAMED)
def _(folder: Folder) -> None:
    text = _kml(folder)
    with zipfile.ZipFile(folder.name("residential", "小区.kmz"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", text)


@good("good-shp-gbk-cpg", expected=NAMED)
def _(folder: Folder) -> None:
    shapefile(folder, encoding="GBK", cpg="GBK")


@good("good-shp-gbk-unmarked", expected=NAMED)
def _(folder: Folder) -> None:
    shapefile(folder, encoding="GBK", cpg=None)


@good("good-shp-cpg-936", expected=NAMED)
def _(folder: Folder) -> None:
    shapefile(folder, encoding="GBK", cpg="936")


@good("good-shp-utf8", expected=NAMED)
def _(folder: Folder) -> None:
    short = {"residential_id": "id"}
    shapefile(folder, renamed=short, encoding="UTF-8", cpg="UTF-8")


@good("good-shp-capitals", expected=NAMED)
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    for file in list(shp.parent.glob("小区.*")):
        file.rename(file.with_suffix(file.suffix.upper()))
    folder.name("residential", "小区.SHP")


@good("good-shp-3d", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    shapefile(folder, table=table.set_geometry(shapely.force_3d(table.geometry, 12.5)))


@good("good-zip", expected=NAMED)
def _(folder: Folder) -> None:
    zipped(folder)


@good("good-zip-folder", expected=NAMED)
def _(folder: Folder) -> None:
    zipped(folder, inside="2025/成果 数据/")


@good("good-zip-mac", expected=NAMED)
def _(folder: Folder) -> None:
    with zipfile.ZipFile(zipped(folder), "a") as archive:
        archive.writestr("__MACOSX/._小区.shp", b"\0\5\x16\7" + bytes(20))
        archive.writestr(".DS_Store", b"\0\0\0\1Bud1")


@good("good-zip-gbk-names", expected=NAMED)
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    path = folder.name("residential", "小区.zip")
    files = sorted(shp.parent.glob("小区.*"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in files:
            if file != path:
                archive.writestr("XXXX" + file.suffix, file.read_bytes())
                file.unlink()
    path.write_bytes(stream.getvalue().replace(b"XXXX", "小区".encode("gbk")))


@good("good-zip-gpkg", expected=NAMED)
def _(folder: Folder) -> None:
    inner = gpkg(folder, "residential")
    pack(folder.name("residential", "小区.zip"), [inner])


@good("good-gpkg-layer-named", expected=NAMED)
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    town.entrances().to_file(path, layer="出入口", driver="GPKG")
    folder.name("residential", path.name, layer="residential")


@good("good-gpkg-layer-hostile-name", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    name = "x\"; DROP TABLE residential;--'小区"
    table.to_file(folder.name("residential", "r.gpkg", layer=name), layer=name, driver="GPKG")


@good("good-file-name-odd", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    plain = folder.path / "x.gpkg"
    table.to_file(plain, layer="residential", driver="GPKG")
    plain.rename(folder.name("residential", "小区 (2025)';&$(x)`#%20?.gpkg"))


@good("good-gpkg-wkb-multi", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    folder.tables["residential"] = table.set_geometry(
        gpd.GeoSeries([shapely.MultiPolygon([shape]) for shape in table.geometry], crs=table.crs)
    )


@good("good-geojson-crs84", expected=NAMED)
def _(folder: Folder) -> None:
    name = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    write_json(folder, "residential", {**geojson(folder, "residential"), "crs": name})


@good("good-geojson-4548", expected=NAMED)
def _(folder: Folder) -> None:
    document = json.loads(folder.tables["residential"].to_json(drop_id=True))
    document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}}
    write_json(folder, "residential", document)


@good("good-geojson-bom", expected=NAMED)
def _(folder: Folder) -> None:
    path = write_json(folder, "residential", geojson(folder, "residential"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


@good("good-geojson-number-texts", expected=NAMED)
def _(folder: Folder) -> None:
    document = geojson(folder, "residential")
    for feature in document["features"]:
        feature["properties"]["households"] = f"{feature['properties']['households']:,}户"
    write_json(folder, "residential", document)


# ------------------------------------------------------------------------------------------------------ coordinates

for _code in (4490, 4326, 4527, 4549, 4509, 32650):

    @good(f"good-crs-{_code}", expected=NAMED)
    def _(folder: Folder, code: int = _code) -> None:
        folder.tables["residential"] = folder.tables["residential"].to_crs(code)
        folder.tables["roads"] = folder.tables["roads"].to_crs(code)


@good("good-crs-compound", expected=NAMED)
def _(folder: Folder) -> None:
    folder.tables["residential"] = (
        folder.tables["residential"].to_crs("EPSG:4326").set_crs("EPSG:4326+5773", allow_override=True)
    )


@good("good-gcj02-declared")
def _(folder: Folder) -> None:
    folder.tables["facilities"] = moved(town.degrees(town.facilities()), gcj02)
    folder.inputs["facilities"] = {"datum": "gcj02"}


@good("good-bd09-declared")
def _(folder: Folder) -> None:
    folder.tables["facilities"] = moved(town.degrees(town.facilities()), bd09)
    folder.inputs["facilities"] = {"datum": "bd09"}


@good("good-csv-dms")
def _(folder: Folder) -> None:
    def sexagesimal(value: float) -> str:
        degrees, rest = divmod(value, 1)
        minutes, rest = divmod(rest * 60, 1)
        return f"{degrees:.0f}°{minutes:.0f}′{rest * 60:.5f}″"

    rows = sheet(folder)
    for row in rows[1:]:
        row[-2], row[-1] = sexagesimal(row[-2]), sexagesimal(row[-1])
    csv(folder, rows)


@good("good-csv-wkt")
def _(folder: Folder) -> None:
    shapes = town.degrees(town.residential()).geometry.to_wkt()
    rows = sheet(folder)
    csv(folder, [[*rows[0][:-2], "wkt"], *([*row[:-2], shape] for row, shape in zip(rows[1:], shapes, strict=True))])


# --------------------------------------------------------------------------------------------------------- tables

for _encoding in ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"):

    @good(f"good-csv-{_encoding}", expected=NAMED, quick=_encoding == "gbk")
    def _(folder: Folder, encoding: str = _encoding) -> None:
        text = csv_text(sheet(folder))
        mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
        folder.name("residential", "小区.csv", datum="wgs84").write_bytes((mark + text).encode(encoding))


for _id, _separator, _ending in (("semicolon", ";", "csv"), ("tab", "\t", "tsv"), ("tab-txt", "\t", "txt")):

    @good(f"good-csv-{_id}", expected=NAMED)
    def _(folder: Folder, separator: str = _separator, ending: str = _ending) -> None:
        text = csv_text(sheet(folder), separator)
        folder.name("residential", f"小区.{ending}", datum="wgs84").write_text(text, encoding="utf-8")


for _id, _end in (("unix", "\n"), ("mac", "\r")):

    @good(f"good-csv-lines-{_id}", expected=NAMED)
    def _(folder: Folder, end: str = _end) -> None:
        text = csv_text(sheet(folder)).replace("\r\n", end)
        folder.name("residential", "小区.csv", datum="wgs84").write_bytes(text.encode())


@good("good-csv-blank-lines", expected=NAMED)
def _(folder: Folder) -> None:
    text = csv_text(sheet(folder)).replace("\r\n", "\r\n\r\n") + ",,,,,,,,\r\n"
    folder.name("residential", "小区.csv", datum="wgs84").write_bytes(text.encode())


@good("good-csv-quoted-newline")
def _(folder: Folder) -> None:
    csv(folder, set_cell(sheet(folder), 2, "小区名称", "B小区\n（二期，东）"))


for _id, _value in {
    "unit": "1024户",
    "thousands": "1,024",
    "wide": "１０２４",
    "wide-comma": "１，０２４户",
    "wan": "0.1024万户",
    "blanks": " 1024 ",
    "no-break": "\u00a01024\u00a0",
    "point": "1024.0",
    "power": "1.024e3",
    "plus": "+1024",
    "sets": "1024套",
}.items():
    good(f"good-households-{_id}")(as_csv("户数", _value))

for _id, _value in {
    "mu": "0.3亩",
    "hectare": "0.02公顷",
    "wan": "0.02万㎡",
    "m2": "200 m²",
    "words": "200平方米",
    "wide": "２００．００㎡",
}.items():
    good(f"good-area-{_id}")(in_facilities("floor_area_m2", _value, 2))

for _id, _value in {"na": "NA", "null": "null", "none": "None", "true": "TRUE", "number": "007", "nan": "nan"}.items():

    @good(f"good-name-{_id}")
    def _(folder: Folder, value: str = _value) -> None:
        from .cases_tables import _names

        void(_names)
        as_csv("小区名称", value)(folder)


@good("good-ids-zeros")
def _(folder: Folder) -> None:
    names = {name: f"00{number}" for number, name in enumerate(town.AREAS)}
    folder.tables["entrances"] = town.entrances().assign(residential_id=list(names.values()))
    folder.tables["facilities"] = town.facilities().assign(serves=["", "000", "001", "002"])
    rows = sheet(folder)
    for row in rows[1:]:
        row[0] = names[row[0]]
    csv(folder, rows)


@good("good-ids-numbers-in-excel")
def _(folder: Folder) -> None:
    folder.tables["entrances"] = town.entrances().assign(residential_id=[str(number) for number in range(1, 7)])
    folder.tables["facilities"] = town.facilities().assign(serves=["", "1", "2", "3"])
    rows = sheet(folder)
    for at, row in enumerate(rows[1:]):
        row[0] = at + 1
    xlsx(folder, rows)


@good("good-id-na")
def _(folder: Folder) -> None:
    folder.tables["entrances"] = town.entrances().replace({"residential_id": {"D": "NA"}})
    csv(folder, set_cell(sheet(folder), 4, "小区编号", "NA"))


# ---------------------------------------------------------------------------------------------------------- Excel


@good("good-xlsx", expected=NAMED)
def _(folder: Folder) -> None:
    xlsx(folder, sheet(folder))


@good("good-xlsx-canonical", expected=NAMED)
def _(folder: Folder) -> None:
    xlsx(folder, sheet(folder, headings={}))


@good("good-xlsx-units-in-headings", expected=NAMED)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    rows[0] = [{"户数": "户数（户）", "常住人口": "常住人口(人)"}.get(name, f" {name} ") for name in rows[0]]
    xlsx(folder, rows)


@good("good-xlsx-fields", expected=NAMED)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    rows[0][2] = "2025年台账登记数"
    xlsx(folder, rows, fields={"households": "2025年台账登记数"})


@good("good-xlsx-title-rows", expected=NAMED)
def _(folder: Folder) -> None:
    def change(_book: Any, page: Any) -> None:
        page.merge_cells("A1:I1")

    xlsx(folder, [["某区小区台账（2025年）"], ["填报单位：某区民政局"], [], *sheet(folder)], change=change)


@good("good-xlsx-two-heading-rows", expected=NAMED)
def _(folder: Folder) -> None:
    def change(_book: Any, page: Any) -> None:
        page.merge_cells("C1:E1")
        for column in "ABFGHI":
            page.merge_cells(f"{column}1:{column}2")

    rows = sheet(folder)
    above = [*rows[0][:2], "户数和人口", "", "", *rows[0][5:]]
    below = ["", "", *rows[0][2:5], "", "", "", ""]
    xlsx(folder, [above, below, *rows[1:]], change=change)


@good("good-xlsx-formula-saved", expected=NAMED)
def _(folder: Folder) -> None:
    path = xlsx(folder, sheet(folder))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    cell = b'<c r="C3" t="n"><v>1024</v></c>'
    body = members["xl/worksheets/sheet1.xml"]
    if cell not in body:
        raise ValueError("the workbook is written another way")
    members["xl/worksheets/sheet1.xml"] = body.replace(cell, b'<c r="C3"><f>512*2</f><v>1024</v></c>')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@good("good-xlsx-empty-sheets", expected=NAMED)
def _(folder: Folder) -> None:
    xlsx(folder, sheet(folder), change=lambda book, _page: (book.create_sheet("Sheet2"), book.create_sheet("Sheet3")))


@good("good-xlsx-sheet-named", expected=NAMED)
def _(folder: Folder) -> None:
    xlsx(
        folder, sheet(folder), change=lambda book, _page: book.create_sheet("2019年", 0).append(["别的"]), layer="台账"
    )


@good("good-xlsx-number-texts", expected=NAMED)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    xlsx(folder, [rows[0], *([row[0], row[1], str(row[2]), *row[3:]] for row in rows[1:])])


@good("good-xlsx-columns-beside", expected=NAMED)
def _(folder: Folder) -> None:
    xlsx(folder, [[*row, "备注" if at == 0 else None, None] for at, row in enumerate(sheet(folder))])


good("good-xlsx-wide-digits")(as_xlsx("户数", "１０２４"))


@good("good-xlsx-facilities")
def _(folder: Folder) -> None:
    headings = {
        "facility_id": "设施编号",
        "name": "设施名称",
        "level": "设施级别",
        "kind": "设施类型",
        "status": "状态",
        "floor_area_m2": "建筑面积（㎡）",
        "serves": "服务小区",
        "lon": "经度",
        "lat": "纬度",
    }
    words = {
        "street": "街道",
        "community": "社区",
        "centre": "综合养老服务中心",
        "station": "养老驿站",
        "operating": "运营中",
    }
    rows = sheet(folder, "facilities", headings)
    xlsx(folder, [[words.get(cell, cell) for cell in row] for row in rows], "facilities", file="设施台账.xlsx")


@good("good-join", expected=NAMED)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    pd.DataFrame(table.drop(columns="geometry")).to_csv(folder.path / "台账.csv", index=False, encoding="gbk")
    folder.tables["residential"] = table[["residential_id", "geometry"]]
    folder.inputs["residential"] = {"table": "台账.csv", "join": "residential_id"}


@good("good-plan-bom")
def _(folder: Folder) -> None:
    for name in list(folder.tables):
        gpkg(folder, name)
    folder.text = b"\xef\xbb\xbf" + _text(folder)


def _text(folder: Folder) -> bytes:
    made = folder.write()
    return Path(made).read_bytes()


@good("good-plan-name-path")
def _(folder: Folder) -> None:
    folder.keys["plan"] = folder.keys["plan"].replace('"一条街"', '"../../x <b>\\u4e00/条:街*?|"')


@good("good-plan-crlf")
def _(folder: Folder) -> None:
    for name in list(folder.tables):
        gpkg(folder, name)
    folder.text = _text(folder).replace(b"\n", b"\r\n")


# ------------------------------------------------------------------------------------------------------------ roads


@good("good-roads-osm")
def _(folder: Folder) -> None:
    text = osm(folder)
    folder.name("roads", "道路.osm").write_text(text, encoding="utf-8")


@good("good-roads-pbf")
def _(folder: Folder) -> None:
    import osmium

    text = folder.path / "x.osm"
    text.write_text(osm(folder), encoding="utf-8")
    with osmium.SimpleWriter(str(folder.name("roads", "道路.osm.pbf"))) as writer:
        for one in osmium.FileProcessor(str(text)):
            writer.add(one)
    text.unlink()


@good("good-roads-graphml")
def _(folder: Folder) -> None:
    text = graphml(folder)
    folder.name("roads", "道路.graphml").write_text(text, encoding="utf-8")


@good("good-roads-chinese-classes")
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    folder.tables["roads"] = roads.drop(columns="highway").assign(道路等级="支路")


@good("good-roads-3d-reversed")
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    folder.tables["roads"] = roads.set_geometry(
        gpd.GeoSeries(shapely.force_3d(roads.geometry.reverse(), 30.0), crs=roads.crs)
    )
