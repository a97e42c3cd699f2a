"""The themes of the map: what each shows, its legend in print wording with counts, its figures; room `webmap`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from planning import palette
from planning.lifecycle import QUOTA_LEVELS
from planning.webmap import _roles as roles
from planning.webmap import _symbols as symbols
from planning.webmap import _words as words
from planning.webmap._panels import blocks
from planning.webmap._view import View

Item = dict[str, Any]


def keys(view: View) -> list[str]:
    """Return the themes a result can show, in the order of the switch."""
    found = [f"coverage_{level}" for level in view.levels]
    if view.assessed:
        found.append("compliance")
    if (view.facilities["status"] == "candidate").any():
        found.append("siting")
    return [*found, "facilities"]


def area_roles(view: View, theme: str) -> pd.Series:
    """Return the role of each area in ``theme``, in the order of the view."""
    if theme.startswith("coverage_"):
        return roles.coverage(view, theme.removeprefix("coverage_"))
    if theme == "compliance":
        return view.verdict_roles()
    if theme == "siting" and view.plan.siting.level in view.levels:
        return roles.siting(view)
    return pd.Series(roles.NEUTRAL, index=view.areas.index)


def theme(view: View, key: str) -> Item:
    """Return one theme as the page takes it."""
    title, subtitle = _title(view, key)
    return {
        "key": key,
        "tab": _tab(view, key),
        "title": title,
        "subtitle": subtitle,
        "groups": _groups(view, key),
        "wash": _wash(view, key),
        "named": sorted(_findings(view, key)),
        "legend": _legend(view, key),
        "blocks": blocks(view, key),
    }


def _level(key: str) -> str:
    return key.removeprefix("coverage_")


def _tab(view: View, key: str) -> str:
    if key.startswith("coverage_"):
        return view.say("theme.coverage", level=view.level(_level(key)))
    return view.say(f"theme.{key}")


def _title(view: View, key: str) -> tuple[str, str]:
    if key.startswith("coverage_"):
        radius = words.metres(view.plan.radius_m, view.plan.radius_m, view.language)
        minutes = f"{max(view.plan.walk.minutes):g}"
        said = "coverage_radius" if "service_radius_m" in view.plan.standards else "coverage"
        return view.say(f"title.{said}", minutes=minutes, radius=radius), view.level(_level(key))
    subtitle = view.say("subtitle.compliance") if key == "compliance" else ""
    return view.say(f"title.{key}"), view.level(view.plan.siting.level) if key == "siting" else subtitle


def _groups(view: View, key: str) -> list[str]:
    """Return the point layers a theme starts with; the county's own institution keeps its place on coverage maps."""
    present = set(roles.groups(view))
    wanted = {f"facility:{level}" for level in view.book.levels}
    if key.startswith("coverage_"):
        wanted = {f"facility:{_level(key)}", "facility:county"}
    if key == "compliance":
        wanted = {f"facility:{level}" for level in QUOTA_LEVELS}
    if key == "siting":
        wanted = {f"facility:{view.plan.siting.level}", "candidate", "site"}
        present.add("site")
    return sorted(wanted & present)


def _wash(view: View, key: str) -> list[str]:
    if key.startswith("coverage_"):
        return [_level(key)]
    return [view.plan.siting.level, "new"] if key == "siting" else []


def _findings(view: View, key: str) -> set[str]:
    """Return the roles whose areas are named first: the theme's findings, all but the normal good case."""
    if key.startswith("coverage_") or key == "siting":
        return {"uncovered", "unreachable", "unsnapped"}
    if key == "compliance":
        return {"fails", *(entry.name for entry in view.book.shortfalls)}
    return set()


# ------------------------------------------------------------------------------------------------------------ legend


def _legend(view: View, key: str) -> list[Item]:
    sections = [
        *_points(view, key),
        {"head": view.say("head.areas"), **_areas(view, key)},
        {"head": view.say("head.lines"), "items": _lines(view, key)},
    ]
    return [section for section in sections if section["items"]]


def _points(view: View, key: str) -> list[Item]:
    """Return the symbols on the map with their counts, one section a level, then candidates and sites."""
    book, language = view.book, view.language
    groups, counts = _groups(view, key), _symbol_counts(view)
    sections = [
        {
            "head": view.say("head.points", level=level.label(language)),
            "items": [
                _item(
                    symbols.facility(level, status, book.status_ink, book.px_per_mm),
                    status.label(language) + ("" if name == "operating" else view.say("legend.not_counted")),
                    int(counts[f"{level.name}:{name}"]),
                    group=f"facility:{level.name}",
                )
                for name, status in book.statuses.items()
                if f"{level.name}:{name}" in counts
            ],
        }
        for level in book.levels.values()
        if f"facility:{level.name}" in groups
    ]
    if key == "siting":
        sections.append({"head": view.say("head.plan"), "items": _siting_points(view, counts)})
    return sections


def _symbol_counts(view: View) -> pd.Series:
    """Return how many of each symbol the map shows; a chosen candidate shows as a site."""
    found: pd.Series = roles.symbols(view)[~view.facilities["facility_id"].isin(view.sites.index)].value_counts()
    return found


