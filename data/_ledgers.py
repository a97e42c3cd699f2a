"""The residential ledger as an office keeps it: right on the whole, with the faults such tables have.

Every special row is chosen by what it must show; the rest by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import _skeleton as sk
import numpy as np
from _estates import Estate
from _facilities import Facility

HEADINGS = (
    "居住区编号",
    "小区名称",
    "户数（户）",
    "户数口径",
    "常住人口（人）",
    "60岁及以上人口（人）",
    "80岁及以上人口（人）",
    "新建/已建",
    "城乡属性",
    "土地出让日期",
    "竣工日期",
    "养老用房建筑面积（㎡）",
    "最大单处养老用房面积（㎡）",
    "备注",
)
NEW_FROM = 2015
RATE, LEAST_M2 = {"new": 20.0, "existing": 15.0}, 200.0


@dataclass
class Row:
    """What the ledger says of one residential area; ``shown`` overrides how a cell is written."""

    estate: Estate
    households: int | None
    built: str
    granted: date | None
    completed: str
    room_m2: float | None = None
    largest_m2: float | None = None
    setting: str = "城镇"
    remark: str = ""
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def new(self) -> bool:
        """Say whether the cut-off date makes it a new one."""
        return self.estate.year >= NEW_FROM


def rows(estates: list[Estate], placed: list[Facility]) -> list[Row]:
    """Return the ledger rows in the order of the ids."""
    rng = np.random.default_rng([sk.SEED, 5])
    with_facility = _with_facility(estates, placed)
    ledger = [_row(estate, rng, has_facility=estate.id in with_facility) for estate in estates]
    plain = [
        row
        for row in ledger
        if row.estate.id not in with_facility
        and row.estate.kind in ("danwei", "estate", "new")
        and not row.estate.island
    ]
    _set_gaps(plain)
    _set_findings(plain)
    _write_like_people(ledger)
    return ledger


def _with_facility(estates: list[Estate], placed: list[Facility]) -> set[str]:
    """Return the areas whose care rooms stand in the facility ledger."""
    served = {area for facility in placed for area in facility.facts.get("服务小区", "").split(";") if area}
    return served | {
        estate.id for estate in estates if any(estate.shape.contains(facility.point) for facility in placed)
    }


def _row(estate: Estate, rng: np.random.Generator, *, has_facility: bool) -> Row:
    """Return a row without faults."""
    month, day = int(rng.integers(1, 13)), int(rng.integers(1, 28))
    completed = f"{estate.year}-{month:02d}-{day:02d}" if estate.year >= 2000 else str(estate.year)
    granted = (
        date(estate.year - int(rng.integers(2, 4)), int(rng.integers(1, 13)), day)
        if estate.year >= 2004 and not estate.village
        else None
    )
    new = estate.year >= NEW_FROM
    if granted is not None and new and granted.year < NEW_FROM:
        granted = granted.replace(year=NEW_FROM)
    row = Row(estate, estate.households, "", granted, completed)
    row.built = ("新建" if new else "已建") if rng.random() < 0.45 else ""
    if estate.village:
        row.setting, row.completed = ("农村" if estate.name.endswith("一组") else ""), ""
    if not has_facility and not estate.village:
        row.room_m2, row.largest_m2 = _room(row, rng)
    return row


def _room(row: Row, rng: np.random.Generator) -> tuple[float | None, float | None]:
    """Return the care room a residential area has: new ones often, old ones seldom."""
    duty = RATE["new" if row.new else "existing"] * row.estate.households / 100
    enough = {"new": 0.52, "estate": 0.27}.get(row.estate.kind, 0.12)
    draw = rng.random()
    if draw < enough:
        total = float(5 * round(max(duty, LEAST_M2) * rng.uniform(1.02, 1.3) / 5))
        return total, (total if total < 420 else total - 120.0)
    if draw < enough + 0.22:
        total = float(5 * round(max(duty, LEAST_M2) * rng.uniform(0.35, 0.92) / 5))
        return total, total
    return (0.0, None) if draw > 0.9 else (None, None)


def _take(plain: list[Row], low: int, high: int, *, new: bool) -> Row:
    """Take the first untouched row with ``low`` to ``high`` households out of the list."""
    row = next(row for row in plain if row.households is not None and low <= row.households <= high and row.new == new)
    plain.remove(row)
    return row


def _set_findings(plain: list[Row]) -> None:
    """Make each kind of finding appear at least once, on purpose."""
    for low, high, new, room_m2, largest_m2, remark in (
        (1050, 1600, True, 206.0, 206.0, ""),  # the rate alone fails
        (500, 900, False, 160.0, 160.0, ""),  # the size of the room alone fails
        (400, 900, False, 40.0, 40.0, ""),  # both fail
        (500, 1300, False, 200.0, 200.0, ""),  # exactly on the single minimum
        (800, 1300, False, 380.0, None, "面积为合计，分处面积待核"),  # the largest room is unknown
        (300, 1000, True, 240.0, 240.0, ""),  # meets
    ):
        row = _take(plain, low, high, new=new)
        row.room_m2, row.largest_m2, row.remark = room_m2, largest_m2, remark
    exact = _take(plain, 1000, 2500, new=True)
    exact.room_m2 = exact.largest_m2 = RATE["new"] * (exact.households or 0) / 100


def _set_gaps(plain: list[Row]) -> None:
    """Leave out what ledgers leave out."""
    doubtful = _take(plain, 1050, 9999, new=False)
    doubtful.built, doubtful.granted, doubtful.completed = "", None, ""
    doubtful.room_m2 = doubtful.largest_m2 = float(round(0.18 * (doubtful.households or 0)))
    doubtful.remark = "建成年代不详"
    bare = _take(plain, 200, 1200, new=False)
    bare.built, bare.granted, bare.completed, bare.room_m2, bare.largest_m2 = "", None, "", None, None
    for low, new in ((300, False), (600, True)):
        missing = _take(plain, low, 3000, new=new)
        missing.households, missing.remark = None, "户数待社区上报"
    empty = _take(plain, 300, 1500, new=True)
    empty.households, empty.remark = 0, "尚未交付入住"
    empty.granted, empty.completed = date(2023, 4, 12), "2025-12-20"
    empty.shown |= {"常住人口（人）": 0, "60岁及以上人口（人）": 0, "80岁及以上人口（人）": 0}
    early = _take(plain, 300, 2500, new=True)  # granted before the cut-off, finished after it: the grant decides
    early.built, early.granted = "", date(2013, 5, 20)


def _write_like_people(ledger: list[Row]) -> None:
    """Write some cells as people do: full-width digits, commas, units in the cell, years and months only."""
    known = [row for row in ledger if row.households]
    for row in known[3::17]:
        row.shown["户数（户）"] = str(row.households).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    for row in [row for row in known if (row.households or 0) > 1000][1::9]:
        row.shown["户数（户）"] = f"{row.households:,}户"
    for row in [row for row in ledger if row.room_m2][2::11]:
        row.shown["养老用房建筑面积（㎡）"] = f"{row.room_m2:g}㎡"
    for row in [row for row in ledger if len(row.completed) == 10][1::6]:
        row.shown["竣工日期"] = f"{row.completed[:4]}年{int(row.completed[5:7])}月"
    tiny = next(row for row in ledger if row.estate.name == sk.drawn()["tiny"]["name"])
    tiny.shown["户数（户）"] = tiny.estate.households * 10  # a nought too many


def cells(row: Row) -> dict[str, Any]:
    """Return the cells of a row under the headings of the ledger."""
    estate = row.estate
    told = {
        "居住区编号": estate.id,
        "小区名称": estate.name,
        "户数（户）": row.households,
        "户数口径": "规划套数" if row.new else "实有户数",
        "常住人口（人）": estate.residents,
        "60岁及以上人口（人）": estate.elderly,
        "80岁及以上人口（人）": estate.elderly_80,
        "新建/已建": row.built,
        "城乡属性": row.setting,
        "土地出让日期": row.granted,
        "竣工日期": row.completed,
        "养老用房建筑面积（㎡）": row.room_m2,
        "最大单处养老用房面积（㎡）": row.largest_m2,
        "备注": row.remark,
    }
    return told | row.shown
