"""Where labels go: everything in millimetres, nothing over anything else, ties by the order given.

A label that finds no place is dropped and counted; the sheet says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely

from planning.atlas import _fonts as fonts
from planning.atlas._fonts import Box
from planning.atlas._page import Page, Pen, Type, boxes
from planning.atlas._taken import Segment, Taken

FRAME_GAP_MM: Final = 0.8
NEAR_MM: Final = 0.7
LEADERS_MM: Final = (5.0, 8.0, 11.5, 15.5, 20.0)
DIRECTIONS: Final = 14
SHIFTS: Final = ((0, 0), (0, 1.1), (0, -1.1), (1.3, 0), (-1.3, 0), (1.3, 1.1), (-1.3, 1.1), (1.3, -1.1), (-1.3, -1.1))
FARTHER: Final = tuple(
    (dx, dy)
    for reach in (2.4, 3.6, 5.0)
    for dx in (0, reach, -reach)
    for dy in (0, 0.8 * reach, -0.8 * reach)
    if dx or dy
)
SIDES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
TRIES: Final = 500
LONGEST_MM: Final = 52.0
ROAD_EVERY_MM: Final = 95.0
ROAD_TWICE: Final = 2


@dataclass(frozen=True)
class Label:
    """A label of one or more lines, all of one type but ``styles`` may differ line by line."""

    lines: tuple[str, ...]
    styles: tuple[Type, ...]
    kind: str

    def __post_init__(self) -> None:
        """Cut lines that no map has room for; the tables have them whole."""
        cut = (
            fonts.shortened(line, LONGEST_MM, style.pt, style.weight)
            for line, style in zip(self.lines, self.styles, strict=True)
        )
        object.__setattr__(self, "lines", tuple(cut))

    @property
    def boxes(self) -> list[Box]:
        """Return the ink box of each line, the first line's base line at 0, every line centred on 0."""
        found, y = [], 0.0
        for place, (line, style) in enumerate(zip(self.lines, self.styles, strict=True)):
            if place:
                y -= style.pt * fonts.MM_PER_PT * 1.18
            box = fonts.ink(line, style.pt, style.weight)
            found.append(box.moved(-box.centre[0], y))
        return found

    @property
    def box(self) -> Box:
        """Return the box round all lines, its centre at the origin."""
        found = self.boxes
        whole = Box(
            min(b.x0 for b in found), min(b.y0 for b in found), max(b.x1 for b in found), max(b.y1 for b in found)
        )
        return whole.moved(-whole.centre[0], -whole.centre[1])


