"""Files that are programs: data sources in disguise, XML entities, zips that mean harm, names that would run."""

from __future__ import annotations

import gzip
import io
import os
import re
import struct
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd

from .case import Kept, Observed, Refused, bad, either
from .parts import csv, geojson, set_cell, shapefile, sheet, void, write_json, xlsx, zipped
from .town import Folder

SECRET = "geheim-4711"
DISGUISE = "format_*|file_broken|json_broken|zip_*|csv_*|table_*|column_missing|coordinates_absent|xml_dtd"


def _secret(folder: Folder) -> Path:
    """A file beside the plan that no case names as an input: its content must not come out."""
    path = folder.path / "other.csv"
    path.write_text(f"residential_id,name,households,lon,lat,built\nX,{SECRET},7,117.0033,36.13,new\n")
    return path


def _vrt(folder: Folder, source: str = "") -> str:
    where = source or str(_secret(folder))
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="other"><SrcDataSource>{where}</SrcDataSource>'
        "<GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>"
        '<GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer></OGRVRTDataSource>'
    )


# --------------------------------------------------------------------------------------- S1: descriptions of elsewhere

for _ending in ("vrt", "geojson", "shp", "gpkg", "csv", "kml", "fgb", "parquet", "xlsx", "txt"):

    @bad(
        f"s1-vrt-as-{_ending}",
        "S1",
        "P0",
        "a file the plan does not name is read",
        Refused(DISGUISE, f"residential.{_ending}"),
        hostile=_ending in ("geojson", "gpkg", "csv"),
    )
    def _(folder: Folder, ending: str = _ending) -> None:
        path = folder.name("residential", f"residential.{ending}", datum="wgs84")
        path.write_text(_vrt(folder))


@bad("s1-vrt-calls-home", "S1", "P0", "an address is fetched", Refused(DISGUISE, "residential.geojson"), hostile=True)
def _(folder: Folder) -> None:
    path = folder.name("residential", "residential.geojson")
    path.write_text(_vrt(folder, f"/vsicurl/http://127.0.0.1:{folder.port}/x.geojson"))


@bad(
    "s1-vrt-in-zip",
    "S1",
    "P0",
    "a file the plan does not name is read",
    Refused(DISGUISE, "residential.zip"),
    hostile=True,
)
def _(folder: Folder) -> None:
    with zipfile.ZipFile(folder.name("residential", "residential.zip", datum="wgs84"), "w") as archive:
        archive.writestr("residential.geojson", _vrt(folder))


@bad(
    "s1-vrt-utf16",
    "S1",
    "P0",
    "a byte scan misses the description, the reader does not",
    Refused(DISGUISE, "residential.geojson"),
    hostile=True,
)
def _(folder: Folder) -> None:
    folder.name("residential", "residential.geojson").write_bytes(_vrt(folder).encode("utf-16"))


@bad(
    "s1-vrt-behind-blanks",
    "S1",
    "P0",
    "blanks and a byte order mark hide the description",
    Refused(DISGUISE, "residential.geojson"),
    hostile=True,
)
def _(folder: Folder) -> None:
    text = "\ufeff" + " \n" * 3000 + _vrt(folder)
    folder.name("residential", "residential.geojson").write_bytes(text.encode())


@bad("s1-gdalg", "S1", "P0", "a pipeline in a JSON file runs", Refused(DISGUISE, "residential.geojson"), hostile=True)
def _(folder: Folder) -> None:
    command = f"gdal vector pipeline ! read {_secret(folder)} ! write streamed_dataset"
    write_json(folder, "residential", {"type": "gdal_streamed_alg", "command_line": command})


@bad(
    "s1-gdalg-second-key",
    "S1",
    "P0",
    "a pipeline hides behind a first type",
    Refused(DISGUISE, "residential.geojson"),
    hostile=True,
)
def _(folder: Folder) -> None:
    command = f"gdal vector pipeline ! read {_secret(folder)} ! write streamed_dataset"
    path = folder.name("residential", "residential.geojson")
    path.write_text(
        '{"type": "FeatureCollection", "features": [], "type": "gdal_streamed_alg", "command_line": "' + command + '"}'
    )


