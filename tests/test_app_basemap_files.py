"""Base maps from files: what MBTiles and PMTiles hold, told by files written here byte by byte, and by GDAL."""

from __future__ import annotations

import gzip
import itertools
import sqlite3
import struct
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from starlette.requests import Request

from planning.errors import InputRefused
from planning.ui import basemaps, serving, tile_files

PNG = b"\x89PNG\r\n\x1a\n"


def mbtiles(path: Path, tiles: dict[tuple[int, int, int], bytes], **facts: str) -> Path:
    """Write tiles by zoom, column and row as XYZ services count them; the file counts rows from the south."""
    with sqlite3.connect(path) as held:
        held.execute("CREATE TABLE metadata (name text, value text)")
        held.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        held.executemany("INSERT INTO metadata VALUES (?, ?)", list(facts.items()))
        held.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)",
                         [(z, x, 2**z - 1 - y, data) for (z, x, y), data in tiles.items()])  # fmt: skip
    held.close()
    return path


def varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found, value = found + bytes([value % 128 + 128]), value // 128
    return found + bytes([value])


def directory(entries: list[tuple[int, int, int, int]]) -> bytes:
    """Return entries of number, run, length, offset as the format states them: column by column, numbers as steps."""
    steps = [entry[0] - (entries[place - 1][0] if place else 0) for place, entry in enumerate(entries)]
    columns = [steps, *([entry[part] for entry in entries] for part in (1, 2)), [entry[3] + 1 for entry in entries]]
    return gzip.compress(b"".join(map(varint, [len(entries), *itertools.chain(*columns)])))


def pmtiles(path: Path, root: bytes, leaves: bytes, tiles: bytes, *, zooms=(0, 2), kind=2, version=3) -> Path:
    at = 127
    places = [at, len(root), at + len(root), 0, at + len(root), len(leaves), at + len(root) + len(leaves), len(tiles)]
    head = b"PMTiles" + bytes([version]) + struct.pack("<11Q", *places, 0, 0, 0) + bytes([1, 2, 1, kind, *zooms])
    path.write_bytes(head.ljust(at, b"\0") + root + leaves + tiles)
    return path


def curve(zoom: int) -> list[tuple[int, int]]:
    """Return the tiles of a zoom along the Hilbert curve, by its definition: four copies, the first and last turned."""
    if not zoom:
        return [(0, 0)]
    smaller, half = curve(zoom - 1), 2 ** (zoom - 1)
    return [
        *((y, x) for x, y in smaller),
        *((x, y + half) for x, y in smaller),
        *((x + half, y + half) for x, y in smaller),
        *((2 * half - 1 - y, half - 1 - x) for x, y in smaller),
    ]


@pytest.mark.parametrize("zoom", [0, 1, 2, 5])
def test_tiles_of_pmtiles_are_numbered_along_the_curve(zoom):
    before = sum(4**lower for lower in range(zoom))
    assert [tile_files.number(zoom, *at) - before for at in curve(zoom)] == list(range(4**zoom))


def test_mbtiles_count_rows_from_the_south(tmp_path):
    file = mbtiles(
        tmp_path / "底 图.mbtiles", {(1, 0, 0): PNG + b"nw", (1, 0, 1): PNG + b"sw"}, minzoom="1", maxzoom="1"
    )
    assert tile_files.opened(file) == tile_files.Pictures(file, 1, 1)
    assert tile_files.tile(file, 1, 0, 0) == (PNG + b"nw", "image/png")
    assert tile_files.tile(file, 1, 0, 1) == (PNG + b"sw", "image/png")
    assert tile_files.tile(file, 1, 1, 1) is None


def test_mbtiles_that_state_no_zooms_are_asked(tmp_path):
    file = mbtiles(tmp_path / "a.mbtiles", {(3, 1, 1): PNG, (7, 1, 1): PNG})
    assert (tile_files.opened(file).least, tile_files.opened(file).most) == (3, 7)


