"""Who is within walking distance of a facility: each residential area, with bounds where gates are unknown, and sums.

Far, unreachable and unsnapped are three different things, and every area stays in the denominator. Sums are exactly
rounded, so that no order of rows shows in them.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from decimal import Decimal
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.coverage._frontage import area_shares, frontage_shares
from planning.coverage._radius import needed_radius_m
from planning.tables import AGE_BANDS, WEIGHTS

__all__ = [
    "area_shares",
    "causes",
    "cover",
    "frontage_shares",
    "held_column",
    "needed_radius_m",
    "plain",
    "roll_up",
    "served_by",
    "summarise",
]

POINT_STATES: Final = ("reached", "unreachable", "unsnapped")

Figure = int | float | None
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class HasAccess(Protocol):
    """Access points of areas and what is known of their gates (see `planning.demand.Access`)."""

    @property
    def points(self) -> pd.DataFrame:
        """Return one row per open access point, with ``residential_id``."""

    @property
    def gates(self) -> pd.Series[str]:
        """Return ``given``, ``inferred`` or ``closed`` by ``residential_id``."""


def cover(
    residential: pd.DataFrame,
    access: HasAccess,
    nearest: pd.DataFrame,
    *,
    radius_m: float,
    shares: pd.Series[float] | None = None,
) -> pd.DataFrame:
    """Say of each residential area how far its nearest facility is, and whether that is within the radius.

    Parameters
    ----------
    residential
        ``residential_id``; the answer has its order.
    access
        The open access points of the areas and the state of their gates.
    nearest
        Row by row for ``access.points``: ``facility_id``, ``distance_m`` (whole millimetres, also beyond the radius),
        ``status``, one of ``reached``, ``unreachable``, ``unsnapped``, and perhaps ``farthest_m``: where a row is a
        stretch of road, the distance of its worst place (without the column: ``distance_m``). Where the walk is
        weighed ``equivalent_m`` is held against the radius in place of ``distance_m``, and so is ``farthest_m``.
    radius_m
        The service radius in metres, inclusive, compared in whole millimetres.
    shares
        By ``residential_id``, 0 to 1, where the rule is frontage or area: they take the place of 0 and 1. An area
        missing there has nothing to measure and is judged by its entrances.

    Returns
    -------
    DataFrame
        By ``residential_id``: ``facility_id`` and ``distance_m`` of the nearest facility over the access points (of
        equally near ones the smallest id), and its ``equivalent_m`` if given, missing if none is reached; ``status``,
        one of ``covered``, ``uncovered``,
        ``unreachable`` (some point snaps, or all gates are closed), ``unsnapped`` (no point snaps); ``share``; and
        ``lower <= share <= upper``. With given gates the three are equal. With inferred ones ``upper`` is 1 if any
        point is within the radius and ``lower`` only if all are, every place of a stretch included; a measured share
        outside these widens them. They are 0 for unreachable and unsnapped areas.

    Raises
    ------
    ValueError
        If ``nearest`` does not fit ``access.points``, or an area has neither a point nor closed gates.
    """
    ids = pd.Index(residential["residential_id"], name="residential_id")
    gates = access.gates.reindex(ids)
    points = _judge_points(access.points, nearest, _whole_mm(radius_m))
    seen = _by_area(points, ids)
    is_closed = (gates == "closed").to_numpy()
    if lost := ids[(seen["points"] == 0).to_numpy() & ~is_closed].tolist():
        raise ValueError(f"no access point for {lost[:5]}")
    is_reached = (seen["reached"] > 0).to_numpy()
    bounds = _bounds(seen, (gates == "inferred").to_numpy(), shares).mul(is_reached, axis="index")
    is_lost = (seen["snapped"] == 0).to_numpy() & ~is_closed
    status = np.select(
        [is_lost, ~is_reached, bounds["share"] > 0], ["unsnapped", "unreachable", "covered"], "uncovered"
    )
    best = _nearest_of(points, ids)
    return pd.concat([best, pd.Series(status, index=ids, dtype="str", name="status"), bounds], axis=1)


def causes(
    covered: pd.DataFrame, gates: pd.Series[str], *, in_service: int, is_near: pd.Series[bool] | None = None
) -> pd.Series[str]:
    """Name the cause of each blind spot.

    Parameters
    ----------
    covered
        As `cover` returns it.
    gates
        ``given``, ``inferred`` or ``closed`` by ``residential_id``.
    in_service
        How many facilities of the level are in service.
    is_near
        By ``residential_id``: whether a facility stands within the radius of one of its access points as the crow
        flies.

    Returns
    -------
    Series
        By ``residential_id``: ``no_facility`` (none within the radius, or none in service at all), ``detour`` (one is
        near as the crow flies, but a river, a railway, a wall or a missing entrance makes the way too long),
        ``no_route`` (no walkable way to any), ``gates_closed`` (all gates of the area are closed), ``unsnapped`` (the
        area lies too far from the network: a fault of the data); missing where the area is covered. Each has a
        sentence, ``coverage.cause.<cause>``.
    """
    status = covered["status"]
    rules = {
        "gates_closed": gates.reindex(covered.index) == "closed",
        "unsnapped": status == "unsnapped",
        "no_route": (status == "unreachable") & (in_service > 0),
    }
    if is_near is not None:
        rules["detour"] = is_near.reindex(covered.index)
    found = pd.Series(np.select(list(rules.values()), list(rules), "no_facility"), index=covered.index, dtype="str")
    return found.where(status != "covered").rename("cause")


def held_column(areas: Container[Any], level: str) -> str:
    """Return the column of a residential layer that radii are held against: equivalents where walks are weighed."""
    weighed = f"{level}_equivalent_m"
    return weighed if weighed in areas else f"{level}_distance_m"


def served_by(reach: pd.DataFrame, demand_ids: Iterable[str], *, radius_m: float) -> pd.Series[int]:
    """Count the facilities within the radius of each demand: 0 is a blind spot, 2 and more an overlap.

    Parameters
    ----------
    reach
        ``facility_id, demand_id, distance_m``; an absent pair is out of reach.
    demand_ids
        The demands asked about, in the order of the answer.
    radius_m
        The service radius in metres, inclusive, compared in whole millimetres.

    Returns
    -------
    Series
        Number of different facilities by ``demand_id``.
    """
    near = reach[(_mm(reach["distance_m"]) <= _whole_mm(radius_m))]
    ids = pd.Index(list(demand_ids), name="demand_id", dtype="str")
    return near.groupby("demand_id")["facility_id"].nunique().reindex(ids, fill_value=0).rename("facilities")


# -------------------------------------------------------------------------------------------------------------- sums


def summarise(
    residential: pd.DataFrame, covered: pd.DataFrame, *, radius_m: float, minutes: float | None
) -> dict[str, Figure]:
    """Add up coverage over areas, households, residents and elderly.

    Parameters
    ----------
    residential
        ``residential_id`` and the weights ``households, residents, elderly`` (missing: not known); ``elderly_80`` too
        where the column is there.
    covered
        As `cover` returns it; may hold more areas than are asked.
    radius_m
        The service radius reported, in metres.
    minutes
        The walk it stands for; None where the radius itself is stated.

    Returns
    -------
    dict
        ``radius_m``, ``minutes``; for ``residential`` and each weight ``_total`` (of known cells), ``_covered`` (sum of
        share × weight), ``_share`` (covered / total; None over nothing), ``_lower`` and ``_upper`` (bounds of
        ``_covered``, in its unit); for each weight ``_missing`` (areas where it is not known); ``unreachable`` and
        ``unsnapped`` (areas). Where a weight is known of no area its figures are None and only ``_missing`` is a
        number. Whole numbers are ints.

    Raises
    ------
    KeyError
        If ``covered`` lacks an area.
    """
    rows = covered.loc[residential["residential_id"].to_list()]
    bounds = rows[["share", "lower", "upper"]].to_numpy(dtype=float)
    figures: dict[str, Figure] = {"radius_m": plain(radius_m), "minutes": None if minutes is None else plain(minutes)}
    figures |= _figures("residential", np.ones(len(rows)), bounds)
    for weight in (*WEIGHTS, *(band for band in AGE_BANDS if band in residential)):
        values = residential[weight].to_numpy(dtype=float, na_value=np.nan)
        figures |= _figures(weight, values, bounds)
        figures[f"{weight}_missing"] = int(np.isnan(values).sum())
    for status in ("unreachable", "unsnapped"):
        figures[status] = int((rows["status"] == status).sum())
    return figures


def roll_up(
    residential: pd.DataFrame,
    covered: pd.DataFrame,
    members: pd.DataFrame,
    unit_ids: Iterable[str],
    *,
    radius_m: float,
    minutes: float | None,
) -> dict[str, dict[str, Figure]]:
    """Add up coverage by planning unit.

    Parameters
    ----------
    residential, covered, radius_m, minutes
        As for `summarise`.
    members
        ``unit_id, residential_id``: which areas lie in which unit. An area may be in several (its village, its town).
    unit_ids
        The units asked about.

    Returns
    -------
    dict
        By unit id, in the order asked: what `summarise` returns for its areas. A unit without areas has zeros, and
        None for shares.
    """
    row = pd.Series(np.arange(len(residential)), index=residential["residential_id"])
    inside = members[members["residential_id"].isin(row.index)]
    rows = row.loc[inside["residential_id"]].groupby(inside["unit_id"].to_numpy()).agg(list).to_dict()
    return {
        unit: summarise(residential.iloc[rows.get(unit, [])], covered, radius_m=radius_m, minutes=minutes)
        for unit in unit_ids
    }


def _figures(name: str, weight: Floats, bounds: Floats) -> dict[str, Figure]:
    """Return total, covered, share, lower and upper of one weight; None throughout if it is known of no area."""
    is_known = ~np.isnan(weight)
    keys = ("total", "covered", "share", "lower", "upper")
    if len(weight) and not is_known.any():
        return {f"{name}_{key}": None for key in keys}
    total = math.fsum(weight[is_known])
    covered, lower, upper = (math.fsum(column) for column in (bounds[is_known] * weight[is_known, None]).T)
    share = covered / total if total > 0 else None
    values = (plain(total), plain(covered), share, plain(lower), plain(upper))
    return {f"{name}_{key}": value for key, value in zip(keys, values, strict=True)}


def plain(value: float) -> int | float:
    """Return a whole number as int."""
    number = float(value)
    return int(number) if number.is_integer() else number


# ------------------------------------------------------------------------------------------------------------- points


def _judge_points(points: pd.DataFrame, nearest: pd.DataFrame, radius_mm: int) -> pd.DataFrame:
    """Put areas, distances and states of access points side by side, in whole millimetres."""
    if len(points) != len(nearest):
        raise ValueError(f"{len(points)} access points, but {len(nearest)} rows of nearest facilities")
    status = nearest["status"].to_numpy()
    if strange := sorted(set(status) - set(POINT_STATES)):
        raise ValueError(f"unknown status of an access point: {strange}")
    weighed = "equivalent_m" in nearest
    distance_mm = _mm(nearest["equivalent_m"] if weighed else nearest["distance_m"])
    farthest_mm = _mm(nearest["farthest_m"]) if "farthest_m" in nearest else distance_mm
    is_reached = status == "reached"
    judged = pd.DataFrame(
        {
            "residential_id": points["residential_id"].to_numpy(),
            "facility_id": nearest["facility_id"].to_numpy(),
            "distance_mm": distance_mm,
            "reached": is_reached,
            "snapped": status != "unsnapped",
            "within": is_reached & (distance_mm <= radius_mm),
            "wholly": is_reached & (farthest_mm <= radius_mm),
        }
    )
    return judged.assign(ground_mm=_mm(nearest["distance_m"])) if weighed else judged


def _by_area(points: pd.DataFrame, ids: pd.Index[str]) -> pd.DataFrame:
    """Count each area's points, and those that snap, reach a facility, do so within the radius, and wholly so."""
    asked = ["points", "snapped", "reached", "within", "wholly"]
    counts = points.assign(points=1).groupby("residential_id")[asked].sum()
    return counts.reindex(ids, fill_value=0)


