"""Pictures of a base map from one file on this machine: MBTiles (SQLite) and PMTiles (version 3).

Read in place and read only; nothing is unpacked, and no more is taken into memory than a tile and the directories that
lead to it. Only PNG, JPEG and WebP leave this module: a file that claims to be a picture and is none is refused.
MBTiles 1.3: rows are counted from the south. PMTiles 3: tiles are numbered along a Hilbert curve, zoom by zoom.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from planning.errors import Fault, InputRefused

ENDINGS: Final = (".mbtiles", ".pmtiles")
DEEPEST: Final = 24
LARGEST_B: Final = 4 << 20
_SIGNS: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_STEPS: Final = 2_000_000  # of SQLite's machine, for one tile: a view that computes its tiles is cut short
_HEADER: Final = struct.Struct("<7sB11Q6B")
_DIRECTORY_B: Final = 16 << 20
_NONE, _GZIP = 1, 2
_RASTER: Final = (2, 3, 4)


@dataclass(frozen=True)
class Pictures:
    """What a file says of itself: its place, and the zooms it has pictures for."""

    path: Path
    least: int
    most: int


def opened(path: str | Path) -> Pictures:
    """Return what a file of tiles holds.

    Raises
    ------
    InputRefused
        If it is not there (``basemap_missing``), neither MBTiles nor PMTiles or damaged (``basemap_unreadable``), or
        holds vector tiles (``basemap_vector``).
    """
    file = Path(path).expanduser()
    if file.suffix.lower() not in ENDINGS or not file.is_file():
        raise InputRefused(Fault("basemap_missing", file=file.name, value=str(path)))
    try:
        least, most = _of_mbtiles(file) if file.suffix.lower() == ".mbtiles" else _of_pmtiles(file)
    except InputRefused:
        raise
    except (sqlite3.Error, OSError, ValueError, TypeError, IndexError, struct.error, zlib.error) as error:
        raise InputRefused(Fault("basemap_unreadable", file=file.name, value=type(error).__name__)) from error
    if not 0 <= least <= most <= DEEPEST:
        raise InputRefused(Fault("basemap_unreadable", file=file.name, value=f"{least}–{most}"))
    return Pictures(file, least, most)


def tile(path: Path, zoom: int, column: int, row: int) -> tuple[bytes, str] | None:
    """Return a picture and its type; None where the file has none there.

    Parameters
    ----------
    zoom, column, row
        As XYZ services count them: rows from the north.

    Raises
    ------
    ValueError
        If there is no such tile on earth, or what lies there is no picture.
    OSError, sqlite3.Error, zlib.error, struct.error, IndexError
        If the file is damaged.
    """
    if not (0 <= zoom <= DEEPEST and 0 <= column < 1 << zoom and 0 <= row < 1 << zoom):
        raise ValueError(f"{zoom}/{column}/{row}")
    find = _from_mbtiles if path.suffix.lower() == ".mbtiles" else _from_pmtiles
    found = find(path, zoom, column, row)
    return None if not found else (found, _kind(found))


def _kind(picture: bytes) -> str:
    if len(picture) > LARGEST_B:
        raise ValueError(len(picture))
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    for sign, kind in _SIGNS:
        if picture.startswith(sign):
            return kind
    raise ValueError(picture[:8])


# ----------------------------------------------------------------------------------------------------------- MBTiles


def _asked(path: Path, query: str, values: Sequence[Any] = ()) -> list[Any]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as held:
        steps = iter(range(_STEPS // 1000))
        held.set_progress_handler(lambda: next(steps, None) is None, 1000)
        return held.execute(query, values).fetchall()


def _of_mbtiles(path: Path) -> tuple[int, int]:
    facts = dict(_asked(path, "SELECT name, value FROM metadata"))
    if str(facts.get("format", "png")).lower() == "pbf":
        raise InputRefused(Fault("basemap_vector", file=path.name))
    if {"minzoom", "maxzoom"} <= facts.keys():
        return int(facts["minzoom"]), int(facts["maxzoom"])
    ((least, most),) = _asked(path, "SELECT min(zoom_level), max(zoom_level) FROM tiles")
    return int(least), int(most)


def _from_mbtiles(path: Path, zoom: int, column: int, row: int) -> bytes | None:
    query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
    found = _asked(path, query, (zoom, column, (1 << zoom) - 1 - row))
    return bytes(found[0][0]) if found else None


# ----------------------------------------------------------------------------------------------------------- PMTiles


@dataclass(frozen=True)
class _Header:
    root: tuple[int, int]
    leaves_at: int
    tiles_at: int
    inner: int
    outer: int
    kind: int
    least: int
    most: int


def _header(path: Path) -> _Header:
    with path.open("rb") as file:
        found = _HEADER.unpack(file.read(_HEADER.size))
    sign, version, root_at, root_b, _, _, leaves_at, _, tiles_at, *_, _clustered, inner, outer, kind, least, most = (
        found
    )
    if sign != b"PMTiles" or version != 3 or inner not in (_NONE, _GZIP):
        raise ValueError(version)
    return _Header((root_at, root_b), leaves_at, tiles_at, inner, outer, kind, least, most)


def _of_pmtiles(path: Path) -> tuple[int, int]:
    header = _header(path)
    if header.kind not in _RASTER:
        raise InputRefused(Fault("basemap_vector", file=path.name))
    _directory(path, path.stat().st_mtime_ns, *header.root, packed=header.inner == _GZIP)
    return header.least, header.most


def _from_pmtiles(path: Path, zoom: int, column: int, row: int) -> bytes | None:
    header, wanted = _header(path), number(zoom, column, row)
    at, size = header.root
    for _ in range(4):
        entry = _entry(_directory(path, path.stat().st_mtime_ns, at, size, packed=header.inner == _GZIP), wanted)
        if entry is None:
            return None
        first, run, length, offset = entry
        if run:
            inside = wanted - first < run
            return _unpacked(path, header.tiles_at + offset, length, header.outer == _GZIP) if inside else None
        at, size = header.leaves_at + offset, length
    raise ValueError("directories without end")


def number(zoom: int, column: int, row: int) -> int:
    """Return the number of a tile: those of lower zooms first, then along the Hilbert curve of its own."""
    found, x, y = ((1 << 2 * zoom) - 1) // 3, column, row
    for level in reversed(range(zoom)):
        half = 1 << level
        right, down = int(x & half > 0), int(y & half > 0)
        found += half * half * ((3 * right) ^ down)
        if not down:
            x, y = (half - 1 - x, half - 1 - y) if right else (x, y)
            x, y = y, x
        x, y = x & (half - 1), y & (half - 1)
    return found


@lru_cache(maxsize=64)
def _directory(path: Path, written: int, at: int, size: int, *, packed: bool) -> tuple[tuple[int, int, int, int], ...]:
    """Return a directory as ``(number, run, length, offset)``; ``written`` forgets it when the file is another."""
    del written
    data, place = _unpacked(path, at, size, packed), 0

    def next_() -> int:
        nonlocal place
        found = shift = 0
        while True:
            bits = data[place]
            place += 1
            found |= (bits & 127) << shift
            shift += 7
            if bits < 128:
                return found

    count = next_()
    if count > len(data):
        raise ValueError(count)
    numbers, last = [], 0
    for _ in range(count):
        last += next_()
        numbers.append(last)
    runs, lengths = [next_() for _ in range(count)], [next_() for _ in range(count)]
    offsets: list[int] = []
    for index in range(count):
        stated = next_()
        offsets.append(stated - 1 if stated else offsets[-1] + lengths[index - 1])
    return tuple(zip(numbers, runs, lengths, offsets, strict=True))


def _entry(directory: Sequence[tuple[int, int, int, int]], wanted: int) -> tuple[int, int, int, int] | None:
    """Return the last entry that does not begin behind the number."""
    low, high = 0, len(directory)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if directory[middle][0] <= wanted else (low, middle)
    return directory[low - 1] if low else None


def _unpacked(path: Path, at: int, size: int, packed: bool) -> bytes:  # noqa: FBT001
    if not 0 < size <= _DIRECTORY_B:
        raise ValueError(size)
    with path.open("rb") as file:
        file.seek(at)
        found = file.read(size)
    if len(found) != size:
        raise ValueError("cut off")
    return zlib.decompressobj(wbits=31).decompress(found, _DIRECTORY_B) if packed else found
