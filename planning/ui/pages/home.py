"""首页 / 方案: what the plan says in a few sentences, which step asks for attention, and the current state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any, Final, Literal

import streamlit as st

from planning.texts import Language
from planning.ui import parts, planmap, session, words
from planning.ui.parts import Column
from planning.ui.session import Desk

State = Literal["open", "running", "done", "look"]
LARGEST: Final = 5
_MARKS: Final[Mapping[str, str]] = {"done": "✓", "look": "!", "open": "○", "running": "▶"}


def show(desk: Desk) -> None:
    """Show the conclusion, the steps with their state, the map of the current state, coverage by street."""
    left, right = st.columns([0.53, 0.47], gap="small")
    with left:
        with st.container(border=True, key="conclusion"):
            parts.muted(desk.say("conclusion.head", as_of=desk.plan.as_of.isoformat()))
            parts.html("".join(f'<p class="p-sentence">{said}</p>' for said in conclusion(desk)))
        with st.container(border=True, key="steps", gap="xxsmall"):
            for name in ("data", "coverage", "compliance", "blind_spots", "siting", "outputs"):
                _step(desk, name)
        if desk.levels:
            streets(desk, desk.levels[0])
        _largest(desk)
    with right:
        _current_state(desk)


def _current_state(desk: Desk) -> None:
    if not desk.levels:
        parts.empty(desk.say("coverage.none"))
        return
    planmap.show(desk, theme=f"coverage_{desk.levels[0]}", key="map-home", height="max(470px, calc(100vh - 120px))")


def streets(desk: Desk, level: str) -> None:
    """Put coverage by street as bars, in the plan's order."""
    weight = main_weight(desk.summary["coverage"][level])
    units = [unit for unit in desk.summary["units"] if unit["type"] in ("street", "town")]
    if not units:
        parts.muted(desk.say("coverage.no_streets"))
        return
    radius = words.metres(desk.plan.radius_m, desk.plan.radius_m, desk.language)
    parts.head(desk.say(f"by_street.{weight}"), desk.say("by_street.beside", level=desk.level(level), radius=radius))
    parts.bars(_street_bar(desk, unit, level, weight) for unit in units)


def _street_bar(desk: Desk, unit: Mapping[str, Any], level: str, weight: str) -> tuple[str, float | None, str, str]:
    figures, language = unit["coverage"][level], desk.language
    share = figures[f"{weight}_share"]
    covered, total = (words.whole(figures[f"{weight}_{part}"], language) for part in ("covered", "total"))
    return words.text(unit["name"] or unit["unit_id"]), share, words.percent(share, language), f"{covered} / {total}"


def _largest(desk: Desk) -> None:
    """Put the areas that are short of most floor area."""
    layer, language = desk.result.residential, desk.language
    if "shortfall_m2" not in layer:
        return
    order = layer[layer["verdict"] == "fails"].drop(columns="geometry")
    worst = order.sort_values(["shortfall_m2", "residential_id"], ascending=[False, True]).head(LARGEST)
    if worst.empty:
        return
    units = desk.result.units.set_index("unit_id")["name"]
    parts.head(desk.say("largest.head"), desk.say("largest.beside"))
    sums = ("required_m2", "provided_m2", "shortfall_m2")
    columns = [Column(desk.say(f"area.{name}")) for name in ("name", "street")]
    columns += [Column(desk.say(f"area.{name}"), "num") for name in ("households", *sums)]
    parts.table(
        columns,
        [
            [
                words.text(row["name"]),
                words.text(units.get(row["street_id"], row["street_id"])),
                words.whole(row["households"], language),
                *(words.m2(row[name], language) for name in sums),
            ]
            for row in worst.to_dict("records")
        ],
    )


def main_weight(figures: Mapping[str, Any]) -> str:
    """Return the weight that coverage is told in: elderly, else households, else areas, as far as given."""
    return next((name for name in ("elderly", "households") if figures.get(f"{name}_total") is not None), "residential")


# ------------------------------------------------------------------------------------------------------- in sentences