@bad("s1-wfs", "S1", "P0", "a service is asked", Refused(DISGUISE, "residential.xml"), hostile=True)
def _(folder: Folder) -> None:
    text = f"<OGRWFSDataSource><URL>http://127.0.0.1:{folder.port}/wfs</URL></OGRWFSDataSource>"
    folder.name("residential", "residential.xml").write_text(text)


@bad("s1-wfs-capabilities", "S1", "P0", "a service is asked", Refused(DISGUISE, "residential.gml"), hostile=True)
def _(folder: Folder) -> None:
    text = (
        '<wfs:WFS_Capabilities xmlns:wfs="http://www.opengis.net/wfs/2.0" version="2.0.0">'
        f'<x href="http://127.0.0.1:{folder.port}/"/></wfs:WFS_Capabilities>'
    )
    folder.name("residential", "residential.gml").write_text(text)


@bad("s1-oapif", "S1", "P0", "a service is asked", Refused(DISGUISE, "residential.json"), hostile=True)
def _(folder: Folder) -> None:
    link = {"rel": "data", "href": f"http://127.0.0.1:{folder.port}/collections"}
    write_json(folder, "residential", {"title": "x", "links": [link]}, file="residential.json")


@bad("s1-stacit", "S1", "P1", "items elsewhere are opened", Refused(DISGUISE, "residential.json"), hostile=True)
def _(folder: Folder) -> None:
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "geometry": None,
        "properties": {},
        "assets": {"a": {"href": f"http://127.0.0.1:{folder.port}/a.tif"}},
    }
    write_json(
        folder,
        "residential",
        {"type": "FeatureCollection", "stac_version": "1.0.0", "features": [item]},
        file="residential.json",
    )


@bad(
    "s1-kml-network-link",
    "S1",
    "P0",
    "the link is followed, or an empty layer is taken",
    Refused("", "residential.kml"),
    hostile=True,
)
def _(folder: Folder) -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<NetworkLink><Link><href>http://127.0.0.1:{folder.port}/x.kml</href></Link></NetworkLink></Document></kml>"
    )
    folder.name("residential", "residential.kml").write_text(text)


@bad("s1-gml-xlink", "S1", "P0", "the link is followed", Refused("", "residential.gml"), hostile=True)
def _(folder: Folder) -> None:
    text = (
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<gml:featureMember xlink:href="http://127.0.0.1:{folder.port}/x.gml"/></gml:FeatureCollection>'
    )
    folder.name("residential", "residential.gml").write_text(text)


@bad(
    "s1-prj-address",
    "S1",
    "P0",
    "the coordinate system is fetched, or lost in silence",
    Refused("crs_*", "小区.shp"),
    hostile=True,
)
def _(folder: Folder) -> None:
    shapefile(folder).with_suffix(".prj").write_text(f"http://127.0.0.1:{folder.port}/crs.wkt")


@bad(
    "s1-geojson-crs-address",
    "S1",
    "P0",
    "the coordinate system is fetched, or WGS 84 is assumed",
    Refused("crs_*|geojson_link_crs|json_*", "residential.geojson"),
    hostile=True,
)
def _(folder: Folder) -> None:
    name = {"type": "name", "properties": {"name": f"http://127.0.0.1:{folder.port}/crs"}}
    write_json(folder, "residential", {**geojson(folder, "residential"), "crs": name})


# --------------------------------------------------------------------------- S1: paths that are more than a file's name

