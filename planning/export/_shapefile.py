"""Room `planning.export`: shapefiles that lose nothing in silence.

A DBF knows field names of 10 ASCII letters, texts of 254 bytes, and no empty numbers that every program shows as such.
So names are shortened and listed, long texts go on in further fields, and one more field says which numbers are empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from pyproj import CRS

from planning.errors import Fault, InputRefused
from planning.export import _tables as tables
from planning.export._geopackage import dated

Encoding = Literal["gbk", "utf-8"]
NAME_BYTES: Final = 10
TEXT_BYTES: Final = 254
MOST_FIELDS: Final = 255
EMPTY: Final = "empty_no"
"""The field that names, by their number in the table of fields, the numbers that are empty in a row."""
LAYERS: Final = (
    "residential",
    "facilities",
    "candidates",
    "sites",
    "service_areas",
    "reached_roads",
    "uncovered",
    "units",
    "findings",
    "topology",
)
_LANGUAGE_BYTE: Final = 29
_LANGUAGE_OF: Final[Mapping[Encoding, int]] = MappingProxyType({"gbk": 0x4D, "utf-8": 0x00})
_PAGE_OF: Final[Mapping[Encoding, str]] = MappingProxyType({"gbk": "GBK", "utf-8": "UTF-8"})
_FILES: Final = {"point": "pt", "line": "ln", "polygon": "py"}
_SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accessible": "acc", "applicable": "na", "assessable": "ass", "available": "avl", "basis": "bas", "beds": "bed",
        "candidate": "cand", "clause": "cls", "community": "com", "completion": "compl", "compliance": "cmp",
        "county": "cty", "covered": "cov", "distance": "dist", "elderly": "eld", "entrance": "ent", "equivalent": "eq",
        "facility": "fac", "floor": "fl", "households": "hh", "largest": "lrg", "minutes": "min", "nursing": "nurs",
        "occupied": "occ", "outside": "out", "ownership": "owner", "provided": "prov", "required": "req",
        "residential": "res", "residents": "pop", "service": "serv", "setting": "setting", "share": "sh",
        "shortfall": "short", "source": "src", "status": "stat", "street": "str", "total": "tot", "unreachable": "unre",
        "unsnapped": "unsn", "verdict": "verdict", "village": "vil",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """One field of a shapefile: its short name, the column it comes from, which part of a long text, its width."""

    name: str
    field: tables.Field
    part: int
    width: int


@dataclass(frozen=True, eq=False)
class Written:
    """One shapefile as it was written, for the table of fields."""

    file: str
    layer: tables.Layer
    encoding: Encoding
    fields: tuple[Stored, ...]


def write(
    layers: Mapping[str, tables.Layer], folder: Path, crs: CRS, *, encoding: Encoding, day: str
) -> tuple[tuple[Written, ...], tuple[Fault, ...]]:
    """Write each layer as a shapefile, or a DBF where it has no geometry, and return what was written.

    Parameters
    ----------
    encoding
        Of the texts; a layer with letters that GBK has not is written in UTF-8 whole, with a warning
        (``export_not_gbk``).
    day
        Stands in the DBF as the day of its last change.

    Raises
    ------
    InputRefused
        ``export_shp_fields``: a layer has more than 255 fields.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Written] = []
    faults: list[Fault] = []
    for name in LAYERS:
        for shape, part in tables.parts(layers[name]) if name in layers else ():
            file = name if shape is None or len(layers[name].shapes) < 2 else f"{name}_{_FILES[shape]}"
            one, said = _settle(part, file, encoding)
            with dated(day):
                _write(one, folder, crs, shape, day)
            written.append(one)
            faults += said
    return tuple(written), tuple(faults)


