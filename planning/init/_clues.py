"""What speaks for a layer being this or that input (part of ``init``): its name, shapes, columns and cells."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from planning import tables, texts, units
from planning.errors import Fault
from planning.init import _fields
from planning.plan import INPUTS
from planning.sources import peek, values
from planning.sources.columns import PLACES, ColumnMap, Mapped
from planning.sources.raw import Raw

STRONG, WEAK, COLUMN, CONTENT, ROAD_CLASSES, CLAUSES = 3, 1, 1, 2, 4, 3
MOST_COLUMNS: Final = 4
MOST_CHOICES: Final = 3
_KINDS: Final = {0: "point", 4: "point", 1: "line", 2: "line", 5: "line", 3: "polygon", 6: "polygon"}
_FAMILY: Final = {"candidates": "facilities"}
_LISTED: Final = 6
_SAMPLE: Final = 5000
_MOST_KEYS: Final = 200_000


@dataclass(frozen=True)
class Clue:
    """One thing that speaks for (or against) a role: a sentence of ``locales/init.toml`` and its weight."""

    code: str
    points: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return it in Chinese and English."""
        return texts.both(f"init.clue.{self.code}", **self.facts)


@dataclass(frozen=True)
class Guess:
    """A role a layer may have: what speaks for it, its columns, and what it lacks for it."""

    role: str
    clues: tuple[Clue, ...]
    columns: Mapping[str, str]
    fields: Mapping[str, str]
    unknown: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    places: bool = True

    @property
    def points(self) -> int:
        """Return the sum of its clues."""
        return sum(clue.points for clue in self.clues)


@dataclass(frozen=True)
class Look:
    """One layer: where it is, what it holds, and what it may be, the likeliest first."""

    path: str
    layer: str | None
    rows: int
    kind: str
    crs: str
    headers: tuple[str, ...]
    guesses: tuple[Guess, ...]
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """Return the file and layer as a person reads them."""
        return self.path if self.layer is None else f"{self.path} [{self.layer}]"


def look(path: str, sight: peek.Sight, words: _fields.Words) -> Look:
    """Return what a layer says of itself.

    Parameters
    ----------
    path : str
        Of its file, relative to the plan.
    sight : Sight
        With a table in it.
    words : mapping
        The planner's own headings, see `_fields.read`.
    """
    raw = sight.raw
    if raw is None:
        raise ValueError(path)
    kinds = _kinds(raw)
    found = [_guess(role, path, raw, kinds, words) for role in INPUTS if _fits(role, kinds, raw)]
    own = [guess for guess in found if guess.points > 0 and (guess.role != "candidates" or _own(guess))]
    ranked = sorted(own, key=lambda guess: (-guess.points, INPUTS.index(guess.role)))
    crs = "" if raw.crs is None else raw.crs.name
    kind = next(iter(kinds)) if len(kinds) == 1 else "mixed" if kinds else "table"
    return Look(path, sight.layer, raw.read, kind, crs, raw.headers, tuple(ranked), _keys(raw, ranked))


# ----------------------------------------------------------------------------------------------------------- shapes


def _kinds(raw: Raw) -> frozenset[str]:
    """Return what shapes the layer holds; a table with coordinates holds points or what its WKT says; else none."""
    shapes = raw.geometry
    if shapes is None:
        known, _ = peek.known_columns("medical", raw, {}, file="")
        if {"lon", "lat"} <= known.known.keys():
            return frozenset({"point"})
        if "wkt" not in known.known:
            return frozenset()
        cells = known.known["wkt"].cells.astype(object).map(lambda cell: cell if isinstance(cell, str) else None)
        shapes = np.asarray(shapely.from_wkt(np.array(cells, dtype=object), on_invalid="ignore"), dtype=object)
    present = shapely.get_type_id(shapes[~shapely.is_missing(shapes)])
    return frozenset(_KINDS.get(int(kind), "other") for kind in np.unique(present))


