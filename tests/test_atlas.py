"""The print atlas: paper measured against the ground, labels against each other, words against the run's figures."""

from __future__ import annotations

import dataclasses
import io
import itertools
import math
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import papertown
import PIL.Image
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from planning import atlas, runs, study, texts
from planning.atlas import _fonts as fonts
from planning.atlas import _frame as frame
from planning.atlas import _hatch as hatch
from planning.atlas import _layout as layout
from planning.atlas import _words as words
from planning.atlas._fonts import Box
from planning.atlas._plan import change, first_gain
from planning.atlas._taken import Taken, crosses
from planning.atlas._view import View
from planning.errors import InputRefused

MM = 72 / 25.4


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("图集 town")
    return study.run(runs.load(papertown.write(folder)))


@pytest.fixture(scope="module")
def sheets(result):
    keys = ("coverage_street", "compliance", "after", "street_O")
    return {drawn.listed.key: drawn for drawn in atlas.pages(result, run_id="0123456789ab", only=keys)}


@pytest.fixture(scope="module")
def pdf(sheets):
    return saved(sheets["coverage_street"], "pdf")


def saved(drawn, fmt):
    target = io.BytesIO()
    drawn.page.save(target, fmt)
    return target.getvalue()


def said(drawn, kind=None):
    return [ink.text for ink in drawn.page.inks if kind is None or ink.kind == kind]


# -------------------------------------------------------------------------------------------------------------- paper


def test_paper_is_a3_in_every_format(sheets, pdf):
    """297 × 420 mm: a PDF counts in 1/72 inch, a PNG at 300 dpi has 420 / 25.4 × 300 = 4960 pixels."""
    box = [float(edge) for edge in re.search(rb"/MediaBox \[([^\]]+)\]", pdf).group(1).split()]
    assert [edge / MM for edge in box] == pytest.approx([0, 0, 297, 420], abs=1)
    with PIL.Image.open(io.BytesIO(saved(sheets["coverage_street"], "png"))) as image:
        assert [side / 300 * 25.4 for side in image.size] == pytest.approx([297, 420], abs=1)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    svg = saved(sheets["street_O"], "svg").decode()
    sides = [float(side) / MM for side in re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()]
    assert sides == pytest.approx([297, 420], abs=1)


def test_scale_is_round_and_fixed(sheets):
    """Two points a kilometre apart stand 1 000 000 / N mm apart; district sheets share scale and centre."""
    for drawn in sheets.values():
        place = drawn.listed.extent
        assert place.scale in layout.SCALES
        east = place.points(np.array([place.centre, (place.centre[0] + 1000, place.centre[1])]))
        assert east[1, 0] - east[0, 0] == pytest.approx(1_000_000 / place.scale)
        assert east[0] == pytest.approx(place.window.centre)
    assert sheets["compliance"].listed.extent == sheets["after"].listed.extent


def test_scale_bar_is_true(sheets):
    """The bar's black and white parts, measured as drawn, are as long as the ground they stand for."""
    drawn = sheets["coverage_street"]
    total_m, shares = frame.bar_length_m(drawn.listed.scale)
    heights = [entry.get_paths()[0].get_extents() for entry in drawn.page.axes.collections if entry.get_paths()]
    parts = [box for box in heights if box.height == pytest.approx(1.4)]
    assert len(parts) == len(shares) - 1
    whole_mm = max(box.x1 for box in parts) - min(box.x0 for box in parts)
    assert whole_mm * drawn.listed.scale / 1000 == pytest.approx(total_m, rel=0.01)
    assert f"1∶{words.whole(drawn.listed.scale)}" in said(drawn, "scale")


@given(scale=st.sampled_from(layout.SCALES))
def test_scale_bar_fits_and_is_round(scale):
    total_m, shares = frame.bar_length_m(scale)
    assert total_m * 1000 / scale <= frame.SCALE_BAR_MAX_MM
    assert float(f"{total_m:.0e}") == total_m
    assert f"{total_m:.0e}"[0] in "125"
    assert (shares[0], shares[-1]) == (0, 1)