def _siting_points(view: View, counts: pd.Series) -> list[Item]:
    book, language = view.book, view.language
    items = [
        _item(
            symbols.candidate(site, book.px_per_mm), site.label(language), int(counts.get(name, 0)), group="candidate"
        )
        for name, site in (("candidate", book.candidate), ("forbidden", book.forbidden))
        if name == "candidate" or name in counts
    ]
    phases = view.plan.siting.phases
    if not phases:
        disc = symbols.chosen(book.phase(1), 1, book.px_per_mm)
        return [*items, _item(disc, view.say("legend.site"), len(view.sites), group="site")]
    opened = view.sites["phase"].value_counts()
    for number, phase in enumerate(phases, start=1):
        first = view.sites.loc[view.sites["phase"] == phase.name, "rank"]
        numeral = int(first.iloc[0]) if len(first) else number
        disc = symbols.chosen(book.phase(number), numeral, book.px_per_mm)
        items.append(_item(disc, phase.name, int(opened.get(phase.name, 0)), group="site"))
    return items


def _areas(view: View, key: str) -> Item:
    """Return the classes of areas, a series whole with its zeros."""
    counts = dict(area_roles(view, key).value_counts())
    if key == "compliance":
        return _verdict_items(view, counts)
    if key.startswith("coverage_"):
        return {"note": view.say("legend.covered_areas") if view.banded else "", "items": _coverage_items(view, counts)}
    if key == "siting" and view.plan.siting.level in view.levels:
        names = ("covered", *(("newly_covered",) if view.planned else ()), "uncovered", "unreachable", "unsnapped")
        return {"items": [_area_item(view, view.book.coverages[name], counts) for name in names]}
    fill = roles.fills(view)[roles.NEUTRAL]
    return {"items": [_area_item(view, fill, counts, label=view.say("legend.neutral"))]}


def _coverage_items(view: View, counts: Mapping[str, Any]) -> list[Item]:
    fills = roles.fills(view)
    banded = [roles.band_name(index) for index in range(len(view.bands))] if view.banded else []
    plain = ["covered"] if not view.banded or counts.get("covered", 0) else []
    return [
        _area_item(view, fills[name], counts) for name in [*banded, *plain, "uncovered", "unreachable", "unsnapped"]
    ]


def _verdict_items(view: View, counts: Mapping[str, Any]) -> Item:
    book = view.book
    failing = int(sum(counts.get(name, 0) for name in ("fails", *(entry.name for entry in book.shortfalls))))
    classes = [
        {**_area_item(view, entry, counts, label=view.short_label(index)), "series": True}
        for index, entry in enumerate(book.shortfalls)
    ]
    said = view.say("legend.plain_fails")
    plain = [_area_item(view, book.verdicts["fails"], counts, label=said)] if counts.get("fails", 0) else []
    head = {"text": view.say("legend.shortfall", count=view.count(failing)), "note": _minimum_note(view)}
    rest = [_area_item(view, book.verdicts[name], counts) for name in ("not_assessable", "not_applicable")]
    return {"items": [_area_item(view, book.verdicts["meets"], counts), head, *classes, *plain, *rest]}


def _minimum_note(view: View) -> str:
    stated = view.minimums_m2
    if not stated:
        return view.say("legend.shortfall_silent")
    if len(stated) > 1:
        return view.say("legend.shortfall_own")
    return view.say("legend.shortfall_m", m=f"{stated[0]:g}")


def _lines(view: View, key: str) -> list[Item]:
    book, items = view.book, []
    for level in _wash(view, key):
        fill = book.coverages["newly_covered"].wash if level == "new" else book.minutes[-1].wash
        said = view.say("legend.wash_new" if level == "new" else "legend.wash")
        items.append({"svg": _wash_sample(fill), "text": said, "group": f"wash:{level}"})
    if _wash(view, key):
        dash = book.dash_px(book.limit_line.dash_mm)
        line = symbols.line_sample(book.limit_line.hex, book.pixels(book.limit_line.width_mm), dash)
        said = book.limit_label(max(view.plan.walk.minutes), view.language)
        items.append({"svg": line, "text": said, "group": "limit"})
        if "new" in _wash(view, key):
            added = symbols.line_sample(book.phase(1).hex, book.pixels(book.limit_line.width_mm), dash)
            items.append({"svg": added, "text": view.say("legend.limit_new", said=said), "group": "limit"})
    types = set(view.units["type"]) if len(view.units) else set()
    for name, members in (
        ("county", {"county"}),
        ("street", {"street", "town"}),
        ("community", {"community", "village"}),
    ):
        if types & members:
            items.append(
                {"svg": _boundary_sample(book, name), "text": view.say(f"legend.{name}"), "group": f"unit:{name}"}
            )
    return [*items, *_barrier(view)]


def _barrier(view: View) -> list[Item]:
    barriers = view.shown.inputs.tables.get("barriers")
    if barriers is None or barriers.empty:
        return []
    style = view.book.line["barrier"]
    return [{"svg": symbols.line_sample(style["hex"], style["px"], ""), "text": view.say("legend.barrier")}]


def _boundary_sample(book: palette.Palette, name: str) -> str:
    style = book.line[f"{name}_boundary"]
    return symbols.line_sample(style["hex"], style["px"], book.dash_px(style["dash_mm"]))


def _wash_sample(hex_: str) -> str:
    return symbols.swatch(palette.Fill("", "", "wash", hex_, hex_, palette.Hatch()))


def _area_item(view: View, fill: palette.Fill, counts: Mapping[str, Any], *, label: str | None = None) -> Item:
    said = fill.label(view.language) if label is None else label
    return {**_item(symbols.swatch(fill), said, int(counts.get(fill.name, 0))), "role": fill.name}


def _item(svg: str, text: str, count: int, *, group: str | None = None) -> Item:
    item: Item = {"svg": svg, "text": text, "count": f"{count:,}"}
    return item if group is None else {**item, "group": group}
