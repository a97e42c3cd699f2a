"""Part of 数据与体检: the doctor's report on a plan that has not been run: verdict, sums, faults by row, documents."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Final

import streamlit as st

from planning import quality, texts
from planning.quality import Checkup
from planning.texts import Language
from planning.ui import parts, words
from planning.ui.parts import Cell, Column

_TONES: Final = {"usable": "good", "mend": "warn", "refused": "bad"}
_OUTCOMES: Final = ("read", "used", "flagged", "excluded")
_ROWS: Final = ("table", "row", "id", "outcome", "reasons", "remedy", "column", "value", "file")


def show(checkup: Checkup, language: Language) -> None:
    """Show verdict and sums beside the faults, the rows and what may be saved."""
    said = quality.verdict(checkup)
    parts.html(
        f'<p class="p-verdict {_TONES[said]}"><b>{escape(texts.t(f"quality.verdict_{said}", language))}</b>'
        f"<span>{escape(words.say(f'doctor.{said}', language))}</span></p>"
    )
    left, right = st.columns([0.34, 0.66], gap="small")
    with left:
        _counts(checkup, language)
        _documents(checkup, language)
    with right:
        count = sum(fault.severity == "error" for fault in checkup.faults), len(checkup.faults)
        faults, rows = st.tabs(
            [words.say("doctor.faults", language, errors=count[0], all=count[1]), words.say("data.tab_rows", language)]
        )
        with faults:
            if checkup.faults:
                parts.faults(checkup.faults, language)
            else:
                parts.empty(words.say("data.no_faults", language))
        with rows:
            _rows(checkup, language)


def _counts(checkup: Checkup, language: Language) -> None:
    """Put how many rows of each input were read, used, doubted and left out."""
    if not checkup.counts:
        parts.muted(words.say("doctor.nothing_read", language))
        return
    parts.head(words.say("data.inputs", language), words.say("data.adds_up", language))
    parts.table(
        [Column(words.say("data.input", language))]
        + [Column(words.say(f"data.{name}", language), "num") for name in _OUTCOMES],
        [
            [
                _input(name, language),
                f"{entry['read']:,}",
                f"{entry['used']:,}",
                Cell(f"{entry['flagged']:,}", "warn" if entry["flagged"] else ""),
                Cell(f"{entry['excluded']:,}", "bad" if entry["excluded"] else ""),
            ]
            for name, entry in checkup.counts.items()
        ],
    )


def _input(name: str, language: Language) -> str:
    table, _, part = name.partition(".")
    said = words.word("ui.input", table, language)
    return words.say("data.attributes", language, table=said) if part == "table" else said


def _documents(checkup: Checkup, language: Language) -> None:
    """Offer the report as a page, a Word document and a workbook; each is made when somebody asks for it."""
    parts.head(words.say("doctor.save", language))
    with st.container(horizontal=True):
        for name in quality.FILES:
            st.download_button(
                name.rpartition(".")[2].upper(), data=partial(_document, checkup, language, name), file_name=name,
                key=f"doctor-{name}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def _document(checkup: Checkup, language: Language, name: str) -> bytes:
    return quality.documents(checkup, language)[name]


def _rows(checkup: Checkup, language: Language) -> None:
    """Put the rows of the ledger that need a look."""
    ledger = checkup.ledger
    shown = ledger[ledger["outcome"].isin(("flagged", "excluded"))]
    if shown.empty:
        parts.empty(words.say("doctor.no_rows", language))
        return
    dressed = shown.assign(
        table=shown["table"].map(lambda name: _input(str(name), language)),
        outcome=shown["outcome"].map(lambda name: words.say(f"data.{name}", language)),
        reasons=[words.opening(words.reasons(row["reasons"], language, facts=row)) for row in shown.to_dict("records")],
        remedy=shown["remedy"].map(lambda said: "" if words.missing(said) else words.one_language(str(said), language)),
    )
    labels = {name: words.say(f"ledger.{name}", language) for name in _ROWS}
    parts.frame(dressed, labels, formats={"row": "%d"}, height=420, key="doctor-ledger")
