"""Kill runs of a province at many points, the main process or one of its workers, and say what is left each time.

``python killed_province.py PLAN OTHER OUT KILLS SEED``: one JSON line a kill. A run of ``PLAN`` is killed by SIGKILL,
at the n-th event that changes the disk or by the clock, over what the kill before left; ``OTHER`` is a plan whose
finished run may stand in ``OUT`` before. After every kill the run is gone on with to its end.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import province_misdeeds
import psutil
from killed_run import is_write, strike_at

from planning import province, runs
from planning.province import _county, _executors

KINDS = ("main event", "main clock", "worker event", "worker clock")
SPAWNED_OF = 8
"""In every eighth round workers are started as ever."""
QUIET = os.environ.get("PROVINCE_QUIET", "")
"""While a file of this name exists no further kill begins: somebody measures on this machine."""


def bytes_of(folder: Path) -> dict[str, str] | None:
    """Return every file of a run with its hash, None where no run reads as complete."""
    if not runs.is_run_folder(folder):
        return None
    said = json.loads((folder / "run.json").read_text("utf-8"))
    changed = {"changed": "、".join(runs.verify(folder))} if runs.verify(folder) else {}
    return {entry["path"]: entry["sha256"] for entry in said["outputs"]} | {"id": said["run_id"]} | changed


def begin(
    plan: Path, out: Path, workers: int, *, forked: bool = False, strike: int = 0, worker_strikes: Path | None = None
) -> int:
    """Start a run in a process of its own; killed at event ``strike`` of its own, or of a worker's as a file says.

    ``forked`` workers have their libraries at once, which is all that sets them apart: most of the kills strike these,
    for loading takes longer than the run of so small a province.
    """
    child = os.fork()
    if child:
        return child
    code = 3
    try:
        if forked:
            _executors.multiprocessing = SimpleNamespace(  # type: ignore[assignment]
                get_context=lambda _method: multiprocessing.get_context("fork"),
                parent_process=multiprocessing.parent_process,
            )
        if worker_strikes is not None:
            os.environ[province_misdeeds.STRIKES] = str(worker_strikes)
            _executors.Processes = partial(_executors.Processes, work=province_misdeeds.struck)  # type: ignore[misc]
        if strike:
            strike_at(strike)
        province.run(plan, out=out, workers=workers)
        code = 0
    finally:
        os._exit(code)


def wait(child: int) -> int:
    """Return the exit code of a run, negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def workers_of(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        run = psutil.Process(pid)
        return [
            one for one in run.children() if "spawn_main" in " ".join(one.cmdline()) or one.cmdline() == run.cmdline()
        ]
    return []


def kin(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def measure(plan: Path, out: Path) -> tuple[int, dict[bool, float]]:
    """Return how many events a run in one process makes, and how long one with two workers takes, forked or not."""
    read, written = os.pipe()
    if os.fork() == 0:
        seen = [0]
        sys.addaudithook(lambda event, facts: seen.__setitem__(0, seen[0] + is_write(event, facts)))
        province.run(plan, out=out)
        os.write(written, str(seen[0]).encode())
        os._exit(0)
    os.close(written)
    count = int(os.read(read, 32))
    os.wait()
    lasts_s = {}
    for forked in (True, False):
        shutil.rmtree(f"{out}.work")
        began = time.monotonic()
        wait(begin(plan, out, 2, forked=forked))
        lasts_s[forked] = time.monotonic() - began
    return count, lasts_s


class Killer:
    """Kills one run after another in one folder."""

    def __init__(self, plan: Path, other: Path, out: Path, seed: int) -> None:
        self.plan, self.out = plan, out
        self.dice, self.left = random.Random(seed), 1.0
        self.forked = False
        self.events, self.lasting_s = measure(plan, out)
        self.lasts_s = self.lasting_s[False]
        self.whole = bytes_of(out)
        wait(begin(other, out, 1))
        self.before = bytes_of(out)
        self.shelf = out.with_name("shelf")
        shutil.copytree(out, self.shelf)

    def kill(self, kind: str, *, forked: bool) -> dict[str, object]:
        """Kill one run, and tell what it left and what came of going on."""
        self._prepare()
        self.forked, self.lasts_s = forked, self.lasting_s[forked]
        at, killed, code, orphans = {"main": self._main, "worker": self._worker}[kind.split(maxsplit=1)[0]](kind)
        told = {
            "kind": kind,
            "forked": forked,
            "at": at,
            "killed": killed,
            "code": code,
            "orphans": orphans,
            **self._left(),
        }
        again = 0 if code == 0 else wait(begin(self.plan, self.out, 1))
        return told | {"again": again, "same": bytes_of(self.out) == self.whole, "rubbish": self._rubbish()}

    def _prepare(self) -> None:
        """Leave the work of the kill before or none, and an earlier run of another plan, or none."""
        self.left = 0.4  # of a run, where most is done
        if self.dice.random() < 0.5:
            shutil.rmtree(f"{self.out}.work", ignore_errors=True)
            self.left = 1.0
        shutil.rmtree(self.out, ignore_errors=True)
        if self.dice.random() < 0.5:
            shutil.copytree(self.shelf, self.out)

    def _main(self, kind: str) -> tuple[float, bool, int, int]:
        """Kill the main process; say also how many of its workers outlive it by a minute."""
        if kind.endswith("event"):
            at: float = self.dice.randint(1, int(self.left * self.events))
            code = wait(begin(self.plan, self.out, 1, strike=int(at)))
            return at, code < 0, code, 0
        at = self.dice.uniform(0, self.left * self.lasts_s)
        child = begin(self.plan, self.out, 2, forked=self.forked)
        time.sleep(at)
        family = kin(child)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        code = wait(child)
        _, alive = psutil.wait_procs(family, timeout=60)  # one that still loads its libraries ends when they are loaded
        return at, code < 0, code, len(alive)

    def _worker(self, kind: str) -> tuple[float, bool, int, int]:
        """Kill a worker; the run goes on by itself."""
        if kind.endswith("event"):
            note = self.out.with_name("strike")
            at: float = self.dice.randint(1, int(self.left * self.events / 6))
            note.write_text(str(int(at)), "ascii")
            code = wait(begin(self.plan, self.out, 2, forked=self.forked, worker_strikes=note))
            killed = not note.exists()
            note.unlink(missing_ok=True)
            return at, killed, code, 0
        at = self.dice.uniform(0.2, 0.9) * self.left * self.lasts_s
        child = begin(self.plan, self.out, 2, forked=self.forked)
        time.sleep(at)
        there = workers_of(child)
        with contextlib.suppress(psutil.Error):
            for one in self.dice.sample(there, min(1, len(there))):
                one.kill()
        return at, bool(there), wait(child), 0

    def _left(self) -> dict[str, object]:
        """Say what reads as complete and is not: the run, or one of its counties; None is there or all of it."""
        found = bytes_of(self.out)
        short = [] if found in (None, self.whole, self.before) else ["out"]
        counties = Path(f"{self.out}.work") / "counties"
        for one in sorted(counties.glob("[0-9]*/run.json")):
            short += [one.parent.name] if runs.verify(one.parent) else []
        return {"there": found is not None, "short": short}

    def _rubbish(self) -> list[str]:
        """Return what lies beside the run once it is whole: nothing that a kill left may stay in the way."""
        return [path.name for path in self.out.parent.iterdir() if path.name.startswith(f".{self.out.name}.")]


def main(plan: str, other: str, out: str, kills: str, seed: str) -> None:
    """Kill and tell; a run that ended before the kill is not counted."""
    _county.ready()
    import planning.province._outputs  # noqa: F401  what every run would else load for itself

    killer = Killer(Path(plan), Path(other), Path(out), int(seed))
    done = turn = 0
    while done < int(kills):
        while QUIET and Path(QUIET).exists():
            time.sleep(2)
        told = killer.kill(KINDS[turn % len(KINDS)], forked=turn // len(KINDS) % SPAWNED_OF != 0)
        turn += 1
        done += bool(told["killed"])
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
