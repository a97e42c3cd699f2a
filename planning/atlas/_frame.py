"""The furniture of a sheet: frames, title, grid, scale, north, title block, notes, page number."""

from __future__ import annotations

import itertools
import math
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS, Transformer

from planning import house
from planning.atlas import _fonts as fonts
from planning.atlas import _words as words
from planning.atlas._canvas import Canvas
from planning.atlas._fonts import Box
from planning.atlas._page import Page, Pen, Type
from planning.atlas._view import View
from planning.study import published

SCALE_BAR_MAX_MM: Final = 75.0
GRID_LEAST_MM: Final = 18.0
GRID_STEPS_M: Final = (200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
BLOCK_ROWS: Final = 9
LOGO_MM: Final = (16.0, 10.0)
LOGO_ROWS: Final = (2, 3)
STANDARD_ROW: Final = 6
ARROW_MM: Final = 12.0
PATCH_ALPHA: Final = 0.82
PAGE_NUMBER_MM: Final = 24.0
GRID_TEXT_MM: Final = 3.6
NOTE_WAYS: Final = ((5.8, 2.75, 2.6), (5.5, 2.35, 1.5))
"""How notes may be set: type size, distance of lines, height of the last above the frame; all in mm but the first."""


def draw(canvas: Canvas) -> None:
    """Draw everything round the map but the title block."""
    _frames(canvas)
    _title(canvas)
    if not canvas.view.public:
        _grid(canvas)
    _notes(canvas)


def _frames(canvas: Canvas) -> None:
    line, ink, layout = canvas.view.book.line, canvas.view.book.ink, canvas.layout
    canvas.page.rectangle(layout.frame, edge=Pen(ink["frame"], line["frame_outer_mm"]), z=50)
    canvas.page.rectangle(layout.window, edge=Pen(ink["frame"], line["frame_map_mm"]), z=50)


def _title(canvas: Canvas) -> None:
    """Set title and subtitle at the left; plan name and the draft mark at the right."""
    layout, page, ink, view = canvas.layout, canvas.page, canvas.view.book.ink, canvas.view
    right = layout.frame.x1 - 5
    name_pt = 9.0 if layout.paper == "A3" else 8.0
    name = fonts.shortened(words.text(view.plan.name), 0.42 * (right - layout.window.x0), name_pt, 500)
    style = canvas.style("title")
    room = right - layout.window.x0 - fonts.width_mm(name, name_pt, 500) - 6
    pt = layout.title_pt
    while pt > 9 and fonts.width_mm(canvas.head.title, pt, style.weight) > room:
        pt -= 0.5
    title = fonts.shortened(canvas.head.title, room, pt, style.weight)
    page.text(layout.window.x0, layout.title_y, title, Type(pt, style.weight, style.hex), kind="title")
    x = layout.window.x0 + fonts.width_mm(title, pt, style.weight) + 3
    if x + fonts.width_mm(canvas.head.subtitle, 9) < right - fonts.width_mm(name, name_pt, 500) - 3:
        page.text(x, layout.title_y, canvas.head.subtitle, canvas.style("subtitle"), kind="subtitle")
    page.text(right, layout.title_y + 2.4, name, Type(name_pt, 500, ink["text"]), anchor="right", kind="plan")
    mark = _marked(view, 0.42 * (right - layout.window.x0))
    below = 2.6 if layout.paper == "A3" else 1.3  # on A4 the figures of the grid stand close
    page.text(right, layout.title_y - below, mark, Type(7.5, 500, ink["draft"]), anchor="right", kind="draft")


def _marked(view: View, room_mm: float) -> str:
    """Return the draft mark with the notes of the plan, as many as there is room for; the cover has them all."""
    found, notes = mark_of(view), list(view.notes)
    while notes:
        said = " · ".join([found, *notes, *([view.say("mark.cover")] if len(notes) < len(view.notes) else [])])
        if fonts.width_mm(said, 7.5, 500) <= room_mm:
            return said
        notes.pop()
    said = " · ".join([found, *([view.say("mark.cover")] if view.notes else [])])
    return fonts.shortened(said, room_mm, 7.5, 500)


def mark_of(view: View) -> str:
    """Return what the sheets are: a draft or for public notice, in the house's words."""
    if view.public:
        return view.house.public_mark or view.say("mark.public")
    return view.house.draft_mark or view.say("mark.draft")


# ---------------------------------------------------------------------------------------------------------------- grid


def grid_step_m(scale: int) -> int:
    """Return the spacing of the kilometre grid: 1 km from 1:10 001, 500 m from 1:5 001, else 200 m, never crowded."""
    least = 1000 if scale > 10_000 else 500 if scale > 5_000 else 200
    return next(step for step in GRID_STEPS_M if step >= least and step * 1000 / scale >= GRID_LEAST_MM)


def _grid(canvas: Canvas) -> None:
    """Draw crosses at round kilometres, and their figures in the gutter."""
    page, window, style = canvas.page, canvas.window, canvas.style("note")
    line = canvas.view.book.line["grid"]
    step, arm = grid_step_m(canvas.scale), line["cross_mm"] / 2
    (west, south), (east, north) = (
        canvas.extent.metres(window.x0, window.y0),
        canvas.extent.metres(window.x1, window.y1),
    )
    columns = np.arange(math.ceil(west / step), math.floor(east / step) + 1) * step
    rows = np.arange(math.ceil(south / step), math.floor(north / step) + 1) * step
    xs = canvas.extent.points(np.column_stack([columns, np.full(len(columns), south)]))[:, 0]
    ys = canvas.extent.points(np.column_stack([np.full(len(rows), west), rows]))[:, 1]
    crosses = [((x - arm, y), (x + arm, y)) for x in xs for y in ys]
    crosses += [((x, y - arm), (x, y + arm)) for x in xs for y in ys]
    if crosses:
        page.lines(shapely.linestrings(crosses), Pen(line["hex"], line["mm"] + 0.04), z=30, window=window)
    tick, frame = 1.2, Pen(canvas.view.book.ink["frame"], 0.15)
    for x, metres in zip(xs, columns, strict=True):
        for edge, way in ((window.y0, -1), (window.y1, 1)):
            page.rule(x, edge, x, edge + way * tick, frame)
            y = edge + (1.7 if way > 0 else -3.4)
            page.text(x, y, f"{metres / 1000:g}", style, anchor="center", kind="grid")
    for y, metres in zip(ys, rows, strict=True):
        for edge, way in ((window.x0, -1), (window.x1, 1)):
            page.rule(edge, y, edge + way * tick, y, frame)
            x = edge + (3.2 if way > 0 else -1.7)
            page.text(x, y, f"{metres / 1000:g}", style, anchor="center", turned=90, kind="grid")


# ------------------------------------------------------------------------------------------------- scale, north, corner


def scale_bar(canvas: Canvas, box: Box) -> tuple[float, float]:
    """Draw numeric and graphic scale on a white patch; return the bar's length in millimetres and metres."""
    page, view, ink = canvas.page, canvas.view, canvas.view.book.ink
    page.rectangle(box, ink["halo"], z=40, alpha=PATCH_ALPHA)
    x, y = box.x0 + 3, box.y0 + 3.2
    total_m, shares = bar_length_m(canvas.scale)
    bar_mm = total_m * canvas.extent.mm_per_m
    numeral = f"1∶{words.whole(canvas.scale)}"
    page.text(x, box.y1 - 5, numeral, Type(8.5, 700, ink["text"]), z=41, kind="scale")
    note = view.say("scale.original", paper=canvas.layout.paper)
    page.text(x + fonts.width_mm(numeral, 8.5, 700) + 2, box.y1 - 5, note, canvas.style("note"), z=41)
    for place, (low, high) in enumerate(itertools.pairwise(shares)):
        part = Box(x + low * bar_mm, y, x + high * bar_mm, y + 1.4)
        page.rectangle(part, ink["frame"] if place % 2 == 0 else ink["halo"], edge=Pen(ink["frame"], 0.15), z=41)
    unit, divisor = ("km", 1000) if total_m >= 5000 else ("m", 1)
    for share in shares:
        figure = f"{share * total_m / divisor:g}"
        page.text(x + share * bar_mm, y + 2.1, figure, canvas.style("note"), anchor="center", z=41)
    end = x + bar_mm + fonts.width_mm(f"{total_m / divisor:g}", 5.8) / 2 + 1
    page.text(end, y + 2.1, view.say(f"scale.{unit}"), canvas.style("note"), z=41)
    return bar_mm, total_m


def bar_length_m(scale: int) -> tuple[float, tuple[float, ...]]:
    """Return the bar's length, the longest round one that fits, and its divisions as parts of it."""
    limit_m = SCALE_BAR_MAX_MM * scale / 1000
    power = 10.0 ** math.floor(math.log10(limit_m))
    first = max(digit for digit in (1, 2, 5) if digit * power <= limit_m)
    return first * power, (0, 0.25, 0.5, 1.0) if first == 2 else (0, 0.2, 0.4, 0.6, 1.0)


def scale_patch_mm(canvas: Canvas) -> tuple[float, float]:
    """Return the size of the scale's white patch."""
    return bar_length_m(canvas.scale)[0] * canvas.extent.mm_per_m + 16, 14.0


def north_arrow(canvas: Canvas, box: Box) -> None:
    """Draw the arrow to true north, turned against the grid by the meridian convergence, whose value stands below."""
    page, view, ink = canvas.page, canvas.view, canvas.view.book.ink
    convergence = convergence_deg(view.result.inputs.crs, canvas.extent.centre)
    x, base = box.centre[0], box.y0 + 4.6
    angle = math.radians(convergence)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    height, half = ARROW_MM, 2.4
    left = np.array([(0, height), (-half, 0), (0, 2.2)]) @ turn.T + (x, base)
    right = np.array([(0, height), (half, 0), (0, 2.2)]) @ turn.T + (x, base)
    edge = Pen(ink["frame"], 0.2)
    page.fill(shapely.Polygon(left), ink["frame"], edge=edge, z=41)
    page.fill(shapely.Polygon(right), ink["halo"], edge=edge, z=41)
    page.text(x, base + height + 1.2, view.say("north"), Type(8.5, 700, ink["text"], 0.42), anchor="center", z=42)
    said = "" if view.public else view.say("convergence", value=degrees_text(convergence))
    page.text(x, box.y0 + 1, said, Type(5.5, 400, ink["muted"], 0.42), anchor="center", z=42, kind="convergence")


def convergence_deg(crs: CRS, centre: tuple[float, float]) -> float:
    """Return the meridian convergence: the angle from true to grid north, positive where grid north lies east of it."""
    geodetic = crs.geodetic_crs
    if geodetic is None:
        return 0.0
    there, back = (Transformer.from_crs(*pair, always_xy=True) for pair in ((crs, geodetic), (geodetic, crs)))
    lon, lat = there.transform(*centre)
    (x0, y0), (x1, y1) = back.transform(lon, lat), back.transform(lon, lat + 0.001)
    return -math.degrees(math.atan2(x1 - x0, y1 - y0))


def degrees_text(angle: float) -> str:
    """Return an angle as ``+0°06′``."""
    minutes = round(abs(angle) * 60)
    sign = "" if minutes == 0 else "+" if angle > 0 else words.MINUS
    return f"{sign}{minutes // 60}°{minutes % 60:02d}′"


# -------------------------------------------------------------------------------------------------------- title block


def title_block(canvas: Canvas) -> None:
    """Draw the title block: nine rows; the review number is left to the office, the drafter where no style says it."""
    page, box, ink, view = canvas.page, canvas.layout.block, canvas.view.book.ink, canvas.view
    rows = _block_rows(canvas)
    height, split = box.height / BLOCK_ROWS, box.x0 + 19
    page.rectangle(box, edge=Pen(ink["frame"], 0.30), z=5)
    for place in range(1, BLOCK_ROWS):
        page.rule(box.x0, box.y1 - place * height, box.x1, box.y1 - place * height, Pen(ink["rule"], 0.15))
    page.rule(split, box.y0, split, box.y1, Pen(ink["rule"], 0.15))
    _logo(canvas, Box(box.x1 - LOGO_MM[0] - 1, box.y1 - 4 * height, box.x1 - 1, box.y1 - 2 * height).grown(0, -0.6))
    for place, (head, value, strong) in enumerate(rows):
        y = box.y1 - (place + 0.5) * height - 0.85
        page.text(
            (box.x0 + split) / 2,
            y,
            fonts.shortened(head, 18, 6),
            Type(6, 400, ink["muted"]),
            anchor="center",
            kind="block_head",
        )
        pt, weight = (7.5, 700) if strong else (6, 400)
        if place == STANDARD_ROW and fonts.width_mm(value.replace("\n", ""), 5.5) > box.x1 - split - 4:
            _two_lines(canvas, Box(split + 2.5, y - 1.0, box.x1 - 1.5, y + 3.0), value)
            continue
        line = value.replace("\n", "")
        room = box.x1 - split - 4 - (LOGO_MM[0] + 1 if view.house.logo and place in LOGO_ROWS else 0)
        while pt > 5.5 and fonts.width_mm(line, pt, weight) > room:
            pt -= 0.25
        page.text(split + 2.5, y, fonts.shortened(line, room, pt, weight), Type(pt, weight, ink["text"]), kind="block")


def _two_lines(canvas: Canvas, box: Box, value: str) -> None:
    """Set a long value in two lines of the least type, broken where it says, else where it must be."""
    style = Type(fonts.LEAST_PT, 400, canvas.view.book.ink["text"])
    lines = value.split("\n")
    if fonts.width_mm(lines[0], style.pt) > box.width:
        lines = fonts.wrapped(value.replace("\n", ""), box.width, style.pt)
    shown = [lines[0].strip(), fonts.shortened("".join(lines[1:]).strip(), box.width, style.pt)]
    for line, y in zip(shown, (box.y0 + 2.15, box.y0 + 0.05), strict=True):
        canvas.page.text(box.x0, y, line, style, kind="block")


def show_logo(canvas: Canvas, box: Box) -> None:
    """Draw the house's logo into a box: a drawing as outlines, a picture as it is; nothing without one."""
    path = canvas.view.house.logo
    if path is not None and path.suffix.lower() == ".svg":
        canvas.page.drawing(box, house.drawing(path))
    elif path is not None:
        canvas.page.picture(box, house.pixels(path))


def _logo(canvas: Canvas, box: Box) -> None:
    """Put the house's logo into a box, as large as it fits."""
    path = canvas.view.house.logo
    if path is not None:
        canvas.page.rectangle(box, canvas.view.book.ink["halo"], z=5.5)
        show_logo(canvas, box)


def _block_rows(canvas: Canvas) -> list[tuple[str, str, bool]]:
    view, head = canvas.view, canvas.head
    plan, standard = view.plan, view.result.inputs.standard
    title = view.titled(head.title, head.subtitle) if head.subtitle else head.title
    if fonts.width_mm(title, 6.5, 700) > canvas.layout.block.width - 23:
        title = head.title
    day, drawn = plan.as_of, view.house.date or plan.as_of
    status = view.say(f"standard.{standard.status}")
    name = standard.title_zh if view.language == "zh" else standard.title_en
    tail = view.say("block.standard_tail", status=status, speed=f"{plan.walk.speed_m_per_s:g}")

    def said(row: str) -> str:
        return view.house.labels.get(row) or view.say(f"block.{row}")

    return [
        (said("plan"), words.text(plan.name), False),
        (said("title"), title, True),
        (said("drafter"), view.house.institute, False),
        (said("number"), head.number, True),
        (
            said("date"),
            view.say("block.date_value", y=drawn.year, m=drawn.month, d=drawn.day, day=day.isoformat()),
            False,
        ),
        (said("crs"), view.say("block.crs_public") if view.public else crs_text(canvas), False),
        (said("standard"), f"{name}\n{tail}", False),
        (said("run"), view.say("block.run_value", run=view.run_id or words.NONE, day=day.isoformat()), False),
        (said("review"), "", False),
    ]


def crs_text(canvas: Canvas) -> str:
    """Return the coordinate system as a title block words it."""
    crs: Any = canvas.view.result.inputs.crs
    geodetic = crs.geodetic_crs.name if crs.geodetic_crs is not None else ""
    operation = crs.coordinate_operation
    meridian = (
        next((p.value for p in operation.params if p.name == "Longitude of natural origin"), None)
        if operation
        else None
    )
    if meridian is None or "2000" not in geodetic:
        return f"{crs.name}（{crs.to_string()}）" if canvas.view.language == "zh" else f"{crs.name} ({crs.to_string()})"
    zone = "3" if "3-degree" in crs.name else "6" if "6-degree" in crs.name or "Gauss-Kruger zone" in crs.name else ""
    key = "crs.zone" if zone else "crs.plain"
    return canvas.view.say(key, zone=zone, meridian=f"{meridian:g}", code=crs.to_string())


def _notes(canvas: Canvas) -> None:
    """Set the page number; notes are set last, when the labels are known (`footnotes`)."""
    layout, head = canvas.layout, canvas.head
    said = canvas.view.say("page", page=head.page, pages=head.pages)
    y = layout.frame.y0 + 2.6
    canvas.page.text(layout.page_x, y, said, Type(7, 500, canvas.view.book.ink["text"]), anchor="right", kind="page")


def footnotes(canvas: Canvas) -> None:
    """Set source and notes under the map, all of them: closer and in the least type where the room is scarce."""
    layout, page = canvas.layout, canvas.page
    style = canvas.style("note")
    top = (layout.window.y0 - GRID_TEXT_MM if layout.landscape else layout.columns[0].y0) - 0.4
    for pt, pitch, foot in NOTE_WAYS:
        lines = _note_lines(canvas, pt)
        fit = int((top - pt * fonts.MM_PER_PT - layout.frame.y0 - foot) / pitch) + 1
        if len(lines) <= fit:
            break
    if len(lines) > fit:  # a cut shows as one
        lines = [*lines[: fit - 1], fonts.shortened("".join(lines[fit - 1 :]), _note_room(canvas), pt)]
    high = layout.frame.y0 + foot + pitch * (len(lines) - 1)
    for place, line in enumerate(lines):
        set_in = Type(pt, style.weight, style.hex)
        page.text(layout.notes_x, high - pitch * place, line, set_in, kind="note")


def _note_room(canvas: Canvas) -> float:
    return canvas.layout.page_x - canvas.layout.notes_x - PAGE_NUMBER_MM


def _note_lines(canvas: Canvas, pt: float) -> list[str]:
    """Return the source in one line, briefly where it is long, and the notes in as many as they need."""
    view, limit = canvas.view, _note_room(canvas)
    day = view.plan.as_of.isoformat()
    head = view.say("note.head") + view.say("note.public" if view.public else "note.km", step=f"{published.STEP_M:g}")
    source = view.say("note.source", files=view.say("list_comma").join(_sources(canvas)), day=day)
    if fonts.width_mm(source, pt) > limit:
        source = view.say("note.source_brief", day=day)
    return [*fonts.wrapped(source, limit, pt), *fonts.wrapped(head + "".join(canvas.footnotes), limit, pt)]


def _sources(canvas: Canvas) -> list[str]:
    """Return the names of the inputs, in words."""
    known = ("roads", "residential", "facilities", "candidates", "entrances", "units", "barriers")
    tables = canvas.view.result.inputs.tables
    return [canvas.view.say(f"input.{name}") for name in known if name in tables]


def page_text(page: Page) -> str:
    """Return everything set on a page, a line each; for checks."""
    return "\n".join(ink.text for ink in page.inks)
