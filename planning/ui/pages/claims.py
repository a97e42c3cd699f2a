"""Part of 数据与体检: which layer is which input, where its coordinates come from, which heading is which column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from planning import init, tables, texts
from planning.init import Choice, Look, Survey
from planning.plan import INPUTS, NEEDED_INPUTS
from planning.texts import Language
from planning.ui import parts, words
from planning.ui.uploads import Tray

ORDER: Final = (*NEEDED_INPUTS, *(role for role in INPUTS if role not in NEEDED_INPUTS))
NONE: Final = ""
PLACES: Final = ("lon", "lat")
_MANY: Final = ("roads", "barriers")  # whatever else their files tell is of no use here
_OPEN: Final = frozenset({"columns_ambiguous", "column_missing"})
Columns = dict[str, dict[str, str]]


def ask(tray: Tray, found: Survey, language: Language) -> tuple[dict[str, str | None], Columns, dict[str, str]]:
    """Ask what the files are; return roles, columns and datums as `planning.init.draft` takes them."""
    parts.head(words.say("intake.claim", language), words.say("intake.claim_beside", language))
    roles: dict[str, str | None] = tray.answers.setdefault("roles", {})
    columns: Columns = tray.answers.setdefault("columns", {})
    datums: dict[str, str] = tray.answers.setdefault("datums", {})
    _forget_gone(roles, found)
    auto = found.choices(roles)
    shown, hidden = _split(auto)
    for role in shown:
        _role(role, auto[role], found, tray.answers, language)
    if hidden:
        with st.expander(words.say("intake.more_inputs", language, count=len(hidden))):
            for role in hidden:
                _role(role, auto[role], found, tray.answers, language)
    if found.unread:
        parts.muted(words.say("intake.unread", language))
        parts.faults([fault for _, fault in found.unread], language)
    return roles, {role: {k: v for k, v in said.items() if v} for role, said in columns.items()}, datums


def about(role: str, language: Language) -> list[str]:
    """Return a row that says what an input is for and which columns it should have."""
    contract = tables.contract(role)
    names = [column.label(language) for column in contract.columns.values() if column.required]
    star = "＊" if role in NEEDED_INPUTS else ""
    return [
        f"{words.word('ui.input', role, language)}{star}",
        texts.t(f"init.advice.{role}", language),
        words.say("comma", language).join(names) or words.NOTHING,
    ]


def without_datum(choices: Mapping[str, Choice]) -> Iterator[Look]:
    """Yield the layers taken that do not say where their coordinates come from."""
    for role, choice in choices.items():
        if _needs_datum(role, choice) and choice.look is not None:
            yield choice.look


def without_columns(choices: Mapping[str, Choice], language: Language) -> Iterator[str]:
    """Yield which columns nobody has pointed out yet, file by file; without them a layer cannot be read."""
    for role, choice in choices.items():
        names = [] if choice.look is None else _open(role, choice)
        if names and choice.look is not None:
            said = words.say("comma", language).join(_label(role, name, language) for name in names)
            yield words.say("intake.columns_of", language, file=choice.look.shown, columns=said)


def _open(role: str, choice: Choice) -> list[str]:
    """Return the columns that have to be asked for: needed or unclear ones, and those of the place of a bare table."""
    guess, contract = choice.guess, tables.contract(role)
    if guess is None:
        return []
    named = [name for fault in guess.faults if fault.code in _OPEN for name in fault.column.split("、")]
    joined = {} if choice.join is None else choice.join.guess.columns
    open_ = [name for name in dict.fromkeys(named) if name in contract.columns and name not in joined]
    nowhere = contract.needs_geometry and not guess.places
    return [*open_, *(name for name in PLACES if nowhere and name not in guess.columns)]


def _label(role: str, name: str, language: Language) -> str:
    if name in PLACES:
        return words.say(f"intake.{name}", language)
    return tables.contract(role).columns[name].label(language)


def _needs_datum(role: str, choice: Choice) -> bool:
    look, guess = choice.look, choice.guess
    if look is None or guess is None or look.crs:
        return False
    return guess.places and bool(tables.contract(role).geometry)


def _forget_gone(roles: dict[str, str | None], found: Survey) -> None:
    """Forget what was said of layers that are not there any more."""
    there = {look.shown for look in found.looks}
    for role in [role for role, shown in roles.items() if shown is not None and shown not in there]:
        del roles[role]


def _split(choices: Mapping[str, Choice]) -> tuple[list[str], list[str]]:
    """Return the inputs that matter now, and the rest."""
    shown = [role for role in ORDER if role in NEEDED_INPUTS or choices[role].look is not None or choices[role].others]
    return shown, [role for role in ORDER if role not in shown]


def _role(role: str, choice: Choice, found: Survey, answers: dict[str, Any], language: Language) -> None:
    """Ask for one input: its layer, and what is open about it."""
    names = [NONE, *_likely_first(role, found)]
    current = NONE if choice.look is None else choice.look.shown
    star = "＊" if role in NEEDED_INPUTS else ""
    left, right, rest = st.columns([0.44, 0.38, 0.18], gap="small", vertical_alignment="bottom")
    with left:
        picked = st.selectbox(
            f"{words.word('ui.input', role, language)}{star}", names, index=names.index(current),
            key=f"role-{role}-{len(names)}", format_func=lambda one: one or words.say("intake.no_layer", language),
        )  # fmt: skip
    if picked != current:
        answers["roles"][role] = picked or None
        st.rerun()
    with right:
        _said(role, choice, language)
    if choice.look is not None and choice.guess is not None:
        _columns(role, choice, answers, language, rest)
        kept = {name: heading for name, heading in answers["columns"].get(role, {}).items() if heading}
        placed = choice.guess.places or set(PLACES) <= kept.keys()
        _datum(role, replace(choice, guess=replace(choice.guess, places=placed)), answers, language)


def _likely_first(role: str, found: Survey) -> list[str]:
    """Return the layers, those that may be this input first."""

    def points(look: Look) -> int:
        return max((guess.points for guess in look.guesses if guess.role == role), default=-100)

    return [look.shown for look in sorted(found.looks, key=lambda look: (-points(look), look.shown))]


def _said(role: str, choice: Choice, language: Language) -> None:
    """Say what the layer holds, or what the input is for."""
    look = choice.look
    if look is None:
        what = words.say("intake.uncertain", language) if choice.others else texts.t(f"init.advice.{role}", language)
        parts.muted(what)
        return
    kind = texts.t(f"init.kind.{look.kind}", language)
    crs = look.crs or texts.t("init.kind.no_crs", language)
    joined = "" if choice.join is None else words.say("intake.joined", language, shown=choice.join.look.shown)
    parts.muted(words.say("intake.holds", language, rows=f"{look.rows:,}", kind=kind, crs=crs), *filter(None, [joined]))


def _datum(role: str, choice: Choice, answers: dict[str, Any], language: Language) -> None:
    """Ask where coordinates without a CRS come from; it is never guessed."""
    if not _needs_datum(role, choice) or choice.look is None:
        return
    path, kept, shown = choice.look.path, answers["datums"], choice.look.shown
    datums = list(init.DATUMS)
    said = st.selectbox(
        words.say("intake.datum", language, file=words.quiet(shown)), datums,
        index=datums.index(kept[path]) if path in kept else None,
        key=f"datum-{role}-{path}", format_func=lambda one: words.say(f"datum.{one}", language),
        placeholder=words.say("intake.choose_datum", language),
    )  # fmt: skip
    if said is None:
        kept.pop(path, None)
    else:
        kept[path] = said


def _columns(role: str, choice: Choice, answers: dict[str, Any], language: Language, place: Any) -> None:
    """Ask which heading is which column: those that are open, and on demand every one."""
    kept = answers["columns"].setdefault(role, {})
    guess, look = choice.guess, choice.look
    if guess is None or look is None:
        return
    asked, known, headings = _open(role, choice), dict(guess.columns), look.headers
    if choice.join is not None:
        known |= choice.join.guess.columns
        headings += choice.join.look.headers
    for name in asked:
        _column(role, name, headings, known, kept, language, where=f"{words.quiet(look.shown)} · ")
    rest = [name for name in tables.contract(role).columns if name not in asked]
    with place, st.popover(words.say("intake.headings", language, known=len(known)), width="stretch"):
        for name in rest:
            _column(role, name, headings, known, kept, language)
    _unknown(role, choice, set(kept.values()), language)


def _unknown(role: str, choice: Choice, used: set[str], language: Language) -> None:
    """Name the headings that were not recognised: one of them may hold what a figure needs."""
    if role in _MANY or choice.guess is None:
        return
    rest = [*choice.guess.unknown, *(() if choice.join is None else choice.join.guess.unknown)]
    open_ = [one for one in dict.fromkeys(rest) if one not in used and one != _key(choice)]
    if open_:
        parts.muted(words.say("intake.unknown", language, headings=words.say("comma", language).join(open_)))


def _key(choice: Choice) -> str:
    return "" if choice.join is None else choice.join.column


def _column(
    role: str, name: str, headers: tuple[str, ...], known: Mapping[str, str], kept: dict[str, str],
    language: Language, *, where: str = "",
) -> None:  # fmt: skip
    headings = [NONE, *dict.fromkeys(headers)]
    current = kept.get(name) or known.get(name) or NONE
    picked = st.selectbox(
        f"{where}{_label(role, name, language)}", headings,
        index=headings.index(current) if current in headings else 0, key=f"column-{role}-{name}-{len(headers)}",
        format_func=lambda one: one or words.say("intake.no_column", language),
    )  # fmt: skip
    if picked != known.get(name, NONE):
        kept[name] = picked
    else:
        kept.pop(name, None)
