"""Pages as they come out of the PDF: scale, figures, texts, panels; and names that nobody would wish to print."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import papertown
import PIL.Image
import pytest

from planning import atlas, runs, study, texts
from planning.atlas import _frame as frame
from planning.atlas import _words as words

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "sample" / "plan.toml"
MM = 25.4 / 72
# What people put into a ledger: long, markup, a formula, controls, both directions, spaces.
ODD = (
    "长" * 300,
    "<script>alert('苑')</script>",
    "=SUM(A1:A9)",
    "苑\x07\x00里",
    "\u202e苑里",
    "  苑　里  ",
    "$x^2_3$",
    "%&#\\~{}",
)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return study.run(runs.load(papertown.write(tmp_path_factory.mktemp("图页 town"))))


def saved(drawn, fmt):
    target = io.BytesIO()
    drawn.page.save(target, fmt)
    return target.getvalue()


def paths(pdf):
    """Return the corners of every path of a PDF in millimetres, as its content streams draw them."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            text = zlib.decompress(stream).decode("latin-1")
        except zlib.error:
            continue
        for path in re.findall(r"((?:[-\d.]+ [-\d.]+ [ml]\s+)+)", text):
            numbers = np.array(re.findall(r"([-\d.]+) ([-\d.]+) [ml]", path), dtype=float)
            found.append(numbers * MM)
    return found


def clashes(drawn):
    """Return pairs of texts on a page whose ink meets by more than 0.15 mm, numerals on symbols left out."""
    inks = [ink for ink in drawn.page.inks if ink.box.width > 0 and ink.kind != "numeral"]
    boxes = [(ink.text, ink.box.grown(-0.15)) for ink in inks]
    return [(one[0], two[0]) for one, two in itertools.combinations(boxes, 2) if one[1].meets(two[1])]


def beyond(drawn):
    return [ink.text for ink in drawn.page.inks if ink.box.width and not drawn.listed.layout.frame.holds(ink.box)]


def cells(drawn, kind="cell"):
    return [ink.text for ink in drawn.page.inks if ink.kind == kind]


def has_run(shown, wanted):
    """Say whether cells stand one after the other."""
    return any(shown[at : at + len(wanted)] == list(wanted) for at in range(len(shown) - len(wanted) + 1))


# ------------------------------------------------------------------------------------------------------- a quick look


def test_the_scale_bar_of_the_pdf_agrees_with_the_grid_of_the_pdf(result):
    """Both measured in the PDF: ticks of neighbouring grid lines against the black and white parts of the bar."""
    (drawn,) = atlas.pages(result, run_id="x", only=["coverage_street"])
    drawn_paths = paths(saved(drawn, "pdf"))
    window = drawn.listed.extent.window
    ends = {round(window.y0, 1), round(window.y0 - 1.2, 1)}
    upright = [path for path in drawn_paths if len(path) == 2 and {round(float(y), 1) for y in path[:, 1]} == ends]
    ticks = {round(float(path[0, 0]), 2) for path in upright}
    steps = np.diff(sorted(ticks))
    mm_per_m = steps[0] / frame.grid_step_m(drawn.listed.scale)
    assert steps == pytest.approx(steps[0], rel=0.01)
    parts = [path for path in drawn_paths if len(path) >= 4 and np.ptp(path[:, 1]) == pytest.approx(1.4, abs=0.01)]
    length = max(path[:, 0].max() for path in parts) - min(path[:, 0].min() for path in parts)
    assert length / mm_per_m == pytest.approx(frame.bar_length_m(drawn.listed.scale)[0], rel=0.01)
    assert 1000 / mm_per_m == pytest.approx(drawn.listed.scale, rel=0.01)


def odd(frame, first=0):
    """Return a frame whose rows bear the odd names in turn."""
    return frame.assign(name=[ODD[(first + place) % len(ODD)] for place in range(len(frame))])


