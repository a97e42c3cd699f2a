"""A job from a plan file to a run folder that is either whole or not there.

Everything is written into a temporary folder beside the target and moved into place at the end; ``run.json`` is
written last and names every other file with its hash.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import platform
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pyogrio.errors import DataLayerError, DataSourceError

from planning import RESULTS_CHANGED, __version__, export, house, plan, sources, study, webmap
from planning.errors import Fault, InputRefused, MachineFailed, WrongUsage, refuse
from planning.runs import _documents
from planning.runs._examine import examine as examine
from planning.runs._examine import inputs_of as inputs_of
from planning.runs._examine import standard_of as standard_of
from planning.runs._examine import report_data as report_data
from planning.runs._target import SCHEMA as SCHEMA
from planning.runs._target import TOOL, put_back, recorded, refuse_foreign, refuse_inputs_inside
from planning.runs._target import folder_in_place as folder_in_place
from planning.runs._target import is_run_folder as is_run_folder
from planning.runs._workplace import copy_sample as copy_sample
from planning.runs._workplace import machine as machine
from planning.runs._workplace import open_app as open_app
from planning.sources.draft import sha256
from planning.study import StudyInputs, StudyResult

NEARLY_FULL_B: Final = 1 << 20
_READING: Final = ("read", "network", "coverage", "compliance", "siting", "layers")
_WRITING: Final = ("export", "atlas", "report", "webmap")
STEPS: Final = ("check", "coverage", "compliance", "siting", "report", "atlas", "webmap", "export")
_LIBRARIES: Final = (
    "ezdxf",
    "geopandas",
    "highspy",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pyogrio",
    "pyproj",
    "python-docx",
    "scipy",
    "shapely",
    "xlsxwriter",
)
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
        intake = sources.read(settings)
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
    refuse(_documents.check(inputs.plan))
    result = study.run(inputs, progress=watch, parts=_parts(only))
    with machine_faults(target), folder_in_place(target) as folder:
        faults = (*result.inputs.faults, *_write_files(result, folder, only, watch))
        run_id = _seal(result, folder, faults)
        _write_json(folder / "timing.json", {**watch.record(), "folder": str(inputs.plan.folder)})
    return RunFolder(folder=target, run_id=run_id, result=result, faults=faults)


def write(result: StudyResult, out: str | Path, *, more: Callable[[Path], None] | None = None) -> str:
    """Write the figures of a result, ``summary.json`` and ``results.gpkg``, as a run folder; return the run id.

    Parameters
    ----------
    result
        From `planning.study.run`.
    out
        The run folder; an earlier one is replaced whole.
    more
        Writes further files into the folder before they are all listed.
    """
    target = Path(out)
    refuse_foreign(target)
    with folder_in_place(target) as folder:
        _write_json(folder / "summary.json", result.summary)
        export.geopackage(result, folder / "results.gpkg")
        if more is not None:
            more(folder)
        return _seal(result, folder, result.inputs.faults)


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

    Raises
    ------
    InputRefused
        If the folder holds no ``run.json`` of this tool.
    """
    folder = Path(folder)
    said = recorded(folder)
    if said is None:
        raise InputRefused(Fault("not_a_run_folder", file=folder.name))
    found = {entry["path"]: entry["sha256"] for entry in _outputs(folder)}
    return tuple(sorted(name for name in said.keys() | found.keys() if said.get(name) != found.get(name)))


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
    _write_json(folder / "summary.json", result.summary)
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
        language = result.inputs.plan.output.language
        (folder / "map.html").write_text(
            webmap.page(result, language=language, run_id=run_identity(result)), encoding="utf-8", newline="\n"
        )
    return faults


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


def _seal(result: StudyResult, folder: Path, faults: Iterable[Fault]) -> str:
    """Write ``run.json`` and return the run id."""
    record, run_id = _identity(result), run_identity(result)
    record["solver"] = result.summary.get("siting")
    record["plan_text"] = (result.inputs.plan.folder / result.inputs.plan.file).read_bytes().decode("utf-8")
    record["faults"] = [fault.as_dict() for fault in faults]
    record["outputs"] = _outputs(folder)
    _write_json(folder / "run.json", {"run_id": run_id, "schema": SCHEMA, **record})
    return run_id


def run_identity(result: StudyResult) -> str:
    """Return the run id: made of plan, input bytes and versions alone, it is known before anything is written."""
    return digest(_identity(result))[:12]


