"""Make a province that does not exist, of any size: counties side by side with towns, villages, centres and roads.

``python data/make_province.py FOLDER [--counties 107 --towns 12 --areas 187 --nodes 28000 --format pbf]`` writes one
layer set for the whole province and ``province.toml``; the same numbers write the same files. Counties are 40 km wide;
people live in a county seat, in town seats and in villages with streets every hundred metres, and between these lie
country roads eight hundred metres apart. ``--even`` spreads areas and streets evenly instead. Roads are drawn across
county borders, so that a county cut out alone would lose ways.
"""

from __future__ import annotations

import argparse
import itertools
import math
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
CELL_M, COUNTRY_STEPS = 800.0, 4
BLOCKS = 8  # each way, in a built-up cell between country roads
URBAN_SHARE = 0.35
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
    """How large the province is: counties in ``across`` columns, each a square of ``side_m``.

    ``settled``: in towns and villages, else spread evenly; ``nodes`` of a county's roads are met nearly, not exactly.
    """

    counties: int = 4
    across: int = 2
    towns: int = 2
    areas: int = 12
    nodes: int = 400
    side_m: float = 4000.0
    seed: int = 7
    settled: bool = False

    @property
    def cells(self) -> int:
        """Return how many cells between country roads a county is wide, and as many high."""
        return max(8, round(self.side_m / CELL_M))

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
    shapes, rural = _settled_areas(size, at, random) if size.settled else _even_areas(size, west, south, random)
    areas = _areas(code, shapes, rural, random)
    return units, areas, _facilities(size, code, west, south, areas, random)


def _units(size: Size, code: str, west: float, south: float) -> gpd.GeoDataFrame:
    names = [f"{code}{number:03d}" for number in range(1, size.towns + 1)]
    county = shapely.box(west, south, west + size.side_m, south + size.side_m)
    return gpd.GeoDataFrame(
        {
            "unit_id": [code, *names],
            "name": [f"虚构县{code[-3:]}", *(f"{name[-3:]}镇" for name in names)],
            "type": ["county", *["town"] * size.towns],
            "parent": [None, *[code] * size.towns],
        },
        geometry=[county, *(shapely.box(*bounds) for bounds in town_boxes(size, west, south))],
        crs=CRS,
    )


def town_boxes(size: Size, west: float, south: float) -> list[tuple[float, float, float, float]]:
    """Return the bounds of a county's towns: strips, or rows of them where people live in seats."""
    rows = max(1, round(size.towns**0.5)) if size.settled else 1
    edges = np.linspace(0, size.towns, rows + 1).round().astype(int)
    boxes = []
    for row, (first, last) in enumerate(itertools.pairwise(edges.tolist())):
        low, high = (south + size.side_m * share / rows for share in (row, row + 1))
        xs = west + size.side_m * np.arange(last - first + 1) / (last - first)
        boxes += [(left, low, right, high) for left, right in itertools.pairwise(xs.tolist())]
    return boxes


