"""Room `planning.province`: the provincial atlas: cover, counties and towns by a clause, ranking, what is missing.

It shows what the sheet says and computes nothing; the same results give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.backends.backend_pdf import PdfPages
from pyproj import CRS

from planning import palette, texts
from planning.atlas import _fonts as fonts
from planning.atlas import _hatch as hatch
from planning.atlas import _words as words
from planning.atlas._fonts import Box
from planning.atlas._layout import A3_LANDSCAPE as SHEET
from planning.atlas._layout import MARGIN_MM, Extent
from planning.atlas._page import Page, Pen, Type, settings
from planning.errors import Fault
from planning.palette import Fill, Palette
from planning.province._sheet import Found, county_rows, missing_rows

_ALBERS: Final = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0={lon} +ellps=GRS80 +units=m +no_defs"
_SCALES: Final = (*(part * 10**power for power in (4, 5, 6) for part in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)), 10_000_000)
_ROW_MM, _HEAD_MM, _PT = 5.2, 7.0, 7.5
_TABLE: Final = Box(27, 24, 403, 268)
_LINE_MM: Final = 4.4
_VERDICTS: Final = ("meets", "fails", "not_assessable", "not_applicable")
_MISSING: Final = "missing"
"""In place of a verdict; drawn as nobody's, and never as one that fails."""


@dataclass(frozen=True)
class _Column:
    """A column of a table: heading, share of the width, cells."""

    head: str
    part: float
    cells: Sequence[str]
    right: bool = False


@dataclass(frozen=True)
class Atlas:
    """What the sheets are drawn from; ``clauses`` ask for a share of towns, ``run_id`` stands on every sheet."""

    found: Found
    clauses: Sequence[Any]
    run_id: str
    language: texts.Language

    def say(self, key: str, **facts: Any) -> str:
        """Return a wording of the atlas."""
        return texts.t(f"province.atlas.{key}", self.language, **facts)


def pdf(atlas: Atlas) -> tuple[bytes, tuple[Fault, ...]]:
    """Return the atlas, empty with a warning for every character that the typeface lacks."""
    drawn = list(pages(atlas))
    missing = {character: text for page in drawn for character, text in page.missing.items()}
    if missing:
        named = [(character, {"text": missing[character]}) for character in sorted(missing)]
        return b"", tuple(Fault("province_atlas_glyph", "warning", value=one, facts=facts) for one, facts in named)
    stream = io.BytesIO()
    title = {"CreationDate": None, "Creator": None, "Title": words.text(atlas.found.name)}
    with settings(), PdfPages(stream, metadata=title) as book:
        for page in drawn:
            book.savefig(page.figure)
    return stream.getvalue(), ()


def pages(atlas: Atlas) -> Iterator[Page]:
    """Yield the sheets in order, drawn."""
    rows = county_rows(atlas.found)
    counties = rows[rows["state"] != "total"]
    drawn = [_cover(atlas)]
    for clause in atlas.clauses:
        drawn += [_counties(atlas, clause, counties)] if len(_of_type(atlas, ("county",))) else []
        drawn += [_towns(atlas, clause)] if len(_of_type(atlas, tuple(clause.unit_types))) else []
        drawn += _ranking(atlas, clause, counties)
    drawn += _missing(atlas)
    style = Type(7, 400, palette.load().ink["muted"])
    for number, page in enumerate(drawn):
        if number:
            page.text(SHEET.frame.x1 - 3, 12.5, f"{number + 1} / {len(drawn)}", style, anchor="right", kind="page")
        page.finish()
        yield page


# ---------------------------------------------------------------------------------------------------------- the sheets


