"""The whole atlas of the sample, and of the paper town in English, on A4 and under other rules of walking."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import papertown
import pytest

from planning import atlas, runs, study

ROOT = Path(__file__).resolve().parent.parent
MM = 72 / 25.4
SAMPLE = ROOT / "data" / "sample" / "plan.toml"
A3, A4 = {(420, 297), (297, 420)}, {(297, 210), (210, 297)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result():
    return study.run(runs.load(SAMPLE))


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("图集")
    return folder, atlas.write(result, "0123456789ab", folder)


def sizes(pdf: Path) -> list[tuple[int, int]]:
    found = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", pdf.read_bytes())
    return [(round(float(wide) / MM), round(float(high) / MM)) for wide, high in found]


def test_every_sheet_is_there_in_every_format(result, written):
    folder, paths = written
    listed = atlas.contents(result)
    numbers = {sheet.number for sheet in listed if sheet.number}
    expected = {"atlas.pdf", *(f"maps/{number}.{fmt}" for number in numbers for fmt in ("pdf", "png", "svg"))}
    assert {path.relative_to(folder).as_posix() for path in paths} == expected
    assert {
        "现状-01",
        "现状-02",
        "现状-03",
        "现状-05",
        "现状-06",
        "规划-01",
        "规划-04",
        "图则-01",
        "图则-04",
    } <= numbers
    assert [sheet.page for sheet in listed] == list(range(1, len(listed) + 1))


def test_every_page_is_a3(result, written):
    folder, paths = written
    pages = sizes(folder / "atlas.pdf")
    assert len(pages) == len(atlas.contents(result))
    assert set(pages) <= A3
    assert all(set(sizes(path)) <= A3 for path in paths if path.suffix == ".pdf")


def test_no_label_lies_over_another(result):
    for drawn in atlas.pages(result):
        placed = [box for _, box in drawn.canvas.placer.placed]
        clashes = [pair for pair in itertools.combinations(placed, 2) if pair[0].meets(pair[1])]
        assert not clashes, drawn.listed.key
        outer = drawn.listed.layout.frame
        assert all(outer.holds(ink.box) for ink in drawn.page.inks if ink.kind != "grid"), drawn.listed.key


def test_figures_of_every_level_are_the_runs(result):
    for drawn in atlas.pages(result):
        if not drawn.listed.key.startswith("coverage_"):
            continue
        figures = result.summary["coverage"][drawn.listed.key.removeprefix("coverage_")]
        shown = [ink.text for ink in drawn.page.inks if ink.kind == "figure"]
        assert float(shown[0]) == pytest.approx(100 * figures["households_share"], abs=0.06)
        assert shown[-1] == f"{figures['residential_covered']}/{figures['residential_total']}"


def test_same_bytes_in_another_process(written, tmp_path):
    folder, _ = written
    code = (
        "import sys; from pathlib import Path; from planning import atlas, runs, study;"
        "atlas.write(study.run(runs.load(sys.argv[1])), '0123456789ab', Path(sys.argv[2]), formats=('svg',))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(SAMPLE), str(tmp_path)], check=True, cwd=ROOT, env=env)
    assert (tmp_path / "atlas.pdf").read_bytes() == (folder / "atlas.pdf").read_bytes()
    for path in (tmp_path / "maps").iterdir():
        assert path.read_bytes() == (folder / "maps" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("more", "paper"),
    [
        ('[output]\nlanguage = "en"\n', A3),
        ('[output]\npaper = "A4"\n', A4),
        ('[walk]\nrule = "frontage"\nminutes = [5]\n', A3),
        ("[standards]\nservice_radius_m = 1200\n", A3),
    ],
)
def test_other_plans(more, paper, tmp_path):
    """Every sheet can be drawn; nothing leaves its frame but the figures of the grid."""
    result = study.run(runs.load(papertown.write(tmp_path / "town", more=more)))
    atlas.write(result, "0123456789ab", tmp_path, formats=())
    assert set(sizes(tmp_path / "atlas.pdf")) <= paper
    for drawn in atlas.pages(result):
        outer = drawn.listed.layout.frame
        beyond = [ink.text for ink in drawn.page.inks if not outer.holds(ink.box) and ink.kind != "grid"]
        assert not beyond, drawn.listed.key


def test_a_run_seals_the_atlas(tmp_path):
    done = runs.run(
        papertown.write(tmp_path / "town", more='[output]\nmaps = ["svg"]\n'), out=tmp_path / "out", only="atlas"
    )
    assert (done.folder / "atlas.pdf").is_file()
    assert runs.verify(done.folder) == ()
    assert done.run_id == runs.run_identity(done.result)
    assert {path.suffix for path in (done.folder / "maps").iterdir()} == {".svg"}
