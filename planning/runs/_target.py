"""Room `planning.runs`: the folder a run is written into, and what may be replaced there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from planning.errors import Fault, InputRefused
from planning.plan import Plan

TOOL: Final = "planning"


def is_run_folder(folder: Path) -> bool:
    """Say whether ``folder`` holds a finished run of this tool."""
    return recorded(folder) is not None


def recorded(folder: Path) -> Mapping[str, str] | None:
    """Return the hash of every file of a finished run as ``run.json`` has it, None where there is no such record."""
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
        outputs = {str(entry["path"]): str(entry["sha256"]) for entry in record["outputs"]}
        return outputs if record["tool"] == TOOL and record["run_id"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def refuse_foreign(target: Path) -> None:
    """Refuse to replace anything but an earlier run folder."""
    if target.is_file() or (target.is_dir() and any(target.iterdir()) and not is_run_folder(target)):
        raise InputRefused(Fault("out_not_empty", file=target.name, value=str(target)))


def refuse_inputs_inside(target: Path, settings: Plan) -> None:
    """Refuse a folder in which the plan or one of its files lies: replacing it would delete them."""
    named = [settings.folder / settings.file, settings.folder / settings.standard]
    named += [path for spec in settings.inputs.values() for path in (spec.file, spec.table_file) if path is not None]
    inside = [path.name for path in named if path.exists() and path.resolve().is_relative_to(target.resolve())]
    if inside:
        value = "、".join(dict.fromkeys(inside))
        raise InputRefused(Fault("out_holds_inputs", file=target.name, value=value))
