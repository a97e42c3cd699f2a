"""One sheet in the making: its page, its place on the ground, its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from planning.atlas._fonts import Box
from planning.atlas._labels import Label, Placer
from planning.atlas._layout import Extent, Layout
from planning.atlas._page import Page, Pen, Type
from planning.atlas._view import View


@dataclass(frozen=True)
class Head:
    """What a sheet says of itself: its number, title, subtitle, page."""

    number: str
    title: str
    subtitle: str
    page: int
    pages: int


@dataclass(eq=False)
class Canvas:
    """What the steps of drawing a sheet share."""

    view: View
    layout: Layout
    extent: Extent
    head: Head
    page: Page
    placer: Placer
    footnotes: list[str] = field(default_factory=list)

    @property
    def window(self) -> Box:
        """Return the map window."""
        return self.layout.window

    @property
    def scale(self) -> int:
        """Return N of 1:N."""
        return self.extent.scale

    @cached_property
    def window_shape(self) -> Any:
        """Return the map window as a polygon."""
        return shapely.box(self.window.x0, self.window.y0, self.window.x1, self.window.y1)

    @cached_property
    def areas(self) -> np.ndarray:
        """Return the residential areas on paper, in the order of the view."""
        return np.asarray(self.extent.shapes(self.view.areas.geometry.to_numpy()))

    @cached_property
    def border(self) -> Any:
        """Return the plan area on paper."""
        return self.extent.shape(self.view.border)

    def style(self, name: str, *, hex_: str | None = None, weight: int | None = None) -> Type:
        """Return a type of the palette; ink unless the palette or ``hex_`` gives a colour."""
        entry = self.view.book.text[name]
        ink = self.view.book.ink
        colour = hex_ or entry.get("hex") or (ink["muted"] if name in ("subtitle", "note") else ink["text"])
        return Type(entry["pt"], weight or entry["weight"], colour, entry.get("halo_mm", 0.0))

    def label(self, lines: Sequence[str], name: str, *, hex_: str | None = None, weight: int | None = None) -> Label:
        """Return a label of lines all of one type."""
        return Label(tuple(lines), (self.style(name, hex_=hex_, weight=weight),) * len(lines), name)

    def pen(self, name: str) -> Pen:
        """Return a line of the palette."""
        entry = self.view.book.line[name]
        return Pen(entry["hex"], entry["mm"], tuple(entry.get("dash_mm", ())))

    def inside(self, shapes: Any) -> np.ndarray:
        """Return paper geometries cut to the window, empty ones dropped."""
        cut = shapely.intersection(np.atleast_1d(np.asarray(shapes, dtype=object)), self.window_shape)
        return np.asarray(cut[~shapely.is_empty(cut)])


def canvas(view: View, layout: Layout, extent: Extent, head: Head) -> Canvas:
    """Return an empty sheet."""
    page = Page(layout.width_mm, layout.height_mm)
    leader = view.book.line["leader"]
    placer = Placer(page, layout.window, Pen(leader["hex"], leader["mm"]))
    return Canvas(view, layout, extent, head, page, placer)
