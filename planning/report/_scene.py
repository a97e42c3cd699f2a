"""Room `planning.report`: what the chapters of the document are written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from planning import texts, word
from planning.report import _annexed, _figures, _grid
from planning.report._plates import Plate
from planning.report._sheet import Sheet
from planning.study import StudyResult
from planning.study.decided import Decided
from planning.texts import Language


@dataclass(frozen=True, eq=False)
class Scene:
    """A result, its language, the run it is, and the maps that go with it (by the atlas's keys).

    ``apart`` is said of sentences that go elsewhere without the tables of the text, into a template of somebody's own:
    they refer to the tables of the annex alone.
    """

    result: StudyResult
    language: Language
    run_id: str = ""
    plates: Mapping[str, Plate] = field(default_factory=dict)
    apart: bool = False

    @property
    def summary(self) -> Mapping[str, Any]:
        """Return the figures of ``summary.json``."""
        return self.result.summary

    @cached_property
    def told(self) -> Decided:
        """Return what siting was asked and decided, in sentences."""
        return Decided(self.result, self.language)

    def say(self, key: str, **facts: object) -> str:
        """Return a sentence of the document as text."""
        return texts.t(f"document.{key}", self.language, **facts)

    def parts(self, key: str, **facts: word.Part | word.Parts | float) -> word.Parts:
        """Return a sentence of the document with blanks and references kept as such."""
        return word.said(f"document.{key}", self.language, **facts)

    def blank(self, key: str) -> word.Blank:
        """Return a marked blank: something the tool does not know."""
        return word.Blank(self.say("blank", what=self.say(f"blanks.{key}")))

    def heading(self, key: str, level: Literal[1, 2, 3] = 1) -> word.Heading:
        """Return a heading."""
        return word.Heading(self.say(f"heading.{key}"), level)

    def text(self, key: str, **facts: word.Part | word.Parts | float) -> word.Text:
        """Return a paragraph."""
        return word.Text(self.parts(key, **facts))

    def warning(self, key: str, **facts: word.Part | word.Parts | float) -> word.Text:
        """Return a paragraph that must not be overlooked."""
        return word.Text(self.parts(key, **facts), "warning")

    def items(self, lines: Sequence[str]) -> list[word.Block]:
        """Return sentences as items of a list."""
        return [word.Text((line,), "item") for line in lines]

    def table(self, sheet: Sheet, key: str, **more: Any) -> word.Table:
        """Return a sheet of the workbook as a table."""
        return _grid.table(sheet, key, self.language, **more)

    def figure(self, key: str, title: str) -> word.Block:
        """Return a map, or the words that it is not there."""
        plate = self.plates.get(key)
        if plate is None:
            return word.Text(self.parts("no_figure", title=title), "note")
        caption = self.say("figure", title=plate.title, number=plate.number)
        return word.Picture(f"figure_{key}", caption, plate.data)

    def see(self, key: str) -> word.Part:
        """Return a mention of a table of the text by its key; of the annex where the text stands without its tables."""
        return _annexed.instead(key, self.language) if self.apart else word.Reference(key)

    def annex(self, key: str) -> str:
        """Return a mention of a table of the annex."""
        return _annexed.label(key, self.language)

    def beside(self, key: str, annex: str) -> word.Parts:
        """Return the words that send a reader on to a table of the annex; none where `see` has sent him there."""
        return () if self.apart else self.parts(key, annex=self.annex(annex))

    def level(self, name: str) -> str:
        """Return what a level is called."""
        return texts.t(f"level.{name}", self.language)

    def listed(self, words: Sequence[str]) -> str:
        """Return words as a list in a sentence."""
        return texts.t("report.comma", self.language).join(words)

    @staticmethod
    def count(value: Any) -> str:
        """Return people, households or areas as they stand in a sentence."""
        return _figures.count(value)

    @staticmethod
    def share(value: Any) -> str:
        """Return a share as it stands in a sentence."""
        return _figures.share(value)

    @staticmethod
    def m2(value: Any) -> str:
        """Return square metres as they stand in a sentence."""
        return _figures.square_metres(value)
