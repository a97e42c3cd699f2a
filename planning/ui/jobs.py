"""Long work of one browser session: a worker process, the steps it has told, and how it ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
import weakref
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from planning import worker
from planning.errors import Fault
from planning.quality import Checkup
from planning.runs import RunFolder
from planning.ui import folders
from planning.ui.spares import Shelf, Worker

FIGURES: Final = ("read", "network", "coverage", "compliance", "siting", "layers", "report")
EVERYTHING: Final = (*FIGURES[:-1], "export", "atlas", "report", "webmap")
LOOKING: Final = ("read",)
USUAL_S: Final[Mapping[str, float]] = MappingProxyType(
    {"read": 4.0, "network": 0.5, "coverage": 2.0, "compliance": 1.0, "siting": 4.0, "layers": 1.0, "report": 3.0,
     "export": 3.0, "atlas": 30.0, "webmap": 3.0}
)  # fmt: skip
"""Seconds of the steps on the sample: how they stand to one another, until this session has seen a run itself."""
FEW: Final = 0.1
"""Before so much of the whole is done nothing is said of the time left."""
WALL_S: Final = 4 * 3600.0
AT_ONCE: Final = max(1, os.cpu_count() or 1)
_PLACES: Final = threading.BoundedSemaphore(AT_ONCE)
_POLL_S: Final = 0.2
SHELF: Final = Shelf()
State = Literal["running", "done", "refused", "cancelled"]
Task = Literal["run", "check", "survey"]


class Job:
    """One piece of long work on one plan, in a folder of its own that goes when nobody looks at the job any more.

    Parameters
    ----------
    plan
        The plan file; None copies the sample first and runs that. For a survey the folder to look through.
    task
        ``run`` a plan, ``check`` its data, ``survey`` a folder for a first plan.
    whole
        Of a run: draw the atlas and write every layer too, which takes minutes; else the figures and the annex tables.
    keep
        Whatever has to live as long as the job, such as the session's folder that holds its plan.
    earlier
        Seconds of each step as a run of the same plan took them.
    """

    def __init__(
        self, plan: Path | None, *, task: Task = "run", whole: bool = False, keep: object = None,
        earlier: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self._scratch = folders.make()
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._marks: list[tuple[str, float]] = []
        self._begun = self._made = time.monotonic()
        self._keep = keep
        self._worker: Worker | None = None
        self._earlier = dict(earlier or USUAL_S)
        self.plan = plan
        self.task: Final = task
        self.expected = LOOKING if task != "run" else EVERYTHING if whole else FIGURES
        self.is_sample = plan is None
        self.is_shared = False
        self.waiting = True
        self.finished_at = 0.0
        self.found: Any = None
        self.faults: tuple[Fault, ...] = ()
        self._thread = threading.Thread(target=self._work, name="planning-job", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------------------------------------- how it stands

    @property
    def state(self) -> State:
        """Return how the job stands; one that ended without a word counts as refused."""
        if self.found is not None:
            return "done"
        if self._thread.is_alive():
            return "running"
        return "cancelled" if self._stop.is_set() else "refused"

    @property
    def run(self) -> RunFolder | None:
        """Return the finished run of a job that was to run."""
        return cast("RunFolder", self.found) if self.task == "run" and self.found is not None else None

    @property
    def checkup(self) -> Checkup | None:
        """Return what a job that was to check has found."""
        return cast("Checkup", self.found) if self.task == "check" and self.found is not None else None

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the steps begun so far, in order."""
        with self._lock:
            return tuple(step for step, _ in self._marks)

    @property
    def seconds(self) -> float:
        """Return how long the job has been at work, or took; not the time it waited for others."""
        return (self.finished_at or time.monotonic()) - self._begun

    @property
    def place(self) -> int:
        """Return which of the expected steps it is at, counted from 1."""
        return max((self.expected.index(step) + 1 for step in self.steps if step in self.expected), default=1)

    @property
    def took(self) -> dict[str, float]:
        """Return the seconds of the steps that have ended."""
        with self._lock:
            marks = [*self._marks, *([("", self.finished_at)] if self.finished_at else [])]
        return {step: after - at for (step, at), (_, after) in pairwise(marks)}

    @property
    def share(self) -> float:
        """Return the share of the work done, 0–1, in the seconds each step usually takes."""
        usual = self._usual()
        done = sum(usual[step] for step in self.expected[: self.place - 1])
        here = min(self._in_step() / self._pace(), 0.9 * usual[self.expected[self.place - 1]]) if self.steps else 0.0
        return (done + here) / sum(usual.values())

    @property
    def left_s(self) -> float | None:
        """Return the seconds that are probably left; None while too little is done to tell."""
        if self.waiting or self.share < FEW:
            return None
        return (1 - self.share) * sum(self._usual().values()) * self._pace()

    def _usual(self) -> dict[str, float]:
        return {step: max(self._earlier.get(step, USUAL_S[step]), 0.05) for step in self.expected}

    def _pace(self) -> float:
        """Return how many times slower than usual the ended steps were."""
        usual = self._usual()
        ended = {step: took for step, took in self.took.items() if step in usual}
        known = sum(usual[step] for step in ended)
        return max(sum(ended.values()) / known, 0.05) if known else 1.0

    def _in_step(self) -> float:
        with self._lock:
            return time.monotonic() - self._marks[-1][1] if self._marks else 0.0

    # ------------------------------------------------------------------------------------------------- what one may do

    def once_more(self, *, whole: bool = False) -> Job:
        """Begin another run of the same plan; a sample stays in the folder it was copied to."""
        job = Job(self.plan, whole=whole, keep=self, earlier={**self._earlier, **self.took})
        job.is_sample = self.is_sample
        return job

    def cancel(self) -> None:
        """End the work; nothing of it is left."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> State:
        """Wait until the work has ended, at most ``seconds``, and return how it stands."""
        self._thread.join(seconds)
        return self.state

    # --------------------------------------------------------------------------------------------------- at work

    def _work(self) -> None:
        try:
            places = _PLACES  # the same that gives is given back to
            if self._has_place(places):
                self._begun = time.monotonic()
                self.waiting = False
                try:
                    self._have_done()
                finally:
                    places.release()
                    SHELF.fill()
        finally:
            self.finished_at = time.monotonic()
            if self.found is None and not self.faults and not self._stop.is_set():
                self.faults = (Fault("ui_run_broke_off"),)

    def _has_place(self, places: threading.BoundedSemaphore) -> bool:
        """Wait until fewer than `AT_ONCE` are at work; False when somebody cancels first."""
        while not self._stop.is_set():
            if places.acquire(timeout=_POLL_S):
                return True
        return False

    def _have_done(self) -> None:
        """Start the worker, listen to it, take its answer."""
        worker_ = self._start()
        listener = threading.Thread(target=self._listen, args=(worker_.process,), daemon=True)
        listener.start()
        late = False
        while listener.is_alive() and not self._stop.is_set() and not late:
            listener.join(_POLL_S)
            late = self.seconds > WALL_S
        worker_.end()
        listener.join(5)
        if late:
            self.faults = (Fault("ui_run_too_long", facts={"hours": f"{WALL_S / 3600:g}"}),)
        elif not self._stop.is_set():
            self._take(worker.answer(self._scratch))

    def _take(self, found: Any) -> None:
        if isinstance(found, tuple):
            self.faults = found
            return
        if self.task == "run" and self.plan is None and found is not None:
            self.plan = found.result.inputs.plan.folder / found.result.inputs.plan.file
        self.found = found

    def _start(self) -> Worker:
        """Ask a worker; what it leaves for a while goes with the job."""
        said = {
            "task": self.task,
            "plan": None if self.plan is None else str(self.plan),
            "folder": str(self._scratch),
            "only": None if self.expected is EVERYTHING else "report",
        }
        self._worker = self._take_worker()
        self._worker.ask(json.dumps(said))
        return self._worker

    def _take_worker(self) -> Worker:
        return SHELF.take()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as told:
            for line in told:
                with self._lock:
                    self._marks.append((str(json.loads(line)["step"]), time.monotonic()))
