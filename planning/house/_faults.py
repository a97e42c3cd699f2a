"""Room `house`: what a style file may say, and everything that is wrong with one, at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from planning import palette
from planning.errors import Fault, InputRefused
from planning.house import _logo
from planning.house._eyes import alike
from planning.house._faces import SUFFIXES, Face, problem
from planning.keys import DATE, TEXT, TEXTS, Kind, choice, is_text

WEIGHTS: Final[Mapping[str, int]] = {"regular": 400, "medium": 500, "bold": 700}
ROWS: Final = ("plan", "title", "drafter", "number", "date", "crs", "standard", "run", "review")
LONGEST: Final = 60
# Never ours to fill in: the authority gives it when it has reviewed the map.
REVIEW: Final = ("review", "review_no", "review_number", "审图号")
FROZEN: Final = ("meta", "minutes_label", "road")
# Classes stand at figures of the document, statuses at what a ledger says: no style moves them.
SETTLED: Final = ("upto", "members", "order", "breaks")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("none", "lines", "cross", "dots"),
    "filling": ("solid", "left_half", "hollow", "bar", "slash", "x"),
    "shape": ("hexagon", "circle", "square", "triangle", "diamond"),
}
_HEX: Final = re.compile(r"#[0-9A-Fa-f]{6}")


def _is_face(value: Any) -> bool:
    if isinstance(value, dict):
        number = value.get("face", 0)
        return set(value) <= {"file", "face"} and is_text(value.get("file")) and isinstance(number, int) and number >= 0
    return is_text(value)


def _is_short(value: Any) -> bool:
    return is_text(value) and len(value) <= LONGEST and value.isprintable()


SHORT: Final = Kind(_is_short, f"一行文字，不超过 {LONGEST} 字", f"one line of text, {LONGEST} characters at most")
SHORTS: Final = Kind(
    lambda value: TEXTS.accepts(value) and len(value) <= 4 and all(map(_is_short, value)),
    f"至多 4 行文字的列表，每行不超过 {LONGEST} 字",
    f"a list of up to 4 lines of {LONGEST} characters",
)
FACE: Final = Kind(
    _is_face,
    '字体文件名，或 { file = "文件.ttc", face = 0 }',
    'the name of a font file, or { file = "x.ttc", face = 0 }',
)
FACES: Final = Kind(
    lambda value: isinstance(value, list) and all(map(_is_face, value)), "字体文件的列表", "a list of font files"
)
KEYS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "institute": {"name": SHORT, "logo": TEXT},
    "sheet": {"date": DATE, "draft_mark": SHORT, "public_mark": SHORT, "cover": SHORTS},
    "title_block": dict.fromkeys(ROWS, SHORT),
    "fonts": {**dict.fromkeys(WEIGHTS, FACE), "fallback": FACES},
}


def parse(path: Path) -> dict[str, Any]:
    """Return the TOML document, or refuse the file as a whole."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputRefused(Fault("house_not_found", file=path.name)) from None
    except (OSError, UnicodeDecodeError):
        raise InputRefused(Fault("house_not_readable", file=path.name)) from None
    except (ValueError, RecursionError) as error:
        raise InputRefused(Fault("house_not_toml", file=path.name, value=str(error))) from None


def find(words: Mapping[str, Any], path: Path) -> list[Fault]:
    """Return every fault of a style, in the order of the file."""
    faults: list[Fault] = []
    for section, entries in words.items():
        if section == "palette":
            faults += _colours(entries, path.name)
        elif section not in KEYS or not isinstance(entries, dict):
            faults.append(_unknown(section, (*KEYS, "palette"), path.name))
        else:
            faults += _section(section, entries, path)
    return faults