@pytest.mark.parametrize("first", [0, pytest.param(3, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.slow)])
def test_odd_names_break_no_sheet(result, first):
    """On map and in tables they are cut or escaped; nothing leaves the frame, nothing is over anything."""
    named = {name: odd(getattr(result, name), first) for name in ("residential", "facilities", "units")}
    (drawn,) = atlas.pages(dataclasses.replace(result, **named), run_id="x", only=["street_O"])
    assert beyond(drawn) == []
    assert clashes(drawn) == []
    assert not [ink for ink in drawn.page.inks if re.search("[\x00-\x08\u202e]", ink.text)]


def test_every_cause_has_its_short_word():
    for key in texts.entries():
        if key.startswith("coverage.cause."):
            assert texts.has(f"atlas.cause.{key.removeprefix('coverage.cause.')}")


@pytest.mark.parametrize(
    ("note", "zh", "en"),
    [
        ("仅作演示。 / Demonstration only.", "仅作演示。", "Demonstration only."),
        ("居住区 / 村庄", "居住区 / 村庄", "居住区 / 村庄"),
        ("A / B / 丙", "A / B / 丙", "A / B / 丙"),
        ("示例数据", "示例数据", "示例数据"),
    ],
)
def test_a_note_in_two_languages_is_said_in_one(note, zh, en):
    assert (words.half(note, "zh"), words.half(note, "en")) == (zh, en)


def test_thousands_are_set_apart_alike():
    assert (
        words.spaced("覆盖 22,879 人，1,481.4 万元，编号 1,2,3") == "覆盖 22\u00a0879 人，1\u00a0481.4 万元，编号 1,2,3"
    )


# ------------------------------------------------------------------------------------------------- the sample, slowly


@pytest.fixture(scope="module")
def sample():
    return study.run(runs.load(SAMPLE))


def asked(result, **output):
    inputs = result.inputs
    changed = dataclasses.replace(inputs.plan, output=dataclasses.replace(inputs.plan.output, **output))
    return dataclasses.replace(result, inputs=dataclasses.replace(inputs, plan=changed))


@pytest.mark.slow
@pytest.mark.parametrize(
    "output",
    [
        {"language": "zh"},
        {"language": "en"},
        {"language": "zh", "paper": "A4"},
        {"language": "en", "orientation": "portrait"},
        {"language": "zh", "edition": "public"},
    ],
    ids=str,
)
def test_nothing_is_cut_over_or_beyond_on_any_sheet(sample, output):
    """Texts of the panel are whole: only names of a map and of the annex may end in an ellipsis, and none does here."""
    for drawn in atlas.pages(asked(sample, **output), run_id="0123456789ab"):
        assert clashes(drawn) == [], drawn.listed.key
        assert beyond(drawn) == [], drawn.listed.key
        assert [ink.text for ink in drawn.page.inks if ink.text.endswith("…")] == [], drawn.listed.key
        if output["language"] == "en":
            heads = [ink.text for ink in drawn.page.inks if ink.kind in ("head", "block_head", "more", "scale")]
            assert not [text for text in heads if words.HAN.search(text)]


@pytest.mark.slow
def test_every_number_is_the_summarys(sample, tmp_path):
    """Tables of coverage, verdicts, before and after, and the big figures, against ``summary.json`` read back."""
    (tmp_path / "summary.json").write_text(json.dumps(runs._record.plain(sample.summary)), encoding="utf-8")
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    streets = [unit for unit in summary["units"] if unit["type"] in ("street", "town")]
    drawn = {one.listed.key: one for one in atlas.pages(sample, run_id="x")}
    for level, total in summary["coverage"].items():
        shown = cells(drawn[f"coverage_{level}"])
        street_rows = [(unit["name"], unit["coverage"][level]) for unit in streets]
        for name, figures in [*street_rows, ("合　计", total)]:
            row = [words.whole(figures[key]) for key in ("residential_total", "households_total", "households_covered")]
            row += [
                words.percent(figures["households_share"]),
                words.whole(figures["elderly_total"]),
                words.percent(figures["elderly_share"]),
            ]
            assert has_run(shown, [name, *row]), (level, name)
        assert cells(drawn[f"coverage_{level}"], "figure")[0] == words.percent(total["households_share"])
    shown = cells(drawn["compliance"])
    for name, figures in [*((unit["name"], unit["compliance"]) for unit in streets), ("合　计", summary["compliance"])]:
        row = [words.whole(figures[key]) for key in ("meets", "fails", "not_assessable", "not_applicable")]
        row += [words.m2(figures[f"{key}_m2"]) for key in ("required", "provided", "shortfall")]
        assert has_run(shown, [name, *row]), name
    for key in ("layout", "after"):
        before, after = summary["siting"]["before"], summary["siting"]["after"]
        for measure in ("residential_covered", "households_covered", "elderly_covered"):
            wanted = [words.whole(before[measure]), words.whole(after[measure])]
            assert has_run(cells(drawn[key]), wanted), (key, measure)
    first = summary["siting"]["before"]
    for place, unit in enumerate(streets):
        figures = unit["coverage"][sample.inputs.plan.siting.level]
        shown = cells(drawn[f"street_{unit['unit_id']}"])
        assert words.whole(figures["households_covered"]) in shown, place
        assert words.percent(figures["households_share"]) in shown, place
    assert first["residential_covered"] == summary["coverage"][sample.inputs.plan.siting.level]["residential_covered"]


