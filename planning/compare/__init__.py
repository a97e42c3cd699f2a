"""Two runs held side by side: what each residential area, facility, site and clause says differently, and why.

A change is attributed by proof: where one cause alone differs, by the record of the two runs; else by running the study
again with every combination of the causes that differ; where the inputs are gone, only what the folders prove is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from planning import texts
from planning.compare import _faults, _sums
from planning.compare._folder import Side as Side
from planning.compare._folder import open_both
from planning.compare._held import CATEGORIES as CATEGORIES
from planning.compare._held import Comparison as Comparison
from planning.compare._held import hold
from planning.compare._words import Words
from planning.compare._write import FILES as FILES
from planning.compare._write import refuse_target, target_of
from planning.compare._write import write as write_folder
from planning.errors import Fault
from planning.texts import Language


def compare(
    run_a: str | Path,
    run_b: str | Path,
    *,
    plan_a: str | Path | None = None,
    plan_b: str | Path | None = None,
    out: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Compare two finished runs.

    Parameters
    ----------
    run_a, run_b
        Their folders: what was, and what is.
    plan_a, plan_b
        Plan files, or folders in which they lay, where the inputs of the runs are to be looked for; else above each
        run folder, and where the run noted it. Only files with the recorded bytes are used.
    out
        Where the comparison will be written, to be refused before anything is run; see `write`.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    Comparison

    Raises
    ------
    InputRefused
        With every fault of both folders: no run, tampered with, half, another schema, ids twice, another CRS.
    """
    step = progress or (lambda _name: None)
    step("compare_open")
    a, b = open_both(Path(run_a), Path(run_b))
    refuse_target(target_of(a.folder, b.folder, None if out is None else Path(out)))
    plans = tuple(None if one is None else Path(one) for one in (plan_a, plan_b))
    return hold(a, b, plans=(plans[0], plans[1]), step=step)


def write(held: Comparison, out: str | Path | None = None, *, language: Language | None = None) -> Path:
    """Write a comparison as a folder: ``compare.xlsx``, ``compare.html``, ``compare.md``, ``compare.json``.

    Parameters
    ----------
    held
        From `compare`.
    out
        The folder; ``compare-<run A>-<run B>`` beside run B by default. An earlier comparison is replaced whole.
    language
        Of run B by default.

    Returns
    -------
    Path
        The folder. Equal runs give equal bytes.

    Raises
    ------
    InputRefused
        If the folder is a run folder, lies in one, or holds anything but an earlier comparison.
    MachineFailed
        Disk or memory ran out; nothing is left half-written.
    """
    target = target_of(held.a.folder, held.b.folder, None if out is None else Path(out))
    spoken = language or held.b.record["parameters"]["output"]["language"]
    write_folder(held, target, spoken)
    return target


def faults(held: Comparison) -> tuple[Fault, ...]:
    """Return what a reader of a comparison must be warned of."""
    return _faults.of(held)


def told(held: Comparison) -> Iterator[str]:
    """Yield what a terminal says of a comparison, in both languages."""
    if held.changes.empty and held.cancelled.empty:
        yield texts.both("compare.done_none")
        return
    yield texts.both("compare.done", **_sums.totals(held))
    for row in _sums.by_cause(held).to_dict("records"):
        said = [
            texts.t(
                "compare.done_cause", language, cause=Words(held, language).causes(row["cause"]), areas=row["areas"]
            )
            for language in texts.LANGUAGES
        ]
        yield " / ".join((said[0], said[1].strip()))
