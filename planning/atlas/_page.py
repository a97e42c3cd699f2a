"""A sheet of paper in millimetres: one axes covers it, and everything is plain paths and text.

Colours, widths and sizes come from the palette; this module only knows how to put ink where it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import CircleCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Bbox, TransformedBbox

from planning.atlas import _fonts as fonts
from planning.atlas._fonts import Box
from planning.house import Drawing

Anchor = Literal["left", "center", "right"]
PT_PER_MM: Final = 72 / 25.4
MM_PER_INCH: Final = 25.4
DPI: Final = 300
# The same bytes every time: no clock, no random ids, text as TrueType, dashes in points.
SETTINGS: Final[Mapping[str, Any]] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "svg.fonttype": "path",
    "svg.hashsalt": "planning.atlas",
    "axes.unicode_minus": False,
    "lines.scale_dashes": False,
    "text.hinting": "no_hinting",
    "text.parse_math": False,
    "path.simplify": False,
}
Z_LABEL: Final = 80.0
UPRIGHT: Final = 90


@dataclass(frozen=True)
class Pen:
    """How a line is drawn; ``dash_mm`` empty for a solid one."""

    hex: str
    width_mm: float
    dash_mm: tuple[float, ...] = ()
    cap: Literal["butt", "round", "projecting"] = "butt"


@dataclass(frozen=True)
class Type:
    """How text is set; ``halo_mm`` is white round the letters."""

    pt: float
    weight: int = 400
    hex: str = "#000000"
    halo_mm: float = 0.0


@dataclass(frozen=True)
class Ink:
    """A run of text that was set: what, where its box lies, for checks."""

    text: str
    box: Box
    kind: str


@contextmanager
def settings() -> Iterator[None]:
    """Hold matplotlib's settings for the atlas while drawing and saving."""
    held: Any = dict(SETTINGS)
    with mpl.rc_context(held):
        yield