def _cover(atlas: Atlas) -> Page:
    page, book = Page(SHEET.width_mm, SHEET.height_mm), palette.load()
    ink, middle = book.ink, SHEET.width_mm / 2
    page.rectangle(SHEET.frame, edge=Pen(ink["frame"], book.line["frame_outer_mm"]))
    name, pt = fonts.fitted(words.text(atlas.found.name), SHEET.frame.width - 40, 30, 700), 30
    page.text(middle, 190, name[0], Type(min(pt, name[1]), 700, ink["text"]), anchor="center", kind="title")
    page.rectangle(Box(SHEET.frame.x0 + 7, 172, SHEET.frame.x1 - 7, 175), ink["accent"])
    page.text(middle, 152, atlas.say("title"), Type(22, 700, ink["text"]), anchor="center")
    page.text(middle, 138, atlas.say("draft"), Type(14, 500, ink["draft"]), anchor="center", kind="draft")
    for place, line in enumerate(atlas.found.stamp[1:]):
        shown = fonts.shortened(words.text(line), SHEET.frame.width - 40, 9)
        page.text(middle, 60 - 6 * place, shown, Type(9, 400, ink["text"]), anchor="center")
    page.text(middle, 28, atlas.say("run", run_id=atlas.run_id), Type(7, 400, ink["muted"]), anchor="center")
    return page


def _counties(atlas: Atlas, clause: Any, counties: pd.DataFrame) -> Page:
    """Draw every county by its verdict, with its share in figures, and hatched those that are missing."""
    page = _sheet(atlas, atlas.say("counties_title"), clause)
    known, shapes = counties.set_index("county_id"), _all_counties(atlas)
    codes = shapes["unit_id"]
    judged = known[f"{clause.id} verdict"].reindex(codes).fillna("not_assessable").to_numpy(dtype=object)
    verdicts = np.where(shapes["missing"], _MISSING, judged).astype(object)
    extent = _extent(shapes)
    _painted(page, extent, shapes, verdicts)
    shares = known[f"{clause.id} actual_share"].reindex(codes)
    figures = np.where(shapes["missing"], _no_data(atlas), [_percent(share) for share in shares])
    names = [_called(atlas, code) for code in codes]
    _labelled(page, extent, shapes, list(zip(names, figures.tolist(), strict=True)))
    done = [(verdict, int((verdicts == verdict).sum())) for verdict in (*_VERDICTS, _MISSING)]
    entries = [(_fill(word), _label(atlas, word), count) for word, count in done if count]
    _side(atlas, page, clause, extent, entries)
    return page


def _towns(atlas: Atlas, clause: Any) -> Page:
    """Draw every town and street by whether it has what the clause asks for."""
    page = _sheet(atlas, atlas.say("towns_title"), clause)
    borders = _all_counties(atlas)
    towns = _of_type(atlas, tuple(clause.unit_types))
    crs = borders.crs if len(borders) else None
    shapes = _on_map(towns) if crs is None else towns.to_crs(crs)
    counts = pd.to_numeric(shapes[f"{clause.id} facilities"]).fillna(0)
    has = np.where(counts >= 1, "meets", "fails").astype(object)
    extent = _extent(shapes if crs is None else borders, shapes)
    _painted(page, extent, shapes, has)
    entries = [(_fill(word), atlas.say(f"town_{word}"), int((has == word).sum())) for word in _VERDICTS[:2]]
    if crs is not None:
        lost = borders[borders["missing"]]
        _painted(page, extent, lost, np.full(len(lost), _MISSING, dtype=object))
        names = atlas.found.names
        _labelled(page, extent, lost, [(names.get(code, ""), _no_data(atlas)) for code in lost["unit_id"]])
        page.lines(extent.shapes(borders.geometry.to_numpy()), Pen(palette.load().ink["frame"], 0.35), z=20)
        entries += [(_fill(_MISSING), _label(atlas, _MISSING), len(lost))] if len(lost) else []
    _side(atlas, page, clause, extent, entries)
    return page