def conclusion(desk: Desk) -> Iterator[str]:
    """Yield the sentences of the conclusion as escaped HTML, one where nothing was computed."""
    if not desk.levels and "compliance" not in desk.summary:
        yield parts.sentence("conclusion.nothing", desk.language, {})
    if desk.levels:
        yield _coverage(desk, desk.summary["coverage"][desk.levels[0]])
    if "compliance" in desk.summary:
        yield _compliance(desk, desk.summary["compliance"])
    if desk.summary.get("siting") is not None:
        yield siting_sentence(desk)


def _coverage(desk: Desk, figures: Mapping[str, Any]) -> str:
    language, weight = desk.language, main_weight(figures)
    exact = figures[f"{weight}_lower"] == figures[f"{weight}_upper"]
    facts = {
        "areas": words.whole(figures["residential_total"], language),
        "total": words.whole(figures[f"{weight}_total"], language),
        "share": words.percent(figures[f"{weight}_share"], language),
        "covered": words.whole(figures[f"{weight}_covered"], language),
        "lower": words.whole(figures[f"{weight}_lower"], language),
        "upper": words.whole(figures[f"{weight}_upper"], language),
        "radius": words.metres(figures["radius_m"], figures["radius_m"], language),
        "level": desk.level(desk.levels[0]),
    }
    return parts.sentence(f"conclusion.coverage{'_exact' if exact else ''}_{weight}", language, facts)


def _compliance(desk: Desk, figures: Mapping[str, Any]) -> str:
    language = desk.language
    if figures["meets_share"] is None:
        return parts.sentence("conclusion.compliance_none", language, {})
    facts = {
        "share": words.percent(figures["meets_share"], language),
        "fails": words.whole(figures["fails"], language),
        "shortfall": words.m2(figures["shortfall_m2"], language),
        "unknown": words.whole(figures["not_assessable"], language),
    }
    return parts.sentence("conclusion.compliance", language, facts, bad=("fails", "shortfall"))


def siting_sentence(desk: Desk) -> str:
    """Return what the siting found, as escaped HTML."""
    siting, language = desk.summary["siting"], desk.language
    key = siting["status"] if siting["sites"] or siting["status"] in ("infeasible", "not_needed") else "no_sites"
    names = [words.text(site["name"] or site["facility_id"]) for site in siting["sites"]]
    weight = siting["demand"]
    facts = {
        "count": str(len(names)),
        "names": desk.say("comma").join(names),
        "level": desk.level(siting["level"]),
        "before": words.percent(siting["before"][f"{weight}_share"], language),
        "after": words.percent(siting["after"][f"{weight}_share"], language),
        "gap": words.percent(siting["gap"], language),
        "weight": desk.say(f"who.{weight}"),
    }
    return parts.sentence(f"conclusion.siting_{key}", language, facts)


# -------------------------------------------------------------------------------------------------------------- steps


def _step(desk: Desk, name: str) -> None:
    state = state_of(name)
    mark = f'<i class="{state}" title="{escape(desk.say(f"state.{state}"))}">{_MARKS[state]}</i>'
    line = f"{mark}<b>{escape(desk.say(f'page.{name}'))}</b><span>{escape(_SAID[name](desk))}</span>"
    with st.container(horizontal=True, vertical_alignment="center", key=f"step-{name}"):
        st.html(f'<div class="p-step">{line}</div>', width="stretch")
        st.page_link(
            st.session_state["pages"][name], label=desk.say("look"), width="content", icon=":material/chevron_right:"
        )


def _said_of_data(desk: Desk) -> str:
    counts = desk.summary["ledger"].values()
    sums = {name: f"{sum(entry[name] for entry in counts):,}" for name in ("read", "used", "flagged", "excluded")}
    return desk.say("step.data", **sums)


def _said_of_coverage(desk: Desk) -> str:
    if not desk.levels:
        return desk.say("step.none")
    said = [
        desk.say("step.level", level=desk.level(level), share=words.percent(figures[f"{weight}_share"], desk.language))
        for level, figures in ((level, desk.summary["coverage"][level]) for level in desk.levels)
        for weight in (main_weight(figures),)
    ]
    return desk.say("comma").join(said)


