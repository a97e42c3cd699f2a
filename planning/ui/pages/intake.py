"""数据与体检, before there is a plan: files are dropped, claimed as inputs, checked, and accepted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from planning import init, plan, standards
from planning.init import Choice, Survey
from planning.texts import Language
from planning.ui import frame, parts, session, words
from planning.ui.jobs import Job
from planning.ui.pages import claims, doctor
from planning.ui.parts import Column
from planning.ui.uploads import Tray, copied, plan_faults

_SURVEY: Final = "survey-job"
_SURVEYED: Final = "surveyed"
_CHECK: Final = "check-job"
_DROPS: Final = "drops"


def show(language: Language) -> None:
    """Show where the session's plan stands: files, what they are taken for, the plan's own facts, the report."""
    tray = session.tray()
    left, right = st.columns([0.36, 0.64], gap="small")
    with left:
        _bring(tray, language)
    with right:
        found = _survey(tray, language)
        if found is None:
            return
        text = _plan(tray, found, language)
    _examination(tray, text, language)


# ------------------------------------------------------------------------------------------------------------- bring


def _bring(tray: Tray, language: Language) -> None:
    """Take files in and list them."""
    say = words.say
    parts.head(say("intake.bring", language), say("intake.bring_beside", language))
    drops = st.session_state.setdefault(_DROPS, 0)
    with st.container(key="drop"):
        st.html(f"<style>{_dropzone(language)}</style>")
        brought = st.file_uploader(
            say("intake.drop", language), accept_multiple_files=True, key=f"drop-{drops}", label_visibility="collapsed"
        )
    parts.muted(say("intake.kinds", language))
    if brought:
        tray.take((file.name, file.getbuffer()) for file in brought)
        st.session_state[_DROPS] = drops + 1  # a new control: the old one's copy in memory goes
        st.rerun()
    if tray.refused:
        st.warning(say("intake.refused", language, count=len(tray.refused)), icon=":material/block:")
        parts.faults(tray.refused, language)
    _list(tray, language)


def _dropzone(language: Language) -> str:
    """Return the style that puts our words where the control speaks English only."""
    here, button = (words.say(f"intake.{name}", language) for name in ("drop_here", "choose"))
    zone = '.st-key-drop [data-testid="stFileUploaderDropzone"]'
    return (
        f'{zone} [data-testid="stFileUploaderDropzoneInstructions"] span {{ font-size: 0; }}'
        f'{zone} [data-testid="stFileUploaderDropzoneInstructions"] div > span:first-child::after'
        f' {{ content: "{here}"; font-size: 14px; }}'
        f"{zone} button {{ font-size: 0; }} {zone} button > * {{ display: none; }}"
        f'{zone} button::after {{ content: "{button}"; font-size: 14px; }}'
    )


def _list(tray: Tray, language: Language) -> None:
    names = tray.names()
    if not names:
        parts.empty(words.say("intake.none", language))
        return
    parts.table(
        [Column(words.say("intake.file", language)), Column(words.say("intake.size", language), "num")],
        [[name, words.size(tray.size(name))] for name in names],
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        gone = st.selectbox(
            words.say("intake.remove", language), names, index=None, key=f"remove-{len(names)}",
            placeholder=words.say("intake.remove", language), label_visibility="collapsed",
        )  # fmt: skip
        if st.button(words.say("intake.take_out", language), disabled=gone is None, key="take-out") and gone:
            tray.remove(gone)
            st.rerun()


# ------------------------------------------------------------------------------------------------------------- survey


def _survey(tray: Tray, language: Language) -> Survey | None:
    """Return what the files hold; None while they are read, and where there are none."""
    if not tray.names():
        _first_words(language)
        return None
    stamp = tray.stamp()
    stored = st.session_state.get(_SURVEYED)
    if stored is not None and stored[0] == stamp:
        return stored[1] if isinstance(stored[1], Survey) else None
    running: tuple[Any, Job] | None = st.session_state.get(_SURVEY)
    if running is None or running[0] != stamp:
        if running is not None:
            running[1].cancel()
        running = (stamp, Job(tray.folder, task="survey", keep=tray))
        st.session_state[_SURVEY] = running
    job = running[1]
    if job.state == "running":
        frame.progress(job, language)
        return None
    return _surveyed(tray, job, language)


def _surveyed(tray: Tray, job: Job, language: Language) -> Survey | None:
    """Take the answer of a survey: what it refused goes back out, and then one looks again."""
    if not isinstance(job.found, Survey):
        frame.failure(job, language)
        st.button(words.say("intake.look_again", language), on_click=_forget_survey, key="look-again")
        return None
    before = tray.stamp()
    tray.settle(job.found)
    if tray.stamp() == before:
        st.session_state[_SURVEYED] = (before, job.found)
    st.rerun()


def _forget_survey() -> None:
    st.session_state.pop(_SURVEY, None)


def _first_words(language: Language) -> None:
    """Say what to bring, and that all stays here."""
    parts.head(words.say("intake.needed", language))
    columns = [Column(words.say(f"intake.{name}", language)) for name in ("input", "needed_for", "columns")]
    parts.table(columns, [claims.about(role, language) for role in claims.ORDER[:6]])
    parts.muted(words.say("intake.private", language), words.say("intake.reopen", language))


# --------------------------------------------------------------------------------------------------------------- plan


def _plan(tray: Tray, found: Survey, language: Language) -> str | None:
    """Ask what the plan needs to know and return its text; None while a needed answer is missing."""
    if _has_own_plan(tray):
        return _brought_plan(tray, language)
    roles, columns, datums = claims.ask(tray, found, language)
    answers = _facts(tray, language, datums)
    drafted = init.draft(found, answers, roles=roles, columns=columns)
    text = _edited(tray, drafted.text, language)
    missing = _missing(drafted.choices, answers, language)
    if missing and not tray.answers.get("by_hand"):
        parts.muted(words.say("intake.missing", language, what=words.say("comma", language).join(missing)))
        return None
    return text


def _has_own_plan(tray: Tray) -> bool:
    """Say whether the plan file is one that came with the data, not one that was written here."""
    return tray.plan.is_file() and not (tray.answers.get("anew") or tray.answers.get("made"))


def _brought_plan(tray: Tray, language: Language) -> str:
    """Show the plan file that came with the data; it may be set aside."""
    parts.head(words.say("intake.own_plan", language), words.say("intake.own_plan_beside", language))
    text = copied(tray.plan)
    with st.expander(words.say("intake.plan_file", language)):
        text = st.text_area(
            words.say("intake.plan_file", language), text, height=320, key="brought-text", label_visibility="collapsed"
        )
    st.button(words.say("intake.set_aside", language), key="anew", on_click=_answer, args=(tray, "anew", True))
    return text


def _answer(tray: Tray, name: str, value: Any) -> None:
    tray.answers[name] = value


def _facts(tray: Tray, language: Language, datums: Mapping[str, str]) -> init.Answers:
    """Ask for name, document, day, cut-off and number of sites."""
    say, kept = words.say, tray.answers
    parts.head(say("intake.facts", language), say("intake.facts_beside", language))
    titles = {row["id"]: row["title"] for row in standards.listing(language)}
    ids = [*titles, *own_standards(tray)]
    first, second, third = st.columns([0.34, 0.42, 0.24], gap="small")
    name = first.text_input(say("intake.name", language), kept.get("name", ""), key="plan-name", max_chars=80)
    standard = second.selectbox(
        say("intake.standard", language), ids, index=_place(ids, kept.get("standard")), key="plan-standard",
        format_func=lambda one: titles.get(one, one), placeholder=say("intake.choose_standard", language),
    )  # fmt: skip
    day = third.date_input(say("intake.as_of", language), kept.get("as_of"), key="plan-as-of", format="YYYY-MM-DD",
                           min_value="1990-01-01", max_value="2100-12-31")  # fmt: skip
    fourth, fifth, _ = st.columns([0.34, 0.42, 0.24], gap="small")
    cutoff = fourth.date_input(say("intake.cutoff", language), kept.get("cutoff"), key="plan-cutoff",
                               format="YYYY-MM-DD", min_value="1949-10-01", max_value="2100-12-31",
                               help=say("intake.cutoff_means", language))  # fmt: skip
    p = fifth.number_input(say("intake.p", language), 0, 500, kept.get("p", 0), key="plan-p",
                           help=say("intake.p_means", language))  # fmt: skip
    kept |= {"name": name, "standard": standard, "as_of": day, "cutoff": cutoff, "p": p}
    return init.Answers(
        name=name.strip() or words.say("intake.unnamed", language), standard=standard, as_of=day, datums=datums,
        p=p or None, new_cutoff=cutoff,
    )  # fmt: skip


def own_standards(tray: Tray) -> list[str]:
    """Return the documents of one's own in the plan folder."""
    own = (path.name for path in sorted(tray.folder.glob("*.toml")) if path.name not in (init.PLAN, "fields.toml"))
    return list(own)


