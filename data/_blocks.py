"""Blocks between the main roads, cut again by lesser streets into parcels, each with a use."""

from __future__ import annotations

from dataclasses import dataclass, replace

import _skeleton as sk
import numpy as np
from _skeleton import Road, Skeleton
from shapely import LineString, MultiPolygon, Point, Polygon, STRtree, union_all
from shapely.affinity import rotate
from shapely.ops import polygonize, split

HALF_WIDTH_M = {
    "primary": 21.0,
    "secondary": 15.0,
    "tertiary": 11.0,
    "unclassified": 8.0,
    "residential": 8.0,
    "living_street": 4.0,
    "footway": 2.0,
}


@dataclass(frozen=True)
class Parcel:
    """A piece of land between streets."""

    shape: Polygon
    zone: str  # old, works, garden, new, fields
    use: str = "housing"
    name: str = ""


def zone_of(point: Point) -> str:
    """Return the kind of quarter at a place."""
    x, y = point.x, point.y
    if sk.apart((1480, 2480), (x, y)) < 560 or sk.apart((1560, 1690), (x, y)) < 300:
        return "old"
    if y < 180 or (x < 330 and y < 1250) or (x < 350 and y > 2850):
        return "fields"
    if y < 1250 and x < 2450:
        return "works"
    return "new" if x > 2480 or y > 3000 else "garden"


def lay_out(skeleton: Skeleton, roads: list[Road]) -> tuple[list[Parcel], list[Road]]:
    """Return the parcels of the district and the lesser streets between them."""
    rng = np.random.default_rng([sk.SEED, 1])
    parcels: list[Parcel] = []
    streets: list[Road] = []
    for block in _blocks(skeleton, roads):
        zone = zone_of(block.representative_point())
        if zone == "fields":
            parcels.append(Parcel(block, zone, "fields"))
            continue
        pieces, lines = _divide(block, zone, rng)
        parcels += [Parcel(piece, zone) for piece in pieces]
        streets += lines
    parcels.sort(key=lambda parcel: _place(parcel.shape))
    return _give_uses(parcels, rng), _name_streets(streets)


def _blocks(skeleton: Skeleton, roads: list[Road]) -> list[Polygon]:
    """Return the land between main roads, without river, railway and expressway."""
    lines = [road.line for road in roads if road.layer == 0 and road.highway != "footway"]
    faces = polygonize(
        union_all(
            [*lines, skeleton.outline.exterior, skeleton.river_corridor.exterior, skeleton.rail_corridor.exterior],
            grid_size=0.01,
        )
    )
    taken = union_all(
        [skeleton.river_corridor, skeleton.rail_corridor, skeleton.expressway.buffer(sk.EXPRESSWAY_CORRIDOR_M)]
    )
    land = [piece for face in faces for piece in _polygons(face.intersection(skeleton.outline).difference(taken))]
    return sorted((piece for piece in land if piece.area > 4000), key=_place)


def _polygons(shape: Polygon | MultiPolygon) -> list[Polygon]:
    return [piece for piece in getattr(shape, "geoms", [shape]) if piece.geom_type == "Polygon" and not piece.is_empty]


def _place(shape: Polygon) -> tuple[float, float]:
    x, y = shape.centroid.coords[0]
    return (-round(y, 1), round(x, 1))


TARGET_M2 = {"old": 35_000.0, "works": 74_000.0, "garden": 86_000.0, "new": 112_000.0}


def _divide(block: Polygon, zone: str, rng: np.random.Generator) -> tuple[list[Polygon], list[Road]]:
    """Cut a block in two, and the halves again, until they are the size its quarter has."""
    done: list[Polygon] = []
    streets: list[Road] = []
    queue = [block]
    while queue:
        piece = queue.pop(0)
        if piece.area < TARGET_M2[zone] * rng.uniform(0.95, 1.7):
            done.append(piece)
            continue
        cut = _cutting_line(piece, rng)
        halves = sorted(_polygons(split(piece, cut)), key=_place)
        if len(halves) < 2 or min(half.area for half in halves) < 0.22 * TARGET_M2[zone]:
            done.append(piece)
            continue
        streets += [
            Road(line, _class_of(piece.area, zone, rng))
            for line in sk.parts(cut.intersection(piece))
            if line.length > 15
        ]
        queue += halves
    return done, streets


