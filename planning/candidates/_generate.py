"""Room `planning.candidates`: candidates made where the plan brings none; suggestions, each marked as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import tables, texts
from planning.candidates._distances import millimetres
from planning.errors import Fault
from planning.plan import Generate

MOST: Final = 20_000
SUGGESTED: Final = "suggested"
_PREFIX: Final[Mapping[str, str]] = {"idle_assets": "S-idle-", "parcels": "S-parcel-", "grid": "S-grid-"}
_SOURCE: Final[Mapping[str, str]] = {"public": "idle_state_asset", "private": "lease"}
_SAME_PLACE_MM: Final = 1000

Objects = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Made:
    """Candidates that the tool made.

    Attributes
    ----------
    table
        Canonical candidates with ``suggested`` true, by id.
    shapes
        On the index of ``table``: the ground that screening looks at, such as a parcel's outline.
    counts
        How many were looked at (``considered``), and what became of them: ``kept, too_small, off_road, outside,
        in_hazard, same_place``.
    faults
        Errors: nothing to make candidates from, nothing left, too many.
    """

    table: gpd.GeoDataFrame
    shapes: gpd.GeoSeries
    counts: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, eq=False)
class Scene:
    """What candidates are made from: the tables of the plan, the walkable lines, and how the plan names things.

    ``border`` is the ground of the plan, where its units say so: no place of a grid lies outside.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    lines: Objects
    level: str
    max_snap_m: float
    language: texts.Language
    file: str = ""
    border: Any = None


def generate(ask: Generate, scene: Scene, *, taken: frozenset[str] = frozenset()) -> Made:
    """Make candidates where a plan brings none.

    Parameters
    ----------
    ask
        ``idle_assets``: facilities idle or diverted; ``parcels``: parcels that a walkable road reaches; ``grid``: the
        nodes of a grid near homes, each moved onto the nearest walkable road.
    scene
        ``layers`` hold ``facilities``, ``parcels`` or ``residential`` as the way needs, and ``hazards`` where the plan
        has them: places in one are left out.
    taken
        Ids of facilities; a made id that is taken gets ``'`` behind it.

    Returns
    -------
    Made
        Ids, places and order depend on the data alone, not on the order of rows.
    """
    faults = places_missing(ask, scene.layers, file=scene.file)
    if faults:
        return _nothing(scene, {}, faults)
    rows, shapes, counts = _WAYS[ask.way](ask.facts, scene)
    if len(rows) > MOST:
        many = {"count": len(rows), "most": MOST}
        fault = Fault("generate_too_many", file=scene.file, column="siting.generate", facts=many)
        return _nothing(scene, counts, [fault])
    if not len(rows):
        facts = {f"counts_{language}": _told(counts, language) for language in texts.LANGUAGES}
        none = Fault("generate_none", file=scene.file, column="siting.generate", value=ask.way, facts=facts)
        return _nothing(scene, counts, [none])
    return _dressed(rows, shapes, counts, ask, scene, taken)


def _told(counts: Mapping[str, int], language: texts.Language) -> str:
    """Return what became of the places looked at, in words; what befell none is left out."""
    said = (texts.t(f"candidates.counted.{name}", language, count=count) for name, count in counts.items() if count)
    return ("，" if language == "zh" else ", ").join(said) or texts.t(
        "candidates.counted.considered", language, count=0
    )


def places_missing(ask: Generate, layers: Mapping[str, Any], *, file: str = "") -> list[Fault]:
    """Return a fault where the plan names no table that the way makes candidates from."""
    if ask.way == "parcels" and "parcels" not in layers:
        return [Fault("generate_without_parcels", file=file, column="inputs.parcels")]
    return []


def _nothing(scene: Scene, counts: Mapping[str, int], faults: list[Fault]) -> Made:
    crs = next(iter(scene.layers.values())).crs
    empty = gpd.GeoDataFrame({"facility_id": pd.Series(dtype="str")}, geometry=[], crs=crs)
    return Made(empty, empty.geometry, counts, tuple(faults))


