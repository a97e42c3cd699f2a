"""A province on a full disk, cancelled, or with workers elsewhere: exit codes, what is left, going on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from provinces import ROOT, made, make_province, written

from planning import province, runs

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="mounts and signals of Linux")]
SMALL = make_province.Size(counties=3, across=2, towns=1, areas=4, nodes=100, side_m=2000.0, seed=3)
ENV = {**os.environ, "PLANNING_CACHE": "off", "PYTHONPATH": str(ROOT)}


def command(plan: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "planning", "run", str(plan), "--out", str(out), *more]


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of some mebibytes; where that is not allowed, skip."""
    disks = []

    def mount(mib: float) -> Path:
        folder = tmp_path / f"disk{len(disks)}"
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={int(mib * 1024)}k", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        disks.append(folder)
        return folder

    yield mount
    for folder in disks:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_stops_the_run_with_three_and_nothing_short_is_left(tmp_path, small_disk):
    """Disks of two fifths and of three quarters of what a run takes; with more room it goes on."""
    plan = made(tmp_path / "p", SMALL)
    province.run(plan, out=tmp_path / "whole")
    files = [path.stat() for top in ("whole", "whole.work") for path in (tmp_path / top).rglob("*")]
    takes = sum({one.st_ino: one.st_size for one in files}.values()) / (1 << 20)  # counties' files are linked
    for share, workers in ((0.4, "2"), (0.75, "1")):
        disk = small_disk(takes * share)
        done = subprocess.run(
            command(plan, disk / "out", "--workers", workers),
            cwd=ROOT,
            env=ENV,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3, (share, done.stderr)
        assert "Traceback" not in done.stderr
        assert "磁盘" in done.stderr or "disk" in done.stderr, done.stderr
        assert not runs.is_run_folder(disk / "out")
        for one in (disk / "out.work" / "counties").glob("[0-9]*/run.json"):
            assert runs.verify(one.parent) == ()
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        province.run(plan, out=disk / "out")
        assert written(disk / "out") == written(tmp_path / "whole")


@pytest.mark.parametrize(("sign", "workers"), [(signal.SIGINT, "2"), (signal.SIGTERM, "1")])
def test_a_cancelled_run_says_so_leaves_nobody_behind_and_is_gone_on_with(tmp_path, sign, workers):
    plan = made(tmp_path / "p", SMALL)
    out = tmp_path / "out"
    run = subprocess.Popen(
        command(plan, out, "--workers", workers), cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    while run.poll() is None and not list((tmp_path / "out.work" / "counties").glob("*.json")):
        time.sleep(0.02)
    family = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(sign)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 3
    assert b"Traceback" not in told
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    assert not out.exists()
    assert province.status(out)["state"] == "cancelled"
    province.run(plan, out=out)
    log = [json.loads(line) for line in (tmp_path / "out.work" / "log.jsonl").read_text("utf-8").splitlines()]
    assert any(line["event"] == "kept" for line in log)
