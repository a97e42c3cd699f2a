"""The blocks of a side panel: heads, big figures, legend, tables, bars, sentences.

They flow down; what does not fit loses rows, never type size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely

from planning.atlas import _fonts as fonts
from planning.atlas import _hatch as hatch
from planning.atlas import _symbols as symbols
from planning.atlas._canvas import Canvas
from planning.atlas._fonts import Box
from planning.atlas._page import Pen, Type
from planning.palette import Fill

GAP_MM: Final = 3.6
HEAD_MM: Final = 6.4
LEAST_BLOCK_MM: Final = 6.0
# With less than this left, a block begins in the next column, where the format has one.
TURN_MM: Final = 22.0
THREE_COLUMNS_MM: Final = 85.0
SWATCH_MM: Final = (7.0, 3.4)
LEGEND_ROW_MM: Final = 4.9
TABLE_ROW_MM: Final = 3.75
BAR_ROW_MM: Final = 4.4
LINE_MM: Final = 3.4
CELL_MM: Final = 2.0

Sample = Callable[["Flow", float, float], None]


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, its share of the width, its side, and how its cells are drawn."""

    head: str
    part: float
    anchor: str = "right"


@dataclass(frozen=True)
class RowStyle:
    """Type size and height of a table's rows."""

    pt: float
    high_mm: float


@dataclass(frozen=True)
class Entry:
    """A row of a legend: a sample, its wording, a count."""

    sample: Sample
    text: str
    count: str = ""