@dataclass(eq=False)
class Page:
    """A sheet ``width_mm × height_mm``; origin lower left."""

    width_mm: float
    height_mm: float
    inks: list[Ink] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.figure = Figure(figsize=(self.width_mm / MM_PER_INCH, self.height_mm / MM_PER_INCH), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, self.width_mm)
        self.axes.set_ylim(0, self.height_mm)
        self.axes.set_axis_off()
        self._halos: dict[tuple[float, float, str], list[Path]] = {}

    def fill(
        self, shapes: Any, hex_: str, *, edge: Pen | None = None, z: float = 1.0, window: Box | None = None,
        alpha: float = 1.0,
    ) -> None:  # fmt: skip
        """Fill polygons, and draw their edges."""
        path = polygons_path(shapes)
        if path is None:
            return
        drawn = PathCollection(
            [path],
            facecolors=[hex_] if hex_ else "none",
            edgecolors=[edge.hex] if edge else "none",
            linewidths=[edge.width_mm * PT_PER_MM if edge else 0.0],
            joinstyle="miter",
            alpha=None if alpha == 1.0 else alpha,
            zorder=z,
        )
        self._add(drawn, window)

    def lines(self, shapes: Any, pen: Pen, *, z: float = 1.0, window: Box | None = None) -> None:
        """Draw lines, or the outlines of polygons."""
        path = lines_path(shapes)
        if path is None:
            return
        dash: Any = (0, [part * PT_PER_MM for part in pen.dash_mm]) if pen.dash_mm else "solid"
        drawn = PathCollection(
            [path],
            facecolors="none",
            edgecolors=[pen.hex],
            linewidths=[pen.width_mm * PT_PER_MM],
            linestyles=[dash],
            capstyle=pen.cap,
            joinstyle="round",
            zorder=z,
        )
        self._add(drawn, window)

    def dots(
        self, places: np.ndarray, diameter_mm: float, hex_: str, *, z: float = 1.0, window: Box | None = None
    ) -> None:
        """Draw round dots at ``places`` (n × 2)."""
        if not len(places):
            return
        area_pt2 = np.pi * (diameter_mm / 2 * PT_PER_MM) ** 2
        drawn = CircleCollection(
            [area_pt2], offsets=places, offset_transform=self.axes.transData, facecolors=[hex_], linewidths=0, zorder=z
        )
        self._add(drawn, window)

    def picture(self, box: Box, pixels: np.ndarray, *, z: float = 6.0) -> None:
        """Put a picture (rows × columns × 4 of 0–255) into a box, as large as it fits, in its middle."""
        rows, columns = pixels.shape[:2]
        factor = min(box.width / columns, box.height / rows)
        half = (columns * factor / 2, rows * factor / 2)
        (x, y) = box.centre
        reach = (x - half[0], x + half[0], y - half[1], y + half[1])
        self.axes.imshow(pixels, extent=reach, zorder=z, aspect="auto", interpolation="none")
        self.axes.set_xlim(0, self.width_mm)
        self.axes.set_ylim(0, self.height_mm)

    def drawing(self, box: Box, drawn: Drawing, *, z: float = 6.0) -> None:
        """Put a drawing of filled outlines into a box, as large as it fits, in its middle."""
        left, top, wide, high = drawn.box
        factor = min(box.width / wide, box.height / high)
        x, y = box.centre[0] - (left + wide / 2) * factor, box.centre[1] + (top + high / 2) * factor
        for place, (hex_, strokes) in enumerate(drawn.parts):
            outline = strokes_path(strokes)
            if outline is not None:
                moved = outline.vertices * np.array([factor, -factor]) + np.array([x, y])
                self.path(Path(moved, outline.codes), hex_=hex_, z=z + 0.001 * place)

    def path(self, path: Path, *, hex_: str = "", edge: Pen | None = None, z: float = 1.0) -> None:
        """Draw a path as it is."""
        drawn = PathCollection(
            [path],
            facecolors=[hex_] if hex_ else "none",
            edgecolors=[edge.hex] if edge else "none",
            linewidths=[edge.width_mm * PT_PER_MM if edge else 0.0],
            joinstyle="miter",
            zorder=z,
        )
        self._add(drawn, None)

    def rectangle(
        self, box: Box, hex_: str = "", *, edge: Pen | None = None, z: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a rectangle."""
        self.fill(shapely.box(box.x0, box.y0, box.x1, box.y1), hex_, edge=edge, z=z, alpha=alpha)

    def rule(self, x0: float, y0: float, x1: float, y1: float, pen: Pen, *, z: float = 5.0) -> None:
        """Draw one straight line."""
        self.lines(shapely.linestrings([[x0, y0], [x1, y1]]), pen, z=z)

    def text(
        self, x: float, y: float, text: str, style: Type, *, anchor: Anchor = "left", turned: float = 0.0,
        z: float = 60.0, kind: str = "",
    ) -> None:  # fmt: skip
        """Set one line of text with its base line at ``y``; nothing for an empty text."""
        if not text:
            return
        for character in fonts.missing(text, style.weight):
            self.missing.setdefault(character, text)
        width = fonts.width_mm(text, style.pt, style.weight)
        back = {"left": 0.0, "center": width / 2, "right": width}[anchor]
        angle = np.radians(turned)
        x0, y0 = x - back * float(np.cos(angle)), y - back * float(np.sin(angle))
        if style.halo_mm:
            self._halo(x0, y0, text, style, z)
        at = 0.0
        for piece, path in fonts.runs(text, style.weight):
            self.axes.text(
                x0 + at * float(np.cos(angle)), y0 + at * float(np.sin(angle)), piece,
                fontproperties=fonts.properties(path), fontsize=style.pt, color=style.hex,
                ha="left", va="baseline", rotation=turned, rotation_mode="anchor", zorder=z,
            )  # fmt: skip
            at += fonts.width_mm(piece, style.pt, style.weight)
        box = fonts.ink(text, style.pt, style.weight)
        if turned == UPRIGHT:
            box = Box(-box.y1, box.x0, -box.y0, box.x1)
        self.inks.append(Ink(text, box.moved(x0, y0), kind))

    def finish(self) -> None:
        """Lay the halos under the letters."""
        for (halo_mm, z, hex_), paths in sorted(self._halos.items()):
            together = Path.make_compound_path(*paths)
            self.path(together, edge=Pen(hex_, 2 * halo_mm), z=z - 0.5)
            self.axes.collections[-1].set_joinstyle("round")
        self._halos.clear()

    def save(self, target: Any, fmt: str) -> None:
        """Write the sheet as ``pdf``, ``png`` (300 dpi) or ``svg``, without a date in it."""
        with settings():
            self._save(target, fmt)

    def _save(self, target: Any, fmt: str) -> None:
        if fmt == "png":
            self.figure.savefig(
                target, format="png", dpi=DPI, pil_kwargs={"compress_level": 4}, metadata={"Software": None}
            )
        elif fmt == "svg":
            self.figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
        else:
            self.figure.savefig(target, format="pdf", metadata={"CreationDate": None, "Creator": None})

    def _halo(self, x: float, y: float, text: str, style: Type, z: float) -> None:
        vertices, codes = fonts.outline(text, style.pt, style.weight)
        if len(vertices):
            self._halos.setdefault((style.halo_mm, z, "#FFFFFF"), []).append(Path(vertices + np.array([x, y]), codes))

    def _add(self, drawn: Any, window: Box | None) -> None:
        drawn.set_transform(drawn.get_transform()) if isinstance(drawn, CircleCollection) else drawn.set_transform(
            self.axes.transData
        )
        self.axes.add_collection(drawn, autolim=False)
        if window is not None:
            bounds = Bbox([[window.x0, window.y0], [window.x1, window.y1]])
            drawn.set_clip_box(TransformedBbox(bounds, self.axes.transData))


def polygons_path(shapes: Any) -> Path | None:
    """Return all polygons among ``shapes`` as one path, shells one way round and holes the other; None for nothing."""
    parts = shapely.get_parts(shapely.get_parts(np.atleast_1d(np.asarray(shapes, dtype=object))))
    parts = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    if not len(parts):
        return None
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
    first = np.flatnonzero(np.diff(ring_of, prepend=-1))
    codes[first] = Path.MOVETO
    codes[np.append(first[1:] - 1, len(points) - 1)] = Path.CLOSEPOLY
    return Path(points, codes)


def lines_path(shapes: Any) -> Path | None:
    """Return every line among ``shapes`` as one path; polygons give their rings; None for nothing."""
    parts = shapely.get_parts(shapely.get_parts(np.atleast_1d(np.asarray(shapes, dtype=object))))
    kinds = shapely.get_type_id(parts)
    rings = shapely.get_rings(parts[kinds == 3])
    lines = np.concatenate([parts[(kinds == 1) | (kinds == 2)], rings])
    lines = lines[~shapely.is_empty(lines)]
    points, line_of = shapely.get_coordinates(lines, return_index=True)
    if not len(points):
        return None
    codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
    codes[np.diff(line_of, prepend=-1) != 0] = Path.MOVETO
    return Path(points, codes)


_CODES: Final[Mapping[str, int]] = {
    "moveTo": int(Path.MOVETO),
    "lineTo": int(Path.LINETO),
    "curveTo": int(Path.CURVE4),
    "qCurveTo": int(Path.CURVE3),
}


def strokes_path(strokes: Sequence[tuple[str, tuple[Any, ...]]]) -> Path | None:
    """Return strokes of a pen as one path; None for nothing."""
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for name, given in strokes:
        if name == "closePath":
            points.append(points[-1])
            codes.append(int(Path.CLOSEPOLY))
        elif name in _CODES:
            points += [tuple(point) for point in given]
            codes += [_CODES[name]] * len(given)
    return Path(np.array(points, dtype=float), codes) if points else None


def boxes(found: Sequence[Box]) -> np.ndarray:
    """Return rectangles as shapely boxes."""
    return np.array([shapely.box(box.x0, box.y0, box.x1, box.y1) for box in found], dtype=object)