@pytest.mark.slow
def test_no_map_is_empty_and_all_is_legible_in_grey(sample):
    """Every map window holds ink of many greys; the roles of a coverage sheet differ in mean grey or in their lines."""
    for drawn in atlas.pages(sample, run_id="x"):
        target = io.BytesIO()
        drawn.page.figure.savefig(target, format="png", dpi=40)
        grey = np.asarray(PIL.Image.open(target).convert("L"), dtype=float)
        layout = drawn.listed.layout
        box, high = layout.window, grey.shape[0] / layout.height_mm
        window = grey[int((layout.height_mm - box.y1) * high) : int((layout.height_mm - box.y0) * high),
                      int(box.x0 * high) : int(box.x1 * high)]  # fmt: skip
        if drawn.listed.number:
            assert window.std() > 8, drawn.listed.key
            assert len(np.unique(window)) > 40, drawn.listed.key


@pytest.mark.slow
def test_the_text_of_the_pdf_is_the_text_of_the_sheets(sample, tmp_path):
    """What pdftotext finds holds every cell, figure, head and note that was set, page by page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed")
    atlas.write(sample, "0123456789ab", tmp_path, formats=())
    said = subprocess.run(
        ["pdftotext", "atlas.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    pages = [re.sub(r"\s", "", page) for page in said.split("\f")]
    for drawn, page in zip(atlas.pages(sample, run_id="0123456789ab"), pages, strict=False):
        assert "0123456789ab" in page
        for ink in drawn.page.inks:
            if ink.kind in ("head", "figure", "title", "draft", "sentence", "count", "block", "note"):
                for part in ink.text.split("\u3000"):  # a wide gap may be read as another column
                    assert re.sub(r"\s", "", part) in page, (drawn.listed.key, part)


# ------------------------------------------------------------------------------------------------ words, both languages


def test_limits_before_and_after_are_set_apart_from_their_minutes():
    from planning import palette

    limit = palette.load().limit_label(15.0, "zh")
    shown = [words.say(f"legend.limit_{key}", "zh", said=limit) for key in ("before", "after")]
    assert not [text for text in shown if re.search(r"[\u4e00-\u9fff]\d", text)]


def test_every_reservation_of_a_chinese_sheet_stands_on_the_english_one():
    """What is not vouched for in Chinese (不作, 不得, 不计, 仅) is not vouched for in English either."""
    reserved = re.compile("不作|不得|不标注|仅作|另有|不注")
    said = re.compile(r"\b(?:not|no|only|drawings?|outside|unnamed|left out|no codes|too many)\b", re.I)
    entries = {key: entry for key, entry in texts.entries().items() if key.startswith(("atlas.", "webmap."))}
    kept = [key for key, entry in entries.items() if reserved.search(entry["zh"])]
    assert len(kept) > 8
    assert [key for key in kept if not said.search(entries[key]["en"])] == []
    assert "delimiting" in entries["atlas.note.grid"]["en"]
    assert "gates" in entries["atlas.note.coverage"]["en"]
