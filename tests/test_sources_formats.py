"""One small town written to every format comes back as the same rows, and what no reader reads gets a clear word.

The town: four areas of 100 m × 100 m (1 ha) in EPSG:4548 with 1, 2, 4 and 8 hundred households; ids with leading zeros,
a name with a comma and quotes in it, one that pandas would take for missing, one with a rare character.
"""

from __future__ import annotations

import json
import shutil
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from doors import raw

from planning import tables
from planning.sources import columns as cols
from planning.sources import values
from planning.sources.ledger import Notes, Origin

ZONE = "EPSG:4548"
X0, Y0 = 500_000.0, 4_050_000.0
IDS = ["001", "002", "010", "440106199001011234"]
NAMES = ["莲池小区", '东方,“花园”"二期"', "NA", "濮阳里"]
HOUSEHOLDS = [100, 200, 400, 800]
SQUARES = [shapely.box(X0 + 200 * at, Y0, X0 + 200 * at + 100, Y0 + 100) for at in range(4)]
NEAR_M = 0.02
"""GeoJSON and KML are written to 1e-7 degrees, which is 1 cm; MapInfo rounds to its grid."""


def town(*, crs=ZONE):
    columns = {"编号": IDS, "名称": NAMES, "户数": HOUSEHOLDS}
    return gpd.GeoDataFrame(columns, geometry=SQUARES, crs=ZONE).to_crs(crs)


def canonical(found, name="residential"):
    """Return the canonical values of what was read, and the rows set aside or refused."""
    table = tables.contract(name)
    notes = Notes(name, Origin("f", found.layer, found.rows))
    live = ~np.logical_or.reduce([np.zeros(len(found.rows), dtype=bool), *found.dropped.values()])
    known = cols.map_columns(table, found, {}, notes.origin)
    assert not known.faults
    frame = values.canonical(known.known, table, notes, live)
    assert not notes.marked("refused").any()
    return frame[live].reset_index(drop=True), found.geometry[live] if found.geometry is not None else None


def assert_is_the_town(found):
    """Four rows in the order they were written in, each value and shape the one written; nothing lost on the way."""
    frame, shapes = canonical(found)
    order = np.argsort(frame["households"].to_numpy())  # FlatGeobuf sorts its rows by place
    frame = frame.iloc[order]
    assert found.read == len(found.rows)
    assert frame["residential_id"].tolist() == IDS
    assert frame["name"].tolist() == NAMES
    assert frame["households"].tolist() == HOUSEHOLDS
    if shapes is not None:
        metric = gpd.GeoSeries(shapes[order], crs=found.crs or ZONE).to_crs(ZONE)
        assert all(one.hausdorff_distance(two) < NEAR_M for one, two in zip(metric, SQUARES, strict=True))
        assert np.allclose(metric.area, 10_000, rtol=0, atol=4 * 100 * NEAR_M)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "数据 资料"
    folder.mkdir()
    return folder


# --------------------------------------------------------------------------------------------------- writing the town


def write_gdal(driver, *, crs=ZONE, **options):
    def write(path):
        pyogrio.write_dataframe(town(crs=crs), path, driver=driver, **options)

    return write


def write_shp(encoding, *, cpg):
    def write(path):
        pyogrio.write_dataframe(town(), path, driver="ESRI Shapefile", encoding=encoding)
        mark = path.with_suffix(".cpg")
        mark.write_text(cpg) if cpg else mark.unlink(missing_ok=True)

    return write


def zipped(write, inner, prefix=""):
    def make(path):
        folder = path.parent / "zip me"
        folder.mkdir()
        write(folder / inner)
        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted(folder.rglob("*")):
                if part.is_file():
                    archive.write(part, prefix + part.relative_to(folder).as_posix())
        shutil.rmtree(folder)

    return make


def write_sequence(separator):
    def write(path):
        features = json.loads(town(crs=4326).to_json())["features"]
        path.write_text("".join(f"{separator}{json.dumps(one, ensure_ascii=False)}\n" for one in features), "utf-8")

    return write


