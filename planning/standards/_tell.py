"""Room `planning.standards`: documents as rows for the command line and the reader of a report; data, not prints."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from planning import texts
from planning.standards._load import catalogue
from planning.standards._model import Clause, Standard

_COMPARED: Final = (
    "required",
    "unit_types",
    "levels",
    "kinds",
    "strength",
    "deadline",
    "setting",
    "households_from",
    "households_below",
    "area_type",
)
_BY_HAND: Final = ("manual", "statement")


def listing(language: texts.Language = "zh") -> list[dict[str, Any]]:
    """Return one row per standard that ships with the tool: documents first, then presets."""
    return [
        {
            "id": standard.id,
            "kind": texts.t(f"standard.kind.{standard.kind}", language),
            "status": texts.t(f"standard.status.{standard.status}", language),
            "issued": standard.issued,
            "clauses": len(standard.clauses),
            "title": standard.title_zh if language == "zh" else standard.title_en,
        }
        for standard in catalogue()
    ]


def rows(standard: Standard, language: texts.Language = "zh") -> list[dict[str, Any]]:
    """Return one row per clause, in the order of the document; a missing number reads 本文件未规定."""
    return [
        {
            "id": clause.id,
            "article": clause.article,
            "cls": clause.cls,
            "metric": clause.metric,
            "required": required(clause, language),
            "applies_to": clause.applies_to,
            "deadline": clause.deadline,
            "strength": texts.t(f"standard.strength.{clause.strength}", language),
            "text": clause.text_zh if language == "zh" else clause.text_en,
        }
        for clause in standard.clauses
    ]


def diff(first: Standard, second: Standard, language: texts.Language = "zh") -> list[dict[str, Any]]:
    """Return where two standards differ: one row per differing property, or per clause that only one of them has.

    Clauses are paired by id (two editions of one document), else by what they measure (two documents). Clauses
    entered by hand have nothing in common but their wording and are paired by id alone.
    """
    pairs = list(_pairs(first, second))
    return [row for one, other in pairs for row in _differences(one, other, language)]


def required(clause: Clause, language: texts.Language = "zh") -> str:
    """Return what a clause asks as text: ``≥ 30 m²/百户``, its parts joined by ``; ``, or 本文件未规定.

    A number of the plan's is said to be one: 本文件未规定；用户给定 ≥ 30 m²/百户.
    """
    said = asked(clause, language)
    return texts.t("standard.given", language, number=said) if clause.entered else said


def asked(clause: Clause, language: texts.Language = "zh") -> str:
    """Return the same without saying whose number it is."""
    if clause.parts:
        return "; ".join(_asked(part.comparator, part.value, clause, language) for part in clause.parts)
    if clause.value is None:
        return texts.t("standard.unstated", language)
    return _asked(clause.comparator, clause.value, clause, language)


def _asked(comparator: str, value: Decimal, clause: Clause, language: texts.Language) -> str:
    sign = {">=": "≥", "<=": "≤"}.get(comparator, comparator)
    if clause.unit == "act":
        return texts.t("standard.unit.act", language)
    if clause.unit == "share":
        return f"{sign} {(value * 100).normalize():f}%"
    unit = texts.t(f"standard.unit.{clause.unit}", language) + texts.t(f"standard.basis.{clause.basis}", language)
    return f"{sign} {value.normalize():f} {unit}"


def _pairs(first: Standard, second: Standard) -> Iterator[tuple[Clause | None, Clause | None]]:
    """Yield clauses that speak of the same thing, then those of the second document that were left over."""
    left = list(second.clauses)
    for clause in first.clauses:
        twin = next((other for other in left if other.id == clause.id), None) or next(
            (other for other in left if _theme(other) == _theme(clause) and clause.metric not in _BY_HAND), None
        )
        if twin is not None:
            left.remove(twin)
        yield clause, twin
    yield from ((None, clause) for clause in left)


def _theme(clause: Clause) -> tuple[Any, ...]:
    """Return what makes clauses of two documents comparable: the measure, whom it concerns, which tier."""
    return clause.metric, clause.applies_to, clause.basis, clause.levels[:1]


def _differences(one: Clause | None, other: Clause | None, language: texts.Language) -> Iterator[dict[str, Any]]:
    metric = (one or other).metric  # type: ignore[union-attr]
    head = {"first_id": one and one.id, "second_id": other and other.id, "metric": metric}
    if one is None or other is None:
        said = {"first": one and required(one, language), "second": other and required(other, language)}
        yield {**head, "property": "required", **said}
        return
    for name in _COMPARED:
        before, after = _property(one, name, language), _property(other, name, language)
        if before != after:
            yield {**head, "property": name, "first": before, "second": after}


_WORDS: Final = {
    "unit_types": "scorecard.type",
    "levels": "level",
    "kinds": "kind",
    "strength": "standard.strength",
    "setting": "standard.setting",
    "area_type": "standard.area_type",
}


def _property(clause: Clause, name: str, language: texts.Language) -> str:
    """Return one property of a clause as a person reads it."""
    if name == "required":
        return required(clause, language)
    value = getattr(clause, name)
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    said = [texts.t(f"{_WORDS[name]}.{one}", language) if name in _WORDS else str(one) for one in values]
    return texts.t("report.comma", language).join(said)
