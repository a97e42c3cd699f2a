"""A made-up result for the web map: a grid of blocks in two streets, every role of the palette played by someone.

No run has computed it; the figures are chosen so that every branch of the page is seen, and the sums are arithmetic.
"""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from shapely.geometry import LineString, Point, box

from planning import standards
from planning.plan import Phase, Plan, Siting

METRIC = CRS.from_epsg(4548)
WEST, SOUTH, STEP, BLOCK = 513_000.0, 4_037_000.0, 260.0, 220.0
# What a name in a planner's file might hold.
HOSTILE = (
    "<img src=x onerror=alert(1)></script><script>alert(2)</script>${alert(3)}`${alert(4)}`"
    "\\{{7*7}}{% raw %}{# \u2028'\""
)
STATUSES = ("covered", "covered", "covered", "uncovered", "covered", "unreachable", "uncovered", "unsnapped")
DISTANCES = (180.25, 300.0, 640.5, 900.4, 900.0, None, 1428.0, None)
VERDICTS = ("meets", "fails", "fails", "not_assessable", "meets", "not_applicable", "fails", "fails")


def result(
    *, columns: int = 4, rows: int = 3, name: str = "澄河区养老服务设施专项规划（2025—2035年）", hostile: str = ""
) -> Any:
    """Return a fake `StudyResult` of ``columns × rows`` areas; ``hostile`` is put into every name."""
    residential = areas(columns, rows, hostile)
    places = facilities(columns, rows, hostile)
    units = streets(columns, rows, hostile)
    plan = Plan(
        name=name + hostile,
        standard="liaocheng",
        as_of=date(2025, 12, 31),
        inputs={},
        siting=Siting(p=2, phases=(Phase("近期", 1), Phase("远期", 2))),
        folder=Path(),
        notes=("虚构示例，仅作演示",),
    )
    inputs = SimpleNamespace(
        plan=plan,
        standard=standards.load("liaocheng"),
        tables={"roads": roads(columns, rows), "facilities": places, "residential": residential, "units": units},
        crs=METRIC,
    )
    sites = chosen(places)
    return SimpleNamespace(
        inputs=inputs,
        residential=residential,
        facilities=places,
        sites=sites,
        service_areas=circles(places, sites),
        units=units,
        findings=findings(residential),
        rooms=rooms(),
        summary=summary(residential, units),
    )


def corner(column: int, row: int) -> tuple[float, float]:
    return WEST + column * STEP, SOUTH + row * STEP


