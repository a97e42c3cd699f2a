"""Residential areas: where they stand, their gates, the paths inside, and who lives there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import _skeleton as sk
import numpy as np
from _blocks import Parcel, setback
from _skeleton import Road
from shapely import LineString, Point, Polygon, STRtree
from shapely.affinity import rotate

KINDS = {
    "old": (("lane", 0.62), ("danwei", 0.90), ("estate", 1.0)),
    "works": (("danwei", 0.52), ("estate", 0.86), ("new", 1.0)),
    "garden": (("danwei", 0.22), ("estate", 0.74), ("new", 1.0)),
    "new": (("estate", 0.34), ("new", 1.0)),
}
HOUSEHOLDS_PER_HA = {"lane": 78.0, "danwei": 112.0, "estate": 112.0, "new": 112.0, "village": 34.0}
PERSONS = {"lane": 2.25, "danwei": 2.35, "estate": 2.7, "new": 2.85, "village": 2.5}
ELDERLY_SHARE = {"lane": 0.285, "danwei": 0.265, "estate": 0.19, "new": 0.155, "village": 0.29}
ROW_M = {"lane": 34.0, "danwei": 44.0, "estate": 52.0, "new": 62.0, "village": 38.0}
YEARS = {
    "lane": (1958, 1986),
    "danwei": (1979, 2000),
    "estate": (2000, 2014),
    "new": (2017, 2025),
    "village": (1985, 2010),
}
SUFFIXES = {
    "danwei": ("新村", "南区", "北区", "小区"),
    "estate": ("花园", "小区", "家园", "苑"),
    "new": ("府", "名邸", "公馆", "雅苑"),
}


@dataclass(frozen=True)
class Gate:
    """A gate in the wall and the point of the street it opens to."""

    point: Point
    street: Point
    name: str = "大门"


@dataclass(frozen=True)
class Estate:
    """A residential area with its people."""

    id: str
    name: str
    kind: str  # lane, danwei, estate, new, village, remote
    shape: Polygon
    gates: tuple[Gate, ...]
    households: int
    residents: int
    elderly: int
    elderly_80: int
    year: int
    island: bool = False

    @property
    def village(self) -> bool:
        """Say whether it belongs to a village."""
        return self.kind == "village"


def settle(parcels: list[Parcel], streets: list[Road]) -> list[Estate]:
    """Return the residential areas, numbered from the north-west; then the villages and the two odd ones."""
    rng = np.random.default_rng([sk.SEED, 2])
    tree = STRtree([road.line for road in streets])
    names, plan = _Names(rng), sk.drawn()
    estates: list[Estate] = []
    for parcel in (parcel for parcel in parcels if parcel.use == "housing"):
        shape = _rounded(setback(parcel, streets, tree))
        if shape.area < 6000:
            continue
        island = shape.buffer(15).contains(Point(plan["island"]["at"]))
        kind = next(kind for kind, limit in KINDS[parcel.zone] if rng.random() < limit or limit == 1.0)
        gates = _gates(shape, streets, tree, rng, reach_m=45)
        name = plan["island"]["name"] if island else names.take(kind)
        estates.append(replace(_people(len(estates), name, kind, shape, gates, rng), island=island))
    by_hand = [(told, "village", 110.0) for told in plan["villages"]]
    by_hand += [(plan["tiny"], "danwei", 80.0), (plan["remote"], "remote", 0.0)]
    for told, kind, reach_m in by_hand:
        shape = _rounded(Polygon(told["ring"]))
        gates = _gates(shape, streets, tree, rng, reach_m=reach_m) if reach_m else ()
        estates.append(_people(len(estates), told["name"], kind, shape, gates, rng))
    return estates


def _rounded(shape: Polygon) -> Polygon:
    return Polygon(np.round(np.array(shape.exterior.coords), 2)) if not shape.is_empty else shape


class _Names:
    """Hands out names of a kind, none twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        told = sk.drawn()["names"]
        self._lanes, self._works = (list(rng.permutation(told[key].split())) for key in ("old_lanes", "works"))
        self._stems, self._rng = list(rng.permutation(told["stems"].split())), rng
        self._used: set[str] = set()

    def take(self, kind: str) -> str:
        """Return a fresh name for a residential area of ``kind``."""
        if kind == "lane" and self._lanes:
            return str(self._lanes.pop())
        if kind == "danwei" and self._works and self._rng.random() < 0.6:
            return str(self._works.pop())
        suffixes = SUFFIXES.get(kind, SUFFIXES["danwei"])
        while True:
            stem = self._stems.pop(0)
            self._stems.append(stem)
            name = f"{stem}{suffixes[int(self._rng.integers(len(suffixes)))]}".replace("里小区", "小区").replace(
                "居小区", "小区"
            )
            if name not in self._used and name[-1] != name[-2]:
                self._used.add(name)
                return name


