"""Room `planning.report`: the draft text of the plan and its annex tables, as Word documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from planning import word
from planning.report import (
    _annex,
    _annexed,
    _areas,
    _chapters_found,
    _chapters_now,
    _chapters_plan,
    _grid,
    _origins,
    _proposals,
    _readings,
    _scorecard,
    _tables,
)
from planning.report._scene import Scene
from planning.report._sheet import Sheet

_CHAPTERS: Final[tuple[Callable[[Scene], Iterator[word.Block]], ...]] = (
    _chapters_now.basis,
    _chapters_now.method,
    _chapters_now.situation,
    _chapters_now.coverage,
    _chapters_found.floor_area,
    _chapters_found.blind_spots,
    _chapters_plan.siting,
    _chapters_plan.near_term,
    _chapters_plan.measures,
    _chapters_plan.indicators,
    _chapters_plan.quality,
)
_FACILITIES: Final = (
    "facility_id", "name", "street", "level", "kind", "ownership", "status", "opened", "land_area_m2", "floor_area_m2",
    "beds", "nursing_beds", "occupied_beds", "star", "in_service",
)  # fmt: skip
_COMPLIANCE: Final = (
    "residential_id", "name", "street_id", "households", "built_used", "required_m2", "provided_m2", "largest_m2",
    "shortfall_m2", "pool_id", "verdict", "reason", "counted_required_m2", "counted_provided_m2",
    "counted_shortfall_m2",
)  # fmt: skip
_LEDGER: Final = ("table", "file", "row", "id", "outcome", "reasons", "column", "value")
_WITHOUT_NOTES: Final = ("ledger", "readings", "sources")  # theirs speak of the workbook, or are the table before them
_SOURCES: Final = ("input", "path", "layer", "encoding", "crs_text", "rows")
_READINGS: Final = ("ambiguity", "title", "reading_used", "is_default", "others", "changed", "reason")
_SCORECARD: Final = (
    "clause_id", "article", "text", "required", "strength", "verdict", "actual", "shortfall", "unit", "deadline",
    "overdue", "where",
)  # fmt: skip


def chapters(scene: Scene) -> list[word.Block]:
    """Return the draft text as blocks, from the cover to the list of what is left to be filled in."""
    blocks: list[word.Block] = [_cover(scene, "subtitle"), word.Contents(scene.say("contents"))]
    for chapter in _CHAPTERS:
        blocks += chapter(scene)
    return [*blocks, *_chapters_plan.blanks(scene, blocks)]


def document(scene: Scene) -> bytes:
    """Return the draft text as a Word document, equal bytes for equal results."""
    return word.write(chapters(scene), _frame(scene, "subtitle"))


def annex(scene: Scene) -> bytes:
    """Return the annex tables as a Word document on lying paper; a table that is left out is named with the reason."""
    blocks: list[word.Block] = [_cover(scene, "annex_title"), word.Contents(scene.say("contents"))]
    sheets = _annex_sheets(scene)
    for number, key in enumerate(_annexed.ORDER, start=1):
        if number > 1:
            blocks.append(word.Page(lying=True))
        title = scene.say(f"annex.{key}")
        if key in sheets:
            sheet, columns = sheets[key]
            size = 7.5 if columns else 8.5
            notes = () if key in _WITHOUT_NOTES else tuple(sheet.notes[1:])
            more = {"notes": notes, "size": size, "number": number}
            blocks.append(scene.table(sheet, key, columns=columns, caption=title, **more))
        else:
            blocks += [word.Heading(f"{scene.annex(key)}  {title}"), scene.text(f"absent.{key}")]
    return word.write(blocks, replace(_frame(scene, "annex_title", lying=True), numbered=False, tables="annex"))


def _annex_sheets(scene: Scene) -> dict[str, tuple[Sheet, tuple[str, ...]]]:
    """Return the annex tables there is something to say in, each with the columns that go on paper."""
    result, language = scene.result, scene.language
    found: dict[str, tuple[Sheet, tuple[str, ...]]] = {
        "facilities": (_tables.facilities(result, language), _FACILITIES),
        "accounts": (_annex.accounts(result, language), ()),
        "ledger": (_origins.ledger(result, language), _LEDGER),
        "by_level": (_annex.by_level(result, language), ()),
        "sources": (_origins.sources(result, language), _SOURCES),
    }
    if "compliance" in result.summary:
        found["compliance"] = (_areas.compliance(result, language), _COMPLIANCE)
        found["gaps"] = (_annex.gaps(result, language), ())
        found["rollups"] = (_scorecard.rollups(result, language), ())
    if "coverage" in result.summary:
        found["bands"] = (_annex.bands(result, language), ())
        found["blind"] = (_main_blind(scene), ())
    if result.summary.get("siting") is not None:
        found["planned"] = (_annex.planned(result, language), ())
        found["near_term"] = (_annex.near_term(result, language), ())
    if len(result.scorecard):
        found["scorecard"] = (_scorecard.scorecard(result, language), _SCORECARD)
    if len(result.readings):
        found["readings"] = (_readings.readings(result, language), _READINGS)
    if len(result.pools):
        found["pools"] = (_proposals.pools(result, language), ())
    return found


def _main_blind(scene: Scene) -> Sheet:
    """Return the areas outside the circle of the level that the plan is about; the workbook has all levels."""
    level = scene.level(_chapters_now.main_level(scene))
    sheet = _grid.some(_annex.blind(scene.result, scene.language), lambda rows: rows["level"] == level)
    radius = f"{scene.result.inputs.plan.radius_m:g}"
    return replace(sheet, notes=(*sheet.notes[:-1], scene.say("blind.annex", level=level, radius=radius)))


def _cover(scene: Scene, kind: str) -> word.Cover:
    """Return the title page: what the paper is, who made it (blank), on which data, by which run."""
    plan = scene.result.inputs.plan
    lines: list[word.Parts] = [
        scene.parts("cover.maker", blank=scene.blank("maker")),
        scene.parts("cover.date", blank=scene.blank("date")),
        scene.parts("cover.as_of", as_of=plan.as_of.isoformat()),
    ]
    if scene.run_id:
        lines.append(scene.parts("cover.run", run=scene.run_id))
    return word.Cover(plan.name, scene.say(kind), lines)


def _frame(scene: Scene, kind: str, *, lying: bool = False) -> word.Frame:
    plan = scene.result.inputs.plan
    header = scene.say("header", plan=plan.name, kind=scene.say(kind))
    as_of = plan.as_of.isoformat()
    footer = (
        scene.say("footer", run=scene.run_id, as_of=as_of) if scene.run_id else scene.say("footer_plain", as_of=as_of)
    )
    return word.Frame(scene.language, plan.name, header, footer, lying=lying)
