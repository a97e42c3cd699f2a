"""Room `planning.compliance`: every area and pool judged under one reading of new or existing, today and on paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import pandas as pd

from planning.compliance._law import BASES, Duty, Judgement, Part, judge, owe, owe_together
from planning.compliance._rooms import Declared, Roster, Subject, Unit, declared_part, part_of, share_out
from planning.standards import MINIMUM, RATE, Built, Standard
from planning.units import exact


@dataclass(frozen=True)
class Options:
    """The plan's readings of what the documents leave open."""

    each_room: bool
    strictest: bool
    started_hundred: bool


@dataclass(frozen=True)
class Reading:
    """What follows when every undated area is taken as new, or every one as existing.

    ``today`` and ``on_paper`` judge stand-alone areas and pools, ``own`` each pooled area by what is its alone;
    ``shares`` runs parallel to the units and their claims.
    """

    duties: Mapping[Subject, Duty]
    shares: tuple[tuple[Fraction | None, ...], ...]
    today: Mapping[Subject, Judgement]
    on_paper: Mapping[Subject, Judgement]
    own: Mapping[str, Judgement]
    own_on_paper: Mapping[str, Judgement]


@dataclass(frozen=True)
class Holdings:
    """The rooms of each subject, and of each pooled area alone."""

    together: Mapping[Subject, Sequence[Part]]
    alone: Mapping[str, Sequence[Part]]


def read(
    areas: pd.DataFrame,
    built: pd.Series[str],
    units: Sequence[Unit],
    stated: Mapping[str, Declared],
    roster: Roster,
    standard: Standard,
    *,
    options: Options,
) -> Reading:
    """Judge everything under one reading; ``built`` says ``new`` or ``existing`` of every row of ``areas``."""
    duties = _duties(areas, built, standard, options)
    owed = _owed_by_subject(duties, roster, options)
    shares = tuple(share_out(unit, duties) for unit in units)
    today = _hold(units, shares, stated, roster, [unit.today for unit in units])
    promised = _hold(units, shares, stated, roster, [unit.on_paper for unit in units])
    judged = _judge_subjects(owed, today, options)
    return Reading(
        duties={**owed, **{Subject("residential", area): duties[area] for area in roster.pool_of}},
        shares=shares,
        today=judged,
        on_paper=_judge_on_paper(judged, owed, (today, promised), options),
        own=_judge_members(duties, today, roster, options),
        own_on_paper=_judge_members(duties, promised, roster, options),
    )


def _duties(areas: pd.DataFrame, built: pd.Series[str], standard: Standard, options: Options) -> dict[str, Duty]:
    """Return what each area owes by itself."""
    kinds: tuple[Built, ...] = ("new", "existing")
    clauses = {kind: (standard.owed(RATE, kind), standard.owed(MINIMUM, kind)) for kind in kinds}
    bases = [base for base, _ in BASES.values()]

    @cache  # a city of ten thousand areas has some thousand different sizes
    def duty(setting: str, kind: Built, *counts: float) -> Duty:
        known = dict(zip(bases, map(exact, counts), strict=True))
        return owe(known, setting, *clauses[kind], started_hundred=options.started_hundred)

    columns = (areas["setting"].fillna("urban"), built, *(areas[base] for base in bases))
    return dict(zip(areas["residential_id"], map(duty, *columns), strict=True))


def _owed_by_subject(duties: Mapping[str, Duty], roster: Roster, options: Options) -> dict[Subject, Duty]:
    """Return what each stand-alone area and each pool owes, in the order of the areas, then pools by id."""
    owed = {Subject("residential", area): duties[area] for area in roster.areas if area not in roster.pool_of}
    for pool, members in roster.members.items():
        together = owe_together([duties[name] for name in members], strictest=options.strictest)
        owed[Subject("pool", pool)] = Duty(unsaid="member_left_out") if pool in roster.incomplete else together
    return owed


def _hold(
    units: Sequence[Unit],
    shares: Sequence[tuple[Fraction | None, ...]],
    stated: Mapping[str, Declared],
    roster: Roster,
    counted: Sequence[bool],
) -> Holdings:
    """Credit the counted units and the areas' own statements: each square metre once."""
    together: dict[Subject, list[Part]] = defaultdict(list)
    alone: dict[str, list[Part]] = defaultdict(list)
    for unit, parts, counts in zip(units, shares, counted, strict=True):
        for claim, share in zip(unit.claims, parts, strict=True) if counts else ():
            if claim.subject is not None and share != 0:
                together[claim.subject].append(part_of(unit, share))
            if claim.alone is not None:
                alone[claim.alone].append(part_of(unit, share))
    for area, statement in stated.items():
        if not statement.replaced:
            together[roster.subject(area)].append(declared_part(statement))
            alone[area].append(declared_part(statement))
    return Holdings(together, alone)


def _judge_subjects(owed: Mapping[Subject, Duty], held: Holdings, options: Options) -> dict[Subject, Judgement]:
    return {
        subject: judge(
            duty,
            held.together.get(subject, ()),
            stand_alone=subject.kind == "residential",
            each_room=options.each_room,
        )
        for subject, duty in owed.items()
    }


def _judge_on_paper(
    judged: Mapping[Subject, Judgement],
    owed: Mapping[Subject, Duty],
    held: tuple[Holdings, Holdings],
    options: Options,
) -> dict[Subject, Judgement]:
    """Judge by what is promised too; where that adds nothing, the judgement of today stands."""
    today, promised = held
    other = {
        subject: duty for subject, duty in owed.items() if today.together.get(subject) != promised.together.get(subject)
    }
    return {**judged, **_judge_subjects(other, promised, options)}


def _judge_members(
    duties: Mapping[str, Duty], held: Holdings, roster: Roster, options: Options
) -> dict[str, Judgement]:
    """Judge each pooled area by what stands in or serves it alone; its own duty carries no single minimum."""
    return {
        area: judge(duties[area], held.alone.get(area, ()), stand_alone=False, each_room=options.each_room)
        for area in roster.pool_of
    }
