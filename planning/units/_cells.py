"""Room `planning.units`: single cells, however they are read: what says nothing, what is a number, each read once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.object_]
MISSING_WORDS: Final = frozenset(
    {"", "-", "--", "/", "\\", "无", "暂无", "暂无资料", "暂无数据", "无数据", "无资料", "不详", "未知", "未统计"}
    | {"未提供", "未填", "缺", "缺失", "待定", "待核实", "n/a", "na", "null", "none"}
)
"""What people write where they know nothing; compared after NFKC, without blanks around and in lower case."""


def normalise(text: str) -> str:
    """Return ``text`` in NFKC (full-width digits, ``㎡`` and brackets become plain), trimmed, in lower case."""
    return unicodedata.normalize("NFKC", text).strip().casefold().replace("−", "-")


def is_missing(cell: object) -> bool:
    """Say whether ``cell`` is empty, NaN or one of `MISSING_WORDS`."""
    return normalise(cell) in MISSING_WORDS if isinstance(cell, str) else cell is None or bool(pd.isna(cell))  # type: ignore[call-overload]


def is_number(cell: object) -> TypeGuard[float]:
    """Say whether a cell is a number of Python or numpy; True and False are none."""
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool)


def by_unique(
    values: pd.Series[Any], read: Callable[[object], tuple[object, str]]
) -> tuple[NDArray[np.object_], Codes]:
    """Read each distinct cell once; empty cells are missing without a code."""
    cells = values.astype(object).to_numpy()
    empty = pd.isna(cells)
    found = np.full(len(cells), None, dtype=object)
    codes = np.full(len(cells), "", dtype=object)
    seen: dict[Hashable, tuple[object, str]] = {}
    for position in np.flatnonzero(~empty):
        cell = cells[position]
        key = (type(cell), cell)
        if key not in seen:
            seen[key] = read(cell)
        found[position], codes[position] = seen[key]
    return found, codes
