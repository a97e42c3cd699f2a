"""Room `planning.report`: the chapters on basis, method, what there is, and coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planning import crs as crss
from planning import standards, texts, word
from planning.report import _annex, _grid, _origins, _readings, _scorecard, _tables
from planning.report._scene import Scene
from planning.report._sheet import Sheet, given_numbers, standard_title

_WEIGHTS: Final = ("residential", "households", "residents", "elderly")


def basis(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on the document, its clauses, and how what it leaves open is read."""
    standard, language = scene.result.inputs.standard, scene.language
    yield scene.heading("basis")
    yield scene.heading("document", 2)
    yield scene.text(f"basis.{standard.kind}", **_document_facts(scene))
    if standard.status == "draft":
        yield scene.warning("basis.draft")
    for line in (*given_numbers(scene.result, language), *scene.result.inputs.plan.notes):
        yield word.Text((line,))
    yield scene.text("basis.others", blank=scene.blank("basis"))
    if len(scene.result.scorecard):
        yield scene.heading("clauses", 2)
        yield scene.text("basis.clauses", count=len(standard.clauses), table=scene.see("clauses"))
        shown = ("clause_id", "article", "text", "required", "strength", "deadline")
        sheet = _scorecard.scorecard(scene.result, language)
        yield scene.table(sheet, "clauses", columns=shown, caption=scene.say("caption.clauses"))
    if len(scene.result.readings):
        yield from _open_points(scene)


def _document_facts(scene: Scene) -> dict[str, word.Part | word.Parts]:
    standard = scene.result.inputs.standard
    number = standard.number or None
    issuer = standard.issuer or None
    return {
        "title": standard_title(scene.result, scene.language),
        "number": scene.blank("number") if number is None else number,
        "issuer": scene.blank("issuer") if issuer is None else issuer,
        "status": texts.t(f"report.status_{standard.status}", scene.language),
        "as_of": scene.result.inputs.plan.as_of.isoformat(),
    }


def _open_points(scene: Scene) -> Iterator[word.Block]:
    """Yield what the document leaves open and how it is read."""
    found = scene.result.readings
    own = int((~found["is_default"].astype(bool)).sum())
    yield scene.heading("readings", 2)
    yield scene.text("basis.readings", count=len(found), own=own, table=scene.see("readings"))
    switches = set(found["switch"])
    sheet = _grid.some(_readings.readings(scene.result, scene.language), lambda rows: rows["switch"].isin(switches))
    shown = ("ambiguity", "title", "reading_used", "is_default", "changed")
    yield scene.table(sheet, "readings", columns=shown)


# ------------------------------------------------------------------------------------------------------------- method


