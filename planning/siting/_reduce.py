"""Room `siting`: make a covering problem smaller without changing its best answers' worth.

Demand with the same cover set is one demand; a candidate that covers no more than another is never needed; where all
must be covered, a demand whose cover set contains another's is covered with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from planning.siting._units import Flags, Floats, Ints

PRODUCT = 30_000_000  # a comparison of all with all is skipped where it would take more steps than this


@dataclass(frozen=True)
class Small:
    """A reduced problem. ``columns`` are the positions of its sites among all candidates, ascending."""

    reach: Any
    weight: Ints
    columns: Ints

    @property
    def sites(self) -> int:
        """Return the number of sites left."""
        return int(self.reach.shape[1])

    def pick(self, rows: Flags | Ints | slice, columns: Flags | Ints | slice) -> Small:
        """Return the problem of some rows and columns."""
        reach = sparse.csr_array(self.reach[rows][:, columns])
        return replace(self, reach=reach, weight=self.weight[rows], columns=self.columns[columns])

    def parts(self) -> Iterator[Small]:
        """Yield the connected parts, in the order of their first sites."""
        rows = self.reach.shape[0]
        if not rows:
            return
        both = sparse.block_array([[None, self.reach], [self.reach.T, None]], format="csr")
        label = csgraph.connected_components(both, directed=False)[1]
        by_row = np.argsort(label[:rows], kind="stable")
        by_site = np.argsort(label[rows:], kind="stable")
        count = int(label.max()) + 1
        row_ends = np.searchsorted(label[:rows][by_row], np.arange(count + 1))
        site_ends = np.searchsorted(label[rows:][by_site], np.arange(count + 1))
        for part in range(count):
            in_rows = by_row[row_ends[part] : row_ends[part + 1]]
            if len(in_rows):
                yield self.pick(in_rows, by_site[site_ends[part] : site_ends[part + 1]])


def shrink(reach: Any, weight: Ints, covered: Flags, required: Ints, *, all_of_it: bool = False) -> Small:
    """Return what is left to decide once the fixed and required sites have ``covered`` their part.

    With ``all_of_it`` every row that can be covered must be: weights do not matter, and more rows fall away.
    """
    everything = Small(sparse.csr_array(reach), weight, np.arange(reach.shape[1]))
    sites = np.setdiff1d(np.arange(reach.shape[1]), required)
    small = everything.pick(~covered & (weight > 0), sites)
    while True:
        before = small.reach.shape
        small = _merge_rows(_drop_empty(small))
        small = small.pick(slice(None), ~_dominated(small))
        if all_of_it:
            small = small.pick(~_implied(small), slice(None))
        if small.reach.shape == before or not all_of_it:
            return _merge_rows(_drop_empty(small))


def without(small: Small, sites: Flags) -> Small:
    """Return the problem without ``sites``; what only they cover, nobody covers."""
    return _merge_rows(_drop_empty(small.pick(slice(None), ~sites)))


def _drop_empty(small: Small) -> Small:
    """Drop rows nobody can cover and sites that cover nothing."""
    rows = np.diff(small.reach.indptr) > 0
    columns = np.bincount(small.reach.indices, minlength=small.sites) > 0
    return small.pick(rows, columns)


def _merge_rows(small: Small) -> Small:
    """Make one row of rows with the same sites."""
    first, group = same_rows(small.reach)
    weight = np.zeros(len(first), dtype=np.int64)
    np.add.at(weight, group, small.weight)
    return replace(small.pick(first, slice(None)), weight=weight)


def same_rows(reach: Any) -> tuple[Ints, Ints]:
    """Return the first of every kind of row, ascending, and the kind of each row: rows with the same sites."""
    _, first, group = np.unique(_keys(reach), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    first, group = first[order], np.argsort(order)[group.ravel()]
    # two 64-bit sums practically never agree by chance; that they did not is checked, not assumed
    if len(group) and (reach != reach[first[group]]).nnz:
        raise RuntimeError("different cover sets have one key")
    return first, group


def _keys(reach: Any) -> Ints:
    """Return two whole numbers a row: sums of fixed random numbers over its sites."""
    random = np.random.default_rng(0).integers(1, 2**62, (reach.shape[1], 2), dtype=np.int64)
    ends = reach.indptr
    with np.errstate(over="ignore"):
        running = np.concatenate([np.zeros((1, 2), dtype=np.int64), np.cumsum(random[reach.indices], axis=0)])
        sums = running[ends[1:]] - running[ends[:-1]]
    return np.asarray(sums)


def _dominated(small: Small) -> Flags:
    """Return the sites that cover no more than another one; of equals the first stays."""
    together = overlaps(small.reach.T)
    if together is None:
        return np.zeros(small.sites, dtype=bool)
    size = np.bincount(small.reach.indices, minlength=small.sites)
    one, other = together.coords
    inside = (one != other) & (together.data == size[one])
    stronger = (size[other] > size[one]) | ((size[other] == size[one]) & (other < one))
    flags = np.zeros(small.sites, dtype=bool)
    flags[one[inside & stronger]] = True
    return flags


def _implied(small: Small) -> Flags:
    """Return the rows whose cover set contains another row's: whoever covers that one covers them."""
    together = overlaps(small.reach)
    if together is None:
        return np.zeros(small.reach.shape[0], dtype=bool)
    size = np.diff(small.reach.indptr)
    one, other = together.coords
    contains = (one != other) & (together.data == size[other])
    larger = (size[one] > size[other]) | ((size[one] == size[other]) & (other < one))
    flags = np.zeros(small.reach.shape[0], dtype=bool)
    flags[one[contains & larger]] = True
    return flags


def overlaps(rows: Any) -> Any | None:
    """Return in how many columns each two rows meet, or None where that would take too long."""
    rows = sparse.csr_array(rows)
    per_column: Floats = np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.float64)
    if float(per_column @ per_column) > PRODUCT:
        return None
    return (rows @ rows.T).tocoo()
