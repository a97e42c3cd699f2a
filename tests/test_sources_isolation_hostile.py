"""Hostile and unlucky files at the door: answered with a fault, soon, in little memory, and the others are read."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import struct
import sys
import threading
import time
import zipfile
import zlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from batches import few
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from planning import plan as plans
from planning import tables, texts
from planning.errors import Fault
from planning.isolation import Caps
from planning.sources import apart, counts, draft, look, parcel, sizes
from planning.sources.raw import Dataset, raw_table

HERE = Path(__file__).resolve().parent
LINUX = sys.platform == "linux"
MIB = 1 << 20


def spec(path, name="residential", **keys):
    return plans.InputSpec(name=name, path=path.name, file=path, **keys)


def open_(*paths, name="residential", **keys):
    """Read files of a plan apart and return what came of each: the table's rows, or the codes of its faults."""
    work = [apart.Job(spec(path, name, **keys), path, keys.get("layer")) for path in paths]
    found = apart.open_jobs(work).values()
    return [one.raw.read if isinstance(one, apart.Opened) else [fault.code for fault in one] for one in found]


def areas(count=4):
    shapes = [shapely.box(500_000 + 100 * at, 4_050_000, 500_090 + 100 * at, 4_050_090) for at in range(count)]
    return gpd.GeoDataFrame({"名称": [f"小区{at}" for at in range(count)]}, geometry=shapes, crs=4548)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "数据 资料"
    folder.mkdir()
    return folder


@pytest.fixture
def good(here):
    path = here / "好.csv"
    path.write_text("residential_id,households,lon,lat\na,1,117.0,36.5\nb,2,117.1,36.5\n", "utf-8")
    return path


# ------------------------------------------------------------------------------- the table that comes out is the one


CELLS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes().map(lambda moment: moment.replace(fold=0)),
    st.times().map(lambda moment: moment.replace(fold=0)),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.binary(max_size=4),
)
COLUMNS = st.one_of(
    *(
        st.lists(kind | st.none(), min_size=3, max_size=3)
        for kind in (st.text(), st.integers(), st.floats(), st.booleans())
    ),
    st.lists(CELLS, min_size=3, max_size=3),
)


def told(raw):
    """Return everything in a table, types of cells too."""
    cells = [(name, str(one.dtype), [(type(cell), repr(cell)) for cell in one]) for name, one in raw.frame.items()]
    shapes = None if raw.geometry is None else shapely.to_wkt(raw.geometry, rounding_precision=-1).tolist()
    nodes = None if raw.node_ids is None else raw.node_ids.tolist()
    marks = [{code: mask.tolist() for code, mask in group.items()} for group in (raw.dropped, raw.flagged)]
    plain = [raw.headers, raw.rows.tolist(), raw.read, raw.layer, raw.encoding, raw.faults, raw.uncalculated]
    return [cells, shapes, nodes, marks, plain, None if raw.crs is None else (raw.crs.srs, raw.crs.to_wkt())]