def _section(section: str, entries: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    known = KEYS[section]
    for key, value in entries.items():
        where = f"{section}.{key}"
        if key in REVIEW and section != "title_block":
            yield Fault("house_review_number", file=path.name, column=where)
        elif key not in known:
            yield _unknown(where, [f"{section}.{word}" for word in known], path.name)
        elif not known[key].accepts(value):
            yield _wrong(where, value, known[key], path.name)
        else:
            yield from _files(where, value, path)


def _files(where: str, value: Any, path: Path) -> Iterator[Fault]:
    """Return what is wrong with the files that a sound value names."""
    folder = path.resolve().parent
    if where == "institute.logo":
        code, said = _logo.problem(folder / value)
        if code:
            yield Fault(code, file=path.name, column=where, value=value, facts={"said": said})
    if not where.startswith("fonts."):
        return
    for entry in value if isinstance(value, list) else [value]:
        face = Face.of(entry, folder)
        code, said = problem(face)
        if face.path.suffix.lower() not in SUFFIXES:
            code, said = "house_font_unreadable", face.path.suffix
        if code:
            facts = {"said": said, "known": " ".join(SUFFIXES)}
            yield Fault(code, file=path.name, column=where, value=face.path.name, facts=facts)


# -------------------------------------------------------------------------------------------------------------- colours


def _colours(entries: Any, file: str) -> Iterator[Fault]:
    if not isinstance(entries, dict):
        yield _unknown("palette", (*KEYS, "palette.ink"), file)
        return
    known = {name: part for name, part in palette.words().items() if name not in FROZEN}
    faults = list(_overlay(entries, known, "palette", file))
    yield from faults
    if not faults:
        for first, second, much in alike(palette.styled(entries)):
            facts = {"first": first, "second": second}
            yield Fault("house_colours_alike", "warning", file=file, column="palette", value=f"{much:.1f}", facts=facts)


def _overlay(entries: Mapping[str, Any], known: Mapping[str, Any], where: str, file: str) -> Iterator[Fault]:
    """Hold what a style changes against what is there: only keys that exist, of the kind that stands there."""
    for key, value in entries.items():
        here = f"{where}.{key}"
        if key not in known or key in SETTLED:
            yield _unknown(here, [f"{where}.{word}" for word in known if word not in SETTLED], file)
        elif key in CHOICES:
            if value not in CHOICES[key]:
                yield _wrong(here, value, choice(*CHOICES[key]), file)
        elif isinstance(known[key], dict) and isinstance(value, dict):
            yield from _overlay(value, known[key], here, file)
        elif isinstance(known[key], list) and known[key] and isinstance(known[key][0], dict):
            yield from _listed(value, known[key], here, file)
        elif not _alike(value, known[key]):
            yield _wrong(here, value, _kind_of(known[key]), file)


def _listed(value: Any, known: list[Any], where: str, file: str) -> Iterator[Fault]:
    """Hold a list of tables against the palette's: as many, each with keys that exist."""
    if not isinstance(value, list) or len(value) != len(known) or not all(isinstance(one, dict) for one in value):
        many = Kind(bool, f"由 {len(known)} 个表组成的列表", f"a list of {len(known)} tables")
        yield _wrong(where, value, many, file)
        return
    for at, (one, other) in enumerate(zip(value, known, strict=True)):
        yield from _overlay(one, other, f"{where}.{at}", file)


def _alike(value: Any, known: Any) -> bool:
    """Say whether a value may stand where the palette has ``known``: a colour for a colour, sizes above 0."""
    if isinstance(known, str):
        return isinstance(value, str) and bool(_HEX.fullmatch(value)) if _HEX.fullmatch(known) else _is_short(value)
    if isinstance(known, bool) or isinstance(value, bool):
        return False
    if isinstance(known, int | float):
        return isinstance(value, int | float) and 0 < value <= 200
    return isinstance(value, list) and len(value) == len(known) and all(map(_alike, value, known))


def _kind_of(known: Any) -> Kind:
    if isinstance(known, str) and _HEX.fullmatch(known):
        return Kind(bool, "颜色，写作 #RRGGBB", "a colour written #RRGGBB")
    if isinstance(known, str):
        return SHORT
    return Kind(bool, f"与 {known} 同类的值", f"a value like {known}")


def _unknown(key: str, known: Any, file: str) -> Fault:
    near = difflib.get_close_matches(key, [str(word) for word in known], n=1, cutoff=0.5)
    facts = {"near": near[0] if near else "、".join(map(str, known))}
    return Fault("house_key_unknown", file=file, column=key, facts=facts)


def _wrong(key: str, value: Any, kind: Kind, file: str) -> Fault:
    facts = {"asked_zh": kind.zh, "asked_en": kind.en}
    return Fault("house_value", file=file, column=key, value=str(value)[:80], facts=facts)
