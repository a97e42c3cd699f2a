"""The overview beside the map: key figures and tables of a theme, taken from the run's summary; room `webmap`.

Every figure stands in ``summary.json`` as it is; nothing is added up here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

import pandas as pd

from planning.study.sums import known
from planning.webmap import _words as words
from planning.webmap._view import View

Block = dict[str, Any]
STREETS: Final = ("street", "town")
LISTED: Final = 12
VERDICTS: Final = ("meets", "fails", "not_assessable", "not_applicable")


def blocks(view: View, key: str) -> list[Block]:
    """Return the blocks of the overview of theme ``key``: figures, bars, tables and plain sentences."""
    if key.startswith("coverage_"):
        return _coverage(view, key.removeprefix("coverage_"))
    if key == "compliance":
        return _compliance(view)
    if key == "siting":
        return _siting(view)
    return _facilities(view)


def _coverage(view: View, level: str) -> list[Block]:
    figures = view.summary.get("coverage", {}).get(level)
    if figures is None:
        return []
    found: list[Block] = [
        {"head": view.say("head.coverage"), "figures": _shares(view, figures)},
        {"lines": [line for line in _coverage_lines(view, level, figures) if line]},
    ]
    return [*found, *_unit_table(view, _coverage_columns(view, level)), *_outside(view, level)]


def _shares(view: View, figures: Mapping[str, Any]) -> list[Block]:
    """Return the covered shares that are known, and the number of areas."""
    known = [
        {"value": view.share(figures[f"{weight}_share"]), "label": view.say(f"figure.{weight}")}
        for weight in ("households", "elderly")
        if not words.missing(figures.get(f"{weight}_share"))
    ]
    covered, total = view.count(figures["residential_covered"]), view.count(figures["residential_total"])
    return [*known, {"value": f"{covered} / {total}", "label": view.say("figure.areas")}]


def _coverage_lines(view: View, level: str, figures: Mapping[str, Any]) -> list[str]:
    serving = view.facilities
    in_service = ((serving["level"] == level) & serving["in_service"] & (serving["status"] != "candidate")).any()
    apart = view.say(
        "figure.apart", unreachable=view.count(figures["unreachable"]), unsnapped=view.count(figures["unsnapped"])
    )
    return [
        "" if in_service else view.say("figure.none_in_service", level=view.level(level)),
        _bounds(view, figures),
        _bands(view, level),
        apart if figures["unreachable"] or figures["unsnapped"] else "",
    ]


def _bounds(view: View, figures: Mapping[str, Any]) -> str:
    """Return lower and upper bound of the households' share; the total is known cells only, as in the share."""
    total, lower, upper = (figures.get(f"households_{name}") for name in ("total", "lower", "upper"))
    if words.missing(total) or not total or words.missing(lower) or words.missing(upper):
        return ""
    return view.say("figure.bounds", lower=view.share(lower / total), upper=view.share(upper / total))


def _bands(view: View, level: str) -> str:
    bands = view.summary.get("coverage_band", {}).get(level, {})
    items = [
        view.say("figure.band", radius=radius, share=view.share(figures.get("households_share")))
        for radius, figures in sorted(bands.items(), key=lambda entry: float(entry[0]))
        if float(radius) >= min(720.0, view.plan.radius_m)
    ]
    return view.say("figure.bands", items=words.joined(items, view.language)) if items else ""


def _compliance(view: View) -> list[Block]:
    figures = view.summary.get("compliance")
    if figures is None:
        return []
    shown = [
        {"value": view.share(figures["meets_share"]), "label": view.say("figure.meets_share")},
        {"value": view.m2(figures["shortfall_m2"]), "label": view.say("figure.shortfall"), "tone": "fails"},
        {"value": view.m2(figures["required_m2"]), "label": view.say("figure.required"), "small": True},
        {"value": view.m2(figures["provided_m2"]), "label": view.say("figure.provided"), "small": True},
    ]
    bar = [{"role": name, "count": int(figures.get(name) or 0)} for name in VERDICTS]
    return [
        {"head": view.say("head.findings"), "bar": bar},
        {"figures": shown},
        *_unit_table(view, _compliance_columns(view)),
        *_short(view),
    ]


