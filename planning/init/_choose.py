"""Which layer becomes which input (part of ``init``): chosen where one stands out, else left to the planner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from planning.init._clues import Guess, Look
from planning.plan import INPUTS
from planning.sources.raw import flat

ENOUGH: Final = 3
LEAD: Final = 2
WORTH_NAMING: Final = 2
MATCHED: Final = 0.5


@dataclass(frozen=True)
class Join:
    """An attribute table tied to the residential layer: the column, and the share of its areas found in the table."""

    look: Look
    guess: Guess
    column: str
    share: float


@dataclass(frozen=True)
class Choice:
    """What became of one role: the layer chosen, or those it could be."""

    role: str
    look: Look | None = None
    guess: Guess | None = None
    join: Join | None = None
    others: tuple[tuple[Look, Guess], ...] = ()


@dataclass(frozen=True)
class Choices:
    """Every role's choice, and the layers that serve none."""

    by_role: Mapping[str, Choice]
    unused: tuple[Look, ...] = field(default=())


def choose(
    looks: Iterable[Look],
    *,
    settled: Mapping[str, str | None] = MappingProxyType({}),
    columns: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Choices:
    """Give each role the one layer that stands out for it, unless it is settled which one it is.

    A layer stands out when what speaks for its role weighs at least `ENOUGH`, leads every other role of the layer and
    every other layer of the role by `LEAD`, and it has shapes or coordinates where the role needs them. A table
    without coordinates that holds the ids of the residential layer is joined to it.

    Parameters
    ----------
    looks
        Layers.
    settled
        Role to layer as `Look.shown` writes it, None for no layer at all; a layer nobody has is as good as unsettled.
    columns
        Role to canonical column to heading, added to what the layer's headings say themselves.
    """
    every = tuple(looks)
    join_tables = [one for one in every if one.kind == "table" and _top(one) == "residential"]
    placed = [one for one in every if one not in join_tables]
    by_role = {role: _choice(role, placed) for role in INPUTS}
    said = _settled(settled, every)
    taken = {id(choice.look) for choice in said.values() if choice.look is not None}
    freed = {role: Choice(role) for role, choice in by_role.items() if id(choice.look) in taken}
    by_role |= freed | said
    by_role["residential"] = _with_join(by_role["residential"], join_tables)
    by_role = {role: _with_columns(choice, columns.get(role, {})) for role, choice in by_role.items()}
    by_role = {role: _without_taken(choice, by_role) for role, choice in by_role.items()}
    used = {id(choice.look) for choice in by_role.values() if choice.look is not None}
    used |= {id(choice.join.look) for choice in by_role.values() if choice.join is not None}
    named = {id(one) for choice in by_role.values() for one, _ in choice.others}
    return Choices(by_role, tuple(one for one in every if id(one) not in used | named))


def _settled(settled: Mapping[str, str | None], looks: tuple[Look, ...]) -> dict[str, Choice]:
    """Return the choices that somebody made; what else a role could be is not told any more."""
    by_name = {one.shown: one for one in looks}
    return {
        role: Choice(role) if shown is None else Choice(role, by_name[shown], guess_of(by_name[shown], role))
        for role, shown in settled.items()
        if role in INPUTS and (shown is None or shown in by_name)
    }


def guess_of(one: Look, role: str) -> Guess:
    """Return what a layer has to say for a role; of a role it never seemed to have, only its headings."""
    bare = Guess(role, (), {}, {}, one.headers, places=one.kind != "table")
    return next((guess for guess in one.guesses if guess.role == role), bare)


def _with_columns(choice: Choice, said: Mapping[str, str]) -> Choice:
    """Add the columns that somebody named to what the layer's headings say; what was open is settled by it."""
    if choice.guess is None or not said:
        return choice
    guess = choice.guess
    rest = tuple(heading for heading in guess.unknown if heading not in said.values())
    faults = tuple(fault for fault in guess.faults if not set(fault.column.split("、")) & said.keys())
    known = {**guess.columns, **said}
    places = guess.places or {"lon", "lat"} <= known.keys()
    fields = {**guess.fields, **said}
    return replace(
        choice, guess=replace(guess, columns=known, fields=fields, unknown=rest, faults=faults, places=places)
    )


def _choice(role: str, looks: list[Look]) -> Choice:
    """Choose the layer of one role, or list those it could be, the likeliest first."""
    rivals = [(one, guess) for one in looks for guess in one.guesses if guess.role == role]
    rivals.sort(key=lambda pair: (-pair[1].points, pair[0].path, pair[0].layer or ""))
    near = [pair for pair in rivals if _is_near(*pair)]
    if near:
        one, guess = near[0]
        second = max((other.points for _, other in near[1:]), default=0)
        if _stands_out(one, guess) and guess.points - second >= LEAD:
            others = [pair for pair in near[1:] if _top(pair[0]) == role]
            return Choice(role, one, guess, others=tuple(_worth(others)))
    return Choice(role, others=tuple(_worth(near)))


def _stands_out(one: Look, guess: Guess) -> bool:
    """Say whether a layer is this role rather than another, and can be it."""
    second = max((other.points for other in one.guesses if other.role != guess.role), default=0)
    return guess.places and guess.points >= ENOUGH and guess.points - second >= LEAD


def _is_near(one: Look, guess: Guess) -> bool:
    return one.guesses[0].points - guess.points < LEAD


def _worth(pairs: list[tuple[Look, Guess]]) -> list[tuple[Look, Guess]]:
    return [pair for pair in pairs if pair[1].points >= WORTH_NAMING]


def _without_taken(choice: Choice, by_role: Mapping[str, Choice]) -> Choice:
    """Leave out of the other possibilities what another role has taken."""
    taken = {id(other.look) for other in by_role.values() if other.look is not None}
    return replace(choice, others=tuple(pair for pair in choice.others if id(pair[0]) not in taken))


def _top(one: Look) -> str:
    return one.guesses[0].role if one.guesses else ""


# ------------------------------------------------------------------------------------------------------------- join


def _with_join(choice: Choice, join_tables: list[Look]) -> Choice:
    """Tie the one attribute table that fits to the residential layer; others are named."""
    left = [(one, one.guesses[0]) for one in join_tables]
    if choice.look is None:
        return Choice(choice.role, others=(*choice.others, *left))
    fitting = [join for one in join_tables if (join := _join(choice.look, choice.guess, one)) is not None]
    if len(fitting) != 1:
        return Choice(choice.role, choice.look, choice.guess, others=(*choice.others, *left))
    rest = [pair for pair in left if pair[0] is not fitting[0].look]
    return Choice(choice.role, choice.look, choice.guess, fitting[0], (*choice.others, *rest))


def _join(layer: Look, guess: Guess | None, table: Look) -> Join | None:
    """Return how a table ties to a layer: by the id both are known by, else by a heading both have.

    Half of the areas must be found in the table. Where both state names, those of half of the pairs must agree; where
    they do not, running numbers (1, 2, 3 …) tie nothing: two files numbered alike are not two files of the same order.
    """
    ours, theirs = (
        found.columns.get("residential_id", "") if found is not None else "" for found in (guess, table.guesses[0])
    )
    known = [(ours, theirs)] if ours in layer.keys and theirs in table.keys else []
    shared = [(mine, yours) for mine in layer.keys for yours in table.keys if flat(mine) == flat(yours)]
    best: Join | None = None
    if any(_tied(layer.keys[mine], table.keys[yours]) < 0 for mine, yours in known):
        return None  # the ids say one thing, the names another: for the planner to settle
    for mine, yours in dict.fromkeys([*known, *shared]):
        share = _tied(layer.keys[mine], table.keys[yours])
        if share >= MATCHED and (best is None or share > best.share):
            column = mine if flat(mine) == flat(yours) else "residential_id"
            best = Join(table, table.guesses[0], column, share)
    return best


def _tied(ours: Mapping[str, str], theirs: Mapping[str, str]) -> float:
    """Return the share of our keys found in the other table; below 0 where names deny it, 0 without support."""
    matched = ours.keys() & theirs.keys()
    named = [(flat(ours[key]), flat(theirs[key])) for key in matched if ours[key] and theirs[key]]
    share = len(matched) / len(ours)
    if named:
        return share if sum(mine == yours for mine, yours in named) >= MATCHED * len(named) else -share
    return 0.0 if matched <= {str(number) for number in range(len(ours) + 1)} else share
