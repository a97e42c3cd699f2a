"""Shapefiles: three files that must agree, and a text encoding nobody wrote down.

Attributes are read from the ``.dbf`` here, byte by byte, so that 18-digit ids keep their digits and Chinese stays
Chinese; GDAL reads the shapes only.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planning.errors import Fault, InputRefused
from planning.sources import dbf, layers, textcode
from planning.sources.raw import Dataset, Raw, raw_table

PARTS: Final = (".shp", ".shx", ".dbf")
EXTRA_PARTS: Final = (".prj", ".cpg")


def read(dataset: Dataset, *, encoding: str | None, headings: Mapping[str, str] | None = None) -> Raw:
    """Read a shapefile.

    Parameters
    ----------
    dataset : Dataset
        Its ``.shp``.
    encoding : str or None
        The plan's; else ``.cpg``, the language byte of the ``.dbf``, strict UTF-8, strict GB18030, in this order
        (see `textcode.choose`).
    headings : mapping, optional
        Headings one would recognise and the columns they mean: they complete field names that were cut at ten bytes.

    Raises
    ------
    InputRefused
        ``shapefile_part_missing``, ``shapefile_disagrees``, and faults of the encoding.
    """
    parts = _parts(dataset)
    try:
        table = dbf.read(parts[".dbf"])
    except ValueError as error:
        raise _disagrees(dataset, str(error)) from None
    _agree(parts, len(table.records), dataset)
    choice = textcode.choose(
        dbf.texts(table),
        file=dataset.file,
        stated=encoding,
        marks=dbf.marks(table, parts.get(".cpg")),
        decode=dbf.decoded,
    )
    names = dbf.field_names(table, choice.encoding, headings or {})
    with _tidy(parts) as shp:
        geometry, crs = layers.read_shapes(shp, dataset)
    kept = np.flatnonzero(~table.deleted)
    columns = [(name, dbf.column(table, index, choice.encoding)[kept]) for index, name in enumerate(names)]
    return raw_table(
        columns,
        kept + 1,
        len(kept),
        layer=dataset.path.stem,
        geometry=geometry,
        crs=crs,
        encoding=choice.encoding,
        faults=(*choice.faults, *dbf.faults(table, names, file=dataset.file, layer=dataset.path.stem)),
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
    """Say whether every entry of the index points at a record of its own, of that length, inside the file."""
    offsets, lengths = index[:, 0], index[:, 1]
    ends = offsets + 8 + lengths
    order = np.argsort(offsets, kind="stable")
    apart = (ends[order][:-1] <= offsets[order][1:]).all()
    if offsets.min() < 100 or lengths.min() < 0 or ends.max() > len(shp) or not apart:
        return False
    data = np.frombuffer(shp, dtype=np.uint8)
    words = data[offsets[:, None] + np.arange(4, 8)].astype(np.int64)
    stated = words @ np.array([1 << 24, 1 << 16, 1 << 8, 1]) * 2
    return bool((stated == lengths).all())


def _disagrees(dataset: Dataset, value: str) -> InputRefused:
    return InputRefused(Fault("shapefile_disagrees", file=dataset.file, layer=dataset.path.stem, value=value))
