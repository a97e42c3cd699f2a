"""Helpers of the tests of files: read one through the outer door, and hold what is said of it."""

from __future__ import annotations

import pytest

from planning import plan as plans
from planning import tables
from planning.errors import InputRefused
from planning.sources import draft


def spec(path, name="residential", **keys):
    return plans.InputSpec(name=name, path=path.name, file=path, **keys)


def opened(path, name="residential", **keys):
    """Read a file as it stands, through the outer door; every message is filled in."""
    found, _ = draft.open_raw(spec(path, name, **keys), path, tables.contract(name), layer=keys.get("layer"))
    codes(found)
    return found


def raw(path, name="residential", **keys):
    """Read a file that is whole: as many rows as were counted."""
    found = opened(path, name, **keys)
    assert len(found.rows) == found.read
    return found


def refused(path, name="residential", **keys):
    """Return the faults of a file that is refused; each names the file and is filled in."""
    with pytest.raises(InputRefused) as caught:
        raw(path, name, **keys)
    for fault in caught.value.faults:
        assert fault.file == path.name
        assert "{" not in fault.message() + fault.remedy()
    return caught.value.faults


def refusal(path, name="residential", **keys):
    return [fault.code for fault in refused(path, name, **keys)]


def codes(found, severity=None):
    for fault in found.faults:
        assert "{" not in fault.message() + fault.remedy()
    return [fault.code for fault in found.faults if severity in (None, fault.severity)]
