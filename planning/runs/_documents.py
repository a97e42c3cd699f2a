"""Room `planning.runs`: the tables and texts of a run, written once the maps that go into them are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from planning import report
from planning.errors import Fault
from planning.plan import Plan
from planning.report import Plate
from planning.sources.draft import sha256
from planning.study import StudyResult

_INSERTED: Final = ("people", "facilities", "compliance", "blind", "layout", "after", "near_term")


def check_template(settings: Plan) -> tuple[Fault, ...]:
    """Return what is wrong with the template that the plan names; nothing where it names none."""
    named = _template(settings)
    return () if named is None else report.check_template(named)


def entries(settings: Plan) -> list[dict[str, str]]:
    """Return the template as an input with its hash; nothing where the plan names none."""
    named = _template(settings)
    return [] if named is None else [{"input": "template", "path": named.name, "sha256": sha256(named)}]


def write(result: StudyResult, run_id: str, folder: Path) -> None:
    """Write the workbook, the draft text, the annex tables and, where the plan names a template, that filled in.

    Maps are those in ``maps/`` as PNG, where there are.

    Raises
    ------
    InputRefused
        If the template cannot be filled in.
    """
    plates, named = _plates(result, folder), _template(result.inputs.plan)
    (folder / "tables.xlsx").write_bytes(report.workbook(result, run_id=run_id))
    (folder / "report.docx").write_bytes(report.document(result, run_id=run_id, plates=plates))
    (folder / "annex.docx").write_bytes(report.annex(result, run_id=run_id))
    if named is not None:
        filled = report.fill_template(named, result, run_id=run_id, plates=plates)
        (folder / "report_template.docx").write_bytes(filled)


def _template(settings: Plan) -> Path | None:
    return None if settings.output.template is None else settings.folder / settings.output.template


def _plates(result: StudyResult, folder: Path) -> Mapping[str, Plate]:
    """Return the maps that the text has a place for, by the atlas's keys."""
    if not (folder / "maps").is_dir():
        return {}
    from planning import atlas  # matplotlib takes a second to load

    asked = {*_INSERTED, f"coverage_{result.inputs.plan.siting.level}"}
    found = {}
    for sheet in atlas.contents(result):
        file = folder / "maps" / f"{sheet.number}.png"
        if sheet.key in asked and sheet.number and file.is_file():
            found[sheet.key] = report.plate(sheet.number, sheet.title, file.read_bytes())
    return found
