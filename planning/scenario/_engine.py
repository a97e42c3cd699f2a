"""Room `planning.scenario`: what a scenario comes to, at the speed of a click.

A plan is prepared once: network, gates, where areas lie, who stands where. An edit then recomputes what it touches,
through the same functions as a run: opening or closing one facility floods the network once from those of its level;
another radius only holds stored distances against another number; a document or a day touches compliance alone. A
barrier or a gate changes the ways themselves, and everything is walked anew.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from threading import RLock, Thread
from typing import Any, Final, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning import catchment, coverage, lifecycle, network
from planning.catchment import Standing
from planning.demand import Access
from planning.network import Network, Uncut
from planning.scenario import _gates as gates
from planning.scenario import _law as law
from planning.scenario._apply import applied
from planning.scenario._edits import Settings, State
from planning.scenario._law import Law, Whole
from planning.scenario._value import Scenario
from planning.scenario._walk import Walk, shortest
from planning.study import StudyInputs, StudyResult, circles, grounds, layers, people, sums
from planning.study.records import Ground, Places
from planning.tables import WEIGHTS

_KEPT: Final = 64  # distances of one level to all gates, or one scenario's figures: 1 MB for 10,000 areas
Found = TypeVar("Found")


class Memo:
    """Answers already found, the latest ones, by what they depend on; several sessions may ask at once."""

    def __init__(self, most: int = _KEPT) -> None:
        self._most, self._lock = most, RLock()
        self._found: OrderedDict[Hashable, Any] = OrderedDict()

    def of(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """Return the answer kept under ``key``, or make it."""
        with self._lock:
            if key not in self._found:
                self._found[key] = make()
                while len(self._found) > self._most:
                    self._found.popitem(last=False)
            self._found.move_to_end(key)
            found: Found = self._found[key]
            return found


@dataclass(frozen=True, eq=False)
class Base:
    """A plan prepared for what-if questions: its inputs as a run settled them, its ground, what was answered."""

    inputs: StudyInputs
    ground: Ground
    standing: Standing
    memo: Memo = field(default_factory=Memo)

    @cached_property
    def uncut(self) -> Uncut:
        """Return the roads as they are before any barrier, ready to be cut."""
        return grounds.uncut(self.inputs)


@dataclass(frozen=True, eq=False)
class Figures:
    """What a scenario comes to: the figures that a run of the exported plan writes.

    Attributes
    ----------
    settings, sites, off
        The parameters, the sites that are open, the existing facilities that are switched off.
    coverage
        By level, as ``coverage`` of ``summary.json``: existing facilities, those switched off left out.
    before, after
        As in ``siting`` of ``summary.json``, of the level of the new sites; None without any candidate.
    compliance
        As in ``summary.json``.
    streets
        One row a street or town, by id: ``unit_id, name`` and for each weight ``<weight>_total, <weight>_before,
        <weight>_after`` of the level of the new sites.
    areas
        By ``residential_id``: ``before, after`` (statuses), ``facility_id, distance_m`` (after), ``share_before,
        share_after, street_id`` and ``verdict``.
    """

    settings: Settings
    sites: tuple[str, ...]
    off: tuple[str, ...]
    coverage: Mapping[str, Mapping[str, Any]]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    compliance: Mapping[str, Any]
    streets: pd.DataFrame
    areas: pd.DataFrame

    @property
    def told(self) -> dict[str, Any]:
        """Return the figures that a run of the exported plan writes into ``summary.json``, under the same keys."""
        siting = None if self.after is None else {"before": dict(self.before or {}), "after": dict(self.after)}
        clean: dict[str, Any] = sums.clean({"coverage": self.coverage, "compliance": self.compliance, "siting": siting})
        return clean


def told(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a run's summary what `Figures.told` says of a scenario."""
    siting = summary.get("siting")
    kept = None if siting is None else {"before": siting["before"], "after": siting["after"]}
    return {"coverage": summary["coverage"], "compliance": summary["compliance"], "siting": kept}


