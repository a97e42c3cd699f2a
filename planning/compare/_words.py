"""Room `planning.compare`: how values, causes and kinds are said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planning import report, texts
from planning.compare import _keys, _values
from planning.compare._attribute import UNPROVEN
from planning.compare._held import Comparison
from planning.tables import LEVELS, contract
from planning.texts import Language

_FLAGS: Final = frozenset(
    {"rate_ok", "unit_ok", "in_service", "outside_area", "counts_for_quota", "size_ok", "overdue"}
)
_SHARES: Final = ("share",)
_LONG, _BEFORE = 120, 12  # letters of a value that are shown, and of those before the first that differs


@dataclass(frozen=True, eq=False)
class Words:
    """A comparison's words in one language."""

    held: Comparison
    language: Language

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence ``compare.<key>``."""
        return texts.t(f"compare.{key}", self.language, **facts)

    def cause(self, label: str, possible: str = "") -> str:
        """Return a label of causes as a person reads it; ``possible`` is said where nothing is proven."""
        if label in ("", UNPROVEN):
            return self.say("unproven", causes=self._any(possible)) if possible else self._not_known()
        if label == "own":
            return self.say("cause.own")
        sets = [one.split("+") for one in label.split("|")]
        said = [self.say("and").join(self.say(f"cause.{cause}") for cause in one) for one in sets]
        joined = self.say("either").join(said)
        if len(sets) == 1:
            return joined if len(sets[0]) == 1 else self.say("only_together", causes=joined)
        return self.say("alone_each" if max(map(len, sets)) == 1 else "several", causes=joined)

    def causes(self, joined: str) -> str:
        """Return the labels of an area, which are joined by ``;``."""
        return self.say("semicolon").join(self.cause(one) for one in joined.split(";")) if joined else ""

    def _not_known(self) -> str:
        return self.say("unproven_short" if self.held.differing else "unexplained")

    def _any(self, possible: str) -> str:
        return self.say("comma").join(self.say(f"cause.{one}") for one in possible.split("|"))

    def listed(self, causes: Any) -> str:
        """Return causes as a list in a sentence."""
        return self.say("comma").join(self.say(f"cause.{one}") for one in causes) or self.say("none")

    def aspect(self, name: str) -> str:
        """Return what an aspect is called."""
        for level in LEVELS:
            if name.startswith(f"{level}_") and name.removeprefix(f"{level}_") in _values.LEVEL_ASPECTS:
                said = texts.t(f"level.{level}", self.language)
                return self.say(f"of_level.{name.removeprefix(f'{level}_')}", level=said)
        if texts.has(f"compare.aspect.{name}"):
            return self.say(f"aspect.{name}")
        return contract("candidates").columns[name].label(self.language)

    def value(self, aspect: str, word: str) -> str:
        """Return a value as a person reads it."""
        if aspect == _values.PRESENCE:
            return self.say("value.not_there" if word == _values.ABSENT else "value.there")
        if word == _values.ABSENT:
            return self.say("value.absent")
        value = _values.value_of(word)
        if value is None:
            return self.say("value.missing")
        return self._number(aspect, value) if isinstance(value, float) else self._text(aspect, value)

    @staticmethod
    def is_share(aspect: str) -> bool:
        """Say whether a value is a part of a whole, shown in per cent."""
        return aspect.endswith(_SHARES)

    def _number(self, aspect: str, value: float) -> str:
        if aspect in _FLAGS:
            return self.say("yes" if value else "no")
        if self.is_share(aspect):
            return f"{value:.2%}"
        return f"{value:,.10g}"

    def _text(self, aspect: str, value: str) -> str:
        if aspect == "reason":
            prefixes = ("compliance.reason", "indicators.reason")
            return next((said for one in prefixes if (said := self._sentences(value, one)) != value), value)
        if aspect == "street":
            return self.street(value)
        if aspect == "place":
            return value.partition(" #")[0]
        for prefix in self._tables(aspect):
            if texts.has(f"{prefix}.{value}"):
                return texts.t(f"{prefix}.{value}", self.language)
        return texts.printable(value)

    def _sentences(self, codes: str, prefix: str) -> str:
        said = [f"{prefix}.{code}" for code in codes.split(";")]
        known = [texts.t(key, self.language) if texts.has(key) else key.rsplit(".", 1)[-1] for key in said]
        return self.say("semicolon").join(known)

    def _tables(self, aspect: str) -> tuple[str, ...]:
        """Return the tables of texts in which the words of an aspect stand."""
        if aspect.endswith("_status"):
            return ("coverage.status",)
        known = {
            "verdict": ("verdict",),
            "paper_verdict": ("verdict",),
            "status": ("status", "siting_status"),
            "kind": ("kind",),
            "level": ("level",),
            "built_used": ("report.built",),
            "source": ("source",),
        }
        return known.get(aspect, ())

    def street(self, unit_id: Any) -> str:
        """Return what a street is called."""
        if unit_id is None or pd.isna(unit_id) or unit_id == "":
            return self.say("no_street")
        names = {**self.held.a.street_names, **self.held.b.street_names}
        return texts.printable(str(names.get(unit_id, unit_id)))

    def change(self, row: Any) -> str:
        """Return one changed value as ``what: before → after``."""
        if row.aspect == _values.PRESENCE:
            return self.say("only_in", run="B" if row.before == _values.ABSENT else "A")
        before, after = self.value(row.aspect, row.before), self.value(row.aspect, row.after)
        if row.aspect == "place" and before == after:
            return self.say("place_moved")
        return self.say("means", name=self.aspect(row.aspect), what=f"{before} → {after}")

    def subject(self, kind: str, name: str) -> str:
        """Return the id of what changed to be read; of a clause its number and whom it is about, of the plan none."""
        if kind == "siting":
            return ""
        clause, _, whose = name.partition(" ")
        if kind != "clause" or not whose:
            return name
        subject, mark, again = whose.partition(" #")
        said = self.say("whole_plan") if subject == "plan" else self.street(subject)
        return self.say("of_whom", name=clause, whose=f"{said}{mark}{again}")

    def differences(self) -> list[dict[str, str]]:
        """Return what differs between the records of the runs, one a row: cause, key, and both values in words."""
        return [
            {"cause": self.say(f"cause.{one.cause or 'nothing'}"), "key": _keys.named(one.key, self.language),
             **dict(zip("ab", self._pair(one.key, one.a, one.b), strict=True))}
            for one in self.held.differences
        ]  # fmt: skip

    def _pair(self, key: str, a: str, b: str) -> list[str]:
        """Return two values to be read; long ones from where they part."""
        pair = [_keys.shown(key, text, self.language) for text in (a, b)]
        shared = next((at for at, (x, y) in enumerate(zip(*pair, strict=False)) if x != y), 0)
        start = max(0, shared - _BEFORE) if max(map(len, pair)) > _LONG else 0
        cut = [f"…{text[start:]}" if start else text for text in pair]
        return [f"{text[:_LONG]}…" if len(text) > _LONG else text for text in cut]

    def stamp(self) -> tuple[str, str]:
        """Return one line on each run."""
        return self._run("A", self.held.a), self._run("B", self.held.b)

    def _run(self, letter: str, side: Any) -> str:
        standard = side.summary["standard"]
        return self.say(
            "run_line",
            letter=letter,
            folder=side.name,
            plan=texts.printable(str(side.record["plan"]["name"])),
            run_id=side.run_id,
            as_of=side.record["parameters"]["as_of"],
            standard=standard["title_zh" if self.language == "zh" else "title_en"],
        )

    def method(self) -> tuple[str, ...]:
        """Return how the causes were found."""
        held, corners = self.held, self.held.corners
        named = self.listed(held.differing)
        count = 0 if corners is None else 1 << len(corners.active)
        said = [self.say(f"method.{held.method}", causes=named, corners=count)]
        if corners is not None and corners.idle:
            said.append(self.say("method.idle", causes=self.listed(corners.idle)))
        return (*said, *([self.say("method.reads")] if held.method != "same" else []))


def heading(name: str, kind: Any, words: Words) -> report.Heading:
    """Return a column of a sheet."""
    return report.Heading(name, words.say(f"head.{name}"), kind)
