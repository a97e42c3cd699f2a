"""What is drawn by hand: outline, river, railway, main roads and the places that give the district its character.

All coordinates are metres east and north of `ORIGIN` (EPSG:4548). Nothing here is a real place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from shapely import LineString, MultiLineString, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

CRS = "EPSG:4548"
ORIGIN = (512_600.0, 4_036_900.0)
SEED = 20251231
BEYOND_M = 380.0  # how far main roads are drawn beyond the district

Coords = Sequence[tuple[float, float]]

OUTLINE: Coords = (
    (160, 480), (700, 60), (1500, -60), (2400, -120), (3000, -330), (3900, -420), (4350, -150), (4420, 700),
    (4330, 1350), (4410, 2100), (4350, 2800), (4180, 3330), (3500, 3420), (2800, 3560), (2000, 3760), (1100, 3640),
    (500, 3420), (200, 3050), (60, 2500), (-20, 1900), (90, 1200),
)  # fmt: skip
RIVER: Coords = (
    (-500, 2780), (0, 2760), (330, 2690), (800, 2480), (1300, 2240), (1750, 2030), (2150, 1760), (2600, 1550),
    (3050, 1420), (3600, 1350), (4100, 1250), (4900, 1060),
)  # fmt: skip
RIVER_HALF_M, EMBANKMENT_M = 48.0, 82.0
RAIL: Coords = ((3560, -500), (3545, 300), (3520, 900), (3560, 1600), (3640, 2200), (3700, 2800), (3840, 4200))
RAIL_CORRIDOR_M = 42.0
EXPRESSWAY: Coords = ((-600, 150), (200, 230), (800, 230), (1900, 170), (2900, 130), (3800, 160), (5000, 250))
EXPRESSWAY_CORRIDOR_M = 38.0


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


MAIN_ROADS: tuple[tuple[str, str, str, Coords], ...] = (
    ("北环路", "primary", "", ((-500, 3120), (500, 3180), (1300, 3300), (2100, 3250), (2800, 3180), (3500, 3140), (3900, 3100))),
    ("东兴街", "tertiary", "", ((3600, 3040), (4100, 2990), (4900, 2930))),
    ("府前大街", "primary", "rail", ((420, 2500), (1000, 2700), (1600, 2740), (2100, 2690), (2900, 2600), (3660, 2545), (4100, 2500), (4900, 2420))),
    ("清河街", "secondary", "", ((1250, 2130), (1700, 2270), (2080, 2260), (2700, 2150), (3300, 2090), (3800, 2050))),
    ("清河东街", "tertiary", "", ((3500, 2040), (4000, 1960), (4900, 1880))),
    ("书院街", "tertiary", "", ((975, 2990), (1500, 3010), (2090, 2975), (2560, 2930), (3060, 2880))),
    ("文昌路", "secondary", "", ((-500, 2080), (400, 1970), (850, 1800), (1400, 1690), (1930, 1530), (2430, 1370), (3010, 1235))),
    ("工业路", "primary", "rail", ((-500, 1290), (700, 1220), (1600, 1150), (2400, 1050), (3000, 950), (3600, 880), (4100, 860), (4900, 820))),
    ("南环路", "secondary", "", ((-500, 660), (800, 600), (1800, 520), (2450, 470), (2900, 480), (3700, 540))),
    ("东柳街", "tertiary", "", ((3500, 430), (4000, 400), (4900, 390))),
    ("西关路", "secondary", "", ((432, 588), (380, 1240), (440, 1960), (380, 2700))),
    ("解放路", "primary", "river", ((815, -500), (860, 500), (800, 1200), (900, 1800), (1010, 2320), (1060, 2710), (970, 3260), (920, 4300))),
    ("建国路", "secondary", "", ((1378, 525), (1430, 1170), (1400, 1700), (1510, 2260), (1570, 2740), (1530, 3300), (1480, 4300))),
    ("人民路", "primary", "river", ((1890, -500), (1940, 470), (1880, 1110), (1970, 1820), (2080, 2260), (2050, 2700), (2120, 3270), (2160, 4300))),
    ("柳园路", "secondary", "", ((2470, -500), (2450, 470), (2400, 1050), (2440, 1370), (2500, 1900))),
    ("学苑路", "secondary", "", ((2500, 1500), (2570, 2170), (2610, 2640), (2550, 3200), (2520, 4300))),
    ("学府路", "primary", "river", ((2960, -600), (2900, 480), (2980, 960), (3030, 1500), (3000, 2110), (3085, 2585), (3050, 3160), (2990, 4300))),
    ("东环路", "secondary", "", ((3985, 375), (4050, 860), (4060, 1700))),
    ("东环路", "secondary", "", ((4020, 1000), (4090, 1600), (4080, 1980), (4120, 2500), (4090, 3000), (4030, 4200))),
    ("小河湾村道", "unclassified", "", ((2915, -75), (3150, -60), (3290, -75), (3455, -50))),
    ("东柳村道", "unclassified", "", ((3757, 440), (3790, 160), (3730, -180), (3800, -480))),
)  # fmt: skip

# Places with a use of their own: the parcel that holds the point gets it.
PLACES: tuple[tuple[str, str, float, float], ...] = (
    ("镜湖公园", "park", 2330, 2400), ("镜湖公园", "park", 2330, 2520), ("南塘公园", "park", 1120, 1480), ("东湖绿地", "park", 3900, 2250),
    ("体育公园", "park", 2680, 760), ("城东湿地", "park", 3800, 1560), ("区人民医院", "hospital", 2800, 2450), ("澄河火车站", "station", 3480, 2330),
    ("区政府", "office", 1800, 2820), ("百货大楼", "commercial", 1980, 2600), ("第一中学", "school", 1220, 2870), ("澄河职业学院", "school", 2750, 1900),
    ("纺织厂", "industrial", 3250, 700), ("机床厂", "industrial", 3300, 1080), ("物流园", "industrial", 3280, 320), ("建材市场", "commercial", 150, 900),
    ("铁路货场", "industrial", 3790, 640), ("老年大学", "school", 1730, 1900), ("农机厂", "industrial", 1100, 400),
)  # fmt: skip

# The villages beyond the expressway, drawn as they grew.
VILLAGES: tuple[tuple[str, str, Coords], ...] = (
    ("小河湾村一组", "小河湾村", ((3030, -150), (3150, -190), (3260, -130), (3250, -20), (3160, 30), (3040, 10))),
    ("小河湾村二组", "小河湾村", ((3300, -140), (3420, -150), (3440, -40), (3380, 40), (3290, 10))),
    ("东柳村一组", "东柳村", ((3820, -60), (3940, -80), (3985, 20), (3940, 90), (3830, 80))),
    ("东柳村二组", "东柳村", ((3600, -200), (3680, -230), (3690, -60), (3640, 60), (3590, 30))),
)  # fmt: skip
REMOTE: tuple[str, Coords] = ("望山安置房", ((4225, -175), (4300, -190), (4330, -110), (4300, -60), (4235, -80)))
TINY: tuple[str, Coords] = (
    "百货公寓",
    ((1968, 2540), (2020, 2545), (2022, 2603), (1970, 2600)),
)  # a tenth of the households its row says
ISLAND_POINT = (3830, 1780)  # the compound whose road is not joined to the rest: between railway, wetland and works
LAKE: Coords = ((2250, 2370), (2330, 2350), (2400, 2390), (2410, 2470), (2350, 2530), (2270, 2500), (2235, 2430))


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
    river_line, rail = smooth(RIVER, 3), smooth(RAIL, 3)
    return Skeleton(
        outline=Polygon(OUTLINE),
        river_line=river_line,
        river=_river(river_line),
        rail=rail,
        expressway=smooth(EXPRESSWAY, 3),
        river_corridor=_band(river_line, EMBANKMENT_M),
        rail_corridor=_band(rail, RAIL_CORRIDOR_M),
        lake=Polygon(LAKE).buffer(-18).buffer(18),
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
    for name, highway, over, points in MAIN_ROADS:
        roads += _cut(Road(smooth(points), highway, name, over=over), skeleton)
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


def bridges(roads: list[Road]) -> list[Road]:
    """Return the stretches that cross the river."""
    return [road for road in roads if road.tags.get("bridge") == "yes"]


def near(point: tuple[float, float], spot: Coords | tuple[float, float]) -> float:
    """Return the distance of two points."""
    return Point(point).distance(Point(spot))