def _people(
    index: int, name: str, kind: str, shape: Polygon, gates: tuple[Gate, ...], rng: np.random.Generator
) -> Estate:
    """Fill a residential area with households of its age."""
    like = "estate" if kind == "remote" else kind
    households = max(120, round(HOUSEHOLDS_PER_HA[like] * shape.area / 1e4 * rng.uniform(0.78, 1.2)))
    residents = round(households * PERSONS[like] * rng.uniform(0.93, 1.07))
    elderly = round(residents * ELDERLY_SHARE[like] * rng.uniform(0.85, 1.12))
    elderly_80 = round(elderly * rng.uniform(0.11, 0.17))
    first, last = YEARS[like]
    year = int(rng.integers(first, last + 1))
    return Estate(f"JZ{index + 1:03d}", name, kind, shape, gates, households, residents, elderly, elderly_80, year)


# ---------------------------------------------------------------------------------------------------------- gates


def _gates(
    shape: Polygon, streets: list[Road], tree: STRtree, rng: np.random.Generator, *, reach_m: float
) -> tuple[Gate, ...]:
    """Put one to four gates where a street runs along the wall, as far from each other as they can be."""
    wanted = 1 + int(shape.area > 18_000) + int(shape.area > 48_000) + int(shape.area > 85_000)
    wanted -= int(wanted > 2 and rng.random() < 0.35)
    spots = _spots(shape, streets, tree, reach_m)
    if not spots:
        return ()
    chosen = [spots[int(rng.integers(len(spots)))]]
    while len(chosen) < wanted:
        best = max(
            spots, key=lambda spot: (round(min(spot.point.distance(gate.point) for gate in chosen), 1), spot.point.x)
        )
        if min(best.point.distance(gate.point) for gate in chosen) < 70:
            break
        chosen.append(best)
    return tuple(Gate(gate.point, gate.street, _gate_name(gate.point, shape)) for gate in chosen)


def _spots(shape: Polygon, streets: list[Road], tree: STRtree, reach_m: float) -> list[Gate]:
    """Return the points of the wall that face a street squarely."""
    ring = shape.exterior
    corners = [Point(xy) for xy in ring.simplify(4).coords]
    spots = []
    for at in np.arange(8, ring.length, 13):
        point = ring.interpolate(at)
        if min(point.distance(corner) for corner in corners) < 14:
            continue
        near = [
            streets[i]
            for i in tree.query(point.buffer(reach_m))
            if streets[i].layer == 0 and streets[i].name != "滨河绿道"
        ]
        if not near:
            continue
        street = min((road.line for road in near), key=lambda line: (round(line.distance(point), 2), line.centroid.x))
        foot = street.interpolate(street.project(point))
        way = LineString([foot, point])
        if 2 < way.length < reach_m and way.intersection(shape).length < 0.02:
            spots.append(Gate(point, foot))
    return spots


def _gate_name(point: Point, shape: Polygon) -> str:
    dx, dy = point.x - shape.centroid.x, point.y - shape.centroid.y
    return ("东门" if dx > 0 else "西门") if abs(dx) > abs(dy) else ("北门" if dy > 0 else "南门")


# ------------------------------------------------------------------------------------------------ paths inside


