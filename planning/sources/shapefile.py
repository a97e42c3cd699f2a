"""Shapefiles: three files that must agree, and a text encoding nobody wrote down.

Attributes are read from the ``.dbf`` here, byte by byte, so that 18-digit ids keep their digits and Chinese stays
Chinese; GDAL reads the shapes only.
"""

from __future__ import annotations

import codecs
import math
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planning.errors import Fault, InputRefused
from planning.sources import layers
from planning.sources.raw import Dataset, Raw, raw_table

PARTS: Final = (".shp", ".shx", ".dbf")
EXTRA_PARTS: Final = (".prj", ".cpg")
_LDID: Final = {0x4D: "gbk", 0x7A: "gbk", 0x4F: "cp950", 0x78: "cp950", 0x13: "cp932", 0x7B: "cp932"}


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    length: int
    decimals: int


@dataclass(frozen=True)
class _Dbf:
    """The attribute file: fields, raw records, and which are marked deleted."""

    fields: tuple[_Field, ...]
    records: NDArray[Any]
    ldid: int

    @property
    def deleted(self) -> NDArray[np.bool_]:
        """Return which records are deleted."""
        return np.asarray(self.records["deleted"] == b"*")


def read(dataset: Dataset, *, encoding: str | None) -> Raw:
    """Read a shapefile.

    Parameters
    ----------
    dataset : Dataset
        Its ``.shp``.
    encoding : str or None
        The plan's; else ``.cpg``, the language byte of the ``.dbf``, strict UTF-8, strict GB18030, in this order.

    Raises
    ------
    InputRefused
        ``shapefile_part_missing``, ``shapefile_disagrees``, ``encoding_unknown``, ``encoding_undecided``.
    """
    parts = _parts(dataset)
    dbf = _read_dbf(parts[".dbf"], dataset)
    _agree(parts, len(dbf.records), dataset)
    chosen, faults = _encoding(dbf, parts.get(".cpg"), encoding, dataset)
    with _tidy(parts) as shp:
        geometry, crs = layers.read_shapes(shp, dataset)
    kept = np.flatnonzero(~dbf.deleted)
    columns = [
        (_field_name(field, chosen), _column(dbf, index, chosen)[kept]) for index, field in enumerate(dbf.fields)
    ]
    return raw_table(
        columns,
        kept + 1,
        len(kept),
        layer=dataset.path.stem,
        geometry=geometry,
        crs=crs,
        encoding=chosen,
        faults=faults,
    )


def part_files(path: Path) -> dict[str, Path]:
    """Return the files of a shapefile by ending, whatever the case of their names."""
    wanted = {*PARTS, *EXTRA_PARTS}
    return {
        near.suffix.lower(): near
        for near in sorted(path.parent.iterdir())
        if near.stem == path.stem and near.suffix.lower() in wanted and near.is_file()
    }


def _parts(dataset: Dataset) -> dict[str, Path]:
    found = part_files(dataset.path)
    missing = [part for part in PARTS if part not in found]
    if missing:
        raise InputRefused(Fault("shapefile_part_missing", file=dataset.file, value="、".join(missing)))
    return found


@contextmanager
def _tidy(parts: dict[str, Path]) -> Iterator[Path]:
    """Give the path of the ``.shp``; parts with endings in mixed case are copied side by side first."""
    if len({path.suffix.islower() for path in parts.values()}) == 1:
        yield parts[".shp"]
        return
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        for ending, path in parts.items():
            shutil.copyfile(path, Path(folder) / f"layer{ending}")
        yield Path(folder) / "layer.shp"


# ------------------------------------------------------------------------------------------------ do the parts agree


def _agree(parts: dict[str, Path], records: int, dataset: Dataset) -> None:
    """Hold the three headers, the index and the lengths of the files against each other."""
    shp, shx = parts[".shp"].read_bytes(), parts[".shx"].read_bytes()
    if len(shp) < 100 or len(shx) < 100:
        raise _disagrees(dataset, f".shp {len(shp)} B, .shx {len(shx)} B")
    told = 2 * struct.unpack(">i", shp[24:28])[0], 2 * struct.unpack(">i", shx[24:28])[0]
    if told != (len(shp), len(shx)):
        raise _disagrees(dataset, f".shp {len(shp)}/{told[0]} B, .shx {len(shx)}/{told[1]} B")
    if len(shx) % 8 != 4:
        raise _disagrees(dataset, f".shx {len(shx)} B")
    index = np.frombuffer(shx, dtype=">i4", offset=100).reshape(-1, 2).astype(np.int64) * 2
    if len(index) != records:
        raise _disagrees(dataset, f".shx {len(index)}, .dbf {records}")
    if len(index) and not _index_holds(shp, index):
        raise _disagrees(dataset, ".shx ≠ .shp")


def _index_holds(shp: bytes, index: NDArray[np.int64]) -> bool:
    """Say whether every entry of the index points at a record of that length inside the file."""
    offsets, lengths = index[:, 0], index[:, 1]
    if offsets.min() < 100 or (offsets + 8 + lengths).max() > len(shp):
        return False
    data = np.frombuffer(shp, dtype=np.uint8)
    words = data[offsets[:, None] + np.arange(4, 8)].astype(np.int64)
    stated = words @ np.array([1 << 24, 1 << 16, 1 << 8, 1]) * 2
    return bool((stated == lengths).all())


def _disagrees(dataset: Dataset, value: str) -> InputRefused:
    return InputRefused(Fault("shapefile_disagrees", file=dataset.file, layer=dataset.path.stem, value=value))


# ------------------------------------------------------------------------------------------------------- attributes