PATH = "plan_path_refused|file_*|format_*|plan_bad_value"
for _id, _path in {
    "http": "http://127.0.0.1:{port}/x.geojson",
    "vsicurl": "/vsicurl/http://127.0.0.1:{port}/x.geojson",
    "vsizip": "/vsizip/residential.zip",
    "vsistdin": "/vsistdin/",
    "wfs": "WFS:http://127.0.0.1:{port}/wfs",
    "postgis-inline": "PG:host=127.0.0.1 port={port} dbname=x",
    "ogr-prefix": "GPKG:residential.gpkg:residential",
    "geojson-inline": '{{"type":"FeatureCollection","features":[]}}',
    "vrt-inline": "<OGRVRTDataSource></OGRVRTDataSource>",
    "csv-prefix": "CSV:/etc/passwd",
    "file-url": "file:///etc/hostname",
    "ftp": "ftp://127.0.0.1:{port}/x.shp",
    "unc": "\\\\127.0.0.1\\share\\x.shp",
    "device": "/dev/zero",
    "proc": "/proc/self/environ",
    "passwd": "/etc/passwd",
    "folder": "..",
}.items():

    @bad(
        f"s1-path-{_id}",
        "S1",
        "P0",
        "something that is no file of the user is opened",
        Refused(PATH),
        hostile=_id in ("vsicurl", "device", "proc"),
    )
    def _(folder: Folder, path: str = _path) -> None:
        void(folder.name("residential", path.format(port=folder.port), datum="wgs84"))


@bad(
    "s1-path-fifo", "S1", "P1", "the program waits for ever", Refused("file_*|format_*|plan_path_refused"), hostile=True
)
def _(folder: Folder) -> None:
    os.mkfifo(folder.name("residential", "residential.csv", datum="wgs84"))


# ------------------------------------------------------------------------------------------ S2: GeoJSON that calls home


def _linked(folder: Folder) -> dict[str, object]:
    return {"type": "link", "properties": {"href": f"http://127.0.0.1:{folder.port}/crs", "type": "proj4"}}


@bad(
    "s2-link-crs",
    "S2",
    "P0",
    "the driver fetches the coordinate system",
    Refused("geojson_link_crs|json_*|crs_*", "residential.geojson"),
    hostile=True,
)
def _(folder: Folder) -> None:
    write_json(folder, "residential", {**geojson(folder, "residential"), "crs": _linked(folder)})