def paths_inside(estate: Estate) -> list[Road]:
    """Return the ring and the rows of a compound, or the lanes of an old quarter, and the ways to its gates."""
    rng = np.random.default_rng([sk.SEED, 3, int(estate.id[2:])])
    if estate.kind == "remote":
        return []
    core = _largest(estate.shape.buffer(-13, join_style="mitre").simplify(2.0))
    if core is None:
        return []
    rows = _rows(core, ROW_M[estate.kind], rng)
    lanes = estate.kind in ("lane", "village")
    ring = [] if lanes and len(rows) > 3 else [Road(LineString(core.exterior.coords), "service")]
    inner = "living_street" if lanes else "footway"
    roads = ring + [Road(line, inner) for line in (_some_dead_ends(rows, rng) if not ring else rows)]
    return _meet(roads + _ways_to_gates(estate, [road.line for road in roads]))


def _meet(roads: list[Road], near_m: float = 3.5) -> list[Road]:
    """Lead ends that stop just short of another path on to it, so that no gap is left by accident."""
    lines = [road.line for road in roads]
    for index, road in enumerate(roads):
        for end in (0, -1) if road.highway in ("footway", "living_street") else ():
            tip = Point(lines[index].coords[end])
            others = [line for other, line in enumerate(lines) if other != index]
            near = min(others, key=lambda line: round(line.distance(tip), 3), default=None)
            if near is not None and 0.01 < near.distance(tip) < near_m:
                foot = near.interpolate(near.project(tip))
                xy = list(lines[index].coords)
                lines[index] = LineString([foot, *xy] if end == 0 else [*xy, foot])
    return [road.on(line) for road, line in zip(roads, lines, strict=True)]


def _largest(shape: Polygon) -> Polygon | None:
    pieces = [piece for piece in getattr(shape, "geoms", [shape]) if piece.geom_type == "Polygon" and piece.area > 1500]
    return max(pieces, key=lambda piece: piece.area, default=None)


def _rows(core: Polygon, row_m: float, rng: np.random.Generator) -> list[LineString]:
    """Return the two cross paths, then the rows between buildings, along the long side and not quite even."""
    box = np.array(core.minimum_rotated_rectangle.exterior.coords[:4])
    a, b, d = box[0], box[1], box[3]
    if np.hypot(*(b - a)) < np.hypot(*(d - a)):
        b, d = d, b
    along, across = b - a, d - a
    columns = [
        _line(a + along * at, across, core, rng, 1.5) for at in (rng.uniform(0.24, 0.38), rng.uniform(0.62, 0.78))
    ]
    count = max(1, round(np.hypot(*across) / row_m))
    at_rows = (np.arange(count) + 0.5 + rng.uniform(-0.16, 0.16, count)) / count
    rows = [_line(a + across * at, along, core, rng, 0.6) for at in at_rows]
    return [line for line in columns if line is not None] + [
        row
        for row in rows
        if row is not None and any(row.intersects(column) for column in columns if column is not None)
    ]


def _line(
    start: np.ndarray, step: np.ndarray, core: Polygon, rng: np.random.Generator, lean: float
) -> LineString | None:
    """Return the longest stretch inside ``core`` of the line that starts at ``start``."""
    line = rotate(LineString([start - step * 0.3, start + step * 1.3]), rng.normal(0, lean))
    pieces = sk.parts(line.intersection(core))
    return max(pieces, key=lambda piece: piece.length, default=None)


def _some_dead_ends(lines: list[LineString], rng: np.random.Generator) -> list[LineString]:
    """Shorten some lanes so that they end blind, always behind a cross lane."""
    columns, rows = lines[:2], lines[2:]
    kept = []
    for row in rows:
        meets = [row.project(row.intersection(column).centroid) for column in columns if row.intersects(column)]
        if rng.random() < 0.4 and meets and max(meets) + 18 < row.length:
            kept.append(LineString([row.coords[0], row.interpolate(max(meets) + 15)]))
        else:
            kept.append(row)
    return columns + kept


def _ways_to_gates(estate: Estate, inside: list[LineString]) -> list[Road]:
    """Return the way from the street through each gate to the nearest path; an island's ways end at the gate."""
    ways = []
    for gate in estate.gates:
        near = min(inside, key=lambda line: round(line.distance(gate.point), 3))
        foot = near.interpolate(near.project(gate.point))
        if estate.island:
            ways += [
                Road(LineString([gate.point, foot]), "service"),
                Road(LineString([gate.street, gate.point]), "construction", tags={"construction": "service"}),
            ]
        else:
            ways.append(Road(LineString([gate.street, gate.point, foot]), "service"))
    return ways
