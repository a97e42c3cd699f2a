"""Room `planning.compare`: a finished run as its folder records it, refused where it cannot be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from planning import runs, texts
from planning.errors import Fault, InputRefused
from planning.study import layers

LAYERS: Final = ("residential", "facilities", "sites", "units")
_KEYS: Final = dict(zip(LAYERS, ("residential_id", "facility_id", "facility_id", "unit_id"), strict=True))
_RECORDED: Final = ("run_id", "plan", "parameters", "standard", "crs", "inputs", "versions", "outputs")
_NEEDED: Final = ("results.gpkg", "summary.json")
_NAMED: Final = 10
_USUAL: Final = "out"


@dataclass(frozen=True, eq=False)
class Side:
    """One run: its folder, ``run.json``, ``summary.json`` and the layers a comparison looks at, by name."""

    folder: Path
    record: Mapping[str, Any]
    summary: Mapping[str, Any]
    layers: Mapping[str, gpd.GeoDataFrame]

    @property
    def name(self) -> str:
        """Return what the folder is called; one called ``out``, which every plan has, with the folder it lies in."""
        name = f"{self.folder.parent.name}/{self.folder.name}" if self.folder.name == _USUAL else self.folder.name
        return texts.printable(name)

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return str(self.record["run_id"])

    @cached_property
    def areas(self) -> gpd.GeoDataFrame:
        """Return the residential areas by id, with ``street``: the unit each lies in, by the rule of the run."""
        frame, units = self.layers["residential"], self.layers["units"]
        places = layers.places(frame, units if len(units) else None)
        return frame.assign(street=places.street.to_numpy()).set_index("residential_id").sort_index()

    @cached_property
    def street_names(self) -> dict[str, str]:
        """Return the names of units by id; a nameless one is called by its id."""
        units = self.layers["units"]
        return dict(zip(units["unit_id"], units["name"].fillna(units["unit_id"]), strict=True))

    @property
    def candidates(self) -> frozenset[str]:
        """Return the ids of candidate sites, suggested ones too."""
        frame = self.layers["facilities"]
        return frozenset(frame.loc[frame["status"] == "candidate", "facility_id"])

    @property
    def parts(self) -> frozenset[str]:
        """Return the analyses that were asked of the run: siting counts as asked where there was nothing to site."""
        sited = "candidates" in self.record["parameters"]["inputs"] or self.record["parameters"]["siting"].get(
            "generate"
        )
        whole = "coverage" in self.summary and "compliance" in self.summary
        there = {name for name in ("coverage", "compliance", "siting") if name in self.summary}
        return frozenset(there | ({"siting"} if whole and not sited else set()))

    @property
    def levels(self) -> tuple[str, ...]:
        """Return the levels whose coverage was computed."""
        return tuple(self.summary.get("coverage", {}))


def open_both(run_a: Path, run_b: Path) -> tuple[Side, Side]:
    """Return two runs that can be compared.

    Raises
    ------
    InputRefused
        With every fault of both: no run folder, a file changed, missing or unknown, another schema, half a run, ids
        twice, or another coordinate system.
    """
    found: list[Side] = []
    faults: list[Fault] = []
    for folder in (run_a, run_b):
        try:
            found.append(_open(folder))
        except InputRefused as error:
            faults += error.faults
    if len(found) == 2:
        faults += _unlike(*found)
    if faults:
        raise InputRefused(faults)
    return found[0], found[1]


def _open(folder: Path) -> Side:
    folder = folder.resolve()
    record = _record(folder)
    differing = runs.verify(folder)
    faults = [Fault("compare_tampered", file=folder.name, value=name) for name in differing]
    absent = [name for name in _NEEDED if name not in {entry["path"] for entry in record["outputs"]}]
    faults += [Fault("compare_half_a_run", file=folder.name, value=name) for name in absent]
    if faults:
        raise InputRefused(faults)
    frames = _layers(folder)
    faults = [fault for name, frame in frames.items() for fault in _twice(folder, name, frame)]
    if faults:
        raise InputRefused(faults)
    return Side(folder, record, json.loads((folder / "summary.json").read_text("utf-8")), frames)


def _record(folder: Path) -> Mapping[str, Any]:
    """Return ``run.json``, or refuse the folder."""
    if not runs.is_run_folder(folder):
        raise InputRefused(Fault("not_a_run_folder", file=folder.name))
    record: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
    schema = record.get("schema", runs.SCHEMA)
    if schema != runs.SCHEMA or any(key not in record for key in _RECORDED):
        facts = {"known": runs.SCHEMA}
        raise InputRefused(Fault("compare_schema", file=folder.name, value=str(schema), facts=facts))
    return record


def _layers(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    try:
        frames = {name: pyogrio.read_dataframe(folder / "results.gpkg", layer=name) for name in LAYERS}
    except (DataLayerError, DataSourceError):
        raise InputRefused(Fault("compare_unreadable", file=folder.name, value="results.gpkg")) from None
    lacking = [name for name, frame in frames.items() if _KEYS[name] not in frame]
    if lacking:
        raise InputRefused(Fault("compare_unreadable", file=folder.name, value=f"results.gpkg: {', '.join(lacking)}"))
    return frames


def _twice(folder: Path, layer: str, frame: pd.DataFrame) -> list[Fault]:
    ids = frame[_KEYS[layer]]
    twice = sorted(set(ids[ids.duplicated()].astype("str")))
    if not twice:
        return []
    named = ", ".join(map(texts.printable, twice[:_NAMED])) + (" …" if len(twice) > _NAMED else "")
    return [Fault("compare_ids_twice", file=folder.name, layer=layer, column=_KEYS[layer], value=named)]


def _unlike(a: Side, b: Side) -> list[Fault]:
    """Say why two runs cannot be held side by side."""
    if a.record["crs"] == b.record["crs"]:
        return []
    facts = {"other": b.record["crs"]}
    return [Fault("compare_crs", file=b.folder.name, column="plan.crs", value=str(a.record["crs"]), facts=facts)]
