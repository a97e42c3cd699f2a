"""Attribute tables in dBASE form: the ``.dbf`` of a shapefile, the ``.dat`` of a MapInfo table.

Read byte by byte, so that 18-digit ids keep their digits and Chinese stays Chinese.
"""

from __future__ import annotations

import codecs
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planning.errors import Fault
from planning.sources import textcode

LANGUAGES: Final = {0x4D: "gbk", 0x7A: "gbk", 0x4F: "cp950", 0x78: "cp950", 0x13: "cp932", 0x7B: "cp932"}
NAME_BYTES: Final = 10
"""What a field name may hold; longer ones were cut, often in the middle of a character."""
_READ: Final = "CNFLDIOB"


@dataclass(frozen=True)
class Field:
    """One field as its descriptor says."""

    name: bytes
    kind: str
    length: int
    decimals: int


@dataclass(frozen=True)
class Dbf:
    """An attribute file: fields, raw records, the language byte, and which records are marked deleted."""

    fields: tuple[Field, ...]
    records: NDArray[Any]
    language: int

    @property
    def deleted(self) -> NDArray[np.bool_]:
        """Return which records are deleted."""
        return np.asarray(self.records["deleted"] == b"*")


def read(path: Path) -> Dbf:
    """Return a file taken apart.

    Raises
    ------
    ValueError
        Saying what does not agree: the header, the widths of the fields, the length of the file.
    """
    data = path.read_bytes()
    if len(data) < 33:
        raise ValueError(f"{path.suffix} {len(data)} B")
    count, start, width = struct.unpack("<IHH", data[4:12])
    fields = _fields(data[32:start])
    if 1 + sum(field.length for field in fields) != width or len(data) < start + count * width:
        raise ValueError(f"{path.suffix} {count} × {width} B > {len(data)} B")
    layout = np.dtype([("deleted", "S1"), *((f"f{index}", f"V{field.length}") for index, field in enumerate(fields))])
    return Dbf(fields, np.frombuffer(data, dtype=layout, count=count, offset=start), data[29])


def _fields(block: bytes) -> tuple[Field, ...]:
    """Return the field descriptors, 32 bytes each, up to the terminator."""
    found = []
    for start in range(0, len(block), 32):
        entry = block[start : start + 32]
        if entry[:1] == b"\r" or len(entry) < 32:
            break
        kind = chr(entry[11])
        length = entry[16] + (entry[17] << 8 if kind == "C" else 0)
        found.append(Field(entry[:11].split(b"\0")[0], kind, length, 0 if kind == "C" else entry[17]))
    return tuple(found)


# -------------------------------------------------------------------------------------------------------------- text


def texts(dbf: Dbf) -> list[bytes]:
    """Return all text in the file that is not plain ASCII, whole field names included."""
    found = [field.name for field in dbf.fields if not field.name.isascii() and len(field.name) < NAME_BYTES]
    for index, field in enumerate(dbf.fields):
        if field.kind == "C":
            found += cell_texts(dbf, index)
    return found


def cell_texts(dbf: Dbf, index: int) -> list[bytes]:
    """Return the different cells of a field that are not plain ASCII, as wide as the field."""
    width = dbf.fields[index].length
    cells = np.unique(np.ascontiguousarray(dbf.records[f"f{index}"]).view(f"S{width}")) if width else ()
    return [raw for cell in cells if not (raw := bytes(cell).ljust(width, b"\0")).isascii()]


def decoded(raw: bytes, encoding: str) -> str:
    """Return a text cell; what its fixed width cut off in mid-character is dropped, anything else must be whole.

    Raises
    ------
    UnicodeDecodeError
    """
    text = raw.split(b"\0")[0]
    is_full = not raw.endswith((b" ", b"\0"))
    return codecs.getincrementaldecoder(encoding)("strict").decode(text, not is_full)


def field_names(dbf: Dbf, encoding: str, headings: Mapping[str, str]) -> list[str]:
    """Return the field names, those cut at ten bytes completed where it is beyond doubt what they were.

    Parameters
    ----------
    dbf : Dbf
    encoding : str
    headings : mapping
        Headings one would recognise and the columns they mean. A cut name all of whose completions mean one column
        becomes the shortest of them (or stays, if it is itself one); one that was cut in the middle of a character and
        could be several columns ends in ``…``, so that it is not taken for a heading.
    """
    return [_field_name(field, encoding, headings) for field in dbf.fields]


