"""What stands on the identify card of an area, a facility or a candidate; belongs to the room `webmap`.

A card is data, no HTML: the page sets every text as text. Chips carry a role of the palette, a mark and a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planning import standards, texts
from planning.coverage import held_column
from planning.webmap import _words as words
from planning.webmap._view import View

Card = dict[str, Any]
Row = Mapping[str, Any]


def areas(view: View) -> list[Card]:
    """Return one card per residential area, in the order of the view."""
    clauses, rooms = _clauses(view), _rooms(view)
    rows = view.areas.drop(columns=view.areas.geometry.name).to_dict("records")
    return [
        _area(view, row, clauses.get(row["residential_id"], []), rooms.get(row["residential_id"], [])) for row in rows
    ]


def facilities(view: View) -> list[Card]:
    """Return one card per facility and candidate, in the order of the view."""
    rows = view.facilities.drop(columns=view.facilities.geometry.name).to_dict("records")
    chosen: dict[Any, Any] = view.sites.drop(columns=view.sites.geometry.name).to_dict("index")
    return [
        _candidate(view, row, chosen.get(row["facility_id"])) if row["status"] == "candidate" else _facility(view, row)
        for row in rows
    ]


def name(view: View, row: Row) -> str:
    """Return the name of a row, or the word for having none."""
    return view.say("unnamed") if words.missing(row.get("name")) or not row["name"] else str(row["name"])


def _area(view: View, row: Row, clauses: list[str], rooms: list[str]) -> Card:
    built = row.get("built_used", row.get("built"))
    about = [_street(view, row), "" if words.missing(built) else words.word("built", built, view.language)]
    return {
        "title": name(view, row),
        "code": str(row["residential_id"]),
        "sub": " · ".join(part for part in about if part),
        "chips": [*_verdict_chip(view, row), *_coverage_chips(view, row)],
        "steps": [
            _households(view, row),
            *(_duty(view, row, clauses, rooms) if view.assessed else []),
            *(_nearest(view, row, level) for level in _levels(view)[:1]),
        ],
        "rows": [_other_level(view, row, level) for level in _levels(view)[1:]],
    }


def _street(view: View, row: Row) -> str:
    street = row.get("street_id")
    return "" if words.missing(street) else view.unit_names.get(str(street), str(street))


def _levels(view: View) -> list[str]:
    """Return the levels with the one that sites are sought for first: its step has its number on every card."""
    asked = view.plan.siting.level
    return sorted(view.levels, key=lambda level: level != asked)


def _verdict_chip(view: View, row: Row) -> list[Card]:
    if not view.assessed or words.missing(row["verdict"]):
        return []
    fill = view.book.verdicts[row["verdict"]]
    return [{"role": fill.name, "mark": fill.mark, "word": fill.label(view.language)}]


def _coverage_chips(view: View, row: Row) -> list[Card]:
    asked = view.plan.siting.level
    if asked not in view.levels or words.missing(row[f"{asked}_status"]):
        return []
    fill = view.book.coverages[row[f"{asked}_status"]]
    return [{"role": fill.name, "mark": fill.mark, "word": fill.label(view.language)}]


def _households(view: View, row: Row) -> Card:
    shown = view.households(row)
    unknown = shown == words.nothing(view.language)
    main = shown if unknown else view.say("card.value_households", value=shown)
    people = (
        ""
        if view.public
        else view.say("card.people", residents=view.count(row.get("residents")), elderly=view.count(row.get("elderly")))
    )
    return _step(view.say("card.households"), main, people, tone="data" if unknown else "")


def _duty(view: View, row: Row, clauses: list[str], rooms: list[str]) -> list[Card]:
    """Return the steps 应配, 现有, 缺口: an area's own figures, and its pool's where it stands in one."""
    fails = row["verdict"] == "fails"
    unknown = row["verdict"] == "not_assessable"
    basis = view.say("card.basis", clauses=words.joined(clauses, view.language)) if clauses else ""
    paper = row.get("paper_provided_m2")
    on_paper = "" if words.missing(paper) else view.say("card.paper", value=words.square_metres(paper, view.language))
    findings = "　".join(part for part in (_parts(view, row), "" if view.public else _pool(view, row)) if part)
    reason = _said(view, "compliance.reason", row.get("reason"))
    owed = [_step(view.say("card.required"), view.m2(row["required_m2"]), basis)]
    return [
        *([] if view.public else owed),
        _step(view.say("card.provided"), view.m2(row["provided_m2"]), *rooms, on_paper),
        _step(
            view.say("card.shortfall"),
            view.short(row["residential_id"]) if view.public else view.m2(row["shortfall_m2"]),
            findings,
            reason,
            tone="fails" if fails else "data" if unknown else "",
        ),
    ]


def _parts(view: View, row: Row) -> str:
    """Return what was found of rate and single facility; empty findings (the document has none) read as —."""
    if words.missing(row.get("rate_ok")) and words.missing(row.get("unit_ok")):
        return ""
    return view.say("card.area_alone", rate=_tick(view, row.get("rate_ok")), unit=_tick(view, row.get("unit_ok")))


def _tick(view: View, finding: Any) -> str:
    return words.nothing(view.language) if words.missing(finding) else view.say("card.yes" if finding else "card.no")


def _pool(view: View, row: Row) -> str:
    if words.missing(row.get("pool_id")):
        return ""
    figures = {
        key: words.square_metres(row.get(f"pool_{key}_m2"), view.language)
        for key in ("required", "provided", "shortfall")
    }
    return view.say("card.pool", pool=row["pool_id"], **figures)


def _nearest(view: View, row: Row, level: str) -> Card:
    """Return the step about the nearest facility of ``level``; what is no distance never reads as a number."""
    head = view.say("card.nearest", level=view.level(level))
    status, found = row[f"{level}_status"], row[f"{level}_facility_id"]
    if level not in view.levels_in_service:
        return _step(head, view.say("card.no_facility", level=view.level(level)), tone=status)
    if status == "unsnapped":
        return _step(head, view.say("card.unsnapped"), tone=status)
    if status == "unreachable" or words.missing(row[f"{level}_distance_m"]):
        return _step(head, view.say("card.no_route"), tone=status)
    walked = view.say(
        "card.value_m",
        value=words.metres(row[f"{level}_distance_m"], view.plan.radius_m, view.language),
        minutes=words.minutes(row[held_column(row, level)], view.speed, view.language),
    )
    step = _step(head, walked, _called(view, found), _beside_radius(view, row, level), tone=status)
    return step if words.missing(found) else {**step, "go": str(found)}


def _other_level(view: View, row: Row, level: str) -> list[str]:
    """Return the nearest facility of a further level in one line."""
    step = _nearest(view, row, level)
    found = step["notes"][0] if "go" in step else ""
    said = view.say("card.other_level", distance=step["main"], name=found) if found else step["main"]
    return [step["head"], said]


def _beside_radius(view: View, row: Row, level: str) -> str:
    """Return how the distance lies to the radius, and the share reached where areas count in parts."""
    radius_m, distance_m = view.plan.radius_m, float(row[held_column(row, level)])
    radius = words.metres(radius_m, radius_m, view.language)
    by = words.metres(round(distance_m - radius_m, 3), 0, view.language)
    inside = distance_m <= radius_m
    said = view.say("card.inside", radius=radius) if inside else view.say("card.beyond", radius=radius, by=by)
    if view.plan.walk.rule == "entrance" or words.missing(row.get(f"{level}_share")):
        return said
    share = words.percent(row[f"{level}_share"], view.language)
    return f"{said}　{view.say('card.share_reached', share=share)}"


def _called(view: View, facility_id: Any) -> str:
    return "" if words.missing(facility_id) else view.facility_names.get(str(facility_id), str(facility_id))


def _said(view: View, table: str, codes: Any) -> str:
    """Return reasons in words; a code without words as it stands."""
    if words.missing(codes) or not str(codes):
        return ""
    said = [
        texts.t(f"{table}.{code}", view.language) if texts.has(f"{table}.{code}") else code
        for code in str(codes).split(";")
    ]
    return words.joined(said, view.language)


def _clauses(view: View) -> dict[str, list[str]]:
    """Return the clauses each area was held against; where the number is the user's, with it."""
    findings = view.result.findings
    if findings.empty:
        return {}
    own = findings[findings["subject_kind"] == "residential"]
    grouped = own.groupby("subject_id")["clause_id"].agg(lambda ids: sorted(set(ids)))
    law = view.result.inputs.standard.clauses
    given = {one.id: f"{one.id}（{standards.required(one, view.language)}）" for one in law if one.entered}
    return {
        str(subject): [given.get(name, name) for joined in ids for name in joined.split(";")]
        for subject, ids in grouped.items()
    }


