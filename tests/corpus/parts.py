"""What several modules of cases write with: GeoPackages opened up, shapefiles byte by byte, zips, workbooks, texts."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import shapely

from . import town
from .town import Folder

HEADINGS = {
    "residential_id": "小区编号",
    "name": "小区名称",
    "households": "户数",
    "residents": "常住人口",
    "elderly": "60岁及以上人口",
    "built": "新建或已建",
    "setting": "城乡",
    "lon": "经度",
    "lat": "纬度",
}
Rows = list[list[Any]]


def drop(households: int = 0, elderly: int | None = None, **figures: float) -> dict[str, float]:
    """Return the totals without an area of so many households (a quarter of them elderly)."""
    older = households // 4 if elderly is None else elderly
    return {
        "households_total": town.FIGURES["households_total"] - households,
        "elderly_total": town.FIGURES["elderly_total"] - older,
        **figures,
    }


WITHOUT: Mapping[str, Mapping[str, float]] = {
    "A": drop(
        512,
        residential_total=5,
        residential_covered=1,
        households_covered=1024,
        elderly_covered=256,
        required_m2=1112.0,
        provided_m2=406.0,
        meets=1,
    ),
    "B": drop(
        1024,
        residential_total=5,
        residential_covered=1,
        households_covered=512,
        elderly_covered=128,
        required_m2=1107.2,
        provided_m2=350.0,
        meets=1,
    ),
    "C": drop(2048, residential_total=5, required_m2=1004.8, provided_m2=456.0, shortfall_m2=600.0, fails=3),
    "D": drop(256, residential_total=5, required_m2=1112.0, shortfall_m2=557.2, fails=3),
    "E": drop(128, residential_total=5, unreachable=0, required_m2=1112.0, shortfall_m2=557.2, fails=3),
    "F": drop(64, residential_total=5, unsnapped=0, required_m2=1112.0, shortfall_m2=557.2, fails=3),
}
"""The figures when one area is set aside, worked out from the table in `town`."""


# -------------------------------------------------------------------------------------------------------- GeoPackages


def gpkg(folder: Folder, name: str, table: gpd.GeoDataFrame | None = None) -> Path:
    """Write a table of the town (or another) as its GeoPackage; return its path."""
    made = folder.tables[name] if table is None else table
    path = folder.name(name, f"{name}.gpkg")
    made.to_file(path, layer=name, driver="GPKG")
    return path


def sql(path: Path, *statements: str, wal: bool = False) -> None:
    """Change a GeoPackage behind GDAL's back: no triggers run."""
    with sqlite3.connect(path) as base:
        if wal:
            base.execute("PRAGMA journal_mode=WAL")
        triggers = base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            base.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            base.execute(statement)
    base.close()


# --------------------------------------------------------------------------------------------------------- shapefiles


def shapefile(
    folder: Folder,
    name: str = "residential",
    *,
    table: gpd.GeoDataFrame | None = None,
    encoding: str = "GBK",
    cpg: str | None = "GBK",
    stem: str = "小区",
    renamed: Mapping[str, str] | None = None,
) -> Path:
    """Write a table as a shapefile with Chinese headings; return the path of its ``.shp``."""
    made = folder.tables[name] if table is None else table
    short = (
        {
            "residential_id": "小区编号",
            "name": "小区名称",
            "households": "户数",
            "residents": "常住人口",
            "elderly": "老年人口",
            "built": "新建已建",
            "setting": "城乡",
        }
        if name == "residential"
        else {}
    )
    path = folder.name(name, f"{stem}.shp")
    pyogrio.write_dataframe(made.rename(columns=renamed or short), path, driver="ESRI Shapefile", encoding=encoding)
    mark = path.with_suffix(".cpg")
    mark.unlink(missing_ok=True)
    if cpg is not None:
        mark.write_text(cpg)
    else:
        poke(path.with_suffix(".dbf"), 29, b"\0")
    return path


def poke(path: Path, at: int, data: bytes) -> None:
    """Write bytes into a file at a place."""
    raw = bytearray(path.read_bytes())
    raw[at : at + len(data)] = data
    path.write_bytes(bytes(raw))


def dbf_cells(path: Path) -> tuple[int, int, dict[str, tuple[int, int]]]:
    """Return header length, record length, and offset and width of each field of a dbf (GBK headings)."""
    raw = path.read_bytes()
    header, record = struct.unpack("<HH", raw[8:12])
    fields, offset, at = {}, 1, 32
    while raw[at] != 0x0D:
        name = raw[at : at + 11].split(b"\0")[0].decode("gbk", "replace")
        fields[name] = (offset, raw[at + 16])
        offset, at = offset + raw[at + 16], at + 32
    return header, record, fields


