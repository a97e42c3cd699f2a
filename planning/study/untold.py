"""What the public edition does not tell, so that what it tells gives away neither few people nor a single area.

One rule for every table, label, sentence and card. A count of households or people is *few* where it is 1 to 9, or
rests on a single residential area.

1. Few are not told; nor is a count or share whose other part (covered and not covered, before and added) is few.
2. Counts that add up to one told: those untold together are not few, else the next smallest of them is untold too.
3. What differs by few from a figure told before it is not told: other radii, bounds, the plan's phases.
4. A single area has classes in the place of households and floor area (`few.SIZES`), and no people.

The number of areas is told: every area is drawn with its finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from planning.study import layers, tallied
from planning.study.few import FEWEST, apart, few, size, withheld
from planning.study.layers import STREET_TYPES
from planning.study.records import StudyResult
from planning.study.wording import missing

WEIGHTS: Final = ("households", "residents", "elderly", "elderly_80")
AREAS_M2: Final = ("required_m2", "provided_m2", "shortfall_m2")
KEPT: Final = (
    "residential_id", "name", "geometry", "source_row", "street_id", "community_id", "built", "built_used", "setting",
    "provided_m2", "rate_ok", "unit_ok", "pool_id", "verdict", "reason",
)  # fmt: skip
KEPT_ENDS: Final = ("_facility_id", "_distance_m", "_equivalent_m", "_status", "_share")
"""What is told of a single area."""


def areas(frame: Any) -> Any:
    """Return residential areas with classes in the place of their households, and without people and floor areas."""
    kept = [name for name in frame if name in KEPT or str(name).endswith(KEPT_ENDS)]
    gone = {name: pd.Series(np.nan, frame.index) for name in frame if name not in kept and _numeric(frame[name])}
    return frame.assign(**gone, **size(frame["households"]))


def people(units: pd.DataFrame) -> pd.DataFrame:
    """Return units with few residents and older people missing, and what would tell them by the sum of their parent.

    The units of one parent are a table; of a unit that is untold all below are untold.
    """
    found = units
    for column in ("residents", "elderly"):
        if column in units:
            found = found.assign(**{column: units[column].astype(float).mask(_few_people(units, column))})
    return found


def summary(result: StudyResult) -> dict[str, Any]:
    """Return ``summary.json`` with the figures that would tell of few people missing.

    Of units those remain that a map lists: streets and towns, else those of the first type.
    """
    found = dict(result.summary)
    units = _listed(found.get("units") or ())
    rows = {str(unit["unit_id"]): dict(unit) for unit in units}
    covered = {}
    for level, figures in found.get("coverage", {}).items():
        parts = _Parts(result, level, list(rows))
        whole, by_unit = _covered(parts, figures, {key: row["coverage"][level] for key, row in rows.items()})
        covered[level] = whole
        for key, one in by_unit.items():
            rows[key] = {**rows[key], "coverage": {**rows[key]["coverage"], level: one}}
    if covered:
        bands = found.get("coverage_band", {})
        found |= {"coverage": covered, "coverage_band": {at: _banded(bands.get(at, {}), covered[at]) for at in covered}}
    if found.get("compliance"):
        found["compliance"], told = _floor_area(result, found["compliance"], rows)
        rows = {key: {**row, "compliance": told[key]} for key, row in rows.items()}
    found["units"] = [{name: row[name] for name in row if name != "coverage_band"} for row in rows.values()]
    if found.get("siting"):
        found["siting"] = _siting(result, found)
    return found


def causes(result: StudyResult, level: str) -> pd.DataFrame:
    """Return the causes of `tallied.causes` with households and elderly missing where the rule withholds them."""
    found = tallied.causes(result, level)
    outside = result.uncovered[result.uncovered["level"] == level]
    for weight in ("households", "elderly"):
        many = (outside[weight] > 0).groupby(outside["cause"]).sum().reindex(found["cause"]).to_numpy()
        untold = withheld(found[[weight]].to_numpy(), many[:, None])
        found[weight] = found[weight].mask(untold)
    return found


def after_by_street(result: StudyResult, told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of `tallied.after_by_street` that may stand beside ``told``, the public summary."""
    found = tallied.after_by_street(result)
    level, ids = result.inputs.plan.siting.level, list(found)
    before = {str(unit["unit_id"]): unit["coverage"].get(level, {}) for unit in told["units"]}
    after, now = tallied.roles_after(result), tallied.status_before(result)
    moved = {
        "kept": (now == "covered") & (after == "covered"),
        "lost": (now == "covered") & (after != "covered"),
        "gained": after == "newly_covered",
        "outside": (now != "covered") & (after != "newly_covered"),
    }
    for weight in WEIGHTS[:3]:
        counts, many = _by_unit(result, ids, weight, moved)
        forced = [missing(before.get(key, {}).get(f"{weight}_share")) for key in ids]
        untold = withheld(counts, many, forced=_with_rest(np.array(forced, dtype=bool), counts))[: len(ids)]
        for key in np.array(ids)[untold]:
            found[key] = _without(found[key], weight)
    return found


