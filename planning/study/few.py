"""When a count of people gives away too few of them, and which others must go with it.

Cell suppression as statistical offices practise it (Hundepool et al., *Statistical Disclosure Control*, 2012, chapter
4), with its minimum frequency rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.study.wording import missing

FEWEST: Final = 10
"""Fewer than this are few."""
SIZES: Final = (1.0, 100.0, 300.0, 500.0, 1000.0, 2000.0, 5000.0)
"""Where classes of households begin; 0 is told as it is."""


def few(counts: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Say which counts of people or households are few; ``areas`` is how many areas each rests on. 0 is not few."""
    counts = np.asarray(counts, dtype=float)
    return np.asarray((counts > 0) & ((counts < FEWEST) | (np.asarray(areas) == 1)))


def withheld(counts: np.ndarray, areas: np.ndarray, *, forced: np.ndarray | None = None) -> np.ndarray:
    """Say which rows of a table are not told, whose sums over all rows may be.

    Parameters
    ----------
    counts
        Rows × parts, such as covered and not covered; NaN is unknown and adds nothing.
    areas
        Of the same shape: how many residential areas each count rests on.
    forced
        Rows that are not told whatever they hold.

    Returns
    -------
    ndarray of bool
        A row with few in a part is untold. Then, while the untold rows together have few in a part, the smallest row
        left that has any, the first of equals, is untold too; rows without anybody stay.
    """
    counts, areas = np.nan_to_num(np.asarray(counts, dtype=float)), np.asarray(areas)
    untold = few(counts, areas).any(axis=1)
    untold |= np.zeros(len(counts), dtype=bool) if forced is None else forced
    size = counts.sum(axis=1)
    while untold.any() and few(counts[untold].sum(axis=0), areas[untold].sum(axis=0)).any():
        left = np.flatnonzero(~untold & (size > 0))
        if not len(left):
            break
        untold[left[np.argmin(size[left])]] = True
    return np.asarray(untold)


def apart(values: Iterable[Any], told: Sequence[float]) -> list[bool]:
    """Say which of ``values``, one after another, differ by none or by at least `FEWEST` from all told before them.

    Missing values are never told; ``told`` are those known anyway.
    """
    known, found = list(told), []
    for value in values:
        fits = not missing(value) and all(abs(float(value) - one) >= FEWEST or _same(value, one) for one in known)
        found.append(fits)
        known += [float(value)] if fits else []
    return found


def size(households: pd.Series) -> pd.DataFrame:
    """Return the class of a number of households: ``households_from`` and ``households_below`` (inf: open)."""
    values = households.to_numpy(dtype=float, na_value=np.nan)
    place = np.searchsorted(SIZES, values, side="right")
    low, high = np.array([0.0, *SIZES])[place], np.array([*SIZES, np.inf])[place]
    known = np.isfinite(values)
    found = {"households_from": np.where(known, low, np.nan), "households_below": np.where(known, high, np.nan)}
    return pd.DataFrame(found, index=households.index)


def _same(value: Any, other: float) -> bool:
    return abs(float(value) - other) < 1e-9
