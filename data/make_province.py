"""Make a province that does not exist, of any size: counties side by side with towns, villages, centres and roads.

``python data/make_province.py FOLDER [--counties 107 --towns 12 --areas 190 --nodes 28000 --format pbf]`` writes one
layer set for the whole province and ``province.toml``; the same numbers write the same files. Roads are a jittered
lattice with holes, drawn across county borders, so that a county cut out alone would lose ways.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from pyproj import Transformer

CRS = "EPSG:4545"  # CGCS2000, 3-degree zone of 108° E
WEST_M, SOUTH_M = 480_000.0, 3_750_000.0
WAY_STEPS = 10
PLAN = """[plan]
name = "虚构省养老服务设施专项规划"
standard = "shaanxi"
as_of = 2025-12-31
{crs}
[province]

[inputs.roads]
path = "roads.{roads}"
[inputs.residential]
path = "residential.gpkg"
[inputs.facilities]
path = "facilities.gpkg"
[inputs.units]
path = "units.gpkg"

[standards]
new_cutoff = 2015-01-01
area_per_100_households = {{ new = 30, existing = 20 }}
"""


@dataclass(frozen=True)
class Size:
    """How large the province is: counties in ``across`` columns, each a square of ``side_m``."""

    counties: int = 4
    across: int = 2
    towns: int = 2
    areas: int = 12
    nodes: int = 400
    side_m: float = 4000.0
    seed: int = 7

    @property
    def spacing_m(self) -> float:
        """Return the distance between neighbouring crossings of the lattice."""
        return self.side_m / max(2, round(self.nodes**0.5))


def main(folder: Path, size: Size, *, roads: str = "gpkg", crs: str | None = CRS) -> Path:
    """Write the province into ``folder`` and return its plan file."""
    folder.mkdir(parents=True, exist_ok=True)
    units, residential, facilities = tables(size)
    for name, table in (("units", units), ("residential", residential), ("facilities", facilities)):
        table.to_file(folder / f"{name}.gpkg", driver="GPKG", layer=name)
    lines = road_lines(size)
    if roads == "pbf":
        write_pbf(lines, folder / "roads.pbf")
    else:
        lines.to_file(folder / "roads.gpkg", driver="GPKG", layer="roads")
    plan = folder / "province.toml"
    stated = "" if crs is None else f'crs = "{crs}"\n'
    plan.write_text(PLAN.format(crs=stated, roads=roads), encoding="utf-8", newline="\n")
    return plan


def tables(size: Size) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return units, residential areas and facilities of every county, in order of code."""
    parts = [_county(size, at) for at in range(size.counties)]
    frames = (gpd.GeoDataFrame(pd.concat(some, ignore_index=True), crs=CRS) for some in zip(*parts, strict=True))
    units, residential, facilities = frames
    return units, residential, facilities


def code_of(at: int) -> str:
    """Return the code of a county."""
    return f"{610_101 + at}"


def corner(size: Size, at: int) -> tuple[float, float]:
    """Return the south-western corner of a county."""
    return WEST_M + at % size.across * size.side_m, SOUTH_M + at // size.across * size.side_m


