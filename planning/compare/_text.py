"""Room `planning.compare`: the comparison as a text to be read, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pandas as pd

from planning import texts
from planning.compare import _sums, _values
from planning.compare._book import changes_by_area, facility_names
from planning.compare._faults import of as faults_of
from planning.compare._held import CATEGORIES, Comparison
from planning.compare._values import each
from planning.compare._words import Words
from planning.texts import Language

_MOST: Final = 200
_MARKS: Final = re.compile(r"([\\`*_\[\]<>#|~])")


def write(held: Comparison, language: Language) -> str:
    """Return the text: what changed and why, what differs, by street, coverage, areas, the rest, notes."""
    words = Words(held, language)
    parts = (_head, _summary, _why, _streets, _bridges, _areas, _others, _limits)
    return "\n\n".join("\n".join(part(held, words)).strip("\n") for part in parts) + "\n"


def plain(text: object) -> str:
    """Return a stranger's text on one line, inert in Markdown."""
    return _MARKS.sub(r"\\\1", texts.printable(str(text)))


def _head(held: Comparison, words: Words) -> Iterator[str]:
    yield f"# {words.say('heading', a=plain(held.a.name), b=plain(held.b.name))}"
    yield ""
    yield from (f"- {plain(line)}" for line in words.stamp())


def _summary(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.summary')}\n"
    totals = _sums.totals(held)
    yield words.say("text.totals", **totals)
    if held.changes.empty and held.cancelled.empty:
        yield f"\n{words.say('text.nothing')}"
        return
    if totals["changed"]:
        yield f"\n{words.say('text.by_cause', count=totals['changed'])}\n"
        for row in _sums.by_cause(held).to_dict("records"):
            households = "—" if _empty(row["households"]) else f"{row['households']:,.10g}"
            said = words.say("text.cause_line", cause=words.causes(row["cause"]), areas=row["areas"],
                             households=households)  # fmt: skip
            unknown = _sums.unstated(held, row["cause"])
            said += words.say("text.unstated", count=unknown) if unknown else ""
            yield f"- {said}"
    if len(held.cancelled):
        yield f"\n{words.say('text.cancelled', count=len(held.cancelled))}"


def _why(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.why')}\n"
    yield "\n\n".join(words.method())
    yield ""
    if not held.differences:
        yield words.say("text.no_difference")
        return
    rows = [tuple(row.values()) for row in words.differences()]
    yield from table([words.say(f"head.{name}") for name in ("cause", "key", "a", "b")], rows)


def _streets(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.streets')}\n"
    frame = _sums.by_street(held)
    names = [*CATEGORIES, "union"]
    rows = [(words.street(row["street"]), *(row[name] for name in names)) for row in frame.to_dict("records")]
    rows.append((words.say("total"), *(int(frame[name].sum()) for name in names)))
    heads = [words.say("head.street"), *(words.say(f"category.{name}") for name in names)]
    yield from table(heads, rows, numbers=len(names))


def _bridges(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.bridges')}\n"
    frame = _sums.bridges(held)
    moved = frame.groupby(["level", "weight"])["step"].transform("size") > 2
    rows = [
        (words.aspect(f"{row['level']}_status"), words.say(f"weight.{row['weight']}"), words.say(f"step.{row['step']}"),
         words.causes(row["cause"]), row["areas"], f"{row['amount']:,.10g}")
        for row in frame[moved].to_dict("records")
    ]  # fmt: skip
    heads = [words.say(f"head.{name}") for name in ("level", "weight", "step", "cause", "areas", "amount")]
    yield from table(heads, rows, numbers=2) if rows else [words.say("text.no_other")]


def _areas(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.areas')}\n"
    said = changes_by_area(held, words, status_only=True)
    shown = held.areas[held.areas["category"].isin(("changed", "added", "removed"))]
    for row in each(shown.head(_MOST)):
        what = said.get(str(row.Index), words.say(f"category.{row.category}"))
        name = row.name if isinstance(row.name, str) else row.Index
        facts = {"name": plain(name), "id": plain(row.Index), "street": plain(words.street(row.street)),
                 "what": plain(what), "cause": words.causes(row.cause)}  # fmt: skip
        yield f"- {words.say('text.area_line', **facts)}"
    if shown.empty:
        yield words.say("text.no_area")
    if len(shown) > _MOST:
        yield f"\n{words.say('text.more', count=len(shown) - _MOST)}"


def _others(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.others')}\n"
    rows = held.changes[held.changes["kind"] != "area"]
    names = facility_names(held)
    heads = [words.say(f"head.{name}") for name in ("kind", "id", "name", "what", "cause")]
    alone = _of_one_document(rows)
    shown = list(_summed(rows[alone], words)) + [
        (words.say(f"kind.{row.kind}"), words.subject(row.kind, row.id), names.get(row.id, ""), words.change(row),
         words.cause(row.sufficient, row.possible))
        for row in each(rows[~alone].head(_MOST))
    ]  # fmt: skip
    rows = rows[~alone]
    yield from table(heads, shown) if shown else [words.say("text.no_other")]
    if len(rows) > _MOST:
        yield f"\n{words.say('text.more', count=len(rows) - _MOST)}"


def _of_one_document(rows: pd.DataFrame) -> Any:
    """Say which rows are clauses that one run has and the other has not: another document brings dozens of them."""
    return (rows["kind"] == "clause") & (rows["aspect"] == _values.PRESENCE)


def _summed(rows: pd.DataFrame, words: Words) -> Iterator[tuple[str, ...]]:
    """Yield the clauses of one run alone, one line for each run and cause; the workbook lists them."""
    for _, group in rows.groupby(["before", "sufficient"], sort=True):
        first, *more = (words.subject("clause", name) for name in group["id"])
        row = next(each(group))
        said = words.say("clauses_of_one", first=first, count=len(group)) if more else first
        yield words.say("kind.clause"), said, "", words.change(row), words.cause(row.sufficient, row.possible)


def _limits(held: Comparison, words: Words) -> Iterator[str]:
    yield f"## {words.say('text.limits')}\n"
    for name in ("data", "network", "standard", "parameter", "siting", "program"):
        said = words.say("means", name=words.say(f"cause.{name}"), what=words.say(f"cause_means.{name}"))
        yield f"- {said}"
    for fault in faults_of(held):
        yield f"- {plain(fault.message(words.language))} {plain(fault.remedy(words.language))}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: int = 0) -> Iterator[str]:
    """Yield a Markdown table; the last ``numbers`` columns are set to the right."""
    yield f"| {' | '.join(map(plain, heads))} |"
    marks = ["---"] * (len(heads) - numbers) + ["---:"] * numbers
    yield f"| {' | '.join(marks)} |"
    for row in rows:
        yield f"| {' | '.join('' if _empty(cell) else plain(cell) for cell in row)} |"


def _empty(cell: Any) -> bool:
    return cell is None or bool(pd.isna(cell))
