"""A job from a plan file to a run folder that is either whole or not there.

Everything is written into a temporary folder beside the target and moved into place at the end; ``run.json`` is
written last and names every other file with its hash.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyogrio.errors import DataLayerError, DataSourceError

from planning import export, plan, study
from planning.errors import Fault, InputRefused, MachineFailed, WrongUsage, refuse
from planning.runs import _documents
from planning.runs._documents import check_template as check_template
from planning.runs._examine import examine as examine
from planning.runs._examine import inputs_of as inputs_of
from planning.runs._examine import report_data as report_data
from planning.runs._examine import standard_of as standard_of
from planning.runs._record import beside as beside
from planning.runs._record import digest as digest
from planning.runs._record import foreign, is_sealed, outputs, seal, write_json
from planning.runs._record import parameters as parameters
from planning.runs._record import run_identity as run_identity
from planning.runs._record import write_record as write_record
from planning.runs._target import SCHEMA as SCHEMA
from planning.runs._target import folder_in_place as folder_in_place
from planning.runs._target import is_run_folder as is_run_folder
from planning.runs._target import put_back, recorded, refuse_foreign, refuse_inputs_inside
from planning.runs._workplace import copy_sample as copy_sample
from planning.runs._workplace import machine as machine
from planning.runs._workplace import open_app as open_app
from planning.sources import kept
from planning.study import StudyInputs, StudyResult

NEARLY_FULL_B: Final = 1 << 20
_READING: Final = ("read", "network", "coverage", "compliance", "siting", "layers")
_WRITING: Final = ("export", "atlas", "report", "webmap")
STEPS: Final = ("check", "coverage", "compliance", "siting", "report", "atlas", "webmap", "export")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunFolder:
    """A finished run: where it is and what it found."""

    folder: Path
    run_id: str
    result: StudyResult
    faults: tuple[Fault, ...] = ()  # what was met on the way in, and what kept the atlas from being drawn


def load(path: str | Path, *, progress: Progress | None = None) -> StudyInputs:
    """Read a plan file and everything it names.

    Raises
    ------
    InputRefused
        With every fault of the plan, the standard and the files, warnings included.
    """
    if progress is not None:
        progress("read")
    return load_settings(plan.read(path))


def load_settings(settings: plan.Plan) -> StudyInputs:
    """Read everything that a plan names.

    Raises
    ------
    InputRefused
        As `load`.
    """
    standard, faults = standard_of(settings)
    wrong = export.check_schemas(settings)
    try:
        intake = kept.read(settings)
    except InputRefused as error:
        raise InputRefused((*settings.warnings, *faults, *wrong, *error.faults)) from None
    if standard is None or wrong:
        raise InputRefused((*settings.warnings, *faults, *wrong, *intake.faults))
    return inputs_of(settings, standard, intake)


def run(
    path: str | Path, *, out: str | Path | None = None, only: str | None = None, progress: Progress | None = None
) -> RunFolder:
    """Run the plan and write its run folder.

    Parameters
    ----------
    path
        The plan file.
    out
        The run folder; ``out`` beside the plan by default. An earlier run folder is replaced whole.
    only
        One of `STEPS`: do that step and what it needs, and write only their parts.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    InputRefused
        The plan, its files or ``out`` cannot be used; nothing is written.
    MachineFailed
        Disk or memory ran out; nothing is left half-written.
    """
    if only is not None and only not in STEPS:
        raise WrongUsage(Fault("unknown_step", value=only, facts={"known": ", ".join(STEPS)}))
    target = Path(out) if out is not None else Path(path).resolve().parent / "out"
    put_back(target)
    refuse_foreign(target)
    watch = _Watch(progress or (lambda _step: None))
    inputs = load(path, progress=watch)
    refuse_inputs_inside(target, inputs.plan)
    refuse(check_template(inputs.plan))
    result = study.run(inputs, progress=watch, parts=_parts(only))
    with machine_faults(target), folder_in_place(target) as folder:
        faults = (*result.inputs.faults, *_write_files(result, folder, only, watch))
        run_id = seal(result, folder, faults)
        write_json(folder / "timing.json", {**watch.record(), "folder": str(inputs.plan.folder)})
    return RunFolder(folder=target, run_id=run_id, result=result, faults=faults)


def write(result: StudyResult, out: str | Path, *, more: Callable[[Path], Iterable[Fault] | None] | None = None) -> str:
    """Write the figures of a result, ``summary.json`` and ``results.gpkg``, as a run folder; return the run id.

    Parameters
    ----------
    result
        From `planning.study.run`.
    out
        The run folder; an earlier one is replaced whole.
    more
        Writes further files into the folder before they are all listed, and returns what kept it from some.
    """
    target = Path(out)
    refuse_foreign(target)
    with folder_in_place(target) as folder:
        write_json(folder / "summary.json", result.summary)
        export.geopackage(result, folder / "results.gpkg")
        faults = () if more is None else more(folder) or ()
        return seal(result, folder, (*result.inputs.faults, *faults))


def write_documents(result: StudyResult, folder: Path) -> tuple[Fault, ...]:
    """Write all that a whole run writes beside its figures into a folder, as the plan's ``[output]`` asks for it.

    Returns
    -------
    tuple of Fault
        What kept exchange files from being written or the atlas from being drawn.
    """
    faults: tuple[Fault, ...] = ()
    if result.inputs.plan.output.edition != "public":
        faults += export.exchange(result, folder / "exports", run_id=run_identity(result))
    faults += _write_atlas(result, folder, alone=False)
    if result.inputs.plan.output.edition != "public":
        _documents.write(result, run_identity(result), folder)
    _write_webmap(result, folder)
    return faults


def check(path: str | Path) -> tuple[tuple[Fault, ...], Mapping[str, Mapping[str, int]]]:
    """Read everything a plan names and return every fault, errors and warnings, and the count of rows by input."""
    found = examine(path)
    return found.faults, found.counts


def steps(only: str | None = None) -> tuple[str, ...]:
    """Return the names that `run` says as it goes, in order."""
    written = _WRITING if only is None else tuple(name for name in _WRITING if name == only) or ("export",)
    return (*_READING, *written)


def verify(folder: str | Path) -> tuple[str, ...]:
    """Hash the files of a run folder again; return the names of those that are missing, changed or unknown.

    ``run.json`` is held against itself: the run id is a hash of plan, parameters, inputs and versions, and
    ``record_sha256`` one of all it says. A link in place of a file is named even where its target is the same, for that
    can change unseen. Of a geodatabase and a drawing the content is hashed, not the indexes beside it.

    Raises
    ------
    InputRefused
        If the folder holds no ``run.json`` of this tool.
    """
    folder = Path(folder)
    said = recorded(folder)
    if said is None:
        raise InputRefused(Fault("not_a_run_folder", file=folder.name))
    found = {entry["path"]: entry["sha256"] for entry in outputs(folder)}
    changed = {name for name in said.keys() | found.keys() if said.get(name) != found.get(name)}
    return tuple(sorted(changed | foreign(folder) | (set() if is_sealed(folder) else {"run.json"})))


# ------------------------------------------------------------------------------------------------------- what is done


def _parts(only: str | None) -> frozenset[str]:
    """Return the analyses that a step needs."""
    needs = {
        "check": frozenset[str](),
        "coverage": frozenset({"coverage"}),
        "compliance": frozenset({"compliance"}),
        "siting": frozenset({"coverage", "siting"}),
    }
    return needs.get(only or "", study.PARTS)


def _write_files(result: StudyResult, folder: Path, only: str | None, watch: _Watch) -> tuple[Fault, ...]:
    """Write the parts asked for, ``summary.json`` always; return what kept the atlas from being drawn."""
    everything = only is None
    whole = everything and result.inputs.plan.output.edition != "public"  # layers and tables are not for the public
    faults: tuple[Fault, ...] = ()
    write_json(folder / "summary.json", result.summary)
    if whole or only in ("coverage", "compliance", "siting", "export", "check"):
        watch("export")
        faults += _write_layers(result, folder, only)
    if everything or only == "atlas":
        watch("atlas")
        faults += _write_atlas(result, folder, alone=only == "atlas")
    if whole or only == "report":
        watch("report")
        _documents.write(result, run_identity(result), folder)
    if everything or only == "webmap":
        watch("webmap")
        _write_webmap(result, folder)
    return faults


def _write_webmap(result: StudyResult, folder: Path) -> None:
    from planning import webmap  # nor the map's libraries

    page = webmap.page(result, language=result.inputs.plan.output.language, run_id=run_identity(result))
    (folder / "map.html").write_text(page, encoding="utf-8", newline="\n")


def _write_layers(result: StudyResult, folder: Path, only: str | None) -> tuple[Fault, ...]:
    """Write ``results.gpkg``, and the exchange files of a whole run; what those cannot hold stops only them."""
    export.geopackage(result, folder / "results.gpkg")
    if only not in (None, "export"):
        return ()
    faults = export.exchange(result, folder / "exports", run_id=run_identity(result))
    if only is not None:
        refuse(faults)
    return faults


def _write_atlas(result: StudyResult, folder: Path, *, alone: bool) -> tuple[Fault, ...]:
    """Draw the atlas; a name it cannot print stops the atlas, but not the figures of a whole run."""
    from planning import atlas  # matplotlib takes a second to load, and most commands draw nothing

    try:
        atlas.write(result, run_identity(result), folder)
    except InputRefused as refused:
        if alone:
            raise
        (folder / "atlas.pdf").unlink(missing_ok=True)
        shutil.rmtree(folder / "maps", ignore_errors=True)
        return refused.faults
    return ()


# ------------------------------------------------------------------------------------------------- whole or not at all


@contextlib.contextmanager
def machine_faults(target: Path) -> Iterator[None]:
    """Turn a full disk, a read-only folder or exhausted memory into a sentence."""
    try:
        yield
    except MemoryError:
        raise MachineFailed(Fault("machine_memory")) from None
    except OSError as error:
        raise MachineFailed(_not_written(error, target)) from error
    except zlib.error as error:  # a PDF that could not be written cannot be closed either, and says but the latter
        if not isinstance(error.__context__, OSError):
            raise
        raise MachineFailed(_not_written(error.__context__, target)) from error
    except (DataSourceError, DataLayerError, sqlite3.Error) as error:  # GDAL says what failed, rarely that the disk did
        full = os.strerror(errno.ENOSPC) in str(error) or shutil.disk_usage(target.parent).free < NEARLY_FULL_B
        code = "machine_disk_full" if full else "machine_write"
        raise MachineFailed(Fault(code, file=target.name, value=str(error)[:200])) from error


def _not_written(error: OSError, target: Path) -> Fault:
    code = "machine_disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "machine_write"
    return Fault(code, file=target.name, value=error.strerror or str(error))


class _Watch:
    """Pass steps on to the listener and remember how long each took."""

    def __init__(self, listener: Progress) -> None:
        self._listener = listener
        self._marks: list[tuple[str, float]] = []
        self._start = time.perf_counter()

    def __call__(self, step: str) -> None:
        self._marks.append((step, time.perf_counter()))
        self._listener(step)

    def record(self) -> dict[str, Any]:
        """Return the seconds of each step and of the whole; the only place where time and machine are written."""
        end = time.perf_counter()
        stops = [mark for _, mark in self._marks[1:]] + [end]
        steps = [
            {"step": step, "seconds": round(stop - mark, 3)}
            for (step, mark), stop in zip(self._marks, stops, strict=True)
        ]
        return {"seconds": round(end - self._start, 3), "steps": steps, "workers": 1, "machine": platform.platform()}
