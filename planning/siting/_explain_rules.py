"""Room `siting`: which exchanges the planner's conditions allow, rule by rule, so that a refusal can name its rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from planning.siting._ask import Ask
from planning.siting._conditions import Conditions
from planning.siting._explain_sums import Total
from planning.siting._units import Flags, Ints


class Rule(Protocol):
    """One condition, named by ``code`` and whom it is about; each method says what it allows."""

    @property
    def code(self) -> str:
        """Return what kind of condition it is."""

    @property
    def subject(self) -> str:
        """Return whom it is about: a street, a column of the demand."""

    def holds(self, sites: Ints) -> bool:
        """Say whether ``sites`` meet it."""

    def drops(self, sites: Ints) -> Flags:
        """Say which of ``sites`` may be left out."""

    def swaps(self, sites: Ints) -> Flags:
        """Return sites × candidates: the candidate may open in the site's place."""

    def adds(self, sites: Ints) -> Flags:
        """Say which candidates may open as well."""


@dataclass(frozen=True)
class Required:
    """Sites that are always opened."""

    required: Ints
    candidates: int
    code: str = "required_stays"
    subject: str = ""

    def holds(self, sites: Ints) -> bool:
        """Say whether ``sites`` meet it."""
        return bool(np.isin(self.required, sites).all())

    def drops(self, sites: Ints) -> Flags:
        """Say which of ``sites`` may be left out."""
        return ~np.isin(sites, self.required)

    def swaps(self, sites: Ints) -> Flags:
        """Return sites × candidates: the candidate may open in the site's place."""
        return np.repeat(self.drops(sites)[:, None], self.candidates, axis=1)

    def adds(self, sites: Ints) -> Flags:  # noqa: ARG002  a rule's signature
        """Say which candidates may open as well."""
        return np.ones(self.candidates, dtype=bool)


@dataclass(frozen=True)
class Held:
    """One clause of the conditions: rows over the open sites, and floors as demand that may be left out at most."""

    rows: Conditions
    floors: tuple[tuple[Total, int], ...]
    candidates: int
    code: str
    subject: str

    def holds(self, sites: Ints) -> bool:
        """Say whether ``sites`` meet it."""
        return self.rows.fit_sites(sites) and all(left.value(sites) <= most for left, most in self.floors)

    def drops(self, sites: Ints) -> Flags:
        """Say which of ``sites`` may be left out."""
        sums = self.rows.sum_of(sites)[:, None] - self.rows.rows[:, sites].toarray()
        allowed: Flags = ((sums >= self.rows.low[:, None]) & (sums <= self.rows.high[:, None])).all(axis=0)
        for left, most in self.floors:
            allowed &= left.value(sites) + left.drop(sites) <= most
        return np.asarray(allowed)

    def swaps(self, sites: Ints) -> Flags:
        """Return sites × candidates: the candidate may open in the site's place."""
        allowed = self.rows.swaps(sites)
        for left, most in self.floors:
            allowed &= left.value(sites) + left.swap(sites) <= most
        return np.asarray(allowed)

    def adds(self, sites: Ints) -> Flags:
        """Say which candidates may open as well; what is there suffices for least numbers and shares already."""
        return np.asarray(self.rows.has_room(sites))


@dataclass(frozen=True)
class Rules:
    """All conditions of a question."""

    rules: tuple[Rule, ...]
    candidates: int

    def drops(self, sites: Ints) -> Flags:
        """Say which of ``sites`` may be left out."""
        free = np.ones(len(sites), dtype=bool)
        return np.asarray(np.all([free, *(rule.drops(sites) for rule in self.rules)], axis=0))

    def keeping(self, sites: Ints) -> list[list[Rule]]:
        """Return for each site the rules that keep it in."""
        allowed = [(rule, rule.drops(sites)) for rule in self.rules]
        return [[rule for rule, free in allowed if not free[at]] for at in range(len(sites))]

    def swaps(self, sites: Ints) -> list[tuple[Rule, Flags]]:
        """Return what each rule says of all exchanges."""
        return [(rule, rule.swaps(sites)) for rule in self.rules]


def rules(ask: Ask, conditions: Conditions) -> Rules:
    """Return the conditions of a checked question, one rule a clause."""
    size = len(ask.candidates)
    found: list[Rule] = [Required(ask.required, size)] if len(ask.required) else []
    for number, clause in enumerate(conditions.clauses):
        only = conditions.only(np.array([number]))
        floors = tuple(_floor(ask, only, at) for at in range(len(only.need)))
        found.append(Held(only, floors, size, clause.code, str(clause.subject)))
    return Rules(tuple(found), size)


def named(broken: list[Rule]) -> tuple[str, str]:
    """Return the codes of rules and whom they are about, each joined by ``;``."""
    return ";".join(rule.code for rule in broken), ";".join(rule.subject for rule in broken)


def _floor(ask: Ask, only: Conditions, at: int) -> tuple[Total, int]:
    """Return a floor as demand left out and how much of it there may be."""
    weight = np.asarray(only.floors[[at]].toarray()).ravel().astype(np.int64)
    near = ask.metres <= ask.radius_m
    cap = np.where(ask.fixed_m <= ask.radius_m, 0, 1)
    nothing = np.zeros(int(near.sum()), dtype=np.int64)
    left = Total(ask.site[near], ask.place[near], nothing, cap, weight, len(ask.candidates))
    return left, int(weight.sum() - only.need[at])
