"""Room `planning.compare`: everything a run says, as one long column of values that can be held against another's.

A value is kept as a word that two values share if and only if they are equal: ``n:900.0`` a number (true and false are
1 and 0), ``s:covered`` a text, the empty word a missing cell. `ABSENT` stands where a run has no such cell at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.study import Outcome
from planning.tables import LEVELS, contract

ABSENT: Final = "absent"
PRESENCE: Final = "presence"
KEY: Final = ("kind", "id", "aspect")
LEVEL_ASPECTS: Final = ("status", "facility_id", "distance_m", "equivalent_m", "share")
PLANNED: Final = tuple(f"planned_{name}" for name in LEVEL_ASPECTS)
COMPLIANCE: Final = (
    "built_used", "verdict", "rate_ok", "unit_ok", "required_m2", "provided_m2", "shortfall_m2", "pool_id",
    "pool_required_m2", "pool_provided_m2", "pool_shortfall_m2", "reason", "paper_verdict", "paper_provided_m2",
)  # fmt: skip
FOUND_OF_FACILITY: Final = ("in_service", "outside_area")
SITE: Final = ("rank", "phase", "gain", "floor_area_m2", "size_ok")
CLAUSE: Final = ("required", "actual", "unit", "verdict", "overdue", "reason")
_STATUS: Final = frozenset({"verdict", "rate_ok", "unit_ok", "paper_verdict"})


def is_status(aspect: str) -> bool:
    """Say whether an aspect of an area is one of its statuses, and not a figure behind it."""
    return aspect in _STATUS or aspect.endswith("_status")


def order(aspect: str) -> tuple[int, int, str]:
    """Return the place of an aspect: statuses (coverage by level, the plan, the rule), then figures."""
    first = [*(f"{level}_status" for level in LEVELS), "planned_status", "verdict", "rate_ok", "unit_ok"]
    return not is_status(aspect), first.index(aspect) if aspect in first else len(first), aspect


def of_outcome(found: Outcome) -> pd.Series:
    """Return the values of a study: `KEY` → word."""
    areas = found.residential.set_index("residential_id")
    areas = areas.assign(street=found.street.reindex(areas.index))
    clauses = found.indicators.to_dict("records")
    plan = found.siting
    asked = {} if plan is None else {"status": plan.status, "objective": plan.objective}
    return _together(areas, found.facilities, found.sites, asked, clauses)


def of_folder(
    areas: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    summary: Mapping[str, Any],
) -> pd.Series:
    """Return the values of a run as its folder holds them; ``areas`` are by id, with ``street``."""
    found = summary.get("siting") or {}
    asked = {name: found[name] for name in ("status", "objective") if name in found}
    return _together(areas, layers["facilities"], layers["sites"], asked, summary.get("indicators", []))


def word(value: Any) -> str:
    """Return the word of a value."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        return f"n:{float(value)!r}"
    return f"s:{value}"


def value_of(said: str) -> float | str | None:
    """Return the value of a word; None for a missing or an absent cell."""
    if said in ("", ABSENT):
        return None
    kind, _, text = said.partition(":")
    return float(text) if kind == "n" else text


def _together(
    areas: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    asked: Mapping[str, Any],
    clauses: Sequence[Mapping[Any, Any]],
) -> pd.Series:
    wanted = ["street", *(f"{level}_{name}" for level in LEVELS for name in LEVEL_ASPECTS), *COMPLIANCE, *PLANNED]
    places = facilities.set_index("facility_id")
    chosen = sites.set_index("facility_id")
    parts = [
        _long("area", areas, wanted),
        _long("facility", places.assign(place=_places(places)), (*_facility_columns(), *FOUND_OF_FACILITY, "place")),
        _long("site", chosen, SITE),
        _long("clause", _clauses(clauses), CLAUSE),
        _long("siting", pd.DataFrame([asked], index=["siting"]) if asked else pd.DataFrame(), ("status", "objective")),
    ]
    whole: pd.Series = pd.concat(parts).sort_index()
    return whole


def _facility_columns() -> tuple[str, ...]:
    """Return everything a facility or a candidate states of itself."""
    return tuple(contract("candidates").columns)[1:]


def _clauses(rows: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    """Return the clauses by ``clause subject``; of rows that share both the later ones are numbered."""
    names = pd.Series([f"{row['clause_id']} {row['subject']}" for row in rows], dtype="str")
    again = names.groupby(names).cumcount()
    ids = names.where(again == 0, names + " #" + (again + 1).astype("str"))
    frame = pd.DataFrame([{name: row.get(name) for name in CLAUSE} for row in rows], dtype=object)
    return frame.set_axis(pd.Index(ids), axis=0)


def _long(kind: str, frame: pd.DataFrame, aspects: Iterable[str]) -> pd.Series:
    """Return ``frame``, indexed by id, as `KEY` → word; each row is present, which is an aspect of its own."""
    columns = {name: frame[name].astype(object).map(word) for name in aspects if name in frame}
    wide = pd.DataFrame({PRESENCE: "n:1.0", **columns}, index=frame.index, dtype=object)
    wide.index = wide.index.astype("str")
    long = wide.rename_axis("id").melt(var_name="aspect", value_name="word", ignore_index=False).reset_index()
    index = pd.MultiIndex.from_frame(long.assign(kind=kind)[list(KEY)])
    return pd.Series(long["word"].to_numpy(dtype=object), index=index)


def _places(frame: gpd.GeoDataFrame) -> list[str]:
    """Return where each facility stands to the millimetre, with a digest of its exact shape."""
    points = frame.geometry.representative_point()
    shapes = shapely.to_wkb(shapely.normalize(frame.geometry.to_numpy()))
    return [
        f"{x:.3f} {y:.3f} #{hashlib.sha256(shape).hexdigest()[:12]}"
        for x, y, shape in zip(points.x, points.y, shapes, strict=True)
    ]


def hangs_on_sites(index: pd.Index) -> Any:
    """Say which keys hang on the sites that were chosen."""
    kinds, aspects = index.get_level_values("kind"), index.get_level_values("aspect")
    return kinds.isin(("site", "siting")) | aspects.isin(PLANNED)


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """Return the rows of a table as named tuples, whose values the type checker cannot know."""
    return frame.itertuples()
