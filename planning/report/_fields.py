"""Room `planning.report`: the fields that a planner's own template may name, each as it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from planning import crs as crss
from planning import texts, word
from planning.report import _annex, _areas, _document, _origins, _readings, _scorecard, _tables
from planning.report._figures import foots
from planning.report._grid import NOTHING, as_printed
from planning.report._scene import Scene
from planning.report._sheet import Sheet, standard_title
from planning.tables import LEVELS, WEIGHTS

MAPS: Final = ("people", "facilities", "coverage", "compliance", "blind", "layout", "after", "near_term")
_COUNTS: Final = tuple(
    f"{weight}_{part}" for weight in ("residential", *WEIGHTS) for part in ("total", "covered", "lower", "upper")
)
_SHARES: Final = tuple(f"{weight}_share" for weight in ("residential", *WEIGHTS))
_SQUARES: Final = ("required_m2", "provided_m2", "shortfall_m2")
_VERDICTS: Final = ("areas_total", "meets", "fails", "not_assessable", "not_applicable")
_SITING: Final = ("status", "objective", "bound", "gap", "aim", "before_covered", "before_share", "after_covered",
                  "after_share", "total")  # fmt: skip
ROOTS: Final = ("plan", "run", "standard", "method", "coverage", "streets", "compliance", "siting", "rows", "tables",
                "text", "maps", "blanks", "numbers")  # fmt: skip


class _Empty(dict[str, str]):
    """The heads of a table that a run does not have, and the sums of one that has none: nothing for every column."""

    def __missing__(self, _name: str) -> str:
        return ""


Picture = Callable[[bytes], Any]


def fields(scene: Scene, picture: Picture) -> dict[str, Any]:
    """Return every field by name: text as it is printed, lists of rows, maps.

    Parameters
    ----------
    picture
        Makes of PNG bytes what the template engine inserts.
    """
    blocks = _document.chapters(replace(scene, apart=True))
    return {
        **_run_fields(scene),
        "coverage": {level: _circle(scene, scene.summary.get("coverage", {}).get(level)) for level in LEVELS},
        "streets": list(_streets(scene)),
        "compliance": _floor_area(scene, scene.summary.get("compliance")),
        "siting": _siting(scene),
        "rows": _rows(scene),
        "tables": {name: _table(scene, sheet) for name, sheet in _sheets(scene).items()},
        "text": _chapters(blocks, scene),
        "maps": {name: _map(scene, name, picture) for name in MAPS},
        "blanks": list(dict.fromkeys(_blanks(blocks))),
        "numbers": scene.summary,
    }


def _run_fields(scene: Scene) -> dict[str, Any]:
    plan, standard, crs = scene.result.inputs.plan, scene.result.inputs.standard, scene.result.inputs.crs
    return {
        "plan": {
            "name": plan.name,
            "title": word.titled(plan.name),
            "as_of": plan.as_of.isoformat(),
            "notes": list(plan.notes),
        },
        "run": {"id": scene.run_id},
        "standard": {
            "title": standard_title(scene.result, scene.language),
            "id": standard.id,
            "status": texts.t(f"report.status_{standard.status}", scene.language),
            "number": standard.number or scene.blank("number").text,
            "issuer": standard.issuer or scene.blank("issuer").text,
        },
        "method": {
            "crs": crss.said(crs, scene.language),
            "crs_code": crs.to_string(),
            "speed": f"{plan.walk.speed_m_per_s:g}",
            "radius": f"{plan.radius_m:g}",
            "minutes": scene.listed([f"{minutes:g}" for minutes in plan.walk.minutes]),
        },
    }


def _circle(scene: Scene, figures: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the figures of one circle; a dash for each where there are none."""
    found = figures or {}
    counts = {name: scene.count(found.get(name)) for name in (*_COUNTS, "unreachable", "unsnapped")}
    shares = {name: scene.share(found.get(name)) for name in _SHARES}
    return {"radius": scene.count(found.get("radius_m")), **counts, **shares}


def _floor_area(scene: Scene, figures: Mapping[str, Any] | None) -> dict[str, str]:
    found = figures or {}
    counts = {name: scene.count(found.get(name)) for name in _VERDICTS}
    squares = {name: scene.m2(found.get(name)) for name in _SQUARES}
    return {**counts, **squares, "meets_share": scene.share(found.get("meets_share"))}


def _streets(scene: Scene) -> Iterator[dict[str, Any]]:
    for unit in scene.summary["units"]:
        if unit["type"] in ("street", "town"):
            yield {
                "id": unit["unit_id"],
                "name": unit["name"] or unit["unit_id"],
                "coverage": {level: _circle(scene, unit["coverage"].get(level)) for level in LEVELS},
                "compliance": _floor_area(scene, unit["compliance"]),
            }


