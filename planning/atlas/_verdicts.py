"""The compliance sheet: residential areas by verdict and shortfall, with the rooms that count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from planning.atlas import _base as base
from planning.atlas import _furniture as furniture
from planning.atlas import _hatch as hatch
from planning.atlas import _legend as legend
from planning.atlas import _marks as marks
from planning.atlas import _names as names
from planning.atlas import _panel as panel
from planning.atlas import _words as words
from planning.atlas._blocks import TABLE_ROW_MM, Column, Flow
from planning.atlas._canvas import Canvas
from planning.atlas._page import Type
from planning.atlas._view import View
from planning.study.sums import known

LISTED: Final = 20
LEVELS: Final = ("community", "village")
VERDICTS: Final = ("meets", "fails", "not_assessable", "not_applicable")


def draw(canvas: Canvas) -> None:
    """Draw the sheet."""
    view = canvas.view
    base.draw(canvas)
    roles = view.verdict_roles()
    base.areas(canvas, roles)
    furniture.corners(canvas, canvas.border)
    found = marks.facilities(canvas, LEVELS)
    marks.draw(canvas, found)
    names.streets(canvas)
    ranked = largest(view, names.LARGEST_NAMED)
    named = view.areas["residential_id"].isin(ranked["residential_id"]).to_numpy(dtype=bool)
    if canvas.scale <= 10_000:
        names.areas(canvas, np.ones(len(view.areas), dtype=bool), names.name_then_code(canvas))
    else:
        ranks = names.said(canvas, lambda row: _lacking(view, row))
        names.areas(canvas, named, ranks)
        names.areas(canvas, ~named, names.code_only(canvas), leaders=False)
        canvas.footnotes.append(view.say("note.codes_public" if view.public else "note.codes", n=len(ranked)))
    _panel(canvas, roles)
    canvas.footnotes.append(view.say("note.compliance"))


def largest(view: View, many: int) -> pd.DataFrame:
    """Return the areas that fail on their own with the largest shortfalls above 0, ties by id."""
    exact = view.exact
    own = (exact["verdict"] == "fails") & exact["pool_id"].isna() & (exact["shortfall_m2"] > 0)
    ordered = view.areas.assign(_place=view.order("shortfall_m2"))[own].sort_values(["_place", "residential_id"])
    return pd.DataFrame(ordered.drop(columns=["geometry", "_place"]).head(many))


def _lacking(view: View, row: Mapping[str, Any]) -> str:
    """Return what an area lacks, as its label says it: a negative number, for the public a class."""
    sign = "" if view.public else words.MINUS
    return f"{sign}{view.short(row['residential_id'], row['shortfall_m2'])}"


def _panel(canvas: Canvas, roles: pd.Series) -> None:
    view, flow = canvas.view, Flow(canvas)
    figures = view.summary["compliance"]
    flow.head(view.say("head.findings"), _rates(view))
    total = max(figures["areas_total"], 1)
    flow.stacked(
        [(view.book.verdicts[name], figures[name] / total, words.whole(figures[name])) for name in VERDICTS], height=6.5
    )
    flow.y -= 7.5
    flow.figures(
        [
            (words.percent(figures["meets_share"]), "%", view.say("figure.meets_share")),
            (words.m2(figures["shortfall_m2"]), "m²", view.say("figure.shortfall")),
        ]
    )
    flow.head(view.say("head.legend"), view.say("legend.areas_counted", n=len(view.areas)))
    flow.legend(legend.roles_of(canvas, roles, ("meets", "not_assessable", "not_applicable")), columns=2)
    said, classes = legend.shortfalls(canvas, roles)
    flow.legend_note(said)
    flow.legend(classes, columns=2)
    flow.legend([*legend.facilities(canvas, LEVELS), *legend.base(canvas)[:2]])
    _streets(flow)
    _list(flow)
    panel.points(flow, _points(view))


def _rates(view: View) -> str:
    """Return the document's rates as one line; a number of the user's is said to be one."""
    standard = view.result.inputs.standard
    said = []
    for built in ("new", "existing"):
        clause = standard.rate(built)
        value = view.say("standard.silent")
        if clause is not None and clause.value is not None:
            number = f"{clause.value.normalize():f}"
            value = view.say("standard.given", value=number) if clause.entered else number
        said.append(view.say(f"figure.rate_{built}", value=value))
    return view.say("comma").join(said) + view.say("figure.rate_unit")


def _streets(flow: Flow) -> None:
    view = flow.canvas.view
    if view.streets.empty:
        return
    flow.head(view.say("head.by_street"), view.say("unit.area_m2"))
    heads = [
        *(view.say(f"column.{name}") for name in VERDICTS),
        view.say("column.required"),
        view.say("column.provided"),
        view.say("column.shortfall"),
    ]
    parts = (1, 1.1, 1, 1.1, 1.3, 1.3, 1.3)
    columns = [
        Column(view.say("column.street"), 2, "left"),
        *(Column(head, part) for head, part in zip(heads, parts, strict=True)),
    ]
    rows = [
        _row(words.text(view.name(row, "unit_id")), view.unit_figures[row["unit_id"]]["compliance"])
        for row in view.streets.drop(columns="geometry").to_dict("records")
    ]
    flow.table(columns, rows, total=_row(view.say("total"), view.summary["compliance"]), reserve_mm=20)


def _row(name: str, found: Any) -> list[str]:
    figures = known(found)
    cells = [words.whole(figures[key]) for key in VERDICTS]
    return [name, *cells, *(words.m2(figures[f"{key}_m2"]) for key in ("required", "provided", "shortfall"))]


def _list(flow: Flow) -> None:
    """List the largest shortfalls with a bar each, in the class's colour."""
    view = flow.canvas.view
    rows = largest(view, min(LISTED, max(int((flow.room - 32) / TABLE_ROW_MM), 0)))
    if rows.empty:
        return
    flow.head(view.say("head.shortest", n=len(rows)), view.say("unit.area_m2"))
    columns = [
        Column(view.say("column.code"), 1.1, "left"),
        Column(view.say("column.area"), 2.3, "left"),
        Column(view.say("column.households"), 1),
        *([] if view.public else [Column(view.say("column.required"), 1)]),
        Column(view.say("column.provided"), 1),
        Column(view.say("column.shortfall"), 1.5 if view.public else 3.4, "left"),
    ]
    cells = [
        [
            words.text(row["residential_id"]),
            view.name(row, "residential_id"),
            view.households(row),
            *([] if view.public else [words.m2(row["required_m2"])]),
            words.m2(row["provided_m2"]),
            view.short(row["residential_id"], None) if view.public else "",
        ]
        for row in rows.to_dict("records")
    ]
    top = flow.y - TABLE_ROW_MM
    shown = flow.table(columns, cells)
    if not view.public:
        _bars(flow, rows.head(shown), top)


