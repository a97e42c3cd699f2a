"""Shapes that lie: bow-ties, rings traced twice, holes outside, overlaps, NaN, kinds that do not belong."""

from __future__ import annotations

import math

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon

from . import town
from .case import Kept, Refused, bad, either
from .parts import WITHOUT, csv, geojson, reshaped, sheet, write_json
from .town import X0, Y0, Folder

R, G, C = "residential.gpkg", "residential.geojson", "residential.csv"
# D is 100 m × 100 m at x = 1950 … 2050 and has no room: setting it aside is row 4 and its gate.
OUT = either(
    Kept(WITHOUT["D"], excluded={"residential": 1, "entrances": 1}, says="geometry_*", file=R, row=4),
    Refused("geometry_*", R, row=4),
)
OUT_OR_KEPT = either(*OUT.answers, Kept(says="geometry_*", file=R, row=4))


def ring(*corners: tuple[float, float]) -> list[tuple[float, float]]:
    """Return corners in metres from the south-west corner of D."""
    return [(X0 + 1950 + x, Y0 + y) for x, y in corners]


SQUARE = ring((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
SHAPES = {
    "bow-tie": ("P0", "area 0 (buffer(0): half of it)", Polygon(ring((0, 0), (100, 100), (100, 0), (0, 100))), OUT),
    "bow-tie-uneven": (
        "P0",
        "3 000, 3 570 or 4 140 m² by method",
        Polygon(ring((0, 0), (100, 80), (100, 0), (0, 100))),
        OUT,
    ),
    "traced-twice": ("P0", "20 000 m² for 10 000", Polygon(SQUARE + SQUARE[1:]), OUT_OR_KEPT),
    "parts-overlap": (
        "P0",
        "20 000 m² for 15 000",
        MultiPolygon([Polygon(SQUARE), Polygon(ring((50, 0), (150, 0), (150, 100), (50, 100)))]),
        OUT,
    ),
    "parts-twice": ("P0", "20 000 m² for 10 000", MultiPolygon([Polygon(SQUARE), Polygon(SQUARE)]), OUT),
    "hole-outside": (
        "P0",
        "7 000, 8 500 or 10 000 m² by method",
        Polygon(SQUARE, [ring((120, 20), (150, 20), (150, 50), (120, 50))]),
        OUT_OR_KEPT,
    ),
    "hole-across": (
        "P0",
        "the part of the hole outside is subtracted",
        Polygon(SQUARE, [ring((50, 20), (150, 20), (150, 80), (50, 80))]),
        OUT,
    ),
    "hole-is-shell": ("P0", "no area at all, still there", Polygon(SQUARE, [SQUARE]), OUT),
    "no-area": ("P1", "households on nothing", Polygon(ring((0, 0), (100, 0), (50, 0))), OUT),
    "line": ("P1", "a line counts as an area", LineString(SQUARE), OUT),
    "collection": ("P1", "the first part is taken", GeometryCollection([Polygon(SQUARE), Point(X0, Y0)]), OUT),
    "collection-polygons": ("P2", "lost without a word", GeometryCollection([Polygon(SQUARE)]), OUT_OR_KEPT),
    "points": ("P1", "the first of two points is taken", MultiPoint([(X0 + 1990, Y0), (X0 + 2990, Y0)]), OUT),
    "empty": ("P1", "stays in the totals at no place", Polygon(), OUT),
    "null": ("P1", "stays in the totals at no place", None, OUT),
    "nan": (
        "P0",
        "joins pass over it in silence",
        lambda _: Polygon(ring((0, 0), (math.nan, 0), (100, 100), (0, 100))),
        OUT,
    ),
    "inf": (
        "P0",
        "bounds of the layer become infinite",
        lambda _: Polygon(ring((0, 0), (math.inf, 0), (100, 100), (0, 100))),
        OUT,
    ),
    "far-vertex": (
        "P0",
        "one vertex 900 km away: an area of 45 km²",
        Polygon(ring((0, 0), (900_000, 50), (100, 100), (0, 100))),
        either(*OUT.answers, Kept(says="*", file=R, row=4), Refused("", R, row=4)),
    ),
    "small-cross": (
        "P1",
        "repaired in silence",
        Polygon(ring((0, 0), (100, 0), (100, 100), (1, 100), (0, 99.5), (0, 100.2))),
        Kept(says="geometry_repaired", file=R, row=4),
    ),
}
for _id, (_severity, _wrong, _shape, _expected) in SHAPES.items():
    bad(f"n12-{_id}", "N12", _severity, _wrong, _expected, quick=_id == "bow-tie")(reshaped("residential", 3, _shape))


def _added(folder: Folder, shape: shapely.Geometry, **cells: object) -> None:
    table = folder.tables["residential"]
    row = {
        "residential_id": "G",
        "name": "庚小区",
        "households": 0,
        "residents": 0,
        "elderly": 0,
        "built": "new",
        "setting": "urban",
        "geometry": shape,
        **cells,
    }
    folder.tables["residential"] = gpd.GeoDataFrame(
        pd.concat([table, gpd.GeoDataFrame([row], crs=table.crs)], ignore_index=True)
    )


MORE = {"residential_total": 7, "not_applicable": 1}


@bad(
    "n14-other-start",
    "N14",
    "P1",
    "the same outline from another vertex under another id: D counts twice, no word",
    either(
        Kept({**MORE}, says="*", file=R, row=7),
        Kept({**MORE}, says="*", file=R, row=4),
        Refused("", R, row=7),
        Kept(excluded={"residential": 1}, says="*", file=R, row=7),
    ),
)
def _(folder: Folder) -> None:
    _added(folder, Polygon(ring((100, 100), (0, 100), (0, 0), (100, 0))))


@bad(
    "n14-row-twice",
    "N14",
    "P0",
    "A counts twice: 1 024 households",
    either(
        Kept(read={"residential": 7}, excluded={"residential": 1}, says="duplicate_row", file=R, row=7),
        Refused("id_duplicate|duplicate_row", R, row=7),
    ),
    quick=True,
)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    folder.tables["residential"] = gpd.GeoDataFrame(pd.concat([table, table.iloc[:1]], ignore_index=True))


@bad(
    "n14-row-twice-other-start",
    "N14",
    "P0",
    "A counts twice, or a traceback of the duplicate id",
    either(
        Kept(read={"residential": 7}, excluded={"residential": 1}, says="duplicate_*", file=R, row=7),
        Refused("id_duplicate|duplicate_row", R, row=7),
    ),
)
def _(folder: Folder) -> None:
    table = folder.tables["residential"]
    again = table.iloc[3:4].set_geometry([Polygon(ring((100, 100), (0, 100), (0, 0), (100, 0)))])
    folder.tables["residential"] = gpd.GeoDataFrame(
        pd.concat([table, again.set_crs(table.crs)], ignore_index=True), crs=table.crs
    )


@bad(
    "n14-overlap",
    "N14",
    "P1",
    "two areas on one ground, and no word",
    either(Kept(MORE, says="*overlap*|geometry_*|area*", file=R), Refused("", R, row=7)),
)
def _(folder: Folder) -> None:
    _added(folder, Polygon(ring((10, 10), (90, 10), (90, 90), (10, 90))))


@bad(
    "n14-on-border",
    "N14",
    "P0",
    "K3 on the border of two areas counts for both (300 m²) or for none",
    Kept({"required_m2": 1312.0, **MORE}),
)
def _(folder: Folder) -> None:
    _added(folder, shapely.box(X0 + 1300, Y0, X0 + 1400, Y0 + 200))
    rooms = folder.tables["facilities"]
    rooms.loc[3, "serves"] = ""
    reshaped("facilities", 3, town.at(1300, 50))(folder)
    folder.tables["entrances"] = gpd.GeoDataFrame(
        pd.concat(
            [
                folder.tables["entrances"],
                gpd.GeoDataFrame({"residential_id": ["G"]}, geometry=[town.at(1350)], crs=town.CRS),
            ],
            ignore_index=True,
        )
    )


@bad(
    "n14-gate-of-nobody",
    "N14",
    "P1",
    "a gate far from its area opens another street to it",
    either(
        Kept(says="*", file="entrances.gpkg", row=4),
        Kept(
            {"households_covered": 1792, "elderly_covered": 448, "residential_covered": 3},
            says="*",
            file="entrances.gpkg",
            row=4,
        ),
        Refused("", "entrances.gpkg", row=4),
    ),
)
def _(folder: Folder) -> None:
    reshaped("entrances", 3, town.at(100))(folder)


def _document(change: object, expected: object, case_id: str, wrong: str, severity: str = "P1") -> None:
    def build(folder: Folder) -> None:
        document = geojson(folder, "residential")
        change(document["features"])  # type: ignore[operator]
        write_json(folder, "residential", document)

    bad(case_id, "N12", severity, wrong, expected)(build)  # type: ignore[arg-type]


_AWAY = either(
    Kept(WITHOUT["D"], excluded={"residential": 1, "entrances": 1}, says="geometry_*", file=G, row=4), Refused("", G)
)
_document(lambda f: f[3].update(geometry=None), _AWAY, "n12-json-null", "D at no place")
_document(lambda f: f[3]["geometry"].update(coordinates=[]), _AWAY, "n12-json-empty", "D at no place")
_document(
    lambda f: f[3]["geometry"].update(coordinates=[[[117, 36], [118, 36]]]),
    _AWAY,
    "n12-json-two-points",
    "D at no place, or a crash",
)
_document(
    lambda f: f[3]["geometry"].update(coordinates=[[["117", "36"], ["118", "36"], ["118", "37"], ["117", "36"]]]),
    _AWAY,
    "n12-json-texts",
    "D at (0, 0)",
)
_document(
    lambda f: f[3]["geometry"].update(coordinates=[[[None, 36], [118, 36], [118, 37], [None, 36]]]),
    _AWAY,
    "n12-json-none",
    "D at (0, 36)",
    "P0",
)
_document(lambda f: f[3]["geometry"].update(type="Poligon"), _AWAY, "n12-json-kind", "D at no place")
_document(lambda f: f[3].update(type="Featuer"), _AWAY, "n12-json-feature", "D is passed over in silence", "P0")
_document(lambda f: f.__setitem__(3, None), _AWAY, "n12-json-hole", "D is passed over in silence", "P0")
_document(
    lambda f: f[3].pop("properties"),
    either(Refused("", G), Refused("reference_unknown", "entrances.gpkg", row=4)),
    "n12-json-bare",
    "D has no name, its households are 0",
)


@bad("n12-json-nan", "N12", "P1", "NaN, which is no JSON, is read as 0", _AWAY)
def _(folder: Folder) -> None:
    document = geojson(folder, "residential")
    document["features"][3]["geometry"]["coordinates"][0][1][0] = math.nan
    write_json(folder, "residential", document)


@bad("p1-json-cut", "P1", "P0", "the features before the cut are read", Refused("json_broken|file_broken", G))
def _(folder: Folder) -> None:
    path = write_json(folder, "residential", geojson(folder, "residential"))
    path.write_bytes(path.read_bytes()[:-400])


@bad(
    "p1-json-two-documents",
    "P1",
    "P1",
    "the first of two collections is read",
    Refused("json_broken|format_*|file_broken", G),
)
def _(folder: Folder) -> None:
    path = write_json(folder, "residential", geojson(folder, "residential"))
    path.write_bytes(path.read_bytes() * 2)


@bad(
    "p1-json-households-mixed",
    "N13",
    "P0",
    "a column of numbers and '约500' becomes text, or 500 is 0",
    Refused("number_*", G, row=2, column="households"),
)
def _(folder: Folder) -> None:
    document = geojson(folder, "residential")
    document["features"][1]["properties"]["households"] = "约500"
    write_json(folder, "residential", document)


@bad("p1-json-households-bool", "N13", "P1", "true is 1 household", Refused("number_*", G, row=2, column="households"))
def _(folder: Folder) -> None:
    document = geojson(folder, "residential")
    document["features"][1]["properties"]["households"] = True
    write_json(folder, "residential", document)


@bad(
    "p1-json-households-list",
    "N13",
    "P1",
    "the first of a list, or its text",
    Refused("", G, row=2, column="households"),
)
def _(folder: Folder) -> None:
    document = geojson(folder, "residential")
    document["features"][1]["properties"]["households"] = [1000, 24]
    write_json(folder, "residential", document)


@bad("p1-json-key-twice", "N17", "P0", "of households written twice the last wins", either(Refused("", G)))
def _(folder: Folder) -> None:
    path = write_json(folder, "residential", geojson(folder, "residential"))
    path.write_text(path.read_text().replace('"households": 1024', '"households": 1024, "households": 10'))


@bad(
    "p1-json-places-coarse",
    "N12",
    "P1",
    "degrees rounded to 0.01: places a kilometre off, all covered or none",
    either(Refused("", G), Kept({"households_covered": None}, says="*", file=G)),
)
def _(folder: Folder) -> None:
    document = geojson(folder, "residential", town.residential().set_geometry(town.residential().centroid))
    for feature in document["features"]:
        feature["geometry"]["coordinates"] = [round(x, 2) for x in feature["geometry"]["coordinates"]]
    write_json(folder, "residential", document)


for _id, _text in {
    "unclosed": "POLYGON ((117.0 36.1, 117.1 36.1, 117.1 36.2))",
    "cut": "POLYGON ((117.0 36.1, 117.1 36.1",
    "word": "多边形",
    "bow-tie": "POLYGON ((117.0 36.1, 117.1 36.2, 117.1 36.1, 117.0 36.2, 117.0 36.1))",
    "empty": "POLYGON EMPTY",
}.items():

    @bad(
        f"n12-wkt-{_id}",
        "N12",
        "P1",
        "a raw error of the library, or D at no place",
        either(
            Kept(
                WITHOUT["D"],
                excluded={"residential": 1, "entrances": 1},
                says="coordinates_*|geometry_*",
                file=C,
                row=5,
            ),
            Refused("coordinates_*|geometry_*", C, row=5),
        ),
    )
    def _(folder: Folder, text: str = _text) -> None:
        rows = sheet(folder)
        shapes = town.degrees(town.residential()).geometry.to_wkt()
        table = [[*rows[0][:-2], "wkt"], *([*row[:-2], shape] for row, shape in zip(rows[1:], shapes, strict=True))]
        table[4][-1] = text
        csv(folder, table)
