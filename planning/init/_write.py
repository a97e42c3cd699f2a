"""The plan file that `init` writes (part of ``init``): every line says why it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final

from planning import standards, tables, texts
from planning.errors import Fault
from planning.init._choose import Choice, Choices
from planning.init._clues import Clue, Guess, Look
from planning.plan import INPUTS, NEEDED_INPUTS
from planning.sources.raw import bare_heading, flat
from planning.texts import printable

DATUMS: Final = ("wgs84", "cgcs2000", "gcj02", "bd09")
_PLACE_WORDS: Final = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("经度", "纬度"), ("东经", "北纬"))
_LISTED: Final = 20
_WEIGHTS: Final = ("elderly", "residents", "households")


@dataclass(frozen=True)
class Answers:
    """What the planner said; ``datums`` by file path or base name, ``""`` for every other file; ``p`` sites to seek."""

    name: str
    standard: str | None = None
    as_of: date | None = None
    datums: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    p: int | None = None
    new_cutoff: date | None = None


def text(choices: Choices, answers: Answers, unread: Iterable[tuple[str, Fault]], other: tuple[str, ...]) -> str:
    """Return the plan file."""
    lines = [*_head(), *_plan(answers)]
    for role in INPUTS:
        lines += _input(choices.by_role[role], answers)
    lines += [*_walk(answers), *_siting(choices.by_role, answers)]
    lines += _rest(choices, unread, other)
    return "\n".join(lines).rstrip("\n") + "\n"


def quoted(value: str) -> str:
    """Return a TOML string; whatever is no letter is escaped."""
    shown = "".join(_escaped(letter) for letter in value)
    return f'"{shown}"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if printable(letter) == letter:
        return letter
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"


def _comment(key: str, **facts: Any) -> str:
    """Return a comment line in both languages; no name in it can break out of its line."""
    return f"# {printable(texts.both(f'init.{key}', **facts))}"


def _beside(line: str, key: str, **facts: Any) -> str:
    return f"{line}   {_comment(key, **facts)}"


# ------------------------------------------------------------------------------------------------- the plan's own keys


def _head() -> list[str]:
    return [_comment("head"), _comment("head_next"), ""]


def _plan(answers: Answers) -> Iterator[str]:
    yield "[plan]"
    yield _beside(f"name = {quoted(answers.name)}", "name")
    if answers.standard is None:
        yield _comment("standard")
        yield from (
            printable(f"#   {one.id}  {one.title_zh} / {one.title_en} ({one.status})") for one in standards.catalogue()
        )
        yield '# standard = ""'
    else:
        yield f"standard = {quoted(answers.standard)}"
    if answers.as_of is None:
        yield _beside("# as_of = 2025-12-31", "as_of")
    else:
        yield f"as_of = {answers.as_of.isoformat()}"
    yield _beside('# crs = "EPSG:4548"', "crs")
    if answers.notes:
        yield f"notes = [{', '.join(map(quoted, answers.notes))}]"
    yield ""


# --------------------------------------------------------------------------------------------------------- an input


def _input(choice: Choice, answers: Answers) -> Iterator[str]:
    """Yield the block of one input: chosen, open, or missing."""
    said = _role(choice.role)
    yield f"# ---- {said['role']} / {said['role_en']}"
    if choice.look is not None and choice.guess is not None:
        yield from _chosen(choice, choice.look, choice.guess, answers)
        yield from (_comment("other", shown=one.shown, **said, **_clues(guess)) for one, guess in choice.others)
    elif any(guess.places for _, guess in choice.others):
        yield _comment("uncertain", **said)
        for one, guess in choice.others:
            yield from _alternative(choice.role, one, guess, answers)
    else:
        for one, _ in choice.others:
            yield from _no_places(choice.role, one)
        key = "missing_needed" if choice.role in NEEDED_INPUTS else "missing"
        advice = {
            "advice": texts.t(f"init.advice.{choice.role}", "zh"),
            "advice_en": texts.t(f"init.advice.{choice.role}", "en"),
        }
        yield _comment(key, **said, **advice)
    yield ""


def _chosen(choice: Choice, look: Look, guess: Guess, answers: Answers) -> Iterator[str]:
    yield from _evidence(look, guess)
    if choice.join is not None:
        yield _comment("join", column=choice.join.column, share=f"{choice.join.share:.0%}")
        yield from _evidence(choice.join.look, choice.join.guess)
    yield from _block(choice.role, look, guess, answers)
    if choice.join is not None:
        yield f"table = {quoted(choice.join.look.path)}"
        yield f"join = {quoted(choice.join.column)}"
    fields = {**guess.fields, **({} if choice.join is None else choice.join.guess.fields)}
    if fields:
        yield f"fields = {_inline(fields)}"
    for one in (guess, *(() if choice.join is None else (choice.join.guess,))):
        yield from _open_columns(choice.role, one, known={*guess.columns, *_joined_columns(choice)})


def _joined_columns(choice: Choice) -> frozenset[str]:
    return frozenset() if choice.join is None else frozenset(choice.join.guess.columns)


def _evidence(look: Look, guess: Guess) -> Iterator[str]:
    """Yield why this layer was taken, and what was recognised in it."""
    crs = {language: look.crs or texts.t("init.kind.no_crs", language) for language in texts.LANGUAGES}
    facts = {"rows": look.rows, "kind": texts.t(f"init.kind.{look.kind}", "zh"), "crs": crs["zh"]}
    facts |= {"kind_en": texts.t(f"init.kind.{look.kind}", "en"), "crs_en": crs["en"]}
    yield f"# {printable(look.shown)}"
    yield _comment("facts", **facts)
    yield _comment("evidence", **_clues(guess))
    pairs = [f"{heading} → {name}" for name, heading in guess.columns.items()]
    if pairs:
        yield f"{_comment('columns')}: {printable('、'.join(pairs))}"
    if guess.unknown and guess.role not in ("roads", "barriers"):
        yield f"{_comment('unknown')}: {printable('、'.join(guess.unknown))}"


def _block(role: str, look: Look, guess: Guess, answers: Answers) -> Iterator[str]:
    """Yield the keys that say where an input is and where its coordinates come from."""
    yield f"[inputs.{role}]"
    yield f"path = {quoted(look.path)}"
    if look.layer is not None:
        yield f"layer = {quoted(look.layer)}"
    if role == "roads" and look.path.lower().endswith(".dxf"):
        yield _beside('# noding = "planar"', "noding")
    if tables.contract(role).geometry and guess.places:
        yield from _datum(look, guess, answers)


def _datum(look: Look, guess: Guess, answers: Answers) -> Iterator[str]:
    """Yield the datum the planner gave; where the file states no CRS and nothing was given, the question."""
    named = answers.datums.get(look.path) or answers.datums.get(PurePosixPath(look.path).name)
    stated = named or (None if look.crs else answers.datums.get(""))
    if stated is not None:
        yield f"datum = {quoted(stated)}"
    elif not look.crs:
        yield _comment("datum_table" if {"lon", "lat", "wkt"} & guess.columns.keys() else "datum_layer")
        yield '# datum = "wgs84"'


def _open_columns(role: str, guess: Guess, *, known: set[str]) -> Iterator[str]:
    """Yield what the planner has to say about columns: needed ones, ambiguous ones, look-alikes."""
    for fault in guess.faults:
        if fault.code == "columns_ambiguous":
            yield _comment("ambiguous", column=fault.column, headings=fault.value)
            names, headings = fault.column.split("、"), fault.value.split("、")
            yield from (f"# fields = {_inline({name: heading})}" for name in names for heading in headings)
        elif fault.code == "column_missing" and fault.column not in known:
            yield _comment("lacks", column=fault.value)
    for name, heading in _lookalikes(role, guess, known):
        yield _beside(f"# fields = {_inline({name: heading})}", "perhaps")


def _lookalikes(role: str, guess: Guess, known: set[str]) -> list[tuple[str, str]]:
    """Return unknown headings that hold, or are held by, a word of a column the layer lacks."""
    found = []
    for heading in guess.unknown:
        bare = bare_heading(heading)
        for name, column in tables.contract(role).columns.items():
            words = {flat(word) for word in (column.zh, *column.aliases)}
            near = any(len(word) > 1 and (word in bare or (len(bare) > 1 and bare in word)) for word in words)
            if name not in known and near and name != tables.contract(role).key:
                found.append((name, heading))
    return found


def _alternative(role: str, look: Look, guess: Guess, answers: Answers) -> Iterator[str]:
    """Yield one of several layers a role could be, commented out."""
    if not guess.places:
        yield from _no_places(role, look)
        return
    yield from _evidence(look, guess)
    lines = [*_block(role, look, guess, answers), *([f"fields = {_inline(guess.fields)}"] if guess.fields else [])]
    yield from (line if line.startswith("#") else f"# {line}" for line in lines)


def _no_places(role: str, look: Look) -> Iterator[str]:
    """Yield that a table has no coordinates, and the headings that look like some."""
    key = "no_places_residential" if role == "residential" else "no_places"
    yield _comment(key, shown=look.shown, **(_role(role) if key == "no_places" else {}))
    for lon, lat in coordinate_pairs(look.headers):
        yield from (f"# [inputs.{role}]", f"# path = {quoted(look.path)}")
        yield from () if look.layer is None else (f"# layer = {quoted(look.layer)}",)
        yield _beside(f"# fields = {_inline({'lon': lon, 'lat': lat})}", "perhaps")
        yield from (f'# datum = "{datum}"' for datum in DATUMS if datum in flat(lon))


def coordinate_pairs(headers: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return headings that look like longitude and latitude, alike but for that word: lon_bd09 and lat_bd09."""
    known = {flat(header): header for header in reversed(headers)}
    found = []
    for header in headers:
        for east, north in _PLACE_WORDS:
            other = flat(header).replace(east, north)
            if east in flat(header) and other in known:
                found.append((header, known[other]))
    return list(dict.fromkeys(found))


