"""Every sentence a person reads, in Chinese and in English, from the tables in ``locales/``.

One TOML file a room; each entry holds its two languages side by side, so that they cannot drift apart::

    [fault.households_negative]
    message = { zh = "户数为负：{value}。", en = "Negative households: {value}." }

is read as the key ``fault.households_negative.message``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
_HALVES: Final = 0x2E80  # letters from here on fill two cells of a terminal or table
_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def t(key: str, language: Language = "zh", /, **facts: object) -> str:
    """Return the sentence ``key`` in ``language`` with ``facts`` filled in.

    Raises
    ------
    KeyError
        If no table has the key, or the sentence needs a fact that is not given: both are mistakes in the program.
    """
    return entries()[key][language].format_map(facts)


def both(key: str, /, **facts: object) -> str:
    """Return the sentence in Chinese, then `` / ``, then English."""
    return f"{t(key, 'zh', **facts)} / {t(key, 'en', **facts)}"


def one_language(said: str, language: Language) -> str:
    """Return the half of a sentence said in both languages (`both`); other text as it stands."""
    parts = said.split(" / ")
    half = len(parts) // 2
    if len(parts) % 2:
        return said
    return " / ".join(parts[:half] if language == "zh" else parts[half:])


def in_one_language(text: str, prefix: str, language: Language) -> str:
    """Return ``text`` with the sentences of table ``prefix`` that it holds in both languages (`both`) said in one."""
    said = {f"{entry['zh']} / {entry['en']}": entry[language] for key, entry in entries().items()
            if key.startswith(f"{prefix}.")}  # fmt: skip
    for both_said in sorted(said, key=len, reverse=True):
        text = text.replace(both_said, said[both_said])
    return text


def printable(text: str) -> str:
    """Return a stranger's text fit to be shown and stored: controls and the like become escapes."""
    return "".join(
        letter if is_printable(letter) else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
        for letter in text
    )


def storable(text: object) -> str:
    """Return text without what no document can hold: control characters and halves of letters, shown as ``�``."""
    return _UNSTORABLE.sub("\ufffd", str(text))


def is_printable(letter: str) -> bool:
    """Say whether a letter shows as itself: the wide blank of Chinese does, controls and direction marks do not."""
    return letter.isprintable() or unicodedata.category(letter) == "Zs"


def cells(text: str) -> int:
    """Return how many half letters a text takes on a line: Chinese letters and their marks take two."""
    return sum(2 if ord(letter) > _HALVES else 1 for letter in text)


def has(key: str) -> bool:
    """Say whether a table holds ``key``."""
    return key in entries()


@cache
def entries() -> Mapping[str, Mapping[str, str]]:
    """Return all entries, ``{key: {"zh": …, "en": …}}``.

    Raises
    ------
    ValueError
        If two tables hold one key.
    """
    found: dict[str, Mapping[str, str]] = {}
    folder = resources.files("planning") / "locales"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for key, entry in _leaves(tomllib.loads(file.read_text(encoding="utf-8")), ""):
            if key in found:
                raise ValueError(f"{file.name}: {key} stands in two tables")
            found[key] = entry
    return found


def _leaves(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the entries of nested tables under dotted keys; an entry is a table of languages."""
    if set(table) == set(LANGUAGES):
        yield prefix, table
        return
    for name, inner in table.items():
        if not isinstance(inner, Mapping):
            raise TypeError(f"{prefix}.{name}: an entry needs both zh and en")
        yield from _leaves(inner, f"{prefix}.{name}" if prefix else name)
