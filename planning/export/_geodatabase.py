"""Room `planning.export`: an OpenFileGDB with Chinese (or English) aliases, as ArcGIS opens it."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from planning.export import _tables as tables

MULTI: Final = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}
_SUFFIX = {"point": "pt", "line": "ln", "polygon": "py"}
_LONGEST: Final = 64
_RESERVED: Final = frozenset(
    ("add", "alter", "and", "as", "asc", "between", "by", "column", "create", "date", "delete", "desc", "drop",
     "exists", "for", "from", "in", "insert", "into", "is", "like", "not", "null", "or", "order", "select", "set",
     "table", "update", "values", "where", "objectid", "shape", "shape_area", "shape_length", "fid", "oid")
)  # fmt: skip
"""Names that a geodatabase keeps for itself."""


def write(layers: Mapping[str, tables.Layer], path: Path, crs: CRS) -> None:
    """Write every layer as a feature class or table; a layer of several kinds of shapes as several classes.

    Whole numbers stay whole (32 bit) where they fit; see `tables.arrow`. Flags are 1 and 0, as a geodatabase has none.
    """
    written = {}
    for layer in layers.values():
        for shape, part in tables.parts(layer):
            name = layer.name if len(layer.shapes) < 2 else f"{layer.name}_{_SUFFIX[shape or 'point']}"
            written[name] = _write(part, name, path, crs, shape)
    check(path, written)


def _write(layer: tables.Layer, name: str, path: Path, crs: CRS, shape: tables.Shape | None) -> pa.Table:
    kind = None if shape is None else MULTI[shape]
    if kind == "Point" and (layer.frame.geometry.geom_type == "MultiPoint").any():
        kind = "MultiPoint"
    table = tables.arrow(tables.promoted(named(layer), kind), narrow=True)
    tables.write(table, path, name, driver="OpenFileGDB", crs=crs, shape=kind, append=path.exists(),
                 layer_options={"LAYER_ALIAS": layer.alias})  # fmt: skip
    return table


def check(path: Path, written: Mapping[str, pa.Table]) -> None:
    """Read a geodatabase back and hold it against what was written, layer by layer.

    GDAL does not say so when the last blocks of its files find no room on the disk.

    Raises
    ------
    OSError
        If a layer does not say what was written.
    """
    for name, table in written.items():
        try:
            facts, read = pyogrio.read_arrow(path, layer=name)
        except (DataSourceError, DataLayerError, pa.ArrowException) as error:
            raise OSError(errno.EIO, f"{path.name}: {name}") from error
        if not _same(table, read, facts["geometry_name"]):
            raise OSError(errno.EIO, f"{path.name}: {name}")


def _same(table: pa.Table, read: pa.Table, shape: str | None) -> bool:
    """Say whether two tables hold the same: values exactly, shapes by their number of places."""
    names = {shape if field.name == "geometry" else field.name for field in table.schema}
    if table.num_rows != read.num_rows or not names <= set(read.column_names):
        return False
    for field in table.schema:
        if field.name == "geometry":
            places = [shapely.get_num_coordinates(shapely.from_wkb(column.to_numpy(zero_copy_only=False)))
                      for column in (table["geometry"], read[shape])]  # fmt: skip
            if not np.array_equal(*places):
                return False
        elif _values(table[field.name]) != _values(read[field.name]):
            return False
    return True


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return values as a geodatabase keeps them: flags as 1 and 0, days without midnight, NaN as missing."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_temporal(column.type):
        return [None if value is None else value.isoformat()[:10] for value in column.to_pylist()]
    return [None if value != value else value for value in column.to_pylist()]  # noqa: PLR0124 - NaN alone


def named(layer: tables.Layer) -> tables.Layer:
    """Return the layer with names a geodatabase takes: letters, digits and ``_``, 64 at most, none reserved or twice.

    The alias still says what the planner calls the column.
    """
    names = field_names(layer)
    fields = tuple(replace(field, name=names[field.name]) for field in layer.fields)
    return replace(layer, frame=layer.frame.rename(columns=names), fields=fields)


def field_names(layer: tables.Layer) -> dict[str, str]:
    """Return the name of each column in a geodatabase."""
    taken: set[str] = set()
    found = {}
    for field in layer.fields:
        plain = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in field.name)[:_LONGEST]
        if plain.lower() in _RESERVED or not plain:
            plain = f"{plain[: _LONGEST - 1]}_"
        if plain[0].isdigit():
            plain = f"_{plain[: _LONGEST - 1]}"
        wanted, number = plain, 1
        while plain.lower() in taken:
            number += 1
            plain = f"{wanted[: _LONGEST - len(str(number)) - 1]}_{number}"
        taken.add(plain.lower())
        found[field.name] = plain
    return found
