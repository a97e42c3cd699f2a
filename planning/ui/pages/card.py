"""The identify card of a residential area: where its numbers come from and what would help, always in one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import pandas as pd

from planning import standards
from planning.coverage import held_column
from planning.ui import parts, words
from planning.ui.session import Desk

Row = Mapping[Any, Any]
_WAYS: Final = 2  # ways out that a card shows; the workbook lists all


@dataclass(frozen=True)
class Step:
    """One step: heading and escaped HTML below it; ``data`` where something is missing in the data."""

    head: str
    body: str
    data: bool = False


def show(desk: Desk, residential_id: str) -> None:
    """Show the card of an area, or how to get one."""
    layer = desk.result.residential
    found = layer[layer["residential_id"] == residential_id]
    if found.empty:
        parts.empty(desk.say("card.hint"))
        return
    row: Row = found.drop(columns="geometry").to_dict("records")[0]
    steps = [
        _households(desk, row),
        _required(desk, row),
        _rooms(desk, row),
        _shortfall(desk, row),
        *_remedies(desk, row),
        _nearest(desk, row),
    ]
    items = "".join(
        f'<li data-step="{place}"{" class=data" if step.data else ""}><span>{escape(step.head)}</span>{step.body}</li>'
        for place, step in enumerate(steps, 1)
    )
    parts.html(f'<div class="p-card">{_top(desk, row)}<ol>{items}</ol></div>')


def _top(desk: Desk, row: Row) -> str:
    verdict = row["verdict"]
    street = desk.result.units.set_index("unit_id")["name"].get(row["street_id"], row["street_id"])
    about = [street, words.word("report.built", row["built_used"], desk.language)]
    about += (
        [desk.say("card.granted", date=row["land_grant_date"])] if not words.missing(row["land_grant_date"]) else []
    )
    shown = " · ".join(words.text(part) for part in [row["residential_id"], *about] if not words.missing(part))
    mark = f'<span class="verdict {escape(str(verdict))}">{escape(desk.say(f"marked.{verdict}"))}</span>'
    return f'{mark}<h3>{escape(words.text(row["name"]))}</h3><p class="sub">{escape(shown)}</p>'


def _line(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>'


def _small(text: str) -> str:
    return f"<p><small>{escape(text)}</small></p>" if text else ""


# -------------------------------------------------------------------------------------------------------------- steps


def _households(desk: Desk, row: Row) -> Step:
    missing = words.missing(row["households"])
    shown = desk.say("card.no_households") if missing else words.whole(row["households"], desk.language, "households")
    basis = "" if words.missing(row["households_basis"]) else str(row["households_basis"])
    source = _source(desk, row["residential_id"])
    return Step(
        desk.say("card.households"),
        _line(shown, "big") + _small(desk.say("joint").join(filter(None, (basis, source)))),
        missing,
    )


def _source(desk: Desk, residential_id: str) -> str:
    """Return file and row of an area, as its ledger says."""
    ledger = desk.result.ledger
    rows = ledger[(ledger["table"] == "residential") & (ledger["id"] == residential_id)]
    if rows.empty or words.missing(rows["row"].iloc[0]):
        return ""
    return desk.say("card.source", file=rows["file"].iloc[0], row=int(rows["row"].iloc[0]))


def _required(desk: Desk, row: Row) -> Step:
    """Return what the clauses ask of this area, one line a clause, and what it owes by them."""
    language, findings = desk.language, desk.result.findings
    kind, name = ("residential", row["residential_id"]) if words.missing(row["pool_id"]) else ("pool", row["pool_id"])
    own = findings[(findings["subject_kind"] == kind) & (findings["subject_id"] == name)]
    lines = [
        _small(
            desk.say(
                "card.clause", clause=clause.id, article=clause.article, asks=standards.required(clause, language),
                required=words.m2(found["required"], language),
            )
        )
        for found in own.to_dict("records")
        for clause in map(desk.standard.clause, found["clause_id"].split(";"))
    ]  # fmt: skip
    owed = row["required_m2"]
    shown = desk.say("card.unknown") if words.missing(owed) else words.m2(owed, language)
    pool = _pool(desk, row)
    return Step(desk.say("card.required"), _line(shown, "big") + "".join(lines) + pool, bool(words.missing(owed)))


def _pool(desk: Desk, row: Row) -> str:
    if words.missing(row["pool_id"]):
        return ""
    figures = {name: words.m2(row[f"pool_{name}_m2"], desk.language) for name in ("required", "provided", "shortfall")}
    return _small(desk.say("card.pool", pool=row["pool_id"], **figures))


def _rooms(desk: Desk, row: Row) -> Step:
    """Return the rooms that were looked at for this area, counted or not, each with its reason."""
    language, rooms = desk.language, desk.result.rooms
    mine = rooms[(rooms["residential_id"] == row["residential_id"]) | _of_pool(rooms, row)] if len(rooms) else rooms
    if mine.empty:
        return Step(desk.say("card.rooms"), _line(desk.say("card.no_rooms")))
    facilities = desk.result.facilities.set_index("facility_id")
    lines = "".join(_room(desk, room, facilities) for room in mine.to_dict("records"))
    total = "" if words.missing(row["provided_m2"]) else _line(words.m2(row["provided_m2"], language), "big")
    return Step(desk.say("card.rooms"), f"{total}<table>{lines}</table>")


def _of_pool(rooms: pd.DataFrame, row: Row) -> pd.Series[bool]:
    """Say which rooms are for the area's pool as a whole; none where it stands alone."""
    pooled = not words.missing(row["pool_id"])
    together: pd.Series[bool] = (rooms["pool_id"] == row["pool_id"]).fillna(value=False) & pooled
    return together