def _read_dbf(path: Path, dataset: Dataset) -> _Dbf:
    data = path.read_bytes()
    if len(data) < 33:
        raise _disagrees(dataset, f".dbf {len(data)} B")
    count, start, width = struct.unpack("<IHH", data[4:12])
    fields = _fields(data[32:start])
    if 1 + sum(field.length for field in fields) != width or len(data) < start + count * width:
        raise _disagrees(dataset, f".dbf {count} × {width} B > {len(data)} B")
    layout = np.dtype([("deleted", "S1"), *((f"f{index}", f"V{field.length}") for index, field in enumerate(fields))])
    return _Dbf(fields, np.frombuffer(data, dtype=layout, count=count, offset=start), data[29])


def _fields(block: bytes) -> tuple[_Field, ...]:
    """Return the field descriptors, 32 bytes each, up to the terminator."""
    found = []
    for start in range(0, len(block), 32):
        entry = block[start : start + 32]
        if entry[:1] == b"\r" or len(entry) < 32:
            break
        kind = chr(entry[11])
        length = entry[16] + (entry[17] << 8 if kind == "C" else 0)
        found.append(_Field(entry[:11].split(b"\0")[0], kind, length, 0 if kind == "C" else entry[17]))
    return tuple(found)


def _field_name(field: _Field, encoding: str) -> str:
    """Return a field name; what the 10-byte limit cut off in mid-character is dropped."""
    return field.name.decode(encoding, errors="ignore").strip()


def _column(dbf: _Dbf, index: int, encoding: str) -> NDArray[np.object_]:
    """Return one column: text, exact integers, floats; None where blank."""
    field = dbf.fields[index]
    cells = dbf.records[f"f{index}"]
    read = {"N": _number, "F": _number, "L": _flag, "D": _date, "I": _binary, "O": _binary, "B": _binary}.get(
        field.kind
    )
    values = np.empty(len(cells), dtype=object)
    if field.kind in ("M", "G", "P"):
        return values
    for position, cell in enumerate(cells):
        raw = cell.tobytes()
        values[position] = read(raw, field) if read else _decoded(raw, encoding).rstrip() or None
    return values


def _number(raw: bytes, field: _Field) -> object:
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


def _flag(raw: bytes, _: _Field) -> object:
    return {b"T": True, b"t": True, b"Y": True, b"y": True, b"F": False, b"f": False, b"N": False, b"n": False}.get(
        raw[:1]
    )


def _date(raw: bytes, _: _Field) -> object:
    text = raw.decode("latin-1").strip(" \0")
    return None if not text or set(text) == {"0"} else text


def _binary(raw: bytes, field: _Field) -> object:
    layout = {("I", 4): "<i", ("O", 8): "<d", ("B", 8): "<d"}.get((field.kind, field.length))
    return None if layout is None else struct.unpack(layout, raw)[0]


# --------------------------------------------------------------------------------------------------------- encoding


def _encoding(dbf: _Dbf, cpg: Path | None, stated: str | None, dataset: Dataset) -> tuple[str, tuple[Fault, ...]]:
    """Choose the text encoding and say where a wrong mark was passed over."""
    texts = _text_bytes(dbf)
    if stated is not None:
        return _stated(stated, texts, dataset), ()
    marked = _cpg_encoding(cpg) if cpg is not None else None
    faults = []
    if marked is not None:
        if _decodes(texts, marked):
            return marked, ()
        faults.append(Fault("encoding_mark_wrong", "warning", file=dataset.file, value=marked))
    for guess in (_LDID.get(dbf.ldid), "utf-8", "gb18030"):
        if guess is not None and guess != marked and _decodes(texts, guess):
            return guess, tuple(faults)
    raise InputRefused(Fault("encoding_undecided", file=dataset.file))


def _text_bytes(dbf: _Dbf) -> list[bytes]:
    """Return all text in the file that is not plain ASCII."""
    found = [field.name for field in dbf.fields if not field.name.isascii() and len(field.name) < 10]
    for index, field in enumerate(dbf.fields):
        if field.kind == "C":
            found += [raw for cell in dbf.records[f"f{index}"] if not (raw := cell.tobytes()).isascii()]
    return found


def _stated(encoding: str, texts: list[bytes], dataset: Dataset) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise InputRefused(Fault("encoding_unknown", file=dataset.file, value=encoding)) from None
    if not _decodes(texts, encoding):
        raise InputRefused(Fault("encoding_undecided", file=dataset.file, value=encoding))
    return encoding


def _cpg_encoding(cpg: Path) -> str | None:
    """Return the encoding a ``.cpg`` names, or None where Python knows none of that name or it is a Latin one."""
    word = cpg.read_bytes().decode("ascii", errors="ignore").strip().lower()
    number = word.removeprefix("ansi").removeprefix("cp").strip(" _")
    name = {"936": "gbk", "54936": "gb18030", "65001": "utf-8", "utf8": "utf-8", "950": "cp950", "oem": None}.get(
        number, word
    )
    try:
        found = None if not name else codecs.lookup(name).name
    except LookupError:
        return None
    return None if found in ("iso8859-1", "cp1252", "ascii", "iso8859-15") else found


def _decoded(raw: bytes, encoding: str) -> str:
    """Return a text cell; what its fixed width cut off in mid-character is dropped, anything else must be whole."""
    text = raw.split(b"\0")[0]
    is_full = not raw.endswith((b" ", b"\0"))
    return codecs.getincrementaldecoder(encoding)("strict").decode(text, not is_full)


def _decodes(texts: list[bytes], encoding: str) -> bool:
    try:
        for text in texts:
            _decoded(text, encoding)
    except UnicodeDecodeError:
        return False
    return True