def _place(names: list[str], chosen: str | None) -> int | None:
    return names.index(chosen) if chosen in names else None


def _missing(choices: Mapping[str, Choice], answers: init.Answers, language: Language) -> list[str]:
    """Return what is needed and not yet known."""
    roles = [words.word("ui.input", role, language) for role in plan.NEEDED_INPUTS if choices[role].look is None]
    facts = {"standard": answers.standard, "as_of": answers.as_of}
    open_facts = [words.say(f"intake.{name}", language) for name, value in facts.items() if value is None]
    datums = [
        words.say("intake.datum_of", language, file=look.shown)
        for look in claims.without_datum(choices)
        if not answers.datums.get(look.path)
    ]
    return [*roles, *claims.without_columns(choices, language), *open_facts, *dict.fromkeys(datums)]


def _edited(tray: Tray, text: str, language: Language) -> str:
    """Show the plan file as it would be written; it may be edited by hand from here on."""
    with st.expander(words.say("intake.plan_file", language)):
        by_hand = st.toggle(
            words.say("intake.by_hand", language), tray.answers.get("by_hand", False), key="by-hand",
            help=words.say("intake.by_hand_means", language),
        )  # fmt: skip
        tray.answers["by_hand"] = by_hand
        if not by_hand:
            st.code(text, language="toml", height=320)
            return text
        edited: str = st.text_area(
            words.say("intake.plan_file", language), tray.answers.get("text", text), height=320, key="plan-text",
            label_visibility="collapsed",
        )  # fmt: skip
        tray.answers["text"] = edited
        return edited


