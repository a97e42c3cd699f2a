"""Room `planning.report`: what a sheet is, and the words that all sheets share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import pandas as pd

from planning import crs as crss
from planning import standards, tables, texts
from planning.study import StudyResult
from planning.texts import Language

Kind = Literal["text", "whole", "m2", "m", "share", "plain", "act"]
_KIND_OF_UNIT: Final[Mapping[str, Kind]] = {"m2": "m2", "share": "share", "act": "act"}
Say = Callable[..., str]


@dataclass(frozen=True)
class Heading:
    """A column of a sheet: the name in the rows, what a person reads, how its numbers are shown."""

    name: str
    label: str
    kind: Kind


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table ready to be printed; ``totals`` are sums of additive columns, ``total_shares`` do not add.

    ``kinds`` says, for columns whose rows are not all shown alike, how each row is; ``groups`` names the column that
    parts the rows into blocks of which the last is the total, the sum of the ``additive`` columns of the others.
    ``ratios`` says of a share which column it divides by the sum of which. A ``bare`` sheet begins with its headings;
    a ``protected`` one cannot be written over by mistake.
    """

    name: str
    title: str
    columns: Sequence[Heading]
    rows: pd.DataFrame
    notes: Sequence[str] = ()
    total_label: str = ""
    totals: Mapping[str, float] = field(default_factory=dict)
    total_shares: Mapping[str, float] = field(default_factory=dict)
    frozen: int = 1
    kinds: Mapping[str, Sequence[Kind]] = field(default_factory=dict)
    groups: str = ""
    bare: bool = False
    additive: Sequence[str] = ()
    ratios: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    protected: bool = False

    def footed(
        self,
        *,
        groups: str = "",
        additive: Sequence[str] = (),
        ratios: Mapping[str, tuple[str, Sequence[str]]],
        frozen: int | None = None,
    ) -> Sheet:
        """Return the sheet with what a reader would check: sums by block, and shares of what."""
        frozen = self.frozen if frozen is None else frozen
        return replace(self, groups=groups or self.groups, additive=additive, ratios=ratios, frozen=frozen)


def stamp(result: StudyResult, language: Language) -> tuple[str, ...]:
    """Return the lines every sheet carries: standard and its force, day, CRS, speed, the user's numbers, notes."""
    plan = result.inputs.plan
    line = texts.t(
        "report.stamp",
        language,
        standard=_title_and_force(result, language),
        as_of=plan.as_of.isoformat(),
        crs=crss.said(result.inputs.crs, language),
        speed=f"{plan.walk.speed_m_per_s:g}",
    )
    return (line, *given_numbers(result, language), *plan.notes)


def _title_and_force(result: StudyResult, language: Language) -> str:
    """Return the document's title with whether it is in force, once: many a draft says so in its title."""
    title = standard_title(result, language)
    force = texts.t(f"report.status_{result.inputs.standard.status}", language)
    return title if force.lower() in title.lower() else texts.t("report.named", language, name=title, id=force)


def given_numbers(result: StudyResult, language: Language) -> tuple[str, ...]:
    """Return one line with the numbers that the plan gives where the document is silent; none without such."""
    given = [clause for clause in result.inputs.standard.clauses if clause.entered]
    numbers = texts.t("report.semicolon", language).join(
        f"{clause.id} {standards.asked(clause, language)}" for clause in given
    )
    return (texts.t("standard.given_list", language, numbers=numbers),) if given else ()


def standard_title(result: StudyResult, language: Language) -> str:
    """Return the document's title."""
    return result.inputs.standard.title_zh if language == "zh" else result.inputs.standard.title_en


def total_label(language: Language) -> str:
    """Return what a total row is called."""
    return texts.t("report.total_row", language)


def kinds_of_units(units: Iterable[Any]) -> list[Kind]:
    """Return how figures in the units of clauses are shown: shares as per cent, acts as yes and no."""
    return [_KIND_OF_UNIT.get(str(unit), "plain") for unit in units]


def shown_in_unit(value: float, unit: Any, language: Language) -> str:
    """Return a figure in a sentence, in the unit of its clause."""
    if unit == "share":
        return f"{value:.1%}"
    if unit == "act":
        return texts.t("report.yes" if value else "report.no", language)
    return f"{value:,.10g}"


def speaker(language: Language) -> Say:
    """Return `texts.t` in one language."""

    def say(key: str, **facts: object) -> str:
        return texts.t(key, language, **facts)

    return say


def column_label(table: str, column: str, *, language: Language) -> str:
    """Return what an input table calls a column, as a heading begins."""
    label = tables.contract(table).columns[column].label(language)
    return label[:1].upper() + label[1:]


def headings(columns: Mapping[str, Kind], prefix: str, language: Language) -> list[Heading]:
    """Return one heading a column; its label is the text whose key is ``prefix`` and the name."""
    return [Heading(name, texts.t(f"{prefix}{name}", language), kind) for name, kind in columns.items()]


def words_of(prefix: str, language: Language) -> dict[str, str]:
    """Return the words of a choice, ``{canonical: what a person reads}``."""
    dotted = f"{prefix}."
    return {key[len(dotted) :]: entry[language] for key, entry in texts.entries().items() if key.startswith(dotted)}


def yes_no(language: Language) -> dict[bool, str]:
    """Return the words for true and false."""
    return {True: texts.t("report.yes", language), False: texts.t("report.no", language)}


def sentences(codes: Any, prefix: str, language: Language) -> str | None:
    """Return reason codes as sentences; a code without a sentence is shown as it is."""
    if codes is None or pd.isna(codes) or not codes:
        return None
    said = [f"{prefix}.{code}" for code in str(codes).split(";")]
    words = [texts.t(key, language) if texts.has(key) else key.rsplit(".", 1)[-1] for key in said]
    return texts.t("report.semicolon", language).join(words)


def listed(joined: Any, language: Language) -> str | None:
    """Return ids joined by ``;`` as a list in a sentence."""
    return None if pd.isna(joined) else texts.t("report.comma", language).join(str(joined).split(";"))


def subject_names(result: StudyResult) -> dict[str, str]:
    """Return what areas and units are called; of a name that several bear each is told with its id."""
    areas, units = result.residential[["residential_id", "name"]], result.units[["unit_id", "name"]]
    pairs = pd.concat([pd.DataFrame(table).set_axis(["id", "name"], axis=1) for table in (areas, units)])
    pairs = pairs.dropna().astype("str").drop_duplicates("id")
    twice = pairs["name"].duplicated(keep=False)
    return dict(zip(pairs["id"], pairs["name"].mask(twice, pairs["name"] + " " + pairs["id"]), strict=True))


def listed_names(joined: Any, names: Mapping[str, str], language: Language) -> str | None:
    """Return ids joined by ``;`` as a list of names; an id without a name stands as it is."""
    if pd.isna(joined):
        return None
    return texts.t("report.comma", language).join(names.get(one, one) for one in str(joined).split(";"))


def sums_of(rows: pd.DataFrame, *columns: str) -> dict[str, float]:
    """Return the sums of additive columns; a column without any known cell has none."""
    return {name: math.fsum(rows[name].dropna()) for name in columns if rows[name].notna().any()}


def shown_number(value: Any) -> str:
    """Return a number for a sentence, a dash where there is none."""
    return "—" if value is None else f"{value:,.10g}"


def plain_frame(rows: Sequence[Mapping[Any, Any]], columns: Sequence[Heading]) -> pd.DataFrame:
    """Return rows as a frame of plain objects with exactly the sheet's columns."""
    return pd.DataFrame(rows, columns=[column.name for column in columns]).astype(object)
