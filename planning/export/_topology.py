"""Room `planning.export`: what is odd about the shapes as they are handed on: overlaps, gaps, slivers, repeats, loops.

Nothing is repaired here, and nothing is left out: every pair and every hole is a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planning import tables as contracts
from planning import texts
from planning.export import _tables as tables
from planning.texts import Language

LEAST_M2: Final = 0.01
"""Shared ground and holes below this are rounding of coordinates, and pass."""
SLIVER_M: Final = 0.5
"""Twice the area by the length of the outline: a shape narrower than this on average is a sliver."""
COLUMNS: Final = ("layer", "issue", "id", "other_id", "area_m2", "width_m", "note")
ISSUES: Final = (
    "no_shape",
    "self_intersection",
    "duplicate",
    "overlap",
    "sliver_overlap",
    "gap",
    "sliver_gap",
    "sliver",
)
LOOKED_FOR: Final = {
    "residential": tuple(issue for issue in ISSUES if not issue.endswith("gap")),
    "units": ISSUES,
    "service_areas": ("no_shape", "self_intersection"),
}
"""Which issues are looked for in which layer; what is not looked for is not counted as nought either."""
CHECKED: Final = tuple(LOOKED_FOR)
_WITHOUT_AREA: Final = ("no_shape", "self_intersection")
_RANKS: Final = {"street": "street", "town": "street", "community": "community", "village": "community"}
_POLYGONS: Final = (3, 6)
Shapes = NDArray[np.object_]


def report(layers: Mapping[str, tables.Layer], crs: Any, language: Language) -> tables.Layer:
    """Return every fault of the shapes of residential areas, units and service areas, as a layer.

    ``no_shape``: a row without geometry. ``self_intersection``: an outline that is not valid, with the reason.
    ``duplicate``: two rows, one shape, whatever vertex it starts with. ``overlap`` and ``gap``: shared ground of two
    rows and holes between units of one rank, of 0.01 m² or more; ``sliver_overlap`` and ``sliver_gap`` where they are
    narrower than 0.5 m on average. ``sliver``: a row that narrow itself. Service areas are circles of walking and lie
    on each other: of them validity alone is looked at. Units are compared within their rank (streets with towns,
    communities with villages).
    """
    found = [row for name in CHECKED if name in layers for row in _of_layer(layers[name])]
    table = pd.DataFrame(found, columns=[*COLUMNS, "geometry"]).astype({"area_m2": "float64", "width_m": "float64"})
    text = {name: table[name].astype("str") for name in ("layer", "issue", "id", "other_id", "note")}
    order = table.assign(issue=pd.Categorical(table["issue"], ISSUES), layer=pd.Categorical(table["layer"], CHECKED))
    rows = order.sort_values(["layer", "issue", "id", "other_id", "area_m2"], kind="stable").index
    frame = gpd.GeoDataFrame(table.assign(**text), geometry="geometry", crs=crs).loc[rows].reset_index(drop=True)
    fields = tuple(
        tables.Field(name, tables.alias("topology", name, language), tables.kind_of(frame[name])) for name in COLUMNS
    )
    return tables.Layer("topology", texts.t("export.layer.topology", language), frame, fields)


def counts(layer: tables.Layer) -> pd.DataFrame:
    """Return how often each issue looked for is met in each layer, noughts included, with the areas added up.

    The area is missing for issues that have none: a row without a shape, an outline that is not valid.
    """
    grouped = layer.frame.groupby(["layer", "issue"])["area_m2"].agg(["size", "sum"])
    pairs = [(name, issue) for name, issues in LOOKED_FOR.items() for issue in issues]
    every = pd.MultiIndex.from_tuples(pairs, names=["layer", "issue"])
    found = grouped.reindex(every, fill_value=0).rename(columns={"size": "count", "sum": "area_m2"}).reset_index()
    return found.assign(area_m2=found["area_m2"].mask(found["issue"].isin(_WITHOUT_AREA)))


def _of_layer(layer: tables.Layer) -> Iterator[tuple[Any, ...]]:
    shapes = np.array(layer.frame.geometry, dtype=object)
    keys = [layer.frame[key].astype("str") for key in tables.KEYS[layer.name]]
    ids = np.array([" ".join(parts) for parts in zip(*keys, strict=True)], dtype=object)
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    for at in np.flatnonzero(missing):
        yield layer.name, "no_shape", ids[at], "", np.nan, np.nan, "", None
    yield from _loops(layer.name, shapes, ids, ~missing)
    if layer.name != "service_areas":
        yield from _slivers(layer.name, shapes, ids)
        for rows in _groups(layer):
            yield from _pairs(layer.name, shapes[rows], ids[rows])
            if layer.name == "units":
                yield from _gaps(layer.name, shapes[rows])


def _groups(layer: tables.Layer) -> Iterator[NDArray[np.intp]]:
    """Yield the rows that must not lie on each other: all areas, units by rank."""
    polygon = np.isin(shapely.get_type_id(np.array(layer.frame.geometry, dtype=object)), _POLYGONS)
    if layer.name == "residential":
        yield np.flatnonzero(polygon)
        return
    rank = layer.frame["type"].astype("str").replace(_RANKS)
    for kind in dict.fromkeys(_RANKS.get(name, name) for name in contracts.UNIT_TYPES):
        yield np.flatnonzero(polygon & (rank == kind).to_numpy(dtype=bool))


def _loops(name: str, shapes: Shapes, ids: Shapes, there: NDArray[np.bool_]) -> Iterator[tuple[Any, ...]]:
    bad = np.flatnonzero(there & ~shapely.is_valid(shapes))
    for at, reason in zip(bad, shapely.is_valid_reason(shapes[bad]), strict=True):
        yield name, "self_intersection", ids[at], "", np.nan, np.nan, reason, shapes[at]


def _slivers(name: str, shapes: Shapes, ids: Shapes) -> Iterator[tuple[Any, ...]]:
    area, width = shapely.area(shapes), _width(shapes)
    polygon = np.isin(shapely.get_type_id(shapes), _POLYGONS)
    for at in np.flatnonzero(polygon & shapely.is_valid(shapes) & (width < SLIVER_M)):
        yield name, "sliver", ids[at], "", area[at], width[at], "", shapes[at]


def _width(shapes: Shapes) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * shapely.area(shapes) / shapely.length(shapes), dtype=np.float64)


def _pairs(name: str, shapes: Shapes, ids: Shapes) -> Iterator[tuple[Any, ...]]:
    """Yield pairs of one shape, and the ground that other pairs share."""
    sound = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
    one, other = shapely.STRtree(sound).query(sound, predicate="intersects")
    one, other = one[one < other], other[one < other]
    swapped = ids[one] > ids[other]
    one, other = np.where(swapped, other, one), np.where(swapped, one, other)
    plain = shapely.normalize(sound)
    same = shapely.equals_exact(plain[one], plain[other], 0.0)
    shared = shapely.intersection(sound[one], sound[other])
    area, width = shapely.area(shared), _width(shared)
    for at in np.flatnonzero(same | (area >= LEAST_M2)):
        issue = "duplicate" if same[at] else "sliver_overlap" if width[at] < SLIVER_M else "overlap"
        ground = _ground(shared[at])
        yield name, issue, ids[one[at]], ids[other[at]], area[at], width[at], "", ground


def _ground(shared: Any) -> Any:
    """Return the areas of shared ground, without the lines and points along which two shapes also touch."""
    parts = shapely.get_parts(shared)
    polygons = parts[np.isin(shapely.get_type_id(parts), _POLYGONS)]
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(shapely.get_parts(polygons))


def _gaps(name: str, shapes: Shapes) -> Iterator[tuple[Any, ...]]:
    """Yield the holes that units of one rank leave between or inside them."""
    whole = shapely.get_parts(shapely.union_all(np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))))
    polygons = whole[shapely.get_type_id(whole) == 3]
    outer = shapely.polygons(shapely.get_exterior_ring(polygons)) if len(polygons) else polygons
    holes = shapely.get_parts(shapely.difference(outer, polygons)) if len(polygons) else polygons
    # A hole may hold an island: what of it other units fill is none.
    bare = shapely.get_parts(shapely.difference(holes, shapely.union_all(polygons))) if len(holes) else holes
    area, width = shapely.area(bare), _width(bare)
    for at in np.flatnonzero(area >= LEAST_M2):
        yield name, "sliver_gap" if width[at] < SLIVER_M else "gap", "", "", area[at], width[at], "", bare[at]
