"""What lies under every theme: land, roads, boundaries, the veil outside; and over it the catchments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.atlas import _hatch as hatch
from planning.atlas._canvas import Canvas
from planning.atlas._page import Pen
from planning.atlas._view import View

# Order of drawing: land 1, wash 2, small roads 4, areas 8, large roads 12, veil 16, boundaries 18, limit 20,
# barriers 22, grid 30, furniture 40, symbols 45, frame 50, text 60, leaders 70, labels 80.
Z_WASH: Final = 2.0
Z_SMALL: Final = 4.0
Z_AREAS: Final = 8.0
Z_LARGE: Final = 12.0
Z_VEIL: Final = 16.0
Z_BORDER: Final = 18.0
Z_LIMIT: Final = 20.0
Z_BARRIER: Final = 22.0
FOOTWAYS_FROM: Final = 10_000
LOCAL_FROM: Final = 50_000
ROAD_SCALE: Final = 15_000
ROAD_NAMES_FROM: Final = 25_000
ROLES: Final = ("local", "secondary", "arterial")


def draw(canvas: Canvas, *, subject: Any = None) -> None:
    """Draw land, roads, the veil outside ``subject`` (on paper; the plan area without one) and boundaries."""
    book, page, window = canvas.view.book, canvas.page, canvas.window
    subject = canvas.border if subject is None else subject
    page.rectangle(window, book.base["land"], z=0.5)
    page.fill(canvas.inside(canvas.border), book.base["other_block"], z=1)
    _roads(canvas)
    veil = book.base["outside_veil"]
    outside = shapely.difference(canvas.window_shape, subject)
    page.fill(outside, veil["hex"], z=Z_VEIL, window=window, alpha=veil["alpha"])
    _boundaries(canvas, subject)


def _roads(canvas: Canvas) -> None:
    """Draw casings first, then fills, so that crossings open; bridges over the rest; footways on large scales."""
    roads = _visible_roads(canvas)
    if roads.empty:
        return
    book, factor = canvas.view.book, float(np.clip((ROAD_SCALE / canvas.scale) ** 0.5, 0.5, 1.5))
    roles = road_roles(canvas.view, roads)
    paper = np.asarray(canvas.extent.shapes(roads.geometry.to_numpy()))
    raised = roads["level"].fillna(0).to_numpy(dtype=float) > 0
    shown = ROLES if canvas.scale < LOCAL_FROM else ROLES[1:]
    for high in (False, True):
        for role in shown:
            merged = _merged(paper[(roles == role) & (raised == high)])
            z = (Z_SMALL if role == "local" else Z_LARGE) + high + 0.01 * ROLES.index(role)
            wide = book.line[role]["fill_mm"] * factor
            casing = Pen(book.base["road_casing"], wide + 2 * book.line[role]["casing_mm"])
            canvas.page.lines(merged, casing, z=z, window=canvas.window)
            canvas.page.lines(merged, Pen(book.base["road_fill"], wide, cap="round"), z=z + 0.1, window=canvas.window)
    if canvas.scale <= FOOTWAYS_FROM:
        foot = book.line["footway"]
        pen = Pen(foot["hex"], foot["mm"], tuple(foot["dash_mm"]))
        canvas.page.lines(_merged(paper[roles == "footway"]), pen, z=Z_SMALL - 0.5, window=canvas.window)


def _visible_roads(canvas: Canvas) -> gpd.GeoDataFrame:
    roads = canvas.view.shown.inputs.tables["roads"]
    seen = shapely.intersects(roads.geometry.to_numpy(), canvas.extent.ground)
    return roads[seen].reset_index(drop=True)


def road_roles(view: View, roads: gpd.GeoDataFrame) -> np.ndarray:
    """Return the line role of each road: by ``highway``, else ``road_class``; unknown is local."""
    classes = pd.Series("", index=roads.index, dtype=object)
    for column in ("road_class", "highway"):
        if column in roads:
            classes = roads[column].astype(object).where(roads[column].notna(), classes)
    return np.array([view.book.road_role(str(word)) for word in classes], dtype=object)


def _merged(lines: np.ndarray) -> Any:
    """Return lines joined end to end, in an order that does not depend on the order of rows."""
    if not len(lines):
        return lines
    ordered = lines[np.argsort(shapely.to_wkb(lines, hex=True), kind="stable")]
    return shapely.line_merge(shapely.multilinestrings(shapely.get_parts(ordered)))


def _boundaries(canvas: Canvas, subject: Any) -> None:
    """Draw communities, streets and the plan area's border with its ribbon outside."""
    view, page, window, line = canvas.view, canvas.page, canvas.window, canvas.view.book.line
    entry = line["county_boundary"]
    ring = shapely.difference(shapely.buffer(subject, entry["ribbon_mm"], join_style="mitre", mitre_limit=2.0), subject)
    page.fill(ring, entry["ribbon_hex"], z=Z_BORDER - 0.5, window=window)
    if len(view.streets):
        streets = np.asarray(canvas.extent.shapes(view.streets.geometry.to_numpy()))
        edges = shapely.union_all(shapely.boundary(streets))
        page.lines(edges, Pen(view.book.ink["halo"], 1.1), z=Z_BORDER - 0.3, window=window)
        page.lines(edges, canvas.pen("street_boundary"), z=Z_BORDER - 0.2, window=window)
    page.lines(shapely.boundary(subject), canvas.pen("county_boundary"), z=Z_BORDER, window=window)


