"""The typeface of the atlas: three weights, measured in millimetres without any renderer.

Bundled is Noto Sans SC, cut to GB 2312, the 通用规范汉字表 and symbols in three weights; what else GB 18030 asks for,
traditional and rare characters, stands in a fourth file of one weight. Widths and outlines come from the font's own
units, so that a layout is the same at every resolution and on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags

MM_PER_PT: Final = 25.4 / 72
FILES: Final = {400: "NotoSansSC-Regular.ttf", 500: "NotoSansSC-Medium.ttf", 700: "NotoSansSC-Bold.ttf"}
WIDE: Final = "NotoSansSCWide-Regular.ttf"
WEIGHTS: Final = (400, 500, 700)
# Line feed to line feed, in parts of the type size.
LEADING: Final = 1.25
# No text on a sheet is smaller.
LEAST_PT: Final = 5.5


@dataclass(frozen=True)
class Typeface:
    """Font files by weight (400, 500, 700), each a chain: a character is drawn by the first file that has it."""

    regular: tuple[str, ...]
    medium: tuple[str, ...]
    bold: tuple[str, ...]

    def chain(self, weight: int) -> tuple[str, ...]:
        """Return the files of ``weight``."""
        return {400: self.regular, 500: self.medium, 700: self.bold}[weight]


@dataclass(frozen=True)
class Glyph:
    """One character: its file, advance and ink box in parts of the type size, outline as vertices and codes."""

    file: str
    advance: float
    left: float
    bottom: float
    right: float
    top: float
    vertices: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class Box:
    """A rectangle on paper in millimetres."""

    x0: float
    y0: float
    x1: float
    y1: float

    def moved(self, dx: float, dy: float) -> Box:
        """Return the rectangle moved."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def grown(self, across: float, up: float | None = None) -> Box:
        """Return the rectangle with a margin sideways and, if different, up and down; negative shrinks."""
        up = across if up is None else up
        return Box(self.x0 - across, self.y0 - up, self.x1 + across, self.y1 + up)

    def meets(self, other: Box) -> bool:
        """Say whether two rectangles share more than an edge."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1

    def holds(self, other: Box) -> bool:
        """Say whether ``other`` lies inside, edges included."""
        return self.x0 <= other.x0 and self.y0 <= other.y0 and self.x1 >= other.x1 and self.y1 >= other.y1

    @property
    def width(self) -> float:
        """Return the extent in x."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Return the extent in y."""
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


@cache
def bundled() -> Typeface:
    """Return the typeface that comes with the program."""
    return Typeface(*((file(weight), _path(WIDE)) for weight in WEIGHTS))


_TYPEFACE: ContextVar[Typeface | None] = ContextVar("typeface", default=None)


@contextmanager
def using(typeface: Typeface) -> Iterator[None]:
    """Measure and set in ``typeface`` while the block runs."""
    before = _TYPEFACE.set(typeface)
    try:
        yield
    finally:
        _TYPEFACE.reset(before)


def file(weight: int) -> str:
    """Return the path of the bundled file of ``weight`` (400, 500 or 700)."""
    return _path(FILES[weight])


def _path(name: str) -> str:
    return str(resources.files("planning.atlas") / "fonts" / name)


@cache
def properties(path: str) -> FontProperties:
    """Return a font file as matplotlib takes it."""
    return FontProperties(fname=path)


def glyph(weight: int, character: str) -> Glyph | None:
    """Return a character's measures and outline, None where no file of the typeface has it."""
    return _glyph((_TYPEFACE.get() or bundled()).chain(weight), character)


@lru_cache(maxsize=1 << 15)
def _glyph(chain: tuple[str, ...], character: str) -> Glyph | None:
    for path in chain:
        face = _face(path)
        if face.get_char_index(ord(character)) == 0:
            continue
        loaded: Any = face.load_char(ord(character), flags=LoadFlags.NO_SCALE)
        em = float(face.units_per_EM)
        left, bottom, right, top = (edge / em for edge in loaded.bbox)
        vertices, codes = face.get_path()
        # `get_path` takes the outline for 26.6 fixed point, which unscaled font units are not.
        drawn = np.asarray(vertices) * 64 / em
        return Glyph(path, loaded.horiAdvance / em, left, bottom, right, top, drawn, np.asarray(codes))
    return None


