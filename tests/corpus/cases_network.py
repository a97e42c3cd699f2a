"""Roads that would give a wrong walk: twins, loops, gaps, levels, islands, one-way streets, broken files of OSM."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import LineString, MultiLineString, Polygon

from . import town
from .case import Builder, Kept, Refused, bad, either
from .parts import csv, geojson, reshaped, sheet, void, write_json
from .town import Folder, at

R = "roads.gpkg"
CUT = {"households_covered": 512, "elderly_covered": 128, "residential_covered": 1}
"""What is left where B (1 024) is cut off from the centre."""


def more(folder: Folder, *lines: shapely.Geometry, **columns: object) -> None:
    """Add ways to the town's roads."""
    table = folder.tables["roads"]
    ids = [f"N{number}" for number in range(len(lines))]
    extra = gpd.GeoDataFrame({"road_id": ids, "highway": "residential", **columns}, geometry=list(lines), crs=town.CRS)
    folder.tables["roads"] = gpd.GeoDataFrame(pd.concat([table, extra], ignore_index=True), crs=town.CRS)


def column(name: str, values: object) -> Builder:
    """Return a builder that gives the roads a column."""

    def build(folder: Folder) -> None:
        folder.tables["roads"] = folder.tables["roads"].assign(**{name: values})

    return build


# ------------------------------------------------------------------------------------ N4, N5, N6, N7: sparse graphs


@bad("n4-detour-beside", "N4", "P0", "500 m and 1 500 m between two nodes add up to 2 000", Kept())
def _(folder: Folder) -> None:
    more(folder, LineString([at(500), at(500, 500), at(1000, 500), at(1000)]))


@bad("n4-shortcut-beside", "N4", "P0", "of two ways between two nodes the last, longer one counts", Kept())
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    long = LineString([at(500), at(500, 100), at(1000, 100), at(1000)])
    extra = gpd.GeoDataFrame({"road_id": ["N0"], "highway": "residential"}, geometry=[long], crs=town.CRS)
    folder.tables["roads"] = gpd.GeoDataFrame(
        pd.concat([roads.iloc[:1], extra, roads.iloc[1:]], ignore_index=True), crs=town.CRS
    )


@bad("n4-roads-twice", "N4", "P0", "every street twice: lengths add up", either(Kept(excluded={"roads": 6}), Kept()))
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    folder.tables["roads"] = gpd.GeoDataFrame(pd.concat([roads, roads], ignore_index=True), crs=town.CRS)


@bad("n4-roads-back", "N4", "P0", "the way back counts as another way", either(Kept(excluded={"roads": 6}), Kept()))
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    back = roads.assign(road_id=roads["road_id"] + "b").set_geometry(roads.geometry.reverse())
    folder.tables["roads"] = gpd.GeoDataFrame(pd.concat([roads, back], ignore_index=True), crs=town.CRS)


@bad(
    "n5-zero-length",
    "N5",
    "P0",
    "a way of length 0 is no way: B is cut off",
    Kept(excluded={"roads": 1}, says="line_without_length", file=R, row=7),
)
def _(folder: Folder) -> None:
    more(folder, LineString([at(500), at(500)]))


@bad("n5-vertex-twice", "N5", "P1", "a vertex twice makes an edge of length 0 that cuts the way", Kept())
def _(folder: Folder) -> None:
    reshaped("roads", 1, LineString([at(500), at(500), at(750), at(750), at(750), at(1000), at(1000)]))(folder)


@bad(
    "n5-nan",
    "N5",
    "P0",
    "NaN lengths pass every limit: everybody covered",
    either(
        Kept({**CUT, "unreachable": 3}, excluded={"roads": 1}, says="geometry_not_finite", file=R, row=2),
        Kept(free=True, says="geometry_not_finite", file=R, row=2, excluded={"roads": 1}),
        Refused("geometry_*", R, row=2),
    ),
)
def _(folder: Folder) -> None:
    reshaped("roads", 1, LineString([at(500), (math.nan, math.nan), at(1000)]))(folder)