# ------------------------------------------------------------------------------------------------------------- coverage


class _Parts:
    """Who is covered and who is not, by unit, with what is in no unit as the last row."""

    def __init__(self, result: StudyResult, level: str, ids: list[str]) -> None:
        self.ids, self._result = ids, result
        share = result.residential.set_index("residential_id")[f"{level}_share"].astype(float).fillna(0.0)
        self._shares = {"covered": share, "outside": 1 - share}

    def of(self, weight: str) -> tuple[np.ndarray, np.ndarray]:
        """Return counts and areas: units and the rest × covered, outside."""
        return _by_unit(self._result, self.ids, weight, self._shares)


def _by_unit(
    result: StudyResult, ids: list[str], weight: str, shares: Mapping[str, pd.Series]
) -> tuple[np.ndarray, np.ndarray]:
    """Return counts of a weight and the areas they rest on: units, then all that is in none of them, × ``shares``."""
    table = result.inputs.tables["residential"].set_index("residential_id")
    values = table[weight].astype(float).fillna(0.0) if weight in table else pd.Series(0.0, index=table.index)
    place = _unit_of(result, ids).reindex(values.index).map({key: at for at, key in enumerate(ids)}).fillna(len(ids))
    at = place.to_numpy(dtype=int)
    counts, areas_ = np.zeros((len(ids) + 1, len(shares))), np.zeros((len(ids) + 1, len(shares)), dtype=int)
    for part, share in enumerate(shares.values()):
        many = values.to_numpy() * share.reindex(values.index).to_numpy(dtype=float)
        np.add.at(counts[:, part], at, many)
        np.add.at(areas_[:, part], at, many > 0)
    return counts, areas_


def _unit_of(result: StudyResult, ids: list[str]) -> pd.Series:
    """Return which of the units ``ids`` each area lies in, by its id."""
    tables = result.inputs.tables
    places = layers.places(tables["residential"], tables.get("units"))
    if places.street.isin(ids).any() or not places.units:
        return pd.Series(places.street)
    return next((one for one in places.units.values() if one.isin(ids).any()), pd.Series(places.street))


