"""Asking for sites and floor areas that leave the least shortfall: whom a site would count for, and what it changes.

Whom a site is for follows the floor-area rule: those it ``serves``; else, where areas may provide together, the areas
within the siting radius that are short; else the area that contains it. An extension counts for whom the facility it
adds to counts. A site for several is shared by what they owe, as the rule shares every common room.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import compliance, lifecycle, remedies, texts
from planning.compliance import Assessment
from planning.errors import Fault, InputRefused
from planning.siting import SitingPlan
from planning.study import verdicts
from planning.study.owed import Owed, areas_around, owed
from planning.study.records import Ground, StudyInputs
from planning.units import exact


@dataclass(frozen=True, eq=False)
class Deficits:
    """What the deficit model is asked with, and what the plan is held against.

    Attributes
    ----------
    before : Assessment
        The areas as they stand.
    owed : Owed
        Who owes and is short of what, exactly.
    names : mapping
        The ids of areas and pools that each candidate is for.
    hosts : mapping
        The facility that each extension adds to.
    sites, credit : DataFrame
        As `planning.siting.deficit` takes them.
    left_out : DataFrame
        ``facility_id, reason`` of the candidates that could not be opened.
    budget : float or None
        Most that the sites may cost together, 万元.
    """

    before: Assessment
    owed: Owed
    names: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, str]
    sites: pd.DataFrame
    credit: pd.DataFrame
    left_out: pd.DataFrame
    budget: float | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Return the tables as options of `planning.siting.deficit`."""
        return {"needs": self.owed.needs, "sites": self.sites, "credit": self.credit, "budget": self.budget}


def check(inputs: StudyInputs) -> list[Fault]:
    """Return why the plan's level cannot lower a shortfall: its facilities do not count for the quota."""
    ask = inputs.plan.siting
    if ask.model != "deficit" or ask.level in lifecycle.QUOTA_LEVELS:
        return []
    facts = {"known": ", ".join(lifecycle.QUOTA_LEVELS)}
    return [Fault("siting_deficit_level", file=inputs.plan.file, column="siting.level", value=ask.level, facts=facts)]


def ask(inputs: StudyInputs, ground: Ground, offered: gpd.GeoDataFrame, reach: pd.DataFrame) -> Deficits:
    """Say whom each candidate would count for, how large it may be, and who is short of what.

    Parameters
    ----------
    offered
        The candidates.
    reach
        ``facility_id, demand_id, distance_m`` of candidates, up to the siting radius or further.

    Raises
    ------
    InputRefused
        Where no area can be held against a floor-area rule: the document has none, or the data lack for all.
    """
    before = verdicts.assess(inputs, ground)
    duties = owed(before, inputs)
    if not len(duties.assessable):
        raise InputRefused(Fault("siting_deficit_no_rule", file=inputs.plan.file, column="siting.model",
                                 value=inputs.standard.id))  # fmt: skip
    sizes = _sizes(inputs, ground, offered)
    near = reach[reach["distance_m"] <= inputs.plan.siting_radius_m]
    around = near.groupby("facility_id")["demand_id"].agg(tuple).to_dict()
    found = [_site(row, duties, around.get(row["facility_id"], ()), pooled=_pooled(inputs)) for row in sizes]
    credit = [(one["facility_id"], *pair) for one in found for pair in sorted(one["shares"].items())]
    table = pd.DataFrame([{name: one[name] for name in ("least_m2", "most_m2", "cost")} for one in found],
                         index=[one["facility_id"] for one in found], columns=["least_m2", "most_m2", "cost"],
                         dtype=object)  # fmt: skip
    reasons = [(one["facility_id"], one["reason"]) for one in found if one["reason"]]
    return Deficits(
        before=before,
        owed=duties,
        names={one["facility_id"]: one["names"] for one in found},
        hosts={row["facility_id"]: row["host"] for row in sizes if row["host"] is not None},
        sites=table,
        credit=pd.DataFrame(credit, columns=["facility_id", "subject_id", "share"]).astype({"share": object}),
        left_out=pd.DataFrame(sorted(reasons), columns=["facility_id", "reason"]),
        budget=getattr(inputs.plan.siting, "budget", None),
    )


def _pooled(inputs: StudyInputs) -> bool:
    return bool(inputs.plan.standards.get("pooling", inputs.standard.pooling))


# ------------------------------------------------------------------------------------------------- how large, for whom


