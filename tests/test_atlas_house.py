"""House style and editions: what an institute may change, what the public may not read back, how sheets stand."""

from __future__ import annotations

import dataclasses
import io
import re
import tomllib
from pathlib import Path

import geopandas as gpd
import matplotlib.colors
import numpy as np
import papertown
import PIL.Image
import pytest
import shapely
from click.testing import CliRunner
from fontTools.ttLib import TTFont

from planning import atlas, house, palette, plan, runs, study, texts, webmap
from planning.atlas import _fonts as fonts
from planning.cli import main
from planning.errors import InputRefused
from planning.study import few, published, untold

BUNDLED = Path(atlas.__file__).parent / "fonts"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return study.run(runs.load(papertown.write(tmp_path_factory.mktemp("样式 town"))))


def asked(result, folder=None, **output):
    """Return the result of the same plan with other keys of ``[output]``."""
    inputs = result.inputs
    changed = dataclasses.replace(inputs.plan, output=dataclasses.replace(inputs.plan.output, **output))
    if folder is not None:
        changed = dataclasses.replace(changed, folder=folder)
    return dataclasses.replace(result, inputs=dataclasses.replace(inputs, plan=changed))


def style(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "我院样式.toml"
    path.write_text(text, encoding="utf-8")
    return path


def logo(folder, size=(160, 100), name="院标.png"):
    folder.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGBA", size, (178, 58, 42, 255)).save(folder / name)


def faults(path):
    with pytest.raises(InputRefused) as caught:
        house.read(path)
    return caught.value.faults


def said(drawn, kind=None):
    return [ink.text for ink in drawn.page.inks if kind is None or ink.kind == kind]


def saved(drawn, fmt):
    target = io.BytesIO()
    drawn.page.save(target, fmt)
    return target.getvalue()


# --------------------------------------------------------------------------------------------------------- house style


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_blank_style_changes_nothing_and_every_comment_in_it_is_a_key(tmp_path, language):
    """Read as it is, it is empty; with every comment taken away, all keys are known and no colour differs."""
    text = house.blank(language)
    found = house.read(style(tmp_path, text))
    assert (found.institute, found.faces, found.labels, found.book == palette.load()) == ("", {}, {}, True)
    wanted = re.split(r"\n(?=# \[\[?palette|\[palette)", text)
    opened = "\n".join(re.sub(r"(?m)^# (?=[\[a-z])", "", part) for part in wanted[1:])
    assert palette.styled(tomllib.loads(opened)["palette"]) == palette.load()


def test_the_command_writes_it_once(tmp_path):
    target = tmp_path / "我院样式.toml"
    assert CliRunner().invoke(main, ["style", str(target)]).exit_code == 0
    assert house.read(target).file == target.name
    assert CliRunner().invoke(main, ["style", str(target)]).exit_code == 1


def test_a_house_is_on_every_sheet(result, tmp_path):
    logo(tmp_path)
    path = style(
        tmp_path,
        '[institute]\nname = "澄河市规划院"\nlogo = "院标.png"\n[sheet]\ndate = 2026-01-20\ndraft_mark = "送审稿"\n'
        '[title_block]\ndrafter = "绘制单位"\n[palette.ink]\naccent = "#123456"\n',
    )
    styled = asked(result, tmp_path, style=path.name)
    drawn = {one.listed.key: one for one in atlas.pages(styled, run_id="x", only=("cover", "coverage_street"))}
    sheet = drawn["coverage_street"]
    assert "绘制单位" in said(sheet, "block_head")
    assert "澄河市规划院" in said(sheet, "block")
    assert any(value.startswith("2026年1月20日") and "2025-12-31" in value for value in said(sheet, "block"))
    assert said(sheet, "draft") == ["送审稿"]
    assert "澄河市规划院" in said(drawn["cover"])
    pictures = sheet.page.axes.images
    assert [image.get_array().shape for image in pictures] == [(100, 160, 4)]
    assert {entry.get_color() for entry in sheet.page.axes.texts} & {"#123456"}
    assert sheet.page.axes.get_xlim() == (0, sheet.page.width_mm)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">{}</svg>'


def test_a_drawn_logo_is_printed_as_outlines(result, tmp_path):
    """20 × 10 units into 16 × 8.8 mm: 0.8 mm a unit, 16 × 8 mm; a rectangle moved by 10 fills the right half."""
    shapes = '<g transform="translate(10 0)"><rect width="10" height="10" fill="#0B4A6F"/></g>'
    shapes += '<circle cx="5" cy="5" r="5" fill="red"/>'
    (tmp_path / "院标.svg").write_text(SVG.format(shapes), encoding="utf-8")
    styled = asked(result, tmp_path, style=style(tmp_path, '[institute]\nlogo = "院标.svg"\n').name)
    (drawn,) = atlas.pages(styled, run_id="x", only=["coverage_street"])
    logo_parts = [entry for entry in drawn.page.axes.collections if 6 <= entry.get_zorder() < 6.01]
    filled = [entry for entry in logo_parts if len(entry.get_facecolor())]
    found = {matplotlib.colors.to_hex(entry.get_facecolor()[0]): entry.get_paths()[0].get_extents() for entry in filled}
    assert found["#0b4a6f"].width == pytest.approx(8, abs=0.01)
    assert found["#0b4a6f"].height == pytest.approx(8, abs=0.01)
    assert found["#ff0000"].x1 == pytest.approx(found["#0b4a6f"].x0, abs=0.01)


@pytest.mark.parametrize(
    "inside",
    ["<text>院</text>", '<image href="file:///etc/passwd"/>', '<path d="M0 0L1 1" stroke="#000"/>', "<script/>",
     '<rect width="1" height="1" fill="url(#a)"/>', '<rect class="a" width="1" height="1"/>', "",
     '<rect transform="rotate()" width="1" height="1"/>',
     '<rect transform="matrix(1e308 0 0 1e308 0 0)" width="1e9" height="1"/>', '<rect x="1e7" width="1" height="1"/>',
     '<path d="M0 0 A1e308 1e308 0 1 1 1e-308 3"/>',
     f'{"<g>" * 3000}<rect width="1" height="1"/>{"</g>" * 3000}'],
)  # fmt: skip
def test_a_drawing_that_would_not_print_faithfully_is_refused(tmp_path, inside):
    (tmp_path / "院标.svg").write_text(SVG.format(inside), encoding="utf-8")
    assert [fault.code for fault in faults(style(tmp_path, '[institute]\nlogo = "院标.svg"\n'))] == [
        "house_logo_unreadable"
    ]


def test_a_drawing_in_utf_16_is_refused_for_its_declarations_cannot_be_seen(tmp_path):
    """The same drawing in UTF-8 is taken; in UTF-16 a DOCTYPE would pass unseen."""
    logo, path = tmp_path / "院标.svg", style(tmp_path, '[institute]\nlogo = "院标.svg"\n')
    drawn = SVG.format('<rect width="1" height="1"/>')
    logo.write_text(drawn, encoding="utf-8")
    assert house.read(path).logo == logo
    logo.write_text(drawn, encoding="utf-16")
    assert [fault.code for fault in faults(path)] == ["house_logo_unreadable"]


def test_every_fault_of_a_style_is_told_at_once(tmp_path):
    """Eight mistakes, eight faults; the review number has a sentence of its own."""
    (tmp_path / "坏.ttf").write_bytes(b"no font")
    (tmp_path / "坏.png").write_bytes(b"no picture")
    path = style(
        tmp_path,
        '[institute]\nnam = "x"\nlogo = "坏.png"\nreview_no = "GS(2026)1号"\n[sheet]\ndate = "2026"\n'
        '[fonts]\nregular = "没有.ttf"\nbold = "坏.ttf"\n[palette.ink]\naccent = "blue"\n'
        '[palette.verdict.pass]\nhex = "#000000"\n',
    )
    assert [fault.code for fault in faults(path)] == [
        "house_key_unknown",
        "house_logo_unreadable",
        "house_review_number",
        "house_value",
        "house_font_not_found",
        "house_font_unreadable",
        "house_value",
        "house_key_unknown",
    ]
    for fault in faults(path):
        assert fault.message("zh")
        assert fault.remedy("en")
    assert faults(tmp_path / "无.toml")[0].code == "house_not_found"
    assert faults(style(tmp_path, "x ="))[0].code == "house_not_toml"


def test_colours_that_cannot_be_told_apart_are_warned_of(tmp_path):
    """Covered and the plan's own new blue: neither hatched alike; meets set to the covered grey of no hatch is."""
    near = style(tmp_path, '[[palette.minutes]]\n[[palette.minutes]]\narea = "#2E6CB0"\n[[palette.minutes]]\n')
    found = house._faults.find(tomllib.loads(near.read_text("utf-8")), near)
    assert [(fault.code, fault.severity) for fault in found] == [("house_colours_alike", "warning")]
    assert list(house._faults.alike(palette.load())) == []


def test_a_font_that_forbids_embedding_is_refused(tmp_path):
    font = TTFont(BUNDLED / fonts.FILES[400])
    font["OS/2"].fsType = 2
    font.save(tmp_path / "禁.ttf")
    assert [fault.code for fault in faults(style(tmp_path, '[fonts]\nregular = "禁.ttf"\n'))] == [
        "house_font_not_embeddable"
    ]


@pytest.mark.slow
def test_an_own_font_comes_first_and_the_bundled_one_fills_in(result, tmp_path):
    """A font of six characters: they are set in it, all others in the bundled file."""
    face = house.Face(BUNDLED / fonts.FILES[700])
    house.cut(face, "养老服务设施", tmp_path / "院.ttf")
    styled = asked(result, tmp_path, style=style(tmp_path, '[fonts]\nregular = "院.ttf"\n').name)
    (drawn,) = atlas.pages(styled, run_id="x", only=["facilities"])
    files = {entry.get_fontproperties().get_file() for entry in drawn.page.axes.texts}
    own = [file for file in files if "atlas-fonts-" in file]
    assert len(own) == 1
    assert {character for entry in drawn.page.axes.texts if entry.get_fontproperties().get_file() == own[0]
            for character in entry.get_text()} <= set("养老服务设施")  # fmt: skip
    assert b"NotoSansSC-Bold" in saved(drawn, "pdf")


@pytest.mark.slow
def test_a_styled_sheet_has_the_same_bytes_again(result, tmp_path):
    """Fonts are cut into another folder each time; no name or order of theirs reaches a file."""
    logo(tmp_path)
    house.cut(house.Face(BUNDLED / fonts.FILES[700]), "养老服务设施", tmp_path / "院.ttf")
    text = '[institute]\nname = "甲院"\nlogo = "院标.png"\n[fonts]\nregular = "院.ttf"\nfallback = ["院.ttf"]\n'
    styled = asked(result, tmp_path, style=style(tmp_path, text).name)
    twice = [next(atlas.pages(styled, run_id="x", only=["facilities"])) for _ in range(2)]
    for fmt in ("pdf", "svg", "png"):
        assert saved(twice[0], fmt) == saved(twice[1], fmt), fmt


def test_rare_and_traditional_characters_are_printed(result, tmp_path):
    """𰻞 and 龘 stand in no 规范 list but in the wide file; 😀 stands nowhere and is named with file and row."""
    rare = result.residential.assign(name=["𰻞龘衚衕", *result.residential["name"][1:]])
    (drawn,) = atlas.pages(dataclasses.replace(result, residential=rare), run_id="x", only=["street_O"])
    assert fonts.runs("𰻞龘苑", 400)[0][1].endswith(fonts.WIDE)
    assert not drawn.page.missing
    smiling = result.residential.assign(name=["😀苑", *result.residential["name"][1:]])
    with pytest.raises(InputRefused) as caught:
        atlas.write(dataclasses.replace(result, residential=smiling), "x", tmp_path / "out", formats=())
    (fault,) = caught.value.faults
    assert (fault.code, fault.value, fault.facts["code"]) == ("atlas_glyph_missing", "😀", "U+1F600")
    assert (fault.file, fault.row, fault.column) == ("residential.gpkg", 1, "name")


@pytest.mark.slow
def test_the_whole_of_gb18030_level_two_can_be_printed():
    """Every unified ideograph of GBK and of extension A."""
    every = [*range(0x4E00, 0x9FA6), *range(0x3400, 0x4DB6)]
    assert [chr(code) for code in every if fonts.glyph(700, chr(code)) is None] == []


def test_an_opentype_font_of_cubic_curves_becomes_truetype(tmp_path):
    """A square and a rounded shape drawn with cubic curves keep their extent to a thousandth of the em."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    pen = T2CharStringPen(1000, None)
    pen.moveTo((100, 0))
    pen.curveTo((300, 0), (900, 300), (900, 800))
    pen.lineTo((100, 800))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "yang"])
    builder.setupCharacterMap({ord("养"): "yang"})
    builder.setupCFF(
        "Test", {}, {".notdef": T2CharStringPen(1000, None).getCharString(), "yang": pen.getCharString()}, {}
    )
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "yang": (1000, 100)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Test", "styleName": "Regular", "psName": "Test"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "院.otf")
    house.cut(house.Face(tmp_path / "院.otf"), "养", tmp_path / "院.ttf")
    made = TTFont(tmp_path / "院.ttf")
    glyph = made["glyf"][made.getBestCmap()[ord("养")]]
    assert [glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax] == pytest.approx([100, 0, 900, 800], abs=1)
    assert made["hmtx"][made.getBestCmap()[ord("养")]] == (1000, glyph.xMin)


# ------------------------------------------------------------------------------------------------------------- editions


def vertices(frame):
    """Return every coordinate of a frame, and the points inside its shapes, as printed to a tenth of a metre."""
    every = np.concatenate([shapely.get_coordinates(frame.geometry.to_numpy()),
                            shapely.get_coordinates(frame.geometry.representative_point().to_numpy())])  # fmt: skip
    return {(round(x, 1), round(y, 1)) for x, y in every if x % 50 or y % 50}


@pytest.fixture(scope="module")
def shifted(result):
    """Return the town pushed off every round number, so that no true place can stand on the lattice by chance."""
    done = result
    names = ("residential", "facilities", "sites", "units", "reached_roads", "service_areas", "uncovered")
    moved = {name: move(getattr(done, name)) for name in names}
    tables = {name: move(table) for name, table in done.inputs.tables.items()}
    return asked(
        dataclasses.replace(done, inputs=dataclasses.replace(done.inputs, tables=tables), **moved), edition="public"
    )


def move(frame):
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty or frame.active_geometry_name is None:
        return frame
    return frame.set_geometry(frame.geometry.translate(17.3, 23.9))


def test_nothing_exact_is_left_in_what_the_public_is_shown(shifted):
    """All that is drawn stands on the lattice; entrances are gone."""
    shown = published.public(shifted)
    assert "entrances" not in shown.inputs.tables
    for name in ("residential", "facilities", "sites", "units", "reached_roads", "service_areas"):
        true, drawn = getattr(shifted, name), getattr(shown, name)
        xy = shapely.get_coordinates(drawn.geometry.to_numpy())
        assert len(drawn) == len(true)
        assert len(xy)
        assert np.allclose(xy % published.STEP_M, 0), name


@pytest.mark.slow
def test_no_exact_place_can_be_read_from_a_public_sheet(shifted):
    """Of all paths of the SVG, taken back to the ground by scale and centre, none hits a true vertex or place."""
    (drawn,) = atlas.pages(shifted, run_id="x", only=["street_O"])
    svg = saved(drawn, "svg").decode()
    paths = re.findall(r' d="([^"]+)"', svg)
    numbers = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", path) for path in paths]
    points = np.array([(float(x), float(y)) for path in numbers for x, y in path])
    mm = np.column_stack([points[:, 0] / 72 * 25.4, drawn.page.height_mm - points[:, 1] / 72 * 25.4])
    place = drawn.listed.extent
    ground = np.column_stack(place.metres(mm[:, 0], mm[:, 1]))
    true = set().union(*(vertices(getattr(shifted, name)) for name in ("residential", "facilities", "sites")))
    tree = shapely.STRtree(shapely.points(ground))
    near = [xy for xy in true if len(tree.query(shapely.Point(xy), predicate="dwithin", distance=0.5))]
    assert len(true) > 20
    assert len(near) <= 1


def test_public_sheets_say_so_and_have_no_grid_and_no_crs(shifted):
    (drawn,) = atlas.pages(shifted, run_id="x", only=["coverage_street"])
    assert said(drawn, "draft") == ["公示稿"]
    assert said(drawn, "grid") == []
    assert not [text for text in said(drawn) if "CGCS2000" in text or "收敛角" in text or "公里网" in text]
    assert "公示稿不标注" in said(drawn, "block")
    assert any("公示稿" in text and "50 米" in text for text in said(drawn, "note"))


@pytest.mark.slow
def test_street_lists_are_the_same_as_in_the_internal_edition(shifted):
    """Generalised shapes never move a facility or an area into another street."""
    tables = []
    for edition in ("internal", "public"):
        (drawn,) = atlas.pages(asked(shifted, edition=edition), run_id="x", only=["street_O"])
        tables.append([text for text in said(drawn, "cell") if re.fullmatch("[A-Z][0-9]?|.*[站小区H][0-9]?", text)])
    assert tables[0] == tables[1]
    assert len(tables[0]) > 5


def test_few_people_are_not_told_and_cannot_be_worked_out():
    """Of 40, 60, 7 the total would tell a hidden 7, so 40 is hidden too; 0 is told; another parent is not touched."""
    units = gpd.GeoDataFrame(
        {
            "unit_id": ["a", "b", "c", "d", "e", "S"],
            "type": ["community"] * 5 + ["street"],
            "parent": ["S", "S", "S", "S", "T", None],
            "elderly": [40.0, 60.0, 7.0, 0.0, 30.0, 107.0],
        },
        geometry=[shapely.box(0, 0, 1, 1)] * 6,
    )
    told = untold.people(units).set_index("unit_id")["elderly"]
    assert told.isna().to_dict() == {"a": True, "b": False, "c": True, "d": False, "e": False, "S": False}


@pytest.mark.parametrize(
    ("people", "gone"),
    [([40, 60, 7, 0], [0, 2]), ([7, 8, 50], [0, 1]), ([10, 20], []), ([9, 10, 10], [0, 1]), ([7], [0]), ([], []),
     ([3, 4, 50, 60], [0, 1, 2])],
)  # fmt: skip
def test_numbers_of_few_people_and_what_would_tell_them(people, gone):
    """3 and 4 are 7 together, which the sum less 50 and 60 would tell: 50 is not told either."""
    counts = np.array(people, dtype=float)[:, None]
    assert np.flatnonzero(few.withheld(counts, np.full(counts.shape, 2))).tolist() == gone


def test_the_public_web_map_has_no_exact_place_no_gates_and_no_people_by_area(shifted):
    """Coordinates of the page, taken back to metres, stand on the lattice within what six decimals can say."""
    from webmap_town import unpack

    page = webmap.page(shifted, run_id="0123456789ab")
    assert "公示稿" in page
    assert "EPSG" not in page.split("<footer")[1].split("</footer>")[0]
    found = re.search(r"JSON\.parse\('(.*)'\)\);", page).group(1)
    data = unpack(
        __import__("json").loads(
            re.sub(r"\\(u[0-9a-f]{4}|.)", lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 5 else m[1], found)
        )
    )
    lat_lng = [ring for area in data["areas"] for part in area["parts"] for line in part for ring in line]
    metres = gpd.points_from_xy([at[1] for at in lat_lng], [at[0] for at in lat_lng], crs=4326).to_crs(
        shifted.inputs.crs
    )
    off = np.abs((np.column_stack([metres.x, metres.y]) + 25) % 50 - 25)
    assert off.max() < 0.15
    assert "60 岁" not in str([area["card"]["steps"][0] for area in data["areas"]])


@pytest.mark.slow
def test_a_public_run_writes_only_what_may_be_published(tmp_path):
    more = '[output]\nedition = "public"\nmaps = []\n'
    done = runs.run(papertown.write(tmp_path / "town", more=more), out=tmp_path / "out")
    names = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()}
    assert names == {"atlas.pdf", "map.html", "run.json", "summary.json", "timing.json"}
    assert runs.verify(done.folder) == ()


# ---------------------------------------------------------------------------------------------------------------- paper


@pytest.mark.parametrize(
    ("paper", "way"), [("A3", "landscape"), ("A3", "portrait"), ("A4", "landscape"), ("A4", "portrait")]
)
def test_every_sheet_stands_as_the_plan_says(result, paper, way):
    sides = {"A3": (420, 297), "A4": (297, 210)}[paper]
    wanted = sides if way == "landscape" else sides[::-1]
    listed = atlas.contents(asked(result, paper=paper, orientation=way))
    assert {(sheet.layout.width_mm, sheet.layout.height_mm) for sheet in listed} == {wanted}


@pytest.mark.slow
def test_the_style_is_part_of_the_run(tmp_path):
    """Another byte in the style is another run id; a fault in it stops the run before anything is computed."""
    more = '[output]\nstyle = "s.toml"\n'
    path = papertown.write(tmp_path / "town", more=more)
    (path.parent / "s.toml").write_text('[institute]\nname = "甲"\n', encoding="utf-8")
    ids = [runs.run_identity(study.run(runs.load(path), parts=frozenset()))]
    (path.parent / "s.toml").write_text('[institute]\nname = "乙"\n', encoding="utf-8")
    ids.append(runs.run_identity(study.run(runs.load(path), parts=frozenset())))
    assert ids[0] != ids[1]
    (path.parent / "s.toml").write_text("[institute]\nname = 3\n", encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        runs.load(path)
    assert [fault.code for fault in caught.value.faults if fault.severity == "error"] == ["house_value"]
    assert runs.check(path)[0][0].code == "house_value"
    assert plan.read(path).output.style == "s.toml"


def test_both_guides_name_the_keys_that_there_are():
    """Every key of `house` stands in both pages, and their tables have the same first cells."""
    from planning.house._faults import KEYS, ROWS

    pages = [
        (Path(house.__file__).parents[2] / "docs" / name).read_text("utf-8") for name in ("style.md", "style.zh-CN.md")
    ]
    for page in pages:
        for section, keys in KEYS.items():
            for key in keys:
                assert f"`{section}.{key}`" in page or f"`.{key}`" in page, key
        assert all(f".{row}`" in page for row in ROWS)
    codes = [
        [re.findall(r"`[^`]+`", line.split("|")[1]) for line in page.splitlines() if line.startswith("|")]
        for page in pages
    ]
    assert codes[0] == codes[1]
