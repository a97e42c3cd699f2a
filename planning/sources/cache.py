"""Tables taken apart before, kept by the content of their files: the extract of a province is read once.

An entry is what the reading process hands over (`planning.sources.parcel`) and a seal over it. Its name is a hash of
the file's content, of what was asked of it, and of the code that read it, so that it can be missing but never stale.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from planning import units
from planning.sources import draft
from planning.sources.parcel import ANSWER_FILE, ROWS_FILE

VARIABLE: Final = "PLANNING_CACHE"
OFF: Final = "off"
SUFFIXES: Final = (".pbf", ".osm", ".graphml")
"""What takes longer to read than to hash and fetch."""
LEAST_BYTES: Final = 1 << 20
MOST_BYTES: Final = 4 << 30
SEAL_FILE: Final = "seal"


def keeps(path: Path) -> bool:
    """Say whether the table of a file is kept: one that takes long to read, and nobody switched the cache off."""
    try:
        return _folder() is not None and path.suffix.lower() in SUFFIXES and path.stat().st_size >= LEAST_BYTES
    except OSError:
        return False


def place(content: str, asked: Mapping[str, Any]) -> Path:
    """Return where a table is kept, whether it is there or not.

    Parameters
    ----------
    content : str
        SHA-256 of the file.
    asked : mapping
        What else decides what the reader makes of it; plain values.
    """
    said = json.dumps({"content": content, "code": _code(), "asked": dict(asked)}, sort_keys=True)
    return (_folder() or Path()) / hashlib.sha256(said.encode()).hexdigest()


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


def keep(folder: Path, entry: Path) -> None:
    """Keep what a reader left in ``folder``; what was not used for longest gives way when there is too much.

    A disk that is full or may not be written costs the entry and nothing else.
    """
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=entry.parent, ignore_cleanup_errors=True) as made:
            whole = Path(made) / "entry"
            whole.mkdir()
            for name in (ROWS_FILE, ANSWER_FILE):
                shutil.copyfile(folder / name, whole / name)
            (whole / SEAL_FILE).write_text(_seal(whole), "ascii")
            whole.rename(entry)
        _make_room(entry.parent)


def _make_room(folder: Path) -> None:
    """Throw away the entries not used for longest, until the rest fits."""
    entries = [one for one in folder.iterdir() if (one / SEAL_FILE).is_file()]
    held_b = 0
    for entry in sorted(entries, key=lambda one: one.stat().st_mtime, reverse=True):
        held_b += sum(part.stat().st_size for part in entry.iterdir())
        if held_b > MOST_BYTES:
            shutil.rmtree(entry, ignore_errors=True)


def _folder() -> Path | None:
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


@cache
def _code() -> str:
    """Return a hash of the readers and of the libraries they read with."""
    digest = hashlib.sha256()
    for module in sorted([path for room in (__file__, units.__file__) for path in Path(room).parent.glob("*.py")]):
        digest.update(module.read_bytes())
    for library in ("osmium", "pyarrow", "shapely"):
        digest.update(version(library).encode())
    return digest.hexdigest()


def _seal(entry: Path) -> str:
    return " ".join(draft.sha256(entry / name) for name in (ROWS_FILE, ANSWER_FILE))