def _county(size: Size, at: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    random = np.random.default_rng([size.seed, at])
    code, (west, south) = code_of(at), corner(size, at)
    units = _units(size, code, west, south)
    areas = _areas(size, code, west, south, random)
    return units, areas, _facilities(size, code, west, south, areas, random)


def _units(size: Size, code: str, west: float, south: float) -> gpd.GeoDataFrame:
    edges = west + size.side_m * np.arange(size.towns + 1) / size.towns
    north = south + size.side_m
    towns = [shapely.box(low, south, high, north) for low, high in itertools.pairwise(edges)]
    names = [f"{code}{number:03d}" for number in range(1, size.towns + 1)]
    return gpd.GeoDataFrame(
        {
            "unit_id": [code, *names],
            "name": [f"虚构县{code[-3:]}", *(f"{name[-3:]}镇" for name in names)],
            "type": ["county", *["town"] * size.towns],
            "parent": [None, *[code] * size.towns],
        },
        geometry=[shapely.box(west, south, west + size.side_m, north), *towns],
        crs=CRS,
    )


def _areas(size: Size, code: str, west: float, south: float, random: np.random.Generator) -> gpd.GeoDataFrame:
    """Return villages and estates, the first two of them hard by the border."""
    step = size.spacing_m
    cells = max(2, round(size.side_m / step))
    chosen = random.choice(cells * cells, size=min(size.areas, cells * cells), replace=False)
    column, row = chosen % cells, chosen // cells
    column[:1], row[-1:] = cells - 1, cells - 1  # hard by the border, where a county cut out alone goes wrong
    half = step * random.uniform(0.15, 0.3, len(chosen))
    x, y = west + (column + 0.5) * step, south + (row + 0.5) * step
    households = random.integers(40, 900, len(chosen))
    rural = random.random(len(chosen)) < 0.5
    return gpd.GeoDataFrame(
        {
            "residential_id": [f"{code}-A{number:05d}" for number in range(len(chosen))],
            "name": [f"第{number + 1}居住区" for number in range(len(chosen))],
            "households": households,
            "residents": households * 3,
            "elderly": households // 2,
            "setting": np.where(rural, "rural", "urban"),
            "land_grant_date": np.where(random.random(len(chosen)) < 0.3, "2018-05-01", "2009-03-01"),
            "care_floor_area_m2": random.integers(0, 200, len(chosen)).astype(float),
        },
        geometry=shapely.box(x - half, y - half, x + half, y + half),
        crs=CRS,
    )


def _facilities(
    size: Size, code: str, west: float, south: float, areas: gpd.GeoDataFrame, random: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return centres in three towns of five, stations in every fifth area, and one institution."""
    width = size.side_m / size.towns
    with_centre = np.flatnonzero(random.random(size.towns) < 0.6)
    centres = shapely.points(
        west + (with_centre + random.uniform(0.02, 0.98, len(with_centre))) * width,
        south + size.side_m * random.uniform(0.02, 0.98, len(with_centre)),
    )
    stations = areas.geometry.centroid.to_numpy()[::5]
    home = shapely.points([west + size.side_m * 0.5], [south + size.side_m * 0.5])
    counts = len(centres), len(stations), 1
    return gpd.GeoDataFrame(
        {
            "facility_id": [f"{code}-F{number:04d}" for number in range(sum(counts))],
            "name": [f"第{number + 1}设施" for number in range(sum(counts))],
            "level": np.repeat(["street", "community", "county"], counts),
            "kind": np.repeat(["centre", "station", "institution"], counts),
            "status": "operating",
            "floor_area_m2": np.repeat([900.0, 260.0, 6000.0], counts),
            "beds": np.repeat([20.0, 0.0, 180.0], counts),
            "nursing_beds": np.repeat([10.0, 0.0, 100.0], counts),
            "ownership": "public",
        },
        geometry=np.concatenate([centres, stations, home]),
        crs=CRS,
    )


def road_lines(size: Size) -> gpd.GeoDataFrame:
    """Return the roads of the whole province: ways of some ten crossings along rows and columns, a tenth missing."""
    random = np.random.default_rng([size.seed, 10_000])
    step = size.spacing_m
    wide = size.across * max(2, round(size.side_m / step)) + 1
    high = -(-size.counties // size.across) * max(2, round(size.side_m / step)) + 1
    x, y = np.meshgrid(WEST_M + step * np.arange(wide), SOUTH_M + step * np.arange(high))
    places = np.stack([x, y], axis=-1) + random.uniform(-0.12, 0.12, (high, wide, 2)) * step
    places = np.round(places, 3)
    lines = [*_ways(places), *_ways(places.swapaxes(0, 1))]
    kept = random.random(len(lines)) > 0.1
    lines = [line for line, keep in zip(lines, kept, strict=True) if keep]
    classes = np.where(random.random(len(lines)) < 0.2, "secondary", "residential")
    ids = [f"W{number:07d}" for number in range(len(lines))]
    return gpd.GeoDataFrame({"road_id": ids, "highway": classes}, geometry=lines, crs=CRS)


def _ways(places: np.ndarray) -> list[shapely.LineString]:
    return [
        shapely.LineString(line[start : start + WAY_STEPS + 1])
        for line in places
        for start in range(0, len(line) - 1, WAY_STEPS)
    ]


def write_pbf(lines: gpd.GeoDataFrame, path: Path) -> None:
    """Write roads as an OpenStreetMap extract; crossings are nodes of both ways."""
    xy, way = shapely.get_coordinates(lines.geometry.to_numpy(), return_index=True)
    places, node = np.unique(np.round(xy, 3), axis=0, return_inverse=True)
    lon, lat = Transformer.from_crs(CRS, 4490, always_xy=True).transform(places[:, 0], places[:, 1])
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), start=1):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        starts = np.flatnonzero(np.diff(way, prepend=-1))
        refs = np.split(node.ravel() + 1, starts[1:])
        for number, (nodes, kind) in enumerate(zip(refs, lines["highway"], strict=True), start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes.tolist(), tags={"highway": kind}))


def _asked() -> tuple[Path, Size, str]:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("folder", type=Path)
    for name, default in (("counties", 107), ("across", 11), ("towns", 12), ("areas", 187), ("nodes", 28_000)):
        words.add_argument(f"--{name}", type=int, default=default)
    words.add_argument("--side", type=float, default=40_000.0, help="metres of a county's side")
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--format", choices=("gpkg", "pbf"), default="pbf")
    asked = words.parse_args()
    size = Size(asked.counties, asked.across, asked.towns, asked.areas, asked.nodes, asked.side, asked.seed)
    return asked.folder, size, asked.format


if __name__ == "__main__":
    chosen, wanted, kind = _asked()
    main(chosen, wanted, roads=kind, crs=None)