def _sizes(inputs: StudyInputs, ground: Ground, offered: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return what is known of each candidate, by id: its limits, what counts of a square metre, whom it names."""
    ask, facilities = inputs.plan.siting, ground.facilities
    usable = remedies.available(facilities).set_index("facility_id")["floor_area_m2"]
    found = remedies.hosts(facilities)
    by_id = facilities.set_index("facility_id", drop=False)
    rows = offered.sort_values("facility_id")
    stands = [found.get(name, name) for name in rows["facility_id"]]
    measured = compliance.measure(
        by_id.loc[stands].assign(floor_area_m2=1.0), inputs.standard, switches=inputs.plan.standards
    )
    home = areas_around(by_id.loc[stands], inputs.tables["residential"])
    counts = lifecycle.counts_for_quota(rows.assign(level=ask.level))
    hosted = by_id.loc[stands, ["serves", "floor_area_m2", "in_service"]].assign(
        quota=lifecycle.counts_for_quota(by_id.loc[stands]).to_numpy()
    )
    return [
        {
            "facility_id": name,
            "host": found.get(name),
            "host_m2": exact(host["floor_area_m2"]) if name in found else exact(there) if extends else Fraction(0),
            "host_ok": bool(host["in_service"]) and bool(host["quota"]) if name in found else True,
            "quota": bool(quota) if name not in found else True,
            "most": _least_of(exact(usable[name]), exact(getattr(ask, "max_floor_area_m2", None))),
            "asked": exact(getattr(ask, "min_floor_area_m2", None)) or Fraction(0),
            "area": area,
            "room": room,
            "reason": reason,
            "serves": serves,
            "home": inside,
            "cost": None if pd.isna(cost) else cost,
        }
        for name, host, there, extends, quota, area, room, reason, serves, inside, cost in zip(
            rows["facility_id"],
            hosted.to_dict("records"),
            rows["floor_area_m2"],
            rows["source"] == "extension",
            counts,
            measured["area_m2"],
            measured["room_m2"],
            measured["reason"],
            hosted["serves"],
            home,
            rows["cost"],
            strict=True,
        )
    ]


def _least_of(*values: Fraction | None) -> Fraction | None:
    """Return the smallest of a site's own limit and the plan's; without its own there is none."""
    own, *limits = values
    return None if own is None else min([own, *(limit for limit in limits if limit is not None)])


def _site(row: Mapping[str, Any], duties: Owed, around: tuple[str, ...], *, pooled: bool) -> dict[str, Any]:
    """Return a candidate as the model takes it; one that cannot be opened has the reason and no limits."""
    names = _names(row, duties, around, pooled=pooled)
    shares, unknown = duties.shares(names)
    least = _least_m2(row, duties, shares)
    reason = _why_not(row, names, shares, unknown, least)
    return {
        "facility_id": row["facility_id"],
        "names": names,
        "shares": {} if reason else {subject: share * row["area"] for subject, share in shares.items()},
        "least_m2": None if reason else least,
        "most_m2": None if reason else row["most"],
        "cost": row["cost"],
        "reason": reason,
    }


def _names(row: Mapping[str, Any], duties: Owed, around: tuple[str, ...], *, pooled: bool) -> tuple[str, ...]:
    """Return the areas and pools a site is for."""
    if not pd.isna(row["serves"]):
        return tuple(sorted({name.strip() for name in str(row["serves"]).split(";")} - {""}))
    if row["host"] is None and pooled:
        room = None if row["most"] is None or row["room"] is None else (row["most"] + row["host_m2"]) * row["room"]
        return tuple(sorted(area for area in around if duties.is_short(area) and duties.fits(area, room)))
    return () if pd.isna(row["home"]) else (str(row["home"]),)


def _least_m2(row: Mapping[str, Any], duties: Owed, shares: Mapping[str, Fraction]) -> Fraction | None:
    """Return the floor area with which a site reaches the single minimum of everybody it is for, and the plan's own.

    Of an extension it is what is missing to that; every figure is rounded up to the hundredth.
    """
    if row["room"] is None or row["host_m2"] is None:
        return None
    room_m2 = duties.least_room_m2(shares)
    floor_m2 = max(room_m2 / row["room"] - row["host_m2"], Fraction(0))
    asked: Fraction = row["asked"]
    return max(Fraction(math.ceil(floor_m2 * 100), 100), asked)


def _why_not(
    row: Mapping[str, Any],
    names: tuple[str, ...],
    shares: Mapping[str, Fraction],
    unknown: str,
    least: Fraction | None,
) -> str:
    """Return why a candidate cannot be opened, empty where it can: the first of these that holds."""
    no_area = row["most"] is None or least is None
    rules = {
        "not_for_quota": not row["quota"],
        "host_not_counted": not row["host_ok"],
        str(row["reason"]): bool(row["reason"]),
        "site_area_missing": no_area,
        "serves_nobody": not names,
        unknown: bool(unknown),
        "nobody_owes": not shares,
        "site_too_small": not no_area and least is not None and least > row["most"],
    }
    return next((reason for reason, holds in rules.items() if holds), "")


# ---------------------------------------------------------------------------------------------------- what it changes


def held(inputs: StudyInputs, ground: Ground, asked: Deficits, plan: SitingPlan, said_m2: float) -> Assessment:
    """Return the areas as they would stand with the sites of a plan, judged by the floor-area rule itself.

    ``said_m2`` is the shortfall the plan says it leaves.

    Raises
    ------
    RuntimeError
        If the shortfall the rule finds is not the plan's: a mistake in the program, and no plan is better than it.
    """
    after = verdicts.assess(inputs, replace(ground, facilities=_with_sites(inputs, ground, asked, plan)))
    if plan.status == "infeasible":
        return after
    left = asked.owed.left(after)
    if left is None or float(left) != said_m2:
        found = "unknown" if left is None else float(left)
        raise RuntimeError(f"deficit: the plan leaves {said_m2} m², but the floor-area rule finds {found}")
    return after


def _with_sites(inputs: StudyInputs, ground: Ground, asked: Deficits, plan: SitingPlan) -> gpd.GeoDataFrame:
    """Return the facilities with the plan's sites in service; areas' own statements stay beside a site's row."""
    facilities = ground.facilities
    sized = zip(plan.sites, plan.floor_area_m2, strict=True)
    area = {site: m2 for site, m2 in sized if not math.isnan(m2)}  # what has no floor area to count adds none
    grown = {asked.hosts[site]: Fraction(0) for site in area if site in asked.hosts}
    for site, m2 in area.items():
        if site in asked.hosts:
            grown[asked.hosts[site]] += exact(m2) or Fraction(0)
    floor = [
        float((exact(m2) or Fraction(0)) + grown[name]) if name in grown else m2
        for name, m2 in zip(facilities["facility_id"], facilities["floor_area_m2"], strict=True)
    ]
    new = [site for site in area if site not in asked.hosts]
    opened = facilities.set_index("facility_id", drop=False).loc[new]
    opened = opened.assign(
        status="operating",
        level=inputs.plan.siting.level,
        opened=np.nan,
        closed=np.nan,
        in_service=True,
        floor_area_m2=[area[site] for site in new],
        serves=[";".join(asked.names[site]) for site in new],
    )
    stated = _stated(inputs, asked, opened)
    parts = [facilities.assign(floor_area_m2=floor), *(part for part in (opened, stated) if len(part))]
    kinds = {name: facilities[name].dtype for name in facilities.columns if name != "geometry"}
    together = pd.concat([part.astype(kinds) for part in parts], ignore_index=True)
    return gpd.GeoDataFrame(together, geometry="geometry", crs=facilities.crs)


def _stated(inputs: StudyInputs, asked: Deficits, opened: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rooms that areas state themselves as rows, where a site's row would take the statement's place."""
    rooms, areas = asked.before.rooms, inputs.tables["residential"].set_index("residential_id")
    own = set(rooms.loc[rooms["facility_id"].isna() & rooms["counted"], "residential_id"])
    home = areas_around(opened, inputs.tables["residential"]).dropna() if len(opened) else ()
    touched = {name for names in opened["serves"] for name in names.split(";")} | set(home)
    rows = []
    for name in sorted(touched & own & set(areas.index)):
        total, largest = areas.loc[name, "care_floor_area_m2"], areas.loc[name, "largest_unit_m2"]
        rest = float((exact(total) or Fraction(0)) - (exact(largest) or Fraction(0)))
        listed = [largest, rest] if 0 < rest < total else [total]
        rows += [{"serves": name, "floor_area_m2": m2} for m2 in listed]
    return opened.iloc[[0] * len(rows)].assign(
        facility_id=[f"{row['serves']}#{number}" for number, row in enumerate(rows)],
        serves=[row["serves"] for row in rows],
        floor_area_m2=[row["floor_area_m2"] for row in rows],
        area_type="gross",
        kind="station",
        counts_for_quota=True,
    )


def summary(asked: Deficits, plan: SitingPlan, after: Assessment) -> dict[str, Any]:
    """Return what the summary says of the floor areas: before and after, whom sites are for, what was left out."""
    credited = [
        {"facility_id": site, "subject_id": subject, "floor_area_m2": m2} for site, subject, m2 in plan.credited
    ]
    left_out = [
        {"facility_id": name, "reason": reason, "message": texts.both(_reason_key(reason))}
        for name, reason in asked.left_out.itertuples(index=False)
    ]
    return {
        "compliance": {"before": dict(asked.before.summary), "after": dict(after.summary)},
        "not_assessable": int(asked.before.summary["not_assessable"]),
        "credited": credited,
        "left_out": left_out,
    }


def _reason_key(reason: str) -> str:
    own = f"siting.left_out.{reason}"
    return own if texts.has(own) else f"compliance.reason.{reason}"
