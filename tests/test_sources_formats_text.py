"""Which encoding a text is in, and that nothing is read as what it is not."""

from __future__ import annotations

import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from doors import raw, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import tables
from planning.errors import InputRefused
from planning.sources import textcode

NAMES = ["莲池小区", "东方花园", "王家村", "濮阳里", "明发滨江新城三期", "威尼斯水城"]
TEXT = "、".join(NAMES)


def choose(text, encoding="utf-8", **keys):
    data = text if isinstance(text, bytes) else text.encode(encoding)
    return textcode.choose([data], file="a.csv", **keys)


def mark(said):
    return textcode.Mark(".cpg", said, textcode.known(said))


# ------------------------------------------------------------------------------------------------------- the weighing


def test_the_weight_of_a_text():
    """Level 1 counts 1 (中), level 2 one half (濮), what GB 2312 lacks 0 (囍); signs, digits and ASCII do not count.

    So 中 is 1, 中濮 is 0.75, 中囍 is 0.5; nothing to weigh weighs 1.
    """
    assert textcode.weight("中") == (1.0, 1)
    assert textcode.weight("中濮") == (0.75, 2)
    assert textcode.weight("中囍，（１）㎡A1") == (0.5, 2)
    assert textcode.weight("abc 123") == (1.0, 0)
    assert textcode.weight("") == (1.0, 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
def test_misread_text_weighs_little_and_text_much(names):
    text = "、".join(names)
    assert textcode.weight(text)[0] > 0.8
    wrong = text.encode("utf-8").decode("gb18030", errors="ignore")
    assert textcode.weight(wrong)[0] < textcode.PLAUSIBLE
    assert textcode.mojibake(text) is None
    assert textcode.mojibake(wrong) is not None


def test_what_was_misread_is_shown_as_it_was():
    """UTF-8 read as GBK, and GBK read as Latin-1, as GDAL reads a shapefile without marks."""
    assert textcode.mojibake("莲池小区花园".encode().decode("gb18030")) == "莲池小区花园"
    assert textcode.mojibake("小区名称".encode("gbk").decode("cp1252")) == "小区名称"
    for fine in ("Straße und Café", "ئۇيغۇر", "ひまわり カタカナ", "囍", "社區名稱", TEXT):
        assert textcode.mojibake(fine) is None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True),
    st.sampled_from(["utf-8", "gbk", "gb18030"]),
    st.sampled_from([None, "UTF-8", "GBK", "936", "ISO-8859-1", "OEM", "nonsense"]),
)
def test_whatever_the_mark_the_text_is_read_as_written(names, encoding, said):
    """No mark, the right one, a wrong one or a Latin one: the words come back, and a wrong mark is told."""
    data = "、".join(names).encode(encoding)
    choice = choose(data, marks=[] if said is None else [mark(said)])
    assert data.decode(choice.encoding) == "、".join(names)
    right = {"utf-8": ("UTF-8",), "gbk": ("GBK", "936"), "gb18030": ("GBK", "936")}[encoding]
    told = [fault.code for fault in choice.faults]
    if said is None:
        assert told == ([] if encoding == "utf-8" else ["encoding_guessed"])
    else:
        assert told == ([] if said in right else ["encoding_mark_wrong"])


def test_a_guess_shows_what_was_read():
    (fault,) = choose(TEXT, "gbk").faults
    assert fault.severity == "warning"
    assert "莲池小区" in fault.message()
    (fault,) = choose(TEXT, marks=[mark("GBK")]).faults
    assert "莲池小区" in fault.message()


def test_short_gbk_that_is_also_valid_utf8():
    """露园 in GBK is C2 B6 D4 B0, which is valid UTF-8 for ¶԰; the reading that is Chinese wins."""
    data = "露园".encode("gbk")
    assert data.decode("utf-8") == "¶\u0530"
    assert choose(data).encoding == "gb18030"


