"""Vector layers that GDAL reads: GeoPackage, GeoJSON, FlatGeobuf, File Geodatabase, KML, and the shapes of shapefiles.

Rows are read through Arrow, which keeps long integers exact and does not trust stored feature counts.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from planning import crs as crss
from planning.errors import Fault, InputRefused
from planning.sources import counts, files
from planning.sources.raw import Dataset, Raw, raw_table

_GDAL_ENVIRONMENT: Final = {
    "GDAL_SKIP": "OGR_VRT,VRT,GDALG,GTI,HTTP,WFS,OAPIF,CSW,OGCAPI,WCS,WMS,WMTS,Elasticsearch,ADBC,CARTO,AmigoCloud,"
    "PLScenes,NGW,GML,DAAS,EEDA,EEDAI,STACIT,STACTA,ESRIJSON,TopoJSON,OSM,GPSBabel,SQLite",
    "GDAL_HTTP_PROXY": "http://127.0.0.1:9",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "SHAPE_RESTORE_SHX": "NO",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "200",
}

_NUMERIC: Final = re.compile("INT|REAL|FLOAT|DOUBLE|BOOL|NUM|DEC", re.IGNORECASE)


def gdal() -> ModuleType:
    """Return pyogrio, imported late, with drivers that reach other files or addresses switched off.

    The switches only count before pyogrio's first import; the sniffing in `files` stands in front of them either way.
    """
    for name, value in _GDAL_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import pyogrio.raw

    return cast("ModuleType", pyogrio)


def read(dataset: Dataset, *, layer: str | None) -> Raw:
    """Read one layer.

    Parameters
    ----------
    dataset : Dataset
        Of kind ``gpkg``, ``geojson``, ``fgb``, ``gdb``, ``kml`` or ``parquet``.
    layer : str or None
        Needed where the file holds several.

    Raises
    ------
    InputRefused
        ``layer_needed``, ``layer_unknown``, ``file_broken``, ``gpkg_journal``, ``gpkg_not_geopackage``.
    """
    readers = {"gpkg": _geopackage, "geojson": _geojson, "parquet": _parquet}
    with _translated(dataset):
        return readers.get(dataset.kind, _plain)(dataset, layer)


def read_pieces(dataset: Dataset, *, layer: str | None, rows: int) -> Iterator[Raw]:
    """Yield what `read` returns in pieces of ``rows`` rows, one at least; kinds of which all is read at once in one.

    What the other count finds more or less stands with the last.
    """
    with _translated(dataset):
        if dataset.kind == "gpkg":
            with _quiet_copy(dataset) as path:
                told = _table_counts(path, dataset)
                name = pick(list(told), layer, dataset)
                for first, raw in _pieces(path, dataset, name, told[name], rows):
                    yield _with_text_cells(raw, path, name, dataset, first)
        elif dataset.kind in ("fgb", "gdb"):
            name, count = _named(dataset, layer)
            yield from (raw for _, raw in _pieces(dataset.path, dataset, name, count, rows))
        else:
            yield read(dataset, layer=layer)


def read_shapes(path: Path, dataset: Dataset) -> tuple[NDArray[np.object_], CRS | None]:
    """Return geometries and CRS of a shapefile; None where a record has no shape."""
    with _translated(dataset):
        meta, table = gdal().raw.read_arrow(path, columns=[], encoding="ISO-8859-1")
        return _geometry(meta, table), _crs(meta["crs"], dataset)


def read_plain(path: Path, dataset: Dataset, count: int) -> Raw:
    """Read the only layer of ``path``, a copy made for the reading; ``count`` is the number of rows told elsewhere."""
    with _translated(dataset):
        return _read(path, dataset, None, count)


def read_handles(path: Path, dataset: Dataset) -> tuple[list[str], NDArray[np.object_]]:
    """Return handles and geometries of a drawing."""
    with _translated(dataset):
        meta, table = gdal().raw.read_arrow(path, columns=["EntityHandle"])
        return table.column("EntityHandle").to_pylist(), _geometry(meta, table)


# ------------------------------------------------------------------------------------------------------ the formats


def _geopackage(dataset: Dataset, layer: str | None) -> Raw:
    with _quiet_copy(dataset) as path:
        told = _table_counts(path, dataset)
        name = pick(list(told), layer, dataset)
        return _with_text_cells(_read(path, dataset, name, told[name]), path, name, dataset)


def _geojson(dataset: Dataset, _: str | None) -> Raw:
    document = files.load_json(dataset.path, dataset.given)
    features = document.get("features", []) if document["type"] == "FeatureCollection" else [document]
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise _broken(dataset, "features")
    if not features:
        return raw_table(
            [], np.empty(0, dtype=np.int64), 0, geometry=np.empty(0, dtype=object), crs=CRS.from_epsg(4326)
        )
    return _read(dataset.path, dataset, None, len(features))


def _parquet(dataset: Dataset, _: str | None) -> Raw:
    """Read GeoParquet (no CRS stated is OGC:CRS84, null is none), or plain Parquet as a table without shapes."""
    import geopandas as gpd
    import pyarrow.parquet as pq

    try:
        with dataset.path.open("rb") as stream:
            file = pq.ParquetFile(stream)
            count = file.metadata.num_rows
            plain = b"geo" not in (file.schema_arrow.metadata or {})
        frame = pd.read_parquet(dataset.path) if plain else gpd.read_parquet(dataset.path)
    except (ValueError, KeyError) as error:
        raise _broken(dataset, str(error)) from None
    rows = np.arange(1, len(frame) + 1)
    shape = None if plain else frame.geometry.name
    columns = [(str(name), _plain_cells(frame[name])) for name in frame.columns if name != shape]
    if plain:
        return raw_table(columns, rows, count)
    crs = None if frame.crs is None else crss.horizontal(CRS(frame.crs))
    return raw_table(columns, rows, count, geometry=frame.geometry.to_numpy().astype(object), crs=crs)


def _plain_cells(series: pd.Series[Any]) -> NDArray[np.object_]:
    """Return the cells of a column; lists and the like become text."""
    cells = series.astype(object).where(series.notna(), None)
    return cells.map(lambda cell: str(cell) if isinstance(cell, list | dict | np.ndarray) else cell).to_numpy(
        dtype=object
    )


def _plain(dataset: Dataset, layer: str | None) -> Raw:
    """Read a layer of a FlatGeobuf or a File Geodatabase; where `counts` cannot tell its rows, GDAL counts them."""
    name, count = _named(dataset, layer)
    return _read(dataset.path, dataset, name, count)


def _named(dataset: Dataset, layer: str | None) -> tuple[str, int]:
    """Return the layer to read and how many rows it has."""
    pyogrio = gdal()
    names = [str(name) for name in pyogrio.list_layers(dataset.path)[:, 0]]
    name = pick(names, layer, dataset)
    count = counts.of(dataset, name)
    if count is None:
        count = int(pyogrio.read_info(dataset.path, layer=name, force_feature_count=True)["features"])
    return name, count


def pick(names: list[str], layer: str | None, dataset: Dataset) -> str:
    """Return the layer the plan names, or the only one; a layer picked in a zip by its stem is the file itself."""
    listed = "、".join(names)
    if layer is not None and layer in names:
        return layer
    if layer is not None and not (dataset.label == layer and len(names) == 1):
        raise InputRefused(
            Fault("layer_unknown", file=dataset.file, layer=layer, value=layer, facts={"layers": listed})
        )
    if len(names) != 1:
        code = "layer_needed" if names else "layer_none"
        raise InputRefused(Fault(code, file=dataset.file, facts={"layers": listed, "choices": tuple(names)}))
    return names[0]


# ------------------------------------------------------------------------------------------------------- GeoPackage


@contextmanager
def _quiet_copy(dataset: Dataset) -> Iterator[Path]:
    """Give a path that can be opened without a trace beside the user's file: one in WAL mode is copied first."""
    path = dataset.path
    journal = path.with_name(path.name + "-journal")
    if journal.exists() and journal.stat().st_size:
        raise InputRefused(Fault("gpkg_journal", file=dataset.file, value=journal.name))
    with path.open("rb") as stream:
        in_wal_mode = stream.read(20)[18:20] == b"\x02\x02"
    if not in_wal_mode:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        for ending in ("", "-wal"):
            part = path.with_name(path.name + ending)
            if part.exists():
                shutil.copyfile(part, Path(folder) / f"copy.gpkg{ending}")
        yield Path(folder) / "copy.gpkg"


