"""The frame round every page: style, mark, status line with the language switch, notes of the plan, title."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib import resources
from typing import Final

import streamlit as st

from planning.texts import LANGUAGES, Language
from planning.ui import basemaps, manners, parts, planmap, session, words
from planning.ui.jobs import Job
from planning.ui.session import Desk

LANGUAGE_NAMES: Final = {"zh": "中文", "en": "English"}
_FONTS: Final = "Microsoft YaHei UI, Microsoft YaHei, PingFang SC, Noto Sans SC, Noto Sans CJK SC, sans-serif"
_MARK: Final = (
    '<svg width="176" height="32" viewBox="0 0 176 32"><rect width="32" height="32" rx="5" fill="#1F4E79"/>'
    '<circle cx="16" cy="16" r="9" fill="none" stroke="#FFF" stroke-width="2.6"/>'
    f'<circle cx="16" cy="16" r="3.6" fill="#FFF"/><g font-family="{_FONTS}" fill="#1F2328">'
    '<text x="41" y="14" font-size="13" font-weight="700">{first}</text>'
    '<text x="41" y="29" font-size="12">{second}</text></g></svg>'
)


def open_page(language: Language) -> None:
    """Put what stands above every page's own content."""
    st.html(f"<style>{style()}</style>")
    st.logo(
        _MARK.format(
            first=escape(words.say("mark.first", language)), second=escape(words.say("mark.second", language))
        ),
        size="large",
    )
    desk = session.desk()
    with st.container(
        key="statusline", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.html(status_line(desk, language), width="stretch")
        st.segmented_control(
            words.say("language", language),
            LANGUAGES,
            default=None if session.LANGUAGE in st.session_state else language,
            required=True,
            format_func=LANGUAGE_NAMES.__getitem__,
            key=session.LANGUAGE,
            label_visibility="collapsed",
        )
    manners.put(language)
    if desk is not None:
        planmap.keep(desk)
    notes = () if desk is None else desk.plan.notes
    if notes:
        st.html(f'<p class="p-notes">{escape("；".join(notes) if language == "zh" else "; ".join(notes))}</p>')


def status_line(desk: Desk | None, language: Language) -> str:
    """Return what every page says of the run: plan, standard and its force, day, CRS, walking; as escaped HTML."""
    if desk is None:
        running = (job := session.job()) is not None and job.state == "running"
        said = words.say("status.running" if running else "status.none", language)
        return f'<div class="p-status"><i>{escape(said)}</i></div>'
    force = desk.standard.status
    tag = f'<span class="p-tag {escape(force)}">{escape(desk.say(f"force.{force}"))}</span>'
    items = [
        _item(desk.say("status.plan"), desk.plan.name, shrink=True),
        _item(desk.say("status.standard"), desk.standard_title, after=tag, shrink=True),
        _item(desk.say("status.as_of"), desk.plan.as_of.isoformat()),
        _item(desk.say("status.crs"), crs_name(desk)),
        _item(desk.say("status.walk"), walking(desk)),
    ]
    return f'<div class="p-status">{"".join(items)}</div>'


def _item(label: str, value: str, *, after: str = "", shrink: bool = False) -> str:
    """Return a label and its value; a long one gives way and stands whole in its title."""
    shown, kind = escape(value), ' class="shrink"' if shrink else ""
    return f'<span{kind}><i>{escape(label)}</i> <b title="{shown}">{shown}</b>{after}</span>'


def crs_name(desk: Desk) -> str:
    """Return the CRS as planners write it: ``CGCS2000 3°带 117°E`` for a three-degree zone, else its own name."""
    crs = desk.result.inputs.crs
    name = str(crs.name)
    if "3-degree" in name and " CM " in name:
        return desk.say("status.zone", meridian=name.rsplit(" CM ", 1)[1].rstrip("EW"))
    return name


def walking(desk: Desk) -> str:
    """Return how people walk: speed, minutes and the metres they make, or the radius the plan states."""
    plan, language = desk.plan, desk.language
    radius = words.metres(plan.radius_m, plan.radius_m, language)
    if "service_radius_m" in plan.standards:
        return desk.say("status.radius", radius=radius)
    return desk.say(
        "status.walking", speed=f"{plan.walk.speed_m_per_s:g}", minutes=f"{max(plan.walk.minutes):g}", radius=radius
    )


def title(name: str, language: Language) -> None:
    """Put the page's title with the planner's question beside it."""
    heading, question = words.say(f"page.{name}", language), words.say(f"question.{name}", language)
    st.html(f'<div class="p-title"><h1>{escape(heading)}</h1><span>{escape(question)}</span></div>')


def sidebar_foot(language: Language) -> None:
    """Put at the foot of the sidebar: the plan file, the run, that nothing leaves this machine."""
    job = session.job()
    lines = []
    if job is not None and job.plan is not None:
        lines.append(words.say("sample_name", language) if job.is_sample else job.plan.name)
    if job is not None and job.run is not None:
        lines.append(words.say("run_id", language, run_id=job.run.run_id))
    lines.append(words.say("offline", language))
    with st.sidebar:
        if job is not None and job.run is not None:
            basemaps.choose(language)
            st.button(words.say("action.again", language), key="again", on_click=session.start_again,
                      icon=":material/refresh:", width="stretch")  # fmt: skip
            st.button(words.say("action.close", language), key="close", on_click=session.close,
                      icon=":material/close:", width="stretch")  # fmt: skip
        st.html(f'<p class="p-foot">{"<br>".join(escape(line) for line in lines)}</p>')


def progress(job: Job, language: Language) -> None:
    """Show a job at work: step, share done, time so far and time left; when it has ended, build the page anew."""

    @st.fragment(run_every="1s")
    def watch() -> None:
        if job.state != "running":
            st.rerun()
        steps = job.steps
        with st.container(border=True):
            parts.head(_heading(job, language))
            st.progress(job.share, text=_now(job, language))
            done = [words.word("step", step, language) for step in dict.fromkeys(steps[:-1])]
            if done:
                parts.muted(words.say("progress.done", language, steps=words.say("comma", language).join(done)))
        if st.button(words.say("progress.cancel", language), key=f"cancel-{job.task}", icon=":material/close:"):
            job.cancel()
            job.wait(5)
            st.rerun()

    watch()


def _heading(job: Job, language: Language) -> str:
    if job.waiting:
        return words.say("progress.waiting", language)
    if job.task != "run":
        return words.say(f"progress.{job.task}", language)
    return words.say("progress.head", language, place=job.place, all=len(job.expected))


def _now(job: Job, language: Language) -> str:
    """Return the step at work, the time it has taken and the time that is left as far as one can tell."""
    if job.waiting:
        return words.say("progress.waiting_means", language)
    name = words.word("step", job.steps[-1], language) if job.steps else words.say("progress.starting", language)
    left = job.left_s
    rest = (
        words.say("progress.estimating", language)
        if left is None
        else words.say("progress.left", language, left=words.duration(left))
    )
    return words.say("progress.step", language, step=name, spent=words.duration(job.seconds), left=rest)


def trouble(job: Job, language: Language) -> None:
    """Show why a run has no result: every fault with its place and remedy, or that it was stopped."""
    failure(job, language)
    with st.container(horizontal=True):
        st.button(words.say("action.again", language), key="again", on_click=session.start_again, type="primary")
        st.button(words.say("action.close", language), key="close", on_click=session.close)


def failure(job: Job, language: Language) -> None:
    """Show what stopped a run."""
    if job.state == "cancelled":
        st.info(words.say("trouble.cancelled", language))
        return
    errors = sum(fault.severity == "error" for fault in job.faults)
    st.error(words.say("trouble.refused", language, count=errors), icon=":material/error:")
    parts.faults(job.faults, language)


@cache
def style() -> str:
    """Return the style sheet of the app."""
    return (resources.files("planning.ui") / "frame.css").read_text(encoding="utf-8")
