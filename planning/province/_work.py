"""Room `planning.province`: the work folder of a run: one run at a time, a log, and how far it is.

It stands beside the run folder and is what a restart goes on from; it may be deleted when the run is done.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from planning.errors import Fault, InputRefused
from planning.province import _tables as kept

SUFFIX: Final = ".work"
LOG: Final = "log.jsonl"
STATUS: Final = "status.json"
LOCK: Final = "lock"
_SAID: Final = {"take_in": "read", "county": "done", "kept": "kept", "missing": "missing"}
_MOST_LINES: Final = 20_000
_STALE_S: Final = 3600.0


def folder_of(target: Path) -> Path:
    """Return the work folder of a run folder."""
    target = target.resolve()
    return target.with_name(target.name + SUFFIX)


@dataclass
class Work:
    """The work folder while a run holds it."""

    folder: Path
    state: dict[str, Any] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def place(self, *parts: str) -> Path:
        """Return a folder in the work folder, made where it is not there."""
        place = self.folder.joinpath(*parts)
        place.mkdir(parents=True, exist_ok=True)
        return place

    def log(self, event: str, **facts: Any) -> None:
        """Add a line to the log: time, event, facts."""
        line = json.dumps({"at": _now(), "event": event, **facts}, ensure_ascii=False)
        with self._guard, (self.folder / LOG).open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(line + "\n")

    def say(self, **facts: Any) -> None:
        """Say how far the run is."""
        self.state |= facts | {"at": _now()}
        kept.write_json(self.folder / STATUS, self.state)


@contextlib.contextmanager
def held(target: Path) -> Iterator[Work]:
    """Hold the work folder of a run folder; a second run there is refused.

    Raises
    ------
    InputRefused
        ``province_locked``, with who holds it.
    """
    folder = folder_of(target)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK):
        _sweep(folder)
        work = Work(folder)
        work.state = {"pid": os.getpid(), "host": socket.gethostname(), "machine": platform.platform(), "began": _now()}
        work.say(state="running")
        work.log("began", pid=os.getpid(), host=socket.gethostname())
        try:
            yield work
        except BaseException as error:
            state = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
            with contextlib.suppress(OSError):  # a full disk must not hide what happened
                work.say(state=state)
                work.log(state, why=f"{type(error).__name__}: {error}"[:2000])
            raise
        work.say(state="done")
        work.log("done")


def _sweep(folder: Path) -> None:
    """Take away what killed runs left half-made; a worker elsewhere may still be at what is fresh."""
    for left in folder.glob("*/.part-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)


def status(target: Path) -> dict[str, Any] | None:
    """Return how far a run is, ``alive`` if a process holds it; None where there never was one.

    ``of_counties`` has by code the state (``done``, ``kept``, ``read``, ``missing``), the seconds, the most memory in
    MiB that the county's worker had held by then, and the codes of its faults; as the log of the last run says.
    """
    folder = target if target.name.endswith(SUFFIX) else folder_of(target)
    said = kept.read_json(folder / STATUS)
    if said is None:
        return None
    alive = _is_held(folder / LOCK)
    if said.get("state") == "running" and not alive:
        said["state"] = "killed"
    return {**said, "alive": alive, "log": str(folder / LOG), "of_counties": _of_counties(folder / LOG)}


def _of_counties(log: Path) -> dict[str, dict[str, Any]]:
    """Return what the last run said of each county."""
    found: dict[str, dict[str, Any]] = {}
    for line in _last_run(log):
        if "code" not in line or line["event"] not in _SAID:
            continue
        one = found.setdefault(str(line["code"]), {"seconds": 0.0, "peak_mib": None, "faults": []})
        failed = line["event"] == "county" and "run_id" not in line
        one["state"] = "missing" if failed or line["event"] == "missing" else _SAID[line["event"]]
        one["seconds"] = round(one["seconds"] + line.get("seconds", 0.0), 3)
        one["peak_mib"] = max(filter(None, (one["peak_mib"], line.get("peak_mib"))), default=None)
        one["faults"] = [*one["faults"], *line.get("faults", ())]
    return {code: found[code] for code in sorted(found)}


def _last_run(log: Path) -> list[dict[str, Any]]:
    """Return the lines of the last run; one that a kill cut short is passed over."""
    lines: list[dict[str, Any]] = []
    with contextlib.suppress(OSError), log.open(encoding="utf-8", errors="replace") as stream:
        for text in stream:
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                lines = [] if line.get("event") == "began" else [*lines[-_MOST_LINES:], line]
    return lines


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system drops when this process ends, however it ends."""
    with path.open("a+", encoding="utf-8") as stream:
        if not _lock(stream.fileno()):
            stream.seek(0)
            raise InputRefused(Fault("province_locked", file=path.parent.name, value=stream.read(200).strip() or "?"))
        stream.seek(0)
        stream.truncate()
        stream.write(f"{socket.gethostname()} {os.getpid()}")
        stream.flush()
        yield


def _lock(descriptor: int) -> bool:
    """Take the lock; say whether it could be had."""
    if sys.platform == "win32":
        import msvcrt

        try:
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network disk may know no locks
        return True
    return True


def _is_held(path: Path) -> bool:
    try:
        with path.open("a+", encoding="utf-8") as stream:
            return not _lock(stream.fileno())
    except OSError:
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def note(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the log keeps of an outcome."""
    shown = {name: outcome.get(name) for name in ("code", "seconds", "peak_mib", "run_id", "failed", "trace", "died")}
    shown["faults"] = [fault["code"] for fault in outcome.get("faults", ())]
    return {name: value for name, value in shown.items() if value not in (None, [], False)}
