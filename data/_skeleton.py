"""The skeleton of the district: outline, river, railway and main roads, as ``district.toml`` draws them.

All coordinates are metres east and north of its ``origin`` (EPSG:4548).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from shapely import LineString, MultiLineString, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

SEED = 20251231
BEYOND_M = 380.0  # how far main roads are drawn beyond the district
RIVER_HALF_M, EMBANKMENT_M = 48.0, 82.0
RAIL_CORRIDOR_M, EXPRESSWAY_CORRIDOR_M = 42.0, 38.0

Coords = Sequence[Sequence[float]]


@cache
def drawn() -> dict[str, Any]:
    """Return what is drawn and told by hand."""
    return tomllib.loads((Path(__file__).parent / "district.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Road:
    """One road or path: a line in local metres and the tags it carries in OpenStreetMap."""

    line: LineString
    highway: str
    name: str = ""
    layer: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    over: str = ""  # what it may cross: "river", "rail"

    def on(self, line: LineString) -> Road:
        """Return the same road on another line."""
        return replace(self, line=line)


def smooth(points: Coords, rounds: int = 2) -> LineString:
    """Round the corners of a hand-drawn line (Chaikin); its ends stay."""
    xy = np.asarray(points, dtype=float)
    for _ in range(rounds):
        quarter, three = xy[:-1] * 0.75 + xy[1:] * 0.25, xy[:-1] * 0.25 + xy[1:] * 0.75
        inner = np.stack([quarter, three], axis=1).reshape(-1, 2)[1:-1]
        xy = np.vstack([xy[:1], inner, xy[-1:]])
    return LineString(np.round(xy, 2))


@dataclass(frozen=True)
class Skeleton:
    """The drawn parts as shapes."""

    outline: Polygon
    river_line: LineString
    river: Polygon
    rail: LineString
    expressway: LineString
    river_corridor: Polygon
    rail_corridor: Polygon
    lake: Polygon

    @property
    def reach(self) -> Polygon:
        """Return the frame roads are drawn in."""
        return self.outline.buffer(BEYOND_M, join_style="mitre")


def draw() -> Skeleton:
    """Return the drawn parts."""
    plan = drawn()
    river_line, rail = smooth(plan["river"], 3), smooth(plan["rail"], 3)
    return Skeleton(
        outline=Polygon(plan["outline"]),
        river_line=river_line,
        river=_river(river_line),
        rail=rail,
        expressway=smooth(plan["expressway"], 3),
        river_corridor=_band(river_line, EMBANKMENT_M),
        rail_corridor=_band(rail, RAIL_CORRIDOR_M),
        lake=Polygon(plan["lake"]).buffer(-18).buffer(18),
    )


def _band(line: LineString, half_m: float) -> Polygon:
    """Return the strip between the two parallels of ``line``."""
    left, right = line.offset_curve(half_m), line.offset_curve(-half_m)
    return Polygon([*left.coords, *list(right.coords)[::-1]])


def _river(line: LineString) -> Polygon:
    """Return the water between its banks: not a ribbon of one width."""
    along = np.linspace(0, line.length, 90)
    left_m = RIVER_HALF_M + 8 * np.sin(along / 310.0)
    right_m = RIVER_HALF_M + 7 * np.cos(along / 270.0)
    here = np.array([line.interpolate(s).coords[0] for s in along])
    ahead = np.array([line.interpolate(min(s + 1, line.length)).coords[0] for s in along])
    back = np.array([line.interpolate(max(s - 1, 0)).coords[0] for s in along])
    tangent = ahead - back
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / np.hypot(*tangent.T)[:, None]
    ring = np.vstack([here + normal * left_m[:, None], (here - normal * right_m[:, None])[::-1]])
    return Polygon(np.round(ring, 2))


def main_roads(skeleton: Skeleton) -> list[Road]:
    """Return the main roads cut by river and railway, except where a bridge or an underpass carries them over."""
    roads = []
    for told in drawn()["roads"]:
        road = Road(smooth(told["line"]), told["highway"], told["name"], over=told["over"])
        roads += _cut(road, skeleton)
    roads += _beside_river(skeleton)
    roads += _beside_rail(skeleton)
    return _trim(roads)


def _trim(roads: list[Road], longest_m: float = 70.0) -> list[Road]:
    """Take off the short stubs where a drawn road runs past the one it ends at."""
    streets = [road for road in roads if road.layer == 0]
    tree = STRtree([road.line for road in streets])
    trimmed = []
    for road in roads:
        if road.layer or road.highway == "footway" or road.tags:
            trimmed.append(road)
            continue
        others = [
            streets[index].line for index in tree.query(road.line, predicate="intersects") if streets[index] is not road
        ]
        at = sorted(road.line.project(point) for other in others for point in _points(road.line.intersection(other)))
        start = max((s for s in at if s < longest_m), default=0.0)
        end = min((s for s in at if s > road.line.length - longest_m), default=road.line.length)
        trimmed.append(road.on(substring(road.line, start, end)))
    return trimmed


def _points(shape: BaseGeometry) -> list[Point]:
    return [piece for piece in getattr(shape, "geoms", [shape]) if piece.geom_type == "Point"]


def _cut(road: Road, skeleton: Skeleton) -> list[Road]:
    """Split a road where it meets the river and railway corridors; drop what lies inside unless it may cross."""
    pieces = [road.on(line) for line in parts(road.line.intersection(skeleton.reach))]
    for kind, corridor in (("river", skeleton.river_corridor), ("rail", skeleton.rail_corridor)):
        cut = []
        for piece in pieces:
            cut += [piece.on(line) for line in parts(piece.line.difference(corridor)) if line.length > 230]
            if road.over == kind:
                cut += [_crossing(piece.on(line), kind) for line in parts(piece.line.intersection(corridor))]
            elif piece.layer:
                cut.append(piece)
        pieces = cut
    return pieces


def _crossing(road: Road, kind: str) -> Road:
    """Return the stretch over the river, or the one across the railway: an underpass, and a level crossing."""
    if kind == "river":
        return replace(road, layer=1, tags={"bridge": "yes", "layer": "1", "bridge:name": f"{road.name}桥"})
    if road.name == "府前大街":
        return replace(road, layer=-1, tags={"tunnel": "yes", "layer": "-1"})
    return replace(road, tags={"crossing": "level_crossing"})


def _beside_river(skeleton: Skeleton) -> list[Road]:
    """Return the embankment roads and the greenway below them, with ramps between the two."""
    roads = []
    for name, side in (("滨河北路", 1), ("滨河南路", -1)):
        road = skeleton.river_line.offset_curve(side * EMBANKMENT_M)
        path = skeleton.river_line.offset_curve(side * (RIVER_HALF_M + 16))
        highway = "secondary" if side > 0 else "tertiary"
        roads += [Road(line, highway, name) for line in _off_rail(road, skeleton)]
        roads += [Road(line, "footway", "滨河绿道") for line in _off_rail(path, skeleton)]
        for line in _off_rail(path, skeleton):
            roads += [_ramp(line, road, at) for at in np.arange(60, line.length - 30, 380)]
    return roads


def _ramp(path: LineString, road: LineString, at: float) -> Road:
    foot = path.interpolate(at)
    return Road(LineString([foot, road.interpolate(road.project(foot))]), "footway")


def _off_rail(line: LineString, skeleton: Skeleton) -> list[LineString]:
    return [
        piece
        for piece in parts(line.intersection(skeleton.reach).difference(skeleton.rail_corridor))
        if piece.length > 60
    ]


def _beside_rail(skeleton: Skeleton) -> list[Road]:
    """Return the two roads along the railway, each where the town needed one."""
    roads = []
    for name, side, start, end in (("铁西路", 1, 950, 3900), ("铁东路", -1, 900, 3700)):
        line = substring(skeleton.rail.offset_curve(side * RAIL_CORRIDOR_M), start, end)
        pieces = parts(line.intersection(skeleton.reach).difference(skeleton.river_corridor))
        roads += [Road(piece, "residential", name) for piece in pieces if piece.length > 60]
    return roads


def parts(shape: LineString | MultiLineString) -> list[LineString]:
    """Return the lines of a cut, in a fixed order."""
    lines = [line for line in getattr(shape, "geoms", [shape]) if line.geom_type == "LineString" and line.length > 0.01]
    return sorted(lines, key=lambda line: tuple(np.round(line.centroid.coords[0], 1)))


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the distance of two points."""
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
