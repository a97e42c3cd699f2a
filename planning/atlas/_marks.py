"""Point symbols on the map: pulled apart where they crowd, each with its place taken; and their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np

from planning.atlas import _symbols as symbols
from planning.atlas import _words as words
from planning.atlas._canvas import Canvas
from planning.atlas._fonts import Box
from planning.atlas._labels import Label
from planning.atlas._page import Pen
from planning.atlas._symbols import Symbol

# Later is drawn on top.
ORDER: Final = ("village", "community", "forbidden", "candidate", "street", "county", "site")
SMALL_FROM: Final = 25_000
SMALL_FACTOR: Final = 0.8
# On the map of a whole city full symbols would hide one another and the city.
CITY_FROM: Final = 100_000
CITY_FACTOR: Final = 0.55
CITY_SITE_FACTOR: Final = 0.75
STREET_FACTOR: Final = 1.1
APART_MM: Final = 2.0
Z_SYMBOL: Final = 45.0
LONG_NAME: Final = "综合养老服务中心"
SHORT_NAME: Final = "中心"


@dataclass(frozen=True)
class Mark:
    """A symbol on a sheet: where it truly is, what stands beside it."""

    group: str
    x: float
    y: float
    symbol: Symbol
    label: Label | None = None


def facilities(canvas: Canvas, levels: Iterable[str], *, factor: float = 1.0, label: Any = None) -> list[Mark]:
    """Return the marks of facilities of ``levels`` inside the window; ``label`` gives a row's label or None."""
    view, wanted = canvas.view, set(levels)
    frame = view.facilities[view.facilities["level"].isin(wanted)]
    found = []
    for row, (x, y) in zip(frame.drop(columns="geometry").to_dict("records"), _places(canvas, frame), strict=True):
        level = view.book.levels[row["level"]]
        small = row["level"] in ("community", "village") and canvas.scale >= SMALL_FROM
        size = CITY_FACTOR if canvas.scale >= CITY_FROM else SMALL_FACTOR if small else factor
        mark = symbols.of_facility(level, view.book.status(row["status"]), view.book, factor=size)
        found.append(Mark(row["level"], x, y, mark, None if label is None else label(row)))
    return found


def candidates(canvas: Canvas, *, but: Iterable[str] = (), factor: float = 1.0, label: Any = None) -> list[Mark]:
    """Return the marks of candidates that are not among ``but``."""
    view, left_out = canvas.view, set(but)
    frame = view.candidates[~view.candidates["facility_id"].isin(left_out)]
    found = []
    for row, (x, y) in zip(frame.drop(columns="geometry").to_dict("records"), _places(canvas, frame), strict=True):
        forbidden = row.get("role") == "forbidden"
        site = view.book.forbidden if forbidden else view.book.candidate
        mark = symbols.of_site(site, factor=CITY_FACTOR if canvas.scale >= CITY_FROM else factor)
        found.append(Mark("forbidden" if forbidden else "candidate", x, y, mark, None if label is None else label(row)))
    return found


def sites(canvas: Canvas, frame: gpd.GeoDataFrame, *, factor: float = 1.0, label: Any = None) -> list[Mark]:
    """Return the marks of chosen sites with their rank."""
    found = []
    for row, (x, y) in zip(frame.drop(columns="geometry").to_dict("records"), _places(canvas, frame), strict=True):
        size = CITY_SITE_FACTOR if canvas.scale >= CITY_FROM else factor
        mark = symbols.of_site(canvas.view.book.phase(row["number"]), numeral=f"{int(row['rank'])}", factor=size)
        found.append(Mark("site", x, y, mark, None if label is None else label(row)))
    return found


