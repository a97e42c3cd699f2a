"""Layers that lose rows: GeoPackages whose counts lie, shapefiles whose parts disagree."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from pathlib import Path

from . import town
from .case import Kept, Refused, bad, either
from .parts import WITHOUT, dbf_cells, dbf_write, gpkg, poke, shapefile, sql, void, zipped
from .town import Folder

R = "residential.gpkg"
WHOLE = either(Kept(read={"residential": 6}), Refused("rows_lost", R))

# --------------------------------------------------------------------------------------- N1: counts kept in the file


@bad("n1-count-low", "N1", "P0", "2 of 6 areas are read: 1 536 households", WHOLE, quick=True)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "residential"), "UPDATE gpkg_ogr_contents SET feature_count = 2")


@bad("n1-count-high", "N1", "P0", "54 empty areas, or 60 rows accounted for", WHOLE)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "residential"), "UPDATE gpkg_ogr_contents SET feature_count = 60")


@bad(
    "n1-count-zero-facilities",
    "N1",
    "P0",
    "no facility: nobody covered, 606 m² gone",
    either(Kept(read={"facilities": 4}), Refused("rows_lost", "facilities.gpkg")),
)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "facilities"), "UPDATE gpkg_ogr_contents SET feature_count = 0")


@bad(
    "n1-count-low-roads",
    "N1",
    "P0",
    "one road of six is read: B is cut off",
    either(Kept(read={"roads": 6}), Refused("rows_lost", "roads.gpkg")),
)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "roads"), "UPDATE gpkg_ogr_contents SET feature_count = 1")


@bad(
    "n1-rows-deleted",
    "N1",
    "P0",
    "six areas are reported where five are left",
    either(Kept(WITHOUT["D"], read={"residential": 5}), Refused("rows_lost", R)),
)
def _(folder: Folder) -> None:
    _without_gate(folder, "D")
    sql(gpkg(folder, "residential"), "DELETE FROM residential WHERE residential_id = 'D'")


def _without_gate(folder: Folder, name: str) -> None:
    gates = folder.tables["entrances"]
    folder.tables["entrances"] = gates[gates["residential_id"] != name].reset_index(drop=True)


@bad("n1-extent-stale", "N1", "P1", "areas outside the stored extent are left out", Kept())
def _(folder: Folder) -> None:
    sql(gpkg(folder, "residential"), f"UPDATE gpkg_contents SET max_x = {town.X0 + 500}, max_y = {town.Y0 + 200}")


@bad("n1-rtree-stale", "N1", "P0", "areas missing from the spatial index are left out", WHOLE)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "residential"), "DELETE FROM rtree_residential_geom WHERE id > 2")


# ------------------------------------------------------------------------------------------- N3: more than one writer


@bad("n3-journal-left", "N3", "P0", "half a transaction is taken for the whole", Refused("gpkg_journal|file_broken", R))
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    Path(f"{path}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))


@bad(
    "n3-wal-left",
    "N3",
    "P0",
    "the row still in the write-ahead log is lost: 3 520 households",
    either(Kept(read={"residential": 6}), Refused("gpkg_journal|rows_lost|file_broken", R)),
    hostile=True,
)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    path = gpkg(folder, "residential", table)
    sql(path, "CREATE TABLE aside AS SELECT * FROM residential WHERE fid = 1", "DELETE FROM residential WHERE fid = 1")
    live = folder.path / "live.db"
    shutil.move(path, live)
    writer = sqlite3.connect(live)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("INSERT INTO residential SELECT * FROM aside")
    writer.commit()
    shutil.copy(live, path)
    shutil.copy(f"{live}-wal", f"{path}-wal")
    writer.close()
    for name in ("live.db", "live.db-wal", "live.db-shm"):
        (folder.path / name).unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------ GeoPackages that are none


@bad("p1-gpkg-half", "P1", "P1", "the pages that are left are read", Refused("", R))
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


@bad("p1-gpkg-empty-file", "P1", "P2", "an empty layer", Refused("file_empty", R))
def _(folder: Folder) -> None:
    gpkg(folder, "residential").write_bytes(b"")


@bad("p1-gpkg-only-magic", "P1", "P2", "an empty layer", Refused("", R))
def _(folder: Folder) -> None:
    gpkg(folder, "residential").write_bytes(b"SQLite format 3\0" + bytes(84))


@bad("p1-sqlite-no-gpkg", "P1", "P1", "some table is taken for the layer", Refused("gpkg_not_geopackage", R))
def _(folder: Folder) -> None:
    path = folder.name("residential", R)
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE residential (residential_id TEXT, households INTEGER)")
        base.execute("INSERT INTO residential VALUES ('A', 512)")
    base.close()


@bad("p1-gpkg-two-layers", "P1", "P0", "the first layer is taken: 6 areas of another year", Refused("layer_needed", R))
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    folder.tables["entrances"].to_file(path, layer="other", driver="GPKG")


@bad("p1-gpkg-layer-unknown", "P1", "P1", "another layer stands in", Refused("layer_unknown", R, value="小区2024"))
def _(folder: Folder) -> None:
    folder.inputs["residential"] = {"layer": "小区2024"}


@bad("p1-gpkg-no-rows", "P1", "P1", "a plan with nobody in it, all clauses met", Refused("table_without_rows", R))
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    folder.tables["residential"] = table.iloc[:0]
    folder.tables["entrances"] = None
    folder.tables["facilities"] = folder.tables["facilities"].assign(serves="")


@bad("p1-gpkg-no-layer", "P1", "P1", "an empty layer", Refused("layer_none|file_broken|table_*", R))
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    sql(path, "DELETE FROM gpkg_geometry_columns", "DELETE FROM gpkg_contents", "DROP TABLE residential")


@bad(
    "p1-gpkg-shape-garbled",
    "P1",
    "P0",
    "B is gone without a word, or covered at no place",
    either(
        Kept(WITHOUT["B"], excluded={"residential": 1, "entrances": 1}, says="geometry_*", file=R, row=2),
        Refused("", R, row=2),
        Refused("file_broken|geometry_*", R),
    ),
)
def _(folder: Folder) -> None:
    folder.tables["facilities"] = folder.tables["facilities"].query("facility_id != 'K2'").reset_index(drop=True)
    sql(gpkg(folder, "residential"), "UPDATE residential SET geom = x'4750000100000000deadbeef' WHERE fid = 2")


@bad(
    "n13-gpkg-text-in-integer",
    "N13",
    "P0",
    "'约五百' in an integer column is read as 0 households",
    Refused("number_unreadable|number_approximate", R, row=2, column="households"),
)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "residential"), "UPDATE residential SET households = '约五百' WHERE fid = 2")


@bad(
    "n13-gpkg-number-text-in-integer",
    "N13",
    "P0",
    "'1,024' in an integer column is read as 1",
    either(Kept(), Refused("number_*|rows_lost|file_broken", R, row=2), Refused("file_broken", R)),
)
def _(folder: Folder) -> None:
    sql(gpkg(folder, "residential"), "UPDATE residential SET households = '1,024' WHERE fid = 2")


@bad(
    "n13-gpkg-infinity",
    "N13",
    "P0",
    "infinitely many households",
    Refused("number_not_finite", R, row=2, column="households"),
)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    sql(
        gpkg(folder, "residential", table.astype({"households": float})),
        "UPDATE residential SET households = 9e999 WHERE fid = 2",
    )


@bad("s1-gpkg-virtual-table", "S1", "P0", "the table reads another file of the machine", Refused("", R), hostile=True)
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    secret = folder.path / "geheim.csv"
    secret.write_text("residential_id,households\nX,1\n")
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA writable_schema = 1")
        base.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'residential' AND type = 'table'",
            (f"CREATE VIRTUAL TABLE residential USING VirtualOGR('{secret}')",),
        )
    base.close()


@bad(
    "s1-gpkg-view-loads",
    "S1",
    "P0",
    "a view calls load_extension or reads beyond the table",
    either(Refused("", R), Kept()),
    hostile=True,
)
def _(folder: Folder) -> None:
    path = gpkg(folder, "residential")
    sql(
        path,
        "ALTER TABLE residential RENAME TO held",
        "CREATE VIEW residential AS SELECT *, readfile('/etc/hostname') AS extra FROM held",
    )


# --------------------------------------------------------------------------------------- N2: shapefile parts disagree

S = "小区.shp"
DISAGREE = "shapefile_disagrees|file_broken|rows_lost"


def _dbf_count(path: Path, rows: int) -> None:
    poke(path.with_suffix(".dbf"), 4, struct.pack("<I", rows))


@bad("n2-dbf-short", "N2", "P0", "4 of 6 areas are read", Refused(DISAGREE, S), quick=True)
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    header, record, _ = dbf_cells(shp.with_suffix(".dbf"))
    raw = shp.with_suffix(".dbf").read_bytes()
    shp.with_suffix(".dbf").write_bytes(raw[: header + 4 * record] + b"\x1a")
    _dbf_count(shp, 4)


@bad("n2-dbf-count-low", "N2", "P0", "4 of 6 areas are read", Refused(DISAGREE, S))
def _(folder: Folder) -> None:
    _dbf_count(shapefile(folder), 4)


@bad("n2-dbf-long", "N2", "P0", "6 areas with the attributes of others", Refused(DISAGREE, S))
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    header, record, _ = dbf_cells(shp.with_suffix(".dbf"))
    raw = shp.with_suffix(".dbf").read_bytes()
    body = raw[header : header + 6 * record]
    shp.with_suffix(".dbf").write_bytes(raw[:header] + body + body[: 2 * record] + b"\x1a")
    _dbf_count(shp, 8)


@bad("n2-shx-short", "N2", "P0", "4 of 6 areas are read", Refused(DISAGREE, S))
def _(folder: Folder) -> None:
    shx = shapefile(folder).with_suffix(".shx")
    raw = shx.read_bytes()[: 100 + 4 * 8]
    shx.write_bytes(raw[:24] + struct.pack(">i", len(raw) // 2) + raw[28:])


@bad("n2-shx-points-twice", "N2", "P0", "C has the outline of B", Refused(DISAGREE, S))
def _(folder: Folder) -> None:
    shx = shapefile(folder).with_suffix(".shx")
    poke(shx, 100 + 2 * 8, shx.read_bytes()[108:116])


@bad("n2-shp-half", "N2", "P0", "6 rows, half of them without shape", Refused(DISAGREE, S))
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    raw = shp.read_bytes()
    shp.write_bytes(raw[: len(raw) // 2])


@bad(
    "n2-shp-length-lies",
    "N2",
    "P0",
    "the areas behind the stated end are left out",
    either(Refused(DISAGREE, S), Kept()),
)
def _(folder: Folder) -> None:
    poke(shapefile(folder), 24, struct.pack(">i", 120))


@bad(
    "n2-shp-part-count",
    "N2",
    "P0",
    "a shape of a million parts fills the memory, or B is gone without a word",
    either(Refused("", S), Kept(WITHOUT["B"], excluded={"residential": 1, "entrances": 1}, says="geometry_*", row=2)),
    hostile=True,
)
def _(folder: Folder) -> None:
    folder.tables["facilities"] = folder.tables["facilities"].query("facility_id != 'K2'").reset_index(drop=True)
    shp = shapefile(folder)
    offset = struct.unpack(">i", shp.with_suffix(".shx").read_bytes()[108:112])[0] * 2
    poke(shp, offset + 8 + 36, struct.pack("<i", 100_000_000))


@bad(
    "n2-dbf-deleted-row",
    "N2",
    "P0",
    "five areas, and nobody says that one was marked as deleted",
    either(
        Refused("", S),
        Kept(WITHOUT["D"], read={"residential": 6}, excluded={"residential": 1}, says="*", file=S, row=4),
        Kept(WITHOUT["D"], read={"residential": 5}, says="*", file=S),
    ),
)
def _(folder: Folder) -> None:
    _without_gate(folder, "D")
    shp = shapefile(folder)
    header, record, _ = dbf_cells(shp.with_suffix(".dbf"))
    poke(shp.with_suffix(".dbf"), header + 3 * record, b"*")


@bad(
    "n2-dbf-overflow",
    "N2",
    "P0",
    "a number too wide for its field (*****), as GDAL also writes an empty cell, is missing without a word",
    Kept(
        {
            "households_total": 3008,
            "households_covered": 512,
            "required_m2": 1107.2,
            "provided_m2": 350.0,
            "meets": 1,
            "not_assessable": 1,
        },
        says="dbf_asterisks",
        file=S,
        column="户数|households",
    ),
)
def _(folder: Folder) -> None:
    dbf_write(shapefile(folder).with_suffix(".dbf"), 1, "户数", "*" * 20)


@bad(
    "n2-dbf-text-in-number",
    "N2",
    "P0",
    "'5OO' in a numeric field is read as 5 or 0",
    Refused("number_*", S, row=2, column="户数|households"),
)
def _(folder: Folder) -> None:
    dbf_write(shapefile(folder).with_suffix(".dbf"), 1, "户数", "5OO")


@bad(
    "n2-null-shape",
    "N2",
    "P1",
    "D stays in the totals without a place, or is gone without a word",
    Kept(WITHOUT["D"], excluded={"residential": 1}, says="geometry_empty", file=S, row=4),
)
def _(folder: Folder) -> None:
    _without_gate(folder, "D")
    shp = shapefile(folder)
    offset = struct.unpack(">i", shp.with_suffix(".shx").read_bytes()[124:128])[0] * 2
    poke(shp, offset + 8, struct.pack("<i", 0))


@bad("n2-zip-no-shx", "N2", "P0", "no layer, no row, no error", Refused("shapefile_part_missing", "residential.zip"))
def _(folder: Folder) -> None:
    void(zipped(folder, without=[".shx"]))


@bad("n2-zip-no-dbf", "N2", "P0", "shapes without households", Refused("shapefile_part_missing", "residential.zip"))
def _(folder: Folder) -> None:
    void(zipped(folder, without=[".dbf"]))


@bad("n2-zip-no-shp", "N2", "P0", "a plain table without places", Refused("shapefile_part_missing", "residential.zip"))
def _(folder: Folder) -> None:
    void(zipped(folder, without=[".shp"]))


@bad(
    "n2-no-shx", "N2", "P0", "the index is made anew from a file that may be cut", Refused("shapefile_part_missing", S)
)
def _(folder: Folder) -> None:
    shapefile(folder).with_suffix(".shx").unlink()


@bad("n2-no-dbf", "N2", "P0", "shapes without households", Refused("shapefile_part_missing", S))
def _(folder: Folder) -> None:
    shapefile(folder).with_suffix(".dbf").unlink()


@bad("n2-dbf-header-cut", "N2", "P1", "an empty table", Refused("", S))
def _(folder: Folder) -> None:
    dbf = shapefile(folder).with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes()[:20])


@bad(
    "n2-parts-of-two",
    "N2",
    "P0",
    "six outlines with the attributes of six other areas: nothing shows it",
    Refused(DISAGREE, S),
)
def _(folder: Folder) -> None:
    shp = shapefile(folder)
    other = shapefile(folder, table=town.residential().iloc[[0, 1, 2, 3, 4]], stem="别")
    folder.name("residential", S)
    shutil.copy(other.with_suffix(".dbf"), shp.with_suffix(".dbf"))
