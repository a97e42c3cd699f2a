"""Room `siting`: why the sites, and why not the others: drops, substitutes, and a reason for every candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from planning.siting._explain_best import Question
from planning.siting._explain_measure import Change
from planning.siting._explain_rules import Rule, named
from planning.siting._explain_sums import Pays, Total
from planning.siting._units import Flags, Floats, Ints

DROPS = {
    "facility_id": "object",
    "rank": "int64",
    "objective": "float64",
    "loss": "float64",
    "loss_share": "float64",
    "left_out": "float64",
    "only_here": "int64",
    "rules": "str",
    "subjects": "str",
}
SWAPS = {
    "facility_id": "object",
    "order": "int64",
    "alternative": "object",
    "objective": "float64",
    "loss": "float64",
    "loss_share": "float64",
    "left_out": "float64",
    "tie": "bool",
}
WHY_NOT = {
    "facility_id": "object",
    "reason": "str",
    "other": "object",
    "in_place_of": "object",
    "objective": "float64",
    "loss": "float64",
    "loss_share": "float64",
    "left_out": "float64",
    "adds": "float64",
    "rules": "str",
    "subjects": "str",
}


@dataclass(frozen=True)
class Look:
    """A plan's sites in positions, ascending, and what every single change does to it."""

    question: Question
    sites: Ints
    drop: Change
    add: Change
    swap: Change
    allowed: Flags
    by_rule: list[tuple[Rule, Flags]]

    @classmethod
    def at(cls, question: Question, sites: Ints) -> Look:
        """Work out every drop, addition and exchange."""
        measure = question.measure
        by_rule = question.rules.swaps(sites)
        free = np.ones((len(sites), len(question.ask.candidates)), dtype=bool)
        return cls(
            question,
            sites,
            measure.drop(sites),
            measure.add(sites),
            measure.swap(sites),
            np.all([free, *(mask for _, mask in by_rule)], axis=0),
            by_rule,
        )

    @property
    def rest(self) -> Ints:
        """Return the candidates that were not chosen."""
        return np.setdiff1d(np.arange(len(self.question.ask.candidates)), self.sites)

    def figures(self, change: Change) -> tuple[Floats, Floats, Floats, Floats]:
        """Return objective, loss, its share of the plan's objective, and the demand left out by each change."""
        measure = self.question.measure
        loss, base = measure.loss(change), measure.base(self.sites)
        share = loss / base if base else np.full(loss.shape, np.nan)
        return change.objective, loss, share, measure.people(change)


def drops(look: Look, ranked: Sequence[Any]) -> pd.DataFrame:
    """Return what the plan would be without each of its sites, in rank order."""
    question = look.question
    objective, loss, share, left = look.figures(look.drop)
    own = _served_alone(question.measure.left, look.sites)
    by_id = {one: at for at, one in enumerate(question.ids(look.sites))}
    order = [by_id[one] for one in ranked]
    keeping = [named(broken) for broken in question.rules.keeping(look.sites)]
    rows = {
        "facility_id": list(ranked),
        "rank": np.arange(1, len(order) + 1),
        "objective": objective[order],
        "loss": loss[order],
        "loss_share": share[order],
        "left_out": left[order],
        "only_here": own[order],
        "rules": [keeping[at][0] for at in order],
        "subjects": [keeping[at][1] for at in order],
    }
    return frame(rows, DROPS)


def _served_alone(left: Total, sites: Ints) -> Ints:
    """Return how many demands with a weight each site alone serves."""
    first, second, nearest = left.two(sites)
    lonely = (first == 0) & (second == 1) & (left.weight > 0)
    return np.bincount(nearest[lonely], minlength=len(sites) + 1)[: len(sites)].astype(np.int64)


def swaps(look: Look, ranked: Sequence[Any], *, most: int) -> pd.DataFrame:
    """Return for each site the ``most`` candidates that could best take its place, the best first, ties by id."""
    question, rest = look.question, look.rest
    objective, loss, share, left = look.figures(look.swap)
    ranks = look.swap.order()
    by_id = {one: at for at, one in enumerate(question.ids(look.sites))}
    found: list[tuple[int, int, int]] = []
    for at in (by_id[one] for one in ranked):
        fit = rest[look.allowed[at, rest]]
        best = fit[np.argsort(ranks[at, fit], kind="stable")[:most]]
        found += [(at, order, int(other)) for order, other in enumerate(best, start=1)]
    out, order, into = (
        np.array(column, dtype=np.int64) for column in (zip(*found, strict=True) if found else ((),) * 3)
    )
    rows = {
        "facility_id": [question.ask.candidates[int(look.sites[at])] for at in out],
        "order": order,
        "alternative": [question.ask.candidates[int(other)] for other in into],
        "objective": objective[out, into],
        "loss": loss[out, into],
        "loss_share": share[out, into],
        "left_out": left[out, into],
        "tie": (look.swap.first[out, into] == 0) & (look.swap.second[out, into] == 0),
    }
    return frame(rows, SWAPS)


