"""A document of one's own: a copy of one in the library with other numbers, as a TOML file of the plan folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from typing import Any, Final

from planning import standards, texts
from planning.errors import Fault
from planning.standards import Standard
from planning.ui import folders
from planning.ui.uploads import safe_name

UNSTATED: Final = "unstated"
_HEAD: Final = (
    "# 自编标准，由 {source} 改编；改动的数值须有依据。 / Made from {source}; numbers that differ need a source.\n"
)


def file_name(name: str) -> str:
    """Return the name of the file a document of this name is kept in."""
    return safe_name(f"{name.strip() or 'own'}.toml")


def copied(source: str, *, name: str, title: str, values: Mapping[str, str], why: str) -> str:
    """Return the text of a document made from another.

    Parameters
    ----------
    source
        Id of a document in the library.
    name
        The id of the new one.
    title
        Its title; that it is one's own is added where it does not say so. Its status is that of a draft.
    values
        Clause id to a number as text, or `UNSTATED`; clauses left out keep theirs. What is no number stays as it was
        typed, for the validator to refuse.
    why
        Where the numbers come from; added to the notes.

    Raises
    ------
    KeyError
        For a source that is not in the library.
    """
    if source not in standards.ids():
        raise KeyError(source)
    text = (resources.files("planning.standards") / f"{source}.toml").read_text(encoding="utf-8")
    words = tomllib.loads(text, parse_float=Decimal)
    head: dict[str, Any] = words["standard"]
    head |= {"id": name, "status": "draft"}  # whatever its source is in force as, a copy is in force nowhere
    for language in texts.LANGUAGES:
        mark = texts.t("ui.own.mark", language)
        head[f"title_{language}"] = title if mark in title else f"{title}{mark}"
        said = [texts.t("ui.own.note", language, source=source), *filter(None, [why.strip()])]
        head[f"notes_{language}"] = [*said, *head.get(f"notes_{language}", [])]
    for clause in words["clause"]:
        if clause["id"] in values:
            clause["value"] = _number(values[clause["id"]])
    return _HEAD.format(source=source) + "\n".join(_document(words)) + "\n"


def faults(text: str, name: str) -> tuple[Fault, ...]:
    """Return what the validator says of a document that is not yet kept anywhere."""
    folder = folders.make()
    path = folder / file_name(name)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
        return standards.validate(path)
    finally:
        path.unlink(missing_ok=True)
        folder.rmdir()


def changed(source: Standard, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that differ from the document's own."""
    own = {clause.id: shown(clause.value) for clause in source.clauses}
    return {one: value.strip() for one, value in values.items() if value.strip() != own.get(one, "")}


def shown(value: object) -> str:
    """Return the number of a clause as one types it; nothing where the document states none."""
    return "" if value is None or value == UNSTATED else str(value)


def keep(text: str, folder: Path, name: str) -> Path:
    """Write the document into a plan folder and return its path; one of the same name is replaced.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    path = folder / file_name(name)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _number(typed: str) -> Any:
    if not typed.strip():
        return UNSTATED
    try:
        found = Decimal(typed.strip())
    except InvalidOperation:
        return typed
    return int(found) if found.is_finite() and found == found.to_integral_value() else found


# --------------------------------------------------------------------------------------------------------------- TOML


def _document(words: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a TOML document: plain keys, then tables, then lists of tables."""
    for key, value in words.items():
        if isinstance(value, Mapping):
            yield from ("", f"[{_key(key)}]", *_pairs(value))
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            for one in value:
                yield from ("", f"[[{_key(key)}]]", *_pairs(one))
        else:
            raise TypeError(key)


def _pairs(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _value(key)


def _value(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_pairs(value)) + " }" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return _decimal(value) if isinstance(value, Decimal) else str(value)  # a date says itself in ISO


def _decimal(value: Decimal) -> str:
    plain = f"{value:f}" if value.is_finite() else str(value).lower()
    return plain if "." in plain or not value.is_finite() else f"{plain}.0"