def _ranking(atlas: Atlas, clause: Any, counties: pd.DataFrame) -> Iterator[Page]:
    """Rank the counties by their share, the lowest last; ties by code; those without a figure behind, unranked."""
    share = f"{clause.id} actual_share"
    figures = pd.to_numeric(counties[share])
    ordered = counties.assign(figure=figures).sort_values(["figure", "county_id"], ascending=[False, True])
    place = ordered["figure"].rank(ascending=False, method="min")
    towns = _of_type(atlas, tuple(clause.unit_types)).groupby("county_id")
    total, having = towns.size(), towns[f"{clause.id} facilities"].apply(lambda found: int((found >= 1).sum()))
    codes = ordered["county_id"]
    columns = [
        _Column(atlas.say("rank"), 0.6, ["—" if pd.isna(one) else f"{one:.0f}" for one in place], right=True),
        _Column(_head(atlas, "county_id"), 1.2, codes.tolist()),
        _Column(_head(atlas, "name"), 2.6, ordered["name"].tolist()),
        _Column(atlas.say("towns"), 1.1, _whole(codes.map(total)), right=True),
        _Column(atlas.say("towns_having"), 1.1, _whole(codes.map(having)), right=True),
        _Column(_head(atlas, "actual_share"), 1.1, [_percent(one) for one in ordered[share]], right=True),
        _Column(_head(atlas, "verdict"), 1.4, [_label(atlas, word) for word in ordered[f"{clause.id} verdict"]]),
        _Column(_head(atlas, "state"), 2.2, [_state(atlas, word) for word in ordered["state"]]),
    ]  # fmt: skip
    yield from _tables(atlas, atlas.say("ranking_title"), clause, columns)


def _missing(atlas: Atlas) -> Iterator[Page]:
    """List what is missing and what to mind, as the sheet does; no page where there is nothing."""
    rows = missing_rows(atlas.found, atlas.language)
    if rows.empty:
        return
    texts_ = [f"{row['place']} {row['message']} {row['remedy']}".strip() for row in rows.to_dict("records")]
    columns = [
        _Column(_head(atlas, "county_id"), 1.0, rows["county_id"].tolist()),
        _Column(_head(atlas, "name"), 1.6, rows["name"].tolist()),
        _Column(_head(atlas, "message"), 9.4, texts_),
    ]
    yield from _tables(atlas, texts.t("province.title.missing", atlas.language), None, columns)


# ------------------------------------------------------------------------------------------------------------ furniture


def _sheet(atlas: Atlas, title: str, clause: Any) -> Page:
    """Return a sheet with its frame, title, plan name and stamp."""
    page, book = Page(SHEET.width_mm, SHEET.height_mm), palette.load()
    ink = book.ink
    page.rectangle(SHEET.frame, edge=Pen(ink["frame"], book.line["frame_outer_mm"]), z=50)
    asked = "" if clause is None else f"　{clause.id}"
    page.text(SHEET.window.x0, SHEET.title_y, f"{title}{asked}", Type(SHEET.title_pt, 700, ink["text"]), kind="title")
    right = SHEET.frame.x1 - 5
    name = fonts.shortened(words.text(atlas.found.name), 160, 9, 500)
    page.text(right, SHEET.title_y + 2.4, name, Type(9, 500, ink["text"]), anchor="right", kind="plan")
    page.text(
        right, SHEET.title_y - 2.6, atlas.say("draft"), Type(7.5, 500, ink["draft"]), anchor="right", kind="draft"
    )
    stamp = fonts.shortened(words.text("；".join(atlas.found.stamp[1:2])), 300, 6.5)
    page.text(SHEET.window.x0, 16.5, stamp, Type(6.5, 400, ink["muted"]), kind="stamp")
    page.text(SHEET.window.x0, 12.5, atlas.say("run", run_id=atlas.run_id), Type(6.5, 400, ink["muted"]), kind="run")
    return page


def _side(atlas: Atlas, page: Page, clause: Any, extent: Extent, entries: Sequence[tuple[Fill, str, int]]) -> None:
    """Set what the clause asks, the province's own figure, the legend and the scale beside the map."""
    ink, box = palette.load().ink, SHEET.columns[0]
    (own,) = [
        row for row in atlas.found.summary["indicators"] if row["clause_id"] == clause.id and row["subject"] == "plan"
    ]
    y = box.y1 - 6
    asked = clause.text_zh if atlas.language == "zh" else clause.text_en
    for line in fonts.wrapped(words.text(asked), box.width, 8)[:8]:
        page.text(box.x0, y, line, Type(8, 400, ink["text"]))
        y -= _LINE_MM
    y -= 8
    page.text(box.x0, y, _percent(own["actual"]), Type(26, 700, ink["accent"]), kind="figure")
    said = atlas.say("own", required=_percent(own["required"]), verdict=_label(atlas, own["verdict"]))
    page.text(box.x0, y - 6, said, Type(8, 500, ink["text"]))
    y -= 20
    for fill, label, count in entries:
        hatch.paint(page, shapely.box(box.x0, y, box.x0 + 8, y + 4), fill, edge_mm=0.2, z=5)
        page.text(box.x0 + 11, y + 0.8, label, Type(8, 400, ink["text"]), kind="legend")
        page.text(box.x1, y + 0.8, f"{count}", Type(8, 400, ink["text"]), anchor="right")
        y -= 7
    if atlas.found.missing:
        left = atlas.say("left_out", count=len(atlas.found.missing)) + _undrawn(atlas)
        for line in fonts.wrapped(words.text(left), box.width, 7.5)[:8]:
            page.text(box.x0, y - 2, line, Type(7.5, 500, ink["draft"]), kind="missing")
            y -= _LINE_MM
    page.text(box.x0, SHEET.block.y0 + 4, f"1∶{words.whole(extent.scale)}", Type(8.5, 700, ink["text"]), kind="scale")
    page.text(box.x0, SHEET.block.y0, atlas.say("projection"), Type(6, 400, ink["muted"]))