def placemark(shape, name, extra):
    ring = " ".join(f"{x:.9f},{y:.9f},0" for x, y in shape.exterior.coords)
    return (
        f"<Placemark><name>{name}</name>{extra}<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates>"
        "</LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def kml(body):
    return f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">{body}</kml>'


def kml_town(kind):
    """The values stand in Data, SimpleData, or in the table of the description, as different programs write them."""
    marks = []
    for shape, number, name, households in zip(town(crs=4326).geometry, IDS, NAMES, HOUSEHOLDS, strict=True):
        pairs = {"编号": number, "户数": households}
        extra = {
            "data": "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in pairs.items()),
            "simple": "<SchemaData>"
            + "".join(f'<SimpleData name="{k}">{v}</SimpleData>' for k, v in pairs.items())
            + "</SchemaData>",
            "table": "<table>" + "".join(f"<tr><td>{k}</td><td>{v}</td></tr>" for k, v in pairs.items()) + "</table>",
        }[kind]
        extra = (
            f"<description><![CDATA[{extra}]]></description>"
            if kind == "table"
            else f"<ExtendedData>{extra}</ExtendedData>"
        )
        marks.append(placemark(shape, name.replace('"', "&quot;"), extra))
    return kml(f"<Document><Folder><name>小区</name>{''.join(marks)}</Folder></Document>")


def write_kml(kind):
    return lambda path: path.write_text(kml_town(kind), "utf-8")


def write_kmz(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", kml_town("simple"))
        archive.writestr("files/icon.png", b"\x89PNG")


def dxf(entities, *, version="AC1021", page="ANSI_936", units=6, encoding="utf-8"):
    """Return a drawing; an entity is a flat list of codes and values."""
    head = [0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, version, 9, "$DWGCODEPAGE", 3, page]
    head += [9, "$INSUNITS", 70, units, 0, "ENDSEC", 0, "SECTION", 2, "ENTITIES"]
    pairs = [*head, *(word for one in entities for word in one), 0, "ENDSEC", 0, "EOF"]
    return ("\r\n".join(map(str, pairs)) + "\r\n").encode(encoding)


def outline(layer, shape, *, closed=1, more=()):
    points = list(shape.exterior.coords)[:-1]
    return [
        0,
        "LWPOLYLINE",
        8,
        layer,
        *more,
        90,
        len(points),
        70,
        closed,
        *(w for x, y in points for w in (10, x, 20, y)),
    ]


def label(layer, text, shape, *, kind="TEXT"):
    return [0, kind, 8, layer, 10, shape.centroid.x, 20, shape.centroid.y, 40, 5, 1, text]


def write_dxf(**options):
    def write(path):
        entities = [outline("小区界线", shape) for shape in SQUARES]
        for column, texts in (("编号", IDS), ("名称", NAMES), ("户数", HOUSEHOLDS)):
            entities += [label(column, text, shape) for text, shape in zip(texts, SQUARES, strict=True)]
        path.write_bytes(dxf(entities, **options))

    return write


def write_mapinfo(charset, *, truth="CP936"):
    """Write a MapInfo file in ``truth`` that states ``charset``."""

    def write(path):
        pyogrio.write_dataframe(town(), path, driver="MapInfo File", layer_options={"ENCODING": truth})
        head = path.read_bytes()
        for word in (b'"WindowsSimpChinese"', b"WindowsSimpChinese"):
            head = head.replace(word, word.replace(b"WindowsSimpChinese", charset.encode()))
        path.write_bytes(head)

    return write


def csv_text(separator=","):
    rows = [["编号", "名称", "户数（户）", "wkt"]]
    rows += [list(row) for row in zip(IDS, NAMES, map(str, HOUSEHOLDS), (one.wkt for one in SQUARES), strict=True)]
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    return "\r\n".join(separator.join(row) for row in quoted) + "\r\n"


def write_csv(encoding, *, bom=b"", separator=","):
    return lambda path: path.write_bytes(bom + csv_text(separator).encode(encoding))


def write_xlsx(path):
    book = openpyxl.Workbook()
    for row in (["编号", "名称", "户数"], *zip(IDS, NAMES, HOUSEHOLDS, strict=True)):
        book.active.append(list(row))
    book.save(path)


GOOD = {
    "a.gpkg": write_gdal("GPKG"),
    "gpkg.zip": zipped(write_gdal("GPKG"), "小区.gpkg"),
    "gbk cpg/a.shp": write_shp("GBK", cpg="GBK"),
    "936/a.shp": write_shp("GBK", cpg="936"),
    "cp936/a.shp": write_shp("GBK", cpg="cp936"),
    "gb18030/a.shp": write_shp("GB18030", cpg="GB18030"),
    "no mark/a.shp": write_shp("GBK", cpg=None),
    "wrong mark/a.shp": write_shp("GBK", cpg="UTF-8"),
    "latin mark/a.shp": write_shp("GBK", cpg="ISO-8859-1"),
    "utf8/a.shp": write_shp("UTF-8", cpg="UTF-8"),
    "utf8 no mark/a.shp": write_shp("UTF-8", cpg=None),
    "utf8 marked gbk/a.shp": write_shp("UTF-8", cpg="GBK"),
    "shp.zip": zipped(write_shp("GBK", cpg=None), "小区.shp"),
    "shp in folder.zip": zipped(write_shp("GBK", cpg="GBK"), "小区.shp", "资料/二级/"),
    "a.geojson": write_gdal("GeoJSON", crs=4326),
    "a.json": write_gdal("GeoJSON", crs=4326),
    "a.geojsonl": write_sequence(""),
    "rs.geojsons": write_sequence("\x1e"),
    "gdal.geojsonl": write_gdal("GeoJSONSeq", crs=4326),
    "lines.zip": zipped(write_sequence(""), "a.geojsonl"),
    "a.fgb": write_gdal("FlatGeobuf"),
    "a.parquet": lambda path: town().to_parquet(path),
    "degrees.parquet": lambda path: town(crs=4326).to_parquet(path),
    "a.gdb": write_gdal("OpenFileGDB", layer="小区"),
    "gdb.zip": zipped(write_gdal("OpenFileGDB", layer="小区"), "库.gdb"),
    "data.kml": write_kml("data"),
    "simple.kml": write_kml("simple"),
    "table.kml": write_kml("table"),
    "a.kmz": write_kmz,
    "r2007.dxf": write_dxf(),
    "r2007 latin.dxf": write_dxf(page="ANSI_1252"),
    "r2000.dxf": write_dxf(version="AC1015", encoding="gbk"),
    "r2000 latin.dxf": write_dxf(version="AC1015", page="ANSI_1252", encoding="gbk"),
    "dxf.zip": zipped(write_dxf(), "图.dxf"),
    "template units.dxf": write_dxf(units=4),
    "gbk/a.tab": write_mapinfo("WindowsSimpChinese"),
    "neutral/a.tab": write_mapinfo("Neutral"),
    "latin/a.tab": write_mapinfo("WindowsLatin1"),
    "tab.zip": zipped(write_mapinfo("WindowsSimpChinese"), "小区.tab"),
    "gbk.mif": write_mapinfo("WindowsSimpChinese"),
    "latin.mif": write_mapinfo("WindowsLatin1"),
    "mif.zip": zipped(write_mapinfo("WindowsSimpChinese"), "小区.mif"),
    "utf8.csv": write_csv("utf-8"),
    "utf8 bom.csv": write_csv("utf-8-sig"),
    "gbk.csv": write_csv("gbk"),
    "gb18030.csv": write_csv("gb18030"),
    "utf16le bom.csv": write_csv("utf-16-le", bom=b"\xff\xfe"),
    "utf16be bom.csv": write_csv("utf-16-be", bom=b"\xfe\xff"),
    "utf16le.csv": write_csv("utf-16-le"),
    "utf16be.csv": write_csv("utf-16-be"),
    "gb18030 bom.csv": write_csv("gb18030", bom=b"\x84\x31\x95\x33"),
    "a.tsv": write_csv("gbk", separator="\t"),
    "tab.txt": write_csv("utf-16-le", bom=b"\xff\xfe", separator="\t"),
    "semicolon.csv": write_csv("utf-8", separator=";"),
    "bar.csv": write_csv("utf-8", separator="|"),
    "csv.zip": zipped(write_csv("gbk"), "小区.csv"),
    "a.xlsx": write_xlsx,
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # GDAL on what it cannot write
def test_one_town_in_every_format(here, name):
    path = here / name
    path.parent.mkdir(exist_ok=True)
    GOOD[name](path)
    assert_is_the_town(raw(path, **({"layer": "小区界线"} if "dxf" in name else {})))


def test_there_are_more_than_forty_good_variants():
    assert len(GOOD) >= 40
