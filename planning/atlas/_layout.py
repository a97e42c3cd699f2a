"""Where things stand on a sheet, in millimetres, and how ground becomes paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import shapely

from planning.atlas._fonts import Box

Paper = Literal["A3", "A4"]
Orientation = Literal["auto", "landscape", "portrait"]
SCALES: Final = (
    *(500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000),
    *(100_000, 150_000, 200_000, 250_000, 300_000, 500_000, 1_000_000),
)
MARGIN_MM: Final = 4.0


@dataclass(frozen=True)
class Layout:
    """The furniture of one format; columns run down from their top, the title block stands in the last."""

    paper: Paper
    width_mm: float
    height_mm: float
    frame: Box
    window: Box
    title_y: float
    title_pt: float
    columns: tuple[Box, ...]
    block: Box
    notes_x: float
    page_x: float

    @property
    def landscape(self) -> bool:
        """Say whether the sheet is wider than high."""
        return self.width_mm > self.height_mm


A3_LANDSCAPE: Final = Layout(
    "A3", 420, 297, Box(20, 10, 410, 287), Box(27, 24, 310, 270), 276.8, 17,
    (Box(315.5, 61, 405, 270),), Box(315.5, 12.5, 405, 57.5), 27, 310,
)  # fmt: skip
A3_PORTRAIT: Final = Layout(
    "A3", 297, 420, Box(20, 10, 287, 410), Box(27, 136, 280, 392), 399, 17,
    (Box(27, 22, 105, 126), Box(111, 22, 195, 126), Box(200, 61, 280, 126)), Box(200, 12, 280, 57), 27, 195,
)  # fmt: skip
A4_LANDSCAPE: Final = Layout(
    "A4", 297, 210, Box(15, 7, 290, 203), Box(20, 21.5, 210, 186), 191, 14,
    (Box(214, 58, 286, 186),), Box(214, 10, 286, 55), 20, 210,
)  # fmt: skip
A4_PORTRAIT: Final = Layout(
    "A4", 210, 297, Box(15, 7, 203, 290), Box(22, 117, 196, 275), 281, 14,
    (Box(22, 28, 106, 108), Box(112, 59, 196, 108)), Box(112, 10, 196, 55), 22, 106,
)  # fmt: skip


def choose(paper: Paper, shape: Any, *, orientation: Orientation = "auto") -> tuple[Layout, int]:
    """Return the layout and scale for a subject: the orientation that allows the larger scale, at a tie landscape.

    Parameters
    ----------
    shape
        The subject in metres.
    orientation
        ``landscape`` or ``portrait``: that one, whatever the subject.
    """
    offers = [A3_LANDSCAPE, A3_PORTRAIT] if paper == "A3" else [A4_LANDSCAPE, A4_PORTRAIT]
    if orientation != "auto":
        offers = [layout for layout in offers if layout.landscape == (orientation == "landscape")]
    fitted = [(scale_for(layout.window, shape), layout) for layout in offers]
    scale, layout = min(fitted, key=lambda entry: entry[0])
    return layout, scale


def scale_for(window: Box, shape: Any) -> int:
    """Return the largest scale at which ``shape`` (metres) plus a margin fits the window (mm)."""
    x0, y0, x1, y1 = shape.bounds
    for scale in SCALES:
        if (x1 - x0) * 1000 / scale + 2 * MARGIN_MM <= window.width and (
            (y1 - y0) * 1000 / scale + 2 * MARGIN_MM <= window.height
        ):
            return scale
    return SCALES[-1]


@dataclass(frozen=True)
class Extent:
    """A map window on the ground: 1:``scale`` about ``centre`` (metres), drawn in ``window`` (mm)."""

    scale: int
    centre: tuple[float, float]
    window: Box

    @property
    def mm_per_m(self) -> float:
        """Return millimetres on paper for a metre on the ground."""
        return 1000 / self.scale

    def points(self, metres: np.ndarray) -> np.ndarray:
        """Return coordinates in metres (n × 2) as millimetres on paper."""
        return (np.asarray(metres) - self.centre) * self.mm_per_m + self.window.centre

    def shapes(self, shapes: Any) -> Any:
        """Return geometries in metres as geometries on paper."""
        return shapely.transform(np.asarray(shapes, dtype=object), self.points)

    def shape(self, shape: Any) -> Any:
        """Return one geometry on paper."""
        return shapely.transform(shape, self.points)

    def metres(self, x: float, y: float) -> tuple[float, float]:
        """Return the place on the ground of a place on paper."""
        mid = self.window.centre
        return (x - mid[0]) / self.mm_per_m + self.centre[0], (y - mid[1]) / self.mm_per_m + self.centre[1]

    @property
    def ground(self) -> Any:
        """Return the window in metres."""
        return shapely.box(*self.metres(self.window.x0, self.window.y0), *self.metres(self.window.x1, self.window.y1))


def extent(layout: Layout, scale: int, shape: Any) -> Extent:
    """Return the extent of a sheet about the subject's centre."""
    x0, y0, x1, y1 = shape.bounds
    return Extent(scale, ((x0 + x1) / 2, (y0 + y1) / 2), layout.window)
