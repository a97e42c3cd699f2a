"""选址 by hand: candidates opened, placed and moved, facilities switched off; every figure follows the click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final

import pandas as pd
import streamlit as st

from planning import scenario, standards
from planning.errors import InputRefused
from planning.scenario import (
    CHANGEABLE,
    Barrier,
    Change,
    Figures,
    Gate,
    Move,
    Open,
    Remove,
    Scenario,
    SwitchOff,
    SwitchOn,
)
from planning.study import wording
from planning.tables import LEVELS
from planning.ui import charts, parts, planmap, scenes, whatif, words
from planning.ui.pages import compare_book
from planning.ui.parts import Column
from planning.ui.session import Desk

MODES: Final = ("toggle", "place", "move", "barrier", "gate")
MODE: Final = "whatif-mode"


def show(desk: Desk) -> None:
    """Show the scenario worked on: figures, map, tools, its sites, coverage by street."""
    with st.spinner(desk.say("whatif.waiting")):
        whatif.base(desk)
    faults = whatif.take_faults()
    made = whatif.current(desk)
    try:
        now, found = whatif.figures(desk, present(made)), whatif.figures(desk, made)
    except InputRefused as refused:
        parts.faults(refused.faults, desk.language)
        st.button(desk.say("whatif.anew"), on_click=whatif.begin_anew, args=(desk,), key="whatif-anew")
        return
    _figures(desk, now, found)
    if faults:
        st.warning(desk.say("whatif.refused"), icon=":material/warning:")
        parts.faults(faults, desk.language)
    left, right = st.columns([0.62, 0.38], gap="small")
    with left:
        mode = _mode(desk)
        _map(desk, made, now, found, mode)
    with right:
        _desk_of(desk, made)
        _tools(desk, made, mode)
        _sites(desk, made)
    _streets(desk, now, found)


def present(made: Scenario) -> Scenario:
    """Return what a scenario is held against: the same parameters, no other edit."""
    return replace(made, edits=tuple(edit for edit in made.edits if isinstance(edit, Change)), undone=())


def reached(found: Figures) -> Mapping[str, Any]:
    """Return the coverage of the level of the new sites, once they are open."""
    return found.after if found.after is not None else found.coverage[found.settings.level]


def main_weight(desk: Desk, found: Mapping[str, Any]) -> str:
    """Return the weight the plan seeks sites by, or areas where nobody is known."""
    asked = desk.plan.siting.demand
    return asked if found.get(f"{asked}_total") is not None else "residential"


# ----------------------------------------------------------------------------------------------------------- figures


def _figures(desk: Desk, now: Figures, found: Figures) -> None:
    language, after, before = desk.language, reached(found), reached(now)
    weight = main_weight(desk, after)
    share = "whatif.share" if weight == "elderly" else f"whatif.share_{weight}"
    law = found.compliance
    parts.figures(
        [
            (desk.say(share), words.percent(after[f"{weight}_share"], language),
             desk.say("whatif.share_was", value=words.percent(before[f"{weight}_share"], language),
                      points=points(before[f"{weight}_share"], after[f"{weight}_share"])), ""),
            (desk.say("whatif.gained"), _signed(after[f"{weight}_covered"] - before[f"{weight}_covered"]),
             desk.say("whatif.gained_of",
                      value=words.whole(after[f"{weight}_total"] - after[f"{weight}_covered"], language)), ""),
            (desk.say("whatif.sites"), desk.say("siting.places", count=len(found.sites)),
             desk.say("whatif.sites_off", count=len(found.off)) if found.off else "", ""),
            (desk.say("whatif.law"), words.whole(law["meets"], language, "areas"),
             desk.say("whatif.law_of", value=words.whole(law["fails"], language)), ""),
            (desk.say("whatif.shortfall"), words.m2(law["shortfall_m2"], language),
             desk.say("whatif.shortfall_of", value=words.m2(law["required_m2"], language)), ""),
        ]
    )  # fmt: skip


def points(before: Any, after: Any) -> str:
    """Return the difference of two shares in percentage points, signed."""
    if words.missing(before) or words.missing(after):
        return words.NOTHING
    return f"{wording.points(before, after):+}".replace("-", "−") if after != before else "0"


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace("-", "−") if value else "0"


# --------------------------------------------------------------------------------------------------------------- map


def _mode(desk: Desk) -> str:
    return str(
        st.segmented_control(
            desk.say("whatif.mode"), MODES, default=MODES[0], required=True, key=MODE,
            format_func=lambda mode: desk.say(f"whatif.mode_{mode}"), label_visibility="collapsed",
        )
    )  # fmt: skip


def _map(desk: Desk, made: Scenario, now: Figures, found: Figures, mode: str) -> None:
    theme = "siting" if desk.summary.get("siting") is not None else f"coverage_{found.settings.level}"

    def picked(kind: str, one: str) -> None:
        _picked(desk, kind, one)

    def placed(lon: float, lat: float) -> None:
        _placed(desk, mode, lon, lat)

    planmap.show(
        desk, theme=theme, key="map-whatif", height="max(440px, calc(100vh - 315px))", on_pick=picked,
        scene=scenes.scene(desk, made, now, found, placing=mode != "toggle"), on_place=placed,
    )  # fmt: skip
    parts.muted(desk.say(f"whatif.hint_{mode}"))


def _picked(desk: Desk, kind: str, one: str) -> None:
    """Open or close the candidate that was clicked; what else was clicked is looked at."""
    if not one:
        return
    made = whatif.current(desk)
    table = desk.result.facilities.set_index("facility_id")["status"]
    if kind == "point" and (one in made.state.placed or table.get(one) == "candidate"):
        whatif.edit(desk, Remove(one) if one in made.state.sites else Open(one))
    else:
        st.session_state[whatif.PICKED] = (kind, one)


def _placed(desk: Desk, mode: str, lon: float, lat: float) -> None:
    """Do at a place what the mode says."""
    try:
        spot = scenario.metres(desk.result.inputs.crs, lon, lat)
    except InputRefused as refused:
        st.session_state[whatif.FAULTS] = refused.faults
        return
    if mode == "place":
        place(desk, spot)
    elif mode == "move" and (one := st.session_state.get("whatif-moving")):
        whatif.edit(desk, Move(one, *spot))
    elif mode == "gate" and (one := st.session_state.get("whatif-gated")):
        whatif.edit(desk, Gate(one, *spot))
    elif mode == "barrier":
        st.session_state[whatif.LINE] = (*st.session_state.get(whatif.LINE, ()), spot)


def place(desk: Desk, spot: tuple[float, float]) -> None:
    """Place a site under the first free id."""
    placed = frozenset(edit.facility_id for edit in whatif.current(desk).edits if isinstance(edit, scenario.Place))
    whatif.edit(desk, scenario.new_site(whatif.base(desk), placed, desk.say("whatif.new_site"), *spot))


# ------------------------------------------------------------------------------------------------------------- tools


def _desk_of(desk: Desk, made: Scenario) -> None:
    """Put the scenario's name, undo and redo, saving."""
    state = "whatif.kept" if whatif.is_kept() else "whatif.not_kept"
    parts.head(made.name, f"{desk.say('whatif.not_solved')} · {desk.say(state)}")
    with st.container(horizontal=True, gap="small"):
        st.button(desk.say("whatif.undo"), key="whatif-undo", icon=":material/undo:", on_click=whatif.undo,
                  args=(desk,), disabled=not made.edits, shortcut="Ctrl+Z")  # fmt: skip
        st.button(desk.say("whatif.redo"), key="whatif-redo", icon=":material/redo:", on_click=whatif.redo,
                  args=(desk,), disabled=not made.undone, shortcut="Ctrl+Y")  # fmt: skip
        with st.popover(desk.say("whatif.save"), icon=":material/save:"):
            name = st.text_input(desk.say("whatif.name"), key="whatif-name", max_chars=60,
                                 placeholder=desk.say("whatif.name_hint"))  # fmt: skip
            st.button(desk.say("whatif.keep"), key="whatif-keep", type="primary", disabled=not name.strip(),
                      on_click=whatif.save_as, args=(desk, name))  # fmt: skip