_Rows = tuple[gpd.GeoDataFrame, Objects, dict[str, int]]
_COPIED: Final = (
    "name",
    "storey",
    "own_entrance",
    "accessible",
    "open_to_public",
    "serves",
    "area_type",
    "land_area_m2",
)


def _idle_assets(facts: Mapping[str, Any], scene: Scene) -> _Rows:
    """Take facilities out of use; usable floor area is not the floor area available, so that stays unknown.

    A facility whose kind is not known may be of one of the kinds asked for, and stays.
    """
    facilities = scene.layers["facilities"]
    idle = facilities[facilities["status"].isin(facts["statuses"])].sort_values("facility_id", kind="stable")
    if "levels" in facts:
        idle = idle[idle["level"].isin(facts["levels"])]
    if "kinds" in facts:
        idle = idle[idle["kind"].isin(facts["kinds"]) | idle["kind"].isna()]
    area = idle["floor_area_m2"].mask(idle["area_type"] == "usable")
    least = facts["min_floor_area_m2"]
    small = np.array([not pd.isna(one) and Decimal(str(one)) < Decimal(str(least)) for one in area], dtype=bool)
    kept = idle[~small]
    rows = kept[[name for name in _COPIED if name in kept]].assign(
        key=kept["facility_id"],
        source=kept["ownership"].map(_SOURCE),
        max_floor_area_m2=area[~small],
        ownership=kept["ownership"],
        suggested_from=kept["facility_id"],
    )
    rows = gpd.GeoDataFrame(rows, geometry=kept.geometry.to_numpy(), crs=facilities.crs)
    return rows, kept.geometry.to_numpy(), {"considered": len(idle), "kept": len(kept), "too_small": int(small.sum())}


def _parcels(facts: Mapping[str, Any], scene: Scene) -> _Rows:
    """Take parcels large enough that a walkable road reaches; the site stands where the parcel comes nearest to it."""
    parcels = scene.layers["parcels"].sort_values("parcel_id", kind="stable")
    shapes = parcels.geometry.to_numpy()
    ground = shapely.area(shapes)
    small = ground < facts["min_area_m2"]
    within_m = facts.get("within_m", scene.max_snap_m)
    gap_mm, doors = _doors(shapes, scene.lines)
    off = ~small & (gap_mm > millimetres(within_m))
    kept = ~small & ~off
    rows = parcels.loc[kept].drop(columns=["geometry", "parcel_id", "source_row"], errors="ignore")
    stated = rows["max_floor_area_m2"]
    if "plot_ratio" in facts:
        stated = stated.fillna(pd.Series(np.floor(ground[kept] * facts["plot_ratio"]), rows.index))
    rows = rows.assign(
        key=parcels.loc[kept, "parcel_id"],
        source="planned_parcel",
        max_floor_area_m2=stated,
        land_area_m2=rows["land_area_m2"].fillna(pd.Series(np.round(ground[kept], 1), rows.index)),
        suggested_from=parcels.loc[kept, "parcel_id"],
    )
    counts = {
        "considered": len(parcels),
        "kept": int(kept.sum()),
        "too_small": int(small.sum()),
        "off_road": int(off.sum()),
    }
    return gpd.GeoDataFrame(rows, geometry=doors[kept], crs=parcels.crs), shapes[kept], counts


def _doors(shapes: Objects, lines: Objects) -> tuple[NDArray[np.float64], Objects]:
    """Return how far each outline is from the nearest line, in millimetres, and its place nearest to it."""
    shapes = shapely.normalize(shapes)  # the same outline drawn from another vertex has the same door
    row, ways = _ways(shapes, lines)
    doors = shapely.point_on_surface(shapes)
    doors[row] = shapely.get_point(ways, 0)
    return _gap_mm(row, ways, len(shapes)), doors


