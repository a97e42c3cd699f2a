"""The atlas as a book: which sheets the result can fill, in order, each drawn once and written in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages

from planning import texts
from planning.atlas import _frame as frame
from planning.atlas import _front as front
from planning.atlas import _furniture as furniture
from planning.atlas import _now as now
from planning.atlas import _offered as offered
from planning.atlas import _people as people
from planning.atlas import _plan as plan
from planning.atlas import _street as street
from planning.atlas import _verdicts as verdicts
from planning.atlas import _words as words
from planning.atlas._canvas import Canvas, Head, canvas
from planning.atlas._fonts import missing, using
from planning.atlas._layout import Extent, Layout, Orientation, choose, extent
from planning.atlas._page import Page, settings
from planning.atlas._view import View
from planning.errors import Fault, InputRefused
from planning.study import StudyResult

Draw = Callable[[Canvas], None]


@dataclass(frozen=True)
class Listed:
    """A sheet as the index lists it; ``number`` is its 图号 and the name of its file, empty for cover and index."""

    key: str
    number: str
    title: str
    subtitle: str
    page: int
    scale: int
    layout: Layout
    extent: Extent
    draw: Draw
    unit_id: str = ""


@dataclass(frozen=True)
class Drawn:
    """A finished sheet."""

    listed: Listed
    page: Page
    canvas: Canvas


def write(result: StudyResult, run_id: str, folder: Path, *, formats: Sequence[str] | None = None) -> tuple[Path, ...]:
    """Write ``atlas.pdf`` and, in each of ``formats``, every numbered sheet as ``maps/<number>.<format>``.

    Parameters
    ----------
    run_id
        Printed on every sheet.
    formats
        Of ``pdf``, ``png``, ``svg``; None: what the plan asks for; empty: no single maps.

    Returns
    -------
    tuple of Path
        What was written, ``atlas.pdf`` first.

    Raises
    ------
    InputRefused
        If a text holds a character that the font lacks (``atlas_glyph_missing``, all of them at once), or the plan's
        areas do not add up to the run's figures (``atlas_plan_differs``).
    """
    formats = tuple(result.inputs.plan.output.maps if formats is None else formats)
    view = View(result, result.inputs.plan.output.language, run_id)
    refuse_unprintable(view)
    written = [folder / "atlas.pdf"]
    if formats:
        (folder / "maps").mkdir(parents=True, exist_ok=True)
    with (
        settings(),
        PdfPages(
            written[0], metadata={"CreationDate": None, "Creator": None, "Title": words.text(view.plan.name)}
        ) as book,
    ):
        for drawn in _drawn(view):
            book.savefig(drawn.page.figure)
            for fmt in formats if drawn.listed.number else ():
                written.append(folder / "maps" / f"{drawn.listed.number}.{fmt}")
                drawn.page.save(written[-1], fmt)
    return tuple(written)


def pages(result: StudyResult, *, run_id: str = "", only: Sequence[str] | None = None) -> Iterator[Drawn]:
    """Yield the sheets of a result, drawn but not written; ``only`` some, by key (``cover``, ``coverage_street`` …)."""
    view = View(result, result.inputs.plan.output.language, run_id)
    yield from _drawn(view, only=only)


def contents(result: StudyResult) -> tuple[Listed, ...]:
    """Return the sheets that the result can fill, in order, without drawing any."""
    return tuple(_listed(View(result, result.inputs.plan.output.language)))


def refuse_unprintable(view: View) -> None:
    """Refuse names that hold a character the font lacks, all at once.

    Raises
    ------
    InputRefused
        ``atlas_glyph_missing``, one fault per character.
    """
    with using(view.typeface.face):
        found = _unprintable(view)
    if found:
        raise InputRefused(found[character] for character in sorted(found))


def _unprintable(view: View) -> dict[str, Fault]:
    """Return a fault for each character that no font file has, with the first place it stands in."""
    found: dict[str, Fault] = {}
    style = view.house
    said = [view.plan.name, *view.plan.notes, *(phase.name for phase in view.plan.siting.phases), style.institute,
            *style.cover, *style.labels.values(), style.draft_mark, style.public_mark]  # fmt: skip
    for text in map(words.text, said):
        for character in missing(text):
            found.setdefault(character, _glyph_fault(character, text))
    files = {file.input: Path(file.path).name for file in view.result.inputs.files}
    tables = {"residential": view.areas, "facilities": view.facilities, "candidates": view.candidates,
              "units": view.units}  # fmt: skip
    for name, table in tables.items():
        if "name" not in table:
            continue
        rows = table["source_row"] if "source_row" in table else [None] * len(table)
        for cell, row in zip(table["name"], rows, strict=True):
            for character in missing(words.text(cell)):
                place = None if words.missing(row) else int(row)
                found.setdefault(character, _glyph_fault(character, words.text(cell), files.get(name, name), place))
    return found


def _glyph_fault(character: str, text: str, file: str = "", row: int | None = None) -> Fault:
    facts = {"code": f"U+{ord(character):04X}", "text": text}
    column = "name" if file else ""
    return Fault("atlas_glyph_missing", file=file, row=row, column=column, value=character, facts=facts)


def _refuse_glyphs(found: Mapping[str, str]) -> None:
    if found:
        raise InputRefused(_glyph_fault(character, text) for character, text in sorted(found.items()))


def _drawn(view: View, *, only: Sequence[str] | None = None) -> Iterator[Drawn]:
    sheets = _listed(view)
    for sheet in sheets:
        if only is None or sheet.key in only:
            with settings(), using(view.typeface.face):
                made = _draw(view, sheet, sheets)
            _refuse_glyphs(made.page.missing)
            yield Drawn(sheet, made.page, made)


def _draw(view: View, sheet: Listed, sheets: Sequence[Listed]) -> Canvas:
    head = Head(sheet.number, sheet.title, sheet.subtitle, sheet.page, len(sheets))
    made = canvas(view, sheet.layout, sheet.extent, head)
    if sheet.key == "cover":
        front.cover(made)
        made.page.finish()
    elif sheet.key == "index":
        front.index(made, _rows(view, sheets), _frames(sheets))
    else:
        frame.draw(made)
        sheet.draw(made)
        made.footnotes += [] if sheet.unit_id else furniture.beyond(made)
        furniture.close(made)
    return made


def _rows(view: View, sheets: Sequence[Listed]) -> list[tuple[str, ...]]:
    """Return number, title, scale and page of every sheet, the subtitle with those that are told apart by it alone."""
    alike = Counter(sheet.title for sheet in sheets)
    return [
        (
            sheet.number,
            view.titled(sheet.title, sheet.subtitle)
            if sheet.subtitle and (view.language == "zh" or alike[sheet.title] > 1) and not sheet.unit_id
            else sheet.title,
            f"1∶{words.whole(sheet.scale)}",
            str(sheet.page),
        )
        for sheet in sheets
        if sheet.number
    ]


def _frames(sheets: Sequence[Listed]) -> list[tuple[str, str, Any]]:
    return [(sheet.number, sheet.unit_id, sheet.extent.ground) for sheet in sheets if sheet.unit_id]


# ------------------------------------------------------------------------------------------------------ which sheets


def _listed(view: View) -> list[Listed]:
    """Return every sheet the result can fill, with its place on the ground and in the book."""
    asked = view.plan.output
    layout, scale = choose(asked.paper, view.subject, orientation=asked.orientation)
    place = extent(layout, scale, view.subject)
    found: list[Listed] = []

    def add(key: str, number: str, draw: Draw, *, subtitle: str = "", title: str = "") -> None:
        said = title or view.say(
            f"title.{key.split('_', maxsplit=1)[0] if key.startswith('coverage_') else key}", **_facts(view)
        )
        found.append(Listed(key, number, said, subtitle, len(found) + 1, scale, layout, place, draw))

    add("cover", "", front.cover)
    add("index", "", front.cover)
    _now_sheets(view, add)
    _plan_sheets(view, add)
    return [*found, *_street_sheets(view, len(found))]


def _facts(view: View) -> dict[str, str]:
    """Return what titles say of the circle."""
    radius = words.metres(view.plan.radius_m, view.plan.radius_m)
    circle = (
        view.say("title.circle_radius", radius=radius)
        if "service_radius_m" in view.plan.standards
        else view.say("title.circle", minutes=f"{max(view.plan.walk.minutes):g}")
    )
    return {"circle": circle}


def _now_sheets(view: View, add: Callable[..., None]) -> None:
    language: texts.Language = view.language

    def number(n: int, part: int = 0) -> str:
        return words.say("number.now", language, n=f"{n:02d}") + (f"-{part}" if part else "")

    if len(view.units):
        add("place", number(1), now.place)
    if people.has_people(view):
        add("people", number(2), people.draw)
    add("facilities", number(3), now.facilities)
    shown = [level for level in view.levels if level in view.summary.get("coverage", {})]
    for part, level in enumerate(shown, start=1):
        add(
            f"coverage_{level}",
            number(4, part if len(shown) > 1 else 0),
            partial(now.coverage, level=level),
            subtitle=view.say("subtitle.coverage", level=view.level(level)),
        )
    if "verdict" in view.areas and "compliance" in view.summary:
        add("compliance", number(5), verdicts.draw, subtitle=view.say("subtitle.compliance"))
    if shown:
        add(
            "blind",
            number(6),
            now.blind,
            subtitle=view.say("subtitle.coverage", level=view.level(view.plan.siting.level)),
        )


def _plan_sheets(view: View, add: Callable[..., None]) -> None:
    if not len(view.candidates) or not view.siting:
        return
    subtitle = view.say("subtitle.coverage", level=view.level(view.plan.siting.level))

    def number(n: int) -> str:
        return view.say("number.plan", n=f"{n:02d}")

    add("candidates", number(1), offered.candidates, subtitle=subtitle)
    if not len(view.sites):
        return
    add("layout", number(2), plan.layout, subtitle=subtitle)
    if view.planned:
        add("after", number(3), plan.after, subtitle=subtitle)
    if view.plan.siting.phases:
        add("near_term", number(4), plan.near_term, subtitle=view.plan.siting.phases[0].name)


def _street_sheets(view: View, before: int) -> list[Listed]:
    """Return one sheet a street, upright unless the plan says otherwise."""
    found = []
    paper, asked = view.plan.output.paper, view.plan.output.orientation
    way: Orientation = "portrait" if asked == "auto" else asked
    rows = view.streets.to_dict("records")
    for place, row in enumerate(rows, start=1):
        layout, scale = choose(paper, row["geometry"], orientation=way)
        found.append(
            Listed(
                key=f"street_{row['unit_id']}",
                number=view.say("number.street", n=f"{place:02d}"),
                title=view.say("title.street", name=words.text(view.name(row, "unit_id"))),
                subtitle=view.say("subtitle.street", n=place, of=len(rows)),
                page=before + place,
                scale=scale,
                layout=layout,
                extent=extent(layout, scale, row["geometry"]),
                draw=partial(street.draw, unit_id=row["unit_id"]),
                unit_id=str(row["unit_id"]),
            )
        )
    return found