# -------------------------------------------------------------------------------------------------------- examination


def _examination(tray: Tray, text: str | None, language: Language) -> None:
    """Check plan and data, show the report, and let the planner accept it."""
    st.button(
        words.say("intake.check", language), type="primary", key="check", icon=":material/fact_check:",
        disabled=text is None, on_click=_check, args=(tray, text),
    )  # fmt: skip
    stored: tuple[str, Job | None] | None = st.session_state.get(_CHECK)
    if stored is None:
        return
    mark, job = stored
    if job is None:
        faults = plan_faults(tray.plan)
        st.error(words.say("intake.plan_refused", language, count=len(faults)), icon=":material/error:")
        parts.faults(faults, language)
        return
    if job.state == "running":
        frame.progress(job, language)
    elif job.checkup is None:
        frame.failure(job, language)
    else:
        changed = text is None or mark != _mark(tray, text)
        if changed:
            st.info(words.say("intake.changed", language), icon=":material/sync_problem:")
        doctor.show(job.checkup, language)
        _accept(tray, language, may=not changed and not job.checkup.refused)


def _check(tray: Tray, text: str) -> None:
    """Write the plan file and look at everything it names."""
    tray.answers["made"] = not _has_own_plan(tray)
    tray.write_plan(text)
    faults = plan_faults(tray.plan)
    job = None if any(fault.severity == "error" for fault in faults) else Job(tray.plan, task="check", keep=tray)
    st.session_state[_CHECK] = (_mark(tray, text), job)


def _mark(tray: Tray, text: str) -> str:
    return hashlib.sha256(f"{tray.stamp()}\n{text}".encode()).hexdigest()


def _accept(tray: Tray, language: Language, *, may: bool) -> None:
    with st.container(horizontal=True):
        if st.button(
            words.say("intake.accept", language), type="primary", key="accept", disabled=not may,
            icon=":material/arrow_forward:",
        ):  # fmt: skip
            session.start_brought()
            st.switch_page(st.session_state["pages"]["coverage"])
        st.download_button(
            words.say("intake.save_folder", language), data=tray.archive, file_name="plan_folder.zip",
            mime="application/zip", key="save-folder", icon=":material/folder_zip:", on_click="ignore",
            help=words.say("intake.save_folder_means", language),
        )  # fmt: skip
