"""The sites on offer: made where the plan asks for it, screened by its rules, and marked before anything is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planning import candidates, catchment, network
from planning.candidates import Around, Made, Scene, Screening, Walk
from planning.errors import Fault
from planning.lifecycle import QUOTA_LEVELS
from planning.network import Network
from planning.plan import Plan
from planning.standards import MINIMUM, Standard
from planning.study.layers import border
from planning.study.records import StudyInputs
from planning.tables import contract

_LAYERS: Final = ("medical", "hazards", "places", "barriers", "land_use")
_KEPT: Final = (
    "facility_id", "name", "level", "source", "suggested", "role", "role_used", "preferred", "reasons", "unknown",
    "ownership", "storey", "max_floor_area_m2", "cost", "available_from",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Offers:
    """What screening and making of candidates brought; empty where the plan asks for neither.

    ``layer`` has one row a candidate, ``screening`` one a candidate and rule, ``figures`` go into the summary.
    """

    layer: gpd.GeoDataFrame | None = None
    screening: pd.DataFrame = field(default_factory=pd.DataFrame)
    figures: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def asked(plan: Plan) -> bool:
    """Say whether the plan asks for screening, or for candidates to be made."""
    return bool(plan.siting.screen) or plan.siting.generate is not None


def check(inputs: StudyInputs) -> list[Fault]:
    """Return what keeps candidates from being made or screened, as far as the tables tell without a network."""
    plan = inputs.plan
    if not asked(plan):
        return []
    made = plan.siting.generate
    faults = [] if made is None else candidates.places_missing(made, inputs.tables, file=plan.file)
    if plan.siting.screen and made is None and "candidates" not in inputs.tables:
        return [Fault("screen_without_candidates", file=plan.file, column="siting.screen")]
    return [*faults, *candidates.check(_columns(inputs), plan.siting.screen, _around(inputs), file=plan.file)]


def _columns(inputs: StudyInputs) -> pd.DataFrame:
    """Return the candidates that rules will be held against; of those still to be made the columns alone."""
    made = inputs.plan.siting.generate
    if made is None:
        return pd.DataFrame(inputs.tables["candidates"])
    names = list(contract("candidates").columns)
    if made.way == "parcels" and "parcels" in inputs.tables:
        names += [name for name in inputs.tables["parcels"].columns if name not in (*names, "geometry", "parcel_id")]
    return pd.DataFrame(columns=names, dtype="str")


def settle(inputs: StudyInputs, walkways: Network) -> tuple[StudyInputs, Offers]:
    """Return the inputs with the candidates as siting takes them, and how they came to be so.

    Where the plan asks for neither rules nor suggestions the inputs are returned as they are. Else ``candidates``
    holds every candidate, ``role`` being the role used; ``role_given``, ``preferred`` and ``suggested`` stand beside.
    """
    plan = inputs.plan
    if not asked(plan):
        return inputs, Offers()
    warnings = [fault for fault in check(inputs) if fault.severity == "warning"]
    made = _made(inputs, walkways)
    given = _given(inputs) if made is None else made.table
    if made is not None and made.faults:
        return inputs, Offers(figures=_figures(None, made), faults=made.faults)
    ground = given if made is None else given.set_geometry(made.shapes)
    around = _around(inputs, walkways, stands=given)
    screening = candidates.screen(ground, plan.siting.screen, around, file=plan.file)
    table = _marked(given, screening)
    faults = (*warnings, *screening.faults, *_too_few(plan, table))
    offers = Offers(_layer(table, screening), screening.table, _figures(table, made), faults)
    told = tuple(fault for fault in faults if fault.severity == "warning")
    return replace(inputs, tables={**inputs.tables, "candidates": table}, faults=(*inputs.faults, *told)), offers


def _made(inputs: StudyInputs, walkways: Network) -> Made | None:
    """Make the candidates the plan asks for, or none where it brings its own."""
    plan, ask = inputs.plan, inputs.plan.siting.generate
    if ask is None:
        return None
    scene = Scene(
        layers=inputs.tables,
        lines=walkways.lines,
        level=plan.siting.level,
        max_snap_m=plan.walk.max_snap_m,
        language=plan.output.language,
        file=plan.file,
        border=None if inputs.tables.get("units") is None else border(inputs.tables["units"]),
    )
    return candidates.generate(ask, scene, taken=frozenset(inputs.tables["facilities"]["facility_id"]))


def _given(inputs: StudyInputs) -> gpd.GeoDataFrame:
    """Return the candidates of the plan with the roles it gives them, also where they were settled before."""
    table = inputs.tables["candidates"]
    if "role_given" not in table:
        return table
    return table.assign(role=table["role_given"]).drop(columns=["role_given", "preferred", "screen_reasons"])


def _around(inputs: StudyInputs, walkways: Network | None = None, stands: gpd.GeoDataFrame | None = None) -> Around:
    """Return what rules are held against; people walk from where a site stands."""
    layers = {name: inputs.tables[name] for name in _LAYERS if name in inputs.tables}
    least = least_m2(inputs.standard, inputs.plan.siting.level)
    if walkways is None or stands is None:
        return Around(layers, least)
    where = stands.set_index("facility_id").geometry

    def walk(sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Walk:
        points = gpd.GeoDataFrame(geometry=where.loc[sites["facility_id"]].representative_point(), crs=sites.crs)
        return _walk(walkways, points.reset_index(drop=True), places, inputs.plan.walk.max_snap_m)

    return Around(layers, least, walk)


def _walk(walkways: Network, points: gpd.GeoDataFrame, places: gpd.GeoDataFrame, max_snap_m: float) -> Walk:
    """Walk from each point to the nearest place; where walks are weighed, equivalent metres count."""
    ids = pd.Index([f"{number:09d}" for number in range(len(places))], dtype="str")
    standing = gpd.GeoDataFrame({"facility_id": ids}, geometry=places.representative_point().to_numpy(), crs=places.crs)
    near = catchment.nearest(walkways, standing, points, max_snap_m=max_snap_m)
    metres = near["equivalent_m" if "equivalent_m" in near else "distance_m"].to_numpy(dtype=float, na_value=np.nan)
    status = near["status"].to_numpy(dtype=object)
    metres = np.where(status == "unsnapped", np.nan, np.where(np.isnan(metres), np.inf, metres))
    lost = network.snap(walkways, standing, max_snap_m=max_snap_m).edge < 0
    return Walk(metres, ids.get_indexer(pd.Index(near["facility_id"])).astype(np.int64), np.asarray(lost, dtype=bool))


def least_m2(standard: Standard, level: str) -> tuple[Decimal, ...]:
    """Return the least floor areas the document states for a facility of ``level``; several where it tells cases apart.

    Its clause on the size of such facilities, else the single minimums of rooms, where the level counts as such.
    """
    sizes = {
        clause.value for clause in standard.clauses if clause.metric == "facility_size" and level in clause.levels
    } - {None}
    if not sizes and level in QUOTA_LEVELS:
        owed = [*standard.owed(MINIMUM, "new"), *standard.owed(MINIMUM, "existing")]
        sizes = {clause.value for clause in owed} - {None}
    return tuple(sorted(size for size in sizes if size is not None))


def taken(inputs: StudyInputs, chosen: Iterable[str]) -> tuple[str, ...]:
    """Return what is spoken for once ``chosen`` sites open.

    A suggestion made of a facility is that facility: it is no second room, and once chosen the facility is taken.
    """
    sites, ask = set(chosen), inputs.plan.siting.generate
    if ask is None or ask.way != "idle_assets":
        return tuple(sorted(sites))
    table = inputs.tables["candidates"]
    behind = table.loc[table["facility_id"].isin(sites), "suggested_from"]
    return tuple(sorted({*sites, *table["facility_id"], *behind}))


def _marked(given: gpd.GeoDataFrame, screening: Screening) -> gpd.GeoDataFrame:
    """Return the candidates with the role used as their role, the role given beside it."""
    marks = screening.marks.loc[given["facility_id"]]
    return given.assign(
        role_given=given["role"],
        role=pd.Series(marks["role_used"].to_numpy(dtype=object), given.index, dtype="str"),
        preferred=marks["preferred"].to_numpy(dtype=bool),
        screen_reasons=pd.Series(marks["reasons"].to_numpy(dtype=object), given.index, dtype="str"),
        suggested=given.get("suggested", False),
    )


def _layer(table: gpd.GeoDataFrame, screening: Screening) -> gpd.GeoDataFrame:
    """Return one row a candidate, by id: its role before and after, and why."""
    dressed = table.rename(columns={"role": "role_used", "role_given": "role"}).join(
        screening.marks[["reasons", "unknown"]], on="facility_id"
    )
    ordered = dressed.sort_values("facility_id", kind="stable", ignore_index=True)
    return gpd.GeoDataFrame(ordered[[*_KEPT, "geometry"]], geometry="geometry", crs=table.crs)


def _too_few(plan: Plan, table: gpd.GeoDataFrame) -> list[Fault]:
    """Refuse more new sites than screening leaves."""
    left = int((table["role"] != "forbidden").sum())
    if plan.siting.p is None or plan.siting.p <= left:
        return []
    facts = {"usable": left, "all": len(table), "screened": int((table["role_given"] != "forbidden").sum()) - left}
    return [Fault("screen_p_above", file=plan.file, column="siting.p", value=str(plan.siting.p), facts=facts)]


def _figures(table: gpd.GeoDataFrame | None, made: Made | None) -> dict[str, Any]:
    """Return the entry ``candidates`` of the summary."""
    found: dict[str, Any] = {}
    if table is not None:
        found["total"] = len(table)
        found |= {role: int((table["role"] == role).sum()) for role in ("candidate", "required", "forbidden")}
        found["preferred"] = int(table["preferred"].sum())
        found["suggested"] = int(table["suggested"].astype(bool).sum())
    if made is not None:
        found["made"] = {name: int(count) for name, count in made.counts.items()}
    return {"candidates": found}