@bad(
    "n6-all-unreachable",
    "N6",
    "P0",
    "unreachable areas are reported at the limit, and covered",
    Kept({"residential_covered": 0, "households_covered": 0, "elderly_covered": 0, "unreachable": 5}),
)
def _(folder: Folder) -> None:
    more(folder, LineString([at(-400, 100), at(-300, 100)]))
    reshaped("facilities", 0, at(-350, 100))(folder)


@bad(
    "n6-facility-far",
    "N6",
    "P0",
    "a centre 300 m from any road is put onto it for nothing",
    Kept(
        {"residential_covered": 0, "households_covered": 0, "elderly_covered": 0, "unreachable": 5},
        says="place_off_network",
        file="facilities.gpkg",
        row=1,
    ),
)
def _(folder: Folder) -> None:
    reshaped("facilities", 0, at(0, -300))(folder)


@bad("n6-access-leg", "N6", "P0", "the 150 m to the road are forgotten: B at 950 m is covered", Kept(CUT))
def _(folder: Folder) -> None:
    reshaped("facilities", 0, at(0, -150))(folder)


@bad("n7-oneway", "N7", "P0", "on foot against a one-way street: unreachable", Kept())
def _(folder: Folder) -> None:
    column("oneway", "-1")(folder)


for _millimetre, _more in (
    (0, {"households_covered": 1792, "elderly_covered": 448, "residential_covered": 3}),
    (1, {}),
):

    @bad(f"n15-limit-plus-{_millimetre}mm", "N15", "P0", "900 m against 900 m decided by rounding", Kept(_more))
    def _(folder: Folder, millimetre: int = _millimetre) -> None:
        reshaped("entrances", 3, at(900 + millimetre / 1000))(folder)


@bad(
    "n15-speed-tenths",
    "N15",
    "P0",
    "0.7 m/s × 60 × 15 is 629.9999…: a gate at 630 m is out",
    Kept({"residential_covered": 2, "households_covered": 768, "elderly_covered": 192}),
)
def _(folder: Folder) -> None:
    folder.keys["walk"] = "speed_m_per_s = 0.7"
    reshaped("entrances", 3, at(630))(folder)


# -------------------------------------------------------------------------------------------- gaps, levels, crossings


@bad(
    "n6-gap-half-metre",
    "N6",
    "P0",
    "a gap of 0.5 m cuts B off and nobody says so, or is healed in silence",
    Kept({**CUT, "unreachable": 4}, says="loose_end", file=R),
)
def _(folder: Folder) -> None:
    reshaped("roads", 1, LineString([at(500.5), at(750), at(1000)]))(folder)


@bad("n6-gap-healed", "N6", "P0", "healed without a list", Kept(says="gap_healed", file=R))
def _(folder: Folder) -> None:
    reshaped("roads", 1, LineString([at(500.5), at(750), at(1000)]))(folder)
    folder.inputs["roads"] = {"heal_gaps_m": 1}


@bad(
    "n6-end-on-interior",
    "N6",
    "P1",
    "a T junction without node joins or parts the street in silence",
    Kept({**CUT, "unreachable": 4}, says="loose_end", file=R),
)
def _(folder: Folder) -> None:
    folder.tables["roads"] = folder.tables["roads"].drop(index=0).reset_index(drop=True)
    more(
        folder,
        LineString([at(0), at(490)]),
        LineString([at(490, -100), at(490, 100)]),
        LineString([at(490, 50), at(500, 50), at(500)]),
    )


def _crossing(folder: Folder, **keys: object) -> None:
    """The centre stands on a way that crosses the street at x = 250 without a node."""
    more(folder, LineString([at(250, -300), at(250, 300)]))
    reshaped("facilities", 0, at(250, -250))(folder)
    if keys:
        folder.inputs["roads"] = dict(keys)


@bad(
    "n6-crossing-bridge",
    "N6",
    "P0",
    "lines that cross are joined: a bridge becomes a junction",
    Kept({"residential_covered": 0, "households_covered": 0, "elderly_covered": 0, "unreachable": 5}),
)
def _(folder: Folder) -> None:
    _crossing(folder)


@bad("n6-crossing-planar", "N6", "P1", "roads drawn in CAD stay apart although the plan asks for nodes", Kept())
def _(folder: Folder) -> None:
    _crossing(folder, noding="planar")