@given(wide=st.floats(1, 60_000), high=st.floats(1, 60_000))
def test_the_largest_scale_that_fits_is_taken(wide, high):
    shape, window = shapely.box(0, 0, wide, high), layout.A3_LANDSCAPE.window
    scale = layout.scale_for(window, shape)

    def fits(n):
        return wide * 1000 / n + 8 <= window.width and high * 1000 / n + 8 <= window.height

    assert fits(scale)
    assert not any(fits(n) for n in layout.SCALES if n < scale)


def test_orientation_with_the_larger_scale_wins_and_landscape_at_a_tie():
    """Paper is 283 × 246 or 253 × 256 mm. 2.48 km high: 248 mm at 1:10 000 needs portrait; 1 km square fits both."""
    assert layout.choose("A3", shapely.box(0, 0, 1000, 2470))[0] is layout.A3_PORTRAIT
    assert layout.choose("A3", shapely.box(0, 0, 1000, 1000))[0] is layout.A3_LANDSCAPE
    assert layout.choose("A4", shapely.box(0, 0, 1000, 1000))[0].width_mm == 297


def test_grid_steps():
    """1 km above 1:10 000, 500 m above 1:5 000, else 200 m; coarser where crosses would crowd (18 mm)."""
    assert [frame.grid_step_m(n) for n in (5000, 10_000, 20_000, 50_000, 100_000)] == [200, 500, 1000, 1000, 2000]


@given(east=st.floats(-100_000, 100_000), north=st.floats(2_500_000, 5_000_000))
@settings(max_examples=30, deadline=None)
def test_convergence_is_the_text_book_formula(east, north):
    """On CGCS2000 Gauss–Krüger, convergence is about Δλ · sin φ, east positive (within 0.01° for 1° of longitude)."""
    crs = CRS.from_epsg(4548)
    place = (500_000 + east, north)
    lat = math.radians(north / 111_133)
    longitude = east / (6_378_137 * math.cos(lat))
    found = frame.convergence_deg(crs, place)
    assert found == pytest.approx(math.degrees(longitude * math.sin(lat)), abs=0.02)


def test_angles_as_text():
    assert [frame.degrees_text(angle) for angle in (0.1, -0.1, 0.0, 1.999)] == ["+0°06′", "−0°06′", "0°00′", "+2°00′"]


# --------------------------------------------------------------------------------------------------------------- type


