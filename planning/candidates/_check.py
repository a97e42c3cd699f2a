"""Room `planning.candidates`: what stands between the rules of a plan and the tables it brings, said at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from planning import units
from planning.candidates._distances import Around
from planning.candidates._rules import land_use_column, matches
from planning.errors import Fault
from planning.plan import MINIMUM, Screen

_READS: Final[Mapping[str, str]] = {
    "ownership": "ownership",
    "source": "source",
    "floor_area": "max_floor_area_m2",
    "storey": "storey",
    "available": "available_from",
}
_LISTED: Final = 12


def check(candidates: pd.DataFrame, rules: Sequence[Screen], around: Around, *, file: str = "") -> list[Fault]:
    """Return what keeps the rules from being applied to ``candidates``: every fault of every rule.

    Errors: a column the table has not (with the nearest it has), a layer the plan does not name or that has no row, a
    kind no place of the layer is of, a least size the document does not state, ``by = "walk"`` without a network.
    Warnings: a column without any value, a word or code that no candidate has.
    """
    faults = []
    for number, rule in enumerate(rules, start=1):
        at = f"siting.screen[{number}]"
        for code, severity, key, value, facts in _of(rule, candidates, around):
            faults.append(Fault(code, severity, file=file, column=f"{at}.{key}", value=value, facts=facts))
    return faults


_Said = tuple[str, Any, str, str, dict[str, Any]]


def _of(rule: Screen, candidates: pd.DataFrame, around: Around) -> Iterator[_Said]:
    """Yield code, severity, key, value and facts of each fault of one rule."""
    facts = rule.facts
    if rule.rule in ("away", "near"):
        yield from _layer(facts, "from" if rule.rule == "away" else "to", around)
    if rule.rule == "floor_area" and facts["at_least_m2"] == MINIMUM and not around.least_m2:
        yield "screen_no_minimum", "error", "at_least_m2", MINIMUM, {}
    if rule.rule == "land_use":
        yield from _land_use(facts, candidates, around)
    if rule.rule == "column":
        yield from _columns(facts["column"], candidates)
    column = facts.get("column") or _READS.get(rule.rule)
    if column is not None and column in candidates.columns:
        yield from _cells(rule, candidates[column], column)


def _layer(facts: Mapping[str, Any], key: str, around: Around) -> Iterator[_Said]:
    """Look for the layer and the kinds that a rule about distances names."""
    name = facts[key]
    layer = around.layers.get(name)
    if layer is None or not len(layer):
        yield "screen_layer_absent" if layer is None else "screen_layer_empty", "error", key, name, {}
        return
    present = sorted({str(kind) for kind in layer.get("kind", pd.Series(dtype="str")) if not units.is_missing(kind)})
    known = {units.normalise(kind) for kind in present}
    if facts.get("kinds") and "kind" not in layer:
        yield "screen_kinds_absent", "error", "kinds", name, {}
        return
    for kind in facts.get("kinds", ()):
        if units.normalise(kind) not in known:
            yield "screen_kind_unknown", "error", "kinds", kind, {"layer": name, **_near(kind, present)}


def _land_use(facts: Mapping[str, Any], candidates: pd.DataFrame, around: Around) -> Iterator[_Said]:
    column = land_use_column(candidates, facts)
    if "column" in facts:
        yield from _columns(facts["column"], candidates)
    elif column is None and "land_use" not in around.layers:
        yield "screen_land_use_absent", "error", "column", "land_use", {}
    elif column is None and not len(around.layers["land_use"]):
        yield "screen_layer_empty", "error", "rule", "land_use", {}


def _columns(column: str, candidates: pd.DataFrame) -> Iterator[_Said]:
    if column not in candidates.columns or column == "geometry":
        present = [str(name) for name in candidates.columns if name not in ("geometry", "source_row")]
        yield "screen_column_unknown", "error", "column", column, _near(column, present)


def _cells(rule: Screen, cells: pd.Series, column: str) -> Iterator[_Said]:
    """Say where a column tells nothing, and which words of the rule nothing in it answers to."""
    if len(cells) and all(map(units.is_missing, cells)):
        yield "screen_column_empty", "warning", "rule", column, {"rule": rule.rule}
        return
    key = "is" if "is" in rule.facts else "not"
    present = sorted({str(cell) for cell in cells if not units.is_missing(cell)})
    for word in rule.facts.get(key, ()):
        if not any(matches(cell, [word]) for cell in present):
            yield (
                "screen_word_unmatched",
                "warning",
                key,
                str(word),
                {"column_name": column, **_near(str(word), present)},
            )


def _near(word: str, known: Collection[str]) -> dict[str, Any]:
    """Return the nearest of the words known, and a list of them."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.3)
    more = " …" if len(words) > _LISTED else ""
    nearest = near[0] if near else (words[0] if words else "—")
    return {"nearest": nearest, "present": "、".join(words[:_LISTED]) + more or "—"}
