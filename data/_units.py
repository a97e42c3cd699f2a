"""The district, its streets and town, its communities and villages: a tiling without gaps along roads and water."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import _skeleton as sk
import numpy as np
from _estates import Estate
from _skeleton import Road, Skeleton
from shapely import LineString, Point, Polygon, STRtree, set_precision, union_all
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points, polygonize

OUTSIDE_ESTATES = 1.06  # people who live outside the residential areas: dormitories, shop houses


@dataclass(frozen=True)
class Unit:
    """An administrative unit."""

    id: str
    name: str
    type: str  # as the planners write it: 区, 街道, 镇, 社区, 村
    parent: str
    shape: BaseGeometry
    residents: int = 0
    elderly: int = 0


def divide(skeleton: Skeleton, roads: list[Road], estates: list[Estate]) -> list[Unit]:
    """Return all units; the small ones tile the streets, the streets tile the district."""
    told = sk.drawn()["units"]
    county = told["county"]
    atoms = _atoms(skeleton, roads)
    street_of = np.array([_street(atom, skeleton) for atom in atoms])
    units: list[Unit] = []
    for index, street in enumerate(told["streets"]):
        mine = [atom for atom, own in zip(atoms, street_of, strict=True) if own == index]
        small = [_counted(unit, estates) for unit in _communities(mine, street, skeleton)]
        units.append(_above(street["id"], street["name"], street["type"], county["id"], small))
        units += small
    streets = [unit for unit in units if unit.parent == county["id"]]
    return [_above(county["id"], county["name"], "区", "", streets), *units]


def unit_at(units: list[Unit], point: Point, types: Sequence[str]) -> str:
    """Return the id of the unit of ``types`` that holds ``point``."""
    return next(unit.id for unit in units if unit.type in types and unit.shape.intersects(point))


def _atoms(skeleton: Skeleton, roads: list[Road]) -> list[Polygon]:
    """Return the pieces units are made of: what main roads, river, railway and expressway cut out of the district."""
    main = [road for road in roads if road.layer == 0 and road.highway in ("primary", "secondary", "tertiary")]
    lines = [road.line for road in main] + [
        skeleton.outline.exterior,
        skeleton.river_line,
        skeleton.rail,
        skeleton.expressway,
    ]
    joints = [_joint(road, end, skeleton) for road in main for end in (0, -1)]
    faces = polygonize(union_all([*lines, *(line for line in joints if line is not None)], grid_size=0.01))
    inside = [face for face in faces if skeleton.outline.contains(face.representative_point())]
    return sorted(inside, key=lambda face: (-round(face.centroid.y, 1), round(face.centroid.x, 1)))


def _joint(road: Road, end: int, skeleton: Skeleton) -> LineString | None:
    """Return the line from a road's end on to the middle of the river or the railway beside it."""
    tip = Point(road.line.coords[end])
    for line, width in ((skeleton.river_line, sk.EMBANKMENT_M), (skeleton.rail, sk.RAIL_CORRIDOR_M)):
        if line.distance(tip) < width + 2:
            foot = nearest_points(line, tip)[0]
            beyond = np.array(foot.coords[0]) + (np.array(foot.coords[0]) - np.array(tip.coords[0])) * 0.02
            return LineString([tip, beyond])
    return None


def _street(atom: Polygon, skeleton: Skeleton) -> int:
    """Return the street of a piece: north or south of the river, west or east of a road."""
    point = atom.representative_point()
    here = skeleton.river_line.interpolate(skeleton.river_line.project(point))
    north = point.y > here.y
    if north:
        return 0 if point.x < 2075 + 0.03 * (point.y - 2400) else 1  # 人民路
    return 2 if point.x < 2435 else 3  # 柳园路


