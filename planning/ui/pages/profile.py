"""Part of 标准库: a document of one's own, copied from the one shown, with other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from planning import standards as library
from planning.errors import Fault
from planning.standards import Standard
from planning.texts import Language
from planning.ui import parts, profiles, session, words

_ROW_PX: Final = 35


def show(source: str, standard: Standard, language: Language) -> None:
    """Ask for name, title, numbers and reason; show what the validator says; keep it in the plan folder."""
    say = words.say
    parts.muted(say("own.says", language))
    name, title, why = st.columns([0.22, 0.38, 0.40], gap="small")
    called = name.text_input(say("own.name", language), f"{source}-own", key=f"own-name-{source}", max_chars=40)
    titled = title.text_input(say("own.title", language), _title(standard, language), key=f"own-title-{source}")
    reason = why.text_input(
        say("own.why", language), key=f"own-why-{source}", placeholder=say("own.why_like", language)
    )
    values = profiles.changed(standard, _numbers(source, standard, language))
    text = profiles.copied(source, name=called.strip(), title=titled.strip(), values=values, why=reason)
    found = (*profiles.faults(text, called), *_unfounded(values, reason))
    _verdict(found, values, language)
    _keep(text, called, language, may=not any(fault.severity == "error" for fault in found))


def _title(standard: Standard, language: Language) -> str:
    title = standard.title_zh if language == "zh" else standard.title_en
    return words.say("own.titled", language, title=title)


def _numbers(source: str, standard: Standard, language: Language) -> dict[str, str]:
    """Let the numbers be edited; all else is shown as it stands."""
    rows = library.rows(standard, language)
    own = {clause.id: profiles.shown(clause.value) for clause in standard.clauses}
    frame = pd.DataFrame(
        {
            "id": [row["id"] for row in rows],
            "text": [row["text"] for row in rows],
            "required": [row["required"] for row in rows],
            "value": [own.get(row["id"], "") for row in rows],
        }
    )
    labels = {name: words.say(f"clause.{name}", language) for name in ("id", "text", "required")}
    config: dict[str, Any] = {name: st.column_config.TextColumn(label, disabled=True) for name, label in labels.items()}
    config["value"] = st.column_config.TextColumn(words.say("own.value", language), max_chars=20)
    edited = st.data_editor(
        frame, key=f"own-values-{source}", hide_index=True, column_config=config, num_rows="fixed",
        height=min(420, _ROW_PX * (len(frame) + 1) + 3), width="stretch",
    )  # fmt: skip
    return {str(one): "" if words.missing(value) else str(value)
            for one, value in zip(edited["id"], edited["value"], strict=True)}  # fmt: skip


def _unfounded(values: Mapping[str, str], reason: str) -> tuple[Fault, ...]:
    """Name numbers that were changed without saying where they come from."""
    if values and not reason.strip():
        return (Fault("ui_own_without_source", column="、".join(values)),)
    return ()


def _verdict(found: tuple[Fault, ...], values: Mapping[str, str], language: Language) -> None:
    if found:
        st.error(words.say("own.refused", language, count=len(found)), icon=":material/error:")
        parts.faults(found, language)
    else:
        said = words.say("comma", language).join(values) or words.say("own.none", language)
        parts.muted(words.say("own.valid", language, changed=said))


def _keep(text: str, name: str, language: Language, *, may: bool) -> None:
    with st.container(horizontal=True):
        if st.button(words.say("own.keep", language), type="primary", disabled=not may, key="own-keep",
                     icon=":material/save:"):  # fmt: skip
            _kept(text, name, language)
        st.download_button(
            words.say("own.save", language), data=text.encode(), file_name=profiles.file_name(name), key="own-save",
            mime="application/toml", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    with st.expander(words.say("own.text", language)):
        st.code(text, language="toml", height=300)


def _kept(text: str, name: str, language: Language) -> None:
    try:
        path = profiles.keep(text, folder(), name)
    except OSError as error:
        parts.faults([Fault("machine_write", file=profiles.file_name(name), value=error.strerror or "")], language)
        return
    st.success(words.say("own.kept", language, file=path.name).replace("[", "\\["), icon=":material/check_circle:")


def folder() -> Path:
    """Return the plan folder: that of the plan looked at, else of what was brought; never the sample's."""
    job = session.job()
    if job is None or job.plan is None or job.is_sample or session.is_brought():
        return session.tray().folder
    return job.plan.parent
