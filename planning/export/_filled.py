"""Room `planning.export`: layers in the layout of a schema, each value held to its field; nothing is cut."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from planning import crs
from planning.errors import Fault
from planning.export import _tables as tables
from planning.export._schema import FieldSpec, LayerSpec, Schema
from planning.export._shapefile import encodes

_NAMED: Final = 20
_EVERY_DIGIT: Final = Context(prec=350)  # of the largest double, with its decimals


@dataclass(frozen=True, eq=False)
class Filled:
    """A layer as it will be written: values of each field, and shapes in the CRS asked for (None for a table)."""

    spec: LayerSpec
    columns: dict[str, pd.Series]
    shapes: np.ndarray[Any, np.dtype[np.object_]] | None
    crs: CRS


def fill(schema: Schema, layers: dict[str, tables.Layer], metric: CRS) -> tuple[tuple[Filled, ...], tuple[Fault, ...]]:
    """Fill every layer of a schema, and return what does not fit: all of it, rows named by their ids."""
    filled, faults = [], []
    for spec in schema.layers:
        if spec.source not in layers:
            faults.append(Fault("schema_no_layer", file=schema.path, layer=spec.name, value=spec.source))
            continue
        one, said = _layer(schema, spec, layers[spec.source], metric)
        filled.append(one)
        faults += said
    return tuple(filled), tuple(faults)


def _layer(schema: Schema, spec: LayerSpec, source: tables.Layer, metric: CRS) -> tuple[Filled, list[Fault]]:
    say = partial(Fault, file=schema.path, layer=spec.name)
    faults = [_unknown(say, column, source) for column in spec.where if column not in source.frame]
    rows = source.frame if faults else _kept(source.frame, spec)
    ids = _ids(rows, source)
    shapes, bad = _shapes(spec, rows)
    if bad.any():
        faults.append(_rows(say("schema_geometry", value=spec.geometry), ids, bad))
    shapes, degrees = _placed(shapes, schema.crs, metric)
    columns = {}
    for field in spec.fields:
        if field.source is not None and field.source not in source.frame:
            faults.append(_unknown(say, field.source, source))
            continue
        raw = _raw(field, rows, shapes, degrees)
        columns[field.name], said = _held(schema, field, raw, ids, say)
        faults += said
    return Filled(spec, columns, shapes, schema.crs or metric), faults


def _unknown(say: Callable[..., Fault], column: str, source: tables.Layer) -> Fault:
    near = difflib.get_close_matches(column, list(source.frame.columns), n=1, cutoff=0.4) or [source.fields[0].name]
    return say("schema_unknown_source", column=column, value=source.name, facts={"nearest": near[0]})


def _kept(frame: pd.DataFrame, spec: LayerSpec) -> pd.DataFrame:
    """Return the rows that meet every condition of the layer."""
    kept = np.ones(len(frame), dtype=bool)
    for column, asked in spec.where.items():
        values = asked if isinstance(asked, list) else [asked]
        wanted = [tables.plain(value) for value in values]
        kept &= frame[column].map(tables.plain, na_action="ignore").isin(wanted).to_numpy(bool)
    return frame[kept].reset_index(drop=True)


def _ids(rows: pd.DataFrame, source: tables.Layer) -> list[str]:
    """Return what a row is called in a fault: its id, else its number."""
    keys = [key for key in tables.KEYS.get(source.name, ()) if key in rows]
    if not keys:
        return [f"#{number}" for number in range(1, len(rows) + 1)]
    return [" ".join(map(tables.plain, row)) for row in rows[keys].itertuples(index=False)]


def _rows(fault: Fault, ids: Sequence[str], bad: Any) -> Fault:
    """Return a fault with the rows it is about: the first twenty by name, the others counted."""
    named = [one for one, is_bad in zip(ids, bad, strict=True) if is_bad]
    said = "、".join(named[:_NAMED]) + ("…" if len(named) > _NAMED else "")
    return Fault(**{**fault.__dict__, "facts": {**fault.facts, "rows": said, "count": len(named)}})


# ------------------------------------------------------------------------------------------------------------- shapes


def _shapes(spec: LayerSpec, rows: pd.DataFrame) -> tuple[Any, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return the shapes as the layer wants them, and the rows that have none such: an area may stand as a point."""
    if spec.geometry == "none":
        return None, np.zeros(len(rows), dtype=bool)
    if not isinstance(rows, gpd.GeoDataFrame):
        return np.full(len(rows), None, dtype=object), np.ones(len(rows), dtype=bool)
    shapes = np.array(rows.geometry, dtype=object)
    if spec.geometry == "point":
        shapes = shapely.point_on_surface(shapes)
    kinds = {"point": (0,), "line": (1, 5), "polygon": (3, 6)}[spec.geometry]
    return shapes, ~np.isin(shapely.get_type_id(shapes), kinds) | shapely.is_empty(shapes)


def _placed(shapes: Any, target: CRS | None, metric: CRS) -> tuple[Any, Any]:
    """Return shapes in the CRS asked for, and in degrees."""
    if shapes is None:
        return None, None
    degrees = crs.transform_geometries(shapes, partial(crs.to_degrees, source=metric))
    if target is None or target == metric:
        return shapes, degrees
    if target.is_geographic:
        return degrees, degrees
    return crs.transform_geometries(degrees, partial(crs.project, target=target)), degrees


