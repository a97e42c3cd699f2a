"""The workbook of a result: the plan's annex tables as they will be printed. It shows; it never computes but sums.

Text from data is always written as text: a name that begins with ``=`` stays a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from planning.errors import Fault
from planning.report import _book
from planning.report import _tables as contents
from planning.report._entries import entry_sheet, entry_text
from planning.report._plates import Plate, plate
from planning.report._pooling import pooling_rows
from planning.report._sheet import Heading, Kind, Sheet
from planning.study import StudyResult
from planning.texts import Language

__all__ = [
    "Heading", "Kind", "Plate", "Sheet", "annex", "book", "check_template", "document", "entry_sheet", "entry_text",
    "fill_template", "plate", "pooling_rows", "starter_template", "workbook",
]  # fmt: skip


def workbook(result: StudyResult, *, run_id: str = "") -> bytes:
    """Return the workbook of a result, equal bytes for equal results.

    Sheets: overview, coverage by street and by band, compliance of each area, rooms, gaps, remedies, suggested pools,
    facilities, sites, planned facilities, near-term projects, clauses, readings and what others would change, rows
    accounted for, ledger, sources (protected). A total row is called 合计; sums and shares are formulas that carry
    their value. ``run_id`` is printed on every sheet.
    """
    language = result.inputs.plan.output.language
    return book(contents.sheets(result, language), title=result.inputs.plan.name, language=language, run_id=run_id)


def book(sheets: Iterable[Sheet], *, title: str, language: Language, run_id: str = "") -> bytes:
    """Return sheets of one's own as a workbook in the manner of `workbook`, equal bytes for equal sheets."""
    return _book.write(sheets, title=title, language=language, run_id=run_id)


def document(result: StudyResult, *, run_id: str = "", plates: Mapping[str, Plate] | None = None) -> bytes:
    """Return the draft text of the plan as a Word document, equal bytes for equal results.

    Parameters
    ----------
    run_id
        Printed on every page.
    plates
        Maps to insert, by the atlas's keys (`plate` makes one); where a map is missing the text says so.
    """
    from planning.report import _document  # the Word library is loaded only by who writes Word

    return _document.document(_told(result, run_id, plates))


def annex(result: StudyResult, *, run_id: str = "") -> bytes:
    """Return the annex tables as a Word document, equal bytes for equal results."""
    from planning.report import _document

    return _document.annex(_told(result, run_id, None))


def check_template(path: Path) -> tuple[Fault, ...]:
    """Return what is wrong with a Word template of one's own, as far as it can be told without a result."""
    from planning.report import _template

    return _template.check(path)


def fill_template(
    path: Path, result: StudyResult, *, run_id: str = "", plates: Mapping[str, Plate] | None = None
) -> bytes:
    """Return a Word template of one's own filled in; its fields are listed in docs/template.md.

    Raises
    ------
    InputRefused
        If the template is no Word document, its tags are wrong, or it names a field that is not there.
    """
    from planning.report import _template

    return _template.fill(path, _told(result, run_id, plates))


def starter_template(language: Language) -> bytes:
    """Return a Word template that renders as it is."""
    from planning.report import _starter

    return _starter.starter(language)


def _told(result: StudyResult, run_id: str, plates: Mapping[str, Plate] | None) -> Any:
    from planning.report._scene import Scene

    return Scene(result, result.inputs.plan.output.language, run_id, dict(plates or {}))