def _ways(shapes: Objects, lines: Objects) -> tuple[NDArray[np.intp], Objects]:
    """Return the shapes' rows and the shortest way of each to a line; of equal ones the westernmost, then southernmost.

    Without lines there is no row.
    """
    if not len(lines) or not len(shapes):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=object)
    row, line = shapely.STRtree(lines).query_nearest(shapes)
    ways = shapely.shortest_line(shapes[row], lines[line])
    start, end = shapely.get_point(ways, 0), shapely.get_point(ways, 1)
    keys = [of(place) for place in (end, start) for of in (shapely.get_y, shapely.get_x)]
    order = np.lexsort((*keys, row))
    order = order[np.diff(row[order], prepend=-1) != 0]
    return row[order], ways[order]


def _gap_mm(row: NDArray[np.intp], ways: Objects, count: int) -> NDArray[np.float64]:
    """Return the lengths of ways in whole millimetres, infinite for a row without one."""
    gap_mm = np.full(count, np.inf)
    gap_mm[row] = np.rint(shapely.length(ways) * 1000)
    return gap_mm


def _grid(facts: Mapping[str, Any], scene: Scene) -> _Rows:
    """Take the nodes of a grid near homes, each moved onto the nearest walkable line within reach.

    Nodes are the multiples of the spacing in the plan's CRS, so that a node keeps its id when areas come and go.
    """
    homes = scene.layers["residential"].geometry.to_numpy()
    spacing, within_m = float(facts["spacing_m"]), float(facts.get("within_m", facts["spacing_m"]))
    columns, rows_ = _nodes(homes, spacing, within_m)
    counts = {"considered": len(columns)}
    if len(columns) > MOST:
        return _bare(columns, rows_, np.empty(0, dtype=object), scene), np.empty(0, dtype=object), counts
    nodes = shapely.points(columns * spacing, rows_ * spacing)
    places, off = _onto(nodes, scene.lines, scene.max_snap_m)
    beyond = ~off & _outside(places, scene.border)
    here = ~off & ~beyond
    safe = here & ~_in_hazard(places, scene.layers.get("hazards"))
    again = _same_place(places, safe)
    kept = safe & ~again
    counts |= {
        "kept": int(kept.sum()),
        "off_road": int(off.sum()),
        "outside": int(beyond.sum()),
        "in_hazard": int((here & ~safe).sum()),
        "same_place": int(again.sum()),
    }
    rows = _bare(columns[kept], rows_[kept], places[kept], scene)
    return (
        rows.assign(max_floor_area_m2=float(facts.get("max_floor_area_m2", np.nan)), source=SUGGESTED),
        places[kept],
        counts,
    )


