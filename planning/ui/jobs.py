"""A run in the background: a thread, the steps it has reported, and how it ended."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Final, Literal

from planning import runs
from planning.errors import Fault, PlanningError
from planning.runs import RunFolder

FIGURES: Final = ("read", "network", "coverage", "compliance", "siting", "layers", "report")
EVERYTHING: Final = (*FIGURES[:-1], "export", "atlas", "report", "webmap")
State = Literal["running", "done", "refused", "cancelled"]


class _Cancelled(Exception):
    """Raised inside the run when somebody asked it to stop; nothing half-written is left."""


class Job:
    """One run of one plan, in a folder of its own that goes when nobody looks at the job any more.

    Parameters
    ----------
    plan
        The plan file; None copies the sample first and runs that.
    whole
        Draw the atlas and write every layer too, which takes minutes; else the figures and the annex tables.
    """

    def __init__(self, plan: Path | None, *, whole: bool = False) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="planning-app-"))
        weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._steps: list[str] = []
        self._started = time.monotonic()
        self.plan = plan
        self.expected = EVERYTHING if whole else FIGURES
        self.is_sample = plan is None
        self._before: Job | None = None  # holds the folder of a copied sample as long as it is in use
        self.finished_at = 0.0
        self.run: RunFolder | None = None
        self.faults: tuple[Fault, ...] = ()
        self._thread = threading.Thread(target=self._work, name="planning-run", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """Return how the job stands; a thread that died without a word counts as refused."""
        if self.run is not None:
            return "done"
        if self._thread.is_alive():
            return "running"
        return "cancelled" if self._stop.is_set() else "refused"

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the steps begun so far, in order."""
        with self._lock:
            return tuple(self._steps)

    @property
    def seconds(self) -> float:
        """Return how long the job has been at work, or took."""
        return (self.finished_at or time.monotonic()) - self._started

    @property
    def place(self) -> int:
        """Return which of the expected steps it is at, counted from 1."""
        return max((self.expected.index(step) + 1 for step in self.steps if step in self.expected), default=1)

    def once_more(self, *, whole: bool = False) -> Job:
        """Begin another run of the same plan; a sample stays in the folder it was copied to."""
        job = Job(self.plan, whole=whole)
        job.is_sample, job._before = self.is_sample, self
        return job

    def cancel(self) -> None:
        """Ask the run to stop at its next step."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> State:
        """Wait until the run has ended, at most ``seconds``, and return how it stands."""
        self._thread.join(seconds)
        return self.state

    def _work(self) -> None:
        folder = self._scratch
        try:
            if self.plan is None:
                self.plan = runs.copy_sample(folder / "sample")
            only = None if self.expected is EVERYTHING else "report"
            self.run = runs.run(self.plan, out=folder / "out", only=only, progress=self._step)
        except PlanningError as error:
            self.faults = error.faults
        except _Cancelled:
            pass
        finally:
            self.finished_at = time.monotonic()
            if self.run is None and not self.faults and not self._stop.is_set():
                self.faults = (Fault("ui_run_broke_off"),)

    def _step(self, name: str) -> None:
        if self._stop.is_set():
            raise _Cancelled
        with self._lock:
            self._steps.append(name)
