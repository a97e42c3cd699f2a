"""From shapes as a file gives them to valid 2D shapes in the metric CRS of the run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from planning import crs as crss
from planning import units
from planning.sources._repair import MAX_REPAIR_SHARE, repaired
from planning.sources.columns import Mapped
from planning.sources.ledger import Mask, Notes

MAX_APART_M: Final = 100_000.0
_TYPES: Final = {"point": {0, 4}, "line": {1, 2, 5}, "polygon": {3, 6}}
_DEGREES: Final = re.compile(r"(?:东经|北纬|[ne])?([+-]?\d+(?:\.\d+)?)°?[ne]?")
_DMS: Final = re.compile(
    r"(?:东经|北纬|[ne])?(\d{1,3})[°度](?:(\d{1,2})['′分])?(?:(\d{1,2}(?:\.\d+)?)(?:[\"″]|′′|''|秒))?[ne]?"
)


def from_columns(known: Mapping[str, Mapped], notes: Notes) -> NDArray[np.object_] | None:
    """Make shapes from ``wkt`` or from ``lon`` and ``lat``; None where a table brings neither.

    Rows without coordinates are excluded (``coordinates_missing``), so are unreadable (``coordinates_unreadable``).
    """
    if "wkt" in known:
        return _from_wkt(known["wkt"], notes)
    if "lon" in known and "lat" in known:
        return _from_degrees(known["lon"], known["lat"], notes)
    return None


def _from_wkt(mapped: Mapped, notes: Notes) -> NDArray[np.object_]:
    cells = mapped.cells.astype(object).to_numpy()
    empty = np.array([units.is_missing(cell) for cell in cells], dtype=bool)
    texts = np.array([None if bare else str(cell) for cell, bare in zip(cells, empty, strict=True)], dtype=object)
    shapes = np.asarray(shapely.from_wkt(texts, on_invalid="ignore"), dtype=object)
    live = ~notes.marked("excluded")
    notes.say("coordinates_missing", "excluded", live & empty, column=mapped.source)
    notes.say(
        "coordinates_unreadable",
        "excluded",
        live & ~empty & shapely.is_missing(shapes),
        column=mapped.source,
        values=cells,
    )
    return shapes


def _from_degrees(lon: Mapped, lat: Mapped, notes: Notes) -> NDArray[np.object_]:
    xy = np.column_stack([_degrees(lon.cells), _degrees(lat.cells)])
    cells = [mapped.cells.astype(object).to_numpy() for mapped in (lon, lat)]
    empty = np.array([units.is_missing(x) or units.is_missing(y) for x, y in zip(*cells, strict=True)], dtype=bool)
    bad = ~empty & ~np.isfinite(xy).all(axis=1)
    shapes = np.full(len(xy), None, dtype=object)
    good = ~empty & ~bad
    shapes[good] = shapely.points(xy[good])
    column = f"{lon.source}、{lat.source}"
    live = ~notes.marked("excluded")
    notes.say("coordinates_missing", "excluded", live & empty, column=column)
    shown = np.array([f"{x}, {y}" for x, y in zip(*cells, strict=True)], dtype=object)
    notes.say("coordinates_unreadable", "excluded", live & bad, column=column, values=shown)
    return shapes


def _degrees(values: pd.Series[Any]) -> NDArray[np.float64]:
    """Read degrees: numbers, text, and degrees with minutes and seconds; NaN where they cannot be read."""
    return np.array([_degree(cell) for cell in values.astype(object)], dtype=np.float64)


def _degree(cell: object) -> float:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    text = re.sub(r"\s", "", units.normalise(str(cell)).replace("’", "'").replace("”", '"'))
    match = _DEGREES.fullmatch(text)
    if match:
        return float(match.group(1))
    match = _DMS.fullmatch(text)
    if match is None:
        return float("nan")
    degrees, minutes, seconds = (float(part or 0) for part in match.groups())
    return degrees + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else float("nan")


def representative(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return one point a shape (the middle of its box), shape (n, 2); NaN where there is none."""
    bounds = shapely.bounds(shapes)
    return np.asarray((bounds[:, :2] + bounds[:, 2:]) / 2, dtype=np.float64).reshape(-1, 2)


