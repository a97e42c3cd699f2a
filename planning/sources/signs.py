"""What the first bytes of a file say about its format, beyond the commonest ones (see `files`).

Formats that no library here reads get a word of their own: what it is, and how to save it as one that can be read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from planning.errors import Fault, InputRefused

ENDINGS: Final = (".tab", ".mif", ".dxf", ".geojsonl", ".geojsons", ".ndjson")
"""Endings of datasets one may find in a zip, beyond those of `files`."""
COMPANIONS: Final = {"tab": (".dat", ".map", ".id", ".ind"), "mif": (".mid",)}
_DXF: Final = re.compile(rb"(?:\s*999\r?\n[^\n]*\n)*\s*0[ \t]*\r?\n[ \t]*SECTION[ \t]*\r?\n")
_MIF: Final = re.compile(rb"\s*version\s+\d+[ \t]*\r?\n", re.IGNORECASE)
_TAB: Final = re.compile(rb"\s*!table[ \t]*\r?\n", re.IGNORECASE)
_UNREAD: Final = (
    (b"AutoCAD Binary DXF", "format_dxf_binary"),
    (b"Rar!\x1a\x07", "format_archive"),
    (b"7z\xbc\xaf\x27\x1c", "format_archive"),
    (b"\x1f\x8b", "format_archive"),
    (b"%PDF-", "format_pdf"),
    (b"\x00\x01\x00\x00Standard Jet DB", "format_mdb"),
    (b"\x00\x01\x00\x00Standard ACE DB", "format_mdb"),
    (b"{\\rtf", "format_word"),
)
_OFFICE: Final = (
    ("word/document.xml", "format_word"),
    ("ppt/presentation.xml", "format_word"),
    ("xl/workbook.bin", "format_sheet"),
    ("META-INF/manifest.xml", "format_sheet"),
    ("Index/Document.iwa", "format_sheet"),
)
_WORD_STREAM: Final = "WordDocument".encode("utf-16-le")


def recognise(head: bytes, given: Path) -> str | None:
    """Return the format of a file by its first bytes; None where they say nothing known here.

    Raises
    ------
    InputRefused
        ``format_archive``, ``format_pdf``, ``format_mdb``, ``format_word``, ``format_dxf_binary``: known, not readable.
    """
    for magic, code in _UNREAD:
        if head.startswith(magic):
            raise _refused(code, given)
    if head.startswith(b"\xd0\xcf\x11\xe0") and _WORD_STREAM in head:
        raise _refused("format_word", given)
    start = head.removeprefix(b"\xef\xbb\xbf")
    if _DXF.match(start):
        return "dxf"
    if _TAB.match(start):
        return "tab"
    if _MIF.match(start):
        return "mif"
    return "geojsonseq" if _is_sequence(start) else None


def recognise_zip(names: frozenset[str], given: Path) -> None:
    """Refuse office files that are no tables.

    Raises
    ------
    InputRefused
        ``format_word``, ``format_sheet`` (OpenDocument, binary workbooks).
    """
    for part, code in _OFFICE:
        if part in names:
            raise _refused(code, given)


def companions(path: Path) -> tuple[Path, ...]:
    """Return the files that belong to ``path`` (those of a MapInfo table), sorted."""
    endings = COMPANIONS.get(path.suffix.lower().lstrip("."), ())
    if not endings:
        return ()
    near = path.parent.iterdir()
    return tuple(sorted(one for one in near if one.stem == path.stem and one.suffix.lower() in endings))


def _is_sequence(start: bytes) -> bool:
    """Say whether this is GeoJSON line by line: a record separator first, or a whole feature in the first line."""
    if start.lstrip().startswith(b"\x1e"):
        return True
    if not start.lstrip().startswith(b"{"):
        return False
    lines = start.split(b"\n", 2)
    if len(lines) < 2 or not lines[1].lstrip().startswith(b"{"):
        return False
    try:
        first = json.loads(lines[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and first.get("type") == "Feature"


def _refused(code: str, given: Path) -> InputRefused:
    return InputRefused(Fault(code, file=given.name, value=given.suffix))
