"""Rows read are rows reported, over thousands of generated tables and layers, and households add up.

The generator writes a plan of seven inputs, each in a format of its own choice, and counts what it writes: rows, those
that must be set aside (totals, repeated rows, rows without a usable place), and the households of the rest. It shares
no code with the doors: CSV by the standard library, workbooks by openpyxl, layers by GDAL. What the doors say must then
be the same numbers, input by input.
"""

from __future__ import annotations

import csv
import io
import json
import random
import warnings
import zipfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from planning import runs
from planning.errors import InputRefused

X0, Y0 = 500_000.0, 4_000_000.0
TO_DEGREES = Transformer.from_crs("EPSG:4548", "EPSG:4326", always_xy=True)
TABLES = ("csv", "csv-gbk", "csv-utf16", "tsv", "xlsx")
SHORT = {"residential_id": "小区编号", "facility_id": "编号", "medical_id": "编号", "floor_area_m2": "建筑面积"}
"""A shapefile holds ten bytes of a heading."""
LAYERS = ("gpkg", "shp", "zip", "geojson", "fgb", "geojsonl", "parquet")


@dataclass
class Written:
    """What the generator knows of an input."""

    rows: int = 0
    set_aside: int = 0
    households: Fraction = Fraction(0)
    file: str = ""
    kinds: list[str] = field(default_factory=list)


class Folder:
    """Writes inputs with dirt into a folder; everything follows from the seed."""

    def __init__(self, path: Path, seed: int, *, fatal: bool = False) -> None:
        self.path, self.fatal = path, fatal
        self.random = random.Random(seed)
        self.written: dict[str, Written] = {}
        self.datums: set[str] = set()

    def place(self, number: int, across: float = 0.0) -> tuple[float, float]:
        """Return the place of row ``number``: rows stand apart, so that no two shapes meet."""
        return X0 + 250 * (number % 12) + 40, Y0 + 250 * (number // 12) + across + 30

    def shape(self, kind: str, number: int, across: float) -> shapely.Geometry:
        x, y = self.place(number, across)
        if kind == "point":
            return shapely.Point(x, y)
        if kind == "line":
            return shapely.LineString([(x, y), (x + 60, y), (x + 60, y + 20 + number)])
        return shapely.box(x, y, x + 150, y + 150)

    def broken(self, kind: str, number: int, across: float) -> shapely.Geometry | None:
        """Return a shape that cannot be used: none, or a bow-tie."""
        if kind != "polygon" or self.random.random() < 0.5:
            return None
        x, y = self.place(number, across)
        return shapely.Polygon([(x, y), (x + 90, y + 90), (x + 90, y), (x, y + 90)])

    def make(self, name: str, kind: str, columns: list[str], cells, *, across: float = 0.0, least: int = 2) -> None:
        """Write input ``name``: rows of ``cells(number)`` with shapes of ``kind``, and dirt among them."""
        form = self.random.choice(TABLES + LAYERS if kind == "point" else LAYERS)
        tabular = form in TABLES
        known = Written()
        rows: list[tuple[list[object], shapely.Geometry | None]] = []
        for number in range(self.random.randint(least, 9)):
            fate = "plain" if number < least else self.fate(tabular)
            if fate == "placeless" and form == "fgb":
                fate = "plain"  # an indexed FlatGeobuf, which is what GDAL writes, holds no row without shape
            known.kinds.append(fate)
            if fate == "blank":
                rows.append(([None] * len(columns), None))
                continue
            known.rows += 1
            known.set_aside += fate in ("total", "twice", "placeless")
            if fate == "total":
                rows.append((["合计", *[None if isinstance(cell, str) else 9999 for cell in cells(number)[1:]]], None))
            elif fate == "twice":
                rows.append(rows[0])
            else:
                row = cells(number)
                if fate == "fatal" and "households" in columns:
                    row[columns.index("households")] = self.random.choice(("约500", "500-600", "-5")) if tabular else -5
                elif fate == "unknown" and "households" in columns:
                    row[columns.index("households")] = None
                if fate != "placeless" and "households" in columns and fate != "fatal":
                    known.households += Fraction(str(row[columns.index("households")] or 0))
                shape = self.broken(kind, number, across) if fate == "placeless" else self.shape(kind, number, across)
                rows.append((row, shape))
        self.write(name, form, columns, rows, known)

    def fate(self, tabular: bool) -> str:
        fates = ["plain"] * 6 + ["twice", "placeless", "unknown"] + (["total", "blank"] if tabular else [])
        return self.random.choice(fates + (["fatal"] if self.fatal else []))

    def write(self, name, form, columns, rows, known) -> None:
        known.file = f"{name}.{form.split('-')[0]}"
        path = self.path / known.file
        if form in TABLES:
            self.datums.add(name)
            table = [[*columns, "lon", "lat"], *([*row, *self.degrees(shape)] for row, shape in rows)]
            _write_sheet(path, table) if form == "xlsx" else _write_text(path, table, form)
        else:
            frame = gpd.GeoDataFrame(
                [dict(zip(columns, row, strict=True)) for row, _ in rows],
                geometry=[shape for _, shape in rows],
                crs="EPSG:4548",
            )
            _write_layer(path, frame, form)
        self.written[name] = known

    def degrees(self, shape: shapely.Geometry | None) -> list[object]:
        if shape is None:
            return [None, None]
        lon, lat = TO_DEGREES.transform(shape.x, shape.y)
        return [round(lon, 9), round(lat, 9)]

    def plan(self) -> Path:
        lines = [
            '[plan]\nname = "x"\nstandard = "liaocheng"\nas_of = 2025-12-31\n[siting]\np = 0\ndemand = "households"'
        ]
        for name, known in self.written.items():
            lines.append(
                f'[inputs.{name}]\npath = "{known.file}"' + ('\ndatum = "wgs84"' if name in self.datums else "")
            )
        path = self.path / "plan.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def _write_text(path: Path, table: list[list[object]], form: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter="\t" if form == "tsv" else ",").writerows(table)
    encoding = {"csv-gbk": "gbk", "csv-utf16": "utf-16"}.get(form, "utf-8")
    path.write_bytes(stream.getvalue().encode(encoding))


def _write_sheet(path: Path, table: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    book.save(path)


def _write_layer(path: Path, frame: gpd.GeoDataFrame, form: str) -> None:
    if form == "parquet":
        frame.to_parquet(path)
    elif form in ("geojson", "geojsonl"):
        _write_features(path, frame.to_crs("EPSG:4326"), lines=form == "geojsonl")
    elif form in ("shp", "zip"):
        shp = path.with_suffix(".shp")
        pyogrio.write_dataframe(frame.rename(columns=SHORT), shp, encoding="GBK")
        if form == "zip":
            parts = [part for part in path.parent.glob(f"{path.stem}.*") if part.suffix != ".zip"]
            with zipfile.ZipFile(path, "w") as archive:
                for part in sorted(parts):
                    archive.write(part, part.name)
                    part.unlink()
    else:
        pyogrio.write_dataframe(frame, path, driver={"gpkg": "GPKG", "fgb": "FlatGeobuf"}[form])


def _write_features(path: Path, frame: gpd.GeoDataFrame, *, lines: bool) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {name: _plain(cell) for name, cell in row.items() if name != "geometry"},
            "geometry": None if row["geometry"] is None else shapely.geometry.mapping(row["geometry"]),
        }
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]
    whole = {"type": "FeatureCollection", "features": features}
    text = "\n".join(json.dumps(feature) for feature in features) if lines else json.dumps(whole)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(cell: object) -> object:
    return int(cell) if isinstance(cell, float) and cell == int(cell) else cell