@lru_cache(maxsize=64)
def _face(path: str) -> FT2Font:
    return FT2Font(path)


def runs(text: str, weight: int) -> list[tuple[str, str]]:
    """Return ``text`` in pieces that one file draws, each with its file; what no file has goes to the first."""
    first = (_TYPEFACE.get() or bundled()).chain(weight)[0]
    found: list[tuple[str, str]] = []
    for character in text:
        drawn = glyph(weight, character)
        path = first if drawn is None else drawn.file
        if found and found[-1][1] == path:
            found[-1] = (found[-1][0] + character, path)
        else:
            found.append((character, path))
    return found


def missing(text: str, weight: int = 400) -> list[str]:
    """Return the characters of ``text`` that the typeface cannot draw, each once, in order."""
    return [character for character in dict.fromkeys(text) if character != "\n" and glyph(weight, character) is None]


def width_mm(text: str, pt: float, weight: int = 400) -> float:
    """Return how long a line of text is; characters the font lacks count as a full square."""
    return sum(_advance(weight, character) for character in text) * pt * MM_PER_PT


def _advance(weight: int, character: str) -> float:
    found = glyph(weight, character)
    return 1.0 if found is None else found.advance


def ink(text: str, pt: float, weight: int = 400) -> Box:
    """Return the box of a line's outlines with its base line's start at the origin; empty text gives an empty box."""
    size, x = pt * MM_PER_PT, 0.0
    edges = []
    for character in text:
        found = glyph(weight, character)
        if found is not None and found.right > found.left:
            edges.append((x + found.left, found.bottom, x + found.right, found.top))
        x += _advance(weight, character)
    if not edges:
        return Box(0, 0, 0, 0)
    low, high = np.min(edges, axis=0), np.max(edges, axis=0)
    return Box(float(low[0]) * size, float(low[1]) * size, float(high[2]) * size, float(high[3]) * size)


def outline(text: str, pt: float, weight: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices (mm, base line's start at the origin) and codes of a whole line."""
    size, x = pt * MM_PER_PT, 0.0
    parts: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    for character in text:
        found = glyph(weight, character)
        if found is not None and len(found.vertices):
            parts.append((found.vertices + np.array([x, 0.0])) * size)
            codes.append(found.codes)
        x += _advance(weight, character)
    if not parts:
        return np.empty((0, 2)), np.empty(0, dtype=np.uint8)
    return np.concatenate(parts), np.concatenate(codes)


def shortened(text: str, limit_mm: float, pt: float, weight: int = 400) -> str:
    """Return ``text``, cut with an ellipsis where it is longer than ``limit_mm``."""
    if width_mm(text, pt, weight) <= limit_mm:
        return text
    kept = text
    while kept and width_mm(kept + "…", pt, weight) > limit_mm:
        kept = kept[:-1]
    return kept + "…"


def wrapped(text: str, limit_mm: float, pt: float, weight: int = 400) -> list[str]:
    """Return ``text`` in lines no longer than ``limit_mm``; breaks at spaces of Latin text, else anywhere."""
    lines, line = [""], ""
    for word in _words(text):
        if line and width_mm((line + word).rstrip(), pt, weight) > limit_mm:
            lines.append("")
            line = ""
        line += word if line else word.lstrip()
        lines[-1] = line.rstrip()
    return [entry for entry in lines if entry]


def _words(text: str) -> Iterable[str]:
    """Split into pieces that are not broken: runs of Latin letters, and single other characters with their stops."""
    piece = ""
    for character in text:
        latin = character < "\u2e80" and character != " "
        stop = character in "，。；：、）》”％"
        if piece and not stop and not (latin and piece[-1] < "\u2e80" and piece[-1] != " ") and character != " ":
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def fitted(text: str, limit_mm: float, pt: float, weight: int = 400) -> tuple[str, float]:
    """Return ``text`` and the size it fits at, no smaller than `LEAST_PT`; cut where even that is too long."""
    while pt > LEAST_PT and width_mm(text, pt, weight) > limit_mm:
        pt = max(pt - 0.1, LEAST_PT)
    return shortened(text, limit_mm, pt, weight), round(pt, 1)