def _communities(atoms: list[Polygon], street: dict[str, Any], skeleton: Skeleton) -> list[Unit]:
    """Share the pieces of one street among its communities; beyond the expressway the town has villages."""
    town = street["type"] == "镇"
    rural = [town and _beyond(atom, skeleton) for atom in atoms]
    units = []
    for village, west in zip(sk.drawn()["units"]["villages"] if town else (), (True, False), strict=town):
        mine = [atom for atom, far in zip(atoms, rural, strict=True) if far and _west_of_rail(atom, skeleton) == west]
        units.append(Unit(village["id"], village["name"], "村", street["id"], _one(mine)))
    urban = [atom for atom, far in zip(atoms, rural, strict=True) if not far]
    owner = _nearest_seed(urban, len(street["communities"]))
    for index, name in enumerate(street["communities"]):
        mine = [atom for atom, own in zip(urban, owner, strict=True) if own == index]
        units.append(Unit(f"{street['id']}{index + 1:03d}", name, "社区", street["id"], _one(mine)))
    return sorted(units, key=lambda unit: unit.id)


def _beyond(atom: Polygon, skeleton: Skeleton) -> bool:
    point = atom.representative_point()
    return bool(point.y < skeleton.expressway.interpolate(skeleton.expressway.project(point)).y)


def _west_of_rail(atom: Polygon, skeleton: Skeleton) -> bool:
    point = atom.representative_point()
    return bool(point.x < skeleton.rail.interpolate(skeleton.rail.project(point)).x)


def _nearest_seed(atoms: list[Polygon], count: int) -> np.ndarray:
    """Return for each piece one of ``count`` groups: k-means on area for the large ones; slivers follow."""
    large = [index for index, atom in enumerate(atoms) if atom.area > 25_000]
    xy = np.array([atoms[index].centroid.coords[0] for index in large])
    weight = np.array([atoms[index].area for index in large])
    centres = xy[_spread(xy, weight, count)]
    for _ in range(40):
        group = np.argmin(np.hypot(*(xy[:, None] - centres[None]).transpose(2, 0, 1)), axis=1)
        centres = np.array([np.average(xy[group == k], axis=0, weights=weight[group == k]) for k in range(count)])
    order = np.lexsort((np.round(centres[:, 0]), -np.round(centres[:, 1])))
    owner = np.full(len(atoms), -1)
    owner[large] = np.argsort(order)[group]
    return _slivers(atoms, owner)


def _spread(xy: np.ndarray, weight: np.ndarray, count: int) -> list[int]:
    """Return ``count`` far-apart indices, the heaviest first."""
    chosen = [int(np.argmax(weight))]
    while len(chosen) < count:
        distance = np.min(np.hypot(*(xy[:, None] - xy[chosen][None]).transpose(2, 0, 1)), axis=1)
        chosen.append(int(np.argmax(np.round(distance, 3))))
    return chosen


def _slivers(atoms: list[Polygon], owner: np.ndarray) -> np.ndarray:
    """Give each small piece to the neighbour it shares the longest border with, until none is left."""
    tree = STRtree(atoms)
    owner = owner.copy()
    while (owner < 0).any():
        for index in np.flatnonzero(owner < 0):
            near = [int(i) for i in tree.query(atoms[index], predicate="dwithin", distance=0.02) if owner[i] >= 0]
            if near:
                best = max(
                    near, key=lambda i: (round(atoms[i].buffer(0.02).intersection(atoms[index].exterior).length, 1), -i)
                )
                owner[index] = owner[best]
    return owner


def _one(shapes: list[Polygon]) -> BaseGeometry:
    """Return the union on a centimetre grid, so that neighbours share their border exactly."""
    return set_precision(union_all(shapes, grid_size=0.01), 0.01)


def _counted(unit: Unit, estates: list[Estate]) -> Unit:
    mine = [estate for estate in estates if unit.shape.contains(estate.shape.representative_point())]
    residents, elderly = sum(estate.residents for estate in mine), sum(estate.elderly for estate in mine)
    return Unit(
        unit.id,
        unit.name,
        unit.type,
        unit.parent,
        unit.shape,
        round(residents * OUTSIDE_ESTATES),
        round(elderly * OUTSIDE_ESTATES),
    )


def _above(unit_id: str, name: str, kind: str, parent: str, below: list[Unit]) -> Unit:
    """Return the unit made of the units below it; its people are theirs."""
    shape = _one([unit.shape for unit in below])
    return Unit(
        unit_id, name, kind, parent, shape, sum(unit.residents for unit in below), sum(unit.elderly for unit in below)
    )