def prepare(result: StudyResult) -> Base:
    """Prepare the plan of a finished run; its network is used as it is."""
    inputs = result.inputs
    return _base(inputs, grounds.ground(inputs, grounds.barriers(inputs), result.network))


def prepare_inputs(inputs: StudyInputs) -> Base:
    """Prepare a plan that was read but not run.

    Raises
    ------
    InputRefused
        As `planning.study.run`.
    """
    settled, ground, _ = grounds.lay_out(people.settle(inputs))
    return _base(settled, ground)


def _base(inputs: StudyInputs, ground: Ground) -> Base:
    base = Base(inputs, ground, _stand(inputs, ground.walkways, ground.access))
    Thread(target=lambda: base.uncut, daemon=True).start()  # the first barrier shall not wait for it
    return base


def figures(base: Base, scenario: Scenario) -> Figures:
    """Return what a scenario comes to.

    Raises
    ------
    InputRefused
        As `planning.scenario.applied`; a barrier may also leave no way to walk.
    """
    asked = ("figures", scenario.crs, scenario.settings, scenario.edits)
    return base.memo.of(asked, lambda: _figures(base, scenario))


def _figures(base: Base, scenario: Scenario) -> Figures:
    inputs, state = applied(base.inputs, scenario), scenario.state
    scene = _Scene.of(base, inputs, state)
    plan = inputs.plan
    existing = layers.levels(inputs.tables["facilities"], plan.siting.level, *inputs.levels)
    covers = {level: scene.cover(layers.serving(scene.facilities, level), plan.radius_m) for level in existing}
    fixed = layers.serving(scene.facilities, plan.siting.level)
    opened = scene.facilities[scene.facilities["facility_id"].isin(state.sites)]
    before = scene.cover(fixed, plan.siting_radius_m)
    after = scene.cover(layers.together(fixed, opened), plan.siting_radius_m)
    judged = scene.judge()
    sited = "candidates" in inputs.tables
    return Figures(
        settings=state.settings,
        sites=state.sites,
        off=tuple(sorted(state.off)),
        coverage={level: found.summary for level, found in covers.items()},
        before=before.summary if sited else None,
        after=after.summary if sited else None,
        compliance=judged.summary,
        streets=_streets(inputs, scene, before, after),
        areas=_areas(scene, before, after, judged),
    )


def walk(base: Base, scenario: Scenario, residential_id: str, *, level: str | None = None) -> Walk | None:
    """Return the walk from an area to its nearest facility, None where it reaches none.

    Parameters
    ----------
    level
        Of the facilities, existing ones alone; None: those of the level of the new sites, with the sites that are open.

    Raises
    ------
    InputRefused
        As `figures`.
    """
    inputs, state = applied(base.inputs, scenario), scenario.state
    scene, plan = _Scene.of(base, inputs, state), inputs.plan
    serving = layers.serving(scene.facilities, level or plan.siting.level)
    if level is None:
        serving = layers.together(serving, scene.facilities[scene.facilities["facility_id"].isin(state.sites)])
    covered = scene.cover(serving, plan.radius_m if level else plan.siting_radius_m).covered
    nearest = covered["facility_id"].get(residential_id)
    if nearest is None or pd.isna(nearest):
        return None
    spot = serving.loc[serving["facility_id"] == nearest].geometry.representative_point()
    doors = scene.doors(residential_id)
    return shortest(scene.walkways, str(nearest), spot, doors, max_snap_m=plan.walk.max_snap_m)


@dataclass(frozen=True, eq=False)
class _Cover:
    """Who is covered, and the sums of it."""

    covered: pd.DataFrame
    summary: Mapping[str, Any]
    key: Hashable