def _room(desk: Desk, room: Row, facilities: pd.DataFrame) -> str:
    language, facility_id = desk.language, room["facility_id"]
    known = facility_id in facilities.index
    name = facilities.loc[facility_id, "name"] if known else desk.say("card.stated_room")
    status = words.word("status", facilities.loc[facility_id, "status"], language) if known else ""
    reason = "" if room["reason"] == "counted" else words.reasons(room["reason"], language, "compliance.reason")
    counted = desk.say("card.counted" if room["counted"] else "card.not_counted")
    area = words.m2(room["credited_m2"] if room["counted"] else room["floor_area_m2"], language)
    about = desk.say("joint").join(filter(None, (status, reason)))
    shade = "" if room["counted"] else "off"
    return (
        f'<tr class="{shade}"><td>{escape(words.text(name))}<br><small>{escape(about)}</small></td>'
        f"<td>{escape(area)}<br><small>{escape(counted)}</small></td></tr>"
    )


def _shortfall(desk: Desk, row: Row) -> Step:
    language = desk.language
    if words.missing(row["shortfall_m2"]):
        why = words.reasons(row["reason"], language, "compliance.reason")
        return Step(desk.say("card.shortfall"), _line(desk.say(f"card.no_{row['verdict']}")) + _small(why),
                    row["verdict"] == "not_assessable")  # fmt: skip
    sum_ = desk.say(
        "card.difference",
        required=words.m2(row["required_m2"], language),
        provided=words.m2(row["provided_m2"], language),
    )
    checks = desk.say("card.checks", rate=_tick(row["rate_ok"]), unit=_tick(row["unit_ok"]))
    bad = "big bad" if row["verdict"] == "fails" else "big"
    paper = "" if words.missing(row["paper_provided_m2"]) or row["paper_provided_m2"] == row["provided_m2"] else _small(
        desk.say("card.paper", value=words.m2(row["paper_provided_m2"], language),
                 verdict=words.word("verdict", row["paper_verdict"], language))
    )  # fmt: skip
    return Step(
        desk.say("card.shortfall"),
        _line(words.m2(row["shortfall_m2"], language), bad) + _small(sum_) + _small(checks) + paper,
    )


def _remedies(desk: Desk, row: Row) -> list[Step]:
    """Return what would close the gap, the cheapest ways first, or why there is none; nothing where there is no gap."""
    table = desk.result.remedies
    mine = table[table["residential_id"] == row["residential_id"]] if len(table) else table
    if mine.empty:
        return []
    names = desk.result.facilities.set_index("facility_id")["name"]
    first = mine[mine["rank"].isin(sorted(mine["rank"].unique())[:_WAYS])]
    lines = "".join(_remedy(desk, way, names) for way in first.to_dict("records"))
    more = int(mine["rank"].nunique()) - _WAYS
    note = _small(desk.say("card.more_remedies", count=more)) if more > 0 else ""
    return [Step(desk.say("card.remedies"), f"<table>{lines}</table>{note}")]


def _remedy(desk: Desk, way: Row, names: pd.Series[str]) -> str:
    language = desk.language
    place = "" if words.missing(way["facility_id"]) else names.get(way["facility_id"], way["facility_id"])
    head = desk.say("joint").join(filter(None, (words.word("remedies.measure", way["measure"], language), place)))
    about = words.reasons(way["reason"], language, "remedies.reason")
    area = "" if words.missing(way["needed_m2"]) else words.m2(way["needed_m2"], language)
    cost = "" if words.missing(way["cost"]) else desk.say("card.cost", cost=f"{way['cost']:,.10g}")
    return (
        f"<tr><td>{escape(words.text(head))}<br><small>{escape(about)}</small></td>"
        f"<td>{escape(area)}<br><small>{escape(cost)}</small></td></tr>"
    )


def _tick(finding: Any) -> str:
    return words.NOTHING if words.missing(finding) else "✓" if finding else "✕"


def _nearest(desk: Desk, row: Row) -> Step:
    """Return the nearest facility of the level that sites are sought for; what is no distance never reads as one."""
    language, level = desk.language, desk.plan.siting.level
    head = desk.say("card.nearest", level=desk.level(level))
    if f"{level}_status" not in row:
        return Step(head, _line(words.NOTHING))
    status, distance_m, radius_m = row[f"{level}_status"], row[f"{level}_distance_m"], desk.plan.radius_m
    if words.missing(distance_m):
        return Step(head, _line(words.word("coverage.status", status, language)), status == "unsnapped")
    names = desk.result.facilities.set_index("facility_id")["name"]
    name = names.get(row[f"{level}_facility_id"], row[f"{level}_facility_id"])
    walked = words.metres(distance_m, radius_m, language)
    radius = words.metres(radius_m, radius_m, language)
    held_m = row[held_column(row, level)]
    beside = desk.say("card.within", radius=radius) if held_m <= radius_m else desk.say(
        "card.beyond", radius=radius, by=words.metres(round(held_m - radius_m, 3), 0, language)
    )  # fmt: skip
    return Step(head, _line(words.text(name)) + f"<p><b>{escape(walked)}</b> <small>{escape(beside)}</small></p>")