@bad(
    "s2-link-crs-first",
    "S2",
    "P0",
    "of two crs members the scan sees one, the driver the other",
    either(Refused("geojson_link_crs|json_*|crs_*", "residential.geojson"), Kept()),
    hostile=True,
)
def _(folder: Folder) -> None:
    import json

    document = json.dumps(
        {**geojson(folder, "residential"), "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}}
    )
    path = folder.name("residential", "residential.geojson")
    path.write_text('{"crs": ' + json.dumps(_linked(folder)) + ", " + document[1:])


@bad(
    "s2-link-crs-in-feature",
    "S2",
    "P0",
    "the driver fetches the coordinate system of a feature",
    either(Refused("geojson_link_crs|json_*|crs_*", "residential.geojson"), Kept()),
    hostile=True,
)
def _(folder: Folder) -> None:
    document = geojson(folder, "residential")
    document["features"][0]["crs"] = _linked(folder)
    write_json(folder, "residential", document)


@bad(
    "s2-link-crs-in-sequence",
    "S2",
    "P0",
    "the driver fetches the coordinate system of a sequence",
    either(Refused("", "residential.geojsonl"), Kept()),
    hostile=True,
)
def _(folder: Folder) -> None:
    import json

    lines = [json.dumps({**feature, "crs": _linked(folder)}) for feature in geojson(folder, "residential")["features"]]
    folder.name("residential", "residential.geojsonl").write_text("\n".join(lines))


@bad(
    "s2-link-crs-escaped",
    "S2",
    "P0",
    "an escaped key hides the link",
    hostile=True,
    expected=Refused("geojson_link_crs|json_*|crs_*", "residential.geojson"),
)
def _(folder: Folder) -> None:
    path = write_json(folder, "residential", {**geojson(folder, "residential"), "crs": _linked(folder)})
    path.write_text(path.read_text().replace('"crs"', '"\\u0063rs"').replace('"link"', '"l\\u0069nk"'))


# ------------------------------------------------------------------------------------------------------- S5: entities

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{("&" + a + ";") * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def _kml(head: str, name: str) -> str:
    return (
        f'<?xml version="1.0"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>{name}</name>'
        "<Point><coordinates>117,36.13</coordinates></Point></Placemark></Document></kml>"
    )


XML = {
    "kml": ("residential", _kml),
    "graphml": (
        "roads",
        lambda head, name: f'<?xml version="1.0"?>{head}<graphml><graph><node id="{name}"/></graph></graphml>',
    ),
    "osm": (
        "roads",
        lambda head, name: (
            f'<?xml version="1.0"?>{head}<osm version="0.6"><node id="1" lat="36" lon="117">'
            f'<tag k="name" v="{name}"/></node></osm>'
        ),
    ),
    "gml": (
        "residential",
        lambda head, name: f'<?xml version="1.0"?>{head}<FeatureCollection>{name}</FeatureCollection>',
    ),
    "gpx": (
        "residential",
        lambda head, name: f'<?xml version="1.0"?>{head}<gpx><wpt lat="36" lon="117"><name>{name}</name></wpt></gpx>',
    ),
}
for _ending, (_table, _text) in XML.items():

    @bad(
        f"s5-laughs-{_ending}",
        "S5",
        "P0",
        "a few bytes fill the memory, or no row and no error",
        Refused("xml_dtd|format_*", f"{_table}.{_ending}"),
        hostile=True,
    )
    def _(folder: Folder, ending: str = _ending, table: str = _table) -> None:
        text = XML[ending][1](LAUGHS, "&i;")
        folder.name(table, f"{table}.{ending}").write_text(text)

    @bad(
        f"s5-xxe-{_ending}",
        "S5",
        "P0",
        "a file of the machine stands as a name",
        Refused("xml_dtd|format_*", f"{_table}.{_ending}"),
    )
    def _(folder: Folder, ending: str = _ending, table: str = _table) -> None:
        entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{_secret(folder).as_uri()}">]>'
        folder.name(table, f"{table}.{ending}").write_text(XML[ending][1](entity, "&a;"))


@bad(
    "s5-dtd-behind-comment",
    "S5",
    "P0",
    "a long comment hides the DTD from a scan of the head",
    Refused("xml_dtd|format_*|file_*", "residential.kml"),
    hostile=True,
)
def _(folder: Folder) -> None:
    head = f"<!--{' ' * (3 << 20)}-->" + LAUGHS
    folder.name("residential", "residential.kml").write_text(_kml(head, "&i;"))


@bad(
    "s5-dtd-utf16",
    "S5",
    "P0",
    "a byte scan misses the DTD",
    Refused("xml_dtd|format_*", "residential.kml"),
    hostile=True,
)
def _(folder: Folder) -> None:
    text = _kml(LAUGHS, "&i;").replace('"1.0"?', '"1.0" encoding="UTF-16"?')
    folder.name("residential", "residential.kml").write_bytes(text.encode("utf-16"))


@bad("s5-dtd-address", "S5", "P0", "the DTD is fetched", Refused("xml_dtd|format_*", "roads.osm"), hostile=True)
def _(folder: Folder) -> None:
    head = f'<!DOCTYPE osm SYSTEM "http://127.0.0.1:{folder.port}/osm.dtd">'
    folder.name("roads", "roads.osm").write_text(XML["osm"][1](head, "x"))


def _workbook_with(folder: Folder, member: str, change: object) -> None:
    path = xlsx(folder, sheet(folder))
    members = {}
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = change(members.get(member, b""))  # type: ignore[operator]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@bad(
    "s5-xlsx-entity",
    "S5",
    "P0",
    "a workbook's text grows without end",
    Refused("xml_dtd|file_broken|format_*|zip_*", "residential.xlsx"),
    hostile=True,
)
def _(folder: Folder) -> None:
    _workbook_with(
        folder,
        "xl/sharedStrings.xml",
        lambda data: (
            b'<?xml version="1.0"?>' + LAUGHS.encode() + (data.split(b"?>", 1)[-1].replace("A小区".encode(), b"&i;"))
        ),
    )


@bad(
    "s5-xlsx-external-entity",
    "S5",
    "P0",
    "a file of the machine stands in a cell",
    Refused("xml_dtd|file_broken|format_*|zip_*", "residential.xlsx"),
    hostile=True,
)
def _(folder: Folder) -> None:
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "{_secret(folder).as_uri()}">]>'
    _workbook_with(folder, "xl/worksheets/sheet1.xml", lambda data: head.encode() + data.split(b"?>", 1)[-1])