def _even_areas(size: Size, west: float, south: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return areas anywhere, the first and the last hard by the border, where a county cut out alone goes wrong."""
    step = size.spacing_m
    cells = max(2, round(size.side_m / step))
    chosen = random.choice(cells * cells, size=min(size.areas, cells * cells), replace=False)
    column, row = chosen % cells, chosen // cells
    column[:1], row[-1:] = cells - 1, cells - 1
    half = step * random.uniform(0.15, 0.3, len(chosen))
    x, y = west + (column + 0.5) * step, south + (row + 0.5) * step
    return shapely.box(x - half, y - half, x + half, y + half), np.full(len(chosen), fill_value=False)


def _areas(code: str, shapes: np.ndarray, rural: np.ndarray, random: np.random.Generator) -> gpd.GeoDataFrame:
    count = len(shapes)
    households = random.integers(40, 900, count)
    in_village = rural if rural.any() else random.random(count) < 0.5
    return gpd.GeoDataFrame(
        {
            "residential_id": [f"{code}-A{number:05d}" for number in range(count)],
            "name": [f"第{number + 1}居住区" for number in range(count)],
            "households": households,
            "residents": households * 3,
            "elderly": households // 2,
            "setting": np.where(in_village, "rural", "urban"),
            "land_grant_date": np.where(random.random(count) < 0.3, "2018-05-01", "2009-03-01"),
            "care_floor_area_m2": random.integers(0, 200, count).astype(float),
        },
        geometry=shapes,
        crs=CRS,
    )


def _facilities(
    size: Size, code: str, west: float, south: float, areas: gpd.GeoDataFrame, random: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return centres in three towns of five, stations in every fifth area, and one institution."""
    with_centre = np.flatnonzero(random.random(size.towns) < 0.6)
    bounds = np.array(town_boxes(size, west, south))[with_centre]
    least, most = (0.48, 0.52) if size.settled else (0.02, 0.98)  # in the seat of the town, or anywhere
    along, up = random.uniform(least, most, (2, len(with_centre)))
    centres = shapely.points(
        bounds[:, 0] + along * (bounds[:, 2] - bounds[:, 0]), bounds[:, 1] + up * (bounds[:, 3] - bounds[:, 1])
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
    """Return the roads of the whole province."""
    draw = _settled_roads if size.settled else _even_roads
    lines, classes = draw(size, np.random.default_rng([size.seed, 10_000]))
    ids = [f"W{number:07d}" for number in range(len(lines))]
    return gpd.GeoDataFrame({"road_id": ids, "highway": classes}, geometry=lines, crs=CRS)


def _even_roads(size: Size, random: np.random.Generator) -> tuple[list[shapely.LineString], np.ndarray]:
    """Return ways of some ten crossings along rows and columns of a jittered lattice, a tenth missing."""
    step = size.spacing_m
    cells = max(2, round(size.side_m / step))
    wide, high = size.across * cells + 1, -(-size.counties // size.across) * cells + 1
    x, y = np.meshgrid(WEST_M + step * np.arange(wide), SOUTH_M + step * np.arange(high))
    places = np.stack([x, y], axis=-1) + random.uniform(-0.12, 0.12, (high, wide, 2)) * step
    places = np.round(places, 3)
    lines = [*_ways(places), *_ways(places.swapaxes(0, 1))]
    kept = random.random(len(lines)) > 0.1
    lines = [line for line, keep in zip(lines, kept, strict=True) if keep]
    return lines, np.where(random.random(len(lines)) < 0.2, "secondary", "residential")


def _ways(places: np.ndarray) -> list[shapely.LineString]:
    return [
        shapely.LineString(line[start : start + WAY_STEPS + 1])
        for line in places
        for start in range(0, len(line) - 1, WAY_STEPS)
    ]


# ------------------------------------------------------------------------------------------------ towns and villages


def _seats(size: Size) -> list[tuple[slice, slice]]:
    """Return the rows and columns of cells that the seat of each town fills; the first town has the county's seat."""
    large = size.cells >= 24
    found = []
    for at, (west, south, east, north) in enumerate(town_boxes(size, 0.0, 0.0)):
        wide = (4 if at == 0 else 2) if large else 1
        middle = (int((low + high) / 2 / size.side_m * size.cells) for low, high in ((south, north), (west, east)))
        row, column = (slice(at - wide // 2, at - wide // 2 + wide) for at in middle)
        found.append((row, column))
    return found


def _built(size: Size, at: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the built-up cells of a county: those of seats as a mask, villages as row and column."""
    random = np.random.default_rng([size.seed, 20_000 + at])
    seats = np.zeros((size.cells, size.cells), dtype=bool)
    for place in _seats(size):
        seats[place] = True
    free = np.flatnonzero(~seats)
    wanted = min(round(size.areas * (1 - URBAN_SHARE)), len(free) * 2 // 3)
    villages = random.choice(free, size=wanted, replace=False)
    if wanted and not seats[size.cells // 3, -1]:
        villages[0] = size.cells * (size.cells // 3 + 1) - 1  # hard by the border, where a county alone goes wrong
    return seats, np.stack(np.divmod(np.unique(villages), size.cells), axis=1)


def _corners(size: Size) -> np.ndarray:
    """Return the crossings of country roads in the whole province."""
    step = size.side_m / size.cells
    wide, high = size.across * size.cells + 1, -(-size.counties // size.across) * size.cells + 1
    jitter = np.random.default_rng([size.seed, 30_000]).uniform(-0.15, 0.15, (high, wide, 2)) * step
    x, y = np.meshgrid(WEST_M + step * np.arange(wide), SOUTH_M + step * np.arange(high))
    return np.round(np.stack([x, y], axis=-1) + jitter, 3)


def _grids(corners: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the street crossings of built-up cells, ``BLOCKS + 1`` each way."""
    share = np.arange(BLOCKS + 1) / BLOCKS
    low = _between(corners[rows, columns], corners[rows, columns + 1], share)
    high = _between(corners[rows + 1, columns], corners[rows + 1, columns + 1], share)
    return np.round(_between(low, high, share), 3).swapaxes(1, 2)


def _between(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return points between two, a new axis before the last."""
    return one[..., None, :] * (1 - share[:, None]) + other[..., None, :] * share[:, None]


def _settled_areas(size: Size, at: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return estates, each a block of a seat, and villages, each the middle of a cell; and which are villages."""
    seats, villages = _built(size, at)
    corners, first = _corners(size), (at // size.across * size.cells, at % size.across * size.cells)
    rows, columns = np.nonzero(seats)
    seat_grids = _grids(corners, rows + first[0], columns + first[1])
    count = min(size.areas - len(villages), len(rows) * BLOCKS * BLOCKS)
    cell, block = np.divmod(random.choice(len(rows) * BLOCKS * BLOCKS, size=count, replace=False), BLOCKS * BLOCKS)
    estates = _blocks(seat_grids[cell], *np.divmod(block, BLOCKS), 1)
    inside = shapely.buffer(estates, -0.08 * size.side_m / size.cells / BLOCKS, join_style="mitre")
    middle = np.full(len(villages), BLOCKS // 4)
    places = _grids(corners, villages[:, 0] + first[0], villages[:, 1] + first[1])
    hamlets = _blocks(places, middle, middle, BLOCKS // 2)
    return np.concatenate([inside, hamlets]), np.repeat([False, True], [len(inside), len(hamlets)])


def _blocks(grids: np.ndarray, row: np.ndarray, column: np.ndarray, width: int) -> np.ndarray:
    at = np.arange(len(grids))
    steps = ((0, 0), (0, width), (width, width), (width, 0))
    return shapely.polygons(np.stack([grids[at, row + up, column + right] for up, right in steps], axis=1))


def _settled_roads(size: Size, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return country roads between all cells, a quarter missing, and the streets of seats and villages."""
    corners = _corners(size)
    built = np.zeros((corners.shape[0] - 1, corners.shape[1] - 1), dtype=bool)
    for at in range(size.counties):
        row, column = at // size.across * size.cells, at % size.across * size.cells
        seats, villages = _built(size, at)
        seats[villages[:, 0], villages[:, 1]] = True
        built[row : row + size.cells, column : column + size.cells] = seats
    grids = _grids(corners, *np.nonzero(built))
    streets = np.concatenate([grids[:, 1:-1], grids.swapaxes(1, 2)[:, 1:-1]]).reshape(-1, BLOCKS + 1, 2)
    streets = streets[random.random(len(streets)) > 0.08]
    bends = _bends(size, built)
    country = [*_country(corners, built, bends, random), *_country(corners.swapaxes(0, 1), built.T, bends, random)]
    classes = np.where(random.random(len(country)) < 0.2, "secondary", "unclassified")
    lines = np.concatenate([country, shapely.linestrings(streets)])
    return lines, np.concatenate([classes, np.full(len(streets), "residential")])


def _bends(size: Size, built: np.ndarray) -> int:
    """Return how many bends a country road has between crossings, for the province to have its nodes."""
    streets = built.sum() * (BLOCKS - 1) * (BLOCKS + 1)
    rural = 2 * built.size - 2.5 * built.sum()
    return max(0, round((size.nodes * size.counties - streets - built.size) / max(1.0, 0.75 * rural)))


def _country(
    corners: np.ndarray, built: np.ndarray, bends: int, random: np.random.Generator
) -> list[shapely.LineString]:
    """Return the country roads along rows; where streets begin they have a node, elsewhere bends."""
    padded = np.pad(built, ((1, 1), (0, 0)))
    beside = padded[1:] | padded[:-1]
    straight = np.round(_between(corners[:, :-1], corners[:, 1:], np.arange(BLOCKS + 1) / BLOCKS), 3)
    bent = _between(corners[:, :-1], corners[:, 1:], np.arange(bends + 2) / (bends + 1))
    reach = 0.03 * float(np.median(np.abs(np.diff(corners[..., 0], axis=1)).max(axis=0)))
    bent[..., 1:-1, :] += random.uniform(-reach, reach, bent[..., 1:-1, :].shape)
    bent = np.round(bent, 3)
    drawn = []
    for row in range(corners.shape[0]):
        for first in range(0, corners.shape[1] - 1, COUNTRY_STEPS):
            some = range(first, min(first + COUNTRY_STEPS, corners.shape[1] - 1))
            if random.random() < 0.25 and not beside[row, some.start : some.stop].any():
                continue
            parts = [straight[row, at] if beside[row, at] else bent[row, at] for at in some]
            drawn.append(shapely.LineString(np.concatenate([parts[0], *(part[1:] for part in parts[1:])])))
    return drawn


# ---------------------------------------------------------------------------------------------------------- the extract


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
    for name, default in (("counties", 107), ("across", 0), ("towns", 12), ("areas", 187), ("nodes", 28_000)):
        words.add_argument(f"--{name}", type=int, default=default)
    words.add_argument("--side", type=float, default=40_000.0, help="metres of a county's side")
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--format", choices=("gpkg", "pbf"), default="pbf")
    words.add_argument("--even", action="store_true", help="areas and streets spread evenly")
    said = words.parse_args()
    across = said.across or math.ceil(said.counties**0.5)  # counties side by side: as wide as high
    size = Size(said.counties, across, said.towns, said.areas, said.nodes, said.side, said.seed, not said.even)
    return said.folder, size, said.format


if __name__ == "__main__":
    chosen, wanted, kind = _asked()
    main(chosen, wanted, roads=kind, crs=None)