def _settle(layer: tables.Layer, file: str, encoding: Encoding) -> tuple[Written, list[Fault]]:
    """Choose encoding, names and widths of one file."""
    faults = []
    if encoding == "gbk" and (bad := _not_gbk(layer)):
        column, row, letters = bad
        faults.append(Fault("export_not_gbk", "warning", file=f"{file}.shp", row=row, column=column, value=letters))
        encoding = "utf-8"
    layer = replace(layer, frame=layer.frame.assign(**{EMPTY: _empty(layer)}))
    layer = replace(layer, fields=(*layer.fields, tables.Field(EMPTY, EMPTY, "text")))
    fields = _fields(layer, encoding)
    faults += [
        Fault("export_shp_long", "warning", file=f"{file}.shp", column=one.field.name, value=one.name)
        for one in fields
        if one.part == 2
    ]
    if len(fields) > MOST_FIELDS:
        raise InputRefused(Fault("export_shp_fields", file=f"{file}.shp", value=str(len(fields))))
    return Written(file, layer, encoding, fields), faults


def _not_gbk(layer: tables.Layer) -> tuple[str, int, str] | None:
    """Return the first column and row with letters that GBK has not, and the letters; None where all fit."""
    for field in layer.fields:
        if field.kind == "text":
            for row, value in enumerate(layer.frame[field.name], start=1):
                if not pd.isna(value) and not encodes(value, "gbk"):
                    letters = dict.fromkeys(letter for letter in value if not encodes(letter, "gbk"))
                    return field.name, row, "".join(letters)
    return None


def encodes(text: str, page: str) -> bool:
    """Say whether an encoding has all letters of a text."""
    try:
        text.encode(page)
    except UnicodeEncodeError:
        return False
    return True


def _empty(layer: tables.Layer) -> pd.Series:
    """Return, for each row, the numbers of the numeric fields that are empty, such as ``3,7-9``."""
    numeric = [number for number, field in enumerate(layer.fields, start=1) if field.kind != "text"]
    names = [layer.fields[number - 1].name for number in numeric]
    bare = layer.frame[names].isna().to_numpy(dtype=bool) if names else np.empty((0, 0), dtype=bool)
    said = [_ranges([number for number, empty in zip(numeric, row, strict=True) if empty]) for row in bare]
    return pd.Series(said or [""] * len(layer.frame), index=layer.frame.index, dtype="str")


def _ranges(numbers: Sequence[int]) -> str:
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


# ------------------------------------------------------------------------------------------------------------- fields


def _fields(layer: tables.Layer, encoding: Encoding) -> tuple[Stored, ...]:
    """Return the fields of a file in order: a text longer than a field takes several."""
    taken: set[str] = set()
    found = []
    for number, field in enumerate(layer.fields, start=1):
        widths = _widths(layer.frame[field.name], encoding) if field.kind == "text" else (0,)
        for part, width in enumerate(widths, start=1):
            found.append(Stored(_unique(_short(field.name, number), part, taken), field, part, width))
    return tuple(found)


def _widths(values: pd.Series, encoding: Encoding) -> tuple[int, ...]:
    """Return how many bytes each part of a text column takes; at least one part of one byte."""
    most: list[int] = []
    for value in values.dropna():
        sizes = [len(piece.encode(encoding)) for piece in _cut(value, encoding)]
        most = [max(pair) for pair in zip_longest(most, sizes, fillvalue=0)]
    return tuple(max(size, 1) for size in most) or (1,)


def _cut(text: str, encoding: Encoding) -> list[str]:
    """Return a text in pieces of at most 254 bytes, cut between letters.

    Readers drop blanks at the ends of a field, so no piece but the first begins with one and none but the last ends
    with one, unless there is nothing else for 254 bytes.
    """
    if len(text.encode(encoding)) <= TEXT_BYTES:
        return [text]
    ends = np.cumsum([len(letter.encode(encoding)) for letter in text])
    pieces, start = [], 0
    while start < len(text):
        before = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, before + TEXT_BYTES, side="right"))
        inside = range(end, start, -1) if end < len(text) else ()
        end = next((at for at in inside if not (text[at - 1].isspace() or text[at].isspace())), end)
        pieces.append(text[start:end])
        start = end
    return pieces


