"""Room `siting`: what a siting model answers with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["optimal", "feasible", "infeasible", "not_needed"]
PROVEN_GAP = 1e-6


@dataclass(frozen=True)
class PhasePlan:
    """What is open by the end of one phase.

    ``p`` is the cumulative limit asked for, ``sites`` the new sites open by then in rank order, ``objective`` the
    model's objective with them and the fixed sites, for the demand there by then. ``own_optimum`` is the objective of
    the best plan for this phase alone, bound by no later one, ``own_sites`` its new sites by id, ``own_bound`` what no
    plan of the phase can pass. ``cost_of_commitment`` (≥ 0, in the objective's unit) is what the phase gives up so
    that the last can be best; None where it serves more or fewer people than its own best plan, for then the sums are
    not of the same people. ``budget`` is what may be spent by its end (None: no limit), ``spent`` what its sites cost
    together (None: costs are not known).
    """

    name: str
    p: int
    sites: tuple[Any, ...]
    objective: float
    own_optimum: float = math.nan
    own_bound: float = math.nan
    own_sites: tuple[Any, ...] = ()
    cost_of_commitment: float | None = None
    budget: float | None = None
    spent: float | None = None


@dataclass(frozen=True)
class Stage:
    """One objective of several in order of rank, and its proof: it is the best with those before it held.

    ``name`` is ``shortfall``, ``coverage``, ``sites``, ``floor_area``, ``cost``, ``distance`` or a model's own.
    ``bound`` is NaN where the clock left no time to ask for one.
    """

    name: str
    objective: float
    bound: float
    gap: float
    status: Status


@dataclass(frozen=True)
class SitingPlan:
    """A siting answer and its proof.

    Attributes
    ----------
    model : str
        ``lscp``, ``mclp``, ``p_median``, ``p_center``, ``deficit`` or ``capacitated``.
    p : int
        Number of new sites allowed; for ``lscp`` the number found.
    sites : tuple of ids
        The new sites in rank order: rank 1 is the one with the largest gain. With phases, the sites of the first
        phase come first. Facilities in ``fixed`` are never listed.
    objective : float
        ``mclp``: weight covered by fixed and new sites together. ``lscp``: number of new sites. ``p_median``:
        Σ weight × distance_m to the nearest open site over the served demand. ``p_center``: the largest such
        distance, m (0 when nobody is served). NaN when infeasible.
    bound : float
        No plan can be better than this: an upper bound for ``mclp``, a lower bound for the others. NaN when infeasible.
    gap : float
        ``|bound − objective| / |objective|`` as a fraction; 0 when they are equal.
    status : str
        ``optimal`` (gap at most 1e-6), ``feasible`` (stopped by the clock: see ``gap``), ``infeasible`` (see
        ``reasons``), ``not_needed`` (nothing that could be opened adds anything).
    unreachable : tuple of demand ids
        Demand that no candidate and no fixed site can reach (``lscp``, ``mclp``: within the radius).
    unserved : tuple of demand ids
        Reachable demand that this plan leaves out.
    ties : tuple of (site, alternative)
        Candidates that could take one chosen site's place at exactly the same objective.
    gain : tuple of float
        One number a site, in rank order: what the site adds to those before it. ``mclp``: weight newly covered;
        ``lscp``: weight, or without a weight the number of demands, newly within the radius; ``p_center``: number
        of demands newly within ``objective`` metres; ``p_median``: metres × weight saved, a demand not yet served
        counting as one metre beyond the longest distance in ``reach``.
    reasons : tuple of dict
        When infeasible: ``code, subject_kind, subject_id, message`` for conditions that exclude each other, none of
        them superfluous as far as the time sufficed: without any one of them the rest no longer do.
    phases : tuple of PhasePlan
        Empty unless phases were asked for.
    phase : tuple of str
        Name of the phase that opens each site, in rank order; empty without phases.
    floor_area_m2 : tuple of float
        ``deficit``: floor area of each site, in rank order; empty for models that choose none.
    credited : tuple of (site, subject, m²)
        ``deficit``: whom the floor area is credited to, each square metre once.
    assigned : tuple of (demand, facility, share)
        ``capacitated``: the share of each demand that each open facility serves.
    size : tuple
        ``capacitated``: the size built at each site, in rank order; None where it has only one.
    stages : tuple of Stage
        Objectives in order of rank, where a model has more than one.
    """

    model: str
    p: int
    sites: tuple[Any, ...]
    objective: float
    bound: float
    gap: float
    status: Status
    unreachable: tuple[Any, ...] = ()
    unserved: tuple[Any, ...] = ()
    ties: tuple[tuple[Any, Any], ...] = ()
    gain: tuple[float, ...] = ()
    reasons: tuple[Mapping[str, str], ...] = ()
    phases: tuple[PhasePlan, ...] = ()
    phase: tuple[str, ...] = ()
    closed: tuple[Any, ...] = ()
    spent: float | None = None
    floor_area_m2: tuple[float, ...] = ()
    credited: tuple[tuple[Any, Any, float], ...] = ()
    assigned: tuple[tuple[Any, Any, float], ...] = ()
    size: tuple[Any, ...] = ()
    stages: tuple[Stage, ...] = ()


def gap(objective: float, bound: float) -> float:
    """Return ``|bound − objective| / |objective|``, 0 when they are equal, infinite when only the objective is 0."""
    if bound == objective:
        return 0.0
    return abs(bound - objective) / abs(objective) if objective else math.inf


def status(objective: float, bound: float) -> Status:
    """Return ``optimal`` only where the gap proves it."""
    return "optimal" if gap(objective, bound) <= PROVEN_GAP else "feasible"