def _table_counts(path: Path, dataset: Dataset) -> dict[str, int]:
    """Count the rows of every layer in SQL, past the stored count."""
    mode = "ro" if path.name == "copy.gpkg" and path != dataset.path else "ro&immutable=1"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            listed = connection.execute(
                "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY table_name"
            ).fetchall()
            return {name: _count(connection, name) for (name,) in listed}
    except sqlite3.DatabaseError as error:
        code = "gpkg_not_geopackage" if "gpkg_contents" in str(error) else "file_broken"
        raise InputRefused(Fault(code, file=dataset.file, value=str(error), facts={"why": str(error)})) from None


def _count(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"SELECT COUNT(*) FROM {_quoted(name)}").fetchone()[0])  # noqa: S608 - quoted name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _with_text_cells(raw: Raw, path: Path, layer: str, dataset: Dataset, first: int = 0) -> Raw:
    """Return the layer, from row ``first`` on, with columns of numbers in which text stands as SQLite holds them.

    SQLite keeps text in a column of integers as it is; GDAL makes a number of it (120户 becomes 120, 无 becomes 0).
    """
    frame = raw.frame.copy()
    mode = "ro" if path != dataset.path else "ro&immutable=1"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)) as connection:
        for at, header in enumerate(raw.headers):
            cells = _text_cells(connection, layer, header, first, len(frame))
            if cells is not None and len(cells) != len(frame):
                raise _broken(dataset, f"{len(cells)} / {len(frame)}")
            if cells is not None:
                frame.isetitem(at, np.array(cells, dtype=object))
    return replace(raw, frame=frame)


