"""Tables taken apart before, kept by the content of their files: the extract of a province is read once.

An entry (`planning.store`) is what the reading process hands over (`planning.sources.parcel`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from planning import store, units
from planning.sources.parcel import ANSWER_FILE, ROWS_FILE

SUFFIXES: Final = (".pbf", ".osm", ".graphml")
"""What takes longer to read than to hash and fetch."""
LEAST_BYTES: Final = 1 << 20


def keeps(path: Path) -> bool:
    """Say whether the table of a file is kept: one that takes long to read, and nobody switched the cache off."""
    try:
        return store.folder() is not None and path.suffix.lower() in SUFFIXES and path.stat().st_size >= LEAST_BYTES
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
    return store.place({"content": content, "code": _code(), "asked": dict(asked)})


def holds(entry: Path) -> bool:
    """Say whether an entry is there and whole; one that is damaged is thrown away."""
    return store.holds(entry)


def keep(folder: Path, entry: Path) -> None:
    """Keep what a reader left in ``folder``, if the disk allows."""
    store.keep(folder, entry, (ROWS_FILE, ANSWER_FILE))


@cache
def _code() -> str:
    """Return a hash of the readers and of the libraries they read with."""
    rooms = (Path(__file__).parent, Path(units.__file__).parent)
    return store.code_hash([path for room in rooms for path in room.glob("*.py")], ("osmium", "pyarrow", "shapely"))