@given(st.lists(COLUMNS, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_table_survives_the_way_between_processes_cell_by_cell(tmp_path_factory, columns):
    folder = tmp_path_factory.mktemp("parcel")
    shapes = np.array([shapely.Point(1, 2), None, shapely.LineString([(0, 0, 1), (1, 1, float("nan"))])], dtype=object)
    nodes = np.empty(3, dtype=object)
    nodes[:] = [("1", None, "2"), None, ()]
    arrays = []
    for at, cells in enumerate(columns):
        array = np.empty(3, dtype=object)
        array[:] = cells
        arrays.append((f"列{at % 2}", array))
    raw = raw_table(
        arrays,
        np.array([2, 5, 9]),
        4,
        layer="图",
        geometry=shapes,
        crs=CRS.from_epsg(4548),
        encoding="gbk",
        node_ids=nodes,
        dropped={"total_row": np.array([True, False, False])},
        flagged={"way_cut": np.array([False, True, False])},
        faults=(Fault("zip_several", file="a", facts={"choices": ("甲", "乙"), "n": 1, "none": None}),),
        uncalculated=((3, "列0"),),
    )
    said = json.loads(json.dumps(parcel.pack(raw, folder)))
    assert told(parcel.unpack(said, folder)) == told(raw)


def test_what_is_read_apart_is_what_is_read_here(here):
    """Every kind of cell a GeoPackage and a workbook hold."""
    frame = areas().assign(n=[1, 2**62, 3, 4], x=[0.1, float("nan"), -0.0, 1e300], b=[True, False, True, True])
    frame["d"] = np.array(["2015-01-01", "2015-06-01", "NaT", "2020-12-31"], dtype="datetime64[ms]")
    pyogrio.write_dataframe(frame, here / "a.gpkg")
    book = openpyxl.Workbook()
    for row in (["名称", "户数", "日期"], ["甲", 1, None], ["乙", 2.5, "2015年"], [None, True, 3]):
        book.active.append(row)
    book.save(here / "b.xlsx")
    for path in (here / "a.gpkg", here / "b.xlsx"):
        raw, parts = draft.open_raw(spec(path), path, tables.contract("residential"), layer=None)
        opened = apart.open_one(spec(path), path, layer=None)
        assert told(opened.raw) == told(raw)
        assert opened.paths == parts
        assert opened.digests == tuple(draft.sha256(part) for part in parts)


# ------------------------------------------------------------------------------------------- one bad file among others


class TestStopped:
    """A reader that is stopped at one file says so of that file, and reads the others."""

    @pytest.fixture(autouse=True)
    def _misread(self, monkeypatch):
        monkeypatch.syspath_prepend(str(HERE))
        monkeypatch.setattr(apart, "MODULE", "isolation_misreader")

    @pytest.mark.parametrize(
        ("word", "caps", "code", "said"),
        [
            pytest.param("eat", {}, "reader_memory", "400 MB", marks=pytest.mark.slow),
            pytest.param("burn", {"cpu_s": 1}, "reader_time", "1 seconds", marks=pytest.mark.slow),
            ("sleep", {"wall_s": 1}, "reader_time", "1 seconds"),
            ("kill", {}, "reader_died", "SIGKILL" if LINUX else ""),
            ("fail", {}, "reader_failed", "KeyError: '人'"),
        ],
    )
    def test_the_fault_names_file_cap_and_remedy(self, here, good, monkeypatch, word, caps, code, said):
        limits = Caps(**{"memory_bytes": 400 * MIB, "disk_bytes": 100 * MIB, "cpu_s": 20, "wall_s": 30} | caps)
        monkeypatch.setattr(apart, "caps_of", lambda _: limits)
        bad, after = here / f"{word}.csv", here / "after.csv"
        bad.write_text("x")
        after.write_bytes(good.read_bytes())
        roles = ("residential", "medical", "candidates")
        work = [apart.Job(spec(path, name), path, None) for name, path in zip(roles, (good, bad, after), strict=True)]
        first, (fault,), last = apart.open_jobs(work).values()
        assert (first.raw.read, last.raw.read) == (2, 2)
        assert (fault.code, fault.file, fault.severity) == (code, bad.name, "error")
        assert said in fault.message("en")
        assert fault.remedy("zh")

    def test_a_file_that_changes_meanwhile_is_refused(self, here):
        path = here / "change.csv"
        path.write_text("residential_id,households,lon,lat\na,1,117.0,36.5\n")
        assert open_(path) == [["file_changed"]]


def test_every_fault_of_every_file_comes_at_once(here, good):
    (here / "a.json").write_text("[" * 100_000)
    (here / "b.gpkg").write_bytes(b"SQLite format 3\0" + bytes(100))
    (here / "c.csv").write_bytes(b"")
    codes = open_(here / "a.json", good, here / "b.gpkg", here / "missing.csv", here / "c.csv")
    assert codes == [["json_broken"], 2, ["file_broken"], ["file_missing"], ["file_empty"]]


def test_nothing_is_left_in_the_temporary_folder(here, good, monkeypatch, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    packed = here / "a.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", good.read_bytes())
    assert open_(good, packed, here / "missing.csv") == [2, 2, ["file_missing"]]
    assert list(scratch.iterdir()) == []


def test_caps_grow_with_the_file_within_bounds():
    small, large, huge = (apart.caps_of(size) for size in (0, 60 * MIB, 4096 * MIB))
    assert small.memory_bytes == apart.MEMORY_MIB[0] * MIB
    assert small.memory_bytes <= large.memory_bytes <= huge.memory_bytes <= apart.MEMORY_MIB[1] * MIB
    assert small.cpu_s == apart.CPU_S[0]
    assert small.cpu_s < large.cpu_s < huge.cpu_s == apart.CPU_S[1]
    assert all(one.wall_s > one.cpu_s for one in (small, large, huge))


# ------------------------------------------------------------------------------------------- what is no ordinary file


@pytest.mark.skipif(not LINUX, reason="devices and pipes")
def test_devices_pipes_sockets_and_folders_are_refused_before_a_byte_is_read(here):
    pipe, listening = here / "a.csv", here / "b.csv"
    os.mkfifo(pipe)
    link = here / "c.csv"
    link.symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(here)  # the name of a socket may be 108 bytes long
        made.bind(listening.name)
        os.chdir(before)
        began = time.monotonic()
        paths = (pipe, listening, link, Path("/dev/zero"), Path("/dev/stdin"), here, Path("/"))
        codes = open_(*paths)
    assert codes[:4] == [["file_not_regular"]] * 4
    assert codes[4] in (["file_not_regular"], ["file_empty"])
    assert codes[5:] == [["file_is_folder"]] * 2
    assert time.monotonic() - began < 10


@pytest.mark.skipif(not LINUX, reason="sparse files")
def test_a_file_larger_than_any_plan_needs_is_refused_unread(here):
    path = here / "a.csv"
    with path.open("wb") as stream:
        stream.truncate(5 << 30)
    assert open_(path) == [["file_too_large"]]


def test_a_table_longer_than_a_sheet_is_refused_by_its_lines(here, monkeypatch):
    path = here / "a.csv"
    path.write_text("a\r\n" + "1\r\n" * 4)
    monkeypatch.setattr(sizes, "MAX_TABLE_ROWS", 4)
    sizes.refuse_long_table(Dataset("csv", path, path))
    monkeypatch.setattr(sizes, "MAX_TABLE_ROWS", 3)
    with pytest.raises(apart.InputRefused, match="表格上限 3 行"):
        sizes.refuse_long_table(Dataset("csv", path, path))


# ------------------------------------------------------------------------------------------------------------ archives


def member(name, data, *, size=None, crc=None):
    """Return local header, packed data and directory entry of a member, as bytes; ``size`` may lie."""
    packed = zlib.compress(data, 9)[2:-4]
    crc = zlib.crc32(data) if crc is None else crc
    facts = struct.pack("<HHHHHIIIHH", 20, 0x800, 8, 0, 0, crc, len(packed), size or len(data), len(name), 0)
    return b"PK\3\4" + facts + name + packed, b"PK\1\2\x14\0" + facts + struct.pack("<HHHI", 0, 0, 0, 0), name


def archive(path, members, *, offsets=None, before=b""):
    """Write a zip of such members; ``offsets`` may point anywhere."""
    body, entries = before, b""
    for at, (local, entry, name) in enumerate(members):
        place = offsets[at] if offsets else len(body)
        entries += entry + struct.pack("<I", place) + name
        body += local
    ending = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(entries), len(body), 0)
    path.write_bytes(body + entries + b"PK\5\6" + ending)
    return path


def test_the_archive_of_these_tests_is_one(here, good):
    assert open_(archive(here / "a.zip", [member(b"a.csv", good.read_bytes())])) == [2]


def bomb_honest(here):
    return archive(here / "a.zip", [member(b"a.csv", b" " * (100 << 20))])


def bomb_that_lies(here):
    """It says 100 bytes and holds 100 MB."""
    return archive(here / "a.zip", [member(b"a.csv", b" " * (100 << 20), size=100)])


def bomb_of_many(here):
    """Each member is small enough; together they are not: 300 of 16 MB."""
    one = member(b"a.csv", bytes(16 << 20))
    return archive(here / "a.zip", [(one[0], one[1], b"%05d" % at) for at in range(300)])


def bomb_of_overlap(here):
    """Fifield's: many members share the bytes of one."""
    kernel = member(b"a.csv", bytes(8 << 20))
    return archive(
        here / "a.zip",
        [(kernel[0] if not at else b"", kernel[1], b"%05d" % at) for at in range(900)],
        offsets=[0] * 900,
    )


def crowd(here):
    """A million members of nothing: the table of contents alone fills memory."""
    entry = member(b"", b"")[1][:-4] + bytes(8)
    path = here / "a.zip"
    count = 600_000
    ending = struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entry) * count, 30, 0)
    path.write_bytes(b"PK\3\4" + bytes(26) + entry * count + b"PK\5\6" + ending)
    return path