def _text_cells(connection: sqlite3.Connection, layer: str, column: str, first: int, count: int) -> list[Any] | None:
    """Return cells of a column declared to hold numbers in which text stands; None for any other column."""
    listed = connection.execute("SELECT type FROM pragma_table_info(?) WHERE name = ?", (layer, column)).fetchall()
    if not any(_NUMERIC.search(str(kind)) for (kind,) in listed):
        return None
    table, cell = _quoted(layer), _quoted(column)
    found = f"SELECT 1 FROM {table} WHERE typeof({cell}) = 'text' LIMIT 1"  # noqa: S608 - quoted names
    if connection.execute(found).fetchone() is None:
        return None
    asked = f"SELECT {cell} FROM {table} ORDER BY rowid LIMIT ? OFFSET ?"  # noqa: S608 - quoted names
    return [value for (value,) in connection.execute(asked, (count, first))]


# ---------------------------------------------------------------------------------------------------- through Arrow


def _read(path: Path, dataset: Dataset, layer: str | None, count: int) -> Raw:
    meta, table = gdal().raw.read_arrow(path, layer=layer)
    return _raw(meta, table, dataset, layer, (0, count))


def _pieces(path: Path, dataset: Dataset, layer: str, count: int, rows: int) -> Iterator[tuple[int, Raw]]:
    """Yield the first row and the table of every piece."""
    import pyarrow as pa

    with gdal().raw.open_arrow(path, layer=layer, batch_size=rows, use_pyarrow=True) as (meta, reader):
        done, batch = 0, next(reader, None)
        while True:
            following = next(reader, None)
            table = reader.schema.empty_table() if batch is None else pa.Table.from_batches([batch])
            left = count - done if following is None else table.num_rows
            yield done, _raw(meta, table, dataset, layer, (done, left))
            if following is None:
                return
            done, batch = done + table.num_rows, following


def _raw(meta: dict[str, Any], table: Any, dataset: Dataset, layer: str | None, told: tuple[int, int]) -> Raw:
    """Return an Arrow table; ``told`` is how many rows stand before it, and how many another count says it has."""
    fields = {str(name) for name in meta["fields"]}
    columns = [(name, _values(table.column(at))) for at, name in enumerate(table.column_names) if name in fields]
    geometry = _geometry(meta, table) if meta["geometry_type"] is not None else None
    return raw_table(
        columns,
        np.arange(told[0] + 1, told[0] + table.num_rows + 1),
        told[1],
        layer=layer or "",
        geometry=geometry,
        crs=None if geometry is None else _crs(meta["crs"], dataset),
    )


def _values(column: Any) -> Any:
    """Return an Arrow column for pandas; integers stay exact where cells are empty."""
    import pyarrow as pa

    exact = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype(), pa.int16(): pd.Int64Dtype()}
    series = column.to_pandas(types_mapper=exact.get, date_as_object=True)
    return series.astype(object).where(series.notna(), None).to_numpy()


def _geometry(meta: dict[str, Any], table: Any) -> NDArray[np.object_]:
    name = meta["geometry_name"] or "wkb_geometry"
    cells = table.column(name).to_numpy()
    return np.asarray(shapely.from_wkb(cells, on_invalid="ignore"), dtype=object)


def _crs(text: str | None, dataset: Dataset) -> CRS | None:
    """Return the horizontal CRS of a layer; an undefined one is none."""
    if not text:
        return None
    try:
        found = CRS.from_user_input(text)
    except CRSError:
        raise InputRefused(Fault("crs_unreadable", file=dataset.file, value=text[:200])) from None
    return None if found.name.lower().startswith(("undefined", "unknown")) else crss.horizontal(found)


@contextmanager
def _translated(dataset: Dataset) -> Iterator[None]:
    """Turn what GDAL says into a fault about the file."""
    import pyarrow as pa
    from pyogrio.errors import DataLayerError, DataSourceError, FieldError, GeometryError

    known = (
        DataSourceError,
        DataLayerError,
        FieldError,
        GeometryError,
        UnicodeDecodeError,
        RuntimeError,
        sqlite3.Error,
    )
    try:
        yield
    except (*known, OSError, sqlite3.Error, pa.ArrowException, shapely.errors.ShapelyError) as error:
        raise _broken(dataset, str(error)) from None


def _broken(dataset: Dataset, why: str) -> InputRefused:
    first = why.splitlines()[0] if why else ""
    return InputRefused(Fault("file_broken", file=dataset.file, value=first[:200], facts={"why": first[:200]}))
