"""MapInfo tables (``.tab`` with ``.dat``, ``.map``, ``.id``) and interchange files (``.mif`` with ``.mid``).

GDAL believes the charset a file states, and offices in China save GBK under ``WindowsLatin1`` or ``Neutral``. So the
text is looked at first, and GDAL gets a copy that states what the bytes really are.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from planning.errors import Fault, InputRefused
from planning.sources import dbf, layers, textcode
from planning.sources.raw import Dataset, Raw

_NATIVE: Final = re.compile(rb"^\s*type\s+\"?native\"?", re.IGNORECASE | re.MULTILINE)
_FIELD: Final = re.compile(
    rb"\s(char|integer|smallint|largeint|float|decimal|date|time|datetime|logical)\b[^;\n]*;", re.IGNORECASE
)
_OBJECT: Final = re.compile(
    rb"^[ \t]*(?:point|line|pline|region|arc|text|rect|roundrect|ellipse|multipoint|none)\b",
    re.IGNORECASE | re.MULTILINE,
)
_CHARSET: Final = re.compile(rb"(!?charset[ \t]+)\"?([\w-]+)\"?", re.IGNORECASE)
_KNOWN: Final = {
    "windowssimpchinese": "gbk",
    "windowstradchinese": "cp950",
    "utf-8": "utf-8",
    "utf8": "utf-8",
}
_NAMES: Final = {"gbk": b"WindowsSimpChinese", "gb18030": b"WindowsSimpChinese", "cp950": b"WindowsTradChinese"}
_PARTS: Final = {"tab": (".dat", ".map", ".id"), "mif": (".mid",)}


def read(dataset: Dataset, *, encoding: str | None) -> Raw:
    """Read a MapInfo table or interchange file.

    Parameters
    ----------
    dataset : Dataset
        Its ``.tab`` or ``.mif``.
    encoding : str or None
        The plan's; else the charset the file states, strict UTF-8, strict GB18030 (see `textcode.choose`).

    Returns
    -------
    Raw
        ``read`` counts the records of the ``.dat`` by its header, or the lines of the ``.mid``.

    Raises
    ------
    InputRefused
        ``mapinfo_part_missing``, ``mapinfo_disagrees``, ``format_refused`` (a table that only points to another), and
        faults of the encoding.
    """
    parts = _parts(dataset)
    head = dataset.path.read_bytes()
    if dataset.kind == "tab" and not _NATIVE.search(head):
        raise InputRefused(Fault("format_refused", file=dataset.file, facts={"known": "TAB (Type NATIVE)"}))
    pieces, count = _tab_texts(parts, head, dataset) if dataset.kind == "tab" else _mif_texts(parts, head, dataset)
    choice = textcode.choose(
        [piece for piece in pieces if not piece.isascii()],
        file=dataset.file,
        stated=encoding,
        marks=_marks(head),
        decode=dbf.decoded,
    )
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        copy = Path(folder) / f"layer.{dataset.kind}"
        for ending, path in parts.items():
            shutil.copyfile(path, Path(folder) / f"layer{ending}")
        copy.write_bytes(_with_charset(head, choice.encoding))
        raw = layers.read_plain(copy, dataset, count)
    return replace(raw, layer=dataset.path.stem, encoding=choice.encoding, faults=(*raw.faults, *choice.faults))


def _parts(dataset: Dataset) -> dict[str, Path]:
    """Return the companions by ending."""
    wanted = _PARTS[dataset.kind]
    near = {one.suffix.lower(): one for one in sorted(dataset.path.parent.iterdir()) if one.stem == dataset.path.stem}
    missing = [ending for ending in wanted if ending not in near]
    if missing:
        raise InputRefused(Fault("mapinfo_part_missing", file=dataset.file, value="、".join(missing)))
    return {ending: near[ending] for ending in wanted}


def _tab_texts(parts: dict[str, Path], head: bytes, dataset: Dataset) -> tuple[list[bytes], int]:
    """Return the text of a table, and how many records stand in its ``.dat``."""
    try:
        table = dbf.read(parts[".dat"])
    except ValueError as error:
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": str(error)})) from None
    kinds = [kind.lower() for kind in _FIELD.findall(head)]
    if len(kinds) != len(table.fields):
        why = f".tab {len(kinds)}, .dat {len(table.fields)}"
        raise InputRefused(Fault("file_broken", file=dataset.file, facts={"why": why}))
    entries, records = parts[".id"].stat().st_size // 4, len(table.records)
    if entries != records:
        raise InputRefused(Fault("mapinfo_disagrees", file=dataset.file, value=f".id {entries}, .dat {records}"))
    cells = [cell for index, kind in enumerate(kinds) if kind == b"char" for cell in dbf.cell_texts(table, index)]
    return [*head.splitlines(), *cells], int((~table.deleted).sum())


def _mif_texts(parts: dict[str, Path], head: bytes, dataset: Dataset) -> tuple[list[bytes], int]:
    """Return the text of an interchange file, and how many lines of its ``.mid`` hold anything."""
    names, shapes = _split(head)
    lines = [line for line in parts[".mid"].read_bytes().splitlines() if line.strip()]
    objects = len(_OBJECT.findall(shapes))
    if objects != len(lines) and b"collection" not in shapes.lower():
        raise InputRefused(Fault("mapinfo_disagrees", file=dataset.file, value=f".mif {objects}, .mid {len(lines)}"))
    return [*names.splitlines(), *lines], len(lines)


def _split(head: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and after the word that begins the shapes."""
    before, *after = re.split(rb"^[ \t]*data[ \t]*\r?$", head, maxsplit=1, flags=re.IGNORECASE | re.MULTILINE)
    return before, b"".join(after)


def _marks(head: bytes) -> list[textcode.Mark]:
    """Return the charset a file states."""
    match = _CHARSET.search(head)
    if match is None:
        return []
    said = match.group(2).decode("ascii", errors="replace")
    return [] if said.lower() == "neutral" else [textcode.Mark("Charset", said, _KNOWN.get(said.lower()))]


def _with_charset(head: bytes, encoding: str) -> bytes:
    """Return the head stating the charset the bytes are in."""
    word = _NAMES.get(encoding, b"UTF-8" if encoding in ("utf-8", "utf_8") else b"Neutral")
    return _CHARSET.sub(lambda match: match.group(1) + b'"' + word + b'"', head)
