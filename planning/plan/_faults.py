"""Room `plan`: everything that can be wrong with the keys of a plan file, said at once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planning.errors import Fault
from planning.plan import _screen
from planning.plan._keys import NEEDED_INPUTS, SECTIONS

_NEEDED: Final = ("plan.name", "plan.standard", *(f"inputs.{name}.path" for name in NEEDED_INPUTS))

_PATHS: Final = (("plan", "standard"), ("output", "template"), ("output", "style"), ("output", "schemas"))
_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 4000
_SHOWN: Final = 60


def find(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Return every fault of the keys and values of a plan document."""
    siting = words.get("siting")
    screening = _screen.faults(siting, file) if isinstance(siting, Mapping) else []
    return [*_unknown_keys(words, file), *_missing_keys(words, file), *_wrong_values(words, file), *screening]


def _unknown_keys(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Name each key the contract does not know, with the nearest it knows."""
    faults = []
    for section, table in _sections(words):
        known = SECTIONS.get(section)
        if known is None:
            faults.append(_unknown(section, list(dict.fromkeys([*SECTIONS, "inputs"])), file))
        elif not isinstance(table, Mapping):
            faults.append(Fault("plan_not_a_table", file=file, column=section, value=repr(table)))
        else:
            faults += [
                _unknown(f"{section}.{key}", [f"{section}.{word}" for word in known], file)
                for key in table
                if key not in known
            ]
    return faults


def _sections(words: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the tables of the file under dotted names; ``[inputs.roads]`` is one of them."""
    found: list[tuple[str, Any]] = []
    for name, table in words.items():
        if name == "inputs" and isinstance(table, Mapping):
            found += [(f"inputs.{inner}", spec) for inner, spec in table.items()]
        elif name == "siting" and isinstance(table, Mapping) and isinstance(table.get("robustness"), Mapping):
            found.append((name, {key: value for key, value in table.items() if key != "robustness"}))
            found.append(("siting.robustness", table["robustness"]))
        else:
            found.append((name, table))
    return found


def _unknown(key: str, known: list[str], file: str) -> Fault:
    section, _, last = key.rpartition(".")
    everywhere = [f"{name}.{word}" for name, table in SECTIONS.items() for word in table]
    misplaced = [word for word in everywhere if word.rpartition(".")[2] == last]
    longer = [word for word in known if word.startswith(f"{key}_")]  # speed: speed_m_per_s, not spread
    near = misplaced if len(misplaced) == 1 else longer or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    near = near or misplaced or [word for word in everywhere if word.rpartition(".")[0] == section]
    return Fault("plan_unknown_key", file=file, column=key, value=key, facts={"nearest": near[0] if near else known[0]})


def _missing_keys(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Name each key that a plan cannot do without."""
    tables = {name: table for name, table in _sections(words) if isinstance(table, Mapping)}
    needed = [*_NEEDED, *(f"{name}.path" for name in tables if name.startswith("inputs.") and name in SECTIONS)]
    return [
        Fault("plan_missing_key", file=file, column=key)
        for key in dict.fromkeys(needed)
        if key.rpartition(".")[2] not in tables.get(key.rpartition(".")[0], {})
    ]


def _wrong_values(words: Mapping[str, Any], file: str) -> list[Fault]:
    """Name each value that is not of its key's kind."""
    faults = []
    for section, table in _sections(words):
        for key, value in table.items() if isinstance(table, Mapping) else ():
            kind = SECTIONS.get(section, {}).get(key)
            if kind is not None and not kind.accepts(value):
                facts = {"expected_zh": kind.zh, "expected_en": kind.en}
                faults.append(
                    Fault("plan_bad_value", file=file, column=f"{section}.{key}", value=_quoted(value), facts=facts)
                )
            elif key in ("path", "table") and isinstance(value, str) and not _is_plain_path(value):
                faults.append(Fault("plan_path_refused", file=file, column=f"{section}.{key}", value=value[:200]))
            elif (section, key) in _PATHS or key in ("path", "table"):
                faults += _too_long(f"{section}.{key}", value, file)
    return faults


def _too_long(key: str, value: Any, file: str) -> Iterator[Fault]:
    """Yield a fault for each path that no file can have: asking for it would be an error of the machine."""
    for path in value if isinstance(value, list) else [value]:
        parts = [_length(part) for part in re.split(r"[/\\]", str(path))]
        if max(parts) > _LONGEST_NAME or sum(parts) + len(parts) > _LONGEST_PATH:
            yield Fault("plan_path_long", file=file, column=key, value=f"{str(path)[:_SHOWN]}…")


def _length(name: str) -> int:
    """Return how long a name is as the system counts: letters on Windows, bytes elsewhere."""
    return len(name) if os.name == "nt" else len(name.encode("utf-8", "surrogatepass"))


def _quoted(value: object) -> str:
    """Return a value as the plan writes it: a text in quotes, for "3" is refused where 3 is meant."""
    return f'"{value}"' if isinstance(value, str) else str(value)


def _is_plain_path(path: str) -> bool:
    """Say whether ``path`` names a file and nothing else: no address, virtual file system, connection or inline XML."""
    lowered = path.strip().lower()
    return not (
        "://" in lowered
        or lowered.startswith(
            ("/vsi", "\\vsi", "<", "{", "pg:", "postgresql:", "mysql:", "mongodb", "file:", "http:", "https:")
        )
        or "\n" in path
        or "\0" in path
    )
