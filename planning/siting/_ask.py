"""Room `siting`: what a verb is given, checked to the last row and put in order.

Everything is sorted by id here, once: no answer depends on the order of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from planning.errors import Fault, refuse
from planning.siting import _rules
from planning.siting._highs import Clock
from planning.siting._phases import (
    Phase,
    as_phases,
    budgets,
    is_number,
    is_whole,
    names_twice,
    wrong_budgets,
    wrong_numbers,
)
from planning.siting._rules import Wishes
from planning.siting._units import COVER_TOTAL, Flags, Floats, Ints

COLUMNS = ("facility_id", "demand_id", "distance_m")
NAMED = 20  # so many culprits stand in a message; the rest are counted


@dataclass(frozen=True)
class Wants:
    """The options of a verb as the caller wrote them; ``None`` where a model has no such option."""

    model: str
    fixed: Any = ()
    required: Any = ()
    forbidden: Any = ()
    time_limit_s: Any = 60.0
    weight: str | None = None
    p: Any = None
    radius_m: Any = None
    share: Any = None
    phases: Any = ()
    candidates: Any = ()
    rules: Wishes = field(default_factory=Wishes)

    def __post_init__(self) -> None:
        """Hold ids and phases as tuples: the caller's may be read once only."""
        for role in ("fixed", "required", "forbidden", "candidates"):
            object.__setattr__(self, role, _as_ids(getattr(self, role)))
        object.__setattr__(self, "phases", as_phases(self.phases))
        lists = {name: _as_ids(getattr(self.rules, name)) for name in ("streets", "may_close", "preferred")}
        object.__setattr__(self, "rules", replace(self.rules, **lists))

    @property
    def last(self) -> Phase:
        """Return the last phase; without phases the whole plan is one."""
        return self.phases[-1] if self.phases else Phase("", self.p)

    @property
    def money(self) -> list[float | None]:
        """Return what may be spent by the end of each phase; without phases by the end of the plan."""
        return budgets(self.phases, self.rules.budget) or [self.rules.budget]

    @property
    def closed_to(self) -> tuple[Any, ...]:
        """Return the sites that cannot open even in the last phase: forbidden or not to be had by then."""
        return _as_ids({*self.forbidden, *(set(self.last.unavailable) - set(self.fixed))})


@dataclass(frozen=True)
class Ask:
    """A checked question. Demands are sorted by id, candidates too, preferred ones first; the rest counts in positions.

    Existing facilities that may close stand among the candidates: ``is_new`` tells them apart, and ``fixed`` are the
    others. ``site, place, metres`` are the finite pairs of candidates; ``fixed_m`` is each demand's distance to the
    nearest fixed site, infinite where there is none, ``longest_m`` the longest of the whole table; ``required`` are
    positions of candidates. ``there`` are the demands that exist by the end of the last phase: ``weight`` and
    ``extra``, the columns that shares are asked of, are 0 elsewhere.
    """

    model: str
    candidates: tuple[Any, ...]
    fixed: tuple[Any, ...]
    demands: tuple[Any, ...]
    weight: Floats
    site: Ints
    place: Ints
    metres: Floats
    fixed_m: Floats
    longest_m: float
    required: Ints
    p: int
    radius_m: float
    share: float
    phases: tuple[Phase, ...]
    clock: Clock
    is_new: Flags
    there: Flags
    extra: Mapping[str, Floats]
    weighted: bool = False

    @property
    def new(self) -> Ints:
        """Return the positions of the candidates proper."""
        return np.flatnonzero(self.is_new)

    @property
    def closable(self) -> Ints:
        """Return the positions of existing facilities that may close."""
        return np.flatnonzero(~self.is_new)

    def within(self, radius_m: float) -> Any:
        """Return which candidate reaches which demand within ``radius_m``, inclusive: demands × candidates, 0/1."""
        near = self.metres <= radius_m
        ones = np.ones(int(near.sum()))
        shape = (len(self.demands), len(self.candidates))
        return sparse.csr_array((ones, (self.place[near], self.site[near])), shape=shape)

    def only(self, among: Ints, opened: Ints, p: int) -> Ask:
        """Return the same question for the candidates ``among``, of which ``opened`` must open, and ``p`` sites."""
        among = np.asarray(among, dtype=np.int64)
        kept = np.isin(self.site, among)
        return replace(
            self,
            candidates=tuple(self.candidates[int(one)] for one in among),
            site=np.searchsorted(among, self.site[kept]),
            place=self.place[kept],
            metres=self.metres[kept],
            required=np.searchsorted(among, opened),
            p=p,
            is_new=self.is_new[among],
        )

    def staying(self, kept: Ints) -> Ask:
        """Return the same question with the existing facilities ``kept`` open for good and the others closed."""
        fixed_m = self.fixed_m.copy()
        rows = np.isin(self.site, kept)
        np.minimum.at(fixed_m, self.place[rows], self.metres[rows])
        names = tuple(self.candidates[int(one)] for one in kept)
        inner = replace(self, fixed=(*self.fixed, *names), fixed_m=fixed_m)
        return inner.only(self.new, self.required, self.p)

    def with_demand(self, there: Flags) -> Ask:
        """Return the same question with the demand ``there`` alone having a weight."""
        extra = {name: np.where(there, weight, 0.0) for name, weight in self.extra.items()}
        return replace(self, there=there, weight=np.where(there, self.weight, 0.0), extra=extra)

    def ids(self, where: Flags) -> tuple[Any, ...]:
        """Return the ids of the demands where ``where`` is true."""
        return tuple(self.demands[position] for position in np.flatnonzero(where))


