"""Room `planning.word`: what a document is made of, before it is a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Literal

from planning import texts
from planning.texts import Language

_TITLE_CELLS = 34
"""Half letters of 26 pt on the 160 mm between the margins."""


@dataclass(frozen=True)
class Blank:
    """Something the tool does not know: shown as a marked blank, to be filled in by hand."""

    text: str


@dataclass(frozen=True)
class Reference:
    """A mention of a table or figure by its key; it reads as the caption's number."""

    key: str


@dataclass(frozen=True)
class Strong:
    """Words set in bold."""

    text: str


Part = str | Blank | Reference | Strong
Parts = tuple[Part, ...]


@dataclass(frozen=True)
class Heading:
    """A numbered heading; level 1 begins a chapter."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Text:
    """A paragraph; ``style`` is plain text, an item of a list, or a note under a table."""

    parts: Parts
    style: Literal["text", "item", "note", "warning"] = "text"


@dataclass(frozen=True)
class Table:
    """A table with a caption above it.

    ``numbers`` are the columns set to the right, ``strong`` the rows set in bold (sums), ``size`` the letters in
    points, ``widths`` shares of the line (by what the cells hold where left out), ``number`` that of the caption (the
    next one where left out). Rows of a ``loose`` one need not stay on one page, however few they are.
    """

    key: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    strong: frozenset[int] = frozenset()
    notes: Sequence[str] = ()
    widths: Sequence[float] = ()
    size: float = 9
    number: int | None = None
    loose: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture with a caption below it; PNG bytes."""

    key: str
    caption: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Page:
    """A new page; what follows is set on upright or lying paper."""

    lying: bool = False


@dataclass(frozen=True)
class Cover:
    """The title page: title, what the paper is, and lines of facts."""

    title: str
    subtitle: str
    lines: Sequence[Parts]


@dataclass(frozen=True)
class Contents:
    """The table of contents."""

    title: str


Block = Heading | Text | Table | Picture | Page | Cover | Contents


@dataclass(frozen=True)
class Frame:
    """What stands on every page, how headings and tables are numbered, and the properties of the file.

    Captions of the tables of an annex are its headings, which the contents list.
    """

    language: Language
    title: str
    header: str
    footer: str
    lying: bool = False
    numbered: bool = True
    tables: Literal["table", "annex"] = "table"


def said(key: str, language: Language, /, **facts: Part | Parts | float) -> Parts:
    """Return the sentence ``key`` of the tables with ``facts`` in their places, whatever those hold.

    Parameters
    ----------
    facts
        Text, numbers, or parts such as `Blank` and `Reference`; braces in a fact are plain letters.

    Raises
    ------
    KeyError
        If no table has the key, or a fact is missing: both are mistakes in the program.
    """
    return tuple(_pieces(texts.entries()[key][language], facts))


def _pieces(sentence: str, facts: Mapping[str, Part | Parts | float]) -> Iterator[Part]:
    for literal, name, _form, _conversion in Formatter().parse(sentence):
        if literal:
            yield literal
        if name is not None:
            fact = facts[name]
            if isinstance(fact, tuple):
                yield from fact
            else:
                yield fact if isinstance(fact, Blank | Reference | Strong) else str(fact)


def titled(title: str, *, most: int = _TITLE_CELLS) -> str:
    """Return a title for a cover: one too long for a line goes on before its last bracket, never within it.

    Parameters
    ----------
    most
        Half letters that a line of the title page holds.
    """
    stem, bracket, _ = max((title.rpartition(mark) for mark in ("（", " (")), key=lambda found: len(found[0]))
    if "\n" in title or texts.cells(title) <= most or not stem or not bracket:
        return title
    return f"{stem}\n{title[len(stem) :].lstrip()}"


def plain(parts: Parts, labels: Mapping[str, str] | None = None) -> str:
    """Return parts as text: blanks in their brackets, references by their ``labels``."""
    return "".join(
        (labels or {}).get(part.key, part.key) if isinstance(part, Reference) else part if isinstance(part, str)
        else part.text
        for part in parts
    )  # fmt: skip
