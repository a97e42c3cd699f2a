"""Files of every known format, and files that lie, are cut short, or mean harm."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from planning import plan as plans
from planning import sources, tables
from planning.errors import InputRefused
from planning.sources import csvs, draft, files, shapefile, zips
from planning.sources.raw import Dataset

ZONE = "EPSG:4548"
X0, Y0 = 500_000.0, 4_050_000.0
NAMES = ["莲池小区", "东方 花园", "", "王家村"]


def spec(path, name="residential", **keys):
    return plans.InputSpec(name=name, path=path.name, file=path, **keys)


def raw(path, name="residential", **keys):
    """Read a file as it stands, through the outer door."""
    found, _ = draft.open_raw(spec(path, name, **keys), path, tables.contract(name), layer=keys.get("layer"))
    return found


def refusal(path, name="residential", **keys):
    with pytest.raises(InputRefused) as caught:
        raw(path, name, **keys)
    faults = caught.value.faults
    assert all(fault.file == path.name for fault in faults)
    assert all(fault.message() and fault.remedy() for fault in faults)
    return [fault.code for fault in faults]


def areas(count=4):
    shapes = [shapely.box(X0 + 100 * at, Y0, X0 + 100 * at + 90, Y0 + 90) for at in range(count)]
    columns = {"小区名称": (NAMES * count)[:count], "户数": [2**at for at in range(count)]}
    return gpd.GeoDataFrame({"code": [f"00{at}" for at in range(count)], **columns}, geometry=shapes, crs=ZONE)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "数据 资料"
    folder.mkdir()
    return folder


# ------------------------------------------------------------------------------------------------------- shapefiles


def write_shapefile(folder, frame, *, encoding="GBK", cpg=None, stem="小区"):
    """Write a shapefile with this text encoding; ``cpg`` replaces what GDAL leaves, None takes it away."""
    path = folder / f"{stem}.shp"
    pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", encoding=encoding)
    mark = path.with_suffix(".cpg")
    mark.unlink(missing_ok=True)
    if cpg is not None:
        mark.write_text(cpg)
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0
    path.with_suffix(".dbf").write_bytes(bytes(dbf))
    return path


@pytest.mark.parametrize(
    ("encoding", "cpg", "ldid", "told"),
    [
        ("GBK", None, 0, "gb18030"),
        ("GBK", None, 0x57, "gb18030"),
        ("GBK", None, 0x4D, "gbk"),
        ("GBK", "936", 0, "gbk"),
        ("GBK", "ISO-8859-1", 0, "gb18030"),
        ("UTF-8", None, 0, "utf-8"),
        ("UTF-8", "UTF-8", 0, "utf-8"),
        ("UTF-8", "UTF8", 0x4D, "utf-8"),
    ],
)
def test_shapefiles_in_every_marking(here, encoding, cpg, ldid, told):
    """The names come back whole however the encoding is marked; a Latin mark over Chinese bytes is passed over."""
    path = write_shapefile(here, areas().rename(columns={"小区名称": "名称"}), encoding=encoding, cpg=cpg)
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    data[29] = ldid
    dbf.write_bytes(bytes(data))
    found = raw(path)
    assert found.encoding == told
    assert found.headers == ("code", "名称", "户数")
    assert found.frame["名称"].fillna("").tolist() == NAMES
    assert found.frame["户数"].tolist() == [1, 2, 4, 8]
    assert found.frame["code"].tolist() == ["000", "001", "002", "003"]
    assert (found.read, len(found.frame)) == (4, 4)
    assert found.crs == CRS.from_epsg(4548)


def test_a_wrong_mark_is_passed_over_with_a_word(here):
    path = write_shapefile(here, areas().rename(columns={"小区名称": "名称"}), cpg="UTF-8")
    found = raw(path)
    assert found.encoding == "gb18030"
    assert [fault.code for fault in found.faults] == ["encoding_mark_wrong"]
    assert raw(path, encoding="gbk").encoding == "gbk"
    assert refusal(path, encoding="utf-8") == ["encoding_undecided"]
    assert refusal(path, encoding="klingon") == ["encoding_unknown"]


def test_bytes_of_no_known_encoding_are_refused(here):
    path = write_shapefile(here, areas().rename(columns={"小区名称": "名称"}))
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace("莲".encode("gbk"), b"\xff\xff"))
    assert refusal(path) == ["encoding_undecided"]


def test_a_field_name_cut_in_mid_character(here):
    """小区名称 is 12 bytes of UTF-8; GDAL cuts at 10 and cannot read its own file: 小区名 is left, with all rows."""
    path = write_shapefile(here, areas().rename(columns={"小区名称": "xxxxxxxxxx"}), encoding="UTF-8")
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"xxxxxxxxxx", "小区名称".encode()[:10]))
    found = raw(path)
    assert found.headers[1] == "小区名"
    assert found.frame["小区名"].fillna("").tolist() == NAMES


def test_a_name_cut_by_the_width_of_its_field(here):
    """Five bytes hold two and a half characters of GBK: the whole ones are kept, and the file is still GBK."""
    path = write_shapefile(here, areas(2).assign(小区名称=["莲池x", "东x"]).rename(columns={"小区名称": "n"}))
    dbf = path.with_suffix(".dbf")
    wide = dbf.read_bytes()
    full = "莲池".encode("gbk") + "小".encode("gbk")[:1] * (wide[32 + 32 + 16] - 4)
    assert wide.count("莲池x".encode("gbk") + b" " * (len(full) - 5)) == 1
    dbf.write_bytes(
        wide.replace("莲池x".encode("gbk") + b" " * (len(full) - 5), full[:5].ljust(len(full), b"a")[:-1] + full[4:5])
    )
    assert raw(path).encoding == "gb18030"


def harmed(data, at, value):
    """Return ``data`` with one byte changed."""
    changed = bytearray(data)
    changed[at % len(changed)] = value
    return bytes(changed)


MAKERS = {
    "a.gpkg": lambda path: areas().to_file(path, driver="GPKG"),
    "a.fgb": lambda path: areas().to_file(path, driver="FlatGeobuf"),
    "a.geojson": lambda path: areas().to_file(path, driver="GeoJSON"),
    "a.xlsx": lambda path: workbook(path, [["小区编号", "户数"], ["1", 2], ["2", 3]]),
    "a.osm.pbf": lambda path: write_osm(path),  # noqa: PLW0108 - defined further down
    "a.graphml": lambda path: path.write_text(GRAPH, encoding="utf-8"),
    "a.csv": lambda path: path.write_text(CSV, encoding="gbk"),
    "a.parquet": lambda path: areas().to_parquet(path),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MAKERS, "shp", "shx", "dbf"])
@given(at=st.integers(0, 1 << 20), value=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore")
def test_a_file_with_one_byte_changed_or_its_end_cut_off(here, name, at, value, cut):
    """Refused, or read with as many rows as were counted by the other way; never a crash, never a row in silence."""
    path = here / (name if name in MAKERS else "小区.shp")
    target = path if name in MAKERS else path.with_suffix(f".{name}")
    keep = here / "whole"
    if not keep.exists():
        MAKERS[name](path) if name in MAKERS else write_shapefile(here, areas())
        keep.write_bytes(target.read_bytes())
    whole = keep.read_bytes()
    target.write_bytes(whole[: at % len(whole)] if cut else harmed(whole, at, value))
    try:
        found = raw(path, "roads")
    except InputRefused:
        return
    assert found.read >= len(found.rows)
    assert len(found.rows) == len(found.frame)


def test_long_numbers_keep_their_digits(here):
    frame = areas(2).assign(code=[440106199001011234, 7])[["code", "geometry"]]
    path = write_shapefile(here, frame)
    assert raw(path).frame["code"].tolist() == [440106199001011234, 7]


def test_deleted_records_are_no_rows(here):
    """The second of four records is marked deleted in the .dbf: three rows, counted and read alike."""
    path = write_shapefile(here, areas())
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    start, width = struct.unpack("<HH", data[8:12])
    data[start + width] = ord("*")
    dbf.write_bytes(bytes(data))
    found = raw(path)
    assert (found.read, len(found.frame), len(found.geometry)) == (3, 3, 3)
    assert found.rows.tolist() == [1, 3, 4]
    assert found.geometry[1].bounds[0] == X0 + 200


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_shapefile_without_a_part(here, part):
    path = write_shapefile(here, areas())
    path.with_suffix(part).unlink()
    assert refusal(path) == ["shapefile_part_missing"]


def cut_shp(path):
    path.write_bytes(path.read_bytes()[:-50])


def short_shx(path):
    """One entry fewer, with the length in the header made to fit."""
    data = bytearray(path.with_suffix(".shx").read_bytes()[:-8])
    data[24:28] = struct.pack(">i", len(data) // 2)
    path.with_suffix(".shx").write_bytes(bytes(data))


def wandering_shx(path):
    data = bytearray(path.with_suffix(".shx").read_bytes())
    data[100:104] = struct.pack(">i", 1 << 28)
    path.with_suffix(".shx").write_bytes(bytes(data))


def short_dbf(path):
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    data[4:8] = struct.pack("<I", 3)
    path.with_suffix(".dbf").write_bytes(bytes(data))


def cut_dbf(path):
    path.with_suffix(".dbf").write_bytes(path.with_suffix(".dbf").read_bytes()[:-20])


@pytest.mark.parametrize("harm", [cut_shp, short_shx, wandering_shx, short_dbf, cut_dbf])
def test_parts_that_disagree(here, harm):
    path = write_shapefile(here, areas())
    harm(path)
    assert refusal(path) == ["shapefile_disagrees"]


def test_parts_in_mixed_case(here):
    path = write_shapefile(here, areas())
    path.with_suffix(".dbf").rename(path.with_suffix(".DBF"))
    assert raw(path).read == 4


def test_an_empty_shapefile(here):
    path = write_shapefile(here, areas().iloc[:0])
    assert raw(path).read == 0


# ------------------------------------------------------------------------------------------------------------- zips


def pack(path, members, *, flag=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


class Gbk(zipfile.ZipInfo):
    """A member whose name is written as GBK bytes, without the flag of UTF-8."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gbk"), self.flag_bits