def two_in_one(here):
    """Two archives one behind the other: which of the two is meant?"""
    first = archive(here / "x.zip", [member(b"a.csv", b"a\n1\n")]).read_bytes()
    second = archive(here / "y.zip", [member(b"a.csv", b"a\n1\n2\n")]).read_bytes()
    (here / "a.zip").write_bytes(first + second)
    return here / "a.zip"


def workbook_bomb(here):
    """A sheet of sixty-five million blanks and more, a thousand to one."""
    book = openpyxl.Workbook()
    book.active.append(["名称"])
    book.save(here / "b.xlsx")
    with (
        zipfile.ZipFile(here / "b.xlsx") as source,
        zipfile.ZipFile(here / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as sink,
    ):
        for info in source.infolist():
            data = source.read(info)
            sink.writestr(info.filename, data + b" " * (65 << 20) if "sheet1" in info.filename else data)
    return here / "a.xlsx"


def workbook_with_a_part_twice(here):
    book = openpyxl.Workbook()
    book.active.append(["名称"])
    book.save(here / "a.xlsx")
    with zipfile.ZipFile(here / "a.xlsx", "a") as sink, pytest.warns(UserWarning, match="Duplicate"):
        sink.writestr("xl/worksheets/sheet1.xml", b"<worksheet/>")
    return here / "a.xlsx"


def inner_zip(here):
    inner = archive(here / "inner.zip", [member(b"a.csv", b"a\n1\n")])
    return archive(here / "a.zip", [member(b"inner.zip", inner.read_bytes())])


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (bomb_honest, {"zip_bomb"}),
        (bomb_that_lies, {"zip_broken", "zip_bomb"}),
        (bomb_of_many, {"zip_bomb"}),
        (bomb_of_overlap, {"zip_bomb", "zip_unsafe"}),
        (crowd, {"zip_bomb"}),
        (two_in_one, {"zip_unsafe"}),
        (workbook_bomb, {"zip_bomb"}),
        (workbook_with_a_part_twice, {"zip_unsafe"}),
        (inner_zip, {"zip_nested"}),
    ],
)
def test_bad_archives_are_refused_soon_and_in_little_memory(here, monkeypatch, make, codes):
    """Two seconds of the processor, and a reader that may not take more than 300 MB, which none of them reaches."""
    path = make(here)
    limits = Caps(memory_bytes=300 * MIB, disk_bytes=20 * MIB, cpu_s=2, wall_s=60)
    monkeypatch.setattr(apart, "caps_of", lambda _: limits)
    (found,) = open_(path)
    assert found
    assert set(found) <= codes