# ------------------------------------------------------------------------------------------------------------ S4: zips

Z = "residential.zip"
ZIP = "zip_*"


def _archive(folder: Folder, change: object) -> None:
    """Write a good zipped shapefile, then let ``change(archive)`` add to it."""
    path = zipped(folder)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        change(archive)  # type: ignore[operator]


for _id, _member in {
    "up": "../../escaped.txt",
    "absolute": "/tmp/escaped.txt",
    "backslash": "..\\..\\escaped.txt",
    "drive": "C:\\escaped.txt",
    "hidden-up": "a/../../escaped.txt",
    "nul": "a\0/../escaped.txt",
}.items():

    @bad(
        f"s4-slip-{_id}",
        "S4",
        "P0",
        "a file is written outside the folder",
        either(Refused(ZIP, Z), Kept()) if _id == "nul" else Refused(ZIP, Z),
        hostile=_id == "up",
    )
    def _(folder: Folder, member: str = _member) -> None:
        _archive(folder, lambda archive: archive.writestr(member, "x"))


@bad("s4-symlink", "S4", "P0", "a link in the zip reads a file of the machine", Refused(ZIP, Z), hostile=True)
def _(folder: Folder) -> None:
    def change(archive: zipfile.ZipFile) -> None:
        link = zipfile.ZipInfo("小区.qmd")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    _archive(folder, change)


@bad(
    "s4-twice",
    "S4",
    "P0",
    "of two members of one name this reader takes the first, that one the second",
    Refused(ZIP, Z),
    hostile=True,
)
def _(folder: Folder) -> None:
    import warnings

    def change(archive: zipfile.ZipFile) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("小区.dbf", b"another")

    _archive(folder, change)


@bad(
    "s4-twice-case",
    "S4",
    "P1",
    "小区.dbf and 小区.DBF: one of them wins, nobody knows which",
    either(Refused("", Z), Kept()),
)
def _(folder: Folder) -> None:
    _archive(folder, lambda archive: archive.writestr("小区.DBF", b"another"))


@bad("s4-encrypted", "S4", "P1", "an empty layer", Refused(ZIP, Z))
def _(folder: Folder) -> None:
    path = zipped(folder)
    raw = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := raw.find(mark, place + 1)) >= 0:
            raw[place + at] |= 1
    path.write_bytes(bytes(raw))


@bad("s4-nested", "S4", "P1", "the inner zip is opened, and the one in it", Refused(ZIP, Z), hostile=True)
def _(folder: Folder) -> None:
    inner = zipped(folder)
    raw = inner.read_bytes()
    for _depth in range(3):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("inner.zip", raw)
        raw = stream.getvalue()
    inner.write_bytes(raw)


@bad("s4-two-datasets", "S4", "P0", "the first of two shapefiles is taken", Refused("zip_several|layer_needed", Z))
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    shp = shapefile(folder)
    shapefile(folder, table=table, stem="小区2019")
    path = folder.name("residential", Z)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(shp.parent.glob("小区*.*")):
            archive.write(file, file.name)


@bad("s4-no-dataset", "S4", "P2", "an empty layer", Refused("zip_no_dataset|zip_*|format_*", Z))
def _(folder: Folder) -> None:
    with zipfile.ZipFile(folder.name("residential", Z), "w") as archive:
        archive.writestr("说明.docx", b"text")