def parts(folder, **options):
    inner = folder / "inner"
    inner.mkdir(exist_ok=True)
    path = write_shapefile(inner, areas(), **options)
    return [(part.name, part.read_bytes()) for part in sorted(inner.iterdir()) if part.stem == path.stem]


@pytest.mark.parametrize("prefix", ["", "资料/2025/", "./"])
def test_a_zipped_shapefile_also_in_a_folder(here, prefix):
    path = pack(
        here / "a.zip",
        [(prefix + name, data) for name, data in parts(here)] + [("__MACOSX/x", b"x"), ("读我.txt", b"")],
    )
    found = raw(path)
    assert found.frame["户数"].tolist() == [1, 2, 4, 8]


def test_names_packed_by_windows_in_gbk(here):
    """Windows packs Chinese names as GBK bytes without the UTF-8 flag."""
    members = []
    for name, data in parts(here):
        members.append((Gbk(name), data))
    path = pack(here / "a.zip", members)
    with zipfile.ZipFile(path) as archive:
        assert {zips.member_name(info) for info in archive.infolist()} >= {"小区.shp"}
    assert raw(path).layer == "小区"


def test_several_datasets_in_a_zip_are_picked_by_layer(here):
    members = parts(here) + parts(here, stem="另一个")
    path = pack(here / "a.zip", members)
    assert refusal(path) == ["zip_several"]
    assert raw(path, layer="小区").layer == "小区"
    assert refusal(pack(here / "b.zip", [("readme.md", b"x")])) == ["zip_no_dataset"]