def _bars(flow: Flow, rows: pd.DataFrame, top: float) -> None:
    """Draw a bar a row, as long as the shortfall, in the colour of its class, the number at its end."""
    view, canvas = flow.canvas.view, flow.canvas
    roles, fills = view.verdict_roles().set_axis(view.areas["residential_id"]), view.fills()
    left = flow.edges[5] + 1.5
    room, most = flow.box.x1 - left - 9, float(rows["shortfall_m2"].max())
    for place, row in enumerate(rows.to_dict("records")):
        wide, y = room * row["shortfall_m2"] / most, top - (place + 0.5) * TABLE_ROW_MM
        bar = shapely.box(left, y - 1.2, left + wide, y + 1.2)
        hatch.paint(canvas.page, bar, fills[roles[row["residential_id"]]], edge_mm=0.1, z=6)
        said = words.m2(row["shortfall_m2"])
        canvas.page.text(left + wide + 1, y - 0.78, said, Type(6, 700, flow.ink["text"]), kind="cell")


def _points(view: View) -> list[str]:
    """Return the key points: the street with the largest part of the shortfall, areas without any room."""
    figures, said = view.summary["compliance"], []
    streets = view.streets.drop(columns="geometry").to_dict("records")
    known = [(view.unit_figures[row["unit_id"]]["compliance"]["shortfall_m2"], row) for row in streets]
    if len(known) > 1 and figures["shortfall_m2"] and not any(words.missing(value) for value, _ in known):
        most, row = max(known, key=lambda entry: entry[0])
        said.append(
            view.say(
                "point.most_short",
                name=words.text(view.name(row, "unit_id")),
                share=words.percent(most / figures["shortfall_m2"]),
            )
        )
    bare = int(((view.areas["verdict"] == "fails") & (view.areas["reason"] == "no_room")).sum())
    if bare:
        said.append(view.say("point.no_room", n=bare))
    return said
