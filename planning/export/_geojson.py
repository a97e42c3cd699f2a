"""Room `planning.export`: GeoJSON as RFC 7946 has it: WGS 84, longitude first, outer rings counter-clockwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from planning import crs, texts
from planning.export import _tables as tables
from planning.texts import Language

DECIMALS: Final = 8
"""Of a degree: a millimetre."""
WGS84: Final = CRS.from_epsg(4326)


def write(layers: Mapping[str, tables.Layer], folder: Path, metric: CRS, language: Language) -> None:
    """Write each layer with geometry as one file; a word on the datum stands in it as ``description``.

    Numbers keep every digit, which GDAL's own writer cuts at fifteen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = texts.t("export.cgcs2000", language, crs=metric.name)
    for layer in layers.values():
        if layer.is_spatial:
            head = {"type": "FeatureCollection", "name": layer.name, "description": said}
            lines = ",\n".join(_features(in_degrees(layer, metric)))
            text = f'{_json(head)[:-1]}, "features": [\n{lines}\n]}}\n'
            (folder / f"{layer.name}.geojson").write_text(text, encoding="utf-8", newline="\n")


def _features(layer: tables.Layer) -> Iterator[str]:
    shapes = np.array(layer.frame.geometry, dtype=object)
    rounded = shapely.orient_polygons(shapely.transform(shapes, lambda xy: xy.round(DECIMALS)), exterior_cw=False)
    names = tables.names(layer.fields)
    columns = [[_plain(value) for value in layer.frame[name]] for name in names]
    for at, shape in enumerate(shapely.to_geojson(rounded)):
        facts = dict(zip(names, (column[at] for column in columns), strict=True))
        geometry = "null" if shape is None else shape
        yield f'{{"type": "Feature", "properties": {_json(facts)}, "geometry": {geometry}}}'


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def in_degrees(layer: tables.Layer, metric: CRS) -> tables.Layer:
    """Return the layer in longitudes and latitudes; WGS 84 and CGCS2000 are taken as equal."""
    shapes = crs.transform_geometries(layer.frame.geometry.to_numpy(), partial(crs.to_degrees, source=metric))
    return replace(layer, frame=gpd.GeoDataFrame(layer.frame.drop(columns="geometry"), geometry=shapes, crs=WGS84))
