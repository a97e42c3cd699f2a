"""Room `planning.province`: the data of a province looked at without running it, each fault with its county."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from planning import runs
from planning.errors import Fault, InputRefused
from planning.province import _plan
from planning.province._plan import County

Counts = Mapping[str, Mapping[str, int]]


def check(path: str | Path) -> tuple[tuple[Fault, ...], Counts]:
    """Read everything that a list of counties' plans names, and return every fault and the count of rows by input.

    Parameters
    ----------
    path
        A province plan that lists its counties; one layer set is a plan like any other (`planning.runs.check`).

    Returns
    -------
    faults, counts
        Files and inputs with the county's code before them: ``610102/residential.gpkg``, ``610102:residential``. A
        county that is left out before its data are read (a code twice, another standard) is among the faults.

    Raises
    ------
    InputRefused
        As `planning.province.read`.
    """
    province = _plan.read(path)
    faults = [fault for code, found in sorted((province.missing or {}).items()) for fault in _named(code, found)]
    counts: dict[str, Mapping[str, int]] = {}
    for one in province.counties:
        found, rows = _county(one)
        faults += _named(one.code, found)
        counts |= {f"{one.code}:{name}": figures for name, figures in rows.items()}
    return tuple(faults), counts


def _county(one: County) -> tuple[tuple[Fault, ...], Counts]:
    try:
        return runs.check(one.plan or Path())
    except InputRefused as refused:
        return refused.faults, {}


def _named(code: str, faults: tuple[Fault, ...]) -> list[Fault]:
    """Return faults with the county's code before the file."""
    return [replace(fault, file=f"{code}/{fault.file}" if fault.file else code) for fault in faults]