def _fits(role: str, kinds: frozenset[str], raw: Raw) -> bool:
    """Say whether a layer of these shapes may be ``role``; a table without coordinates may still turn out to be one."""
    allowed = set(tables.contract(role).geometry)
    if not kinds:
        return role not in ("roads", "barriers", "units") and raw.geometry is None
    return bool(allowed) and kinds <= allowed


# ---------------------------------------------------------------------------------------------------------- guesses


def _guess(role: str, path: str, raw: Raw, kinds: frozenset[str], words: _fields.Words) -> Guess:
    """Gather what speaks for one role."""
    stated = _fields.stated(words, role, raw.headers)
    known, faults = peek.known_columns(role, raw, stated, file=PurePosixPath(path).name)
    table = tables.contract(role)
    clues = [*_name_clues(role, path, raw.layer), *_column_clues(known, stated), *_content(role, known)]
    if any(fault.code == "column_missing" for fault in faults):
        clues.append(Clue("lacks", -1, {"columns": _listed(f.column for f in faults if f.code == "column_missing")}))
    columns = {name: mapped.source for name, mapped in known.known.items()}
    places = not table.needs_geometry or bool(kinds)
    return Guess(role, tuple(clues), columns, stated, known.rest, faults, places)


def _own(guess: Guess) -> bool:
    """Say whether anything speaks for candidates that does not speak for facilities."""
    extra = {"role", "source", "available_from"} & guess.columns.keys()
    return bool(extra) or any(clue.code == "name" for clue in guess.clues)


def _name_clues(role: str, path: str, layer: str) -> Iterator[Clue]:
    """Yield what the file, its layer and its folder are called; the last strong word of a name decides."""
    pure = PurePosixPath(path)
    best: Clue | None = None
    for name in dict.fromkeys((layer, pure.stem.removesuffix(".osm"))):
        said = _said(name)
        if role in said:
            strength, word = said[role]
            points = STRONG if strength == "decides" else WEAK
            if best is None or points > best.points:
                best = Clue("name", points, {"name": name, "word": word})
    if best is not None:
        yield best
        return
    said = _said(pure.parent.name)
    if role in said:
        yield Clue("folder", WEAK, {"name": pure.parent.name, "word": said[role][1]})


def _said(name: str) -> dict[str, tuple[str, str]]:
    """Return which roles a name speaks of: ``{role: ("decides" | "hints", word)}``."""
    text = units.normalise(name)
    hits = [
        (match.end(), len(word), strength, role, word)
        for role, entry in roles().items()
        for strength in ("strong", "weak")
        for word in entry[strength]
        for match in _word(word).finditer(text)
    ]
    strong = [hit for hit in hits if hit[2] == "strong"]
    last = max(((end, size) for end, size, *_ in strong), default=None)
    found: dict[str, tuple[str, str]] = {}
    for end, size, strength, role, word in sorted(hits):
        decides = strength == "strong" and last == (end, size)
        if decides or role not in found or found[role][0] != "decides":
            found[role] = ("decides" if decides else "hints", word)
    return found


@cache
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){re.escape(word)}s?(?![a-z])") if word.isascii() else re.compile(re.escape(word))


def _column_clues(known: ColumnMap, stated: Mapping[str, str]) -> Iterator[Clue]:
    """Yield the headings that few kinds of tables know, up to `MOST_COLUMNS`."""
    telling = [
        mapped.source
        for name, mapped in known.known.items()
        if name not in PLACES and (name in stated or len(_families(mapped.source)) <= 1)
    ]
    if telling:
        yield Clue("columns", COLUMN * min(len(telling), MOST_COLUMNS), {"columns": _listed(telling)})


@cache
def _families(heading: str) -> frozenset[str]:
    """Return which kinds of tables know a heading; facilities and candidates are one kind."""
    one = Raw(pd.DataFrame({heading: [None]}), (heading,), np.array([1]), 1)
    return frozenset(
        _FAMILY.get(role, role)
        for role in INPUTS
        if set(peek.known_columns(role, one, {}, file="")[0].known) - set(PLACES)
    )


