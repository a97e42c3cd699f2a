"""Room `siting`: the longest walk made as short as possible, `p_center`.

The answer is one of the distances in the table. A radius works if p sites can serve as many demands within it as p
sites can serve at all; the smallest one that works is found by bisection, each step a covering problem
(Minieka 1970).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.siting import _cover, _solve
from planning.siting._ask import Ask
from planning.siting._conditions import Conditions
from planning.siting._cover import Choice, Ground
from planning.siting._units import Flags, Floats, Ints


@dataclass(frozen=True)
class Centre:
    """The sites, the radius they need and the one that nothing can beat, both m, and the demands they serve."""

    sites: Ints
    radius_m: float
    bound_m: float
    ground: Ground


def narrowest(ask: Ask, conditions: Conditions) -> Centre | Choice:
    """Serve as many demands as possible with ``ask.p`` new sites, then make the longest distance least.

    Without any plan the bare choice says whether there is none.
    """
    whole = everyone(ask, conditions)
    widest = _solve.best(whole, ask.p, ask.clock)
    if widest.sites is None:
        return widest
    sites = widest.sites
    served = whole.value(sites)
    if widest.bound > served:
        # how many can be served is not known: no distance is proven
        longest = longest_m(ask, sites)
        return Centre(sites, longest, 0.0, _ground(ask, longest, conditions))
    sizes = _radii(ask)
    low, top = 0, int(np.searchsorted(sizes, longest_m(ask, sites)))
    while low < top:
        middle = (low + top) // 2
        found, proven = _try(ask, _ground(ask, float(sizes[middle]), conditions), served)
        if found is not None:
            sites, top = found, int(np.searchsorted(sizes, longest_m(ask, found)))
        elif proven:
            low = middle + 1
        else:
            break  # the clock ran out
    longest = longest_m(ask, sites)
    bound = float(sizes[low]) if low < top else longest
    return Centre(sites, longest, bound, _ground(ask, longest, conditions))


def _try(ask: Ask, ground: Ground, served: int) -> tuple[Ints | None, bool]:
    """Return sites that serve ``served`` of ``ground``, else None; and whether there are none for sure."""
    if int(ground.weight[ground.served | (np.diff(ground.reach.indptr) > 0)].sum()) < served:
        return None, True
    all_ = int((ask.there & (np.isfinite(ask.fixed_m) | _has_candidate(ask))).sum())
    if ground.ruled or served < all_:
        choice = _solve.best(ground, ask.p, ask.clock)
        works = choice.sites is not None and ground.value(choice.sites) == served
        return (choice.sites if works else None), choice.infeasible or choice.bound < served
    return _cover.enough(ground, ask.p, ask.clock)


def _ground(ask: Ask, radius_m: float, conditions: Conditions) -> Ground:
    """Return who can be served within ``radius_m``; everyone who is there counts 1."""
    ones = ask.there.astype(np.int64)
    served = (ask.fixed_m <= radius_m) & np.isfinite(ask.fixed_m)
    return Ground(ask.within(radius_m), ones, served, ask.required, conditions=conditions, closable=ask.closable)


def everyone(ask: Ask, conditions: Conditions) -> Ground:
    """Return who can be served at all."""
    return _ground(ask, np.inf, conditions)


def _has_candidate(ask: Ask) -> Flags:
    """Return which demands a candidate reaches at all."""
    return np.asarray(np.bincount(ask.place, minlength=len(ask.demands)) > 0)


def _radii(ask: Ask) -> Floats:
    """Return the distinct distances of the table, ascending; 0 stands for nobody served."""
    return np.unique(np.concatenate([[0.0], ask.metres, ask.fixed_m[np.isfinite(ask.fixed_m)]]))


def nearest_m(ask: Ask, sites: Ints) -> Floats:
    """Return each demand's distance to the nearest fixed site or one of ``sites``, infinite where there is none."""
    near = ask.fixed_m.copy()
    rows = np.isin(ask.site, sites)
    np.minimum.at(near, ask.place[rows], ask.metres[rows])
    return near


def longest_m(ask: Ask, sites: Ints) -> float:
    """Return the largest distance to the nearest open site over the served demand, 0 without any."""
    near = nearest_m(ask, sites)
    return float(near[ask.there & np.isfinite(near)].max(initial=0.0))
