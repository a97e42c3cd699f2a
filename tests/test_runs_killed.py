"""A run that is killed while it writes, at many points: the folder is the old run, whole, or the new one, whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import papertown
import pytest

from planning import runs

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks and signals of Linux")


def killed(tmp_path: Path, events: int, clocks: int) -> list[dict[str, object]]:
    """Kill ``events + clocks`` runs."""
    plan = papertown.write(tmp_path / "town")
    out = tmp_path / "town/out"
    words = [sys.executable, str(ROOT / "tests/killed_run.py"), str(plan), str(out), str(events), str(clocks)]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_sixty_kills_leave_a_whole_run_or_none(tmp_path):
    """An earlier run stands there: it stays whole, or waits in the moment between two renames to be put back."""
    found = killed(tmp_path, 55, 15)
    assert len(found) == 70
    assert all(one["killed"] for one in found if one["kind"] == "event")
    for one in found:
        assert one["differs"] == [], one
        if not one["there"]:
            assert [name for name in one["sealed"] if name == "run"], one
    plan = tmp_path / "town/plan.toml"
    for left in (tmp_path / "town").glob(".out.*"):
        os.utime(left, (0, 0))
    done = runs.run(plan, out=tmp_path / "town/out", only="check")
    assert runs.verify(done.folder) == ()
    assert [path.name for path in (tmp_path / "town").iterdir() if path.name.startswith(".")] == []


def test_the_old_run_comes_back_if_the_new_one_never_took_its_place(tmp_path):
    plan = papertown.write(tmp_path / "town")
    out = tmp_path / "town/out"
    runs.run(plan, out=out, only="check")
    before = (out / "run.json").read_bytes()
    shelf = tmp_path / "town/.out.replaced-abc"
    shelf.mkdir()
    shutil.move(out, shelf / "run")  # killed between the two renames
    os.utime(shelf, (0, 0))
    (tmp_path / "town/plan.toml").write_text("[plan]\nname = 1\n", encoding="utf-8")
    with pytest.raises(runs.InputRefused):
        runs.run(plan, out=out)
    assert (out / "run.json").read_bytes() == before
    assert not shelf.exists()
