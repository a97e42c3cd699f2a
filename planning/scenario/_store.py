"""Room `planning.scenario`: scenarios as files beside the plan, whole or not there, under names safe anywhere."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Final

from planning.errors import Fault, InputRefused, MachineFailed
from planning.scenario._text import MOST_B, from_json, to_json
from planning.scenario._value import Scenario

FOLDER: Final = "scenarios"
_LONGEST: Final = 60
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def stem(name: str) -> str:
    """Return the file name for a scenario's name, without its ending, fit for Windows and for every other system.

    A name that has to be altered for it carries the start of its hash, so that two names never share a file. Names
    that differ only in upper and lower case do share one, for Windows makes no difference there.
    """
    plain = unicodedata.normalize("NFC", name).strip()
    safe = _UNSAFE.sub("_", plain).rstrip(". ")[:_LONGEST].rstrip(". ")
    safe = f"_{safe}" if _DEVICES.match(safe) or safe.startswith(".") or not safe else safe
    return safe if safe == plain else f"{safe}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"


def path_of(plan_folder: Path, name: str) -> Path:
    """Return where a scenario of that name is kept."""
    return plan_folder / FOLDER / f"{stem(name)}.json"


def save(scenario: Scenario, plan_folder: Path, *, new: bool = False, known: Scenario | None = None) -> Path:
    """Write a scenario beside its plan and return the file; one that is there is replaced whole.

    Parameters
    ----------
    new
        Refuse to replace another scenario of that name.
    known
        What the file held when it was read or written last; refuse to replace anything else, for somebody has edited
        it meanwhile, in another window or by hand.

    Raises
    ------
    InputRefused
        ``scenario_name`` for a name without a letter, ``scenario_exists`` where ``new`` and the file is there,
        ``scenario_changed`` where it is there and not as ``known``.
    MachineFailed
        Disk full, folder not writable; what was there before still is.
    """
    if not scenario.name.strip():
        raise InputRefused(Fault("scenario_name", value=scenario.name))
    path = path_of(plan_folder, scenario.name)
    if new and path.exists():
        raise InputRefused(Fault("scenario_exists", file=path.name, value=scenario.name))
    if known is not None and path.exists() and not _holds(path, known):
        raise InputRefused(Fault("scenario_changed", file=path.name, value=scenario.name))
    try:
        _replace(path, to_json(scenario).encode("utf-8"))
    except OSError as error:
        raise MachineFailed(Fault("machine_write", file=path.name, value=error.strerror or str(error))) from error
    return path


def _holds(path: Path, known: Scenario) -> bool:
    """Say whether a file holds a scenario, however it is laid out."""
    try:
        return to_json(load(path)) == to_json(known)
    except InputRefused:
        return False


def load(path: Path) -> Scenario:
    """Read a scenario's file.

    Raises
    ------
    InputRefused
        ``scenario_unreadable`` where the file cannot be read, is larger than 4 MB or not UTF-8; else as `from_json`.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_B + 1)
        if len(content) > MOST_B:
            raise InputRefused(Fault("scenario_unreadable", file=path.name, value=f"> {MOST_B} B"))
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(Fault("scenario_unreadable", file=path.name, value=type(error).__name__)) from None
    return from_json(text, file=path.name)


def saved(plan_folder: Path) -> tuple[tuple[Scenario, ...], tuple[Fault, ...]]:
    """Return the scenarios kept beside a plan, by name, and the faults of files that are none."""
    found: list[Scenario] = []
    faults: list[Fault] = []
    for path in sorted((plan_folder / FOLDER).glob("*.json")):
        try:
            found.append(load(path))
        except InputRefused as refused:
            faults += refused.faults
    return tuple(sorted(found, key=lambda one: one.name)), tuple(faults)


def rename(scenario: Scenario, plan_folder: Path, name: str) -> Scenario:
    """Give a saved scenario another name.

    Raises
    ------
    InputRefused
        As `save`.
    """
    renamed, old = replace(scenario, name=name.strip()), path_of(plan_folder, scenario.name)
    path = save(renamed, plan_folder, new=stem(name).casefold() != old.stem.casefold())
    if path.name != old.name and not (path.exists() and old.exists() and path.samefile(old)):
        old.unlink(missing_ok=True)
    return renamed


def delete(plan_folder: Path, name: str) -> None:
    """Remove a saved scenario; one that is not there is no fault."""
    path_of(plan_folder, name).unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside the target and give it the target's name once its bytes are on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=".", suffix=".unfinished", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    finally:
        Path(beside).unlink(missing_ok=True)
