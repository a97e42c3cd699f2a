"""Writing the sample in the formats planners have: the same bytes each time the same libraries write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import _skeleton as sk
import geopandas as gpd
import numpy as np
import osmium
import pyogrio
import xlsxwriter
from _streets import Way
from pyproj import Transformer
from shapely import transform
from shapely.geometry.base import BaseGeometry

STAMP = datetime(2025, 12, 31, tzinfo=UTC)
FIRST_NODE, FIRST_WAY = 8_100_000_001, 910_000_001


def to_grid(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape in the projected CRS, to the centimetre."""
    return transform(shape, lambda xy: np.round(xy + np.array(sk.drawn()["origin"]), 2))


def to_degrees(xy: np.ndarray) -> np.ndarray:
    """Return longitude and latitude of local coordinates, to a centimetre (CGCS2000, taken as WGS 84)."""
    away = Transformer.from_crs(sk.drawn()["crs"], "EPSG:4490", always_xy=True)
    east, north = (np.atleast_2d(xy) + np.array(sk.drawn()["origin"])).T
    return np.round(np.column_stack(away.transform(east, north)), 7)


# ------------------------------------------------------------------------------------------------------------- GIS


def write_geopackage(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write layers, with a fixed date in place of the clock."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2025-12-31T00:00:00.000Z"})
    for name, frame in layers.items():
        mixed = frame.geom_type.nunique() > 1
        pyogrio.write_dataframe(
            frame, path, layer=name, driver="GPKG", append=path.exists(), geometry_type="Unknown" if mixed else None
        )
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_gbk_shapefile(path: Path, frame: gpd.GeoDataFrame) -> None:
    """Write a shapefile in GBK that does not say so: no ``.cpg``, and 0 as the language byte."""
    pyogrio.write_dataframe(
        frame, path, driver="ESRI Shapefile", encoding="GBK", layer_options={"DBF_DATE_LAST_UPDATE": "2025-12-31"}
    )
    path.with_suffix(".cpg").unlink(missing_ok=True)
    dbf = path.with_suffix(".dbf")
    content = bytearray(dbf.read_bytes())
    content[29] = 0
    dbf.write_bytes(bytes(content))


def write_geojson(path: Path, features: Iterable[tuple[Mapping[str, Any], str, Any]]) -> None:
    """Write features given as facts, geometry type and local coordinates."""
    listed = [
        {"type": "Feature", "properties": dict(facts), "geometry": {"type": kind, "coordinates": _degrees(kind, local)}}
        for facts, kind, local in features
    ]
    text = json.dumps({"type": "FeatureCollection", "features": listed}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _degrees(kind: str, local: Any) -> list[Any]:
    degrees: list[Any] = to_degrees(np.asarray(local)).tolist()
    return degrees[0] if kind == "Point" else degrees


# ---------------------------------------------------------------------------------------------------------- tables


def write_csv(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]], *, encoding: str) -> None:
    """Write a table with a head row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_workbook(path: Path, sheet_name: str, heads: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a ledger: one sheet, one head row, dates as dates; an empty text is an empty cell."""
    book = xlsxwriter.Workbook(path)
    book.set_properties({"title": sheet_name, "author": "虚构示例", "created": STAMP.replace(tzinfo=None)})
    head = book.add_format(
        {"bold": True, "border": 1, "text_wrap": True, "align": "center", "valign": "vcenter", "bg_color": "#DDE6EF"}
    )
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet(sheet_name)
    sheet.freeze_panes(1, 2)
    sheet.set_row(0, 42)
    for column, name in enumerate(heads):
        sheet.write_string(0, column, name, head)
        sheet.set_column(column, column, 26 if "名称" in name else 13)
    for number, row in enumerate(rows, start=1):
        for column, name in enumerate(heads):
            cell = row.get(name)
            if isinstance(cell, date):
                sheet.write_datetime(number, column, datetime(cell.year, cell.month, cell.day), day)
            elif cell is not None and cell != "":
                sheet.write(number, column, cell)
    book.close()


# --------------------------------------------------------------------------------------------------- OpenStreetMap


def write_osm(
    path: Path,
    nodes: np.ndarray,
    ways: Sequence[Way],
    gates: Iterable[int],
    land: Sequence[tuple[Mapping[str, str], np.ndarray]],
) -> None:
    """Write streets, and beside them water, green and railway as tagged ways of their own nodes."""
    header = osmium.io.Header()
    header.set("generator", "data/make_sample.py")
    path.unlink(missing_ok=True)
    gate_nodes = set(gates)
    own = [len(nodes) + int(n) for n in np.cumsum([0, *(len(xy) for _, xy in land)])]
    everything = np.vstack([nodes, *(xy for _, xy in land)])
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for number, (lon, lat) in enumerate(to_degrees(everything).tolist()):
            tags = {"barrier": "gate"} if number in gate_nodes else {}
            writer.add_node(
                osmium.osm.mutable.Node(id=FIRST_NODE + number, location=(lon, lat), tags=tags, **_history())
            )
        for number, way in enumerate(ways):
            _add_way(writer, number, [FIRST_NODE + node for node in way.nodes], _tags(way))
        for number, (tags, xy) in enumerate(land):
            refs = [FIRST_NODE + own[number] + step for step in range(len(xy))]
            closed = tags.get("railway") is None and tags.get("waterway") is None
            _add_way(writer, len(ways) + number, [*refs, refs[0]] if closed else refs, tags)


def _history() -> dict[str, Any]:
    return {"version": 1, "timestamp": STAMP, "changeset": 1, "uid": 1, "user": "sample", "visible": True}


def _add_way(writer: osmium.SimpleWriter, number: int, refs: list[int], tags: Mapping[str, str]) -> None:
    ordered = {key: tags[key] for key in sorted(tags)}
    writer.add_way(osmium.osm.mutable.Way(id=FIRST_WAY + number, nodes=refs, tags=ordered, **_history()))


def _tags(way: Way) -> dict[str, str]:
    """Return the tags of a street."""
    tags = {"highway": way.road.highway, **way.road.tags}
    if way.road.name:
        tags["name"] = way.road.name
    return tags


# ---------------------------------------------------------------------------------------------------------- GCJ-02


def to_gcj02(degrees: np.ndarray) -> np.ndarray:
    """Shift longitude and latitude as public map services do (the well-known approximation), to 6 decimals."""
    lon, lat = degrees.T
    x, y = lon - 105.0, lat - 35.0
    wave = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    north = north + (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north = north + (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    east = east + (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east = east + (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    axis, flat = 6378245.0, 0.00669342162296594323  # Krassowsky 1940
    curve = 1 - flat * np.sin(np.radians(lat)) ** 2
    north = north * 180 / (axis * (1 - flat) / (curve * np.sqrt(curve)) * np.pi)
    east = east * 180 / (axis / np.sqrt(curve) * np.cos(np.radians(lat)) * np.pi)
    return np.round(np.column_stack([lon + east, lat + north]), 6)