@pytest.mark.parametrize("part", ["shp", "shx", "dbf"])
def test_a_zip_whose_shapefile_lacks_a_part(here, part):
    path = pack(here / "a.zip", [(name, data) for name, data in parts(here) if not name.endswith(part)])
    assert refusal(path) == ["shapefile_part_missing"]


@pytest.mark.parametrize("name", ["../evil.shp", "/etc/evil.shp", "a/../../evil.shp", "..\\evil.shp", "C:evil.shp"])
def test_members_that_leave_the_folder(here, name):
    path = pack(here / "a.zip", [(name, b"x")])
    assert refusal(path) == ["zip_unsafe"]
    assert not (here.parent / "evil.shp").exists()


def test_links_and_names_that_stand_twice(here):
    link = zipfile.ZipInfo("a.shp")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refusal(pack(here / "a.zip", [(link, b"/etc/passwd")])) == ["zip_unsafe"]
    with pytest.warns(UserWarning, match="Duplicate"):
        path = pack(here / "b.zip", [("a.csv", b"x"), ("a.csv", b"y")])
    assert refusal(path) == ["zip_unsafe"]
    assert refusal(pack(here / "c.zip", [("a.csv", b"x"), ("A.CSV", b"y")])) == ["zip_unsafe"]


def test_bombs(here):
    """64 MB of blanks pack to some 64 kB, a thousand to one; and ten thousand empty members."""
    assert refusal(pack(here / "a.zip", [("a.csv", b" " * (64 << 20))])) == ["zip_bomb"]
    assert refusal(pack(here / "b.zip", [(f"{at}.csv", b"") for at in range(zips.MAX_MEMBERS + 1)])) == ["zip_bomb"]


def test_nested_broken_and_foreign_zips(here):
    inner = pack(here / "inner.zip", parts(here))
    assert refusal(pack(here / "a.zip", [("inner.zip", inner.read_bytes())])) == ["zip_nested"]
    (here / "b.zip").write_bytes(inner.read_bytes()[:-30])
    assert refusal(here / "b.zip") == ["zip_broken"]
    data = bytearray(inner.read_bytes())
    data[200] ^= 0xFF
    (here / "c.zip").write_bytes(bytes(data))
    assert refusal(here / "c.zip") in (["zip_broken"], ["shapefile_part_missing"])
    assert refusal(pack(here / "d.zip", [("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")])) == [
        "format_unknown"
    ]


# -------------------------------------------------------------------------------------------------- what a file is


VRT_LAYER = '<OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
VRT = f"<OGRVRTDataSource>{VRT_LAYER}</OGRVRTDataSource>"
GDALG = json.dumps({"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"})