def _with_rest(told: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return rows that are untold anyway: those given, and the rest, which no table lists, where it has anybody."""
    return np.append(told, counts[-1].sum() > 0)


def _covered(
    parts: _Parts, whole: Mapping[str, Any], units: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the figures of a level, of the whole plan and by unit, without what would tell of few."""
    told, by_unit = dict(whole), {key: dict(figures) for key, figures in units.items()}
    for weight in WEIGHTS:
        if missing(whole.get(f"{weight}_total")):
            continue
        counts, many = parts.of(weight)
        rest = _with_rest(np.zeros(len(parts.ids), dtype=bool), counts)
        totals, total_areas = counts.sum(axis=1, keepdims=True), many.max(axis=1, keepdims=True)
        no_total = withheld(totals, total_areas, forced=rest)
        no_parts = withheld(counts, many, forced=no_total)
        for key, total, part in zip(parts.ids, no_total, no_parts, strict=False):
            by_unit[key] = _without(by_unit[key], weight, total=bool(total)) if part else by_unit[key]
        if few(counts.sum(axis=0), many.sum(axis=0)).any():
            told = _without(told, weight, total=bool(few(totals.sum(axis=0), many.sum(axis=0).max()).any()))
        told |= _bounds(told, weight)
    return told, by_unit


def _without(figures: Mapping[str, Any], weight: str, *, total: bool = False) -> dict[str, Any]:
    """Return figures without what is covered of a weight, and without its total too where that is asked."""
    gone = ("covered", "share", "lower", "upper", *(("total",) if total else ()))
    return {**figures, **{f"{weight}_{name}": None for name in gone}}


def _bounds(figures: Mapping[str, Any], weight: str) -> dict[str, Any]:
    """Return the bounds of a weight that differ by none or enough from what is told."""
    names = [f"{weight}_{name}" for name in ("lower", "upper")]
    fits = apart((figures.get(name) for name in names), _anchors(figures, weight))
    return {name: figures.get(name) if all(fits) else None for name in names}


def _anchors(figures: Mapping[str, Any], weight: str) -> list[float]:
    """Return the counts of a weight that are known anyway: nobody, the total and the covered where told."""
    told = (figures.get(f"{weight}_{name}") for name in ("total", "covered"))
    return [0.0, *(float(value) for value in told if value is not None and not missing(value))]


def _banded(bands: Mapping[str, Mapping[str, Any]], whole: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures at other radii without what differs by few from another or from the whole."""
    found = {key: dict(bands[key]) for key in sorted(bands, key=float)}
    for weight in WEIGHTS:
        values = [found[key].get(f"{weight}_covered") for key in found]
        total = missing(whole.get(f"{weight}_total"))
        for key, fits in zip(found, apart(values, _anchors(whole, weight)), strict=True):
            own = found[key].get("radius_m") == whole.get("radius_m") and missing(whole.get(f"{weight}_share"))
            if total or own or not fits:
                found[key] = _without(found[key], weight, total=total)
            found[key] |= {f"{weight}_lower": None, f"{weight}_upper": None}
    return found


# ----------------------------------------------------------------------------------------------------------- floor area


def _floor_area(
    result: StudyResult, whole: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return sums of floor area without those that rest on one area, of the whole plan and by unit."""
    told, by_unit = dict(whole), {key: dict(row["compliance"] or {}) for key, row in rows.items()}
    table, ids = result.residential.set_index("residential_id"), list(rows)
    place = _unit_of(result, ids).reindex(table.index).map({key: at for at, key in enumerate(ids)}).fillna(len(ids))
    for name in AREAS_M2:
        many = np.zeros((len(ids) + 1, 1), dtype=int)
        np.add.at(many[:, 0], place.to_numpy(dtype=int), (table[name].astype(float) > 0).to_numpy())
        enough = np.where(many > 0, FEWEST, 0)
        untold = withheld(enough, many, forced=_with_rest(np.zeros(len(ids), dtype=bool), enough))
        for key in np.array(ids, dtype=object)[untold[: len(ids)]]:
            by_unit[key] |= {name: None} if by_unit[key] else {}
        told |= {name: None} if many.sum() == 1 else {}
    return told, {key: figures or None for key, figures in by_unit.items()}


# --------------------------------------------------------------------------------------------------------------- siting


def _siting(result: StudyResult, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of siting without what would tell of few: after the plan, gains, objectives, loads."""
    siting, plan = dict(found["siting"]), result.inputs.plan
    siting.pop("assigned", None)  # an empty list would read as nobody served
    siting["reasons"] = []  # they name the shares that could be reached
    level = plan.siting.level
    for weight in WEIGHTS:
        siting |= _before_after(siting, found.get("coverage", {}).get(level, {}), weight, result)
    if plan.siting.model != "deficit" and siting.get("sites"):
        hidden = missing((siting.get("after") or {}).get(f"{plan.siting.demand}_share"))
        told = _gains(result, [None if hidden else site["gain"] for site in siting["sites"]])
        siting["sites"] = [{**site, "gain": gain} for site, gain in zip(siting["sites"], told, strict=True)]
    if plan.siting.model in ("mclp", "capacitated"):
        siting |= _objectives(siting, plan.siting.demand)
    return siting


def _before_after(
    siting: Mapping[str, Any], now: Mapping[str, Any], weight: str, result: StudyResult
) -> dict[str, Any]:
    """Return ``before`` and ``after`` of a weight as far as they, and what lies between them, may be told."""
    if not siting.get("before") or missing(siting["before"].get(f"{weight}_total")):
        return {}
    plan = result.inputs.plan
    before, after = dict(siting["before"]), dict(siting["after"])
    same = plan.siting_radius_m == plan.radius_m
    anchors = _anchors(now, weight) if now else [0.0, float(before[f"{weight}_total"])]
    total = bool(now) and missing(now.get(f"{weight}_total"))
    untold = same and bool(now) and missing(now.get(f"{weight}_share"))
    first = not untold and apart([before[f"{weight}_covered"]], anchors)[0]
    anchors += [float(before[f"{weight}_covered"])] if first else []
    then = apart([after[f"{weight}_covered"]], anchors)[0] and not total and not _one_area(result, weight)
    return {
        "before": before if first else _without(before, weight, total=total),
        "after": after if first and then else _without(after, weight, total=total),
    }


def _one_area(result: StudyResult, weight: str) -> bool:
    """Say whether what the plan adds rests on a single area."""
    table = result.inputs.tables["residential"].set_index("residential_id")
    if weight not in table or result.inputs.plan.walk.rule != "entrance":
        return False
    newly = tallied.roles_after(result) == "newly_covered"
    return int((table[weight].reindex(newly.index)[newly] > 0).sum()) == 1


def _gains(result: StudyResult, values: Sequence[Any]) -> list[float | None]:
    """Return gains by rank, those withheld as None."""
    if not len(values):
        return []
    counts = np.array([np.nan if missing(value) else value for value in values], dtype=float)
    rests = np.full(len(counts), 2)
    if result.inputs.plan.walk.rule == "entrance":
        rests = np.array(list(tallied.areas_by_site(result).values()))
    untold = withheld(counts[:, None], rests[:, None])
    return [None if gone or np.isnan(value) else value for value, gone in zip(counts, untold, strict=True)]


def _objectives(siting: Mapping[str, Any], weight: str) -> dict[str, Any]:
    """Return objectives in people that differ by none or enough from each other and from the figures told."""
    before, after = (siting.get(when) or {} for when in ("before", "after"))
    known = not any(missing(one.get(f"{weight}_share")) for one in (before, after))
    anchors = [*_anchors(after, weight), float(before[f"{weight}_covered"])] if known else None
    whole = not any(missing(site["gain"]) for site in siting.get("sites", ()))
    gone = dict.fromkeys(("objective", "bound", "own_optimum", "own_bound", "cost_of_commitment"))

    def held(entry: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        present = {name: entry[name] for name in names if not missing(entry.get(name))}
        if anchors is not None and (whole or entry is siting) and all(apart(present.values(), anchors)):
            anchors.extend(float(value) for value in present.values())
            return dict(entry)
        return {**entry, **{name: None for name in gone if name in entry}}

    found = held(siting, ("objective", "bound"))
    found["phases"] = [held(one, ("objective", "own_optimum")) for one in siting.get("phases", ())]
    found["stages"] = [
        held(one, ("objective", "bound")) if one["name"] in ("coverage", "served") else one
        for one in siting.get("stages", ())
    ]
    return {name: value for name, value in found.items() if value or name not in ("phases", "stages")}


# ---------------------------------------------------------------------------------------------------------------- words


def _few_people(units: pd.DataFrame, column: str) -> pd.Series:
    """Say of which units a number of people is not told, parents before those below them."""
    few_ = pd.Series(data=False, index=units.index)
    parents = units["parent"].fillna("") if "parent" in units else pd.Series("", index=units.index)
    gone: set[str] = set()
    for kinds in (("county",), STREET_TYPES, ("community", "village")):
        here = units[units["type"].isin(kinds)].sort_values("unit_id")
        for parent, rows in here.groupby(parents[here.index], sort=True):
            parts = _people_parts(rows, column)
            forced = np.full(len(rows), str(parent) in gone)
            few_[rows.index] = withheld(parts, np.full(parts.shape, 2), forced=forced)
        gone |= set(units.loc[few_ & units.index.isin(here.index), "unit_id"].astype(str))
    return few_


def _people_parts(rows: pd.DataFrame, column: str) -> np.ndarray:
    """Return older people and the others where both are known: a share tells either."""
    own = rows[column].astype(float).to_numpy()
    if column != "elderly" or "residents" not in rows:
        return np.asarray(own[:, None])
    return np.column_stack([own, np.maximum(rows["residents"].astype(float).to_numpy() - own, 0.0)])


def _listed(units: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    streets = [unit for unit in units if unit["type"] in STREET_TYPES]
    return streets or [unit for unit in units if unit["type"] == units[0]["type"]]


def _numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))
