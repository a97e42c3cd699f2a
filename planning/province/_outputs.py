"""Room `planning.province`: the run folder of a province, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

from planning import runs, texts
from planning.errors import Fault
from planning.plan import Plan
from planning.province import _atlas as atlases
from planning.province import _merge as merge
from planning.province import _outlines as outlines
from planning.province import _sheet as sheets
from planning.province import _tables as kept
from planning.province._merge import County
from planning.province._plan import ProvincePlan
from planning.runs._target import SCHEMA, TOOL
from planning.sources import parcel
from planning.sources.draft import sha256
from planning.study.sums import clean

LAYERS: Final = ("residential", "facilities", "units", "uncovered", "findings", "indicators", "ledger")
_CLAUSE: Final = ("clause_id", "subject", "required", "actual", "unit", "verdict", "overdue", "reason")


@dataclass(frozen=True)
class Results:
    """Everything that the province's files are written from."""

    province: ProvincePlan
    counties: Sequence[County]
    names: Mapping[str, str]
    missing: Mapping[str, tuple[Fault, ...]]
    warnings: Sequence[Fault]
    files: Sequence[Mapping[str, Any]]

    @property
    def settings(self) -> Plan:
        """Return the plan that every county was run by."""
        return self.province.settings


def write(found: Results, target: Path) -> tuple[str, dict[str, Any]]:
    """Write the run folder and return its run id and summary; ``run.json`` is written last and lists every file."""
    crs = merge.common_crs(found.counties, found.settings)
    layers = {name: merge.stacked(found.counties, name, crs) for name in LAYERS}
    layers["units"] = merge.with_facilities(layers["units"], layers["facilities"], found.settings)
    standard: Any = runs.standard_of(found.settings)[0]
    entered = None if found.province.has_plans else merge.entered_table(found.settings)
    clauses = merge.clauses(found.counties, layers, found.settings, entered)
    scorecard = merge.scorecard(found.counties, clauses, standard)
    record = _record(found)
    run_id = kept.digest(record)[:12]
    summary = _summary(found, clauses, crs, standard)
    words = {clause.id: {"zh": clause.text_zh, "en": clause.text_en} for clause in standard.clauses}
    language = found.settings.output.language
    told = sheets.Found(
        name=found.province.name,
        stamp=_stamp(found, standard, language),
        counties=found.counties,
        names=found.names,
        missing=found.missing,
        warnings=found.warnings,
        summary=summary,
        layers=layers,
        scorecard=scorecard,
        clause_words=words,
        outlines=outlines.of_missing(found.province, found.names, found.missing),
    )
    rows = sheets.county_rows(told)
    drawn, faults = atlases.pdf(atlases.Atlas(told, atlases.share_clauses(standard, summary), run_id, language))
    summary["warnings"] += [fault.as_dict() for fault in faults]
    with runs.machine_faults(target), runs.folder_in_place(target) as folder:
        kept.write_json(folder / "summary.json", summary)
        _geopackage({"counties": _county_layer(rows, layers["units"], told.outlines), **layers, "clauses": clauses,
                     "scorecard": scorecard}, found.settings, folder / "province.gpkg")  # fmt: skip
        (folder / "province.xlsx").write_bytes(sheets.write(told, language))
        if drawn:
            (folder / "atlas.pdf").write_bytes(drawn)
        for one in found.counties:
            _bring(one.folder, folder / "counties" / one.code)
        runs.write_record(folder, {"run_id": run_id, **record, "outputs": _files(folder)})
        return run_id, summary


def _summary(found: Results, clauses: pd.DataFrame, crs: Any, standard: Any) -> dict[str, Any]:
    """Return ``summary.json``: the shape of a single plan's, and the counties beside."""
    settings = found.settings
    whole: dict[str, Any] = {
        "plan": found.province.name,
        "as_of": settings.as_of.isoformat(),
        "standard": {"id": standard.id, "title_zh": standard.title_zh, "title_en": standard.title_en,
                     "status": standard.status},
        "crs": crs if isinstance(crs, str) else f"EPSG:{crs}",
        "speed_m_per_s": settings.walk.speed_m_per_s,
        "rule": settings.walk.rule,
        "far_m": settings.walk.far_m,
        "counties_total": len(found.names),
        "counties_done": len(found.counties),
        "missing": [
            {"county_id": code, "name": found.names.get(code, ""),
             "faults": [fault.as_dict() for fault in found.missing[code]]}
            for code in sorted(found.missing)
        ],
        "warnings": [fault.as_dict() for fault in found.warnings],
        "coverage": merge.coverage(found.counties),
        "coverage_band": merge.coverage(found.counties, "coverage_band"),
        "coverage_profiles": merge.coverage(found.counties, "coverage_profiles"),
        "compliance": merge.compliance(found.counties),
        "indicators": clauses[list(_CLAUSE)].to_dict("records"),
        "counties": [_county_summary(one) for one in found.counties],
        "ledger": merge.ledger(found.counties),
    }  # fmt: skip
    made: dict[str, Any] = clean(whole)
    return made


