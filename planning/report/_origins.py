"""Room `planning.report`: the sheets that say where the figures come from: rows set aside, files read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from planning import crs, tables, texts
from planning.report._sheet import Kind, Sheet, headings, plain_frame, stamp, words_of
from planning.study import StudyResult
from planning.texts import Language

_PLACE: Final = re.compile(r"^.*?\{file\}[^{]*?\{row\}\s*(?:行的?|[:,])?\s*|^\{file\}\s*(?:中|的)?")
_SOURCE_COLUMNS: Final[Mapping[str, Kind]] = {
    "input": "text",
    "path": "text",
    "layer": "text",
    "encoding": "text",
    "crs_text": "text",
    "rows": "whole",
    "sha256": "text",
}


def ledger(result: StudyResult, language: Language) -> Sheet:
    """Return each flagged or excluded row, and how many there were of each input."""
    counts = [
        texts.t("cli.ledger_line", language, name=tables.input_name(name, language), **entry)
        for name, entry in result.summary["ledger"].items()
    ]
    shown = result.ledger[result.ledger["outcome"] != "used"]
    rows = shown.assign(
        outcome=shown["outcome"].map(words_of("report.outcome", language)),
        table=[tables.input_name(name, language) for name in shown["table"]],
        reasons=[_in_words(codes, language) for codes in shown["reasons"]],
    )
    kinds: dict[str, Kind] = {name: "whole" if name == "row" else "text" for name in tables.LEDGER_COLUMNS}
    columns = headings(kinds, "report.ledger_", language)
    title = texts.t("report.title_ledger", language)
    frame = plain_frame(rows.to_dict("records"), columns)
    notes = (*stamp(result, language), *counts)
    return Sheet(texts.t("report.sheet_ledger", language), title, columns, frame, notes=notes)


def _in_words(codes: str, language: Language) -> str:
    """Return reason codes as words, each with its code in brackets."""
    parts = [said(code, language) for code in str(codes).split(";") if code and code != "nan"]
    return texts.t("report.semicolon", language).join(parts)


def said(code: str, language: Language) -> str:
    """Return the words of a code; of a fault what its sentence begins with, where that holds for every row alike."""
    if texts.has(f"quality.code.{code}"):
        return texts.t("report.ledger_code", language, words=texts.t(f"quality.code.{code}", language), code=code)
    entry = texts.entries().get(f"fault.{code}.message")
    words = "" if entry is None else _beginning(entry[language])
    return texts.t("report.ledger_code", language, words=words, code=code) if words else code


def _beginning(message: str) -> str:
    """Return what a message says of every row alike: no place, no value, its first sentence."""
    plain = _PLACE.sub("", message)
    first = re.split("[；。;：:（(]", plain, maxsplit=1)[0]
    return re.sub(r"[“”]|\{[^}]*\}", "", first).strip(" ，,")


def sources(result: StudyResult, language: Language) -> Sheet:
    """Return the files that were read, with their hashes, and how their coordinates were treated."""
    rows = [
        {
            "input": tables.input_name(file.input, language),
            "path": file.path.replace("\\", "/").rsplit("/", 1)[-1],
            "layer": file.layer,
            "encoding": file.encoding,
            "crs_text": crs.told(file.crs_text, language),
            "rows": file.rows,
            "sha256": file.sha256,
        }
        for file in result.inputs.files
    ]
    columns = headings(_SOURCE_COLUMNS, "report.source_", language)
    title = texts.t("report.title_sources", language)
    return Sheet(
        texts.t("report.sheet_sources", language),
        title,
        columns,
        plain_frame(rows, columns),
        notes=(*stamp(result, language), texts.t("annex.protected", language)),
        protected=True,
    )