def _nodes(homes: Objects, spacing: float, within_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return column and row of every node within ``within_m`` of a home, inclusive, south to north in each column.

    More than ten times `MOST` nodes in the rectangle round all homes are not looked at one by one.
    """
    west, south, east, north = shapely.total_bounds(homes)
    first = np.ceil([(west - within_m) / spacing, (south - within_m) / spacing]).astype(np.int64)
    last = np.floor([(east + within_m) / spacing, (north + within_m) / spacing]).astype(np.int64)
    across, up = (np.arange(low, high + 1) for low, high in zip(first, last, strict=True))
    tree = shapely.STRtree(homes)
    found = []
    for column in across:  # a column at a time: a whole region's grid may be large
        nodes = shapely.points(np.full(len(up), column * spacing), up * spacing)
        hit = np.unique(tree.query(nodes, predicate="dwithin", distance=within_m)[0])
        found.append(np.stack([np.full(len(hit), column), up[hit]]))
    both = np.concatenate(found, axis=1) if found else np.empty((2, 0), dtype=np.int64)
    return both[0], both[1]


def _onto(nodes: Objects, lines: Objects, max_snap_m: float) -> tuple[Objects, NDArray[np.bool_]]:
    """Move nodes onto the nearest line, and say which have none within ``max_snap_m``, inclusive."""
    row, ways = _ways(nodes, lines)
    places = nodes.copy()
    places[row] = shapely.get_point(ways, 1)
    return places, _gap_mm(row, ways, len(nodes)) > millimetres(max_snap_m)


def _outside(places: Objects, border: Any) -> NDArray[np.bool_]:
    """Say which places lie outside the ground of the plan; on its border is inside."""
    if border is None:
        return np.zeros(len(places), dtype=bool)
    return ~np.asarray(shapely.covered_by(places, border), dtype=bool)


def _in_hazard(places: Objects, hazards: gpd.GeoDataFrame | None) -> NDArray[np.bool_]:
    inside = np.zeros(len(places), dtype=bool)
    if hazards is not None and len(hazards):
        inside[shapely.STRtree(hazards.geometry.to_numpy()).query(places, predicate="intersects")[0]] = True
    return inside


def _same_place(places: Objects, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which places lie within a metre of one before them that is kept."""
    again = np.zeros(len(places), dtype=bool)
    row, other = shapely.STRtree(places).query(places, predicate="dwithin", distance=_SAME_PLACE_MM / 1000)
    pairs = sorted(
        (int(one), int(two)) for one, two in zip(row, other, strict=True) if two < one and kept[one] and kept[two]
    )
    for one, two in pairs:
        again[one] |= not again[two]
    return again


def _bare(columns: NDArray[np.int64], rows: NDArray[np.int64], places: Objects, scene: Scene) -> gpd.GeoDataFrame:
    keys = pd.Series([f"{column}-{row}" for column, row in zip(columns, rows, strict=True)], dtype="str")
    shapes = places if len(places) == len(keys) else [None] * len(keys)
    crs = scene.layers["residential"].crs
    return gpd.GeoDataFrame({"key": keys, "name": keys, "suggested_from": keys}, geometry=list(shapes), crs=crs)


_WAYS: Final[Mapping[str, Callable[[Mapping[str, Any], Scene], _Rows]]] = {
    "idle_assets": _idle_assets,
    "parcels": _parcels,
    "grid": _grid,
}


def _dressed(
    rows: gpd.GeoDataFrame,
    shapes: Objects,
    counts: Mapping[str, int],
    ask: Generate,
    scene: Scene,
    taken: frozenset[str],
) -> Made:
    """Return the rows as canonical candidates with ids, names that say what they are, level and marks."""
    ids = [_free(f"{_PREFIX[ask.way]}{key}", taken) for key in rows["key"]]
    names = [
        _named(ask.way, key if pd.isna(name) else name, scene)
        for key, name in zip(rows["key"], rows["name"], strict=True)
    ]
    table = rows.drop(columns="key").assign(
        facility_id=pd.Series(ids, rows.index, dtype="str"),
        name=pd.Series(names, rows.index, dtype="str"),
        level=scene.level,
        status="candidate",
        role="candidate",
        suggested=True,
    )
    table = _with_contract(table).reset_index(drop=True)
    ground = gpd.GeoSeries(shapes, index=table.index, crs=table.crs)
    order = table.sort_values("facility_id", kind="stable").index
    return Made(table.loc[order].reset_index(drop=True), ground.loc[order].reset_index(drop=True), counts)


def _free(name: str, taken: frozenset[str]) -> str:
    while name in taken:
        name += "'"
    return name


def _named(way: str, name: str, scene: Scene) -> str:
    return texts.t(f"candidates.made.{way}", scene.language, name=name)


def _with_contract(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table with every column of its contract, of the kind it has after the doors."""
    kinds: dict[str, Any] = {"number": "float64", "integer": "Int64", "flag": "boolean"}
    columns = {}
    for name, column in tables.contract("candidates").columns.items():
        kind = kinds.get(column.kind, "str")
        columns[name] = (
            table[name].astype(kind) if name in table else pd.Series(np.nan, table.index, dtype=object).astype(kind)
        )
    rest = [name for name in table.columns if name not in columns and name != "geometry"]
    frame = pd.DataFrame({**columns, **{name: table[name] for name in rest}}, index=table.index)
    frame["source_row"] = pd.array([pd.NA] * len(frame), dtype="Int64")
    return gpd.GeoDataFrame(frame, geometry=table.geometry, crs=table.crs)