def _said_of_compliance(desk: Desk) -> str:
    figures = desk.summary.get("compliance")
    return desk.say("step.none") if figures is None else desk.say("step.compliance", **figures)


def _said_of_blind_spots(desk: Desk) -> str:
    if not desk.levels:
        return desk.say("step.none")
    rows = desk.result.uncovered
    here = rows[rows["level"] == desk.levels[0]]
    faults = int((here["cause"] == "unsnapped").sum())
    return desk.say("step.blind_spots", real=len(here) - faults, faults=faults, level=desk.level(desk.levels[0]))


def _said_of_siting(desk: Desk) -> str:
    siting = desk.summary.get("siting")
    if siting is None:
        return desk.say("step.no_candidates")
    status = words.word("siting_status", siting["status"], desk.language)
    return desk.say("step.siting", count=len(siting["sites"]), status=status)


def _said_of_outputs(desk: Desk) -> str:
    return desk.say("step.outputs", run_id=desk.run.run_id)


_SAID: Final[Mapping[str, Callable[[Desk], str]]] = {
    "data": _said_of_data,
    "coverage": _said_of_coverage,
    "compliance": _said_of_compliance,
    "blind_spots": _said_of_blind_spots,
    "siting": _said_of_siting,
    "outputs": _said_of_outputs,
}


def state_of(name: str) -> State:
    """Return how a step stands, for its mark on this page and in the navigation."""
    job, desk = session.job(), session.desk()
    if job is not None and job.state == "running":
        return "running"
    if desk is None:
        return "look" if job is not None and name == "data" else "open"
    if name == "data":
        touched = any(entry["flagged"] or entry["excluded"] for entry in desk.summary["ledger"].values())
        return "look" if touched or desk.result.inputs.faults else "done"
    if name == "siting":
        siting = desk.summary.get("siting")
        return "open" if siting is None else "look" if siting["status"] in ("infeasible", "feasible") else "done"
    return "done" if name != "compliance" or "compliance" in desk.summary else "open"


# ------------------------------------------------------------------------------------------------------- first visit


def welcome(language: Language) -> None:
    """Offer the sample, or a plan file of this machine, and say what a plan needs."""
    say = words.say
    choices = st.columns(3 if session.is_local() else 2, gap="small")
    with choices[0], st.container(border=True, height="stretch"):
        _choice(say("welcome.sample", language), say("welcome.sample_says", language))
        st.button(say("action.sample", language), key="sample", type="primary", on_click=session.start_sample,
                  icon=":material/play_arrow:")  # fmt: skip
    with choices[1], st.container(border=True, height="stretch"):
        _choice(say("welcome.new", language), say("welcome.new_says", language))
        with st.container(key="welcome-new"):
            st.page_link(st.session_state["pages"]["data"], label=say("welcome.bring", language), width="content",
                         icon=":material/upload_file:")  # fmt: skip
    if session.is_local():
        with choices[2], st.container(border=True, height="stretch"):
            _by_path(language)
    with st.container(border=True):
        items = "".join(f"<li>{escape(say(f'welcome.{name}', language))}</li>" for name in ("needs", "gets", "offline"))
        parts.html(f'<div class="p-choice"><h3>{escape(say("welcome.head", language))}</h3><ul>{items}</ul></div>')


def _by_path(language: Language) -> None:
    """Open a plan where it lies on this machine."""
    say = words.say
    _choice(say("welcome.open", language), say("welcome.open_says", language))
    path = st.text_input(say("welcome.path", language), key="path", placeholder=say("welcome.example", language))
    if st.button(say("action.open", language), key="open", icon=":material/folder_open:", disabled=not path.strip()):
        session.start_plan(path)
        st.rerun()


def _choice(heading: str, says: str) -> None:
    parts.html(f'<div class="p-choice"><h3>{escape(heading)}</h3><p>{escape(says)}</p></div>')