@dataclass(frozen=True, eq=False)
class _Scene:
    """The ground of a scenario: that of its plan, or what its barriers and gates make of it."""

    base: Base
    inputs: StudyInputs
    state: State
    facilities: gpd.GeoDataFrame
    walkways: Network
    access: Access
    standing: Standing
    ways: Hashable  # what the ways depend on, beside the plan

    @staticmethod
    def of(base: Base, inputs: StudyInputs, state: State) -> _Scene:
        plan = inputs.plan
        speed = plan.walk.speed_m_per_s if plan.walk.by_seconds else base.inputs.plan.walk.speed_m_per_s
        ways = (state.barriers, state.gates, speed)
        unchanged = ways == ((), (), base.inputs.plan.walk.speed_m_per_s)
        ground = (base.ground.walkways, base.ground.access, base.standing)
        walked = ground if unchanged else base.memo.of(("ways", ways), lambda: _lay_ways(base, inputs, state))
        found = grounds.facilities(inputs) if plan.walk.hard_border else layers.all_facilities(inputs)
        return _Scene(base, inputs, state, found, *walked, ways)

    @property
    def places(self) -> Places:
        """Return where areas lie; no edit moves one."""
        return self.base.ground.places

    def doors(self, residential_id: str) -> list[Any]:
        """Return where the access points of an area stand on the network."""
        points = self.access.points
        placed = self.standing.placed
        mine = np.flatnonzero((points["residential_id"] == residential_id).to_numpy()[placed.row])
        columns = {name: getattr(placed, name)[mine] for name in placed._fields}
        at = points.geometry.to_numpy()[columns.pop("row")]
        return list(pd.DataFrame({**columns, "at": at}).itertuples(index=False))

    def cover(self, serving: gpd.GeoDataFrame, radius_m: float) -> _Cover:
        """Return who is covered by the facilities ``serving``."""
        points = serving.geometry.to_wkb()
        standing = (self.ways, tuple(serving["facility_id"]), tuple(points))
        near = self.base.memo.of(("near", standing), lambda: self._near(serving))
        minutes = circles.minutes_of(self.inputs.plan, radius_m)
        return self.base.memo.of(
            ("cover", standing, radius_m, minutes), lambda: self._covered(near, serving, radius_m, minutes)
        )

    def _near(self, serving: gpd.GeoDataFrame) -> pd.DataFrame:
        walk = self.inputs.plan.walk
        near = catchment.nearest(self.walkways, serving, self.standing, max_snap_m=walk.max_snap_m)
        return layers.within_far(near, walk.far_m)

    def _covered(self, near: pd.DataFrame, serving: gpd.GeoDataFrame, radius_m: float, minutes: float | None) -> _Cover:
        areas = people.counted(self.inputs.tables["residential"])
        shares = circles.shares(self.inputs, self.walkways, serving, radius_m)
        covered = coverage.cover(areas, self.access, near, radius_m=radius_m, shares=shares)
        found = coverage.summarise(areas, covered, radius_m=radius_m, minutes=minutes)
        return _Cover(covered, found, (self.ways, tuple(serving["facility_id"]), radius_m))

    def judge(self) -> Law:
        """Hold the areas against the document; facilities that count for nothing there change nothing there."""
        table = self.base.inputs.tables["facilities"]
        counting = set(table.loc[lifecycle.counts_for_quota(table), "facility_id"])
        settings, plan = self.state.settings, self.base.inputs.plan
        before = self.base.memo.of(("whole", settings.standard), self._before)
        key = ("law", self.state.off & counting, settings.standard, settings.as_of)
        if not key[1] and settings.as_of == plan.as_of:
            return before.law
        ground = Ground(self.walkways, self.facilities, self.access, self.places)
        return self.base.memo.of(key, lambda: law.again(before, self.inputs, ground))

    def _before(self) -> Whole:
        """Hold the plan's own facilities on its own day against the scenario's document."""
        own = replace(self.base.inputs, standard=self.inputs.standard)
        return law.whole(own, replace(self.base.ground, access=self.access))


