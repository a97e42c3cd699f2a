"""Room `planning.scenario`: a scenario as a plan file with the tables it changes, which a run reproduces."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import geopandas as gpd

from planning.errors import Fault, MachineFailed
from planning.plan import Plan
from planning.scenario._apply import applied, edited_tables
from planning.scenario._value import Scenario
from planning.study import StudyInputs

PLAN: Final = "plan.toml"
_OF_TABLE: Final = ("path", "table")


def export(inputs: StudyInputs, scenario: Scenario, folder: Path) -> Path:
    """Write a scenario as a plan of its own and return the plan file.

    Beside it stand the tables that the scenario changes, as GeoParquet in the metric CRS; every other file is named
    where it lies. Equal scenarios of equal plans give equal bytes.

    Parameters
    ----------
    inputs
        Of the plan, as read or as a run settled them.
    folder
        Made where it is not there; files of an earlier export are replaced.

    Raises
    ------
    InputRefused
        As `planning.scenario.applied`; nothing is written.
    MachineFailed
        Disk full, folder not writable.
    """
    found = applied(inputs, scenario)
    written = [name for name in edited_tables(scenario.state) if name in found.tables]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in written:
            _write_table(found.tables[name], folder / f"{name}.parquet")
        path = folder / PLAN
        path.write_text(plan_text(found, written, folder), encoding="utf-8", newline="\n")
    except OSError as error:
        raise MachineFailed(Fault("machine_write", file=folder.name, value=error.strerror or str(error))) from error
    return path


def _write_table(table: gpd.GeoDataFrame, path: Path) -> None:
    plain = table.drop(columns=[name for name in table.columns if name == "source_row" or name.startswith("_")])
    plain.to_parquet(path, index=False)


def plan_text(found: StudyInputs, written: list[str], folder: Path) -> str:
    """Return the plan file of a scenario: the plan's own with what the scenario changes, paths seen from ``folder``.

    Parameters
    ----------
    found
        The inputs as the scenario has them.
    written
        The inputs that stand beside the plan file.
    """
    plan = found.plan
    words = tomllib.loads((plan.folder / plan.file).read_text(encoding="utf-8-sig"))
    words.pop("province", None)
    head = {**words["plan"], "name": plan.name, "standard": _standard(plan, folder), "as_of": plan.as_of,
            "crs": found.crs.to_string()}  # fmt: skip
    inputs = {name: _moved(spec, plan.folder, folder) for name, spec in words["inputs"].items() if name not in written}
    inputs |= {name: {"path": f"{name}.parquet"} for name in written}
    walk = {**words.get("walk", {}), "minutes": list(plan.walk.minutes), "speed_m_per_s": plan.walk.speed_m_per_s}
    siting: dict[str, Any] = {"level": plan.siting.level}
    if plan.siting.p is not None:
        siting |= {
            "model": plan.siting.model,
            "p": plan.siting.p,
            "minutes": plan.siting.minutes,
            "demand": plan.siting.demand,
            "time_limit_s": plan.siting.time_limit_s,
            "explain": False,
        }
    rest = {name: part for name, part in words.items() if name not in ("plan", "inputs", "walk", "siting", "output")}
    output = dict(words.get("output", {}))
    output |= {key: _seen(output[key], plan.folder, folder) for key in ("style", "template") if key in output}
    return toml({"plan": head, "inputs": inputs, "walk": walk, "siting": siting, **rest, "output": output})


def _standard(plan: Plan, folder: Path) -> str:
    return _seen(plan.standard, plan.folder, folder) if plan.standard.lower().endswith(".toml") else plan.standard


def _moved(spec: Mapping[str, Any], home: Path, folder: Path) -> dict[str, Any]:
    """Return an input with its paths seen from another folder."""
    return {key: _seen(value, home, folder) if key in _OF_TABLE else value for key, value in spec.items()}


def _seen(path: str, home: Path, folder: Path) -> str:
    """Return a path of the plan as it is seen from ``folder``; from another drive of Windows as a whole."""
    there = (home / path.replace("\\", "/")).resolve()
    try:
        return Path(os.path.relpath(there, folder.resolve())).as_posix()
    except ValueError:
        return there.as_posix()


# --------------------------------------------------------------------------------------------------------------- TOML


def toml(content: Mapping[str, Any]) -> str:
    """Return plain content as TOML: a heading for each table that holds no other, deeper ones inline."""
    return "\n".join(_tables(content)) + "\n"


def _tables(content: Mapping[str, Any]) -> Iterator[str]:
    for name, table in content.items():
        if not table:
            continue
        yield f"[{_key(name)}]"
        yield from (f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None)
        yield ""


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