def areas(columns: int, rows: int, hostile: str) -> gpd.GeoDataFrame:
    count = columns * rows
    cells = [corner(place % columns, place // columns) for place in range(count)]
    kinds = [place % len(STATUSES) for place in range(count)]
    status = [STATUSES[kind] for kind in kinds]
    distance = [DISTANCES[kind] for kind in kinds]
    verdict = [VERDICTS[(place * 3) % len(VERDICTS)] for place in range(count)]
    short = [(0.0, 0.04, 95.5, 180.0, 600.0)[place % 5] if v == "fails" else 0.0 for place, v in enumerate(verdict)]
    frame = pd.DataFrame(
        {
            "residential_id": [f"R{place:03d}" for place in range(count)],
            "name": [f"{'文昌安泰锦绣柳园丽景'[(place % 5) * 2 :][:2]}小区{place}{hostile}" for place in range(count)],
            "households": [
                None if kind == 3 else 2.0**place if place < 11 else 700.0 for place, kind in enumerate(kinds)
            ],
            "residents": [2400.0] * count,
            "elderly": [320.0] * count,
            "built": ["new" if place % 2 else "existing" for place in range(count)],
            "street_id": ["370001" if place % columns < columns / 2 else "370002" for place in range(count)],
            "street_facility_id": ["F01" if found is not None else None for found in distance],
            "street_distance_m": distance,
            "street_status": status,
            "street_share": [1.0 if found == "covered" else 0.0 for found in status],
            "community_facility_id": ["F03"] * count,
            "community_distance_m": [120.0 + place for place in range(count)],
            "community_status": ["covered"] * count,
            "community_share": [1.0] * count,
            "built_used": [
                None if v == "not_assessable" else ("new" if place % 2 else "existing")
                for place, v in enumerate(verdict)
            ],
            "required_m2": [None if v == "not_assessable" else 319.0 for v in verdict],
            "provided_m2": [71.0] * count,
            "shortfall_m2": [None if v == "not_assessable" else found for v, found in zip(verdict, short, strict=True)],
            "rate_ok": [None if v in ("not_assessable", "not_applicable") else v == "meets" for v in verdict],
            "unit_ok": [None if v in ("not_assessable", "not_applicable") else v == "meets" for v in verdict],
            "pool_id": ["P1" if place == 7 else None for place in range(count)],
            "pool_required_m2": [640.0 if place == 7 else None for place in range(count)],
            "pool_provided_m2": [600.0 if place == 7 else None for place in range(count)],
            "pool_shortfall_m2": [40.0 if place == 7 else None for place in range(count)],
            "paper_provided_m2": [371.0] * count,
            "verdict": verdict,
            "reason": ["households_missing" if v == "not_assessable" else None for v in verdict],
        }
    )
    shapes = [box(x, y, x + BLOCK, y + BLOCK) for x, y in cells]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=METRIC)


def facilities(columns: int, rows: int, hostile: str) -> gpd.GeoDataFrame:
    east, north = columns * STEP, rows * STEP
    listed = [
        ("F01", "北关街道综合养老服务中心", "street", "centre", "operating", 0.2, 0.7),
        ("F02", "望湖街道综合养老服务中心", "street", "centre", "accepted", 0.8, 0.8),
        ("F03", "安泰社区养老服务站", "community", "station", "handed_over", 0.4, 0.45),
        ("F04", "柳园社区日间照料中心", "community", "day_care", "idle", 0.65, 0.35),
        ("F05", "丽景社区养老服务站", "community", "station", "planned", 0.9, 0.4),
        ("F06", "文昌社区养老服务站", "community", "station", "diverted", 0.15, 0.2),
        ("F07", "澄河区养老服务指导中心", "county", "institution", "operating", 0.5, 0.55),
        ("F08", "南塘村幸福院", "village", "station", "closed", 0.95, 0.1),
        ("C01", "原供销社旧楼", None, None, "candidate", 0.75, 0.6),
        ("C02", "柳园路规划地块", None, None, "candidate", 0.55, 0.15),
        ("C03", "粮站", None, None, "candidate", 0.3, 0.1),
    ]
    frame = pd.DataFrame(listed, columns=["facility_id", "name", "level", "kind", "status", "x", "y"])
    points = [Point(WEST + x * east, SOUTH + y * north) for x, y in zip(frame.x, frame.y, strict=True)]
    offered = frame["status"] == "candidate"
    frame = frame.drop(columns=["x", "y"]).assign(
        name=frame["name"] + hostile,
        level=frame["level"].mask(offered, "street"),
        floor_area_m2=[2100.0, 1800.5, 320.0, None, 200.0, 150.0, 5200.0, 80.0, None, None, None],
        beds=[60.0, None, 10.0, None, None, None, 200.0, 8.0, None, None, None],
        opened=["2019-06", None, "2020", None, None, None, "2012-05-01", None, None, None, None],
        closed=[None] * 7 + ["2022"] + [None] * 3,
        serves=[None, None, "R001;R002", *[None] * 8],
        in_service=[True, False, True, False, False, False, True, False, False, False, False],
        source=[None] * 8 + ["idle_state_asset", "planned_parcel", "lease"],
        role=[None] * 8 + ["candidate", "required", "forbidden"],
        max_floor_area_m2=[None] * 8 + [1200.0, 2600.0, 400.0],
        cost=[None] * 8 + [850.0, None, 0.0],
        available_from=[None] * 8 + ["2026", None, None],
    )
    return gpd.GeoDataFrame(frame, geometry=points, crs=METRIC)


def chosen(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    picked = places.set_index("facility_id", drop=False).loc[["C02", "C01"]].reset_index(drop=True)
    kept = picked[["facility_id", "name", "source", "role", "max_floor_area_m2", "geometry"]]
    return kept.assign(rank=[1, 2], phase=["近期", "远期"], gain=[640.0, 320.0], floor_area_m2=[2600.0, 1200.0])


def circles(places: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = [
        {"facility_id": row.facility_id, "minutes": minutes, "geometry": row.geometry.buffer(minutes * 34, quad_segs=6)}
        for frame in (places[places["in_service"]], sites)
        for row in frame.itertuples()
        for minutes in (5, 10, 15)
    ]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=METRIC)


def streets(columns: int, rows: int, hostile: str) -> gpd.GeoDataFrame:
    east, north, rim = columns * STEP, rows * STEP, 20
    half = WEST + east / 2 - rim
    shapes = [
        box(WEST - 2 * rim, SOUTH - 2 * rim, WEST + east, SOUTH + north),
        box(WEST - 2 * rim, SOUTH - 2 * rim, half, SOUTH + north),
        box(half, SOUTH - 2 * rim, WEST + east, SOUTH + north),
    ]
    frame = {
        "unit_id": ["37", "370001", "370002"],
        "name": [f"澄河区{hostile}", f"北关街道{hostile}", f"望湖街道{hostile}"],
        "type": ["county", "street", "street"],
        "parent": [None, "37", "37"],
    }
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=METRIC)


def roads(columns: int, rows: int) -> gpd.GeoDataFrame:
    across = [("primary" if row == 1 else "residential", *line((0, row), (columns, row))) for row in range(rows + 1)]
    along = [
        ("secondary" if column == 1 else "footway", *line((column, 0), (column, rows))) for column in range(columns + 1)
    ]
    listed = [*across, *along]
    pieces = [LineString([a, b]) for _, start, end in listed for a, b in cut(start, end)]
    classes = [kind for kind, start, end in listed for _ in cut(start, end)]
    frame = {"road_id": [f"W{place}" for place in range(len(pieces))], "highway": classes, "road_class": None}
    return gpd.GeoDataFrame(frame, geometry=pieces, crs=METRIC)


def line(start: tuple[int, int], end: tuple[int, int]) -> tuple[tuple[float, float], tuple[float, float]]:
    offset = (STEP - BLOCK) / 2
    (x0, y0), (x1, y1) = corner(*start), corner(*end)
    return (x0 - offset, y0 - offset), (x1 - offset, y1 - offset)


def cut(start: tuple[float, float], end: tuple[float, float], pieces: int = 4) -> list[Any]:
    (x0, y0), (x1, y1) = start, end
    spots = [(x0 + (x1 - x0) * part / pieces, y0 + (y1 - y0) * part / pieces) for part in range(pieces + 1)]
    return list(itertools.pairwise(spots))


def findings(residential: gpd.GeoDataFrame) -> pd.DataFrame:
    subjects = [name for name in residential["residential_id"] for _ in range(2)]
    clauses = ["LC-02", "LC-01"] * len(residential)
    return pd.DataFrame({"clause_id": clauses, "subject_kind": "residential", "subject_id": subjects})


def rooms() -> pd.DataFrame:
    listed = [
        ("F03", "R002", 320.0, "counted"),
        ("F04", "R002", None, "status"),
        (None, "R004", 71.0, "stated_by_area"),
    ]
    frame = pd.DataFrame(listed, columns=["facility_id", "residential_id", "floor_area_m2", "reason"])
    return frame.assign(pool_id=None, counted=[True, False, True], credited_m2=[320.0, 0.0, 71.0])


def summary(residential: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> dict[str, Any]:
    def covered(frame: pd.DataFrame, level: str) -> dict[str, Any]:
        inside = frame[f"{level}_status"] == "covered"
        total, got = float(frame["households"].sum()), float(frame.loc[inside, "households"].sum())
        return {
            "radius_m": 900.0, "minutes": 15, "residential_total": len(frame), "residential_covered": int(inside.sum()),
            "households_total": total, "households_covered": got, "households_share": got / total,
            "elderly_share": float(inside.mean()), "households_lower": got, "households_upper": total,
            "unreachable": int((frame[f"{level}_status"] == "unreachable").sum()),
            "unsnapped": int((frame[f"{level}_status"] == "unsnapped").sum()),
        }  # fmt: skip

    def judged(frame: pd.DataFrame) -> dict[str, Any]:
        counts = {name: int((frame["verdict"] == name).sum()) for name in set(VERDICTS)}
        return {
            **counts, "required_m2": 3190.0, "provided_m2": 852.0, "shortfall_m2": float(frame["shortfall_m2"].sum()),
            "meets_share": counts["meets"] / max(counts["meets"] + counts["fails"], 1),
        }  # fmt: skip

    levels = ("street", "community")
    bands = {"720": {"households_share": 0.342}, "900": {"households_share": 0.511}}

    def unit(unit_id: str, name: str, kind: str) -> dict[str, Any]:
        part = residential if kind == "county" else residential[residential["street_id"] == unit_id]
        by_level = {level: covered(part, level) for level in levels}
        return {"unit_id": unit_id, "name": name, "type": kind, "coverage": by_level, "compliance": judged(part)}

    return {
        "coverage": {level: covered(residential, level) for level in levels},
        "coverage_band": dict.fromkeys(levels, bands),
        "compliance": judged(residential),
        "units": [unit(*row) for row in units[["unit_id", "name", "type"]].itertuples(index=False)],
        "siting": {
            "model": "mclp", "p": 2, "status": "optimal", "gap": 0.0, "reasons": [],
            "before": {"elderly_share": 0.5}, "after": {"elderly_share": 0.75},
        },
    }  # fmt: skip


def unpack(packed: dict[str, Any]) -> Any:
    """Open what the page carries, by the grammar that `planning.webmap._pack` states."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def line(code: str) -> list[list[float]]:
        steps, value, bits = [], 0, 0
        for sign in code:
            part = signs.index(sign)
            value |= (part & 31) << bits
            bits += 5
            if part < 32:
                steps.append(-((value + 1) >> 1) if value & 1 else value >> 1)
                value = bits = 0
        places, at = [], [0, 0]
        for north, east in zip(steps[::2], steps[1::2], strict=True):
            at = [at[0] + north, at[1] + east]
            places.append([at[0] / 1e6, at[1] / 1e6])
        return places

    def opened(value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return packed["texts"][value]
        if isinstance(value, str):
            return line(value[1:]) if value[0] == "@" else line(value[1:])[0] if value[0] == "!" else float(value)
        if value[0] == 0:
            return [opened(entry) for entry in value[1:]]
        keys = packed["shapes"][value[0] - 1]
        return {key: opened(entry) for key, entry in zip(keys, value[1:], strict=True)}

    return opened(packed["data"])
