"""Long work of the workbench: worker processes, their steps, their end, and the folders they leave nothing in."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

import papertown
import pytest

pytest.importorskip("streamlit.testing.v1")

from planning import worker
from planning.ui import folders, jobs, spares, words
from planning.ui.jobs import EVERYTHING, FIGURES, USUAL_S, Job


def made(script: str) -> type[Job]:
    """Return a job whose worker does ``script`` (a function body with ``request`` and ``step``) instead of a run."""
    body = "\n".join(f"    {line}" for line in script.strip().splitlines())
    program = (
        "import os, time\nfrom pathlib import Path\nfrom planning import worker\n"
        f"from planning.errors import Fault, InputRefused\ndef work(request, step):\n{body}\n"
        "worker.TASKS = dict.fromkeys(worker.TASKS, work)\nworker.main()"
    )

    class Made(Job):
        def _take_worker(self) -> spares.Worker:
            return spares.Worker([sys.executable, "-c", program])

    return Made


def until(holds: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Say whether a process is at work; one that nobody has fetched (a zombie) is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_answer_and_the_steps_come_back(tmp_path):
    job = made('step("read")\nstep("network")\nreturn {"sum": 1 + 1, "plan": request["plan"]}')(tmp_path, task="check")
    assert job.wait(30) == "done"
    assert job.found == {"sum": 2, "plan": str(tmp_path)}
    assert job.steps == ("read", "network")
    assert set(job.took) == {"read", "network"}
    assert job.run is None


def test_what_a_library_prints_is_no_step(tmp_path):
    job = made('os.write(1, b"{}\\nSolver 1.0\\n")\nstep("read")\nreturn 7')(tmp_path)
    assert job.wait(30) == "done"
    assert job.steps == ("read",)


def test_refusals_come_back_as_faults(tmp_path):
    job = made('raise InputRefused(Fault("plan_not_found", file="p.toml", value="p"))')(tmp_path)
    assert job.wait(30) == "refused"
    assert [fault.code for fault in job.faults] == ["plan_not_found"]


@pytest.mark.parametrize("script", ["os._exit(3)", "os.kill(os.getpid(), 9)", 'raise RuntimeError("ours")'])
def test_a_worker_that_breaks_off_says_so(tmp_path, script):
    job = made(script)(tmp_path)
    assert job.wait(30) == "refused"
    assert [fault.code for fault in job.faults] == ["ui_run_broke_off"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_cancel_ends_the_worker_and_all_it_started(tmp_path):
    note = tmp_path / "pids"
    job = made(
        f'import subprocess\nchild = subprocess.Popen(["sleep", "600"])\n'
        f'Path({str(note)!r}).write_text(f"{{os.getpid()}} {{child.pid}}")\nstep("read")\ntime.sleep(600)'
    )(tmp_path)
    until(lambda: job.steps)
    pids = [int(word) for word in note.read_text().split()]
    assert all(map(alive, pids))
    begun = time.monotonic()
    job.cancel()
    assert job.wait(10) == "cancelled"
    assert time.monotonic() - begun < 5
    until(lambda: not any(map(alive, pids)), 5)
    assert (job.faults, job.found) == ((), None)


def test_a_job_waits_for_a_place_and_can_be_cancelled_there(tmp_path, monkeypatch):
    import threading

    monkeypatch.setattr(jobs, "_PLACES", threading.BoundedSemaphore(1))
    first = made('step("read")\ntime.sleep(600)')(tmp_path)
    until(lambda: first.steps)
    second, third = made("return 1")(tmp_path), made("return 2")(tmp_path)
    time.sleep(0.3)
    assert second.waiting
    assert second.state == "running"
    second.cancel()
    assert second.wait(5) == "cancelled"
    first.cancel()
    assert third.wait(30) == "done"


def test_a_run_beyond_its_time_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "WALL_S", 0.5)
    job = made("time.sleep(600)")(tmp_path)
    assert job.wait(30) == "refused"
    assert [fault.code for fault in job.faults] == ["ui_run_too_long"]


def test_time_left_is_told_in_the_seconds_of_an_earlier_run(tmp_path, monkeypatch):
    """Seven steps of 10 s each are foreseen; two ended in 20 s each: twice as slow, 5 left of 10 s make 100 s."""
    job = made("return 1")(tmp_path, earlier=dict.fromkeys(FIGURES, 10.0))
    job.wait(30)
    job.waiting = False
    job.finished_at = 0.0
    job._marks = [("read", 0.0), ("network", 20.0), ("coverage", 40.0)]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: 40.0)
    assert job.share == pytest.approx(2 / 7)
    assert job.left_s == pytest.approx(100.0)
    job._marks = [("read", 40.0)]
    assert job.left_s is None  # nothing done: nothing said


def test_every_step_has_a_usual_time_and_a_word():
    assert {*FIGURES, *EVERYTHING} == USUAL_S.keys()
    for step in USUAL_S:
        assert words.word("step", step, "zh") != step


def test_folders_go_with_the_last_who_holds_them(tmp_path):
    first = made('(Path(request["folder"]) / "out").mkdir()\nreturn 1')(tmp_path)
    first.wait(30)
    where = first._scratch
    assert (where / "out").is_dir()
    assert os.name != "posix" or where.stat().st_mode & 0o077 == 0
    again = first.once_more()
    again.wait(30)
    del first
    gc.collect()
    assert where.is_dir()  # the plan may lie there
    del again
    gc.collect()
    assert not where.exists()


@pytest.mark.skipif(os.name != "posix", reason="asks for processes by number")
def test_only_folders_of_dead_servers_are_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(folders.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path))
    ours = folders.make()
    dead = tmp_path / f"{folders.PREFIX}{2**22 + 7}-abcdef"
    other = tmp_path / "planning-app-notes"
    for folder in (dead, other):
        (folder / "inside").mkdir(parents=True)
    assert folders.sweep() == (dead.name,)
    assert [ours.is_dir(), other.is_dir(), dead.exists()] == [True, True, False]


@pytest.mark.slow
def test_a_real_run_comes_back_whole(tmp_path):
    job = Job(papertown.write(tmp_path))
    assert job.wait(120) == "done", job.faults
    assert job.run is not None
    assert job.run.result.summary["coverage"]
    assert (job.run.folder / "run.json").is_file()
    assert not (tmp_path / "out").exists()
    assert job.steps == FIGURES
    assert worker.answer(tmp_path) is None


def ended(one: spares.Worker) -> None:
    one.end()
    one.process.stdout.close()


def test_a_worker_in_waiting_is_taken_once_and_another_takes_its_place(monkeypatch):
    monkeypatch.setattr(spares, "usual", lambda: [sys.executable, "-c", "import sys; sys.stdin.readline()"])
    shelf = spares.Shelf()
    first = shelf.take()  # before it is open nobody waits
    shelf.fill()
    assert shelf._worker is None
    shelf.open()
    waiting = shelf.take()
    assert waiting.is_ready
    shelf.fill()
    other = shelf.take()
    assert other.process.pid != waiting.process.pid
    folder = waiting.folder
    assert folder.is_dir()
    for one in (waiting, other, first):
        ended(one)
    del waiting, one
    gc.collect()
    until(lambda: not folder.exists())
    shelf.clear()


def test_a_worker_that_died_in_waiting_is_not_handed_out(monkeypatch):
    monkeypatch.setattr(spares, "usual", lambda: [sys.executable, "-c", "import sys; sys.stdin.readline()"])
    shelf = spares.Shelf()
    shelf.open()
    dead = shelf._worker
    assert dead is not None
    ended(dead)
    taken = shelf.take()
    assert taken.is_ready
    ended(taken)


@pytest.mark.slow
def test_a_worker_ends_when_its_caller_is_gone():
    """The pipe is closed before anything was asked: it ends by itself, without a word."""
    one = spares.Worker(spares.usual())
    assert one.process.stdin is not None
    one.process.stdin.close()
    assert one.process.wait(60) == 0
    ended(one)
