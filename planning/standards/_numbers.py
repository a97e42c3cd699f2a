"""Room `planning.standards`: numbers a plan gives, clause by clause, where the document states none."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from planning import texts
from planning.errors import Fault
from planning.keys import Kind
from planning.standards._model import POOLING, Clause

NUMBERS: Final = "numbers"
_WHOLE: Final = ("count", "households", "persons", "person_times", "beds", "star")
_MOST: Final[Mapping[str, Decimal]] = {"share": Decimal(1), "star": Decimal(5), "m": Decimal(20000)}
_MOST_OF_OTHERS: Final = Decimal(10) ** 9


def takes_number(clause: Clause) -> bool:
    """Say whether a plan may give the clause a number: it has none, and a figure can be held against one.

    Whether areas may pool, and acts without a measure, are not a matter of more or less.
    """
    silent = clause.value is None or clause.entered
    return silent and not clause.parts and clause.metric != POOLING and clause.unit != "act"


def fill(clauses: tuple[Clause, ...], given: Mapping[str, Any]) -> tuple[Clause, ...]:
    """Return the clauses with the plan's numbers in the places the document leaves open."""
    source = texts.t("standard.entered_by_plan")
    return tuple(
        replace(clause, value=Decimal(str(given[clause.id])), entered=True, source=source)
        if clause.id in given
        else clause
        for clause in clauses
    )


def faults(clauses: tuple[Clause, ...], given: Mapping[str, Any], elsewhere: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong with the plan's numbers; ``elsewhere`` are clauses that another key fills already."""
    known = {clause.id: clause for clause in clauses}
    open_ids = [clause.id for clause in clauses if takes_number(clause)]
    for name, value in given.items():
        clause = known.get(name)
        if clause is None:
            yield _fault("standard_number_unknown", name, value, **_near(name, open_ids, list(known)))
        elif clause.stated and not clause.entered:
            yield _fault("standard_number_stated", name, value, article=clause.article, **_stated(clause))
        elif not takes_number(clause):
            yield _fault("standard_number_not_asked", name, value, article=clause.article, **_near(name, open_ids, []))
        elif name in elsewhere:
            yield _fault("standard_number_twice", name, value, clause=name)
        elif not (kind := accepted(clause)).accepts(value):
            unit = {f"unit_{language}": _unit(clause, language) for language in ("zh", "en")}
            facts = {"clause": name, "expected_zh": kind.zh, "expected_en": kind.en, **unit}
            yield _fault("standard_number_range", name, value, **facts)


def accepted(clause: Clause) -> Kind:
    """Return which numbers the clause can ask for: of its unit, and none that everything would meet."""
    at_least = clause.comparator in (">=", ">", "<")  # a target of 0 would be met, or missed, by whatever there is
    most, whole = _MOST.get(clause.unit, _MOST_OF_OTHERS), clause.unit in _WHOLE

    def accepts(value: Any) -> bool:
        number = Decimal(str(value))
        in_range = (number > 0 if at_least else number >= 0) and number <= most
        return in_range and (not whole or number == int(number))

    zh = f"{'大于' if at_least else '不小于'} 0、不超过 {most:,f} 的{'整数' if whole else '数'}"
    en = f"a {'whole ' if whole else ''}number {'above' if at_least else 'from'} 0 up to {most:,f}"
    if clause.unit == "share":
        zh, en = f"{zh}（80% 写 0.8）", f"{en} (80 % is written 0.8)"
    return Kind(accepts, zh, en)


def _unit(clause: Clause, language: str) -> str:
    said = [texts.t(f"standard.{part}", language) for part in (f"unit.{clause.unit}", f"basis.{clause.basis}")]  # type: ignore[arg-type]
    return "".join(said)


def _stated(clause: Clause) -> dict[str, str]:
    numbers = [part.value for part in clause.parts] if clause.parts else [clause.value]
    return {"clause": clause.id, "stated": "、".join(str(number) for number in numbers)}


def _near(name: str, open_ids: list[str], all_ids: list[str]) -> dict[str, str]:
    """Return the clause that may be meant, and all that a plan may give a number."""
    meant = [one for one in all_ids if _plain(one) == _plain(name)]
    near = meant or difflib.get_close_matches(name, open_ids or all_ids, n=1, cutoff=0.0)
    none_zh, none_en = ("、".join(open_ids), ", ".join(open_ids)) if open_ids else ("无", "none")
    return {"nearest": near[0] if near else "", "open_zh": none_zh, "open_en": none_en}


def _plain(name: str) -> str:
    """Return an id without what people leave out: sx-4 is SX-04."""
    head, _, number = name.casefold().rpartition("-")
    return f"{head}-{number.lstrip('0')}"


def _fault(code: str, name: str, value: Any, **facts: str) -> Fault:
    return Fault(code, column=f"standards.{NUMBERS}.{name}", value=str(value), facts={"clause": name, **facts})
