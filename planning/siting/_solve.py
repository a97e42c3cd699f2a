"""Room `siting`: which way a covering problem is solved: free, or under conditions."""

from __future__ import annotations

from planning.siting import _cover, _ruled
from planning.siting._cover import Choice, Ground
from planning.siting._highs import Clock


def best(ground: Ground, p: int, clock: Clock) -> Choice:
    """Cover the most weight with at most ``p`` new sites."""
    if len(ground.required) > p:
        return Choice(None, 0, infeasible=True)
    return _ruled.best(ground, p, clock) if ground.ruled else _cover.best(ground, p, clock)


def fewest(ground: Ground, need: int | None, clock: Clock) -> Choice:
    """Open the fewest new sites that cover weight ``need``; None: whatever has a weight."""
    return _ruled.fewest(ground, need, clock) if ground.ruled else _cover.fewest(ground, need, clock)
