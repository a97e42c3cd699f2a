"""Words and numbers as the pages show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from planning import tables, texts
from planning.texts import Language
from planning.texts import one_language as one_language
from planning.webmap import _words as numbers

NOTHING: Final = "—"
missing = numbers.missing


def say(key: str, language: Language, **facts: object) -> str:
    """Return the sentence ``ui.<key>``."""
    return texts.t(f"ui.{key}", language, **facts)


def template(key: str, language: Language) -> str:
    """Return the sentence ``ui.<key>`` with its places still open."""
    return texts.entries()[f"ui.{key}"][language]


def word(group: str, value: Any, language: Language) -> str:
    """Return the wording of a choice (``level``, ``status``, ``verdict`` …); a word no table knows stays as it is."""
    if missing(value) or value == "":
        return NOTHING
    key = f"{group}.{value}"
    return texts.t(key, language) if texts.has(key) else str(value)


def whole(value: Any, language: Language, unit: str = "") -> str:
    """Return a count with thousands separated, and the word for its unit."""
    shown = numbers.whole(value, language)
    return shown if missing(value) or not unit else say(f"unit.{unit}", language, value=shown)


def m2(value: Any, language: Language) -> str:
    """Return square metres with their unit."""
    return NOTHING if missing(value) else say("unit.m2", language, value=numbers.square_metres(value, language))


def metres(value: Any, limit_m: float, language: Language) -> str:
    """Return metres with their unit; millimetres where rounding would hide on which side of ``limit_m`` they lie."""
    return NOTHING if missing(value) else say("unit.m", language, value=numbers.metres(value, limit_m, language))


def size(count: int) -> str:
    """Return a number of bytes as kB or MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):,.1f} kB"


def duration(seconds: float) -> str:
    """Return seconds as ``m:ss``, from an hour on as ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def quiet(value: str) -> str:
    """Return text that a markdown element, such as the label of a field, shows as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|:~$@&" else sign for sign in " ".join(value.split()))


def percent(share: Any, language: Language) -> str:
    """Return a share 0–1 as ``51.1%``."""
    return NOTHING if missing(share) else f"{numbers.percent(share, language)}%"


def text(value: Any) -> str:
    """Return a cell as text; a missing one as ``—``."""
    return NOTHING if missing(value) or str(value) == "" else str(value)


def reasons(codes: Any, language: Language, *groups: str, facts: Mapping[Any, Any] | None = None) -> str:
    """Return reason codes joined by ``;`` as sentences; a code that no table knows stays as it is.

    ``facts`` fill the places of a sentence, as far as they are known.
    """
    if missing(codes) or not str(codes):
        return ""
    return say("joint", language).join(_reason(code, language, groups, facts or {}) for code in str(codes).split(";"))


def _reason(code: str, language: Language, groups: tuple[str, ...], facts: Mapping[Any, Any]) -> str:
    keys = (*(f"{group}.{code}" for group in groups), f"reason.{code}", f"fault.{code}.message")
    known = next((texts.entries()[key][language] for key in keys if texts.has(key)), code)
    return "".join(
        said + ("" if name is None else str(facts.get(name, "…"))) for said, name, _, _ in Formatter().parse(known)
    )


def opening(sentences: str) -> str:
    """Return what a sentence says before its first comma or semicolon: enough for a cell of a long table."""
    return re.split("[，；。;,]", sentences, maxsplit=1)[0].strip()


def column(name: str, language: Language, table: str = "") -> str:
    """Return what planners call a canonical column of ``table``; without one, where all agree or it is a key."""
    contracts = tables.contracts()
    asked = [contracts[table]] if table in contracts else list(contracts.values())
    own = [contract for contract in asked if contract.key == name]
    labels = {contract.columns[name].label(language) for contract in own or asked if name in contract.columns}
    return labels.pop() if len(labels) == 1 else name


def unstated(language: Language) -> str:
    """Return the words for a number that a document does not state."""
    return texts.t("standard.unstated", language)
