"""Room `planning.export`: the layers of a result as plain tables, with the names that people read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyproj import CRS

from planning import tables, texts
from planning.study import StudyResult

Kind = Literal["text", "integer", "number", "flag"]
Shape = Literal["point", "line", "polygon"]

LAYERS: Final = (
    "residential",
    "facilities",
    "sites",
    "service_areas",
    "reached_roads",
    "uncovered",
    "units",
    "findings",
    "ledger",
    "reach",
)
KEYS: Final = {
    "residential": ("residential_id",),
    "facilities": ("facility_id",),
    "candidates": ("facility_id",),
    "sites": ("facility_id",),
    "service_areas": ("facility_id", "limit_m"),
    "reached_roads": ("facility_id", "limit_m"),
    "uncovered": ("level", "residential_id"),
    "units": ("unit_id",),
}
"""What tells the rows of a layer apart; exchange files are in this order whatever the order of the input."""

_CONTRACTS: Final = {
    "residential": "residential",
    "facilities": "facilities",
    "candidates": "candidates",
    "sites": "candidates",
    "units": "units",
    "uncovered": "residential",
}
_SHAPES: Final[dict[str, Shape]] = {
    "Point": "point",
    "MultiPoint": "point",
    "LineString": "line",
    "MultiLineString": "line",
    "LinearRing": "line",
    "Polygon": "polygon",
    "MultiPolygon": "polygon",
}
_MULTI: Final = {"point": "MultiPoint", "line": "MultiLineString", "polygon": "MultiPolygon"}
_WHOLE: Final = 2**31 - 1
EXACT: Final = 2**53
"""Whole numbers beyond this are not all kept by a double."""


@dataclass(frozen=True)
class Field:
    """One column of a layer: its name in the files, what a person reads, its kind."""

    name: str
    alias: str
    kind: Kind


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of a result as a plain table: a `GeoDataFrame`, or a `DataFrame` where it has no geometry."""

    name: str
    alias: str
    frame: pd.DataFrame
    fields: tuple[Field, ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return the kinds of shapes met, in the order point, line, polygon; empty for an attribute table."""
        if not isinstance(self.frame, gpd.GeoDataFrame):
            return ()
        found = set(self.frame.geometry.dropna().geom_type.map(_SHAPES))
        return tuple(shape for shape in ("point", "line", "polygon") if shape in found)

    @property
    def is_spatial(self) -> bool:
        """Say whether the layer has a geometry column."""
        return isinstance(self.frame, gpd.GeoDataFrame)


def layers_of(result: StudyResult) -> tuple[str, ...]:
    """Return the layers of a result: `LAYERS`, and ``candidates`` where the plan screens or makes them."""
    return LAYERS if result.candidates is None else (*LAYERS, "candidates")


def layer(result: StudyResult, name: str) -> Layer:
    """Return layer ``name`` of a result as it is stored: index as a column, lists as text, aliases beside."""
    plain = storable(getattr(result, name))
    language = result.inputs.plan.output.language
    columns = [column for column in plain.columns if not (is_geometry(plain, column))]
    fields = tuple(Field(column, alias(name, column, language), kind_of(plain[column])) for column in columns)
    return Layer(name, texts.t(f"export.layer.{name}", language), plain, fields)


def ordered(layer: Layer) -> Layer:
    """Return the layer with its rows by id: the same for every order of the input."""
    keys = [key for key in KEYS.get(layer.name, ()) if key in layer.frame]
    by = keys or [field.name for field in layer.fields]
    text = layer.frame[by].astype("str").fillna("")
    order = text.assign(**{key: layer.frame[key] for key in by if layer.frame[key].dtype.kind in "fi"})
    return replace(layer, frame=layer.frame.loc[order.sort_values(by, kind="stable").index].reset_index(drop=True))


def parts(layer: Layer) -> tuple[tuple[Shape | None, Layer], ...]:
    """Return the layer once for each kind of shape, as formats want it that hold but one; a table as it is.

    Rows without geometry go with the first kind; an empty layer is one of polygons, lines or points by its name.
    """
    if not layer.is_spatial:
        return ((None, layer),)
    kinds = layer.shapes or (_usual(layer.name),)
    own = layer.frame.geometry.geom_type.map(_SHAPES).fillna(kinds[0])
    return tuple((kind, replace(layer, frame=layer.frame[own == kind].reset_index(drop=True))) for kind in kinds)


def _usual(name: str) -> Shape:
    return {"reached_roads": "line", "facilities": "point", "sites": "point", "candidates": "point"}.get(
        name, "polygon"
    )  # type: ignore[return-value]


def is_geometry(frame: pd.DataFrame, column: str) -> bool:
    """Say whether ``column`` holds the shapes of ``frame``."""
    return isinstance(frame, gpd.GeoDataFrame) and column == frame.geometry.name


def alias(layer: str, column: str, language: texts.Language) -> str:
    """Return what a person calls a column; a planner's own column keeps its name."""
    level, _, tail = column.partition("_")
    if level in (*tables.LEVELS, "planned") and texts.has(f"export.tail.{tail}"):
        facts = {"level": texts.t(f"export.level.{level}", language), "what": texts.t(f"export.tail.{tail}", language)}
        return texts.t("export.by_level", language, **facts)
    own = "uncovered" if layer == "uncovered" and column in ("level", "status") else _CONTRACTS.get(layer)
    for table in (own, "candidates" if layer == "facilities" else None):
        if table is not None and table in tables.contracts() and column in tables.contract(table).columns:
            return tables.contract(table).columns[column].label(language)
    return texts.t(f"export.column.{column}", language) if texts.has(f"export.column.{column}") else column


def kind_of(values: pd.Series) -> Kind:
    """Return the kind of a column that a table can hold."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return "flag"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer"
    return "number" if pd.api.types.is_float_dtype(values.dtype) else "text"


def storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with its named index as a column and values that a table can hold."""
    plain = frame.reset_index() if frame.index.name is not None else frame.reset_index(drop=True)
    objects = [name for name in plain.columns if plain[name].dtype == object]
    return plain.assign(**{name: _texts(plain[name]) for name in objects})


def _texts(values: pd.Series) -> pd.Series:
    """Return a column of objects as what all its values are (flags, whole numbers, numbers), else as text."""
    kinds = {"boolean": "boolean", "integer": "Int64", "floating": "float64", "mixed-integer-float": "float64"}
    kind = kinds.get(pd.api.types.infer_dtype(values, skipna=True))
    found: pd.Series = values.map(_as_text).astype("str") if kind is None else values.astype(kind)  # type: ignore[call-overload]
    return found


def _as_text(value: Any) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def plain(value: Any) -> str:
    """Return a value as text: whole numbers without a point, flags as 1 and 0, days as ISO has them."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return repr(float(value)).removesuffix(".0")
    return str(value)


# ------------------------------------------------------------------------------------------------------------ writing


def arrow(layer: Layer, *, widths: dict[str, int] | None = None, narrow: bool = False) -> pa.Table:
    """Return the layer as an Arrow table whose fields carry their aliases and widths, as GDAL reads them.

    Parameters
    ----------
    widths
        Length of text columns that a format wants stated, by name.
    narrow
        Whole numbers that fit as 32 bit, others as doubles where those hold them exactly, else as text: for formats
        without 64-bit whole numbers. Nothing is rounded.
    """
    frame = _narrowed(layer) if narrow else layer.frame
    if isinstance(frame, gpd.GeoDataFrame):
        table = pa.table(frame.to_arrow(index=False, geometry_encoding="WKB"))
    else:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    aliases, widths = {field.name: field.alias for field in layer.fields}, widths or {}
    fields = [_described(field, aliases.get(field.name), widths.get(field.name)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _described(field: pa.Field, alias: str | None, width: int | None) -> pa.Field:
    if alias is None:  # the geometry says its CRS itself
        return field
    kind = pa.string() if pa.types.is_null(field.type) else field.type
    told = {"GDAL:OGR:alternative_name": alias} | ({} if width is None else {"GDAL:OGR:width": str(width)})
    return pa.field(field.name, kind, nullable=True, metadata=told)


def _narrowed(layer: Layer) -> pd.DataFrame:
    whole = [field.name for field in layer.fields if field.kind == "integer"]
    return layer.frame.assign(**{name: _narrow(layer.frame[name]) for name in whole})


def _narrow(values: pd.Series) -> pd.Series:
    known = values.dropna()
    largest = max((abs(int(value)) for value in (known.min(), known.max())), default=0) if len(known) else 0
    if largest <= _WHOLE:
        return values.astype("Int32")
    return values.astype("Int64").astype("Float64") if largest <= EXACT else values.astype("Int64").astype("str")


def write(
    table: pa.Table,
    path: Any,
    name: str,
    *,
    driver: str,
    crs: CRS | None = None,
    shape: str | None = None,
    **options: Any,
) -> None:
    """Write an Arrow table as layer ``name`` of a file; ``shape`` is the geometry type, None for a plain table."""
    spatial: dict[str, Any] = {}
    if shape is not None and crs is not None:
        spatial = {"geometry_name": "geometry", "geometry_type": shape, "crs": crs.to_wkt()}
    pyogrio.write_arrow(table, path, layer=name, driver=driver, **spatial, **options)


def stored_shape(layer: Layer) -> str | None:
    """Return the geometry type of a stored layer; rows of one kind that are partly multiple are all multiple."""
    if not layer.is_spatial:
        return None
    kinds = set(layer.frame.geometry.dropna().geom_type)
    if len(kinds) == 1:
        return str(next(iter(kinds)))
    return _MULTI[layer.shapes[0]] if len(layer.shapes) == 1 else "Unknown"


def promoted(layer: Layer, shape: str | None) -> Layer:
    """Return the layer with single shapes made multiple where ``shape`` is a multiple one."""
    if shape is None or not shape.startswith("Multi"):
        return layer
    make = {"MultiPoint": shapely.multipoints, "MultiLineString": shapely.multilinestrings,
            "MultiPolygon": shapely.multipolygons}[shape]  # fmt: skip
    shapes = np.array(layer.frame.geometry, dtype=object)
    single = np.isin(shapely.get_type_id(shapes), (0, 1, 2, 3))
    shapes[single] = [make([one]) for one in shapes[single]]
    return replace(layer, frame=layer.frame.assign(geometry=gpd.GeoSeries(shapes, crs=layer.frame.crs)))


def names(fields: Sequence[Field]) -> list[str]:
    """Return the names of fields, in order."""
    return [field.name for field in fields]
