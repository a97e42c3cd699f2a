"""What a machine without internet needs to install the tool: every pinned wheel for it, and the source itself.

``planning wheelhouse DIR`` is run where there is internet, for the machine it will be carried to; `start.py` installs
from a folder ``wheelhouse`` beside it and asks nobody else.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from planning import __version__
from planning.errors import Fault, InputRefused, MachineFailed

ROOT: Final = Path(__file__).resolve().parents[1]
PINS: Final = "requirements.txt"
WINDOWS: Final = ("cp311", "cp312", "cp313")
HERE: Final = "here"
_SOURCE: Final = (
    "planning", "data", "docs", "static", ".streamlit", "app.py", "start.py", "start.bat", "pyproject.toml", PINS,
    "tests/requirements.txt", "README.md", "README.zh-CN.md", "LICENSE", "CHANGELOG.md",
)  # fmt: skip
_LEFT_OUT: Final = frozenset(("__pycache__", "out", ".DS_Store"))
_NO_WAY: Final = re.compile(
    r"NewConnectionError|ConnectionError|Network is unreachable|Name or service not known|name resolution"
    r"|getaddrinfo|timed out|ProxyError|Connection refused|SSLError"
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Target:
    """A machine to install on: its Python, and its kind; ``HERE`` is the machine and the Python of this process."""

    name: str

    @property
    def is_here(self) -> bool:
        """Say whether this process is what is meant."""
        return self.name == HERE

    @property
    def python(self) -> tuple[int, int]:
        """Return major and minor version of its Python."""
        return (sys.version_info[0], sys.version_info[1]) if self.is_here else (int(self.name[2]), int(self.name[3:]))

    def tags(self) -> frozenset[Tag]:
        """Return the tags of the wheels it can install."""
        if self.is_here:
            return frozenset(sys_tags())
        abis, platforms = [self.name, "abi3", "none"], ["win_amd64"]
        own = cpython_tags(self.python, abis, platforms)
        return frozenset((*own, *compatible_tags(self.python, self.name, platforms)))

    def environment(self) -> dict[str, str]:
        """Return what markers of requirements are held against."""
        found = {name: str(value) for name, value in default_environment().items()}
        if self.is_here:
            return found
        version = ".".join(map(str, self.python))
        return {
            **found, "python_version": version, "python_full_version": f"{version}.0", "sys_platform": "win32",
            "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64",
            "implementation_name": "cpython", "platform_python_implementation": "CPython",
        }  # fmt: skip


@dataclass(frozen=True)
class Gathered:
    """What is in the folder afterwards: wheels, their bytes, the source archive, pins no wheel was found for."""

    wheels: int
    size: int
    source: Path
    gaps: tuple[Fault, ...]


def targets(names: Iterable[str]) -> tuple[Target, ...]:
    """Return the machines meant; none named means this one.

    Raises
    ------
    InputRefused
        ``wheelhouse_target`` for a name other than ``here``, ``cp311``, ``cp312``, ``cp313`` (Windows, 64 bit).
    """
    asked = tuple(dict.fromkeys(names)) or (HERE,)
    unknown = [name for name in asked if name not in (HERE, *WINDOWS)]
    if unknown:
        known = "、".join((HERE, *WINDOWS))
        raise InputRefused(Fault("wheelhouse_target", value=name, facts={"known": known}) for name in unknown)
    return tuple(map(Target, asked))


def gather(folder: Path, asked: Sequence[Target], *, index: str | None = None) -> Gathered:
    """Download the wheels of every pinned requirement for each machine, pack the source, and check what is there.

    Parameters
    ----------
    folder
        Made if need be; wheels already in it are not fetched again.
    asked
        From `targets`.
    index
        Another package index than pip's own, such as an institute's mirror.

    Raises
    ------
    InputRefused
        ``wheelhouse_no_pip``, ``wheelhouse_no_source``.
    MachineFailed
        ``wheelhouse_offline`` when no index can be reached. A pin without a wheel is no exception but a gap.
    """
    pins = ROOT / PINS
    if not pins.is_file():
        raise InputRefused(Fault("wheelhouse_no_source", value=str(ROOT)))
    folder.mkdir(parents=True, exist_ok=True)
    for target in asked:
        _fetch(folder, target, wanted(pins, target), index)
    source = pack_source(folder)
    wheels = sorted(folder.glob("*.whl"))
    return Gathered(len(wheels), sum(path.stat().st_size for path in wheels), source, tuple(gaps(folder, pins, asked)))


def wanted(pins: Path, target: Target) -> tuple[str, ...]:
    """Return the pins that hold on a machine, as ``name==version``."""
    lines = (line.strip() for line in pins.read_text(encoding="utf-8").splitlines())
    parsed = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    environment = target.environment()
    held = [one for one in parsed if one.marker is None or one.marker.evaluate(environment)]
    return tuple(f"{one.name}{one.specifier}" for one in held)


def gaps(folder: Path, pins: Path, asked: Sequence[Target]) -> Iterator[Fault]:
    """Yield each pin of each machine that no wheel in the folder serves, as ``wheelhouse_gap``."""
    there = list(_wheels(folder))
    for target in asked:
        tags = target.tags()
        usable = {(name, version) for name, version, served in there if served & tags}
        for pin in wanted(pins, target):
            name, _, version = pin.partition("==")
            if (str(canonicalize_name(name)), version) not in usable:
                yield Fault("wheelhouse_gap", value=pin, facts={"target": target.name})


def pack_source(folder: Path) -> Path:
    """Pack the tool itself into ``folder`` as a zip, equal bytes for equal files, and return its path."""
    path = folder / f"yanglao-planning-{__version__}.zip"
    files = sorted({file for name in _SOURCE for file in _files(ROOT / name)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for file in files:
            name = f"yanglao-planning/{file.relative_to(ROOT).as_posix()}"
            box.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return path


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in path.rglob("*"):
        if file.is_file() and not _LEFT_OUT & set(file.relative_to(ROOT).parts):
            yield file


def _wheels(folder: Path) -> Iterator[tuple[str, str, frozenset[Tag]]]:
    """Yield name, version and tags of every wheel that is whole."""
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if zipfile.is_zipfile(path):
            yield str(name), str(version), tags


def _fetch(folder: Path, target: Target, pins: Sequence[str], index: str | None) -> None:
    """Have pip download all pins at once; where that fails, one after the other, so that only what is missing is."""
    said = _pip(folder, target, pins, index)
    if said is None:
        return
    _refuse_offline(said)
    for pin in pins:
        alone = _pip(folder, target, [pin], index)
        if alone is not None:
            _refuse_offline(alone)


def _refuse_offline(said: str) -> None:
    found = _NO_WAY.search(said)
    if found:
        line = next((line for line in said.splitlines() if found[0] in line), found[0])
        raise MachineFailed(Fault("wheelhouse_offline", value=line.strip()[:200]))


def _pip(folder: Path, target: Target, pins: Sequence[str], index: str | None) -> str | None:
    """Run ``pip download`` and return what it says when it fails."""
    elsewhere = [] if target.is_here else [
        "--platform", "win_amd64", "--python-version", ".".join(map(str, target.python)),
        "--implementation", "cp", "--abi", target.name, "--abi", "abi3", "--abi", "none",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="planning-") as aside:
        listed = Path(aside) / PINS
        listed.write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [
            *_pip_command(), "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
            "--retries", "1", "--timeout", "30", "--dest", str(folder), *elsewhere,
            *([] if index is None else ["--index-url", index]), "--requirement", str(listed),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    return None if done.returncode == 0 else f"{done.stderr}\n{done.stdout}"


def _pip_command() -> list[str]:
    """Return how pip is called here: as a module of this Python, else the one on the path for another Python's tags.

    Raises
    ------
    InputRefused
        ``wheelhouse_no_pip``.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    version = f"pip{sys.version_info[0]}.{sys.version_info[1]}"
    found = shutil.which(version) or shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise InputRefused(Fault("wheelhouse_no_pip"))
    return [found]
