"""Room `planning.compare`: the inputs of a run, read again where they can still be found byte for byte."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from planning import plan, runs
from planning.compare._causes import is_table
from planning.compare._folder import Side
from planning.errors import InputRefused
from planning.plan import InputSpec, Output, Plan
from planning.sources.draft import sha256
from planning.study import StudyInputs


@dataclass(frozen=True, eq=False)
class Found:
    """The inputs of a run, or None and which of them are missing (``plan``, an input's name, ``standard``)."""

    inputs: StudyInputs | None
    missing: tuple[str, ...] = ()


def find(side: Side, places: Iterable[Path]) -> Found:
    """Read the inputs of a run again.

    Parameters
    ----------
    side
        The run; its record holds the plan file and the hash of every input.
    places
        Folders in which the plan may have lain, likeliest first; paths of inputs are relative to it.

    Returns
    -------
    Found
        With inputs only where every file has the recorded bytes and reads as it did.
    """
    settings = _plan(side)
    if settings is None:
        return Found(None, ("plan",))
    pointed, missing = _pointed(settings, side.record, tuple(places))
    if missing:
        return Found(None, missing)
    try:
        inputs = runs.load_settings(pointed)
    except InputRefused as error:
        return Found(None, tuple(dict.fromkeys(fault.file or fault.code for fault in error.faults)))
    if not _as_recorded(inputs, side.record):
        return Found(None, ("files",))
    same = runs.digest(asdict(inputs.standard)) == side.record["standard"]["sha256"]
    return Found(inputs) if same else Found(None, ("standard",))


def places(side: Side, named: Path | None) -> Iterator[Path]:
    """Yield the folders in which the plan of a run may have lain: as told, above the run, where the run noted it."""
    if named is not None:
        yield named.resolve().parent if named.is_file() else named.resolve()
    yield side.folder.parent
    try:
        noted = json.loads((side.folder / "timing.json").read_text("utf-8")).get("folder")
    except (OSError, ValueError, AttributeError):
        return
    if isinstance(noted, str):
        yield Path(noted)


def _plan(side: Side) -> Plan | None:
    """Return the plan as it was; None where the record does not hold the file it was made from."""
    text = side.record.get("plan_text")
    said = next((entry["sha256"] for entry in side.record["inputs"] if entry["input"] == "plan"), None)
    if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != said:
        return None
    with tempfile.TemporaryDirectory(prefix="planning-compare-") as folder:
        path = Path(folder).resolve() / str(side.record["plan"]["file"]).replace("/", "_")
        path.write_bytes(text.encode())
        try:
            return plan.read(path)
        except InputRefused:
            return None


def _pointed(settings: Plan, record: Mapping[str, Any], folders: tuple[Path, ...]) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan with every input pointing at files of the recorded bytes, and the inputs without such files."""
    specs: dict[str, InputSpec] = {}
    missing: list[str] = []
    for name, spec in settings.inputs.items():
        home = _home(name, record, folders)
        table_home = home if spec.table_file is None else _home(f"{name}.table", record, folders)
        missing += [one for one, found in ((name, home), (f"{name}.table", table_home)) if found is None]
        if home is not None and table_home is not None:
            table = spec.table_file and _under(spec.table_file, settings, table_home)
            specs[name] = replace(spec, file=_under(spec.file, settings, home), table_file=table)
    folder = next((one for one in folders if (one / settings.standard).is_file()), folders[0])
    day = date.fromisoformat(record["parameters"]["as_of"])  # a plan that names none took the day it ran
    output = Output(language=settings.output.language)  # templates and styles, which no figure needs, may be gone
    pointed = replace(settings, inputs=specs, folder=folder, as_of=day, output=output)
    return pointed, tuple(dict.fromkeys(missing))


def _home(name: str, record: Mapping[str, Any], folders: tuple[Path, ...]) -> Path | None:
    """Return the folder under which every file of an input has the recorded bytes."""
    said = [entry for entry in record["inputs"] if entry["input"] == name]
    return next((one for one in folders if said and all(_has(one, entry) for entry in said)), None)


def _has(folder: Path, entry: Mapping[str, Any]) -> bool:
    path = folder / entry["path"]
    return path.is_file() and sha256(path) == str(entry["sha256"])


def _under(path: Path, settings: Plan, folder: Path) -> Path:
    return folder / path.relative_to(settings.folder) if path.is_relative_to(settings.folder) else path


def _as_recorded(inputs: StudyInputs, record: Mapping[str, Any]) -> bool:
    """Say whether all that was read now is what was read then, and nothing else."""
    now = sorted((file.input, file.sha256) for file in inputs.files)
    then = [(entry["input"], entry["sha256"]) for entry in record["inputs"] if is_table(entry["input"])]
    return now == sorted(then)
