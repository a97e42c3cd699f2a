"""Room `siting`: weights and distances as whole numbers, so that sums and ties are exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

COVER_TOTAL = 10**12
DECIMALS = 6
FINEST = 300  # decimal places a float can tell


@dataclass(frozen=True)
class Whole:
    """Whole numbers and how many of them make one of the user's units."""

    values: Ints
    per_unit: float


def whole(values: NDArray[Any], largest_total: float, *, total: float | None = None) -> Whole:
    """Return ``values`` (finite, ≥ 0) as whole numbers whose ``total`` does not pass ``largest_total``.

    Numbers with up to six decimals become exactly ten, a hundred, … times themselves: 2.9 is 29 tenths. Others
    (thirds, square roots, 0.1 + 0.2) are rounded to the finest decimal place that fits. ``total`` is the sum that
    must not overflow, by default that of ``values``.
    """
    floats = np.asarray(values, dtype=np.float64)
    sum_of = float(floats.sum()) if total is None else total
    for digits in range(DECIMALS + 1):
        per_unit = 10.0**digits
        rounded = np.rint(floats * per_unit)
        if sum_of * per_unit > largest_total:
            break
        if np.array_equal(rounded / per_unit, floats):
            return Whole(rounded.astype(np.int64), per_unit)
    per_unit = 10.0 ** min(math.floor(math.log10(largest_total) - math.log10(sum_of)), FINEST)
    return Whole(np.rint(floats * per_unit).astype(np.int64), per_unit)