def test_fonts_are_embedded_and_chinese_can_be_searched(pdf, tmp_path):
    if shutil.which("pdftotext") is None or shutil.which("pdffonts") is None:
        pytest.skip("poppler-utils is not installed")
    (tmp_path / "sheet.pdf").write_bytes(pdf)
    listed = subprocess.run(["pdffonts", "sheet.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not listed.stderr
    rows = listed.stdout.splitlines()[2:]
    assert rows
    assert all("NotoSansSC" in row and "TrueType" in row and " yes yes yes " in row for row in rows)
    text = subprocess.run(
        ["pdftotext", "sheet.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    for phrase in (
        "15分钟养老服务圈覆盖现状图",
        "草案",
        "编制单位",
        "审 图 号",
        "分街道统计",
        "0123456789ab",
        "第 5 页",
    ):
        assert phrase.replace(" ", "") in text.replace(" ", "")


def test_a_missing_glyph_stops_the_export_and_is_named(result, tmp_path):
    """😀 (U+1F600) stands in no font of ours; nothing is written, no box is printed in its place."""
    rare = result.residential.assign(name=["😀😀苑", *result.residential["name"][1:]])
    from dataclasses import replace

    with pytest.raises(InputRefused) as caught:
        atlas.write(replace(result, residential=rare), "x", tmp_path / "out", formats=())
    (fault,) = caught.value.faults
    assert (fault.code, fault.value, fault.facts["code"]) == ("atlas_glyph_missing", "😀", "U+1F600")
    assert "😀😀苑" in fault.message("zh")
    assert not (tmp_path / "out").exists()


def test_every_word_of_the_atlas_can_be_printed():
    every = "".join(entry[language] for entry in texts.entries().values() for language in texts.LANGUAGES)
    atlas_words = [entry for key, entry in texts.entries().items() if key.startswith("atlas.")]
    assert atlas_words
    for weight in fonts.FILES:
        assert fonts.missing("".join(e[lang] for e in atlas_words for lang in ("zh", "en")), weight) == []
    assert "图" in every


def test_all_of_gb2312_can_be_printed():
    rows = (bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    every = "".join(pair.decode("gb2312", errors="ignore") for pair in rows)
    assert len(every) == 6763
    assert all(fonts.missing(every, weight) == [] for weight in fonts.FILES)


def test_widths_are_the_fonts_own():
    """A Chinese character is as wide as the type is high: 10 of them at 72 pt are 10 inches."""
    assert fonts.width_mm("养" * 10, 72) == pytest.approx(254)
    box = fonts.ink("口", 72)
    assert 0 < box.x0 < box.x1 < 25.4
    assert fonts.shortened("养老服务设施", 3 * 25.4, 72) == "养老…"
    assert fonts.wrapped("步行 900 m 以内", 3 * 25.4, 72) != []
    assert "".join(fonts.wrapped("养老服务设施", 2 * 25.4, 72)) == "养老服务设施"


def test_no_text_is_smaller_than_the_least(sheets):
    for drawn in sheets.values():
        assert min(entry.get_fontsize() for entry in drawn.page.axes.texts) >= fonts.LEAST_PT


# -------------------------------------------------------------------------------------------------------------- labels


def test_labels_lie_inside_the_window_and_never_over_each_other(sheets):
    """Brute force over all pairs of boxes, as set, halo left out."""
    for drawn in sheets.values():
        window = drawn.listed.extent.window
        boxes = [
            ink.box for ink in drawn.page.inks if ink.kind in ("area", "facility_main", "street_name", "road", "site")
        ]
        assert boxes
        assert all(window.holds(box) for box in boxes)
        placed = [box for _, box in drawn.canvas.placer.placed]
        assert not any(one.meets(other) for one, other in itertools.combinations(placed, 2))


def test_nothing_is_set_outside_the_frame(sheets):
    for drawn in sheets.values():
        outer = drawn.listed.layout.frame
        beyond = [ink for ink in drawn.page.inks if not outer.holds(ink.box) and ink.kind != "grid"]
        assert beyond == []


rectangles = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), *[st.integers(0, 60)] * 2, *[st.integers(1, 20)] * 2)


@given(taken=st.lists(rectangles, max_size=8), offer=rectangles)
def test_taken_agrees_with_brute_force(taken, offer):
    places = Taken()
    for box in taken:
        places.take(box)
    grown = shapely.box(offer.x0 - 0.9, offer.y0 - 0.5, offer.x1 + 0.9, offer.y1 + 0.5)
    clash = any(grown.intersection(shapely.box(b.x0, b.y0, b.x1, b.y1)).area > 1e-9 for b in taken)
    assert places.free(offer) == (not clash)


@given(box=rectangles, ends=st.tuples(*[st.integers(-5, 85)] * 4))
def test_leaders_agree_with_shapely(box, ends):
    line, area = shapely.LineString([ends[:2], ends[2:]]), shapely.box(box.x0, box.y0, box.x1, box.y1)
    if ends[:2] == ends[2:]:
        return
    assert crosses(ends, box) == (line.intersection(area.buffer(-1e-6)).length > 0)


# -------------------------------------------------------------------------------------------------------------- hatches


@given(angle=st.sampled_from([0, 45, 90, 135]), side=st.integers(10, 40), pitch=st.sampled_from([1.0, 1.5, 2.0]))
def test_hatch_has_the_pitch_it_says(angle, side, pitch):
    """Lines ``pitch`` apart over an area add up to area / pitch, within half a line at either side."""
    square = shapely.box(3.3, 7.7, 3.3 + side, 7.7 + side)
    lines = hatch.strokes(np.array([square], dtype=object), angle, pitch)
    total = shapely.length(lines).sum()
    assert total == pytest.approx(side * side / pitch, abs=1.5 * side * math.sqrt(2))
    assert shapely.covers(square.buffer(1e-6), lines).all()


def test_hatch_runs_on_over_neighbours():
    """The lattice is anchored at the page: two halves have the lines of the whole."""
    left, right = shapely.box(0, 0, 13, 20), shapely.box(13, 0, 31, 20)
    halves = hatch.strokes(np.array([left, right], dtype=object), 45, 1.5)
    whole = hatch.strokes(np.array([shapely.box(0, 0, 31, 20)], dtype=object), 45, 1.5)
    assert shapely.length(halves).sum() == pytest.approx(shapely.length(whole).sum())


# -------------------------------------------------------------------------------------------------------------- figures


def test_numbers_are_the_runs(result, sheets):
    """Street circle of the paper town: 1 of 6 areas, 1 of 63 elderly (1.6 %); after the plan 15 of 63 (23.8 %)."""
    figures = said(sheets["coverage_street"], "figure")
    assert figures[1:] == ["1.6", "1/6"]
    assert figures[0] == words.percent(result.summary["coverage"]["street"]["households_share"])
    assert said(sheets["after"], "figure")[1] == "23.8"
    assert said(sheets["compliance"], "figure") == ["25.0", "350"]
    assert said(sheets["compliance"], "bar") == ["1", "3", "1", "1"]


def test_areas_newly_covered_are_the_runs(result, sheets):
    """H3 adds D, H1 adds B and C: three areas, as the run counted before and after."""
    view = sheets["after"].canvas.view
    roles = view.planned_roles.set_axis(view.areas["residential_id"]).to_dict()
    assert [area for area, role in roles.items() if role == "newly_covered"] == ["B", "C", "D"]
    siting = result.summary["siting"]
    assert siting["after"]["residential_covered"] - siting["before"]["residential_covered"] == 3


def test_an_area_that_only_a_closed_centre_covered_is_drawn_as_uncovered(result, sheets):
    """With every street centre closed, the covered area A that no site reaches is lost; no other area changes."""
    view = sheets["after"].canvas.view
    serving = view.facilities[(view.facilities["level"] == "street") & view.facilities["in_service"]]
    siting = {**result.summary["siting"], "closed": list(serving["facility_id"])}
    areas = result.residential
    lost = areas.assign(planned_status=areas["planned_status"].mask(areas["residential_id"] == "A", "uncovered"))
    closing = dataclasses.replace(
        view,
        result=dataclasses.replace(result, residential=lost, summary={**result.summary, "siting": siting}),
    )
    before, after = view.planned_roles, closing.planned_roles
    assert (before == "covered").sum() == 1
    assert closing.staying.empty
    assert after[before == "covered"].tolist() == ["uncovered"]
    street = closing.after_by_street["W"]
    assert street["residential_covered"] == (after[view.areas["street"] == "W"] == "newly_covered").sum() + 0
    assert after[before != "covered"].equals(before[before != "covered"])


def test_a_plan_that_does_not_add_up_is_refused(result):
    from dataclasses import replace

    areas = result.residential
    short = areas.assign(planned_status=areas["planned_status"].mask(areas["residential_id"] == "D", "uncovered"))
    with pytest.raises(InputRefused) as caught:
        list(atlas.pages(replace(result, residential=short), only=["after"]))
    assert caught.value.faults[0].code == "atlas_plan_differs"


def test_title_block_says_everything_and_leaves_the_offices_fields_empty(sheets):
    drawn = sheets["coverage_street"]
    heads, values = said(drawn, "block_head"), said(drawn, "block")
    assert len(heads) == 9
    assert len(values) == 8  # drafter and review number stay empty; the standard takes two lines
    assert values[0] == "一条街"
    assert values[2] == drawn.listed.number == "现状-04-1"
    assert values[3].startswith("2025年12月31日")  # the day of judgement, never the clock
    assert "CGCS2000" in values[4]
    assert "实施方案" in values[5]
    assert "正式文件" in values[6]
    assert "1 m/s" in values[6]
    assert values[7].startswith("0123456789ab")
    assert "草案" in said(drawn, "draft")


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0.0"), (1, "100.0"), (0.9999, "99.9"), (0.0001, "0.1"), (0.5115, "51.2"), (None, "—"), (float("nan"), "—")],
)
def test_shares_are_never_rounded_to_all_or_nothing(share, shown):
    assert words.percent(share) == shown


def test_a_gain_in_points_is_that_of_the_exact_shares():
    """11 014 and 22 879 of 40 881 are 26.9 % and 56.0 %, and 29.02 points apart, not the 29.1 of the printed ones."""
    assert [words.percent(part / 40_881) for part in (11_014, 22_879)] == ["26.9", "56.0"]
    assert change(11_014 / 40_881, 22_879 / 40_881, "share") == "+29.0"
    assert change(0.5, 0.25, "share") == "−25.0"
    assert change(0.5, 0.5, "share") == "0.0"


def test_other_numbers():
    assert words.whole(9699) == "9\u00a0699"
    assert words.m2(0.2) == "0.2"
    assert words.m2(0) == "0"
    assert words.m2(350.5) == "351"
    assert words.signed(-3, "3") == "−3"
    assert words.metres(900.4, 900) == "900.400"
    assert words.metres(900.0, 900) == "900"


@pytest.mark.parametrize(
    ("model", "gains", "told"),
    [
        ("mclp", [300.0, 150.0], "近期建设 2 处，新增覆盖老年人口（人） 450。"),
        ("deficit", [300.0, 150.0], "近期建设 2 处，补足缺口 450 m²。"),
        ("mclp", [math.nan], "近期建设 1 处，新增覆盖老年人口（人） —。"),
    ],
)
def test_square_metres_are_not_told_as_people(result, model, gains, told):
    plan = result.inputs.plan
    asked = dataclasses.replace(plan, siting=dataclasses.replace(plan.siting, model=model))
    made = dataclasses.replace(result, inputs=dataclasses.replace(result.inputs, plan=asked))
    assert first_gain(View(made, "zh"), pd.DataFrame({"gain": gains})) == told


# ---------------------------------------------------------------------------------------------------------------- bytes


@pytest.mark.slow
def test_same_bytes_again(result, sheets):
    (again,) = atlas.pages(result, run_id="0123456789ab", only=["street_O"])
    for fmt in ("pdf", "svg"):
        assert saved(again, fmt) == saved(sheets["street_O"], fmt)


def test_order_of_rows_does_not_matter(result, sheets):
    from dataclasses import replace

    turned = {
        name: getattr(result, name).iloc[::-1].reset_index(drop=True)
        for name in ("residential", "facilities", "reached_roads", "reach", "units")
    }
    (again,) = atlas.pages(replace(result, **turned), run_id="0123456789ab", only=["coverage_street"])
    assert saved(again, "svg") == saved(sheets["coverage_street"], "svg")


@pytest.mark.slow
def test_no_single_maps_when_none_are_asked_for(result, tmp_path):
    assert [path.name for path in atlas.write(result, "x", tmp_path, formats=())] == ["atlas.pdf"]
    assert [path.name for path in tmp_path.iterdir()] == ["atlas.pdf"]
    text = (tmp_path / "atlas.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", text)) == len(atlas.contents(result))
    assert b"CreationDate" not in text
