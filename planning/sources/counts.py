"""How many rows a binary layer holds, told from its bytes and not by the library that reads it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planning.errors import Fault, InputRefused
from planning.sources.raw import Dataset

_FGB_MAGIC_BYTES: Final = 8
_FGB_COUNT_SLOT, _FGB_NODE_SLOT = 8, 9
_FGB_NODE_BYTES: Final = 40
_GDB_STRING, _GDB_OBJECT_ID = 4, 6


def of(dataset: Dataset, layer: str) -> int | None:
    """Return the number of rows in a layer; None where this room cannot tell it for such a file.

    Raises
    ------
    InputRefused
        ``file_broken``: the sizes in the file lead past its end.
    """
    try:
        if dataset.kind == "fgb":
            return flatgeobuf(dataset.path)
        return geodatabase(dataset.path, layer) if dataset.kind == "gdb" else None
    except ValueError as error:
        raise InputRefused(
            Fault("file_broken", file=dataset.file, value=str(error), facts={"why": str(error)})
        ) from None


def flatgeobuf(path: Path) -> int:
    """Count the features of a FlatGeobuf file by walking from one to the next; the count in its header is not used.

    Source: the FlatGeobuf specification, version 3: magic, header, index, features, each with its size in front.

    Raises
    ------
    ValueError
        If the sizes lead past the end of the file.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(_FGB_MAGIC_BYTES)
        header = stream.read(_u32(stream.read(4)))
        at = stream.tell() + _index_bytes(
            _slot(header, _FGB_COUNT_SLOT, "<Q", 0), _slot(header, _FGB_NODE_SLOT, "<H", 16)
        )
        count = 0
        while at < size:
            stream.seek(at)
            at += 4 + _u32(stream.read(4))
            count += 1
    if at != size:
        raise ValueError(f"{at} / {size} B")
    return count


def geodatabase(folder: Path, layer: str) -> int | None:
    """Count the rows of a table of a File Geodatabase by its row index; None where its catalogue does not name it so.

    Source: the reverse-engineered specification of the format (github.com/rouault/dump_gdbtable): the index of a table
    holds the place of every row, 0 where a row was deleted.

    Raises
    ------
    ValueError
        If the files are cut short.
    """
    try:
        number = next((row for row, name in _catalogue(folder) if name == layer), None)
    except ValueError:  # a catalogue of another kind, as before version 10
        return None
    return None if number is None else len(_places(folder / f"a{number:08x}.gdbtablx")[1])


# ------------------------------------------------------------------------------------------------------- FlatGeobuf


def _u32(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _slot(table: bytes, slot: int, layout: str, default: int) -> int:
    """Return a number in the root table of a flatbuffer, or its default where it is left out."""
    try:
        (root,) = struct.unpack_from("<I", table, 0)
        (back,) = struct.unpack_from("<i", table, root)
        (length,) = struct.unpack_from("<H", table, root - back)
        place = 4 + 2 * slot
        (inside,) = struct.unpack_from("<H", table, root - back + place) if place < length else (0,)
        return int(struct.unpack_from(layout, table, root + inside)[0]) if inside else default
    except struct.error as error:
        raise ValueError(str(error)) from None


def _index_bytes(count: int, node_size: int) -> int:
    """Return the length of the packed Hilbert R-tree over ``count`` features; none where either is 0."""
    if not count or not node_size:
        return 0
    nodes, level = count, 0
    while level != 1:
        level = -(-(level or count) // max(node_size, 2))
        nodes += level
    return nodes * _FGB_NODE_BYTES


# -------------------------------------------------------------------------------------------------- File Geodatabase


def _places(index: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ids (from 1) and places of the rows of a table, without deleted ones."""
    data = index.read_bytes()
    if len(data) < 16:
        raise ValueError(f"{index.name} {len(data)} B")
    blocks, _, width = struct.unpack_from("<III", data, 4)
    length = blocks * 1024 * width
    if not 4 <= width <= 6 or len(data) < 16 + length:
        raise ValueError(f"{index.name} {len(data)} B")
    cells = np.frombuffer(data, dtype=np.uint8, count=length, offset=16).reshape(-1, width).astype(np.int64)
    places = cells @ (1 << (8 * np.arange(width, dtype=np.int64)))
    there = np.flatnonzero(places)
    return there + 1, places[there]


def _catalogue(folder: Path) -> Iterator[tuple[int, str]]:
    """Yield number and name of every table of a geodatabase: the rows of its first table."""
    table, index = folder / "a00000001.gdbtable", folder / "a00000001.gdbtablx"
    if not table.exists() or not index.exists():
        return
    data = table.read_bytes()
    try:
        kinds = _nullable_fields(data)
        for number, place in zip(*_places(index), strict=True):
            yield int(number), _first_text(data, int(place), kinds)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _nullable_fields(data: bytes) -> int:
    """Return how many fields of the catalogue may be empty; its first field after the id has to be a text."""
    (start,) = struct.unpack_from("<Q", data, 32)
    _, _, _, fields = struct.unpack_from("<IIIH", data, start)
    at, nullable, kinds = start + 14, 0, []
    for _ in range(fields):
        at = _past_text(data, _past_text(data, at))
        kind = data[at]
        kinds.append(kind)
        flag = data[at + 5] if kind == _GDB_STRING else data[at + 2]
        nullable += kind != _GDB_OBJECT_ID and flag & 1
        at += _description_bytes(data, at, kind)
    if kinds[:2] != [_GDB_OBJECT_ID, _GDB_STRING]:
        raise ValueError(f"catalogue {kinds}")
    return nullable


def _past_text(data: bytes, at: int) -> int:
    """Return the place behind a text in UTF-16 that has its number of characters in front."""
    return at + 1 + 2 * data[at]


def _description_bytes(data: bytes, at: int, kind: int) -> int:
    """Return the length of the description of a field: kind, width or length, flag, default value."""
    if kind == _GDB_OBJECT_ID:
        return 3
    if kind == _GDB_STRING:
        return 7 + data[at + 6]
    return 4 + data[at + 3]


def _first_text(data: bytes, place: int, nullable: int) -> str:
    """Return the first text of a row: behind its length and a bit for every field that may be empty."""
    at = place + 4 + (nullable + 7) // 8
    length, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return data[at : at + length].decode("utf-8")