def _outside(view: View, level: str) -> list[Block]:
    """Return the areas outside the circle with most households, to be looked at first."""
    status = view.areas[f"{level}_status"]
    outside = view.areas[status.isin(("uncovered", "unreachable", "unsnapped"))]
    marks = {name: fill.mark for name, fill in view.book.coverages.items()}
    rows = [
        _area_row(
            marks[str(row[f"{level}_status"])],
            row,
            view.households(row),
            words.metres(row[f"{level}_distance_m"], view.plan.radius_m, view.language),
        )
        for row in _first(view, outside, "households")
    ]
    columns = ["", *(view.say(f"column.{name}") for name in ("area", "households", "distance"))]
    return _listed(view.say("head.outside", count=len(rows)), columns, rows)


def _short(view: View) -> list[Block]:
    """Return the areas that are short of most floor area."""
    failing = view.areas[view.areas["verdict"] == "fails"]
    told = ("provided", "shortfall") if view.public else ("required", "provided", "shortfall")
    mark = view.book.verdicts["fails"].mark
    rows = [
        _area_row(mark, row, *(_floor_area(view, row, name) for name in told))
        for row in _first(view, failing, "shortfall_m2")
    ]
    columns = ["", *(view.say(f"column.{name}") for name in ("area", *told))]
    return _listed(view.say("head.short", count=len(rows)), columns, rows)


def _floor_area(view: View, row: Mapping[Hashable, Any], name: str) -> str:
    if view.public and name == "shortfall":
        return view.short(row["residential_id"])
    return words.square_metres(row[f"{name}_m2"], view.language)


def _first(view: View, areas: pd.DataFrame, column: str) -> list[dict[Hashable, Any]]:
    """Return the rows with the largest values of ``column``, unknown ones last, ties by id."""
    placed = areas.assign(_place=view.order(column)[areas.index])
    ordered = placed.sort_values(["_place", "residential_id"], na_position="last")
    return pd.DataFrame(ordered.head(LISTED)).to_dict("records")


def _area_row(mark: str, row: Mapping[Hashable, Any], *cells: str) -> Block:
    name = row["residential_id"] if words.missing(row.get("name")) else row["name"]
    return {"go": ["area", str(row["residential_id"])], "cells": [mark, str(name), *cells]}


def _listed(head: str, columns: list[str], rows: list[Block]) -> list[Block]:
    return [{"head": head, "table": {"columns": columns, "rows": rows, "text": 2}}] if rows else []


def _siting(view: View) -> list[Block]:
    figures = view.summary.get("siting")
    if not figures:
        return []
    demand = view.plan.siting.demand
    before, after = (figures.get(when) or {} for when in ("before", "after"))
    shares = [view.share(part.get(f"{demand}_share")) for part in (before, after)]
    what = view.say(f"figure.{demand}")
    found: list[Block] = [
        {
            "head": view.say("head.siting"),
            "figures": [
                {"value": view.count(len(view.sites)), "label": view.say("figure.new_sites")},
                {"value": " → ".join(shares), "label": view.say("figure.before_after", what=what), "tone": "plan"},
            ],
        },
        {"lines": [line for line in _siting_lines(view, figures) if line]},
    ]
    further = [("conditions", view.decided.said("condition")), ("phases", view.decided.said("phase")),
               ("stages", view.decided.said("stage")), ("excluded", view.decided.summed())]  # fmt: skip
    listed: list[Block] = [{"head": view.say(f"head.{name}"), "lines": lines} for name, lines in further if lines]
    return [*found, *_site_table(view), *listed]


