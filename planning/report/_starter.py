"""Room `planning.report`: a template to start from, with a tag of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planning import texts, word
from planning.report._fields import CHAPTERS
from planning.texts import Language

_TABLES: Final[dict[str, tuple[str, ...]]] = {
    "facilities": ("facility_id", "name", "level", "status", "floor_area_m2", "beds", "in_service"),
    "gaps": ("residential_id", "name", "shortfall_m2", "verdict", "measure"),
    "near_term": ("rank", "name", "source", "floor_area_m2", "gain", "cost"),
}
_NUMBERS: Final = ("floor_area_m2", "beds", "shortfall_m2", "rank", "gain", "cost")
_WIDE: Final = {"name": 2.0, "measure": 2.4}
_AFTER: Final = {"situation": "facilities", "floor_area": "compliance", "siting": "layout"}


def starter(language: Language) -> bytes:
    """Return a template that renders as it is: cover, the chapters of the draft text, three tables, three maps."""
    frame = word.Frame(language, "template", "{{ plan.name }}", _say("footer", language))
    return word.write(list(_blocks(language)), frame)


def _say(key: str, language: Language) -> str:
    return texts.t(f"template.{key}", language)


def _blocks(language: Language) -> Iterator[word.Block]:
    lines: list[word.Parts] = [(_say("cover_standard", language),), (_say("cover_day", language),)]
    yield word.Cover("{{ plan.title }}", _say("subtitle", language), lines)
    yield word.Text((_say("hint", language),), "note")
    for chapter in CHAPTERS:
        yield word.Heading(texts.t(f"document.heading.{chapter}", language))
        yield word.Text((f"{{%p for line in text.{chapter} %}}",))
        yield word.Text(("{{ line }}",))
        yield word.Text(("{%p endfor %}",))
        if chapter in _AFTER:
            yield word.Text((f"{{{{ maps.{_AFTER[chapter]} }}}}",), "note")
    yield word.Heading(_say("tables", language))
    for name, columns in _TABLES.items():
        yield _table(name, columns)


def _table(name: str, columns: tuple[str, ...]) -> word.Table:
    empty = ("",) * (len(columns) - 1)
    rows = [
        (f"{{%tr for row in tables.{name}.rows %}}", *empty),
        tuple(f"{{{{ row.{column} }}}}" for column in columns),
        ("{%tr endfor %}", *empty),
        (f"{{%tr if tables.{name}.total %}}", *empty),
        tuple(f"{{{{ tables.{name}.total.{column} }}}}" for column in columns),
        ("{%tr endif %}", *empty),
    ]
    head = [f"{{{{ tables.{name}.head.{column} }}}}" for column in columns]
    numbers = frozenset(at for at, column in enumerate(columns) if column in _NUMBERS)
    widths = [_WIDE.get(column, 1.0) for column in columns]
    caption = f"{{{{ tables.{name}.title }}}}"
    return word.Table(name, caption, head, rows, numbers=numbers, strong=frozenset({4}), widths=widths, loose=True)