@pytest.mark.parametrize(
    ("data", "keys", "code"),
    [
        (TEXT.encode("gbk"), {"stated": "latin-1"}, "encoding_latin"),
        (TEXT.encode("gbk"), {"stated": "cp1252"}, "encoding_latin"),
        (TEXT.encode("gbk"), {"stated": "klingon"}, "encoding_unknown"),
        (TEXT.encode("gbk"), {"stated": "utf-8"}, "encoding_undecided"),
        ("莲池小区花园".encode(), {"stated": "gbk"}, "encoding_contradicted"),
        ("東京都新宿区 ひまわり カタカナ".encode("shift_jis"), {}, "encoding_implausible"),
        (TEXT.encode() + b"\xff", {}, "encoding_undecided"),
        (b"\xff\xff\xff", {}, "encoding_undecided"),
    ],
)
def test_what_is_not_read(data, keys, code):
    with pytest.raises(InputRefused) as caught:
        choose(data, **keys)
    assert [fault.code for fault in caught.value.faults] == [code]
    assert "{" not in caught.value.faults[0].message() + caught.value.faults[0].remedy()


def test_the_spot_that_does_not_decode_is_named(tmp_path):
    """One lost byte in the third line of a UTF-8 table: the line and the bytes stand in the fault."""
    (tmp_path / "a.csv").write_bytes("编号,名称\n1,莲池\n2,东".encode() + b"\xe6\x96\n" + "3,西街道\n".encode())
    (fault,) = refused(tmp_path / "a.csv")
    assert fault.code == "encoding_undecided"
    assert "3: " in fault.message()
    assert "E6 96" in fault.message()


def test_text_misread_before_it_came_here_is_told_and_left_alone(tmp_path):
    wrong = [name.encode().decode("gb18030") for name in ("莲池小区花园", "东方新城家园")]
    frame = gpd.GeoDataFrame({"编号": ["1", "2"], "名称": wrong}, geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=4548)
    frame.to_file(tmp_path / "a.gpkg", driver="GPKG")
    found = raw(tmp_path / "a.gpkg")
    assert found.frame["名称"].tolist() == wrong
    assert [(fault.code, fault.severity, fault.column) for fault in found.faults] == [
        ("text_mojibake", "warning", "名称")
    ]
    assert "莲池小区花园" in found.faults[0].message()


# ------------------------------------------------------------------------------------------------------ dBASE, by hand


def dbf_bytes(fields, records, *, language=0):
    """Return an attribute file: fields are (name bytes, kind, width, decimals), records lists of cells as bytes."""
    width = 1 + sum(field[2] for field in fields)
    head = struct.pack("<BBBBIHH17xB2x", 3, 124, 1, 1, len(records), 33 + 32 * len(fields), width, language)
    for name, kind, size, decimals in fields:
        head += name[:10].ljust(11, b"\0") + kind.encode() + b"\0" * 4 + bytes([size, decimals]) + b"\0" * 14
    body = b"".join(
        mark + b"".join(cell.ljust(f[2]) for cell, f in zip(cells, fields, strict=True)) for mark, cells in records
    )
    return head + b"\r" + body + b"\x1a"


def shapefile(folder, fields, records, *, cpg=None, language=0):
    """Write a shapefile of unit squares whose attributes are these bytes."""
    path = folder / "a.shp"
    squares = [shapely.box(at, 0, at + 1, 1) for at in range(len(records))]
    frame = gpd.GeoDataFrame({"n": range(len(records))}, geometry=squares, crs=4548)
    pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    path.with_suffix(".dbf").write_bytes(dbf_bytes(fields, records, language=language))
    return path


ID = ("编号".encode("gbk"), "C", 6, 0)
LIVE, GONE = b" ", b"*"