def _siting_lines(view: View, figures: Mapping[str, Any]) -> list[str]:
    """Return model, proof and reasons; and a word where sites are judged by another radius than the areas drawn."""
    drawn_m, sought_m = view.plan.radius_m, view.plan.siting_radius_m
    radii = {name: words.metres(m, m, view.language) for name, m in (("drawn", drawn_m), ("sought", sought_m))}
    other = "" if drawn_m == sought_m else view.say("figure.other_radius", **radii)
    told = view.decided
    found = told.said("aim")[1:] if told.objective() else [_solver(view, figures)]
    return [told.said("aim")[0], *found, other, *told.said("reason", "money", "closed")]


def _solver(view: View, figures: Mapping[str, Any]) -> str:
    gap = figures.get("gap")
    return view.say(f"solver.{figures['status']}", gap=words.percent(gap, view.language))


def _site_table(view: View) -> list[Block]:
    if view.sites.empty:
        return []
    columns = [view.say(f"column.{name}") for name in ("rank", "site", f"gain_{view.gain_unit}", "phase")]
    rows = [
        {
            "go": ["point", row["facility_id"]],
            "cells": [
                str(int(row["rank"])),
                words.text(row.get("name"), view.language),
                view.count(row["gain"]),
                words.text(row.get("phase"), view.language),
            ],
        }
        for row in view.sites.drop(columns=view.sites.geometry.name).to_dict("records")
    ]
    return [{"head": view.say("head.sites"), "table": {"columns": columns, "rows": rows, "text": 2}}]


def _facilities(view: View) -> list[Block]:
    """Return how many facilities of each level there are, and how many are in service."""
    frame = view.facilities[view.facilities["status"] != "candidate"]
    rows = [
        {"cells": [view.level(level), view.count(len(group)), view.count(int(group["in_service"].sum()))]}
        for level, group in sorted(frame.groupby("level"), key=lambda entry: list(view.book.levels).index(entry[0]))
    ]
    columns = [view.say("card.level"), view.say("theme.facilities"), view.say("card.counted")]
    return [{"head": view.say("head.facilities"), "table": {"columns": columns, "rows": rows, "text": 1}}]


# --------------------------------------------------------------------------------------------------------- unit table


def _coverage_columns(view: View, level: str) -> list[tuple[str, Any]]:
    def cell(name: str, show: Any) -> Any:
        return lambda unit: show((unit["coverage"].get(level) or {}).get(name))

    def bare(value: Any) -> str:
        return words.percent(value, view.language)

    return [
        ("areas", cell("residential_total", view.count)),
        ("households", cell("households_total", view.count)),
        ("covered", cell("households_covered", view.count)),
        ("share", cell("households_share", bare)),
        ("elderly_share", cell("elderly_share", bare)),
    ]


def _compliance_columns(view: View) -> list[tuple[str, Any]]:
    def cell(name: str, show: Any) -> Any:
        return lambda unit: show(known(unit["compliance"]).get(name) if unit["compliance"] else None)

    def m2(value: Any) -> str:
        return words.square_metres(value, view.language)

    counts = [(name, cell(name, view.count)) for name in ("meets", "fails", "not_assessable")]
    return [*counts, ("shortfall", cell("shortfall_m2", m2))]


def _unit_table(view: View, columns: list[tuple[str, Any]]) -> list[Block]:
    """Return one row per street or town; where there are none, per unit of the first type given."""
    units = list(view.summary.get("units") or ())
    streets = [unit for unit in units if unit["type"] in STREETS]
    chosen = streets or [unit for unit in units if unit["type"] == units[0]["type"]]
    if not chosen:
        return []
    rows = [
        {"cells": [words.text(unit["name"] or unit["unit_id"], view.language), *(show(unit) for _, show in columns)]}
        for unit in chosen
    ]
    heads = [view.say("column.unit"), *(view.say(f"column.{name}") for name, _ in columns)]
    head = view.say("head.by_street" if streets else "head.by_unit")
    return [{"head": head, "table": {"columns": heads, "rows": rows, "text": 1}}]
