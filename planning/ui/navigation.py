"""Which pages there are, and what is shown in a page's place while a run is at work or has failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from planning import catchment
from planning.texts import Language
from planning.ui import folders, frame, jobs, parts, session, words
from planning.ui.jobs import Job
from planning.ui.pages import (
    about,
    blind_spots,
    compare,
    compliance,
    coverage,
    data,
    home,
    intake,
    outputs,
    siting,
    standards,
)
from planning.ui.session import Desk

NO_SPARE: Final = "PLANNING_NO_SPARE"
"""Set to 1 on a machine short of memory: no worker waits then, and each run first loads what it needs."""
MARK: Final = Path(__file__).parent / "mark.png"
Show = Callable[[Desk], None]
STEPS: Final[Mapping[str, Show]] = {
    "data": data.show,
    "coverage": coverage.show,
    "compliance": compliance.show,
    "blind_spots": blind_spots.show,
    "siting": siting.show,
    "compare": compare.show,
    "outputs": outputs.show,
}
PAGES: Final = ("home", *STEPS, "standards", "about")
_ICONS: Final = {
    "done": ":material/check_circle:",
    "look": ":material/error:",
    "running": ":material/play_circle:",
    "open": ":material/radio_button_unchecked:",
}


def navigate(arguments: Sequence[str]) -> None:
    """Build the navigation and run the page that is asked for; ``arguments`` may name a plan file to open first."""
    catchment.warm_up()
    _swept()
    if arguments and "opened" not in st.session_state:
        st.session_state["opened"] = arguments[0]
        session.start_plan(arguments[0])
    language = session.language()
    pages = {name: _page(name, language) for name in PAGES}
    st.session_state["pages"] = pages
    sections = {
        "": [pages["home"]],
        words.say("section.steps", language): [pages[name] for name in STEPS],
        words.say("section.reference", language): [pages["standards"], pages["about"]],
    }
    chosen = st.navigation(sections, expanded=True)
    frame.open_page(language)
    frame.sidebar_foot(language)
    chosen.run()


@st.cache_resource(show_spinner=False)
def _swept() -> tuple[str, ...]:
    """Once a server, remove what servers that were killed have left behind, and put a worker in waiting."""
    if os.environ.get(NO_SPARE, "") in ("", "0"):
        jobs.SHELF.open()
    return folders.sweep()


def _page(name: str, language: Language) -> Any:
    fixed = {"home": ":material/home:", "standards": ":material/menu_book:", "about": ":material/info:"}
    number = f"{list(STEPS).index(name) + 1} " if name in STEPS else ""
    return st.Page(
        partial(show, name),
        title=f"{number}{words.say(f'page.{name}', language)}",
        icon=fixed.get(name) or _ICONS[home.state_of(name)],
        url_path=name.replace("_", "-"),
        default=name == "home",
    )


def show(name: str) -> None:
    """Show one page: its content, or the run at work, or what went wrong, or that no plan is open."""
    language = session.language()
    frame.title(name, language)
    if name in ("standards", "about"):
        {"standards": standards.show, "about": about.show}[name](language)
        return
    job, desk = session.job(), session.desk()
    if job is None:
        _without_plan(name, language)
    elif desk is None:
        _unfinished(job, language)
        if name == "data" and job.state != "running" and session.is_brought():
            intake.show(language)
    else:
        (home.show if name == "home" else STEPS[name])(desk)


def _without_plan(name: str, language: Language) -> None:
    if name == "home":
        home.welcome(language)
        return
    if name == "data":
        intake.show(language)
        return
    parts.empty(words.say("no_plan", language))
    st.page_link(st.session_state["pages"]["home"], label=words.say("to_home", language), icon=":material/home:")


def _unfinished(job: Job, language: Language) -> None:
    if job.state == "running":
        frame.progress(job, language)
    else:
        frame.trouble(job, language)
