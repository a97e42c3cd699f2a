"""Room `runs`: what ``run.json`` says: parameters, every file in and out with its hash, versions, the run id."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from planning import RESULTS_CHANGED, __version__, export, house, plan
from planning.errors import Fault
from planning.runs import _documents
from planning.runs._target import SCHEMA, TOOL
from planning.sources.draft import sha256
from planning.study import StudyResult

SEAL: Final = "record_sha256"
"""The key under which ``run.json`` holds the hash of all the rest of it."""
BESIDE: Final = frozenset({"run_id", "schema", "solver", "plan_text", "faults", "outputs", SEAL})
"""What stands in ``run.json`` beside what the run id is made from."""
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


def seal(result: StudyResult, folder: Path, faults: Iterable[Fault]) -> str:
    """Write ``run.json`` and return the run id."""
    record, run_id = _identity(result), run_identity(result)
    record["solver"] = result.summary.get("siting")
    record["plan_text"] = (result.inputs.plan.folder / result.inputs.plan.file).read_bytes().decode("utf-8")
    record["faults"] = [fault.as_dict() for fault in faults]
    record["outputs"] = outputs(folder)
    write_record(folder, {"run_id": run_id, "schema": SCHEMA, **record})
    return run_id


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write ``run.json`` with the hash of all that it says."""
    write_json(folder / "run.json", {**record, SEAL: digest(record)})


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
            *beside(inputs.plan),
            *(plain(asdict(file)) for file in inputs.files),
        ],
        "versions": _versions(),
        **({"levels": list(inputs.levels)} if inputs.levels else {}),
    }


def parameters(settings: plan.Plan) -> dict[str, Any]:
    """Return every parameter of the plan, defaults filled in, as plain values."""
    walk, siting, output = asdict(settings.walk), asdict(settings.siting), asdict(settings.output)
    found: dict[str, Any] = plain(
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


def beside(settings: plan.Plan) -> list[dict[str, str]]:
    """Return the files that documents are made with, template, house style and schemas, with their hashes."""
    return [*_documents.entries(settings), *_style_entries(settings), *_schema_entries(settings)]


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


def outputs(folder: Path) -> list[dict[str, str]]:
    """Return every file of the run but ``run.json`` and ``timing.json``, by name, with its hash.

    Of geodatabases and drawings it is that of their content, for their bytes hold clocks and random ids.
    """
    by_content = {path for path in folder.rglob("*") if export.is_by_content(path)}
    files = {path for path in folder.rglob("*") if path.is_file() and by_content.isdisjoint(path.parents)}
    names = [(path, path.relative_to(folder).as_posix()) for path in sorted(files | by_content)]
    return [
        {"path": name, "sha256": export.content_sha256(path) if path in by_content else sha256(path)}
        for path, name in names
        if name not in ("run.json", "timing.json")
    ]


def foreign(folder: Path) -> set[str]:
    """Return what no run writes: links, whose target may change unseen, and folders without a file."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or (path.is_dir() and not any(path.iterdir()))]
    return {path.relative_to(folder).as_posix() for path in found}


def _versions() -> dict[str, str]:
    own = {"python": platform.python_version(), "yanglao-planning": __version__, "results_changed": RESULTS_CHANGED}
    return own | {name: version(name) for name in _LIBRARIES}


# ------------------------------------------------------------------------------------------------- plain content


def write_json(path: Path, content: Any) -> None:
    path.write_text(
        json.dumps(plain(content), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
        encoding="utf-8",
        newline="\n",
    )


def is_sealed(folder: Path) -> bool:
    """Say whether ``run.json`` is as it was written, its run id its own, and its plan the one that was hashed."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    if record.get(SEAL) != digest({key: value for key, value in record.items() if key != SEAL}):
        return False
    beside = BESIDE - {"schema"} if record.get("province") else BESIDE
    if record["run_id"] != digest({key: value for key, value in record.items() if key not in beside})[:12]:
        return False
    text = record.get("plan_text")
    held = {"input": "plan", "sha256": hashlib.sha256(str(text).encode("utf-8", "surrogatepass")).hexdigest()}
    return text is None or any(held.items() <= dict(entry).items() for entry in record.get("inputs", ()))


def digest(content: Any) -> str:
    """Return the hash of plain content, whatever the order of its keys."""
    text = json.dumps(plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(content: Any) -> Any:
    """Return ``content`` in the types JSON knows; dates as ISO text."""
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if isinstance(content, date):
        return content.isoformat()
    if isinstance(content, Path):
        return content.as_posix()
    if isinstance(content, Decimal):
        return str(content)
    return content.item() if hasattr(content, "item") else content
