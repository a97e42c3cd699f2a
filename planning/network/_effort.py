"""Room of `planning.network`: what makes a walk longer than its metres, as metres of level ground that take as long.

Lengths stay lengths. Beside them each edge carries its *equivalent*: the level metres one would walk in the time the
edge takes, in whole millimetres, never less than its length. Limits are held against equivalents. All of it is the
same both ways, so a climb counts as the mean of out and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.errors import Fault
from planning.network._checks import rows_fault
from planning.network._topology import Flags, Floats, Ints, Objects
from planning.network._walkable import has_class

STAIRS: Final = frozenset({"steps", "stairs", "台阶", "梯道", "楼梯", "踏步"})
# Roads one waits to cross; OpenStreetMap's words and those of CJJ 37.
MAJOR: Final = frozenset({"trunk", "primary", "secondary", "快速路", "主干路", "主干道", "次干路", "次干道"})
# Naismith (1892): an hour for three miles, and an hour more for each 2,000 feet of ascent: 15,840 ft of way for 2,000
# ft of height. Whoever goes out and comes back climbs each rise or fall once: half of it each way.
NAISMITH: Final = 15_840 / 2_000
NUMBERS: Final = ("extra_s", "climb_m")


@dataclass(frozen=True, eq=False)
class Going:
    """What is known of each edge.

    Attributes
    ----------
    stairs, major : bool array (edges,)
        By the class of its road.
    crossing : float array (edges,) or None
        Its share of the crossing that its road is, 0 where that is none; None where the roads do not say.
    extra_s : float array (edges,)
        Its share of the seconds stated for its road.
    climb_m : float array (edges,)
        Its share of the rise and fall along its road, metres; NaN where not known.
    """

    stairs: Flags
    major: Flags
    crossing: Floats | None
    extra_s: Floats
    climb_m: Floats


@dataclass(frozen=True, eq=False)
class Effort:
    """The equivalents of edges: along each, evenly, and at its two ends; whole millimetres."""

    along_mm: Ints
    start_mm: Ints
    end_mm: Ints

    @property
    def whole_mm(self) -> Ints:
        """Return what it takes to walk each edge from end to end."""
        return self.along_mm + self.start_mm + self.end_mm


def columns(roads: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return what the rows of ``roads`` say of the going, as columns."""
    facts: dict[str, Any] = {"stairs": has_class(roads, STAIRS), "major": has_class(roads, MAJOR)}
    if "is_crossing" in roads and roads["is_crossing"].notna().any():
        facts["crossing"] = roads["is_crossing"].astype("boolean").to_numpy(dtype=bool, na_value=False)
    facts["extra_s"] = _number(roads, "extra_s", 0.0)
    facts["climb_m"] = np.where(np.isnan(climb := _number(roads, "climb_m", np.nan)), _climbed(roads), climb)
    return facts


def column_faults(roads: gpd.GeoDataFrame) -> list[Fault]:
    """Refuse seconds and climbs that are negative or no finite number."""
    faults = []
    for name in NUMBERS:
        if name in roads:
            value = pd.to_numeric(roads[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            unusable = roads[name].notna().to_numpy() & ~((value >= 0) & np.isfinite(value))
            faults += rows_fault("network_effort_number", unusable, roads.index, column=name)
    return faults


def going(table: pd.DataFrame, row: Ints, edge_mm: Ints) -> Going:
    """Return the going of edges that are parts of the lines ``row`` of ``table``: what a line states, by length."""
    whole = np.bincount(row, weights=edge_mm, minlength=len(table))[row]
    count = np.bincount(row, minlength=len(table))[row]
    share = np.where(whole > 0, edge_mm / np.where(whole > 0, whole, 1), 1 / count)
    stated = table["crossing"].to_numpy()[row] * share if "crossing" in table else None
    seconds, climb = (table[name].to_numpy()[row] * share for name in NUMBERS)
    return Going(table["stairs"].to_numpy()[row], table["major"].to_numpy()[row], stated, seconds, climb)


def weigh(facts: Going, ends: tuple[Ints, Ints], edge_mm: Ints, costs: tuple[float, float, float, float]) -> Effort:
    """Return the equivalents of edges; ``costs``: stairs factor, and metres a crossing, a second, a metre of climb."""
    stairs_factor, crossing_m, second_m, climb_factor = costs
    along_m = edge_mm / 1000 * np.where(facts.stairs, stairs_factor, 1.0) + facts.extra_s * second_m
    if climb_factor:
        along_m += facts.climb_m * climb_factor
    if facts.crossing is not None:
        along_m += facts.crossing * crossing_m
    along_mm = np.maximum(np.rint(along_m * 1000).astype(np.int64), edge_mm)
    start, end = _half_crossings(facts, ends) if facts.crossing is None else np.zeros((2, len(edge_mm)), dtype=bool)
    half_mm = round(crossing_m * 500)
    return Effort(along_mm, start * half_mm, end * half_mm)


def _half_crossings(facts: Going, ends: tuple[Ints, Ints]) -> tuple[Flags, Flags]:
    """Say which edges begin, and which end, at the side of a major road that goes on there.

    A walk from one side street over the road into another crosses it, and pays half at either end; one that turns into
    the road has to cross for every second goal, and pays half.
    """
    nodes = int(max(ends[0].max(), ends[1].max())) + 1
    passing = np.bincount(np.concatenate([side[facts.major] for side in ends]), minlength=nodes) >= 2
    start, end = (passing[side] & ~facts.major for side in ends)
    return start, end


def cost_faults(costs: dict[str, float], facts: Going, road_id: Objects, *, climb: bool) -> list[Fault]:
    """Refuse costs that would shorten a walk, and climbs where roads do not say how much they climb."""
    least = {"stairs_factor": 1.0}
    faults = [
        Fault("network_effort_cost", column=name, value=str(value), facts={"least": least.get(name, 0.0)})
        for name, value in costs.items()
        if not (math.isfinite(value) and value >= least.get(name, 0.0))
    ]
    if climb:
        flat = np.unique(road_id[np.isnan(facts.climb_m)].astype(str))
        faults += rows_fault("network_climb_missing", np.ones(len(flat), dtype=bool), flat.tolist())
    return faults


def _number(roads: gpd.GeoDataFrame, name: str, missing: float) -> Floats:
    if name not in roads:
        return np.full(len(roads), missing)
    found = pd.to_numeric(roads[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(found), missing, found)


def _climbed(roads: gpd.GeoDataFrame) -> Floats:
    """Return the rise and fall along each line by the heights of its vertices, NaN for lines without heights."""
    shapes = roads.geometry.to_numpy()
    climbed = np.full(len(shapes), np.nan)
    tall = np.flatnonzero(shapely.has_z(shapes))
    if len(tall):
        parts, row = shapely.get_parts(shapes[tall], return_index=True)
        xyz, part = shapely.get_coordinates(parts, include_z=True, return_index=True)
        step = np.abs(np.diff(xyz[:, 2], prepend=xyz[0, 2]))
        step[np.insert(np.diff(part) != 0, 0, True)] = 0.0
        climbed[tall] = np.bincount(row[part], weights=step, minlength=len(tall))
    return climbed
