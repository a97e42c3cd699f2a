"""GIS files from a result. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

from planning.study import StudyResult

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


def layers_of(result: StudyResult) -> tuple[str, ...]:
    """Return the layers of a result: `LAYERS`, and ``candidates`` where the plan screens or makes them."""
    return LAYERS if result.candidates is None else (*LAYERS, "candidates")


def geopackage(result: StudyResult, path: Path) -> None:
    """Write ``results.gpkg`` with all layers, equal bytes for equal results.

    Names and ids are kept byte for byte; layers without geometry are attribute tables; an empty layer is written
    with its columns, so that a reader always finds it.
    """
    # A GeoPackage stores the time of its last change: the day of judgement stands in for the clock.
    stamp = f"{result.inputs.plan.as_of.isoformat()}T00:00:00.000Z"
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        for layer in layers_of(result):
            _write_layer(getattr(result, layer), path, layer)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write_layer(frame: pd.DataFrame, path: Path, layer: str) -> None:
    plain = _storable(frame)
    if isinstance(plain, gpd.GeoDataFrame):
        kind = _geometry_type(plain)
        pyogrio.write_dataframe(plain, path, layer=layer, driver="GPKG", geometry_type=kind, promote_to_multi=False)
    else:
        pyogrio.write_dataframe(plain, path, layer=layer, driver="GPKG")


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with its named index as a column and values that a table can hold."""
    plain = frame.reset_index() if frame.index.name is not None else frame.reset_index(drop=True)
    objects = [name for name in plain.columns if plain[name].dtype == object]
    return plain.assign(**{name: plain[name].map(_as_text) for name in objects})


def _as_text(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool | int | float | str):
        return value
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _geometry_type(frame: gpd.GeoDataFrame) -> str:
    """Return the one geometry type of the layer, else the general one."""
    kinds: Mapping[str, int] = frame.geometry.geom_type.value_counts().to_dict()
    return next(iter(kinds)) if len(kinds) == 1 else "Unknown"
