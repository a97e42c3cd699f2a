"""Room `planning.province`: the counties' results put together in order of code, and what the whole province meets.

Sums are sums of the counties' own figures, shares are taken over the sums. Clauses that the province owes are judged
by the same functions as in a single plan, on the units and facilities of all counties together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planning import demand, indicators, runs, sources, study
from planning.coverage import plain
from planning.plan import Plan
from planning.study.scorecard import VERDICTS
from planning.tables import LEVELS, WEIGHTS

_BESIDE: Final = ("radius_m", "minutes", "speed_m_per_s")
_SUMS: Final = ("_total", "_covered", "_lower", "_upper", "_missing")
_DEGREES: Final = 4490


@dataclass(frozen=True, eq=False)
class County:
    """A county that is done; ``without`` are missing counties that may lie within reach of it."""

    code: str
    name: str
    folder: Path
    run_id: str
    summary: Mapping[str, Any]
    without: tuple[str, ...] = ()

    def layer(self, name: str) -> pd.DataFrame:
        """Return a layer of the county's, its code in front."""
        path = self.folder / "tables" / f"{name}.parquet"
        table = _read(path)
        table.insert(0, "county_id", pd.Series(self.code, index=table.index, dtype="str"))
        return table


def _read(path: Path) -> pd.DataFrame:
    try:
        table: pd.DataFrame = gpd.read_parquet(path)
    except ValueError:  # a table without geometry
        table = pd.read_parquet(path)
    return table


def county(code: str, name: str, folder: Path, run_id: str, without: Sequence[str]) -> County:
    """Return a county that is done."""
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    return County(code, name, folder, run_id, summary, tuple(without))


def stacked(counties: Iterable[County], name: str, crs: Any) -> pd.DataFrame:
    """Return a layer of all counties, one below the other."""
    parts = [one.layer(name) for one in counties]
    maps = [part.to_crs(crs) for part in parts if isinstance(part, gpd.GeoDataFrame)]
    filled = [part for part in maps or parts if len(part)] or (maps or parts)[:1]
    joined = pd.concat(filled, ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=crs) if maps else joined


def common_crs(counties: Sequence[County], settings: Plan) -> Any:
    """Return the CRS that the province is put together in: the counties' own if they share one, else degrees."""
    found = {one.summary["crs"] for one in counties}
    return settings.crs or (found.pop() if len(found) == 1 else _DEGREES)


# -------------------------------------------------------------------------------------------------------------- sums


def coverage(counties: Sequence[County], part: str = "coverage") -> dict[str, Any]:
    """Return the counties' coverage added up, in the shape that one of them has."""
    found: dict[str, Any] = _nested([one.summary[part] for one in counties if part in one.summary])
    return found


def _nested(found: list[Any]) -> Any:
    """Add up figures of one shape: levels, radii and walkers down to what `_added` takes."""
    if not found:
        return {}
    if any("residential_total" in one for one in found):
        return _added(found)
    keys = sorted({key for one in found for key in one})
    return {key: _nested([one[key] for one in found if key in one]) for key in keys}


