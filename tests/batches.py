"""Long series of cases: which of them run in the quick suite, which with the slow tests, which by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def batches(count: int, *, slow: int) -> list[Any]:
    """Return the numbers of ``count`` batches, of which the first ``slow`` run with the slow tests."""
    return [
        pytest.param(number, marks=pytest.mark.slow if number < slow else pytest.mark.scale) for number in range(count)
    ]


def few(cases: Iterable[Any], *, quick: int) -> list[Any]:
    """Return cases of which the first ``quick`` run in the quick suite, the others with the slow tests."""
    rows = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*row, marks=pytest.mark.slow if at >= quick else ()) for at, row in enumerate(rows)]
