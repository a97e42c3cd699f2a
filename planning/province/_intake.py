"""Room `planning.province`: a county through the doors, once, and kept by the content of its files.

An entry holds the canonical tables in one metric CRS, the ledger, and what a look at them tells the others: where the
county's places lie, which levels of facilities it has. Its name is a hash of the files, of what was asked and of the
code that read them, so that it can be missing but never stale.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
from pyproj import CRS

import planning
from planning import crs as crss
from planning import plan, runs, sources
from planning.errors import Fault, InputRefused
from planning.plan import InputSpec, Plan
from planning.province import _plan
from planning.province import _split as splits
from planning.province import _tables as kept
from planning.sources import Intake, SourceFile, parcel
from planning.sources.apart import Opened

GROUND: Final = ("roads", "facilities", "barriers", "medical")
"""What neighbours walk on and to."""
_WALLED: Final = ("residential", "entrances")
_LIBRARIES: Final = ("geopandas", "numpy", "pandas", "pyogrio", "pyproj", "scipy", "shapely")


@dataclass(frozen=True)
class Entry:
    """A county that came through the doors, as it is kept; ``said`` is what is told of it."""

    folder: Path
    said: Mapping[str, Any]

    @property
    def crs(self) -> CRS:
        """Return the metric CRS of its tables."""
        return CRS.from_user_input(self.said["crs"])

    def table(self, name: str) -> gpd.GeoDataFrame | None:
        """Return a canonical table; None where the county has none."""
        return kept.fetch(self.folder / name) if name in self.said["tables"] else None

    def intake(self) -> Intake:
        """Return what came through the doors."""
        return Intake(
            tables={name: kept.fetch(self.folder / name) for name in self.said["tables"]},
            ledger=kept.fetch(self.folder / "_ledger"),
            counts=self.said["counts"],
            faults=parcel.faults_from_json(self.said["faults"]),
            files=self.files(),
            crs=self.crs,
        )

    def files(self) -> tuple[SourceFile, ...]:
        """Return what was read."""
        return tuple(SourceFile(**file) for file in self.said["files"])


def settings_of(spec: Mapping[str, Any]) -> Plan:
    """Return the plan of a county: the province's with the inputs the county has rows of, or the county's own.

    Roads and areas stay although there is no row of them, so that the door says so.
    """
    if spec["parts"] is None:
        settings = _plan.county_settings(Path(spec["plan"]), spec["far_m"], date.fromisoformat(spec["as_of"]))
        inputs = {name: one for name, one in settings.inputs.items() if name not in splits.SKIPPED}
        return replace(settings, inputs=inputs)
    whole = plan.read(spec["plan"])
    inputs = {name: one for name, one in whole.inputs.items() if name in spec["rows"] or name in plan.NEEDED_INPUTS}
    name = f"{whole.name} · {spec['name'] or spec['code']}"
    kept_inputs = {name: one for name, one in inputs.items() if name not in splits.SKIPPED}
    return replace(
        whole, name=name, province=None, as_of=date.fromisoformat(spec["as_of"]), inputs=kept_inputs, warnings=()
    )


def take_in(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a county through the doors, unless that was done before.

    Parameters
    ----------
    spec
        ``code, name, plan, as_of, far_m``; ``parts`` (folder of the county's parts, None where the plan is its own)
        and ``rows`` (``{input: {rows, sha256}}``); ``store``; ``crs`` (None: by the plan, or by where the county
        lies); ``ground``: only what neighbours walk on and to.

    Returns
    -------
    dict
        ``code``; ``entry``, the folder, None where nothing can be used; ``whole``, whether it is more than the ground;
        ``faults`` that stand against it.
    """
    settings = settings_of(spec)
    if spec["crs"] is not None:
        settings = replace(settings, crs=spec["crs"])
    opener = None if spec["parts"] is None else partial(_opened, spec)
    found = None if spec["ground"] else _entry(spec, settings, opener)
    faults = [] if found is None else parcel.faults_from_json(found.said["faults"])
    if found is not None and not _refused(faults):
        return {"code": spec["code"], "entry": str(found.folder), "whole": True, "faults": []}
    less = _entry(spec, _ground_alone(spec, settings), opener)
    usable = not _refused(parcel.faults_from_json(less.said["faults"])) and bool(less.said["tables"])
    return {
        "code": spec["code"],
        "entry": str(less.folder) if usable else None,
        "whole": False,
        "faults": parcel.faults_as_json(faults),
    }


def _ground_alone(spec: Mapping[str, Any], settings: Plan) -> Plan:
    """Return the plan with the inputs that neighbours walk on and to; walls of gated areas are among these."""
    wanted = {*GROUND, *(_WALLED if settings.walk.walls == "gated" else ())}
    if spec["parts"] is not None:
        wanted &= spec["rows"].keys()
    return replace(settings, inputs={name: one for name, one in settings.inputs.items() if name in wanted})