def draw(canvas: Canvas, marks: list[Mark]) -> list[tuple[float, float]]:
    """Draw symbols in order and take their places; returns where each stands, in the order given."""
    window = canvas.window.grown(-0.5)
    inside = [window.x0 <= mark.x <= window.x1 and window.y0 <= mark.y <= window.y1 for mark in marks]
    places = _apart([(mark.x, mark.y) for mark in marks], [mark.symbol.mm for mark in marks])
    order = sorted(range(len(marks)), key=lambda place: ORDER.index(marks[place].group))
    for rank, place in enumerate(order):
        if not inside[place]:
            continue
        mark, (x, y) = marks[place], places[place]
        if np.hypot(x - mark.x, y - mark.y) > 0.05:
            tail = Pen(canvas.view.book.line["leader"]["hex"], 0.14)
            canvas.page.rule(mark.x, mark.y, x, y, tail, z=Z_SYMBOL - 0.1)
        symbols.draw(canvas.page, x, y, mark.symbol, z=Z_SYMBOL + 0.05 * rank)
        reach = mark.symbol.reach_mm
        canvas.placer.taken.take(Box(x - reach, y - reach, x + reach, y + reach))
    return [place if inside[at] else (np.nan, np.nan) for at, place in enumerate(places)]


def label(canvas: Canvas, marks: list[Mark], places: list[tuple[float, float]], groups: Iterable[str]) -> None:
    """Label the marks of ``groups``, in the order given."""
    for group in groups:
        for mark, (x, y) in zip(marks, places, strict=True):
            if mark.group == group and mark.label is not None and np.isfinite(x):
                canvas.placer.point(x, y, mark.symbol.reach_mm, mark.label)


def short(name: str, scale: int) -> str:
    """Return a facility's name as a small scale shows it; the full name stands in the table."""
    return name.replace(LONG_NAME, SHORT_NAME) if scale >= 10_000 else name


def plain_label(canvas: Canvas, *, main: Iterable[str] = ("county", "street"), small: Iterable[str] = ()) -> Any:
    """Return a function that labels county and street facilities, and those of ``small``, by name in their colour."""
    view, large, little = canvas.view, set(main), set(small)

    def of(row: dict[str, Any]) -> Label | None:
        if row["level"] not in large | little:
            return None
        grey = view.book.status(row["status"]).filling in ("bar", "slash", "x")
        hex_ = view.book.status_ink if grey else view.book.levels[row["level"]].hex
        style = "facility_main" if row["level"] in large else "facility_small"
        said = short(words.text(view.name(row, "facility_id")), canvas.scale)
        said += view.say("label.closes") if row["facility_id"] in view.closed else ""
        return canvas.label([said], style, hex_=hex_)

    return of


def _places(canvas: Canvas, frame: gpd.GeoDataFrame) -> np.ndarray:
    geometry = frame.geometry.to_numpy()
    return (
        canvas.extent.points(np.column_stack([frame.geometry.x, frame.geometry.y]))
        if len(geometry)
        else np.empty((0, 2))
    )


def _apart(places: list[tuple[float, float]], sizes: list[float]) -> list[tuple[float, float]]:
    """Pull symbols nearer than half their width apart along their line, each by up to `APART_MM`."""
    spots = np.array(places, dtype=float).reshape(-1, 2)
    home = spots.copy()
    for _ in range(3):
        for first in range(len(spots)):
            gaps = spots[first + 1 :] - spots[first]
            distance = np.hypot(gaps[:, 0], gaps[:, 1])
            for offset in np.flatnonzero(distance < 6.0):
                second = first + 1 + int(offset)
                need = (sizes[first] + sizes[second]) / 4 + 0.4
                if distance[offset] >= need:
                    continue
                away = gaps[offset] / distance[offset] if distance[offset] > 1e-6 else np.array([1.0, 0.0])
                push = (need - distance[offset]) / 2 + 0.3
                spots[first] -= away * push
                spots[second] += away * push
    moved = spots - home
    length = np.hypot(moved[:, 0], moved[:, 1])
    scale = np.where(length > APART_MM, APART_MM / np.maximum(length, 1e-9), 1.0)
    return [(float(x), float(y)) for x, y in home + moved * scale[:, None]]
