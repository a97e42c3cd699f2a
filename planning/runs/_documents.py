"""Room `planning.runs`: the tables and texts of a run, written once the maps that go into them are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from planning import report
from planning.report import Plate
from planning.study import StudyResult

_INSERTED: Final = ("people", "facilities", "compliance", "blind", "layout", "after", "near_term")


def write(result: StudyResult, run_id: str, folder: Path) -> None:
    """Write the workbook, the draft text and the annex tables; maps are those in ``maps/`` as PNG, where there are."""
    (folder / "tables.xlsx").write_bytes(report.workbook(result, run_id=run_id))
    (folder / "report.docx").write_bytes(report.document(result, run_id=run_id, plates=_plates(result, folder)))
    (folder / "annex.docx").write_bytes(report.annex(result, run_id=run_id))


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
