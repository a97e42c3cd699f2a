"""The files that one session has brought: a folder of its own, names made safe, caps on size and count.

Nothing of a file is looked into here but its name and size; the reader's own process does that. What it refuses is
taken back out, and what the file had replaced is put back, so that the rest stays as it was.
"""

from __future__ import annotations

import io
import re
import shutil
import unicodedata
import weakref
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from planning import init, plan, runs, scenario
from planning.errors import Fault, InputRefused
from planning.plan import Plan
from planning.sources import zips
from planning.texts import is_printable, printable
from planning.ui import folders

MAX_FILES: Final = 200
MAX_BYTES: Final = 2 << 30
MAX_FILE_BYTES: Final = 200 << 20
LONGEST: Final = 120
_OWN: Final = frozenset((".toml",))
_BESIDE: Final = frozenset((".docx", ".png", ".svg", ".md", ".txt"))
"""Endings of what a plan folder may hold beside data: templates and marks of a house."""
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Tray:
    """What one session has brought, and its answers; gone with the last who holds it.

    Attributes
    ----------
    folder : Path
        The plan folder: the files, and ``plan.toml`` once there is one.
    answers : dict
        What was said to the questions of the page; it outlives the page's own controls.
    refused : tuple of Fault
        Of the last files brought.
    """

    def __init__(self) -> None:
        root = folders.make()
        weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)
        self.folder = root / "plan"
        self._aside = root / "aside"
        self.folder.mkdir()
        self.answers: dict[str, Any] = {}
        self.refused: tuple[Fault, ...] = ()
        self._fresh: set[str] = set()

    @property
    def plan(self) -> Path:
        """Return where the plan file is, or would be."""
        return self.folder / init.PLAN

    def names(self) -> tuple[str, ...]:
        """Return the data files, in order; paths relative to the folder. Scenarios and plan files are none."""
        return tuple(name for name in self._every() if _is_data(name))

    def size(self, name: str) -> int:
        """Return the bytes of a file."""
        return (self.folder / name).stat().st_size

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Return what changes with any of the data files."""
        facts = ((name, (self.folder / name).stat()) for name in self.names())
        return tuple((name, about.st_size, about.st_mtime_ns) for name, about in facts)

    def take(self, brought: Iterable[tuple[str, bytes | memoryview]]) -> None:
        """Take files in under safe names; a file of the same name is replaced, what cannot be taken is `refused`.

        A zip with a plan file in it is a plan folder and is unpacked; any other zip stays as it is, for the reader.
        """
        shutil.rmtree(self._aside, ignore_errors=True)
        faults: list[Fault] = []
        self._fresh = set()
        for given, content in brought:
            try:
                faults += self._take_one(given, content)
            except InputRefused as error:
                faults += error.faults
        self.refused = tuple(faults)

    def settle(self, found: init.Survey) -> None:
        """Take back out what the reader refused of the files brought last, and put back what they had replaced."""
        usable = {look.path for look in found.looks}
        broken = {path: fault for path, fault in found.unread if path in self._fresh - usable}
        for path in broken:
            for name in [name for name in self._fresh if _dataset(name) == _dataset(path)]:
                self._put_back(name)
        self.refused += tuple(broken.values())
        self._fresh = set()

    def remove(self, name: str) -> None:
        """Take out a file, with the other parts of its dataset."""
        for other in self.names():
            if other == name or (_is_part(name) and _dataset(other) == _dataset(name)):
                (self.folder / other).unlink(missing_ok=True)

    def write_plan(self, text: str) -> Path:
        """Write the plan file and return its path."""
        self.plan.write_text(text, encoding="utf-8", newline="\n")
        return self.plan

    def archive(self) -> bytes:
        """Return plan and data as one zip archive, which opens here again and runs from the command line."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as box:
            for name in self._every():
                box.writestr(zipfile.ZipInfo(name, _EPOCH), (self.folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
        return stream.getvalue()

    # ------------------------------------------------------------------------------------------------------- one file

    def _take_one(self, given: str, content: bytes | memoryview) -> Iterator[Fault]:
        name, size = safe_name(given), len(content)
        suffix = PurePosixPath(name).suffix.lower()
        if suffix not in init.SUFFIXES | _OWN:
            yield Fault("ui_upload_kind", file=name, value=suffix)
        elif size == 0:
            yield Fault("ui_upload_empty", file=name)
        elif size > MAX_FILE_BYTES:
            yield Fault("ui_upload_large", file=name, facts={"most": MAX_FILE_BYTES >> 20})
        elif suffix != ".zip" or not self._take_folder(name, content):
            self._put(name, content)

    def _put(self, name: str, content: bytes | memoryview) -> None:
        """Write one file, keeping aside what it replaces."""
        target = self.folder / name
        others = [other for other in self._every() if other != name]
        if len(others) >= MAX_FILES:
            raise InputRefused(Fault("ui_upload_many", file=name, facts={"most": MAX_FILES}))
        if sum(map(self.size, others)) + len(content) > MAX_BYTES:
            raise InputRefused(Fault("ui_upload_total", file=name, facts={"most": MAX_BYTES >> 30}))
        if target.exists() and name not in self._fresh:
            (self._aside / name).parent.mkdir(parents=True, exist_ok=True)
            target.replace(self._aside / name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self._fresh.add(name)
        if name == init.PLAN:
            self.answers = {key: said for key, said in self.answers.items() if key not in ("made", "anew")}

    def _put_back(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        if (self._aside / name).exists():
            (self._aside / name).replace(self.folder / name)

    def _take_folder(self, name: str, content: bytes | memoryview) -> bool:
        """Unpack a plan folder and return True; results and whatever no plan needs stay behind."""
        packed = self._aside / name
        packed.parent.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(content)
        try:
            inside = _plan_inside(packed)
            if inside is None:
                return False
            with zips.unpacked(packed) as root:
                for path in sorted((root / inside).rglob("*")):
                    within = path.relative_to(root / inside)
                    if path.is_file() and _is_wanted(path, root / inside):
                        self._put("/".join(map(safe_name, within.parts)), path.read_bytes())
        finally:
            packed.unlink(missing_ok=True)
        return True

    def _every(self) -> list[str]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in files)


def safe_name(given: str) -> str:
    """Return a file name that is safe on any system: no folders, no control or reserved characters, not too long."""
    bare = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    bare = "".join(letter for letter in _FORBIDDEN.sub("_", bare) if is_printable(letter)).strip(" .")
    stem, dot, suffix = bare.rpartition(".")
    if not dot:
        stem, suffix = bare, ""
    if _RESERVED.match(bare):
        stem = f"_{stem}"
    while len(stem.encode()) > LONGEST:
        stem = stem[:-1]
    return f"{stem.strip(' .') or 'file'}{dot}{suffix[:12]}"


def plan_faults(path: Path) -> tuple[Fault, ...]:
    """Return what keeps a plan file that somebody brought from being used: its own faults, paths out of its folder.

    A plan file of one's own machine may name any file; one that came through the browser only what came with it.
    """
    try:
        settings = plan.read(path)
    except InputRefused as error:
        return error.faults
    root = path.parent.resolve()
    return tuple(
        Fault("ui_plan_outside", file=path.name, column=key, value=printable(str(value)))
        for key, value in _paths(settings)
        if not (root / str(value).replace("\\", "/")).resolve().is_relative_to(root)
    )


def _paths(settings: Plan) -> Iterator[tuple[str, str]]:
    """Yield every path that a plan names, with its key."""
    for name, spec in settings.inputs.items():
        yield f"inputs.{name}.path", spec.path
        if spec.table is not None:
            yield f"inputs.{name}.table", spec.table
    if settings.standard.lower().endswith(".toml"):
        yield "plan.standard", settings.standard
    named: Mapping[str, str | None] = {"template": settings.output.template, "style": settings.output.style}
    yield from ((f"output.{key}", value) for key, value in named.items() if value is not None)


def copied(path: Path) -> str:
    """Return the text of a plan file; empty where there is none."""
    return path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""


def _plan_inside(packed: Path) -> PurePosixPath | None:
    """Return the folder of the plan file nearest to the top of a zip, None without one or for a broken zip."""
    try:
        zips.names(packed, packed)  # refuses a table of contents that would fill memory
        with zipfile.ZipFile(packed) as box:
            plans = [PurePosixPath(zips.member_name(info)) for info in box.infolist()]
    except (InputRefused, zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        return None
    found = sorted((len(path.parts), str(path.parent)) for path in plans if path.name == init.PLAN)
    return PurePosixPath(found[0][1]) if found else None


def _is_wanted(path: Path, root: Path) -> bool:
    """Say whether a file of a plan folder is brought along: data and settings, not what an earlier run has written."""
    results = any(runs.is_run_folder(folder) for folder in path.parents if folder.is_relative_to(root))
    return not results and path.suffix.lower() in init.SUFFIXES | _OWN | _BESIDE


def _is_data(name: str) -> bool:
    pure = PurePosixPath(name)
    return pure.suffix.lower() not in _OWN and pure.parts[0] != scenario.FOLDER


def _dataset(name: str) -> str:
    """Return what the parts of one dataset have in common: the name without its ending."""
    pure = PurePosixPath(name)
    return str(pure.with_suffix("") if _is_part(name) else pure).casefold()


def _is_part(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qpj",
                                                  ".tab", ".dat", ".map", ".id", ".ind", ".mif", ".mid")  # fmt: skip