@pytest.mark.parametrize("ending", ["geojson", "shp", "gpkg", "csv", "vrt", "xlsx", "fgb", "kml"])
@pytest.mark.parametrize("text", [VRT, "\ufeff<?xml version='1.0'?><!-- x -->\n" + VRT, GDALG])
def test_descriptions_of_data_elsewhere_are_refused_under_any_name(here, ending, text):
    path = here / f"a.{ending}"
    path.write_text(text, encoding="utf-8")
    assert refusal(path) == ["format_refused"]
    assert refusal(pack(here / "a.zip", [(f"a.{ending}", text)])) in (["format_refused"], ["zip_no_dataset"])


def test_drivers_that_reach_elsewhere_are_off_in_a_fresh_process():
    """The second wall: should a description pass the sniffing, GDAL has no driver for it."""
    code = "from planning.sources import layers; print(*layers.gdal().list_drivers(), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    drivers = set(done.stdout.split("\n"))
    assert {"GPKG", "ESRI Shapefile", "GeoJSON", "FlatGeobuf", "OpenFileGDB"} <= drivers
    assert not {"OGR_VRT", "VRT", "WFS", "OAPIF", "CSW", "HTTP", "GDALG", "GTI", "GML", "OSM"} & drivers


def test_a_dtd_is_refused(here):
    bomb = '<?xml version="1.0"?><!DOCTYPE graphml [<!ENTITY a "aaaa">]><graphml>&a;</graphml>'
    for name, text in (
        ("a.graphml", bomb),
        ("a.osm", bomb.replace("graphml", "osm")),
        ("a.kml", bomb.replace("graphml", "kml")),
    ):
        (here / name).write_text(text)
        assert refusal(here / name, "roads") == ["xml_dtd"]
    (here / "b.graphml").write_bytes(bomb.replace("1.0", '1.0" encoding="utf-16').encode("utf-16"))
    assert refusal(here / "b.graphml", "roads") in (["xml_dtd"], ["format_unknown"])


def test_a_link_crs_is_refused(here):
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "link", "properties": {"href": "http://127.0.0.1:1/x"}},
        "features": [],
    }
    path = here / "a.geojson"
    path.write_text(json.dumps(document))
    assert refusal(path) == ["geojson_link_crs"]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.dwg", b"AC1032" + b"\0" * 100, "format_dwg"),
        ("a.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 100, "format_xls"),
        ("a.gpkg", b"", "file_empty"),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 100, "file_broken"),
        ("a.pdf", b"%PDF-1.7", "format_pdf"),
        ("a.geojson", b"{", "json_broken"),
        ("a.geojson", b'{"type": "Topology"}', "format_unknown"),
        ("a.geojson", b"[" * 100_000, "json_broken"),
        ("a.gml", b"<gml:FeatureCollection/>", "format_unknown"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 50, "zip_broken"),
        ("a.osm.pbf", b"\0\0\0\x0e\n\tOSMHeader" + b"\xff" * 40, "file_broken"),
        ("a.parquet", b"PAR1" + b"\0" * 40, "file_broken"),
        ("a.fgb", b"fgb\x03fgb\x01" + b"\0" * 40, "layer_none"),
    ],
)
def test_files_that_are_not_what_we_read(here, name, data, code):
    (here / name).write_bytes(data)
    assert refusal(here / name, "roads") == [code]


def test_folders(here):
    assert refusal(here) == ["file_is_folder"]


def test_the_refusal_of_an_unknown_format_lists_the_known_ones(here):
    (here / "a.tab").write_bytes(b"!table")
    with pytest.raises(InputRefused) as caught:
        raw(here / "a.tab")
    assert ".gpkg" in caught.value.faults[0].remedy("zh")