def _added(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return coverage figures added up; a weight known of no area anywhere stays unknown."""
    sums: dict[str, Any] = {key: found[0][key] for key in _BESIDE if key in found[0]}
    weights = dict.fromkeys(("residential", *WEIGHTS, *(key[: -len("_missing")] for one in found for key in one
                                                        if key.endswith("_missing"))))  # fmt: skip
    for weight in weights:
        parts = [one for one in found if f"{weight}_total" in one]
        for ending in _SUMS:
            key = f"{weight}{ending}"
            known = [one[key] for one in parts if one.get(key) is not None]
            if weight != "residential" and ending == "_missing":
                absent = [one["residential_total"] for one in found if f"{weight}_total" not in one]
                sums[key] = sum(known) + sum(absent)
            elif weight != "residential" or ending != "_missing":
                sums[key] = _sum(known) if known else None
        total = sums[f"{weight}_total"]
        sums[f"{weight}_share"] = sums[f"{weight}_covered"] / total if total else None
    return sums | {key: sum(one[key] for one in found) for key in ("unreachable", "unsnapped")}


def _sum(figures: Iterable[float]) -> int | float:
    """Return figures added up as they are written, exactly."""
    return plain(float(sum((Decimal(str(figure)) for figure in figures), Decimal(0))))


def compliance(counties: Sequence[County]) -> dict[str, Any]:
    """Return the counties' floor-area figures added up; where nobody can be judged the areas are unknown, not 0."""
    found = [one.summary["compliance"] for one in counties if one.summary.get("compliance")]
    if not found:
        return {}
    sums: dict[str, Any] = {}
    for key in found[0]:
        if key == "meets_share":
            continue
        known = [one[key] for one in found if one[key] is not None]
        sums[key] = _sum(known) if known else None
    judged = sums["meets"] + sums["fails"]
    if not judged and sums["not_assessable"]:
        sums |= {key: None for key in sums if key.endswith("_m2")}
    return sums | {"meets_share": sums["meets"] / judged if judged else None}


def ledger(counties: Sequence[County]) -> dict[str, dict[str, int]]:
    """Return how many rows of each input were read, used, flagged and excluded."""
    sums: dict[str, dict[str, int]] = {}
    for one in counties:
        for name, counts in one.summary["ledger"].items():
            entry = sums.setdefault(name, dict.fromkeys(counts, 0))
            for key, count in counts.items():
                entry[key] += count
    return {name: sums[name] for name in sorted(sums)}


# ------------------------------------------------------------------------------------------------------------ clauses


def clauses(
    counties: Sequence[County], layers: Mapping[str, pd.DataFrame], settings: Plan, entered: pd.DataFrame | None
) -> pd.DataFrame:
    """Hold the province against every clause that is not owed by a single area; see `planning.indicators.assess`."""
    standard, _ = runs.standard_of(settings)
    if standard is None:
        return study.scorecard.nothing()
    tables: dict[str, Any] = {"facilities": layers["facilities"], "units": layers["units"]}
    if entered is not None and len(entered):
        known = set(layers["units"]["unit_id"])
        here = entered["subject"].isna() | entered["subject"].isin(known) | (entered["subject"] == "plan")
        tables["indicators"] = entered[here].reset_index(drop=True)
    circle = _nested([one.summary["circle"] for one in counties if "circle" in one.summary])
    found = layers["findings"]
    return indicators.assess(
        tables,
        standard,
        switches=settings.standards,
        as_of=settings.as_of,
        compliance=compliance(counties) or None,
        coverage={**coverage(counties), **({"circle": circle} if circle else {})},
        findings=found[found["subject_kind"].isin(["residential", "pool"])],
    )


def with_facilities(units: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, settings: Plan) -> gpd.GeoDataFrame:
    """Return units with how many facilities in service each has of those that a clause on units counts.

    A column ``<clause> facilities`` for each clause that asks for a share of units, such as 乡镇（街道） with a centre.
    """
    standard: Any = runs.standard_of(settings)[0]
    found = units
    for clause in standard.indicators():
        if clause.metric != "unit_coverage":
            continue
        of_level = facilities["in_service"].astype(bool) & facilities["level"].isin(clause.levels or LEVELS)
        chosen = facilities[of_level & (facilities["kind"].isin(clause.kinds) if clause.kinds else of_level)]
        inside = demand.unit_of(chosen, units, clause.unit_types).value_counts()
        counts = units["unit_id"].map(inside).fillna(0).where(units["type"].isin(clause.unit_types))
        found = found.assign(**{f"{clause.id} facilities": counts})
    return found


def entered_table(settings: Plan) -> pd.DataFrame | None:
    """Return the figures entered by hand for the province as a whole and its units."""
    if "indicators" not in settings.inputs:
        return None
    alone = replace(settings, inputs={"indicators": settings.inputs["indicators"]})
    return sources.look(alone).tables.get("indicators")


def scorecard(counties: Sequence[County], found: pd.DataFrame, standard: Any) -> pd.DataFrame:
    """Return one row a clause: how many subjects and how many counties meet it, and the province's own verdict.

    Clauses owed by single areas are added up over the counties' sheets; the others are judged for the province.
    """
    sheets = [one.layer("scorecard") for one in counties]
    every = pd.concat(sheets, ignore_index=True) if sheets else pd.DataFrame(columns=["clause_id", *VERDICTS])
    rows = []
    for clause in standard.clauses:
        of_counties, own = every[every["clause_id"] == clause.id], found[found["clause_id"] == clause.id]
        counts = own["verdict"].value_counts() if len(own) else of_counties[list(VERDICTS)].sum()
        counts = {verdict: int(counts.get(verdict, 0)) for verdict in VERDICTS}
        whole = next((word for word in ("fails", "not_assessable", "meets") if counts[word]), "not_applicable")
        single = len(own) == 1
        rows.append(
            {
                "clause_id": clause.id,
                "required": own["required"].iloc[0] if len(own) else None,
                "actual": own["actual"].iloc[0] if single else None,
                "unit": own["unit"].iloc[0] if len(own) else clause.unit,
                "verdict": whole,
                "reason": own["reason"].iloc[0] if single else None,
                **counts,
                **{f"counties_{verdict}": int((of_counties["verdict"] == verdict).sum()) for verdict in VERDICTS},
            }
        )
    return pd.DataFrame(rows)