def _field_name(field: Field, encoding: str, headings: Mapping[str, str]) -> str:
    name = field.name.decode(encoding, errors="ignore").strip()
    if name.isascii() or len(field.name) < NAME_BYTES - 1:
        return name
    whole = _decodes(field.name, encoding)
    fitting = sorted((word for word in headings if word.startswith(name)), key=lambda word: (len(word), word))
    meanings = {headings[word] for word in fitting}
    if whole and (name in headings or len(meanings) != 1):
        return name
    return fitting[0] if len(meanings) == 1 else f"{name}…"


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


# ------------------------------------------------------------------------------------------------------------- cells


def column(dbf: Dbf, index: int, encoding: str) -> NDArray[np.object_]:
    """Return one column: text, exact integers, floats; None where blank or of a kind that is not read."""
    field = dbf.fields[index]
    cells = dbf.records[f"f{index}"]
    values = np.empty(len(cells), dtype=object)
    if field.kind not in _READ:
        return values
    read_cell = _READERS.get(field.kind)
    for position, cell in enumerate(cells):
        raw = cell.tobytes()
        values[position] = read_cell(raw, field) if read_cell else decoded(raw, encoding).rstrip() or None
    return values


def _number(raw: bytes, field: Field) -> object:
    """Return a number, None where blank or all asterisks, which is how GDAL and QGIS write an empty cell."""
    text = raw.decode("latin-1").strip(" \0")
    if not text.strip("*"):
        return None
    try:
        if field.decimals == 0 and field.kind == "N":
            return int(text)
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _flag(raw: bytes, _: Field) -> object:
    return {b"T": True, b"t": True, b"Y": True, b"y": True, b"F": False, b"f": False, b"N": False, b"n": False}.get(
        raw[:1]
    )


def _date(raw: bytes, _: Field) -> object:
    text = raw.decode("latin-1").strip(" \0")
    return None if not text or set(text) == {"0"} else text


def _binary(raw: bytes, field: Field) -> object:
    layout = {("I", 4): "<i", ("O", 8): "<d", ("B", 8): "<d"}.get((field.kind, field.length))
    return None if layout is None else struct.unpack(layout, raw)[0]


_READERS: Final[dict[str, Callable[[bytes, Field], object]]] = {
    "N": _number,
    "F": _number,
    "L": _flag,
    "D": _date,
    "I": _binary,
    "O": _binary,
    "B": _binary,
}


# ------------------------------------------------------------------------------------------------- what there is to say


def faults(dbf: Dbf, names: list[str], *, file: str, layer: str) -> list[Fault]:
    """Return warnings about records marked deleted, cells full of asterisks, and fields of a kind that is not read."""
    found = []
    if dbf.deleted.any():
        found.append(Fault("dbf_deleted", "warning", file, layer, value=str(int(dbf.deleted.sum()))))
    for index, (field, name) in enumerate(zip(dbf.fields, names, strict=True)):
        cells = dbf.records[f"f{index}"]
        if field.kind in "NF" and field.length:
            stars = np.ascontiguousarray(cells).view(f"S{field.length}") == b"*" * field.length
            rows = np.flatnonzero(stars & ~dbf.deleted) + 1
            if len(rows):
                facts = {"first": int(rows[0])}
                found.append(
                    Fault("dbf_asterisks", "warning", file, layer, column=name, value=str(len(rows)), facts=facts)
                )
        elif field.kind not in _READ and any(cell.tobytes().strip(b" \0") for cell in cells):
            found.append(Fault("dbf_field_unread", "warning", file, layer, column=name, value=field.kind))
    return found


def marks(dbf: Dbf, cpg: Path | None) -> list[textcode.Mark]:
    """Return what is stated about the encoding: the ``.cpg``, then the language byte of the file."""
    found = []
    if cpg is not None and (said := cpg.read_bytes().decode("ascii", errors="ignore").strip()):
        found.append(textcode.Mark(".cpg", said[:40], textcode.known(said)))
    if dbf.language in LANGUAGES:
        found.append(textcode.Mark("LDID", f"0x{dbf.language:02X}", LANGUAGES[dbf.language]))
    return found