@given(
    data=st.binary(max_size=200),
    ending=st.sampled_from(["gpkg", "shp", "csv", "geojson", "xlsx", "osm", "graphml", "fgb", "kml", "zip"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_is_refused_or_read_but_never_a_crash(here, data, ending):
    path = here / f"noise.{ending}"
    path.write_bytes(data)
    try:
        found = raw(path, "roads")
    except InputRefused:
        return
    assert found.read == len(found.rows)


# ------------------------------------------------------------------------------------------------------- GeoPackage


def test_a_stale_count_hides_no_row(here):
    """The stored count says 2, the table has 4: all four are read."""
    path = here / "a.gpkg"
    areas().to_file(path, driver="GPKG", layer="小区")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE gpkg_ogr_contents SET feature_count = 2")
    connection.close()
    found = raw(path)
    assert (found.read, len(found.frame), found.layer) == (4, 4, "小区")


def test_layers_of_a_geopackage(here):
    path = here / "a.gpkg"
    areas().to_file(path, driver="GPKG", layer="一")
    areas(1).to_file(path, driver="GPKG", layer="二; DROP")
    assert refusal(path) == ["layer_needed"]
    assert raw(path, layer="二; DROP").read == 1
    assert refusal(path, layer="三") == ["layer_unknown"]


def test_a_geopackage_in_wal_mode_is_read_beside_the_users_folder(here):
    path = here / "a.gpkg"
    areas().to_file(path, driver="GPKG", layer="a")
    connection = sqlite3.connect(path)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        connection.create_function(name, 1, lambda _: 0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE a SET 户数 = 16 WHERE 户数 = 8")
    connection.commit()
    before = sorted(here.iterdir())
    assert raw(path).frame["户数"].tolist() == [1, 2, 4, 16]
    assert sorted(here.iterdir()) == before
    connection.close()


def test_an_unfinished_journal_and_a_plain_database(here):
    path = here / "a.gpkg"
    areas().to_file(path, driver="GPKG")
    (here / "a.gpkg-journal").write_bytes(b"x" * 600)
    assert refusal(path) == ["gpkg_journal"]
    other = here / "b.gpkg"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    assert refusal(other) == ["gpkg_not_geopackage"]


def test_integers_beside_empty_cells_keep_their_digits(here):
    frame = areas(2).assign(code=pd.array([440106199001011234, None], dtype="Int64"))
    frame.to_file(here / "a.gpkg", driver="GPKG")
    assert raw(here / "a.gpkg").frame["code"].tolist()[0] == 440106199001011234


def test_a_table_without_shapes(here):
    path = here / "a.gpkg"
    pyogrio.write_dataframe(
        pd.DataFrame({"residential_id": ["A"], "pool_id": ["P"]}), path, driver="GPKG", layer="pools"
    )
    found = raw(path, "pools")
    assert found.geometry is None
    assert found.frame["pool_id"].tolist() == ["P"]


# ---------------------------------------------------------------------------------------------------- other vectors


@pytest.mark.parametrize(
    ("name", "driver"), [("a.geojson", "GeoJSON"), ("a.fgb", "FlatGeobuf"), ("a.gdb", "OpenFileGDB"), ("a.kml", "KML")]
)
def test_other_vector_formats(here, name, driver):
    frame = areas().to_crs(4326).astype({"户数": "int32"})
    if driver == "KML":
        frame = frame.rename(columns={"小区名称": "Name"})
    pyogrio.write_dataframe(frame, here / name, driver=driver)
    found = raw(here / name)
    assert found.read == len(found.frame) == 4
    assert CRS.from_epsg(4326) == found.crs
    assert sum(shapely.area(found.geometry)) == pytest.approx(frame.geometry.union_all().area)


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.fgb", "a.gdb", "a.kml", "a.parquet", "a.zip"])
def test_reading_leaves_no_trace_beside_the_file(here, name):
    frame = areas().to_crs(4326).astype({"户数": "int32"}).rename(columns={"小区名称": "Name"})
    if name == "a.parquet":
        frame.to_parquet(here / name)
    elif name == "a.zip":
        pack(here / name, parts(here))
    else:
        pyogrio.write_dataframe(frame, here / name, driver={"a.kml": "KML", "a.gdb": "OpenFileGDB"}.get(name))
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    assert raw(here / name).read == 4
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before


def test_every_part_of_a_shapefile_is_recorded(here):
    path = write_shapefile(here, areas())
    _, found = draft.open_raw(spec(path), path, tables.contract("residential"), layer=None)
    assert found[0] == path
    assert {part.suffix for part in found} == {".shp", ".shx", ".dbf", ".prj"}


def test_a_zipped_geodatabase(here):
    pyogrio.write_dataframe(areas().astype({"户数": "int32"}), here / "a.gdb", driver="OpenFileGDB", layer="小区")
    members = [(f"a.gdb/{part.name}", part.read_bytes()) for part in sorted((here / "a.gdb").iterdir())]
    found = raw(pack(here / "a.zip", members))
    assert (found.layer, found.read) == ("小区", 4)


def test_geoparquet(here):
    areas().to_parquet(here / "a.parquet")
    found = raw(here / "a.parquet")
    assert found.read == 4
    assert found.frame["户数"].tolist() == [1, 2, 4, 8]


def test_a_geojson_that_says_its_crs_and_one_without_features(here):
    areas().to_file(here / "a.geojson", driver="GeoJSON")
    assert raw(here / "a.geojson").crs == CRS.from_epsg(4548)
    (here / "b.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert raw(here / "b.geojson").read == 0


# ----------------------------------------------------------------------------------------------------------- tables

CSV = '编号,名称,户数\n001,莲池,120户\n002,"东方,\n花园","1,200"\n\n,,\n003,NA,\n'


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_csv_in_every_encoding(here, encoding, told):
    """Five lines of content in four records; the cell with a line end inside keeps it; blank lines are no rows."""
    path = here / "a.csv"
    path.write_bytes(CSV.encode(encoding))
    found = raw(path)
    assert found.encoding == told
    assert found.frame["名称"].tolist() == ["莲池", "东方,\n花园", "NA"]
    assert found.frame["编号"].tolist() == ["001", "002", "003"]
    assert found.rows.tolist() == [2, 3, 6]
    assert found.read == 3


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zero_bytes(here, encoding):
    (here / "a.csv").write_bytes(CSV.encode(encoding))
    found = raw(here / "a.csv")
    assert (found.read, found.encoding) == (3, encoding)
    assert [fault.code for fault in found.faults] == ["encoding_guessed"]
    assert raw(here / "a.csv", encoding=encoding).read == 3


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_other_separators(here, separator):
    path = here / "a.tsv"
    path.write_text(f"编号{separator}名称\n1{separator}甲\n", encoding="utf-8")
    assert raw(path).headers == ("编号", "名称")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('a,b\n1,"open\n', "csv_broken"),
        ("a,b\n1,\0\n", "csv_broken"),
        ("a,b\n1,2,3\n4,5,6\n", "csv_ragged"),
        ("\n\n", "table_empty"),
    ],
)
def test_broken_csv(here, text, code):
    (here / "a.csv").write_text(text)
    assert set(refusal(here / "a.csv")) == {code}


def test_ragged_rows_are_all_named(here):
    (here / "a.csv").write_text("a,b\n1,2,3\n4,5\n4,5,6\n7\n")
    with pytest.raises(InputRefused) as caught:
        raw(here / "a.csv")
    assert [fault.row for fault in caught.value.faults] == [2, 4]


def test_bytes_that_are_no_text(here):
    (here / "a.csv").write_bytes(b"a,b\n\xff\xff\xff,1\n")
    assert refusal(here / "a.csv") == ["encoding_undecided"]


CELL = st.text(alphabet=st.sampled_from('ab,"\n\r \t甲0'), max_size=6)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None)
def test_the_count_agrees_with_a_csv_writer(records, end):
    """Whatever stands in the cells, as many records are counted as a csv reader finds with anything in them."""
    import csv
    import io

    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator=end, quoting=csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL).writerows(records)
    found = csv.reader(io.StringIO(sink.getvalue(), newline=""), strict=True)
    assert csvs.count_records(sink.getvalue(), ",") == sum(any(map(str.strip, record)) for record in found)


def workbook(path, rows, *, sheet="表", more=()):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for name, state in more:
        book.create_sheet(name).append(["小区编号"])
        book[name].sheet_state = state
    book.save(path)
    return path


def test_a_workbook(here):
    rows = [
        ["2025 年台账"],
        ["小区编号", "户数", "户数", None],
        ["001", 120, 1.5, "无表头"],
        [None, " "],
        ["002", "1.2万", None],
    ]
    found = raw(workbook(here / "a.xlsx", rows))
    assert found.headers == ("小区编号", "户数", "户数", "column_D")
    assert list(found.frame.columns) == ["小区编号", "户数", "户数_2", "column_D"]
    assert found.rows.tolist() == [3, 5]
    assert (found.read, found.layer) == (2, "表")


def test_sheets(here):
    path = workbook(here / "a.xlsx", [["小区编号"], ["1"]], more=[("隐藏", "hidden")])
    assert raw(path).layer == "表"
    path = workbook(here / "b.xlsx", [["小区编号"], ["1"]], more=[("第二", "visible")])
    assert refusal(path) == ["layer_needed"]
    assert raw(path, layer="表").read == 1
    assert refusal(path, layer="没有") == ["layer_unknown"]


def test_formulas_without_a_result_stop_the_run_merged_cells_are_warned_of(here):
    book = openpyxl.Workbook()
    for row in (["小区编号", "户数"], ["1", "=1+1"], ["2", 3]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(here / "a.xlsx")
    found = raw(here / "a.xlsx")
    assert found.uncalculated == ((2, "户数"),)
    assert [fault.code for fault in found.faults] == ["cells_filled"]


def test_a_workbook_that_claims_a_smaller_sheet(here):
    """The dimension in the XML says A1:A2; all rows are read nevertheless."""
    path = workbook(here / "a.xlsx", [["小区编号", "户数"], *([str(at), at] for at in range(5))])
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    members = [(name, data.replace(b'ref="A1:B6"', b'ref="A1:A2"')) for name, data in members]
    found = raw(pack(here / "b.xlsx", members))
    assert (found.read, len(found.frame), found.frame.shape[1]) == (5, 5, 2)


# ------------------------------------------------------------------------------------------------------------- roads


def write_osm(path):
    """A street of three nodes, a bridge, a motorway closed to feet, a way half outside, and a river that is no road."""
    with osmium.SimpleWriter(str(path)) as writer:
        for at in range(5):
            writer.add_node(osmium.osm.mutable.Node(id=at + 1, location=(117.0 + at / 1000, 36.6)))
        ways = [
            (11, [1, 2, 3], {"highway": "residential", "name": "莲池路", "oneway": "yes"}),
            (12, [3, 4], {"highway": "footway", "bridge": "yes", "layer": "2", "foot": "designated"}),
            (13, [4, 5], {"highway": "service", "access": "private", "tunnel": "yes"}),
            (14, [5, 99, 1], {"highway": "path"}),
            (15, [1, 2, 99], {"highway": "path"}),
            (16, [1, 5], {"waterway": "river"}),
        ]
        for ref, nodes, tags in ways:
            writer.add_way(osmium.osm.mutable.Way(id=ref, nodes=nodes, tags=tags))
    return path


@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm"])
def test_openstreetmap(here, name):
    found = raw(write_osm(here / name), "roads")
    assert found.read == 5
    assert found.frame["road_id"].tolist() == ["11", "12", "13", "14", "15"]
    assert found.frame["level"].tolist() == [0, 2, -1, 0, 0]
    assert found.frame["walkable"].tolist() == [None, True, False, None, None]
    assert found.node_ids[0] == ("1", "2", "3")
    assert found.geometry[0].coords[1] == (117.001, 36.6)
    assert found.geometry[3] is None
    assert found.flagged["way_cut"].tolist() == [False, False, False, True, True]
    assert found.node_ids[4] == ("1", "2")


def test_openstreetmap_serves_roads_only(here):
    assert refusal(write_osm(here / "a.osm.pbf"), "residential") == ["osm_only_roads"]


GRAPH = """<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="graph" attr.name="crs" attr.type="string"/><key id="d1" for="node" attr.name="x" attr.type="string"/>
<key id="d2" for="node" attr.name="y" attr.type="string"/><key id="d3" for="edge" attr.name="osmid" attr.type="string"/>
<key id="d4" for="edge" attr.name="highway" attr.type="string"/>
<key id="d5" for="edge" attr.name="geometry" attr.type="string"/>
<graph edgedefault="directed"><data key="d0">epsg:4326</data>
<node id="1"><data key="d1">117.0</data><data key="d2">36.6</data></node>
<node id="2"><data key="d1">117.001</data><data key="d2">36.6</data></node>
<edge source="2" target="1" id="0"><data key="d3">7</data><data key="d4">residential</data></edge>
<edge source="1" target="2" id="0"><data key="d3">7</data><data key="d4">residential</data></edge>
<edge source="1" target="2" id="1"><data key="d3">[8, 9]</data><data key="d4">['path', 'steps']</data>
<data key="d5">LINESTRING (117 36.6, 117.0005 36.601, 117.001 36.6)</data></edge>
<edge source="2" target="1" id="1"><data key="d3">[8, 9]</data><data key="d4">['path', 'steps']</data>
<data key="d5">LINESTRING (117.001 36.6, 117.0005 36.602, 117 36.6)</data></edge>
</graph></graphml>"""


def test_graphml(here):
    """Edge 7 both ways is one road, kept from node 1; the two ways of [8, 9] differ in their middle and both stay."""
    path = here / "a.graphml"
    path.write_text(GRAPH, encoding="utf-8")
    found = raw(path, "roads")
    assert found.read == 4
    assert found.dropped["reverse_twin"].tolist() == [True, False, False, False]
    assert found.frame["highway"].tolist()[2] == "['path', 'steps']"
    assert found.node_ids[1] == ("1", "2")
    assert found.node_ids[3] == ("2", None, "1")
    path.write_text(GRAPH.replace("epsg:4326", "epsg:nothing"), encoding="utf-8")
    assert refusal(path, "roads") == ["crs_unreadable"]
    path.write_text(GRAPH.replace("117.001</data>", "x</data>"), encoding="utf-8")
    assert refusal(path, "roads") == ["graphml_no_xy"]


def roads_plan(folder, roads):
    """A plan on these roads, with one area and one facility as tables beside them."""
    (folder / "areas.csv").write_text("residential_id,households,lon,lat\nA,100,117.0002,36.6\n", encoding="utf-8")
    (folder / "places.csv").write_text(
        "facility_id,level,kind,status,lon,lat\nS,社区,站,运营,117.0,36.6\n", encoding="utf-8"
    )
    keys = [
        f"[inputs.{name}]\npath = '{path}'\n"
        for name, path in (("roads", roads), ("residential", "areas.csv"), ("facilities", "places.csv"))
    ]
    text = (
        "[plan]\nname = '试'\nstandard = 'liaocheng'\nas_of = 2025-12-31\n"
        + keys[0]
        + "".join(f"{key}datum = 'wgs84'\n" for key in keys[1:])
    )
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return plans.read(folder / "plan.toml")


def test_roads_of_openstreetmap_arrive_with_their_nodes(here):
    write_osm(here / "a.osm.pbf")
    intake = sources.read(roads_plan(here, "a.osm.pbf"))
    roads = intake.tables["roads"]
    assert intake.counts["roads"] == {"read": 5, "used": 3, "flagged": 1, "excluded": 1}
    assert [len(ids) for ids in roads["node_ids"]] == shapely.get_num_coordinates(roads.geometry.to_numpy()).tolist()
    assert intake.ledger.query("table == 'roads'")["reasons"].tolist() == ["way_cut;geometry_empty", "way_cut"]
    assert roads["walkable"].isna().tolist() == [True, False, False, True]


def test_node_ids_are_cut_with_the_parts_of_a_line(here):
    """A way whose middle node is outside the extract leaves two pieces, each with its own ids."""
    with osmium.SimpleWriter(str(here / "a.osm.pbf")) as writer:
        for at in (1, 2, 4, 5):
            writer.add_node(osmium.osm.mutable.Node(id=at, location=(117.0 + at / 1000, 36.6)))
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3, 4, 5], tags={"highway": "path"}))
    intake = sources.read(roads_plan(here, "a.osm.pbf"))
    assert intake.tables["roads"]["node_ids"].tolist() == [("1", "2"), ("4", "5")]
    assert intake.counts["roads"] == {"read": 1, "used": 0, "flagged": 1, "excluded": 0}