@dataclass(eq=False)
class Placer:
    """Places labels inside a map window."""

    page: Page
    window: Box
    leader: Pen
    taken: Taken = field(default_factory=Taken)
    dropped: list[str] = field(default_factory=list)
    placed: list[tuple[Label, Box]] = field(default_factory=list)

    def point(
        self, x: float, y: float, reach_mm: float, label: Label, *, leaders: Sequence[float] = LEADERS_MM
    ) -> bool:
        """Label a point: beside it, else at the end of a leader."""
        shape = label.box
        for dx, dy in SIDES:
            centre = (
                x + dx * (reach_mm + NEAR_MM + shape.width / 2) * (0.8 if dx and dy else 1),
                y + dy * (reach_mm + NEAR_MM + shape.height / 2),
            )
            if self._try(label, shape.moved(*centre)):
                return True
        return self._led(x, y, reach_mm, label, leaders)

    def area(self, polygon: Any, labels: Sequence[Label], *, led: Label | None = None) -> bool:
        """Label an area: the first of ``labels`` that fits at its centre or a little beside, else ``led`` by leader."""
        centre = polygon.centroid if polygon.contains(polygon.centroid) else polygon.representative_point()
        for label in labels:
            shape = label.box
            for dx, dy in SHIFTS:
                if self._try(label, shape.moved(centre.x + dx, centre.y + dy)):
                    return True
        for label in labels:
            shape = label.box
            for dx, dy in FARTHER:
                box = shape.moved(centre.x + dx, centre.y + dy)
                if shapely.contains_xy(polygon, [box.x0, box.x1], [box.centre[1]] * 2).all() and self._try(label, box):
                    return True
        return led is not None and self._led(*self._start(polygon, centre.x, centre.y), 0.0, led, LEADERS_MM)

    def street(self, polygon: Any, label: Label, busy: Any) -> bool:
        """Name a street: of `TRIES` positions inside, the one that covers least of what is drawn (``busy``)."""
        shape = label.box.grown(1.0)
        places = _spread(polygon, self.window)
        offers = [shape.moved(x, y) for x, y in places]
        offers = [box for box in offers if self.window.holds(box) and self.taken.free(box)]
        if not offers:
            return self._drop(label)
        shapes = boxes(offers)
        outside = shapely.area(shapes) - shapely.area(shapely.intersection(shapes, polygon))
        hidden = np.zeros(len(offers))
        if len(busy):
            tree = shapely.STRtree(busy)
            which, met = tree.query(shapes, predicate="intersects")
            np.add.at(hidden, which, shapely.area(shapely.intersection(shapes[which], tree.geometries.take(met))))
        best = int(np.argmin(hidden + 4 * outside))
        return self._try(label, offers[best].grown(-1.0), forced=True)

    def along(self, line: Any, name: str, style: Type, *, kind: str) -> None:
        """Set a name letter by letter along a line, every `ROAD_EVERY_MM`, at most twice; only where all is free."""
        pitch = style.pt * fonts.MM_PER_PT * 2.1
        need = pitch * (len(name) - 1)
        if line.length < need + 2 * pitch:
            return
        starts = np.arange(pitch, line.length - need - pitch, 2.5)
        middle = (line.length - need) / 2
        order = starts[np.argsort(np.abs(starts - middle), kind="stable")]
        set_at: list[float] = []
        for start in order:
            if len(set_at) >= ROAD_TWICE:
                return
            if all(abs(start - other) >= ROAD_EVERY_MM for other in set_at) and self._letters(
                line, start, pitch, name, style, kind
            ):
                set_at.append(float(start))

    def draw(self) -> None:
        """Set every placed label."""
        for label, box in self.placed:
            home = label.box
            parts = label.boxes
            low, high = min(part.y0 for part in parts), max(part.y1 for part in parts)
            shift = (box.centre[0] - home.centre[0], box.centre[1] - (low + high) / 2)
            for line, style, part in zip(label.lines, label.styles, parts, strict=True):
                plain = fonts.ink(line, style.pt, style.weight)
                x, y = part.x0 - plain.x0 + shift[0], part.y0 - plain.y0 + shift[1]
                self.page.text(x, y, line, style, z=80.0, kind=label.kind)
        for x0, y0, x1, y1 in self.taken.leaders:
            for pen, z in ((Pen("#FFFFFF", 0.5), 70.0), (self.leader, 70.1)):
                self.page.rule(x0, y0, x1, y1, pen, z=z)

    def _try(self, label: Label, box: Box, *, forced: bool = False) -> bool:
        if not forced and not (self.window.grown(-FRAME_GAP_MM).holds(box) and self.taken.free(box)):
            return False
        self.taken.take(box)
        self.placed.append((label, box))
        return True

    def _led(self, x: float, y: float, reach_mm: float, label: Label, distances: Sequence[float]) -> bool:
        shape = label.box
        for distance in distances:
            for dx, dy in _directions():
                box = shape.moved(
                    x + dx * (reach_mm + distance + shape.width / 2 * abs(dx)),
                    y + dy * (reach_mm + distance + shape.height / 2),
                )
                track = _track(x, y, reach_mm, box)
                if not (self.window.grown(-FRAME_GAP_MM).holds(box) and self.taken.free(box)):
                    continue
                if self.taken.clear(track):
                    self.taken.lead(track)
                    return self._try(label, box, forced=True)
        return self._drop(label)

    def _start(self, polygon: Any, x: float, y: float) -> tuple[float, float]:
        """Return where a leader to an area begins: its middle, or a place beside it that no symbol or label covers."""
        for dx, dy in (*SHIFTS, *FARTHER):
            if shapely.contains_xy(polygon, x + dx, y + dy) and self.taken.clear(
                (x + dx, y + dy, x + dx, y + dy + 0.01)
            ):
                return x + dx, y + dy
        return x, y

    def _letters(self, line: Any, start: float, pitch: float, name: str, style: Type, kind: str) -> bool:
        places = shapely.get_coordinates(shapely.line_interpolate_point(line, start + pitch * np.arange(len(name))))
        letters = [Label((character,), (style,), kind) for character in name]
        # A name runs as it is read: from the left, or from the top where the road goes up and down.
        run = places[-1] - places[0]
        if (run[0] < 0 and abs(run[0]) >= abs(run[1])) or (run[1] > 0 and abs(run[1]) > abs(run[0])):
            places = places[::-1]
        straight = np.hypot(*run) >= 0.96 * pitch * (len(name) - 1)
        spots = [letter.box.moved(x, y) for letter, (x, y) in zip(letters, places, strict=True)]
        inner = self.window.grown(-FRAME_GAP_MM)
        if not straight or not all(inner.holds(spot) and self.taken.free(spot) for spot in spots):
            return False
        for letter, spot in zip(letters, spots, strict=True):
            self._try(letter, spot, forced=True)
        return True

    def _drop(self, label: Label) -> bool:
        self.dropped.append(label.lines[0])
        return False


def _directions() -> Iterator[tuple[float, float]]:
    """Yield unit vectors, east first, then turning to both sides."""
    for step in range(DIRECTIONS):
        turn = (step + 1) // 2 * (1 if step % 2 else -1)
        angle = 2 * np.pi * turn / DIRECTIONS
        yield float(np.cos(angle)), float(np.sin(angle))


def _track(x: float, y: float, reach_mm: float, box: Box) -> Segment:
    """Return the leader from the rim of a symbol to the nearest point of a label's box."""
    end = min(max(x, box.x0 - 0.3), box.x1 + 0.3), min(max(y, box.y0 - 0.3), box.y1 + 0.3)
    # The symbol's own place is a taken square: the leader starts at its side.
    longest = max(abs(end[0] - x), abs(end[1] - y)) or 1.0
    part = min(reach_mm / longest, 1.0)
    return x + (end[0] - x) * part, y + (end[1] - y) * part, end[0], end[1]


def _spread(polygon: Any, window: Box) -> np.ndarray:
    """Return up to `TRIES` evenly spread positions inside a polygon: an additive sequence, the same every time."""
    seen = shapely.intersection(polygon, shapely.box(window.x0, window.y0, window.x1, window.y1))
    if seen.is_empty:
        return np.empty((0, 2))
    x0, y0, x1, y1 = seen.bounds
    steps = np.arange(1, 4 * TRIES)[:, None] * (0.7548776662466927, 0.5698402909980532) % 1.0
    places = steps * (x1 - x0, y1 - y0) + (x0, y0)
    return np.asarray(places[shapely.contains_xy(seen, places[:, 0], places[:, 1])][:TRIES])