def _content(role: str, known: ColumnMap) -> Iterator[Clue]:
    """Yield what the cells say."""
    columns = known.known
    if role == "roads" and "highway" in columns:
        share = _share(columns["highway"], set(roles()["roads"]["classes"]).__contains__)
        if share >= 0.5:
            yield Clue("highways", ROAD_CLASSES, {"share": f"{share:.0%}"})
    if role == "indicators" and "indicator_id" in columns:
        share = _share(columns["indicator_id"], lambda text: bool(re.fullmatch(r"[a-z]{2}-\d{1,3}", text)))
        if share >= 0.5:
            yield Clue("clauses", CLAUSES, {"share": f"{share:.0%}"})
    if "name" in columns and roles()[role]["ends"]:
        ends = tuple(roles()[role]["ends"])
        share = _share(columns["name"], lambda text: text.endswith(ends))
        if share >= 0.3:
            yield Clue("names", CONTENT, {"share": f"{share:.0%}", "heading": columns["name"].source})
    yield from _choice_clues(columns)


def _choice_clues(columns: Mapping[str, Mapped]) -> Iterator[Clue]:
    """Yield columns whose words are, or are not, those of the contract."""
    fitting: list[str] = []
    strange: list[str] = []
    for mapped in columns.values():
        if mapped.column.kind != "choice":
            continue
        cells = mapped.cells.iloc[:_SAMPLE]
        _, codes = units.parse_choices(cells, mapped.column.choices)
        stated = ~np.array([units.is_missing(cell) for cell in cells], dtype=bool)
        if stated.any():
            share = float((codes[stated] == "").mean())
            (fitting if share >= 0.8 else strange if share <= 0.2 else []).append(mapped.source)
    if fitting:
        yield Clue("choices", min(len(fitting), MOST_CHOICES), {"columns": _listed(fitting)})
    if strange:
        yield Clue("strange", -CONTENT, {"columns": _listed(strange)})


def _share(mapped: Mapped, holds: Callable[[str], bool]) -> float:
    """Return the share of stated cells, of the first 5000 rows, for which ``holds`` is true."""
    cells = [cell for cell in mapped.cells.iloc[:_SAMPLE] if not units.is_missing(cell)]
    return sum(holds(units.normalise(str(cell))) for cell in cells) / len(cells) if cells else 0.0


def _keys(raw: Raw, ranked: Sequence[Guess]) -> dict[str, Mapping[str, str]]:
    """Return the columns that could tie two tables together (hardly two rows alike), each key with the row's name."""
    found: dict[str, Mapping[str, str]] = {}
    home = next((guess for guess in ranked if guess.role == "residential"), None)
    if home is None or len(raw.frame) > _MOST_KEYS:
        return found
    named = home.columns.get("name")
    names = _texts(raw, raw.headers.index(named)) if named in raw.headers else [""] * len(raw.frame)
    for at, header in enumerate(raw.headers):
        pairs = {key: name for key, name in zip(_texts(raw, at), names, strict=True) if key}
        if len(pairs) >= max(1, 0.9 * int(raw.frame.iloc[:, at].notna().sum())):
            found[header] = pairs
    return found


def _texts(raw: Raw, at: int) -> list[str]:
    """Return the cells of a column as trimmed text, empty where there is nothing."""
    cells = raw.frame.iloc[:, at]
    return ["" if bare else values.plain_text(cell).strip() for cell, bare in zip(cells, cells.isna(), strict=True)]


@cache
def roles() -> Mapping[str, Mapping[str, list[str]]]:
    """Return the words of ``roles.toml``."""
    found: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(
        (resources.files("planning.init") / "roles.toml").read_text(encoding="utf-8")
    )
    return found


def _listed(words: Iterable[str]) -> str:
    """Return the first few words, and how many there are beyond."""
    every = list(dict.fromkeys(map(str, words)))
    more = f" +{len(every) - _LISTED}" if len(every) > _LISTED else ""
    return "、".join(every[:_LISTED]) + more