# ------------------------------------------------------------------------------------------------------- real data

REAL = Path(os.environ.get("PLANNING_REALDATA") or "/nowhere")


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.is_dir(), reason="PLANNING_REALDATA is not set to a folder")
class TestRealData:
    def check(self, folder, roads, residential, *, lon, lat):
        text = f"facility_id,level,kind,status,lon,lat\nS,社区,站,运营,{lon},{lat}\n"
        (folder / "places.csv").write_text(text, encoding="utf-8")
        lines = ["[plan]\nname = '试'\nstandard = 'liaocheng'\nas_of = 2025-12-31", roads, residential]
        lines.append("[inputs.facilities]\npath = 'places.csv'\ndatum = 'wgs84'")
        (folder / "plan.toml").write_text("\n".join(lines), encoding="utf-8")
        return sources.check(plans.read(folder / "plan.toml"))

    def test_jinan(self, here):
        """28 597 edges, one of them without length; estates with Baidu coordinates as text, dirt in single cells."""
        faults, counts = self.check(
            here,
            f"[inputs.roads]\npath = '{REAL}/jinan_city_roads/jinan_roads.gpkg'\nlayer = 'edges'",
            f"[inputs.residential]\npath = '{REAL}/communities/jinan_communities.csv'\ndatum = 'bd09'\n"
            "fields = { lon = 'lon_bd09', lat = 'lat_bd09', households = 'households_raw' }",
            lon=117.05,
            lat=36.65,
        )
        assert counts["roads"] == {"read": 28_597, "used": 28_596, "flagged": 0, "excluded": 1}
        assert counts["residential"]["read"] == 6456
        errors = [fault for fault in faults if fault.severity == "error"]
        assert {fault.code for fault in errors} == {"number_unreadable", "number_approximate"}
        assert {fault.column for fault in errors} == {"households_raw"}

    def test_nanjing(self, here):
        path = f"{REAL}/nanjing_centre_osm/nanjing_centre"
        residential = f"[inputs.residential]\npath = '{path}_polygons.gpkg'\nlayer = 'landuse_residential'"
        _, counts = self.check(here, f"[inputs.roads]\npath = '{path}.osm.pbf'", residential, lon=118.78, lat=32.04)
        assert counts["roads"] == {"read": 384, "used": 384, "flagged": 0, "excluded": 0}
        assert counts["residential"]["read"] == 11

    def test_futian(self, here):
        path = f"{REAL}/shenzhen_futian_walk/shenzhen_futian_all.graphml"
        (here / "areas.csv").write_text("residential_id,lon,lat\nA,114.02,22.53\n")
        residential = "[inputs.residential]\npath = 'areas.csv'\ndatum = 'wgs84'"
        _, counts = self.check(here, f"[inputs.roads]\npath = '{path}'", residential, lon=114.02, lat=22.53)
        assert counts["roads"] == {"read": 4009, "used": 2603, "flagged": 0, "excluded": 1406}

    def test_the_published_boundaries_in_both_datums_agree(self):
        """Polygons given in GCJ-02 and, by another hand, in WGS 84: our inverse meets theirs within 0.1 m."""
        from planning import crs as crss

        folder = REAL / "admin_districts"
        gcj = raw(folder / "districts_7cities_gcj02.geojson", "units")
        wgs = raw(folder / "districts_7cities_wgs84.gpkg", "units")
        assert gcj.frame["adcode"].astype(str).tolist() == wgs.frame["adcode"].astype(str).tolist()
        xy, theirs = shapely.get_coordinates(gcj.geometry), shapely.get_coordinates(wgs.geometry)
        ours = np.column_stack(crss.gcj02_to_wgs84(xy[:, 0], xy[:, 1]))
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() * 111_000 < 0.1


def test_the_pieces_tests_lean_on_are_public():
    """The door's own constants, restated: what a zip may hold."""
    assert (zips.MAX_MEMBERS, zips.MAX_BYTES, zips.MAX_RATIO) == (1000, 2 << 30, 200)
    assert shapefile.PARTS == (".shp", ".shx", ".dbf")
    assert isinstance(Dataset("csv", Path("a.csv"), Path("a.zip")).file, str)
    assert ".csv" in files.TEXT_ENDINGS