def test_pmtiles_are_found_through_runs_and_leaves(tmp_path):
    """Number 0 is the world; 1 to 4 are one picture four times; 5 stands in a leaf; 6 has none."""
    world, sea, leafy = PNG + b"world", b"\xff\xd8\xffsea", b"RIFF\0\0\0\0WEBPx"
    leaf = directory([(5, 1, len(leafy), len(world) + len(sea))])
    root = directory([(0, 1, len(world), 0), (1, 4, len(sea), len(world)), (5, 0, len(leaf), 0)])
    file = pmtiles(tmp_path / "a.pmtiles", root, leaf, world + sea + leafy)
    assert tile_files.opened(file) == tile_files.Pictures(file, 0, 2)
    assert tile_files.tile(file, 0, 0, 0) == (world, "image/png")
    assert {tile_files.tile(file, 1, x, y) for x in (0, 1) for y in (0, 1)} == {(sea, "image/jpeg")}
    assert tile_files.tile(file, 2, 0, 0) == (leafy, "image/webp")
    assert tile_files.tile(file, 2, *curve(2)[1]) is None


def refused(path: Path) -> str:
    with pytest.raises(InputRefused) as caught:
        tile_files.opened(path)
    return caught.value.faults[0].code


def test_what_is_no_base_map_is_told(tmp_path):
    assert refused(tmp_path / "无.mbtiles") == "basemap_missing"
    (tmp_path / "a.png").write_bytes(PNG)
    assert refused(tmp_path / "a.png") == "basemap_missing"
    for name in ("a.mbtiles", "a.pmtiles"):
        (tmp_path / name).write_bytes(b"SQLite format 3\0" + b"\0" * 400)
        assert refused(tmp_path / name) == "basemap_unreadable"
    assert refused(mbtiles(tmp_path / "b.mbtiles", {})) == "basemap_unreadable"
    assert refused(mbtiles(tmp_path / "c.mbtiles", {(0, 0, 0): b"x"}, format="pbf")) == "basemap_vector"
    assert refused(mbtiles(tmp_path / "d.mbtiles", {}, minzoom="5", maxzoom="2")) == "basemap_unreadable"
    assert refused(pmtiles(tmp_path / "e.pmtiles", directory([]), b"", b"", version=2)) == "basemap_unreadable"
    assert refused(pmtiles(tmp_path / "f.pmtiles", b"cut", b"", b"")) == "basemap_unreadable"


def test_vector_tiles_written_by_gdal_are_told_as_such(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(12_000_000, 4_000_000)], crs="EPSG:3857")
    frame.to_file(tmp_path / "v.pmtiles", driver="PMTiles")
    assert refused(tmp_path / "v.pmtiles") == "basemap_vector"


@pytest.mark.parametrize("at", [(-1, 0, 0), (25, 0, 0), (1, 2, 0), (1, 0, 2), (1, 0, -1)])
def test_there_is_no_tile_beside_the_earth(tmp_path, at):
    with pytest.raises(ValueError, match="/"):
        tile_files.tile(mbtiles(tmp_path / "a.mbtiles", {}), *at)


def answer(address: str, zoom: int, column: int, row: int):
    name = address.removeprefix(serving.PREFIX).split("/")[0]
    return serving._answer(
        Request({"type": "http", "path_params": {"name": name, "zoom": zoom, "column": column, "row": row}})
    )


def test_the_server_gives_pictures_of_offered_files_only(tmp_path):
    file = mbtiles(tmp_path / "a.mbtiles", {(0, 0, 0): PNG + b"!", (1, 0, 0): b"<script>"}, minzoom="0", maxzoom="1")
    address = serving.address(file)
    found = answer(address, 0, 0, 0)
    assert (found.status_code, found.body, found.media_type) == (200, PNG + b"!", "image/png")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert answer(address, 1, 1, 1).body.startswith(PNG)  # nothing there: a dot that shows nothing
    assert answer(address, 1, 0, 0).status_code == 404  # no picture, whatever the file says
    assert answer(address, 1, 9, 0).status_code == 404
    for name in ("", "x", "L2V0Yy9wYXNzd2Q", address.split("/")[2][:-3] + "abc"):
        assert answer(f"{serving.PREFIX}{name}/", 0, 0, 0).status_code == 404
    file.unlink()
    assert answer(address, 0, 0, 0).status_code == 404


def test_a_server_offers_the_files_of_its_folder(tmp_path, monkeypatch):
    assert basemaps.offered() == []
    for name in ("b.pmtiles", "A.MBTILES", "c.png"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setenv(basemaps.FOLDER, str(tmp_path))
    assert [file.name for file in basemaps.offered()] == ["A.MBTILES", "b.pmtiles"]
