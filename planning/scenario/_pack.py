"""Room `planning.scenario`: a scenario as a folder that stands alone: its plan with every file that the plan reads."""

from __future__ import annotations

import io
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from planning.errors import Fault, MachineFailed
from planning.scenario._export import PLAN, export, toml
from planning.scenario._value import Scenario
from planning.study import StudyInputs

_IN_PARTS: Final = (".shp", ".tab", ".mif")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
LONGEST: Final = 200  # no file of a style has a longer name
Packed = dict[str, Path]


def pack(inputs: StudyInputs, scenario: Scenario) -> bytes:
    """Return a zip archive of the scenario's plan and of all it reads, equal bytes for equal files.

    Unpacked anywhere, `planning run` on its ``plan.toml`` gives the figures of `planning.scenario.export`; the
    workbench opens it too. Files of the plan lie in ``data/<input>/`` under their own names.

    Raises
    ------
    InputRefused
        As `planning.scenario.applied`.
    MachineFailed
        A file of the plan that is gone, a disk that is full.
    """
    with tempfile.TemporaryDirectory(prefix="planning-pack-") as name:
        folder = Path(name).resolve() / "plan"
        plan = export(inputs, scenario, folder)
        words = tomllib.loads(plan.read_text(encoding="utf-8"))
        packed: Packed = {path.name: path for path in folder.iterdir() if path.name != PLAN}
        try:
            _gather(words, folder, packed)
            return _zipped(toml(words), packed)
        except OSError as error:
            said = error.strerror or str(error)
            raise MachineFailed(Fault("machine_write", file=Path(error.filename or "").name, value=said)) from error


def _gather(words: dict[str, Any], folder: Path, packed: Packed) -> None:
    """Let the plan name its files where they will lie, and list them."""
    for name, spec in words["inputs"].items():
        for key in ("path", "table"):
            if key in spec:
                spec[key] = _taken(folder, spec[key], f"data/{name}", packed)
    if str(words["plan"]["standard"]).lower().endswith(".toml"):
        words["plan"]["standard"] = _taken(folder, words["plan"]["standard"], "standard", packed)
    output = words.get("output", {})
    for key in ("style", "template"):
        if key in output:
            output[key] = _taken(folder, output[key], key, packed)


def _taken(folder: Path, path: str, place: str, packed: Packed) -> str:
    """Return where a file will lie; one that the export wrote stays where it is."""
    source = (folder / path).resolve()
    if source.parent == folder:
        return path
    for part, within in _parts(source):
        packed[f"{place}/{within}"] = part
    return f"{place}/{source.name}"


def _parts(source: Path) -> Iterator[tuple[Path, str]]:
    """Yield a file with what belongs to it, each with its place: parts of one dataset, what a style names beside it."""
    if source.is_dir():
        yield from ((path, f"{source.name}/{path.relative_to(source).as_posix()}")
                    for path in sorted(source.rglob("*")) if path.is_file())  # fmt: skip
        return
    yield source, source.name
    if source.suffix.lower() in _IN_PARTS:
        beside = sorted(path for path in source.parent.iterdir() if path.stem == source.stem and path != source)
        yield from ((path, path.name) for path in beside if path.is_file())
    if source.suffix.lower() == ".toml":
        yield from _named(tomllib.loads(source.read_text(encoding="utf-8-sig")), source.parent)


def _named(words: Any, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files beside a settings file that it names, such as a logo."""
    if isinstance(words, dict):
        for value in words.values():
            yield from _named(value, folder)
    elif (
        isinstance(words, str) and 0 < len(words) < 200 and "\n" not in words and not PurePosixPath(words).is_absolute()
    ):
        path = folder / words
        if ".." not in PurePosixPath(words).parts and path.is_file():
            yield path, words


def _zipped(text: str, packed: Packed) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as box:
        box.writestr(zipfile.ZipInfo(PLAN, _EPOCH), text.encode(), zipfile.ZIP_DEFLATED)
        for name in sorted(packed):
            box.writestr(zipfile.ZipInfo(name, _EPOCH), packed[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()
