"""Reading what a user brings in a process of its own (`planning.isolation`), and saying why when that is stopped."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planning import isolation
from planning.errors import Fault, InputRefused
from planning.isolation import Caps, Stopped
from planning.plan import InputSpec
from planning.sources import cache, draft, files, parcel
from planning.sources.raw import Raw

MODULE: Final = "planning.sources.inside"
MIB: Final = 1 << 20
MEMORY_MIB: Final = (1536, 6144)
"""Least and most memory of a reader; between them `MEMORY_PER_BYTE` times the size of the file."""
MEMORY_PER_BYTE: Final = 80
MEMORY_SHARE: Final = 0.6
"""Never more than this share of the machine's memory, however large the file."""
CPU_S: Final = (60, 600)
CPU_S_PER_MIB: Final = 4
DISK_BYTES: Final = 4 << 30


SMALL_BYTES: Final = 1 << 20
"""Files up to this size are read by one process, one after another; a larger one has a process of its own."""


@dataclass(frozen=True)
class Job:
    """One file to read: the input it is for, and its place (the input's own file, or its attribute table)."""

    spec: InputSpec
    path: Path
    layer: str | None


@dataclass(frozen=True)
class Opened:
    """A file's table as it stands, and the files it is made of with the SHA-256 of what was read."""

    raw: Raw
    paths: tuple[Path, ...]
    digests: tuple[str, ...]

    def hashed(self) -> tuple[tuple[Path, str], ...]:
        """Return every file with its SHA-256."""
        return tuple(zip(self.paths, self.digests, strict=True))


class Opening:
    """The files of several inputs being read, in the order given, while the caller works on those already there.

    Parameters
    ----------
    specs : sequence of InputSpec
    """

    def __init__(self, specs: Iterable[InputSpec]) -> None:
        self._stop = threading.Event()
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="planning-sources")
        self._jobs = {spec.name: jobs(spec) for spec in specs}
        every = [job for some in self._jobs.values() for job in some]
        small = [job for job in every if size_b(job.path) <= SMALL_BYTES]
        shared = self._reader.submit(open_jobs, small, stop=self._stop)
        self._found = {
            (job.spec.name, job.path): shared
            if job in small
            else self._reader.submit(open_jobs, [job], stop=self._stop)
            for job in every
        }

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *_: object) -> None:
        """End what is still being read."""
        self._stop.set()
        self._reader.shutdown(cancel_futures=True)

    def of(self, spec: InputSpec) -> tuple[Opened, ...]:
        """Return the files of an input, once: its own, and its attribute table where it has one.

        Raises
        ------
        InputRefused
            With the faults of both. See `open_jobs`.
        """
        found = [
            self._found.pop((spec.name, job.path)).result().pop((spec.name, job.path)) for job in self._jobs[spec.name]
        ]
        faults = [fault for one in found if not isinstance(one, Opened) for fault in one]
        if faults:
            raise InputRefused(faults)
        return tuple(one for one in found if isinstance(one, Opened))


def jobs(spec: InputSpec) -> tuple[Job, ...]:
    """Return the files to read for an input."""
    own = Job(spec, spec.file, spec.layer)
    if spec.table_file is None or spec.join is None:
        return (own,)
    return own, Job(spec, spec.table_file, None)


Outcome = Opened | tuple[Fault, ...]


def open_jobs(work: Sequence[Job], *, stop: threading.Event | None = None) -> dict[tuple[str, Path], Outcome]:
    """Read files in a process of their own; when it is stopped at one, the others are read by another.

    Parameters
    ----------
    work : sequence of Job
    stop : threading.Event, optional
        Ends the reading early.

    Returns
    -------
    dict
        By input name and path, the table or the faults for which there is none: whatever the readers find;
        ``reader_memory``, ``reader_time``, ``reader_disk`` (a cap was reached), ``reader_died`` (the process crashed),
        ``reader_failed`` (a library raised what it should not), ``file_changed`` while it was being read.
    """
    found = {(job.spec.name, job.path): table for job in work if (table := _kept(job)) is not None}
    left = [job for job in work if (job.spec.name, job.path) not in found]
    while left:
        with tempfile.TemporaryDirectory(prefix="planning-", ignore_cleanup_errors=True) as folder:
            ended = _open_some(left, Path(folder), stop)
        found |= {(job.spec.name, job.path): outcome for job, outcome in zip(left, ended, strict=False)}
        left = left[len(ended) :]
    return found


def open_one(spec: InputSpec, path: Path, *, layer: str | None) -> Opened:
    """Read one file in a process of its own.

    Raises
    ------
    InputRefused
        See `open_jobs`.
    """
    (found,) = open_jobs([Job(spec, path, layer)]).values()
    if not isinstance(found, Opened):
        raise InputRefused(found)
    return found