def _short(name: str, number: int) -> str:
    """Return a field name of at most ten ASCII letters; a name in other letters becomes its number."""
    if not name.isascii():
        return f"F{number:03d}"
    words = [_SHORT.get(word, word) for word in name.lower().split("_")]
    plain = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in "_".join(words))
    return plain[:NAME_BYTES].strip("_") or f"F{number:03d}"


def _unique(name: str, part: int, taken: set[str]) -> str:
    """Return ``name`` with the number of its part, and another number where it is taken; note it as taken."""
    wanted = name if part == 1 else f"{name[: NAME_BYTES - 1 - len(str(part))]}_{part}"
    number, found = 1, wanted
    while found.upper() in taken:
        number += 1
        found = f"{wanted[: NAME_BYTES - len(str(number))]}{number}"
    taken.add(found.upper())
    return found


# ------------------------------------------------------------------------------------------------------------ writing


def _write(one: Written, folder: Path, crs: CRS, shape: tables.Shape | None, day: str) -> None:
    """Write one file."""
    layer = _renamed(one)
    kind = None if shape is None else {"point": "Point", "line": "LineString", "polygon": "Polygon"}[shape]
    if shape == "point" and (layer.frame.geometry.geom_type == "MultiPoint").any():
        kind = "MultiPoint"
    table = tables.arrow(
        layer, widths={stored.name: stored.width for stored in one.fields if stored.width}, narrow=True
    )
    path = folder / (f"{one.file}.shp" if shape is not None else f"{one.file}.dbf")
    told = options(one.encoding, day)
    tables.write(table, path, one.file, driver="ESRI Shapefile", crs=crs, shape=kind, **told)
    seal(folder / one.file, one.encoding)


def options(encoding: Encoding, day: str) -> dict[str, Any]:
    """Return what GDAL is told of a shapefile: its letters, and the day that stands in its DBF."""
    return {"encoding": _PAGE_OF[encoding], "layer_options": {"DBF_DATE_LAST_UPDATE": day}}


def seal(stem: Path, encoding: Encoding) -> None:
    """Say in the header and beside the file which letters it is in: GDAL leaves that empty, and readers guess."""
    with Path(f"{stem}.dbf").open("r+b") as stream:
        stream.seek(_LANGUAGE_BYTE)
        stream.write(bytes([_LANGUAGE_OF[encoding]]))
    Path(f"{stem}.cpg").write_text(_PAGE_OF[encoding], encoding="ascii", newline="")


def _renamed(one: Written) -> tables.Layer:
    """Return the layer under its short names, long texts in parts, flags as 1 and 0."""
    frame = one.layer.frame
    columns = {stored.name: _column(frame[stored.field.name], stored, one.encoding) for stored in one.fields}
    fields = tuple(
        tables.Field(stored.name, stored.field.alias, "integer" if stored.field.kind == "flag" else stored.field.kind)
        for stored in one.fields
    )
    plain = pd.DataFrame(columns, index=frame.index)
    if one.layer.is_spatial:
        return replace(one.layer, frame=frame[["geometry"]].join(plain)[[*columns, "geometry"]], fields=fields)
    return replace(one.layer, frame=plain, fields=fields)


def _column(values: pd.Series, stored: Stored, encoding: Encoding) -> pd.Series:
    if stored.field.kind == "flag":
        return values.astype("boolean").astype("Int32")
    if stored.field.kind != "text":
        return values
    at = stored.part - 1

    def piece(text: str) -> str:
        pieces = _cut(text, encoding)
        return pieces[at] if at < len(pieces) else ""

    return values.map(piece, na_action="ignore").astype("str")


def listed(one: Written) -> Iterator[tuple[int, Stored]]:
    """Yield the fields of a file with the number that `EMPTY` calls them by."""
    order = {field.name: number for number, field in enumerate(one.layer.fields, start=1)}
    for stored in one.fields:
        yield order[stored.field.name], stored
