"""Room `planning.province`: tables kept between the steps of a run, cell for cell and type for type."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from planning.sources import parcel
from planning.sources.draft import sha256
from planning.sources.kept import fetch as fetch
from planning.sources.kept import leave as leave
from planning.sources.kept import save as save


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of the rows of a table that was kept."""
    return sha256(folder / parcel.ROWS_FILE)


def digest(content: Any) -> str:
    """Return the hash of plain content, whatever the order of its keys."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain content so that it is there whole or not at all."""
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return what a file holds; None where there is none that is whole."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def make_once(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder under another name and give it its own at the end; who comes second finds it there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        fill(part)
        _flush(part)
        part.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Make sure the bytes are on the disk before the folder takes its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
