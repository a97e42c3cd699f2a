"""Pieces that several pages show: sentences, tables, bars, key figures, lists of faults.

Every text goes through `html.escape`; nothing from data is ever given to a markdown element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from planning.errors import Fault
from planning.texts import Language
from planning.ui import words

Kind = Literal["text", "tight", "num"]
Tone = Literal["", "bad", "warn", "good"]
FAULTS_SHOWN: Final = 200
ROW_PX: Final = 30
_WIDE: Final = frozenset({"remedy"})


@dataclass(frozen=True)
class Column:
    """A column of a small table: heading and how its cells stand."""

    label: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Cell:
    """A cell that is not plain: in a colour, or with a small line below."""

    text: str
    tone: Tone = ""
    below: str = ""


def sentence(key: str, language: Language, facts: Mapping[str, str], *, bad: Iterable[str] = ()) -> str:
    """Return the sentence ``ui.<key>`` as HTML, its facts in bold; those named in ``bad`` in the colour of findings."""
    shown = {
        name: f'<b class="bad">{escape(value)}</b>' if name in bad else f"<b>{escape(value)}</b>"
        for name, value in facts.items()
    }
    return escape(words.template(key, language), quote=False).format_map(shown)


def html(content: str) -> None:
    """Put escaped HTML on the page."""
    st.html(content)


def head(title: str, beside: str = "") -> None:
    """Put a small heading, with what it is about beside it."""
    html(f'<p class="p-head">{escape(title)}<span>{escape(beside)}</span></p>')


def muted(*lines: str) -> None:
    """Put lines in grey."""
    html(f'<p class="p-foot">{"<br>".join(escape(line) for line in lines)}</p>')


def empty(text: str) -> None:
    """Say that there is nothing to show, and what to do."""
    html(f'<p class="p-empty">{escape(text)}</p>')


def table(columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]], *, strong: int | None = None) -> None:
    """Put a small table that wraps and prints well; ``strong`` is the row to stand out."""
    heads = (
        ""
        if not any(column.label for column in columns)
        else "".join(f'<th class="{column.kind}">{escape(column.label)}</th>' for column in columns)
    )
    body = "".join(
        f'<tr class="{"strong" if place == strong else ""}">'
        + "".join(_cell(column, cell) for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for place, row in enumerate(rows)
    )
    html(
        f'<div class="p-scroll"><table class="p-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(column: Column, cell: str | Cell) -> str:
    shown = cell if isinstance(cell, Cell) else Cell(cell)
    below = f"<small>{escape(shown.below)}</small>" if shown.below else ""
    return f'<td class="{column.kind} {shown.tone}">{escape(shown.text)}{below}</td>'


def bars(entries: Iterable[tuple[str, float | None, str, str]], *, tone: str = "") -> None:
    """Put horizontal bars: name, share 0–1 of the track (None draws none), its figure, and a remark in grey."""
    rows = "".join(
        f'<span class="name" title="{escape(name)}">{escape(name)}</span>'
        f'<div class="track"><div class="fill {tone}" style="width:{_per_cent(share)}%"></div></div>'
        f'<span class="value">{escape(figure)}</span><span class="rest">{escape(remark)}</span>'
        for name, share, figure, remark in entries
    )
    html(f'<div class="p-bars">{rows}</div>')


def _per_cent(share: float | None) -> str:
    return f"{100 * min(max(share or 0.0, 0.0), 1.0):.2f}"


def figures(entries: Sequence[tuple[str, str, str, str]]) -> None:
    """Put key figures side by side: label, value, what stands below, what it means."""
    for place, (label, value, below, meaning) in zip(st.columns(len(entries), gap="small"), entries, strict=True):
        place.metric(label, value, below or None, delta_color="off", delta_arrow="off", help=meaning or None)


def faults(found: Sequence[Fault], language: Language) -> None:
    """Put a list of faults: where, which value, what is wrong, what to do; errors first."""
    ordered = sorted(found, key=lambda fault: (fault.severity != "error", fault.file, fault.row or 0, fault.column))
    columns = [Column(words.say(f"fault_column.{name}", language), kind) for name, kind in _FAULT_COLUMNS]
    table(columns, [_fault_row(fault, language) for fault in ordered[:FAULTS_SHOWN]])
    if len(ordered) > FAULTS_SHOWN:
        muted(words.say("faults_more", language, shown=FAULTS_SHOWN, all=f"{len(ordered):,}"))


_FAULT_COLUMNS: Final[Sequence[tuple[str, Kind]]] = (
    ("severity", "tight"),
    ("file", "text"),
    ("row", "num"),
    ("column", "text"),
    ("value", "text"),
    ("message", "text"),
    ("remedy", "text"),
)


def _fault_row(fault: Fault, language: Language) -> list[str | Cell]:
    tone: Tone = "bad" if fault.severity == "error" else "warn"
    same = fault.layer in ("", fault.file.rsplit(".", 1)[0])
    return [
        Cell(words.say(f"severity.{fault.severity}", language), tone),
        words.text(fault.file if same else f"{fault.file} · {fault.layer}"),
        "" if fault.row is None else f"{fault.row:,}",
        words.column(fault.column, language),
        fault.value[:120],
        fault.message(language),
        fault.remedy(language),
    ]


def frame(
    rows: pd.DataFrame, labels: Mapping[str, str], *, formats: Mapping[str, str] | None = None, height: int = 320,
    key: str | None = None, on_pick: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Put a long table; cells are shown as text or numbers, never as markup.

    Parameters
    ----------
    labels
        Columns to show, in order, with their headings.
    formats
        Number formats (printf) by column; a column without one is text.
    on_pick
        Called with the place of a row that somebody chose.
    """
    formats = formats or {}
    shown = rows.reindex(columns=list(labels))
    config = {
        name: st.column_config.NumberColumn(label, format=formats[name])
        if name in formats
        else st.column_config.TextColumn(label, width="large" if name in _WIDE else None)
        for name, label in labels.items()
    }
    texts_ = [name for name in labels if name not in formats]
    shown = shown.assign(**{name: shown[name].map(_plain) for name in texts_})
    facts: dict[str, Any] = {
        "hide_index": True,
        "column_config": config,
        "height": min(height, ROW_PX * (len(shown) + 1) + 2) if len(shown) else ROW_PX * 2,
        "row_height": ROW_PX,
        "placeholder": "",
        "width": "stretch",
    }
    if on_pick is None or key is None:
        st.dataframe(shown, key=key, **facts)
        return
    handler = on_pick

    def chosen() -> None:
        places = st.session_state[key]["selection"]["rows"]
        if places:
            handler(int(places[0]))

    st.dataframe(shown, key=key, on_select=chosen, selection_mode="single-row", **facts)


def _plain(value: Any) -> str:
    return "" if words.missing(value) else str(value)
