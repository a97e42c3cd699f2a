"""The server process; part of `planning.isolation`.

It reads one JSON line per call from its standard input and writes one line when the call has ended. Children get
neither of the two: what they have to say they write into the folder of their call.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planning.isolation import _walls
from planning.isolation._usage import usage

Work = Callable[[Mapping[str, Any], Path], Mapping[str, Any]]
_TICK_S: Final = 0.02
_IDLE_S: Final = 5.0
_SLACK_BYTES: Final = 1 << 30
_OUT_OF_MEMORY: Final = 77
_SETTINGS: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "GDAL_DRIVER_PATH": "disable",
    "PROJ_NETWORK": "OFF",
}
_KEPT: Final = ("GDAL_DATA", "GDAL_LIBRARY_PATH")


def main(said: Mapping[str, Any]) -> None:
    """Load the module and serve calls until standard input closes."""
    if said["forks"]:
        _walls.leave_network()
    _set_environment()
    module = importlib.import_module(said["module"])
    prepare = getattr(module, "prepare", None)
    if prepare is not None:
        prepare()
    _walls.forbid()
    gc.collect()
    gc.freeze()
    if said["forks"]:
        _serve_by_forks(module.work)
    else:
        _serve_alone(module.work)


def _set_environment() -> None:
    """Take away what would open GDAL to other files, and keep libraries to one thread, so that forks are safe."""
    for name in list(os.environ):
        if name.startswith(("GDAL_", "CPL_", "OGR_", "VSI_", "AWS_", "PG")) and name not in _KEPT:
            del os.environ[name]
    os.environ.update(_SETTINGS)


def _tell(number: int, end: str, detail: str = "") -> None:
    """Write one line; a caller that is gone needs none."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps({"call": number, "end": end, "detail": detail}) + "\n")
        sys.stdout.flush()


def _do(work: Work, call: Mapping[str, Any]) -> None:
    """Do one call and leave its answer in its folder."""
    folder = Path(call["folder"])
    tempfile.tempdir = str(folder)
    answer: Mapping[str, Any]
    try:
        answer = work(call["request"], folder)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile file makes a library raise is an answer about the file
        answer = {"failed": f"{type(error).__name__}: {error}"[:500], "trace": traceback.format_exc()[-20_000:]}
    part = folder / "answer.part"
    part.write_text(json.dumps(answer), "ascii")
    part.replace(folder / "answer.json")


# ------------------------------------------------------------------------------------------------- without any fork


def _serve_alone(work: Work) -> None:
    """Do calls here, one after another; the caller watches."""
    for line in sys.stdin:
        call = json.loads(line)
        try:
            _do(work, call)
        except MemoryError:
            _tell(call["call"], "memory")
            continue
        _tell(call["call"], "done")


# ------------------------------------------------------------------------------------------------- a child for a call


@dataclass
class _Child:
    number: int
    folder: Path
    memory_bytes: int
    latest: float
    reason: str = ""


def _serve_by_forks(work: Work) -> None:
    """Fork a child for every call, watch them all, and end with the caller."""
    bell, ring = os.pipe()
    os.set_blocking(ring, False)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    children: dict[int, _Child] = {}
    parent, rest = os.getppid(), b""
    while os.getppid() == parent:
        ready, _, _ = select.select([0, bell], [], [], _TICK_S if children else _IDLE_S)
        if bell in ready:
            os.read(bell, 4096)
        _reap(children)
        _watch(children)
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _take(json.loads(line), children, work)
    _end_all(children)


def _take(said: Mapping[str, Any], children: dict[int, _Child], work: Work) -> None:
    """Begin a call, or end one that nobody waits for."""
    if "end" in said:
        for process, child in children.items():
            if child.number == said["end"]:
                child.reason = "cancelled"
                os.kill(process, signal.SIGKILL)
        return
    own = os.getpid()
    process = os.fork()
    if process == 0:
        _be_a_child(said, own, work)
    caps = said["caps"]
    latest = time.monotonic() + caps["wall_s"]
    children[process] = _Child(said["call"], Path(said["folder"]), caps["memory_bytes"], latest)


def _be_a_child(call: Mapping[str, Any], parent: int, work: Work) -> None:
    """Do the call and end; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        _walls.die_with_parent(parent)
        _set_limits(call["caps"])
        _do(work, call)
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _set_limits(caps: Mapping[str, int]) -> None:
    """Set the kernel's limits; the address space gets some slack, as not all of it is ever used."""
    import resource

    with contextlib.suppress(OSError, ValueError, IndexError):
        there = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        room = there + caps["memory_bytes"] + _SLACK_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
    for limit, value, last in (
        (resource.RLIMIT_CPU, caps["cpu_s"], caps["cpu_s"] + 5),  # first a signal that tells why, then the end
        (resource.RLIMIT_FSIZE, caps["disk_bytes"], caps["disk_bytes"]),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, 512, 512),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, last))


def _watch(children: Mapping[int, _Child]) -> None:
    """End children that use too much memory or time."""
    for process, child in children.items():
        now = usage(process)
        if time.monotonic() > child.latest:
            child.reason = "time"
        elif now is not None and now.memory_bytes > child.memory_bytes:
            child.reason = "memory"
        else:
            continue
        os.kill(process, signal.SIGKILL)


def _reap(children: dict[int, _Child]) -> None:
    """Report the children that have ended."""
    for process in list(children):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            child = children.pop(process)
            _tell(child.number, *_verdict(child, status))


def _verdict(child: _Child, status: int) -> tuple[str, str]:
    if os.WIFEXITED(status):
        code = os.WEXITSTATUS(status)
        return {0: ("done", ""), _OUT_OF_MEMORY: ("memory", "")}.get(code, ("died", f"exit {code}"))
    number = os.WTERMSIG(status)
    if child.reason:
        return child.reason, ""
    name = signal.Signals(number).name
    return {"SIGXCPU": ("cpu", ""), "SIGXFSZ": ("disk", "")}.get(name, ("died", name))


def _end_all(children: Mapping[int, _Child]) -> None:
    """End every child and remove what it wrote: nobody is left to do so."""
    for process, child in children.items():
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        shutil.rmtree(child.folder, ignore_errors=True)
