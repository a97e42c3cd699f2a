"""Room `siting`: what a plan is held to beside its model, as rows of sparse matrices.

Every condition is linear: in the open sites (``low ≤ rows · x ≤ high``: sites in a street, money, pairs too near each
other) or in the covered demand (``floors · y ≥ need``). All numbers are whole, so that to hold or not is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from planning.siting._units import Flags, Ints

FREE = 2**60  # no limit; ordinary sums stay far below


@dataclass(frozen=True)
class Clause:
    """One condition as a planner would name it: ``kind`` and ``subject`` say whom it is about."""

    code: str
    kind: str
    subject: Any
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Conditions:
    """Conditions over the columns of an `Ask`; ``row_of`` and ``floor_of`` say which clause a row belongs to."""

    clauses: tuple[Clause, ...]
    rows: Any
    row_of: Ints
    low: Ints
    high: Ints
    floors: Any
    floor_of: Ints
    need: Ints
    total: Ints

    @classmethod
    def none(cls, sites: int, demands: int) -> Conditions:
        """Return no conditions at all."""
        nothing: Ints = np.zeros(0, dtype=np.int64)
        rows, floors = (sparse.csr_array((0, width), dtype=np.int64) for width in (sites, demands))
        return cls((), rows, nothing, nothing, nothing, floors, nothing, nothing, nothing)

    @property
    def free(self) -> bool:
        """Say whether nothing is asked."""
        return not len(self.low) and not len(self.need)

    @property
    def limited(self) -> Flags:
        """Return which rows limit from above."""
        return np.asarray(self.high < FREE)

    def with_rows(self, clause: Clause, rows: Any, low: Sequence[int] | Ints, high: Sequence[int] | Ints) -> Conditions:
        """Return these and one clause more, of one or several ``rows``."""
        rows = sparse.csr_array(np.atleast_2d(rows) if isinstance(rows, np.ndarray) else rows).astype(np.int64)
        return replace(
            self,
            clauses=(*self.clauses, clause),
            rows=sparse.csr_array(sparse.vstack([self.rows, rows])),
            row_of=np.append(self.row_of, np.full(rows.shape[0], len(self.clauses), dtype=np.int64)),
            low=np.append(self.low, np.asarray(low, dtype=np.int64)),
            high=np.append(self.high, np.asarray(high, dtype=np.int64)),
        )

    def with_floor(self, clause: Clause, weight: Ints, need: int) -> Conditions:
        """Return these and one floor more: covered ``weight`` of at least ``need``."""
        return replace(
            self,
            clauses=(*self.clauses, clause),
            floors=sparse.csr_array(sparse.vstack([self.floors, sparse.csr_array(weight[None, :])])),
            floor_of=np.append(self.floor_of, len(self.clauses)),
            need=np.append(self.need, need),
            total=np.append(self.total, weight.sum()),
        )

    def with_need(self, weight: Ints, need: int) -> Conditions:
        """Return these and the weight that has to be covered in all."""
        return self.with_floor(Clause("share", "plan", "share"), weight, need)

    def only(self, clauses: Ints) -> Conditions:
        """Return the rows and floors of some clauses; clauses keep their numbers."""
        return self.pick(np.isin(self.row_of, clauses), np.isin(self.floor_of, clauses))

    def pick(self, rows: Flags, floors: Flags) -> Conditions:
        """Return some rows and floors."""
        return replace(
            self,
            rows=self.rows[rows],
            row_of=self.row_of[rows],
            low=self.low[rows],
            high=self.high[rows],
            floors=self.floors[floors],
            floor_of=self.floor_of[floors],
            need=self.need[floors],
            total=self.total[floors],
        )

    def sum_of(self, sites: Ints) -> Ints:
        """Return what ``sites`` come to in every row."""
        return np.asarray(self.rows[:, sites].sum(axis=1), dtype=np.int64).ravel()

    def covered(self, where: Flags) -> Ints:
        """Return what the demands ``where`` come to in every floor."""
        return np.asarray(self.floors[:, np.flatnonzero(where)].sum(axis=1), dtype=np.int64).ravel()

    def fit_sites(self, sites: Ints) -> bool:
        """Say whether ``sites`` meet every row."""
        sums = self.sum_of(sites)
        return bool(((sums >= self.low) & (sums <= self.high)).all())

    def fit(self, sites: Ints, covered: Flags) -> bool:
        """Say whether ``sites`` with what they cover meet everything."""
        return self.fit_sites(sites) and bool((self.covered(covered) >= self.need).all())

    def has_room(self, sites: Ints) -> Flags:
        """Return which columns could open beside ``sites`` without passing any limit; all coefficients are ≥ 0."""
        spare = np.maximum(self.high - self.sum_of(sites), -1)
        columns = sparse.csc_array(self.rows)
        over = columns.data > spare[columns.indices]
        blocked = np.bincount(_column_of(columns)[over], minlength=self.rows.shape[1])
        return np.asarray(blocked == 0)

    def swaps(self, sites: Ints) -> Flags:
        """Return sites × columns: the row sums hold once the column is open in the site's place."""
        every = self.rows.shape[1]
        if not len(self.low):
            return np.ones((len(sites), every), dtype=bool)
        sums, columns = self.sum_of(sites), sparse.csc_array(self.rows)
        column_of = _column_of(columns)
        flags = np.empty((len(sites), every), dtype=bool)
        for at, site in enumerate(sites.tolist()):
            rest = sums - self.rows[:, [site]].toarray().ravel()
            missing = self.low - rest
            over = columns.data > (self.high - rest)[columns.indices]
            bad = np.bincount(column_of[over], minlength=every) > 0
            helps = (missing[columns.indices] > 0) & (columns.data >= missing[columns.indices])
            helped = np.bincount(column_of[helps], minlength=every)
            flags[at] = ~bad & (helped == int((missing > 0).sum()))
            flags[at] &= bool((rest <= self.high).all())
        return flags


def _column_of(columns: Any) -> Ints:
    """Return the column of every entry of a matrix kept by columns."""
    return np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))


def asks_for_sites(found: Conditions | None) -> bool:
    """Say whether some condition can only be met by opening sites."""
    return found is not None and (bool((found.low > -FREE).any()) or bool(len(found.need)))
