"""Room `planning.export`: files in the layout of a schema, and the list of what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS

from planning import texts
from planning.errors import Fault
from planning.export import _dictionary, _filled, _geodatabase, _geopackage, _schema, _shapefile
from planning.export import _tables as tables
from planning.texts import Language

_PLAIN = {"point": "Point", "line": "LineString", "polygon": "Polygon"}
_DRIVERS = {"gdb": "OpenFileGDB", "gpkg": "GPKG", "shp": "ESRI Shapefile", "geojson": "GeoJSON"}


def write(
    schema: _schema.Schema,
    layers: Mapping[str, tables.Layer],
    folder: Path,
    *,
    metric: CRS,
    day: str,
    language: Language,
) -> tuple[Fault, ...]:
    """Write what a schema asks for into ``folder``, or nothing where something does not fit; return what does not."""
    filled, faults = _filled.fill(schema, dict(layers), metric)
    if any(fault.severity == "error" for fault in faults):
        return faults
    with _geopackage.dated(day):
        written = {layer.spec.name: _layer(schema, layer, folder, day) for layer in filled}
    if schema.format == "gdb":
        _geodatabase.check(folder / f"{schema.file}.gdb", written)
    notes = (schema.title, *schema.notes)
    page = [(texts.t("export.fields.title", language), *_listed(schema, language), notes)]
    (folder / f"{schema.file}_fields.xlsx").write_bytes(_dictionary.book(schema.title, page, language))
    return faults


def _layer(schema: _schema.Schema, layer: _filled.Filled, folder: Path, day: str) -> pa.Table:
    table = _table(layer, schema.format)
    kinds = _PLAIN if schema.format == "shp" else _geodatabase.MULTI
    shape = None if layer.shapes is None else kinds[layer.spec.geometry]
    name, path = layer.spec.name, folder / f"{schema.file}.{schema.format}"
    options: dict[str, Any] = {"append": path.exists()}
    if schema.format == "gdb":
        options["layer_options"] = {"LAYER_ALIAS": layer.spec.alias or name}
    if schema.format in ("shp", "geojson"):
        (folder / schema.file).mkdir(exist_ok=True)
        suffix = schema.format if shape is not None or schema.format == "geojson" else "dbf"
        path, options = folder / schema.file / f"{name}.{suffix}", {}
    if schema.format == "shp":
        options = _shapefile.options(schema.encoding, day)
    tables.write(table, path, name, driver=_DRIVERS[schema.format], crs=layer.crs, shape=shape, **options)
    if schema.format == "shp":
        _shapefile.seal(path.with_suffix(""), schema.encoding)
    return table


def _table(layer: _filled.Filled, form: str) -> pa.Table:
    """Return a layer as Arrow: stated widths, aliases, and fields that may not be empty said to be so."""
    frame = pd.DataFrame(layer.columns)
    if layer.shapes is not None:
        shapes = layer.shapes if form == "shp" or layer.spec.geometry == "point" else _multiple(layer.shapes)
        frame = gpd.GeoDataFrame(frame, geometry=shapes, crs=layer.crs)
        plain = pa.table(frame.to_arrow(index=False, geometry_encoding="WKB"))
    else:
        plain = pa.Table.from_pandas(frame, preserve_index=False)
    specs = {spec.name: spec for spec in layer.spec.fields}
    day = (
        pa.timestamp("ms") if form == "gdb" else pa.date32()
    )  # a geodatabase of before 2023 has no days without a time
    return plain.cast(pa.schema([_field(field, specs.get(field.name), day) for field in plain.schema]))


def _field(field: pa.Field, spec: _schema.FieldSpec | None, day: pa.DataType) -> pa.Field:
    if spec is None:
        return field
    kinds = {"text": pa.string(), "integer": pa.int32(), "double": pa.float64(), "date": day}
    told = {"GDAL:OGR:alternative_name": spec.alias or spec.name}
    if spec.type == "text":
        told["GDAL:OGR:width"] = str(spec.length)
    return pa.field(spec.name, kinds[spec.type], nullable=not spec.required, metadata=told)


def _multiple(shapes: Any) -> Any:
    make = {1: shapely.multilinestrings, 3: shapely.multipolygons}
    return [
        make[kind]([one]) if kind in make else one
        for one, kind in zip(shapes, shapely.get_type_id(shapes), strict=True)
    ]


def _listed(schema: _schema.Schema, language: Language) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the table of fields of a schema: headings and rows."""
    names = ("layer", "alias", "column", "alias", "kind", "length", "constraint", "from", "codes")
    heads = tuple(texts.t(f"export.fields.{name}", language) for name in names)
    rows = [
        (layer.name, layer.alias, spec.name, spec.alias, texts.t(f"export.type.{spec.type}", language),
         _length(spec), _constraint(spec, language), _origin(layer, spec),
         "; ".join(f"{code}={word}" for code, word in schema.codes.get(spec.codes or "", {}).items()))
        for layer in schema.layers
        for spec in layer.fields
    ]  # fmt: skip
    return heads, rows


def _length(spec: _schema.FieldSpec) -> str:
    digits = "" if spec.length is None else str(spec.length)
    return digits if spec.decimals is None else f"{digits}.{spec.decimals}"


def _constraint(spec: _schema.FieldSpec, language: Language) -> str:
    said = [texts.t(f"export.type.{name}", language) for name in ("required", "unique") if getattr(spec, name)]
    return texts.t("export.comma", language).join(said)


def _origin(layer: _schema.LayerSpec, spec: _schema.FieldSpec) -> str:
    if spec.source is not None:
        return f"{layer.source}.{spec.source}"
    if spec.value is not None:
        return spec.value.isoformat() if isinstance(spec.value, date) else repr(spec.value)
    return spec.measure or ("" if spec.number_from is None else f"{spec.number_from}, …")
