"""What a scenario draws over the map: who is covered, its sites, what it switched off, its lines, and their legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from planning import palette, scenario
from planning.scenario import Figures, Scenario
from planning.ui import charts, whatif, words
from planning.ui.planmap import Scene
from planning.ui.session import Desk


def scene(desk: Desk, made: Scenario, now: Figures, found: Figures, *, placing: bool) -> Scene:
    """Return what the scenario draws over the map: who is covered, its sites, what it switched off, its lines."""
    book, chinese = palette.load(), desk.language == "zh"
    roles = areas_by_role(now, found)
    fills = {name: (fill.hex, fill.edge) for name, fill in book.coverages.items()}
    fills["lost"] = (book.changes["worse"].hex, "#7A1F14")
    said = {name: fill.zh if chinese else fill.en for name, fill in book.coverages.items()}
    said["lost"] = desk.say("whatif.legend_lost")
    legend = [
        {"fill": fills[name][0], "edge": fills[name][1], "text": said[name], "shape": "", "role": name,
         "count": desk.say("whatif.legend_areas", count=int((roles == name).sum()))}
        for name in ("covered", "newly_covered", "lost", "uncovered", "unreachable", "unsnapped")
        if (roles == name).any()
    ]  # fmt: skip
    legend.append(_round(charts.PLAN, "#6E1F63", desk.say("whatif.legend_site")))
    if found.off:
        legend.append(_round("#FFFFFF", "#A32F1C", desk.say("whatif.legend_off")))
    return Scene(
        fills,
        {str(one): str(role) for one, role in roles.items()},
        _marks(desk, made),
        _lines(desk, made),
        legend=legend,
        placing=placing,
    )


@dataclass(frozen=True)
class Traced:
    """The walk from an area to its nearest facility: where it runs, and in words how far it is."""

    path: Sequence[tuple[float, float]]
    words: str
    goal: str = ""

    @property
    def scene(self) -> Scene:
        """Return what lies over the map: the way, and what stands at its end."""
        if not self.path:
            return Scene()
        lat, lon = self.path[-1]
        end = {"lat": lat, "lon": lon, "text": "", "kind": "goal", "id": "", "name": self.goal}
        return Scene(paths=[self.path], marks=[end])


def traced(desk: Desk, made: Scenario, residential_id: str, *, level: str | None = None) -> Traced:
    """Return the walk of an area as a map and a sentence have it; without a walk the sentence says so.

    ``level`` is that of existing facilities; None asks for those of the new sites' level, with the open sites.
    """
    area = desk.result.residential.set_index("residential_id")["name"].get(residential_id)
    told = {"area": words.text(residential_id if words.missing(area) else area),
            "level": desk.level(level or made.state.settings.level)}  # fmt: skip
    found = scenario.walk(whatif.base(desk), made, residential_id, level=level)
    if found is None:
        return Traced((), desk.say("whatif.walk_none", **told))
    place = names(desk, made).get(found.facility_id, found.facility_id)
    length = words.metres(found.length_m, found.length_m, desk.language)
    crs = desk.result.inputs.crs
    path = [scenario.degrees(crs, *xy)[::-1] for xy in found.line.coords]
    return Traced(path, desk.say("whatif.walk", **told, facility=place, length=length), f"{place} {length}")


def _round(fill: str, edge: str, text: str) -> dict[str, str]:
    return {"fill": fill, "edge": edge, "text": text, "shape": "round", "count": ""}


def areas_by_role(now: Figures, found: Figures) -> pd.Series:
    """Return each area's status, those that the scenario wins or loses marked as such."""
    after, before = found.areas["after"], now.areas["after"]
    won, lost = (after == "covered") & (before != "covered"), (after != "covered") & (before == "covered")
    roles: pd.Series = after.mask(won, "newly_covered").mask(lost, "lost")
    return roles


def _marks(desk: Desk, made: Scenario) -> list[dict[str, Any]]:
    where, state, named = _where(desk, made), made.state, names(desk, made)
    kinds = {one: (str(rank), "site") for rank, one in enumerate(state.sites, 1)}
    kinds |= dict.fromkeys(sorted(state.off), ("×", "off"))
    away = {*desk.result.sites["facility_id"], *state.moved} - kinds.keys()
    kinds |= dict.fromkeys(sorted(away), ("", "idle"))
    marks = [
        {**_at(desk, where[one]), "text": text, "kind": kind, "id": one, "name": named.get(one, one)}
        for one, (text, kind) in kinds.items()
        if one in where
    ]
    corners = st.session_state.get(whatif.LINE, ())
    return marks + [{**_at(desk, xy), "text": "", "kind": "vertex", "id": "", "name": ""} for xy in corners]


def pair_marks(desk: Desk, one: Scenario, other: Scenario) -> list[dict[str, Any]]:
    """Return the sites of two scenarios, marked by which opens them; one that stands elsewhere in each is two."""
    spots = [{(site, _where(desk, made)[site]) for site in made.state.sites} for made in (one, other)]
    said = {**names(desk, one), **names(desk, other)}
    kinds = {"both": spots[0] & spots[1], "one": spots[0] - spots[1], "other": spots[1] - spots[0]}
    return [
        {
            **_at(desk, xy),
            "text": desk.say(f"compare.mark_{kind}"),
            "kind": "site",
            "id": "",
            "name": said.get(site, site),
        }
        for kind, found in kinds.items()
        for site, xy in sorted(found)
    ]


def _at(desk: Desk, xy: tuple[float, float]) -> dict[str, float]:
    lon, lat = scenario.degrees(desk.result.inputs.crs, *xy)
    return {"lat": lat, "lon": lon}


def names(desk: Desk, made: Scenario) -> dict[str, str]:
    """Return what facilities, candidates and placed sites are called, by id."""
    table = desk.result.facilities
    found = {one: words.text(name) for one, name in zip(table["facility_id"], table["name"], strict=True)}
    return found | {one: site.name for one, site in made.state.placed.items()}


def _where(desk: Desk, made: Scenario) -> dict[str, tuple[float, float]]:
    """Return where candidates, placed sites and facilities stand, in metres."""
    table, state = desk.result.facilities, made.state
    spots = table.geometry.representative_point()
    found = dict(zip(table["facility_id"], zip(spots.x, spots.y, strict=True), strict=True))
    return {**found, **state.moved, **{one: (place.x_m, place.y_m) for one, place in state.placed.items()}}


def _lines(desk: Desk, made: Scenario) -> list[list[tuple[float, float]]]:
    lines = [*made.state.barriers, tuple(st.session_state.get(whatif.LINE, ()))]
    crs = desk.result.inputs.crs
    return [[scenario.degrees(crs, *xy)[::-1] for xy in line] for line in lines if len(line) > 1]