def test_deleted_records_asterisks_and_memos_are_told(tmp_path):
    """Three of four records live; one of them has asterisks for households, and a memo that is not read."""
    fields = [ID, ("户数".encode("gbk"), "N", 4, 0), ("备注".encode("gbk"), "M", 10, 0), (b"day", "D", 8, 0)]
    records = [
        (LIVE, [b"001", b"  12", b"", b"20150601"]),
        (GONE, [b"002", b"****", b"3", b""]),
        (LIVE, [b"003", b"****", b"7", b"00000000"]),
        (LIVE, [b"004", b"   0", b"", b""]),
    ]
    found = raw(shapefile(tmp_path, fields, records, cpg="GBK"))
    assert found.rows.tolist() == [1, 3, 4]
    assert found.frame["编号"].tolist() == ["001", "003", "004"]
    assert found.frame["户数"].isna().tolist() == [False, True, False]
    assert found.frame["户数"].tolist()[::2] == [12, 0]
    assert found.frame["day"].dropna().tolist() == ["20150601"]
    assert [(fault.code, fault.column, fault.value) for fault in found.faults] == [
        ("dbf_deleted", "", "1"),
        ("dbf_asterisks", "户数", "1"),
        ("dbf_field_unread", "备注", "M"),
    ]
    assert found.faults[1].facts["first"] == 3


@pytest.mark.parametrize(
    ("encoding", "name", "told", "column"),
    [
        ("gbk", "养老用房建筑面积", "养老用房建筑面积", "care_floor_area_m2"),
        ("utf-8", "小区名称", "小区名", "name"),
        ("utf-8", "养老用房建筑面积", "养老用房", "care_floor_area_m2"),
        ("utf-8", "居住区编号", "居住区…", None),
        ("utf-8", "居住区名称", "居住区…", None),
        ("utf-8", "总户数", "总户数", "households"),
        ("gbk", "小区编号", "小区编号", "residential_id"),
        ("gbk", "物业管理公司名称", "物业管理公", None),
        ("utf-8", "物业公司", "物业公…", None),
    ],
)
def test_field_names_cut_at_ten_bytes(tmp_path, encoding, name, told, column):
    """GBK keeps five characters and UTF-8 three. A cut name is completed where one column alone can be meant;
    居住区 is left of both the id and the name of an area, and is taken for neither."""
    from planning.sources import columns as cols
    from planning.sources.ledger import Origin

    path = shapefile(tmp_path, [(name.encode(encoding), "C", 6, 0)], [(LIVE, [b"1"])], cpg=encoding)
    found = raw(path)
    assert found.headers == (told,)
    known = cols.map_columns(tables.contract("residential"), found, {}, Origin("f", "", np.array([1])))
    assert list(known.known) == ([] if column is None else [column])


def test_the_language_byte_counts_after_the_cpg(tmp_path):
    """0x4D says GBK and is believed without a word; under a wrong .cpg it is believed too, and the .cpg is named."""
    records = [(LIVE, ["莲池".encode("gbk")])]
    assert raw(shapefile(tmp_path, [ID], records, language=0x4D)).faults == ()
    found = raw(shapefile(tmp_path, [ID], records, cpg="UTF-8", language=0x4D))
    assert found.encoding == "gbk"
    assert [(fault.code, fault.facts["where"]) for fault in found.faults] == [("encoding_mark_wrong", ".cpg")]


# --------------------------------------------------------------------------------------------------------- GeoParquet


def test_parquet_without_shapes_is_a_table(tmp_path):
    frame = pd.DataFrame({"编号": ["001"], "户数": [5], "经度": [117.5], "纬度": [36.5]})
    frame.to_parquet(tmp_path / "a.parquet")
    found = raw(tmp_path / "a.parquet")
    assert (found.geometry, found.crs, found.read) == (None, None, 1)
    assert found.frame["编号"].tolist() == ["001"]


@pytest.mark.parametrize(("crs", "told"), [("absent", "OGC:CRS84"), (None, None)])
def test_the_crs_of_geoparquet(tmp_path, crs, told):
    """By the GeoParquet specification an absent crs is OGC:CRS84, and null is unknown, which is refused later."""
    import json

    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    gpd.GeoDataFrame({"编号": ["1"]}, geometry=[shapely.box(117, 36, 118, 37)], crs=4326).to_parquet(path)
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[b"geo"])
    if crs == "absent":
        del said["columns"]["geometry"]["crs"]
    else:
        said["columns"]["geometry"]["crs"] = None
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(said).encode()}), path)
    found = raw(path)
    assert (found.crs is None) == (told is None)
    if found.crs is not None:
        assert found.crs.is_geographic
        assert found.geometry[0].bounds == (117, 36, 118, 37)