@bad("s4-cut", "S4", "P1", "the members that are left are read", Refused("zip_*|file_broken", Z))
def _(folder: Folder) -> None:
    path = zipped(folder)
    path.write_bytes(path.read_bytes()[:-60])


@bad("s4-crc", "S4", "P1", "a damaged member is read", Refused("zip_*|file_broken|shapefile_*", Z))
def _(folder: Folder) -> None:
    path = zipped(folder)
    raw = bytearray(path.read_bytes())
    raw[raw.find(b"PK\x01\x02") - 20] ^= 0xFF
    place = raw.find(b"PK\x03\x04")
    raw[place + 60] ^= 0xFF
    path.write_bytes(bytes(raw))


@bad(
    "s4-two-directories",
    "S4",
    "P0",
    "two zips in one file: each reader sees another one",
    either(Refused("zip_*|file_broken", Z), Kept(read={"residential": 6})),
    hostile=True,
)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    path = zipped(folder)
    whole = path.read_bytes()
    folder.tables["residential"] = table.iloc[:2]
    part = zipped(folder).read_bytes()
    path.write_bytes(part + whole)


@bad(
    "s4-local-name-differs",
    "S4",
    "P0",
    "the directory says one name, the member another: readers disagree",
    either(Refused("zip_*|file_broken", Z), Kept()),
    hostile=True,
)
def _(folder: Folder) -> None:
    path = zipped(folder)
    raw = path.read_bytes()
    at = raw.find("小区.dbf".encode())
    path.write_bytes(raw[:at] + "别区.dbf".encode() + raw[at + len("小区.dbf".encode()) :])


@bad(
    "s4-overlapping",
    "S4",
    "P0",
    "members share their bytes: a small zip unpacks without end",
    Refused("zip_*", Z),
    hostile=True,
)
def _(folder: Folder) -> None:
    kernel = b"residential_id,households\n" + b"A,1\n" * 2_000_000
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", kernel)
        first = archive.infolist()[0]
        for number in range(150):
            copy = zipfile.ZipInfo(f"b{number}.csv")
            copy.CRC, copy.compress_size, copy.file_size = first.CRC, first.compress_size, first.file_size
            copy.compress_type, copy.header_offset, copy.flag_bits = first.compress_type, first.header_offset, 0
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy
    folder.name("residential", Z, datum="wgs84").write_bytes(stream.getvalue())


def _bomb(member: str, block: bytes, times: int) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w", force_zip64=True) as to,
    ):
        for _ in range(times):
            to.write(block)
    return stream.getvalue()


BOMBS = {
    "csv": ("residential.csv", b"A,512,117.0,36.1\n" * 60_000, 300),
    "geojson": ("residential.geojson", b'{"type":"Feature","properties":{},"geometry":null},\n' * 20_000, 300),
    "blanks": ("residential.geojson", b" " * (1 << 20), 600),
    "dbf": ("residential.dbf", bytes(1 << 20), 600),
    "shp": ("residential.shp", bytes(1 << 20), 600),
}
for _id, _spec in BOMBS.items():

    @bad(
        f"s4-bomb-{_id}",
        "S4",
        "P0",
        "a small zip fills disk and memory",
        Refused("zip_*|machine_*|shapefile_*|reader_*|file_*", Z),
        hostile=True,
    )
    def _(folder: Folder, spec: tuple[str, bytes, int] = _spec) -> None:
        folder.name("residential", Z, datum="wgs84").write_bytes(_bomb(*spec))


@bad(
    "s4-bomb-size-lies",
    "S4",
    "P0",
    "a small size in the directory is believed",
    Refused("zip_*|file_broken", Z),
    hostile=True,
)
def _(folder: Folder) -> None:
    raw = bytearray(_bomb("residential.csv", b"A,512,117.0,36.1\n" * 60_000, 300))
    at = raw.find(b"PK\x01\x02")
    size = struct.unpack("<I", raw[at + 24 : at + 28])[0]
    for place in (at + 24,):
        raw[place : place + 4] = struct.pack("<I", 1000 if size != 0xFFFFFFFF else size)
    folder.name("residential", Z, datum="wgs84").write_bytes(bytes(raw))


