"""Drawings, KML and MapInfo as they really come, and a clear word for what no reader reads."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from doors import codes, raw, refusal

from planning.errors import InputRefused
from planning.sources import draft, textcode

X0, Y0 = 500_000.0, 4_050_000.0


def out(found):
    """Return the rows set aside, by reason."""
    return {code: found.rows[mask].tolist() for code, mask in found.dropped.items() if mask.any()}


# ----------------------------------------------------------------------------------------------------------- drawings


def dxf(entities, *, version="AC1021", page="ANSI_936", units=6, encoding="utf-8", blocks=()):
    head = [0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, version, 9, "$DWGCODEPAGE", 3, page]
    head += [9, "$INSUNITS", 70, units, 0, "ENDSEC", 0, "SECTION", 2, "BLOCKS", *blocks, 0, "ENDSEC"]
    pairs = [*head, 0, "SECTION", 2, "ENTITIES", *(word for one in entities for word in one), 0, "ENDSEC", 0, "EOF"]
    return ("\n".join(map(str, pairs)) + "\n").encode(encoding)


def polyline(layer, points, *, closed=1, paper=False):
    more = [67, 1] if paper else []
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


def square(at=0, size=100.0):
    left = X0 + 200 * at
    return [(left, Y0), (left + size, Y0), (left + size, Y0 + size), (left, Y0 + size)]


def text(layer, words, x, y, kind="TEXT"):
    return [0, kind, 8, layer, 10, x, 20, y, 40, 5, 1, words]


BULGE = [0, "LWPOLYLINE", 8, "界", 90, 2, 70, 1, 10, X0, 20, Y0, 42, 1, 10, X0 + 100, 20, Y0, 42, 1]
OLD = [0, "POLYLINE", 8, "界", 66, 1, 70, 1]
OLD += [word for x, y in square(2) for word in (0, "VERTEX", 8, "界", 10, x, 20, y)] + [0, "SEQEND", 8, "界"]
CIRCLE = [0, "CIRCLE", 8, "界", 10, X0, 20, Y0, 40, 50]
ELLIPSE = [0, "ELLIPSE", 8, "界", 10, X0, 20, Y0, 11, 80, 21, 0, 40, 0.5, 41, 0, 42, 6.283185307179586]
HATCH = [0, "HATCH", 8, "界", 2, "SOLID", 70, 1, 71, 0, 91, 1, 92, 2, 72, 0, 73, 1, 93, 4]
HATCH += [word for x, y in square() for word in (10, x, 20, y)] + [97, 0, 75, 1, 76, 1, 98, 0]
INSERT = [0, "INSERT", 8, "界", 2, "站", 66, 1, 10, X0, 20, Y0]
INSERT += [0, "ATTRIB", 8, "界", 10, X0, 20, Y0, 40, 1, 1, "莲池站", 2, "名称", 70, 0, 0, "SEQEND", 8, "界"]


@pytest.mark.parametrize(
    ("entity", "area_m2"),
    [
        (polyline("界", square()), 10_000),
        (polyline("界", [*square(), square()[0]], closed=0), 10_000),
        (OLD, 10_000),
        (BULGE, np.pi * 50**2),
        (CIRCLE, np.pi * 50**2),
        (ELLIPSE, np.pi * 80 * 40),
    ],
)
def test_closed_lines_are_outlines(tmp_path, entity, area_m2):
    """A bulge of 1 is half a circle, two of them over 100 m make a circle of 50 m; curves are drawn to within 1 %."""
    (tmp_path / "a.dxf").write_bytes(dxf([entity]))
    found = raw(tmp_path / "a.dxf")
    assert (found.layer, found.crs, found.read) == ("界", None, 1)
    assert isinstance(found.geometry[0], shapely.Polygon)
    assert found.geometry[0].area == pytest.approx(area_m2, rel=0.01)


def test_roads_keep_their_lines(tmp_path):
    """A ring road stays a line where the table wants lines."""
    line = [0, "LINE", 8, "路", 10, X0, 20, Y0, 11, X0 + 100, 21, Y0]
    arc = [0, "ARC", 8, "路", 10, X0, 20, Y0, 40, 100, 50, 0, 51, 90]
    (tmp_path / "a.dxf").write_bytes(dxf([line, arc, polyline("路", square())]))
    found = raw(tmp_path / "a.dxf", "roads")
    assert [shape.geom_type for shape in found.geometry] == ["LineString"] * 3
    assert [shape.length for shape in found.geometry] == pytest.approx([100, np.pi * 50, 400], rel=1e-3)


def test_what_does_not_count_is_accounted_for(tmp_path):
    """An outline, an open line, and beside them a fill, a symbol, a text, a solid; paper space holds no rows."""
    entities = [
        polyline("界", square()),
        polyline("界", square(1), closed=0),
        HATCH,
        INSERT,
        text("界", "莲池", X0 + 50, Y0 + 50),
        [0, "3DSOLID", 8, "界"],
        polyline("界", square(3), paper=True),
    ]
    (tmp_path / "a.dxf").write_bytes(dxf(entities))
    found = raw(tmp_path / "a.dxf")
    assert found.rows.tolist() == [1, 2, 3, 4, 5, 6]
    assert out(found) == {"dxf_label": [5], "dxf_symbol": [4], "dxf_fill": [3], "dxf_not_a_shape": [6]}
    assert [shape.geom_type for shape in found.geometry[:2]] == ["Polygon", "LineString"]
    assert found.frame["label"].tolist()[0] == "莲池"


def test_texts_of_other_layers_stand_with_the_outline_they_lie_in(tmp_path):
    """Two texts in one outline are joined in the order of the file; one outside all outlines stands with none."""
    entities = [
        polyline("界", square()),
        polyline("界", square(1)),
        text("小区名称", r"{\fSimSun|b0|i0;莲池\P小区}", X0 + 50, Y0 + 50, "MTEXT"),
        text("小区名称", r"\U+4E1C方", X0 + 250, Y0 + 50),
        text("户数", "120户", X0 + 30, Y0 + 20),
        text("备注", "甲", X0 + 10, Y0 + 10),
        text("备注", "乙", X0 + 20, Y0 + 10),
        text("备注", "外", X0 - 50, Y0 + 10),
    ]
    (tmp_path / "a.dxf").write_bytes(dxf(entities))
    found = raw(tmp_path / "a.dxf", layer="界")
    assert found.frame["小区名称"].tolist() == ["莲池 小区", "东方"]
    assert found.frame["户数"].tolist()[0] == "120户"
    assert found.frame["备注"].tolist()[0] == "甲;乙"
    assert refusal(tmp_path / "a.dxf") == ["layer_needed"]
    assert refusal(tmp_path / "a.dxf", layer="没有") == ["layer_unknown"]


def test_symbols_alone_are_points(tmp_path):
    """On a layer of block symbols each insertion is a facility, with its attributes as columns."""
    (tmp_path / "a.dxf").write_bytes(dxf([INSERT]))
    found = raw(tmp_path / "a.dxf", "facilities")
    assert (found.geometry[0].x, found.geometry[0].y) == (X0, Y0)
    assert found.frame.loc[0, "名称"] == "莲池站"
    assert not out(found)


@pytest.mark.parametrize(
    ("units", "factor", "told", "area_m2"),
    [
        (6, 1, [], 10_000),
        (0, 1, [], 10_000),
        (4, 1000, ["dxf_scaled"], 10_000),
        (4, 1, ["dxf_units_ignored"], 10_000),
        (6, 1000, "dxf_units", None),
        (0, 1000, "dxf_units", None),
        (4, 1e-3, "dxf_units", None),
    ],
)
def test_the_unit_of_a_drawing(tmp_path, units, factor, told, area_m2):
    """Millimetres are known by header and northings together; where these disagree, nothing is scaled in silence."""
    points = [(x * factor, y * factor) for x, y in square()]
    (tmp_path / "a.dxf").write_bytes(dxf([polyline("界", points)], units=units))
    if isinstance(told, str):
        assert refusal(tmp_path / "a.dxf") == [told]
        return
    found = raw(tmp_path / "a.dxf")
    assert codes(found) == told
    assert found.geometry[0].area == pytest.approx(area_m2)


def test_broken_and_binary_drawings(tmp_path):
    whole = dxf([polyline("界", square())])
    (tmp_path / "a.dxf").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path / "a.dxf") == ["file_broken"]
    (tmp_path / "b.dxf").write_bytes(b"AutoCAD Binary DXF\r\n\x1a\0" + b"\0" * 20)
    assert refusal(tmp_path / "b.dxf") == ["format_dxf_binary"]
    (tmp_path / "c.dxf").write_bytes(dxf([]))
    assert refusal(tmp_path / "c.dxf") == ["layer_none"]


# --------------------------------------------------------------------------------------------------------------- KML


def kml(body):
    return f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'


def place(name, shape="<Point><coordinates>117,36,5</coordinates></Point>"):
    return f"<Placemark><name>{name}</name>{shape}</Placemark>"


def test_folders_are_layers(tmp_path):
    """Folders inside folders too; two of one name are told apart by the way to them."""
    path = tmp_path / "a.kml"
    inner = f"<Folder><name>里</name>{place('内')}</Folder>"
    path.write_text(
        kml(
            place("根")
            + f"<Folder><name>东</name>{place('甲')}{place('乙')}{inner}</Folder>"
            + f"<Folder><name>西</name><Folder><name>里</name>{place('丙')}</Folder></Folder>"
        ),
        "utf-8",
    )
    assert refusal(path) == ["layer_needed"]
    assert raw(path, layer="东").frame["name"].tolist() == ["甲", "乙"]
    assert raw(path, layer="Document/东/里").frame["name"].tolist() == ["内"]
    assert raw(path, layer="Document/西/里").frame["name"].tolist() == ["丙"]


def test_shapes_of_placemarks(tmp_path):
    ring = "<LinearRing><coordinates>0,0 0,1 1,1 0,0</coordinates></LinearRing>"
    hole = "<LinearRing><coordinates>0.1,0.2 0.1,0.8 0.7,0.8 0.1,0.2</coordinates></LinearRing>"
    polygon = f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs><innerBoundaryIs>{hole}</innerBoundaryIs></Polygon>"
    shapes = {
        "面": (polygon, "Polygon"),
        "多面": (f"<MultiGeometry>{polygon}{polygon}</MultiGeometry>", "MultiPolygon"),
        "线": ("<LineString><coordinates>\n 0 , 0 \n 1,1 </coordinates></LineString>", "LineString"),
        "混": (
            f"<MultiGeometry>{polygon}<Point><coordinates>0,0</coordinates></Point></MultiGeometry>",
            "GeometryCollection",
        ),
        "无": ("", None),
        "坏": ("<LineString><coordinates>0,0 a,b</coordinates></LineString>", None),
        "一点": ("<LineString><coordinates>0,0</coordinates></LineString>", None),
    }
    (tmp_path / "a.kml").write_text(kml("".join(place(name, one) for name, (one, _) in shapes.items())), "utf-8")
    found = raw(tmp_path / "a.kml")
    assert [None if one is None else one.geom_type for one in found.geometry] == [kind for _, kind in shapes.values()]
    assert found.geometry[0].area == pytest.approx(0.5 - 0.18)
    assert out(found) == {"shape_unreadable": [6, 7]}


def test_kml_that_means_harm(tmp_path):
    """A DTD behind a megabyte of comments, and folders nested without end."""
    late = "<?xml version='1.0'?><!--" + "x" * (1 << 20) + "--><!DOCTYPE kml [<!ENTITY a 'b'>]><kml><Document/></kml>"
    (tmp_path / "late.kml").write_text(late, "utf-8")
    assert refusal(tmp_path / "late.kml") in (["xml_dtd"], ["format_unknown"])
    deep = "<Folder>" * 500 + place("甲") + "</Folder>" * 500
    (tmp_path / "deep.kml").write_text(kml(deep), "utf-8")
    assert refusal(tmp_path / "deep.kml") == ["file_broken"]
    (tmp_path / "link.kml").write_text(
        kml("<NetworkLink><Link><href>http://127.0.0.1:9/</href></Link></NetworkLink>"), "utf-8"
    )
    assert refusal(tmp_path / "link.kml") == ["layer_none"]


# --------------------------------------------------------------------------------------------------------- GeoPackage


def test_text_in_a_column_of_numbers_stays_text(tmp_path):
    """SQLite holds 120户 and 无 in a column of integers; GDAL reads 120 and 0, and neither would be noticed."""
    path = tmp_path / "a.gpkg"
    frame = gpd.GeoDataFrame({"编号": ["1", "2", "3"], "户数": [5, 6, 7]}, geometry=[shapely.Point(1, 1)] * 3, crs=4548)
    frame.to_file(path, driver="GPKG", layer="小区")
    with closing(sqlite3.connect(path)) as connection:
        for name in [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE 小区 SET 户数 = '120户' WHERE 编号 = '2'")
        connection.execute("UPDATE 小区 SET 户数 = '无' WHERE 编号 = '3'")
        connection.commit()
    assert raw(path).frame["户数"].tolist() == [5, "120户", "无"]


# ----------------------------------------------------------------------------------------- GeoJSON by lines, MapInfo


def test_lines_that_are_no_features_are_named(tmp_path):
    good = json.dumps({"type": "Feature", "properties": {"a": {"b": 1}}, "geometry": None})
    (tmp_path / "a.geojsonl").write_text(f"{good}\n{good}\n\n", "utf-8")
    found = raw(tmp_path / "a.geojsonl")
    assert (found.read, found.frame["a"].tolist()) == (2, ['{"b": 1}'] * 2)
    (tmp_path / "b.geojsonl").write_text(f'{good}\n{{"type": "Feature"\n[]\n', "utf-8")
    with pytest.raises(InputRefused) as caught:
        raw(tmp_path / "b.geojsonl")
    assert [(fault.code, fault.row) for fault in caught.value.faults] == [("json_broken", 2), ("json_broken", 3)]


def test_a_bad_shape_among_good_ones_is_one_row(tmp_path):
    point = {"type": "Point", "coordinates": [117, 36]}
    bad = {"type": "Point", "coordinates": ["a", None]}
    lines = [json.dumps({"type": "Feature", "properties": {}, "geometry": one}) for one in (point, bad, None, point)]
    (tmp_path / "a.geojsonl").write_text("\n".join(lines), "utf-8")
    assert out(raw(tmp_path / "a.geojsonl")) == {"shape_unreadable": [2]}


def mapinfo(path, charset):
    frame = gpd.GeoDataFrame({"名称": ["莲池小区", "东方花园"]}, geometry=[shapely.Point(117, 36)] * 2, crs=4326)
    pyogrio.write_dataframe(frame, path, driver="MapInfo File", layer_options={"ENCODING": "CP936"})
    path.write_bytes(path.read_bytes().replace(b"WindowsSimpChinese", charset))
    return path


@pytest.mark.parametrize("ending", ["tab", "mif"])
def test_mapinfo_says_what_its_bytes_are(tmp_path, ending):
    """A stated Latin charset over GBK bytes is passed over with a sample; a neutral one makes it a guess."""
    found = raw(mapinfo(tmp_path / f"a.{ending}", b"WindowsLatin1"))
    assert found.frame["名称"].tolist() == ["莲池小区", "东方花园"]
    assert codes(found) == ["encoding_mark_wrong"]
    assert "莲池小区" in found.faults[0].message()
    assert codes(raw(mapinfo(tmp_path / f"b.{ending}", b"Neutral"))) == ["encoding_guessed"]
    assert codes(raw(mapinfo(tmp_path / f"c.{ending}", b"WindowsSimpChinese"))) == []


def test_mapinfo_that_is_not_whole_or_points_elsewhere(tmp_path):
    path = mapinfo(tmp_path / "a.tab", b"WindowsSimpChinese")
    linked = tmp_path / "b.tab"
    linked.write_bytes(path.read_bytes().replace(b"Type NATIVE", b"Type LINKED"))
    for ending in (".dat", ".map", ".id"):
        linked.with_suffix(ending).write_bytes(path.with_suffix(ending).read_bytes())
    assert refusal(linked) == ["format_refused"]
    path.with_suffix(".dat").unlink()
    assert refusal(path) == ["mapinfo_part_missing"]


def test_mapinfo_whose_parts_disagree(tmp_path):
    """Two shapes and one line of attributes, in both forms: no row is lost in silence."""
    path = mapinfo(tmp_path / "a.mif", b"WindowsSimpChinese")
    mid = path.with_suffix(".mid")
    mid.write_bytes(mid.read_bytes().splitlines(keepends=True)[0])
    assert refusal(path) == ["mapinfo_disagrees"]
    path = mapinfo(tmp_path / "b.tab", b"WindowsSimpChinese")
    path.with_suffix(".id").write_bytes(path.with_suffix(".id").read_bytes()[:4])
    assert refusal(path) == ["mapinfo_disagrees"]


def test_every_file_of_a_mapinfo_table_is_recorded(tmp_path):
    mapinfo(tmp_path / "a.tab", b"WindowsSimpChinese")
    assert [part.suffix for part in draft.part_paths(tmp_path / "a.tab")] == [".tab", ".dat", ".id", ".map"]


# ------------------------------------------------------------------------------------------- what no reader here reads


def office(path, part):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
        archive.writestr(part, "")


@pytest.mark.parametrize(
    ("name", "data", "code", "word"),
    [
        ("图.dwg", b"AC1032" + b"\0" * 100, "format_dwg", "DXF"),
        ("a.rar", b"Rar!\x1a\x07\x01\0", "format_archive", "zip"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "format_archive", "zip"),
        ("a.csv.gz", b"\x1f\x8b\x08\0", "format_archive", "zip"),
        ("a.pdf", b"%PDF-1.7", "format_pdf", "xlsx"),
        ("a.mdb", b"\x00\x01\x00\x00Standard Jet DB\0", "format_mdb", ".gdb"),
        ("a.accdb", b"\x00\x01\x00\x00Standard ACE DB\0", "format_mdb", ".xlsx"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "format_xls", ".xlsx"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "format_word", ".xlsx"),
        ("a.rtf", b"{\\rtf1\\ansi", "format_word", ".xlsx"),
        ("a.docx", "word/document.xml", "format_word", ".xlsx"),
        ("a.xlsb", "xl/workbook.bin", "format_sheet", ".xlsx"),
        ("a.ods", "META-INF/manifest.xml", "format_sheet", ".xlsx"),
        ("a.pptx", "ppt/presentation.xml", "format_word", ".xlsx"),
    ],
)
def test_formats_that_are_known_but_not_read_say_what_to_do(tmp_path, name, data, code, word):
    """Whatever the file is called, the word says what it is and names a format to save it in."""
    for path in (tmp_path / name, tmp_path / "disguised.csv"):
        office(path, data) if isinstance(data, str) else path.write_bytes(data)
        with pytest.raises(InputRefused) as caught:
            raw(path)
        (fault,) = caught.value.faults
        assert fault.code == code
        assert word in fault.remedy()


def test_the_sample_shown_is_short():
    assert len(textcode.sample("莲" * 10_000)) <= 40
    assert textcode.sample("abc 120") == ""