# ------------------------------------------------------------------------------------------- traps inside the formats


VRT = "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{0}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
WFS = "<OGRWFSDataSource><URL>{0}</URL></OGRWFSDataSource>"
GDALG = '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {0}"}}'
LINK = '{{"type": "FeatureCollection", "crs": {{"type": "link", "properties": {{"href": "{0}"}}}}, "features": []}}'
KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link><href>{0}</href></Link></NetworkLink>'
    "<Placemark><name>a</name><Point><coordinates>117,36</coordinates></Point></Placemark></Document></kml>"
)
GRAPHML = '<!DOCTYPE graphml [<!ENTITY a SYSTEM "{0}">]><graphml>&a;</graphml>'
OSM = '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "{0}"><!ENTITY b "&a;&a;&a;">]><osm version="0.6">&b;</osm>'
PRJ = 'PROJCS["x",GEOGCS["{0}",DATUM["d",SPHEROID["s",6378137,298]],PRIMEM["g",0],UNIT["degree",0.01745]],UNIT["m",1]]'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(pytest.param("a.geojson", text, marks=pytest.mark.slow) for text in (WFS, GDALG, LINK)),
        *(pytest.param("a.kml", text, marks=pytest.mark.slow) for text in (VRT, GDALG, LINK)),
        *(pytest.param("a.csv", text, marks=pytest.mark.slow) for text in (VRT, WFS, LINK)),
        ("a.geojson", VRT),
        ("a.csv", GDALG),
        ("a.kml", WFS),
        ("a.kml", KML),
        ("a.graphml", GRAPHML),
        ("a.osm", OSM),
    ],
)
def test_nothing_asks_another_host(here, name, text):
    """A host on loopback listens; nobody calls, and what was found there is in no table."""
    with socket.create_server(("127.0.0.1", 0)) as host:
        host.settimeout(0.05)
        for address in (
            f"http://127.0.0.1:{host.getsockname()[1]}/x",
            f"/vsicurl/http://127.0.0.1:{host.getsockname()[1]}/x",
        ):
            (here / name).write_text(text.format(address), "utf-8")
            (found,) = open_(here / name, name="roads" if name.endswith(("osm", "graphml")) else "medical")
            assert found == 1 if text == KML else isinstance(found, list)
            with pytest.raises(TimeoutError):
                host.accept()