@bad(
    "n6-crossing-levels",
    "N6",
    "P0",
    "planar noding joins a bridge with the street below",
    Kept({"residential_covered": 0, "households_covered": 0, "elderly_covered": 0, "unreachable": 5}),
)
def _(folder: Folder) -> None:
    column("level", 0)(folder)
    more(folder, LineString([at(250, -300), at(250, 300)]), level=1)
    reshaped("facilities", 0, at(250, -250))(folder)
    folder.inputs["roads"] = {"noding": "planar"}


@bad(
    "n6-level-text",
    "N6",
    "P1",
    "a level nobody can read is the ground in silence",
    either(
        Refused("road_level_unknown|integer_*", R, row=1, column="level"),
        Kept(says="road_level_unknown|integer_*", file=R, row=1, column="level"),
    ),
)
def _(folder: Folder) -> None:
    column("level", ["高架", "0", "0", "0", "0", "0"])(folder)


# ------------------------------------------------------------------------------------------------ roads that are none


@bad(
    "n6-no-walkable",
    "N6",
    "P0",
    "an empty network: everybody unreachable, exit 0",
    either(Refused("network_no_edge|*", R), Refused("network_no_edge")),
)
def _(folder: Folder) -> None:
    column("highway", "motorway")(folder)


@bad(
    "n6-walkable-no",
    "N6",
    "P0",
    "an empty network",
    either(Refused("network_no_edge|*", R), Refused("network_no_edge")),
)
def _(folder: Folder) -> None:
    column("walkable", "否")(folder)


@bad(
    "n6-walkable-unreadable",
    "N6",
    "P1",
    "'也许' is yes, or no, in silence",
    either(Kept(says="flag_unreadable", file=R, row=1, column="walkable"), Refused("flag_unreadable", R, row=1)),
)
def _(folder: Folder) -> None:
    column("walkable", ["也许", "是", "是", "是", "是", "是"])(folder)


@bad(
    "n6-motorway-among",
    "N6",
    "P0",
    "people walk on the motorway: B is covered",
    Kept({**CUT, "unreachable": 4}, free=False),
)
def _(folder: Folder) -> None:
    column("highway", ["residential", "motorway", *["residential"] * 4])(folder)


@bad("n6-no-class", "N6", "P1", "no class: motorways are walked without a word", Kept(says="road_class_absent", file=R))
def _(folder: Folder) -> None:
    folder.tables["roads"] = folder.tables["roads"].drop(columns="highway")


@bad(
    "n6-road-areas",
    "N6",
    "P0",
    "outlines of roads are walked along",
    Refused("table_without_rows|geometry_wrong_kind|network_*", R),
)
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    folder.tables["roads"] = roads.set_geometry(roads.geometry.buffer(5))


@bad("n6-roads-empty", "N6", "P1", "everybody unreachable, exit 0", Refused("table_without_rows", R))
def _(folder: Folder) -> None:
    folder.tables["roads"] = folder.tables["roads"].iloc[:0]


@bad(
    "n6-one-area-among",
    "N6",
    "P1",
    "an outline among the lines stops all, or is walked along",
    Kept(excluded={"roads": 1}, says="geometry_wrong_kind", file=R, row=7),
)
def _(folder: Folder) -> None:
    more(folder, Polygon([at(0, 100), at(100, 100), at(100, 200)]))


@bad("n6-multi-line", "N6", "P1", "of a line in two parts the first is taken", Kept())
def _(folder: Folder) -> None:
    reshaped("roads", 1, MultiLineString([LineString([at(500), at(750)]), LineString([at(750), at(1000)])]))(folder)


@bad(
    "n6-dense",
    "N6",
    "P1",
    "vertices closer than a millimetre are rounded to nothing: the way gets shorter",
    either(Refused("network_vertices_dense|*", R), Refused("network_vertices_dense"), Kept()),
)
def _(folder: Folder) -> None:
    reshaped("roads", 1, LineString([at(500 + step / 4000) for step in range(4001)] + [at(1000)]))(folder)


@bad("n6-roads-csv", "N6", "P1", "a table of roads without lines", Refused("", "roads.csv"))
def _(folder: Folder) -> None:
    rows = sheet(folder, "roads")
    void(csv(folder, rows, "roads"))


