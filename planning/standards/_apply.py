"""Room `planning.standards`: the plan's ``[standards]`` switches laid over a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from planning import texts
from planning.errors import Fault, refuse
from planning.standards import _numbers
from planning.standards._model import MINIMUM, RATE, Built, Clause, Standard

BUILT: Final[tuple[Built, ...]] = ("new", "existing")
RATES: Final = "area_per_100_households"


def apply(standard: Standard, switches: Mapping[str, Any]) -> Standard:
    """Return ``standard`` as the plan reads it.

    Parameters
    ----------
    standard : Standard
        A document as loaded; one that was applied already may be applied again.
    switches : mapping
        ``[standards]`` of the plan file: readings of ambiguities, and under ``area_per_100_households`` and
        ``numbers`` (by clause id) numbers for what the document leaves open. Those become clauses marked ``entered``
        whose source is 用户给定.

    Raises
    ------
    InputRefused
        For a number given where the document states one, or where none can be used; with every fault.
    """
    rates, numbers = switches.get(RATES, {}), switches.get(_numbers.NUMBERS, {})
    rated = {silent.id for metric, built, _ in _numbers_of(rates) if (silent := _find(standard.clauses, metric, built))}
    refuse([*_overwritten(standard, rates), *_numbers.faults(standard.clauses, numbers, rated)])
    clauses = tuple(_read_as(clause, {**standard.switches, **switches}) for clause in standard.clauses)
    clauses = _numbers.fill(_with_numbers(clauses, rates), numbers)
    written = standard.written or (() if clauses == standard.clauses else standard.clauses)
    readings = {name: value for name, value in switches.items() if name not in (RATES, _numbers.NUMBERS)}
    return replace(
        standard,
        clauses=clauses,
        written=written,
        switches={**standard.switches, **readings},
        pooling=bool(switches.get("pooling", standard.pooling)),
        changed=tuple(sorted({*standard.changed, *switches})),
    )


def _numbers_of(given: Mapping[str, Any]) -> Iterator[tuple[str, Built, Decimal]]:
    """Yield what the plan brings: metric, new or existing, value."""
    for built in BUILT:
        if built in given:
            yield RATE, built, Decimal(str(given[built]))
        if built in given.get("single_minimum_m2", {}):
            yield MINIMUM, built, Decimal(str(given["single_minimum_m2"][built]))


def _key(metric: str, built: Built) -> str:
    return f"{RATES}.{built}" if metric == RATE else f"{RATES}.single_minimum_m2.{built}"


def _find(clauses: tuple[Clause, ...], metric: str, built: Built) -> Clause | None:
    of_metric = (clause for clause in clauses if clause.metric == metric and clause.applies_to in (built, None))
    return next(of_metric, None)


def _overwritten(standard: Standard, given: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield each number the plan gives although the document states one."""
    for metric, built, value in _numbers_of(given):
        clause = _find(standard.clauses, metric, built)
        if clause is not None and clause.value is not None and not clause.entered:
            facts = {"clause": clause.id, "article": clause.article, "stated": str(clause.value)}
            yield Fault(
                "standard_number_stated", column=f"standards.{_key(metric, built)}", value=str(value), facts=facts
            )


def _read_as(clause: Clause, switches: Mapping[str, Any]) -> Clause:
    """Return a clause under the plan's reading of its ambiguities."""
    if switches.get("before_year") == "within" and clause.deadline_within is not None:
        clause = replace(clause, deadline=clause.deadline_within)
    if "centre_unit_types" in switches and "A21" in clause.ambiguities:
        clause = replace(clause, unit_types=tuple(switches["centre_unit_types"]))
    return clause


def _with_numbers(clauses: tuple[Clause, ...], given: Mapping[str, Any]) -> tuple[Clause, ...]:
    """Return the clauses with the plan's numbers in the places the document leaves open."""
    for metric, built, value in _numbers_of(given):
        silent = _find(clauses, metric, built)
        if silent is None:
            clauses = (*clauses, _own(metric, built, value))
        else:
            filled = replace(silent, value=value, entered=True, source=texts.t("standard.entered_by_plan"))
            clauses = tuple(filled if clause is silent else clause for clause in clauses)
    return clauses


def _own(metric: str, built: Built, value: Decimal) -> Clause:
    """Return a clause that only the plan knows."""
    return Clause(
        id=f"plan.{'rate' if metric == RATE else 'minimum'}.{built}",
        article=texts.t("standard.entered_by_plan"),
        text_zh=texts.t(f"standard.own.{metric}.{built}", "zh"),
        text_en=texts.t(f"standard.own.{metric}.{built}", "en"),
        cls="S",
        metric=metric,
        comparator=">=",
        value=value,
        unit="m2",
        owed_by="residential",
        source=texts.t("standard.entered_by_plan"),
        basis="100_households" if metric == RATE else "none",
        applies_to=built,
        area_type="unspecified",
        entered=True,
    )