def inner(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return a point of each shape, shape (n, 2): inside a polygon that is valid, else as `representative`."""
    found = representative(shapes)
    sound = (shapely.get_dimensions(shapes) == 2) & shapely.is_valid(shapes)
    found[sound] = shapely.get_coordinates(shapely.point_on_surface(shapes[sound]))
    return found


# -------------------------------------------------------------------------------------------- row by row, in the file


def say_unusable(shapes: NDArray[np.object_], wanted: tuple[str, ...], notes: Notes, live: Mask) -> None:
    """Exclude shapes that are missing, empty, not finite, or of a kind the table does not take."""
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    notes.say("geometry_empty", "excluded", live & missing)
    sound = finite(shapes)
    notes.say("geometry_not_finite", "excluded", live & ~missing & ~sound)
    codes = {code for kind in wanted for code in _TYPES[kind]}
    types = shapely.get_type_id(shapes)
    many = (types == 4) & (shapely.get_num_geometries(shapes) != 1)
    wrong = ~np.isin(types, list(codes)) | many
    names = np.array([shape.geom_type if shape is not None else "" for shape in shapes], dtype=object)
    notes.say("geometry_wrong_kind", "excluded", live & ~missing & sound & wrong, values=names, kinds="、".join(wanted))


def finite(shapes: NDArray[np.object_]) -> Mask:
    """Say of each shape whether all its coordinates are finite."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    good = np.ones(len(shapes), dtype=bool)
    good[owner[~np.isfinite(xy).all(axis=1)]] = False
    return good


def say_outside(
    shapes: NDArray[np.object_],
    way: crss.Transformation,
    box: tuple[float, float, float, float],
    notes: Notes,
    live: Mask,
) -> None:
    """Exclude shapes outside the plausible box; where most are, the layer's CRS is at fault and refused."""
    xy = representative(shapes)
    places = np.full(xy.shape, np.nan)
    places[live] = crss.to_degrees(xy[live], way.source, shift=way.shift)
    outside = live & ~crss.inside(places, box)
    if 2 * np.count_nonzero(outside) > np.count_nonzero(live):
        sample = np.median(xy[live], axis=0)
        facts = {"crs": crss.crs_name(way.source)}
        notes.table_fault("crs_outside", "error", value=f"{sample[0]:.6g}, {sample[1]:.6g}", facts=facts)
        return
    shown = np.array([f"{x:.6g}, {y:.6g}" for x, y in xy], dtype=object)
    notes.say("coordinates_outside", "excluded", outside, values=shown)


def say_apart(layers: Iterable[tuple[NDArray[np.object_], Notes]]) -> None:
    """Refuse layers more than 100 km from all others, as one in the wrong zone is: nobody walks that far.

    Shapes are in metres. Of groups of layers near each other the one with most layers is believed; of equal ones none.
    """
    there = [(shapes[~shapely.is_missing(shapes)], notes) for shapes, notes in layers]
    placed = [(shapely.total_bounds(shapes), notes) for shapes, notes in there if len(shapes)]
    if not placed:
        return
    boxes = shapely.box(*np.array([bounds for bounds, _ in placed]).T)
    distances = shapely.distance(boxes[:, None], boxes[None, :])
    _, group = connected_components(distances <= MAX_APART_M)
    sizes = np.bincount(group)
    home = int(sizes.argmax()) if np.count_nonzero(sizes == sizes.max()) == 1 else -1
    for at in np.flatnonzero(group != home) if len(sizes) > 1 else ():
        away = np.flatnonzero(group != group[at])
        nearest = away[distances[at, away].argmin()]
        facts = {"other": placed[nearest][1].origin.file, "km": round(distances[at, nearest] / 1000)}
        placed[at][1].table_fault("layers_apart", "error", facts=facts)


# ----------------------------------------------------------------------------------------------------- in metres, 2D


def metric(
    shapes: NDArray[np.object_],
    way: crss.Transformation,
    live: Mask,
    notes: Notes,
    *,
    max_repair_share: float = MAX_REPAIR_SHARE,
) -> NDArray[np.object_]:
    """Return the live shapes in the metric CRS, 2D, single points as points, valid; the others None.

    Invalid polygons are repaired (``geometry_repaired``) where that changes their area by no more than
    ``max_repair_share``, else excluded (``geometry_invalid``); lines without length are excluded
    (``line_without_length``). Heights are left out, and said to be where there are any (``geometry_heights``).
    """
    say_heights(shapes[live], notes)
    made = np.full(len(shapes), None, dtype=object)
    made[live] = crss.transform_geometries(shapes[live], way)
    made = _single_points(made)
    lost = live & ~finite(made)
    notes.say("geometry_not_finite", "excluded", lost)
    made[lost] = None
    _say_no_length(made, notes)
    return repaired(made, notes, max_share=max_repair_share)


def say_heights(shapes: NDArray[np.object_], notes: Notes) -> None:
    """Warn once of heights other than 0: lengths and areas are those of the map, not of the slope."""
    heights = shapely.get_coordinates(shapes[shapely.has_z(shapes)], include_z=True)[:, 2]
    if np.any(np.nan_to_num(heights) != 0):
        spread = f"{np.nanmin(heights):.6g} – {np.nanmax(heights):.6g}"
        notes.table_fault("geometry_heights", "warning", value=spread)


def _single_points(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    several = shapely.get_type_id(shapes) == 4
    shapes[several] = shapely.get_geometry(shapes[several], 0)
    return shapes


def _say_no_length(shapes: NDArray[np.object_], notes: Notes) -> None:
    flat = np.isin(shapely.get_type_id(shapes), (1, 2, 5)) & (shapely.length(shapes) == 0)
    notes.say("line_without_length", "excluded", flat)
    shapes[flat] = None


def exploded(frame: pd.DataFrame, shapes: NDArray[np.object_]) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Return one row a line: multi-part lines are taken apart, each part with the row's attributes and its node ids."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    length = shapely.length(parts) > 0
    made = frame.iloc[owner].reset_index(drop=True)
    made["node_ids"] = _part_ids(frame["node_ids"].to_numpy(), parts, owner)
    return made[length].reset_index(drop=True), parts[length]


def _part_ids(ids: NDArray[np.object_], parts: NDArray[np.object_], owner: NDArray[np.intp]) -> NDArray[np.object_]:
    """Cut the node ids of each line into those of its parts."""
    made = np.full(len(parts), np.nan, dtype=object)
    sizes = shapely.get_num_coordinates(parts)
    start, last = 0, -1
    for at, (line, size) in enumerate(zip(owner, sizes, strict=True)):
        start = 0 if line != last else start
        if isinstance(ids[line], tuple):
            made[at] = ids[line][start : start + size]
        start, last = start + int(size), int(line)
    return made
