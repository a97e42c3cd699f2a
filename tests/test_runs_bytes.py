"""Equal input, plan and versions give equal bytes of every file, whatever the hash seed, the threads and the folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import papertown
import pytest

ROOT = Path(__file__).resolve().parent.parent
EVERYTHING = """
[output]
maps = ["pdf", "png", "svg"]
exports = ["gdb", "shp", "geojson", "kml", "dxf"]
schemas = ["example"]
"""
BY_CONTENT = (".gdb/", ".dxf")  # these hold times of their own; run.json has a hash of what they contain


def files(folder: Path) -> dict[str, bytes]:
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: (folder / name).read_bytes() for name in names if name != "timing.json"}


def written(folder: Path, **settings: str) -> Path:
    words = [sys.executable, "-m", "planning", "run", str(folder / "plan.toml")]
    subprocess.run(words, check=True, cwd=ROOT, env={**os.environ, **settings}, capture_output=True)
    return folder / "out"


@pytest.mark.slow
def test_every_file_has_the_same_bytes_elsewhere(tmp_path):
    papertown.write(tmp_path / "here", more=EVERYTHING)
    shutil.copytree(tmp_path / "here", tmp_path / "某地 elsewhere")
    one = written(tmp_path / "here", PYTHONHASHSEED="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
    other = written(tmp_path / "某地 elsewhere", PYTHONHASHSEED="77", OMP_NUM_THREADS="2", NUMBA_NUM_THREADS="2")
    first, second = files(one), files(other)
    kinds = {Path(name).suffix for name in first}
    assert {
        ".pdf",
        ".png",
        ".svg",
        ".xlsx",
        ".docx",
        ".html",
        ".gpkg",
        ".json",
        ".qml",
        ".dxf",
        ".kml",
        ".shp",
    } <= kinds
    fixed = [name for name in first if not any(mark in name for mark in BY_CONTENT)]
    assert {name for name in second if not any(mark in name for mark in BY_CONTENT)} == set(fixed)
    assert [name for name in fixed if first[name] != second[name]] == []
    said = [json.loads((folder / "run.json").read_text("utf-8"))["outputs"] for folder in (one, other)]
    assert said[0] == said[1]
    assert any(".gdb" in entry["path"] for entry in said[0])
