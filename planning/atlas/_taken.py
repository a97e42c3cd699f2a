"""Which places on paper are taken: rectangles in a grid of cells, and leaders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from planning.atlas._fonts import Box

CELL_MM: Final = 8.0
GAP_X_MM: Final = 0.9
GAP_Y_MM: Final = 0.5

Segment = tuple[float, float, float, float]


@dataclass(eq=False)
class Taken:
    """Taken rectangles, found by the cells they touch; and the leaders drawn so far."""

    boxes: list[Box] = field(default_factory=list)
    leaders: list[Segment] = field(default_factory=list)
    _cells: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def take(self, box: Box) -> None:
        """Mark a rectangle as taken."""
        for cell in _cells_of(box):
            self._cells.setdefault(cell, []).append(len(self.boxes))
        self.boxes.append(box)

    def free(self, box: Box) -> bool:
        """Say whether a label may stand here: clear of every taken rectangle by the gaps, and of every leader."""
        wide = box.grown(GAP_X_MM, GAP_Y_MM)
        if any(wide.meets(self.boxes[place]) for place in self._near(wide)):
            return False
        return not any(crosses(leader, box) for leader in self.leaders)

    def clear(self, segment: Segment) -> bool:
        """Say whether a leader may run here: through no taken rectangle, across no other leader."""
        x0, y0, x1, y1 = segment
        span = Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if any(crosses(segment, self.boxes[place]) for place in self._near(span)):
            return False
        return not any(_cross(segment, other) for other in self.leaders)

    def lead(self, segment: Segment) -> None:
        """Keep a leader's track."""
        self.leaders.append(segment)

    def _near(self, box: Box) -> set[int]:
        return {place for cell in _cells_of(box) for place in self._cells.get(cell, ())}


def _cells_of(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box.x0 // CELL_MM), int(box.x1 // CELL_MM) + 1):
        for row in range(int(box.y0 // CELL_MM), int(box.y1 // CELL_MM) + 1):
            yield column, row


def crosses(segment: Segment, box: Box) -> bool:
    """Say whether a segment passes through the inside of a rectangle (Liang–Barsky)."""
    x0, y0, x1, y1 = segment
    low, high = 0.0, 1.0
    for start, step, least, most in ((x0, x1 - x0, box.x0, box.x1), (y0, y1 - y0, box.y0, box.y1)):
        if step == 0:
            if not least < start < most:
                return False
            continue
        near, far = sorted(((least - start) / step, (most - start) / step))
        low, high = max(low, near), min(high, far)
        if low >= high:
            return False
    return True


def _cross(one: Segment, other: Segment) -> bool:
    """Say whether two segments cross or touch."""
    a, b, c, d = one[:2], one[2:], other[:2], other[2:]
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0


def _side(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
