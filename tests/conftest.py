"""Settings of the whole suite."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A busy machine is not a failing test; the same examples every time are.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("suite")

# Nothing is left in the home of whoever runs the suite.
os.environ.setdefault("PLANNING_CACHE", "off")