def communities(canvas: Canvas) -> None:
    """Draw the boundaries of communities and villages."""
    small = canvas.view.units[canvas.view.units["type"].isin(("community", "village"))]
    if len(small):
        shapes = np.asarray(canvas.extent.shapes(small.geometry.to_numpy()))
        edges = shapely.union_all(shapely.boundary(shapes))
        canvas.page.lines(edges, canvas.pen("community_boundary"), z=Z_BORDER - 0.4, window=canvas.window)


def barriers(canvas: Canvas) -> bool:
    """Draw lines that cut walking, with ticks; say whether there are any."""
    table = canvas.view.shown.inputs.tables.get("barriers")
    if table is None or table.empty:
        return False
    entry = canvas.view.book.line["barrier"]
    merged = _merged(np.asarray(canvas.extent.shapes(table.geometry.to_numpy())))
    canvas.page.lines(merged, Pen(entry["hex"], entry["mm"]), z=Z_BARRIER, window=canvas.window)
    ticks = []
    for piece in shapely.get_parts(merged):
        at = np.arange(1.5, piece.length, 3.0)
        here, there = (shapely.get_coordinates(shapely.line_interpolate_point(piece, at + step)) for step in (0, 0.05))
        way = there - here
        across = np.column_stack([-way[:, 1], way[:, 0]]) / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
        ticks.append(np.stack([here, here + across * entry["tick_mm"]], axis=1))
    if ticks and sum(map(len, ticks)):
        page_lines = shapely.linestrings(np.concatenate(ticks))
        canvas.page.lines(page_lines, Pen(entry["hex"], 0.25), z=Z_BARRIER, window=canvas.window)
    return True


def wash(canvas: Canvas, shapes: Iterable[tuple[Any, str]]) -> None:
    """Draw catchments (metres), largest first: a pale wash under the roads."""
    for place, (shape, hex_) in enumerate(shapes):
        if shape is not None:
            canvas.page.fill(canvas.inside(canvas.extent.shape(shape)), hex_, z=Z_WASH + 0.01 * place)


def limit(canvas: Canvas, shape: Any, *, hex_: str | None = None, within: Any = None) -> None:
    """Draw the outline of a catchment (metres) as a dashed line."""
    if shape is None:
        return
    style = canvas.view.book.limit_line
    edge = shapely.boundary(canvas.extent.shape(shape))
    edge = edge if within is None else shapely.intersection(edge, within)
    halo = Pen(canvas.view.book.ink["halo"], 0.9)
    canvas.page.lines(edge, halo, z=Z_LIMIT, window=canvas.window)
    canvas.page.lines(
        edge, Pen(hex_ or style.hex, style.width_mm, style.dash_mm), z=Z_LIMIT + 0.1, window=canvas.window
    )


def areas(canvas: Canvas, roles: pd.Series, *, only: np.ndarray | None = None, edge_mm: float | None = None) -> None:
    """Draw residential areas in their roles."""
    fills, line = canvas.view.fills(), canvas.view.book.line
    seen = shapely.intersects(canvas.areas, canvas.window_shape)
    chosen = seen if only is None else seen & only
    for place, role in enumerate(sorted(set(roles[chosen]))):
        shapes = canvas.inside(canvas.areas[chosen & (roles == role).to_numpy()])
        edge = line["area_edge_mm"] if edge_mm is None else edge_mm
        hatch.paint(canvas.page, _solid(shapes), fills[role], edge_mm=edge, z=Z_AREAS + 0.01 * place)


def _solid(shapes: np.ndarray) -> np.ndarray:
    """Return areas as polygons; those given as points become small discs."""
    flat = shapely.get_dimensions(shapes) == 0
    return np.asarray(np.where(flat, shapely.buffer(shapes, 0.9), shapes))


def road_lines(canvas: Canvas) -> list[tuple[str, Any]]:
    """Return the named roads of a sheet on paper, large ones first: name and its longest run inside the window."""
    roads = _visible_roads(canvas)
    if canvas.scale > ROAD_NAMES_FROM or "name" not in roads:
        return []
    roles = road_roles(canvas.view, roads)
    wanted = ("arterial", "secondary") if canvas.scale > FOOTWAYS_FROM else ("arterial", "secondary", "local")
    found = []
    for role in wanted:
        named = roads[(roles == role) & roads["name"].notna().to_numpy()]
        for name, rows in sorted(named.groupby("name"), key=lambda entry: str(entry[0])):
            merged = _merged(canvas.inside(canvas.extent.shapes(rows.geometry.to_numpy())))
            pieces = [piece for piece in shapely.get_parts(merged) if piece.geom_type == "LineString"]
            found += [(str(name), piece) for piece in sorted(pieces, key=lambda piece: -piece.length)[:2]]
    return found


def in_street(view: View, unit_id: str) -> np.ndarray:
    """Say which areas belong to a street."""
    return np.asarray((view.areas["street"] == unit_id).fillna(value=False), dtype=bool)