def _county_summary(one: County) -> dict[str, Any]:
    """Return what the province's summary says of a county; the rest stands in the county's own."""
    own = {name: one.summary.get(name) for name in ("crs", "coverage", "compliance", "indicators", "ledger")}
    return {"county_id": one.code, "name": one.name, "run_id": one.run_id, "folder": f"counties/{one.code}",
            "without": list(one.without), **own}  # fmt: skip


def _stamp(found: Results, standard: Any, language: texts.Language) -> list[str]:
    """Return the lines that every sheet begins with."""
    title = standard.title_zh if language == "zh" else standard.title_en
    facts = {
        "standard": title,
        "as_of": found.settings.as_of.isoformat(),
        "far": f"{found.settings.walk.far_m or 0:g}",
        "done": len(found.counties),
        "total": len(found.names),
    }
    return [found.province.name, texts.t("province.stamp", language, **facts), *found.settings.notes]


def _county_layer(rows: pd.DataFrame, units: gpd.GeoDataFrame, lost: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the counties as polygons with their figures; missing ones have a shape where one is known, and none."""
    drawn = units[units["type"] == "county"].set_index("unit_id")["geometry"]
    shapes = pd.concat([drawn, lost.to_crs(units.crs).set_index("county_id")["geometry"]])
    of_counties = rows[rows["state"] != "total"].rename(columns=lambda name: name.replace(" ", "_"))
    placed = of_counties["county_id"].map(shapes[~shapes.index.duplicated()])
    return gpd.GeoDataFrame(of_counties.assign(geometry=placed), geometry="geometry", crs=units.crs)


def _geopackage(layers: Mapping[str, pd.DataFrame], settings: Plan, path: Path) -> None:
    """Write layers and attribute tables; the day of judgement stands in for the clock, for equal bytes."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{settings.as_of.isoformat()}T00:00:00.000Z"})
    try:
        for name, table in layers.items():
            kind = _kind(table) if isinstance(table, gpd.GeoDataFrame) else None
            pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", geometry_type=kind, promote_to_multi=False)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _kind(table: gpd.GeoDataFrame) -> str:
    """Return the one geometry type of a layer, else the general one."""
    kinds = table.geometry.geom_type.dropna().unique()
    return str(kinds[0]) if len(kinds) == 1 else "Unknown"


def _bring(source: Path, folder: Path) -> None:
    """Bring a county's run folder into the province's, without a second copy where the disk can; its times stay out."""
    for path in sorted(source.rglob("*")):
        place = folder / path.relative_to(source)
        if path.is_dir() or path.name == "timing.json":
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, place)
        except OSError:
            shutil.copyfile(path, place)


def _record(found: Results) -> dict[str, Any]:
    """Return what ``run.json`` says beside its files; the run id is its hash: plan, inputs, the counties' own ids."""
    plan_file = found.province.path
    return {
        "tool": TOOL,
        "schema": SCHEMA,
        "province": True,
        "plan": {"name": found.province.name, "standard": found.settings.standard, "file": plan_file.name},
        "parameters": runs.parameters(found.settings),
        "inputs": [{"input": "plan", "path": plan_file.name, "sha256": sha256(plan_file)}, *found.files],
        "counties": [
            {"county_id": one.code, "run_id": one.run_id, "without": list(one.without)} for one in found.counties
        ],
        "missing": {code: parcel.faults_as_json(found.missing[code]) for code in sorted(found.missing)},
    }


def _files(folder: Path) -> list[dict[str, str]]:
    """Return every file of the run but ``run.json`` and ``timing.json``, by name, with its hash."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [
        {"path": name, "sha256": sha256(folder / name)} for name in names if name not in ("run.json", "timing.json")
    ]
