"""The radius that it would take for everybody to be inside: the farthest nearest facility, or none at all."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import papertown
import pytest

from planning import coverage, runs


def found(
    households: list[float | None], metres: list[float | None], status: list[str], **more: list[float]
) -> float | None:
    ids = [f"a{place}" for place in range(len(metres))]
    residential = pd.DataFrame({"residential_id": ids, "households": pd.Series(households, dtype=float)})
    covered = pd.DataFrame({"distance_m": pd.Series(metres, dtype=float), "status": status, **more})
    return coverage.needed_radius_m(residential, covered.set_axis(pd.Index(ids)))


@pytest.mark.parametrize(
    ("households", "metres", "status", "radius"),
    [
        ([1, 1], [300.0, 1200.125], ["covered", "uncovered"], 1200.125),
        ([1, 0], [300.0, 1200.125], ["covered", "uncovered"], 300.0),  # nobody lives there
        ([1, None], [300.0, 1200.125], ["covered", "uncovered"], 1200.125),  # somebody may
        ([1, 1], [300.0, None], ["covered", "unreachable"], None),
        ([1, 1], [300.0, None], ["covered", "unsnapped"], None),
        ([1, 0], [300.0, None], ["covered", "unreachable"], 300.0),
        ([0], [300.0], ["covered"], None),
        ([], [], [], None),
    ],
)
def test_the_farthest_decides(
    households: list[float | None], metres: list[float | None], status: list[str], radius: float | None
) -> None:
    assert found(households, metres, status) == radius


def test_a_weighed_walk_is_held_in_equivalent_metres() -> None:
    assert found([1, 1], [300.0, 900.0], ["covered"] * 2, equivalent_m=[310.0, 1000.0]) == 1000.0


@pytest.mark.slow
def test_liaocheng_says_what_its_radius_would_have_to_be(tmp_path: Path) -> None:
    """Without the island (F): D is 2900 m from the only street centre in service, S1 at 0; E has no households. With
    that radius all are covered, a millimetre less leaves D out."""
    areas, gates = papertown.residential(), papertown.entrances()
    towns = {"residential": areas[areas["residential_id"] != "F"], "entrances": gates[gates["residential_id"] != "F"]}
    done = runs.run(papertown.write(tmp_path / "a", **towns), out=tmp_path / "out", only="report")
    assert done.result.summary["needed_radius_m"]["street"] == 2900.0
    book = openpyxl.load_workbook(tmp_path / "out" / "tables.xlsx")
    cells = [cell.value for row in book["口径"].iter_rows() for cell in row]
    assert any("全部覆盖需 2,900 米" in str(cell) for cell in cells)
    for radius, covered in ((2900.0, 4), (2899.999, 3)):
        again = papertown.write(tmp_path / str(covered), more=f"[standards]\nservice_radius_m = {radius}", **towns)
        figures = runs.run(again, out=tmp_path / f"out{covered}", only="coverage").result.summary["coverage"]["street"]
        assert figures["residential_covered"] == covered
    island = runs.run(papertown.write(tmp_path / "b"), out=tmp_path / "out_b", only="coverage").result.summary
    assert island["needed_radius_m"]["street"] is None
    other = papertown.write(tmp_path / "c", standard="shenyang")  # speaks of no radius
    assert "needed_radius_m" not in runs.run(other, out=tmp_path / "out_c", only="coverage").result.summary
