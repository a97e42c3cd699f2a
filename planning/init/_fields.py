"""A planner's own words for columns (part of ``init``): ``fields.toml`` beside the data."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from planning import tables
from planning.errors import Fault, InputRefused, refuse
from planning.sources.columns import PLACES
from planning.sources.raw import flat

FILE: Final = "fields.toml"
Words = Mapping[str, Mapping[str, tuple[str, ...]]]


def read(path: Path | None, folder: Path) -> Words:
    """Return a planner's own headings, ``{table: {canonical column: (heading, …)}}``, in order of preference.

    Parameters
    ----------
    path : Path or None
        The file; None takes ``fields.toml`` in ``folder`` where there is one.
    folder : Path

    Returns
    -------
    mapping
        Empty without a file.

    Raises
    ------
    InputRefused
        ``fields_file_missing``, ``fields_file_not_toml``, and for every wrong entry ``fields_file_table``,
        ``fields_file_column``, ``fields_file_value``, ``fields_file_twice``.
    """
    if path is None and not (folder / FILE).is_file():
        return {}
    document = _document(path or folder / FILE)
    refuse(_faults(document, (path or folder / FILE).name))
    return {name: {column: _headings(said) for column, said in columns.items()} for name, columns in document.items()}


def stated(words: Words, name: str, headers: tuple[str, ...]) -> dict[str, str]:
    """Return which of ``headers`` the planner's words say, ``{canonical: heading as the file writes it}``."""
    found: dict[str, str] = {}
    there = {flat(header): header for header in reversed(headers)}
    for column, headings in words.get(name, {}).items():
        hits = [there[flat(heading)] for heading in headings if flat(heading) in there]
        if hits:
            found[column] = hits[0]
    return found


def every_heading(words: Words) -> dict[str, str]:
    """Return all headings under keys of their own, for finding a heading row."""
    each = (heading for columns in words.values() for said in columns.values() for heading in said)
    return {str(at): heading for at, heading in enumerate(each)}


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputRefused(Fault("fields_file_missing", file=path.name, value=str(path))) from None
    except OSError as error:
        raise InputRefused(Fault("file_not_readable", file=path.name, facts={"why": error.strerror or ""})) from None
    except (ValueError, RecursionError) as error:
        raise InputRefused(Fault("fields_file_not_toml", file=path.name, value=str(error))) from None


def _faults(document: Mapping[str, Any], file: str) -> list[Fault]:
    faults: list[Fault] = []
    for name, columns in document.items():
        if name not in tables.contracts() or not isinstance(columns, Mapping):
            faults.append(_unknown("fields_file_table", name, list(tables.contracts()), file))
        else:
            faults += _column_faults(name, columns, file)
    return faults


def _column_faults(name: str, columns: Mapping[str, Any], file: str) -> list[Fault]:
    """Name unknown columns, values that are no headings, and headings given to two columns."""
    faults: list[Fault] = []
    known = [*tables.contract(name).columns, *(PLACES if tables.contract(name).geometry else ())]
    owner: dict[str, str] = {}
    for column, said in columns.items():
        place = f"{name}.{column}"
        if column not in known:
            faults.append(_unknown("fields_file_column", place, [f"{name}.{word}" for word in known], file))
            continue
        headings = _headings(said)
        if not headings or not all(isinstance(word, str) and word.strip() for word in headings):
            faults.append(Fault("fields_file_value", file=file, column=place, value=str(said)[:200]))
            continue
        for heading in dict.fromkeys(map(flat, headings)):
            if heading in owner:
                facts = {"other": owner[heading]}
                faults.append(Fault("fields_file_twice", file=file, column=place, value=heading, facts=facts))
            owner[heading] = place
    return faults


def _headings(said: Any) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, list) else (said,)


def _unknown(code: str, value: str, known: list[str], file: str) -> Fault:
    near = difflib.get_close_matches(value, known, n=1, cutoff=0.0) or known
    return Fault(code, file=file, column=value, value=value, facts={"nearest": near[0]})
