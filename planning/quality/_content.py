"""Room of `planning.quality`: what the report says, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from planning import __version__, texts
from planning import crs as crss
from planning.quality import _inputs, _roads, _sheets
from planning.quality._faults import Group, grouped, step
from planning.quality._parts import Report, Section, Tone
from planning.quality._record import Checkup
from planning.texts import Language

HARMLESS: Final = frozenset({"total_row", "duplicate_row"})
"""What a row may be excluded for without anything being lost."""
HEEDED: Final = frozenset(
    {
        "areas_off_network",
        "areas_on_islands",
        "geometry_invalid",
        "households_absent",
        "network_in_pieces",
        "network_not_noded",
        "place_off_network",
        "roads_clipped_east",
        "roads_clipped_north",
        "roads_clipped_south",
        "roads_clipped_west",
        "weight_missing",
    }
)
"""Warnings that change figures: the data can be used, but not as they are."""
_TONES: Final[dict[str, Tone]] = {"usable": "good", "mend": "warn", "refused": "bad"}
_STEPS: Final = 12


def verdict(checkup: Checkup) -> str:
    """Return ``refused`` for an error or a sum that does not add up, ``mend`` where figures suffer, else ``usable``."""
    if checkup.refused or (checkup.households is not None and not checkup.households.balanced):
        return "refused"
    ledger = checkup.ledger
    reasons = ledger.loc[ledger["outcome"] == "excluded", "reasons"].fillna("").str.split(";")
    lost = reasons.map(lambda codes: not set(codes) <= HARMLESS).any()
    heeded = any(fault.code in HEEDED for fault in checkup.faults)
    unread = checkup.households is not None and bool(checkup.households.unreadable)
    return "mend" if lost or heeded or unread else "usable"


def compose(checkup: Checkup, language: Language) -> Report:
    """Return the report in one language."""
    said = verdict(checkup)
    groups = grouped(checkup.faults, HEEDED)
    return Report(
        language=language,
        title=texts.t("quality.title", language),
        subtitle=checkup.file if checkup.plan is None else checkup.plan.name,
        facts=tuple(_facts(checkup, language)),
        tone=_TONES[said],
        verdict=texts.t(f"quality.verdict_{said}", language),
        because=_because(checkup, said, groups, language),
        sections=tuple(_sections(checkup, groups, language)),
        sheets=tuple(_sheets.sheets(checkup, said, groups, language)),
        words={
            "bad": texts.t("quality.error", language),
            "warn": texts.t("quality.important", language),
            "good": texts.t("quality.note", language),
            "do": texts.t("quality.do", language),
        },
    )


def _facts(checkup: Checkup, language: Language) -> Iterator[tuple[str, str]]:
    plan = checkup.plan
    found = {
        "plan_file": checkup.file,
        "standard": checkup.standard_title.get(language, ""),
        "as_of": "" if plan is None else plan.as_of.isoformat(),
        "crs": "" if checkup.crs is None else crss.said(checkup.crs, language),
        "tool": f"yanglao-planning {__version__}",
    }
    yield from ((texts.t(f"quality.{name}", language), value) for name, value in found.items() if value)


def _because(checkup: Checkup, said: str, groups: list[Group], language: Language) -> str:
    """Return one sentence with the figures behind the verdict."""
    if checkup.plan is None:
        return texts.t("quality.because_no_plan", language, errors=sum(group.count for group in groups))
    sums = {name: sum(rows[name] for rows in checkup.counts.values()) for name in ("read", "flagged", "excluded")}
    errors = sum(group.count for group in groups if group.severity == "error")
    heeded = sum(group.count for group in groups if group.heeded)
    figures = {name: f"{count:,}" for name, count in sums.items()}
    return texts.t(f"quality.because_{said}", language, errors=errors, heeded=heeded, **figures)


def _sections(checkup: Checkup, groups: list[Group], language: Language) -> Iterator[Section]:
    yield _first(groups, language)
    if checkup.counts:
        yield _inputs.overview(checkup, language)
        yield from (_inputs.section(checkup, name, language) for name in checkup.counts)
    if checkup.households is not None:
        yield _inputs.households(checkup.households, language)
    if checkup.roads is not None:
        yield _roads.section(checkup.roads, language)
    repairs = _inputs.repairs(checkup, language)
    if repairs.rows:
        title = texts.t("quality.repairs", language)
        yield Section(title, (texts.t("quality.repairs_how", language),), tables=(repairs,))
    if checkup.files:
        yield Section(texts.t("quality.files", language), tables=(_inputs.files(checkup, language, short=True),))
    yield Section(texts.t("quality.how", language), tuple(texts.t("quality.how_said", language).split("\n")))


def _first(groups: list[Group], language: Language) -> Section:
    """Return what to do, the worst first."""
    title = texts.t("quality.first", language)
    if not groups:
        return Section(title, (texts.t("quality.nothing", language),))
    more = len(groups) - _STEPS
    left = (texts.t("quality.more_steps", language, count=more),) if more > 0 else ()
    lines = (texts.t("quality.first_how", language), *left)
    return Section(title, lines, tuple(step(group, language) for group in groups[:_STEPS]))
