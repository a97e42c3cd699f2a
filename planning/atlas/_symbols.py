"""Point symbols: shape says level, filling says status, a numeral says rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.path import Path

from planning.atlas import _fonts as fonts
from planning.atlas._page import Page, Pen, Type
from planning.palette import Filling, Level, Palette, Shape, Site, Status

RIM_MM: Final = 0.38
OUTLINE_MM: Final = 0.34
LATER_MM: Final = 0.70
NUMERAL_PT_PER_MM: Final = 1.62
LEAST_MM: Final = 2.2


@dataclass(frozen=True)
class Symbol:
    """A symbol at its place on paper."""

    shape: Shape
    mm: float
    hex: str
    filling: Filling
    outline_mm: float = OUTLINE_MM
    numeral: str = ""
    numeral_hex: str = ""
    rings: int = 0

    @property
    def reach_mm(self) -> float:
        """Return half the extent with rim and rings."""
        return self.mm / 2 + RIM_MM + self.rings * 0.9


def of_facility(level: Level, status: Status, book: Palette, *, factor: float = 1.0) -> Symbol:
    """Return the symbol of a facility; idle, diverted and closed are grey."""
    grey = status.filling in ("bar", "slash", "x")
    size = level.mm if factor == 1.0 else max(level.mm * factor, LEAST_MM)
    return Symbol(level.shape, size, book.status_ink if grey else level.hex, status.filling)


def of_site(site: Site, *, numeral: str = "", factor: float = 1.0) -> Symbol:
    """Return the symbol of a candidate, or of a chosen site with its rank."""
    outline = LATER_MM if site.filling == "hollow" and site.shape == "circle" else OUTLINE_MM
    return Symbol(
        site.shape, site.mm * factor, site.hex, site.filling, outline, numeral, site.text or site.hex, site.rings
    )


def draw(page: Page, x: float, y: float, symbol: Symbol, *, z: float) -> None:
    """Draw one symbol: white rim, body, filling, numeral."""
    outline = Pen(symbol.hex, symbol.outline_mm)
    for ring in range(symbol.rings, 0, -1):
        page.path(_path(symbol.shape, x, y, symbol.mm + ring * 1.8), hex_="#FFFFFF", edge=Pen(symbol.hex, 0.34), z=z)
    # The rim is half outside: its pen is twice as wide.
    page.path(_path(symbol.shape, x, y, symbol.mm), edge=Pen("#FFFFFF", 2 * RIM_MM + symbol.outline_mm), z=z)
    body = symbol.hex if symbol.filling == "solid" else "#FFFFFF"
    inner = symbol.mm - symbol.outline_mm
    page.path(_path(symbol.shape, x, y, inner), hex_=body, edge=outline, z=z + 0.01)
    if symbol.filling == "left_half":
        page.path(_left_half(symbol.shape, x, y, inner), hex_=symbol.hex, z=z + 0.02)
    _strokes(page, x, y, symbol, z + 0.02)
    if symbol.numeral:
        style = Type(NUMERAL_PT_PER_MM * symbol.mm * (0.8 if len(symbol.numeral) > 1 else 1), 700, symbol.numeral_hex)
        box = fonts.ink(symbol.numeral, style.pt, 700)
        page.text(x - box.centre[0], y - box.centre[1], symbol.numeral, style, z=z + 0.03, kind="numeral")


def gate(page: Page, places: np.ndarray, mm: float, hex_: str, *, z: float) -> None:
    """Draw ways in and out: small ink squares with a white rim."""
    for size, ink in ((mm + 0.24, "#FFFFFF"), (mm, hex_)):
        squares = [Path(_square(size) + place, _closed(4)) for place in places]
        if squares:
            page.path(Path.make_compound_path(*squares), hex_=ink, z=z)


def _strokes(page: Page, x: float, y: float, symbol: Symbol, z: float) -> None:
    """Draw the bar, slash or cross of a facility out of use."""
    half, pen = symbol.mm / 2, Pen(symbol.hex, symbol.outline_mm)
    reach = half * 0.62
    kinds: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {
        "bar": [((-half + 0.1, 0), (half - 0.1, 0))],
        "slash": [((-reach, -reach), (reach, reach))],
        "x": [((-reach, -reach), (reach, reach)), ((-reach, reach), (reach, -reach))],
    }
    for (x0, y0), (x1, y1) in kinds.get(symbol.filling, []):
        page.path(Path([(x + x0, y + y0), (x + x1, y + y1)]), edge=pen, z=z)


def _path(shape: Shape, x: float, y: float, mm: float) -> Path:
    if shape == "circle":
        return Path.circle((x, y), mm / 2)
    points = {"square": _square, "diamond": _diamond, "hexagon": _hexagon, "triangle": _triangle}[shape](mm)
    return Path(points + np.array([x, y]), _closed(len(points) - 1))


def _left_half(shape: Shape, x: float, y: float, mm: float) -> Path:
    """Return the left half of a symbol as a polygon."""
    ring = np.asarray(_path(shape, 0, 0, mm).to_polygons(closed_only=True)[0], dtype=float)
    ring = ring[ring[:, 0] <= 1e-9]
    top, bottom = ring[:, 1].max(), ring[:, 1].min()
    ordered = ring[np.argsort(np.arctan2(ring[:, 1], ring[:, 0]) % (2 * np.pi))]
    half = np.vstack([[0, top], ordered, [0, bottom], [0, top]])
    return Path(half + np.array([x, y]), _closed(len(half) - 1))


def _square(mm: float) -> np.ndarray:
    half = mm / 2
    return np.array([(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)])


def _diamond(mm: float) -> np.ndarray:
    half = mm / 2 * 1.25
    return np.array([(0, -half), (half, 0), (0, half), (-half, 0), (0, -half)])


def _hexagon(mm: float) -> np.ndarray:
    angles = np.radians(90 + 60 * np.arange(7))
    return mm / 2 * np.column_stack([np.cos(angles), np.sin(angles)])


def _triangle(mm: float) -> np.ndarray:
    half, height = mm / 2, mm * 0.866
    return np.array([(-half, -height / 3), (half, -height / 3), (0, height * 2 / 3), (-half, -height / 3)])


def _closed(count: int) -> list[np.uint8]:
    return [Path.MOVETO, *[Path.LINETO] * (count - 1), Path.CLOSEPOLY]