def _siting(scene: Scene) -> dict[str, str]:
    """Return what siting found; dashes where none was asked."""
    found, told = scene.summary.get("siting"), scene.told
    if found is None:
        return dict.fromkeys(_SITING, NOTHING)
    weight = found["demand"]
    sides = {
        f"{when}_{part}": (scene.share if part == "share" else scene.count)(found[when][f"{weight}_{part}"])
        for when in ("before", "after")
        for part in ("covered", "share")
    }
    return {
        "status": texts.t(f"siting_status.{found['status']}", scene.language),
        "objective": told.objective() or NOTHING,
        "bound": told.amount(found["bound"]),
        "gap": scene.share(found["gap"]),
        "aim": next(iter(told.said("aim")), NOTHING),
        "total": scene.count(found["before"][f"{weight}_total"]),
        **sides,
    }


def _rows(scene: Scene) -> dict[str, str]:
    totals = _annex.accounts(scene.result, scene.language).totals
    return {name: scene.count(totals.get(name)) for name in ("read", "used", "flagged", "excluded")}


# ------------------------------------------------------------------------------------------------- tables, texts, maps


def _sheets(scene: Scene) -> dict[str, Sheet | None]:
    """Return the sheets that a template may lay out, None where this run has none."""
    result, language = scene.result, scene.language
    covered, judged = "coverage" in result.summary, "compliance" in result.summary
    sited = result.summary.get("siting") is not None
    return {
        "facilities": _tables.facilities(result, language),
        "by_level": _annex.by_level(result, language),
        "by_street": _tables.by_street(result, language) if covered else None,
        "bands": _annex.bands(result, language) if covered else None,
        "compliance": _areas.compliance(result, language) if judged else None,
        "rollups": _scorecard.rollups(result, language) if judged else None,
        "gaps": _annex.gaps(result, language) if judged else None,
        "sites": _tables.sites(result, language) if sited else None,
        "planned": _annex.planned(result, language) if sited else None,
        "near_term": _annex.near_term(result, language) if sited else None,
        "scorecard": _scorecard.scorecard(result, language) if len(result.scorecard) else None,
        "blind": _annex.blind(result, language) if covered else None,
        "readings": _readings.readings(result, language) if len(result.readings) else None,
        "sources": _origins.sources(result, language),
        "accounts": _annex.accounts(result, language),
        "ledger": _origins.ledger(result, language),
    }


def _table(scene: Scene, sheet: Sheet | None) -> dict[str, Any]:
    """Return a sheet as title, notes, heads, rows and total, each cell as it is printed."""
    if sheet is None:
        return {"title": "", "notes": [], "head": _Empty(), "rows": [], "total": _Empty()}
    cells, totals = as_printed(sheet, sheet.columns, scene.language)
    names = [column.name for column in sheet.columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
    has_total = bool(sheet.total_label and rows)
    return {
        "title": sheet.title,
        "notes": [*sheet.notes, *(() if foots(sheet, scene.language) else (scene.say("rounded"),))],
        "head": {column.name: column.label for column in sheet.columns},
        "rows": rows,
        "total": {**dict(zip(names, totals, strict=True)), names[0]: sheet.total_label} if has_total else _Empty(),
    }


def _chapters(blocks: list[word.Block], scene: Scene) -> dict[str, list[str]]:
    """Return the sentences of each chapter of the draft text, which refer to the tables of the annex alone."""
    names = {scene.say(f"heading.{name}"): name for name in CHAPTERS}
    found: dict[str, list[str]] = {name: [] for name in CHAPTERS}
    here = ""
    for block in blocks:
        if isinstance(block, word.Heading) and block.level == 1:
            here = names.get(block.text, "")
        elif isinstance(block, word.Text) and here and block.style != "note":
            found[here].append(word.plain(block.parts))
    return found


CHAPTERS: Final = ("basis", "method", "situation", "coverage", "floor_area", "blind", "siting", "near_term",
                   "measures", "indicators", "quality")  # fmt: skip


def _map(scene: Scene, name: str, picture: Picture) -> Any:
    key = f"coverage_{scene.result.inputs.plan.siting.level}" if name == "coverage" else name
    plate = scene.plates.get(key)
    title = scene.say(f"map.{name}", level=scene.level(scene.result.inputs.plan.siting.level))
    return scene.say("no_figure", title=title) if plate is None else picture(plate.data)


def _blanks(blocks: list[word.Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, word.Text):
            yield from (part.text for part in block.parts if isinstance(part, word.Blank))