def _tables(atlas: Atlas, title: str, clause: Any, columns: Sequence[_Column]) -> Iterator[Page]:
    """Set a table on as many sheets as it needs; long cells run on in further lines."""
    ink = palette.load().ink
    edges = _TABLE.x0 + np.cumsum([0.0, *(column.part for column in columns)]) * _TABLE.width / sum(
        column.part for column in columns
    )
    wrapped = [_lines_of(columns, edges, at) for at in range(len(columns[0].cells))]
    at = 0
    while True:
        page, y = _sheet(atlas, title, clause), _TABLE.y1 - _HEAD_MM
        for column, left, right in zip(columns, edges, edges[1:], strict=False):
            head = fonts.shortened(column.head, right - left - 3, _PT, 700)
            page.text(right - 3 if column.right else left, y, head, Type(_PT, 700, ink["text"]),
                      anchor="right" if column.right else "left", kind="head")  # fmt: skip
        page.rule(_TABLE.x0, y - 2, _TABLE.x1, y - 2, Pen(ink["rule"], 0.3))
        y -= _HEAD_MM
        while at < len(wrapped) and y - (len(max(wrapped[at], key=len)) - 1) * _LINE_MM > _TABLE.y0:
            _row(page, columns, edges, wrapped[at], y)
            y -= _ROW_MM + (len(max(wrapped[at], key=len)) - 1) * _LINE_MM
            at += 1
        yield page
        if at >= len(wrapped):
            return


def _lines_of(columns: Sequence[_Column], edges: Any, at: int) -> list[list[str]]:
    """Return the cells of a row, each in the lines it needs, never more than half a page of them."""
    rooms = np.diff(edges) - 3
    most = int(_TABLE.height / 2 / _LINE_MM)
    return [
        fonts.wrapped(words.text(column.cells[at]), room, _PT)[:most] or [""]
        for column, room in zip(columns, rooms, strict=True)
    ]


def _row(page: Page, columns: Sequence[_Column], edges: Any, cells: Sequence[Sequence[str]], y: float) -> None:
    style = Type(_PT, 400, palette.load().ink["text"])
    for column, left, right, lines in zip(columns, edges, edges[1:], cells, strict=False):
        for down, line in enumerate(lines):
            x, anchor = (right - 3, "right") if column.right else (left, "left")
            page.text(x, y - down * _LINE_MM, line, style, anchor=anchor, kind="cell")  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------------------------- the map


def _of_type(atlas: Atlas, types: Sequence[str]) -> gpd.GeoDataFrame:
    units: Any = atlas.found.layers["units"]
    return units[units["type"].isin(types)].sort_values("unit_id").reset_index(drop=True)


def _all_counties(atlas: Atlas) -> gpd.GeoDataFrame:
    """Return the counties as the map has them, ``missing`` or done, by code."""
    done, lost = _of_type(atlas, ("county",)), atlas.found.outlines
    found = done[["unit_id", "geometry"]].assign(missing=False)
    if lost is not None and len(lost):
        absent = lost.rename(columns={"county_id": "unit_id"})[["unit_id", "geometry"]].assign(missing=True)
        found = pd.concat([found.to_crs(absent.crs), absent]) if len(found) else absent
        found = found.sort_values("unit_id").reset_index(drop=True)
    return _on_map(found) if len(found) else found