def _inline(fields: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {quoted(heading)}" for name, heading in fields.items()) + " }"


def _clues(guess: Guess) -> dict[str, str]:
    return {"clues": "；".join(_said(guess.clues, "zh")), "clues_en": "; ".join(_said(guess.clues, "en"))}


def _said(clues: Iterable[Clue], language: texts.Language) -> list[str]:
    return [texts.t(f"init.clue.{clue.code}", language, **clue.facts) for clue in clues]


def _role(role: str) -> dict[str, str]:
    return {"role": texts.t(f"init.role.{role}", "zh"), "role_en": texts.t(f"init.role.{role}", "en")}


# ------------------------------------------------------------------------------------------------------- the rest


def _walk(answers: Answers) -> list[str]:
    known = answers.new_cutoff
    cutoff = ["# [standards]", _beside("# new_cutoff = 2015-01-01", "cutoff")]
    if known is not None:
        cutoff = ["[standards]", _beside(f"new_cutoff = {known.isoformat()}", "cutoff")]
    return [_comment("walk"), "# [walk]", "# speed_m_per_s = 1.0", "# minutes = [5, 10, 15]", *cutoff, ""]


def _siting(by_role: Mapping[str, Choice], answers: Answers) -> Iterator[str]:
    """Yield what siting needs; without a number of sites only the model that finds it can run."""
    if by_role["candidates"].look is None:
        yield _comment("siting_none")
        yield from ("# [siting]", '# model = "mclp"', "# p = 3", "")
        return
    yield "[siting]"
    if answers.p is None:
        yield _beside('model = "lscp"', "siting_lscp")
    else:
        yield from ('model = "mclp"', f"p = {answers.p}")
    home = by_role["residential"]
    there = {*(home.guess.columns if home.guess is not None else ()), *_joined_columns(home)}
    weight = next((name for name in _WEIGHTS if name in there), "elderly")
    if weight != "elderly":
        yield _beside(f"demand = {quoted(weight)}", "siting_demand")
    yield from () if answers.p is not None else ("# p = 3",)
    yield from ('# level = "street"', "")


def _rest(choices: Choices, unread: Iterable[tuple[str, Fault]], other: tuple[str, ...]) -> Iterator[str]:
    """Yield what the folder holds besides: layers not used, files not read, files that are no data."""
    unused = [f"{one.shown}: {'、'.join(one.headers)[:200]}" for one in choices.unused]
    broken = [f"{path}: {fault.message()} {fault.remedy()}" for path, fault in unread]
    for key, lines in (("unused", unused), ("unread", broken), ("ignored", list(other))):
        if lines:
            yield _comment(key)
            yield from (f"#   {printable(line)}" for line in lines[:_LISTED])
            if len(lines) > _LISTED:
                yield f"#   {texts.both('init.more', count=len(lines) - _LISTED)}"
