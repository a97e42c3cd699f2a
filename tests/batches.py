"""Long series of random cases in batches: the first few with the slow tests, the rest by hand (``-m scale``)."""

from __future__ import annotations

from typing import Any

import pytest


def batches(count: int, *, slow: int) -> list[Any]:
    """Return the numbers of ``count`` batches, of which the first ``slow`` run with the slow tests."""
    return [
        pytest.param(number, marks=pytest.mark.slow if number < slow else pytest.mark.scale) for number in range(count)
    ]