def dbf_write(path: Path, row: int, field: str, text: str) -> None:
    """Overwrite one cell of a dbf, rows from 0."""
    header, record, fields = dbf_cells(path)
    offset, width = fields[field]
    poke(path, header + row * record + offset, text.encode("gbk").rjust(width)[:width])


def pack(path: Path, files: Iterable[Path], *, inside: str = "", keep: Callable[[Path], bool] = lambda _: True) -> Path:
    """Zip files, the originals away."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(files):
            if keep(file):
                archive.write(file, inside + file.name)
            file.unlink()
    return path


def zipped(folder: Folder, name: str = "residential", *, inside: str = "", without: Sequence[str] = ()) -> Path:
    """Write a table as a zipped shapefile, some parts left out."""
    shp = shapefile(folder, name)
    path = folder.name(name, f"{name}.zip")
    return pack(path, shp.parent.glob(f"{shp.stem}.*"), inside=inside, keep=lambda file: file.suffix not in without)


# ------------------------------------------------------------------------------------------------ GeoJSON and tables


def geojson(folder: Folder, name: str, table: gpd.GeoDataFrame | None = None) -> dict[str, Any]:
    """Return a table as a feature collection in degrees, fifteen figures."""
    made = folder.tables[name] if table is None else table
    document: dict[str, Any] = json.loads(town.degrees(made).to_json(drop_id=True))
    document.pop("crs", None)
    return document


def write_json(folder: Folder, name: str, document: object, *, file: str = "", **keys: Any) -> Path:
    """Write a document as the file of a table."""
    path = folder.name(name, file or f"{name}.geojson", **keys)
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def sheet(folder: Folder, name: str = "residential", headings: Mapping[str, str] | None = None) -> Rows:
    """Return a table as rows of cells, the headings first, places as longitude and latitude."""
    table = town.flat(folder.tables[name])
    names = HEADINGS if name == "residential" and headings is None else (headings or {})
    return [[names.get(column, column) for column in table.columns], *table.astype(object).to_numpy().tolist()]


def csv(
    folder: Folder, rows: Rows, name: str = "residential", *, file: str = "", encoding: str = "utf-8", **keys: Any
) -> Path:
    """Write rows as CSV."""
    path = folder.name(name, file or f"{name}.csv", **{"datum": "wgs84", **keys})
    path.write_bytes(csv_text(rows).encode(encoding))
    return path


def csv_text(rows: Rows, separator: str = ",") -> str:
    """Return rows as CSV, quoted where it must be."""
    return pd.DataFrame(rows).to_csv(index=False, header=False, sep=separator, lineterminator="\r\n")


def xlsx(
    folder: Folder,
    rows: Rows,
    name: str = "residential",
    *,
    file: str = "",
    change: Callable[[Any, Any], None] | None = None,
    **keys: Any,
) -> Path:
    """Write rows as a workbook; ``change(book, sheet)`` may do more."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "台账"
    for row in rows:
        page.append(row)
    if change is not None:
        change(book, page)
    path = folder.name(name, file or f"{name}.xlsx", **{"datum": "wgs84", **keys})
    book.save(path)
    return path


def set_cell(rows: Rows, row: int, heading: str, value: object) -> Rows:
    """Put a value into a cell, rows from 1 below the headings."""
    rows[row][rows[0].index(heading)] = value
    return rows


def as_csv(heading: str, value: object, row: int = 2) -> Callable[[Folder], None]:
    """Return a builder of the residential CSV with one cell replaced (row 2 is area B, line 3 of the file)."""
    return lambda folder: void(csv(folder, set_cell(sheet(folder), row, heading, value)))


def as_xlsx(heading: str, value: object, row: int = 2) -> Callable[[Folder], None]:
    """Return a builder of the residential workbook with one cell replaced."""
    return lambda folder: void(xlsx(folder, set_cell(sheet(folder), row, heading, value)))


def in_facilities(column: str, value: object, row: int = 1) -> Callable[[Folder], None]:
    """Return a builder that replaces one cell of the facilities' CSV (row 1 is S1, line 2 of the file)."""
    return lambda folder: void(csv(folder, set_cell(sheet(folder, "facilities"), row, column, value), "facilities"))


def void(_: object) -> None:
    """Forget a result."""


def reshaped(name: str, row: int, shape: object) -> Callable[[Folder], None]:
    """Return a builder that gives a row of a table another shape, row from 0."""

    def build(folder: Folder) -> None:
        table = folder.tables[name]
        shapes = list(table.geometry)
        shapes[row] = shape if shape is None or isinstance(shape, shapely.Geometry) else shape(shapes[row])
        folder.tables[name] = table.set_geometry(gpd.GeoSeries(shapes, crs=table.crs))

    return build
