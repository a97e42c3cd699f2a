"""Room `planning.compare`: what the keys of a plan and their values are called, for who never wrote one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from planning import texts
from planning.tables import input_name
from planning.texts import Language

_HASH: Final = 12
_IS_HASH: Final = re.compile("[0-9a-f]{64}")
_WORDS: Final[Mapping[str, str]] = {
    "level": "level", "model": "decided.model", "demand": "compare.weight", "rule": "compare.choice.rule",
    "climb": "compare.choice.climb", "walls": "compare.choice.walls", "datum": "compare.choice.datum",
    "noding": "compare.choice.noding",
}  # fmt: skip
"""Where the words of a choice stand, by the last part of its key."""


def named(key: str, language: Language) -> str:
    """Return what an input or a key of the plan is called, with the key as the plan writes it in brackets."""
    section, _, rest = key.partition(".")
    if section == "inputs" and rest.partition(".")[2] in ("", "table"):
        return input_name(rest, language)
    if key == "plan.standard.content":
        return texts.t("compare.key.standard_content", language)
    words = _label(section, rest, language)
    return key if not words else texts.t("compare.key.named", language, words=words, key=key)


def _label(section: str, rest: str, language: Language) -> str:
    """Return the words of a key, of an input those of the input and of its key; nothing where there are none."""
    if section == "inputs":
        name, _, own = rest.rpartition(".")
        said = _known(f"compare.key.inputs.{own}", language)
        return said and texts.t("compare.means", language, name=input_name(name, language), what=said)
    if section == "versions":
        return texts.t("compare.key.version", language, name=rest)
    return _known(f"compare.key.{section}.{rest}", language) or _known(f"sensitivity.switch.{rest}", language)


def _known(key: str, language: Language) -> str:
    return texts.t(key, language) if texts.has(key) else ""


def shown(key: str, text: str, language: Language) -> str:
    """Return a value of the records to be read: files by hash, layer and rows; lists and tables as words."""
    if not text:
        return texts.t("compare.key.unstated", language)
    if key.startswith("inputs.") and key.count(".") <= 1 + key.endswith(".table"):
        return texts.t("compare.semicolon", language).join(_file(line, language) for line in text.split("\n"))
    if _IS_HASH.fullmatch(text):
        return text[:_HASH]
    return _said(key.rpartition(".")[2], _read(text), language)


def _file(line: str, language: Language) -> str:
    """Return a file by the first letters of its hash, what was read of it, and its rows."""
    sha, _, rest = line.partition(" ")
    read, _, rows = rest.rpartition(" ")
    if not _IS_HASH.fullmatch(sha) or not rows.isdigit():
        return " ".join(word[:_HASH] if _IS_HASH.fullmatch(word) else word for word in line.split(" "))
    layer = read and texts.t("compare.key.layer", language, layer=texts.printable(read))
    return texts.t("compare.key.file", language, sha=sha[:_HASH], rows=f"{int(rows):,}", layer=layer)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _said(name: str, value: Any, language: Language) -> str:
    """Return a value in words; ``name`` is the key it stands under, which tells the words of a choice."""
    comma, semicolon = (texts.t(f"compare.{one}", language) for one in ("comma", "semicolon"))
    if value is None or value in ([], {}):
        return texts.t("compare.key.unstated", language)
    if isinstance(value, bool):
        return texts.t("compare.yes" if value else "compare.no", language)
    if isinstance(value, int | float):
        return f"{value:,.10g}"
    if isinstance(value, list):
        nested = any(isinstance(one, dict) for one in value)
        return (semicolon if nested else comma).join(_said(name, one, language) for one in value)
    if isinstance(value, dict):
        told = {one: inner for one, inner in value.items() if inner is not None and inner not in ([], {})}
        return comma.join(_pair(one, _said(one, inner, language), language) for one, inner in told.items())
    return _known(f"{_WORDS[name]}.{value}", language) or value if name in _WORDS else texts.printable(str(value))


def _pair(name: str, said: str, language: Language) -> str:
    """Return one entry of a table of the plan; a name stands alone."""
    if name == "name":
        return said
    return texts.t("compare.means", language, name=_known(f"compare.key.part.{name}", language) or name, what=said)
