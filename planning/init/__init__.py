"""A first plan file from a folder of data: which layer is what, why, and what is left for the planner to say.

Nothing is guessed in silence. A layer is taken for an input only where it stands out by its name, shapes, columns and
cells; otherwise the likely ones stand in the plan as comments with what speaks for each. Where coordinates come from,
which document judges and on which day are never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

from planning import standards, texts
from planning.errors import Fault, InputRefused, refuse
from planning.init import _choose, _clues, _fields, _files, _write
from planning.init._choose import Choice
from planning.init._clues import Look
from planning.init._write import DATUMS as DATUMS
from planning.init._write import Answers
from planning.plan import NEEDED_INPUTS
from planning.sources import peek
from planning.sources.files import KNOWN

__all__ = [
    "DATUMS", "PLAN", "SUFFIXES", "Answers", "Choice", "Draft", "Look", "Survey",
    "draft", "exists", "propose", "summary", "survey", "write",
]  # fmt: skip

PLAN: Final = "plan.toml"
MARK: Final = "# ？"
SUFFIXES: Final = _files.SUFFIXES
"""Endings of files that hold data, or a part of it."""


@dataclass(frozen=True)
class Draft:
    """A plan file not yet written.

    Attributes
    ----------
    text : str
        The file.
    choices : mapping of str to Choice
        What became of each input, in the order of `planning.plan.INPUTS`.
    faults : tuple of Fault
        Files that could not be read, as warnings.
    questions : int
        How many lines are left to the planner: those with a ``？``.
    """

    text: str
    choices: Mapping[str, Choice]
    faults: tuple[Fault, ...]
    questions: int


@dataclass(frozen=True)
class Survey:
    """What lies in a folder, before anything is chosen.

    Attributes
    ----------
    folder : str
        Its name, which a plan takes where none is given.
    looks : tuple of Look
        Every layer that could be read.
    unread : tuple of (str, Fault)
        Files, or layers of files, that could not be, and why.
    data, other : tuple of str
        Files that hold data, files that do not; paths relative to the folder.
    faults : tuple of Fault
        Of file names.
    """

    folder: str
    looks: tuple[Look, ...]
    unread: tuple[tuple[str, Fault], ...]
    data: tuple[str, ...]
    other: tuple[str, ...]
    faults: tuple[Fault, ...]

    def choices(
        self,
        roles: Mapping[str, str | None] | None = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Mapping[str, Choice]:
        """Return what becomes of each input; ``roles`` and ``columns`` as in `draft`."""
        return _choose.choose(self.looks, settled=roles or {}, columns=columns or {}).by_role


def survey(folder: str | Path, *, fields: Path | None = None, progress: Callable[[str], None] | None = None) -> Survey:
    """Look through ``folder`` and below; every file is read by the reader's own process.

    Parameters
    ----------
    folder : str or Path
    fields : Path, optional
        As in `propose`.
    progress : callable, optional
        Called with ``read`` as the reading begins.

    Raises
    ------
    InputRefused
        No such folder, too many files, a ``fields.toml`` that cannot be used.
    """
    folder = Path(folder)
    found = _files.find(folder)
    words = _fields.read(fields, folder)
    if progress is not None:
        progress("read")
    looks, unread = _looks(folder, found.data, words)
    return Survey(folder.resolve().name or "plan", tuple(looks), tuple(unread), found.data, found.other, found.faults)


def draft(
    found: Survey,
    answers: Answers,
    *,
    roles: Mapping[str, str | None] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
) -> Draft:
    """Return the plan file that a survey makes with a planner's answers, which nobody checks here.

    Parameters
    ----------
    found : Survey
    answers : Answers
    roles : mapping, optional
        Input to layer, as `Look.shown` writes it; None leaves the input out. Inputs not named are chosen as far as
        one layer stands out.
    columns : mapping, optional
        Input to ``{canonical column: heading of the file}``, beyond what is recognised.

    Returns
    -------
    Draft
        The same bytes for the same files and answers.
    """
    chosen = _choose.choose(found.looks, settled=roles or {}, columns=columns or {})
    text = _write.text(chosen, answers, found.unread, found.other)
    return Draft(text, chosen.by_role, _warnings(found), sum(MARK in line for line in text.splitlines()))


def _warnings(found: Survey) -> tuple[Fault, ...]:
    return (*found.faults, *(replace(fault, severity="warning", file=path) for path, fault in found.unread))


def propose(
    folder: str | Path,
    *,
    name: str | None = None,
    standard: str | None = None,
    as_of: date | None = None,
    datums: Mapping[str, str] | None = None,
    fields: Path | None = None,
    notes: tuple[str, ...] = (),
) -> Draft:
    """Look through ``folder`` and below, and return the plan file it makes.

    Parameters
    ----------
    folder : str or Path
    name : str, optional
        The plan's name; the folder's else.
    standard : str, optional
        Id or file of the document; asked for in the plan else.
    as_of : date, optional
        Asked for in the plan else.
    datums : mapping, optional
        Where the coordinates of files without a CRS come from: file path or name to ``wgs84``, ``cgcs2000``, ``gcj02``
        or ``bd09``; the key ``""`` stands for every other file.
    fields : Path, optional
        A planner's own headings; else ``fields.toml`` in the folder, where there is one. See docs/plan.md.
    notes : tuple of str
        Sentences to be printed on every output.

    Returns
    -------
    Draft
        The same bytes for the same files and answers.

    Raises
    ------
    InputRefused
        No such folder, too many files, no data at all, answers or ``fields.toml`` that cannot be used.
    """
    folder = Path(folder)
    answers = Answers(name or folder.resolve().name or "plan", standard, as_of, dict(datums or {}), notes)
    found = _files.find(folder)
    words = _fields.read(fields, folder)
    refuse(_answer_faults(answers, found.data, folder))
    looks, unread = _looks(folder, found.data, words)
    if not looks:
        nothing = Fault("init_nothing", file=folder.resolve().name, facts={"known": KNOWN})
        raise InputRefused([nothing, *found.faults, *(fault for _, fault in unread)])
    seen = Survey(answers.name, tuple(looks), tuple(unread), found.data, found.other, found.faults)
    return draft(seen, answers)


def write(folder: str | Path, draft: Draft) -> Path:
    """Write ``plan.toml`` into ``folder`` and return its path; one that is there is never overwritten.

    Raises
    ------
    InputRefused
        ``init_plan_exists``.
    """
    path = Path(folder) / PLAN
    try:
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(draft.text)
    except FileExistsError:
        raise InputRefused(exists(path)) from None
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def summary(draft: Draft) -> Iterator[str]:
    """Yield one line for each input that was chosen, is open, or is missing and needed."""
    for role, choice in draft.choices.items():
        said = {"role": texts.t(f"init.role.{role}", "zh"), "role_en": texts.t(f"init.role.{role}", "en")}
        if choice.look is not None:
            joined = "" if choice.join is None else f" + {choice.join.look.shown}"
            yield texts.both("init.chosen_line", shown=texts.printable(choice.look.shown + joined), **said)
        elif choice.others:
            yield texts.both("init.uncertain_line", count=len(choice.others), **said)
        elif role in NEEDED_INPUTS:
            yield texts.both("init.missing_line", **said)


def exists(path: Path) -> Fault:
    """Return the fault of a plan file that is there already."""
    return Fault("init_plan_exists", file=path.name, value=str(path))


def _looks(
    folder: Path, paths: tuple[str, ...], words: _fields.Words
) -> tuple[list[_clues.Look], list[tuple[str, Fault]]]:
    """Look into every file; what cannot be read is told, and stops nothing."""
    looks: list[_clues.Look] = []
    unread: list[tuple[str, Fault]] = []
    for path in paths:
        for sight in peek.sights(folder / path, words=_fields.every_heading(words)):
            if sight.raw is None:
                unread += [(path, fault) for fault in sight.faults]
            else:
                looks.append(_clues.look(path, sight, words))
    return looks, unread


def _answer_faults(answers: Answers, paths: tuple[str, ...], folder: Path) -> list[Fault]:
    """Name answers that cannot be used: a datum that is none or for no file, a document that cannot be loaded."""
    known = {"", *paths, *(PurePosixPath(path).name for path in paths)}
    faults = [
        Fault("init_datum_unknown", value=f"{file}={datum}" if file else datum)
        for file, datum in answers.datums.items()
        if datum not in _write.DATUMS or file not in known
    ]
    if answers.standard is not None:
        given = folder / answers.standard if answers.standard.lower().endswith(".toml") else answers.standard
        try:
            standards.load(given)
        except InputRefused as error:
            faults += error.faults
    return faults
