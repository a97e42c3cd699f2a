"""The data quality report: what was read, what was not used and why, what to do first. It shows; it never computes.

One content (`_content`), three faces: an HTML page (`_page`), a Word document (`_word`) and a workbook (`_book`).
Equal findings give equal bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Final

from planning.quality import _book, _content, _page, _word
from planning.quality._record import Checkup as Checkup
from planning.texts import Language

__all__ = ["FILES", "Checkup", "archive", "documents", "verdict"]

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
FILES: Final = ("data_quality.html", "data_quality.docx", "data_quality.xlsx")


def documents(checkup: Checkup, language: Language | None = None) -> Mapping[str, bytes]:
    """Return the report as files: name → bytes, in the order of `FILES`.

    Parameters
    ----------
    checkup : Checkup
        From `planning.runs.examine`; of a plan that could not be read the report is short.
    language : {"zh", "en"}, optional
        The plan's own by default, Chinese where it could not be read.
    """
    spoken = language or checkup.language
    report = _content.compose(checkup, spoken)
    return {
        "data_quality.html": _page.write(report),
        "data_quality.docx": _word.write(report),
        "data_quality.xlsx": _book.write(report),
    }


def archive(checkup: Checkup, language: Language | None = None) -> bytes:
    """Return the files of `documents` as one zip archive, equal bytes for equal findings."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in documents(checkup, language).items():
            box.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def verdict(checkup: Checkup) -> str:
    """Return ``usable``, ``mend`` or ``refused``: may the data be used as they are."""
    return _content.verdict(checkup)