@bad("s4-bomb-members", "S4", "P0", "a hundred thousand members fill the disk", Refused("zip_*", Z), hostile=True)
def _(folder: Folder) -> None:
    with zipfile.ZipFile(folder.name("residential", Z), "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}.csv", b"")


@bad(
    "s4-bomb-xlsx",
    "S4",
    "P0",
    "a sheet of 600 MB behind a small workbook",
    Refused("zip_*|file_*|machine_*|table_*|reader_*", "residential.xlsx"),
    hostile=True,
)
def _(folder: Folder) -> None:
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>A</t></is></c></row>' * 10_000

    path = xlsx(folder, sheet(folder))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, data)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as to:
            to.write(members["xl/worksheets/sheet1.xml"].split(b"<sheetData>")[0] + b"<sheetData>")
            for _ in range(1000):
                to.write(row)
            to.write(b"</sheetData></worksheet>")


@bad(
    "s4-bomb-xlsx-blank-cell",
    "S4",
    "P0",
    "one cell in the last row of the sheet makes a million rows of blanks",
    either(Kept(read={"residential": 6}), Kept(), Refused("", "residential.xlsx")),
    hostile=True,
)
def _(folder: Folder) -> None:
    def change(_book: object, page: openpyxl.worksheet.worksheet.Worksheet) -> None:
        page["XFD1048576"] = " "

    void(xlsx(folder, sheet(folder), change=change))


@bad("s4-gzip", "S4", "P2", "a reader unpacks it unasked", Refused("format_*", "residential.csv.gz"), hostile=True)
def _(folder: Folder) -> None:
    folder.name("residential", "residential.csv.gz", datum="wgs84").write_bytes(gzip.compress(bytes(50 << 20)))


@bad(
    "s4-deep-json",
    "S4",
    "P1",
    "the parser falls into the depth: a traceback, or a crash of the process",
    Refused("json_broken|format_*|file_*", "residential.geojson"),
    hostile=True,
)
def _(folder: Folder) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    path = folder.name("residential", "residential.geojson")
    path.write_text('{"type":"FeatureCollection","features":' + deep + "}")


@bad(
    "s4-wide-csv", "S4", "P1", "a row of a million cells", either(Refused("", "residential.csv"), Kept()), hostile=True
)
def _(folder: Folder) -> None:
    path = csv(folder, sheet(folder))
    path.write_bytes(path.read_bytes() + b"," * 5_000_000)


# ----------------------------------------------------------------------------- S3, S6: names that would run somewhere

RUNS = {
    "tags": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "dollar": "${alert(1)}",
    "backtick": "`+alert(1)+`",
    "markdown": "![x](http://127.0.0.1:1/x.png)",
    "template": "{{7*7}}{% raw %}",
    "sql": "'); DROP TABLE residential;--",
    "path": "../../../etc/passwd",
}


def _named(folder: Folder, name: str) -> None:
    table = folder.tables["residential"]
    table.loc[table["residential_id"] == "B", "name"] = name


def _map_is_inert(name: str) -> object:
    def look(seen: Observed) -> str:
        page = (seen.out / "map.html").read_text(encoding="utf-8")
        return f"the map holds {name!r} as it came" if name in page else ""

    return look


for _id in ("tags", "script", "dollar", "backtick"):

    @bad(f"s3-name-{_id}", "S3", "P0", "the name runs in the map", Kept(also=_map_is_inert(RUNS[_id])), steps="webmap")
    def _(folder: Folder, name: str = RUNS[_id]) -> None:
        _named(folder, name)


