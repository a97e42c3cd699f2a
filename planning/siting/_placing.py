"""Room `siting`: conditions on the sites of models that choose sizes as well, and why none may meet them.

Which sites may stand together does not depend on their sizes, but for the money of the cheapest. So whether there is
a plan at all, and which conditions exclude each other, is the question of the covering models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from planning.siting import _clauses, _conflict, _ruled
from planning.siting._ask import Ask
from planning.siting._conditions import Conditions
from planning.siting._coverage import cover_ground
from planning.siting._ruled import Quest
from planning.siting._rules import Wishes
from planning.siting._units import Flags


def conditions(ask: Ask, rules: Wishes, *, final: bool = True) -> Conditions | None:
    """Return the conditions on sites and coverage, money aside; None where nothing is asked."""
    found = _clauses.conditions(ask, rules, budget=None, final=final)
    return None if found.free else found


def reasons(
    ask: Ask, rules: Wishes, *, usable: Flags, cost: Mapping[Any, float], budget: float | None
) -> _conflict.Reasons:
    """Return why no sites meet the conditions: clauses that exclude each other; empty where some do, or time ran out.

    ``usable`` are the candidates that could be opened in some size, the required ones among them; ``cost`` that of the
    cheapest.
    """
    among = np.flatnonzero(usable)
    inner = ask.only(among, ask.required, ask.p)
    found = _clauses.conditions(inner, replace(rules, cost=cost), budget=budget)
    if found.free:
        return []
    ground = cover_ground(inner, found)
    if not _ruled.excluded(Quest(ground, ask.p), ask.clock):
        return []
    return _conflict.reasons(inner, ground, ask.p, None)
