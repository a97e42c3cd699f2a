"""Room `planning.standards`: find a standard's file, read it, build the frozen records."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from planning import texts
from planning.errors import Fault, InputRefused, refuse
from planning.standards._faults import faults
from planning.standards._model import POOLING, Clause, Part, Standard, Switch
from planning.standards._schema import SIZES, UNSTATED

_TUPLES: Final = ("unit_types", "levels", "kinds", "other_deadlines", "ambiguities")


def load(id_or_path: str | Path) -> Standard:
    """Return a standard by its id (``liaocheng``, a preset) or from a planner's own TOML file.

    Raises
    ------
    InputRefused
        With every fault of the file; for a word that is neither id nor file, with the nearest known id.
    """
    name = str(id_or_path)
    if name in ids():
        return _bundled(name)
    if not name.lower().endswith(".toml"):
        near = _nearest(name)
        raise InputRefused(
            Fault(
                "standard_unknown",
                column="plan.standard",
                value=name,
                facts={"nearest": near, **_said_of(near), "known": "、".join(ids())},
            )
        )
    path = Path(id_or_path)
    return _build(_checked(_read(path), path.name))


def _nearest(name: str) -> str:
    """Return the id most like ``name``: by the place it is for (聊城, 聊城市), by its title, else by its spelling.

    Empty where none is near: another city's rule is no help to who asked for one that is not here.
    """
    word = name.strip().removesuffix("市").removesuffix("省").removesuffix("区")
    for standard in sorted(catalogue(), key=lambda one: (len(one.jurisdiction_zh), one.id)):
        told = (standard.jurisdiction_zh, standard.title_zh, standard.jurisdiction_en, standard.title_en)
        if word and any(word.casefold() in one.casefold() for one in told):
            return standard.id
    return next(iter(difflib.get_close_matches(name.casefold(), ids(), n=1)), "")


def _said_of(near: str) -> dict[str, str]:
    key = "standard.near" if near else "standard.none_near"
    return {f"near_{language}": texts.t(key, language, name=near) for language in texts.LANGUAGES}


def catalogue() -> tuple[Standard, ...]:
    """Return every standard that ships with the tool: the documents first, then presets, each by id."""
    found = (_bundled(name) for name in ids())
    return tuple(sorted(found, key=lambda standard: (standard.kind != "document", standard.id)))


def validate(path: str | Path) -> tuple[Fault, ...]:
    """Return every fault of a standard's TOML file; none means that it can be loaded."""
    path = Path(path)
    try:
        words = _read(path)
    except InputRefused as error:
        return error.faults
    return tuple(faults(words, switch_table(), path.name))


@cache
def ids() -> tuple[str, ...]:
    """Return the ids of the standards that ship with the tool."""
    folder = resources.files("planning.standards")
    names = (file.name for file in folder.iterdir())
    return tuple(sorted(name[:-5] for name in names if name.endswith(".toml") and not name.startswith("_")))


@cache
def switch_table() -> Mapping[str, Any]:
    """Return every switch with its ambiguity, choices, common default and reason."""
    text = (resources.files("planning.standards") / "_switches.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


@cache
def _bundled(name: str) -> Standard:
    file = f"{name}.toml"
    text = (resources.files("planning.standards") / file).read_text(encoding="utf-8")
    return _build(_checked(_parse(text, file), file))


def _read(path: Path) -> Mapping[str, Any]:
    """Return the file as TOML, or refuse it as a whole."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputRefused(
            Fault(
                "standard_not_readable",
                file=path.name,
                column="plan.standard",
                value=str(path),
                facts={"why": error.strerror or ""},
            )
        ) from None
    except UnicodeDecodeError:
        raise InputRefused(Fault("standard_not_utf8", file=path.name, column="plan.standard")) from None
    return _parse(text, path.name)


def _parse(text: str, file: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputRefused(Fault("standard_not_toml", file=file, value=str(error))) from None


def _checked(words: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    refuse(faults(words, switch_table(), file))
    return words


def _build(words: Mapping[str, Any]) -> Standard:
    """Return the record of a checked document."""
    head = dict(words["standard"])
    for key in ("notes_zh", "notes_en"):
        head[key] = tuple(head.get(key, ()))
    readings = tuple(_switch(name, words.get("switches", {})) for name in switch_table())
    clauses = tuple(_clause(clause, words["standard"]["source"]) for clause in words["clause"])
    chosen = {switch.name: switch.default for switch in readings if switch.default != UNSTATED}
    return Standard(
        **head,
        clauses=clauses,
        readings=readings,
        switches=chosen,
        pooling=bool(chosen.get("pooling", any(clause.metric == POOLING for clause in clauses))),
    )


def _clause(words: Mapping[str, Any], source: str) -> Clause:
    facts = {"source": source, **words}
    facts |= {key: tuple(facts[key]) for key in _TUPLES if key in facts}
    facts |= {key: Decimal(facts[key]) for key in SIZES if key in facts}
    facts["value"] = None if words["value"] == UNSTATED else Decimal(words["value"])
    facts["parts"] = tuple(Part(**{**part, "value": Decimal(part["value"])}) for part in words.get("parts", []))
    return Clause(**facts)


def _switch(name: str, own: Mapping[str, Any]) -> Switch:
    common = switch_table()[name]
    words = own.get(name, common)
    return Switch(
        name=name,
        ambiguity=common["ambiguity"],
        default=words["default"],
        choices=tuple(common["choices"]),
        reason_zh=words["reason_zh"],
        reason_en=words["reason_en"],
    )
