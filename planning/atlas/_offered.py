"""The sheet of candidates: by source, who is excluded and why, who is not covered yet."""

from __future__ import annotations

from typing import Final

import pandas as pd

from planning.atlas import _base as base
from planning.atlas import _blocks as blocks
from planning.atlas import _fonts as fonts
from planning.atlas import _furniture as furniture
from planning.atlas import _legend as legend
from planning.atlas import _marks as marks
from planning.atlas import _names as names
from planning.atlas import _panel as panel
from planning.atlas import _words as words
from planning.atlas._blocks import Column, Entry, Flow
from planning.atlas._canvas import Canvas
from planning.atlas._labels import Label
from planning.atlas._now import OUTSIDE
from planning.atlas._page import Type

CODED: Final = 150
"""More candidates than these bear no codes on the map."""
CODE_ROOM: Final = 0.34
"""How much of the table's width the codes may take: suggested candidates have long ones."""
POINTS_HEAD_MM: Final = 18.0
POINT_MM: Final = 7.5
_OTHERS: Final = 6.9


def candidates(canvas: Canvas) -> None:
    """Draw candidates by source, excluded ones, and who is not covered."""
    view = canvas.view
    level = view.plan.siting.level
    base.draw(canvas)
    status = view.areas[f"{level}_status"].astype("str")
    base.areas(canvas, status.where(status.isin(OUTSIDE), "neutral"))
    furniture.corners(canvas, canvas.border)
    style = Type(5.8, 500, view.book.candidate.hex, 0.5)
    coded = len(view.candidates) <= CODED
    label = (lambda row: Label((words.text(row["facility_id"]),), (style,), "code")) if coded else None
    found = marks.candidates(canvas, label=label)
    found += marks.facilities(canvas, (level,), label=marks.plain_label(canvas))
    places = marks.draw(canvas, found)
    names.streets(canvas)
    marks.label(canvas, found, places, ("street", "county", "candidate", "forbidden"))
    flow = Flow(canvas)
    flow.head(view.say("head.legend"))
    flow.legend([*legend.candidates(view), *legend.facilities(canvas, (level,))])
    inside = Entry(
        blocks.swatch(view.fills()["neutral"]),
        view.book.coverages["covered"].label(view.language),
        view.say("count", n=int((status == "covered").sum())),
    )
    flow.legend([inside, *legend.roles_of(canvas, status, OUTSIDE)], columns=1)
    flow.legend(legend.base(canvas))
    _sources(flow)
    why = view.decided.summed()
    _candidate_list(flow, reserve_mm=POINTS_HEAD_MM + POINT_MM * len(why) if why else 0.0)
    panel.points(flow, why)
    told = ("candidates_public" if view.public else "candidates") if coded else "candidates_many"
    made = view.candidates.get("suggested", pd.Series(dtype=bool)).astype(bool).any()
    canvas.footnotes += [view.say(f"note.{name}") for name in (told, *(["suggested"] if made else []))]


def _sources(flow: Flow) -> None:
    view, frame = flow.canvas.view, flow.canvas.view.candidates
    flow.head(view.say("head.sources"), view.say("unit.places"))
    columns = [
        Column(view.say("column.source"), 3, "left"),
        Column(view.say("column.all"), 1),
        Column(view.say("column.excluded"), 1),
        Column(view.say("column.chosen"), 1),
    ]
    source = frame["source"].fillna("unknown")
    rows = []
    for name in sorted(set(source)):
        here = frame[source == name]
        rows.append(
            [
                view.say(f"source.{name}"),
                words.whole(len(here)),
                words.whole(int((here["role"] == "forbidden").sum())),
                words.whole(int(here["facility_id"].isin(view.sites["facility_id"]).sum())),
            ]
        )
    total = [
        view.say("total"),
        words.whole(len(frame)),
        words.whole(int((frame["role"] == "forbidden").sum())),
        words.whole(len(view.sites)),
    ]
    flow.table(columns, rows, total=total)


def _candidate_list(flow: Flow, *, reserve_mm: float) -> None:
    view, frame = flow.canvas.view, flow.canvas.view.candidates
    flow.head(view.say("head.candidates"), view.say("unit.area_m2"))
    columns = [
        Column(view.say("column.code"), _code_part(flow, frame["facility_id"]), "left"),
        Column(view.say("column.name"), 2.5, "left"),
        Column(view.say("column.source"), 1.7, "left"),
        Column(view.say("column.usable"), 1.1),
        Column(view.say("column.result"), 1.6, "left"),
    ]
    rank = view.sites.set_index("facility_id")["rank"]
    rows = []
    for row in frame.drop(columns="geometry").to_dict("records"):
        chosen = row["facility_id"] in rank.index
        state = (
            view.say("result.chosen", rank=int(rank[row["facility_id"]]))
            if chosen
            else view.say("result.excluded" if row["role"] == "forbidden" else "result.not_chosen")
        )
        rows.append(
            [
                words.text(row["facility_id"]),
                view.name(row, "facility_id"),
                view.say(f"source.{'unknown' if words.missing(row['source']) else row['source']}"),
                words.m2(row["max_floor_area_m2"]),
                state,
            ]
        )
    flow.table(columns, rows, reserve_mm=reserve_mm, more=view.more)


def _code_part(flow: Flow, ids: pd.Series) -> float:
    """Return the part of the table that shows the longest code whole, within limits."""
    widest = max((fonts.width_mm(words.text(one), flow.canvas.style("table").pt, 400) for one in ids), default=0.0)
    share = min((widest + 2.0) / flow.box.width, CODE_ROOM)
    return max(1.0, share / (1 - share) * _OTHERS)