@dataclass(eq=False)
class Flow:
    """Blocks flowing down the columns of a sheet."""

    canvas: Canvas
    column: int = 0
    y: float = field(init=False)
    full: bool = False
    edges: list[float] = field(default_factory=list)
    _waiting: tuple[float, float, str, str] | None = None

    def __post_init__(self) -> None:
        self.y = self.box.y1

    @property
    def box(self) -> Box:
        """Return the column being filled."""
        return self.canvas.layout.columns[self.column]

    @property
    def room(self) -> float:
        """Return the millimetres left in the column."""
        return self.y - self.box.y0

    @property
    def ink(self) -> Mapping[str, str]:
        """Return the palette's inks."""
        return self.canvas.view.book.ink

    def turn(self, column: int) -> None:
        """Go on in another column, if the format has it."""
        self._take_back()
        if self.column < column < len(self.canvas.layout.columns):
            self.column = column
            self.y = self.box.y1

    def gap(self, mm: float = GAP_MM) -> None:
        """Leave room before the next block, but not at the top of a column."""
        if self.y < self.box.y1:
            self.y -= mm

    def head(self, text: str, note: str = "") -> None:
        """Set the head of a block: accent bar, text, a note at the right.

        Where not even a few rows would fit below it, the whole block is left out up to the next head.
        """
        self._take_back()
        if self.room < GAP_MM + HEAD_MM + TURN_MM:
            self.turn(self.column + 1)
        self.full = self.room < GAP_MM + HEAD_MM + LEAST_BLOCK_MM
        if self.full:
            return
        before = self.y
        self.gap()
        self._waiting = (before, self.y, text, note)
        self.y -= HEAD_MM

    def _take_back(self) -> None:
        """Leave out a head that nothing has followed."""
        if self._waiting is not None:
            self.y = self._waiting[0]
            self._waiting = None

    def _set_head(self) -> None:
        """Set the head that waits for its block: something fits below it."""
        if self._waiting is None:
            return
        _, y, text, note = self._waiting
        self._waiting = None
        page, style = self.canvas.page, self.canvas.style("block_head", hex_=self.ink["accent"])
        page.rectangle(Box(self.box.x0, y - 4.2, self.box.x0 + 1.3, y - 0.4), self.ink["accent"], z=5)
        page.text(self.box.x0 + 2.6, y - 3.6, text, style, kind="head")
        room = self.box.width - 6 - fonts.width_mm(text, style.pt, style.weight)
        page.text(self.box.x1, y - 3.6, fonts.shortened(note, room, 5.8), self.canvas.style("note"), anchor="right")

    def figures(self, items: Sequence[tuple[str, str, str]]) -> None:
        """Set big figures side by side: value, unit, wording."""
        if self.full:
            return
        self._set_head()
        page, pt = self.canvas.page, 17.0
        while pt > 9 and sum(_figure_mm(item, pt) for item in items) > self.box.width:
            pt -= 0.5
        need = [_figure_mm(item, pt) for item in items]
        spare = max(self.box.width - sum(need), 0.0) / max(len(items), 1)
        x = self.box.x0
        for (value, unit, said), wide in zip(items, need, strict=True):
            page.text(x, self.y - 6.2, value, Type(pt, 700, self.ink["accent"]), kind="figure")
            after = x + fonts.width_mm(value, pt, 700) + 1
            page.text(after, self.y - 6.2, unit, Type(8, 500, self.ink["accent"]))
            page.text(x, self.y - 9.6, fonts.shortened(said, wide + spare - 1, 5.8), self.canvas.style("note"))
            x += wide + spare
        self.y -= 11.4

    def sentence(self, text: str, *, bullet: bool = False, most: int = 4) -> None:
        """Set a sentence over as many lines as it needs, up to ``most``."""
        page, indent = self.canvas.page, 3.0 if bullet else 0.0
        style = self.canvas.style("legend") if bullet else self.canvas.style("note", hex_=self.ink["text"])
        lines = fonts.wrapped(text, self.box.width - indent, style.pt)[:most]
        if self.full or self.room < LINE_MM * len(lines):
            return
        self._set_head()
        if bullet:
            page.dots(np.array([[self.box.x0 + 1, self.y - 1.6]]), 1.0, self.ink["accent"], z=6)
        for line in lines:
            page.text(self.box.x0 + indent, self.y - 2.5, line, style, kind="sentence")
            self.y -= LINE_MM
        self.y -= 0.6

    # ------------------------------------------------------------------------------------------------------- legend

    def legend_note(self, text: str) -> None:
        """Set a line inside a legend that says what the next rows are."""
        if self.full:
            return
        self._set_head()
        self.canvas.page.text(self.box.x0, self.y - 2.8, text, self.canvas.style("note"), kind="legend")
        self.y -= 4.4

    def legend(self, entries: Sequence[Entry], *, columns: int = 2) -> None:
        """Draw samples with their wording in ``columns``; counts at the right of each."""
        columns = columns if self.box.width >= THREE_COLUMNS_MM else min(columns, 2)
        lines = [] if self.full else self._legend_lines(entries, columns)
        fit = int(self.room / LEGEND_ROW_MM)
        if lines[:fit]:
            self._set_head()
        for line in lines[:fit]:
            step = self.box.width / (columns if len(line) > 1 or not self._wide(line[0], columns) else 1)
            for place, entry in enumerate(line):
                self._legend_entry(entry, self.box.x0 + place * step, step)
            self.y -= LEGEND_ROW_MM
        rest = [entry for line in lines[fit:] for entry in line]
        if rest and self.column + 1 < len(self.canvas.layout.columns):
            self.turn(self.column + 1)
            self.legend(rest, columns=columns)

    def _legend_lines(self, entries: Sequence[Entry], columns: int) -> list[list[Entry]]:
        """Return the rows of a legend: ``columns`` entries each, one alone where its wording needs the whole width."""
        lines: list[list[Entry]] = []
        room = 0
        for entry in entries:
            wide = self._wide(entry, columns)
            if room and not wide:
                lines[-1].append(entry)
                room -= 1
            else:
                lines.append([entry])
                room = 0 if wide else columns - 1
        return lines

    def _wide(self, entry: Entry, columns: int) -> bool:
        """Say whether an entry does not fit its column even in the least type."""
        room = self._legend_room(entry, self.box.width / columns)
        return columns > 1 and fonts.width_mm(entry.text, fonts.LEAST_PT, self.canvas.style("legend").weight) > room

    def _legend_room(self, entry: Entry, step: float) -> float:
        style = self.canvas.style("legend")
        return step - 10 - (fonts.width_mm(entry.count, style.pt) + 1.5 if entry.count else 0.5)

    def _legend_entry(self, entry: Entry, x: float, step: float) -> None:
        page, style, y = self.canvas.page, self.canvas.style("legend"), self.y - LEGEND_ROW_MM / 2
        entry.sample(self, x, y)
        said, pt = fonts.fitted(entry.text, self._legend_room(entry, step), style.pt)
        page.text(x + 9.2, y - 0.85, said, Type(pt, style.weight, style.hex), kind="legend")
        if entry.count:
            page.text(x + step - 1.5, y - 0.85, entry.count, style, anchor="right", kind="count")

    # -------------------------------------------------------------------------------------------------------- tables

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, total: Sequence[str] | None = None,
        reserve_mm: float = 0.0, more: Callable[[int], str] | None = None, colours: Mapping[str, str] | None = None,
        row_mm: float = TABLE_ROW_MM, pt: float | None = None,
    ) -> int:  # fmt: skip
        """Draw a table and return how many rows it shows; ``more`` words that some did not fit above ``reserve_mm``."""
        height = row_mm
        fixed = height * (1 + (total is not None)) + 1
        fit = int((self.room - reserve_mm - fixed) / height)
        shown = list(rows) if len(rows) <= fit else list(rows)[: max(fit - 1, 0)]
        if self.full or fit < 1 or (rows and not shown and total is None):
            return 0
        self._set_head()
        style = RowStyle(pt or self.canvas.style("table").pt, row_mm)
        edges = self.edges = self._edges(columns, [*shown, *([] if total is None else [total])], style)
        self.canvas.page.rectangle(Box(self.box.x0, self.y - height, self.box.x1, self.y), "#E8ECF1", z=2)
        self._row([column.head for column in columns], columns, edges, weight=500, style=style)
        self._rule(0.15)
        for row in shown:
            self._row(row, columns, edges, weight=400, style=style, colours=colours)
            self._rule(0.06)
        if total is not None:
            self._rule(0.30)
            self._row(total, columns, edges, weight=700, style=style)
        self._rule(0.30)
        said = self._left_out(len(rows), more) if len(shown) < len(rows) else ""
        if said:
            self.y -= 3.2
            self.canvas.page.text(
                self.box.x1, self.y + 0.4, said, self.canvas.style("note"), anchor="right", kind="more"
            )
        return len(shown)

    def _left_out(self, count: int, more: Callable[[int], str] | None) -> str:
        return self.canvas.view.say("more_rows", n=count) if more is None else more(count)

    def _edges(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], style: RowStyle) -> list[float]:
        """Return where columns begin and the last ends: as wide as their words where there is room, by parts else."""
        parts = np.array([column.part for column in columns], dtype=float)
        need = np.array(
            [
                max(fonts.width_mm(text, style.pt, 500) for text in (column.head, *(row[at] for row in rows))) + CELL_MM
                for at, column in enumerate(columns)
            ]
        )
        share = parts / parts.sum() * self.box.width
        if need.sum() <= self.box.width:
            # What some columns lack the others give, each by what it has over.
            over = np.maximum(share - need, 0.0)
            wide = np.maximum(share, need) - over / max(over.sum(), 1e-9) * np.maximum(need - share, 0.0).sum()
        else:
            spare = np.minimum(need, share)
            wide = spare + np.maximum(need - share, 0.0) / np.maximum(need - share, 0.0).sum() * (
                self.box.width - spare.sum()
            )
        return [self.box.x0, *(self.box.x0 + np.cumsum(wide)).tolist()]

    def _row(
        self, cells: Sequence[str], columns: Sequence[Column], edges: Sequence[float], *, weight: int, style: RowStyle,
        colours: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        ink, y = self.ink["text"], self.y - style.high_mm / 2 - 0.13 * style.pt
        for cell, column, left, right in zip(cells, columns, edges[:-1], edges[1:], strict=True):
            hex_ = (colours or {}).get(cell, ink)
            bold = 700 if hex_ != ink else weight
            shown, pt = fonts.fitted(cell, right - left - 1.0, style.pt, bold)
            x = {"left": left + 1.0, "right": right - 0.6, "center": (left + right) / 2}[column.anchor]
            self.canvas.page.text(x, y, shown, Type(pt, bold, hex_), anchor=column.anchor, kind="cell")  # type: ignore[arg-type]
        self.y -= style.high_mm

    def _rule(self, width_mm: float) -> None:
        self.canvas.page.rule(self.box.x0, self.y, self.box.x1, self.y, Pen(self.ink["rule"], width_mm))

    # ---------------------------------------------------------------------------------------------------------- bars

    def stacked(self, parts: Sequence[tuple[Fill, float, str]], *, left: float = 0.0, height: float = 3.2) -> None:
        """Draw one stacked bar of fills with the same hatches as the map; ``parts`` are shares of the whole."""
        self._set_head()
        x0, x1 = self.box.x0 + left, self.box.x1
        x = x0
        for fill, share, said in parts:
            wide = (x1 - x0) * share
            if wide < 0.05:
                continue
            piece = shapely.box(x, self.y - height, x + wide, self.y)
            hatch.paint(self.canvas.page, piece, fill, edge_mm=0.12, z=4)
            if said and wide > fonts.width_mm(said, 7, 700) + 1.5:
                style = Type(7, 700, self.ink["text"], 0.42)
                self.canvas.page.text(
                    x + wide / 2, self.y - height / 2 - 0.95, said, style, anchor="center", kind="bar"
                )
            x += wide

    def bars(self, rows: Sequence[tuple[str, Sequence[tuple[Fill, float, str]]]]) -> None:
        """Draw one stacked bar a row with its name at the left, and an axis of per cent below."""
        style, left = self.canvas.style("table"), 17.0
        if self.full or self.room < BAR_ROW_MM * len(rows) + 4:
            return
        self._set_head()
        for name, parts in rows:
            self.canvas.page.text(self.box.x0, self.y - 2.4, fonts.shortened(name, left - 1, style.pt), style)
            self.stacked(parts, left=left)
            self.y -= BAR_ROW_MM
        for share in (0.0, 0.5, 1.0):
            x = self.box.x0 + left + share * (self.box.width - left)
            anchor = {0.0: "left", 0.5: "center", 1.0: "right"}[share]
            self.canvas.page.text(x, self.y - 1.8, f"{share * 100:.0f} %", self.canvas.style("note"), anchor=anchor)  # type: ignore[arg-type]
        self.y -= 3.0


# ----------------------------------------------------------------------------------------------------------- samples


def _figure_mm(item: tuple[str, str, str], pt: float) -> float:
    """Return how wide a big figure stands with its unit, or its wording below where that is wider."""
    value, unit, said = item
    return max(fonts.width_mm(value, pt, 700) + 1 + fonts.width_mm(unit, 8, 500), fonts.width_mm(said, 5.8)) + 3


def swatch(fill: Fill) -> Sample:
    """Return a swatch with true hatch and edge."""

    def draw(flow: Flow, x: float, y: float) -> None:
        wide, high = SWATCH_MM
        edge = flow.canvas.view.book.line["area_edge_mm"]
        hatch.paint(flow.canvas.page, shapely.box(x, y - high / 2, x + wide, y + high / 2), fill, edge_mm=edge, z=4)

    return draw


def plain(hex_: str, edge: str = "") -> Sample:
    """Return a swatch of one colour."""

    def draw(flow: Flow, x: float, y: float) -> None:
        wide, high = SWATCH_MM
        box = Box(x, y - high / 2, x + wide, y + high / 2)
        flow.canvas.page.rectangle(box, hex_, edge=Pen(edge or flow.ink["rule"], 0.12), z=4)

    return draw


def symbol(mark: symbols.Symbol) -> Sample:
    """Return a point symbol."""

    def draw(flow: Flow, x: float, y: float) -> None:
        symbols.draw(flow.canvas.page, x + SWATCH_MM[0] / 2, y, mark, z=6)

    return draw


def line(pen: Pen, *, under: Pen | None = None) -> Sample:
    """Return a line sample, long enough for one period of dashes."""

    def draw(flow: Flow, x: float, y: float) -> None:
        if under is not None:
            flow.canvas.page.rule(x, y, x + 8.0, y, under, z=4)
        flow.canvas.page.rule(x, y, x + 8.0, y, pen, z=4.1)

    return draw


def custom(draw: Callable[[Any, float, float], None]) -> Sample:
    """Return a sample drawn by ``draw(page, x, y)``."""
    return lambda flow, x, y: draw(flow.canvas.page, x, y)