def _undrawn(atlas: Atlas) -> str:
    """Return a sentence on the missing counties that have no outline; nothing where all are drawn."""
    drawn = set() if atlas.found.outlines is None else set(atlas.found.outlines["county_id"])
    codes = sorted(set(atlas.found.missing) - drawn)
    named = [f"{code} {atlas.found.names.get(code, '')}".strip() for code in codes]
    return atlas.say("undrawn", codes="、".join(named)) if named else ""


def _on_map(shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return shapes in an equal-area projection about their own middle: a province is wider than a zone."""
    degrees = shapes.to_crs(4490)
    west, _, east, _ = degrees.total_bounds
    return degrees.to_crs(CRS.from_proj4(_ALBERS.format(lon=round((west + east) / 2, 1))))


def _extent(*layers: gpd.GeoDataFrame) -> Extent:
    bounds = np.array([layer.total_bounds for layer in layers if len(layer)])
    (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    window, room = SHEET.window, 2 * MARGIN_MM
    least = max((east - west) / (window.width - room), (north - south) / (window.height - room)) * 1000
    scale = next((int(one) for one in sorted(_SCALES) if one >= least), int(least) + 1)
    return Extent(scale, ((west + east) / 2, (south + north) / 2), window)


def _painted(page: Page, extent: Extent, shapes: gpd.GeoDataFrame, verdicts: Any) -> None:
    paper = extent.shapes(shapes.geometry.to_numpy())
    for place, verdict in enumerate((*_VERDICTS, _MISSING)):
        hatch.paint(page, paper[verdicts == verdict], _fill(verdict), edge_mm=0.15, z=2 + place)


def _labelled(page: Page, extent: Extent, shapes: gpd.GeoDataFrame, labels: Sequence[tuple[str, str]]) -> None:
    """Set name and figure in the middle of each shape, where they fit into it; the ranking has all of them."""
    ink = palette.load().ink["text"]
    for shape, (name, figure) in zip(extent.shapes(shapes.geometry.to_numpy()), labels, strict=True):
        x0, y0, x1, y1 = shape.bounds
        middle = shapely.point_on_surface(shape)
        lines = [line for line in (words.text(name), figure) if line and fonts.width_mm(line, 7, 500) < x1 - x0 - 1]
        for down, line in enumerate(lines if y1 - y0 > 7 else lines[-1:]):
            page.text(
                middle.x, middle.y + 0.5 - 3.2 * down, line, Type(7, 500, ink, 0.4), anchor="center", kind="label"
            )


def _fill(verdict: str) -> Fill:
    book: Palette = palette.load()
    return book.missing if verdict == _MISSING else book.verdicts[verdict]


# ------------------------------------------------------------------------------------------------------------ the words


def _called(atlas: Atlas, code: str) -> str:
    """Return a county's name, or its code where it has none."""
    return str(atlas.found.names.get(code) or code)


def _no_data(atlas: Atlas) -> str:
    return texts.t("province.no_data", atlas.language)


def _percent(share: Any) -> str:
    return "—" if share is None or pd.isna(share) else f"{share:.1%}"


def _whole(counts: pd.Series[Any]) -> list[str]:
    return ["—" if pd.isna(count) else f"{count:.0f}" for count in counts]


def _head(atlas: Atlas, column: str) -> str:
    return texts.t(f"province.head.{column}", atlas.language)


def _label(atlas: Atlas, verdict: Any) -> str:
    if verdict == _MISSING:
        return palette.load().missing.label(atlas.language)
    return texts.t(f"province.verdict.{verdict}", atlas.language) if isinstance(verdict, str) else "—"


def _state(atlas: Atlas, state: str) -> str:
    return texts.t(f"province.state.{state}", atlas.language)


def share_clauses(standard: Any, summary: Mapping[str, Any]) -> list[Any]:
    """Return the clauses that ask for a share of towns and streets, such as those with a centre."""
    judged = {row["clause_id"] for row in summary["indicators"] if row["subject"] == "plan"}
    return [one for one in standard.indicators() if one.metric == "unit_coverage" and one.id in judged]