def town(path: Path, seed: int, *, fatal: bool = False) -> Folder:
    """Write seven inputs with dirt."""
    made = Folder(path, seed, fatal=fatal)
    people = [made.random.randrange(100, 900) for _ in range(12)]
    made.make(
        "residential", made.random.choice(("point", "polygon")), ["residential_id", "name", "households", "built"],
        lambda n: [f"A{n}", f"小区{n}", people[n], "new"],
    )  # fmt: skip
    made.make(
        "facilities", "point", ["facility_id", "name", "level", "kind", "status", "floor_area_m2"],
        lambda n: [f"F{n}", f"站{n}", "community", "station", "operating", 100 + n],
    )  # fmt: skip
    made.make("candidates", "point", ["facility_id", "name"], lambda n: [f"C{n}", f"备选{n}"], across=100.0)
    made.make(
        "medical", "point", ["medical_id", "name", "kind"], lambda n: [f"M{n}", f"医院{n}", "clinic"], across=50.0
    )
    made.make("barriers", "line", ["barrier_id", "name"], lambda n: [f"B{n}", f"河{n}"], across=20_000.0)
    made.make("roads", "line", ["road_id", "highway"], lambda n: [f"R{n}", "residential"])
    made.make("entrances", "point", ["residential_id", "name"], lambda n: [f"A{n % 2}", f"门{n}"], across=10.0)
    return made


def _read(plan: Path):
    """Return the inputs (None where refused), the errors, and the counts by input."""
    try:
        inputs = runs.load(plan)
    except InputRefused:
        faults, counts = runs.check(plan)
        return None, [fault for fault in faults if fault.severity == "error"], counts
    return inputs, [], inputs.counts


def hold(path: Path, seed: int, *, fatal: bool) -> int:
    """Write a town, read it, hold every input to what was written; return how many tables were held."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL warns of rows without shape as it writes them
        made = town(path, seed, fatal=fatal)
    plan = made.plan()
    inputs, errors, counts = _read(plan)
    told = [(name, one.file, one.kinds) for name, one in made.written.items()]
    story = f"seed {seed}: {told} {[fault.as_dict() for fault in errors][:3]}"
    for name, known in made.written.items():
        rows = counts[name]
        assert rows["used"] + rows["flagged"] + rows["excluded"] == rows["read"], (name, rows, story)
        assert rows["read"] == known.rows, (name, rows, known, story)
    fatal_there = "fatal" in made.written["residential"].kinds
    assert bool(errors) == fatal_there, story
    if inputs is not None:
        for name, known in made.written.items():
            assert counts[name]["excluded"] == known.set_aside, (name, counts[name], known, story)
        found = inputs.tables["residential"]["households"].dropna()
        assert sum(map(Fraction, map(str, found)), Fraction(0)) == made.written["residential"].households, story
        areas = made.written["residential"]
        assert len(inputs.tables["residential"]) == areas.rows - areas.set_aside, story
    return len(made.written)


def test_rows_are_accounted_for(tmp_path):
    """Thirty-five tables and layers, in the quick suite."""
    held = 0
    for seed in range(5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        held += hold(folder, seed, fatal=seed % 5 == 4)
    assert held == 35


@pytest.mark.slow
@pytest.mark.parametrize("block", range(30))
def test_rows_of_two_thousand_tables_are_accounted_for(tmp_path, block):
    """Thirty times seventy tables and layers: 2 100."""
    held = 0
    for seed in range(1000 + 10 * block, 1010 + 10 * block):
        folder = tmp_path / str(seed)
        folder.mkdir()
        held += hold(folder, seed, fatal=seed % 5 == 4)
    assert held == 70