def _raw(field: FieldSpec, rows: pd.DataFrame, shapes: Any, degrees: Any) -> pd.Series:
    """Return what a field is filled with, before it is held to its type; ``None`` where there is nothing."""
    if field.source is not None:
        found = rows[field.source].astype(object)
        return found.where(found.notna(), None)
    if field.number_from is not None:
        return pd.Series(range(field.number_from, field.number_from + len(rows)), index=rows.index, dtype=object)
    if field.measure is not None:
        return pd.Series(_measured(field.measure, rows, shapes, degrees), index=rows.index, dtype=object)
    return pd.Series([field.value] * len(rows), index=rows.index, dtype=object)


def _measured(measure: str, rows: pd.DataFrame, shapes: Any, degrees: Any) -> list[float | None]:
    """Measure in the metric CRS of the run; x and y in the CRS asked for, of a point on the shape."""
    if not isinstance(rows, gpd.GeoDataFrame) or shapes is None:
        return [None] * len(rows)
    own = np.array(rows.geometry, dtype=object)
    points = shapely.point_on_surface(degrees if measure in ("longitude", "latitude") else shapes)
    ways: dict[str, Callable[[], Any]] = {
        "area_m2": lambda: shapely.area(own),
        "length_m": lambda: shapely.length(own),
        "x": lambda: shapely.get_x(points),
        "y": lambda: shapely.get_y(points),
        "longitude": lambda: shapely.get_x(points),
        "latitude": lambda: shapely.get_y(points),
    }
    return [None if np.isnan(value) else float(value) for value in ways[measure]()]


# ------------------------------------------------------------------------------------------------------------- values


def _held(
    schema: Schema, field: FieldSpec, raw: pd.Series, ids: Sequence[str], say: Callable[..., Fault]
) -> tuple[pd.Series, list[Fault]]:
    """Return the values of a field in its type, and everything that does not fit it."""
    faults: list[Fault] = []

    def tell(code: str, bad: Any, **facts: Any) -> None:
        bad = np.asarray(bad, dtype=bool)
        if bad.any():
            example = tables.plain(raw[bad].iloc[0])[:80]
            faults.append(_rows(say(code, column=field.name, value=example, facts=facts), ids, bad))

    values = raw
    if field.map:
        known = {str(key): value for key, value in field.map.items()}
        tell("schema_not_mapped", raw.notna() & ~_each(raw, tables.plain).isin(list(known)))
        values = _each(raw, lambda value: known.get(tables.plain(value)))
    typed = _each(values, partial(_typed, field))
    there = typed.notna()
    tell(f"schema_not_{field.type}", values.notna() & ~there)
    if field.required:
        tell("schema_required", ~there | (typed == ""))
    if field.unique:
        tell("schema_not_unique", there & typed.duplicated(keep=False))
    if field.codes is not None:
        tell(
            "schema_not_in_codes",
            there & ~_each(typed, tables.plain).isin(list(schema.codes[field.codes])),
            codes=field.codes,
        )
    if field.length is not None:
        size = _each(typed, partial(_size, schema, field)).fillna(0).astype("int64")
        tell("schema_too_long", size > field.length, length=field.length, longest=int(size.max()) if len(size) else 0)
    if schema.format == "shp" and field.type == "text":
        fits = _each(typed, partial(encodes, page=schema.encoding))
        tell("schema_not_in_page", there & ~fits.fillna(value=True).astype(bool), page=schema.encoding)
    return _column(field, typed), faults


def _each(values: pd.Series, way: Callable[[Any], Any]) -> pd.Series:
    """Return ``way`` of every value that is there, as objects; what is missing stays ``None``."""
    found = [None if pd.isna(value) else way(value) for value in values]
    return pd.Series(found, index=values.index, dtype=object)


def _typed(field: FieldSpec, value: Any) -> Any:
    """Return a value in the type of its field, None where it is none of that type."""
    if field.type == "text":
        return tables.plain(value)
    return _day(value) if field.type == "date" else _number(field, value)


def _day(value: Any) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        return None


def _number(field: FieldSpec, value: Any) -> int | float | None:
    """Return a number, rounded half up to the decimals of its field; a whole one only where it is whole."""
    try:
        number = Decimal(str(int(value) if isinstance(value, bool | np.bool_) else value))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if field.type == "integer":
        return int(number) if number == number.to_integral_value() and abs(number) < 2**31 else None
    if field.decimals is not None:
        number = number.quantize(Decimal(1).scaleb(-field.decimals), ROUND_HALF_UP, _EVERY_DIGIT)
    return float(number)


def _size(schema: Schema, field: FieldSpec, value: Any) -> int:
    """Return the length of a value: letters, or bytes in a shapefile; of numbers the digits."""
    if field.type == "text":
        return len(value.encode(schema.encoding, "replace")) if schema.format == "shp" else len(value)
    if field.type == "date":
        return 0
    plain = f"{Decimal(str(value)):f}".lstrip("-").replace(".", "")
    return len(plain.removesuffix("0")) if field.type == "double" and float(value).is_integer() else len(plain)


def _column(field: FieldSpec, typed: pd.Series) -> pd.Series:
    if field.type == "integer":
        return typed.astype("Int32")
    if field.type == "double":
        return typed.astype("float64")
    return typed.astype("str") if field.type == "text" else typed
