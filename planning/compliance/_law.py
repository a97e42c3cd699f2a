"""Room `planning.compliance`: the law itself, in exact fractions. What one subject owes, what it has, what follows.

A subject is a residential area or a pool of areas. Nothing here knows tables or files.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeVar

from planning.standards import Clause

Verdict = Literal["meets", "fails", "not_assessable", "not_applicable"]
Span = tuple[Fraction, Fraction | None]
Oks = tuple[bool | None, bool | None]
T = TypeVar("T")

BASES: Final[Mapping[str, tuple[str, int]]] = {
    "100_households": ("households", 100),
    "1000_residents": ("residents", 1000),
    "1000_elderly": ("elderly", 1000),
}
_HOLDS: Final[Mapping[str, Callable[[Fraction, Fraction], bool]]] = {">=": operator.ge, ">": operator.gt}
ZERO: Final = Fraction(0)


def same(values: Sequence[T]) -> T | None:
    """Return the value all readings agree on, or None."""
    first = values[0]
    return first if all(value is first or value == first for value in values) else None


# ------------------------------------------------------------------------------------------------------ what is owed


@dataclass(frozen=True)
class Duty:
    """What a subject owes under one reading of new or existing.

    ``need_m2`` is rate × households / 100, ``hundreds`` households / 100 as rounded; ``exempt`` says why nothing is
    owed, ``unsaid`` why it cannot be said what is owed: in both cases there are no figures.
    """

    need_m2: Fraction | None = None
    minimum_m2: Fraction | None = None
    rate: Fraction = ZERO
    hundreds: Fraction = ZERO
    rate_clauses: tuple[Clause, ...] = ()
    minimum_clauses: tuple[Clause, ...] = ()
    exempt: str = ""
    unsaid: str = ""

    @property
    def weight(self) -> Fraction | None:
        """Return what a shared room is divided by: the need, nothing where nothing is owed, None where unsaid."""
        return ZERO if self.exempt else self.need_m2


def owe(
    counts: Mapping[str, Fraction | None],
    setting: str,
    rates: Sequence[Clause],
    minimums: Sequence[Clause],
    *,
    started_hundred: bool,
) -> Duty:
    """Return what one area owes.

    Parameters
    ----------
    counts
        Households, residents and elderly of the area; None where missing.
    setting
        ``urban`` or ``rural``.
    rates, minimums
        The clauses for the area's reading of new or existing, told apart by setting and size; none where the document
        has none.
    started_hundred
        Count each hundred begun as a whole one.
    """
    rate = _theirs(rates, setting, counts["households"])
    if rate is None and rates:
        return Duty(exempt=_why_none(rates, setting))
    base, size = BASES["100_households" if rate is None else rate.basis]
    count = counts[base]
    if count == 0:
        return Duty(exempt=f"no_{base}")
    if rate is None or rate.value is None:
        return Duty(unsaid="not_stated")
    if count is None:
        return Duty(unsaid=f"{base}_missing")
    if counts["households"] is None and any(clause.by_size for clause in (*rates, *minimums)):
        return Duty(unsaid="households_missing")
    hundreds = count / size
    hundreds = Fraction(math.ceil(hundreds)) if started_hundred else hundreds
    minimum = _theirs(minimums, setting, counts["households"])
    least = None if minimum is None or minimum.value is None else Fraction(minimum.value)
    return Duty(
        need_m2=Fraction(rate.value) * hundreds,
        minimum_m2=least,
        rate=Fraction(rate.value),
        hundreds=hundreds,
        rate_clauses=(rate,),
        minimum_clauses=() if minimum is None or least is None else (minimum,),
    )


def owe_together(members: Sequence[Duty], *, strictest: bool) -> Duty:
    """Return what a pool owes: its members' needs summed, and the largest single minimum of any member.

    A member that owes nothing adds nothing; one whose need is unsaid leaves the pool's unsaid. ``strictest`` holds
    every member to the highest rate among them.
    """
    owing = [duty for duty in members if not duty.exempt]
    if not owing:
        return Duty(exempt=min(duty.exempt for duty in members))
    unsaid = sorted(duty.unsaid for duty in owing if duty.unsaid)
    if unsaid:
        return Duty(unsaid=f"member_{unsaid[0]}")
    highest = max(duty.rate for duty in owing)
    minima = [duty.minimum_m2 for duty in owing if duty.minimum_m2 is not None]
    return Duty(
        need_m2=sum(((highest if strictest else duty.rate) * duty.hundreds for duty in owing), ZERO),
        minimum_m2=max(minima, default=None),
        rate_clauses=_clauses(duty.rate_clauses for duty in owing),
        minimum_clauses=_clauses(duty.minimum_clauses for duty in owing if minima and duty.minimum_m2 == max(minima)),
    )


def _covers(clause: Clause, setting: str) -> bool:
    return clause.setting is None or clause.setting == setting


def _theirs(clauses: Sequence[Clause], setting: str, households: Fraction | None) -> Clause | None:
    """Return the clause for an area of that setting and size; where the size is missing, one of the setting."""
    covering = [clause for clause in clauses if _covers(clause, setting)]
    return next((clause for clause in covering if households is None or clause.has_size(households)), None)


def _why_none(clauses: Sequence[Clause], setting: str) -> str:
    """Return why none of the clauses concerns an area."""
    return "outside_size" if any(_covers(clause, setting) for clause in clauses) else "outside_setting"


def _clauses(groups: Iterable[tuple[Clause, ...]]) -> tuple[Clause, ...]:
    found = {clause.id: clause for group in groups for clause in group}
    return tuple(found[name] for name in sorted(found))


# --------------------------------------------------------------------------------------------------- what is provided


class Measure(NamedTuple):
    """A floor area, or why it is unknown."""

    m2: Fraction | None
    unknown: str = ""


@dataclass(frozen=True)
class Part:
    """A room, or all rooms an area declares in one figure, as far as they count for a subject.

    ``credited_m2`` is the subject's share, None where unknown, and then ``unknown`` says why. ``largest`` and
    ``smallest`` bound the size of the largest and smallest single room in it, shared or not: a single minimum is
    asked of the room, not of a share in it.
    """

    credited_m2: Fraction | None
    largest: Span
    smallest: Span
    unknown: str = ""
    room_unknown: str = ""


def room(area: Measure, size: Measure, share: Fraction | None) -> Part:
    """Return one room of which ``share`` (None: unknown) is credited.

    ``area`` is its floor area as the rate counts it, ``size`` as the single minimum does.
    """
    span = (ZERO, None) if size.m2 is None else (size.m2, size.m2)
    credited = None if area.m2 is None or share is None else area.m2 * share
    unknown = area.unknown or ("share_unknown" if share is None else "")
    return Part(credited, span, span, unknown, size.unknown)


def declared(area: Measure, rooms: Measure, largest_m2: Fraction | None) -> Part:
    """Return the rooms an area states as one floor area; a largest room above the total says nothing."""
    total = rooms.m2
    if total is None:
        return Part(area.m2, (ZERO, None), (ZERO, None), area.unknown, rooms.unknown)
    if total in (ZERO, largest_m2):
        return Part(area.m2, (total, total), (total, total), area.unknown)
    if largest_m2 is None or largest_m2 > total:
        reason = "largest_unit_missing" if largest_m2 is None else "largest_unit_contradicts"
        return Part(area.m2, (ZERO, total), (ZERO, total), area.unknown, reason)
    smallest = (ZERO, min(largest_m2, total - largest_m2))
    return Part(area.m2, (largest_m2, largest_m2), smallest, area.unknown, "rooms_not_listed")


# --------------------------------------------------------------------------------------------------------- what follows


@dataclass(frozen=True)
class Judgement:
    """One subject held against its duty; figures in m², None where they cannot be said.

    ``known_m2`` is what counts for certain, rooms of unknown size left out, and ``room_at_least_m2`` the least that
    the room can have which decides on the single minimum (None: there is no minimum, or no room that must reach it).
    """

    verdict: Verdict | None
    reason: str | None
    rate_ok: bool | None = None
    unit_ok: bool | None = None
    need_m2: Fraction | None = None
    minimum_m2: Fraction | None = None
    required_m2: Fraction | None = None
    provided_m2: Fraction | None = None
    shortfall_m2: Fraction | None = None
    room_m2: Fraction | None = None
    known_m2: Fraction | None = ZERO
    room_at_least_m2: Fraction | None = None


def judge(duty: Duty, parts: Sequence[Part], *, stand_alone: bool, each_room: bool) -> Judgement:
    """Hold what a subject has against what it owes.

    Parameters
    ----------
    duty, parts
        What is owed, and the rooms that count.
    stand_alone
        Whether the subject owes the single minimum as floor area too: required = max(need, minimum).
    each_room
        Hold the single minimum against every room there is, not the largest; it then adds nothing to ``required``.
    """
    known = sum((part.credited_m2 for part in parts if part.credited_m2 is not None), ZERO)
    unknown = next((part.unknown for part in parts if part.unknown), "")
    if duty.need_m2 is None:
        verdict: Verdict = "not_applicable" if duty.exempt else "not_assessable"
        provided_only = None if unknown else known
        return Judgement(verdict, duty.exempt or duty.unsaid, provided_m2=provided_only, known_m2=known)
    rate_ok = _rate_ok(duty, known, unknown)
    span, unit_ok, room_unknown = _unit_ok(duty, parts, each_room=each_room)
    verdict = _verdict((rate_ok, unit_ok), room_unknown)
    minimum = None if span is None else duty.minimum_m2
    owes_room = stand_alone and not each_room and minimum is not None
    required = max(duty.need_m2, minimum or ZERO) if owes_room else duty.need_m2
    provided = known if not unknown or verdict == "meets" else None
    return Judgement(
        verdict,
        _reason(verdict, (rate_ok, unit_ok), unknown or room_unknown, known, required),
        rate_ok,
        unit_ok,
        duty.need_m2,
        minimum,
        required,
        provided,
        None if provided is None else max(required - provided, ZERO),
        span[0] if span is not None and span[0] == span[1] else None,
        known,
        None if span is None else span[0],
    )


def _rate_ok(duty: Duty, known: Fraction, unknown: str) -> bool | None:
    """Compare the floor area with the need alone; a room of unknown area can only add to it."""
    if _holds(duty.rate_clauses, known, duty.need_m2 or ZERO):
        return True
    return None if unknown else False


def _unit_ok(duty: Duty, parts: Sequence[Part], *, each_room: bool) -> tuple[Span | None, bool | None, str]:
    """Return the bounds of the room that decides, whether it reaches the single minimum, and why that is unknown.

    Without a minimum there is nothing to reach; where each room must reach it and there is none, likewise.
    """
    spans = {part: part.smallest if each_room else part.largest for part in parts}
    span = _least(list(spans.values())) if each_room else _greatest(list(spans.values()))
    if duty.minimum_m2 is None or span is None:
        return None, None, ""
    low, high = span
    if _holds(duty.minimum_clauses, low, duty.minimum_m2):
        return span, True, ""
    if high is not None and not _holds(duty.minimum_clauses, high, duty.minimum_m2):
        return span, False, ""
    return span, None, next(part.room_unknown for part, (at_least, at_most) in spans.items() if at_least != at_most)


def _greatest(spans: Sequence[Span]) -> Span:
    highs = [high for _, high in spans]
    known = [high for high in highs if high is not None]
    return max((low for low, _ in spans), default=ZERO), None if None in highs else max(known, default=ZERO)


def _least(spans: Sequence[Span]) -> Span | None:
    rooms = [span for span in spans if span != (ZERO, ZERO)]
    highs = [high for _, high in rooms if high is not None]
    return (min(low for low, _ in rooms), min(highs, default=None)) if rooms else None


def _verdict(oks: Oks, room_unknown: str) -> Verdict:
    if False in oks:
        return "fails"
    return "not_assessable" if oks[0] is None or room_unknown else "meets"


def _reason(verdict: Verdict, oks: Oks, unknown: str, known: Fraction, required: Fraction) -> str:
    """Return the code that says why."""
    if verdict == "not_assessable":
        return unknown
    if verdict == "fails":
        failed: dict[Oks, str] = {
            (False, False): "rate_and_unit_short",
            (True, False): "unit_short",
            (None, False): "unit_short",
        }
        return "no_room" if known == 0 and oks[0] is False else failed.get(oks, "rate_short")
    if unknown:
        return "meets_without_unknown"
    return "meets_by_shared_room" if known < required else "meets"


def _holds(clauses: Sequence[Clause], actual: Fraction, bound: Fraction) -> bool:
    """Compare exactly; the line itself is in unless a clause says above (超过)."""
    return all(_HOLDS[clause.comparator](actual, bound) for clause in clauses)


# ------------------------------------------------------------------------------------------------------- both readings


def agree(readings: Sequence[Judgement], undated: str) -> Judgement:
    """Return what all readings of new or existing say alike; ``undated`` is the reason where their verdicts differ."""
    if len(readings) == 1:
        return readings[0]
    merged = {field.name: same([getattr(one, field.name) for one in readings]) for field in fields(Judgement)}
    reason, verdict = merged.pop("reason"), merged.pop("verdict")
    if verdict is None:
        return Judgement("not_assessable", undated, **merged)
    return Judgement(verdict, reason or _common_reason(verdict, readings, undated), **merged)


def _common_reason(verdict: Verdict, readings: Sequence[Judgement], undated: str) -> str:
    """Return one code for readings that reach the same verdict for different reasons."""
    if verdict == "fails":
        return "fails_either_way"
    return undated if verdict == "not_assessable" else max(str(one.reason) for one in readings)