def _kept_name(name: str) -> object:
    def look(seen: Observed) -> str:
        import geopandas as gpd

        found = gpd.read_file(seen.out / "results.gpkg", layer="residential", use_arrow=True)
        there = found.set_index("residential_id")["name"]["B"]
        return "" if there == name else f"the name came out as {there!r}"

    return look


for _id in ("markdown", "template", "sql", "path", "tags"):

    @bad(
        f"s3-kept-{_id}",
        "S3",
        "P1",
        "the name is cut, escaped or obeyed on its way into the results",
        Kept(also=_kept_name(RUNS[_id])),
    )
    def _(folder: Folder, name: str = RUNS[_id]) -> None:
        _named(folder, name)


FORMULAS = ('=HYPERLINK("http://127.0.0.1:1/","x")', "+1+1", "-2+3", "@SUM(A1)", "=cmd|'/c calc'!A1")


OURS = re.compile(r"=SUM\([A-Z]+\d+:[A-Z]+\d+\)|=[A-Z]+\d+/\([A-Z]+\d+(\+[A-Z]+\d+)*\)")  # sums, and parts of sums


def _no_formula(seen: Observed) -> str:
    book = openpyxl.load_workbook(seen.out / "tables.xlsx")
    cells = (cell for page in book for row in page.iter_rows() for cell in row)
    found = [
        cell.coordinate
        for cell in cells
        if cell.hyperlink is not None or (cell.data_type == "f" and not OURS.fullmatch(str(cell.value)))
    ]
    return f"the workbook holds formulas at {found[:3]}" if found else ""


for _number, _formula in enumerate(FORMULAS):

    @bad(
        f"s6-formula-name-{_number}",
        "S6",
        "P0",
        "a name is a formula in the workbook that goes out",
        Kept(also=_no_formula),
        steps="report",
    )
    def _(folder: Folder, name: str = _formula) -> None:
        void(csv(folder, set_cell(sheet(folder), 2, "小区名称", name)))


@bad(
    "s6-formula-heading",
    "S6",
    "P0",
    "a heading is a formula in the workbook that goes out",
    Kept(also=_no_formula),
    steps="report",
)
def _(folder: Folder) -> None:
    rows = sheet(folder)
    rows = [[*row, "=1+1" if at == 0 else at] for at, row in enumerate(rows)]
    void(csv(folder, rows))


@bad(
    "s6-dde-cell",
    "S6",
    "P1",
    "a cell that looks like a command is run or read as a number",
    Refused("number_unreadable", "residential.csv", row=3, column="户数|households"),
)
def _(folder: Folder) -> None:
    void(csv(folder, set_cell(sheet(folder), 2, "户数", "=cmd|'/c calc'!A1")))


@bad(
    "s1-parquet-garbage",
    "S1",
    "P1",
    "a traceback of the parquet library",
    Refused("", "residential.parquet"),
    hostile=True,
)
def _(folder: Folder) -> None:
    pd.DataFrame({"residential_id": ["A"], "households": [1]}).to_parquet(
        path := folder.name("residential", "residential.parquet")
    )
    raw = path.read_bytes()
    path.write_bytes(raw[:40] + bytes(40) + raw[80:])


@bad("s1-fgb-garbage", "S1", "P1", "a crash of the reader", Refused("", "residential.fgb"), hostile=True)
def _(folder: Folder) -> None:
    path = folder.name("residential", "residential.fgb")
    table = folder_table(folder)
    table.to_file(path, driver="FlatGeobuf")
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 3] + bytes(range(256)) + raw[len(raw) // 2 :])


def folder_table(folder: Folder) -> object:
    """Return the town's residential areas, also after a case has named another file for them."""
    from .town import residential

    return folder.tables.get("residential", residential())


@bad("s1-gdb-garbage", "S1", "P1", "a crash of the reader", Refused("", "residential.gdb"), hostile=True)
def _(folder: Folder) -> None:
    path = folder.name("residential", "residential.gdb")
    path.mkdir()
    for number in range(1, 9):
        (path / f"a{number:08x}.gdbtable").write_bytes(bytes(range(256)) * 4)