def _tools(desk: Desk, made: Scenario, mode: str) -> None:
    with st.container(horizontal=True, gap="small"):
        with st.popover(desk.say("whatif.parameters"), icon=":material/tune:"):
            _parameters(desk, made)
        with st.popover(desk.say("whatif.coordinates"), icon=":material/pin_drop:"):
            _coordinates(desk)
        st.button(desk.say("whatif.anew"), key="whatif-anew", icon=":material/restart_alt:",
                  on_click=whatif.begin_anew, args=(desk,))  # fmt: skip
    if mode == "move":
        names = scenes.names(desk, made)
        movable = list(made.state.sites)
        st.selectbox(desk.say("whatif.choose_site"), movable, key="whatif-moving",
                     format_func=lambda one: desk.say("site.called", name=names.get(one, one), id=one))  # fmt: skip
    elif mode == "gate":
        areas = desk.result.residential.set_index("residential_id")["name"]
        st.selectbox(
            desk.say("whatif.choose_area"), sorted(areas.index), key="whatif-gated",
            format_func=lambda one: desk.say("site.called", name=words.text(areas.get(one)), id=one),
        )  # fmt: skip
    elif mode == "barrier":
        _line_tools(desk)
    _card(desk, made)


def _line_tools(desk: Desk) -> None:
    line = st.session_state.get(whatif.LINE, ())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        parts.muted(desk.say("whatif.points", count=len(line)))
        st.button(desk.say("whatif.finish"), key="whatif-finish", on_click=_finish, args=(desk,),
                  disabled=len(line) < 2)  # fmt: skip
        st.button(desk.say("whatif.drop_line"), key="whatif-drop", on_click=_drop_line, disabled=not line)


