"""Floor area per hundred households (每百户建筑面积): who owes how much, what counts, who meets it, what is missing.

All arithmetic is in exact fractions of the decimals that stand in the tables; figures become floats at the end.
Thresholds are inclusive unless a clause says above. An area that may be new or existing is judged under both
readings, and only what both say alike is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from planning.compliance import _built, _frames, _pools, _readings, _rooms, _subjects
from planning.compliance._countable import Countable
from planning.errors import Fault, InputRefused
from planning.standards import MINIMUM, RATE, Standard

__all__ = ["Assessment", "assess", "check_pools", "measure", "summarise"]


@dataclass(frozen=True)
class Assessment:
    """Areas and pools held against the floor-area clauses of a document.

    Attributes
    ----------
    residential
        By ``residential_id``: ``built_used`` (missing: neither), ``built_from``, ``required_m2, provided_m2,
        shortfall_m2, rate_ok, unit_ok`` (of a pooled area: its own), ``pool_id`` and the pool's figures, ``verdict``,
        ``reason``, ``paper_provided_m2``, ``paper_verdict``.
    rooms
        One row per facility and whom it is for, and per area's own statement: whether and why it counts.
    findings
        One row per assessable subject and clause, rate and single minimum apart.
    summary
        Sums over assessable stand-alone areas and each assessable pool once, and counts of areas by verdict.
    accounts
        By ``residential_id``, each area's part in those sums as exact fractions.
    subjects
        One row per stand-alone area and per pool, in exact fractions: ``subject_kind, subject_id, members, verdict,
        reason, need_m2, minimum_m2, known_m2`` (what counts for certain), ``room_m2`` (the room that decides on the
        minimum), ``above_need, above_minimum`` (the number itself is not enough), ``each_room``.
    """

    residential: pd.DataFrame
    rooms: pd.DataFrame
    findings: pd.DataFrame
    summary: Mapping[str, Any]
    accounts: pd.DataFrame
    subjects: pd.DataFrame


def assess(
    residential: pd.DataFrame,
    facilities: pd.DataFrame,
    pools: pd.DataFrame | None,
    standard: Standard,
    *,
    switches: Mapping[str, Any],
    as_of: date,
    figures_only: bool = False,
) -> Assessment:
    """Hold every residential area and pool against the floor-area clauses of a document.

    Parameters
    ----------
    residential
        Canonical areas; ``setting`` resolved (missing is urban). Polygons say which area a facility stands in.
    facilities
        Canonical facilities of any status; candidates are left out.
    pools
        ``residential_id, pool_id``, or None; a row marked ``left_out`` leaves its pool not assessable.
    standard
        The document as the plan reads it (`planning.standards.apply`).
    switches
        ``[standards]`` of the plan: ``single_minimum_applies, pool_rate, households_rounding, usable_to_gross,
        new_cutoff, pooling``; absent ones are the document's. ``exclude_storeys, needs_own_entrance,
        needs_accessible`` say which rooms count; absent ones ask nothing.
    as_of
        The day that service and deadlines are judged on.
    figures_only
        Leave ``findings`` and ``subjects`` empty: who only asks for figures and rooms has them a third sooner.

    Returns
    -------
    Assessment
        No facility and no stated room is 0 m²; a missing floor area, missing households or a rate that the document
        does not state is ``not_assessable``; an area without households or outside the clause's setting is
        ``not_applicable``.

    Raises
    ------
    InputRefused
        For pools where the document has none, of unknown areas, or that share an area.
    """
    chosen = {**standard.switches, **switches}
    pool_of = _pools.membership(residential, pools, standard, allowed=_pooled(standard, switches))
    roster = _rooms.Roster.of(residential["residential_id"], pool_of, _pools.incomplete(pools))
    standing = facilities[facilities["status"] != "candidate"]
    inside = _rooms.containing(standing, residential)
    terms, countable = _terms(standard, chosen), Countable.of(chosen)
    units = _rooms.units(standing, inside, roster, as_of, terms=terms, countable=countable)
    stated = _rooms.declarations(residential, standing, inside, terms=terms, countable=countable)
    built = _built.new_or_existing(residential, chosen.get("new_cutoff"))
    areas = residential.assign(built_used=built["built_used"], built_from=built["built_from"])
    readings = [
        _readings.read(areas, reading, units, stated, roster, standard, options=_options(chosen))
        for reading in _both_readings(areas["built_used"])
    ]
    undated = frozenset(areas.loc[areas["built_used"].isna(), "residential_id"])
    agreed = _frames.Agreed(readings, undated, roster)
    table, accounts = _frames.residential(areas, agreed, roster), _frames.accounts(agreed, roster)
    each_room = _options(chosen).each_room
    return Assessment(
        residential=table,
        rooms=_frames.rooms(units, stated, agreed, roster),
        findings=_frames.findings([] if figures_only else agreed.today, agreed, as_of),
        summary=_frames.summary(table, accounts),
        accounts=accounts,
        subjects=_subjects.subjects([] if figures_only else agreed.today, agreed, roster, each_room=each_room),
    )


def check_pools(
    residential: pd.DataFrame, pools: pd.DataFrame, standard: Standard, *, switches: Mapping[str, Any]
) -> tuple[Fault, ...]:
    """Return why `assess` would refuse the pools; empty if it would not."""
    try:
        _pools.membership(residential, pools, standard, allowed=_pooled(standard, switches))
    except InputRefused as refused:
        return refused.faults
    return ()


def _pooled(standard: Standard, switches: Mapping[str, Any]) -> bool:
    """Say whether the document, or the plan, lets areas pool."""
    return standard.pooling if switches.get("pooling") is None else bool(switches["pooling"])


def measure(facilities: pd.DataFrame, standard: Standard, *, switches: Mapping[str, Any]) -> pd.DataFrame:
    """Say what facilities or candidates would count with, could they be used.

    Parameters
    ----------
    facilities
        Canonical facilities of any status.
    standard, switches
        As for `assess`.

    Returns
    -------
    DataFrame
        On the index of ``facilities``, exact fractions in m²: ``area_m2`` as the rate counts it, ``room_m2`` as the
        single minimum does; None and a ``reason`` where that is unknown or the plan shuts such a room out.
    """
    chosen = {**standard.switches, **switches}
    sizes = _rooms.measure(facilities, _terms(standard, chosen), Countable.of(chosen))
    reasons = [one.shut or one.doubt or one.area.unknown or one.room.unknown for one in sizes]
    found = {
        "area_m2": [None if why else one.area.m2 for one, why in zip(sizes, reasons, strict=True)],
        "room_m2": [None if why else one.room.m2 for one, why in zip(sizes, reasons, strict=True)],
        "reason": reasons,
    }
    return pd.DataFrame(found, index=facilities.index, dtype=object)


def summarise(assessment: Assessment, residential_ids: Iterable[str]) -> dict[str, Any]:
    """Return `Assessment.summary` over some areas; of a pool, the part its members owe, so that units add up.

    Raises
    ------
    KeyError
        For an id that was not assessed.
    """
    ids = list(residential_ids)
    return _frames.summary(assessment.residential.loc[ids], assessment.accounts.loc[ids])


def _terms(standard: Standard, chosen: Mapping[str, Any]) -> _rooms.Terms:
    """Return which floor area the document means by name; a minimum that names none means that of the rate."""
    named = {
        metric: {clause.area_type for clause in standard.clauses if clause.metric == metric} & {"gross", "usable"}
        for metric in (RATE, MINIMUM)
    }
    rate = min(named[RATE], default="unspecified")
    factor = chosen.get("usable_to_gross")
    return _rooms.Terms(rate, min(named[MINIMUM], default=rate), None if factor is None else Fraction(str(factor)))


def _options(chosen: Mapping[str, Any]) -> _readings.Options:
    return _readings.Options(
        each_room=chosen.get("single_minimum_applies") == "existing_rooms",
        strictest=chosen.get("pool_rate") == "strictest",
        started_hundred=chosen.get("households_rounding") == "started_hundred",
    )


def _both_readings(built: pd.Series[str]) -> list[pd.Series[str]]:
    """Return the one reading of new or existing there is, or two: every undated area new, every one existing."""
    return [built] if built.notna().all() else [built.fillna("new"), built.fillna("existing")]
