"""Room `planning.runs`: the folder a run is written into, and what may be replaced there."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from planning.errors import Fault, InputRefused
from planning.plan import Plan

TOOL: Final = "planning"
SCHEMA: Final = 1  # of run.json and the layers of results.gpkg; another number is another shape
_SETTLED_S: Final = 0.5
_ABANDONED_S: Final = 86_400.0


def is_run_folder(folder: Path) -> bool:
    """Say whether ``folder`` holds a finished run of this tool."""
    return recorded(folder) is not None


def recorded(folder: Path) -> Mapping[str, str] | None:
    """Return the hash of every file of a finished run as ``run.json`` has it, None where there is no such record."""
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
        outputs = {str(entry["path"]): str(entry["sha256"]) for entry in record["outputs"]}
        return outputs if record["tool"] == TOOL and record["run_id"] else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def refuse_foreign(target: Path) -> None:
    """Refuse to replace anything but an earlier run folder."""
    if target.is_file() or (target.is_dir() and any(target.iterdir()) and not is_run_folder(target)):
        raise InputRefused(Fault("out_not_empty", file=target.name, value=str(target)))


def refuse_inputs_inside(target: Path, settings: Plan) -> None:
    """Refuse a folder in which the plan or one of its files lies: replacing it would delete them."""
    named = [settings.folder / settings.file, settings.folder / settings.standard]
    named += [path for spec in settings.inputs.values() for path in (spec.file, spec.table_file) if path is not None]
    inside = [path.name for path in named if path.exists() and path.resolve().is_relative_to(target.resolve())]
    if inside:
        value = "、".join(dict.fromkeys(inside))
        raise InputRefused(Fault("out_holds_inputs", file=target.name, value=value))


# ------------------------------------------------------------------------------------------------- whole or not at all


@contextlib.contextmanager
def folder_in_place(target: Path) -> Iterator[Path]:
    """Give a temporary folder and move it to ``target`` if nothing went wrong inside.

    What killed runs left beside ``target`` goes once this one stands.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.unfinished-", dir=target.parent))
    folder.chmod(0o755)
    try:
        with _claimed(folder):
            yield folder
            _flush(folder)
            _swap(folder, target)
        _sweep(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(folder: Path, target: Path) -> None:
    """Put ``folder`` in the place of ``target``; an earlier run goes only once the new one stands."""
    if not target.exists():
        folder.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.replaced-", dir=target.parent))
    target.replace(old / "run")
    try:
        folder.replace(target)
    except OSError:
        (old / "run").replace(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def put_back(target: Path) -> None:
    """Put an earlier run back that was moved aside for one that never took its place: killed between two renames."""
    for left in sorted(target.parent.glob(f".{glob.escape(target.name)}.replaced-*")):
        waits = not target.exists() and (left / "run" / "run.json").is_file()
        if waits and _is_forsaken(left):  # another process may be between its two renames just now
            (left / "run").replace(target)
            left.rmdir()


def _flush(folder: Path) -> None:
    """Make sure the bytes are on the disk before the folder takes its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Hold a lock on ``folder``, which the system drops when this process ends, however it ends."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a network disk may know no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _sweep(target: Path) -> None:
    """Remove the temporary folders of runs that were killed."""
    for kind in ("unfinished", "replaced"):
        for left in target.parent.glob(f".{glob.escape(target.name)}.{kind}-*"):
            if _is_forsaken(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_forsaken(folder: Path) -> bool:
    """Say whether nobody holds ``folder`` any more; without locks, whether it has not changed for a day."""
    try:
        age_s = time.time() - folder.stat().st_mtime
        if sys.platform == "win32":
            return age_s > _ABANDONED_S
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return age_s > _SETTLED_S