def _rooms(view: View) -> dict[str, list[str]]:
    """Return the rooms that were looked at for each area: name, floor area, counted or why not."""
    found: dict[str, list[str]] = {}
    rooms = view.result.rooms
    if rooms.empty:
        return found
    for row in rooms[rooms["residential_id"].notna()].to_dict("records"):
        stated = words.missing(row["facility_id"])
        said = view.say(
            "card.room",
            name=view.say("card.room_stated") if stated else _called(view, row["facility_id"]),
            area=view.m2(row["floor_area_m2"]),
            reason=_said(view, "compliance.reason", row["reason"]),
        )
        found.setdefault(str(row["residential_id"]), []).append(said)
    return found


def _facility(view: View, row: Row) -> Card:
    language = view.language
    status = view.book.status(row["status"])
    counted = view.say("card.counted_yes" if row["in_service"] else "card.counted_no")
    rows = [
        ("level", view.level(row["level"])),
        ("kind", words.word("kind", row.get("kind"), language)),
        ("status", words.word("status", row["status"], language)),
        ("counted", counted),
        ("chosen", view.decided.closed(str(row["facility_id"]))),
        ("load", view.decided.load(str(row["facility_id"]))),
        ("floor_area", view.m2(row.get("floor_area_m2"))),
        ("beds", view.count(row.get("beds"))),
        ("opened", words.text(row.get("opened"), language)),
        ("closed", words.text(row.get("closed"), language)),
        ("serves", words.joined(str(row["serves"]).split(";"), language) if _given(row, "serves") else ""),
    ]
    return _card(view, row, rows, sub=f"{view.level(row['level'])} · {status.label(language)}")


