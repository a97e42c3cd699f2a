"""Room `planning.export`: ``results.gpkg``, which opens styled and with its columns named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyogrio
from pyproj import CRS

from planning.export import _tables as tables

STYLES: Final = "layer_styles"
_STYLE_COLUMNS: Final = (
    "f_table_catalog",
    "f_table_schema",
    "f_table_name",
    "f_geometry_column",
    "styleName",
    "styleQML",
    "styleSLD",
    "useAsDefault",
    "description",
    "owner",
    "ui",
    "update_time",
)


@contextlib.contextmanager
def dated(day: str) -> Iterator[None]:
    """Let GDAL write ``day`` where it writes the clock: files that state when they were made stay equal."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def write(layer: tables.Layer, path: Path, crs: CRS) -> None:
    """Add one layer to a GeoPackage: geometry of one type where rows allow it, columns with their aliases."""
    shape = tables.stored_shape(layer)
    table = tables.arrow(tables.promoted(layer, shape))
    if shape is None:
        tables.write(table, path, layer.name, driver="GPKG", append=path.exists())
        return
    tables.write(table, path, layer.name, driver="GPKG", crs=crs, shape=shape, append=path.exists())


def add_styles(path: Path, styles: Mapping[str, str], *, day: str, title: str) -> None:
    """Store a QML document for each layer as its default style, where QGIS looks for it.

    The table is one of attributes named ``layer_styles``, as QGIS itself makes it.
    """
    if not styles:
        return
    rows = pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": list(styles),
            "f_geometry_column": "geom",
            "styleName": list(styles),
            "styleQML": list(styles.values()),
            "styleSLD": "",
            "useAsDefault": True,
            "description": title,
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(day, tz="UTC"),
        }
    )[list(_STYLE_COLUMNS)]
    tables.write(pa.Table.from_pandas(rows, preserve_index=False), path, STYLES, driver="GPKG", append=True,
                 layer_options={"FID": "id"})  # fmt: skip
