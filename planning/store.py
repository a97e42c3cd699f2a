"""What took long to make, kept by the content it was made from: fetched when all is the same, made anew when not.

An entry is a folder of a few files and a seal over them. Its name is a hash of everything that decided its content,
code included, so that it can be missing but never stale.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "PLANNING_CACHE"
OFF: Final = "off"
MOST_BYTES: Final = 4 << 30
SEAL_FILE: Final = "seal"


def folder() -> Path | None:
    """Return the folder of entries: ``PLANNING_CACHE``, else by the custom of the system.

    None where the variable says ``off``, or there is no home.
    """
    stated = os.environ.get(VARIABLE, "")
    if stated:
        return None if stated == OFF else Path(stated)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "planning" / "tables"


def place(said: Mapping[str, Any]) -> Path:
    """Return where an entry is kept, whether it is there or not; ``said`` is all that decides it, plain values."""
    return (folder() or Path()) / hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def code_hash(modules: Iterable[Path], libraries: Iterable[str]) -> str:
    """Return a hash of modules, in the order of their paths, and of the versions of libraries."""
    digest = hashlib.sha256()
    for module in sorted(modules):
        digest.update(module.read_bytes())
    for library in libraries:
        digest.update(version(library).encode())
    return digest.hexdigest()


def holds(entry: Path) -> bool:
    """Say whether an entry is there and whole; one that is damaged is thrown away."""
    try:
        whole = (entry / SEAL_FILE).read_text("ascii") == _seal(entry)
        if whole:
            os.utime(entry)
        else:
            shutil.rmtree(entry, ignore_errors=True)
    except OSError:
        return False
    return whole


def keep(made: Path, entry: Path, names: Iterable[str]) -> None:
    """Keep the files ``names`` of a folder; what was not used for longest gives way when there is too much.

    A disk that is full or may not be written costs the entry and nothing else.
    """
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=entry.parent, ignore_cleanup_errors=True) as beside:
            whole = Path(beside) / "entry"
            for name in names:
                (whole / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(made / name, whole / name)
            (whole / SEAL_FILE).write_text(_seal(whole), "ascii")
            whole.rename(entry)
        _make_room(entry.parent)


def _make_room(entries_folder: Path) -> None:
    """Throw away the entries not used for longest, until the rest fits."""
    entries = [one for one in entries_folder.iterdir() if (one / SEAL_FILE).is_file()]
    held_b = 0
    for entry in sorted(entries, key=lambda one: one.stat().st_mtime, reverse=True):
        held_b += sum(part.stat().st_size for part in entry.rglob("*"))
        if held_b > MOST_BYTES:
            shutil.rmtree(entry, ignore_errors=True)


def _seal(entry: Path) -> str:
    """Return the hashes of the files of an entry, by name."""
    told = []
    for part in sorted(entry.rglob("*")):
        if part.is_file() and part.name != SEAL_FILE:
            with part.open("rb") as stream:
                told.append(f"{part.relative_to(entry).as_posix()} {hashlib.file_digest(stream, 'sha256').hexdigest()}")
    return "\n".join(told)