def read(reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> Ask:
    """Check what a verb is given and put it in order.

    Raises
    ------
    InputRefused
        With every fault: missing columns, ids or distances, negative distances, a pair given twice, demand that is
        not in ``demand``, bad weights, roles that contradict each other, an option out of range.
    """
    rule_faults = _rules.faults(wants.rules, wants.model)
    missing = _columns_faults(reach, demand, wants)
    if missing:
        refuse([*missing, *rule_faults])
    pairs = _Pairs.of(reach)
    roles = {"fixed": wants.fixed, "required": wants.required, "forbidden": wants.closed_to}
    outside = {*roles["fixed"], *roles["forbidden"]}
    candidates = _ordered({*pairs.in_reach(), *wants.candidates} - outside)
    refuse(
        [
            *_pair_faults(pairs),
            *_demand_faults(pairs, demand, wants),
            *_role_faults(pairs, roles, candidates),
            *_fault("siting_may_close_absent", _ordered(set(wants.rules.may_close) - set(wants.fixed))),
            *_fault("siting_preferred_absent", _ordered(set(wants.rules.preferred) - set(candidates))),
            *_option_faults(wants, len(candidates)),
            *rule_faults,
            *_rules.facility_faults(wants.rules, candidates, list(wants.fixed), budgeted=_is_budgeted(wants)),
        ]
    )
    return _in_order(pairs, demand, wants, roles, candidates)


def _is_budgeted(wants: Wants) -> bool:
    """Say whether money is limited, by the end or by a phase before."""
    return wants.rules.budget is not None or any(phase.budget is not None for phase in wants.phases)


@dataclass(frozen=True)
class _Pairs:
    """The reach table with ids as positions among its own facilities and demands; −1 is a missing id."""

    facilities: list[Any]
    places: list[Any]
    facility: Ints
    place: Ints
    metres: Floats

    @classmethod
    def of(cls, reach: pd.DataFrame) -> _Pairs:
        """Read the three columns; a distance that is no number is missing."""
        facility, facilities = pd.factorize(reach["facility_id"])
        place, places = pd.factorize(reach["demand_id"])
        metres = pd.to_numeric(reach["distance_m"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        return cls(list(facilities), list(places), facility.astype(np.int64), place.astype(np.int64), metres)

    def in_reach(self) -> list[Any]:
        """Return the facilities with a finite distance: an infinite one is as good as no row."""
        rows = np.isfinite(self.metres) & (self.facility >= 0)
        return [self.facilities[at] for at in np.flatnonzero(np.bincount(self.facility[rows])).tolist()]

    def names(self, where: Flags) -> list[str]:
        """Return the pairs of rows with both ids as ``facility → demand``, each once, in order."""
        rows = where & (self.facility >= 0) & (self.place >= 0)
        both = {*zip(self.facility[rows].tolist(), self.place[rows].tolist(), strict=True)}
        return sorted(f"{self.facilities[facility]} → {self.places[place]}" for facility, place in both)

    def twice(self) -> Flags:
        """Return the rows whose pair stands in more than one row."""
        return pd.Series(self.facility * (len(self.places) + 1) + self.place).duplicated(keep=False).to_numpy(bool)


def _in_order(
    pairs: _Pairs, demand: pd.DataFrame, wants: Wants, roles: dict[str, tuple[Any, ...]], candidates: list[Any]
) -> Ask:
    """Return the checked tables as arrays in the order of ids."""
    demands = _ordered(demand.index)
    closable = set(wants.rules.may_close)
    first = set(wants.rules.preferred)
    columns = sorted(_ordered({*candidates, *closable}), key=lambda one: one not in first)
    staying = tuple(one for one in roles["fixed"] if one not in closable)
    finite = np.isfinite(pairs.metres)
    metres = pairs.metres[finite]
    place = _places_of(pairs.places, demands)[pairs.place[finite]]
    site = _places_of(pairs.facilities, columns)[pairs.facility[finite]]
    fixed = _places_of(pairs.facilities, staying)[pairs.facility[finite]] >= 0
    fixed_m = np.full(len(demands), np.inf)
    np.minimum.at(fixed_m, place[fixed], metres[fixed])
    order = np.lexsort((place, site))
    order = order[site[order] >= 0]
    weights = np.ones(len(demands)) if wants.weight is None else demand[wants.weight].reindex(demands)
    extra = {name: demand[name].reindex(demands).to_numpy(dtype=np.float64) for name in wants.rules.floors}
    asked = Ask(
        model=wants.model,
        candidates=tuple(columns),
        fixed=staying,
        demands=tuple(demands),
        weight=np.asarray(weights, dtype=np.float64),
        site=site[order],
        place=place[order],
        metres=metres[order],
        fixed_m=fixed_m,
        longest_m=float(metres.max(initial=0.0)),
        required=np.sort(_places_of(roles["required"], columns)),
        p=len(candidates) if wants.p is None else int(wants.p),
        radius_m=math.inf if wants.radius_m is None else float(wants.radius_m),
        share=1.0 if wants.share is None else float(wants.share),
        phases=tuple(replace(phase, p=int(phase.p)) for phase in wants.phases),
        clock=Clock.of(float(wants.time_limit_s)),
        is_new=np.array([one not in closable for one in columns], dtype=bool),
        there=np.ones(len(demands), dtype=bool),
        extra=extra,
        weighted=wants.weight is not None,
    )
    absent = set(wants.last.absent)
    return asked.with_demand(np.array([one not in absent for one in demands], dtype=bool)) if absent else asked


def _places_of(ids: Iterable[Any], among: Iterable[Any]) -> Ints:
    """Return where ``ids`` stand in ``among``, −1 where they do not."""
    at = {one: position for position, one in enumerate(among)}
    return np.array([at.get(one, -1) for one in ids], dtype=np.int64)


def _as_ids(ids: Any) -> tuple[Any, ...]:
    """Return ids without repeats, in order; a single text is one id, not its letters."""
    return tuple(_ordered(set([ids] if isinstance(ids, str) else ids)))


def _ordered(ids: Iterable[Any]) -> list[Any]:
    """Return ids ascending; of several kinds, kind by kind."""
    return sorted(ids, key=lambda one: (isinstance(one, str), one))


# ----------------------------------------------------------------------------------------------------------- faults


def named(culprits: Sequence[Any]) -> str:
    """Return culprits as a list for a sentence, shortened with their number."""
    shown = ", ".join(map(str, culprits[:NAMED]))
    return shown if len(culprits) <= NAMED else f"{shown} … ({len(culprits)})"


def _fault(code: str, culprits: Sequence[Any], *, column: str = "", **facts: Any) -> list[Fault]:
    """Return one fault naming all ``culprits``, or none without any."""
    return [Fault(code, column=column, value=named(culprits), facts=facts)] if len(culprits) else []


def _columns_faults(reach: pd.DataFrame, demand: pd.DataFrame, wants: Wants) -> list[Fault]:
    """Name the columns that are missing: without them nothing else can be checked."""
    missing = [column for column in COLUMNS if column not in reach.columns]
    absent = [name for name in _weights_asked(wants) if name not in demand.columns]
    absent += ["None"] if wants.weight is None and wants.model not in {"lscp", "p_center"} else []
    return [
        *_fault("siting_reach_columns", missing, present=", ".join(map(str, reach.columns))),
        *_fault("siting_weight_column", absent, present=", ".join(map(str, demand.columns))),
    ]


def _weights_asked(wants: Wants) -> list[str]:
    """Return the columns of the demand table that are summed."""
    own = [] if wants.weight is None else [wants.weight]
    return list(dict.fromkeys([*own, *wants.rules.floors]))


def _pair_faults(pairs: _Pairs) -> list[Fault]:
    """Name the pairs whose ids or distances cannot be used, and those given twice."""
    no_id = (pairs.facility < 0) | (pairs.place < 0)
    missing, negative = np.isnan(pairs.metres), pairs.metres < 0
    return [
        *_fault("siting_pair_without_id", np.flatnonzero(no_id).tolist()),
        *_fault("siting_distance_missing", pairs.names(missing), column="distance_m"),
        *_fault("siting_distance_negative", pairs.names(negative), column="distance_m"),
        *_fault("siting_pair_twice", pairs.names(pairs.twice())),
    ]


def _demand_faults(pairs: _Pairs, demand: pd.DataFrame, wants: Wants) -> list[Fault]:
    """Name demands that are given twice, unknown, or have a weight that cannot be one."""
    index = demand.index
    unknown = set(pairs.places) - set(index)
    faults = [
        *_fault("siting_demand_without_id", np.flatnonzero(index.isna()).tolist()),
        *_fault("siting_demand_twice", _ordered(set(index[index.duplicated() & index.notna()]))),
        *_fault("siting_demand_unknown", _ordered(unknown)),
    ]
    for weight in _weights_asked(wants):
        weights = pd.to_numeric(demand[weight], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        faults += _fault("siting_weight_missing", list(index[~np.isfinite(weights)]), column=weight)
        faults += _fault("siting_weight_negative", list(index[np.isfinite(weights) & (weights < 0)]), column=weight)
        finite = weights[np.isfinite(weights)]
        if np.minimum(finite, 2.0 * COVER_TOTAL).sum() > COVER_TOTAL:
            most = finite.max()
            faults += _fault("siting_weight_total", list(index[weights == most]), column=weight)
    return faults


def _role_faults(pairs: _Pairs, roles: dict[str, tuple[Any, ...]], candidates: list[Any]) -> list[Fault]:
    """Name facilities with two roles, required sites that are no candidates, and ids of another kind than reach's."""
    fixed, required, forbidden = (set(roles[name]) for name in ("fixed", "required", "forbidden"))
    both = (fixed & required) | (fixed & forbidden) | (required & forbidden)
    in_reach = {isinstance(one, str) for one in pairs.facilities}
    alien = [one for one in _ordered(fixed | required | forbidden) if in_reach and isinstance(one, str) not in in_reach]
    return [
        *_fault("siting_role_twice", _ordered(both)),
        *_fault("siting_id_kind", alien),
        *_fault("siting_required_absent", _ordered(required - set(candidates) - both - set(alien))),
    ]


def _option_faults(wants: Wants, candidates: int) -> list[Fault]:
    """Name the options out of range."""
    faults = _p_faults(wants, candidates)
    if wants.model in {"lscp", "mclp"} and not (is_number(wants.radius_m) and 0 <= wants.radius_m < math.inf):
        faults += _fault("siting_radius", [wants.radius_m])
    if not (is_number(wants.time_limit_s) and wants.time_limit_s > 0):
        faults += _fault("siting_time_limit", [wants.time_limit_s])
    if wants.share is not None and not (is_number(wants.share) and 0 <= wants.share <= 1):
        faults += _fault("siting_share", [wants.share])
    faults += _fault("plan_phase_twice", names_twice(wants.phases))
    faults += _fault("siting_phases", wrong_numbers(wants.phases, wants.p), p=wants.p)
    return faults + _fault("siting_phase_budgets", wrong_budgets(wants.phases, wants.rules.budget))


def _p_faults(wants: Wants, candidates: int) -> list[Fault]:
    """Name a number of sites that is not whole, below 0 or more than there are candidates, or that there are none."""
    p = wants.p
    if wants.model == "lscp":
        return [] if candidates else [Fault("siting_no_candidates", value="0")]
    if not is_whole(p):
        return _fault("siting_p_not_whole", [p], candidates=candidates)
    if p < 0:
        return _fault("siting_p_negative", [p], candidates=candidates)
    if p and not candidates:
        return [Fault("siting_no_candidates", value=str(p))]
    return _fault("siting_p_above", [p], candidates=candidates) if p > candidates else []
