"""For mutation testing: forget what was read of the documents before a mutant is looked at, else it would hide.

A pytest plugin, loaded by name (see docs/mutation.md); the suite itself does not use it.
"""

from __future__ import annotations

from planning.standards import _load


def pytest_sessionstart() -> None:
    """Clear the caches that the unchanged code has filled."""
    for cached in (_load.ids, _load.switch_table, _load._bundled):
        cached.cache_clear()
