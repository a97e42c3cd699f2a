"""What a key of a TOML file may hold: a test, and the words that say it. Plan files and documents are held to these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final


@dataclass(frozen=True)
class Kind:
    """What a key may hold: a test, the words that say it, and the words to choose from where there are such."""

    accepts: Callable[[Any], bool]
    zh: str
    en: str
    words: tuple[str, ...] = ()


def choice(*words: str) -> Kind:
    """Accept one of ``words``."""
    return Kind(lambda value: value in words, f"下列之一：{'、'.join(words)}", f"one of {', '.join(words)}", words)


def choices(*words: str, may_be_empty: bool = False) -> Kind:
    """Accept a list out of ``words``."""

    def accepts(value: Any) -> bool:
        return isinstance(value, list) and (may_be_empty or bool(value)) and all(word in words for word in value)

    zh, en = f"由下列词组成的列表：{'、'.join(words)}", f"a list out of {', '.join(words)}"
    if may_be_empty:
        zh, en = f"{zh}；可为空", f"{en}; it may be empty"
    return Kind(accepts, zh, en, words)


def is_text(value: Any) -> bool:
    """Say whether ``value`` is a text that says something."""
    return isinstance(value, str) and bool(value.strip())


def is_texts(value: Any) -> bool:
    """Say whether ``value`` is a list of such texts; it may be empty."""
    return isinstance(value, list) and all(map(is_text, value))


def is_date(value: Any) -> bool:
    """Say whether ``value`` is a day without a time."""
    return isinstance(value, date) and not isinstance(value, datetime)


TEXT: Final = Kind(is_text, "一段文字", "a text")
TEXTS: Final = Kind(is_texts, "文字列表", "a list of texts")
DATE: Final = Kind(is_date, "日期，写作 2025-12-31，不加引号", "a date, written 2025-12-31 without quotes")