def _identity(result: StudyResult) -> dict[str, Any]:
    """Return what the run id is made from."""
    inputs = result.inputs
    return {
        "tool": TOOL,
        "plan": {"name": inputs.plan.name, "standard": inputs.plan.standard, "file": inputs.plan.file},
        "parameters": parameters(inputs.plan),
        "defaults": list(inputs.plan.defaults),
        "standard": {
            "id": inputs.standard.id,
            "status": inputs.standard.status,
            "sha256": digest(asdict(inputs.standard)),
        },
        "crs": inputs.crs.to_string(),
        "inputs": [
            _plan_entry(inputs.plan),
            *_documents.entries(inputs.plan),
            *_style_entries(inputs.plan),
            *_schema_entries(inputs.plan),
            *(_plain(asdict(file)) for file in inputs.files),
        ],
        "versions": _versions(),
        **({"levels": list(inputs.levels)} if inputs.levels else {}),
    }


def parameters(settings: plan.Plan) -> dict[str, Any]:
    """Return every parameter of the plan, defaults filled in, as plain values."""
    walk, siting, output = asdict(settings.walk), asdict(settings.siting), asdict(settings.output)
    found: dict[str, Any] = _plain(
        {
            "as_of": settings.as_of,
            "crs": settings.crs,
            "notes": settings.notes,
            "walk": walk,
            "standards": dict(settings.standards),
            "siting": siting,
            "output": output,
            "inputs": {
                name: {
                    key: value
                    for key, value in asdict(spec).items()
                    if key not in ("name", "file", "table_file") and value not in (None, {})
                }
                for name, spec in settings.inputs.items()
            },
        }
    )
    return found


def _style_entries(settings: plan.Plan) -> list[dict[str, str]]:
    """Return the style file and what it names, with their hashes; nothing where the plan names none."""
    if settings.output.style is None:
        return []
    named = [settings.folder / settings.output.style, *house.of(settings).files]
    return [{"input": "style", "path": path.name, "sha256": sha256(path)} for path in named]


def _schema_entries(settings: plan.Plan) -> list[dict[str, str]]:
    """Return the planner's own schema files with their hashes."""
    files = export.schema_files(settings)
    return [{"input": "schema", "path": path.name, "sha256": sha256(path)} for path in files]


def _plan_entry(settings: plan.Plan) -> dict[str, str]:
    return {"input": "plan", "path": settings.file, "sha256": sha256(settings.folder / settings.file)}


def _outputs(folder: Path) -> list[dict[str, str]]:
    """Return every file of the run but ``run.json`` and ``timing.json``, by name, with its hash; of geodatabases and drawings that of
    their content, for their bytes hold clocks and random ids.
    """
    by_content = {path for path in folder.rglob("*") if export.is_by_content(path)}
    files = {path for path in folder.rglob("*") if path.is_file() and by_content.isdisjoint(path.parents)}
    names = [(path, path.relative_to(folder).as_posix()) for path in sorted(files | by_content)]
    return [
        {"path": name, "sha256": export.content_sha256(path) if path in by_content else sha256(path)}
        for path, name in names
        if name not in ("run.json", "timing.json")
    ]


def _versions() -> dict[str, str]:
    own = {"python": platform.python_version(), "yanglao-planning": __version__, "results_changed": RESULTS_CHANGED}
    return own | {name: version(name) for name in _LIBRARIES}


# ------------------------------------------------------------------------------------------------- whole or not at all


@contextlib.contextmanager
def machine_faults(target: Path) -> Iterator[None]:
    """Turn a full disk, a read-only folder or exhausted memory into a sentence."""
    try:
        yield
    except MemoryError:
        raise MachineFailed(Fault("machine_memory")) from None
    except OSError as error:
        code = "machine_disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "machine_write"
        raise MachineFailed(Fault(code, file=target.name, value=error.strerror or str(error))) from error
    except (DataSourceError, DataLayerError, sqlite3.Error) as error:  # GDAL says what failed, not that the disk did
        code = "machine_disk_full" if shutil.disk_usage(target.parent).free < NEARLY_FULL_B else "machine_write"
        raise MachineFailed(Fault(code, file=target.name, value=str(error)[:200])) from error


def _write_json(path: Path, content: Any) -> None:
    path.write_text(
        json.dumps(_plain(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
        encoding="utf-8",
        newline="\n",
    )


def digest(content: Any) -> str:
    """Return the hash of plain content, whatever the order of its keys."""
    text = json.dumps(_plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(content: Any) -> Any:
    """Return ``content`` in the types JSON knows; dates as ISO text."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, date):
        return content.isoformat()
    if isinstance(content, Path):
        return content.as_posix()
    if isinstance(content, Decimal):
        return str(content)
    return content.item() if hasattr(content, "item") else content


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
