"""A worker in waiting: it has loaded what a run needs, so that whoever asks next does not wait for that."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Final

from planning import worker
from planning.ui import folders

PROGRAM: Final = "from planning import runs, worker; worker.main()"


class Worker:
    """A worker process that has not been asked anything yet, with a folder for what it leaves for a while."""

    def __init__(self, command: list[str]) -> None:
        self.folder = folders.make()
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            env=environment(self.folder),
        )  # fmt: skip

    @property
    def is_ready(self) -> bool:
        """Say whether it still waits."""
        return self.process.poll() is None

    def ask(self, line: str) -> None:
        """Give it its work."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(f"{line}\n".encode())
                self.process.stdin.flush()

    def end(self) -> None:
        """End it with everything it started, and wait for that."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        self.process.wait()


class Shelf:
    """Holds one worker in waiting once `open` was called; before that every worker is made when it is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._worker: Worker | None = None

    def open(self) -> None:
        """Keep a worker in waiting from now on."""
        self._is_open = True
        self.fill()

    def fill(self) -> None:
        """Start a worker in waiting if there is none."""
        with self._lock:
            if self._is_open and (self._worker is None or not self._worker.is_ready):
                self._worker = Worker(usual())

    def take(self) -> Worker:
        """Return a worker: the one in waiting, or a new one."""
        with self._lock:
            found, self._worker = self._worker, None
        return found if found is not None and found.is_ready else Worker(usual())

    def clear(self) -> None:
        """End the worker in waiting and keep none any more."""
        with self._lock:
            found, self._worker, self._is_open = self._worker, None, False
        if found is not None:
            found.end()


def usual() -> list[str]:
    """Return the command of a worker that loads everything before it is asked."""
    return [sys.executable, "-c", PROGRAM]


def environment(aside: Path) -> dict[str, str]:
    """Return a worker's environment: its temporary files in a folder of its own, the app's own modules."""
    apart = {name: str(aside) for name in ("TMPDIR", "TEMP", "TMP")}
    paths = [str(Path(worker.__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **apart, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