def _finish(desk: Desk) -> None:
    line = st.session_state.pop(whatif.LINE, ())
    whatif.edit(desk, Barrier(tuple(line)))


def _drop_line() -> None:
    st.session_state.pop(whatif.LINE, None)


def _parameters(desk: Desk, made: Scenario) -> None:
    """Put the parameters; each change is an edit like any other."""
    settings = made.state.settings
    titles = {row["id"]: row["title"] for row in standards.listing(desk.language)}
    known = list(dict.fromkeys([settings.standard, *titles]))
    stamp = hash(settings)  # a widget that shows an older value must not stand over an undone one
    keys = {name: f"whatif-{name}-{stamp}" for name in CHANGEABLE}
    said = {name: desk.say(f"whatif.{name.removesuffix('_m_per_s')}") for name in CHANGEABLE}
    minutes, first, last = float(max(settings.minutes)), date(1990, 1, 1), date(2100, 12, 31)
    found = {
        "minutes": st.number_input(said["minutes"], 1.0, 120.0, minutes, 1.0, format="%g", key=keys["minutes"]),
        "speed_m_per_s": st.number_input(
            said["speed_m_per_s"], 0.3, 2.5, float(settings.speed_m_per_s), 0.05, key=keys["speed_m_per_s"]
        ),
        "level": st.selectbox(
            said["level"], LEVELS, LEVELS.index(settings.level), format_func=desk.level, key=keys["level"]
        ),
        "standard": st.selectbox(
            said["standard"], known, 0, format_func=lambda one: titles.get(one, one), key=keys["standard"]
        ),
        "as_of": st.date_input(said["as_of"], settings.as_of, min_value=first, max_value=last, key=keys["as_of"]),
    }
    held = {**asdict(settings), "minutes": minutes}
    changes = [Change(key, value) for key, value in found.items() if value is not None and value != held[key]]
    if changes:
        whatif.edit(desk, *changes)
        st.rerun()


