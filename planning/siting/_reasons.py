"""Room `siting`: why a request has no plan, place by place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from planning import texts
from planning.siting import _cover
from planning.siting._ask import Ask
from planning.siting._cover import Ground
from planning.siting._streets import Streets, StreetWishes
from planning.siting._units import Flags, Ints

Reasons = list[Mapping[str, str]]


def share_of(share: float, total: int) -> int:
    """Return the smallest whole weight that is at least ``share`` (as the decimal written) of ``total``."""
    return math.ceil(Fraction(Decimal(str(share))) * total)


def _reason(code: str, kind: str, subject: Any, **facts: Any) -> Mapping[str, str]:
    """Return one reason with its sentence."""
    message = texts.both(f"siting.reason.{code}", subject=subject, **facts)
    return {"code": code, "subject_kind": kind, "subject_id": str(subject), "message": message}


def required_above_p(ask: Ask) -> Reasons:
    """Name the required sites where they are more than p."""
    if len(ask.required) <= ask.p:
        return []
    sites = [ask.candidates[int(site)] for site in ask.required]
    return [_reason("required_above_p", "facility", site, required=len(sites), p=ask.p) for site in sites]


def before(ask: Ask, ground: Ground, wishes: StreetWishes, reachable: Flags | None) -> Reasons:
    """Return what shows without solving: required sites above p or in full streets, shares nothing can reach.

    ``reachable`` is given by the model that covers all of it, or a share of the whole.
    """
    reasons = [*required_above_p(ask), *_full_streets(ask, ground, wishes)]
    everything = np.arange(len(ask.candidates))
    reasons += _low_streets(ground.streets, ground.streets.weight_in(ground.covered(everything), ground.weight), wishes)
    if reachable is not None and ask.share < 1:
        reasons += _low_share(ask, ground, int(ground.weight[reachable].sum()))
    return reasons


def _full_streets(ask: Ask, ground: Ground, wishes: StreetWishes) -> Reasons:
    """Name the streets that fixed and required sites fill more than once."""
    streets = ground.streets
    over = np.flatnonzero(streets.count(ground.required) > streets.room)
    by_street = wishes.street_of if wishes.street_of is not None else {}
    open_ = [*ask.fixed, *(ask.candidates[int(site)] for site in ground.required)]
    counts = {name: sum(1 for one in open_ if by_street.get(one) == name) for name in streets.names}
    return [
        _reason("street_full", "street", streets.names[at], count=counts[streets.names[at]]) for at in over.tolist()
    ]


def _low_streets(streets: Streets, best: Ints, wishes: StreetWishes) -> Reasons:
    """Name the streets whose ``best`` weight is below their need."""
    low = np.flatnonzero(best < streets.need)
    return [
        _reason("street_floor", "street", streets.names[at], floor=wishes.min_share, best=_share(streets, best, at))
        for at in low.tolist()
    ]


def _share(streets: Streets, weight: Ints, at: int) -> str:
    """Return a street's share as text, rounded down so that it never looks met."""
    return f"{math.floor(Fraction(int(weight[at]), int(streets.total[at])) * 10_000) / 10_000:.4f}"


def _low_share(ask: Ask, ground: Ground, best: int) -> Reasons:
    """Name the share of the whole that ``best`` does not reach."""
    total = int(ground.weight.sum())
    if best >= share_of(ask.share, total):
        return []
    return [_reason("share_above", "plan", "plan", floor=ask.share, best=f"{math.floor(best / total * 1e4) / 1e4:.4f}")]


def of_floors(ask: Ask, ground: Ground, wishes: StreetWishes, p: int) -> Reasons:
    """Name the streets that cannot reach their floor with ``p`` sites, or the fewest that cannot all at once."""
    streets = ground.streets
    best = np.zeros_like(streets.need)
    for at in np.flatnonzero(streets.need).tolist():
        alone = replace(ground, weight=np.where(streets.of_place == at, ground.weight, 0))
        best[at] = _cover.best(replace(alone, streets=streets.without_floors()), p, ask.clock).bound
    reasons = _low_streets(streets, best, wishes)
    return reasons or [
        _reason(
            "street_floor_together", "street", streets.names[at], floor=wishes.min_share, best=_share(streets, best, at)
        )
        for at in _conflict(ask, ground, p)
    ]


def _conflict(ask: Ask, ground: Ground, p: int) -> list[int]:
    """Return streets whose floors exclude each other, none of them superfluous as far as time allows."""
    need = ground.streets.need.copy()
    for at in np.flatnonzero(need).tolist():
        without = need.copy()
        without[at] = 0
        trial = replace(ground, streets=replace(ground.streets, need=without))
        if ask.clock.left_s > 0 and _cover.best(trial, p, ask.clock).infeasible:
            need = without
    return [int(at) for at in np.flatnonzero(need)]


def of_cover(ask: Ask, ground: Ground, wishes: StreetWishes, need: int | None) -> Reasons:
    """Name what `lscp` cannot cover under the conditions of streets."""
    everywhere = len(ask.candidates)
    free = replace(ground, streets=ground.streets.without_floors())
    choice = _cover.best(free, everywhere, ask.clock)
    if need is None and choice.sites is not None:
        left = (ground.weight > 0) & ~ground.covered(choice.sites)
        return [_reason("cover_left", "demand", one) for one in ask.ids(left)]
    return _low_share(ask, ground, choice.bound) or of_floors(ask, ground, wishes, everywhere)