def _cutting_line(piece: Polygon, rng: np.random.Generator) -> LineString:
    """Return a slightly bent line across the long side of ``piece``."""
    box = np.array(piece.minimum_rotated_rectangle.exterior.coords[:4])
    a, b, c, d = box
    if np.hypot(*(b - a)) < np.hypot(*(c - b)):
        a, b, c, d = b, c, d, a
    at = rng.uniform(0.40, 0.60)
    start, end = a + (b - a) * at, d + (c - d) * at
    bend = (start + end) / 2 + (b - a) * rng.normal(0, 0.012) + (d - a) * rng.normal(0, 0.05)
    line = LineString(np.round([start - (end - start), start, bend, end, end + (end - start)], 2))
    return rotate(line, rng.normal(0, 2.2), origin=tuple(np.round(bend, 2)))


def _class_of(area_m2: float, zone: str, rng: np.random.Generator) -> str:
    """Return what the street between two halves is: the larger the whole, the more of a street."""
    if area_m2 > 260_000:
        return "tertiary"
    if zone == "old":
        return "living_street" if area_m2 < 70_000 else "residential"
    return "residential" if area_m2 > 90_000 or rng.random() < 0.72 else "living_street"


def _name_streets(streets: list[Road]) -> list[Road]:
    """Give names to streets as far as names go; the short lanes stay without one."""
    ordered = sorted(streets, key=lambda road: (-round(road.line.length, 1), _place(road.line)))
    named = [
        replace(road, name=name) for road, name in zip(ordered, sk.drawn()["names"]["lanes"].split(), strict=False)
    ]
    return named + ordered[len(named) :]


def _give_uses(parcels: list[Parcel], rng: np.random.Generator) -> list[Parcel]:
    """Give every parcel a use: the drawn places first, then chance, housing most of all."""
    tree = STRtree([parcel.shape for parcel in parcels])
    drawn = {}
    for place in sk.drawn()["places"]:
        for index in tree.query(Point(place["at"]), predicate="intersects"):
            drawn[int(index)] = (place["name"], place["use"])
    used = []
    for index, parcel in enumerate(parcels):
        draw = rng.random()
        name, use = drawn.get(index, ("", _chance_use(parcel, draw)))
        used.append(replace(parcel, use=use, name=name))
    return used


def _chance_use(parcel: Parcel, draw: float) -> str:
    if parcel.use == "fields":
        return "fields"
    square = parcel.shape.minimum_rotated_rectangle
    if parcel.shape.area < 7000 or parcel.shape.area / square.area < 0.45:
        return "green"
    shares = (
        ("school", 0.07),
        ("commercial", 0.17),
        ("office", 0.23),
        ("green", 0.29),
        ("vacant", 0.36 if parcel.zone == "new" else 0.31),
    )
    use = next((use for use, limit in shares if draw < limit), "housing")
    return "housing" if use in ("school", "office", "commercial") and parcel.shape.area > 95_000 else use


def setback(parcel: Parcel, roads: list[Road], tree: STRtree) -> Polygon:
    """Return the part of a parcel that is left when the streets around it have taken their width."""
    around = [roads[index] for index in tree.query(parcel.shape.buffer(30))]
    taken = union_all([road.line.buffer(HALF_WIDTH_M.get(road.highway, 6.0), cap_style="flat") for road in around])
    left = parcel.shape.difference(taken).buffer(-3, join_style="mitre").buffer(3, join_style="mitre")
    pieces = sorted(_polygons(left), key=lambda piece: -piece.area)
    return pieces[0].simplify(0.6) if pieces else Polygon()