def why_not(look: Look, forbidden: Iterable[Any], *, asked: int, status: str) -> pd.DataFrame:
    """Return a reason for every candidate that the plan does not open, by id.

    ``asked`` is the number of sites that could be opened, ``status`` the plan's.
    """
    question, rest = look.question, look.rest
    twins = _first(question, look.sites, _twins), _first(question, look.sites, _dominating)
    objective, loss, share, left = look.figures(look.swap)
    worth = question.measure.adds(look.add, look.sites)
    ranks = look.swap.order()
    rows = [{"facility_id": one, "reason": "forbidden"} for one in forbidden]
    rows += [{"facility_id": one, "reason": reason} for reason, ids in question.apart.items() for one in ids]
    for other in rest.tolist():
        row = {"facility_id": question.ask.candidates[other], "adds": worth[other]}
        at = _best_exchange(look, ranks, other)
        if at is not None:
            row |= {
                "in_place_of": question.ask.candidates[int(look.sites[at])],
                "objective": objective[at, other],
                "loss": loss[at, other],
                "loss_share": share[at, other],
                "left_out": left[at, other],
            }
        rows.append(row | _reason(look, other, at, ranks, twins, (asked, status)))
    ordered = sorted(rows, key=lambda row: (isinstance(row["facility_id"], str), row["facility_id"]))
    return frame({name: [row.get(name) for row in ordered] for name in WHY_NOT}, WHY_NOT)


def _best_exchange(look: Look, ranks: Ints, other: int) -> int | None:
    """Return the site whose place a candidate could best take, None where the rules allow no place."""
    fit = np.flatnonzero(look.allowed[:, other])
    return int(fit[np.argmin(ranks[fit, other])]) if len(fit) else None


def _reason(  # noqa: PLR0911  one line a reason, in the order they take precedence
    look: Look,
    other: int,
    at: int | None,
    ranks: Ints,
    twins: tuple[Ints, Ints],
    asked: tuple[int, str],
) -> dict[str, Any]:
    """Return the code of the reason, the other site it speaks of, and the rules that stand in the way."""
    question, (twin, dominating), (number, status) = look.question, twins, asked
    names = question.ask.candidates
    codes, subjects = named(_in_the_way(look, other, at, ranks))
    rules = {"rules": codes, "subjects": subjects}
    if status == "infeasible":
        return {"reason": "no_plan"}
    if not _reaches(question, other):
        return {"reason": "out_of_reach"}
    if number == 0:
        return {"reason": "none_asked"}
    if twin[other] >= 0:
        return {"reason": "same_rows", "other": names[int(twin[other])], **rules}
    if codes:
        return {"reason": "rules", **rules}
    if at is None:
        return {"reason": "adds_nothing"}
    change = (int(look.swap.first[at, other]), int(look.swap.second[at, other]))
    if change == (0, 0):
        return {"reason": "tie", "other": names[int(look.sites[at])]}
    if change < (0, 0):
        return {"reason": "better_unproven", "other": names[int(look.sites[at])]}
    if dominating[other] >= 0:
        return {"reason": "dominated", "other": names[int(dominating[other])]}
    nothing = look.add.first[other] == 0 and look.add.second[other] >= 0
    return {"reason": "adds_nothing" if nothing else "loses"}


def _in_the_way(look: Look, other: int, at: int | None, ranks: Ints) -> list[Rule]:
    """Return the rules that forbid what would be as good as the plan or better: one site more, or an exchange.

    Where they forbid every exchange, those that forbid the best one are named.
    """
    room = len(look.sites) < look.question.p or look.question.measure.model == "lscp"
    if room and (int(look.add.first[other]), int(look.add.second[other])) < (0, 0):
        return [rule for rule in look.question.rules.rules if not rule.adds(look.sites)[other]]
    if not len(look.sites):
        return []
    best = int(np.argmin(ranks[:, other]))
    if at is not None and (_is_as_good(look, at, other) or not _is_as_good(look, best, other)):
        return []
    return [rule for rule, mask in look.by_rule if not mask[best, other]]


def _is_as_good(look: Look, at: int, other: int) -> bool:
    return (int(look.swap.first[at, other]), int(look.swap.second[at, other])) <= (0, 0)


def _reaches(question: Question, other: int) -> bool:
    return any(bool((figure.site == other).any()) for figure in question.measure.figures)


def _first(question: Question, sites: Ints, of: Callable[[Pays, int], Flags]) -> Ints:
    """Return for each candidate the first chosen site that stands to it so in every figure; −1: none."""
    found: Ints = np.full(len(question.ask.candidates), -1, dtype=np.int64)
    for one in sites[::-1].tolist():
        found[np.all([of(figure, one) for figure in question.measure.figures], axis=0)] = one
    return found


def _twins(figure: Pays, one: int) -> Flags:
    """Say which candidates have the same demands as ``one``, at the same distances."""
    size = np.bincount(figure.site, minlength=figure.candidates)
    equal = np.bincount(figure.site[_pays_at(figure, one) == figure.pay], minlength=figure.candidates)
    return np.asarray((equal == size) & (size == size[one]))


def _dominating(figure: Pays, one: int) -> Flags:
    """Say of which candidates ``one`` serves all they serve, no farther off."""
    size = np.bincount(figure.site, minlength=figure.candidates)
    inside = np.bincount(figure.site[_pays_at(figure, one) <= figure.pay], minlength=figure.candidates)
    return np.asarray(inside == size)


def _pays_at(figure: Pays, site: int) -> Ints:
    """Return for every pair what its demand pays at ``site``, more than anything where the site is out of reach."""
    pays = np.full(len(figure.cap), np.iinfo(np.int64).max)
    own = figure.site == site
    pays[figure.place[own]] = figure.pay[own]
    return np.asarray(pays[figure.place], dtype=np.int64)


def frame(rows: Mapping[str, Any], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a frame with exactly ``columns``."""
    found = pd.DataFrame(dict(rows), columns=list(columns))
    filled = {name: found[name].fillna("") if kind == "str" else found[name] for name, kind in columns.items()}
    return pd.DataFrame(filled).astype(dict(columns))
