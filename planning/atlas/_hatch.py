"""Hatches as real lines and dots, cut to the polygons; no renderer's pattern tile is used.

The lattice is anchored at the page's origin: neighbouring areas run on, and the pitch is exact in every format.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely

from planning.atlas._fonts import Box
from planning.atlas._page import Page, Pen
from planning.palette import Fill, Hatch

INSET_MM: Final = 0.12


def paint(page: Page, shapes: Any, fill: Fill, *, edge_mm: float, z: float, window: Box | None = None) -> None:
    """Draw areas in a role: fill, hatch, edge."""
    shapes = np.atleast_1d(np.asarray(shapes, dtype=object))
    if not len(shapes):
        return
    page.fill(shapes, fill.hex, z=z, window=window)
    draw(page, shapes, fill.hatch, z=z + 0.1, window=window)
    page.fill(shapes, "", edge=Pen(fill.edge, edge_mm), z=z + 0.2, window=window)


def draw(page: Page, shapes: np.ndarray, hatch: Hatch, *, z: float, window: Box | None = None) -> None:
    """Draw a hatch inside polygons."""
    if hatch.kind == "none":
        return
    inside = shapely.buffer(shapely.get_parts(shapes), -INSET_MM)
    inside = inside[~shapely.is_empty(inside)]
    if hatch.kind == "dots":
        page.dots(_dots(inside, hatch), hatch.width_mm, hatch.hex, z=z, window=window)
        return
    angles = (hatch.angle_deg, hatch.angle_deg + 90) if hatch.kind == "cross" else (hatch.angle_deg,)
    for angle in angles:
        page.lines(strokes(inside, angle, hatch.pitch_mm), Pen(hatch.hex, hatch.width_mm), z=z, window=window)


def strokes(shapes: np.ndarray, angle_deg: float, pitch_mm: float) -> np.ndarray:
    """Return the lines of a lattice (``angle_deg`` from east, ``pitch_mm`` apart) that lie inside the polygons."""
    along, across = _axes(angle_deg)
    lines, owner = [], []
    for place, shape in enumerate(shapes):
        corners = shapely.get_coordinates(shapely.box(*shape.bounds))
        low, high = (corners @ along).min() - 1, (corners @ along).max() + 1
        first, last = np.ceil((corners @ across).min() / pitch_mm), np.floor((corners @ across).max() / pitch_mm)
        offsets = np.arange(first, last + 1)[:, None] * pitch_mm * across
        lines.append(np.stack([offsets + low * along, offsets + high * along], axis=1))
        owner.append(np.full(len(offsets), place))
    if not lines:
        return np.empty(0, dtype=object)
    cut = shapely.intersection(shapely.linestrings(np.concatenate(lines)), shapes[np.concatenate(owner)])
    return np.asarray(cut[~shapely.is_empty(cut)])


def _dots(shapes: np.ndarray, hatch: Hatch) -> np.ndarray:
    """Return the points of a square lattice turned by the hatch's angle whose dot fits inside the polygons."""
    along, across = _axes(hatch.angle_deg)
    found = []
    for shape in shapely.buffer(shapes, -hatch.width_mm / 2):
        if shape.is_empty:
            continue
        corners = shapely.get_coordinates(shapely.box(*shape.bounds))
        spans = [
            np.arange(
                np.ceil((corners @ axis).min() / hatch.pitch_mm), np.floor((corners @ axis).max() / hatch.pitch_mm) + 1
            )
            for axis in (along, across)
        ]
        first, second = (part.ravel()[:, None] * hatch.pitch_mm for part in np.meshgrid(*spans))
        points = first * along + second * across
        found.append(points[shapely.contains_xy(shape, points[:, 0], points[:, 1])])
    return np.concatenate(found) if found else np.empty((0, 2))


def _axes(angle_deg: float) -> tuple[np.ndarray, np.ndarray]:
    angle = np.radians(angle_deg)
    return np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