@bad("n6-points-as-roads", "N6", "P1", "an empty network", Refused("", "roads.geojson"))
def _(folder: Folder) -> None:
    write_json(folder, "roads", geojson(folder, "entrances"))


@bad("n6-roads-of-elsewhere", "N6", "P0", "roads of another city: nobody snapped, exit 0", Refused("layers_apart|*", R))
def _(folder: Folder) -> None:
    roads = folder.tables["roads"]
    folder.tables["roads"] = roads.set_geometry(roads.geometry.translate(0, 400_000))


@bad(
    "n6-clipped",
    "N6",
    "P1",
    "the extract ends before D: uncovered, and nobody says why",
    Kept({"unsnapped": 2}),
)
def _(folder: Folder) -> None:
    folder.tables["roads"] = folder.tables["roads"].drop(index=[3, 4]).reset_index(drop=True)


# ------------------------------------------------------------------------------------------------------- OSM, GraphML


def osm(
    folder: Folder,
    *,
    nodes: Mapping[int, tuple[str, str]] | None = None,
    ways: object = None,
    tags: Mapping[str, str] | None = None,
) -> str:
    """Return the town's roads as OpenStreetMap XML; ``nodes`` replaces places, ``ways`` the ways."""
    places: dict[int, tuple[str, str]] = {}
    made: dict[int, list[int]] = {}
    ids: dict[tuple[float, float], int] = {}
    roads = town.degrees(folder.tables["roads"])
    for number, line in enumerate(roads.geometry):
        refs = []
        for x, y in line.coords:
            key = (round(x, 9), round(y, 9))
            ids.setdefault(key, 100 + len(ids))
            places[ids[key]] = (f"{x:.9f}", f"{y:.9f}")
            refs.append(ids[key])
        made[number + 1] = refs
    places |= nodes or {}
    made = ways(made) if callable(ways) else made
    text = "".join(f'<node id="{node}" version="1" lon="{x}" lat="{y}"/>' for node, (x, y) in places.items())
    extra = "".join(
        f"<tag k={quoteattr(key)} v={quoteattr(value)}/>"
        for key, value in {"highway": "residential", **(tags or {})}.items()
    )
    text += "".join(
        f'<way id="{way}" version="1">' + "".join(f'<nd ref="{ref}"/>' for ref in refs) + extra + "</way>"
        for way, refs in made.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{text}</osm>'


@bad("n7-osm-oneway", "N7", "P0", "on foot against a one-way street: unreachable", Kept())
def _(folder: Folder) -> None:
    text = osm(folder, tags={"oneway": "yes"})
    folder.name("roads", "roads.osm").write_text(text, encoding="utf-8")


@bad(
    "n6-osm-node-missing",
    "N6",
    "P1",
    "a way is bent past a node that is not there, or lost without a word",
    either(
        Kept(says="way_cut|*", file="roads.osm"),
        Kept({**CUT, "unreachable": 4}, says="way_cut|*", file="roads.osm"),
        Refused("", "roads.osm"),
    ),
)
def _(folder: Folder) -> None:
    text = osm(folder, ways=lambda ways: {**ways, 2: [*ways[2], 999]})
    folder.name("roads", "roads.osm").write_text(text, encoding="utf-8")


@bad(
    "n6-osm-place-nowhere",
    "N6",
    "P1",
    "a node at latitude 95, or a crash",
    either(Refused("", "roads.osm"), Kept(free=True, says="*", file="roads.osm")),
    hostile=True,
)
def _(folder: Folder) -> None:
    text = osm(folder).replace('lat="', 'lat="9', 1)
    folder.name("roads", "roads.osm").write_text(text, encoding="utf-8")


@bad(
    "p1-osm-cut",
    "P1",
    "P0",
    "the ways before the cut are the network",
    Refused("file_broken|*", "roads.osm"),
    hostile=True,
)
def _(folder: Folder) -> None:
    text = osm(folder)
    folder.name("roads", "roads.osm").write_text(text[: len(text) * 4 // 5], encoding="utf-8")


@bad("p1-osm-nodes-only", "P1", "P1", "an empty network", Refused("", "roads.osm"))
def _(folder: Folder) -> None:
    text = osm(folder, ways=lambda _ways: {})
    folder.name("roads", "roads.osm").write_text(text, encoding="utf-8")


@bad("p1-pbf-garbage", "P1", "P1", "a crash of the reader", Refused("", "roads.osm.pbf"), hostile=True)
def _(folder: Folder) -> None:
    head = b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x0a"
    folder.name("roads", "roads.osm.pbf").write_bytes(head + bytes(range(256)) * 4)


@bad("p1-osm-for-areas", "P1", "P1", "an extract is no table of areas", Refused("osm_only_roads|*", "residential.osm"))
def _(folder: Folder) -> None:
    text = osm(folder)
    folder.name("residential", "residential.osm").write_text(text, encoding="utf-8")


def graphml(folder: Folder, change: object = None) -> str:
    """Return the town's roads as a GraphML file in the way of OSMnx."""
    roads = town.degrees(folder.tables["roads"])
    ids: dict[tuple[float, float], int] = {}
    edges = []
    for number, line in enumerate(roads.geometry):
        pairs = [(round(x, 10), round(y, 10)) for x, y in line.coords]
        for one, other in itertools.pairwise(pairs):
            edges.append((ids.setdefault(one, len(ids) + 1), ids.setdefault(other, len(ids) + 1), number))
    names = (
        ("x", "node", "x"),
        ("y", "node", "y"),
        ("h", "edge", "highway"),
        ("o", "edge", "osmid"),
        ("l", "edge", "length"),
        ("c", "graph", "crs"),
    )
    keys = "".join(f'<key id="{key}" for="{kind}" attr.name="{name}" attr.type="string"/>' for key, kind, name in names)
    body = "".join(
        f'<node id="{node}"><data key="x">{x}</data><data key="y">{y}</data></node>' for (x, y), node in ids.items()
    )
    body += "".join(
        f'<edge source="{one}" target="{other}" id="0"><data key="h">residential</data><data key="o">{way}</data>'
        '<data key="l">250.0</data></edge>'
        for one, other, way in edges
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        f'{keys}<graph edgedefault="directed"><data key="c">epsg:4326</data>{body}</graph></graphml>'
    )
    return change(text) if callable(change) else text


@bad("n5-graphml-length-lies", "N5", "P0", "a stated length of 1 m, or of -1, is believed", Kept())
def _(folder: Folder) -> None:
    text = graphml(folder, lambda text: text.replace("250.0", "1.0").replace("1.0", "-1.0", 2))
    folder.name("roads", "roads.graphml").write_text(text, encoding="utf-8")


@bad(
    "n5-graphml-nan",
    "N5",
    "P0",
    "a node at NaN joins everything",
    either(Refused("", "roads.graphml"), Kept(free=True, excluded={"roads": 1}, says="*", file="roads.graphml")),
)
def _(folder: Folder) -> None:
    import re

    text = graphml(folder, lambda text: re.sub(r'<data key="x">[^<]*<', '<data key="x">nan<', text, count=1))
    folder.name("roads", "roads.graphml").write_text(text, encoding="utf-8")


@bad("n5-graphml-no-xy", "N5", "P1", "a node at (0, 0)", Refused("graphml_no_xy", "roads.graphml"))
def _(folder: Folder) -> None:
    import re

    text = graphml(folder, lambda text: re.sub(r'<data key="x">[^<]*</data>', "", text, count=1))
    folder.name("roads", "roads.graphml").write_text(text, encoding="utf-8")


@bad(
    "n5-graphml-node-unknown",
    "N5",
    "P1",
    "an edge to a node that is not there",
    either(Refused("", "roads.graphml"), Kept(free=True, excluded={"roads": 1}, says="*", file="roads.graphml")),
)
def _(folder: Folder) -> None:
    text = graphml(folder, lambda text: text.replace('target="2"', 'target="777"', 1))
    folder.name("roads", "roads.graphml").write_text(text, encoding="utf-8")


@bad("p1-graphml-cut", "P1", "P0", "the edges before the cut are the network", Refused("", "roads.graphml"))
def _(folder: Folder) -> None:
    text = graphml(folder)
    folder.name("roads", "roads.graphml").write_text(text[: len(text) * 4 // 5], encoding="utf-8")
