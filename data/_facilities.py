"""Elderly-care facilities in every state of life, the sites a planner could use, and clinics.

A facility stands ``in`` the residential area nearest to its place, or ``at`` the place itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from shapely import Point, Polygon

import _skeleton as sk
from _blocks import Parcel
from _estates import Estate
from _units import Unit, unit_at


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
    "启用日期", "停用日期", "建筑面积", "面积口径", "用地面积", "床位数", "护理型床位", "入住人数", "星级", "性质", "所在楼层",
    "独立出入口", "无障碍", "对外开放", "服务小区", "计入配建",
)  # fmt: skip
CENTRE, STATION, DAY, HOME = "综合养老服务中心", "养老服务站", "日间照料中心", "养老院"

# name, level, kind, status, where, x, y, what else is known
PLACED: tuple[tuple[str, str, str, str, str, float, float, dict[str, Any]], ...] = (
    ("澄河区社会福利院", "区级", HOME, "运营", "at", 1950, 3490, {"启用日期": "2009-10", "建筑面积": 14200, "用地面积": 21000, "床位数": 320, "护理型床位": 221, "入住人数": 236, "星级": 3, "性质": "公办"}),
    ("澄河区特困人员供养服务中心", "区级", HOME, "运营", "at", 2720, 330, {"启用日期": "2021-06-01", "建筑面积": 5200, "用地面积": 9000, "床位数": 120, "护理型床位": 96, "入住人数": 81, "星级": 2, "性质": "公办"}),
    ("康宁护理院", "区级", HOME, "运营", "at", 2420, 1960, {"启用日期": "2018", "建筑面积": 7600, "用地面积": 6400, "床位数": 180, "护理型床位": 150, "入住人数": 133, "性质": "民办"}),
    ("澄河区医养结合中心", "区级", HOME, "规划", "at", 4180, 2170, {"建筑面积": 18000, "用地面积": 24000, "床位数": 300, "护理型床位": 240, "性质": "公办"}),
    ("北澄街道综合养老服务中心", "街道级", CENTRE, "运营", "at", 1640, 2630, {"启用日期": "2020-09-28", "建筑面积": 1480, "用地面积": 0, "床位数": 40, "护理型床位": 32, "入住人数": 27, "性质": "公建民营"}),
    ("南塘街道综合养老服务中心", "街道级", CENTRE, "运营", "at", 1110, 1330, {"启用日期": "2022-12", "建筑面积": 860, "用地面积": 1250, "床位数": 24, "护理型床位": 12, "入住人数": 15, "性质": "公办"}),
    ("望湖街道综合养老服务中心", "街道级", CENTRE, "已验收", "at", 2290, 2110, {"建筑面积": 1200, "用地面积": 1800, "床位数": 30, "护理型床位": 20, "性质": "公办"}),
    ("夕阳红老年公寓", "街道级", "老年公寓", "停用", "at", 1640, 1490, {"启用日期": "2003", "停用日期": "2021-03-31", "建筑面积": 2100, "床位数": 60, "护理型床位": 0, "性质": "民办"}),
    ("柳园镇敬老院", "镇级", "敬老院", "运营", "at", 3680, 1090, {"启用日期": "1998", "建筑面积": 2600, "用地面积": 5200, "床位数": 80, "护理型床位": 28, "入住人数": 34, "星级": 1, "性质": "公办"}),
    ("钟楼社区养老服务中心", "社区级", CENTRE, "运营", "in", 1700, 2390, {"启用日期": "2019-05-20", "建筑面积": 420, "性质": "公建民营"}),
    ("府前社区养老服务中心", "社区级", CENTRE, "运营", "in", 1240, 2790, {"启用日期": "2021-11", "建筑面积": 360}),
    ("文昌社区养老服务中心", "社区级", CENTRE, "已移交", "in", 1330, 1900, {"启用日期": "2024-07-01", "建筑面积": 310, "独立出入口": "是"}),
    ("南塘社区养老服务中心", "社区级", CENTRE, "运营", "in", 300, 2480, {"启用日期": "2017-03", "建筑面积": 260, "所在楼层": "2"}),
    ("西关社区养老服务中心", "社区级", CENTRE, "运营", "in", 700, 1750, {"启用日期": "2022-08-15", "建筑面积": 520, "独立出入口": "是", "无障碍": "是"}),
    ("学府社区养老服务中心", "社区级", CENTRE, "运营", "in", 3200, 3040, {"启用日期": "2023-10-23", "建筑面积": 640, "独立出入口": "是", "无障碍": "是"}),
    ("清河社区养老服务中心", "社区级", CENTRE, "运营", "in", 2760, 2010, {"启用日期": "2022-01", "建筑面积": 380, "对外开放": "否"}),
    ("石桥社区养老服务中心", "社区级", CENTRE, "在建", "in", 4180, 1010, {"建筑面积": 400}),
    ("镜湖社区养老服务中心", "社区级", CENTRE, "规划", "in", 2470, 2440, {"建筑面积": 450}),
    ("东柳社区养老服务中心", "社区级", CENTRE, "闲置", "in", 2860, 1140, {"启用日期": "2016", "建筑面积": 330}),
    ("机床社区养老服务站", "社区级", STATION, "运营", "at", 1800, 700, {"启用日期": "2020", "建筑面积": 640, "服务小区": ((1560, 750), (1560, 980), (2050, 750))}),
    ("纺织社区养老服务站", "社区级", STATION, "运营", "in", 1390, 390, {"启用日期": "2021-04", "建筑面积": 205}),
    ("北环社区养老服务站", "社区级", STATION, "运营", "in", 2340, 3600, {"启用日期": "2019", "建筑面积": 236, "面积口径": "使用面积"}),
    ("书院社区养老服务站", "社区级", STATION, "运营", "in", 1130, 3470, {"启用日期": "2023-06"}),
    ("东兴社区养老服务站", "社区级", STATION, "", "in", 4200, 2700, {"启用日期": "2022-10", "建筑面积": 220}),
    ("柳荫社区养老服务站", "社区级", STATION, "挪作他用", "in", 2300, 340, {"启用日期": "2014-09", "建筑面积": 210}),
    ("御澜社区养老服务站", "社区级", STATION, "停用", "in", 3280, 1640, {"启用日期": "2011", "停用日期": "2023-12-31", "建筑面积": 230}),
    ("西门社区养老服务站", "社区级", "驿站", "运营", "in", 700, 2730, {"启用日期": "2020-12", "建筑面积": 150, "所在楼层": "1"}),
    ("星湖养老服务站", "社区级", STATION, "已移交", "in", 2800, 3060, {"启用日期": "2026-03-01", "建筑面积": 330}),
    ("鼓楼日间照料中心", "社区级", DAY, "运营", "in", 1350, 2600, {"启用日期": "2018-11", "建筑面积": 200}),
    ("桥头日间照料中心", "社区级", DAY, "运营", "in", 1720, 1180, {"启用日期": "2021", "建筑面积": 350}),
    ("柳园社区日间照料中心", "社区级", DAY, "已验收", "in", 3100, 720, {"建筑面积": 260}),
    ("永乐日间照料中心", "社区级", DAY, "运营", "at", 2420, 3400, {"启用日期": "2022-05", "建筑面积": 480, "服务小区": ((2230, 3120), (2700, 3400))}),
    ("听澜日间照料中心", "社区级", DAY, "运营", "in", 3480, 2730, {"启用日期": "2024-01", "建筑面积": 410, "性质": "民办"}),
    ("石桥社区助餐点", "社区级", STATION, "运营", "in", 4180, 720, {"启用日期": "2023", "建筑面积": 220, "计入配建": "否"}),
    ("小河湾村幸福院", "村级", "幸福院", "运营", "in", 3140, -80, {"启用日期": "2019-10", "建筑面积": 180, "性质": "公办"}),
    ("东柳村幸福院", "村级", "幸福院", "闲置", "in", 3900, 20, {"启用日期": "2015", "建筑面积": 150, "性质": "公办"}),
)  # fmt: skip


def facilities(estates: list[Estate]) -> list[Facility]:
    """Return the facilities in the order of the ledger."""
    placed = []
    for name, level, kind, status, where, x, y, facts in PLACED:
        point = Point(x, y) if where == "at" else _room(nearest(estates, (x, y)))
        told = dict(facts)
        if "服务小区" in told:
            told["服务小区"] = ";".join(sorted(nearest(estates, spot).id for spot in told["服务小区"]))
        placed.append(Facility(name, level, kind, status, point, told))
    return placed


def nearest(estates: list[Estate], spot: tuple[float, float]) -> Estate:
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

ASSETS = {
    "school": ("idle_state_asset", ("原{0}小学校舍", "原{0}幼儿园", "原{0}中学宿舍楼")),
    "office": ("idle_state_asset", ("原{0}办事处办公楼", "原{0}粮站办公楼", "原{0}供销社大楼")),
    "commercial": ("lease", ("{0}沿街商业楼", "{0}商务宾馆", "{0}底商二层")),
    "vacant": ("planned_parcel", ("{0}规划社会福利用地",)),
    "green": ("planned_parcel", ("{0}边角地块",)),
}
SOURCES = {
    "idle_state_asset": "闲置国有资产",
    "lease": "租赁",
    "planned_parcel": "规划地块",
    "purchase": "购置",
    "exchange": "置换",
    "extension": "扩建",
}


def candidates(parcels: list[Parcel], units: list[Unit], placed: list[Facility]) -> list[Candidate]:
    """Return a site in each parcel without housing that holds no facility yet, and three by other means."""
    rng = np.random.default_rng([sk.SEED, 4])
    sites: list[Candidate] = []
    for parcel in parcels:
        free = not any(parcel.shape.contains(facility.point) for facility in placed)
        if parcel.use in ASSETS and free and parcel.shape.area > 9000:
            sites.append(_site(parcel, units, rng))
    return [_special(index, site) for index, site in enumerate(sites)]


def _site(parcel: Parcel, units: list[Unit], rng: np.random.Generator) -> Candidate:
    source, patterns = ASSETS[parcel.use]
    middle = parcel.shape.representative_point()
    unit = unit_at(units, middle, ("社区", "村"))
    place = next(unit_.name for unit_ in units if unit_.id == unit).removesuffix("社区")
    name = str(rng.choice(patterns)).format(place)
    floor_m2 = int(rng.choice([480, 560, 650, 720, 800, 950, 1100, 1300, 1500, 1800, 2400]))
    price = {"idle_state_asset": 0.16, "lease": 0.09, "planned_parcel": 0.42}[source]
    facts = {
        "来源": SOURCES[source],
        "可用建筑面积": float(floor_m2),
        "估算投资": round(floor_m2 * price * rng.uniform(0.85, 1.2), 1),
        "可用日期": str(rng.choice(["2026-01-01", "2026-06-30", "2026-12-31", "2027-06-30"])),
        "用地面积": round(parcel.shape.area * 0.12, 0) if source == "planned_parcel" else 0.0,
        "角色": "备选",
    }
    shape = _lot(parcel, middle) if source == "planned_parcel" else _off(middle, parcel, rng)
    return Candidate(name, shape, facts)


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
    """Give some sites another source, a role, or a name twice."""
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


CLINICS: tuple[tuple[str, str, float, float], ...] = (
    ("澄河区人民医院", "综合医院", 2700, 2420), ("澄河区中医院", "中医医院", 1150, 2950), ("北澄街道社区卫生服务中心", "社区卫生服务中心", 1610, 2600),
    ("望湖街道社区卫生服务中心", "社区卫生服务中心", 3100, 2330), ("南塘街道社区卫生服务中心", "社区卫生服务中心", 1180, 1000),
    ("柳园镇卫生院", "乡镇卫生院", 2700, 1320), ("东兴社区卫生服务站", "社区卫生服务站", 4020, 2540), ("西关社区卫生服务站", "社区卫生服务站", 430, 1500),
    ("小河湾村卫生室", "村卫生室", 3180, -60),
)  # fmt: skip