def named(path, name):
    """Give the only layer of a GeoPackage another name, as a program other than GDAL may."""
    with sqlite3.connect(path) as data:
        data.execute("DROP TRIGGER IF EXISTS trigger_delete_feature_count_a")
        data.execute("DROP TRIGGER IF EXISTS trigger_insert_feature_count_a")
        data.execute("UPDATE gpkg_contents SET table_name = ?, identifier = ?", (name, name))
        data.execute("UPDATE gpkg_geometry_columns SET table_name = ?", (name,))
        data.execute("UPDATE gpkg_ogr_contents SET table_name = ?", (name,))
        data.execute('ALTER TABLE a RENAME TO "' + name.replace('"', '""') + '"')
    data.close()


@pytest.mark.parametrize(
    "name",
    few(
        ['x"; DROP TABLE gpkg_contents;--', "../../evil", "<img src=x onerror=alert(1)>", "a b'c", "${7*7}", "层"],
        quick=2,
    ),
)
def test_layer_names_are_never_ways_or_commands(here, name):
    path = here / "a.gpkg"
    pyogrio.write_dataframe(areas(2), path, layer="a", SPATIAL_INDEX="NO")
    named(path, name)
    assert open_(path) == open_(path, layer=name) == [2]
    for other in ("../../etc/passwd", "gpkg_contents", "x' OR 1=1", "sqlite_master"):
        assert open_(path, layer=other) == [["layer_unknown"]]


@pytest.mark.parametrize(
    "name",
    [
        *("a;b", "a!b"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("a?b=c", "a#b", "a'; DROP TABLE x;--", "-rf", "a%20b")
        ),
    ],
)
def test_file_names_are_never_addresses(here, name):
    """Beside each lies a file with the name a library would cut it down to; it must not be read in its place."""
    for ending, driver in (("gpkg", "GPKG"), ("shp", "ESRI Shapefile"), ("geojson", "GeoJSON"), ("fgb", "FlatGeobuf")):
        for stem, count in (("a", 3), ("b", 3), ("x", 2)):
            pyogrio.write_dataframe(areas(count), here / f"{stem}.{ending}", driver=driver)
        for part in list(here.glob("x.*")):
            part.rename(here / f"{name}{part.suffix}")
        for part in (here / "a.gpkg", here / "b.gpkg"):
            (here / part.stem).write_bytes(part.read_bytes() if part.exists() else b"")
        assert open_(here / f"{name}.{ending}") == [2]


def test_a_view_that_never_ends_is_stopped_by_the_clock(here, monkeypatch):
    path = here / "a.gpkg"
    pyogrio.write_dataframe(areas(2), path, layer="a")
    with sqlite3.connect(path) as data:
        data.execute(
            "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS fid FROM c"
        )
        data.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('v', 'attributes', 'v')")
    data.close()
    limits = Caps(memory_bytes=400 * MIB, disk_bytes=100 * MIB, cpu_s=1, wall_s=20)
    monkeypatch.setattr(apart, "caps_of", lambda _: limits)
    assert open_(path, layer="a") == [["reader_time"]]


def test_deep_and_wide_documents_are_answered(here):
    (here / "a.geojson").write_text('{"type": "FeatureCollection", "features": ' + "[" * 50_000 + "]" * 50_000 + "}")
    (here / "b.geojson").write_text('{"a":' * 50_000 + "1" + "}" * 50_000)
    (here / "c.kml").write_text("<kml>" + "<Folder>" * 50_000 + "</Folder>" * 50_000 + "</kml>")
    (here / "d.graphml").write_text("<graphml>" + "<graph>" * 50_000 + "</graph>" * 50_000 + "</graphml>")
    found = open_(*(here / name for name in ("a.geojson", "b.geojson", "c.kml", "d.graphml")), name="roads")
    assert found[:2] == [["json_broken"]] * 2
    assert all(isinstance(codes, list) and len(codes) == 1 for codes in found)