def _nearest_of(points: pd.DataFrame, ids: pd.Index[str]) -> pd.DataFrame:
    """Return each area's nearest facility and its distance; equally near ones by id."""
    ordered = points[points["reached"]].sort_values(["residential_id", "distance_mm", "facility_id"])
    best = ordered.drop_duplicates("residential_id").set_index("residential_id").reindex(ids)
    found = pd.DataFrame({"facility_id": best["facility_id"].astype("str"), "distance_m": best["distance_mm"] / 1000})
    if "ground_mm" in best:
        found = found.assign(distance_m=best["ground_mm"] / 1000, equivalent_m=best["distance_mm"] / 1000)
    return found


def _bounds(seen: pd.DataFrame, is_inferred: Flags, shares: pd.Series[float] | None) -> pd.DataFrame:
    """Return share, lower and upper of each area by its points, or around the measured share."""
    by_any = (seen["within"] > 0).astype(float)
    by_all = (seen["wholly"] == seen["points"]).astype(float)
    share = by_any if shares is None else shares.reindex(seen.index).fillna(by_any)
    lower = share.where(~is_inferred, np.minimum(by_all, share))
    upper = share.where(~is_inferred, np.maximum(by_any, share))
    return pd.DataFrame({"share": share, "lower": lower, "upper": upper})


def _mm(metres: pd.Series[float]) -> Floats:
    return np.rint(metres.to_numpy(dtype=float, na_value=np.nan) * 1000)


def _whole_mm(radius_m: float) -> int:
    """Return the whole millimetres within the radius as it is written."""
    return int(Decimal(str(radius_m)) * 1000)
