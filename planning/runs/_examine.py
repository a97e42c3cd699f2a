"""Room `planning.runs`: a look at a plan and everything it names, as far as one gets, without running it."""

from __future__ import annotations

from pathlib import Path

from planning import export, house, plan, quality, sources, standards, study
from planning.errors import Fault, InputRefused
from planning.quality import Checkup
from planning.runs import _documents
from planning.sources import reconcile
from planning.study import StudyInputs


def examine(path: str | Path, *, reconciled: bool = False) -> Checkup:
    """Read everything a plan names and return all that can be said of it.

    Parameters
    ----------
    path
        The plan file.
    reconciled
        Add up the households of the file once more by another way, which reads the file once more.

    Returns
    -------
    Checkup
        Never raises for a bad plan or bad data: what is wrong is in its ``faults``.
    """
    try:
        settings = plan.read(path)
    except InputRefused as error:
        return Checkup(Path(path).name, None, error.faults)
    standard, of_standard = standard_of(settings)
    intake = sources.look(settings)
    faults = (
        *settings.warnings,
        *of_standard,
        *_documents.check_template(settings),
        *export.check_schemas(settings),
        *intake.faults,
    )
    ledger, counts, roads = intake.ledger, intake.counts, None
    sound = standard is not None and not _refused(faults)
    if sound and standard is not None:
        inputs = inputs_of(settings, standard, intake)
        faults = (*faults, *study.check(inputs))
        if not _refused(faults):
            found = study.look(inputs)
            faults, ledger, roads = (*faults, *found.faults), found.ledger, found.roads
            counts = {**counts, **found.counts}
    residential = intake.tables.get("residential") if sound else None
    return Checkup(
        file=settings.file,
        plan=settings,
        faults=faults,
        counts=counts,
        ledger=ledger,
        files=intake.files,
        standard_title={} if standard is None else {"zh": standard.title_zh, "en": standard.title_en},
        crs=intake.crs,
        roads=roads,
        households=reconcile.households(settings, ledger, residential) if reconciled else None,
    )


def report_data(path: str | Path, folder: str | Path) -> tuple[Checkup, tuple[Path, ...]]:
    """Examine a plan and write the data quality report on it into ``folder``, made where it is not there.

    Returns
    -------
    tuple
        What was found, and the files written. They are written for bad data and unreadable plans too.
    """
    checkup = examine(path, reconciled=True)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in quality.documents(checkup).items():
        (target / name).write_bytes(content)
        written.append(target / name)
    return checkup, tuple(written)


def standard_of(settings: plan.Plan) -> tuple[standards.Standard | None, tuple[Fault, ...]]:
    """Return the plan's standard with its switches applied, or what is wrong with it or with the house style."""
    name = settings.standard
    where = str(settings.folder / name) if name.endswith(".toml") else name
    of_style = house.check(settings)
    try:
        standard = standards.apply(standards.load(where), settings.standards)
    except InputRefused as error:
        return None, (*error.faults, *of_style)
    return (None, of_style) if _refused(of_style) else (standard, ())


def inputs_of(settings: plan.Plan, standard: standards.Standard, intake: sources.Intake) -> StudyInputs:
    """Return what a study looks at."""
    return StudyInputs(
        plan=settings,
        standard=standard,
        tables=intake.tables,
        ledger=intake.ledger,
        counts=intake.counts,
        faults=(*settings.warnings, *house.check(settings), *intake.faults),
        files=intake.files,
        crs=intake.crs,
    )


def _refused(faults: tuple[Fault, ...]) -> bool:
    return any(fault.severity == "error" for fault in faults)