def _candidate(view: View, row: Row, site: Row | None) -> Card:
    language, place = view.language, str(row["facility_id"])
    rows = [
        ("chosen", _verdict(view, place) if site is None else _rank(view, site)),
        ("phase", "" if site is None or words.missing(site.get("phase")) else str(site["phase"])),
        ("gain", "" if site is None else view.gain(site["gain"])),
        ("load", view.decided.load(place)),
        ("new_floor_area", view.m2(site.get("floor_area_m2")) if site is not None and sized(view) else ""),
        ("level", view.level(view.plan.siting.level if words.missing(row.get("level")) else row["level"])),
        ("source", words.word("source", row.get("source"), language)),
        ("role", words.word("role", row.get("role"), language)),
        ("screening", _screened(row, language)),
        ("max_floor_area", view.m2(row.get("max_floor_area_m2"))),
        ("cost", view.say("card.value_cost", value=view.count(row["cost"])) if _given(row, "cost") else ""),
        ("available_from", words.text(row.get("available_from"), language)),
    ]
    sub = words.word("status", "candidate", language)
    made = _given(row, "suggested") and bool(row["suggested"])
    return _card(view, row, rows, sub=f"{sub} · {words.word('source', 'suggested', language)}" if made else sub)


def _screened(row: Row, language: texts.Language) -> str:
    """Return what screening says of a candidate, one sentence a code."""
    codes = str(row["screen_reasons"]).split(";") if _given(row, "screen_reasons") else []
    return texts.t("report.semicolon", language).join(texts.t(f"candidates.reason.{code}", language) for code in codes)


def sized(view: View) -> bool:
    """Say whether the floor area of a site is the plan's own choice, not all there is."""
    return view.plan.siting.model == "deficit" or view.plan.siting.max_floor_area_m2 is not None


def _verdict(view: View, place: str) -> str:
    """Return that a candidate was not chosen, or why it could not open."""
    why = view.decided.excluded_why.get(place)
    return view.say("card.chosen_no") if why is None else view.say("card.chosen_never", why=why)


def _rank(view: View, site: Row) -> str:
    return view.say("card.chosen_yes", rank=int(site["rank"]))


def _given(row: Row, column: str) -> bool:
    return not words.missing(row.get(column)) and str(row[column]) != ""


def _card(view: View, row: Row, rows: list[tuple[str, str]], *, sub: str) -> Card:
    return {
        "title": name(view, row),
        "code": str(row["facility_id"]),
        "sub": sub,
        "chips": [],
        "steps": [],
        "rows": [[view.say(f"card.{key}"), value] for key, value in rows if value],
    }


def _step(head: str, main: str, *notes: str, tone: Any = "") -> Card:
    said = [note for note in notes if note]
    return {"head": head, "main": main, "notes": said, "tone": "" if pd.isna(tone) else tone}