# -------------------------------------------------------------------------------------------------- counted otherwise


@pytest.mark.parametrize("count", [1, 16, 17, 300])
@pytest.mark.parametrize("index", ["YES", "NO"])
def test_a_flatgeobuf_is_counted_by_its_bytes(here, count, index):
    path = here / "a.fgb"
    pyogrio.write_dataframe(areas(count), path, driver="FlatGeobuf", SPATIAL_INDEX=index)
    assert counts.flatgeobuf(path) == count
    assert open_(path) == [count]
    data = path.read_bytes()
    path.write_bytes(data[:-7])
    with pytest.raises(ValueError, match=" B"):
        counts.flatgeobuf(path)
    assert open_(path) == [["file_broken"]]


def test_a_flatgeobuf_whose_header_counts_less_loses_no_row_unsaid(here):
    """The count in the header (a 64-bit number) is lowered from 300 to 2; GDAL then reads two rows and says nothing."""
    path = here / "a.fgb"
    pyogrio.write_dataframe(areas(300), path, driver="FlatGeobuf", SPATIAL_INDEX="NO")
    data = path.read_bytes()
    at = data.index(struct.pack("<Q", 300))
    path.write_bytes(data[:at] + struct.pack("<Q", 2) + data[at + 8 :])
    assert counts.flatgeobuf(path) == 300
    (opened,) = apart.open_jobs([apart.Job(spec(path), path, None)]).values()
    assert len(opened.raw.rows) in (2, 300)
    assert opened.raw.read == 300


def test_a_geodatabase_is_counted_by_its_index(here):
    path = here / "a.gdb"
    pyogrio.write_dataframe(areas(300), path, driver="OpenFileGDB", layer="小区")
    pyogrio.write_dataframe(areas(3), path, driver="OpenFileGDB", layer="other", append=True)
    assert counts.geodatabase(path, "小区") == 300
    assert counts.geodatabase(path, "other") == 3
    assert counts.geodatabase(path, "none") is None
    assert open_(path, layer="小区") == [300]
    index = max(path.glob("*.gdbtablx"), key=lambda one: one.name)
    index.write_bytes(index.read_bytes()[:40])
    with pytest.raises(ValueError, match=" B"):
        counts.geodatabase(path, "other")


def test_rows_the_reader_lost_are_said(here, monkeypatch):
    """A reader that gives fewer rows than are counted ends in an error of the table, not in a shorter table."""
    path = here / "a.fgb"
    pyogrio.write_dataframe(areas(3), path, driver="FlatGeobuf")
    (here / "plan.toml").write_text(
        '[plan]\nname = "x"\nstandard = "liaocheng"\nas_of = 2025-12-31\n'
        '[inputs.residential]\npath = "a.fgb"\n[inputs.roads]\npath = "r.gpkg"\n[inputs.facilities]\npath = "f.csv"\n',
        "utf-8",
    )
    opened = apart.open_one(spec(path), path, layer=None)
    less = apart.Opened(raw_of(opened.raw, read=4), opened.paths, opened.digests)
    monkeypatch.setattr(apart.Opening, "of", lambda _, one: (less,) if one.name == "residential" else _refuse(one))
    faults = look(plans.read(here / "plan.toml")).faults
    lost = [fault for fault in faults if fault.code == "rows_lost"]
    assert [(fault.file, fault.value, fault.severity) for fault in lost] == [("a.fgb", "3 / 4", "error")]


def raw_of(raw, **changes):
    from dataclasses import replace

    return replace(raw, **changes)


def _refuse(one):
    raise apart.InputRefused(Fault("file_missing", file=one.path))


def test_the_readers_words_stand_in_both_languages():
    for code in ("memory", "time", "disk", "died", "failed"):
        for part in ("message", "remedy"):
            assert all(texts.entries()[f"fault.reader_{code}.{part}"].values())


def test_a_plan_is_read_from_a_thread(good):
    """As in the app, where every visitor has one."""
    found = []
    threads = [threading.Thread(target=lambda: found.append(open_(good))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[2]] * 4