def method(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on data, coordinates, walking and what the words mean."""
    inputs, plan = scene.result.inputs, scene.result.inputs.plan
    yield scene.heading("method")
    yield scene.heading("data", 2)
    files = [file for file in inputs.files if file.rows]
    day = plan.as_of.isoformat()
    yield scene.text("method.data", count=len(files), as_of=day, table=scene.see("sources"))
    sheet = _grid.some(_origins.sources(scene.result, scene.language), lambda rows: rows["rows"].astype(float) > 0)
    yield scene.table(sheet, "sources", columns=("input", "path", "rows", "crs_text"))
    yield scene.text("method.crs", name=crss.said(inputs.crs, scene.language), code=inputs.crs.to_string())
    yield scene.heading("walking", 2)
    yield scene.text("method.walking", **_walking_facts(scene))
    yield scene.text("method.rule", rule=scene.say(f"rule.{plan.walk.rule}"), snap=f"{plan.walk.max_snap_m:g}")
    extra = _extras(scene)
    if extra:
        yield scene.text("method.extras", extras=scene.listed(extra))
    yield scene.heading("meaning", 2)
    for name in ("outside", "bounds", "verdicts", "totals"):
        yield scene.text(f"method.{name}")


def _walking_facts(scene: Scene) -> dict[str, word.Part | word.Parts]:
    plan = scene.result.inputs.plan
    stated = plan.standards.get("service_radius_m") is not None
    circles = [
        scene.say("method.circle", minutes=f"{minutes:g}", radius=f"{plan.walk.metres(minutes):g}")
        for minutes in plan.walk.minutes
    ]
    key = "method.radius_stated" if stated else "method.radius"
    radius = scene.say(key, radius=f"{plan.radius_m:g}", minutes=f"{max(plan.walk.minutes):g}")
    bands = scene.listed([f"{metres:g}" for metres in plan.bands_m])
    speed = f"{plan.walk.speed_m_per_s:g}"
    return {"speed": speed, "circles": scene.listed(circles), "radius": radius, "bands": bands}


def _extras(scene: Scene) -> list[str]:
    """Return what the plan counts beside plain walking."""
    walk = scene.result.inputs.plan.walk
    asked = {
        "stairs": walk.stairs_factor != 1.0 and f"{walk.stairs_factor:g}",
        "crossing": walk.crossing_s > 0 and f"{walk.crossing_s:g}",
        "seconds": walk.extra_s and "1",
        "climb": walk.climb != "none" and walk.climb,
        "walls": walk.walls != "none" and walk.walls,
        "border": walk.hard_border and "1",
        "spread": walk.spread and "1",
    }
    return [scene.say(f"extra.{name}", value=value) for name, value in asked.items() if value]


# ---------------------------------------------------------------------------------------------------------- situation


def situation(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on people and facilities as they are."""
    yield scene.heading("situation")
    yield from _people(scene)
    yield scene.heading("facilities", 2)
    sheet = _annex.by_level(scene.result, scene.language)
    facts = {name: scene.count(sheet.totals.get(name)) for name in ("facilities", "in_service")}
    known = [
        scene.say(f"situation.{name}", value=(scene.m2 if name == "floor_area_m2" else scene.count)(sheet.totals[name]))
        for name in ("floor_area_m2", "beds", "nursing_beds")
        if name in sheet.totals
    ]
    told = scene.parts("situation.of_those", known=scene.listed(known)) if known else scene.parts("situation.no_sizes")
    yield scene.text("situation.facilities", **facts, told=told, table=scene.see("by_level"),
                     annex=scene.annex("facilities"))  # fmt: skip
    yield scene.table(sheet, "by_level")
    yield scene.figure("facilities", scene.say("map.facilities"))


def _people(scene: Scene) -> Iterator[word.Block]:
    coverage = scene.summary.get("coverage", {})
    yield scene.heading("people", 2)
    if not coverage:
        yield scene.text("situation.no_people", blank=scene.blank("people"))
        return
    level = main_level(scene)
    figures = coverage[level]
    known = [
        scene.say(f"situation.count_{name}", value=scene.count(figures[f"{name}_total"]))
        for name in _WEIGHTS
        if figures[f"{name}_total"] is not None
    ]
    yield scene.text("situation.people", known=scene.listed(known))
    for weight in _WEIGHTS[1:]:
        if figures[f"{weight}_total"] is None:
            yield scene.text("situation.unknown", weight=weight_name(scene, weight), blank=scene.blank("people"))
        elif figures[f"{weight}_missing"]:
            yield scene.text("situation.missing", weight=weight_name(scene, weight), count=figures[f"{weight}_missing"])
    yield scene.figure("people", scene.say("map.people"))
    if not _has_streets(scene):
        return
    streets = _of_level(scene, _tables.by_street(scene.result, scene.language), level)
    shown = ("street", "residential_total", "households_total", "elderly_total")
    yield scene.table(streets, "people", columns=shown, caption=scene.say("caption.people"))


def weight_name(scene: Scene, name: str) -> str:
    """Return what a weight is called: households, residents, older people."""
    return texts.t(f"decided.weight.{name}", scene.language)


def main_level(scene: Scene) -> str:
    """Return the level that the plan is about, or the first there is."""
    coverage: Mapping[str, Any] = scene.summary["coverage"]
    asked = scene.result.inputs.plan.siting.level
    return asked if asked in coverage else next(iter(coverage))


def _of_level(scene: Scene, sheet: Sheet, level: str) -> Sheet:
    return _grid.some(sheet, lambda rows: rows["level"] == scene.level(level))


# ----------------------------------------------------------------------------------------------------------- coverage


def coverage(scene: Scene) -> Iterator[word.Block]:
    """Yield the chapter on who lives within the circle."""
    if "coverage" not in scene.summary:
        return
    yield scene.heading("coverage")
    yield scene.text("coverage.intro", clauses=_clauses_on_circles(scene), table=scene.see("levels"))
    for level, figures in scene.summary["coverage"].items():
        yield word.Text(_level_sentence(scene, level, figures), "item")
    by_street = _tables.by_street(scene.result, scene.language)
    yield scene.table(_grid.totals_of_groups(by_street), "levels", caption=scene.say("caption.levels"),
                      columns=without(by_street, "street"))  # fmt: skip
    level = main_level(scene)
    named = scene.level(level)
    yield from _by_street(scene, by_street, level)
    yield scene.figure(f"coverage_{level}", scene.say("map.coverage", level=named))
    yield scene.heading("bands", 2)
    yield scene.text("coverage.bands", table=scene.see("bands"))
    bands = _grid.totals_of_groups(_annex.bands(scene.result, scene.language))
    yield scene.table(bands, "bands", caption=scene.say("caption.bands"), columns=without(bands, "street"))


def _has_streets(scene: Scene) -> bool:
    return any(unit["type"] in ("street", "town") for unit in scene.summary["units"])


def _by_street(scene: Scene, by_street: Sheet, level: str) -> Iterator[word.Block]:
    """Yield coverage by street, or that there are no boundaries of streets."""
    named = scene.level(level)
    yield scene.heading("streets", 2)
    if not _has_streets(scene):
        yield scene.text("coverage.no_streets")
        return
    more = scene.beside("coverage.streets_more", "bands")
    yield scene.text("coverage.streets", level=named, table=scene.see("streets"), more=more)
    shown = _of_level(scene, by_street, level)
    yield scene.table(shown, "streets", caption=scene.say("caption.streets", level=named),
                      columns=without(by_street, "level"))  # fmt: skip


def without(sheet: Sheet, *names: str) -> tuple[str, ...]:
    """Return the columns of a sheet but for ``names``."""
    return tuple(column.name for column in sheet.columns if column.name not in names)


def _clauses_on_circles(scene: Scene) -> str:
    """Return the clauses that speak of circles and coverage, with what they ask."""
    clauses = [
        clause
        for clause in scene.result.inputs.standard.clauses
        if any(word_ in clause.metric for word_ in ("circle", "coverage", "radius", "within"))
    ]
    if not clauses:
        return scene.say("coverage.no_clause")
    return scene.listed([cited(scene, clause) for clause in clauses])


def cited(scene: Scene, clause: standards.Clause) -> str:
    """Return a clause as it is cited: number, article, what it asks for."""
    asked = standards.required(clause, scene.language)
    return scene.say("cited", id=clause.id, article=clause.article, asked=asked)


def _level_sentence(scene: Scene, level: str, figures: Mapping[str, Any]) -> word.Parts:
    facts = {"level": scene.level(level), "radius": f"{figures['radius_m']:g}"}
    for weight in _WEIGHTS:
        for part in ("total", "covered", "lower", "upper"):
            facts[f"{weight}_{part}"] = scene.count(figures[f"{weight}_{part}"])
        facts[f"{weight}_share"] = scene.share(figures[f"{weight}_share"])
    known = "elderly" if figures["elderly_total"] is not None else "households"
    said = scene.parts(f"coverage.level_{known}", **facts)
    open_ = figures["residential_lower"] != figures["residential_upper"]
    bounds = scene.parts("coverage.bounds", **facts) if open_ else ()
    apart = {name: figures[name] for name in ("unreachable", "unsnapped")}
    lost = scene.parts("coverage.apart", **apart) if any(apart.values()) else ()
    return (*said, *bounds, *lost, scene.say("stop"))
