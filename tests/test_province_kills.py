"""Runs of a province that are killed, workers or the whole: nothing short reads as complete, and going on is exact."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from provinces import ROOT, made, make_province

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks and signals of Linux")
SMALL = make_province.Size(counties=3, across=2, towns=1, areas=4, nodes=100, side_m=2000.0, seed=3)


def killed(tmp_path: Path, kills: int, seed: int, size: make_province.Size = SMALL) -> list[dict]:
    """Kill runs of a small province; before some of them the run of the day before stands there."""
    plan = made(tmp_path / "p", size)
    other = plan.with_name("before.toml")
    other.write_text(plan.read_text("utf-8").replace("as_of = 2025-12-31", "as_of = 2025-12-30"), "utf-8")
    words = [sys.executable, str(ROOT / "tests/killed_province.py"), plan, other, tmp_path / "p/out", kills, seed]
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    env = {**os.environ, "PYTHONPATH": paths, "PLANNING_CACHE": "off"}
    with (tmp_path / "told").open("w", encoding="utf-8") as told, (tmp_path / "why").open("w", encoding="utf-8") as why:
        # into files: pipes would stay open as long as anything that a killed run left behind
        done = subprocess.run(list(map(str, words)), cwd=ROOT, stdout=told, stderr=why, env=env, check=False)
    assert done.returncode == 0, (tmp_path / "why").read_text("utf-8")[-2000:]
    return [json.loads(line) for line in (tmp_path / "told").read_text("utf-8").splitlines()]


def hold(found: list[dict], kills: int) -> None:
    """Whatever is there reads as a whole run; going on gives the bytes of the run that nobody disturbed."""
    struck = [one for one in found if one["killed"]]
    assert len(struck) == kills
    for one in found:
        assert one["short"] == [], one
        assert one["same"], one
        assert (one["again"], one["orphans"]) == (0, 0), one
        assert not one["kind"].startswith("worker") or one["code"] == 0, one


@pytest.mark.slow
def test_kills_of_workers_and_of_the_run_leave_nothing_short(tmp_path):
    hold(killed(tmp_path, 4, seed=1), 4)


@pytest.mark.scale
def test_two_hundred_kills_leave_nothing_short(tmp_path):
    """Takes a quarter of an hour on two cores."""
    found = killed(tmp_path, 200, seed=2, size=replace(SMALL, counties=2))
    hold(found, 200)
    assert {one["kind"] for one in found} == {"main event", "main clock", "worker event", "worker clock"}
