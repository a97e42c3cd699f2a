"""标准库: what each document rules, with which number, and where it is silent."""

from __future__ import annotations

import streamlit as st

from planning import standards as library
from planning.standards import Standard
from planning.texts import Language
from planning.ui import parts, session, words
from planning.ui.pages import profile
from planning.ui.parts import Cell, Column


def show(language: Language) -> None:
    """Show one document: what it is, its clauses, its switches."""
    names = list(library.ids())
    desk = session.desk()
    current = desk.plan.standard if desk is not None and desk.plan.standard in names else names[0]
    titles = {row["id"]: row["title"] for row in library.listing(language)}
    chosen = st.selectbox(
        words.say("standards.choose", language), names, index=names.index(current), key="standard",
        format_func=lambda name: titles.get(name, name), label_visibility="collapsed",
    )  # fmt: skip
    standard = library.load(chosen)
    _about(standard, language)
    tabs = [words.say(f"standards.{name}", language) for name in ("clauses", "switches", "own")]
    clauses, switches, own = st.tabs(tabs)
    with clauses:
        _clauses(standard, language)
    with switches:
        _switches(standard, language)
    with own:
        profile.show(chosen, standard, language)


def _about(standard: Standard, language: Language) -> None:
    chinese = language == "zh"
    facts = [
        words.say(f"force.{standard.status}", language)
        if standard.kind == "document"
        else words.say("standards.preset", language),
        standard.jurisdiction_zh if chinese else standard.jurisdiction_en,
        standard.issuer,
        standard.number,
        "" if standard.issued is None else words.say("standards.issued", language, date=standard.issued.isoformat()),
        words.say("standards.count", language, count=len(standard.clauses)),
    ]
    notes = standard.notes_zh if chinese else standard.notes_en
    parts.muted(" · ".join(fact for fact in facts if fact), *notes)


def _clauses(standard: Standard, language: Language) -> None:
    """Put every clause; a number the document does not state reads 本文件未规定."""
    kinds = {"id": "tight", "required": "text", "deadline": "tight", "strength": "tight", "applies_to": "tight"}
    names = ("id", "article", "text", "applies_to", "required", "deadline", "strength", "computed")
    columns = [Column(words.say(f"clause.{name}", language), kinds.get(name, "text")) for name in names]  # type: ignore[arg-type]
    unstated = words.unstated(language)
    parts.table(
        columns,
        [
            [
                row["id"],
                row["article"],
                row["text"],
                words.word("report.built", row["applies_to"], language) if row["applies_to"] else "",
                Cell(row["required"], "warn" if row["required"] == unstated else ""),
                "" if row["deadline"] is None else str(row["deadline"]),
                row["strength"],
                words.say("clause.by_hand" if row["cls"] == "M" else "clause.by_tool", language),
            ]
            for row in library.rows(standard, language)
        ],
    )


def _switches(standard: Standard, language: Language) -> None:
    """Put how the document's ambiguities are read, and why."""
    columns = [Column(words.say(f"switch.{name}", language), "tight" if name in ("name", "default") else "text")
               for name in ("name", "default", "choices", "reason")]  # fmt: skip
    parts.table(
        columns,
        [
            [
                switch.name,
                _value(switch.default, language),
                ", ".join(_value(choice, language) for choice in switch.choices),
                switch.reason_zh if language == "zh" else switch.reason_en,
            ]
            for switch in standard.readings
        ],
    )


def _value(value: object, language: Language) -> str:
    """Return the value of a switch as the plan file spells it; a document's silence in words."""
    if value == "unstated":
        return words.unstated(language)
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
