"""Room `planning.export`: what a file says, hashed, for formats that write clocks and random ids into their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

_CLOCKS: Final = frozenset(
    {"$TDCREATE", "$TDUCREATE", "$TDUPDATE", "$TDUUPDATE", "$TDINDWG", "$TDUSRTIMER", "$FINGERPRINTGUID",
     "$VERSIONGUID"}
)  # fmt: skip
_OWN: Final = (".gdbtable", ".gdbtablx", ".gdbindexes", ".atx", ".spx", ".freelist", ".horizon")
_UNREADABLE: Final = "unreadable"


def is_by_content(path: Path) -> bool:
    """Say whether a file or folder is hashed by what it says: a geodatabase (a folder) or a drawing."""
    return path.suffix.lower() in (".gdb", ".dxf")


def content_sha256(path: Path) -> str:
    """Return the SHA-256 of what a geodatabase or drawing says; ``unreadable`` where it cannot be read.

    Of a geodatabase: the name, CRS, fields (name, type, alias, width) and rows of every layer, shapes as WKB, and the
    names of files that are no part of it. Of a drawing: every group but the clocks and random ids of its header.
    """
    digest = hashlib.sha256()
    try:
        for piece in _drawing(path) if path.suffix.lower() == ".dxf" else _geodatabase(path):
            digest.update(len(piece).to_bytes(8, "big") + piece)
    except (DataSourceError, DataLayerError, OSError, ValueError):
        return _UNREADABLE
    return digest.hexdigest()


def _geodatabase(path: Path) -> Iterator[bytes]:
    yield from (file.name.encode() for file in sorted(path.rglob("*")) if not _belongs(file))
    for name in sorted(str(layer) for layer in pyogrio.list_layers(path)[:, 0]):
        yield name.encode()
        facts = pyogrio.read_info(path, layer=name)
        yield repr([facts["crs"], facts["geometry_type"], facts["layer_metadata"]]).encode()
        _, table = pyogrio.read_arrow(path, layer=name)
        for field in table.schema:
            yield repr([field.name, str(field.type), sorted((field.metadata or {}).items())]).encode()
        yield from _values(column.to_pylist() for column in table.columns)


def _belongs(file: Path) -> bool:
    """Say whether a file is one of a geodatabase's own."""
    return file.suffix.lower() in _OWN or file.name in ("gdb", "timestamps")


def _values(columns: Iterable[list[Any]]) -> Iterator[bytes]:
    for values in columns:
        yield repr(values).encode()


def _drawing(path: Path) -> Iterator[bytes]:
    """Yield the groups of a DXF, each as code and value, but those that tell the time or were drawn by lot."""
    lines = path.read_bytes().split(b"\n")
    name, skipped = b"", False
    for at in range(0, len(lines) - 1, 2):
        code, value = lines[at].strip(), lines[at + 1].rstrip(b"\r")
        if code in (b"9", b"0"):
            name = value
            skipped = name.decode("ascii", "replace") in _CLOCKS
        if not skipped:
            yield code + b"\0" + value
