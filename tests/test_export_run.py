"""Exchange files of a run: asked for by the plan, listed by what they say, checked by ``planning verify``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import papertown
import pyogrio
import pytest

from planning import runs
from planning.errors import InputRefused

ROOT = Path(__file__).resolve().parent.parent
MORE = '[output]\nexports = ["gdb", "shp", "geojson", "kml", "dxf"]\nshp_encoding = "gbk"\nschemas = ["s.toml"]\n'
SCHEMA = """[schema]
title = "某区"
file = "某区"
format = "gpkg"
crs = "EPSG:4490"
[[layers]]
name = "JZQ"
source = "residential"
geometry = "polygon"
[[layers.fields]]
name = "BH"
type = "text"
length = {length}
required = true
unique = true
source = "residential_id"
"""


def town(folder: Path, *, length: int = 9, more: str = MORE) -> Path:
    plan = papertown.write(folder)
    plan.write_text(plan.read_text("utf-8").split("[output]")[0] + more, encoding="utf-8")
    (folder / "s.toml").write_text(SCHEMA.format(length=length), encoding="utf-8")
    return plan


@pytest.mark.slow
def test_a_run_writes_lists_and_verifies_them(tmp_path: Path) -> None:
    done = runs.run(town(tmp_path), out=tmp_path / "out", only="export")
    record = json.loads((done.folder / "run.json").read_text("utf-8"))
    listed = {entry["path"] for entry in record["outputs"]}
    assert {"exports/results.gdb", "exports/results.dxf", "exports/shp/residential.dbf", "exports/某区.gpkg"} <= listed
    assert not any(".gdb/" in path for path in listed)
    assert {"input": "schema", "path": "s.toml"} in [
        {key: entry[key] for key in ("input", "path")} for entry in record["inputs"]
    ]
    assert runs.verify(done.folder) == ()
    counts = [len(pyogrio.read_dataframe(done.folder / path, layer=layer)) for path, layer in [
        ("results.gpkg", "residential"), ("exports/results.gdb", "residential"), ("exports/某区.gpkg", "JZQ"),
        ("exports/shp/residential.shp", None), ("exports/geojson/residential.geojson", None)]]  # fmt: skip
    assert len(set(counts)) == 1


@pytest.mark.slow
def test_verify_names_what_was_changed(tmp_path: Path) -> None:
    folder = runs.run(town(tmp_path), out=tmp_path / "out", only="export").folder
    drawing = folder / "exports" / "results.dxf"
    drawing.write_bytes(drawing.read_bytes().replace("达标".encode("gbk"), "优良".encode("gbk")))
    frame = pyogrio.read_dataframe(folder / "exports" / "results.gdb", layer="units")
    pyogrio.write_dataframe(
        frame[:1], folder / "exports" / "results.gdb", layer="units", driver="OpenFileGDB", append=True
    )
    (folder / "exports" / "更多.txt").write_text("x", encoding="utf-8")
    assert runs.verify(folder) == ("exports/results.dxf", "exports/results.gdb", "exports/更多.txt")


@pytest.mark.slow
def test_equal_runs_over_hash_seeds(tmp_path: Path) -> None:
    """Byte for byte ``run.json`` with every hash in it, of bytes or, for geodatabase and drawing, of content."""
    plan = town(tmp_path)
    for seed in ("1", "77"):
        command = [sys.executable, "-m", "planning", "run", plan, "--out", tmp_path / seed, "--only", "export"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)
    assert (tmp_path / "1" / "run.json").read_bytes() == (tmp_path / "77" / "run.json").read_bytes()


@pytest.mark.slow
def test_a_layout_that_does_not_fit_is_an_error_of_the_step_alone(tmp_path: Path) -> None:
    """Verdicts in a field of nine letters that must be unique: too long and not unique; nothing is left behind."""
    plan = town(tmp_path)
    text = (tmp_path / "s.toml").read_text("utf-8")
    (tmp_path / "s.toml").write_text(text.replace('source = "residential_id"', 'source = "verdict"'), encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        runs.run(plan, out=tmp_path / "out", only="export")
    assert {"schema_not_unique", "schema_too_long"} <= {fault.code for fault in refused.value.faults}
    assert not (tmp_path / "out").exists()


def test_a_schema_is_checked_before_anything_is_run(tmp_path: Path) -> None:
    """Its faults come together with those of the data."""
    plan = town(tmp_path, length=0)
    plan.write_text(plan.read_text("utf-8").replace("roads.gpkg", "nowhere.gpkg"), encoding="utf-8")
    with pytest.raises(InputRefused) as refused:
        runs.load(plan)
    codes = {fault.code for fault in refused.value.faults}
    assert "schema_bad_value" in codes
    assert len(codes) > 1
    found, _ = runs.check(plan)
    assert "schema_bad_value" in {fault.code for fault in found}