def _lay_ways(base: Base, inputs: StudyInputs, state: State) -> tuple[Network, Access, Standing]:
    """Build the ways of a scenario anew, as far as its edits and its speed change them."""
    cut, walk = grounds.barriers(inputs), inputs.plan.walk
    walls_move = walk.walls != "none" and bool(state.gates)
    ways = base.ground.walkways
    if state.barriers or walls_move:
        ways = circles.weighed(network.cut(base.uncut, cut), walk, walk.speed_m_per_s)
    elif walk.by_seconds:
        ways = circles.weighed(ways, walk, walk.speed_m_per_s)
    access = _access(base, inputs, state, cut, ways)
    if ways is base.ground.walkways and access is base.ground.access:
        return ways, access, base.standing
    return ways, access, _stand(inputs, ways, access)


def _access(base: Base, inputs: StudyInputs, state: State, cut: gpd.GeoSeries | None, ways: Network) -> Access:
    """Find the gates of the areas that an edit can have changed; given gates lie where they lay before."""
    before = base.ground.access
    if not (state.barriers or state.gates):
        return before
    bare = before.gates == "inferred"
    moved = ways.lines is not base.ground.walkways.lines
    changed = before.gates.index.isin({gate.residential_id for gate in state.gates})
    return gates.again(before, inputs, cut, ways, asked=changed | (bare.to_numpy() & moved))


def _stand(inputs: StudyInputs, ways: Network, access: Access) -> Standing:
    return catchment.stand(ways, access.points, max_snap_m=inputs.plan.walk.max_snap_m)


def _streets(inputs: StudyInputs, scene: _Scene, before: _Cover, after: _Cover) -> pd.DataFrame:
    """Return coverage by street once before and once after, by id of the street; a weight nobody states is missing."""
    units = inputs.tables.get("units")
    if units is None:
        return pd.DataFrame({"unit_id": pd.Series(dtype="str"), "name": pd.Series(dtype="str")})
    streets = units[units["type"].isin(layers.STREET_TYPES)].sort_values("unit_id", ignore_index=True)
    table = pd.DataFrame(streets[["unit_id", "name"]])
    areas = inputs.tables["residential"]
    place = pd.Index(streets["unit_id"]).get_indexer(pd.Index(scene.places.street))
    share = {"before": before.covered["share"], "after": after.covered["share"]}
    for weight in ("residential", *WEIGHTS):
        values = areas[weight].to_numpy(float) if weight in areas else np.ones(len(areas))
        table[f"{weight}_total"] = _sums(values, place, len(streets))
        for moment, part in share.items():
            table[f"{weight}_{moment}"] = _sums(values * part.to_numpy(float), place, len(streets))
    return table


def _sums(values: NDArray[np.float64], place: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the sum of the known values at each place, exactly rounded, so that no order shows; -1 is no place."""
    if len(values) and np.isnan(values).all():
        return np.full(count, np.nan)
    known = np.flatnonzero((place >= 0) & ~np.isnan(values))
    order = known[np.argsort(place[known], kind="stable")]
    cuts = np.searchsorted(place[order], np.arange(count + 1))
    return np.array([math.fsum(values[order[low:high]]) for low, high in pairwise(cuts)])


def _areas(scene: _Scene, before: _Cover, after: _Cover, judged: Law) -> pd.DataFrame:
    facts = {
        "before": before.covered["status"],
        "after": after.covered["status"],
        "share_before": before.covered["share"],
        "share_after": after.covered["share"],
        "facility_id": after.covered["facility_id"],
        "distance_m": after.covered["distance_m"],
        "street_id": scene.places.street,
        "verdict": judged.residential["verdict"],
        "shortfall_m2": judged.residential["shortfall_m2"],
    }
    ids = before.covered.index
    return pd.DataFrame({name: column.reindex(ids) for name, column in facts.items()})
