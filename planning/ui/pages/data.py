"""数据与体检: what was read, what is doubtful, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from planning import quality, runs, texts
from planning.texts import Language
from planning.ui import parts, session, words
from planning.ui.pages import intake
from planning.ui.parts import Cell, Column
from planning.ui.session import Desk

_OUTCOMES: Final = ("read", "used", "flagged", "excluded")
_ROWS: Final = ("table", "row", "id", "outcome", "reasons", "remedy", "column", "value", "file")


def show(desk: Desk) -> None:
    """Show the sums of the ledger, one row per input, and the faults, the rows and the files behind them."""
    counts: Mapping[str, Mapping[str, int]] = desk.summary["ledger"]
    sums = {name: sum(entry[name] for entry in counts.values()) for name in _OUTCOMES}
    parts.figures(
        [(desk.say(f"data.{name}"), f"{sums[name]:,}", "", desk.say(f"data.{name}_means")) for name in _OUTCOMES]
    )
    left, right = st.columns([0.34, 0.66], gap="small")
    with left:
        parts.head(desk.say("data.inputs"), desk.say("data.adds_up"))
        _inputs(desk, counts)
        if desk.plan.defaults:
            parts.muted(desk.say("data.defaults", keys=desk.say("comma").join(desk.plan.defaults)))
        _report(desk)
    with right:
        _behind(desk)
    if session.is_brought() and st.toggle(desk.say("intake.exchange"), key="exchange"):
        intake.show(desk.language)


def _inputs(desk: Desk, counts: Mapping[str, Mapping[str, int]]) -> None:
    columns = [
        Column(desk.say("data.input")),
        *(Column(desk.say(f"data.{name}"), "num") for name in _OUTCOMES),
    ]
    parts.table(
        columns,
        [
            [
                Cell(_input_name(desk, name), below=_file_of(desk, name)),
                f"{entry['read']:,}",
                f"{entry['used']:,}",
                Cell(f"{entry['flagged']:,}", "warn" if entry["flagged"] else ""),
                Cell(f"{entry['excluded']:,}", "bad" if entry["excluded"] else ""),
            ]
            for name, entry in counts.items()
        ],
    )


def _report(desk: Desk) -> None:
    """Offer the data quality report; it is made when somebody asks for it."""
    plan, language = desk.plan, desk.language
    st.download_button(
        texts.t("quality.save", language), data=partial(_packed, plan.folder / plan.file, language),
        file_name="data_quality.zip", mime="application/zip", key="quality", icon=":material/fact_check:",
        help=texts.t("quality.save_means", language), on_click="ignore",
    )  # fmt: skip


def _packed(plan: Path, language: Language) -> bytes:
    return quality.archive(runs.examine(plan, reconciled=True), language)


def _input_name(desk: Desk, name: str) -> str:
    table, _, part = name.partition(".")
    said = words.word("ui.input", table, desk.language)
    return desk.say("data.attributes", table=said) if part == "table" else said


def _file_of(desk: Desk, name: str) -> str:
    table, _, part = name.partition(".")
    spec = desk.plan.inputs.get(table)
    if spec is None:
        return ""
    path = spec.table if part == "table" else spec.path
    return (path or "").replace("\\", "/").rsplit("/", 1)[-1]


def _behind(desk: Desk) -> None:
    """Put the faults, the ledger's rows and the files in tabs."""
    found = desk.result.inputs.faults
    faults, rows, files = st.tabs(
        [desk.say("data.tab_faults", count=len(found)), desk.say("data.tab_rows"), desk.say("data.tab_files")]
    )
    with faults:
        if found:
            parts.faults(found, desk.language)
        else:
            parts.empty(desk.say("data.no_faults"))
    with rows:
        _rows(desk)
    with files:
        _files(desk)


def _rows(desk: Desk) -> None:
    """Put the rows of the ledger, by default those that need a look."""
    ledger = desk.result.ledger
    outcome = st.segmented_control(
        desk.say("data.which"),
        ["touched", "flagged", "excluded", "all"],
        default="touched",
        required=True,
        format_func=lambda name: desk.say(f"data.which_{name}"),
        key="ledger-which",
        label_visibility="collapsed",
    )
    wanted = {"touched": ("flagged", "excluded"), "all": ("used", "flagged", "excluded")}.get(outcome, (outcome,))
    shown = ledger[ledger["outcome"].isin(wanted)]
    language = desk.language
    dressed = shown.assign(
        table=shown["table"].map(lambda name: _input_name(desk, name)),
        outcome=shown["outcome"].map(lambda name: desk.say(f"data.{name}")),
        reasons=[words.opening(words.reasons(row["reasons"], language, facts=row)) for row in shown.to_dict("records")],
        column=[
            "" if words.missing(name) else words.column(str(name), language, str(table).partition(".")[0])
            for name, table in zip(shown["column"], shown["table"], strict=True)
        ],
        remedy=shown["remedy"].map(lambda said: "" if words.missing(said) else words.one_language(str(said), language)),
    )
    parts.muted(desk.say("data.rows_shown", count=f"{len(shown):,}", all=f"{len(ledger):,}"))
    labels = {name: desk.say(f"ledger.{name}") for name in _ROWS}
    parts.frame(dressed, labels, formats={"row": "%d"}, height=460, key="ledger")


def _files(desk: Desk) -> None:
    columns = [
        Column(desk.say("data.input")), Column(desk.say("data.file")), Column(desk.say("data.encoding"), "tight"),
        Column(desk.say("data.crs")), Column("SHA-256", "tight"),
    ]  # fmt: skip
    parts.table(columns, [_file_row(desk, file) for file in desk.result.inputs.files])


def _file_row(desk: Desk, file: Any) -> list[str]:
    return [
        _input_name(desk, file.input),
        str(file.path).replace("\\", "/").rsplit("/", 1)[-1],
        words.text(file.encoding),
        words.text(texts.in_one_language(file.crs_text, "crs", desk.language)),
        file.sha256[:12],
    ]
