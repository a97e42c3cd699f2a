"""Elderly-care facilities in every state of life, the sites a planner could use, and clinics.

A facility told to be ``inside`` stands in the residential area nearest to its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import _skeleton as sk
import numpy as np
from _blocks import Parcel
from _estates import Estate
from _units import Unit, unit_at
from shapely import Point, Polygon


@dataclass(frozen=True)
class Facility:
    """One row of the facility ledger, in the words of its keepers."""

    name: str
    level: str
    kind: str
    status: str
    point: Point
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A site that could be used; ``shape`` is a parcel or the point of a building."""

    name: str
    shape: Point | Polygon
    facts: dict[str, Any]


COLUMNS = (
    "启用日期",
    "停用日期",
    "建筑面积",
    "面积口径",
    "用地面积",
    "床位数",
    "护理型床位",
    "入住人数",
    "星级",
    "性质",
    "所在楼层",
    "独立出入口",
    "无障碍",
    "对外开放",
    "服务小区",
    "计入配建",
)


def facilities(estates: list[Estate]) -> list[Facility]:
    """Return the facilities in the order of the ledger."""
    placed = []
    for told in sk.drawn()["facilities"]:
        point = _room(nearest(estates, told["at"])) if told["inside"] else Point(told["at"])
        facts = dict(told.get("facts", {}))
        if "服务小区" in facts:
            facts["服务小区"] = ";".join(sorted(nearest(estates, spot).id for spot in facts["服务小区"]))
        placed.append(Facility(told["name"], told["level"], told["kind"], told["status"], point, facts))
    return placed


def nearest(estates: list[Estate], spot: Sequence[float]) -> Estate:
    """Return the residential area at a place, or the one nearest to it."""
    return min(
        estates,
        key=lambda estate: (round(estate.shape.distance(Point(spot)), 1), estate.shape.centroid.distance(Point(spot))),
    )


def _room(estate: Estate) -> Point:
    """Return a place well inside the wall, towards the first gate."""
    middle = estate.shape.representative_point()
    if not estate.gates:
        return middle
    gate = estate.gates[0].point
    return Point(gate.x + (middle.x - gate.x) * 0.45, gate.y + (middle.y - gate.y) * 0.45)


# ------------------------------------------------------------------------------------------------------ candidates

SOURCES = {
    "idle_state_asset": "闲置国有资产",
    "lease": "租赁",
    "planned_parcel": "规划地块",
    "purchase": "购置",
    "exchange": "置换",
    "extension": "扩建",
}


def candidates(parcels: list[Parcel], units: list[Unit], placed: list[Facility]) -> list[Candidate]:
    """Return a site in each parcel without housing that holds no facility yet, and those told by hand."""
    rng = np.random.default_rng([sk.SEED, 4])
    sites: list[Candidate] = []
    for parcel in parcels:
        free = not any(parcel.shape.contains(facility.point) for facility in placed)
        if parcel.use in sk.drawn()["asset_names"] and free and parcel.shape.area > 9000:
            sites.append(_site(parcel, units, rng))
    by_hand = [
        Candidate(told["name"], Point(told["at"]), _facts(told["source"], told["floor_m2"], rng))
        for told in sk.drawn()["sites"]
    ]
    return [_special(index, site) for index, site in enumerate(_named_apart(sites + by_hand))]


def _named_apart(sites: list[Candidate]) -> list[Candidate]:
    """Number the sites whose names would be the same."""
    names = [site.name for site in sites]
    count = [names[: index + 1].count(name) for index, name in enumerate(names)]
    return [
        replace(site, name=f"{site.name}（{'一二三四五'[number - 1]}）") if names.count(site.name) > 1 else site
        for site, number in zip(sites, count, strict=True)
    ]


def _site(parcel: Parcel, units: list[Unit], rng: np.random.Generator) -> Candidate:
    asset = sk.drawn()["asset_names"][parcel.use]
    source = asset["source"]
    middle = parcel.shape.representative_point()
    unit = unit_at(units, middle, ("社区", "村"))
    place = next(unit_.name for unit_ in units if unit_.id == unit).removesuffix("社区")
    name = str(rng.choice(asset["names"])).format(place)
    floor_m2 = int(rng.choice([480, 560, 650, 720, 800, 950, 1100, 1300, 1500, 1800, 2400]))
    facts = _facts(source, floor_m2, rng)
    facts["用地面积"] = round(parcel.shape.area * 0.12, 0) if source == "planned_parcel" else 0.0
    shape = _lot(parcel, middle) if source == "planned_parcel" else _off(middle, parcel, rng)
    return Candidate(name, shape, facts)


def _facts(source: str, floor_m2: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return what is known of a site: floor area, an estimate in 万元, and the day it can be had."""
    price = {"idle_state_asset": 0.16, "lease": 0.09, "planned_parcel": 0.42, "purchase": 0.55}[source]
    return {
        "来源": SOURCES[source],
        "可用建筑面积": float(floor_m2),
        "估算投资": round(floor_m2 * price * rng.uniform(0.85, 1.2), 1),
        "可用日期": str(rng.choice(["2026-01-01", "2026-06-30", "2026-12-31", "2027-06-30"])),
        "用地面积": 0.0,
        "角色": "备选",
    }


def _off(middle: Point, parcel: Parcel, rng: np.random.Generator) -> Point:
    """Return a place between the middle of a parcel and its edge."""
    edge = parcel.shape.exterior.interpolate(rng.uniform(), normalized=True)
    return Point(round(middle.x + (edge.x - middle.x) * 0.55, 2), round(middle.y + (edge.y - middle.y) * 0.55, 2))


def _lot(parcel: Parcel, middle: Point) -> Polygon:
    """Return the corner of a parcel that is zoned for care."""
    xy = np.array(parcel.shape.buffer(-14).exterior.coords)
    corner = xy[np.argmin(xy[:, 0] - xy[:, 1])]
    frame = Point(corner).buffer(0.45 * np.sqrt(parcel.shape.area), cap_style="square")
    lot = parcel.shape.buffer(-14, join_style="mitre").intersection(frame)
    if lot.geom_type != "Polygon" or lot.is_empty:
        lot = middle.buffer(25, cap_style="square")
    return Polygon(np.round(np.array(lot.simplify(1).exterior.coords), 2))


def _special(index: int, site: Candidate) -> Candidate:
    """Give some sites another source or role."""
    change: dict[str, Any] = {}
    if index % 11 == 4:
        change = {"来源": SOURCES["purchase"], "估算投资": round(site.facts["可用建筑面积"] * 0.55, 1)}
    elif index % 13 == 7:
        change = {"来源": SOURCES["exchange"]}
    elif index % 17 == 9:
        change = {"来源": SOURCES["extension"]}
    if index in (5, 21):
        change["角色"] = "排除"
    return Candidate(site.name, site.shape, site.facts | change)