def _entry(spec: Mapping[str, Any], settings: Plan, opener: Callable[[InputSpec], Any] | None) -> Entry:
    """Return the entry of a county, read now if it was not before."""
    folder = Path(spec["store"]) / _name(spec, settings)
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        intake = sources.look(settings, opened=opener)
        kept.make_once(folder, partial(_fill, intake, spec["parts"] is not None))
    return open_entry(folder)


def _is_whole(folder: Path) -> bool:
    """Say whether an entry is there and its rows are those it was made with: a damaged one is made again."""
    said = kept.read_json(folder / "intake.json")
    try:
        return said is not None and all(kept.digest_of(folder / name) == told for name, told in said["digests"].items())
    except OSError:
        return False


def open_entry(folder: str | Path) -> Entry:
    """Return an entry that is there."""
    said = kept.read_json(Path(folder) / "intake.json")
    if said is None:
        raise FileNotFoundError(str(folder))
    return Entry(Path(folder), said)


def _name(spec: Mapping[str, Any], settings: Plan) -> str:
    """Return the name of an entry: everything that decides what is in it."""
    if spec["parts"] is None:
        names = tuple(settings.inputs)
        content: Any = splits.fingerprints(settings, names)
    else:
        content = [spec["code"], {name: spec["rows"].get(name) for name in settings.inputs}]
    said = {
        "inputs": content,
        "plan": runs.parameters(settings),
        "name": settings.name,
        "crs": settings.crs,
        "code": code_hash(),
    }
    return kept.digest(said)


def _opened(spec: Mapping[str, Any], one: InputSpec) -> tuple[Opened, ...]:
    """Hand over a county's part of an input; of none, an empty table with the headings of the others."""
    code = spec["code"] if one.name in spec["rows"] else splits.OUTSIDE
    folder = Path(spec["parts"]) / code / one.name
    if not folder.is_dir():  # every row of the layer lies in other counties
        folder = next(iter(sorted(Path(spec["parts"]).glob(f"*/{one.name}"))))
    if one.name in spec["rows"] and splits.digest_of(folder) != spec["rows"][one.name]["sha256"]:
        raise InputRefused(Fault("province_part_damaged", file=one.file.name, value=str(spec["code"])))
    raw = splits.part_of(folder)
    if one.name not in spec["rows"]:
        raw = splits.rows_of(raw, np.zeros(len(raw.rows), dtype=bool))
    digest = spec["rows"].get(one.name, {"sha256": hashlib.sha256(b"").hexdigest()})["sha256"]
    return (Opened(raw, (one.file.with_name(f"{one.file.name}#{spec['code']}"),), (digest,)),)


def _fill(intake: Intake, in_parts: bool, folder: Path) -> None:  # noqa: FBT001
    """Write an entry."""
    for name, table in intake.tables.items():
        kept.save(table, folder / name)
    kept.save(intake.ledger, folder / "_ledger")
    facilities = intake.tables.get("facilities")
    files = [asdict(file) for file in intake.files]
    kept.write_json(
        folder / "intake.json",
        {
            "crs": intake.crs.to_string(),
            "tables": sorted(intake.tables),
            "digests": {name: kept.digest_of(folder / name) for name in (*sorted(intake.tables), "_ledger")},
            "counts": {name: dict(counts) for name, counts in intake.counts.items()},
            "faults": parcel.faults_as_json(intake.faults),
            "files": files,
            "in_parts": in_parts,
            "levels": [] if facilities is None else sorted(set(facilities["level"].dropna())),
            "places": _box(intake, ("residential", "facilities")),
            "ground": _box(intake, GROUND),
        },
    )


def _box(intake: Intake, names: tuple[str, ...]) -> list[float] | None:
    """Return west, south, east, north in degrees of the tables; None where they have no row."""
    found = [intake.tables[name] for name in names if name in intake.tables and len(intake.tables[name])]
    bounds = np.array([table.total_bounds for table in found if isinstance(table, gpd.GeoDataFrame)])
    if not len(bounds):
        return None
    west, south = (float(one) for one in bounds[:, :2].min(axis=0))
    east, north = (float(one) for one in bounds[:, 2:].max(axis=0))
    side = np.linspace(0, 1, 9)
    ring = [(west + (east - west) * u, south + (north - south) * v) for u in side for v in (0, 1)]
    ring += [(west + (east - west) * u, south + (north - south) * v) for u in (0, 1) for v in side]
    degrees = crss.to_degrees(np.array(ring), intake.crs)
    return [*map(float, degrees.min(axis=0)), *map(float, degrees.max(axis=0))]


def _refused(faults: Any) -> bool:
    return any(fault.severity == "error" for fault in faults)


@cache
def code_hash() -> str:
    """Return a hash of this program and of the libraries that decide its figures: equal on every worker or refused."""
    root = Path(planning.__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.toml")], key=lambda one: one.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()


def faults_of(told: list[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Return faults that a task told of."""
    return parcel.faults_from_json(told)
