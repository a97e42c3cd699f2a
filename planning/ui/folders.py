"""Folders of one session: names nobody can guess, open to this account alone, gone when nobody needs them any more."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

PREFIX: Final = "planning-app-"
FORSAKEN_S: Final = 24 * 3600.0
"""How old a folder must be to be taken for left behind where one cannot ask whether its server still runs."""
_OURS: Final = re.compile(rf"{PREFIX}(\d+)-")


def make() -> Path:
    """Return a new empty folder; its name tells only the process that made it, the rest is random (mode 0700)."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def sweep() -> tuple[str, ...]:
    """Remove what servers that were killed have left behind; return the names."""
    gone = []
    for entry in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        found = _OURS.match(entry.name)
        if found and entry.is_dir() and not entry.is_symlink() and _is_forsaken(entry, int(found[1])):
            shutil.rmtree(entry, ignore_errors=True)
            gone.append(entry.name)
    return tuple(gone)


def _is_forsaken(folder: Path, owner: int) -> bool:
    """Say whether no process can need a folder of this account any more."""
    try:
        about = folder.stat()
    except OSError:
        return False
    if os.name != "posix":
        return time.time() - about.st_mtime > FORSAKEN_S
    if about.st_uid != os.getuid():
        return False
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return True  # the number has gone to another account since
    return False