def open_pieces(spec: InputSpec, *, rows: int) -> Iterator[Opened]:
    """Read an input in pieces of ``rows`` rows, as far as its format can be read so; neither side holds more.

    Raises
    ------
    InputRefused
        See `open_jobs`.
    """
    caps = caps_of(size_b(spec.file))
    with tempfile.TemporaryDirectory(prefix="planning-", ignore_cleanup_errors=True) as made:
        folder, stopped = Path(made), None
        one = {"spec": _plain(spec), "path": str(Path.cwd() / spec.file), "layer": spec.layer, "folder": "0"}
        try:
            isolation.call(MODULE, {"files": [one | {"rows": rows}]}, folder, caps)
        except Stopped as error:
            stopped = error
        try:
            said = parcel.answer(folder / "0")
        except parcel.NoAnswer as none:
            raise InputRefused(_why(stopped or Stopped("died", str(none)), caps, spec.file)) from None
        for at in range(said.get("pieces", 1)):
            place = folder / "0" / f"{at}"
            raw = {"raw": parcel.answer(place)} if "pieces" in said else {}
            found = _opened(said | raw, place, spec.file)
            if not isinstance(found, Opened):
                raise InputRefused(found)
            yield found
            shutil.rmtree(place)


def _open_some(work: Sequence[Job], folder: Path, stop: threading.Event | None) -> list[Outcome]:
    """Return what came of the first files, up to the one at which the process was stopped; at least of one."""
    caps = caps_of(max(size_b(job.path) for job in work))
    request = [
        {"spec": _plain(job.spec), "path": str(Path.cwd() / job.path), "layer": job.layer, "folder": f"{at}"}
        for at, job in enumerate(work)
    ]
    stopped = None
    try:
        isolation.call(MODULE, {"files": request}, folder, caps, stop=stop)
    except Stopped as error:
        stopped = error
    ended: list[Outcome] = []
    for at, job in enumerate(work):
        try:
            ended.append(_opened(parcel.answer(folder / f"{at}"), folder / f"{at}", job.path))
            _keep(job, ended[-1], folder / f"{at}")
        except parcel.NoAnswer as none:
            return [*ended, (_why(stopped or Stopped("died", str(none)), caps, job.path),)]
    return ended


def _kept(job: Job) -> Outcome | None:
    """Return the table of a file that was read before, if it is kept."""
    if not cache.keeps(job.path):
        return None
    try:
        entry = cache.place(draft.sha256(job.path), _asked(job))
        return _opened(parcel.answer(entry), entry, job.path) if cache.holds(entry) else None
    except (OSError, parcel.NoAnswer):
        return None


def _keep(job: Job, outcome: Outcome, folder: Path) -> None:
    """Keep a table under the content that was read, whatever the file holds by now."""
    if isinstance(outcome, Opened) and cache.keeps(job.path):
        cache.keep(folder, cache.place(outcome.digests[0], _asked(job)))


def _asked(job: Job) -> dict[str, Any]:
    """Return what decides, beside the content, what a reader makes of a file; faults carry its name."""
    spec = job.spec
    asked = {"input": spec.name, "encoding": spec.encoding, "fields": dict(spec.fields), "layer": job.layer}
    return {**asked, "file": job.path.name}


def caps_of(size_b: int) -> Caps:
    """Return what the reader of a file (or of all files of a dataset) of this size may use; see docs/hostile.md."""
    size_mib = size_b / MIB
    least, most = (bound * MIB for bound in MEMORY_MIB)
    memory = min(max(least, MEMORY_PER_BYTE * size_b), most, int(MEMORY_SHARE * _machine_memory_b()))
    cpu_s = int(min(max(CPU_S[0], CPU_S_PER_MIB * size_mib), CPU_S[1]))
    return Caps(memory_bytes=memory, disk_bytes=DISK_BYTES, cpu_s=cpu_s, wall_s=2 * cpu_s + 30)


def _machine_memory_b() -> int:
    """Return the machine's memory; where the system does not say, that of a small one."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 8 << 30


def _plain(spec: InputSpec) -> dict[str, Any]:
    """Return what the reader has to know of an input: what JSON can hold; the rest is not about reading."""
    said = {name: str(value) if isinstance(value, Path) else value for name, value in vars(spec).items()}
    said["fields"] = dict(spec.fields)
    return {name: value for name, value in said.items() if name == "fields" or isinstance(value, str | int | float)}


def _opened(said: dict[str, Any], folder: Path, path: Path) -> Outcome:
    """Return what the reader handed over: the table, or its faults."""
    if "failed" in said:
        facts = {"why": said["failed"], "trace": said["trace"]}
        return (Fault("reader_failed", file=path.name, value=str(said["failed"])[:200], facts=facts),)
    if "refused" in said:
        return parcel.faults_from_json(said["refused"])
    raw = parcel.unpack(said["raw"], folder)
    return Opened(raw, (path, *map(Path, said["paths"][1:])), tuple(said["sha256"]))


def size_b(path: Path) -> int:
    """Return the size of a dataset in bytes; 0 where nothing can be read, which its reader will say."""
    try:
        return files.size_b(path)
    except (OSError, ValueError):
        return 0


def _why(stopped: Stopped, caps: Caps, path: Path) -> Fault:
    """Return the fault that names the cap."""
    if stopped.reason == "memory":
        return Fault("reader_memory", file=path.name, facts={"cap": caps.memory_bytes // MIB})
    if stopped.reason in ("cpu", "time"):
        cap = caps.cpu_s if stopped.reason == "cpu" else caps.wall_s
        return Fault("reader_time", file=path.name, facts={"cap": cap})
    if stopped.reason == "disk":
        return Fault("reader_disk", file=path.name, facts={"cap": caps.disk_bytes // MIB})
    return Fault("reader_died", file=path.name, value=stopped.detail or stopped.reason)