def _coordinates(desk: Desk) -> None:
    lon = st.number_input(desk.say("whatif.lon"), -180.0, 180.0, None, format="%.6f", key="whatif-lon")
    lat = st.number_input(desk.say("whatif.lat"), -90.0, 90.0, None, format="%.6f", key="whatif-lat")
    st.button(desk.say("whatif.place"), key="whatif-place", type="primary", disabled=lon is None or lat is None,
              on_click=_placed, args=(desk, "place", lon, lat))  # fmt: skip


def _card(desk: Desk, made: Scenario) -> None:
    """Put what was clicked: a facility can be switched off and on again."""
    kind, one = st.session_state.get(whatif.PICKED, ("", ""))
    if kind != "point" or one not in set(desk.result.facilities["facility_id"]):
        return
    names, is_off = scenes.names(desk, made), one in made.state.off
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        parts.head(
            desk.say("site.called", name=names.get(one, one), id=one), desk.say("whatif.is_off") if is_off else ""
        )
        st.button(desk.say("whatif.switch_on" if is_off else "whatif.switch_off"), key="whatif-switch",
                  on_click=whatif.edit, args=(desk, SwitchOn(one) if is_off else SwitchOff(one)))  # fmt: skip


def _sites(desk: Desk, made: Scenario) -> None:
    """Put the sites and what was switched off, as the marks on the map number them."""
    state, names = made.state, scenes.names(desk, made)
    rows = [[str(rank), names.get(one, one), one, desk.say(f"whatif.what_{compare_book.what(one, made)}")]
            for rank, one in enumerate(state.sites, 1)]  # fmt: skip
    rows += [["×", names.get(one, one), one, desk.say("whatif.what_off")] for one in sorted(state.off)]
    rows += [["", desk.say("whatif.what_barrier"), str(number), ""] for number in range(1, len(state.barriers) + 1)]
    rows += [["", desk.say("whatif.what_gate"), gate.residential_id, ""] for gate in state.gates]
    parts.head(desk.say("whatif.site_table"))
    if not rows:
        parts.empty(desk.say("whatif.no_sites"))
        return
    heads = ("head_name", "head_id", "head_what")
    parts.table([Column("", "num"), *(Column(desk.say(f"whatif.{head}")) for head in heads)], rows)


# ----------------------------------------------------------------------------------------------------------- streets


def _streets(desk: Desk, now: Figures, found: Figures) -> None:
    """Put coverage by street as a chart and its table, the least covered first."""
    weight = main_weight(desk, reached(found))
    table = streets_of(now, found, weight)
    if table.empty:
        return
    parts.head(desk.say("whatif.streets"), desk.say("whatif.streets_beside"))
    left, right = st.columns([0.5, 0.5], gap="small")
    labels = {name: desk.say(f"whatif.{name}") for name in ("street", "before", "after")}
    with left:
        charts.before_after(table, name="street", labels=labels, key="whatif-chart")
    with right:
        parts.table(
            [Column(labels["street"]), Column(desk.say("whatif.total"), "num"), Column(labels["before"], "num"),
             Column(labels["after"], "num"), Column(desk.say("whatif.delta"), "num")],
            [
                [row["street"], words.whole(row["total"], desk.language), words.percent(row["before"], desk.language),
                 words.percent(row["after"], desk.language), _signed(row["gain"])]
                for row in table.to_dict("records")
            ],
        )  # fmt: skip


def streets_of(now: Figures, found: Figures, weight: str) -> pd.DataFrame:
    """Return ``street, total, before, after`` (shares) and ``gain`` by street, the least covered first."""
    if f"{weight}_after" not in found.streets:
        return pd.DataFrame()
    held = now.streets.set_index("unit_id")
    table = found.streets.set_index("unit_id")
    total = table[f"{weight}_total"]
    name = table["name"].fillna(table.index.to_series())
    twice = name.duplicated(keep=False)
    shown = pd.DataFrame(
        {
            "street": name.where(~twice, name + " " + table.index),
            "total": total,
            "before": held[f"{weight}_after"] / total,
            "after": table[f"{weight}_after"] / total,
            "gain": table[f"{weight}_after"] - held[f"{weight}_after"],
        }
    )
    return shown[total > 0].reset_index().sort_values(["after", "unit_id"], ignore_index=True)
