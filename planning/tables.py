"""The contracts of the tables: which columns, in which unit, under which names, and where each row ended up.

The words stand in ``tables.toml``; this module only reads it. Whoever reads a file (`planning.sources`) holds it
against a contract; whoever computes trusts the canonical columns.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import pandas as pd

from planning import texts

Kind = Literal["id", "ids", "text", "number", "integer", "date", "flag", "choice"]

LEVELS: Final = ("county", "street", "community", "village")
UNIT_TYPES: Final = ("county", "street", "town", "community", "village")
IN_SERVICE: Final = ("handed_over", "operating")
WEIGHTS: Final = ("households", "residents", "elderly")
AGE_BANDS: Final = ("elderly_80",)  # of the elderly; in a sum where any area states them
LEDGER_COLUMNS: Final = ("table", "file", "layer", "row", "id", "outcome", "reasons", "column", "value", "remedy")


@dataclass(frozen=True)
class Column:
    """One canonical column."""

    name: str
    kind: Kind
    zh: str
    en: str
    unit: str = ""
    required: bool = False
    may_be_empty: bool = False
    sums: bool = False
    aliases: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def label(self, language: texts.Language) -> str:
        """Return the heading a person reads."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Table:
    """The contract of one input table; the first column is its key, except in tables that only refer."""

    name: str
    columns: Mapping[str, Column]
    geometry: tuple[str, ...]
    needs_geometry: bool

    @property
    def key(self) -> str | None:
        """Return the id column, or None where rows have no id of their own (gates, pools, indicators)."""
        first = next(iter(self.columns))
        return None if self.name in ("entrances", "pools", "indicators") else first


@cache
def contracts() -> Mapping[str, Table]:
    """Return every contract by table name."""
    words = tomllib.loads((resources.files("planning") / "tables.toml").read_text(encoding="utf-8"))
    choices = words.pop("choices")
    return {name: _table(name, words, choices) for name in words}


def contract(name: str) -> Table:
    """Return the contract of table ``name``."""
    return contracts()[name]


def input_name(name: str, language: texts.Language) -> str:
    """Return what a planner calls an input; ``<input>.table`` is its table of attributes, an unknown name itself."""
    base, _, part = name.partition(".")
    key = f"ui.input.{base}"
    said = texts.t(key, language) if texts.has(key) else base
    return texts.t("quality.attributes", language, table=said) if part == "table" else said


def ledger_frame(rows: list[Mapping[str, Any]]) -> pd.DataFrame:
    """Return ledger rows as a table with `LEDGER_COLUMNS`; one row per input row, reasons joined by ``;``."""
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def _table(name: str, words: Mapping[str, Any], choices: Mapping[str, Any]) -> Table:
    entry = words[name]
    columns = dict(words[entry["extends"]]["columns"]) if "extends" in entry else {}
    columns |= entry["columns"]
    return Table(
        name=name,
        columns={column: _column(column, facts, choices) for column, facts in columns.items()},
        geometry=tuple(entry["geometry"]),
        needs_geometry=entry["needs_geometry"],
    )


def _column(name: str, facts: Mapping[str, Any], choices: Mapping[str, Any]) -> Column:
    words = choices.get(name, {}) if facts["kind"] == "choice" else {}
    return Column(
        name=name,
        kind=facts["kind"],
        zh=facts["zh"],
        en=facts["en"],
        unit=facts.get("unit", ""),
        required=facts.get("required", False),
        may_be_empty=facts.get("may_be_empty", False),
        sums=facts.get("sums", False),
        aliases=tuple(facts["aliases"]),
        choices={word: tuple(said) for word, said in words.items()},
    )
