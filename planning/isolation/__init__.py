"""Work in a process of its own: capped memory, processor and time, no network, and nothing left of it afterwards.

One server process stands by, started on first need and kept (`start`); it has the libraries loaded. For every `call`
it forks a child that does the work and ends, so that what a hostile file does to a library dies with the child. Where
there is no fork (Windows, macOS) the server does the work itself, one call after another, and is stopped and started
anew when a call breaks a cap.

The work hands its answer over as files in a folder of the caller's, never as a pickle. The server ends when the
caller's process ends, however that happens.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, Literal, cast

from planning.isolation._usage import Usage, usage

__all__ = ["ANSWER", "Caps", "Server", "Stopped", "call", "start"]

Reason = Literal["memory", "cpu", "time", "disk", "died", "cancelled"]
_Ending = Future[tuple[Reason | Literal["done"], str]]
ANSWER: Final = "answer.json"
MAX_ANSWER_BYTES: Final = 256 << 20
_FORKS: Final = sys.platform == "linux"
_GRACE_S: Final = 15.0
_POLL_S: Final = 0.05
_BOOT: Final = (
    "import json, sys; said = json.loads(sys.argv[1]); sys.path[:] = said['path']; "
    "from planning.isolation._server import main; main(said)"
)


@dataclass(frozen=True)
class Caps:
    """What one call may use: resident memory, written files, processor seconds, seconds on the clock."""

    memory_bytes: int
    disk_bytes: int
    cpu_s: int
    wall_s: int


class Stopped(Exception):
    """A call that was ended from outside: by a cap (``reason`` names it), by a signal, or because nobody waits."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason: Final = reason
        self.detail: Final = detail
        super().__init__(f"{reason} {detail}".strip())


def start(module: str) -> None:
    """Have the server for `call` load ``module`` while the caller does something else; returns at once.

    A server that cannot be started is the first `call`'s to tell.
    """
    with contextlib.suppress(Stopped):
        _keeper(module, os.getpid()).server()


def call(
    module: str, request: Mapping[str, Any], folder: Path, caps: Caps, *, stop: threading.Event | None = None
) -> dict[str, Any]:
    """Do ``module.work(request, folder)`` in a process of its own.

    Parameters
    ----------
    module : str
        Has ``work(request, folder) -> dict``; both dicts hold what JSON can.
    request : mapping
    folder : Path
        Exists and is the caller's to remove; the work may write into it, and nothing it writes elsewhere counts.
    caps : Caps
    stop : threading.Event, optional
        Ends the call early.

    Returns
    -------
    dict
        What ``work`` returned. An exception in it comes back as ``{"failed": "<type>: <text>", "trace": "…"}``.

    Raises
    ------
    Stopped
        The work was ended by a cap or by itself.
    """
    server = _keeper(module, os.getpid()).server()
    return server.call(request, folder, caps, stop or threading.Event())


# --------------------------------------------------------------------------------------------------- one per process

_MAKING: Final = threading.Lock()


