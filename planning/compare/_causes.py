"""Room `planning.compare`: what differs between two runs, key by key, and which cause each key belongs to.

Every key of a plan and every input belongs to exactly one cause, so that switching a cause switches all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from planning.plan import INPUTS

Cause = Literal["data", "network", "standard", "parameter", "siting", "program"]

CAUSES: Final[tuple[Cause, ...]] = ("data", "network", "standard", "parameter", "siting")
ALL_CAUSES: Final[tuple[Cause, ...]] = (*CAUSES, "program")
NETWORK_TABLES: Final = ("roads", "barriers")
SITING_TABLES: Final = ("candidates", "hazards", "places", "land_use", "parcels")
_ONLY_DRAW: Final = ("matplotlib", "xlsxwriter")  # libraries that no figure passes through
_WHERE_IT_LAY: Final = ("path", "table")
_TOLD_ELSEWHERE: Final = (
    "run_id", "schema", "tool", "plan", "plan_text", "parameters", "defaults", "standard", "crs", "inputs", "versions",
    "solver", "faults", "outputs", "record_sha256",
)  # fmt: skip
_SEEN: Final = ("sha256", "layer", "encoding", "rows")


@dataclass(frozen=True)
class Difference:
    """One key in which two runs differ; ``cause`` is empty where no figure can depend on it."""

    cause: Cause | Literal[""]
    key: str
    a: str
    b: str


def is_table(name: str) -> bool:
    """Say whether an input is a table of the plan or its attribute table, and no template or house style."""
    return name.partition(".")[0] in INPUTS


def cause_of_table(name: str) -> Cause:
    """Return the cause an input belongs to; ``residential.table`` belongs where ``residential`` does."""
    base = name.partition(".")[0]
    if base in NETWORK_TABLES:
        return "network"
    return "siting" if base in SITING_TABLES else "data"


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return every key in which two records of runs differ, by cause, then key."""
    mine, other = dict(_keys(a)), dict(_keys(b))
    found = [
        Difference(cause, key, mine.get((cause, key), ""), other.get((cause, key), ""))
        for cause, key in mine.keys() | other.keys()
        if mine.get((cause, key)) != other.get((cause, key))
    ]
    order = {cause: place for place, cause in enumerate((*ALL_CAUSES, ""))}
    return tuple(sorted(found, key=lambda one: (order[one.cause], one.key)))


def differing(found: tuple[Difference, ...]) -> tuple[Cause, ...]:
    """Return the causes that really differ, in the order of `ALL_CAUSES`."""
    there = {one.cause for one in found}
    return tuple(cause for cause in ALL_CAUSES if cause in there)


def _keys(record: Mapping[str, Any]) -> Iterator[tuple[tuple[Cause | Literal[""], str], str]]:
    """Yield ``(cause, key), value`` of everything a record holds that a figure could depend on."""
    parameters = record["parameters"]
    for name in dict.fromkeys(entry["input"] for entry in record["inputs"] if entry["input"] != "plan"):
        files = [entry for entry in record["inputs"] if entry["input"] == name]
        yield (cause_of_table(name) if is_table(name) else "", f"inputs.{name}"), "\n".join(map(_file, files))
    for name, spec in parameters["inputs"].items():
        for key, value in spec.items():
            if key not in _WHERE_IT_LAY:
                yield (cause_of_table(name), f"inputs.{name}.{key}"), _text(value)
    for section, cause in (("walk", "parameter"), ("standards", "standard"), ("siting", "siting")):
        for key, value in parameters[section].items():
            if value is not None:
                yield (cause, f"{section}.{key}"), _text(value)  # type: ignore[misc]
    yield ("standard", "plan.standard"), str(record["standard"]["id"])
    yield ("standard", "plan.standard.content"), str(record["standard"]["sha256"])
    yield ("standard", "plan.as_of"), str(parameters["as_of"])
    for name, version in record["versions"].items():
        yield ("" if name in _ONLY_DRAW else "program", f"versions.{name}"), str(version)
    yield ("", "plan.name"), str(record["plan"]["name"])
    yield ("", "plan.crs"), _text(parameters["crs"])
    yield ("", "plan.notes"), _text(parameters["notes"])
    for key, value in parameters["output"].items():
        yield ("", f"output.{key}"), _text(value)
    for key, value in record.items():
        if key not in _TOLD_ELSEWHERE:
            yield ("parameter", key), _text(value)


def _file(entry: Mapping[str, Any]) -> str:
    """Return what tells one file of an input from another, wherever it lies and whatever it is called."""
    return " ".join(str(entry.get(name, "")) for name in _SEEN if entry.get(name, "") != "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    """Return a value with 200.0 written as 200: the same number, stated or by default, is no difference."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