class _Keeper:
    """Holds the one server of a process and replaces it when it is gone."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._server: Server | None = None

    def server(self) -> Server:
        with self._lock:
            if self._server is not None and self._server.is_gone():
                self._drop(self._server)
            if self._server is None:
                self._server = Server(self._module, forks=_FORKS)
                atexit.register(self._server.close)
            return self._server

    def _drop(self, server: Server) -> None:
        atexit.unregister(server.close)
        server.close()
        self._server = None


def _keeper(module: str, process: int) -> _Keeper:
    with _MAKING:
        return _kept(module, process)


@cache
def _kept(module: str, _process: int) -> _Keeper:
    """Return the keeper of a process; one that was forked from it gets its own."""
    return _Keeper(module)


# -------------------------------------------------------------------------------------------------------- the server


class Server:
    """A server process as its caller sees it; may be used from several threads.

    Parameters
    ----------
    module : str
        Loaded at the start; has ``work``.
    forks : bool
        A child for every call, watched by the server. Without it the server works itself, and is watched from here.
    """

    def __init__(self, module: str, *, forks: bool) -> None:
        self._forks = forks
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: dict[int, _Ending] = {}
        self._calls = 0
        self._ended = False
        self._process = _spawn({"path": _search_path(), "module": module, "forks": forks})
        self._to, self._from = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        threading.Thread(target=self._listen, name="planning-isolation", daemon=True).start()

    @property
    def pid(self) -> int:
        """Return the id of the server process."""
        return self._process.pid

    def is_gone(self) -> bool:
        """Say whether the server has ended."""
        return self._ended or self._process.poll() is not None

    def close(self) -> None:
        """Let the server end, and make it if it does not."""
        with self._lock:
            self._ended = True
            with contextlib.suppress(OSError):
                self._to.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, request: Mapping[str, Any], folder: Path, caps: Caps, stop: threading.Event) -> dict[str, Any]:
        """See `planning.isolation.call`."""
        if self._forks:
            number, answer = self._post(request, folder, caps)
            self._wait(number, answer, caps, stop)
        else:
            with self._turn:
                number, answer = self._post(request, folder, caps)
                self._watch(answer, caps, stop)
        return _answer(folder)

    def _post(self, request: Mapping[str, Any], folder: Path, caps: Caps) -> tuple[int, _Ending]:
        answer: _Ending = Future()
        with self._lock:
            self._calls += 1
            number = self._calls
            if self._ended:
                raise Stopped("died", "server")
            self._waiting[number] = answer
            self._send({"call": number, "request": dict(request), "folder": str(folder), "caps": asdict(caps)})
        return number, answer

    def _send(self, message: Mapping[str, Any]) -> None:
        """Write one line to the server; one that is gone is noticed by `_listen`."""
        try:
            self._to.write(json.dumps(message).encode("ascii") + b"\n")
            self._to.flush()
        except (OSError, ValueError):
            self._ended = True

    def _wait(
        self,
        number: int,
        answer: _Ending,
        caps: Caps,
        stop: threading.Event,
    ) -> None:
        """Wait for a child's end; the server watches its caps, and the clock here watches the server."""
        latest = time.monotonic() + caps.wall_s + _GRACE_S
        while not _has_ended(answer):
            if stop.is_set():
                with self._lock:
                    self._send({"end": number})
                raise Stopped("cancelled")
            if time.monotonic() > latest:
                self._process.kill()
                raise Stopped("time")
        _raise(answer)

    def _watch(self, answer: _Ending, caps: Caps, stop: threading.Event) -> None:
        """Wait for a server that works itself, and end it when it breaks a cap."""
        before = usage(self.pid) or Usage(0, 0.0)
        latest = time.monotonic() + caps.wall_s + (_GRACE_S if self._calls == 1 else 0.0)
        while not _has_ended(answer):
            now = usage(self.pid)
            broken: Reason | None = None
            if stop.is_set():
                broken = "cancelled"
            elif time.monotonic() > latest:
                broken = "time"
            elif now is not None and now.memory_bytes > caps.memory_bytes:
                broken = "memory"
            elif now is not None and now.cpu_s - before.cpu_s > caps.cpu_s:
                broken = "cpu"
            if broken is not None:
                self._ended = True
                self._process.kill()
                self._process.wait()
                raise Stopped(broken)
        _raise(answer)

    def _listen(self) -> None:
        """Pass on what the server says until it ends; runs in a thread of its own."""
        for line in self._from:
            said = json.loads(line)
            with self._lock:
                answer = self._waiting.pop(said["call"], None)
            if answer is not None:
                answer.set_result((said["end"], said["detail"]))
        with self._lock:
            self._ended = True
            left = list(self._waiting.values())
            self._waiting.clear()
        for answer in left:
            answer.set_result(("died", "server"))
        self._from.close()


def _has_ended(answer: _Ending) -> bool:
    try:
        answer.result(timeout=_POLL_S)
    except TimeoutError:
        return False
    return True


def _raise(answer: _Ending) -> None:
    end, detail = answer.result()
    if end != "done":
        raise Stopped(end, detail)


def _answer(folder: Path) -> dict[str, Any]:
    """Return the answer the work left; one too large to be one counts as none."""
    path = folder / ANSWER
    try:
        if path.stat().st_size > MAX_ANSWER_BYTES:
            raise Stopped("disk", ANSWER)
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Stopped("died", str(error)) from None
    if not isinstance(found, dict):
        raise Stopped("died", ANSWER)
    return found


# -------------------------------------------------------------------------------------------------------- its process


def _spawn(said: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [_python(), "-P", "-W", "ignore", "-c", _BOOT, json.dumps(said)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise Stopped("died", str(error)) from None


def _search_path() -> list[str]:
    """Return where this process finds its modules; the folder it stands in under its name."""
    return [entry or str(Path.cwd()) for entry in sys.path]


def _python() -> str:
    """Return the interpreter; inside another program, such as QGIS, the one beside its libraries."""
    own = Path(sys.executable or "")
    if own.stem.lower().startswith(("python", "pypy")):
        return str(own)
    names = ("python.exe", "python3.exe") if os.name == "nt" else ("bin/python3", "bin/python")
    found = next((path for name in names if (path := Path(sys.exec_prefix) / name).exists()), None)
    if found is None:
        raise Stopped("died", "python")
    return str(found)
